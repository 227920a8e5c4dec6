"""What one worker is told to do to one disk, and what it tells back: lines of JSON between two of our processes.

supervisor → worker   one `Job`, then `Order`s
worker → supervisor   `Event`s, the last is `Ended`, `Looked`, `Rehearsed` or `NotClaimed`
"""

from typing import Literal

from agent.erasure import Erasure, Extent, Level, Media, Reason, Technique, Verification
from agent.facts import Fact

Phase = Literal[
    "claiming", "ready", "health", "hidden-area", "markers", "erasing", "overwriting", "verifying", "finishing"
]


_OF_THE_DRIVE = ("nvme-", "opal-")  # techniques that hit every namespace of an NVMe drive


class Planned(Fact, frozen=True, kw_only=True):
    """One technique of the plan. The next one follows when this one was refused, failed or proved too little."""

    technique: Technique
    level: Level
    untested: bool = False
    estimate_s: int | None = None
    needs: str = ""  # as Ability.needs
    and_then: bool = False  # the next one follows even when this one went well

    @property
    def hits_the_drive(self) -> bool:
        """Not only the disk that was named, where an NVMe drive shows several."""
        return self.technique.startswith(_OF_THE_DRIVE)

    is_readable_after: bool = True  # as Ability.is_readable_after


class Plan(Fact, frozen=True, kw_only=True):
    """How one disk will be erased, with reasons, as shown before anything starts."""

    steps: tuple[Planned, ...]
    level: Level | None  # that the first step can reach; None: this disk cannot be erased by us
    verify: Literal["full", "sampled"] = "full"
    chosen_fr: str = ""
    chosen_en: str = ""
    why_not_more_fr: str = ""
    why_not_more_en: str = ""


class Seen(Fact, frozen=True, kw_only=True):
    """How the disk stood when its plan was shown: in the same boot of the PC it must still be that very device."""

    boot_id: str
    sequence: int | None = None  # the kernel's, which no two devices ever share (Linux 5.15 on)
    own_serial: str | None = None  # as the disk itself says it through its USB bridge
    namespaces: tuple[str, ...] = ()  # of an NVMe drive, the others that an erase of the drive hits (`namespace_mark`)


class Job(Fact, frozen=True, kw_only=True):
    """The authorisation to erase exactly one disk, used up by the first worker that claims it."""

    id: str  # 32 hex digits, random: names the journal
    media: Media  # what the operator confirmed; the claimed disk must be this one
    plan: Plan
    journal: str  # path of the journal's file
    machine: str | None = None  # identity of the PC that the disk hangs on; None: nothing identifies that PC
    operator: str | None = None
    seen: Seen | None = None
    found: tuple[str, ...] = ()  # signatures shown to the operator
    psid: str | None = None  # Opal, scanned from the label
    allow_virtual: bool = False
    allow_members: bool = False  # a member of an array was confirmed a second time
    allow_plug: bool = False  # a disk that only the number of its dock names was confirmed a second time
    has_lied: bool = False  # it was caught lying before: nothing it says proves anything any more
    # "rehearse" (--dry-run) claims read-only and stops there; "look" (--verify-only) reads it all, writes nothing.
    purpose: Literal["erase", "rehearse", "look"] = "erase"
    is_resumed: bool = False  # the journal is there already and has no end
    order: int = 0  # seconds since 1970, but later than every job its folder knew: a clock may be set back


class Order(Fact, frozen=True, kw_only=True):
    do: Literal["go", "pause", "continue", "stop"]


class Claimed(Fact, frozen=True, kw_only=True, tag="claimed"):
    """The disk is ours, nothing is written yet; the worker waits for `go`."""

    media: Media


class NotClaimed(Fact, frozen=True, kw_only=True, tag="not-claimed"):
    reason: Reason


class Progress(Fact, frozen=True, kw_only=True, tag="progress"):
    """Told once a second. Rates are bytes per second over the last seconds; the ETA is of the whole job."""

    phase: Phase
    technique: Technique | None = None
    done_bytes: int = 0
    total_bytes: int = 0
    permille: int | None = None  # of the phase, firmware erases included
    rate_bps: int | None = None
    eta_s: int | None = None
    temperature_c: int | None = None
    bad_sectors: int = 0
    is_paused: bool = False
    why_paused: str = ""  # "operator", "temperature"
    silent_s: int = 0  # since the engine itself last told anything; the worker repeats its last word meanwhile


class Trouble(Fact, frozen=True, kw_only=True, tag="trouble"):
    """Something that a person should see now."""

    fr: str
    en: str
    extent: Extent | None = None
    is_silence: bool = False  # the disk does not answer: until `Answered`, or its end


class Answered(Fact, frozen=True, kw_only=True, tag="answered"):
    """A disk whose silence was told has answered again."""

    fr: str
    en: str


class Ended(Fact, frozen=True, kw_only=True, tag="ended"):
    erasure: Erasure


class Looked(Fact, frozen=True, kw_only=True, tag="looked"):
    """The end of a job that only looks: what is on the disk, which proves no purge."""

    media: Media
    verification: Verification
    bad: tuple[Extent, ...] = ()
    bad_sectors: int = 0
    is_whole: bool = True  # False: stopped before the end


class Rehearsed(Fact, frozen=True, kw_only=True, tag="rehearsed"):
    """The end of a rehearsal: every interlock passed; not one byte was written."""

    media: Media


Event = Claimed | NotClaimed | Progress | Trouble | Answered | Ended | Looked | Rehearsed
