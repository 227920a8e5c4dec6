"""One transfer, made smaller where it fails until only the bad sectors are left out: 4 MiB, 128 KiB, one sector.

Any errno is an error of the medium until it is shown that the whole disk has gone, or is silent for a moment (a bus
that is being reset): the kernel says ENODATA for a bad sector, ENOSPC for a disk that was pulled, and there is no list
of what bridges make of it. So a sector is called bad only when it fails again after the disk has answered elsewhere.
"""

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from agent.erasure import Extent
from agent.wipe.buffers import aligned
from agent.wipe.device import BlockIO, Gone, Heed, Stuck
from agent.wipe.limits import Limits

_PERHAPS_GONE = {errno.ENODEV, errno.ENXIO, errno.ENOSPC, errno.ESHUTDOWN, errno.ENOMEDIUM}
_PROBES = 9
_CHECK_EVERY = 64  # bad sectors
_PAUSES_S = (0.1, 0.5, 1.0, 2.0, 5.0)  # while the disk is silent; the last one again and again
_LOOK_S = 0.5


def unheeded(done_bytes: int, bad_sectors: int) -> None:
    """Nobody asks how far it is."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One call: how many bytes of whole sectors it moved, and what it said."""

    moved: int
    failure: OSError | None
    took_s: float


class Pieces:
    """Moves buffers to or from one disk; counts its bad sectors, and gives up by `limits`.

    `heed` is called between all smaller pieces, so that hours of bad sectors are told and a stop is obeyed in them.
    """

    def __init__(
        self, io: BlockIO, work: Literal["write", "read"], limits: Limits, heed: Heed = unheeded,
        monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._io, self._work, self._limits = io, work, limits
        self._heed, self._monotonic, self._sleep = heed, monotonic, sleep
        self._transfer = io.write_from if work == "write" else io.read_into
        self._problem: Literal["unwritable", "unreadable"] = "unwritable" if work == "write" else "unreadable"
        self._sizes = (limits.chunk_bytes, max(limits.middle_bytes, io.sector_bytes), io.sector_bytes)
        self._failed_s = self._chunk_failed_s = self._stalled_s = self._silent_s = 0.0
        self._check_from = self._places = 0
        self._good_bytes: int | None = None  # where a transfer last went well
        self.bad_sectors = 0
        self.retried = 0  # chunks that failed and then went well, whole, when repeated

    def move(self, view: memoryview, offset_bytes: int) -> list[Extent]:
        """The whole view but its bad sectors, which are returned, neighbours joined.

        Raises Gone, Stuck, and what `heed` raises: then nothing of this view counts as moved.
        """
        return self.finish(view, offset_bytes, self.attempt(view, offset_bytes))

    def attempt(self, view: memoryview, offset_bytes: int) -> Tried:
        """One call for a whole chunk; any thread may make it. It counts for nothing before `finish`."""
        began, failure, moved = self._monotonic(), None, 0
        try:
            moved = min(self._transfer(view, offset_bytes), len(view))
        except OSError as error:
            failure = error
        if moved < len(view):
            # A short transfer is an error of the rest, and says nothing of a sector that it moved in part.
            moved = max(0, moved - moved % self._io.sector_bytes)
        return Tried(moved, failure, self._monotonic() - began)

    def finish(self, view: memoryview, offset_bytes: int, tried: Tried) -> list[Extent]:
        """After an `attempt`: what it did not move, in smaller pieces."""
        found: list[Extent] = []
        self._check_from, self._chunk_failed_s = 0, 0.0
        self._note(tried, len(view), offset_bytes)
        if tried.moved < len(view):
            self._smaller(view[tried.moved :], offset_bytes + tried.moved, 1, found)
            self.retried += tried.failure is not None and not found
        return found

    def _try(self, view: memoryview, offset_bytes: int) -> Tried:
        tried = self.attempt(view, offset_bytes)
        self._note(tried, len(view), offset_bytes)
        self._heed(offset_bytes, self.bad_sectors)
        return tried

    def _smaller(self, view: memoryview, offset_bytes: int, level: int, found: list[Extent]) -> None:
        size, is_last = self._sizes[level], level == len(self._sizes) - 1
        for at in range(0, len(view), size):
            takes_all = is_last and self._is_coarse()  # what is left of a middle piece, at once
            piece, place = view[at:] if takes_all else view[at : at + size], offset_bytes + at
            tried = self._try(piece, place)
            rest, place = piece[tried.moved :], place + tried.moved
            if rest and not is_last and not self._is_coarse():
                self._smaller(rest, place, level + 1, found)
            elif rest and self._is_lost(rest, place, tried):
                self._add(place, len(rest) // self._io.sector_bytes, found)
            if takes_all:
                return

    def _is_coarse(self) -> bool:
        """So much went wrong that single sectors are no longer looked for, in this chunk or on this disk."""
        limits = self._limits
        return self.bad_sectors > limits.errors_most or self._chunk_failed_s > limits.chunk_errors_s

    def _is_lost(self, piece: memoryview, offset_bytes: int, tried: Tried) -> bool:
        """Whether it still fails when tried again, with an answer from elsewhere before each time."""
        left = self._limits.sector_retries
        while left > 0:
            if not self._answers(offset_bytes):
                if not self._is_waiting_worth_it(offset_bytes):
                    return True
            else:
                # A sector that fails slowly is tried once more and no oftener.
                left = 0 if tried.took_s > self._limits.slow_error_s else left - 1
            tried = self._try(piece, offset_bytes)
            if tried.moved == len(piece):
                return False
        return True

    def _answers(self, offset_bytes: int) -> bool:
        """Whether any other place of the disk can be read just now."""
        sector, size = aligned(self._io.sector_bytes), self._io.size_bytes
        last = size - self._io.sector_bytes
        near = offset_bytes - len(sector) if offset_bytes else len(sector)
        for place in dict.fromkeys((self._good_bytes, 0, last, near)):
            if place is None or place == offset_bytes or not 0 <= place <= last:
                continue
            try:
                if self._io.read_into(sector, place) == len(sector):
                    return True
            except OSError:
                self._heed(offset_bytes, self.bad_sectors)
        return False

    def _is_waiting_worth_it(self, offset_bytes: int) -> bool:
        """Wait a little for a disk that is silent everywhere; False when all the patience for that is used up."""
        if self._silent_s >= self._limits.silence_s:
            return False
        turn = sum(self._silent_s >= at for at in (0.1, 0.6, 1.6, 3.6))
        until = self._monotonic() + _PAUSES_S[turn]
        self._silent_s += _PAUSES_S[turn]
        while (left := until - self._monotonic()) > 0:
            self._sleep(min(_LOOK_S, left))
            self._heed(offset_bytes, self.bad_sectors)
        return True

    def _add(self, offset_bytes: int, sectors: int, found: list[Extent]) -> None:
        lba = offset_bytes // self._io.sector_bytes
        last = found[-1] if found else None
        if last is not None and last.first_lba + last.sectors == lba:
            found[-1] = Extent(first_lba=last.first_lba, sectors=last.sectors + sectors, problem=self._problem)
        else:
            found.append(Extent(first_lba=lba, sectors=sectors, problem=self._problem))
            self._places += 1
        self.bad_sectors += sectors
        if self._places > self._limits.mismatches_most:
            raise Stuck(f"{self._problem} sectors in more than {self._limits.mismatches_most} places")
        if self._work == "read":  # an overwrite goes on to the end of the disk: the more is gone, the better
            self.raise_if_too_many()

    def raise_if_too_many(self) -> None:
        if self.bad_sectors > self._limits.errors_most:
            raise Stuck(f"more than {self._limits.errors_most} {self._problem} sectors")

    def _note(self, tried: Tried, wanted: int, offset_bytes: int) -> None:
        if tried.moved:
            self._good_bytes = offset_bytes
        if tried.moved == wanted:
            self._stalled_s = 0.0
            return
        self._failed_s += tried.took_s
        self._chunk_failed_s += tried.took_s
        self._stalled_s = 0.0 if tried.moved else self._stalled_s + tried.took_s
        is_suspect = tried.failure.errno in _PERHAPS_GONE if tried.failure is not None else not tried.moved
        if is_suspect and self.bad_sectors >= self._check_from:
            check_there(self._io)
            self._check_from = self.bad_sectors + _CHECK_EVERY  # each look may itself meet slow bad sectors
        self._give_up(offset_bytes)

    def _give_up(self, offset_bytes: int) -> None:
        limits = self._limits
        if self._stalled_s > limits.stall_s:
            raise Stuck(f"no sector moved for {round(self._stalled_s)} s at byte {offset_bytes}")
        allowed = min(limits.errors_s, limits.stall_s + limits.seconds_per_error * self.bad_sectors)
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
