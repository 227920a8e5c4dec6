"""What other programs captured opens as one PC, or says plainly why it does not."""

import gc
import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import CaptureError
from agent.foreign import open_foreign
from agent.foreign.layouts import FILES_MOST
from agent.foreign.recognise import kind_of
from agent.foreign.recorded import Gathering, Recorded
from agent.host import Host, Output
from agent.probes import ereuse, facter, hwinfo, inxi, lshw, smbios, unread
from tests.conftest import CORPUS, corpus_files

DMI = """# dmidecode 3.3
Getting SMBIOS data from sysfs.
SMBIOS 2.7 present.

Handle 0x0001, DMI type 1, 27 bytes
System Information
\tManufacturer: Dell Inc.
\tProduct Name: Latitude E5530
\tUUID: 4c4c4544-0038-4610-8054-c4c04f303031
"""
SMART = """smartctl 7.2 2020-12-30 r5155 [x86_64-linux-5.10.0] (local build)
Copyright (C) 2002-20, Bruce Allen, Christian Franke, www.smartmontools.org

=== START OF INFORMATION SECTION ===
Device Model:     ACME {0}
Serial Number:    {0}
"""
LSHW = '{"id": "pc", "class": "system", "product": "Latitude", "vendor": "Dell Inc.", "children": []}'

SNIPPETS = {
    "dmidecode": DMI,
    "decode-dimms": "# decode-dimms version $Revision$\n\nMemory Serial Presence Detect Decoder\n",
    "smartctl": SMART.format("A1"),
    "smartctl-scan": "/dev/sda -d sat # /dev/sda [SAT], ATA device\n",
    "lscpu": "Architecture:        x86_64\nCPU op-mode(s):      32-bit, 64-bit\nCPU(s):              4\n",
    "cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\n",
    "cpuid": "CPUID 00000000: 0000000D-68747541-444D4163-69746E65 [AuthenticAMD]\n",
    "edid": "edid-decode (hex):\n\n00 ff ff ff ff ff ff 00 04 89\n",
    "xrandr": "Screen 0: minimum 320 x 200, current 1920 x 1080, maximum 8192 x 8192\n",
    "lspci": "00:00.0 Host bridge: Intel Corporation 4th Gen Core DRAM Controller (rev 06)\n",
    "pciconf": "hostb0@pci0:0:0:0:\tclass=0x060000 card=0x20081297 chip=0xa0008086 rev=0x00 hdr=0x00\n",
    "lsusb": "Bus 001 Device 002: ID 8087:0024 Intel Corp. Hub\n",
    "upower": "Device: /org/freedesktop/UPower/devices/battery_BAT0\n  native-path:          BAT0\n",
    "acpi": "Battery 0: Full, 100%\n",
    "acpiconf": "Design capacity:        7236 mAh\nLast full capacity:     6880 mAh\n",
    "tlp-stat": "--- TLP 1.2.1 ---------------------\n\n+++ Configured Settings: /etc/default/tlp\n",
    "uevent": "POWER_SUPPLY_NAME=BAT0\nPOWER_SUPPLY_STATUS=Full\n",
    "lshw": LSHW,
    "hwinfo": "01: None 00.0: 10105 BIOS\n  [Created at bios.186]\n  Unique ID: rdCR.lZF\n  Hardware Class: bios\n",
    "inxi": '[{"000#1#0#Machine":[{"000#0#1#Type":"Laptop"}]}]',
    "lsblk": "NAME   MAJ:MIN RM  SIZE RO TYPE MOUNTPOINT\nsda      8:0    0 465G  0 disk\n",
    "hdparm": "\n/dev/sda:\n\nATA device, with non-removable media\n\tModel Number:       ACME\n",
    "nvme": '{"Devices" : [{"DevicePath" : "/dev/nvme0n1"}]}',
    "facter": '{"version": 1, "system": "x86_64-linux", "hardware": {}, "smbios": {}}',
    "glxinfo": "name of display: :0\n",
    "dmesg": "[    0.000000] Linux version 5.10.0\n",
    "sensors": "coretemp-isa-0000\nAdapter: ISA adapter\nCore 0:       +42.0°C  (high = +80.0°C)\n",
    "ereuse": '{"type": "Snapshot", "uuid": "x", "data": {"dmidecode": ""}}',
    "meminfo": "MemTotal:        8052748 kB\nMemFree: 1 kB\n",
    "dmi-sysfs": "/sys/class/dmi/id/bios_vendor:Acme\n/sys/class/dmi/id/sys_vendor:Acme\n",
    "glpi-dump": "$SYSTEM = {\n  'sys' => {}\n};\n",
    "biosdecode": "# biosdecode 2.12\nSMBIOS 2.4 present.\n",
    "udevadm": "P: /devices/LNXSYSTM:00\nE: DEVPATH=/devices/LNXSYSTM:00\n",
    "umockdev": "P: /devices/pci0000:00\nE: SUBSYSTEM=pci\nA: class=0x060000\n",
    "lshw-short": "H/W path     Device     Class      Description\n=====\n",
}


@pytest.mark.parametrize("kind", SNIPPETS)
def test_content_tells_the_kind(kind: str) -> None:
    text = SNIPPETS[kind]
    assert kind_of("whatever.txt", text.encode()) == kind
    assert kind_of("whatever", b"\xef\xbb\xbf" + text.encode() if kind == "none" else text.encode()) == kind


@pytest.mark.parametrize("kind", [k for k, text in SNIPPETS.items() if text[0] not in "{["])
def test_colours_and_windows_newlines_do_not_hide_the_kind(kind: str) -> None:
    text = SNIPPETS[kind].replace("\n", "\r\n")
    assert kind_of("x", f"\x1b[1;34m\x1b[0m{text}".encode()) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lscpu.txt", "lscpu"), ("5.0.7__dmidecode", "dmidecode"), ("smartctl__sda.json", "smartctl"),
        ("e5530.battery.ini", "uevent"), ("baseboard.txt", "dmidecode"), ("dimms.txt", "decode-dimms"),
        ("82945G__lspci.txt", "lspci"), ("README.md", None), ("gpu_location.txt", None), ("net.txt", None),
    ],
)  # fmt: skip
def test_name_tells_the_kind_when_content_does_not(name: str, kind: str | None) -> None:
    assert kind_of(name, b"") == kind


def test_binary_kinds() -> None:
    assert kind_of("card0", bytes.fromhex("00ffffffffffff00") + bytes(120)) == "edid"
    structure = bytes((0, 24, 1, 0)) + bytes(20) + b"Acme\0\0"
    table = structure + bytes((1, 27, 2, 0)) + bytes(23) + b"\0\0" + bytes((2, 8, 3, 0)) + bytes(4) + b"\0\0"
    assert kind_of("anything.bin", table) == "dmi-dump"
    assert kind_of("lscpu", b"\x7fELF\0\0\0") is None
    assert kind_of("noise.bin", structure) is None  # one lucky structure is no table


# --- layouts ----------------------------------------------------------------------------------------------------------


def folder(at: Path, **files: str) -> Path:
    for name, text in files.items():
        place = at / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return at


def opened(path: Path) -> Host:
    host = open_foreign(path)
    assert host is not None
    return host


def test_hw_probe_folder(tmp_path: Path) -> None:
    """Logs two folders down, no extensions, several disks in one smartctl log, files of no interest beside."""
    smart = f"/dev/sda\n{SMART.format('A1')}\n\n/dev/sdb\n{SMART.format('B2')}\n"
    folder(tmp_path, logs__dmidecode=DMI, logs__smartctl=smart, logs__lspci=SNIPPETS["lspci"], devices="x", host="y")
    host = opened(tmp_path)
    assert [output.argv[:2] for output in host.outputs("smartctl")] == [
        ("smartctl", "/dev/sda"), ("smartctl", "/dev/sdb"),
    ]  # fmt: skip
    assert "B2" in host.outputs("smartctl")[1].text and "A1" not in host.outputs("smartctl")[1].text
    assert smbios.load(host)[0].systems[0].product == "Latitude E5530"


def test_peracotta_fragments_are_one_table(tmp_path: Path) -> None:
    board = DMI.replace("0x0001, DMI type 1", "0x0002, DMI type 2").replace(
        "System Information", "Base Board Information"
    )
    host = opened(folder(tmp_path, **{"baseboard.txt": board, "chassis.txt": DMI, "net.txt": "", "dmesg.txt": ""}))
    (output,) = host.outputs("dmidecode")
    assert "0x0001" in output.text and "0x0002" in output.text


def test_loose_file_is_a_pc_with_one_section(tmp_path: Path) -> None:
    path = folder(tmp_path, lscpu=SNIPPETS["lscpu"]) / "lscpu"
    host = opened(path)
    assert host.outputs("lscpu")[0].text == SNIPPETS["lscpu"]
    assert host.run("lscpu").status == 0
    assert host.run("dmidecode").why == "absent"


def test_files_of_the_pc_are_laid_out(tmp_path: Path) -> None:
    host = opened(
        folder(
            tmp_path,
            cpuinfo=SNIPPETS["cpuinfo"],
            meminfo=SNIPPETS["meminfo"],
            machine=SNIPPETS["dmi-sysfs"] + "/sys/class/dmi/id/../../../../etc/passwd:no\n",
        )
    )
    assert host.text("/proc/cpuinfo") == SNIPPETS["cpuinfo"].rstrip("\n")
    assert (host.text("/proc/meminfo") or "").startswith("MemTotal")
    assert host.text("/sys/class/dmi/id/bios_vendor") == "Acme"
    assert host.names("/") == ("proc", "sys")


def test_dmi_dump_is_read_as_a_table(tmp_path: Path) -> None:
    structure = bytes((0, 24, 1, 0)) + bytes((1, 0, 0, 0)) + bytes(16) + b"Acme\0\0"
    table = structure + bytes((1, 27, 2, 0)) + bytes((1,)) + bytes(22) + b"Maker\0\0" + bytes((127, 4, 3, 0)) + b"\0\0"
    (tmp_path / "table.bin").write_bytes(table)
    assert smbios.load(opened(tmp_path / "table.bin"))[0].systems[0].maker == "Maker"


def test_glpi_dump(tmp_path: Path) -> None:
    text = (
        "$SYSTEM = {\n 'hdparm' => 'hdparm v9.54\n',\n 'smartctl-sda' => '" + SMART.format("IT\\'S") + "',\n"
        " 'sys' => { 'block' => { 'sda' => { 'size' => '1000\n', 'device' => { 'model' => 'ACME\n',\n"
        "   'subsystem' => [ 'link', '../../../../bus/scsi' ], 'up' => [ 'link', '../../../../../../etc' ] } },\n"
        "   'loop0' => {} } },\n 'udisksctl' => 1\n};\n"
    )
    host = opened(folder(tmp_path, **{"pc.dump": text}) / "pc.dump")
    assert host.text("/sys/block/sda/device/model") == "ACME"
    assert host.link("/sys/block/sda/device/up") is None  # it led out of the capture
    assert "IT'S" in host.outputs("smartctl")[0].text


def test_unknown_folder_and_file_are_none(tmp_path: Path) -> None:
    assert open_foreign(tmp_path) is None
    path = folder(tmp_path, notes="buy milk") / "notes"
    assert open_foreign(tmp_path) is None
    assert open_foreign(path) is None


def test_known_but_unread_is_said(tmp_path: Path) -> None:
    path = folder(tmp_path, udev=SNIPPETS["udevadm"])
    with pytest.raises(CaptureError, match="of no use alone"):
        open_foreign(path)
    folder(tmp_path, lscpu=SNIPPETS["lscpu"])
    (gap,) = unread.probe(opened(path)).gaps
    assert gap.source == "udevadm udev"


@pytest.mark.parametrize(
    "files",
    [
        {"a": DMI, "b": DMI.replace("4c4c4544", "5d5d5555")},
        {"a": SNIPPETS["ereuse"], "b": SNIPPETS["ereuse"].replace('"x"', '"y"')},
        {"a": SNIPPETS["facter"], "b": SNIPPETS["facter"].replace("1", "2")},
    ],
    ids=["dmidecode", "ereuse", "facter"],
)
def test_two_pcs_in_one_folder_are_refused(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(CaptureError) as refused:
        open_foreign(folder(tmp_path, **files))
    assert "un dossier par PC" in refused.value.fr


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for number in range(FILES_MOST + 1):
        (tmp_path / str(number)).touch()
    with pytest.raises(CaptureError, match="too large"):
        open_foreign(tmp_path)


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = folder(tmp_path / "outside", lscpu=SNIPPETS["lscpu"])
    inside = folder(tmp_path / "inside", notes="x")
    (inside / "lscpu").symlink_to(outside / "lscpu")
    (inside / "more").symlink_to(outside)
    assert open_foreign(inside) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "absent"),
        ("bash: dmidecode: command not found\n", "tool-missing"),
        ("/dev/mem: Permission denied\n", "refused"),
    ],
)
def test_a_failed_program_is_no_answer(tmp_path: Path, text: str, why: str) -> None:
    host = opened(folder(tmp_path, lscpu=SNIPPETS["lscpu"], **{"lspci.txt": text}))
    (output,) = host.outputs("lspci")
    assert (output.why, output.stdout) == (why, b"")


def test_the_temporary_root_goes_with_the_host(tmp_path: Path) -> None:
    host = opened(folder(tmp_path, cpuinfo=SNIPPETS["cpuinfo"]))
    root = host.root
    assert root.is_dir()
    del host
    gc.collect()
    assert not root.exists()


# --- answers ----------------------------------------------------------------------------------------------------------


def test_a_recorded_answer_answers_only_what_it_can() -> None:
    lsblk = Output(argv=("lsblk", "lsblk.txt"), status=0, stdout=b"NAME SIZE")
    smart = Output(argv=("smartctl", "a.json"), status=4, stdout=b'{"smartctl": {}}')
    runner = Recorded({"lsblk": (lsblk,), "smartctl": (smart,), "lspci": (lsblk, smart)})
    assert runner.run(("lsblk",), 1) is lsblk
    assert runner.run(("/usr/bin/lsblk", "-d"), 1) is lsblk
    assert runner.run(("lsblk", "--json"), 1).why == "absent"  # the recorded one is text
    assert runner.run(("smartctl", "--json=o", "-x", "/dev/sda"), 1).why == "absent"  # which disk, nobody knows
    assert runner.run(("smartctl", "--scan", "--json"), 1).why == "absent"
    assert runner.run(("lspci",), 1).why == "absent"  # two answers
    assert runner.outputs("lspci") == (lsblk, smart)


def test_nothing_is_laid_out_beyond_the_root(tmp_path: Path) -> None:
    gathering = Gathering()
    for path in ("/../../escaped", "/a/../../escaped", "", "/", "/x\0y", "/" + "n" * 300):
        gathering.file(path, b"x")
    gathering.link("/sys/out", "../../../../etc")
    gathering.link("/sys/abs", "/etc")
    gathering.file("/sys/fine", b"x")
    host = gathering.host()
    assert host.names("/") == ("sys",)
    assert host.names("/sys") == ("fine",)


# --- eReuse -----------------------------------------------------------------------------------------------------------

SMART_JSON = {"json_format_version": [1, 0], "smartctl": {"exit_status": 64}, "device": {"name": "/dev/sda"}}
SHAPES = {
    "script": {"type": "Snapshot", "data": {"smartctl": json.dumps([SMART_JSON]), "dmidecode": DMI, "inxi": "[]"}},
    "script-2022": {"type": "Snapshot", "data": {"smart": [SMART_JSON], "dmidecode": DMI, "lshw": json.loads(LSHW)}},
    "legacy": {"type": "Snapshot", "data": {"smart": [json.dumps(SMART_JSON)], "dmidecode": DMI, "lshw": LSHW}},
    "wb11": {
        "type": "Snapshot", "device": {"type": "Laptop"}, "components": [],
        "debug": {"lshw": json.loads(LSHW), "hwinfo": SNIPPETS["hwinfo"], "battery": SNIPPETS["uevent"]},
    },
}  # fmt: skip
SHAPES["envelope"] = {"type": "DeviceSnapshotV1", "save": False, "data": SHAPES["script"]}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_snapshot_shape_gives_its_raw_answers(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(json.dumps(SHAPES[shape]))
    for host in (opened(path), opened(tmp_path)):
        assert host.outputs("ereuse")
        if shape == "wb11":
            assert host.outputs("lshw") and host.outputs("hwinfo") and host.outputs("uevent")
            continue
        (smart,) = host.outputs("smartctl")
        assert (smart.argv[1], smart.status) == ("/dev/sda", 64)
        assert host.outputs("dmidecode")[0].text == DMI


def test_an_empty_answer_of_the_workbench_is_no_answer(tmp_path: Path) -> None:
    """workbench-script writes '[""]' when smartctl was missing."""
    path = tmp_path / "snapshot.json"
    path.write_text(json.dumps({"type": "Snapshot", "data": {"smartctl": '[""]', "dmidecode": DMI, "lspci": ""}}))
    host = opened(path)
    assert [output.stdout for output in host.outputs("smartctl")] == [b""]
    assert [output.why for output in host.outputs("lspci")] == ["absent"]


def test_digested_facts_are_a_last_source(tmp_path: Path) -> None:
    test = {"type": "TestDataStorage", "assessment": True, "lifetime": 8627, "reallocatedSectorCount": 3,
            "currentPendingSectorCount": 0, "commandTimeout": 4295032833, "status": "Completed without error",
            "remainingLifetimePercentage": 111669149697}  # fmt: skip
    snapshot = {
        "type": "Snapshot",
        "device": {"type": "Laptop", "manufacturer": "Acme", "model": "Book 1", "serialNumber": "SN-12345"},
        "components": [
            {"type": "Processor", "model": "Intel Core i5-4210U CPU", "cores": 2, "threads": 4, "address": 64},
            {"type": "RamModule", "size": 4096.0, "speed": 1600.0, "interface": "DDR3", "format": "SODIMM"},
            {"type": "Motherboard", "ramSlots": 2, "ramMaxSize": 16, "biosDate": "2014-06-17T00:00:00"},
            {"type": "HardDrive", "size": 500107.86201599997,
             "interface": "ATA", "serialNumber": "S1", "actions": [test]},
            {"type": "NetworkAdapter", "wireless": True, "serialNumber": "02:00:00:00:00:01"},
        ],
        "debug": {},
    }  # fmt: skip
    path = tmp_path / "old.json"
    path.write_text(json.dumps(snapshot))
    facts = ereuse.probe(opened(path)).facts
    (disk,) = facts["disks"]
    assert disk.size_bytes == 500_107_862_016
    assert (disk.health.is_passed, disk.health.hours, disk.health.reallocated_sectors) == (True, 8627, 3)
    assert disk.health.wear_permille is None and disk.health.command_timeouts is None
    assert (facts["memory"].fitted_bytes, facts["memory"].slots_free) == (4 << 30, 1)
    assert facts["firmware"].released_on == "2014-06-17"
    assert facts["system"].chassis == "laptop"
    assert "02:00:00" not in repr(facts)


# --- hostile and real -------------------------------------------------------------------------------------------------

PROBES = (lshw.probe, hwinfo.probe, inxi.probe, facter.probe, ereuse.probe, unread.probe)


def read_all(path: Path) -> dict[str, object]:
    """Open and read with every last-source probe; a refusal is an answer too."""
    try:
        host = open_foreign(path)
    except CaptureError as error:
        assert error.fr and error.en
        return {}
    facts: dict[str, object] = {}
    if host is not None:
        smbios.load(host)
        for probe in PROBES:
            facts |= probe(host).facts
    return facts


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\0", b"[" * 200_000, b'{"a":' * 50_000, b'{"type":"Snapshot","data":{"lshw":' + b"[" * 100_000,
        b'{"type":"Snapshot","data":{"dmidecode":"' + b"x" * (1 << 20) + b'"}}', b"\xff\xfe" * 999,
        b"$SYSTEM = {" * 500,
        b"$SYSTEM = { 'sys' => [[[[", b"Handle 0x0001, DMI type 17, 40 bytes\n\t" + b"S" * (1 << 20),
        b'{"smartctl": 5, "device": 3}', b'[{"smartctl": {"exit_status": "x"}, "device": {"name": 5}}]',
        b'{"hardware": [], "smbios": 3}',
        b'{"hardware": {"cpu": 3, "disk": [5, {"resources": 9}]}, "smbios": {"system": 1}}',
        b'{"type":"Snapshot","device":3,"components":[1,{"type":[]},{"type":"HardDrive","size":1e999,"actions":{}}]}',
        b'[{"000#1#0#CPU":[{"001#0#2#model":[]}, 5], "x": 1}]',
    ],
    ids=range(16),
)  # fmt: skip
def test_hostile_files(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "file.txt").write_bytes(raw)
    assert len(repr(read_all(tmp_path / "file.txt"))) < 50_000
    read_all(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["\n" * 65_000, "<!-- --> " * 7_000, "x connected 1x1" + "1" * 60_000, "Architecture: x\n" + "CPU" * 20_000,
     "processor : 0\n" * 5_000, "CPU: x\n" * 9_000, "/dev/sd" + " " * 300_000 + "x\nsmartctl 7.2\nsmartctl 7.2\n",
     "$SYSTEM = {'a' => '" + "\\'" * 500_000, '{"class": "a", "id": "b", "x": "' + "\\" * 1_000_001],
    ids=range(9),
)  # fmt: skip
def test_no_text_takes_long(tmp_path: Path, text: str) -> None:
    """Each of these once took minutes: a pattern that tried every place of the text against every other."""
    begun = time.monotonic()
    (tmp_path / "file").write_text(text)
    read_all(tmp_path / "file")
    assert time.monotonic() - begun < 5


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(SNIPPETS)), noise=st.binary(max_size=200), cut=st.floats(0, 1))
def test_any_bytes_open_or_are_refused(tmp_path: Path, kind: str, noise: bytes, cut: float) -> None:
    raw = SNIPPETS[kind].encode()
    (tmp_path / "file").write_bytes(raw[: int(len(raw) * cut)] + noise + raw)
    read_all(tmp_path / "file")


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
@pytest.mark.parametrize(
    ("folder_name", "kinds"),
    [
        ("dmi-text", {"dmidecode"}), ("restricted/dmi-text", {"dmidecode"}), ("edid-bin", {"edid"}),
        ("edid-text", {"edid"}), ("lscpu-text", {"lscpu"}), ("smart-json", {"smartctl", "smartctl-scan"}),
        ("smart-text", {"smartctl"}), ("xrandr", {"xrandr"}), ("restricted/dmi-sysfs", {"dmi-sysfs"}),
        ("restricted/udevadm", {"udevadm", "umockdev", "lsblk"}), ("restricted/umockdev", {"umockdev"}),
        ("lshw-xml-text", {"lshw"}), ("restricted/inxi-text", {"inxi"}), ("nvme-json", {"nvme"}), ("lsblk", {"lsblk"}),
        ("spd-decode-dimms", {"decode-dimms"}), ("restricted/hdparm", {"hdparm"}), ("cpuinfo", {"cpuinfo"}),
        ("restricted/cpuinfo", {"cpuinfo"}), ("battery", {"acpi", "upower"}), ("lspci", {"lspci", "glxinfo"}),
    ],
)  # fmt: skip
def test_corpus_files_are_recognised(folder_name: str, kinds: set[str]) -> None:
    """By content alone: the names are taken away."""
    wrong = [
        path.name
        for path in (CORPUS / folder_name).iterdir()
        if path.is_file() and kind_of("", path.read_bytes()) not in kinds
    ]
    assert not wrong


def machine_folders() -> list[Path]:
    return sorted({path.parent for path in corpus_files("whole-machines")})


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
def test_every_machine_of_the_corpus_opens() -> None:
    folders = machine_folders()
    assert len(folders) > 270
    closed = [path.name for path in folders if open_foreign(path) is None]
    assert not closed


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
def test_last_sources_tell_all_they_hold() -> None:
    """Every lshw, hwinfo, inxi and facter of the corpus names the PC, its processor and its memory."""
    poor = []
    for path in machine_folders():
        host = opened(path)
        for program, probe in (("lshw", lshw.probe), ("hwinfo", hwinfo.probe), ("facter", facter.probe)):
            if any(output.stdout for output in host.outputs(program)):
                facts = probe(host).facts
                # Two hwinfo of 2018 ran without root, and three VirtualBoxes have no memory modules.
                wanted = {"cpu", "gpus", "networks"} | ({"system"} if program != "hwinfo" else set())
                if not wanted <= set(facts):
                    poor.append(f"{path.name}: {program}: {sorted(wanted - set(facts))}")
    assert not poor


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), cut=st.floats(0, 1), noise=st.binary(max_size=8))
def test_real_files_cut_anywhere(tmp_path: Path, data: st.DataObject, cut: float, noise: bytes) -> None:
    files = [path for path in corpus_files("whole-machines") if path.stat().st_size < 200_000]
    raw = data.draw(st.sampled_from(files)).read_bytes()
    place = int(len(raw) * cut)
    (tmp_path / "file.json").write_bytes(raw[:place] + noise)
    read_all(tmp_path / "file.json")
