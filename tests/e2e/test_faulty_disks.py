"""Disks that err and lie, made by the kernel's device-mapper and exported as SCSI disks, each wiped by itself.

What each one really holds in the end is read where it lies: in a file of this computer.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.image import MARKS, PATIENCE_S, Image, Stick
from tests.e2e.lab import INSIDE, Lab, packed, words
from tests.e2e.pc import Pc

pytestmark = [*MARKS]
OLD = (b"donated data " * 64)[:512]
SECTORS = 16384  # 8 MiB
# What lies on the file below, {}, by serial number.
TABLES = {
    "BAD-1": ("0 8192 linear {} 0", "8192 8 error", "8200 8184 linear {} 8200"),
    "DROPS-2": ("0 8192 linear {} 0", "8192 8192 flakey {} 8192 0 60 1 drop_writes"),
    "CHANGES-3": ("0 16384 flakey {} 0 0 60 5 corrupt_bio_byte 32 r 1 0",),
    # A sector that cannot be read until it is written, which happens elsewhere: dm-dust's way, without dm-dust, which
    # Debian's kernel has not. A whole chunk of 8 sectors that is written to a snapshot goes to its store at once.
    "WORN-4": ("0 16384 snapshot /dev/mapper/worn /dev/mapper/spare N 8",),
    "HANGS-5": ("0 16384 delay {0} 0 0 {0} 0 1500",),  # slow to write, so that there is a middle
}
WORN = """\
worn: 0 8192 linear {} 0
worn: 8192 8 error
worn: 8200 8184 linear {} 8200
spare: 0 32768 linear {} 16384
"""


class Bench:
    """The PC's shell, and the files below its disks."""

    def __init__(self, lab: Lab, files: dict[str, Path]) -> None:
        self.lab, self.files = lab, files
        lab.shell.tell("modprobe -a dm-mod dm-flakey dm-snapshot dm-delay target_core_iblock tcm_loop && "
                       "mount -t configfs none /sys/kernel/config", 100)  # fmt: skip
        self._lay(WORN.format(*[below("WORN-4")] * 3).strip())
        self._lay("\n".join(
            f"{serial}: {line.format(below(serial))}" for serial, table in TABLES.items() for line in table
        ))  # fmt: skip
        made = " ".join(f"{serial}=/dev/mapper/{serial}" for serial in TABLES)
        lab.shell.tell(f"python3 {INSIDE}/export.py {made} && udevadm settle", 100)

    def _lay(self, tables: str) -> None:
        self.lab.shell.tell(f"printf '%s\\n' '{tables}' >/tmp/tables && python3 {INSIDE}/mapper.py </tmp/tables", 100)

    def old_sectors(self, serial: str) -> list[int]:
        held = self.files[serial].read_bytes()
        return [at // 512 for at in range(0, len(held), 512) if held[at : at + 512] == OLD]


def below(serial: str) -> str:
    return f"/dev/disk/by-id/virtio-BELOW-{serial[-1]}"


@pytest.fixture(scope="module")
def bench(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("faulty")
    stick, checkout = Stick(image, folder / "stick.img"), packed(folder / "checkout.tar")
    devices, files = words(image, stick, checkout), {}
    for serial in TABLES:
        files[serial] = folder / f"{serial}.img"
        files[serial].write_bytes(OLD * (3 * SECTORS if serial == "WORN-4" else SECTORS))
        devices += ["-drive", f"if=none,id={serial},format=raw,file={files[serial]}",
                    "-device", f"virtio-blk-pci,drive={serial},serial=BELOW-{serial[-1]}"]  # fmt: skip
    with Pc(folder / "pc", cores=1, memory_mib=1024, devices=devices) as pc:
        yield Bench(Lab(pc), files)
    stick.path.unlink()


def test_bad_sectors_are_listed_and_nothing_else(bench: Bench) -> None:
    status, found = bench.lab.wipe("BAD-1")
    assert (status, found["outcome"], found["level"]) == (4, "cleared_with_exceptions", None), found
    (attempt,) = found["attempts"]
    assert [(one["first_lba"], one["sectors"]) for one in attempt["bad"]] == [(8192, 8)]
    assert bench.old_sectors("BAD-1") == list(range(8192, 8200))


def test_a_disk_that_drops_what_it_took_is_never_proven(bench: Bench) -> None:
    status, found = bench.lab.wipe("DROPS-2")
    assert (status, found["outcome"], found["level"]) == (4, "failed", None), found
    (attempt,) = found["attempts"]
    assert attempt["result"] == "lied"
    assert attempt["bad"] == [{"first_lba": 8192, "sectors": 8192, "problem": "mismatch"}]
    assert bench.old_sectors("DROPS-2") == list(range(8192, 16384))


def test_a_disk_that_changes_what_it_gives_back_is_never_proven(bench: Bench) -> None:
    status, found = bench.lab.wipe("CHANGES-3")
    assert (status, found["outcome"], found["level"]) == (4, "failed", None), found
    (attempt,) = found["attempts"]
    assert attempt["result"] == "lied" and {one["problem"] for one in attempt["bad"]} == {"mismatch"}


def test_sectors_that_can_be_read_once_they_are_written_are_cleared(bench: Bench) -> None:
    status, found = bench.lab.wipe("WORN-4")
    assert (status, found["outcome"], found["level"]) == (0, "cleared", "clear"), found
    assert found["attempts"][-1]["bad"] == []


def test_a_disk_that_hangs_for_a_minute_is_waited_for_and_proven(bench: Bench) -> None:
    lab, serial = bench.lab, "HANGS-5"
    lab.begin(serial)
    lab.wait_until(lambda: bench.files[serial].read_bytes()[:512] != OLD)
    lab.shell.tell(f"python3 {INSIDE}/mapper.py suspend {serial}", 60)
    silent = "until grep -q 'ne répond plus depuis' /tmp/wall; do sleep 1; done"
    lab.shell.tell(silent, PATIENCE_S)
    lab.pc.listen(30)  # the kernel has waited long enough too: it sends its own abort
    lab.shell.tell(f"python3 {INSIDE}/mapper.py resume {serial}", 60)
    status = lab.end()
    found = lab.erasure(serial)
    assert (status, found["outcome"], found["level"]) == (0, "cleared", "clear"), found
    assert "répond de nouveau" in lab.shell.tell("grep -h 'de nouveau' /tmp/wall")
    assert bench.old_sectors(serial) == []
