"""Every interlock on composed machines: md, dm, zoned, RAID, multipath, NVMe namespaces, a boot stick after toram."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.facts import Disk
from agent.probes import block_devices
from agent.wipe import interlocks, refusals
from agent.wipe.interlocks import Allowed
from agent.wipe.media import is_named_by_its_plug, media_of, usb_plug
from agent.wipe.refusals import RULES, reason
from agent.wipe.topology import Topology
from tests.wipe.composed import PCI, Composed


def sda(**more: Any) -> Disk:
    given: dict[str, Any] = {
        "name": "sda", "serial": "S1", "wwn": "5000c50012345678", "size_bytes": 10**9, "transport": "sata",
        "kind": "hdd", "removable": False, "is_boot_medium": False,
    }  # fmt: skip
    return Disk(**(given | more))


def rules(pc: Composed, disk: Disk | None = None, *others: Disk, **allowed: Any) -> list[str]:
    one = disk or sda()
    found = interlocks.refusals(pc.host(), one, (one, *others), Allowed(**allowed))
    assert all(why.fr and why.en and one.name in why.fr and "{" not in why.fr + why.en for why in found)
    return [why.rule for why in found]


@pytest.fixture
def pc(tmp_path: Path) -> Composed:
    made = Composed(tmp_path / "root")
    made.disk("sda")
    made.part("sda", "sda1")
    made.part("sda", "sda2")
    return made


def test_a_free_disk(pc: Composed) -> None:
    assert rules(pc) == []


# --- in use -----------------------------------------------------------------------------------------------------------


def _mount_disk(pc: Composed) -> None:
    pc.mount((pc.root / "sys/block/sda/dev").read_text().strip(), "/dev/sda", "/mnt")


def _mount_part(pc: Composed) -> None:
    pc.mount((pc.root / "sys/block/sda/sda2/dev").read_text().strip(), "/dev/root", "/")


def _mount_by_source(pc: Composed) -> None:
    pc.mount("0:40", "/dev/sda1", "/mnt", "btrfs")  # btrfs: the number is anonymous


def _mount_by_link(pc: Composed) -> None:
    pc.built("dm-0", "sda2")
    pc.write("/dev/dm-0", "")
    pc.link("/dev/mapper/vg-root", "/dev/dm-0")
    pc.mount("0:41", "/dev/mapper/vg-root", "/", "btrfs")


def _mount_deep(pc: Composed) -> None:
    """A file system on LVM on LUKS on RAID."""
    pc.built("md0", "sda2")
    pc.built("dm-0", "md0")
    pc.mount(pc.built("dm-1", "dm-0"), "/dev/mapper/x", "/")


def _mount_of_another(pc: Composed) -> None:
    pc.mount((pc.root / "sys/block/sda/sda1/dev").read_text().strip(), "/dev/sda1", "/mnt", who="1")
    pc.write("/proc/self/mountinfo", "")


def _mount_through_loop(pc: Composed) -> None:
    pc.mount(pc.loop("loop0", "/dev/sda1"), "/dev/loop0", "/mnt")


def _swap_part(pc: Composed) -> None:
    pc.swap("/dev/sda2")


def _swap_on_map(pc: Composed) -> None:
    pc.built("dm-0", "sda2", dm__uuid="LVM-abc")
    pc.swap("/dev/dm-0")


def _btrfs_second(pc: Composed) -> None:
    (pc.root / "sys/fs/btrfs/1234/devices/sda1").mkdir(parents=True)


def _zram(pc: Composed) -> None:
    pc.disk("zram0", road="/sys/devices/virtual/block/zram0", backing_dev="/dev/sda1")


def _pv_and_crypt(pc: Composed) -> None:
    pc.built("dm-0", "sda1", dm__uuid="LVM-abc")
    pc.built("dm-1", "sda2", dm__uuid="CRYPT-LUKS1-x")


IN_USE: list[tuple[Callable[[Composed], object], list[str]]] = [
    (_mount_disk, ["mounted"]),
    (_mount_part, ["mounted"]),
    (_mount_by_source, ["mounted"]),
    (_mount_by_link, ["mounted", "held"]),
    (_mount_deep, ["mounted", "raid-in-use"]),
    (_mount_of_another, ["mounted"]),
    (_mount_through_loop, ["mounted", "loop-on-it"]),
    (_swap_part, ["swap"]),
    (_swap_on_map, ["swap", "lvm-in-use"]),
    (_btrfs_second, ["btrfs-member"]),
    (_zram, ["zram-on-it"]),
    (lambda pc: pc.built("md0", "sda1"), ["raid-in-use"]),
    (lambda pc: pc.built("md127", "sda", md__metadata_version="external:imsm"), ["fake-raid-in-use"]),
    (lambda pc: pc.built("md126", "sda", md__metadata_version="external:/md127/0"), ["fake-raid-in-use"]),
    (lambda pc: pc.built("dm-0", "sda", dm__uuid="DMRAID-isw_x"), ["fake-raid-in-use"]),
    (lambda pc: pc.built("dm-0", "sda1", dm__uuid="CRYPT-LUKS2-x"), ["crypt-in-use"]),
    (lambda pc: pc.built("dm-0", "sda1", dm__uuid="part1-x"), ["held"]),
    (_pv_and_crypt, ["lvm-in-use", "crypt-in-use"]),
    (lambda pc: pc.built("bcache0", "sda"), ["bcache-in-use"]),
    (lambda pc: pc.loop("loop0", "/dev/sda"), ["loop-on-it"]),
    (lambda pc: pc.loop("loop0", "/dev/sda2 (deleted)"), ["loop-on-it"]),
    (lambda pc: pc.mount("8:1999", "/dev/sdz1", "/mnt"), []),
    (lambda pc: pc.swap("/dev/sdb2"), []),
    (lambda pc: pc.loop("loop0", "/dev/sdb"), []),
]


@pytest.mark.parametrize("use,wanted", IN_USE, ids=[f"{row[0].__name__}-{at}" for at, row in enumerate(IN_USE)])
def test_in_use(pc: Composed, use: Callable[[Composed], object], wanted: list[str]) -> None:
    use(pc)
    assert rules(pc) == wanted


def test_a_loop_device_whose_file_is_on_it(pc: Composed) -> None:
    pc.mount((pc.root / "sys/block/sda/sda1/dev").read_text().strip(), "/dev/sda1", "/run/live/medium")
    pc.loop("loop0", "/run/live/medium/live/filesystem.squashfs")
    assert rules(pc) == ["mounted", "loop-on-it"]


def test_names_and_never_folders_are_told(pc: Composed) -> None:
    pc.mount((pc.root / "sys/block/sda/sda1/dev").read_text().strip(), "/dev/sda1", "/media/jeanne/SECRET")
    (why,) = interlocks.refusals(pc.host(), sda(), (sda(),), Allowed())
    assert "sda1" in why.fr and "jeanne" not in why.fr + why.en and "SECRET" not in why.fr + why.en


@pytest.mark.parametrize(
    "home,at,wanted",
    [("/srv/rebond", "/srv", True), ("/srv", "/srv", True), ("/srvx", "/srv", False), ("/srv/rebond/a", "/", True)],
)
def test_the_stations_folder(pc: Composed, home: str, at: str, wanted: bool) -> None:
    pc.mount((pc.root / "sys/block/sda/sda1/dev").read_text().strip(), "/dev/sda1", at)
    assert ("station-home" in rules(pc, home=home)) == wanted


def test_the_stations_folder_on_the_deepest_mount_only(pc: Composed) -> None:
    pc.mount((pc.root / "sys/block/sda/sda1/dev").read_text().strip(), "/dev/sda1", "/")
    pc.mount(pc.disk("sdb", road=f"{PCI}/usb1/1-1/host1/target/block/sdb"), "/dev/sdb", "/srv")
    assert "station-home" not in rules(pc, home="/srv/rebond")
    assert "station-home" in rules(pc, sda(name="sdb", serial="S2", wwn=None), home="/srv/rebond")


# --- what it is -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name,wanted",
    [("sda1", "not-a-whole-disk"), ("mmcblk0boot0", "not-a-whole-disk"), ("mmcblk0rpmb", "not-a-whole-disk"),
     ("dm-0", "not-a-disk"), ("md127", "not-a-disk"), ("zram0", "not-a-disk"), ("sr0", "optical"),
     ("bcache0", "not-a-disk"), ("nvme0c0n1", "path-only")],
)  # fmt: skip
def test_not_a_whole_disk(pc: Composed, name: str, wanted: str) -> None:
    if name != "sda1":
        pc.disk(name, road=f"/sys/devices/virtual/block/{name}")
    assert rules(pc, sda(name=name)) == [wanted]


def test_a_hidden_path_by_what_the_kernel_says(pc: Composed) -> None:
    pc.disk("sdx", road=f"{PCI}/x/block/sdx", hidden="1")
    assert rules(pc, sda(name="sdx")) == ["path-only"]


@pytest.mark.parametrize(
    "name,road",
    [
        ("sdx", "/sys/devices/platform/host3/session1/target3:0:0/3:0:0:0/block/sdx"),
        ("sdx", f"{PCI}/host4/rport-4:0-0/target4:0:0/4:0:0:0/block/sdx"),
        ("sdx", "/sys/devices/platform/vhci_hcd.0/usb5/5-1/5-1:1.0/host6/target6:0:0/6:0:0:0/block/sdx"),
        ("nbd0", "/sys/devices/virtual/block/nbd0"), ("rbd0", "/sys/devices/rbd/0/block/rbd0"),
        ("etherd!e0.0", "/sys/devices/virtual/block/etherd!e0.0"),
    ],
)  # fmt: skip
def test_a_disk_of_the_network_is_none_of_this_pc(pc: Composed, name: str, road: str) -> None:
    pc.disk(name, road=road)
    disk = sda(name=name, transport=None)
    assert rules(pc, disk) == ["network-disk"] and rules(pc, disk, network=True) == []


@pytest.mark.parametrize("driver,wanted", [("ib_srp", ["network-disk"]), ("qla4xxx", ["network-disk"]), ("ahci", [])])
def test_a_disk_of_the_network_by_its_driver(pc: Composed, driver: str, wanted: list[str]) -> None:
    pc.write("/sys/class/scsi_host/host0/proc_name", driver + "\n")
    assert rules(pc) == wanted and rules(pc, network=True) == []


@pytest.mark.parametrize("word,is_allowed", [("1", True), ("0", False), ("yes", False), ("", False)])
def test_only_one_word_allows_network_disks(monkeypatch: pytest.MonkeyPatch, word: str, is_allowed: bool) -> None:
    monkeypatch.setenv("REBOND_ALLOW_NETWORK_DISKS", word)
    assert interlocks.allowed_here(virtual=False, home=None).network == is_allowed
    monkeypatch.delenv("REBOND_ALLOW_NETWORK_DISKS")
    assert not interlocks.allowed_here(virtual=False, home=None).network


def test_built_on_others(pc: Composed) -> None:
    pc.disk("sdq", road="/sys/devices/virtual/block/sdq")
    (pc.root / "sys/block/sdq/slaves/sdr").mkdir(parents=True)
    assert rules(pc, sda(name="sdq")) == ["slaves"]


@pytest.mark.parametrize("kind,transport", [("virtual", "virtio"), ("virtual", "sata"), (None, "virtio")])
def test_virtual(pc: Composed, kind: Any, transport: Any) -> None:
    disk = sda(kind=kind, transport=transport)
    assert rules(pc, disk) == ["virtual-disk"] and rules(pc, disk, virtual=True) == []
    _mount_part(pc)
    assert rules(pc, disk) == ["virtual-disk", "mounted"], "all reasons at once"


def test_loops_only(pc: Composed) -> None:
    assert rules(pc, loops_only=True, virtual=True) == ["loops-only"]
    pc.loop("loop0", "/tmp/a.img")
    loop = sda(name="loop0", kind="virtual", transport="other", serial="a", wwn=None)
    assert rules(pc, loop, loops_only=True, virtual=True) == []
    assert rules(pc, loop, loops_only=True) == ["virtual-disk"]
    assert rules(pc, sda(name="loop0", kind=None, serial="a", wwn=None)) == ["virtual-disk"], "whatever it says it is"


@pytest.mark.parametrize("removable,wanted", [("1", "no-medium"), ("0", "no-size")])
def test_empty(tmp_path: Path, removable: str, wanted: str) -> None:
    pc = Composed(tmp_path / "root")
    pc.disk("sda", size_bytes=0, removable=removable)
    assert rules(pc, sda(size_bytes=None)) == [wanted] and rules(pc, sda(size_bytes=0)) == [wanted]
    assert rules(pc, sda(size_bytes=10**9)) == [wanted], "the kernel's word counts"


def test_a_size_that_only_the_kernel_knows(pc: Composed) -> None:
    assert rules(pc, sda(size_bytes=None)) == ["no-size"]


def test_not_there(tmp_path: Path) -> None:
    assert "not-found" in rules(Composed(tmp_path / "root"))


# --- which it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mine,theirs,wanted",
    [
        ({"serial": None, "wwn": None}, {}, ["no-identity"]),
        ({"wwn": None}, {}, []),
        ({"serial": None}, {}, []),
        ({}, {"serial": "S1", "wwn": None}, ["serial-shared"]),
        ({}, {"serial": "S1", "wwn": "5000c500aaaaaaaa"}, ["serial-shared"]),
        ({}, {"serial": "S1", "wwn": "5000c50012345678"}, ["multipath"]),
        ({}, {"serial": "S2", "wwn": "5000c50012345678"}, ["wwn-shared"]),
        ({}, {"serial": None, "wwn": "5000c50012345678"}, ["multipath"]),
        ({"transport": "usb"}, {"serial": "S1", "wwn": "5000c50012345678"}, ["wwn-shared"]),
        ({"wwn": None}, {"serial": None, "wwn": None}, []),
        ({"serial": None}, {"serial": None}, []),
    ],
)
def test_which_disk(pc: Composed, mine: Any, theirs: Any, wanted: list[str]) -> None:
    pc.disk("sdb", road=f"{PCI}/ata2/host1/target1:0:0/1:0:0:0/block/sdb")
    other = sda(name="sdb", **({"serial": "S9", "wwn": "5000c500bbbbbbbb"} | theirs))
    assert rules(pc, sda(**mine), other) == wanted


def test_a_multipath_map_over_it(pc: Composed) -> None:
    pc.built("dm-0", "sda", dm__uuid="mpath-35000c50012345678")
    assert rules(pc) == ["multipath"]


def test_a_stick_is_known_by_its_plug(tmp_path: Path) -> None:
    pc = Composed(tmp_path / "root")
    plug = f"{PCI}/usb2/2-1"
    pc.disk("sdb", road=f"{plug}/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb")
    stick = sda(name="sdb", serial=None, wwn=None, transport="usb", kind=None, removable=True)
    assert rules(pc, stick) == ["no-identity"]
    pc.write(f"{plug}/idVendor", "0781\n")
    pc.write(f"{plug}/idProduct", "5581\n")
    pc.write(f"{plug}/serial", "4C5300\x1b[31m01\n")
    assert usb_plug(pc.host(), "sdb") == ("0781:5581", "4C530001")
    media = media_of(pc.host(), stick)
    assert media.serial == "usb:4C530001" and media.bridge == "0781:5581" and media.identity
    assert rules(pc, stick) == []
    named = media_of(pc.host(), sda(name="sdb", transport="usb"))
    assert named.serial == "S1" and named.bridge == "0781:5581"
    pc.write(f"{plug}/serial", "0000000000\n")
    assert rules(pc, stick) == ["no-identity"], "a serial of zeros names nothing"


@pytest.mark.parametrize(
    "serial,own,wanted",
    [("usb:4C530001", None, True), ("BRIDGE01", None, True), ("WD-WCC1", None, False), ("BRIDGE01", "WD-WCC1", False),
     (None, None, True)],
)  # fmt: skip
def test_a_number_of_the_plug_or_of_the_disk(tmp_path: Path, serial: Any, own: Any, wanted: bool) -> None:
    pc = Composed(tmp_path / "root")
    pc.disk("sdb", road=f"{PCI}/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb")
    pc.write("/sys/block/sdb/device/vpd_pg80", b"\0\x80\0\x08BRIDGE01")
    told = media_of(pc.host(), sda(name="sdb", transport="usb", serial=serial, wwn=None))
    assert is_named_by_its_plug(pc.host(), told, own) == wanted
    inside = media_of(pc.host(), sda(name="sdb", transport="sata", serial=serial, wwn=None))
    assert not is_named_by_its_plug(pc.host(), inside, own), "on a cable of its own the kernel heard the disk"


# --- the boot medium --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mine,others,wanted",
    [
        ({"is_boot_medium": True}, [False], ["boot-medium"]),
        ({"is_boot_medium": None}, [None], ["boot-unknown"]),  # nothing tells: any disk may be it
        ({"is_boot_medium": None}, [], ["boot-unknown"]),
        ({"is_boot_medium": None}, [True], []),  # another one is it
        ({"is_boot_medium": None, "transport": "usb", "removable": True}, [True], ["boot-unknown"]),
        ({"is_boot_medium": None, "removable": None}, [False], ["boot-unknown"]),
        ({"is_boot_medium": None, "transport": "mmc"}, [False], ["boot-unknown"]),
        ({"is_boot_medium": False, "transport": "usb", "removable": True}, [], []),
    ],
)
def test_the_boot_medium(pc: Composed, mine: Any, others: list[Any], wanted: list[str]) -> None:
    rest = [
        sda(name=f"sd{letter}", serial=letter, wwn=None, is_boot_medium=told)
        for letter, told in zip("bcd", others, strict=False)
    ]
    assert rules(pc, sda(**mine), *rest) == wanted


def test_the_stick_after_toram(tmp_path: Path) -> None:
    """Copied to memory, nothing of it is mounted: its label alone tells."""
    from agent.probes.boot_medium import boot_disks

    pc = Composed(tmp_path / "root")
    pc.disk("sda")
    pc.disk("sdb", road=f"{PCI}/usb1/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb", removable="1")
    pc.part("sdb", "sdb1")
    assert boot_disks(pc.host()) is None
    pc.write("/dev/sdb1", "")
    (pc.root / "dev/disk/by-label").mkdir(parents=True)
    (pc.root / "dev/disk/by-label/REBOND").symlink_to("../../sdb1")
    assert boot_disks(pc.host()) == frozenset({"sdb"})


# --- its state --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path,text,wanted",
    [
        ("ro", "1", ["read-only"]),
        ("ro", "", ["read-only-unknown"]),
        ("sda1/ro", "1", ["read-only"]),
        ("queue/zoned", "host-managed", ["zoned"]),
        ("queue/zoned", "host-aware", ["zoned"]),
        ("queue/zoned", "none", []),
    ],
)
def test_its_state(pc: Composed, path: str, text: str, wanted: list[str]) -> None:
    pc.write(f"/sys/block/sda/{path}", text)
    assert rules(pc) == wanted


@pytest.mark.parametrize("driver", ["megaraid_sas", "hpsa", "aacraid", "smartpqi"])
def test_a_volume_of_a_raid_card(pc: Composed, driver: str) -> None:
    pc.write("/sys/class/scsi_host/host0/proc_name", driver + "\n")
    assert rules(pc) == ["raid-volume"]
    pc.write("/sys/block/sda/device/raid_level", "RAID 1\n")
    assert rules(pc) == ["raid-volume"]
    pc.write("/sys/block/sda/device/raid_level", "N/A\n")
    assert rules(pc) == []
    pc.write("/sys/block/sda/device/raid_level", "")
    assert rules(pc) == ["raid-volume"]
    pc.write("/sys/block/sda/device/vpd_pg89", b"\0\x89")  # an ATA disk of its own behind the card
    assert rules(pc) == []


def test_a_raid_volume_by_its_name_and_a_plain_disk_by_its_driver(pc: Composed) -> None:
    assert rules(pc, sda(transport="raid")) == ["raid-volume"]
    pc.write("/sys/class/scsi_host/host0/proc_name", "ahci\n")
    assert rules(pc) == []


# --- NVMe -------------------------------------------------------------------------------------------------------------

NVME = "/sys/devices/pci0000:00/0000:00:1d.0/0000:01:00.0/nvme/nvme0"
OTHER = "/sys/devices/pci0000:00/0000:00:1d.4/0000:02:00.0/nvme/nvme1"


def nvme(name: str = "nvme0n1", **more: Any) -> Disk:
    given = {"name": name, "serial": "N1", "wwn": f"0025{name[-1] * 12}", "transport": "nvme", "kind": "nvme"}
    return sda(**(given | more))


@pytest.fixture(params=["plain", "multipath"])
def drive(request: pytest.FixtureRequest, tmp_path: Path) -> Composed:
    """One NVMe drive of two namespaces, and another drive of one."""
    pc = Composed(tmp_path / "root")
    subsystem = "/sys/devices/virtual/nvme-subsystem/nvme-subsys0"
    above = NVME if request.param == "plain" else subsystem
    for number in (1, 2):
        pc.disk(f"nvme0n{number}", road=f"{above}/nvme0n{number}", nsid=str(number))
        pc.link(f"{above}/nvme0n{number}/device", above)
    if request.param == "multipath":
        pc.disk("nvme0c0n1", road=f"{NVME}/nvme0c0n1", hidden="1")
    pc.write(f"{NVME}/model", "X")
    pc.write(f"{subsystem}/model", "X")
    pc.link(f"{subsystem}/nvme0", NVME)
    pc.link("/sys/class/nvme-subsystem/nvme-subsys0", subsystem)
    pc.disk("nvme1n1", road=f"{OTHER}/nvme1n1", nsid="1")
    pc.link(f"{OTHER}/nvme1n1/device", OTHER)
    return pc


def test_namespaces_by_topology(drive: Composed) -> None:
    over = Topology(drive.host())
    assert over.siblings("nvme0n1") == ("nvme0n2",) and over.siblings("nvme0n2") == ("nvme0n1",)
    assert over.siblings("nvme1n1") == () and over.siblings("sda") == ()
    assert over.namespace_id("nvme0n2") == 2


@pytest.mark.parametrize("transport,wanted", [("tcp", True), ("rdma", True), ("fc", True), ("loop", True),
                                              ("pcie", False)])  # fmt: skip
def test_nvme_over_a_network(drive: Composed, transport: str, wanted: bool) -> None:
    drive.write(f"{NVME}/transport", transport + "\n")
    drive.write(f"{OTHER}/transport", "pcie\n")
    assert ("network-disk" in rules(drive, nvme(), nvme("nvme0n2"))) == wanted
    assert "network-disk" not in rules(drive, nvme("nvme1n1", serial="N2"))


def test_two_free_namespaces_share_their_serial_rightly(drive: Composed) -> None:
    assert rules(drive, nvme(), nvme("nvme0n2"), nvme("nvme1n1", serial="N2", wwn="0025aaaa")) == []
    assert rules(drive, nvme(wwn=None), nvme("nvme0n2", wwn=None)) == ["namespaces-alike", "namespace-busy"]
    assert "namespaces-alike" in rules(drive, nvme(wwn="0025bb"), nvme("nvme0n2", wwn="0025bb", serial="N3"))
    assert rules(drive, nvme("nvme1n1", wwn="0025aaaa"), nvme()) == ["serial-shared"], "two drives never share one"


def test_every_namespace_must_be_free(drive: Composed) -> None:
    number = drive.part("nvme0n2", "nvme0n2p1")
    drive.mount(number, "/dev/nvme0n2p1", "/home")
    assert rules(drive, nvme(), nvme("nvme0n2")) == ["namespace-busy"]
    assert rules(drive, nvme()) == ["namespace-busy"], "also one that is in no list"
    assert rules(drive, nvme("nvme0n2"), nvme()) == ["mounted"]
    (why,) = interlocks.refusals(drive.host(), nvme(), (nvme(), nvme("nvme0n2")), Allowed())
    assert "nvme0n2" in why.fr and "monté" in why.fr and "mounted" in why.en


def test_a_sibling_that_is_read_only_or_booted_from(drive: Composed) -> None:
    assert rules(drive, nvme(), nvme("nvme0n2", is_boot_medium=True)) == ["namespace-busy"]
    drive.write("/sys/block/nvme0n2/ro", "1")
    assert rules(drive, nvme(), nvme("nvme0n2")) == ["namespace-busy"]


# --- the sentences ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_reason_says_which_and_what_to_do(rule: str) -> None:
    said = reason(rule, "sdq", "sdz", reason("mounted", "sdz", "sdz1"))
    for text in (said.fr, said.en):
        assert "{" not in text and text.endswith((".", "»", '"')) and (rule == "replayed" or "sdq" in text)
    assert refusals.ClaimRefused(said).reason is said


def test_the_kernels_own_list_agrees_with_the_composed_one(pc: Composed) -> None:
    (device,) = block_devices.disks_of(pc.host()) or ()
    assert block_devices.as_disk(device).size_bytes == 10**9 // 512 * 512
