"""The wall on a real terminal: one line per disk, redrawn four times a second, and the keys."""

import os
import select
import sys
import termios
import time
import tty
from typing import TYPE_CHECKING, Any

from agent.bulk.wishes import Wishes
from agent.text import clean
from agent.wall.keys import Hand, keys_in
from agent.wall.news import News
from agent.wall.rows import head, page_of, row
from agent.wipe.job import Ended, Event, NotClaimed
from agent.wipe.supervisor import Seat

if TYPE_CHECKING:
    from collections.abc import Sequence

_REDRAW_S = 0.25
_PAGE_S = 5.0
_KEYS_S = 0.15
_KEYS_MOST = 1 << 16
_AROUND = 5  # lines that are not disks: title, head, news, prompt, and the last one, which stays empty


class Wall:
    """A session's View on this terminal, which it leaves as it found it, whatever happens."""

    def __init__(self, lang: str, title: str) -> None:
        self.lang, self.title = lang, clean(title, 60)
        self.hand = Hand(lang)
        self.news = News()
        self._wishes = Wishes()
        self._began = time.monotonic()
        self._drawn_at = self._read_at = 0.0
        self._before: list[Any] | None = None
        self._live: Any = None

    def begin(self, wishes: Wishes) -> None:
        from rich.console import Console
        from rich.live import Live

        self._wishes = wishes
        # Colour is never needed: rich leaves it out by itself for NO_COLOR and dumb terminals.
        console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False)
        self._live = Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False,
                          redirect_stderr=False)  # fmt: skip
        self._before = termios.tcgetattr(sys.stdin.fileno())
        tty.setcbreak(sys.stdin.fileno(), termios.TCSAFLUSH)  # keys that came before the screen are no orders
        _let_nothing_hold_the_screen(sys.stdin.fileno())
        self._live.start()

    def end(self) -> None:
        before, self._before = self._before, None
        try:
            if self._live is not None:
                self._live.stop()
        finally:
            if before is not None:
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)

    def heard(self, seat: Seat, event: Event) -> None:
        self.news = self.news.after(seat, event)
        if isinstance(event, Ended | NotClaimed):
            self._drawn_at = 0.0

    def show(self, seats: "Sequence[Seat]") -> None:
        self._read_keys(seats)
        now = time.monotonic()
        if now - self._drawn_at >= _REDRAW_S:
            self._drawn_at = now
            self._draw(seats)

    def interrupted(self, seats: "Sequence[Seat]") -> None:
        """Ctrl-C asks what S asks."""
        self._press(["S"], seats)

    # --- keys ---------------------------------------------------------------------------------------------------------

    def _read_keys(self, seats: "Sequence[Seat]") -> None:
        """Not at once: what a scanner types comes in one piece then, and is told from a hand by that."""
        now, descriptor, raw = time.monotonic(), sys.stdin.fileno(), b""
        if now - self._read_at < _KEYS_S:
            return
        self._read_at = now
        while len(raw) < _KEYS_MOST and select.select([descriptor], [], [], 0)[0]:
            heard = os.read(descriptor, 1024)
            if not heard:
                raise OSError("the terminal has hung up")
            raw += heard
        if raw:
            self._press(keys_in(raw), seats)

    def _press(self, keys: "Sequence[str]", seats: "Sequence[Seat]") -> None:
        for wish in self.hand.press_all(keys, seats):
            self._wishes.add(wish)
        self._drawn_at = 0.0

    # --- the picture --------------------------------------------------------------------------------------------------

    def _draw(self, seats: "Sequence[Seat]") -> None:
        from rich.text import Text

        width, height = self._live.console.size
        lines = picture(seats, self.hand, self.title, self.news, self.lang, height, time.monotonic() - self._began)
        text = Text("\n".join(line[:width] for line in lines), no_wrap=True, overflow="crop")
        for line in (0, len(lines) - 1):  # bold only underlines: the words say it all
            start = sum(len(one[:width]) + 1 for one in lines[:line])
            text.stylize("bold", start, start + len(lines[line][:width]))
        self._live.update(text, refresh=True)


def _let_nothing_hold_the_screen(descriptor: int) -> None:
    """Ctrl-S would hold up every line that is drawn, and with it the beginnings and ends that are to be noted."""
    settings = termios.tcgetattr(descriptor)
    settings[0] &= ~termios.IXON
    termios.tcsetattr(descriptor, termios.TCSADRAIN, settings)


def picture(
    seats: "Sequence[Seat]", hand: Hand, title: str, news: News, lang: str, height: int, seconds: float
) -> list[str]:
    """The whole screen as lines. Pure."""
    spent = f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"
    over = sum(seat.is_over for seat in seats)
    told = f"{over} of {len(seats)} ended" if lang == "en" else f"{over} sur {len(seats)} finis"
    turn = int(seconds // _PAGE_S)
    shown, page = page_of(seats, max(1, height - _AROUND), turn)
    right = "   ".join(filter(None, (f"page {page}" if page else "", told, spent)))
    first = f" {title}"
    lines = [f"{first[: 78 - len(right)]}{right:>{max(1, 79 - len(first[: 78 - len(right)]))}}", head(lang)]
    lines += [row(number, seat, lang) for number, seat in shown]
    lines += [""] * max(0, height - 3 - len(lines))
    return [*lines, f" {news.told(turn, lang)}"[:80], f" {hand.prompt(seats)}"[:80]]
