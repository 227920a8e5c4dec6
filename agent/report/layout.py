"""Plain text of 80 columns: titles, sections, "label : value" rows.

No value can forge a row: it is cleaned to one line, and where it is wrapped its later lines start under the first, far
from where labels stand.
"""

import textwrap

from agent.text import clean

WIDTH = 80
LABEL_MOST = 29  # letters of a label
_VALUE_AT = LABEL_MOST + 5  # two blanks, label, blank, colon, blank
_VALUE_MOST = 2000  # letters of one value
_IN_NUMBERS = "\u202f"  # the narrow blank between thousands: no line is broken there


class Page:
    """A text that grows line by line, in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.lines: list[str] = []

    def say(self, fr: str, en: str) -> str:
        return en if self.lang == "en" else fr

    def title(self, fr: str, en: str) -> None:
        self.lines += ["=" * WIDTH, self.say(fr, en).upper(), "=" * WIDTH]

    def section(self, fr: str, en: str) -> None:
        name = self.say(fr, en)
        self.lines += ["", name, "-" * len(name)]

    def row(self, fr: str, en: str, value: object) -> None:
        """None and "" are told as not filled in: a missing field is never hidden."""
        parts = str("" if value is None else value)[: _VALUE_MOST * 8].split(_IN_NUMBERS)
        told = _IN_NUMBERS.join(clean(part, _VALUE_MOST) for part in parts)[:_VALUE_MOST]
        lines = textwrap.wrap(told or self.blank, WIDTH - _VALUE_AT) or [self.blank]
        self.lines.append(f"  {self.say(fr, en):<{LABEL_MOST}} : {lines[0]}")
        self.lines += [" " * _VALUE_AT + line for line in lines[1:]]

    def text(self, fr: str, en: str) -> None:
        """Our own sentences, never a disk's words."""
        told = self.say(fr, en)
        indent = "    " if told.startswith("- ") else "  "
        self.lines += textwrap.wrap(told, WIDTH - 2, initial_indent="  ", subsequent_indent=indent)

    @property
    def blank(self) -> str:
        return self.say("non renseigné", "not filled in")

    def quoted(self, text: str | None, most: int = 200) -> str | None:
        """What a device or a person's keyboard said, marked as such; a cut is shown."""
        bare = clean(text, most + 1) if text else ""
        bare = bare if len(bare) <= most else f"{bare[:most]}…"
        return (f'"{bare}"' if self.lang == "en" else f"« {bare} »") if bare else None

    def __str__(self) -> str:
        return "\n".join(self.lines) + "\n"
