"""A workshop's PC with twelve disks on three kinds of controller: all are seen, and all are erased from the console."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.glyphs import Font
from tests.e2e.image import MARKS, PATIENCE_S, Stick, disk
from tests.e2e.pc import Pc
from tests.e2e.technician import erase, to_the_verdict

pytestmark = [*MARKS, pytest.mark.slow]
MARK = b"donated data"
KINDS = {
    "SATA": "ide-hd,drive={name},bus=ide.{place},serial={name},rotation_rate=7200",
    "NVME": "nvme,drive={name},serial={name}",
    # Without a world wide name QEMU's controller shows a link, and no disk at its end.
    "SAS": "scsi-hd,drive={name},bus=sas.0,scsi-id={place},serial={name},wwn=0x5000c5000000001{place}",
}


def test_none_is_missed(new_stick: Callable[[], Stick], fonts: list[Font], tmp_path: Path) -> None:
    stick = new_stick()
    devices, disks = [*stick.words(boot=0), "-device", "mptsas1068,id=sas"], {}
    for kind, words in KINDS.items():
        for place in range(4):
            name = f"{kind}-{place}"
            disks[name] = disk(tmp_path / f"{name}.img", 8)
            devices += ["-drive", f"if=none,id={name},format=raw,file={disks[name]}",
                        "-device", words.format(name=name, place=place)]  # fmt: skip
    assert len(disks) == 12 and all(MARK in path.read_bytes() for path in disks.values())
    with Pc(tmp_path / "pc", cores=1, memory_mib=1536, devices=devices, fonts=fonts) as pc:
        to_the_verdict(pc, "LR-0164")
        erase(pc, *disks, told="12 disques peuvent être effacés")
        pc.wait_screen("Prouvés : 12 sur 12", 3 * PATIENCE_S)  # twelve processes on one emulated processor
    assert [name for name, path in disks.items() if MARK in path.read_bytes()] == []
