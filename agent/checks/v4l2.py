"""One camera by Video4Linux: what it is, and some frames by mmap. Layouts: include/uapi/linux/videodev2.h, 64-bit."""

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from agent.checks.devices import Devices, Mapped
from agent.text import clean

_QUERYCAP, _CAP_BYTES = 0x80685600, 104
_S_FMT, _FMT_BYTES = 0xC0D05605, 208
_REQBUFS, _REQ_BYTES = 0xC0145608, 20
_QUERYBUF, _QBUF, _DQBUF, _BUF_BYTES = 0xC0585609, 0xC058560F, 0xC0585611, 88
_STREAMON, _STREAMOFF = 0x40045612, 0x40045613
_CAPTURE, _META, _STREAMING, _DEVICE_CAPS = 0x1, 0x800000, 0x4000000, 0x80000000
_TYPE_CAPTURE, _MEMORY_MMAP = 1, 1
_BUFFERS = 3
YUYV, GREY, NV12 = (int.from_bytes(code, "little") for code in (b"YUYV", b"GREY", b"NV12"))
_WIDTH, _HEIGHT = 640, 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    name: str
    bus: str  # one camera has several nodes with one bus
    takes_pictures: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    width_px: int
    height_px: int
    code: int


def describe(devices: Devices, descriptor: int) -> Camera:
    buffer = bytearray(_CAP_BYTES)
    devices.ioctl(descriptor, _QUERYCAP, buffer)
    _, card, bus, _, whole, own = struct.unpack_from("=16s32s32sIII", buffer)
    can = own if whole & _DEVICE_CAPS else whole
    return Camera(
        name=clean(card.split(b"\0")[0].decode(errors="replace"), 60),
        bus=clean(bus.split(b"\0")[0].decode(errors="replace"), 60),
        takes_pictures=bool(can & _CAPTURE) and bool(can & _STREAMING) and not can & _META,
    )


def choose_format(devices: Devices, descriptor: int) -> Format:
    """The first uncompressed one that it takes; whatever it answers with else."""
    found = Format(width_px=0, height_px=0, code=0)
    for code in (YUYV, GREY, NV12):
        buffer = bytearray(_FMT_BYTES)
        struct.pack_into("=II", buffer, 0, _TYPE_CAPTURE, 0)
        struct.pack_into("=IIII", buffer, 8, _WIDTH, _HEIGHT, code, 1)
        devices.ioctl(descriptor, _S_FMT, buffer)
        width, height, chosen = struct.unpack_from("=III", buffer, 8)
        found = Format(width_px=width, height_px=height, code=chosen)
        if chosen == code:
            break
    return found


def frames(devices: Devices, descriptor: int, most: int, seconds: float) -> Iterator[bytes]:
    """Up to `most` frames, each waited for `seconds`; the camera is left as it was."""
    request = bytearray(struct.pack("=IIIII", _BUFFERS, _TYPE_CAPTURE, _MEMORY_MMAP, 0, 0))
    devices.ioctl(descriptor, _REQBUFS, request)
    (many,) = struct.unpack_from("=I", request)
    maps: list[Mapped] = []
    kind = bytearray(struct.pack("=I", _TYPE_CAPTURE))
    try:
        for index in range(many):
            buffer = _buffer(index)
            devices.ioctl(descriptor, _QUERYBUF, buffer)
            offset, _, length = struct.unpack_from("=III", buffer, 64)
            maps.append(devices.map(descriptor, length, offset))
            devices.ioctl(descriptor, _QBUF, _buffer(index))
        devices.ioctl(descriptor, _STREAMON, kind)
        for _ in range(most):
            if not devices.ready([descriptor], seconds):
                return
            buffer = _buffer(0)
            devices.ioctl(descriptor, _DQBUF, buffer)
            index, _, used = struct.unpack_from("=III", buffer)
            yield bytes(maps[index][slice(0, used)])
            devices.ioctl(descriptor, _QBUF, _buffer(index))
    finally:
        _end(devices, descriptor, kind, maps)


def _end(devices: Devices, descriptor: int, kind: bytearray, maps: list[Mapped]) -> None:
    with contextlib.suppress(OSError):  # unplugged meanwhile: there is nothing left to stop
        devices.ioctl(descriptor, _STREAMOFF, kind)
    for one in maps:
        one.close()


def _buffer(index: int) -> bytearray:
    buffer = bytearray(_BUF_BYTES)
    struct.pack_into("=II", buffer, 0, index, _TYPE_CAPTURE)
    struct.pack_into("=I", buffer, 60, _MEMORY_MMAP)
    return buffer


def luma(frame: bytes, form: Format) -> bytes:
    """The brightness of each pixel; b"" for a compressed picture, which nobody here unpacks."""
    pixels = form.width_px * form.height_px
    if form.code == YUYV:
        return frame[: pixels * 2 : 2]
    return frame[:pixels] if form.code in (GREY, NV12) else b""
