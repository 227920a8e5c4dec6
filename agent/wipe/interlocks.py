"""May this disk be touched? Every interlock of wipe.md 5, in its order, over a Host. Pure looking: opens no disk.

Unknown is a refusal. All reasons are told at once, so that a technician walks to the disk only once.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.erasure import Media, Reason
from agent.facts import Disk
from agent.host import Host
from agent.wipe.media import BRIDGED, is_loop, media_of
from agent.wipe.refusals import reason
from agent.wipe.topology import Topology

_BUILT = re.compile(r"(?:dm-|md|z?ram|bcache|ublkb|zd)\d.*|mtd(?:block)?\d+|pmem\d+.*")
_OPTICAL = re.compile(r"(?:sr|scd|fd)\d+")
_PART_OF_MMC = re.compile(r"mmcblk\d+(?:boot\d+|rpmb|gp\d+)")
_NVME_PATH = re.compile(r"nvme\d+c\d+n\d+")
_VIRTUAL = ("virtual",)
_RAID_DRIVERS = (
    "megaraid_sas", "megaraid", "mpi3mr", "aacraid", "hpsa", "cciss", "smartpqi", "3w-9xxx", "3w-sas", "3w-xxxx",
    "arcmsr", "ips", "ipr", "pmcraid", "mvumi", "stex", "hptiop", "dpt_i2o", "gdth",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the operator, or the environment, allows or keeps."""

    virtual: bool = False
    loops_only: bool = False  # REBOND_WIPE_ONLY=loop
    network: bool = False  # REBOND_ALLOW_NETWORK_DISKS=1
    home: str | None = None  # the station's folder


def allowed_here(*, virtual: bool, home: str | None) -> Allowed:
    """With the environment's word: any word but the one we know allows no more than it."""
    return Allowed(
        virtual=virtual,
        loops_only=os.environ.get("REBOND_WIPE_ONLY", "") != "",
        network=os.environ.get("REBOND_ALLOW_NETWORK_DISKS") == "1",
        home=home,
    )


def refusals(host: Host, disk: Disk, others: Sequence[Disk], allowed: Allowed) -> tuple[Reason, ...]:
    """Every reason why this disk may not be wiped now; empty: it may be claimed. `others`: all disks of the machine."""
    return _all(host, Topology(host), disk, others, allowed, with_siblings=True)


def _all(
    host: Host, over: Topology, disk: Disk, others: Sequence[Disk], allowed: Allowed, *, with_siblings: bool
) -> tuple[Reason, ...]:
    found = list(_kind(over, disk, allowed))
    if found and found[0].rule in ("not-a-whole-disk", "not-a-disk", "optical", "path-only"):
        return tuple(found)
    found += _size(host, disk)
    found += _identity(host, over, disk, others)
    found += _boot(disk, others)
    found += _home(over, disk, allowed)
    found += _use(over, disk.name)
    found += _state(host, over, disk)
    if with_siblings:
        found += _namespaces(host, over, disk, others, allowed)
    return tuple(found)


# 1. A whole disk, and of a kind that was meant.
def _kind(over: Topology, disk: Disk, allowed: Allowed) -> Iterator[Reason]:
    name = disk.name
    if _NVME_PATH.fullmatch(name) or over.host.text(f"/sys/block/{name}/hidden") == "1":
        yield reason("path-only", name)
    elif over.is_partition(name) or _PART_OF_MMC.fullmatch(name):
        yield reason("not-a-whole-disk", name)
    elif _OPTICAL.fullmatch(name):
        yield reason("optical", name)
    elif _BUILT.fullmatch(name):
        yield reason("not-a-disk", name)
    elif over.network_of(name) and not allowed.network:
        yield reason("network-disk", name, over.network_of(name) or "")
    elif allowed.loops_only and not is_loop(name):
        yield reason("loops-only", name)
    if (disk.kind in _VIRTUAL or is_loop(name) or disk.transport == "virtio") and not allowed.virtual:
        yield reason("virtual-disk", name)


# 2. Something is in it.
def _size(host: Host, disk: Disk) -> Iterator[Reason]:
    told = (host.text(f"/sys/block/{disk.name}/size") or "").strip()
    if not told:
        yield reason("not-found", disk.name)
    elif not disk.size_bytes or told == "0":
        is_emptied = host.text(f"/sys/block/{disk.name}/removable") == "1"
        yield reason("no-medium" if is_emptied else "no-size", disk.name)


# 3. It can be told from every other disk.
def _identity(host: Host, over: Topology, disk: Disk, others: Sequence[Disk]) -> Iterator[Reason]:
    mine = media_of(host, disk)
    if not mine.serial and not mine.wwn:
        yield reason("no-identity", disk.name)
        return
    siblings = over.siblings(disk.name)
    for other in others:
        if other.name == disk.name:
            continue
        theirs = media_of(host, other)
        has_wwn, has_serial = bool(mine.wwn and mine.wwn == theirs.wwn), _shares_serial(mine, theirs)
        if other.name in siblings:
            # Namespaces of one drive share its serial; only their own names tell them apart.
            if has_wwn or (has_serial and not (mine.wwn and theirs.wwn)):
                yield reason("namespaces-alike", disk.name, other.name)
        elif has_wwn:
            # A dock gives both of its disks its own name; some makers gave one WWN to all: two serials are two disks.
            is_two = mine.transport in BRIDGED or (mine.serial and theirs.serial and mine.serial != theirs.serial)
            yield reason("wwn-shared" if is_two else "multipath", disk.name, other.name)
        elif has_serial:
            yield reason("serial-shared", disk.name, other.name)


def _shares_serial(mine: Media, theirs: Media) -> bool:
    return bool(mine.serial and mine.serial == theirs.serial)


# 4. Not what we were booted from. A system copied to memory leaves no mount: unknown protects whatever may be it.
def _boot(disk: Disk, others: Sequence[Disk]) -> Iterator[Reason]:
    if disk.is_boot_medium:
        yield reason("boot-medium", disk.name)
    elif disk.is_boot_medium is None:
        tells = any(other.is_boot_medium is not None for other in others if not is_loop(other.name))
        may_be_stick = disk.transport in ("usb", "mmc", "firewire", None) or disk.removable is not False
        if may_be_stick or not tells:
            yield reason("boot-unknown", disk.name)


# 5. Not where this station keeps its key and journals.
def _home(over: Topology, disk: Disk, allowed: Allowed) -> Iterator[Reason]:
    if allowed.home and over.holds_path(disk.name, allowed.home):
        yield reason("station-home", disk.name)


# 6. Nobody uses it: through partitions, maps, arrays, loop devices, and what the kernel does not call a holder.
def _use(over: Topology, name: str) -> Iterator[Reason]:
    if mounted := over.mounts_of(name):
        numbers = {over.number(one): one for one in over.above(name)}
        used = dict.fromkeys(numbers.get(mount.number) or mount.source or name for mount in mounted)
        yield reason("mounted", name, ", ".join(used))
    if swaps := over.swaps_of(name):
        yield reason("swap", name, swaps[0])
    if members := over.btrfs_of(name):
        yield reason("btrfs-member", name, ", ".join(members))
    parts = (name, *over.parts(name))
    yield from _held(over, name, parts)
    if slaves := over.slaves(name):
        yield reason("slaves", name, ", ".join(slaves))
    if loops := dict.fromkeys(loop for part in parts for loop in over.loops_on(part)):
        yield reason("loop-on-it", name, next(iter(loops)))
    elif loops_in := over.loops_in(name):
        yield reason("loop-on-it", name, loops_in[0])
    if zrams := over.zram_of(name):
        yield reason("zram-on-it", name, zrams[0])
    backing = over.host.text(f"/sys/block/{name}/loop/backing_file") or ""
    if backing.startswith("/dev/"):  # the kernel names no slave of it, and what lies beneath may be mounted
        yield reason("loop-over-device", name, backing.removeprefix("/dev/"))
    elif twins := [loop for loop in over.loops_over(backing) if loop != name]:
        yield reason("loop-on-it", name, twins[0])
    if writers := over.writers_of(name):
        yield reason("open-for-writing", name, writers[0])


def _held(over: Topology, name: str, parts: Sequence[str]) -> Iterator[Reason]:
    """What the kernel built on it, each kind by its name: every one is stopped in another way."""
    kinds: dict[str, list[str]] = {}
    for holder in dict.fromkeys(holder for part in parts for holder in over.holders(part)):
        kinds.setdefault(over.kind_of_holder(holder), []).append(holder)
    for rule, holders in kinds.items():
        yield reason(rule, name, ", ".join(holders))


# 7. It can be written at any place, and is a disk rather than a controller's volume.
def _state(host: Host, over: Topology, disk: Disk) -> Iterator[Reason]:
    at = f"/sys/block/{disk.name}"
    read_only = (host.text(f"{at}/ro") or "").strip()
    if read_only == "1" or any(host.text(f"{at}/{part}/ro") == "1" for part in over.parts(disk.name)):
        yield reason("read-only", disk.name)
    elif read_only != "0":
        yield reason("read-only-unknown", disk.name)
    if (host.text(f"{at}/queue/zoned") or "none").strip() != "none":
        yield reason("zoned", disk.name)
    driver = over.driver(disk.name)
    if disk.transport == "raid" or (driver in _RAID_DRIVERS and not _is_passed_through(host, at)):
        yield reason("raid-volume", disk.name, " ".join(filter(None, (driver, disk.model))) or "RAID")


def _is_passed_through(host: Host, at: str) -> bool:
    """A RAID driver says so of a single disk: no RAID level, or an ATA disk's own page behind its translation."""
    level = (host.text(f"{at}/device/raid_level") or "").strip()
    return level == "N/A" or host.exists(f"{at}/device/vpd_pg89")


# 8. NVMe: an erase of the drive hits all its namespaces, so all of them must be free.
def _namespaces(host: Host, over: Topology, disk: Disk, others: Sequence[Disk], allowed: Allowed) -> Iterator[Reason]:
    for name in over.siblings(disk.name):
        sibling = next((other for other in others if other.name == name), None)
        if sibling is None:
            why: tuple[Reason, ...] = (*_use(over, name), *_home(over, Disk(name=name), allowed))
        else:
            why = _all(host, over, sibling, others, allowed, with_siblings=False)
        if why:
            yield reason("namespace-busy", disk.name, name, why[0])
