"""Keys: made once, readable by their owner alone, rotated with the old key's word, trusted and revoked by files."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent import keys
from agent.envelope import cosign, key_id_of, open_, seal
from agent.errors import EnvelopeError, InputRefused, RebondError, StorageError, UsageError
from agent.keys.fingerprint import BITS, word_list

NOW = "2026-03-09T14:05:00Z"


def test_a_key_is_made_once_and_opens_again(tmp_path: Path) -> None:
    made = keys.create(tmp_path / "keys")
    again = keys.load(tmp_path / "keys")
    assert made.key_id == again.key_id == again.station == key_id_of(made.public)
    assert made.private.private_bytes_raw() == again.private.private_bytes_raw()
    with pytest.raises(UsageError):
        keys.create(tmp_path / "keys")
    assert keys.load_or_create(tmp_path / "keys").key_id == made.key_id
    assert "private" not in str(made.key_id)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    keys.create(tmp_path / "keys")
    (file,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_key_others_can_read_is_refused_plainly(tmp_path: Path, mode: int) -> None:
    keys.create(tmp_path)
    (tmp_path / "station-0001.pem").chmod(mode)
    with pytest.raises(InputRefused) as caught:
        keys.load(tmp_path)
    assert "chmod 600" in caught.value.fr and "chmod 600" in caught.value.en


def test_passphrases(tmp_path: Path) -> None:
    made = keys.create(tmp_path, b"pomme")
    assert b"ENCRYPTED" in (tmp_path / "station-0001.pem").read_bytes()
    assert keys.load(tmp_path, b"pomme").key_id == made.key_id
    for wrong in (None, b"poire"):
        with pytest.raises(InputRefused):
            keys.load(tmp_path, wrong)
    keys.create(tmp_path / "open")
    with pytest.raises(InputRefused):
        keys.load(tmp_path / "open", b"pomme")


def test_no_key_yet_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        keys.load(tmp_path / "none")
    assert "rebond keys create" in caught.value.fr


def pem_of(private: object) -> bytes:
    return private.private_bytes(  # type: ignore[attr-defined, no-any-return] # any of cryptography's private keys
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize("content", [b"", b"\0" * 119, b"-----BEGIN", pem_of(generate_private_key(SECP256R1()))])
def test_a_damaged_or_foreign_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "station-0001.pem"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(InputRefused):
        keys.load(tmp_path)


def test_a_key_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("x")
    with pytest.raises(StorageError):
        keys.create(tmp_path / "keys")


def test_a_power_cut_while_making_a_key_leaves_none_or_a_whole_one(tmp_path: Path) -> None:
    (tmp_path / "station-0001.pem.ab12cd34.part").write_bytes(b"half")
    assert keys.load_or_create(tmp_path).number == 1


# --- rotation ---------------------------------------------------------------------------------------------------------


def test_rotation_keeps_the_station_and_changes_the_key(tmp_path: Path) -> None:
    first = keys.create(tmp_path)
    second, statement = keys.rotate(tmp_path, NOW)
    third, _ = keys.rotate(tmp_path, NOW)
    assert len({first.key_id, second.key_id, third.key_id}) == 3
    assert first.station == second.station == third.station == keys.load(tmp_path).station
    rotation, new = keys.open_rotation(statement, first.private.public_key())
    assert rotation.station == first.key_id and new.public_bytes_raw() == second.public


def test_a_power_cut_between_statement_and_key_leaves_the_old_key_in_force(tmp_path: Path) -> None:
    first = keys.create(tmp_path)
    keys.rotate(tmp_path, NOW)
    (tmp_path / "station-0002.pem").unlink()
    assert keys.load(tmp_path).key_id == first.key_id
    assert keys.rotate(tmp_path, NOW)[0].station == first.station


def test_a_lost_rotation_statement_is_said(tmp_path: Path) -> None:
    keys.create(tmp_path)
    keys.rotate(tmp_path, NOW)
    for file in tmp_path.glob("rotation-*"):
        file.unlink()
    with pytest.raises(InputRefused):
        keys.load(tmp_path)


def test_a_rotation_needs_both_keys(tmp_path: Path) -> None:
    old, thief = keys.create(tmp_path), Ed25519PrivateKey.generate()
    _, statement = keys.rotate(tmp_path, NOW)
    payload = open_(statement, [old.private.public_key()]).payload
    for forged in (seal(payload, old.private), cosign(seal(payload, old.private), thief), seal(b"{}", old.private)):
        with pytest.raises(EnvelopeError):
            keys.open_rotation(forged, old.private.public_key())
    with pytest.raises(EnvelopeError):
        keys.open_rotation(statement, thief.public_key())


# --- fingerprints -----------------------------------------------------------------------------------------------------


def test_the_words_are_2048_plain_ones() -> None:
    words = word_list()
    assert len(words) == len(set(words)) == 2048 == 2 ** (BITS // 4)
    assert all(word.isascii() and word.isalpha() and word.islower() and 4 < len(word) < 9 for word in words)
    assert len({word[:4] for word in words}) == 2048


def test_four_words_tell_keys_apart() -> None:
    seen = {keys.fingerprint_words(bytes([i]) * 32) for i in range(200)}
    assert len(seen) == 200
    assert keys.fingerprint_words(b"\0" * 32) == keys.fingerprint_words(b"\0" * 32)


def test_every_bit_of_the_first_44_counts() -> None:
    words = word_list()
    key_id = int(key_id_of(b"\1" * 32), 16)
    number = 0
    for word in keys.fingerprint_words(b"\1" * 32):
        number = number << 11 | words.index(word)
    assert number == key_id >> 212


# --- trust ------------------------------------------------------------------------------------------------------------


def public() -> bytes:
    return Ed25519PrivateKey.generate().public_key().public_bytes_raw()


def test_stations_and_logs_are_remembered(tmp_path: Path) -> None:
    station, log = public(), public()
    key_id = keys.trust_station(tmp_path, station, "Établi 3")
    assert keys.trust_station(tmp_path, station, "Autre nom") == key_id
    keys.trust_log(tmp_path, "inventaire.example/atelier", log)
    keys.trust_log(tmp_path, "inventaire.example/atelier", log)
    trust = keys.load_trust(tmp_path)
    assert trust.stations[key_id].name == "Établi 3"
    assert trust.keys()[key_id].public_bytes_raw() == station
    found = trust.log_key("inventaire.example/atelier")
    assert found is not None and found.public_bytes_raw() == log
    assert trust.log_key("autre") is None
    with pytest.raises(InputRefused):
        keys.trust_log(tmp_path, "inventaire.example/atelier", public())


def test_an_absent_folder_trusts_nobody(tmp_path: Path) -> None:
    assert keys.load_trust(tmp_path / "none") == keys.Trust()


def test_revocation_by_place_in_the_log(tmp_path: Path) -> None:
    key_id = keys.trust_station(tmp_path, public(), "A")
    keys.revoke(tmp_path, key_id, 100)
    keys.revoke(tmp_path, key_id, 40)
    keys.revoke(tmp_path, key_id, 70)
    trust = keys.load_trust(tmp_path)
    trust.check_not_revoked(key_id, 39)
    trust.check_not_revoked("another", None)
    for place in (40, 1000, None):
        with pytest.raises(EnvelopeError):
            trust.check_not_revoked(key_id, place)


def test_a_rotation_is_followed_unless_revoked(tmp_path: Path) -> None:
    first = keys.create(tmp_path / "keys")
    second, statement = keys.rotate(tmp_path / "keys", NOW)
    with pytest.raises(EnvelopeError):
        keys.trust_rotation(tmp_path / "trust", statement)
    keys.trust_station(tmp_path / "trust", first.public, "A")
    assert keys.trust_rotation(tmp_path / "trust", statement) == second.key_id
    keys.revoke(tmp_path / "trust", second.key_id, 0)
    _, third = keys.rotate(tmp_path / "keys", NOW)
    with pytest.raises(EnvelopeError):
        keys.trust_rotation(tmp_path / "trust", third)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"kind":"station","public_key":"AAAA"}', b'{"kind":"king"}'])
def test_a_damaged_trust_file_is_not_passed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.trust.json").write_bytes(content)
    with pytest.raises(InputRefused):
        keys.load_trust(tmp_path)


def test_public_keys_come_in_many_spellings(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate().public_key()
    raw = key.public_bytes_raw()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    for content in (raw, pem, base64.b64encode(raw) + b"\n", raw.hex().encode() + b"\r\n"):
        (tmp_path / "a.pub").write_bytes(content)
        assert keys.read_public_key(tmp_path / "a.pub") == raw
        assert key_id_of(raw) in keys.load_trust(tmp_path).stations
    for wrong in (b"", b"\xff" * 31, b"hello", pem[:40], b"AAAA"):
        (tmp_path / "a.pub").write_bytes(wrong)
        with pytest.raises(RebondError):
            keys.read_public_key(tmp_path / "a.pub")
    with pytest.raises(InputRefused):
        keys.read_public_key(tmp_path / "missing.pub")
