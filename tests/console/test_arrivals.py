"""Disks that come or go while the PC is on the bench."""

import threading
from pathlib import Path

import msgspec
import pytest

from agent.bulk.roll import Roll
from agent.capture import load
from agent.console.arrivals import SENTENCES, Arrivals, Change
from agent.console.bench import Progress
from agent.facts import Disk
from agent.host import Host
from agent.probes.block_devices import fixed_disks
from tests.console.driving import CAPTURES, Hand, bench_of, drive
from tests.console.test_disks_told import to_the_disks
from tests.console.test_erasing import composed_bench
from tests.probes.standin import pc

A, AB, ABC = frozenset("a"), frozenset("ab"), frozenset("abc")


@pytest.mark.parametrize(("capture", "found"), [
    ("bios-desktop-failing-disk", {"sda"}), ("mini-pc-no-disk", set()), ("netbook-emmc-2g", {"mmcblk0"}),
])  # fmt: skip
def test_only_disks_that_are_fixed_in_the_pc_and_ready_count(capture: str, found: set[str]) -> None:
    """Beside a stick, in a PC that has nothing else, beside the boot areas of an eMMC."""
    assert fixed_disks(load(CAPTURES / capture).host) == found


def test_what_comes_counts_once_it_is_steady_and_is_told_once() -> None:
    one = Arrivals()
    one.looked_at(A)
    told = [one.glance(names, float(at)) for at, names in enumerate([A, A, AB, ABC, ABC, ABC, ABC, ABC])]
    assert told == [None] * 7 + ["came"]  # four seconds after the last one came
    one.looked_at(ABC)
    assert [one.glance(ABC, at) for at in (20, 30)] == [None, None]
    assert [one.glance(A, at) for at in (31, 32, 35)] == [None, None, "went"]


def test_a_change_that_could_not_be_followed_at_once_is_not_forgotten() -> None:
    """The countdown began, or a check, in the moment in which it was noticed."""
    one = Arrivals()
    one.looked_at(A)
    assert [one.glance(AB, at) for at in (0, 5, 600)] == [None, "came", "came"]


def test_nothing_changes_before_the_pc_was_looked_at() -> None:
    one = Arrivals()
    assert [one.glance(names, at) for at, names in ((0, A), (10, AB), (20, AB))] == [None] * 3


def test_a_disk_that_blinks_is_no_change() -> None:
    one = Arrivals()
    one.looked_at(AB)
    assert [one.glance(names, at) for at, names in ((0, AB), (1, A), (2, A), (3, AB), (9, AB))] == [None] * 5


def test_a_disk_that_comes_and_goes_does_not_have_the_pc_looked_at_for_ever() -> None:
    one, told = Arrivals(), []
    one.looked_at(A)
    for turn in range(12):
        names = AB if turn % 2 == 0 else A
        one.glance(names, 10.0 * turn)
        told.append(one.glance(names, 10.0 * turn + 5))
        if told[-1] in ("came", "went"):
            one.looked_at(names)
    assert told == ["came", "went"] * 3 + ["restless"] + [None] * 5
    one.looked_at(A)  # F5: the cable is mended
    assert one.glance(A, 200) is None
    assert one.glance(AB, 1000) is None and one.glance(AB, 1005) == "came"


def test_disks_that_are_changed_on_a_bench_all_day_accuse_no_cable() -> None:
    one = Arrivals()
    one.looked_at(A)
    for turn in range(20):
        names, at = (AB if turn % 2 == 0 else A), 300.0 * turn
        one.glance(names, at)
        assert one.glance(names, at + 5) == ("came" if turn % 2 == 0 else "went")
        one.looked_at(names)


def test_another_disk_under_the_same_name_is_another_disk(tmp_path: Path) -> None:
    """Changed while others were erased, or quicker than a glance."""
    laid = {"/sys/block/sda/size": "1000\n", "/sys/block/sda/removable": "0\n", "/sys/block/sda/diskseq": "7\n"}
    one = Arrivals()
    one.looked_at(fixed_disks(pc(tmp_path / "pc", laid)))
    after = fixed_disks(pc(tmp_path / "pc", laid | {"/sys/block/sda/diskseq": "12\n"}))
    assert one.glance(after, 0) is None and one.glance(after, 5) == "came"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_pc_is_looked_at_again(lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path, lang)
    looked, changes, inspect = [0], list[Change](), bench.inspect

    def counted(progress: Progress) -> None:
        looked[0] += 1
        inspect(progress)

    monkeypatch.setattr(bench, "inspect", counted)
    monkeypatch.setattr(bench, "disks_changed", lambda: changes.pop() if changes else None)

    async def script(hand: Hand) -> None:
        await hand.see("Le PC est inspecté." if lang == "fr" else "The PC has been looked at.")
        for change, times in (("went", 2), ("came", 3), ("restless", 3)):
            changes.append(change)  # type: ignore[arg-type] # one of them
            await hand.see(SENTENCES[change][lang == "en"])  # type: ignore[index] # one of them
            await hand.see("Le PC est inspecté." if lang == "fr" else "The PC has been looked at.")
            assert looked == [times]

    drive(bench, script)


def test_disks_that_are_being_erased_come_and_go_unwatched(tmp_path: Path) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)
    bench.host = Host()
    bench._arrivals = Arrivals(_seen=frozenset({"one"}), _now=fixed_disks(Host()), _since_s=-60)
    bench.erasing.is_running = True
    assert bench.disks_changed() is None
    bench.erasing.is_running = False
    assert bench.disks_changed() in ("came", "went")


def test_from_the_countdown_on_nothing_else_asks_the_disks_anything(tmp_path: Path) -> None:
    bench = composed_bench(tmp_path)
    bench.host = Host()
    bench._arrivals = Arrivals(_seen=frozenset({"one"}), _now=fixed_disks(Host()), _since_s=-60)
    bench.erasing.look()
    bench.erasing.want(("S0BPLAIN002",))
    assert bench.disks_changed() in ("came", "went")
    roll = Roll(bench.erasing.chosen(), operator="op7")
    roll.hear("S0BPLAIN002")
    bench.erasing.roll = roll
    assert roll.asks == "countdown" and bench.disks_changed() is None
    roll.tick(typed=True)
    assert bench.disks_changed() in ("came", "went")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_nothing_is_erased_while_the_pc_is_looked_at(lang: str, tmp_path: Path) -> None:
    bench, may_end = composed_bench(tmp_path), threading.Event()
    bench.lang = lang

    async def script(hand: Hand) -> None:
        await to_the_disks(hand, lang)
        await hand.see("S0BPLAIN002")
        bench.name(operator="op7")
        bench.inspect = lambda progress: may_end.wait(30)  # type: ignore[method-assign, assignment, return-value] # slow
        hand.console.look()
        bench.erasing.want(("S0BPLAIN002",))
        await hand.press("f9")
        await hand.see("Rebond is looking at this PC: wait." if lang == "en" else "Rebond regarde ce PC : attendez.")
        assert bench.erasing.roll is None
        may_end.set()

    drive(bench, script)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_disk_that_came_stands_in_the_list_and_what_was_confirmed_is_asked_anew(lang: str, tmp_path: Path) -> None:
    bench = bench_of("bios-desktop-failing-disk", tmp_path, lang)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand, lang)
        assert bench.machine is not None and bench.machine.disks
        await hand.see(bench.machine.disks[0].serial or "?")
        bench.erasing.wanted = ("S1",)
        came = Disk(name="sdz", serial="CAME-LATE", model="Exemple", removable=False)
        bench.take(msgspec.structs.replace(bench.machine, disks=(*bench.machine.disks, came)))
        await hand.see("CAME-LATE")
        await hand.see("The disks were looked at again: scan them." if lang == "en" else
                       "Les disques ont été regardés de nouveau : scannez-les.")  # fmt: skip
        assert bench.erasing.wanted == ()

    drive(bench, script)
