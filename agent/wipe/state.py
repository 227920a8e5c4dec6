"""Where one erasure stands: the journal folded into a `State`.

Pure; `steps` says what comes next, `outcome` what it proves.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from agent.erasure import Content, Exchange, Extent, Hidden, Interruption, Markers, Technique
from agent.facts import Health
from agent.wipe import journal as j
from agent.wipe.device import Aftermath, Noted
from agent.wipe.job import Job, Planned

Fill = Literal["stream", "zeros"]
# The passes of each overwrite. Zeros alone cannot show a fake capacity that wraps: there markers do (as for firmware).
PASSES: dict[Technique, tuple[Fill, ...]] = {
    "overwrite-stream": ("stream",),
    "overwrite-zeros": ("zeros",),
    "overwrite-two-pass": ("stream", "zeros"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    fill: Literal["aes-256-ctr", "chacha20", "zeros"]
    key: str
    checkpoints: tuple[int, ...] = (0,)  # offsets, oldest first: a damaged end steps back one
    has_ended: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempting:
    """One technique so far."""

    index: int
    step: Planned
    markers: Markers | None = None
    marker_key: str = ""
    are_markers_doubtful: bool = False  # the power was cut after they were planted, before they were sought
    noted: tuple[Noted, ...] = ()
    was_accepted: bool = False
    was_seen_running: bool = False
    is_erased: bool = False  # the firmware says so, and was settled
    exchanges: tuple[Exchange, ...] = ()
    seconds: int = 0
    written_bytes: int = 0
    passes: tuple[Pass, ...] = ()
    readings: tuple[Reading, ...] = ()
    unwritable: tuple[Extent, ...] = ()
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
    size_bytes: int = 0
    attempts: tuple[Attempting, ...] = ()
    interruptions: tuple[Interruption, ...] = ()
    is_interrupted: bool = False
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
    for entry in rest:
        state = _take(state, entry)
    return state


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
            return replace(state, hidden=entry.hidden, size_bytes=entry.size_bytes)
        case j.AttemptBegan():
            begun = Attempting(index=entry.attempt, step=state.job.plan.steps[entry.attempt])
            return replace(state, attempts=(*state.attempts, begun))
        case j.Interrupted():
            return _interrupt(state, Interruption(at=entry.at, why=entry.why, said=entry.said))
        case j.Resumed():
            return replace(_resume(before, entry.at), last_at=entry.at)
        case j.Finished():
            return replace(state, finished=entry)
        case j.Opened():
            raise ValueError("a second beginning")
    return replace(state, attempts=(*state.attempts[:-1], _take_in_attempt(state.attempt, entry)))


def _interrupt(state: State, interruption: Interruption) -> State:
    return replace(state, is_interrupted=True, interruptions=(*state.interruptions, interruption))


def _resume(state: State, at: str) -> State:
    if not state.is_interrupted:  # nobody could write why: the power, or a kill
        state = _interrupt(state, Interruption(at=state.last_at, why="power"))
    last = state.interruptions[-1]
    told = msgspec.structs.replace(last, resumed_at=at)
    state = replace(state, is_interrupted=False, interruptions=(*state.interruptions[:-1], told))
    if not state.attempts or state.finished is not None or state.attempt.result not in (None, "completed"):
        return state
    return replace(state, attempts=(*state.attempts[:-1], _after_a_cut(state.attempt)))


def _after_a_cut(one: Attempting) -> Attempting:
    """What was read before the cut may have come from a cache that the cut emptied: it is read, and judged, again.

    Only of an earlier pass the reading stays: what it read was overwritten since. Markers that were planted but not yet
    sought may have been lost with the cache instead of erased.
    """
    kept = one.readings[: max(0, len(one.passes) - 1)]
    markers, is_doubtful = one.markers, one.are_markers_doubtful
    if markers is not None:
        is_doubtful = is_doubtful or markers.survived is None
        markers = Markers(offsets=markers.offsets, length_bytes=markers.length_bytes, digest=markers.digest)
    return replace(
        one, readings=kept, markers=markers, are_markers_doubtful=is_doubtful, result=None, said=(),
        aftermath=None,
    )  # fmt: skip


def _take_in_attempt(one: Attempting, entry: j.Entry) -> Attempting:
    match entry:
        case j.MarkersPlanted():
            return replace(one, markers=entry.markers, marker_key=entry.key)
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
        case j.Checkpoint(work="write"):
            return _take_written(one, entry)
        case j.Checkpoint():
            last = one.readings[-1]
            seen = replace(
                last, offset_bytes=entry.offset_bytes, matching_bytes=entry.matching_bytes, content=entry.content,
                bad=(*last.bad, *entry.bad),
            )  # fmt: skip
            return replace(one, readings=(*one.readings[:-1], seen), seconds=one.seconds + entry.seconds)
        case j.MarkersSought():
            assert one.markers is not None
            found = one.markers.__class__(
                offsets=one.markers.offsets, length_bytes=one.markers.length_bytes, digest=one.markers.digest,
                survived=entry.survived, unreadable=entry.unreadable,
            )  # fmt: skip
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


def _take_written(one: Attempting, entry: j.Checkpoint) -> Attempting:
    last = one.passes[-1]
    written = max(0, entry.offset_bytes - last.checkpoints[-1])
    # A step back after a damaged end: the later checkpoints are void.
    kept = tuple(offset for offset in last.checkpoints if offset < entry.offset_bytes)
    seen = replace(last, checkpoints=(*kept, entry.offset_bytes))
    return replace(
        one, passes=(*one.passes[:-1], seen), unwritable=(*one.unwritable, *entry.bad),
        written_bytes=one.written_bytes + written, seconds=one.seconds + entry.seconds,
    )  # fmt: skip
