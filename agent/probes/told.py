"""What lshw, hwinfo, inxi and the like read out of SMBIOS, brought to the same sections as a table of our own.

These programs print the tables' strings; each of their readers rebuilds the part of a `Table` that it can, and the
rules about placeholders and names exist once.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

from agent.facts import Firmware
from agent.probes import Findings
from agent.probes.firmware import parse_date
from agent.probes.memory import parse_memory
from agent.probes.smbios_structures import Table
from agent.probes.system import parse_system
from agent.text import meant

_DISK = re.compile(r"sd[a-z]{1,3}|hd[a-z]|nvme\d+n\d+|mmcblk\d+|x?vd[a-z]{1,2}")
_SCALES = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s?([kKMGTP]?)(i?)B(?:ytes?)?\b")


def bytes_in(text: str | None) -> int | None:
    """The first size in a text, in bytes: "8 GiB", "256GB", "1024 MB"; rounded as the program that printed it did."""
    match = _SIZE.search(text or "")
    if match is None:
        return None
    step = 1024 if match[3] else 1000
    try:
        return int(Decimal(match[1].replace(",", ".")) * step ** _SCALES[match[2].lower()])
    except InvalidOperation:
        return None


def tell_table(findings: Findings, table: Table, source: str, usable_bytes: int | None = None) -> None:
    """Sections "system", "firmware" and "memory", each only where the table says something of it.

    Slots are counted only where the source lists arrays of slots: modules alone do not tell how many are empty.
    """
    if table.systems or table.boards or table.chassis:
        findings.found("system", parse_system(table), source)
    firmware = _firmware(table)
    if firmware != Firmware():
        findings.found("firmware", firmware, source)
    if table.memory_devices or usable_bytes:
        memory = parse_memory(table, usable_bytes)
        if not any(array.slots for array in table.memory_arrays):
            memory = msgspec.structs.replace(memory, slots_total=None, slots_free=None)
        findings.found("memory", memory, source)


def _firmware(table: Table) -> Firmware:
    bios = table.bios[0] if table.bios else None
    security = table.hardware_security[0] if table.hardware_security else None
    return Firmware(
        vendor=meant(bios.vendor) if bios else None,
        version=meant(bios.version) if bios else None,
        released_on=parse_date(bios.released) if bios else None,
        # These lists leave out what they do not know: a missing word is no "no".
        is_uefi_capable=True if bios and bios.is_uefi else None,
        admin_password=security.administrator_password if security else None,
        power_on_password=security.power_on_password if security else None,
    )


def disk_name(path: str) -> str | None:
    """The kernel's name of a whole disk in "/dev/sda"; None for partitions, boot areas, loops, volumes and the like."""
    name = path.removeprefix("/dev/").strip()
    return name if _DISK.fullmatch(name) else None


def disk_kind(name: str, *, has_boot_area: bool = False) -> Literal["nvme", "emmc"] | None:
    """What a name alone proves; an SSD and a hard disk bear the same."""
    if name.startswith("nvme"):
        return "nvme"
    return "emmc" if name.startswith("mmcblk") and has_boot_area else None
