"""When IDENTIFY is believed: its checksum or the registers must vouch, and an abort is an abort."""

import pytest

from agent.wipe.ata.asking import ask_identity
from agent.wipe.ata.identify import NotIdentified
from agent.wipe.ata.transport import SgAta
from agent.wipe.sg import Answer
from tests.wipe.twins.ata import AtaTwin

GOOD = bytes.fromhex("7201001d0000000e090c000000000000000000004050")
ABORTED = bytes.fromhex("720b00000000000e090c000400000000000000004051")


def unsigned(data: bytes) -> bytes:
    return data[:510] + b"\0\0"


@pytest.mark.parametrize(
    ("sense", "is_signed", "is_believed"),
    [(GOOD, True, True), (GOOD, False, True), (b"", True, True), (b"", False, True), (ABORTED, True, False),
     (ABORTED, False, False)],
)  # fmt: skip
def test_who_vouches(sense: bytes, is_signed: bool, is_believed: bool) -> None:
    whole = AtaTwin().identify_data()
    data = whole if is_signed else unsigned(whole)
    told = Answer(
        status=2 if sense else 0, host_status=0, driver_status=0, sense=sense, data=data, errno=None, residual=0
    )
    transport = SgAta(3, armed=False, send=lambda *args, **rest: told)
    if is_believed:
        assert ask_identity(transport)[0].serial == "TWIN0001"
    else:
        with pytest.raises(NotIdentified):
            ask_identity(transport)


def test_a_kernel_that_calls_a_good_read_an_error_is_asked_without_registers() -> None:
    """The sense bytes are those of Linux 6.1 on QEMU's AHCI: DRQ still set in the status of a PIO read."""
    seen = bytes.fromhex("70000b000000000a00584001000000000000")
    data = unsigned(AtaTwin().identify_data())

    def send(fd: int, cdb: bytes, **rest: object) -> Answer:
        asks = bool(cdb[2] & 0x20)
        return Answer(
            status=2 if asks else 0, host_status=0, driver_status=8 if asks else 0, sense=seen if asks else b"",
            data=data, errno=None, residual=0,
        )  # fmt: skip

    transport = SgAta(3, armed=False, send=send)
    identity, reply = ask_identity(transport)
    assert identity.serial == "TWIN0001"
    assert not reply.is_ok  # its registers do not come back: no erase of its own could be followed
    assert [exchange.is_ok for exchange in transport.exchanges] == [False, True]
