"""Facts from recorded inxi output, JSON or text: read only to fill what better sources left unknown."""

import re
from collections.abc import Iterator

from agent.facts import Cpu, Device, Disk, Display, Firmware, Gpu, Health, Network
from agent.host import Host
from agent.probes import Findings
from agent.probes.battery_gauge import Gauge, battery_of
from agent.probes.cpu import derived
from agent.probes.edid import is_internal_connector
from agent.probes.inxi_table import table_of, whole
from agent.probes.inxi_text import Pairs, groups, parse_inxi, said
from agent.probes.pci_text import split_name
from agent.probes.told import bytes_in, disk_kind, disk_name, tell_table
from agent.text import clean, meant

_WATT_HOURS = re.compile(r"(\d{1,4})(?:\.(\d{1,3}))?(?:\s?/\s?(\d{1,4})(?:\.(\d{1,3}))?)? Wh")
_ADDRESS = re.compile(r"(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_IDS = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4})")
_HOURS = re.compile(r"(?:(\d+)y)?\s*(?:(\d+)d)?\s*(?:(\d+)h)?")
_WIRELESS = re.compile(r"wireless|wi-?fi|wlan|802\.11|dual band|centrino", re.IGNORECASE)
_VENDORS = (("Intel", "GenuineIntel"), ("AMD", "AuthenticAMD"))


def probe(host: Host) -> Findings:
    findings = Findings()
    for output in host.outputs("inxi"):
        sections = parse_inxi(output.text) if output.stdout else {}
        if not sections:
            findings.missed("", output.source, output.why or "malformed", "inxi: no section in it")
        elif not findings.facts:
            _tell(findings, sections, output.source)
    return findings


def _tell(findings: Findings, sections: dict[str, Pairs], source: str) -> None:
    table, mode = table_of(sections)
    memory = next(groups(sections.get("Memory", ()), "RAM", "System RAM"), {})
    tell_table(findings, table, source, bytes_in(memory.get("total")))
    if mode:
        findings.facts["firmware"] = _with_mode(findings.facts.get("firmware"), mode)
        findings.sources.setdefault("firmware", source)
    if cpu := cpu_of(sections.get("CPU", ())):
        findings.found("cpu", cpu, source)
    if "Battery" in sections:
        _tell_batteries(findings, sections["Battery"], source)
    if disks := tuple(disks_of(sections.get("Drives", ()))):
        findings.found("disks", disks, source)
    if displays := tuple(displays_of(sections.get("Graphics", ()))):
        findings.found("displays", displays, source)
    if cameras := tuple(_device(g) for g in _cards(sections, "Graphics") if _is_camera(g)):
        findings.found("cameras", cameras, source)
    if gpus := tuple(_gpu(group) for group in _cards(sections, "Graphics") if not _is_camera(group)):
        findings.found("gpus", gpus, source)
    if audio := tuple(_device(group) for group in _cards(sections, "Audio")):
        findings.found("audio", audio, source)
    if networks := tuple(networks_of(sections)):
        findings.found("networks", networks, source)


def _with_mode(firmware: Firmware | None, mode: str) -> Firmware:
    import msgspec

    known = firmware or Firmware()
    return msgspec.structs.replace(
        known,
        mode="uefi" if mode == "uefi" else "bios",
        is_uefi_capable=True if mode != "bios" else known.is_uefi_capable,
    )


def cpu_of(pairs: Pairs) -> Cpu | None:
    """inxi tidies the name of the processor; the counts are of the first kind of socket it lists."""
    told: dict[str, str] = {}
    for key, value in pairs:
        if value:
            told.setdefault(key, value)
    name = said(told.get("model") or re.sub(r"^\w+[ -][Cc]ore |\(-.*$", "", told.get("", "")).strip() or None)
    if name is None:
        return None
    sockets = whole(told.get("cpus")) or 1
    words = (told.get("Flags") or told.get("flags") or "").strip("()").split()
    cores, threads = whole(told.get("cores")), whole(told.get("threads"))
    cpu = Cpu(
        vendor=next((vendor for start, vendor in _VENDORS if name.startswith(start)), None),
        model_name=meant(name),
        family=_hex_or_decimal(told.get("family")),
        model=_hex_or_decimal(told.get("model-id")),
        stepping=_hex_or_decimal(told.get("stepping")),
        sockets=sockets,
        cores=cores * sockets if cores else None,
        threads=threads * sockets if threads else cores * sockets if cores and "smt" not in told else None,
        # The short list of the text leaves out most.
        flags=tuple(sorted(set(words))) if "fpu" in words else None,
        is_64_bit=True if "lm" in words or told.get("bits") == "64" else None,
    )
    return derived(cpu)


def _hex_or_decimal(text: str | None) -> int | None:
    """ "0x45 (69)" and "6"; inxi writes families above 9 in hexadecimal with the decimal behind."""
    match = re.fullmatch(r"(?:0x[0-9a-fA-F]+|[0-9A-F]+) \((\d{1,4})\)|(\d{1,2})", text or "")
    return int(match[1] or match[2]) if match else None


# --- batteries --------------------------------------------------------------------------------------------------------


def _tell_batteries(findings: Findings, pairs: Pairs, source: str) -> None:
    batteries = []
    for place, group in enumerate(groups(pairs, "ID")):
        full, design = _two(group.get("condition"))
        now, _ = _two(group.get("charge"))
        gauge = Gauge(
            name=said(group.get("ID")) or f"battery {place}",
            design=design,
            full=full,
            now=now,
            cycles=whole(group.get("cycles")),
            model=said(group.get("model")),
            serial=said(group.get("serial")),
            chemistry=said(group.get("type")),
            status=said((group.get("status") or "").lower()),
        )
        battery, gaps = battery_of(gauge, f"batteries[{place}]", source)
        batteries.append(battery)
        findings.gaps += gaps
    if batteries:
        findings.found("batteries", tuple(batteries), source)


def _two(text: str | None) -> tuple[int | None, int | None]:
    """Micro-watt-hours of "53.6/57.0 Wh (94.0%)"."""
    match = _WATT_HOURS.search(text or "")
    if match is None:
        return None, None
    first = int(match[1]) * 10**6 + int((match[2] or "0").ljust(6, "0"))
    second = int(match[3]) * 10**6 + int((match[4] or "0").ljust(6, "0")) if match[3] else None
    return first, second


# --- disks, screens, cards --------------------------------------------------------------------------------------------


def disks_of(pairs: Pairs) -> Iterator[Disk]:
    for group in groups(pairs, "ID", "Optical", "Floppy"):
        name = disk_name(group.get("ID", ""))
        size = bytes_in(group.get("size"))
        if group[""] != "ID" or not name or not size:
            continue
        is_nvme = name.startswith("nvme")
        kind = "ssd" if group.get("type") == "SSD" and not is_nvme else disk_kind(name)
        is_usb = group.get("type") == "USB" or "USB" in (group.get("tech") or "")
        yield Disk(
            name=name,
            maker=meant(said(group.get("vendor"))),
            model=meant(said(group.get("model"))),
            serial=meant(said(group.get("serial"))),
            firmware=meant(said(group.get("rev") or group.get("fw-rev"))),
            size_bytes=size,
            transport="nvme" if is_nvme else "usb" if is_usb else "sata" if said(group.get("sata")) else None,
            kind="hdd" if group.get("type") == "HDD" else kind,
            logical_sector_bytes=bytes_in(group.get("logical")),
            physical_sector_bytes=bytes_in(group.get("physical")),
            is_rotational={"SSD": False, "HDD": True}.get(group.get("type", "")),
            removable=True if is_usb else False if is_nvme or said(group.get("sata")) else None,
            health=_health(group),
        )


def _health(group: dict[str, str]) -> Health:
    """`SMART: yes state: enabled health: PASSED on: 2y 7d 14h cycles: 7006`."""
    passed = {"PASSED": True, "OK": True, "FAILED": False, "FAILED!": False}.get(group.get("health", ""))
    match = _HOURS.fullmatch(group.get("on", ""))
    years, days, hours = (int((part or "0")[:4]) for part in match.groups()) if match else (0, 0, 0)
    total = (years * 365 + days) * 24 + hours
    return Health(
        is_available=True if group.get("SMART") == "yes" else None,
        is_passed=passed,
        hours=total if total and group.get("SMART") else None,
        power_cycles=whole(group.get("cycles")) if group.get("SMART") else None,
    )


def displays_of(pairs: Pairs) -> Iterator[Display]:
    for group in groups(pairs, "Device", "Card", "Display", "Screen", "Monitor", "API", "OpenGL"):
        if group[""] != "Monitor":
            continue
        connector = said(group.get("Monitor"))
        size = re.match(r"(\d{2,4})x(\d{2,4})mm", group.get("size", ""))
        # "res" is the mode in use; the first of "modes" is the panel's own.
        mode = re.match(r"(\d{3,5})x(\d{3,5})", group.get("modes", ""))
        year = whole(group.get("built"))
        yield Display(
            connector=connector,
            model=meant(said(group.get("model"))),
            serial=meant(said(group.get("serial"))),
            width_mm=int(size[1]) if size else None,
            height_mm=int(size[2]) if size else None,
            width_px=int(mode[1]) if mode else None,
            height_px=int(mode[2]) if mode else None,
            made_year=year if year and 1991 <= year <= 2100 else None,
            is_internal=is_internal_connector(connector) if connector else None,
        )


def _cards(sections: dict[str, Pairs], name: str) -> list[dict[str, str]]:
    starts = ("Device", "Card", "Display", "API", "Sound", "IF", "IF-ID", "Server", "Sound Server", "Report", "OpenGL")
    return [group for group in groups(sections.get(name, ()), *starts) if group[""] in ("Device", "Card")]


def _is_camera(group: dict[str, str]) -> bool:
    return "uvcvideo" in group.get("driver", "")


def _ids(group: dict[str, str]) -> tuple[str | None, str | None]:
    match = _IDS.fullmatch(group.get("chip-ID", ""))
    return (match[1], match[2]) if match else (None, None)


def _named(group: dict[str, str]) -> tuple[str | None, str | None]:
    maker, model = split_name(clean(group[group[""]]))
    return meant(maker), meant(model)


def _driver(group: dict[str, str]) -> str | None:
    return meant(said(group.get("driver")))


def _gpu(group: dict[str, str]) -> Gpu:
    vendor, model = _named(group)
    vendor_id, device_id = _ids(group)
    bus = group.get("bus-ID", "")
    return Gpu(
        address=bus if _ADDRESS.fullmatch(bus) else None,
        vendor_id=vendor_id,
        device_id=device_id,
        vendor=vendor,
        model=model,
        driver=_driver(group),
    )


def _device(group: dict[str, str]) -> Device:
    maker, model = _named(group)
    vendor_id, product_id = _ids(group)
    name = said(group.get("bus-ID")) or model or "device"
    return Device(
        name=name, maker=maker, model=model, driver=_driver(group), vendor_id=vendor_id, product_id=product_id
    )


def networks_of(sections: dict[str, Pairs]) -> Iterator[Network]:
    pairs = sections.get("Network", ())
    cards = list(groups(pairs, "Device", "Card", "IF", "IF-ID"))
    for place, group in enumerate(cards):
        if group[""] not in ("Device", "Card"):
            continue
        port = cards[place + 1] if place + 1 < len(cards) and cards[place + 1][""] == "IF" else {}
        vendor, model = _named(group)
        name = said(port.get("IF"))
        is_wifi = bool(_WIRELESS.search(group[group[""]])) or bool(name and name.startswith("wl"))
        speed = re.match(r"(\d{2,6}) Mbps", port.get("speed", ""))
        driver = _driver(group)
        yield Network(
            kind="wifi" if is_wifi or group.get("class-ID") == "0280" else "wired",
            name=clean(name) if name else None,
            vendor=vendor,
            model=model,
            driver=driver,
            has_driver=driver is not None if "driver" in group else None,
            speed_mbps=int(speed[1]) if speed and not is_wifi else None,
            has_link={"up": True, "down": False}.get(port.get("state", "")),
        )
    for group in groups(sections.get("Bluetooth", ()), "Device", "Card"):
        vendor, model = _named(group)
        yield Network(kind="bluetooth", vendor=vendor, model=model, driver=_driver(group))
