"""Which facts a rule may name, and of what type each is: read once from the structs of `agent.facts`.

A scope is what paths are relative to: the machine, or one item of a list (`disks` → `health.pending_sectors`).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import msgspec.inspect as inspect

from agent.facts import Machine
from agent.units import dimension_of

Kind = Literal["bool", "int", "enum", "str", "list"]
ITEM = "it"  # the item itself, in a list of plain words (`any: cpu.flags`, `fact: it`)
_NOT_FACTS = ("gaps", "sources")  # how facts were learnt is no fact


@dataclass(frozen=True, slots=True)
class FactType:
    """The type of one fact: `values` of an enum, `dimension` of a quantity, `item` of a list."""

    kind: Kind
    values: tuple[str, ...] = ()
    dimension: str | None = None
    item: "Scope | None" = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Every path from here, with its type; `of` names the list whose item this is ("" for the machine)."""

    of: str
    facts: dict[str, FactType]


@cache
def machine_scope() -> Scope:
    """The paths of a whole machine. Cached: it is a pure table, 3 ms to make."""
    info = inspect.type_info(Machine)
    assert isinstance(info, inspect.StructType)
    return Scope("", _facts(info, "", "", _NOT_FACTS))


def _facts(struct: inspect.StructType, prefix: str, of: str, left_out: tuple[str, ...] = ()) -> dict[str, FactType]:
    found: dict[str, FactType] = {}
    for field in struct.fields:
        path = f"{prefix}{field.name}"
        if field.name in left_out:
            continue
        bare = _known(field.type)
        if isinstance(bare, inspect.StructType):
            found |= _facts(bare, f"{path}.", of)
        else:
            found[path] = _type(bare, path, of)
    return found


def _known(type_: Any) -> Any:
    """The type of the fact when it is known: `X | None` → X."""
    if isinstance(type_, inspect.UnionType):
        return next(inner for inner in type_.types if not isinstance(inner, inspect.NoneType))
    return type_


def _type(bare: Any, path: str, of: str) -> FactType:
    if isinstance(bare, inspect.BoolType):
        return FactType("bool")
    if isinstance(bare, inspect.IntType):
        return FactType("int", dimension=dimension_of(path))
    if isinstance(bare, inspect.LiteralType):
        return FactType("enum", values=tuple(str(value) for value in bare.values))
    if isinstance(bare, inspect.VarTupleType):
        inside = f"{of}.{path}" if of else path
        item = bare.item_type
        if isinstance(item, inspect.StructType):
            return FactType("list", item=Scope(inside, _facts(item, "", inside)))
        return FactType("list", item=Scope(inside, {ITEM: _type(_known(item), ITEM, inside)}))
    return FactType("str")
