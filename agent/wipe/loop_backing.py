"""What a loop device really stands on, by device number: the path that sysfs tells may be another mount namespace's.

struct loop_info64 (include/uapi/linux/loop.h) begins with the device of the file system that the file lies on, its
inode, and, when the file is a device itself, that device. Opens loop devices only, for reading.
"""

import fcntl
import os
import struct
import threading
import time
from collections.abc import Iterable

from agent.host import Host

TIMEOUT_S = 2.0
_GET_STATUS64 = 0x4C05
_INFO = struct.Struct("=3Q208x")


def backings(host: Host, loops: Iterable[str], timeout_s: float = TIMEOUT_S) -> dict[str, tuple[str, str]]:
    """Of each: the number of the device that its file lies on, and of the device that its file is ("0:0": none).

    The kernel asks the file's own file system, which may hang (a network that has gone): such a one is left out.
    """
    found: dict[str, tuple[str, str]] = {}
    if not host.is_live:
        return found

    def ask(loop: str) -> None:
        if (told := _backing_of(loop)) is not None:
            found[loop] = told

    threads = [threading.Thread(target=ask, args=(loop,), daemon=True, name=f"ask-{loop}") for loop in loops]
    for thread in threads:
        thread.start()
    until = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return dict(found)


def _backing_of(loop: str) -> tuple[str, str] | None:
    try:
        descriptor = os.open(f"/dev/{loop}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        told = fcntl.ioctl(descriptor, _GET_STATUS64, bytes(_INFO.size))
    except OSError:  # ENXIO: in use no longer
        return None
    finally:
        os.close(descriptor)
    lies_on, _, is_device = _INFO.unpack(told)
    return _number(lies_on), _number(is_device)


def _number(device: int) -> str:
    return f"{os.major(device)}:{os.minor(device)}"
