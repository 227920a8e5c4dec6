"""Temperatures, fans and voltages from /sys/class/hwmon, else the thermal zones.

psutil is no source here: its paths are fixed to the running machine, so a replay would read the wrong PC.
Units are the kernel's: https://docs.kernel.org/hwmon/sysfs-interface.html
"""

import re

from agent.facts import Sensor
from agent.host import Host
from agent.probes import Findings
from agent.text import clean, whole

FOLDER = "/sys/class/hwmon"
_ZONES = "/sys/class/thermal"
_INPUT = re.compile(r"(temp|fan|in)(\d+)_input")
# Outside these a reading is an unconnected pin or a driver's "none" (-128 °C, 255 °C, 65535 rpm).
_BOUNDS = {"temp": (-40_000, 150_000), "fan": (0, 30_000), "in": (-20_000, 60_000)}
_LIMIT = 300


def probe(host: Host) -> Findings:
    findings = Findings()
    sensors: list[Sensor] = []
    for chip in host.names(FOLDER):
        place = f"{FOLDER}/{chip}"
        if not host.exists(f"{place}/name"):  # kernels before 3.14 keep the files one folder down
            place = f"{place}/device"
        sensors += _chip(host, place, chip, len(sensors), findings)
    source = FOLDER
    if not any(sensor.kind == "temperature" for sensor in sensors) and (by_zone := zones(host)):
        sensors += by_zone
        source = FOLDER if sensors != by_zone else _ZONES
    if sensors or host.exists(FOLDER) or host.exists(_ZONES):
        findings.found("sensors", tuple(sensors[:_LIMIT]), source)
    else:
        findings.missed("sensors", FOLDER, "absent", "no source tells of sensors")
    return findings


def _chip(host: Host, place: str, chip: str, before: int, findings: Findings) -> list[Sensor]:
    name = clean(host.text(f"{place}/name") or chip)
    found: list[Sensor] = []
    for file in host.names(place):
        match = _INPUT.fullmatch(file)
        if not match:
            continue
        kind, number = match.groups()
        reading = host.read(f"{place}/{file}")
        if reading.why:  # EAGAIN, ENODATA: a sensor that sleeps
            continue
        value = whole(reading.text)
        low, high = _BOUNDS[kind]
        if value is None or not low <= value <= high:
            path = f"sensors[{before + len(found)}]"
            findings.missed(path, f"{place}/{file}", "malformed", clean(reading.text, 40))
            continue
        limit = whole(host.text(f"{place}/{kind}{number}_crit")) if kind == "temp" else None
        found.append(
            Sensor(
                chip=name,
                label=clean(host.text(f"{place}/{kind}{number}_label") or f"{kind}{number}"),
                kind="temperature" if kind == "temp" else "fan" if kind == "fan" else "voltage",
                value=value,
                critical=limit if limit is not None and 0 < limit <= high else None,
            )
        )
    return found


def zones(host: Host) -> list[Sensor]:
    """The kernel's thermal zones; /sys/class/hwmon tells most of them better."""
    found = []
    for zone in host.names(_ZONES):
        value = whole(host.text(f"{_ZONES}/{zone}/temp"))
        if zone.startswith("thermal_zone") and value is not None and _BOUNDS["temp"][0] <= value <= _BOUNDS["temp"][1]:
            label = clean(host.text(f"{_ZONES}/{zone}/type") or zone)
            found.append(Sensor(chip="thermal", label=label, kind="temperature", value=value))
    return found
