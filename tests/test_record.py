"""Records: canonical, read back equal, refused in any other shape; identities that never merge strangers."""

import contextlib
import json
import random
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

import agent
from agent.erasure import Hidden, Media
from agent.errors import RecordError
from agent.facts import Disk, Health, Machine, System
from agent.fitting import fitted
from agent.record import (
    PAYLOAD_MOST,
    PREDICATE_TYPE,
    build_payload,
    machine_identity,
    parse_payload,
    schema_text,
    subjects,
    uuid7,
)
from tests import erasures
from tests.evidence import MACHINE, NOW, record

PAYLOAD = build_payload(record(1))


def changed(**changes: Any) -> bytes:
    document = json.loads(PAYLOAD)
    for path, value in changes.items():
        *way, last = path.split("__")
        inner = document
        for name in way:
            inner = inner[name]
        inner[last] = value
    return json.dumps(document).encode()


def test_a_record_reads_back_equal() -> None:
    assert parse_payload(PAYLOAD) == record(1)


def test_the_bytes_are_canonical_and_hold_no_float() -> None:
    assert rfc8785.dumps(json.loads(PAYLOAD)) == PAYLOAD
    json.loads(PAYLOAD, parse_float=lambda text: pytest.fail(f"float {text}"))


def test_it_is_an_in_toto_statement() -> None:
    document = json.loads(PAYLOAD)
    assert set(document) == {"_type", "subject", "predicateType", "predicate"}
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["predicateType"] == PREDICATE_TYPE
    assert [subject["name"] for subject in document["subject"]] == ["machine", "disks[0]"]
    assert document["subject"][1]["digest"] == {"sha256": "ab" * 32}


def test_unknown_fields_do_not_matter() -> None:
    assert parse_payload(changed(extra={"a": 1}, predicate__extra=[1], predicate__machine__quantum=3)) == record(1)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"[]", b"null", b"{}", b'"x"',
        changed(predicateType="https://rebond.example/record/v2"),
        changed(predicateType="https://example.org/x"), changed(predicateType=None),
        changed(_type="https://in-toto.io/Statement/v0.1"),
        changed(predicate=None), changed(predicate__machine=None), changed(predicate__machine__disks={}),
        changed(predicate__machine__memory__fitted_bytes="8"), changed(predicate__machine__memory__fitted_bytes=1.5),
        changed(predicate__id="x"), changed(predicate__id=record(1).id + "\n"),
        changed(predicate__id=str(uuid.UUID(int=1 << 100))),
        changed(predicate__seq=0), changed(predicate__seq=-1), changed(predicate__seq="1"),
        changed(predicate__seq=True),
        changed(predicate__prev="x"), changed(predicate__kind="magic"), changed(predicate__made_at="hier"),
        changed(predicate__station="x" * 81), changed(predicate__verdicts=[1]), changed(predicate__verdicts=[{}]),
        changed(predicate__verdicts=[{"profile": "a", "outcome": "perfect", "class": "refurbishable"}]),
        changed(predicate__verdicts=[{"profile": "a", "outcome": ["review"], "class": "refurbishable"}]),
        changed(predicate__operator={"name": "x"}), changed(subject=[{"name": 1}]),
        PAYLOAD.replace(b'"seq":1', b'"seq":1,"seq":2'),
        b'{"a":' * 100 + b"1" + b"}" * 100, b" " * (2 << 20) + PAYLOAD,
    ],
)  # fmt: skip
def test_other_shapes_are_refused_in_both_languages(payload: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        parse_payload(payload)
    assert caught.value.fr and caught.value.en


def test_a_newer_version_asks_for_an_update() -> None:
    with pytest.raises(RecordError) as caught:
        parse_payload(changed(predicateType="https://rebond.example/record/v2"))
    assert "mettez" in caught.value.fr


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_mutated_records_are_read_or_refused_never_a_crash(rng: random.Random) -> None:
    raw = bytearray(PAYLOAD)
    for _ in range(rng.randint(1, 6)):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    with contextlib.suppress(RecordError):
        parse_payload(bytes(raw))


def test_absurd_and_hostile_facts_become_gaps_not_a_lost_visit() -> None:
    disk = Disk(name="sda", health=Health(written_bytes=2**60, hours=7), model="\ud800\0<script>")
    machine = Machine(disks=(disk,))
    verdict = {**record(1).verdicts[0], "reasons": [{"observed": "\udc80\0x"}]}
    whole = parse_payload(build_payload(record(1, machine=machine, verdicts=(verdict,))))
    assert whole.verdicts[0]["reasons"] == [{"observed": "?x"}]
    found = whole.machine
    assert found.disks and found.disks[0].health.written_bytes is None and found.disks[0].health.hours == 7
    assert found.disks[0].model == "?<script>"
    assert [(gap.path, gap.why) for gap in found.gaps] == [("disks[0].health.written_bytes", "malformed")]
    assert str(2**60) in found.gaps[0].detail


def test_what_cannot_be_signed_is_refused() -> None:
    for verdict in ({**record(1).verdicts[0], "score": 0.5}, {**record(1).verdicts[0], "é": 1}):
        with pytest.raises(RecordError):
            build_payload(record(1, verdicts=(verdict,)))
    with pytest.raises(RecordError):
        build_payload(record(1, checks=({"note": "x" * (2 << 20)},)))
    with pytest.raises(RecordError):
        build_payload(record(1, prev="not a digest"))


def test_the_shipped_schema_is_current() -> None:
    path = Path(agent.__file__).parent / "schema" / "record-v1.json"
    fix = (
        f"""python -c "from agent.record import schema_text; print(schema_text(), end='')" > agent/schema/{path.name}"""
    )
    assert path.read_text() == schema_text(), f"the record changed; if that is meant: {fix}"


# --- erasures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", erasures.EVERY)
def test_an_erasure_reads_back_equal(name: str) -> None:
    made = record(1, kind="wipe", erasures=(erasures.EVERY[name](),))
    assert parse_payload(build_payload(made)) == made


def test_eight_disks_with_all_their_evidence_fit_and_say_what_was_left_out() -> None:
    heavy = tuple(erasures.heavy(number) for number in range(8))
    payload = build_payload(record(1, kind="wipe", erasures=heavy))
    assert len(payload) <= PAYLOAD_MOST
    for before, after in zip(heavy, parse_payload(payload).erasures, strict=True):
        for whole, kept in zip(before.attempts, after.attempts, strict=True):
            assert kept.bad_sectors == whole.bad_sectors and kept.exchanges[0] == whole.exchanges[0]
            assert kept.exchanges[-1] == whole.exchanges[-1] and 0 < len(kept.bad) < len(whole.bad)
            assert kept.verification == whole.verification and kept.markers == whole.markers
            assert f"{len(whole.exchanges) - len(kept.exchanges)} of {len(whole.exchanges)} commands" in kept.said[-1]
            assert f"{len(whole.bad) - len(kept.bad)} of {len(whole.bad)} bad places (20000 sectors" in kept.said[-1]


def test_small_evidence_is_never_shortened() -> None:
    made = tuple(build() for build in erasures.EVERY.values())
    assert fitted(made, PAYLOAD_MOST) == made
    one = erasures.heavy(1).attempts[0]
    alone = erasures.cleared(attempts=(one,))
    (kept,) = fitted((alone,), PAYLOAD_MOST)
    assert kept.attempts[0].bad == one.bad and kept.attempts[0].exchanges == one.exchanges


def test_hostile_text_in_an_erasure_costs_nothing() -> None:
    media = Media(name="\ud800\0sda", serial="\udc80", model="x" * 100_000)
    made = record(1, kind="wipe", erasures=(erasures.cleared(media=media, hidden=Hidden(
        state="unknown", visible_bytes=1, native_bytes=2**57)),))  # fmt: skip
    (read,) = parse_payload(build_payload(made)).erasures
    assert read.media.name == "?sda" and read.media.serial == "?"
    assert read.hidden and read.hidden.native_bytes is None


@pytest.mark.parametrize(
    "change", [{"outcome": "perfect"}, {"level": "destroy"}, {"media": None}, {"attempts": [{"technique": "x"}]}]
)
def test_an_erasure_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    document = json.loads(build_payload(record(1, erasures=(erasures.cleared(),))))
    document["predicate"]["erasures"][0] |= change
    with pytest.raises(RecordError):
        parse_payload(json.dumps(document).encode())


def test_a_disk_erased_outside_its_machine_is_a_subject_too() -> None:
    loose = msgspec.structs.replace(erasures.HARD_DISK, identity="ef" * 32)
    made = record(1, erasures=(erasures.cleared(), erasures.cleared(media=loose), erasures.cleared(media=loose)))
    assert [subject.name for subject in subjects(made)] == ["machine", "disks[0]", "erasures[1]"]


# --- identity ---------------------------------------------------------------------------------------------------------


def test_identity_needs_something_that_identifies() -> None:
    for system in (
        System(),
        System(maker="Dell Inc.", product="OptiPlex 7010"),
        System(serial="To be filled by O.E.M.", board_serial="Default string"),
        System(uuid="03000200-0400-0500-0006-000700080009"),
        System(uuid="ffffffff-ffff-ffff-ffff-ffffffffffff", serial="0"),
        System(uuid="00000000-0000-0000-0000-000000000000", serial=" "),
        System(uuid="", serial="1"),
    ):
        assert machine_identity(Machine(system=system)) is None, system


def test_two_machines_nobody_can_identify_stay_two() -> None:
    first, second = (subjects(record(number, machine=Machine()))[0] for number in (1, 2))
    assert first.name == second.name == "unidentified machine"
    assert first.digest != second.digest


def test_identity_is_stable_and_tells_machines_apart() -> None:
    identity = machine_identity(MACHINE)
    replace = msgspec.structs.replace
    renamed = replace(MACHINE, system=replace(MACHINE.system, product="Autre nom", maker="EXEMPLE SA"), disks=None)
    assert machine_identity(renamed) == identity
    upper = replace(MACHINE, system=replace(MACHINE.system, uuid=(MACHINE.system.uuid or "").upper()))
    assert machine_identity(upper) == identity
    for change in ({"serial": "EX4MPLE98"}, {"uuid": "4c4c4544-0051-4a10-8056-b7c04f4e3233"}, {"board_serial": "/B1/"}):
        assert machine_identity(replace(MACHINE, system=replace(MACHINE.system, **change))) != identity
    one = Machine(system=System(maker="Exemple", serial="12AB34"))
    other = Machine(system=System(maker="Modèle", serial="12AB34"))
    assert machine_identity(one) != machine_identity(other)


def test_identity_survives_hostile_text() -> None:
    assert machine_identity(Machine(system=System(serial="\ud800AB12", maker="\udfff")))


# --- UUIDv7 -----------------------------------------------------------------------------------------------------------


def test_the_example_of_rfc_9562() -> None:
    # Appendix A.6: unix_ts_ms 0x017F22E279B0, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F
    noise = 0x18C4DC0C0C07398F << 12 | 0xCC3
    at = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    assert uuid7(at, lambda size: noise.to_bytes(size, "big")) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@pytest.mark.parametrize("year", [1950, 1970, 1998, 2026, 2099, 9999])
def test_ids_are_version_7_whatever_the_clock_says(year: int) -> None:
    made = uuid.UUID(uuid7(datetime(year, 1, 2, tzinfo=UTC), lambda size: b"\xff" * size))
    assert made.version == 7 and made.variant == uuid.RFC_4122


def test_ids_sort_by_time() -> None:
    early = uuid7(NOW, lambda size: b"\xff" * size)
    late = uuid7(NOW.replace(microsecond=1000), lambda size: b"\0" * size)
    assert early < late
