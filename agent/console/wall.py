"""The countdown that any key stops, and the wall of disks at work. Échap leaves the wall; the erasure goes on."""

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.events import Key
from textual.widget import Widget
from textual.widgets import Static

from agent.console.choosing import LOOKED_AGAIN
from agent.console.erasing import Erasing
from agent.console.letters import big
from agent.console.page import Page, Shortcut
from agent.console.paper import Paper
from agent.wall.closing import closing
from agent.wall.keys import Hand
from agent.wall.rows import head, page_of, row

_AROUND = 5  # lines that are no disks, above the news
_PAGE_TURNS = 10  # drawings, half a second each
_PATIENCE = 6  # drawings: the session starts in a thread of its own


class Countdown(Page):
    name_of = "countdown"
    heading = ("Compte à rebours", "Countdown")

    def middle(self) -> Iterable[Widget]:
        yield Static(id="digits", markup=False)

    @property
    def menu(self) -> Sequence[Shortcut]:
        """None: every key is heard by this screen alone."""
        return ()

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(1, self._second)

    def shortcuts(self) -> Sequence[Shortcut]:
        return (Shortcut("any", "Toute touche", "arrête", "stops"),)

    def on_key(self, event: Key) -> None:
        """Any key, those of every other screen included."""
        event.stop()
        event.prevent_default()  # or the keys of every screen would be heard as well
        self._stop()

    def scanned(self) -> None:
        """A code whose first sign went to the page before this one: its other keys are keys too."""
        self._stop()

    def _stop(self) -> None:
        roll = self.console.bench.erasing.roll
        if roll is not None and roll.asks == "countdown":
            roll.tick(typed=True)
            fr, en = (roll.refused.fr, roll.refused.en) if roll.refused is not None else ("", "")
            self.console.tell(self.say(f"{fr} Rien n'a été touché.", f"{en} Nothing was touched."))
            self.console.back()

    def _second(self) -> None:
        console, erasing = self.console, self.console.bench.erasing
        if console.top is not self:
            return
        if erasing.roll is None or erasing.roll.asks != "countdown":  # a late look at the disks took it back
            fr, en = LOOKED_AGAIN
            console.tell(self.say(f"{fr} Rien n'a été touché.", f"{en} Nothing was touched."))
            console.back()
            return
        erasing.roll.tick(typed=False)
        if erasing.roll.asks == "countdown":
            self.draw()
            return
        console.spawn(erasing.begin)
        console.back()
        console.open("wall")

    def refresh_all(self) -> None:
        roll = self.console.bench.erasing.roll
        if roll is None or roll.asks != "countdown":
            return
        told = self.say(*roll.question)
        digits = big(str(roll.left_s), self.size.width - 4, 13 if self.size.height >= 30 else 7)
        tokens = "\n".join(self._tokens(max(2, self.size.height - 14)))
        text = Text(f"\n  {told}\n{tokens}\n\n")
        text.append("\n".join(f"  {line}" for line in digits), style="bold")
        self.query_one("#digits", Static).update(text)

    def _tokens(self, room: int) -> list[str]:
        """All the serials, in as many columns as fit; what does not is counted."""
        tokens = self.console.bench.erasing.wanted
        wide = max((len(token) for token in tokens), default=0) + 2
        columns = max(1, (self.size.width - 2) // wide)
        shown = tokens if len(tokens) <= room * columns else tokens[: (room - 1) * columns]
        lines = ["  " + "".join(f"{token:<{wide}}" for token in shown[at : at + columns]).rstrip()
                 for at in range(0, len(shown), columns)]  # fmt: skip
        if len(shown) < len(tokens):
            left = len(tokens) - len(shown)
            lines.append(self.say(f"  et {left} autres", f"  and {left} more"))
        return lines


class Wall(Page):
    name_of = "wall"
    heading = ("Effacement", "Wipe")

    def __init__(self) -> None:
        super().__init__()
        self.hand = Hand()
        self._turn = 0

    @property
    def erasing(self) -> Erasing:
        return self.console.bench.erasing

    def middle(self) -> Iterable[Widget]:
        yield Static(id="rows", markup=False)
        yield Paper(id="end")
        yield Static(id="ask", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#end", Paper).focus()
        self.set_interval(0.5, self.draw)

    def shortcuts(self) -> Sequence[Shortcut]:
        if self.erasing.is_running:
            return (Shortcut("escape", "Échap", "retour (l'effacement continue)", "back (the wipe goes on)"),)
        return (
            Shortcut("enter", "Entrée", "le verdict", "the verdict"),
            Shortcut("pagedown", "Page", "lire", "read"),
            Shortcut("escape", "Échap", "retour", "back"),
        )

    def on_key(self, event: Key) -> None:
        """An S may be the first sign of a serial that is scanned: it asks nothing before it stands alone."""
        if self.erasing.is_running and event.is_printable and self.hand.asking != "which":
            event.stop()
            event.prevent_default()
            self.once_quiet(event, lambda: self.act(event.key))

    def act(self, key: str) -> None:
        erasing = self.erasing
        if erasing.is_running:
            self.hand.lang = self.console.bench.lang
            for wish in self.hand.press(_SIGNS.get(key, key), erasing.seats):
                erasing.wishes.add(wish)
            self.draw()
        elif key == "enter":
            self.console.back()

    def scanned(self) -> None:
        self.hand.asking = ""
        super().scanned()

    def refresh_all(self) -> None:
        erasing, lang = self.erasing, self.console.bench.lang
        self.hand.lang = lang
        self._turn += 1
        if erasing.fates and not erasing.is_running:
            self.query_one("#rows", Static).update("")
            self.query_one("#end", Paper).write(self._end())
            self.query_one("#ask", Static).update("")
            return
        room = max(1, self.size.height - _AROUND - self.query_one("#bottom").size.height)
        shown, page = page_of(erasing.seats, room, self._turn // _PAGE_TURNS)
        width = self.size.width or 80
        lines = [head(lang), *(row(number, seat, lang) for number, seat in shown)]
        if page:
            lines.append(f"page {page}")
        if not erasing.seats:
            lines = [self.say("  Je réserve les disques...", "  Claiming the disks...")]
        if not erasing.seats and not erasing.is_running and self._turn > _PATIENCE:  # what stopped it is told below
            lines = [self.say("  L'effacement n'a pas commencé.", "  The wipe has not begun.")]
        self.query_one("#rows", Static).update(Text("\n".join(line[:width] for line in lines)))
        asked = self.hand.prompt(erasing.seats) if erasing.is_running else ""
        self.query_one("#ask", Static).update(Text(f" {asked}"[:width]))

    def news(self) -> str:
        """What was said last on any page, and beneath it what the disks do: one does not hide the other."""
        of_the_disks = self.erasing.news.told(self._turn // _PAGE_TURNS, self.console.bench.lang)
        return "\n".join(filter(None, (super().news(), of_the_disks)))

    def _end(self) -> str:
        erasing, lang = self.erasing, self.console.bench.lang
        lines = ["", closing(erasing.fates, lang), ""]
        done = erasing.done
        if done is not None and done.closed is not None:
            lines.append(self.say("Bordereau signé et gardé.", "Signed manifest kept."))
        elif done is not None and done.not_closed is not None:
            lines.append(self.say(done.not_closed.fr, done.not_closed.en))
        return "\n".join(lines)


_SIGNS = {"upper_s": "S", "enter": "\r", "backspace": "\x7f"}  # Textual's names → what the wall's hand knows
