"""The journal of one erasure: lines that are on stable storage before the deed they announce.

One file per authorisation, made with O_EXCL: that it exists is what uses the authorisation up. Each line is
`crc32 json\n`, the sum going on from that of the line before, so that none can be missing; a torn last line (power cut)
is dropped when reading, with the zeros or old blocks that the file system may have left after it; a bad line before a
good one is a JournalDamaged. One writer at a time (flock).
"""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Literal

import msgspec

from agent.durable import cannot_write, make_folder, sync_folder
from agent.erasure import Content, Exchange, Extent, Hidden, Markers, Technique
from agent.errors import InputRefused
from agent.facts import Fact, Health
from agent.summed import body_of, sum_of, summed
from agent.wipe.device import Aftermath
from agent.wipe.job import Job
from agent.wipe.witnesses import Witness

# --- entries, in the order in which they usually come -----------------------------------------------------------------


class Opened(Fact, frozen=True, kw_only=True, tag="opened"):
    job: Job
    at: str


class Began(Fact, frozen=True, kw_only=True, tag="began"):
    """From here on the disk may have changed."""

    at: str


class HealthSeen(Fact, frozen=True, kw_only=True, tag="health"):
    when: Literal["before", "after"]
    health: Health | None


class HiddenSeen(Fact, frozen=True, kw_only=True, tag="hidden"):
    hidden: Hidden
    size_bytes: int  # what will be erased and read


class MarkersPlanted(Fact, frozen=True, kw_only=True, tag="markers-planted"):
    attempt: int
    markers: Markers
    key: str  # hex: what the markers were made of, and the witnesses' digests
    witnesses: tuple[Witness, ...] = ()


class AttemptBegan(Fact, frozen=True, kw_only=True, tag="attempt-began"):
    attempt: int  # index in plan.steps
    technique: Technique
    at: str


class StepNoted(Fact, frozen=True, kw_only=True, tag="noted"):
    """What an Eraser asked to be remembered before it acts."""

    attempt: int
    step: str
    details: dict[str, str] = {}


class Accepted(Fact, frozen=True, kw_only=True, tag="accepted"):
    """The device took the erase command."""

    attempt: int
    exchanges: tuple[Exchange, ...] = ()


class Sent(Fact, frozen=True, kw_only=True, tag="sent"):
    """What was sent until the work was cut short."""

    attempt: int
    exchanges: tuple[Exchange, ...]


class SeenRunning(Fact, frozen=True, kw_only=True, tag="seen-running"):
    attempt: int


class Erased(Fact, frozen=True, kw_only=True, tag="erased"):
    """The device says that its erase ended well, and it was settled."""

    attempt: int
    exchanges: tuple[Exchange, ...] = ()
    seconds: int = 0


class PassBegan(Fact, frozen=True, kw_only=True, tag="pass-began"):
    attempt: int
    number: int  # 0, 1
    fill: Literal["aes-256-ctr", "chacha20", "zeros"]
    key: str = ""  # hex; empty for zeros


class Checkpoint(Fact, frozen=True, kw_only=True, tag="checkpoint"):
    """Everything below `offset_bytes` is written and flushed (or read and compared), but for the bad extents."""

    attempt: int
    work: Literal["write", "read"]
    number: int
    offset_bytes: int
    read_bytes: int = 0  # read: since the start of this reading
    matching_bytes: int = 0  # read: since the start of this reading
    bad: tuple[Extent, ...] = ()  # found since the last checkpoint
    # Chunks that failed and went well when repeated; write: since the last checkpoint, read: since the reading's start.
    retried: int = 0
    content: Content | None = None  # read: counted since the start of this reading
    at: str = ""
    seconds: int = 0  # spent since the last checkpoint


class PassEnded(Fact, frozen=True, kw_only=True, tag="pass-ended"):
    attempt: int
    number: int


class MarkersSought(Fact, frozen=True, kw_only=True, tag="markers-sought"):
    attempt: int
    survived: int
    unreadable: int
    unchanged: int | None = None


class ReadingBegan(Fact, frozen=True, kw_only=True, tag="reading-began"):
    attempt: int
    number: int  # of the pass it compares with; 0 after a firmware erase
    kind: Literal["full", "sampled"]
    compared_with: Literal["stream", "zeros", "nothing"]


class ReadingEnded(Fact, frozen=True, kw_only=True, tag="reading-ended"):
    attempt: int
    number: int
    read_bytes: int
    matching_bytes: int
    content: Content | None = None
    power_permille: int = 1000


class AttemptEnded(Fact, frozen=True, kw_only=True, tag="attempt-ended"):
    attempt: int
    result: Literal["completed", "refused", "failed", "stalled", "lied"]
    said: tuple[str, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    was_started: bool = True  # refused before anything happened: the next technique may still reach success


class AftermathSeen(Fact, frozen=True, kw_only=True, tag="aftermath"):
    """How an erase that did not go well left the disk, as the disk itself says."""

    attempt: int
    aftermath: Aftermath


class Interrupted(Fact, frozen=True, kw_only=True, tag="interrupted"):
    at: str
    why: Literal["stopped", "unplugged", "killed", "too-hot"]
    said: str = ""
    power: str = ""  # Device.power_word: the same on resuming means that the disk kept its power


class Resumed(Fact, frozen=True, kw_only=True, tag="resumed"):
    at: str
    power: str = ""
    has_lied: bool = False  # as Job.has_lied: caught since this journal was opened
    machine: str | None = None  # as Job.machine: the PC of now, perhaps another


class Finished(Fact, frozen=True, kw_only=True, tag="finished"):
    at: str
    seconds: int


Entry = (
    Opened | Began | HealthSeen | HiddenSeen | MarkersPlanted | AttemptBegan | StepNoted | Accepted | Sent | SeenRunning
    | Erased | PassBegan | Checkpoint | PassEnded | MarkersSought | ReadingBegan | ReadingEnded | AttemptEnded
    | AftermathSeen | Interrupted | Resumed | Finished
)  # fmt: skip


class JournalDamaged(InputRefused):
    pass


# --- the file ---------------------------------------------------------------------------------------------------------


class Journal:
    """An open journal: `entries` so far, `add` for the next."""

    def __init__(
        self, path: Path, descriptor: int, entries: list[Entry], last_sum: int = 0, whole_bytes: int = 0
    ) -> None:
        self.path = path
        self.entries = entries
        self._descriptor = descriptor
        self._sum, self._whole_bytes = last_sum, whole_bytes

    @classmethod
    def create(cls, path: Path, first: Opened) -> "Journal":
        """A new journal; InputRefused when the authorisation was used already, StorageError when it cannot be kept."""
        try:
            make_folder(path.parent)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            raise InputRefused(
                fr="Cette autorisation a déjà servi. Refaites un plan d'effacement.",
                en="This authorisation was already used. Make a new wipe plan.",
            ) from error
        except OSError as error:
            raise cannot_write(path, error) from error
        _lock(descriptor)
        journal = cls(path, descriptor, [])
        journal.add(first)
        try:
            sync_folder(path.parent)
        except OSError as error:
            raise cannot_write(path, error) from error
        return journal

    @classmethod
    def reopen(cls, path: Path) -> "Journal":
        """An unfinished journal, to go on with; what a power cut tore off at its end is cut off."""
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            _lock(descriptor)
            raw = path.read_bytes()
            entries, whole = read_lines(raw, path)
        except BaseException:
            os.close(descriptor)
            raise
        try:
            os.ftruncate(descriptor, whole)
            os.fsync(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise cannot_write(path, error) from error
        last = raw[:whole].splitlines()[-1]
        return cls(path, descriptor, entries, sum_of(last), whole)

    def add(self, entry: Entry) -> None:
        """Durable on return; StorageError when the medium is full, gone or read-only: then nothing may be done."""
        line = line_of(entry, self._sum)
        try:
            done = 0
            while done < len(line):
                done += os.pwrite(self._descriptor, line[done:], self._whole_bytes + done)
            os.fsync(self._descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):  # the next line, if it can be written, takes the place of this one
                os.ftruncate(self._descriptor, self._whole_bytes)
            raise cannot_write(self.path, error) from error
        self._sum, self._whole_bytes = sum_of(line), self._whole_bytes + len(line)
        self.entries.append(entry)

    def close(self) -> None:
        os.close(self._descriptor)


def _lock(descriptor: int) -> None:
    """InputRefused when another process writes this journal; released with the descriptor."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InputRefused(
            fr="Cet effacement est déjà en cours dans une autre fenêtre. Attendez sa fin.",
            en="This erasure is already running in another window. Wait for its end.",
        ) from error


def line_of(entry: Entry, before: int) -> bytes:
    """`before`: the sum of the line before, 0 for the first."""
    return summed(msgspec.json.encode(entry), before)


def read_lines(raw: bytes, path: Path) -> tuple[list[Entry], int]:
    """The entries, and how many bytes they take: what follows was never whole."""
    entries: list[Entry] = []
    whole = before = 0
    lines = raw.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            entries.append(_decoded(body_of(line, before)))
            before = sum_of(line)
        except (ValueError, msgspec.DecodeError) as error:
            if not any(_was_whole(other) for other in lines[number:]):
                break  # torn inside a sector that reached the medium, and nothing of ours after it
            raise JournalDamaged(
                fr=f"{path}, ligne {number} : journal abîmé. L'effacement n'est pas prouvé ; refaites-le.",
                en=f"{path}, line {number}: damaged journal. The erasure is not proven; do it again.",
            ) from error
        whole += len(line) + 1
    if not entries or not isinstance(entries[0], Opened):
        raise JournalDamaged(
            fr=f"{path} : journal vide ou sans début. L'effacement n'avait pas commencé ; refaites-le.",
            en=f"{path}: journal empty or without a beginning. The erasure had not begun; do it again.",
        )
    return entries, whole


def _was_whole(line: bytes) -> bool:
    """Whether it is an entry by its form: what a torn line's file system leaves after it is not."""
    try:
        sum_of(line)
        _decoded(line[9:])
    except (ValueError, msgspec.DecodeError):
        return False
    return line[8:9] == b" "


_DECODER: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)  # made once, for a stick keeps half a million lines


def _decoded(body: bytes) -> Entry:
    return _DECODER.decode(body)


def read_journal(path: Path) -> list[Entry]:
    return read_lines(path.read_bytes(), path)[0]
