"""The device's own erase, as steps of the engine: send, poll, settle. It journals before the deed and believes no word.

Success is never decided here; `Erased` is journalled only after the command was taken and the device then said `done`.
"""

from collections.abc import Mapping

from agent.erasure import Exchange
from agent.wipe import journal as j
from agent.wipe.device import Aftermath, Device, DiskError, EraseFailed, Eraser, Refused, Stuck
from agent.wipe.limits import Limits
from agent.wipe.state import Attempting
from agent.wipe.watch import Watch

SENDING = "sending"  # noted before any command of an erase: from here on, never start blindly
POLL_S = (1.0, 2.0, 5.0, 10.0)


class Firmware:
    def __init__(self, device: Device, watch: Watch, journal: j.Journal, limits: Limits) -> None:
        self._device, self._watch, self._journal, self._limits = device, watch, journal, limits
        self._eraser: Eraser | None = None
        self._since = 0.0

    def leave(self) -> None:
        """Another attempt begins."""
        self._eraser = None
        if self._device.family is not None:
            self._device.family.exchanges.clear()

    def exchanges(self) -> tuple[Exchange, ...]:
        """What was sent since the last call; of a long row of polls the first and the last."""
        if self._device.family is None:
            return ()
        sent = tuple(self._device.family.exchanges)
        self._device.family.exchanges.clear()
        return condensed(sent)

    def leave_failure(self) -> None:
        """Before an attempt: no marker and no byte gets into a disk that an earlier erase left in its failed state."""
        if self._device.family is not None:
            self._device.family.leave_failure()

    def aftermath(self) -> Aftermath:
        """How the disk stands now, in its own words; a disk that does not answer is `unknown`."""
        try:
            return self._device.family.aftermath() if self._device.family is not None else "unknown"
        except (DiskError, OSError):
            return "unknown"

    @staticmethod
    def result_of(error: Exception) -> str:
        """The journal's word for what an eraser raised."""
        if isinstance(error, Refused):
            return "refused"
        return "stalled" if isinstance(error, Stuck) else "failed"

    def send(self, one: Attempting) -> None:
        self._watch.enter("erasing", one.step.technique)
        eraser = self._made(one)
        self._note(one)(SENDING, {})
        eraser.begin(self._note(one))
        self._journal.add(j.Accepted(attempt=one.index, exchanges=self.exchanges()))

    def resume(self, one: Attempting) -> None:
        """A cut came between the announcement and the answer: the device knows, we do not."""
        self._watch.enter("erasing", one.step.technique)
        eraser = self._made(one)
        eraser.resume(one.noted, self._note(one))
        self._journal.add(j.Accepted(attempt=one.index, exchanges=self.exchanges()))

    def poll_to_the_end(self, one: Attempting) -> None:
        """Until the device says how it ended; Stuck when it makes no progress for the stall rule's time."""
        self._watch.enter("erasing", one.step.technique)
        eraser = self._eraser
        if eraser is None:  # another process sent it
            eraser = self._made(one)
            eraser.resume(one.noted, self._note(one))
        began = moved = self._watch.now()
        stall_s = max(self._limits.erase_stall_s, 3 * (one.step.estimate_s or 0))
        last: int | None = None
        is_seen, polls = one.was_seen_running, 0
        while (standing := eraser.poll()).state == "running":
            if not is_seen:
                self._journal.add(j.SeenRunning(attempt=one.index))
                is_seen = True
            now = self._watch.now()
            if standing.permille != last:
                last, moved = standing.permille, now
            if now - moved > stall_s:
                raise Stuck(f"no progress for {round(now - moved)} s ({standing.said})")
            self._watch.polled(standing.permille, self._eta_s(one, standing.permille, now - began))
            self._watch.wait(POLL_S[min(polls, len(POLL_S) - 1)])
            polls += 1
        if standing.state != "done":
            raise EraseFailed(f"the device says {standing.state}: {standing.said}")
        eraser.settle(self._note(one))
        spent = round(self._watch.now() - began)
        self._journal.add(j.Erased(attempt=one.index, exchanges=self.exchanges(), seconds=spent))

    @staticmethod
    def _eta_s(one: Attempting, permille: int | None, spent_s: float) -> int | None:
        if permille:
            return round(spent_s * (1000 - permille) / permille)
        return max(0, round(one.step.estimate_s - spent_s)) if one.step.estimate_s else None

    def _made(self, one: Attempting) -> Eraser:
        if self._device.family is None:
            raise Refused("no command of its own reaches this disk")
        self._eraser = self._device.family.eraser(one.step.technique)
        return self._eraser

    def _note(self, one: Attempting):  # type: ignore[no-untyped-def] # a device.Note
        def note(step: str, details: Mapping[str, str]) -> None:
            self._journal.add(j.StepNoted(attempt=one.index, step=step, details=dict(details)))

        return note


def condensed(sent: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """Rows of one command with good answers become their first and last: hours of polling say no more than that."""
    kept: list[Exchange] = []
    for place, one in enumerate(sent):
        neighbours = sent[max(0, place - 1) : place] + sent[place + 1 : place + 2]
        is_inner = len(neighbours) == 2 and all(other.name == one.name and other.is_ok for other in neighbours)
        if not (is_inner and one.is_ok):
            kept.append(one)
    return tuple(kept)
