"""Results of one visit of one PC, kept in the station's home: a restart, or a power cut, resumes where it was.

    checks/<machine>/0001.log, 0002.log …     one file per visit; the newest counts, until it is closed

A machine with another memory module, battery or panel is another (`agent.visit.checks_key`).

Each line is `crc32 json`, the sum going on from that of the line before, durable when `add` returns. What a power cut
tore off at the end is cut off; a bad line before the end keeps what stands above it and begins a new visit's file, for
a damaged result is no result. Two windows may add to one visit: each addition locks, reads and appends.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from agent.checks.results import CheckResult, moment
from agent.durable import cannot_write, sync_folder
from agent.errors import InputRefused
from agent.facts import Fact
from agent.summed import body_of, sum_of, summed

RESUMED_WITHIN = timedelta(days=7)  # a PC that comes back later is visited anew: parts change hands and age
_NUMBERED = re.compile(r"(\d{4})\.log")
_KEY = re.compile(r"[0-9A-Za-z-]{4,64}")


class Opened(Fact, frozen=True, kw_only=True, tag="opened"):
    machine: str
    at: str
    boot_id: str = ""


class Taken(Fact, frozen=True, kw_only=True, tag="taken"):
    result: CheckResult
    boot_id: str = ""


class Closed(Fact, frozen=True, kw_only=True, tag="closed"):
    """Somebody said that this visit is over: what comes now is another."""

    at: str


Entry = Opened | Taken | Closed


class CheckJournal:
    """The results of this visit. `machine`: what the PC is known by (`agent.visit.checks_key`)."""

    def __init__(self, path: Path, machine: str, now: datetime, boot_id: str) -> None:
        self.path, self._machine, self._opened_at, self._boot_id = path, machine, now, boot_id

    @classmethod
    def open(cls, folder: Path, machine: str, now: datetime, boot_id: str | None = None) -> "CheckJournal":
        """The unfinished visit of this machine, else a new one; nothing is written before the first result."""
        if not _KEY.fullmatch(machine):
            raise InputRefused(fr="Nom de machine impossible.", en="Impossible machine name.")
        place = folder / machine
        numbers = sorted(int(match[1]) for name in _names(place) if (match := _NUMBERED.fullmatch(name)))
        last = numbers[-1] if numbers else 0
        if last:
            path = place / f"{last:04}.log"
            entries, is_whole = _entries(_read(path))
            if is_whole and _goes_on(entries, now, boot_id or ""):
                return cls(path, machine, now, boot_id or "")
        return cls(place / f"{last + 1:04}.log", machine, now, boot_id or "")

    @property
    def results(self) -> tuple[CheckResult, ...]:
        """Those that still count, in the order in which they were taken; for `results.merge`."""
        entries, _ = _entries(_read(self.path))
        return tuple(
            entry.result
            for entry in entries
            if isinstance(entry, Taken) and _stands(entry, self._opened_at, self._boot_id)
        )

    def add(self, result: CheckResult) -> None:
        """Durable on return, once however often it is added; StorageError when the stick does not take it."""
        self._append(Taken(result=result, boot_id=self._boot_id))

    def close(self, now: datetime) -> None:
        """This visit is over: opening again begins another. A visit without results leaves no file."""
        if self.path.exists():
            self._append(Closed(at=moment(now)))

    def _append(self, entry: Entry) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path) as descriptor:
                raw = _read(self.path)
                if isinstance(entry, Taken) and entry.result in _taken(_entries(raw)[0]):
                    return
                whole, before = _whole(raw)
                os.ftruncate(descriptor, whole)
                os.lseek(descriptor, 0, os.SEEK_END)
                lines = b""
                if not whole:
                    lines = _line(Opened(machine=self._machine, at=moment(self._opened_at), boot_id=self._boot_id), 0)
                    before = sum_of(lines)
                rest = memoryview(lines + _line(entry, before))
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            sync_folder(self.path.parent)
            sync_folder(self.path.parent.parent)
        except OSError as error:
            raise cannot_write(self.path, error) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # held for the few milliseconds of an addition
        yield descriptor
    finally:
        os.close(descriptor)


def _goes_on(entries: list[Entry], now: datetime, boot_id: str) -> bool:
    """Not closed, and something in it still counts."""
    if any(isinstance(entry, Closed) for entry in entries):
        return False
    return any(isinstance(entry, Taken) and _stands(entry, now, boot_id) for entry in entries)


def _stands(entry: Taken, now: datetime, boot_id: str) -> bool:
    """Of this boot or of the last days, each by itself: a result of last month says nothing of today."""
    if boot_id and entry.boot_id == boot_id:
        return True
    at = entry.result.taken_at
    return at is not None and abs(now - datetime.fromisoformat(at)) <= RESUMED_WITHIN


def _taken(entries: list[Entry]) -> list[CheckResult]:
    return [entry.result for entry in entries if isinstance(entry, Taken)]


def _entries(raw: bytes) -> tuple[list[Entry], bool]:
    """The entries that stand; False when one before the end is damaged."""
    entries: list[Entry] = []
    before, lines = 0, raw.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            entries.append(_entry(line, before))
        except (ValueError, msgspec.DecodeError):
            return entries, number == len(lines) - 1  # the last line: torn inside a sector that reached the medium
        before = sum_of(line)
    return entries, True


def _whole(raw: bytes) -> tuple[int, int]:
    """How many bytes of `raw` are whole lines, and the sum of the last."""
    length = before = 0
    for line in raw.split(b"\n")[:-1]:
        try:
            _entry(line, before)
        except (ValueError, msgspec.DecodeError):
            break
        length, before = length + len(line) + 1, sum_of(line)
    return length, before


def _line(entry: Entry, before: int) -> bytes:
    return summed(msgspec.json.encode(entry), before)


def _entry(line: bytes, before: int) -> Entry:
    entry: Entry = msgspec.json.decode(body_of(line, before), type=Entry)
    return entry


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise cannot_write(path, error) from error


def _names(place: Path) -> list[str]:
    try:
        return [entry.name for entry in place.iterdir()]
    except OSError:
        return []
