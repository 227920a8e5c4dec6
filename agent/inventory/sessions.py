"""Sessions: a bench of PCs booted from the network, whose keys live in memory and end with the session.

One code enrols them all for some hours. When the session is closed, or its hours are over, every key that was enrolled
under it is revoked from that place in the log on; what is logged before stays valid.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from agent.errors import UsageError
from agent.inventory.enrol import CODE_TRIES, Code, Station, add_code, all_stations, new_word
from agent.inventory.log import Log
from agent.inventory.moment import told
from agent.inventory.schema import codes, sessions, stations, tenants
from agent.text import clean

USES_MOST, HOURS_MOST = 200, 24
_TRIES_MOST = 200  # of 6·10^11 codes: one chance in three thousand million
_ID_LENGTH = 4


class Session(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    opened_at: str
    ends_at: str
    closed_at: str | None = None
    uses: int
    stations: tuple[Station, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def open_session(connection: Connection, tenant: str, now: datetime, uses: int, hours: int) -> tuple[Session, str]:
    """A new session and its code, as shown to the person in charge."""
    if not 1 <= uses <= USES_MOST or not 1 <= hours <= HOURS_MOST:
        raise UsageError(
            fr=f"Une séance compte de 1 à {USES_MOST} PC et dure de 1 à {HOURS_MOST} heures.",
            en=f"A session is for 1 to {USES_MOST} PCs and for 1 to {HOURS_MOST} hours.",
        )
    taken = set(connection.scalars(select(sessions.c.session_id).where(sessions.c.tenant_id == tenant)))
    word = next(word for word in iter(lambda: new_word(_ID_LENGTH), "") if word not in taken)
    ends = now + timedelta(hours=hours)
    session = Session(id=word, opened_at=told(now), ends_at=told(ends), uses=uses)
    connection.execute(
        insert(sessions).values(
            tenant_id=tenant, session_id=word, opened_at=session.opened_at, ends_at=session.ends_at, uses=uses
        )
    )
    kind = Code(expires_at=ends, tries=min(CODE_TRIES * uses, _TRIES_MOST), uses=uses, session=word)
    return session, add_code(connection, tenant, kind)


def close_session(connection: Connection, tenant: str, session_id: str, log_size: int, now: datetime) -> Session:
    """The session, over: its code enrols nobody, its keys are revoked from `log_size` on. Closing it twice is fine."""
    wanted = clean(session_id, 16).upper()
    known = {session.id: session for session in all_sessions(connection, tenant)}
    if wanted not in known:
        names = ", ".join(session.id for session in known.values() if session.is_open)
        raise UsageError(
            fr=f"Aucune séance {wanted}. Ouvertes : {names or 'aucune'}.",
            en=f"No session {wanted}. Open ones: {names or 'none'}.",
        )
    if known[wanted].is_open:
        _close(connection, tenant, (wanted,), log_size, now)
    return next(session for session in all_sessions(connection, tenant) if session.id == wanted)


def lock_log(connection: Connection, log: Log, now: datetime) -> int:
    """The log's size, which nobody else can change until the end of this transaction.

    Sessions whose hours are over are closed here: whoever logs or enrols comes by, so nothing slips in after an end.
    """
    connection.execute(select(tenants).where(tenants.c.tenant_id == log.tenant).with_for_update())
    size = log.size(connection)
    over = select(sessions.c.session_id).where(
        sessions.c.tenant_id == log.tenant, sessions.c.closed_at.is_(None), sessions.c.ends_at <= told(now)
    )
    ended = connection.scalars(over).all()
    if ended:
        _close(connection, log.tenant, ended, size, now)
    return size


def all_sessions(connection: Connection, tenant: str) -> list[Session]:
    """Every session with its stations, in the order they were opened."""
    members: dict[str, list[Station]] = {}
    for station in all_stations(connection, tenant):
        if station.session is not None:
            members.setdefault(station.session, []).append(station)
    rows = connection.execute(
        select(sessions).where(sessions.c.tenant_id == tenant).order_by(sessions.c.opened_at, sessions.c.session_id)
    )
    return [
        Session(
            id=row.session_id,
            opened_at=row.opened_at,
            ends_at=row.ends_at,
            closed_at=row.closed_at,
            uses=row.uses,
            stations=tuple(members.get(row.session_id, ())),
        )
        for row in rows
    ]


def _close(connection: Connection, tenant: str, ids: Sequence[str], log_size: int, now: datetime) -> None:
    # The codes first: where rows are locked one by one, an enrolment under way has ended before the keys are revoked.
    connection.execute(
        update(codes).where(codes.c.tenant_id == tenant, codes.c.session_id.in_(ids)).values(uses_left=0)
    )
    connection.execute(
        update(stations)
        .where(stations.c.tenant_id == tenant, stations.c.session_id.in_(ids))
        .values(
            revoked_at=func.coalesce(stations.c.revoked_at, told(now)),
            revoked_from_index=func.coalesce(stations.c.revoked_from_index, log_size),  # by hand: earlier, and it stays
        )
    )
    connection.execute(
        update(sessions)
        .where(sessions.c.tenant_id == tenant, sessions.c.session_id.in_(ids))
        .values(closed_at=told(now))
    )
