"""The least that starts, and what a PC below it is told."""

import time
from pathlib import Path

import pytest

from tests.e2e.glyphs import Font
from tests.e2e.image import MARKS, PATIENCE_S, Image, disk
from tests.e2e.pc import SECURE, Pc

pytestmark = [*MARKS]


def cd(image: Image) -> list[str]:
    return ["-drive", f"if=none,id=cd,format=raw,media=cdrom,readonly=on,file={image.iso}",
            "-device", "ide-cd,drive=cd,bus=ide.1,bootindex=0"]  # fmt: skip


def test_a_32_bit_processor_is_told_so_in_french(image: Image, tmp_path: Path) -> None:
    with Pc(tmp_path / "pc", machine="pc", cpu="pentium3", cores=1, memory_mib=512, devices=cd(image)) as pc:
        pc.wait_serial("CE PC EST UN PC 32 BITS", 120)
        pc.wait_serial("A RECYCLER", 20)
        pc.press("Escape")
        pc.wait_off(60)


@pytest.mark.parametrize(("firmware", "memory_mib"), [(None, 256), (SECURE, 384)], ids=["BIOS", "Secure Boot"])
def test_memory_too_small_for_the_loader_is_told(
    firmware: tuple[str, str] | None, memory_mib: int, image: Image, tmp_path: Path
) -> None:
    with Pc(tmp_path / "pc", firmware=firmware, cores=1, memory_mib=memory_mib, devices=cd(image)) as pc:
        pc.wait_serial("IL MANQUE DE LA MEMOIRE dans ce PC : il en faut 512 Mio.", PATIENCE_S)
        pc.wait_serial("Touche Echap", 20)
        pc.listen(1)
        pc.press("Escape")
        pc.wait_off(60)


def test_memory_too_small_for_the_kernel_is_told(image: Image, tmp_path: Path) -> None:
    with Pc(tmp_path / "pc", machine="pc", cores=1, memory_mib=384, devices=cd(image)) as pc:
        until = time.monotonic() + PATIENCE_S
        while "IL MANQUE DE LA MÉMOIRE" not in (text := vga_text(pc)):
            assert time.monotonic() < until and pc.is_on, text
            pc.listen(1)
    assert "Mio utilisables, il en faut 512." in text and "ajoutez une barrette" in text


def vga_text(pc: Pc) -> str:
    """What stands on a BIOS PC's screen before the system brings fonts of its own: the letters in the card's memory."""
    held = pc.folder / "vga"
    pc.ask("pmemsave", filename=str(held), val=0xB8000, size=0x8000)
    return held.read_bytes()[::2].decode("cp437")


@pytest.mark.slow
def test_512_mib_from_a_cd_give_a_verdict(image: Image, fonts: list[Font], tmp_path: Path) -> None:
    old = disk(tmp_path / "old.img", 64)
    devices = [*cd(image), "-drive", f"if=none,id=d0,format=raw,file={old}", "-device", "ide-hd,drive=d0,bus=ide.0"]
    with Pc(tmp_path / "pc", machine="pc", cores=1, memory_mib=512, devices=devices, fonts=fonts) as pc:
        pc.wait_screen("Étiquette du PC", 2 * PATIENCE_S)  # little memory: parts of the system are unpacked again
        pc.wait_screen("Le PC est inspecté.", PATIENCE_S)
        pc.press("F2")
        lines = "\n".join(pc.wait_screen("[X] À RECYCLER"))
        assert "SANS CLÉ" in lines  # nothing can be kept from a CD
        assert "mémoire" in lines
        pc.press("F10")
        pc.wait_screen("Éteindre")
