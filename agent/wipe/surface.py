"""What the engine does to the disk's surface: hidden area, markers, passes, readings; each journalled as it ends.

The bytes themselves are `overwrite`, `readback` and `markers`; here is only what must be remembered of them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Literal

import msgspec

from agent.erasure import Content, Extent, Hidden, Markers, Technique, Verification
from agent.wipe import journal as j
from agent.wipe.buffers import aligned, equal_pieces
from agent.wipe.device import BlockIO, Device, Gone, Refused, Stopped, Stuck
from agent.wipe.extents import count, merged
from agent.wipe.job import Job, Looked
from agent.wipe.limits import Limits
from agent.wipe.markers import choose_offsets, plant, seek
from agent.wipe.overwrite import overwrite
from agent.wipe.pieces import Pieces
from agent.wipe.readback import ReadTally, read_back, sample, spoil
from agent.wipe.state import PASSES, Attempting, Pass, Reading, State
from agent.wipe.stream import Fill, fastest_kind, new_key
from agent.wipe.watch import Watch
from agent.wipe.witnesses import Witness, choose_places, remember, unchanged

_RECHECK_BYTES = 1 << 20  # before a checkpoint: a cut may have lost what the disk had promised to keep
_WITHOUT_HIDDEN = ("virtual", "sd-card", "emmc")


def no_time() -> str:
    return ""


# Of a locked disk, and of one whose format was cut short: nothing else makes it usable again.
_OPENS: tuple[Technique, ...] = ("opal-psid-revert", "scsi-format-unit")


class Surface:
    def __init__(
        self, device: Device, watch: Watch, limits: Limits, journal: j.Journal | None = None,
        now: Callable[[], str] = no_time,
    ) -> None:  # fmt: skip
        self._device, self._watch, self._limits, self._now = device, watch, limits, now
        self._journal = journal
        self._kept_at = watch.now()

    @property
    def _io(self) -> BlockIO:
        return self._device.io

    def _add(self, entry: j.Entry) -> None:
        assert self._journal is not None, "a job that only looks has no journal"
        self._journal.add(entry)

    def _pieces(self, io: BlockIO, work: Literal["write", "read"]) -> Pieces:
        """For the short works: their progress is not worth a number, nor do their bad sectors judge the disk."""
        silence_s = min(self._limits.silence_s, 30.0)  # a closed disk answers nothing, and that is no fault
        watch, limits = self._watch, replace(self._limits, errors_most=1 << 40, silence_s=silence_s)
        return Pieces(io, work, limits, lambda done, bad: watch.heed(0, bad), watch.now, watch.sleep)

    # --- hidden area, markers -----------------------------------------------------------------------------------------

    def open_hidden(self, job: Job) -> j.HiddenSeen:
        """Find what the disk hides and open it; the size to erase is what the kernel sees after that."""
        family, seen_bytes = self._device.family, self._io.size_bytes
        if family is None:
            state: Literal["not-applicable", "unknown"] = (
                "not-applicable" if job.media.kind in _WITHOUT_HIDDEN else "unknown"
            )
            return j.HiddenSeen(hidden=Hidden(state=state, visible_bytes=seen_bytes), size_bytes=seen_bytes)
        try:
            hidden = family.open_hidden()
        except Refused:
            hidden = family.look_hidden()
        try:
            self._device.resize()
        except OSError as error:
            # libata lets a disk go whose size changed under it (a DCO, an AMA) and finds it anew, at its full size.
            # Nothing is journalled of it: a resume then expects a disk that may have grown.
            raise Gone("the kernel let the disk go to read its size again: go on with --resume") from error
        if self._io.size_bytes < seen_bytes:
            raise Gone(f"the disk shrank from {seen_bytes} to {self._io.size_bytes} bytes: go on with --resume")
        if hidden.state == "removed" and hidden.after_bytes != self._io.size_bytes:
            # What is written and read is what our own descriptor reaches, whatever sysfs shows.
            said = (*hidden.said, f"and yet {self._io.size_bytes} bytes can be reached")
            hidden = msgspec.structs.replace(hidden, state="kept", after_bytes=self._io.size_bytes, said=said)
        return j.HiddenSeen(hidden=hidden, size_bytes=self._io.size_bytes)

    def plant(self, state: State) -> None:
        self._watch.enter("markers", state.attempt.step.technique)
        hidden = state.hidden
        extra = (hidden.visible_bytes,) if hidden is not None and hidden.state == "removed" else ()
        key, offsets = new_key(), choose_offsets(self._io.size_bytes, extra)
        witnesses: tuple[Witness, ...] = ()
        if not state.attempt.is_overwrite:  # an overwrite is compared byte by byte
            places = choose_places(self._io.size_bytes, key, offsets)
            witnesses = remember(self._io, self._heeding(places), key, self._pieces(self._io, "read"))
        try:
            planted = plant(self._io, offsets, key, self._pieces)
        except (Refused, Stuck) as error:
            if state.attempt.step.technique not in _OPENS:
                raise Refused(f"no marker can be planted: {error.said}") from error
            # Nothing can be written on a closed disk: what opens it proves nothing by itself, the overwrite after it
            # does.
            planted = Markers(offsets=(), length_bytes=0, digest="")
        planted = msgspec.structs.replace(planted, witnesses=len(witnesses))
        self._add(
            j.MarkersPlanted(attempt=state.attempt.index, markers=planted, key=key.hex(), witnesses=witnesses)
        )  # fmt: skip

    def _heeding(self, places: Iterable[int]) -> Iterator[int]:
        for place in places:
            self._watch.heed(0, 0)
            yield place

    def seek(self, state: State) -> None:
        one = state.attempt
        assert one.markers is not None
        self._watch.enter("markers", one.step.technique)
        key = bytes.fromhex(one.marker_key)
        survived, unreadable = seek(self._io, one.markers, key, self._pieces)
        left = unchanged(self._io, one.witnesses, key, self._pieces(self._io, "read")) if one.witnesses else None
        self._add(j.MarkersSought(attempt=one.index, survived=survived, unreadable=unreadable, unchanged=left))

    # --- writing ------------------------------------------------------------------------------------------------------

    def write(self, state: State, number: int) -> None:
        """One pass, from its last sound checkpoint to the end of the disk, flushed."""
        one = state.attempt
        done = one.passes[number] if number < len(one.passes) else self._begin_pass(one, number)
        fill = _fill_of(done)
        start = self._sound_start(done, fill, one.unwritable)
        later = self._io.size_bytes * (2 * (len(PASSES[one.step.technique]) - number) - 1)
        self._watch.enter("overwriting", one.step.technique, self._io.size_bytes, later)
        self._kept_at = self._watch.now()

        def keep(offset_bytes: int, bad: tuple[Extent, ...], retried: int) -> None:
            self._add(self._checkpoint(one.index, "write", number, offset_bytes, bad=bad, retried=retried))

        if start < done.checkpoints[-1]:
            keep(start, (), 0)  # the later checkpoints are void
        watch = self._watch
        overwrite(
            self._io, fill, start, watch.heed, keep, self._limits, monotonic=watch.now, sleep=watch.sleep
        )  # fmt: skip
        self._add(j.PassEnded(attempt=one.index, number=number))

    def _begin_pass(self, one: Attempting, number: int) -> Pass:
        is_stream = PASSES[one.step.technique][number] == "stream"
        kind = fastest_kind() if is_stream else "zeros"
        key = new_key().hex() if is_stream else ""
        self._add(j.PassBegan(attempt=one.index, number=number, fill=kind, key=key))
        return Pass(fill=kind, key=key)

    def _sound_start(self, done: Pass, fill: Fill, unwritable: tuple[Extent, ...]) -> int:
        """The latest checkpoint before which the disk still holds what we wrote; a damaged end steps back one."""
        written = [offset for offset in done.checkpoints if offset]
        if not written:
            return 0
        untold: int | None = None
        for offset in reversed(written):
            start = max(0, offset - _RECHECK_BYTES)
            holds = self._holds(fill, start, offset - start, unwritable)
            if holds:
                return offset
            untold = offset if holds is None and untold is None else untold
        if untold is not None:
            return untold  # every sector there is bad: it says nothing, and the reading will list it
        # Nothing that was ever flushed is there: another disk of the same serial, or one that keeps nothing.
        raise Gone("nothing that was written before the interruption is on this disk")

    def _holds(self, fill: Fill, offset_bytes: int, length_bytes: int, unwritable: tuple[Extent, ...]) -> bool | None:
        """Whether each sector there is as we wrote it; those that are bad say nothing. None: all are bad."""
        buffer, sector_bytes = aligned(length_bytes), self._io.sector_bytes
        spoil(buffer, self._limits)
        unreadable = self._pieces(self._io, "read").move(buffer, offset_bytes)
        fill.strip(buffer, offset_bytes)
        right, base = equal_pieces(buffer, aligned(sector_bytes)), offset_bytes // sector_bytes
        told: list[bool | None] = list(right)
        for one in (*unreadable, *unwritable):
            first, after = max(0, one.first_lba - base), min(len(told), one.first_lba + one.sectors - base)
            told[first:after] = [None] * max(0, after - first)
        heard = [is_right for is_right in told if is_right is not None]
        return all(heard) if heard else None

    def _checkpoint(
        self, attempt: int, work: Literal["write", "read"], number: int, offset_bytes: int, *,
        bad: tuple[Extent, ...] = (), retried: int = 0, tally: ReadTally | None = None,
    ) -> j.Checkpoint:  # fmt: skip
        seconds = int(self._watch.now() - self._kept_at)
        self._kept_at += seconds  # what is left of a second counts with the next one
        entry = j.Checkpoint(
            attempt=attempt, work=work, number=number, offset_bytes=offset_bytes, bad=bad, at=self._now(),
            seconds=seconds, retried=retried,
        )  # fmt: skip
        if tally is None:
            return entry
        return msgspec.structs.replace(
            entry, bad=tally.bad, retried=tally.retried, read_bytes=tally.read_bytes,
            matching_bytes=tally.matching_bytes, content=tally.content,
        )  # fmt: skip

    # --- reading ------------------------------------------------------------------------------------------------------

    def read(self, state: State, number: int) -> None:
        """One reading, from the start or from where it can be gone on with (`state` decides that)."""
        one = state.attempt
        verify = state.job.plan.verify
        fill, compared = self._expected(one, number)
        begun = one.readings[number] if number < len(one.readings) and verify == "full" else None
        if begun is None:
            self._add(j.ReadingBegan(attempt=one.index, number=number, kind=verify, compared_with=compared))
        later = self._io.size_bytes * 2 * (len(PASSES.get(one.step.technique, ("",))) - number - 1)
        self._watch.enter("verifying", one.step.technique, self._io.size_bytes, later)
        self._kept_at, power = self._watch.now(), 1000

        def keep(offset_bytes: int, tally: ReadTally) -> None:
            self._add(self._checkpoint(one.index, "read", number, offset_bytes, tally=tally))

        watch = self._watch
        if verify == "full":
            start, tally = (begun.offset_bytes, _tally_of(begun)) if begun else (0, ReadTally())
            tally = read_back(
                self._io, fill, start, tally, watch.heed, keep, self._limits, monotonic=watch.now, sleep=watch.sleep
            )
        else:
            tally, power = sample(
                self._io, fill, new_key(), watch.heed, self._limits, monotonic=watch.now, sleep=watch.sleep
            )
            keep(self._io.size_bytes, tally)
        self._add(
            j.ReadingEnded(
                attempt=one.index, number=number, read_bytes=tally.read_bytes, matching_bytes=tally.matching_bytes,
                content=tally.content, power_permille=power,
            )
        )  # fmt: skip

    @staticmethod
    def _expected(one: Attempting, number: int) -> tuple[Fill | None, Literal["stream", "zeros", "nothing"]]:
        if not one.is_overwrite:
            return None, "nothing"
        done = one.passes[number]
        fill = _fill_of(done)
        return fill, "zeros" if done.fill == "zeros" else "stream"

    def look(self, job: Job) -> Looked:
        """Read everything, compare with nothing."""
        watch, found = self._watch, list[Extent]()
        watch.enter("verifying", None, self._io.size_bytes)
        kept, is_whole = ReadTally(), True

        def keep(offset_bytes: int, tally: ReadTally) -> None:
            nonlocal kept
            kept = tally
            found.extend(tally.bad)

        try:
            read_back(
                self._io, None, 0, kept, watch.heed, keep, self._limits, monotonic=watch.now, sleep=watch.sleep
            )  # fmt: skip
        except Stopped:
            is_whole = False
        content = kept.content
        seen = Verification(
            kind="full" if is_whole else "none", compared_with="nothing", addressable_bytes=self._io.size_bytes,
            read_bytes=kept.read_bytes, content=content, power_permille=1000 if is_whole else None,
        )  # fmt: skip
        bad = merged(found)
        return Looked(media=job.media, verification=seen, bad=bad, bad_sectors=count(bad), is_whole=is_whole)

    def remarks(self) -> tuple[str, ...]:
        paused = round(self._watch.paused_s)
        return (f"paused for {paused} s",) if paused else ()


def _tally_of(begun: Reading) -> ReadTally:
    content = begun.content or Content(kind="unread")
    return ReadTally(begun.read_bytes, begun.matching_bytes, content, begun.bad, begun.retried)


def _fill_of(done: Pass) -> Fill:
    return Fill(done.fill, bytes.fromhex(done.key))
