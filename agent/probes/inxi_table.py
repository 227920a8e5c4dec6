"""The part of an SMBIOS table that inxi repeats: sections Machine and Memory. Pure."""

import re
from typing import Literal

from agent.probes import smbios_codes as codes
from agent.probes.inxi_text import Pairs, groups, said
from agent.probes.smbios_structures import Bios, Board, Chassis, MemoryArray, MemoryDevice, SystemInfo, Table
from agent.probes.told import bytes_in

Mode = Literal["uefi", "uefi-legacy", "bios"]

_STARTS = ("Type", "Device", "System", "Chassis", "Mobo", "UEFI", "UEFI-[Legacy]", "UEFI [Legacy]", "BIOS", "Bios")
_TYPES = {
    "desktop": "Desktop", "laptop": "Laptop", "notebook": "Notebook", "convertible": "Convertible", "tablet": "Tablet",
    "server": "Main Server Chassis", "all-in-one": "All In One", "mini-pc": "Mini PC", "portable": "Portable",
}  # fmt: skip
_MEMORY_KINDS = re.compile(r"(?:LPDDR|DDR)\d?|SDRAM")


def whole(text: str | None) -> int | None:
    match = re.match(r"(\d{1,9})\b", text or "")
    return int(match[1]) if match else None


def table_of(sections: dict[str, Pairs]) -> tuple[Table, Mode | None]:
    """The table, and how this boot was done: inxi says "UEFI" only when the kernel has its services."""
    parts: dict[str, dict[str, str]] = {}
    for group in groups(sections.get("Machine", ()), *_STARTS):
        parts.setdefault(group[""], group)
    firmware = next((parts[name] for name in _STARTS[5:] if name in parts), None)
    kind = parts.get("Chassis", {}).get("type", "")
    word = parts.get("Type", {}).get("Type") or parts.get("Device", {}).get("Device") or ""
    declared = codes.CHASSIS.get(int(kind)) if kind.isascii() and kind.isdigit() and len(kind) < 3 else None
    declared = declared or _TYPES.get(word.strip().lower())
    table = Table(
        systems=(_system(parts["System"]),) if "System" in parts else (),
        boards=(_board(parts["Mobo"]),) if "Mobo" in parts else (),
        chassis=(Chassis(kind=declared),) if declared else (),
        bios=(_bios(firmware),) if firmware else (),
        memory_arrays=tuple(_arrays(sections.get("Memory", ()))),
        memory_devices=tuple(_devices(sections.get("Memory", ()))),
    )
    return table, _mode(firmware[""]) if firmware else None


def _mode(key: str) -> Mode:
    if "Legacy" in key:
        return "uefi-legacy"
    return "uefi" if key == "UEFI" else "bios"


def _system(group: dict[str, str]) -> SystemInfo:
    return SystemInfo(
        maker=said(group.get("System")),
        product=said(group.get("product")),
        version=said(group.get("v")),
        serial=said(group.get("serial")),
        sku=said(group.get("part-nu")),
    )


def _board(group: dict[str, str]) -> Board:
    return Board(
        maker=said(group.get("Mobo")),
        product=said(group.get("model")),
        version=said(group.get("v")),
        serial=said(group.get("serial")),
        kind="Motherboard",
    )


def _bios(group: dict[str, str]) -> Bios:
    return Bios(vendor=said(group[group[""]]), version=said(group.get("v")), released=said(group.get("date")))


def _arrays(pairs: Pairs) -> list[MemoryArray]:
    arrays = [group for group in groups(pairs, "Array", "Device") if group[""] == "Array"]
    return [
        MemoryArray(
            handle=0,
            use="System Memory",
            ecc={"None": "None"}.get(group.get("EC", ""), group.get("EC") if "ECC" in group.get("EC", "") else None),
            # "est." marks what inxi worked out itself.
            maximum_bytes=bytes_in(group.get("capacity")) if "note" not in group else None,
            slots=whole(group.get("slots")),
        )
        for group in arrays
    ]


def _devices(pairs: Pairs) -> list[MemoryDevice]:
    devices = []
    for group in groups(pairs, "Array", "Device"):
        if group[""] != "Device":
            continue
        size = group.get("size", "")
        kind = _MEMORY_KINDS.match(group.get("type", ""))
        speed = re.match(r"(\d{2,5}) (?:MT/s|MHz)", group.get("speed", ""))
        devices.append(
            MemoryDevice(
                array=0,
                total_bits=whole(group.get("total")) if group.get("data") else None,
                data_bits=whole(group.get("data")),
                size_bytes=0 if re.match(r"no module|empty", size, re.IGNORECASE) else bytes_in(size),
                locator=said(group.get("Device")),
                kind=kind[0] if kind else None,
                rated_mts=int(speed[1]) if speed else None,
                maker=said(group.get("manufacturer")),
                part=said(group.get("part-no")),
                serial=said(group.get("serial")),
            )
        )
    return devices
