"""The signed record of one disk's last erasure, found in this station's outbox by the disk's serial number."""

from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.say import Say

if TYPE_CHECKING:
    from agent.erasure import Erasure, Media
    from agent.home import Home
    from agent.record import Record


def record_of_disk(home: "Home", serial: str, say: Say) -> Path:
    """The newest record that tells of this disk's end, else of its beginning.

    InputRefused where there is none, and where two disks share the serial: then each one's own record is named.
    """
    from agent.errors import InputRefused
    from agent.text import clean

    found = _told(home, serial)
    if not found:
        raise InputRefused(
            fr=f"Aucune fiche de ce poste ne parle du disque {clean(serial, 60)}. Donnez le fichier de sa fiche.",
            en=f"No record of this station tells of the disk {clean(serial, 60)}. Give the file of its record.",
        )
    disks: dict[tuple[object, ...], tuple[Path, Record, Erasure]] = {}
    for path, record, erasure in found:  # oldest first
        key = _which(erasure.media)
        before = disks.get(key)
        if before is None or erasure.ended_at is not None or before[2].ended_at is None:
            disks[key] = (path, record, erasure)
    if len(disks) > 1:
        told = "\n".join(_line(*one, say) for one in disks.values())
        raise InputRefused(
            fr=f"Plusieurs disques ont ce numéro de série. Donnez la fiche du bon :\n{told}",
            en=f"Several disks have this serial number. Give the record of the right one:\n{told}",
        )
    return next(iter(disks.values()))[0]


def _told(home: "Home", serial: str) -> "list[tuple[Path, Record, Erasure]]":
    from agent.bulk.session import bare
    from agent.envelope import peek
    from agent.errors import RebondError
    from agent.outbox import Outbox
    from agent.record import parse_payload

    outbox, wanted, found = Outbox(home.outbox), bare(serial), []
    for place, digests in (
        ("archived", outbox.archived()),
        ("refused", tuple(one.digest for one in outbox.refused())),
        ("new", tuple(one.digest for one in outbox.waiting())),
    ):
        for digest in digests:
            try:
                record = parse_payload(peek(outbox.read(digest)).payload)
            except (RebondError, OSError):
                continue
            path = home.outbox / place / f"{digest}.json"
            found += [
                (path, record, one) for one in record.erasures
                if wanted in (bare(one.media.serial or ""), bare(one.media.wwn or ""))
            ]  # fmt: skip
    return sorted(found, key=lambda one: (one[1].made_at, one[1].seq))


def _which(media: "Media") -> tuple[object, ...]:
    """A disk whose hidden area was opened is the same one: sizes do not count."""
    return media.serial, media.wwn, media.model


def _line(path: Path, record: "Record", erasure: "Erasure", say: Say) -> str:
    from agent.oneline import name_of
    from agent.report.words import ending
    from agent.text import clean

    model, pc = clean(erasure.media.model or "?", 40), clean(name_of(record.machine) or "?", 60)
    return f"{model}, {pc}, {record.made_at}, {ending(erasure, say.lang)} : {path}"
