"""smartctl's text (5.x to 7.5, `-a` or `-x`, either attribute table, any locale's digits) → the same facts as its JSON.

Live, this is the fallback for a smartctl without JSON; in captures it is what most benches kept.
"""

import re
from typing import Any

from agent.facts import Disk, Gap
from agent.probes.smart import DATA_UNIT_BYTES, gigabytes
from agent.probes.smart_facts import settle
from agent.probes.smart_values import (
    SelfTest,
    SmartReport,
    SmartValues,
    attribute,
    needs_device_type,
)
from agent.text import decode

_FIELD = re.compile(r"^([A-Z][^:\n]{1,50}?) *:[ \t]+(\S[^\n]*?)[ \t]*$", re.MULTILINE)
_CELL = r"(0x[0-9a-f]+|\d+|-{2,3}) +"
_COLUMNS = rf"^ *(\d{{1,3}}|0x[0-9a-f]{{2}}) (\S+) +%s +{_CELL * 3}"
_BRIEF = re.compile(_COLUMNS % r"[POSRCK-]{6}\+?" + r"(-|NOW|[Pp]ast) +(\S[^\n]*?) *$", re.MULTILINE)
_CLASSIC = re.compile(
    _COLUMNS % r"0x[0-9a-f]{4}"
    + r"(?:Pre-fail|Old_age) +(?:Always|Offline) +(-|FAILING_NOW|In_the_[Pp]ast) +(\S[^\n]*?) *$",
    re.MULTILINE,
)
_STATISTIC = re.compile(r"^0x0[0-9a-f]  0x[0-9a-f]{3} +\d+ +(-?\d+) +[-NDC+~a-z]+ +(\S[^\n]*?)\s*$", re.MULTILINE)
_ERROR_AT = re.compile(r"^Error \d+ (?:\[\d+\] )?occurred at disk power-on lifetime: (\d+) hours", re.MULTILINE)
# The status column may be full, with one space after it: "Completed: servo/seek failure 90%".
_ATA_TEST = re.compile(
    r"^# ?(\d+) +(\S.*?) +((?:Completed|Aborted|Interrupted|Fatal|Self-test|Unknown).*?) +(\d+)% +", re.MULTILINE
)
_SCSI_TEST = re.compile(r"^# ?(\d+) +(\S+(?: \S+)*)  +(\S.*?)  +\S+ +", re.MULTILINE)
_NVME_TEST = re.compile(
    r"^ *(\d+) +(\S+(?: \S+)?) +(Completed.*?|Aborted.*?|Fatal.*?|Unknown.*?)  +\d+ +", re.MULTILINE
)
_ATA_LOG = re.compile(r"^SMART (?:Extended )?Self-test log [^\n]*\n(.*?)(?:\n\n|\Z)", re.M | re.S | re.I)
_DEFECTS = re.compile(r"^Pending Defects log[^\n]*\n(No Defects Logged|Index)([^\n]*\n(?: *\d+ [^\n]*\n)*)", re.M)
_SECTORS = re.compile(r"(\d+) bytes logical(?:/physical|, (\d+) bytes physical)")
_COUNTER_ROW = re.compile(r"^(read|write|verify):\s+(\d[^\n]*)$", re.MULTILINE)
_FAILED = re.compile(r"failure|Fatal|damage|[Ff]ailed|Unknown error, incomplete|unknown error")
_NVME = {
    "Power On Hours": "hours",
    "Power Cycles": "power_cycles",
    "Unsafe Shutdowns": "unsafe_shutdowns",
    "Media and Data Integrity Errors": "media_errors",
    "Error Information Log Entries": "error_count",
}


def parse_smart_text(raw: str | bytes, name: str) -> SmartReport:
    """One disk from one text answer. Never raises; an answer with nothing in it is a gap."""
    text = decode(raw) if isinstance(raw, bytes) else raw
    source = f"smartctl {name}"
    if not text.strip():
        gap = Gap(path="", source=source, why="absent", detail="smartctl's answer is empty")
        return SmartReport(disk=Disk(name=name), gaps=(gap,))
    values = values_of(text)
    report = settle(values, name, source)
    if not report.has_answer and needs_device_type(text):
        return SmartReport(disk=report.disk, gaps=report.gaps, is_bridge_unknown=True)
    return report


def values_of(text: str) -> SmartValues:
    fields: dict[str, str] = {}
    for key, value in _FIELD.findall(text):
        fields.setdefault(key, value)
    values = SmartValues(trouble=text)
    values.protocol = (
        "nvme" if "Model Number" in fields or "NVMe Log 0x02" in text
        else "ata" if "Device Model" in fields or "ATA Version is" in fields or "SMART Attributes Data" in text
        else "scsi" if "Product" in fields or "SMART Health Status" in fields or "Device type" in fields
        else None
    )  # fmt: skip
    if values.protocol is None:
        return values
    if re.search(r"SMART support is: +(?:Available[^\n]*\nSMART support is: +)?Disabled|and is Disabled", text):
        values.is_enabled = False
    database = fields.get("Device is")
    values.is_in_database = None if database is None else database.startswith("In ")
    values.disk.update({key: value for key, value in _identity(fields, values.protocol).items() if value is not None})
    values.health.update(_common(fields, text))
    {"ata": _ata, "nvme": _nvme, "scsi": _scsi}[values.protocol](fields, text, values)
    return values


def digits(text: str | None) -> int | None:
    """The number at the start, whatever groups its digits: "1,024", "1 024", "1\u00a0024", "1.024", "1'024"."""
    found = re.match(r"\s*(\d{1,3}(?:[ ,.'’\u00a0\u202f]\d{3})+(?!\d)|\d+)", text or "")
    return int(re.sub(r"\D", "", found[1])) if found else None


def _identity(fields: dict[str, str], protocol: str) -> dict[str, Any]:
    def told(*keys: str) -> str | None:
        value = next((fields[key] for key in keys if key in fields), None)
        return None if value == "[No Information Found]" else value

    sector = _SECTORS.match(told("Sector Sizes", "Sector Size") or "")
    rate = told("Rotation Rate") or ""
    rpm = re.match(r"(\d+) rpm", rate)
    trim = told("TRIM Command")
    size = digits(told("User Capacity", "Namespace 1 Size/Capacity")) or digits(told("Total NVM Capacity"))
    transport = "nvme" if protocol == "nvme" else "sata" if "SATA Version is" in fields else None
    logical = digits(told("Logical block size", "Namespace 1 Formatted LBA Size"))
    physical = digits(told("Physical block size"))
    if sector:
        logical, physical = int(sector[1]), int(sector[2] or sector[1])
    return {
        "maker": told("Vendor"),
        "model": told("Device Model", "Model Number", "Product", "Device"),
        "serial": told("Serial Number", "Serial number"),
        "firmware": told("Firmware Version", "Revision"),
        "size_bytes": size or None,
        "wwn": _wwn(fields),
        "rpm": 0 if rate == "Solid State Device" else int(rpm[1]) if rpm else None,
        "form_factor": told("Form Factor"),
        "logical_sector_bytes": logical,
        "physical_sector_bytes": physical,
        "has_trim": None if trim is None else trim.startswith("Available"),
        "transport": "sas" if (told("Transport protocol") or "").startswith("SAS") else transport,
        "sanitize": ("format",) if _can_format(fields) else None,
        **_security(fields.get("ATA Security is")),
    }


def _can_format(fields: dict[str, str]) -> bool:
    return any(key.startswith("Optional Admin Commands") and " Format" in f" {told}" for key, told in fields.items())


def _wwn(fields: dict[str, str]) -> str | None:
    """Whole or not at all: public captures cut the half that tells one drive from another."""
    wwn = re.fullmatch(r"([0-9a-f]) ([0-9a-f]{6}) ([0-9a-f]{9})", fields.get("LU WWN Device Id", ""))
    if wwn:
        return None if wwn[1] == "0" else "".join(wwn.groups())
    eui = re.fullmatch(r"([0-9a-f]{6}) ([0-9a-f]{10})", fields.get("Namespace 1 IEEE EUI-64", ""))
    if eui:
        return None if eui[1] == "000000" else eui[1] + eui[2]
    logical = fields.get("Logical Unit id", "").removeprefix("0x").lower()
    return logical if re.fullmatch(r"[0-9a-f]{16,32}", logical) and set(logical) != {"0"} else None


def _security(told: str | None) -> dict[str, Any]:
    """ "Disabled, frozen [SEC2]", "ENABLED, PW level HIGH, not locked, not frozen [SEC5]", "…, **LOCKED** [SEC4]"."""
    if told is None:
        return {}
    if told.startswith("Unavailable"):
        return {"security": "unsupported"}
    if "**LOCKED**" in told:
        return {"security": "locked"}
    state = "enabled" if told.startswith("ENABLED") else "disabled" if told.startswith("Disabled") else None
    is_frozen = re.search(r"(not )?frozen", told, re.IGNORECASE)
    return {"security": state, "is_security_frozen": None if is_frozen is None else not is_frozen[1]}


def _common(fields: dict[str, str], text: str) -> dict[str, Any]:
    support = fields.get("SMART support is", "")
    result = fields.get("SMART overall-health self-assessment test result") or fields.get("SMART Health Status")
    available = None
    if support.startswith("Unavailable") or "Device does not support SMART" in text:
        available = False
    elif support.startswith(("Available", "Enabled", "Disabled")) or "Device supports SMART" in text or result:
        available = True
    found: dict[str, Any] = {"is_available": available}
    if result:
        found["is_passed"] = result.startswith(("PASSED", "OK"))
    return found


def _ata(fields: dict[str, str], text: str, values: SmartValues) -> None:
    rows = _BRIEF.findall(text) or _CLASSIC.findall(text)
    for id_, name, value, worst, threshold, failed, raw in rows:
        numbers = (_cell(value), _cell(worst), _cell(threshold))
        values.attributes.append(attribute(int(id_, 0) if "x" in id_ else int(id_), name, numbers, failed, raw))
    for number, name in _STATISTIC.findall(text):
        values.statistics.setdefault(name, int(number))
    count = re.search(r"^(?:Device|ATA) Error Count: (\d+)", text, re.MULTILINE)
    first = _ERROR_AT.search(text)
    if count:
        values.health |= {"error_count": int(count[1]), "error_last_hours": int(first[1]) if first else None}
    elif re.search(r"Error Log Version[^\n]*\n(?:[^\n]*\n)?No Errors Logged", text):
        values.health["error_count"] = 0
    for minutes, kind in (("short", "Short"), ("extended", "Extended")):
        polling = re.search(rf"{kind} self-test routine\s+recommended polling time:\s*\(\s*(\d+)\) minutes", text)
        values.health[f"self_test_{minutes}_minutes"] = int(polling[1]) if polling else None
    _ata_tests(text, values)
    if defects := _DEFECTS.search(text):
        values.pending_defects = 0 if defects[1].startswith("No") else defects[2].count("\n") - 1
    life = re.search(r"^Lifetime +Min/Max Temperature: +(?:-?\d+|--?)/ *(-?\d+) Celsius", text, re.MULTILINE)
    now = re.match(r"(-?\d+) Celsius", fields.get("Current Temperature", ""))
    values.health |= {
        "temperature_c": int(now[1]) or None if now else None,
        "temperature_max_c": int(life[1]) if life else None,
    }


def _cell(text: str) -> int | None:
    return None if text.startswith("-") else int(text, 16) if text.startswith("0x") else int(text)


def _ata_tests(text: str, values: SmartValues) -> None:
    status = re.search(r"^Self-test execution status:\s+\( *(\d+)\)", text, re.MULTILINE)
    if status:
        code = int(status[1])
        values.last_test = "failed" if code >> 4 in range(3, 9) else "passed" if code == 0 else "other"
    log = _ATA_LOG.search(text)
    if log is None:
        return
    is_none = "No self-tests have been logged" in log[1]
    rows = _ATA_TEST.findall(log[1])
    if not rows and not is_none:
        return
    values.tests = [_test(kind, told) for _, kind, told, _ in rows]


def _test(kind: str, told: str) -> SelfTest:
    is_pass = told.startswith("Completed without error") or told.strip() == "Completed"
    failed = not is_pass and _FAILED.search(told) is not None and not told.startswith(("Aborted", "Interrupted"))
    is_extended = kind.startswith("Extended") or kind.endswith(" long")
    return SelfTest(is_extended=is_extended, outcome="passed" if is_pass else "failed" if failed else "other")


def _nvme(fields: dict[str, str], text: str, values: SmartValues) -> None:
    for key, fact in _NVME.items():
        values.health[fact] = digits(fields.get(key))
    for key, fact in (("Data Units Read", "read_bytes"), ("Data Units Written", "written_bytes")):
        units = digits(fields.get(key))
        values.health[fact] = units * DATA_UNIT_BYTES if units is not None else None
    warning = re.fullmatch(r"0x([0-9a-f]{2})", fields.get("Critical Warning", ""))
    values.health["critical_warning"] = int(warning[1], 16) if warning else None
    now = re.match(r"(-?\d+) (Celsius|Fahrenheit)", fields.get("Temperature", ""))
    if now:
        values.health["temperature_c"] = int(now[1]) if now[2] == "Celsius" else round((int(now[1]) - 32) * 5 / 9)
        values.health["is_available"] = True
    values.wear_percent = digits(fields.get("Percentage Used"))
    values.spare_percent = digits(fields.get("Available Spare"))
    values.spare_threshold_percent = digits(fields.get("Available Spare Threshold"))
    log = re.search(r"^Self-test Log \(NVMe[^\n]*\n(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    if log:
        values.tests = [_test(kind, told) for _, kind, told in _NVME_TEST.findall(log[1])]


def _scsi(fields: dict[str, str], text: str, values: SmartValues) -> None:
    values.health["grown_defects"] = digits(fields.get("Elements in grown defect list"))
    rows = {kind: row.split() for kind, row in _COUNTER_ROW.findall(text)}
    errors = [int(row[-1]) for row in rows.values() if len(row) == 7 and re.fullmatch(r"[0-9]{1,20}", row[-1])]
    values.health["uncorrected_errors"] = sum(errors) if errors else None
    for kind, fact in (("read", "read_bytes"), ("write", "written_bytes")):
        row = rows.get(kind, [])
        values.health[fact] = gigabytes(row[-2]) if len(row) == 7 else None
    values.wear_percent = digits(fields.get("Percentage used endurance indicator"))
    now = re.search(r"^Current (?:Drive )?[Tt]emperature *[:=] *(-?\d+)", text, re.MULTILINE)
    life = re.search(r"^Lifetime maximum temperature = (\d+)", text, re.MULTILINE)
    hours = re.search(r"Accumulated power on time, hours:minutes (\d+):", text) or re.search(
        r"number of hours powered up = (\d+)", text
    )
    seconds = re.search(r"^Long \(extended\) Self-test duration: (\d+) seconds", text, re.MULTILINE)
    values.health |= {
        "temperature_c": int(now[1]) or None if now else None,
        "temperature_max_c": int(life[1]) if life else None,
        "hours": int(hours[1]) if hours else None,
        "self_test_extended_minutes": -(-int(seconds[1]) // 60) if seconds else None,
    }
    if "No Self-tests have been logged" in text or "No self-tests have been logged" in text:
        values.tests = []
    elif log := re.search(r"^SMART Self-test log\n(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL):
        values.tests = [_test(kind, told) for _, kind, told in _SCSI_TEST.findall(log[1])]
