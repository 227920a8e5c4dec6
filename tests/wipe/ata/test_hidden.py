"""Hidden areas: found, opened, kept or unknown; never a false alarm, never a false calm."""

import pytest

from agent.wipe.ata.family import open_ata
from agent.wipe.device import Refused
from tests.wipe.ata.benches import family_on, media_of
from tests.wipe.twins.ata import SECTOR, AtaTwin, Faults


def looked(twin: AtaTwin) -> tuple[str, int | None]:
    family = family_on(twin, armed=False)
    hidden = family.look_hidden()
    assert hidden.visible_bytes == twin.size_bytes
    return hidden.state, hidden.native_bytes and hidden.native_bytes // SECTOR


@pytest.mark.parametrize(
    ("twin", "state", "native"),
    [
        (AtaTwin(), "none", 64),
        (AtaTwin(has_hpa=False, has_dco=False), "none", 64),
        (AtaTwin(visible=48), "kept", 64),
        (AtaTwin(visible=48, has_48bit=False), "kept", 64),
        (AtaTwin(visible=48, dco_max=48), "kept", 64),
        (AtaTwin(visible=40, dco_max=48), "kept", 64),
        (AtaTwin(visible=40, has_hpa=False, has_dco=False, has_ama=True), "kept", 64),
        (AtaTwin(has_hpa=False, has_dco=False, has_ama=True), "none", 64),
        (AtaTwin(faults=Faults(no_registers_for=frozenset({0x27}))), "unknown", None),
        (AtaTwin(faults=Faults(no_registers=True)), "unknown", None),
        (AtaTwin(faults=Faults(refuses=frozenset({0x27, 0xB1}))), "unknown", None),
        (AtaTwin(faults=Faults(refuses=frozenset({0xB1}))), "unknown", None),
        (AtaTwin(faults=Faults(bad_dco_checksum=True)), "unknown", None),
        (AtaTwin(faults=Faults(bad_checksum=True)), "unknown", None),
        (AtaTwin(faults=Faults(is_fixed_format=True)), "unknown", None),
        (AtaTwin(faults=Faults(zeros_for=frozenset({0x27}))), "unknown", None),  # hdparm: "max sectors = 1"
        (AtaTwin(faults=Faults(zeros_for=frozenset({0xB1}))), "unknown", None),  # hdparm: "real max sectors: 1"
        (AtaTwin(faults=Faults(zeros_for=frozenset({0xEC}))), "unknown", None),
        (AtaTwin(visible=48, faults=Faults(zeros_for=frozenset({0xB1}))), "kept", 64),
    ],
)  # fmt: skip
def test_looking(twin: AtaTwin, state: str, native: int | None) -> None:
    assert looked(twin) == (state, native)
    assert not set(twin.sent) - {0xEC, 0x27, 0xF8, 0xB1, 0x78}


@pytest.mark.parametrize(
    "twin",
    [
        AtaTwin(visible=48),
        AtaTwin(visible=48, has_48bit=False),
        AtaTwin(visible=48, dco_max=48),
        AtaTwin(visible=40, dco_max=48),
        AtaTwin(visible=40, has_hpa=False, has_dco=False, has_ama=True),
    ],
)
def test_opening_lasts_beyond_a_power_cut(twin: AtaTwin) -> None:
    before = twin.size_bytes
    hidden = family_on(twin).open_hidden()
    assert hidden.state == "removed", hidden.said
    assert (hidden.visible_bytes, hidden.native_bytes, hidden.after_bytes) == (before, 64 * SECTOR, 64 * SECTOR)
    twin.power_on()
    assert twin.visible == 64
    assert looked(twin) == ("none", 64)


def test_a_size_that_the_kernel_does_not_follow_is_not_removed() -> None:
    for said in (48 * SECTOR, None):
        twin = AtaTwin(visible=48)
        family = open_ata(3, media_of(twin), armed=True, send=twin.send, resize=lambda said=said: said)
        hidden = family.open_hidden()
        assert hidden.state == "kept" and hidden.after_bytes == said


@pytest.mark.parametrize(
    ("faults", "state"),
    [
        (Faults(refuses=frozenset({0x37})), "kept"),
        (Faults(no_registers_for=frozenset({0x37})), "removed"),  # its word is lost, IDENTIFY and the kernel show it
        (Faults(zeros_for=frozenset({0x37})), "kept"),
        (Faults(refuses=frozenset({0xB1})), "unknown"),  # the HPA is opened, what a DCO hides stays unknown
    ],
)
def test_what_cannot_be_opened_is_said(faults: Faults, state: str) -> None:
    hidden = family_on(AtaTwin(visible=48, faults=faults)).open_hidden()
    assert hidden.state == state, hidden.said
    assert hidden.native_bytes == 64 * SECTOR


def test_a_dco_beyond_an_hpa_is_restored_and_told() -> None:
    twin = AtaTwin(visible=40, dco_max=48)
    hidden = family_on(twin).open_hidden()
    assert "DCO RESTORE: completed without error" in hidden.said
    assert twin.dco_max is None
    whole = AtaTwin(has_hpa=False, has_dco=False, has_ama=True)
    family_on(whole).open_hidden()
    assert whole.sent == [0xEC, 0x78], "an open AMA is only asked"


def test_a_dco_is_restored_only_for_what_set_max_cannot_reach() -> None:
    for twin in (AtaTwin(visible=48), AtaTwin(visible=48, faults=Faults(refuses=frozenset({0x37})))):
        family = family_on(twin)
        family.open_hidden()
        assert "DEVICE CONFIGURATION RESTORE" not in [one.name for one in family.exchanges]


def test_nothing_is_changed_where_nothing_is_found() -> None:
    for twin, state in (
        (AtaTwin(), "none"),
        (AtaTwin(faults=Faults(no_registers=True)), "unknown"),
        (AtaTwin(faults=Faults(refuses=frozenset({0xB1}))), "unknown"),
    ):
        assert family_on(twin).open_hidden().state == state
        assert not set(twin.sent) & {0x37, 0xF9} and twin.sent.count(0xB1) <= 1
    with pytest.raises(Refused):
        family_on(AtaTwin(visible=48), armed=False).open_hidden()


def test_set_max_comes_right_after_read_native_max_volatile_first() -> None:
    twin = AtaTwin(visible=48)
    family = family_on(twin)
    family.open_hidden()
    at = [index for index, opcode in enumerate(twin.sent) if opcode == 0x37]
    assert [twin.sent[index - 1] for index in at] == [0x27, 0x27]
    counts = [bytes.fromhex(one.command)[6] for one in family.exchanges if one.name == "SET MAX ADDRESS EXT"]
    assert counts == [0, 1]
