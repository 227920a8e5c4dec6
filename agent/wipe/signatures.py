"""What is on a disk by its magic bytes: at its start and end, and at those of each partition. Never a label or a name.

Only reads. What cannot be read is passed over sector by sector: a failing disk must still be told and erased.
"""

import mmap
import struct
from collections.abc import Iterable, Iterator

from agent.wipe.device import BlockIO
from agent.wipe.magics import GPT_TYPES, MBR_TYPES, MEMBERS, VOLUME

_HEAD_BYTES = 272 << 10  # up to the end of the first ZFS label
_TAIL_BYTES = 528 << 10  # two ZFS labels, md 0.90, and the makers' RAID notes
_PARTITIONS_MOST = 128
_UNREADABLE_MOST = 16  # sectors tried by themselves: an old disk takes seconds for each
_LUKS_SECOND_MOST = 4 << 20
_STICK, _STATION = b"REBOND", b"REBOND-DATA"  # scripts/image/pack


def signatures_on(io: BlockIO, reader: "Reader | None" = None) -> tuple[str, ...]:
    """Names as blkid says them ("NTFS", "ext4", "LVM2_member"), each once, in order of place."""
    reader = reader or Reader(io)
    head = reader.read(0, _HEAD_BYTES)
    found = list(_table(head, reader))
    found += _volume(reader, 0, io.size_bytes)
    for start, size, kind in _partitions(reader, head):
        found += [kind] if kind else []
        found += _volume(reader, start, size)
    return tuple(dict.fromkeys(found))


def is_rebond_stick(reader: "Reader", iso_uuid: str | None = None) -> bool:
    """Our own image, or a station's partition, whatever udev made of it. `iso_uuid`: of the image that is running.

    One reader serves this and `signatures_on`: a failing disk takes seconds for each sector that it cannot read.
    """
    head = reader.read(0, _HEAD_BYTES)
    disc = head[0x8000:0x8800]  # ECMA-119, 8.4: the primary volume descriptor
    if disc[:6] == b"\x01CD001" and (disc[40:72].rstrip() == _STICK or _iso_uuid(disc) == iso_uuid):
        return True
    starts = [0, *(start for start, _, _ in _partitions(reader, head))]
    return any(_label(reader.read(start, 2048)) == _STATION for start in starts)


def _iso_uuid(disc: bytes) -> str:
    """As libblkid makes one: of the date of modification, else of creation (hundredths of a second included)."""
    dates = (disc[at : at + 16].decode("ascii", "replace") for at in (830, 813))
    told = next((date for date in dates if date.strip("0\0 ")), "")
    return "-".join((told[:4], *(told[at : at + 2] for at in range(4, 16, 2))))


def _label(head: bytes) -> bytes:
    if head[1080:1082] == b"\x53\xef":
        return head[1144:1160].rstrip(b"\0")  # ext4/super.rst: s_volume_name
    if head[510:512] == b"\x55\xaa":
        places = ((82, 71), (54, 43))  # FAT32, FAT12 and 16: the kind's word, then the label's place
        return next((head[at : at + 11].rstrip() for word, at in places if head[word : word + 3] == b"FAT"), b"")
    return b""


def is_array_member(found: Iterable[str]) -> bool:
    """Part of something that spans several disks: a second confirmation is needed."""
    return any(name in MEMBERS for name in found)


class Reader:
    """Bytes by place: aligned as O_DIRECT wants it, zeros where the disk cannot be read."""

    def __init__(self, io: BlockIO) -> None:
        self._io = io
        self._left = _UNREADABLE_MOST
        self._kept: dict[tuple[int, int], bytes] = {}

    def read(self, start: int, length: int) -> bytes:
        """At most `length` bytes at `start`: less at the end of the disk."""
        length = max(0, min(length, self._io.size_bytes - start))
        if start < 0 or length == 0:
            return b""
        if (start, length) not in self._kept:
            self._kept[start, length] = self._fresh(start, length)
        return self._kept[start, length]

    def _fresh(self, start: int, length: int) -> bytes:
        sector = max(self._io.sector_bytes, 512)
        first = start // sector * sector
        last = -(-(start + length) // sector) * sector
        with mmap.mmap(-1, last - first) as room, memoryview(room) as view:
            self._into(view, first, sector)
            return bytes(view[start - first : start - first + length])

    def _into(self, view: memoryview, offset: int, sector: int) -> None:
        done = 0
        while done < len(view):
            try:
                with view[done:] as rest:
                    came = self._io.read_into(rest, offset + done)
            except OSError:
                break
            if came <= 0:
                return
            done += came // sector * sector or came
        while done < len(view) and self._left > 0:  # one sector at a time, from the one that failed
            with view[done : done + sector] as one:
                try:
                    if self._io.read_into(one, offset + done) <= 0:
                        return
                except OSError:
                    self._left -= 1
            done += sector


# --- partitions -------------------------------------------------------------------------------------------------------


def _gpt_sector(head: bytes, sector: int) -> int | None:
    """Where the GPT begins; a disk that was used behind another bridge may have it at the other sector size."""
    return next((size for size in (sector, 512, 4096) if head[size : size + 8] == b"EFI PART"), None)


def _table(head: bytes, reader: Reader) -> Iterator[str]:
    sector, size = reader._io.sector_bytes, reader._io.size_bytes
    has_spare = any(reader.read(size - step, 8) == b"EFI PART" for step in {sector, 512, 4096})
    if _gpt_sector(head, sector) is not None or has_spare:
        yield "GPT"
    if _mbr_entries(head[:512]):
        yield "MBR"


def _mbr_entries(sector: bytes) -> list[tuple[int, int, int]]:
    """(type, first sector, sectors) of each entry in use; empty when this is no partition table."""
    if sector[510:512] != b"\x55\xaa":
        return []
    entries = []
    for at in range(446, 510, 16):
        flag, kind = sector[at], sector[at + 4]
        first, count = struct.unpack_from("<II", sector, at + 8)
        if flag not in (0, 0x80):
            return []  # boot code of a file system
        if kind and count:
            entries.append((kind, first, count))
    return entries


def _partitions(reader: Reader, head: bytes) -> Iterator[tuple[int, int, str]]:
    """Start and size in bytes of each partition, with the name that its type alone gives."""
    sector = _gpt_sector(head, reader._io.sector_bytes)
    found = _gpt(reader, head, sector) if sector else _mbr(reader, head, reader._io.sector_bytes)
    for place, partition in enumerate(found):
        if place >= _PARTITIONS_MOST:
            return
        yield partition


def _gpt(reader: Reader, head: bytes, sector: int) -> Iterator[tuple[int, int, str]]:
    """UEFI 2.10, 5.3.2: entries' place at 72, their number at 80, size of one at 84."""
    place, count, step = struct.unpack_from("<QII", head, sector + 72)
    if not 128 <= step <= 4096 or count > 1024:
        return
    table = reader.read(place * sector, count * step)
    for at in range(0, len(table) - 127, step):
        first, last = struct.unpack_from("<QQ", table, at + 32)
        if any(table[at : at + 16]) and last >= first:
            kind = next((name for guid, name in GPT_TYPES if table[at : at + 16] == guid), "")
            yield first * sector, (last - first + 1) * sector, kind


def _mbr(reader: Reader, head: bytes, sector: int) -> Iterator[tuple[int, int, str]]:
    for kind, first, count in _mbr_entries(head[:512]):
        if kind in (0x05, 0x0F, 0x85):
            yield from _logical(reader, first, sector)
        else:
            yield first * sector, count * sector, MBR_TYPES.get(kind, "")


def _logical(reader: Reader, extended: int, sector: int) -> Iterator[tuple[int, int, str]]:
    """The chain of extended boot records: a first entry from here, a second that names the next one."""
    at, seen = extended, set[int]()
    while at not in seen and len(seen) < _PARTITIONS_MOST:
        seen.add(at)
        entries = _mbr_entries(reader.read(at * sector, 512))
        following = None
        for kind, first, count in entries[:2]:
            if kind in (0x05, 0x0F, 0x85):
                following = extended + first
            else:
                yield (at + first) * sector, count * sector, MBR_TYPES.get(kind, "")
        if following is None:
            return
        at = following


# --- one volume -------------------------------------------------------------------------------------------------------


def _volume(reader: Reader, start: int, size: int) -> list[str]:
    size = min(size, reader._io.size_bytes - start)
    if size <= 0:
        return []
    head = reader.read(start, min(_HEAD_BYTES, size))
    tail = reader.read(start + max(0, size - _TAIL_BYTES), min(_TAIL_BYTES, size))
    found = []
    for one in VOLUME:
        if one.offset >= len(head) > _HEAD_BYTES - 512 and one.offset < min(size, _LUKS_SECOND_MOST + 512):
            place = reader.read(start + one.offset, len(one.magic))
        elif one.offset >= 0:
            place = head[one.offset : one.offset + len(one.magic)]
        else:
            place = tail[one.offset :][: len(one.magic)]
        if place == one.magic:
            found.append(one.name)
    found += _ext(head) + _fat(head) + _lvm(head) + _zfs(head, tail, size) + _md_at_end(tail, size) + _ddf(tail)
    if "btrfs" in found and head[0x10088:0x10090] not in (b"", (1).to_bytes(8, "little")):
        found.append("btrfs_several_disks")
    return found


def _ext(head: bytes) -> list[str]:
    """Documentation/filesystems/ext4/super.rst: the features tell ext2, 3 and 4 apart, as in libblkid."""
    if len(head) < 2048 or head[1080:1082] != b"\x53\xef":
        return []
    log_block, per_group = struct.unpack_from("<I4xI", head, 1024 + 24)
    revision, compat, incompat, read_only = (struct.unpack_from("<I", head, 1024 + at)[0] for at in (76, 92, 96, 100))
    if log_block > 6 or not per_group or revision > 1:
        return []
    if incompat & 0x8:
        return ["jbd"]
    if incompat & ~0x16 or read_only & ~0x7:
        return ["ext4"]
    return ["ext3" if compat & 0x4 else "ext2"]


def _fat(head: bytes) -> list[str]:
    if head[510:512] != b"\x55\xaa" or head[3:11] in (b"NTFS    ", b"EXFAT   ", b"-FVE-FS-"):
        return []
    has_name = head[54:59] == b"FAT12" or head[54:59] == b"FAT16" or head[82:87] == b"FAT32"
    return ["FAT"] if has_name else []


def _lvm(head: bytes) -> list[str]:
    labels = (head[at : at + 32] for at in range(0, 2048, 512))
    return ["LVM2_member"] if any(one[:8] == b"LABELONE" and one[24:32] == b"LVM2 001" for one in labels) else []


def _zfs(head: bytes, tail: bytes, size: int) -> list[str]:
    """An uberblock of any of the four labels: each has a ring of them in its second half."""
    end = (size & ~0x3FFFF) - size  # labels lie on whole 256 KiB; negative offset of the end of the last one
    labels = [head[0x20000:0x40000], *(tail[len(tail) + end - back :][:0x20000] for back in (0x20000, 0x60000))]
    magics = ((0x00BAB10C).to_bytes(8, "little"), (0x00BAB10C).to_bytes(8, "big"))
    found = any(ring[at : at + 8] in magics for ring in labels for at in range(0, len(ring), 1024))
    return ["zfs_member"] if found else []


def _md_at_end(tail: bytes, size: int) -> list[str]:
    """md(4): 1.0 lies 8 KiB before the end on a whole 4 KiB, 0.90 in the last whole 64 KiB."""
    base = size - len(tail)
    newer = ((size // 512 - 16) & ~7) * 512 - base
    older = (size & ~0xFFFF) - 0x10000 - base
    is_newer = newer >= 0 and tail[newer : newer + 8] == b"\xfc\x4e\x2b\xa9\x01\x00\x00\x00"
    is_older = older >= 0 and tail[older : older + 8] in (
        b"\xfc\x4e\x2b\xa9\x00\x00\x00\x00", b"\xa9\x2b\x4e\xfc\x00\x00\x00\x00",
    )  # fmt: skip
    return ["linux_raid_member"] if is_newer or is_older else []


def _ddf(tail: bytes) -> list[str]:
    """SNIA DDF 2.0, 5.5: the anchor is in the last sector, or 256 before it; its revision is text."""
    anchors = (tail[len(tail) - back :][:40] for back in (512, 257 * 512) if len(tail) >= back)
    is_ddf = any(
        one[:4] in (b"\xde\x11\xde\x11", b"\x11\xde\x11\xde") and one[32:34].isdigit() and one[34:35] == b"."
        for one in anchors
    )
    return ["ddf_raid_member"] if is_ddf else []
