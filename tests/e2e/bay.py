"""A SAS controller in the emulated PC, with simulated disks of tests/wipe/twins behind QEMU's own iSCSI initiator."""

import shutil
import subprocess
from contextlib import ExitStack

from tests.e2e.iscsi import Iscsi
from tests.e2e.scsi_unit import sas_disk, sata_disk
from tests.wipe.twins.ata import AtaTwin
from tests.wipe.twins.scsi import ScsiTwin


def _why_not() -> str | None:
    """QEMU without its iSCSI initiator, in a sentence."""
    if shutil.which("qemu-img") is None:
        return "qemu-img is missing (apt install qemu-utils qemu-block-extra)"
    told = subprocess.run(["qemu-img", "--help"], capture_output=True, text=True, check=False).stdout
    return None if " iscsi" in told else "QEMU's iSCSI initiator is missing (apt install qemu-block-extra)"


WHY_NOT = _why_not()


def bay(disks: "list[ScsiTwin | AtaTwin]", targets: ExitStack) -> list[str]:
    """QEMU's words for a SAS controller with these disks."""
    found = ["-device", "mptsas1068,id=sas"]
    for place, twin in enumerate(disks):
        unit = sas_disk(twin) if isinstance(twin, ScsiTwin) else sata_disk(twin)
        target = targets.enter_context(Iscsi(unit, f"iqn.2014-08.org.rebond:{twin.serial.lower()}"))
        found += ["-drive", f"if=none,id=u{place},format=raw,file={target.url}",
                  "-device", f"scsi-generic,drive=u{place},bus=sas.0,scsi-id={place}"]  # fmt: skip
    return found
