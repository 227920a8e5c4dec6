"""What a technician does at the screen, step by step, each step seen before the next."""

from tests.e2e.image import PATIENCE_S
from tests.e2e.pc import Pc


def to_the_verdict(pc: Pc, sticker: str) -> None:
    """The PC has been looked at; its sticker is scanned, no lot, the technician's code typed."""
    pc.wait_screen("Le PC est inspecté.", PATIENCE_S)
    pc.scan(sticker)
    pc.wait_screen(sticker)
    pc.press("Enter")  # no lot
    pc.type("op-7")
    pc.press("Enter")
    pc.wait_screen("[X] À RECYCLER")


def erase(pc: Pc, *serials: str, told: str) -> None:
    """From the verdict to the countdown; `told` stands in the list of disks."""
    pc.type("2")
    pc.wait_screen(told, PATIENCE_S)
    for count, serial in enumerate(serials, 1):
        pc.scan(serial)
        pc.wait_screen(f"{count} disque{'s' * (count > 1)} à effacer")
    pc.press("F9")
    pc.wait_screen("tout va être effacé")
