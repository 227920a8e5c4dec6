"""The manifest of a wipe session: each disk against its own record, nothing taken on the manifest's word."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent import keys
from agent.cli import main
from agent.envelope import peek, seal
from agent.erasure import Erasure
from agent.manifest import DiskDone, Exceptional, Manifest, build_manifest
from agent.record import build_payload
from agent.verify import Explanation, explain_document, explain_manifest
from tests import erasures
from tests.evidence import KEY_ID, STATION, record


def kept(number: int, *made: Erasure, key: Ed25519PrivateKey = STATION) -> tuple[str, bytes]:
    raw = seal(build_payload(record(number, kind="wipe", erasures=made)), key)
    return peek(raw).digest, raw


PURGED, CLEARED = kept(1, erasures.purged()), kept(2, erasures.cleared())
BEGUN = kept(3, erasures.begun())
RECORDS = dict((PURGED, CLEARED, BEGUN))


def line(erasure: Erasure, digest: str | None, **changes: Any) -> DiskDone:
    media = erasure.media
    done = DiskDone(
        name=media.name, serial=media.serial, identity=media.identity, model=media.model, size_bytes=media.size_bytes,
        state=erasure.outcome, level=erasure.level, record=digest,
    )  # fmt: skip
    return msgspec.structs.replace(done, **changes)


def manifest(*disks: DiskDone, **changes: Any) -> Manifest:
    made = Manifest(
        id=record(9).id, name="lot 12", station=KEY_ID, operator="op-7", began_at="2026-03-09T09:00:00Z",
        ended_at="2026-03-09T12:00:00Z", approval="typed", approved=tuple(disk.serial or "?" for disk in disks),
        count=len(disks), method="best", verify="full", disks=disks,
        records=tuple(dict.fromkeys(disk.record for disk in disks if disk.record)), agent_version="0.1.0",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


BOTH = (line(erasures.purged(), PURGED[0]), line(erasures.cleared(), CLEARED[0]))


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    keys.trust_station(tmp_path / "trust", STATION.public_key().public_bytes_raw(), "Banc 1")
    return tmp_path / "trust"


def explained(
    trust: Path, made: Manifest, records: Mapping[str, bytes] = RECORDS, key: Ed25519PrivateKey = STATION
) -> tuple[Explanation, str, list[str]]:
    found = explain_manifest(seal(build_manifest(made), key), keys.load_trust(trust), records.get)
    return found, "\n".join(found.lines("fr")), [finding.state for finding in found.findings]


def test_every_record_there_and_saying_the_same_is_proven(trust: Path) -> None:
    found, text, states = explained(trust, manifest(*BOTH))
    assert found.holds and found.is_authentic and states.count("proven") == 4
    for said in (
        "session « lot 12 »", "2 disques approuvés, 2 effacés", "op-7 : numéros de série saisis un par un",
        "Les 2 fiches nommées sont là", "Z3TMADEUP : sa fiche est là et dit la même chose (effacé (Clear))",
        "S21PMADEUP : sa fiche est là et dit la même chose (effacé en profondeur (Purge))",
        "ne prouve aucun effacement",
    ):  # fmt: skip
        assert said in text, said
    assert "2 disks approved, 2 erased" in "\n".join(found.lines("en"))


def test_a_missing_record_leaves_its_disk_unproven(trust: Path) -> None:
    found, text, states = explained(trust, manifest(*BOTH), dict((PURGED,)))
    assert found.holds and "1 des 2 fiches nommées sont là" in text
    assert "Z3TMADEUP : le bordereau dit effacé (Clear). Sa fiche n'est pas vérifiée ici." in text
    assert states.count("proven") == 2  # the signature and the disk whose record is there


@pytest.mark.parametrize("fault", ["other bytes", "stranger", "not a record", "flipped"])
def test_a_record_that_is_not_the_one_named_is_broken(trust: Path, fault: str) -> None:
    raw = {
        "other bytes": PURGED[1],
        "stranger": kept(2, erasures.cleared(), key=Ed25519PrivateKey.generate())[1],
        "not a record": b"{}",
        "flipped": CLEARED[1][:400] + bytes([CLEARED[1][400] ^ 1]) + CLEARED[1][401:],
    }[fault]
    found, text, _ = explained(trust, manifest(*BOTH), {**RECORDS, CLEARED[0]: raw})
    assert not found.holds and found.is_authentic
    assert "Z3TMADEUP : sa fiche est là" not in text and "S21PMADEUP : sa fiche est là" in text
    alone = explain_document(raw, keys.load_trust(trust), None, RECORDS.get)
    if fault == "stranger":  # the very reason is passed on
        assert f"Fiche {CLEARED[0][:16]}… : {alone.findings[0].fr}" in text


@pytest.mark.parametrize(
    "disk, said",
    [
        (line(erasures.cleared(), CLEARED[0], state="purged", level="purge"), "le bordereau dit effacé en profondeur"),
        (line(erasures.cleared(), BEGUN[0]), "sa fiche dit interrompu"),
        (line(erasures.cleared(), PURGED[0]), "parle d'un autre disque"),
        (line(erasures.cleared(), CLEARED[0], identity=None), "parle d'un autre disque"),
        (line(erasures.cleared(), None), "sans aucune fiche"),
    ],
)
def test_a_manifest_that_says_more_than_its_records_is_broken(trust: Path, disk: DiskDone, said: str) -> None:
    found, text, _ = explained(trust, manifest(disk))
    assert not found.holds and said in text


def test_disks_that_were_not_begun_and_exceptions_are_told(trust: Path) -> None:
    refused = line(erasures.cleared(), None, state="refused", level=None)
    untouched = line(erasures.purged(), None, state="untouched", level=None)
    look = Exceptional(name="sda", serial="X\x1b[2J", rule="r", fr="Ce disque est monté.", en="This disk is mounted.")
    found, text, states = explained(trust, manifest(refused, untouched, exceptions=(look,)))
    assert found.holds and states.count("proven") == 1 and "\x1b" not in text
    for said in ("refusé avant d'être touché", "jamais touché", "À regarder, disque X : Ce disque est monté."):
        assert said in text


@pytest.mark.parametrize(
    "disk_serial, media_serial, is_same", [("W", "W", True), ("5000", "A", True), ("Q", "A", False)]
)
def test_a_disk_without_identity_is_known_by_serial_or_wwn(
    trust: Path, disk_serial: str, media_serial: str, is_same: bool
) -> None:
    media = msgspec.structs.replace(erasures.HARD_DISK, identity=None, serial=media_serial, wwn="5000")
    digest, raw = kept(4, erasures.cleared(media=media))
    disk = line(erasures.cleared(media=media), digest, serial=disk_serial)
    assert explained(trust, manifest(disk), {digest: raw})[0].holds is is_same
    bare = msgspec.structs.replace(media, serial=None, wwn=None)
    digest, raw = kept(5, erasures.cleared(media=bare))
    for name, holds in (("sda", True), ("sdz", False)):
        disk = line(erasures.cleared(media=bare), digest, name=name)
        assert explained(trust, manifest(disk), {digest: raw})[0].holds is holds


def test_a_number_that_is_not_the_number_of_disks_is_broken(trust: Path) -> None:
    found, text, _ = explained(trust, manifest(*BOTH, count=3))
    assert not found.holds and "Le nombre annoncé (3)" in text


def test_a_stranger_a_revoked_key_and_another_shape_prove_nothing(trust: Path) -> None:
    found, text, states = explained(trust, manifest(*BOTH), key=Ed25519PrivateKey.generate())
    assert not found.holds and not found.is_authentic and "proven" not in states and "lot 12" not in text
    odd = seal(build_manifest(manifest(*BOTH)).replace(b'"count":2', b'"count":"2"'), STATION)
    found = explain_document(odd, keys.load_trust(trust), None, RECORDS.get)
    assert not found.holds and "bordereau" in "\n".join(found.lines("fr"))
    keys.revoke(trust, KEY_ID, 0)
    found, _, _ = explained(trust, manifest(*BOTH))
    assert not found.holds and not found.is_authentic


def test_a_document_finds_its_own_reader(trust: Path) -> None:
    believed = keys.load_trust(trust)
    assert explain_document(CLEARED[1], believed, None, RECORDS.get).record is not None
    assert explain_document(seal(build_manifest(manifest(*BOTH)), STATION), believed, None, RECORDS.get).record is None
    assert not explain_document(b"\xff", believed, None, RECORDS.get).holds


@pytest.mark.parametrize("where", ["beside", "given", "outbox", "nowhere"])
def test_the_command_looks_for_the_records(tmp_path: Path, trust: Path, capsys: Any, where: str) -> None:
    folder, words = tmp_path / "papers", []
    folder.mkdir()
    (folder / "session.json").write_bytes(seal(build_manifest(manifest(*BOTH)), STATION))
    for number, (digest, raw) in enumerate((PURGED, CLEARED)):
        path = {
            "beside": folder / f"{digest}.json",
            "given": tmp_path / f"given-{number}",
            "outbox": tmp_path / "outbox" / "new" / f"{digest}.json",
        }.get(where)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
        words += ["--record", str(path)] if where == "given" else []
    code = main(["verify", str(folder / "session.json"), "--home", str(tmp_path), "--lang", "en", *words])
    out = capsys.readouterr().out
    assert code == 0 and ("The 2 records named are here" in out) is (where != "nowhere")
    assert ("0 of the 2 records" in out) is (where == "nowhere")
    assert main(["certificate", str(folder / "session.json"), "--home", str(tmp_path)]) == 3
    assert "bordereau d'une session" in capsys.readouterr().err
