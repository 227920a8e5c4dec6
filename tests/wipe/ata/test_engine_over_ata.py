"""The whole engine over a simulated ATA disk: power cuts at any command, and never a success that is none."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.erasure import Erasure, Technique
from agent.errors import StorageError
from agent.facts import Health
from agent.wipe.conclude import conclude
from agent.wipe.device import Gone
from agent.wipe.engine import Clock, carry_out
from agent.wipe.job import Job, Plan, Planned
from agent.wipe.journal import Entry, Journal, Opened, StepNoted, read_journal
from agent.wipe.state import fold
from tests.wipe.ata.benches import family_on, media_of
from tests.wipe.twins.ata import SECTOR, AtaTwin, Faults, PowerCut

AT = "2026-01-05T10:00:00Z"
SECTORS = 8192  # 4 MiB


class TwinSurface:
    """BlockIO on the twin's memory: closed while it is locked or sanitizing."""

    sector_bytes = SECTOR

    def __init__(self, twin: AtaTwin) -> None:
        self.twin = twin
        self.size_bytes = twin.size_bytes

    def _open(self) -> None:
        if self.twin.locked or self.twin.sanitize != "idle":
            raise OSError(errno.EIO, "closed")

    def read_into(self, buffer: memoryview, offset_bytes: int) -> int:
        self._open()
        found = self.twin.memory[offset_bytes : min(offset_bytes + len(buffer), self.twin.size_bytes)]
        buffer[: len(found)] = found
        return len(found)

    def write_from(self, buffer: memoryview, offset_bytes: int) -> int:
        self._open()
        length = min(len(buffer), self.twin.size_bytes - offset_bytes)
        self.twin.memory[offset_bytes : offset_bytes + length] = buffer[:length]
        return length

    def flush(self) -> None:
        self._open()

    def forget(self) -> None:
        pass


class TwinDevice:
    def __init__(self, twin: AtaTwin) -> None:
        self.twin = twin
        self.io = TwinSurface(twin)
        self.family = family_on(twin)

    def power_word(self) -> str:
        return ""

    def recheck(self) -> None:
        if self.family.identify()[0] != self.twin.serial:
            raise Gone("another disk")

    def resize(self) -> None:
        if self.twin.kernel == "lets-go":
            raise OSError(errno.ENXIO, "the old device is no more")
        if self.twin.kernel == "follows":
            self.io.size_bytes = self.twin.size_bytes

    def health(self) -> Health | None:
        return None

    def temperature_c(self) -> int | None:
        return None


class Silent:
    def tell(self, event: object) -> None:
        pass

    def wish(self) -> str:
        return "continue"


def clock() -> Clock:
    now = iter(range(10**9))
    return Clock(now=lambda: AT, monotonic=lambda: float(next(now)), sleep=lambda seconds: None)


def rules(erasure: Erasure) -> set[str]:
    return {reason.rule for reason in erasure.why}


def run(twin: AtaTwin, path: Path, *techniques: Technique, resumed: bool = False, full_at: str = "") -> Erasure:
    steps = tuple(Planned(technique=technique, level="purge") for technique in techniques)
    job = Job(id="0" * 32, media=media_of(twin), plan=Plan(steps=steps, level="purge"), journal=str(path),
              is_resumed=resumed)  # fmt: skip
    journal = Journal.reopen(path) if resumed else Journal.create(path, Opened(job=job, at=AT))
    journal.add = _until(full_at, journal.add)  # type: ignore[method-assign] # the stick is full from that step on
    try:
        return carry_out(job, TwinDevice(twin), journal, Silent(), clock())  # type: ignore[arg-type] # `wish` says less
    finally:
        journal.close()


def _until(step: str, add: Callable[[Entry], None]) -> Callable[[Entry], None]:
    is_full = False

    def keep(entry: Entry) -> None:
        nonlocal is_full
        is_full = is_full or (isinstance(entry, StepNoted) and entry.step == step)
        if is_full:
            raise StorageError(fr="plein", en="full")
        add(entry)

    return keep


ALL: tuple[Technique, ...] = ("ata-sanitize-block", "ata-sanitize-crypto", "ata-security-erase-enhanced")


@pytest.mark.parametrize("technique", ALL)
def test_a_sound_disk_with_a_hidden_area_is_purged(technique: Technique, tmp_path: Path) -> None:
    twin = AtaTwin(native=SECTORS, visible=SECTORS - 64)
    erasure = run(twin, tmp_path / "j", technique)
    assert erasure.outcome == "purged", (erasure.why, erasure.attempts)
    assert erasure.hidden is not None and erasure.hidden.state == "removed"
    assert twin.secrets_left == 0 and twin.password is None
    assert erasure.attempts[0].exchanges[-1].is_ok


@pytest.mark.parametrize(
    "faults",
    [
        Faults(acks_only=True),
        Faults(ignores=True),
        Faults(sanitize_stuck_at=0x2000),
        Faults(sanitize_fails_at=0x6000, erase_fails=True),
        Faults(refuses=frozenset({0xF4}), sanitize_frozen=True),
        Faults(no_registers=True),
    ],
)
@pytest.mark.parametrize("technique", ALL)
def test_no_fault_is_purged(technique: Technique, faults: Faults, tmp_path: Path) -> None:
    twin = AtaTwin(native=SECTORS, visible=SECTORS, faults=faults)
    erasure = run(twin, tmp_path / "j", technique)
    assert erasure.outcome not in ("purged", "cleared") or twin.secrets_left == 0
    assert twin.password is None


@pytest.mark.parametrize("technique", ALL)
@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize("at", range(8, 22, 2))
def test_a_cut_then_a_resume(technique: Technique, moment: str, at: int, tmp_path: Path) -> None:
    twin = AtaTwin(native=SECTORS, visible=SECTORS)
    twin.cut_at = (at, moment)  # type: ignore[assignment] # one of its words
    try:
        erasure = run(twin, tmp_path / "j", technique, "overwrite-zeros")
    except PowerCut:
        twin.power_on()
        erasure = run(twin, tmp_path / "j", technique, "overwrite-zeros", resumed=True)
        assert erasure.interruptions
    assert erasure.outcome in ("purged", "cleared"), (erasure.why, erasure.attempts)
    assert twin.secrets_left == 0 and twin.password is None


SECURITY: Technique = "ata-security-erase-enhanced"


@pytest.mark.parametrize("full_at", ["password", "erasing", "completed"])
def test_a_journal_lost_under_a_password_leaves_none(full_at: str, tmp_path: Path) -> None:
    """Nobody would resume it: the password goes, the disk says so, and no warning tells otherwise."""
    twin = AtaTwin(native=SECTORS, visible=SECTORS)
    erasure = run(twin, tmp_path / "j", SECURITY, full_at=full_at)
    assert erasure.outcome == "interrupted" and twin.password is None
    assert "password-may-remain" not in rules(erasure)
    assert (twin.secrets_left == 0) == (full_at == "completed")


@pytest.mark.parametrize("faults", [Faults(refuses=frozenset({0xF6})), Faults(no_registers_for=frozenset({0xF6}))])
def test_a_journal_lost_under_a_password_that_stays_is_told(faults: Faults, tmp_path: Path) -> None:
    twin = AtaTwin(native=SECTORS, visible=SECTORS, faults=faults)
    erasure = run(twin, tmp_path / "j", SECURITY, full_at="erasing")
    assert ("password-may-remain" in rules(erasure)) == (twin.password is not None)
    assert erasure.outcome == "interrupted"


def test_a_password_that_stays_is_told_from_the_journal_too(tmp_path: Path) -> None:
    twin = AtaTwin(native=SECTORS, visible=SECTORS, faults=Faults(refuses=frozenset({0xF4, 0xF6})))
    erasure = run(twin, tmp_path / "j", SECURITY, "overwrite-zeros")
    assert twin.password is not None and "password-may-remain" in rules(erasure)
    assert rules(conclude(fold(read_journal(tmp_path / "j")))) == rules(erasure)


@pytest.mark.parametrize("can_be_left", [True, False])
def test_a_disk_that_an_earlier_sanitize_left_failed(can_be_left: bool, tmp_path: Path) -> None:
    """FAILURE MODE decides: such a disk is left again and erased, or stays closed and is named so."""
    twin = AtaTwin(native=SECTORS, visible=SECTORS)
    twin.sanitize, twin.failure_mode = "failed", can_be_left
    erasure = run(twin, tmp_path / "j", "ata-sanitize-block", "overwrite-zeros")
    if can_be_left:
        assert erasure.outcome == "purged" and twin.secrets_left == 0
        return
    assert erasure.outcome == "failed" and erasure.why[0].rule == "disk-blocked"
    assert "détruire" in erasure.why[0].fr and twin.secrets_left


def test_a_sanitize_of_ours_that_fails_and_blocks_the_disk(tmp_path: Path) -> None:
    twin = AtaTwin(native=SECTORS, visible=SECTORS, faults=Faults(sanitize_fails_at=0x6000, stays_failed=True))
    erasure = run(twin, tmp_path / "j", "ata-sanitize-block", "overwrite-zeros")
    assert erasure.outcome == "failed" and "disk-blocked" in rules(erasure)


HIDING = (
    {"visible": SECTORS - 64},
    {"visible": SECTORS - 64, "dco_max": SECTORS - 64},
    {"visible": SECTORS - 64, "has_hpa": False, "has_dco": False, "has_ama": True},
)


@pytest.mark.parametrize("hiding", HIDING, ids=["hpa", "dco", "ama"])
@pytest.mark.parametrize("technique", ["overwrite-stream", "ata-security-erase-enhanced"])
def test_a_size_that_only_sysfs_shows_is_not_erased(
    technique: Technique, hiding: dict[str, int], tmp_path: Path
) -> None:
    """The disk opened its area, sysfs shows it, and our descriptor still reaches the old size only."""
    twin = AtaTwin(native=SECTORS, **hiding)  # type: ignore[arg-type] # its fields
    twin.kernel = "keeps-old-size"
    erasure = run(twin, tmp_path / "j", technique)
    assert erasure.hidden is not None and erasure.hidden.state == "kept"
    assert erasure.outcome == "not_proven" and "hidden-area-kept" in rules(erasure), erasure.why


@pytest.mark.parametrize("hiding", HIDING, ids=["hpa", "dco", "ama"])
def test_a_disk_that_the_kernel_lets_go_to_read_its_size_is_resumed_at_its_full_size(
    hiding: dict[str, int], tmp_path: Path
) -> None:
    twin = AtaTwin(native=SECTORS, **hiding)  # type: ignore[arg-type] # its fields
    twin.kernel = "lets-go"
    first = run(twin, tmp_path / "j", "overwrite-stream")
    assert first.outcome == "interrupted" and first.hidden is None, "or a resume would expect the small disk"
    twin.kernel = "follows"
    erasure = run(twin, tmp_path / "j", "overwrite-stream", resumed=True)
    assert erasure.outcome == "cleared" and twin.secrets_left == 0
    assert erasure.hidden is not None and erasure.hidden.state == "none"


def test_a_disk_that_refuses_to_say_why_is_not_called_blocked(tmp_path: Path) -> None:
    """It may be closed by something else than a failed erase."""
    twin = AtaTwin(native=SECTORS, visible=SECTORS, faults=Faults(failure_reason=0))
    twin.sanitize, twin.failure_mode = "failed", False
    erasure = run(twin, tmp_path / "j", "ata-sanitize-block", "overwrite-zeros")
    assert erasure.outcome == "failed" and "disk-blocked" not in rules(erasure)
