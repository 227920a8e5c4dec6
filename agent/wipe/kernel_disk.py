"""Reading and writing a real block device on one descriptor, past the page cache.

Opening for writing is the business of `target` alone: whoever else calls `open_disk(…, write=True)` breaks law 8, and a
test fails. Numbers: include/uapi/linux/fs.h.
"""

import contextlib
import errno
import fcntl
import os
import stat
import struct

from agent.wipe.device import Writable

_READ_PARTITIONS = 0x125F  # BLKRRPART
_SIZE64, _SECTOR, _PHYSICAL, _READ_ONLY, _FLUSH, _DISKSEQ = (
    0x80081272, 0x1268, 0x127B, 0x125E, 0x1261, 0x80081280,
)  # fmt: skip


class KernelDisk:
    """`BlockIO` on one open block device. Owns the descriptor."""

    def __init__(self, descriptor: int, *, is_direct: bool, is_writable: bool) -> None:
        self.descriptor = descriptor
        self.is_direct = is_direct
        self.is_writable = is_writable
        self.device_number = os.fstat(descriptor).st_rdev
        self.sector_bytes = _int(descriptor, _SECTOR)
        self.physical_sector_bytes = _int(descriptor, _PHYSICAL)
        self.size_bytes = self.size_now()

    def size_now(self) -> int:
        """As the kernel says now; `size_bytes` stays what it was until `resize`."""
        return int(struct.unpack("Q", fcntl.ioctl(self.descriptor, _SIZE64, b"\0" * 8))[0])

    def resize(self) -> None:
        self.size_bytes = self.size_now()

    def is_read_only(self) -> bool:
        return _int(self.descriptor, _READ_ONLY) != 0

    def sequence(self) -> int | None:
        """A number that no other device, nor this one plugged in again, ever gets (Linux 5.15 on)."""
        try:
            return int(struct.unpack("Q", fcntl.ioctl(self.descriptor, _DISKSEQ, b"\0" * 8))[0])
        except OSError as error:
            if error.errno in (errno.ENOTTY, errno.EINVAL):
                return None
            raise

    def read_into(self, buffer: Writable, offset_bytes: int) -> int:
        return os.preadv(self.descriptor, [buffer], offset_bytes)

    def write_from(self, buffer: Writable, offset_bytes: int) -> int:
        return os.pwritev(self.descriptor, [buffer], offset_bytes)

    def flush(self) -> None:
        os.fsync(self.descriptor)

    def forget(self) -> None:
        fcntl.ioctl(self.descriptor, _FLUSH)

    def read_partitions(self) -> None:
        """Let the kernel look for partitions again: after an erasure the old ones must not linger under their names."""
        with contextlib.suppress(OSError):  # a device that has none says EINVAL, one that has left says more
            fcntl.ioctl(self.descriptor, _READ_PARTITIONS)

    def close(self) -> None:
        """Also lets go of the lock and of the exclusive hold."""
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)

    def retire(self) -> None:
        """As `close`, and the descriptor's number stays taken in this process.

        Whoever kept the number and sends a command to it later reaches /dev/null and no other disk.
        """
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.dup2(nothing, descriptor, inheritable=False)
            finally:
                os.close(nothing)

    def __reduce__(self) -> str:
        """Two owners of one descriptor: the second would go on with its number after the first had closed it."""
        raise TypeError("an open disk is neither copied nor sent")


def open_disk(node: str, *, write: bool, exclusive: bool) -> KernelDisk:
    """The block device at `node`. OSError as the kernel gave it; EBUSY: something else holds the disk (`exclusive`).

    A device that refuses O_DIRECT is opened without; `is_direct` tells. O_NONBLOCK: an empty drive answers at once.
    """
    flags = os.O_CLOEXEC | os.O_NONBLOCK | (os.O_RDWR if write else os.O_RDONLY) | (os.O_EXCL if exclusive else 0)
    is_direct = True
    try:
        descriptor = os.open(node, flags | os.O_DIRECT)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        descriptor, is_direct = os.open(node, flags), False
    try:
        if not stat.S_ISBLK(os.fstat(descriptor).st_mode):
            raise OSError(errno.ENOTBLK, os.strerror(errno.ENOTBLK), node)
        return KernelDisk(descriptor, is_direct=is_direct, is_writable=write)
    except BaseException:
        os.close(descriptor)
        raise


def lock(disk: KernelDisk, *, exclusive: bool) -> bool:
    """flock: keeps udev from probing, and two of ours apart. False when another one has it."""
    try:
        fcntl.flock(disk.descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def is_locked_by_another(node: str) -> bool:
    """Whether a process of ours works on it: asked without holding the lock. Unknown counts as no."""
    with contextlib.suppress(OSError):
        descriptor = os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno == errno.EWOULDBLOCK
        finally:
            os.close(descriptor)
    return False


def _int(descriptor: int, request: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(descriptor, request, b"\0" * 4))[0])
