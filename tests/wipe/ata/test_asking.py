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
    [(GOOD, True, True), (GOOD, False, True), (b"", True, True), (b"", False, False), (ABORTED, True, False),
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
