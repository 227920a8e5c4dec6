"""The screen answers at once while disks, sticks and networks hang."""

import asyncio
import gc
import time
from pathlib import Path
from typing import Any

import pytest

from agent.console.bench import Bench, Progress, Queue
from agent.errors import StorageError
from tests.console.driving import Hand, bench_of, drive, keeps_nothing

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
        await hand.see("Éteindre ce PC", 90)  # before what hangs has ended
        heart.cancel()

    drive(bench, script)
    assert hung
    assert max(late) < HANGS_S / 2, "the screen waited for it"


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
def test_forty_disks_take_no_tenth_of_a_second_of_the_screen(tmp_path: Path, size: tuple[int, int]) -> None:
    """The longest step of the screen's own loop, in its own processor time: whatever else this machine is doing."""
    bench, steps, run = bench_of("server-40-disks", tmp_path), list[float](), asyncio.Handle._run

    def timed(step: asyncio.Handle) -> None:
        began = time.thread_time()
        run(step)
        steps.append(time.thread_time() - began)

    async def script(hand: Hand) -> None:
        await hand.see("PC")
        steps.clear()  # the program's own start is another matter
        await hand.press("f2")
        await hand.see("pour PC famille")
        await hand.see("Touche « Page suivante » : la suite.")
        await hand.press("f12")
        await hand.see("for Family PC")
        await hand.press("f12", "pagedown", "f2")
        await hand.see("1/7")
        for place in range(2, 8):
            await hand.press("tab")
            await hand.see(f"{place}/7")
            await hand.see("[X]")
            await hand.press("pagedown", "down")
        await hand.press("escape", "f10")
        await hand.see("Revenir")

    gc.freeze()  # as `rebond console` does; this process holds all the tests besides
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(asyncio.Handle, "_run", timed)
        drive(bench, script, size)
    gc.unfreeze()
    assert max(steps) < 0.1, sorted(steps)[-5:]


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


def test_what_failed_once_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever surprise the station's search, the look or the record met: the screen neither waits nor gives up."""
    bench = bench_of("mini-pc-no-disk", tmp_path)
    tried: list[str] = []

    def once(what: str) -> None:
        real = getattr(Bench, what)

        def fails_first(self: Bench, *arguments: Any) -> Any:
            if what not in tried:
                tried.append(what)
                raise OSError(5, "Input/output error")
            return real(self, *arguments)

        monkeypatch.setattr(Bench, what, fails_first)

    for what in ("settle", "inspect", "note"):
        once(what)

    async def script(hand: Hand) -> None:
        await hand.see("Input/output error")
        await hand.press("f2")
        await hand.see("Verdict")
        await hand.see("n'a pas pu être inspecté")
        await hand.press("f5")
        await hand.see("pour PC famille")
        await hand.see("1 en attente")

    drive(bench, script)
    assert tried == ["settle", "inspect", "note"]


def test_a_delivery_that_broke_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path)
    tried: list[int] = []

    def broken(_: Bench) -> None:
        tried.append(1)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Bench, "deliver", broken)
    monkeypatch.setattr(Bench, "queue", lambda _: Queue(waiting=1, has_inventory=True))
    monkeypatch.setattr("agent.upload.pause_s", lambda *_: 0.0)

    async def script(hand: Hand) -> None:
        for _ in range(100):
            if len(tried) > 1:
                return
            await asyncio.sleep(0.1)

    drive(bench, script)
    assert len(tried) > 1


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
def test_a_long_sentence_is_never_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    monkeypatch.setattr(Bench, "note", keeps_nothing)

    async def script(hand: Hand) -> None:
        await hand.press("f2")
        told = " ".join((await hand.see("branchez une autre clé.")).split())
        assert "La fiche n'est PAS gardée." in told

    drive(bench_of("mini-pc-no-disk", tmp_path), script, size)
