"""Whom we believe: a folder of public keys of stations and of inventories' logs, with revocations.

Every fact is one file that is never written over; a revocation can reach further back in the log, never be lifted.
"""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from agent.durable import write_new
from agent.envelope import canonical, from_base64, key_id_of, load_json, public_key
from agent.errors import EnvelopeError, InputRefused
from agent.keys.station import open_rotation

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ENDING = ".trust.json"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the folder."""

    kind: Literal["station", "log", "revocation"]
    public_key: str = ""  # base64 of 32 bytes
    name: str = ""  # a station's name, a log's origin
    key_id: str = ""  # of the revoked key
    from_index: int = 0  # records at or after this place in the log no longer count


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Stations by key id, logs by origin, revocations by key id."""

    stations: Mapping[str, Entry] = {}
    logs: Mapping[str, Entry] = {}
    revoked_from: Mapping[str, int] = {}

    def keys(self) -> "dict[str, Ed25519PublicKey]":
        """All station keys, revoked ones too: what they signed before still stands."""
        return {key_id: _key_of(entry) for key_id, entry in self.stations.items()}

    def log_key(self, origin: str) -> "Ed25519PublicKey | None":
        entry = self.logs.get(origin)
        return _key_of(entry) if entry else None

    def check_not_revoked(self, key_id: str, log_index: int | None) -> None:
        """EnvelopeError if the key is revoked at this place; without a place in a log, any revocation counts."""
        from_index = self.revoked_from.get(key_id)
        if from_index is not None and (log_index is None or log_index >= from_index):
            raise EnvelopeError(
                fr=f"La clé {key_id[:16]}… est révoquée : ce qu'elle signe ne vaut plus.",
                en=f"The key {key_id[:16]}… is revoked: what it signs no longer counts.",
            )


def load_trust(folder: Path) -> Trust:
    """Everything in the folder; a file that cannot be read is an error, since it might be a revocation."""
    stations: dict[str, Entry] = {}
    logs: dict[str, Entry] = {}
    revoked: dict[str, int] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in (".pem", ".pub"):
            raw = read_public_key(path)
            stations[key_id_of(raw)] = Entry(kind="station", name=path.stem, public_key=_text(raw))
        elif path.name.endswith(_ENDING):
            entry = _read_entry(path)
            if entry.kind == "revocation":
                revoked[entry.key_id] = min(entry.from_index, revoked.get(entry.key_id, entry.from_index))
            elif entry.kind == "log":
                logs[entry.name] = entry
            else:
                stations[key_id_of(_raw_of(entry))] = entry
    return Trust(stations=stations, logs=logs, revoked_from=revoked)


def trust_station(folder: Path, public: bytes, name: str) -> str:
    """Believe this station's key from now on; its key id."""
    key_id = key_id_of(public)
    if key_id not in load_trust(folder).stations:
        _write_entry(folder, f"station-{key_id}", Entry(kind="station", public_key=_text(public), name=name))
    return key_id


def trust_log(folder: Path, origin: str, public: bytes) -> None:
    """Believe this inventory's log; InputRefused when another key is already known under the same name."""
    known = load_trust(folder).logs.get(origin)
    if known is not None and _raw_of(known) != public:
        raise InputRefused(
            fr=f"L'inventaire {origin} se présente avec une autre clé. Prévenez le responsable avant de continuer.",
            en=f"The inventory {origin} shows another key than before. Tell the person in charge before going on.",
        )
    if known is None:
        name = hashlib.sha256(origin.encode()).hexdigest()[:32]  # an origin may hold what FAT refuses
        _write_entry(folder, f"log-{name}", Entry(kind="log", public_key=_text(public), name=origin))


def revoke(folder: Path, key_id: str, from_index: int) -> None:
    """What the key signed at or after this place in the log no longer counts."""
    entry = Entry(kind="revocation", key_id=key_id, from_index=from_index)
    _write_entry(folder, f"revoked-{key_id}-{from_index}", entry)


def trust_rotation(folder: Path, statement: bytes) -> str:
    """Believe the new key of a station whose old key is believed and not revoked; its key id."""
    trust = load_trust(folder)
    for key_id, key in trust.keys().items():
        try:
            rotation, new = open_rotation(statement, key)
        except EnvelopeError:
            continue
        trust.check_not_revoked(key_id, None)
        return trust_station(folder, new.public_bytes_raw(), f"{trust.stations[key_id].name} ({rotation.made_at[:10]})")
    raise EnvelopeError(
        fr="Aucune clé connue n'a signé ce changement de clé.", en="No known key signed this change of key."
    )


def read_public_key(path: Path) -> bytes:
    """32 bytes from a PEM, base64, hex or raw file; InputRefused otherwise."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    refused = InputRefused(
        fr=f"{path} n'est pas une clé publique Ed25519 lisible.", en=f"{path} is no readable Ed25519 public key."
    )
    try:
        data = path.read_bytes()[: 1 << 16]
        if len(data) == 32:
            return data
        if data.lstrip().startswith(b"-----BEGIN PUBLIC KEY"):
            key = load_pem_public_key(data)
            if not isinstance(key, Ed25519PublicKey):
                raise refused
            return key.public_bytes_raw()
        text = data.decode("ascii").strip()
        raw = bytes.fromhex(text) if len(text) == 64 else from_base64(text)
    except (OSError, ValueError, EnvelopeError) as error:
        raise refused from error
    if len(raw) != 32:
        raise refused
    return raw


def _read_entry(path: Path) -> Entry:
    try:
        entry = msgspec.convert(load_json(path.read_bytes()), Entry, strict=True)
        if entry.kind != "revocation":
            _key_of(entry)
    except (OSError, EnvelopeError, msgspec.ValidationError) as error:
        raise InputRefused(
            fr=f"Le fichier de confiance {path} est abîmé. Remettez-le d'une sauvegarde, ou supprimez-le.",
            en=f"The trust file {path} is damaged. Put it back from a backup, or delete it.",
        ) from error
    return entry


def _write_entry(folder: Path, stem: str, entry: Entry) -> None:
    write_new(folder / f"{stem}{_ENDING}", canonical(entry))


def _raw_of(entry: Entry) -> bytes:
    return from_base64(entry.public_key)


def _key_of(entry: Entry) -> "Ed25519PublicKey":
    return public_key(_raw_of(entry))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
