"""An old desktop of a school: BIOS, IDE disk, 1 GiB; all a technician does there, by keyboard, scanner and eye."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e.glyphs import Font
from tests.e2e.image import MARKS, PATIENCE_S, Stick, disk
from tests.e2e.inventory import NETWORK, Inventory
from tests.e2e.pc import Pc
from tests.e2e.technician import erase

pytestmark = [*MARKS]


def test_from_the_stick_to_the_inventory(
    new_stick: Callable[[], Stick], fonts: list[Font], inventory: Inventory, tmp_path: Path
) -> None:
    stick = new_stick()
    at = f"inventory: {{url: {inventory.seen_from_pc}}}"
    stick.write("settings.yaml", f"station: Banc 3\n{at}\nlot: college-2026-11\nprofiles: [famille-linux]\n")
    old = disk(tmp_path / "old.img", 64)
    before = old.read_bytes()
    devices = [
        *stick.words(boot=0), *NETWORK, "-device", "rtl8139,netdev=n0",
        "-drive", f"if=none,id=d0,format=raw,file={old}",
        "-device", "ide-hd,drive=d0,bus=ide.0,serial=WD-SCHOOL1,model=WDC WD1600AAJS,rotation_rate=7200",
    ]  # fmt: skip
    with Pc(tmp_path / "pc", machine="pc", cpu="core2duo", cores=1, devices=devices, fonts=fonts) as pc:
        pc.wait_screen("Étiquette du PC", PATIENCE_S)
        pc.wait_screen("Le PC est inspecté.", PATIENCE_S)
        # The station has no name in any inventory yet.
        pc.press("F6")
        pc.wait_screen("Mots de ce poste")
        pc.type(inventory.new_code())
        pc.press("Enter")
        pc.wait_screen("[OK] Inscrit : Banc 3.")
        pc.press("Escape")
        pc.wait_screen("Étiquette du PC")
        # The scanner ends with Enter; the lot is known from the settings, so the technician comes next.
        pc.scan("LR-0163")
        pc.wait_screen("LR-0163")
        pc.type("op-7")
        pc.press("Enter")
        verdict = "\n".join(pc.wait_screen("[X] À RECYCLER"))
        assert "famille" in verdict
        (record,) = inventory.wait_for_records(1)
        assert (record["sticker"], record["lot"], record["operator"]) == ("LR-0163", "college-2026-11", "op-7")
        assert [one["serial"] for one in record["machine"]["disks"] if not one["is_boot_medium"]] == ["WD-SCHOOL1"]
        assert old.read_bytes() == before  # looking writes nothing
        # Its disk is erased, known by its serial number, ten seconds after F9.
        erase(pc, "WD-SCHOOL1", told="WD-SCHOOL1")
        pc.wait_screen("Prouvés : 1 sur 1", PATIENCE_S)
        pc.press("Escape")
        pc.wait_screen("Voir le résultat")
        inventory.wait_for_records(4)  # begun, proven, and the PC judged anew
        pc.press("F10")
        pc.wait_screen("[OK] La fiche est à l'inventaire.")
        pc.wait_screen("Éteindre ce PC")
        pc.type("2")
        pc.wait_off()
    assert b"donated data" not in old.read_bytes() and b"donated data" in before
    outcomes = [one["outcome"] for record in inventory.records() for one in record.get("erasures") or []]
    assert outcomes[-1] == "cleared", outcomes
    assert stick.names("keys") and stick.names("sessions")
