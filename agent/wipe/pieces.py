"""One transfer, made smaller where it fails until only the bad sectors are left out: 4 MiB, 128 KiB, one sector.

Any errno is an error of the medium until it is shown that the whole disk has gone: the kernel says ENODATA for a bad
sector, ENOSPC for a disk that was pulled, and there is no list of what bridges make of it.
"""

import errno
import time
from collections.abc import Callable
from typing import Literal

from agent.erasure import Extent
from agent.wipe.buffers import aligned
from agent.wipe.device import BlockIO, Gone, Stuck
from agent.wipe.limits import Limits

_PERHAPS_GONE = {errno.ENODEV, errno.ENXIO, errno.ENOSPC, errno.ENODATA, errno.ESHUTDOWN, errno.ENOMEDIUM}
_PROBES = 9
_CHECK_EVERY = 64  # bad sectors


class Pieces:
    """Moves buffers to or from one disk; counts its bad sectors, and gives up by `limits`."""

    def __init__(
        self, io: BlockIO, work: Literal["write", "read"], limits: Limits,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._io, self._limits, self._monotonic = io, limits, monotonic
        self._transfer = io.write_from if work == "write" else io.read_into
        self._problem: Literal["unwritable", "unreadable"] = "unwritable" if work == "write" else "unreadable"
        self._sizes = (limits.chunk_bytes, max(limits.middle_bytes, io.sector_bytes), io.sector_bytes)
        self._failed_s = self._stalled_s = self._last_s = 0.0
        self._check_from = 0
        self.bad_sectors = 0

    def move(self, view: memoryview, offset_bytes: int) -> list[Extent]:
        """The whole view but its bad sectors, which are returned, neighbours joined. Raises Gone and Stuck."""
        return self.finish(view, offset_bytes, self.attempt(view, offset_bytes))

    def attempt(self, view: memoryview, offset_bytes: int) -> int:
        """One call for a whole chunk: how many bytes of whole sectors were moved."""
        self._check_from = 0
        return self._attempt(view, offset_bytes)

    def _attempt(self, view: memoryview, offset_bytes: int) -> int:
        began, failure, moved = self._monotonic(), None, 0
        try:
            moved = min(self._transfer(view, offset_bytes), len(view))
        except OSError as error:
            failure = error
        if moved == len(view):
            self._stalled_s = 0.0
            return moved
        # A short transfer is an error of the rest, and says nothing of a sector that it moved in part.
        moved = max(0, moved - moved % self._io.sector_bytes)
        self._note_failure(failure, offset_bytes, moved, self._monotonic() - began)
        return moved

    def finish(self, view: memoryview, offset_bytes: int, moved: int) -> list[Extent]:
        """After an `attempt` that moved less than all: the rest, in smaller pieces."""
        found: list[Extent] = []
        if moved < len(view):
            self._smaller(view[moved:], offset_bytes + moved, 1, found)
        return found

    def _smaller(self, view: memoryview, offset_bytes: int, level: int, found: list[Extent]) -> None:
        size, is_last = self._sizes[level], level == len(self._sizes) - 1
        for at in range(0, len(view), size):
            piece, place = view[at : at + size], offset_bytes + at
            moved = self._attempt(piece, place)
            if moved == len(piece):
                continue
            if not is_last:
                self._smaller(piece[moved:], place + moved, level + 1, found)
            elif not self._sector_at_last(piece, place):
                self._add(place, found)

    def _sector_at_last(self, sector: memoryview, offset_bytes: int) -> bool:
        for _ in range(self._limits.sector_retries):
            if self._last_s > self._limits.slow_error_s:
                return False
            if self._attempt(sector, offset_bytes) == len(sector):
                return True
        return False

    def _add(self, offset_bytes: int, found: list[Extent]) -> None:
        lba = offset_bytes // self._io.sector_bytes
        last = found[-1] if found else None
        if last is not None and last.first_lba + last.sectors == lba:
            found[-1] = Extent(first_lba=last.first_lba, sectors=last.sectors + 1, problem=self._problem)
        else:
            found.append(Extent(first_lba=lba, sectors=1, problem=self._problem))
        self.bad_sectors += 1
        if self.bad_sectors > self._limits.errors_most:
            raise Stuck(f"more than {self._limits.errors_most} {self._problem} sectors")

    def _note_failure(self, failure: OSError | None, offset_bytes: int, moved: int, took_s: float) -> None:
        self._last_s = took_s
        self._failed_s += took_s
        self._stalled_s = 0.0 if moved else self._stalled_s + took_s
        is_suspect = failure.errno in _PERHAPS_GONE if failure is not None else not moved
        if is_suspect and self.bad_sectors >= self._check_from:
            check_there(self._io)
            self._check_from = self.bad_sectors + _CHECK_EVERY  # each look may itself meet slow bad sectors
        if self._stalled_s > self._limits.stall_s:
            raise Stuck(f"no sector moved for {round(self._stalled_s)} s at byte {offset_bytes}")
        allowed = self._limits.stall_s + self._limits.seconds_per_error * self.bad_sectors
        if self._failed_s > allowed:
            raise Stuck(f"{round(self._failed_s)} s spent on errors, {self.bad_sectors} {self._problem} sectors so far")


def check_there(io: BlockIO) -> None:
    """Gone when the disk answers nowhere, or ends earlier than it did; asked after an error that may mean that."""
    sector = aligned(io.sector_bytes)
    last = io.size_bytes // io.sector_bytes - 1
    answers, said = 0, set[str]()
    is_error_of_medium = False
    for number in range(_PROBES):
        place = last * number // (_PROBES - 1) * io.sector_bytes
        try:
            if io.read_into(sector, place) == len(sector):
                answers += 1
            elif number == _PROBES - 1:
                raise Gone(f"the disk ends before byte {io.size_bytes}")
            else:
                said.add("end of the disk")
        except OSError as error:
            # A head that reads nothing any more is a broken disk that is still there.
            is_error_of_medium = is_error_of_medium or error.errno not in _PERHAPS_GONE
            said.add(f"errno {error.errno}")
    if not answers and not is_error_of_medium:
        raise Gone(f"the disk answers nowhere ({', '.join(sorted(said))})")
