"""Text longer than the screen, of which only the lines in sight are drawn: of forty disks there are thousands."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.segment import Segment
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

_NOT_LATIN = "\u0300"  # below it every sign is one column wide


class Paper(ScrollView, can_focus=True):
    """Its place tells where one is."""

    DEFAULT_CSS = """
    Paper { height: 1fr; overflow-x: hidden; scrollbar-size: 0 0; background: ansi_default; color: ansi_default;
        padding: 0 1; }
    """

    def __init__(self, **kwargs: str) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type] # id
        self._text, self._lines = "", [""]

    def write(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self._lay()

    def on_resize(self, _: Resize) -> None:
        self._lay()

    def _lay(self) -> None:
        width = self.size.width
        self._lines = [part for line in self._text.splitlines() for part in wrapped(line, width)] if width else []
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        at, width = self.scroll_offset.y + y, self.size.width
        line = self._lines[at] if at < len(self._lines) else ""
        return Strip([Segment(line, self.rich_style)]).adjust_cell_length(width, self.rich_style)

    @property
    def has_more(self) -> bool:
        """Below the screen."""
        return self.max_scroll_y > self.scroll_offset.y

    @property
    def place(self) -> str:
        """ "37 %": how far down."""
        most = self.max_scroll_y
        return f"{round(100 * self.scroll_offset.y / most)} %" if most else ""


def wrapped(line: str, width: int) -> Iterator[str]:
    """Between words where it can be; a word that is longer than the line is broken."""
    while (most := _fitting(line, width)) < len(line):
        end = line.rfind(" ", 1, most + 1)
        if end < 0 or not line[:end].strip():  # one word, or the indentation before it
            end = most
        yield line[:end].rstrip()
        line = line[end:].lstrip()
    yield line


def _fitting(line: str, width: int) -> int:
    """How many signs of it fit, at least one: some are two columns wide, some none."""
    if not line or max(line) < _NOT_LATIN:
        return width
    columns = 0
    for place, sign in enumerate(line):
        columns += cell_len(sign)
        if columns > width:
            return max(1, place)
    return len(line)
