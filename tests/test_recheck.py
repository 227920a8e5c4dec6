"""Judged again after the wipe: on the counters of now, on how each erasure ended, never better than the evidence."""

from typing import Any

import msgspec
import pytest

from agent.claims import is_same_disk, settled
from agent.erasure import Erasure, Media, Validation
from agent.facts import Attribute, Disk, Health, Machine
from agent.recheck import after_wipe, with_erasures
from agent.rules import Profile, load_profiles
from agent.verdict import Verdict, explain, judge
from agent.wipe.reasons import LIED_BEFORE
from tests import erasures
from tests.machines import changed, emmc_disk, good_disk, good_laptop, hard_disk

(DISK_HEALTH,) = load_profiles(only=["disk-health"])
PROFILES = load_profiles()
PENDING = "hdd-en-attente"


def laptop(*disks: Disk) -> Machine:
    machine: Machine = changed(good_laptop(), "disks", disks)
    return machine


def tired(pending: int = 5, **changes: Any) -> Disk:
    """The hard disk of `tests.erasures`, with sectors that it could not read."""
    disk: Disk = changed(hard_disk(identity="ab" * 32), "health.pending_sectors", pending)
    return msgspec.structs.replace(disk, **changes)


def done(pending: int | None, reallocated: int | None, **changes: Any) -> Erasure:
    health = Health(is_available=True, is_passed=True, pending_sectors=pending, reallocated_sectors=reallocated)
    return erasures.cleared(health_after=health, **changes)


def judged(machine: Machine, *made: Erasure, profile: Profile = DISK_HEALTH) -> tuple[Machine, Verdict]:
    after, (verdict,) = after_wipe(machine, made, [profile])
    return after, verdict


def test_pending_sectors_that_became_reallocated_are_mended_and_it_is_said() -> None:
    machine = laptop(tired())
    assert judge(machine, DISK_HEALTH).outcome == "review"
    after, verdict = judged(machine, done(0, 5))
    assert verdict.outcome == "refurbish" and after.disks and after.disks[0].erasure == "cleared"
    note = verdict.reasons[-1]
    assert note.note and note.rule == PENDING and note.recheck is None and note.fix is None and note.observed == 0
    assert note.told.fr == (
        "Disque sda, secteurs difficiles à lire : 5 avant, 0 après. Secteurs remplacés : 0 avant, 5 après."
        " Le disque en a remplacé 5."
    )
    assert "The disk has replaced 5 of them" in note.told.en and "mended" in note.because.en
    assert not [fix for fix in verdict.fixes if fix.part == "effacement"]


def test_pending_sectors_that_became_readable_are_not_called_replaced() -> None:
    _, verdict = judged(laptop(tired()), done(0, 0))
    assert verdict.outcome == "refurbish" and "en a remplacé" not in verdict.reasons[-1].told.fr
    assert "0 avant, 0 après" in verdict.reasons[-1].told.fr and "has replaced" not in verdict.reasons[-1].told.en
    _, verdict = judged(laptop(tired()), done(0, 2, health_before=Health(pending_sectors=5, reallocated_sectors=2)))
    assert "2 avant, 2 après" in verdict.reasons[-1].told.fr and "en a remplacé" not in verdict.reasons[-1].told.fr


def test_too_many_replaced_sectors_still_want_another_disk() -> None:
    _, verdict = judged(laptop(tired(20)), done(0, 20))
    assert verdict.outcome == "repair" and [fix.part for fix in verdict.fixes] == ["ssd"]
    assert verdict.reasons[-1].rule == PENDING and verdict.reasons[-1].note


def test_what_the_wipe_did_not_mend_is_not_to_be_wiped_again() -> None:
    _, verdict = judged(laptop(tired()), done(5, 0))
    reason = next(reason for reason in verdict.reasons if reason.rule == PENDING)
    assert verdict.outcome == "review" and not reason.note and reason.recheck is None
    assert "n'a pas réparé" in reason.because.fr and reason.fix and reason.fix.part == "ssd"
    assert [fix.part for fix in verdict.fixes] == ["ssd"]


@pytest.mark.parametrize("name", ["interrupted", "failed", "not_proven", "begun"])
def test_an_erasure_that_did_not_end_well_waits_for_another(name: str) -> None:
    made = erasures.EVERY[name](media=erasures.HARD_DISK, health_after=None)
    _, verdict = judged(laptop(tired()), made)
    reason = next(reason for reason in verdict.reasons if reason.rule == PENDING)
    assert reason.recheck == "after-wipe" and not reason.note


def test_unknown_counters_after_the_wipe_do_not_mend() -> None:
    for health in (None, Health(), Health(is_available=True)):
        after, verdict = judged(laptop(tired()), erasures.cleared(health_before=None, health_after=health))
        assert verdict.outcome == "review" and not [reason for reason in verdict.reasons if reason.note]
        gaps = [gap for gap in after.gaps if gap.source == "wipe"]
        assert [gap.path for gap in gaps] == (["disks[0].health"] if health is None else [])


def test_new_counters_are_judged_also_where_they_got_worse() -> None:
    health = msgspec.structs.replace(erasures.HEALTH, uncorrectable_sectors=3, failing_now=("x",))
    after, verdict = judged(laptop(tired(0)), erasures.cleared(health_before=None, health_after=health))
    assert verdict.outcome == "repair" and {"hdd-illisibles", PENDING} <= {reason.rule for reason in verdict.reasons}
    assert after.disks and after.disks[0].health.attributes == tired().health.attributes
    assert after.sources["disks[0].health"] == "wipe"
    listed = msgspec.structs.replace(health, attributes=(Attribute(id=5, name="x"),))
    after, _ = judged(laptop(tired(0)), erasures.cleared(health_before=None, health_after=listed))
    assert after.disks and after.disks[0].health.attributes == listed.attributes
    assert after.disks[0].health.failing_now == ("x",)


# --- how the erasure ended --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize(
    "name, rule, parts",
    [
        ("purged", None, []),
        ("cleared", None, []),
        ("cleared_with_exceptions", "effacement-rate", ["ssd"]),
        ("failed", "effacement-rate", ["ssd"]),
        ("not_proven", "effacement-a-refaire", ["effacement"]),
        ("interrupted", "effacement-a-refaire", ["effacement"]),
        ("begun", "effacement-a-refaire", ["effacement"]),
    ],
)
def test_an_erasure_that_is_not_proven_is_a_reason_with_its_fix(
    profile: Profile, name: str, rule: str | None, parts: list[str]
) -> None:
    made = erasures.EVERY[name](health_before=None, health_after=None)
    disk = msgspec.structs.replace(good_disk(), identity=made.media.identity)
    after, verdict = judged(laptop(disk), made, profile=profile)
    assert verdict.outcome == ("repair" if rule else "refurbish")  # never recycle: the PC gets another disk
    assert [reason.rule for reason in verdict.reasons] == ([rule] if rule else [])
    assert [fix.part for fix in verdict.fixes] == parts and not verdict.blocked_by
    assert after.sources["disks[0].erasure"] == "wipe"
    if rule == "effacement-rate":
        assert "Détruire ce disque" in verdict.fixes[0].fr and "Destroy" in verdict.fixes[0].en


def test_a_disk_that_was_not_erased_gives_no_reason_at_all() -> None:
    for profile in PROFILES:
        after, verdict = judged(good_laptop(), profile=profile)
        assert after == good_laptop() and verdict == judge(good_laptop(), profile) and verdict.reasons == ()
        other = with_erasures(good_laptop(), [erasures.failed()])  # perhaps another PC's: what a station remembers
        assert other == good_laptop()


def test_soldered_storage_is_for_a_person_and_a_stick_is_destroyed() -> None:
    emmc = msgspec.structs.replace(emmc_disk(), identity="cd" * 32)
    _, verdict = judged(laptop(emmc), erasures.failed(), profile=PROFILES[0])
    assert verdict.outcome == "review" and verdict.reasons[0].rule == "effacement-rate-soude"
    assert [fix.part for fix in verdict.fixes] == ["destruction"] and "responsable" in verdict.reasons[0].because.fr
    stick = msgspec.structs.replace(good_disk(), name="sdb", removable=True, identity="cd" * 32)
    _, verdict = judged(laptop(good_disk(), stick), erasures.failed(), profile=PROFILES[0])
    assert (verdict.outcome, [fix.part for fix in verdict.fixes]) == ("repair", ["destruction"])


def test_an_unsure_kind_of_disk_with_a_failed_erasure_is_never_good() -> None:
    for change in ({"kind": None}, {"removable": None}):
        disk = msgspec.structs.replace(good_disk(), identity="cd" * 32, **change)
        assert judged(laptop(disk), erasures.failed(), profile=PROFILES[0])[1].outcome != "refurbish"


def test_a_failure_without_an_end_stays_a_failure_and_a_rejected_success_is_none() -> None:
    assert settled(erasures.failed(ended_at=None)) == "failed"
    rejected = erasures.cleared(validation=Validation(decision="reject"))
    assert settled(rejected) == "not_proven" and settled(erasures.cleared(validation=None)) == "cleared"


def test_a_claim_that_its_evidence_denies_counts_as_not_proven() -> None:
    after, _ = judged(laptop(tired()), erasures.cleared(attempts=()))
    assert after.disks and after.disks[0].erasure == "not_proven"


def test_the_last_erasure_that_touched_the_disk_counts() -> None:
    good, bad = erasures.cleared(), erasures.interrupted()
    untouched = erasures.failed(media=erasures.HARD_DISK, began_at=None, attempts=())
    for made, outcome in (
        ((bad, good), "cleared"), ((good, bad), "interrupted"), ((good, untouched), "cleared"),
        ((untouched,), "failed"), ((untouched, good), "cleared"),
    ):  # fmt: skip
        after, _ = judged(laptop(tired()), *made)
        assert after.disks and after.disks[0].erasure == outcome


def test_an_opened_hidden_area_and_a_reverted_lock_are_facts() -> None:
    hidden = msgspec.structs.replace(erasures.NO_HIDDEN, state="removed", after_bytes=erasures.SIZE + 512)
    disk = tired(0, hidden_bytes=512, is_opal_locked=True)
    after, _ = judged(laptop(disk), erasures.cleared(hidden=hidden))
    assert after.disks and (after.disks[0].hidden_bytes, after.disks[0].size_bytes) == (0, erasures.SIZE + 512)
    assert after.disks[0].is_opal_locked is True
    revert = msgspec.structs.replace(erasures.sanitize(), technique="opal-psid-revert")
    after, _ = judged(laptop(disk), erasures.purged(media=erasures.HARD_DISK, attempts=(revert,)))
    assert after.disks and after.disks[0].is_opal_locked is False


@pytest.mark.parametrize(
    "disk, is_same",
    [
        (Disk(name="x", identity="ab" * 32), True),
        (Disk(name="sda", identity="cd" * 32), False),
        (Disk(name="x", serial="Z3TMADEUP", wwn="5000c50012345678", model="ST500DM002-1BD142"), True),
        (Disk(name="sda", serial="OTHER", wwn="5000c50012345678", model="ST500DM002-1BD142"), False),
        (Disk(name="sda"), False),
    ],
)
def test_a_disk_is_known_by_what_it_is_never_by_its_name_alone(disk: Disk, is_same: bool) -> None:
    assert is_same_disk(disk, erasures.HARD_DISK) is is_same


def test_a_disk_without_any_number_is_known_by_name_and_size() -> None:
    media = Media(name="vda", size_bytes=10**9)
    assert is_same_disk(Disk(name="vda", size_bytes=10**9), media)
    assert not is_same_disk(Disk(name="vda", size_bytes=2 * 10**9), media)
    assert not is_same_disk(Disk(name="vdb", size_bytes=10**9), media)


def test_the_proof_tells_the_erasure_in_words() -> None:
    after, _ = judged(laptop(tired()), erasures.cleared_with_exceptions())
    text = explain(after, PROFILES[0], "fr")
    assert "effacement : effacé sauf des secteurs" in text and "[X]  effacement-rate → à réparer" in text


# --- the duty to destroy ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [DISK_HEALTH, *PROFILES], ids=lambda one: one.name)
@pytest.mark.parametrize("how", ["failed", "not_proven", "cleared_with_exceptions", "lied-before"])
@pytest.mark.parametrize(("removable", "transport"), [(True, "usb"), (False, "sata"), (False, "mmc"), (False, "other")])
def test_whatever_the_profile_and_the_disk_a_bad_end_says_destroy(
    profile: Profile, how: str, removable: bool, transport: Any
) -> None:
    """Also a profile that does not include the erasure's rules."""
    media = msgspec.structs.replace(erasures.HARD_DISK, identity="ab" * 32)
    erasure = erasures.EVERY["not_proven" if how == "lied-before" else how](media=media)
    if how == "lied-before":
        erasure = msgspec.structs.replace(erasure, why=(LIED_BEFORE,))
    _, verdict = judged(laptop(tired(0, removable=removable, transport=transport)), erasure, profile=profile)
    (reason,) = [one for one in verdict.reasons if one.rule.startswith("effacement-")]
    assert reason.fix and verdict.outcome != "refurbish"
    assert "étruire" in reason.fix.fr and (how != "lied-before" or "Refaire" not in reason.fix.fr)


def test_a_good_end_adds_nothing_to_a_foreign_profile() -> None:
    _, verdict = judged(laptop(tired(0)), done(0, 0))
    assert not [one for one in verdict.reasons if one.rule.startswith("effacement-")]


@pytest.mark.parametrize("how", ["failed", "not_proven", "cleared_with_exceptions", "interrupted"])
def test_a_disk_that_nobody_saw_in_the_pc_is_judged_too_when_it_went_wrong(how: str) -> None:
    """Plugged in later, or of a kind that the look leaves out."""
    machine = laptop(good_disk())
    after, verdict = judged(machine, erasures.EVERY[how]())
    assert after.disks and len(after.disks) == 2 and verdict.outcome == "repair"
    assert any(one.fix and "étruire" in one.fix.fr and one.item == "disks[1]" for one in verdict.reasons)
    assert judged(machine, erasures.cleared())[0].disks == machine.disks
    assert judged(machine, erasures.EVERY[how](began_at=None, attempts=()))[0].disks == machine.disks
