"""What a beginner sees at 80 columns and 24 lines, and on less: nothing cut off that is needed, nothing misleading."""

from pathlib import Path

import pytest

from agent.bulk.roll import Roll
from agent.console.page import Page, Shortcut
from agent.console.verdict import VerdictPage
from agent.errors import StorageError
from tests.console.driving import Hand, bench_of, drive, to_the_checks, to_the_verdict


def test_a_list_longer_than_its_lines_is_one_line_each(tmp_path: Path) -> None:
    """A long reason took a second line, and the last checks fell off the screen."""

    async def script(hand: Hand) -> None:
        await to_the_checks(hand)
        seen = await hand.see("  20. ")
        numbers = [line.split(".")[0].strip(" ▶") for line in seen.splitlines() if ". " in line[:7]]
        assert numbers == [str(number) for number in range(1, 21)]

    drive(bench_of("vmd-hides-the-disk", tmp_path), script)


def test_a_hidden_disk_is_told_where_disks_are_wiped(tmp_path: Path) -> None:
    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("Effacer les disques")
        await hand.press("2")
        seen = await hand.see("ne serait PAS effacé")
        assert "AHCI" in seen

    drive(bench_of("vmd-hides-the-disk", tmp_path), script)


@pytest.mark.parametrize("count", [1, 12, 70])
def test_the_countdown_names_every_disk_or_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    class Counting(Roll):
        asks = "countdown"  # type: ignore[assignment] # its property

        def __init__(self) -> None:
            super().__init__((), operator="op7")

    bench = bench_of("mini-pc-no-disk", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        bench.erasing.wanted = tuple(f"SERIAL-{number:04}-LONG" for number in range(count))
        bench.erasing.roll = Counting()
        hand.console.open("countdown")
        seen = await hand.see("SERIAL-0000-LONG")
        named = sum(f"SERIAL-{number:04}-LONG" in seen for number in range(count))
        assert named == count or f"et {count - named} autres" in seen
        assert "██" in seen

    drive(bench, script)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_no_key_is_cut_off_the_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    keys = [Shortcut(f"f{number}", f"F{number}", f"action {number}", f"act {number}") for number in range(1, 13)]
    monkeypatch.setattr(VerdictPage, "shortcuts", lambda _: [*keys, Shortcut("escape", "Échap", "retour", "back")])

    async def script(hand: Hand) -> None:
        await hand.press("f2")
        seen = await hand.see("Esc back" if lang == "en" else "Échap retour")
        assert all(f"F{number} {'act' if lang == 'en' else 'action'} {number}" in seen for number in range(1, 13))

    drive(bench_of("mini-pc-no-disk", tmp_path, lang), script)


def test_a_wipe_that_does_not_begin_shows_no_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stick was pulled out between two sessions: the first one's proof is not the second one's."""
    from agent.console import erasing as module

    bench = bench_of("mini-pc-no-disk", tmp_path)

    def full(*_: object, **__: object) -> None:
        raise StorageError(fr="Plus de place.", en="No room.")

    class Said(Roll):
        armed = object()  # type: ignore[assignment] # its property

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        monkeypatch.setattr(module, "authorised_anew", full)
        bench.erasing.roll = Said((), operator="op7")
        bench.erasing.done = object()  # type: ignore[assignment] # an earlier session's end
        with pytest.raises(StorageError):
            bench.erasing.begin()

    drive(bench, script)
    assert bench.erasing.done is None and not bench.erasing.is_running


def test_a_disks_serial_is_no_technician(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("Effacer les disques")
        await hand.press("2")
        await hand.see("Code du technicien")
        await hand.see("nvme0n1")
        lines = bench.erasing.lines or ()
        await hand.scan(f"{lines[0].token}\r")
        await hand.see("C'est le numéro d'un disque")
        await hand.scan("OP:7\r")
        await hand.see("Numéro de série")

    drive(bench, script)
    assert bench.desk.operator == "7"


def test_a_screen_that_grows_is_drawn_anew(tmp_path: Path) -> None:
    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("Écran trop petit")
        assert "1. Vérifier" in hand.text()
        await hand.pilot.resize_terminal(80, 24)
        seen = await hand.see("4. Finir")
        assert "trop petit" not in seen and isinstance(hand.console.screen, Page)

    drive(bench_of("mini-pc-no-disk", tmp_path), script, (40, 12))
