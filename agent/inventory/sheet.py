"""A record as a person reads it: verdicts with their reasons, facts in sections, gaps. Pure; cleaning and escaping of
strings is done where the page prints them.
"""

import re
from typing import Any, NamedTuple

import msgspec

from agent import labels
from agent.claims import objections, standing_of
from agent.erasure import Erasure
from agent.facts import Battery, Disk, Fact, LostDisk, Machine
from agent.inventory.checked import Checked, checked
from agent.inventory.moment import read_aloud
from agent.inventory.told import label_of, shortened, tell, tell_required
from agent.inventory.words import word
from agent.oneline import name_of
from agent.record import Record
from agent.report import words as said

_ROWS_MOST = 200
_SECTIONS = ("system", "firmware", "cpu", "memory")
_LISTS: dict[str, tuple[str, ...]] = {
    "lost_disks": ("name", "size_bytes", "erasure", "is_taken_out"),
    "batteries": ("name", "maker", "model", "serial", "design_mwh", "full_mwh", "health_permille", "cycles", "status"),
    "displays": ("connector", "maker", "model", "width_px", "height_px", "width_mm", "height_mm", "made_year"),
    "gpus": ("vendor", "model", "driver"),
    "networks": ("kind", "name", "vendor", "model", "driver", "has_link"),
    "audio": ("name", "maker", "model", "driver"),
    "cameras": ("name", "maker", "model", "driver"),
    "optical": ("name", "maker", "model"),
    "usb": ("name", "maker", "model", "vendor_id", "product_id"),
    "sensors": ("chip", "label", "kind", "value"),
    "hidden_storage": ("kind", "evidence", "controller"),
    "missing_firmware": ("kind", "device", "file"),
}
_MODULE = ("slot", "size_bytes", "generation", "form", "rated_mts", "maker", "part", "serial")
_DISK = ("name", "model", "serial", "size_bytes", "kind", "transport", "security")
_HEALTH = (
    "is_passed", "hours", "reallocated_sectors", "pending_sectors", "uncorrectable_sectors", "wear_permille",
    "spare_permille", "media_errors", "temperature_c", "error_count", "self_test_failed",
)  # fmt: skip


class Table(NamedTuple):
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Line(NamedTuple):
    label: str
    value: str


class Section(NamedTuple):
    title: str
    lines: tuple[Line, ...] = ()
    table: Table | None = None
    note: str = ""


class Why(NamedTuple):
    outcome: str
    is_note: bool
    because: str
    told: str
    label: str
    observed: str
    required: str
    source: str


class Judged(NamedTuple):
    title: str
    outcome: str
    reasons: tuple[Why, ...]
    fixes: tuple[str, ...]


class Sheet(NamedTuple):
    title: str
    sticker: str | None
    serial: str | None
    lot: str | None
    received_at: str
    received: str
    record_id: str
    made_at: str
    verdicts: tuple[Judged, ...]
    erasures: Table
    checked: Checked | None
    sections: tuple[Section, ...]
    gaps: Table


def make_sheet(record: Record, received_at: str, lang: str) -> Sheet:
    """Everything the machine page says of this record, in this language."""
    system = record.machine.system
    return Sheet(
        title=shortened(name_of(record.machine) or ""),
        sticker=record.sticker,
        serial=shortened(system.serial or "") or None,
        lot=record.lot,
        received_at=received_at,
        received=read_aloud(received_at, lang),
        record_id=record.id,
        made_at=read_aloud(record.made_at, lang),
        verdicts=tuple(_judged(verdict, record.machine, lang) for verdict in record.verdicts[:64]),
        erasures=_erasures(record.erasures, lang),
        checked=checked(record, lang),
        sections=tuple(_sections(record.machine, lang)),
        gaps=_gaps(record.machine, lang),
    )


# --- verdicts: documents of `rebond judge --json`, which a newer station may have extended ----------------------------


def _judged(verdict: dict[str, Any], machine: Machine, lang: str) -> Judged:
    reasons = verdict.get("reasons")
    fixes = verdict.get("fixes")
    return Judged(
        title=_said(verdict.get("title"), lang) or verdict["profile"],
        outcome=verdict["outcome"],
        reasons=tuple(
            _why(reason, verdict["outcome"], machine, lang)
            for reason in (reasons if isinstance(reasons, list) else [])[:_ROWS_MOST]
            if isinstance(reason, dict)
        ),
        fixes=tuple(
            told for fix in (fixes if isinstance(fixes, list) else [])[:_ROWS_MOST] if (told := _fix(fix, lang))
        ),
    )


def _why(reason: dict[str, Any], outcome: str, machine: Machine, lang: str) -> Why:
    fact = reason.get("fact")
    path = fact if isinstance(fact, str) else ""
    its_outcome = reason.get("outcome")
    recheck = word("recheck", lang) if reason.get("recheck") == "after-wipe" else ""
    because = _said(reason.get("because"), lang) or _said(reason.get("rule"), lang)
    told = " ".join(filter(None, (_said(reason.get("told"), lang), recheck)))
    if reason.get("unknown") is True and told:  # "the disk is too small" would be a lie when nobody knows its size
        because, told = told, because
    required = reason.get("required")
    return Why(
        outcome=its_outcome if its_outcome in ("refurbish", "repair", "review", "recycle") else outcome,
        is_note=reason.get("note") is True,
        because=because,
        told=told,
        label=label_of(path, lang, _item_name(machine, path)),
        observed=tell(path, reason.get("observed"), lang),
        required="–" if required is None else tell_required(path, reason.get("operator"), required, lang),
        source=_said(reason.get("source"), lang),
    )


def _item_name(machine: Machine, path: str) -> str | None:
    """The name of the disk or battery a path is about: "disks[0].serial" → "sda"."""
    match = re.match(r"(disks|lost_disks|batteries)\[(\d{1,4})\]", path)
    items: tuple[Disk | LostDisk | Battery, ...] = (getattr(machine, match[1]) or ()) if match else ()
    return items[int(match[2])].name if match and int(match[2]) < len(items) else None


def _fix(fix: object, lang: str) -> str:
    """One thing to do, with its rough cost."""
    if not isinstance(fix, dict):
        return _said(fix, lang)
    text = _said(fix, lang) or _said(fix.get("text"), lang) or _said(fix.get("part"), lang)
    cost = fix.get("cost_eur")
    is_cost = isinstance(cost, int) and not isinstance(cost, bool)
    return f"{text} ({word('cost', lang, n=cost)})" if is_cost else text


def _said(value: object, lang: str) -> str:
    """A sentence given as text or as {"fr": …, "en": …}."""
    if isinstance(value, dict):
        value = value.get(lang) or value.get("fr") or value.get("en")
    return value if isinstance(value, str) else ""


# --- erasures ---------------------------------------------------------------------------------------------------------

_ERASURE = (
    "erased-disk", "erased-outcome", "erased-level", "erased-technique", "erased-verified", "erased-validation",
    "erased-exceptions",
)  # fmt: skip


def _erasures(erasures: tuple[Erasure, ...], lang: str) -> Table:
    """One row for each disk; no word in it is stronger than the evidence in the record."""
    rows = tuple(_erasure(erasure, lang) for erasure in erasures[:_ROWS_MOST])
    return Table(word("erasures", lang), tuple(word(key, lang) for key in _ERASURE), rows)


def _erasure(erasure: Erasure, lang: str) -> tuple[str, ...]:
    media = erasure.media
    last = erasure.attempts[-1] if erasure.attempts else None
    count = said.bad_sectors(erasure)
    validation = erasure.validation
    exceptions = [word("bad-sectors", lang, n=said.number(count, lang))] if count else []
    exceptions += [word("contradiction", lang)] if objections(erasure) else []
    if standing_of(erasure) != "certificate" and erasure.why:
        exceptions.append(shortened(erasure.why[0].en if lang == "en" else erasure.why[0].fr, 160))
    exceptions += [word("untested", lang)] if erasure.untested_on_hardware else []
    return (
        shortened(" ".join(filter(None, (media.model, media.serial))) or media.name),
        said.ending(erasure, lang),
        said.level(erasure, lang),
        said.technique(last.technique, lang) if last else "–",
        said.verification(last, lang),
        said.told(said.DECISIONS, validation.decision, lang) if validation else "–",
        ", ".join(exceptions) or word("no-exception", lang),
    )


# --- facts ------------------------------------------------------------------------------------------------------------


def _sections(machine: Machine, lang: str) -> list[Section]:
    found = []
    for name in _SECTIONS:
        lines = _lines(name, getattr(machine, name), lang)
        found.append(Section(word(name, lang), lines, note="" if lines else word("unknown", lang)))
        if name == "memory" and machine.memory.modules:
            found.append(_list("modules", "memory.modules", machine.memory.modules, _MODULE, lang))
    found.append(_disks(machine.disks, lang))
    for name, columns in _LISTS.items():
        found.append(_list(name, name, getattr(machine, name), columns, lang))
    found.append(Section(word("clock", lang), _lines("clock", machine.clock, lang)))
    for why in ("none-there", "not-looked"):
        names = ", ".join(word(name, lang) for name in ("disks", *_LISTS) if _why_empty(getattr(machine, name)) == why)
        found.append(Section(word(why, lang), note=names))
    return [section for section in found if section.lines or section.table or section.note]


def _why_empty(facts: tuple[Fact, ...] | None) -> str:
    return "not-looked" if facts is None else "" if facts else "none-there"


def _lines(prefix: str, fact: Fact, lang: str) -> tuple[Line, ...]:
    """The known scalar facts of one section."""
    values = ((f"{prefix}.{name}", getattr(fact, name)) for name in fact.__struct_fields__)
    return tuple(
        Line(label_of(path, lang), tell(path, value, lang))
        for path, value in values
        if value is not None and not _is_list_of_facts(value)
    )


def _is_list_of_facts(value: object) -> bool:
    return isinstance(value, tuple) and (not value or isinstance(value[0], msgspec.Struct))


def _list(name: str, prefix: str, facts: tuple[Fact, ...] | None, columns: tuple[str, ...], lang: str) -> Section:
    title = word(name, lang)
    if not facts:
        return Section(title)
    shown = facts[:_ROWS_MOST]
    used = [name for name in columns if any(getattr(fact, name) is not None for fact in shown)] or list(columns[:1])
    rows = tuple(tuple(tell(f"{prefix}.{name}", getattr(fact, name), lang) for name in used) for fact in shown)
    return Section(title, table=Table(title, tuple(label_of(f"{prefix}.{name}", lang) for name in used), rows))


def _disks(disks: tuple[Disk, ...] | None, lang: str) -> Section:
    """Each disk with the health values that decide."""
    title = word("disks", lang)
    if not disks:
        return Section(title)
    shown = disks[:_ROWS_MOST]
    health = [name for name in _HEALTH if any(getattr(disk.health, name) is not None for disk in shown)]
    columns = [f"disks.{name}" for name in _DISK] + [f"disks.health.{name}" for name in health]
    rows = tuple(
        tuple(
            [tell(f"disks.{name}", getattr(disk, name), lang) for name in _DISK]
            + [tell(f"disks.health.{name}", getattr(disk.health, name), lang) for name in health]
        )
        for disk in shown
    )
    return Section(title, table=Table(title, tuple(label_of(path, lang) for path in columns), rows))


def _gaps(machine: Machine, lang: str) -> Table:
    title = word("gaps", lang)
    columns = tuple(word(key, lang) for key in ("fact", "reason", "source", "detail"))
    rows = tuple(
        (
            label_of(gap.path, lang, _item_name(machine, gap.path)),
            labels.tell_why(gap.why, lang),
            gap.source or "–",
            gap.detail or "–",
        )
        for gap in machine.gaps[:_ROWS_MOST]
    )
    return Table(title, columns, rows)
