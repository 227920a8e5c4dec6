"""Signatures: real file systems made by their own programs, with blkid and wipefs as oracle, and composed members."""

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from agent.wipe.magics import MEMBERS, SECTOR, VOLUME, name_in_sector
from agent.wipe.signatures import Reader, is_array_member, is_rebond_stick, signatures_on

MIB = 1 << 20


class ImageIO:
    """A plain file as a disk; sectors listed in `bad` cannot be read."""

    def __init__(self, path: Path, sector_bytes: int = 512, bad: frozenset[int] = frozenset()) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        self.size_bytes = path.stat().st_size
        self.sector_bytes = sector_bytes
        self.bad = bad
        self.reads: list[tuple[int, int]] = []

    def read_into(self, buffer: memoryview, offset_bytes: int) -> int:
        assert offset_bytes % self.sector_bytes == 0 and len(buffer) % self.sector_bytes == 0
        self.reads.append((offset_bytes, len(buffer)))
        first, last = offset_bytes // self.sector_bytes, (offset_bytes + len(buffer) - 1) // self.sector_bytes
        if any(first <= sector <= last for sector in self.bad):
            raise OSError(5, "Input/output error")
        return os.preadv(self._descriptor, [buffer], offset_bytes)

    def write_from(self, buffer: memoryview, offset_bytes: int) -> int:
        raise AssertionError("signatures never write")

    def flush(self) -> None:
        raise AssertionError

    def forget(self) -> None:
        raise AssertionError

    def __del__(self) -> None:
        os.close(self._descriptor)


def image(folder: Path, size: int = 64 * MIB) -> Path:
    path = folder / "disk.img"
    path.touch()
    os.truncate(path, size)
    return path


def put(path: Path, *pieces: tuple[int, bytes]) -> Path:
    descriptor = os.open(path, os.O_WRONLY)
    for offset, data in pieces:
        os.pwrite(descriptor, data, offset if offset >= 0 else path.stat().st_size + offset)
    os.close(descriptor)
    return path


# --- made by real programs --------------------------------------------------------------------------------------------

MAKERS = {
    "ext2": ("mkfs.ext2 -q -F", "ext2"),
    "ext3": ("mkfs.ext3 -q -F", "ext3"),
    "ext4": ("mkfs.ext4 -q -F -L SECRET", "ext4"),
    "fat16": ("mkfs.vfat -F 16 -n SECRET", "FAT"),
    "fat32": ("mkfs.vfat -F 32 -n SECRET", "FAT"),
    "ntfs": ("mkntfs -q -Q -F -L SECRET", "NTFS"),
    "exfat": ("mkfs.exfat -L SECRET", "exFAT"),
    "xfs": ("mkfs.xfs -q -f --unsupported -L SECRET", "xfs"),
    "btrfs": ("mkfs.btrfs -q -f -L SECRET", "btrfs"),
    "f2fs": ("mkfs.f2fs -q -f -l SECRET", "f2fs"),
    "swap": ("mkswap -L SECRET", "swap"),
    "swap-64k": ("mkswap -p 65536", "swap"),
    "luks1": ("cryptsetup luksFormat -q --type luks1 --iter-time 1 --key-file /dev/urandom --keyfile-size 16", "LUKS1"),
    "luks2": (
        "cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file /dev/urandom "
        "--keyfile-size 16", "LUKS2",
    ),
    "bcache": ("make-bcache -B", "bcache"),
}  # fmt: skip
# blkid's word for ours, where they differ.
BLKID = {"vfat": "FAT", "ntfs": "NTFS", "exfat": "exFAT", "crypto_LUKS": "LUKS"}


def make(command: str, path: Path, *more: str) -> None:
    words = command.split()
    program = shutil.which(words[0], path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        pytest.skip(f"{words[0]} is not installed here")
    done = subprocess.run([program, *words[1:], str(path), *more], capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        pytest.skip(f"{words[0]} does not do it here: {done.stderr[-200:]!r}")


def told_by_blkid(path: Path) -> str:
    answer = subprocess.run(["/usr/sbin/blkid", "-p", "-o", "value", "-s", "TYPE", str(path)], capture_output=True)
    return answer.stdout.decode().strip()


@pytest.mark.programs
@pytest.mark.parametrize("kind", MAKERS)
def test_real_file_systems_are_known_and_blkid_agrees(kind: str, tmp_path: Path) -> None:
    command, name = MAKERS[kind]
    path = image(tmp_path, 320 * MIB if kind == "xfs" else 128 * MIB)
    make(command, path)
    found = signatures_on(ImageIO(path))
    assert name in found
    assert set(found) <= {name}, "one file system was made"
    theirs = told_by_blkid(path)
    assert name.startswith(BLKID.get(theirs, theirs)) if theirs else pytest.fail("blkid knows no such thing")
    assert "SECRET" not in "".join(found)
    assert is_array_member(found) == (kind == "bcache")


@pytest.mark.programs
@pytest.mark.parametrize("table", ["gpt", "dos"])
def test_inside_partitions(table: str, tmp_path: Path) -> None:
    path, part = image(tmp_path), tmp_path / "part"
    script = "size=16MiB\nsize=16MiB\n" if table == "gpt" else "size=16MiB\ntype=5\nsize=16MiB\nsize=4MiB\n"
    sfdisk = shutil.which("sfdisk", path="/usr/sbin:/sbin")
    if sfdisk is None:
        pytest.skip("sfdisk is not installed here")
    subprocess.run([sfdisk, "-q", "-X", table, str(path)], input=script.encode(), check=True, capture_output=True)
    told = json.loads(subprocess.run([sfdisk, "-J", str(path)], check=True, capture_output=True).stdout)
    places = [(one["start"] * 512, one["size"] * 512) for one in told["partitiontable"]["partitions"]]
    start, size = places[-1]
    part.touch()
    os.truncate(part, size)
    make("mkswap", part)
    put(path, (start, part.read_bytes()))
    assert signatures_on(ImageIO(path)) == (("GPT", "MBR", "swap") if table == "gpt" else ("MBR", "swap"))


@pytest.mark.programs
def test_nothing_is_left_where_wipefs_was(tmp_path: Path) -> None:
    path = image(tmp_path)
    make("mkfs.ext4 -q -F", path)
    subprocess.run(["/usr/sbin/wipefs", "-q", "-a", str(path)], check=True)
    assert signatures_on(ImageIO(path)) == ()


@pytest.mark.programs
@pytest.mark.parametrize(
    "make_image", [("genisoimage -quiet -o", "ISO9660"), ("mksquashfs", "squashfs")], ids=["iso9660", "squashfs"]
)
def test_live_media(make_image: tuple[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "a").write_bytes(os.urandom(70000))
    path = tmp_path / "disk.img"
    if make_image[1] == "ISO9660":
        make(make_image[0], path, str(folder))
    else:
        make("mksquashfs", folder, str(path), "-quiet", "-no-progress")
    os.truncate(path, -(-path.stat().st_size // 512) * 512)
    assert make_image[1] in signatures_on(ImageIO(path))
    assert make_image[1].lower() == told_by_blkid(path)


# --- composed: members of arrays, and what no program here makes ------------------------------------------------------

SIZE = 64 * MIB
MD = b"\xfc\x4e\x2b\xa9"
ZFS = (0x00BAB10C).to_bytes(8, "little")
COMPOSED = {
    "lvm": ([(512, b"LABELONE" + b"\0" * 16 + b"LVM2 001")], "LVM2_member"),
    "md-1.0": ([(SIZE - 8192, MD + b"\x01\0\0\0")], "linux_raid_member"),
    "md-1.1": ([(0, MD + b"\x01\0\0\0")], "linux_raid_member"),
    "md-1.2": ([(4096, MD + b"\x01\0\0\0")], "linux_raid_member"),
    "md-0.90": ([(SIZE - 65536, MD + b"\0\0\0\0")], "linux_raid_member"),
    "zfs-first": ([(0x21000, ZFS)], "zfs_member"),
    "zfs-last": ([(SIZE - 0x20000 + 0x1000, ZFS)], "zfs_member"),
    "zfs-third-big": ([(SIZE - 0x60000, ZFS[::-1])], "zfs_member"),
    "isw-4096": ([(-8192, b"Intel Raid ISM Cfg Sig. 1.3.00")], "isw_raid_member"),
    "promise": ([(-255 * 512, b"Promise Technology, Inc.")], "promise_fasttrack_raid_member"),
    "isw": ([(-1024, b"Intel Raid ISM Cfg Sig. 1.3.00")], "isw_raid_member"),
    "ddf": ([(-512, b"\xde\x11\xde\x11" + b"\0" * 28 + b"01.02.00")], "ddf_raid_member"),
    "btrfs-two": ([(0x10040, b"_BHRfS_M"), (0x10088, b"\x02" + b"\0" * 7)], "btrfs_several_disks"),
    "ldm": ([(0xC00, b"PRIVHEAD")], "ldm_member"),
}
PLAIN = {
    "bitlocker": ([(0, b"\xeb\x58\x90-FVE-FS-"), (510, b"\x55\xaa")], ("BitLocker",)),
    "apfs": ([(32, b"NXSB\0\x10\0\0")], ("APFS",)),
    "hfs+": ([(1024, b"H+\x00\x04")], ("HFS+",)),
    "luks2-second-header": ([(0x400000, b"SKUL\xba\xbe\x00\x02")], ("LUKS2",)),
    "gpt-at-4096": ([(4096, b"EFI PART" + b"\0" * 84)], ("GPT",)),
    "gpt-spare-only": ([(-512, b"EFI PART")], ("GPT",)),
    "nothing": ([], ()),
    "boot code is no partition table": ([(446, b"\x41" * 64), (510, b"\x55\xaa")], ()),
    "ext magic alone is not enough": ([(1080, b"\x53\xef")], ()),
}


@pytest.mark.parametrize("case", COMPOSED)
def test_members_of_arrays(case: str, tmp_path: Path) -> None:
    pieces, name = COMPOSED[case]
    found = signatures_on(ImageIO(put(image(tmp_path, SIZE), *pieces)))
    assert name in found and is_array_member(found)


@pytest.mark.parametrize("case", COMPOSED)
def test_members_inside_a_partition(case: str, tmp_path: Path) -> None:
    pieces, name = COMPOSED[case]
    start = 3 * MIB
    entry = struct.pack("<B3xB3xII", 0, 0x83, start // 512, SIZE // 512)
    path = put(image(tmp_path, start + SIZE + 4 * MIB), (446, entry), (510, b"\x55\xaa"))
    put(path, *((start + (offset if offset >= 0 else SIZE + offset), data) for offset, data in pieces))
    found = signatures_on(ImageIO(path))
    assert found[0] == "MBR" and name in found and is_array_member(found)


@pytest.mark.parametrize("case", PLAIN)
def test_others(case: str, tmp_path: Path) -> None:
    pieces, names = PLAIN[case]
    found = signatures_on(ImageIO(put(image(tmp_path, SIZE), *pieces)))
    assert found == names and not is_array_member(found)


@pytest.mark.parametrize("guid,name", [("aac808588f7ee04285d2e1e90434cfb3", "ldm_member"),
                                       ("8faf5ce780f6ee4cafa3b001e56efc2d", "storage_spaces_member")])  # fmt: skip
def test_known_by_the_type_of_the_partition(guid: str, name: str, tmp_path: Path) -> None:
    header = b"EFI PART" + b"\0" * 64 + struct.pack("<QII", 2, 4, 128)
    entry = bytes.fromhex(guid) + b"\x01" * 16 + struct.pack("<QQ", 2048, 4095)
    found = signatures_on(ImageIO(put(image(tmp_path, SIZE), (512, header), (1024, entry))))
    assert found == ("GPT", name) and is_array_member(found)


@pytest.mark.parametrize("size", [0, 512, 4096, 65536, 300 << 10, MIB, 5 * MIB])
@pytest.mark.parametrize("sector_bytes", [512, 4096])
def test_any_size_is_read_within_its_bounds(size: int, sector_bytes: int, tmp_path: Path) -> None:
    io = ImageIO(image(tmp_path, size // sector_bytes * sector_bytes), sector_bytes)
    assert signatures_on(io) == ()
    assert all(offset + length <= io.size_bytes for offset, length in io.reads)


def test_a_bad_sector_hides_no_signature_behind_it(tmp_path: Path) -> None:
    path = put(image(tmp_path, SIZE), (0x10040, b"_BHRfS_M"), (0x10088, b"\x01" + b"\0" * 7))
    assert signatures_on(ImageIO(path, bad=frozenset({0, 3, 100}))) == ("btrfs",)
    dying = ImageIO(path, bad=frozenset(range(SIZE // 512)))
    assert signatures_on(dying) == ()
    assert len(dying.reads) < 60, "a dying disk is not asked for each sector"


def test_loops_of_partition_tables_end(tmp_path: Path) -> None:
    extended = struct.pack("<B3xB3xII", 0, 5, 1, 1000)
    again = struct.pack("<B3xB3xII", 0, 0x83, 1, 8) + struct.pack("<B3xB3xII", 0, 5, 0, 1000)
    path = put(image(tmp_path, MIB), (446, extended), (510, b"\x55\xaa"), (512 + 446, again), (512 + 510, b"\x55\xaa"))
    assert signatures_on(ImageIO(path)) == ("MBR",)


# --- inside sectors ---------------------------------------------------------------------------------------------------


def test_sector_magics_are_long_enough_to_be_no_chance() -> None:
    assert all(len(one.magic) >= 6 for one in SECTOR)
    assert all(one.offset >= 0 and one.offset + len(one.magic) <= 512 for one in SECTOR)
    assert {one.name for one in VOLUME} & MEMBERS


@pytest.mark.parametrize("one", SECTOR, ids=lambda one: f"{one.name}-{one.offset}-{one.magic[:4].hex()}")
def test_each_is_found_at_its_place_only(one: object) -> None:
    sector = bytearray(512)
    sector[one.offset : one.offset + len(one.magic)] = one.magic  # type: ignore[attr-defined]
    assert name_in_sector(bytes(sector)) is not None
    assert name_in_sector(b"\0" + bytes(sector[:-1])) is None


def test_random_data_has_none() -> None:
    data = os.urandom(8 * MIB)
    assert not any(name_in_sector(data[at : at + 512]) for at in range(0, len(data), 512))


class Failing:
    """A disk that reads nothing any more, and counts how often it was asked."""

    size_bytes, sector_bytes, reads = 64 << 20, 512, 0

    def read_into(self, buffer: memoryview, offset_bytes: int) -> int:
        self.reads += 1
        raise OSError(5, "Input/output error")


def test_both_looks_together_ask_a_failing_disk_no_more_than_one() -> None:
    one, both = Failing(), Failing()
    signatures_on(one)  # type: ignore[arg-type] # it only reads
    reader = Reader(both)  # type: ignore[arg-type] # it only reads
    assert not is_rebond_stick(reader) and signatures_on(both, reader) == ()  # type: ignore[arg-type] # it only reads
    assert both.reads <= one.reads + 1
