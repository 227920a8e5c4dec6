"""A PC without a screen, driven over its serial port, whose clock lost its battery; an inventory under a certificate of
its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

from agent.inventory.tls import read_certificate
from tests.e2e.image import MARKS, PATIENCE_S, Image, Stick, disk
from tests.e2e.inventory import NETWORK, Inventory
from tests.e2e.pc import Pc, PowerFailure

pytestmark = [*MARKS]
F6, F10, UP, ENTER, ESCAPE = "\x1b[17~", "\x1b[21~", "\x1b[A", "\r", "\x1b"


class Terminal:
    """80x24 at the other end of the cable."""

    def __init__(self, pc: Pc) -> None:
        self.pc, self.at = pc, 0
        self.screen = pyte.Screen(80, 24)
        self.stream = pyte.ByteStream(self.screen)

    def wait(self, words: str, timeout_s: float = 180) -> str:
        """The screen, once these words stand on it."""
        for _ in range(int(timeout_s * 2)):
            self.pc.listen(0.5)
            self.stream.feed(bytes(self.pc.log[self.at :]))
            self.at = len(self.pc.log)
            shown = "\n".join(line.rstrip() for line in self.screen.display)
            if words in shown:
                return shown
            if not self.pc.is_on:
                break
        raise PowerFailure(f"{words!r} is not on the terminal:\n{shown}")


@pytest.fixture
def inventory(tmp_path: Path) -> Iterator[Inventory]:
    with Inventory(tmp_path, is_tls=True) as inventory:
        yield inventory


def test_a_pc_without_a_screen_and_without_the_time(
    image: Image, new_stick: Callable[[], Stick], inventory: Inventory, tmp_path: Path
) -> None:
    stick = new_stick()
    pin = read_certificate(inventory.settings.folder).pin
    at = f"inventory: {{url: {inventory.seen_from_pc}, pin: {pin}}}"
    stick.write("settings.yaml", f"station: Banc 4\n{at}\nlot: lot-4\nprofiles: [famille-linux]\n")
    old = disk(tmp_path / "old.img", 64)
    devices = [
        *stick.words(), *NETWORK, "-device", "e1000,netdev=n0", "-rtc", "base=2001-01-01T00:00:00",
        "-drive", f"if=none,id=d0,format=raw,file={old}", "-device", "ide-hd,drive=d0,bus=ide.0,serial=OLD-1",
        *image.straight(entry=3),
    ]  # fmt: skip
    with Pc(tmp_path / "pc", cores=1, devices=devices) as pc:
        terminal = Terminal(pc)
        terminal.wait("Étiquette du PC", PATIENCE_S)
        terminal.wait("Le PC est inspecté.", PATIENCE_S)
        pc.say(F6)
        terminal.wait("Mots de ce poste")
        pc.say(inventory.new_code() + ENTER)
        terminal.wait("[OK] Inscrit : Banc 4.")
        pc.say(ESCAPE)
        terminal.wait("Étiquette du PC")
        pc.say("LR-0200" + ENTER)
        terminal.wait("LR-0200")
        pc.say("op-7" + ENTER)
        terminal.wait("[X] À RECYCLER")
        (record,) = inventory.wait_for_records(1)
        pc.say(F10)
        terminal.wait("[OK] La fiche est à l'inventaire.")
        terminal.wait("2. Éteindre ce PC")
        pc.say("2")
        pc.wait_off()
    clock = record["machine"]["clock"]
    assert clock["is_rtc_wrong"] is True and clock["rtc"].startswith("2001-01-01")
    # systemd lifts the clock to its own build date, months before ours, which is believed instead.
    assert clock["believed_from"] == "built" and clock["believed"] == clock["built"] > clock["system"]
    assert "pile" in [reason["rule"] for reason in record["verdicts"][0]["reasons"]]
    assert (record["sticker"], record["operator"]) == ("LR-0200", "op-7")
