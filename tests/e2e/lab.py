"""A PC whose disk is a simulated one of tests/wipe/twins, reached through the kernel's real driver.

The agent of this checkout takes the place of the image's own, which may be older: it travels as a read-only disk.
"""

import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.cable import ROOT
from tests.e2e.image import PATIENCE_S, Image, Stick
from tests.e2e.pc import Pc
from tests.e2e.shell import Shell

AGENT = "/usr/lib/rebond/python/agent"
CHECKOUT = "/run/checkout"
INSIDE = f"{CHECKOUT}/tests/e2e/inside"
PYTHON = f"PYTHONPATH={Path(AGENT).parent}:{CHECKOUT} python3 -P"
WIPE_S = 900  # under software emulation on a busy computer


def packed(path: Path) -> Path:
    """The agent with its profiles, as the image's builder lays them, and the programs of `inside`."""
    with tarfile.open(path, "w") as archive:
        for source, name in (
            ("agent", "agent"), ("profiles", "agent/shipped_profiles"),
            ("tests/e2e/inside", "tests/e2e/inside"), ("tests/e2e/scsi_unit.py", "tests/e2e/scsi_unit.py"),
            ("tests/wipe/twins", "tests/wipe/twins"),
        ):  # fmt: skip
            archive.add(ROOT / source, name, filter=lambda one: None if "__pycache__" in one.name else one)
    with path.open("ab") as file:
        file.truncate(-(-path.stat().st_size // 512) * 512)
    return path


class Lab:
    """`with Pc(…, devices=words(…)) as pc: lab = Lab(pc)`: a root shell beside a stick that is ready."""

    def __init__(self, pc: Pc) -> None:
        self.pc = pc
        self.shell = Shell.open(pc, PATIENCE_S)
        self.shell.run("systemctl stop rebond-console@tty1")
        self.shell.tell("for i in $(seq 120); do grep -q ready /run/rebond/data 2>/dev/null && break; sleep 1; done; "
                        "grep ready /run/rebond/data", 150)  # fmt: skip
        self.shell.tell(f"modprobe virtio_blk; udevadm settle; mkdir {CHECKOUT} && "
                        f"tar -xf /dev/disk/by-id/virtio-CHECKOUT -C {CHECKOUT} && "
                        f"mount --bind {CHECKOUT}/agent {AGENT}", 100)  # fmt: skip

    def begin(self, *serials: str, method: str = "best") -> None:
        """An unattended wipe beside the shell."""
        disks = f"count: {len(serials)}\\ndisks: [{', '.join(serials)}]"
        session = f"session: banc\\noperator: op-7\\n{disks}\\nmethod: {method}\\n"
        self.shell.tell(f"printf '{session}' >/tmp/session.yaml; rm -f /tmp/status")
        # In a shell of its own: this one would tell of its end in the middle of something else.
        self.shell.tell("( (REBOND_ALLOW_NETWORK_DISKS=1 rebond wipe --session /tmp/session.yaml --unattended --json "
                        ">/tmp/wall 2>/tmp/said; echo $? >/tmp/status) & )")  # fmt: skip

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """While the wipe goes on; AssertionError with what it said otherwise."""
        until = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < until, self.shell.run("cat /tmp/said; tail -c 2000 /tmp/wall")[1]
            self.pc.listen(0.2)

    def end(self) -> int:
        """Its exit status."""
        self.shell.run("while [ ! -s /tmp/status ]; do sleep 1; done", WIPE_S)
        return int(self.shell.tell("cat /tmp/status"))

    def wipe(self, serial: str, method: str = "best") -> tuple[int, dict[str, Any]]:
        """Its exit status and the erasure it recorded."""
        self.begin(serial, method=method)
        status = self.end()
        assert status != 3, self.shell.run("cat /tmp/said; tail -c 2000 /tmp/wall")[1]
        return status, self.erasure(serial)

    def resume(self) -> int:
        """`rebond wipe --resume`, the number of disks typed by hand as it asks."""
        at = len(self.pc.log)
        self.pc.say("stty echo; REBOND_ALLOW_NETWORK_DISKS=1 TERM=dumb rebond wipe --resume; echo '<'ended $?'>'\n")
        at = self.pc.wait_serial("pour confirmer", 300, at)
        self.pc.listen(1)
        self.pc.say("1\n")
        at = self.pc.wait_serial("<ended ", WIPE_S, at)
        end = self.pc.wait_serial(">", 10, at)
        self.shell.at = len(self.pc.log)
        self.shell.run("stty -echo")
        return int(bytes(self.pc.log[at : end - 1]))

    def erasure(self, serial: str) -> dict[str, Any]:
        """The disk's last erasure, from the signed record on the stick."""
        said = self.shell.tell(f"{PYTHON} {INSIDE}/last.py {serial}", 200)
        found: dict[str, Any] = json.loads(said.splitlines()[-1])
        return found


def words(image: Image, stick: Stick, checkout: Path) -> list[str]:
    """QEMU's words for a PC with a stick, a way to this computer's loopback, and this checkout's agent."""
    return [
        *stick.words(), "-netdev", "user,id=n0", "-device", "e1000,netdev=n0",
        "-drive", f"if=none,id=co,format=raw,readonly=on,file={checkout}",
        "-device", "virtio-blk-pci,drive=co,serial=CHECKOUT",
        *image.straight(),
    ]  # fmt: skip
