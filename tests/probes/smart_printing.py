"""One made-up ATA disk printed as smartctl prints it: JSON, text with either attribute table. For tests."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Row:
    id: int
    name: str
    value: int = 100
    worst: int = 100
    threshold: int = 0
    raw: str = "0"
    failed: str = ""  # "", "now", "past"


@dataclass(frozen=True, kw_only=True)
class Drive:
    model: str = "ATLAS HDD 500"
    serial: str = "TEST0001"
    firmware: str = "FW01"
    wwn: tuple[int, int, int] | None = (5, 0x000CCA, 0x264C12345)
    size_bytes: int = 500_107_862_016
    sectors: tuple[int, int] = (512, 4096)
    rpm: int | None = 7200
    form: str | None = "2.5 inches"
    in_database: bool = True
    is_passed: bool | None = True
    security: int | None = 0x0021  # IDENTIFY word 128; None: not supported
    trim: bool | None = None
    rows: tuple[Row, ...] = ()
    statistics: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # name → page, offset, value
    errors: tuple[int, int] | None = None  # count, hours of the latest
    tests: tuple[tuple[str, int], ...] = ()  # ("Short offline" | "Extended offline", status nibble), newest first
    minutes: tuple[int, int] = (2, 90)
    warmest: int | None = None  # SCT lifetime maximum
    now_c: int | None = None


_RESULTS = {
    0: "Completed without error", 1: "Aborted by host", 2: "Interrupted (host reset)", 3: "Fatal or unknown error",
    4: "Completed: unknown failure", 5: "Completed: electrical failure", 6: "Completed: servo/seek failure",
    7: "Completed: read failure", 8: "Completed: handling damage??", 15: "Self-test routine in progress",
}  # fmt: skip


def as_text(drive: Drive, *, brief: bool, grouping: str = ",") -> str:
    size = f"{drive.size_bytes:,}".replace(",", grouping)
    logical, physical = drive.sectors
    same = logical == physical
    lines = [
        "smartctl 7.4 2023-08-01 r5530 [x86_64-linux-6.1.0] (local build)",
        "Copyright (C) 2002-23, Bruce Allen, Christian Franke, www.smartmontools.org",
        "",
        "=== START OF INFORMATION SECTION ===",
        f"Device Model:     {drive.model}",
        f"Serial Number:    {drive.serial}",
    ]
    if drive.wwn:
        lines.append("LU WWN Device Id: {:x} {:06x} {:09x}".format(*drive.wwn))
    lines += [
        f"Firmware Version: {drive.firmware}",
        f"User Capacity:    {size} bytes [500 GB]",
        f"Sector Size:      {logical} bytes logical/physical"
        if same
        else f"Sector Sizes:     {logical} bytes logical, {physical} bytes physical",
    ]
    if drive.rpm is not None:
        lines.append(f"Rotation Rate:    {f'{drive.rpm} rpm' if drive.rpm else 'Solid State Device'}")
    if drive.form:
        lines.append(f"Form Factor:      {drive.form}")
    if drive.trim is not None:
        lines.append(f"TRIM Command:     {'Available, deterministic' if drive.trim else 'Unavailable'}")
    lines += [
        f"Device is:        {'In' if drive.in_database else 'Not in'} smartctl database 7.3/5528",
        "ATA Version is:   ACS-3 T13/2161-D revision 5",
        "SATA Version is:  SATA 3.2, 6.0 Gb/s (current: 6.0 Gb/s)",
        "Local Time is:    Mon Jan  1 00:00:00 2001 CET",
        "SMART support is: Available - device has SMART capability.",
        "SMART support is: Enabled",
        f"ATA Security is:  {_security_text(drive.security)}",
        "",
        "=== START OF READ SMART DATA SECTION ===",
    ]
    if drive.is_passed is not None:
        lines.append(f"SMART overall-health self-assessment test result: {'PASSED' if drive.is_passed else 'FAILED!'}")
    lines += [
        "",
        "Short self-test routine ",
        f"recommended polling time: \t ({drive.minutes[0]:4}) minutes.",
        "Extended self-test routine",
        f"recommended polling time: \t ({drive.minutes[1]:4}) minutes.",
        "",
        *_table(drive.rows, brief=brief),
        "",
        *_errors(drive),
        "",
        *_tests(drive),
        "",
    ]
    if drive.now_c is not None:
        lines.append(f"Current Temperature:                    {drive.now_c} Celsius")
    if drive.warmest is not None:
        lines += [f"Lifetime    Min/Max Temperature:      5/{drive.warmest} Celsius", ""]
    if drive.statistics:
        lines += ["Device Statistics (GP Log 0x04)", "Page  Offset Size        Value Flags Description"]
        lines += [f"0x{p:02x}  0x{o:03x}  4 {v:15}  ---  {name}" for name, (p, o, v) in drive.statistics.items()]
    return "\n".join(lines) + "\n"


def _security_text(word: int | None) -> str:
    if word is None:
        return "Unavailable"
    if not word & 2:
        return "Disabled, frozen [SEC2]" if word & 8 else "Disabled, NOT FROZEN [SEC1]"
    if word & 4:
        return "ENABLED, PW level HIGH, **LOCKED** [SEC4]"
    return f"ENABLED, PW level HIGH, not locked, {'frozen [SEC6]' if word & 8 else 'not frozen [SEC5]'}"


def _table(rows: tuple[Row, ...], *, brief: bool) -> list[str]:
    if not rows:
        return []
    head = ["SMART Attributes Data Structure revision number: 16", "Vendor Specific SMART Attributes with Thresholds:"]
    if brief:
        words = {"": "-", "now": "NOW", "past": "past"}
        return [*head, "ID# ATTRIBUTE_NAME          FLAGS    VALUE WORST THRESH FAIL RAW_VALUE"] + [
            f"{r.id:3} {r.name:23} PO--CK   {r.value:03}   {r.worst:03}   {r.threshold:03}    "
            f"{words[r.failed]:4} {r.raw}"
            for r in rows
        ]
    words = {"": "-", "now": "FAILING_NOW", "past": "In_the_past"}
    title = "ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE"
    return [*head, title] + [
        f"{r.id:3} {r.name:23} 0x0033   {r.value:03}   {r.worst:03}   {r.threshold:03}    Pre-fail  Always   "
        f"{words[r.failed]:>11} {r.raw}"
        for r in rows
    ]


def _errors(drive: Drive) -> list[str]:
    lines = ["SMART Extended Comprehensive Error Log Version: 1 (1 sectors)"]
    if drive.errors is None:
        return [*lines, "No Errors Logged"]
    count, hours = drive.errors
    return [
        *lines,
        f"Device Error Count: {count}",
        "",
        f"Error {count} [0] occurred at disk power-on lifetime: {hours} hours (0 days + {hours} hours)",
        f"Error {count - 1} [1] occurred at disk power-on lifetime: 1 hours (0 days + 1 hours)",
    ]


def _tests(drive: Drive) -> list[str]:
    lines = ["SMART Extended Self-test Log Version: 1 (1 sectors)"]
    if not drive.tests:
        return [*lines, "No self-tests have been logged.  [To run self-tests, use: smartctl -t]"]
    lines.append("Num  Test_Description    Status                  Remaining  LifeTime(hours)  LBA_of_first_error")
    return lines + [
        f"# {place:1}  {kind:19} {_RESULTS[status]:29} 00%  {1000 - place:8}         -"
        for place, (kind, status) in enumerate(drive.tests, 1)
    ]


def as_json(drive: Drive, exit_status: int = 0, output: str | None = None) -> str:
    smartctl: dict[str, Any] = {
        "version": [7, 4],
        "argv": ["smartctl", "--json=o", "-x", "-f", "old", "/dev/sda"],
        "exit_status": exit_status,
    }
    if output is not None:
        smartctl["output"] = output.splitlines()
    doc: dict[str, Any] = {
        "json_format_version": [1, 0],
        "smartctl": smartctl,
        "device": {"name": "/dev/sda", "info_name": "/dev/sda [SAT]", "type": "sat", "protocol": "ATA"},
        "model_name": drive.model,
        "serial_number": drive.serial,
        "firmware_version": drive.firmware,
        "user_capacity": {"blocks": drive.size_bytes // 512, "bytes": drive.size_bytes},
        "logical_block_size": drive.sectors[0],
        "physical_block_size": drive.sectors[1],
        "in_smartctl_database": drive.in_database,
        "ata_version": {"string": "ACS-3 T13/2161-D revision 5", "major_value": 2046},
        "sata_version": {"string": "SATA 3.2", "value": 255},
        "smart_support": {"available": True, "enabled": True},
        "ata_smart_data": {"self_test": {"polling_minutes": {"short": drive.minutes[0], "extended": drive.minutes[1]}}},
        "ata_smart_error_log": {"extended": _error_log(drive)},
        "ata_smart_self_test_log": {"extended": {"revision": 1, "table": [_test_entry(*test) for test in drive.tests]}},
    }
    if drive.wwn:
        doc["wwn"] = dict(zip(("naa", "oui", "id"), drive.wwn, strict=True))
    if drive.rpm is not None:
        doc["rotation_rate"] = drive.rpm
    if drive.form:
        doc["form_factor"] = {"ata_value": 3, "name": drive.form}
    if drive.trim is not None:
        doc["trim"] = {"supported": drive.trim}
    if drive.is_passed is not None:
        doc["smart_status"] = {"passed": drive.is_passed}
    if drive.security is not None:
        doc["ata_security"] = _security_object(drive.security)
    if drive.rows:
        doc["ata_smart_attributes"] = {"revision": 16, "table": [_row_object(row) for row in drive.rows]}
    if drive.warmest is not None:
        doc["temperature"] = {"lifetime_max": drive.warmest}
    if drive.now_c is not None:
        doc.setdefault("temperature", {})["current"] = drive.now_c
    if drive.statistics:
        doc["ata_device_statistics"] = {
            "pages": [
                {"number": p, "table": [{"offset": o, "name": name, "value": v, "flags": {"valid": True}}]}
                for name, (p, o, v) in drive.statistics.items()
            ]
        }
    return json.dumps(doc)


def _error_log(drive: Drive) -> dict[str, Any]:
    if drive.errors is None:
        return {"revision": 1, "count": 0}
    table = [{"error_number": drive.errors[0], "lifetime_hours": drive.errors[1]}]
    return {"revision": 1, "count": drive.errors[0], "table": table}


def _test_entry(kind: str, status: int) -> dict[str, Any]:
    number = {"Short offline": 1, "Extended offline": 2, "Conveyance offline": 3}[kind]
    return {
        "type": {"value": number, "string": kind},
        "status": {"value": status << 4, "string": _RESULTS[status]},
        "lifetime_hours": 999,
    }


def _security_object(word: int) -> dict[str, Any]:
    is_on, is_locked = bool(word & 2), bool(word & 6 == 6)
    told: dict[str, Any] = {"state": word, "string": "", "enabled": is_on}
    if not is_locked:
        told["frozen"] = bool(word & 8)
    if is_on:
        told["locked"] = is_locked
    return told


def _row_object(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "value": row.value,
        "worst": row.worst,
        "thresh": row.threshold,
        "when_failed": row.failed,
        "raw": {"value": 0, "string": row.raw},
    }
