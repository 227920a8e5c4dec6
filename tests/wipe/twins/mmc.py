"""A simulated eMMC behind the kernel's ioctls: EXT_CSD, ERASE, SANITIZE, secure discard, boot areas, and faults.

It reads the very bytes of struct mmc_ioc_cmd, through a layout of its own. What is erased leaves the user area at once
and stays in the chip's reserve until SANITIZE: `reserve_secrets` is the truth that no reading shows.
"""

import ctypes
import errno
from dataclasses import dataclass, field
from typing import Literal

SECTOR = 512
SECRET = b"PAYROLL-1987"
Moment = Literal["before", "during", "after"]
GROUP = 512 << 10
EXT_CSD, STATUS, SWITCH, START, END, ERASE = 8, 13, 6, 35, 36, 38
TRANSFER, PROGRAMMING = 4, 7
ILLEGAL, SKIPPED, SEQUENCE, SWITCH_ERROR = 1 << 22, 1 << 15, 1 << 28, 1 << 7


class PowerCut(BaseException):
    """The lights went out; no `except Exception` may hide it."""


class Command(ctypes.Structure):
    """struct mmc_ioc_cmd (include/uapi/linux/mmc/ioctl.h)."""

    _fields_ = [
        ("write_flag", ctypes.c_int), ("is_acmd", ctypes.c_int), ("opcode", ctypes.c_uint32), ("arg", ctypes.c_uint32),
        ("response", ctypes.c_uint32 * 4), ("flags", ctypes.c_uint), ("blksz", ctypes.c_uint),
        ("blocks", ctypes.c_uint), ("postsleep_min_us", ctypes.c_uint), ("postsleep_max_us", ctypes.c_uint),
        ("data_timeout_ns", ctypes.c_uint), ("cmd_timeout_ms", ctypes.c_uint), ("pad", ctypes.c_uint32),
        ("data_ptr", ctypes.c_uint64),
    ]  # fmt: skip


assert ctypes.sizeof(Command) == 72
FLAGS = {EXT_CSD: 0xB5, STATUS: 0x95, START: 0x95, END: 0x95, ERASE: 0x49D, SWITCH: 0x49D}


@dataclass(kw_only=True)
class Faults:
    does_nothing: bool = False  # every command answered well
    keeps_reserve: bool = False  # SANITIZE answered well, reserve not emptied: nothing can show it
    skips_at: int | None = None  # the n-th piece is write-protected in part
    late_error_at: int | None = None  # error of the n-th piece, only in the next status
    late_while_busy: bool = False  # that error shows beside "at work", once
    illegal: bool = False  # to erase commands
    errno_at: tuple[int, int] | None = None  # (n-th piece, errno)
    no_sanitize: int | None = None  # errno
    switch_error: bool = False
    busy_for: int = 0  # statuses
    busy_first: int = 0  # statuses, before anything was sent
    error_first: bool = False
    stuck: bool = False  # busy for ever after the first piece
    bad_ext_csd: bool = False
    ext_csd_errno: int | None = None
    gone_after: int | None = None


@dataclass(kw_only=True)
class MmcTwin:
    size_bytes: int = 10 * GROUP
    kind: str = "MMC"
    serial: str = "0x1a2b3c4d"
    name: str = "TWINMC"
    disk: str = "mmcblk0"
    features: int = 0x55  # SANITIZE, GB_CL, BD_BLK, SEC_ER
    revision: int = 8
    boot_mult: int = 1
    boots: dict[str, bytes] | None = None  # None: blank ones
    gp_mult: int = 0
    user_wp: int = 0
    in_groups: bool = True
    erase_mult: int = 1
    told_sectors: int | None = None
    faults: Faults = field(default_factory=Faults)
    cut_at: tuple[int, Moment] | None = None

    def __post_init__(self) -> None:
        self.memory = bytearray(self.size_bytes)
        for at in range(0, self.size_bytes, GROUP // 2):
            self.memory[at : at + len(SECRET)] = SECRET
        self.reserve_secrets = 0
        self.sent: list[tuple[int, int]] = []  # opcode and argument
        self.calls: list[int] = []  # ioctl numbers
        self.pieces = self.sanitized = 0
        self.erased: set[int] = set()  # groups since power-on of the last whole run
        self.timeouts: list[int] = []
        self.busy, self.late = self.faults.busy_first, ILLEGAL if self.faults.error_first else 0
        self.is_on = True
        if self.boots is None:
            blank = bytes(self.boot_mult * (128 << 10))
            self.boots = {f"{self.disk}boot{number}": blank for number in (0, 1)} if self.boot_mult else {}

    @property
    def secrets_left(self) -> int:
        return self.memory.count(SECRET)

    @property
    def is_closed(self) -> bool:
        return False

    def power_on(self) -> None:
        self.is_on, self.cut_at = True, None
        self.busy = self.late = 0

    # --- the kernel's side --------------------------------------------------------------------------------------------

    def sysfs(self, attribute: str) -> str | None:
        told = {"type": self.kind, "serial": self.serial, "name": self.name, "rca": "0x0001"}
        return told.get(attribute) if not self._is_gone else None

    def read_area(self, name: str) -> bytes | None:
        assert self.boots is not None
        return self.boots.get(name)

    @property
    def _is_gone(self) -> bool:
        return self.faults.gone_after is not None and len(self.calls) > self.faults.gone_after

    def ioctl(self, fd: int, request: int, buffer: bytearray) -> int:
        assert self.is_on, "a command to a chip without power"
        moment = None
        if self.cut_at is not None:
            left, when = self.cut_at
            self.cut_at = (left - 1, when)
            moment = when if left == 0 else None
        if moment == "before":
            self._dark()
        self.calls.append(request)
        if self._is_gone:
            raise OSError(errno.ENODEV, "gone")
        self._call(request, buffer, is_cut=moment == "during")
        if moment is not None:
            self._dark()
        return 0

    def _dark(self) -> None:
        self.is_on = False
        raise PowerCut

    def _call(self, request: int, buffer: bytearray, *, is_cut: bool) -> None:
        if request == 0x127D:
            start, length = (int.from_bytes(buffer[at : at + 8], "little") for at in (0, 8))
            self._secure_discard(start, length, is_cut=is_cut)
        elif request == 0xC048B300:
            self._obey(Command.from_buffer(buffer), is_cut=is_cut)
        else:
            assert request == 0xC008B301, hex(request)
            count = int.from_bytes(buffer[:8], "little")
            assert len(buffer) == 8 + 72 * count
            commands = [Command.from_buffer(buffer, 8 + 72 * place) for place in range(count)]
            assert [one.opcode for one in commands] == [START, END, ERASE]
            self._erase(commands, is_cut=is_cut)

    def _obey(self, one: Command, *, is_cut: bool) -> None:
        self.sent.append((one.opcode, one.arg))
        assert one.flags == FLAGS[one.opcode] and not one.is_acmd
        if one.opcode == EXT_CSD:
            assert self.kind == "MMC", "on an SD card this is another command"
            assert (one.blksz, one.blocks, one.write_flag) == (512, 1, 0)
            if self.faults.ext_csd_errno:
                raise OSError(self.faults.ext_csd_errno, "no")
            ctypes.memmove(one.data_ptr, self._ext_csd(), 512)
            one.response[0] = TRANSFER << 9
        elif one.opcode == STATUS:
            assert one.arg == 1 << 16
            one.response[0] = self._status()
        else:
            assert (one.opcode, one.arg) == (SWITCH, 0x03A50101) and one.cmd_timeout_ms >= 240_000
            self._sanitize(is_cut=is_cut)  # the kernel does it itself, and hands back no response

    def _status(self) -> int:
        if self.faults.stuck and self.pieces:
            return PROGRAMMING << 9
        if self.busy:
            self.busy -= 1
            late, self.late = (self.late, 0) if self.faults.late_while_busy else (0, self.late)
            return late | PROGRAMMING << 9
        late, self.late = self.late, 0
        return late | TRANSFER << 9 | 1 << 8

    def _ext_csd(self) -> bytes:
        if self.faults.bad_ext_csd:
            return bytes(512)
        page = bytearray(512)
        sectors = self.told_sectors or self.size_bytes // SECTOR
        page[143] = self.gp_mult
        page[168], page[171], page[175] = 4, self.user_wp, int(self.in_groups)
        page[192], page[194] = self.revision, 2
        page[212:216] = sectors.to_bytes(4, "little")
        page[221], page[223], page[224] = 2, self.erase_mult, 1
        page[226], page[231] = self.boot_mult, self.features
        return bytes(page)

    # --- erasing ------------------------------------------------------------------------------------------------------

    def _erase(self, commands: list[Command], *, is_cut: bool) -> None:
        for one in commands:
            self.sent.append((one.opcode, one.arg))
            assert one.flags == FLAGS[one.opcode] and one.write_flag
            one.response[0] = TRANSFER << 9
        first, last = commands[0].arg, commands[1].arg
        assert commands[2].arg == 0 and commands[2].cmd_timeout_ms >= 60_000
        self.timeouts.append(commands[2].cmd_timeout_ms)
        self._check_piece(commands[2])
        scale = 1 if self.size_bytes <= 2 << 30 else SECTOR
        if commands[2].response[0] & ILLEGAL:
            return
        self._wipe(first * scale // GROUP, last * scale // GROUP, is_cut=is_cut)

    def _check_piece(self, one: Command | None) -> None:
        faults, number = self.faults, self.pieces
        self.pieces += 1
        if faults.errno_at is not None and faults.errno_at[0] == number:
            raise OSError(faults.errno_at[1], "piece")
        if one is not None and faults.illegal:
            one.response[0] |= ILLEGAL
        if one is not None and faults.skips_at == number:
            one.response[0] |= SKIPPED
        if faults.late_error_at == number:
            self.late = SEQUENCE

    def _wipe(self, first: int, last: int, *, is_cut: bool) -> None:
        assert first <= last < self.size_bytes // GROUP
        if self.faults.does_nothing:
            return
        if is_cut:
            last = (first + last) // 2
        at, end = first * GROUP, (last + 1) * GROUP
        self.reserve_secrets += self.memory[at:end].count(SECRET)
        self.memory[at:end] = bytes(end - at)
        self.erased.update(range(first, last + 1))
        self.busy = self.faults.busy_for

    def _sanitize(self, *, is_cut: bool) -> None:
        if self.faults.no_sanitize is not None:
            raise OSError(self.faults.no_sanitize, "sanitize")
        if not self.features & 0x40:
            raise OSError(errno.EOPNOTSUPP, "sanitize")
        if self.faults.switch_error:
            self.late, self.busy = SWITCH_ERROR, self.faults.busy_for
            return
        if is_cut or self.faults.does_nothing or self.faults.keeps_reserve:
            return
        self.reserve_secrets = 0
        self.sanitized += 1

    def _secure_discard(self, start: int, length: int, *, is_cut: bool) -> None:
        assert start % SECTOR == length % SECTOR == 0 and length
        if not self.features & 1 or self.faults.illegal:
            raise OSError(errno.EOPNOTSUPP, "discard")
        self._check_piece(None)
        before = self.reserve_secrets
        self._wipe(start // GROUP, (start + length - 1) // GROUP, is_cut=is_cut)
        if not is_cut:
            self.reserve_secrets = before
