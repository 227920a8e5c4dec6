"""SG_IO: one SCSI command and its answer over an open descriptor, and what sense data says.

The only door of the ATA and SCSI families to the kernel. It judges nothing: an ioctl that fails is an `Answer` with its
errno, so that what was sent and what came back is always kept. Layout: include/scsi/sg.h, struct sg_io_hdr.
"""

import ctypes
import errno
import fcntl
import struct
from collections.abc import Callable
from dataclasses import dataclass

SG_IO = 0x2285
SENSE_BYTES = 64
_HEADER = struct.Struct("@iiBBHIPPPIIiPBBBBHHiII0P")  # as the C compiler lays it out here, padding at the end included
_INTERFACE = ord("S")
_NO_DATA, _TO_DEVICE, _FROM_DEVICE = -1, -2, -3  # SG_DXFER_*
_MS_MOST = 0xFFFF_FFFE  # UINT_MAX would mean no limit at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. With an `errno` the command was perhaps never sent, and nothing else here means anything."""

    status: int  # SCSI status byte: 0 GOOD, 2 CHECK CONDITION, 8 BUSY, …
    host_status: int  # DID_*: the host adapter's; not 0 = the disk may never have seen the command
    driver_status: int
    sense: bytes  # as written by the kernel, at most SENSE_BYTES
    data: bytes  # `length_in` bytes; the last `residual` of them were not transferred
    errno: int | None
    residual: int


Send = Callable[..., Answer]
"""As `sg_io`; tests hand in a twin's."""

Ioctl = Callable[[int, int, bytearray], int]


def sg_io(
    fd: int, cdb: bytes, *, data_out: bytes = b"", length_in: int = 0, timeout_s: int, ioctl: Ioctl = fcntl.ioctl
) -> Answer:
    """Send one command and wait for its end. Never raises for the device or the kernel; data flow one way only."""
    if data_out and length_in:
        raise ValueError("data flow one way in one command")
    if not 6 <= len(cdb) <= 16:
        raise ValueError("a CDB has 6 to 16 bytes")
    command = ctypes.create_string_buffer(cdb, len(cdb))
    data = ctypes.create_string_buffer(data_out, len(data_out)) if data_out else ctypes.create_string_buffer(length_in)
    sense = ctypes.create_string_buffer(SENSE_BYTES)
    length = len(data_out) or length_in
    direction = _TO_DEVICE if data_out else _FROM_DEVICE if length_in else _NO_DATA
    header = bytearray(
        _HEADER.pack(
            _INTERFACE, direction, len(cdb), SENSE_BYTES, 0, length, ctypes.addressof(data) if length else 0,
            ctypes.addressof(command), ctypes.addressof(sense), min(timeout_s * 1000, _MS_MOST), 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0,
        )
    )  # fmt: skip
    try:
        ioctl(fd, SG_IO, header)
    except OSError as error:
        return Answer(
            status=0,
            host_status=0,
            driver_status=0,
            sense=b"",
            data=b"",
            errno=error.errno or errno.EIO,
            residual=length,
        )
    status, _, _, sense_length, host_status, driver_status, residual, _, _ = _HEADER.unpack(header)[13:]
    return Answer(
        status=status,
        host_status=host_status,
        driver_status=driver_status,
        sense=sense.raw[: min(sense_length, SENSE_BYTES)],
        data=data.raw[:length_in] if length_in else b"",
        errno=None,
        residual=residual,
    )


# --- sense data (SPC-5, 4.4) ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """One sense. Fields that were not transferred, or not marked valid by the device, are None."""

    key: int
    asc: int
    ascq: int
    is_descriptor: bool
    is_deferred: bool = False  # 71h, 73h: about an earlier command, not this one
    ata_registers: bytes | None = None  # the 12 bytes after the header of an ATA Status Return descriptor (SAT)
    progress: int | None = None  # of 65536
    information: int | None = None

    @property
    def code(self) -> tuple[int, int]:
        return self.asc, self.ascq


def parse_sense(raw: bytes) -> Sense | None:
    """From fixed (70h, 71h) or descriptor (72h, 73h) format; None when it is neither, or too short to have a code."""
    if len(raw) < 2:
        return None
    form = raw[0] & 0x7F
    if form in (0x70, 0x71):
        return _from_fixed(raw, form)
    if form in (0x72, 0x73):
        return _from_descriptors(raw, form)
    return None


def _from_fixed(raw: bytes, form: int) -> Sense | None:
    if len(raw) < 8:
        return None
    raw = raw[: 8 + raw[7]]  # ADDITIONAL SENSE LENGTH: what follows was not written by the device
    if len(raw) < 14:
        return None
    return Sense(
        key=raw[2] & 0x0F,
        asc=raw[12],
        ascq=raw[13],
        is_descriptor=False,
        is_deferred=form == 0x71,
        progress=_progress(raw[15:18], raw[2] & 0x0F),
        information=int.from_bytes(raw[3:7], "big") if raw[0] & 0x80 else None,
    )


def _from_descriptors(raw: bytes, form: int) -> Sense | None:
    if len(raw) < 8:
        return None
    key = raw[1] & 0x0F
    progress = information = registers = None
    at, end = 8, min(len(raw), 8 + raw[7])
    while at + 2 <= end:
        kind, length = raw[at], raw[at + 1]
        body = raw[at + 2 : min(at + 2 + length, end)]
        if len(body) < length:
            break  # cut short
        if kind == 0x00 and length == 0x0A and body[0] & 0x80:
            information = int.from_bytes(body[2:10], "big")
        elif kind == 0x02 and length == 0x06:
            progress = _progress(body[2:5], key)
        elif kind == 0x09 and length == 0x0C:
            registers = body
        at += 2 + length
    return Sense(
        key=key, asc=raw[2], ascq=raw[3], is_descriptor=True, is_deferred=form == 0x73, ata_registers=registers,
        progress=progress, information=information,
    )  # fmt: skip


def _progress(specific: bytes, key: int) -> int | None:
    """SENSE KEY SPECIFIC holds a progress indication only with NO SENSE and NOT READY, and only when marked valid."""
    if len(specific) < 3 or not specific[0] & 0x80 or key not in (0x00, 0x02):
        return None
    return int.from_bytes(specific[1:3], "big")
