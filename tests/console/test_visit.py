"""From the sticker to the record: the technician's way through the console, screen by screen."""

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from agent.console import bench as console_bench
from agent.console import leaving
from agent.envelope import peek
from agent.outbox import Outbox
from agent.record import parse_payload
from agent.visit import Noted, note_visit
from tests.console.driving import Hand, bench_of, drive, to_the_verdict


def test_scan_look_verdict_record(tmp_path: Path) -> None:
    bench = bench_of("bios-desktop-failing-disk", tmp_path)

    async def script(hand: Hand) -> None:
        assert "Scannez l'étiquette" in await hand.see("Étiquette du PC")
        await hand.type("LR-0042")
        await hand.press("enter")
        await hand.type("college-3")
        await hand.press("enter")
        await hand.type("op7")
        await hand.press("enter")
        seen = await hand.see("À RÉPARER - pour PC famille")
        assert "mettre un SSD" in seen and "██" in seen
        await hand.see("1 en attente")
        await hand.press("f10")
        await hand.see("La fiche est gardée sur ce PC. Ce poste n'est inscrit à aucun inventaire")
        await hand.see("Code à noter")

    drive(bench, script)
    (waiting,) = Outbox(tmp_path / "outbox").waiting()
    record = parse_payload(peek(Outbox(tmp_path / "outbox").read(waiting.digest)).payload)
    assert (record.kind, record.sticker, record.lot, record.operator) == ("triage", "LR-0042", "college-3", "op7")
    assert record.verdicts[0]["outcome"] == "repair"


def test_only_what_is_on_a_stick_is_said_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "STICK", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        await hand.press("f10")
        await hand.see("La fiche est gardée sur la clé.")

    drive(bench_of("mini-pc-no-disk", tmp_path), script)


def test_a_code_says_itself_where_it_belongs(tmp_path: Path) -> None:
    """A lot's bar code, scanned with the cursor on the sticker's line."""
    bench = bench_of("mini-pc-no-disk", tmp_path)

    async def script(hand: Hand) -> None:
        await hand.see("Étiquette du PC")
        await hand.type("LOT:college-9")
        await hand.press("enter")
        await hand.type("OP:7")
        await hand.press("enter")
        await hand.type("LR-1")
        await hand.press("enter")
        await hand.see("pour PC famille")

    drive(bench, script)
    assert (bench.desk.sticker, bench.desk.lot, bench.desk.operator) == ("LR-1", "college-9", "7")


def test_escape_loses_nothing(tmp_path: Path) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path)

    async def script(hand: Hand) -> None:
        await hand.see("Étiquette du PC")
        await hand.type("LR-2")
        await hand.press("escape", "escape", "f2")  # F2: go on without a sticker, said on purpose
        await hand.see("pour PC famille")
        await hand.see("1 en attente")
        await hand.press("f2")
        await hand.see("1/7")
        await hand.press("escape", "escape", "escape")
        await hand.see("Étiquette du PC")
        await hand.press("f2")
        await hand.see("pour PC famille")
        assert "1 en attente" in hand.text()  # the same record, not a second one

    drive(bench, script)
    assert bench.desk.sticker == ""


def test_another_sticker_makes_another_record(tmp_path: Path) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        await hand.press("escape")
        await hand.see("Étiquette du PC")
        await hand.type("LR-3")
        await hand.press("enter", "enter", "enter")
        await hand.see("2 en attente")

    drive(bench, script)


def test_a_sticker_scanned_while_a_slow_stick_keeps_the_record_makes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path)
    is_slow = threading.Event()

    def slowly(*facts: Any, **more: Any) -> Noted:
        noted = note_visit(*facts, **more)
        is_slow.wait(20)
        return noted

    monkeypatch.setattr(console_bench, "note_visit", slowly)

    async def script(hand: Hand) -> None:
        await hand.type("LR-1")
        await hand.press("enter", "enter", "enter")
        await hand.see("pour PC famille")
        await hand.press("escape", "up", "up")
        bench.name(sticker="")
        hand.console.screen.query_one("#sticker", Input).value = "LR-9"
        await hand.press("enter", "enter", "enter")
        await hand.see("pour PC famille")
        is_slow.set()
        await hand.see("2 en attente")

    drive(bench, script)
    assert bench.noted is not None
    assert parse_payload(peek(bench.outbox.read(bench.noted.digest)).payload).sticker == "LR-9"


def test_the_end_of_a_wipe_is_kept_where_the_technician_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path)
    is_slow = threading.Event()

    def slowly(*facts: Any, **more: Any) -> Noted:
        is_slow.wait(20)
        return note_visit(*facts, **more)

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        await hand.press("f10")
        await hand.see("Code à noter")
        monkeypatch.setattr(console_bench, "note_visit", slowly)
        bench.take_after_wipe(())  # as a session does at its end, whatever screen is open
        await hand.see("La fiche de ce PC se garde : attendez un instant.")
        assert "Aucune fiche" not in hand.text() and "Code à noter" not in hand.text()
        await hand.press("1")
        await hand.see("La fiche de ce PC sera PERDUE. Choisissez encore une fois")
        is_slow.set()
        await hand.see("2 en attente")
        await hand.see("Code à noter")

    drive(bench, script)


def test_a_wipe_that_ends_leaves_the_pointer_on_nothing_that_switches_off(tmp_path: Path) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        bench.erasing.is_running = True
        await hand.press("f10")
        await hand.see("▶ 1. Voir l'effacement")
        bench.erasing.is_running = False
        await hand.see("Éteindre ce PC")
        assert "▶ 4. Revenir" in hand.text()
        await hand.press("enter")
        await hand.see("pour PC famille")

    drive(bench, script)


@pytest.mark.parametrize("size", [(80, 24), (106, 33), (160, 50)])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_details_show_facts_and_proofs(size: tuple[int, int], lang: str, tmp_path: Path) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path, lang)

    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("for Family PC" if lang == "en" else "pour PC famille")
        await hand.press("f2")
        await hand.see("1/7")
        await hand.press("tab")
        assert "[ok]" in await hand.see("2/7")
        await hand.press("pagedown")
        await hand.press("shift+tab")
        await hand.see("1/7")

    drive(bench, script, size)


def test_a_small_screen_is_told(tmp_path: Path) -> None:
    async def script(hand: Hand) -> None:
        await hand.see("trop petit")

    drive(bench_of("mini-pc-no-disk", tmp_path), script, (60, 20))


def test_a_full_or_closed_folder_costs_the_record_not_the_verdict(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    bench = bench_of("mini-pc-no-disk", tmp_path / "home")

    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("pour PC famille")
        await hand.see("PAS gardée")

    drive(bench, script)


def test_every_probe_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.probes import inspect

    def broken(*_: object) -> None:
        raise RuntimeError("a probe's surprise")

    names = [name for name, _ in inspect.registry(is_live=False)]
    monkeypatch.setattr(inspect, "registry", lambda *, is_live: tuple((name, broken) for name in names))

    async def script(hand: Hand) -> None:
        await hand.press("f2")
        assert "À VÉRIFIER" in await hand.see("pour PC famille")

    drive(bench_of("mini-pc-no-disk", tmp_path), script)


def test_the_language_changes_in_place(tmp_path: Path) -> None:
    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("pour PC famille")
        await hand.press("f12")
        seen = await hand.see("for Family PC")
        assert "To do" in seen and "À faire" not in seen

    drive(bench_of("bios-desktop-failing-disk", tmp_path), script)
