"""Which disks to erase: each disk with what is on it and what can be done; the operator scans each one's serial.

Nothing is chosen by a list or an arrow: only a serial names a disk. F9 leads on; no scanner can send it.
"""

from collections.abc import Iterable, Sequence
from textwrap import fill, wrap
from typing import TYPE_CHECKING, Literal

from rich.text import Text
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from agent.bulk.roll import matching, operator_in
from agent.bulk.showing import LEVELS
from agent.console.erasing import Erasing, Line
from agent.console.page import Page, Shortcut
from agent.console.paper import Paper
from agent.errors import InputRefused
from agent.hidden import warnings
from agent.scanner import read_back
from agent.text import clean
from agent.units import tell_bytes
from agent.wipe.reasons import LIED_BEFORE

if TYPE_CHECKING:
    from agent.wipe.choose import Method

Ask = Literal["operator", "serial", "member", "psid"]
LOOKED_AGAIN = (
    "Les disques ont été regardés de nouveau : scannez-les.", "The disks were looked at again: scan them.",
)  # fmt: skip
_METHODS: tuple["Method", ...] = ("best", "overwrite", "zeros")
_PROMPTS: dict[Ask, tuple[str, str]] = {
    "operator": ("Code du technicien", "Technician's code"),
    "serial": ("Numéro de série", "Serial number"),
    "member": ("« oui » pour confirmer", "yes to confirm"),
    "psid": ("PSID de l'étiquette", "PSID on the label"),
}


class Choosing(Page):
    name_of = "wipe"
    heading = ("Effacer les disques", "Wipe the disks")
    text_of = "#disks"

    def __init__(self) -> None:
        super().__init__()
        self.asks: Ask = "serial"
        self._is_busy = False

    @property
    def erasing(self) -> Erasing:
        return self.console.bench.erasing

    def middle(self) -> Iterable[Widget]:
        yield Static(id="intro", markup=False)
        yield Paper(id="disks")
        yield Horizontal(
            Static("", classes="label", id="label-answer", markup=False), Input(id="answer"), classes="row"
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.asks = "serial" if self.console.bench.desk.operator else "operator"
        self.query_one("#answer", Input).focus()
        self._look()

    def _look(self) -> None:
        """Look at the disks anew: what was confirmed on an earlier look counts no more."""
        if self._is_busy:
            return
        self._is_busy = True
        self.console.spawn(self.erasing.look, self._looked, self._looked)

    def _looked(self, _: object = None) -> None:
        self._is_busy = False
        if self.asks == "member":  # of a roll that is no more
            self.asks = "serial"
        self.draw()

    def shortcuts(self) -> Sequence[Shortcut]:
        found: list[Shortcut] = []
        if self.erasing.wanted:
            found.append(Shortcut("f9", "F9", "EFFACER", "WIPE"))
        found.append(Shortcut("f3", "F3", "méthode", "method"))
        if self._has_opal:
            found.append(Shortcut("f7", "F7", "PSID", "PSID"))
        if self.erasing.is_frozen:
            found.append(Shortcut("f4", "F4", "dégeler", "unfreeze"))
        return (
            *found,
            Shortcut("pagedown", "Page", "lire", "read"),
            Shortcut("f5", "F5", "revoir", "look again"),
            Shortcut("escape", "Échap", "retour", "back"),
        )

    @property
    def _has_opal(self) -> bool:
        return any(ability.needs == "psid" for line in self.erasing.lines or () for ability in line.disk.abilities)

    # --- keys ---------------------------------------------------------------------------------------------------------

    def act(self, key: str) -> None:
        if self._is_busy:
            return
        if key == "f9":
            self._go_on()
        elif key == "f5":
            self._look()
        elif key == "f3":
            self.erasing.method = _METHODS[(_METHODS.index(self.erasing.method) + 1) % len(_METHODS)]
            self._unconfirm()
            self.draw()
        elif key == "f7" and self._has_opal:
            self.asks = "psid"
            self.draw()
        elif key == "f4" and self.erasing.is_frozen:
            self._unfreeze()
        elif key in ("pageup", "pagedown", "up", "down"):
            paper = self.query_one("#disks", Paper)
            paper.scroll_page_down() if key in ("pagedown", "down") else paper.scroll_page_up()

    def _unconfirm(self) -> None:
        """All that was said was said of another plan: a yes that comes now has nothing to say yes to."""
        self.erasing.unconfirm()
        if self.asks == "member":
            self.asks = "serial"

    def _unfreeze(self) -> None:
        self._is_busy = True
        told = "Ce PC va dormir quelques secondes, puis se réveiller seul. N'y touchez pas."
        self.console.tell(
            self.say(told, "This PC will sleep for a few seconds, then wake up by itself. Do not touch it.")
        )
        self.console.spawn(self.erasing.unfreeze, self._looked, self._looked)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        typed, event.input.value = event.value, ""
        if self._is_busy or not typed.strip():
            return  # a scanner that sends two line ends
        self.console.tell("")
        match self.asks:
            case "operator":
                self._hear_operator(typed)
            case "serial":
                self._hear_serial(typed)
            case "member":
                self._hear_yes(typed)
            case "psid":
                self.erasing.psid = "".join(read_back(typed.strip()).split()).upper()
                self.asks = "serial"
                self._unconfirm()
        self.draw()

    def _hear_operator(self, typed: str) -> None:
        code, wrong = operator_in(typed, [line.token for line in self.erasing.lines or () if line.token])
        if wrong is not None:
            self.console.tell(self.say(*wrong))
            return
        self.console.bench.name(operator=code)
        self.asks = "serial"

    def _hear_serial(self, typed: str) -> None:
        erasing = self.erasing
        # Of all disks, not of the free ones: one that is refused must not stand for a free one that is like it.
        found = set(matching(typed, [line.token for line in erasing.lines or () if line.token]))
        meant = [line for line in erasing.lines or () if line.token in found]
        if len(found) > 1:
            fr, en = "Deux disques peuvent être ce numéro. Tapez-le en entier.", "Two disks fit. Type it in full."
            self.console.tell(self.say(fr, en))
        elif whys := [why for line in meant for why in line.disk.refusals]:
            self.console.tell(self.say(whys[0].fr, whys[0].en))
        elif meant and meant[0].token in erasing.wanted:
            token = meant[0].token
            self.console.tell(self.say(f"{token} : déjà confirmé.", f"{token}: confirmed already."))
        elif meant:
            self._confirm(meant[0].token)
        else:
            word = clean(read_back(typed.strip()), 30)  # as it stands on the label
            fr, en = f"Aucun disque de ce PC n'a ce numéro : {word}", f"No disk of this PC has this serial: {word}"
            self.console.tell(self.say(fr, en))

    def _hear_yes(self, typed: str) -> None:
        """To the roll: only a yes lets a member of an array, or whatever sits in a dock, be erased."""
        roll = self.erasing.roll
        if roll is None or roll.asks not in ("member", "plug"):
            self.asks = "serial"
            return
        answer = roll.hear(typed)
        self._obey(answer.fr, answer.en)

    def _confirm(self, token: str) -> None:
        wanted = (*self.erasing.wanted, token)
        try:
            self.erasing.want(wanted)
        except InputRefused as error:
            self.console.tell(" ".join(error.told(self.console.bench.lang).splitlines()))

    def _go_on(self) -> None:
        if not self.erasing.wanted:
            return
        if self.console.is_looking:
            self.console.tell(self.say("Rebond regarde ce PC : attendez.", "Rebond is looking at this PC: wait."))
            return
        if self.erasing.is_running:
            self.console.tell(self.say("Un effacement est déjà en cours.", "A wipe is running already."))
            return
        try:
            self.erasing.call_roll()
        except InputRefused as error:
            self.console.tell(" ".join(error.told(self.console.bench.lang).splitlines()))
            return
        self._obey("", "")

    def _obey(self, fr: str, en: str) -> None:
        """Where the roll stands decides what comes next."""
        roll = self.erasing.roll
        assert roll is not None
        if roll.asks == "countdown":
            self.console.back()
            self.console.open("countdown")
            return
        self.asks = "member" if roll.asks in ("member", "plug") else "operator" if roll.asks == "operator" else "serial"
        told = (fr, en) if roll.refused is not None else ("", "") if self.asks == "member" else roll.question
        self.console.tell(" ".join(self.say(*told).split()))

    # --- the picture --------------------------------------------------------------------------------------------------

    def refresh_all(self) -> None:
        if self.erasing.is_outdated and not self._is_busy:
            if self.erasing.wanted:
                self.console.news = self.say(*LOOKED_AGAIN)
            self._look()
        prompt = self.say(*_PROMPTS[self.asks])
        self.query_one("#label-answer", Static).update(Text(f" {prompt} :"))
        lines = self.erasing.lines
        if lines is None or self._is_busy:
            self.query_one("#intro", Static).update(Text(self.say("\n  Je regarde les disques...", "\n  Looking...")))
            self.query_one("#disks", Paper).write("")
            return
        count, many = len(self.erasing.wanted), len(self.erasing.free)
        told = self.say(
            "  Scannez le numéro de série de chaque disque à effacer. Puis F9.",
            "  Scan the serial of each disk to wipe. Then F9.",
        )
        if many > 1:
            told = self.say(
                f"  {many} disques peuvent être effacés. Scannez le numéro de série de chacun. Puis F9.",
                f"  {many} disks can be wiped. Scan the serial of each one. Then F9.",
            )
        if not self.erasing.free:
            told = self.say("  Aucun disque ne peut être effacé ici.", "  No disk can be wiped here.")
        if count:
            told = self.say(
                f"  {count} disque{'s' * (count > 1)} à effacer. F9 pour commencer, ou scannez-en un autre.",
                f"  {count} disk{'s' * (count != 1)} to wipe. F9 to begin, or scan another.",
            )
        width = max(40, self.size.width - 4)
        roll = self.erasing.roll
        if self.asks == "member" and roll is not None:  # whole: the line above the keys would cut what it warns of
            told = fill(" ".join(self.say(*roll.question).split()), width, initial_indent="  ", subsequent_indent="  ")
        self.query_one("#intro", Static).update(Text(f"\n{told}\n"))
        rows = self._hidden(width) + self._none_of_its_own(width) + sum((self._one(line, width) for line in lines), [])
        self.query_one("#disks", Paper).write("\n".join(rows))

    def _none_of_its_own(self, width: int) -> list[str]:
        """The stick stands in the list, so an empty list is no sign of it."""
        machine = self.console.bench.machine
        free_or_own = self.erasing.free or [
            disk for disk in (machine.disks or () if machine else ()) if not disk.removable and not disk.is_boot_medium
        ]
        if free_or_own:
            return []
        told = self.say(
            "Aucun disque n'est vu dans ce PC. S'il en contient un : éteignez-le, vérifiez les câbles du disque, et "
            "mettez le stockage en AHCI dans le BIOS.",
            "No disk is seen in this PC. If there is one in it: switch it off, check the disk's cables, set storage "
            "to AHCI in the BIOS.",
        )
        return [*wrap(told, width), ""]

    def _hidden(self, width: int) -> list[str]:
        """A disk that nobody sees keeps its data: said above those that can be wiped."""
        machine = self.console.bench.machine
        told = warnings(machine.hidden_storage or () if machine is not None else ())
        return [line for one in told for line in (*wrap(self.say(*one), width), "")]

    def _one(self, line: Line, width: int) -> list[str]:
        disk, media = line.disk, line.disk.media
        sign = "[X]" if line.token in self.erasing.wanted else "[ ]" if line.is_free else " - "
        size = tell_bytes(media.size_bytes, self.console.bench.lang, decimal=True)
        model = clean(" ".join(filter(None, (media.maker, media.model))), 30)
        first = f"{sign} {clean(line.token, 30) or '?'}   {clean(media.name, 12)}   {size}   {model}"
        rows = [first[:width]]

        def add(name: str, text: str) -> None:
            rows.extend(wrap(f"{name} : {text}", width, initial_indent="      ", subsequent_indent="        "))

        if line.has_lied:
            add(self.say("MENTEUR", "LIAR"), self.say(LIED_BEFORE.fr, LIED_BEFORE.en))
        if disk.refusals:
            for why in disk.refusals[:2]:
                add(self.say("non", "no"), self.say(why.fr, why.en))
            return [*rows, ""]
        add(
            self.say("contient", "holds"),
            clean(", ".join(disk.found), 60) or self.say("rien de connu", "nothing known"),
        )
        if line.met is not None:
            add(self.say("à reprendre", "to go on"), self.say("son effacement a commencé et n'a pas de fin.",
                                                              "its wipe began and has no end."))  # fmt: skip
        plan = self.erasing.plan_of(line)
        add(self.say("méthode", "method"), f"{LEVELS[plan.level]}. {self.say(plan.chosen_fr, plan.chosen_en)}")
        if self._is_frozen(media.name):
            add(self.say("gelé", "frozen"), self.say(
                "le BIOS empêche ce disque de s'effacer lui-même. F4 le dégèle ; sinon il sera écrasé.",
                "the BIOS keeps this disk from erasing itself. F4 unfreezes it; if not, it is overwritten.",
            ))  # fmt: skip
        more = self.say(plan.why_not_more_fr, plan.why_not_more_en)
        if more:
            add(self.say("à savoir", "to know"), more)
        if any(step.untested for step in plan.steps):
            add(self.say("attention", "caution"), self.say("essayée sur des disques simulés seulement.",
                                                           "tried on simulated disks only."))  # fmt: skip
        return [*rows, ""]

    def _is_frozen(self, name: str) -> bool:
        machine = self.console.bench.machine
        return any(disk.name == name and disk.is_security_frozen for disk in (machine.disks or () if machine else ()))
