"""The technician's view as a Textual application: which screen, what runs in the background, what the top bar says."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar, cast

from textual.app import App
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.events import Event, Key
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from agent.console.arrivals import SENTENCES as DISKS_CHANGED
from agent.console.arrivals import Change
from agent.console.bench import Bench, Queue
from agent.console.link import SENTENCES as NO_LINK
from agent.console.link import Link
from agent.console.pace import Pace
from agent.console.page import Page
from agent.errors import RebondError
from agent.text import clean

T = TypeVar("T")
_TICK_S = 1.0
_RETRY_MOST_S = 300.0
_HOLD_MOST_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the top bar tells: always, on every screen."""

    queue: Queue = Queue()
    wipe: str = ""  # "effacement 3/12, reste 1:25"
    stick: str = ""  # "CLÉ ABSENTE"
    link: Link = "up"

    def told(self, lang: str) -> str:
        en = lang == "en"
        waiting = self.queue.waiting
        if not self.queue.is_known:
            records = "records: ?" if en else "fiches : ?"
        elif waiting:
            records = f"{waiting} waiting" if en else f"{waiting} en attente"
        else:
            records = "nothing waiting" if en else "rien en attente"
        if self.queue.refused:
            records += f", {self.queue.refused} " + ("refused" if en else "refusée" + "s" * (self.queue.refused > 1))
        return "   ".join(part for part in (self.stick, self.wipe, records) if part)


def _as_enter(tab: Key, sender: MessagePump) -> Key:
    enter = Key("enter", "\r")
    enter.time = tab.time
    enter.set_sender(sender)
    return enter


class Console(App[str]):
    """`run()` returns "off", "again" (restart the PC) or None (only leave)."""

    TITLE = "Rebond"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []
    CSS = """
    Screen { background: ansi_default; color: ansi_default; layout: vertical; overflow: hidden; }
    #head { dock: top; height: 1; }
    #bottom { dock: bottom; height: auto; width: 100%; }
    #news { padding: 0 1; height: auto; min-height: 1; max-height: 6; }
    #foot { height: auto; }
    Static { background: ansi_default; color: ansi_default; width: 100%; }
    Choices { height: auto; max-height: 50%; width: 100%; background: ansi_default; color: ansi_default; }
    Input, Input:focus { border: none; height: 1; padding: 0; background: ansi_default; color: ansi_default;
        width: 1fr; }
    Input > .input--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    .row { height: 1; width: 100%; layout: horizontal; }
    .label { width: 30; }
    """

    def __init__(self, bench: Bench, pages: Mapping[str, type[Page]]) -> None:
        """`pages` by name; "start" comes first and "leave" is behind F10."""
        super().__init__(ansi_color=True)
        self.bench, self.pages = bench, pages
        self.status = Status()
        self.news = ""
        self._problem: tuple[str, str] | None = None  # of the last delivery: French, English
        self._unkept: tuple[str, str] | None = None  # why the record of this look is nowhere but in memory
        self.probes: dict[str, str] = {}  # name → state
        self.is_looking = False
        self._retry_at, self._failures, self._is_delivering = 0.0, 0, False
        self._is_noting = self._is_ticking = self.is_settled = False
        self._is_begun = False  # not before the technician has named this PC, or passed over its sticker
        self.pace = Pace()
        self._held: list[Key] | None = None

    # --- work beside the screen ---------------------------------------------------------------------------------------

    def spawn(
        self, work: Callable[[], T], then: Callable[[T], object] | None = None,
        failed: Callable[[], object] | None = None,
    ) -> None:  # fmt: skip
        """`work` in a thread that no exit waits for (it may hang with a dying disk); `then` with its result, here.

        An error becomes the sentence above the keys, then `failed` is called.
        """

        def run() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the technician's screen stays
                told = f"{type(error).__name__}: {error}"
                self._back(self.tell, self.bench.tell(error) if isinstance(error, RebondError) else told)
                if failed is not None:
                    self._back(failed)
                return
            if then is not None:
                self._back(then, result)

        threading.Thread(target=run, daemon=True).start()

    def _back(self, call: Callable[..., object], *arguments: Any) -> None:
        """From any thread into the screen's own; silently nothing once the screen is gone."""
        if self.is_running:
            self.call_later(call, *arguments)

    def on_mount(self) -> None:
        self.open("start")
        self.spawn(self.bench.settle, self._settled, lambda: self._settled(()))
        self.set_interval(_TICK_S, self.tick)

    def _settled(self, sentences: tuple[str, ...]) -> None:
        """The station knows itself: only now the PC is looked at, because its key hides what must be hidden."""
        self.is_settled = True
        if sentences:
            self.tell(" ".join(sentences))
        self.look()
        self.tick()

    # --- from screen to screen ----------------------------------------------------------------------------------------

    def open(self, name: str) -> None:
        self._is_begun = self._is_begun or name == "verdict"
        self.push_screen(self.pages[name]())
        self.keep_record()

    def back(self) -> None:
        self.pop_screen()

    @property
    def top(self) -> Screen[Any]:
        return self.screen

    def wake(self) -> None:
        """From any thread: something behind the screen has changed."""
        self._back(self.show_status)

    def leave(self, wish: str) -> None:
        self.exit(wish)

    # --- the top bar, once a second -----------------------------------------------------------------------------------

    def tick(self) -> None:
        """One look at the stick at a time: a stick that hangs must not gather a thread a second."""
        self.keep_record()
        if not self.is_settled or self._is_ticking:
            return
        self._is_ticking = True
        changed = None if self.is_looking else self.bench.disks_changed
        self.spawn(
            lambda: (self.bench.adopt_stick(), self.bench.queue(), self.bench.stick_warning(), self.bench.link(),
                     changed() if changed else None),
            self._ticked, self._tick_failed,
        )  # fmt: skip

    def _tick_failed(self) -> None:
        self._is_ticking = False

    def _ticked(self, told: tuple[tuple[str, str] | None, Queue, str, Link, Change | None]) -> None:
        self._is_ticking = False
        adopted, queue, stick, link, changed = told
        if changed is not None:
            self.tell(DISKS_CHANGED[changed][self.bench.lang == "en"])
            if changed != "restless":
                self.look()
        if adopted is not None:
            self.tell(adopted[self.bench.lang == "en"])
        if link == "up" != self.status.link:
            self._retry_at = 0.0  # the cable was plugged in: nobody waits for the next try
        self.show_status(stick=stick, link=link, wipe=self.bench.erasing.status(self.bench.lang))
        self._queued(queue)

    def _queued(self, queue: Queue) -> None:
        self.show_status(queue=queue)
        if queue.waiting and queue.has_inventory and not self._is_delivering and time.monotonic() >= self._retry_at:
            self.deliver()

    @property
    def queue(self) -> Queue:
        return self.status.queue

    @property
    def told(self) -> str:
        return self.status.told(self.bench.lang)

    @property
    def is_unkept(self) -> bool:
        return self._is_begun and self.bench.lacks_record

    @property
    def is_being_kept(self) -> bool:
        return self.is_unkept and self._unkept is None

    @property
    def trouble(self) -> str:
        """Why records are not kept, or do not reach the inventory: in sight until they do."""
        if self._unkept is not None and self.is_unkept:
            lost = ("La fiche n'est PAS gardée", "The record is NOT kept")
            return clean(f"{lost[self.bench.lang == 'en']}. {self._unkept[self.bench.lang == 'en']}", 400)
        problem = self._problem and NO_LINK.get(self.status.link, self._problem)
        told = self.queue.refusal or problem
        return clean(told[self.bench.lang == "en"], 400) if told else ""

    def show_status(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)
        page = self.screen
        if isinstance(page, Page):
            page.draw()

    def tell(self, sentence: str) -> None:
        """The line above the keys, until the next one."""
        self.news = clean(sentence, 400)
        self.show_status()

    # --- looking at the PC --------------------------------------------------------------------------------------------

    def look(self) -> None:
        if self.is_looking:
            return
        if self.bench.erasing.is_armed:  # its disks must not be disturbed
            en = self.bench.lang == "en"
            self.tell("Wait for the end of the wipe." if en else "Attendez la fin de l'effacement.")
            return
        self.is_looking, self.probes = True, {}
        self.spawn(lambda: self.bench.inspect(self._probed), self._looked, self._looked)

    def _probed(self, name: str, state: str) -> None:
        self._back(self._note_probe, name, state)

    def _note_probe(self, name: str, state: str) -> None:
        self.probes[name] = state
        self.show_status()

    def _looked(self, _: None = None) -> None:
        self.is_looking = False
        self.show_status()

    # --- records ------------------------------------------------------------------------------------------------------

    def keep_record(self) -> None:
        """As soon as there is something to keep, on whatever screen: nobody has to ask for it."""
        if self._is_noting or self.is_looking or not self.is_unkept or self.bench.checking.is_running:
            return
        self._is_noting, self.bench.noted = True, None  # an earlier one holds less than is known

        def noted(problem: RebondError | None) -> None:
            self._is_noting = False
            self._unkept = None if problem is None else self.bench.told(problem)
            if problem is None:
                self._retry_at = 0.0
                self.tick()
            self.show_status()

        def failed() -> None:
            self._is_noting = False

        self.spawn(self.bench.note, noted, failed)

    def deliver(self) -> None:
        if self._is_delivering:
            return
        self._is_delivering = True

        def done(delivery: Any) -> None:
            self._is_delivering = False
            if delivery is None:
                return
            if delivery.waiting:
                self._wait_longer()
                self._problem = (delivery.problem_fr or "", delivery.problem_en or "")
            else:
                self._failures, self._problem = 0, None
            self.tick()

        def failed() -> None:
            self._is_delivering = False
            self._wait_longer()

        self.spawn(self.bench.deliver, done, failed)

    def _wait_longer(self) -> None:
        from random import random

        from agent.upload import pause_s

        self._retry_at = time.monotonic() + min(_RETRY_MOST_S, pause_s(self._failures, 0, random))
        self._failures += 1

    # --- a scanner where nothing is to be scanned ---------------------------------------------------------------------

    async def on_event(self, event: Event) -> None:
        """A code scanned where no line waits for it orders nothing: neither its digits nor the Enter at its end."""
        if isinstance(event, Key) and not event.is_forwarded:
            if self._held is not None:
                self._held.append(event)
                return
            if event.key == "tab" and self.pace.is_in_code(event.time):  # scanners may be set to end a code with it
                event = _as_enter(event, self)
            what: Any = "end" if event.key in ("enter", "ctrl+j") else "sign" if event.is_printable else ""
            heard = self.pace.heard(what, event.time)
            if heard == "second end":  # of one scan: it answers nothing that the first one opened
                return
            if heard == "scan" and not isinstance(self.focused, Input):
                if isinstance(self.screen, Page):
                    self.screen.scanned()
                return
            if what == "end" and self.focused is not None:
                self._hold(self.focused)
        await super().on_event(event)

    def _hold(self, line: Widget) -> None:
        """Keys wait until a line's end is dealt with: a scan that follows at once belongs to the next line.

        The end bubbles up from the line to here, then its meaning once more: behind both, the keys are let go.
        """
        held: list[Key] = []
        self._held = held
        way = [one for one in line.ancestors_with_self if one is not self]
        self._follow([*way, self, *way, self], held)
        self.set_timer(_HOLD_MOST_S, lambda: self._let_go(held))  # a line that is gone passes nothing on

    def _follow(self, way: Sequence[DOMNode], held: list[Key]) -> None:
        if way:
            cast(MessagePump, way[0]).call_later(self._follow, way[1:], held)
        else:
            self.call_later(self._let_go, held)

    async def _let_go(self, held: list[Key]) -> None:
        if self._held is not held:
            return
        self._held = None
        for place, key in enumerate(held):
            await self.on_event(key)
            if self._held is not None:  # that was a line's end again
                self._held += held[place + 1 :]
                return

    # --- keys that mean the same everywhere ---------------------------------------------------------------------------

    def common_key(self, key: str, page: Page) -> bool:
        """True when it was one of them."""
        if key == "f8":
            self.capture()
        elif key == "f12":
            self.bench.lang = "fr" if self.bench.lang == "en" else "en"
            self.show_status()
        elif key in ("f1", "ctrl+t"):
            if page.name_of != "keys":
                self.open("keys")
        elif key == "f10":
            if page.name_of != "leave":
                self.open("leave")
        elif key == "escape" and len(self.screen_stack) > 2:  # below is the start, which nobody leaves by accident
            self.back()
        else:
            return False
        return True

    def capture(self) -> None:
        en = self.bench.lang == "en"
        self.tell("Keeping this PC's raw data..." if en else "Je garde les données brutes de ce PC...")

        def kept(place: Any) -> None:
            name = place.name
            self.tell(f"Kept: captures/{name}" if en else f"Gardé : captures/{name}. Donnez-le au responsable.")

        self.spawn(self.bench.capture, kept)

    def action_help_quit(self) -> None:
        """Ctrl-C and Ctrl-Q do nothing here: a scanner or a cat must not end a wipe."""

    async def action_quit(self) -> None:
        return None
