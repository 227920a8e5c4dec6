"""What `open_ata` offers, in which order, with which reason; and what it says the disk is."""

import pytest

from agent.commands.disks import disk_lines
from agent.commands.say import Say
from agent.erasure import Media
from agent.wipe.ata.family import open_ata
from agent.wipe.choose import make_plan
from agent.wipe.device import Ability, Gone, Refused
from agent.wipe.survey import Surveyed
from tests.wipe.ata.benches import family_on, media_of
from tests.wipe.twins.ata import AtaTwin, Faults

SSD_ORDER = ("ata-sanitize-block", "ata-sanitize-crypto", "ata-sanitize-overwrite", "ata-security-erase-enhanced")
HDD_ORDER = ("ata-sanitize-overwrite", "ata-sanitize-crypto", "ata-sanitize-block", "ata-security-erase-enhanced")


def able(twin: AtaTwin, **road: str | None) -> dict[str, Ability]:
    family = family_on(twin, armed=False, **road)  # type: ignore[arg-type] # transport and bridge as text
    found = {one.technique: one for one in family.abilities()}
    assert not set(twin.sent) - {0xEC, 0xB4}, "only questions"
    for one in found.values():
        assert one.fr.endswith(".") and one.en.endswith(".") and one.fr != one.en and one.untested
    return found  # type: ignore[return-value] # by name


def test_order_and_levels_of_the_method_table() -> None:
    ssd, hdd = able(AtaTwin()), able(AtaTwin(is_ssd=False))
    assert tuple(ssd) == SSD_ORDER and tuple(hdd) == HDD_ORDER
    assert [one.level for one in ssd.values()] == ["purge", "purge", "clear", "clear"]
    assert [one.level for one in hdd.values()] == ["purge"] * 4
    assert all(one.can for one in (*ssd.values(), *hdd.values()))
    assert hdd["ata-sanitize-overwrite"].estimate_s == 600 and hdd["ata-sanitize-crypto"].estimate_s is None


def test_what_is_not_offered() -> None:
    found = able(AtaTwin(sanitizes=("crypto",), has_enhanced=False))
    assert [name for name, one in found.items() if one.can] == ["ata-sanitize-crypto"]
    assert not any(one.can for one in able(AtaTwin(sanitizes=(), has_security=False)).values())


@pytest.mark.parametrize(
    ("twin", "can", "word"),
    [
        (AtaTwin(faults=Faults(frozen_at_boot=True)), SSD_ORDER[:3], "froze"),
        (AtaTwin(password=b"x" * 32), (), "password"),
        (AtaTwin(faults=Faults(no_registers=True)), (), "lost"),
        (AtaTwin(faults=Faults(bad_checksum=True)), (), "no clear answer"),
        (AtaTwin(faults=Faults(refuses=frozenset({0xEC}))), (), "no clear answer"),
        (AtaTwin(faults=Faults(sanitize_frozen=True)), SSD_ORDER[3:], None),
        (AtaTwin(faults=Faults(no_registers_for=frozenset({0xB4}))), SSD_ORDER[3:], None),
    ],
)
def test_reasons_against(twin: AtaTwin, can: tuple[str, ...], word: str | None) -> None:
    found = able(twin)
    assert tuple(name for name, one in found.items() if one.can) == can
    if word:
        assert word in found["ata-security-erase-enhanced"].en


@pytest.mark.parametrize("lang, word", [("fr", "gelé par le BIOS"), ("en", "froze")])
def test_a_frozen_disk_that_only_a_sleep_lets_erase_itself_says_so(lang: str, word: str) -> None:
    def told(twin: AtaTwin) -> str:
        media, abilities = media_of(twin), family_on(twin, armed=False).abilities()
        seen = Surveyed(media=media, abilities=abilities, plan=make_plan(media, abilities))
        return " ".join(disk_lines([seen], Say(lang)).split())

    frozen = Faults(frozen_at_boot=True)
    said = told(AtaTwin(sanitizes=(), faults=frozen))
    assert word in said and "rebond wipe --unfreeze" in said and "F4" in said
    for other in (
        AtaTwin(faults=frozen), AtaTwin(sanitizes=()), AtaTwin(sanitizes=(), is_ssd=False, faults=frozen),
        AtaTwin(sanitizes=(), has_enhanced=False, faults=frozen),
        AtaTwin(sanitizes=(), password=b"x" * 32, faults=frozen),
    ):  # fmt: skip
        assert word not in told(other)  # a sleep alone would change nothing


def test_a_running_and_a_failed_sanitize() -> None:
    twin = AtaTwin(faults=Faults(sanitize_stuck_at=0x100))
    family_on(twin).eraser("ata-sanitize-block").begin(lambda step, details: None)
    twin.sent.clear()
    assert not any(one.can for name, one in able(twin).items() if "sanitize" in name)
    twin.sanitize = "failed"
    assert able(twin)["ata-sanitize-block"].can


@pytest.mark.parametrize(
    ("transport", "bridge"),
    [("usb", None), ("sata", "0x152d:0x0578"), (None, None), ("sas", None), ("raid", None), ("other", None)],
)
def test_behind_a_bridge_nothing_claims_more_than_clear(transport: str | None, bridge: str | None) -> None:
    found = able(AtaTwin(), transport=transport, bridge=bridge)
    assert not found["ata-security-erase-enhanced"].can
    assert found["ata-sanitize-block"].can, "IDENTIFY passes and the registers return"
    assert {one.level for one in found.values()} == {"clear"}


def test_an_unknown_rotation_claims_less() -> None:
    twin = AtaTwin(is_ssd=False)
    words = bytearray(twin.identify_data())
    words[434:436] = b"\0\0"
    words[511] = 0
    words[511] = -sum(words) & 0xFF
    twin.identify_data = lambda: bytes(words)  # type: ignore[method-assign] # one drive with an old word 217
    assert tuple(able(twin)) == HDD_ORDER, "the kernel's word for it"
    media = media_of(twin)
    unknown = Media(**{name: getattr(media, name) for name in media.__struct_fields__} | {"kind": None})
    family = open_ata(3, unknown, armed=False, send=twin.send)
    assert [one.level for one in family.abilities()] == ["purge", "purge", "clear", "clear"]


def test_identity() -> None:
    twin = AtaTwin()
    assert family_on(twin, armed=False).identify() == ("TWIN0001", "Rebond ATA twin", twin.size_bytes)
    for faults in (Faults(bad_checksum=True), Faults(refuses=frozenset({0xEC})), Faults(zeros_for=frozenset({0xEC}))):
        assert family_on(AtaTwin(faults=faults)).identify() == (None, None, None)
    assert family_on(AtaTwin(faults=Faults(no_registers=True))).identify()[0] == "TWIN0001", "its checksum vouches"
    with pytest.raises(Gone):
        family_on(AtaTwin(faults=Faults(gone_after=0))).identify()


def test_techniques_of_other_families_are_refused() -> None:
    with pytest.raises(Refused):
        family_on(AtaTwin()).eraser("nvme-sanitize-block")
