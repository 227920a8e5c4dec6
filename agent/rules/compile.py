"""A condition → a closure over one machine (or one item): True, False, or None for unknown (Kleene's three values).

Compiled once per profile, then about a microsecond a rule. Nothing is explained here: `agent.verdict.proof` walks the
same tree slowly for the rules that did not pass, and a property test holds the two equal.
"""

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec

from agent.facts import Machine
from agent.rules.bounds import SUBJECT_MOST
from agent.rules.paths import ITEM
from agent.rules.tree import AllOf, AnyOf, Compare, Condition, Every, Not, Profile, Rule, Some

Truth = bool | None
Test = Callable[[Any], Truth]


class Judge(msgspec.Struct, frozen=True):
    """A profile with one closure per rule, in the profile's order."""

    profile: Profile
    tests: tuple[tuple[Rule, Test], ...]


def compile_profile(profile: Profile) -> Judge:
    return Judge(profile, tuple((rule, compile_rule(rule)) for rule in profile.rules))


def compile_rule(rule: Rule) -> Test:
    """`when` implies the condition: out of scope is True; unknown scope still passes when the condition does."""
    test = compile_condition(rule.condition)
    if rule.when is None:
        return test
    when = compile_condition(rule.when)

    def scoped(machine: Machine) -> Truth:
        applies = when(machine)
        if applies is False:
            return True
        result = test(machine)
        return result if applies or result else None

    return scoped


def compile_condition(condition: Condition) -> Test:
    if isinstance(condition, Compare):
        return _compare(condition)
    if isinstance(condition, Not):
        part = compile_condition(condition.part)
        return lambda place: None if (result := part(place)) is None else not result
    if isinstance(condition, AllOf):
        return _group(condition.parts, stop=False)
    if isinstance(condition, AnyOf):
        return _group(condition.parts, stop=True)
    return _quantifier(condition)


def read_path(path: str) -> Callable[[Any], Any]:
    """Reads a fact path of `agent.rules.paths` off a machine or an item."""
    return (lambda item: item) if path == ITEM else attrgetter(path)


# Lists that are () and never None when they were not read: with nothing in them, nothing was learnt. Names of failing
# attributes are the exception: none failing is good news, where there were attributes to look at.
EMPTY_IS_UNKNOWN = ("modules", "attributes")
_BESIDE_ATTRIBUTES = ("failing_now", "failed_past")


def read_list(path: str) -> Callable[[Any], Any]:
    """Reads a list; None when it is unknown, so that "every" is never true of a list nobody saw."""
    read = read_path(path)
    last = path.rpartition(".")[2]
    if last in EMPTY_IS_UNKNOWN:
        return lambda place: read(place) or None
    if last in _BESIDE_ATTRIBUTES:
        looked = read_path(f"{path.removesuffix(last)}attributes")
        return lambda place: read(place) or (() if looked(place) else None)
    return read


def _compare(compare: Compare) -> Test:
    read, test = read_path(compare.path), test_value(compare)
    return lambda place: test(read(place))


def test_value(compare: Compare) -> Test:
    """The comparison alone, over a value of the fact's type; None gives None."""
    values = compare.values
    first: Any = values[0]
    if compare.operator == "at_least":
        return lambda value: None if value is None else value >= first
    if compare.operator == "at_most":
        return lambda value: None if value is None else value <= first
    if compare.operator == "is":
        return lambda value: None if value is None else value == first
    if compare.operator == "between":
        last: Any = values[1]
        return lambda value: None if value is None else first <= value <= last
    if compare.operator == "one_of":
        known = frozenset(values)
        return lambda value: None if value is None else value in known
    if compare.operator == "matches":
        # The pattern's shape and the subject's length are bounded, so its time is too.
        search = re.compile(first, re.IGNORECASE).search
        return lambda value: None if value is None else search(value[:SUBJECT_MOST]) is not None
    return lambda value: None if value is None else True  # present: unknown stays unknown


def _group(parts: tuple[Condition, ...], stop: bool) -> Test:
    """Stops at the first `stop` (False for all, True for any); any unknown before the end makes the whole unknown."""
    tests = tuple(compile_condition(part) for part in parts)

    def group(place: Any) -> Truth:
        result: Truth = not stop
        for test in tests:
            one = test(place)
            if one is stop:
                return stop
            if one is None:
                result = None
        return result

    return group


def _quantifier(node: Every | Some) -> Test:
    read = read_list(node.path)
    where = compile_condition(node.where) if node.where is not None else None
    part = compile_condition(node.part) if node.part is not None else None
    stop = isinstance(node, Some)

    def quantifier(place: Any) -> Truth:
        items = read(place)
        if items is None:
            return None
        result: Truth = not stop
        for item in items:
            chosen = True if where is None else where(item)
            if chosen is False:
                continue
            one = True if part is None else part(item)
            # every: chosen → one; any: chosen and one.
            if one is not stop and one is not None:
                continue
            if chosen is None or one is None:
                result = None
            else:
                return stop
        return result

    return quantifier
