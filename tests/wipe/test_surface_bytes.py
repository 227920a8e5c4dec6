"""Writing, reading back and markers against every kind of lying or failing disk: nothing is proven that is not so."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.erasure import Extent, Markers
from agent.wipe.buffers import aligned
from agent.wipe.device import BlockIO, DiskError, EraseFailed, Gone, Refused, Stopped, Stuck
from agent.wipe.extents import count
from agent.wipe.limits import Limits
from agent.wipe.markers import choose_offsets, marker_length, plant, seek
from agent.wipe.overwrite import overwrite
from agent.wipe.pieces import Pieces
from agent.wipe.readback import ReadTally, read_back, sample
from agent.wipe.stream import Fill
from tests.wipe.twins import block

KEY = bytes(range(32))
MIB = 1 << 20
# As on a real disk, at an eighth of its sizes, so that an 8 MiB disk has many chunks and checkpoints.
SMALL = Limits(
    chunk_bytes=512 << 10,
    middle_bytes=16 << 10,
    checkpoint_s=0,
    checkpoint_bytes=MIB,
    checkpoint_bytes_most=2 * MIB,
    silence_s=0.0,
)
KINDS = pytest.mark.parametrize("kind", block.KINDS, ids=lambda kind: kind.__name__)


def no_remains(chunk: memoryview, offset: int, sector: int) -> list[tuple[int, str]]:
    return []


@dataclass
class Kept:
    """What the engine would have journalled."""

    offsets: list[int] = field(default_factory=list)
    bad: list[Extent] = field(default_factory=list)
    heeded: list[tuple[int, int]] = field(default_factory=list)
    stop_at: int = 1 << 62

    retried: int = 0

    def keep(self, offset_bytes: int, bad: tuple[Extent, ...], retried: int) -> None:
        self.offsets.append(offset_bytes)
        self.bad += bad
        self.retried += retried

    def heed(self, done_bytes: int, bad_sectors: int) -> None:
        self.heeded.append((done_bytes, bad_sectors))
        if done_bytes >= self.stop_at:
            raise Stopped


def quick(io: BlockIO, work: Literal["write", "read"]) -> Pieces:
    return Pieces(io, work, SMALL)


def write(disk: block.Disk, fill: Fill, start: int = 0, limits: Limits = SMALL, stop_at: int = 1 << 62) -> Kept:
    kept = Kept(stop_at=stop_at)
    overwrite(disk, fill, start, kept.heed, kept.keep, limits)
    return kept


def read(disk: block.Disk, fill: Fill | None, limits: Limits = SMALL, tally: ReadTally | None = None) -> ReadTally:
    def heed(done_bytes: int, bad_sectors: int) -> None:
        pass

    def keep(offset_bytes: int, seen: ReadTally) -> None:
        pass

    return read_back(disk, fill, 0, tally or ReadTally(), heed, keep, limits, find=no_remains)


# --- every kind of disk -----------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("fill_kind", ("aes-256-ctr", "chacha20"))
def test_what_reads_back_whole_holds_nothing_old(kind: Callable[[], block.Disk], fill_kind: str) -> None:
    """The heart of it: full match means not one old byte is stored anywhere; all else is told, sector by sector."""
    disk, fill = kind(), Fill(fill_kind, KEY)  # type: ignore[arg-type] # one of its words
    assert disk.old_bytes_left() == len(disk.old)
    try:
        write(disk, fill)
        seen = read(disk, fill)
    except DiskError as error:
        assert error.said
        assert not disk.can_succeed
        return
    is_whole = seen.matching_bytes == seen.read_bytes == disk.size_bytes and not seen.bad
    assert is_whole == disk.can_succeed
    if is_whole:
        assert disk.old_bytes_left() == 0
        assert seen.content.kind == "random"
    # Every byte is proven or in a listed sector, and never both.
    assert seen.matching_bytes + count(seen.bad) * disk.sector_bytes == disk.size_bytes


@KINDS
def test_zeros_and_markers_hold_nothing_old(kind: Callable[[], block.Disk]) -> None:
    disk = kind()
    if disk.needs_stream:
        pytest.skip("zeros erase nothing on a disk that compresses: a stream does")
    zeros = Fill("zeros")
    try:
        planted = plant(disk, choose_offsets(disk.size_bytes), KEY, quick)
        write(disk, zeros)
        seen = read(disk, zeros)
        survived, unreadable = seek(disk, planted, KEY, quick)
    except DiskError as error:
        assert error.said
        return
    if seen.matching_bytes == disk.size_bytes and not seen.bad and not survived and not unreadable:
        assert disk.old_bytes_left() == 0
        assert seen.content.kind == "zeros"


def test_the_twins_lie_in_enough_ways() -> None:
    names = {kind.__name__ for kind in block.KINDS}
    assert len(names) == len(block.KINDS) >= 40
    unused = {
        name
        for name, one in vars(block).items()
        if isinstance(one, type) and issubclass(one, block.Disk) and name not in names
    }
    assert unused == {"Erring", "Hangs"}


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [block.ErrsOnWrite, block.Erring, block.MediumErrorNoData, block.TimesOut, block.NoSpaceInTheMiddle,
     block.KeepsPartOfFailedWrites, block.ErrsFirst, block.ErrsLast, block.ErrsEveryThousandth],
)  # fmt: skip
def test_exactly_the_bad_sectors_are_listed(kind: Callable[[], block.Disk]) -> None:
    disk = kind()
    assert isinstance(disk, block.Erring)
    kept = write(disk, Fill("aes-256-ctr", KEY))
    sectors = range(disk.size_bytes // disk.sector_bytes)
    bad = {lba for lba in sectors if disk.is_bad(lba * disk.sector_bytes)}
    listed = [lba for one in kept.bad for lba in range(one.first_lba, one.first_lba + one.sectors)]
    assert sorted(listed) == sorted(bad)
    assert {one.problem for one in kept.bad} == {"unwritable"}
    assert kept.heeded[-1] == (disk.size_bytes, len(bad))
    assert kept.offsets[-1] == disk.size_bytes
    # All others were written, whatever failed around them.
    expected = aligned(disk.size_bytes)
    Fill("aes-256-ctr", KEY).write(expected, 0)
    for lba in set(sectors) - bad:
        at = lba * disk.sector_bytes
        assert disk.media[at : at + disk.sector_bytes] == expected[at : at + disk.sector_bytes], lba


def test_few_calls_for_few_errors() -> None:
    disk = block.ErrsOnWrite()
    write(disk, Fill("zeros"), limits=Limits())
    # 2 chunks, 32 pieces of 128 KiB, 256 sectors of one of them, and 2 retries for each of 3 sectors
    assert len([one for one in disk.calls if one[0] == "write"]) <= 2 + 32 + 256 + 6


def test_unreadable_and_wrong_sectors_are_told_apart() -> None:
    disk, fill = block.ErrsOnRead(), Fill("aes-256-ctr", KEY)
    write(disk, fill)
    disk.media[4096] ^= 1
    disk.media[8192:9216] = bytes(1024)
    seen = read(disk, fill)
    first = disk.spot(3)[0] // 512
    assert seen.bad == (
        Extent(first_lba=8, sectors=1, problem="mismatch"),
        Extent(first_lba=16, sectors=2, problem="mismatch"),
        Extent(first_lba=first, sectors=3, problem="unreadable"),
    )
    assert seen.read_bytes == disk.size_bytes - 3 * 512
    assert seen.matching_bytes == disk.size_bytes - 6 * 512
    assert (seen.content.zero_bytes, seen.content.kind) == (1024, "mixed")


def test_two_spots_in_one_chunk_stay_two() -> None:
    class TwoSpots(block.Erring):
        def is_bad(self, place: int) -> bool:
            return place // 512 in (100, 101, 300)

    disk, fill = TwoSpots(), Fill("aes-256-ctr", KEY)
    kept, seen = write(disk, fill), read(disk, fill)
    assert [(one.first_lba, one.sectors) for one in kept.bad] == [(100, 2), (300, 1)]
    assert [(one.first_lba, one.sectors, one.problem) for one in seen.bad] == [
        (100, 2, "unreadable"), (300, 1, "unreadable"),
    ]  # fmt: skip
    assert seen.matching_bytes == seen.read_bytes == disk.size_bytes - 3 * 512


def test_looking_compares_with_nothing() -> None:
    disk = block.Disk()
    disk.media[MIB : 2 * MIB] = bytes(MIB)
    seen = read(disk, None)
    assert (seen.read_bytes, seen.matching_bytes, seen.bad) == (8 * MIB, 0, ())
    assert (seen.content.zero_bytes, seen.content.random_bytes) == (MIB, 7 * MIB)


def test_a_read_that_moves_nothing_shows_nothing() -> None:
    disk = block.MovesNothing()
    assert read(disk, Fill("zeros")).matching_bytes == 0  # not the buffer's own zeros
    with pytest.raises(EraseFailed):
        plant(disk, (0,), KEY)  # not what was written from the same buffer


@pytest.mark.parametrize("sector_bytes", (512, 4096))
@pytest.mark.parametrize("odd", (0, 1, 7))
def test_the_tail_is_written_in_sectors(sector_bytes: int, odd: int) -> None:
    disk, fill = block.Disk(MIB + odd * sector_bytes, sector_bytes), Fill("aes-256-ctr", KEY)
    write(disk, fill)
    assert disk.old_bytes_left() == 0
    seen = read(disk, fill)
    assert seen.matching_bytes == disk.size_bytes
    assert max(offset + length for _, offset, length in disk.calls) == disk.size_bytes


# --- giving up --------------------------------------------------------------------------------------------------------


class Ticking:
    """A clock that each failing call moves on."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


class Slow(block.ErrsOnWrite):
    clock: Ticking
    took_s = 7.0
    sectors = 5000

    def is_bad(self, place: int) -> bool:
        return self.size_bytes // 2 <= place < self.size_bytes // 2 + self.sectors * self.sector_bytes

    def write(self, data: bytes, offset: int) -> int:
        try:
            return super().write(data, offset)
        except OSError:
            self.clock.at += self.took_s
            raise


def slow(sectors: int, took_s: float) -> Slow:
    disk = Slow()
    disk.clock, disk.sectors, disk.took_s = Ticking(), sectors, took_s
    return disk


def test_no_good_sector_for_ten_minutes() -> None:
    disk, kept = slow(5000, 7.0), Kept()
    with pytest.raises(Stuck, match="no sector moved"):
        overwrite(disk, Fill("zeros"), 0, kept.heed, kept.keep, SMALL, monotonic=disk.clock)
    assert 600 <= disk.clock.at < 620
    assert kept.offsets[-1] == disk.size_bytes // 2  # what was done is kept


def test_a_slow_sector_is_tried_once_more() -> None:
    for took_s, calls in ((7.0, 5), (25.0, 4)):  # chunk, piece, sector; once more, and twice where it pays
        disk, kept = slow(1, took_s), Kept()
        overwrite(disk, Fill("zeros"), 0, kept.heed, kept.keep, SMALL, monotonic=disk.clock)
        assert disk.clock.at == took_s * calls
        assert count(kept.bad) == 1


def test_too_slow_on_the_whole() -> None:
    class Scattered(Slow):
        def is_bad(self, place: int) -> bool:
            return place // self.sector_bytes % 1000 == 999

    disk, kept = Scattered(), Kept()
    disk.clock, disk.took_s = Ticking(), 90.0
    with pytest.raises(Stuck, match="spent on errors"):
        overwrite(disk, Fill("zeros"), 0, kept.heed, kept.keep, SMALL, monotonic=disk.clock)


@pytest.mark.parametrize("work", ("write", "read"))
def test_too_many_bad_sectors(work: str) -> None:
    limits = Limits(chunk_bytes=512 << 10, middle_bytes=16 << 10, errors_most=100, silence_s=0)
    with pytest.raises(Stuck, match="more than 100"):
        if work == "write":
            write(block.ReadOnly(), Fill("zeros"), limits=limits)
        else:
            read(block.ErrsOnEveryRead(), None, limits=limits)


def test_too_many_places_that_read_otherwise() -> None:
    disk, fill = block.Disk(MIB), Fill("zeros")
    disk.media[:] = (bytes(512) + b"\1" * 512) * 1024
    with pytest.raises(EraseFailed):
        read(disk, fill, limits=Limits(errors_most=10, mismatches_most=1000))
    assert len(read(disk, fill, limits=Limits(errors_most=10, mismatches_most=1024)).bad) == 1024


@pytest.mark.parametrize("kind", [block.Vanishes, block.VanishesNoDevice, block.VanishesNoSpace, block.Shrinks])
def test_a_disk_that_goes_is_gone(kind: Callable[[], block.Disk]) -> None:
    disk = kind()
    with pytest.raises(Gone):
        write(disk, Fill("aes-256-ctr", KEY))
    disk = kind()
    disk.written_bytes = disk.size_bytes
    with pytest.raises(Gone):
        read(disk, None)


def test_nodata_of_one_spot_is_not_a_missing_disk() -> None:
    disk = block.MediumErrorNoData()
    assert count(write(disk, Fill("zeros")).bad) == 3
    assert count(read(disk, None).bad) == 3


def test_flush_is_asked_twice_then_failed() -> None:
    with pytest.raises(EraseFailed, match="write cache"):
        write(block.FlushFails(), Fill("zeros"))
    assert write(block.FlushFailsOnce(), Fill("zeros")).offsets[-1] == 8 * MIB


# --- checkpoints, stop, resume ----------------------------------------------------------------------------------------


def test_checkpoints_are_flushed_first() -> None:
    disk = block.Cached()
    seen: list[tuple[int, int]] = []

    def keep(offset_bytes: int, bad: tuple[Extent, ...], retried: int) -> None:
        seen.append((offset_bytes, len(disk.cache)))

    overwrite(disk, Fill("aes-256-ctr", KEY), 0, lambda done, bad: None, keep, SMALL)
    assert seen == [(at * MIB, 0) for at in (*range(1, 9), 8)]


def test_checkpoints_keep_their_distance_in_time() -> None:
    disk, kept, clock = block.Disk(), Kept(), Ticking()

    def heed(done_bytes: int, bad_sectors: int) -> None:
        clock.at += 1.0  # a second for each half MiB

    limits = Limits(
        chunk_bytes=512 << 10, checkpoint_s=3.5, checkpoint_bytes=MIB, checkpoint_bytes_most=64 * MIB
    )  # fmt: skip
    overwrite(disk, Fill("zeros"), 0, heed, kept.keep, limits, monotonic=clock)
    assert kept.offsets == [5 * MIB // 2, 9 * MIB // 2, 13 * MIB // 2, 8 * MIB]


@settings(deadline=None, max_examples=15)
@given(stop_at=st.integers(1, 8 * MIB), cut=st.booleans())
def test_stopped_or_cut_anywhere_and_gone_on_with(stop_at: int, cut: bool) -> None:
    disk, fill = block.Cached(), Fill("aes-256-ctr", KEY)
    kept = Kept(stop_at=stop_at)
    with pytest.raises(Stopped):
        overwrite(disk, fill, 0, kept.heed, kept.keep, SMALL)
    assert stop_at <= kept.offsets[-1] < stop_at + SMALL.chunk_bytes
    if cut:
        disk.cut_power()
    write(disk, fill, start=kept.offsets[-1])
    assert read(disk, fill).matching_bytes == disk.size_bytes


def test_reading_goes_on_from_a_checkpoint() -> None:
    disk, fill = block.ErrsOnRead(), Fill("aes-256-ctr", KEY)
    write(disk, fill)
    disk.media[512] ^= 1
    kept: list[tuple[int, ReadTally]] = []
    whole = read_back(
        disk, fill, 0, ReadTally(), lambda done, bad: None, lambda offset, tally: kept.append((offset, tally)), SMALL,
        find=no_remains,
    )  # fmt: skip
    assert [offset for offset, _ in kept] == [*(at * MIB for at in range(1, 9)), 8 * MIB]
    bad: tuple[Extent, ...] = ()
    for offset, tally in kept:
        bad = (*bad, *tally.bad)  # each keeps what is new
        tally = replace(tally, bad=bad)
        rest = read_back(
            disk, fill, offset, tally, lambda done, bad: None, lambda at, seen: None, SMALL, find=no_remains
        )
        assert rest == whole


def test_reading_asks_the_device() -> None:
    disk = block.Cached()
    write(disk, Fill("zeros"))
    before = disk.flushes
    read(disk, Fill("zeros"))
    assert disk.forgets == 1
    assert disk.flushes == before + 1


# --- sampling ---------------------------------------------------------------------------------------------------------


def test_sampling_finds_what_it_says_it_finds() -> None:
    disk, fill = block.Disk(64 * MIB), Fill("aes-256-ctr", KEY)
    write(disk, fill)
    steps: list[int] = []
    seen, power = sample(
        disk, fill, b"seed", lambda done, bad: steps.append(done), Limits(), find=no_remains
    )  # fmt: skip
    assert seen.read_bytes == seen.matching_bytes >= 64 * MIB // 10
    assert seen.read_bytes < 64 * MIB // 5
    assert (power, seen.content.kind, seen.bad) == (1000, "random", ())
    assert steps == sorted(steps)
    assert steps[-1] == disk.size_bytes
    disk.media[30 * MIB : 31 * MIB] = disk.old[30 * MIB : 31 * MIB]
    seen, _ = sample(disk, fill, b"other", lambda done, bad: None, Limits(), find=no_remains)
    assert seen.bad
    assert seen.matching_bytes < seen.read_bytes
    disk.media[-1] ^= 1
    seen, _ = sample(disk, fill, b"third", lambda done, bad: None, Limits(), find=no_remains)
    assert seen.bad[-1] == Extent(first_lba=64 * MIB // 512 - 1, sectors=1, problem="mismatch")


# --- markers ----------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(sectors=st.integers(1, 1 << 36), extra=st.lists(st.integers(0, 1 << 45), max_size=2))
def test_places_of_markers(sectors: int, extra: list[int]) -> None:
    size = sectors * 512
    extra = [place % size for place in extra]
    length, offsets = marker_length(size), choose_offsets(size, extra)
    if size < 4096:
        assert offsets == ()
        return
    assert offsets[0] == 0
    assert length > 0
    assert all(first + length <= second for first, second in pairwise(offsets))
    assert offsets[-1] + length <= size
    assert size - offsets[-1] - length < length  # the end of the disk, or no room for one more
    assert all(offset % 512 == 0 for offset in offsets)
    assert len(offsets) <= 16 + len(extra)
    for place in extra:  # marked, or a marker is that near already
        assert any(abs(place - offset) < length + 4096 for offset in offsets)
    if size >= 64 * MIB:
        assert (length, len(offsets) >= 16) == (MIB, True)
        # any power of two that the disk might really end at puts two of them in one place
        for power in range(size.bit_length() // 2, (size - length).bit_length()):
            places = sorted(offset % (1 << power) for offset in offsets)
            assert any(after - before < length for before, after in pairwise([*places, places[0] + (1 << power)]))
    assert len(offsets) * length * 3 <= size or size < 64 * 4096 * 2


def test_planted_markers_are_found_and_gone_ones_are_not() -> None:
    disk = block.Disk()
    planted = plant(disk, choose_offsets(disk.size_bytes), KEY)
    assert len(planted.offsets) == 16
    assert seek(disk, planted, KEY) == (16, 0)
    assert seek(disk, planted, bytes(32)) == (0, 0)
    keep = planted.offsets[5] + 1024
    left = bytes(disk.media[keep : keep + 512])
    disk.media[:] = bytes(disk.size_bytes)
    assert seek(disk, planted, KEY) == (0, 0)
    disk.media[keep : keep + 512] = left  # one sector is enough
    assert seek(disk, planted, KEY) == (1, 0)
    disk.media[keep : keep + 512] = random.Random(1).randbytes(512)
    assert seek(disk, planted, KEY) == (0, 0)


def test_every_marker_has_other_bytes() -> None:
    one, other = block.Disk(), block.Disk()
    places = choose_offsets(one.size_bytes)
    assert plant(one, places, KEY).digest == plant(other, places, KEY).digest
    assert plant(one, places, KEY).digest != plant(other, places, bytes(32)).digest
    length = marker_length(one.size_bytes)
    assert len({bytes(one.media[offset : offset + length]) for offset in places}) == len(places)


@pytest.mark.parametrize(
    "kind", [block.Wraps, block.DropsBeyond, block.DropsAll, block.ReadsZeros, block.MovesNothing,
             block.RepeatsOneSector, block.CachesThenDrops]
)  # fmt: skip
def test_a_disk_that_lies_already_when_marked(kind: Callable[[], block.Disk]) -> None:
    disk = kind()
    with pytest.raises(EraseFailed):
        plant(disk, choose_offsets(disk.size_bytes), KEY)


def test_a_disk_that_takes_no_marker_is_refused() -> None:
    with pytest.raises(Refused, match="no marker"):
        plant(block.ReadOnly(), choose_offsets(8 * MIB), KEY)
    with pytest.raises(EraseFailed):
        plant(block.ErrsOnEveryRead(), choose_offsets(8 * MIB), KEY, quick)


def test_markers_avoid_bad_places() -> None:
    disk = block.ErrsFirst()
    planted = plant(disk, choose_offsets(disk.size_bytes), KEY)
    assert len(planted.offsets) == 15
    assert 0 not in planted.offsets


def test_unreadable_markers_are_counted() -> None:
    disk = block.ErrsOnRead()
    place = disk.spot(3)[0]
    markers = Markers(offsets=(place - 8 * 512,), length_bytes=16 * 512, digest="")
    fill, buffer = Fill("aes-256-ctr", KEY), aligned(16 * 512)
    assert seek(disk, markers, KEY) == (0, 1)
    fill.write(buffer, place - 8 * 512)
    disk.media[place - 8 * 512 : place + 8 * 512] = bytes(buffer)
    assert seek(disk, markers, KEY) == (1, 0)
