"""A keyboard on which F keys, arrows or Escape are dead: everything is still within reach."""

from pathlib import Path

import pytest

from agent.console.page import Page
from agent.console.pages import all_pages
from tests.console.driving import Hand, bench_of, drive


def at(hand: Hand, name: str) -> bool:
    page = hand.console.screen
    return isinstance(page, Page) and page.name_of == name


async def choose(hand: Hand, label: str) -> None:
    """From the menu, by its number, as shown."""
    await hand.press("ctrl+t")
    seen = await hand.see(label)
    (line,) = [line for line in seen.splitlines() if label in line and ". " in line]
    await hand.press(line.split(".")[0].strip(" ▶"))
    await hand.pilot.pause(0.25)


def test_every_screen_is_reached_with_digits_alone(tmp_path: Path) -> None:
    async def script(hand: Hand) -> None:
        await hand.see("Étiquette du PC")
        await choose(hand, "inscrire")
        assert at(hand, "enrol")
        await choose(hand, "retour")
        assert at(hand, "start")
        await choose(hand, "English")
        await hand.see("Sticker of the PC")
        await choose(hand, "français")
        await choose(hand, "sans étiquette")
        await hand.see("1 en attente")
        await choose(hand, "revoir")
        await hand.see("pour PC famille")
        await hand.press("3")
        await hand.see("1/7")
        await choose(hand, "feuille suivante")
        await hand.see("2/7")
        await choose(hand, "retour")
        await hand.press("2")
        await hand.see("Numéro de série" if hand.console.bench.desk.operator else "Code du technicien")
        await choose(hand, "méthode")
        assert hand.console.bench.erasing.method == "overwrite" and at(hand, "wipe")
        await choose(hand, "retour")
        await choose(hand, "finir, éteindre")
        await hand.see("Éteindre ce PC")
        await hand.press("4")
        await hand.pilot.pause(0.25)
        assert at(hand, "verdict")

    drive(bench_of("uefi-school-laptop", tmp_path), script)


def test_tab_stands_for_the_arrows(tmp_path: Path) -> None:
    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("▶ 1. ")
        await hand.press("tab", "tab")
        await hand.see("▶ 3. ")
        await hand.press("shift+tab")
        await hand.see("▶ 2. ")

    drive(bench_of("mini-pc-no-disk", tmp_path), script)


@pytest.mark.parametrize("name", sorted(set(all_pages()) - {"start", "check", "countdown", "code", "keys"}))
def test_every_screen_shows_its_menu(tmp_path: Path, name: str) -> None:
    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("pour PC famille")
        hand.console.open(name)
        await hand.pilot.pause(0.3)
        assert "Ctrl+T menu" in hand.text()
        await hand.press("f1")
        await hand.see("Une touche ne marche pas")
        await hand.press("escape")
        await hand.pilot.pause(0.1)
        assert at(hand, name)

    drive(bench_of("mini-pc-no-disk", tmp_path), script)
