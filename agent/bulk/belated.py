"""End records that were never written: the disk had ended, then the power, the program or the stick's room failed.

The journal still says it all. At the next start of `rebond wipe` its record is written, once, and says that it is late.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent.bulk.noting import Notebook
from agent.durable import write_new
from agent.envelope import peek
from agent.erasure import Erasure, Reason
from agent.errors import RebondError
from agent.facts import Gap, Machine
from agent.host import Host
from agent.outbox import Outbox
from agent.record import Record, parse_payload
from agent.rules import Profile
from agent.visit import Desk, Noted
from agent.wipe.conclude import conclude
from agent.wipe.journals import journals_in, state_of

if TYPE_CHECKING:
    from agent.keys import StationKey

LATE = Reason(
    rule="told-late",
    fr="Cette fiche a été écrite après coup, d'après le journal du disque : Rebond s'était arrêté avant de l'écrire.",
    en="This record was written late, from the disk's journal: Rebond had ended before it could write it.",
)
_NO_MACHINE = Machine(gaps=(Gap(path="", source="outbox", why="absent", detail="no record of the beginning is left"),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A journal with an end, of which no record is known to tell."""

    journal: Path
    erasure: Erasure


def mark_told(journal: Path, digest: str) -> None:
    """The end is on paper. Nothing is lost where this cannot be kept: then the outbox is asked."""
    state = state_of(journal)
    if state is None or state.finished is None:
        return
    try:
        write_new(journal.with_suffix(".told"), digest.encode())
    except RebondError:
        return


def untold(folder: Path) -> tuple[Untold, ...]:
    """Cheap where there is none: a mark stands beside each journal whose end was told."""
    found = []
    for journal in journals_in(folder):
        if journal.with_suffix(".told").exists():
            continue
        state = state_of(journal)
        if state is not None and state.finished is not None:
            found.append(Untold(journal=journal, erasure=conclude(state)))
    return tuple(found)


def tell_belated(
    left: Sequence[Untold], key: "StationKey", outbox: Outbox, profiles: Sequence[Profile], host: Host
) -> Iterator[tuple[Erasure, Noted]]:
    """Write the record of each that has none. RebondError when one cannot be kept; those before it are."""
    known = _records_of(outbox, {one.erasure.id for one in left})
    for one in left:
        records = known.get(one.erasure.id, ())
        if records and _has_ended(records[-1][1], one.erasure.id):  # no beginning after it: it was not gone on with
            mark_told(one.journal, records[-1][0])
            continue
        begun = records[-1][1] if records else None
        erasure = msgspec.structs.replace(one.erasure, why=(*one.erasure.why, LATE))
        book = Notebook(
            machine=begun.machine if begun else _NO_MACHINE, profiles=profiles if begun else (), key=key, outbox=outbox,
            desk=Desk(operator=begun.operator, lot=begun.lot, sticker=begun.sticker) if begun
            else Desk(operator=erasure.operator), host=host,
        )  # fmt: skip
        noted = book.ended(erasure)
        mark_told(one.journal, noted.digest)
        yield erasure, noted


def _records_of(outbox: Outbox, wanted: set[str]) -> dict[str, tuple[tuple[str, Record], ...]]:
    """The records that tell of these erasures, by the erasure's id, oldest first."""
    found: dict[str, tuple[tuple[str, Record], ...]] = {}
    digests = [*(one.digest for one in outbox.waiting()), *(one.digest for one in outbox.refused())]
    for digest in (*outbox.archived(), *digests):
        try:
            record = parse_payload(peek(outbox.read(digest)).payload)
        except (RebondError, OSError):
            continue
        for erasure in record.erasures:
            if erasure.id in wanted:
                found[erasure.id] = (*found.get(erasure.id, ()), (digest, record))
    return {name: tuple(sorted(records, key=lambda pair: pair[1].seq)) for name, records in found.items()}


def _has_ended(record: Record, erasure_id: str) -> bool:
    return any(one.id == erasure_id and one.ended_at is not None for one in record.erasures)
