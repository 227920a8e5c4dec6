"""Facts from recorded lshw output, in any of its forms: read only to fill what better sources left unknown."""

import re
from collections.abc import Iterator
from typing import Literal

from agent.facts import Cpu, Device, Disk, Gpu, Network, Transport
from agent.host import Host
from agent.probes import Findings
from agent.probes.cpu import derived
from agent.probes.lshw_table import is_main_memory, table_of
from agent.probes.lshw_tree import Node, parse_lshw
from agent.probes.told import tell_table
from agent.text import clean, meant

_IDS = re.compile(r"\s*\[([0-9A-Fa-f]{4})(?::([0-9A-Fa-f]{4}))?\]")
_PCI = re.compile(r"pci@((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])")
_RPM = re.compile(r"(\d{4,5})rpm")
_FLAGS_OURS = frozenset(("x86-64", "cpufreq", "boot", "fpu_exception", "wp", "emulated"))  # lshw's own words
_VENDORS = (("intel", "GenuineIntel"), ("amd", "AuthenticAMD"), ("advanced micro", "AuthenticAMD"),
            ("via", "CentaurHauls"), ("centaur", "CentaurHauls"))  # fmt: skip
_WIRELESS = re.compile(r"wireless|wi-?fi|wlan|802\.11|^network controller", re.IGNORECASE)
_ETHERNET_NAMES = re.compile(r"veth|docker|br-|virbr|vnet|tun|tap|bond|dummy|vmnet|ifb|wg\d|lo$")


def probe(host: Host) -> Findings:
    findings = Findings()
    for output in host.outputs("lshw"):
        roots, is_whole = parse_lshw(output.text) if output.stdout else ((), False)
        if not is_whole:
            findings.missed("", output.source, output.why or "malformed", "lshw: not read to its end")
        if roots and not findings.facts:
            root = roots[0] if len(roots) == 1 else Node(name="", kind="", children=list(roots))
            _tell(findings, root, output.source)
    return findings


def _tell(findings: Findings, root: Node, source: str) -> None:
    table = table_of(root)
    # Without modules, or without their sizes, the size of the whole is the kernel's.
    whole = next((node.size for node in root.walk() if is_main_memory(node) and node.size), None)
    is_sized = any(device.size_bytes for device in table.memory_devices)
    tell_table(findings, table, source, None if is_sized else whole)
    nodes = tuple(_with_parents(root, ()))
    kinds = {node.kind for node, _ in nodes}
    if cpu := cpu_of(root):
        findings.found("cpu", cpu, source)
    _tell_disks(findings, tuple(disks_of(nodes)), source)
    # A run of few classes (`lshw -class disk`) says nothing of the others; a whole one has the mother board.
    is_all = bool({"bus", "bridge"} & kinds)
    for section, found in (
        ("gpus", tuple(_gpu(node) for node, _ in nodes if node.kind == "display" and _is_pci(node))),
        ("networks", tuple(networks_of(nodes))),
        ("audio", tuple(_device(node) for node, _ in nodes if _is_audio(node))),
        ("cameras", tuple(_device(node) for node, _ in nodes if _is_camera(node))),
        ("optical", tuple(_device(node) for node, _ in nodes if node.name == "cdrom")),
    ):
        if found or is_all:
            findings.found(section, found, source)


def _tell_disks(findings: Findings, disks: tuple[Disk, ...], source: str) -> None:
    """Old lshw knows neither NVMe nor eMMC, and sees no disk at all without root: only a fixed disk seen proves any."""
    if any(disk.removable is not True for disk in disks):
        findings.found("disks", disks, source)
    else:
        findings.missed("disks", source, "absent", "lshw lists no fixed disk, which does not prove that there is none")


def _with_parents(node: Node, above: tuple[Node, ...]) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    yield node, above
    for child in node.children:
        yield from _with_parents(child, (*above, node))


# --- processor --------------------------------------------------------------------------------------------------------


def cpu_of(root: Node) -> Cpu | None:
    """Every populated socket as one; None when lshw names none."""
    found = [n for n in root.walk() if n.kind == "processor" and not n.is_disabled and (n.get("product") or n.width)]
    # Threads of a core are "logicalcpu" below it; the same socket may be listed again for each of them.
    sockets = {node.get("slot") or "": node for node in reversed(found) if node.name == "cpu"}
    named = [node for node in sockets.values() if meant(node.get("product"))] or list(sockets.values())
    if not named:
        return None
    first = named[-1]
    capabilities = first.capabilities
    flags = (capabilities - _FLAGS_OURS) | ({"lm"} if "x86-64" in capabilities else set())
    has_flags = "fpu" in capabilities or "fp" in capabilities
    is_64_bit = True if "x86-64" in capabilities or "lm" in capabilities or first.width == 64 else None
    cores, threads = _sum(named, "cores"), _sum(named, "threads")
    vendor = _vendor(first.get("vendor"))
    family, model, stepping = _signature(first.get("version") or "", vendor)
    cpu = Cpu(
        vendor=vendor,
        model_name=_model(first),
        family=family,
        model=model,
        stepping=stepping,
        sockets=len(named),
        cores=cores,
        threads=threads if threads and cores and threads >= cores else None,
        flags=tuple(sorted(flags)) if has_flags else None,
        is_64_bit=is_64_bit if is_64_bit or not (has_flags and first.width == 32) else False,
    )
    return derived(cpu)


def _signature(text: str, vendor: str | None) -> tuple[int | None, int | None, int | None]:
    """Family, model, stepping. Before B.02.19 lshw printed CPUID's base fields alone: 6.12.3 may be 6.60.3, and every
    later AMD is family 15. What may be cut is unknown: read as it stands, a Core i5 (6.69) would be a Pentium II (6.5).
    """
    match = re.fullmatch(r"(\d{1,3})\.(\d{1,3})\.(\d{1,2})", text)
    if match is None:
        return None, None, None
    family, model, stepping = map(int, match.groups())
    if family == 15 and vendor != "GenuineIntel":
        return None, None, None
    return family, None if model < 16 and family == 6 else model, stepping


def _model(node: Node) -> str | None:
    """lshw puts CPUID's name in `product`; `version` is what SMBIOS calls it."""
    names = [name for name in (meant(node.get("product")), meant(node.get("version"))) if name]
    return next((name for name in names if re.search(r"[A-Za-z].*\d", name)), names[0] if names else None)


def _vendor(text: str | None) -> str | None:
    lower = (text or "").casefold()
    return next((vendor for start, vendor in _VENDORS if lower.startswith(start)), None)


def _sum(nodes: list[Node], key: str) -> int | None:
    numbers = [node.settings.get(key, "") for node in nodes]
    if not all(number.isascii() and number.isdigit() and 0 < len(number) < 5 for number in numbers):
        return None
    return sum(map(int, numbers)) or None


# --- disks ------------------------------------------------------------------------------------------------------------


def disks_of(nodes: tuple[tuple[Node, tuple[Node, ...]], ...]) -> Iterator[Disk]:
    seen: set[str] = set()
    for node, above in nodes:
        name = next((n for n in node.logical if n.startswith("/dev/")), "").rpartition("/")[2]
        if not name or name in seen or not _is_disk(node, above, name):
            continue
        seen.add(name)
        yield _disk(node, above, name)


def _is_disk(node: Node, above: tuple[Node, ...], name: str) -> bool:
    """A whole disk with a size: no card reader without a card, no management node of NVMe (hwmon0, ng0n1)."""
    if not node.size or any(parent.kind == "disk" and parent.size for parent in above):
        return False
    if re.fullmatch(r"mmcblk\d+", name):
        return True
    return node.kind == "disk" and node.name in ("disk", "namespace") and not name.startswith(("ng", "hwmon"))


def _disk(node: Node, above: tuple[Node, ...], name: str) -> Disk:
    transport = _transport(node, above, name)
    # A namespace's own fields are empty: model and serial are the controller's; an eMMC's are its chip's.
    wanted = {"nvme": "nvme", "mmc": "device"}.get(transport or "")
    card = next((parent for parent in reversed(above) if parent.name == wanted), node)
    rpm = next((int(match[1]) for word in node.capabilities if (match := _RPM.fullmatch(word))), None)
    is_stick = transport == "usb" or "removable" in node.capabilities
    is_fixed = transport is not None or "ATA" in (node.get("description") or "")
    return Disk(
        name=clean(name),
        maker=_told_of(node, card, "vendor"),
        model=_told_of(node, card, "product"),
        serial=_told_of(node, card, "serial"),
        firmware=_told_of(node, card, "version"),
        size_bytes=node.size,
        transport=transport,
        kind="nvme" if transport == "nvme" else "hdd" if rpm else _card_kind(card) if transport == "mmc" else None,
        is_rotational=True if rpm else False if transport == "nvme" else None,
        rpm=rpm,
        logical_sector_bytes=_sector(node.settings.get("logicalsectorsize")),
        physical_sector_bytes=_sector(node.settings.get("sectorsize")),
        removable=True if is_stick else False if is_fixed else None,
    )


def _told_of(node: Node, card: Node, key: str) -> str | None:
    text = meant(node.get(key)) or meant(card.get(key))
    return None if text and text.startswith("Unknown (") else text


def _card_kind(card: Node) -> Literal["emmc", "sd-card"] | None:
    if any(name.endswith(("rpmb", "boot0")) for child in card.children for name in child.logical):
        return "emmc"  # only soldered chips have boot and RPMB areas
    return "sd-card" if "sd" in card.capabilities else None


def _sector(text: str | None) -> int | None:
    return int(text) if text in ("512", "520", "528", "4096", "4160") else None


def _transport(node: Node, above: tuple[Node, ...], name: str) -> Transport | None:
    buses = [parent.get("businfo") or "" for parent in (*above, node)]
    if name.startswith("nvme"):
        return "nvme"
    if name.startswith("mmcblk"):
        return "mmc"
    if name.startswith("vd"):
        return "virtio"
    if any(bus.startswith("usb@") for bus in buses):
        return "usb"
    if any(bus.startswith("firewire@") for bus in buses):
        return "firewire"
    description = node.get("description") or ""
    parents = {parent.name for parent in above}
    # libata drives the old IDE controllers of many SATA disks: only the SATA class of controller proves SATA.
    if "sata" in parents or any("SATA" in (parent.get("description") or "") for parent in above):
        return "sata"
    if any("Serial Attached SCSI" in (parent.get("description") or "") for parent in above):
        return "sas"
    return "ide" if name.startswith("hd") and "ATA" in description else None


# --- cards and small devices ------------------------------------------------------------------------------------------


def _is_pci(node: Node) -> bool:
    return _PCI.match(node.get("businfo") or "") is not None


def _bare(text: str | None) -> str | None:
    """A name without the numbers of `lshw -numeric`: "Foo [8086:1234]"."""
    return meant(_IDS.sub("", text or ""))


def _model_name(node: Node) -> str | None:
    """lshw repeats the vendor where its list of names lacks the product."""
    model = _bare(node.get("product"))
    return None if model == _bare(node.get("vendor")) else model


def _ids(node: Node) -> tuple[str | None, str | None]:
    match = _IDS.search(node.get("product") or "")
    return (match[1].lower(), match[2].lower()) if match and match[2] else (None, None)


def _address(node: Node) -> str | None:
    match = _PCI.match(node.get("businfo") or "")
    return match[1] if match else None


def _driver(node: Node) -> str | None:
    return clean(node.settings.get("driver", "")) or None


def _gpu(node: Node) -> Gpu:
    vendor_id, device_id = _ids(node)
    return Gpu(
        address=_address(node),
        vendor_id=vendor_id,
        device_id=device_id,
        vendor=_bare(node.get("vendor")),
        model=_model_name(node),
        driver=_driver(node),
    )


def networks_of(nodes: tuple[tuple[Node, tuple[Node, ...]], ...]) -> Iterator[Network]:
    for node, _ in nodes:
        description = (node.get("description") or "").casefold()
        bus = node.get("businfo") or ""
        if node.kind != "bridge" and "bluetooth" in description:
            yield Network(kind="bluetooth", vendor=_bare(node.get("vendor")), model=_model_name(node))
        if node.kind != "network" or not bus.startswith(("pci@", "usb@", "virtio@", "mmc@")):
            continue
        name = clean(node.logical[0]) if node.logical else None
        if name and _ETHERNET_NAMES.match(name):
            continue
        driver = _driver(node)
        # "Network controller" is PCI class 0280, "other": Wi-Fi, but for a few virtual cards.
        words = f"{description} {node.get('product') or ''}"
        is_wifi = "wireless" in node.settings or "wireless" in node.capabilities or bool(_WIRELESS.search(words))
        speed = node.capacity or node.size
        yield Network(
            kind="wifi" if is_wifi else "modem" if name and name.startswith("ww") else "wired",
            name=name,
            vendor=_bare(node.get("vendor")),
            model=_model_name(node),
            driver=driver,
            has_driver=driver is not None or bool(node.logical),
            speed_mbps=speed // 10**6 if speed and not is_wifi and 10**6 <= speed <= 10**12 else None,
            has_link={"yes": True, "no": False}.get(node.settings.get("link", "")),
        )


def _is_audio(node: Node) -> bool:
    if node.kind != "multimedia" or not (node.get("businfo") or "").startswith(("pci@", "usb@")):
        return False
    return not _is_camera(node)


def _is_camera(node: Node) -> bool:
    """The text form does not tell the class of a USB device: its driver does."""
    if not (node.get("businfo") or "").startswith(("usb@", "pci@")):
        return False
    description = (node.get("description") or "").casefold()
    is_video = node.kind == "multimedia" and description == "video" and not _is_pci(node)
    return "uvcvideo" in (_driver(node) or "") or is_video


def _device(node: Node) -> Device:
    vendor_id, product_id = _ids(node)
    name = next((n for n in node.logical if n.startswith("/dev/")), "").rpartition("/")[2]
    return Device(
        name=clean(name) or _address(node) or clean(node.get("businfo") or node.name),
        maker=_bare(node.get("vendor")),
        model=_model_name(node),
        driver=_driver(node),
        vendor_id=vendor_id,
        product_id=product_id,
    )
