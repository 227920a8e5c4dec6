"""One pass over a whole disk: 4 MiB writes, bad sectors left out and listed, a flushed checkpoint now and then.

Proves nothing: what the disk took is not what it gives back. That is `readback`'s work.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

from agent.erasure import Extent
from agent.wipe.buffers import aligned
from agent.wipe.device import BlockIO, EraseFailed, Heed, Keep, Stopped, Stuck, TooHot
from agent.wipe.extents import merged
from agent.wipe.limits import Limits
from agent.wipe.pieces import Pieces, check_there
from agent.wipe.stream import Fill

Chunks = Generator[tuple[int, memoryview], None, None]
_AHEAD = 2  # buffers made while one is written


def overwrite(
    io: BlockIO, fill: Fill, start_bytes: int, heed: Heed, keep: Keep, limits: Limits, *,
    monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
) -> None:  # fmt: skip
    """From `start_bytes` to the end of the disk. Raises what `heed` raises, Gone, Stuck, EraseFailed (cannot flush).

    The last `keep` is at the end of the disk, also when the bad sectors were too many (then Stuck); after a stop, or
    when they took too much time, at the last whole chunk.
    """
    pieces = Pieces(io, "write", limits, heed, monotonic, sleep)
    rhythm = Rhythm(limits, start_bytes, monotonic)
    found: list[Extent] = []
    done = start_bytes

    def checkpoint() -> None:
        flush(io)
        keep(done, merged(found), pieces.retried)
        found.clear()
        pieces.retried = 0

    try:
        with closing(_filled(io.size_bytes, fill, start_bytes, limits.chunk_bytes)) as chunks:
            for offset_bytes, chunk in chunks:
                found += pieces.move(chunk, offset_bytes)
                done = offset_bytes + len(chunk)
                if rhythm.is_due(done):
                    checkpoint()
                heed(done, pieces.bad_sectors)
    except (Stopped, Stuck, TooHot):
        checkpoint()
        raise
    checkpoint()
    pieces.raise_if_too_many()


def flush(io: BlockIO) -> None:
    """Once more when it failed: a disk may report a late write error here, and the reading finds that sector."""
    try:
        io.flush()
    except OSError:
        check_there(io)
        try:
            io.flush()
        except OSError as error:
            raise EraseFailed(f"the disk cannot empty its write cache (errno {error.errno})") from error


def spans(start_bytes: int, end_bytes: int, chunk_bytes: int) -> Iterator[tuple[int, int]]:
    """(offset, length) of the chunks, cut at multiples of the chunk's size."""
    while start_bytes < end_bytes:
        stop = min(end_bytes, (start_bytes // chunk_bytes + 1) * chunk_bytes)
        yield start_bytes, stop - start_bytes
        start_bytes = stop


def _filled(size_bytes: int, fill: Fill, start_bytes: int, chunk_bytes: int) -> Chunks:
    """The chunks with their content. A stream is made by a second thread while the last chunk is written."""
    todo = spans(start_bytes, size_bytes, chunk_bytes)
    if fill.kind == "zeros":
        zeros = aligned(chunk_bytes)  # never changed: one for all
        for offset_bytes, length in todo:
            yield offset_bytes, zeros[:length]
        return

    def made(buffer: memoryview, offset_bytes: int) -> tuple[int, memoryview]:
        fill.write(buffer, offset_bytes)
        return offset_bytes, buffer

    free = deque(aligned(chunk_bytes) for _ in range(_AHEAD + 1))
    waiting: deque[Future[tuple[int, memoryview]]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="stream") as pool:
        for offset_bytes, length in todo:
            waiting.append(pool.submit(made, free[0][:length], offset_bytes))
            free.rotate(-1)
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Rhythm:
    """When the next checkpoint is due: long enough and far enough after the last one, or very far."""

    def __init__(self, limits: Limits, start_bytes: int, monotonic: Callable[[], float]) -> None:
        self._limits, self._monotonic = limits, monotonic
        self._at_bytes, self._at = start_bytes, monotonic()

    def is_due(self, done_bytes: int) -> bool:
        passed, now = done_bytes - self._at_bytes, self._monotonic()
        if passed < self._limits.checkpoint_bytes_most and (
            passed < self._limits.checkpoint_bytes or now - self._at < self._limits.checkpoint_s
        ):
            return False
        self._at_bytes, self._at = done_bytes, now
        return True
