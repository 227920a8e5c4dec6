"""The supervisor's view: every fact with its source, the proof of each profile rule by rule, what could not be read."""

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Static

from agent.console.page import Page, Paper, Shortcut
from agent.sheet import sheet
from agent.verdict import explain


class Details(Page):
    name_of = "details"
    heading = ("Détails", "Details")

    def __init__(self) -> None:
        super().__init__()
        self.at = 0
        self._shown: tuple[object, ...] = ()

    def middle(self) -> Iterable[Widget]:
        yield Static(id="title", markup=False)
        yield Paper(id="paper")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#paper", Paper).focus()

    def shortcuts(self) -> Sequence[Shortcut]:
        return (
            Shortcut("tab", "Tab", "feuille suivante", "next sheet"),
            Shortcut("up", "flèches, Page", "lire", "read"),
            Shortcut("f8", "F8", "capture", "capture"),
            Shortcut("escape", "Échap", "retour", "back"),
        )

    def act(self, key: str) -> None:
        count = 1 + len(self.console.bench.profiles)
        if key in ("tab", "right"):
            self.at = (self.at + 1) % count
        elif key in ("shift+tab", "left"):
            self.at = (self.at - 1) % count
        else:
            return
        self.query_one("#paper", Paper).scroll_home(animate=False)
        self.refresh_all()

    def refresh_all(self) -> None:
        bench = self.console.bench
        if bench.machine is None:
            return
        count = 1 + len(bench.profiles)
        name = self.say("Faits", "Facts") if self.at == 0 else bench.profiles[self.at - 1].title.told(bench.lang)
        if self.at > 1:  # "À RECYCLER" of a second profile speaks of that use, not of the PC
            name += self.say(" (pour cet usage seulement)", " (for this use only)")
        place = self.query_one("#paper", Paper).place
        self.query_one("#title", Static).update(Text(f" {self.at + 1}/{count}  {name}   {place}", style="bold"))
        shown = (self.at, bench.lang, id(bench.machine))
        if shown != self._shown:  # the proof of a profile is long: written once
            self._shown = shown
            text = (
                sheet(bench.machine, bench.lang)
                if self.at == 0
                else explain(bench.machine, bench.profiles[self.at - 1], bench.lang)
            )
            self.query_one("#paper", Paper).write(text)
