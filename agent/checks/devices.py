"""The device files that checks open: keyboards, cameras, the framebuffer. Tests give made ones.

`Host` only reads plain files; these need ioctl, poll and mmap. Nothing here can open a disk.
"""

import fcntl
import mmap
import os
import select
from collections.abc import Iterable
from typing import Protocol

_MAY_OPEN = ("/dev/input/event", "/dev/video", "/dev/fb")


class Devices(Protocol):
    def open(self, path: str, *, writing: bool = False) -> int: ...
    def ioctl(self, descriptor: int, request: int, buffer: bytearray) -> int:
        """`buffer` is read and written in place; OSError as the kernel says it."""
        ...

    def set(self, descriptor: int, request: int, value: int) -> None:
        """An ioctl whose argument is a plain number."""
        ...

    def read(self, descriptor: int, size: int) -> bytes: ...
    def write(self, descriptor: int, data: bytes) -> int: ...
    def ready(self, descriptors: Iterable[int], seconds: float) -> list[int]: ...
    def map(self, descriptor: int, size: int, offset: int) -> "Mapped": ...
    def close(self, descriptor: int) -> None: ...


class Mapped(Protocol):
    def __getitem__(self, part: slice) -> bytes: ...
    def close(self) -> None: ...


class KernelDevices:
    """This PC's own."""

    def open(self, path: str, *, writing: bool = False) -> int:
        if not path.startswith(_MAY_OPEN) or ".." in path:
            raise PermissionError(f"{path} is no device of a check")
        return os.open(path, (os.O_RDWR if writing else os.O_RDONLY) | os.O_NONBLOCK | os.O_CLOEXEC)

    def ioctl(self, descriptor: int, request: int, buffer: bytearray) -> int:
        return int(fcntl.ioctl(descriptor, request, buffer, True))

    def set(self, descriptor: int, request: int, value: int) -> None:
        fcntl.ioctl(descriptor, request, value)

    def read(self, descriptor: int, size: int) -> bytes:
        return os.read(descriptor, size)

    def write(self, descriptor: int, data: bytes) -> int:
        return os.write(descriptor, data)

    def ready(self, descriptors: Iterable[int], seconds: float) -> list[int]:
        return select.select(list(descriptors), [], [], seconds)[0]

    def map(self, descriptor: int, size: int, offset: int) -> Mapped:
        return mmap.mmap(descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ, offset=offset)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)
