"""What the person in charge does from the command line: codes, stations, rebuilding. Works beside a running server."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, delete, func, select

from agent import envelope
from agent.errors import EnvelopeError, RecordError, StorageError
from agent.inventory import enrol, sessions
from agent.inventory.database import write
from agent.inventory.index import Placed, insert_rows, row_of
from agent.inventory.inventory import Inventory, open_inventory
from agent.inventory.schema import INDEX_TABLES, alarms, checkpoints, envelopes, leaves, quarantine
from agent.inventory.sessions import Session
from agent.inventory.settings import Settings
from agent.merkle import Frontier, leaf_hash, open_checkpoint, record_leaf
from agent.record import parse_payload

_CHUNK = 500


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """What a station needs to know of its inventory to check receipts."""

    station: str  # key id
    tenant: str
    origin: str
    log_public_key: bytes


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    records: int
    machines: int
    without_envelope: int  # leaves whose body was deleted: a visible hole


def new_code(settings: Settings) -> str:
    """A one-time enrolment code, valid for 10 minutes and 5 tries."""
    with _open(settings) as inventory, write(inventory.engine) as connection:
        return enrol.make_code(connection, settings.tenant, inventory.clock())


class OpenedSession(msgspec.Struct, frozen=True, kw_only=True):
    session: Session
    code: str  # shown once: only its hash is kept


def open_session(settings: Settings, uses: int, hours: int) -> OpenedSession:
    """A session for `uses` PCs booted from the network, and the one code that enrols them."""
    with _open(settings) as inventory, write(inventory.engine) as connection:
        session, code = sessions.open_session(connection, settings.tenant, inventory.clock(), uses, hours)
        return OpenedSession(session=session, code=code)


def close_session(settings: Settings, session_id: str) -> Session:
    """End a session: what its stations send from now on goes to quarantine."""
    with _open(settings) as inventory, write(inventory.engine) as connection:
        now = inventory.clock()
        size = sessions.lock_log(connection, inventory.log, now)
        return sessions.close_session(connection, settings.tenant, session_id, size, now)


def list_sessions(settings: Settings) -> list[Session]:
    with _open(settings) as inventory, write(inventory.engine) as connection:
        sessions.lock_log(connection, inventory.log, inventory.clock())
        return sessions.all_sessions(connection, settings.tenant)


def enrol_local(settings: Settings, public_key: bytes, name: str) -> Trust:
    """Enrol a station that shares this computer: who can write the folder needs no code."""
    with _open(settings) as inventory:
        with write(inventory.engine) as connection:
            station = enrol.enrol(connection, settings.tenant, public_key, name, inventory.clock())
        inventory.store.readmit(station.key_id)
        log = inventory.log
        return Trust(station=station.key_id, tenant=log.tenant, origin=log.origin, log_public_key=log.public_key)


def revoke(settings: Settings, key_id: str, from_log_index: int) -> None:
    """Records of this key at or after this place in the log no longer count; later uploads go to quarantine."""
    with _open(settings) as inventory, write(inventory.engine) as connection:
        enrol.revoke(connection, settings.tenant, key_id, from_log_index, inventory.clock())


def list_stations(settings: Settings) -> list[enrol.Station]:
    with _open(settings) as inventory, write(inventory.engine) as connection:
        sessions.lock_log(connection, inventory.log, inventory.clock())
        return list(enrol.all_stations(connection, settings.tenant))


def readmit(settings: Settings, forks_of: str | None = None) -> int:
    """Try again what waits in quarantine (after an upgrade, or an enrolment); how many were admitted.

    `forks_of`: a key whose two chains somebody has looked at; only its records, and both chains count.
    """
    with _open(settings) as inventory:
        if forks_of is not None:
            with inventory.engine.connect() as connection:
                if not enrol.find_stations(connection, settings.tenant, (forks_of,)):
                    raise enrol.no_station(forks_of)
            return inventory.store.readmit(forks_of, forks_too=True)
        with inventory.engine.connect() as connection:
            keys = connection.scalars(
                select(quarantine.c.key_id).where(quarantine.c.tenant_id == settings.tenant).distinct()
            ).all()
        return sum(inventory.store.readmit(key_id) for key_id in keys if key_id)


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    raised_at: str
    times: int
    key_id: str | None
    digest: str | None
    against: str | None


def list_alarms(settings: Settings) -> list[Alarm]:
    with _open(settings) as inventory, inventory.engine.connect() as connection:
        rows = connection.execute(
            select(alarms).where(alarms.c.tenant_id == settings.tenant).order_by(alarms.c.raised_at)
        )
        return [Alarm(**{name: getattr(row, name) for name in Alarm.__struct_fields__}) for row in rows]


def reindex(settings: Settings) -> Rebuilt:
    """Rebuild every index table from the envelopes, in one transaction, after checking each against the log.

    StorageError names the first envelope whose bytes are not those logged; nothing is changed then.
    """
    with _open(settings) as inventory, write(inventory.engine) as connection:
        _check_log(connection, inventory)
        for table in reversed(INDEX_TABLES):
            connection.execute(delete(table).where(table.c.tenant_id == settings.tenant))
        done = holes = 0
        size = inventory.log.size(connection)
        for start in range(0, size, _CHUNK):
            placed, missing = _read_chunk(connection, inventory, start)
            holes += missing
            if placed:
                insert_rows(connection, settings.tenant, placed)
            done += len(placed)
        machines = INDEX_TABLES[1]
        found = connection.scalar(
            select(func.count()).select_from(machines).where(machines.c.tenant_id == settings.tenant)
        )
    return Rebuilt(records=done, machines=int(found or 0), without_envelope=holes)


def _read_chunk(connection: Connection, inventory: Inventory, start: int) -> tuple[list[Placed], int]:
    """The records logged at [start, start + _CHUNK), each verified again; and how many have no body any more."""
    tenant = inventory.log.tenant
    rows = connection.execute(
        select(leaves.c.log_index, leaves.c.digest, leaves.c.key_id, leaves.c.received_at, envelopes.c.raw)
        .select_from(
            leaves.outerjoin(
                envelopes, (envelopes.c.tenant_id == leaves.c.tenant_id) & (envelopes.c.digest == leaves.c.digest)
            )
        )
        .where(leaves.c.tenant_id == tenant, leaves.c.log_index >= start, leaves.c.log_index < start + _CHUNK)
        .order_by(leaves.c.log_index)
    ).all()
    placed = []
    for row in rows:
        if row.raw is None:
            continue
        try:
            opened = envelope.open_(row.raw, inventory.store.keys((row.key_id,)))
            record = parse_payload(opened.payload)
        except (EnvelopeError, RecordError) as error:
            raise _broken(row.log_index, row.digest) from error
        if opened.digest != row.digest:
            raise _broken(row.log_index, row.digest)
        placed.append(Placed(row_of(record), row.digest, row.key_id, row.log_index, row.received_at))
    return placed, len(rows) - len(placed)


def _check_log(connection: Connection, inventory: Inventory) -> None:
    """The leaves as stored give the root that the newest checkpoint signed."""
    tenant = inventory.log.tenant
    frontier = Frontier()
    for row in connection.execute(select(leaves).where(leaves.c.tenant_id == tenant).order_by(leaves.c.log_index)):
        leaf = leaf_hash(record_leaf(row.digest, row.key_id, tenant, row.received_at))
        frontier, _ = frontier.append(leaf)
    if frontier.size == 0:
        return
    note = connection.scalar(
        select(checkpoints.c.note).where(
            checkpoints.c.tenant_id == tenant, checkpoints.c.log_size == inventory.log.size(connection)
        )
    )
    log = inventory.log
    signed = open_checkpoint(str(note), envelope.public_key(log.public_key), log.origin)
    if (signed.size, signed.root) != (frontier.size, frontier.root()):
        raise StorageError(
            fr="Le registre a été modifié : il ne correspond plus à sa signature. Reprenez une sauvegarde.",
            en="The log was altered: it no longer matches its signature. Restore a backup.",
        )


def _broken(log_index: int, digest: str) -> StorageError:
    return StorageError(
        fr=f"La fiche {digest} (place {log_index}) a été modifiée dans la base. Reprenez une sauvegarde.",
        en=f"The record {digest} (place {log_index}) was altered in the database. Restore a backup.",
    )


@contextmanager
def _open(settings: Settings) -> Iterator[Inventory]:
    inventory = open_inventory(settings)
    try:
        yield inventory
    finally:
        inventory.engine.dispose()
