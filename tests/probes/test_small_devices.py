"""USB devices, cameras, sound, optical drives and sensors."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Device, Sensor
from agent.probes import sensors, small_devices, usb
from agent.probes.small_devices import parse_cards
from agent.probes.usb import parse_lsusb
from agent.text import decode
from tests.conftest import over_corpus
from tests.probes.standin import pc, udev_tree

_USB = "/sys/bus/usb/devices"
_PLACE = "/sys/devices/pci0000:00/0000:00:14.0/usb1"


def plugged(name: str, ids: str, code: str = "00", driver: str | None = None, **files: str) -> dict[str, str]:
    vendor, product = ids.split(":")
    place = f"{_PLACE}/{name}"
    laid = {f"{place}/idVendor": vendor, f"{place}/idProduct": product, f"{place}/bDeviceClass": code[:2]}
    laid |= {f"{place}/{attribute}": f"{text}\n" for attribute, text in files.items()}
    laid[f"{_USB}/{name}"] = f"-> {place}"
    if len(code) == 6:
        inner = f"{place}/{name}:1.0"
        parts = zip(("Class", "SubClass", "Protocol"), (code[:2], code[2:4], code[4:]), strict=True)
        laid |= {f"{inner}/bInterface{part}": number for part, number in parts}
        laid[f"{_USB}/{name}:1.0"] = f"-> {inner}"
        laid[f"{place}/bDeviceClass"] = "ef"
        if driver:
            laid[f"{inner}/driver"] = f"-> /sys/bus/usb/drivers/{driver}"
    return laid


HUBS = plugged("usb1", "1d6b:0002", "09") | plugged("1-1", "8087:0024", "09")
CAMERA = plugged("1-6", "5986:0397", "0e0100", "uvcvideo", product="Integrated Camera", manufacturer="Vimicro corp.")


def test_usb_devices_without_hubs(tmp_path: Path) -> None:
    reader = plugged("1-1.3", "138a:0011", "ff0000")
    names = "138a  Validity Sensors, Inc.\n\t0011  VFS5011 Fingerprint Reader\n"
    host = pc(tmp_path / "pc", HUBS | CAMERA | reader | {"/usr/share/misc/usb.ids": names})
    assert usb.probe(host).facts["usb"] == (
        Device(
            name="1-1.3", maker="Validity Sensors, Inc.", model="VFS5011 Fingerprint Reader", vendor_id="138a",
            product_id="0011",
        ),
        Device(
            name="1-6", maker="Vimicro corp.", model="Integrated Camera", driver="uvcvideo", vendor_id="5986",
            product_id="0397",
        ),
    )  # fmt: skip


@pytest.mark.parametrize("maker", ["CN0AB12CDE3456789A01X00", "000000AB123C-D12E-345678"])
def test_a_serial_given_as_maker_is_not_told(tmp_path: Path, maker: str) -> None:
    host = pc(tmp_path / "pc", plugged("1-5", "0bda:5520", "0e0100", manufacturer=maker))
    (device,) = usb.probe(host).facts["usb"]
    assert device.maker is None


@pytest.mark.parametrize("maker", ["Chicony Electronics Co.,Ltd.", "LITEONTECHNOLOGY", "Sonix Technology Co., Ltd."])
def test_a_makers_name_is_told(tmp_path: Path, maker: str) -> None:
    (device,) = usb.probe(pc(tmp_path / "pc", plugged("1-5", "0bda:5520", manufacturer=maker))).facts["usb"]
    assert device.maker == maker


def test_lsusb_text(tmp_path: Path) -> None:
    text = (
        "Bus 001 Device 001: ID 1d6b:0002 Linux Foundation 2.0 root hub\n"
        "Bus 001 Device 002: ID 8087:0024 Intel Corp. Integrated Rate Matching Hub\n"
        "Bus 001 Device 003: ID 04f2:b2ea Chicony Electronics Co., Ltd Integrated Camera [ThinkPad]\n"
    )
    host = pc(tmp_path / "pc", lsusb=text)
    (device,) = usb.probe(host).facts["usb"]
    assert (device.name, device.product_id) == ("001:003", "b2ea")
    assert len(small_devices.probe(host).facts["cameras"]) == 1


def test_usb_unseen_and_absent(tmp_path: Path) -> None:
    assert "usb" not in usb.probe(pc(tmp_path / "unseen")).facts
    assert usb.probe(pc(tmp_path / "none", {_USB: "/"})).facts["usb"] == ()


def test_one_camera_with_two_nodes_is_one_camera(tmp_path: Path) -> None:
    inner = f"{_PLACE}/1-6/1-6:1.0"
    nodes = {}
    for name in ("video0", "video1"):
        nodes[f"{inner}/video4linux/{name}/device"] = f"-> {inner}"
        nodes[f"/sys/class/video4linux/{name}"] = f"-> {inner}/video4linux/{name}"
    host = pc(tmp_path / "pc", HUBS | CAMERA | nodes)
    assert [camera.model for camera in small_devices.probe(host).facts["cameras"]] == ["Integrated Camera"]


def test_a_camera_without_its_driver_is_still_told(tmp_path: Path) -> None:
    host = pc(tmp_path / "pc", plugged("1-6", "5986:0397", "0e0100", product="Integrated Camera"))
    (camera,) = small_devices.probe(host).facts["cameras"]
    assert (camera.model, camera.driver) == ("Integrated Camera", None)


def test_sound_card_with_its_pci_device(tmp_path: Path) -> None:
    place = "/sys/devices/pci0000:00/0000:00:1b.0"
    files = {
        "/proc/asound/cards": " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n"
        "                      HDA Intel PCH at 0xf7f10000 irq 30\n",
        f"{place}/uevent": "DRIVER=snd_hda_intel\nPCI_CLASS=40300\nPCI_ID=8086:1E20\n",
        "/sys/bus/pci/devices/0000:00:1b.0": f"-> {place}",
        f"{place}/sound/card0/device": f"-> {place}",
        "/sys/class/sound/card0": f"-> {place}/sound/card0",
        "/sys/bus/pci/devices/0000:01:00.1/uevent": "PCI_CLASS=40300\nPCI_ID=10DE:0E1B\n",
    }
    first, second = small_devices.probe(pc(tmp_path / "pc", files)).facts["audio"]
    assert (first.name, first.model, first.driver, first.product_id) == (
        "card0",
        "HDA Intel PCH",
        "snd_hda_intel",
        "1e20",
    )
    assert (second.name, second.driver) == ("0000:01:00.1", None)


def test_no_sound_cards() -> None:
    assert parse_cards("--- no soundcards ---") == ()


def test_optical_drives(tmp_path: Path) -> None:
    files = {"/sys/block/sr0/device/vendor": "HL-DT-ST\n", "/sys/block/sr0/device/model": "DVDRAM GU90N    \n"}
    found = small_devices.probe(pc(tmp_path / "sysfs", files | {"/sys/block/sda/size": "1\n"})).facts["optical"]
    assert found == (Device(name="sr0", maker="HL-DT-ST", model="DVDRAM GU90N"),)
    told = {
        "/proc/sys/dev/cdrom/info": "CD-ROM information, Id: cdrom.c\n\ndrive name:\t\tsr1\tsr0\ndrive speed:\t24\n"
    }
    assert [drive.name for drive in small_devices.probe(pc(tmp_path / "proc", told)).facts["optical"]] == ["sr0", "sr1"]
    assert "optical" not in small_devices.probe(pc(tmp_path / "unseen")).facts


def test_sensors(tmp_path: Path) -> None:
    place = "/sys/class/hwmon/hwmon0"
    files = {
        f"{place}/name": "coretemp\n", f"{place}/temp1_input": "45000\n", f"{place}/temp1_label": "Package id 0\n",
        f"{place}/temp1_crit": "100000\n", f"{place}/temp2_input": "-128000\n", f"{place}/fan1_input": "0\n",
        f"{place}/in0_input": "12096\n", f"{place}/temp3_input": "\n",
    }  # fmt: skip
    findings = sensors.probe(pc(tmp_path / "pc", files))
    assert findings.facts["sensors"] == (
        Sensor(chip="coretemp", label="fan1", kind="fan", value=0),
        Sensor(chip="coretemp", label="in0", kind="voltage", value=12096),
        Sensor(chip="coretemp", label="Package id 0", kind="temperature", value=45000, critical=100000),
    )
    assert [gap.source.rpartition("/")[2] for gap in findings.gaps] == ["temp2_input", "temp3_input"]


def test_thermal_zones_stand_in(tmp_path: Path) -> None:
    files = {"/sys/class/thermal/thermal_zone0/type": "acpitz\n", "/sys/class/thermal/thermal_zone0/temp": "27800\n"}
    (zone,) = sensors.probe(pc(tmp_path / "pc", files)).facts["sensors"]
    assert (zone.label, zone.value) == ("acpitz", 27800)
    assert "sensors" not in sensors.probe(pc(tmp_path / "unseen")).facts


@over_corpus("udevadm")
def test_corpus_devices_by_their_own_classes(path: Path, tmp_path: Path) -> None:
    if path.suffix != ".txt":
        pytest.skip("lsblk's part of the same PC")
    text = decode(path.read_bytes())
    host = udev_tree(tmp_path / "pc", text)
    blocks = text.split("\n\n")
    devices = [block for block in blocks if "E: DEVTYPE=usb_device" in block and "\nE: TYPE=9/" not in block]
    assert len(usb.probe(host).facts.get("usb", ())) == len(devices)
    found = small_devices.probe(host).facts
    drives = [block for block in blocks if "E: DEVTYPE=disk" in block and "\nN: sr" in block]
    assert len(found.get("optical", ())) == len(drives)
    video = [block for block in devices if ":0e01" in block or ":0e02" in block]
    assert len(found.get("cameras", ())) == len(video)


@over_corpus("umockdev")
def test_corpus_of_single_devices(path: Path, tmp_path: Path) -> None:
    text = decode(path.read_bytes())
    host = udev_tree(tmp_path / "pc", text)
    devices = [block for block in text.split("\n\n") if "E: DEVTYPE=usb_device" in block and "E: TYPE=9/" not in block]
    assert len(usb.probe(host).facts.get("usb", ())) == len(devices)
    small_devices.probe(host)


@settings(max_examples=50)
@given(st.text())
def test_no_text_breaks_a_reader(text: str) -> None:
    assert tuple(parse_lsusb(f"Bus 001 Device 003: ID 04f2:b2ea {text}"))
    parse_cards(text)
