"""The first screen: scan the sticker, the lot, the technician's code. The PC is being looked at meanwhile."""

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.containers import Horizontal
from textual.events import DescendantFocus
from textual.widget import Widget
from textual.widgets import Input, Static

from agent.console.letters import big
from agent.console.page import POINTER, Page, Shortcut
from agent.scanner import read_code

_FIELDS = (
    ("sticker", "Étiquette du PC", "Sticker of the PC"),
    ("lot", "Lot", "Lot"),
    ("operator", "Technicien", "Technician"),
)


class Start(Page):
    name_of = "start"
    tells_trouble = True
    heading = ("Un nouveau PC", "A new PC")

    def middle(self) -> Iterable[Widget]:
        yield Static(id="intro", markup=False)
        for name, fr, en in _FIELDS:
            known = getattr(self.console.bench.desk, name) or ""
            yield Horizontal(
                Static(f"   {self.say(fr, en)} :", classes="label", id=f"label-{name}", markup=False),
                Input(value=known, id=name, select_on_focus=True),
                classes="row",
            )
        yield Static(id="looking", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#sticker", Input).focus()

    def shortcuts(self) -> Sequence[Shortcut]:
        return (
            Shortcut("enter", "Entrée", "suivant", "next"),
            Shortcut("f2", "F2", "sans étiquette", "no sticker"),
            Shortcut("f6", "F6", "inscrire", "enrol"),
            Shortcut("f10", "F10", "éteindre", "switch off"),
            Shortcut("f12", "F12", "English", "français"),
        )

    def refresh_all(self) -> None:
        for name in ("lot", "operator"):  # the settings came after the screen
            field, known = self.query_one(f"#{name}", Input), getattr(self.console.bench.desk, name)
            if known and not field.value and not field.has_focus:
                field.value = known
        for name, fr, en in _FIELDS:
            pointer = POINTER if self.focused is self.query_one(f"#{name}", Input) else " "
            self.query_one(f"#label-{name}", Static).update(f" {pointer} {self.say(fr, en)} :")
        title = big("Rebond", self.size.width - 4, 7) if self.size.height >= 30 else []
        told = self.say(
            "  Scannez l'étiquette collée sur le PC, ou tapez son code, puis Entrée.",
            "  Scan the sticker on the PC, or type its code, then Enter.",
        )
        lines = ["", *(f"  {line}" for line in title), *([""] if title else []), told, ""]
        self.query_one("#intro", Static).update(Text("\n".join(lines)))
        self.query_one("#looking", Static).update(Text("\n" + progress(self)))

    def on_descendant_focus(self, _: DescendantFocus) -> None:
        self.draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        name = event.input.id or ""
        code = read_code(event.value)
        if code.kind is not None:  # a lot's or a person's own bar code, whatever line the cursor is on
            self.query_one(f"#{code.kind}", Input).value = code.text
            if code.kind != name:
                event.input.value = ""
                return
        if name != "sticker" and code.text and code.text == self.query_one("#sticker", Input).value:
            event.input.value = ""  # the same sticker scanned twice
            fr = "Ce code est déjà l'étiquette de ce PC. Scannez autre chose, ou Entrée."
            self.console.tell(self.say(fr, "This is the PC's sticker already. Scan another code, or press Enter."))
            return
        event.input.value = code.text
        if code.problem is not None:
            self.console.tell(self.say(*code.problem))
            return
        for following in self._after(name):
            field = self.query_one(f"#{following}", Input)
            if not field.value:
                field.focus()
                return
        self._go()

    @staticmethod
    def _after(name: str) -> list[str]:
        names = [name for name, _, _ in _FIELDS]
        return names[names.index(name) + 1 :]

    def act(self, key: str) -> None:
        if key == "f2":
            self.query_one("#sticker", Input).value = ""
            self._go()
        elif key == "f6":
            self.console.open("enrol")
        elif key in ("up", "down"):
            if key == "down":
                self.focus_next(Input)
            else:
                self.focus_previous(Input)

    def _go(self) -> None:
        told = {}
        for name, _, _ in _FIELDS:
            code = read_code(self.query_one(f"#{name}", Input).value)
            if code.problem is not None:
                self.console.tell(self.say(*code.problem))
                self.query_one(f"#{name}", Input).focus()
                return
            told[name] = code.text
        before = self.console.bench.desk
        self.console.bench.name(sticker=told["sticker"], lot=told["lot"], operator=told["operator"])
        if self.console.bench.desk != before:
            self.console.bench.noted = None  # said of another sticker
        self.console.news = ""
        self.console.open("verdict")


def progress(page: Page) -> str:
    """What is being looked at, for people who wait."""
    console = page.console
    if not console.is_settled:
        return page.say("  Je cherche la clé et les réglages...", "  Looking for the stick and the settings...")
    if not console.is_looking and console.bench.machine is None:
        return page.say("  Le PC n'a pas pu être inspecté. Sur l'écran du verdict, F5 recommence.",
                        "  The PC could not be looked at. On the verdict's screen, F5 begins again.")  # fmt: skip
    if not console.is_looking:
        return page.say("  Le PC est inspecté.", "  The PC has been looked at.")
    waiting = [name for name, state in console.probes.items() if state == "started"]
    done = len(console.probes) - len(waiting)
    count = max(len(console.probes), 1)
    bar = "■" * (done * 20 // count)
    names = ", ".join(_PROBES.get(name, (name, name))[console.bench.lang == "en"] for name in waiting)
    told = page.say("Inspection", "Looking")
    return f"  {told} [{bar:<20}] {names[:44]}"


_PROBES = {
    "disks": ("disques", "disks"),
    "system": ("modèle", "model"),
    "firmware": ("BIOS", "firmware"),
    "cpu": ("processeur", "processor"),
    "memory": ("mémoire", "memory"),
    "batteries": ("batteries", "batteries"),
    "displays": ("écrans", "screens"),
    "gpus": ("carte graphique", "graphics"),
    "networks": ("réseau", "network"),
    "usb": ("prises USB", "USB"),
    "devices": ("son, caméra", "sound, camera"),
    "sensors": ("capteurs", "sensors"),
    "hidden-storage": ("disques cachés", "hidden disks"),
    "missing-firmware": ("micrologiciels", "firmware files"),
    "clock": ("horloge", "clock"),
}
