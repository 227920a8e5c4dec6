"""SG_IO's header byte by byte, on a kernel of our own making, and sense data of both formats."""

import ctypes
import errno
import os

import pytest

from agent.wipe.sg import SENSE_BYTES, SG_IO, Sense, parse_sense, sg_io


class Header(ctypes.Structure):
    """struct sg_io_hdr as the C compiler lays it out (include/scsi/sg.h): the second witness of our packing."""

    _fields_ = [
        ("interface_id", ctypes.c_int), ("dxfer_direction", ctypes.c_int), ("cmd_len", ctypes.c_ubyte),
        ("mx_sb_len", ctypes.c_ubyte), ("iovec_count", ctypes.c_ushort), ("dxfer_len", ctypes.c_uint),
        ("dxferp", ctypes.c_void_p), ("cmdp", ctypes.c_void_p), ("sbp", ctypes.c_void_p), ("timeout", ctypes.c_uint),
        ("flags", ctypes.c_uint), ("pack_id", ctypes.c_int), ("usr_ptr", ctypes.c_void_p), ("status", ctypes.c_ubyte),
        ("masked_status", ctypes.c_ubyte), ("msg_status", ctypes.c_ubyte), ("sb_len_wr", ctypes.c_ubyte),
        ("host_status", ctypes.c_ushort), ("driver_status", ctypes.c_ushort), ("resid", ctypes.c_int),
        ("duration", ctypes.c_uint), ("info", ctypes.c_uint),
    ]  # fmt: skip


class Kernel:
    """An ioctl that reads and fills the header as the kernel would."""

    def __init__(self, *, data: bytes = b"", sense: bytes = b"", **fields: int) -> None:
        self.data, self.sense, self.fields = data, sense, fields
        self.seen: dict[str, object] = {}

    def __call__(self, fd: int, request: int, header: bytearray) -> int:
        assert (fd, request, len(header)) == (7, 0x2285, ctypes.sizeof(Header)) and request == SG_IO
        one = Header.from_buffer(header)
        for name, _ in Header._fields_:  # type: ignore[misc] # always pairs here
            self.seen[name] = getattr(one, name)
        self.seen["cdb"] = ctypes.string_at(one.cmdp, one.cmd_len)
        if one.dxfer_direction == -2:
            self.seen["data"] = ctypes.string_at(one.dxferp, one.dxfer_len)
        if one.dxfer_direction == -3:
            ctypes.memmove(one.dxferp, self.data, min(len(self.data), one.dxfer_len))
        ctypes.memmove(one.sbp, self.sense, min(len(self.sense), one.mx_sb_len))
        one.sb_len_wr = min(len(self.sense), one.mx_sb_len)
        for name, value in self.fields.items():
            setattr(one, name, value)
        return 0


def test_no_data() -> None:
    kernel = Kernel()
    answer = sg_io(7, bytes(6), timeout_s=3, ioctl=kernel)
    seen = kernel.seen
    assert (seen["interface_id"], seen["dxfer_direction"], seen["cmd_len"], seen["mx_sb_len"]) == (0x53, -1, 6, 64)
    assert (seen["dxfer_len"], seen["dxferp"], seen["timeout"], seen["flags"]) == (0, None, 3000, 0)
    assert seen["cdb"] == bytes(6)
    assert (answer.status, answer.errno, answer.residual, answer.data, answer.sense) == (0, None, 0, b"", b"")


def test_data_in_with_everything_that_can_come_back() -> None:
    kernel = Kernel(
        data=b"\xab" * 500, sense=b"\x70" * 20, status=2, host_status=0x0107, driver_status=8, resid=12
    )  # fmt: skip
    answer = sg_io(7, b"\x12" + bytes(15), length_in=512, timeout_s=1, ioctl=kernel)
    assert (kernel.seen["dxfer_direction"], kernel.seen["dxfer_len"]) == (-3, 512)
    assert answer.data == b"\xab" * 500 + bytes(12)
    assert (answer.status, answer.host_status, answer.driver_status) == (2, 0x0107, 8)
    assert (answer.residual, answer.sense, answer.errno) == (12, b"\x70" * 20, None)


def test_data_out_reaches_the_kernel_whole() -> None:
    kernel = Kernel()
    sent = bytes(range(256)) * 2 + b"\0"
    answer = sg_io(7, b"\x48" + bytes(9), data_out=sent, timeout_s=1, ioctl=kernel)
    assert (kernel.seen["dxfer_direction"], kernel.seen["data"], answer.data) == (-2, sent, b"")


def test_sense_never_runs_over_its_buffer() -> None:
    answer = sg_io(7, bytes(6), timeout_s=1, ioctl=Kernel(sense=b"\x72" * 200))
    assert answer.sense == b"\x72" * SENSE_BYTES


def test_a_negative_residual_is_told() -> None:
    assert sg_io(7, bytes(6), length_in=8, timeout_s=1, ioctl=Kernel(resid=-4)).residual == -4


def test_a_long_timeout_stays_a_timeout() -> None:
    for timeout_s, told in ((24 * 3600, 86_400_000), (60 * 24 * 3600, 0xFFFF_FFFE)):
        kernel = Kernel()
        sg_io(7, bytes(6), timeout_s=timeout_s, ioctl=kernel)
        assert kernel.seen["timeout"] == told


def test_an_errno_is_an_answer() -> None:
    def ioctl(fd: int, request: int, header: bytearray) -> int:
        raise OSError(errno.ENODEV, "gone")

    answer = sg_io(7, bytes(6), length_in=36, timeout_s=1, ioctl=ioctl)
    assert (answer.errno, answer.data, answer.residual) == (errno.ENODEV, b"", 36)

    def nameless(fd: int, request: int, header: bytearray) -> int:
        raise OSError("no number")

    assert sg_io(7, bytes(6), timeout_s=1, ioctl=nameless).errno == errno.EIO, "never taken for an answer"
    # And the real ioctl, on something that is no disk.
    fd = os.open("/dev/null", os.O_RDONLY)
    try:
        assert sg_io(fd, bytes(6), timeout_s=1).errno == errno.ENOTTY
    finally:
        os.close(fd)


@pytest.mark.parametrize("length", [0, 5, 17, 32])
def test_no_such_cdb(length: int) -> None:
    with pytest.raises(ValueError, match="CDB"):
        sg_io(7, bytes(length), timeout_s=1, ioctl=Kernel())


def test_data_flow_one_way() -> None:
    with pytest.raises(ValueError, match="one way"):
        sg_io(7, bytes(6), data_out=b"x", length_in=1, timeout_s=1, ioctl=Kernel())


# --- sense ------------------------------------------------------------------------------------------------------------


def sense(**fields: object) -> Sense:
    return Sense(**{"key": 0, "asc": 0, "ascq": 0, "is_descriptor": False, **fields})  # type: ignore[arg-type]


FIXED = bytes.fromhex("70 00 02 00000000 0a 00000000 04 1b 00 80 4000")
RUNNING = bytes.fromhex("72 00 04 1b 000000 08 02 06 0000 80 8000 00")
ATA = bytes.fromhex("72 01 00 1d 000000 0e 09 0c 00 00 00 01 00 02 00 03 00 04 40 50")


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (FIXED, sense(key=2, asc=4, ascq=0x1B, progress=0x4000)),
        (b"\xf0" + FIXED[1:3] + b"\0\1\2\3" + FIXED[7:],
         sense(key=2, asc=4, ascq=0x1B, progress=0x4000, information=0x010203)),
        (b"\x71" + FIXED[1:], sense(key=2, asc=4, ascq=0x1B, progress=0x4000, is_deferred=True)),
        (FIXED[:15] + b"\x00" + FIXED[16:], sense(key=2, asc=4, ascq=0x1B)),  # SKSV clear
        (FIXED[:2] + b"\x05" + FIXED[3:], sense(key=5, asc=4, ascq=0x1B)),  # there it is a field pointer
        (FIXED[:16], sense(key=2, asc=4, ascq=0x1B)),  # cut short
        (FIXED[:7] + b"\x08" + FIXED[8:], sense(key=2, asc=4, ascq=0x1B)),  # the device wrote no more
        (FIXED[:14], sense(key=2, asc=4, ascq=0x1B)),
        (FIXED[:13], None),
        (FIXED[:7] + b"\x02" + FIXED[8:], None),
        (RUNNING, sense(key=0, asc=4, ascq=0x1B, is_descriptor=True, progress=0x8000)),
        (b"\x73" + RUNNING[1:], sense(asc=4, ascq=0x1B, is_descriptor=True, is_deferred=True, progress=0x8000)),
        (RUNNING[:12] + b"\x7f" + RUNNING[13:], sense(asc=4, ascq=0x1B, is_descriptor=True)),
        (RUNNING[:-1], sense(asc=4, ascq=0x1B, is_descriptor=True)),
        (RUNNING[:7] + b"\x04" + RUNNING[8:], sense(asc=4, ascq=0x1B, is_descriptor=True)),
        (RUNNING[:8], sense(asc=4, ascq=0x1B, is_descriptor=True)),
        (RUNNING[:7], None),
        (ATA, sense(key=1, asc=0, ascq=0x1D, is_descriptor=True, ata_registers=ATA[10:])),
        (ATA[:7] + b"\x16" + ATA[8:] + RUNNING[8:],
         sense(key=1, ascq=0x1D, is_descriptor=True, ata_registers=ATA[10:])),  # key 1: no progress
        (bytes.fromhex("72 03 11 00 000000 0c 00 0a 80 00 00000000 00001234"),
         sense(key=3, asc=0x11, is_descriptor=True, information=0x1234)),
        (bytes.fromhex("72 03 11 00 000000 0c 00 0a 00 00 00000000 00001234"),
         sense(key=3, asc=0x11, is_descriptor=True)),
        (bytes.fromhex("72 02 04 04 000000 0c 80 02 abcd 02 06 0000 80 0001 00"),  # a vendor's comes first
         sense(key=2, asc=4, ascq=4, is_descriptor=True, progress=1)),
        (bytes.fromhex("72 01 00 1d 000000 06 09 04 00000000"), sense(key=1, ascq=0x1D, is_descriptor=True)),
        (bytes.fromhex("72 00 04 1b 000000 06 02 04 0000 80 80"), sense(asc=4, ascq=0x1B, is_descriptor=True)),
        (bytes.fromhex("72 00 00 00 000000 06 00 04 8000 1234"), sense(is_descriptor=True)),
        (b"", None),
        (b"\x70", None),
        (bytes(18), None),
        (b"\x7f" + bytes(17), None),
    ],
)  # fmt: skip
def test_sense_data(raw: bytes, read: Sense | None) -> None:
    assert parse_sense(raw) == read


def test_no_bytes_make_it_fail() -> None:
    for form in range(0x70, 0x74):
        for length in range(SENSE_BYTES):
            for filler in (0x00, 0x02, 0x09, 0x80, 0xFF):
                found = parse_sense(bytes([form]) + bytes([filler]) * length)
                assert found is None or 0 <= found.key <= 15
