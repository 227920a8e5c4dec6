"""The word *reconditionné*: open only when every function was tested and every disk is erased with proof."""

from typing import Any

import msgspec
import pytest

from agent.checks.gate import complete, may_be_called_refurbished, word
from agent.checks.parts import gates, part_of
from agent.checks.registry import BY_NAME, CHECKS
from agent.checks.results import LOST_DISKS, CheckResult, merge, result
from agent.claims import standing_of
from agent.erasure import Validation
from agent.facts import Battery, Device, Disk, HiddenStorage, Machine, System
from agent.recheck import after_wipe, with_erasures
from tests import erasures
from tests.checks.standing import all_passed, failed, passed

LAPTOP = Machine(
    system=System(chassis="laptop"),
    disks=(
        Disk(name="sda", erasure="purged", is_erasure_approved=True),
        Disk(name="sdb", removable=True, is_boot_medium=True),
    ),
    lost_disks=(),
    batteries=(Battery(name="BAT0"),), cameras=(Device(name="video0"),), audio=(Device(name="card0"),), optical=(),
)  # fmt: skip


def with_(machine: Machine, **changes: Any) -> Machine:
    return msgspec.structs.replace(machine, **changes)


def rules(machine: Machine, results: tuple[CheckResult, ...], **more: Any) -> list[str]:
    is_open, reasons = may_be_called_refurbished(machine, results, **more)
    assert is_open is not bool(reasons)
    return [reason.rule for reason in reasons]


def test_everything_passed_and_erased_opens_it() -> None:
    assert rules(LAPTOP, all_passed(LAPTOP), outcome="refurbish") == []


def test_nothing_done_names_everything_that_is_missing() -> None:
    wanted = {f"check-{check.name}" for check in CHECKS if gates(LAPTOP, check)}
    assert set(rules(with_(LAPTOP, optical=None), ())) == wanted
    assert "check-cmos-clock" not in wanted and "check-case" not in wanted and "check-swelling" in wanted


@pytest.mark.parametrize("name", [check.name for check in CHECKS if gates(LAPTOP, check)])
def test_each_gating_check_alone_closes_it(name: str) -> None:
    results = all_passed(LAPTOP)
    assert rules(LAPTOP, tuple(one for one in results if one.name != name)) == [f"check-{name}"]
    assert rules(LAPTOP, (*results, failed(name))) == [f"check-{name}"]


@pytest.mark.parametrize("name", [check.name for check in CHECKS if not gates(LAPTOP, check)])
def test_what_does_not_gate_may_fail(name: str) -> None:
    assert rules(LAPTOP, (*all_passed(LAPTOP), failed(name))) == []


def test_a_tower_needs_no_camera_but_an_unknown_kind_of_pc_excuses_nothing() -> None:
    tower = with_(LAPTOP, system=System(chassis="desktop"))
    results = tuple(one for one in all_passed(LAPTOP) if one.name not in ("camera", "screen", "hinges", "speakers"))
    assert rules(tower, results) == []
    assert rules(with_(LAPTOP, system=System()), results) == ["check-camera", "check-screen", "check-speakers"]


def test_a_part_not_looked_at_is_not_excused() -> None:
    blind = with_(LAPTOP, batteries=None, cameras=None)
    results = tuple(one for one in all_passed(LAPTOP) if one.name not in ("camera", "battery", "swelling"))
    assert rules(blind, results) == ["check-camera", "check-battery", "check-swelling"]
    assert rules(with_(LAPTOP, batteries=(), cameras=()), results) == []


def test_a_person_cannot_say_away_the_keyboard_of_a_laptop() -> None:
    gone = result("keyboard", "not_applicable", "Aucun.", "None.", by="person")
    others = tuple(one for one in all_passed(LAPTOP) if one.name != "keyboard")
    assert rules(LAPTOP, (*others, gone)) == ["check-keyboard"]
    assert rules(with_(LAPTOP, system=System(chassis="desktop")), (*others, gone)) == []
    fan = msgspec.structs.replace(gone, name="fan")
    assert rules(LAPTOP, tuple(one for one in all_passed(LAPTOP) if one.name != "fan") + (fan,)) == []


def test_a_record_cannot_excuse_a_part_that_its_pc_has_or_may_have() -> None:
    excused = tuple(result(check.name, "not_applicable", "", "") for check in CHECKS)
    assert set(rules(LAPTOP, excused)) == {f"check-{one.name}" for one in CHECKS if gates(LAPTOP, one)}
    assert (
        rules(with_(LAPTOP, cameras=()), (*all_passed(LAPTOP), excused[[one.name for one in excused].index("camera")]))
        == []
    )


def test_a_person_cannot_vouch_for_a_measurement() -> None:
    others = tuple(one for one in all_passed(LAPTOP) if one.name != "memory")
    assert rules(LAPTOP, (*others, passed("memory", by="person"))) == ["check-memory"]


@pytest.mark.parametrize("erasure", [None, "cleared_with_exceptions", "not_proven", "failed", "interrupted"])
def test_a_disk_not_proven_erased_closes_it(erasure: Any) -> None:
    assert rules(with_(LAPTOP, disks=(Disk(name="sda", erasure=erasure),)), all_passed(LAPTOP)) == ["disk-erased"]


def test_a_boot_medium_inside_the_pc_is_a_disk_of_the_pc() -> None:
    disks = (Disk(name="sda", is_boot_medium=True, removable=False),)
    assert rules(with_(LAPTOP, disks=disks), all_passed(LAPTOP)) == ["disk-erased"]


def test_disks_not_looked_at_or_hidden_close_it_and_no_disk_does_not() -> None:
    hidden = (HiddenStorage(kind="vmd", evidence="8086:9a0b"),)
    assert rules(with_(LAPTOP, disks=None), all_passed(LAPTOP)) == ["disks-unknown"]
    assert rules(with_(LAPTOP, hidden_storage=hidden), all_passed(LAPTOP)) == ["disk-hidden"]
    silent = (HiddenStorage(kind="silent-disk", evidence="SATA link ata3 up", controller="ata3"),)
    assert rules(with_(LAPTOP, disks=(), hidden_storage=silent), all_passed(LAPTOP)) == ["disk-silent"]
    assert rules(with_(LAPTOP, disks=()), all_passed(LAPTOP)) == []


def test_the_evidence_of_an_erasure_goes_before_the_fact() -> None:
    proven = erasures.cleared()
    disk = Disk(name="sda", identity=proven.media.identity, serial=proven.media.serial, wwn=proven.media.wwn,
                model=proven.media.model, erasure="cleared", is_erasure_approved=True)  # fmt: skip
    machine = with_(LAPTOP, disks=(disk,))
    assert rules(machine, all_passed(LAPTOP), erasures=(proven,)) == []
    rejected = msgspec.structs.replace(proven, validation=Validation(decision="reject", reasons=()))
    assert rules(machine, all_passed(LAPTOP), erasures=(proven, rejected)) == ["disk-erased"]
    unread = msgspec.structs.replace(proven, attempts=())
    assert rules(machine, all_passed(LAPTOP), erasures=(unread,)) == ["disk-erased"]


def test_an_erasure_that_waits_for_a_person_is_not_enough_in_a_record_and_on_the_bench() -> None:
    waiting = erasures.cleared(validation=Validation(decision="escalate", reasons=()))
    assert standing_of(waiting) == "to-validate"
    media = waiting.media
    machine = with_(LAPTOP, disks=(Disk(name="sda", identity=media.identity),))
    live = with_erasures(machine, (waiting,))
    after, _ = after_wipe(machine, (waiting,), ())
    for seen, more in ((live, {}), (after, {}), (machine, {"erasures": (waiting,)})):
        assert rules(seen, all_passed(machine), **more) == ["disk-validated"]
    assert rules(with_erasures(machine, (waiting, erasures.cleared())), all_passed(machine)) == []


def test_a_pc_to_repair_is_not_refurbished() -> None:
    assert rules(LAPTOP, all_passed(LAPTOP), outcome="repair") == ["verdict"]


def test_the_word_falls_back() -> None:
    assert word((), "fr", is_open=True) == "reconditionné"
    assert word((passed("fan"),), "fr", is_open=False) == "testé"
    assert word((result("fan", "not_tested", "", ""),), "en", is_open=False) == "sorted"
    assert word((passed("disk-read"),), "fr", is_open=False) == "trié"  # a disk that was read is no tested PC


def test_every_check_has_its_state_and_a_seen_part_counts() -> None:
    machine = with_(LAPTOP, cameras=())
    by_name = {one.name: one for one in complete(machine, (failed("screen"),))}
    assert list(by_name) == [check.name for check in CHECKS if check.name != LOST_DISKS]
    assert (by_name["screen"].outcome, by_name["camera"].outcome) == ("failed", "not_applicable")
    assert by_name["fan"].outcome == "not_tested" and "caméra" in by_name["camera"].fr
    assert complete(machine, (failed("camera"),))[3].outcome == "failed"
    later = passed("of-a-later-version")
    assert complete(machine, (later,))[-1] == later and rules(machine, (*all_passed(machine), later)) == []


def test_merging_keeps_the_last_test_and_how_often_it_failed() -> None:
    stopped = result("fan", "not_tested", "Arrêté.", "Stopped.")
    assert merge((stopped, failed("fan"), stopped))["fan"].outcome == "failed"
    assert merge((failed("fan"), failed("fan"), passed("fan")))["fan"].failed_before == 2
    assert merge((passed("fan"), failed("fan")))["fan"].outcome == "failed"
    assert merge((stopped,))["fan"].outcome == "not_tested"
    absent = result("fan", "not_applicable", "Aucun.", "None.", by="person")
    assert merge((failed("fan"), absent, stopped))["fan"] == msgspec.structs.replace(absent, failed_before=1)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_is_told_in_plain_short_sentences(check: Any) -> None:
    for told in (check.title, check.do, *([check.ask] if check.ask else [])):
        for text in (told.fr, told.en):
            assert text and all(len(part.split()) <= 14 for part in text.replace("?", ".").split("."))
            assert len(text) <= 79 - 2
    assert (check.ask is None) is (check.kind == "automatic" or check.name == "battery")
    assert BY_NAME[check.name] is check and part_of(LAPTOP, check) is not None
