"""Another visit of the same PC: asked once more, for every check is to be done again then. Nothing is deleted."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Static

from agent.console.page import Choices, Page, Shortcut


class Anew(Page):
    name_of = "anew"
    tells_trouble = True
    heading = ("Nouvelle visite", "New visit")

    def __init__(self) -> None:
        super().__init__()
        self._is_busy = False

    def middle(self) -> Iterable[Widget]:
        yield Static(id="told", markup=False)
        yield Choices(id="next")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#next", Choices).focus()

    def shortcuts(self) -> Sequence[Shortcut]:
        return (Shortcut("enter", "Entrée", "choisir", "choose"), Shortcut("escape", "Échap", "retour", "back"))

    def refresh_all(self) -> None:
        count = len({one.name for one in self.console.bench.checking.results})
        told = (
            self.say("Ce PC revient d'une réparation ?", "Does this PC come back from a repair?"),
            self.say(
                f"Tests déjà faits : {count}. Leurs résultats restent dans les fiches, mais ne comptent plus pour "
                "l'étiquette.",
                f"Checks done: {count}. Their results stay in the records, but count no more for the label.",
            ),
        )
        width = max(20, self.size.width - 4)
        lines = ["", *(f"  {line}" for one in told for line in wrap(one, width)), ""]
        self.query_one("#told", Static).update(Text("\n".join(lines)))
        self.query_one("#next", Choices).offer([
            ("back", self.say("Non, garder ces résultats", "No, keep these results")),
            ("anew", self.say("Oui, tout vérifier de nouveau", "Yes, check all of it again")),
        ])  # fmt: skip

    def on_choices_taken(self, event: Choices.Taken) -> None:
        checking = self.console.bench.checking
        if self._is_busy or checking.is_running:
            return
        if event.name == "back":
            self.console.back()
        elif self.console.is_unkept:
            self.console.tell(self.say("Ces résultats ne sont pas encore dans une fiche : attendez un instant.",
                                       "These results are in no record yet: wait a moment."))  # fmt: skip
        else:
            self._is_busy = True
            self.console.spawn(checking.begin_anew, self._begun, self._failed)

    def _begun(self, _: None) -> None:
        if self.is_current:
            self.console.back()
        self.console.tell(self.say("Nouvelle visite : tous les tests sont à refaire.",
                                   "New visit: every check is to be done again."))  # fmt: skip

    def _failed(self) -> None:
        self._is_busy = False
