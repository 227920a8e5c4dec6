"""The part of a rule that can be true, false or unknown: nodes → `Condition`, every name and bound checked."""

from agent.rules.bounds import OPERATORS, parse_bound
from agent.rules.paths import ITEM, FactType, Scope
from agent.rules.source import Items, Mistakes, Node, Pairs, Scalar, quoted, suggestion
from agent.rules.tree import AllOf, AnyOf, Compare, Condition, Every, Not, Some

CONDITION_KEYS = ("fact", *OPERATORS, "all", "any", "not", "every", "where")
_PARTS_MOST = 50


def nothing_else(pairs: Pairs, allowed: tuple[str, ...], mistakes: Mistakes) -> None:
    """Note each key that has no meaning here."""
    for key, _ in pairs.entries:
        if key.text not in allowed:
            fr, en = suggestion(key.text, allowed)
            mistakes.at(key, f"clé inconnue {quoted(key.text)}{fr}", f"unknown key {quoted(key.text)}{en}")


def build_condition(pairs: Pairs, scope: Scope, mistakes: Mistakes) -> Condition | None:
    """The condition these keys write (other keys are the caller's to check), or None with a mistake noted."""
    quantifier = _quantifier(pairs, mistakes)
    if quantifier is not None:
        return _build_quantifier(*quantifier, pairs, scope, mistakes)
    where = pairs.value("where")
    if where is not None:
        mistakes.at(where, "« where: » ne va qu'avec « every: » ou « any: »", "where: only goes with every: or any:")
    return _build_plain(pairs, scope, mistakes, also=())


def _quantifier(pairs: Pairs, mistakes: Mistakes) -> tuple[str, Scalar] | None:
    """("every" | "any", the list's name) when the keys speak of the items of a list."""
    every, some = pairs.value("every"), pairs.value("any")
    if every is not None and isinstance(some, Scalar):
        mistakes.at(some, "« every: » et « any: » ensemble : imbriquez-les", "every: and any: together: nest them")
    if isinstance(every, Scalar):
        return "every", every
    if every is not None:
        mistakes.at(every, "« every: » veut le nom d'une liste", "every: wants the name of a list")
    return ("any", some) if isinstance(some, Scalar) else None


def _build_quantifier(word: str, name: Scalar, pairs: Pairs, scope: Scope, mistakes: Mistakes) -> Condition | None:
    fact = find_fact(name, scope, mistakes, lists_only=True)
    if fact is None or fact.item is None:
        return None
    inside = fact.item
    where_node = pairs.value("where")
    where = None
    if isinstance(where_node, Pairs):
        nothing_else(where_node, CONDITION_KEYS, mistakes)
        where = build_condition(where_node, inside, mistakes)
    elif where_node is not None:
        mistakes.at(where_node, "« where: » veut {fact: …}", "where: wants {fact: …}")
    has_body = any(
        key in ("fact", *OPERATORS, "all", "not") or (key == "any" and word == "every") for key in pairs.names()
    )
    if word == "any" and not has_body:
        return Some(path=name.text, where=where)
    part = _build_plain(pairs, inside, mistakes, also=(word,))
    if part is None:
        return None
    return (Every if word == "every" else Some)(path=name.text, where=where, part=part)


def _build_plain(pairs: Pairs, scope: Scope, mistakes: Mistakes, also: tuple[str, ...]) -> Condition | None:
    """fact + operator, or one of the groups; `also`: the quantifier's own key, already read."""
    heads = [key for key in ("fact", "all", "any", "not") if key in pairs.names() and key not in also]
    operators = [key for key in pairs.names() if key in OPERATORS]
    if operators and "fact" not in heads:
        mistakes.at(pairs, f"« {operators[0]}: » sans « fact: »", f"{operators[0]}: without fact:")
        return None
    if len(heads) != 1:
        told = ", ".join(heads) or "–"
        mistakes.at(
            pairs,
            f"une seule chose parmi fact, all, any, not, every est attendue (lu : {told})",
            f"exactly one of fact, all, any, not, every is expected (read: {told})",
        )
        return None
    node = pairs.value(heads[0])
    assert node is not None
    if heads[0] == "fact":
        return _build_compare(node, pairs, scope, mistakes)
    if heads[0] == "not":
        part = _build_inner(node, scope, mistakes)
        return None if part is None else Not(part=part)
    return _build_group(heads[0], node, scope, mistakes)


def _build_inner(node: Node, scope: Scope, mistakes: Mistakes) -> Condition | None:
    if not isinstance(node, Pairs):
        mistakes.at(node, "une condition {fact: …} est attendue", "a condition {fact: …} is expected")
        return None
    nothing_else(node, CONDITION_KEYS, mistakes)
    return build_condition(node, scope, mistakes)


def _build_group(word: str, node: Node, scope: Scope, mistakes: Mistakes) -> Condition | None:
    if not isinstance(node, Items) or not 1 <= len(node.nodes) <= _PARTS_MOST:
        mistakes.at(
            node,
            f"« {word}: » veut une liste de conditions, {_PARTS_MOST} au plus",
            f"{word}: wants a list of conditions, at most {_PARTS_MOST}",
        )
        return None
    built = [_build_inner(inner, scope, mistakes) for inner in node.nodes]
    parts = tuple(part for part in built if part is not None)
    if len(parts) < len(built):
        return None
    return AllOf(parts=parts) if word == "all" else AnyOf(parts=parts)


def _build_compare(node: Node, pairs: Pairs, scope: Scope, mistakes: Mistakes) -> Condition | None:
    operators = [name for name in OPERATORS if name in pairs.names()]
    fact = find_fact(node, scope, mistakes)
    if len(operators) != 1:
        mistakes.at(
            node,
            f"un seul opérateur est attendu parmi {', '.join(OPERATORS)}",
            f"exactly one operator is expected of {', '.join(OPERATORS)}",
        )
        return None
    bound = pairs.value(operators[0])
    if fact is None or bound is None or not isinstance(node, Scalar):
        return None
    values = parse_bound(operators[0], fact, bound, mistakes)
    return None if values is None else Compare(path=node.text, operator=operators[0], values=values)


def find_fact(node: Node, scope: Scope, mistakes: Mistakes, *, lists_only: bool = False) -> FactType | None:
    """The type of the fact this path names, or None with the nearest right name in the mistake."""
    if not isinstance(node, Scalar):
        mistakes.at(node, "le nom d'un fait est attendu", "the name of a fact is expected")
        return None
    fact = scope.facts.get(node.text)
    if fact is not None and (fact.kind == "list" or not lists_only):
        return fact
    choices = [path for path, type_ in scope.facts.items() if type_.kind == "list" or not lists_only]
    within = (f" dans {scope.of!r}", f" in {scope.of!r}") if scope.of else ("", "")
    if fact is not None:
        mistakes.at(node, f"{quoted(node.text)} n'est pas une liste", f"{quoted(node.text)} is not a list")
        return None
    list_, _, rest = node.text.partition(".")
    inside = scope.facts.get(list_)
    if inside is not None and inside.item is not None and rest in inside.item.facts:
        mistakes.at(
            node,
            f"{quoted(list_)} est une liste : écrivez « every: {list_} » (ou « any: ») puis « fact: {rest} »",
            f"{quoted(list_)} is a list: write every: {list_} (or any:) and then fact: {rest}",
        )
        return None
    guess = _guess(node.text, choices)
    fr, en = suggestion(guess, choices) if guess not in choices else (
        f" ; vouliez-vous dire {guess!r} ?", f"; did you mean {guess!r}?"
    )  # fmt: skip
    mistakes.at(
        node,
        f"fait inconnu {quoted(node.text)}{within[0]}{fr}",
        f"unknown fact {quoted(node.text)}{within[1]}{en}",
    )
    return None


def _guess(text: str, choices: list[str]) -> str:
    """A path whose last word is right is a better guess than one that merely looks alike."""
    if text == ITEM:
        return text
    last = text.rpartition(".")[2]
    ends = [path for path in choices if path.rpartition(".")[2] == last]
    return ends[0] if len(ends) == 1 else text
