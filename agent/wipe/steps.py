"""What must be done next: one pure function of where the erasure stands.

A power cut changes nothing here: the journal is folded again (`state.fold`) and the next step is the same one, from its
last checkpoint. Every step is journalled when it has ended, and before it begins where a cut must not make us forget.
"""

from dataclasses import dataclass
from typing import Literal

from agent.wipe.outcome import is_hopeless, proves
from agent.wipe.state import PASSES, Attempting, State

StepName = Literal[
    "begin", "see-health-before", "open-hidden", "begin-attempt", "plant-markers", "send-erase", "resume-erase",
    "poll-erase", "write-pass", "read-back", "seek-markers", "end-attempt", "see-health-after", "finish",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    do: StepName
    attempt: int = 0
    number: int = 0  # of the pass or reading

    @property
    def destroys(self) -> bool:
        # Polling too: eMMC forgets its erase with the power, so that a resumed poll sends it again.
        return self.do in (
            "open-hidden",
            "begin-attempt",
            "plant-markers",
            "send-erase",
            "resume-erase",
            "poll-erase",
            "write-pass",
        )


def next_step(state: State) -> Step:
    """The one thing to do now."""
    if state.began_at is None:
        return Step(do="begin")
    if "before" not in state.has_health:
        return Step(do="see-health-before")
    if state.hidden is None:
        return Step(do="open-hidden")
    if state.is_hidden_stale and state.finished is None and not _erases_itself(state):
        return Step(do="open-hidden")
    if not state.attempts:
        return Step(do="begin-attempt", attempt=0)
    one = state.attempt
    if one.result is None:
        return _in_attempt(state, one)
    if (index := following(state)) is not None:
        return Step(do="begin-attempt", attempt=index)
    if "after" not in state.has_health:
        return Step(do="see-health-after")
    return Step(do="finish")


def _erases_itself(state: State) -> bool:
    """Announced and not known to have ended: nothing else may be asked of the disk meanwhile."""
    one = state.attempts[-1] if state.attempts else None
    return one is not None and one.result is None and bool(one.noted) and not one.is_erased


def _in_attempt(state: State, one: Attempting) -> Step:
    def step(do: StepName, number: int = 0) -> Step:
        return Step(do=do, attempt=one.index, number=number)

    if one.needs_markers and one.markers is None:
        return step("plant-markers")
    if is_hopeless(one):
        return step("end-attempt")
    if one.is_overwrite:
        for number in range(len(PASSES[one.step.technique])):
            if len(one.passes) <= number or not one.passes[number].has_ended:
                return step("write-pass", number)
            if len(one.readings) <= number or not one.readings[number].has_ended:
                return step("read-back", number)
    elif not one.is_erased:
        if one.was_accepted:
            return step("poll-erase")
        return step("resume-erase" if one.noted else "send-erase")
    if one.markers is not None and one.markers.survived is None:
        return step("seek-markers")
    if not one.is_overwrite and not one.step.is_readable_after:
        return step("end-attempt")
    if not one.readings or not one.readings[-1].has_ended:
        return step("read-back")  # a firmware erase: after the markers, which show a lie sooner
    return step("end-attempt")


def following(state: State) -> int | None:
    """The plan's technique to try after the one that has just ended, None: no more.

    What the disk did not take, or what proved too little, is followed by the next one. A disk that failed or lied is
    only overwritten, so that the data is gone; whatever comes of it, the outcome stays `failed`.
    """
    one, steps = state.attempt, state.job.plan.steps
    rest = range(one.index + 1, len(steps))
    if one.is_overwrite or one.result == "stalled":  # stalled: the device is still at it and lets nothing else in
        return None
    if one.result == "completed" and proves(state, one) and not one.step.and_then:
        return None
    if one.result in ("failed", "lied") or (one.result == "refused" and one.was_started):
        rest = range(next((index for index in rest if steps[index].technique in PASSES), len(steps)), len(steps))
    return rest[0] if rest else None
