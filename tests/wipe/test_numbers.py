"""Every number of a record against what was really done, on disks of awkward sizes."""

from pathlib import Path
from typing import Any

import pytest

from agent.erasure import Erasure, Technique, Verification
from agent.wipe.job import Progress
from agent.wipe.limits import Limits
from agent.wipe.state import PASSES
from tests.wipe import rig
from tests.wipe.rig import FirmwareTwin, Fuse, TwinDevice, erase, job_for
from tests.wipe.twins.block import Disk, Erring, ErrsOnWrite

MIB = 1 << 20
LIMITS = Limits(chunk_bytes=128 << 10, middle_bytes=16 << 10, checkpoint_s=0, checkpoint_bytes=256 << 10, silence_s=0)
# (bytes, sector): no multiple of a chunk, of a middle piece, of 4 KiB; smaller than each of them; one sector.
SIZES = [
    (MIB + 7 * 512, 512), (MIB + 4096, 4096), (MIB - 4096, 4096), (128 << 10, 512), ((128 << 10) - 512, 512),
    (3 * 4096, 4096), (7 * 512, 512), (4096, 4096), (512, 512), (MIB, 512),
]  # fmt: skip


class Timed(Disk):
    clock = rig.FastClock()
    call_s = 0.37

    def read(self, buffer: memoryview, offset: int) -> int:
        self.clock.seconds += self.call_s
        return super().read(buffer, offset)

    def write(self, data: bytes, offset: int) -> int:
        self.clock.seconds += self.call_s
        return super().write(data, offset)


def read_of(erasure: Erasure) -> Verification:
    read = erasure.attempts[-1].verification
    assert read is not None
    return read


def content_bytes(read: Verification) -> int:
    seen = read.content
    assert seen is not None
    return seen.zero_bytes + seen.one_bytes + seen.pattern_bytes + seen.random_bytes + seen.other_bytes


@pytest.mark.parametrize(("size", "sector"), SIZES)
@pytest.mark.parametrize("technique", PASSES)
def test_a_whole_overwrite_is_counted_to_the_byte(
    size: int, sector: int, technique: Technique, memory_path: Path
) -> None:
    disk, link = Disk(size, sector), rig.QuietLink()
    erasure = erase(job_for(disk, technique, path=memory_path / "journal"), TwinDevice(disk), link=link, limits=LIMITS)
    if technique == "overwrite-zeros" and size < 4096:
        assert erasure.level is None  # no marker fits: zeros alone show nothing
        return
    attempt, read = erasure.attempts[0], read_of(erasure)
    assert (erasure.outcome, disk.old_bytes_left()) == ("cleared", 0), erasure.why
    passes = len(PASSES[technique])
    assert attempt.written_bytes == passes * size
    assert read.addressable_bytes == read.read_bytes == read.matching_bytes == content_bytes(read) == size
    assert (attempt.bad_sectors, attempt.bad, read.power_permille) == (0, (), 1000)
    told = [one for one in link.events if isinstance(one, Progress) and one.total_bytes]
    assert told and all(0 <= one.done_bytes <= one.total_bytes == size for one in told)
    assert all(one.permille == one.done_bytes * 1000 // size for one in told)


class SomeBad(Erring):
    """Sectors 1 to 3 and the last one: not to be written, not to be read."""

    def is_bad(self, place: int) -> bool:
        return place // self.sector_bytes in (1, 2, 3) or place == self.size_bytes - self.sector_bytes


class SomeUnwritable(SomeBad, ErrsOnWrite):
    pass


@pytest.mark.parametrize(("size", "sector"), [one for one in SIZES if one[0] >= 5 * one[1]])
@pytest.mark.parametrize("kind", [SomeBad, SomeUnwritable], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("technique", ["overwrite-stream", "overwrite-two-pass"])
def test_bad_sectors_are_counted_once_and_never_as_written(
    size: int, sector: int, kind: type[Disk], technique: Technique, memory_path: Path
) -> None:
    disk = kind(size, sector)
    erasure = erase(job_for(disk, technique, path=memory_path / "journal"), TwinDevice(disk), limits=LIMITS)
    attempt, read = erasure.attempts[0], read_of(erasure)
    assert erasure.outcome == "cleared_with_exceptions", erasure.why
    assert attempt.bad_sectors == 4
    assert attempt.written_bytes == len(PASSES[technique]) * (size - 4 * sector)
    dark = 4 * sector if kind is SomeBad else 0
    assert read.read_bytes == content_bytes(read) == size - dark
    assert read.matching_bytes == size - 4 * sector


@pytest.mark.parametrize(("size", "sector"), SIZES)
def test_a_firmware_erase_is_read_to_the_byte(size: int, sector: int, memory_path: Path) -> None:
    disk, fuse = Disk(size, sector), Fuse()
    device = TwinDevice(disk, fuse, FirmwareTwin(disk, "zeros", fuse))
    erasure = erase(job_for(disk, "nvme-sanitize-block", path=memory_path / "journal"), device, limits=LIMITS)
    if size < 4096:
        assert erasure.level is None
        return
    read = read_of(erasure)
    assert erasure.outcome == "purged"
    assert read.addressable_bytes == read.read_bytes == content_bytes(read) == size
    assert (read.matching_bytes, erasure.attempts[0].written_bytes) == (0, 0)


@pytest.mark.parametrize("sector", [512, 4096])
def test_a_sampling_says_how_much_it_read(sector: int, memory_path: Path) -> None:
    disk = Disk(50_000 * sector // (sector // 512), sector)
    job = job_for(disk, "overwrite-stream", verify="sampled", path=memory_path / "journal")
    read = read_of(erase(job, TwinDevice(disk), limits=LIMITS))
    distinct = set()
    for call, offset, length in disk.calls:
        if call == "read":
            distinct |= set(range(offset, offset + length, sector))
    assert read.read_bytes == read.matching_bytes == content_bytes(read)
    assert disk.size_bytes // 10 <= read.read_bytes <= disk.size_bytes
    assert len(distinct) * sector == read.read_bytes


def test_seconds_add_up_over_many_checkpoints(memory_path: Path) -> None:
    """Half a second lost or won at each would be hours on a large disk."""
    disk, time = Timed(4 * MIB), rig.FastClock()
    disk.clock = time
    limits = Limits(chunk_bytes=32 << 10, middle_bytes=16 << 10, checkpoint_s=0, checkpoint_bytes=64 << 10)
    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk), limits=limits,
                    time=time)  # fmt: skip
    calls = 2 * (4 * MIB) // (32 << 10)
    assert abs(erasure.attempts[0].seconds - calls * Timed.call_s) <= 2
    assert abs(erasure.seconds - time.seconds) <= 1


def test_rate_and_time_left_follow_from_the_bytes(memory_path: Path) -> None:
    disk, time, link = Timed(64 * MIB), rig.FastClock(), rig.QuietLink()
    disk.clock, disk.call_s = time, 0.05
    limits = Limits(chunk_bytes=MIB // 2, middle_bytes=16 << 10)
    erase(job_for(disk, "overwrite-two-pass", path=memory_path / "journal"), TwinDevice(disk), limits=limits,
          time=time, link=link)  # fmt: skip
    told = [one for one in link.events if isinstance(one, Progress) and one.rate_bps]
    assert len(told) > 10
    phases = {phase: [one for one in told if one.phase == phase] for phase in ("overwriting", "verifying")}
    for phase, events in phases.items():
        for one in events[3:]:
            if phase == "overwriting":  # reading ahead blurs the clock of this twin
                assert one.rate_bps == pytest.approx(MIB // 2 / 0.05, rel=0.1)
    first = phases["overwriting"][3]
    assert first.rate_bps and first.eta_s == (4 * 64 * MIB - first.done_bytes) // first.rate_bps
    last = phases["verifying"][-1]
    assert last.rate_bps and last.eta_s == (64 * MIB - last.done_bytes) // last.rate_bps


class Stops(rig.QuietLink):
    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def wish(self) -> Any:
        self._asked += 1
        return "stop" if self._asked >= self.at else "continue"


@pytest.mark.parametrize("at", range(8, 40, 3))
def test_what_was_interrupted_is_counted_up_to_its_checkpoint_and_once_in_all(at: int, memory_path: Path) -> None:
    disk = Disk(MIB + 7 * 512)
    job, device = job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk)
    first = erase(job, device, limits=LIMITS, link=Stops(at))
    if first.attempts and first.outcome == "interrupted":
        attempt = first.attempts[0]
        assert attempt.written_bytes <= disk.written_bytes <= attempt.written_bytes + LIMITS.chunk_bytes
        if attempt.verification is not None:
            read = attempt.verification
            assert read.matching_bytes == read.read_bytes <= disk.size_bytes
            assert read.power_permille is None or read.read_bytes == disk.size_bytes
    second = erase(job, device, limits=LIMITS)
    assert second.outcome == "cleared"
    assert second.attempts[0].written_bytes == read_of(second).read_bytes == disk.size_bytes
