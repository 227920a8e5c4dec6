"""Facts from a nixos-facter report (JSON made with libhd, hwinfo's library): a last source.

https://github.com/nix-community/nixos-facter
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from agent.facts import Cpu, Device, Disk, Display, Gpu, Network, Transport
from agent.host import Host
from agent.probes import Findings
from agent.probes.cpu import derived
from agent.probes.facter_table import entries, number, table_of, text
from agent.probes.told import disk_kind, disk_name, tell_table
from agent.text import clean, meant

_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_BUSES: dict[str, Transport] = {"NVME": "nvme", "USB": "usb", "MMC": "mmc", "VIRTIO": "virtio"}
_WIFI_CLASS = "0082"  # libhd's "WLAN controller"


def probe(host: Host) -> Findings:
    findings = Findings()
    for output in host.outputs("facter"):
        report = _loads(output.text)
        hardware = report.get("hardware") if report else None
        if report is None or not isinstance(hardware, dict):
            findings.missed("", output.source, output.why or "malformed", "facter: not a report")
        elif not findings.facts:
            _tell(findings, report, hardware, output.source)
    return findings


def _loads(raw: str) -> dict[str, Any] | None:
    try:
        value = json.loads(raw, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _tell(findings: Findings, report: dict[str, Any], hardware: dict[str, Any], source: str) -> None:
    # The report's "memory" is rounded to what might be fitted; it is neither the modules' sum nor the kernel's.
    tell_table(findings, table_of(report), source)
    if cpu := cpu_of(entries(hardware, "cpu"), text(report, "system")):
        findings.found("cpu", cpu, source)
    # The report covers all classes in one go; a class that is not there was looked for, monitors and disks excepted.
    if disks := tuple(disks_of(entries(hardware, "disk"))):
        findings.found("disks", disks, source)
    if displays := tuple(_display(entry) for entry in entries(hardware, "monitor")):
        findings.found("displays", displays, source)
    findings.found("gpus", tuple(_gpu(entry) for entry in entries(hardware, "graphics_card")), source)
    findings.found("networks", tuple(networks_of(hardware)), source)
    for section, key in (("audio", "sound"), ("cameras", "camera"), ("optical", "cdrom")):
        found = dict.fromkeys(_device(entry) for entry in entries(hardware, key))
        findings.found(section, tuple(found), source)


def cpu_of(sockets: list[dict[str, Any]], system: str | None) -> Cpu | None:
    """One entry for each package, with the cores and threads of one."""
    if not sockets:
        return None
    first = sockets[0]
    features = first.get("features")
    flags = tuple(sorted(clean(str(f), 64) for f in features[:1000])) if isinstance(features, list) else ()
    packages = {number(entry, "physical_id") for entry in sockets}
    cores, threads = number(first, "cores"), number(first, "siblings")
    cpu = Cpu(
        vendor=meant(text(first, "vendor_name")),
        model_name=meant(text(first, "model_name")),
        architecture=(system or "").partition("-")[0] or None,
        family=number(first, "family"),
        model=number(first, "model"),
        stepping=number(first, "stepping"),
        sockets=len(packages),
        cores=cores * len(packages) if cores else None,
        threads=threads * len(packages) if threads else None,
        flags=flags or None,
        is_64_bit=None if "fpu" not in flags else "lm" in flags,
    )
    return derived(cpu)


def disks_of(disks: list[dict[str, Any]]) -> Iterator[Disk]:
    for entry in disks:
        name = disk_name((text(entry, "sysfs_id") or "").removeprefix("/class/block/"))
        sizes = [r for r in entries(entry, "resources") if r.get("type") == "size" and r.get("unit") == "sectors"]
        sectors = number(sizes[0], "value_1") if sizes else None
        sector = number(sizes[0], "value_2") if sizes else None
        if not name or not sectors or not sector:  # zram and loops, card readers without a card
            continue
        bus, driver = text(entry.get("bus_type"), "name") or "", text(entry, "driver") or ""
        transport = _transport(name, bus, driver)
        yield Disk(
            name=name,
            maker=meant(text(entry.get("vendor"), "name")),
            model=meant(text(entry, "model")) if text(entry, "model") != "Disk" else None,
            serial=meant(text(entry, "serial")),
            firmware=meant(text(entry.get("revision"), "name")) if transport != "nvme" else None,
            size_bytes=sectors * sector,
            transport=transport,
            kind=disk_kind(name),
            is_rotational=False if transport == "nvme" else None,
            logical_sector_bytes=sector if sector in (512, 520, 528, 4096) else None,
            removable=True if transport == "usb" else False if transport else None,
        )


def _transport(name: str, bus: str, driver: str) -> Transport | None:
    if "usb" in driver or driver == "uas":
        return "usb"
    if driver == "ahci":
        return "sata"
    return "nvme" if name.startswith("nvme") else "mmc" if name.startswith("mmcblk") else _BUSES.get(bus)


def _display(entry: dict[str, Any]) -> Display:
    told = entry.get("detail")
    detail = told if isinstance(told, dict) else {}
    year, week = number(detail, "manufacture_year"), number(detail, "manufacture_week")
    made_year = year if year and 1991 <= year <= 2100 else None
    return Display(
        maker=_pnp(number(entry.get("vendor"), "value")),
        model=meant(text(entry.get("device"), "name") or text(detail, "name")),
        product_code=number(entry.get("device"), "value"),
        serial=meant(text(entry, "serial")),
        width_mm=number(detail, "width_millimetres") or None,
        height_mm=number(detail, "height_millimetres") or None,
        width_px=number(detail, "width") or None,
        height_px=number(detail, "height") or None,
        made_year=made_year,
        made_week=week if made_year and week and week <= 54 else None,
    )


def _pnp(value: int | None) -> str | None:
    """Three letters of five bits each (E-EDID 1.4, 3.4.1)."""
    letters = [((value or 0) >> shift) & 31 for shift in (10, 5, 0)]
    return "".join(chr(64 + letter) for letter in letters) if all(1 <= letter <= 26 for letter in letters) else None


def _hex(entry: dict[str, Any], key: str) -> str | None:
    code = text(entry.get(key), "hex") or ""
    return code.lower() if re.fullmatch(r"[0-9a-fA-F]{4}", code) else None


def _address(entry: dict[str, Any]) -> str | None:
    bus = text(entry, "sysfs_bus_id") or ""
    return bus if _ADDRESS.fullmatch(bus) else None


def _gpu(entry: dict[str, Any]) -> Gpu:
    return Gpu(
        address=_address(entry),
        vendor_id=_hex(entry, "vendor"),
        device_id=_hex(entry, "device"),
        vendor=meant(text(entry.get("vendor"), "name")),
        model=meant(text(entry.get("device"), "name")),
        driver=meant(text(entry, "driver")),
    )


def networks_of(hardware: dict[str, Any]) -> Iterator[Network]:
    seen: set[str] = set()
    cards = [("network", entry) for entry in entries(hardware, "network_controller")]
    cards += [("bluetooth", entry) for entry in entries(hardware, "bluetooth")]
    for group, entry in cards:
        # A Bluetooth chip shows two USB interfaces.
        device = (text(entry, "sysfs_bus_id") or "").partition(":1.")[0]
        if group == "bluetooth" and device in seen:
            continue
        seen.add(device)
        names = entry.get("unix_device_names")
        kind: Literal["wired", "wifi", "bluetooth"] = "wired"
        if group == "bluetooth":
            kind = "bluetooth"
        elif _hex(entry, "sub_class") in (_WIFI_CLASS, "0080"):
            kind = "wifi"
        driver = meant(text(entry, "driver"))
        yield Network(
            kind=kind,
            name=clean(str(names[0])) if kind != "bluetooth" and isinstance(names, list) and names else None,
            vendor=meant(text(entry.get("vendor"), "name")),
            model=meant(text(entry.get("device"), "name")),
            driver=driver,
            has_driver=driver is not None,
        )


def _device(entry: dict[str, Any]) -> Device:
    bus = text(entry, "sysfs_bus_id") or ""
    return Device(
        name=clean(bus.partition(":1.")[0]) or "device",
        maker=meant(text(entry.get("vendor"), "name")),
        model=meant(text(entry.get("device"), "name")),
        driver=meant(text(entry, "driver")),
        vendor_id=_hex(entry, "vendor"),
        product_id=_hex(entry, "device"),
    )
