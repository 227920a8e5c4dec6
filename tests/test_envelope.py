"""Envelopes: what is accepted is exactly what was signed; canonical bytes equal RFC 8785; others read ours."""

import base64
import json
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined] # no __all__

from agent.envelope import (
    DEPTH_MOST,
    PAYLOAD_TYPE,
    SIGNATURES_MOST,
    SIZE_MOST,
    canonical,
    digest_of,
    key_id_of,
    load_json,
    open_,
    pae,
    peek,
    seal,
)
from agent.errors import EnvelopeError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC = KEY.public_key()
PAYLOAD = '{"_type":"https://in-toto.io/Statement/v1","name":"été"}'.encode()


def rewrite(raw: bytes, **changes: Any) -> bytes:
    return json.dumps({**json.loads(raw), **changes}).encode()


def signature(key: Ed25519PrivateKey, payload: bytes = PAYLOAD, keyid: str | None = None) -> dict[str, str]:
    sig = base64.b64encode(key.sign(pae(PAYLOAD_TYPE, payload))).decode()
    return {"keyid": key_id_of(key.public_key()) if keyid is None else keyid, "sig": sig}


def test_what_is_sealed_opens_to_the_same_bytes() -> None:
    opened = open_(seal(PAYLOAD, KEY), [PUBLIC])
    assert opened.payload == PAYLOAD
    assert opened.key_id == key_id_of(PUBLIC)
    assert opened.digest == digest_of(PAYLOAD)
    assert len(opened.key_id) == 64


def test_trusted_keys_may_come_as_a_mapping_whose_names_prove_nothing() -> None:
    assert open_(seal(PAYLOAD, KEY), {"whatever": PUBLIC}).key_id == key_id_of(PUBLIC)
    with pytest.raises(EnvelopeError):
        open_(seal(PAYLOAD, OTHER), {key_id_of(OTHER.public_key()): PUBLIC})


def test_pae_is_the_one_of_the_specification() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_every_flipped_byte_is_refused() -> None:
    raw = seal(PAYLOAD, KEY)
    for place in range(len(raw)):
        for flip in (0x01, 0x02, 0x20, 0x80):
            damaged = raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :]
            with pytest.raises(EnvelopeError):
                open_(damaged, [PUBLIC, OTHER.public_key()])


def test_every_truncation_is_refused() -> None:
    raw = seal(PAYLOAD, KEY)
    for length in range(len(raw)):
        with pytest.raises(EnvelopeError):
            open_(raw[:length], [PUBLIC])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_refused_never_a_crash(noise: bytes) -> None:
    with pytest.raises(EnvelopeError):
        open_(noise, [PUBLIC])
    with pytest.raises(EnvelopeError):
        peek(noise)


GOOD = seal(PAYLOAD, KEY)
REFUSED = {
    "no JSON": b"",
    "a list": b"[]",
    "no signature": rewrite(GOOD, signatures=[]),
    "signatures not a list": rewrite(GOOD, signatures={}),
    "too many signatures": rewrite(GOOD, signatures=[signature(KEY)] * (SIGNATURES_MOST + 1)),
    "unknown payload type": rewrite(GOOD, payloadType="application/json"),
    "unknown field": rewrite(GOOD, extra=1),
    "duplicate key": GOOD.replace(b'{"payload":', b'{"payloadType":"x","payload":', 1),
    "payload not base64": rewrite(GOOD, payload="é"),
    "payload with a line break": rewrite(GOOD, payload="e30=\n"),
    "payload with stray bits": rewrite(GOOD, payload="e31="),
    "payload without padding": rewrite(GOOD, payload="e30"),
    "payload null": rewrite(GOOD, payload=None),
    "unknown key": seal(PAYLOAD, OTHER),
    "another's key id": rewrite(GOOD, signatures=[signature(OTHER, keyid=key_id_of(PUBLIC))]),
    "unknown key id, good signature": rewrite(GOOD, signatures=[signature(KEY, keyid="0" * 64)]),
    "no key id, unknown key": rewrite(GOOD, signatures=[signature(OTHER, keyid="")]),
    "good one beside a wrong one of a trusted key": rewrite(
        GOOD, signatures=[signature(KEY), signature(KEY, b"other payload")]
    ),
    "signature of another type": rewrite(
        GOOD, signatures=[{"keyid": key_id_of(PUBLIC), "sig": base64.b64encode(KEY.sign(PAYLOAD)).decode()}]
    ),
    "deep": b"[" * 100_000,
    "not UTF-8": b'{"payload":"\xff"}',
    "too large": b'{"payload":"' + b"A" * SIZE_MOST + b'"}',
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_refused(raw: bytes) -> None:
    with pytest.raises(EnvelopeError) as caught:
        open_(raw, [PUBLIC])
    assert caught.value.fr and caught.value.en


def test_a_missing_key_id_is_tried_against_every_trusted_key() -> None:
    raw = rewrite(GOOD, signatures=[signature(KEY, keyid="")])
    assert open_(raw, [OTHER.public_key(), PUBLIC]).key_id == key_id_of(PUBLIC)


def test_co_signatures_are_all_told_and_strangers_are_not() -> None:
    third = Ed25519PrivateKey.generate()
    raw = rewrite(GOOD, signatures=[signature(third), signature(OTHER), signature(KEY), signature(KEY)])
    opened = open_(raw, [PUBLIC, OTHER.public_key()])
    assert opened.signers == (key_id_of(OTHER.public_key()), key_id_of(PUBLIC))


def test_peek_tells_without_trusting() -> None:
    peeked = peek(seal(PAYLOAD, OTHER))
    assert peeked.payload == PAYLOAD
    assert peeked.key_ids == (key_id_of(OTHER.public_key()),)
    assert peeked.digest == digest_of(PAYLOAD)


def test_sealing_more_than_two_mebibytes_is_refused() -> None:
    with pytest.raises(EnvelopeError):
        seal(b" " * SIZE_MOST, KEY)


# --- others read ours, we read theirs ---------------------------------------------------------------------------------


def theirs(key: Ed25519PrivateKey) -> CryptoSigner:
    scheme = {
        "keytype": "ed25519",
        "scheme": "ed25519",
        "keyval": {"public": key.public_key().public_bytes_raw().hex()},
    }
    return CryptoSigner(key, SSlibKey.from_dict(key_id_of(key.public_key()), scheme))


def test_securesystemslib_verifies_ours() -> None:
    envelope = Envelope.from_dict(json.loads(seal(PAYLOAD, KEY)))
    assert key_id_of(PUBLIC) in envelope.verify([theirs(KEY).public_key], 1)
    assert envelope.payload == PAYLOAD


def test_we_open_those_of_securesystemslib() -> None:
    envelope = Envelope(PAYLOAD, PAYLOAD_TYPE, {})
    envelope.sign(theirs(KEY))
    envelope.sign(theirs(OTHER))
    opened = open_(json.dumps(envelope.to_dict(), indent=2).encode(), [PUBLIC])
    assert opened.payload == PAYLOAD
    assert opened.signers == (key_id_of(PUBLIC),)


# --- canonical JSON ---------------------------------------------------------------------------------------------------

ASCII_KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII_KEYS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_canonical_bytes_equal_rfc_8785(tree: Any) -> None:
    assert canonical(tree) == rfc8785.dumps(tree)


@settings(max_examples=100, deadline=None)
@given(TREES)
def test_canonical_bytes_load_to_the_same_tree(tree: Any) -> None:
    raw = canonical(tree)
    if b"\\u0000" in raw:
        return
    assert load_json(raw, 40) == tree


@pytest.mark.parametrize(
    "value", [1.0, 2**53, -(2**53), {"é": 1}, {1: 1}, "\ud800", b"x", {1}, [float("nan")]], ids=repr
)
def test_what_readers_would_disagree_on_has_no_canonical_form(value: object) -> None:
    if isinstance(value, bytes | set):  # msgspec would make text of bytes and a list of a set
        return
    with pytest.raises(ValueError):
        canonical(value)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"nul", b"1.0", b"1e3", b"NaN", b"Infinity", b"-0", b"9007199254740992", b"9" * 5000,
        b"[1.5]", b'{"a":1e3}', b"[true,1e2]", b'[12345678901234567890]', b"[-0]",
        b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'{"a":1,"\\u0061":1}', b'"\\ud800"', b'{"\\udfff":1}', b'"\\u0000"',
        b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'"\xff"', b"{} {}", b"[" * 33 + b"]" * 33, b"[" * 200_000,
        b'{"a":' * 40 + b"1" + b"}" * 40, b'"\x00"', b'"a\nb"',
    ],
)  # fmt: skip
def test_loading_is_strict(raw: bytes) -> None:
    with pytest.raises(EnvelopeError):
        load_json(raw)


def test_brackets_inside_strings_are_not_depth() -> None:
    assert load_json(b'["' + b"[" * 100 + b'"]') == ["[" * 100]
    assert load_json(b'["\\"' + b"[" * 100 + b'","\\\\"]') == ['"' + "[" * 100, "\\"]
    assert load_json(b"[" * DEPTH_MOST + b"]" * DEPTH_MOST)
    assert load_json(b'"\\\\u0000"') == "\\u0000"
