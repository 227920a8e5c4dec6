"""The one place that writes records: a batch is checked against what is stored, logged and indexed in one transaction.

The envelope is kept as the very bytes received. What conflicts with the stored records is refused here, inside the
transaction, so that two uploads at once cannot both win.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine, delete, func, insert, select, tuple_, update

from agent.envelope import public_key
from agent.inventory import index, refusal
from agent.inventory.database import write
from agent.inventory.enrol import Station, find_stations
from agent.inventory.intake import SetAside, Upload, check
from agent.inventory.log import Log
from agent.inventory.moment import told
from agent.inventory.refusal import Refusal
from agent.inventory.schema import alarms, envelopes, leaves, quarantine, records
from agent.inventory.sessions import lock_log


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """The record is durable; `receipt` proves its place in the log."""

    receipt: bytes
    is_first: bool


class Neighbours(msgspec.Struct, kw_only=True):
    """What is stored, or already taken in this batch, that an upload may conflict with."""

    places: dict[str, int]  # digest → log index
    record_ids: dict[str, str]  # record id → digest
    chain: dict[tuple[str, int], list[tuple[str, str | None]]]  # (key, seq) → (digest, prev), several once forks count
    forks: set[str]  # refused as another chain of their key: what follows upon them is of that chain too


class Store:
    """Durable storage of one tenant. Safe from several threads and processes: every commit locks first."""

    def __init__(self, engine: Engine, log: Log, *, clock: Callable[[], datetime], quarantine_limit_bytes: int) -> None:
        self._engine = engine
        self._log = log
        self._tenant = log.tenant
        self._clock = clock
        self._quarantine_limit_bytes = quarantine_limit_bytes
        self._keys: dict[str, Ed25519PublicKey] = {}

    def keys(self, key_ids: tuple[str, ...]) -> dict[str, Ed25519PublicKey]:
        """The enrolled keys among these, revoked ones too: the transaction decides on revocation.

        Only what is found is remembered (a key id never changes its key), so a new station is known at once.
        """
        missing = tuple(key_id for key_id in key_ids if key_id not in self._keys)
        if missing:
            with self._engine.connect() as connection:
                found = find_stations(connection, self._tenant, missing)
            self._keys |= {key_id: public_key(station.public_key) for key_id, station in found.items()}
        return {key_id: self._keys[key_id] for key_id in key_ids if key_id in self._keys}

    def commit(self, items: Sequence[Upload | SetAside], *, forks_too: bool = False) -> list[Stored | Refusal]:
        """One outcome per item, in order; nothing is stored when it raises.

        `forks_too`: somebody has looked at the two chains of a key, and both count.
        """
        now = self._clock()
        received_at = told(now)
        uploads = [item for item in items if isinstance(item, Upload)]
        with write(self._engine) as connection:
            size = lock_log(connection, self._log, now)
            near = self._neighbours(connection, uploads)
            stations = find_stations(connection, self._tenant, tuple({item.key_id for item in uploads}))
            fresh: list[Upload] = []
            outcomes: list[Stored | Refusal | None] = []
            aside: list[tuple[Upload | SetAside, Refusal, str | None]] = []
            for item in items:
                if isinstance(item, SetAside):
                    refused, against = item.refused, None
                elif item.digest in near.places:
                    outcomes.append(None)
                    continue
                else:
                    station = stations.get(item.key_id)
                    revoked = station is None or station.is_revoked_at(size + len(fresh))
                    conflict = (_revoked(station), None) if revoked else _conflict(item, near, forks_too)
                    if conflict is None:
                        _take(item, size + len(fresh), near)
                        fresh.append(item)
                        outcomes.append(None)
                        continue
                    refused, against = conflict
                    if refused.word == refusal.FORK:
                        near.forks.add(item.digest)
                outcomes.append(refused)
                aside.append((item, refused, against))
            receipts = self._append(connection, size, fresh, received_at)
            self._set_aside(connection, aside, received_at)
            first = {item.digest for item in fresh}
            return [
                outcome or self._stored(connection, item, near, receipts, first)
                for item, outcome in zip(items, outcomes, strict=True)
            ]

    def _stored(
        self,
        connection: Connection,
        item: Upload | SetAside,
        near: Neighbours,
        receipts: dict[str, bytes],
        first: set[str],
    ) -> Stored:
        receipt = receipts.get(item.digest) or self._log.receipt(connection, near.places[item.digest])
        is_first = item.digest in first
        first.discard(item.digest)  # an identical upload of the same batch is not the first
        return Stored(receipt=receipt, is_first=is_first)

    def _neighbours(self, connection: Connection, uploads: Sequence[Upload]) -> Neighbours:
        if not uploads:
            return Neighbours(places={}, record_ids={}, chain={}, forks=set())
        digests = [item.digest for item in uploads]
        places = connection.execute(
            select(leaves.c.digest, leaves.c.log_index).where(
                leaves.c.tenant_id == self._tenant, leaves.c.digest.in_(digests)
            )
        )
        ids = [item.row.record_id for item in uploads]
        taken = connection.execute(
            select(records.c.record_id, records.c.digest).where(
                records.c.tenant_id == self._tenant, records.c.record_id.in_(ids)
            )
        )
        links = {(item.key_id, seq) for item in uploads for seq in (item.row.seq - 1, item.row.seq, item.row.seq + 1)}
        chained = connection.execute(
            select(records.c.key_id, records.c.seq, records.c.digest, records.c.prev).where(
                records.c.tenant_id == self._tenant, tuple_(records.c.key_id, records.c.seq).in_(links)
            )
        )
        forks = connection.scalars(
            select(quarantine.c.digest).where(
                quarantine.c.tenant_id == self._tenant,
                quarantine.c.why == refusal.FORK,
                quarantine.c.digest.in_({item.row.prev for item in uploads if item.row.prev}),
            )
        )
        chain: dict[tuple[str, int], list[tuple[str, str | None]]] = {}
        for row in chained:
            chain.setdefault((row.key_id, row.seq), []).append((row.digest, row.prev))
        return Neighbours(
            places={row.digest: row.log_index for row in places},
            record_ids={row.record_id: row.digest for row in taken},
            chain=chain,
            forks=set(forks),
        )

    def _append(self, connection: Connection, size: int, fresh: Sequence[Upload], received_at: str) -> dict[str, bytes]:
        if not fresh:
            return {}
        receipts = self._log.append(connection, size, [(item.digest, item.key_id) for item in fresh], received_at)
        connection.execute(
            insert(envelopes),
            [{"tenant_id": self._tenant, "digest": item.digest, "raw": item.raw} for item in fresh],
        )
        placed = [
            index.Placed(item.row, item.digest, item.key_id, size + position, received_at)
            for position, item in enumerate(fresh)
        ]
        index.insert_rows(connection, self._tenant, placed)
        return {item.digest: receipt for item, receipt in zip(fresh, receipts, strict=True)}

    def _set_aside(
        self,
        connection: Connection,
        aside: Sequence[tuple[Upload | SetAside, Refusal, str | None]],
        received_at: str,
    ) -> None:
        if not aside:
            return
        held = connection.scalar(
            select(func.coalesce(func.sum(quarantine.c.size_bytes), 0)).where(quarantine.c.tenant_id == self._tenant)
        )
        room_bytes = self._quarantine_limit_bytes - int(held or 0)
        for item, refused, against in aside:
            raw_digest = hashlib.sha256(item.raw).hexdigest()
            if refused.alarm:
                self._raise_alarm(connection, item, refused, against, raw_digest, received_at)
            is_kept = select(quarantine.c.raw_digest).where(
                quarantine.c.tenant_id == self._tenant, quarantine.c.raw_digest == raw_digest
            )
            if not refused.keep or len(item.raw) > room_bytes or connection.scalar(is_kept):
                continue
            room_bytes -= len(item.raw)
            connection.execute(
                insert(quarantine).values(
                    tenant_id=self._tenant,
                    raw_digest=raw_digest,
                    digest=item.digest,
                    key_id=item.key_id,
                    why=refused.word,
                    received_at=received_at,
                    size_bytes=len(item.raw),
                    raw=item.raw,
                )
            )

    def _raise_alarm(
        self,
        connection: Connection,
        item: Upload | SetAside,
        refused: Refusal,
        against: str | None,
        raw_digest: str,
        at: str,
    ) -> None:
        alarm_id = hashlib.sha256(f"{refused.word} {raw_digest}".encode()).hexdigest()
        same = (alarms.c.tenant_id == self._tenant) & (alarms.c.alarm_id == alarm_id)
        if connection.scalar(select(alarms.c.alarm_id).where(same)):
            connection.execute(update(alarms).where(same).values(times=alarms.c.times + 1))
            return
        connection.execute(
            insert(alarms).values(
                tenant_id=self._tenant,
                alarm_id=alarm_id,
                kind=refused.word,
                raised_at=at,
                times=1,
                key_id=item.key_id,
                digest=item.digest,
                against=against,
            )
        )

    def readmit(self, key_id: str, *, forks_too: bool = False) -> int:
        """Try again what waits in quarantine under this key, one by one; how many were admitted."""
        whys = ("unknown-key", "wrong-record", *((refusal.FORK,) if forks_too else ()))
        with self._engine.connect() as connection:
            waiting = connection.execute(
                select(quarantine.c.raw_digest, quarantine.c.digest, quarantine.c.raw)
                .where(
                    quarantine.c.tenant_id == self._tenant,
                    quarantine.c.key_id == key_id,
                    quarantine.c.why.in_(whys),
                )
                .order_by(quarantine.c.received_at)
            ).all()
        admitted = 0
        for row in waiting:
            try:
                upload = check(row.digest, row.raw, self.keys)
            except Refusal:
                continue
            outcome = self.commit([upload], forks_too=forks_too)[0]
            if isinstance(outcome, Stored):
                admitted += 1
            with write(self._engine) as connection:
                gone = (quarantine.c.tenant_id == self._tenant) & (quarantine.c.raw_digest == row.raw_digest)
                if isinstance(outcome, Stored):
                    connection.execute(delete(quarantine).where(gone))
                else:
                    connection.execute(update(quarantine).where(gone).values(why=outcome.word))
        return admitted


def _revoked(station: Station | None) -> Refusal:
    return refusal.session_over() if station and station.session else refusal.revoked_key()


def _conflict(item: Upload, near: Neighbours, forks_too: bool) -> tuple[Refusal, str | None] | None:
    """The stored record this one cannot stand beside: same id, same place in the chain, or another predecessor."""
    other = near.record_ids.get(item.row.record_id)
    if other is not None:
        return refusal.same_id(), other
    if forks_too:
        return None
    if item.row.prev in near.forks:
        return refusal.chain_fork(), item.row.prev
    for digest, _ in near.chain.get((item.key_id, item.row.seq), ()):
        return refusal.chain_fork(), digest
    before = [digest for digest, _ in near.chain.get((item.key_id, item.row.seq - 1), ())]
    if before and item.row.prev not in before:
        return refusal.chain_fork(), before[0]
    after = near.chain.get((item.key_id, item.row.seq + 1), ())
    if after and item.digest not in [prev for _, prev in after]:
        return refusal.chain_fork(), after[0][0]
    return None


def _take(item: Upload, log_index: int, near: Neighbours) -> None:
    near.places[item.digest] = log_index
    near.record_ids[item.row.record_id] = item.digest
    near.chain.setdefault((item.key_id, item.row.seq), []).append((item.digest, item.row.prev))
