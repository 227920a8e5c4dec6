"""Which disk is the medium this program was booted from: a stick or card that leaves with the technician.

A PC that runs its own installed system holds "/" on a disk of its own: that disk is judged like any other (whether it
may be wiped is another question, asked of its mounts when the time comes). So "/" counts only on what is pulled out by
hand; a live medium counts wherever it is.

Unknown stays unknown: a system copied to memory (toram) may leave no mount, and a label alone still names its disk.
Our own image runs wholly in memory and says on the kernel's command line where it came from: `rebond.medium=none` from
the network (scripts/pxe), `rebond.medium=UUID=…` from a stick or disc, which may be pulled out (scripts/image).
"""

import re
from collections.abc import Iterable

from agent.host import Host

_LABEL = "REBOND"
# Where live systems mount their medium: live-boot, casper, dracut, archiso, ours.
_LIVE = ("/run/live/", "/lib/live/mount/", "/cdrom", "/run/initramfs/live", "/run/archiso/bootmnt", "/run/rebond/")
_NONE, _IN_RAM, _OURS = "rebond.medium=none", "rebond.ram", "rebond.medium=UUID="
_LIVE_KEYS = ("live-media", "bootfrom", "rebond.medium")
_IN_MEMORY = re.compile(r"(?:loop|z?ram)\d+")  # as a root they tell nothing: what filled them may be anywhere
_DEPTH_MOST = 6  # a file system on LVM on LUKS on RAID


def boot_disks(host: Host) -> frozenset[str] | None:
    """Kernel names of the disks that are the boot medium; None when nothing tells where the system came from."""
    mounts = _mounts(host)
    live = [node for node, at in mounts if at.startswith(_LIVE)] + _named(host, *_LIVE_KEYS)
    live += [node for link in _labels(host) if (node := link.rpartition("/")[2])]
    root = [node for node, at in mounts if at == "/"] + _named(host, "root")
    found = _under(host, live)
    rooted = _under(host, root)
    found |= {disk for disk in rooted if _is_pulled_out(host, disk)}
    is_told = rooted or _NONE in _words(host) or _was_pulled_out(host)
    return frozenset(found) if found or is_told else None


def iso_uuid(host: Host) -> str | None:
    """Of the stick or disc that our own image was booted from, as the kernel's command line tells."""
    return next((word.removeprefix(_OURS) for word in _words(host) if word.startswith(_OURS)), None)


def is_all_in_memory(host: Host) -> bool:
    """Our own image: it goes on without the stick that it was booted from."""
    return _IN_RAM in _words(host)


def _was_pulled_out(host: Host) -> bool:
    """Our image's stick, where udev has looked at all disks and none of them is it (else it is found by its UUID)."""
    return is_all_in_memory(host) and iso_uuid(host) is not None and bool(host.names("/dev/disk/by-uuid"))


def _words(host: Host) -> list[str]:
    return (host.text("/proc/cmdline") or "").split()


def _under(host: Host, nodes: Iterable[str]) -> set[str]:
    return {disk for node in nodes for disk in _disks_under(host, node) if not _IN_MEMORY.fullmatch(disk)}


def _is_pulled_out(host: Host, disk: str) -> bool:
    return host.text(f"/sys/block/{disk}/removable") == "1" or "/usb" in (host.resolve(f"/sys/block/{disk}") or "")


def _mounts(host: Host) -> list[tuple[str, str]]:
    mounts = []
    for line in (host.text("/proc/mounts") or host.text("/proc/self/mounts") or "").splitlines():
        words = line.split(" ")
        if len(words) >= 3 and words[0].startswith("/dev/"):
            mounts.append((words[0], words[1]))
    return mounts


def _labels(host: Host) -> list[str]:
    """The stick by its label."""
    folder = "/dev/disk/by-label"
    links = (host.link(f"{folder}/{name}") for name in host.names(folder) if name.upper().startswith(_LABEL))
    return [link for link in links if link]


def _named(host: Host, *keys: str) -> list[str]:
    """Nodes that the kernel's command line names under these keys, as /dev/… or by label or UUID."""
    nodes = []
    for word in _words(host):
        key, _, told = word.partition("=")
        told = told.removeprefix("live:")
        if key not in keys:
            continue
        if match := re.fullmatch(r"/dev/([\w!-]+)", told):
            nodes.append(match[1])
        elif match := re.fullmatch(r"(LABEL|UUID|PARTUUID)=([\w.-]+)", told.replace("CDLABEL=", "LABEL=")):
            link = host.link(f"/dev/disk/by-{match[1].lower()}/{match[2]}")
            nodes += [link.rpartition("/")[2]] if link else []
    return nodes


def _disks_under(host: Host, node: str, depth: int = 0) -> set[str]:
    """The whole disks under a partition, a loop file, a map or an array."""
    node = node.rpartition("/")[2]
    node = (host.link(f"/dev/mapper/{node}") or node).rpartition("/")[2]
    if depth > _DEPTH_MOST or not re.fullmatch(r"[\w!-]+", node):
        return set()
    if backing := host.text(f"/sys/block/{node}/loop/backing_file"):
        holding = [(len(at), under) for under, at in _mounts(host) if backing.startswith(at.rstrip("/") + "/")]
        return _disks_under(host, max(holding)[1], depth + 1) if holding and max(holding)[0] > 1 else set()
    slaves = host.names(f"/sys/block/{node}/slaves")
    if slaves:
        return {disk for slave in slaves for disk in _disks_under(host, slave, depth + 1)}
    if host.exists(f"/sys/block/{node}"):
        return {node}
    road = (host.resolve(f"/sys/class/block/{node}") or "").split("/")
    if len(road) > 2 and host.exists(f"/sys/block/{road[-2]}"):
        return _disks_under(host, road[-2], depth + 1)
    for disk in host.names("/sys/block"):
        if host.exists(f"/sys/block/{disk}/{node}"):
            return _disks_under(host, disk, depth + 1)
    return set()
