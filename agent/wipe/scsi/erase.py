"""SANITIZE and FORMAT UNIT as an `Eraser`: begun with IMMED, then followed by what the disk says of itself.

A SCSI disk keeps no result of a sanitize that went well, only of one that failed. So `done` needs our command taken (or
its work seen), and afterwards neither REQUEST SENSE nor TEST UNIT READY to have anything to say. By the standard a
sanitize goes on after a power cut until it ends, so an idle disk after one has ended it; a disk that forgets it instead
is found out by the markers, not here.
"""

from typing import Literal

from agent.erasure import Technique
from agent.wipe.device import EraseFailed, Note, Noted, Refused, Standing
from agent.wipe.scsi.commands import ERASES, EXIT_FAILURE, READ_CAPACITY_16
from agent.wipe.scsi.condition import Condition, State, ask_condition
from agent.wipe.scsi.inquiry import ask_identity, ask_offer, read_capacity
from agent.wipe.scsi.transport import UNIT_ATTENTION, Reply, SgScsi

_SENT, _TAKEN, _RUNNING, _FAILED = (
    "scsi-erase", "scsi-erase-taken", "scsi-erase-running", "scsi-erase-failed",
)  # fmt: skip
_ASK_AGAIN = 2  # times, when the answer is not understood
# ILLEGAL REQUEST, NOT READY, DATA PROTECT, UNIT ATTENTION: the disk says that it did not begin. MEDIUM or HARDWARE
# ERROR does not say so.
_NOT_BEGUN = (0x05, 0x02, 0x07, UNIT_ATTENTION)


class ScsiEraser:
    def __init__(self, transport: SgScsi, technique: Technique) -> None:
        self.technique: Technique = technique
        self._transport = transport
        self._working: State = "formatting" if technique == "scsi-format-unit" else "sanitizing"
        self._is_ours = False  # the disk took our command, or was seen at work after it
        self._seen_at: int | None = None  # permille when last seen running
        self._was_seen = False
        self._failed = ""
        self._note: Note | None = None

    def begin(self, note: Note) -> None:
        # 1 the disk offers it, can be followed and left again
        command = ERASES[self.technique]
        offer = ask_offer(self._transport, self.technique)
        if offer.has != "yes" or not offer.has_immed or not offer.has_ause:
            raise Refused(f"the disk does not offer {command.name} so that it can be followed")
        if self.technique == "scsi-format-unit":
            self._check_format()
        # 2 nothing is running or in the way
        before = ask_condition(self._transport)
        if before.state not in ("idle", "failed", "corrupted"):
            raise Refused(f"before the command: {before.said}")
        # 3 what a later look must not take for ours
        self._note = note
        note(_SENT, {"technique": self.technique, "before": before.state})
        # 4 the command
        reply = self._transport.issue(command)
        if not reply.is_ok:
            self._judge_unclear(reply, command.name, before)
        self._is_ours = True
        note(_TAKEN, {"technique": self.technique})

    def _check_format(self) -> None:
        """Our parameter list asks for no protection information: on a disk that has it, sectors would change."""
        reply = self._transport.issue(READ_CAPACITY_16)
        capacity = read_capacity(reply.data) if reply.is_ok else None
        if capacity is None and ask_condition(self._transport).state == "corrupted":
            if ask_identity(self._transport).keeps_sectors(is_corrupted=True):
                return
        elif capacity is not None and not capacity.has_protection:
            return
        raise Refused("formatting could change the size of the sectors")

    def _judge_unclear(self, reply: Reply, name: str, before: Condition) -> None:
        """Not clearly taken: returns only when the disk is seen at it (RAID cards refuse it while the disk obeys)."""
        now = ask_condition(self._transport)
        if now.state == self._working:
            self._saw(now)
            return
        if now.state in ("failed", "corrupted") and now.state != before.state:
            raise EraseFailed(f"{name}: {reply.said}; then {now.said}; {self._leave_failure(now)}")
        if reply.is_unsent or (not reply.is_lost and reply.key in (*_NOT_BEGUN, None)):
            raise Refused(f"{name}: {reply.said}; then {now.said}")
        raise EraseFailed(f"{name}: {reply.said}; then {now.said}: not known to have begun")

    def resume(self, noted: tuple[Noted, ...], note: Note) -> None:
        """Look only: the disk went on alone, has ended, or never began."""
        steps = {one.step: one.details for one in noted if one.details.get("technique") == self.technique}
        now, self._note = self._ask(), note
        if _SENT not in steps:
            raise Refused(f"the command was not yet sent; the disk says: {now.said}")
        before = steps[_SENT].get("before")
        self._was_seen = _RUNNING in steps
        if _FAILED in steps:
            if now.state == "failed":
                now = Condition(state="failed", said=f"then {self._transport.issue(EXIT_FAILURE).said}")
            raise EraseFailed(f"the erase had failed before the interruption; {now.said}")
        if _TAKEN in steps or self._was_seen:
            self._is_ours = True
        elif now.state == self._working:
            self._is_ours = True
            self._saw(now)
        elif now.state in ("failed", "corrupted") and now.state != before:
            raise EraseFailed(f"interrupted; the disk says: {now.said}; {self._leave_failure(now)}")
        elif now.state == "unknown":
            raise EraseFailed(f"interrupted; the disk does not say what became of the command: {now.said}")
        else:
            raise Refused(f"nothing shows that the command was taken; the disk says: {now.said}")

    def poll(self) -> Standing:
        if self._failed:
            return Standing(state="failed", said=self._failed)
        now = self._ask()
        if now.is_running:
            if now.state == self._working:
                self._saw(now)
            return Standing(state="running", permille=now.permille, said=now.said)
        if now.state in ("failed", "corrupted"):
            self._failed = f"{now.said}; {self._leave_failure(now)}"
            return Standing(state="failed", said=self._failed)
        if now.state == "idle":
            return Standing(state="done" if self._is_ours else "idle", permille=1000, said=self._ended(now))
        # Seen at work, then unclear: no progress, so that the stall rule ends it. Never seen: nothing to wait for.
        state: Literal["running", "failed"] = "running" if self._was_seen else "failed"
        return Standing(state=state, permille=self._seen_at, said=f"no clear answer: {now.said}")

    def settle(self, note: Note) -> None:
        """SANITIZE and FORMAT UNIT set no password and leave no lock."""

    def _ask(self) -> Condition:
        now = ask_condition(self._transport)
        for _ in range(_ASK_AGAIN):
            if now.state != "unknown":
                break
            now = ask_condition(self._transport)
        return now

    def _saw(self, now: Condition) -> None:
        self._is_ours = True
        if not self._was_seen and self._note is not None:
            self._note(_RUNNING, {"technique": self.technique})
        self._was_seen = True
        self._seen_at = now.permille

    def _ended(self, now: Condition) -> str:
        if not self._is_ours:
            return f"{now.said}; the command was never taken"
        return now.said if self._was_seen else f"{now.said}; never seen at work"

    def _leave_failure(self, now: Condition) -> str:
        """AUSE lets the disk leave the failed state, so that it can still be overwritten. A format has no such mode.

        Once left, an idle disk looks like one that has ended well: the failure is noted first, or the disk stays in it.
        """
        if now.state != "failed":
            return "it stays so until it is formatted"
        if self._note is None:
            return "it stays in the failed state until it is erased again"
        self._note(_FAILED, {"technique": self.technique})
        return f"leaving the failed state: {self._transport.issue(EXIT_FAILURE).said}"
