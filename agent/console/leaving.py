"""The end of a visit: is everything kept and delivered, the code for the label, and the switch."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Static

from agent.console.page import Choices, Page, Shortcut
from agent.sheet import label_word


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
        lines = self._kept()
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
        if self.console.bench.noted is not None:
            options.insert(0, ("code", self.say("Montrer le code QR de la fiche", "Show the record's QR code")))
        self.query_one("#kept", Static).update(Text("\n".join([*lines, ""])))
        self.query_one("#next", Choices).offer(options)

    def _kept(self) -> list[str]:
        bench, queue = self.console.bench, self.console.queue
        lines = [""]
        noted = bench.noted
        if noted is None:
            lines.append(self.say("  Aucune fiche de ce PC n'est gardée.", "  No record of this PC is kept."))
        elif noted.digest in bench.delivered:
            lines.append(self.say("  [OK] La fiche est à l'inventaire.", "  [OK] The inventory has the record."))
        elif bench.is_stick_out:
            lines.append(
                self.say(
                    "  [!] La fiche est sur la clé, qui est retirée. Rebranchez-la, ici ou sur un autre PC.",
                    "  [!] The record is on the stick, which is pulled out. Plug it in here or in another PC.",
                )
            )
        elif bench.is_in_memory:
            lines.append(
                self.say(
                    "  [!] SANS CLÉ : la fiche sera PERDUE si ce PC s'éteint avant sa livraison.",
                    "  [!] NO STICK: the record will be LOST if this PC is off before it is delivered.",
                )
            )
        else:
            lines.append(
                self.say(
                    "  La fiche est gardée sur la clé. Elle partira quand l'inventaire répondra.",
                    "  The record is kept on the stick. It will leave when the inventory answers.",
                )
            )
        if queue.waiting:
            lines.append(self.say(f"  En attente : {queue.waiting}.", f"  Waiting: {queue.waiting}."))
        if noted is not None:
            code = noted.digest[:12].upper()
            lines.append(self.say(f"  Code à noter sur l'étiquette : {code}", f"  Code for the label: {code}"))
        if bench.machine is not None and bench.verdicts:
            word = label_word(bench.machine, bench.verdicts[0].outcome, bench.checking.results, bench.lang)
            lines += [f"  {line}" for line in wrap(word, max(20, self.size.width - 4))]
        return lines

    def on_choices_taken(self, event: Choices.Taken) -> None:
        if event.name == "back":
            self.console.back()
        elif event.name in ("code", "wall"):
            self.console.open(event.name)
        elif self._loses and not self._is_warned:
            self._is_warned = True
            fr = "Sans clé, les fiches en attente seront PERDUES. Choisissez encore une fois pour le faire quand même."
            self.console.tell(
                self.say(fr, "Without a stick what waits will be LOST. Choose once more to do it anyway.")
            )
        else:
            self.console.leave(event.name)

    @property
    def _loses(self) -> bool:
        bench = self.console.bench
        return bool(self.console.queue.waiting) and bench.is_in_memory and not bench.is_stick_out
