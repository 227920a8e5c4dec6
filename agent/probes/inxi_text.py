"""inxi's JSON and text as sections of ordered (key, value) pairs. Pure.

JSON keys carry their place and indent ("007#0#2#serial"); text has the same words, wrapped to the terminal's width and
coloured. Lists are numbered in text only ("ID-1", "Device-2"); the numbers are dropped here.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from agent.text import clean

Pairs = tuple[tuple[str, str], ...]

_PLACED = re.compile(r"(\d+)#\d+#\d+#(.*)", re.DOTALL)
_SECTION = re.compile(r"([A-Z][A-Za-z]{2,10}):\s+(.*)")
_KEY = re.compile(
    r"(?<!\S)((?:bus ID|chip ID|class ID|Local Storage|HDD Total Size|UEFI[ -]\[Legacy\]|BIOS|direct render|System RAM"
    r"|Sound Server|[A-Za-z][\w/.+-]{0,24})):(?=\s|$)"
)
# Names of people's things: what runs, where it is mounted, what the PC is called.
_NOT_READ = frozenset(("System", "Partition", "Info", "Repos", "Processes", "Unmounted", "Logical", "Swap", "Weather"))
_NOTHING = re.compile(r"N/A\b|<(?:filter|root required|superuser required|superuser/root required)>|\?$|none$", re.I)
_NUMBERED = re.compile(r"(ID|Device|Card|Monitor|Array|Screen|Optical|IF|Floppy|Display)-\d+")
_PAIRS_MOST = 20_000


def parse_inxi(text: str) -> dict[str, Pairs]:
    """Sections by name; empty when this is not inxi's."""
    if text.lstrip()[:1] in ("[", "{"):
        return dict(_from_json(text))
    return dict(_from_text(text))


def _from_json(text: str) -> Iterator[tuple[str, Pairs]]:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return
    for entry in value if isinstance(value, list) else [value]:
        for name, rows in entry.items() if isinstance(entry, dict) else ():
            match = _PLACED.fullmatch(name)
            section = match[2] if match else name
            if section not in _NOT_READ and isinstance(rows, list):
                yield section, tuple(_pairs_of(rows))


def _pairs_of(rows: list[Any]) -> Iterator[tuple[str, str]]:
    count = 0
    for row in rows:
        placed = [(m, v) for k, v in row.items() if (m := _PLACED.fullmatch(k))] if isinstance(row, dict) else []
        for match, value in sorted(placed, key=lambda pair: int(pair[0][1][:9])):
            count += 1
            if count > _PAIRS_MOST:
                return
            if isinstance(value, str | int | float):
                yield match[2], clean(str(value), 4096)


def _from_text(text: str) -> Iterator[tuple[str, Pairs]]:
    sections: dict[str, list[str]] = {}
    here: list[str] | None = None
    for line in text.splitlines():
        head = _SECTION.match(line)
        if head:
            here = sections.setdefault(head[1], []) if head[1] not in _NOT_READ else []
            here.append(head[2])
        elif here is not None and line[:1].isspace():
            here.append(line.strip())
    for name, lines in sections.items():
        yield name, tuple(_split(" ".join(lines)))


def _split(line: str) -> Iterator[tuple[str, str]]:
    """`Type: Laptop System: HP product: …`; words before the first key go under ""."""
    parts = _KEY.split(line[:200_000])
    if parts[0].strip():
        yield "", clean(parts[0])
    for key, value in list(zip(parts[1::2], parts[2::2], strict=True))[:_PAIRS_MOST]:
        numbered = _NUMBERED.fullmatch(key)
        yield numbered[1] if numbered else key.replace(" ID", "-ID"), clean(value, 4096)


def groups(pairs: Pairs, *starts: str) -> Iterator[dict[str, str]]:
    """One dict for each device: a new one begins at each key of `starts`. The first value of a key stays."""
    group: dict[str, str] = {}
    for key, value in pairs:
        if key in starts:
            if group:
                yield group
            group = {"": key}
        if group and not group.get(key):
            group[key] = value
    if group:
        yield group


def said(value: str | None) -> str | None:
    """The value, or None for inxi's words for "not known" and "not told"."""
    return value if value and not _NOTHING.match(value) else None
