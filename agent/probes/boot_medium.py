"""Which disk this program was booted from: never to be judged as the PC's, and never to be wiped.

Unknown stays unknown: a system copied to memory (toram) may leave no mount, and a label alone still names its disk.
"""

import re

from agent.host import Host

_LABEL = "REBOND"
# Where live systems mount their medium: live-boot, casper, dracut, archiso, ours.
_LIVE = ("/run/live/", "/lib/live/mount/", "/cdrom", "/run/initramfs/live", "/run/archiso/bootmnt", "/run/rebond/")
_DEPTH_MOST = 6  # a file system on LVM on LUKS on RAID


def boot_disks(host: Host) -> frozenset[str] | None:
    """Kernel names of the disks that hold "/" or the live medium; None when nothing tells."""
    nodes = [node for node, at in _mounts(host) if at == "/" or at.startswith(_LIVE)]
    found = {disk for node in nodes for disk in _disks_under(host, node.removeprefix("/dev/"))}
    found |= {disk for node in _labelled(host) for disk in _disks_under(host, node)}
    return frozenset(found) or None


def _mounts(host: Host) -> list[tuple[str, str]]:
    mounts = []
    for line in (host.text("/proc/mounts") or host.text("/proc/self/mounts") or "").splitlines():
        words = line.split(" ")
        if len(words) >= 3 and words[0].startswith("/dev/"):
            mounts.append((words[0], words[1]))
    return mounts


def _labelled(host: Host) -> list[str]:
    """The stick by its label, and what the kernel's command line says the live system or root is on."""
    folder = "/dev/disk/by-label"
    links = [host.link(f"{folder}/{name}") for name in host.names(folder) if name.upper().startswith(_LABEL)]
    command = host.text("/proc/cmdline") or ""
    for key, by in (("LABEL", "label"), ("UUID", "uuid"), ("PARTUUID", "partuuid")):
        for told in re.findall(rf"\b(?:root|live-media|bootfrom|rebond\.medium)=(?:live:)?{key}=([\w.-]+)", command):
            links.append(host.link(f"/dev/disk/by-{by}/{told}"))
    nodes = [link.rpartition("/")[2] for link in links if link]
    return nodes + re.findall(r"\b(?:root|live-media|bootfrom|rebond\.medium)=/dev/([\w-]+)", command)


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
