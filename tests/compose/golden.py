"""Goldens: reviewed results that change only by `pytest --bless` and a person's look at the diff."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.facts import Machine
from agent.verdict.judge import Reason, Verdict

WIDTH = 118


def check(place: Path, text: str, *, is_blessing: bool) -> None:
    """Equal to the golden at `place`; a missing one fails too, and is written by --bless alone."""
    if is_blessing:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
        return
    if not place.exists():
        pytest.fail(f"no golden {place.name} for {place.parent}: look at it, then write it with pytest --bless")
    assert text == place.read_text("utf-8"), f"{place} differs: a bug, or a change to look at and bless"


def told(value: Any) -> Any:
    """Plain values without what equals its field's default: unknown is left out, "looked, found none" stays."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        kept = {
            field.name: getattr(value, field.name) for field in fields if getattr(value, field.name) != field.default
        }
        return {name: told(inner) for name, inner in kept.items()}
    if isinstance(value, list | tuple):
        return [told(inner) for inner in value]
    if isinstance(value, dict):
        return {key: told(inner) for key, inner in sorted(value.items())}
    return value


def layout(value: Any, indent: str = "") -> str:
    """JSON that fills its lines: what is short shares a line with its neighbours, what is long has lines of its own."""
    short = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(short) <= WIDTH or not isinstance(value, dict | list) or not value:
        return short
    deeper = indent + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {layout(part, deeper)}" for key, part in value.items()]
        return f"{{\n{_filled(parts, deeper)}\n{indent}}}"
    parts = [layout(part, deeper) for part in value]
    is_words = all(isinstance(part, str) for part in value)
    return f"[\n{_filled(parts, deeper) if is_words else deeper + f',{chr(10)}{deeper}'.join(parts)}\n{indent}]"


def _filled(parts: list[str], indent: str) -> str:
    lines = [""]
    for place, part in enumerate(parts):
        comma = "," if place + 1 < len(parts) else ""
        room = WIDTH - len(indent) - len(lines[-1])
        if lines[-1] and (len(part) + 2 > room or "\n" in part or "\n" in lines[-1]):
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + part + comma
    return "\n".join(indent + line for line in lines)


def of_machine(machine: Machine) -> str:
    return layout(told(machine)) + "\n"


def of_verdicts(verdicts: list[Verdict]) -> str:
    """YAML: profile, outcome, each reason with what was seen, and the cheapest fixes.

    The same reason for many items of a list is one line that counts them.
    """
    lines = []
    for verdict in verdicts:
        lines += [f"{verdict.profile}:", f"  outcome: {verdict.outcome}"]
        told = Counter(_reason(reason) for reason in verdict.reasons)
        lines += ["  reasons:"] if told else []
        lines += [f"    - {{{words}{f', items: {count}' if count > 1 else ''}}}" for words, count in told.items()]
        if verdict.fixes:
            bought = [f"{fix.part}@{fix.item}" if fix.item else fix.part for fix in verdict.fixes]
            lines.append(f"  fixes: [{', '.join(_quoted(word) for word in bought)}]")
        if verdict.blocked_by:
            lines.append(f"  blocked_by: [{', '.join(verdict.blocked_by)}]")
    return "\n".join(lines) + "\n"


def _reason(reason: Reason) -> str:
    outcome = "note" if reason.note else reason.outcome
    seen = "unknown" if reason.unknown else json.dumps(reason.observed, ensure_ascii=False)
    fact = re.sub(r"\[\d+\]", "[]", reason.fact, count=1) if reason.unknown else reason.fact
    return f"rule: {reason.rule}, outcome: {outcome}, fact: {_quoted(fact)}, observed: {seen}"


def _quoted(word: str) -> str:
    is_plain = word.replace("-", "").replace(".", "").replace("_", "").isalnum()
    return word if is_plain else json.dumps(word, ensure_ascii=False)
