"""The operator's answers before the session: lines from a keyboard, a scanner or a pipe, and any key as a stop."""

import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable
from typing import Any

from agent.bulk.arming import Console

_LINE_MOST = 4096
_ROWS = 24  # of a terminal that does not tell
_SETTLE_S = 0.2  # what a scanner sends behind a code, a second line end, has come by then


class Keyboard:
    """A context. Reads a descriptor itself: what a buffered reader took could not be waited for."""

    def __init__(self, descriptor: int | None, tell: Callable[[str], None], prompt: Callable[[str], None]) -> None:
        self._descriptor, self._tell, self._prompt = descriptor, tell, prompt
        self._rest = b""
        self._has_ended = descriptor is None
        self._is_counting = False
        self._before: list[Any] | None = None  # the terminal's settings, to be put back
        self.is_terminal = descriptor is not None and os.isatty(descriptor)

    def console(self, lang: str) -> Console:
        def waited(left: int) -> bool:
            self._begin_counting()
            self._prompt(f"\r{left:>3} " if self.is_terminal else f"{left}\n")
            return self._waited()

        def show(text: str) -> None:
            pages = pages_of(text, self._rows()) if self.is_terminal else [text]
            for number, page in enumerate(pages, 1):
                self._tell(page)
                if number < len(pages):
                    more = "Enter for the next page" if lang == "en" else "Entrée pour la page suivante"
                    self._ask(f"--- {number}/{len(pages)} --- {more} ")

        return Console(ask=self._ask, tell=self._tell, show=show, waited=waited, forget=self._forget, lang=lang)

    def _rows(self) -> int:
        assert self._descriptor is not None
        try:
            return os.get_terminal_size(self._descriptor).lines or _ROWS
        except OSError:
            return _ROWS

    def _forget(self) -> None:
        """On a terminal only: a pipe holds the answers in their order."""
        if self.is_terminal and self._descriptor is not None:
            time.sleep(_SETTLE_S)
            with contextlib.suppress(termios.error):  # it has hung up: the next question finds no answer
                termios.tcflush(self._descriptor, termios.TCIFLUSH)
            self._rest = b""

    def _ask(self, question: str) -> str | None:
        self._prompt(question)
        while b"\n" not in self._rest and len(self._rest) < _LINE_MOST and not self._has_ended:
            self._rest += self._read()
        if not self._rest:
            return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line[:_LINE_MOST].decode("utf-8", "replace").rstrip("\r")

    def _read(self) -> bytes:
        assert self._descriptor is not None
        try:
            said = os.read(self._descriptor, 1024)
        except OSError:  # it has hung up
            said = b""
        self._has_ended = not said
        return said

    def __enter__(self) -> "Keyboard":
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None and self._descriptor is not None:
            with contextlib.suppress(termios.error):  # it has hung up
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def _begin_counting(self) -> None:
        """From here on each key counts, until the end: none may fall into a gap between two seconds."""
        if self._is_counting:
            return
        self._is_counting = True
        if self.is_terminal and self._descriptor is not None:
            self._rest = b""
            self._before = termios.tcgetattr(self._descriptor)
            time.sleep(_SETTLE_S)
            tty.setcbreak(self._descriptor, termios.TCSAFLUSH)  # drops what came before; nothing is dropped after this

    def _waited(self) -> bool:
        """Whether anything was typed in the next second. The end of a pipe is no key: then the second just passes."""
        if self._rest.strip():
            return True
        self._rest = b""
        until = time.monotonic() + 1
        while (left := until - time.monotonic()) > 0:
            if self._has_ended:
                time.sleep(left)
                break
            assert self._descriptor is not None
            if select.select([self._descriptor], [], [], left)[0]:
                said = self._read()
                if said.strip() or self.is_terminal:  # a terminal that has hung up cannot be watched any more: stop
                    return True
        return False


def pages_of(text: str, rows: int) -> list[str]:
    """Whole paragraphs on each page, as many as fit above a line for the prompt; one that is longer is cut."""
    room, pages = max(4, rows - 2), [list[str]()]
    for paragraph in text.rstrip("\n").split("\n\n"):
        lines = paragraph.split("\n")
        if pages[-1] and len(pages[-1]) + 1 + len(lines) > room:
            pages.append([])
        elif pages[-1]:
            pages[-1].append("")
        for line in lines:
            if len(pages[-1]) >= room:
                pages.append([])
            pages[-1].append(line)
    return ["\n".join(page) for page in pages]


def standard_input() -> int | None:
    """Its descriptor; None when it is closed or stands for none."""
    try:
        return sys.stdin.fileno() if sys.stdin is not None else None
    except (OSError, ValueError):
        return None
