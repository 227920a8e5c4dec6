"""Device files of our own making: they answer ioctls as the kernel's headers say, and send what a script says."""

import errno
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.checks.evdev import EVENT
from agent.checks.v4l2 import GREY, YUYV

I8042, USB = 0x11, 0x03


@dataclass
class MadeInput:
    name: str = "AT Translated Set 2 keyboard"
    bus: int = I8042
    keys: frozenset[int] = frozenset(range(1, 128))
    rels: frozenset[int] = frozenset()
    axes: frozenset[int] = frozenset()
    sends: list[tuple[int, int, int]] = field(default_factory=list)  # type, code, value
    grabbed: list[bool] = field(default_factory=list)
    held_for: int = 0  # looks at EVIOCGKEY until every key is up

    def ioctl(self, request: int, buffer: bytearray) -> int:
        number = request & 0xFF
        assert request >> 30 == 2 and request >> 16 & 0x3FFF == len(buffer) and request >> 8 & 0xFF == ord("E")
        if number == 0x02:
            struct.pack_into("@H", buffer, 0, self.bus)
        elif number == 0x06:
            buffer[: len(self.name)] = self.name.encode()
        elif number in (0x21, 0x22, 0x23):
            for code in (self.keys, self.rels, self.axes)[number - 0x21]:
                buffer[code // 8] |= 1 << code % 8
        elif number == 0x18:
            buffer[0] = self.held_for > 0
            self.held_for -= 1
        elif number in (0x40, 0x41):
            struct.pack_into("@iii", buffer, 0, 0, 0, 800)
        else:
            raise OSError(errno.EINVAL, "no such ioctl")
        return 0


@dataclass
class MadeCamera:
    name: str = "Integrated Camera"
    bus: str = "usb-0000:00:14.0-8"
    can: int = 0x84200001
    own: int = 0x04200001
    code: int = YUYV
    pictures: list[bytes] = field(default_factory=list)
    streaming: list[bool] = field(default_factory=list)
    queued: list[int] = field(default_factory=list)

    def ioctl(self, request: int, buffer: bytearray) -> int:
        assert request >> 16 & 0x3FFF == len(buffer), hex(request)
        number = request & 0xFF
        if number == 0:
            struct.pack_into("=16s32s32sIII", buffer, 0, b"uvcvideo", self.name.encode(), self.bus.encode(), 6,
                             self.can, self.own)  # fmt: skip
        elif number == 5:
            struct.pack_into("=III", buffer, 8, 640, 480, self.code)
        elif number == 9:
            struct.pack_into("=II", buffer, 64, struct.unpack_from("=I", buffer)[0] * 4096, 0)
            struct.pack_into("=I", buffer, 72, 640 * 480 * 2)
        elif number == 15:
            self.queued.append(struct.unpack_from("=I", buffer)[0])
        elif number == 17:
            struct.pack_into("=III", buffer, 0, self.queued.pop(0), 1, len(self.pictures[0]))
        elif number in (18, 19):
            self.streaming.append(number == 18)
        else:
            assert number == 8
        return 0


class MadeDevices:
    """Everything under /dev that a check may open."""

    def __init__(self, **made: MadeInput | MadeCamera) -> None:
        self.made = {name.replace("_", "/"): thing for name, thing in made.items()}
        self.open_now: dict[int, MadeInput | MadeCamera] = {}
        self._next = 100

    def open(self, path: str, *, writing: bool = False) -> int:
        thing = self.made.get(path.removeprefix("/dev/"))
        if thing is None:
            raise PermissionError(errno.EACCES, "closed", path)
        self._next += 1
        self.open_now[self._next] = thing
        return self._next

    def ioctl(self, descriptor: int, request: int, buffer: bytearray) -> int:
        return self.open_now[descriptor].ioctl(request, buffer)

    def set(self, descriptor: int, request: int, value: int) -> None:
        thing = self.open_now[descriptor]
        assert isinstance(thing, MadeInput) and request == 0x40044590
        thing.grabbed.append(bool(value))

    def ready(self, descriptors: Iterable[int], seconds: float) -> list[int]:
        found = []
        for descriptor in descriptors:
            thing = self.open_now[descriptor]
            if thing.sends if isinstance(thing, MadeInput) else thing.pictures:
                found.append(descriptor)
        return found

    def read(self, descriptor: int, size: int) -> bytes:
        thing = self.open_now[descriptor]
        assert isinstance(thing, MadeInput)
        many = min(len(thing.sends), size // EVENT.size)
        sent, thing.sends = thing.sends[:many], thing.sends[many:]
        return b"".join(EVENT.pack(0, 0, *one) for one in sent)

    def map(self, descriptor: int, size: int, offset: int) -> "MadeMap":
        thing = self.open_now[descriptor]
        assert isinstance(thing, MadeCamera)
        return MadeMap(thing)

    def write(self, descriptor: int, data: bytes) -> int:
        raise AssertionError("no check writes to these")

    def close(self, descriptor: int) -> None:
        del self.open_now[descriptor]


class MadeMap:
    def __init__(self, camera: MadeCamera) -> None:
        self._camera = camera

    def __getitem__(self, part: slice) -> bytes:
        return self._camera.pictures.pop(0)[part]

    def close(self) -> None:
        pass


def yuyv(*brightness: int) -> bytes:
    """A 640 × 480 picture of vertical stripes."""
    line = bytes(value for place in range(640) for value in (brightness[place % len(brightness)], 128))
    return line * 480


def grey(brightness: int) -> bytes:
    return bytes([brightness]) * 640 * 480


__all__ = ["GREY", "I8042", "USB", "MadeCamera", "MadeDevices", "MadeInput", "grey", "yuyv"]
