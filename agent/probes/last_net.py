"""The last net under every probe: no text of a Machine is unbounded or steers a terminal, whoever forgot to clean it.

Probes clean what they read; but names of files, addresses from captures and details of gaps come by many ways.
"""

from typing import Any, TypeVar

import msgspec

from agent.text import LIMIT, clean

Anything = TypeVar("Anything")


def safe(value: Anything) -> Anything:
    """`value` itself where all its texts are fine, else a copy with those cleaned."""
    done: Any = _safe(value)
    return done  # type: ignore[no-any-return] # of the type it came with


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isprintable() and len(value) <= LIMIT else clean(value)
    if isinstance(value, tuple):
        inner = tuple(map(_safe, value))
        return value if all(map(_is_same, value, inner)) else inner
    if isinstance(value, dict):
        return {_safe(key): _safe(part) for key, part in value.items()}
    if isinstance(value, msgspec.Struct):
        pairs = ((name, getattr(value, name)) for name in value.__struct_fields__)
        changes = {name: done for name, part in pairs if (done := _safe(part)) is not part}
        return msgspec.structs.replace(value, **changes) if changes else value
    return value


def _is_same(one: object, other: object) -> bool:
    return one is other
