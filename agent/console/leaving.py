"""The end of a visit: is everything kept and delivered, the code for the label, and the switch."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Static

from agent.console.page import Choices, Page, Shortcut
from agent.home import STICK
from agent.sheet import label_word

_CHOICES_LEAST = 3  # lines: two of the choices, and an empty one before them


class Leaving(Page):
    name_of = "leave"
    tells_trouble = True
    heading = ("Finir", "Finish")

    def __init__(self) -> None:
        super().__init__()
        self._is_warned = False

    def middle(self) -> Iterable[Widget]:
        yield Static(id="kept", markup=False)
        yield Choices(id="next")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#next", Choices).focus()

    def shortcuts(self) -> Sequence[Shortcut]:
        return (
            Shortcut("enter", "Entrée", "choisir", "choose"),
            Shortcut("escape", "Échap", "retour", "back"),
        )

    def refresh_all(self) -> None:
        # Of a tiny screen the choices need their lines: nobody takes one unseen.
        bars = 1 + self.query_one("#bottom").size.height
        lines = self._kept()[: max(0, self.size.height - bars - _CHOICES_LEAST)]
        if self.console.bench.erasing.is_running:
            running = self.say("  [!] Un effacement est en cours : attendez sa fin, ou arrêtez-le.",
                               "  [!] A wipe is running: wait for its end, or stop it.")  # fmt: skip
            self.query_one("#kept", Static).update(Text("\n".join([*lines, "", running, ""])))
            self.query_one("#next", Choices).offer([("wall", self.say("Voir l'effacement", "See the wipe")),
                                                    ("back", self.say("Revenir", "Go back"))])  # fmt: skip
            return
        options = [("off", self.say("Éteindre ce PC", "Switch this PC off")),
                   ("again", self.say("Redémarrer ce PC", "Restart this PC")),
                   ("back", self.say("Revenir", "Go back"))]  # fmt: skip
        if self.console.bench.noted is not None and not self.console.is_unkept:
            options.insert(0, ("code", self.say("Montrer le code QR de la fiche", "Show the record's QR code")))
        elif self.console.is_unkept and not self.console.is_being_kept:
            options.insert(0, ("code", self.say("Montrer la fiche, pour la noter à la main",
                                                "Show the record, to write it down")))  # fmt: skip
        self.query_one("#kept", Static).update(Text("\n".join([*lines, ""])))
        self.query_one("#next", Choices).offer(options, gone="back")  # an Enter meant for what is gone does no harm

    def _kept(self) -> list[str]:
        bench, queue = self.console.bench, self.console.queue
        noted = bench.noted
        told = [self._place()]
        if queue.waiting:
            told.append(self.say(f"En attente : {queue.waiting}.", f"Waiting: {queue.waiting}."))
        if noted is not None and not self.console.is_unkept:
            code = noted.digest[:12].upper()
            told.append(self.say(f"Code à noter sur l'étiquette : {code}", f"Code for the label: {code}"))
        if bench.machine is not None and bench.verdicts:
            told.append(label_word(bench.machine, bench.verdicts[0].outcome, bench.checking.results, bench.lang))
        width = max(20, self.size.width - 4)
        return ["", *(f"  {line}" for one in told for line in wrap(one, width))]

    def _place(self) -> str:
        """Where the record of this PC is now."""
        bench, noted = self.console.bench, self.console.bench.noted
        if self.console.is_being_kept:
            return self.say("La fiche de ce PC se garde : attendez un instant.",
                            "This PC's record is being kept: wait a moment.")  # fmt: skip
        if self.console.is_unkept:
            return self.say(
                "[!] La fiche de ce PC n'est que dans sa mémoire : elle sera PERDUE s'il s'éteint.",
                "[!] This PC's record is in its memory only: it will be LOST if the PC is switched off.",
            )
        if noted is None:
            return self.say("Aucune fiche de ce PC n'est gardée.", "No record of this PC is kept.")
        if noted.digest in bench.delivered:
            return self.say("[OK] La fiche est à l'inventaire.", "[OK] The inventory has the record.")
        if bench.is_stick_out:
            return self.say(
                "[!] La fiche est sur la clé, qui est retirée. Rebranchez-la, ici ou sur un autre PC.",
                "[!] The record is on the stick, which is pulled out. Plug it in here or in another PC.",
            )
        if bench.is_in_memory:
            return self.say(
                "[!] SANS CLÉ : la fiche sera PERDUE si ce PC s'éteint avant sa livraison.",
                "[!] NO STICK: the record will be LOST if this PC is off before it is delivered.",
            )
        kept = self.say("La fiche est gardée sur ce PC.", "The record is kept on this PC.")
        if bench.home.root == STICK:
            kept = self.say("La fiche est gardée sur la clé.", "The record is kept on the stick.")
        if not self.console.queue.has_inventory:
            none = self.say("Ce poste n'est inscrit à aucun inventaire : touche F6, au premier écran.",
                            "This station is not enrolled with any inventory: F6, on the first screen.")  # fmt: skip
            return f"{kept} {none}"
        leaves = self.say("Elle partira quand l'inventaire répondra.", "It will leave when the inventory answers.")
        return f"{kept} {leaves}"

    def on_choices_taken(self, event: Choices.Taken) -> None:
        if event.name == "back":
            self.console.back()
        elif event.name in ("code", "wall"):
            self.console.open(event.name)
        elif (lost := self._lost) and not self._is_warned:
            self._is_warned = True
            once = self.say("Choisissez encore une fois pour le faire quand même.", "Choose once more to do it anyway.")
            self.console.tell(f"{self.say(*lost)} {once}")
        else:
            self.console.leave(event.name)

    @property
    def _lost(self) -> tuple[str, str] | None:
        """What goes with this PC's power."""
        bench = self.console.bench
        if self.console.is_unkept:
            return "La fiche de ce PC sera PERDUE.", "This PC's record will be LOST."
        if self.console.queue.waiting and bench.is_in_memory and not bench.is_stick_out:
            return "Sans clé, les fiches en attente seront PERDUES.", "Without a stick what waits will be LOST."
        return None
