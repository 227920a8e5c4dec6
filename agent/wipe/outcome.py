"""What the evidence proves: State in, outcome with reasons out. Pure; nothing else may say `purged` or `cleared`.

Success needs one of two proofs: every addressable byte was read back and is what was written last, or the device's own
attested command was taken, ended well, and nothing planted before it was found after it. All else is something less.
"""

from dataclasses import dataclass

from agent.erasure import Extent, Level, Outcome, Reason
from agent.wipe import reasons as why
from agent.wipe.extents import outside
from agent.wipe.limits import ERRORS_MOST
from agent.wipe.state import PASSES, Attempting, Reading, State

_UNIFORM = ("zeros", "ones", "pattern")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What one attempt proves by itself."""

    outcome: Outcome
    level: Level | None
    why: tuple[Reason, ...]


def proves(state: State, one: Attempting) -> bool:
    return proof_of(state, one).level is not None


def proof_of(state: State, one: Attempting) -> Proof:
    """Of one ended attempt, whatever came before or after it."""
    if one.result == "refused" and not one.was_started:
        return _less("not_proven", why.REFUSED)
    if one.result != "completed":
        told = {"stalled": why.STALLED, "lied": why.LIED}.get(one.result or "", why.FAILED)
        return _less("failed", told, *([why.OLD_UNCHANGED] if _old_left(one) else []))
    return _of_overwrite(state, one) if one.is_overwrite else _of_firmware(state, one)


def result_of(state: State, one: Attempting) -> str:
    """How an attempt that did all its work ended: `completed`, or `lied` when the disk's word did not hold."""
    return "lied" if _markers_left(one) or _old_left(one) or _dropped_sectors(one) else "completed"


def is_hopeless(one: Attempting) -> bool:
    """What was read already shows a lie: more work on this attempt would prove nothing."""
    has_dropped = one.is_overwrite and one.readings and one.readings[-1].has_ended and _dropped_sectors(one)
    return bool(_markers_left(one) or _old_left(one) or has_dropped)


def _markers_left(one: Attempting) -> int:
    return (one.markers.survived or 0) if one.markers is not None else 0


def _old_left(one: Attempting) -> int:
    return (one.markers.unchanged or 0) if one.markers is not None else 0


def _dropped_sectors(one: Attempting) -> int:
    """Sectors of an overwrite that the disk took without an error and gave back otherwise."""
    if not one.is_overwrite:
        return 0
    return sum(
        outside([extent for extent in reading.bad if extent.problem == "mismatch"], one.unwritable)
        for reading in one.readings
    )


def has_lied(state: State) -> bool:
    """Whether this disk was caught: markers that survived its "erased", or bytes given back otherwise than taken."""
    return any(one.result == "lied" or is_hopeless(one) for one in state.attempts)


# --- one attempt ------------------------------------------------------------------------------------------------------


def _of_firmware(state: State, one: Attempting) -> Proof:
    if not (one.was_accepted and one.is_erased):
        return _less("not_proven", why.NO_END)
    if not one.step.is_readable_after:
        return _less("not_proven", why.UNREADABLE_AFTER)
    if one.markers is None or not one.markers.offsets or one.markers.survived is None:
        return _less("not_proven", why.NO_MARKERS)
    if one.markers.survived:
        return _less("failed", why.MARKERS_LEFT)
    if one.markers.unchanged:
        return _less("failed", why.OLD_UNCHANGED)
    reading = one.readings[0] if one.readings else None
    if reading is None or not reading.has_ended or reading.content is None:
        return _less("not_proven", why.NOT_READ)
    if reading.content.remains:
        return _less("not_proven", why.REMAINS)
    if reading.content.kind in ("mixed", "unread"):
        return _less("not_proven", why.MIXED)
    if state.hidden is not None and state.hidden.state == "kept" and "-sanitize-" not in one.step.technique:
        return _less("not_proven", why.HIDDEN_KEPT)  # a sanitize reaches it by its standard; a person decides
    is_uniform = reading.kind == "full" and reading.content.kind in _UNIFORM
    if one.are_markers_doubtful and not is_uniform:
        return _less("not_proven", why.MARKERS_DOUBTFUL)
    if reading.bad or one.markers.unreadable:
        return _less("cleared_with_exceptions", why.UNREADABLE) if is_uniform else _less("not_proven", why.UNREADABLE)
    if reading.kind == "full" and reading.read_bytes < state.size_bytes:
        return _less("not_proven", why.NOT_READ)
    if one.step.level == "purge":
        attested = why.ATTESTED if reading.kind == "full" else why.ATTESTED_SAMPLED
        return Proof(outcome="purged", level="purge", why=(attested,))
    if is_uniform:
        return Proof(outcome="cleared", level="clear", why=(why.ALL_UNIFORM,))
    return _less("not_proven", why.NOT_UNIFORM)


def _of_overwrite(state: State, one: Attempting) -> Proof:
    wanted = PASSES[one.step.technique]
    if len(one.passes) < len(wanted) or not all(done.has_ended for done in one.passes):
        return _less("not_proven", why.NO_END)
    if len(one.readings) < len(wanted) or not all(reading.has_ended for reading in one.readings):
        return _less("not_proven", why.NOT_READ)
    if any(reading.compared_with != fill for reading, fill in zip(one.readings, wanted, strict=True)):
        return _less("not_proven", why.NOT_READ)
    if one.needs_markers and (one.markers is None or not one.markers.offsets or one.markers.survived is None):
        return _less("not_proven", why.NO_MARKERS)
    if one.markers is not None and one.markers.survived:
        return _less("failed", why.MARKERS_LEFT)
    if _dropped_sectors(one):
        return _less("failed", why.DROPPED)
    if state.hidden is not None and state.hidden.state == "kept":
        return _less("not_proven", why.HIDDEN_KEPT)
    if any(reading.kind != "full" for reading in one.readings):
        return _less("not_proven", why.SAMPLED)
    if all(_is_whole(reading, state.size_bytes) for reading in one.readings):
        return Proof(outcome="cleared", level="clear", why=(why.ALL_READ,))
    if outside(bad_of(one), ()) > ERRORS_MOST:  # also when no single life of the work met so many
        return _less("failed", why.TOO_MANY_BAD)
    if all(_is_accounted(reading, state) for reading in one.readings):
        return _less("cleared_with_exceptions", why.EXCEPTIONS)
    return _less("not_proven", why.NOT_READ)


def _is_whole(reading: Reading, size_bytes: int) -> bool:
    return size_bytes > 0 and reading.matching_bytes == size_bytes and not reading.bad


def _is_accounted(reading: Reading, state: State) -> bool:
    """Every byte is either proven or in a listed bad sector; and something was proven."""
    sector = state.job.media.logical_sector_bytes
    return reading.matching_bytes > 0 and reading.matching_bytes + outside(reading.bad, ()) * sector >= state.size_bytes


def bad_of(one: Attempting) -> tuple[Extent, ...]:
    """What must be listed: sectors that could not be proven; an unwritable one that reads as written is proven."""
    seen = tuple(extent for reading in one.readings for extent in reading.bad)
    has_read = one.is_overwrite and len(one.readings) == len(PASSES[one.step.technique]) and one.readings[-1].has_ended
    return seen if has_read and one.readings[-1].kind == "full" else (*one.unwritable, *seen)


# --- the whole erasure ------------------------------------------------------------------------------------------------


def prove(state: State) -> Proof:
    """Of the whole erasure. One lie or failure on the way spoils it: a disk that lied once is not believed again."""
    if state.finished is None:
        if any(one.result in ("failed", "lied", "stalled") for one in state.attempts):
            return _less("failed", why.FAILED, why.UNFINISHED)
        if state.is_interrupted and state.interruptions[-1].why == "too-hot":
            return _less("interrupted", why.TOO_HOT, why.UNFINISHED)
        return _less("interrupted", why.UNFINISHED)
    if not state.attempts:
        return _less("failed", why.NO_METHOD)
    proofs = [proof_of(state, one) for one in state.attempts]
    spoiled = [
        proof for one, proof in zip(state.attempts, proofs, strict=True)
        if one.result in ("failed", "lied", "stalled") or proof.outcome == "failed"
    ]  # fmt: skip
    blocked = (why.BLOCKED,) if state.attempts[-1].aftermath == "blocked" else ()
    if spoiled or blocked:
        return _less("failed", *blocked, *(reason for proof in spoiled for reason in proof.why))
    last = proofs[-1]
    if all(one.result == "refused" for one in state.attempts):
        return _less("failed", why.REFUSED)
    before = tuple(reason for proof in proofs[:-1] for reason in proof.why)
    return Proof(outcome=last.outcome, level=last.level, why=(*last.why, *before))


def _less(outcome: Outcome, *reasons: Reason) -> Proof:
    return Proof(outcome=outcome, level=None, why=reasons)
