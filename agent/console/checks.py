"""The checks on the screen: the list with each one's state, and one check at work with its question."""

import time
from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.text import Text
from textual.events import Key
from textual.widget import Widget
from textual.widgets import Static

from agent.checks.registry import BY_NAME
from agent.checks.running import Answer, Progress, Question
from agent.console.checking import SIGNS, Checking
from agent.console.page import Choices, Page, Shortcut, digit_of

_ANSWERS: dict[Answer, tuple[str, str]] = {
    "ok": ("oui, c'est bon", "yes, it is right"),
    "bad": ("non, ça ne va pas", "no, it is not right"),
    "skip": ("passer", "skip"),
    "absent": ("ce PC n'en a pas", "this PC has none"),
}
_STATES = {
    "passed": ("bon", "passed"), "failed": ("RATÉ", "FAILED"), "not_tested": ("à faire", "to do"),
    "not_applicable": ("sans objet", "not on this PC"),
}  # fmt: skip
# Five colours that every text console has; filled on the whole screen before the question is put on its last lines.
_FILLS = {"white": "#ffffff", "black": "#000000", "red": "#ff0000", "green": "#00ff00", "blue": "#0000ff"}
_COLOUR_ALONE_S = 3.0
_ASK_TO_STOP_S = 60  # a check that has worked for longer is not thrown away by one key
_LOOK_S = 0.1


class ChecksPage(Page):
    name_of = "checks"
    heading = ("Vérifications", "Checks")

    def __init__(self) -> None:
        super().__init__()
        self._is_open = False
        self._told: dict[str, str] = {}  # each check's whole sentence: a line of the list has no room for it

    @property
    def checking(self) -> Checking:
        return self.console.bench.checking

    def middle(self) -> Iterable[Widget]:
        yield Static(id="intro", markup=False)
        yield Choices(id="list")
        yield Static(id="told", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_LOOK_S, self._tell_chosen)
        self.query_one("#list", Choices).styles.height = "1fr"
        self.query_one("#list", Choices).styles.max_height = "100%"
        self.query_one("#list", Choices).focus()
        self.console.spawn(self.checking.open, self._opened, self._opened)

    def _opened(self, _: None = None) -> None:
        self._is_open = True
        self.draw()

    def shortcuts(self) -> Sequence[Shortcut]:
        return (
            Shortcut("enter", "Entrée", "vérifier", "check"),
            Shortcut("f2", "F2", "tout ce qui reste", "all that is left"),
            *([Shortcut("f6", "F6", "nouvelle visite", "new visit")] if self.checking.results else []),
            Shortcut("escape", "Échap", "retour", "back"),
        )

    def act(self, key: str) -> None:
        if key == "f2" and self._is_open:
            self._next(None)
        elif key == "f6" and self._is_open and self.checking.results:
            self.console.open("anew")

    def _next(self, after: str | None) -> None:
        """The first check that is still to do, behind this one."""
        names = [one.name for one in self.checking.states() if one.outcome == "not_tested" and one.name in BY_NAME]
        known = list(BY_NAME)
        left = [name for name in names if after is None or known.index(name) > known.index(after)]
        if left:
            self._start(left[0])

    def _start(self, name: str) -> None:
        checking = self.checking
        checking.start(name, self.console.wake)  # bound here: the check's thread knows no application
        self.console.open("check")

    def on_choices_taken(self, event: Choices.Taken) -> None:
        if self._is_open and event.name in BY_NAME:
            self._start(event.name)

    def refresh_all(self) -> None:
        if not self._is_open:
            self.query_one("#intro", Static).update("")
            return
        word, missing = self.checking.word()
        told = self.say(f"  Mot permis sur l'étiquette : {word}", f"  Word allowed on the label: {word}")
        if missing:
            told += self.say(f"   (manque : {missing})", f"   (missing: {missing})")
        self.query_one("#intro", Static).update(Text(told))
        en = self.console.bench.lang == "en"
        options = []
        for one in self.checking.states():
            check = BY_NAME.get(one.name)
            title = (check.title.en if en else check.title.fr) if check is not None else one.name
            options.append((one.name, f"{SIGNS[one.outcome]} {title:<26} {_STATES[one.outcome][en]}"))
            self._told[one.name] = one.told("en" if en else "fr")
        self.query_one("#list", Choices).offer(options)
        self._tell_chosen()

    def _tell_chosen(self) -> None:
        found = self.query_one("#list", Choices)
        told = self._told.get(found.options[found.at][0], "") if found.options else ""
        place = self.query_one("#told", Static)
        place.display = bool(told)  # its lines are the list's where there is nothing to say
        place.update(Text("\n".join(f"  {line}" for line in wrap(told, max(20, self.size.width - 4)))))


class CheckPage(Page):
    """One check. Its keys are only its own: a keyboard being tested must not switch the PC off."""

    name_of = "check"
    heading = ("Vérification", "Check")

    def __init__(self) -> None:
        super().__init__()
        self._shown: Question | None = None
        self._shown_at = 0.0
        self._is_stopping = False  # asked whether it shall stop

    @property
    def checking(self) -> Checking:
        return self.console.bench.checking

    def middle(self) -> Iterable[Widget]:
        yield Static(id="body", markup=False)

    @property
    def menu(self) -> Sequence[Shortcut]:
        """None: every key is heard by this screen alone."""
        return ()

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_LOOK_S, self.draw)

    def shortcuts(self) -> Sequence[Shortcut]:
        if self.checking.is_running:
            return (Shortcut("escape", "Échap", "arrêter ce test", "stop this check"),)
        return (Shortcut("enter", "Entrée", "suivant", "next"), Shortcut("escape", "Échap", "la liste", "the list"))

    def on_key(self, event: Key) -> None:
        event.stop()
        event.prevent_default()  # or the keys of every screen would be heard as well
        checking = self.checking
        if not checking.is_running:
            if event.key in ("enter", "escape"):
                name = checking.check.name if checking.check is not None else None
                self.console.back()
                if event.key == "enter":
                    self._go_on(name)
            return
        question, was_stopping, self._is_stopping = checking.question, self._is_stopping, False
        number = digit_of(event.character or "")
        if event.key == "escape":
            if question is not None or not self._tests_keys:
                self._is_stopping = not was_stopping and self._worked_s > _ASK_TO_STOP_S
                if not self._is_stopping:
                    checking.stop()
        elif question is not None and self._is_asked(question) and 1 <= number <= len(question.answers):
            self.once_quiet(event, lambda: self._answer(question, number))
        self.draw()

    @property
    def _worked_s(self) -> int:
        """What stopping it now would throw away."""
        check, progress = self.checking.check, self.checking.progress
        return check.about_seconds * (progress.permille or 0) // 1000 if check and progress else 0

    def _is_asked(self, question: Question) -> bool:
        """The colour has had the whole screen to itself, and the question can be read."""
        if question is not self._shown:
            self._shown, self._shown_at = question, time.monotonic()
        return not question.colour or time.monotonic() - self._shown_at > _COLOUR_ALONE_S

    def _answer(self, question: Question, number: int) -> None:
        if self.checking.question is question:
            self.checking.answer(question.answers[number - 1])
            self.draw()

    def news(self) -> str:
        if self._is_stopping and self.checking.is_running:
            minutes = self._worked_s // 60
            return self.say(f"Arrêter ? {minutes} min de test seront perdues. Oui : Échap. Non : une autre touche.",
                            f"Stop? {minutes} min of testing will be lost. Yes: Esc. No: any other key.")  # fmt: skip
        problem = self.checking.problem
        return super().news() or (self.console.bench.tell(problem) if problem is not None else "")

    def _go_on(self, name: str | None) -> None:
        page = self.console.top
        if isinstance(page, ChecksPage):
            page._next(name)

    @property
    def _tests_keys(self) -> bool:
        """Its Escape key is one of those to press."""
        check = self.checking.check
        return check is not None and check.name == "keyboard"

    def refresh_all(self) -> None:
        checking = self.checking
        check = checking.check
        if check is None:
            return
        body = self.query_one("#body", Static)
        width = max(20, self.size.width - 4)
        en = self.console.bench.lang == "en"
        lines = ["", f"  {(check.title.en if en else check.title.fr).upper()}", ""]
        question, progress = checking.question, checking.progress
        is_done = checking.run is not None and checking.run.result is not None
        self._bare(question is not None and bool(question.colour) and not is_done)
        if checking.run is not None and checking.run.result is not None:
            found = checking.run.result
            lines += [f"  {SIGNS[found.outcome].strip()} {_STATES[found.outcome][en]}", ""]
            lines += [f"  {line}" for line in wrap(found.told("en" if en else "fr"), width)]
            body.update(Text("\n".join(lines)))
            return
        lines += [f"  {line}" for line in wrap(check.do.en if en else check.do.fr, width)]
        if question is not None:
            asked = [f"  {line}" for line in wrap(question.en if en else question.fr, width)]
            asked.append("")
            asked += [f"  {place}. {_ANSWERS[answer][en]}" for place, answer in enumerate(question.answers, 1)]
            if question.colour:
                self._fill(body, question.colour, asked if self._is_asked(question) else ())
                return
            body.update(Text("\n".join([*lines, *self._seen(progress), "", *asked])))
            return
        if progress is not None:
            lines += ["", *(f"  {line}" for line in wrap(progress.en if en else progress.fr, width))]
            if progress.permille is not None:
                full = progress.permille * 40 // 1000
                lines += ["", f"  [{'■' * full:<40}] {progress.permille // 10} %"]
            lines += self._seen(progress)
            left = [name for name in progress.wanted if name not in progress.marks]
            lines += [f"  {line}" for line in wrap("  ".join(left), width)][:12]
        body.update(Text("\n".join(lines)))

    def _seen(self, progress: Progress | None) -> list[str]:
        """How much came: keys, clicks, ports."""
        if progress is None or not (progress.marks or progress.wanted):
            return []
        of = len(progress.wanted)
        came = sum(name in progress.wanted for name in progress.marks) if of else len(progress.marks)
        if of:
            return ["", self.say(f"  Vues : {came} sur {of}.", f"  Seen: {came} of {of}.")]
        return ["", self.say(f"  Vues : {came}.", f"  Seen: {came}.")]

    def _bare(self, is_bare: bool) -> None:
        """Without its bars: a colour reaches every corner of the screen."""
        for name in ("#head", "#bottom"):
            self.query_one(name).display = not is_bare
        self.query_one("#body").styles.height = "1fr" if is_bare else "auto"

    def _fill(self, body: Static, colour: str, asked: Sequence[str]) -> None:
        """The colour on all lines, but for those of the question."""
        rows = [" " * self.size.width] * max(0, self.size.height - len(asked))
        text = Text("\n".join(rows), style=f"on {_FILLS[colour]}")
        text.append("".join(f"\n{line}" for line in asked), style="default on default")
        body.update(text)
