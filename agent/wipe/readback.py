"""Reading a disk after its erasure: does every byte come back as written, and what is there in any case.

Only what was read counts. Unreadable sectors and sectors that read otherwise are located one by one; a buffer that a
read left as it was can never count as right, because it is spoiled before each read.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Literal

from agent.erasure import Content, Extent
from agent.wipe.buffers import aligned, equal_pieces, is_zeros
from agent.wipe.content import Census, FindRemains
from agent.wipe.device import BlockIO, EraseFailed, Heed
from agent.wipe.extents import merged
from agent.wipe.limits import Limits
from agent.wipe.overwrite import Chunks, Rhythm, flush, spans
from agent.wipe.pieces import Pieces
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


KeepRead = Callable[[int, ReadTally], None]


def read_back(
    io: BlockIO, fill: Fill | None, start_bytes: int, tally: ReadTally, heed: Heed, keep: KeepRead, limits: Limits, *,
    find: FindRemains = find_remains, monotonic: Callable[[], float] = time.monotonic,
) -> ReadTally:  # fmt: skip
    """From `start_bytes` to the end, going on from `tally`. Without a fill nothing matches; content is counted always.

    Raises what `heed` raises, Gone, Stuck, EraseFailed.
    """
    flush(io)
    io.forget()
    pieces = Pieces(io, "read", limits, monotonic)
    reader = _Comparison(io.sector_bytes, fill, tally, limits, find)
    rhythm = Rhythm(limits, start_bytes, monotonic)
    with closing(_read_ahead(pieces, spans(start_bytes, io.size_bytes, limits.chunk_bytes), limits, reader)) as chunks:
        for offset_bytes, chunk in chunks:
            reader.see(chunk, offset_bytes)
            done = offset_bytes + len(chunk)
            if rhythm.is_due(done):
                keep(done, reader.tally())
            heed(done, reader.bad_sectors)
    seen = reader.tally()
    keep(io.size_bytes, seen)
    return seen


def sample(
    io: BlockIO, fill: Fill | None, seed: bytes, heed: Heed, limits: Limits, *,
    find: FindRemains = find_remains, monotonic: Callable[[], float] = time.monotonic,
) -> tuple[ReadTally, int]:  # fmt: skip
    """Ten per cent by the recipe of SP 800-88r1, and its power: the chance in permille to meet 100 MB unwiped."""
    flush(io)
    io.forget()
    places = choose_places(io.size_bytes, io.sector_bytes, seed)
    pieces = Pieces(io, "read", limits, monotonic)
    reader = _Comparison(io.sector_bytes, fill, ReadTally(), limits, find)
    todo = (span for start, length in places for span in spans(start, start + length, limits.chunk_bytes))
    with closing(_read_ahead(pieces, todo, limits, reader)) as chunks:
        for offset_bytes, chunk in chunks:
            reader.see(chunk, offset_bytes)
            heed(offset_bytes + len(chunk), reader.bad_sectors)
    return reader.tally(), power_permille(places, io.size_bytes)


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


def _read_ahead(pieces: Pieces, todo: Iterable[tuple[int, int]], limits: Limits, reader: "_Comparison") -> Chunks:
    """What could be read, in order; a chunk with unreadable sectors comes in parts. A second thread reads ahead."""

    def read(buffer: memoryview, offset_bytes: int) -> tuple[int, memoryview, int]:
        # A read that says "all" and moves nothing must not show the last chunk once more.
        buffer[:: limits.spoil_step_bytes] = bytes([_SPOIL]) * -(-len(buffer) // limits.spoil_step_bytes)
        return offset_bytes, buffer, pieces.attempt(buffer, offset_bytes)

    def parts(read_ahead: Future[tuple[int, memoryview, int]]) -> Iterable[tuple[int, memoryview]]:
        offset_bytes, chunk, moved = read_ahead.result()
        unreadable = pieces.finish(chunk, offset_bytes, moved)
        reader.add_bad(unreadable)
        return reader.between(chunk, offset_bytes, unreadable)

    free = deque(aligned(limits.chunk_bytes) for _ in range(_AHEAD + 1))
    waiting: deque[Future[tuple[int, memoryview, int]]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="read") as pool:
        for offset_bytes, length in todo:
            waiting.append(pool.submit(read, free[0][:length], offset_bytes))
            free.rotate(-1)
            if len(waiting) > _AHEAD:
                yield from parts(waiting.popleft())
        while waiting:
            yield from parts(waiting.popleft())


class _Comparison:
    """Compares what was read with what was written, and keeps the tally."""

    def __init__(
        self, sector_bytes: int, fill: Fill | None, tally: ReadTally, limits: Limits, find: FindRemains
    ) -> None:
        self._sector_bytes, self._fill, self._limits = sector_bytes, fill, limits
        self._census = Census(tally.content, find)
        self._read, self._matching = tally.read_bytes, tally.matching_bytes
        self._bad = list(tally.bad)
        self._zeros = aligned(sector_bytes)
        self.bad_sectors = sum(extent.sectors for extent in tally.bad)

    def tally(self) -> ReadTally:
        return ReadTally(self._read, self._matching, self._census.content(), merged(self._bad))

    def add_bad(self, extents: Iterable[Extent]) -> None:
        for one in extents:
            self.bad_sectors += one.sectors
            last = self._bad[-1] if self._bad else None
            if last and last.problem == one.problem and last.first_lba + last.sectors == one.first_lba:
                self._bad[-1] = Extent(
                    first_lba=last.first_lba, sectors=last.sectors + one.sectors, problem=one.problem
                )
                continue
            self._bad.append(one)
            if len(self._bad) > self._limits.mismatches_most + self._limits.errors_most:
                raise EraseFailed(f"the disk reads otherwise than written in more than {len(self._bad) - 1} places")

    def between(
        self, chunk: memoryview, offset_bytes: int, unreadable: Iterable[Extent]
    ) -> Iterable[tuple[int, memoryview]]:
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
