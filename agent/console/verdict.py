"""The verdict: one word to be read from afar, why, what to do, and what comes next."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Static

from agent.console.letters import big
from agent.console.page import HEIGHT_LEAST, Choices, Page, Shortcut
from agent.console.paper import Paper
from agent.console.start import progress
from agent.screen import SIGNS, WORDS, Result
from agent.sheet import result_of

_COLOURS = {"refurbish": "bold green", "repair": "bold yellow", "review": "bold cyan", "recycle": "bold red"}
_BIG_LINES = {True: 13, False: 6}  # of a high screen, of 24 lines


class VerdictPage(Page):
    name_of = "verdict"
    tells_trouble = True
    text_of = "#why"
    heading = ("Verdict", "Verdict")

    def middle(self) -> Iterable[Widget]:
        yield Static(id="word", markup=False)
        yield Paper(id="why")
        yield Choices(id="next")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#next", Choices).focus()

    def shortcuts(self) -> Sequence[Shortcut]:
        return (
            Shortcut("enter", "Entrée", "choisir", "choose"),
            Shortcut("f5", "F5", "revoir", "look again"),
            Shortcut("f8", "F8", "capture", "capture"),
            Shortcut("escape", "Échap", "retour", "back"),
        )

    def act(self, key: str) -> None:
        if key == "f2":
            self._open("details")
        elif key == "f5":
            self.console.look()
        elif key in ("pageup", "pagedown"):
            paper = self.query_one("#why", Paper)
            paper.scroll_page_down() if key == "pagedown" else paper.scroll_page_up()

    def on_choices_taken(self, event: Choices.Taken) -> None:
        self._open(event.name)

    def _open(self, name: str) -> None:
        if self.console.bench.machine is not None:
            self.console.open(name)

    def refresh_all(self) -> None:
        bench = self.console.bench
        if bench.machine is None or self.console.is_looking:
            self.query_one("#word", Static).update(Text("\n" + progress(self) + "\n"))
            self.query_one("#why", Paper).write("")
            self.query_one("#next", Choices).offer(())
            return
        result = result_of(bench.machine, bench.verdicts, bench.profiles, bench.lang)
        is_high = self.size.height >= 30
        word, sign = WORDS[result.outcome][bench.lang == "en"], SIGNS[result.outcome]
        is_low = self.size.height < HEIGHT_LEAST
        lines = [] if is_low else big(word, self.size.width - 4, _BIG_LINES[is_high])
        head = [f" {line}" for line in wrap(result.machine, max(20, self.size.width - 2))[: 1 if is_low else 2]]
        head.append(
            f"  {sign} {WORDS[result.outcome][bench.lang == 'en']} - {self.say('pour', 'for')} {result.profile}"
        )
        text = Text("\n".join(head) + "\n")
        text.append("\n".join(f"  {line}" for line in lines), style=_COLOURS[result.outcome])
        self.query_one("#word", Static).update(text)
        self.query_one("#why", Paper).write("\n".join(self._why(result)))
        self.query_one("#next", Choices).offer(self._options())

    def _why(self, result: Result) -> list[str]:
        width = max(20, self.size.width - 6)
        lines = [""]
        if result.actions:
            lines.append(self.say("À faire", "To do"))
            lines += [
                line for number, told in enumerate(result.actions, 1) for line in _item(f"{number}.", told, width)
            ]
        if result.reasons:
            lines.append(self.say("Pourquoi", "Why"))
            for told in result.reasons:
                lines += _item("-", told, width)
        if result.suits:
            lines += wrap(self.say("Convient déjà pour : ", "Already good for: ") + ", ".join(result.suits), width)
        return lines

    def _options(self) -> list[tuple[str, str]]:
        erasing = self.console.bench.erasing
        wipe = [("wipe", self.say("Effacer les disques", "Wipe the disks"))]
        if erasing.is_running:
            wipe = [("wall", self.say("Voir l'effacement en cours", "See the wipe that runs"))]
        elif erasing.fates:
            wipe.append(("wall", self.say("Voir le résultat de l'effacement", "See how the wipe ended")))
        return [
            (
                "checks",
                self.say("Vérifier écran, clavier, son...", "Check screen, keyboard, sound..."),
            ),
            *wipe,
            ("details", self.say("Détails, pour le responsable", "Details, for the person in charge")),
            ("leave", self.say("Finir : étiquette, éteindre", "Finish: label, switch off")),
        ]


def _item(sign: str, told: str, width: int) -> list[str]:
    lines = wrap(told, width - len(sign) - 2) or [""]
    return [f" {sign if place == 0 else ' ' * len(sign)} {line}" for place, line in enumerate(lines)]
