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
_SLOWEST_BPS = 30_000_000
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
        began = self._watch.now()
        pace = Pace(began, self._limits.erase_stall_s, one.step.estimate_s, self._device.io.size_bytes)
        is_seen, polls = one.was_seen_running, 0
        while (standing := eraser.poll()).state == "running":
            if not is_seen:
                self._journal.add(j.SeenRunning(attempt=one.index))
                is_seen = True
            pace.see(standing.permille, self._watch.now())
            if pace.still_s > pace.patience_s:
                what = "no progress" if pace.is_told else "no end, and no progress is told by this disk,"
                raise Stuck(f"{what} for {round(pace.still_s)} s ({standing.said})")
            self._watch.polled(standing.permille, pace.eta_s)
            self._watch.wait(POLL_S[min(polls, len(POLL_S) - 1)])
            polls += 1
        if standing.state != "done":
            raise EraseFailed(f"the device says {standing.state}: {standing.said}")
        eraser.settle(self._note(one))
        spent = round(self._watch.now() - began)
        self._journal.add(j.Erased(attempt=one.index, exchanges=self.exchanges(), seconds=spent))

    def _made(self, one: Attempting) -> Eraser:
        if self._device.family is None:
            raise Refused("no command of its own reaches this disk")
        self._eraser = self._device.family.eraser(one.step.technique)
        return self._eraser

    def _note(self, one: Attempting):  # type: ignore[no-untyped-def] # a device.Note
        def note(step: str, details: Mapping[str, str]) -> None:
            self._journal.add(j.StepNoted(attempt=one.index, step=step, details=dict(details)))

        return note


class Pace:
    """Whether one erase still moves, and how long it may take, by what its disk tells of it.

    A disk that tells its progress must get beyond what it told before, within the stall rule's time. One that tells
    none has three times what it announced for the whole; when it announced nothing, what writing it all slowly takes.
    """

    def __init__(self, now: float, stall_s: float, estimate_s: int | None, size_bytes: int) -> None:
        self._began = self._moved = self._now = now
        self._stall_s, self._estimate_s = max(stall_s, 3 * (estimate_s or 0)), estimate_s
        self._untold_s = self._stall_s if estimate_s else max(stall_s, size_bytes / _SLOWEST_BPS + stall_s)
        self._first: tuple[int, float] | None = None  # what it told first, and when: another process may have begun it
        self._most = -1

    def see(self, permille: int | None, now: float) -> None:
        self._now = now
        if permille is None or permille <= self._most:
            return
        self._first = self._first or (permille, now)
        self._most, self._moved = permille, now

    @property
    def is_told(self) -> bool:
        return self._first is not None

    @property
    def still_s(self) -> float:
        return self._now - self._moved

    @property
    def patience_s(self) -> float:
        return self._stall_s if self.is_told else self._untold_s

    @property
    def eta_s(self) -> int | None:
        """None rather than a guess: after one word only, and once the announced time has passed."""
        if self._first is not None:
            permille, since = self._first
            gained = self._most - permille
            return round((self._now - since) * (1000 - self._most) / gained) if gained else None
        left = (self._estimate_s or 0) - (self._now - self._began)
        return round(left) if left > 0 else None


def condensed(sent: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """Rows of one look, of one command or of two by turns, become their first and last: hours of polling say no more.

    An answer that differs from those of the looks beside it in how it went wrong is always kept.
    """
    return tuple(one for place, one in enumerate(sent) if not any(_is_inner(sent, place, turn) for turn in (1, 2)))


def _is_inner(sent: tuple[Exchange, ...], place: int, turn: int) -> bool:
    """The look before (`turn` commands earlier) and the one after were the same, and so was what lay between."""
    if place < turn or place + turn >= len(sent) or (turn == 1 and not sent[place].is_ok):
        return False
    is_row = _is_like(sent[place - turn], sent[place]) and _is_like(sent[place], sent[place + turn])
    return is_row and (turn == 1 or _is_like(sent[place - 1], sent[place + 1]))


def _is_like(one: Exchange, other: Exchange) -> bool:
    return (one.name, one.is_ok) == (other.name, other.is_ok) and (one.is_ok or one.status == other.status)
