"""The technician's view is killed while a disk is erased: the worker stops, the view is back, the erasure goes on."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e.glyphs import Font
from tests.e2e.image import MARKS, PATIENCE_S, Image, Stick, disk
from tests.e2e.pc import Pc
from tests.e2e.shell import Shell
from tests.e2e.technician import erase, to_the_verdict

pytestmark = [*MARKS]
SIZE_MIB, SLOW = 96, ",throttling.bps-write=2000000"  # so that there is a middle
WORKERS = "grep -la '[a]gent.wipe.worker' /proc/[0-9]*/cmdline 2>/dev/null | wc -l"


def test_the_view_is_killed_amid_an_erasure(
    image: Image, new_stick: Callable[[], Stick], fonts: list[Font], tmp_path: Path
) -> None:
    stick, old = new_stick(), disk(tmp_path / "old.img", SIZE_MIB)
    devices = [
        *stick.words(), "-drive", f"if=none,id=d0,format=raw,file={old}{SLOW}",
        "-device", "ide-hd,drive=d0,bus=ide.0,serial=CRASH-1,rotation_rate=7200", *image.straight(),
    ]  # fmt: skip
    with Pc(tmp_path / "pc", cores=1, devices=devices, fonts=fonts) as pc:
        shell = Shell.open(pc, PATIENCE_S)
        to_the_verdict(pc, "LR-0165")
        erase(pc, "CRASH-1", told="Scannez le numéro de série")
        pc.wait_screen("réécriture", PATIENCE_S)
        shell.tell("systemctl kill --signal=KILL --kill-whom=main rebond-console@tty1")
        pc.wait_screen("Étiquette du PC", PATIENCE_S)
        assert shell.tell(WORKERS) == "0"
        assert old.read_bytes().count(b"donated data") > 0
        to_the_verdict(pc, "LR-0165")
        erase(pc, "CRASH-1", told="son effacement a commencé et n'a pas de fin")
        pc.wait_screen("Prouvés : 1 sur 1", PATIENCE_S)
    assert b"donated data" not in old.read_bytes()
