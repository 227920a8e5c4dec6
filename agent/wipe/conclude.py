"""From the journal to the Erasure: all the evidence, then the outcome and whether a person must decide. Pure."""

from agent.erasure import BAD_MOST, Attempt, Erasure, Reason, Validation, Verification
from agent.facts import Health
from agent.wipe import reasons as why
from agent.wipe.extents import count, merged
from agent.wipe.outcome import Proof, bad_of, prove
from agent.wipe.state import Attempting, Reading, State

_FLASH = ("ssd", "nvme", "emmc", "sd-card")


def conclude(state: State) -> Erasure:
    """The Erasure of this journal, ended or not."""
    proof = _believed(state, prove(state))
    ended = state.finished
    return Erasure(
        id=state.job.id,
        media=state.job.media,
        found=state.job.found,
        planned=tuple(step.technique for step in state.job.plan.steps),
        chosen_fr=state.job.plan.chosen_fr,
        chosen_en=state.job.plan.chosen_en,
        hidden=state.hidden,
        attempts=tuple(_attempt(one, state) for one in state.attempts),
        health_before=state.health_before,
        health_after=state.health_after,
        interruptions=state.interruptions,
        began_at=state.began_at,
        ended_at=ended.at if ended else None,
        seconds=ended.seconds if ended else sum(one.seconds for one in state.attempts),
        untested_on_hardware=any(one.step.untested and one.was_started for one in state.attempts),
        operator=state.job.operator,
        verifier="rebond" if any(one.readings for one in state.attempts) else None,
        outcome=proof.outcome,
        level=proof.level,
        why=(*proof.why, *_left_locked(state), *_why_not_more(state, proof)),
        validation=validate(state, proof),
    )


def _believed(state: State, proof: Proof) -> Proof:
    """A known liar's evidence is its own word: it proves nothing, however good it looks."""
    if not state.job.has_lied or proof.outcome in ("failed", "interrupted"):
        return proof
    return Proof(outcome="not_proven", level=None, why=(why.LIED_BEFORE,))


def _attempt(one: Attempting, state: State) -> Attempt:
    bad = merged(bad_of(one))
    return Attempt(
        technique=one.step.technique,
        level=one.step.level,
        result=one.result or "interrupted",  # type: ignore[arg-type] # the journal's words are these
        was_accepted=one.was_accepted,
        was_seen_running=one.was_seen_running,
        seconds=one.seconds,
        written_bytes=sum(done.written_bytes(state.job.media.logical_sector_bytes) for done in one.passes),
        exchanges=one.exchanges,
        markers=one.markers,
        verification=_verification(one, one.readings[-1], state) if one.readings else None,
        bad=bad[:BAD_MOST],
        bad_sectors=count(bad),
        said=(*one.said, *_retried(one)),
    )


def _retried(one: Attempting) -> tuple[str, ...]:
    count = one.retried + sum(reading.retried for reading in one.readings)
    return (f"{count} transfers failed and went well when repeated",) if count else ()


def _verification(one: Attempting, reading: Reading, state: State) -> Verification:
    number = len(one.readings) - 1
    key = one.passes[number].key if one.is_overwrite and number < len(one.passes) else ""
    return Verification(
        kind=reading.kind,
        compared_with=reading.compared_with,
        addressable_bytes=state.size_bytes,
        read_bytes=reading.read_bytes,
        matching_bytes=reading.matching_bytes,
        seed_digest=_digest(key) if key else None,
        power_permille=reading.power_permille if reading.has_ended else None,
        content=reading.content,
    )


def _digest(key: str) -> str:
    import hashlib

    return hashlib.sha256(bytes.fromhex(key)).hexdigest()


def _left_locked(state: State) -> tuple[Reason, ...]:
    """A security erase sets a password first: the disk itself must say that it is gone, else a person is told."""
    for number, one in enumerate(state.attempts):
        asked = [later.aftermath for later in state.attempts[number:] if later.aftermath is not None]
        last = asked[-1] if asked else "unknown"
        if (last == "locked" and one.has_set_password) or (last == "unknown" and one.may_be_locked):
            return (why.PASSWORD_LEFT,)
    return ()


# --- why not more, and who must decide --------------------------------------------------------------------------------


def _why_not_more(state: State, proof: Proof) -> tuple[Reason, ...]:
    """What a reader of `cleared` should know: the level was not chosen for comfort."""
    plan = state.job.plan
    if proof.level == "purge" or not plan.why_not_more_fr:
        return ()
    return (Reason(rule="why-not-more", fr=plan.why_not_more_fr, en=plan.why_not_more_en),)


def validate(state: State, proof: Proof) -> Validation:
    """SP 800-88r2 4.5.2 by rules: reject what is not proven, ask a person where a rule cannot know, else approve."""
    if proof.level is None and proof.outcome != "cleared_with_exceptions":
        return Validation(decision="reject", reasons=proof.why)
    asked = tuple(_escalations(state, proof))
    return Validation(decision="escalate", reasons=asked) if asked else Validation(decision="approve")


def _escalations(state: State, proof: Proof) -> list[Reason]:
    found = []
    if proof.outcome == "cleared_with_exceptions":
        found.append(why.EXCEPTIONS)
    if proof.level != "purge" and state.job.media.kind in _FLASH:
        found.append(why.SPARE_AREA)
    if state.hidden is not None and state.hidden.state == "kept":
        found.append(why.HIDDEN_BY_SANITIZE)
    if proof.level != "purge" and (state.hidden is None or state.hidden.state == "unknown"):
        found.append(why.HIDDEN_UNKNOWN)
    if any(one.step.untested and one.was_started and not one.is_overwrite for one in state.attempts):
        found.append(why.UNTESTED)
    if proof.level == "purge" and any(reading.kind == "sampled" for one in state.attempts for reading in one.readings):
        found.append(why.READ_BY_SAMPLING)
    last = state.attempts[-1] if state.attempts else None
    if (
        last is not None
        and not last.is_overwrite
        and "crypto" not in last.step.technique
        and any(reading.content is not None and reading.content.kind == "random" for reading in last.readings)
    ):
        found.append(why.RANDOM_CONTENT)
    if _got_worse(state.health_before, state.health_after):
        found.append(why.HEALTH_WORSE)
    if not state.job.media.serial:
        found.append(why.NO_SERIAL)
    return found


def _got_worse(before: Health | None, after: Health | None) -> bool:
    if before is None or after is None:
        return False
    names = ("reallocated_sectors", "pending_sectors", "uncorrectable_sectors", "media_errors", "grown_defects")
    pairs = ((getattr(before, name), getattr(after, name)) for name in names)
    worse = any(old is not None and new is not None and new > old for old, new in pairs)
    return worse or (before.is_passed is not False and after.is_passed is False)
