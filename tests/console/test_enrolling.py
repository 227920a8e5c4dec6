"""A code is good once: never spent twice, never on an enrolment that the station could not keep."""

import time
from pathlib import Path

import pytest

from agent import joining
from agent.console.bench import Bench
from agent.errors import StorageError
from agent.home import Home
from agent.host import Host
from agent.settings import InventoryAt
from agent.upload import Enrolled
from tests.console.driving import Hand, bench_of, drive

ENROLLED = Enrolled(station="s", tenant="t", origin="o", log_public_key=bytes(32), name="poste 1")


def test_a_scanner_with_two_line_ends_sends_the_code_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[InventoryAt, str]] = []

    def join(_: Bench, at: InventoryAt, code: str) -> Enrolled:
        sent.append((at, code))
        time.sleep(0.3)
        return ENROLLED

    monkeypatch.setattr(Bench, "join", join)

    async def script(hand: Hand) -> None:
        await hand.press("f6")
        await hand.see("Code donné")
        await hand.scan("http://10.0.0.2:8642\r")
        await hand.press("enter")
        await hand.scan("KèA?)éXVD\r\r\n")  # an American scanner, a French keyboard
        await hand.see("[OK] Inscrit : poste 1")
        await hand.press("enter")
        await hand.see("Il manque le code")

    drive(bench_of("mini-pc-no-disk", tmp_path), script)
    assert sent == [(InventoryAt(url="http://10.0.0.2:8642", pin=None), "K7QM-2XVD")]


@pytest.mark.parametrize("is_full_before", [True, False])
def test_a_stick_without_room_costs_no_code_or_says_that_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_full_before: bool
) -> None:
    home, asked = Home(tmp_path), []
    home.key()

    def enrol(*_: object, **__: object) -> Enrolled:
        asked.append(1)
        (tmp_path / "trust").rename(tmp_path / "gone")  # pulled out while the inventory answered
        (tmp_path / "trust").write_text("")
        return ENROLLED

    def full(*_: object) -> None:
        raise StorageError(fr="Plus de place.", en="No room left.")

    monkeypatch.setattr(joining, "enrol", enrol)
    if is_full_before:
        monkeypatch.setattr(Home, "check_room", full)
    with pytest.raises(StorageError) as caught:
        joining.join(home, Host(), "K7QM-2XVD", url="http://10.0.0.2")
    assert len(asked) == (not is_full_before)
    assert ("autre code" in caught.value.fr) == (not is_full_before)
    assert not list(tmp_path.glob(".room*"))
