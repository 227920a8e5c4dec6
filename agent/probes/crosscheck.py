"""Join what the probes found into one Machine: fill, compare, correct. Pure; nothing is read here.

Earlier findings win; later ones only fill what is unknown. Where two sources disagree on something that would change
a verdict, the better one is kept and the disagreement becomes a gap of kind `conflict`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from agent.facts import AgeOrigin, Battery, Cpu, Disk, Firmware, Gap, Health, Machine, Memory, System
from agent.probes import Findings
from agent.probes.battery_gauge import doubted
from agent.probes.last_net import safe
from agent.probes.smbios import IDS, TABLE, Table
from agent.probes.system import chassis_of

_STRUCTS: dict[str, type[Any]] = {"system": System, "firmware": Firmware, "cpu": Cpu, "memory": Memory}
_USABLE_SHORT_PERMILLE = 150  # less usable than fitted: shared graphics memory, or a module that does not answer
_SOLD_YEARS = 4  # how long after its launch a processor design is still put into new PCs [J]
# Fields where a second source saying otherwise matters enough to be told.
_COMPARED = ("memory.fitted_bytes", "cpu.cores", "cpu.threads", "cpu.is_64_bit")


def join(found: Sequence[Findings], table: Table, table_source: str, now: datetime) -> Machine:
    """One Machine from all findings, best source first; `now` dates the inspection for the machine's age."""
    facts: dict[str, Any] = {}
    sources: dict[str, str] = {}
    gaps = _refused([gap for findings in found for gap in findings.gaps])
    for findings in found:
        for section, value in findings.facts.items():
            _take(facts, sources, gaps, section, value, findings)
    machine = Machine(**facts, sources=sources)
    machine = _type_22_batteries(machine, table, table_source)
    machine = _true_chassis(machine)
    machine = _dated(machine, _today(machine, now))
    gaps += _memory_gap(machine)
    return safe(msgspec.structs.replace(machine, gaps=_kept(gaps, machine)))


def _refused(gaps: list[Gap]) -> list[Gap]:
    """Without root the SMBIOS table is closed: what only it tells is not absent, and the technician can ask again."""
    if not any((gap.path, gap.source, gap.why) == ("", TABLE, "refused") for gap in gaps):
        return gaps
    is_hidden = [gap.why == "absent" and gap.source == f"{IDS}/*" for gap in gaps]
    return [
        msgspec.structs.replace(gap, source=TABLE, why="refused") if hidden else gap
        for gap, hidden in zip(gaps, is_hidden, strict=True)
    ]


def _take(
    facts: dict[str, Any], sources: dict[str, str], gaps: list[Gap], section: str, value: Any, findings: Findings
) -> None:
    source = findings.sources.get(section, "")
    if facts.get(section) is None:
        facts[section] = value
        sources.update({path: text for path, text in findings.sources.items() if _within(path, section)})
    elif section in _STRUCTS:
        facts[section] = _filled(facts[section], value, section, source, sources, gaps)
    elif section == "disks" and value:
        facts[section] = _filled_disks(facts[section], value, source, sources)
    elif not facts[section] and value:
        facts[section] = value
        sources[section] = source


def _within(path: str, section: str) -> bool:
    return path == section or path.startswith((f"{section}.", f"{section}["))


def _filled(best: Any, other: Any, section: str, source: str, sources: dict[str, str], gaps: list[Gap]) -> Any:
    """`best` with its unknown fields taken from `other`; what both know and disagree on may become a gap."""
    changes: dict[str, Any] = {}
    for field in best.__struct_fields__:
        ours, theirs = getattr(best, field), getattr(other, field)
        path = f"{section}.{field}"
        if theirs in (None, ()):
            continue
        if ours in (None, ()):
            changes[field] = theirs
            sources[path] = source
        elif path in _COMPARED and ours != theirs:
            told = f"{sources.get(path) or sources.get(section)}: {ours}; {source}: {theirs}"
            gaps.append(Gap(path=path, source=source, why="conflict", detail=told))
    return msgspec.structs.replace(best, **changes) if changes else best


def _filled_disks(
    best: tuple[Disk, ...], other: tuple[Disk, ...], source: str, sources: dict[str, str]
) -> tuple[Disk, ...]:
    """Disks known to both (same serial, else same kernel name) completed.

    An unmatched disk of the other list is left out while we have one of the PC's own: the same disk under another name
    must not be counted twice. A better source that saw only sticks gives way to one that saw a disk inside.
    """
    if not any(not disk.removable for disk in best) and any(not disk.removable for disk in other):
        sources["disks"] = source
        return other
    done: list[Disk] = []
    for place, disk in enumerate(best):
        twin = next((o for o in other if disk.serial and o.serial == disk.serial), None)
        twin = twin or next((o for o in other if o.name == disk.name and not (o.serial and disk.serial)), None)
        if twin is None:
            done.append(disk)
            continue
        changes = {
            field: getattr(twin, field)
            for field in disk.__struct_fields__
            if getattr(disk, field) in (None, Health()) and getattr(twin, field) not in (None, Health())
        }
        sources.update({f"disks[{place}].{field}": source for field in changes})
        done.append(msgspec.structs.replace(disk, **changes))
    return tuple(done)


def _type_22_batteries(machine: Machine, table: Table, table_source: str) -> Machine:
    """SMBIOS batteries, only when no better source was there: boards declare batteries that desktops never had."""
    declared = [b for b in table.batteries if b.design_mwh]
    if machine.batteries is not None or not declared or machine.system.chassis in ("desktop", "server", "virtual"):
        return machine
    batteries = tuple(
        Battery(
            name=b.location or b.name or f"battery {place}",
            maker=b.maker,
            model=b.name,
            chemistry=b.chemistry,
            design_mwh=b.design_mwh,
            made_on=b.made_on,
        )
        for place, b in enumerate(declared)
    )
    sources = machine.sources | {"batteries": f"{table_source}, type 22"}
    return msgspec.structs.replace(machine, batteries=batteries, sources=sources)


def _true_chassis(machine: Machine) -> Machine:
    """Correct the chassis by what is really there: makers leave "Desktop" in laptops and the reverse."""
    system = machine.system
    # No display seen at all (no driver, no DRM) is not "no panel inside".
    has_panel = any(d.is_internal for d in machine.displays) if machine.displays else None
    has_battery = None
    if machine.batteries is not None:
        # Only a battery that is really there speaks; type 22 entries alone prove nothing.
        has_battery = any(b.is_present is not False and b.full_mwh is not None for b in machine.batteries)
    chassis = chassis_of(system.chassis_declared, system.product, system.version, system.maker, has_battery, has_panel)
    if chassis is None or chassis == system.chassis:
        return machine
    return msgspec.structs.replace(machine, system=msgspec.structs.replace(system, chassis=chassis))


def _today(machine: Machine, now: datetime) -> datetime | None:
    """The day that ages count to: a clock in 2099 must not make every PC seventy years old."""
    if machine.clock.believed is not None:
        return datetime.fromisoformat(machine.clock.believed)
    return now if machine.clock.system is None else None


def _dated(machine: Machine, today: datetime | None) -> Machine:
    """Year of make: the earliest dated part that fits the processor's design, else the design's own year.

    A firmware date may be that of an update years later and batteries are replaced, so each is an upper bound: the
    earliest is nearest to the truth. What is dated before the processor existed, or long after its design was sold,
    tells of something else.
    """
    dates: list[tuple[str, AgeOrigin]] = []
    if machine.firmware.released_on:
        dates.append((machine.firmware.released_on, "bios-date"))
    dates += [(str(d.made_year), "panel-date") for d in machine.displays or () if d.is_internal and d.made_year]
    dates += [(b.made_on, "battery-date") for b in machine.batteries or () if b.made_on]
    this_year = today.year if today else 9999
    launch = machine.cpu.launch_year if machine.cpu.launch_year and machine.cpu.launch_year <= this_year else None
    first, last = (launch, launch + _SOLD_YEARS) if launch else (1995, this_year)
    believable = [(date, origin) for date, origin in dates if first <= int(date[:4]) <= min(last, this_year)]
    made_on, origin = min(believable, default=(str(launch), "cpu-launch") if launch else (None, None))
    if made_on is None:
        return machine
    system = msgspec.structs.replace(
        machine.system,
        made_on=made_on,
        made_year=int(made_on[:4]),
        made_origin=origin,
        age_years=_whole_years(made_on, today) if today else None,
    )
    batteries = machine.batteries and tuple(doubted(battery, system.age_years) for battery in machine.batteries)
    sources = machine.sources | {"system.made_on": origin or ""}
    return msgspec.structs.replace(machine, system=system, batteries=batteries, sources=sources)


def _whole_years(made_on: str, now: datetime) -> int:
    year, month, day = (int(part) for part in (made_on + "-12-31"[len(made_on) - 4 :])[:10].split("-"))
    return max(0, now.year - year - ((now.month, now.day) < (month, day)))


def _memory_gap(machine: Machine) -> list[Gap]:
    fitted, usable = machine.memory.fitted_bytes, machine.memory.usable_bytes
    if not fitted or not usable or (fitted - usable) * 1000 <= fitted * _USABLE_SHORT_PERMILLE and usable <= fitted:
        return []
    detail = f"modules: {fitted}; usable: {usable}"
    return [Gap(path="memory.usable_bytes", source="/proc/meminfo", why="conflict", detail=detail)]


def _kept(gaps: list[Gap], machine: Machine) -> tuple[Gap, ...]:
    """Every gap once, without those that a later source filled."""
    kept = [gap for gap in dict.fromkeys(gaps) if gap.why == "conflict" or not _is_known(machine, gap.path)]
    return tuple(kept)


def _is_known(machine: Machine, path: str) -> bool:
    """True when a whole scalar fact at `path` is known after all; sections and list items stay as they were."""
    section, _, field = path.partition(".")
    if section not in _STRUCTS or not field or "." in field or "[" in field:
        return False
    return getattr(getattr(machine, section), field, None) is not None
