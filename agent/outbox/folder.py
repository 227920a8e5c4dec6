"""The outbox's folder. Files are named by their content, complete, and never written over; a state is a place.

    new/DIGEST.json          waiting
    archived/DIGEST.json     delivered, with DIGEST.receipt.json
    refused/DIGEST.json      refused for good, with DIGEST.reason-N.json
    damaged/                 what did not match its name
    chain/  checkpoints/  attachments/

Moving is copying, then removing: a rename between folders cut short leaves two entries sharing their clusters on FAT.
At any moment a record is in at least one place, and each further step may be done again.
"""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.durable import PART, Step, cannot_write, no_step, remove, write_new
from agent.envelope import SIZE_MOST, canonical, digest_of, load_json, peek
from agent.errors import EnvelopeError, InputRefused, StorageError
from agent.outbox.chain import Link, Notes, link_of
from agent.outbox.lock import locked

_RECORD = re.compile(r"([0-9a-f]{64})\.json")
_REASON = re.compile(r"([0-9a-f]{64})\.reason-([0-9]{4})\.json")
_CHECKPOINTS_KEPT = 3


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """A record on stable storage, waiting."""

    digest: str
    path: Path
    seq: int | None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    size_bytes: int
    key_id: str | None
    seq: int | None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why the inventory refused a record: its status, its word for programs, its sentences."""

    code: str
    fr: str
    en: str
    status: int | None = None
    at: str | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    reason: Reason | None


class Outbox:
    """One folder. Safe against other processes (a lock) and against being killed anywhere (the order of steps)."""

    def __init__(self, folder: Path, *, step: Step = no_step) -> None:
        self.folder = folder
        self._step = step
        self._notes = Notes(folder / "chain", step)

    # --- adding -------------------------------------------------------------------------------------------------------

    def add(self, key_id: str, build: Callable[[int, str | None], bytes]) -> Queued:
        """Queue the envelope that `build(seq, prev)` makes with the next place in this key's chain."""
        with locked(self.folder):
            self._tidy()
            last = self._last(key_id)
            seq, prev = (last.seq + 1, last.digest) if last else (1, None)
            raw = build(seq, prev)
            link = link_of(raw)
            if link is None or (link.key_id, link.seq) != (key_id, seq):
                raise ValueError("the envelope does not hold the place in the chain it was given")
            return self._put(raw, link)

    def queue(self, envelope: bytes) -> Queued:
        """Queue a finished envelope, perhaps another station's; one that is known already changes nothing."""
        digest = peek(envelope).digest
        with locked(self.folder):
            self._tidy()
            if self._is_archived(digest):
                return Queued(digest=digest, path=self._record("archived", digest), seq=None)
            queued = self._put(envelope, link_of(envelope))
            self._forget_refusal(digest)
            return queued

    def attach(self, data: bytes) -> str:
        """Keep raw evidence beside the records; its digest."""
        digest = digest_of(data)
        path = self.folder / "attachments" / digest
        with locked(self.folder):
            if path.exists() and _read(path, None) != data:
                self._set_aside(path)
            write_new(path, data, step=self._step)
        return digest

    def attachment(self, digest: str) -> bytes:
        data = _read(self.folder / "attachments" / digest, None)
        if data is None or digest_of(data) != digest:
            raise _missing(digest)
        return data

    # --- looking ------------------------------------------------------------------------------------------------------

    def waiting(self) -> tuple[Waiting, ...]:
        """What waits, each station's records in the order of their chain. Damaged files are set aside on the way."""
        places = {link.digest: link for link in self._notes.all()}
        found = []
        for digest in self._digests("new"):
            if self._is_archived(digest):
                continue  # delivered; killed before the last step
            raw = self._intact("new", digest)
            if raw is not None:
                link = places.get(digest) or link_of(raw)
                key_id, seq = (link.key_id, link.seq) if link else (None, None)
                found.append(Waiting(digest=digest, size_bytes=len(raw), key_id=key_id, seq=seq))
        return tuple(sorted(found, key=lambda one: (one.key_id or "~", one.seq or 0, one.digest)))

    def refused(self) -> tuple[Refused, ...]:
        elsewhere = {*self._digests("new"), *self._digests("archived")}
        return tuple(
            Refused(digest=digest, reason=self._reason(digest))
            for digest in self._digests("refused")
            if digest not in elsewhere
        )

    def archived(self) -> tuple[str, ...]:
        return tuple(digest for digest in self._digests("archived") if self._is_archived(digest))

    def damaged(self) -> tuple[str, ...]:
        """Names of files that did not match their name, set aside or (on a read-only stick) still in place."""
        folder = self.folder / "damaged"
        aside = [entry.name for entry in _entries(folder)]
        in_place = [digest for digest in self._digests("new") if self._read_record("new", digest) is None]
        return tuple(sorted({*aside, *(f"{digest}.json" for digest in in_place)}))

    def read(self, digest: str) -> bytes:
        """The envelope, wherever it is."""
        for place in ("new", "archived", "refused"):
            raw = self._read_record(place, digest)
            if raw is not None:
                return raw
        raise _missing(digest)

    def receipt(self, digest: str) -> bytes | None:
        return _read(self.folder / "archived" / f"{digest}.receipt.json")

    # --- leaving ------------------------------------------------------------------------------------------------------

    def archive(self, digest: str, receipt: bytes) -> None:
        """The record is delivered: `receipt` has been verified by the caller."""
        with locked(self.folder):
            self._move(digest, "archived", f"{digest}.receipt.json", receipt)
            self._forget_refusal(digest)
            self._notes.prune(self._digests("new"))

    def refuse(self, digest: str, reason: Reason) -> None:
        """The inventory will never take it: keep it aside with the reason, out of the others' way."""
        with locked(self.folder):
            number = 1 + max([n for n, _ in self._reasons(digest)], default=0)
            self._move(digest, "refused", f"{digest}.reason-{number:04d}.json", canonical(reason))

    def reconsider(self, code: str | None = None) -> int:
        """Let refused records wait again: all, or those refused with this code (after enrolment, say). How many."""
        count = 0
        for refused in self.refused():
            if code is None or (refused.reason is not None and refused.reason.code == code):
                raw = self._read_record("refused", refused.digest)
                if raw is not None:
                    self.queue(raw)
                    count += 1
        return count

    def make_room(self) -> int:
        """Delivered records go, since the inventory holds them; their receipts stay. How many went."""
        with locked(self.folder):
            gone = self.archived()
            for digest in gone:
                self._note(self._read_record("archived", digest))
                remove(self._record("archived", digest), step=self._step)
            return len(gone)

    def _move(self, digest: str, place: str, beside: str, data: bytes) -> None:
        raw = self.read(digest)
        link = link_of(raw)
        if link is not None:
            self._notes.add(link)  # before it leaves new/, where the chain would still find it
        self._make_way(place, digest)
        write_new(self._record(place, digest), raw, step=self._step)
        path = self.folder / place / beside
        if path.exists() and _read(path) != data:
            self._set_aside(path)
        write_new(path, data, step=self._step)
        remove(self._record("new", digest), step=self._step)

    def _forget_refusal(self, digest: str) -> None:
        path = self._record("refused", digest)
        if path.exists():
            remove(path, step=self._step)
        for _, reason in self._reasons(digest):
            remove(reason, step=self._step)

    # --- checkpoints of inventories -----------------------------------------------------------------------------------

    def checkpoints(self, origin: str) -> tuple[str, ...]:
        """The notes kept of this log, largest first; their signatures are for the reader to check."""
        paths = [path for path in _entries(self.folder / "checkpoints") if path.name.startswith(_log_name(origin))]
        texts = [_read(path) for path in sorted(paths, reverse=True)]
        return tuple(text.decode("utf-8", "replace") for text in texts if text)

    def keep_checkpoint(self, origin: str, size: int, note: str) -> None:
        folder, name = self.folder / "checkpoints", _log_name(origin)
        with locked(self.folder):
            path = folder / f"{name}{size:016d}.txt"
            if path.exists() and _read(path) != note.encode():
                self._set_aside(path)
            write_new(path, note.encode(), step=self._step)
            kept = sorted(path for path in _entries(folder) if path.name.startswith(name))
            for path in kept[:-_CHECKPOINTS_KEPT]:
                remove(path, step=self._step)

    # --- files --------------------------------------------------------------------------------------------------------

    def _record(self, place: str, digest: str) -> Path:
        return self.folder / place / f"{digest}.json"

    def _digests(self, place: str) -> tuple[str, ...]:
        matches = (_RECORD.fullmatch(entry.name) for entry in _entries(self.folder / place))
        return tuple(sorted(match[1] for match in matches if match))

    def _read_record(self, place: str, digest: str) -> bytes | None:
        """The envelope, only if its payload is the one its name promises."""
        raw = _read(self._record(place, digest))
        try:
            return raw if raw is not None and peek(raw).digest == digest else None
        except EnvelopeError:
            return None

    def _intact(self, place: str, digest: str) -> bytes | None:
        raw = self._read_record(place, digest)
        if raw is None:
            with contextlib.suppress(StorageError):  # a read-only stick: it stays where it is, and is told as damaged
                self._set_aside(self._record(place, digest))
        return raw

    def _is_archived(self, digest: str) -> bool:
        has_receipt = (self.folder / "archived" / f"{digest}.receipt.json").exists()
        return has_receipt and self._read_record("archived", digest) is not None

    def _make_way(self, place: str, digest: str) -> None:
        if self._record(place, digest).exists():
            self._intact(place, digest)

    def _set_aside(self, path: Path) -> None:
        """Out of the way, kept for whoever wants to mend it."""
        folder = self.folder / "damaged"
        try:
            folder.mkdir(exist_ok=True)
            target = folder / path.name
            number = 1
            while target.exists():
                number += 1
                target = folder / f"{path.name}.{number}"
            path.rename(target)
        except FileNotFoundError:
            return  # another process was faster
        except OSError as error:
            raise cannot_write(path, error) from error

    def _put(self, raw: bytes, link: Link | None) -> Queued:
        digest = peek(raw).digest
        self._make_way("new", digest)
        path = self._record("new", digest)
        if not path.exists():  # intact: the same payload, signed perhaps by more
            write_new(path, raw, step=self._step)
        if link is not None:
            self._notes.add(link)
        return Queued(digest=digest, path=path, seq=link.seq if link else None)

    def _last(self, key_id: str) -> Link | None:
        """The end of this key's chain. A record whose note is missing (killed in between) gets it now."""
        noted = {link.digest for link in self._notes.all()}
        for digest in self._digests("new"):
            if digest not in noted:
                self._note(self._intact("new", digest))
        ours = [link for link in self._notes.all() if link.key_id == key_id]
        if not ours:  # a first record, or the notes were lost: then look everywhere
            for place in ("archived", "refused"):
                for digest in self._digests(place):
                    self._note(self._read_record(place, digest))
            ours = [link for link in self._notes.all() if link.key_id == key_id]
        return ours[-1] if ours else None

    def _note(self, raw: bytes | None) -> None:
        link = link_of(raw) if raw is not None else None
        if link is not None:
            self._notes.add(link)

    def _reasons(self, digest: str) -> list[tuple[int, Path]]:
        matches = ((_REASON.fullmatch(path.name), path) for path in _entries(self.folder / "refused"))
        return sorted((int(match[2]), path) for match, path in matches if match and match[1] == digest)

    def _reason(self, digest: str) -> Reason | None:
        for _, path in reversed(self._reasons(digest)):
            with contextlib.suppress(EnvelopeError, msgspec.ValidationError):
                return msgspec.convert(load_json(_read(path) or b""), Reason)
        return None

    def _tidy(self) -> None:
        """Finish what a kill interrupted: delivered records leave new/, half-written files go."""
        for digest in self._digests("new"):
            if self._is_archived(digest):
                self._note(self._read_record("archived", digest))
                remove(self._record("new", digest), step=self._step)
        for place in ("new", "archived", "refused", "chain", "checkpoints", "attachments"):
            for path in _entries(self.folder / place):
                # On FAT a rename cut short can leave two names for one content: then removing one frees the other.
                if path.name.endswith(PART) and not path.with_name(path.name[: -len(PART) - 9]).exists():
                    remove(path, step=self._step)


def _entries(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise cannot_write(folder / "x", error) from error


def _read(path: Path, most_bytes: int | None = SIZE_MOST + 1) -> bytes | None:
    """None when it is not there or the medium fails."""
    try:
        with path.open("rb") as file:
            return file.read(-1 if most_bytes is None else most_bytes)
    except OSError:
        return None


def _log_name(origin: str) -> str:
    return digest_of(origin.encode())[:16] + "."  # an origin holds slashes


def _missing(digest: str) -> InputRefused:
    return InputRefused(
        fr=f"Le fichier {digest[:16]}… n'est pas dans cette boîte d'envoi, ou il est abîmé.",
        en=f"The file {digest[:16]}… is not in this outbox, or it is damaged.",
    )
