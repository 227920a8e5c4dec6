"""Loop devices for the tests, by ioctl alone: no program is started. What `loop` attached, and only that, may be wiped.

Numbers and structs: include/uapi/linux/loop.h. Attaching is racy by nature (several processes ask for a free number):
LOOP_CONFIGURE of a number that was taken meanwhile says EBUSY, then the next number is tried.
"""

import contextlib
import errno
import fcntl
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

LOOP_MAJOR = 7
_CONTROL = "/dev/loop-control"
_GET_FREE, _CONFIGURE, _CLEAR, _SET_CAPACITY, _CHANGE = 0x4C82, 0x4C0A, 0x4C01, 0x4C07, 0x4C06
_READ_ONLY, _PARTITIONS, _DIRECT = 1, 8, 16
# struct loop_config: fd, block_size, loop_info64 (five u64, four u32, name, name, key, two u64), eight u64
_CONFIG = struct.Struct("=II" + "5Q4I64s64s32s2Q" + "8Q")

attached: set[int] = set()  # device numbers; read by the guard in conftest.py


def may_open_for_writing(device_number: int) -> bool:
    """For the guard: this process attached it (or an earlier self, before a fork)."""
    return device_number in attached


def _loops_work() -> bool:
    try:
        control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return Path(f"/dev/loop{fcntl.ioctl(control, _GET_FREE)}").is_block_device()
    except OSError:
        return False
    finally:
        os.close(control)


LOOPS_WORK = _loops_work()
needs_loops = pytest.mark.skipif(not LOOPS_WORK, reason="no loop devices here (needs root and /dev/loop-control)")


@contextlib.contextmanager
def loop(
    path: Path, *, sector_bytes: int = 512, read_only: bool = False, direct: bool = True, partitions: bool = False
) -> Iterator[str]:
    """The file as "/dev/loopN", detached at exit. With `partitions` the kernel shows /dev/loopNpM too."""
    node = _attach(path, sector_bytes, read_only=read_only, direct=direct, partitions=partitions)
    numbers = {Path(node).stat().st_rdev}
    if partitions:
        numbers |= {part.stat().st_rdev for part in Path("/dev").glob(f"{Path(node).name}p*")}
        attached.update(numbers)
    try:
        yield node
    finally:
        try:
            detach(node)
            _wait_gone(node, path)
        finally:
            attached.difference_update(numbers)


def _attach(path: Path, sector_bytes: int, *, read_only: bool, direct: bool, partitions: bool) -> str:
    flags = (_READ_ONLY if read_only else 0) | (_DIRECT if direct else 0) | (_PARTITIONS if partitions else 0)
    mode = os.O_RDONLY if read_only else os.O_RDWR
    backing = os.open(path, mode | os.O_CLOEXEC)
    control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    name = os.fsencode(str(path))[:63]
    try:
        for _ in range(50):
            node = f"/dev/loop{fcntl.ioctl(control, _GET_FREE)}"
            number = Path(node).stat().st_rdev
            attached.add(number)
            try:
                # A read-only open would make the device read-only for good.
                descriptor = os.open(node, mode | os.O_CLOEXEC)
                try:
                    config = _CONFIG.pack(
                        backing, sector_bytes, *(0,) * 5, 0, 0, 0, flags, name, b"", b"", 0, 0, *(0,) * 8
                    )
                    fcntl.ioctl(descriptor, _CONFIGURE, config)
                    return node
                finally:
                    os.close(descriptor)
            except OSError as error:
                attached.discard(number)
                if error.errno not in (errno.EBUSY, errno.ENXIO):
                    raise
                time.sleep(0.01)
        raise OSError(errno.EBUSY, "no free loop device in fifty tries")
    finally:
        os.close(control)
        os.close(backing)


def detach(node: str) -> None:
    """Ask the kernel to let go of the file; it does so when the last one who holds the device closes it."""
    with contextlib.suppress(OSError):  # ENXIO: detached by the test already
        descriptor = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(descriptor, _CLEAR)
        finally:
            os.close(descriptor)


def _wait_gone(node: str, path: Path) -> None:
    backing = Path(f"/sys/block/{Path(node).name}/loop/backing_file")
    until = time.monotonic() + 5
    while True:
        try:
            is_ours = backing.read_text().strip().removesuffix(" (deleted)") == str(path.resolve())
        except OSError:
            return
        if not is_ours:
            return
        if time.monotonic() > until:
            raise RuntimeError(f"{node} is still held after the test: it left a descriptor or a mount open")
        time.sleep(0.01)


def tell_size(node: str) -> None:
    """After the backing file was cut or grown: the device takes its size."""
    descriptor = os.open(node, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _SET_CAPACITY)
    finally:
        os.close(descriptor)


def change_file(node: str, path: Path) -> None:
    """Another file of the same size behind a read-only loop device."""
    backing = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    descriptor = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _CHANGE, backing)
    finally:
        os.close(descriptor)
        os.close(backing)
