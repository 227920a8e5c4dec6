"""An upload is checked before anything is stored: bytes in, `Upload` out, or the Refusal the sender gets.

Pure but for `find_keys`. The envelope is verified before its payload is parsed, and the bytes kept are the bytes
that were verified.
"""

import json
import re
from collections.abc import Callable

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent import envelope
from agent.envelope import SIGNATURES_MOST
from agent.errors import EnvelopeError, RecordError
from agent.inventory import refusal
from agent.inventory.index import Row, row_of
from agent.inventory.refusal import Refusal
from agent.record import parse_payload

_KEY_ID = re.compile(rb'"keyid"\s*:\s*"([0-9a-f]{64})"')  # a payload in base64 has no quotes to confuse it
FindKeys = Callable[[tuple[str, ...]], dict[str, Ed25519PublicKey]]


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A record that may be stored, unless what is stored already speaks against it."""

    digest: str
    key_id: str
    raw: bytes
    row: Row


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """A body that was refused and goes to quarantine."""

    digest: str
    key_id: str | None
    raw: bytes
    refused: Refusal


def check(digest: str, raw: bytes, find_keys: FindKeys) -> Upload:
    """The upload, authentic and well formed; Refusal otherwise. The cheapest checks come first."""
    # (1) A key we know. The key id is a hint where to look; only the signature decides.
    keys = find_keys(key_ids_in(raw))
    if not keys:
        raise _refusal_of(digest, raw) or refusal.unknown_key()
    # (2) The signature, by the key of a station, and (3) the content that was announced.
    try:
        opened = envelope.open_(raw, keys)
    except EnvelopeError as error:
        raise _refusal_of(digest, raw) or refusal.wrong_signature() from error
    if opened.digest != digest:
        raise refusal.wrong_digest()
    # (4) The record: version, schema, depth, duplicate keys. Revocation and conflicts are for the transaction to see.
    try:
        record = parse_payload(opened.payload)
    except (EnvelopeError, RecordError) as error:
        raise refusal.wrong_record(error) from error
    return Upload(digest=opened.digest, key_id=opened.key_id, raw=raw, row=row_of(record))


def key_ids_in(raw: bytes) -> tuple[str, ...]:
    """The key ids a body seems to name, without parsing it: that happens once, when it is verified."""
    return tuple(key_id.decode() for key_id in _KEY_ID.findall(raw)[:SIGNATURES_MOST])


def _refusal_of(digest: str, raw: bytes) -> Refusal | None:
    """What is wrong with a body that nobody we know has signed, other than that."""
    try:
        claimed = envelope.peek(raw)
    except EnvelopeError as error:
        return refusal.not_an_envelope(error)
    return None if claimed.digest == digest else refusal.wrong_digest()


def key_claimed(raw: bytes) -> str | None:
    """The first key id a refused body names, to find it again when that key is enrolled."""
    return next(iter(key_ids_in(raw)), None)


def pretty(payload: bytes, limit: int) -> tuple[str, bool]:
    """The payload for reading, in ASCII (no bidi or control character survives), and whether it was cut."""
    text = json.dumps(json.loads(payload), indent=2, ensure_ascii=True)
    return text[:limit], len(text) > limit
