"""Known beginnings of files and file systems inside what was read: which and where, never what is in them.

Only sectors whose one decisive byte fits are looked at: a strided copy of that byte of each sector costs microseconds a
megabyte, where looking at each sector in Python would halve the speed of a disk.
"""

from collections import defaultdict
from collections.abc import Iterable

from agent.wipe.magics import SECTOR, Magic

_BLOCK = 512  # magics stand at the start of a cluster, and every cluster begins on a multiple of this


def _by_byte() -> dict[int, dict[int, list[Magic]]]:
    """Place in the sector → that byte's value → the magics that have it there."""
    found: dict[int, dict[int, list[Magic]]] = defaultdict(lambda: defaultdict(list))
    for one in SECTOR:
        found[one.offset][one.magic[0]].append(one)
    return found


_TABLE = _by_byte()


def find_remains(chunk: memoryview, offset_bytes: int, sector_bytes: int) -> Iterable[tuple[int, str]]:
    """(place on the disk, name) of every signature at a sector's start in this chunk, by place."""
    found = []
    for place, by_value in _TABLE.items():
        column = bytes(chunk[place::_BLOCK])
        for value, magics in by_value.items():
            at = column.find(value)
            while at >= 0:
                start = at * _BLOCK
                for one in magics:
                    if chunk[start + place : start + place + len(one.magic)] == one.magic:
                        found.append((offset_bytes + start, one.name))
                        break
                at = column.find(value, at + 1)
    return sorted(set(found))
