"""The screen answers at once while disks, sticks and networks hang."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from agent.console.bench import Bench, Progress, Queue
from agent.errors import StorageError
from tests.console.driving import Hand, bench_of, drive

HANGS_S = 5.0


@pytest.mark.parametrize("what", ["inspect", "queue", "note", "stick_warning", "settle", "capture"])
def test_nothing_that_hangs_keeps_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """The longest time between two turns of the screen's own loop, while one of the bench's works hangs."""
    bench = bench_of("uefi-school-laptop", tmp_path)
    monkeypatch.setattr(Bench, "capture", lambda _: tmp_path / "capture.zip")  # a real one asks this machine's programs
    real, hung = getattr(Bench, what), []

    def hangs(self: Bench, *arguments: Any) -> Any:
        hung.append(what)
        time.sleep(HANGS_S)
        return real(self, *arguments)

    monkeypatch.setattr(Bench, what, hangs)
    late: list[float] = []

    async def pulse() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            late.append(time.monotonic() - before)

    async def script(hand: Hand) -> None:
        heart = asyncio.create_task(pulse())
        await hand.press("f8", "f12")
        await hand.see("Sticker of the PC")
        await hand.press("f12", "f2")
        await hand.see("Verdict")
        await hand.press("f10")
        await hand.see("Éteindre ce PC", 40)
        heart.cancel()

    drive(bench, script)
    assert hung
    assert max(late) < HANGS_S / 2, "the screen waited for it"


def test_every_work_that_fails_leaves_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    def broken(self: Bench, *_: object) -> None:
        raise ValueError("broken")

    def full(self: Bench, *_: object) -> None:
        raise StorageError(fr="La clé est pleine.", en="The stick is full.")

    def unknown(self: Bench) -> Queue:
        return Queue(is_known=False)

    def looked(self: Bench, progress: Progress) -> None:
        progress("disks", "failed")
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Bench, "inspect", looked)
    monkeypatch.setattr(Bench, "note", broken)
    monkeypatch.setattr(Bench, "capture", full)
    monkeypatch.setattr(Bench, "queue", unknown)

    async def script(hand: Hand) -> None:
        await hand.see("OSError")
        await hand.press("f8")
        await hand.see("La clé est pleine.")
        await hand.press("f10")
        await hand.see("Éteindre ce PC")

    drive(bench, script)
