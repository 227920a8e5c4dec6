"""A simulated disk as a SCSI logical unit: reading, writing and what a driver asks of any disk; the twin for the rest.

SPC-5 and SBC-4. A SAS disk is a `ScsiTwin`; a SATA disk on a SAS controller is an `AtaTwin` behind the translation of
SAT-4, reached with ATA PASS-THROUGH(16).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from tests.wipe.twins.ata import AtaTwin
from tests.wipe.twins.scsi import ScsiTwin

SECTOR = 512
LENGTHS = {0: 6, 1: 10, 2: 10, 4: 16, 5: 12}  # of a CDB, by its opcode's group
INQUIRY, READ_CAPACITY, REPORT_LUNS, SERVICE_IN, PASS_THROUGH = 0x12, 0x25, 0xA0, 0x9E, 0x85
READS, WRITES = (0x28, 0xA8, 0x88), (0x2A, 0xAA, 0x8A)
READY, SYNC = 0x00, (0x35, 0x91)
LOOK = bytes((0x03, 1, 0, 0, 252, 0))  # REQUEST SENSE
GOOD, CHECK_CONDITION = 0, 2


@dataclass
class Told:
    """How a command ended."""

    status: int = GOOD
    sense: bytes = b""
    data: bytes = b""


def check(key: int, asc: int, ascq: int) -> Told:
    return Told(CHECK_CONDITION, bytes((0x72, key, asc, ascq, 0, 0, 0, 0)))


ILLEGAL_OPCODE, ILLEGAL_FIELD, OUT_OF_RANGE = check(5, 0x20, 0), check(5, 0x24, 0), check(5, 0x21, 0)
NOT_READY_SANITIZING, SANITIZE_FAILED = check(2, 0x04, 0x1B), check(3, 0x31, 0x03)


@dataclass
class Unit:
    """`carry` takes the command whose meaning only the twin knows; `closed` says why nothing is read or written now."""

    memory: bytearray
    serial: str
    blocks: Callable[[], int]
    closed: Callable[[], Told | None]
    carry: Callable[[bytes, bytes, int], Told]
    written: Callable[[], None]
    inquiry: Callable[[], bytes] | None = None  # None: `carry` knows its own
    lock: threading.Lock = field(default_factory=threading.Lock)
    opcodes: list[int] = field(default_factory=list)
    is_greeting: bool = False  # QEMU opens no disk without a size: it is told it once, before the PC is on

    def execute(self, cdb: bytes, data_out: bytes, length_in: int) -> Told:
        with self.lock:
            self.opcodes.append(cdb[0])
            cdb = cdb[: LENGTHS.get(cdb[0] >> 5, 16)]
            if self.is_greeting and (cdb[0], cdb[1] & 0x1F) == (SERVICE_IN, 0x10):
                self.is_greeting = False
                return Told(data=((self.blocks() - 1).to_bytes(8, "big") + SECTOR.to_bytes(4, "big")).ljust(32, b"\0"))
            told = self._own(cdb, data_out)
            return told if told is not None else self.carry(cdb, data_out, length_in)

    def _own(self, cdb: bytes, data_out: bytes) -> Told | None:
        opcode = cdb[0]
        if opcode == REPORT_LUNS:
            return Told(data=(8).to_bytes(4, "big") + bytes(12))
        if opcode == INQUIRY:
            return self._inquiry(cdb)
        if opcode in (0x1A, 0x5A):
            return self._modes(cdb)
        if opcode in READS or opcode in WRITES:
            return self._transfer(cdb, data_out)
        if opcode in SYNC:
            return self.closed() or Told()
        if opcode == READ_CAPACITY:
            return self.closed() or Told(data=(self.blocks() - 1).to_bytes(4, "big") + SECTOR.to_bytes(4, "big"))
        return None

    def _inquiry(self, cdb: bytes) -> Told | None:
        if not cdb[1] & 1:
            return Told(data=self.inquiry()) if self.inquiry else None
        pages = {
            0x00: b"\x00\x80\x83\xb1",
            0x80: self.serial.encode(),
            0x83: b"\x01\x03\x00\x08\x50" + sha256(self.serial.encode()).digest()[:7],  # NAA 5h: its own
        }
        page = pages.get(cdb[2])
        return None if page is None else Told(data=bytes((0, cdb[2], 0, len(page))) + page)

    @staticmethod
    def _modes(cdb: bytes) -> Told:
        if cdb[2] & 0x3F not in (0x08, 0x3F) or cdb[2] >> 6 == 3:
            return ILLEGAL_FIELD
        page = bytes((0x08, 0x12, 0x04)) + bytes(17)  # a volatile write cache
        head = bytes((3 + len(page), 0, 0, 0)) if cdb[0] == 0x1A else bytes((0, 6 + len(page), 0, 0, 0, 0, 0, 0))
        return Told(data=head + page)

    def _transfer(self, cdb: bytes, data_out: bytes) -> Told:
        if (why := self.closed()) is not None:
            return why
        first_at, last_at = {10: (6, 7), 12: (6, 6), 16: (10, 10)}[len(cdb)]
        first = int.from_bytes(cdb[2:first_at], "big")
        count = int.from_bytes(cdb[last_at : last_at + (2 if len(cdb) == 10 else 4)], "big")
        if first + count > self.blocks():
            return OUT_OF_RANGE
        begin, end = first * SECTOR, (first + count) * SECTOR
        if cdb[0] in READS:
            return Told(data=bytes(self.memory[begin:end]))
        if len(data_out) != end - begin:
            return ILLEGAL_FIELD
        self.memory[begin:end] = data_out
        self.written()
        return Told()


def sas_disk(twin: ScsiTwin) -> Unit:
    def carry(cdb: bytes, data_out: bytes, length_in: int) -> Told:
        answer = twin.send(-1, cdb, data_out=data_out, length_in=length_in, timeout_s=30)
        if cdb[0] == READY and answer.status:
            # QEMU keeps this sense and answers the next REQUEST SENSE with it: time passes at this look too.
            twin.send(-1, LOOK, length_in=252, timeout_s=30)
        return Told(answer.status, answer.sense, answer.data[: length_in - answer.residual])

    def closed() -> Told | None:
        if twin.is_closed:
            answer = twin.send(-1, bytes(6), timeout_s=30)
            return Told(answer.status, answer.sense)
        return check(3, 0x11, 0) if twin.is_unreadable else None

    return Unit(twin.memory, twin.serial, lambda: twin.blocks, closed, carry, twin.written)


def sata_disk(twin: AtaTwin) -> Unit:
    def carry(cdb: bytes, data_out: bytes, length_in: int) -> Told:
        opcode, action = cdb[0], cdb[1] & 0x1F
        if opcode == READY:
            return closed() or Told()
        if (opcode, action) == (SERVICE_IN, 0x10):
            data = (twin.visible - 1).to_bytes(8, "big") + SECTOR.to_bytes(4, "big")
            return closed() or Told(data=data.ljust(32, b"\0"))
        if opcode == INQUIRY and cdb[2] == 0xB1:
            rate = (1 if twin.is_ssd else 7200).to_bytes(2, "big")
            return Told(data=bytes((0, 0xB1, 0, 60)) + rate + bytes(58))
        if opcode == 0x03:
            return Told(data=bytes((0x72, 0, 0, 0, 0, 0, 0, 0)))
        return passed(cdb, data_out, length_in) if opcode == PASS_THROUGH else ILLEGAL_OPCODE

    def passed(cdb: bytes, data_out: bytes, length_in: int) -> Told:
        is_known = cdb[2] & 0x20 or cdb[14] == 0xEC or (cdb[14] == 0xB0 and twin.smart is not None)
        if not is_known or cdb[1] >> 1 & 0xF != (4 if length_in else 5 if data_out else 3):
            return ILLEGAL_FIELD  # of another program: power modes
        answer = twin.send(-1, cdb, data_out=data_out, length_in=length_in, timeout_s=30)
        return Told(answer.status, answer.sense, answer.data[: length_in - answer.residual])

    def closed() -> Told | None:
        if twin.sanitize == "running":
            return NOT_READY_SANITIZING
        if twin.sanitize == "failed":
            return SANITIZE_FAILED
        return check(7, 0x20, 0x02) if twin.locked else None  # ACCESS DENIED

    def inquiry() -> bytes:
        head = bytes((0, 0, 6, 2, 91, 0, 0, 2))
        return (head + b"ATA     " + twin.model.encode()[:16].ljust(16) + b"FW01").ljust(96, b"\0")

    return Unit(twin.memory, twin.serial, lambda: twin.visible, closed, carry, lambda: None, inquiry)
