"""Records, a station and a small honest inventory for the tests of outbox, delivery and verification."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent import merkle
from agent.envelope import digest_of, key_id_of, open_, seal
from agent.facts import Cpu, Disk, Machine, Memory, System
from agent.record import Record, build_payload, moment, parse_payload, uuid7

NOW = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
STATION = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY_ID = key_id_of(STATION.public_key())
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
LOG_RAW = LOG.public_key().public_bytes_raw()
ORIGIN = "rebond-test/atelier"

MACHINE = Machine(
    system=System(maker="Exemple", product="Étude 14", serial="EX4MPLE99", uuid="4c4c4544-0051-4a10-8056-b7c04f4e3232"),
    cpu=Cpu(model_name="Exemple i5", cores=4),
    memory=Memory(fitted_bytes=8 << 30),
    disks=(Disk(name="sda", identity="ab" * 32, size_bytes=256_060_514_304),),
)
VERDICT = {"profile": "famille-linux", "outcome": "refurbish", "class": "refurbishable", "reasons": []}


def record(number: int, seq: int = 1, prev: str | None = None, **changes: Any) -> Record:
    """The number makes it one of its kind."""
    made = Record(
        id=uuid7(NOW, lambda size: number.to_bytes(size, "big")),
        kind="triage",
        made_at=moment(NOW),
        station=KEY_ID,
        machine=MACHINE,
        verdicts=(VERDICT,),
        agent_version="0.1.0",
        seq=seq,
        prev=prev,
    )
    return msgspec.structs.replace(made, **changes)


def sealed(number: int, key: Ed25519PrivateKey = STATION) -> Callable[[int, str | None], bytes]:
    """What Outbox.add wants: the envelope, once its place in the chain is known."""
    return lambda seq, prev: seal(build_payload(record(number, seq, prev)), key)


class Answer:
    def __init__(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status
        self.headers = dict(headers or {})
        self._body = body

    def iter_content(self, chunk_size: int) -> Iterable[bytes]:
        return (self._body[i : i + chunk_size] for i in range(0, len(self._body), chunk_size))

    def close(self) -> None:
        pass


class SmallInventory:
    """An inventory in memory that is also the client: it keeps envelopes, logs them once, and signs receipts.

    `troubles` are played first, one per PUT: an Answer to give instead of storing, an exception to raise instead, or
    "lost": the record is stored and the answer is lost.
    """

    def __init__(self, troubles: Iterable[Answer | Exception | str] = ()) -> None:
        self.troubles = list(troubles)
        self.stored: dict[str, bytes] = {}
        self.receipts: dict[str, bytes] = {}
        self.leaves: list[bytes] = []
        self.asked: list[str] = []
        self.key_id_logged: str | None = None  # a lie: log records under this key

    def request(self, method: str, url: str, **options: Any) -> Answer:
        self.asked.append(f"{method} {url}")
        assert options["allow_redirects"] is False and options["timeout"]
        if method == "GET":
            return self._consistency(url)
        trouble = self.troubles.pop(0) if self.troubles else None
        if isinstance(trouble, Exception):
            raise trouble
        if isinstance(trouble, Answer):
            return trouble
        answer = self.put(url.rpartition("/")[2], options["data"])
        if trouble == "lost":
            raise ConnectionResetError("the answer is lost")
        return answer

    def put(self, digest: str, raw: bytes) -> Answer:
        opened = open_(raw, [STATION.public_key()])
        assert opened.digest == digest == digest_of(opened.payload)
        parse_payload(opened.payload)
        if digest in self.stored:
            return Answer(200, self.receipts[digest])
        self.stored[digest] = raw
        key_id = self.key_id_logged or opened.key_id
        leaf = merkle.Leaf(digest=digest, key_id=key_id, tenant="atelier", received_at=moment(NOW))
        self.leaves.append(
            merkle.leaf_hash(merkle.record_leaf(leaf.digest, leaf.key_id, leaf.tenant, leaf.received_at))
        )
        size = len(self.leaves)
        proof = merkle.inclusion_proof(self.leaves, size - 1, size)
        self.receipts[digest] = merkle.make_receipt(leaf, size - 1, self.checkpoint(size), proof)
        return Answer(201, self.receipts[digest], {"Date": "Mon, 09 Mar 2026 14:06:40 GMT"})

    def checkpoint(self, size: int) -> str:
        root = merkle.root(self.leaves[:size])
        checkpoint = merkle.Checkpoint(origin=ORIGIN, size=size, root=root, time=moment(NOW))
        return merkle.sign_checkpoint(checkpoint, LOG, ORIGIN)

    def _consistency(self, url: str) -> Answer:
        old, new = (int(part.partition("=")[2]) for part in url.partition("?")[2].split("&"))
        if new > len(self.leaves):
            return said(400, "wrong-request")
        proof = merkle.consistency_proof(self.leaves, old, new)
        return Answer(200, json.dumps({"proof": [merkle._b64(hash_) for hash_ in proof]}).encode())


def said(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An error in the inventory's own words."""
    body = {"error": code, "fr": f"Refus : {code}.", "en": f"Refused: {code}."}
    return Answer(status, json.dumps(body).encode(), headers)
