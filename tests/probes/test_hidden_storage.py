"""Hidden storage: hints where disks cannot be seen, and none where an ordinary PC just has an empty port."""

from pathlib import Path

import pytest

from agent.facts import HiddenStorage
from agent.probes import hidden_storage
from agent.probes.hidden_storage import hint_of
from agent.probes.pci_text import PciDevice, parse_lspci, parse_pciconf
from agent.text import decode
from tests.conftest import CORPUS, over_corpus
from tests.oracles import pci as oracle
from tests.probes.standin import pc, udev_tree

_PCI = "/sys/devices/pci0000:00"
_TEXTS = oracle.files(CORPUS)


def card(address: str, code: str, ids: str, driver: str | None = None, **files: str) -> dict[str, str]:
    place = f"{_PCI}/{address}"
    laid = {f"{place}/uevent": f"PCI_CLASS={code}\nPCI_ID={ids}\n", f"/sys/bus/pci/devices/{address}": f"-> {place}"}
    if driver:
        laid[f"{place}/driver"] = f"-> /sys/bus/pci/drivers/{driver}"
    return laid | {f"{place}/{name}": text for name, text in files.items()}


def disk(name: str, place: str) -> dict[str, str]:
    return {f"{place}/size": "1000\n", f"/sys/block/{name}": f"-> {place}"}


SATA = disk("sda", f"{_PCI}/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda")
OPTICAL = disk("sr0", f"{_PCI}/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0/block/sr0")
RST = card("0000:00:17.0", "10400", "8086:282A", "ahci")
AHCI = card("0000:00:17.0", "10601", "8086:9D03", "ahci")
VMD = card("0000:00:0e.0", "10400", "8086:9A0B", "vmd")
NVME = card("0000:01:00.0", "10802", "144D:A808", "nvme")
NO_DISK = {"/sys/block": "/"}


def kinds(tmp_path: Path, *parts: dict[str, str]) -> list[str]:
    files: dict[str, str] = {}
    for part in parts:
        files |= part
    found = hidden_storage.probe(pc(tmp_path / "pc", files)).facts["hidden_storage"]
    return [hint.kind for hint in found]


def test_ordinary_pcs_give_no_hint(tmp_path: Path) -> None:
    assert kinds(tmp_path, AHCI, SATA) == []
    assert kinds(tmp_path, AHCI, NO_DISK) == []  # an empty port, or a dead disk: the list of disks tells
    assert kinds(tmp_path, NVME, disk("nvme0n1", f"{_PCI}/0000:01:00.0/nvme/nvme0/nvme0n1")) == []
    assert kinds(tmp_path, NVME, disk("nvme0n1", f"{_PCI}/0000:01:00.0/block/nvme0n1")) == []  # kernels before 4.5
    assert kinds(tmp_path, card("0000:00:02.0", "30000", "8086:0166"), NO_DISK) == []


def test_raid_mode_that_shows_its_disk_hides_nothing(tmp_path: Path) -> None:
    assert kinds(tmp_path, RST, SATA) == []


def test_raid_mode_with_only_a_dvd_drive_hides_a_disk(tmp_path: Path) -> None:
    assert kinds(tmp_path, RST, NO_DISK) == ["rst"]
    assert kinds(tmp_path, RST, OPTICAL) == ["rst"]
    usb_stick = disk("sdb", f"{_PCI}/0000:00:14.0/usb1/1-2/1-2:1.0/host4/block/sdb")
    assert kinds(tmp_path, RST, OPTICAL, usb_stick) == ["rst"]


def test_remapped_nvme_is_told_though_a_sata_disk_shows(tmp_path: Path) -> None:
    remapped = card("0000:00:17.0", "10400", "8086:282A", "ahci", remapped_nvme="1\n")
    assert kinds(tmp_path, remapped, SATA) == ["remapped-nvme"]
    none = card("0000:00:17.0", "10601", "8086:9D03", "ahci", remapped_nvme="0\n")
    assert kinds(tmp_path, none, SATA) == []


def test_vmd(tmp_path: Path) -> None:
    behind = f"{_PCI}/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0/nvme/nvme0"
    assert kinds(tmp_path, VMD, NO_DISK) == ["vmd"]
    assert kinds(tmp_path, VMD, disk("nvme0n1", f"{behind}/nvme0n1")) == []
    assert kinds(tmp_path, card("0000:00:0e.0", "10400", "8086:467F"), NO_DISK) == ["vmd"]
    # A multipath disk hangs elsewhere; its controller shows where it is.
    multipath = disk("nvme0n1", "/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1")
    multipath |= {f"{behind}/model": "x\n", "/sys/class/nvme/nvme0": f"-> {behind}"}
    assert kinds(tmp_path, VMD, multipath) == []


def test_multipath_nvme_is_no_hint(tmp_path: Path) -> None:
    elsewhere = disk("nvme0n1", "/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1")
    assert kinds(tmp_path, NVME, elsewhere) == []
    assert kinds(tmp_path, NVME, elsewhere, {f"{_PCI}/0000:01:00.0/nvme/nvme0/nvme0c0n1/size": "9\n"}) == []


def test_nvme_without_a_namespace_is_told(tmp_path: Path) -> None:
    broken = NVME | {f"{_PCI}/0000:01:00.0/nvme/nvme0/state": "dead\n"}
    assert kinds(tmp_path, broken, NO_DISK) == ["unbound-controller"]


@pytest.mark.parametrize(
    ("code", "ids", "kind"),
    [
        ("10601", "1B4B:9230", ["unbound-controller"]),
        ("10700", "1000:0097", ["unbound-controller"]),
        ("10802", "106B:2005", ["unbound-controller"]),
        ("18000", "106B:2005", ["unbound-controller"]),  # Apple T2
        ("18000", "1217:7130", []),  # a card reader
        ("80501", "8086:5ACC", ["unbound-controller"]),  # eMMC
        ("80501", "10EC:5229", []),
        ("88000", "8086:09AB", []),
        ("30000", "8086:0166", []),
    ],
)
def test_controllers_without_a_driver(tmp_path: Path, code: str, ids: str, kind: list[str]) -> None:
    assert kinds(tmp_path, card("0000:05:00.0", code, ids), NO_DISK) == kind


def test_text_alone_is_unsure_of_raid_mode(tmp_path: Path) -> None:
    text = "00:17.0 RAID bus controller [0104]: Intel Corporation SATA Controller [RAID mode] [8086:282a]\n"
    text += "\tKernel driver in use: ahci\n"
    host = pc(tmp_path / "pc", lspci=text)
    unsure = hidden_storage.probe(host)
    assert "hidden_storage" not in unsure.facts
    assert [gap.path for gap in unsure.gaps] == ["hidden_storage"]
    assert hidden_storage.probe(host, ("sda",)).facts["hidden_storage"] == ()
    (hint,) = hidden_storage.probe(host, ()).facts["hidden_storage"]
    assert hint == HiddenStorage(
        kind="rst",
        evidence="RAID mode with no disk behind it (PCI 00:17.0 [8086:282a], driver ahci)",
        controller="Intel Corporation SATA Controller [RAID mode]",
    )


def test_text_shows_vmd_disks_in_their_own_domain(tmp_path: Path) -> None:
    vmd = "0000:00:0e.0 RAID bus controller: Intel Corporation Volume Management Device NVMe RAID Controller\n"
    disk_line = "10000:e1:00.0 Non-Volatile memory controller: Samsung Electronics Co Ltd NVMe SSD Controller\n"
    assert hidden_storage.probe(pc(tmp_path / "seen", lspci=vmd + disk_line)).facts["hidden_storage"] == ()
    assert "hidden_storage" not in hidden_storage.probe(pc(tmp_path / "unsure", lspci=vmd)).facts
    unbound = vmd + "00:1f.3 Audio device: Intel Corporation HD Audio\n\tKernel driver in use: snd_hda_intel\n"
    (hint,) = hidden_storage.probe(pc(tmp_path / "hidden", lspci=unbound)).facts["hidden_storage"]
    assert hint.kind == "vmd"


def test_no_source_is_unknown(tmp_path: Path) -> None:
    findings = hidden_storage.probe(pc(tmp_path / "pc"))
    assert "hidden_storage" not in findings.facts
    assert findings.gaps


@over_corpus("udevadm")
def test_real_pcs_that_show_their_disks_give_no_hint(path: Path, tmp_path: Path) -> None:
    if path.suffix != ".txt":
        pytest.skip("lsblk's part of the same PC")
    findings = hidden_storage.probe(udev_tree(tmp_path / "pc", decode(path.read_bytes())))
    assert findings.facts.get("hidden_storage", ()) == ()


@pytest.mark.skipif(not _TEXTS, reason="no corpus beside this checkout (../shared/corpus/lspci)")
def test_corpus_texts_hint_only_at_what_a_person_confirmed() -> None:
    hints = []
    for path in _TEXTS:
        text = decode(path.read_bytes())
        devices: tuple[PciDevice, ...] = parse_pciconf(text) if path.name == "pciconf.txt" else parse_lspci(text)
        hints += [hint.controller for device in devices if (hint := hint_of(device, None))]
    # The disk behind Apple's T2, which this kernel could not drive, and a server's storage offload function.
    assert sorted(hint or "" for hint in hints) == [
        "Apple Inc. ANS2 NVMe Controller",
        "Chelsio Communications Inc T420-CR Unified Wire Storage Controller",
    ]
