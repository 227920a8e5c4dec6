"""One PC with many disks, wiped through the kernel's real drivers from a shell: SATA, NVMe, SCSI, faulty ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.envelope import peek
from tests.e2e.image import MARKS, PATIENCE_S, Image, Stick, disk
from tests.e2e.pc import Pc
from tests.e2e.shell import Shell

pytestmark = [*MARKS]
MARK = b"donated data"


class Bench:
    """The PC, its shell, and the files that are its disks."""

    def __init__(self, shell: Shell, sata: Path, nvme: Path, stick: Path) -> None:
        self.shell, self.sata, self.nvme, self.stick = shell, sata, nvme, stick

    def disks(self, *options: str) -> dict[str, dict[str, Any]]:
        """`rebond disks`, by serial number."""
        said = self.shell.tell(f"rebond disks --json {' '.join(options)} 2>/dev/null", 300)
        return {one["media"]["serial"]: one for one in json.loads(said)["disks"]}

    def wipe(self, serial: str, *options: str, method: str = "best") -> tuple[int, dict[str, Any]]:
        """Unattended; its exit status, and what its manifest says of the disk."""
        session = f'session: banc\\noperator: op-7\\ncount: 1\\ndisks: ["{serial}"]\\nmethod: {method}\\n'
        self.shell.tell(f"printf '{session}' >/tmp/session.yaml")
        status, _ = self.shell.run(
            f"rebond wipe --session /tmp/session.yaml --unattended --json {' '.join(options)} >/tmp/wall 2>/tmp/said",
            900,
        )
        last = self.shell.run("tail -n 1 /tmp/wall", 60)[1]
        if not last.startswith("{"):
            raise AssertionError(self.shell.run("cat /tmp/said; tail -c 1500 /tmp/wall")[1])
        (done,) = json.loads(last)["manifest"]["disks"]
        return status, done

    def record(self, digest: str) -> dict[str, Any]:
        """A record in the station's outbox."""
        raw = self.shell.tell(f"cat /run/rebond/mnt/stick/outbox/*/{digest}*")
        found: dict[str, Any] = json.loads(peek(raw.encode()).payload)["predicate"]
        return found

    def techniques(self, digest: str) -> list[str]:
        (erasure,) = self.record(digest)["erasures"]
        return [attempt["technique"] for attempt in erasure["attempts"]]


@pytest.fixture(scope="module")
def bench(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("disks")
    stick = Stick(image, folder / "stick.img")
    sata, nvme = disk(folder / "sata.img", 48), disk(folder / "nvme.img", 64)
    devices = [
        *stick.words(),
        "-drive", f"if=none,id=d0,format=raw,file={sata}",
        "-device", "ide-hd,drive=d0,bus=ide.0,serial=SATA-1,model=ST3500418AS,rotation_rate=7200",
        "-drive", f"if=none,id=d1,format=raw,file={nvme}", "-device", "nvme,drive=d1,serial=NVME-1",
        # Without a world wide name QEMU's SAS controller shows a link that is up, and no disk at its end.
        "-drive", f"if=none,id=d2,format=raw,file={disk(folder / 'sas.img', 8)}",
        "-device", "mptsas1068,id=sas", "-device", "scsi-hd,drive=d2,bus=sas.0,scsi-id=3,serial=SILENT-1",
        *image.straight(),
    ]  # fmt: skip
    with Pc(folder / "pc", cores=1, memory_mib=1536, devices=devices) as pc:
        shell = Shell.open(pc, PATIENCE_S)
        shell.run("systemctl stop rebond-console@tty1")
        shell.tell("for i in $(seq 120); do grep -q ready /run/rebond/data 2>/dev/null && break; sleep 1; done; "
                   "grep ready /run/rebond/data", 150)  # fmt: skip
        yield Bench(shell, sata, nvme, stick.path)
    stick.path.unlink()


def test_the_stick_is_never_offered(bench: Bench) -> None:
    seen = bench.disks("--virtual")
    assert {"SATA-1", "NVME-1", "usb:STICK1"} <= set(seen)
    assert not seen["SATA-1"]["refusals"] and not seen["NVME-1"]["refusals"]
    assert {"boot-medium", "station-home"} <= {one["rule"] for one in seen["usb:STICK1"]["refusals"]}
    status, said = bench.shell.run("rebond wipe --disk usb:STICK1 --dry-run", 300)
    assert status == 3, said


def test_a_disk_that_is_plugged_in_and_does_not_answer_is_told(bench: Bench) -> None:
    machine = json.loads(bench.shell.tell("rebond inspect --json 2>/dev/null", 300))
    assert [one["kind"] for one in machine["hidden_storage"]] == ["silent-disk"], machine["hidden_storage"]
    assert "SILENT-1" not in json.dumps(machine["disks"])


def test_an_nvme_disk_formats_itself(bench: Bench) -> None:
    assert MARK in bench.nvme.read_bytes()
    status, done = bench.wipe("NVME-1")
    assert (status, done["state"], done["level"]) == (0, "cleared", "clear"), done
    assert bench.techniques(done["record"]) == ["nvme-format-user-data"]
    assert MARK not in bench.nvme.read_bytes()


def test_a_scsi_disk_that_cannot_read_some_sectors_is_cleared_but_for_them(bench: Bench) -> None:
    """The kernel's own SCSI disk, scsi_debug: ten sectors from 4660 on answer MEDIUM ERROR to every reading."""
    bench.shell.tell("modprobe scsi_debug dev_size_mb=16 && udevadm settle -t 30; true")
    bench.shell.tell("echo 2 >/sys/bus/pseudo/drivers/scsi_debug/opts")
    (serial,) = (one for one in bench.disks("--virtual") if one not in {"SATA-1", "NVME-1", "usb:STICK1", "system"})
    status, done = bench.wipe(serial, "--virtual")
    assert (status, done["state"]) == (4, "cleared_with_exceptions"), done
    (erasure,) = bench.record(done["record"])["erasures"]
    bad = [(one["first_lba"], one["sectors"]) for one in erasure["attempts"][-1]["bad"]]
    assert bad == [(4660, 10)]
