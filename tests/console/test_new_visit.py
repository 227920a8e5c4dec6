"""Another visit of a PC that was checked days ago: asked once more, and what was found then stays in its records."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from agent.checks.journal import CheckJournal
from agent.checks.results import CheckResult
from agent.console import bench as console_bench
from agent.console.bench import Bench
from agent.envelope import peek
from agent.errors import StorageError
from agent.home import Home
from agent.record import Record, parse_payload
from agent.visit import open_checks
from tests.checks.standing import passed
from tests.console.driving import (
    Hand,
    bench_of,
    drive,
    keeps_nothing,
    pass_the_first,
    to_the_checks,
    to_the_first_question,
    to_the_verdict,
)


def records(bench: Bench) -> list[Record]:
    return [parse_payload(peek(bench.outbox.read(one.digest)).payload) for one in bench.outbox.waiting()]


async def begin_anew(hand: Hand) -> None:
    await hand.press("f6")
    await hand.see("Oui, tout vérifier de nouveau")
    await hand.press("2")


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
def test_a_new_visit_is_asked_once_more_and_loses_nothing(tmp_path: Path, size: tuple[int, int]) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_first_question(hand)
        assert "F6" not in hand.text()
        await pass_the_first(hand)
        await hand.see("F6 nouvelle visite")
        await hand.see("2 en attente")
        await hand.press("f6")
        seen = " ".join((await hand.see("Tests déjà faits : 1.")).split())
        assert "restent dans les fiches" in seen and "▶ 1. Non, garder ces résultats" in seen
        await hand.press("enter")  # one key too many does nothing
        await hand.see("[OK] Démarrage")
        await begin_anew(hand)
        await hand.see("Nouvelle visite : tous les tests sont à refaire.")
        await hand.see("Mot permis sur l'étiquette : trié")
        assert "[ ]  Démarrage" in hand.text() and "F6" not in hand.text()
        await hand.see("3 en attente")

    drive(bench, script, size)
    told = [[one.outcome for one in record.checks if one.name == "power-on"] for record in records(bench)]
    assert told == [[], ["passed"], []]
    (kept,) = sorted(bench.home.checks.rglob("*.log"))
    assert b'"passed"' in kept.read_bytes()
    again = bench_of("uefi-school-laptop", tmp_path)  # another start

    async def later(hand: Hand) -> None:
        await to_the_checks(hand)
        await hand.see("[ ]  Démarrage")

    drive(again, later)


def test_in_english(tmp_path: Path) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_first_question(hand)
        await pass_the_first(hand)
        await hand.see("2 en attente")
        await hand.press("f12", "f6")
        seen = " ".join((await hand.see("Checks done: 1.")).split())
        assert "stay in the records" in seen and "▶ 1. No, keep these results" in seen
        await hand.press("2")
        await hand.see("New visit: every check is to be done again.")

    drive(bench, script)


def test_results_that_no_record_holds_are_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        monkeypatch.setattr(Bench, "note", keeps_nothing)
        bench.checking._keep(passed("fan"))
        await hand.press("1")
        await hand.see("Mot permis")
        await begin_anew(hand)
        await hand.see("ne sont pas encore dans une fiche")
        await hand.see("Plus de place dans")
        assert [one.name for one in bench.checking.results] == ["fan"]

    drive(bench, script)


def test_an_end_that_the_stick_does_not_take_is_told_and_the_visit_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    def full(self: CheckJournal, now: datetime) -> None:
        raise StorageError(fr="La clé est pleine.", en="The stick is full.")

    async def script(hand: Hand) -> None:
        await to_the_first_question(hand)
        await pass_the_first(hand)
        await hand.see("2 en attente")
        monkeypatch.setattr(CheckJournal, "close", full)
        await begin_anew(hand)
        await hand.see("La clé est pleine.")
        await hand.press("1")
        await hand.see("[OK] Démarrage")
        monkeypatch.undo()
        await begin_anew(hand)
        await hand.see("Nouvelle visite")

    drive(bench, script)


def test_a_stick_that_comes_late_does_not_bring_the_earlier_visit_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, stick = bench_of("uefi-school-laptop", tmp_path / "memory"), Home(tmp_path / "stick")
    bench.inspect(lambda *_: None)
    assert bench.machine is not None
    now = datetime.now(UTC)

    def found(name: str) -> CheckResult:
        return msgspec.structs.replace(passed(name), taken_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"))

    open_checks(stick.checks, bench.machine, bench.host, now).add(found("fan"))  # this PC was here yesterday
    bench.checking._keep(found("power-on"))
    bench.checking.begin_anew()
    bench.checking._keep(found("screen"))
    bench.host.is_live = True
    monkeypatch.setattr(console_bench, "STICK", stick.root)
    monkeypatch.setattr(console_bench, "has_come_late", lambda *_: True)
    told = bench.adopt_stick()
    assert told is not None and told[0] == "La clé est là : tout y est gardé."
    assert [one.name for one in bench.checking.results] == ["screen"]
    assert [one.name for one in open_checks(stick.checks, bench.machine, bench.host, now).results] == ["screen"]
    (first, second) = sorted(stick.checks.rglob("*.log"))
    assert b'"fan"' in first.read_bytes() and b'"fan"' not in second.read_bytes()
