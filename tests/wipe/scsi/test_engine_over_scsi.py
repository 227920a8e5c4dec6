"""The whole engine over a simulated SAS disk: cuts at any command, liars, and never a success that is none."""

from pathlib import Path

import pytest

from agent.erasure import Erasure, Technique
from agent.wipe.choose import make_plan
from agent.wipe.job import Planned
from tests.wipe.scsi.benches import ALL, BLOCK, CRYPTO, FORMAT, OVERWRITE, family_on, media_of
from tests.wipe.twins.driving import SUCCESS, run_engine
from tests.wipe.twins.scsi import Faults, PowerCut, ScsiTwin

BLOCKS = 4096  # 2 MiB
ERASES = (0x48, 0x04)


def run(twin: ScsiTwin, path: Path, *techniques: Technique, resumed: bool = False) -> Erasure:
    steps = tuple(
        Planned(technique=one, level="clear" if one == FORMAT or one.startswith("overwrite") else "purge")
        for one in techniques
    )
    return run_engine(twin, lambda: family_on(twin), media_of(twin), path, *steps, resumed=resumed)


@pytest.mark.parametrize("technique", ALL)
def test_a_sound_disk(technique: Technique, tmp_path: Path) -> None:
    twin = ScsiTwin(blocks=BLOCKS)
    erasure = run(twin, tmp_path / "j", technique)
    assert erasure.outcome == ("cleared" if technique == FORMAT else "purged"), (erasure.why, erasure.attempts)
    assert not twin.secrets_left and erasure.attempts[0].was_seen_running
    assert erasure.attempts[0].exchanges[-1].is_ok


@pytest.mark.parametrize("technique", ALL)
@pytest.mark.parametrize(
    "faults",
    [
        Faults(liar=True), Faults(does_nothing=True),
        Faults(no_sense_while_running=True, ready_while_running=True),
    ],
)  # fmt: skip
def test_a_liar_is_found_out_by_the_markers(technique: Technique, faults: Faults, tmp_path: Path) -> None:
    """QEMU's disks answer GOOD to FORMAT UNIT and erase nothing."""
    twin = ScsiTwin(blocks=BLOCKS, faults=faults)
    erasure = run(twin, tmp_path / "j", technique, "overwrite-stream")
    assert erasure.attempts[0].result in ("lied", "completed", "failed")
    assert erasure.outcome not in SUCCESS, erasure.attempts


@pytest.mark.parametrize("technique", ALL)
def test_stuck_is_stalled_and_nothing_more_is_tried(technique: Technique, tmp_path: Path) -> None:
    twin = ScsiTwin(blocks=BLOCKS, faults=Faults(stuck_at=0x4000))
    erasure = run(twin, tmp_path / "j", technique, "overwrite-stream")
    assert [one.result for one in erasure.attempts] == ["stalled"] and erasure.outcome == "failed"


@pytest.mark.parametrize("technique", ALL[:3])
def test_a_failed_sanitize_leaves_a_disk_that_can_be_overwritten(technique: Technique, tmp_path: Path) -> None:
    twin = ScsiTwin(blocks=BLOCKS, faults=Faults(fails_at=0x8000))
    erasure = run(twin, tmp_path / "j", technique, "overwrite-zeros")
    assert [one.result for one in erasure.attempts] == ["failed", "completed"]
    assert erasure.outcome == "failed" and not twin.secrets_left, "overwritten, and still no clean bill"


def test_a_refusal_goes_down_to_the_overwrite(tmp_path: Path) -> None:
    twin = ScsiTwin(blocks=BLOCKS, faults=Faults(refuses=(5, 0x20, 2)))
    erasure = run(twin, tmp_path / "j", BLOCK, "overwrite-zeros")
    assert [one.result for one in erasure.attempts] == ["refused", "completed"]
    assert erasure.outcome == "cleared" and not twin.secrets_left


@pytest.mark.parametrize("technique", [BLOCK, FORMAT])
@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize("faults", [{}, {"forgets": True}, {"liar": True}, {"fails_at": 0xC000}], ids=str)
def test_cut_at_every_command(technique: Technique, moment: str, faults: dict[str, bool], tmp_path: Path) -> None:
    outcomes = set()
    for at in range(0, 400, 1 if not faults else 3):
        twin, path = ScsiTwin(blocks=256, faults=Faults(**faults)), tmp_path / f"j{at}"  # type: ignore[arg-type]
        twin.cut_at = (at, moment)  # type: ignore[assignment] # one of its words
        try:
            erasure, was_cut = run(twin, path, technique), False
        except PowerCut:
            twin.power_on()
            erasure, was_cut = run(twin, path, technique, resumed=True), True
        outcomes.add(erasure.outcome)
        assert erasure.outcome not in SUCCESS or (not twin.secrets_left and twin.ended), at
        assert len([one for one in twin.erases if one[0] in ERASES]) <= 1, at
        if not was_cut:
            break
    assert not was_cut and at > 8
    assert faults or outcomes & set(SUCCESS)


@pytest.mark.parametrize("can_exit", [True, False])
def test_a_disk_that_an_earlier_sanitize_left_failed(can_exit: bool, tmp_path: Path) -> None:
    """AUSE decides: such a disk is left again and erased, or stays closed and is named so."""
    twin = ScsiTwin(blocks=BLOCKS)
    twin.state, twin.can_exit = "failed", can_exit
    erasure = run(twin, tmp_path / "j", BLOCK, "overwrite-zeros")
    if can_exit:
        assert erasure.outcome == "purged" and not twin.secrets_left
        return
    assert erasure.outcome == "failed" and erasure.why[0].rule == "disk-blocked" and twin.secrets_left


def test_a_sanitize_of_ours_that_fails_and_blocks_the_disk(tmp_path: Path) -> None:
    twin = ScsiTwin(blocks=BLOCKS, faults=Faults(fails_at=0x8000, stays_failed=True))
    erasure = run(twin, tmp_path / "j", BLOCK, "overwrite-zeros")
    assert erasure.outcome == "failed" and erasure.why[0].rule == "disk-blocked"


def test_a_failed_sanitize_that_ended_is_told_as_failed_only(tmp_path: Path) -> None:
    twin = ScsiTwin(blocks=BLOCKS, faults=Faults(fails_at=0x8000))
    erasure = run(twin, tmp_path / "j", BLOCK, "overwrite-zeros")
    assert erasure.outcome == "failed" and "disk-blocked" not in {reason.rule for reason in erasure.why}


def planned(twin: ScsiTwin, technique: Technique, path: Path) -> Erasure:
    """As the product would: by what the disk says it can, and no other plan."""
    plan = make_plan(media_of(twin), [one for one in family_on(twin).abilities() if one.technique == technique])
    return run_engine(twin, lambda: family_on(twin), media_of(twin), path, *plan.steps, plan=plan)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
@pytest.mark.parametrize("technique", [BLOCK, CRYPTO])
def test_what_a_read_after_the_erase_is_worth(technique: Technique, after: int, tmp_path: Path) -> None:
    """WABEREQ, WACEREQ: where the disk says that reads give anything or an error, only the overwrite proves."""
    twin = ScsiTwin(blocks=BLOCKS, **{"wabereq" if technique == BLOCK else "wacereq": after})  # type: ignore[arg-type]
    erasure = planned(twin, technique, tmp_path / "j")
    assert not twin.secrets_left and len(twin.erases) == 1
    if not after:
        assert erasure.outcome == "purged" and len(erasure.attempts) == 1
        return
    assert erasure.outcome == "cleared" and erasure.level == "clear", erasure.attempts
    assert [one.technique for one in erasure.attempts] == [technique, "overwrite-stream"]
    assert "unreadable-after-erase" in {reason.rule for reason in erasure.why}
    assert any("Purge ne peut pas être montré" in reason.fr for reason in erasure.why)
    assert erasure.attempts[0].markers is None and erasure.attempts[0].verification is None


def test_the_field_of_the_other_erase_does_not_count(tmp_path: Path) -> None:
    assert planned(ScsiTwin(blocks=BLOCKS, wacereq=3), BLOCK, tmp_path / "a").outcome == "purged"
    assert planned(ScsiTwin(blocks=BLOCKS, wabereq=3), CRYPTO, tmp_path / "b").outcome == "purged"
    assert planned(ScsiTwin(blocks=BLOCKS, wabereq=3, is_short_page=True), OVERWRITE, tmp_path / "c").level == "clear"


def test_a_disk_that_reads_errors_without_having_said_so_is_overwritten_and_no_success(tmp_path: Path) -> None:
    twin = ScsiTwin(blocks=BLOCKS * 4, wabereq=3, is_short_page=True)
    erasure = planned(twin, BLOCK, tmp_path / "j")
    assert [one.result for one in erasure.attempts] == ["failed", "completed"], erasure.attempts
    assert erasure.outcome == "failed" and not twin.secrets_left


@pytest.mark.parametrize("faults", [Faults(), Faults(liar=True)], ids=["sound", "liar"])
def test_a_disk_without_sanitize_is_formatted_for_a_clear_and_no_more(faults: Faults, tmp_path: Path) -> None:
    twin = ScsiTwin(blocks=BLOCKS, offers=(), faults=faults)
    plan = make_plan(media_of(twin), family_on(twin).abilities())
    assert [(step.technique, step.level) for step in plan.steps] == [(FORMAT, "clear"), ("overwrite-stream", "clear")]
    assert plan.steps[0].needs == "ac-power"
    erasure = run_engine(twin, lambda: family_on(twin), media_of(twin), tmp_path / "j", *plan.steps, plan=plan)
    assert erasure.outcome == ("failed" if faults.liar else "cleared") and erasure.level != "purge"
    assert not twin.secrets_left


def test_a_disk_whose_format_was_cut_short_is_formatted_again_then_overwritten(tmp_path: Path) -> None:
    """Nothing can be written on it before, so the format proves nothing: the overwrite does."""
    twin = ScsiTwin(blocks=BLOCKS, offers=())
    twin.state = "corrupted"
    erasure = planned(twin, FORMAT, tmp_path / "j")
    assert [one.technique for one in erasure.attempts] == [FORMAT, "overwrite-stream"]
    assert erasure.outcome == "cleared" and not twin.secrets_left, erasure.attempts


def test_a_disk_with_protection_whose_format_was_cut_short_is_left_to_its_maker(tmp_path: Path) -> None:
    twin = ScsiTwin(blocks=BLOCKS, offers=(), has_protection=True)
    twin.state = "corrupted"
    erasure = planned(twin, FORMAT, tmp_path / "j")
    assert not twin.erases and erasure.outcome == "failed" and erasure.why[0].rule == "disk-blocked"
