"""Drives the console without a terminal: keys in, the text of the screen out."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.events import Key
from textual.pilot import Pilot

from agent.capture import load
from agent.console.app import Console
from agent.console.bench import Bench
from agent.console.pages import all_pages
from agent.errors import StorageError
from agent.home import Home
from agent.rules import load_profiles

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
HAND_MS = 80  # between two keys of a quick hand
SCANNER_S = 0.005
FIRST_QUESTION = "A-t-il démarré sans bip"
Script = Callable[["Hand"], Awaitable[None]]


class Hand:
    """Somebody at the keyboard."""

    def __init__(self, console: Console, pilot: "Pilot[str]") -> None:
        self.console, self.pilot = console, pilot

    def screen(self) -> list[str]:
        """The lines as drawn, without colours."""
        width, height = self.console.size
        strips = self.console.screen._compositor.render_strips()[:height]  # none while a screen is being laid out
        return ["".join(segment.text for segment in strip)[:width].rstrip() for strip in strips]

    def text(self) -> str:
        return "\n".join(self.screen())

    async def press(self, *keys: str) -> None:
        """As a hand does: one key after the other."""
        for key in keys:
            await self.pilot.press(f"wait:{HAND_MS}", key)
        await self.pilot.pause()

    async def scan(self, text: str) -> None:
        """As a scanner does, which waits for no screen: "\\r" is its Enter, "\\n" a line end after it, "\\t" a Tab."""
        names = {"\r": "enter", "\n": "ctrl+j", "\t": "tab"} | _KEYS
        began = time.monotonic()
        for place, sign in enumerate(text):
            key = Key(names.get(sign, sign), sign)
            key.time = began + place * SCANNER_S  # whatever else this machine is doing
            key.set_sender(self.console)
            self.console.post_message(key)
        await self.pilot.pause(0.2)

    async def type(self, text: str) -> None:
        """As a scanner or a hand: signs one after the other."""
        await self.pilot.press(*(_KEYS.get(sign, sign) for sign in text))
        await self.pilot.pause()

    async def see(self, words: str, tries: int = 400) -> str:
        """Until these words are on the screen, wherever a line ends; AssertionError with the screen otherwise."""
        for _ in range(tries):
            if words in self.text() or words in " ".join(self.text().split()):
                return self.text()
            await asyncio.sleep(0.05)
        raise AssertionError(f"{words!r} is not on the screen:\n{self.text()}")


_KEYS = {"-": "minus", " ": "space", ":": "colon", ".": "full_stop", "_": "underscore", "/": "slash"}


def bench_of(name: str, home: Path, lang: str = "fr") -> Bench:
    """A bench that looks at one of the project's captures."""
    capture = load(CAPTURES / name)
    return Bench(home=Home(home), host=capture.host, profiles=load_profiles(None), lang=lang, taken_at=capture.taken_at)


def drive(bench: Bench, script: Script, size: tuple[int, int] = (80, 24)) -> Console:
    console = Console(bench, all_pages())

    async def run() -> None:
        async with console.run_test(size=size) as pilot:
            await script(Hand(console, pilot))

    asyncio.run(run())
    return console


# --- a technician's ways, in French -----------------------------------------------------------------------------------


async def to_the_verdict(hand: Hand) -> None:
    """From the first screen, without a sticker; the record of this look is kept."""
    await hand.press("f2")
    await hand.see("1 en attente")


async def to_the_checks(hand: Hand) -> None:
    await hand.see("Étiquette du PC")
    await hand.press("f2")
    await hand.see("Vérifier écran, clavier")
    await hand.press("1")
    await hand.see("Mot permis sur l'étiquette :")


async def to_the_first_question(hand: Hand) -> None:
    await to_the_checks(hand)
    await hand.press("enter")
    await hand.see(FIRST_QUESTION)


async def pass_the_first(hand: Hand) -> None:
    """The question is answered with yes; back to the list."""
    await hand.press("1")
    await hand.see("[OK] bon")
    await hand.press("escape")
    await hand.see("Mot permis sur l'étiquette : testé")


def keeps_nothing(_: Bench) -> StorageError:
    """In place of `Bench.note`, as on a full stick: a sentence longer than a line."""
    return StorageError(
        fr="Plus de place dans /run/rebond/mnt/stick/outbox. Libérez de la place, ou branchez une autre clé.",
        en="No room left.",
    )
