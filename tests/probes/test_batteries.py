"""Batteries: every gauge of the corpus, the sanity rules, and the traps that other tools fell into."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Battery
from agent.host import Host
from agent.probes import batteries
from agent.probes.battery_gauge import Gauge, battery_of, doubted
from agent.probes.battery_text import READERS, gauge_of, parse_acpi, parse_uevents, parse_upower
from tests.conftest import CORPUS
from tests.oracles import battery as oracle
from tests.probes.standin import pc

_FILES = oracle.files(CORPUS)
_POWER = "/sys/class/power_supply"

GOOD = {
    "type": "Battery", "present": "1", "status": "Discharging", "technology": "Li-ion", "cycle_count": "0",
    "energy_full_design": "47520000", "energy_full": "38000000", "energy_now": "20000000", "manufacturer": "LGC",
    "model_name": "45N1049", "serial_number": " 0000",
}  # fmt: skip


def supply(name: str, attributes: dict[str, str], *, as_uevent: bool = False) -> dict[str, str]:
    place = f"{_POWER}/{name}"
    if not as_uevent:
        return {f"{place}/{key}": f"{value}\n" for key, value in attributes.items()}
    lines = "".join(f"POWER_SUPPLY_{key.upper()}={value}\n" for key, value in attributes.items() if key != "type")
    return {f"{place}/uevent": f"POWER_SUPPLY_NAME={name}\n{lines}", f"{place}/type": attributes["type"] + "\n"}


def looked_at(host: Host) -> tuple[Battery, ...]:
    found = batteries.probe(host).facts["batteries"]
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize("as_uevent", [False, True])
def test_sysfs_gives_whole_milliwatt_hours(tmp_path: Path, as_uevent: bool) -> None:
    host = pc(tmp_path / "pc", supply("BAT1", GOOD, as_uevent=as_uevent))
    assert looked_at(host) == (
        Battery(
            name="BAT1", maker="LGC", model="45N1049", chemistry="Li-ion", design_mwh=47520, full_mwh=38000,
            now_mwh=20000, health_permille=799, is_health_believable=True, status="Discharging", is_present=True,
        ),
    )  # fmt: skip


def test_every_battery_is_told_whatever_its_name(tmp_path: Path) -> None:
    # psutil sees only the first, and none called CMB0 (Fujitsu).
    files = supply("CMB0", GOOD) | supply("BAT1", GOOD, as_uevent=True) | {f"{_POWER}/AC/type": "Mains\n"}
    assert [battery.name for battery in looked_at(pc(tmp_path / "pc", files))] == ["BAT1", "CMB0"]


@pytest.mark.parametrize("kind", ["mouse", "mains", "usb", "ups"])
def test_what_is_no_pc_battery_is_left_out(tmp_path: Path, kind: str) -> None:
    files = {
        "mouse": supply("hidpp_battery_0", GOOD | {"scope": "Device"}, as_uevent=True),
        "mains": supply("AC", {"type": "Mains", "online": "1"}),
        "usb": supply("ucsi-source-psy-USBC000:001", {"type": "USB", "online": "0"}, as_uevent=True),
        "ups": supply("ups0", GOOD | {"type": "UPS"}),
    }[kind]
    assert looked_at(pc(tmp_path / "pc", files)) == ()


def test_a_desktop_has_none_and_an_unseen_pc_is_unknown(tmp_path: Path) -> None:
    assert looked_at(pc(tmp_path / "desktop", {_POWER: "/"})) == ()
    unseen = batteries.probe(pc(tmp_path / "unseen"))
    assert "batteries" not in unseen.facts
    assert [(gap.path, gap.why) for gap in unseen.gaps] == [("batteries", "absent")]


def test_an_empty_bay_has_no_readings(tmp_path: Path) -> None:
    bay = {"type": "Battery", "present": "0", "energy_full_design": "0", "energy_full": "0", "cycle_count": "0"}
    findings = batteries.probe(pc(tmp_path / "pc", supply("BAT1", bay)))
    assert findings.facts["batteries"] == (Battery(name="BAT1", is_present=False),)
    assert findings.gaps == []


def test_an_all_empty_uevent_is_a_battery_of_unknowns(tmp_path: Path) -> None:
    keys = ("STATUS", "PRESENT", "TECHNOLOGY", "ENERGY_FULL_DESIGN", "ENERGY_FULL", "CYCLE_COUNT", "SERIAL_NUMBER")
    text = "POWER_SUPPLY_NAME=BAT0\n" + "".join(f"POWER_SUPPLY_{key}=\n" for key in keys)
    findings = batteries.probe(pc(tmp_path / "pc", uevent=text))
    assert findings.facts["batteries"] == (Battery(name="BAT0"),)
    assert {gap.path for gap in findings.gaps} == {
        f"batteries[0].{field}" for field in ("design_mwh", "full_mwh", "health_permille")
    }


def test_a_gauge_that_does_not_answer_is_a_gap(tmp_path: Path) -> None:
    findings = batteries.probe(pc(tmp_path / "pc", {f"{_POWER}/BAT0/alarm": "0\n"}))
    assert findings.facts["batteries"] == ()
    assert [gap.path for gap in findings.gaps] == ["batteries"]


@pytest.mark.parametrize(
    ("design", "full", "health", "believed", "kept_design", "gaps"),
    [
        (50_000_000, 40_000_000, 800, True, 50_000, set()),
        (50_000_000, 0, 0, True, 50_000, set()),  # dead
        (50_000_000, 51_000_000, 1000, True, 50_000, set()),  # new packs do
        (50_000_000, 55_000_000, 1000, True, 50_000, set()),
        (50_000_000, 55_000_001, 1000, False, 50_000, set()),  # above 110 %: the gauge is not believable
        (50_000_000, 655_350_000, None, None, 50_000, {"full_mwh", "health_permille"}),
        (0, 40_000_000, None, None, None, {"design_mwh", "health_permille"}),
        (None, 40_000_000, None, None, None, {"design_mwh", "health_permille"}),
        (4_900_000, 4_000_000, None, None, None, {"design_mwh", "health_permille"}),
        (151_000_000, 40_000_000, None, None, None, {"design_mwh", "health_permille"}),
        (-1, -1, None, None, None, {"design_mwh", "full_mwh", "health_permille"}),
        (0, 0, None, None, None, {"design_mwh", "full_mwh", "health_permille"}),  # zeros only: unknown, not dead
    ],
)
def test_sanity_rules(
    design: int | None, full: int, health: int | None, believed: bool | None, kept_design: int | None, gaps: set[str]
) -> None:
    battery, missed = battery_of(Gauge(name="BAT0", design=design, full=full), "batteries[0]", "test")
    assert (battery.health_permille, battery.is_health_believable, battery.design_mwh) == (
        health,
        believed,
        kept_design,
    )
    assert {gap.path.removeprefix("batteries[0].") for gap in missed} == gaps


@pytest.mark.parametrize(("told", "kept"), [(None, None), (0, None), (-1, None), (65535, None), (1, 1), (731, 731)])
def test_zero_cycles_means_not_counted(told: int | None, kept: int | None) -> None:
    assert battery_of(Gauge(name="BAT0", cycles=told), "b", "test")[0].cycles == kept


def test_charge_is_turned_into_energy_and_called_estimated() -> None:
    gauge = Gauge(name="BAT0", unit="uah", design=5_600_000, full=1_997_000, now=1_905_000, design_uv=11_100_000)
    battery, gaps = battery_of(gauge, "b", "test")
    assert (battery.design_mwh, battery.full_mwh, battery.health_permille) == (62_160, 22_166, 356)
    assert battery.is_estimated
    assert not gaps


def test_one_cells_voltage_is_not_the_packs() -> None:
    # Seen on a donated netbook: 3.75 V declared for two cells in series, 18 Wh instead of 38.
    gauge = Gauge(name="BATC", unit="uah", design=5_000_000, full=4_117_000, design_uv=3_750_000, now_uv=7_665_000)
    battery, _ = battery_of(gauge, "b", "test")
    assert battery.design_mwh == 38_325
    assert battery.health_permille == 823


def test_charge_without_a_voltage_still_gives_health() -> None:
    battery, gaps = battery_of(Gauge(name="BAT0", unit="uah", design=4_400_000, full=3_013_000), "b", "test")
    assert (battery.health_permille, battery.design_mwh, battery.full_mwh) == (684, None, None)
    assert not battery.is_estimated
    assert [gap.path for gap in gaps] == ["b.design_mwh"]


def test_the_family_that_answers_is_taken() -> None:
    both = {"TYPE": "Battery", "ENERGY_NOW": "1", "CHARGE_FULL_DESIGN": "4000000", "CHARGE_FULL": "3000000"}
    gauge = gauge_of(both, "BAT0")
    assert gauge is not None
    assert (gauge.unit, gauge.full) == ("uah", 3_000_000)


@pytest.mark.parametrize(
    ("parts", "date"),
    [
        ({"YEAR": "2016", "MONTH": "10", "DAY": "28"}, "2016-10-28"),
        ({"YEAR": "2016", "MONTH": "10"}, "2016-10"),
        ({"YEAR": "2016", "MONTH": "0", "DAY": "0"}, "2016"),
        ({"YEAR": "1980", "MONTH": "1", "DAY": "1"}, None),
        ({"YEAR": "0"}, None),
    ],
)
def test_date_of_make(parts: dict[str, str], date: str | None) -> None:
    values = {"TYPE": "Battery"} | {f"MANUFACTURE_{part}": value for part, value in parts.items()}
    gauge = gauge_of(values, "BAT0")
    assert gauge is not None
    assert gauge.made_on == date


@pytest.mark.parametrize("serial", ["0000", " ", "123456789", "00000000"])
def test_placeholder_serials_are_unknown(serial: str) -> None:
    assert battery_of(Gauge(name="BAT0", serial=serial), "b", "test")[0].serial is None


@pytest.mark.parametrize(
    ("now", "status", "believed"),
    [
        (0, "Unknown", False),
        (0, "Not charging", False),
        (0, "Charging", True),
        (1, "Unknown", True),
        (None, None, True),
    ],
)
def test_a_pack_stuck_at_empty_is_not_believed(now: int | None, status: str | None, believed: bool) -> None:
    # Two of the corpus' twelve gauges: 0 %, not charging, yet "as good as new".
    gauge = Gauge(name="BAT0", design=50_000_000, full=50_000_000, now=now, status=status)
    assert battery_of(gauge, "b", "test")[0].is_health_believable is believed


def test_exactly_as_new_on_an_old_pc_is_doubted() -> None:
    battery = Battery(name="BAT0", design_mwh=50_000, full_mwh=50_000, health_permille=1000, is_health_believable=True)
    assert doubted(battery, 8).is_health_believable is False
    assert doubted(battery, 2) == battery
    assert doubted(battery, None) == battery
    counted = Battery(
        name="BAT0", design_mwh=50_000, full_mwh=50_000, health_permille=1000, is_health_believable=True, cycles=12
    )
    assert doubted(counted, 8) == counted


UPOWER = """\
Device: /org/freedesktop/UPower/devices/battery_BAT0
  native-path:          /sys/devices/LNXSYSTM:00/PNP0C0A:00/power_supply/BAT0
  vendor:               SMP
  power supply:         yes
  updated:              mar. 04 juil. 2017 09:15:35 CEST (88 seconds ago)
  battery
    present:             yes
    state:               fully-charged
    energy:              47,3708 Wh
    energy-full:         53,4052 Wh
    energy-full-design:  57,532 Wh
    voltage:             8,541 V
    charge-cycles:       N/A
    capacity:            92,8269%
    technology:          lithium-polymer

Device: /org/freedesktop/UPower/devices/mouse_hid
  native-path:          hid-0
  power supply:         no
  battery
    percentage:          50%

Device: /org/freedesktop/UPower/devices/DisplayDevice
  power supply:         yes
  battery
    energy-full:         53,4052 Wh

Daemon:
  daemon-version:  0.99.7
"""


def test_upower_with_decimal_commas(tmp_path: Path) -> None:
    battery = looked_at(pc(tmp_path / "pc", upower=UPOWER))
    assert battery == (
        Battery(
            name="BAT0", maker="SMP", chemistry="Li-poly", design_mwh=57532, full_mwh=53405, now_mwh=47370,
            health_permille=928, is_health_believable=True, status="Full", is_present=True,
        ),
    )  # fmt: skip


def test_upower_dump_without_a_battery_says_none(tmp_path: Path) -> None:
    dump = "Device: /org/freedesktop/UPower/devices/line_power_AC\n  native-path: AC\n\nDaemon:\n  on-battery: no\n"
    assert looked_at(pc(tmp_path / "pc", upower=dump)) == ()
    # One device asked alone proves nothing about the others; nor does an empty answer.
    for text in ("  native-path: AC\n  line-power\n", "", "POWER_SUPPLY_NAME=AC\nPOWER_SUPPLY_ONLINE=1\n"):
        assert "batteries" not in batteries.probe(pc(tmp_path / "pc", upower=text, uevent=text)).facts


def test_several_loose_uevents(tmp_path: Path) -> None:
    one = "POWER_SUPPLY_NAME={}\nPOWER_SUPPLY_STATUS=Full\nPOWER_SUPPLY_ENERGY_FULL_DESIGN=50000000\n"
    together, _ = parse_uevents(one.format("BAT0") + one.format("BAT1"))
    assert [gauge.name for gauge in together] == ["BAT0", "BAT1"]
    apart = looked_at(pc(tmp_path / "pc", battery=[one.format("BAT0"), one.format("BAT1")]))
    assert [battery.name for battery in apart] == ["BAT0", "BAT1"]


def test_acpi_capacity_is_health_not_charge() -> None:
    text = "Battery 1: Discharging, 98%, 01:43:14 remaining\n"
    text += "Battery 1: design capacity 4400 mAh, last full capacity 3013 mAh = 68%\n"
    (gauge,), is_whole = parse_acpi(text)
    assert battery_of(gauge, "b", "test")[0].health_permille == 684
    assert not is_whole
    assert parse_acpi("Adapter 0: on-line\nCooling 0: Processor 0 of 7\n") == ((), True)


@pytest.mark.skipif(not _FILES, reason="no corpus beside this checkout (../shared/corpus/battery)")
def test_corpus_agrees_with_what_the_tools_printed() -> None:
    agreement = oracle.agreement(CORPUS)
    assert agreement.files >= 30
    assert agreement.equal == agreement.fields, agreement.residues


@pytest.mark.parametrize("path", _FILES, ids=[path.name[-60:] for path in _FILES])
def test_corpus_battery_is_sane(path: Path) -> None:
    for place, gauge in enumerate(oracle.read(path)[0]):
        battery, gaps = battery_of(gauge, f"batteries[{place}]", "corpus")
        unknown = [field for field in ("design_mwh", "full_mwh", "health_permille") if getattr(battery, field) is None]
        told = {gap.path.rpartition(".")[2] for gap in gaps}
        assert not unknown or told, "an unknown without a gap"
        assert battery.design_mwh is None or 5_000 <= battery.design_mwh <= 150_000


_LINES = st.lists(st.sampled_from([*UPOWER.splitlines(), "POWER_SUPPLY_NAME=", "Battery 0:", "Design capacity: x"]))


@settings(max_examples=60)
@given(lines=_LINES, noise=st.text(max_size=40))
def test_no_text_breaks_a_reader(lines: list[str], noise: str) -> None:
    for _, parse in READERS:
        for gauge in parse("\n".join([*lines, noise]))[0]:
            battery_of(gauge, "batteries[0]", "noise")


@settings(max_examples=200)
@given(
    design=st.none() | st.integers(-10, 2**40),
    full=st.none() | st.integers(-10, 2**40),
    unit=st.sampled_from(["uwh", "uah"]),
    volts=st.none() | st.integers(-1, 2**33),
)
def test_health_is_a_share_or_unknown_with_a_gap(
    design: int | None, full: int | None, unit: str, volts: int | None
) -> None:
    gauge = Gauge(name="BAT0", unit=unit, design=design, full=full, design_uv=volts)  # type: ignore[arg-type] # both literals
    battery, gaps = battery_of(gauge, "b", "test")
    if battery.health_permille is None:
        assert any(gap.path == "b.health_permille" for gap in gaps)
    else:
        assert 0 <= battery.health_permille <= 1000
        assert design is not None and full is not None and design > 0


def test_upower_reads_a_single_device() -> None:
    (gauge,), is_whole = parse_upower(UPOWER.split("\n\n")[0].partition("\n")[2])
    assert gauge.full == 53_405_200
    assert not is_whole
