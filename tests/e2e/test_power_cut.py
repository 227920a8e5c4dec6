"""The power fails while a disk is being overwritten and a record is on its way; the PC starts again and goes on."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.gate import Gate
from tests.e2e.image import MARKS, PATIENCE_S, Image, Stick, disk
from tests.e2e.inventory import NETWORK, Inventory
from tests.e2e.pc import Pc
from tests.e2e.shell import Shell

pytestmark = [*MARKS]
SLOW = ",throttling.bps-write=4000000"  # so that there is a middle
SESSION = "session: banc\noperator: op-7\ncount: 1\ndisks: [CUT-1]\nmethod: overwrite\n"


def started(folder: Path, image: Image, stick: Stick, old: Path, throttle: str = "") -> Pc:
    devices = [
        *stick.words(), *NETWORK, "-device", "e1000,netdev=n0",
        "-drive", f"if=none,id=d0,format=raw,file={old}{throttle}",
        "-device", "ide-hd,drive=d0,bus=ide.0,serial=CUT-1,model=ST3500418AS,rotation_rate=7200",
        *image.straight(),
    ]  # fmt: skip
    return Pc(folder, cores=1, devices=devices)


def opened(pc: Pc) -> Shell:
    """A root shell, the stick in its place; the console would deliver by itself and take its share of the processor."""
    shell = Shell.open(pc, PATIENCE_S)
    shell.run("systemctl stop rebond-console@tty1")
    shell.tell("for i in $(seq 120); do grep -q ready /run/rebond/data 2>/dev/null && break; sleep 1; done; "
               "grep ready /run/rebond/data", 150)  # fmt: skip
    return shell


@pytest.mark.parametrize("kind", ["ext4", pytest.param("vfat", marks=pytest.mark.slow)])
def test_in_the_middle_of_a_wipe_and_of_a_delivery(
    kind: str, image: Image, new_stick: Callable[[], Stick], inventory: Inventory, tmp_path: Path
) -> None:
    stick, old = new_stick(), disk(tmp_path / "old.img", 192)
    if kind == "vfat":
        stick.format_fat()
    with Gate(inventory.port) as gate:
        stick.write("settings.yaml", f"station: Banc 3\ninventory: {{url: {gate.seen_from_pc}}}\n")
        with started(tmp_path / "pc", image, stick, old, SLOW) as pc:
            shell = opened(pc)
            assert f" {kind} " in shell.tell("grep /run/rebond/mnt/stick /proc/mounts")
            shell.tell(f"rebond enrol {inventory.new_code()}", 200)
            shell.tell(f"printf '{SESSION.replace(chr(10), chr(92) + 'n')}' >/tmp/session.yaml")
            shell.tell("(rebond wipe --session /tmp/session.yaml --unattended --json >/tmp/wall 2>/tmp/said &) ; true")
            wait_until_written(pc, shell, old)
            gate.when_taken = pc.fail_power
            pc.say("rebond triage --json\n")
            pc.wait_off(PATIENCE_S)
        assert len(inventory.digests()) == 1 and old.read_bytes().count(b"donated data") > 0

        with started(tmp_path / "pc", image, stick, old) as pc:
            shell = opened(pc)
            assert "CUT-1" in shell.run("rebond disks", 200)[1]
            at = len(pc.log)
            pc.say("TERM=dumb rebond wipe --resume; echo '<'ended $?'>'\n")
            at = pc.wait_serial("Tapez le nombre de disques à effacer", 300, at)  # what was typed before does not count
            pc.listen(2)
            pc.say("1\n")
            at = pc.wait_serial("<ended ", PATIENCE_S, at)
            assert pc.wait_serial("0>", 5, at) == at + 2
            shell.at = len(pc.log)
            shell.tell("rebond outbox send", 300)
            waiting = json.loads(shell.tell("rebond outbox --json", 100))
            assert (waiting["waiting"], waiting["refused"]) == ([], [])

    digests = inventory.digests()
    assert len(set(digests)) == len(digests)  # what was taken just before the cut stands there once
    records = inventory.records()
    outcomes = [one["outcome"] for record in records for one in record.get("erasures") or []]
    print(outcomes)
    assert outcomes[-1] == "cleared" and outcomes.count("cleared") == 1  # before it: begun, begun again
    assert b"donated data" not in old.read_bytes()


def wait_until_written(pc: Pc, shell: Shell, old: Path) -> None:
    """Until the first mebibytes of the disk are gone, the last ones not yet."""
    until = time.monotonic() + PATIENCE_S
    while b"donated data" in old.read_bytes()[: 1 << 20]:
        assert time.monotonic() < until, shell.run("cat /tmp/wall /tmp/said")[1][-2000:]
        pc.listen(1)
