"""Every key of a screen as a list, for a keyboard whose F keys, arrows or Escape are dead, or a serial line without."""

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Static

from agent.console.page import ENGLISH, Choices, Page, Shortcut

_EVERYWHERE = (
    Shortcut("escape", "Échap", "retour", "back"),
    Shortcut("f8", "F8", "garder les données brutes de ce PC", "keep this PC's raw data"),
    Shortcut("f10", "F10", "finir, éteindre", "finish, switch off"),
    Shortcut("f12", "F12", "English", "français"),
)
_PLAIN = ("enter", "any")  # every keyboard has them


class Keys(Page):
    """What is chosen here is what its key would have done on the screen below."""

    name_of = "keys"
    heading = ("Touches", "Keys")

    def middle(self) -> Iterable[Widget]:
        yield Static(id="intro", markup=False)
        yield Choices(id="list")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#list", Choices).styles.max_height = "100%"
        self.query_one("#list", Choices).focus()

    def shortcuts(self) -> Sequence[Shortcut]:
        return (Shortcut("enter", "Entrée", "choisir", "choose"), Shortcut("escape", "Échap", "retour", "back"))

    @property
    def menu(self) -> Sequence[Shortcut]:
        return ()

    @property
    def _below(self) -> Page | None:
        page = self.app.screen_stack[-2] if self.is_current else None
        return page if isinstance(page, Page) else None

    def refresh_all(self) -> None:
        below = self._below
        if below is None:
            return
        own = [one for one in below.shortcuts() if one.key not in _PLAIN]
        known = {one.key for one in own}
        told = self.say("  Une touche ne marche pas ? Choisissez par le chiffre, ou avec Tab, puis Entrée.",
                        "  Is a key dead? Choose by the number, or with Tab, then Enter.")  # fmt: skip
        self.query_one("#intro", Static).update(Text(f"\n{told}\n"))
        self.query_one("#list", Choices).offer([
            (one.key, f"{self.say(one.told, ENGLISH.get(one.told, one.told)):<14} {self.say(one.fr, one.en)}")
            for one in (*own, *(one for one in _EVERYWHERE if one.key not in known))
        ])  # fmt: skip

    def on_choices_taken(self, event: Choices.Taken) -> None:
        below = self._below
        self.console.back()
        if below is not None and not self.console.common_key(event.name, below):
            below.act(event.name)
