"""The method table: one row for every kind of medium, and what must hold for any plan at all."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.erasure import Hidden, Media, Technique
from agent.wipe.choose import _NAMES, make_plan, row_of
from agent.wipe.device import Ability

TECHNIQUES = get_args(Technique)


def medium(kind: str | None, transport: str | None, **more: Any) -> Media:
    return Media(name="sda", serial="S1", size_bytes=10**9, kind=kind, transport=transport, **more)  # type: ignore[arg-type]


def can(*techniques: str, level: str = "purge") -> tuple[Ability, ...]:
    """These, and no other."""
    return tuple(
        Ability(technique=one, level=level, can=True, fr="Oui.", en="Yes.") if one in techniques else  # type: ignore[arg-type]
        Ability(technique=one, level=level, can=False, fr=f"Sans {one}.", en=f"No {one}.")  # type: ignore[arg-type]
        for one in TECHNIQUES
    )  # fmt: skip


HDD, SSD = medium("hdd", "sata"), medium("ssd", "sata")
NVME, EMMC, CARD, STICK = medium("nvme", "nvme"), medium("emmc", "mmc"), medium("sd-card", "mmc"), medium(None, "usb")
SAS_HDD, SAS_SSD, VIRTUAL = medium("hdd", "sas"), medium("ssd", "sas"), medium("virtual", "virtio")

TABLE = [
    ("nvme-all", NVME, can(*(one for one in TECHNIQUES if one.startswith("nvme"))), "purge",
     ["nvme-sanitize-block", "nvme-sanitize-crypto", "nvme-sanitize-overwrite", "nvme-format-crypto",
      "nvme-format-user-data", "overwrite-stream"]),
    ("nvme-crypto", NVME, can("nvme-sanitize-crypto"), "purge", ["nvme-sanitize-crypto", "overwrite-stream"]),
    ("nvme-format", NVME, can("nvme-format-user-data"), "purge", ["nvme-format-user-data", "overwrite-stream"]),
    ("nvme-none", NVME, can(), "clear", ["overwrite-stream"]),
    ("nvme-not-asked", NVME, (), "clear", ["overwrite-stream"]),
    ("ssd-all", SSD, can("ata-sanitize-block", "ata-sanitize-crypto"), "purge",
     ["ata-sanitize-block", "ata-sanitize-crypto", "overwrite-stream"]),
    ("ssd-enhanced", SSD, can("ata-security-erase-enhanced", level="clear"), "clear",
     ["ata-security-erase-enhanced", "overwrite-stream"]),
    ("ssd-none", SSD, can(), "clear", ["overwrite-stream"]),
    ("ssd-overwrite-of-its-own", SSD, can("ata-sanitize-overwrite", level="clear"), "clear", ["overwrite-stream"]),
    ("hdd-sanitize", HDD, can("ata-sanitize-overwrite"), "purge", ["ata-sanitize-overwrite", "overwrite-stream"]),
    ("hdd-enhanced", HDD, can("ata-security-erase-enhanced"), "clear", ["overwrite-stream"]),
    ("hdd-none", HDD, can(), "clear", ["overwrite-stream"]),
    ("ide", medium("hdd", "ide"), (), "clear", ["overwrite-stream"]),
    ("sata-unknown-kind", medium(None, "sata"), can("ata-sanitize-overwrite"), "clear", ["overwrite-stream"]),
    ("sas-hdd", SAS_HDD, can("scsi-sanitize-overwrite", "scsi-sanitize-crypto"), "purge",
     ["scsi-sanitize-overwrite", "scsi-sanitize-crypto", "overwrite-stream"]),
    ("sas-ssd", SAS_SSD, can("scsi-sanitize-block"), "purge", ["scsi-sanitize-block", "overwrite-stream"]),
    ("sas-format-beside-sanitize", SAS_HDD, can("scsi-sanitize-overwrite", "scsi-format-unit"), "purge",
     ["scsi-sanitize-overwrite", "overwrite-stream"]),
    ("sas-format-alone", SAS_HDD, can("scsi-format-unit"), "clear", ["scsi-format-unit", "overwrite-stream"]),
    ("sas-ssd-format-alone", SAS_SSD, can("scsi-format-unit"), "clear", ["scsi-format-unit", "overwrite-stream"]),
    ("sata-format", SSD, can("scsi-format-unit"), "clear", ["overwrite-stream"]),
    ("sata-on-sas", SAS_HDD, can("ata-sanitize-overwrite", level="clear"), "clear",
     ["ata-sanitize-overwrite", "overwrite-stream"]),
    ("emmc", EMMC, can("mmc-sanitize"), "purge", ["mmc-sanitize", "overwrite-stream"]),
    ("emmc-secure", EMMC, can("mmc-secure-erase", level="clear"), "clear", ["mmc-secure-erase", "overwrite-stream"]),
    ("card", CARD, can("mmc-sanitize"), "clear", ["overwrite-two-pass"]),
    ("stick", STICK, (), "clear", ["overwrite-two-pass"]),
    ("usb-hdd", medium("hdd", "usb"), (), "clear", ["overwrite-stream"]),
    ("usb-ssd-sat", medium("ssd", "usb"), can("ata-sanitize-block", level="clear"), "clear",
     ["ata-sanitize-block", "overwrite-stream"]),
    ("virtual", VIRTUAL, (), "clear", ["overwrite-stream"]),
    ("loop", medium("virtual", "other"), can(*TECHNIQUES), "clear", ["overwrite-stream"]),
    ("firewire", medium(None, "firewire"), (), "clear", ["overwrite-two-pass"]),
    ("unknown", medium(None, None), (), "clear", ["overwrite-stream"]),
]  # fmt: skip


@pytest.mark.parametrize("media,abilities,level,wanted", [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_table(media: Media, abilities: tuple[Ability, ...], level: str, wanted: list[str]) -> None:
    plan = make_plan(media, abilities)
    assert [step.technique for step in plan.steps] == wanted
    assert plan.level == level == plan.steps[0].level
    assert bool(plan.why_not_more_fr) == (level != "purge")


@pytest.mark.parametrize("media", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
@pytest.mark.parametrize("method", ["overwrite", "zeros"])
def test_a_plain_overwrite_when_asked_for(media: Media, method: Any) -> None:
    plan = make_plan(media, can(*TECHNIQUES), method=method)
    flash = row_of(media) == "flash"
    only = "overwrite-two-pass" if flash else "overwrite-zeros" if method == "zeros" else "overwrite-stream"
    assert [step.technique for step in plan.steps] == [only] and plan.level == "clear"
    assert plan.why_not_more_fr and plan.why_not_more_en


def test_enhanced_erase_of_an_ssd_is_always_followed_by_an_overwrite() -> None:
    for level in ("clear", "purge"):
        plan = make_plan(SSD, can("ata-security-erase-enhanced", level=level))
        assert plan.steps[0].and_then and plan.level == "clear", "a word of the family does not make it Purge"
        assert "puis" in plan.chosen_fr and "then" in plan.chosen_en


def test_the_opal_lock() -> None:
    abilities = can("opal-psid-revert")
    locked = make_plan(SSD, abilities, is_locked=True)
    assert locked.steps == () and locked.level is None and "PSID" in locked.chosen_fr
    assert make_plan(SSD, (), is_locked=True, psid="A" * 32).steps == ()
    opened = make_plan(SSD, abilities, is_locked=True, psid="A" * 32)
    assert [step.technique for step in opened.steps] == [
        "opal-psid-revert",
        "overwrite-stream",
    ] and opened.level == "clear"
    assert [step.technique for step in make_plan(SSD, abilities).steps] == ["overwrite-stream"]
    free = make_plan(SSD, can("opal-psid-revert", "ata-sanitize-block"), psid="A" * 32)
    assert [step.technique for step in free.steps] == ["ata-sanitize-block", "opal-psid-revert", "overwrite-stream"]


@pytest.mark.parametrize("state,word", [("unknown", "peut pas savoir"), ("kept", "garde"), ("none", "")])
def test_hidden_areas_are_said(state: Any, word: str) -> None:
    plan = make_plan(HDD, can("ata-sanitize-overwrite"), hidden=Hidden(state=state, visible_bytes=10**9))
    assert word in plan.why_not_more_fr and bool(plan.why_not_more_en) == bool(word)
    opened = make_plan(HDD, (), hidden=Hidden(state="kept", visible_bytes=10, native_bytes=20))
    assert "ouverte" in opened.why_not_more_fr


def test_the_disks_own_reason_is_told() -> None:
    assert "Sans ata-sanitize-block." in make_plan(SSD, can()).why_not_more_fr
    assert "verrouillé" in make_plan(HDD, can("ata-security-erase-enhanced")).why_not_more_fr
    assert "réserve" in make_plan(NVME, ()).why_not_more_fr and "réserve" not in make_plan(HDD, ()).why_not_more_fr


MEDIA = st.sampled_from([row[1] for row in TABLE])
ABILITY = st.builds(
    Ability, technique=st.sampled_from(TECHNIQUES), level=st.sampled_from(["purge", "clear"]), can=st.booleans(),
    fr=st.just("Oui."), en=st.just("Yes."), untested=st.booleans(), estimate_s=st.none() | st.integers(0, 9999),
    needs=st.sampled_from(["", "ac-power"]),
)  # fmt: skip


@given(
    MEDIA, st.lists(ABILITY, max_size=12), st.sampled_from(["best", "overwrite", "zeros"]), st.booleans(),
    st.none() | st.just("P" * 32),
)  # fmt: skip
def test_what_holds_for_any_plan(media: Media, abilities: Any, method: Any, is_locked: bool, psid: str | None) -> None:
    plan = make_plan(media, abilities, method=method, is_locked=is_locked, psid=psid)
    names = [step.technique for step in plan.steps]
    offered = {one.technique for one in abilities if one.can}
    assert plan.chosen_fr and plan.chosen_en and len(set(names)) == len(names)
    if not plan.steps:
        assert is_locked and plan.level is None
        return
    assert plan.level == plan.steps[0].level
    assert all(name in offered or name.startswith("overwrite-") for name in names), "never what the disk did not offer"
    assert is_locked or names[-1].startswith("overwrite-"), "the last resort is the one that any disk takes"
    assert not any(name.startswith("overwrite-") for name in names[:-1])
    assert all(step.level == "clear" for step in plan.steps if step.technique.startswith("overwrite-"))
    levels = [step.level for step in plan.steps]
    assert levels == sorted(levels, reverse=True), "a stronger level never waits behind a weaker one"
    for step in plan.steps:
        assert _NAMES[step.technique][0].casefold() in plan.chosen_fr.casefold(), "every fallback is said beforehand"
        assert _NAMES[step.technique][1].casefold() in plan.chosen_en.casefold()
    if plan.level == "clear":
        assert plan.why_not_more_fr and plan.why_not_more_en
    if row_of(media) == "flash":
        assert plan.level == "clear" or names[0] == "opal-psid-revert"


def test_every_technique_has_a_name_in_both_languages() -> None:
    assert set(_NAMES) == set(TECHNIQUES)
