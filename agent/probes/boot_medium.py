"""Which disk is the medium this program was booted from: a stick or card that leaves with the technician.

A PC that runs its own installed system holds "/" on a disk of its own: that disk is judged like any other (whether it
may be wiped is another question, asked of its mounts when the time comes). So "/" counts only on what is pulled out by
hand; a live medium counts wherever it is.

Unknown stays unknown: a system copied to memory (toram) may leave no mount, and a label alone still names its disk.
Booted from the network, the kernel's command line says that there is none (scripts/pxe).
"""

import re

from agent.host import Host

_LABEL = "REBOND"
# Where live systems mount their medium: live-boot, casper, dracut, archiso, ours.
_LIVE = ("/run/live/", "/lib/live/mount/", "/cdrom", "/run/initramfs/live", "/run/archiso/bootmnt", "/run/rebond/")
_NONE = "rebond.medium=none"
_DEPTH_MOST = 6  # a file system on LVM on LUKS on RAID


def boot_disks(host: Host) -> frozenset[str] | None:
    """Kernel names of the disks that are the boot medium; None when nothing tells where the system came from."""
    mounts = _mounts(host)
    live = [node for node, at in mounts if at.startswith(_LIVE)] + _named(host, "live-media|bootfrom|rebond.medium")
    live += [node for link in _labels(host) if (node := link.rpartition("/")[2])]
    root = [node for node, at in mounts if at == "/"] + _named(host, "root")
    found = {disk for node in live for disk in _disks_under(host, node)}
    rooted = {disk for node in root for disk in _disks_under(host, node)}
    found |= {disk for disk in rooted if _is_pulled_out(host, disk)}
    is_told = rooted or _NONE in (host.text("/proc/cmdline") or "").split()
    return frozenset(found) if found or is_told else None


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


def _named(host: Host, keys: str) -> list[str]:
    """Nodes that the kernel's command line names under these keys, as /dev/… or by label or UUID."""
    command = host.text("/proc/cmdline") or ""
    keys = keys.replace(".", r"\.")
    nodes = re.findall(rf"\b(?:{keys})=/dev/([\w-]+)", command)
    for key, by in (("LABEL", "label"), ("UUID", "uuid"), ("PARTUUID", "partuuid")):
        for told in re.findall(rf"\b(?:{keys})=(?:live:)?{key}=([\w.-]+)", command):
            if link := host.link(f"/dev/disk/by-{by}/{told}"):
                nodes.append(link.rpartition("/")[2])
    return nodes


def _disks_under(host: Host, node: str, depth: int = 0) -> set[str]:
    """The whole disks under a partition, a loop file, a map or an array."""
    node = node.rpartition("/")[2]
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
