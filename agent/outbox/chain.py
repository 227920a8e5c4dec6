"""The chain of a station's records: `seq` counts them, `prev` names the one before.

Its state is nowhere written over: it follows from the records themselves. So as not to read them all each time, each
leaves a note whose file name says everything (a name survives where FAT loses a content); the highest number wins.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from agent.durable import Step, remove, write_new
from agent.envelope import load_json, peek
from agent.errors import EnvelopeError

_NOTE = re.compile(r"([0-9a-f]{64})\.([0-9]{10})\.([0-9a-f]{64})")
_KEPT = 4  # notes kept per key beside those of waiting records


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The place of one record in the chain of the key that signed it."""

    key_id: str
    seq: int
    digest: str


def link_of(raw: bytes) -> Link | None:
    """The place an envelope claims; None when it is none of our records."""
    try:
        peeked = peek(raw)
        predicate = load_json(peeked.payload)["predicate"]
        seq = predicate["seq"]
    except (EnvelopeError, KeyError, TypeError, IndexError):
        return None
    if not peeked.key_ids or not re.fullmatch("[0-9a-f]{64}", peeked.key_ids[0]):
        return None
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 < seq < 10**10:
        return None
    return Link(key_id=peeked.key_ids[0], seq=seq, digest=peeked.digest)


class Notes:
    """The folder of notes. Every call that writes is made under the outbox's lock."""

    def __init__(self, folder: Path, step: Step) -> None:
        self._folder = folder
        self._step = step

    def all(self) -> tuple[Link, ...]:
        names = [entry.name for entry in self._folder.iterdir()] if self._folder.is_dir() else []
        found = [
            Link(key_id=match[1], seq=int(match[2]), digest=match[3]) for match in map(_NOTE.fullmatch, names) if match
        ]
        return tuple(sorted(found, key=lambda link: (link.key_id, link.seq, link.digest)))

    def add(self, link: Link) -> None:
        path = self._path(link)
        if not path.exists():
            write_new(path, b"", step=self._step)

    def prune(self, waiting: Iterable[str]) -> None:
        """Forget old notes, never the newest of a key nor that of a waiting record."""
        needed = set(waiting)
        by_key: dict[str, list[Link]] = {}
        for link in self.all():
            by_key.setdefault(link.key_id, []).append(link)
        for links in by_key.values():
            for link in links[:-_KEPT]:
                if link.digest not in needed:
                    remove(self._path(link), step=self._step)

    def _path(self, link: Link) -> Path:
        return self._folder / f"{link.key_id}.{link.seq:010d}.{link.digest}"
