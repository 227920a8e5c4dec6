"""A simulated Opal drive behind the kernel's ioctls: the lock's state machine, a count of wrong PSIDs, and faults."""

import errno
from dataclasses import dataclass, field
from typing import Literal

SECRET = b"PAYROLL-1987"
PSID = b"0123456789ABCDEFGHJKLMNPQRSTUVWX"
Moment = Literal["before", "during", "after"]
TRIES = 5


class PowerCut(BaseException):
    """The lights went out; no `except Exception` may hide it."""


@dataclass(kw_only=True)
class Faults:
    does_nothing: bool = False  # the revert answered well
    keeps_lock: bool = False  # data gone, the lock still set up
    loses_answer: bool = False  # EIO, and done
    loses_command: bool = False  # EIO, and not done
    status_errno: int | None = None
    status_after: int | None = None  # errno, once reverted
    revert_errno: int | None = None
    method_status: int | None = None
    wrong_as_errno: bool = False  # EPERM, as when the session has no number
    gone_after: int | None = None


@dataclass(kw_only=True)
class OpalTwin:
    locking: Literal["off", "open", "closed"] = "closed"
    has_opal: bool = True
    shadow: bool = False  # a start-up area before the disk, not "done"
    psid: bytes = PSID
    faults: Faults = field(default_factory=Faults)
    cut_at: tuple[int, Moment] | None = None

    def __post_init__(self) -> None:
        self.memory = bytearray(SECRET * 100)
        self.calls: list[int] = []
        self.seen: list[bytes] = []  # every key that was sent
        self.wrong = self.reverts = 0
        self.is_on = True

    @property
    def secrets_left(self) -> int:
        return self.memory.count(SECRET)

    @property
    def size_bytes(self) -> int:
        return len(self.memory)

    @property
    def is_closed(self) -> bool:
        return self.locking == "closed"

    def power_on(self) -> None:
        self.is_on, self.cut_at, self.wrong = True, None, 0
        if self.locking == "open":
            self.locking = "closed"

    def ioctl(self, fd: int, request: int, buffer: bytearray) -> int:
        assert self.is_on, "a command to a drive without power"
        moment = None
        if self.cut_at is not None:
            left, when = self.cut_at
            self.cut_at = (left - 1, when)
            moment = when if left == 0 else None
        if moment == "before":
            self._dark()
        self.calls.append(request)
        if self.faults.gone_after is not None and len(self.calls) > self.faults.gone_after:
            raise OSError(errno.ENODEV, "gone")
        try:
            result = self._obey(request, buffer)
        finally:
            if moment is not None:
                self._dark()
        return result

    def _dark(self) -> None:
        self.is_on = False
        raise PowerCut

    def _obey(self, request: int, buffer: bytearray) -> int:
        if not self.has_opal:
            raise OSError(errno.EOPNOTSUPP, "no opal")
        if request == (2 << 30 | 8 << 16 | ord("p") << 8 | 236):
            return self._status(buffer)
        assert request == (1 << 30 | 264 << 16 | ord("p") << 8 | 232) and len(buffer) == 264
        lr, length, kind = buffer[:3]
        assert (lr, kind) == (0, 0) and not any(buffer[3:8]) and not any(buffer[8 + length :])
        return self._revert(bytes(buffer[8 : 8 + length]))

    def _status(self, buffer: bytearray) -> int:
        faults = self.faults
        code = faults.status_after if self.reverts and faults.status_after else faults.status_errno
        if code:
            raise OSError(code, "status")
        flags = 0x03 | (0x04 if self.locking != "off" else 0) | (0x08 if self.locking == "closed" else 0)
        flags |= 0x10 if self.shadow else 0
        buffer[:8] = flags.to_bytes(4, "little") + bytes(4)
        return 0

    def _revert(self, key: bytes) -> int:
        self.seen.append(key)
        faults = self.faults
        if faults.revert_errno:
            raise OSError(faults.revert_errno, "revert")
        if faults.method_status:
            return faults.method_status
        if self.wrong >= TRIES:
            return 0x12
        if key != self.psid:
            self.wrong += 1
            if faults.wrong_as_errno:
                raise OSError(errno.EPERM, "revert")
            return 0x01
        if faults.loses_command:
            raise OSError(errno.EIO, "revert")
        if not faults.does_nothing:
            self.memory[:] = bytes((at * 167 + 13) % 251 for at in range(len(self.memory)))  # another key: noise
            self.locking = self.locking if faults.keeps_lock else "off"
            self.shadow = False
            self.reverts += 1
        if faults.loses_answer:
            raise OSError(errno.EIO, "revert")
        return 0
