"""Names of SMBIOS codes (DMTF DSP0134 3.8), spelt as dmidecode prints them, and dates as makers write them."""

import re
from datetime import date

from agent.text import clean

# Versions that makers wrote wrong, as dmidecode corrects them.
_MISTAKEN = {(2, 31): (2, 3), (2, 33): (2, 3), (2, 51): (2, 6)}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOT_SAID = frozenset(("", "Not Specified", "<BAD INDEX>", "<OUT OF SPEC>"))


def _numbered(names: str, first: int = 1) -> dict[int, str]:
    return dict(enumerate((name.strip() for name in names.split(",")), first))


# 7.4.1
CHASSIS = _numbered(
    "Other, Unknown, Desktop, Low Profile Desktop, Pizza Box, Mini Tower, Tower, Portable, Laptop, Notebook, Hand Held,"
    "Docking Station, All In One, Sub Notebook, Space-saving, Lunch Box, Main Server Chassis, Expansion Chassis,"
    "Sub Chassis, Bus Expansion Chassis, Peripheral Chassis, RAID Chassis, Rack Mount Chassis, Sealed-case PC,"
    "Multi-system, CompactPCI, AdvancedTCA, Blade, Blade Enclosing, Tablet, Convertible, Detachable, IoT Gateway,"
    "Embedded PC, Mini PC, Stick PC"
)
# 7.3.2
BOARD = _numbered(
    "Unknown, Other, Server Blade, Connectivity Switch, System Management Module, Processor Module, I/O Module,"
    "Memory Module, Daughter Board, Motherboard, Processor+Memory Module, Processor+I/O Module, Interconnect Board"
)
# 7.5.1
PROCESSOR = _numbered("Other, Unknown, Central Processor, Math Processor, DSP Processor, Video Processor")
# 7.7.2, by bit number
OLD_MODULE = _numbered("Other, Unknown, Standard, FPM, EDO, Parity, ECC, SIMM, DIMM, Burst EDO, SDRAM", first=0)
# 7.17.2, 7.17.3
ARRAY_USE = _numbered("Other, Unknown, System Memory, Video Memory, Flash Memory, Non-volatile RAM, Cache Memory")
ARRAY_ECC = _numbered("Other, Unknown, None, Parity, Single-bit ECC, Multi-bit ECC, CRC")
# 7.18.1, 7.18.2
FORM = _numbered(
    "Other, Unknown, SIMM, SIP, Chip, DIP, ZIP, Proprietary Card, DIMM, TSOP, Row Of Chips, RIMM, SODIMM, SRIMM,"
    "FB-DIMM, Die, CAMM"
)
MEMORY = _numbered(
    "Other, Unknown, DRAM, EDRAM, VRAM, SRAM, RAM, ROM, Flash, EEPROM, FEPROM, EPROM, CDRAM, 3DRAM, SDRAM, SGRAM,"
    "RDRAM, DDR, DDR2, DDR2 FB-DIMM, Reserved, Reserved, Reserved, DDR3, FBD2, DDR4, LPDDR, LPDDR2, LPDDR3, LPDDR4,"
    "Logical non-volatile device, HBM, HBM2, DDR5, LPDDR5, HBM3"
)
# 7.23.1
CHEMISTRY = _numbered(
    "Other, Unknown, Lead Acid, Nickel Cadmium, Nickel Metal Hydride, Lithium Ion, Zinc Air, Lithium Polymer"
)
# 7.42.1
ONBOARD = _numbered(
    "Other, Unknown, Video, SCSI Controller, Ethernet, Token Ring, Sound, PATA Controller, SATA Controller,"
    "SAS Controller, Wireless LAN, Bluetooth, WWAN, eMMC, NVMe Controller, UFS Controller"
)


def said(text: str | None) -> str | None:
    """A maker's string, cleaned; None for none, and for what dmidecode prints in place of none."""
    text = clean(text or "")
    return None if text in _NOT_SAID else text


def named(names: dict[int, str], code: int | None) -> str | None:
    """The name of a code; None when it is out of the specification, or says "Unknown" itself."""
    name = names.get(code) if code is not None else None
    return None if name == "Unknown" else name


def true_version(major: int, minor: int) -> tuple[int, int]:
    return _MISTAKEN.get((major, minor), (major, minor))


def uuid_text(text: str | None) -> str | None:
    """Canonical lower-case text; dmidecode's words for all zeros and all ones become what they stand for."""
    text = (text or "").strip().lower()
    if text in ("not settable", "not present"):
        return "-".join(("0" if text == "not settable" else "f") * width for width in (8, 4, 4, 4, 12))
    return text if _UUID.fullmatch(text) else None


_TIME = re.compile(r"\s+\d{1,2}:\d{2}(?::\d{2})?$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEAR_FIRST = re.compile(r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|(\d\d)(\d\d))")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})")
_NAMED = re.compile(r"([A-Za-z]{3})[a-z]* +(\d{1,2}),? +(\d{4})")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def month_first(text: str) -> str | None:
    """ISO date of a firmware's date: "mm/dd/yyyy" by the specification, and what a few makers write instead."""
    text = _TIME.sub("", text.strip())
    if match := _NAMED.fullmatch(text):
        month = match[1].lower()
        return _day(match[3], _MONTHS.index(month) + 1, match[2]) if month in _MONTHS else None
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        return _year_first(text)
    # 27/05/2020 can only be the day first.
    return _day(match[3], match[1], match[2]) or _day(match[3], match[2], match[1])


def any_order(text: str) -> str | None:
    """Date of a text with no agreed order (type 22): the year alone when day and month could be swapped."""
    text = text.strip()
    if _YEAR.fullmatch(text):
        return text
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        return _year_first(text)
    one, other = _day(match[3], match[1], match[2]), _day(match[3], match[2], match[1])
    return one[:4] if one and other and one != other else one or other


def _year_first(text: str) -> str | None:
    match = _YEAR_FIRST.fullmatch(text)
    return _day(match[1], match[2] or match[4], match[3] or match[5]) if match else None


def _day(year: str, month: str | int, day: str) -> str | None:
    """ISO date; two-digit years (1 560 machines of linuxhw) are 19yy only from 80 on. None for no day of a calendar."""
    century = 0 if len(year) == 4 else 2000 if int(year) < 80 else 1900
    try:
        return date(int(year) + century, int(month), int(day)).isoformat()
    except ValueError:
        return None
