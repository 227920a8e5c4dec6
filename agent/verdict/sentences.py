"""One plain sentence for one finding: "Mémoire : 2 Gio. Il faut au moins 4 Gio." Words from `agent.labels` only."""

import re
from typing import Any

from agent.facts import Gap, HiddenStorage, Machine
from agent.labels import item_label, label, tell, tell_why
from agent.rules.tree import Bilingual
from agent.text import clean
from agent.verdict.proof import Finding, Proof

_TOLD_MOST = 120

# What is wanted, after "Il faut" / "Wanted:"; {} is the bound. First the plain words, then those under a `not`.
WANTED: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "at_least": (("il faut au moins {}", "at least {} is needed"), ("il faut moins de {}", "less than {} is needed")),
    "at_most": (("il faut au plus {}", "at most {} is allowed"), ("il faut plus de {}", "more than {} is needed")),
    "is": (("il faut : {}", "needed: {}"), ("il ne faut pas : {}", "not allowed: {}")),
    "one_of": (("il faut : {}", "needed: {}"), ("il ne faut pas : {}", "not allowed: {}")),
    "between": (("il faut entre {}", "between {} is needed"), ("il ne faut pas entre {}", "not between {}")),
}


def tell_finding(finding: Finding, machine: Machine, gap: Gap | None) -> Bilingual:
    return Bilingual(fr=_told(finding, machine, gap, "fr"), en=_told(finding, machine, gap, "en"))


def _told(finding: Finding, machine: Machine, gap: Gap | None, lang: str) -> str:
    leaf = finding.deciding.leaf
    name = where_told(leaf.path, machine, lang)
    colon = ": " if lang == "en" else " : "
    if finding.truth is None:
        why = f" ({tell_why(gap.why, lang)})" if gap else ""
        return f"{name}{colon}{'not known' if lang == 'en' else 'on ne sait pas'}{why}."
    if leaf.kind in ("every", "some"):
        return f"{name}{colon}{_counted(leaf.observed or 0, lang)}."
    if item := _item_told(leaf.path, machine, lang):
        return f"{where_told(leaf.path.removesuffix('.kind'), machine, lang)}{colon}{clean(item, _TOLD_MOST)}."
    observed = clean(tell(leaf.path, leaf.observed, lang), _TOLD_MOST)
    wanted = tell_wanted(leaf, lang, is_negated=finding.deciding.is_negated)
    return f"{name}{colon}{observed}{', ' + wanted if wanted else ''}."


def _item_told(path: str, machine: Machine, lang: str) -> str | None:
    """A hint, judged by its being there or by its kind, in the reader's words: its evidence is in a program's."""
    match = re.fullmatch(r"(hidden_storage|missing_firmware)\[(\d+)\](?:\.kind)?", path)
    items = getattr(machine, match[1]) if match else None
    if match is None or items is None or int(match[2]) >= len(items):
        return None
    item = items[int(match[2])]
    rest = (item.controller,) if isinstance(item, HiddenStorage) else (item.device, item.file)
    return ", ".join([tell("kind", item.kind, lang), *filter(None, rest)])


def _counted(count: int, lang: str) -> str:
    if lang == "en":
        return "none suitable" if count == 0 else f"{count} seen"
    return "rien ne convient" if count == 0 else f"{count} en tout"


def tell_wanted(leaf: Proof, lang: str, *, is_negated: bool = False) -> str:
    """ "il faut au moins 4 Gio"; nothing for a pattern, which is no sentence."""
    if leaf.operator not in WANTED:
        return ""
    pattern = WANTED[leaf.operator][is_negated][lang == "en"]
    return pattern.format(tell_bound(leaf.path, leaf.operator, leaf.required, lang))


def tell_bound(path: str, operator: str, required: Any, lang: str) -> str:
    """The bound itself in words: "4 Gio", "8 Gio et 16 Gio", "portable ou tablette"."""
    if not isinstance(required, tuple):
        return tell(path, required, lang)
    words = [tell(path, one, lang) for one in required]
    last = {"between": ("et", "and")}.get(operator, ("ou", "or"))[lang == "en"]
    return " ".join([", ".join(words[:-1]), last, words[-1]]) if len(words) > 1 else words[0]


def where_told(path: str, machine: Machine, lang: str) -> str:
    """The fact's name, with its item's before it: "Disque sda, secteurs illisibles"."""
    if "[" not in path:
        return label(path, lang)
    list_, _, rest = path.partition("[")
    place = int(rest.partition("]")[0])
    items = getattr(machine, list_, None) if "." not in list_ else None
    name = getattr(items[place], "name", None) if items and place < len(items) else None
    one = item_label(path, clean(str(name), 40) if name else None, lang)
    told = label(path, lang)
    return one if path.endswith("]") else f"{one}, {told[:1].lower() + told[1:] if told[1:2].islower() else told}"
