"""Disks whose size Linux does not know: it asks once, and a SCSI disk that sanitizes tells its size only at the end."""

from pathlib import Path


def ask_again(name: str, root: Path = Path("/")) -> bool:
    """Have the kernel ask this disk again when it has no size; nothing is written to the disk. True: it has one now."""
    folder = root / "sys/block" / name
    try:
        if (folder / "removable").read_text().strip() != "0" or (folder / "size").read_text().strip() != "0":
            return False
        with (folder / "device/rescan").open("r+") as file:  # never made: what is no SCSI disk has none
            file.write("1\n")
        return (folder / "size").read_text().strip() != "0"
    except OSError:
        return False
