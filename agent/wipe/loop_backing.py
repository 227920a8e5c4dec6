"""What a loop device really stands on, by device number: the path that sysfs tells may be another mount namespace's.

struct loop_info64 (include/uapi/linux/loop.h) begins with the device of the file system that the file lies on, its
inode, and, when the file is a device itself, that device. Opens loop devices only, for reading.
"""

import fcntl
import os
import struct

from agent.host import Host

_GET_STATUS64 = 0x4C05
_INFO = struct.Struct("=3Q208x")


def backing_of(host: Host, loop: str) -> tuple[str, str] | None:
    """(number of the device that its file lies on, number of the device that its file is), "0:0" for none."""
    if not host.is_live:
        return None
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
