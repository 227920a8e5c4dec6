"""What a person is told of a signed record: nothing unproven is called proven, nothing broken passes."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent import keys
from agent.envelope import peek, seal
from agent.keys import Trust
from agent.record import build_payload
from agent.verify import Explanation, explain_envelope
from tests.evidence import KEY_ID, LOG_RAW, ORIGIN, STATION, SmallInventory, record

RAW = seal(build_payload(record(1, erasures=({"disk": "Disque A\x1b[2J", "outcome": "cleared"},))), STATION)


def receipt_for(raw: bytes, before: int = 0) -> bytes:
    inventory = SmallInventory()
    inventory.leaves = [bytes([i]) * 32 for i in range(before)]
    return inventory.put(peek(raw).digest, raw)._body


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.trust_station(tmp_path, STATION.public_key().public_bytes_raw(), "Établi 3")
    keys.trust_log(tmp_path, ORIGIN, LOG_RAW)
    return tmp_path


def states(explained: Explanation) -> list[str]:
    return [finding.state for finding in explained.findings]


def test_a_signed_record_with_its_receipt_holds(folder: Path) -> None:
    explained = explain_envelope(RAW, keys.load_trust(folder), receipt_for(RAW, before=6))
    assert explained.holds and explained.record is not None
    text = "\n".join(explained.lines("fr"))
    assert "Établi 3" in text and "EX4MPLE99" in text and "place 6" in text and "2026-03-09" in text
    assert states(explained).count("proven") == 2  # the signature and the place in the log; the rest is somebody's word
    assert "\x1b" not in text
    assert explained.lines("en")[0].startswith("OK  Signed by")


def test_without_a_receipt_it_says_so(folder: Path) -> None:
    explained = explain_envelope(RAW, keys.load_trust(folder))
    assert explained.holds
    assert any("Sans reçu" in line for line in explained.lines("fr"))


def test_erasures_are_told_as_the_stations_word(folder: Path) -> None:
    explained = explain_envelope(RAW, keys.load_trust(folder))
    (said,) = [finding for finding in explained.findings if "cleared" in finding.en]
    assert said.state == "unproven" and "Disque A" in said.fr


@pytest.mark.parametrize("place", range(0, len(RAW), 211))
def test_a_flipped_byte_proves_nothing_and_shows_nothing(folder: Path, place: int) -> None:
    raw = RAW[:place] + bytes([RAW[place] ^ 1]) + RAW[place + 1 :]
    explained = explain_envelope(raw, keys.load_trust(folder), receipt_for(RAW))
    assert not explained.holds and explained.record is None
    assert "EX4MPLE99" not in "\n".join(explained.lines("fr"))
    assert "proven" not in states(explained)


def test_an_unknown_station_proves_nothing() -> None:
    explained = explain_envelope(RAW, Trust())
    assert not explained.holds and explained.record is None


@pytest.mark.parametrize("receipt", ["another record", "flipped", "empty", "unknown log"])
def test_a_receipt_that_does_not_hold_is_broken(folder: Path, receipt: str) -> None:
    good = receipt_for(RAW)
    other = seal(build_payload(record(2)), STATION)
    trust = keys.load_trust(folder)
    raw = {
        "another record": receipt_for(other),
        "flipped": good[:100] + bytes([good[100] ^ 1]) + good[101:],
        "empty": b"",
        "unknown log": good,
    }[receipt]
    if receipt == "unknown log":
        trust = Trust(stations=trust.stations)
    explained = explain_envelope(RAW, trust, raw)
    assert not explained.holds and explained.record is not None


def test_a_receipt_for_the_same_bytes_under_another_key_is_broken(folder: Path) -> None:
    inventory = SmallInventory()
    inventory.key_id_logged = "0" * 64
    receipt = inventory.put(peek(RAW).digest, RAW)._body
    assert not explain_envelope(RAW, keys.load_trust(folder), receipt).holds


def test_revocation_counts_from_its_place_in_the_log(folder: Path) -> None:
    keys.revoke(folder, KEY_ID, 5)
    trust = keys.load_trust(folder)
    assert explain_envelope(RAW, trust, receipt_for(RAW, before=4)).holds
    assert not explain_envelope(RAW, trust, receipt_for(RAW, before=5)).holds
    assert not explain_envelope(RAW, trust).holds  # without a receipt nobody knows when it was signed


def test_signed_bytes_that_are_no_record_are_said(folder: Path) -> None:
    explained = explain_envelope(seal(b'{"predicateType":"x"}', STATION), keys.load_trust(folder))
    assert not explained.holds and states(explained)[0] == "proven"
    assert not explain_envelope(seal(b"\xff", STATION), keys.load_trust(folder)).holds


def test_a_thief_with_his_own_key(folder: Path) -> None:
    thief = Ed25519PrivateKey.generate()
    explained = explain_envelope(seal(build_payload(record(1)), thief), keys.load_trust(folder))
    assert not explained.holds and explained.record is None
