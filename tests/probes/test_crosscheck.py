"""Joining findings: fill, never overwrite; conflicts told; chassis and age corrected."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.facts import Battery, Cpu, Disk, Display, Firmware, Gap, Machine, Memory, System, source_of
from agent.probes import Findings
from agent.probes.crosscheck import join
from agent.probes.smbios import Table
from agent.probes.smbios_structures import PortableBattery

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def found(section: str, value: Any, source: str) -> Findings:
    findings = Findings()
    findings.found(section, value, source)
    return findings


def joined(*findings: Findings, table: Table | None = None) -> Machine:
    return join(findings, table or Table(), "dmi", NOW)


def test_later_sources_fill_what_is_unknown_and_say_so() -> None:
    machine = joined(
        found("memory", Memory(fitted_bytes=8 << 30), "dmi type 17"),
        found("memory", Memory(fitted_bytes=8 << 30, slots_total=2, generation="DDR3"), "lshw"),
    )
    assert (machine.memory.slots_total, machine.memory.generation) == (2, "DDR3")
    assert source_of(machine, "memory.fitted_bytes") == "dmi type 17"
    assert source_of(machine, "memory.slots_total") == "lshw"


def test_the_better_source_wins_and_the_disagreement_is_kept() -> None:
    machine = joined(found("cpu", Cpu(cores=4), "/proc/cpuinfo"), found("cpu", Cpu(cores=2), "lshw"))
    assert machine.cpu.cores == 4
    (gap,) = machine.gaps
    assert (gap.path, gap.why) == ("cpu.cores", "conflict")
    assert "4" in gap.detail and "2" in gap.detail and "lshw" in gap.detail


def test_a_gap_that_a_later_source_fills_goes_and_the_others_stay() -> None:
    first = Findings(
        gaps=[Gap(path="cpu.model_name", source="a", why="absent"), Gap(path="disks", source="a", why="absent")]
    )
    machine = joined(first, found("cpu", Cpu(model_name="Core i5"), "lshw"))
    assert [gap.path for gap in machine.gaps] == ["disks"]


def test_disks_are_completed_by_serial_or_name_and_never_doubled() -> None:
    ours = (Disk(name="sda", serial="S1"), Disk(name="sdb"))
    theirs = (Disk(name="sdc", serial="S1", model="WD"), Disk(name="sdb", model="ST"), Disk(name="sdd", model="??"))
    machine = joined(found("disks", ours, "sysfs"), found("disks", theirs, "lshw"))
    assert machine.disks is not None
    assert [(d.name, d.model) for d in machine.disks] == [("sda", "WD"), ("sdb", "ST")]
    assert source_of(machine, "disks[0].model") == "lshw" and source_of(machine, "disks[0].name") == "sysfs"


def test_no_disk_seen_is_kept_but_a_list_from_elsewhere_fills_it() -> None:
    assert joined(found("disks", (), "/sys/block")).disks == ()
    machine = joined(found("disks", (), "/sys/block"), found("disks", (Disk(name="sda"),), "lshw"))
    assert machine.disks == (Disk(name="sda"),)


def test_declared_batteries_count_only_without_a_better_source_and_not_in_desktops() -> None:
    table = Table(batteries=(PortableBattery(location="Rear", name="X", design_mwh=48000),))
    laptop = found("system", System(chassis="laptop", chassis_declared="Notebook"), "dmi")
    machine = joined(laptop, table=table)
    assert machine.batteries is not None
    assert machine.batteries[0].design_mwh == 48000 and machine.batteries[0].health_permille is None
    desktop = found("system", System(chassis="desktop", chassis_declared="Desktop"), "dmi")
    assert joined(desktop, table=table).batteries is None
    real = found("batteries", (), "/sys/class/power_supply")
    assert joined(laptop, real, table=table).batteries == ()


def test_a_laptop_that_says_desktop_is_corrected_by_its_battery_and_panel() -> None:
    lie = found("system", System(chassis="desktop", chassis_declared="Desktop", product="Satellite L500"), "dmi")
    battery = found("batteries", (Battery(name="BAT0", full_mwh=30000, is_present=True),), "sysfs")
    panel = found("displays", (Display(is_internal=True),), "drm")
    assert joined(lie, battery, panel).system.chassis == "laptop"


@pytest.mark.parametrize(
    ("bios", "panel", "battery", "launch", "made", "origin", "age"),
    [
        ("2013-05-20", None, None, 2012, "2013-05-20", "bios-date", 13),
        ("2019-05-20", 2013, None, 2012, "2013", "panel-date", 12),
        ("2011-01-01", None, None, 2013, "2013", "cpu-launch", 12),
        (None, None, "2014-03", 2012, "2014-03", "battery-date", 12),
        (None, None, None, None, None, None, None),
        ("2019-09-24", None, None, 2012, "2012", "cpu-launch", 13),  # a firmware update, not the PC's age
        ("2067-01-01", None, None, 2015, "2015", "cpu-launch", 10),
    ],
)
def test_age(bios, panel, battery, launch, made, origin, age) -> None:  # type: ignore[no-untyped-def]
    findings = [found("firmware", Firmware(released_on=bios), "dmi"), found("cpu", Cpu(launch_year=launch), "table")]
    if panel:
        findings.append(found("displays", (Display(is_internal=True, made_year=panel),), "drm"))
    if battery:
        findings.append(found("batteries", (Battery(name="BAT0", made_on=battery),), "sysfs"))
    system = joined(*findings).system
    assert (system.made_on, system.made_origin, system.age_years) == (made, origin, age)


@pytest.mark.parametrize(
    ("fitted", "usable", "told"),
    [(8 << 30, 7_900_000_000, False), (8 << 30, 4 << 30, True), (4 << 30, 8 << 30, True), (None, 4 << 30, False)],
)
def test_modules_that_do_not_answer_are_told(fitted: int | None, usable: int, told: bool) -> None:
    machine = joined(found("memory", Memory(fitted_bytes=fitted, usable_bytes=usable), "dmi"))
    assert any(gap.path == "memory.usable_bytes" and gap.why == "conflict" for gap in machine.gaps) == told
