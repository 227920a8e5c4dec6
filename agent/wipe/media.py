"""Which disk is which: from what the kernel and the disk say now to a `Media`, and whether two of them are one disk.

A kernel name is never enough: it goes to another disk when a cable moves. Serial, WWN and size together are.
"""

import re

import msgspec

from agent.erasure import Media
from agent.facts import Disk
from agent.host import Host
from agent.probes import block_devices, disks

_LOOP = re.compile(r"loop\d+")
_SECTOR = 512  # the unit of /sys/block/*/size
USB_SERIAL = "usb:"  # before a serial that is the plug's, not the disk's
BRIDGED = ("usb", "firewire")


def is_loop(name: str) -> bool:
    return _LOOP.fullmatch(name) is not None


def disk_now(host: Host, name: str) -> Disk | None:
    """The disk under this kernel name, as the kernel and the disk say at this moment; None: there is none."""
    return loop_disk(host, name) if is_loop(name) else disks.probe_one(host, name)


def loop_disk(host: Host, name: str) -> Disk | None:
    """A loop device as a virtual disk: its serial is the name of its file without the extension."""
    at = f"/sys/block/{name}"
    backing = host.text(f"{at}/loop/backing_file")
    if not backing:
        return None
    stem = backing.removesuffix(" (deleted)").rpartition("/")[2].rpartition(".")
    size = _number(host, f"{at}/size")
    disk = Disk(
        name=name,
        serial=stem[0] or stem[2],
        model="loop",
        size_bytes=size * _SECTOR if size is not None else None,
        transport="other",
        kind="virtual",
        logical_sector_bytes=_number(host, f"{at}/queue/logical_block_size"),
        physical_sector_bytes=_number(host, f"{at}/queue/physical_block_size"),
        removable=False,
        is_boot_medium=False,  # the medium is the disk that its file lies on
    )
    identity = disks.identity_of(disk.serial, None, disk.model, disk.size_bytes)
    return msgspec.structs.replace(disk, identity=identity)


def media_of(host: Host, disk: Disk) -> Media:
    serial, plug = disk.serial, usb_plug(host, disk.name) if disk.transport == "usb" else None
    if serial is None and disk.wwn is None and plug and plug[1]:
        serial = USB_SERIAL + plug[1]
    bridge = disk.bridge
    if plug:
        bridge = " ".join(filter(None, (plug[0], disk.bridge)))
    return Media(
        name=disk.name,
        identity=disk.identity or disks.identity_of(serial, disk.wwn, disk.model, disk.size_bytes),
        maker=disk.maker,
        model=disk.model,
        serial=serial,
        wwn=disk.wwn,
        firmware=disk.firmware,
        kind=disk.kind,
        transport=disk.transport,
        bridge=bridge,
        size_bytes=disk.size_bytes or 0,
        logical_sector_bytes=disk.logical_sector_bytes or 512,
        physical_sector_bytes=disk.physical_sector_bytes,
        is_self_encrypting=disk.has_opal,
    )


def is_named_by_its_plug(host: Host, media: Media, own_serial: str | None) -> bool:
    """Whether its number may be that of a dock or card reader: the same for whichever disk sits in it.

    `own_serial`: what the disk itself answered through the bridge. A number that smartctl heard from the disk differs
    from the kernel's, which is the bridge's.
    """
    if media.transport not in BRIDGED or own_serial:
        return False
    told = media.serial or ""
    return not told or told.startswith(USB_SERIAL) or told == block_devices.kernels_serial(host, media.name)


def boot_id(host: Host) -> str:
    """Of this start of the PC; "" where the kernel does not tell."""
    return (host.text("/proc/sys/kernel/random/boot_id") or "").strip()


def usb_plug(host: Host, name: str) -> tuple[str, str | None] | None:
    """ "VID:PID" and serial of the USB device that this disk hangs on."""
    road = host.resolve(f"/sys/block/{name}") or ""
    while "/usb" in road:
        road = road.rpartition("/")[0]
        vendor, product = host.text(f"{road}/idVendor"), host.text(f"{road}/idProduct")
        if vendor and product:
            serial = re.sub(r"[^\w.-]", "", host.text(f"{road}/serial") or "")[:64]
            return f"{vendor}:{product}", serial if len(set(serial)) > 2 else None
    return None


def matching(host: Host, media: Media) -> tuple[tuple[Disk, Media], ...]:
    """Every disk here that is this one by serial, WWN, model and size. One is what is wanted; two are a doubt."""
    found = []
    for name in _candidates(host, media):
        disk = disk_now(host, name)
        now = media_of(host, disk) if disk else None
        if disk and now and is_same(media, now):
            found.append((disk, now))
    return tuple(found)


def is_same(media: Media, now: Media, *, may_have_grown: bool = False) -> bool:
    """`may_have_grown`: a hidden area may have been opened since (an erasure that was cut short)."""
    has_size = now.size_bytes == media.size_bytes or (may_have_grown and now.size_bytes > media.size_bytes)
    has_model = not (media.model and now.model) or media.model[:16].rstrip() == now.model[:16].rstrip()
    is_named = bool(media.serial or media.wwn)
    return is_named and media.serial == now.serial and media.wwn == now.wwn and has_size and has_model


def how_it_differs(media: Media, now: Media) -> str:
    """The rule's name for what answers now instead of `media`: another disk, or this one in another state."""
    is_named_alike = media.serial is not None and media.serial == now.serial
    if is_named_alike and media.wwn != now.wwn and None in (media.wwn, now.wwn):
        return "named-less"
    if is_named_alike and media.wwn == now.wwn and media.size_bytes != now.size_bytes:
        return "size-changed"
    return "changed"


def _candidates(host: Host, media: Media) -> list[str]:
    """Names worth asking: the right size and no other serial. Asking every disk of a bench would take minutes."""
    names = []
    listed = [block_devices.as_disk(device) for device in block_devices.disks_of(host) or ()]
    listed += [disk for name in host.names("/sys/block") if is_loop(name) and (disk := loop_disk(host, name))]
    for disk in listed:
        has_size = (disk.size_bytes or 0) == media.size_bytes
        told, wanted = disk.serial or "", media.serial or ""
        is_other = disk.transport != "usb" and told and wanted and told not in wanted and wanted not in told
        if has_size and not is_other:
            names.append(disk.name)
    return names


def _number(host: Host, path: str) -> int | None:
    text = (host.text(path) or "").strip()
    return int(text) if text.isdigit() else None
