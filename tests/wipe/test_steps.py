"""The order of the work, as the journal grows: what comes next never depends on anything else."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from agent.erasure import Content, Extent, Hidden, Markers, Media
from agent.wipe import journal as j
from agent.wipe.conclude import conclude
from agent.wipe.job import Job, Plan, Planned
from agent.wipe.state import fold
from agent.wipe.steps import next_step

SIZE = 1 << 20
MARKERS = Markers(offsets=(0,), length_bytes=4096, digest="d")


def job(*techniques: Any, and_then: bool = False) -> Job:
    steps = tuple(
        Planned(technique=one, level="clear" if one.startswith("overwrite") else "purge", and_then=and_then)
        for one in techniques
    )
    return Job(id="0", media=Media(name="x", size_bytes=SIZE), plan=Plan(steps=steps, level="clear"), journal="")


HIDDEN = j.HiddenSeen(hidden=Hidden(state="none", visible_bytes=SIZE), size_bytes=SIZE)


def begun(what: Job) -> list[j.Entry]:
    return [
        j.Opened(job=what, at="1"),
        j.Began(at="2"),
        j.HealthSeen(when="before", health=None),
        j.HiddenSeen(hidden=Hidden(state="none", visible_bytes=SIZE), size_bytes=SIZE),
        j.AttemptBegan(attempt=0, technique=what.plan.steps[0].technique, at="3"),
    ]


def reading(number: int, matching: int, compared: Any, kind: Any = "zeros") -> list[j.Entry]:
    return [
        j.ReadingBegan(attempt=0, number=number, kind="full", compared_with=compared),
        j.ReadingEnded(
            attempt=0, number=number, read_bytes=SIZE, matching_bytes=matching, content=Content(kind=kind)
        ),
    ]  # fmt: skip


def wrote(number: int, fill: Any) -> list[j.Entry]:
    return [
        j.PassBegan(attempt=0, number=number, fill=fill, key=""),
        j.PassEnded(attempt=0, number=number),
    ]


OVERWRITE = [
    ("write-pass", wrote(0, "aes-256-ctr")),
    ("read-back", reading(0, SIZE, "stream")),
    ("end-attempt", [j.AttemptEnded(attempt=0, result="completed")]),
    ("see-health-after", [j.HealthSeen(when="after", health=None)]),
    ("finish", [j.Finished(at="9", seconds=1)]),
]
ZEROS = [
    ("plant-markers", [j.MarkersPlanted(attempt=0, markers=MARKERS, key="")]),
    ("write-pass", wrote(0, "zeros")),
    ("read-back", reading(0, SIZE, "zeros")),
    ("seek-markers", [j.MarkersSought(attempt=0, survived=0, unreadable=0)]),
    ("end-attempt", []),
]
TWO_PASS = [
    ("write-pass", wrote(0, "aes-256-ctr")),
    ("read-back", reading(0, SIZE, "stream")),
    ("write-pass", wrote(1, "zeros")),
    ("read-back", reading(1, SIZE, "zeros")),
    ("end-attempt", []),
]
FIRMWARE = [
    ("plant-markers", [j.MarkersPlanted(attempt=0, markers=MARKERS, key="")]),
    ("send-erase", [j.StepNoted(attempt=0, step="sending")]),
    ("resume-erase", [j.Accepted(attempt=0)]),
    ("poll-erase", [j.SeenRunning(attempt=0)]),
    ("poll-erase", [j.Erased(attempt=0)]),
    ("seek-markers", [j.MarkersSought(attempt=0, survived=0, unreadable=0)]),
    ("read-back", reading(0, 0, "nothing")),
    ("end-attempt", [j.AttemptEnded(attempt=0, result="completed")]),
    ("see-health-after", []),
]


@pytest.mark.parametrize(
    ("techniques", "script"),
    [
        (("overwrite-stream",), OVERWRITE),
        (("overwrite-zeros",), ZEROS),
        (("overwrite-two-pass",), TWO_PASS),
        (("nvme-sanitize-block", "overwrite-stream"), FIRMWARE),
    ],
    ids=lambda value: value[0] if isinstance(value[0], str) else "",
)
def test_the_order(techniques: tuple[str, ...], script: list[tuple[str, list[j.Entry]]]) -> None:
    entries = begun(job(*techniques))
    for wanted, done in script:
        assert next_step(fold(entries)).do == wanted
        # A power cut right here changes nothing in what comes next, but that what was read is read again.
        again = (
            ("read-back", "seek-markers")
            if any(isinstance(one, j.ReadingEnded | j.MarkersSought) for one in entries)
            else ()
        )
        resumed = fold([*entries, j.Resumed(at="5"), HIDDEN])
        assert next_step(resumed).do in (wanted, *again)
        entries += done


def test_nothing_is_done_before_began() -> None:
    what = job("overwrite-stream")
    order = ["begin", "see-health-before", "open-hidden", "begin-attempt"]
    assert [next_step(fold(begun(what)[:count])).do for count in range(1, 5)] == order


@pytest.mark.parametrize(
    ("result", "was_started", "follows"),
    [("refused", False, 1), ("refused", True, 2), ("failed", True, 2), ("lied", True, 2), ("stalled", True, None)],
)
def test_what_follows_a_firmware_erase_that_did_not_work(result: Any, was_started: bool, follows: int | None) -> None:
    """The next technique when nothing was started; only the overwrite when the disk can no longer be believed."""
    entries = begun(job("nvme-sanitize-block", "nvme-sanitize-crypto", "overwrite-stream"))
    entries.append(j.AttemptEnded(attempt=0, result=result, was_started=was_started))
    step = next_step(fold(entries))
    assert (step.do, step.attempt) == (("see-health-after", 0) if follows is None else ("begin-attempt", follows))


def test_a_completed_firmware_erase_goes_on_only_when_the_plan_says_so() -> None:
    for and_then in (False, True):
        entries = begun(job("nvme-sanitize-block", "overwrite-stream", and_then=and_then))
        for _, done in FIRMWARE[:-1]:
            entries += done
        assert next_step(fold(entries)).do == ("begin-attempt" if and_then else "see-health-after")


def test_an_erase_that_proves_too_little_is_followed_by_the_overwrite() -> None:
    entries = begun(job("nvme-sanitize-block", "overwrite-stream"))
    for _, done in FIRMWARE[:6]:
        entries += done
    entries += [*reading(0, 0, "nothing", "mixed"), j.AttemptEnded(attempt=0, result="completed")]
    assert next_step(fold(entries)).do == "begin-attempt"


def test_a_marker_that_survived_ends_the_attempt_without_reading_the_disk() -> None:
    entries = begun(job("nvme-sanitize-block"))
    for _, done in FIRMWARE[:5]:
        entries += done
    entries.append(j.MarkersSought(attempt=0, survived=1, unreadable=0))
    assert next_step(fold(entries)).do == "end-attempt"


def test_an_unfinished_reading_starts_again_after_a_cut() -> None:
    entries = begun(job("overwrite-stream")) + wrote(0, "aes-256-ctr")
    entries += [
        j.ReadingBegan(attempt=0, number=0, kind="full", compared_with="stream"),
        j.Checkpoint(attempt=0, work="read", number=0, offset_bytes=4096, matching_bytes=4096),
    ]
    assert fold(entries).attempt.readings[0].matching_bytes == 4096
    state = fold([*entries, j.Resumed(at="7")])
    assert state.attempt.readings == ()
    assert [(one.at, one.why, one.resumed_at) for one in state.interruptions] == [("3", "power", "7")]


def test_a_stop_is_told_as_one() -> None:
    entries = [*begun(job("overwrite-stream")), j.Interrupted(at="5", why="stopped"), j.Resumed(at="7")]
    assert [one.why for one in fold(entries).interruptions] == ["stopped"]


def test_a_step_back_makes_later_checkpoints_void() -> None:
    entries = [*begun(job("overwrite-stream")), j.PassBegan(attempt=0, number=0, fill="zeros")]
    entries += [j.Checkpoint(attempt=0, work="write", number=0, offset_bytes=offset) for offset in (100, 200, 100, 150)]
    assert fold(entries).attempt.passes[0].checkpoints == (0, 100, 150)


@pytest.mark.parametrize(
    ("steps", "aftermath", "is_left"),
    [
        ((), None, False), (("sending", "password"), None, True), (("sending", "password", "erasing"), None, True),
        (("password", "erasing", "completed"), None, False), (("password", "erasing"), "usable", False),
        (("password",), "locked", True), (("password",), "unknown", True), (("password",), "blocked", False),
        (("password", "erasing", "completed"), "unknown", False), (("password", "completed"), "locked", True),
        ((), "locked", False),  # by somebody else, who knows it
    ],
)  # fmt: skip
@pytest.mark.parametrize("has_ended", [False, True])
def test_a_password_that_may_remain_is_told(
    steps: tuple[str, ...], aftermath: str | None, is_left: bool, has_ended: bool
) -> None:
    entries = begun(job("ata-security-erase-enhanced", "overwrite-stream"))
    entries += [j.StepNoted(attempt=0, step=step) for step in steps]
    if aftermath is not None:
        entries.append(j.AftermathSeen(attempt=0, aftermath=aftermath))  # type: ignore[arg-type] # one of its words
    end = j.AttemptEnded(attempt=0, result="failed") if has_ended else j.Interrupted(at="5", why="unplugged")
    entries.append(end)
    told = [reason for reason in conclude(fold(entries)).why if reason.rule == "password-may-remain"]
    assert bool(told) == is_left
    assert all("rebond" in reason.fr and "rebond" in reason.en for reason in told)


def test_a_password_taken_off_by_a_later_attempt_is_gone() -> None:
    entries = begun(job("ata-security-erase-enhanced", "overwrite-stream"))
    entries += [j.StepNoted(attempt=0, step="password"), j.AftermathSeen(attempt=0, aftermath="locked")]
    entries += [
        j.AttemptEnded(attempt=0, result="failed"),
        j.AttemptBegan(attempt=1, technique="overwrite-stream", at="6"),
    ]
    rules = [[reason.rule for reason in conclude(fold(entries + more)).why] for more in (
        [], [j.AftermathSeen(attempt=1, aftermath="usable")],
    )]  # fmt: skip
    assert ["password-may-remain" in one for one in rules] == [True, False]


def many_checkpoints(count: int, work: Any) -> list[j.Entry]:
    entries = [*begun(job("overwrite-stream")), j.PassBegan(attempt=0, number=0, fill="aes-256-ctr", key="00")]
    if work == "read":
        entries += [j.PassEnded(attempt=0, number=0),
                    j.ReadingBegan(attempt=0, number=0, kind="full", compared_with="stream")]  # fmt: skip
    bad = tuple(Extent(first_lba=number * 2, sectors=1, problem="unwritable") for number in range(4))
    return entries + [
        j.Checkpoint(attempt=0, work=work, number=0, offset_bytes=4096 * number, bad=bad, at="8", seconds=5)
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("work", ["write", "read"])
def test_folding_thousands_of_checkpoints_costs_their_number_not_its_square(work: str) -> None:
    """20 TB has 20 000 of them, a bad disk thousands of places."""

    def seconds(count: int) -> float:
        entries = many_checkpoints(count, work)
        return min(_timed(lambda: fold(entries)) for _ in range(3))

    few, many = seconds(2_000), seconds(32_000)
    assert many < 16 * max(few, 0.001) * 4
    one = fold(many_checkpoints(3_000, work)).attempt
    assert one.seconds == 15_000
    if work == "write":
        assert len(one.unwritable) == 12_000
        assert one.passes[0].checkpoints[0] == 0 and one.passes[0].checkpoints[-1] == 3_000 * 4096
        assert len(one.passes[0].checkpoints) < 100
    else:
        assert (one.readings[0].offset_bytes, len(one.readings[0].bad)) == (3_000 * 4096, 12_000)


def _timed(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return time.process_time() - began


def test_checkpoints_of_two_works_are_not_mixed_up() -> None:
    entries = [*many_checkpoints(3, "write"), j.PassEnded(attempt=0, number=0)]
    entries += [j.ReadingBegan(attempt=0, number=0, kind="full", compared_with="stream")]
    entries += [
        j.Checkpoint(attempt=0, work="read", number=0, offset_bytes=at, read_bytes=at, matching_bytes=at - 512, at="9")
        for at in (4096, 8192)
    ]
    state = fold(entries)
    one = state.attempt
    assert (one.readings[0].read_bytes, one.readings[0].matching_bytes) == (8192, 7680)
    assert one.passes[0].written_bytes(512) == 12288 - 4 * 512
    assert state.last_at == "9"
