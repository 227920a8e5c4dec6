"""No evidence short of a proof is called purged or cleared: the rule stated a second time, over random evidence."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.claims import objections
from agent.erasure import Content, Extent, Hidden, Markers, Media
from agent.wipe import journal as j
from agent.wipe.conclude import conclude
from agent.wipe.job import Job, Plan, Planned
from agent.wipe.state import PASSES, Attempting, Pass, Reading, State

SIZE = 1 << 20
FIRMWARE = ("nvme-sanitize-block", "ata-sanitize-overwrite", "scsi-format-unit", "ata-security-erase-enhanced")
CLEAR_ONLY = ("scsi-format-unit", "ata-security-erase-enhanced")
techniques = st.sampled_from((*PASSES, *FIRMWARE))
extents = st.builds(
    Extent,
    first_lba=st.integers(0, SIZE // 512 - 1),
    sectors=st.integers(1, 4),
    problem=st.sampled_from(("unwritable", "unreadable", "mismatch")),
)
some_extents = st.lists(extents, max_size=2).map(tuple)


def mostly(right: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Evidence with few faults is where a wrong rule would hide: all faults at once are easy to refuse."""
    return st.sampled_from((right,) * 12 + others)


@st.composite
def readings(draw: st.DrawFn, fill: str) -> Reading:
    return Reading(
        kind=draw(mostly("full", "sampled")),
        compared_with=draw(mostly(fill or "nothing", "stream", "zeros", "nothing")),
        read_bytes=draw(mostly(SIZE, SIZE - 512, 0)),
        matching_bytes=draw(mostly(SIZE, SIZE - 512, 0)) if fill else 0,
        content=draw(mostly(*(Content(kind=kind) for kind in ("zeros", "random", "mixed", "unread", "pattern")), None)),
        has_ended=draw(mostly(True, False)),
        bad=draw(st.one_of(*[st.just(())] * 8, some_extents)),
    )


@st.composite
def attempts(draw: st.DrawFn, index: int) -> Attempting:
    technique = draw(techniques)
    level: Any = "clear" if technique in PASSES or technique in CLEAR_ONLY else "purge"
    fills = PASSES.get(technique, ("",))
    marked = Markers(
        offsets=draw(mostly((0, 4096), ())), length_bytes=4096, digest="d",
        survived=draw(mostly(0, 1, None)), unreadable=draw(mostly(0, 1)),
    )  # fmt: skip
    result = draw(st.sampled_from(("completed",) * 8 + ("refused",) * 4 + ("failed", "lied", "stalled", None)))
    return Attempting(
        index=index,
        step=Planned(technique=technique, level=level, untested=draw(st.booleans())),
        markers=draw(mostly(marked, None)),
        was_accepted=draw(mostly(True, False)),
        is_erased=draw(mostly(True, False)),
        passes=tuple(Pass(fill=fill, key="", has_ended=draw(mostly(True, False))) for fill in fills),
        readings=tuple(draw(readings(fill)) for fill in fills)[: draw(mostly(len(fills), 0))],
        unwritable=draw(st.one_of(st.just(()), some_extents)),
        result=result,
        was_started=draw(st.booleans()) if result == "refused" else True,
    )


@st.composite
def states(draw: st.DrawFn) -> State:
    tried = tuple(draw(attempts(index)) for index in range(draw(mostly(1, 2, 2, 2, 2, 2, 0))))
    plan = Plan(steps=tuple(one.step for one in tried), level="clear")
    hidden = draw(mostly("none", "removed", "kept", "unknown", "not-applicable"))
    return State(
        job=Job(id="0", media=Media(name="x", serial="A", size_bytes=SIZE), plan=plan, journal=""),
        opened_at="",
        last_at="",
        began_at="2026-11-23T10:00:00Z",
        hidden=Hidden(state=hidden, visible_bytes=SIZE),
        size_bytes=SIZE,
        attempts=tried,
        finished=draw(mostly(j.Finished(at="", seconds=1), None)),
    )


def is_proven(state: State) -> bool:
    """The issue's own words: every addressable byte was proven, or the device's own command was seen to end."""
    if state.finished is None or not state.attempts:
        return False
    if any(one.result != "completed" and (one.result != "refused" or one.was_started) for one in state.attempts):
        return False
    last = state.attempts[-1]
    is_kept = state.hidden is not None and state.hidden.state == "kept"
    if last.result != "completed" or (is_kept and "sanitize" not in last.step.technique):
        return False
    wanted = PASSES.get(last.step.technique)
    whole = [
        one.has_ended and one.kind == "full" and one.matching_bytes == SIZE and not one.bad for one in last.readings
    ]
    if wanted:
        compared = [one.compared_with for one in last.readings]
        return all(done.has_ended for done in last.passes) and compared == list(wanted) and all(whole)
    reading = last.readings[0] if last.readings else None
    looked = bool(last.markers and last.markers.offsets and last.markers.survived == 0)
    return bool(last.was_accepted and last.is_erased and looked and reading and reading.has_ended and not reading.bad)


@given(states())
@settings(max_examples=1500, deadline=None)
def test_success_is_always_proven(state: State) -> None:
    erasure = conclude(state)
    if erasure.outcome in ("purged", "cleared"):
        assert is_proven(state)
        assert erasure.level == ("purge" if erasure.outcome == "purged" else "clear")
    else:
        assert erasure.level is None
        assert erasure.validation is not None and erasure.validation.decision != "approve"
    assert erasure.why


def good(technique: str = "overwrite-stream", **changes: Any) -> State:
    fills = PASSES.get(technique, ())  # type: ignore[call-overload] # a technique
    told = tuple(
        Reading(kind="full", compared_with=fill, read_bytes=SIZE, matching_bytes=SIZE, has_ended=True)
        for fill in fills
    ) or (
        Reading(
            kind="full", compared_with="nothing", read_bytes=SIZE, content=Content(kind="zeros"), has_ended=True
        ),
    )  # fmt: skip
    one: dict[str, Any] = {
        "index": 0,
        "step": Planned(technique=technique, level="clear" if fills else "purge"),  # type: ignore[arg-type]
        "markers": Markers(offsets=(0,), length_bytes=4096, digest="d", survived=0),
        "was_accepted": True,
        "is_erased": True,
        "passes": tuple(Pass(fill=fill, key="", has_ended=True) for fill in fills),
        "readings": told,
        "result": "completed",
    }
    tried = Attempting(**(one | changes))
    media, plan = Media(name="x", serial="A", size_bytes=SIZE), Plan(steps=(tried.step,), level="clear")
    return State(
        job=Job(id="0", media=media, plan=plan, journal=""),
        opened_at="", last_at="", began_at="x", hidden=Hidden(state="none", visible_bytes=SIZE), size_bytes=SIZE,
        attempts=(tried,), finished=j.Finished(at="x", seconds=1),
    )  # fmt: skip


@pytest.mark.parametrize("technique", PASSES)
def test_a_whole_overwrite_is_cleared(technique: str) -> None:
    assert conclude(good(technique)).outcome == "cleared"


def test_an_attested_erase_is_purged() -> None:
    erasure = conclude(good("nvme-sanitize-block"))
    assert (erasure.outcome, erasure.level) == ("purged", "purge")
    assert erasure.validation is not None and erasure.validation.decision == "approve"


LEFT = Markers(offsets=(0,), length_bytes=4096, digest="d", survived=0, witnesses=5, unchanged=1)


def test_unchanged_old_places_speak_against_any_claim() -> None:
    erasure = conclude(good("nvme-sanitize-block"))
    assert "claim-old" not in [one.rule for one in objections(erasure)]
    claimed = msgspec.structs.replace(
        erasure, attempts=(msgspec.structs.replace(erasure.attempts[0], markers=LEFT),)
    )  # fmt: skip
    assert "claim-old" in [one.rule for one in objections(claimed)]


def test_a_lie_about_old_places_is_told_by_its_name() -> None:
    erasure = conclude(good("nvme-sanitize-block", result="lied", markers=LEFT))
    assert erasure.outcome == "failed"
    assert [reason.rule for reason in erasure.why][:2] == ["disk-lied", "old-places-unchanged"]


BAD = Extent(first_lba=8, sectors=1, problem="mismatch")


@pytest.mark.parametrize(
    ("technique", "changes", "outcome", "rule"),
    [
        ("overwrite-stream", {"result": "failed"}, "failed", "erase-failed"),
        ("overwrite-stream", {"readings": ()}, "not_proven", "not-read-back"),
        ("overwrite-zeros", {"markers": None}, "not_proven", "no-markers"),
        ("nvme-sanitize-block", {"was_accepted": False}, "not_proven", "end-not-seen"),
        ("nvme-sanitize-block", {"is_erased": False}, "not_proven", "end-not-seen"),
        ("nvme-sanitize-block", {"result": "stalled"}, "failed", "no-progress"),
        ("nvme-sanitize-block", {"result": "lied"}, "failed", "disk-lied"),
        ("nvme-sanitize-block", {"result": "refused", "was_started": False}, "failed", "command-refused"),
        ("nvme-sanitize-block", {"readings": ()}, "not_proven", "not-read-back"),
        (
            "nvme-sanitize-block",
            {"markers": Markers(offsets=(0,), length_bytes=4096, digest="d", survived=0, witnesses=5, unchanged=1)},
            "failed",
            "old-places-unchanged",
        ),
    ],
)
def test_each_way_of_being_less(technique: str, changes: dict[str, Any], outcome: str, rule: str) -> None:
    erasure = conclude(good(technique, **changes))
    assert erasure.outcome == outcome
    assert rule in [reason.rule for reason in erasure.why]


def test_bad_sectors_that_are_listed_are_exceptions_and_a_person_decides() -> None:
    reading = Reading(
        kind="full", compared_with="stream", read_bytes=SIZE, matching_bytes=SIZE - 512, has_ended=True, bad=(BAD,)
    )
    unwritable = (Extent(first_lba=8, sectors=1, problem="unwritable"),)
    erasure = conclude(good(readings=(reading,), unwritable=unwritable))
    assert erasure.outcome == "cleared_with_exceptions"
    assert erasure.validation is not None and erasure.validation.decision == "escalate"
    assert erasure.attempts[0].bad == (BAD,)


@pytest.mark.parametrize(("sectors", "outcome"), [(10_000, "cleared_with_exceptions"), (10_001, "failed")])
def test_a_disk_of_too_many_bad_sectors_has_failed_in_however_many_lives(sectors: int, outcome: str) -> None:
    bad = Extent(first_lba=0, sectors=sectors, problem="unwritable")
    reading = Reading(
        kind="full", compared_with="stream", read_bytes=SIZE, matching_bytes=512, has_ended=True,
        bad=(msgspec.structs.replace(bad, problem="mismatch"),),
    )  # fmt: skip
    assert conclude(good(readings=(reading,), unwritable=(bad,))).outcome == outcome


def test_a_sector_that_was_taken_and_not_kept_is_a_failure() -> None:
    reading = Reading(
        kind="full", compared_with="stream", read_bytes=SIZE, matching_bytes=SIZE - 512, has_ended=True, bad=(BAD,)
    )
    assert conclude(good(readings=(reading,))).outcome == "failed"
