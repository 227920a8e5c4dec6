"""What one battery gauge says, and how much of it to believe.

A gauge is a small computer inside the pack; many report a capacity they never measured. Every source (sysfs, upower,
acpi, …) is brought to a `Gauge` first, so that the sanity rules exist once. Units follow the kernel:
https://docs.kernel.org/power/power_supply_class.html
"""

from typing import Literal

import msgspec

from agent.facts import Battery, Fact, Gap, Why
from agent.text import meant

# A laptop battery outside these is a misreading: phones start at 5 Wh, air transport ends at 100 (160 with leave).
DESIGN_MIN_UWH, DESIGN_MAX_UWH = 5_000_000, 150_000_000
HEALTH_BELIEVED_PERMILLE = 1100  # new packs hold a few per cent more than they promise, never a tenth
FULL_ABSURD_TIMES = 3  # 0xFFFF and the like, no capacity at all
CYCLES_ABSURD = 10_000  # 0xFFFF is a gauge's "unknown"
_VOLTAGE_MIN_UV, _VOLTAGE_MAX_UV = 2_500_000, 60_000_000
OLD_YEARS = 3  # older than this, a gauge at exactly 100 % was never calibrated or the pack is new

# upower's and acpiconf's words to the kernel's.
_CHEMISTRIES = {
    "lithium-ion": "Li-ion", "lithium ion": "Li-ion", "lion": "Li-ion", "liion": "Li-ion", "li-i": "Li-ion",
    "lithium-polymer": "Li-poly", "lipo": "Li-poly", "lip": "Li-poly", "lithium-iron-phosphate": "LiFe",
    "nickel-cadmium": "NiCd", "nickel-metal-hydride": "NiMH", "nimh": "NiMH", "lead-acid": "lead-acid",
}  # fmt: skip
_STATES = {
    "fully-charged": "Full", "high": "Full", "pending-charge": "Not charging", "pending-discharge": "Not charging",
    "charging": "Charging", "discharging": "Discharging", "empty": "Discharging", "full": "Full",
    "not charging": "Not charging", "critical discharging": "Discharging", "critical charging": "Charging",
}  # fmt: skip


class Gauge(Fact, frozen=True, kw_only=True):
    """One battery as its source tells it, nothing corrected yet."""

    name: str
    unit: Literal["uwh", "uah"] = "uwh"  # of design, full and now
    design: int | None = None
    full: int | None = None
    now: int | None = None
    design_uv: int | None = None
    now_uv: int | None = None
    cycles: int | None = None
    maker: str | None = None
    model: str | None = None
    serial: str | None = None
    chemistry: str | None = None
    status: str | None = None
    made_on: str | None = None
    is_present: bool | None = None


def battery_of(gauge: Gauge, path: str, source: str) -> tuple[Battery, list[Gap]]:
    """The battery with only what can be believed, and a gap for each reading that cannot; `path` as "batteries[0]"."""
    gaps: list[Gap] = []
    known = Battery(
        name=meant(gauge.name) or "battery",
        maker=meant(gauge.maker),
        model=meant(gauge.model),
        serial=meant(gauge.serial),
        chemistry=_word(gauge.chemistry, _CHEMISTRIES),
        status=_word(gauge.status, _STATES),
        made_on=gauge.made_on,
        is_present=gauge.is_present,
    )
    if gauge.is_present is False:  # an empty bay: its zeros are not readings
        return known, gaps

    def miss(field: str, why: Why, detail: str) -> None:
        gaps.append(Gap(path=f"{path}.{field}", source=source, why=why, detail=detail))

    voltage_uv = nominal_uv(gauge)
    design, why = _design(gauge, voltage_uv)
    if why:
        miss("design_mwh", why, f"{gauge.design} {gauge.unit}" if gauge.design is not None else "not reported")
    full = gauge.full if gauge.full is not None and gauge.full >= 0 else None
    if full is not None and design and full > design * FULL_ABSURD_TIMES:
        miss("full_mwh", "malformed", f"{full} {gauge.unit} for a design of {design}")
        full = None
    elif full == 0 and design is None:
        miss("full_mwh", "malformed", "the gauge reports only zeros")
        full = None
    elif full is None:
        miss("full_mwh", "absent", "not reported")
    health = full * 1000 // design if full is not None and design else None
    if health is None:
        miss("health_permille", "absent", "needs both the design capacity and the last full one")
    if gauge.unit == "uah" and voltage_uv is None and (design or full):
        miss("design_mwh", "absent", "milliampere-hours without a voltage")
    battery = msgspec.structs.replace(
        known,
        design_mwh=_mwh(design, gauge, voltage_uv),
        full_mwh=_mwh(full, gauge, voltage_uv),
        now_mwh=_mwh(gauge.now if gauge.now is not None and gauge.now >= 0 else None, gauge, voltage_uv),
        health_permille=None if health is None else min(health, 1000),
        is_health_believable=None if full is None or not design else _is_believable(known, gauge, full, design),
        is_estimated=gauge.unit == "uah" and voltage_uv is not None and bool(design or full),
        cycles=gauge.cycles if gauge.cycles and 0 < gauge.cycles < CYCLES_ABSURD else None,
    )
    return battery, gaps


def _is_believable(known: Battery, gauge: Gauge, full: int, design: int) -> bool:
    """Above a tenth over design, or empty on a running PC without charging: the last full charge proves nothing."""
    is_stuck_empty = full > 0 and gauge.now == 0 and known.status != "Charging"
    return full * 1000 <= design * HEALTH_BELIEVED_PERMILLE and not is_stuck_empty


def nominal_uv(gauge: Gauge) -> int | None:
    """The voltage that turns ampere-hours into watt-hours; None when neither reading can be one.

    Some firmware gives the voltage of one cell as the pack's (seen: 3.75 V declared, 7.67 V live, two cells in
    series). A pack's live voltage is never half as much again as its nominal one, so then the live one is taken.
    """
    design, now = (
        uv if uv is not None and _VOLTAGE_MIN_UV <= uv <= _VOLTAGE_MAX_UV else None
        for uv in (gauge.design_uv, gauge.now_uv)
    )
    if design and now and now * 2 >= design * 3:
        return now
    return design or now


def _design(gauge: Gauge, voltage_uv: int | None) -> tuple[int | None, Why | None]:
    """The design capacity in the gauge's own unit, or why it is unknown."""
    if gauge.design is None:
        return None, "absent"
    if gauge.design <= 0:
        return None, "malformed"
    if gauge.unit == "uah" and voltage_uv is None:
        return gauge.design, None
    energy_uwh = gauge.design if gauge.unit == "uwh" else gauge.design * (voltage_uv or 0) // 1_000_000
    if not DESIGN_MIN_UWH <= energy_uwh <= DESIGN_MAX_UWH:
        return None, "malformed"
    return gauge.design, None


def _mwh(amount: int | None, gauge: Gauge, voltage_uv: int | None) -> int | None:
    if amount is None:
        return None
    if gauge.unit == "uwh":
        return amount // 1000
    return None if voltage_uv is None else amount * voltage_uv // 1_000_000_000


def _word(text: str | None, words: dict[str, str]) -> str | None:
    told = meant(text)
    return None if told is None else words.get(told.casefold(), told)


def doubted(battery: Battery, age_years: int | None) -> Battery:
    """The battery, no longer believed when an old PC's gauge says exactly as new and counts no cycle.

    Either the pack was replaced or the gauge never learnt its capacity: only a discharge test tells. Needs the PC's
    age, so the join of all probes calls this.
    """
    is_default = battery.full_mwh is not None and battery.full_mwh == battery.design_mwh and battery.cycles is None
    if is_default and age_years is not None and age_years > OLD_YEARS and battery.is_health_believable:
        return msgspec.structs.replace(battery, is_health_believable=False)
    return battery
