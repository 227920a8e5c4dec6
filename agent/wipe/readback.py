"""Reading a disk after its erasure: does every byte come back as written, and what is there in any case.

Only what was read counts. Unreadable sectors and sectors that read otherwise are located one by one; a buffer that a
read left as it was can never count as right, because it is spoiled before each read.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Literal

from agent.erasure import Content, Extent
from agent.wipe.buffers import aligned, equal_pieces, is_zeros
from agent.wipe.content import Census, FindRemains
from agent.wipe.device import BlockIO, EraseFailed, Heed, Stopped, TooHot
from agent.wipe.extents import merged
from agent.wipe.limits import Limits
from agent.wipe.overwrite import Rhythm, flush, spans
from agent.wipe.pieces import Pieces, Tried
from agent.wipe.remains import find_remains
from agent.wipe.stream import Fill

_AHEAD = 2  # chunks read while one is compared
_SPOIL = 0xA5
SECTIONS = 1000  # NIST SP 800-88r1 4.7.3: at least that many, two places in each, 5 % of the section each
PLACES = 2
SHARE = 20  # one place is 1/20 of its section
RUN_BYTES = 100_000_000  # the unwiped run whose chance to be met is printed


@dataclass(frozen=True, slots=True)
class ReadTally:
    read_bytes: int = 0
    matching_bytes: int = 0
    content: Content = field(default_factory=lambda: Content(kind="unread"))
    bad: tuple[Extent, ...] = ()
    retried: int = 0  # chunks that failed at first and were read, whole, when repeated


Parts = Iterable[tuple[int, memoryview]]
KeepRead = Callable[[int, ReadTally], None]
"""keep(offset_bytes, tally): everything below the offset was read. `tally.bad`: found since the last call only."""


def read_back(
    io: BlockIO, fill: Fill | None, start_bytes: int, tally: ReadTally, heed: Heed, keep: KeepRead, limits: Limits, *,
    find: FindRemains = find_remains, monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> ReadTally:  # fmt: skip
    """From `start_bytes` to the end, going on from `tally`. Without a fill nothing matches; content is counted always.

    Raises what `heed` raises, Gone, Stuck, EraseFailed. The last `keep` is at the end, or after a stop where it came.
    """
    flush(io)
    io.forget()
    reader = _Comparison(io.sector_bytes, fill, tally, limits, find)
    pieces = Pieces(io, "read", limits, reader.heeding(heed), monotonic, sleep)
    rhythm = Rhythm(limits, start_bytes, monotonic)
    todo = spans(start_bytes, io.size_bytes, limits.chunk_bytes)
    done = start_bytes
    try:
        with closing(_read_ahead(pieces, todo, limits, reader)) as chunks:
            for _, parts in chunks:
                for place, part in parts:
                    reader.see(part, place)
                    done = place + len(part)
                if rhythm.is_due(done):
                    keep(done, reader.fresh(pieces))
                heed(done, reader.bad_sectors)
    except (Stopped, TooHot):
        keep(done, reader.fresh(pieces))
        raise
    keep(io.size_bytes, reader.fresh(pieces))
    return reader.tally(pieces)


def sample(
    io: BlockIO, fill: Fill | None, seed: bytes, heed: Heed, limits: Limits, *,
    find: FindRemains = find_remains, monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[ReadTally, int]:  # fmt: skip
    """Ten per cent by the recipe of SP 800-88r1, and its power: the chance in permille to meet 100 MB unwiped."""
    flush(io)
    io.forget()
    places = choose_places(io.size_bytes, io.sector_bytes, seed)
    reader = _Comparison(io.sector_bytes, fill, ReadTally(), limits, find)
    pieces = Pieces(io, "read", limits, reader.heeding(heed), monotonic, sleep)
    todo = (span for start, length in places for span in spans(start, start + length, limits.chunk_bytes))
    with closing(_read_ahead(pieces, todo, limits, reader)) as chunks:
        for offset_bytes, parts in chunks:
            done = offset_bytes
            for place, part in parts:
                reader.see(part, place)
                done = place + len(part)
            heed(done, reader.bad_sectors)
    return reader.tally(pieces), power_permille(places, io.size_bytes)


def choose_places(size_bytes: int, sector_bytes: int, seed: bytes) -> tuple[tuple[int, int], ...]:
    """(offset, length), by place, none overlapping: first and last sector, two places of each of 1000 equal sections.

    A disk of sections too small for that is read whole.
    """
    sectors = size_bytes // sector_bytes
    if sectors < SECTIONS * SHARE * PLACES:
        return ((0, size_bytes),)
    choice = random.Random(seed)  # the seed is secret until the reading has ended; it need not be stronger
    chosen: list[tuple[int, int]] = [(0, 1)]
    for number in range(SECTIONS):
        first, after = sectors * number // SECTIONS, sectors * (number + 1) // SECTIONS
        length = -(-(after - first) // SHARE)
        starts = sorted(choice.randint(0, after - first - PLACES * length) for _ in range(PLACES))
        chosen += [(first + start + place * length, length) for place, start in enumerate(starts)]
    chosen.append((sectors - 1, 1))
    return tuple((start * sector_bytes, length * sector_bytes) for start, length in _apart(chosen))


def _apart(places: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """In order, what an earlier one covers already left out: each byte is counted once."""
    reached = 0
    for start, length in sorted(places):
        begin, end = max(start, reached), start + length
        if end > begin:
            yield begin, end - begin
            reached = end


def power_permille(places: Iterable[tuple[int, int]], size_bytes: int, run_bytes: int = RUN_BYTES) -> int:
    """The share of all positions of one unwiped run at which these places meet it; rounded down."""
    positions = size_bytes - run_bytes + 1
    if positions <= 0:
        return 1000 if any(length for _, length in places) else 0
    met, reached = 0, 0
    for start, length in sorted(places):
        # The run meets the place when it begins after start - run and before its end.
        begin, end = max(start - run_bytes + 1, reached), min(start + length, positions)
        if end > begin:
            met += end - begin
            reached = end
    return met * 1000 // positions


def _read_ahead(
    pieces: Pieces, todo: Iterable[tuple[int, int]], limits: Limits, reader: "_Comparison"
) -> Generator[tuple[int, Parts], None, None]:
    """(offset, what could be read of this chunk), in order. A second thread reads ahead, and does nothing else."""

    def read(buffer: memoryview, offset_bytes: int) -> tuple[int, memoryview, Tried]:
        spoil(buffer, limits)
        return offset_bytes, buffer, pieces.attempt(buffer, offset_bytes)

    def parts(read_ahead: Future[tuple[int, memoryview, Tried]]) -> tuple[int, Parts]:
        offset_bytes, chunk, tried = read_ahead.result()
        unreadable = pieces.finish(chunk, offset_bytes, tried)
        reader.add_bad(unreadable)
        return offset_bytes, reader.between(chunk, offset_bytes, unreadable)

    free = deque(aligned(limits.chunk_bytes) for _ in range(_AHEAD + 1))
    waiting: deque[Future[tuple[int, memoryview, Tried]]] = deque()
    pool = ThreadPoolExecutor(1, thread_name_prefix="read")
    try:
        for offset_bytes, length in todo:
            waiting.append(pool.submit(read, free[0][:length], offset_bytes))
            free.rotate(-1)
            if len(waiting) > _AHEAD:
                yield parts(waiting.popleft())
        while waiting:
            yield parts(waiting.popleft())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # a stop does not wait for a read that may never return


def spoil(buffer: memoryview, limits: Limits) -> None:
    """A read that says "all" and moves nothing must not show what was in the buffer before."""
    buffer[:: limits.spoil_step_bytes] = bytes([_SPOIL]) * -(-len(buffer) // limits.spoil_step_bytes)


class _Comparison:
    """Compares what was read with what was written, and keeps the tally."""

    def __init__(
        self, sector_bytes: int, fill: Fill | None, tally: ReadTally, limits: Limits, find: FindRemains
    ) -> None:
        self._sector_bytes, self._fill, self._limits = sector_bytes, fill, limits
        self._census = Census(tally.content, find)
        self._read, self._matching = tally.read_bytes, tally.matching_bytes
        self._bad = list(tally.bad)
        self._told = len(self._bad)
        self._retried = tally.retried
        self._zeros = aligned(sector_bytes)
        self.bad_sectors = sum(extent.sectors for extent in tally.bad)

    def tally(self, pieces: Pieces) -> ReadTally:
        return self._tally(pieces, merged(self._bad))

    def fresh(self, pieces: Pieces) -> ReadTally:
        """The same with the bad places only that were found since the last call: a bad disk has thousands."""
        fresh = merged(self._bad[self._told :])
        self._told = len(self._bad)
        return self._tally(pieces, fresh)

    def _tally(self, pieces: Pieces, bad: tuple[Extent, ...]) -> ReadTally:
        retried = self._retried + pieces.retried
        return ReadTally(self._read, self._matching, self._census.content(), bad, retried)

    def heeding(self, heed: Heed) -> Heed:
        """The same between the pieces of one chunk, whose bad sectors are not counted here yet."""

        def inside(done_bytes: int, bad_sectors: int) -> None:
            heed(done_bytes, max(self.bad_sectors, bad_sectors))

        return inside

    def add_bad(self, extents: Iterable[Extent]) -> None:
        for one in extents:
            self.bad_sectors += one.sectors
            last = self._bad[-1] if self._bad else None
            is_told = len(self._bad) <= self._told
            if last and not is_told and last.problem == one.problem and last.first_lba + last.sectors == one.first_lba:
                self._bad[-1] = Extent(
                    first_lba=last.first_lba, sectors=last.sectors + one.sectors, problem=one.problem
                )
                continue
            self._bad.append(one)
            if len(self._bad) > self._limits.mismatches_most + self._limits.errors_most:
                raise EraseFailed(f"the disk reads otherwise than written in more than {len(self._bad) - 1} places")

    def between(self, chunk: memoryview, offset_bytes: int, unreadable: Iterable[Extent]) -> Parts:
        """The parts of the chunk that were read; the chunk's end is always told, were it empty."""
        at = 0
        for one in unreadable:
            start = one.first_lba * self._sector_bytes - offset_bytes
            if start > at:
                yield offset_bytes + at, chunk[at:start]
            at = start + one.sectors * self._sector_bytes
        yield offset_bytes + min(at, len(chunk)), chunk[at:]

    def see(self, view: memoryview, offset_bytes: int) -> None:
        """Count these bytes, which were read at this place. Changes the view."""
        self._read += len(view)
        if not len(view):
            return
        if self._fill is None:
            self._census.add(view, offset_bytes, self._sector_bytes)
            return
        self._fill.strip(view, offset_bytes)
        if is_zeros(view):
            self._count_right(len(view))
            return
        right = equal_pieces(view, self._zeros)
        self._fill.strip(view, offset_bytes)  # as it was read
        for is_right, first, after in _runs(right):
            start, end = first * self._sector_bytes, after * self._sector_bytes
            if is_right:
                self._count_right(end - start)
                continue
            self._census.add(view[start:end], offset_bytes + start, self._sector_bytes)
            lba = offset_bytes // self._sector_bytes + first
            self.add_bad((Extent(first_lba=lba, sectors=after - first, problem=_MISMATCH),))

    def _count_right(self, length_bytes: int) -> None:
        assert self._fill is not None
        self._matching += length_bytes
        if self._fill.kind == "zeros":
            self._census.add_zeros(length_bytes)
        else:
            self._census.add_random(length_bytes)


_MISMATCH: Literal["mismatch"] = "mismatch"


def _runs(right: list[bool]) -> Iterable[tuple[bool, int, int]]:
    """(is_right, first, after) of each run of equal answers."""
    first = 0
    for at in range(1, len(right) + 1):
        if at == len(right) or right[at] != right[first]:
            yield right[first], first, at
            first = at
