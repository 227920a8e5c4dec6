"""One command, one honest verdict: what may be sent at all, and what an answer is worth."""

import errno

import pytest

from agent.wipe.device import Gone, Refused
from agent.wipe.scsi import commands as c
from agent.wipe.scsi.transport import Reply, SgScsi
from agent.wipe.sg import Answer

RUNNING = bytes.fromhex("72 02 04 1b 000000 08 02 06 0000 80 8000 00")
REFUSED = bytes.fromhex("72 05 20 00 000000 00")
RECOVERED = bytes.fromhex("72 01 00 00 000000 00")
DEFERRED = bytes.fromhex("73 04 44 00 000000 00")


def transport(armed: bool = True, **fields: object) -> SgScsi:
    told = {"status": 0, "host_status": 0, "driver_status": 0, "sense": b"", "data": b"", "errno": None, "residual": 0}
    return SgScsi(3, armed=armed, send=lambda *args, **kwargs: Answer(**{**told, **fields}))  # type: ignore[arg-type]


def reply(command: c.Command = c.TEST_UNIT_READY, **fields: object) -> Reply:
    return transport(**fields).issue(command)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "is_ok", "key", "is_lost", "is_unsent"),
    [
        ({}, True, None, False, False),
        ({"sense": RECOVERED}, True, None, False, False),
        ({"sense": DEFERRED}, True, None, False, False),
        ({"driver_status": 8}, True, None, False, False),
        ({"driver_status": 6}, False, None, True, False),  # DRIVER_TIMEOUT
        ({"status": 2, "sense": REFUSED, "driver_status": 8}, False, 5, False, False),
        ({"status": 2, "sense": RUNNING}, False, 2, False, False),
        ({"status": 2, "sense": RECOVERED}, True, None, False, False),
        ({"status": 2, "sense": DEFERRED}, False, None, True, False),
        ({"status": 2}, False, None, True, False),
        ({"status": 2, "sense": b"\x72"}, False, None, True, False),
        ({"sense": REFUSED}, False, 5, True, False),  # GOOD, and yet
        ({"status": 8}, False, None, False, False),
        ({"status": 0x18}, False, None, False, False),
        ({"host_status": 3}, False, None, True, False),
        ({"errno": errno.EIO}, False, None, True, False),
        ({"errno": errno.EPERM}, False, None, False, True),
        ({"errno": errno.ENOTTY}, False, None, False, True),
    ],
)
def test_the_verdict(fields: dict[str, object], is_ok: bool, key: int | None, is_lost: bool, is_unsent: bool) -> None:
    found = reply(**fields)  # type: ignore[arg-type] # fields of Answer
    assert (found.is_ok, found.key, found.is_lost, found.is_unsent) == (is_ok, key, is_lost, is_unsent)
    assert found.said


@pytest.mark.parametrize("fields", [{"errno": errno.ENODEV}, {"errno": errno.ENXIO}, {"host_status": 1},
                                    {"host_status": 4}])  # fmt: skip
def test_gone_and_kept(fields: dict[str, object]) -> None:
    one = transport(**fields)  # type: ignore[arg-type]
    with pytest.raises(Gone):
        one.issue(c.TEST_UNIT_READY)
    assert len(one.exchanges) == 1 and not one.exchanges[0].is_ok


@pytest.mark.parametrize(
    ("residual", "length"), [(0, 96), (60, 36), (96, 0), (97, 0), (1 << 30, 0), (-1, 96), (-(1 << 31), 96)]
)
def test_a_residual_that_lies_never_gives_more_than_there_is(residual: int, length: int) -> None:
    found = reply(c.INQUIRY, data=bytes(96), residual=residual)
    assert len(found.data) == length


def test_data_of_a_failed_command_are_not_read() -> None:
    assert reply(c.INQUIRY, status=2, sense=REFUSED, data=b"x" * 96).data == b""


def test_what_is_kept_as_evidence() -> None:
    one = transport(status=2, sense=RUNNING, driver_status=8)
    one.issue(c.ERASES["scsi-sanitize-overwrite"])
    kept = one.exchanges[0]
    assert kept.command == "48a10000000000000800 data 0100000400000000"
    assert kept.status == f"02 00 08 sense {RUNNING.hex()}"
    assert "sanitize in progress" in kept.meaning and "8000h of 10000h" in kept.meaning
    one = transport(data=RUNNING.ljust(252, b"\0"), residual=252 - len(RUNNING))
    one.issue(c.request_sense(with_descriptors=True))
    assert one.exchanges[0].status == f"00 00 00 sense none data {RUNNING.rstrip(bytes(1)).hex()}"
    one = transport(errno=errno.EIO)
    one.issue(c.TEST_UNIT_READY)
    assert one.exchanges[0].status == "errno 5"


LOOKING = (
    c.TEST_UNIT_READY, c.INQUIRY, c.READ_CAPACITY_16, c.vital_product_data(0xB1), c.supports(0x48, 2),
    c.request_sense(with_descriptors=False), c.request_sense(with_descriptors=True),
)  # fmt: skip


@pytest.mark.parametrize("command", LOOKING, ids=lambda one: one.name)
def test_looking_is_always_allowed(command: c.Command) -> None:
    for armed in (False, True):
        one = transport(armed=armed)
        one.issue(command)
        assert len(one.exchanges) == 1


@pytest.mark.parametrize("command", [*c.ERASES.values(), c.EXIT_FAILURE], ids=lambda one: one.name)
def test_only_an_armed_transport_erases(command: c.Command) -> None:
    one = transport(armed=False)
    with pytest.raises(Refused):
        one.issue(command)
    assert not one.exchanges
    transport(armed=True).issue(command)


@pytest.mark.parametrize("opcode", range(256))
@pytest.mark.parametrize("armed", [False, True])
def test_no_other_command_is_ever_sent(opcode: int, armed: bool) -> None:
    """Whatever a later hand asks for: WRITE, MODE SELECT, WRITE BUFFER, UNMAP, PERSISTENT RESERVE OUT, …"""
    may = {0x00: {0}, 0x03: {0}, 0x12: {0}, 0x9E: {0x10}, 0xA3: {0x0C}}
    if armed:
        may |= {0x48: {1, 2, 3, 0x1F}, 0x04: {0}}
    for action in range(32):
        one = transport(armed=armed)
        is_allowed = opcode in may and (may[opcode] == {0} or action in may[opcode])
        try:
            one.issue(c.Command(name="?", cdb=bytes((opcode, action, *bytes(14)))))
        except Refused:
            assert not is_allowed and not one.exchanges
        else:
            assert is_allowed


@pytest.mark.parametrize(
    ("technique", "cdb", "data"),
    [
        ("scsi-sanitize-block", "48a20000000000000000", ""),
        ("scsi-sanitize-crypto", "48a30000000000000000", ""),
        ("scsi-sanitize-overwrite", "48a10000000000000800", "0100000400000000"),
        ("scsi-format-unit", "041000000000", "00020000"),
    ],
)
def test_the_very_bytes(technique: str, cdb: str, data: str) -> None:
    command = c.ERASES[technique]  # type: ignore[index] # its own words
    assert (command.cdb.hex(), command.data_out.hex()) == (cdb, data)
    assert c.EXIT_FAILURE.cdb.hex() == "481f0000000000000000"
    assert c.supports(0x48, 3).cdb.hex() == "a30c02480003000000400000"
    assert c.supports(0x04, None).cdb.hex() == "a30c01040000000000400000"
