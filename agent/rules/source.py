"""YAML text → nodes that know their line and column. Every scalar stays text: `NO`, `012` and `1.10` never surprise.

Built from the parser's events, not from a loader: so anchors, aliases, tags, merge keys and second documents are
refused where they stand, and nothing is ever expanded or constructed.
"""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agent.errors import Mistake

BYTES_MOST = 256 * 1024
DEPTH_MOST = 16
NODES_MOST = 20_000
_QUOTED_MOST = 60


@dataclass(frozen=True, slots=True)
class Scalar:
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Items:
    nodes: tuple["Node", ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Pairs:
    entries: tuple[tuple[Scalar, "Node"], ...]
    line: int
    column: int

    def value(self, key: str) -> "Node | None":
        return next((node for name, node in self.entries if name.text == key), None)

    def names(self) -> tuple[str, ...]:
        return tuple(name.text for name, _ in self.entries)


Node = Scalar | Items | Pairs


@dataclass(slots=True)
class Mistakes:
    """Collects what is wrong in one file, in reading order; never raises."""

    file: str
    found: list[Mistake] = field(default_factory=list)

    def at(self, place: Node, fr: str, en: str) -> None:
        self.at_line(place.line, place.column, fr, en)

    def at_line(self, line: int, column: int, fr: str, en: str) -> None:
        self.found.append(Mistake(file=self.file, line=line, column=column, fr=fr, en=en))


def quoted(text: str) -> str:
    """A word of the author's, bounded and on one line, as messages show it."""
    text = " ".join(text.split())
    return repr(text if len(text) <= _QUOTED_MOST else text[: _QUOTED_MOST - 1] + "…")


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The one choice a typo most likely meant, or None."""
    if len(word) > 200:
        return None
    found = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return found[0] if found else None


def suggestion(word: str, choices: Iterable[str]) -> tuple[str, str]:
    """What to add to a message about an unknown word, in French and in English: the nearest name, or all of a few."""
    names = list(choices)
    guess = nearest(word, names)
    if guess:
        return f" ; vouliez-vous dire {guess!r} ?", f"; did you mean {guess!r}?"
    if len(names) <= 12:
        return f" ; possibles : {', '.join(names)}", f"; possible: {', '.join(names)}"
    return "", ""


def read_source(raw: bytes, mistakes: Mistakes, *, holds: str = "profile:, rules:") -> Pairs | None:
    """The mapping this file is, or None with at least one mistake noted. `holds`: its first keys, for the message."""
    import yaml

    if len(raw) > BYTES_MOST:
        mistakes.at_line(1, 1, f"fichier trop gros (plus de {BYTES_MOST} octets)", f"file over {BYTES_MOST} bytes")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        mistakes.at_line(line, 1, "ce n'est pas du texte UTF-8", "this is not UTF-8 text")
        return None
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(yaml.parse(text, Loader=loader), mistakes, holds).document()
    except _Refused:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = error.problem or error.context or "?"
        mistakes.at_line(line, column, f"YAML mal écrit : {problem}", f"malformed YAML: {problem}")
    except yaml.YAMLError as error:
        offset = getattr(error, "position", 0)
        line = text.count("\n", 0, offset) + 1
        problem = str(error).splitlines()[0][:120]
        mistakes.at_line(line, 1, f"YAML mal écrit : {problem}", f"malformed YAML: {problem}")
    return None


class _Refused(Exception):
    """Reading cannot go on; the mistake is noted."""


class _Reader:
    """Events → nodes, with bounds on depth and count."""

    def __init__(self, events: Iterator[Any], mistakes: Mistakes, holds: str) -> None:
        self.events = events
        self.holds = holds
        self.mistakes = mistakes
        self.count = 0

    def document(self) -> Pairs | None:
        import yaml

        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self.refuse(event, "un seul document par fichier", "one document per file")
            elif isinstance(event, yaml.NodeEvent):
                root = self.node(event, 1)
        if isinstance(root, Pairs):
            return root
        self.mistakes.at_line(1, 1, f"le fichier doit contenir {self.holds} …", f"the file must hold {self.holds} …")
        return None

    def refuse(self, event: Any, fr: str, en: str) -> None:
        mark = event.start_mark
        self.mistakes.at_line(mark.line + 1, mark.column + 1, fr, en)
        raise _Refused

    def node(self, event: Any, depth: int) -> Node:
        import yaml

        self.count += 1
        if depth > DEPTH_MOST:
            self.refuse(event, f"plus de {DEPTH_MOST} niveaux", f"more than {DEPTH_MOST} levels deep")
        if self.count > NODES_MOST:
            self.refuse(event, f"plus de {NODES_MOST} éléments", f"more than {NODES_MOST} elements")
        if event.anchor is not None:
            self.refuse(event, "les ancres et alias (& *) sont refusés", "anchors and aliases (& *) are refused")
        if event.tag is not None:
            self.refuse(event, "les étiquettes (!) sont refusées", "tags (!) are refused")
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, line, column)
        if isinstance(event, yaml.SequenceStartEvent):
            nodes = []
            while not isinstance(inner := next(self.events), yaml.SequenceEndEvent):
                nodes.append(self.node(inner, depth + 1))
            return Items(tuple(nodes), line, column)
        return self.pairs(depth, line, column)

    def pairs(self, depth: int, line: int, column: int) -> Pairs:
        import yaml

        entries: list[tuple[Scalar, Node]] = []
        first: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            value = self.node(next(self.events), depth + 1)
            if not isinstance(key, Scalar):
                self.mistakes.at(key, "une clé doit être un mot", "a key must be a word")
            elif key.text in first:
                word, line_before = quoted(key.text), first[key.text]
                self.mistakes.at(
                    key, f"clé {word} déjà écrite ligne {line_before}", f"key {word} already on line {line_before}"
                )
            else:
                first[key.text] = key.line
                entries.append((key, value))
        return Pairs(tuple(entries), line, column)
