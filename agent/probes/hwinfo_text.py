"""hwinfo's text as blocks of fields, and the SMBIOS table that its first block prints. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.probes import smbios_codes as codes
from agent.probes.smbios_codes import said, uuid_text
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
from agent.units import GIB, KIB, MIB, TIB

_HEAD = re.compile(r"\d{1,4}: (.*)")
_FIELD = re.compile(r"( {2,})([^:]{1,60}):(?: (.*)|)")
_BLOCKS_MOST = 2000
_UNITS = {"bytes": 1, "kB": KIB, "MB": MIB, "GB": GIB, "TB": TIB}
_PASSWORDS: dict[int, Password] = {0: "disabled", 1: "enabled", 2: "not-implemented"}


@dataclass(slots=True)
class Block:
    """One device, or one structure inside the BIOS block. The first value of a repeated key is kept in `fields`."""

    title: str
    number: int | None = None  # of a structure: hwinfo's stand-in for the handle
    fields: dict[str, str] = field(default_factory=dict)
    parts: list["Block"] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.fields.get("Hardware Class", "")

    def get(self, key: str) -> str:
        return self.fields.get(key, "")


def parse_hwinfo(text: str) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for line in text.splitlines():
        if head := _HEAD.fullmatch(line):
            if len(blocks) >= _BLOCKS_MOST:
                break
            blocks.append(Block(head[1]))
        elif blocks and (match := _FIELD.fullmatch(line)):
            _take(blocks[-1], len(match[1]), match[2].strip(), (match[3] or "").strip())
    return tuple(blocks)


def _take(block: Block, indent: int, key: str, value: str) -> None:
    if indent == 2:
        block.fields.setdefault(key, value)
        # "Memory Device: #4" and "Detailed Timings #0:" begin a structure of their own.
        if value == "" or value.startswith("#"):
            block.parts.append(Block(re.sub(r" #\d+$", "", key), number=_number(value[1:])))
    elif block.parts:
        block.parts[-1].fields.setdefault(key, value)


def quoted(value: str) -> str | None:
    """The name in `pci 0x8086 "Intel Corporation"`; names may hold quotes themselves: 2.5" drives."""
    start, end = value.find('"'), value.rfind('"')
    return said(value[start + 1 : end]) if 0 <= start < end else None


def code_in(value: str, bus: str = "") -> str | None:
    """The four hex digits of `pci 0x8086 "…"`."""
    match = re.match(rf"{bus}\s*0x([0-9a-fA-F]{{4}})\b", value)
    return match[1].lower() if match else None


def size_in(value: str) -> int | None:
    """ "3 GB + 256 MB" in bytes; hwinfo's units are powers of 1024. 0 for an empty slot, None for none of these."""
    if value.startswith(("No Memory", "No memory")):
        return 0
    parts = re.findall(r"(\d{1,9}) (bytes|kB|MB|GB|TB)\b", value)
    return sum(int(number) * _UNITS[unit] for number, unit in parts) if parts else None


def exact_size_in(value: str) -> int | None:
    """The bytes of "465 GB (500107862016 bytes)"."""
    match = re.search(r"\((\d{1,18}) bytes\)", value)
    return int(match[1]) if match else None


def _code(value: str) -> int | None:
    match = re.match(r"0x([0-9a-fA-F]{1,4})\b", value)
    return int(match[1], 16) if match else None


def _number(value: str) -> int | None:
    match = re.match(r"(\d{1,9})\b", value)
    return int(match[1]) if match else None


def table_of(blocks: tuple[Block, ...]) -> Table:
    """The table that the first block prints when hwinfo ran as root."""
    bios = next((block for block in blocks if block.kind == "bios"), Block(""))
    version = re.match(r"(\d+)\.(\d+)", bios.get("SMBIOS Version"))

    def parts(title: str) -> Iterator[Block]:
        return (part for part in bios.parts if part.title == title)

    return Table(
        version=(int(version[1]), int(version[2])) if version else None,
        bios=tuple(
            Bios(vendor=quoted(p.get("Vendor")), version=quoted(p.get("Version")), released=quoted(p.get("Date")))
            for p in parts("BIOS Info")
        ),
        systems=tuple(_system(part) for part in parts("System Info")),
        boards=tuple(_board(part) for part in parts("Board Info")),
        chassis=tuple(_chassis(part) for part in parts("Chassis Info")),
        memory_arrays=tuple(_array(part) for part in parts("Physical Memory Array")),
        memory_devices=tuple(_device(part) for part in parts("Memory Device")),
        hardware_security=tuple(
            HardwareSecurity(
                power_on_password=_PASSWORDS.get(_code(part.get("Power-on Password")) or 0),
                administrator_password=_PASSWORDS.get(_code(part.get("Admin Password")) or 0),
            )
            for part in parts("Hardware Security")
            if part.get("Admin Password")
        ),
    )


def _system(part: Block) -> SystemInfo:
    return SystemInfo(
        maker=quoted(part.get("Manufacturer")),
        product=quoted(part.get("Product")),
        version=quoted(part.get("Version")),
        serial=quoted(part.get("Serial")),
        uuid=uuid_text(part.get("UUID")),
    )


def _board(part: Block) -> Board:
    return Board(
        maker=quoted(part.get("Manufacturer")),
        product=quoted(part.get("Product")),
        version=quoted(part.get("Version")),
        serial=quoted(part.get("Serial")),
        asset_tag=quoted(part.get("Asset Tag")),
        kind=codes.named(codes.BOARD, _code(part.get("Type"))),
    )


def _chassis(part: Block) -> Chassis:
    code = _code(part.get("Type"))
    return Chassis(
        maker=quoted(part.get("Manufacturer")),
        kind=codes.CHASSIS.get(code & 0x7F) if code is not None else None,
        version=quoted(part.get("Version")),
        serial=quoted(part.get("Serial")),
        asset_tag=quoted(part.get("Asset Tag")),
    )


def _array(part: Block) -> MemoryArray:
    return MemoryArray(
        handle=part.number,
        use=codes.named(codes.ARRAY_USE, _code(part.get("Use"))),
        ecc=codes.named(codes.ARRAY_ECC, _code(part.get("ECC"))),
        maximum_bytes=size_in(part.get("Max. Size")),
        slots=_number(part.get("Slots")),
    )


def _device(part: Block) -> MemoryDevice:
    return MemoryDevice(
        array=_number(part.get("Memory Array")[1:]),
        total_bits=_number(part.get("Total Width")) or _number(part.get("Data Width")),
        data_bits=_number(part.get("Data Width")),
        size_bytes=size_in(part.get("Size")),
        form=codes.named(codes.FORM, _code(part.get("Form Factor"))),
        locator=quoted(part.get("Location")),
        bank=quoted(part.get("Bank")),
        kind=codes.named(codes.MEMORY, _code(part.get("Type"))),
        rated_mts=_number(part.get("Speed")),
        maker=quoted(part.get("Manufacturer")),
        serial=quoted(part.get("Serial")),
        part=quoted(part.get("Part Number")),
    )
