"""The guided checks of a record as a reader sees them: the word it carries, what is missing, a row for each check."""

from typing import NamedTuple

from agent import labels
from agent.checks.gate import word as gate_word
from agent.checks.registry import BY_NAME
from agent.checks.results import CheckResult, Measure
from agent.inventory.told import shortened
from agent.inventory.words import word
from agent.record import Record, may_say_refurbished

_MEASURES_MOST = 6
_UNITS = {
    "percent": " %", "c": " °C", "rpm": " rpm", "mhz": " MHz", "mib": " MiB", "seconds": " s", "mbps": " Mbit/s",
    "mwh": " mWh", "px": " px", "count": "",
}  # fmt: skip
_COLUMNS = ("check", "check-outcome", "check-found", "check-measured")


class Checked(NamedTuple):
    word: str  # the strongest that may stand on a label
    is_open: bool
    missing: tuple[str, ...]
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def checked(record: Record, lang: str) -> Checked | None:
    """None for a record without checks: it claims nothing of the kind."""
    if not record.checks:
        return None
    is_open, reasons = may_say_refurbished(record)
    return Checked(
        word=gate_word(record.checks, lang, is_open=is_open),
        is_open=is_open,
        missing=tuple(shortened(reason.en if lang == "en" else reason.fr, 200) for reason in reasons[:60]),
        title=word("checks", lang),
        columns=tuple(word(key, lang) for key in _COLUMNS),
        rows=tuple(_row(one, lang) for one in record.checks[:100]),
    )


def _row(one: CheckResult, lang: str) -> tuple[str, ...]:
    check = BY_NAME.get(one.name)
    outcome = labels.VALUES[f"check:{one.outcome}"][lang == "en"]
    if one.failed_before:
        outcome += f" ({word('check-failed-before', lang, n=one.failed_before)})"
    found = " ".join(filter(None, (one.told(lang), one.note and f"« {one.note} »")))
    return (
        check.title.told(lang) if check else shortened(one.name, 40),
        outcome,
        shortened(found, 300) or "–",
        ", ".join(_measure(measure) for measure in one.measured[:_MEASURES_MOST]) or "–",
    )


def _measure(one: Measure) -> str:
    if one.unit in ("permille", "centibel"):
        value = f"{one.value / 10:g}" + (" %" if one.unit == "permille" else " dB")
    else:
        value = f"{one.value}{_UNITS[one.unit]}"
    return shortened(f"{one.about or one.name} : {value}", 80)
