"""How long a disk's own erase may take, and what is told of its progress: never more than the disk itself says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wall.rows import progress_of
from agent.wipe.firmware import Pace
from agent.wipe.job import Progress

STALL_S, HOUR_S, TB = 1800.0, 3600, 10**12


def pace(estimate_s: int | None = None, size_bytes: int = 8 * TB) -> Pace:
    return Pace(0.0, STALL_S, estimate_s, size_bytes)


def ends_at(one: Pace, told: int | None, until_s: float) -> float | None:
    """When it is given up, asked every minute; None: not before `until_s`."""
    for minute in range(1, int(until_s // 60) + 1):
        one.see(told, minute * 60.0)
        if one.still_s > one.patience_s:
            return minute * 60.0
    return None


@pytest.mark.parametrize(
    ("estimate_s", "size_bytes", "hours"),
    [
        (None, 8 * TB, 74.5),  # at 30 MB/s: a SAS disk that tells neither time nor progress
        (None, 10**9, 0.5),
        (10 * HOUR_S, 8 * TB, 30),  # three times what the disk announced
        (60, 8 * TB, 0.5),  # it announced a minute: not days
        (0, 10**9, 0.5),
    ],
)
def test_a_disk_that_tells_no_progress_has_its_announced_time(
    estimate_s: int | None, size_bytes: int, hours: float
) -> None:
    given_up = ends_at(pace(estimate_s, size_bytes), None, 100 * HOUR_S)
    assert given_up is not None and abs(given_up / HOUR_S - hours) < 0.2


def test_a_disk_that_tells_progress_and_stops_is_given_up_by_the_stall_rule() -> None:
    one = pace()
    one.see(655, 60.0)
    assert ends_at(one, 655, 100 * HOUR_S) == pytest.approx(60 + STALL_S, abs=120)


def test_going_back_and_forth_is_no_progress() -> None:
    one = pace()
    for minute in range(1, 60):
        one.see((655, 654, None)[minute % 3], minute * 60.0)
    assert one.still_s > one.patience_s


@given(st.lists(st.none() | st.integers(0, 1000), min_size=1, max_size=50))
def test_no_answers_keep_it_going_for_ever(told: list[int | None]) -> None:
    one, now = pace(size_bytes=10**9), 0.0
    for _ in range(1100):
        for permille in told:
            now += 400.0
            one.see(permille, now)
            if one.still_s > one.patience_s:
                return
    raise AssertionError("never given up")


def test_the_time_left_is_told_only_when_it_is_known() -> None:
    one = pace()
    assert one.eta_s is None
    one.see(600, 10.0)  # another process began it: ten seconds say nothing of its speed
    assert one.eta_s is None
    one.see(700, 1010.0)
    assert one.eta_s == 3000
    announced = pace(estimate_s=100)
    announced.see(None, 40.0)
    assert announced.eta_s == 60
    announced.see(None, 101.0)
    assert announced.eta_s is None, "not 0 s for hours"


def test_a_disk_that_tells_no_progress_is_shown_as_one() -> None:
    erasing = Progress(phase="erasing", technique="nvme-format-crypto")
    assert progress_of(erasing, "fr") == "avancement non dit" and progress_of(erasing, "en") == "progress not told"
    assert progress_of(Progress(phase="health"), "fr") == ""
