"""smartctl's JSON (7.0 to 7.5) → facts. The exit status is data: an answer with bits set is read like any other.

Keys came and went with versions (`smart_support` a bool or an object, `scsi_*` prefixes, `summary` or `extended` logs):
every one is optional here, and a value of the wrong type is as good as absent.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from agent.facts import Disk, Gap
from agent.probes.smart_facts import settle
from agent.probes.smart_values import (
    Protocol,
    SelfTest,
    SmartReport,
    SmartValues,
    attribute,
    needs_device_type,
)
from agent.text import decode

DATA_UNIT_BYTES = 512_000  # NVM Express 1.4, 5.14.1.2
_NVME = {
    "hours": "power_on_hours",
    "power_cycles": "power_cycles",
    "unsafe_shutdowns": "unsafe_shutdowns",
    "media_errors": "media_errors",
    "error_count": "num_err_log_entries",
    "critical_warning": "critical_warning",
    "temperature_c": "temperature",
}
_PROTOCOLS: dict[str, Protocol] = {"ATA": "ata", "NVMe": "nvme", "SCSI": "scsi"}
_ATA_FAILED = range(3, 9)  # self-test execution status, high nibble (ACS-4, 9.4)
_SCSI_FAILED = range(3, 8)  # SPC-4, table 441: self-test results
_NVME_FAILED = (5, 6, 7)  # NVM Express 1.4, figure 199


def parse_smart_json(raw: str | bytes, name: str) -> SmartReport:
    """One disk from one JSON answer (of a list, the first disk). Never raises; a broken answer is a gap."""
    source = f"smartctl {name}"
    text = decode(raw) if isinstance(raw, bytes) else raw
    doc = document(text)
    if doc is None:
        why = "malformed" if text.strip() else "absent"
        gap = Gap(path="", source=source, why=why, detail="no JSON in smartctl's answer")  # type: ignore[arg-type]
        return SmartReport(disk=Disk(name=name), gaps=(gap,))
    values = values_of(doc)
    report = settle(values, name, source)
    if not report.has_answer and needs_device_type(values.trouble):
        return SmartReport(disk=report.disk, gaps=report.gaps, is_bridge_unknown=True)
    return report


def document(text: str) -> dict[str, Any] | None:
    """The JSON object, or the first of a list; None when there is none."""
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list):
        value = next((entry for entry in value if isinstance(entry, dict)), None)
    return value if isinstance(value, dict) else None


def printed_text(doc: dict[str, Any]) -> str | None:
    """The text that `--json=o` puts beside the data, for a reader that knows only text."""
    lines = at(doc, "smartctl", "output")
    if not isinstance(lines, list) or not lines:
        return None
    return "\n".join(line for line in lines if isinstance(line, str)) + "\n"


def at(doc: Any, *path: str) -> Any:
    for key in path:
        doc = doc.get(key) if isinstance(doc, dict) else None
    return doc


def whole(doc: Any, *path: str) -> int | None:
    """A whole number at a path; smartctl writes those beyond 2**53 as text too."""
    value = at(doc, *path)
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,40}", value):
        return int(value)
    return value if isinstance(value, int) else None


def words(doc: Any, *path: str) -> str | None:
    value = at(doc, *path)
    return value if isinstance(value, str) and value.strip() else None


def flag(doc: Any, *path: str) -> bool | None:
    value = at(doc, *path)
    return value if isinstance(value, bool) else None


def _entries(doc: Any, *path: str) -> list[dict[str, Any]]:
    value = at(doc, *path)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def values_of(doc: dict[str, Any]) -> SmartValues:
    values = SmartValues(
        protocol=_PROTOCOLS.get(words(doc, "device", "protocol") or ""),
        device_type=words(doc, "device", "type"),
        is_in_database=flag(doc, "in_smartctl_database"),
        is_enabled=flag(doc, "smart_support", "enabled"),
        wear_percent=whole(doc, "endurance_used", "current_percent"),
        spare_percent=whole(doc, "spare_available", "current_percent"),
        spare_threshold_percent=whole(doc, "spare_available", "threshold_percent"),
    )
    messages = [words(entry, "string") or "" for entry in _entries(doc, "smartctl", "messages")]
    values.trouble = "\n".join([*messages, printed_text(doc) or ""])
    values.disk.update(_identity(doc, values.protocol))
    values.health.update(_common(doc))
    _ata(doc, values)
    _nvme(doc, values)
    _scsi(doc, values)
    told = {key for key, value in values.health.items() if value is not None}
    if not values.disk and not values.attributes and told <= {"exit_bits"}:
        values.health.clear()
    return values


def _identity(doc: dict[str, Any], protocol: Protocol | None) -> dict[str, Any]:
    vendor = words(doc, "scsi_vendor") or words(doc, "vendor")
    product = words(doc, "scsi_product") or words(doc, "product")
    first = next(iter(_entries(doc, "nvme_namespaces")), None)
    size = whole(doc, "user_capacity", "bytes") or whole(first, "size", "bytes") or whole(doc, "nvme_total_capacity")
    rpm = whole(doc, "rotation_rate")
    found: dict[str, Any] = {
        "maker": vendor,
        "model": product if protocol == "scsi" and product else words(doc, "model_name"),
        "serial": words(doc, "serial_number"),
        "firmware": words(doc, "firmware_version") or words(doc, "scsi_revision") or words(doc, "revision"),
        "size_bytes": size or None,
        "wwn": _wwn(doc, first),
        "rpm": rpm if rpm is not None and 0 <= rpm <= 30_000 else None,
        "form_factor": words(doc, "form_factor", "name"),
        "logical_sector_bytes": whole(doc, "logical_block_size") or whole(first, "formatted_lba_size"),
        "physical_sector_bytes": whole(doc, "physical_block_size"),
        "has_trim": flag(doc, "trim", "supported"),
        "transport": _transport(doc, protocol),
        "bridge": _bridge(doc),
        **_security(doc, protocol),
    }
    if at(doc, "nvme_optional_admin_commands", "format_nvm") is True:
        found["sanitize"] = ("format",)
    return {key: value for key, value in found.items() if value is not None}


def _wwn(doc: dict[str, Any], namespace: dict[str, Any] | None) -> str | None:
    naa, oui, unique = (whole(doc, "wwn", key) for key in ("naa", "oui", "id"))
    if naa is not None and oui is not None and unique is not None:
        return f"{naa:x}{oui:06x}{unique:09x}" if naa else None
    oui, unique = whole(namespace, "eui64", "oui"), whole(namespace, "eui64", "ext_id")
    if oui and unique is not None:
        return f"{oui:06x}{unique:010x}"
    logical = (words(doc, "logical_unit_id") or "").removeprefix("0x").lower()
    return logical if re.fullmatch(r"[0-9a-f]{16,32}", logical) and set(logical) != {"0"} else None


def _transport(doc: dict[str, Any], protocol: Protocol | None) -> str | None:
    kind = words(doc, "device", "type") or ""
    if kind.startswith(("usb", "snt")):
        return "usb"
    if protocol == "nvme":
        return "nvme"
    if protocol == "ata":
        return "sata" if words(doc, "sata_version", "string") else None
    named = words(doc, "scsi_transport_protocol", "name") or ""
    return "sas" if named.startswith("SAS") else None


def _bridge(doc: dict[str, Any]) -> str | None:
    """ "/dev/sdb [USB JMicron]" or "/dev/bus/0 [megaraid_disk_01]": what stands between, if smartctl knows it."""
    told = re.search(r"\[([^\]]+)\]", words(doc, "device", "info_name") or "")
    kind = words(doc, "device", "type") or ""
    if re.match(r"usb|snt|megaraid|sssraid|cciss|areca|3ware|hpt|aacraid|jmb39x", kind):
        return told[1] if told and told[1] not in ("SAT", "SCSI") else kind
    return None


def _security(doc: dict[str, Any], protocol: Protocol | None) -> dict[str, Any]:
    told = at(doc, "ata_security")
    if isinstance(told, dict):
        if flag(told, "locked"):
            return {"security": "locked", "is_security_frozen": flag(told, "frozen")}
        is_on = flag(told, "enabled")
        state = None if is_on is None else "enabled" if is_on else "disabled"
        return {"security": state, "is_security_frozen": flag(told, "frozen")}
    # Asked and not there: smartctl leaves the object out for a drive without the feature set.
    argv = at(doc, "smartctl", "argv")
    asked = isinstance(argv, list) and any(word in ("-x", "--xall", "-xa") for word in argv)
    is_answered = words(doc, "model_name") is not None and words(doc, "ata_version", "string") is not None
    return {"security": "unsupported"} if protocol == "ata" and asked and is_answered else {}


def _common(doc: dict[str, Any]) -> dict[str, Any]:
    support = at(doc, "smart_support")
    available = support if isinstance(support, bool) else flag(support, "available")
    is_passed = flag(doc, "smart_status", "passed")
    if available is None and is_passed is not None:
        available = True
    return {
        "is_available": available,
        "is_passed": is_passed,
        "exit_bits": whole(doc, "smartctl", "exit_status"),
        "hours": whole(doc, "power_on_time", "hours"),
        "power_cycles": whole(doc, "power_cycle_count"),
        "temperature_c": whole(doc, "temperature", "current") or None,
        "temperature_max_c": whole(doc, "temperature", "lifetime_max"),
    }


def _ata(doc: dict[str, Any], values: SmartValues) -> None:
    for entry in _entries(doc, "ata_smart_attributes", "table"):
        number = whole(entry, "id")
        if number is not None and 0 < number < 256:
            numbers = (whole(entry, "value"), whole(entry, "worst"), whole(entry, "thresh"))
            raw = words(entry, "raw", "string") or str(whole(entry, "raw", "value") or "")
            name = words(entry, "name") or "Unknown_Attribute"
            values.attributes.append(attribute(number, name, numbers, words(entry, "when_failed") or "", raw))
    for page in _entries(doc, "ata_device_statistics", "pages"):
        for entry in _entries(page, "table"):
            number, title = whole(entry, "value"), words(entry, "name")
            if title and number is not None and flag(entry, "flags", "valid") is not False:
                values.statistics.setdefault(title, number)
    for form in ("extended", "summary"):
        log = at(doc, "ata_smart_error_log", form)
        if (count := whole(log, "count")) is not None:
            latest = next(iter(_entries(log, "table")), None)
            values.health |= {"error_count": count, "error_last_hours": whole(latest, "lifetime_hours")}
            break
    data = at(doc, "ata_smart_data", "self_test")
    values.health |= {
        f"self_test_{kind}_minutes": whole(data, "polling_minutes", kind) for kind in ("short", "extended")
    }
    if (status := whole(data, "status", "value")) is not None:
        values.last_test = "failed" if status >> 4 in _ATA_FAILED else "passed" if status == 0 else "other"
    values.pending_defects = whole(doc, "ata_pending_defects_log", "count")
    for form in ("extended", "standard"):
        log = at(doc, "ata_smart_self_test_log", form)
        if isinstance(log, dict):
            values.tests = [_ata_test(entry) for entry in _entries(log, "table")]
            break


def _ata_test(entry: dict[str, Any]) -> SelfTest:
    status = (whole(entry, "status", "value") or 0) >> 4
    is_extended = (whole(entry, "type", "value") or 0) & 0x7F == 2
    outcome = "failed" if status in _ATA_FAILED else "passed" if status == 0 else "other"
    return SelfTest(is_extended=is_extended, outcome=outcome)  # type: ignore[arg-type]


def _nvme(doc: dict[str, Any], values: SmartValues) -> None:
    log = at(doc, "nvme_smart_health_information_log")
    if isinstance(log, dict):
        values.health.update(nvme_health(log))
        values.health["is_available"] = True
        values.wear_percent = whole(log, "percentage_used")
        values.spare_percent = whole(log, "available_spare")
        values.spare_threshold_percent = whole(log, "available_spare_threshold")
    tests = at(doc, "nvme_self_test_log")
    if isinstance(tests, dict):
        values.tests = []
        for entry in _entries(tests, "table"):
            result = whole(entry, "self_test_result", "value")
            outcome = "failed" if result in _NVME_FAILED else "passed" if result == 0 else "other"
            is_extended = whole(entry, "self_test_code", "value") == 2
            values.tests.append(SelfTest(is_extended=is_extended, outcome=outcome))  # type: ignore[arg-type]


def nvme_health(log: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {fact: whole(log, key) for fact, key in _NVME.items()}
    for fact, key in (("read_bytes", "data_units_read"), ("written_bytes", "data_units_written")):
        units = whole(log, key)
        found[fact] = units * DATA_UNIT_BYTES if units is not None else None
    return {fact: value for fact, value in found.items() if value is not None}


def _scsi(doc: dict[str, Any], values: SmartValues) -> None:
    values.health["grown_defects"] = whole(doc, "scsi_grown_defect_list")
    log = at(doc, "scsi_error_counter_log")
    if isinstance(log, dict):
        kinds = [log[kind] for kind in ("read", "write", "verify") if isinstance(log.get(kind), dict)]
        errors = [n for n in (whole(kind, "total_uncorrected_errors") for kind in kinds) if n is not None]
        values.health["uncorrected_errors"] = sum(errors) if errors else None
        values.health["read_bytes"] = gigabytes(words(log, "read", "gigabytes_processed"))
        values.health["written_bytes"] = gigabytes(words(log, "write", "gigabytes_processed"))
    used = whole(doc, "scsi_percentage_used_endurance_indicator")
    values.wear_percent = used if used is not None else values.wear_percent
    if (seconds := whole(doc, "scsi_extended_self_test_seconds")) is not None:
        values.health["self_test_extended_minutes"] = -(-seconds // 60)
    tests = [at(doc, f"scsi_self_test_{place}") for place in range(20)]
    if any(isinstance(test, dict) for test in tests):
        values.tests = []
        for test in tests:
            result = whole(test, "result", "value")
            if result is not None:
                outcome = "failed" if result in _SCSI_FAILED else "passed" if result == 0 else "other"
                is_extended = whole(test, "code", "value") in (2, 6)
                values.tests.append(SelfTest(is_extended=is_extended, outcome=outcome))  # type: ignore[arg-type]


def gigabytes(text: str | None) -> int | None:
    """ "574543.134" or, localised, "38280,029": 10^9 bytes."""
    try:
        return int(Decimal((text or "").replace(",", ".")) * 10**9)
    except InvalidOperation:
        return None
