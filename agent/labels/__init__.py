"""What every fact is called and how its value is told, in French and in English; the words of a technician's bench.

The tables are the vocabulary of the whole program: screen, pages, sheets and `--explain` use the same word for the
same thing. Nothing here judges.
"""

import re
from typing import Any

from agent.labels.table import FACTS, LISTS, VALUES, WHY

__all__ = ["FACTS", "LISTS", "VALUES", "WHY", "item_label", "label", "tell", "tell_why"]
from agent.units import dimension_of, tell_bytes

_INDEX = re.compile(r"\[(\d+)\]")
_LISTED_MOST = 12
_SIGNS = {
    "mhz": (" MHz", " MHz"), "hours": (" h", " h"), "c": (" °C", " °C"), "mm": (" mm", " mm"), "px": (" px", " px"),
    "mts": (" MT/s", " MT/s"), "mbps": (" Mbit/s", " Mbit/s"), "minutes": (" min", " min"), "seconds": (" s", " s"),
    "years": (" ans", " years"),
}  # fmt: skip


def label(path: str, lang: str) -> str:
    """What the fact at this path is called: "memory.fitted_bytes" → "Mémoire". An unnamed path is told as it is."""
    bare = _INDEX.sub("", path).removesuffix(".it")  # a word of a list is called like the list
    names = FACTS.get(bare) or LISTS.get(bare)
    return names[lang == "en"] if names else bare


def item_label(path: str, name: str | None, lang: str) -> str:
    """What one item of a list is called: "disks[0]" named "sda" → "Disque sda"; by its place where it has no name."""
    match = re.match(r"([a-z_.]+)\[(\d+)\]", path)
    if match is None:
        return label(path, lang)
    one = LISTS.get(match[1], (match[1], match[1], match[1], match[1]))[3 if lang == "en" else 2]
    return f"{one} {name or int(match[2]) + 1}"


def tell(path: str, value: Any, lang: str) -> str:
    """The value with its unit, in words: 4294967296 at "memory.fitted_bytes" → "4 Gio"; None → "inconnu"."""
    if value is None:
        return "unknown" if lang == "en" else "inconnu"
    if isinstance(value, bool):
        return ("yes" if value else "no") if lang == "en" else ("oui" if value else "non")
    if isinstance(value, int):
        return _tell_number(_INDEX.sub("", path), value, lang)
    if isinstance(value, list | tuple):
        told = [tell(path, inner, lang) for inner in value[:_LISTED_MOST]]
        return ", ".join(told) + (", …" if len(value) > _LISTED_MOST else "")
    names = VALUES.get(f"{path.rpartition('.')[2]}:{value}") or VALUES.get(str(value))
    # Only enums are translated: a maker called "Desktop" keeps its name.
    return names[lang == "en"] if names and _is_enum(path) else str(value)


def tell_why(why: str, lang: str) -> str:
    """Why a fact is unknown, as a gap says it: "tool-missing" → "programme manquant"."""
    return WHY[why][lang == "en"] if why in WHY else why


def _is_enum(path: str) -> bool:
    return path.rpartition(".")[2] in (
        "chassis", "made_origin", "mode", "secure_boot", "tpm", "admin_password", "power_on_password", "windows_11",
        "transport", "kind", "security", "believed_from", "failed", "erasure",
    )  # fmt: skip


def _tell_number(path: str, value: int, lang: str) -> str:
    dimension = dimension_of(path)
    if dimension == "bytes":
        # Disks are sold in powers of ten, memory in powers of two.
        return (
            tell_bytes(value, lang, decimal=path.endswith("disks.size_bytes") or path == "size_bytes")
            if value >= 0
            else str(value)
        )
    if dimension == "permille":
        return _tenths(value, lang) + " %"
    if dimension == "mwh":
        return _tenths(value // 100, lang) + " Wh"
    if dimension is None:
        # Years and raw codes are names, not counts.
        return str(value) if "year" in path or value < 10_000 else _grouped(value, lang)
    if dimension == "years" and value in (0, 1):
        return (
            f"{value} {'year' if lang == 'en' else 'an'}"
            if value
            else ("under 1 year" if lang == "en" else "moins d'un an")
        )
    return _grouped(value, lang) + _SIGNS[dimension][lang == "en"]


def _tenths(value: int, lang: str) -> str:
    whole, part = divmod(abs(value), 10)
    text = f"{whole}{'.' if lang == 'en' else ','}{part}" if part else str(whole)
    return f"-{text}" if value < 0 else text


def _grouped(value: int, lang: str) -> str:
    return f"{value:,}".replace(",", "," if lang == "en" else "\u202f") if abs(value) >= 10_000 else str(value)
