"""The whole engine over a simulated NVMe drive: no fault and no cut at any command ends in a success that is none.

Here the drive's faults that only reading can show are shown: markers, and the reading after them.
"""

import errno
from pathlib import Path

import pytest

from agent.erasure import Erasure, Technique
from agent.wipe.job import Job, Plan, Planned
from agent.wipe.limits import Limits
from tests.wipe.nvme.test_sanitize import opened
from tests.wipe.rig import FastClock, TwinDevice, erase
from tests.wipe.twins.nvme import FORMAT, SANITIZE, NvmeTwin, PowerCut, media_of

SIZE = 256 << 10  # larger than all markers together: what they do not cover stays old
LIMITS = Limits(
    chunk_bytes=64 << 10, middle_bytes=16 << 10, checkpoint_s=0, checkpoint_bytes=64 << 10, stall_s=5.0,
    erase_stall_s=60.0,
)  # fmt: skip
SUCCESS = ("purged", "cleared", "cleared_with_exceptions")
BLOCK: Technique = "nvme-sanitize-block"
BLOCK_CDW10 = 2


class Namespace:
    """The kernel's view of namespace 1: no reading and writing while the drive erases, or after it failed."""

    sector_bytes = 512

    def __init__(self, twin: NvmeTwin) -> None:
        self.twin = twin

    @property
    def size_bytes(self) -> int:
        return len(self.twin.namespaces[1])

    def _open(self) -> bytearray:
        if self.twin.status == 2 or self.twin.state in (2, 4):
            raise OSError(errno.EIO, "Input/output error")
        return self.twin.namespaces[1]

    def read_into(self, buffer: memoryview, offset_bytes: int) -> int:
        part = self._open()[offset_bytes : offset_bytes + len(buffer)]
        buffer[: len(part)] = part
        return len(part)

    def write_from(self, buffer: memoryview, offset_bytes: int) -> int:
        self._open()[offset_bytes : offset_bytes + len(buffer)] = buffer
        self.twin.is_all_erased = False
        return len(buffer)

    def flush(self) -> None:
        pass

    def forget(self) -> None:
        pass


def device_of(twin: NvmeTwin) -> TwinDevice:
    device = TwinDevice(Namespace(twin))
    device.family = opened(twin)  # type: ignore[assignment] # the real family in the place of the rig's
    return device


def drive(fault: str = "", **fields: object) -> NvmeTwin:
    space = bytearray(b"secret!!" * (SIZE // 8))
    return NvmeTwin(namespaces={1: space}, fault=fault, sanicap=0b1011, fna=0b100, **fields)  # type: ignore[arg-type]


def job_of(twin: NvmeTwin, path: Path, *techniques: Technique) -> Job:
    steps = tuple(
        Planned(technique=one, level="clear" if one.startswith("overwrite") else "purge") for one in techniques
    )
    return Job(id="1" * 32, media=media_of(twin), journal=str(path), plan=Plan(steps=steps, level=steps[0].level))


def run(twin: NvmeTwin, path: Path, *techniques: Technique) -> Erasure:
    return erase(job_of(twin, path, *techniques), device_of(twin), limits=LIMITS, time=FastClock())


def left(twin: NvmeTwin) -> bool:
    return b"secret" in twin.namespaces[1]


@pytest.mark.parametrize("technique", [BLOCK, "nvme-sanitize-crypto", "nvme-format-user-data", "nvme-format-crypto"])
def test_an_honest_drive_is_purged(technique: Technique, tmp_path: Path) -> None:
    twin = drive()
    erasure = run(twin, tmp_path / "journal", technique)
    assert (erasure.outcome, erasure.level) == ("purged", "purge"), erasure.why
    attempt = erasure.attempts[0]
    assert attempt.was_accepted and attempt.was_seen_running is ("sanitize" in technique)
    assert any(one.command.startswith(("00000084", "00000080")) for one in attempt.exchanges)
    assert not left(twin)


@pytest.mark.parametrize(
    "fault, result",
    [
        ("does-nothing", "failed"), ("foreign-log", "failed"), ("fails", "failed"), ("invalid-opcode", "refused"),
        ("denied", "refused"), ("drops-dwords", "refused"), ("liar", "lied"),
    ],
)  # fmt: skip
def test_a_fault_is_followed_by_an_overwrite_that_proves_itself(fault: str, result: str, tmp_path: Path) -> None:
    """After a failure the drive is still usable: Exit Failure Mode was sent, because AUSE was."""
    twin = drive(fault)
    erasure = run(twin, tmp_path / "journal", BLOCK, "overwrite-stream")
    assert [attempt.result for attempt in erasure.attempts] == [result, "completed"]
    # The overwrite is proven, but a drive that lied or failed is not called cleared (wipe.md 5).
    assert erasure.outcome == ("cleared" if result == "refused" else "failed") and not left(twin)


def test_an_erase_that_sticks_at_655_is_stalled_and_nothing_more_is_tried(tmp_path: Path) -> None:
    twin = drive("stuck")
    erasure = run(twin, tmp_path / "journal", BLOCK, "overwrite-stream")
    assert [attempt.result for attempt in erasure.attempts] == ["stalled"]
    assert erasure.outcome not in SUCCESS and left(twin)


@pytest.mark.parametrize("technique", ["nvme-format-user-data", "nvme-format-crypto"])
@pytest.mark.parametrize("fault", ["does-nothing", "drops-dwords"])
def test_a_format_that_answers_success_and_erases_nothing_has_lied(
    technique: Technique, fault: str, tmp_path: Path
) -> None:
    """FOG reported exactly this as a wipe; markers do not."""
    twin = drive(fault)
    erasure = run(twin, tmp_path / "journal", technique)
    assert erasure.attempts[0].result == "lied" and erasure.outcome == "failed" and left(twin)


@pytest.mark.parametrize("technique", [BLOCK, "nvme-format-user-data"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fault", ["", "liar"])
def test_cut_at_every_command(technique: Technique, after: bool, fault: str, tmp_path: Path) -> None:
    opcode = SANITIZE if technique == BLOCK else FORMAT
    outcomes = set()
    for cut in range(60):
        twin, path = drive(fault, cut_at=cut, cut_after=after), tmp_path / f"journal-{cut}"
        try:
            erasure, was_cut = run(twin, path, technique), False
        except PowerCut:
            twin.power_on()
            erasure, was_cut = run(twin, path, technique), True
        outcomes.add(erasure.outcome)
        assert erasure.outcome not in SUCCESS or (not left(twin) and twin.ended + twin.formats_ended), cut
        erases = [one for one in twin.sent if one.opcode == opcode and one.cdw10 & 7 != 1]
        assert len(erases) <= 1, cut
        if not was_cut:
            break
    assert not was_cut and cut > 10
    assert fault or "purged" in outcomes


@pytest.mark.parametrize("tells_state", [True, False])
@pytest.mark.parametrize("is_restricted", [True, False])
def test_a_drive_that_an_earlier_sanitize_left_failed(tells_state: bool, is_restricted: bool, tmp_path: Path) -> None:
    """Older drives tell no state: their answer to Exit Failure Mode does."""
    twin = drive()
    twin.sanicap = 0b1011 if tells_state else 0b0011
    twin.status, twin.state, twin.scdw10 = 3, 2 if is_restricted else 4, BLOCK_CDW10
    erasure = run(twin, tmp_path / "j", BLOCK, "overwrite-zeros")
    if is_restricted:
        assert erasure.outcome == "failed" and erasure.why[0].rule == "disk-blocked"
        return
    assert erasure.outcome == "purged" and twin.is_clean


def test_a_drive_whose_last_failure_was_left_is_not_called_blocked(tmp_path: Path) -> None:
    """The log says "failed" for ever; it is usable all the same."""
    twin = drive("invalid-opcode")
    twin.status, twin.scdw10 = 3, BLOCK_CDW10
    erasure = run(twin, tmp_path / "j", BLOCK)
    assert "disk-blocked" not in {reason.rule for reason in erasure.why}
