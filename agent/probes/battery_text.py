"""Batteries from what other programs printed: upower, acpi, tlp-stat, FreeBSD's acpiconf, loose uevent files. Pure.

Each reader returns the gauges it saw and whether the text would have shown any other battery (`is_whole`): a lone
uevent file of the mains adapter says nothing about batteries, `upower --dump` does.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from agent.probes.battery_gauge import Gauge
from agent.text import whole

Seen = tuple[tuple[Gauge, ...], bool]

_BATTERY_KEYS = ("STATUS", "TECHNOLOGY", "CAPACITY", "CHARGE_FULL", "ENERGY_FULL", "CHARGE_NOW", "ENERGY_NOW")
_NUMBER = re.compile(r"([+-]?\d+(?:[.,]\d+)?)")


def gauge_of(values: dict[str, str], name: str) -> Gauge | None:
    """A gauge from kernel attributes, keyed as in uevent without "POWER_SUPPLY_"; None for what is no PC battery."""
    kind = values.get("TYPE", "").strip()
    if kind and kind != "Battery" or values.get("SCOPE", "").strip() == "Device":
        return None
    if not kind and not any(key in values for key in _BATTERY_KEYS):
        return None
    number = {key: whole(text) for key, text in values.items()}
    energy = (number.get("ENERGY_FULL_DESIGN"), number.get("ENERGY_FULL"), number.get("ENERGY_NOW"))
    charge = (number.get("CHARGE_FULL_DESIGN"), number.get("CHARGE_FULL"), number.get("CHARGE_NOW"))
    # A driver gives one family; where both are there, the one that can answer "how worn".
    is_charge = not all(energy[:2]) and any(value is not None for value in charge)
    design, full, now = charge if is_charge else energy
    present = number.get("PRESENT")
    return Gauge(
        name=values.get("NAME") or name,
        unit="uah" if is_charge else "uwh",
        design=design,
        full=full,
        now=now,
        design_uv=number.get("VOLTAGE_MIN_DESIGN"),
        now_uv=number.get("VOLTAGE_NOW"),
        cycles=number.get("CYCLE_COUNT"),
        maker=values.get("MANUFACTURER"),
        model=values.get("MODEL_NAME"),
        serial=values.get("SERIAL_NUMBER"),
        chemistry=values.get("TECHNOLOGY"),
        status=values.get("STATUS"),
        made_on=_made_on(*(number.get(f"MANUFACTURE_{part}") for part in ("YEAR", "MONTH", "DAY"))),
        is_present=None if present is None else bool(present),
    )


def _made_on(year: int | None, month: int | None, day: int | None) -> str | None:
    if year is None or not 1995 <= year <= 2100:
        return None
    if month is None or not 1 <= month <= 12:
        return str(year)
    return f"{year}-{month:02}-{day:02}" if day is not None and 1 <= day <= 31 else f"{year}-{month:02}"


def uevent_values(text: str) -> dict[str, str]:
    """The POWER_SUPPLY_ lines of one uevent file, without the prefix."""
    pairs = (line.partition("=") for line in text.splitlines() if line.strip().startswith("POWER_SUPPLY_"))
    return {key.strip().removeprefix("POWER_SUPPLY_"): value.strip() for key, _, value in pairs}


def parse_uevents(text: str) -> Seen:
    """One or several uevent files in a row; each begins anew where a key comes back or after an empty line."""
    blocks: list[list[str]] = [[]]
    keys: set[str] = set()
    for line in text.splitlines():
        key = line.partition("=")[0].strip()
        if not key or key in keys:
            blocks.append([])
            keys = set()
        keys.add(key)
        blocks[-1].append(line)
    gauges = [gauge_of(uevent_values("\n".join(block)), f"battery {place}") for place, block in enumerate(blocks)]
    return tuple(gauge for gauge in gauges if gauge), False


def parse_upower(text: str) -> Seen:
    """`upower --dump` or `upower -i DEVICE`; numbers may carry a decimal comma, dates any language."""
    blocks = re.split(r"(?m)^Device: .*$", text)
    gauges = [gauge for block in blocks if (gauge := _upower_device(block))]
    return tuple(gauges), bool(re.search(r"(?m)^Daemon:", text))


def _upower_device(block: str) -> Gauge | None:
    if not re.search(r"(?m)^  battery\s*$", block):
        return None
    values = {key.strip(): value.strip() for key, value in re.findall(r"(?m)^ +([a-z][a-z -]*):[ \t]*(.*)$", block)}
    # The DisplayDevice sums the others up and has no native path; "power supply: no" is a mouse.
    native = values.get("native-path", "").rpartition("/")[2]
    if native in ("", "(null)") or values.get("power supply") == "no":
        return None
    return Gauge(
        name=native,
        design=_micro(values.get("energy-full-design")),
        full=_micro(values.get("energy-full")),
        now=_micro(values.get("energy")),
        now_uv=_micro(values.get("voltage")),
        cycles=whole(values.get("charge-cycles")),
        maker=values.get("vendor"),
        model=values.get("model"),
        serial=values.get("serial"),
        chemistry=values.get("technology"),
        status=values.get("state"),
        is_present={"yes": True, "no": False}.get(values.get("present", "")),
    )


def _micro(text: str | None) -> int | None:
    """ "47,3708 Wh" → 47370800."""
    match = _NUMBER.match(text or "")
    if not match:
        return None
    try:
        return int(Decimal(match[1].replace(",", ".")) * 1_000_000)
    except InvalidOperation:
        return None


_ACPI_LINE = re.compile(r"(?m)^\s*(Battery \d+): (.*)$")
_ACPI_CAPACITY = re.compile(r"design capacity (\d+) (m[AW]h), last full capacity (\d+) m[AW]h")


def parse_acpi(text: str) -> Seen:
    """`acpi -V` (or `-b`, `-bi`): a state line per battery and, with -i, a capacity line."""
    gauges: dict[str, Gauge] = {}
    for name, told in _ACPI_LINE.findall(text):
        known = gauges.get(name, Gauge(name=name))
        capacity = _ACPI_CAPACITY.search(told)
        fields = {field: getattr(known, field) for field in known.__struct_fields__}
        if capacity:
            fields["design"], fields["full"] = int(capacity[1]) * 1000, int(capacity[3]) * 1000
            fields["unit"] = "uah" if capacity[2] == "mAh" else "uwh"
        else:
            fields["status"] = told.partition(",")[0]
        gauges[name] = Gauge(**fields)
    is_whole = bool(re.search(r"(?m)^\s*Adapter \d", text) and re.search(r"(?m)^\s*(Cooling|Thermal) \d", text))
    return tuple(gauges.values()), is_whole


def parse_acpiconf(text: str) -> Seen:
    """FreeBSD `acpiconf -i N`: one battery."""
    values = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    if "Design capacity" not in values and "State" not in values:
        return (), False
    factor = 1000 if values.get("Design voltage", "").endswith("mV") else 1
    design_mv, now_mv = (_leading(values.get(key)) for key in ("Design voltage", "Present voltage"))
    gauge = Gauge(
        name="battery 0",
        unit="uwh" if "mWh" in values.get("Design capacity", "") else "uah",
        design=_thousand(_leading(values.get("Design capacity"))),
        full=_thousand(_leading(values.get("Last full capacity"))),
        design_uv=None if design_mv is None else design_mv * factor,
        now_uv=_thousand(now_mv),
        cycles=_leading(values.get("Cycle Count") or values.get("Cycle count")),
        maker=values.get("OEM info"),
        model=values.get("Model number"),
        serial=values.get("Serial number"),
        chemistry=values.get("Type"),
        status=values.get("State"),
        is_present=values.get("State") != "not present",
    )
    return (gauge,), False


def _leading(text: str | None) -> int | None:
    match = re.match(r"\d+", text or "")
    return int(match[0]) if match else None


def _thousand(value: int | None) -> int | None:
    return None if value is None else value * 1000


_TLP_LINE = re.compile(r"(?m)^/sys/class/power_supply/(\S+?)/(\w+)\s*=\s*(.*?)(?:\s*\[(m\w+)\])?\s*$")


def parse_tlp(text: str) -> Seen:
    """The battery part of tlp-stat: kernel attributes in thousandths."""
    found: dict[str, dict[str, str]] = {}
    for name, attribute, value, unit in _TLP_LINE.findall(text):
        values = found.setdefault(name, {"NAME": name})
        number = whole(value)
        values[attribute.upper()] = str(number * 1000) if unit and number is not None else value
    gauges = [gauge_of(values, name) for name, values in found.items()]
    return tuple(gauge for gauge in gauges if gauge), False


# Best first: kernel attributes in full, then tools that rounded or dropped some.
READERS: tuple[tuple[str, Callable[[str], Seen]], ...] = (
    ("uevent", parse_uevents),
    ("battery", parse_uevents),
    ("upower", parse_upower),
    ("tlp-stat", parse_tlp),
    ("acpiconf", parse_acpiconf),
    ("acpi", parse_acpi),
)
