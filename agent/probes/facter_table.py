"""The SMBIOS table inside a nixos-facter report, and safe steps into JSON of unknown shape. Pure."""

from typing import Any

from agent.probes import smbios_codes as codes
from agent.probes.smbios_codes import said, uuid_text
from agent.probes.smbios_structures import Bios, Board, Chassis, MemoryArray, MemoryDevice, SystemInfo, Table
from agent.units import KIB


def text(value: Any, key: str) -> str | None:
    found = value.get(key) if isinstance(value, dict) else None
    return said(found) if isinstance(found, str) else None


def number(value: Any, key: str) -> int | None:
    """A whole number, also one written "0x3000000"."""
    found = value.get(key) if isinstance(value, dict) else None
    if isinstance(found, str) and found.startswith("0x") and len(found) <= 18:
        try:
            return int(found, 16)
        except ValueError:
            return None
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1 << 63 else None


def entries(value: Any, key: str) -> list[dict[str, Any]]:
    """The objects under `key`, which holds one object or a list of them."""
    found = value.get(key) if isinstance(value, dict) else None
    if isinstance(found, dict):
        return [found]
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def table_of(report: dict[str, Any]) -> Table:
    smbios = report.get("smbios")
    return Table(
        bios=tuple(
            Bios(vendor=text(e, "vendor"), version=text(e, "version"), released=text(e, "date"))
            for e in entries(smbios, "bios")
        ),
        systems=tuple(_system(entry) for entry in entries(smbios, "system")),
        boards=tuple(_board(entry) for entry in entries(smbios, "board")),
        chassis=tuple(_chassis(entry) for entry in entries(smbios, "chassis")),
        memory_arrays=tuple(_array(entry) for entry in entries(smbios, "memory_array")),
        memory_devices=tuple(_device(entry) for entry in entries(smbios, "memory_device")),
    )


def _system(entry: dict[str, Any]) -> SystemInfo:
    return SystemInfo(
        maker=text(entry, "manufacturer"),
        product=text(entry, "product"),
        version=text(entry, "version"),
        serial=text(entry, "serial"),
        uuid=uuid_text(text(entry, "uuid")),
    )


def _board(entry: dict[str, Any]) -> Board:
    return Board(
        maker=text(entry, "manufacturer"),
        product=text(entry, "product"),
        version=text(entry, "version"),
        serial=text(entry, "serial"),
        asset_tag=text(entry, "asset"),
        kind=codes.named(codes.BOARD, number(entry.get("board_type"), "value")),
    )


def _chassis(entry: dict[str, Any]) -> Chassis:
    code = number(entry.get("chassis_type"), "value")
    return Chassis(
        maker=text(entry, "manufacturer"),
        kind=codes.CHASSIS.get(code & 0x7F) if code is not None else None,
        version=text(entry, "version"),
        serial=text(entry, "serial"),
        asset_tag=text(entry, "asset"),
    )


def _array(entry: dict[str, Any]) -> MemoryArray:
    maximum = number(entry, "max_size")
    return MemoryArray(
        handle=number(entry, "handle"),
        use=codes.named(codes.ARRAY_USE, number(entry.get("usage"), "value")),
        ecc=codes.named(codes.ARRAY_ECC, number(entry.get("ecc"), "value")),
        maximum_bytes=maximum * KIB if maximum else None,
        slots=number(entry, "slots"),
    )


def _device(entry: dict[str, Any]) -> MemoryDevice:
    size, width = number(entry, "size"), number(entry, "width")
    extra = number(entry, "ecc_bits")
    return MemoryDevice(
        array=number(entry, "array_handle"),
        total_bits=width + (extra or 0) if width else None,
        data_bits=width,
        size_bytes=size * KIB if size is not None else None,
        form=codes.named(codes.FORM, number(entry.get("form_factor"), "value")),
        locator=text(entry, "location"),
        bank=text(entry, "bank_location"),
        kind=codes.named(codes.MEMORY, number(entry.get("memory_type"), "value")),
        rated_mts=number(entry, "speed"),
        maker=text(entry, "manufacturer"),
        serial=text(entry, "serial"),
        part=text(entry, "part_number"),
    )
