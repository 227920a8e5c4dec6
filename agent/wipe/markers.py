"""Random blocks planted before an erasure and looked for after it: a device that only says it erased is found out.

Besides first, last and spread places there are markers at the highest powers of two: a fake capacity that drops
the high bits of an address would have two of them in one place, and they are read only after all were written.
"""

import hashlib
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Literal

from agent.erasure import Extent, Markers
from agent.wipe.buffers import aligned, equal_pieces, is_zeros
from agent.wipe.device import BlockIO, EraseFailed, Refused
from agent.wipe.limits import Limits
from agent.wipe.overwrite import flush
from agent.wipe.pieces import Pieces
from agent.wipe.stream import Fill

COUNT = 16
LENGTH_BYTES = 1 << 20
ALIGN_BYTES = 4096
_SHARE = 4  # markers take at most a quarter of a small disk
_POWERS = 3


def marker_length(size_bytes: int) -> int:
    """1 MiB, less on a small disk; 0 where not even one fits."""
    fitting = size_bytes // (COUNT * _SHARE)
    return min(LENGTH_BYTES, max(fitting - fitting % ALIGN_BYTES, ALIGN_BYTES if size_bytes >= ALIGN_BYTES else 0))


def choose_offsets(size_bytes: int, extra: Iterable[int] = ()) -> tuple[int, ...]:
    """At most 16 places and the extra ones (where a hidden area begins), never overlapping, in order."""
    length = marker_length(size_bytes)
    if not length:
        return ()
    end = size_bytes - length
    chosen: list[int] = []

    def add(offset: int) -> bool:
        is_free = all(abs(offset - other) >= length for other in chosen)
        if is_free:
            chosen.append(offset)
        return is_free

    add(0)
    add(end)
    most = COUNT + sum([add(min(max(0, place - place % ALIGN_BYTES), end)) for place in extra])
    top = end.bit_length() - 1
    for power in range(top, max(top - _POWERS, ALIGN_BYTES.bit_length() - 2), -1):
        add(1 << power)
    while len(chosen) < most:
        chosen.sort()
        gap, before = max(((after - before, before) for before, after in pairwise(chosen)), default=(0, 0))
        middle = before + gap // 2
        if not add(middle - middle % ALIGN_BYTES):
            break
    return tuple(sorted(chosen))


MakePieces = Callable[[BlockIO, Literal["write", "read"]], Pieces]


def plain_pieces(io: BlockIO, work: Literal["write", "read"]) -> Pieces:
    return Pieces(io, work, Limits())


def plant(io: BlockIO, offsets: Iterable[int], key: bytes, pieces: MakePieces = plain_pieces) -> Markers:
    """Write all, flush, ask the device for all of them. The Markers say which are planted.

    Refused: not one could be written. EraseFailed: one came back otherwise than written (the device lies already now),
    or more than half of them could not be planted. Gone.
    """
    fill, length, wanted = Fill("aes-256-ctr", key), marker_length(io.size_bytes), tuple(offsets)
    buffer = aligned(length)
    written, writer, reader = [], pieces(io, "write"), pieces(io, "read")
    for offset in wanted:
        fill.write(buffer, offset)
        if not writer.move(buffer, offset):
            written.append(offset)
    if not written:
        raise Refused("no marker can be written")
    flush(io)
    io.forget()
    planted, digest = [], hashlib.sha256()
    for offset in written:
        if not _read(reader, buffer, offset, io.sector_bytes):
            digest.update(buffer)
            fill.strip(buffer, offset)
            if not is_zeros(buffer):
                raise EraseFailed(f"the disk took a marker at byte {offset} and gives back something else")
            planted.append(offset)
    if 2 * len(planted) < len(wanted):
        raise EraseFailed(f"only {len(planted)} of {len(wanted)} markers can be written and read")
    return Markers(offsets=tuple(planted), length_bytes=length, digest=digest.hexdigest())


def seek(io: BlockIO, markers: Markers, key: bytes, pieces: MakePieces = plain_pieces) -> tuple[int, int]:
    """(survived, unreadable): those of which a sector is still there; others of which a part is unreadable."""
    fill = Fill("aes-256-ctr", key)
    zeros = aligned(min(512, io.sector_bytes))
    flush(io)
    io.forget()
    survived = unreadable = 0
    reader = pieces(io, "read")
    for offset in markers.offsets:
        buffer = aligned(markers.length_bytes)
        dark = _read(reader, buffer, offset, io.sector_bytes)
        fill.strip(buffer, offset)
        is_there = any(equal_pieces(buffer, zeros))
        survived += is_there
        unreadable += bool(dark) and not is_there
    return survived, unreadable


def _read(reader: Pieces, buffer: memoryview, offset_bytes: int, sector_bytes: int) -> list[Extent]:
    """What could not be read; there the buffer holds nothing of the disk, and nothing that was in it before."""
    _spoil(buffer)  # what a read leaves as it was is not a marker
    dark = reader.move(buffer, offset_bytes)
    for one in dark:
        start = one.first_lba * sector_bytes - offset_bytes
        _spoil(buffer[start : start + one.sectors * sector_bytes])
    return dark


def _spoil(buffer: memoryview) -> None:
    buffer[:] = b"\xa5" * len(buffer)
