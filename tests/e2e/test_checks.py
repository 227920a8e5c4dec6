"""The guided checks against the kernel's own devices: a flat clock cell, sound, a camera, keys and a mouse."""

import json
import time
from pathlib import Path
from typing import Any

from tests.e2e.image import MARKS, PATIENCE_S, Image
from tests.e2e.pc import Pc
from tests.e2e.shell import Shell

pytestmark = [*MARKS]

_COMMAND = "rebond checks --home /tmp/home --json"
_TYPED = "azertyuiopqsdfghjklmwxcvbn"


def states(said: str) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(said[said.index("{") :])["checks"]}


def test_each_part_answers_by_the_kernel_s_own_devices(image: Image, tmp_path: Path) -> None:
    devices = [
        "-rtc", "base=2002-01-01T00:00:00", "-audiodev", "none,id=a", "-device", "intel-hda",
        "-device", "hda-duplex,audiodev=a", "-netdev", "user,id=n0,restrict=on", "-device", "e1000,netdev=n0",
    ]  # fmt: skip
    boot = image.straight("rebond.medium=none")
    with Pc(tmp_path / "pc", cores=1, memory_mib=1536, devices=devices, boot=boot) as pc:
        shell = Shell.open(pc, PATIENCE_S)
        shell.run("systemctl stop rebond-console@tty1")
        shell.run("udevadm settle -t 240", 300)
        shell.tell("modprobe vivid", 120)  # a camera of the kernel's own making
        said = shell.run(f"{_COMMAND} --run cmos-clock network camera speakers 2>/dev/null", 300)[1]
        seen = states(said)
        assert seen["cmos-clock"]["outcome"] == "failed" and "2002" in seen["cmos-clock"]["fr"]
        assert seen["network"]["outcome"] == "passed" and seen["camera"]["outcome"] == "passed", seen
        assert seen["speakers"]["fr"] == "Passé."  # both tones were played, and nobody is there to hear them
        found = typed_and_moved(pc, shell)
    assert found["keyboard"]["outcome"] == found["pointer"]["outcome"] == "not_tested"  # nobody says that it is right
    counts = {one["name"]: one["value"] for one in found["keyboard"]["measured"]}
    assert counts["keys-seen"] == len(_TYPED), counts
    assert {
        one["about"]: one["value"] for one in found["pointer"]["measured"] if one["name"] == "seen"
    } == dict.fromkeys(("gauche", "droite", "haut", "bas", "clic gauche", "clic droit"), 1)


def typed_and_moved(pc: Pc, shell: Shell) -> dict[str, Any]:
    """Both checks at work while somebody types, then moves and clicks."""
    shell.run(f"({_COMMAND} --run keyboard pointer >/tmp/said 2>/tmp/told; echo >/tmp/done) &")
    wait_for(shell, "grep -q '(keyboard)' /tmp/told")
    time.sleep(5)
    pc.type(_TYPED)
    wait_for(shell, "grep -q '(pointer)' /tmp/told")
    time.sleep(5)
    for axis, by in (("x", 200), ("x", -400), ("y", 200), ("y", -400)):
        pc.ask("input-send-event", events=[{"type": "rel", "data": {"axis": axis, "value": by}}])
        pc.listen(0.5)
    for button in ("left", "right"):
        for is_down in (True, False):
            pc.ask("input-send-event", events=[{"type": "btn", "data": {"button": button, "down": is_down}}])
            pc.listen(0.5)
    wait_for(shell, "test -e /tmp/done")
    return states(shell.tell("cat /tmp/said"))


def wait_for(shell: Shell, condition: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while shell.run(condition)[0]:
        assert time.monotonic() < until, condition
        time.sleep(1)
