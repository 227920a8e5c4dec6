"""A real `rebond serve` on this computer's loopback, and a station that is enrolled with it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.home import Home
from agent.host import Host
from agent.inventory import desk
from agent.inventory.settings import Settings
from agent.inventory.tls import read_certificate
from agent.joining import join

ROOT = Path(__file__).resolve().parents[2]
_STARTS_WITHIN_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    settings: Settings
    url: str
    pin: str | None

    def enrol(self, home: Home, *, url: str | None = None) -> None:
        """As `rebond enrol` does; `url`: another way to the same inventory."""
        join(home, Host(), desk.new_code(self.settings), url=url or self.url, pin=self.pin, name="Banc 1")


@contextmanager
def served(folder: Path, *, is_encrypted: bool = False) -> Iterator[Serving]:
    """The program itself, on a port that it chooses; ended with the block."""
    words = ["serve", "--folder", str(folder), "--port", "0", *(["--tls"] if is_encrypted else [])]
    log = folder.with_suffix(".log")
    with log.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "agent", *words, "--lang", "en"], stdin=subprocess.DEVNULL, stdout=file,
            stderr=file, env={**os.environ, "PYTHONPATH": f"{os.environ['PYTHONPATH']}{os.pathsep}{ROOT}"},
        )  # fmt: skip
    try:
        url = _announced(log, child)
        pin = read_certificate(folder).pin if is_encrypted else None
        yield Serving(settings=Settings(folder=folder), url=url, pin=pin)
    finally:
        child.terminate()
        child.wait()


def _announced(log: Path, child: "subprocess.Popen[bytes]") -> str:
    until = time.monotonic() + _STARTS_WITHIN_S
    while "Inventory ready: " not in (told := log.read_text()):
        assert child.poll() is None and time.monotonic() < until, told
        time.sleep(0.05)
    return told.partition("Inventory ready: ")[2].split()[0]
