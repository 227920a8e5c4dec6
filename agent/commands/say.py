"""How a command speaks: two languages side by side, results on stdout, progress on stderr."""

import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    """`say("français", "English")` picks the language of this run."""

    lang: str = "fr"

    def __call__(self, fr: str, en: str) -> str:
        return en if self.lang == "en" else fr


def tell(text: str) -> None:
    """One result line (or several) on stdout."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def note(text: str) -> None:
    """Progress or a remark, on stderr, so that stdout stays a document."""
    sys.stderr.write(text if text.endswith("\n") else text + "\n")
    sys.stderr.flush()


def tell_json(document: Any) -> None:
    """A document for programs: msgspec structs, dicts and tuples, UTF-8, two-space indent."""
    import msgspec

    tell(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
