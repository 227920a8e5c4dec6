"""The battery, by living on it for a while: does it hold, without a jump? (domain: 20 minutes, 5 points in a minute)"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from agent.checks.results import CheckResult, Measure, measure
from agent.checks.running import Task
from agent.host import Host
from agent.text import whole

MINUTES, SHORT_MINUTES, JUMP_POINTS = 20, 2, 5
# From half full to a tenth within 20 minutes: it would not last an hour. One that starts lower may be empty and sound.
_START_PERCENT, _LOW_PERCENT = 50, 10
_EVERY_S, _UNPLUG_WAIT_S = 10.0, 120
_LOOKS, _LOOK_AGAIN_S = 4, 2.0  # a gauge that is asked while it works out its answer gives none, once
_FOLDER = "/sys/class/power_supply"
_REPLACE = ("Changer la batterie.", "Replace the battery.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """All batteries of the PC together."""

    percents: Mapping[str, int]  # of each by its name: a laptop with two empties one after the other
    is_discharging: bool
    is_plugged: bool
    now_mwh: int

    @property
    def percent(self) -> int:
        return sum(self.percents.values()) // len(self.percents)

    def lost_since(self, before: "Level") -> int:
        """The worst drop of one battery, in points."""
        both = before.percents.keys() & self.percents.keys()
        return max(before.percents[name] - self.percents[name] for name in both)


def level(host: Host) -> Level | None:
    """None when no battery says how full it is."""
    percents: dict[str, int] = {}
    statuses, mwh, is_plugged = [], 0, False
    for name in host.names(_FOLDER):
        place = f"{_FOLDER}/{name}"
        kind = host.text(f"{place}/type")
        if kind in ("Mains", "USB"):
            is_plugged = is_plugged or host.text(f"{place}/online") == "1"
        if kind != "Battery" or host.text(f"{place}/scope") == "Device" or host.text(f"{place}/present") == "0":
            continue
        percent = whole(host.text(f"{place}/capacity"))
        if percent is None:
            continue
        percents[name] = percent
        statuses.append(host.text(f"{place}/status"))
        mwh += _mwh(host, place)
    if not percents:
        return None
    return Level(
        percents=percents, is_discharging="Discharging" in statuses, is_plugged=is_plugged, now_mwh=mwh,
    )  # fmt: skip


def _mwh(host: Host, place: str) -> int:
    energy = whole(host.text(f"{place}/energy_now"))
    if energy is not None:
        return energy // 1000
    charge = whole(host.text(f"{place}/charge_now")) or 0
    volts = whole(host.text(f"{place}/voltage_min_design")) or whole(host.text(f"{place}/voltage_now")) or 0
    return charge * volts // 10**9


def _look(task: Task, names: Collection[str] = ()) -> Level | None:
    """How full all of `names` are; None when they do not tell in several looks."""
    for number in range(_LOOKS):
        if number:
            task.sleep(min(_LOOK_AGAIN_S, _EVERY_S))
        found = level(task.host)
        if found is not None and found.percents.keys() >= set(names):
            return found
    return None


def run(task: Task) -> CheckResult:
    first = _look(task)
    if first is None:
        return task.failed(f"La batterie ne dit pas son état. {_REPLACE[0]}", f"It tells no state. {_REPLACE[1]}")
    if first.percent < _START_PERCENT:
        return task.not_tested(
            f"Chargez d'abord la batterie : {_START_PERCENT} % au moins.",
            f"Charge the battery first: {_START_PERCENT} % at least.", *_of(first, first, 0),
        )  # fmt: skip
    on_battery = _wait_for_battery(task, first)
    if on_battery is None:
        return task.not_tested("Débranchez le chargeur, puis refaites.", "Unplug the charger, then do it again.")
    return _watch(task, on_battery)


def _wait_for_battery(task: Task, first: Level) -> Level | None:
    began = task.around.monotonic()
    while (now := _look(task, first.percents)) is None or not now.is_discharging or now.is_plugged:
        if task.around.monotonic() - began > _UNPLUG_WAIT_S:
            return None
        task.tell("Débranchez le chargeur.", "Unplug the charger.", permille=0)
        task.sleep(min(1.0, _EVERY_S))
    return now


def _watch(task: Task, first: Level) -> CheckResult:
    seconds = 60 * (SHORT_MINUTES if task.around.short else MINUTES)
    began, looks = task.around.monotonic(), [(0.0, first)]
    while (gone := task.around.monotonic() - began) < seconds:
        now = _look(task, first.percents)
        if task.around.is_wiping():
            return task.not_tested("Un effacement a commencé. Rebranchez.", "A wipe has begun. Plug in again.")
        if now is None:
            fr, en = f"La batterie a disparu. {_REPLACE[0]}", f"The battery went away. {_REPLACE[1]}"
            return task.failed(fr, en, *_of(first, looks[-1][1], int(gone)))
        measures = _of(first, now, int(gone))
        if now.is_plugged or not now.is_discharging:
            return task.not_tested("Le chargeur a été rebranché.", "The charger was plugged in again.", *measures)
        looks = [look for look in looks if gone - look[0] <= 60] + [(gone, now)]
        if (drop := now.lost_since(looks[0][1])) > JUMP_POINTS:
            fr, en = f"{drop} points perdus en une minute.", f"{drop} points lost within a minute."
            return task.failed(f"{fr} {_REPLACE[0]}", f"{en} {_REPLACE[1]}", *measures)
        if now.percent < _LOW_PERCENT:
            return task.failed(f"La batterie se vide trop vite. {_REPLACE[0]}", f"It empties too fast. {_REPLACE[1]}",
                               *measures)  # fmt: skip
        told = f"{now.percent} %"
        task.tell(f"Sur batterie : {told}", f"On battery: {told}", permille=int(1000 * gone / seconds))
        task.sleep(_EVERY_S)
    return _held(task, first, looks[-1][1], int(min(gone, seconds)))


def _held(task: Task, first: Level, last: Level, seconds: int) -> CheckResult:
    minutes, drop = seconds // 60, first.percent - last.percent
    measures = _of(first, last, seconds)
    if minutes < MINUTES:
        fr = f"Rien d'anormal en {minutes} minutes. Il en faut {MINUTES} pour le dire."
        return task.not_tested(fr, f"Nothing odd in {minutes} minutes. It takes {MINUTES} to say so.", *measures)
    return task.passed(
        f"{minutes} minutes sur batterie : {drop} points de moins, sans saut.",
        f"{minutes} minutes on battery: {drop} points less, with no jump.", *measures,
    )  # fmt: skip


def _of(first: Level, last: Level, seconds: int) -> tuple[Measure, ...]:
    found = [measure("from", first.percent, "percent"), measure("to", last.percent, "percent")]
    found.append(measure("on-battery", seconds, "seconds"))
    if first.now_mwh and last.now_mwh:
        found.append(measure("used", first.now_mwh - last.now_mwh, "mwh"))
    return tuple(found)
