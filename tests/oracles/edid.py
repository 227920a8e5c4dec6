"""edid-decode (v4l-utils) as oracle: its text in the corpus, which carries the bytes it read, and the program itself.

Serial numbers are compared as present or absent only, and never reach a residue.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from agent.facts import Display
from agent.probes.displays import edids_in
from agent.probes.edid import parse_edid
from agent.text import meant
from tests.oracles import Agreement

_ASPECTS = ((1600, 900), (1600, 1000), (160, 90), (160, 100), (40, 30), (50, 40))


def agreement(corpus: Path) -> Agreement:
    """Our reading of the hex dump in each text against the text around it."""
    total = Agreement(kind="edid-text", oracle="edid-decode text")
    for path in sorted((corpus / "edid-text").glob("*")):
        text = path.read_text("utf-8", "replace")
        raws = edids_in(path.read_bytes())
        if raws:
            _compare(total, path.name, raws[0], text)
    return total


def agreement_with_program(corpus: Path) -> Agreement:
    """Our reading of every EDID file against the installed edid-decode, run without its serial numbers."""
    total = Agreement(kind="edid-bin", oracle="edid-decode program")
    for tier in ("", "restricted/"):
        for path in sorted((corpus / f"{tier}edid-bin").glob("*")):
            for raw in edids_in(path.read_bytes())[:1]:
                run = subprocess.run(["edid-decode", "--skip-hex-dump"], input=raw, capture_output=True, timeout=20)
                _compare(total, path.name, raw, run.stdout.decode("utf-8", "replace"))
    return total


def _compare(total: Agreement, where: str, raw: bytes, text: str) -> None:
    display = parse_edid(raw).display
    if display is None or "Block 0" not in text:  # edid-decode refuses a file that is no whole number of blocks
        return
    total.files += 1
    theirs = _told(text)
    ours = _ours(display)
    for field in ours.keys() & theirs.keys():
        before = len(total.residues)
        choices = theirs[field]
        total.compare(where, field, ours[field], ours[field] if ours[field] in choices else choices)
        if len(total.residues) > before:
            total.residues[-1] += " – " + _why(field, ours[field], choices)


def _ours(display: Display) -> dict[str, object]:
    return {
        "maker": display.maker,
        "product_code": display.product_code,
        "model": _bare(display.model),
        "has_serial": display.serial is not None,
        "size": (display.width_mm, display.height_mm),
        "native": (display.width_px, display.height_px),
        "year": display.made_year,
        "week": display.made_week,
    }


def _bare(text: str | None) -> str | None:
    return re.sub(r"[^A-Za-z0-9]+", "", text) or None if text else None


def _told(text: str) -> dict[str, list[object]]:
    """What the text allows each field to be: more than one where it names several (free texts, two sizes)."""
    base = re.split(r"^(?:Block 1|-{16})", text[text.index("Block 0") :], flags=re.MULTILINE)[0]

    def one(pattern: str) -> str | None:
        found = re.search(pattern, base, re.MULTILINE)
        return found[1] if found else None

    names = re.findall(r"Display Product Name: '(.*)'", base)
    free = re.findall(r"Alphanumeric Data String: '(.*)'", base)
    # edid-decode only prints what it read; what cannot be a date or a size is unknown by our rules (test_edid.py).
    year = _number(one(r"Made in: (?:week \d+ of )?(\d+)") or one(r"Model year: (\d+)"))
    year = year if year and 1994 <= year <= 2037 else None
    week = _number(one(r"Made in: week (\d+)"))
    # Dell's own part number and a stray byte stand before the panel's: edid-decode prints a dot between.
    parts: list[object] = [_bare(part) for text in free for part in (text, text.rpartition(".")[2])]
    told: dict[str, list[object]] = {
        "maker": [one(r"Manufacturer: (\S+)")],
        "product_code": [_number(one(r"^ +Model: (\d+)"))],
        "model": [_bare(" ".join(names))] if names else (parts or [None]),
        "size": list(_sizes(base)),
        "native": [_native(text)],
        "year": [year],
        "week": [week if year and week and week <= 54 else None],
    }
    # A masked number may have been zero: only then can presence not be compared.
    number, serial = one(r"^ +Serial Number: (.*)$"), one(r"Display Product Serial Number: '?(.*?)'?$")
    if serial is not None and serial != "..." or serial is None and number != "...":
        told["has_serial"] = [bool(meant(serial)) or _number(number) not in (None, 0, 0x01010101)]
    return told


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _sizes(base: str) -> Iterator[tuple[int | None, int | None]]:
    rough = re.search(r"Maximum image size: (\d+) cm x (\d+) cm", base)
    if not rough:
        yield None, None
        return
    size = (int(rough[1]) * 10, int(rough[2]) * 10)
    yield (None, None) if size in _ASPECTS else size
    if fine := re.search(r"DTD +1: .*\((?:.*, )?(\d+) mm x (\d+) mm", base):
        yield int(fine[1]), int(fine[2])


def _native(text: str) -> tuple[int | None, int | None]:
    found = re.search(r"DTD +1: +(\d+)x(\d+)", text) or re.search(r"VIC +\d+: +(\d+)x(\d+).*native", text)
    found = found or re.search(r"(?:VIC +\d+|DTD): +(\d+)x(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (None, None)


def _why(field: str, ours: object, theirs: list[object]) -> str:
    """The reason for a known difference; "unexplained" is what the test refuses."""
    if field == "maker" and ours is None:
        return "a PNP id with something else than letters: unknown here"
    if field == "model" and re.fullmatch(r"[A-Z0-9]{5}|None", str(theirs[0])):
        return "a panel for Dell: its part number and a stray byte stand before the panel's name"
    if field == "native" and ours == (None, None) and 0 in tuple(theirs[0]):  # type: ignore[arg-type] # it is a pair
        return "the first timing is no timing"
    if field == "native" and theirs == [(5120, 2160)]:
        return "DisplayID names another preferred timing than the first CTA video code"
    return "unexplained"
