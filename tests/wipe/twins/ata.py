"""A simulated ATA disk over memory: HPA/DCO/AMA, the security and sanitize state machines, and faults.

It answers an `sg.Send` with what libata's SAT layer would hand back. A `PowerCut` can be asked for at any command; then
`power_on()` and a new family go on with the same disk. `secrets_left` is the truth that no answer can hide.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from agent.wipe.sg import Answer
from tests.wipe.twins.smart import FAILING, KEYS, Smart

SECTOR = 512
SECRET = b"PAYROLL-1987"
ABORT_STATUS = (0x51, 0x04)
GOOD = (0x50, 0x00)
Moment = Literal["before", "during", "after"]


class PowerCut(BaseException):
    """The lights went out; no `except Exception` may hide it."""


@dataclass(kw_only=True)
class Faults:
    freezes_after: int | None = None  # security frozen after this many commands
    frozen_at_boot: bool = False
    sanitize_frozen: bool = False
    sanitize_stuck_at: int | None = None
    sanitize_fails_at: int | None = None
    stays_failed: bool = False  # even after CLEAR SANITIZE OPERATION FAILED
    failure_reason: int = 1  # LBA 7:0 with which a failed one is told
    forgets_sanitize: bool = False  # a power cut ends it silently
    acks_only: bool = False  # a liar: says done, erased nothing
    ignores: bool = False  # acknowledges and does nothing at all
    erase_fails: bool = False  # SECURITY ERASE UNIT stops half-way with an error
    erase_times_out: bool = False
    keeps_password: bool = False  # after an erase that worked
    ignores_password: bool = False  # SET PASSWORD acknowledged and forgotten
    refuses: frozenset[int] = frozenset()  # opcodes that are aborted
    no_registers: bool = False
    no_registers_for: frozenset[int] = frozenset()
    is_fixed_format: bool = False
    error_form: Literal["libata", "libata-old", "descriptor"] = "libata"  # how the kernel hands back a failure
    wrong_sense: bool = False  # good registers under sense key ILLEGAL REQUEST
    bad_checksum: bool = False
    bad_dco_checksum: bool = False
    zeros_for: frozenset[int] = frozenset()  # opcodes that "succeed" with zeros everywhere, as hdparm's bridges did
    gone_after: int | None = None


@dataclass(kw_only=True)
class AtaTwin:
    native: int = 64  # sectors that exist
    visible: int = 64
    dco_max: int | None = None  # sectors, when a DCO hides some
    is_ssd: bool = True
    sanitizes: tuple[str, ...] = ("block", "crypto", "overwrite")
    has_security: bool = True
    has_enhanced: bool = True
    has_hpa: bool = True
    has_dco: bool = True
    has_ama: bool = False
    has_48bit: bool = True
    time_word: int = 0x8005  # 89 and 90: ten minutes, extended format
    serial: str = "TWIN0001"
    model: str = "Rebond ATA twin"
    password: bytes | None = None
    smart: Smart | None = None
    faults: Faults = field(default_factory=Faults)
    cut_at: tuple[int, Moment] | None = None  # the n-th command from now (0 is the next)

    def __post_init__(self) -> None:
        self.memory = bytearray((SECRET * 43)[:SECTOR] * self.native)
        self.kept_visible = self.visible
        self.accessible = self.visible if self.has_ama else self.native
        self.sent: list[int] = []
        self.seen_passwords: list[bytes] = []  # every user password that was ever in force
        self.max_wrong = 5
        self.completed = False  # the sanitize bit, which lasts
        self.sanitize: Literal["idle", "running", "failed"] = "idle"
        self.kind, self.done, self.failure_mode = "", 0, False
        self.began = 0  # sanitize and security erases that really ran
        self.ended_lying = False
        self.timeouts: dict[int, int] = {}
        self.kernel: Literal["follows", "keeps-old-size", "lets-go"] = "follows"  # after a change of size
        self.is_on = True
        self.power_on()

    def power_on(self) -> None:
        self.is_on = True
        self.visible = min(self.kept_visible, self.ceiling)
        self.locked = self.password is not None
        self.frozen = self.faults.frozen_at_boot
        self.expired, self.wrong, self.last = False, 0, -1
        if self.sanitize == "running" and self.faults.forgets_sanitize:
            self.sanitize = "idle"

    @property
    def ceiling(self) -> int:
        """The most that SET MAX can reach."""
        return min(self.dco_max or self.native, self.native)

    @property
    def secrets_left(self) -> int:
        return self.memory.count(SECRET)

    @property
    def size_bytes(self) -> int:
        return self.visible * SECTOR

    # --- the wire -----------------------------------------------------------------------------------------------------

    def send(self, fd: int, cdb: bytes, *, data_out: bytes = b"", length_in: int = 0, timeout_s: int) -> Answer:
        assert self.is_on, "a command to a disk without power"
        asks_registers = bool(cdb[2] & 0x20)
        assert len(cdb) == 16 and cdb[0] == 0x85 and (asks_registers or cdb[14] in (0xB0, 0xEC)), "CK_COND"
        is_ext = bool(cdb[1] & 1)
        protocol = cdb[1] >> 1 & 0xF
        assert protocol == (4 if length_in else 5 if data_out else 3)
        assert not data_out or len(data_out) == SECTOR
        opcode, feature = cdb[14], cdb[4] | cdb[3] << 8
        count = cdb[6] | cdb[5] << 8
        lba = cdb[8] | cdb[10] << 8 | cdb[12] << 16
        lba |= cdb[7] << 24 | cdb[9] << 32 | cdb[11] << 40 if is_ext else (cdb[13] & 0xF) << 24
        moment = None
        if self.cut_at is not None:
            left, when = self.cut_at
            self.cut_at = (left - 1, when)
            moment = when if left == 0 else None
        if moment == "before":
            self._dark()
        self.timeouts[opcode] = timeout_s
        if moment == "during":
            if opcode == 0xF4 and self._may_erase(data_out):
                self._wipe(upto=len(self.memory) // 2)
            self._dark()
        self.sent.append(opcode)
        if self.faults.freezes_after is not None and len(self.sent) > self.faults.freezes_after:
            self.frozen = True
        if self.faults.gone_after is not None and len(self.sent) > self.faults.gone_after:
            return Answer(status=0, host_status=1, driver_status=0, sense=b"", data=b"", errno=None, residual=0)
        answer = self._answer(opcode, feature, count, lba, is_ext, data_out)
        if not asks_registers and answer.sense[2 if self.faults.is_fixed_format else 1 :][:1] == b"\x01":
            answer = replace(answer, status=0, sense=b"")  # nothing went wrong, nothing was asked
        self.last = opcode
        if moment == "after":
            self._dark()
        return answer

    def _dark(self) -> None:
        self.is_on, self.cut_at = False, None
        raise PowerCut

    def _answer(self, opcode: int, feature: int, count: int, lba: int, is_ext: bool, data: bytes) -> Answer:
        if opcode in self.faults.zeros_for:
            return self._sense(GOOD, 0, 0, is_ext, bytes(SECTOR) if opcode in (0xEC, 0xB1) else b"")
        if opcode in self.faults.refuses:
            return self._abort(is_ext)
        if self.sanitize == "running" and opcode not in (0xB4, 0xEC):
            return self._abort(is_ext)
        if opcode == 0xEC:
            return self._sense(GOOD, 1, 0, is_ext, self.identify_data())
        if opcode == 0xB0:
            return self._smart(feature, lba, is_ext)
        if opcode == 0xB4:
            return self._sanitize(feature, count, lba, is_ext)
        if opcode in (0xF1, 0xF2, 0xF3, 0xF4, 0xF6):
            return self._security(opcode, data, is_ext)
        return self._hidden(opcode, feature, count, lba, is_ext)

    def _sense(self, registers: tuple[int, int], count: int, lba: int, is_ext: bool, data: bytes = b"") -> Answer:
        """Sense data as libata makes them: RECOVERED ERROR 00/1D when well, ABORTED COMMAND otherwise."""
        status, error = registers
        key, asc, ascq = (1, 0x00, 0x1D) if not status & 1 else (0x0B, 0x00, 0x00)
        if self.faults.wrong_sense:
            key, asc, ascq = 5, 0x20, 0x00
        device = 0x40 | (0 if is_ext else lba >> 24 & 0xF)
        if status & 1 and self.faults.error_form != "descriptor":
            # libata forces descriptor format for success only; with D_SENSE=0 failures are fixed, their ASC translated.
            asc_of = (0x0B, 0x00, 0x00) if self.faults.error_form == "libata-old" else (0x05, 0x21, 0x04)
            head = (0x70, 0, asc_of[0], 0, 0, 0, 0, 10) if self.faults.error_form == "libata-old" else (
                0xF0, 0, asc_of[0], error, status, device, count & 0xFF, 10)  # fmt: skip
            tail = (error, status, device, count & 0xFF, *asc_of[1:], 0, 0, 0, lba & 0xFF)
            if self.faults.error_form == "libata":
                tail = (0, lba & 0xFF, lba >> 8 & 0xFF, lba >> 16 & 0xFF, *asc_of[1:], 0, 0, 0, 0)
            sense = bytes(part & 0xFF for part in (*head, *tail))
        elif self.faults.is_fixed_format:
            flags = (0x80 | (0x40 if count >> 8 else 0) | (0x20 if lba >> 24 else 0)) if is_ext else 0
            sense = bytes((0x70 | 0x80, 0, key, error, status, device, count & 0xFF, 10, flags, lba & 0xFF,
                           lba >> 8 & 0xFF, lba >> 16 & 0xFF, asc, ascq, 0, 0, 0, 0))  # fmt: skip
        else:
            upper = (count >> 8, lba >> 24, lba >> 32, lba >> 40) if is_ext else (0, 0, 0, 0)
            one = (0x09, 0x0C, int(is_ext), error, upper[0], count, upper[1], lba, upper[2], lba >> 8, upper[3],
                   lba >> 16, device, status)  # fmt: skip
            sense = bytes((0x72, key, asc, ascq, 0, 0, 0, 14)) + bytes(part & 0xFF for part in one)
        if self.faults.no_registers or (self.sent and self.sent[-1] in self.faults.no_registers_for):
            return Answer(status=0, host_status=0, driver_status=0, sense=b"", data=data, errno=None, residual=0)
        return Answer(status=2, host_status=0, driver_status=8, sense=sense, data=data, errno=None, residual=0)

    def _abort(self, is_ext: bool, reason: int = 0) -> Answer:
        return self._sense(ABORT_STATUS, 0, reason, is_ext)

    # --- identify -----------------------------------------------------------------------------------------------------

    def identify_data(self) -> bytes:
        words = [0] * 256
        words[0] = 0x0040
        for first, count, text in ((10, 10, self.serial), (23, 4, "FW01"), (27, 20, self.model)):
            raw = text.ljust(count * 2)[: count * 2].encode()
            words[first : first + count] = [raw[at] << 8 | raw[at + 1] for at in range(0, count * 2, 2)]
        words[76], words[222] = 0x0006, 0x107F  # SATA, up to its version 3.2
        words[82] = (0x0400 if self.has_hpa else 0) | (0x0002 if self.has_security else 0)
        words[83] = 0x4000 | (0x0400 if self.has_48bit else 0) | (0x0800 if self.has_dco else 0)
        words[84] = words[87] = 0x4000
        words[82] |= self.smart is not None
        words[85] = words[82]
        words[60] = min(self.visible, 0x0FFFFFFF) & 0xFFFF
        words[61] = min(self.visible, 0x0FFFFFFF) >> 16
        if self.has_48bit:
            words[100:104] = [self.visible >> 16 * at & 0xFFFF for at in range(4)]
        bits = {"block": 0x8000, "overwrite": 0x4000, "crypto": 0x2000}
        words[59] = sum(bits[name] for name in self.sanitizes) | (0x1000 if self.sanitizes else 0)
        words[89] = words[90] = self.time_word
        words[119] = 0x4000 | (0x0100 if self.has_ama else 0)
        words[128] = self._security_word() if self.has_security else 0
        words[217] = 1 if self.is_ssd else 7200
        words[255] = 0x00A5
        total = sum(sum(word.to_bytes(2, "little")) for word in words)
        words[255] |= ((-total) & 0xFF) << 8
        if self.faults.bad_checksum:
            words[255] ^= 0x0100
        return b"".join(word.to_bytes(2, "little") for word in words)

    def _security_word(self) -> int:
        bits = (True, self.password is not None, self.locked, self.frozen, self.expired, self.has_enhanced)
        return sum(1 << at for at, is_set in enumerate(bits) if is_set)

    def _smart(self, feature: int, lba: int, is_ext: bool) -> Answer:
        if self.smart is None or lba >> 8 & 0xFFFF != KEYS[0] | KEYS[1] << 8:
            return self._abort(is_ext)
        pages = {0xD0: self.smart.data(), 0xD1: self.smart.thresholds(), 0xD8: b""}
        if feature in pages:
            return self._sense(GOOD, 0, lba, is_ext, pages[feature])
        if feature == 0xDA:
            middle, high = FAILING if self.smart.is_failing else KEYS
            return self._sense(GOOD, 0, lba & 0xFF | middle << 8 | high << 16, is_ext)
        return self._abort(is_ext)

    # --- sanitize -----------------------------------------------------------------------------------------------------

    def _sanitize(self, feature: int, count: int, lba: int, is_ext: bool) -> Answer:
        if not self.sanitizes or not is_ext or self.locked:
            return self._abort(is_ext)
        if feature == 0:
            return self._sanitize_status(count)
        names = {0x11: ("crypto", 0x43727970), 0x12: ("block", 0x426B4572), 0x14: ("overwrite", 0x4F5700000000)}
        name, key = names.get(feature, ("", 0))
        meant = lba & 0xFFFF00000000 if name == "overwrite" else lba
        if name not in self.sanitizes or meant != key or (name == "overwrite" and not count & 0x000F):
            return self._abort(is_ext, 2)
        if self.faults.sanitize_frozen or self.sanitize == "running":
            return self._abort(is_ext, 3 if self.faults.sanitize_frozen else 0)
        if self.faults.ignores:
            return self._sense(GOOD, 0x8000 if self.completed else 0, 0xFFFF, True)
        self.sanitize, self.kind, self.done, self.completed = "running", name, 0, False
        self.failure_mode = bool(count & 0x10)
        self.began += 1
        return self._sense(GOOD, 0x4000, 0, True)

    def _sanitize_status(self, count: int) -> Answer:
        if self.sanitize == "failed":
            if count & 1 and self.failure_mode and not self.faults.stays_failed:
                self.sanitize = "idle"
                return self._sense(GOOD, 0, 0xFFFF, True)
            return self._abort(True, self.faults.failure_reason)
        if self.sanitize == "running":
            self._work()
        if self.sanitize == "failed":
            return self._abort(True, self.faults.failure_reason)
        if self.sanitize == "running":
            return self._sense(GOOD, 0x4000, self.done, True)
        bits = 0x8000 if self.completed else 0
        return self._sense(GOOD, bits | (0x2000 if self.faults.sanitize_frozen else 0), 0xFFFF, True)

    def _work(self) -> None:
        self.done += 0x5000
        if self.faults.sanitize_stuck_at is not None:
            self.done = min(self.done, self.faults.sanitize_stuck_at)
        if self.faults.sanitize_fails_at is not None and self.done >= self.faults.sanitize_fails_at:
            self._wipe(upto=len(self.memory) // 2)
            self.sanitize = "failed"
        elif self.done >= 0x10000:
            self._wipe(byte=0x5A if self.kind == "crypto" else 0)
            self.sanitize, self.completed = "idle", True

    def _wipe(self, upto: int | None = None, byte: int = 0) -> None:
        if self.faults.acks_only:
            self.ended_lying = True
            return
        end = len(self.memory) if upto is None else upto
        self.memory[:end] = bytes((byte,)) * end

    # --- security -----------------------------------------------------------------------------------------------------

    def _security(self, opcode: int, data: bytes, is_ext: bool) -> Answer:
        good = self._sense(GOOD, 0, 0, is_ext)
        if not self.has_security or self.frozen:
            return self._abort(is_ext)
        secret = data[2:34]
        if opcode == 0xF1:
            if self.locked or data[0] & 1:
                return self._abort(is_ext)
            if not self.faults.ignores_password:
                self.password = secret
                self.seen_passwords.append(secret)
            return good
        if opcode == 0xF3:
            return good
        if opcode == 0xF2:
            if self.expired or not self._knows(secret):
                return self._abort(is_ext)
            self.locked = False
            return good
        if opcode == 0xF6:
            if self.locked or (self.password is not None and not self._knows(secret)):
                return self._abort(is_ext)
            self.password = None
            return good
        return self._erase_unit(data, is_ext)

    def _knows(self, secret: bytes) -> bool:
        if secret == self.password:
            return True
        self.wrong += 1
        self.expired = self.wrong >= self.max_wrong
        return False

    def _may_erase(self, data: bytes) -> bool:
        ready = self.last == 0xF3 and not self.frozen and not self.expired and self.password is not None
        return ready and data[2:34] == self.password and (self.has_enhanced or not data[0] & 2)

    def _erase_unit(self, data: bytes, is_ext: bool) -> Answer:
        if not self._may_erase(data):
            return self._abort(is_ext)
        assert data[0] & 2, "the normal erase is never asked for"
        self.began += 1
        if self.faults.erase_times_out:
            self._wipe(upto=len(self.memory) // 3)
            self.locked = True  # the reset that follows
            return Answer(status=0, host_status=3, driver_status=0, sense=b"", data=b"", errno=None, residual=0)
        if self.faults.erase_fails:
            self._wipe(upto=len(self.memory) // 2)
            return self._abort(is_ext)
        self._wipe(byte=0xE5)
        if not self.faults.keeps_password:
            self.password, self.locked = None, False
        return self._sense(GOOD, 0, 0, is_ext)

    # --- hidden areas -------------------------------------------------------------------------------------------------

    def _hidden(self, opcode: int, feature: int, count: int, lba: int, is_ext: bool) -> Answer:
        if opcode in (0x27, 0xF8) and self.has_hpa:
            return self._sense(GOOD, 0, self.ceiling - 1, is_ext)
        if opcode in (0x37, 0xF9) and self.has_hpa:
            asked = self.last == (0x27 if opcode == 0x37 else 0xF8)
            if not asked or lba + 1 > self.ceiling:
                return self._abort(is_ext)
            self.visible = lba + 1
            if count & 1:
                self.kept_visible = self.visible
            return self._sense(GOOD, count, lba, is_ext)
        if opcode == 0xB1 and self.has_dco:
            if feature == 0xC2:
                return self._sense(GOOD, 1, 0, is_ext, self._dco_data())
            if feature == 0xC0 and self.visible == self.ceiling:
                self.dco_max = None
                self.visible = self.kept_visible = self.native
                return self._sense(GOOD, 0, 0, is_ext)
        if opcode == 0x78 and self.has_ama:
            if feature == 1 and lba < self.native:
                self.visible = self.kept_visible = self.accessible = lba + 1
            return self._sense(GOOD, 0, self.native - 1, is_ext)
        return self._abort(is_ext)

    def _dco_data(self) -> bytes:
        data = bytearray(SECTOR)
        data[0:2] = (2).to_bytes(2, "little")
        data[6:14] = (self.native - 1).to_bytes(8, "little")
        data[510] = 0xA5
        data[511] = -sum(data) & 0xFF
        if self.faults.bad_dco_checksum:
            data[511] ^= 1
        return bytes(data)
