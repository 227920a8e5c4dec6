"""The wall of disks at work, on a screen: what a disk says is in sight as long as it is so."""

from pathlib import Path

import pytest

from agent.console.bench import Bench
from agent.console.erasing import Erasing
from agent.wipe.job import Event
from tests.console.driving import Hand, bench_of, drive
from tests.wall.test_wall import ANSWER, BROKEN, SILENCE, seat


def bench_of_disks(folder: Path, disks: int) -> Bench:
    bench = bench_of("uefi-school-laptop", folder)
    bench.erasing = Erasing(bench, seats=tuple(seat(number) for number in range(disks)))
    return bench


async def to_the_wall(hand: Hand) -> None:
    """Its disks are being erased, as far as the screens know."""
    await hand.see("Le PC est inspecté")
    hand.console.bench.erasing.is_running = True
    hand.console.open("wall")


def hear(bench: Bench, number: int, event: Event) -> None:
    erasing = bench.erasing
    erasing.news = erasing.news.after(erasing.seats[number], event)


def test_the_silence_of_a_disk_is_on_the_wall_until_it_answers(tmp_path: Path) -> None:
    bench = bench_of_disks(tmp_path, 2)

    async def script(hand: Hand) -> None:
        await to_the_wall(hand)
        hear(bench, 0, SILENCE)
        hear(bench, 1, BROKEN)
        await hand.see("SERIAL-0001 : a un problème.")
        await hand.see("SERIAL-0000 : ne répond plus")  # each in its turn
        hear(bench, 0, ANSWER)
        await hand.see("SERIAL-0000 : répond de nouveau.")
        await hand.press("f12")
        assert "SERIAL-0000: answers again." in hand.text()

    drive(bench, script)


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
def test_every_line_of_the_wall_has_its_place_whatever_is_told_beneath_it(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    bench = bench_of_disks(tmp_path, 30)

    async def script(hand: Hand) -> None:
        await to_the_wall(hand)
        hear(bench, 0, SILENCE)
        hand.console.tell("Gardé : captures/20261123-080000.zip. Donnez-le au responsable. " * 2)
        seen = await hand.see("SERIAL-0000 : ne répond plus")
        assert "Gardé" in seen, "one does not hide the other"
        await hand.see("p : pause")
        await hand.see("page 1")

    drive(bench, script, size)
