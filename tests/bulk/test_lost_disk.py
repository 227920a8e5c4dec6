"""A disk whose erasure was cut short and that answers no more: the commands end to end, on a loop device."""

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from tests.bulk.test_on_loops import Bench, journals, wait, worker_of, workers
from tests.wipe.loops import needs_loops

pytestmark = [pytest.mark.programs, needs_loops]


def test_it_is_asked_for_until_a_person_says_that_it_is_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.ExitStack() as stack:
        bench = Bench(tmp_path, stack, 256)
        (serial,) = bench.serials
        child = bench.start("--session", bench.session(), "--unattended", "--json")
        try:
            wait(lambda: serial in journals(bench, "pass-began"))
            os.kill(worker_of(bench, serial), signal.SIGKILL)
            child.communicate(timeout=60)
        finally:
            child.kill()
            child.wait()
        wait(lambda: not workers(bench))
    home = str(bench.home.root)

    def checks(*argv: str) -> dict[str, Any]:
        main(["checks", "--home", home, "--json", *argv])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    def named(found: dict[str, Any]) -> list[str]:
        return [one["fr"] for one in found["missing"] if one["rule"] == "disk-lost"]

    (told,) = named(checks())
    assert serial in told and "n'a pas été effacé et ne répond plus : retirez-le du PC" in told
    main(["checks", "--home", home])
    assert "[  ] lost-disks" in capsys.readouterr().out
    found = checks("--answer", "lost-disks=ok", "--operator", "T7", "--sign")
    (said,) = [one for one in found["checks"] if one["name"] == "lost-disks"]
    assert named(found) == [] and said["outcome"] == "passed" and serial in said["fr"] and said["operator"] == "T7"
    assert main(["verify", found["record"]["path"], "--home", home]) == 0
    assert "ne répond plus" not in capsys.readouterr().out
    assert named(checks()) == [], "after a restart it is still said"
    assert named(checks("--new")) == [told], "another visit looks anew"
