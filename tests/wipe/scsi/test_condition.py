"""What the disk is doing, from every sense that it can give; and both questions together."""

import pytest

from agent.wipe.scsi import commands as c
from agent.wipe.scsi.condition import Condition, ask_condition, classify
from agent.wipe.scsi.inquiry import (
    Capacity,
    Identity,
    Offer,
    read_capacity,
    read_inquiry,
    read_offer,
    read_rotation,
    read_serial,
)  # fmt: skip
from agent.wipe.scsi.transport import SgScsi
from agent.wipe.sg import Answer, Sense
from tests.wipe.twins.scsi import Faults, ScsiTwin


def sense(key: int, asc: int, ascq: int, *, deferred: bool = False) -> Sense:
    return Sense(key=key, asc=asc, ascq=ascq, is_descriptor=True, is_deferred=deferred)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (sense(0, 0, 0), "idle"),
        (sense(1, 0, 0), "idle"),
        (sense(0, 0x5E, 3), "idle"),
        (sense(0, 0x0B, 1), "idle"),
        (sense(1, 0x5D, 0), "idle"),
        (sense(0, 0, 0x1D), "unknown"),
        (sense(0, 4, 0x1B), "sanitizing"),
        (sense(2, 4, 0x1B), "sanitizing"),
        (sense(4, 4, 0x1B), "sanitizing"),  # the wrong key
        (sense(2, 4, 4), "formatting"),
        (sense(3, 0x31, 3), "failed"),
        (sense(3, 0x31, 3, deferred=True), "failed"),
        (sense(3, 0x31, 0), "corrupted"),
        (sense(3, 0x31, 1), "corrupted"),
        (sense(2, 4, 1), "unready"),
        (sense(2, 4, 2), "unready"),
        (sense(7, 0x20, 2), "unready"),
        (sense(0, 0, 0, deferred=True), "unknown"),
        (sense(2, 4, 0x1B, deferred=True), "unknown"),
        (sense(4, 0x44, 0), "unknown"),
        (sense(6, 0x29, 0), "unknown"),
        (sense(3, 0x11, 0), "unknown"),
        (None, "unknown"),
    ],
)
def test_one_sense(found: Sense | None, state: str) -> None:
    assert classify(found) == state


def test_only_silence_is_idle() -> None:
    """Over every key and code: idle is said of NO SENSE and RECOVERED ERROR alone."""
    for key in range(2, 16):
        for asc in range(256):
            for ascq in range(0, 256, 1 if asc in (4, 0x31) else 51):
                assert classify(sense(key, asc, ascq)) != "idle"


def condition(twin: ScsiTwin) -> tuple[str, int | None]:
    found = ask_condition(SgScsi(3, armed=False, send=twin.send))
    return found.state, found.permille


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        (Faults(), ("sanitizing", 500)),
        (Faults(is_fixed_format=True), ("sanitizing", 500)),
        (Faults(no_sense_while_running=True), ("sanitizing", 500)),
        (Faults(ready_while_running=True), ("sanitizing", 500)),
        (Faults(wrong_key=True), ("sanitizing", None)),  # there it is no progress indication
        (Faults(garbled_after=0), ("sanitizing", 500)),
        (Faults(attentions=3), ("sanitizing", 250)),
        (Faults(attentions=9), ("unknown", None)),
        (Faults(aborts_for=frozenset({3})), ("sanitizing", 250)),
        (Faults(aborts_for=frozenset({0})), ("sanitizing", 500)),
        (Faults(aborts_for=frozenset({0, 3})), ("unknown", None)),
        (Faults(zeros_for=frozenset({3})), ("sanitizing", 250)),
        (Faults(residual=0), ("sanitizing", 500)),
        (Faults(residual=-9), ("sanitizing", 500)),
        (Faults(residual=252), ("sanitizing", 500)),
        # Both questions answered as if nothing ran: only the markers can show this lie.
        (Faults(ready_while_running=True, no_sense_while_running=True), ("idle", None)),
        (Faults(ready_while_running=True, garbled_after=0), ("unknown", None)),
        (Faults(ready_while_running=True, residual=252), ("unknown", None)),
        (Faults(ready_while_running=True, zeros_for=frozenset({3})), ("unknown", None)),
    ],
)  # fmt: skip
def test_both_questions(faults: Faults, told: tuple[str, int | None]) -> None:
    twin = ScsiTwin(faults=faults)
    twin.state, twin.progress = "sanitizing", 0x4000
    assert condition(twin) == told


@pytest.mark.parametrize(
    ("first", "second", "progress"),
    [
        ("", "8000", 0x8000), ("4000", "8000", 0x4000), ("4000", "", 0x4000), ("", "", None),
    ],
)  # fmt: skip
def test_progress_from_whoever_tells_it(first: str, second: str, progress: int | None) -> None:
    def running(told: str) -> bytes:
        return bytes.fromhex(f"7202041b000000{'08020600008' + '0' + told + '00' if told else '00'}")

    def send(fd: int, cdb: bytes, *, data_out: bytes = b"", length_in: int = 0, timeout_s: int) -> Answer:
        is_sense = cdb[0] == 0x03
        return Answer(
            status=0 if is_sense else 2, host_status=0, driver_status=0, sense=b"" if is_sense else running(second),
            data=running(first).ljust(length_in, b"\0"), errno=None, residual=0,
        )  # fmt: skip

    found = ask_condition(SgScsi(3, armed=False, send=send))
    assert (found.state, found.progress) == ("sanitizing", progress)


def test_the_end_of_progress_is_not_the_end() -> None:
    assert Condition(state="sanitizing", progress=0xFFFF).permille == 999
    assert Condition(state="sanitizing", progress=0).permille == 0
    assert Condition(state="sanitizing").permille is None


@pytest.mark.parametrize("state", ["idle", "formatting", "failed", "corrupted"])
def test_the_other_states(state: str) -> None:
    twin = ScsiTwin()
    twin.state = state  # type: ignore[assignment] # one of its words
    assert condition(twin)[0] == state
    twin.faults.deferred = True
    assert condition(twin)[0] == {"formatting": "unknown", "idle": "unknown"}.get(state, state)


# --- who it is --------------------------------------------------------------------------------------------------------


def test_inquiry() -> None:
    data = bytes(8) + b"SEAGATE " + b"ST2000NM0045\0\0  " + b"0003"
    assert read_inquiry(data) == (True, "ST2000NM0045")
    assert read_inquiry(b"\x0d" + data[1:])[0] is False  # an enclosure
    assert read_inquiry(b"\x20" + data[1:])[0] is False  # not connected
    assert read_inquiry(data[:35]) == (False, None)


@pytest.mark.parametrize(
    ("page", "serial"),
    [
        (b"\0\x80\0\x08ABCD1234", "ABCD1234"),
        (b"\0\x80\0\x04ABCD1234", "ABCD"),
        (b"\0\x80\0\x08  \0 12\xff ", "12"),
        (b"\0\x80\0\0", None),
        (b"\0\x83\0\x04ABCD", None),  # another page
        (b"\0\x80", None),
    ],
)
def test_serial(page: bytes, serial: str | None) -> None:
    assert read_serial(page) == serial


def test_rotation() -> None:
    assert read_rotation(b"\0\xb1\0\x3c\x1c\x20") == 7200
    assert read_rotation(b"\0\xb1\0\x01\x1c") is None
    assert read_rotation(b"\0\x00\0\x3c\x1c\x20") is None


@pytest.mark.parametrize(("rotation", "told"), [(None, None), (0, None), (1, False), (2, True), (7200, True)])
def test_what_turns(rotation: int | None, told: bool | None) -> None:
    assert Identity(is_disk=True, rotation=rotation).is_rotational is told


@pytest.mark.parametrize(
    ("text", "capacity"),
    [
        ("0000000000000fff 00000200 00", Capacity(blocks=4096, block_bytes=512, has_protection=False)),
        ("0000000000000fff 00001000 03", Capacity(blocks=4096, block_bytes=4096, has_protection=True)),
        ("0000000000000fff 00000208 01", Capacity(blocks=4096, block_bytes=520, has_protection=True)),
        ("0000000000000000 00000000 00", None),
        ("0000000000000fff 00000000 00", None),
        ("0000000000000000 00000200 00", None),
        ("ffffffffffffffff 00000200 00", None),
        ("0000000000000fff 00000200", None),
    ],
)
def test_capacity(text: str, capacity: Capacity | None) -> None:
    assert read_capacity(bytes.fromhex(text)) == capacity


BLOCK = c.ERASES["scsi-sanitize-block"]
FORMAT = c.ERASES["scsi-format-unit"]
YES = Offer(has="yes", has_immed=True, has_ause=True)


@pytest.mark.parametrize(
    ("text", "command", "offer"),
    [
        ("0003000a 48a20000000000ffff00", BLOCK, YES),
        ("0005000a 48a20000000000ffff00", BLOCK, YES),
        ("0083000a 48a20000000000ffff00", BLOCK, YES),  # with timeouts after it
        ("0003000a 48820000000000ffff00", BLOCK, Offer(has="yes", has_immed=True)),
        ("0003000a 48220000000000ffff00", BLOCK, Offer(has="yes", has_ause=True)),
        ("00010000", BLOCK, Offer(has="no")),
        ("00000000", BLOCK, Offer(has="maybe")),
        ("00020000", BLOCK, Offer(has="maybe")),
        ("0003000a 48a30000000000ffff00", BLOCK, Offer(has="maybe")),  # another service action
        ("0003000a 42a20000000000ffff00", BLOCK, Offer(has="maybe")),
        ("00030008 48a2000000000000", BLOCK, Offer(has="maybe")),
        ("0003000a 48a200", BLOCK, Offer(has="maybe")),
        ("", BLOCK, Offer(has="maybe")),
        ("00030006 04ff00000000", FORMAT, YES),
        ("00030006 04ef00000000", FORMAT, Offer(has="yes", has_ause=True)),
    ],
)
def test_offer(text: str, command: c.Command, offer: Offer) -> None:
    assert read_offer(bytes.fromhex(text), command) == offer
