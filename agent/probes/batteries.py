"""Every battery of the PC, from /sys/class/power_supply or from what a foreign capture holds. Never a peripheral's.

psutil is no source here: `sensors_battery()` knows one battery only, no capacity, and not Fujitsu's CMB0
(https://github.com/giampaolo/psutil/issues/1828).
"""

from agent.facts import Battery, Gap
from agent.host import Host
from agent.probes import Findings
from agent.probes.battery_gauge import Gauge, battery_of
from agent.probes.battery_text import READERS, gauge_of, uevent_values

FOLDER = "/sys/class/power_supply"
_ATTRIBUTES = (
    "present", "status", "technology", "cycle_count", "energy_full_design", "energy_full", "energy_now",
    "charge_full_design", "charge_full", "charge_now", "voltage_min_design", "voltage_now",
    "manufacturer", "model_name", "serial_number",
)  # fmt: skip
# Never all in the uevent of the drivers that know them.
_EXTRA = ("type", "scope", "manufacture_year", "manufacture_month", "manufacture_day")


def probe(host: Host) -> Findings:
    """Section "batteries": () when the PC was looked at and has none, None and a gap when nothing could tell."""
    findings = Findings()
    if host.exists(FOLDER):
        _tell(findings, _from_sysfs(host, findings), FOLDER)
        return findings
    for program, parse in READERS:
        gauges: dict[str, Gauge] = {}
        is_whole = False
        source = program
        for output in host.outputs(program):
            if not output.text.strip():
                findings.missed("batteries", output.source, output.why or "absent", "empty answer")
                continue
            seen, says_all = parse(output.text)
            for gauge in seen:
                # acpiconf numbers no battery: two answers are two batteries.
                name = gauge.name if gauge.name not in gauges or program != "acpiconf" else f"battery {len(gauges)}"
                gauges[name] = gauge
            is_whole = is_whole or says_all
            source = output.source
        if gauges or is_whole:
            _tell(findings, tuple(gauges.values()), source)
            return findings
    findings.missed("batteries", FOLDER, "absent", "no source tells of batteries")
    return findings


def _tell(findings: Findings, gauges: tuple[Gauge, ...], source: str) -> None:
    batteries: list[Battery] = []
    gaps: list[Gap] = []
    for place, gauge in enumerate(gauges):
        battery, missed = battery_of(gauge, f"batteries[{place}]", source)
        batteries.append(battery)
        gaps += missed
    findings.found("batteries", tuple(batteries), source)
    findings.gaps += gaps


def _from_sysfs(host: Host, findings: Findings) -> tuple[Gauge, ...]:
    gauges = []
    for name in host.names(FOLDER):
        place = f"{FOLDER}/{name}"
        uevent = host.read(f"{place}/uevent")
        values = uevent_values(uevent.text) if uevent.why is None else {}
        # uevent is one question to the slow embedded controller; the single files are asked when it does not answer.
        for attribute in _EXTRA if len(values) > 3 else _ATTRIBUTES + _EXTRA:
            key = attribute.upper()
            if key not in values and (text := host.text(f"{place}/{attribute}")) is not None:
                values[key] = text.strip()
        values["NAME"] = name
        gauge = gauge_of(values, name)
        if gauge:
            gauges.append(gauge)
        elif not values.get("TYPE"):
            findings.missed("batteries", place, uevent.why or "malformed", "a power supply that says nothing of itself")
    return tuple(gauges)
