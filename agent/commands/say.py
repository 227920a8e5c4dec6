"""How a command speaks: two languages side by side, results on stdout, progress on stderr."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from agent.errors import RebondError, StorageError
from agent.text import clean


@dataclass(frozen=True, slots=True)
class Say:
    """`say("français", "English")` picks the language of this run."""

    lang: str = "fr"

    def __call__(self, fr: str, en: str) -> str:
        return en if self.lang == "en" else fr


def tell(text: str) -> None:
    """One result line (or several) on stdout."""
    if sys.stdout is None:
        return  # closed by the caller (>&-): nobody listens
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()  # a full disk, or a reader that left, is told here and not by the interpreter at exit
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StorageError(
            fr=f"La réponse ne peut pas être écrite ({error.strerror}). Faites de la place, puis relancez.",
            en=f"The answer cannot be written ({error.strerror}). Make room, then run again.",
        ) from error


def note(text: str) -> None:
    """Progress or a remark, on stderr, so that stdout stays a document."""
    if sys.stderr is None:
        return
    sys.stderr.write(text if text.endswith("\n") else text + "\n")
    sys.stderr.flush()


def refused(error: RebondError, say: Say) -> int:
    """Each sentence of it on a line of its own; its exit code."""
    for line in error.told(say.lang).splitlines():
        note(f"rebond: {clean(line, 500)}")
    return error.exit_code


@contextmanager
def still_heard() -> Iterator[None]:
    """Around what is said once the deed is done: a reader that has left changes nothing of how it ended."""
    try:
        yield
    except (OSError, StorageError):
        nowhere = os.open(os.devnull, os.O_WRONLY)  # or the interpreter complains at exit, with a code of its own
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                os.dup2(nowhere, stream.fileno())


def tell_json(document: Any) -> None:
    """A document for programs: msgspec structs, dicts and tuples, UTF-8, two-space indent."""
    import msgspec

    tell(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def add_actions(
    parser: argparse.ArgumentParser, say: Say, actions: tuple[tuple[str, str, str], ...]
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser of each action (name, French, English) of a command; all take the command's own shared options too."""
    group = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, fr, en in actions:
        action = group.add_parser(name, help=say(fr, en), description=say(fr, en), allow_abbrev=False)
        # Without SUPPRESS as default, an action's own default would undo what stood before it: --home X ACTION.
        shown: dict[str, Any] = {"default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
        action.add_argument("--lang", choices=("fr", "en"), **shown)
        action.add_argument("--debug", action="store_true", **shown)
        action.add_argument("--home", **shown)
        yield name, action
