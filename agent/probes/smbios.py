"""Reads SMBIOS tables: binary ones here, dmidecode's text through `smbios_text`, /sys/class/dmi/id as a last resort.

Tables lie about their own length, lack terminators and point past their strings: what cannot be read is left out and
told in `Table.faults`, never guessed and never raised. Layout: DMTF DSP0134; where it leaves a choice, dmidecode's.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from agent.facts import Gap, Why
from agent.host import Host
from agent.probes import smbios_codes as codes
from agent.probes.smbios_codes import said, true_version, uuid_text
from agent.probes.smbios_decode import Structure, decoded
from agent.probes.smbios_structures import Bios, Board, Chassis, PortableBattery, Processor, SystemInfo, Table

__all__ = ["PortableBattery", "Processor", "Table", "load", "parse_table"]

TABLE = "/sys/firmware/dmi/tables/DMI"
ENTRY = "/sys/firmware/dmi/tables/smbios_entry_point"
IDS = "/sys/class/dmi/id"
_DUMP_OFFSET = 32  # where `dmidecode --dump-bin` puts the table
_END_OF_TABLE = 127
_ABOUT = ("source", "version", "faults")  # fields of Table that are no section


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An entry point; `length` bounds the table, `count` (None in 3.x) the structures."""

    version: tuple[int, int]
    length: int
    offset: int
    count: int | None


def _entry(raw: bytes) -> _Entry | None:
    """The entry point that `raw` starts with (5.2.1, 5.2.2), None when there is none."""
    if raw.startswith(b"_SM3_") and len(raw) >= 24:
        length, offset = struct.unpack_from("<IQ", raw, 0x0C)
        return _Entry(version=true_version(raw[7], raw[8]), length=length, offset=offset, count=None)
    if raw.startswith(b"_SM_") and raw[16:21] == b"_DMI_" and len(raw) >= 31:
        length, offset, count = struct.unpack_from("<HIH", raw, 0x16)
        return _Entry(version=true_version(raw[6], raw[7]), length=length, offset=offset, count=count or None)
    if raw.startswith(b"_DMI_") and len(raw) >= 15:
        length, offset, count = struct.unpack_from("<HIH", raw, 6)
        version = true_version(raw[14] >> 4, raw[14] & 15)
        return _Entry(version=version, length=length, offset=offset, count=count or None)
    return None


def parse_table(raw: bytes, version: tuple[int, int] | None = None, count: int | None = None) -> Table:
    """The table in a /sys/firmware/dmi/tables/DMI blob or a `dmidecode --dump-bin` file. Never raises."""
    entry = _entry(raw)
    faults: list[str] = []
    if entry is not None:
        start = entry.offset if _DUMP_OFFSET <= entry.offset < len(raw) else _DUMP_OFFSET
        raw = raw[start : start + entry.length]
        version = version or entry.version
        count = count or entry.count
        # A 3.x entry point gives the greatest length, not the length.
        if entry.count is not None and len(raw) < entry.length:
            faults.append(f"{entry.length} bytes announced, {len(raw)} there")
    structures = tuple(_structures(raw, count, faults))
    version = version or _inferred(structures)
    sections: dict[str, Any] = dict(decoded(structures, version))
    return Table(version=version, faults=tuple(faults), **sections)


def _structures(raw: bytes, count: int | None, faults: list[str]) -> Iterator[Structure]:
    """Each structure whole; stops at the end marker (unless a count says there is more) or the first nonsense."""
    at = found = 0
    while at + 4 <= len(raw) and (count is None or found < count):
        kind, length, handle = struct.unpack_from("<BBH", raw, at)
        if length < 4:
            faults.append(f"structure {found}: length {length}")
            return
        end = raw.find(b"\0\0", at + length)
        if end < 0:
            faults.append(f"structure {found} (type {kind}): cut short")
            return
        found += 1
        # Up to the first empty string: an index beyond it points nowhere.
        strings = raw[at + length : end].split(b"\0")
        if b"" in strings:
            strings = strings[: strings.index(b"")]
        yield Structure(kind=kind, handle=handle, raw=raw[at : at + length], strings=tuple(strings))
        at = end + 2
        if kind == _END_OF_TABLE and count is None:
            return
    if count is not None and found < count:
        faults.append(f"{count} structures announced, {found} there")


def _inferred(structures: tuple[Structure, ...]) -> tuple[int, int] | None:
    """A table without its entry point: a type 17 of 2.6 length dates it, which settles the byte order of the UUID."""
    is_recent = any(structure.kind == 17 and len(structure.raw) >= 0x1C for structure in structures)
    return (2, 6) if is_recent else None


def load(host: Host) -> tuple[Table, str, list[Gap]]:
    """The best table this host can give, its source (also in the table), and what stood in the way."""
    reading = host.read(TABLE)
    why: Why = reading.why or "malformed"
    if reading.why is None:
        entry = _entry(host.read(ENTRY).raw)
        version, count = (entry.version, entry.count) if entry else (None, None)
        table = parse_table(reading.raw, version, count)
        if _says_something(table):
            return _sourced(table, TABLE)
    text, source = _dmidecode_text(host)
    if text:
        from agent.probes.smbios_text import parse_dmidecode  # most machines never need it

        table = parse_dmidecode(text)
        if _says_something(table):
            return _sourced(_completed(table, _from_ids(host)), source)
    table = _from_ids(host)
    table, source, _ = _sourced(table, f"{IDS}/*" if _says_something(table) else TABLE)
    return table, source, [Gap(path="", source=TABLE, why=why)]


def _sourced(table: Table, source: str) -> tuple[Table, str, list[Gap]]:
    gaps = [Gap(path="", source=source, why="malformed", detail="; ".join(table.faults)[:200])] if table.faults else []
    return msgspec.structs.replace(table, source=source), source, gaps


def _dmidecode_text(host: Host) -> tuple[str, str]:
    recorded = [output for output in host.outputs("dmidecode") if output.stdout]
    if recorded:
        return "\n".join(output.text for output in recorded), recorded[0].source
    output = host.run("dmidecode")
    return (output.text, output.source) if output.why is None else ("", output.source)


def _says_something(table: Table) -> bool:
    return any(getattr(table, section) for section in table.__struct_fields__ if section not in _ABOUT)


def _completed(table: Table, other: Table) -> Table:
    """`table` with the sections it lacks taken from `other` (text that came from `dmidecode -t` of a few types)."""
    changes = {
        section: getattr(other, section)
        for section in ("bios", "systems", "boards", "chassis")
        if not getattr(table, section)
    }
    return msgspec.structs.replace(table, **changes)


def _from_ids(host: Host) -> Table:
    """What the kernel shows to everyone; serials only to root."""

    def text(name: str) -> str | None:
        return said(host.text(f"{IDS}/{name}"))

    if not host.names(IDS):
        return Table()
    kind = text("chassis_type")
    bios = Bios(vendor=text("bios_vendor"), version=text("bios_version"), released=text("bios_date"))
    system = SystemInfo(
        maker=text("sys_vendor"), product=text("product_name"), version=text("product_version"),
        serial=text("product_serial"), uuid=uuid_text(text("product_uuid")), sku=text("product_sku"),
        family=text("product_family"),
    )  # fmt: skip
    board = Board(
        maker=text("board_vendor"), product=text("board_name"), version=text("board_version"),
        serial=text("board_serial"), asset_tag=text("board_asset_tag"),
    )  # fmt: skip
    chassis = Chassis(
        maker=text("chassis_vendor"), version=text("chassis_version"), serial=text("chassis_serial"),
        asset_tag=text("chassis_asset_tag"), kind=codes.CHASSIS.get(int(kind)) if kind and kind.isdecimal() else None,
    )  # fmt: skip
    return Table(
        bios=(bios,) if bios != Bios() else (),
        systems=(system,) if system != SystemInfo() else (),
        boards=(board,) if board != Board() else (),
        chassis=(chassis,) if chassis != Chassis() else (),
    )
