"""The one table of magic bytes: what makes a file system, an array member or a document known by its first bytes.

Offsets as in libblkid's superblocks/*.c, wimlib, and the formats' own specifications. Names as blkid says them, because
technicians know those. Nothing here reads a disk.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Magic:
    name: str
    offset: int  # bytes from the start of a volume; negative: from its end
    magic: bytes


VOLUME: tuple[Magic, ...] = (
    Magic("NTFS", 3, b"NTFS    "),
    Magic("exFAT", 3, b"EXFAT   "),
    Magic("ReFS", 3, b"ReFS\0\0\0\0"),
    Magic("BitLocker", 3, b"-FVE-FS-"),
    Magic("BitLocker", 424, bytes.fromhex("3bd66749292ed84a8399f6a339e3d001")),  # To Go: looks like FAT32 otherwise
    Magic("LUKS1", 0, b"LUKS\xba\xbe\x00\x01"),
    Magic("LUKS2", 0, b"LUKS\xba\xbe\x00\x02"),
    *(Magic("LUKS2", 0x4000 << step, b"SKUL\xba\xbe\x00\x02") for step in range(9)),  # the second header
    Magic("xfs", 0, b"XFSB\x00\x00"),
    Magic("btrfs", 0x10040, b"_BHRfS_M"),
    Magic("f2fs", 1024, b"\x10\x20\xf5\xf2\x01\x00"),
    Magic("HFS+", 1024, b"H+\x00\x04"),
    Magic("HFS+", 1024, b"HX\x00\x05"),
    Magic("APFS", 32, b"NXSB\x00\x10\x00\x00"),
    Magic("erofs", 1024, b"\xe2\xe1\xf5\xe0"),
    Magic("reiserfs", 0x10034, b"ReIsEr"),
    Magic("jfs", 0x8000, b"JFS1"),
    Magic("ISO9660", 0x8001, b"CD001"),
    Magic("UDF", 0x8801, b"NSR0"),
    Magic("UDF", 0x9001, b"NSR0"),
    Magic("squashfs", 0, b"hsqs"),
    *(Magic("swap", page - 10, b"SWAPSPACE2") for page in (4096, 8192, 16384, 32768, 65536)),
    *(Magic("swap", page - 10, b"SWAP-SPACE") for page in (4096, 8192, 16384, 32768, 65536)),
    *(Magic("hibernation", page - 10, b"S1SUSPEND") for page in (4096, 8192, 16384, 65536)),
    Magic("linux_raid_member", 0, b"\xfc\x4e\x2b\xa9\x01\x00\x00\x00"),  # 1.1
    Magic("linux_raid_member", 4096, b"\xfc\x4e\x2b\xa9\x01\x00\x00\x00"),  # 1.2
    Magic("bcache", 4096 + 24, bytes.fromhex("c68573f64e1a45ca8265f57f48ba6d81")),
    Magic("stratis", 516, b"!Stra0tis\x86\xff\x02^\x41rh"),
    Magic("ceph_bluestore", 0, b"bluestore block device"),
    Magic("vdo", 0, b"dmvdo001"),
    Magic("ldm_member", 0xC00, b"PRIVHEAD"),  # Windows dynamic disk, MBR
    Magic("isw_raid_member", -1024, b"Intel Raid ISM Cfg Sig. "),
    Magic("isw_raid_member", -8192, b"Intel Raid ISM Cfg Sig. "),  # sectors of 4096 bytes
    Magic("nvidia_raid_member", -1024, b"NVIDIA  "),
    Magic("lsi_mega_raid_member", -512, b"$XIDE$"),
    *(
        Magic("promise_fasttrack_raid_member", -sector * 512, b"Promise Technology, Inc.")
        for sector in (63, 255, 256, 16, 399, 591, 675, 735, 911, 974, 991, 951)
    ),
)

# One part of something that spans several disks: erasing it harms disks that were not named.
MEMBERS = frozenset(
    {
        "LVM2_member", "linux_raid_member", "zfs_member", "bcache", "stratis", "ceph_bluestore", "vdo", "ldm_member",
        "isw_raid_member", "ddf_raid_member", "nvidia_raid_member", "lsi_mega_raid_member",
        "promise_fasttrack_raid_member", "storage_spaces_member", "btrfs_several_disks",
    }
)  # fmt: skip

# Partition types (first bytes of the GUID as stored) whose content has no magic of its own at the start.
GPT_TYPES: tuple[tuple[bytes, str], ...] = (
    (bytes.fromhex("aac808588f7ee04285d2e1e90434cfb3"), "ldm_member"),
    (bytes.fromhex("a0609baf3114624fbc683311714a69ad"), "ldm_member"),
    (bytes.fromhex("8faf5ce780f6ee4cafa3b001e56efc2d"), "storage_spaces_member"),
)
MBR_TYPES = {0x42: "ldm_member"}

# --- inside any sector: what a read-back looks for --------------------------------------------------------------------

# Each long enough (seven bytes or more) that random data of a whole disk shows none by chance; by place in a sector.
SECTOR: tuple[Magic, ...] = (
    Magic("NTFS", 3, b"NTFS    "),
    Magic("exFAT", 3, b"EXFAT   "),
    Magic("BitLocker", 3, b"-FVE-FS-"),
    Magic("GPT", 0, b"EFI PART"),
    Magic("btrfs", 0x40, b"_BHRfS_M"),
    Magic("LUKS", 0, b"LUKS\xba\xbe\x00\x01"),
    Magic("LUKS", 0, b"LUKS\xba\xbe\x00\x02"),
    Magic("LVM2_member", 0, b"LABELONE"),
    Magic("linux_raid_member", 0, b"\xfc\x4e\x2b\xa9\x01\x00\x00\x00"),
    Magic("swap", 502, b"SWAPSPACE2"),
    Magic("xfs", 0, b"XFSB\x00\x00\x10\x00"),
    Magic("HFS+", 0, b"H+\x00\x04\x80\x00"),
    Magic("APFS", 32, b"NXSB\x00\x10\x00\x00"),
    Magic("ISO9660", 0, b"\x01CD001\x01"),
    *(
        Magic("ext4", 56, b"\x53\xef" + bytes((state, 0, errors, 0, 0, 0)))
        for state in (0, 1, 2, 3, 5)
        for errors in (1, 2, 3)
    ),
    Magic("FAT", 54, b"FAT12   "),
    Magic("FAT", 54, b"FAT16   "),
    Magic("FAT", 82, b"FAT32   "),
    Magic("NTFS file record", 0, b"FILE\x30\x00\x03\x00"),
    Magic("NTFS index", 0, b"INDX\x28\x00\x09\x00"),
    Magic("JPEG", 0, b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"),
    Magic("JPEG", 6, b"Exif\x00\x00\x49\x49"),
    Magic("JPEG", 6, b"Exif\x00\x00\x4d\x4d"),
    Magic("PNG", 0, b"\x89PNG\r\n\x1a\n"),
    Magic("GIF", 0, b"GIF89a\x00"),
    Magic("PDF", 0, b"%PDF-1."),
    Magic("PDF", 0, b"%PDF-2."),
    Magic("OOXML", 30, b"[Content_Types].xml"),
    Magic("OpenDocument", 30, b"mimetypeapplication/"),
    *(Magic("ZIP", 0, b"PK\x03\x04\x14\x00" + bytes((flags, 0))) for flags in (0, 2, 6, 8)),
    Magic("ZIP", 0, b"PK\x03\x04\x0a\x00\x00\x00"),
    Magic("7z", 0, b"7z\xbc\xaf\x27\x1c\x00"),
    Magic("RAR", 0, b"Rar!\x1a\x07\x00"),
    Magic("RAR", 0, b"Rar!\x1a\x07\x01\x00"),
    Magic("Office 97", 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    Magic("SQLite", 0, b"SQLite format 3\x00"),
    Magic("MP4", 4, b"ftypisom"),
    Magic("MP4", 4, b"ftypmp42"),
    Magic("MP4", 4, b"ftypqt  "),
    Magic("MP4", 4, b"ftypheic"),
    Magic("MP3", 0, b"ID3\x03\x00\x00\x00"),
    Magic("MP3", 0, b"ID3\x04\x00\x00\x00"),
    Magic("AVI", 8, b"AVI LIST"),
    Magic("WAV", 8, b"WAVEfmt "),
    Magic("RTF", 0, b"{\\rtf1\\"),
    Magic("Outlook", 8, b"SM\x17\x00\x13\x00\x01"),
    Magic("Outlook", 8, b"SM\x0e\x00\x13\x00\x01"),
    Magic("Windows registry", 0, b"hbin\x00\x00\x00\x00\x00\x10\x00\x00"),
    Magic("Windows log", 0, b"ElfFile\x00"),
    Magic("Windows shortcut", 0, bytes.fromhex("4c0000000114020000000000c0000000")),
    Magic("key", 0, b"-----BEGIN "),
    Magic("XML", 0, b"<?xml version="),
    Magic("HTML", 0, b"<!DOCTYPE html"),
)


def name_in_sector(sector: bytes) -> str | None:
    """What the sector is a part of by its magic bytes, or None."""
    for one in SECTOR:
        if sector[one.offset : one.offset + len(one.magic)] == one.magic:
            return one.name
    return None
