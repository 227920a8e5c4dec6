"""What one check found. Three outcomes of a test, and `not_applicable` for a part that the PC does not have.

Units are in the measures, integers only; sentences are for people and bounded. No personal data: never an address, a
picture, a recording or a name.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.facts import Fact
from agent.text import clean

Outcome = Literal["passed", "failed", "not_tested", "not_applicable"]
By = Literal["machine", "person"]  # who said the outcome: a measurement, or somebody's eyes, ears and hands
Unit = Literal["percent", "permille", "c", "rpm", "mhz", "mib", "seconds", "count", "mbps", "centibel", "mwh", "px"]

SENTENCE_MOST, NOTE_MOST = 400, 200
DISK_READ = "disk-read"  # what `wipe --verify-only` saw of one disk: no guided check, and no erasure
LOST_DISKS = "lost-disks"  # a person's word that disks which answer no more are out of the PC; see `lost`
TESTED: tuple[Outcome, ...] = ("passed", "failed")

CheckName = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,39}$", max_length=40)]
Moment = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", max_length=20)]


class Measure(Fact, frozen=True, kw_only=True):
    """One number that was read: `peak-temperature` 83 `c` about `Package id 0`."""

    name: CheckName
    value: int
    unit: Unit
    about: Annotated[str, Meta(max_length=60)] = ""  # which sensor, port or key; cleaned text from hardware


class CheckResult(Fact, frozen=True, kw_only=True):
    name: CheckName
    outcome: Outcome
    by: By = "machine"
    fr: Annotated[str, Meta(max_length=SENTENCE_MOST)] = ""  # what was found, one plain sentence or two
    en: Annotated[str, Meta(max_length=SENTENCE_MOST)] = ""
    measured: Annotated[tuple[Measure, ...], Meta(max_length=200)] = ()
    note: Annotated[str, Meta(max_length=NOTE_MOST)] = ""  # typed by the technician
    operator: Annotated[str, Meta(max_length=80)] | None = None  # a code, never a name
    taken_at: Moment | None = None  # the station's clock; None where nothing was done
    seconds: Annotated[int, Meta(ge=0)] = 0
    failed_before: Annotated[int, Meta(ge=0)] = (
        0  # earlier failures of this check in this visit: "passed at the third try"
    )

    @property
    def is_tested(self) -> bool:
        return self.outcome in TESTED

    def told(self, lang: str) -> str:
        return self.en if lang == "en" else self.fr


def moment(time: datetime) -> str:
    """As `Moment`: UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def result(name: str, outcome: Outcome, fr: str, en: str, *measured: Measure, by: By = "machine") -> CheckResult:
    """A result whose sentences are cut to what a record takes; who runs the check adds time and operator."""
    return CheckResult(
        name=name, outcome=outcome, by=by, fr=clean(fr, SENTENCE_MOST), en=clean(en, SENTENCE_MOST),
        measured=measured[:200],
    )  # fmt: skip


def measure(name: str, value: int, unit: Unit, about: str = "") -> Measure:
    return Measure(name=name, value=value, unit=unit, about=clean(about, 60))


def merge(results: Iterable[CheckResult]) -> dict[str, CheckResult]:
    """What stands, from results in the order in which they were taken (the journal's, not the clock's).

    The last test counts, and says how often it failed before. A test given up says nothing: it never hides what an
    earlier one found. So a check that failed stays failed until it is done again to its end, or until a person says
    that the PC has no such part (whether that can be is the gate's question).
    """
    standing: dict[str, CheckResult] = {}
    failures: dict[str, int] = {}
    for one in results:
        before = standing.get(one.name)
        if before is not None and one.outcome == "not_tested":
            continue
        earlier = failures.get(one.name, 0)
        standing[one.name] = msgspec.structs.replace(one, failed_before=earlier)
        failures[one.name] = earlier + (one.outcome == "failed")
    return standing
