"""The sysfs files that a rescan writes, under a folder of the test."""

from pathlib import Path

from agent.wipe.ata.rescan import resize_device

ROAD = "sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda"


def test_host_then_device_then_size(tmp_path: Path) -> None:
    road = tmp_path / ROAD
    (road / "device").mkdir(parents=True)
    (road / "size").write_text("128\n")
    scan = tmp_path / "sys/class/scsi_host/host0"
    scan.mkdir(parents=True)
    (scan / "scan").write_text("")
    links = tmp_path / "sys/dev/block"
    links.mkdir(parents=True)
    (links / "8:0").symlink_to(road)
    assert resize_device("8:0", tmp_path) == 128 * 512
    assert (scan / "scan").read_text() == "- - -\n"
    assert (road / "device/rescan").read_text() == "1\n"
    (road / "size").write_text("?\n")
    assert resize_device("8:0", tmp_path) is None
    assert resize_device("8:16", tmp_path) is None
