"""Disks erased from the screens: on loop devices, by the real worker, to the signed records."""

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from agent.bulk import roll
from agent.capture import load
from agent.claims import standing_of
from agent.console.bench import Bench, Progress
from agent.console.erasing import Erasing, Line
from agent.console.stick import STICK
from agent.envelope import peek
from agent.home import Home
from agent.host import Host
from agent.outbox import Outbox
from agent.probes.inspect import Circumstances, inspect
from agent.record import Record, parse_payload
from agent.rules import load_profiles
from agent.wipe.job import Job
from agent.wipe.job import Progress as OfDisk
from agent.wipe.journal import Journal, Opened
from agent.wipe.supervisor import Seat
from tests.bulk.disks import MOUNTED, chosen, media, surveyed
from tests.bulk.test_noting import BEGAN, END, FOUND_LYING, journal
from tests.console.driving import CAPTURES, Hand, bench_of, drive
from tests.wipe.loops import loop, needs_loops

MIB = 1 << 20


class LoopBench(Bench):
    """This machine's loop devices beside the facts of a captured PC without a disk."""

    def inspect(self, progress: Progress) -> None:
        capture = load(CAPTURES / "mini-pc-no-disk")
        seen = inspect(capture.host, Circumstances(now=datetime.now(UTC), mac_key=None), progress)
        self.take(msgspec.structs.replace(seen, disks=()))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A loop device whose serial is its file's stem, with a megabyte of old data."""
    path = tmp_path / f"F{random.SystemRandom().randrange(10**8):08}.img"
    path.write_bytes(random.Random(1).randbytes(MIB))
    os.truncate(path, 64 * MIB)
    with contextlib.ExitStack() as stack:
        stack.enter_context(loop(path))
        yield path


class OwnDisk(Erasing):
    """Other tests' loop devices are none of this one's business."""

    own: str = ""

    def look(self) -> None:
        super().look()
        self.lines = tuple(line for line in self.lines or () if line.token == self.own)


def loop_bench(folder: Path, disk: Path) -> Bench:
    home = folder / "home"
    bench = LoopBench(home=Home(home), host=Host(), profiles=load_profiles(None), home_option=str(home))
    bench.erasing = OwnDisk(bench, allow_virtual=True)
    bench.erasing.own = disk.stem
    return bench


def records(bench: Bench) -> list[Record]:
    outbox = Outbox(bench.home.outbox)
    return [parse_payload(peek(outbox.read(one.digest)).payload) for one in outbox.waiting()]


def test_an_end_that_a_crash_kept_from_paper_is_told_when_the_disks_are_looked_at(tmp_path: Path) -> None:
    bench = LoopBench(home=Home(tmp_path), host=Host(), profiles=load_profiles(None), home_option=str(tmp_path))
    bench.erasing = OwnDisk(bench)
    bench.inspect(lambda *_: None)
    bench.home.wipes.mkdir(parents=True)
    journal(bench.home.wipes, 1, "2026-11-23T08:00:00Z", BEGAN, END)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("agent.console.erasing.running_wipes", lambda _: 1)
        bench.erasing.look()
        assert records(bench) == []  # another session may be about to write it
        patched.setattr("agent.console.erasing.running_wipes", lambda _: 0)
        bench.erasing.look()
        bench.erasing.look()
    (record,) = records(bench)
    assert record.erasures[0].why[-1].rule == "told-late"


@needs_loops
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_disk_that_lied_to_this_station_is_told_where_disks_are_chosen(tmp_path: Path, disk: Path, lang: str) -> None:
    bench = loop_bench(tmp_path, disk)
    bench.lang = lang
    bench.home.wipes.mkdir(parents=True)
    path = bench.home.wipes / f"{1:032x}.journal"
    lying = Job(id=path.stem, media=media(disk.stem, model="loop"), plan=chosen("A").plan, journal=str(path))
    made = Journal.create(path, Opened(job=lying, at="2026-11-23T08:00:00Z"))
    for entry in FOUND_LYING:
        made.add(entry)
    made.close()

    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("Wipe the disks" if lang == "en" else "Effacer les disques")
        await hand.press("2")
        seen = " ".join((await hand.see("LIAR" if lang == "en" else "MENTEUR")).split())
        assert ("nothing it says is proof. Destroy it." if lang == "en" else "Détruisez-le.") in seen

    drive(bench, script)
    assert [line.is_free for line in bench.erasing.lines or ()] == [True], "erasing it is still better than nothing"


def arm(bench: Bench, serial: str) -> None:
    """As the screens do it, without waiting."""
    bench.erasing.want((serial,))
    called = bench.erasing.call_roll()
    while called.asks == "countdown":
        called.tick(typed=False)


async def to_the_disks(hand: Hand, operator: str = "op7") -> None:
    await hand.see("Étiquette du PC")
    await hand.type("LR-0042")
    await hand.press("enter", "enter")
    if operator:
        await hand.type(operator)
    await hand.press("enter")
    await hand.see("Effacer les disques")
    await hand.press("2")


@needs_loops
@pytest.mark.programs
def test_scanned_counted_down_erased_proven(tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll, "COUNTDOWN_S", 1)
    bench = loop_bench(tmp_path, disk)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand)
        assert "F9" not in (await hand.see(disk.stem)).splitlines()[-1]
        await hand.press("f9")  # nothing is confirmed yet
        await hand.type("nothing")
        await hand.press("enter")
        await hand.see("Aucun disque de ce PC n'a ce numéro")
        await hand.type(disk.stem)
        await hand.press("enter")
        assert "F9 EFFACER" in await hand.see("1 disque à effacer")
        await hand.press("enter")  # a scanner's second line end begins nothing
        assert "1 disque à effacer" in hand.text()
        await hand.press("f9")
        await hand.see("tout va être effacé")
        await hand.see("Prouvés : 1 sur 1")
        assert "Bordereau signé" in hand.text()
        await hand.press("enter")
        await hand.see("Voir le résultat")

    drive(bench, script)
    assert disk.read_bytes()[:MIB] != random.Random(1).randbytes(MIB)
    kinds = [(one.kind, standing_of(one.erasures[0]) if one.erasures else "") for one in records(bench)]
    assert kinds[:3] == [("triage", ""), ("wipe", "begun"), ("wipe", "certificate")]
    assert all(one.operator == "op7" and one.sticker == "LR-0042" for one in records(bench))
    assert len(list(bench.home.sessions.iterdir())) == 1 and not bench.erasing.wanted


@needs_loops
@pytest.mark.programs
@pytest.mark.parametrize("key", ["escape", "f12", "enter", "x", "f10"])
def test_any_key_stops_the_countdown(tmp_path: Path, disk: Path, key: str) -> None:
    bench = loop_bench(tmp_path, disk)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand)
        await hand.see(disk.stem)
        await hand.type(disk.stem)
        await hand.press("enter", "f9")
        await hand.see("tout va être effacé")
        await hand.press(key)
        seen = await hand.see("Rien n'a été touché")
        assert " Verdict " in seen.splitlines()[0], "the key did nothing else"

    drive(bench, script)
    assert disk.read_bytes()[:MIB] == random.Random(1).randbytes(MIB) and not bench.home.wipes.exists()


@needs_loops
@pytest.mark.programs
def test_an_erasure_goes_on_behind_other_screens_and_stops_when_asked_twice(
    tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roll, "COUNTDOWN_S", 1)
    bench = loop_bench(tmp_path, disk)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand)
        await hand.see(disk.stem)
        await hand.type(disk.stem)
        await hand.press("enter", "f9")
        await hand.see("p : pause")
        await hand.press("p")
        await hand.see("en pause")
        await hand.press("escape")
        await hand.see("Voir l'effacement en cours")
        await hand.see("effacement 0/1")  # in the top bar
        await hand.press("f10")
        await hand.see("attendez sa fin")
        assert "Éteindre" not in hand.text()
        await hand.press("1")
        await hand.see("p : reprendre")
        await hand.press("S")
        await hand.see("Arrêter TOUS les disques ?")
        await hand.press("S")
        await hand.see("Prouvés : 0 sur 1", 600)

    drive(bench, script)
    assert not bench.erasing.fates[0].is_proven
    # Looked at anew, the disk is one to go on with: its journal has no end.
    bench.erasing.look()
    (line,) = [one for one in bench.erasing.lines or () if one.token == disk.stem]
    assert line.met is not None
    arm(bench, disk.stem)
    bench.erasing.begin()
    assert bench.erasing.fates[0].is_proven


@pytest.mark.parametrize(("ended", "left", "fr", "en"), [
    (0, (None, None), "effacement 0/2", "wiping 0/2"),
    (0, (300, None), "effacement 0/2", "wiping 0/2"),  # one does not tell: no promise
    (0, (300, 85), "effacement 0/2, reste 5:00", "wiping 0/2, 5:00 left"),
    (1, (None, 85), "effacement 1/2, reste 1:25", "wiping 1/2, 1:25 left"),
])  # fmt: skip
def test_the_top_bar_counts_disks_and_promises_no_less_time_than_the_slowest_takes(
    ended: int, left: tuple[int | None, ...], fr: str, en: str, tmp_path: Path
) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)
    bench.erasing.is_running = True
    bench.erasing.seats = tuple(
        Seat(job=None, media=None, child=None, state="ended" if place < ended else "running",  # type: ignore[arg-type] # not asked
             progress=OfDisk(phase="verifying", permille=999, eta_s=eta_s))
        for place, eta_s in enumerate(left)
    )  # fmt: skip
    assert (bench.erasing.status("fr"), bench.erasing.status("en")) == (fr, en)


def test_the_operator_is_asked_and_a_captured_pc_has_nothing_to_erase(tmp_path: Path) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand, operator="")
        await hand.see("Code du technicien")
        await hand.type("op9")
        await hand.press("enter")
        await hand.see("Numéro de série :")
        seen = await hand.see("non :")
        assert "F9" not in seen and "Aucun disque ne peut être effacé ici" in seen

    drive(bench, script)
    assert bench.desk.operator == "op9" and bench.erasing.free == ()


class RamHost(Host):
    """The image's command line; everything else as here."""

    def text(self, path: str) -> str | None:
        if path == "/proc/cmdline":
            return "rebond.ram rebond.medium=none"
        if path == "/proc/mounts":
            return "none / rootfs rw 0 0\n"
        return super().text(path)


@needs_loops
@pytest.mark.programs
def test_without_a_stick_nothing_begins_that_the_inventory_does_not_know(
    tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.console import bench as module

    monkeypatch.setattr(module, "Host", RamHost)
    bench = loop_bench(tmp_path, disk)
    bench.inspect(lambda *_: None)
    bench.desk = replace(bench.desk, operator="op7")
    assert bench.home.root != STICK
    bench.erasing.look()
    arm(bench, disk.stem)
    bench.erasing.begin()
    (fate,) = bench.erasing.fates
    assert not fate.is_proven and "inventaire" in fate.exceptions()[-1].fr
    assert disk.read_bytes()[:MIB] == random.Random(1).randbytes(MIB)


def test_the_wall_is_drawn_within_80_columns(tmp_path: Path) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await hand.see("Étiquette du PC")
        hand.console.open("wall")
        await hand.see("L'effacement n'a pas commencé")  # nothing was armed
        await asyncio.sleep(0)
        assert all(len(line) <= 80 for line in hand.screen())

    drive(bench, script)


class Composed(Erasing):
    """Disks of our own composing: one that is a member of an array."""

    def look(self) -> None:
        self.wanted, self.roll = (), None
        member = replace(surveyed("S0AMEMBER01"), is_member=True, found=("linux_raid_member",))
        mounted = surveyed("WCC4N7", "sdc", refusals=(MOUNTED,))
        alike = surveyed("WD-WCC4N7", "sdd")
        plain = surveyed("S0BPLAIN002", "sdb")
        self.lines = tuple(Line(disk=disk) for disk in (member, plain, mounted, alike))


def composed_bench(folder: Path) -> Bench:
    bench = bench_of("uefi-school-laptop", folder)
    bench.erasing = Composed(bench, argv=("/bin/false",))
    return bench


def test_a_yes_says_nothing_to_a_plan_that_was_changed_meanwhile(tmp_path: Path) -> None:
    bench = composed_bench(tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand)
        await hand.see("S0AMEMBER01")
        await hand.type("S0AMEMBER01")
        await hand.press("enter", "f9")
        asked = " ".join((await hand.see("« oui » pour confirmer")).split())
        assert "L'effacer peut détruire les données des autres disques de l'ensemble." in asked  # none of it is cut
        await hand.press("f3")  # another method: nothing is confirmed any more
        await hand.see("Numéro de série :")
        assert "[X]" not in hand.text() and bench.erasing.roll is None
        await hand.type("oui")
        await hand.press("enter")
        await hand.see("Aucun disque de ce PC n'a ce numéro : oui")

    drive(bench, script)
    assert not bench.erasing.is_running and bench.erasing.done is None


def test_a_countdown_whose_disks_are_looked_at_again_begins_nothing_and_locks_no_screen(tmp_path: Path) -> None:
    bench = composed_bench(tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand)
        await hand.see("S0BPLAIN002")
        await hand.type("S0BPLAIN002")
        await hand.press("enter", "f9")
        await hand.see("tout va être effacé")
        bench.erasing.look()  # one that was asked for before, and took its time
        await hand.see("Rien n'a été touché")
        assert " Verdict " in hand.text().splitlines()[0]

    drive(bench, script)
    assert bench.erasing.done is None


def test_the_number_of_a_refused_disk_never_confirms_one_that_is_like_it(tmp_path: Path) -> None:
    bench = composed_bench(tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand)
        await hand.see("WD-WCC4N7")
        await hand.type("WCC4N7")
        await hand.press("enter")
        await hand.see("sdz est utilisé.")
        assert "[X]" not in hand.text() and not bench.erasing.wanted

    drive(bench, script)


def test_a_code_that_is_still_being_scanned_when_the_countdown_begins_stops_it(tmp_path: Path) -> None:
    bench = composed_bench(tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand)
        await hand.see("S0BPLAIN002")
        await hand.type("S0BPLAIN002")
        await hand.press("enter", "f9")
        await hand.see("tout va être effacé")
        hand.console.pace.heard("sign", time.monotonic())  # the sign that the page before it took
        await hand.scan("7")
        await hand.see("Rien n'a été touché")

    drive(bench, script)
    assert bench.erasing.done is None


def test_neither_a_disk_nor_a_lot_signs_as_the_technician(tmp_path: Path) -> None:
    bench = composed_bench(tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand, operator="")
        await hand.see("Code du technicien")
        for typed, told in (("S0BPLAIN002", "C'est le numéro d'un disque"), ("LOT:c9", "pas le code d'un technicien")):
            await hand.scan(f"{typed}\r")
            await hand.see(told)
        assert not bench.desk.operator
        await hand.scan("OP:7\r")
        await hand.see("Numéro de série :")

    drive(bench, script)
    assert bench.desk.operator == "7"
