"""The append-only log in the database: leaves, complete subtrees and signed checkpoints, one log for each tenant.

Nothing of it is held in memory between commits, so several processes may append. The private key stays in the folder,
never in the database: who copies the database alone cannot sign a receipt.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, func, insert, select, tuple_

from agent.envelope import key_id_of
from agent.errors import StorageError
from agent.inventory.moment import told
from agent.inventory.schema import checkpoints, leaves, nodes, tenants
from agent.inventory.settings import Settings
from agent.merkle import (
    Checkpoint,
    Frontier,
    Leaf,
    Node,
    consistency_proof_from,
    inclusion_proof_from,
    leaf_hash,
    make_receipt,
    record_leaf,
    sign_checkpoint,
)

_KEY_FILE = "log.key"
Places = dict[tuple[int, int], bytes]


class StoredNodes:
    """merkle's NodeReader over the database; `held` answers first."""

    def __init__(self, connection: Connection, tenant: str, held: Places | None = None) -> None:
        self._connection = connection
        self._tenant = tenant
        self._held: Places = {} if held is None else held

    def get(self, level: int, index: int) -> bytes:
        place = (level, index)
        if place not in self._held:
            self._held |= read_nodes(self._connection, self._tenant, [place])
        return self._held[place]


def read_nodes(connection: Connection, tenant: str, places: Sequence[tuple[int, int]]) -> Places:
    if not places:
        return {}
    found = connection.execute(
        select(nodes.c.level, nodes.c.position, nodes.c.hash).where(
            nodes.c.tenant_id == tenant, tuple_(nodes.c.level, nodes.c.position).in_(places)
        )
    )
    return {(row.level, row.position): row.hash for row in found}


class Log:
    """One tenant's log: its name, its key, and what can be asked of it inside a transaction."""

    def __init__(self, tenant: str, origin: str, key: Ed25519PrivateKey) -> None:
        self.tenant = tenant
        self.origin = origin
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()

    def size(self, connection: Connection) -> int:
        last = connection.scalar(select(func.max(checkpoints.c.log_size)).where(checkpoints.c.tenant_id == self.tenant))
        return int(last or 0)

    def append(
        self, connection: Connection, size: int, records: Sequence[tuple[str, str]], received_at: str
    ) -> list[bytes]:
        """Log (digest, key id) pairs after the first `size` leaves, sign one checkpoint, give each its receipt."""
        held = read_nodes(connection, self.tenant, _cover(size))
        frontier = Frontier.of(StoredNodes(connection, self.tenant, held), size)
        grown: list[Node] = []
        for digest, key_id in records:
            leaf = leaf_hash(record_leaf(digest, key_id, self.tenant, received_at))
            frontier, completed = frontier.append(leaf)
            grown += completed
        note = self._sign(connection, frontier, received_at)
        self._insert(connection, size, records, grown, received_at)
        # Left of a new leaf's path stands only what the old frontier held or this batch completed: no node is read.
        reader = StoredNodes(connection, self.tenant, held | {(level, at): hash_ for level, at, hash_ in grown})
        return [
            make_receipt(
                Leaf(digest=digest, key_id=key_id, tenant=self.tenant, received_at=received_at),
                index,
                note,
                inclusion_proof_from(reader, index, frontier.size),
            )
            for index, (digest, key_id) in enumerate(records, size)
        ]

    def _sign(self, connection: Connection, frontier: Frontier, at: str) -> str:
        checkpoint = Checkpoint(origin=self.origin, size=frontier.size, root=frontier.root(), time=at)
        note = sign_checkpoint(checkpoint, self._key, self.origin)
        connection.execute(insert(checkpoints).values(tenant_id=self.tenant, log_size=frontier.size, note=note))
        return note

    def _insert(
        self,
        connection: Connection,
        size: int,
        records: Sequence[tuple[str, str]],
        grown: Sequence[Node],
        received_at: str,
    ) -> None:
        connection.execute(
            insert(leaves),
            [
                {
                    "tenant_id": self.tenant,
                    "log_index": index,
                    "digest": digest,
                    "key_id": key_id,
                    "received_at": received_at,
                }
                for index, (digest, key_id) in enumerate(records, size)
            ],
        )
        connection.execute(
            insert(nodes),
            [
                {"tenant_id": self.tenant, "level": level, "position": position, "hash": hash_}
                for level, position, hash_ in grown
            ],
        )

    def checkpoint(self, connection: Connection, now: datetime) -> str:
        """The newest signed note; an empty log is signed on demand."""
        note = connection.scalar(
            select(checkpoints.c.note)
            .where(checkpoints.c.tenant_id == self.tenant)
            .order_by(checkpoints.c.log_size.desc())
            .limit(1)
        )
        if note is not None:
            return str(note)
        empty = Checkpoint(origin=self.origin, size=0, root=Frontier().root(), time=told(now))
        return sign_checkpoint(empty, self._key, self.origin)

    def receipt(self, connection: Connection, log_index: int) -> bytes:
        """The receipt first given for this leaf, byte for byte: same checkpoint, same proof."""
        leaf = connection.execute(
            select(leaves).where(leaves.c.tenant_id == self.tenant, leaves.c.log_index == log_index)
        ).one()
        first = connection.execute(
            select(checkpoints.c.log_size, checkpoints.c.note)
            .where(checkpoints.c.tenant_id == self.tenant, checkpoints.c.log_size > log_index)
            .order_by(checkpoints.c.log_size)
            .limit(1)
        ).one()
        reader = StoredNodes(connection, self.tenant)
        return make_receipt(
            Leaf(digest=leaf.digest, key_id=leaf.key_id, tenant=self.tenant, received_at=leaf.received_at),
            log_index,
            first.note,
            inclusion_proof_from(reader, log_index, first.log_size),
        )

    def consistency(self, connection: Connection, old_size: int, size: int) -> list[bytes]:
        """The proof that the log only grew; ValueError when there is no such pair of sizes."""
        if size > self.size(connection):
            raise ValueError(f"no log of {size}")
        return consistency_proof_from(StoredNodes(connection, self.tenant), old_size, size)

    def inclusion(self, connection: Connection, log_index: int, size: int) -> list[bytes]:
        """The proof that leaf `log_index` is in the log of `size`; ValueError when there is no such place."""
        if size > self.size(connection):
            raise ValueError(f"no log of {size}")
        return inclusion_proof_from(StoredNodes(connection, self.tenant), log_index, size)


def _cover(size: int) -> list[tuple[int, int]]:
    """The complete subtrees of a log of this size, largest first: one for each bit of its size."""
    places, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            places.append((level, start >> level))
            start += 1 << level
    return places


def open_log(connection: Connection, settings: Settings, now: datetime) -> Log:
    """The tenant's log, made at the first start; StorageError when the folder's key is not the database's."""
    known = connection.execute(select(tenants).where(tenants.c.tenant_id == settings.tenant)).one_or_none()
    path = settings.folder / _KEY_FILE
    key = _read_key(path) if known is not None or path.exists() else _make_key(path)
    public = key.public_key().public_bytes_raw()
    if known is None:
        origin = f"rebond-{key_id_of(public)[:12]}/{settings.tenant}"
        connection.execute(
            insert(tenants).values(
                tenant_id=settings.tenant, origin=origin, log_public_key=public, created_at=told(now)
            )
        )
        return Log(settings.tenant, origin, key)
    if known.log_public_key != public:
        raise _wrong_key(path)
    return Log(settings.tenant, known.origin, key)


def _make_key(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    # Whole or not there: half a key after a power cut would lock the folder for ever.
    temporary = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes_raw())
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return key


def _read_key(path: Path) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _wrong_key(path) from error


def _wrong_key(path: Path) -> StorageError:
    return StorageError(
        fr=f"La clé du registre ({path}) manque ou n'est pas celle de cette base. Remettez la clé sauvegardée.",
        en=f"The log's key ({path}) is missing or is not this database's. Put the saved key back.",
    )
