"""The station's stick in a booted PC: absent, late, pulled out. The image's own files are made by hand here."""

from pathlib import Path

import pytest

from agent.console import bench as bench_module
from agent.console import stick
from agent.console.bench import Bench
from agent.console.stick import settle, warning
from agent.errors import StorageError
from agent.home import Home
from agent.host import Host
from agent.outbox import Outbox
from tests.console.driving import Hand, bench_of, drive, to_the_verdict


class Image(Host):
    """A PC that our image runs on; `files` are what its scripts wrote."""

    def __init__(self, **files: str) -> None:
        super().__init__()
        self.files = {"/proc/cmdline": "rebond.ram", "/proc/mounts": "none / rootfs rw 0 0\n"} | {
            f"/run/rebond/{name}": text for name, text in files.items()
        }

    def text(self, path: str) -> str | None:
        return self.files.get(path)

    def exists(self, path: str) -> bool:
        return path in self.files


@pytest.mark.parametrize(
    ("word", "at_stick", "told"),
    [
        ("ready", True, None),
        (None, True, "CLÉ RETIRÉE"),
        ("absent", True, "CLÉ RETIRÉE"),
        ("read-only", True, "LECTURE SEULE"),
        ("second", True, "DEUX CLÉS"),
        (None, False, "SANS CLÉ"),
        ("absent", False, "CLÉ RETIRÉE"),
        ("damaged", False, "ABÎMÉE"),
    ],
)
def test_the_top_bar_says_what_is_wrong_with_the_stick(
    word: str | None, at_stick: bool, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if at_stick:
        monkeypatch.setattr(stick, "STICK", tmp_path)
    host = Image(**({"data": word} if word else {}))
    home = Home(tmp_path)
    said = warning(host, home)
    assert (said is None) if told is None else (said is not None and told in said[0])


def test_a_late_stick_is_waited_for_and_then_done_without(tmp_path: Path) -> None:
    slept: list[float] = []
    settle(Image(), str(tmp_path), slept.append, lambda: sum(slept))
    assert stick.PATIENCE_S <= sum(slept) < stick.PATIENCE_S + 1
    slept.clear()
    settle(Image(data="ready"), str(tmp_path), slept.append, lambda: sum(slept))
    assert not slept


def test_disks_whose_drivers_are_still_being_loaded_are_waited_for(tmp_path: Path) -> None:
    """The PC is looked at when this has ended: a disk of a slow SAS card must not be missing from what is seen."""
    host, slept = Image(data="ready"), list[float]()
    host.files[stick.QUEUE] = ""

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) > 7:
            host.files.pop(stick.QUEUE, None)

    settle(host, str(tmp_path), sleep, lambda: sum(slept))
    assert 7 < sum(slept) < 8
    slept.clear()
    host.files[stick.QUEUE] = ""
    settle(host, str(tmp_path), slept.append, lambda: sum(slept))  # a driver that never ends
    assert stick.DEVICES_PATIENCE_S <= sum(slept) < stick.DEVICES_PATIENCE_S + 1


def test_a_stick_that_comes_after_the_start_gets_what_waits_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path / "memory")
    monkeypatch.setattr(bench_module, "STICK", tmp_path / "stick")
    has_come = [False]
    monkeypatch.setattr(bench_module, "has_come_late", lambda *_: has_come[0])
    bench.host.is_live = True
    monkeypatch.setattr(bench_module, "settle", lambda *_: bench.home)
    monkeypatch.setattr(bench_module, "warning", lambda *_: None)

    async def script(hand: Hand) -> None:
        await hand.see("Étiquette du PC")
        await hand.type("LR-0042")
        await hand.press("enter", "enter", "enter")
        await hand.see("1 en attente")
        has_come[0] = True
        await hand.see("La clé est là")
        has_come[0] = False
        await hand.see("1 en attente")

    drive(bench, script)
    assert bench.home.root == tmp_path / "stick"
    (before,) = Outbox(tmp_path / "memory" / "outbox").waiting()
    (after,) = Outbox(tmp_path / "stick" / "outbox").waiting()
    assert before.digest == after.digest


def _late_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Booted without a stick, which comes at once."""
    bench = bench_of("mini-pc-no-disk", tmp_path / "memory")
    bench.host.is_live = True
    monkeypatch.setattr(bench_module, "STICK", tmp_path / "stick")
    monkeypatch.setattr(bench_module, "settle", lambda *_: bench.home)
    monkeypatch.setattr(bench_module, "warning", lambda *_: None)
    monkeypatch.setattr(bench_module, "has_come_late", lambda *_: bench.home.root != tmp_path / "stick")
    return bench


def test_a_late_stick_gets_the_journals_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = _late_bench(tmp_path, monkeypatch)
    for name in ("wipes/a.journal", "sessions/b.json"):
        (tmp_path / "memory" / name).parent.mkdir(parents=True)
        (tmp_path / "memory" / name).write_text(name)
    assert bench.adopt_stick() == ("La clé est là : tout y est gardé.", "The stick is here: all is kept on it.")
    assert bench.home.root == tmp_path / "stick"
    for name in ("wipes/a.journal", "sessions/b.json"):
        assert (tmp_path / "stick" / name).read_text() == name


def test_a_late_stick_that_is_full_stops_neither_the_records_nor_their_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = _late_bench(tmp_path, monkeypatch)
    (tmp_path / "stick").write_text("takes nothing")

    async def script(hand: Hand) -> None:
        await hand.see("ne prend pas ce qui attend")
        await to_the_verdict(hand)

    drive(bench, script)
    assert bench.home.root == tmp_path / "memory" and len(bench.outbox.waiting()) == 1


def test_a_read_only_stick_that_comes_late_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stick, "_is_mounted", lambda: True)
    assert stick.has_come_late(Image(data="ready"), Home(tmp_path))
    assert not stick.has_come_late(Image(data="read-only"), Home(tmp_path))


def test_what_a_pulled_stick_holds_is_neither_gone_nor_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path)
    out = [False]
    monkeypatch.setattr(Bench, "is_stick_out", property(lambda _: out[0]))

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        out[0] = True
        await hand.see("fiches : ?")
        await hand.press("f10")
        seen = await hand.see("La fiche est sur la clé, qui est retirée")
        assert "PERDUE" not in seen
        out[0] = False
        await hand.see("1 en attente")

    drive(bench, script)
    out[0] = True
    told = bench.tell(StorageError(fr="/x est en lecture seule. Ôtez la protection de la clé.", en="x is read-only."))
    assert told == "La clé est retirée. Rebranchez-la."


def test_pulled_out_is_told_by_the_mount(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stick, "_is_mounted", lambda: False)
    assert stick.is_out(Image(), Home(stick.STICK)) and not stick.is_out(Image(), Home(tmp_path))
    monkeypatch.setattr(stick, "_is_mounted", lambda: True)
    assert not stick.is_out(Image(), Home(stick.STICK))


def test_what_only_memory_holds_is_switched_off_on_purpose_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bench, "is_in_memory", property(lambda _: True))

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        await hand.press("f10")
        await hand.see("2. Éteindre ce PC")
        await hand.press("2")
        await hand.see("seront PERDUES")
        assert hand.console.return_value is None
        await hand.press("2")
        await hand.pilot.pause(0.3)

    assert drive(bench_of("mini-pc-no-disk", tmp_path), script).return_value == "off"
