"""The part of an SMBIOS table that an lshw tree repeats. Pure."""

import re
from collections.abc import Iterator

from agent.probes.lshw_tree import Node
from agent.probes.smbios_codes import uuid_text
from agent.probes.smbios_structures import (
    Bios,
    Board,
    Chassis,
    HardwareSecurity,
    MemoryArray,
    MemoryDevice,
    Password,
    SystemInfo,
    Table,
)

_VERSION = re.compile(r"(?:smbios|dmi)-(\d+)\.(\d+)")
_UUID_IN_ORDER_SINCE = (2, 6)
_KIND = re.compile(r"\b(LPDDR\d?X?|DDR\d?|SDRAM|RDRAM)\b", re.IGNORECASE)
_FORM = re.compile(r"\s*(SODIMM|DIMM|RIMM|SIMM|SIP|FB-DIMM|Row of chips|Chip|TSOP|Die|DIP|SRIMM|ZIP)\b", re.IGNORECASE)
_SPEED = re.compile(r"\b(\d{2,5})\s?(?:MHz|MT/s)")
_FORMS = {"row of chips": "Row Of Chips", "chip": "Chip"}
_NO_MODULES = re.compile(r"flash|\brom\b|cache|video", re.IGNORECASE)
_ECC = {"none": "None", "single-bit-ecc": "Single-bit ECC", "multi-bit-ecc": "Multi-bit ECC", "ecc": "Multi-bit ECC"}
_PASSWORDS: dict[str, Password] = {
    "enabled": "enabled", "disabled": "disabled", "not-implemented": "not-implemented",
    "not implemented": "not-implemented",
}  # fmt: skip
# lshw's words (dmi.cc) to SMBIOS 7.4.1 names.
_CHASSIS = {
    "desktop": "Desktop", "low-profile": "Low Profile Desktop", "pizzabox": "Pizza Box", "mini-tower": "Mini Tower",
    "tower": "Tower", "portable": "Portable", "laptop": "Laptop", "notebook": "Notebook", "handheld": "Hand Held",
    "docking": "Docking Station", "allinone": "All In One", "all-in-one": "All In One", "subnotebook": "Sub Notebook",
    "sub-notebook": "Sub Notebook", "spacesaving": "Space-saving", "space-saving": "Space-saving",
    "lunchbox": "Lunch Box", "lunch-box": "Lunch Box", "server": "Main Server Chassis",
    "expansion": "Expansion Chassis", "sub": "Sub Chassis", "bus-expansion": "Bus Expansion Chassis",
    "peripheral": "Peripheral Chassis", "RAID": "RAID Chassis", "raid": "RAID Chassis",
    "rackmount": "Rack Mount Chassis", "sealed": "Sealed-case PC",
    "multisystem": "Multi-system", "other": "Other", "unknown": "Unknown", "tablet": "Tablet",
    "convertible": "Convertible", "detachable": "Detachable", "mini": "Mini PC", "minipc": "Mini PC",
    "mini-pc": "Mini PC", "stick": "Stick PC", "stickpc": "Stick PC",
}  # fmt: skip


def table_of(root: Node) -> Table:
    version = _version(root)
    boards = [node for node in root.walk() if node.name == "core"]
    devices = tuple(_devices(root))
    return Table(
        version=version,
        systems=(_system(root, version),) if root.kind == "system" and root.get("product") else (),
        chassis=tuple(_chassis(root)),
        bios=tuple(_bios(node) for node in root.walk() if node.name == "firmware")[:1],
        boards=tuple(_board(node) for node in boards[:1] if node.get("product") or node.get("vendor")),
        memory_arrays=tuple(_arrays(root)) if devices else (),
        memory_devices=devices,
        hardware_security=tuple(_security(root)),
    )


def _version(root: Node) -> tuple[int, int] | None:
    found = [match for word in root.capabilities if (match := _VERSION.match(word))]
    return max(((int(match[1]), int(match[2])) for match in found), default=None)


def _system(root: Node, version: tuple[int, int] | None) -> SystemInfo:
    product, sku = root.get("product") or "", root.settings.get("sku")
    # lshw shows "product (SKU)"; the makers' own brackets stay.
    if sku and product.endswith(f"({sku})"):
        product = product.removesuffix(f"({sku})")
    return SystemInfo(
        maker=root.get("vendor"),
        product=product.strip() or None,
        version=root.get("version"),
        serial=root.get("serial"),
        uuid=_uuid(root.settings.get("uuid"), version),
        sku=sku,
        family=root.settings.get("family"),
    )


def _uuid(text: str | None, version: tuple[int, int] | None) -> str | None:
    """Old lshw prints capitals, in the order of the bytes; since SMBIOS 2.6 the first three fields are swapped.

    Seen on each snapshot that holds both: lower case equals dmidecode's, upper case is what Dell's "44454C4C" shows.
    """
    uuid = uuid_text((text or "").lower())
    if uuid is None or text == uuid or version is None or version < _UUID_IN_ORDER_SINCE:
        return uuid
    first, second, third, rest = uuid.split("-", 3)
    return "-".join(bytes.fromhex(part)[::-1].hex() for part in (first, second, third)) + f"-{rest}"


def _chassis(root: Node) -> Iterator[Chassis]:
    kind = _CHASSIS.get(root.settings.get("chassis", ""))
    if kind:
        yield Chassis(kind=kind)


def _board(node: Node) -> Board:
    return Board(
        maker=node.get("vendor"),
        product=node.get("product"),
        version=node.get("version"),
        serial=node.get("serial"),
        kind="Motherboard",
    )


def _bios(node: Node) -> Bios:
    return Bios(
        vendor=node.get("vendor"),
        version=node.get("version"),
        released=node.get("date"),
        is_uefi=True if "uefi" in node.capabilities else None,
    )


def _security(root: Node) -> Iterator[HardwareSecurity]:
    power_on, administrator = (
        _PASSWORDS.get(root.settings.get(key, "")) for key in ("power-on_password", "administrator_password")
    )
    if power_on or administrator:
        yield HardwareSecurity(power_on_password=power_on, administrator_password=administrator)


def is_main_memory(node: Node) -> bool:
    return node.name == "memory" and not _NO_MODULES.search(node.get("description") or "")


def _arrays(root: Node) -> Iterator[MemoryArray]:
    for handle, node in enumerate(node for node in root.walk() if is_main_memory(node)):
        banks = [child for child in node.children if child.name == "bank"]
        ecc = node.settings.get("errordetection")
        if banks:
            yield MemoryArray(
                handle=handle,
                use="System Memory",
                ecc=_ECC.get(ecc or ""),
                maximum_bytes=node.capacity if node.get("units") in ("bytes", None) else None,
                slots=len(banks),
            )


def _devices(root: Node) -> Iterator[MemoryDevice]:
    for handle, node in enumerate(node for node in root.walk() if is_main_memory(node)):
        for bank in node.children:
            if bank.name == "bank" and not _NO_MODULES.search(bank.get("description") or ""):
                yield _device(bank, handle)


def _device(bank: Node, array: int) -> MemoryDevice:
    description = bank.get("description") or ""
    form, kind, speed = (pattern.search(description) for pattern in (_FORM, _KIND, _SPEED))
    # "[empty]" is also what lshw says of modules whose size it lost (lyonel/lshw#65): those still have a clock.
    is_empty = bank.size is None and not bank.clock_hz and not speed
    clock = bank.clock_hz // 10**6 if bank.clock_hz else int(speed[1]) if speed else None
    return MemoryDevice(
        array=array,
        data_bits=bank.width,
        size_bytes=0 if is_empty else bank.size,
        form=_FORMS.get(form[1].lower(), form[1]) if form else None,
        locator=bank.get("slot"),
        kind=kind[1].upper() if kind else None,
        rated_mts=clock,
        maker=bank.get("vendor"),
        serial=bank.get("serial"),
        part=bank.get("product"),
    )
