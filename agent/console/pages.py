"""Every screen by its name. Each knows `page` and none of the others: they call one another by name."""

from agent.console.anew import Anew
from agent.console.checks import CheckPage, ChecksPage
from agent.console.choosing import Choosing
from agent.console.details import Details
from agent.console.enrolling import Enrolling
from agent.console.keys import Keys
from agent.console.leaving import Leaving
from agent.console.page import Page
from agent.console.qr import QrPage
from agent.console.start import Start
from agent.console.verdict import VerdictPage
from agent.console.wall import Countdown, Wall

_ALL: tuple[type[Page], ...] = (
    Start, Enrolling, VerdictPage, Details, ChecksPage, CheckPage, Anew, Choosing, Countdown, Wall, Leaving,
    QrPage, Keys,
)  # fmt: skip


def all_pages() -> dict[str, type[Page]]:
    return {page.name_of: page for page in _ALL}
