"""Stations: enrolled by a one-time code or, on a lone bench, directly; revoked from a place in the log on.

A code is typed by a person, so it is short: what protects it is ten minutes, five tries, one use. A miss costs every
open code a try, since it may have been meant for any of them.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from agent.envelope import key_id_of
from agent.errors import UsageError
from agent.inventory import refusal
from agent.inventory.moment import told
from agent.inventory.schema import codes, stations
from agent.text import clean

CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that reads as something else (0/O, 1/I/L, U/V)
_LENGTH = 8


class Station(msgspec.Struct, frozen=True, kw_only=True):
    key_id: str
    name: str
    public_key: bytes
    revoked_from_index: int | None = None

    def is_revoked_at(self, log_index: int) -> bool:
        return self.revoked_from_index is not None and log_index >= self.revoked_from_index


def make_code(connection: Connection, tenant: str, now: datetime) -> str:
    """A new one-time code, as shown to the person in charge: "K7QM-2XVD". Only its hash is kept."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    salt = secrets.token_bytes(16)
    connection.execute(
        insert(codes).values(
            tenant_id=tenant,
            code_id=secrets.token_hex(8),
            salt=salt,
            code_hash=_hash(code, salt),
            expires_at=told(now + CODE_LIFE),
            tries_left=CODE_TRIES,
        )
    )
    return f"{code[:4]}-{code[4:]}"


def redeem(
    connection: Connection, tenant: str, code: str, public_key: bytes, name: str, now: datetime
) -> Station | None:
    """The station, enrolled; None when the code is not valid, its try already counted (commit it either way)."""
    typed = "".join(letter for letter in code.upper()[:64] if letter in _ALPHABET)
    is_open = (codes.c.tenant_id == tenant) & (codes.c.used_by.is_(None)) & (codes.c.tries_left > 0)
    is_open &= codes.c.expires_at > told(now)
    matching = None
    for row in connection.execute(select(codes).where(is_open).with_for_update()):
        if hmac.compare_digest(_hash(typed, row.salt), row.code_hash):  # no early end: every code takes its time
            matching = row
    if matching is None:
        connection.execute(update(codes).where(is_open).values(tries_left=codes.c.tries_left - 1))
        return None
    station = enrol(connection, tenant, public_key, name, now)
    connection.execute(
        update(codes)
        .where(codes.c.tenant_id == tenant, codes.c.code_id == matching.code_id)
        .values(used_by=station.key_id)
    )
    return station


def enrol(connection: Connection, tenant: str, public_key: bytes, name: str, now: datetime) -> Station:
    """Trust this key from now on; enrolling it again changes nothing, and a revoked key stays revoked (Refusal)."""
    if len(public_key) != 32:
        raise refusal.wrong_request("La clé publique doit avoir 32 octets.", "The public key must be 32 bytes long.")
    key_id = key_id_of(public_key)
    known = find_stations(connection, tenant, (key_id,)).get(key_id)
    if known is not None:
        if known.revoked_from_index is not None:
            raise refusal.revoked_key()
        return known
    station = Station(key_id=key_id, name=clean(name, 80) or key_id[:8], public_key=public_key)
    connection.execute(
        insert(stations).values(
            tenant_id=tenant, key_id=key_id, public_key=public_key, name=station.name, enrolled_at=told(now)
        )
    )
    return station


def revoke(connection: Connection, tenant: str, key_id: str, from_log_index: int, now: datetime) -> None:
    """Records of this key at or after `from_log_index` no longer count; earlier ones stay valid."""
    known = find_stations(connection, tenant, (key_id,)).get(key_id)
    if known is None:
        raise UsageError(
            fr=f"Aucun poste n'a la clé {key_id}. Voir la liste des postes.",
            en=f"No station has the key {key_id}. See the list of stations.",
        )
    if known.revoked_from_index is not None:  # a revocation can reach further back, never be lifted
        from_log_index = min(from_log_index, known.revoked_from_index)
    connection.execute(
        update(stations)
        .where(stations.c.tenant_id == tenant, stations.c.key_id == key_id)
        .values(revoked_at=told(now), revoked_from_index=from_log_index)
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
        key_id=row.key_id, name=row.name, public_key=row.public_key, revoked_from_index=row.revoked_from_index
    )


def _hash(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, n=1 << 12, r=8, p=1)
