"""A simulated NVMe drive: a controller state machine over memory that takes `Command`s, has faults, and loses power.

Nothing of it is taken from the code under test but the shape of a command and its completion: the bits are written
here a second time, from the specification.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.erasure import Media
from agent.wipe.nvme.admin import Command, Completion

IDENTIFY, GET_LOG, FORMAT, SANITIZE = 0x06, 0x02, 0x80, 0x84
OK, INVALID_OPCODE, INVALID_FIELD, INTERNAL = 0x000, 0x4001, 0x4002, 0x006
SANITIZE_FAILED, SANITIZING, WRITE_PROTECTED, DENIED, HOST_ABORTED = 0x401C, 0x401D, 0x4020, 0x4286, 0x371
DO_NOTHING = (
    "does-nothing",  # takes the command and forgets it; its log stays as it was, maybe the success of an older one
    "foreign-log",  # the same, and its log then speaks of another command's success
    "liar",  # the same, and its log then speaks of our success: only markers can show it
)


class PowerCut(BaseException):
    """The host lost power too."""


@dataclass
class NvmeTwin:
    namespaces: dict[int, bytearray] = field(default_factory=lambda: {1: bytearray(b"secret!!" * 512)})
    inactive: tuple[int, ...] = ()
    write_protected: tuple[int, ...] = ()
    serial: str = "TWIN0001"
    sanicap: int = 0b0000_0011
    fna: int = 0b000
    oacs: int = 0b0010
    cmic: int = 0
    total_bytes: int = 0
    unallocated_bytes: int = 0
    flbas: dict[int, int] = field(default_factory=dict)
    dps: int = 0
    estimates: tuple[int, int, int] = (0xFFFFFFFF, 40, 2)  # overwrite, block, crypto
    steps_most: int = 4  # log reads until a sanitize ends
    fault: str = ""
    # the log, kept across power cuts
    progress: int = 0xFFFF
    status: int = 0
    state: int = 0
    scdw10: int = 0
    is_all_erased: bool = False
    is_purged: bool = False
    # what really happened, for the tests
    sent: list[Command] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)  # CDW10 of every sanitize that truly ended
    formats_ended: list[int] = field(default_factory=list)
    cut_at: int | None = None  # number of the command at which the power goes
    cut_after: bool = False  # once it was done, before its answer arrives
    is_on: bool = True
    _running: int = 0
    _steps: int = 0
    _lag: int = 0
    _unreadable: int = 0

    def submit(self, command: Command) -> Completion:
        assert self.is_on
        number = len(self.sent)
        self.sent.append(command)
        if self.cut_at == number and not self.cut_after:
            self._lose_power(command)
        answer = self._answer(command)
        if self.cut_at == number:
            self._lose_power(None)
        return answer

    def write(self) -> None:
        """The host writes (markers): the drive is no longer all erased."""
        for content in self.namespaces.values():
            content[:8] = b"marker!!"
        self.is_all_erased = False

    def power_on(self) -> None:
        self.is_on, self.cut_at = True, None
        if self.state == 5:  # a reset cancels media verification
            self.state, self.progress, self._steps = 6, 0, self.steps_most - 1

    @property
    def is_clean(self) -> bool:
        return not any(b"secret" in content or b"marker" in content for content in self.namespaces.values())

    def _lose_power(self, half_done: Command | None) -> None:
        if half_done is not None and half_done.opcode == FORMAT:
            content = self.namespaces[half_done.nsid]
            content[: len(content) // 2] = bytes(len(content) // 2)
        self.is_on = False
        raise PowerCut

    def _answer(self, command: Command) -> Completion:
        if self.fault == "gone" and any(one.opcode in (FORMAT, SANITIZE) for one in self.sent):
            return Completion(errno=errno.ENODEV)
        if command.opcode == IDENTIFY:
            return self._identify(command)
        if command.opcode == GET_LOG:
            return self._log(command)
        if self.fault == "kernel-refuses":
            return Completion(errno=errno.EACCES)
        if command.opcode not in (FORMAT, SANITIZE) or self.fault == "invalid-opcode":
            return Completion(status=INVALID_OPCODE)
        if self.fault == "denied":
            return Completion(status=DENIED)
        cdw10 = 0 if self.fault == "drops-dwords" else command.cdw10
        return self._sanitize(cdw10) if command.opcode == SANITIZE else self._format(command.nsid, cdw10)

    # --- Identify -----------------------------------------------------------------------------------------------------

    def _identify(self, command: Command) -> Completion:
        what = command.cdw10 & 0xFF
        allocated = tuple(sorted(self.namespaces))
        if what == 0x01:
            return Completion(data=self._controller())
        if what == 0x02 or (what == 0x10 and self.oacs & 8):
            listed = allocated if what == 0x10 else tuple(one for one in allocated if one not in self.inactive)
            return Completion(data=b"".join(one.to_bytes(4, "little") for one in listed).ljust(4096, b"\0"))
        if what == 0x00 or (what == 0x11 and self.oacs & 8):
            is_hidden = command.nsid not in self.namespaces or (what == 0x00 and command.nsid in self.inactive)
            return Completion(data=bytes(4096) if is_hidden else self._namespace(command.nsid))
        return Completion(status=INVALID_FIELD)

    def _controller(self) -> bytes:
        page = bytearray(4096)
        page[4:24] = self.serial.encode().ljust(20)
        page[24:64] = b"Twin NVMe".ljust(40)
        page[64:72] = b"1.0".ljust(8)
        page[76] = self.cmic
        page[256:258] = self.oacs.to_bytes(2, "little")
        page[280:296] = self.total_bytes.to_bytes(16, "little")
        page[296:312] = self.unallocated_bytes.to_bytes(16, "little")
        page[328:332] = self.sanicap.to_bytes(4, "little")
        page[516:520] = len(self.namespaces).to_bytes(4, "little")
        page[524] = self.fna
        return bytes(page)

    def _namespace(self, nsid: int) -> bytes:
        page = bytearray(4096)
        flbas = self.flbas.get(nsid, 0)
        shift = 12 if flbas & 0xF == 1 else 9
        page[0:8] = (len(self.namespaces[nsid]) >> shift).to_bytes(8, "little")
        page[25], page[26], page[29] = 1, flbas, self.dps
        page[99] = int(nsid in self.write_protected)
        page[130], page[134] = 9, 12
        return bytes(page)

    # --- Sanitize -----------------------------------------------------------------------------------------------------

    def _log(self, command: Command) -> Completion:
        if command.cdw10 & 0xFF != 0x81 or not self.sanicap & 7:
            return Completion(status=0x4109)
        if self._unreadable:
            self._unreadable -= 1
            return Completion(status=INTERNAL)
        page = bytearray(self._page())
        if self._lag:
            self._lag -= 1
            page[0:8] = b"\xff\xff\0\0\0\0\0\0"
        else:
            self._step()
        return Completion(data=bytes(page))

    def _page(self) -> bytes:
        sstat = self.status | int(self.is_all_erased) << 8 | int(self.is_purged) << 11
        words = b"".join(value.to_bytes(4, "little") for value in (*self.estimates, *[0xFFFFFFFF] * 4))
        head = self.progress.to_bytes(2, "little") + sstat.to_bytes(2, "little") + self.scdw10.to_bytes(4, "little")
        state = self.state if self.sanicap & 8 else 0
        return (head + words + bytes([state])).ljust(512, b"\0")

    def _sanitize(self, cdw10: int) -> Completion:
        action, ause = cdw10 & 7, bool(cdw10 & 8)
        if action == 1:
            if self.state == 2 or self.status == 2:
                return Completion(status=SANITIZE_FAILED)
            self.state = 0
            return Completion()
        if action == 5:
            if self.fault == "verification-sticks":
                return Completion(status=INTERNAL)
            if self.state != 5:
                return Completion(status=INVALID_FIELD)
            self.state, self.progress, self._steps = 6, 0, self.steps_most - 1
            return Completion()
        offered = {2: 2, 3: 4, 4: 1}.get(action, 0)
        if not self.sanicap & offered or (cdw10 & 1 << 11 and not self.sanicap & 32) or cdw10 & 1 << 9:
            return Completion(status=INVALID_FIELD)
        if cdw10 & 1 << 10 and (action == 3 or not self.sanicap & 8):
            return Completion(status=INVALID_FIELD)
        if self.status == 2:
            return Completion(status=SANITIZING)
        if self.state == 2 and ause:
            return Completion(status=SANITIZE_FAILED)
        if self.write_protected:
            return Completion(status=WRITE_PROTECTED)
        return self._start(cdw10, ause)

    def _start(self, cdw10: int, ause: bool) -> Completion:
        if self.fault == "liar":
            self.status, self.scdw10, self.is_all_erased = 1, cdw10, True
        if self.fault == "foreign-log":
            self.status, self.scdw10, self.is_all_erased = 1, cdw10 ^ 6, True
        if self.fault in DO_NOTHING:
            return Completion()
        self.status, self.state, self.progress = 2, 3 if ause else 1, 0
        self.scdw10 = self._running = cdw10
        self.is_purged, self._steps = False, 0
        if self.fault == "instant":
            self._end()
        self._lag = 2 if self.fault == "log-lags" else 0
        self._unreadable = 1 if self.fault == "log-stutters" else 0
        if self.fault == "lost-answer":
            return Completion(errno=errno.EIO)
        if self.fault == "host-abort":
            return Completion(status=HOST_ABORTED)
        return Completion(status=INVALID_FIELD if self.fault == "refuses-but-runs" else OK)

    def _step(self) -> None:
        if self.status != 2 or self.state == 5:
            return
        if self.fault == "stuck":
            self.progress = 655
            return
        self._steps += 1
        self.progress = min(0xFFFE, 0x10000 * self._steps // self.steps_most)
        if self.fault == "fails" and self._steps * 2 >= self.steps_most:
            self.status, self.state, self.progress = 3, 4 if self.state == 3 else 2, 0xFFFF
        elif self._steps >= self.steps_most:
            self._end()

    def _end(self) -> None:
        self.progress = 0xFFFF
        if self.state != 6:
            for place, content in enumerate(self.namespaces.values()):
                if not (place and self.fault == "misses-namespace"):
                    content[:] = bytes([0xAA]) * len(content)
            if self._running & 1 << 10:
                self.state = 5
                return
        for place, content in enumerate(self.namespaces.values()):
            if not (place and self.fault == "misses-namespace"):
                content[:] = bytes(len(content))
        self.status, self.state, self.is_all_erased = 1, 0, True
        self.is_purged = bool(self._running & 1 << 11) and self.fault != "no-purge"
        self.ended.append(self._running)

    # --- Format -------------------------------------------------------------------------------------------------------

    def _format(self, nsid: int, cdw10: int) -> Completion:
        ses = cdw10 >> 9 & 7
        if self.status == 2:
            return Completion(status=SANITIZING)
        if self.status == 3 and self.state in (2, 4):
            return Completion(status=SANITIZE_FAILED)
        if not self.oacs & 2 or nsid not in self.namespaces:
            return Completion(status=INVALID_FIELD)
        if self.write_protected:
            return Completion(status=WRITE_PROTECTED)
        self.flbas[nsid] = cdw10 & 0x1F
        if self.fault == "fails":
            return Completion(status=INTERNAL)
        if self.fault == "lost-answer":
            return Completion(errno=errno.EIO)
        is_real = ses == 1 or (ses == 2 and self.fna & 4)  # what it does not know it takes, and erases nothing
        if is_real and self.fault not in DO_NOTHING:
            hit = self.namespaces if self.fna & 2 else {nsid: self.namespaces[nsid]}
            for content in hit.values():
                content[:] = bytes(len(content))
            self.formats_ended.append(cdw10)
        if self.fault == "changes-format":
            self.flbas[nsid] = 1
        return Completion()


def media_of(twin: NvmeTwin, **fields: object) -> Media:
    told: dict[str, object] = {
        "name": "nvme0n1", "serial": twin.serial, "model": "Twin NVMe", "kind": "ssd", "transport": "nvme",
        "size_bytes": len(twin.namespaces[min(twin.namespaces)]),
    }  # fmt: skip
    return Media(**{**told, **fields})  # type: ignore[arg-type] # fields of one frozen struct


def no_wait(seconds: float) -> None:
    """Tests do not sleep."""


Notes = list[tuple[str, dict[str, str]]]


def noting(notes: Notes) -> Callable[..., None]:
    return lambda step, details: notes.append((step, dict(details)))
