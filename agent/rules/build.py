"""Positioned nodes → a draft of one profile, with every mistake of the file noted.

Two steps on purpose: a draft knows its own file; `load.py` then joins drafts by their includes.
"""

import re
from dataclasses import dataclass

from agent.rules.conditions import CONDITION_KEYS, build_condition, nothing_else
from agent.rules.fixes import build_fixes
from agent.rules.paths import Scope, machine_scope
from agent.rules.source import Items, Mistakes, Node, Pairs, Scalar, quoted, suggestion
from agent.rules.tree import Bilingual, Condition, Meaning, Rule, WhenUnknown
from agent.rules.values import bilingual, flag, missing, sentences

PROFILE_KEYS = ("profile", "version", "title", "rank", "part", "for", "include", "rules")
RULE_KEYS = ("id", *CONDITION_KEYS, "when", "else", "unknown", "because", "fix", "recheck")
MEANINGS: tuple[Meaning, ...] = ("recycle", "repair", "review", "note")
_WHEN_UNKNOWN: tuple[WhenUnknown, ...] = ("recycle", "repair", "review", "note", "ignore")
RULES_MOST = 500
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NAME_MOST = 40


@dataclass(frozen=True, slots=True)
class Draft:
    """One file's own share of a profile."""

    file: str
    name: str
    version: int
    title: Bilingual
    rank: int
    is_part: bool
    chassis: tuple[str, ...]
    includes: tuple[Scalar, ...]
    rules: tuple[Rule, ...]


def build_draft(source: Pairs, mistakes: Mistakes) -> Draft:
    """The draft; when `mistakes` holds anything afterwards it is only good for finding more of them."""
    nothing_else(source, PROFILE_KEYS, mistakes)
    is_part = flag(source, "part", mistakes)
    chassis = _chassis(source, mistakes)
    rules = _rules(source, mistakes)
    includes = _includes(source, mistakes)
    written = source.value("rules")
    if not includes and not (isinstance(written, Items) and written.nodes):
        mistakes.at(source, "ce profil n'a aucune règle", "this profile has no rule")
    return Draft(
        file=mistakes.file,
        name=_name(source, "profile", mistakes),
        version=_number(source, "version", mistakes, 1, 1_000_000, required=True),
        title=bilingual(source, "title", mistakes),
        rank=_number(source, "rank", mistakes, 1, 1000, fallback=100),
        is_part=is_part,
        chassis=chassis,
        includes=includes,
        rules=rules,
    )


# --- head -------------------------------------------------------------------------------------------------------------


def _name(pairs: Pairs, key: str, mistakes: Mistakes) -> str:
    node = pairs.value(key)
    if node is None:
        missing(pairs, key, mistakes)
        return ""
    if isinstance(node, Scalar) and len(node.text) <= _NAME_MOST and _NAME.fullmatch(node.text):
        return node.text
    text = f" : {quoted(node.text)}" if isinstance(node, Scalar) else ""
    mistakes.at(
        node,
        f"nom refusé{text} ; lettres minuscules sans accent, chiffres et tirets, {_NAME_MOST} au plus",
        f"name refused{text}; lower-case letters, digits and hyphens, at most {_NAME_MOST}",
    )
    return ""


def _number(
    pairs: Pairs, key: str, mistakes: Mistakes, low: int, high: int, *, required: bool = False, fallback: int = 0
) -> int:
    node = pairs.value(key)
    if node is None:
        if required:
            missing(pairs, key, mistakes)
        return fallback
    if isinstance(node, Scalar) and re.fullmatch("[0-9]{1,9}", node.text) and low <= int(node.text) <= high:
        return int(node.text)
    mistakes.at(
        node,
        f"« {key}: » veut un nombre entier de {low} à {high}",
        f"{key}: wants a whole number from {low} to {high}",
    )
    return fallback


def _chassis(source: Pairs, mistakes: Mistakes) -> tuple[str, ...]:
    node = source.value("for")
    if node is None:
        return ()
    inner = node.value("chassis") if isinstance(node, Pairs) else None
    if not isinstance(node, Pairs) or not isinstance(inner, Items) or not inner.nodes:
        mistakes.at(node, "« for: » veut {chassis: [desktop, …]}", "for: wants {chassis: [desktop, …]}")
        return ()
    nothing_else(node, ("chassis",), mistakes)
    known = machine_scope().facts["system.chassis"].values
    return tuple(word for item in inner.nodes if (word := _choice(item, known, mistakes)))


def _choice(node: Node, choices: tuple[str, ...], mistakes: Mistakes) -> str | None:
    if isinstance(node, Scalar) and node.text in choices:
        return node.text
    text = node.text if isinstance(node, Scalar) else ""
    fr, en = suggestion(text, choices)
    mistakes.at(node, f"valeur inconnue {quoted(text)}{fr}", f"unknown value {quoted(text)}{en}")
    return None


def _includes(source: Pairs, mistakes: Mistakes) -> tuple[Scalar, ...]:
    node = source.value("include")
    if node is None:
        return ()
    if not isinstance(node, Items) or not node.nodes:
        mistakes.at(node, "« include: » veut une liste [nom, …]", "include: wants a list [name, …]")
        return ()
    for item in node.nodes:
        if not isinstance(item, Scalar):
            mistakes.at(item, "un nom de profil est attendu", "the name of a profile is expected")
    return tuple(item for item in node.nodes if isinstance(item, Scalar))


# --- rules ------------------------------------------------------------------------------------------------------------


def _rules(source: Pairs, mistakes: Mistakes) -> tuple[Rule, ...]:
    node = source.value("rules")
    if node is None:
        return ()
    if not isinstance(node, Items) or len(node.nodes) > RULES_MOST:
        mistakes.at(node, f"« rules: » veut une liste de {RULES_MOST} règles au plus", "rules: wants a list of rules")
        return ()
    rules = []
    first: dict[str, int] = {}
    for item in node.nodes:
        rule = _rule(item, mistakes)
        if rule is None or not rule.id:
            continue
        if rule.id in first:
            mistakes.at_line(
                item.line,
                item.column,
                f"règle {rule.id!r} déjà écrite ligne {first[rule.id]}",
                f"rule {rule.id!r} already written on line {first[rule.id]}",
            )
        first.setdefault(rule.id, item.line)
        rules.append(rule)
    return tuple(rules)


def _rule(node: Node, mistakes: Mistakes) -> Rule | None:
    if not isinstance(node, Pairs):
        mistakes.at(node, "une règle (id, fact, …) est attendue", "a rule (id, fact, …) is expected")
        return None
    nothing_else(node, RULE_KEYS, mistakes)
    scope = machine_scope()
    id_ = _name(node, "id", mistakes)
    condition = build_condition(node, scope, mistakes)
    when = _nested(node, "when", scope, mistakes)
    failing = _meaning(node, mistakes)
    unknown, unknown_because = _unknown(node, failing, mistakes)
    fixes = build_fixes(node, condition, mistakes)
    if failing == "repair" and not node.value("fix"):
        mistakes.at(node, "« else: repair » veut un « fix: »", "else: repair wants a fix:")
    recheck = node.value("recheck")
    if recheck is not None and _choice(recheck, ("after-wipe",), mistakes) is None:
        recheck = None
    because = bilingual(node, "because", mistakes)
    if condition is None:
        return None
    return Rule(
        id=id_,
        condition=condition,
        when=when,
        failing=failing,
        unknown=unknown,
        unknown_because=unknown_because,
        because=because,
        fixes=fixes,
        recheck="after-wipe" if recheck is not None else None,
        file=mistakes.file,
        line=node.line,
    )


def _nested(node: Pairs, key: str, scope: Scope, mistakes: Mistakes) -> Condition | None:
    inner = node.value(key)
    if inner is None:
        return None
    if not isinstance(inner, Pairs):
        mistakes.at(inner, f"« {key}: » veut {{fact: …}}", f"{key}: wants {{fact: …}}")
        return None
    nothing_else(inner, CONDITION_KEYS, mistakes)
    return build_condition(inner, scope, mistakes)


def _meaning(node: Pairs, mistakes: Mistakes) -> Meaning:
    value = node.value("else")
    if value is None:
        mistakes.at(node, f"il manque « else: » ({', '.join(MEANINGS)})", f"else: is missing ({', '.join(MEANINGS)})")
        return "review"
    if isinstance(value, Scalar) and value.text == "refurbish":
        mistakes.at(value, "écrivez « note » : dire sans changer le verdict", "write note: told, verdict unchanged")
        return "note"
    word = _choice(value, MEANINGS, mistakes)
    return next((meaning for meaning in MEANINGS if meaning == word), "review")


def _unknown(node: Pairs, failing: Meaning, mistakes: Mistakes) -> tuple[WhenUnknown, Bilingual | None]:
    """What an unknown fact means: a word, or {outcome: …, fr: …, en: …}; leniency must give its reason."""
    value = node.value("unknown")
    fallback: WhenUnknown = "ignore" if failing == "note" else "review"  # a note decides nothing either way
    if value is None:
        return fallback, None
    word = value.value("outcome") if isinstance(value, Pairs) else value
    chosen = _choice(word if word is not None else value, _WHEN_UNKNOWN, mistakes)
    outcome = next((known for known in _WHEN_UNKNOWN if known == chosen), fallback)
    if isinstance(value, Pairs):
        nothing_else(value, ("outcome", "fr", "en"), mistakes)
        return outcome, sentences(value, mistakes)
    if chosen in ("note", "ignore"):
        mistakes.at(
            value,
            f"un fait inconnu ne passe jamais sans raison : {{outcome: {chosen}, fr: …, en: …}}",
            f"an unknown fact never passes without a reason: {{outcome: {chosen}, fr: …, en: …}}",
        )
    return outcome, None
