"""A simulated SAS disk over memory: INQUIRY, capacity, SANITIZE and FORMAT UNIT as state machines, and faults.

It answers an `sg.Send`. The bits are written here a second time, from SPC-5 and SBC-4. A `PowerCut` can be asked for at
any command; then `power_on()` and a new family go on with the same disk. `secrets_left` is the truth behind it all.
"""

import errno
from dataclasses import dataclass, field
from typing import Literal

from agent.wipe.sg import Answer

SECTOR = 512
SECRET = b"PAYROLL-1987"
Moment = Literal["before", "during", "after"]
SANITIZE, FORMAT = 0x48, 0x04
STEP = 0x4000  # of 10000h, at every look at a running disk


class PowerCut(BaseException):
    """The lights went out; no `except Exception` may hide it."""


@dataclass(kw_only=True)
class Faults:
    does_nothing: bool = False  # GOOD, and never at work
    liar: bool = False  # runs, ends, erased nothing
    no_sense_while_running: bool = False  # REQUEST SENSE does not tell
    ready_while_running: bool = False  # TEST UNIT READY does not tell
    stuck_at: int | None = None
    fails_at: int | None = None
    refuses_but_runs: bool = False
    refuses: tuple[int, int, int] | None = None  # sense key, ASC, ASCQ to every erase command
    busy: bool = False
    loses_answer: bool = False  # errno EIO to an erase command, which runs
    loses_command: bool = False  # errno EIO to an erase command, which does not
    host_error: bool = False
    kernel_refuses: bool = False
    wrong_key: bool = False  # "in progress" under HARDWARE ERROR
    deferred: bool = False  # sense data of the deferred kind
    garbled_after: int | None = None  # sense data nobody understands, from that many looks on
    garbled_looks: int = 1 << 30  # for so many of them
    residual: int | None = None  # told instead of the true one
    zeros_for: frozenset[int] = frozenset()  # opcodes answered GOOD with zeros
    aborts_for: frozenset[int] = frozenset()  # opcodes answered ILLEGAL REQUEST
    is_fixed_format: bool = False
    attentions: int = 0  # now
    attentions_at_power_on: int = 0
    forgets: bool = False  # a power cut ends its erase silently
    stays_failed: bool = False  # even after EXIT FAILURE MODE
    gone_after: int | None = None


@dataclass(kw_only=True)
class ScsiTwin:
    blocks: int = 64
    is_ssd: bool = True
    has_rotation: bool = True  # VPD page B1h
    is_short_page: bool = False  # of an older disk: it ends after the rate
    wabereq: int = 0
    wacereq: int = 0
    device_type: int = 0
    serial: str = "SASTWIN1"
    product: str = "Rebond SAS twin"
    offers: tuple[int, ...] = (1, 2, 3)  # service actions of SANITIZE
    has_format: bool = True
    has_rsoc: bool = True
    has_ause: bool = True
    has_immed: bool = True
    has_protection: bool = False
    told_blocks: int | None = None  # READ CAPACITY, when it is not `blocks`
    faults: Faults = field(default_factory=Faults)
    cut_at: tuple[int, Moment] | None = None  # the n-th command from now (0 is the next)

    def __post_init__(self) -> None:
        self.memory = bytearray((SECRET * 43)[:SECTOR] * self.blocks)
        self.sent: list[bytes] = []
        self.erases: list[bytes] = []  # CDBs of SANITIZE and FORMAT UNIT that really began
        self.ended = 0
        self.data_out: list[bytes] = []
        self.state: Literal["idle", "sanitizing", "formatting", "failed", "corrupted"] = "idle"
        self.progress, self.can_exit, self.looks = 0, False, 0
        self.is_on = True
        self._after = 0  # of the last erase

    @property
    def secrets_left(self) -> int:
        return self.memory.count(SECRET)

    @property
    def size_bytes(self) -> int:
        return self.blocks * SECTOR

    @property
    def is_closed(self) -> bool:
        return self.state != "idle"

    @property
    def is_unreadable(self) -> bool:
        """Reads give MEDIUM ERROR until something was written."""
        return self._after in (2, 3)

    def written(self) -> None:
        self._after = 0

    def power_on(self) -> None:
        self.is_on, self.cut_at = True, None
        self.faults.attentions = self.faults.attentions_at_power_on
        if self.state in ("sanitizing", "formatting") and self.faults.forgets:
            self.state = "idle"
        if self.state == "formatting":
            self.state = "corrupted"  # a format does not go on by itself (SBC-4, 4.33)

    # --- the wire -----------------------------------------------------------------------------------------------------

    def send(self, fd: int, cdb: bytes, *, data_out: bytes = b"", length_in: int = 0, timeout_s: int) -> Answer:
        assert self.is_on, "a command to a disk without power"
        assert len(cdb) == {0: 6, 1: 10, 2: 10, 4: 16, 5: 12}[cdb[0] >> 5], "the length belongs to the opcode's group"
        assert timeout_s > 0 and not (data_out and length_in)
        moment = None
        if self.cut_at is not None:
            left, when = self.cut_at
            self.cut_at = (left - 1, when)
            moment = when if left == 0 else None
        if moment == "before":
            self._dark()
        self.sent.append(cdb)
        if self.faults.gone_after is not None and len(self.sent) > self.faults.gone_after:
            return self._answer(host_status=1)
        answer = self._obey(cdb, data_out, length_in)
        if moment == "during" and self.state == "sanitizing":
            self._wipe(upto=len(self.memory) // 2)
        if moment in ("during", "after"):
            self._dark()
        return answer

    def _dark(self) -> None:
        self.is_on = False
        raise PowerCut

    def _answer(self, data: bytes = b"", length_in: int = 0, **fields: int | bytes | None) -> Answer:
        told: dict[str, object] = {
            "status": 0, "host_status": 0, "driver_status": 0, "sense": b"", "errno": None,
            "data": data[:length_in].ljust(length_in, b"\0"), "residual": max(0, length_in - len(data)),
        }  # fmt: skip
        if self.faults.residual is not None and length_in:
            told["residual"] = self.faults.residual
        return Answer(**{**told, **fields})  # type: ignore[arg-type] # the fields of one dataclass

    def _check(self, key: int, asc: int, ascq: int, progress: int | None = None) -> Answer:
        return self._answer(status=2, driver_status=8, sense=self._sense(key, asc, ascq, progress))

    def _sense(
        self, key: int, asc: int, ascq: int, progress: int | None = None, *, with_descriptors: bool = True
    ) -> bytes:
        if self.faults.is_fixed_format or not with_descriptors:
            form = 0x71 if self.faults.deferred else 0x70
            specific = b"\x80" + progress.to_bytes(2, "big") if progress is not None else bytes(3)
            return bytes((form, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq, 0)) + specific
        descriptor = b"\x02\x06\0\0\x80" + progress.to_bytes(2, "big") + b"\0" if progress is not None else b""
        form = 0x73 if self.faults.deferred else 0x72
        return bytes((form, key, asc, ascq, 0, 0, 0, len(descriptor))) + descriptor

    def _obey(self, cdb: bytes, data_out: bytes, length_in: int) -> Answer:
        opcode, action = cdb[0], cdb[1] & 0x1F
        if opcode in self.faults.aborts_for:
            return self._check(5, 0x20, 0)
        if opcode in self.faults.zeros_for:
            return self._answer(b"", length_in, residual=0)
        if opcode == 0x12:
            return self._inquiry(cdb, length_in)
        if opcode == 0x03:
            return self._request_sense(cdb, length_in)
        if self.faults.attentions:
            self.faults.attentions -= 1
            return self._check(6, 0x29, 0)
        if opcode == 0x00:
            return self._test_unit_ready()
        if (opcode, action) == (0x9E, 0x10):
            return self._read_capacity(length_in)
        if (opcode, action) == (0xA3, 0x0C) and self.has_rsoc:
            return self._supports(cdb, length_in)
        if opcode in (SANITIZE, FORMAT):
            return self._erase(cdb, data_out)
        return self._check(5, 0x20, 0)

    def _inquiry(self, cdb: bytes, length_in: int) -> Answer:
        if not cdb[1] & 1:
            head = (
                bytes((self.device_type, 0, 7, 2, 91, self.has_protection, 0, 2))
                + b"REBOND  "
                + self.product.encode().ljust(16)
            )
            return self._answer((head + b"0001").ljust(96, b"\0"), length_in)
        if cdb[2] == 0x80:
            return self._answer(bytes((0, 0x80, 0, len(self.serial))) + self.serial.encode(), length_in)
        if cdb[2] == 0xB1 and self.has_rotation:
            rate = 1 if self.is_ssd else 7200
            if self.is_short_page:
                return self._answer(bytes((0, 0xB1, 0, 2)) + rate.to_bytes(2, "big"), length_in)
            after = bytes((0, self.wabereq << 6 | self.wacereq << 4 | 0x03))
            return self._answer(bytes((0, 0xB1, 0, 60)) + rate.to_bytes(2, "big") + after + bytes(56), length_in)
        return self._check(5, 0x24, 0)

    def _read_capacity(self, length_in: int) -> Answer:
        if self.is_closed:
            return self._test_unit_ready()
        last = (self.told_blocks or self.blocks) - 1
        data = last.to_bytes(8, "big") + SECTOR.to_bytes(4, "big") + bytes((int(self.has_protection),)) + bytes(19)
        return self._answer(data, length_in)

    def _supports(self, cdb: bytes, length_in: int) -> Answer:
        option, opcode, action = cdb[2] & 7, cdb[3], int.from_bytes(cdb[4:6], "big")
        if opcode == SANITIZE and option == 2 and action in self.offers:
            bits = action | (0x80 if self.has_immed else 0) | (0x20 if self.has_ause else 0)
            usage = bytes((SANITIZE, bits, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0))
        elif opcode == FORMAT and option == 1 and self.has_format:
            usage = bytes((FORMAT, 0xFF if self.has_immed else 0xEF, 0, 0, 0, 0))
        else:
            return self._answer(bytes((0, 1, 0, 0)), length_in)
        return self._answer(bytes((0, 3, 0, len(usage))) + usage, length_in)

    # --- how it stands ------------------------------------------------------------------------------------------------

    def _told(self) -> tuple[int, int, int, int | None] | None:
        if self.state == "idle":
            return None
        if self.state in ("failed", "corrupted"):
            return 3, 0x31, 3 if self.state == "failed" else 0, None
        code = 0x1B if self.state == "sanitizing" else 0x04
        return 4 if self.faults.wrong_key else 2, 0x04, code, self.progress

    def _request_sense(self, cdb: bytes, length_in: int) -> Answer:
        with_descriptors = bool(cdb[1] & 1)
        if with_descriptors and self.faults.is_fixed_format:
            return self._check(5, 0x24, 0)
        if self.faults.attentions:
            self.faults.attentions -= 1
            return self._answer(self._sense(6, 0x29, 0, with_descriptors=with_descriptors), length_in)
        self._step()
        self.looks += 1
        after = self.faults.garbled_after
        if after is not None and after < self.looks <= after + self.faults.garbled_looks:
            return self._answer(b"\x7f" + bytes(17), length_in)
        told = self._told()
        hides = self.faults.no_sense_while_running and self.state in ("sanitizing", "formatting")
        found = self._sense(*told, with_descriptors=with_descriptors) if told and not hides else None
        return self._answer(found or self._sense(0, 0, 0, with_descriptors=with_descriptors), length_in)

    def _test_unit_ready(self) -> Answer:
        told = self._told()
        hides = self.faults.ready_while_running and self.state in ("sanitizing", "formatting")
        return self._check(*told) if told and not hides else self._answer()

    def _step(self) -> None:
        if self.state not in ("sanitizing", "formatting"):
            return
        if self.faults.stuck_at is not None and self.progress >= self.faults.stuck_at:
            return
        self.progress = min(0xFFFF, self.progress + STEP)
        if self.faults.fails_at is not None and self.progress >= self.faults.fails_at:
            self.state = "failed" if self.state == "sanitizing" else "corrupted"
        elif self.progress == 0xFFFF:
            self._end()

    def _end(self) -> None:
        self.state = "idle"
        action = self.erases[-1][1] & 0x1F if self.erases and self.erases[-1][0] == SANITIZE else 0
        self._after = {2: self.wabereq, 3: self.wacereq}.get(action, 0)
        if not self.faults.liar:
            self._wipe()
        self.ended += 1

    def _wipe(self, upto: int | None = None) -> None:
        upto = len(self.memory) if upto is None else upto
        self.memory[:upto] = bytes(upto)

    # --- erasing ------------------------------------------------------------------------------------------------------

    def _erase(self, cdb: bytes, data_out: bytes) -> Answer:
        faults, action = self.faults, cdb[1] & 0x1F
        if faults.kernel_refuses:
            return self._answer(errno=errno.EPERM)
        if faults.host_error:
            return self._answer(host_status=7)
        if faults.loses_command:
            return self._answer(errno=errno.EIO)
        if faults.busy:
            return self._answer(status=8)
        if cdb[0] == SANITIZE and action == 0x1F:
            return self._exit_failure()
        if faults.refuses is not None:
            return self._check(*faults.refuses)
        if self.state in ("sanitizing", "formatting"):
            told = self._told()
            assert told is not None
            return self._check(*told)
        if not self._is_well_formed(cdb, data_out):
            return self._check(5, 0x24, 0)
        self.data_out.append(data_out)
        if faults.does_nothing:
            return self._answer()
        self.erases.append(cdb)
        self.state, self.progress = "sanitizing" if cdb[0] == SANITIZE else "formatting", 0
        self.can_exit = bool(cdb[1] & 0x20)
        if faults.loses_answer:
            return self._answer(errno=errno.EIO)
        return self._check(5, 0x20, 0) if faults.refuses_but_runs else self._answer()

    def _is_well_formed(self, cdb: bytes, data_out: bytes) -> bool:
        action = cdb[1] & 0x1F
        if cdb[0] == FORMAT:
            is_immed = bool(cdb[1] & 0x10) and len(data_out) == 4 and data_out[1] == 0x02
            return self.has_format and is_immed and self.state != "failed"
        if action not in self.offers or not cdb[1] & 0x80 or (cdb[1] & 0x20 and not self.has_ause):
            return False
        length = int.from_bytes(cdb[7:9], "big")
        if length != len(data_out):
            return False
        if action != 1:
            return length == 0
        pattern = int.from_bytes(data_out[2:4], "big")
        return data_out[0] & 0x1F >= 1 and 1 <= pattern <= SECTOR and length == 4 + pattern

    def _exit_failure(self) -> Answer:
        if self.state == "failed" and self.can_exit:
            if not self.faults.stays_failed:
                self.state = "idle"
            return self._answer()
        return self._check(5, 0x24, 0)
