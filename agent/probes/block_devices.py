"""The disks that the kernel sees, from /sys/block: names, sizes, how they are wired. Reads nothing of the disks."""

import re
from typing import Any

from agent.facts import Disk, Gap, Health, Transport
from agent.host import Host
from agent.probes import ata_identify, emmc
from agent.probes.disk_makers import disk_maker
from agent.text import clean, decode, meant

# Not disks of the PC: memory, files, maps over disks, optical drives, floppies, network, flash seen raw, NVMe paths.
_NOT_DISKS = re.compile(
    r"(?:loop|ram|zram|dm-|md|sr|scd|fd|nbd|zd|bcache|drbd|mtdblock|mtd|rbd|pmem\d+s|ublkb)\d*.*|nvme\d+c\d+n\d+|mmcblk\d+(?:boot\d|rpmb|gp\d)"
)
_SECTOR = 512  # the unit of /sys/block/*/size, whatever the disk's own
_VIRTUAL = re.compile(r"QEMU|VBOX|VMware|Virtual[ _-]?(?:disk|HD)|Msft|Xen", re.IGNORECASE)
_RAID = re.compile(
    r"PERC|MegaRAID|LOGICAL VOLUME|RAID|^LSI$|MR\d{4}|AVAGO|ServeRAID|Adaptec|RS3DC|SMART ARRAY|^DELL\s+H\d{3}", re.I
)


class BlockDevice:
    """One disk as the kernel tells it, to be completed by what the disk says itself."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.disk: dict[str, Any] = {}
        self.health: dict[str, Any] = {}
        self.gaps: list[Gap] = []

    @property
    def transport(self) -> Transport | None:
        found: Transport | None = self.disk.get("transport")
        return found


def disks_of(host: Host) -> tuple[BlockDevice, ...] | None:
    """Every disk in kernel order; None when the host has no /sys/block at all."""
    if not host.exists("/sys/block"):
        return None
    names = sorted((n for n in host.names("/sys/block") if not _NOT_DISKS.fullmatch(n)), key=lambda n: (len(n), n))
    found = [_device(host, name) for name in names]
    return tuple(device for device in found if device is not None)


def fixed_disks(host: Host) -> frozenset[str]:
    """The disks in the PC, ready for use, by the kernel's name and number (`diskseq`: another disk has another one).

    A glance that asks no disk: fit for once a second.
    """
    names = [name for name in host.names("/sys/block") if not _NOT_DISKS.fullmatch(name)]
    fixed = [name for name in names if _is_fixed(host, f"/sys/block/{name}")]
    return frozenset(" ".join(filter(None, (name, host.text(f"/sys/block/{name}/diskseq")))) for name in fixed)


def _is_fixed(host: Host, at: str) -> bool:
    is_pulled_out = host.text(f"{at}/removable") == "1" or re.search(r"/(?:usb|fw)\d", host.resolve(at) or "")
    return not is_pulled_out and bool(_number(host, f"{at}/size"))


def _number(host: Host, path: str) -> int | None:
    text = host.text(path)
    return int(text) if text is not None and re.fullmatch(r"\d{1,20}", text.strip()) else None


def _device(host: Host, name: str) -> BlockDevice | None:
    at = f"/sys/block/{name}"
    size = _number(host, f"{at}/size")
    removable = _number(host, f"{at}/removable")
    if size == 0 and removable != 0:
        return None  # a card reader without a card
    device = BlockDevice(name)
    road = host.resolve(at) or ""
    rotational = _number(host, f"{at}/queue/rotational")
    discard = _number(host, f"{at}/queue/discard_max_bytes")
    transport = _transport(host, name, road)
    device.disk = {
        "size_bytes": size * _SECTOR if size else None,
        "logical_sector_bytes": _number(host, f"{at}/queue/logical_block_size"),
        "physical_sector_bytes": _number(host, f"{at}/queue/physical_block_size"),
        "transport": transport,
        "removable": True if transport in ("usb", "firewire") or removable == 1 else False if removable == 0 else None,
        "has_trim": None if discard is None or transport == "usb" else discard > 0,
        **_names(host, at),
    }
    # A USB bridge says "rotational" of whatever is behind it; "not rotational" is a disk's own word.
    if rotational == 0 or (rotational == 1 and transport in ("sata", "ide", "nvme", "sas")):
        device.disk["is_rotational"] = rotational == 1
    if not size:
        gap = Gap(path="size_bytes", source=f"{at}/size", why="malformed", detail="no size: disk not ready")
        device.gaps.append(gap)
    if transport == "mmc":
        told, device.health, gaps = emmc.read(host, name)
        device.disk |= {field: value for field, value in told.items() if value is not None}
        device.gaps += gaps
    elif "/ata" in road:
        device.disk |= {field: value for field, value in _identified(host, road).items() if value is not None}
    _kind(device)
    if transport == "virtio":
        device.health["is_available"] = False  # no SMART there, which is known
    device.disk = {field: value for field, value in device.disk.items() if value is not None}
    return device


def _names(host: Host, at: str) -> dict[str, Any]:
    vendor, model = meant(host.text(f"{at}/device/vendor")), meant(host.text(f"{at}/device/model"))
    firmware = host.text(f"{at}/device/firmware_rev") or host.text(f"{at}/device/rev")
    if vendor and re.fullmatch(r"0x[0-9a-fA-F]{1,4}", vendor):
        vendor = None  # virtio and PCI devices have numbers there
    return {
        "maker": None if vendor in ("ATA", "USB", "Generic") else vendor,
        "model": model,
        "serial": _serial(host, at),
        "firmware": meant(firmware),
        "wwn": _wwn(host.text(f"{at}/wwid") or host.text(f"{at}/device/wwid")),
    }


def kernels_serial(host: Host, name: str) -> str | None:
    """As the kernel heard it: of a disk behind a USB bridge, the bridge's own."""
    return _serial(host, f"/sys/block/{name}")


def _serial(host: Host, at: str) -> str | None:
    serial = host.text(f"{at}/device/serial") or host.text(f"{at}/serial")
    page = host.read(f"{at}/device/vpd_pg80")
    if serial is None and page.why is None and len(page.raw) > 4:
        serial = decode(page.raw[4 : 4 + page.raw[3]])  # SPC-4, 7.8.18: a header of four bytes
    return meant(clean(serial)) if serial else None


def _wwn(wwid: str | None) -> str | None:
    """ "naa.5000c500…" and "eui.0025…" are worldwide names; "t10.ATA  model serial" is none."""
    match = re.fullmatch(r"(?:naa|eui)\.([0-9a-fA-F]{16,32})", (wwid or "").strip())
    return match[1].lower() if match and set(match[1]) != {"0"} else None


def _transport(host: Host, name: str, road: str) -> Transport | None:
    if name.startswith("mmcblk"):
        return "mmc"
    if name.startswith("nvme"):
        return "nvme"
    for part, transport in (
        (r"/usb\d", "usb"), (r"/virtio\d", "virtio"), (r"/fw\d", "firewire"), (r"/(?:end_device-|sas_|port-\d)", "sas"),
        (r"/(?:vbd|xen)", "virtio"),
    ):  # fmt: skip
        if re.search(part, road):
            return transport  # type: ignore[return-value]
    told = f"{host.text(f'/sys/block/{name}/device/vendor') or ''} {host.text(f'/sys/block/{name}/device/model') or ''}"
    if _RAID.search(told):
        return "raid"
    if "/ata" in road:
        return _ata_transport(host, road)
    return "ide" if name.startswith("hd") else "virtio" if re.match(r"x?vd", name) else None


def _ata_transport(host: Host, road: str) -> Transport | None:
    """Old boards drive SATA disks through IDE controllers: the link's speed tells them from parallel ones."""
    link = re.search(r"(/sys/.*/ata(\d+))/", road)
    speeds = [host.text(path) or "" for path in host.walk(f"{link[1]}/link*/ata_link/link*/sata_spd")] if link else []
    if any("Gbps" in speed for speed in speeds):
        return "sata"
    controller = host.text(f"{link[1].rpartition('/')[0]}/class") if link else None
    return "sata" if (controller or "").startswith("0x0106") else None


def _identified(host: Host, road: str) -> dict[str, Any]:
    """IDENTIFY data of this very disk: that of its port, and of the same place on it or with the same serial."""
    port = re.search(r"(/sys/.*/ata\d+)/", road)
    target = re.search(r"/target\d+:(\d+):(\d+)/", road)
    known = []
    for path in host.walk(f"{port[1]}/link*/dev*/ata_device/dev*/id") if port else ():
        words = ata_identify.parse_identify(host.text(path) or "")
        if words is not None:
            known.append((path, words))
    if len(known) > 1 and target:
        known = [(path, words) for path, words in known if re.search(rf"/dev\d+(?:\.\d+)*\.{target[2]}/id$", path)]
    if len(known) != 1:
        return {}
    return ata_identify.facts_of(known[0][1])


def _kind(device: BlockDevice) -> None:
    disk = device.disk
    transport, told = disk.get("transport"), f"{disk.get('maker') or ''} {disk.get('model') or ''}"
    if transport == "virtio" or _VIRTUAL.search(told):
        disk["kind"] = "virtual"
        disk.pop("is_rotational", None)
    elif transport == "nvme":
        disk |= {"kind": "nvme", "is_rotational": False}
    elif transport in ("sata", "ide", "sas") and disk.get("is_rotational") is not None:
        disk["kind"] = "hdd" if disk["is_rotational"] else "ssd"
    disk["maker"] = disk_maker(disk.get("maker"), disk.get("model")) or disk.get("maker")


def as_disk(device: BlockDevice) -> Disk:
    return Disk(name=device.name, **device.disk, health=Health(**device.health))
