"""scripts/dump, the collector for PCs without Python: what it writes is a capture that we read."""

import json
import subprocess
from datetime import UTC
from pathlib import Path

import pytest

from agent.capture import load
from agent.probes.disk_health import _WORDS
from agent.probes.inspect import Circumstances, inspect

DUMP = Path(__file__).resolve().parents[1] / "scripts" / "dump"
pytestmark = pytest.mark.programs


def test_it_takes_a_capture_of_this_pc(tmp_path: Path) -> None:
    done = subprocess.run(["sh", str(DUMP), str(tmp_path / "pc")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    capture = load(tmp_path / "pc")
    assert capture.taken_at is not None
    machine = inspect(capture.host, Circumstances(now=capture.taken_at))
    assert machine.cpu.threads and machine.cpu.flags and machine.memory.usable_bytes
    assert machine.clock.system == capture.taken_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    again = subprocess.run(["sh", str(DUMP), str(tmp_path / "pc")], capture_output=True, text=True, timeout=60)
    assert again.returncode == 2, "a capture is never written over"


def test_it_asks_smartctl_as_our_probe_does() -> None:
    assert f"ask smartctl {' '.join(_WORDS)} " in DUMP.read_text()


def test_its_index_is_json_whatever_is_installed(tmp_path: Path) -> None:
    subprocess.run(
        ["/bin/sh", str(DUMP), str(tmp_path / "pc")], capture_output=True, timeout=60, env={"PATH": "/usr/bin:/bin"}
    )
    index = json.loads((tmp_path / "pc" / "commands" / "index.json").read_text())
    assert {entry["argv"][0] for entry in index} >= {"dmidecode", "lscpu", "lspci"}
