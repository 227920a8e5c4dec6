"""Where disks are chosen, at 80 columns and 24 lines: none, twelve, hidden, frozen, hanging; in both languages."""

import functools
import os
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.console.bench import Bench
from agent.console.erasing import Erasing, Line
from agent.facts import Disk, HiddenStorage
from agent.host import Host
from agent.wipe import survey as survey_module
from tests.bulk.disks import surveyed
from tests.console.driving import Hand, bench_of, drive
from tests.console.test_erasing import LoopBench, OwnDisk
from tests.wipe.loops import loop, needs_loops

BOTH = pytest.mark.parametrize("lang", ["fr", "en"])


async def to_the_disks(hand: Hand, lang: str) -> None:
    await hand.press("f2")
    await hand.see("Wipe the disks" if lang == "en" else "Effacer les disques")
    await hand.press("2")


def shows(bench: Bench, lang: str, fr: str, en: str) -> None:
    async def script(hand: Hand) -> None:
        await to_the_disks(hand, lang)
        await hand.see(en if lang == "en" else fr)
        assert all(len(line) <= 80 for line in hand.screen())

    drive(bench, script)


@BOTH
def test_no_disk_but_the_stick(tmp_path: Path, lang: str) -> None:
    shows(
        bench_of("mini-pc-no-disk", tmp_path, lang), lang,
        "Aucun disque n'est vu dans ce PC. S'il en contient un : éteignez-le, vérifiez les câbles",
        "No disk is seen in this PC. If there is one in it: switch it off, check the disk's cables",
    )  # fmt: skip


@BOTH
def test_a_hidden_disk(tmp_path: Path, lang: str) -> None:
    shows(
        bench_of("vmd-hides-the-disk", tmp_path, lang), lang,
        "(mode RAID, RST ou VMD) : il ne serait PAS effacé. Mettez le stockage en AHCI",
        "(RAID, RST or VMD mode): it would NOT be wiped. Set storage to AHCI",
    )  # fmt: skip


@BOTH
def test_a_hidden_disk_on_the_verdicts_page(tmp_path: Path, lang: str) -> None:
    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("A disk may be hidden. Set storage to AHCI in the BIOS" if lang == "en" else
                       "Un disque est peut-être caché. Passez le stockage en mode AHCI dans le BIOS")  # fmt: skip

    drive(bench_of("vmd-hides-the-disk", tmp_path, lang), script)


@BOTH
def test_a_disk_that_is_plugged_in_and_does_not_answer(tmp_path: Path, lang: str) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path, lang)

    async def script(hand: Hand) -> None:
        await hand.see("has been looked at" if lang == "en" else "Le PC est inspecté.")
        silent = HiddenStorage(kind="silent-disk", evidence="SATA link ata3 up", controller="ata3")
        assert bench.machine is not None
        bench.take(msgspec.structs.replace(bench.machine, hidden_storage=(silent,)))
        await hand.press("f2")
        told = (
            "A disk is plugged in but does not answer." if lang == "en" else "Un disque est branché mais ne répond pas."
        )
        await hand.see(told)
        await hand.press("2")
        await hand.see("it will NOT be wiped" if lang == "en" else "il ne sera PAS effacé")
        assert "RST" not in hand.text()

    drive(bench, script)


class Twelve(Erasing):
    def look(self) -> None:
        self.lines = tuple(
            Line(disk=surveyed(f"WD-WX{number:02}A1234567", f"sd{chr(97 + number)}")) for number in range(12)
        )


@BOTH
def test_twelve_disks_can_all_be_read_with_the_page_key(tmp_path: Path, lang: str) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path, lang)
    bench.erasing = Twelve(bench)

    async def script(hand: Hand) -> None:
        await to_the_disks(hand, lang)
        await hand.see("12 disks can be wiped" if lang == "en" else "12 disques peuvent être effacés")
        more = "Page Down: more." if lang == "en" else "Touche « Page suivante » : la suite."
        await hand.see(more)
        serials = set()
        for _ in range(12):
            text = hand.text()
            serials |= {f"WD-WX{number:02}A1234567" for number in range(12) if f"WD-WX{number:02}A1234567" in text}
            await hand.press("pagedown")
            await hand.pilot.pause(0.3)
        assert len(serials) == 12
        hand.console.show_status()
        await hand.pilot.pause(0.2)
        assert more not in hand.text(), "this is the end"

    drive(bench, script)


@BOTH
def test_a_frozen_disk(tmp_path: Path, lang: str) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path, lang)
    bench.erasing = Twelve(bench)
    taken = Bench.take

    def take(machine: Any) -> None:
        frozen = Disk(name="sdc", kind="hdd", removable=False, is_security_frozen=True)
        taken(bench, msgspec.structs.replace(machine, disks=(frozen,)))

    bench.take = take  # type: ignore[method-assign]

    async def script(hand: Hand) -> None:
        await to_the_disks(hand, lang)
        await hand.see("F4 unfreeze" if lang == "en" else "F4 dégeler")
        await hand.see("keeps this disk from erasing itself. F4 unfreezes it" if lang == "en" else
                       "empêche ce disque de s'effacer lui-même. F4 le dégèle")  # fmt: skip

    drive(bench, script)


@needs_loops
@BOTH
def test_a_disk_that_hangs_is_told_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    may_end = threading.Event()

    def hanging(descriptor: int, *_: object, **__: object) -> None:
        may_end.wait(30)

    patient = functools.partial(survey_module.survey, family=hanging, timeout_s=1.0)
    monkeypatch.setattr(survey_module, "survey", patient)
    path = tmp_path / f"HANG{os.getpid()}.img"
    path.touch()
    os.truncate(path, 1 << 20)
    home = tmp_path / "home"
    bench = LoopBench(
        home=bench_of("mini-pc-no-disk", home).home, host=Host(), profiles=bench_of("mini-pc-no-disk", home).profiles,
        home_option=str(home), lang=lang,
    )  # fmt: skip
    bench.erasing = OwnDisk(bench, allow_virtual=True)
    bench.erasing.own = path.stem
    with loop(path):
        shows(bench, lang, "ne répond plus depuis 1 s. Débranchez-le", "has not answered for 1 s. Unplug it")
        may_end.set()
        for thread in threading.enumerate():
            if thread.name.startswith("look-"):
                thread.join(10)
