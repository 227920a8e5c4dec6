"""Arithmetic on runs of sectors. Pure."""

from collections.abc import Iterable

from agent.erasure import Extent


def merged(extents: Iterable[Extent]) -> tuple[Extent, ...]:
    """Sorted, neighbours and overlaps of one problem joined."""
    found: list[Extent] = []
    for one in sorted(extents, key=lambda extent: (extent.problem, extent.first_lba, extent.sectors)):
        last = found[-1] if found else None
        if last and last.problem == one.problem and one.first_lba <= last.first_lba + last.sectors:
            end = max(last.first_lba + last.sectors, one.first_lba + one.sectors)
            found[-1] = Extent(first_lba=last.first_lba, sectors=end - last.first_lba, problem=one.problem)
        else:
            found.append(one)
    return tuple(sorted(found, key=lambda extent: (extent.first_lba, extent.problem)))


def count(extents: Iterable[Extent]) -> int:
    """Sectors in all of them, each once whatever its problems."""
    total, reached = 0, 0
    for one in sorted(extents, key=lambda extent: extent.first_lba):
        end = one.first_lba + one.sectors
        total += max(0, end - max(reached, one.first_lba))
        reached = max(reached, end)
    return total


def outside(extents: Iterable[Extent], known: Iterable[Extent]) -> int:
    """How many sectors of `extents` are in none of `known`."""
    known = tuple(known)
    return count((*extents, *known)) - count(known)
