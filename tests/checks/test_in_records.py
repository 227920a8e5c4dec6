"""Checks in a signed record: typed, kept whole, and never read as more than they are."""

import fcntl
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from agent import keys
from agent.bulk.carrying import jobs_of
from agent.bulk.session import Asked, Chosen
from agent.checks.registry import CHECKS
from agent.checks.results import LOST_DISKS, measure
from agent.envelope import open_, seal
from agent.errors import RecordError
from agent.facts import Disk, Machine
from agent.home import Home
from agent.host import Host
from agent.outbox import Outbox
from agent.recheck import with_erasures
from agent.record import ClockEvidence, build_payload, may_say_refurbished, parse_payload
from agent.rules import load_profiles
from agent.screen import render
from agent.sheet import result_of
from agent.verdict import judge
from agent.verify import explain_envelope
from agent.visit import Desk, ended_erasures, erasures_in, note_visit, of_this_visit, open_checks
from agent.wipe.job import Job, Plan
from agent.wipe.journal import Journal, Opened
from tests import erasures
from tests.checks.standing import NOW, all_passed, failed, passed
from tests.checks.test_gate import LAPTOP
from tests.evidence import KEY_ID, STATION, VERDICT, record

FULL = record(1, machine=LAPTOP, checks=all_passed(LAPTOP))


def changed(**changes: Any) -> bytes:
    document = json.loads(build_payload(FULL))
    document["predicate"]["checks"][0].update(changes)
    return json.dumps(document).encode()


def test_a_record_keeps_them_typed() -> None:
    one = passed("cooling", measured=(measure("peak-temperature", 74, "c", "coretemp\x1b Package"),), note="ça chauffe")
    made = record(1, checks=(one, failed("fan")))
    assert parse_payload(build_payload(made)).checks == made.checks
    assert made.checks[0].measured[0].about == "coretemp Package"


@pytest.mark.parametrize(
    "change",
    [{"outcome": "great"}, {"name": "Écran"}, {"name": 3}, {"measured": [{"name": "x", "value": 1.5, "unit": "c"}]},
     {"taken_at": "hier"}, {"fr": "x" * 401}, {"seconds": -1}],
)  # fmt: skip
def test_any_other_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        parse_payload(changed(**change))


def test_a_record_without_checks_stays_valid_and_claims_nothing() -> None:
    document = json.loads(build_payload(record(1)))
    del document["predicate"]["checks"]
    old = parse_payload(json.dumps(document).encode())
    assert old.checks == () and may_say_refurbished(old)[0] is False


def test_the_word_is_worked_out_and_never_read() -> None:
    assert may_say_refurbished(FULL) == (True, ())
    for weaker in (
        {"verdicts": ()}, {"verdicts": (VERDICT | {"outcome": "repair"},)}, {"checks": FULL.checks[1:]},
        {"machine": msgspec.structs.replace(LAPTOP, disks=(Disk(name="sda"),))},
        {"checks": (*FULL.checks, failed("screen"))},
    ):  # fmt: skip
        assert may_say_refurbished(msgspec.structs.replace(FULL, **weaker))[0] is False


def noted(tmp_path: Path, machine: Machine, *checks: Any) -> Any:
    outbox = Outbox(tmp_path / "outbox")

    class Key:
        station, key_id, private = KEY_ID, KEY_ID, STATION

    found = note_visit(
        machine, (), (), key=Key(), outbox=outbox, desk=Desk(), now=NOW, clock=ClockEvidence(), checks=checks,  # type: ignore[arg-type]
        kind="check",
    )  # fmt: skip
    return parse_payload(open_(found.path.read_bytes(), [STATION.public_key()]).payload)


def test_a_visit_writes_the_state_of_every_check(tmp_path: Path) -> None:
    made = noted(tmp_path, LAPTOP, failed("screen"), passed("screen"))
    assert made.kind == "check" and [one.name for one in made.checks] == [
        check.name for check in CHECKS if check.name != LOST_DISKS
    ]
    states = {one.name: one for one in made.checks}
    assert (states["screen"].outcome, states["screen"].failed_before) == ("passed", 1)
    assert states["optical"].outcome == "not_applicable" and states["fan"].outcome == "not_tested"


def test_a_visit_without_checks_writes_none(tmp_path: Path) -> None:
    assert noted(tmp_path, LAPTOP).checks == ()


# --- what a reader is told --------------------------------------------------------------------------------------------


def told(made: Any, folder: Path) -> str:
    keys.trust_station(folder, STATION.public_key().public_bytes_raw(), "Établi 3")
    return "\n".join(explain_envelope(seal(build_payload(made), STATION), keys.load_trust(folder)).lines("fr"))


def test_verify_says_whose_word_it_is(tmp_path: Path) -> None:
    said = told(FULL, tmp_path)
    assert " ?  D'après cette fiche, le mot « reconditionné » peut être employé. Les preuves d'effacement sont" in said
    no_disk = msgspec.structs.replace(FULL, machine=msgspec.structs.replace(LAPTOP, disks=()))
    assert "Les preuves" not in told(no_disk, tmp_path) and "peut être employé." in told(no_disk, tmp_path)
    said = told(msgspec.structs.replace(FULL, checks=(failed("screen"), passed("fan"))), tmp_path)
    assert "1 tests réussis, ratés : Écran" in said and "ne peut pas être employé" in said
    assert "reconditionné" not in told(record(1), tmp_path)


def test_the_result_screen_has_the_word_and_still_fits() -> None:
    profiles = load_profiles()
    verdicts = tuple(judge(LAPTOP, profile) for profile in profiles)
    shown = render(result_of(LAPTOP, verdicts, profiles, "fr", checks=(passed("fan"),)), "fr", colour=False)
    assert "Étiquette : testé. Pour « reconditionné », il manque : " in shown
    assert len(shown.splitlines()) <= 23 and all(len(line) <= 80 for line in shown.splitlines())
    assert "Étiquette" not in render(result_of(LAPTOP, verdicts, profiles, "fr"), "fr", colour=False)


# --- erasures of this visit -------------------------------------------------------------------------------------------


def test_a_disk_erased_in_this_visit_is_known_when_the_pc_is_looked_at_again(tmp_path: Path) -> None:
    media = erasures.HARD_DISK
    disk = Disk(name=media.name, identity=media.identity, serial=media.serial, wwn=media.wwn, model=media.model)
    machine = msgspec.structs.replace(LAPTOP, disks=(disk,))
    after = with_erasures(machine, [erasures.cleared()])
    assert after.disks is not None and after.disks[0].erasure == "cleared" and after.disks[0].health == disk.health
    rejected = with_erasures(machine, [erasures.cleared(), erasures.not_proven()])
    assert rejected.disks is not None and rejected.disks[0].erasure == "not_proven"
    assert with_erasures(LAPTOP, [erasures.cleared()]) == LAPTOP


def test_journals_of_this_visit_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = erasures.cleared(began_at="2026-11-26T09:00:00Z", ended_at="2026-11-26T11:00:00Z")
    job = Job(id="a", media=ended.media, plan=Plan(steps=(), level=None), journal="a")
    monkeypatch.setattr("agent.wipe.journals.begun_in", lambda path: SimpleNamespace(job=job))
    monkeypatch.setattr("agent.wipe.conclude.conclude", lambda state: ended)
    (tmp_path / "a.journal").write_text("")
    (tmp_path / "README").write_text("")
    assert ended_erasures(erasures_in(tmp_path), NOW) == (ended,)
    assert ended_erasures(erasures_in(tmp_path), NOW + timedelta(days=8)) == ()
    with (tmp_path / "a.journal").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # as the worker at its disk does
        assert ended_erasures(erasures_in(tmp_path), NOW) == ()
    assert ended_erasures(erasures_in(tmp_path / "none"), NOW) == ()


def test_a_clock_set_back_does_not_make_a_later_failure_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = erasures.cleared(began_at="2026-11-27T07:00:00Z", ended_at="2026-11-27T08:00:00Z")
    bad = erasures.failed(media=good.media, began_at="2016-01-01T00:00:10Z", ended_at="2016-01-01T00:20:00Z")
    dead_battery = datetime(2016, 1, 1, tzinfo=UTC)
    armed = [Chosen(media=good.media, plan=Plan(steps=(), level=None))]
    for erasure, now in ((good, NOW), (bad, dead_battery)):
        monkeypatch.setattr("agent.bulk.carrying.datetime", clock_at(now))
        (job,) = jobs_of(armed, Asked(serials=()), tmp_path, allow_virtual=False)
        job = msgspec.structs.replace(job, id=erasure.id)
        Journal.create(Path(job.journal), Opened(job=job, at="2026-11-27T07:00:00Z")).close()
    ended = {one.id: one for one in (good, bad)}
    monkeypatch.setattr("agent.wipe.conclude.conclude", lambda state: ended[state.job.id])
    assert ended_erasures(erasures_in(tmp_path), NOW) == (good, bad)


def clock_at(moment: datetime) -> type[datetime]:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return moment

    return Clock


def test_a_damaged_journal_of_a_wipe_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.journal").write_text("00000000 {}\n00000000 {}\n")
    assert ended_erasures(erasures_in(tmp_path), NOW) == ()


def test_the_checks_of_this_visit_come_with_the_machine(tmp_path: Path) -> None:
    home, host = Home(tmp_path / "home"), Host(tmp_path)
    open_checks(home.checks, LAPTOP, host, NOW)
    assert of_this_visit(home, LAPTOP, host, NOW) == (LAPTOP, ())
