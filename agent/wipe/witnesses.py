"""Old places of a disk remembered before its own erase: one that reads the same afterwards was not erased.

Markers are the newest writes on the disk. A device whose erase only drops those, or only acts on them, loses every
marker and keeps the old data, which may look random. What is remembered is a keyed digest of each place, never a byte.
"""

import hashlib
import random
from collections.abc import Iterable

from agent.facts import Fact
from agent.wipe.buffers import aligned, period_of
from agent.wipe.device import BlockIO, Stuck
from agent.wipe.pieces import Pieces

LENGTH_BYTES = 4096
WANTED = 512
TRIED_MOST = 2048  # a disk that is nearly empty has few places to remember; some ten seconds on a hard disk
DARK_MOST = 16  # a closed disk reads nowhere
_DIGEST_BYTES = 16


class Witness(Fact, frozen=True, kw_only=True):
    offset_bytes: int
    digest: str  # BLAKE2b keyed with the markers' key


def choose_places(size_bytes: int, seed: bytes, first: Iterable[int] = ()) -> list[int]:
    """`first` (where markers will be), then one place in each of many equal sections, in a random order."""
    sections = min(TRIED_MOST, size_bytes // LENGTH_BYTES)
    choice = random.Random(seed)
    blocks = size_bytes // LENGTH_BYTES
    spread = [choice.randrange(blocks * n // sections, blocks * (n + 1) // sections) for n in range(sections)]
    choice.shuffle(spread)
    ours = [place // LENGTH_BYTES for place in first if place + LENGTH_BYTES <= size_bytes]
    return [block * LENGTH_BYTES for block in dict.fromkeys((*ours, *spread))]


def remember(io: BlockIO, places: Iterable[int], key: bytes, reader: Pieces) -> tuple[Witness, ...]:
    """Of those that can be read and hold more than one short pattern, at most WANTED."""
    io.forget()
    found: list[Witness] = []
    buffer, dark = aligned(LENGTH_BYTES), 0
    for place in places:
        if len(found) == WANTED or dark > DARK_MOST:
            break
        try:
            unreadable = reader.move(buffer, place)
        except Stuck:
            break  # what could be remembered has to do: the markers are the proof
        dark += bool(unreadable)
        if not unreadable and not period_of(buffer):
            found.append(Witness(offset_bytes=place, digest=_digest(buffer, place, key)))
    return tuple(sorted(found, key=lambda one: one.offset_bytes))


def unchanged(io: BlockIO, witnesses: Iterable[Witness], key: bytes, reader: Pieces) -> int:
    """How many hold what they held. One that cannot be read says nothing: the reading of the whole disk lists it."""
    io.forget()
    count = 0
    buffer = aligned(LENGTH_BYTES)
    for one in witnesses:
        buffer[:] = b"\xa5" * LENGTH_BYTES  # a read that moves nothing must not show the place before
        is_read = not reader.move(buffer, one.offset_bytes)
        count += is_read and _digest(buffer, one.offset_bytes, key) == one.digest
    return count


def _digest(buffer: memoryview, place: int, key: bytes) -> str:
    told = hashlib.blake2b(buffer, digest_size=_DIGEST_BYTES, key=key, salt=place.to_bytes(16, "little"))
    return told.hexdigest()
