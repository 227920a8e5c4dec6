"""`fix:` of a rule: what to buy or do, for about how much; one mapping, or a list of alternatives."""

import re

from agent.rules.bounds import parse_number
from agent.rules.compile import test_value
from agent.rules.conditions import nothing_else
from agent.rules.source import Items, Mistakes, Node, Pairs, Scalar
from agent.rules.tree import Compare, Condition, Every, Fix, Some
from agent.rules.values import flag, sentences
from agent.units import dimension_of

FIX_KEYS = ("part", "to", "replaces", "fr", "en", "cost_eur")
_ALTERNATIVES_MOST = 4
_COST_MOST_EUR = 10_000
_PART = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def build_fixes(rule: Pairs, condition: Condition | None, mistakes: Mistakes) -> tuple[Fix, ...]:
    node = rule.value("fix")
    if node is None:
        return ()
    nodes = node.nodes if isinstance(node, Items) else (node,)
    if not 1 <= len(nodes) <= _ALTERNATIVES_MOST:
        mistakes.at(
            node, f"de 1 à {_ALTERNATIVES_MOST} réparations sont permises", f"1 to {_ALTERNATIVES_MOST} fixes allowed"
        )
    return tuple(fix for inner in nodes if (fix := _fix(inner, condition, mistakes)))


def _fix(node: Node, condition: Condition | None, mistakes: Mistakes) -> Fix | None:
    if not isinstance(node, Pairs):
        mistakes.at(
            node, "« fix: » veut {part: …, fr: …, en: …, cost_eur: …}", "fix: wants {part:, fr:, en:, cost_eur:}"
        )
        return None
    nothing_else(node, FIX_KEYS, mistakes)
    before = len(mistakes.found)
    part, cost = node.value("part"), node.value("cost_eur")
    if not isinstance(part, Scalar) or len(part.text) > 40 or not _PART.fullmatch(part.text):
        mistakes.at(part or node, "« part: » veut un mot : ssd, ram-module…", "part: wants a word: ssd, ram-module…")
    if not isinstance(cost, Scalar) or not re.fullmatch("[0-9]{1,5}", cost.text) or int(cost.text) > _COST_MOST_EUR:
        mistakes.at(cost or node, "« cost_eur: » veut des euros entiers", "cost_eur: wants whole euros")
    told = sentences(node, mistakes)
    to = _to(node.value("to"), condition, mistakes)
    replaces = flag(node, "replaces", mistakes)
    if len(mistakes.found) > before:
        return None
    assert isinstance(part, Scalar) and isinstance(cost, Scalar)
    return Fix(part=part.text, cost_eur=int(cost.text), fr=told.fr, en=told.en, to=to, replaces=replaces)


def _to(node: Node | None, condition: Condition | None, mistakes: Mistakes) -> int | None:
    """How much the part brings, in base units: of the rule's own fact, else bytes. It must mend the rule."""
    if node is None:
        return None
    if not isinstance(node, Scalar):
        mistakes.at(node, "« to: » veut une quantité", "to: wants a quantity")
        return None
    compare = _compared(condition)
    dimension = dimension_of(compare.path) if compare else None
    value = parse_number(dimension or "bytes", node, mistakes)
    if compare and value is not None and dimension and test_value(compare)(value) is not True:
        mistakes.at(
            node, "cette réparation ne suffit pas à la règle elle-même", "this fix does not satisfy the rule itself"
        )
    return value


def _compared(condition: Condition | None) -> Compare | None:
    """The single comparison a rule makes, through a quantifier or not."""
    if isinstance(condition, Every | Some):
        condition = condition.part
    return condition if isinstance(condition, Compare) else None
