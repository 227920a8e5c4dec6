"""One SMBIOS structure → one frozen value. Offsets and least lengths are those of DMTF DSP0134 and of dmidecode.

A structure shorter than its fields says nothing of them: older versions are shorter, and some makers stop early.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from agent.facts import Fact
from agent.probes import smbios_codes as codes
from agent.probes.smbios_codes import any_order, named, said
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
    TpmDevice,
)
from agent.units import KIB, MIB

Version = tuple[int, int] | None
LITTLE_ENDIAN_UUID = (2, 6)  # 7.2.1: the first three fields are little-endian since this version
_PASSWORDS: tuple[Password | None, ...] = ("disabled", "enabled", "not-implemented", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    kind: int
    handle: int
    raw: bytes  # formatted area, header included
    strings: tuple[bytes, ...]

    def has(self, length: int) -> bool:
        return len(self.raw) >= length

    def number(self, offset: int, size: int = 1) -> int:
        return int.from_bytes(self.raw[offset : offset + size], "little")

    def string(self, offset: int) -> str | None:
        """The string whose number is at `offset`; bytes that are not printable ASCII become dots, as in dmidecode,
        so that one PC has one identity whichever way it was read."""
        place = self.raw[offset] if offset < len(self.raw) else 0
        if not 0 < place <= len(self.strings):
            return None
        return said("".join(chr(byte) if 32 <= byte < 127 else "." for byte in self.strings[place - 1]))


def _bios(s: Structure, version: Version) -> Bios:
    if not s.has(0x12):
        return Bios()
    bits = s.number(0x13) if s.has(0x14) else None
    return Bios(
        vendor=s.string(0x04),
        version=s.string(0x05),
        released=s.string(0x08),
        is_uefi=None if bits is None else bool(bits & 8),
        is_virtual=None if bits is None else bool(bits & 16),
    )


def _system(s: Structure, version: Version) -> SystemInfo:
    if not s.has(0x08):
        return SystemInfo()
    return SystemInfo(
        maker=s.string(0x04),
        product=s.string(0x05),
        version=s.string(0x06),
        serial=s.string(0x07),
        uuid=_uuid(s.raw[0x08:0x18], version) if s.has(0x19) else None,
        sku=s.string(0x19) if s.has(0x1B) else None,
        family=s.string(0x1A) if s.has(0x1B) else None,
    )


def _uuid(raw: bytes, version: Version) -> str:
    is_little = version is not None and version >= LITTLE_ENDIAN_UUID
    return str(uuid.UUID(bytes_le=raw) if is_little else uuid.UUID(bytes=raw))


def _board(s: Structure, version: Version) -> Board:
    if not s.has(0x08):
        return Board()
    return Board(
        maker=s.string(0x04),
        product=s.string(0x05),
        version=s.string(0x06),
        serial=s.string(0x07),
        asset_tag=s.string(0x08),
        kind=named(codes.BOARD, s.number(0x0D)) if s.has(0x0E) else None,
    )


def _chassis(s: Structure, version: Version) -> Chassis:
    if not s.has(0x09):
        return Chassis()
    sku_at = 0x15 + s.number(0x13) * s.number(0x14)
    return Chassis(
        maker=s.string(0x04),
        kind=codes.CHASSIS.get(s.number(0x05) & 0x7F),  # bit 7: a lock is there
        version=s.string(0x06),
        serial=s.string(0x07),
        asset_tag=s.string(0x08),
        sku=s.string(sku_at) if s.has(0x15) and s.has(sku_at + 1) else None,
    )


def _processor(s: Structure, version: Version) -> Processor:
    if not s.has(0x1A):
        return Processor()

    def count(offset: int, wide: int) -> int | None:
        if not s.has(0x28):
            return None
        # 7.5.6: 255 sends to the 16-bit field of 3.0.
        return (s.number(wide, 2) if s.number(offset) == 0xFF and s.has(wide + 2) else s.number(offset)) or None

    return Processor(
        socket=s.string(0x04),
        kind=named(codes.PROCESSOR, s.number(0x05)),
        maker=s.string(0x07),
        model_name=s.string(0x10),
        is_populated=bool(s.number(0x18) & 0x40),
        cores=count(0x23, 0x2A),
        cores_enabled=count(0x24, 0x2C),
        threads=count(0x25, 0x2E),
        max_mhz=s.number(0x14, 2) or None,
        current_mhz=s.number(0x16, 2) or None,
    )


def _old_module(s: Structure, version: Version) -> OldModule:
    if not s.has(0x0C):
        return OldModule()
    power, kinds = s.number(0x09) & 0x7F, s.number(0x07, 2)
    size = {0x7D: None, 0x7E: None, 0x7F: 0}.get(power, MIB << power if power < 0x7D else None)
    kind = " ".join(name for bit, name in codes.OLD_MODULE.items() if kinds >> bit & 1)
    return OldModule(socket=s.string(0x04), kind=kind or None, size_bytes=size)


def _oem_strings(s: Structure, version: Version) -> tuple[str, ...]:
    count = s.number(0x04) if s.has(0x05) else 0
    texts = (said(text.decode("ascii", "replace").replace("\ufffd", ".")) for text in s.strings[:count])
    return tuple(text for text in texts if text)


def _memory_array(s: Structure, version: Version) -> MemoryArray:
    if not s.has(0x0F):
        return MemoryArray(handle=s.handle)
    maximum = s.number(0x07, 4) * KIB
    if maximum == 0x80000000 * KIB:  # 7.17: see the extended field, in bytes
        maximum = s.number(0x0F, 8) if s.has(0x17) else 0
    return MemoryArray(
        handle=s.handle,
        use=named(codes.ARRAY_USE, s.number(0x05)),
        ecc=named(codes.ARRAY_ECC, s.number(0x06)),
        maximum_bytes=maximum or None,
        slots=s.number(0x0D, 2),
    )


def device_size(code: int, extended: int | None) -> int | None:
    """Bytes of a type 17 size field (7.18.5); `extended` is None when the structure is too short for it."""
    if code == 0xFFFF:
        return None
    if code == 0x7FFF:
        return (extended or 0) % (1 << 31) * MIB or None
    return (code & 0x7FFF) * (KIB if code & 0x8000 else MIB)


def _memory_device(s: Structure, version: Version) -> MemoryDevice:
    if not s.has(0x15):
        return MemoryDevice()

    def bits(offset: int) -> int | None:
        return None if s.number(offset, 2) in (0, 0xFFFF) else s.number(offset, 2)

    def speed(offset: int, length: int, extended: int) -> int | None:
        if not s.has(length):
            return None
        code = s.number(offset, 2)
        if code == 0xFFFF:
            return (s.number(extended, 4) & 0x7FFFFFFF if s.has(0x5C) else 0) or None
        return code or None

    size = device_size(s.number(0x0C, 2), s.number(0x1C, 4) if s.has(0x20) else None)
    is_fitted = s.number(0x0C, 2) != 0  # an empty slot's other fields are left-overs of the maker's template
    named_fields = is_fitted and s.has(0x1B)
    return MemoryDevice(
        array=s.number(0x04, 2),
        total_bits=bits(0x08),
        data_bits=bits(0x0A),
        size_bytes=size,
        form=named(codes.FORM, s.number(0x0E)),
        locator=s.string(0x10),
        bank=s.string(0x11),
        kind=named(codes.MEMORY, s.number(0x12)),
        rated_mts=speed(0x15, 0x17, 0x54) if is_fitted else None,
        maker=s.string(0x17) if named_fields else None,
        serial=s.string(0x18) if named_fields else None,
        asset_tag=s.string(0x19) if named_fields else None,
        part=s.string(0x1A) if named_fields else None,
        configured_mts=speed(0x20, 0x22, 0x58) if is_fitted else None,
    )


def _battery(s: Structure, version: Version) -> PortableBattery:
    if not s.has(0x10):
        return PortableBattery()
    has_sbds = s.has(0x1A)  # 2.2: Smart Battery fields stand in where the strings are none
    made_on, serial = any_order(s.string(0x06) or ""), s.string(0x07)
    if has_sbds and not s.raw[0x06]:
        packed = s.number(0x12, 2)
        made_on = any_order(f"{1980 + (packed >> 9)}-{packed >> 5 & 15:02}-{packed & 31:02}")
    if has_sbds and not s.raw[0x07]:
        serial = f"{s.number(0x10, 2):04X}"
    chemistry = named(codes.CHEMISTRY, s.number(0x09))
    if has_sbds and s.number(0x09) == 2:
        chemistry = s.string(0x14)
    times = s.number(0x15) if s.has(0x16) else 1
    return PortableBattery(
        location=s.string(0x04),
        maker=s.string(0x05),
        name=s.string(0x08),
        serial=serial,
        chemistry=chemistry,
        design_mwh=s.number(0x0A, 2) * times or None,
        design_mv=s.number(0x0C, 2) or None,
        made_on=made_on,
    )


def _security(s: Structure, version: Version) -> HardwareSecurity:
    if not s.has(0x05):
        return HardwareSecurity()
    bits = s.number(0x04)
    return HardwareSecurity(
        power_on_password=_PASSWORDS[bits >> 6],
        keyboard_password=_PASSWORDS[bits >> 4 & 3],
        administrator_password=_PASSWORDS[bits >> 2 & 3],
    )


def _onboard(s: Structure, version: Version) -> OnboardDevice:
    if not s.has(0x0B):
        return OnboardDevice()
    code = s.number(0x05)
    return OnboardDevice(
        name=s.string(0x04), kind=named(codes.ONBOARD, code & 0x7F), is_enabled=bool(code & 0x80)
    )  # fmt: skip


def _tpm(s: Structure, version: Version) -> TpmDevice:
    if not s.has(0x1B):
        return TpmDevice()
    vendor = s.raw[0x04:0x08].split(b"\0")[0]
    return TpmDevice(
        vendor=said("".join(chr(byte) if 32 <= byte < 127 else "." for byte in vendor)),
        version=f"{s.number(0x08)}.{s.number(0x09)}",
    )


# Structure type → section of Table, reader.
DECODERS: dict[int, tuple[str, Callable[[Structure, Version], Fact]]] = {
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


def decoded(structures: tuple[Structure, ...], version: Version) -> dict[str, tuple[object, ...]]:
    """The sections of a Table."""
    found: dict[str, list[object]] = {}
    for structure in structures:
        if structure.kind == 11:
            found.setdefault("oem_strings", []).extend(_oem_strings(structure, version))
        elif structure.kind in DECODERS:
            section, decode = DECODERS[structure.kind]
            found.setdefault(section, []).append(decode(structure, version))
    return {section: tuple(things) for section, things in found.items()}
