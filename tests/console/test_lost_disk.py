"""A disk that answers no more, on the screens: shown first, answered by a number, known after a restart."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from agent.capture import load
from agent.checks.lost import LOST_MOST
from agent.console import bench as console_bench
from agent.console.bench import Bench, Progress
from agent.envelope import peek
from agent.home import Home
from agent.probes.inspect import Circumstances, inspect
from agent.record import parse_payload
from agent.rules import load_profiles
from agent.visit import of_this_visit
from tests.checks.test_lost_disks import HDD, Station
from tests.console.driving import CAPTURES, Hand, drive, to_the_checks

CAPTURE = load(CAPTURES / "uefi-school-laptop")
PC = inspect(CAPTURE.host, Circumstances(now=datetime.now(UTC)))


class SameBench(Bench):
    """A captured PC, with what this station knows of it, as of a live one."""

    def inspect(self, progress: Progress) -> None:
        machine, kept = of_this_visit(self.home, PC, self.host, datetime.now(UTC))
        self.checking.recall(machine, kept)
        self.take(machine)


def bench_at(home: Home) -> SameBench:
    return SameBench(home=home, host=CAPTURE.host, profiles=load_profiles(None))


def asks(bench: Bench) -> bool:
    return any(reason.rule == "disque-disparu" for reason in bench.verdicts[0].reasons)


def test_it_is_said_to_be_out_and_a_restart_knows(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.wipe(PC, HDD)
    bench = bench_at(station.home)

    async def script(hand: Hand) -> None:
        await to_the_checks(hand)
        assert "▶  1. [ ]  Disque disparu" in hand.text() and asks(bench)
        await hand.see("ne répond plus : retirez-le du PC, puis dites-le.")
        await hand.press("enter")
        await hand.see("WD5000 WD-A. Ce disque est-il sorti du PC ?")
        await hand.press("1")
        await hand.see("Sorti du PC, dit une personne : WD5000 WD-A.")
        await hand.press("escape")
        await hand.see("[OK] Disque disparu")
        assert not asks(bench)
        await hand.press("escape")
        await hand.see("2 en attente")

    drive(bench, script)
    records = [parse_payload(peek(bench.outbox.read(one.digest)).payload) for one in bench.outbox.waiting()]
    lost = [[(one.serial, one.is_taken_out) for one in record.machine.lost_disks or ()] for record in records]
    assert lost == [[("WD-A", False)], [("WD-A", True)]]
    assert [one.outcome for one in records[1].checks if one.name == "lost-disks"] == ["passed"]
    again = bench_at(station.home)
    again.inspect(lambda *_: None)
    assert not asks(again) and again.checking.states()[0].outcome == "passed"


def test_a_bench_whose_pile_was_long_is_asked_for_the_next_ones_without_a_new_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = Station(tmp_path)
    for number in range(LOST_MOST + 2):
        station.wipe(PC, msgspec.structs.replace(HDD, serial=f"WD-{number:04}"))
    bench = bench_at(station.home)
    bench.inspect(lambda *_: None)
    monkeypatch.setattr(bench.host, "is_live", True)
    for outcome in ("not_tested", "passed"):
        bench.checking.start("lost-disks", lambda: None)
        assert bench.checking.run is not None
        while bench.checking.run.result is None and not bench.checking.run.answer("ok"):
            pass
        bench.checking.run.wait(10)
        assert bench.checking.states()[0].outcome == outcome
    assert bench.machine is not None and not asks(bench)


def test_a_word_that_the_stick_did_not_take_outlives_another_look(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.wipe(PC, HDD)
    bench = bench_at(station.home)
    bench.inspect(lambda *_: None)
    shutil.rmtree(station.home.checks, ignore_errors=True)
    station.home.checks.write_text("no folder")
    bench.checking.start("lost-disks", lambda: None)
    assert bench.checking.run is not None
    while bench.checking.run.result is None and not bench.checking.run.answer("ok"):
        pass
    bench.checking.run.wait(10)
    assert bench.checking.problem is not None and not asks(bench)
    bench.recall()
    assert not asks(bench)


def test_a_stick_that_comes_late_knows_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun by the network, with another folder."""
    stick = Station(tmp_path)
    stick.wipe(PC, HDD)
    bench = bench_at(Home(tmp_path / "memory"))
    bench.inspect(lambda *_: None)
    assert not asks(bench) and bench.machine is not None and bench.machine.lost_disks == ()
    monkeypatch.setattr(bench.host, "is_live", True)
    monkeypatch.setattr(console_bench, "STICK", stick.home.root)
    monkeypatch.setattr(console_bench, "has_come_late", lambda *_: True)
    assert bench.adopt_stick() is not None
    assert asks(bench) and bench.checking.states()[0].name == "lost-disks"
