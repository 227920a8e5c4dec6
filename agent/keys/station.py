"""A station's signing key: one Ed25519 key per station, made on it, in a file only its owner can read.

Files are numbered and never written over: rotating adds a key, signed for by the one before. The station's id is the
id of its first key and survives rotations.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent.durable import cannot_write, write_new
from agent.envelope import canonical, cosign, key_id_of, load_json, open_, peek, public_key, seal
from agent.errors import EnvelopeError, InputRefused, StorageError, UsageError
from agent.keys.fingerprint import fingerprint_words

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ROTATION_TYPE = "https://rebond.example/rotation/v1"
_KEY_FILE = re.compile(r"station-(\d{4})\.pem")


@dataclass(frozen=True, slots=True, kw_only=True)
class StationKey:
    """An opened key. `private` never leaves the process."""

    private: "Ed25519PrivateKey"
    key_id: str
    public: bytes  # raw, 32 bytes
    station: str
    number: int

    @property
    def words(self) -> tuple[str, str, str, str]:
        return fingerprint_words(self.public)


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """A station goes on under a new key: said by the old key, agreed to by the new one."""

    station: str
    old_key_id: str
    new_key_id: str
    new_public_key: str  # hex
    made_at: str


# --- the key folder ---------------------------------------------------------------------------------------------------


def create(folder: Path, passphrase: bytes | None = None) -> StationKey:
    """This station's first key; UsageError when it already has one."""
    if _numbers(folder):
        raise UsageError(
            fr=f"Cette station a déjà une clé dans {folder}. Pour en changer : rebond keys rotate.",
            en=f"This station already has a key in {folder}. To change it: rebond keys rotate.",
        )
    _write_key(folder, 1, passphrase)
    return load(folder, passphrase)


def load(folder: Path, passphrase: bytes | None = None) -> StationKey:
    """The station's newest key; refused when other users can read it."""
    numbers = _numbers(folder)
    if not numbers:
        raise UsageError(
            fr=f"Cette station n'a pas encore de clé dans {folder}. Pour la créer : rebond keys create.",
            en=f"This station has no key in {folder} yet. To make one: rebond keys create.",
        )
    private = _read_key(folder / _name(numbers[-1]), passphrase)
    public = private.public_key().public_bytes_raw()
    key_id = key_id_of(public)
    station = key_id
    if numbers[-1] > 1:
        station = _read_rotation(folder / _rotation_name(numbers[-1], key_id), key_id).station
    return StationKey(private=private, key_id=key_id, public=public, station=station, number=numbers[-1])


def load_or_create(folder: Path, passphrase: bytes | None = None) -> StationKey:
    return load(folder, passphrase) if _numbers(folder) else create(folder, passphrase)


def rotate(folder: Path, made_at: str, passphrase: bytes | None = None) -> tuple[StationKey, bytes]:
    """A new key, and the statement (an envelope signed by old and new) that others need to go on trusting."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    old = load(folder, passphrase)
    number = old.number + 1
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    rotation = Rotation(
        station=old.station,
        old_key_id=old.key_id,
        new_key_id=key_id_of(public),
        new_public_key=public.hex(),
        made_at=made_at,
    )
    payload = canonical(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "key", "digest": {"sha256": rotation.new_key_id}}],
            "predicateType": ROTATION_TYPE,
            "predicate": msgspec.to_builtins(rotation),
        }
    )
    statement = cosign(seal(payload, old.private), private)
    # The statement first, and under the new key's digest: a power cut in between leaves the old key in force.
    write_new(folder / _rotation_name(number, rotation.new_key_id), statement)
    _write_key(folder, number, passphrase, private)
    return load(folder, passphrase), statement


def open_rotation(raw: bytes, old_public: "Ed25519PublicKey") -> tuple[Rotation, "Ed25519PublicKey"]:
    """The new key, if the old one names it and the new one agrees; EnvelopeError otherwise."""
    opened = open_(raw, [old_public])
    rotation = _parse_rotation(opened.payload)
    new = public_key(bytes.fromhex(rotation.new_public_key))
    open_(raw, [new])  # who names a key must hold it
    if rotation.new_key_id != key_id_of(new) or rotation.old_key_id != opened.key_id:
        raise _no_rotation()
    return rotation, new


def _parse_rotation(payload: bytes) -> Rotation:
    try:
        document = load_json(payload)
        if not isinstance(document, dict) or document.get("predicateType") != ROTATION_TYPE:
            raise _no_rotation()
        rotation = msgspec.convert(document.get("predicate"), Rotation, strict=True)
        bytes.fromhex(rotation.new_public_key)
    except (msgspec.ValidationError, ValueError) as error:
        raise _no_rotation() from error
    return rotation


def _no_rotation() -> EnvelopeError:
    return EnvelopeError(fr="Ce n'est pas un changement de clé valable.", en="This is not a valid change of key.")


# --- files ------------------------------------------------------------------------------------------------------------


def _name(number: int) -> str:
    return f"station-{number:04d}.pem"


def _rotation_name(number: int, new_key_id: str) -> str:
    return f"rotation-{number:04d}-{new_key_id[:16]}.json"


def _numbers(folder: Path) -> list[int]:
    try:
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    except OSError as error:
        raise cannot_write(folder / "station", error) from error
    return sorted(int(match[1]) for match in map(_KEY_FILE.fullmatch, names) if match)


def _write_key(folder: Path, number: int, passphrase: bytes | None, private: "Ed25519PrivateKey | None" = None) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    pem = (private or Ed25519PrivateKey.generate()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder / _name(number), error) from error
    write_new(folder / _name(number), pem, mode=0o600)


def _read_key(path: Path, passphrase: bytes | None) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            pem = file.read(1 << 16)
    except OSError as error:
        raise StorageError(
            fr=f"La clé {path} ne peut pas être lue ({os.strerror(error.errno or 0)}). Relancez avec sudo.",
            en=f"The key {path} cannot be read ({os.strerror(error.errno or 0)}). Run again with sudo.",
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise InputRefused(
            fr=f"D'autres utilisateurs peuvent lire la clé {path}. Tapez : chmod 600 {path}. "
            "Sur une clé USB en FAT, montez-la avec l'option umask=077.",
            en=f"Other users can read the key {path}. Type: chmod 600 {path}. "
            "On a FAT stick, mount it with the option umask=077.",
        )
    try:
        private = serialization.load_pem_private_key(pem, passphrase)
    except TypeError as error:  # cryptography's way of saying: passphrase missing, or not needed
        asks = passphrase is None
        raise InputRefused(
            fr="Cette clé demande sa phrase de passe." if asks else "Cette clé n'a pas de phrase de passe.",
            en="This key needs its passphrase." if asks else "This key has no passphrase.",
        ) from error
    except ValueError as error:
        raise InputRefused(
            fr=f"La clé {path} ne s'ouvre pas : phrase de passe fausse, ou fichier abîmé.",
            en=f"The key {path} does not open: wrong passphrase, or damaged file.",
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise InputRefused(fr=f"{path} n'est pas une clé Ed25519.", en=f"{path} is no Ed25519 key.")
    return private


def _read_rotation(path: Path, key_id: str) -> Rotation:
    """The change that brought this key, as the key itself signed it (the old key's word is for others to check)."""
    try:
        raw = path.read_bytes()
        claimed = _parse_rotation(peek(raw).payload)
        rotation = _parse_rotation(open_(raw, [public_key(bytes.fromhex(claimed.new_public_key))]).payload)
        if rotation.new_key_id != key_id:
            raise _no_rotation()
    except (OSError, EnvelopeError) as error:
        raise InputRefused(
            fr=f"Le changement de clé {path} manque ou est abîmé. Remettez le fichier sauvegardé.",
            en=f"The change of key {path} is missing or damaged. Put the saved file back.",
        ) from error
    return rotation
