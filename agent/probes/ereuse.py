"""What eReuse's workbench 11–13 had already digested of a PC: `device`, `components` and the disk tests. A last source.

Its raw answers (lshw, hwinfo, …) are read as such, and win; only the disk tests are nowhere else in those snapshots.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from agent.facts import Battery, Cpu, Device, Disk, Display, Gpu, Health, Network
from agent.host import Host
from agent.probes import Findings
from agent.probes.facter_table import entries, text
from agent.probes.smbios_structures import Bios, Board, Chassis, MemoryArray, MemoryDevice, SystemInfo, Table
from agent.probes.told import tell_table
from agent.text import meant
from agent.units import GIB, MIB

_CHASSIS = {"Laptop": "Notebook", "Desktop": "Desktop", "Server": "Main Server Chassis", "Tablet": "Tablet"}
_DISKS = {"HardDrive": "hdd", "SolidStateDrive": "ssd"}
_HOURS_MOST = 150_000
_COUNT_MOST = 1 << 24
_ENVELOPES_MOST = 3


def probe(host: Host) -> Findings:
    findings = Findings()
    for output in host.outputs("ereuse"):
        snapshot = _snapshot(output.text)
        if snapshot is None:
            findings.missed("", output.source, output.why or "malformed", "eReuse: not a snapshot")
        elif "components" in snapshot and not findings.facts:
            _tell(findings, snapshot, output.source)
    return findings


def _snapshot(raw: str) -> dict[str, Any] | None:
    try:
        value = json.loads(raw, strict=False)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and value:
        value = value[0]
    for _ in range(_ENVELOPES_MOST):
        if isinstance(value, dict) and "components" not in value and isinstance(value.get("data"), dict):
            value = value["data"]
    return value if isinstance(value, dict) else None


def _tell(findings: Findings, snapshot: dict[str, Any], source: str) -> None:
    parts: dict[str, list[dict[str, Any]]] = {}
    for part in entries(snapshot, "components"):
        parts.setdefault(text(part, "type") or "", []).append(part)
    device = next(iter(entries(snapshot, "device")), {})
    tell_table(findings, table_of(device, parts), source)
    if cpu := _cpu(parts.get("Processor", [])):
        findings.found("cpu", cpu, source)
    # The workbench listed what its own tools could see: a kind of part that is not there proves nothing.
    for section, found in (
        ("disks", tuple(disks_of(parts))),
        ("displays", tuple(_display(part) for part in parts.get("Display", []))),
        ("gpus", tuple(Gpu(vendor=_maker(part), model=_model(part)) for part in parts.get("GraphicCard", []))),
        ("networks", tuple(_network(part) for part in parts.get("NetworkAdapter", []))),
        ("audio", tuple(_device(part) for part in parts.get("SoundCard", []))),
        ("cameras", tuple(_device(part) for part in parts.get("Camera", []))),
        ("batteries", tuple(_battery(place, part) for place, part in enumerate(parts.get("Battery", [])))),
    ):
        if found:
            findings.found(section, found, source)


def _number(part: dict[str, Any], key: str, scale: int = 1) -> int | None:
    """A count or a size, which eReuse writes as a float: "size": 240057.409536 (MB)."""
    value = part.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return round(value * scale) if 0 <= value < 1 << 50 else None


def _maker(part: dict[str, Any]) -> str | None:
    return meant(text(part, "manufacturer"))


def _model(part: dict[str, Any]) -> str | None:
    return meant(text(part, "model"))


def table_of(device: dict[str, Any], parts: dict[str, list[dict[str, Any]]]) -> Table:
    board = next(iter(parts.get("Motherboard", [])), {})
    modules = parts.get("RamModule", [])
    kind = _CHASSIS.get(text(device, "type") or "")
    slots, most = _number(board, "ramSlots"), _number(board, "ramMaxSize", GIB)
    fitted = [_memory_device(part) for part in modules]
    empty = [MemoryDevice(array=0, size_bytes=0) for _ in range(min(slots or 0, 64) - len(fitted))]
    system = SystemInfo(
        maker=text(device, "manufacturer"),
        product=text(device, "model"),
        version=text(device, "version"),
        serial=text(device, "serialNumber"),
        sku=text(device, "sku"),
    )
    return Table(
        systems=(system,) if device else (),
        chassis=(Chassis(kind=kind),) if kind else (),
        boards=(_board(board),) if board else (),
        bios=(Bios(version=text(board, "version"), released=_us_date(text(board, "biosDate"))),) if board else (),
        memory_arrays=(MemoryArray(handle=0, use="System Memory", maximum_bytes=most or None, slots=slots),),
        memory_devices=(*fitted, *empty) if fitted else (),
    )


def _us_date(iso: str | None) -> str | None:
    """ "2014-06-17T00:00:00" as SMBIOS would have it."""
    match = re.match(r"(\d{4})-(\d\d)-(\d\d)", iso or "")
    return f"{match[2]}/{match[3]}/{match[1]}" if match else None


def _board(board: dict[str, Any]) -> Board:
    return Board(
        maker=text(board, "manufacturer"),
        product=text(board, "model"),
        serial=text(board, "serialNumber"),
        kind="Motherboard",
    )


def _memory_device(part: dict[str, Any]) -> MemoryDevice:
    return MemoryDevice(
        array=0,
        size_bytes=_number(part, "size", MIB) or None,
        form=text(part, "format"),
        kind=text(part, "interface"),
        rated_mts=_number(part, "speed"),
        maker=text(part, "manufacturer"),
        part=text(part, "model"),
        serial=text(part, "serialNumber"),
    )


def _cpu(processors: list[dict[str, Any]]) -> Cpu | None:
    if not processors:
        return None
    cores, threads = (
        [_number(part, key) or 0 for part in processors] for key in ("cores", "threads")
    )  # each counts one socket
    return Cpu(
        model_name=_model(processors[0]),
        sockets=len(processors),
        cores=sum(cores) if all(cores) else None,
        threads=sum(threads) if all(threads) else None,
        is_64_bit=True if processors[0].get("address") == 64 else None,
    )


def disks_of(parts: dict[str, list[dict[str, Any]]]) -> Iterator[Disk]:
    """Disks have no kernel name here; their place in the list stands for it."""
    found = [part for kind in _DISKS for part in parts.get(kind, [])]
    for place, part in enumerate(found):
        interface = (text(part, "interface") or "").upper()
        is_ssd = text(part, "type") == "SolidStateDrive"
        is_nvme = interface in ("NVME", "PCI")
        yield Disk(
            name=f"disk{place}",
            maker=_maker(part),
            model=_model(part),
            serial=meant(text(part, "serialNumber")),
            firmware=meant(text(part, "variant")),
            size_bytes=_number(part, "size", 10**6) or None,
            transport="nvme" if is_nvme else "usb" if interface == "USB" else None,
            kind="nvme" if is_nvme else "ssd" if is_ssd else "hdd",
            is_rotational=not is_ssd,
            removable=True if interface == "USB" else False if interface in ("ATA", "NVME", "PCI") else None,
            health=_health(part),
        )


def _health(part: dict[str, Any]) -> Health:
    """The latest disk test, which kept eight SMART attributes and the drive's own word."""
    tests = [action for action in entries(part, "actions") if text(action, "type") == "TestDataStorage"]
    if not tests:
        return Health()
    test = tests[-1]

    def count(key: str) -> int | None:
        value = _number(test, key)
        return value if value is not None and value < _COUNT_MOST else None

    hours = count("lifetime")
    passed = test.get("assessment")
    return Health(
        is_available=True,
        is_passed=passed if isinstance(passed, bool) else None,
        hours=hours if hours is not None and hours <= _HOURS_MOST else None,
        power_cycles=count("powerCycleCount"),
        reallocated_sectors=count("reallocatedSectorCount"),
        pending_sectors=count("currentPendingSectorCount"),
        uncorrectable_sectors=count("offlineUncorrectable"),
        reported_uncorrectable=count("reportedUncorrectableErrors"),
        self_test_failed=_test_failed(text(test, "status")),
    )


def _test_failed(status: str | None) -> bool | None:
    if status == "Completed without error":
        return False
    return True if status and re.search(r"fail|error", status, re.IGNORECASE) else None


def _display(part: dict[str, Any]) -> Display:
    year = re.match(r"(199[1-9]|20\d\d)-", text(part, "productionDate") or "")
    model = _model(part)
    return Display(
        maker=_maker(part),
        model=None if model == "LCD Monitor" else model,
        serial=meant(text(part, "serialNumber")),
        made_year=int(year[1]) if year else None,
    )


def _network(part: dict[str, Any]) -> Network:
    return Network(
        kind="wifi" if part.get("wireless") is True else "wired",
        vendor=_maker(part),
        model=_model(part),
        speed_mbps=_number(part, "speed") or None,
    )


def _device(part: dict[str, Any]) -> Device:
    return Device(name=_model(part) or "device", maker=_maker(part), model=_model(part))


def _battery(place: int, part: dict[str, Any]) -> Battery:
    """Capacities were written in several units over the years, so none is taken."""
    return Battery(
        name=f"battery {place}",
        maker=_maker(part),
        model=_model(part),
        serial=meant(text(part, "serialNumber")),
        chemistry=meant(text(part, "technology")),
    )
