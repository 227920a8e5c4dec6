"""Reads dmidecode's text into the same structures as the binary reader: captures of others often hold nothing else.

Survives versions 2.2 to 3.7, plain, `-q` and `-t` output, several outputs one after the other, tabs turned into
spaces, sections in any order, and words in place of numbers ("Unknown", "<OUT OF SPEC>", "No Module Installed").
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from agent.facts import Fact
from agent.probes import smbios_codes as codes
from agent.probes.smbios_codes import any_order, said, true_version, uuid_text
from agent.probes.smbios_structures import (
    Bios,
    Board,
    Chassis,
    HardwareSecurity,
    MemoryArray,
    MemoryDevice,
    OldModule,
    OnboardDevice,
    Password,
    PortableBattery,
    Processor,
    SystemInfo,
    Table,
    TpmDevice,
)
from agent.units import MIB

_TOOL = re.compile(r"#?\s*dmidecode (\d{1,18})\.(\d{1,18})")
_VERSION = re.compile(r"SMBIOS (\d{1,18})\.(\d{1,18})(?:\.\d{1,18})? present")
_HANDLE = re.compile(r"Handle (0x[0-9A-Fa-f]{1,8})(?:,? *DMI type (\d{1,18})(?:, (\d{1,18}) bytes)?)?")
_TYPE = re.compile(r"DMI type (\d{1,18}), (\d{1,18}) bytes")
_FAULT = re.compile(r"<TRUNCATED>|Wrong DMI structures|DMI table is broken")
_SIZE = re.compile(r"(\d{1,18}) ?(bytes|([kKMGTPEZ])i?B)\b")
_SPEED = re.compile(r"(\d{1,18}) ?(?:MHz|MT/s)")
_POWERS = {"k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6, "Z": 7}
_KNOWS_UEFI = (2, 11)  # older dmidecodes do not print that bit
# Titles, for `-q` output which has no handles and no type numbers.
_TITLES = {
    "BIOS Information": 0, "Platform Firmware Information": 0, "System Information": 1, "Base Board Information": 2,
    "Chassis Information": 3, "Processor Information": 4, "Memory Module Information": 6, "OEM Strings": 11,
    "Physical Memory Array": 16, "Memory Device": 17, "Portable Battery": 22, "Hardware Security": 24,
    "Onboard Device": 41, "TPM Device": 43,
}  # fmt: skip
_PASSWORDS: dict[str, Password] = {
    "Disabled": "disabled", "Enabled": "enabled", "Not Implemented": "not-implemented",
}  # fmt: skip


@dataclass(slots=True)
class _Section:
    """One structure as printed: a title, then "Name: value" lines one step in, their lists two steps in."""

    kind: int | None
    handle: int | None = None
    length: int | None = None
    tool: tuple[int, int] | None = None
    title_indent: int | None = None
    field_indent: int | None = None
    last: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    items: dict[str, list[str]] = field(default_factory=dict)

    def add(self, bare: str, indent: int) -> None:
        if self.last and self.field_indent is not None and indent > self.field_indent:
            self.items.setdefault(self.last, []).append(bare)
            return
        name, colon, value = bare.partition(":")
        if colon:
            self.field_indent, self.last = indent, name.strip()
            self.fields.setdefault(self.last, value.strip())

    def said(self, name: str) -> str | None:
        return said(self.fields.get(name))

    def named(self, name: str, names: dict[int, str]) -> str | None:
        text = self.said(name)
        return text if text in names.values() and text != "Unknown" else None

    def number(self, name: str) -> int | None:
        """The number a field starts with; None for words and for 0, which SMBIOS uses for unknown."""
        match = re.match(r"\d{1,9}", self.fields.get(name, ""))
        return int(match[0]) or None if match else None

    def handle_of(self, name: str) -> int | None:
        match = re.match(r"0x[0-9A-Fa-f]{1,8}", self.fields.get(name, ""))
        return int(match[0], 16) if match else None

    def speed(self, *names: str) -> int | None:
        text = next((self.fields[name] for name in names if name in self.fields), "")
        match = _SPEED.match(text)
        value = int(match[1]) if match else 0
        return None if value in (0, 0xFFFF) else value  # 65535: "see the extended field", by a dmidecode before it

    def size(self, name: str) -> int | None:
        match = _SIZE.match(self.fields.get(name, ""))
        return int(match[1]) << 10 * _POWERS.get(match[3], 0) if match else None

    @property
    def content(self) -> tuple[object, ...]:
        return (self.kind, self.handle, tuple(self.fields.items()))


def parse_dmidecode(text: str) -> Table:
    """The Table in one or more dmidecode outputs. Never raises; what is not dmidecode's is skipped."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    version = next((true_version(int(m[1]), int(m[2])) for m in map(_VERSION.search, lines) if m), None)
    faults = tuple(dict.fromkeys(said(line) or "" for line in lines if _FAULT.search(line)))
    found: dict[str, list[Any]] = {}
    for section in _distinct(_documents(lines)):
        if section.kind == 11:
            found.setdefault("oem_strings", []).extend(_oem_strings(section))
        elif section.kind in _READERS:
            name, reader = _READERS[section.kind]
            found.setdefault(name, []).append(reader(section))
    sections: dict[str, Any] = {name: tuple(things) for name, things in found.items()}
    return Table(version=version, faults=faults, **sections)


def _documents(lines: list[str]) -> Iterator[list[_Section]]:
    """The sections of each output; a new one begins where dmidecode prints its name again."""
    tool: tuple[int, int] | None = None
    section: _Section | None = None
    done: list[_Section] = []
    for line in lines:
        bare, indent = line.strip(), _indent(line)
        if not bare:
            continue
        if match := _TOOL.match(bare):
            yield done
            tool, section, done = (int(match[1]), int(match[2])), None, []
        elif match := _HANDLE.match(bare):
            length = int(match[3]) if match[3] else None
            kind = int(match[2]) if match[2] else None
            section = _Section(kind=kind, handle=int(match[1], 16), length=length, tool=tool)
            done.append(section)
        elif section is not None and section.title_indent is None:
            _take_title(section, bare, indent)
        elif bare in _TITLES and (section is None or indent <= (section.title_indent or 0)):
            section = _Section(kind=_TITLES[bare], title_indent=indent, tool=tool)
            done.append(section)
        elif section is not None and indent > (section.title_indent or 0):
            section.add(bare, indent)
        elif section is not None and section.handle is None:
            section = None  # `-q`: a title we do not read
    yield done


def _take_title(section: _Section, bare: str, indent: int) -> None:
    match = _TYPE.match(bare)  # before 2.9 the type has its own line
    if match and section.kind is None:
        section.kind, section.length = int(match[1]), int(match[2])
    else:
        section.title_indent = indent


def _indent(line: str) -> int:
    line = line.expandtabs(8)
    return len(line) - len(line.lstrip(" "))


def _distinct(documents: Iterator[list[_Section]]) -> Iterator[_Section]:
    """Every section once: `-t` outputs repeat the whole output's. Within one output nothing is a repetition: empty
    slots do look alike, down to a handle that some makers give twice."""
    known: set[tuple[object, ...]] = set()
    for document in documents:
        yield from (section for section in document if section.content not in known)
        known.update(section.content for section in document)


def _bios(s: _Section) -> Bios:
    listed = s.items.get("Characteristics", [])

    def bit(text: str) -> bool | None:
        if text in listed:
            return True
        is_told = s.length >= 0x14 if s.length is not None else bool(listed)
        return False if is_told and (s.tool is None or s.tool >= _KNOWS_UEFI) else None

    return Bios(
        vendor=s.said("Vendor"),
        version=s.said("Version"),
        released=s.said("Release Date"),
        is_uefi=bit("UEFI is supported"),
        is_virtual=bit("System is a virtual machine"),
    )


def _system(s: _Section) -> SystemInfo:
    return SystemInfo(
        maker=s.said("Manufacturer"),
        product=s.said("Product Name"),
        version=s.said("Version"),
        serial=s.said("Serial Number"),
        uuid=uuid_text(s.fields.get("UUID")),
        sku=s.said("SKU Number"),
        family=s.said("Family"),
    )


def _board(s: _Section) -> Board:
    return Board(
        maker=s.said("Manufacturer"),
        product=s.said("Product Name"),
        version=s.said("Version"),
        serial=s.said("Serial Number"),
        asset_tag=s.said("Asset Tag"),
        kind=s.named("Type", codes.BOARD),
    )


def _chassis(s: _Section) -> Chassis:
    kind = s.said("Type")
    return Chassis(
        maker=s.said("Manufacturer"),
        kind=kind if kind in codes.CHASSIS.values() else None,
        version=s.said("Version"),
        serial=s.said("Serial Number"),
        asset_tag=s.said("Asset Tag"),
        sku=s.said("SKU Number"),
    )


def _processor(s: _Section) -> Processor:
    status = s.said("Status")
    return Processor(
        socket=s.said("Socket Designation"),
        kind=s.named("Type", codes.PROCESSOR),
        maker=s.said("Manufacturer"),
        model_name=s.said("Version"),
        is_populated=status.startswith("Populated") if status else None,
        cores=s.number("Core Count"),
        cores_enabled=s.number("Core Enabled"),
        threads=s.number("Thread Count"),
        max_mhz=s.speed("Max Speed"),
        current_mhz=s.speed("Current Speed"),
    )


def _old_module(s: _Section) -> OldModule:
    kind = s.said("Type")
    is_empty = s.fields.get("Installed Size", "").startswith("Not Installed")
    return OldModule(
        socket=s.said("Socket Designation"),
        kind=None if kind == "None" else kind,
        size_bytes=0 if is_empty else s.size("Installed Size"),
    )


def _oem_strings(s: _Section) -> Iterator[str]:
    for name, value in s.fields.items():
        text = said(value)
        if name.startswith("String ") and text:
            yield text


def _memory_array(s: _Section) -> MemoryArray:
    slots = s.fields.get("Number Of Devices", "")
    return MemoryArray(
        handle=s.handle,
        use=s.named("Use", codes.ARRAY_USE),
        ecc=s.named("Error Correction Type", codes.ARRAY_ECC),
        maximum_bytes=s.size("Maximum Capacity") or None,
        slots=int(slots) if slots.isdecimal() and len(slots) < 6 else None,
    )


def _memory_device(s: _Section) -> MemoryDevice:
    is_empty = s.fields.get("Size", "").startswith(("No Module Installed", "Not Installed"))
    size = s.size("Size") or None
    if size == 0x7FFF * MIB:  # "see the extended field", where there is none
        size = None
    slot = MemoryDevice(
        array=s.handle_of("Array Handle"),
        total_bits=s.number("Total Width"),
        data_bits=s.number("Data Width"),
        size_bytes=0 if is_empty else size,
        form=s.named("Form Factor", codes.FORM),
        locator=s.said("Locator"),
        bank=s.said("Bank Locator"),
        kind=s.named("Type", codes.MEMORY),
    )
    if is_empty:
        return slot
    return msgspec.structs.replace(
        slot,
        rated_mts=s.speed("Speed"),
        maker=s.said("Manufacturer"),
        serial=s.said("Serial Number"),
        asset_tag=s.said("Asset Tag"),
        part=s.said("Part Number"),
        configured_mts=s.speed("Configured Memory Speed", "Configured Clock Speed"),
    )


def _battery(s: _Section) -> PortableBattery:
    return PortableBattery(
        location=s.said("Location"),
        maker=s.said("Manufacturer"),
        name=s.said("Name"),
        serial=s.said("Serial Number") or s.said("SBDS Serial Number"),
        chemistry=s.named("Chemistry", codes.CHEMISTRY) or s.said("SBDS Chemistry"),
        design_mwh=s.number("Design Capacity"),
        design_mv=s.number("Design Voltage"),
        made_on=any_order(s.said("Manufacture Date") or s.said("SBDS Manufacture Date") or ""),
    )


def _security(s: _Section) -> HardwareSecurity:
    return HardwareSecurity(
        power_on_password=_PASSWORDS.get(s.fields.get("Power-On Password Status", "")),
        keyboard_password=_PASSWORDS.get(s.fields.get("Keyboard Password Status", "")),
        administrator_password=_PASSWORDS.get(s.fields.get("Administrator Password Status", "")),
    )


def _onboard(s: _Section) -> OnboardDevice:
    return OnboardDevice(
        name=s.said("Reference Designation"),
        kind=s.named("Type", codes.ONBOARD),
        is_enabled={"Enabled": True, "Disabled": False}.get(s.fields.get("Status", "")),
    )


def _tpm(s: _Section) -> TpmDevice:
    # dmidecode 3.1 forgot the end of this line: "2.0<tab>Firmware Revision: 7.63".
    version = re.match(r"\d{1,3}\.\d{1,3}", s.fields.get("Specification Version", ""))
    return TpmDevice(vendor=s.said("Vendor ID"), version=version[0] if version else None)


# Structure type → section of Table, reader.
_READERS: dict[int | None, tuple[str, Callable[[_Section], Fact]]] = {
    0: ("bios", _bios),
    1: ("systems", _system),
    2: ("boards", _board),
    3: ("chassis", _chassis),
    4: ("processors", _processor),
    6: ("old_modules", _old_module),
    16: ("memory_arrays", _memory_array),
    17: ("memory_devices", _memory_device),
    22: ("batteries", _battery),
    24: ("hardware_security", _security),
    41: ("onboard_devices", _onboard),
    43: ("tpms", _tpm),
}
