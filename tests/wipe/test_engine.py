"""The engine over disks that lie, fail and lose power: none may end as purged or cleared while an old byte is left."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.erasure import Erasure, Technique
from agent.wipe.limits import Limits
from agent.wipe.state import PASSES
from tests.wipe import rig
from tests.wipe.rig import FIRMWARE_HONEST, FIRMWARE_LIES, FirmwareTwin, Fuse, PowerCut, TwinDevice, erase, job_for
from tests.wipe.twins.block import KINDS, Cached, Disk, FlushesNothing

SMALL = 512 << 10
LIMITS = Limits(
    chunk_bytes=64 << 10, middle_bytes=16 << 10, checkpoint_s=0, checkpoint_bytes=128 << 10, stall_s=5.0, silence_s=1.0
)  # fmt: skip
FEW = Limits(chunk_bytes=512 << 10, middle_bytes=64 << 10, checkpoint_s=0, checkpoint_bytes=2 << 20, stall_s=5.0)
SUCCESS = ("purged", "cleared")
OVERWRITES: tuple[Technique, ...] = tuple(PASSES)


def is_honest(erasure: Erasure, disk: Disk) -> bool:
    return erasure.outcome not in SUCCESS or disk.old_bytes_left() == 0


# --- disks that lie or fail -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("technique", OVERWRITES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_disk_talks_itself_into_a_success(kind: Callable[[], Disk], technique: Technique, memory_path: Path) -> None:
    disk = kind()
    device = TwinDevice(disk)
    erasure = erase(job_for(disk, technique, path=memory_path / "journal"), device, limits=FEW)
    is_stream = technique != "overwrite-zeros"
    if disk.can_succeed and (is_stream or not disk.needs_stream):
        assert (erasure.outcome, disk.old_bytes_left()) == ("cleared", 0), erasure.why
    elif not disk.can_succeed:
        assert erasure.outcome not in SUCCESS, erasure.why
        assert erasure.level is None
    if is_stream or not disk.needs_stream:
        assert is_honest(erasure, disk)
    assert erasure.why and erasure.validation is not None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_sampled_overwrite_is_never_called_proven(kind: Callable[[], Disk], memory_path: Path) -> None:
    disk = kind()
    job = job_for(disk, "overwrite-stream", verify="sampled", path=memory_path / "journal")
    erasure = erase(job, TwinDevice(disk), limits=FEW)
    # So small a disk is read whole by the recipe, and still it is a sampling by its policy.
    assert erasure.outcome not in SUCCESS


@pytest.mark.parametrize("behaviour", FIRMWARE_HONEST)
@pytest.mark.parametrize("technique", ["nvme-sanitize-block", "ata-sanitize-overwrite"])
def test_an_honest_firmware_erase_is_a_purge(behaviour: str, technique: Technique, memory_path: Path) -> None:
    disk = Disk()
    erasure = erase(job_for(disk, technique, path=memory_path / "journal"), with_firmware(disk, behaviour), limits=FEW)
    assert (erasure.outcome, disk.old_bytes_left()) == ("purged", 0)
    assert [exchange.name for exchange in erasure.attempts[0].exchanges] == ["ERASE"]


@pytest.mark.parametrize("technique", ["nvme-sanitize-block", "scsi-format-unit"])
@pytest.mark.parametrize("behaviour", FIRMWARE_LIES)
def test_a_lying_firmware_is_found_out(behaviour: str, technique: Technique, memory_path: Path) -> None:
    disk = Disk()
    erasure = erase(job_for(disk, technique, path=memory_path / "journal"), with_firmware(disk, behaviour), limits=FEW)
    assert erasure.outcome not in SUCCESS


@pytest.mark.parametrize("behaviour", FIRMWARE_LIES)
def test_the_overwrite_that_follows_does_not_whitewash_a_lie(behaviour: str, memory_path: Path) -> None:
    disk = Disk()
    job = job_for(disk, "nvme-sanitize-block", "overwrite-stream", path=memory_path / "journal")
    erasure = erase(job, with_firmware(disk, behaviour), limits=FEW)
    if behaviour in (
        "refuses",
        "mixes",
    ):  # nothing was started, or it proved too little: the overwrite's own proof counts
        assert erasure.outcome == "cleared"
    else:
        assert erasure.outcome == "failed"
    if behaviour != "gets-stuck":
        assert disk.old_bytes_left() == 0  # the data is gone all the same
    assert [attempt.technique for attempt in erasure.attempts][0] == "nvme-sanitize-block"


def with_firmware(disk: Disk, behaviour: str, fuse: Fuse | None = None) -> TwinDevice:
    fuse = fuse or Fuse()
    return TwinDevice(disk, fuse, FirmwareTwin(disk, behaviour, fuse))


# --- power cuts at every deed -----------------------------------------------------------------------------------------


def lives(
    make: Callable[[Fuse], TwinDevice], disk: Disk, path: Path, cuts: list[int], *techniques: Technique
) -> Erasure:
    """Erase, with a power cut after so many deeds of each life; the last life is not cut."""
    device = make(Fuse())
    for at in [*cuts, None]:
        device.fuse.count, device.fuse.at = 0, at
        try:
            return erase(job_for(disk, *techniques, path=path), device, limits=LIMITS)
        except PowerCut:
            disk.cut_power()
            if device.family is not None:
                device.family.firmware.power_back()
            if path.exists() and b"\n" not in path.read_bytes():
                path.unlink()  # not even begun: the operator plans again
    raise AssertionError("the last life was cut")


def deeds(make: Callable[[Fuse], TwinDevice], disk: Disk, path: Path, *techniques: Technique) -> int:
    device = make(Fuse())
    erase(job_for(disk, *techniques, path=path), device, limits=LIMITS)
    return device.fuse.count


class SmallCacheNeverFlushed(FlushesNothing):
    """A cache as large as the disk could not be told from the medium until the power goes."""

    cache_bytes = SMALL // 8


@pytest.mark.parametrize("kind", [Cached, SmallCacheNeverFlushed], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    ("technique", "every"), [("overwrite-stream", 1), ("overwrite-zeros", 2), ("overwrite-two-pass", 3)]
)
def test_an_overwrite_cut_at_every_deed(
    kind: Callable[..., Disk], technique: Technique, every: int, memory_path: Path
) -> None:
    trial = kind(SMALL)
    count = deeds(lambda fuse: TwinDevice(trial, fuse), trial, memory_path / "trial", technique)
    assert count > 30
    for at in range(1, count + 1, every):
        disk = kind(SMALL)
        path = memory_path / f"{at}"
        erasure = lives(lambda fuse, disk=disk: TwinDevice(disk, fuse), disk, path, [at], technique)  # type: ignore[misc]
        assert is_honest(erasure, disk), f"cut after {at} deeds"
        if kind is Cached:
            assert erasure.outcome == "cleared", (at, erasure.why)


@pytest.mark.parametrize("behaviour", ["zeros", "does-nothing", "erases-half", "forgets-at-power-cut", "says-idle"])
def test_a_firmware_erase_cut_at_every_deed(behaviour: str, memory_path: Path) -> None:
    trial = Disk(SMALL)
    count = deeds(
        lambda fuse: with_firmware(trial, behaviour, fuse), trial, memory_path / "trial", "nvme-sanitize-block"
    )
    for at in range(1, count + 1):
        disk = Disk(SMALL)

        def make(fuse: Fuse, disk: Disk = disk) -> TwinDevice:
            return with_firmware(disk, behaviour, fuse)

        erasure = lives(make, disk, memory_path / f"{at}", [at], "nvme-sanitize-block")
        assert is_honest(erasure, disk), f"cut after {at} deeds"
        if behaviour != "zeros":
            assert erasure.outcome not in SUCCESS, f"cut after {at} deeds"
        assert len([one for one in erasure.interruptions if one.why == "power"]) <= 1


def test_a_firmware_erase_is_never_started_twice_blindly(memory_path: Path) -> None:
    """After a cut between the command and its answer the device is asked; it is not told again."""
    trial = Disk(SMALL)
    count = deeds(lambda fuse: with_firmware(trial, "zeros", fuse), trial, memory_path / "trial", "nvme-sanitize-block")
    for at in range(1, count + 1):
        disk = Disk(SMALL)
        device = with_firmware(disk, "zeros")
        assert device.family is not None
        starts = []
        start = device.family.firmware.start
        device.family.firmware.start = lambda start=start, starts=starts: (starts.append(1), start())[1]  # type: ignore[misc]
        lives(lambda _, device=device: device, disk, memory_path / f"{at}", [at], "nvme-sanitize-block")  # type: ignore[misc]
        assert len(starts) <= 1


# --- stop, pause, unplugged journal -----------------------------------------------------------------------------------


def test_stopped_then_resumed(memory_path: Path) -> None:
    disk = Disk()
    job = job_for(disk, "overwrite-stream", path=memory_path / "journal")
    first = erase(job, TwinDevice(disk), link=rig.QuietLink({20: "stop"}), limits=LIMITS)
    assert first.outcome == "interrupted" and [one.why for one in first.interruptions] == ["stopped"]
    assert disk.old_bytes_left() > 0
    second = erase(job, TwinDevice(disk), limits=LIMITS)
    assert second.outcome == "cleared" and second.interruptions[0].resumed_at
    assert disk.old_bytes_left() == 0


def test_a_pause_is_waited_out_and_told(memory_path: Path) -> None:
    disk, link, time = Disk(), rig.QuietLink(dict.fromkeys(range(10, 60), "pause")), rig.FastClock()
    erasure = erase(
        job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk),
        link=link, limits=LIMITS, time=time,
    )  # fmt: skip
    assert erasure.outcome == "cleared"
    assert any(getattr(event, "is_paused", False) for event in link.events)
    assert any("paused" in said for said in erasure.attempts[0].said)


def test_a_disk_that_is_gone_before_a_step_is_interrupted_not_failed(memory_path: Path) -> None:
    disk = Disk()
    device = TwinDevice(disk)
    disk.is_gone = True  # type: ignore[attr-defined]
    erasure = erase(job_for(disk, "overwrite-stream", path=memory_path / "journal"), device, limits=LIMITS)
    assert erasure.outcome == "interrupted"
    assert disk.written_bytes == 0


def test_a_journal_that_cannot_be_written_stops_the_work(memory_path: Path) -> None:
    from agent.wipe import journal as j
    from agent.wipe.engine import carry_out

    disk = Disk()
    job = job_for(disk, "overwrite-stream", path=memory_path / "journal")
    journal = j.Journal.create(memory_path / "journal", j.Opened(job=job, at=""))
    add, count = journal.add, 0

    def full(entry: j.Entry) -> None:
        nonlocal count
        count += 1
        if count > 6:
            from agent.durable import cannot_write

            raise cannot_write(memory_path / "journal", OSError(errno.ENOSPC, "full"))
        add(entry)

    journal.add = full  # type: ignore[method-assign] # the medium fills up while we work
    link = rig.QuietLink()
    erasure = carry_out(job, TwinDevice(disk), journal, link, rig.FastClock().clock(), LIMITS)
    assert erasure.outcome == "interrupted"
    assert any("No room left" in getattr(event, "en", "") for event in link.events)
    assert disk.written_bytes < disk.size_bytes


def test_a_hot_disk_is_left_to_cool(memory_path: Path) -> None:
    disk, time, link = Disk(), rig.FastClock(), rig.QuietLink()
    device = TwinDevice(disk)
    readings = iter([80, 78, 71, 60] + [50] * 1000)
    device.temperature_c = lambda: next(readings)  # type: ignore[method-assign]
    job = job_for(disk, "overwrite-stream", path=memory_path / "journal")
    erasure = erase(job, device, limits=LIMITS, time=time, link=link)
    assert erasure.outcome == "cleared"
    assert any(getattr(event, "why_paused", "") == "temperature" for event in link.events)


# --- other disks under the same name, and caches that promise too much ------------------------------------------------


def test_another_disk_of_the_same_serial_is_not_gone_on_with(memory_path: Path) -> None:
    first, second = Disk(), Disk(8 << 20, 512, 2)
    job = job_for(first, "overwrite-stream", path=memory_path / "journal")
    begun = erase(job, TwinDevice(first), link=rig.QuietLink({80: "stop"}), limits=LIMITS)
    assert begun.outcome == "interrupted" and first.written_bytes
    resumed = erase(job, TwinDevice(second), limits=LIMITS)
    assert resumed.outcome == "interrupted"
    assert second.written_bytes == 0


def test_a_disk_changed_during_a_pause_is_not_written(memory_path: Path) -> None:
    disk = Disk()

    class Changed(rig.QuietLink):
        def wish(self) -> str:
            told = super().wish()
            if told == "pause":
                disk.is_gone = True  # type: ignore[attr-defined] # the device's recheck sees another one
            return str(told)

    link = Changed(dict.fromkeys(range(60, 64), "pause"))
    erasure = erase(
        job_for(disk, "overwrite-stream", path=memory_path / "journal"), TwinDevice(disk), link=link, limits=LIMITS
    )
    assert erasure.outcome == "interrupted"
    assert disk.written_bytes < disk.size_bytes


class KeepsItsNewest(Cached):
    """Says yes to a flush; the newest 64 KiB are only in its memory, the rest is on the medium."""

    def write(self, data: bytes, offset: int) -> int:
        super().write(data, offset)
        while len(self.cache) * self.sector_bytes > 64 << 10:
            place, sector = next(iter(self.cache.items()))
            del self.cache[place]
            self.media[place : place + len(sector)] = sector
        return len(data)

    def sync(self) -> None:
        pass


@pytest.mark.parametrize(("technique", "every"), [("overwrite-stream", 1), ("overwrite-zeros", 2)])
def test_what_was_read_before_a_cut_is_not_evidence(technique: Technique, every: int, memory_path: Path) -> None:
    trial = KeepsItsNewest(SMALL)
    count = deeds(lambda fuse: TwinDevice(trial, fuse), trial, memory_path / "trial", technique)
    for at in range(1, count - 1, every):  # after the last line nothing is looked at any more
        disk = KeepsItsNewest(SMALL)
        erasure = lives(lambda fuse, disk=disk: TwinDevice(disk, fuse), disk, memory_path / f"{at}", [at], technique)  # type: ignore[misc]
        left = disk.old_bytes_left() - len(disk.cache) * disk.sector_bytes  # what it still owes is not readable
        assert erasure.outcome not in SUCCESS or left <= 0, f"cut after {at} deeds"
