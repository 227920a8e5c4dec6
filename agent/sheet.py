"""Facts and verdicts in plain words: the sheet of `inspect` and `judge`, and what the result screen shows."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from agent.checks.gate import may_be_called_refurbished, word
from agent.checks.results import CheckResult
from agent.facts import Machine, source_of
from agent.labels import item_label, label, tell, tell_why
from agent.oneline import one_line
from agent.rules import Profile
from agent.screen import SIGNS, WORDS, Result
from agent.text import clean
from agent.verdict import Reason, Verdict, best_fitting

_SECTIONS = ("system", "firmware", "cpu", "memory", "clock")
_LISTS = ("disks", "lost_disks", "batteries", "displays", "gpus", "networks", "audio", "cameras", "optical", "usb",
          "sensors", "hidden_storage", "missing_firmware")  # fmt: skip
_LONG = ("flags", "attributes", "modules")  # told by --json, or on lines of their own


def sheet(machine: Machine, lang: str) -> str:
    """Every known fact with its label, then what could not be learnt and why."""
    lines = [one_line(machine, lang)]
    for name in _SECTIONS:
        lines += _section(getattr(machine, name), name, label(name, lang), machine, lang)
        for place, module in enumerate(machine.memory.modules if name == "memory" else ()):
            lines += _section(module, f"memory.modules[{place}]", "", machine, lang, indent=2)
    for name in _LISTS:
        items = getattr(machine, name)
        if items is None:
            continue
        if not items:
            lines += ["", f"{label(name, lang)} : {'none' if lang == 'en' else 'aucun'}"]
        for place, item in enumerate(items):
            path = f"{name}[{place}]"
            lines += _section(item, path, item_label(path, getattr(item, "name", None), lang), machine, lang)
            if name == "disks":
                lines += _section(item.health, f"{path}.health", "", machine, lang, indent=2)
    return "\n".join([*lines, *_gaps(machine, lang)])


def _section(value: Any, path: str, title: str, machine: Machine, lang: str, indent: int = 0) -> Iterator[str]:
    rows = []
    for field in value.__struct_fields__:
        fact = getattr(value, field)
        if fact is None or field in _LONG or fact == () or isinstance(fact, msgspec.Struct):
            continue
        rows.append((label(f"{path}.{field}", lang), tell(f"{path}.{field}", fact, lang)))
    if not rows:
        return
    if title:
        source = source_of(machine, path)
        yield ""
        yield clean(title) + (f"   [{clean(source, 60)}]" if source else "")
    width = min(34, max(len(name) for name, _ in rows))
    for name, told in rows:
        yield f"{' ' * indent}  {name:<{width}}  {clean(told)}"


def _gaps(machine: Machine, lang: str) -> list[str]:
    if not machine.gaps:
        return []
    lines = ["", "Not learnt" if lang == "en" else "Ce qui n'a pas pu être lu"]
    for gap in machine.gaps:
        detail = f" ({clean(gap.detail, 80)})" if gap.detail else ""
        name = label(gap.path, lang) if gap.path else clean(gap.source, 40)
        lines.append(f"  {clean(name, 50)} : {tell_why(gap.why, lang)} – {clean(gap.source, 60)}{detail}")
    return lines


def verdict_lines(machine: Machine, verdicts: tuple[Verdict, ...], lang: str) -> str:
    """Each profile's word, its reasons and its fixes. Only the first profile sends a machine to recycling: a good PC
    that Windows 11 refuses is "not suitable" there."""
    lines = [one_line(machine, lang)]
    for place, verdict in enumerate(verdicts):
        word = WORDS[verdict.outcome][lang == "en"]
        if place and verdict.outcome == "recycle":
            word = "NOT SUITABLE" if lang == "en" else "NE CONVIENT PAS"
        lines += ["", f"{SIGNS[verdict.outcome]} {word} – {verdict.title.told(lang)} ({verdict.profile})"]
        lines += [f"  - {sentence(reason, lang)}" for reason in verdict.reasons]
        lines += [f"  > {clean(fix.en if lang == 'en' else fix.fr, 200)} (~{fix.cost_eur} €)" for fix in verdict.fixes]
    return "\n".join(lines)


def purchases(verdict: Verdict, lang: str) -> tuple[str, ...]:
    """What to buy or do, with its rough cost."""
    return tuple(f"{clean(fix.en if lang == 'en' else fix.fr, 200)} (~{fix.cost_eur} €)" for fix in verdict.fixes)


def sentence(reason: Reason, lang: str) -> str:
    """Why it matters, in plain words, then what was seen and wanted; of an unknown fact only that it is unknown."""
    told = reason.told.told(lang)
    return clean(told if reason.unknown else f"{reason.because.told(lang)} {told}", 400)


def result_of(
    machine: Machine, verdicts: Sequence[Verdict], profiles: Sequence[Profile], lang: str, *, waiting: int = 0,
    refused: int = 0, where: str | None = None, checks: Sequence[CheckResult] = (),
) -> Result:  # fmt: skip
    """What the result screen says of the first verdict."""
    verdict = verdicts[0]
    suits = tuple(fitting.title.told(lang) for fitting in best_fitting(verdicts, profiles))
    return Result(
        machine=one_line(machine, lang),
        outcome=verdict.outcome,
        profile=verdict.title.told(lang),
        reasons=tuple(sentence(reason, lang) for reason in verdict.reasons),
        actions=purchases(verdict, lang) or _next_step(verdict.outcome, lang),
        suits=suits if verdict.outcome != "refurbish" else (),
        waiting=waiting,
        refused=refused,
        word=label_word(machine, verdict.outcome, checks, lang),
        where=where,
    )


def label_word(machine: Machine, outcome: str, checks: Sequence[CheckResult], lang: str) -> str:
    """The word that a label may carry, and how much is missing for the next; "" before the first guided check."""
    if not checks:
        return ""
    is_open, missing = may_be_called_refurbished(machine, checks, outcome=outcome)
    told = word(checks, lang, is_open=is_open)
    if lang == "en":
        return f"Label: {told}." + ("" if is_open else f" For “refurbished”, missing: {len(missing)} (rebond checks).")
    rest = "" if is_open else f" Pour « reconditionné », il manque : {len(missing)} (rebond checks)."
    return f"Étiquette : {told}.{rest}"


def _next_step(outcome: str, lang: str) -> tuple[str, ...]:
    """What to do when the rules name no part."""
    told = {
        "refurbish": ("Effacer les disques, puis installer le système.", "Wipe the disks, then install the system."),
        "repair": ("Voir avec le responsable : la réparation n'a pas de pièce connue.", "Ask the person in charge."),
        "review": (
            "Vérifier les points listés, puis relancer le tri.",
            "Check the points listed, then run triage again.",
        ),
        "recycle": (
            "Effacer ou détruire les disques. Garder les bonnes pièces. Mettre à recycler.",
            "Wipe or destroy the disks. Keep the good parts. Send to recycling.",
        ),
    }[outcome]
    return (told[lang == "en"],)
