"""Verdicts: what a document holds, how reasons are told, ordered and merged, and what the fixes mend."""

from pathlib import Path

import msgspec
import pytest

from agent.facts import Disk, Gap, HiddenStorage, Machine
from agent.rules import Profile, check_file, load_profiles
from agent.verdict import differences, explain, judge, tell_differences
from tests.machines import changed, good_disk, good_laptop, hard_disk, known_paths

PROFILE = """
profile: mine
version: 2
title: {fr: À moi, en: Mine}
for: {chassis: [laptop]}
rules:
  - id: memory
    fact: memory.fitted_bytes
    at_least: 4 GiB
    else: repair
    because: {fr: Il en faut., en: It is needed.}
    fix: {part: ram-module, to: 8 GiB, cost_eur: 15, fr: Ajouter une barrette., en: Add a module.}
  - id: disk-sound
    every: disks
    where: {all: [{fact: removable, is: false}, {fact: kind, is: hdd}]}
    fact: health.pending_sectors
    at_most: 0
    else: repair
    because: {fr: Il est malade., en: It is ill.}
    fix: {part: ssd, replaces: true, cost_eur: 20, fr: Le remplacer., en: Replace it.}
  - id: disk-size
    any: disks
    fact: size_bytes
    at_least: 60 GB
    else: repair
    because: {fr: Trop petit., en: Too small.}
    fix: {part: ssd, to: 240 GB, replaces: true, cost_eur: 20, fr: Un SSD de 240 Go., en: A 240 GB SSD.}
  - id: disk-told
    every: disks
    fact: health.is_available
    is: true
    else: review
    because: {fr: Il ne dit rien., en: It tells nothing.}
  - id: password
    not: {fact: firmware.admin_password, is: enabled}
    else: review
    because: {fr: Demandez-le., en: Ask for it.}
  - id: old
    fact: system.age_years
    at_most: 10 years
    else: note
    because: {fr: Ancien., en: Old.}
"""


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    path = tmp_path / "mine.yaml"
    path.write_text(PROFILE, "utf-8")
    return check_file(path)


def bad_disk(**changes: object) -> Disk:
    return changed(changed(hard_disk(), "size_bytes", 32 * 10**9), "health.pending_sectors", 8)  # type: ignore[no-any-return]


def test_a_verdict_is_the_document_that_others_rely_on(profile: Profile) -> None:
    machine = changed(changed(good_laptop(), "memory.fitted_bytes", 2 << 30), "disks", (bad_disk(),))
    document = msgspec.to_builtins(judge(machine, profile))
    assert {"profile", "version", "digest", "title", "outcome", "class", "applies", "reasons", "fixes"} <= set(document)
    assert (document["outcome"], document["class"]) == ("repair", "refurbishable")
    reason = document["reasons"][0]
    assert reason["rule"] == "memory" and reason["fact"] == "memory.fitted_bytes" and reason["source"] == "dmidecode"
    assert (reason["observed"], reason["required"], reason["operator"]) == (2 << 30, 4 << 30, "at_least")
    assert reason["told"] == {
        "fr": "Mémoire : 2 Gio, il faut au moins 4 Gio.", "en": "Memory: 2 GiB, at least 4 GiB is needed.",
    }  # fmt: skip
    assert reason["fix"]["part"] == "ram-module" and reason["because"]["fr"] == "Il en faut."
    disk = document["reasons"][1]
    assert (disk["item"], disk["fact"]) == ("disks[0]", "disks[0].health.pending_sectors")
    assert disk["source"] == "smartctl /dev/sda"
    assert disk["told"]["fr"] == "Disque sda, secteurs difficiles à lire : 8, il faut au plus 0."


def test_one_new_disk_mends_all_that_is_wrong_with_the_old_one(profile: Profile) -> None:
    silent = changed(bad_disk(), "health.is_available", None)
    verdict = judge(changed(good_laptop(), "disks", (silent,)), profile)
    assert {reason.rule for reason in verdict.reasons} == {"disk-sound", "disk-size", "disk-told"}
    assert [(fix.part, fix.to, fix.item) for fix in verdict.fixes] == [("ssd", 240 * 10**9, "disks[0]")]
    assert verdict.fixes_cost_eur == 20 and verdict.blocked_by == ()


def test_the_fixes_really_mend(profile: Profile) -> None:
    machine = changed(changed(good_laptop(), "memory.fitted_bytes", 2 << 30), "disks", (bad_disk(), good_disk()))
    verdict = judge(machine, profile)
    for fix in verdict.fixes:
        if fix.part == "ram-module":
            machine = changed(machine, "memory.fitted_bytes", fix.to)
        else:
            machine = changed(machine, fix.item or "disks[0]", good_disk())
    assert judge(machine, profile).outcome == "refurbish"


def test_what_no_part_mends_is_said(profile: Profile) -> None:
    machine = changed(good_laptop(), "firmware.admin_password", "enabled")
    verdict = judge(changed(machine, "memory.fitted_bytes", 1 << 30), profile)
    assert verdict.outcome == "repair" and verdict.blocked_by == ("password",)
    assert [fix.part for fix in verdict.fixes] == ["ram-module"]


def test_an_unknown_is_told_with_the_reason_of_its_gap(profile: Profile) -> None:
    gaps = (Gap(path="memory", source="dmidecode", why="tool-missing"),)
    machine = msgspec.structs.replace(changed(good_laptop(), "memory.fitted_bytes", None), gaps=gaps)
    (reason,) = judge(machine, profile).reasons
    assert reason.unknown and reason.outcome == "review" and reason.fix is None and reason.gap == gaps[0]
    assert reason.told.fr == "Mémoire : on ne sait pas (programme manquant)."


def test_one_unknown_is_one_reason_that_names_all_its_rules(profile: Profile) -> None:
    reasons = judge(changed(good_laptop(), "disks", None), profile).reasons
    assert [(reason.fact, reason.rule, reason.also) for reason in reasons] == [
        ("disks", "disk-sound", ("disk-size", "disk-told"))
    ]


def test_another_kind_of_computer_is_judged_and_a_person_asked(profile: Profile) -> None:
    verdict = judge(changed(good_laptop(), "system.chassis", "server"), profile)
    assert verdict.applies is False and verdict.outcome == "review"
    assert verdict.reasons[0].told.fr == "Type d'ordinateur : serveur, il faut : portable."


def test_a_note_changes_nothing(profile: Profile) -> None:
    verdict = judge(changed(good_laptop(), "system.age_years", 12), profile)
    assert verdict.outcome == "refurbish" and [(r.rule, r.note) for r in verdict.reasons] == [("old", True)]


def test_no_disk_at_all_is_caught_though_every_disk_is_sound(profile: Profile) -> None:
    (reason,) = judge(changed(good_laptop(), "disks", ()), profile).reasons
    assert (reason.rule, reason.fact, reason.observed) == ("disk-size", "disks", 0)
    assert reason.told.fr == "Disques : rien ne convient."


def test_hostile_strings_stay_on_one_bounded_line() -> None:
    (default, *_) = load_profiles()
    machine = changed(good_laptop(), "cpu.model_name", "Core(TM)2 \x1b[31m<script>\n" + "x" * 100_000)
    verdict = judge(machine, default)
    assert verdict.outcome == "recycle"
    assert all("\x1b" not in r.told.fr and "\n" not in r.told.fr and len(r.told.fr) < 400 for r in verdict.reasons)
    assert "\x1b" not in explain(machine, default, "fr")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_explain_shows_every_rule_of_every_profile(lang: str) -> None:
    for machine in (good_laptop(), Machine(), changed(good_laptop(), "disks", (bad_disk(),))):
        for profile in load_profiles():
            told = explain(machine, profile, lang)
            assert all(f" {rule.id}" in told for rule in profile.rules)
            assert max(len(line) for line in told.splitlines()) < 400


def test_forty_failing_disks_are_forty_new_ones() -> None:
    (default, *_) = load_profiles()
    disks = tuple(changed(changed(bad_disk(), "name", f"sd{i}"), "health.spin_retries", 9) for i in range(40))
    machine = changed(good_laptop(), "disks", disks)
    verdict = judge(machine, default)
    assert len([fix for fix in verdict.fixes if fix.part == "ssd"]) == 40


def test_every_single_unknown_is_survived() -> None:
    profiles = load_profiles()
    for path in known_paths(good_laptop()):
        machine = changed(good_laptop(), path, () if path.endswith(("modules", "attributes")) else None)
        for profile in profiles:
            judge(machine, profile)


def test_differences_name_the_machines_and_the_rules() -> None:
    default, windows = load_profiles(only=["famille-linux", "windows-11"])
    old = changed(good_laptop(), "cpu.windows_11", "not-eligible")
    changes = differences(default, windows, [("good", good_laptop()), ("old", old)])
    assert [(c.machine, c.before, c.after, c.rules_after) for c in changes] == [
        ("old", "refurbish", "recycle", ("win-processeur",))
    ]
    assert tell_differences(changes, "fr") == "old: bon pour le don → à recycler (+win-processeur)\n"
    assert "Aucun" in tell_differences((), "fr")


def test_a_larger_disk_in_place_of_the_only_one_ends_its_unknowns(profile: Profile) -> None:
    small = changed(changed(good_disk(), "size_bytes", 8 * 10**9), "health.is_available", None)
    verdict = judge(changed(good_laptop(), "disks", (small,)), profile)
    assert [(fix.part, fix.item) for fix in verdict.fixes] == [("ssd", "disks[0]")] and verdict.blocked_by == ()
    two = judge(changed(good_laptop(), "disks", (small, small)), profile)
    assert two.blocked_by == ("disk-told",)  # which of the two the new one replaces is not said


def test_a_note_does_not_repeat_what_decides() -> None:
    (health,) = load_profiles(only=["disk-health"])
    machine = changed(good_laptop(), "disks", (changed(hard_disk(), "health.reallocated_sectors", 99),))
    assert [reason.rule for reason in judge(machine, health).reasons] == ["hdd-remplaces"]


@pytest.mark.parametrize(
    ("path", "number"), [("reported_uncorrectable", 1237), ("self_test_failed", True), ("reallocation_events", 136)]
)
def test_a_failing_disk_that_may_be_removable_is_looked_at(path: str, number: object) -> None:
    """`unknown: ignore` speaks of the counter, not of whether the disk stays in the PC."""
    disk = changed(changed(hard_disk(), "removable", None), f"health.{path}", number)
    (health,) = load_profiles(None, only=["disk-health"])
    verdict = judge(changed(good_laptop(), "disks", (disk,)), health)
    assert verdict.outcome == "review"
    assert verdict.reasons[0].fact == "disks[0].removable"
    assert "→ à vérifier" in explain(changed(good_laptop(), "disks", (disk,)), health, "fr")
    unknown = changed(changed(hard_disk(), "removable", None), f"health.{path}", None)
    assert judge(changed(good_laptop(), "disks", (unknown,)), health).outcome == "refurbish"


def test_explain_claims_nothing_of_what_is_unknown() -> None:
    (family,) = load_profiles(None, only=["famille-linux"])
    told = explain(changed(good_laptop(), "clock.is_rtc_wrong", None), family, "fr")
    assert "L'horloge est fausse" not in told
    assert "L'horloge est fausse" in explain(changed(good_laptop(), "clock.is_rtc_wrong", True), family, "fr")


def test_a_bad_fact_that_may_not_concern_this_pc_is_told_first() -> None:
    disk = changed(changed(hard_disk(), "removable", None), "health.reported_uncorrectable", 1237)
    (health,) = load_profiles(None, only=["disk-health"])
    (reason,) = [one for one in judge(changed(good_laptop(), "disks", (disk,)), health).reasons if not one.note]
    assert reason.told.fr == "Le disque a raté des lectures. Disque sda, disque amovible : on ne sait pas."


def test_of_several_disks_the_fix_names_the_right_one() -> None:
    bad = changed(changed(hard_disk(), "name", "sdb"), "health.spin_retries", 9)
    (family,) = load_profiles(None, only=["famille-linux"])
    verdict = judge(changed(good_laptop(), "disks", (good_disk(), bad)), family)
    assert [fix.fr for fix in verdict.fixes] == ["Disque sdb : remplacer ce disque par un SSD."]
    assert [fix.en for fix in verdict.fixes] == ["Disk sdb: replace this disk with an SSD."]
    alone = judge(changed(good_laptop(), "disks", (bad,)), family)
    assert [fix.fr for fix in alone.fixes] == ["Mettre un SSD de 240 Go."]


@pytest.mark.parametrize(("kind", "fr", "en"), [
    ("vmd", "Stockage caché 1 : VMD, ata3.", "Hidden storage 1: VMD, ata3."),
    ("silent-disk", "Stockage caché 1 : disque qui ne répond pas, ata3.",
     "Hidden storage 1: disk that does not answer, ata3."),
])  # fmt: skip
def test_what_hides_a_disk_is_named_with_its_place_and_nothing_is_wanted_of_it(kind: str, fr: str, en: str) -> None:
    hint = HiddenStorage(kind=kind, evidence="SATA link ata3 up", controller="ata3")
    for shipped in load_profiles():
        told = [one.told for one in judge(changed(good_laptop(), "hidden_storage", (hint,)), shipped).reasons
                if one.rule in ("stockage-cache", "disque-sans-reponse")]  # fmt: skip
        assert [(one.fr, one.en) for one in told] == [(fr, en)]
