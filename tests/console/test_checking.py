"""The guided checks on the screens: the list, a question, a device that does the rest, and a restart in between."""

import asyncio
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from agent.checks import runs
from agent.checks.journal import CheckJournal
from agent.checks.results import CheckResult
from agent.checks.running import Task
from agent.console import bench as console_bench
from agent.envelope import peek
from agent.errors import StorageError
from agent.facts import Memory
from agent.home import Home
from agent.record import parse_payload
from agent.visit import of_this_visit, open_checks
from tests.checks.standing import passed
from tests.console.driving import (
    FIRST_QUESTION,
    Hand,
    bench_of,
    drive,
    pass_the_first,
    to_the_checks,
    to_the_first_question,
)


def test_a_question_is_answered_by_its_number_and_a_restart_goes_on(tmp_path: Path) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_first_question(hand)
        await hand.press("f10", "9", "f12")  # a check's screen has no other keys than its own
        assert FIRST_QUESTION in hand.text()
        await pass_the_first(hand)
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
        await to_the_checks(hand)
        await hand.see("[OK] Démarrage")

    drive(again, later)


def test_what_to_do_stands_above_every_question_and_the_whole_sentence_under_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)
    told = "Le PC a bien démarré, mais cette phrase est longue, et sa fin dit ce qu'il faut faire : changer la pile."

    def plugged(task: Task) -> CheckResult:
        task.tell(marks=("usb1-port1", "usb1-port2"))
        task.ask("Fini ?", "Done?")
        return task.failed(told, told)

    monkeypatch.setattr(runs, "work_of", lambda _: plugged)

    async def script(hand: Hand) -> None:
        await to_the_checks(hand)
        await hand.press("enter")
        await hand.see("Fini ?")
        lines = " ".join(hand.text().split())
        assert lines.index("vous avez allumé le PC") < lines.index("Vues : 2.") < lines.index("Fini ?")
        await hand.press("1")
        await hand.see("[X] RATÉ")
        await hand.press("escape")
        await hand.see("changer la pile.")  # to its end
        await hand.press("down")
        await hand.see("▶ 2.")
        for _ in range(40):
            if "changer la pile." not in hand.text():
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the sentence of another check")

    drive(bench, script)


def test_a_long_check_is_not_thrown_away_by_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    def endless(task: Task) -> CheckResult:
        task.tell("Sur batterie.", "On battery.", permille=950)
        while True:
            task.sleep(0.1)

    monkeypatch.setattr(runs, "work_of", lambda _: endless)

    async def script(hand: Hand) -> None:
        await to_the_checks(hand)
        bench.checking.start("battery", hand.console.wake)
        hand.console.open("check")
        await hand.see("Sur batterie.")
        await hand.press("escape")
        await hand.see("19 min de test seront perdues")
        await hand.press("space", "escape")
        await hand.see("19 min de test seront perdues")
        assert bench.checking.is_running
        await hand.press("escape")
        await hand.see("Arrêté avant la fin.")

    drive(bench, script)


def red_cells(hand: Hand) -> list[int]:
    """Of each row of the screen."""
    strips = hand.console.screen._compositor.render_strips()
    return [
        sum(len(one.text) for one in strip if one.style and one.style.bgcolor
            and one.style.bgcolor.triplet == (255, 0, 0))
        for strip in strips
    ]  # fmt: skip


def test_what_was_checked_is_kept_whatever_screen_is_left_from(tmp_path: Path) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_first_question(hand)
        await pass_the_first(hand)
        await hand.press("f10")  # not by way of the verdict
        await hand.see("2 en attente")
        assert bench.noted is not None
        await hand.see(f"Code à noter sur l'étiquette : {bench.noted.digest[:12].upper()}")

    drive(bench, script)
    assert bench.noted is not None
    record = parse_payload(peek(bench.outbox.read(bench.noted.digest)).payload)
    assert [one.outcome for one in record.checks if one.name == "power-on"] == ["passed"]


def test_the_next_open_check_follows_and_a_colour_fills_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    def coloured(task: Task) -> CheckResult:
        task.tell("Regardez.", "Look.", permille=500, wanted=("A", "B"), marks=("A",))
        task.sleep(2)
        return task.by_person(task.ask("Voyez-vous du rouge ?", "Do you see red?", colour="red"))

    monkeypatch.setattr(runs, "work_of", lambda _: coloured)
    monkeypatch.setattr("agent.console.checks._COLOUR_ALONE_S", 600)

    async def script(hand: Hand) -> None:
        await to_the_checks(hand)
        await hand.press("f2")
        assert "[■■■" in await hand.see("Vues : 1 sur 2")
        while min(red := red_cells(hand)) == 0:
            await asyncio.sleep(0.05)
        assert red == [80] * 24  # no row is kept for bars or words
        await hand.press("2")  # unread
        monkeypatch.setattr("agent.console.checks._COLOUR_ALONE_S", 0)
        seen = await hand.see("Voyez-vous du rouge ?")
        assert "2. non, ça ne va pas" in seen and red_cells(hand)[0] == 80
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

    async def script(hand: Hand) -> None:
        await to_the_first_question(hand)
        await hand.press("1")
        await hand.see("La clé est pleine.")

        await hand.press("escape")
        await hand.see("[OK] Démarrage")
        monkeypatch.setattr(CheckJournal, "add", add)
        await hand.press("escape")
        await hand.see("Vérifier écran, clavier")
        await hand.press("1")  # the list opened again: it is still there, and on the stick now
        await hand.see("[OK] Démarrage")

    add = CheckJournal.add
    monkeypatch.setattr(CheckJournal, "add", full)
    drive(bench, script)
    assert [one.outcome for one in bench.checking.results] == ["passed"]
    assert bench.machine is not None
    journal = open_checks(bench.home.checks, bench.machine, bench.host, datetime.now(UTC))
    assert journal.results == bench.checking.results


def test_a_result_is_known_to_a_stick_that_comes_late_and_when_the_pc_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path / "memory")
    stick = Home(tmp_path / "stick")
    bench.inspect(lambda *_: None)
    assert bench.machine is not None
    now = datetime.now(UTC)
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    earlier, found = (msgspec.structs.replace(passed(name), taken_at=at) for name in ("fan", "screen"))
    open_checks(stick.checks, bench.machine, bench.host, now).add(earlier)  # this PC was here yesterday
    bench.checking._keep(found)
    bench.host.is_live = True
    monkeypatch.setattr(console_bench, "STICK", stick.root)
    monkeypatch.setattr(console_bench, "has_come_late", lambda *_: True)
    told = bench.adopt_stick()
    assert told is not None and told[0] == "La clé est là : tout y est gardé."
    assert open_checks(stick.checks, bench.machine, bench.host, now).results == (earlier, found)
    shutil.rmtree(stick.checks)  # pulled out
    bench.checking.recall(*of_this_visit(stick, bench.machine, bench.host, now))  # F5
    assert bench.checking.results == (earlier, found)
    other = msgspec.structs.replace(bench.machine, memory=Memory(fitted_bytes=1))
    bench.checking.recall(*of_this_visit(stick, other, bench.host, now))
    assert bench.checking.results == ()


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
