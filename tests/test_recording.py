"""A capture taken of a PC gives, replayed in a closed world, the same facts, and nothing that identifies it."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from agent.capture import load
from agent.errors import StorageError
from agent.facts import Machine
from agent.host import Output
from agent.probes.inspect import Circumstances, inspect
from agent.recording import RecordingHost, RecordingRunner, record_wide, save

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRETS = ("CZC31337XY", "4c4c4544-0038-4d10-8051-b6c04f4d3532", "aa:bb:cc", "alice")
FILES = {
    "proc/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 58\nmodel name\t: Intel(R)"
    " Core(TM) i5-3470 CPU @ 3.20GHz\nstepping\t: 9\nphysical id\t: 0\ncpu cores\t: 4\nflags\t\t: lm cmov cx8 fpu\n\n",
    "proc/meminfo": "MemTotal:        8032124 kB\n",
    "proc/sys/kernel/osrelease": "6.1.0\n",
    "proc/self/mounts": "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /media/alice vfat rw 0 0\n",
    "sys/class/dmi/id/sys_vendor": "Dell Inc.\n",
    "sys/class/dmi/id/product_name": "OptiPlex 7010\n",
    "sys/class/dmi/id/product_serial": "CZC31337XY\n",
    "sys/class/dmi/id/product_uuid": "4c4c4544-0038-4d10-8051-b6c04f4d3532\n",
    "sys/class/dmi/id/chassis_type": "6\n",
    "sys/devices/pci0000:00/0000:00:19.0/vendor": "0x8086\n",
    "sys/devices/pci0000:00/0000:00:19.0/device": "0x1502\n",
    "sys/devices/pci0000:00/0000:00:19.0/class": "0x020000\n",
    "sys/devices/pci0000:00/0000:00:19.0/net/eth0/address": "00:1b:21:aa:bb:cc\n",
    "sys/devices/pci0000:00/0000:00:19.0/net/eth0/type": "1\n",
    "sys/devices/pci0000:00/0000:00:19.0/net/eth0/addr_assign_type": "0\n",
    "sys/bus/pci/drivers/e1000e/.keep": "",
}
LINKS = {
    "sys/bus/pci/devices/0000:00:19.0": "../../../devices/pci0000:00/0000:00:19.0",
    "sys/class/net/eth0": "../../devices/pci0000:00/0000:00:19.0/net/eth0",
    "sys/devices/pci0000:00/0000:00:19.0/net/eth0/device": "../../../0000:00:19.0",
    "sys/devices/pci0000:00/0000:00:19.0/driver": "../../../bus/pci/drivers/e1000e",
}


class Silent:
    """No program is installed."""

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        return Output(argv=argv, why="tool-missing")

    def outputs(self, program: str) -> tuple[Output, ...]:
        return ()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name, target in LINKS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    (root / "sys/class/power_supply").mkdir(parents=True)
    (root / "sys/block").mkdir(parents=True)
    return root


def take(root: Path, place: Path) -> Machine:
    runner = RecordingRunner(Silent())
    host = RecordingHost(root, runner, is_live=True)
    machine = inspect(host, Circumstances(now=NOW))
    record_wide(host)
    save(host, runner, machine, place, NOW)
    return machine


def without_identity(machine: Machine) -> dict[str, object]:
    system = msgspec.structs.replace(machine.system, serial=None, uuid=None)
    plain = msgspec.to_builtins(msgspec.structs.replace(machine, system=system))
    plain["gaps"] = sorted(plain["gaps"], key=json.dumps)
    return dict(plain)


@pytest.mark.parametrize("name", ["pc", "pc.zip"])
def test_replay_equals_the_visit(root: Path, tmp_path: Path, name: str) -> None:
    seen = take(root, tmp_path / name)
    capture = load(tmp_path / name, strict=True)
    again = inspect(capture.host, Circumstances(now=NOW))
    assert capture.taken_at == NOW
    assert without_identity(again) == without_identity(seen)
    assert seen.networks and seen.networks[0].driver == "e1000e", "the rig itself must show something"
    assert seen.batteries == () and seen.disks == ()
    assert again.system.serial not in (None, "CZC31337XY") and len(again.system.serial or "") == len("CZC31337XY")


def test_nothing_that_identifies_is_written(root: Path, tmp_path: Path) -> None:
    take(root, tmp_path / "pc.zip")
    with zipfile.ZipFile(tmp_path / "pc.zip") as archive:
        written = b"\n".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "replace")
    for secret in SECRETS:
        assert secret not in written
    assert "OptiPlex 7010" in written and "00:1b:21" in written


def test_an_existing_capture_is_not_written_over(root: Path, tmp_path: Path) -> None:
    take(root, tmp_path / "pc")
    before = (tmp_path / "pc" / "sys.txt").read_bytes()
    with pytest.raises(StorageError):
        take(root, tmp_path / "pc")
    assert (tmp_path / "pc" / "sys.txt").read_bytes() == before


def test_no_partition_volume_or_file_name_is_written(root: Path, tmp_path: Path) -> None:
    disk = root / "sys/devices/pci0000:00/ata1/block/sda"
    for path, text in {
        disk / "size": "1000215216\n",
        disk / "device/vpd_pg83": "\0\x83naa SECRET83",
        disk / "sda1/uevent": "DEVNAME=sda1\nPARTNAME=Photos de alice\n",
        root / "sys/devices/virtual/block/dm-0/dm/name": "alicehost--vg-root\n",
        root / "sys/devices/virtual/block/loop0/loop/backing_file": "/home/alice/film.iso\n",
        root / "sys/devices/virtual/net/wg0/ifalias": "chez alice\n",
        root / "sys/devices/usb1/power_supply/hid-00:1b:21:aa:bb:cc-battery/type": "Battery\n",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name, target in {
        "sys/block/sda": "../devices/pci0000:00/ata1/block/sda",
        "sys/block/dm-0": "../devices/virtual/block/dm-0",
        "sys/block/loop0": "../devices/virtual/block/loop0",
        "sys/class/net/wg0": "../../devices/virtual/net/wg0",
        "sys/class/power_supply/hid-00:1b:21:aa:bb:cc-battery": "../../devices/usb1/power_supply/"
        "hid-00:1b:21:aa:bb:cc-battery",
    }.items():
        (root / name).symlink_to(target)
    take(root, tmp_path / "pc")
    written = (tmp_path / "pc" / "sys.txt").read_text()
    assert "PARTNAME=masked" in written and "-battery" in written, "the rig itself must be recorded"
    for secret in (*SECRETS, "SECRET83"):
        assert secret not in written
