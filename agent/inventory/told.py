"""Facts in a reader's words, over `agent.labels`: values of any shape, conditions of a rule, cells of a table. Pure."""

from typing import Any

from agent import labels
from agent.inventory.words import word
from agent.text import clean

_LISTED_MOST = 40


def label_of(path: str, lang: str, item_name: str | None = None) -> str:
    """What this fact is called, with its item: "disks[0].serial" → "Disque sda : numéro de série"."""
    if not path:
        return word("unknown", lang)
    name = labels.label(path, lang)
    if "[" not in path:
        return name
    colon = ": " if lang == "en" else "\u00a0: "
    item = labels.item_label(path, item_name, lang)
    return item if name == item else f"{item}{colon}{name[:1].lower()}{name[1:]}"


def tell(path: str, value: Any, lang: str) -> str:
    """The value with its unit, in words: 4294967296 at `memory.fitted_bytes` → "4 Gio"."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {tell(path, inner, lang)}" for key, inner in list(value.items())[:_LISTED_MOST])
    return labels.tell(path, value, lang)


def tell_required(path: str, operator: object, value: Any, lang: str) -> str:
    """What a rule demands: 8 GiB with `at_least` → "au moins 8 Gio"."""
    key = f"operator-{operator}"
    return word(key, lang, x=tell(path, value, lang)) if key in OPERATORS else tell(path, value, lang)


OPERATORS = frozenset({"operator-at_least", "operator-at_most", "operator-one_of", "operator-present"})


def shortened(text: str, most: int = 90) -> str:
    """Cleaned, and cut for a heading or a table cell; the whole text is in the record."""
    text = clean(text, most + 1)
    return text if len(text) <= most else text[: most - 1] + "…"
