"""The technician's view is killed while a disk is erased: the worker stops, the view is back, the erasure goes on."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e.glyphs import Font
from tests.e2e.image import MARKS, PATIENCE_S, Image, Stick, disk
from tests.e2e.pc import Pc
from tests.e2e.shell import Shell

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
        erase(pc)
        pc.wait_screen("réécriture", PATIENCE_S)
        shell.tell("systemctl kill --signal=KILL --kill-whom=main rebond-console@tty1")
        pc.wait_screen("Étiquette du PC", PATIENCE_S)
        assert shell.tell(WORKERS) == "0"
        assert old.read_bytes().count(b"donated data") > 0
        erase(pc, "son effacement a commencé et n'a pas de fin")
        pc.wait_screen("Prouvés : 1 sur 1", PATIENCE_S)
    assert b"donated data" not in old.read_bytes()


def erase(pc: Pc, told: str = "Scannez le numéro de série") -> None:
    pc.wait_screen("Le PC est inspecté.", PATIENCE_S)
    pc.scan("LR-0165")
    pc.wait_screen("LR-0165")
    pc.press("Enter")  # no lot
    pc.type("op-7")
    pc.press("Enter")
    pc.wait_screen("[X] À RECYCLER")
    pc.type("2")
    pc.wait_screen(told, PATIENCE_S)
    pc.scan("CRASH-1")
    pc.wait_screen("1 disque")
    pc.press("F9")
    pc.wait_screen("tout va être effacé")
