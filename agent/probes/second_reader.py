"""pySMART as a second opinion on the very text that the first reader had. It never replaces a fact, it only objects.

Two readers that disagree on a counter mean that one misread it: the technician is told both values. The library's traps
stop here. Its import sets LANG and the global logging class; it would start smartctl again, with no time limit; it cuts
serials at a space; it raises on bridges, odd sizes and half answers. A silent second reader is no gap: the first has
answered.
"""

import logging
import os
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.facts import Gap, Health

SOURCE = "pySMART"
_TEMPERATURE_SLACK_C = 10  # SCT status and attribute 194 are read at different times, by different firmware
_TEMPERATURES = (194, 190)  # two sensors, up to 25 °C apart, and each reader has its favourite
_COUNTERS = {
    "reallocated_sectors": 5,
    "reported_uncorrectable": 187,
    "pending_sectors": 197,
    "uncorrectable_sectors": 198,
}
_HEADED = re.compile(r"\Asmartctl \S")
# A row of the brief table that `-x` prints ("  5 Reallocated_Sector_Ct  PO--CK  100  100  010  -  0"), which pySMART
# takes for the classic one and falls over.
_BRIEF = re.compile(
    r"^( *\d+ \S+ +)(P|-)[O-][S-][R-][C-][K-]\+?( +\S+ +\S+ +\S+ +)(-|NOW|[Pp]ast)( +\S.*)$", re.MULTILINE
)
_WHEN = {"NOW": "FAILING_NOW", "PAST": "In_the_past"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What pySMART made of a text; `counters` by the names of `Health`."""

    is_passed: bool | None = None
    temperatures_c: tuple[int, ...] = ()  # of every sensor it knows of
    counters: dict[str, int] = field(default_factory=dict)


def second_opinion(text: str, protocol: Literal["ata", "nvme", "scsi"]) -> Opinion | None:
    """pySMART's reading of one smartctl text (`-a`, or `-x -f old`); None when it cannot say. Never raises.

    Not for several threads at once: the library's import touches the whole process.
    """
    if not text.strip():
        return None
    try:
        device = _read(text, protocol)
        return _opinion(device, protocol)
    except Exception:  # noqa: BLE001 - ValueError, IndexError, StopIteration, AttributeError… as its input varies
        return None


def objections(ours: Health, theirs: Opinion, path: str) -> tuple[Gap, ...]:
    """One `conflict` for each fact that both readers know and tell differently. `path` is that of the health."""
    gaps: list[Gap] = []

    def object_to(fact: str, first: object, second: object) -> None:
        detail = f"first reader: {first}; pySMART: {second}"
        gaps.append(Gap(path=f"{path}.{fact}", source=SOURCE, why="conflict", detail=detail))

    if None not in (ours.is_passed, theirs.is_passed):
        # pySMART says FAIL, too, for a drive that passes while one attribute is under its threshold.
        passes = bool(ours.is_passed) and not ours.failing_now
        if passes != theirs.is_passed:
            object_to("is_passed", ours.is_passed, theirs.is_passed)
    for fact, number in theirs.counters.items():
        known = getattr(ours, fact)
        if known is not None and known != number:
            object_to(fact, known, number)
    now, sensors = ours.temperature_c, theirs.temperatures_c
    if now is not None and sensors and min(abs(now - sensor) for sensor in sensors) > _TEMPERATURE_SLACK_C:
        object_to("temperature_c", now, " or ".join(map(str, sensors)))
    return tuple(gaps)


def _library() -> Any:
    """pySMART, with what its import changes in the whole process put back."""
    language, loggers = os.environ.get("LANG"), logging.getLoggerClass()
    try:
        import pySMART

        return pySMART
    finally:
        logging.setLoggerClass(loggers)
        if language is None:
            os.environ.pop("LANG", None)
        else:
            os.environ["LANG"] = language


def _classic(row: re.Match[str]) -> str:
    kind = "Pre-fail" if row[2] == "P" else "Old_age"
    return f"{row[1]}0x0000{row[3]}{kind} Always {_WHEN.get(row[4].upper(), '-')}{row[5]}"


def _read(text: str, protocol: str) -> Any:
    library = _library()
    # The library skips four lines without looking: smartctl's banner. Loose answers often lack it.
    lines = _BRIEF.sub(_classic, text).splitlines()
    lines = lines if _HEADED.match(text) else ["", "", "", "", *lines]

    class Recorded(library.smartctl.Smartctl):  # type: ignore[misc, name-defined]
        """A smartctl that has answered already; whatever else the library asks has no answer."""

        def _exec(self, cmd: list[str]) -> tuple[list[str], int]:
            return (list(lines), 0) if "--all" in cmd else ([], 1)

    # The options are a list of its own: the library's default is shared by every device and only grows.
    return library.Device("disk", interface=protocol, smartctl=Recorded("smartctl", options=[]))


def _opinion(device: Any, protocol: str) -> Opinion:
    # WARN is a pass with an attribute that failed in the past.
    is_passed = None if device.assessment is None else device.assessment != "FAIL"
    counters: dict[str, int] = {}
    warmth = [device.temperature]
    if protocol == "ata":
        warmth += [device.attributes[number].raw_int for number in _TEMPERATURES if device.attributes[number]]
        for fact, number in _COUNTERS.items():
            told = device.attributes[number]
            # It reads "0x0012" as 0.
            if told is not None and told.raw_int is not None and not told.raw.startswith(("0x", "-")):
                counters[fact] = told.raw_int
    elif protocol == "nvme" and device.if_attributes is not None:
        errors = device.if_attributes.integrityErrors
        counters = {} if errors is None else {"media_errors": errors}
    return Opinion(
        is_passed=is_passed,
        temperatures_c=tuple(dict.fromkeys(t for t in warmth if isinstance(t, int) and 0 < t < 128)),
        counters=counters,
    )
