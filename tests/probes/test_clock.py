"""Clocks: which time to believe when the PC's battery is flat, and when nothing can be believed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Clock
from agent.probes import clock
from agent.probes.clock import compare
from agent.probes.rtc_note import clock_since_start
from tests.probes.standin import pc

NOW = datetime(2026, 11, 22, 23, 40, 5, tzinfo=UTC)
BUILT = datetime(2026, 10, 1, tzinfo=UTC)
CHECKPOINT = datetime(2026, 11, 1, 12, tzinfo=UTC)
_RTC = "/sys/class/rtc/rtc0"


def test_a_healthy_clock(tmp_path: Path) -> None:
    host = pc(tmp_path / "pc", {
        f"{_RTC}/since_epoch": f"{int(NOW.timestamp()) + 3600}\n", "/usr/share/rebond/built": "2026-10-01T00:00:00Z\n",
    })  # fmt: skip
    findings = clock.probe(host, NOW, "2026-11-01T12:00:00Z")
    assert findings.facts["clock"] == Clock(
        system="2026-11-22T23:40:05Z", rtc="2026-11-23T00:40:05Z", built="2026-10-01T00:00:00Z",
        checkpoint="2026-11-01T12:00:00Z", believed="2026-11-22T23:40:05Z", believed_from="system", is_rtc_wrong=False,
        rtc_offset_seconds=3600,
    )  # fmt: skip
    assert findings.gaps == []


@pytest.mark.parametrize(
    "files",
    [
        {f"{_RTC}/since_epoch": "883612800\n"},
        {f"{_RTC}/date": "1998-01-01\n", f"{_RTC}/time": "00:00:00\n"},
        {"/proc/driver/rtc": "rtc_time\t: 00:00:00\nrtc_date\t: 1998-01-01\nalrm_time\t: 00:00:00\n"},
    ],
)
def test_every_source_of_a_flat_battery(tmp_path: Path, files: dict[str, str]) -> None:
    told = clock.probe(pc(tmp_path / "pc", files), NOW, None).facts["clock"]
    assert (told.rtc, told.is_rtc_wrong) == ("1998-01-01T00:00:00Z", True)
    assert told.rtc_offset_seconds < -28 * 365 * 86400


def test_a_clock_that_the_network_has_mended_is_judged_as_it_was_at_the_start(tmp_path: Path) -> None:
    files = {
        "/run/rebond/rtc": "rtc0 883612800 12\n",
        "/proc/uptime": "72.55 100.00\n",
        f"{_RTC}/since_epoch": f"{int(NOW.timestamp())}\n",
    }
    told = clock.probe(pc(tmp_path / "pc", files), NOW, None).facts["clock"]
    assert (told.rtc, told.is_rtc_wrong) == ("1998-01-01T00:01:00Z", True)


@pytest.mark.parametrize(("uptime", "now"), [("72.55 1.00\n", 883612860), ("", 883612800), ("5.00 1.00\n", None)])
def test_the_note_of_the_start_is_read_in_one_place(tmp_path: Path, uptime: str, now: int | None) -> None:
    """A system that has run for less than the note says is another one."""
    files = {"/run/rebond/rtc": "rtc0 883612800 12\n", "/proc/uptime": uptime}
    assert clock_since_start(pc(tmp_path / "pc", files)) == now


def test_a_clock_that_said_it_had_lost_its_time_is_wrong_whatever_it_says_now(tmp_path: Path) -> None:
    files = {"/run/rebond/rtc": "rtc0 invalid 12\n", f"{_RTC}/since_epoch": f"{int(NOW.timestamp())}\n"}
    told = clock.probe(pc(tmp_path / "pc", files), NOW, None).facts["clock"]
    assert (told.rtc, told.is_rtc_wrong, told.believed_from) == (None, True, "system")


@pytest.mark.parametrize("note", ["", "rtc0", "rtc0 x 12", "rtc0 883612800 99999"])
def test_a_start_note_that_tells_nothing_is_not_believed(tmp_path: Path, note: str) -> None:
    files = {
        "/run/rebond/rtc": note,
        "/proc/uptime": "72.55 100.00\n",
        f"{_RTC}/since_epoch": f"{int(NOW.timestamp())}\n",
    }
    assert clock.probe(pc(tmp_path / "pc", files), NOW, None).facts["clock"].is_rtc_wrong is False


@pytest.mark.parametrize("text", ["", "garbage", "99999999999999999999", "2026-13-45 00:00:00"])
def test_an_unreadable_clock_is_a_gap(tmp_path: Path, text: str) -> None:
    findings = clock.probe(pc(tmp_path / "pc", {f"{_RTC}/since_epoch": text}), NOW, None)
    assert findings.facts["clock"].is_rtc_wrong is None
    assert findings.facts["clock"].believed_from == "system"
    assert [gap.path for gap in findings.gaps] == ["clock.rtc"]


@pytest.mark.parametrize(
    ("system", "rtc", "believed_from", "is_wrong"),
    [
        (NOW, NOW, "system", False),
        (NOW, NOW + timedelta(hours=14), "system", False),  # local time
        (NOW, NOW - timedelta(days=2), "system", True),
        (NOW, datetime(2099, 1, 1, tzinfo=UTC), "system", True),
        (datetime(1998, 1, 1, tzinfo=UTC), datetime(1998, 1, 1, tzinfo=UTC), "checkpoint", True),
        (datetime(2099, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC), "checkpoint", True),
        # systemd lifts a clock of 2002 to its own build date: still below our floor.
        (datetime(2026, 4, 1, tzinfo=UTC), datetime(2002, 1, 1, tzinfo=UTC), "checkpoint", True),
        # The system is the one that is wrong; the RTC may be right.
        (datetime(1998, 1, 1, tzinfo=UTC), NOW, "checkpoint", None),
        (NOW, None, "system", None),
    ],
)
def test_which_to_believe(system: datetime, rtc: datetime | None, believed_from: str, is_wrong: bool | None) -> None:
    told = compare(system, rtc, BUILT, CHECKPOINT)
    assert (told.believed_from, told.is_rtc_wrong) == (believed_from, is_wrong)


def test_the_later_floor_is_believed() -> None:
    old = datetime(1998, 1, 1, tzinfo=UTC)
    assert compare(old, None, BUILT, CHECKPOINT).believed == "2026-11-01T12:00:00Z"
    assert compare(old, None, CHECKPOINT, BUILT).believed_from == "built"
    assert compare(old, None, BUILT, None).believed_from == "built"


def test_with_no_floor_at_all_an_impossible_time_is_not_believed(tmp_path: Path) -> None:
    host = pc(tmp_path / "pc", {"/usr/share/rebond/built": "unknown\n"})
    findings = clock.probe(host, datetime(2009, 1, 1, tzinfo=UTC), None)
    assert findings.facts["clock"].believed is None
    assert {gap.path for gap in findings.gaps} == {"clock.rtc", "clock.believed"}


def test_a_system_time_from_before_the_image_was_built_is_not_believed(tmp_path: Path) -> None:
    """systemd lifts a flat clock to its own build date, months before ours."""
    host = pc(
        tmp_path / "pc", {f"{_RTC}/since_epoch": "978307200\n", "/usr/share/rebond/built": "2026-10-01T00:00:00Z\n"}
    )
    told = clock.probe(host, datetime(2026, 4, 13, tzinfo=UTC), None).facts["clock"]
    assert (told.believed, told.believed_from, told.is_rtc_wrong) == ("2026-10-01T00:00:00Z", "built", True)


def test_a_time_without_zone_is_utc() -> None:
    assert compare(NOW.replace(tzinfo=None), None, None, None).system == "2026-11-22T23:40:05Z"


_TIMES = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2120, 1, 1), timezones=st.just(UTC))


@settings(max_examples=150)
@given(system=_TIMES, rtc=st.none() | _TIMES, built=st.none() | _TIMES, checkpoint=st.none() | _TIMES)
def test_never_before_what_is_known(
    system: datetime, rtc: datetime | None, built: datetime | None, checkpoint: datetime | None
) -> None:
    told = compare(system, rtc, built, checkpoint)
    if told.believed is not None:
        for floor in (told.built, told.checkpoint):
            assert floor is None or told.believed >= floor
        if rtc is not None and told.is_rtc_wrong is False:
            assert abs(told.rtc_offset_seconds or 0) <= 86400
