"""`export.py SERIAL=NODE …`: each block device becomes a SCSI disk of this PC, with this serial number.

By the kernel's own target and its loop (docs.kernel.org/target, iblock behind tcm_loop): a device-mapper device is,
rightly, no disk for Rebond; this is one.
"""

import sys
from pathlib import Path

TARGET = Path("/sys/kernel/config/target")


def export(number: int, serial: str, node: str) -> None:
    store = TARGET / "core/iblock_0" / serial
    store.mkdir(parents=True)
    (store / "control").write_text(f"udev_path={node}")
    (store / "wwn/vpd_unit_serial").write_text(serial)
    (store / "enable").write_text("1")
    attach(number, store)


def attach(number: int, store: Path) -> None:
    """A backstore becomes a SCSI disk; `number` is one that no other has."""
    group = TARGET / f"loopback/naa.5001405{number:09x}/tpgt_1"
    group.mkdir(parents=True)
    (group / "nexus").write_text(f"naa.6001405{number:09x}")
    (group / "lun/lun_0").mkdir()
    (group / "lun/lun_0/port").symlink_to(store)


if __name__ == "__main__":
    for number, word in enumerate(sys.argv[1:], 1):
        export(number, *word.split("=", 1))
