"""A bar code scanner pointed at every page: its digits and its Enter order nothing where no code is asked for."""

from pathlib import Path

import pytest

from agent.console.wall import Wall
from agent.outbox import Outbox
from tests.console.driving import FIRST_QUESTION, Hand, bench_of, drive, to_the_checks, to_the_verdict

ENDS = ["\r", "\r\n", "\r\r"]


@pytest.mark.parametrize("end", ENDS)
def test_a_sticker_scanned_on_the_verdict_or_the_end_changes_nothing(tmp_path: Path, end: str) -> None:
    """ "4" finishes on the verdict, "2" switches the PC off on the page behind it."""
    bench = bench_of("mini-pc-no-disk", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        await hand.scan(f"LR-0042{end}" * 3)
        seen = await hand.see("rien n'est à scanner ici")
        assert " Verdict " in seen.splitlines()[0]
        await hand.scan(f"4222{end}")
        assert " Verdict " in hand.text().splitlines()[0]
        await hand.press("f10")
        await hand.see("Éteindre ce PC")
        await hand.scan(f"2{end}")
        await hand.scan(f"LR-0042{end}")
        assert "Éteindre ce PC" in hand.text()

    console = drive(bench, script)
    assert console.return_value is None, "nobody switched it off"


def test_a_code_scanned_into_a_question_answers_nothing(tmp_path: Path) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_checks(hand)
        await hand.scan("4-1\r")
        assert "Mot permis" in hand.text()
        await hand.press("enter")
        await hand.see(FIRST_QUESTION)
        await hand.scan("21\r\n")
        assert FIRST_QUESTION in hand.text()
        await hand.press("1")
        await hand.see("[OK] bon")

    drive(bench, script)
    assert [one.outcome for one in bench.checking.results] == ["passed"]


def test_a_serial_that_begins_with_s_scanned_twice_stops_no_wipe(tmp_path: Path) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path)

    async def script(hand: Hand) -> None:
        await to_the_verdict(hand)
        bench.erasing.is_running = True
        hand.console.open("wall")
        await hand.see("Effacement")
        for _ in range(3):
            await hand.scan("S3Z9NB0K\r")
        page = hand.console.screen
        assert isinstance(page, Wall) and page.hand.asking == ""
        assert not list(bench.erasing.wishes.take())
        bench.erasing.is_running = False

    drive(bench, script)


def test_the_line_ends_of_one_scan_take_no_choice_on_the_page_that_follows(tmp_path: Path) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path)
    bench.name(lot="L1", operator="op7")

    async def script(hand: Hand) -> None:
        await hand.see("inspecté")
        await hand.scan("LR-0042\r\r\r")
        await hand.see("1 en attente")
        assert " Verdict " in hand.text().splitlines()[0]

    drive(bench, script)
    assert bench.desk.sticker == "LR-0042"
    assert len(Outbox(bench.home.outbox).waiting()) == 1


def test_one_sticker_scanned_three_times_is_neither_the_lot_nor_the_technician(tmp_path: Path) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path)

    async def script(hand: Hand) -> None:
        await hand.see("Étiquette du PC")
        await hand.scan("LR-0042\r\r" * 3)
        await hand.see("déjà l'étiquette de ce PC")
        assert "Un nouveau PC" in hand.text().splitlines()[0]
        await hand.scan("LOT:L1\r\n")
        await hand.scan("OP:7\r\n")
        await hand.see("1 en attente")

    drive(bench, script)
    assert (bench.desk.sticker, bench.desk.lot, bench.desk.operator) == ("LR-0042", "L1", "7")


def test_a_scanner_that_ends_its_codes_with_tab(tmp_path: Path) -> None:
    """As with Enter: each code comes where it belongs, the last one leads on; and a hand's Tab stays a Tab."""
    bench = bench_of("uefi-school-laptop", tmp_path)

    async def script(hand: Hand) -> None:
        await hand.see("inspecté")
        await hand.scan("LOT:college-9\t")
        await hand.scan("LR-0042\t")
        await hand.scan("OP:7\t")
        await hand.see("1 en attente")
        await hand.scan("LR-0042\t")
        seen = await hand.see("rien n'est à scanner ici")
        assert "▶ 1. " in seen
        await hand.press("tab")
        await hand.see("▶ 2. ")
        await hand.press("2")
        await hand.see("nvme0n1")
        await hand.scan("NOSUCH\t")
        await hand.see("Aucun disque de ce PC n'a ce numéro : NOSUCH")
        await hand.scan("NOSUCH2\t")
        await hand.see("Aucun disque de ce PC n'a ce numéro : NOSUCH2")
        await hand.scan("SQS)à\t")  # on a French keyboard what an American scanner means by SAS-0
        await hand.see("Aucun disque de ce PC n'a ce numéro : SAS-0")

    drive(bench, script)
    assert (bench.desk.sticker, bench.desk.lot, bench.desk.operator) == ("LR-0042", "college-9", "7")
