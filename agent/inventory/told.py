"""Facts in a reader's words: a label for a path, a value with its unit. Pure."""

from typing import Any

from agent.inventory.words import word
from agent.text import clean
from agent.units import tell_bytes

_LISTED_MOST = 40


def label_of(path: str, lang: str) -> str:
    """What this fact is called; the path itself where nobody has named it."""
    return path or word("unknown", lang)


def title_of(profile: str, lang: str) -> str:
    return profile


def shortened(text: str, most: int = 90) -> str:
    """Cleaned, and cut for a heading or a table cell; the whole text is in the record."""
    text = clean(text, most + 1)
    return text if len(text) <= most else text[: most - 1] + "…"


def tell(path: str, value: Any, lang: str) -> str:
    """The value with its unit, in words: 4294967296 at `memory.fitted_bytes` → "4 Gio"."""
    if value is None:
        return word("unknown", lang)
    if isinstance(value, bool):
        return word("yes" if value else "no", lang)
    if isinstance(value, int):
        return _count(path, value, lang)
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        told = ", ".join(tell(path, inner, lang) for inner in value[:_LISTED_MOST])
        return told + (", …" if len(value) > _LISTED_MOST else "")
    if isinstance(value, dict):
        return ", ".join(f"{key} {tell(path, inner, lang)}" for key, inner in list(value.items())[:_LISTED_MOST])
    return str(value)


def _count(path: str, value: int, lang: str) -> str:
    name = path.rpartition(".")[2]
    unit = name.rpartition("_")[2]
    if unit == "bytes" and value >= 0:
        return tell_bytes(value, lang, decimal=path.startswith("disks") and name == "size_bytes")
    if unit in ("permille", "mwh"):
        scaled, sign = (10, " %") if unit == "permille" else (1000, " Wh")
        return _fraction(value, scaled, lang) + sign
    if name in ("value", "critical") or "year" in name:
        return str(value)
    sign = {"mhz": " MHz", "hours": " h", "c": " °C", "mm": " mm", "px": " px", "mts": " MT/s", "mbps": " Mbit/s",
            "minutes": " min"}.get(unit, "")  # fmt: skip
    return _grouped(value, lang) + sign


def _fraction(value: int, scale: int, lang: str) -> str:
    """value / scale with one decimal, rounded half up, the decimal sign of the language."""
    tenths = (abs(value) * 10 + scale // 2) // scale
    whole, part = divmod(tenths, 10)
    text = f"{whole}" if part == 0 else f"{whole}{'.' if lang == 'en' else ','}{part}"
    return f"-{text}" if value < 0 else text


def _grouped(value: int, lang: str) -> str:
    if abs(value) < 10_000:
        return str(value)
    return f"{value:,}".replace(",", "," if lang == "en" else "\u202f")
