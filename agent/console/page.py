"""What every screen shares: a bar at the top (what waits, what runs), its own middle, its keys at the bottom.

Sixteen colours at most, and none that says anything by itself; only signs that the Linux console's fonts have.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Key, Resize
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from agent.console.pace import QUIET_S, Pace
from agent.console.paper import Paper

if TYPE_CHECKING:
    from agent.console.bench import Bench, Queue

T = TypeVar("T")
WIDTH_LEAST, HEIGHT_LEAST = 80, 24
POINTER = "▶"


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A key of this screen, and what it does."""

    key: str  # Textual's name: "enter", "f2"
    told: str  # as on a French keyboard: "Entrée", "F2"
    fr: str
    en: str


class Face(Protocol):
    """What a screen may ask of the application around it."""

    bench: "Bench"
    news: str
    probes: dict[str, str]  # name → state
    pace: Pace
    is_looking: bool
    is_settled: bool

    @property
    def queue(self) -> "Queue": ...
    @property
    def told(self) -> str:
        """The right side of the top bar."""
        ...

    @property
    def trouble(self) -> str:
        """Why records are not kept, or do not reach the inventory; empty when they do."""
        ...

    @property
    def is_unkept(self) -> bool:
        """Something that is known of this PC is in no record that is kept."""
        ...

    @property
    def is_being_kept(self) -> bool:
        """It is unkept for a moment only: nothing speaks against it."""
        ...

    def open(self, name: str) -> None:
        """Another screen, by its name in `commands.console`."""
        ...

    @property
    def top(self) -> Screen[Any]:
        """The screen that is shown now."""
        ...

    def back(self) -> None: ...
    def wake(self) -> None:
        """From any thread: something behind the screen has changed."""
        ...

    def leave(self, wish: str) -> None: ...
    def look(self) -> None: ...
    def tell(self, sentence: str) -> None: ...
    def spawn(
        self, work: Callable[[], T], then: Callable[[T], object] | None = None,
        failed: Callable[[], object] | None = None,
    ) -> None: ...  # fmt: skip
    def common_key(self, key: str, page: "Page") -> bool: ...


class Page(Screen[None]):
    """One screen. `act` gets every key that no widget took, by Textual's name."""

    heading: ClassVar[tuple[str, str]] = ("", "")
    name_of: ClassVar[str] = ""  # as `Face.open` knows it
    tells_trouble: ClassVar[bool] = False  # of the delivery, above the keys
    text_of: ClassVar[str] = ""  # its Paper, where the line above the keys tells that there is more of it
    BINDINGS: ClassVar[list[BindingType]] = []

    @property
    def console(self) -> Face:
        return cast(Face, self.app)

    def say(self, fr: str, en: str) -> str:
        return en if self.console.bench.lang == "en" else fr

    def compose(self) -> ComposeResult:
        yield Static(id="head", markup=False)
        yield from self.middle()
        yield Vertical(Static(id="news", markup=False), Static(id="foot", markup=False), id="bottom")

    def middle(self) -> Iterable[Widget]:
        """The screen's own widgets."""
        return ()

    def shortcuts(self) -> Sequence[Shortcut]:
        return ()

    @property
    def menu(self) -> Sequence[Shortcut]:
        """Where all keys are listed, for a keyboard on which some are dead."""
        return (Shortcut("ctrl+t", "Ctrl+T", "menu", "menu"),)

    def act(self, key: str) -> None:
        """A key of `shortcuts` (or any other that nobody took) was pressed."""

    def refresh_all(self) -> None:
        """Something behind the screen has changed; also called once a second."""

    # --- bars ---------------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.draw()

    def on_screen_resume(self) -> None:
        self.draw()

    def on_resize(self, event: Resize) -> None:
        self.draw()

    def draw(self) -> None:
        """All of it anew, as long as there is something to draw on: before and after, its widgets are not there."""
        if self.is_running and self.children and self.query("#foot, #code"):
            self.draw_bars()
            self.refresh_all()

    def draw_bars(self) -> None:
        width = self.size.width or WIDTH_LEAST
        left = f" REBOND  {self.say(*self.heading)}"
        right = f"{self.console.told} "
        room = max(0, width - len(right) - 1)
        self.query_one("#head", Static).update(Text(f"{left[:room]:<{room}} {right}"[:width], style="reverse"))
        self.query_one("#news", Static).update(Text(self.news()))  # on as many lines as it needs
        keys = [f"{self.say(one.told, ENGLISH.get(one.told, one.told))} {self.say(one.fr, one.en)}"
                for one in (*self.shortcuts(), *self.menu)]  # fmt: skip
        self.query_one("#foot", Static).update(Text("\n".join(_packed(keys, width)), style="reverse"))

    def news(self) -> str:
        told = self.console.news
        if self.tells_trouble and self.console.trouble:
            told = f"{told}\n{self.console.trouble}".lstrip()
        if self.size.width and (self.size.width < WIDTH_LEAST or self.size.height < HEIGHT_LEAST):
            small = self.say("Écran trop petit : il faut 80 x 24.", "Screen too small: 80 x 24 needed.")
            told = f"{small} {told}".rstrip()  # what went wrong is said on a small screen too
        if not self.console.news and self.text_of and self.query_one(self.text_of, Paper).has_more:
            more = self.say("Touche « Page suivante » : la suite.", "Page Down: more.")
            told = f"{more}\n{told}".rstrip()
        return told

    def once_quiet(self, key: Key, act: Callable[[], object]) -> None:
        """Do what this single key asks, unless another one follows at once: then a scanner typed it."""

        def quiet() -> None:
            if self.is_current and self.console.pace.last_s == key.time:
                act()

        self.set_timer(QUIET_S, quiet)

    def scanned(self) -> None:
        """A code was scanned here, where none is asked for; none of its signs but the first came to `act`."""
        fr = "Code lu, mais rien n'est à scanner ici : rien n'est changé."
        self.console.tell(self.say(fr, "A code was read, but none is asked for here: nothing is changed."))

    def on_key(self, event: Key) -> None:
        if self.console.common_key(event.key, self):
            event.stop()
            return
        self.act(event.key)


# As on a French keyboard → as on an English one.
ENGLISH = {"Entrée": "Enter", "Échap": "Esc", "flèches, Page": "arrows, Page", "Toute touche": "Any key"}


def _packed(keys: Sequence[str], width: int) -> list[str]:
    """As many lines as the keys need: none is cut off, none is broken."""
    lines = [""]
    for key in keys:
        if lines[-1] and len(lines[-1]) + len(key) + 4 > width:
            lines.append("")
        lines[-1] += ("   " if lines[-1] else " ") + key
    return [line.ljust(width)[:width] for line in lines]


class Choices(Widget, can_focus=True):
    """A list to choose from with the arrows, or by its number; Enter takes it."""

    class Taken(Message):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, options: Sequence[tuple[str, str]] = (), **kwargs: str) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type] # id
        self.options: tuple[tuple[str, str], ...] = tuple(options)
        self.at = 0

    def offer(self, options: Sequence[tuple[str, str]], at: str | None = None, gone: str | None = None) -> None:
        """(name, label) each; the place chosen before stays, by name; `gone`: where to when it is no longer offered."""
        before = at or (self.options[self.at][0] if self.options else None)
        self.options = tuple(options)
        names = [name for name, _ in self.options]
        place = before if before is None or before in names else gone
        self.at = names.index(place) if place in names else 0
        self.refresh(layout=True)

    def render(self) -> Text:
        """Where there are more options than lines, those around the pointer."""
        room = self.size.height or len(self.options)
        first = min(max(0, self.at - room // 2), max(0, len(self.options) - room))
        shown = list(enumerate(self.options))[first : first + room]
        text, wide = Text(no_wrap=True, overflow="ellipsis"), len(str(len(self.options)))
        for place, (_, label) in shown:
            pointer = POINTER if place == self.at else " "
            end = "\n" if place != shown[-1][0] else ""
            line = f" {pointer} {place + 1:>{wide}}. {label}"
            line = line[: self.size.width or None]  # one line each, or the last ones go
            text.append(line + end, style="bold" if place == self.at else "")
        return text

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return max(1, len(self.options))

    def on_key(self, event: Key) -> None:
        count = len(self.options)
        if not count:
            return
        if event.key in ("up", "down", "tab", "shift+tab"):  # Tab: where the arrows are dead
            self.at = (self.at + (1 if event.key in ("down", "tab") else -1)) % count
        elif event.key == "enter":
            self.post_message(self.Taken(self.options[self.at][0]))
        elif event.character and (digit := digit_of(event.character)) and digit <= count:
            name = self.options[digit - 1][0]
            cast(Page, self.screen).once_quiet(event, lambda: self._take(name))
        else:
            return
        event.stop()
        self.refresh()

    def _take(self, name: str) -> None:
        self.offer(self.options, at=name)
        if self.options and self.options[self.at][0] == name:  # still offered
            self.post_message(self.Taken(name))


_ROW = "&é\"'(-è_ç"  # 1 to 9 on a French keyboard without shift


def digit_of(sign: str) -> int:
    """1 to 9, with or without shift on a French keyboard; 0 for every other sign, and for keys that type none."""
    if len(sign) != 1:
        return 0
    if sign.isascii() and sign.isdigit():
        return int(sign)
    return _ROW.find(sign) + 1 if sign in _ROW else 0
