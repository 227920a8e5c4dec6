"""inxi's JSON and text: the same words in two shapes; colours, filters and wrapped lines."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.foreign.recorded import Recorded
from agent.host import Host, Output
from agent.probes import Findings, inxi
from agent.probes.inxi_text import parse_inxi
from tests.conftest import CORPUS, over_corpus
from tests.oracles import inxi as oracle

TEXT = """System:    Host: secret-name Kernel: 5.3.0-3-amd64 x86_64 bits: 64
Machine:   Type: Laptop System: HP product: Pavilion 15 v: N/A serial: <root required>
           Mobo: HP model: 86D5 v: 96.31 serial: <filter> UEFI: AMI v: F.05
           date: 11/06/2019
Battery:   ID-1: BAT0 charge: 26.2 Wh condition: 45.5/57.0 Wh (80%) volts: 11.6 min: 11.6
           model: LGC 01AV429 type: Li-poly serial: 1073 status: Discharging cycles: 738
           ID-2: BAT1 charge: 10 Wh condition: 20/24 Wh (83%)
CPU:       Topology: Quad Core model: AMD Ryzen 7 3750H with Radeon Vega bits: 64 type: MT MCP
           flags: lm nx pae sse sse2
Graphics:  Device-1: NVIDIA TU117M driver: nouveau v: kernel bus ID: 01:00.0 chip ID: 10de:1f91
           Device-2: Acme HD Camera type: USB driver: uvcvideo bus ID: 1-3:2
           Display: x11 server: X.Org 1.20.4 driver: modesetting
           Monitor-1: eDP-1 model: AU Optronics 0x313d built: 2016 res: 1280x720
           size: 309x174mm (12.17x6.85") modes: 1920x1080, 1280x720
Audio:     Device-1: Intel HD Audio driver: snd_hda_intel bus ID: 00:1f.3
           Sound Server: ALSA v: k5.3
Network:   Device-1: Realtek RTL8822CE 802.11ac Wireless driver: rtw_pci
           IF: wlo1 state: up mac: 02:00:00:00:00:01
           Device-2: Realtek RTL8111 Gigabit Ethernet driver: N/A
           IF: eno1 state: down mac: 02:00:00:00:00:02
Drives:    Local Storage: total: 476.94 GiB used: 257.87 GiB (54.1%)
           ID-1: /dev/nvme0n1 vendor: Intel model: SSDPEKNW512G8H size: 476.94 GiB serial: <filter>
           ID-2: /dev/sda type: USB vendor: Acme model: Stick size: 7.5 GiB
           ID-3: /dev/sdb vendor: Seagate model: ST500 size: 465.76 GiB sata: 3.0 type: HDD
           SMART: yes health: PASSED on: 2y 7d 14h cycles: 7006
           Optical-1: /dev/sr0 vendor: HL model: DVD
Partition: ID-1: /home/someone size: 29.40 GiB
Memory:    RAM: total: 15.53 GiB used: 13.5 GiB (86.9%)
           Array-1: capacity: 16 GiB slots: 2 EC: None
           Device-1: DIMM A type: DDR4 size: 8 GiB speed: 2666 MT/s manufacturer: Kingston part-no: P1
           Device-2: DIMM B size: No Module Installed
Info:      Processes: 238 Shell: bash inxi: 3.0.32
"""


def as_json(text: str) -> str:
    """The same pairs as inxi writes them: numbered keys, rows in any order of keys."""
    sections = []
    for number, (name, pairs) in enumerate(parse_inxi(text).items()):
        row = {f"{place:03}#0#1#{key}": value for place, (key, value) in enumerate(pairs)}
        sections.append({f"{number:03}#1#0#{name}": [dict(sorted(row.items(), key=lambda pair: pair[0][::-1]))]})
    return json.dumps(sections)


def findings_of(text: str) -> Findings:
    answer = Output(argv=("inxi", "inxi.txt"), status=0, stdout=text.encode())
    return inxi.probe(Host(Path("/nonexistent"), Recorded({"inxi": (answer,)})))


COLOURED = "\n".join(f"\x1b[1;34m{line[:10]}\x1b[0;37m {line[10:]}\x1b[0m" for line in TEXT.splitlines())


@pytest.mark.parametrize("form", [TEXT, as_json(TEXT), COLOURED], ids=["text", "json", "coloured"])
def test_every_form_tells_the_same(form: str) -> None:
    assert findings_of(form).facts == findings_of(TEXT).facts


def test_facts() -> None:
    facts = findings_of(TEXT).facts
    system, firmware, memory = facts["system"], facts["firmware"], facts["memory"]
    assert (system.maker, system.product, system.serial, system.chassis_declared) == (
        "HP",
        "Pavilion 15",
        None,
        "Laptop",
    )
    assert (firmware.released_on, firmware.mode, firmware.is_uefi_capable) == ("2019-11-06", "uefi", True)
    assert (memory.fitted_bytes, memory.slots_total, memory.slots_free) == (8 << 30, 2, 1)
    assert facts["cpu"].is_64_bit is True and facts["cpu"].flags is None  # the text's list of flags is a selection
    assert [(gpu.vendor_id, gpu.driver) for gpu in facts["gpus"]] == [("10de", "nouveau")]
    assert [camera.driver for camera in facts["cameras"]] == ["uvcvideo"]
    (screen,) = facts["displays"]
    assert (screen.width_px, screen.height_px, screen.is_internal) == (1920, 1080, True)  # not the mode in use
    assert [(net.kind, net.has_driver, net.has_link) for net in facts["networks"]] == [
        ("wifi", True, True), ("wired", False, False),
    ]  # fmt: skip


def test_every_battery() -> None:
    one, two = findings_of(TEXT).facts["batteries"]
    assert (one.design_mwh, one.full_mwh, one.now_mwh, one.cycles) == (57000, 45500, 26200, 738)
    assert one.health_permille == 798
    assert (two.name, two.design_mwh, two.full_mwh) == ("BAT1", 24000, 20000)


def test_disks() -> None:
    disks = {disk.name: disk for disk in findings_of(TEXT).facts["disks"]}
    assert set(disks) == {"nvme0n1", "sda", "sdb"}
    assert (disks["nvme0n1"].kind, disks["nvme0n1"].serial) == ("nvme", None)
    assert disks["sda"].removable is True
    health = disks["sdb"].health
    assert (health.is_passed, health.hours, health.power_cycles) == (True, (2 * 365 + 7) * 24 + 14, 7006)


def test_names_of_people_and_addresses_are_not_read() -> None:
    told = repr(findings_of(TEXT))
    for secret in ("secret-name", "someone", "02:00:00"):
        assert secret not in told


@pytest.mark.parametrize(
    ("key", "mode", "is_capable"),
    [("UEFI", "uefi", True), ("UEFI-[Legacy]", "bios", True), ("UEFI [Legacy]", "bios", True), ("BIOS", "bios", None),
     ("Bios", "bios", None)],
)  # fmt: skip
def test_how_this_boot_was_done(key: str, mode: str, is_capable: bool | None) -> None:
    firmware = findings_of(TEXT.replace("UEFI:", f"{key}:")).facts["firmware"]
    assert (firmware.mode, firmware.is_uefi_capable, firmware.released_on) == (mode, is_capable, "2019-11-06")


@pytest.mark.parametrize("hostile", ["", "[", "[{}]", '[{"000#1#0#CPU": 3}]', "CPU: " + "a: " * 100_000, "[" * 100_000,
                                     '[{"000#1#0#Drives":[{"x#0":1}]}]'])  # fmt: skip
def test_hostile_input(hostile: str) -> None:
    assert len(repr(findings_of(hostile).facts)) < 2_000


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([TEXT, as_json(TEXT)]), st.floats(0, 1), st.text(max_size=20))
def test_never_raises_when_cut_or_spoilt(form: str, where: float, noise: str) -> None:
    place = int(len(form) * where)
    findings_of(form[:place] + noise)
    findings_of(form[:place] + noise + form[place + 5 :])


@over_corpus("inxi-text")
def test_corpus_files(path: Path) -> None:
    facts = findings_of(path.read_text("utf-8", "replace")).facts
    assert {"firmware", "cpu", "disks", "gpus", "networks"} <= set(facts)
    assert facts["system"].board_maker and facts["cpu"].model_name and facts["cpu"].is_64_bit


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
def test_agrees_with_dmidecode_and_smartctl() -> None:
    answer = oracle.agreement(CORPUS)
    assert answer.fields > 40
    assert answer.permille == 1000, answer.residues
