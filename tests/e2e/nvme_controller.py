"""One simulated NVMe drive as a fabrics controller: what the kernel asks of any controller, and the twin for the rest.

NVM Express Base Specification 2.1. `NvmeTwin` decides all that an erase is about (Identify's abilities, Sanitize,
Format, their logs); here is only what a driver needs besides, and reading and writing as a drive at work answers them.
"""

import threading
from dataclasses import dataclass, field
from hashlib import sha256

from agent.wipe.nvme.admin import LAYOUT, Command
from tests.wipe.twins.nvme import NvmeTwin

IDENTIFY, GET_LOG, SET_FEATURES, GET_FEATURES, KEEP_ALIVE, ABORT = 0x06, 0x02, 0x09, 0x0A, 0x18, 0x08
FLUSH, WRITE, READ = 0x00, 0x01, 0x02
INVALID_OPCODE, INVALID_FIELD, INVALID_LOG, OUT_OF_RANGE = 0x4001, 0x4002, 0x4109, 0x4080
SANITIZING, SANITIZE_FAILED = 0x401D, 0x401C
CAP, VS, CC, CSTS = 0x00, 0x08, 0x14, 0x1C
VERSION = 0x00010400
IN_CAPSULE_BYTES = 8192  # more than this is asked for with R2T
assert LAYOUT.size == 72


class LinkLost(Exception):
    """The drive gives no answer: the connection goes."""


@dataclass
class Answer:
    status: int = 0  # as the kernel tells it, bits 14:0
    result: int = 0
    data: bytes = b""


@dataclass
class Controller:
    twin: NvmeTwin
    nqn: str
    properties: dict[int, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    opcodes: list[int] = field(default_factory=list)  # of every admin command, as they came
    lost: int = 0  # reading and writing refused because the drive was erasing

    def __post_init__(self) -> None:
        # 128 entries a queue, contiguous, 10 s to get ready, the NVM command set.
        self.properties |= {CAP: 127 | 1 << 16 | 20 << 24 | 1 << 37, VS: VERSION, CC: 0, CSTS: 0}

    def power_cut(self) -> None:
        """The drive lost power with its PC and has it again."""
        with self.lock:
            self.twin.power_on()
            self.properties[CC] = self.properties[CSTS] = 0

    def set_property(self, at: int, value: int) -> None:
        if at == CC:
            self.properties[CC] = value
            self.properties[CSTS] = value & 1 | (0b1000 if value >> 14 & 3 else 0)

    # --- admin --------------------------------------------------------------------------------------------------------

    def admin(self, command: Command, data: bytes) -> Answer:
        with self.lock:
            self.opcodes.append(command.opcode)
            if command.opcode in (SET_FEATURES, GET_FEATURES):
                return self._feature(command)
            if command.opcode in (KEEP_ALIVE, ABORT):
                return Answer(result=int(command.opcode == ABORT))
            if command.opcode == IDENTIFY and command.cdw10 & 0xFF in (0x03, 0x05, 0x06):
                return Answer(data=self._described(command))
            if command.opcode == GET_LOG and command.cdw10 & 0xFF in (0x01, 0x02, 0x03):
                return Answer(data=self._log(command.cdw10 & 0xFF))
            answer = self.twin.submit(command)
            if answer.errno is not None:
                raise LinkLost
            found = answer.data
            if command.opcode == IDENTIFY and command.cdw10 & 0xFF == 0x01:
                found = self._controller(found)
            if command.opcode == IDENTIFY and command.cdw10 & 0xFF == 0x00 and found:
                found = found[:8] * 3 + found[24:]  # all of it can be used, and is
            return Answer(status=answer.status, result=answer.result, data=found)

    @staticmethod
    def _feature(command: Command) -> Answer:
        which = command.cdw10 & 0xFF
        if which == 0x07:  # number of queues
            asked = command.cdw11 & 0xFFFF if command.opcode == SET_FEATURES else 0
            return Answer(result=min(asked, 3) * 0x10001)
        if which in (0x06, 0x0B, 0x0F):  # write cache, asynchronous events, keep alive
            return Answer(result=int(which == 0x06))
        return Answer(status=INVALID_FIELD)

    def _controller(self, page: bytes) -> bytes:
        """What a fabrics controller tells besides."""
        full = bytearray(page)
        full[77] = 5  # MDTS: 128 KiB
        full[78:80] = (1).to_bytes(2, "little")
        full[80:84] = VERSION.to_bytes(4, "little")
        full[111] = 1  # an I/O controller
        full[258:260] = b"\x03\x03"  # abort and asynchronous event limits
        full[262] = 0
        full[320:322] = (100).to_bytes(2, "little")  # keep alive in steps of 10 s
        full[512:514] = b"\x66\x44"
        full[514:516] = (128).to_bytes(2, "little")
        full[525] = 1  # a volatile write cache
        full[536:540] = (1 | 1 << 20).to_bytes(4, "little")
        full[768:1024] = self.nqn.encode().ljust(256, b"\0")
        full[1792:1796] = ((64 + IN_CAPSULE_BYTES) // 16).to_bytes(4, "little")
        full[1796:1800] = (1).to_bytes(4, "little")
        full[1803] = 1
        return bytes(full)

    def _described(self, command: Command) -> bytes:
        if command.cdw10 & 0xFF != 0x03:
            return bytes(4096)
        name = sha256(f"{self.twin.serial} {command.nsid}".encode()).digest()[:8]  # EUI-64: its own
        return (bytes([1, 8, 0, 0]) + name).ljust(4096, b"\0")

    @staticmethod
    def _log(which: int) -> bytes:
        page = bytearray(512)
        if which == 0x02:  # SMART: 37 °C, all spares left
            page[1:3] = (310).to_bytes(2, "little")
            page[3], page[4] = 100, 10
        elif which == 0x03:
            page[0] = 1
        return bytes(page)

    # --- reading and writing ------------------------------------------------------------------------------------------

    def transfer(self, opcode: int, nsid: int, first: int, blocks: int, data: bytes) -> Answer:
        with self.lock:
            twin = self.twin
            if twin.status == 2 or twin.state in (2, 4):
                self.lost += 1
                return Answer(status=SANITIZING if twin.status == 2 else SANITIZE_FAILED)
            if nsid not in twin.namespaces and opcode != FLUSH:
                return Answer(status=0x400B)
            if opcode == FLUSH:
                return Answer()
            memory = twin.namespaces[nsid]
            shift = 12 if twin.flbas.get(nsid, 0) & 0xF == 1 else 9
            begin, end = first << shift, first + blocks << shift
            if end > len(memory):
                return Answer(status=OUT_OF_RANGE)
            if opcode == READ:
                return Answer(data=bytes(memory[begin:end]))
            if opcode != WRITE:
                return Answer(status=INVALID_OPCODE)
            if len(data) != end - begin:
                return Answer(status=0x4004)
            memory[begin:end] = data
            twin.is_all_erased = False
            return Answer()
