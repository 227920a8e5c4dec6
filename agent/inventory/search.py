"""What the pages ask of the index: the list of machines, one machine's records, the counts. Reads only."""

import re

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from agent.inventory.index import folded
from agent.inventory.schema import alarms, envelopes, leaves, machines, quarantine, records, stations

PAGE = 50
_WORDS_MOST = 8
# A label's code, typed or read from its QR code: the first digits of a record's digest, as `folded` gives them.
_CODE = re.compile("(?:rebond:)?([0-9a-f]{8,64})")
OUTCOMES = ("refurbish", "repair", "review", "recycle")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One machine in a list, as its latest record tells it."""

    machine_id: str
    digest: str
    received_at: str
    outcome: str | None
    maker: str | None
    product: str | None
    sticker: str | None
    serial: str | None
    lot: str | None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One stored record with what stands around it."""

    digest: str
    raw: bytes
    log_index: int
    received_at: str
    key_id: str
    station: str
    public_key: bytes
    revoked_from_index: int | None


def list_machines(
    connection: Connection, tenant: str, *, query: str = "", outcome: str = "", before: int | None = None
) -> tuple[list[Listed], int | None]:
    """One page of machines, newest first, and the place to go on from."""
    wanted = _latest(tenant, query)
    if outcome:
        wanted = wanted.where(records.c.outcome == outcome)
    if before is not None:
        wanted = wanted.where(machines.c.latest_index < before)
    rows = connection.execute(wanted.order_by(machines.c.latest_index.desc()).limit(PAGE + 1)).all()
    older = rows[PAGE - 1].log_index if len(rows) > PAGE else None
    return [_listed(row) for row in rows[:PAGE]], older


def count_outcomes(connection: Connection, tenant: str, query: str) -> dict[str, int]:
    """How many of the machines found have each outcome, the outcome of their latest record."""
    found = _latest(tenant, query).subquery()
    rows = connection.execute(select(found.c.outcome, func.count()).group_by(found.c.outcome))
    return {outcome or "none": int(count) for outcome, count in rows}


def count_waiting(connection: Connection, tenant: str) -> tuple[int, int]:
    """How many bodies are in quarantine, and how many alarms were raised."""
    kept, raised = (
        connection.scalar(select(func.count()).select_from(table).where(table.c.tenant_id == tenant))
        for table in (quarantine, alarms)
    )
    return int(kept or 0), int(raised or 0)


def history_of(connection: Connection, tenant: str, machine_id: str) -> list[Listed]:
    """A machine's records, newest first; empty when the machine is not known."""
    rows = connection.execute(
        select(records)
        .where(records.c.tenant_id == tenant, records.c.machine_id == machine_id)
        .order_by(records.c.log_index.desc())
        .limit(200)
    )
    return [_listed(row) for row in rows]


def find_record(connection: Connection, tenant: str, start: str) -> Listed | None:
    """The one record whose digest starts so; None when there is none, or more than one."""
    code = _CODE.fullmatch(folded(start))
    if code is None:
        return None
    rows = connection.execute(
        select(records).where(records.c.tenant_id == tenant, _starts(code[1])).limit(2)
    ).all()  # fmt: skip
    return _listed(rows[0]) if len(rows) == 1 else None


def evidence_of(connection: Connection, tenant: str, digest: str) -> Evidence | None:
    row = connection.execute(
        select(
            leaves.c.digest,
            envelopes.c.raw,
            leaves.c.log_index,
            leaves.c.received_at,
            leaves.c.key_id,
            stations.c.name,
            stations.c.public_key,
            stations.c.revoked_from_index,
        )
        .select_from(
            leaves.join(
                envelopes, and_(envelopes.c.tenant_id == leaves.c.tenant_id, envelopes.c.digest == leaves.c.digest)
            ).join(stations, and_(stations.c.tenant_id == leaves.c.tenant_id, stations.c.key_id == leaves.c.key_id))
        )
        .where(leaves.c.tenant_id == tenant, leaves.c.digest == digest)
    ).one_or_none()
    if row is None:
        return None
    return Evidence(
        digest=row.digest,
        raw=row.raw,
        log_index=row.log_index,
        received_at=row.received_at,
        key_id=row.key_id,
        station=row.name,
        public_key=row.public_key,
        revoked_from_index=row.revoked_from_index,
    )


def _latest(tenant: str, query: str) -> "Select[tuple[object, ...]]":
    """Each machine with its latest record, where every word of the query occurs or is the code of a record of it."""
    found: list[ColumnElement[bool]] = []
    for word in folded(query).split()[:_WORDS_MOST]:
        occurs = records.c.search.contains(word, autoescape=True)
        if code := _CODE.fullmatch(word):
            coded = select(records.c.machine_id).where(records.c.tenant_id == tenant, _starts(code[1]))
            occurs = or_(occurs, machines.c.machine_id.in_(coded.correlate(None)))
        found.append(occurs)
    return (
        select(records)
        .select_from(
            machines.join(
                records,
                and_(records.c.tenant_id == machines.c.tenant_id, records.c.digest == machines.c.latest_digest),
            )
        )
        .where(machines.c.tenant_id == tenant, *found)
    )


def _starts(digits: str) -> ColumnElement[bool]:
    return records.c.digest.between(digits, digits.ljust(64, "f"))


def _listed(row: "Row[tuple[object, ...]]") -> Listed:
    return Listed(
        machine_id=row.machine_id,
        digest=row.digest,
        received_at=row.received_at,
        outcome=row.outcome,
        maker=row.maker,
        product=row.product,
        sticker=row.sticker,
        serial=row.serial,
        lot=row.lot,
    )
