"""What a person is told of a signed record: nothing unproven is called proven, nothing broken passes."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent import keys
from agent.envelope import peek, seal
from agent.erasure import Erasure, Markers
from agent.keys import Trust
from agent.record import build_payload
from agent.verify import Explanation, explain_envelope
from tests import erasures
from tests.evidence import KEY_ID, LOG_RAW, ORIGIN, STATION, SmallInventory, record

MEDIA = msgspec.structs.replace(erasures.HARD_DISK, model="Disque A\x1b[2J\nOK  Tout est prouvé.")
RAW = seal(build_payload(record(1, kind="wipe", erasures=(erasures.cleared(media=MEDIA),))), STATION)


def with_last(erasure: Erasure, **changes: Any) -> Erasure:
    attempts = (*erasure.attempts[:-1], msgspec.structs.replace(erasure.attempts[-1], **changes))
    return msgspec.structs.replace(erasure, attempts=attempts)


def with_reading(erasure: Erasure, **changes: Any) -> Erasure:
    read = erasure.attempts[-1].verification
    assert read is not None
    return with_last(erasure, verification=msgspec.structs.replace(read, **changes))


FAILURE = erasures.failed()
OVERCLAIMS = (
    erasures.cleared(ended_at=None),
    erasures.cleared(began_at=None),
    erasures.cleared(level="purge"),
    erasures.cleared(level=None),
    erasures.cleared(outcome="purged", level="purge"),
    erasures.cleared(attempts=()),
    erasures.cleared(hidden=msgspec.structs.replace(erasures.NO_HIDDEN, state="kept")),
    erasures.failed(outcome="purged", level="purge"),
    erasures.purged(attempts=(*FAILURE.attempts, *erasures.purged().attempts)),
    erasures.failed(validation=erasures.approved()),
    erasures.interrupted(level="clear"),
    with_last(erasures.cleared(), result="refused"),
    with_last(erasures.cleared(), verification=None),
    with_last(erasures.cleared(), was_accepted=False),
    with_last(erasures.cleared(), bad_sectors=1),
    with_reading(erasures.cleared(), read_bytes=erasures.SIZE - 512),
    with_reading(erasures.cleared(), matching_bytes=erasures.SIZE - 512),
    with_reading(erasures.cleared(), kind="sampled"),
    with_reading(erasures.cleared(), compared_with="nothing"),
    with_reading(erasures.cleared(), addressable_bytes=0),
    with_reading(erasures.purged(), read_bytes=0),
    with_last(erasures.purged(), markers=None),
    with_last(erasures.purged(), markers=Markers(offsets=(0,), length_bytes=1, digest="", survived=None)),
    with_last(erasures.purged(), markers=Markers(offsets=(0,), length_bytes=1, digest="", survived=1)),
    with_last(erasures.purged(), verification=FAILURE.attempts[0].verification),
)


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
    (said,) = [finding for finding in explained.findings if "erasure: cleared" in finding.en]
    assert said.state == "unproven" and "Disque A" in said.fr and "\n" not in said.fr


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


# --- each level of evidence has its own sentence ----------------------------------------------------------------------


def told(folder: Path, erasure: Erasure) -> tuple[Explanation, str, str]:
    raw = seal(build_payload(record(1, kind="wipe", erasures=(erasure,))), STATION)
    explained = explain_envelope(raw, keys.load_trust(folder))
    assert states(explained).count("proven") == 1  # the signature, and nothing of what the station says it did
    return explained, "\n".join(explained.lines("fr")), "\n".join(explained.lines("en"))


@pytest.mark.parametrize(
    "name, fr, en",
    [
        ("purged", "commande acceptée par le disque, vu en cours, allé au bout", "command accepted, seen running"),
        ("purged", "Repères : 16 posés avant, 0 retrouvés après", "16 planted before, 0 found after"),
        (
            "purged",
            "Relu : 250 Go sur 250 Go (100 %), sans savoir d'avance",
            "250 GB of 250 GB (100%), without knowing",
        ),
        ("purged", "que sur des disques simulés", "on simulated disks only"),
        ("cleared", "Relu et comparé : 500 Go sur 500 Go (100 %), 0 octets différents", "(100%), 0 bytes different"),
        ("cleared", "Zone cachée du disque : cherchée, aucune", "looked for, none"),
        ("cleared_with_exceptions", "9 secteurs ne sont pas prouvés effacés", "9 sectors are not proven erased"),
        ("not_proven", "seraient vus 28,1 % du temps", "would be met 28.1% of the time"),
        ("not_proven", "effacement : non prouvé", "erasure: not proven"),
        ("failed", "16 posés avant, 3 retrouvés après", "3 found after"),
        ("failed", "démenti par la relecture", "contradicted by reading"),
        ("failed", "Traces encore lisibles : NTFS", "Traces still readable: NTFS"),
        ("interrupted", "effacement : interrompu", "erasure: interrupted"),
        ("interrupted", "Rien n'a été relu après", "Nothing was read back"),
        ("begun", "effacement commencé (2026-03-09T09:00:00Z), fin inconnue", "end unknown"),
    ],
)
def test_every_level_of_evidence_is_told(folder: Path, name: str, fr: str, en: str) -> None:
    explained, french, english = told(folder, erasures.EVERY[name]())
    assert explained.holds and fr in french and en in english
    assert "comparez son numéro de série" in french


def test_begun_is_never_told_as_done(folder: Path) -> None:
    for outcome in ("purged", "cleared", "interrupted"):
        begun = erasures.begun(outcome=outcome, level={"purged": "purge", "cleared": "clear"}.get(outcome))
        explained, french, _ = told(folder, begun)
        assert "fin inconnue" in french and "effacé (Clear)" not in french and "en profondeur" not in french
        assert explained.holds is (outcome == "interrupted")


def test_an_overwritten_flash_disk_keeps_its_spare_area(folder: Path) -> None:
    sentence = "n'atteint pas la réserve interne"
    flash = msgspec.structs.replace(erasures.HARD_DISK, kind="ssd")
    assert sentence in told(folder, erasures.cleared(media=flash))[1]
    assert sentence not in told(folder, erasures.cleared())[1]
    assert sentence not in told(folder, erasures.purged())[1]


def test_nothing_touched_and_nothing_sought_are_said(folder: Path) -> None:
    nothing = erasures.failed(began_at=None, attempts=())
    assert "pas un octet n'a été touché" in told(folder, nothing)[1]
    unsought = msgspec.structs.replace(erasures.sanitize().markers, survived=None)  # type: ignore[type-var]
    attempt = msgspec.structs.replace(erasures.sanitize(), markers=unsought, result="failed")
    _, french, _ = told(folder, erasures.failed(attempts=(attempt,)))
    assert "personne ne les a cherchés" in french


@pytest.mark.parametrize("number", range(len(OVERCLAIMS)))
def test_a_claim_that_its_own_evidence_denies_is_broken(folder: Path, number: int) -> None:
    explained, french, english = told(folder, OVERCLAIMS[number])
    assert not explained.holds
    assert "NON Disque" in french and "se contredit" in french and "contradicts itself" in english
