"""A profile as plain frozen data: what the YAML means once every word of it is checked.

Nothing here calls, reads or compares. `compile.py` turns a condition into a closure over one machine; a compiler to
SQL walks the same nodes: `Compare` is a column (its path, with `.` and `[]` spelt as the store does) against literals
in base units, `AllOf`/`AnyOf`/`Not` are AND/OR/NOT (SQL's logic is Kleene's too), and a quantifier is [NOT] EXISTS
over the list's own table, whose `where` and `part` are conditions on columns of that table. Every node is tagged, so
that a tree can also travel as JSON.
"""

from typing import Literal

import msgspec

Operator = Literal["at_least", "at_most", "is", "one_of", "matches", "between", "present"]
Outcome = Literal["refurbish", "review", "repair", "recycle"]
WIPE = "effacement"  # the `part` of a fix that is a wipe
OUTCOMES: tuple[Outcome, ...] = ("refurbish", "review", "repair", "recycle")  # best to worst
# What a failing rule means. A note is told and changes nothing; "ignore" (unknown only) is told by --explain alone.
Meaning = Literal["note", "review", "repair", "recycle"]
WhenUnknown = Literal["ignore", "note", "review", "repair", "recycle"]


class Node(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Base of all conditions."""


class Compare(Node, frozen=True, kw_only=True):
    """One fact against literals: (bound,) · (low, high) for between · every word for one_of · (True,) for present."""

    path: str
    operator: Operator
    values: tuple[bool | int | str, ...]


class AllOf(Node, frozen=True, kw_only=True):
    parts: tuple["Condition", ...]


class AnyOf(Node, frozen=True, kw_only=True):
    parts: tuple["Condition", ...]


class Not(Node, frozen=True, kw_only=True):
    part: "Condition"


class Every(Node, frozen=True, kw_only=True):
    """Each item of the list that `where` selects passes `part`. True of an empty list, unknown of an unknown one."""

    path: str
    where: "Condition | None" = None
    part: "Condition"


class Some(Node, frozen=True, kw_only=True):
    """At least one item that `where` selects passes `part` (no part: it is enough that it exists)."""

    path: str
    where: "Condition | None" = None
    part: "Condition | None" = None


Condition = Compare | AllOf | AnyOf | Not | Every | Some


class Bilingual(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    fr: str
    en: str

    def told(self, lang: str) -> str:
        return self.en if lang == "en" else self.fr


class Fix(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What to buy or do. One `part` put on one item mends every rule that asks for that part there."""

    part: str
    cost_eur: int
    fr: str
    en: str
    to: int | None = None  # base units: what the part brings (8 GiB of memory, a 240 GB disk)
    replaces: bool = False  # the part takes the item's place: every other complaint about that item ends too

    def told(self, lang: str) -> str:
        return self.en if lang == "en" else self.fr


class Rule(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    id: str
    condition: Condition
    when: Condition | None = None
    failing: Meaning
    unknown: WhenUnknown = "review"
    unknown_because: Bilingual | None = None
    because: Bilingual
    fixes: tuple[Fix, ...] = ()  # alternatives
    recheck: Literal["after-wipe"] | None = None  # judge again once the disk has been overwritten
    file: str = ""
    line: int = 0


class Profile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    name: str
    version: int
    title: Bilingual
    rank: int = 100  # lower is offered first
    is_part: bool = False  # only for inclusion, not judged alone unless asked by name
    chassis: tuple[str, ...] = ()  # meant for these; empty: for all
    includes: tuple[str, ...] = ()
    rules: tuple[Rule, ...]  # its own and those of its includes
    digest: str  # SHA-256 over the bytes of its file and of every included one
