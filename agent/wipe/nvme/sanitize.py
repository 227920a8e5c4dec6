"""Sanitize: the drive erases itself in the background, across power cuts; log page 81h alone tells how it ended.

`done` needs all of: our command taken (or seen running), the log speaking of exactly our command, a success in it, and
something that shows that this success is newer than our command. What an older sanitize left there never counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agent.erasure import Technique
from agent.wipe.device import EraseFailed, Note, Noted, Refused, Standing
from agent.wipe.nvme import admin as ad
from agent.wipe.nvme import status as st
from agent.wipe.nvme.abilities import Setting, why_not
from agent.wipe.nvme.drive import Drive, read_log
from agent.wipe.nvme.identify import Controller
from agent.wipe.nvme.sanitize_log import FAILED, MEDIA_VERIFICATION, RUNNING, SanitizeLog

EXIT_FAILURE, BLOCK, OVERWRITE, CRYPTO, EXIT_VERIFICATION = 1, 2, 3, 4, 5  # SANACT, CDW10 bits 2:0
AUSE, ONE_PASS, EMVS, PREQ = 1 << 3, 1 << 4, 1 << 10, 1 << 11
_ACTION: dict[Technique, int] = {
    "nvme-sanitize-block": BLOCK,
    "nvme-sanitize-crypto": CRYPTO,
    "nvme-sanitize-overwrite": OVERWRITE,
}
_SENT, _TAKEN, _RUNNING = "nvme-sanitize", "nvme-sanitize-taken", "nvme-sanitize-running"
_START_MS = 600_000  # some drives answer only when the erase has well begun
_TRIES = 5  # seconds that the log may lag behind the answer


def command_of(technique: Technique, controller: Controller, *, verifies: bool) -> int:
    """CDW10. AUSE always: a failed sanitize must leave a drive that can still be overwritten. NDAS never: deallocated
    sectors are what the next owner should get, and drives with NDI refuse it.
    """
    command = _ACTION[technique] | AUSE
    if technique == "nvme-sanitize-overwrite":
        return command | ONE_PASS | (PREQ if controller.can_attest_purge else 0)
    if controller.can_attest_purge:
        command |= PREQ
    return command | EMVS if verifies and controller.can_verify else command


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the log said before our command; all that is needed to know its later word as new."""

    status: int
    command: int
    is_all_erased: bool

    @classmethod
    def of(cls, log: SanitizeLog) -> "Before":
        return cls(status=log.status, command=log.command, is_all_erased=log.is_all_erased)

    @classmethod
    def read(cls, text: str) -> "Before":
        status, command, erased = text.split()
        return cls(status=int(status), command=int(command, 16), is_all_erased=erased == "1")

    @property
    def text(self) -> str:
        return f"{self.status} {self.command:08x} {int(self.is_all_erased)}"

    def is_older_than(self, log: SanitizeLog) -> bool:
        """A sanitize ended between the two: another result, or nothing written since although something was before."""
        if (log.status, log.command) != (self.status, self.command):
            return True
        return log.has_ended_well and log.is_all_erased and not self.is_all_erased


class SanitizeEraser:
    """Give `reader` before `begin` to have the media verification state (EMVS) asked for and the medium read in it,
    before the drive deallocates it. Without a reader the state proves nothing, and it is not asked for.
    """

    def __init__(
        self, technique: Technique, admin: ad.NvmeAdmin, look: Callable[[], Drive], setting: Setting,
        wait: Callable[[float], None],
    ) -> None:  # fmt: skip
        self.technique = technique
        self.reader: Callable[[], None] | None = None
        self.is_blocked = False  # failed, and the drive did not take Exit Failure Mode
        self._admin, self._look, self._setting, self._wait = admin, look, setting, wait
        self._command: int | None = None
        self._before = Before(status=RUNNING, command=0, is_all_erased=True)
        self._was_taken = self._was_seen = self._was_read = False
        self._note: Note | None = None
        self._last: Standing | None = None

    def begin(self, note: Note) -> None:
        drive = self._look()
        against = why_not(drive, self._setting, self.technique)
        if against is not None or drive.log is None:
            raise Refused(against.en if against else "no sanitize log")
        self._note = note
        self._command = command_of(self.technique, drive.controller, verifies=self.reader is not None)
        self._before = Before.of(drive.log)
        note(_SENT, {"cdw10": f"{self._command:08x}", "before": self._before.text})
        answer = self._send(self._command, self.technique.removeprefix("nvme-"))
        if answer.is_unsent:
            raise Refused(f"the kernel does not pass the command on: {answer.meaning}")
        if answer.is_ok:
            self._was_taken = True
            note(_TAKEN, {})
        is_refused = answer.errno is None and not answer.is_ok and st.is_not_begun(answer.status)
        self._await_start(1 if is_refused else _TRIES)
        if not (self._was_taken or self._was_seen):
            self._raise(answer)

    def resume(self, noted: tuple[Noted, ...], note: Note) -> None:
        """The drive went on by itself after a power cut, or has ended: it is asked, nothing is sent again."""
        self._note = note
        steps = {one.step: one.details for one in noted}
        if _SENT not in steps:
            raise Refused("nothing had been sent before the interruption")
        self._command = int(steps[_SENT]["cdw10"], 16)
        self._before = Before.read(steps[_SENT]["before"])
        self._was_taken, self._was_seen = _TAKEN in steps, _RUNNING in steps
        try:
            self._look()  # still the same drive
        except Refused as refused:
            raise EraseFailed(f"interrupted; {refused.said}") from refused
        log = self._read()
        if log is not None and log.command == self._command:
            is_newer = self._was_seen or self._before.is_older_than(log)
            if log.status == RUNNING:
                self._saw()
                return
            if log.status == FAILED and (self._was_taken or is_newer):
                raise EraseFailed(f"the drive's erase failed; {self._leave_failure()}")
            if log.has_ended_well and is_newer:
                self._was_taken = True  # nobody but us announced this command, and it ran after the announcement
                return
        said = log.told if log else "log unreadable"
        if self._was_taken or self._was_seen:
            raise EraseFailed(f"interrupted; its end was not seen ({said})")
        raise Refused(f"interrupted before the drive took the command ({said})")

    def poll(self) -> Standing:
        """Never `done` on the word of a log that could be an older one's; a failure is left behind (Exit Failure Mode)
        so that the drive can be overwritten, and told.
        """
        log = self._read()
        if log is None:
            if self._was_seen and self._last is not None:
                return self._last  # it was running: the stall rule will end this if the log stays away
            return Standing(state="idle", said="the sanitize log cannot be read")
        if log.status == RUNNING:
            self._last = self._running(log)
            return self._last
        if log.command != self._command:
            return Standing(state="idle", said=f"the log speaks of another command: {log.told}")
        if not (self._was_taken or self._was_seen):
            return Standing(state="idle", said=f"the command was never taken: {log.told}")
        if log.status == FAILED:
            return Standing(state="failed", said=f"{log.told}; {self._leave_failure()}")
        if not log.has_ended_well:
            return Standing(state="idle", said=log.told)
        if not (self._was_seen or self._before.is_older_than(log)):
            return Standing(state="idle", said=f"the log is the same as before the command: {log.told}")
        if self._command & PREQ and not log.is_purged:
            return Standing(state="failed", said=f"ended without the purge that was required: {log.told}")
        return Standing(state="done", permille=1000, said=log.told)

    def settle(self, note: Note) -> None:
        """Nothing is left behind by a sanitize that ended well; the drive must still be itself and answer."""
        try:
            drive = self._look()
        except Refused as refused:
            raise EraseFailed(f"after the erase: {refused.said}") from refused
        if drive.log is None or not drive.log.has_ended_well:
            raise EraseFailed("the drive took its success back" if drive.log else "the sanitize log cannot be read")

    def _running(self, log: SanitizeLog) -> Standing:
        if log.command != self._command:
            # Another sanitize than ours holds the drive: nothing else is let in until it ends, and then it is not ours.
            return Standing(state="running", permille=log.permille, said=f"another command runs: {log.told}")
        self._saw()
        if log.state != MEDIA_VERIFICATION:
            return Standing(state="running", permille=log.permille, said=log.told)
        try:
            if self.reader is not None and not self._was_read:
                self._was_read = True
                self.reader()
        finally:
            answer = self._send(EXIT_VERIFICATION, "exit media verification state")
        said = "ended" if answer.is_ok else f"not ended: {answer.meaning}"
        return Standing(state="running", permille=None, said=f"media verification {said}")

    def _await_start(self, tries: int) -> None:
        """The specification has the log updated before the answer, drives may lag. Seen running is best."""
        for attempt in range(tries):
            if attempt:
                self._wait(1.0)
            log = read_log(self._admin)
            if log is None or log.command != self._command:
                continue
            if log.status == RUNNING:
                self._saw()
                return
            if self._before.is_older_than(log):
                return

    def _raise(self, answer: ad.Completion) -> None:
        if answer.errno is not None or not st.is_not_begun(answer.status):
            raise EraseFailed(f"the drive did not take the command, or its answer was lost: {answer.meaning}")
        hint = "; a locked drive needs a PSID revert first" if st.is_denied(answer.status) else ""
        raise Refused(f"{answer.meaning}{hint}")

    def _leave_failure(self) -> str:
        answer = exit_failure(self._admin)
        self.is_blocked = answer.errno is None and st.is_failed_for_good(answer.status)
        return "Exit Failure Mode done" if answer.is_ok else f"Exit Failure Mode refused: {answer.meaning}"

    def _saw(self) -> None:
        if not self._was_seen:
            self._was_seen = True
            if self._note is not None:
                self._note(_RUNNING, {})

    def _read(self) -> SanitizeLog | None:
        for attempt in range(3):
            if attempt:
                self._wait(1.0)
            log = read_log(self._admin)
            if log is not None:
                return log
        return None

    def _send(self, command: int, name: str) -> ad.Completion:
        return _send(self._admin, command, name)


def exit_failure(admin: ad.NvmeAdmin) -> ad.Completion:
    """A drive that failed with AUSE clear (restricted) does not take it."""
    return _send(admin, EXIT_FAILURE, "exit failure mode")


def _send(admin: ad.NvmeAdmin, command: int, name: str) -> ad.Completion:
    return admin.send(
        ad.Command(name=name.upper().replace("-", " "), opcode=ad.SANITIZE, cdw10=command, timeout_ms=_START_MS)
    )
