"""One check at a plain terminal: where it is on one line, its questions answered by a letter and Enter."""

import contextlib
import os
import queue
import sys
import termios
import time
from typing import TYPE_CHECKING

from agent.commands.say import Say, note

if TYPE_CHECKING:
    from agent.checks.registry import Check
    from agent.checks.results import CheckResult
    from agent.checks.running import Answer, Around, Event, Progress, Question

_LETTERS = {  # French, English
    "ok": ("o", "y"), "bad": ("n", "n"), "skip": ("p", "s"), "absent": ("a", "a"),
}  # fmt: skip
_WORDS = {
    "ok": ("oui", "yes"), "bad": ("non", "no"), "skip": ("passer", "skip"), "absent": ("n'en a pas", "has none"),
}  # fmt: skip
_ANSI = {"red": 41, "green": 42, "blue": 44, "white": 107, "black": 40}
_READ_FIRST_S = 3.0  # a filled screen hides the question


class Terminal:
    def __init__(self, say: Say) -> None:
        self._say = say
        self._is_open = True  # somebody may answer

    def run(self, check: "Check", around: "Around") -> "CheckResult":
        """The check to its end; Ctrl-C stops it, and whatever stood before stays."""
        from agent.checks.results import CheckResult
        from agent.checks.running import Progress
        from agent.checks.runs import start

        say = self._say
        note(f"\n{check.title.told(say.lang)} ({check.name})\n  {check.do.told(say.lang)}")
        events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        run = start(check, around, events.put)
        try:
            while not isinstance(event := events.get(), CheckResult):
                if isinstance(event, Progress):
                    self._show(event)
                else:
                    run.answer(self._ask(event, around))
        except KeyboardInterrupt:
            run.stop()
            run.wait(10)
            raise
        self._clear()
        note(f"  {_told(event, say)}")
        return event

    def _show(self, progress: "Progress") -> None:
        if not sys.stderr.isatty():
            return
        say = self._say
        done = "" if progress.permille is None else f"{progress.permille // 10:3} % "
        left = [name for name in progress.wanted if name not in progress.marks]
        told = say(progress.fr, progress.en)
        if left:
            told = f"{told} " + say("Restent : ", "Left: ") + " ".join(left)
        sys.stderr.write(f"\r\x1b[K  {done}{told}"[:80])
        sys.stderr.flush()

    def _clear(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")

    def _ask(self, question: "Question", around: "Around") -> "Answer":
        """ "skip" when nobody can answer: no terminal, or its end."""
        say = self._say
        self._clear()
        way = say.lang == "en"
        choices = ", ".join(f"{_LETTERS[answer][way]} = {_WORDS[answer][way]}" for answer in question.answers)
        by_letter = {_LETTERS[answer][way]: answer for answer in question.answers}
        _drop_typed()
        note(f"  {say(question.fr, question.en)} ({choices})")
        while self._is_open:
            self._fill(question.colour, around)
            try:
                typed = sys.stdin.readline()
            except (OSError, ValueError):
                typed = ""
            finally:
                self._unfill(question.colour)
            if not typed:
                self._is_open = False
            elif answer := by_letter.get(typed.strip().casefold()[:1]):
                return answer
            else:
                note(f"  {choices}")
        return "skip"

    def _fill(self, colour: str, around: "Around") -> None:
        if not colour or not sys.stderr.isatty():
            return
        from agent.checks.screen import show

        time.sleep(_READ_FIRST_S)
        if os.environ.get("TERM") == "linux" and show(around.devices, colour):
            return
        sys.stderr.write(f"\x1b[{_ANSI[colour]}m\x1b[2J\x1b[H")
        sys.stderr.flush()

    def _unfill(self, colour: str) -> None:
        if colour and sys.stderr.isatty():
            sys.stderr.write("\x1b[0m\x1b[2J\x1b[H")
            sys.stderr.flush()


def _drop_typed() -> None:
    """Keys pressed before a question was there do not answer it."""
    with contextlib.suppress(termios.error, OSError, ValueError):  # no terminal: a file of answers, given on purpose
        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _told(found: "CheckResult", say: Say) -> str:
    from agent.labels import VALUES

    word = VALUES[f"check:{found.outcome}"][say.lang == "en"].upper()
    return f"{word} – {found.told(say.lang)}" if found.told(say.lang) else word
