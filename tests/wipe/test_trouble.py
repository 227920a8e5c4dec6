"""Disks in trouble for a while or for good: buses that are reset, sectors that fail slowly, reads that never return."""

import errno
import threading
import time as real_time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.erasure import Erasure, Extent, Hidden
from agent.wipe import journal as j
from agent.wipe import state as state_module
from agent.wipe.device import Stopped, Stuck, TooHot
from agent.wipe.extents import count
from agent.wipe.limits import Limits
from agent.wipe.overwrite import overwrite
from agent.wipe.readback import ReadTally, read_back
from agent.wipe.state import fold
from agent.wipe.stream import Fill
from tests.wipe import rig
from tests.wipe.rig import FirmwareTwin, Fuse, PowerCut, TwinDevice, erase, job_for
from tests.wipe.test_engine import KeepsItsNewest
from tests.wipe.test_surface_bytes import Kept
from tests.wipe.twins.block import Disk, Erring, ErrsOnEveryRead, ErrsOnRead, ErrsOnWrite

KEY = bytes(range(32))
SIZE = 1 << 20
LIMITS = Limits(chunk_bytes=128 << 10, middle_bytes=16 << 10, checkpoint_s=0, checkpoint_bytes=128 << 10)
STREAM = Fill("aes-256-ctr", KEY)


class Clock(rig.FastClock):
    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Bus(Disk):
    """Honest, but between the given calls, or for so many seconds after the first of them, every call fails."""

    clock: Clock
    number = errno.EIO
    first_call, calls_after, outage_s = 1 << 60, 0, 0.0
    since: float | None = None
    seen = failures = 0

    def _pass(self) -> None:
        self.seen += 1
        if self.seen < self.first_call:
            return
        if self.since is None:
            self.since = self.clock.seconds
        if self.seen < self.first_call + self.calls_after or self.clock.seconds < self.since + self.outage_s:
            self.failures += 1
            raise OSError(self.number, "bus")

    def read(self, buffer: memoryview, offset: int) -> int:
        self._pass()
        return super().read(buffer, offset)

    def write(self, data: bytes, offset: int) -> int:
        self._pass()
        return super().write(data, offset)


def bus(first_call: int, *, calls: int = 0, outage_s: float = 0.0, number: int = errno.EIO) -> Bus:
    disk = Bus(SIZE)
    disk.clock, disk.number = Clock(), number
    disk.first_call, disk.calls_after, disk.outage_s = first_call, calls, outage_s
    return disk


# --- a bus that is reset ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.EIO, errno.ETIMEDOUT, errno.EAGAIN, errno.EBUSY, errno.ENODATA])
@pytest.mark.parametrize("first_call", [3, 12])  # in the writing, in the reading
def test_a_bus_reset_makes_no_sector_bad_and_is_counted(number: int, first_call: int, memory_path: Path) -> None:
    disk = bus(first_call, outage_s=20.0, number=number)
    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk), limits=LIMITS,
                    time=disk.clock)  # fmt: skip
    assert disk.failures > 0
    assert (erasure.outcome, disk.old_bytes_left()) == ("cleared", 0), erasure.why
    attempt = erasure.attempts[0]
    assert (attempt.bad, attempt.bad_sectors) == ((), 0)
    assert any("went well when repeated" in said and said[0] in "123" for said in attempt.said), attempt.said


def test_a_reset_of_any_length_in_calls_makes_no_sector_bad() -> None:
    for calls in range(1, 60):
        disk, kept = bus(3, calls=calls), Kept()
        overwrite(disk, STREAM, 0, lambda done, bad: None, kept.keep, LIMITS,
                  monotonic=disk.clock.now, sleep=disk.clock.sleep)  # fmt: skip
        assert (kept.bad, kept.retried) == ([], 1), calls
        assert read_all(disk).matching_bytes == SIZE


def test_a_bus_that_stays_dead_is_given_up_in_time_and_proves_nothing(memory_path: Path) -> None:
    disk = bus(3, outage_s=1e9)
    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk), limits=LIMITS,
                    time=disk.clock)  # fmt: skip
    assert erasure.outcome in ("failed", "not_proven")
    assert Limits().silence_s <= disk.clock.seconds < 4 * Limits().silence_s


def test_a_disk_that_goes_in_a_silence_is_seen_to_be_gone(memory_path: Path) -> None:
    disk = bus(3, outage_s=1e9)

    class Leaving(TwinDevice):
        def recheck(self) -> None:
            disk.is_gone = disk.failures > 0  # type: ignore[attr-defined]
            super().recheck()

    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), Leaving(disk), limits=LIMITS,
                    time=disk.clock)  # fmt: skip
    assert erasure.outcome == "interrupted" and erasure.interruptions[0].why == "unplugged"
    assert disk.clock.seconds < 60


def read_all(disk: Disk, limits: Limits = LIMITS) -> ReadTally:
    return read_back(disk, STREAM, 0, ReadTally(), lambda done, bad: None, lambda at, seen: None, limits)


# --- errors of the medium ---------------------------------------------------------------------------------------------


class AllMediumErrors(ErrsOnEveryRead):
    number = errno.ENODATA


def test_a_disk_of_medium_errors_is_broken_and_not_unplugged(memory_path: Path) -> None:
    disk = AllMediumErrors(SIZE)
    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk), limits=LIMITS)
    assert not erasure.interruptions and erasure.outcome == "not_proven"


class OneSectorDark(ErrsOnRead):
    number = errno.ENODATA

    def is_bad(self, place: int) -> bool:
        return place // 512 == 177


def test_an_unreadable_sector_in_the_reading_is_listed_and_not_proven(memory_path: Path) -> None:
    disk = OneSectorDark(SIZE)
    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk), limits=LIMITS)
    attempt = erasure.attempts[0]
    assert erasure.outcome == "cleared_with_exceptions" and erasure.level is None
    assert attempt.bad == (Extent(first_lba=177, sectors=1, problem="unreadable"),)
    assert attempt.verification is not None
    assert attempt.verification.read_bytes == attempt.verification.matching_bytes == SIZE - 512


class HalfDead(ErrsOnWrite):
    """All but the last eighth cannot be written."""

    def is_bad(self, place: int) -> bool:
        return SIZE // 8 <= place < SIZE * 7 // 8


def test_an_overwrite_goes_on_to_the_end_of_a_very_bad_disk(memory_path: Path) -> None:
    disk = HalfDead(SIZE)
    limits = Limits(
        chunk_bytes=128 << 10, middle_bytes=16 << 10, checkpoint_s=0, checkpoint_bytes=128 << 10, errors_most=100
    )
    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk), limits=limits)
    assert erasure.outcome == "failed"
    assert "more than 100 unwritable sectors" in erasure.attempts[0].said[0]
    good = SIZE // 8
    assert disk.media[:good] != disk.old[:good] and disk.media[-good:] != disk.old[-good:]
    assert erasure.attempts[0].bad_sectors == SIZE * 3 // 4 // 512
    assert len(disk.calls) < 3000  # sector by sector it would be 4 times as many


def test_time_spent_on_errors_is_bounded() -> None:
    class Scattered(ErrsOnWrite):
        clock = Clock()

        def is_bad(self, place: int) -> bool:
            return place // 512 % 16 == 9

        def write(self, data: bytes, offset: int) -> int:
            try:
                return super().write(data, offset)
            except OSError:
                self.clock.seconds += 10.0
                raise

    disk = Scattered(8 << 20)
    with pytest.raises(Stuck, match="spent on errors"):
        overwrite(disk, STREAM, 0, lambda done, bad: None, lambda at, bad, retried: None, LIMITS,
                  monotonic=disk.clock.now, sleep=disk.clock.sleep)  # fmt: skip
    assert Limits().errors_s <= disk.clock.seconds < Limits().errors_s + 60


# --- told, stopped ----------------------------------------------------------------------------------------------------


class SlowlyBad(ErrsOnWrite):
    """A long run of bad sectors, each failing call takes 5 s."""

    clock: Clock

    def is_bad(self, place: int) -> bool:
        return 256 <= place // 512 < 320

    def write(self, data: bytes, offset: int) -> int:
        try:
            return super().write(data, offset)
        except OSError:
            self.clock.seconds += 5.0
            raise


def test_a_long_bisection_is_told_and_a_stop_in_it_is_obeyed(memory_path: Path) -> None:
    disk, time = SlowlyBad(SIZE), Clock()
    disk.clock = time
    told: list[float] = []

    class Link(rig.QuietLink):
        def tell(self, event: object) -> None:
            super().tell(event)
            told.append(time.seconds)

        def wish(self) -> Any:
            return "stop" if time.seconds > 120 else "continue"

    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk), limits=LIMITS,
                    link=Link(), time=time)  # fmt: skip
    assert erasure.outcome == "interrupted" and erasure.interruptions[0].why == "stopped"
    assert 120 < time.seconds <= 135
    assert max(later - before for before, later in zip(told, told[1:], strict=False)) <= 10
    assert fold(j.read_journal(memory_path / "journal")).attempt.passes[0].checkpoints[-1] == 128 << 10


class DeadChunk(SlowlyBad):
    """A whole chunk cannot be written; every call says so after 5 s."""

    def is_bad(self, place: int) -> bool:
        return place // LIMITS.chunk_bytes == 2


def test_a_dead_stretch_takes_minutes_and_the_rest_is_written(memory_path: Path) -> None:
    """256 sectors, three calls each, would take an hour, and the rule of no progress would end the work."""
    disk, time = DeadChunk(SIZE), Clock()
    disk.clock = time
    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk), limits=LIMITS,
                    time=time)  # fmt: skip
    assert LIMITS.chunk_errors_s < time.seconds < LIMITS.stall_s
    assert erasure.outcome == "cleared_with_exceptions"
    first = 2 * LIMITS.chunk_bytes // 512
    assert count(erasure.attempts[0].bad) == erasure.attempts[0].bad_sectors == 256
    assert all(first <= one.first_lba < first + 256 for one in erasure.attempts[0].bad)
    assert disk.old_bytes_left() == LIMITS.chunk_bytes


def test_scattered_bad_sectors_are_bounded_in_number() -> None:
    class Scattered(ErrsOnWrite):
        def is_bad(self, place: int) -> bool:
            return place // 512 % 8 == 3

    limits = Limits(chunk_bytes=128 << 10, middle_bytes=16 << 10, mismatches_most=50)
    with pytest.raises(Stuck, match="in more than 50 places"):
        overwrite(Scattered(SIZE), STREAM, 0, lambda done, bad: None, lambda at, bad, retried: None, limits)


class HangsOnRead(Disk):
    """A read in the second half does not come back."""

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.release, self.is_hanging = threading.Event(), threading.Event()

    def read_into(self, buffer: memoryview, offset_bytes: int) -> int:
        if offset_bytes >= SIZE // 2:
            self.is_hanging.set()
            self.release.wait(30)
        return super().read_into(buffer, offset_bytes)


def test_a_stop_does_not_wait_for_a_read_that_hangs() -> None:
    disk = HangsOnRead(SIZE)
    overwrite(disk, STREAM, 0, lambda done, bad: None, lambda at, bad, retried: None, LIMITS)
    kept: list[int] = []

    def heed(done: int, bad: int) -> None:
        if disk.is_hanging.wait(0.2):
            raise Stopped

    began = real_time.monotonic()
    try:
        with pytest.raises(Stopped):
            read_back(disk, STREAM, 0, ReadTally(), heed, lambda at, seen: kept.append(at), LIMITS)
        assert real_time.monotonic() - began < 10
        assert kept and kept[-1] < SIZE // 2
    finally:
        disk.release.set()


@pytest.mark.parametrize("end", [Stopped(), TooHot("80 °C")], ids=["stopped", "too-hot"])
def test_work_that_ends_early_is_kept_to_the_last_chunk(end: Exception) -> None:
    """Not to the last checkpoint, which may be eight GiB back."""
    disk, far = Disk(SIZE), Limits(chunk_bytes=128 << 10, middle_bytes=16 << 10)
    written, read = Kept(), list[tuple[int, int]]()

    def heed(done: int, bad: int) -> None:
        if done >= SIZE // 2:
            raise end

    with pytest.raises(type(end)):
        overwrite(disk, STREAM, 0, heed, written.keep, far)
    assert written.offsets == [SIZE // 2]
    with pytest.raises(type(end)):
        read_back(disk, STREAM, 0, ReadTally(), heed, lambda at, seen: read.append((at, seen.read_bytes)), far)
    assert read == [(SIZE // 2, SIZE // 2)]


# --- gone on with -----------------------------------------------------------------------------------------------------


class StopsInWriting(rig.QuietLink):
    def __init__(self, at_bytes: int, disk: Disk) -> None:
        super().__init__()
        self.at_bytes, self.disk = at_bytes, disk

    def wish(self) -> Any:
        return "stop" if self.disk.written_bytes >= self.at_bytes else "continue"


def stopped_in_the_pass(disk: Disk, path: Path, at_bytes: int) -> int:
    """The checkpoint that was reached."""
    job, link = job_for(disk, "overwrite-stream", path=path), StopsInWriting(at_bytes, disk)
    assert erase(job, TwinDevice(disk), limits=LIMITS, link=link).outcome == "interrupted"
    return fold(j.read_journal(path)).attempt.passes[0].checkpoints[-1]


class BadBeforeTheCheckpoint(Erring):
    """Neither written nor read, in the last MiB before the place where the work was stopped."""

    def is_bad(self, place: int) -> bool:
        return place // 512 in (100, 101)


class UnwritableBeforeTheCheckpoint(ErrsOnWrite):
    """It can be read, and holds what it held: the journal knows that it was not written."""

    def is_bad(self, place: int) -> bool:
        return place // 512 in (100, 101)


@pytest.mark.parametrize(
    "kind", [BadBeforeTheCheckpoint, UnwritableBeforeTheCheckpoint, OneSectorDark], ids=lambda kind: kind.__name__
)
def test_a_bad_sector_before_the_checkpoint_says_nothing_of_the_rest(kind: type[Disk], memory_path: Path) -> None:
    disk, path = kind(SIZE), memory_path / "journal"
    reached = stopped_in_the_pass(disk, path, SIZE // 2)
    assert 128 << 10 < reached < SIZE
    disk.calls.clear()
    erasure = erase(job_for(disk, "overwrite-stream", path=path), TwinDevice(disk), limits=LIMITS)
    assert erasure.outcome == "cleared_with_exceptions", erasure.why
    assert min(offset for call, offset, _ in disk.calls if call == "write") == reached


def test_damage_before_the_checkpoint_steps_back_one(memory_path: Path) -> None:
    disk, path = Disk(4 * SIZE), memory_path / "journal"
    stopped_in_the_pass(disk, path, 2 * SIZE)
    offsets = fold(j.read_journal(path)).attempt.passes[0].checkpoints
    disk.media[offsets[-1] - 512] ^= 1
    disk.calls.clear()
    erasure = erase(job_for(disk, "overwrite-stream", path=path), TwinDevice(disk), limits=LIMITS)
    assert erasure.outcome == "cleared"
    assert min(offset for call, offset, _ in disk.calls if call == "write") == offsets[-2]


def test_a_disk_of_which_every_written_sector_is_bad_now_is_gone_on_with(memory_path: Path) -> None:
    class Dark(Disk):
        is_dark = False

        def read(self, buffer: memoryview, offset: int) -> int:
            if self.is_dark and offset < SIZE // 2:
                raise OSError(errno.EIO, "dark")
            return super().read(buffer, offset)

    disk, path = Dark(SIZE), memory_path / "journal"
    reached = stopped_in_the_pass(disk, path, SIZE // 4)
    assert 0 < reached < SIZE // 2
    disk.is_dark = True
    disk.calls.clear()
    erasure = erase(job_for(disk, "overwrite-stream", path=path), TwinDevice(disk), limits=LIMITS)
    assert min(offset for call, offset, _ in disk.calls if call == "write") == reached
    assert erasure.outcome == "cleared_with_exceptions"


def test_a_look_that_moves_nothing_shows_no_zeros_before_a_checkpoint(memory_path: Path) -> None:
    class Mute(Disk):
        is_mute = False

        def read(self, buffer: memoryview, offset: int) -> int:
            return len(buffer) if self.is_mute else super().read(buffer, offset)

    disk, path = Mute(SIZE), memory_path / "journal"
    job = job_for(disk, "overwrite-zeros", path=path)
    link = StopsInWriting(SIZE // 2 + SIZE // 4, disk)  # the markers are a quarter
    assert erase(job, TwinDevice(disk), limits=LIMITS, link=link).outcome == "interrupted"
    assert fold(j.read_journal(path)).attempt.passes[0].checkpoints[-1] > 0
    disk.is_mute = True
    erasure = erase(job, TwinDevice(disk), limits=LIMITS)
    assert erasure.outcome == "interrupted" and "nothing that was written" in erasure.interruptions[-1].said


class StopsInReading(rig.QuietLink):
    """A stop once this much has been read."""

    def __init__(self, at_bytes: int, disk: Disk) -> None:
        super().__init__()
        self.at_bytes, self.disk = at_bytes, disk

    def wish(self) -> Any:
        is_reading = any(getattr(event, "phase", "") == "verifying" for event in self.events)
        read = max((offset + length for call, offset, length in self.disk.calls if call == "read"), default=0)
        return "stop" if is_reading and read >= self.at_bytes else "continue"


@pytest.mark.parametrize("has_kept_power", [True, False])
def test_only_a_disk_that_lost_its_power_is_read_again_from_the_start(has_kept_power: bool, memory_path: Path) -> None:
    disk, path = OneSectorDark(4 * SIZE), memory_path / "journal"
    job, device = job_for(disk, "overwrite-stream", path=path), TwinDevice(disk)
    device.power = "on since noon"
    first = erase(job, device, limits=LIMITS, link=StopsInReading(SIZE, disk))
    assert first.outcome == "interrupted" and first.attempts[0].verification is not None
    seen = first.attempts[0].verification
    assert 0 < seen.read_bytes < 4 * SIZE and seen.matching_bytes == seen.read_bytes
    disk.calls.clear()
    device.power = "on since noon" if has_kept_power else "on since one"
    erasure = erase(job, device, limits=LIMITS)
    reads = [offset for call, offset, length in disk.calls if call == "read" and length == LIMITS.chunk_bytes]
    assert (0 in reads) != has_kept_power
    assert erasure.outcome == "cleared_with_exceptions"
    attempt = erasure.attempts[0]
    assert attempt.verification is not None and attempt.verification.read_bytes == 4 * SIZE - 512
    assert attempt.bad == (Extent(first_lba=177, sectors=1, problem="unreadable"),) and attempt.bad_sectors == 1


class Leaves(Disk):
    """Pulled out in the middle of the reading."""

    is_away = may_leave = False

    def read(self, buffer: memoryview, offset: int) -> int:
        self.is_away = self.is_away or (self.may_leave and offset >= 2 * SIZE)
        if self.is_away:
            raise OSError(errno.ENXIO, "away")
        return super().read(buffer, offset)


def test_a_disk_that_was_pulled_out_had_no_power_whatever_its_word(memory_path: Path) -> None:
    disk, path = Leaves(4 * SIZE), memory_path / "journal"
    job, device = job_for(disk, "overwrite-stream", path=path), TwinDevice(disk)
    device.power, disk.may_leave = "on since noon", True
    first = erase(job, device, limits=LIMITS)
    assert first.outcome == "interrupted" and first.interruptions[0].why == "unplugged"
    assert fold(j.read_journal(path)).attempt.readings[0].offset_bytes > 0
    disk.is_away = disk.may_leave = False
    disk.calls.clear()
    assert erase(job, device, limits=LIMITS).outcome == "cleared"
    assert any(offset == 0 and call == "read" for call, offset, _ in disk.calls)


def test_a_power_word_that_nobody_knows_is_no_power(memory_path: Path) -> None:
    disk, path = Disk(4 * SIZE), memory_path / "journal"
    job, device = job_for(disk, "overwrite-stream", path=path), TwinDevice(disk)
    erase(job, device, limits=LIMITS, link=StopsInReading(SIZE, disk))
    disk.calls.clear()
    erase(job, device, limits=LIMITS)
    assert any(offset == 0 and call == "read" for call, offset, _ in disk.calls)


def cut_in_the_reading(disk: Disk, path: Path, deeds_before_the_end: int) -> tuple[Erasure, int]:
    """The power goes near the end of the reading; (what the next life says, the first byte that it reads in full)."""
    device = TwinDevice(disk, Fuse())
    trial = TwinDevice(type(disk)(disk.size_bytes), Fuse())
    erase(job_for(trial.raw, "overwrite-stream", path=path.with_suffix(".trial")), trial, limits=LIMITS)
    device.fuse.at = trial.fuse.count - deeds_before_the_end
    with pytest.raises(PowerCut):
        erase(job_for(disk, "overwrite-stream", path=path), device, limits=LIMITS)
    disk.cut_power()
    device.fuse.at = None
    disk.calls.clear()
    erasure = erase(job_for(disk, "overwrite-stream", path=path), device, limits=LIMITS)
    reads = [offset for call, offset, length in disk.calls if call == "read" and length == LIMITS.chunk_bytes]
    return erasure, min(reads, default=0)


def test_after_a_power_cut_what_a_cache_may_have_lost_is_read_again(
    memory_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_module, "CACHE_BYTES", SIZE)
    erasure, first = cut_in_the_reading(Disk(4 * SIZE), memory_path / "journal", 12)
    assert erasure.outcome == "cleared"
    assert first == 3 * SIZE
    assert erasure.attempts[0].verification is not None
    assert erasure.attempts[0].verification.read_bytes == 4 * SIZE


@pytest.mark.parametrize("before", range(1, 40, 3))
def test_a_cache_smaller_than_that_is_found_out(
    before: int, memory_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_module, "CACHE_BYTES", 128 << 10)  # the twin keeps 64 KiB
    disk = KeepsItsNewest(SIZE)
    erasure, _ = cut_in_the_reading(disk, memory_path / "journal", before)
    left = disk.old_bytes_left() - len(disk.cache) * disk.sector_bytes
    assert erasure.outcome not in ("cleared", "purged") or left <= 0


# --- the hidden area after an interruption ----------------------------------------------------------------------------


class Closing(TwinDevice):
    """A quarter is hidden; opening it lasts until the power goes."""

    is_open = can_open = True

    def __init__(self, raw: Any) -> None:
        super().__init__(raw, None, FirmwareTwin(raw, "zeros", Fuse()))
        self.whole = raw.size_bytes
        self.opened = 0
        assert self.family is not None
        self.family.open_hidden = self.open  # type: ignore[method-assign]
        self.close()

    def close(self) -> None:
        self.raw.size_bytes = self.whole * 3 // 4

    def open(self) -> Hidden:
        self.opened += 1
        visible = self.raw.size_bytes
        if not self.can_open:
            return Hidden(state="kept", visible_bytes=visible, native_bytes=self.whole)
        self.raw.size_bytes = self.whole
        state: Any = "removed" if visible < self.whole else "none"
        return Hidden(state=state, visible_bytes=visible, native_bytes=self.whole, after_bytes=self.whole)


def begun_and_cut(memory_path: Path) -> tuple[Closing, Callable[[], Erasure]]:
    disk = Disk(SIZE)
    device = Closing(disk)

    def again() -> Erasure:
        job = job_for(disk, "overwrite-stream", path=memory_path / "journal")
        return erase(job, device, limits=LIMITS)

    link = rig.QuietLink(dict.fromkeys(range(15, 10**4), "stop"))
    job = job_for(disk, "overwrite-stream", path=memory_path / "journal")
    first = erase(job, device, limits=LIMITS, link=link)
    assert first.outcome == "interrupted" and first.attempts
    assert (first.hidden and first.hidden.state) == "removed" and disk.size_bytes == SIZE
    return device, again


def test_a_hidden_area_that_a_power_cut_closed_is_opened_again(memory_path: Path) -> None:
    device, again = begun_and_cut(memory_path)
    device.close()
    erasure = again()
    assert device.opened == 2 and erasure.outcome == "cleared" and device.raw.old_bytes_left() == 0
    assert erasure.hidden is not None and erasure.hidden.state == "removed"
    assert erasure.attempts[0].verification is not None
    assert erasure.attempts[0].verification.addressable_bytes == SIZE


def test_a_hidden_area_that_stayed_open_is_still_told(memory_path: Path) -> None:
    device, again = begun_and_cut(memory_path)
    erasure = again()
    assert device.opened == 2 and erasure.outcome == "cleared"
    assert erasure.hidden is not None and erasure.hidden.state == "removed"


def test_a_disk_of_another_size_than_in_the_journal_is_not_gone_on_with(memory_path: Path) -> None:
    device, again = begun_and_cut(memory_path)
    device.close()
    device.can_open = False
    written = device.raw.written_bytes
    erasure = again()
    assert erasure.outcome == "interrupted" and device.raw.written_bytes == written
    assert f"{SIZE * 3 // 4} bytes now, and {SIZE} in its journal" in erasure.interruptions[-1].said


def test_a_disk_that_is_erasing_itself_is_asked_nothing_else_first(memory_path: Path) -> None:
    disk, fuse = Disk(SIZE), Fuse()
    device = TwinDevice(disk, fuse, FirmwareTwin(disk, "zeros", fuse))
    assert device.family is not None
    asked: list[str] = []
    open_hidden, ask = device.family.open_hidden, device.family.firmware.ask
    device.family.open_hidden = lambda: (asked.append("hidden"), open_hidden())[1]  # type: ignore[method-assign]
    device.family.firmware.ask = lambda: (asked.append("poll"), ask())[1]  # type: ignore[method-assign]
    job = job_for(disk, "nvme-sanitize-block", path=memory_path / "journal")

    class StopsWhileErasing(rig.QuietLink):
        def wish(self) -> Any:
            return "stop" if "poll" in asked else "continue"

    erase(job, device, limits=LIMITS, link=StopsWhileErasing())
    asked.clear()
    erasure = erase(job, device, limits=LIMITS)
    assert erasure.outcome == "purged"
    assert asked[0] == "poll" and asked[-1] == "hidden" and asked.count("hidden") == 1
    assert count(erasure.attempts[0].bad) == 0
