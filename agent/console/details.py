"""The supervisor's view: every fact with its source, the proof of each profile rule by rule, what could not be read."""

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Static

from agent.console.page import Page, Shortcut
from agent.console.paper import Paper
from agent.facts import Machine
from agent.rules import Profile
from agent.sheet import sheet
from agent.verdict import explain


class Details(Page):
    name_of = "details"
    heading = ("Détails", "Details")

    def __init__(self) -> None:
        super().__init__()
        self.at = 0
        self._shown: tuple[object, ...] = ()
        self._text = ""

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
        paper = self.query_one("#paper", Paper)
        self.query_one("#title", Static).update(Text(f" {self.at + 1}/{count}  {name}   {paper.place}", style="bold"))
        self._tell(bench.machine, bench.profiles[self.at - 1] if self.at else None, bench.lang)
        paper.write(self._text)

    def _tell(self, machine: Machine, profile: Profile | None, lang: str) -> None:
        """Once, and beside the screen: the proof of forty disks is thousands of lines."""
        shown = (machine, profile, lang)
        if len(self._shown) == len(shown) and all(was is now for was, now in zip(self._shown, shown, strict=True)):
            return
        self._shown, self._text = shown, ""

        def told(text: str) -> None:
            if self._shown is shown:
                self._text = text
                self.draw()

        self.console.spawn(lambda: explain(machine, profile, lang) if profile else sheet(machine, lang), told)
