"""Admin commands to one NVMe controller: NVME_IOCTL_ADMIN_CMD, exact status, every command kept as an `Exchange`.

Layout: include/uapi/linux/nvme_ioctl.h. The 64-bit result variant (NVME_IOCTL_ADMIN64_CMD) is not needed: none of these
commands answers more than 32 bits. The transport is the last guard: opened to look it lets nothing through that changes
the drive, and armed it lets through only a Sanitize or a Format that erases.
"""

import ctypes
import errno
import fcntl
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass

from agent.erasure import Exchange
from agent.wipe.device import Gone, Refused
from agent.wipe.nvme import status as st

IDENTIFY, GET_LOG, GET_FEATURES, FORMAT, SANITIZE = 0x06, 0x02, 0x0A, 0x80, 0x84
LOOKING = frozenset({IDENTIFY, GET_LOG, GET_FEATURES})
NVME_IOCTL_ID = 0x4E40  # _IO('N', 0x40)
NVME_IOCTL_ADMIN_CMD = 0xC0484E41  # _IOWR('N', 0x41, struct nvme_passthru_cmd), 72 bytes
LAYOUT = struct.Struct("=BBHIIIQQIIIIIIIIII")  # struct nvme_passthru_cmd
SES_SHIFT, SES_MASK = 9, 7
ASK_MS = 30_000
_GONE = (errno.ENODEV, errno.ENXIO, errno.ESHUTDOWN)
# The kernel turned the call down before it sent anything.
_UNSENT = (errno.ENOTTY, errno.EINVAL, errno.EPERM, errno.EACCES, errno.EFAULT, errno.ENOMEM, errno.EBADF, errno.ENOSYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One admin command; data flows from the drive to us only."""

    name: str
    opcode: int
    nsid: int = 0
    cdw10: int = 0
    cdw11: int = 0
    cdw14: int = 0
    length_bytes: int = 0
    timeout_ms: int = ASK_MS

    @property
    def dwords(self) -> str:
        """CDW0, NSID, CDW10 to CDW15 in hex."""
        words = (self.opcode, self.nsid, self.cdw10, self.cdw11, 0, 0, self.cdw14, 0)
        return " ".join(f"{word:08x}" for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The drive's answer, or the kernel's errno instead of one."""

    status: int = 0  # bits 14:0 as the kernel gives them
    result: int = 0  # completion dword 0
    data: bytes = b""
    errno: int | None = None

    @property
    def is_ok(self) -> bool:
        return self.errno is None and self.status == 0

    @property
    def is_unsent(self) -> bool:
        return self.errno in _UNSENT

    @property
    def meaning(self) -> str:
        if self.errno is not None:
            return f"no answer: {os.strerror(self.errno)}"
        return st.means(self.status)


Submit = Callable[[Command], Completion]
Ioctl = Callable[[int, int, bytearray], int]


def by_ioctl(fd: int, ioctl: Ioctl = fcntl.ioctl) -> Submit:
    """The live way. The ioctl answers 0, the positive NVMe status, or an OSError; it blocks until the command ends."""

    def submit(command: Command) -> Completion:
        buffer = ctypes.create_string_buffer(max(1, command.length_bytes))
        address = ctypes.addressof(buffer) if command.length_bytes else 0
        request = bytearray(
            LAYOUT.pack(
                command.opcode, 0, 0, command.nsid, 0, 0, 0, address, 0, command.length_bytes,
                command.cdw10, command.cdw11, 0, 0, command.cdw14, 0, command.timeout_ms, 0,
            )
        )  # fmt: skip
        try:
            status = ioctl(fd, NVME_IOCTL_ADMIN_CMD, request)
        except OSError as error:
            return Completion(errno=error.errno or errno.EIO)
        result = LAYOUT.unpack(request)[-1]
        return Completion(status=status & 0x7FFF, result=result, data=buffer.raw[: command.length_bytes])

    return submit


class NvmeAdmin:
    """The only way to the drive. `armed=False` refuses every opcode but the three that only look."""

    def __init__(self, submit: Submit, *, armed: bool) -> None:
        self._submit = submit
        self.armed = armed
        self.exchanges: list[Exchange] = []

    def send(self, command: Command, told: Callable[[bytes], str] | None = None) -> Completion:
        """Send it and keep the exchange; `told` says in English what the answer's data mean, kept with their first
        64 bytes. Refused when this command may never be sent, Gone when the drive is no longer there.
        """
        self._guard(command)
        completion = self._submit(command)
        if completion.errno is not None:
            status = f"errno {completion.errno}"
        else:
            status = f"{completion.status:04x} {completion.result:08x}"
        meaning = completion.meaning
        if told is not None and completion.is_ok:
            status, meaning = f"{status} {completion.data[:64].hex()}", told(completion.data)
        self.exchanges.append(
            Exchange(name=command.name, command=command.dwords, status=status, is_ok=completion.is_ok, meaning=meaning)
        )
        if completion.errno in _GONE:
            raise Gone(f"{command.name}: {completion.meaning}")
        return completion

    def _guard(self, command: Command) -> None:
        if command.opcode in LOOKING:
            return
        if not self.armed:
            raise Refused(f"{command.name}: opened only to look")
        if command.opcode == SANITIZE and command.nsid == 0 and 1 <= command.cdw10 & 7 <= 5:
            return
        # SES 0 formats and erases nothing: FOG reported that as a wipe for three years (FOGProject/fos issue 127).
        if command.opcode == FORMAT and command.nsid and command.cdw10 >> SES_SHIFT & SES_MASK in (1, 2):
            return
        raise Refused(f"{command.name}: opcode {command.opcode:02x}h in this form is never sent")


def namespace_of(fd: int, ioctl: Callable[[int, int], int] = fcntl.ioctl) -> int | None:
    """The namespace behind a block device; None for anything else."""
    try:
        return ioctl(fd, NVME_IOCTL_ID) or None
    except OSError:
        return None
