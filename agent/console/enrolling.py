"""This station in an inventory: its address, the code given by the person in charge, four words to compare."""

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from agent.console.page import POINTER, Page, Shortcut
from agent.keys import parse_pin
from agent.scanner import read_back
from agent.settings import InventoryAt, wrong_url
from agent.upload import Enrolled

_FIELDS = (
    ("url", "Adresse de l'inventaire", "Inventory's address"),
    ("pin", "Épingle (en https)", "Pin (for https)"),
    ("code", "Code donné", "Code given"),
)


class Enrolling(Page):
    name_of = "enrol"
    heading = ("Inscrire ce poste", "Enrol this station")

    def __init__(self) -> None:
        super().__init__()
        self._done: Enrolled | None = None
        self._is_busy = False

    def middle(self) -> Iterable[Widget]:
        known = self.console.bench.settings.inventory
        told = {"url": known.url if known else "", "pin": (known.pin or "") if known else "", "code": ""}
        yield Static(id="intro", markup=False)
        for name, _, _ in _FIELDS:
            yield Horizontal(
                Static("", classes="label", id=f"label-{name}", markup=False),
                Input(value=told[name], id=name, select_on_focus=True),
                classes="row",
            )
        yield Static(id="words", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#code" if self.query_one("#url", Input).value else "#url", Input).focus()

    def shortcuts(self) -> Sequence[Shortcut]:
        return (
            Shortcut("enter", "Entrée", "suivant", "next"),
            Shortcut("escape", "Échap", "retour", "back"),
        )

    def on_descendant_focus(self) -> None:
        self.draw()

    def refresh_all(self) -> None:
        told = self.say(
            "\n  Demandez un code au responsable, puis comparez les quatre mots avec son écran.\n",
            "\n  Ask the person in charge for a code, then compare the four words with that screen.\n",
        )
        self.query_one("#intro", Static).update(Text(told))
        for name, fr, en in _FIELDS:
            pointer = POINTER if self.focused is self.query_one(f"#{name}", Input) else " "
            self.query_one(f"#label-{name}", Static).update(Text(f" {pointer} {self.say(fr, en)} :"))
        words = self.console.bench.words()
        lines = ["", self.say(f"  Mots de ce poste : {words}", f"  Words of this station: {words}")]
        if self._done is not None:
            lines += ["", self.say(f"  [OK] Inscrit : {self._done.name}.", f"  [OK] Enrolled: {self._done.name}.")]
        self.query_one("#words", Static).update(Text("\n".join(lines)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        names = [name for name, _, _ in _FIELDS]
        following = names[names.index(event.input.id or "code") + 1 :]
        if following:
            self.query_one(f"#{following[0]}", Input).focus()
            return
        self._send()

    def _send(self) -> None:
        if self._is_busy:  # a scanner that sends two line ends: a code is good once
            return
        url, pin, code = (read_back(self.query_one(f"#{name}", Input).value.strip()) for name, _, _ in _FIELDS)
        if wrong := wrong_url(url):
            self.console.tell(self.say(*wrong))
            return
        if not code:
            self.console.tell(self.say("Il manque le code.", "The code is missing."))
            return
        self.console.tell(self.say("Inscription en cours...", "Enrolling..."))

        def work() -> Enrolled:
            at = InventoryAt(url=url, pin=parse_pin(pin) if pin else None)
            return self.console.bench.join(at, code)

        self._is_busy = True
        self.console.spawn(work, self._enrolled, self._failed)

    def _failed(self) -> None:
        self._is_busy = False

    def _enrolled(self, enrolled: Enrolled) -> None:
        self._done, self._is_busy = enrolled, False
        self.query_one("#code", Input).value = ""  # used: another Enter must not send it again
        self.console.tell(self.say("Inscrit. Comparez les quatre mots.", "Enrolled. Compare the four words."))
