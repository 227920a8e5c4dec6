"""The disks of made-up PCs: what the kernel lists, what each disk answers, what is missing and why."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent.facts import Disk
from agent.host import Host, NotCaptured, Output
from agent.probes import Findings, disk_health, disks
from agent.probes.ata_identify import facts_of, parse_identify
from agent.probes.boot_medium import boot_disks
from agent.probes.disk_union import identity_of
from agent.probes.emmc import parse_life_time, parse_pre_eol
from agent.probes.hdparm_text import parse_hdparm
from agent.probes.lsblk import parse_lsblk
from tests.conftest import over_corpus
from tests.probes.smart_printing import Drive, Row, as_json, as_text
from tests.probes.standin import pc

SATA = "/sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda"
USB = "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"
NVME = "/sys/devices/pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0/nvme0n1"
EMMC = "/sys/devices/pci0000:00/0000:00:1c.0/mmc_host/mmc0/mmc0:0001/block/mmcblk0"


def block(road: str, size: int, *, removable: int = 0, rotational: int = 0, **device: str) -> dict[str, str]:
    name = road.rpartition("/")[2]
    files = {
        f"/sys/block/{name}": f"-> {road}",
        f"{road}/size": f"{size // 512}\n",
        f"{road}/removable": f"{removable}\n",
        f"{road}/queue/rotational": f"{rotational}\n",
        f"{road}/queue/logical_block_size": "512\n",
        f"{road}/queue/physical_block_size": "4096\n",
        f"{road}/queue/discard_max_bytes": "0\n" if rotational else "2147450880\n",
    }
    return files | {f"{road}/device/{key}": f"{value}\n" for key, value in device.items()}


SDA = block(SATA, 500_107_862_016, rotational=1, vendor="ATA", model="ATLAS HDD 500", rev="FW01")
SDB = block(USB, 16_000_000_000, removable=1, rotational=1, vendor="Bridge", model="Box 3000")


class Smartctl:
    """A runner with an answer for some command lines; others are missing programs."""

    def __init__(self, answer: Callable[[tuple[str, ...]], Output | None], **loose: list[Output]) -> None:
        self.asked: list[tuple[str, ...]] = []
        self._answer = answer
        self._loose = loose

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        self.asked.append(argv)
        return self._answer(argv) or Output(argv=argv, why="tool-missing")

    def outputs(self, program: str) -> tuple[Output, ...]:
        return tuple(self._loose.get(program, []))


def host_of(
    root: Path, files: dict[str, str], answer: Callable[[tuple[str, ...]], Output | None]
) -> tuple[Host, Smartctl]:
    runner = Smartctl(answer)
    return Host(pc(root, files).root, runner), runner


def of_smartctl(text: str, status: int = 0) -> Callable[[tuple[str, ...]], Output | None]:
    return lambda argv: Output(argv=argv, status=status, stdout=text.encode()) if argv[0] == "smartctl" else None


def gaps(findings: Findings) -> set[tuple[str, str]]:
    return {(gap.path, gap.why) for gap in findings.gaps}


def test_one_run_feeds_both_readers(tmp_path: Path) -> None:
    drive = Drive(rows=(Row(id=5, name="Reallocated_Sector_Ct", raw="12"),))
    answer = as_json(drive, exit_status=4, output=as_text(drive, brief=False))
    host, runner = host_of(tmp_path, SDA, of_smartctl(answer))
    findings = disks.probe(host)
    disk = findings.facts["disks"][0]
    assert [argv for argv in runner.asked if argv[0] == "smartctl"] == [
        ("smartctl", "--json=o", "-x", "-f", "old", "/dev/sda")
    ]
    assert (disk.name, disk.serial, disk.size_bytes, disk.kind) == ("sda", "TEST0001", 500_107_862_016, "hdd")
    assert (disk.removable, disk.logical_sector_bytes, disk.physical_sector_bytes) == (False, 512, 4096)
    assert (disk.health.reallocated_sectors, disk.health.exit_bits) == (12, 4)
    assert disk.identity == identity_of(disk.serial, disk.wwn, disk.model, disk.size_bytes)
    assert findings.sources["disks[0].health"] == "smartctl --json=o -x -f old /dev/sda"
    assert not [gap for gap in findings.gaps if gap.why == "conflict"]


def test_pysmart_disagreeing_is_a_conflict(tmp_path: Path) -> None:
    ours, theirs = (Drive(rows=(Row(id=5, name="Reallocated_Sector_Ct", raw=raw),)) for raw in ("12", "13"))
    answer = as_json(ours, output=as_text(theirs, brief=False))
    host, _ = host_of(tmp_path, SDA, of_smartctl(answer))
    found = [gap for gap in disks.probe(host).gaps if gap.why == "conflict"]
    assert [(gap.path, gap.detail) for gap in found] == [("disks[0].health.attributes[0].raw", "ours: 12; pySMART: 13")]


def test_what_is_no_disk_is_left_out(tmp_path: Path) -> None:
    others: dict[str, str] = {}
    for name in ("loop0", "ram0", "zram0", "dm-0", "md127", "sr0", "fd0", "nbd0", "mmcblk0boot0", "nvme0c0n1"):
        others |= block(f"/sys/devices/virtual/block/{name}", 10**9)
    reader = block(USB.replace("sdb", "sdc"), 0, removable=1, model="SD/MMC Reader")
    host, _ = host_of(tmp_path, SDA | others | reader, lambda argv: None)
    assert [disk.name for disk in disks.probe(host).facts["disks"]] == ["sda"]


def test_a_pc_without_disks(tmp_path: Path) -> None:
    host, runner = host_of(tmp_path, {"/sys/block": "/"}, lambda argv: None)
    findings = disks.probe(host)
    assert findings.facts["disks"] == ()
    assert not findings.gaps
    assert not runner.asked


def test_smartctl_missing_hanging_or_refused(tmp_path: Path) -> None:
    refusal = "Smartctl open device: /dev/sda failed: Permission denied"
    answers: list[tuple[Output, str]] = [
        (Output(argv=("smartctl", "sda"), why="tool-missing"), "tool-missing"),
        (Output(argv=("smartctl", "sda"), why="timed-out"), "timed-out"),
        (Output(argv=("smartctl", "sda"), status=2, stdout=f"smartctl 7.3 x\n\n{refusal}\n".encode()), "refused"),
        (Output(argv=("smartctl", "sda"), status=0, stdout=b""), "absent"),
        (Output(argv=("smartctl", "sda"), status=0, stdout=b'{"smart'), "malformed"),
    ]
    for output, why in answers:
        host, _ = host_of(tmp_path / why, SDA, lambda argv, o=output: o if argv[0] == "smartctl" else None)  # type: ignore[misc]
        findings = disks.probe(host)
        assert ("disks[0].health", why) in gaps(findings)
        assert findings.facts["disks"][0].model == "ATLAS HDD 500"  # the kernel still knows it


def test_a_hanging_disk_is_asked_once(tmp_path: Path) -> None:
    link = {f"{SATA.partition('/host0')[0]}/link1/ata_link/link1/sata_spd": "6.0 Gbps\n"}
    host, runner = host_of(tmp_path, SDA | link, lambda argv: Output(argv=argv, why="timed-out"))
    disks.probe(host)
    assert [argv[0] for argv in runner.asked] == ["smartctl"]


def test_an_old_smartctl_is_asked_for_text(tmp_path: Path) -> None:
    def answer(argv: tuple[str, ...]) -> Output | None:
        if argv[0] != "smartctl":
            return None
        if "--json=o" in argv:
            text = (
                "smartctl 6.6 2017\n\n=======> UNRECOGNIZED OPTION: json=o\n\nUse smartctl -h to get a usage summary\n"
            )
            return Output(argv=argv, status=1, stdout=text.encode())
        return Output(argv=argv, status=64, stdout=as_text(Drive(), brief=False).encode())

    host, runner = host_of(tmp_path, SDA, answer)
    disk = disks.probe(host).facts["disks"][0]
    assert ("smartctl", "-x", "-f", "old", "/dev/sda") in runner.asked
    assert (disk.serial, disk.health.exit_bits) == ("TEST0001", 64)


def test_an_unknown_usb_bridge_is_tried_as_sat(tmp_path: Path) -> None:
    def answer(argv: tuple[str, ...]) -> Output | None:
        if "sat" in argv:
            return Output(argv=argv, status=0, stdout=as_json(Drive(size_bytes=16_000_000_000)).encode())
        told = {"smartctl": {"exit_status": 1, "messages": [{"string": "/dev/sdb: Unknown USB bridge [0x1:0x2]"}]}}
        return Output(argv=argv, status=1, stdout=json.dumps(told).encode())

    host, runner = host_of(tmp_path, SDB, answer)
    disk = disks.probe(host).facts["disks"][0]
    assert runner.asked[-1] == ("smartctl", "--json=o", "-x", "-f", "old", "-d", "sat", "/dev/sdb")
    assert (disk.model, disk.bridge, disk.transport, disk.removable) == (
        "ATLAS HDD 500",
        "Bridge Box 3000",
        "usb",
        True,
    )
    assert (disk.kind, disk.serial) == ("hdd", "TEST0001")


def test_the_bridges_own_serial_is_not_the_disks(tmp_path: Path) -> None:
    page = {f"{USB}/device/serial": "BRIDGE0001\n", f"{USB}/wwid": "naa.5000000000000001\n"}
    answer = as_json(Drive(size_bytes=16_000_000_000, serial="REDACTED", wwn=None))
    host, _ = host_of(tmp_path, SDB | page, of_smartctl(answer))
    disk = disks.probe(host).facts["disks"][0]
    assert (disk.model, disk.serial, disk.wwn, disk.identity) == ("ATLAS HDD 500", None, None, None)


def test_a_bridge_that_answers_for_itself_is_not_the_disk(tmp_path: Path) -> None:
    told = {
        "device": {"name": "/dev/sdb", "type": "scsi", "protocol": "SCSI"},
        "smartctl": {"exit_status": 4},
        "scsi_vendor": "Bridge", "scsi_product": "Box 3000", "serial_number": "BRIDGE0001",
        "user_capacity": {"bytes": 16_000_000_000}, "smart_support": {"available": False},
    }  # fmt: skip
    host, _ = host_of(tmp_path, SDB, of_smartctl(json.dumps(told)))
    findings = disks.probe(host)
    disk = findings.facts["disks"][0]
    assert (disk.bridge, disk.serial, disk.identity, disk.health.is_available) == ("Bridge Box 3000", None, None, False)
    assert disk.kind is None  # the bridge says "rotational" of whatever is behind it
    assert {("disks[0].health", "absent"), ("disks[0].identity", "absent")} <= gaps(findings)


def test_two_disks_of_one_identity_are_told(tmp_path: Path) -> None:
    twin = block(
        SATA.replace("sda", "sdc").replace("ata1", "ata2"), 500_107_862_016, vendor="ATA", model="ATLAS HDD 500"
    )
    host, _ = host_of(tmp_path, SDA | twin, of_smartctl(as_json(Drive())))
    assert ("disks[1].serial", "conflict") in gaps(disks.probe(host))


def test_the_kernels_short_name_is_no_bridge(tmp_path: Path) -> None:
    files = block(USB, 16_000_000_000, removable=1, vendor="ATLAS", model="HDD 500")
    host, _ = host_of(tmp_path, files, of_smartctl(as_json(Drive(size_bytes=16_000_000_000))))
    assert disks.probe(host).facts["disks"][0].bridge is None


def test_sizes_that_differ_are_told(tmp_path: Path) -> None:
    host, _ = host_of(tmp_path, SDA, of_smartctl(as_json(Drive(size_bytes=250_059_350_016))))
    findings = disks.probe(host)
    assert ("disks[0].size_bytes", "conflict") in gaps(findings)
    assert findings.facts["disks"][0].size_bytes == 500_107_862_016


def test_forty_disks_are_asked_at_once(tmp_path: Path) -> None:
    import threading

    together = threading.Barrier(40, timeout=20)

    def answer(argv: tuple[str, ...]) -> Output | None:
        if argv[0] != "smartctl":
            return None
        together.wait()  # breaks unless all forty wait here
        return Output(argv=argv, status=0, stdout=as_json(Drive(serial=f"TEST-{argv[-1][-3:]}")).encode())

    files: dict[str, str] = {}
    for place in range(40):
        name = f"sd{chr(97 + place // 26)}{chr(97 + place % 26)}"
        files |= block(SATA.replace("sda", name).replace("ata1", f"ata{place}"), 10**9, model="ATLAS HDD 500")
    host, _ = host_of(tmp_path, files, answer)
    found = disks.probe(host).facts["disks"]
    assert [disk.serial for disk in found] == [f"TEST-{disk.name[-3:]}" for disk in found]


def test_a_strict_replay_is_not_swallowed(tmp_path: Path) -> None:
    def answer(argv: tuple[str, ...]) -> Output | None:
        raise NotCaptured(argv)

    host, _ = host_of(tmp_path, SDA, answer)
    with pytest.raises(NotCaptured):
        disks.probe(host)


# --- NVMe, eMMC, virtual ----------------------------------------------------------------------------------------------


def test_nvme_asks_how_it_can_be_sanitised(tmp_path: Path) -> None:
    def answer(argv: tuple[str, ...]) -> Output | None:
        if argv[0] == "nvme":
            assert argv[2] == "/dev/nvme0"
            return Output(argv=argv, status=0, stdout=b'{"oacs": 2, "sanicap": 2}')
        return Output(argv=argv, why="refused")

    files = block(NVME, 256_060_514_304, model="PILOT NVMe 256", serial="TESTN1  ", firmware_rev="1.0")
    host, _ = host_of(tmp_path, files | {f"{NVME}/wwid": "eui.0025380000000001\n"}, answer)
    disk = disks.probe(host).facts["disks"][0]
    assert (disk.sanitize, disk.kind, disk.transport) == (("block-erase", "format"), "nvme", "nvme")
    assert (disk.serial, disk.wwn, disk.is_rotational, disk.removable) == ("TESTN1", "0025380000000001", False, False)


def test_emmc_tells_its_wear_in_sysfs(tmp_path: Path) -> None:
    files = block(EMMC, 62_537_072_640, life_time="0x02 0x09", pre_eol_info="0x01", type="MMC", name="DF4064",
                  serial="0x12345678", manfid="0x000045", fwrev="0x01")  # fmt: skip
    host, runner = host_of(tmp_path, files, lambda argv: None)
    disk = disks.probe(host).facts["disks"][0]
    assert (disk.kind, disk.maker, disk.model, disk.removable) == ("emmc", "SanDisk", "DF4064", False)
    assert (disk.health.emmc_life_used, disk.health.emmc_pre_eol) == (9, 1)
    assert not runner.asked


def test_a_silent_emmc_and_an_sd_card(tmp_path: Path) -> None:
    host, _ = host_of(tmp_path / "emmc", block(EMMC, 10**10, type="MMC", serial="0x1"), lambda argv: None)
    assert ("disks[0].health.emmc_life_used", "absent") in gaps(disks.probe(host))
    host, _ = host_of(tmp_path / "card", block(EMMC, 10**10, type="SD", name="SC32G"), lambda argv: None)
    card = disks.probe(host).facts["disks"][0]
    assert (card.kind, card.removable) == ("sd-card", True)


@pytest.mark.parametrize(
    ("text", "worst"),
    [
        ("0x01 0x02\n", 2),
        ("0x0b 0x01", 11),
        ("0x00 0x00", None),
        ("0x00 0x03", 3),
        ("0x0c 0x0c", None),
        ("", None),
        (None, None),
    ],
)
def test_emmc_life_time(text: str | None, worst: int | None) -> None:
    assert parse_life_time(text) == worst


@pytest.mark.parametrize(("text", "stage"), [("0x01", 1), ("0x3\n", 3), ("0x00", None), ("0x07", None), (None, None)])
def test_emmc_pre_eol(text: str | None, stage: int | None) -> None:
    assert parse_pre_eol(text) == stage


def test_a_virtual_disk_has_no_smart(tmp_path: Path) -> None:
    files = block("/sys/devices/pci0000:00/0000:00:02.0/virtio1/block/vda", 10**10, vendor="0x1af4")
    host, runner = host_of(tmp_path, files, lambda argv: None)
    findings = disks.probe(host)
    assert (findings.facts["disks"][0].kind, findings.facts["disks"][0].maker) == ("virtual", None)
    assert not runner.asked


# --- IDENTIFY, hdparm, hidden sectors ---------------------------------------------------------------------------------


def identify(**words: int) -> str:
    told = [0] * 256
    told[0], told[76], told[217] = 0x0040, 0x0E0E, 7200
    for word, value in words.items():
        told[int(word[1:])] = value
    for place, text in ((10, "TESTID01".ljust(20)), (23, "FW02".ljust(8)), (27, "ATLAS HDD 500".ljust(40))):
        raw = text.encode()
        for offset in range(0, len(raw), 2):
            told[place + offset // 2] = raw[offset] << 8 | raw[offset + 1]
    told[255] = 0xA5
    total = sum(word.to_bytes(2, "little")[0] + word.to_bytes(2, "little")[1] for word in told) & 0xFF
    told[255] |= (-total & 0xFF) << 8
    return "".join(f"{word:04x}{' ' if place % 8 < 7 else chr(10)}" for place, word in enumerate(told))


def test_identify_from_the_kernel(tmp_path: Path) -> None:
    text = identify(w59=0xF000, w82=2, w128=0x0009, w168=3)
    port = SATA.partition("/host0")[0]
    files = SDA | {
        f"{port}/link1/dev1.0/ata_device/dev1.0/id": text,
        f"{port}/link1/ata_link/link1/sata_spd": "6.0 Gbps",
    }
    host, _ = host_of(tmp_path, files, lambda argv: None)
    disk = disks.probe(host).facts["disks"][0]
    assert (disk.security, disk.is_security_frozen, disk.serial) == ("disabled", True, "TESTID01")
    assert disk.sanitize == ("block-erase", "overwrite", "crypto-scramble")
    assert (disk.transport, disk.kind, disk.rpm, disk.form_factor) == ("sata", "hdd", 7200, "2.5 inches")


def test_identify_with_a_wrong_checksum_is_nothing() -> None:
    good = identify()
    assert parse_identify(good) is not None
    assert parse_identify(good.replace("1c20", "1c21")) is None
    assert parse_identify(good[:-5]) is None
    assert parse_identify("0000 " * 256) is None


@pytest.mark.parametrize(
    ("word", "state", "is_frozen"),
    [
        (0, "unsupported", None),
        (1, "disabled", False),
        (9, "disabled", True),
        (3, "enabled", False),
        (7, "locked", False),
    ],
)
def test_identify_security(word: int, state: str, is_frozen: bool | None) -> None:
    words = parse_identify(identify(w128=word))
    assert words is not None
    facts = facts_of(words)
    assert (facts["security"], facts.get("is_security_frozen")) == (state, is_frozen)


def hpa(visible: int, native: int) -> str:
    return f"\n/dev/sda:\n max sectors   = {visible}/{native}, HPA is {'enabled' if visible < native else 'disabled'}\n"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (hpa(976_773_168, 976_773_168), 0),
        (hpa(976_773_168, 1_953_525_168), 976_752_000 * 512),
        ("\n/dev/sda:\n max sectors   = 0/1, HPA is enabled\n", None),  # hdparm of a disk that refused
        (hpa(488_397_168, 976_773_168), 0),  # the kernel has lifted the HPA since
        (hpa(100_000_000, 100_000_000), None),  # not this disk
        ("HDIO_DRIVE_CMD(identify) failed: Invalid argument", None),
    ],
)
def test_hidden_sectors(tmp_path: Path, text: str, hidden: int | None) -> None:
    def answer(argv: tuple[str, ...]) -> Output | None:
        return Output(argv=argv, status=0, stdout=text.encode()) if argv[:2] == ("hdparm", "-N") else None

    link = {f"{SATA.partition('/host0')[0]}/link1/ata_link/link1/sata_spd": "6.0 Gbps\n"}
    host, _ = host_of(tmp_path, SDA | link, answer)
    findings = disks.probe(host)
    assert findings.facts["disks"][0].hidden_bytes == hidden
    assert (("disks[0].native_sectors", "absent") in gaps(findings)) is (hidden is None)


HDPARM = """
/dev/sda:

ATA device, with non-removable media
\tModel Number:       ATLAS HDD 500
\tSerial Number:      TEST0001
\tFirmware Revision:  FW01
Configuration:
\tLBA48  user addressable sectors:  976773168
\tLogical  Sector size:                   512 bytes
\tNominal Media Rotation Rate: 7200
Commands/features:
\t   *\tSANITIZE feature set
\t   *\tOVERWRITE_EXT command
Security:
\tMaster password revision code = 65534
\t\tsupported
{security}
Checksum: correct
"""


@pytest.mark.parametrize(
    ("lines", "state", "is_frozen"),
    [
        ("\tnot\tenabled\n\tnot\tlocked\n\t\tfrozen", "disabled", True),
        ("\t\tenabled\n\tnot\tlocked\n\tnot\tfrozen", "enabled", False),
        ("\t\tenabled\n\t\tlocked\n\tnot\tfrozen", "locked", False),
    ],
)
def test_hdparm_security(lines: str, state: str, is_frozen: bool) -> None:
    told = parse_hdparm(HDPARM.replace("{security}", lines))
    assert (told["security"], told["is_security_frozen"], told["sanitize"]) == (state, is_frozen, ("overwrite",))
    assert (told["size_bytes"], told["serial"], told["rpm"]) == (500_107_862_016, "TEST0001", 7200)


def test_hdparm_of_a_wrong_checksum_is_nothing() -> None:
    text = HDPARM.replace("{security}", "\t\tenabled\n\t\tlocked").replace("Checksum: correct", "Checksum: incorrect")
    assert parse_hdparm(text) == {}


@pytest.mark.parametrize("text", [hpa(0, 1), hpa(1, 0), hpa(10**6, 10**15), "max sectors = x/y, HPA is enabled"])
def test_sectors_that_hdparm_made_up(text: str) -> None:
    assert parse_hdparm(text) == {}


@over_corpus("hdparm")
def test_hdparm_corpus(path: Path) -> None:
    told = parse_hdparm(path.read_bytes().decode("latin-1"))
    assert "security" not in told  # both are of a bridge that returned its own memory


# --- boot medium ------------------------------------------------------------------------------------------------------


OURS = "rebond.medium=UUID=2026-11-27-02-00-00-00"
LOOKED = {"/dev/disk/by-uuid/a-disk-of-the-pc": "-> /dev/sda1"}
STICK_IN = {"/dev/disk/by-uuid/2026-11-27-02-00-00-00": "-> /dev/sdb1"}


def booted(tmp_path: Path, mounts: str, files: dict[str, str]) -> frozenset[str] | None:
    usb_part = {f"{USB}/sdb1/partition": "1\n", "/sys/class/block/sdb1": f"-> {USB}/sdb1"}
    sata_part = {f"{SATA}/sda1/partition": "1\n", "/sys/class/block/sda1": f"-> {SATA}/sda1"}
    return boot_disks(pc(tmp_path, SDA | SDB | usb_part | sata_part | {"/proc/mounts": mounts} | files))


@pytest.mark.parametrize(
    ("mounts", "files", "found"),
    [
        ("/dev/sda1 / ext4 rw 0 0\n", {}, set()),  # installed: that disk is judged like any other
        ("/dev/sdb1 / ext4 rw 0 0\n", {}, {"sdb"}),
        ("overlay / overlay rw 0 0\n/dev/sdb1 /run/live/medium vfat ro 0 0\n", {}, {"sdb"}),
        (
            "overlay / overlay rw 0 0\n/dev/loop0 /run/live/rootfs squashfs ro 0 0\n/dev/sdb1 /media/x vfat ro 0 0\n",
            {"/sys/block/loop0/loop/backing_file": "/media/x/live/filesystem.squashfs\n"},
            {"sdb"},
        ),
        ("/dev/dm-0 / ext4 rw 0 0\n", {"/sys/block/dm-0/slaves/sdb1": "/"}, {"sdb"}),
        ("/dev/sda1 /run/live/medium vfat ro 0 0\n", {}, {"sda"}),  # a live medium counts wherever it is
        ("overlay / overlay rw 0 0\n", {}, None),  # copied to memory: nothing tells
        ("overlay / overlay rw 0 0\n", {"/proc/cmdline": "quiet root=/dev/sdb1 toram\n"}, {"sdb"}),
        ("overlay / overlay rw 0 0\n", {"/proc/cmdline": "rebond.ram rebond.medium=none rebond.settings=x\n"}, set()),
        ("overlay / overlay rw 0 0\n", {"/proc/cmdline": "rebond.ram xrebond.medium=none\n"}, None),
        ("/dev/sdb1 /run/rebond/mnt/stick ext4 rw 0 0\n", {"/proc/cmdline": "rebond.medium=none\n"}, {"sdb"}),
        ("/dev/sda1 /mnt ext4 rw 0 0\n", {}, None),
        # a root in memory tells nothing of where it was filled from
        ("/dev/ram0 / ext4 rw 0 0\n", {"/proc/cmdline": "root=/dev/ram0\n", "/sys/block/ram0/size": "9\n"}, None),
        ("/dev/zram0 / ext4 rw 0 0\n", {"/sys/block/zram0/size": "9\n"}, None),
        ("/dev/loop0 / squashfs ro 0 0\n", {"/sys/block/loop0/size": "9\n"}, None),
        ("overlay / overlay rw 0 0\n", {"/proc/cmdline": "no-root=/dev/sda1 xroot=/dev/sda1\n"}, None),
        ("overlay / overlay rw 0 0\n", {"/proc/cmdline": f"rebond.ram {OURS}\n"}, None),  # nobody has looked yet
        ("overlay / overlay rw 0 0\n", {"/proc/cmdline": f"rebond.ram {OURS}\n"} | LOOKED, set()),  # pulled out
        ("overlay / overlay rw 0 0\n", {"/proc/cmdline": f"{OURS}\n"} | LOOKED, None),  # not wholly in memory
        ("overlay / overlay rw 0 0\n", {"/proc/cmdline": f"rebond.ram {OURS}\n"} | LOOKED | STICK_IN, {"sdb"}),
        ("overlay / overlay rw 0 0\n", {"/proc/cmdline": f"{OURS}\n"} | STICK_IN, {"sdb"}),
        ("/dev/../../etc / ext4 rw 0 0\n", {}, None),
    ],
)
def test_boot_medium(tmp_path: Path, mounts: str, files: dict[str, str], found: set[str] | None) -> None:
    boots = booted(tmp_path, mounts, files)
    assert (None if boots is None else set(boots)) == found


def test_boot_medium_by_its_label(tmp_path: Path) -> None:
    host = pc(tmp_path, SDA | SDB | {f"{USB}/sdb1/partition": "1\n", "/proc/mounts": "overlay / overlay rw 0 0\n"})
    folder = tmp_path / "dev/disk/by-label"
    folder.mkdir(parents=True)
    (folder / "REBOND").symlink_to("../../sdb1")
    assert boot_disks(host) == frozenset({"sdb"})
    found = disks.probe(host).facts["disks"]
    assert [(disk.name, disk.is_boot_medium) for disk in found] == [("sda", False), ("sdb", True)]


# --- captures of other programs ---------------------------------------------------------------------------------------


def loose(tmp_path: Path, files: dict[str, str], **outputs: list[Output]) -> Findings:
    root = pc(tmp_path, files).root
    return disks.probe(Host(root, Smartctl(lambda argv: Output(argv=argv, why="absent"), **outputs)))


def recorded(name: str, text: str) -> Output:
    return Output(argv=("smartctl", *name.split()), stdout=text.encode())


def test_loose_answers_are_the_disks(tmp_path: Path) -> None:
    findings = loose(
        tmp_path, {},
        smartctl=[
            recorded("smartctl__sda.json", as_json(Drive())),
            recorded("sdb.txt", as_text(Drive(serial="TEST0002"), brief=True)),
            recorded("/dev/nvme0 x.txt", as_text(Drive(serial="TEST0003"), brief=True)),
            recorded("smartctl-scan", "/dev/sda -d sat # /dev/sda [SAT], ATA device\n"),
        ],
    )  # fmt: skip
    found = findings.facts["disks"]
    assert [(disk.name, disk.serial, disk.removable) for disk in found] == [
        ("sda", "TEST0001", False), ("sdb", "TEST0002", False), ("nvme0", "TEST0003", False),
    ]  # fmt: skip
    assert not findings.gaps


def test_loose_answers_complete_the_kernels_list(tmp_path: Path) -> None:
    identity = as_json(Drive())
    health = as_json(Drive(rows=(Row(id=197, name="Current_Pending_Sector", raw="3"),)))
    findings = loose(tmp_path, SDA, smartctl=[recorded("sda_i.json", identity), recorded("sda_A.json", health)])
    (disk,) = findings.facts["disks"]
    assert (disk.serial, disk.health.pending_sectors) == ("TEST0001", 3)


def test_members_behind_a_raid_controller(tmp_path: Path) -> None:
    def member(place: int) -> Output:
        doc = json.loads(as_json(Drive(serial=f"TEST000{place}")))
        doc["device"] |= {"type": f"megaraid,{place}", "info_name": f"/dev/sda [megaraid_disk_0{place}]"}
        return recorded("/dev/sda", json.dumps(doc))

    findings = loose(tmp_path, {}, smartctl=[member(0), member(1)])
    found = findings.facts["disks"]
    assert [disk.name for disk in found] == ["sda", "sda-megaraid,1"]
    assert {disk.bridge for disk in found} == {"megaraid_disk_00", "megaraid_disk_01"}


def test_nothing_at_all_is_a_gap(tmp_path: Path) -> None:
    findings = loose(tmp_path / "a", {})
    assert "disks" not in findings.facts
    assert gaps(findings) == {("disks", "absent")}
    findings = loose(tmp_path / "b", {}, lshw=[Output(argv=("lshw",), stdout=b"{}")])
    assert not findings.gaps  # lshw's own probe lists them


def test_only_a_failed_answer(tmp_path: Path) -> None:
    refusal = "smartctl 7.3 x\n\nSmartctl open device: /dev/sda failed: Permission denied\n"
    findings = loose(tmp_path, {}, smartctl=[recorded("sda.txt", refusal)])
    assert gaps(findings) == {("disks", "refused")}


LSBLK = """NAME   MAJ:MIN RM   SIZE RO TYPE MOUNTPOINT MODEL            TRAN   ROTA
sda      8:0    0 465.8G  0 disk            ATLAS HDD 500    sata      1
├─sda1   8:1    0   100G  0 part /                                     1
sdb      8:16   1  14.9G  0 disk            Box 3000         usb       1
sr0     11:0    1  1024M  0 rom             DVD              sata      1
loop0    7:0    0  54.5M  1 loop /snap/x                               0
"""


def test_lsblk_table() -> None:
    sda, sdb = parse_lsblk(LSBLK)
    assert (sda.name, sda.model, sda.kind, sda.removable) == ("sda", "ATLAS HDD 500", "hdd", False)
    assert (sda.size_bytes or 0) // 10**9 == 500
    assert (sdb.model, sdb.transport, sdb.kind, sdb.removable) == ("Box 3000", "usb", None, True)


def test_lsblk_json_of_two_generations() -> None:
    for rotational, size in ((True, 500_107_862_016), ("1", "500107862016")):
        entry = {"name": "sda", "type": "disk", "size": size, "rota": rotational, "rm": not rotational, "tran": "sata"}
        (disk,) = parse_lsblk(json.dumps({"blockdevices": [entry, {"name": "sr0", "type": "rom"}, 5]}))
        assert (disk.size_bytes, disk.kind) == (500_107_862_016, "hdd")


@over_corpus("lsblk")
def test_lsblk_corpus(path: Path) -> None:
    (disk,) = parse_lsblk(path.read_text())
    assert (disk.name, disk.size_bytes) == ("sda", 20 << 30)


def test_lsblk_alone(tmp_path: Path) -> None:
    findings = loose(tmp_path, {}, lsblk=[Output(argv=("lsblk",), stdout=LSBLK.encode())])
    assert [disk.name for disk in findings.facts["disks"]] == ["sda", "sdb"]


# --- identity ---------------------------------------------------------------------------------------------------------


def test_identity_needs_something_of_the_disks_own() -> None:
    assert identity_of(None, None, "ATLAS HDD 500", 500) is None
    assert identity_of("", "", "ATLAS HDD 500", 500) is None
    assert identity_of("A", None, None, None)


def test_identity_tells_neighbouring_fields_apart() -> None:
    told = [
        ("AB", "C", "D", 1),
        ("A", "BC", "D", 1),
        ("AB", "CD", None, 1),
        ("AB", "C", "D1", None),
        ("AB", "C", "D", 11),
    ]
    assert len({identity_of(*fields) for fields in told}) == len(told)


def test_identity_never_changes() -> None:
    """Wipe tokens and records name it: a change here would orphan them all."""
    assert identity_of("S", "5000", "M", 512) == "d76ba1fd63b1ce4f2e81dae646942b85a395e21824f34f636c91a9e9d095cd16"


def test_names_in_recorded_answers() -> None:
    for words, name in (
        (("smartctl", "-a", "/dev/sdb"), "sdb"), (("smartctl", "smartctl__nvme1.json"), "nvme1"),
        (("x", "disk-sda.txt"), "sda"),
        (("x", "/dev/nvme0n1", "y"), "nvme0n1"), (("x", "smart.txt"), None), (("x", "/dev/bus/0"), None),
    ):  # fmt: skip
        assert disk_health.name_in(Output(argv=words)) == name


def test_disk_facts_are_plain() -> None:
    """What is found must go through JSON, with no float and no lone surrogate."""
    drive = Drive(rows=(Row(id=194, name="Temperature_Celsius", raw="32 (Min/Max 12/41)"),))
    report = disk_health.read(Output(argv=("smartctl", "sda"), stdout=as_json(drive).encode()), "sda")
    assert msgspec.json.decode(msgspec.json.encode(report.disk), type=Disk) == report.disk
