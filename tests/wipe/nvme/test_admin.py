"""The bytes that reach the kernel, and the statuses that come back."""

import ctypes
import errno
import struct
from pathlib import Path

import pytest

from agent.wipe.device import Gone
from agent.wipe.nvme import status as st
from agent.wipe.nvme.admin import NVME_IOCTL_ADMIN_CMD, Command, Completion, NvmeAdmin, by_ioctl, namespace_of
from tests.wipe.twins.nvme import NvmeTwin

FIELDS = (
    ("opcode", ctypes.c_uint8), ("flags", ctypes.c_uint8), ("rsvd1", ctypes.c_uint16), ("nsid", ctypes.c_uint32),
    ("cdw2", ctypes.c_uint32), ("cdw3", ctypes.c_uint32), ("metadata", ctypes.c_uint64), ("addr", ctypes.c_uint64),
    ("metadata_len", ctypes.c_uint32), ("data_len", ctypes.c_uint32), ("cdw10", ctypes.c_uint32),
    ("cdw11", ctypes.c_uint32), ("cdw12", ctypes.c_uint32), ("cdw13", ctypes.c_uint32), ("cdw14", ctypes.c_uint32),
    ("cdw15", ctypes.c_uint32), ("timeout_ms", ctypes.c_uint32), ("result", ctypes.c_uint32),
)  # fmt: skip


class PassthruCmd(ctypes.Structure):
    """struct nvme_passthru_cmd as the C compiler lays it out."""

    _fields_ = list(FIELDS)


def test_the_ioctl_number_is_the_kernels() -> None:
    assert ctypes.sizeof(PassthruCmd) == 72
    assert 3 << 30 | ctypes.sizeof(PassthruCmd) << 16 | ord("N") << 8 | 0x41 == NVME_IOCTL_ADMIN_CMD


@pytest.mark.skipif(not Path("/usr/include/linux/nvme_ioctl.h").exists(), reason="no kernel headers here")
def test_the_layout_is_the_headers() -> None:
    text = Path("/usr/include/linux/nvme_ioctl.h").read_text()
    body = text.split("struct nvme_passthru_cmd {")[1].split("}")[0]
    assert [line.split()[-1].rstrip(";") for line in body.strip().splitlines()] == [name for name, _ in FIELDS]


def test_what_the_kernel_gets_and_gives() -> None:
    got: list[PassthruCmd] = []

    def ioctl(fd: int, number: int, request: bytearray) -> int:
        assert (fd, number) == (7, NVME_IOCTL_ADMIN_CMD)
        command = PassthruCmd.from_buffer(request)
        got.append(PassthruCmd.from_buffer_copy(bytes(request)))
        ctypes.memmove(command.addr, b"answer!!", 8)
        command.result = 0x12345678
        del command
        return 0x4002

    answer = by_ioctl(7, ioctl)(
        Command(name="X", opcode=0x84, nsid=3, cdw10=0x80A, cdw11=5, cdw14=6, length_bytes=16, timeout_ms=1000)
    )
    one = got[0]
    assert (one.opcode, one.nsid, one.cdw10, one.cdw11, one.cdw14) == (0x84, 3, 0x80A, 5, 6)
    assert (one.data_len, one.timeout_ms, one.flags, one.cdw12, one.cdw15) == (16, 1000, 0, 0, 0)
    assert answer == Completion(status=0x4002, result=0x12345678, data=b"answer!!" + bytes(8))
    assert not answer.is_ok and "Invalid Field" in answer.meaning and "do not retry" in answer.meaning


def test_no_buffer_when_no_data_is_wanted() -> None:
    def ioctl(fd: int, number: int, request: bytearray) -> int:
        command = PassthruCmd.from_buffer_copy(bytes(request))
        assert (command.addr, command.data_len, command.metadata, command.metadata_len) == (0, 0, 0, 0)
        return 0

    assert by_ioctl(7, ioctl)(Command(name="X", opcode=0x84)).is_ok


@pytest.mark.parametrize("number, is_unsent", [(errno.ENOTTY, True), (errno.EACCES, True), (errno.EIO, False)])
def test_an_errno_is_no_status(number: int, is_unsent: bool) -> None:
    def ioctl(fd: int, request: int, data: bytearray) -> int:
        raise OSError(number, "no")

    answer = by_ioctl(7, ioctl)(Command(name="X", opcode=6))
    assert (answer.errno, answer.is_ok, answer.is_unsent, answer.data) == (number, False, is_unsent, b"")


def test_a_real_descriptor_that_is_no_nvme(tmp_path: Path) -> None:
    """Looking only: Identify on a plain file is refused by the kernel, and that is no answer of a drive."""
    with (tmp_path / "file").open("wb") as file:
        answer = by_ioctl(file.fileno())(Command(name="X", opcode=6, cdw10=1, length_bytes=4096))
        assert answer.errno == errno.ENOTTY and not answer.is_ok
        assert namespace_of(file.fileno()) is None


def test_every_command_is_kept_with_its_raw_answer() -> None:
    admin = NvmeAdmin(NvmeTwin(status=1, scdw10=0x0A).submit, armed=True)
    admin.send(Command(name="SANITIZE", opcode=0x84, cdw10=0x0B))
    admin.send(Command(name="LOG", opcode=2, cdw10=0x007F0081, length_bytes=512), lambda data: f"{len(data)} bytes")
    sent, log = admin.exchanges
    assert sent.command == "00000084 00000000 0000000b 00000000 00000000 00000000 00000000 00000000"
    assert (sent.status, sent.is_ok) == ("4002 00000000", False)
    assert log.status.startswith("0000 00000000 ffff01000a000000") and log.meaning == "512 bytes" and log.is_ok


def test_a_drive_that_left() -> None:
    admin = NvmeAdmin(lambda command: Completion(errno=errno.ENODEV), armed=False)
    with pytest.raises(Gone):
        admin.send(Command(name="X", opcode=6))
    assert admin.exchanges[0].status == f"errno {errno.ENODEV}"


@pytest.mark.parametrize(
    "status, said, not_begun",
    [
        (0x0000, "done", False),
        (0x0001, "Invalid Command Opcode", True),
        (0x4002, "Invalid Field in Command: the drive does not take it in this form (do not retry)", True),
        (0x0006, "Internal Error", False),
        (0x001D, "Sanitize In Progress", True),
        (0x010A, "Invalid Format", True),
        (0x0286, "Access Denied", True),
        (0x0371, "answer was lost", False),
        (0x07C1, "unknown vendor specific status c1h", False),
        (0x00C0, "unknown generic status c0h", False),
    ],
)
def test_statuses_in_english(status: int, said: str, not_begun: bool) -> None:
    assert said in st.means(status)
    assert st.is_not_begun(status) is not_begun


def test_struct_agrees_with_ctypes() -> None:
    assert struct.calcsize("=BBHIIIQQIIIIIIIIII") == ctypes.sizeof(PassthruCmd)
