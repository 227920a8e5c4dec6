"""pySMART as a second opinion on the very text that smartctl printed: where it reads something else, that is a gap.

Its traps stay in this module: importing it sets LANG for the whole process and replaces logging's class, it asks for a
device's type by running more commands, cuts serials at a space, and raises for interfaces that it does not know.
"""

import logging
import os
import re
import threading
import warnings
from collections.abc import Sequence
from typing import Any

from agent.facts import Disk, Gap
from agent.probes.smart_values import Protocol
from agent.text import whole

_INTERFACES: dict[Protocol | None, str] = {"ata": "sat", "nvme": "nvme", "scsi": "scsi"}
_DEGREES_APART = 10  # it may read attribute 190 where we read 194 or the SCT status
_GAPS_MOST = 5
_LOCK = threading.Lock()  # import and warning filters are the whole process's
_BRIEF_ROW = re.compile(r"^( *\d+ \S+ +)([POSRCK-]{6})\+?( +\S+ +\S+ +\S+) +(-|NOW|[Pp]ast) +(.*)$")
_GROUPED = re.compile(r"(?<=\d)[\u00a0\u202f](?=\d{3}(?!\d))")  # a French locale's thousands: it raises for them
_WHEN = {"-": "-", "now": "FAILING_NOW", "past": "In_the_past"}


def disagreements(disk: Disk, text: str, protocol: Protocol | None, source: str) -> tuple[Gap, ...]:
    """Gaps of kind `conflict`, paths relative to the disk; empty when both read the same, or it could not read."""
    try:
        with _LOCK:
            device = _read(text, disk.name, protocol)
        found = list(_compare(disk, device)) if device is not None else []
    except Exception:  # noqa: BLE001 - a second opinion that stumbles is none; the first one stands
        return ()
    return tuple(
        Gap(path=path, source=source, why="conflict", detail=f"ours: {ours}; pySMART: {theirs}")
        for path, ours, theirs in found[:_GAPS_MOST]
    )


def _library() -> tuple[Any, Any]:
    """`Device` and `Smartctl`, imported without what the import does to the process."""
    lang, logger = os.environ.get("LANG"), logging.getLoggerClass()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pySMART.device import Device
            from pySMART.smartctl import Smartctl
    finally:
        logging.setLoggerClass(logger)
        if lang is None:
            os.environ.pop("LANG", None)
        else:
            os.environ["LANG"] = lang
    return Device, Smartctl


def _read(text: str, name: str, protocol: Protocol | None) -> Any:
    """pySMART's device object, or None when the text is of no kind that it reads."""
    interface = _INTERFACES.get(protocol)
    if interface is None:
        return None
    device_class, smartctl_class = _library()
    lines = [_classic(_GROUPED.sub(",", line)) for line in text.splitlines()]

    class Printed(smartctl_class):  # type: ignore[misc, valid-type]  # the class came from a late import
        """Answers "--all" with the text at hand and starts nothing."""

        def _exec(self, cmd: Sequence[str]) -> tuple[list[str], int]:
            return (list(lines), 0) if "--all" in cmd else ([], 1)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return device_class(f"/dev/{name}", interface=interface, smartctl=Printed(smartctl_path="smartctl"))


def _classic(line: str) -> str:
    """A row of the brief table (`-f brief`, part of `-x`) as the classic one, the only one that pySMART knows."""
    row = _BRIEF_ROW.match(line)
    if row is None:
        return line
    flags = sum(1 << place for place, letter in enumerate("POSRCK") if letter in row[2])
    kind = "Pre-fail" if "P" in row[2] else "Old_age"
    updated = "Always" if "O" in row[2] else "Offline"
    return f"{row[1]}0x{flags:04x} {row[3]} {kind} {updated} {_WHEN[row[4].casefold()]} {row[5]}"


def _compare(disk: Disk, device: Any) -> list[tuple[str, object, object]]:
    found: list[tuple[str, object, object]] = []
    health = disk.health
    # It turns PASS into FAIL or WARN for attributes at their threshold, which we tell apart from the disk's own word.
    if device.assessment == "FAIL" and health.is_passed is True and not (health.failing_now or health.failed_past):
        found.append(("health.is_passed", True, "FAIL"))
    if device.assessment == "PASS" and health.is_passed is False:
        found.append(("health.is_passed", False, "PASS"))
    theirs = device.temperature
    ours = health.temperature_c
    if isinstance(theirs, int) and 0 < theirs < 128 and ours is not None and abs(theirs - ours) > _DEGREES_APART:
        found.append(("health.temperature_c", ours, theirs))
    return found + _attributes(disk, device) + _nvme(disk, device)


def _attributes(disk: Disk, device: Any) -> list[tuple[str, object, object]]:
    found: list[tuple[str, object, object]] = []
    table = device.attributes
    ids = [ours.id for ours in disk.health.attributes]
    for place, ours in enumerate(disk.health.attributes):
        theirs = table[ours.id] if ours.id < len(table) else None
        if theirs is None or theirs.name != ours.name or ids.count(ours.id) > 1:  # it keeps the last of twins
            continue
        told: list[tuple[str, object, object]] = [
            ("value", ours.value, whole(str(theirs.value))),
            ("worst", ours.worst, whole(str(theirs.worst))),
            ("threshold", ours.threshold, theirs.thresh),
        ]
        if not ours.raw_text.startswith("0x"):  # its first number of "0x0007…" is the 0
            told.append(("raw", ours.raw, None if theirs.raw_int is None else str(theirs.raw_int)))
        found += [
            (f"health.attributes[{place}].{field}", mine, other)
            for field, mine, other in told
            if other is not None and mine != other
        ]
    return found


def _nvme(disk: Disk, device: Any) -> list[tuple[str, object, object]]:
    theirs = device.if_attributes
    if type(theirs).__name__ != "NvmeAttributes":
        return []
    health = disk.health
    used, spare = theirs.percentageUsed, theirs.availableSpare
    told = (
        ("health.critical_warning", health.critical_warning, theirs.criticalWarning),
        ("health.wear_permille", health.wear_permille, None if used is None else used * 10),
        ("health.spare_permille", health.spare_permille, None if spare is None else spare * 10),
        ("health.hours", health.hours, theirs.powerOnHours),
        ("health.media_errors", health.media_errors, theirs.integrityErrors),
        ("health.unsafe_shutdowns", health.unsafe_shutdowns, theirs.unsafeShutdowns),
    )
    return [(path, ours, other) for path, ours, other in told if None not in (ours, other) and ours != other]
