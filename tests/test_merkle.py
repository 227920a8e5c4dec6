"""The log: exhaustive against brute force for small sizes, against pymerkle, and every flipped byte of a receipt."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from agent import merkle
from agent.errors import EnvelopeError
from agent.merkle import Checkpoint, Frontier, Leaf, ListedNodes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
LEAVES = [merkle.leaf_hash(b"leaf %d" % i) for i in range(65)]


def head(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + head(leaves[:k]) + head(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), head(leaves[k:])]
    return [*path(m - k, leaves[k:]), head(leaves[:k])]


def subproof(m: int, leaves: list[bytes], is_whole: bool) -> list[bytes]:
    """RFC 6962 §2.1.2."""
    if m == len(leaves):
        return [] if is_whole else [head(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*subproof(m, leaves[:k], is_whole), head(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), head(leaves[:k])]


@pytest.mark.parametrize("size", range(65))
def test_roots_equal_the_definition(size: int) -> None:
    assert merkle.root(LEAVES[:size]) == head(LEAVES[:size])
    assert merkle.root_from(ListedNodes(LEAVES), size) == head(LEAVES[:size])


@pytest.mark.parametrize("size", range(1, 65))
def test_inclusion_proofs_equal_the_definition_and_verify_only_in_place(size: int) -> None:
    root = merkle.root(LEAVES[:size])
    for index in range(size):
        proof = merkle.inclusion_proof(LEAVES, index, size)
        assert proof == path(index, LEAVES[:size])
        merkle.verify_inclusion(LEAVES[index], index, size, proof, root)
        wrong_places = {(other, size) for other in (0, index - 1, index + 1, size - 1, size, -1)} - {(index, size)}
        for other, of in wrong_places:
            with pytest.raises(EnvelopeError):
                merkle.verify_inclusion(LEAVES[index], other, of, proof, root)
        for wrong in (proof[:-1], [*proof, LEAVES[0]], proof[::-1]):
            if wrong != proof:
                with pytest.raises(EnvelopeError):
                    merkle.verify_inclusion(LEAVES[index], index, size, wrong, root)


@pytest.mark.parametrize("size", range(1, 65))
def test_consistency_proofs_equal_the_definition_and_hold_only_for_a_prefix(size: int) -> None:
    root = merkle.root(LEAVES[:size])
    for old in range(size + 1):
        old_root = merkle.root(LEAVES[:old])
        proof = merkle.consistency_proof(LEAVES, old, size)
        assert proof == (subproof(old, LEAVES[:size], True) if old else [])
        merkle.verify_consistency(old, old_root, size, root, proof)
        with pytest.raises(EnvelopeError):
            merkle.verify_consistency(old, LEAVES[64], size, root, proof)
        with pytest.raises(EnvelopeError):
            merkle.verify_consistency(old, old_root, size, root, [*proof, LEAVES[0]])
        if proof:
            with pytest.raises(EnvelopeError):
                merkle.verify_consistency(old, old_root, size, LEAVES[64], proof)
            with pytest.raises(EnvelopeError):
                merkle.verify_consistency(old, old_root, size, root, proof[:-1])


def test_a_log_that_rewrote_a_leaf_is_never_consistent() -> None:
    forged = [*LEAVES[:3], LEAVES[64], *LEAVES[4:20]]
    for old in range(4, 20):
        with pytest.raises(EnvelopeError):
            merkle.verify_consistency(
                old, merkle.root(LEAVES[:old]), 20, merkle.root(forged), merkle.consistency_proof(forged, old, 20)
            )


@pytest.mark.parametrize("call", [(3, 3), (-1, 3), (0, 0)])
def test_no_proof_of_what_is_not_there(call: tuple[int, int]) -> None:
    with pytest.raises(ValueError):
        merkle.inclusion_proof(LEAVES, *call)


def test_pymerkle_agrees_on_roots_and_proofs() -> None:
    tree = InmemoryTree(algorithm="sha256")
    for size in range(1, 65):
        tree.append_entry(b"leaf %d" % (size - 1))
        assert tree.get_root(size) == merkle.root(LEAVES[:size])
    for size in (1, 2, 3, 37, 64):
        for index in range(size):
            path = [bytes.fromhex(step) for step in tree.prove_inclusion(index + 1, size).serialize()["path"]]
            theirs = [step for step in path if step != LEAVES[index]]  # pymerkle lists the leaf itself too
            assert theirs == merkle.inclusion_proof(LEAVES, index, size)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400))
def test_a_frontier_survives_storing_and_grows_like_the_whole_log(size: int) -> None:
    frontier = Frontier()
    stored: dict[tuple[int, int], bytes] = {}
    for i in range(size):
        frontier, nodes = frontier.append(merkle.leaf_hash(b"%d" % i))
        stored |= {(level, index): hash_ for level, index, hash_ in nodes}
        if i % 7 == 0:
            frontier = Frontier.from_bytes(frontier.to_bytes())

    class Stored:
        def get(self, level: int, index: int) -> bytes:
            return stored[level, index]

    assert frontier == Frontier.of(Stored(), size)
    assert frontier.root() == merkle.root_from(Stored(), size)
    assert len(frontier.hashes) == size.bit_count()
    if size:
        index = size // 3
        proof = merkle.inclusion_proof_from(Stored(), index, size)
        merkle.verify_inclusion(merkle.leaf_hash(b"%d" % index), index, size, proof, frontier.root())
        merkle.verify_consistency(
            index + 1, merkle.root_from(Stored(), index + 1), size, frontier.root(),
            merkle.consistency_proof_from(Stored(), index + 1, size),
        )  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"\0" * 7, b"\0" * 9, b"\0" * 7 + b"\3" + b"x" * 32])
def test_a_damaged_frontier_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        Frontier.from_bytes(raw)


# --- checkpoints ------------------------------------------------------------------------------------------------------

ORIGIN = "inventaire.example/atelier"
CHECKPOINT = Checkpoint(origin=ORIGIN, size=64, root=merkle.root(LEAVES[:64]), time="2026-03-09T14:05:00Z")
NOTE = merkle.sign_checkpoint(CHECKPOINT, KEY, ORIGIN)


def test_a_checkpoint_is_a_signed_note() -> None:
    lines = NOTE.split("\n")
    assert lines[:2] == [ORIGIN, "64"]
    assert base64.b64decode(lines[2]) == CHECKPOINT.root
    assert lines[3:5] == ["time 2026-03-09T14:05:00Z", ""]
    assert lines[5].startswith(f"— {ORIGIN} ") and lines[6:] == [""]
    key_hash = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + KEY.public_key().public_bytes_raw()).digest()[:4]
    assert base64.b64decode(lines[5].split(" ")[2])[:4] == key_hash
    assert merkle.open_checkpoint(NOTE, KEY.public_key(), ORIGIN) == CHECKPOINT


def test_a_witness_signature_beside_ours_is_left_aside() -> None:
    witness = merkle.sign_checkpoint(CHECKPOINT, OTHER, "temoin.example").rpartition("\n\n")[2]
    assert merkle.open_checkpoint(NOTE + witness, KEY.public_key(), ORIGIN) == CHECKPOINT


@pytest.mark.parametrize(
    "note",
    [
        "", "\n", NOTE[:-1], NOTE.replace("64", "65", 1), NOTE.replace("—", "-"), NOTE.replace("\n\n", "\n"),
        merkle.sign_checkpoint(CHECKPOINT, OTHER, ORIGIN), merkle.sign_checkpoint(CHECKPOINT, KEY, "autre.example"),
        NOTE + NOTE.rpartition("\n\n")[2], NOTE + "— x\n" * 20, NOTE + "no dash\n",
        merkle.sign_checkpoint(Checkpoint(origin=ORIGIN, size=1, root=b"short"), KEY, ORIGIN),
        merkle.sign_checkpoint(Checkpoint(origin=ORIGIN, size=-1, root=b"x" * 32), KEY, ORIGIN),
        merkle.sign_checkpoint(Checkpoint(origin="", size=1, root=b"x" * 32), KEY, ORIGIN),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_of_ours_is_refused(note: str) -> None:
    with pytest.raises(EnvelopeError):
        merkle.open_checkpoint(note, KEY.public_key(), ORIGIN)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_name_that_would_break_the_note_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        merkle.sign_checkpoint(CHECKPOINT, KEY, name)


# --- receipts ---------------------------------------------------------------------------------------------------------

LEAF = Leaf(digest="d" * 64, key_id="a" * 64, tenant="atelier", received_at="2026-03-09T14:05:00Z")


def receipt(index: int = 5, size: int = 13, leaf: Leaf = LEAF) -> bytes:
    own = merkle.leaf_hash(merkle.record_leaf(leaf.digest, leaf.key_id, leaf.tenant, leaf.received_at))
    hashes = [*LEAVES[:index], own, *LEAVES[index + 1 : size]]
    note = merkle.sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=merkle.root(hashes)), KEY, ORIGIN)
    return merkle.make_receipt(leaf, index, note, merkle.inclusion_proof(hashes, index, size))


def check(raw: bytes) -> merkle.Receipt:
    return merkle.check_receipt(raw, LEAF.digest, KEY.public_key(), ORIGIN)


@pytest.mark.parametrize(("index", "size"), [(0, 1), (5, 13), (12, 13), (0, 64), (63, 64)])
def test_a_receipt_is_accepted_as_made(index: int, size: int) -> None:
    found = check(receipt(index, size))
    assert found.index == index and found.leaf == LEAF


@pytest.mark.parametrize("index", [0, 5, 12])
def test_every_flipped_byte_of_a_receipt_is_refused(index: int) -> None:
    raw = receipt(index)
    for place in range(len(raw)):
        for flip in (0x01, 0x04, 0x20, 0x80):
            with pytest.raises(EnvelopeError):
                check(raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :])


def test_a_note_under_our_name_about_another_log_is_refused() -> None:
    leaf = merkle.leaf_hash(merkle.record_leaf(LEAF.digest, LEAF.key_id, LEAF.tenant, LEAF.received_at))
    note = merkle.sign_checkpoint(Checkpoint(origin="autre.example/atelier", size=1, root=leaf), KEY, ORIGIN)
    with pytest.raises(EnvelopeError):
        check(merkle.make_receipt(LEAF, 0, note, []))


def test_a_receipt_proves_one_record_of_one_log() -> None:
    with pytest.raises(EnvelopeError):
        merkle.check_receipt(receipt(), "e" * 64, KEY.public_key(), ORIGIN)
    with pytest.raises(EnvelopeError):
        merkle.check_receipt(receipt(), LEAF.digest, OTHER.public_key(), ORIGIN)
    with pytest.raises(EnvelopeError):
        merkle.check_receipt(receipt(), LEAF.digest, KEY.public_key(), "autre.example/atelier")


@pytest.mark.parametrize(
    "change",
    [{"index": 6}, {"index": -1}, {"index": 2**40}, {"index": "5"}, {"proof": []}, {"proof": "x"}, {"leaf": None},
     {"extra": 1}, {"checkpoint": ""}, {"checkpoint": None}],
    ids=str,
)  # fmt: skip
def test_a_receipt_of_another_shape_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(EnvelopeError):
        check(json.dumps({**json.loads(receipt()), **change}).encode())


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_no_receipt(noise: bytes) -> None:
    with pytest.raises(EnvelopeError):
        check(noise)
