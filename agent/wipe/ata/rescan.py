"""Have Linux read a disk's size again after its hidden area was opened, and say what it sees.

libata keeps the number of sectors from its last IDENTIFY, so asking the SCSI layer alone shows the old size: a scan of
the host makes libata reset the link and identify again (ata_scsi_user_scan), then a device rescan reads the size.
Untested on hardware.
"""

import os
import re
from pathlib import Path

_SECTOR = 512  # the unit of /sys/block/*/size, whatever the disk's sectors are


def resize_by_sysfs(fd: int, root: Path = Path("/")) -> int | None:
    """Bytes that the kernel sees after a rescan; None when it does not tell. `root` is for tests."""
    number = os.fstat(fd).st_rdev
    return resize_device(f"{os.major(number)}:{os.minor(number)}", root)


def resize_device(number: str, root: Path) -> int | None:
    folder = root / "sys/dev/block" / number
    try:
        host = re.search(r"/(host\d+)/", str(folder.resolve()))
        if host:
            (root / "sys/class/scsi_host" / host[1] / "scan").write_text("- - -\n")
        (folder / "device/rescan").write_text("1\n")
        return int((folder / "size").read_text()) * _SECTOR
    except (OSError, ValueError):
        return None
