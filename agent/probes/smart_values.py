"""What smartctl told of one disk, in either of its forms, before sense is made of it. Plain data, nothing is judged.

The JSON reader and the text reader fill the same `SmartValues`; `smart_facts.settle` alone turns them into facts, so
that both forms of one answer give one result.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.facts import Attribute, Disk, Gap, Why

Protocol = Literal["ata", "nvme", "scsi"]

# What smartctl says instead of an answer. Its wording is the same in the text and in `smartctl.messages` of the JSON.
_TROUBLES: tuple[tuple[re.Pattern[str], Why, str], ...] = (
    (re.compile(r"Permission denied|Operation not permitted|Error=5\b"), "refused", "needs root"),
    (re.compile(r"Unknown USB bridge[^\n]*|Unsupported USB bridge[^\n]*"), "failed", ""),
    (re.compile(r"Unable to detect device type[^\n]*|[Pp]lease specify device type[^\n]*"), "failed", ""),
    (re.compile(r"Device is in [A-Z_ ]+ mode[^\n]*"), "failed", ""),
    (re.compile(r"Read Device Identity failed[^\n]*|Read NVMe Identify Controller failed[^\n]*"), "failed", ""),
    (re.compile(r"INQUIRY failed[^\n]*|Inquiry response[^\n]*|Standard Inquiry[^\n]*fail[^\n]*"), "failed", ""),
    (re.compile(r"failed: No such (?:device|file)[^\n]*|No such device or address[^\n]*"), "absent", ""),
    (re.compile(r"[Oo]pen device:? [^\n]*failed[^\n]*|Open failed[^\n]*"), "failed", ""),
)
_NEEDS_TYPE = re.compile(r"USB bridge|detect device type|specify device type")


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """One line of a self-test log, the newest first in its list."""

    is_extended: bool
    outcome: Literal["passed", "failed", "other"]  # other: aborted, interrupted, running, vendor's own


@dataclass(slots=True, kw_only=True)
class SmartValues:
    """One answer taken apart. `disk` and `health` hold fields of the facts by name, exactly as printed."""

    protocol: Protocol | None = None
    device_type: str | None = None  # smartctl's -d: "sat", "nvme", "megaraid,1", "usbjmicron"
    is_in_database: bool | None = None
    is_enabled: bool | None = None  # SMART switched on
    disk: dict[str, Any] = field(default_factory=dict)
    health: dict[str, Any] = field(default_factory=dict)
    attributes: list[Attribute] = field(default_factory=list)
    statistics: dict[str, int] = field(default_factory=dict)  # ATA Device Statistics, valid entries only
    tests: list[SelfTest] | None = None  # None: no log was printed
    last_test: Literal["passed", "failed", "other"] | None = None  # ATA self-test execution status
    wear_percent: int | None = None  # smartctl's own `endurance_used`
    spare_percent: int | None = None
    spare_threshold_percent: int | None = None
    pending_defects: int | None = None  # entries of the Pending Defects log
    trouble: str = ""  # everything smartctl complained of


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartReport:
    """Facts and gaps of one answer; the gaps' paths are relative to the disk ("health.hours", "" for all of it)."""

    disk: Disk
    gaps: tuple[Gap, ...] = ()
    source: str = ""
    has_answer: bool = False  # the disk itself told something, if only its name
    is_bridge_unknown: bool = False  # smartctl asks for a device type: try `-d sat`
    protocol: Protocol | None = None
    device_type: str | None = None


def trouble_of(text: str) -> tuple[Why, str] | None:
    """Why there is no answer, when smartctl says so."""
    for pattern, why, hint in _TROUBLES:
        if found := pattern.search(text):
            return why, hint or found[0].strip()[:160]
    return None


def needs_device_type(text: str) -> bool:
    return _NEEDS_TYPE.search(text) is not None


def first_number(raw: str) -> str | None:
    """The first whole number of an attribute's raw text, as decimal digits: "32 (Min/Max 12/41)" → "32"."""
    found = re.match(r"\s*(?:0x([0-9a-fA-F]+)|(-?\d+))", raw)
    if found is None:
        return None
    return str(int(found[1], 16)) if found[1] else str(int(found[2]))


def attribute(
    id_: int, name: str, numbers: tuple[int | None, int | None, int | None], failed: str, raw: str
) -> Attribute:
    """One attribute from the columns of either table, or from JSON."""
    when = failed.casefold()
    value, worst, threshold = numbers
    return Attribute(
        id=id_,
        name=name[:64],
        value=value,
        worst=worst,
        threshold=threshold,
        raw=first_number(raw),
        raw_text=raw.strip()[:96],
        failed="now" if "now" in when else "past" if "past" in when else None,
    )
