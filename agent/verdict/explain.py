"""The proof of a verdict as text: every rule, passed, failed or unknown, with the facts it looked at."""

import textwrap

from agent.facts import Machine
from agent.labels import tell, tell_why
from agent.rules.tree import Every, Profile, Rule
from agent.text import clean
from agent.verdict.choose import WORDS
from agent.verdict.judge import Verdict, gap_of, judge, meaning_of
from agent.verdict.proof import Finding, Proof, find, prove
from agent.verdict.sentences import tell_wanted, where_told

_SIGNS = {True: "[ok]", False: "[X] ", None: "[?] "}
_MEANINGS = ("ignore", "note", "review", "repair", "recycle")
_DEPTH_MOST = 12
_ITEMS_MOST = 40


def explain(machine: Machine, profile: Profile, lang: str) -> str:
    """The whole proof tree in words, the verdict first."""
    verdict = judge(machine, profile)
    lines = [*_head(verdict, profile, lang), ""]
    for rule in profile.rules:
        lines += _rule(rule, machine, lang)
    return "\n".join(lines) + "\n"


def _head(verdict: Verdict, profile: Profile, lang: str) -> list[str]:
    word = WORDS[verdict.outcome][lang == "en"].upper()
    lines = [f"{profile.title.told(lang)} ({profile.name} {profile.version}): {word}"]
    if verdict.fixes:
        said = "Cheapest fixes" if lang == "en" else "Réparations les moins chères"
        lines.append(f"{said} : {verdict.fixes_cost_eur} €" if lang != "en" else f"{said}: €{verdict.fixes_cost_eur}")
        lines += [f"  - {fix.en if lang == 'en' else fix.fr} ({', '.join(fix.mends)})" for fix in verdict.fixes]
    if verdict.blocked_by:
        said = "No part settles:" if lang == "en" else "Aucune pièce ne règle :"
        lines += textwrap.wrap(f"{said} {', '.join(verdict.blocked_by)}", 100, subsequent_indent="  ")
    return lines


def _rule(rule: Rule, machine: Machine, lang: str) -> list[str]:
    scope = None if rule.when is None else prove(rule.when, machine)
    proof = prove(rule.condition, machine)
    truth = proof.truth
    if scope is not None and truth is not True:
        truth = True if scope.truth is False else (None if scope.truth is None else truth)
    findings = () if truth is True else find(rule, machine)
    lines = [f"{_SIGNS[truth]} {rule.id}{_meaning(rule, findings, lang)}"]
    if truth is not True:
        # "The clock is wrong" would be a lie where nobody knows.
        is_known = truth is False or any(finding.is_scope_unknown for finding in findings)
        because = rule.because if is_known else rule.unknown_because
        lines += [f"       {because.told(lang)}"] if because else []
    if scope is not None:
        said = ("only if", "does not apply") if lang == "en" else ("seulement si", "ne s'applique pas")
        colon = ":" if lang == "en" else " :"
        lines.append(f"     {said[0]}" + (f" ({said[1]})" if scope.truth is False else "") + colon)
        lines += _tree(scope, machine, lang, 7)
        if scope.truth is False:
            return lines
    return lines + _tree(proof, machine, lang, 5, selects=isinstance(rule.condition, Every))


def _meaning(rule: Rule, findings: tuple[Finding, ...], lang: str) -> str:
    if not findings:
        return ""
    meaning = max((meaning_of(rule, finding) for finding in findings), key=_MEANINGS.index)
    if meaning == "note":
        return " → note"
    if meaning == "ignore":
        return " → accepted" if lang == "en" else " → accepté"
    return f" → {WORDS[meaning][lang == 'en']}"


def _tree(proof: Proof, machine: Machine, lang: str, indent: int, *, selects: bool = False) -> list[str]:
    pad = " " * indent
    if indent > 2 * _DEPTH_MOST:
        return [f"{pad}…"]
    if proof.kind == "fact":
        return [f"{pad}{_SIGNS[proof.truth]} {_fact(proof, machine, lang)}"]
    lines = [f"{pad}{_SIGNS[proof.truth]} {_name(proof, machine, lang)}"]
    parts = proof.parts
    if proof.kind in ("every", "some"):
        parts = tuple(part for part in parts if part.chosen is not False)[:_ITEMS_MOST]
    if proof.kind == "item" and len(parts) > 1 and proof.chosen is True:
        parts = parts[1:]  # why it counts is not the question
    for part in parts:
        lines += _tree(part, machine, lang, indent + 2)
    return lines


def _name(proof: Proof, machine: Machine, lang: str) -> str:
    words = {
        "all": ("tout ceci", "all of"), "any": ("au moins un de ceci", "any of"), "not": ("pas ceci", "not"),
        "every": ("chaque", "every"), "some": ("au moins un", "at least one"),
    }  # fmt: skip
    if proof.kind == "item":
        return where_told(proof.path, machine, lang)
    said = words[proof.kind][lang == "en"]
    if proof.kind not in ("every", "some"):
        return f"{said}:" if lang == "en" else f"{said} :"
    counted = tell(proof.path, proof.observed, lang)
    return f"{said}{':' if lang == 'en' else ' :'} {where_told(proof.path, machine, lang)} ({counted})"


def _fact(proof: Proof, machine: Machine, lang: str) -> str:
    name, seen = where_told(proof.path, machine, lang), clean(tell(proof.path, proof.observed, lang), 120)
    wanted = tell_wanted(proof, lang) or f"{'pattern' if lang == 'en' else 'motif'} {proof.required}"
    text = f"{name}: {seen} ({wanted})" if lang == "en" else f"{name} : {seen} ({wanted})"
    gap = gap_of(machine, proof.path) if proof.observed is None else None
    why = f" — {clean(gap.source, 60)}: {tell_why(gap.why, lang)} {clean(gap.detail, 80)}".rstrip() if gap else ""
    return text + why
