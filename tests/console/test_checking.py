"""The guided checks on the screens: the list, a question, a device that does the rest, and a restart in between."""

import time
from pathlib import Path

import pytest

from agent.checks import runs
from agent.checks.journal import CheckJournal
from agent.checks.results import CheckResult
from agent.checks.running import Task
from agent.envelope import peek
from agent.errors import StorageError
from agent.record import parse_payload
from tests.console.driving import Hand, bench_of, drive


async def to_the_checks(hand: Hand) -> None:
    await hand.see("Étiquette du PC")
    await hand.press("f2")
    await hand.see("Vérifier écran, clavier")
    await hand.press("1")
    await hand.see("Mot permis sur l'étiquette : trié")


def test_a_question_is_answered_by_its_number_and_a_restart_goes_on(tmp_path: Path) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_checks(hand)
        await hand.press("enter")
        await hand.see("A-t-il démarré sans bip")
        await hand.press("f10", "9", "f12")  # a check's screen has no other keys than its own
        assert "A-t-il démarré sans bip" in hand.text()
        await hand.press("1")
        await hand.see("[OK] bon")
        await hand.press("escape")
        await hand.see("Mot permis sur l'étiquette : testé")
        assert "[OK] Démarrage" in hand.text()
        await hand.press("escape")
        await hand.see("2 en attente")  # the record of this look again, with what was checked
        await hand.press("f10")
        await hand.see("Étiquette : testé.")

    drive(bench, script)
    records = [parse_payload(peek(bench.outbox.read(one.digest)).payload) for one in bench.outbox.waiting()]
    assert [[one.outcome for one in record.checks if one.name == "power-on"] for record in records] == [[], ["passed"]]
    again = bench_of("uefi-school-laptop", tmp_path)

    async def later(hand: Hand) -> None:
        await hand.see("Étiquette du PC")
        await hand.press("f2")
        await hand.see("Vérifier écran, clavier")
        await hand.press("1")
        await hand.see("[OK] Démarrage")

    drive(again, later)


def test_the_next_open_check_follows_and_a_colour_fills_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    def coloured(task: Task) -> CheckResult:
        task.tell("Regardez.", "Look.", permille=500, wanted=("A", "B"), marks=("A",))
        task.sleep(2)
        return task.by_person(task.ask("Voyez-vous du rouge ?", "Do you see red?", colour="red"))

    monkeypatch.setattr(runs, "work_of", lambda _: coloured)

    async def script(hand: Hand) -> None:
        await to_the_checks(hand)
        await hand.press("f2")
        assert "[■■■" in await hand.see("Vues : 1 sur 2")
        seen = await hand.see("Voyez-vous du rouge ?")
        strips = hand.console.screen._compositor.render_strips()
        fills = [segment.style.bgcolor for strip in strips for segment in strip if segment.style is not None]
        assert any(one is not None and one.triplet == (255, 0, 0) for one in fills)
        assert "2. non, ça ne va pas" in seen
        await hand.press("2")
        await hand.see("[X] RATÉ")
        await hand.press("enter")
        await hand.see("PILE")  # the next one

    drive(bench, script)
    assert [one.outcome for one in bench.checking.results][0] == "failed" and bench.checking.has_new


def test_a_result_that_the_stick_does_not_take_is_told_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    def full(self: CheckJournal, found: CheckResult) -> None:
        raise StorageError(fr="La clé est pleine.", en="The stick is full.")

    monkeypatch.setattr(CheckJournal, "add", full)

    async def script(hand: Hand) -> None:
        await to_the_checks(hand)
        await hand.press("enter")
        await hand.see("A-t-il démarré sans bip")
        await hand.press("1")
        await hand.see("La clé est pleine.")

    drive(bench, script)
    assert [one.outcome for one in bench.checking.results] == ["passed"]


def test_a_check_is_stopped_and_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    def endless(task: Task) -> CheckResult:
        while True:
            task.sleep(0.1)

    monkeypatch.setattr(runs, "work_of", lambda _: endless)

    async def script(hand: Hand) -> None:
        await to_the_checks(hand)
        await hand.press("enter")
        await hand.see("DÉMARRAGE")
        await hand.press("escape")
        await hand.see("Arrêté avant la fin.")
        await hand.press("escape")
        await hand.see("Mot permis")

    began = time.monotonic()
    drive(bench, script)
    assert time.monotonic() - began < 30
    assert [one.outcome for one in bench.checking.results] == ["not_tested"]
