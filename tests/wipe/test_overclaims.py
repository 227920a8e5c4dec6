"""No claim without evidence: every kind of disk, every erase, any mixture of lies, silences and a cut of the power.

One promise for all of them. `purged`, `cleared` or `cleared_with_exceptions` is only said when the journal saw the
erase taken and ended and its markers gone (or every byte of an overwrite read back), and the twin's own memory agrees.
"""

import errno
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.erasure import Erasure, Media, Technique
from agent.wipe.device import Family
from agent.wipe.job import Planned
from agent.wipe.journal import Accepted, Erased, MarkersPlanted, MarkersSought, ReadingEnded, read_journal
from agent.wipe.state import PASSES
from tests.wipe.ata import benches as ata_bench
from tests.wipe.mmc import benches as mmc_bench
from tests.wipe.nvme.test_sanitize import opened
from tests.wipe.scsi import benches as scsi_bench
from tests.wipe.twins import ata, mmc, nvme, scsi
from tests.wipe.twins.driving import SUCCESS, run_engine

SIZE = 256 << 10  # larger than all markers together: what they do not cover stays old
SECTORS = SIZE // 512
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a journal waits for the medium at each line
Cut = tuple[int, str] | None
Faults = dict[str, tuple[Any, ...]]  # a fault, and the values that it can have


@dataclass(frozen=True)
class Bench:
    """One kind of disk: how to make one with faults, how to speak to it, and what is really left on it."""

    techniques: tuple[Technique, ...]
    faults: Faults
    make: Callable[[dict[str, Any]], Any]
    family: Callable[[Any], Family]
    media: Callable[[Any], Media]
    cut: type[BaseException]

    def left(self, twin: Any, upto: int | None = None) -> int:
        memories = twin.namespaces.values() if isinstance(twin, NvmeOnWire) else (twin.memory,)
        return sum(bytes(one[:upto]).count(secret) for one in memories for secret in (b"PAYROLL", b"secret!!"))


class NvmeOnWire(nvme.NvmeTwin):
    """The NVMe twin with what the common way of driving asks of any twin."""

    @property
    def memory(self) -> bytearray:
        return self.namespaces[1]

    @property
    def size_bytes(self) -> int:
        return len(self.namespaces[1])

    @property
    def is_closed(self) -> bool:
        return self.status == 2 or self.state in (2, 4)

    def written(self) -> None:
        self.is_all_erased = False


class AtaOnWire(ata.AtaTwin):
    @property
    def is_closed(self) -> bool:
        return self.locked or self.sanitize != "idle"


# --- how each can fail, lie and stay silent ---------------------------------------------------------------------------


YES = (True,)
OPCODES = tuple(frozenset({opcode}) for opcode in (0xB4, 0xEC, 0xF1, 0xF3, 0xF4, 0xF6))
ATA: Faults = {
    "sanitize_frozen": YES, "sanitize_stuck_at": (0x4000,), "sanitize_fails_at": (0, 0x6000),
    "failure_reason": (0, 2, 0x7F), "stays_failed": YES, "forgets_sanitize": YES, "acks_only": YES, "ignores": YES,
    "erase_fails": YES, "erase_times_out": YES, "keeps_password": YES, "ignores_password": YES, "refuses": OPCODES,
    "no_registers_for": OPCODES, "zeros_for": OPCODES, "no_registers": YES, "is_fixed_format": YES, "wrong_sense": YES,
    "error_form": ("libata-old", "descriptor"),
}  # fmt: skip
SCSI: Faults = {
    "does_nothing": YES, "liar": YES, "no_sense_while_running": YES, "ready_while_running": YES,
    "stuck_at": (0x4000,), "fails_at": (1, 0x8000), "refuses_but_runs": YES, "busy": YES, "loses_answer": YES,
    "refuses": ((5, 0x20, 0), (4, 0x44, 0), (9, 0x99, 0x99), (2, 4, 0x1B)), "loses_command": YES, "host_error": YES,
    "wrong_key": YES, "deferred": YES, "garbled_after": (0, 3, 5, 7), "is_fixed_format": YES, "forgets": YES,
    "stays_failed": YES, "wabereq": (1, 2, 3), "wacereq": (1, 2, 3), "offers": ((),),
}  # fmt: skip
NVME: Faults = {
    "fault": (
        "gone", "kernel-refuses", "invalid-opcode", "denied", "drops-dwords", "liar", "foreign-log", "does-nothing",
        "instant", "log-lags", "log-stutters", "lost-answer", "host-abort", "refuses-but-runs", "stuck", "fails",
        "misses-namespace", "no-purge", "changes-format",
    ),
    "log": ((1, 0, 0x0A), (1, 0, 0x80A), (3, 4, 0x0A), (3, 2, 2)),  # from before: SSTAT, state, SCDW10
    "is_all_erased": YES,
}  # fmt: skip
MMC: Faults = {
    "does_nothing": YES, "skips_at": (0, 1, 2), "late_error_at": (0, 1, 2), "late_while_busy": YES, "illegal": YES,
    "errno_at": tuple((piece, code) for piece in (0, 1) for code in (errno.EIO, errno.ETIMEDOUT, errno.EOPNOTSUPP)),
    "no_sanitize": (errno.EOPNOTSUPP, errno.ETIMEDOUT), "switch_error": YES, "busy_for": (1, 2), "stuck": YES,
}  # fmt: skip


def singles(faults: Faults) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in faults.items() for value in values]


def _nvme(drawn: dict[str, Any]) -> NvmeOnWire:
    status, state, command = drawn.get("log", (0, 0, 0))
    return NvmeOnWire(
        namespaces={1: bytearray(b"secret!!" * (SIZE // 8))}, fault=drawn.get("fault", ""), sanicap=0b101011,
        fna=0b100, status=status, state=state, scdw10=command, is_all_erased=drawn.get("is_all_erased", False),
    )  # fmt: skip


def _scsi(drawn: dict[str, Any]) -> scsi.ScsiTwin:
    of_twin = {name: value for name, value in drawn.items() if name in ("wabereq", "wacereq", "offers")}
    of_faults = {name: value for name, value in drawn.items() if name not in of_twin}
    return scsi.ScsiTwin(blocks=SECTORS, faults=scsi.Faults(**of_faults), **of_twin)


BENCHES = {
    "ata": Bench(
        ("ata-sanitize-block", "ata-sanitize-crypto", "ata-sanitize-overwrite", "ata-security-erase-enhanced"), ATA,
        lambda drawn: AtaOnWire(native=SECTORS, visible=SECTORS - 8, faults=ata.Faults(**drawn)),
        lambda twin: ata_bench.family_on(twin), lambda twin: ata_bench.media_of(twin), ata.PowerCut,
    ),
    "sata-behind-sas": Bench(  # SAT by the adapter, as a SAS3008 does it: what it does not hand back is not known
        ("ata-sanitize-block", "ata-sanitize-crypto", "ata-security-erase-enhanced"), ATA,
        lambda drawn: AtaOnWire(native=SECTORS, visible=SECTORS, faults=ata.Faults(**drawn)),
        lambda twin: ata_bench.family_on(twin, transport="sas"),
        lambda twin: ata_bench.media_of(twin, transport="sas"), ata.PowerCut,
    ),
    "scsi": Bench(
        scsi_bench.ALL, SCSI, _scsi, lambda twin: scsi_bench.family_on(twin), lambda twin: scsi_bench.media_of(twin),
        scsi.PowerCut,
    ),
    "nvme": Bench(
        ("nvme-sanitize-block", "nvme-sanitize-crypto", "nvme-format-crypto", "nvme-format-user-data"), NVME, _nvme,
        lambda twin: opened(twin), lambda twin: nvme.media_of(twin), nvme.PowerCut,
    ),
    "mmc": Bench(
        mmc_bench.BOTH, MMC, lambda drawn: mmc.MmcTwin(size_bytes=2 * mmc.GROUP, faults=mmc.Faults(**drawn)),
        lambda twin: mmc_bench.family_on(twin), lambda twin: mmc_bench.media_of(twin), mmc.PowerCut,
    ),
}  # fmt: skip


def erase(bench: Bench, twin: Any, path: Path, steps: tuple[Planned, ...], cut: Cut) -> Erasure:
    """One erasure, over one cut of the power at most."""
    if cut is not None and isinstance(twin, NvmeOnWire):
        twin.cut_at, twin.cut_after = cut[0], cut[1] != "before"
    elif cut is not None:
        twin.cut_at = cut
    media = bench.media(twin)
    try:
        return run_engine(twin, lambda: bench.family(twin), media, path, *steps)
    except bench.cut:
        twin.power_on()
        return run_engine(twin, lambda: bench.family(twin), media, path, *steps, resumed=True)


def has_evidence(erasure: Erasure, path: Path) -> bool:
    """Of the attempt that the outcome rests on, in the journal's own lines."""
    entries, last = read_journal(path), erasure.attempts[-1]
    number = max(entry.attempt for entry in entries if hasattr(entry, "attempt"))
    ours = [entry for entry in entries if getattr(entry, "attempt", None) == number]

    def latest(kind: type) -> Any:
        return next((entry for entry in reversed(ours) if isinstance(entry, kind)), None)

    reading = latest(ReadingEnded)
    if reading is None or last.result != "completed":
        return False
    if last.technique in PASSES:
        return bool(reading.matching_bytes == reading.read_bytes > 0)
    planted, sought = latest(MarkersPlanted), latest(MarkersSought)
    was_seen = latest(Accepted) is not None and latest(Erased) is not None
    return was_seen and bool(planted.markers.offsets) and sought is not None and sought.survived == 0


def holds(bench: Bench, technique: Technique, drawn: dict[str, Any], cut: Cut = None, *, then: bool = False) -> str:
    """The promise, of one erasure; its outcome."""
    twin = bench.make(drawn)
    steps = (Planned(technique=technique, level="clear" if "format-unit" in technique else "purge"),)
    if then:
        steps += (Planned(technique="overwrite-stream", level="clear"),)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "journal"
        erasure = erase(bench, twin, path, steps, cut)
        if erasure.outcome not in SUCCESS:
            assert erasure.level is None and erasure.why, "why not, in words"
            return erasure.outcome
        is_asked = erasure.validation is not None and erasure.validation.decision == "escalate"
        if erasure.level == "clear" and erasure.hidden is not None and erasure.hidden.state == "unknown":
            assert is_asked, "whether an area is hidden is not known: a person decides"
            assert bench.left(twin, upto=twin.size_bytes) == 0, (drawn, erasure)
        else:
            assert bench.left(twin) == 0, (drawn, erasure)
        assert has_evidence(erasure, path), (drawn, erasure)
        assert erasure.level != "purge" or erasure.attempts[-1].technique == technique
        assert not any(one.result in ("failed", "lied", "stalled") for one in erasure.attempts)
        return erasure.outcome


TABLE = [(kind, technique) for kind, bench in BENCHES.items() for technique in bench.techniques]


@pytest.mark.parametrize(("kind", "technique"), TABLE)
def test_no_single_fault_makes_a_claim(kind: str, technique: Technique) -> None:
    """The whole table, and its first line: without a fault it is claimed, else the promise is kept by silence."""
    bench, is_refused = BENCHES[kind], kind == "sata-behind-sas" and technique == "ata-security-erase-enhanced"
    sound = "failed" if is_refused else "cleared" if "format-unit" in technique else "purged"
    assert holds(bench, technique, {}) == sound, "no password is set behind an adapter; all else is claimed"
    outcomes = {holds(bench, technique, {name: value}) for name, value in singles(bench.faults)}
    assert outcomes - set(SUCCESS), "some of them were met"


@pytest.mark.parametrize("kind", BENCHES)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(), then=st.booleans(),
    cut=st.none() | st.tuples(st.integers(0, 40), st.sampled_from(("before", "during", "after"))),
)  # fmt: skip
def test_no_mixture_of_faults_and_no_cut_makes_a_claim(kind: str, data: st.DataObject, then: bool, cut: Cut) -> None:
    """At most three faults at once: with more, an erase is hardly ever begun."""
    bench = BENCHES[kind]
    drawn = dict(data.draw(st.lists(st.sampled_from(singles(bench.faults)), max_size=3)))
    holds(bench, data.draw(st.sampled_from(bench.techniques)), drawn, cut, then=then)
