# ruff: noqa: E501 - a part is read as one line
"""Composed disks: what /sys/block shows of them, and what smartctl 7.3 (`--json=o`) and its kin answer."""

import json
from dataclasses import dataclass
from typing import Any

from tests.compose.parts import PCI_ROOT
from tests.compose.pc import Pc

SMART_WORDS = ("--json=o", "-x", "-f", "old")
SMARTCTL = "smartctl 7.3 2022-02-28 r5338 [x86_64-linux-6.1.0-28-amd64] (local build)"

Row = tuple[int, str, int, int, int, str]  # id, name, value, worst, threshold, raw as printed


@dataclass(frozen=True, kw_only=True)
class Ata:
    """A SATA disk. `rows` is its attribute table; `errors` the count of its error log."""

    model: str
    serial: str
    firmware: str
    size_bytes: int
    wwn: str  # 16 hex digits
    rows: tuple[Row, ...]
    rpm: int = 0
    family: str = ""
    is_passed: bool = True
    exit_status: int = 0
    errors: int = 0
    error_hours: int = 0
    tests: tuple[tuple[str, int], ...] = ()  # ("Extended offline", status byte)
    physical: int = 512
    security: str = "disabled"  # or "locked", "enabled"
    hidden_sectors: int = 0


@dataclass(frozen=True, kw_only=True)
class Nvme:
    model: str
    serial: str
    firmware: str
    size_bytes: int
    eui: str
    used_percent: int = 3
    spare_percent: int = 100
    warning: int = 0
    media_errors: int = 0
    hours: int = 4211
    written_units: int = 21_000_000
    temperature: int = 37


@dataclass(frozen=True, kw_only=True)
class Sas:
    vendor: str
    model: str
    serial: str
    revision: str
    size_bytes: int
    wwn: str
    rpm: int = 7200
    grown_defects: int = 0
    uncorrected: int = 0
    hours: int = 31_000
    is_passed: bool = True


# --- /sys/block ----------------------------------------------------------------------------------------------------


def block(pc: Pc, name: str, folder: str, size_bytes: int, *, is_rotational: bool, physical: int = 512,
          is_removable: bool = False) -> str:  # fmt: skip
    """A block device at `folder`/block/NAME, or straight at `folder` for NVMe; returns the short way to it.

    Attributes are written by way of the link, as captures of live PCs have them.
    """
    real = folder if folder.endswith(f"/{name}") else f"{folder}/block/{name}"
    here = f"/sys/block/{name}"
    pc.link(here, real)
    pc.link(f"{real}/device", folder if "/block/" in real else real.rpartition("/")[0])
    pc.texts(here, size=size_bytes // 512, removable=int(is_removable))
    pc.texts(f"{here}/queue", rotational=int(is_rotational), logical_block_size=512, physical_block_size=physical,
             discard_max_bytes=0 if is_rotational else 2147450880)  # fmt: skip
    return here


def sata(pc: Pc, name: str, controller: str, port: int, disk: Ata) -> None:
    """On an AHCI controller's port (counted from 1), asked with smartctl."""
    ata = f"{controller}/ata{port}"
    folder = f"{ata}/host{port - 1}/target{port - 1}:0:0/{port - 1}:0:0:0"
    pc.text(f"{ata}/link{port}/ata_link/link{port}/sata_spd", "6.0 Gbps")
    here = block(pc, name, folder, disk.size_bytes, is_rotational=disk.rpm > 0, physical=disk.physical)
    # The kernel's fields are as long as SCSI's: 8, 16 and 4 letters.
    pc.texts(f"{here}/device", vendor="ATA     ", model=f"{disk.model[:16]:<16}", rev=f"{disk.firmware[:4]:<4}", type=0)
    pc.text(f"{here}/wwid", f"naa.{disk.wwn}")
    pc.raw(f"{here}/device/vpd_pg80", b"\0\x80\0\x14" + f"{disk.serial:>20}".encode()[:20])
    pc.answer("smartctl", *SMART_WORDS, f"/dev/{name}", out=ata_answer(name, disk), status=disk.exit_status)
    seen = disk.size_bytes // 512
    native = seen + disk.hidden_sectors
    hpa = f" max sectors   = {seen}/{native}, HPA is {'enabled' if native > seen else 'disabled'}\n"
    pc.answer("hdparm", "-N", f"/dev/{name}", out=f"\n/dev/{name}:\n{hpa}\n")


def nvme(pc: Pc, name: str, function: str, disk: Nvme) -> None:
    controller = f"{function}/nvme/{name.rpartition('n')[0]}"
    pc.texts(controller, model=f"{disk.model:<40}", serial=f"{disk.serial:<20}", firmware_rev=f"{disk.firmware:<8}",
             transport="pcie", state="live")  # fmt: skip
    here = block(pc, name, f"{controller}/{name}", disk.size_bytes, is_rotational=False)
    pc.text(f"{here}/wwid", f"eui.{disk.eui}")
    pc.answer("smartctl", *SMART_WORDS, f"/dev/{name}", out=nvme_answer(name, disk))
    capable = {"vid": 5197, "sn": f"{disk.serial:<20}", "mn": f"{disk.model:<40}", "fr": f"{disk.firmware:<8}",
               "oacs": 23, "sanicap": 3}  # fmt: skip
    asked = ("nvme", "id-ctrl", f"/dev/{name.rpartition('n')[0]}", "--output-format=json")
    pc.answer(*asked, out=json.dumps(capable, indent=2) + "\n")


def sas(pc: Pc, name: str, host: str, number: int, disk: Sas) -> None:
    """Behind a SAS adapter's port; `number` counts the disks of the enclosure."""
    folder = f"{host}/port-0:{number}/end_device-0:{number}/target0:0:{number}/0:0:{number}:0"
    here = block(pc, name, folder, disk.size_bytes, is_rotational=disk.rpm > 0)
    pc.texts(f"{here}/device", vendor=f"{disk.vendor:<8}", model=f"{disk.model:<16}", rev=disk.revision, type=0)
    pc.text(f"{here}/wwid", f"naa.{disk.wwn}")
    pc.answer("smartctl", *SMART_WORDS, f"/dev/{name}", out=sas_answer(name, disk), status=0 if disk.is_passed else 8)


def stick(pc: Pc, name: str, port: str, size_bytes: int, *, is_boot: bool) -> None:
    """A USB stick, which has no SMART: smartctl 7.3's own words for it."""
    folder = f"{PCI_ROOT}/0000:00:14.0/usb1/{port}/{port}:1.0/host9/target9:0:0/9:0:0:0"
    here = block(pc, name, folder, size_bytes, is_rotational=True, is_removable=True)
    pc.texts(f"{here}/device", vendor="Composed", model="Stick           ", rev="1.00", type=0)
    if is_boot:
        pc.texts(f"{here}/{name}1", size=size_bytes // 512 - 2048, partition=1)
        pc.raw("/proc/mounts", f"/dev/{name}1 /run/live/medium vfat ro 0 0\noverlay / overlay rw 0 0\n".encode())
    said = f"/dev/{name}: Unknown USB bridge [0x0951:0x1666 (0x110)]"
    for words in (SMART_WORDS, (*SMART_WORDS, "-d", "sat")):
        told = [said, "Please specify device type with the -d option."]
        if "-d" in words:
            told = ["Read Device Identity failed: scsi error unsupported field in scsi command"]
        doc = _head(
            name, {}, [{"string": told[0], "severity": "error"}], ["", *told, ""], 1 if "-d" not in words else 2
        )
        pc.answer("smartctl", *words, f"/dev/{name}", out=_lines(doc), status=1 if "-d" not in words else 2)


def emmc(pc: Pc, name: str, host: str, size_bytes: int, *, model: str, life: tuple[int, int], pre_eol: int) -> None:
    """A soldered eMMC 5.x with its two boot areas, on an SDHCI function."""
    folder = f"{host}/mmc_host/mmc0/mmc0:0001"
    pc.texts(folder, type="MMC", name=model, date="06/2015", manfid="0x000015", oemid="0x0100", rev="0x7", fwrev="0x5",
             serial="0x5eed0001", cid="150100434f4d503332055eed0001f200", life_time=f"0x{life[0]:02x} 0x{life[1]:02x}",
             pre_eol_info=f"0x{pre_eol:02x}", prv="0x5")  # fmt: skip
    block(pc, name, folder, size_bytes, is_rotational=False)
    for area in ("boot0", "boot1"):
        here = f"{folder}/block/{name}/{name}{area}"
        pc.texts(here, size=8192, removable=0, ro=1)
        pc.link(f"/sys/block/{name}{area}", here)


# --- smartctl --------------------------------------------------------------------------------------------------------


def _head(
    name: str, device: dict[str, str], messages: list[dict[str, str]], text: list[str], status: int
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "version": [7, 3], "argv": ["smartctl", *SMART_WORDS, f"/dev/{name}"], "output": [SMARTCTL, "", *text],
        "exit_status": status,
    }  # fmt: skip
    if messages:
        told["messages"] = messages
    doc: dict[str, Any] = {"json_format_version": [1, 0], "smartctl": told}
    return doc | {"device": {"name": f"/dev/{name}", "info_name": f"/dev/{name}", **device}} if device else doc


def _lines(doc: dict[str, Any]) -> str:
    """One line for each top-level key: readable, and a quarter of smartctl's own indented form."""
    lines = []
    for key, value in doc.items():
        if key == "smartctl":
            rest = json.dumps({k: v for k, v in value.items() if k != "output"})[:-1]
            output = ",\n  ".join(json.dumps(line) for line in value["output"])
            lines.append(f'"smartctl": {rest}, "output": [\n  {output}]}}')
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{" + ",\n".join(lines) + "}\n"


def ata_answer(name: str, disk: Ata) -> str:
    hours = next((int(row[5].split("h")[0].split()[0]) for row in disk.rows if row[0] == 9), None)
    degrees = next((int(row[5].split()[0]) for row in disk.rows if row[0] == 194), None)
    doc = _head(name, {"type": "sat", "protocol": "ATA"}, [], _ata_text(disk), disk.exit_status)
    doc |= {
        "model_name": disk.model, "serial_number": disk.serial,
        "wwn": {"naa": int(disk.wwn[0], 16), "oui": int(disk.wwn[1:7], 16), "id": int(disk.wwn[7:], 16)},
        "firmware_version": disk.firmware,
        "user_capacity": {"blocks": disk.size_bytes // 512, "bytes": disk.size_bytes}, "logical_block_size": 512,
        "physical_block_size": disk.physical, "rotation_rate": disk.rpm, "trim": {"supported": disk.rpm == 0},
        "in_smartctl_database": bool(disk.family), "ata_version": {"string": "ACS-2, ATA8-ACS T13/1699-D revision 4"},
        "sata_version": {"string": "SATA 3.0"}, "smart_support": {"available": True, "enabled": True},
        "ata_security": {"state": 33, "string": f"{disk.security}", "enabled": disk.security != "disabled",
                         "frozen": False, "locked": disk.security == "locked"},
        "smart_status": {"passed": disk.is_passed},
        "ata_smart_attributes": {"table": [_ata_row(row) for row in disk.rows]},
        "ata_smart_error_log": {"extended": {"count": disk.errors, **(
            {"table": [{"error_number": disk.errors, "lifetime_hours": disk.error_hours}]} if disk.errors else {})}},
        "ata_smart_self_test_log": {"extended": {"count": len(disk.tests), "table": [
            {"type": {"value": 2 if "Extended" in kind else 1, "string": kind},
             "status": {"value": status, "passed": status == 0}, "lifetime_hours": hours}
            for kind, status in disk.tests]}},
    }  # fmt: skip
    if cycles := [int(row[5]) for row in disk.rows if row[0] == 12]:
        doc["power_cycle_count"] = cycles[0]
    if disk.family:
        doc["model_family"] = disk.family
    if hours is not None:
        doc["power_on_time"] = {"hours": hours}
    if degrees is not None:
        doc["temperature"] = {"current": degrees}
    return _lines(doc)


def _when(row: Row) -> str:
    return "now" if row[4] and row[2] <= row[4] else "past" if row[4] and row[3] <= row[4] else ""


def _ata_row(row: Row) -> dict[str, Any]:
    id_, name, value, worst, threshold, raw = row
    number = int("".join(raw.split()[:1]) if "h" not in raw else raw.split("h")[0])
    return {"id": id_, "name": name, "value": value, "worst": worst, "thresh": threshold, "when_failed": _when(row),
            "raw": {"value": number, "string": raw}}  # fmt: skip


def _ata_text(disk: Ata) -> list[str]:
    size = f"{disk.size_bytes:,}"
    lines = [
        "", "=== START OF INFORMATION SECTION ===", *([f"Model Family:     {disk.family}"] if disk.family else []),
        f"Device Model:     {disk.model}", f"Serial Number:    {disk.serial}",
        f"LU WWN Device Id: {disk.wwn[0]} {disk.wwn[1:7]} {disk.wwn[7:]}", f"Firmware Version: {disk.firmware}",
        f"User Capacity:    {size} bytes [{disk.size_bytes // 10**9} GB]",
        f"Rotation Rate:    {f'{disk.rpm} rpm' if disk.rpm else 'Solid State Device'}",
        "SMART support is: Available - device has SMART capability.", "SMART support is: Enabled", "",
        "=== START OF READ SMART DATA SECTION ===",
        f"SMART overall-health self-assessment test result: {'PASSED' if disk.is_passed else 'FAILED!'}", "",
        "Vendor Specific SMART Attributes with Thresholds:",
        "ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE",
    ]  # fmt: skip
    words = {"now": "FAILING_NOW", "past": "In_the_past", "": "-"}
    for row in disk.rows:
        id_, name, value, worst, threshold, raw = row
        kind = "Pre-fail" if threshold > 9 else "Old_age "
        lines.append(f"{id_:3} {name:<24}0x0032   {value:03}   {worst:03}   {threshold:03}    {kind}  Always       "
                     f"{words[_when(row)]:<11} {raw}")  # fmt: skip
    return [*lines, ""]


def nvme_answer(name: str, disk: Nvme) -> str:
    log = {
        "critical_warning": disk.warning, "temperature": disk.temperature, "available_spare": disk.spare_percent,
        "available_spare_threshold": 10, "percentage_used": disk.used_percent, "data_units_read": 18_000_000,
        "data_units_written": disk.written_units, "host_reads": 310_000_000, "host_writes": 280_000_000,
        "controller_busy_time": 900, "power_cycles": 1640, "power_on_hours": disk.hours, "unsafe_shutdowns": 41,
        "media_errors": disk.media_errors, "num_err_log_entries": 3, "warning_temp_time": 0, "critical_comp_time": 0,
    }  # fmt: skip
    text = [
        "", "=== START OF INFORMATION SECTION ===", f"Model Number:                       {disk.model}",
        f"Serial Number:                      {disk.serial}", f"Firmware Version:                   {disk.firmware}",
        "", "=== START OF SMART DATA SECTION ===",
        f"SMART overall-health self-assessment test result: {'FAILED!' if disk.warning else 'PASSED'}", "",
        "SMART/Health Information (NVMe Log 0x02)", f"Critical Warning:                   0x{disk.warning:02x}",
        f"Temperature:                        {disk.temperature} Celsius",
        f"Available Spare:                    {disk.spare_percent}%",
        f"Percentage Used:                    {disk.used_percent}%",
        f"Data Units Written:                 {disk.written_units:,} [10.7 TB]",
        f"Power On Hours:                     {disk.hours:,}", "Unsafe Shutdowns:                   41",
        f"Media and Data Integrity Errors:    {disk.media_errors}", "",
    ]  # fmt: skip
    doc = _head(name, {"type": "nvme", "protocol": "NVMe"}, [], text, 0)
    doc |= {
        "model_name": disk.model, "serial_number": disk.serial, "firmware_version": disk.firmware,
        "nvme_total_capacity": disk.size_bytes, "user_capacity": {"bytes": disk.size_bytes}, "logical_block_size": 512,
        "nvme_namespaces": [{"id": 1, "size": {"bytes": disk.size_bytes}, "formatted_lba_size": 512,
                             "eui64": {"oui": int(disk.eui[:6], 16), "ext_id": int(disk.eui[6:], 16)}}],
        "smart_support": {"available": True, "enabled": True}, "smart_status": {"passed": not disk.warning},
        "nvme_smart_health_information_log": log, "temperature": {"current": disk.temperature},
        "power_cycle_count": 1640, "power_on_time": {"hours": disk.hours},
        "nvme_self_test_log": {"current_self_test_operation": {"value": 0}},
    }  # fmt: skip
    return _lines(doc)


def sas_answer(name: str, disk: Sas) -> str:
    text = ["", f"SMART Health Status: {'OK' if disk.is_passed else 'FAILURE PREDICTION THRESHOLD EXCEEDED [asc=5d, ascq=0]'}",
            f"Elements in grown defect list: {disk.grown_defects}", ""]  # fmt: skip
    doc = _head(name, {"type": "scsi", "protocol": "SCSI"}, [], text, 0 if disk.is_passed else 8)
    counters = {kind: {"total_uncorrected_errors": disk.uncorrected if kind == "read" else 0,
                       "gigabytes_processed": "51234.567"} for kind in ("read", "write")}  # fmt: skip
    doc |= {
        "scsi_vendor": disk.vendor, "scsi_product": disk.model,
        "scsi_revision": disk.revision, "user_capacity": {"bytes": disk.size_bytes}, "logical_block_size": 512,
        "rotation_rate": disk.rpm, "logical_unit_id": f"0x{disk.wwn}", "serial_number": disk.serial,
        "scsi_transport_protocol": {"name": "SAS (SPL-4)", "value": 6},
        "smart_support": {"available": True, "enabled": True}, "smart_status": {"passed": disk.is_passed},
        "temperature": {"current": 33}, "power_on_time": {"hours": disk.hours},
        "scsi_grown_defect_list": disk.grown_defects, "scsi_error_counter_log": counters,
    }  # fmt: skip
    return _lines(doc)
