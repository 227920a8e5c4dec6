"""From what smartctl told to facts: absurd readings become gaps, the vendor's counters become what they count.

Pure. Nothing is judged here: a limit in this module tells a broken counter from a count, never a good disk from a bad.
"""

import re
from typing import Any

from agent.facts import Disk, Gap, Health, Why
from agent.probes import smart_wear
from agent.probes.disk_makers import disk_maker
from agent.probes.smart_values import SmartReport, SmartValues, trouble_of
from agent.text import clean, meant

INTEGER_MOST = 2**53 - 1  # a record's largest integer
_HOURS_MOST = 150_000  # 17 years without a pause
_SECTORS_MOST = 1_000_000
_COUNT_MOST = 0xFFFFFF
_TEMPERATURES = range(-60, 151)
_CONFLICT_PERMILLE = 200

_MOST = {
    "hours": _HOURS_MOST,
    "error_last_hours": _HOURS_MOST,
    "reallocated_sectors": _SECTORS_MOST,
    "reallocation_events": _SECTORS_MOST,
    "pending_sectors": _SECTORS_MOST,
    "uncorrectable_sectors": _SECTORS_MOST,
    "reported_uncorrectable": _SECTORS_MOST,
    "grown_defects": _SECTORS_MOST,
    "spin_retries": _SECTORS_MOST,
    "crc_errors": _COUNT_MOST,
    "downshifts": _COUNT_MOST,
    "power_cycles": _COUNT_MOST,
    "unsafe_shutdowns": _COUNT_MOST,
    "media_errors": INTEGER_MOST,
    "uncorrected_errors": INTEGER_MOST,
    "error_count": INTEGER_MOST,
    "written_bytes": INTEGER_MOST,
    "read_bytes": INTEGER_MOST,
    "wear_permille": 2550,
    "spare_permille": 1000,
    "spare_threshold_permille": 1000,
    "self_test_short_minutes": 1000,
    "self_test_extended_minutes": 0xFFFF,
}
# Device Statistics (ACS-4, 9.5) stand in for an attribute that the drive does not have.
_STATISTICS = {
    "hours": "Power-on Hours",
    "reallocated_sectors": "Number of Reallocated Logical Sectors",
    "reported_uncorrectable": "Number of Reported Uncorrectable Errors",
    "crc_errors": "Number of Interface CRC Errors",
    "temperature_c": "Current Temperature",
    "temperature_max_c": "Highest Temperature",
}


def settle(values: SmartValues, name: str, source: str) -> SmartReport:
    """Facts and gaps of one answer. `name` is the kernel's name of the disk, `source` the command or file."""
    return _Settling(values, name, source).report()


class _Settling:
    """Holds what one answer's parts share while they are brought together."""

    def __init__(self, values: SmartValues, name: str, source: str) -> None:
        self.values = values
        self.name = name
        self.source = source
        self.gaps: list[Gap] = []
        self.disk: dict[str, Any] = {key: value for key, value in values.disk.items() if value is not None}
        self.health: dict[str, Any] = {key: value for key, value in values.health.items() if value is not None}

    def gap(self, path: str, why: Why, detail: str = "") -> None:
        self.gaps.append(Gap(path=path, source=self.source, why=why, detail=clean(detail)))

    def report(self) -> SmartReport:
        has_answer = bool(self.disk) or bool(self.health)
        if not has_answer:
            self._tell_trouble()
        else:
            self._attributes()
            self._statistics()
            self._wear()
            self._tests()
            self._bound()
            self._identity()
            if self.health.get("is_available") is not False and not self._has_health():
                why, detail = trouble_of(self.values.trouble) or ("absent", "the disk told its name and no health")
                if self.values.is_enabled is False:
                    why, detail = "absent", "SMART is switched off on this disk"
                self.gap("health", why, detail)
        disk = Disk(name=self.name, **self.disk, health=Health(**self.health))
        return SmartReport(
            disk=disk,
            gaps=tuple(self.gaps),
            has_answer=has_answer,
            protocol=self.values.protocol,
            device_type=self.values.device_type,
        )

    def _tell_trouble(self) -> None:
        why, detail = trouble_of(self.values.trouble) or ("malformed", "smartctl's answer says nothing of a disk")
        self.gap("", why, detail)

    def _has_health(self) -> bool:
        plain = {"is_available", "exit_bits", "self_test_short_minutes", "self_test_extended_minutes"}
        return any(key not in plain for key in self.health)

    def _attributes(self) -> None:
        attributes = self.values.attributes
        if smart_wear.is_constant(attributes):
            self.gap("health.attributes", "malformed", "the same numbers for every attribute: invented, not counted")
            self.values.attributes = attributes = []
        if not attributes:
            return
        self.health["attributes"] = tuple(attributes)
        self.health["failing_now"] = tuple(a.name for a in attributes if a.failed == "now")
        self.health["failed_past"] = tuple(a.name for a in attributes if a.failed == "past")
        for fact, number in smart_wear.counters(attributes).items():
            self.health.setdefault(fact, number)
        if (hours := smart_wear.hours(attributes)) is not None:
            self.health.setdefault("hours", hours)
        for a in attributes:
            if a.id == 12 and a.raw is not None and a.name == "Power_Cycle_Count":
                self.health.setdefault("power_cycles", int(a.raw))
        sector = self.disk.get("logical_sector_bytes") or 512
        for fact, size in smart_wear.volumes(attributes, sector, is_in_database=self.values.is_in_database).items():
            self.health.setdefault(fact, size)

    def _statistics(self) -> None:
        told = self.values.statistics
        for fact, entry in _STATISTICS.items():
            # An absurd attribute is no better than none.
            most = _MOST.get(fact, INTEGER_MOST)
            if entry in told and not 0 <= self.health.get(fact, -1) <= most and told[entry] <= most:
                self.health[fact] = told[entry]
        sector = self.disk.get("logical_sector_bytes") or 512
        for fact, entry in (("written_bytes", "Logical Sectors Written"), ("read_bytes", "Logical Sectors Read")):
            if told.get(entry, 0) > 0:
                self.health[fact] = told[entry] * sector
        if self.values.pending_defects is not None:
            self.health.setdefault("pending_sectors", self.values.pending_defects)
        now, most_warm = smart_wear.temperature(self.values.attributes)
        for fact, degrees in (("temperature_c", now), ("temperature_max_c", most_warm)):
            if degrees is not None:
                self.health.setdefault(fact, degrees)

    def _wear(self) -> None:
        """Device Statistics' word, else smartctl's, else the vendor's; far apart they are a conflict, not a fact."""
        kind = self._kind()
        if kind == "hdd":
            return
        values, attributes = self.values, self.values.attributes
        model = f"{self.disk.get('model') or ''}"
        is_known = values.is_in_database is not False
        percent = values.statistics.get("Percentage Used Endurance Indicator")
        if percent is None and not smart_wear.is_life_left_unclear(attributes):
            percent = values.wear_percent
        told = percent * 10 if percent is not None else None
        vendor = smart_wear.wear_permille(attributes, model, is_in_database=is_known)
        if told is not None and vendor is not None and abs(min(told, 1000) - min(vendor, 1000)) > _CONFLICT_PERMILLE:
            self.gap("health.wear_permille", "conflict", f"device statistics: {told}; vendor attribute: {vendor}")
        elif told is not None or vendor is not None:
            self.health.setdefault("wear_permille", told if told is not None else vendor)
        elif kind == "ssd" and attributes:
            self.gap("health.wear_permille", "absent", "no attribute of this SSD is known to tell its wear")
        spare, limit = smart_wear.spare_permille(attributes, model, is_in_database=is_known)
        if self.values.spare_percent is not None:
            spare = self.values.spare_percent * 10
            limit = None if self.values.spare_threshold_percent is None else self.values.spare_threshold_percent * 10
        if spare is not None:
            self.health.setdefault("spare_permille", spare)
        if limit is not None:
            self.health.setdefault("spare_threshold_permille", limit)

    def _kind(self) -> str | None:
        rpm = self.disk.get("rpm")
        if self.values.protocol == "nvme" or self.disk.get("maker") == "NVMe":  # the latter behind a SAS controller
            return "nvme"
        if rpm is not None:
            return "hdd" if rpm > 0 else "ssd"
        flash = smart_wear.is_flash(self.values.attributes, f"{self.disk.get('model') or ''}")
        if flash is None and re.search(r"M\.2|mSATA|MicroSSD", f"{self.disk.get('form_factor') or ''}"):
            flash = True
        return None if flash is None else "ssd" if flash else "hdd"

    def _tests(self) -> None:
        """Failed: a failed test that no later extended test has made good (as smartctl's own exit bit 7 counts)."""
        tests = self.values.tests
        if tests is not None:
            self.health["self_test_count"] = len(tests)
        has_pass = False
        for test in tests or ():
            if test.outcome == "failed":
                self.health["self_test_failed"] = True
                return
            has_pass = has_pass or test.outcome == "passed"
            if test.outcome == "passed" and test.is_extended:
                break
        if self.values.last_test == "failed" and not has_pass:
            self.health["self_test_failed"] = True
        elif has_pass:
            self.health["self_test_failed"] = False

    def _bound(self) -> None:
        for fact, most in _MOST.items():
            value = self.health.get(fact)
            if value is not None and not 0 <= value <= most:
                self.gap(f"health.{fact}", "malformed", f"not believable: {value}")
                del self.health[fact]
        for fact in ("temperature_c", "temperature_max_c"):
            if fact in self.health and self.health[fact] not in _TEMPERATURES:
                self.gap(f"health.{fact}", "malformed", f"not believable: {self.health[fact]}")
                del self.health[fact]

    def _identity(self) -> None:
        disk, kind = self.disk, self._kind()
        for field in ("maker", "model", "serial", "firmware", "form_factor"):
            if field in disk:
                disk[field] = meant(disk[field])
        if disk.get("serial") in ("REDACTED", "[No Information Found]"):
            disk["serial"] = None
        if not isinstance(disk.get("size_bytes"), int) or not 0 < disk["size_bytes"] <= INTEGER_MOST:
            disk["size_bytes"] = None
        rpm = disk.get("rpm")
        if rpm is not None:
            disk["is_rotational"] = rpm > 0
            disk["rpm"] = rpm if 0 < rpm < 0xFFFF else None
        elif kind in ("ssd", "nvme"):
            disk["is_rotational"] = False
        if kind:
            disk["kind"] = kind
        disk["maker"] = disk_maker(disk.get("maker"), disk.get("model"))
