"""The eye on one erasure: how often the disk is asked who it is, pauses that end, heat that does not."""

from pathlib import Path
from typing import Any

import pytest

from agent.wipe.device import Gone, Stopped, TooHot
from agent.wipe.limits import Limits
from agent.wipe.watch import COOL_MOST_S, RECHECK_S, Watch
from tests.wipe import rig
from tests.wipe.rig import QUICK, FirmwareTwin, Fuse, TwinDevice, erase, job_for
from tests.wipe.twins.block import Disk


class Counted(TwinDevice):
    """Counts what is asked of it besides its bytes."""

    rechecks = asked = 0
    is_changed = False
    temperatures: tuple[int | None, ...] = (40,)

    def recheck(self) -> None:
        self.rechecks += 1
        if self.is_changed:
            raise Gone("another disk answers under this name")

    def temperature_c(self) -> int | None:
        self.asked += 1
        return self.temperatures[min(self.asked, len(self.temperatures)) - 1]


class Wishes(rig.QuietLink):
    """Wishes in turn, the last one for ever."""

    def __init__(self, *wishes: str) -> None:
        super().__init__()
        self.left = list(wishes)

    def wish(self) -> Any:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


def watched(device: TwinDevice, link: rig.QuietLink, time: rig.FastClock) -> Watch:
    clock = time.clock()
    return Watch(job_for(device.raw, "overwrite-stream", path=Path("unused")), device, link, clock.monotonic,
                 clock.sleep)  # fmt: skip


# --- who is it? -------------------------------------------------------------------------------------------------------


def test_who_the_disk_is_is_asked_by_the_clock_not_by_the_chunk() -> None:
    device, time = Counted(Disk(64 << 10)), rig.FastClock()
    watch = watched(device, rig.QuietLink(), time)
    for chunk in range(10_000):
        time.seconds += 0.01  # 4 MiB at 400 MB/s
        watch.heed(chunk, 0)
    assert 100 / RECHECK_S - 2 <= device.rechecks <= 100 / RECHECK_S + 1
    assert device.asked == 2  # the temperature once a minute


def test_a_whole_erasure_asks_once_a_step_when_it_takes_no_time(memory_path: Path) -> None:
    counts = []
    for chunk_bytes in (64 << 10, 16 << 10):
        device = Counted(Disk(1 << 20))
        limits = Limits(chunk_bytes=chunk_bytes, middle_bytes=16 << 10)
        erase(job_for(device.raw, "overwrite-stream", path=memory_path / f"{chunk_bytes}"), device, limits=limits)
        counts.append(device.rechecks)
    assert counts[0] == counts[1] < 20


def test_a_changed_disk_is_seen_within_seconds() -> None:
    device, time = Counted(Disk(64 << 10)), rig.FastClock()
    watch = watched(device, rig.QuietLink(), time)
    watch.heed(0, 0)
    device.is_changed = True
    time.seconds += RECHECK_S - 0.1
    watch.heed(1, 0)
    time.seconds += 0.2
    with pytest.raises(Gone):
        watch.heed(2, 0)


# --- pauses -----------------------------------------------------------------------------------------------------------


def test_after_a_pause_the_disk_is_asked_and_the_end_of_the_pause_is_told() -> None:
    """What is told last must not say "paused": a disk that hangs afterwards would be waited for without end."""
    device, time = Counted(Disk(64 << 10)), rig.FastClock()
    link = Wishes(*["pause"] * 8, "continue")
    watch = watched(device, link, time)
    watch.heed(5, 0)
    assert device.rechecks == 1
    assert [event.is_paused for event in link.events][-2:] == [True, False]
    assert watch.paused_s == pytest.approx(1.6)
    watch.heed(6, 0)
    assert device.rechecks == 1


def test_a_disk_changed_in_a_pause_is_gone() -> None:
    device = Counted(Disk(64 << 10))
    device.is_changed = True
    with pytest.raises(Gone):
        watched(device, Wishes("pause", "continue"), rig.FastClock()).heed(0, 0)


@pytest.mark.parametrize("temperatures", [(40,), (80,)])
def test_a_stop_in_a_pause_stops(temperatures: tuple[int, ...]) -> None:
    """A pause that the operator asked for, and one for heat."""
    device, time = Counted(Disk(64 << 10)), rig.FastClock()
    device.temperatures = temperatures
    first = "pause" if temperatures == (40,) else "continue"
    with pytest.raises(Stopped):
        watched(device, Wishes(first, first, "stop"), time).heed(0, 0)
    assert time.seconds < 2


def test_a_firmware_erase_is_polled_through_a_pause(memory_path: Path) -> None:
    """Nothing pauses it; a pause longer than the stall rule allows is no stall."""
    disk, fuse, time = Disk(64 << 10), Fuse(), rig.FastClock()
    firmware = FirmwareTwin(disk, "zeros", fuse)
    states: list[str] = []

    class PausedWhileErasing(rig.QuietLink):
        def wish(self) -> Any:
            return "pause" if states and states[-1] == "running" else "continue"

    link = PausedWhileErasing()
    ask = firmware.ask

    def asked() -> Any:
        standing = ask()
        states.append(standing.state)
        return standing

    firmware.ask = asked  # type: ignore[method-assign]
    erasure = erase(job_for(disk, "nvme-sanitize-block", path=memory_path / "journal"),
                    TwinDevice(disk, fuse, firmware), link=link, time=time, limits=QUICK)  # fmt: skip
    assert "running" in states
    assert erasure.outcome == "purged"


# --- heat -------------------------------------------------------------------------------------------------------------


def test_a_hot_disk_cools_and_is_asked_again_who_it_is() -> None:
    device, time, link = Counted(Disk(64 << 10)), rig.FastClock(), rig.QuietLink()
    device.temperatures = (80, 76, None, 71, 70)
    watched(device, link, time).heed(7, 0)
    assert device.asked == 5
    assert device.rechecks == 1
    assert time.seconds == pytest.approx(40)
    assert [event.why_paused for event in link.events][-2:] == ["temperature", ""]
    assert link.events[-1].done_bytes == 7


def test_a_disk_that_stays_hot_is_interrupted_with_its_reason_and_gone_on_with(memory_path: Path) -> None:
    device, time = Counted(Disk(1 << 20)), rig.FastClock()
    device.temperatures = (80,)
    job = job_for(device.raw, "overwrite-stream", path=memory_path / "journal")
    erasure = erase(job, device, time=time)
    assert COOL_MOST_S <= time.seconds <= COOL_MOST_S + 20
    assert (erasure.outcome, erasure.interruptions[0].why) == ("interrupted", "too-hot")
    assert "80 °C" in erasure.interruptions[0].said
    assert erasure.why[0].rule == "too-hot" and "ventilez" in erasure.why[0].fr
    device.temperatures = (40,)
    resumed = erase(job, device, time=time)
    assert resumed.outcome == "cleared"
    assert resumed.interruptions[0].resumed_at and resumed.interruptions[0].said


def test_a_sensor_that_falls_silent_has_not_cooled() -> None:
    device, time = Counted(Disk(64 << 10)), rig.FastClock()
    device.temperatures = (80, None)
    with pytest.raises(TooHot, match="unknown"):
        watched(device, rig.QuietLink(), time).heed(0, 0)
    device = Counted(Disk(64 << 10))
    device.temperatures = (None,)  # one that never had a sensor is not hot
    watched(device, rig.QuietLink(), time).heed(0, 0)


# --- a late stop ------------------------------------------------------------------------------------------------------


class StopsAt(rig.QuietLink):
    """Wishes a stop as soon as this phase is told."""

    def __init__(self, phase: str, after: str) -> None:
        super().__init__()
        self.phase, self.after = phase, after

    def wish(self) -> Any:
        phases = [getattr(event, "phase", "") for event in self.events]
        return "stop" if self.after in phases and phases[-1] == self.phase else "continue"


@pytest.mark.parametrize("phase", ["health", "finishing"])
def test_a_stop_after_all_was_proven_loses_nothing(phase: str, memory_path: Path) -> None:
    disk = Disk(64 << 10)
    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk),
                    link=StopsAt(phase, "verifying"))  # fmt: skip
    assert erasure.outcome == "cleared" and not erasure.interruptions


@pytest.mark.parametrize("phase", ["health", "finishing"])
def test_a_stop_before_all_was_proven_is_an_interruption(phase: str, memory_path: Path) -> None:
    disk = Disk(64 << 10)
    job = job_for(disk, "overwrite-stream", path=memory_path / "journal", verify="sampled")
    erasure = erase(job, TwinDevice(disk), link=StopsAt(phase, "verifying"))
    assert erasure.outcome == "interrupted" and erasure.interruptions[0].why == "stopped"
