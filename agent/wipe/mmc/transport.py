"""`MmcIoctl`: commands to the chip through the kernel, each kept as evidence. The last guard before the chip.

Opened to look (`armed=False`) it lets nothing through but reading EXT_CSD and the status. Never used on an SD card,
whose commands of the same numbers mean other things.
"""

import ctypes
import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.erasure import Exchange
from agent.wipe.device import Gone, Refused
from agent.wipe.mmc.requests import (
    BLKSECDISCARD,
    COUNT,
    LAYOUT,
    LOOKS,
    MAY_ERASE,
    MMC_IOC_CMD,
    MMC_IOC_MULTI_CMD,
    Request,
)

_LEFT = (errno.ENODEV, errno.ENXIO, errno.ENOMEDIUM)
# The kernel turned the call down before it sent anything; EOPNOTSUPP: mmc_sanitize() and the block layer ask first.
_UNSENT = (
    errno.ENOTTY, errno.EINVAL, errno.EPERM, errno.EACCES, errno.EFAULT, errno.ENOMEM, errno.EBADF, errno.ENOSYS,
    errno.EOPNOTSUPP, errno.EOVERFLOW, errno.EROFS,
)  # fmt: skip

# Bits of the R1 response (JESD84-B51, 6.13): errors of this command or of one since the last status.
_ERRORS = {
    31: "address out of range", 30: "address error", 29: "block length error", 28: "erase sequence error",
    27: "erase parameter error", 26: "write protected", 25: "locked", 24: "lock failed", 23: "CRC error",
    22: "illegal command", 21: "ECC failed", 20: "controller error", 19: "error", 16: "CID or CSD overwrite",
    15: "write-protected parts were skipped", 13: "erase sequence reset", 7: "switch error",
}  # fmt: skip
# The chip says that it did not begin; "skipped" (15) or a controller error (20) does not say so.
NOT_BEGUN = sum(1 << bit for bit in (31, 30, 28, 27, 26, 25, 22))
TRANSFER, PROGRAMMING = 4, 7  # CURRENT_STATE: at rest; at work


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    is_ok: bool
    said: str
    r1: tuple[int, ...] = ()  # one per request; empty with an errno
    data: bytes = b""
    is_unsent: bool = False

    @property
    def errors(self) -> int:
        """All error bits of all responses."""
        return _errors_in(self.r1)

    @property
    def state(self) -> int | None:
        return self.r1[-1] >> 9 & 0x0F if self.r1 else None


class MmcIoctl:
    """One open descriptor. `exchanges` holds every command sent, in order."""

    def __init__(self, fd: int, *, armed: bool, ioctl: Callable[[int, int, bytearray], int]) -> None:
        self.armed = armed
        self.exchanges: list[Exchange] = []
        self._fd = fd
        self._ioctl = ioctl

    def issue(self, *requests: Request) -> Reply:
        """Send them without anything in between. Refused when one may not be sent; Gone when the chip has left."""
        for one in requests:
            if one.deed not in LOOKS and not (self.armed and one.deed in MAY_ERASE):
                raise Refused(f"{one.name}: the chip was opened only to look")
        data = ctypes.create_string_buffer(max(1, sum(one.length_in for one in requests)))
        at = ctypes.addressof(data)
        packed = b"".join(one.packed(at if one.length_in else 0) for one in requests)
        is_one = len(requests) == 1
        buffer = bytearray(packed if is_one else COUNT.pack(len(requests)) + packed)
        code = self._call(MMC_IOC_CMD if is_one else MMC_IOC_MULTI_CMD, buffer)
        responses = buffer if is_one else buffer[COUNT.size :]
        r1 = () if code else tuple(one[4] for one in LAYOUT.iter_unpack(responses))
        reply = _judge(code, r1, data.raw[: sum(one.length_in for one in requests)])
        for place, one in enumerate(requests):
            self._keep(one, reply, r1[place : place + 1])
        self._check(code, requests[0].name, reply)
        return reply

    def secure_discard(self, start_bytes: int, length_bytes: int) -> Reply:
        """BLKSECDISCARD: the kernel's own secure erase of a range (drivers/mmc/core/block.c)."""
        if not self.armed:
            raise Refused("BLKSECDISCARD: the chip was opened only to look")
        code = self._call(BLKSECDISCARD, bytearray(COUNT.pack(start_bytes) + COUNT.pack(length_bytes)))
        reply = _judge(code, (), b"")
        self.exchanges.append(
            Exchange(
                name="BLKSECDISCARD", command=f"{start_bytes:x} {length_bytes:x}", status=f"errno {code}",
                is_ok=reply.is_ok, meaning=reply.said,
            )
        )  # fmt: skip
        self._check(code, "BLKSECDISCARD", reply)
        return reply

    def _call(self, request: int, buffer: bytearray) -> int:
        """0, or the errno."""
        try:
            self._ioctl(self._fd, request, buffer)
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def _keep(self, one: Request, reply: Reply, r1: Sequence[int]) -> None:
        code = f"r1 {r1[0]:08x}" if r1 else reply.said
        held = reply.data.rstrip(b"\0").hex() if one.length_in else ""
        self.exchanges.append(
            Exchange(
                name=one.name, command=f"{one.opcode:02x} {one.argument:08x}",
                status=f"{code} data {held}" if held else code, is_ok=reply.is_ok,
                meaning=_told(_errors_in(r1)) if r1 else reply.said,
            )
        )  # fmt: skip

    def _check(self, code: int, name: str, reply: Reply) -> None:
        if code in _LEFT:
            raise Gone(f"{name}: {reply.said}")


def _judge(code: int, r1: tuple[int, ...], data: bytes) -> Reply:
    if code:
        said = f"errno {code} ({errno.errorcode.get(code, 'unknown')})"
        return Reply(is_ok=False, said=said, is_unsent=code in _UNSENT)
    errors = _errors_in(r1)
    return Reply(is_ok=not errors, said=_told(errors), r1=r1, data=data)


def _errors_in(r1: Sequence[int]) -> int:
    found = 0
    for one in r1:
        found |= one
    return found & sum(1 << bit for bit in _ERRORS)


def _told(errors: int) -> str:
    return ", ".join(words for bit, words in _ERRORS.items() if errors >> bit & 1) or "no error"
