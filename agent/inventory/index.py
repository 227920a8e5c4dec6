"""The index: a record as table rows. Pure but for the inserts; every row can be made again from the envelopes."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from agent.inventory.schema import disks, machines, records, verdicts
from agent.record import Record, subjects
from agent.text import LIMIT, clean

_DISKS_MOST = 256  # a record names as many as it likes; the index keeps these
_VERDICTS_MOST = 64


class DiskRow(msgspec.Struct, frozen=True, kw_only=True):
    identity: str | None
    model: str | None
    serial: str | None
    size_bytes: int | None
    kind: str | None


class VerdictRow(msgspec.Struct, frozen=True, kw_only=True):
    profile: str
    outcome: str
    class_: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What the index keeps of one record."""

    record_id: str
    kind: str
    machine_id: str
    seq: int
    prev: str | None
    made_at: str
    sticker: str | None
    lot: str | None
    maker: str | None
    product: str | None
    serial: str | None
    chassis: str | None
    profile: str | None
    outcome: str | None
    search: str
    disks: tuple[DiskRow, ...]
    verdicts: tuple[VerdictRow, ...]


class Placed(NamedTuple):
    """A row with its place in the log."""

    row: Row
    digest: str
    key_id: str
    log_index: int
    received_at: str


_OWN_COLUMNS = tuple(name for name in Row.__struct_fields__ if name not in ("disks", "verdicts"))


def insert_rows(connection: Connection, tenant: str, placed: Sequence[Placed]) -> None:
    """Index these records, given in log order."""
    connection.execute(
        insert(records),
        [
            {name: getattr(one.row, name) for name in _OWN_COLUMNS}
            | {
                "tenant_id": tenant,
                "digest": one.digest,
                "key_id": one.key_id,
                "log_index": one.log_index,
                "received_at": one.received_at,
            }
            for one in placed
        ],
    )
    parts = [
        {"tenant_id": tenant, "digest": one.digest, "position": position} | msgspec.structs.asdict(disk)
        for one in placed
        for position, disk in enumerate(one.row.disks)
    ]
    if parts:
        connection.execute(insert(disks), parts)
    judged = [
        {
            "tenant_id": tenant,
            "digest": one.digest,
            "position": position,
            "profile": verdict.profile,
            "outcome": verdict.outcome,
            "class": verdict.class_,
        }
        for one in placed
        for position, verdict in enumerate(one.row.verdicts)
    ]
    if judged:
        connection.execute(insert(verdicts), judged)
    _count_machines(connection, tenant, placed)


def _count_machines(connection: Connection, tenant: str, placed: Sequence[Placed]) -> None:
    by_machine: dict[str, list[Placed]] = {}
    for one in placed:
        by_machine.setdefault(one.row.machine_id, []).append(one)
    known = connection.execute(
        select(machines.c.machine_id, machines.c.record_count).where(
            machines.c.tenant_id == tenant, machines.c.machine_id.in_(by_machine)
        )
    )
    counts = {row.machine_id: row.record_count for row in known}
    changed, added = [], []
    for machine_id, visits in by_machine.items():
        latest = visits[-1]
        values = {
            "latest_digest": latest.digest,
            "latest_index": latest.log_index,
            "record_count": counts.get(machine_id, 0) + len(visits),
        }
        if machine_id in counts:
            changed.append({"this_machine": machine_id, **values})
        else:
            first = visits[0].log_index
            added.append({"tenant_id": tenant, "machine_id": machine_id, "first_index": first, **values})
    if added:
        connection.execute(insert(machines), added)
    if changed:
        same = (machines.c.tenant_id == tenant) & (machines.c.machine_id == bindparam("this_machine"))
        connection.execute(update(machines).where(same), changed)


def row_of(record: Record) -> Row:
    """The row of this record; strings are cleaned and bounded here, since PostgreSQL takes no NUL and no 1 MiB key."""
    system = record.machine.system
    parts = tuple(
        DiskRow(
            identity=_short(disk.identity),
            model=_short(disk.model),
            serial=_short(disk.serial),
            size_bytes=disk.size_bytes,
            kind=disk.kind,
        )
        for disk in (record.machine.disks or ())[:_DISKS_MOST]
    )
    judged = tuple(
        VerdictRow(profile=clean(verdict["profile"], 80), outcome=verdict["outcome"], class_=verdict["class"])
        for verdict in record.verdicts[:_VERDICTS_MOST]
    )
    first = judged[0] if judged else None
    row = Row(
        record_id=record.id,
        kind=record.kind,
        machine_id=subjects(record)[0].digest["sha256"],
        seq=record.seq,
        prev=record.prev,
        made_at=record.made_at,
        sticker=_short(record.sticker),
        lot=_short(record.lot),
        maker=_short(system.maker or system.board_maker),
        product=_short(system.product or system.board_product),
        serial=_short(system.serial),
        chassis=system.chassis,
        profile=first.profile if first else None,
        outcome=first.outcome if first else None,
        search="",
        disks=parts,
        verdicts=judged,
    )
    words = [row.sticker, row.lot, row.maker, row.product, _short(system.version), row.serial, row.record_id]
    words += [word for disk in parts for word in (disk.model, disk.serial)]
    return msgspec.structs.replace(row, search=" ".join(folded(word) for word in words if word))


def _short(text: str | None) -> str | None:
    # Nearly every name is plain: `clean` costs 10 µs a word, and a record has thirty.
    if text is None or (len(text) <= LIMIT and text.isascii() and text.isprintable() and "  " not in text):
        return text.strip() or None if text else None
    return clean(text) or None


def folded(text: str) -> str:
    """For searching: no accents, no case."""
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in bare if not unicodedata.combining(letter)).casefold()
