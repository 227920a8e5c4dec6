"""The readers' opposite: a Table as a binary dump (`dmidecode --dump-bin` layout) and as dmidecode's text.

Written from the specification and from dmidecode's output, apart from the readers, so that a mistake in one shows.
"""

import re
import struct
import uuid
from collections.abc import Iterator

from agent.probes import smbios_codes as codes
from agent.probes.smbios_structures import Table
from agent.units import GIB, KIB, MIB

PASSWORDS = ("disabled", "enabled", "not-implemented", None)


def _code(names: dict[int, str], name: str | None) -> int:
    return next((code for code, text in names.items() if text == (name or "Unknown")), 0)


class _Out:
    """One structure being written: fields at offsets, strings collected."""

    def __init__(self, kind: int, handle: int, length: int) -> None:
        self.raw = bytearray(length)
        struct.pack_into("<BBH", self.raw, 0, kind, length, handle)
        self.strings: list[bytes] = []

    def text(self, at: int, text: str | None) -> None:
        if text is not None:
            self.strings.append(text.encode("ascii"))
            self.raw[at] = len(self.strings)

    def put(self, at: int, form: str, *values: int) -> None:
        struct.pack_into("<" + form, self.raw, at, *values)

    def bytes(self) -> bytes:
        return bytes(self.raw) + (b"".join(text + b"\0" for text in self.strings) or b"\0") + b"\0"


def encode(table: Table) -> bytes:
    """The table alone, without entry point."""
    outs = list(_structures(table))
    outs.append(_Out(127, 0xFEFF, 4))
    return b"".join(out.bytes() for out in outs)


def encode_dump(table: Table) -> bytes:
    """Entry point and table, as `dmidecode --from-dump` reads them."""
    raw = encode(table)
    major, minor = table.version or (3, 2)
    if major >= 3:
        entry = bytearray(b"_SM3_\0\x18" + bytes([major, minor, 0, 1, 0]) + struct.pack("<IQ", len(raw), 32))
        entry[5] = -sum(entry) % 256
    else:
        count = len(list(_structures(table))) + 1
        entry = bytearray(b"_SM_\0\x1f" + bytes([major, minor]) + struct.pack("<HB5x", 0xFF, 0) + b"_DMI_\0")
        entry += struct.pack("<HIHB", len(raw), 32, count, major << 4 | minor)
        entry[0x15] = -sum(entry[0x10:]) % 256
        entry[4] = -sum(entry) % 256
    return bytes(entry).ljust(32, b"\0") + raw


def _structures(table: Table) -> Iterator[_Out]:
    yield from _names(table)
    yield from _processors(table)
    yield from _memory(table)
    yield from _others(table)


def _names(table: Table) -> Iterator[_Out]:
    for n, bios in enumerate(table.bios):
        out = _Out(0, n, 0x18)
        out.text(0x04, bios.vendor)
        out.text(0x05, bios.version)
        out.text(0x08, bios.released)
        out.raw[0x13] = 8 * bool(bios.is_uefi) | 16 * bool(bios.is_virtual) | 1
        yield out
    for n, system in enumerate(table.systems):
        out = _Out(1, 0x100 + n, 0x1B)
        for at, text in ((4, system.maker), (5, system.product), (6, system.version), (7, system.serial)):
            out.text(at, text)
        identity = uuid.UUID(system.uuid)
        out.raw[8:24] = identity.bytes_le if (table.version or (3, 2)) >= (2, 6) else identity.bytes
        out.text(0x19, system.sku)
        out.text(0x1A, system.family)
        yield out
    for n, board in enumerate(table.boards):
        out = _Out(2, 0x200 + n, 0x0F)
        for at, text in enumerate((board.maker, board.product, board.version, board.serial, board.asset_tag), 4):
            out.text(at, text)
        out.raw[0x0D] = _code(codes.BOARD, board.kind)
        yield out
    for n, case in enumerate(table.chassis):
        out = _Out(3, 0x300 + n, 0x16)
        out.text(4, case.maker)
        out.raw[5] = 0x80 | _code(codes.CHASSIS, case.kind) if case.kind else 0x7F
        for at, text in ((6, case.version), (7, case.serial), (8, case.asset_tag), (0x15, case.sku)):
            out.text(at, text)
        yield out


def _processors(table: Table) -> Iterator[_Out]:
    for n, cpu in enumerate(table.processors):
        out = _Out(4, 0x400 + n, 0x30)
        for at, text in ((4, cpu.socket), (7, cpu.maker), (0x10, cpu.model_name)):
            out.text(at, text)
        out.raw[5] = _code(codes.PROCESSOR, cpu.kind)
        out.put(0x14, "HHB", cpu.max_mhz or 0, cpu.current_mhz or 0, 0x41 if cpu.is_populated else 0)
        for at, count in enumerate((cpu.cores, cpu.cores_enabled, cpu.threads)):
            out.raw[0x23 + at] = min(count or 0, 0xFF)
            out.put(0x2A + 2 * at, "H", count or 0)
        yield out


def _memory(table: Table) -> Iterator[_Out]:
    for n, old in enumerate(table.old_modules):
        out = _Out(6, 0x600 + n, 0x0C)
        out.text(4, old.socket)
        out.put(7, "H", sum(1 << bit for bit, name in codes.OLD_MODULE.items() if name in (old.kind or "").split()))
        size = old.size_bytes
        out.raw[9] = 0x7D if size is None else 0x7F if size == 0 else (size // MIB).bit_length() - 1
        yield out
    for array in table.memory_arrays:
        out = _Out(16, array.handle or 0, 0x17)
        out.put(4, "BBB", 3, _code(codes.ARRAY_USE, array.use), _code(codes.ARRAY_ECC, array.ecc))
        kib = (array.maximum_bytes or 0) // KIB
        out.put(7, "I", min(kib, 0x80000000))
        out.put(0x0D, "HQ", array.slots or 0, (array.maximum_bytes or 0) if kib >= 0x80000000 else 0)
        yield out
    for n, device in enumerate(table.memory_devices):
        out = _Out(17, 0x1100 + n, 0x5C)
        out.put(4, "HHHH", device.array or 0, 0xFFFE, device.total_bits or 0xFFFF, device.data_bits or 0)
        out.put(0x0C, "H", _size_code(device.size_bytes))
        if _size_code(device.size_bytes) == 0x7FFF:
            out.put(0x1C, "I", (device.size_bytes or 0) // MIB)
        out.raw[0x0E], out.raw[0x12] = _code(codes.FORM, device.form), _code(codes.MEMORY, device.kind)
        names = (device.locator, device.bank, device.maker, device.serial)
        for at, text in zip((0x10, 0x11, 0x17, 0x18), names, strict=True):
            out.text(at, text)
        out.text(0x19, device.asset_tag)
        out.text(0x1A, device.part)
        for at, wide, speed in ((0x15, 0x54, device.rated_mts), (0x20, 0x58, device.configured_mts)):
            out.put(at, "H", min(speed or 0, 0xFFFF))
            out.put(wide, "I", speed if speed and speed >= 0xFFFF else 0)
        yield out


def _size_code(size: int | None) -> int:
    if size is None:
        return 0xFFFF
    if size % MIB:
        return 0x8000 | size // KIB
    return min(size // MIB, 0x7FFF)


def _others(table: Table) -> Iterator[_Out]:
    if table.oem_strings:
        out = _Out(11, 0xB00, 5)
        for words in table.oem_strings:
            out.text(4, words)
        yield out
    for n, battery in enumerate(table.batteries):
        out = _Out(22, 0x1600 + n, 0x1A)
        for at, text in ((4, battery.location), (5, battery.maker), (8, battery.name)):
            out.text(at, text)
        _smart_battery(out, battery.serial or "0000", battery.chemistry, battery.made_on or "1980-00-00")
        mwh = battery.design_mwh or 0
        times = next(times for times in range(1, 256) if mwh % times == 0 and mwh // times < 0x10000)
        out.put(0x0A, "HH", mwh // times, battery.design_mv or 0)
        out.raw[0x15] = times
        yield out
    for n, security in enumerate(table.hardware_security):
        out = _Out(24, 0x1800 + n, 5)
        bits = [security.power_on_password, security.keyboard_password, security.administrator_password]
        out.raw[4] = sum(PASSWORDS.index(state) << shift for state, shift in zip(bits, (6, 4, 2), strict=True))
        yield out
    for n, device in enumerate(table.onboard_devices):
        out = _Out(41, 0x2900 + n, 0x0B)
        out.text(4, device.name)
        out.raw[5] = 0x80 * bool(device.is_enabled) | _code(codes.ONBOARD, device.kind)
        yield out
    for n, tpm in enumerate(table.tpms):
        out = _Out(43, 0x2B00 + n, 0x1F)
        out.raw[4:8] = (tpm.vendor or "").encode().ljust(4, b"\0")
        out.put(8, "BB", *(int(part) for part in (tpm.version or "0.0").split(".")))
        yield out


def _smart_battery(out: _Out, serial: str, chemistry: str | None, made_on: str) -> None:
    """Serial, chemistry and date, in the smart battery's own fields where their form allows."""
    if re.fullmatch(r"[0-9A-F]{4}", serial):
        out.put(0x10, "H", int(serial, 16))
    else:
        out.text(7, serial)
    if chemistry in codes.CHEMISTRY.values():
        out.raw[9] = _code(codes.CHEMISTRY, chemistry)
    else:
        out.raw[9] = 2
        out.text(0x14, chemistry)
    if len(made_on) == 4:
        out.text(6, made_on)
    else:
        year, month, day = (int(part) for part in made_on.split("-"))
        out.put(0x12, "H", (year - 1980) << 9 | month << 5 | day)


# --- text -------------------------------------------------------------------------------------------------------------


def encode_text(table: Table, step: str = "\t", tool: str = "3.4") -> str:
    """As dmidecode prints it; the order of sections is that of the table."""
    major, minor = table.version or (3, 2)
    lines = [f"# dmidecode {tool}", "Getting SMBIOS data from sysfs.", f"SMBIOS {major}.{minor} present.", ""]
    for kind, handle, length, title, fields in _sections(table):
        lines += [f"Handle 0x{handle:04X}, DMI type {kind}, {length} bytes", title]
        for name, value in fields.items():
            if isinstance(value, list):
                lines += [f"{step}{name}:", *(f"{step}{step}{item}" for item in value)]
            else:
                lines.append(f"{step}{name}: {'Not Specified' if value is None else value}")
        lines.append("")
    return "\n".join([*lines, "Handle 0xFEFF, DMI type 127, 4 bytes", "End Of Table", ""])


_Fields = dict[str, str | int | None | list[str]]
_Text = tuple[int, int, int, str, _Fields]


def _sections(table: Table) -> Iterator[_Text]:
    for n, bios in enumerate(table.bios):
        listed = ["PCI is supported"]
        listed += ["UEFI is supported"] * bool(bios.is_uefi) + ["System is a virtual machine"] * bool(bios.is_virtual)
        names: _Fields = {"Vendor": bios.vendor, "Version": bios.version, "Release Date": bios.released}
        yield 0, n, 24, "BIOS Information", names | {"Characteristics": listed}
    for n, system in enumerate(table.systems):
        identity = system.uuid or ""
        words = {"0": "Not Settable", "f": "Not Present"} if len(set(identity) - {"-"}) == 1 else {}
        yield 1, 0x100 + n, 27, "System Information", {
            "Manufacturer": system.maker, "Product Name": system.product, "Version": system.version,
            "Serial Number": system.serial, "UUID": words.get(identity[:1], identity.upper()),
            "Wake-up Type": "Power Switch", "SKU Number": system.sku, "Family": system.family,
        }  # fmt: skip
    for n, board in enumerate(table.boards):
        yield 2, 0x200 + n, 15, "Base Board Information", {
            "Manufacturer": board.maker, "Product Name": board.product, "Version": board.version,
            "Serial Number": board.serial, "Asset Tag": board.asset_tag, "Features": ["Board is replaceable"],
            "Type": board.kind or "Unknown",
        }  # fmt: skip
    for n, case in enumerate(table.chassis):
        yield 3, 0x300 + n, 22, "Chassis Information", {
            "Manufacturer": case.maker, "Type": case.kind or "<OUT OF SPEC>", "Lock": "Present",
            "Version": case.version, "Serial Number": case.serial, "Asset Tag": case.asset_tag, "SKU Number": case.sku,
        }  # fmt: skip
    yield from _processor_sections(table)
    yield from _memory_sections(table)
    yield from _other_sections(table)


def _processor_sections(table: Table) -> Iterator[_Text]:
    for n, cpu in enumerate(table.processors):
        speeds = {"Max Speed": cpu.max_mhz, "Current Speed": cpu.current_mhz}
        counts = {"Core Count": cpu.cores, "Core Enabled": cpu.cores_enabled, "Thread Count": cpu.threads}
        yield 4, 0x400 + n, 48, "Processor Information", {
            "Socket Designation": cpu.socket, "Type": cpu.kind or "Unknown", "Manufacturer": cpu.maker,
            "Flags": ["FPU (Floating-point unit on-chip)"], "Version": cpu.model_name,
            **{name: f"{mhz} MHz" if mhz else "Unknown" for name, mhz in speeds.items()},
            "Status": "Populated, Enabled" if cpu.is_populated else "Unpopulated",
            **{name: count for name, count in counts.items() if count},
        }  # fmt: skip


def _size(size: int) -> str:
    for unit, name in ((GIB, "GB"), (MIB, "MB")):
        if size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size // KIB} kB"


def _memory_sections(table: Table) -> Iterator[_Text]:
    for n, old in enumerate(table.old_modules):
        size = old.size_bytes
        told = "Not Determinable" if size is None else "Not Installed" if size == 0 else _size(size)
        yield 6, 0x600 + n, 12, "Memory Module Information", {
            "Socket Designation": old.socket, "Type": old.kind or "None",
            "Installed Size": told + " (Single-bank Connection)" * (size not in (None, 0)),
        }  # fmt: skip
    for array in table.memory_arrays:
        yield 16, array.handle or 0, 23, "Physical Memory Array", {
            "Location": "System Board Or Motherboard", "Use": array.use or "Unknown",
            "Error Correction Type": array.ecc or "Unknown",
            "Maximum Capacity": _size(array.maximum_bytes) if array.maximum_bytes else "0 kB",
            "Error Information Handle": "Not Provided", "Number Of Devices": array.slots,
        }  # fmt: skip
    for n, device in enumerate(table.memory_devices):
        size = device.size_bytes
        widths = {"Total Width": device.total_bits, "Data Width": device.data_bits}
        speeds = {"Speed": device.rated_mts, "Configured Memory Speed": device.configured_mts}
        fields: _Fields = {
            "Array Handle": f"0x{device.array or 0:04X}", "Error Information Handle": "Not Provided",
            **{name: f"{bits} bits" if bits else "Unknown" for name, bits in widths.items()},
            "Size": "Unknown" if size is None else _size(size) if size else "No Module Installed",
            "Form Factor": device.form or "Unknown", "Locator": device.locator, "Bank Locator": device.bank,
            "Type": device.kind or "Unknown", "Type Detail": "Synchronous",
        }  # fmt: skip
        if size != 0:
            fields |= {name: f"{mts} MT/s" if mts else "Unknown" for name, mts in speeds.items()}
            fields |= {"Manufacturer": device.maker, "Serial Number": device.serial, "Asset Tag": device.asset_tag}
            fields |= {"Part Number": device.part}
        yield 17, 0x1100 + n, 92, "Memory Device", fields


def _other_sections(table: Table) -> Iterator[_Text]:
    if table.oem_strings:
        yield 11, 0xB00, 5, "OEM Strings", {f"String {n}": text for n, text in enumerate(table.oem_strings, 1)}
    for n, battery in enumerate(table.batteries):
        fields: _Fields = {"Location": battery.location, "Manufacturer": battery.maker}
        has_name = battery.chemistry in codes.CHEMISTRY.values()
        fields["Name"] = battery.name
        made_on, serial = battery.made_on or "1980-00-00", battery.serial or "0000"
        fields["Design Capacity"] = f"{battery.design_mwh} mWh" if battery.design_mwh else "Unknown"
        fields["Design Voltage"] = f"{battery.design_mv} mV" if battery.design_mv else "Unknown"
        fields["Chemistry" if has_name else "SBDS Chemistry"] = battery.chemistry
        fields["Manufacture Date" if len(made_on) == 4 else "SBDS Manufacture Date"] = made_on
        fields["SBDS Serial Number" if re.fullmatch("[0-9A-F]{4}", serial) else "Serial Number"] = serial
        yield 22, 0x1600 + n, 26, "Portable Battery", fields
    words = dict(zip(PASSWORDS, ("Disabled", "Enabled", "Not Implemented", "Unknown"), strict=True))
    for n, security in enumerate(table.hardware_security):
        yield 24, 0x1800 + n, 5, "Hardware Security", {
            "Power-On Password Status": words[security.power_on_password],
            "Keyboard Password Status": words[security.keyboard_password],
            "Administrator Password Status": words[security.administrator_password],
            "Front Panel Reset Status": "Unknown",
        }  # fmt: skip
    for n, device in enumerate(table.onboard_devices):
        status = "Enabled" if device.is_enabled else "Disabled"
        fields = {"Reference Designation": device.name, "Type": device.kind or "Unknown", "Status": status}
        yield 41, 0x2900 + n, 11, "Onboard Device", fields
    for n, tpm in enumerate(table.tpms):
        yield 43, 0x2B00 + n, 31, "TPM Device", {"Vendor ID": tpm.vendor, "Specification Version": tpm.version}
