"""The session's manifest: bytes that come back, that contradict nothing, and that a reader can tell from a record."""

from typing import Any

import msgspec
import pytest

from agent.envelope import canonical, load_json
from agent.errors import RecordError
from agent.manifest import DiskDone, Exceptional, Manifest, build_manifest, is_manifest, is_proven, parse_manifest
from agent.record import build_payload
from tests.evidence import record

MANIFEST = Manifest(
    id="01a2066e-f05b-7527-bdd6-f7d68927719a", name="armoire", station="ab" * 32, operator="op-7", lot="L1",
    began_at="2026-11-23T08:00:00Z", ended_at="2026-11-23T09:00:00Z", approval="typed", approved=("A1", "B2", "C3"),
    count=3, method="best", verify="full",
    disks=(
        DiskDone(name="sda", serial="A1", size_bytes=10**12, state="purged", level="purge", decision="approve",
                 record="12" * 32),
        DiskDone(name="sdb", serial="B2", state="failed", record="34" * 32),
        DiskDone(name="sdc", serial="C3", state="refused"),
    ),
    exceptions=(Exceptional(name="sdc", serial="C3", rule="mounted", fr="Il est utilisé.", en="In use."),),
    records=("56" * 32, "12" * 32, "34" * 32), agent_version="0.1.0",
)  # fmt: skip


def changed(**changes: Any) -> Manifest:
    return msgspec.structs.replace(MANIFEST, **changes)


def test_it_comes_back_and_its_subjects_are_its_records() -> None:
    payload = build_manifest(MANIFEST)
    assert parse_manifest(payload) == MANIFEST and is_manifest(payload)
    document = load_json(payload)
    assert document["predicateType"] == "https://rebond.example/session/v1"
    assert [subject["digest"]["sha256"] for subject in document["subject"]] == list(MANIFEST.records)
    assert payload == canonical(document)


def test_a_session_without_records_stands_for_itself() -> None:
    alone = changed(records=(), disks=(DiskDone(name="sdc", serial="C3", state="refused"),), approved=("C3",), count=1)
    payload = build_manifest(alone)
    assert parse_manifest(payload) == alone and len(load_json(payload)["subject"]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"approved": ("A1", "B2")},
        {"records": ("12" * 32,)},
        {"records": ()},
        {"id": "x"},
        {"began_at": "hier"},
        {"approval": "guessed"},
        {"name": "x" * 81},
        {"disks": (*MANIFEST.disks[:2], DiskDone(name="sdc", state="erased"))},  # type: ignore[arg-type]
        {"count": 1.5},
    ],
    ids=str,
)
def test_what_contradicts_itself_is_neither_written_nor_read(changes: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        build_manifest(changed(**changes))


@pytest.mark.parametrize("swap", [0, 1, 2])
def test_a_subject_that_is_no_record_of_it_is_refused(swap: int) -> None:
    document = load_json(build_manifest(MANIFEST))
    document["subject"][swap]["digest"]["sha256"] = "00" * 32
    with pytest.raises(RecordError):
        parse_manifest(canonical(document))


def test_other_documents_are_told_apart() -> None:
    payload = build_payload(record(1))
    assert not is_manifest(payload) and not is_manifest(b"{}") and not is_manifest(b"\xff") and not is_manifest(b"[]")
    with pytest.raises(RecordError):
        parse_manifest(payload)
    later = build_manifest(MANIFEST).replace(b"session/v1", b"session/v2")
    assert is_manifest(later)
    with pytest.raises(RecordError, match="newer"):
        parse_manifest(later)


@pytest.mark.parametrize(
    ("changes", "proven"),
    [({}, True), ({"record": None}, False), ({"level": None}, False), ({"state": "not_proven"}, False),
     ({"state": "cleared", "level": "clear"}, True), ({"state": "untouched"}, False)],
)  # fmt: skip
def test_proven_needs_outcome_level_and_record(changes: dict[str, Any], proven: bool) -> None:
    assert is_proven(msgspec.structs.replace(MANIFEST.disks[0], **changes)) == proven
