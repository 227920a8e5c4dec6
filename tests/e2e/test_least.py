"""The least that starts, and what a PC below it is told."""

from pathlib import Path

from tests.e2e.glyphs import Font
from tests.e2e.image import MARKS, PATIENCE_S, Image, disk
from tests.e2e.pc import Pc

pytestmark = [*MARKS]


def cd(image: Image) -> list[str]:
    return ["-drive", f"if=none,id=cd,format=raw,media=cdrom,readonly=on,file={image.iso}",
            "-device", "ide-cd,drive=cd,bus=ide.1,bootindex=0"]  # fmt: skip


def test_a_32_bit_processor_is_told_so_in_french(image: Image, tmp_path: Path) -> None:
    with Pc(tmp_path / "pc", machine="pc", cpu="pentium3", cores=1, memory_mib=512, devices=cd(image)) as pc:
        pc.wait_serial("CE PC EST UN PC 32 BITS", 120)
        pc.wait_serial("A RECYCLER", 20)
        pc.press("Enter")
        pc.wait_off(60)


def test_512_mib_from_a_cd_give_a_verdict(image: Image, fonts: list[Font], tmp_path: Path) -> None:
    old = disk(tmp_path / "old.img", 64)
    devices = [*cd(image), "-drive", f"if=none,id=d0,format=raw,file={old}", "-device", "ide-hd,drive=d0,bus=ide.0"]
    with Pc(tmp_path / "pc", machine="pc", cores=1, memory_mib=512, devices=devices, fonts=fonts) as pc:
        pc.wait_screen("Étiquette du PC", PATIENCE_S)
        pc.wait_screen("Le PC est inspecté.", PATIENCE_S)
        pc.press("F2")
        lines = "\n".join(pc.wait_screen("[X] À RECYCLER"))
        assert "SANS CLÉ" in lines  # nothing can be kept from a CD
        assert "mémoire" in lines
        pc.press("F10")
        pc.wait_screen("Éteindre")
