"""The slow, honest reading of a condition: every part with what was observed. For the rules that did not pass, and for
`--explain`; it must agree with the closures of `agent.rules.compile` (a property test holds it to that)."""

from typing import Any, Literal

import msgspec

from agent.facts import Machine
from agent.rules.compile import Truth, read_list, read_path, test_value
from agent.rules.paths import ITEM
from agent.rules.tree import AllOf, AnyOf, Compare, Condition, Every, Not, Rule, Some

ProofKind = Literal["fact", "all", "any", "not", "every", "some", "item"]


class Proof(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One node of the proof: its truth, and for a leaf the fact with what was seen and what is wanted."""

    kind: ProofKind
    truth: Truth
    path: str = ""  # full: "disks[0].health.pending_sectors"
    operator: str = ""
    observed: Any = None
    required: Any = None
    chosen: Truth = True  # of an item: whether `where` selects it
    parts: tuple["Proof", ...] = ()


class Deciding(msgspec.Struct, frozen=True, kw_only=True):
    """The leaf that made a condition what it is, and whether a `not` stands above it."""

    leaf: Proof
    is_negated: bool = False


def prove(condition: Condition, place: Any, prefix: str = "") -> Proof:
    """The proof tree of `condition` at `place` (a machine, or an item whose full path is `prefix`)."""
    if isinstance(condition, Compare):
        return _prove_compare(condition, place, prefix)
    if isinstance(condition, Not):
        part = prove(condition.part, place, prefix)
        return Proof(kind="not", truth=None if part.truth is None else not part.truth, parts=(part,))
    if isinstance(condition, AllOf | AnyOf):
        parts = tuple(prove(part, place, prefix) for part in condition.parts)
        is_all = isinstance(condition, AllOf)
        return Proof(kind="all" if is_all else "any", truth=_joined(parts, stop=not is_all), parts=parts)
    return _prove_quantifier(condition, place, prefix)


def _joined(parts: tuple[Proof, ...], stop: bool) -> Truth:
    """Kleene's AND (stop=False) or OR (stop=True)."""
    truths = [part.truth for part in parts]
    if stop in truths:
        return stop
    return None if None in truths else not stop


def _full(prefix: str, path: str) -> str:
    if path == ITEM:
        return prefix
    return f"{prefix}.{path}" if prefix else path


def _prove_compare(compare: Compare, place: Any, prefix: str) -> Proof:
    observed = read_path(compare.path)(place)
    many = compare.operator in ("one_of", "between")
    return Proof(
        kind="fact",
        truth=test_value(compare)(observed),
        path=_full(prefix, compare.path),
        operator=compare.operator,
        observed=observed,
        required=compare.values if many else compare.values[0],
    )


def _prove_quantifier(node: Every | Some, place: Any, prefix: str) -> Proof:
    path = _full(prefix, node.path)
    kind: ProofKind = "every" if isinstance(node, Every) else "some"
    items = read_list(node.path)(place)
    if items is None:
        return Proof(kind=kind, truth=None, path=path)
    parts = tuple(_prove_item(node, item, f"{path}[{i}]") for i, item in enumerate(items))
    wanted = sum(part.chosen is not False for part in parts)
    return Proof(kind=kind, truth=_joined(parts, stop=kind == "some"), path=path, observed=wanted, parts=parts)


def _prove_item(node: Every | Some, item: Any, prefix: str) -> Proof:
    """An item of "every" is `where` → part, of "some" it is `where` ∧ part."""
    where = None if node.where is None else prove(node.where, item, prefix)
    part = None if node.part is None else prove(node.part, item, prefix)
    chosen = True if where is None else where.truth
    inside = True if part is None else part.truth
    truth: Truth
    if isinstance(node, Every):
        truth = True if chosen is False or inside is True else (None if None in (chosen, inside) else inside)
    else:
        truth = False if False in (chosen, inside) else (None if None in (chosen, inside) else True)
    parts = tuple(proof for proof in (where, part) if proof is not None)
    # Judged by its being there: the item itself, or the words in it, is what was seen.
    observed = item if isinstance(item, str | int) else getattr(item, "evidence", None)
    return Proof(kind="item", truth=truth, path=prefix, observed=observed, chosen=chosen, parts=parts)


def decide(proof: Proof) -> Deciding:
    """The leaf to tell a person about: the first that made this proof true, false or unknown."""
    if proof.kind == "fact" or not proof.parts:
        return Deciding(leaf=proof)
    if proof.kind == "not":
        inner = decide(proof.parts[0])
        return Deciding(leaf=inner.leaf, is_negated=not inner.is_negated)
    if proof.kind == "item":
        # Unsure whether the item counts at all: that is the thing to find out first.
        unsure = [part for part in proof.parts if part.truth is None]
        return decide(unsure[0] if proof.truth is None and unsure else proof.parts[-1])
    parts = proof.parts
    if proof.kind == "some":
        parts = tuple(part for part in parts if part.chosen is not False)
    # The first that made it so; a true "all" or a false "any" is made by every part, so by the first too.
    same = [part for part in parts if part.truth is proof.truth]
    return decide(same[0]) if same else Deciding(leaf=proof)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says of the machine, or of one item of the list that it judges item by item."""

    truth: Truth
    item: str | None = None
    deciding: Deciding
    is_scope_unknown: bool = False  # the fact is known and bad; unknown is only whether the rule is about this item


def find(rule: Rule, machine: Machine) -> tuple[Finding, ...]:
    """Why this rule does not pass: one finding for the machine, or one for each item that does not."""
    if rule.when is not None:
        scope = prove(rule.when, machine)
        if scope.truth is False:
            return ()
        if scope.truth is None:
            inside = prove(rule.condition, machine).truth
            finding = Finding(truth=None, deciding=decide(scope), is_scope_unknown=inside is False)
            return () if inside is True else (finding,)
    proof = prove(rule.condition, machine)
    if proof.truth is True:
        return ()
    if proof.kind == "every" and proof.parts:
        return tuple(
            Finding(
                truth=part.truth,
                item=part.path,
                deciding=decide(part),
                is_scope_unknown=part.chosen is None and part.parts[-1].truth is False,
            )
            for part in proof.parts
            if part.truth is not True
        )
    # "No disk is large enough", of a machine with one disk, is about that disk.
    chosen = [part.path for part in proof.parts if part.chosen is not False] if proof.kind == "some" else []
    item = chosen[0] if len(chosen) == 1 else None
    return (Finding(truth=proof.truth, item=item, deciding=decide(proof)),)
