"""Two sticks with one key, as after `dd`: both visits are kept, and the technician is told what to do about it."""

import shutil
from pathlib import Path

import pytest

from agent.envelope import peek
from agent.home import Home
from agent.inventory import desk
from agent.outbox import Outbox
from agent.record import parse_payload
from tests.console.driving import Hand, bench_of, drive
from tests.console.serving import Serving, served

pytestmark = [pytest.mark.programs, pytest.mark.loopback]


def visit(home: Path, sticker: str, *words: str) -> None:
    """One PC from its sticker to the end of its delivery, and these words on the screen then."""

    async def script(hand: Hand) -> None:
        await hand.see("Le PC est inspecté")
        await hand.type(sticker)
        await hand.press("enter", "enter", "enter")
        await hand.see("pour PC famille")
        for one in words:
            await hand.see(one)
        await hand.press("f10")
        for one in words:
            await hand.see(one)

    drive(bench_of("mini-pc-no-disk", home), script)


def stickers(serving: Serving) -> set[str | None]:
    """Of all records in the inventory's log."""
    from contextlib import closing
    from sqlite3 import connect

    with closing(connect(serving.settings.folder / "inventory.sqlite3")) as database:
        return {row[0] for row in database.execute("select sticker from records")}


@pytest.fixture
def copies(tmp_path: Path) -> tuple[Home, Home]:
    return Home(tmp_path / "first"), Home(tmp_path / "copy")


def test_the_copy_is_told_to_enrol_anew_and_then_every_record_arrives(
    tmp_path: Path, copies: tuple[Home, Home]
) -> None:
    first, copy = copies
    with served(tmp_path / "inventory") as serving:
        serving.enrol(first)
        visit(first.root, "LR-1", "rien en attente")
        shutil.copytree(first.root, copy.root)
        old_key = first.key()
        visit(first.root, "LR-2", "rien en attente")
        visit(copy.root, "LR-3", "1 refusée", "Un autre poste signe comme celui-ci", "inscrivez ce poste de nouveau")
        visit(copy.root, "LR-4", "2 refusées")
        visit(first.root, "LR-5", "rien en attente")  # the first one goes on as if there were no other
        assert stickers(serving) == {"LR-1", "LR-2", "LR-5"}
        kept = {parse_payload(peek(Outbox(copy.outbox).read(one.digest)).payload).sticker
                for one in Outbox(copy.outbox).refused()}  # fmt: skip
        assert kept == {"LR-3", "LR-4"}, "nothing is lost on the stick"
        enrol_here(copy.root, serving)
        assert copy.key().key_id != old_key.key_id and copy.key().station == old_key.station
        visit(copy.root, "LR-6", "2 refusées", "Le responsable la reprend là-bas")
        assert desk.readmit(serving.settings) == 0, "two chains are for a person to look at"
        assert desk.readmit(serving.settings, old_key.key_id) == 2
        visit(copy.root, "LR-7", "rien en attente")
        assert stickers(serving) == {f"LR-{number}" for number in range(1, 8)}
        assert not Outbox(copy.outbox).refused() and not Outbox(copy.outbox).waiting()
        visit(first.root, "LR-8", "rien en attente")


def enrol_here(home: Path, serving: Serving) -> None:
    """F6: address, no pin, the code of the person in charge."""

    async def script(hand: Hand) -> None:
        await hand.see("Le PC est inspecté")
        await hand.press("f6")
        await hand.see("Adresse de l'inventaire")
        await hand.type(serving.url)
        await hand.press("enter", "enter")
        await hand.type(desk.new_code(serving.settings))
        await hand.press("enter")
        await hand.see("[OK] Inscrit")

    drive(bench_of("mini-pc-no-disk", home), script)
