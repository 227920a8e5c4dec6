"""PCI devices from /sys and from every lspci and pciconf text of the corpus; their names; graphics."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Gpu
from agent.host import Host
from agent.probes import gpus, pci
from agent.probes.id_names import IdNames
from agent.probes.pci_text import PciDevice, parse_lspci, parse_pciconf, split_name
from tests.conftest import CORPUS
from tests.oracles import pci as oracle
from tests.probes.standin import pc

_FILES = oracle.files(CORPUS)
_SYS = "/sys/bus/pci/devices"

IDS = """\
# a comment
1022  Advanced Micro Devices, Inc. [AMD]
\t1234  Wrong one
8086  Intel Corporation
\t0166  3rd Gen Core processor Graphics Controller
\t\t17aa 5018  A subsystem of 0166
\t0167  Next model
8087  Intel Corp.
\t0a2a  Of another maker

C 03  Display controller
\t00  VGA compatible controller
"""
GRAPHICS = {
    f"{_SYS}/0000:00:02.0/uevent": "DRIVER=i915\nPCI_CLASS=30000\nPCI_ID=8086:0166\nPCI_SUBSYS_ID=17AA:5018\n",
    f"{_SYS}/0000:00:02.0/driver": "-> /sys/bus/pci/drivers/i915",
    f"{_SYS}/0000:01:00.0/vendor": "0x10de\n",  # a capture that kept only single files
    f"{_SYS}/0000:01:00.0/device": "0x0fe4\n",
    f"{_SYS}/0000:01:00.0/class": "0x030200\n",
}


def test_sysfs_by_uevent_and_by_single_files(tmp_path: Path) -> None:
    host = pc(tmp_path / "pc", GRAPHICS | {"/usr/share/misc/pci.ids": IDS})
    findings = gpus.probe(host)
    assert findings.facts["gpus"] == (
        Gpu(
            address="0000:00:02.0", vendor_id="8086", device_id="0166", vendor="Intel Corporation",
            model="3rd Gen Core processor Graphics Controller", driver="i915",
        ),
        Gpu(address="0000:01:00.0", vendor_id="10de", device_id="0fe4"),
    )  # fmt: skip
    assert findings.gaps == []


def test_without_a_list_of_names_the_numbers_stay(tmp_path: Path) -> None:
    findings = gpus.probe(pc(tmp_path / "pc", GRAPHICS))
    assert [(gpu.device_id, gpu.model) for gpu in findings.facts["gpus"]] == [("0166", None), ("0fe4", None)]
    assert [(gap.path, gap.why) for gap in findings.gaps] == [("gpus", "absent")]


def test_nothing_tells_is_not_none_there(tmp_path: Path) -> None:
    assert "gpus" not in gpus.probe(pc(tmp_path / "unseen", lspci="")).facts
    assert gpus.probe(pc(tmp_path / "no-pci", {_SYS: "/"})).facts["gpus"] == ()


@pytest.mark.parametrize(
    ("vendor_id", "device_id", "names"),
    [
        ("8086", "0166", ("Intel Corporation", "3rd Gen Core processor Graphics Controller")),
        ("8086", "0167", ("Intel Corporation", "Next model")),
        ("8086", "17aa", ("Intel Corporation", None)),  # a subsystem is no device
        ("8086", "1234", ("Intel Corporation", None)),  # another maker's
        ("8086", "0a2a", ("Intel Corporation", None)),
        ("8087", "0a2a", ("Intel Corp.", "Of another maker")),
        ("ffff", "0000", (None, None)),
        ("", "", (None, None)),
        ("C 03", "00", (None, None)),
    ],
)
def test_names(vendor_id: str, device_id: str, names: tuple[str | None, str | None]) -> None:
    known = IdNames(IDS.encode())
    assert (known.vendor(vendor_id), known.device(vendor_id, device_id)) == names


def test_trimmed_names_are_the_same_names() -> None:
    pairs = [("8086", "0166"), ("8087", "0a2a"), ("ffff", "0000"), ("8086", "ffff")]
    small = IdNames(IdNames(IDS.encode()).trimmed(pairs))
    for vendor_id, device_id in pairs:
        full = IdNames(IDS.encode())
        assert small.vendor(vendor_id) == full.vendor(vendor_id)
        assert small.device(vendor_id, device_id) == full.device(vendor_id, device_id)
    assert small.device("8086", "0167") is None


CARD = PciDevice(
    address="00:1f.2", class_code="0106", vendor_id="8086", device_id="1e03", vendor="Intel Corporation",
    model="7 Series SATA Controller [AHCI mode]", driver="ahci", is_bound=True,
)  # fmt: skip
LAYOUTS = {
    "-nnk": "00:1f.2 SATA controller [0106]: Intel Corporation 7 Series SATA Controller [AHCI mode] [8086:1e03] "
    "(rev 04) (prog-if 01 [AHCI 1.0])\n\tSubsystem: Lenovo Device [17aa:21f3]\n\tKernel driver in use: ahci\n",
    "-vk": "00:1f.2 SATA controller: Intel Corporation 7 Series SATA Controller [AHCI mode] (rev 04)\n"
    "\tKernel driver in use: ahci\n\tKernel modules: ahci\n",
    "-n": "00:1f.2 0106: 8086:1e03 (rev 04)\n",
    "plain": "00:1f.2 SATA controller: Intel Corporation 7 Series SATA Controller [AHCI mode] (rev 04)\n",
    "-mm": '00:1f.2 "SATA controller" "Intel Corporation" "7 Series SATA Controller [AHCI mode]" -r04 -p01 "" ""\n',
    "-mmnn": '00:1f.2 "SATA controller [0106]" "Intel Corporation [8086]" "7 Series SATA Controller [AHCI mode] [1e03]"'
    ' -r04 "Lenovo [17aa]" "Device [21f3]"\n',
    "-vmmnnk": "Slot:\t00:1f.2\nClass:\tSATA controller [0106]\nVendor:\tIntel Corporation [8086]\n"
    "Device:\t7 Series SATA Controller [AHCI mode] [1e03]\nSVendor:\tLenovo [17aa]\nRev:\t04\nDriver:\tahci\n",
    "-vmmn": "Slot:\t00:1f.2\nClass:\t0106\nVendor:\t8086\nDevice:\t1e03\n",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_lspci_tells_the_same(layout: str) -> None:
    (device,) = parse_lspci(LAYOUTS[layout])
    for field in CARD.__struct_fields__:
        told = getattr(device, field)
        assert told is None or told == getattr(CARD, field), field
    assert device.class_code == "0106"
    assert device.is_bound is (True if layout.endswith("k") else None)
    if "n" in layout.replace("plain", ""):
        assert (device.vendor_id, device.device_id) == ("8086", "1e03")


def test_a_device_without_driver_among_others_with() -> None:
    text = (
        LAYOUTS["-vk"] + "\n03:00.0 Network controller: Intel Corporation Device 272b (rev 1a)\n\tFlags: fast devsel\n"
    )
    wifi = parse_lspci(text)[1]
    assert (wifi.is_bound, wifi.driver, wifi.model, wifi.device_id) == (False, None, None, "272b")
    # The domain is written by some versions and left out by others; VMD's has five digits.
    assert parse_lspci("10000:e1:00.0 " + LAYOUTS["plain"][8:])[0].address == "10000:e1:00.0"


def test_the_fullest_of_several_texts_is_taken(tmp_path: Path) -> None:
    texts = [LAYOUTS["plain"], LAYOUTS["-nnk"], LAYOUTS["-n"], ""]
    found, _, gaps = pci.devices(pc(tmp_path / "pc", lspci=texts))
    assert found == (CARD,)
    assert gaps == ()


def test_pciconf_old_new_and_glued() -> None:
    text = (
        "hostb0@pci0:0:0:0:\tclass=0x060000 card=0x82d31043 chip=0x2e208086 rev=0x03 hdr=0x00\n"
        "    vendor     = 'Intel Corporation'\n    device     = '4 Series Chipset DRAM Controller'\n"
        "    ecap 000b[160] = Vendor 0none1@pci0:3:0:1:\tclass=0x028000 rev=0x30 hdr=0x00 vendor=0x8086 device=0x4237 "
        "subvendor=0x8086 subdevice=0x1211\n    vendor     = 'Intel Corporation'\n"
    )
    bridge, wifi = parse_pciconf(text)
    assert (bridge.driver, bridge.vendor_id, bridge.device_id) == ("hostb", "8086", "2e20")
    assert (wifi.address, wifi.class_code, wifi.device_id, wifi.is_bound) == ("0000:03:00.1", "0280", "4237", False)


@pytest.mark.parametrize(
    ("text", "maker"),
    [
        ("Intel Corporation HD Graphics 520", "Intel Corporation"),
        ("Advanced Micro Devices, Inc. [AMD/ATI] Wrestler [Radeon HD 6320]", "Advanced Micro Devices, Inc. [AMD/ATI]"),
        ("Realtek Semiconductor Co., Ltd. RTL8111/8168", "Realtek Semiconductor Co., Ltd."),
        ("Broadcom Inc. and subsidiaries BCM43228", "Broadcom Inc. and subsidiaries"),
        ("Qualcomm Atheros AR9485 Wireless Network Adapter", "Qualcomm Atheros"),
        ("Silicon Integrated Systems [SiS] 191 Gigabit Ethernet", "Silicon Integrated Systems [SiS]"),
        ("Lenovo Device 21f3", "Lenovo"),
        ("Wholly Unknown Thing", None),
    ],
)
def test_where_a_makers_name_ends(text: str, maker: str | None) -> None:
    assert split_name(text)[0] == maker


@pytest.mark.skipif(not _FILES, reason="no corpus beside this checkout (../shared/corpus/lspci)")
def test_corpus_agrees_with_a_second_reading() -> None:
    agreement = oracle.agreement(CORPUS)
    assert agreement.files >= 190
    assert agreement.permille >= 995, agreement.residues[:20]


@settings(max_examples=80)
@given(
    lines=st.lists(st.sampled_from([line for text in LAYOUTS.values() for line in text.splitlines()])), noise=st.text()
)
def test_no_text_breaks_the_readers(lines: list[str], noise: str) -> None:
    text = "\n".join([*lines, noise])
    for device in (*parse_lspci(text), *parse_pciconf(text)):
        assert device.address


@pytest.mark.programs
def test_this_pc_agrees_with_its_own_lspci() -> None:
    host = Host()
    answer = host.run("lspci", "-Dnk")
    found, _, _ = pci.devices(host)
    if answer.status != 0 or not found:
        pytest.skip("no lspci or no PCI bus here")
    theirs = {device.address: device for device in parse_lspci(answer.text)}
    for device in found:
        other = theirs[device.address]
        assert (device.class_code, device.vendor_id, device.device_id, device.driver) == (
            other.class_code, other.vendor_id, other.device_id, other.driver,
        )  # fmt: skip
