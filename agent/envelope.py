"""Signed bytes: DSSE 1.0.2 with Ed25519. Sign the very bytes, verify before parsing, never re-serialise to verify.

`open_` returns the payload or raises; there is no function that says true or false. A key id is a hint that must agree
with the key that verified; it never decides alone. https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from agent.errors import EnvelopeError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
SIZE_MOST = 2 << 20  # bytes of an envelope as delivered
SIGNATURES_MOST = 8
DEPTH_MOST = 32
INTEGER_MOST = 2**53 - 1  # RFC 8785 / I-JSON: beyond it JSON readers disagree; larger numbers are written as text

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_IN_STRINGS_ONLY = bytes(set(range(256)) - set(b'"[]{},:.eE0123456789'))  # or in true, false, null, white space
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_BRACKET = bytes.maketrans(b"[]", b"{}")
_ODD_NUMBER = re.compile(rb"[.E]|[0-9]e|[0-9]{16}")  # a fraction, an exponent, what may pass 2^53


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """An authentic payload: `key_id` signed it first, `signers` are all the trusted keys that did."""

    payload: bytes
    key_id: str
    digest: str
    signers: tuple[str, ...] = ()


class Peeked(msgspec.Struct, frozen=True, kw_only=True):
    """What an envelope claims. Nothing of it is proven."""

    payload: bytes
    key_ids: tuple[str, ...]
    digest: str


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is really signed."""
    name = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def digest_of(payload: bytes) -> str:
    """The identity of a record everywhere: SHA-256 of its payload, lower-case hex."""
    return hashlib.sha256(payload).hexdigest()


def key_id_of(public: "bytes | Ed25519PublicKey") -> str:
    """SHA-256 of the raw 32-byte public key, lower-case hex."""
    raw = public if isinstance(public, bytes) else public.public_bytes_raw()
    return hashlib.sha256(raw).hexdigest()


def public_key(raw: bytes) -> "Ed25519PublicKey":
    """The key of these 32 bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(raw) != 32:
        _refuse("Une clé publique Ed25519 a 32 octets.", "An Ed25519 public key has 32 bytes.")
    return Ed25519PublicKey.from_public_bytes(raw)


# --- canonical JSON ---------------------------------------------------------------------------------------------------


def canonical(obj: object) -> bytes:
    """JSON with sorted ASCII keys and whole numbers within ±2^53, so that the bytes equal RFC 8785; ValueError else."""
    plain = msgspec.to_builtins(obj, str_keys=False)
    _check_canonical(plain)
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()  # a lone surrogate raises UnicodeEncodeError, a ValueError


def _check_canonical(value: object) -> None:
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > INTEGER_MOST:
            raise ValueError(f"integer beyond 2^53, write it as text: {value}")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"key is no ASCII text: {key!r}")
            _check_canonical(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_canonical(inner)
    else:
        raise ValueError(f"{type(value).__name__} has no place in a signed document")


def load_json(raw: bytes, max_depth: int = DEPTH_MOST) -> Any:
    """Strict JSON: bounded depth, no duplicate key, no float, nothing beyond 2^53, no NUL, UTF-8; or EnvelopeError."""
    # What stands outside of strings; of a broken text anything, the parser refuses it afterwards.
    bare = _STRINGS.sub(b"", raw if b"\\" in raw else raw.translate(None, _IN_STRINGS_ONLY))
    if _is_deeper(bare, max_depth):
        _refuse(f"Trop de niveaux imbriqués (plus de {max_depth}).", f"Nested too deep (over {max_depth} levels).")
    try:
        if b"\\u" not in raw and not _ODD_NUMBER.search(bare):
            return _load_canonical(raw)
    except (ValueError, RecursionError):
        pass  # perhaps only written in another way
    try:
        text = raw.decode()
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float, parse_int=_small
        )
        if "\\u" in text:  # only an escape can bring in half a surrogate pair, or a NUL
            told = json.dumps(value, ensure_ascii=False)
            told.encode()
            if "\\u0000" in told.replace("\\\\", ""):
                raise ValueError("NUL character")
    except (ValueError, RecursionError) as error:
        _refuse("Ce n'est pas du JSON lisible.", "This is not readable JSON.", error)
    return value


def _load_canonical(raw: bytes) -> Any:
    """Several times faster for what we write ourselves: bytes that come back from their own value hide nothing."""
    value = msgspec.json.decode(raw)
    if msgspec.json.encode(value, order="sorted") != raw:  # a duplicate key would be missing
        raise ValueError("not canonical")
    return value


def _is_deeper(bare: bytes, levels: int) -> bool:
    brackets = bare.translate(_ONE_BRACKET, _NOT_BRACKETS)
    for _ in range(levels):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"")
    return len(brackets) > 0


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"not a whole number: {text[:40]}")


def _small(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > INTEGER_MOST or text == "-0":
        raise ValueError(f"number out of range: {text[:40]}")
    return int(text)


# --- envelope ---------------------------------------------------------------------------------------------------------


def seal(payload: bytes, key: "Ed25519PrivateKey") -> bytes:
    """The payload in an envelope signed by `key`."""
    signature = {"keyid": key_id_of(key.public_key()), "sig": _to_base64(key.sign(pae(PAYLOAD_TYPE, payload)))}
    raw = canonical({"payload": _to_base64(payload), "payloadType": PAYLOAD_TYPE, "signatures": [signature]})
    _check_size(raw)
    return raw


def cosign(raw: bytes, key: "Ed25519PrivateKey") -> bytes:
    """The same payload with one more signature."""
    payload, signatures = _parse(raw)
    signed = (*signatures, (key_id_of(key.public_key()), key.sign(pae(PAYLOAD_TYPE, payload))))
    entries = [{"keyid": key_id, "sig": _to_base64(signature)} for key_id, signature in signed]
    raw = canonical({"payload": _to_base64(payload), "payloadType": PAYLOAD_TYPE, "signatures": entries})
    _parse(raw)
    return raw


def peek(raw: bytes) -> Peeked:
    """What the envelope claims, without any verification: for quarantine, pages and the choice of keys to try."""
    payload, signatures = _parse(raw)
    return Peeked(payload=payload, key_ids=tuple(key_id for key_id, _ in signatures), digest=digest_of(payload))


def open_(raw: bytes, trusted: "Mapping[str, Ed25519PublicKey] | Iterable[Ed25519PublicKey]") -> Opened:
    """The payload, if at least one trusted key signed it and no signature in the name of a trusted key is wrong."""
    from cryptography.exceptions import InvalidSignature

    keys = tuple(trusted.values() if isinstance(trusted, Mapping) else trusted)
    by_id = {key_id_of(key): key for key in keys}
    payload, signatures = _parse(raw)
    signed = pae(PAYLOAD_TYPE, payload)
    signers: list[str] = []
    for key_id, signature in signatures:
        # An empty key id is allowed by DSSE: then every trusted key is tried.
        candidates = {key_id: by_id[key_id]} if key_id in by_id else {} if key_id else by_id
        for candidate, key in candidates.items():
            try:
                key.verify(signature, signed)
            except InvalidSignature as error:
                if key_id:
                    _refuse(
                        "La signature n'est pas bonne : le contenu a été modifié, ou un autre poste l'a signé.",
                        "The signature does not hold: the content was altered, or another station signed it.",
                        error,
                    )
            else:
                signers.append(candidate)
                break
    if not signers:
        _refuse(
            "Aucune clé de confiance n'a signé cette fiche. Ajoutez la clé du poste qui l'a faite.",
            "No trusted key signed this record. Add the key of the station that made it.",
        )
    return Opened(payload=payload, key_id=signers[0], digest=digest_of(payload), signers=tuple(dict.fromkeys(signers)))


def _parse(raw: bytes) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """Payload bytes and (key id, signature) pairs. Closed fields: a flipped byte must not turn one into a stranger."""
    _check_size(raw)
    outer = _fields(load_json(raw, 3), {"payload", "payloadType", "signatures"}, set())
    if outer["payloadType"] != PAYLOAD_TYPE:
        _refuse("Ce type de contenu est inconnu.", "This payload type is unknown.")
    entries = outer["signatures"]
    if not isinstance(entries, list) or not 1 <= len(entries) <= SIGNATURES_MOST:
        _refuse(f"Il faut de 1 à {SIGNATURES_MOST} signatures.", f"There must be 1 to {SIGNATURES_MOST} signatures.")
    signatures = []
    for entry in entries:
        inner = _fields(entry, {"sig"}, {"keyid"})
        key_id = inner.get("keyid", "")
        if not isinstance(key_id, str) or len(key_id) > 256:
            _refuse("L'identifiant de clé est illisible.", "The key id is unreadable.")
        signatures.append((key_id, from_base64(inner["sig"])))
    return from_base64(outer["payload"]), tuple(signatures)


def _fields(value: object, required: set[str], optional: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or not required <= set(value) <= required | optional:
        _refuse("Ce n'est pas une fiche signée (DSSE).", "This is not a signed record (DSSE).")
    return value


def _check_size(raw: bytes) -> None:
    if len(raw) > SIZE_MOST:
        _refuse("La fiche dépasse 2 Mio.", "The record is larger than 2 MiB.")


def from_base64(text: object) -> bytes:
    """Strict standard base64, padded, with no stray bits; or EnvelopeError."""
    try:
        if not isinstance(text, str):
            raise ValueError("not text")
        data = base64.b64decode(text, validate=True)
        if _to_base64(data) != text:  # stray bits in the last character would give one payload many spellings
            raise ValueError("not canonical")
    except (ValueError, binascii.Error) as error:
        _refuse("Le codage base64 est abîmé.", "The base64 encoding is damaged.", error)
    return data


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _refuse(fr: str, en: str, cause: Exception | None = None) -> NoReturn:
    raise EnvelopeError(fr=fr, en=en) from cause
