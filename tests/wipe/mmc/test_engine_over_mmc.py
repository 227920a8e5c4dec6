"""The whole engine over a simulated eMMC: cuts at any command, liars, and never a success that is none."""

from pathlib import Path

import pytest

from agent.erasure import Erasure, Technique
from agent.wipe.job import Planned
from tests.wipe.mmc.benches import BOTH, SANITIZE, SECURE, family_on, media_of
from tests.wipe.twins.driving import SUCCESS, run_engine
from tests.wipe.twins.mmc import GROUP, Faults, MmcTwin, PowerCut

SIZE = 10 * GROUP  # two pieces


def run(twin: MmcTwin, path: Path, *techniques: Technique, resumed: bool = False) -> Erasure:
    steps = tuple(Planned(technique=one, level="purge" if one == SANITIZE else "clear") for one in techniques)
    return run_engine(twin, lambda: family_on(twin), media_of(twin), path, *steps, resumed=resumed)


@pytest.mark.parametrize("technique", BOTH)
def test_a_sound_chip(technique: Technique, tmp_path: Path) -> None:
    twin = MmcTwin(size_bytes=SIZE)
    erasure = run(twin, tmp_path / "j", technique)
    assert erasure.outcome == ("purged" if technique == SANITIZE else "cleared"), (erasure.why, erasure.attempts)
    assert not twin.secrets_left and not twin.reserve_secrets


@pytest.mark.parametrize("technique", BOTH)
def test_a_liar_is_found_out_by_the_markers(technique: Technique, tmp_path: Path) -> None:
    twin = MmcTwin(size_bytes=SIZE, faults=Faults(does_nothing=True))
    erasure = run(twin, tmp_path / "j", technique, "overwrite-zeros")
    assert erasure.attempts[0].result == "lied" and erasure.outcome not in SUCCESS


def test_what_is_refused_goes_down_to_the_next(tmp_path: Path) -> None:
    twin = MmcTwin(size_bytes=SIZE, features=0x01)
    erasure = run(twin, tmp_path / "j", SANITIZE, SECURE)
    assert [one.result for one in erasure.attempts] == ["refused", "completed"] and erasure.outcome == "cleared"


def test_further_partitions_leave_it_unproven(tmp_path: Path) -> None:
    erasure = run(MmcTwin(size_bytes=SIZE, gp_mult=2), tmp_path / "j", SANITIZE)
    assert erasure.hidden is not None and erasure.hidden.state == "kept" and erasure.outcome not in SUCCESS


@pytest.mark.parametrize("technique", BOTH)
@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize("is_liar", [False, True])
def test_cut_at_every_command(technique: Technique, moment: str, is_liar: bool, tmp_path: Path) -> None:
    outcomes = set()
    for at in range(400):  # the last command is reached, however many there are
        twin, path = MmcTwin(size_bytes=SIZE, faults=Faults(does_nothing=is_liar)), tmp_path / f"j{at}"
        twin.cut_at = (at, moment)  # type: ignore[assignment] # one of its words
        try:
            erasure, was_cut = run(twin, path, technique), False
        except PowerCut:
            twin.power_on()
            erasure, was_cut = run(twin, path, technique, resumed=True), True
        outcomes.add(erasure.outcome)
        is_empty = not twin.secrets_left and (technique == SECURE or not twin.reserve_secrets)
        assert erasure.outcome not in SUCCESS or is_empty, at
        if not was_cut:
            break
    assert not was_cut and at > 8
    assert is_liar or outcomes & set(SUCCESS)
