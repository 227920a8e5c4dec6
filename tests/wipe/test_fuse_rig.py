"""The overwrite and the reading on a faulty disk behind the real kernel: block layer, O_DIRECT, real errnos."""

import errno
import os
import random
import threading
from pathlib import Path

import pytest

from agent.erasure import Extent
from agent.wipe.device import Gone
from agent.wipe.kernel_disk import KernelDisk, open_disk
from agent.wipe.limits import Limits
from agent.wipe.markers import choose_offsets, plant
from agent.wipe.overwrite import overwrite
from agent.wipe.readback import ReadTally, read_back
from agent.wipe.stream import Fill
from tests.wipe.fuse_rig import faulty_file, faulty_loop, needs_fuse

pytestmark = needs_fuse
KEY = bytes(range(32))
MIB = 1 << 20
OLD = random.Random(4).randbytes(16 * MIB)


def wipe(disk: KernelDisk, fill: Fill) -> tuple[list[Extent], ReadTally]:
    bad: list[Extent] = []
    overwrite(disk, fill, 0, lambda done, bad: None, lambda offset, found, retried: bad.extend(found), Limits())
    tally = read_back(
        disk, fill, 0, ReadTally(), lambda done, bad: None, lambda offset, seen: None, Limits(),
        find=lambda chunk, offset, sector: [],
    )  # fmt: skip
    return bad, tally


def open_(node: str) -> KernelDisk:
    return open_disk(node, write=True, exclusive=True)


def test_an_honest_disk(tmp_path: Path) -> None:
    with faulty_loop(tmp_path, OLD) as (node, rig):
        disk = open_(node)
        assert disk.is_direct
        bad, tally = wipe(disk, Fill("aes-256-ctr", KEY))
        disk.close()
        assert (bad, tally.bad, tally.matching_bytes) == ([], (), len(OLD))
        assert rig.calls()["writes"] >= 128
    truth = rig.truth.read_bytes()
    assert all(truth[at : at + 64] != OLD[at : at + 64] for at in range(0, len(OLD), 64))


def test_every_fault_is_located_to_the_sector(tmp_path: Path) -> None:
    """wipe.md 3.8: two unwritable spots, an unreadable sector, a write silently dropped, a byte turned."""
    spots = {"unwritable": (40 * 512, 48 * 512), "one": (9000 * 512, 9001 * 512), "dark": (20000 * 512, 20001 * 512)}
    with faulty_loop(tmp_path, OLD) as (node, rig):
        rig.faults(
            fail_writes=[(*spots["unwritable"], errno.EIO), (*spots["one"], errno.EIO)],
            fail_reads=[(*spots["dark"], errno.EIO)],
            drops=[(3 * MIB, 3 * MIB + 4096)],
            corrupts=[10 * MIB + 77],
        )
        disk = open_(node)
        bad, tally = wipe(disk, Fill("aes-256-ctr", KEY))
        disk.close()
    assert bad == [
        Extent(first_lba=40, sectors=8, problem="unwritable"),
        Extent(first_lba=9000, sectors=1, problem="unwritable"),
    ]
    assert tally.bad == (
        Extent(first_lba=40, sectors=8, problem="mismatch"),
        Extent(first_lba=3 * MIB // 512, sectors=8, problem="mismatch"),
        Extent(first_lba=9000, sectors=1, problem="mismatch"),
        Extent(first_lba=20000, sectors=1, problem="unreadable"),
        Extent(first_lba=10 * MIB // 512, sectors=1, problem="mismatch"),
    )
    assert tally.matching_bytes == len(OLD) - (8 + 8 + 1 + 1 + 1) * 512
    # The truth: old bytes are left in just the sectors that are listed.
    truth = rig.truth.read_bytes()
    left = {at // 512 for at in range(0, len(OLD), 512) if truth[at : at + 512] == OLD[at : at + 512]}
    assert left == {*range(40, 48), *range(3 * MIB // 512, 3 * MIB // 512 + 8), 9000}


def test_fake_capacity(tmp_path: Path) -> None:
    with faulty_loop(tmp_path, OLD) as (node, rig):
        rig.faults(wraps_at=4 * MIB)
        disk = open_(node)
        with pytest.raises(Exception, match="gives back something else"):
            plant(disk, choose_offsets(disk.size_bytes), KEY)
        _, tally = wipe(disk, Fill("aes-256-ctr", KEY))
        disk.close()
    assert tally.matching_bytes == 4 * MIB
    assert tally.bad == (Extent(first_lba=0, sectors=12 * MIB // 512, problem="mismatch"),)


def test_a_disk_that_dies(tmp_path: Path) -> None:
    """The kernel says EIO for each request to a dead loop; the stall and error limits end it, and nothing hangs."""
    limits = Limits(errors_most=50, silence_s=5)
    with faulty_loop(tmp_path, OLD) as (node, rig):
        rig.faults(die_at_write=40)
        disk = open_(node)
        with pytest.raises(Exception, match="more than 50|answers nowhere|write cache"):
            overwrite(disk, Fill("zeros"), 0, lambda done, bad: None, lambda offset, bad, retried: None, limits)
        disk.close()


def test_a_shrunken_disk_is_gone(tmp_path: Path) -> None:
    with faulty_loop(tmp_path, OLD) as (node, _):
        disk = open_(node)
        disk.size_bytes += 4 * MIB  # what it said when it was claimed
        with pytest.raises(Gone):
            overwrite(disk, Fill("zeros"), 0, lambda done, bad: None, lambda offset, bad, retried: None, Limits())
        disk.close()


def test_a_hanging_write_goes_on_when_released(tmp_path: Path) -> None:
    with faulty_loop(tmp_path, OLD) as (node, rig):
        rig.faults(hang=[("write", 8 * MIB, 8 * MIB + 512)])
        disk, done = open_(node), list[int]()
        fill = Fill("aes-256-ctr", KEY)
        work = threading.Thread(
            target=overwrite,
            args=(disk, fill, 0, lambda at, bad: done.append(at), lambda offset, bad, retried: None, Limits()),
        )
        work.start()
        while not rig.calls()["held"]:
            pass
        work.join(0.05)
        assert work.is_alive()
        assert done == [4 * MIB, 8 * MIB]
        rig.release()
        work.join(20)
        assert not work.is_alive()
        disk.close()
    assert rig.truth.read_bytes()[8 * MIB :] != OLD[8 * MIB :]


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with faulty_file(tmp_path, OLD[:MIB]) as rig:
        assert rig.path.read_bytes() == OLD[:MIB]
        assert str(tmp_path) in Path("/proc/self/mountinfo").read_text()
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    with pytest.raises(ProcessLookupError):
        os.kill(rig.pid, 0)
