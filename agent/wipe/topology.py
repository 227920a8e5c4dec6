"""How block devices lie upon each other and who uses them, from sysfs and procfs alone. Reads a Host, opens nothing.

`above(disk)` is everything that would be hurt: the disk, its partitions, and every map, array, cache and loop device
built on any of them, however deep.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from agent.host import Host
from agent.wipe.loop_backing import backings

_ESCAPED = re.compile(r"\\([0-7]{3})")
_MAPS = (("mpath-", "multipath"), ("LVM-", "lvm-in-use"), ("CRYPT-", "crypt-in-use"), ("DMRAID-", "fake-raid-in-use"))
_BY_NAME = re.compile(r"(nbd|rbd|drbd|etherd)")
# Where sysfs hangs a disk that comes over iSCSI, Fibre Channel or USB over IP.
_BY_ROAD = ((r"/session\d+/", "iSCSI"), (r"/rport-\d", "Fibre Channel"), (r"/vhci_hcd", "USB/IP"))
_BY_DRIVER = ("ib_srp", "iscsi_tcp", "iser", "qla4xxx", "fcoe", "bnx2fc", "qedf", "qedi", "bnx2i", "be2iscsi")
_NVME = re.compile(r"nvme(\d+)n(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    number: str  # "8:1"; of btrfs and overlay an anonymous one
    source: str  # kernel name where the source is a device, else ""
    at: str


class Topology:
    """One look at the machine; make a new one to look again."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @cached_property
    def disks(self) -> tuple[str, ...]:
        return self.host.names("/sys/block")

    @cached_property
    def _loops(self) -> tuple[tuple[str, str], ...]:
        """(loop device, backing path), of those in use."""
        told = ((name, self.host.text(f"/sys/block/{name}/loop/backing_file")) for name in self.disks)
        return tuple((name, path.removesuffix(" (deleted)")) for name, path in told if path)

    def loops_over(self, path: str) -> tuple[str, ...]:
        """Loop devices over this file."""
        return tuple(name for name, backing in self._loops if path and backing == path.removesuffix(" (deleted)"))

    @cached_property
    def _loop_numbers(self) -> dict[str, tuple[str, str]]:
        return backings(self.host, [name for name, _ in self._loops])

    def writers_of(self, disk: str) -> tuple[str, ...]:
        """Programs other than this one that hold the disk or a partition of it open for writing: dd, another wiper.

        By device number: in a container the node has another path, and anyone may make a second one.
        """
        nodes = {"/dev/" + one.replace("!", "/") for one in (disk, *self.parts(disk))}
        numbers = {self.number(one) for one in (disk, *self.parts(disk))} - {None}
        ours = self.host.link("/proc/self")
        found = []
        for process in self.host.names("/proc"):
            if not process.isdigit() or process == ours:
                continue
            for descriptor in self.host.names(f"/proc/{process}/fd"):
                link = f"/proc/{process}/fd/{descriptor}"
                is_it = self.host.device_number(link) in numbers or self.host.link(link) in nodes
                if is_it and self._writes(process, descriptor):
                    found.append((self.host.text(f"/proc/{process}/comm") or process).strip())
        return tuple(dict.fromkeys(found))

    def _writes(self, number: str, descriptor: str) -> bool:
        """O_ACCMODE of "flags:" (Documentation/filesystems/proc.rst, 3.8), octal; unreadable counts as writing."""
        told = self.host.text(f"/proc/{number}/fdinfo/{descriptor}") or ""
        flags = re.search(r"^flags:\s*([0-7]+)$", told, re.MULTILINE)
        return flags is None or int(flags[1], 8) & 3 != 0

    @cached_property
    def mounts(self) -> tuple[Mount, ...]:
        """Of this process and of the first one: a disk may be mounted where we do not see it."""
        lines = (self.host.text(f"/proc/{who}/mountinfo") or "" for who in ("self", "1"))
        found = [self._mount(line) for text in lines for line in text.splitlines()]
        return tuple(dict.fromkeys(mount for mount in found if mount is not None))

    def _mount(self, line: str) -> Mount | None:
        """Documentation/filesystems/proc.rst, 3.5: optional fields up to a lone dash."""
        words = line.split(" ")
        if len(words) < 7 or "-" not in words[6:]:
            return None
        source = words[words.index("-", 6) + 2] if len(words) > words.index("-", 6) + 2 else ""
        return Mount(number=words[2], source=self.name_of(_plain(source)), at=_plain(words[4]))

    def name_of(self, path: str) -> str:
        """The kernel's name of a device path ("/dev/mapper/root" → "dm-0"); "" for what is none."""
        if not path.startswith("/dev/"):
            return ""
        place = self.host.resolve(path) or path
        return place.removeprefix("/dev/").replace("/", "!")

    # --- one disk ---

    def parts(self, disk: str) -> tuple[str, ...]:
        names = self.host.names(f"/sys/block/{disk}")
        return tuple(name for name in names if self.host.exists(f"/sys/block/{disk}/{name}/partition"))

    def number(self, name: str) -> str | None:
        return self.host.text(f"{self._folder(name)}/dev")

    def _folder(self, name: str) -> str:
        if self.host.is_folder(f"/sys/block/{name}"):
            return f"/sys/block/{name}"
        disk = next((disk for disk in self.disks if self.host.is_folder(f"/sys/block/{disk}/{name}")), None)
        return f"/sys/block/{disk}/{name}" if disk else f"/sys/class/block/{name}"

    def is_partition(self, name: str) -> bool:
        return self.host.exists(f"{self._folder(name)}/partition")

    def above(self, disk: str) -> tuple[str, ...]:
        """The disk first, then its partitions, then all that is built on them."""
        found: list[str] = []
        waiting = [disk]
        while waiting:
            name = waiting.pop(0)
            if name not in found:
                found.append(name)
                waiting += [*self.parts(name), *self.holders(name), *self.loops_on(name)]
        return tuple(found)

    def holders(self, name: str) -> tuple[str, ...]:
        return self.host.names(f"{self._folder(name)}/holders")

    def kind_of_holder(self, holder: str) -> str:
        """The rule's name of what holds: by the map's UUID (libdm), or the array's metadata (admin-guide/md.rst)."""
        if holder.startswith("md"):
            told = self.host.text(f"/sys/block/{holder}/md/metadata_version") or ""
            return "fake-raid-in-use" if told.startswith("external:") else "raid-in-use"
        if holder.startswith("bcache"):
            return "bcache-in-use"
        uuid = self.host.text(f"/sys/block/{holder}/dm/uuid") or ""
        return next((rule for start, rule in _MAPS if uuid.startswith(start)), "held")

    def network_of(self, disk: str) -> str | None:
        """What kind of network the disk is reached over; None for a disk of this PC."""
        if match := _BY_NAME.match(disk):
            return match[1]
        road = self.host.resolve(f"/sys/block/{disk}") or ""
        if kind := next((kind for part, kind in _BY_ROAD if re.search(part, road)), None):
            return kind
        if (driver := self.driver(disk)) in _BY_DRIVER:
            return driver
        told = {self.host.text(f"{root}/transport") for root in self._controllers(disk)}
        return next((f"NVMe-oF {one}" for one in ("tcp", "rdma", "fc", "loop") if one in told), None)

    def _controllers(self, disk: str) -> frozenset[str]:
        """Folders of the NVMe controllers through which the disk is reached."""
        if not _NVME.fullmatch(disk):
            return frozenset()
        roots = self._nvme_roots(disk)
        own = {f"{root}/{name}" for root in roots for name in self.host.names(root) if re.fullmatch(r"nvme\d+", name)}
        return roots | own

    def slaves(self, name: str) -> tuple[str, ...]:
        return self.host.names(f"{self._folder(name)}/slaves")

    def loops_on(self, name: str) -> tuple[str, ...]:
        """Loop devices whose backing is this very device: the kernel opens it without holding it."""
        number = self.number(name)
        return tuple(
            loop for loop, backing in self._loops
            if self.name_of(backing) == name or (number and self._loop_numbers.get(loop, ("", ""))[1] == number)
        )  # fmt: skip

    def loops_in(self, disk: str) -> tuple[str, ...]:
        """Loop devices whose file lies on a file system of this disk."""
        mine = [mount.at.rstrip("/") + "/" for mount in self.mounts_of(disk)]
        numbers = {self.number(name) for name in self.above(disk)} - {None}
        return tuple(
            loop for loop, backing in self._loops
            if any(backing.startswith(at) for at in mine if at != "/")
            or (loop != disk and self._loop_numbers.get(loop, ("", ""))[0] in numbers)
        )  # fmt: skip

    def backing_file(self, loop: str) -> str | None:
        return dict(self._loops).get(loop)

    def mounts_of(self, disk: str) -> tuple[Mount, ...]:
        names = self.above(disk)
        numbers = {self.number(name) for name in names} - {None}
        return tuple(mount for mount in self.mounts if mount.number in numbers or mount.source in names)

    def swaps_of(self, disk: str) -> tuple[str, ...]:
        names = self.above(disk)
        lines = (self.host.text("/proc/swaps") or "").splitlines()[1:]
        used = (self.name_of(_plain(line.split()[0])) for line in lines if line.split())
        return tuple(name for name in used if name in names)

    def btrfs_of(self, disk: str) -> tuple[str, ...]:
        """Members of mounted btrfs: the second one is in neither mountinfo nor holders (wipe.md 3.11)."""
        names = self.above(disk)
        used = (path.rpartition("/")[2] for path in self.host.walk("/sys/fs/btrfs/*/devices/*"))
        return tuple(dict.fromkeys(name for name in used if name in names))

    def zram_of(self, disk: str) -> tuple[str, ...]:
        """Compressed memory that writes its overflow to this disk."""
        names = self.above(disk)
        backing = ((zram, self.host.text(f"/sys/block/{zram}/backing_dev") or "none") for zram in self.disks)
        return tuple(zram for zram, path in backing if path != "none" and self.name_of(path) in names)

    def holds_path(self, disk: str, path: str) -> bool:
        """Whether the folder at `path` lies on this disk."""
        over = [mount for mount in self.mounts if f"{path.rstrip('/')}/".startswith(mount.at.rstrip("/") + "/")]
        if not over:
            return False
        deepest = max(len(mount.at) for mount in over)
        mine = self.mounts_of(disk)
        return any(mount in mine for mount in over if len(mount.at) == deepest)

    def driver(self, disk: str) -> str | None:
        """The SCSI host's driver, as it calls itself: "ahci", "megaraid_sas"."""
        match = re.search(r"/host(\d+)/", self.host.resolve(f"/sys/block/{disk}") or "")
        return self.host.text(f"/sys/class/scsi_host/host{match[1]}/proc_name") if match else None

    # --- NVMe ---

    def siblings(self, disk: str) -> tuple[str, ...]:
        """The other namespaces of the same NVMe drive, by sysfs topology: never by the names' numbers alone.

        With native multipath a namespace hangs below its subsystem, its paths (nvme0c0n1) below the controllers.
        """
        if not _NVME.fullmatch(disk):
            return ()
        mine = self._nvme_roots(disk)
        return tuple(
            name for name in self.disks if name != disk and _NVME.fullmatch(name) and mine & self._nvme_roots(name)
        )

    def _nvme_roots(self, disk: str) -> frozenset[str]:
        """The controllers and the subsystem that this namespace belongs to, by their place in sysfs."""
        road = self.host.resolve(f"/sys/block/{disk}") or ""
        roots = {road.rpartition("/")[0]} if road else set()
        device = self.host.resolve(f"/sys/block/{disk}/device")
        if device:
            roots.add(device)
        for path in self.host.walk("/sys/class/nvme-subsystem/*"):
            place = self.host.resolve(path) or path
            own = {self.host.resolve(f"{place}/{name}") for name in self.host.names(place) if name.startswith("nvme")}
            if roots & ({place} | own) or road in own:
                roots |= {place}
        return frozenset(roots)

    def namespace_mark(self, disk: str) -> str:
        """What tells a namespace from any other: its number, worldwide name and size."""
        wwid, size = self.host.text(f"/sys/block/{disk}/wwid") or "", self.host.text(f"/sys/block/{disk}/size") or ""
        return f"{self.namespace_id(disk) or 0} {wwid.strip()} {size.strip()}"

    def namespace_id(self, disk: str) -> int | None:
        told = self.host.text(f"/sys/block/{disk}/nsid") or (_NVME.fullmatch(disk) or ["", "", ""])[2]
        return int(told) if told.strip().isdigit() else None


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), text)
