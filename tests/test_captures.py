"""Every capture of ours, replayed in a closed world, gives the machine and the verdicts that were reviewed."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import yaml

from agent.capture import Capture, load
from agent.facts import Machine
from agent.probes.inspect import Circumstances, inspect
from agent.rules import load_profiles
from agent.verdict import judge
from tests.compose import golden
from tests.compose.machines import MACHINES

CAPTURES = Path(__file__).parent / "captures"
FOLDERS = sorted(path for path in CAPTURES.iterdir() if path.is_dir())
COMPOSED = {pc.name: pc for pc in (compose() for compose in MACHINES)}
MAC_KEY = b"composed"
SIZE_MOST = 100_000

each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def inspected(folder: Path) -> Machine:
    capture: Capture = load(folder, strict=True)
    assert capture.taken_at is not None
    return inspect(capture.host, Circumstances(now=capture.taken_at, mac_key=MAC_KEY))


@each
def test_inspection_gives_the_reviewed_machine(folder: Path, is_blessing: bool) -> None:
    machine = inspected(folder)
    broken = [gap for gap in machine.gaps if gap.source == "probe"]
    assert not broken, broken  # a probe that fell over, or asked what the capture does not hold
    golden.check(folder / "expect" / "machine.json", golden.of_machine(machine), is_blessing=is_blessing)


@each
def test_judgement_gives_the_reviewed_verdicts(folder: Path, is_blessing: bool) -> None:
    machine = inspected(folder)
    verdicts = [judge(machine, profile) for profile in load_profiles()]
    text = golden.of_verdicts(verdicts)
    assert yaml.safe_load(text).keys() == {verdict.profile for verdict in verdicts}
    golden.check(folder / "expect" / "verdict.yaml", text, is_blessing=is_blessing)


@each
def test_a_machine_survives_the_wire(folder: Path) -> None:
    machine = inspected(folder)
    assert msgspec.json.decode(msgspec.json.encode(machine), type=Machine) == machine


@each
def test_captures_are_small_whole_and_without_secrets(folder: Path) -> None:
    about = yaml.safe_load((folder / "ABOUT.yaml").read_text("utf-8"))
    assert about["scrubbed"] and about["kernel"] and about["taken_at"]
    raw = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "expect"]
    assert sum(path.stat().st_size for path in raw) <= SIZE_MOST
    index = json.loads((folder / "commands" / "index.json").read_text("utf-8"))
    named = {entry[key] for entry in index for key in ("stdout", "stderr") if key in entry}
    assert named | {"index.json"} == {path.name for path in (folder / "commands").iterdir()}
    assert len({tuple(entry["argv"]) for entry in index}) == len(index)


@pytest.mark.parametrize("name", COMPOSED)
def test_the_committed_capture_is_the_composed_one(name: str) -> None:
    """So that a capture is changed where its PC is written, and a golden never hides an edit by hand."""
    for file, raw in COMPOSED[name].files().items():
        assert (CAPTURES / name / file).read_bytes() == raw, f"{name}/{file}: run python -m tests.compose"


def test_there_are_captures_of_every_sort() -> None:
    assert len(FOLDERS) >= 9 and COMPOSED.keys() < {folder.name for folder in FOLDERS}


def test_strict_replay_lets_no_unrecorded_question_pass(tmp_path: Path) -> None:
    """The guard itself: a capture without one answer that a probe asks for must not look like a good one."""
    from agent.host import NotCaptured

    shutil.copytree(CAPTURES / "core-2-duo", tmp_path / "pc")
    index = tmp_path / "pc" / "commands" / "index.json"
    kept = [entry for entry in json.loads(index.read_text("utf-8")) if entry["argv"][0] != "smartctl"]
    index.write_text(json.dumps(kept), "utf-8")
    with pytest.raises(NotCaptured, match="smartctl"):
        inspected(tmp_path / "pc")


def test_a_disk_keeps_its_identity_without_smartctl(tmp_path: Path) -> None:
    """A wipe is agreed on a disk by its identity: one that stops answering must not become another disk."""
    shutil.copytree(CAPTURES / "bios-desktop-failing-disk", tmp_path / "pc")
    index = tmp_path / "pc" / "commands" / "index.json"
    told = [entry for entry in json.loads(index.read_text("utf-8")) if entry["argv"][0] not in ("smartctl", "hdparm")]
    index.write_text(json.dumps(told), "utf-8")
    alone = inspect(load(tmp_path / "pc").host, Circumstances(now=datetime(2026, 3, 9, tzinfo=UTC)))
    whole = inspected(CAPTURES / "bios-desktop-failing-disk")
    assert alone.disks and whole.disks and alone.disks[0].model != whole.disks[0].model  # 16 letters, and all of them
    assert alone.disks[0].identity == whole.disks[0].identity is not None
