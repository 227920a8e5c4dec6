"""A locked Opal disk through the whole engine: only its PSID opens it, and what proves the erasure is the overwrite."""

import errno
from pathlib import Path

import pytest

from agent.erasure import Erasure
from agent.wipe.choose import make_plan
from agent.wipe.opal import WithOpal
from tests.wipe.rig import QUICK, FirmwareTwin, Fuse, TwinDevice, TwinFamily, erase, job_for
from tests.wipe.twins.block import Disk
from tests.wipe.twins.opal import PSID, Faults, OpalTwin

STEPS = ("opal-psid-revert", "overwrite-stream")


class Locked(Disk):
    """Takes nothing and gives nothing while its lock is closed; a revert leaves noise."""

    def __init__(self, lock: OpalTwin) -> None:
        super().__init__(1 << 20)
        self.lock = lock

    def read(self, buffer: memoryview, offset: int) -> int:
        if self.lock.is_closed:
            raise OSError(errno.EIO, "locked")
        return super().read(buffer, offset)

    def write(self, data: bytes, offset: int) -> int:
        if self.lock.is_closed:
            raise OSError(errno.EIO, "locked")
        return super().write(data, offset)


def run(lock: OpalTwin, psid: str, folder: Path) -> tuple[Erasure, Locked]:
    disk = Locked(lock)
    device = TwinDevice(disk)
    family = TwinFamily(FirmwareTwin(disk, "zeros", Fuse()))
    device.family = WithOpal(family, 3, armed=True, psid=psid, is_locked=True, ioctl=lock.ioctl)  # type: ignore[assignment]
    return erase(job_for(disk, *STEPS, path=folder / "journal"), device, limits=QUICK), disk  # type: ignore[arg-type]


def test_the_right_psid_opens_it_and_the_overwrite_proves_it(tmp_path: Path) -> None:
    erasure, disk = run(OpalTwin(), PSID.decode(), tmp_path)
    assert (erasure.outcome, disk.old_bytes_left()) == ("cleared", 0), erasure.why
    assert [one.result for one in erasure.attempts] == ["completed", "completed"]
    assert PSID.decode() not in (tmp_path / "journal").read_text()


@pytest.mark.parametrize(
    "faults",
    [Faults(does_nothing=True), Faults(keeps_lock=True), Faults(loses_command=True), Faults(method_status=0x12)],
    ids=str,
)
def test_what_does_not_open_is_never_a_success(faults: Faults, tmp_path: Path) -> None:
    erasure, _ = run(OpalTwin(faults=faults), PSID.decode(), tmp_path)
    assert erasure.outcome in ("failed", "not_proven") and erasure.level is None


def test_the_wrong_psid_changes_nothing(tmp_path: Path) -> None:
    erasure, disk = run(OpalTwin(), "X" * 32, tmp_path)
    assert erasure.outcome in ("failed", "not_proven") and erasure.level is None
    assert disk.old_bytes_left() == disk.size_bytes
    assert any("does not accept this PSID" in said for one in erasure.attempts for said in one.said)


def test_the_plan_asks_for_the_psid_and_says_so() -> None:
    disk = Locked(OpalTwin())
    family = TwinFamily(FirmwareTwin(disk, "zeros", Fuse()))
    looked = WithOpal(family, 3, armed=False, is_locked=True, ioctl=disk.lock.ioctl)
    media = job_for(disk, *STEPS, path=Path("unused")).media  # type: ignore[arg-type]
    assert make_plan(media, looked.abilities(), is_locked=True).level is None
    with_psid = make_plan(media, looked.abilities(), is_locked=True, psid=PSID.decode())
    assert [one.technique for one in with_psid.steps] == list(STEPS)
