"""Batteries: the percentage each tool printed itself, and a naive second reading of the kernel's own attributes."""

import re
from fractions import Fraction
from pathlib import Path

from agent.probes.battery_gauge import battery_of
from agent.probes.battery_text import READERS, Seen
from tests.oracles import Agreement

_KINDS = {
    "uevent": (".uevent", ".battery.ini"),
    "upower": ("upower-d-clocale.out", "upower-i.out", "infos_2.txt", "infos_3.txt"),
    "acpi": ("acpi-V.out", "acpi-V4.out", "acpi-V-never-fully-discharge.out", "acpi-not-charging.out"),
    "acpiconf": ("infos_1.txt",),
    "tlp-stat": ("tlp-stat",),
}


def program_of(path: Path) -> str | None:
    """Whose output a corpus file is; None for a neighbour of another kind."""
    for program, endings in _KINDS.items():
        if path.name.endswith(endings):
            return "acpiconf" if program == "upower" and "acpiconf" in path.name else program
    return None


def files(corpus: Path) -> list[Path]:
    folders = (corpus / "battery", corpus / "restricted/battery", corpus / "restricted/whole-machines")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file() and program_of(path))


def read(path: Path) -> Seen:
    parse = dict(READERS)[program_of(path) or ""]
    return parse(path.read_text("utf-8", "replace"))


def agreement(corpus: Path) -> Agreement:
    result = Agreement("battery", "the tool's own percentage, naive re-reading")
    for path in files(corpus):
        result.files += 1
        text = path.read_text("utf-8", "replace")
        batteries = [battery_of(gauge, "batteries[0]", "oracle")[0] for gauge in read(path)[0]]
        healths = [battery.health_permille for battery in batteries]
        expected = _PRINTED[program_of(path) or ""](text)
        where = path.name[-40:]
        result.compare(where, "count", len(batteries), len(expected))
        for place, (ours, theirs) in enumerate(zip(healths, expected, strict=False)):
            result.compare(where, f"batteries[{place}].health", ours // 10 if ours is not None else None, theirs)
    return result


def _uevent(text: str) -> list[int | None]:
    if "STATUS=" not in text:
        return []

    def number(key: str) -> int:
        match = re.search(rf"_{key}=(\d+)$", text, re.MULTILINE)
        return int(match[1]) if match else 0

    for family in ("ENERGY", "CHARGE"):
        if design := number(f"{family}_FULL_DESIGN"):
            return [min(100, int(Fraction(number(f"{family}_FULL"), design) * 100))]
    return [None]


def _upower(text: str) -> list[int | None]:
    if "\n  battery" not in text:
        return []
    return [int(match) for match in re.findall(r"capacity: +(\d+)", text)]


def _acpi(text: str) -> list[int | None]:
    numbers = sorted(set(re.findall(r"Battery (\d+):", text)))
    printed = {number: re.search(rf"Battery {number}: design.*= (\d+)%", text) for number in numbers}
    return [int(match[1]) if match else None for match in printed.values()]


def _acpiconf(text: str) -> list[int | None]:
    design, full = (int(line.split()[-2]) for line in text.splitlines()[:2])
    return [full * 100 // design]


def _tlp(text: str) -> list[int | None]:
    return [int(match) for match in re.findall(r"(?m)^Capacity += +(\d+)", text)]


_PRINTED = {"uevent": _uevent, "upower": _upower, "acpi": _acpi, "acpiconf": _acpiconf, "tlp-stat": _tlp}
