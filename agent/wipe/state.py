"""Where one erasure stands: the journal folded into a `State`.

Pure; `steps` says what comes next, `outcome` what it proves.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal

import msgspec

from agent.erasure import Content, Exchange, Extent, Hidden, Interruption, Markers, Technique
from agent.facts import Health
from agent.wipe import journal as j
from agent.wipe.device import Aftermath, Noted
from agent.wipe.extents import count
from agent.wipe.job import Job, Planned
from agent.wipe.witnesses import Witness

Fill = Literal["stream", "zeros"]
# The passes of each overwrite. Zeros alone cannot show a fake capacity that wraps: there markers do (as for firmware).
PASSES: dict[Technique, tuple[Fill, ...]] = {
    "overwrite-stream": ("stream",),
    "overwrite-zeros": ("zeros",),
    "overwrite-two-pass": ("stream", "zeros"),
}

# More than any disk keeps in a cache that a power cut empties; written last, so at the end of a pass.
CACHE_BYTES = 4 << 30
_CHECKPOINTS_KEPT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    fill: Literal["aes-256-ctr", "chacha20", "zeros"]
    key: str
    # Offsets, oldest first, of them the first and the last few: a damaged end steps back one.
    checkpoints: tuple[int, ...] = (0,)
    unwritable: tuple[Extent, ...] = ()
    has_ended: bool = False

    def written_bytes(self, sector_bytes: int) -> int:
        """Each byte once, however often it was written; what the disk did not take is not written."""
        return max(0, self.checkpoints[-1] - count(self.unwritable) * sector_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    kind: Literal["full", "sampled"]
    compared_with: Literal["stream", "zeros", "nothing"]
    offset_bytes: int = 0
    read_bytes: int = 0
    matching_bytes: int = 0
    content: Content | None = None
    power_permille: int = 1000
    has_ended: bool = False
    bad: tuple[Extent, ...] = ()
    retried: int = 0
    before_doubt: "Reading | None" = None  # itself at its last checkpoint that no cut can put in doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempting:
    """One technique so far."""

    index: int
    step: Planned
    markers: Markers | None = None
    marker_key: str = ""
    witnesses: tuple[Witness, ...] = ()
    are_markers_doubtful: bool = False  # the power was cut after they were planted, before they were sought
    noted: tuple[Noted, ...] = ()
    was_accepted: bool = False
    was_seen_running: bool = False
    is_erased: bool = False  # the firmware says so, and was settled
    exchanges: tuple[Exchange, ...] = ()
    seconds: int = 0
    passes: tuple[Pass, ...] = ()
    readings: tuple[Reading, ...] = ()
    unwritable: tuple[Extent, ...] = ()
    retried: int = 0  # while writing
    aftermath: Aftermath | None = None  # None: not asked
    result: str | None = None
    was_started: bool = True
    said: tuple[str, ...] = ()

    @property
    def is_overwrite(self) -> bool:
        return self.step.technique in PASSES

    @property
    def has_set_password(self) -> bool:
        return any(noted.step == "password" for noted in self.noted)

    @property
    def may_be_locked(self) -> bool:
        """A password was announced, and an erase that ended well and took it away was not."""
        steps = [noted.step for noted in self.noted]
        return "password" in steps and "completed" not in steps[steps.index("password") :]

    @property
    def needs_markers(self) -> bool:
        if not self.is_overwrite:
            return self.step.is_readable_after
        return PASSES[self.step.technique][0] == "zeros"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    job: Job
    opened_at: str
    last_at: str
    began_at: str | None = None
    has_health: tuple[str, ...] = ()
    health_before: Health | None = None
    health_after: Health | None = None
    hidden: Hidden | None = None
    is_hidden_stale: bool = False  # seen before an interruption: a power cut closes again what was opened for a time
    size_bytes: int = 0
    attempts: tuple[Attempting, ...] = ()
    interruptions: tuple[Interruption, ...] = ()
    is_interrupted: bool = False
    power: str = ""  # Device.power_word at the last interruption
    finished: j.Finished | None = field(default=None)

    @property
    def attempt(self) -> Attempting:
        return self.attempts[-1]


def seen_after(state: State, aftermath: Aftermath) -> State:
    """The same, the last attempt's disk as it was just asked: what a lost journal could not keep."""
    return replace(state, attempts=(*state.attempts[:-1], replace(state.attempt, aftermath=aftermath)))


def fold(entries: Iterable[j.Entry]) -> State:
    """Where the erasure stands. The first entry is `Opened` (`read_journal` sees to it)."""
    first, *rest = entries
    assert isinstance(first, j.Opened)
    state = State(job=first.job, opened_at=first.at, last_at=first.at, size_bytes=first.job.media.size_bytes)
    run: list[j.Checkpoint] = []  # neighbours, taken at once: one by one, thousands would cost their number squared
    for entry in rest:
        if isinstance(entry, j.Checkpoint) and (not run or _is_same_work(run[-1], entry)):
            run.append(entry)
            continue
        state = _take_run(state, run)
        run = [entry] if isinstance(entry, j.Checkpoint) else []
        if not run:
            state = _take(state, entry)
    return _take_run(state, run)


def _is_same_work(one: j.Checkpoint, other: j.Checkpoint) -> bool:
    return (one.attempt, one.work, one.number) == (other.attempt, other.work, other.number)


def _take_run(state: State, run: list[j.Checkpoint]) -> State:
    if not run:
        return state
    one = state.attempt
    if run[0].work == "write":
        one = _take_written(one, run)
    else:
        seen = _take_read(one.readings[-1], run, state.size_bytes)
        seconds = one.seconds + sum(entry.seconds for entry in run)
        one = replace(one, readings=(*one.readings[:-1], seen), seconds=seconds)
    return replace(state, last_at=run[-1].at or state.last_at, attempts=(*state.attempts[:-1], one))


def _take(state: State, entry: j.Entry) -> State:
    before = state
    state = replace(state, last_at=getattr(entry, "at", "") or state.last_at)
    match entry:
        case j.Began():
            return replace(state, began_at=entry.at)
        case j.HealthSeen():
            seen = replace(state, has_health=(*state.has_health, entry.when))
            if entry.when == "before":
                return replace(seen, health_before=entry.health)
            return replace(seen, health_after=entry.health)
        case j.HiddenSeen():
            is_as_before = state.hidden is not None and state.hidden.state == "removed" and entry.hidden.state == "none"
            hidden = state.hidden if is_as_before else entry.hidden  # what was opened for good is not there any more
            return replace(state, hidden=hidden, is_hidden_stale=False, size_bytes=entry.size_bytes)
        case j.AttemptBegan():
            begun = Attempting(index=entry.attempt, step=state.job.plan.steps[entry.attempt])
            return replace(state, attempts=(*state.attempts, begun))
        case j.Interrupted():
            told = Interruption(at=entry.at, why=entry.why, said=entry.said)
            return _interrupt(state, told, "" if entry.why == "unplugged" else entry.power)
        case j.Resumed():
            return replace(_resume(before, entry), last_at=entry.at)
        case j.Finished():
            return replace(state, finished=entry)
        case j.Opened():
            raise ValueError("a second beginning")
    return replace(state, attempts=(*state.attempts[:-1], _take_in_attempt(state.attempt, entry)))


def _interrupt(state: State, interruption: Interruption, power: str = "") -> State:
    return replace(
        state, is_interrupted=True, power=power, interruptions=(*state.interruptions, interruption)
    )  # fmt: skip


def _resume(state: State, entry: j.Resumed) -> State:
    if not state.is_interrupted:  # nobody could write why: the power, or a kill
        state = _interrupt(state, Interruption(at=state.last_at, why="power"))
    had_power = bool(entry.power) and entry.power == state.power
    has_lied = state.job.has_lied or entry.has_lied
    job = msgspec.structs.replace(state.job, has_lied=has_lied, machine=entry.machine)
    told = msgspec.structs.replace(state.interruptions[-1], resumed_at=entry.at)
    interruptions = (*state.interruptions[:-1], told)
    state = replace(state, job=job, is_interrupted=False, is_hidden_stale=True, interruptions=interruptions)
    if not state.attempts or state.finished is not None or state.attempt.result not in (None, "completed"):
        return state
    one = state.attempt
    one = replace(one, result=None, said=(), aftermath=None) if had_power else _after_a_cut(one)
    return replace(state, attempts=(*state.attempts[:-1], one))


def _after_a_cut(one: Attempting) -> Attempting:
    """What was read before the cut may have come from a cache that the cut emptied: it is read, and judged, again.

    In a cache is at most what was written last (CACHE_BYTES): the reading of an overwrite goes on from its last
    checkpoint before that. Of an earlier pass it stays: what it read was overwritten since. Markers that were planted
    but not yet sought may have been lost with the cache instead of erased.
    """
    earlier = max(0, len(one.passes) - 1)
    kept = one.readings[:earlier]
    if one.is_overwrite and (sure := one.readings[earlier].before_doubt if len(one.readings) > earlier else None):
        kept = (*kept, replace(sure, before_doubt=sure))
    markers, is_doubtful = one.markers, one.are_markers_doubtful
    if markers is not None:
        is_doubtful = is_doubtful or markers.survived is None
        markers = msgspec.structs.replace(markers, survived=None, unreadable=0, unchanged=None)
    return replace(
        one, readings=kept, markers=markers, are_markers_doubtful=is_doubtful, result=None, said=(),
        aftermath=None,
    )  # fmt: skip


def _take_in_attempt(one: Attempting, entry: j.Entry) -> Attempting:
    match entry:
        case j.MarkersPlanted():
            return replace(one, markers=entry.markers, marker_key=entry.key, witnesses=entry.witnesses)
        case j.StepNoted():
            return replace(one, noted=(*one.noted, Noted(step=entry.step, details=entry.details)))
        case j.Accepted():
            return replace(one, was_accepted=True, exchanges=(*one.exchanges, *entry.exchanges))
        case j.Sent():
            return replace(one, exchanges=(*one.exchanges, *entry.exchanges))
        case j.SeenRunning():
            return replace(one, was_seen_running=True)
        case j.Erased():
            exchanges = (*one.exchanges, *entry.exchanges)
            return replace(one, is_erased=True, exchanges=exchanges, seconds=one.seconds + entry.seconds)
        case j.PassBegan():
            return replace(one, was_accepted=True, passes=(*one.passes, Pass(fill=entry.fill, key=entry.key)))
        case j.PassEnded():
            return replace(one, passes=(*one.passes[:-1], replace(one.passes[-1], has_ended=True)))
        case j.MarkersSought():
            assert one.markers is not None
            found = msgspec.structs.replace(
                one.markers, survived=entry.survived, unreadable=entry.unreadable, unchanged=entry.unchanged
            )
            return replace(one, markers=found)
        case j.ReadingBegan():
            begun = Reading(kind=entry.kind, compared_with=entry.compared_with)
            return replace(one, readings=(*one.readings[: entry.number], begun))
        case j.ReadingEnded():
            done = replace(
                one.readings[-1], read_bytes=entry.read_bytes, matching_bytes=entry.matching_bytes,
                content=entry.content, power_permille=entry.power_permille, has_ended=True,
            )  # fmt: skip
            return replace(one, readings=(*one.readings[:-1], done))
        case j.AftermathSeen():
            return replace(one, aftermath=entry.aftermath)
        case j.AttemptEnded():
            exchanges = (*one.exchanges, *entry.exchanges)
            return replace(
                one, result=entry.result, said=entry.said, exchanges=exchanges, was_started=entry.was_started
            )
    raise ValueError(f"no place for {type(entry).__name__}")


def _take_written(one: Attempting, run: list[j.Checkpoint]) -> Attempting:
    last = one.passes[-1]
    offsets = list(last.checkpoints)
    for entry in run:
        while offsets and offsets[-1] >= entry.offset_bytes:
            offsets.pop()  # a step back after a damaged end: the later checkpoints are void
        offsets.append(entry.offset_bytes)
    bad = tuple(chain.from_iterable(entry.bad for entry in run))
    offsets = [*offsets[:1], *offsets[1:][-_CHECKPOINTS_KEPT:]]
    seen = replace(last, checkpoints=tuple(offsets), unwritable=(*last.unwritable, *bad))
    return replace(
        one, passes=(*one.passes[:-1], seen), unwritable=(*one.unwritable, *bad),
        retried=one.retried + sum(entry.retried for entry in run),
        seconds=one.seconds + sum(entry.seconds for entry in run),
    )  # fmt: skip


def _take_read(last: Reading, run: list[j.Checkpoint], size_bytes: int) -> Reading:
    sure = sum(entry.offset_bytes <= size_bytes - CACHE_BYTES for entry in run)  # offsets only grow in one reading
    if sure:
        last = _read_to(last, run[:sure])
        last = replace(last, before_doubt=last)
    return _read_to(last, run[sure:]) if run[sure:] else last


def _read_to(last: Reading, run: list[j.Checkpoint]) -> Reading:
    end = run[-1]
    return replace(
        last, offset_bytes=end.offset_bytes, read_bytes=end.read_bytes, matching_bytes=end.matching_bytes,
        content=end.content, retried=end.retried, bad=(*last.bad, *chain.from_iterable(entry.bad for entry in run)),
    )  # fmt: skip
