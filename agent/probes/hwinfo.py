"""Facts from recorded hwinfo text (eReuse snapshots, hw-probe): read only to fill what better sources left unknown."""

import re
from collections.abc import Iterator
from typing import Literal

from agent.facts import Cpu, Device, Disk, Display, Gpu, Network, Transport
from agent.host import Host
from agent.probes import Findings
from agent.probes.cpu import derived
from agent.probes.hwinfo_text import Block, code_in, exact_size_in, parse_hwinfo, quoted, table_of
from agent.probes.told import disk_kind, disk_name, tell_table
from agent.text import clean, meant

_SIGNATURE = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b")
_MODE = re.compile(r"(\d{3,5})x(\d{3,5})")
_MILLIMETRES = re.compile(r"(\d{1,4})x(\d{1,4}) mm")
_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_RANGE = re.compile(r"0x0+-0x([0-9a-f]{1,16})\b")
_WIRELESS = re.compile(r"wlan|wireless|802\.11|wi-?fi|0280 Network controller|028[2-9a-f] ", re.IGNORECASE)


def probe(host: Host) -> Findings:
    findings = Findings()
    for output in host.outputs("hwinfo"):
        blocks = parse_hwinfo(output.text) if output.stdout else ()
        if not any(block.kind for block in blocks):
            findings.missed("", output.source, output.why or "malformed", "hwinfo: no device in it")
        elif not findings.facts:
            _tell(findings, blocks, output.source)
    return findings


def _tell(findings: Findings, blocks: tuple[Block, ...], source: str) -> None:
    tell_table(findings, table_of(blocks), source, _usable(blocks))
    if cpu := cpu_of(blocks):
        findings.found("cpu", cpu, source)
    disks = tuple(disks_of(blocks))
    if any(disk.removable is not True for disk in disks):
        findings.found("disks", disks, source)
    else:
        findings.missed(
            "disks", source, "absent", "hwinfo lists no fixed disk, which does not prove that there is none"
        )
    # A run of few classes (`hwinfo --disk`) says nothing of the others.
    is_all = any(block.kind == "bridge" for block in blocks)
    for section, found in (
        ("displays", tuple(_display(block) for block in blocks if block.kind == "monitor")),
        ("gpus", tuple(_gpu(block) for block in blocks if block.kind == "graphics card")),
        ("networks", tuple(networks_of(blocks))),
        ("audio", tuple(_device(block) for block in blocks if block.kind == "sound")),
        ("cameras", tuple(_device(block) for block in blocks if block.kind == "camera")),
        ("optical", tuple(_device(block) for block in blocks if block.kind == "cdrom")),
    ):
        # Without a graphics driver hwinfo sees no monitor; a PC may well have one.
        if found or is_all and section not in ("displays", "cameras"):
            findings.found(section, found, source)


def _usable(blocks: tuple[Block, ...]) -> int | None:
    """The kernel's memory as hwinfo counts it, to the byte in "Memory Range: 0x00000000-0x1f22a6fff"."""
    memory = next((block for block in blocks if block.kind == "memory"), None)
    match = _RANGE.match(memory.get("Memory Range")) if memory else None
    size = int(match[1], 16) + 1 if match else 0
    return size if 16 << 20 <= size < 1 << 46 else None


def cpu_of(blocks: tuple[Block, ...]) -> Cpu | None:
    """hwinfo lists one block per thread and knows nothing of cores."""
    threads = [block for block in blocks if block.kind == "cpu"]
    if not threads:
        return None
    first = threads[0]
    signature = _SIGNATURE.match(first.get("Model"))
    family, model, stepping = map(int, signature.groups()) if signature else (None, None, None)
    flags = tuple(sorted({clean(flag) for flag in first.get("Features").split(",") if flag.strip()})) or None
    cpu = Cpu(
        vendor=meant(quoted(first.get("Vendor"))),
        model_name=meant(quoted(first.get("Model"))),
        architecture="x86_64" if first.get("Arch") == "X86-64" else None,
        family=family,
        model=model,
        stepping=stepping,
        threads=len(threads),
        flags=flags,
        is_64_bit=None if flags is None or "fpu" not in flags else "lm" in flags,
    )
    return derived(cpu)


# --- disks ------------------------------------------------------------------------------------------------------------


def disks_of(blocks: tuple[Block, ...]) -> Iterator[Disk]:
    files = {block.get("Device File").partition(" ")[0] for block in blocks}
    for block in blocks:
        name = disk_name(block.get("Device File").partition(" ")[0])
        size = exact_size_in(block.get("Capacity"))
        # No capacity: a card reader without a card.
        if block.kind == "disk" and name and size:
            yield _disk(block, name, size, f"/dev/{name}boot0" in files)


def _disk(block: Block, name: str, size: int, has_boot_area: bool) -> Disk:
    transport = _transport(block, name)
    # "Model" is maker and product in one, except for NVMe, where both come from the list of PCI names.
    is_nvme = transport == "nvme"
    model = quoted(block.get("SubDevice")) if is_nvme else None
    return Disk(
        name=name,
        maker=meant(quoted(block.get("Vendor"))),
        model=meant(model or quoted(block.get("Model"))) if block.get("Model") != '"Disk"' else None,
        serial=meant(quoted(block.get("Serial ID"))),
        firmware=None if is_nvme else meant(quoted(block.get("Revision"))),
        size_bytes=size,
        transport=transport,
        kind=disk_kind(name, has_boot_area=has_boot_area),
        is_rotational=False if is_nvme else None,
        removable=True if transport == "usb" else False if transport or block.title.startswith("IDE") else None,
    )


def _transport(block: Block, name: str) -> Transport | None:
    driver = block.get("Driver")
    if name.startswith("nvme"):
        return "nvme"
    if name.startswith("mmcblk"):
        return "mmc"
    if name.startswith(("vd", "xvd")):
        return "virtio"
    if "usb" in driver or "uas" in driver or "/usb" in block.get("SysFS Device Link"):
        return "usb"
    if "ahci" in driver or "sata_" in driver:
        return "sata"
    if "pata_" in driver or name.startswith("hd"):
        return "ide"
    return "sas" if re.search(r"mpt\dsas|mptsas|aic94xx|isci|pm80xx", driver) else None


# --- screens, cards, small devices ------------------------------------------------------------------------------------


def _display(block: Block) -> Display:
    timings = next((part for part in block.parts if part.title == "Detailed Timings"), block)
    mode = _MODE.match(timings.get("Resolution"))
    size = _MILLIMETRES.match(block.get("Size"))
    year, week = block.get("Year of Manufacture"), block.get("Week of Manufacture")
    made_year = int(year) if re.fullmatch(r"(199|20\d)\d", year) and year != "1990" else None
    vendor = re.match(r"([A-Z]{3})\b", block.get("Vendor"))
    code = code_in(block.get("Device"), "eisa")
    return Display(
        maker=vendor[1] if vendor else None,
        model=meant(quoted(block.get("Device")) or quoted(block.get("Vendor"))) if vendor else None,
        product_code=int(code, 16) if code else None,
        serial=meant(quoted(block.get("Serial ID"))),
        width_mm=int(size[1]) or None if size else None,
        height_mm=int(size[2]) or None if size else None,
        width_px=int(mode[1]) if mode else None,
        height_px=int(mode[2]) if mode else None,
        made_year=made_year,
        made_week=int(week) if made_year and re.fullmatch(r"\d{1,2}", week) and 1 <= int(week) <= 54 else None,
    )


def _address(block: Block) -> str | None:
    bus = block.get("SysFS BusID")
    return bus if _ADDRESS.fullmatch(bus) else None


def _driver(block: Block) -> str | None:
    return meant((quoted(block.get("Driver")) or "").partition('"')[0])


def _model(block: Block) -> str | None:
    return meant(quoted(block.get("Device")) or quoted(block.get("Model")))


def _gpu(block: Block) -> Gpu:
    return Gpu(
        address=_address(block),
        vendor_id=code_in(block.get("Vendor"), "pci"),
        device_id=code_in(block.get("Device"), "pci"),
        vendor=meant(quoted(block.get("Vendor"))),
        model=_model(block),
        driver=_driver(block),
    )


def networks_of(blocks: tuple[Block, ...]) -> Iterator[Network]:
    """The cards ("network"), not the interfaces, which repeat them and add bridges and tunnels."""
    for block in blocks:
        if block.kind not in ("network", "bluetooth"):
            continue
        words = f"{block.title} {block.get('Model')} {block.get('Device File')}"
        kind: Literal["wired", "wifi", "bluetooth"] = "wifi" if _WIRELESS.search(words) else "wired"
        driver = _driver(block)
        yield Network(
            kind="bluetooth" if block.kind == "bluetooth" else kind,
            name=clean(block.get("Device File")) or None,
            vendor=meant(quoted(block.get("Vendor"))),
            model=_model(block),
            driver=driver,
            has_driver=driver is not None,
            has_link={"yes": True, "no": False}.get(block.get("Link detected")),
        )


def _device(block: Block) -> Device:
    return Device(
        name=clean(block.get("Device File").partition(" ")[0].rpartition("/")[2]) or _address(block) or block.kind,
        maker=meant(quoted(block.get("Vendor"))),
        model=_model(block),
        driver=_driver(block),
        vendor_id=code_in(block.get("Vendor"), "(?:pci|usb)"),
        product_id=code_in(block.get("Device"), "(?:pci|usb)"),
    )
