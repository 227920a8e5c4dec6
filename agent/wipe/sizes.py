"""Disks whose size Linux does not know: it asks once, and a SCSI disk that sanitizes tells its size only at the end."""

import os
from pathlib import Path


def ask_again(name: str, root: Path = Path("/")) -> bool:
    """Have the kernel ask this disk again when it has no size; nothing is written to the disk. True: it has one now."""
    folder = root / "sys/block" / name
    try:
        if (folder / "removable").read_text().strip() != "0" or (folder / "size").read_text().strip() != "0":
            return False
        # Never made, for what is no SCSI disk has none; and only written: sysfs opens it in no other way.
        file = os.open(folder / "device/rescan", os.O_WRONLY)
        try:
            os.write(file, b"1\n")
        finally:
            os.close(file)
        return (folder / "size").read_text().strip() != "0"
    except OSError:
        return False
