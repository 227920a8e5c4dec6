"""Disks that come or go while the PC is on the bench."""

from pathlib import Path

import pytest

from agent.capture import load
from agent.console.arrivals import SENTENCES, Arrivals, Change
from agent.console.bench import Progress
from agent.host import Host
from agent.probes.block_devices import fixed_disks
from tests.console.driving import CAPTURES, Hand, bench_of, drive

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
    told = [one.glance(names, float(at)) for at, names in enumerate([A, A, AB, ABC, ABC, ABC, ABC, ABC, ABC, ABC])]
    assert told == [None] * 7 + ["came"] + [None] * 2  # four seconds after the last one came
    one.looked_at(ABC)
    assert one.glance(ABC, 20) is None
    assert [one.glance(A, at) for at in (21, 22, 25, 26)] == [None, None, "went", None]


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
    for turn in range(8):
        names = AB if turn % 2 == 0 else A
        one.glance(names, 10.0 * turn)
        told.append(one.glance(names, 10.0 * turn + 5))
        if told[-1] in ("came", "went"):
            one.looked_at(names)
    assert told[:4] == ["came", "went", "came", "restless"] and set(told[4:]) == {None}


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
