"""A stick that is full, read-only or pulled out while it is used: real file systems, really mounted and really gone."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.console import bench as bench_module
from agent.console import leaving, stick
from agent.console.bench import Bench
from agent.home import Home
from agent.outbox import Outbox
from tests.console.driving import Hand, bench_of, drive, to_the_verdict
from tests.console.serving import served
from tests.wipe.loops import needs_loops

pytestmark = [pytest.mark.programs, pytest.mark.loopback, needs_loops]


class Stick:
    """An ext4 of 1 MiB, over a file, on a folder in which nothing else can be written: as the image mounts it."""

    def __init__(self, folder: Path) -> None:
        self._image = folder / "stick.img"
        self._image.touch()
        os.truncate(self._image, 1 << 20)
        _run("mkfs.ext4", "-q", "-b", "1024", "-m", "0", self._image)
        self._parent = folder / "mnt"
        self.place = self._parent / "stick"

    def __enter__(self) -> "Stick":
        self._parent.mkdir()
        _run("mount", "-t", "tmpfs", "-o", "size=16k,mode=755", "rebond", self._parent)
        self.place.mkdir()
        _run("mount", "-o", "remount,ro", self._parent)
        self.plug_in()
        return self

    def __exit__(self, *_: object) -> None:
        for place in (self.place, self._parent):
            with contextlib.suppress(subprocess.CalledProcessError):
                _run("umount", "-l", place)

    def plug_in(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", self._image, self.place)

    def pull_out(self) -> None:
        _run("umount", "-l", self.place)

    def lock(self, how: str) -> None:
        """ "ro" or "rw": the switch on its side."""
        _run("mount", "-o", f"remount,{how}", self.place)

    def fill(self) -> None:
        with contextlib.suppress(OSError), (self.place / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))

    def make_room(self) -> None:
        (self.place / "filler").unlink()


def _run(*words: str | Path) -> None:
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stick]:
    with Stick(tmp_path) as plugged:
        for module in (bench_module, stick, leaving):
            monkeypatch.setattr(module, "STICK", plugged.place)
        yield plugged


def bench_on(plugged: Stick) -> Bench:
    """Our image runs here, and the station's folder is on this stick."""
    bench = bench_of("mini-pc-no-disk", plugged.place)
    bench.home_option, bench.host.is_live = str(plugged.place), True
    for name, text in (("proc/cmdline", "rebond.ram"), ("run/rebond/data", "ready")):
        path = bench.host.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return bench


async def record_is_only_in_memory(hand: Hand, why: str, sign: str) -> None:
    """The sentence, the top bar, and nothing that loses the record by one key."""
    await hand.see("pour PC famille")
    await hand.see(f"La fiche n'est PAS gardée. {why}".strip())
    await hand.see(sign)
    await hand.press("f10")
    await hand.see("n'est que dans sa mémoire : elle sera PERDUE s'il s'éteint")
    await hand.see(why)
    await hand.press("1")
    seen = await hand.see("À noter à la main")
    assert "Lenovo" in seen and "À RÉPARER" in seen and "Étiquette : -" in seen
    await hand.press("space", "2")
    await hand.see("La fiche de ce PC sera PERDUE. Choisissez encore une fois")
    assert hand.console.return_value is None
    await hand.press("f12")
    await hand.see("in its memory only: it will be LOST")
    await hand.press("f12")


async def record_is_kept_now(hand: Hand) -> None:
    seen = await hand.see("La fiche est gardée sur la clé.")
    await hand.see("1 en attente")
    assert "PAS gardée" not in seen


def test_full(plugged: Stick) -> None:
    bench = bench_on(plugged)

    async def script(hand: Hand) -> None:
        await hand.see("Le PC est inspecté")
        plugged.fill()
        await hand.press("f2")
        await record_is_only_in_memory(hand, "Plus de place dans", "CLÉ PLEINE")
        plugged.make_room()
        await record_is_kept_now(hand)

    drive(bench, script)
    assert len(Outbox(plugged.place / "outbox").waiting()) == 1


def test_what_the_inventory_holds_leaves_a_full_stick(plugged: Stick, tmp_path: Path) -> None:
    home = Home(plugged.place)
    with served(tmp_path / "inventory") as serving:
        serving.enrol(home)

        async def deliver(hand: Hand) -> None:
            await hand.press("f2")
            await hand.see("rien en attente")
            await hand.press("f10")
            await hand.see("[OK] La fiche est à l'inventaire.")

        drive(bench_on(plugged), deliver)
        drive(bench_on(plugged), deliver)
    assert len(Outbox(home.outbox).archived()) == 2  # one alone leaves hardly the room for the next
    plugged.fill()

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)

    drive(bench_on(plugged), script)
    assert len(Outbox(home.outbox).waiting()) == 1


def test_read_only(plugged: Stick) -> None:
    bench = bench_on(plugged)

    async def script(hand: Hand) -> None:
        await hand.see("Le PC est inspecté")
        plugged.lock("ro")
        await hand.press("f2")
        await record_is_only_in_memory(hand, "", "CLÉ EN LECTURE SEULE")  # then the folder, perhaps broken by a line
        await hand.see("est en lecture seule. Rien n'est perdu. Ôtez la protection de la clé")
        plugged.lock("rw")
        await record_is_kept_now(hand)

    drive(bench, script)
    assert len(Outbox(plugged.place / "outbox").waiting()) == 1


def test_pulled_out_before_the_record(plugged: Stick) -> None:
    bench = bench_on(plugged)

    async def script(hand: Hand) -> None:
        await hand.see("Le PC est inspecté")
        plugged.pull_out()
        (bench.host.root / "run/rebond/data").write_text("absent\n")
        await hand.press("f2")
        await record_is_only_in_memory(hand, "La clé est retirée. Rebranchez-la.", "CLÉ RETIRÉE : rebranchez-la")
        plugged.plug_in()
        (bench.host.root / "run/rebond/data").write_text("ready\n")
        await record_is_kept_now(hand)

    drive(bench, script)
    assert len(Outbox(plugged.place / "outbox").waiting()) == 1


def test_another_stick_signs_with_its_own_key(plugged: Stick, tmp_path: Path) -> None:
    """Kept under the first one's key, its records would be a second chain of that key."""
    bench = bench_on(plugged)
    other = tmp_path / "other"
    other.mkdir()

    async def script(hand: Hand) -> None:
        await hand.see("Le PC est inspecté")
        first = bench.key().key_id
        plugged.pull_out()
        (bench.host.root / "run/rebond/data").write_text("absent\n")
        await hand.see("CLÉ RETIRÉE")
        with Stick(other) as second:
            _run("umount", second.place)
            _run("mount", "-o", "loop", second._image, plugged.place)
            (bench.host.root / "run/rebond/data").write_text("ready\n")
            await hand.see("rien en attente")
            await to_the_verdict(hand)
            (waiting,) = bench.outbox.waiting()
            assert waiting.key_id == bench.key().key_id != first

    drive(bench, script)
