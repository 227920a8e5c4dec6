"""Stations: enrolled by a code or, on a lone bench, directly; revoked from a place in the log on.

A code is typed by a person, so it is short: what protects it is its few minutes or hours, its tries and its uses, all
counted. A miss costs every open code a try, since it may have been meant for any of them.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from agent.envelope import key_id_of
from agent.errors import UsageError
from agent.inventory import refusal
from agent.inventory.moment import told
from agent.inventory.schema import codes, stations
from agent.text import clean

CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
FLYING = "poste volant"
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that reads as something else (0/O, 1/I/L, U/V)
_LENGTH = 8


class Station(msgspec.Struct, frozen=True, kw_only=True):
    key_id: str
    name: str
    public_key: bytes
    revoked_from_index: int | None = None
    session: str | None = None  # of a PC booted from the network, whose key lives in memory

    def is_revoked_at(self, log_index: int) -> bool:
        return self.revoked_from_index is not None and log_index >= self.revoked_from_index


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What a new code is good for."""

    expires_at: datetime
    tries: int = CODE_TRIES
    uses: int = 1
    session: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolment as a station asks for it."""

    code: str
    public_key: bytes
    name: str
    is_flying: bool = False  # its key lives in memory


def make_code(connection: Connection, tenant: str, now: datetime) -> str:
    """A new code for one station that lasts, as shown to the person in charge: "K7QM-2XVD"."""
    return add_code(connection, tenant, Code(expires_at=now + CODE_LIFE))


def add_code(connection: Connection, tenant: str, kind: Code) -> str:
    """A new code. Only its hash is kept."""
    code = new_word(_LENGTH)
    salt = secrets.token_bytes(16)
    connection.execute(
        insert(codes).values(
            tenant_id=tenant,
            code_id=secrets.token_hex(8),
            salt=salt,
            code_hash=_hash(code, salt),
            expires_at=told(kind.expires_at),
            tries_left=kind.tries,
            uses_left=kind.uses,
            session_id=kind.session,
        )
    )
    return f"{code[:4]}-{code[4:]}"


def new_word(length: int) -> str:
    """Letters and digits that nobody misreads."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def redeem(connection: Connection, tenant: str, asked: Asked, now: datetime) -> Station | None:
    """The station, enrolled; None when the code is not valid, its try already counted (commit it either way).

    Refusal when a valid code is not for this kind of station: that costs no try and no use.
    """
    typed = "".join(letter for letter in asked.code.upper()[:64] if letter in _ALPHABET)
    is_open = (codes.c.tenant_id == tenant) & (codes.c.uses_left > 0) & (codes.c.tries_left > 0)
    is_open &= codes.c.expires_at > told(now)
    matching = None
    for row in connection.execute(select(codes).where(is_open).with_for_update()):
        if hmac.compare_digest(_hash(typed, row.salt), row.code_hash):  # no early end: every code takes its time
            matching = row
    if matching is None:
        connection.execute(update(codes).where(is_open).values(tries_left=codes.c.tries_left - 1))
        return None
    session = matching.session_id
    if session is not None and not asked.is_flying:
        raise refusal.session_code()
    before = find_stations(connection, tenant, (key_id_of(asked.public_key),))
    name = asked.name if session is None else _flying_name(connection, tenant, session, asked.name)
    station = enrol(connection, tenant, asked.public_key, name, now, session)
    if session is None or not before:  # whose answer was lost asks again: a bench must not run out of uses by that
        connection.execute(
            update(codes)
            .where(codes.c.tenant_id == tenant, codes.c.code_id == matching.code_id)
            .values(uses_left=codes.c.uses_left - 1)
        )
    return station


def _flying_name(connection: Connection, tenant: str, session: str, told_name: str) -> str:
    """ "poste volant 7", and behind it what the station calls itself."""
    here = select(func.count()).where(stations.c.tenant_id == tenant, stations.c.session_id == session)
    number = int(connection.scalar(here) or 0) + 1
    return f"{FLYING} {number} · {told_name}" if clean(told_name, 40) else f"{FLYING} {number}"


def enrol(
    connection: Connection, tenant: str, public_key: bytes, name: str, now: datetime, session: str | None = None
) -> Station:
    """Trust this key from now on; enrolling it again changes nothing, and a revoked key stays revoked (Refusal)."""
    if len(public_key) != 32:
        raise refusal.wrong_request("La clé publique doit avoir 32 octets.", "The public key must be 32 bytes long.")
    key_id = key_id_of(public_key)
    known = find_stations(connection, tenant, (key_id,)).get(key_id)
    if known is not None:
        if known.revoked_from_index is not None:
            raise refusal.revoked_key()
        return known
    station = Station(key_id=key_id, name=clean(name, 80) or key_id[:8], public_key=public_key, session=session)
    connection.execute(
        insert(stations).values(
            tenant_id=tenant,
            key_id=key_id,
            public_key=public_key,
            name=station.name,
            enrolled_at=told(now),
            session_id=session,
        )
    )
    return station


def revoke(connection: Connection, tenant: str, key_id: str, from_log_index: int, now: datetime) -> None:
    """Records of this key at or after `from_log_index` no longer count; earlier ones stay valid."""
    known = find_stations(connection, tenant, (key_id,)).get(key_id)
    if known is None:
        raise no_station(key_id)
    if known.revoked_from_index is not None:  # a revocation can reach further back, never be lifted
        from_log_index = min(from_log_index, known.revoked_from_index)
    connection.execute(
        update(stations)
        .where(stations.c.tenant_id == tenant, stations.c.key_id == key_id)
        .values(revoked_at=told(now), revoked_from_index=from_log_index)
    )


def no_station(key_id: str) -> UsageError:
    return UsageError(
        fr=f"Aucun poste n'a la clé {key_id}. Voir la liste des postes.",
        en=f"No station has the key {key_id}. See the list of stations.",
    )


def find_stations(connection: Connection, tenant: str, key_ids: tuple[str, ...]) -> dict[str, Station]:
    """The enrolled stations among these key ids, revoked ones included."""
    found = connection.execute(select(stations).where(stations.c.tenant_id == tenant, stations.c.key_id.in_(key_ids)))
    return {row.key_id: _station(row) for row in found}


def all_stations(connection: Connection, tenant: str) -> list[Station]:
    """Every enrolled station, revoked ones included, in the order they came."""
    ordered = select(stations).where(stations.c.tenant_id == tenant).order_by(stations.c.enrolled_at, stations.c.key_id)
    return [_station(row) for row in connection.execute(ordered)]


def _station(row: Row[Any]) -> Station:
    return Station(
        key_id=row.key_id,
        name=row.name,
        public_key=row.public_key,
        revoked_from_index=row.revoked_from_index,
        session=row.session_id,
    )


def _hash(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, n=1 << 12, r=8, p=1)
