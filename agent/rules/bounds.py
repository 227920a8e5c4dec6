"""What an operator may be set against: text → literals in base units, by the fact's own type."""

import re

from agent.rules.paths import FactType
from agent.rules.source import Items, Mistakes, Node, Scalar, quoted, suggestion
from agent.rules.tree import Operator
from agent.units import UNITS, parse_quantity

OPERATORS: tuple[Operator, ...] = ("at_least", "at_most", "is", "one_of", "matches", "between", "present")
ALLOWED: dict[str, tuple[Operator, ...]] = {
    "bool": ("is", "present"),
    "int": ("at_least", "at_most", "between", "is", "one_of", "present"),
    "enum": ("is", "one_of", "present"),
    "str": ("is", "one_of", "matches", "present"),
    "list": (),
}
PATTERN_MOST = 200
SUBJECT_MOST = 256  # characters of a fact that a pattern sees
_UNBOUNDED_MOST = 2
_WORDS_MOST = 100
_INTEGER_MOST = 2**63 - 1  # what every store can compare
_Value = bool | int | str


def parse_bound(operator: Operator, fact: FactType, node: Node, mistakes: Mistakes) -> tuple[_Value, ...] | None:
    """The literals of this operator, or None with a mistake noted."""
    if operator not in ALLOWED[fact.kind]:
        allowed = ", ".join(ALLOWED[fact.kind])
        if fact.kind == "list":
            mistakes.at(
                node,
                "ce fait est une liste : utilisez « every: » ou « any: »",
                "this fact is a list: use every: or any:",
            )
        else:
            mistakes.at(
                node,
                f"{operator!r} ne va pas avec ce fait ; possibles : {allowed}",
                f"{operator!r} does not suit this fact; possible: {allowed}",
            )
        return None
    if operator in ("one_of", "between"):
        return _parse_list(operator, fact, node, mistakes)
    if not isinstance(node, Scalar):
        mistakes.at(node, "une seule valeur est attendue ici", "a single value is expected here")
        return None
    if operator == "present":
        return _parse_present(node, mistakes)
    if operator == "matches":
        return _parse_pattern(node, mistakes)
    value = parse_value(fact, node, mistakes)
    return None if value is None else (value,)


def _parse_list(operator: Operator, fact: FactType, node: Node, mistakes: Mistakes) -> tuple[_Value, ...] | None:
    if not isinstance(node, Items) or not node.nodes or len(node.nodes) > _WORDS_MOST:
        mistakes.at(node, "une liste [a, b] est attendue ici", "a list [a, b] is expected here")
        return None
    values: list[_Value | None] = []
    for inner in node.nodes:
        if isinstance(inner, Scalar):
            values.append(parse_value(fact, inner, mistakes))
        else:
            mistakes.at(inner, "une valeur est attendue ici", "a value is expected here")
            values.append(None)
    known = tuple(value for value in values if value is not None)
    if len(known) < len(values):
        return None
    if operator == "between":
        if len(known) != 2:
            mistakes.at(node, "« between » veut deux valeurs : [bas, haut]", "between wants two values: [low, high]")
            return None
        low, high = known
        if isinstance(low, int) and isinstance(high, int) and low > high:
            mistakes.at(node, "le bas dépasse le haut", "the low end is above the high end")
            return None
    return known


def parse_value(fact: FactType, node: Scalar, mistakes: Mistakes) -> _Value | None:
    """One literal of the fact's type, in base units."""
    if fact.kind == "bool":
        if node.text in ("true", "false"):
            return node.text == "true"
        mistakes.at(node, f"« true » ou « false », pas {quoted(node.text)}", f"true or false, not {quoted(node.text)}")
        return None
    if fact.kind == "int":
        return parse_number(fact.dimension, node, mistakes)
    if fact.kind == "enum" and node.text not in fact.values:
        fr, en = suggestion(node.text, fact.values)
        mistakes.at(node, f"valeur inconnue {quoted(node.text)}{fr}", f"unknown value {quoted(node.text)}{en}")
        return None
    if not node.text or len(node.text) > PATTERN_MOST:
        mistakes.at(node, "valeur vide ou trop longue", "value empty or too long")
        return None
    return node.text


def parse_number(dimension: str | None, node: Scalar, mistakes: Mistakes) -> int | None:
    try:
        value = parse_quantity(node.text[:64], dimension)
    except ValueError as error:
        units = ", ".join(UNITS[dimension]) if dimension else ""
        fr = f"avec une unité parmi : {units}" if dimension else "sans unité"
        mistakes.at(
            node,
            f"un nombre entier est attendu, {fr} ; lu : {quoted(node.text)}",
            f"{quoted(node.text)}: {error}",
        )
        return None
    if abs(value) > _INTEGER_MOST:
        mistakes.at(node, "nombre trop grand", "number too large")
        return None
    return value


def _parse_present(node: Scalar, mistakes: Mistakes) -> tuple[_Value, ...] | None:
    if node.text == "true":
        return (True,)
    mistakes.at(
        node,
        "« present » ne peut valoir que true : un fait inconnu ne fait jamais réussir une règle",
        "present can only be true: an unknown fact never makes a rule pass",
    )
    return None


# --- patterns: only what every regex engine can do in bounded time ----------------------------------------------------

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(\?|[()|*+?]|\{\d*,?\d*\}|.", re.DOTALL)
_COUNT = re.compile(r"\{(\d*)(,?)(\d*)\}")


def _parse_pattern(node: Scalar, mistakes: Mistakes) -> tuple[_Value, ...] | None:
    trouble = _trouble(node.text)
    if trouble is None:
        return (node.text,)
    fr, en = trouble
    mistakes.at(node, f"motif refusé : {fr}", f"pattern refused: {en}")
    return None


def _trouble(pattern: str) -> tuple[str, str] | None:
    """Why a pattern is refused: invalid, too long, or of a shape whose time can explode."""
    if not pattern or len(pattern) > PATTERN_MOST:
        return f"vide ou plus de {PATTERN_MOST} caractères", f"empty or over {PATTERN_MOST} characters"
    unbounded = 0
    before = ""
    for match in _TOKEN.finditer(pattern):
        token = match[0]
        if token == "(?":
            return "« (?… » n'est pas permis, sauf « (?: »", "(?… is not allowed, save (?:"
        if re.fullmatch(r"\\[0-9]", token):
            return "les renvois (\\1) ne sont pas permis", "backreferences are not allowed"
        is_wide = token in ("*", "+") or _is_wide_count(token)
        if before == ")" and (is_wide or token.startswith("{")):
            return "un groupe (…) ne peut pas être répété", "a group (…) may not be repeated"
        if before in ("*", "+") and token in ("*", "+"):
            return "deux répétitions de suite", "two repetitions in a row"
        unbounded += is_wide
        before = token
    if unbounded > _UNBOUNDED_MOST:
        return f"plus de {_UNBOUNDED_MOST} répétitions (*, +)", f"more than {_UNBOUNDED_MOST} repetitions (*, +)"
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return str(error)[:100], str(error)[:100]
    return None


def _is_wide_count(token: str) -> bool:
    match = _COUNT.fullmatch(token)
    if not match or not (match[1] or match[3]):
        return False
    low, comma, high = match.groups()
    most = int(high or ("0" if comma else low) or 0)
    return bool(comma and not high) or most > 20 or int(low or 0) > 20
