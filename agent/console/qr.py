"""The record's QR code in text, for a telephone or a scanner: two columns a module, so that it is square on a
console, whose fonts have no half blocks.
"""

from datetime import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.events import Key
from textual.widgets import Static

from agent.console.page import Page
from agent.screen import WORDS

_QUIET = 1  # modules around it; the standard asks for four, the dark screen around gives the rest
_DARK, _LIGHT = "  ", "██"  # drawn light on dark: a console is dark


def qr_lines(text: str, columns: int, lines: int) -> list[str]:
    """The code of this text where it fits, else nothing. Capitals, digits and ":" take the least room."""
    import segno

    code = segno.make_qr(text, error="l", boost_error=False)
    rows = [[bool(cell) for cell in row] for row in code.matrix]
    side = len(rows) + 2 * _QUIET
    if side > lines or 2 * side > columns:
        return []
    blank = [False] * side
    framed = [blank] * _QUIET + [[False] * _QUIET + row + [False] * _QUIET for row in rows] + [blank] * _QUIET
    return ["".join(_DARK if cell else _LIGHT for cell in row) for row in framed]


class QrPage(Page):
    """Nothing but the code; any key goes back. It needs 46 columns and 23 lines.

    Of a record that nothing keeps: what a person can write down, and its code where there is room.
    """

    name_of = "code"
    heading = ("Code QR", "QR code")

    def compose(self) -> ComposeResult:
        yield Static(id="code", markup=False)

    def draw_bars(self) -> None:
        """There is no room for any."""

    def refresh_all(self) -> None:
        noted = self.console.bench.noted
        told = [f"REBOND:{noted.digest[:12].upper()}"] if noted else self._by_hand()
        room = self.size.height - (0 if noted else len(told) + 1)
        lines = qr_lines("\n".join(told), self.size.width, room)
        shown = lines if noted and lines else [*told, "", *lines]
        self.query_one("#code", Static).update(Text("\n".join(shown)))

    def _by_hand(self) -> list[str]:
        bench = self.console.bench
        if bench.machine is None or not bench.verdicts:
            return ["REBOND"]
        system, desk = bench.machine.system, bench.desk
        model = " ".join(filter(None, (system.maker, system.product)))
        return [
            self.say("À noter à la main : cette fiche n'est pas gardée.", "Write this down: the record is not kept."),
            self.say(f"Étiquette : {desk.sticker or '-'}", f"Sticker: {desk.sticker or '-'}"),
            self.say(f"PC : {model or '-'}, série {system.serial or '-'}",
                     f"PC: {model or '-'}, serial {system.serial or '-'}"),
            f"Verdict : {WORDS[bench.verdicts[0].outcome][bench.lang == 'en']}",
            self.say(f"Le {datetime.now():%d/%m/%Y}", f"On {datetime.now():%Y-%m-%d}"),
        ]  # fmt: skip

    def on_key(self, event: Key) -> None:
        event.stop()
        self.console.back()
