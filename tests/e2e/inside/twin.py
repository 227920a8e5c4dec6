"""`twin.py SERIAL KIND NUMBER`: a simulated SATA disk of tests/wipe/twins becomes a SCSI disk of this PC until it ends.

By the kernel's user-space backstore (docs.kernel.org/target/tcmu-design) behind tcm_loop: unlike QEMU, both hand on an
ATA answer as it is, with all its registers. What only the disk knows is written to /run/twin-SERIAL.json after every
command.
"""

import json
import mmap
import os
import select
import struct
import sys
from pathlib import Path
from typing import Any

from tests.e2e.inside.export import TARGET, attach
from tests.e2e.scsi_unit import sata_disk
from tests.wipe.twins.ata import AtaTwin, Faults

BLOCKS = 16384  # 8 MiB
KINDS: dict[str, dict[str, Any]] = {
    "sanitizes": {},
    "secure": {"sanitizes": ()},
    "simple": {"sanitizes": (), "has_security": False},
    "liar": {"faults": Faults(acks_only=True)},
    "frozen": {"sanitizes": (), "faults": Faults(frozen_at_boot=True)},
}
CHECK_CONDITION, COMMAND, READ_LEN = 2, 1, 2


class Ring:
    """The kernel's ring of commands, mapped."""

    def __init__(self, node: Path, size_bytes: int) -> None:
        self.file = os.open(node, os.O_RDWR)
        self.memory = mmap.mmap(self.file, size_bytes)
        _, _, self.at, self.size = struct.unpack_from("=HHII", self.memory)

    def wait(self) -> None:
        select.select([self.file], [], [])
        os.read(self.file, 4)

    def serve(self, unit: Any) -> None:
        """Carry out all that waits."""
        head, tail = (struct.unpack_from("=I", self.memory, at)[0] for at in (12, 64))
        while tail != head:
            entry = self.at + tail
            word = struct.unpack_from("=I", self.memory, entry)[0]
            if word & 7 == COMMAND:
                self._carry(entry, unit)
            tail = (tail + (word & ~7)) % self.size
            struct.pack_into("=I", self.memory, 64, tail)
            head = struct.unpack_from("=I", self.memory, 12)[0]
        os.write(self.file, struct.pack("=I", 1))

    def _carry(self, entry: int, unit: Any) -> None:
        count, _, _, cdb_at = struct.unpack_from("=III4xQ", self.memory, entry + 8)
        pieces = [struct.unpack_from("=QQ", self.memory, entry + 48 + 16 * place) for place in range(count)]
        cdb = bytes(self.memory[cdb_at : cdb_at + 16])
        length = sum(size for _, size in pieces)
        is_out = cdb[0] in (0x2A, 0xAA, 0x8A) or (cdb[0] == 0x85 and cdb[1] >> 1 & 0xF == 5)
        sent = b"".join(self.memory[at : at + size] for at, size in pieces) if is_out else b""
        told = unit.execute(cdb, sent, 0 if is_out else length)
        left = told.data[:length].ljust(length, b"\0") if not is_out else b""
        for at, size in pieces if not is_out else ():
            self.memory[at : at + size], left = left[:size], left[size:]
        status = CHECK_CONDITION if told.sense else told.status
        if not is_out:  # data beside a sense count too: IDENTIFY comes with its registers
            self.memory[entry + 7] |= READ_LEN
        answer = struct.pack("=BBHI96s", status, 0, 0, min(length, len(told.data)), told.sense)
        self.memory[entry + 8 : entry + 8 + len(answer)] = answer


def backstore(serial: str, size_bytes: int) -> Path:
    store = TARGET / "core/user_0" / serial
    store.mkdir(parents=True)
    (store / "control").write_text(
        f"dev_config=rebond/{serial},dev_size={size_bytes},hw_block_size=512,nl_reply_supported=-1"
    )
    (store / "enable").write_text("1")
    return store


def main(serial: str, kind: str, number: int) -> None:
    twin = AtaTwin(native=BLOCKS, visible=BLOCKS, serial=serial, is_ssd=True, **KINDS[kind])
    unit, told = sata_disk(twin), Path(f"/run/twin-{serial}.json")
    store = backstore(serial, BLOCKS * 512)
    device = next(path for path in Path("/sys/class/uio").iterdir() if f"/{serial}/" in (path / "name").read_text())
    ring = Ring(Path("/dev") / device.name, int((device / "maps/map0/size").read_text(), 16))
    if os.fork() == 0:  # the kernel looks at the disk as it is attached, and needs its answers meanwhile
        attach(number, store)
        os._exit(0)
    while True:
        ring.wait()
        ring.serve(unit)
        state = {"secrets_left": twin.secrets_left, "began": twin.began, "sent": twin.sent,
                 "has_password": twin.password is not None}  # fmt: skip
        told.with_suffix(".new").write_text(json.dumps(state))
        told.with_suffix(".new").rename(told)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
