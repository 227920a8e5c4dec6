"""An old BIOS desktop whose SATA disk says of itself that it fails: what QEMU's own disks cannot say."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.bay import WHY_NOT, bay
from tests.e2e.glyphs import Font
from tests.e2e.image import MARKS, PATIENCE_S, Stick
from tests.e2e.pc import Pc
from tests.wipe.twins.ata import AtaTwin, Faults
from tests.wipe.twins.smart import WORN_OUT

pytestmark = [*MARKS, pytest.mark.skipif(WHY_NOT is not None, reason=f"no simulated SATA disk: {WHY_NOT}")]


def test_the_verdict_says_what_the_disk_says(new_stick: Callable[[], Stick], fonts: list[Font], tmp_path: Path) -> None:
    stick = new_stick()
    twin = AtaTwin(
        native=49152, visible=49152, serial="WD-WCAS0001", model="WDC WD1600AAJS-00B4A0", is_ssd=False, smart=WORN_OUT,
        faults=Faults(is_fixed_format=True),
    )  # fmt: skip
    with ExitStack() as targets:
        devices = [*stick.words(boot=0), *bay([twin], targets)]
        with Pc(
            tmp_path / "pc", machine="pc", cpu="core2duo", cores=1, memory_mib=1024, devices=devices, fonts=fonts
        ) as pc:
            pc.wait_screen("Le PC est inspecté.", PATIENCE_S)
            pc.press("F2")
            pc.wait_screen("[X] À RECYCLER")
            told = set[str]()
            for _ in range(8):
                told |= set(pc.screen())
                pc.press("PageDown")
                pc.listen(2)
            pc.screendump(tmp_path / "verdict.png")
    text = " ".join("\n".join(told).split())
    assert "Le disque annonce lui-même une panne." in text, "\n".join(told)
    assert "secteurs difficiles à lire : 88" in text, "\n".join(told)
    assert 0xB0 in twin.sent and not set(twin.sent) - {0xB0, 0xEC, 0x27, 0xF8}  # looked at, and nothing changed
