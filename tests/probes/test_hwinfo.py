"""hwinfo's text: the SMBIOS block, one disk among empty readers, panels, and hostile input."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.foreign.recorded import Recorded
from agent.host import Host, Output
from agent.probes import Findings, hwinfo
from agent.probes.hwinfo_text import exact_size_in, quoted, size_in
from tests.conftest import CORPUS
from tests.oracles import hwinfo as oracle

TEXT = """01: None 00.0: 10105 BIOS
  [Created at bios.186]
  Unique ID: rdCR.lZF
  Hardware Class: bios
  SMBIOS Version: 2.7
  Physical Memory Array: #7
    Use: 0x03 (System memory)
    Slots: 2
    Max. Size: 16 GB
    ECC: 0x03 (None)
  Memory Device: #8
    Location: "DIMM A"
    Bank: "BANK 0"
    Manufacturer: "Micron"
    Serial: "12AB34CD"
    Part Number: "PART-1"
    Memory Array: #7
    Form Factor: 0x0d (SODIMM)
    Type: 0x18 (Other)
    Data Width: 64 bits
    Size: 4 GB
    Speed: 1600 MHz
  Memory Device: #9
    Location: "DIMM B"
    Memory Array: #7
    Form Factor: 0x0d (SODIMM)
    Type: 0x02 (Unknown)
    Size: No Memory Installed
  Physical Memory Array: #20
    Use: 0x05 (Flash memory)
    Slots: 1
  Memory Device: #21
    Memory Array: #20
    Form Factor: 0x09 (DIMM)
    Type: 0x09 (FLASH)
    Size: 8 MB
  BIOS Info: #0
    Vendor: "Acme BIOS"
    Version: "A12"
    Date: "05/31/2013"
  System Info: #1
    Manufacturer: "Dell Inc."
    Product: "Latitude E5530"
    Serial: "ABC1D23"
    UUID: 4c4c4544-0038-4610-8054-c4c04f303031
  Chassis Info: #3
    Type: 0x89 (Laptop + Lock)
  Hardware Security: #30
    Power-on Password: 0x00 (Disabled)
    Admin Password: 0x01 (Enabled)
  Config Status: cfg=new, avail=yes, need=no, active=unknown

12: None 00.0: 10102 Main Memory
  Hardware Class: memory
  Memory Range: 0x00000000-0xf75c2fff (rw)
  Memory Size: 3 GB + 768 MB

15: PCI 1f.0: 0601 ISA bridge
  Hardware Class: bridge

21: PCI 02.0: 0300 VGA compatible controller (VGA)
  SysFS BusID: 0000:00:02.0
  Hardware Class: graphics card
  Model: "Intel Graphics"
  Vendor: pci 0x8086 "Intel Corporation"
  Device: pci 0x0166 "3rd Gen Graphics"
  Driver: "i915"

27: PCI 200.0: 0282 WLAN controller
  Hardware Class: network
  Model: "Acme 802.11n"
  Vendor: pci 0x14e4 "Broadcom"
  Device: pci 0x4359
  HW Address: 02:00:00:00:00:01

32: None 00.0: 10002 LCD Monitor
  Hardware Class: monitor
  Model: "LGD LCD Monitor"
  Vendor: LGD "LG Display"
  Device: eisa 0x032c
  Resolution: 1366x768@60Hz
  Size: 344x194 mm
  Year of Manufacture: 2011
  Week of Manufacture: 0
  Detailed Timings #0:
     Resolution: 1920x1080
     Horizontal: 1920 2080 2320 2608 (+160 +400 +688) -hsync

43: SCSI 600.0: 10600 Disk
  Hardware Class: disk
  Model: "USB Flash Disk"
  Vendor: usb 0x090c "USB"
  Driver: "usb-storage", "sd"
  Device File: /dev/sdb (/dev/sg2)
  Capacity: 0 GB (1002438656 bytes)

44: SCSI 00.1: 10600 Disk
  Hardware Class: disk
  Model: "Generic Micro SD/M2"
  Driver: "usb-storage", "sd"
  Device File: /dev/sdc (/dev/sg1)
  Drive status: no medium

47: IDE 00.0: 10600 Disk
  Hardware Class: disk
  Model: "HGST HTS725050A7"
  Vendor: "HGST"
  Revision: "A560"
  Serial ID: "SER-1"
  Driver: "ahci", "sd"
  Device File: /dev/sda
  Capacity: 465 GB (500107862016 bytes)

48: None 00.0: 10600 Disk
  Hardware Class: disk
  Model: "Disk"
  Device File: /dev/mmcblk0boot0
  Capacity: 0 GB (4194304 bytes)

49: None 00.0: 10600 Disk
  Hardware Class: disk
  Model: "Disk"
  Driver: "sdhci-acpi", "mmcblk"
  Device File: /dev/mmcblk0
  Capacity: 29 GB (31268536320 bytes)

50: None 00.0: 10600 Disk
  Hardware Class: disk
  Model: "Disk"
  Device File: /dev/zd0
  Capacity: 15 GB (16106127360 bytes)

64: None 00.0: 10103 CPU
  Hardware Class: cpu
  Arch: X86-64
  Vendor: "GenuineIntel"
  Model: 6.58.9 "Intel(R) Core(TM) i5-3340M CPU @ 2.70GHz"
  Features: fpu,vme,lm,sse2,vmx

65: None 01.0: 10103 CPU
  Hardware Class: cpu
  Model: 6.58.9 "Intel(R) Core(TM) i5-3340M CPU @ 2.70GHz"
"""


def findings_of(text: str) -> Findings:
    answer = Output(argv=("hwinfo", "hwinfo.txt"), status=0, stdout=text.encode())
    return hwinfo.probe(Host(Path("/nonexistent"), Recorded({"hwinfo": (answer,)})))


def test_facts() -> None:
    found = findings_of(TEXT)
    facts = found.facts
    system, memory, cpu = facts["system"], facts["memory"], facts["cpu"]
    assert (system.maker, system.product, system.serial) == ("Dell", "Latitude E5530", "ABC1D23")
    assert system.uuid == "4c4c4544-0038-4610-8054-c4c04f303031"
    assert system.chassis_declared == "Laptop"  # the lock bit is not part of the kind
    assert (facts["firmware"].released_on, facts["firmware"].admin_password) == ("2013-05-31", "enabled")
    assert (memory.fitted_bytes, memory.slots_total, memory.slots_free) == (4 << 30, 2, 1)  # no BIOS chip among them
    assert memory.usable_bytes == 0xF75C3000
    assert memory.modules[0].generation == "DDR3"
    assert (cpu.threads, cpu.cores, cpu.family, cpu.model, cpu.stepping) == (2, None, 6, 58, 9)
    assert cpu.is_64_bit is True
    assert not found.gaps


def test_disks_are_whole_disks_with_something_in_them() -> None:
    disks = {disk.name: disk for disk in findings_of(TEXT).facts["disks"]}
    assert set(disks) == {"sda", "sdb", "mmcblk0"}
    assert (disks["sda"].size_bytes, disks["sda"].transport, disks["sda"].removable) == (500107862016, "sata", False)
    assert (disks["sdb"].transport, disks["sdb"].removable) == ("usb", True)
    assert (disks["mmcblk0"].kind, disks["mmcblk0"].model) == ("emmc", None)


def test_screen_and_cards() -> None:
    facts = findings_of(TEXT).facts
    (screen,) = facts["displays"]
    assert (screen.maker, screen.product_code, screen.width_px, screen.height_px) == ("LGD", 0x32C, 1920, 1080)
    assert (screen.width_mm, screen.made_year, screen.made_week) == (344, 2011, None)
    assert [(gpu.vendor_id, gpu.device_id, gpu.driver) for gpu in facts["gpus"]] == [("8086", "0166", "i915")]
    assert [(net.kind, net.has_driver) for net in facts["networks"]] == [("wifi", False)]
    assert "02:00:00" not in repr(facts)


def test_without_root_there_is_no_table_and_no_claim() -> None:
    text = TEXT[TEXT.index("12: None") :]
    text = text[: text.index("43: SCSI")]
    found = findings_of(text)
    assert "system" not in found.facts and "firmware" not in found.facts and "disks" not in found.facts
    assert found.facts["memory"].fitted_bytes is None
    assert [gap.path for gap in found.gaps] == ["disks"]


@pytest.mark.parametrize(
    ("text", "size"),
    [("3 GB + 256 MB", 3584 - 256 << 20), ("8 GB", 8 << 30), ("512 kB", 512 << 10), ("No Memory Installed", 0),
     ("Unknown", None), ("", None)],
)  # fmt: skip
def test_sizes(text: str, size: int | None) -> None:
    assert size_in(text) == size


def test_names_may_hold_quotes() -> None:
    assert quoted('pci 0xa801 "SM963 2.5" NVMe PCIe SSD"') == 'SM963 2.5" NVMe PCIe SSD'
    assert exact_size_in("465 GB (500107862016 bytes)") == 500107862016


@pytest.mark.parametrize("hostile", ["", "01: ", "\n" * 1000, "  Hardware Class: disk\n", "x" * (1 << 20),
                                     "01: a\n  Hardware Class: cpu\n  Features: " + "f," * 100_000])  # fmt: skip
def test_hostile_input(hostile: str) -> None:
    found = findings_of(hostile)
    assert found.gaps
    assert len(repr(found.facts)) < 2_000


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)), st.text(max_size=20))
def test_never_raises_when_cut_or_spoilt(begin: int, end: int, noise: str) -> None:
    findings_of(TEXT[:begin] + noise + TEXT[end:])


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
def test_agrees_with_dmidecode_and_smartctl() -> None:
    answer = oracle.agreement(CORPUS)
    assert answer.fields > 130
    assert answer.permille >= 990, answer.residues
