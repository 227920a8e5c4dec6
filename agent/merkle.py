"""The append-only log: RFC 6962 hashing and proofs, C2SP checkpoints, and the receipt an upload gets.

Pure functions over hashes; who stores them is not known here. Complete subtrees are named (level, index): the node
covering leaves [index·2^level, (index+1)·2^level). https://c2sp.org/tlog-checkpoint https://c2sp.org/signed-note
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, Protocol

import msgspec

from agent.envelope import canonical, from_base64, load_json
from agent.errors import EnvelopeError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_BYTES = 32
RECEIPT_MOST = 64 << 10
_ED25519 = b"\x01"  # signed-note algorithm byte

Node = tuple[int, int, bytes]  # level, index, hash


class NodeReader(Protocol):
    """Where the hashes of complete subtrees are kept."""

    def get(self, level: int, index: int) -> bytes: ...


class ListedNodes:
    """A NodeReader over all leaf hashes in memory."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self._levels: list[Sequence[bytes]] = [leaf_hashes]

    def get(self, level: int, index: int) -> bytes:
        while len(self._levels) <= level:
            below = self._levels[-1]
            self._levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
        return self._levels[level][index]


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


# --- growing ----------------------------------------------------------------------------------------------------------


class Frontier(msgspec.Struct, frozen=True, kw_only=True):
    """Enough of a log to append to it: its size and the hashes of its complete subtrees, largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "tuple[Frontier, tuple[Node, ...]]":
        """The frontier with one more leaf hash, and the nodes this completes, the leaf's own first."""
        hashes, level, index = list(self.hashes), 0, self.size
        completed = [(0, index, leaf)]
        while index & 1:
            leaf = node_hash(hashes.pop(), leaf)
            level, index = level + 1, index >> 1
            completed.append((level, index, leaf))
        return Frontier(size=self.size + 1, hashes=(*hashes, leaf)), tuple(completed)

    def root(self) -> bytes:
        return _fold(self.hashes)

    def to_bytes(self) -> bytes:
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Frontier":
        size, rest = int.from_bytes(raw[:8], "big"), raw[8:]
        if len(raw) < 8 or len(rest) != HASH_BYTES * size.bit_count():
            raise ValueError("not a frontier")
        return cls(size=size, hashes=tuple(rest[i : i + HASH_BYTES] for i in range(0, len(rest), HASH_BYTES)))

    @classmethod
    def of(cls, nodes: NodeReader, size: int) -> "Frontier":
        """The frontier of the first `size` leaves, read from stored nodes."""
        return cls(size=size, hashes=tuple(nodes.get(*place) for place in _cover(0, size)))


def _cover(start: int, end: int) -> list[tuple[int, int]]:
    """The fewest complete subtrees covering leaves [start, end), left to right, where start is aligned to its span."""
    places = []
    while start < end:
        level = (end - start).bit_length() - 1
        places.append((level, start >> level))
        start += 1 << level
    return places


def _fold(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    total = hashes[-1]
    for left in reversed(hashes[:-1]):
        total = node_hash(left, total)
    return total


def _range_hash(nodes: NodeReader, start: int, end: int) -> bytes:
    return _fold([nodes.get(*place) for place in _cover(start, end)])


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The Merkle tree head of these leaf hashes."""
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier, _ = frontier.append(leaf)
    return frontier.root()


def root_from(nodes: NodeReader, size: int) -> bytes:
    return _range_hash(nodes, 0, size)


# --- proofs: RFC 6962 §2.1, verified as in RFC 9162 §2.1.3.2 and §2.1.4.2 ---------------------------------------------


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int, size: int) -> list[bytes]:
    return inclusion_proof_from(ListedNodes(leaf_hashes), index, size)


def inclusion_proof_from(nodes: NodeReader, index: int, size: int) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of the first `size` leaves, nearest first."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a log of {size}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range_hash(nodes, middle, end))
            end = middle
        else:
            proof.append(_range_hash(nodes, start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(leaf_hashes: Sequence[bytes], old_size: int, size: int) -> list[bytes]:
    return consistency_proof_from(ListedNodes(leaf_hashes), old_size, size)


def consistency_proof_from(nodes: NodeReader, old_size: int, size: int) -> list[bytes]:
    """The hashes showing that the log of `size` leaves begins with the log of `old_size`; empty when that is plain."""
    if not 0 <= old_size <= size:
        raise ValueError(f"no log of {old_size} in a log of {size}")
    if old_size in (0, size):
        return []
    proof: list[bytes] = []
    start, end, old_end, is_whole = 0, size, old_size, True
    while old_end != end:
        middle = start + _split(end - start)
        if old_end <= middle:
            proof.append(_range_hash(nodes, middle, end))
            end = middle
        else:
            proof.append(_range_hash(nodes, start, middle))
            start, is_whole = middle, False
    if not is_whole:
        proof.append(_range_hash(nodes, start, end))
    return proof[::-1]


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Returns if the leaf hash is at `index` of the log with this root; raises EnvelopeError otherwise."""
    if not 0 <= index < size:
        _refuse_proof()
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            _refuse_proof()
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last or found != root:
        _refuse_proof()


def verify_consistency(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Returns if the log of `size` begins with the log of `old_size`; raises EnvelopeError otherwise."""
    if not 0 <= old_size <= size:
        _refuse_proof()
    if old_size in (0, size):
        if proof or old_root != (EMPTY_ROOT if old_size == 0 else root):
            _refuse_proof()
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        _refuse_proof()
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_found = found = path[0]
    for sibling in path[1:]:
        if last == 0:
            _refuse_proof()
        if place & 1 or place == last:
            old_found, found = node_hash(sibling, old_found), node_hash(sibling, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last or old_found != old_root or found != root:
        _refuse_proof()


def _refuse_proof() -> NoReturn:
    raise EnvelopeError(
        fr="La preuve de l'inventaire ne tient pas : cette fiche n'est pas dans le journal annoncé.",
        en="The inventory's proof does not hold: this record is not in the log it announces.",
    )


# --- checkpoints ------------------------------------------------------------------------------------------------------


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The log as the inventory commits to it: how many leaves, their root, and (its own word) when."""

    origin: str  # "host/tenant"
    size: int
    root: bytes
    time: str | None = None  # UTC ISO 8601, in an extension line


def sign_checkpoint(checkpoint: Checkpoint, key: "Ed25519PrivateKey", name: str) -> str:
    """A C2SP signed note over this checkpoint."""
    body = _note_body(checkpoint)
    signature = _key_hash(name, key.public_key().public_bytes_raw()) + key.sign(body.encode())
    return f"{body}\n— {name} {_b64(signature)}\n"


def open_checkpoint(text: str, public_key: "Ed25519PublicKey", name: str) -> Checkpoint:
    """The checkpoint, if `public_key` signed it under `name`; other signatures (witnesses) are left aside."""
    from cryptography.exceptions import InvalidSignature

    body, blank, signatures = text.rpartition("\n\n")
    body += "\n"
    lines = signatures.removesuffix("\n").split("\n")
    if not blank or not signatures.endswith("\n") or len(lines) > 16:
        _refuse_note()
    expected = _key_hash(name, public_key.public_bytes_raw())
    ours = [line.removeprefix(f"— {name} ") for line in lines if line.startswith(f"— {name} ")]
    found = [data for data in map(from_base64, ours) if data[:4] == expected]
    if len(found) != 1 or not all(line.startswith("— ") for line in lines):
        _refuse_note()
    try:
        public_key.verify(found[0][4:], body.encode())
        return _parse_body(body)
    except (InvalidSignature, ValueError) as error:
        _refuse_note(error)


def _note_body(checkpoint: Checkpoint) -> str:
    extension = f"time {checkpoint.time}\n" if checkpoint.time else ""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{_b64(checkpoint.root)}\n{extension}"


def _parse_body(body: str) -> Checkpoint:
    origin, size, root_text, *extensions = body.removesuffix("\n").split("\n")
    time = next((line.removeprefix("time ") for line in extensions if line.startswith("time ")), None)
    root_hash = from_base64(root_text)
    if not origin or not size.isascii() or not size.isdigit() or str(int(size)) != size or len(size) > 16:
        raise ValueError("size")
    if len(root_hash) != HASH_BYTES:
        raise ValueError("root")
    return Checkpoint(origin=origin, size=int(size), root=root_hash, time=time)


def _key_hash(name: str, raw_public: bytes) -> bytes:
    if not name or any(c.isspace() or c == "+" for c in name):
        raise ValueError(f"a log's name has no space and no plus sign: {name!r}")
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + raw_public).digest()[:4]


def _refuse_note(cause: Exception | None = None) -> NoReturn:
    raise EnvelopeError(
        fr="Le reçu n'est pas signé par cet inventaire.", en="The receipt is not signed by this inventory."
    ) from cause


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


# --- receipts ---------------------------------------------------------------------------------------------------------


class Leaf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the log says of one record. Never personal text: it can never be taken back."""

    digest: str
    key_id: str
    received_at: str
    tenant: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The inventory's signed word that it holds a record, for ever verifiable with one public key."""

    record_digest: str
    index: int
    leaf: Leaf
    checkpoint: str  # signed note
    proof: tuple[str, ...]  # inclusion proof, base64


def record_leaf(digest: str, key_id: str, tenant: str, received_at: str) -> bytes:
    """The leaf's data: canonical JSON."""
    return canonical(Leaf(digest=digest, key_id=key_id, tenant=tenant, received_at=received_at))


def make_receipt(leaf: Leaf, index: int, checkpoint: str, proof: Sequence[bytes]) -> bytes:
    """A receipt as sent. `checkpoint` is the signed note of the log size the proof was made for."""
    receipt = Receipt(
        record_digest=leaf.digest,
        index=index,
        leaf=leaf,
        checkpoint=checkpoint,
        proof=tuple(_b64(hash_) for hash_ in proof),
    )
    return canonical(receipt)


def check_receipt(receipt_bytes: bytes, record_digest: str, log_public_key: "Ed25519PublicKey", origin: str) -> Receipt:
    """The receipt, if the log of `origin` signed that it holds the record `record_digest`; EnvelopeError otherwise."""
    if len(receipt_bytes) > RECEIPT_MOST:
        _refuse_note()
    try:
        receipt = msgspec.convert(load_json(receipt_bytes, 4), Receipt, strict=True)
    except msgspec.ValidationError as error:
        _refuse_note(error)
    if receipt.record_digest != record_digest or receipt.leaf.digest != record_digest:
        raise EnvelopeError(fr="Ce reçu est celui d'une autre fiche.", en="This receipt is for another record.")
    checkpoint = open_checkpoint(receipt.checkpoint, log_public_key, origin)
    if checkpoint.origin != origin:
        _refuse_note()
    leaf = leaf_hash(canonical(receipt.leaf))
    verify_inclusion(leaf, receipt.index, checkpoint.size, [from_base64(h) for h in receipt.proof], checkpoint.root)
    return receipt
