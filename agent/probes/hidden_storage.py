"""Hints of disks that the kernel cannot see: then a wipe of "all disks" would leave one full of data.

On many laptops since 2016 the firmware hides NVMe disks behind a RAID/RST or VMD controller until its menu is set to
AHCI or VMD is switched off. A controller is named only when nothing shows behind it: an empty AHCI port is no hint.
Disks that are plugged in and do not answer are hints of their own (`silent_disks`).
"""

import re

from agent.facts import HiddenStorage
from agent.host import Host
from agent.probes import Findings, pci
from agent.probes.pci_text import PciDevice
from agent.probes.silent_disks import silent_disks

_INTEL = "8086"
# drivers/pci/controller/vmd.c, vmd_ids
_VMD_IDS = frozenset("201d 28c0 467f 4c3d 7d0b 9a0b a77f ad0b b06f b60b".split())
_VMD_DUMMY = "09ab"  # "RST VMD Managed Controller": stands where a port was taken away
_UNBOUND = {
    "0100": "SCSI", "0101": "IDE", "0104": "RAID", "0105": "ATA", "0106": "SATA", "0107": "SAS", "0108": "NVMe",
    "0180": "storage",
}  # fmt: skip
# Card readers that call themselves storage controllers: O2 Micro, Texas Instruments, ENE, Ricoh, Alcor.
_CARD_READER_MAKERS = frozenset("1217 104c 1524 1180 1aea".split())
_CARD_READER = re.compile(r"MS/xD|SD/MMC|Memory ?Stick|Smart ?Media|Flash ?Media|Card ?Reader", re.IGNORECASE)
_NVME = "0108"
_DISK = re.compile(r"(sd[a-z]+|hd[a-z]|nvme\d+n\d+|mmcblk\d+|vd[a-z]+|cciss!\S+)$")
_VMD_DOMAIN = 0x10000  # the kernel numbers the domains behind a VMD from here


def probe(host: Host, disk_names: tuple[str, ...] | None = None) -> Findings:
    """Section "hidden_storage". `disk_names`: disks known from elsewhere, where no /sys shows them."""
    findings = Findings()
    cards, source, gaps = pci.devices(host)
    hints: list[HiddenStorage] = [*silent_disks(host)]
    if cards is None:
        for gap in gaps:
            findings.missed("hidden_storage", gap.source, gap.why, gap.detail)
        if hints:
            findings.found("hidden_storage", tuple(hints), "/sys/class")
        return findings
    places = _places(host)
    unsure = False
    for card in cards:
        is_seen = _is_seen(host, card, places, cards)
        if is_seen is None and disk_names is not None:
            is_seen = bool(disk_names)
        hint = _remapped(host, card) or hint_of(card, is_seen)
        if hint:
            hints.append(hint)
        elif is_seen is None and _needs_disk(card):
            unsure = True
            findings.missed("hidden_storage", source, "absent", f"{_called(card)}: no list of disks to compare with")
    if hints or not unsure:
        findings.found("hidden_storage", tuple(hints), source)
    return findings


def hint_of(card: PciDevice, is_seen: bool | None) -> HiddenStorage | None:
    """The hint this controller is, given whether a disk shows behind it (None: cannot be told)."""
    code = card.class_code or ""
    if is_vmd(card):
        if card.is_bound is False:
            return _hint("vmd", card, "Intel VMD without a driver")
        return None if is_seen is not False else _hint("vmd", card, "Intel VMD with no disk behind it")
    if card.vendor_id == _INTEL and card.device_id == _VMD_DUMMY and card.is_bound is False:
        return None  # tells of a VMD, which is listed itself
    if code == "0104":
        kind = "rst" if card.vendor_id == _INTEL or (card.vendor or "").startswith("Intel") else "raid"
        if card.is_bound is False:
            return _hint(kind, card, "RAID controller without a driver")
        return None if is_seen is not False else _hint(kind, card, "RAID mode with no disk behind it")
    if code in _UNBOUND and card.is_bound is False and not _is_card_reader(card):
        return _hint("unbound-controller", card, f"{_UNBOUND[code]} controller without a driver")
    if code == "0805" and card.vendor_id == _INTEL and card.is_bound is False:
        return _hint("unbound-controller", card, "eMMC or SD controller without a driver")
    if code == _NVME and is_seen is False:
        return _hint("unbound-controller", card, "NVMe disk that shows no capacity")
    return None


def is_vmd(card: PciDevice) -> bool:
    if card.vendor_id == _INTEL and card.device_id in _VMD_IDS:
        return True
    return "volume management device" in (card.model or "").casefold()


def _is_card_reader(card: PciDevice) -> bool:
    if card.class_code != "0180":
        return False
    return card.vendor_id in _CARD_READER_MAKERS or _CARD_READER.search(card.model or "") is not None


def _needs_disk(card: PciDevice) -> bool:
    """Controllers whose disks must be seen before all is well."""
    return is_vmd(card) or card.class_code == "0104"


def _hint(kind: str, card: PciDevice, evidence: str) -> HiddenStorage:
    ids = f" [{card.vendor_id}:{card.device_id}]" if card.vendor_id and card.device_id else ""
    driver = f", driver {card.driver}" if card.driver else ""
    told = f"{evidence} (PCI {card.address}{ids}{driver})"
    return HiddenStorage(kind=kind, evidence=told, controller=_called(card))  # type: ignore[arg-type] # kinds as listed


def _called(card: PciDevice) -> str:
    return " ".join(word for word in (card.vendor, card.model) if word) or card.address


def _remapped(host: Host, card: PciDevice) -> HiddenStorage | None:
    """The ahci driver's own count of NVMe disks that RST took (drivers/ata/ahci.c, remapped_nvme)."""
    text = (host.text(f"{pci.FOLDER}/{card.address}/remapped_nvme") or "").strip()
    if not re.fullmatch(r"[1-9]\d*", text):
        return None
    return _hint("remapped-nvme", card, f"{text} NVMe disk(s) remapped behind the SATA controller")


def _places(host: Host) -> tuple[str, ...] | None:
    """Where each disk and NVMe controller hangs in /sys/devices; None when the links are not there to tell."""
    names = [name for name in host.names("/sys/block") if _DISK.match(name)]
    if not names and not host.exists("/sys/block"):
        return None
    # A multipath NVMe disk hangs in /sys/devices/virtual; its controllers (nvme0) do not.
    paths = [host.resolve(f"/sys/block/{name}") or "" for name in names]
    paths += [host.resolve(f"/sys/class/nvme/{name}") or "" for name in host.names("/sys/class/nvme")]
    return None if any(path.startswith("/sys/block/") for path in paths) else tuple(paths)


def _is_seen(host: Host, card: PciDevice, places: tuple[str, ...] | None, cards: tuple[PciDevice, ...]) -> bool | None:
    if places is None:
        if is_vmd(card):  # in text, the disks behind a VMD are in a PCI domain of their own
            return True if any(_is_behind_vmd(other) for other in cards) else None
        return None
    root = host.resolve(f"{pci.FOLDER}/{card.address}") or ""
    if not root.startswith("/sys/devices/"):
        return None
    if card.class_code == _NVME:
        spaces = (*places, *host.walk(f"{root}/nvme/*/nvme*"))
        if any(space.startswith(f"{root}/") and re.search(r"/nvme\d+(c\d+)?n\d+$", space) for space in spaces):
            return True
        return None if any(place.startswith("/sys/devices/virtual/") for place in places) else False
    return any(place.startswith(f"{root}/") for place in places)


def _is_behind_vmd(card: PciDevice) -> bool:
    domain = card.address.partition(":")[0] if card.address.count(":") == 2 else "0"
    return int(domain, 16) >= _VMD_DOMAIN and card.class_code == _NVME
