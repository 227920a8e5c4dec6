"""What the engine needs of a disk, as protocols: live they are ioctls on one claimed descriptor, in tests twins.

DiskError
├── Gone           the device no longer answers, or is another one now
├── Refused        the device does not take the command: nothing was started
├── Stuck          no progress for longer than the stall rule allows
├── TooHot         it does not cool down: nothing is wrong with what was done, and it can be gone on with
└── EraseFailed    the device took the command and says that it failed
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent.erasure import Exchange, Extent, Hidden, Level, Technique
from agent.facts import Health

Writable = memoryview  # of a page-aligned mmap: O_DIRECT takes nothing else


class DiskError(Exception):
    """Base: `said` is one English line for the record."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class Gone(DiskError):
    pass


class Refused(DiskError):
    pass


class Stuck(DiskError):
    pass


class TooHot(DiskError):
    pass


class EraseFailed(DiskError):
    pass


class BlockIO(Protocol):
    """Reading and writing by offset. OSError is passed on as the kernel gave it; short transfers are returned."""

    size_bytes: int
    sector_bytes: int  # logical

    def read_into(self, buffer: Writable, offset_bytes: int) -> int: ...

    def write_from(self, buffer: Writable, offset_bytes: int) -> int: ...

    def flush(self) -> None:
        """Everything written is on the medium, or OSError."""
        ...

    def forget(self) -> None:
        """Drop what the kernel keeps of the device in memory (BLKFLSBUF), so that a read asks the device."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """One technique and whether this device can do it; in order of preference within its family."""

    technique: Technique
    level: Level
    can: bool
    fr: str  # why it can, or why not: one plain sentence without the technique's name
    en: str
    untested: bool = True  # the path has only met simulated devices
    estimate_s: int | None = None
    needs: Literal["", "psid", "ac-power", "thaw"] = ""  # what a person must bring or do first
    is_readable_after: bool = True  # False: what the disk gives back until it is written again says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a firmware erase stands, as the device itself says."""

    state: Literal["running", "done", "failed", "idle"]  # idle: nothing running, no result of ours
    permille: int | None = None
    said: str = ""


Note = Callable[[str, Mapping[str, str]], None]
"""note(step, details): durable on return. Called before anything that a power cut must not make us forget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    step: str
    details: Mapping[str, str] = field(default_factory=dict)


class Eraser(Protocol):
    """One firmware erase of one device. It never decides the outcome, it only says what the device said."""

    technique: Technique

    def begin(self, note: Note) -> None:
        """Send the command. Returns when it was accepted (it may block until the end: SECURITY ERASE, Format).

        Raises Refused when nothing was started, EraseFailed when it was and failed, Gone. Leaves no lock behind: what
        it set (a password) it removes when it fails.
        """
        ...

    def resume(self, noted: tuple[Noted, ...], note: Note) -> None:
        """After a power cut, with what was noted: look first, clean up, never start blindly again. What is learnt now
        is noted too, for the next cut.

        Returns when `poll` can tell the rest; raises like `begin`. A command that was never accepted: Refused.
        """
        ...

    def poll(self) -> Standing: ...

    def settle(self, note: Note) -> None:
        """After `done`: leave the device usable (password gone and confirmed gone). EraseFailed when it cannot be."""
        ...


Aftermath = Literal["usable", "locked", "blocked", "unknown"]
"""How an erase left the disk · `locked`: a password is set · `blocked`: a failed erase keeps it closed · `usable`:
nothing is seen of either.
"""


class Family(Protocol):
    """The commands of one kind of device (ata, nvme, scsi, mmc) on one open descriptor."""

    name: str
    exchanges: list[Exchange]  # every command sent, in order; the caller may clear it

    def abilities(self) -> tuple[Ability, ...]:
        """Best first. Asks the device; destroys nothing."""
        ...

    def eraser(self, technique: Technique) -> Eraser:
        """Refused when this device cannot do it, or the family was opened only to look."""
        ...

    def leave_failure(self) -> None:
        """Get the disk out of an earlier erase's failed state, where it lets nothing be read or written. `aftermath`
        tells whether it worked; on a disk that is in no such state nothing is sent. Nothing is sent either when opened
        only to look.
        """
        ...

    def aftermath(self) -> Aftermath:
        """How the disk stands after an erase that did not go well. Asks, changes nothing."""
        ...

    def look_hidden(self) -> Hidden:
        """Find, change nothing."""
        ...

    def open_hidden(self) -> Hidden:
        """Find and open for good; the kernel is told to read the size again. Refused when only opened to look."""
        ...

    def identify(self) -> tuple[str | None, str | None, int | None]:
        """Serial, model and size in bytes as the device says now (None: does not say); Gone when it does not answer."""
        ...


class Device(Protocol):
    """All that the engine may do to one disk."""

    io: BlockIO
    family: Family | None  # None: no commands of its own reach it (virtual disk, unknown bridge)

    def recheck(self) -> None:
        """Still the same disk, still ours alone: Gone otherwise. Asked just before every destructive step."""
        ...

    def power_word(self) -> str:
        """A word that stays the same as long as this disk keeps its power; "": nobody knows."""
        ...

    def resize(self) -> None:
        """After `open_hidden`: `io.size_bytes` is what the kernel says now."""
        ...

    def health(self) -> Health | None: ...

    def temperature_c(self) -> int | None: ...


class Stopped(Exception):
    """Told to stop; everything up to the last checkpoint is kept. `killed`: nobody said so, the program above ended."""

    def __init__(self, why: Literal["stopped", "killed"] = "stopped") -> None:
        super().__init__(why)
        self.why = why


Wish = Literal["continue", "pause", "stop", "cut"]  # "cut": whoever started it is gone


class Link(Protocol):
    """The engine's line to whoever started it."""

    def tell(self, event: object) -> None:
        """One of `job.Event`."""
        ...

    def wish(self) -> Wish: ...


Heed = Callable[[int, int], None]
"""heed(done_bytes, bad_sectors), after every piece of work: may wait (a pause). Raises Stopped, Stuck, Gone, TooHot."""

Keep = Callable[[int, tuple[Extent, ...], int], None]
"""keep(offset_bytes, bad, retried): all below the offset is done and flushed, but for these newly found extents.

`retried`: chunks since the last call that failed at first and went well, whole, when repeated.
"""
