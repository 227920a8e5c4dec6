"""Quantities with units, one reader and one writer: "4 GiB" ↔ 4294967296. Whole numbers only, never floats."""

import re
from decimal import Decimal, InvalidOperation

KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40

# What a rule may write after a number, and how many base units that is, by dimension.
UNITS: dict[str, dict[str, int]] = {
    "bytes": {
        "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": KIB, "MiB": MIB, "GiB": GIB, "TiB": TIB,
        "o": 1, "ko": 10**3, "Mo": 10**6, "Go": 10**9, "To": 10**12, "Kio": KIB, "Mio": MIB, "Gio": GIB, "Tio": TIB,
    },
    "permille": {"‰": 1, "%": 10},
    "mhz": {"MHz": 1, "GHz": 1000},
    "mwh": {"mWh": 1, "Wh": 1000},
    "hours": {"h": 1, "hours": 1, "heures": 1},
    "years": {"years": 1, "year": 1, "ans": 1, "an": 1},
    "c": {"°C": 1, "C": 1},
    "mm": {"mm": 1, "cm": 10},
    "minutes": {"min": 1, "minutes": 1},
    "mbps": {"Mbit/s": 1, "Gbit/s": 1000},
    "mts": {"MT/s": 1},
    "px": {"px": 1},
    "seconds": {"s": 1, "seconds": 1},
}  # fmt: skip

_QUANTITY = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*([^\d\s]\S*)?")


def dimension_of(fact: str) -> str | None:
    """The dimension a fact's name announces: "memory.fitted_bytes" → "bytes"; None for a bare count."""
    last = fact.rpartition(".")[2].rpartition("_")[2]
    return last if last in UNITS else None


def parse_quantity(text: str, dimension: str | None) -> int:
    """Whole base units in `text`; ValueError when the unit is missing, foreign, or the result is no whole number."""
    match = _QUANTITY.fullmatch(text.strip())
    if not match:
        raise ValueError("not a number")
    number, unit = match.groups()
    scale = 1
    if dimension is None:
        if unit:
            raise ValueError(f"unit {unit!r} on a bare count")
    elif unit is None:
        raise ValueError("unit missing, one of: " + ", ".join(UNITS[dimension]))
    elif unit not in UNITS[dimension]:
        raise ValueError(f"unit {unit!r} unknown here, one of: " + ", ".join(UNITS[dimension]))
    else:
        scale = UNITS[dimension][unit]
    try:
        value = Decimal(number.replace(",", ".")) * scale
    except InvalidOperation as error:
        raise ValueError("not a number") from error
    if value != value.to_integral_value():
        raise ValueError("not a whole number of base units")
    return int(value)


def tell_bytes(size: int, lang: str, *, decimal: bool = False) -> str:
    """ "8 Gio" / "8 GiB"; decimal=True for disks, sold in powers of ten ("500 Go" / "500 GB")."""
    step, names = (1000, "kMGT") if decimal else (1024, "KMGT")
    infix = "" if decimal else "i"
    letter = "B" if lang == "en" else "o"
    value, name = size, ""
    power = 0
    while power < 4 and size >= step ** (power + 1) * (0.995 if decimal else 1):
        power += 1
        name = names[power - 1]
    if power == 0:
        return f"{size} {letter}" if lang == "en" else f"{size} octets"
    tenths = (value * 10 + step**power // 2) // step**power
    whole, part = divmod(tenths, 10)
    if whole >= 100 or part == 0:
        number = str((tenths + 5) // 10)
    else:
        number = f"{whole}.{part}" if lang == "en" else f"{whole},{part}"
    return f"{number} {name}{infix}{letter}"
