"""What a SAS disk can do and why not; what it hides; who it says it is; and that looking changes nothing."""

import msgspec
import pytest

from agent.erasure import Technique
from agent.facts import Transport
from agent.wipe.choose import make_plan
from agent.wipe.device import Gone, Refused
from agent.wipe.scsi.family import open_scsi
from agent.wipe.sg import Answer
from tests.wipe.scsi.benches import ALL, BLOCK, CRYPTO, FORMAT, OVERWRITE, family_on, media_of
from tests.wipe.twins.scsi import SECTOR, Faults, ScsiTwin

LOOKING = {(0x00, 0), (0x03, 0), (0x12, 0), (0x9E, 0x10), (0xA3, 0x0C)}


def able(twin: ScsiTwin, **road: str) -> dict[str, tuple[bool, str]]:
    abilities = family_on(twin, **road).abilities()  # type: ignore[arg-type] # transport and bridge
    for one in abilities:
        assert one.untested and one.fr and one.en and one.fr[-1] == one.en[-1] == "."
        assert one.technique in ALL
    return {one.technique: (one.can, one.level) for one in abilities}


def test_an_ssd() -> None:
    found = able(ScsiTwin())
    assert list(found) == [BLOCK, CRYPTO, OVERWRITE, FORMAT]
    assert found == {BLOCK: (True, "purge"), CRYPTO: (True, "purge"), OVERWRITE: (True, "clear"),
                     FORMAT: (True, "clear")}  # fmt: skip


def test_a_hard_disk() -> None:
    found = able(ScsiTwin(is_ssd=False, offers=(1,)))
    assert list(found) == [OVERWRITE, CRYPTO, BLOCK, FORMAT]
    assert found[OVERWRITE] == (True, "purge") and not found[CRYPTO][0] and not found[BLOCK][0]
    assert found[FORMAT] == (True, "clear")


def test_unknown_rotation_claims_less() -> None:
    twin = ScsiTwin(has_rotation=False)
    media = media_of(ScsiTwin())
    for kind, level in (("hdd", "purge"), ("ssd", "clear"), (None, "clear")):
        one = open_scsi(3, msgspec.structs.replace(media, kind=kind), armed=False, send=twin.send)
        found = {ability.technique: (ability.can, ability.level) for ability in one.abilities()}
        assert found[OVERWRITE] == (True, level)


def test_the_disk_knows_better_than_the_system_whether_it_turns() -> None:
    for is_ssd, level in ((True, "clear"), (False, "purge")):
        twin = ScsiTwin(is_ssd=is_ssd)
        media = msgspec.structs.replace(media_of(twin), kind="hdd" if is_ssd else "ssd")
        found = open_scsi(3, media, armed=False, send=twin.send).abilities()
        assert {one.technique: one.level for one in found}[OVERWRITE] == level


@pytest.mark.parametrize(
    ("twin", "can"),
    [
        (ScsiTwin(has_rsoc=False), set()),
        (ScsiTwin(has_ause=False), {FORMAT}),
        (ScsiTwin(has_immed=False), set()),
        (ScsiTwin(has_protection=True), {BLOCK, CRYPTO, OVERWRITE}),
        (ScsiTwin(has_format=False), {BLOCK, CRYPTO, OVERWRITE}),
        (ScsiTwin(device_type=0x0D), set()),
        (ScsiTwin(offers=(3,)), {CRYPTO, FORMAT}),
        (ScsiTwin(faults=Faults(attentions=20)), set()),
        (ScsiTwin(faults=Faults(residual=1 << 16)), set()),
        (ScsiTwin(faults=Faults(zeros_for=frozenset({0xA3}))), set()),
        (ScsiTwin(faults=Faults(zeros_for=frozenset({0x9E}))), {BLOCK, CRYPTO, OVERWRITE}),
        (ScsiTwin(faults=Faults(gone_after=3)), set()),
        (ScsiTwin(faults=Faults(aborts_for=frozenset({0x12}))), set()),
        (ScsiTwin(faults=Faults(deferred=True)), set()),
        (ScsiTwin(faults=Faults(is_fixed_format=True)), set(ALL)),
    ],
)
def test_only_what_is_clearly_offered(twin: ScsiTwin, can: set[str]) -> None:
    assert {technique for technique, (is_able, _) in able(twin).items() if is_able} == can
    assert not twin.erases


@pytest.mark.parametrize(
    ("state", "can"),
    [("idle", True), ("failed", True), ("corrupted", True), ("sanitizing", False), ("formatting", False)],
)
def test_by_what_the_disk_is_doing(state: str, can: bool) -> None:
    twin = ScsiTwin()
    twin.state = state  # type: ignore[assignment] # one of its words
    found = able(twin)
    assert found[BLOCK][0] is can and found[CRYPTO][0] is can


@pytest.mark.parametrize(
    ("transport", "bridge"), [("usb", None), ("sas", "PERC H730P"), ("sata", None), ("other", None)]
)
def test_behind_something_nothing_is_offered_nor_sent(transport: Transport, bridge: str | None) -> None:
    twin = ScsiTwin()
    family = family_on(twin, transport=transport, bridge=bridge)
    assert not any(one.can for one in family.abilities())
    for technique in ALL:
        with pytest.raises(Refused):
            family.eraser(technique)


@pytest.mark.parametrize("technique", [*ALL, "ata-sanitize-block", "overwrite-stream"])
def test_opened_to_look_there_is_no_eraser(technique: Technique) -> None:
    with pytest.raises(Refused):
        family_on(ScsiTwin(), armed=False).eraser(technique)
    if technique not in ALL:
        with pytest.raises(Refused):
            family_on(ScsiTwin()).eraser(technique)


@pytest.mark.parametrize("armed", [False, True])
@pytest.mark.parametrize("state", ["idle", "failed", "corrupted", "sanitizing", "formatting"])
def test_looking_sends_only_what_looks(armed: bool, state: str) -> None:
    twin = ScsiTwin(faults=Faults(attentions=1))
    twin.state = state  # type: ignore[assignment] # one of its words
    family = family_on(twin, armed=armed)
    family.abilities()
    family.look_hidden()
    family.identify()
    with pytest.raises(Refused):
        family_on(twin, armed=False).open_hidden()
    assert {(cdb[0], cdb[1] & 0x1F if cdb[0] in (0x9E, 0xA3) else 0) for cdb in twin.sent} <= LOOKING
    assert len(family.exchanges) == len(twin.sent)


def test_who_it_is() -> None:
    twin = ScsiTwin()
    assert family_on(twin).identify() == ("SASTWIN1", "Rebond SAS twin", 64 * SECTOR)
    twin.state = "sanitizing"  # READ CAPACITY is shut, INQUIRY never
    assert family_on(twin).identify() == ("SASTWIN1", "Rebond SAS twin", None)
    for faults in (Faults(gone_after=0), Faults(aborts_for=frozenset({0x12})), Faults(residual=96)):
        with pytest.raises(Gone):
            family_on(ScsiTwin(faults=faults)).identify()
    with pytest.raises(Gone):
        family_on(ScsiTwin(device_type=3)).identify()


def test_a_dead_descriptor_is_gone() -> None:
    def send(*args: object, **kwargs: object) -> Answer:
        return Answer(status=0, host_status=0, driver_status=0, sense=b"", data=b"", errno=9, residual=0)

    with pytest.raises(Gone):
        open_scsi(3, media_of(ScsiTwin()), armed=False, send=send).identify()


def test_what_it_hides_is_never_said_to_be_nothing() -> None:
    assert family_on(ScsiTwin()).look_hidden().state == "unknown"
    more = family_on(ScsiTwin(told_blocks=80)).open_hidden()
    assert (more.state, more.native_bytes, more.visible_bytes) == ("kept", 80 * SECTOR, 64 * SECTOR)
    shut = ScsiTwin()
    shut.state = "failed"
    for twin in (shut, ScsiTwin(faults=Faults(zeros_for=frozenset({0x9E}))), ScsiTwin(told_blocks=40)):
        hidden = family_on(twin).look_hidden()
        assert hidden.state == "unknown" and hidden.said


def test_the_plan_of_a_sas_disk() -> None:
    for is_ssd, first in ((True, BLOCK), (False, OVERWRITE)):
        twin = ScsiTwin(is_ssd=is_ssd)
        plan = make_plan(media_of(twin), family_on(twin).abilities())
        assert plan.steps[0].technique == first and plan.level == "purge"
        assert plan.steps[-1].technique == "overwrite-stream"
