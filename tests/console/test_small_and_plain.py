"""Screens smaller than ours and terminals plainer than ours: what is chosen is seen, and nothing is said by colour."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest

from agent.console.bench import Bench
from tests.console.driving import CAPTURES, Hand, bench_of, drive, keeps_nothing

ROOT = Path(__file__).resolve().parents[2]
SIZES = pytest.mark.parametrize("size", [(60, 20), (40, 12)], ids=["60x20", "40x12"])


@SIZES
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_page_shows_what_a_key_would_take(tmp_path: Path, size: tuple[int, int], lang: str) -> None:
    en = lang == "en"
    wanted = {
        "leave": ("Switch this PC off" if en else "Éteindre ce PC", "▶ 1. "),
        "wipe": ("Technician's code" if en else "Code du technicien",),
        "checks": ("▶ 1. ",),
        "anew": ("▶ 1. No, keep these results" if en else "▶ 1. Non, garder ces résultats",),
        "enrol": ("Inventory's address" if en else "Adresse de l'inventaire", "Code given" if en else "Code donné"),
        "details": ("1/7",),
        "keys": ("▶ 1. F5",),
    }

    async def script(hand: Hand) -> None:
        await hand.see("Sticker of the PC" if en else "Étiquette du PC")
        await hand.see("Technician" if en else "Technicien")
        await hand.press("f2")
        await hand.see("1 waiting" if en else "1 en attente")
        seen = await hand.see("▶ 1. ")
        assert ("TO REPAIR" if en else "À RÉPARER") in seen
        await hand.see("Screen too small: 80 x 24 needed." if en else "Écran trop petit : il faut 80 x 24.")
        for name, words in wanted.items():
            hand.console.open(name)
            for word in words:
                seen = await hand.see(word)
            assert name == "keys" or "Ctrl+T" in seen
            assert all(len(line) <= size[0] for line in hand.screen())
            hand.console.back()

    drive(bench_of("uefi-school-laptop", tmp_path, lang), script, size)


def test_nobody_switches_off_unseen_below_a_long_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bench, "note", keeps_nothing)

    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("branchez une autre clé.")
        await hand.press("f10")
        await hand.see("▶ 1. Montrer la fiche")
        assert "branchez une autre clé." in " ".join(hand.text().split())
        await hand.press("tab")
        await hand.see("▶ 2. Éteindre ce PC")

    drive(bench_of("mini-pc-no-disk", tmp_path), script, (40, 12))


# --- a real terminal line ---------------------------------------------------------------------------------------------


class Line:
    """The program behind a serial line, and what a terminal at its other end shows."""

    def __init__(self, master: int, child: "subprocess.Popen[bytes]") -> None:
        self._master, self.child = master, child
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)

    def see(self, words: str, seconds: float = 100) -> str:
        until = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):  # its end was closed: what came before is still to be seen
                if select.select([self._master], [], [], 0.1)[0]:
                    self._stream.feed(os.read(self._master, 1 << 16))
            text = "\n".join(line.rstrip() for line in self.screen.display)
            if "".join(words.split()) in "".join(text.split()):  # wherever the terminal broke a line
                return text
            assert time.monotonic() < until, f"{words!r} is not on the terminal:\n{text}"


@contextlib.contextmanager
def on_a_line(home: Path, term: str) -> Iterator[Line]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("TERM", "COLORTERM", "NO_COLOR")}
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "agent", "console", "--home", str(home), "--lang", "fr",
         "--from", str(CAPTURES / "uefi-school-laptop")],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={**kept, "TERM": term, "PYTHONPATH": f"{kept['PYTHONPATH']}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    os.close(slave)
    try:
        yield Line(master, child)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        os.close(master)


@pytest.mark.programs
@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_terminal_that_cannot_draw_is_told_what_to_type(tmp_path: Path, term: str) -> None:
    with on_a_line(tmp_path, term) as line:
        line.see("ne sait pas montrer la console. Tapez : TERM=vt100 rebond console, ou rebond triage.")
        assert line.child.wait(30) == 2
