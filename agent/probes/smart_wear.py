"""What vendors' SMART attributes mean: wear, spare, volumes and counters, by number *and* name, never by number alone.

One number means different things on different drives (202: life left, data address mark errors, exception mode), so an
unknown name is an unknown meaning. And smartctl names some numbers by default (177, 231 to 233, 241): on a drive that
its database does not know, those names say nothing of wear. Source: smartmontools' drivedb.h.
"""

import re
from collections.abc import Callable, Sequence

from agent.facts import Attribute

_Percent = Callable[[Attribute], int | None]


def _value(attribute: Attribute) -> int | None:
    """The normalised value as a percentage; drives that count from 200 or 253 do not count a percentage."""
    return attribute.value if attribute.value is not None and 0 <= attribute.value <= 100 else None


def _raw(attribute: Attribute) -> int | None:
    number = int(attribute.raw) if attribute.raw is not None else None
    return number if number is not None and 0 <= number <= 255 else None


def _raw_left(attribute: Attribute) -> int | None:
    """A raw percentage of life left; zero beside a high normalised value is a counter that was never filled in."""
    number = _raw(attribute)
    return None if number is None or number > 100 or (number == 0 and (attribute.value or 0) >= 50) else number


_SAMSUNG, _INTEL = re.compile(r"SAMSUNG|MZ[-A-Z0-9]{5}", re.IGNORECASE), re.compile(r"INTEL|SSDSA2|SSDSC")


def _life_left(attribute: Attribute) -> int | None:
    """SSD_Life_Left is the normalised value, on some Phison the raw one: unknown when both could be it and differ."""
    percent = _value(attribute)
    raw = _raw(attribute)
    is_other = raw is not None and percent is not None and 0 < raw <= 100 and abs(raw - percent) > 5
    return None if is_other else percent


# number, exact name, which reading, True when it counts what is left; then whose default name it is: for other makers
# the name says nothing, in the database or not.
_WEAR: tuple[tuple[int, str, _Percent, bool, re.Pattern[str] | None], ...] = (
    (177, "Wear_Leveling_Count", _value, True, _SAMSUNG),
    (169, "Remaining_Lifetime_Perc", _raw_left, True, None),
    (173, "Wear_Leveling_Count", _value, True, None),
    (173, "Percent_Life_Used", _raw, False, None),
    (173, "Drive_Life_Used%", _raw, False, None),
    (201, "Lifetime_Remaining%", _value, True, None),
    (201, "Percent_Lifetime_Remain", _value, True, None),
    (202, "Percent_Lifetime_Remain", _value, True, None),  # the raw number counts up, as used
    (202, "Perc_Rated_Life_Used", _raw, False, None),
    (202, "Percent_Lifetime_Used", _raw, False, None),
    (209, "Remaining_Lifetime_Perc", _raw_left, True, None),
    (231, "SSD_Life_Left", _life_left, True, None),
    (233, "Remaining_Lifetime_Perc", _raw_left, True, None),
    (233, "Media_Wearout_Indicator", _value, True, _INTEL),
)
_SPARE: tuple[tuple[int, str, _Percent, re.Pattern[str] | None], ...] = (
    (170, "Available_Reservd_Space", _value, _INTEL),
    (232, "Available_Reservd_Space", _value, _INTEL),
    (232, "Perc_Avail_Resrvd_Space", _raw, None),
)
_COUNTERS: dict[str, tuple[tuple[int, ...], re.Pattern[str]]] = {
    "reallocated_sectors": ((5,), re.compile(r"Realloc|Retired_Block|Later_Bad_B|New_Bad_B", re.I)),
    "reallocation_events": ((196,), re.compile(r"Reallocated_Event", re.I)),
    "pending_sectors": ((197,), re.compile(r"Pending", re.I)),
    "uncorrectable_sectors": ((198,), re.compile(r"Uncorrect", re.I)),
    "reported_uncorrectable": ((187,), re.compile(r"Report\w*_Uncorr|Uncorrectable_Err", re.I)),
    "spin_retries": ((10,), re.compile(r"Spin_Retry", re.I)),
    "crc_errors": ((199, 218), re.compile(r"CRC_Err", re.I)),
    "downshifts": ((183, 243, 250), re.compile(r"Downshift", re.I)),
}
_UNITS = {"32MiB": 32 << 20, "GiB": 1 << 30, "1GiB": 1 << 30, "GB": 10**9, "MiB": 1 << 20, "TiB": 1 << 40}
_VOLUME = re.compile(r"(?:Host|Lifetime|Total)_(Write|Read)\w*?_(32MiB|1?GiB|GB|MiB|TiB)")
_SSD_NAMES = re.compile(
    r"Wear_Lev|Media_Wear|SSD_Life|Lifetime_Remain|Remaining_Life|Erase_Fail|Program_Fail|Erase_Count|NAND|Rsvd_B"
)
_MOVING = frozenset("Spin_Up_Time Start_Stop_Count Load_Cycle_Count G-Sense_Error_Rate Head_Flying_Hours".split())
_MOVING_MOST = frozenset("Spin_Retry_Count Seek_Error_Rate Seek_Time_Performance High_Fly_Writes".split())


def wear_permille(attributes: Sequence[Attribute], model: str, *, is_in_database: bool) -> int | None:
    """Rated life used, from the first attribute that is known to tell it."""
    for number, name, reading, is_left, makers in _WEAR:
        if not (is_in_database if makers is None else makers.match(model)):
            continue
        for a in attributes:
            if a.id == number and a.name == name and (percent := reading(a)) is not None:
                return max(0, 100 - percent) * 10 if is_left else percent * 10
    return None


def is_life_left_unclear(attributes: Sequence[Attribute]) -> bool:
    """smartctl 7.4 takes SSD_Life_Left's normalised value for its own `endurance_used`; here it may mean nothing."""
    return any(a.id == 231 and a.name == "SSD_Life_Left" and _life_left(a) is None for a in attributes)


def spare_permille(
    attributes: Sequence[Attribute], model: str, *, is_in_database: bool
) -> tuple[int | None, int | None]:
    """Spare blocks left and the drive's own limit."""
    for number, name, reading, makers in _SPARE:
        if not (is_in_database if makers is None else makers.match(model)):
            continue
        for a in attributes:
            if a.id == number and a.name == name and (percent := reading(a)) is not None and percent <= 100:
                limit = a.threshold * 10 if a.threshold and a.threshold < 100 and reading is _value else None
                return percent * 10, limit
    return None, None


def counters(attributes: Sequence[Attribute]) -> dict[str, int]:
    """Event counters by the name of their fact, as printed: absurd ones are the caller's to refuse."""
    found: dict[str, int] = {}
    for fact, (numbers, names) in _COUNTERS.items():
        for a in attributes:
            if a.id in numbers and a.raw is not None and names.search(a.name):
                found.setdefault(fact, int(a.raw))
    for a in attributes:
        if a.id == 188 and a.name.startswith("Command_Timeout"):
            found["command_timeouts"] = low_word(a)
        elif a.id == 184 and a.name.startswith("End-to-End") and a.value is not None:
            found["end_to_end_value"] = a.value
    return {fact: number for fact, number in found.items() if number is not None}


def low_word(attribute: Attribute) -> int:
    """Seagate packs three counters of 16 bits into one raw value; the last is all time-outs (raw16 prints "2 1 0")."""
    words = re.fullmatch(r"(\d+) (\d+) (\d+)", attribute.raw_text)
    return int(words[3] if words else attribute.raw or "0") & 0xFFFF


def volumes(attributes: Sequence[Attribute], sector_bytes: int, *, is_in_database: bool | None) -> dict[str, int]:
    """Bytes written and read by the host, only where the name gives the unit.

    "Total_LBAs_Written" is smartctl's default for 241 too, so it counts only for a drive that its database knows.
    """
    found: dict[str, int] = {}
    for a in attributes:
        number = int(a.raw) if a.raw is not None else -1
        if number < 0:
            continue
        if match := _VOLUME.fullmatch(a.name):
            fact = "written_bytes" if match[1] == "Write" else "read_bytes"
            found.setdefault(fact, number * _UNITS[match[2]])
        elif is_in_database and a.name in ("Total_LBAs_Written", "Total_Host_Sector_Write"):
            found.setdefault("written_bytes", number * sector_bytes)
        elif is_in_database and a.name == "Total_LBAs_Read":
            found.setdefault("read_bytes", number * sector_bytes)
    return found


def hours(attributes: Sequence[Attribute]) -> int | None:
    """Power-on hours of attribute 9, in the unit of its name; "1234h+56m+07.890s" is what smartctl made of others."""
    for a in attributes:
        if a.id != 9 or a.raw is None:
            continue
        is_told_in_hours = re.match(r"\d+h", a.raw_text) is not None
        if is_told_in_hours or a.name.startswith("Power_On_Hours"):
            return int(a.raw)
        if a.name == "Power_On_Minutes":
            return int(a.raw) // 60
    return None


def temperature(attributes: Sequence[Attribute]) -> tuple[int | None, int | None]:
    """Now, and the maximum that the attribute prints beside it ("32 (Min/Max 12/41)")."""
    for number in (194, 190, 231):
        for a in attributes:
            if a.id == number and a.raw is not None and "Temperature" in a.name and 0 < int(a.raw) < 128:
                most = re.search(r"Min/Max -?\d+/(-?\d+)", a.raw_text)
                return int(a.raw), int(most[1]) if most else None
    return None, None


def is_flash(attributes: Sequence[Attribute], model: str) -> bool | None:
    """Whether a drive that states no rotation is an SSD: by its model or by attributes that only one kind has."""
    if re.search(r"\bSSD\b|Solid State|SSD\d", model, re.IGNORECASE):
        return True
    names = {a.name for a in attributes}
    # Old SSDs carry these names too, by default and with zeros: only what has moved is a disk.
    has_moved = any(a.name in _MOVING and a.raw not in (None, "0") for a in attributes)
    if has_moved and len(names & (_MOVING | _MOVING_MOST)) >= 3:
        return False
    return True if any(_SSD_NAMES.search(name) for name in names) else None


def is_constant(attributes: Sequence[Attribute]) -> bool:
    """A bridge that answers the same bytes whatever the drive: one number for everything, or one id many times."""
    if len(attributes) < 4:
        return False
    told = {(a.value, a.worst, a.raw) for a in attributes if a.raw is not None}
    return len({a.id for a in attributes}) <= len(attributes) // 2 or (len(told) == 1 and told.pop()[2] != "0")
