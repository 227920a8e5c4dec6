"""Clock cell, network, heat, memory: judged on what the kernel and the tools say, and on no less."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from agent.checks import memory
from agent.checks.cooling import Load
from agent.facts import Clock as ClockFacts
from agent.facts import Machine, Network
from agent.host import Host, LiveRunner, Output
from tests.checks.made import Clock, Programs, made, measured, run, says
from tests.checks.standing import NOW

EPOCH = int(NOW.timestamp())
SYNCED = {"/run/systemd/timesync/synchronized": ""}


# --- the clock's cell -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "outcome", "said"),
    [
        (
            {"/run/rebond/rtc": f"rtc0 {EPOCH - 100} 20\n", "/proc/uptime": "115.52 200.1\n", **SYNCED},
            "passed",
            "juste",
        ),
        ({"/run/rebond/rtc": "rtc0 1009843200 20\n", "/proc/uptime": "115.52 200.1\n", **SYNCED}, "failed", "CR2032"),
        ({"/run/rebond/rtc": "rtc0 1009843200 20\n"}, "failed", "01/01/2002"),
        ({"/run/rebond/rtc": f"rtc0 {EPOCH - 40 * 86400} 20\n", **SYNCED}, "failed", "40 jours"),
        ({"/run/rebond/rtc": f"rtc0 {EPOCH}0000 20\n"}, "failed", "CR2032"),
        ({"/run/rebond/rtc": f"rtc0 {EPOCH} 20\n"}, "not_tested", "sûre"),
        ({"/sys/class/rtc/rtc0/since_epoch": f"{EPOCH}\n", **SYNCED}, "not_tested", "corrigée"),
        ({"/sys/class/rtc/rtc0/since_epoch": "0\n", **SYNCED}, "failed", "01/01/1970"),
        ({"/run/rebond/rtc": "rtc0 gibberish\n"}, "not_tested", "ne se lit pas"),
        ({"/run/rebond/rtc": "rtc0 invalid 20\n", **SYNCED}, "failed", "CR2032"),
        ({}, "not_tested", "ne se lit pas"),
    ],
)
def test_the_clock_is_judged_on_what_it_kept(tmp_path: Path, files: Any, outcome: str, said: str) -> None:
    made(tmp_path, files)
    found = run("cmos-clock", tmp_path)
    assert (found.outcome, found.by) == (outcome, "machine") and said in found.fr


def test_a_clock_before_the_program_was_built_is_wrong(tmp_path: Path) -> None:
    made(tmp_path, {"/run/rebond/rtc": f"rtc0 {EPOCH - 40 * 86400} 20\n"})
    built = Machine(clock=ClockFacts(built="2026-11-20T00:00:00Z"))
    assert run("cmos-clock", tmp_path, machine=built).outcome == "failed"


# --- network ----------------------------------------------------------------------------------------------------------

ADDRESSES = '[{"ifname": "eth0", "addr_info": [{"scope": "global", "local": "10.0.2.15"}, {"scope": "link"}]}]'


def card(name: str, carrier: str, speed: str = "1000", received: str = "0", bus: str = "pci0000:00") -> dict[str, str]:
    place = f"/sys/class/net/{name}"
    return {
        f"{place}/carrier": carrier, f"{place}/speed": speed, f"{place}/statistics/rx_packets": received,
        f"/sys/devices/{bus}/{name}/uevent": "",
    }  # fmt: skip


def networked(root: Path, *cards: dict[str, str]) -> None:
    for files in cards:
        made(root, files)
        device = next(path for path in files if path.endswith("/uevent")).removesuffix("/uevent")
        name = device.rpartition("/")[2]
        (root / f"sys/class/net/{name}/device").symlink_to(root / device.lstrip("/"))


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.checks.network._PAUSE_S", 0)


def test_a_card_that_is_linked_and_addressed_passes(tmp_path: Path) -> None:
    networked(tmp_path, card("eth0", "1"), card("wlan0", "0"))
    made(tmp_path, {"/sys/class/net/lo/carrier": "1"})
    found = run("network", tmp_path, Programs(ip=says(ADDRESSES)))
    assert found.outcome == "passed" and measured(found)["speed"] == 1000
    assert "10.0" not in str(found)  # never an address
    assert {one.about for one in found.measured} == {"eth0", "wlan0"}


def test_no_cable_is_not_tested_and_no_card_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    assert run("network", tmp_path).outcome == "failed"
    networked(tmp_path, card("eth0", "0", "-1"))
    assert "Branchez" in run("network", tmp_path).fr
    networked(tmp_path, card("eth1", "1", "100"))
    silent = run("network", tmp_path, Programs(ip=says("not json")))
    assert silent.outcome == "not_tested" and "rien n'arrive" in silent.fr
    networked(tmp_path, card("eth2", "1", "100", received="12"))
    assert run("network", tmp_path).outcome == "passed"


def test_the_technician_s_own_adapter_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    networked(tmp_path, card("eth0", "1", received="5", bus="pci0000:00/usb1/1-1"))
    assert run("network", tmp_path, Programs(ip=says(ADDRESSES))).outcome == "failed"


def test_a_card_whose_driver_the_image_lacks_is_no_dead_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    machine = Machine(networks=(Network(kind="wifi", has_driver=False),))
    found = run("network", tmp_path, machine=machine)
    assert found.outcome == "not_tested" and "pilote" in found.fr


SCAN = """BSS 02:00:5e:10:00:01(on wlan0)
\tSSID: College-Profs
BSS 02:00:5e:10:00:02(on wlan0) -- associated
\tSSID: Freebox BSS 12
"""


def wireless(root: Path, name: str = "wlan0") -> None:
    networked(root, card(name, "0", "-1"))
    made(root, {f"/sys/class/net/{name}/wireless/status": "0"})


def test_a_wi_fi_card_that_hears_networks_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop may have no socket for a cable, and the bench no Wi-Fi to join."""
    quick(monkeypatch)
    wireless(tmp_path)
    programs = Programs(ip=says("[]"), iw=says(SCAN))
    found = run("network", tmp_path, programs)
    assert (found.outcome, found.by) == ("passed", "machine") and measured(found)["networks-heard"] == 2
    assert "College" not in str(found) and "02:00" not in str(found)
    up, scan = ("ip", "link", "set", "dev", "wlan0", "up"), ("iw", "dev", "wlan0", "scan")
    assert programs.asked.index(up) < programs.asked.index(scan)


def test_a_wi_fi_card_that_hears_nothing_is_not_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    wireless(tmp_path)
    busy = iter([says("", 240), says("BSS 02:00:5e:10:00:01(on wlan0)\n")])
    assert run("network", tmp_path, Programs(iw=lambda argv: next(busy)(argv))).outcome == "passed"
    for programs in (Programs(), Programs(iw=says("", 161)), Programs(iw=says("\tBSS Load:\n"))):
        found = run("network", tmp_path, programs)
        assert found.outcome == "not_tested" and "n'entend aucun" in found.fr


# --- heat -------------------------------------------------------------------------------------------------------------


def heated(root: Path, celsius: int, throttled: int = 3, chip: str = "coretemp") -> None:
    made(root, {
        "/sys/class/hwmon/hwmon0/name": f"{chip}\n", "/sys/class/hwmon/hwmon0/temp1_input": f"{celsius}000\n",
        "/sys/class/hwmon/hwmon0/temp1_label": "Package id 0\n", "/sys/class/hwmon/hwmon0/fan1_input": "2400\n",
        "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": f"{throttled}\n",
        "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "2100000\n",
    })  # fmt: skip


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.checks.cooling._EVERY_S", 0.001)


def test_ten_cool_minutes_pass(tmp_path: Path) -> None:
    heated(tmp_path, 52)
    found = run("cooling", tmp_path, monotonic=Clock(20), watch=lambda event: heated(tmp_path, 74))
    assert found.outcome == "passed" and "10 minutes" in found.fr
    assert measured(found) == {
        "peak-temperature": 74, "fan": 2400, "lowest-speed": 2100, "slowed-by-heat": 0, "load": 600,
    }  # fmt: skip
    assert found.measured[0].about == "coretemp Package id 0"


def test_a_sensor_that_never_moves_measures_nothing(tmp_path: Path) -> None:
    """Some tell 27.8 °C for ever."""
    zone = "/sys/class/thermal/thermal_zone0"
    made(tmp_path, {f"{zone}/type": "acpitz\n", f"{zone}/temp": "27800\n"})
    found = run("cooling", tmp_path, monotonic=Clock(20))
    assert found.outcome == "not_tested" and "27 °C" in found.fr


def test_too_hot_ends_it_at_once(tmp_path: Path) -> None:
    heated(tmp_path, 96)
    found = run("cooling", tmp_path, monotonic=Clock(1))
    assert found.outcome == "failed" and "96 °C" in found.fr and "pâte" in found.fr and measured(found)["load"] < 10


def test_one_hot_reading_alone_is_a_slip(tmp_path: Path) -> None:
    heated(tmp_path, 96)
    looks = iter(range(1000))

    def cool_down(event: object) -> None:
        heated(tmp_path, 60 if next(looks) < 1000 else 96)

    assert run("cooling", tmp_path, monotonic=Clock(20), watch=cool_down).outcome == "passed"


def test_slowed_by_heat_fails(tmp_path: Path) -> None:
    heated(tmp_path, 80)

    def throttle(event: object) -> None:
        heated(tmp_path, 80, throttled=4)

    found = run("cooling", tmp_path, monotonic=Clock(5), watch=throttle)
    assert found.outcome == "failed" and "ralentit" in found.fr and measured(found)["slowed-by-heat"] == 1


def test_a_short_time_or_no_sensor_proves_nothing(tmp_path: Path) -> None:
    assert "capteur" in run("cooling", tmp_path, monotonic=Clock(20)).fr
    heated(tmp_path, 99, chip="nvme")  # a disk's heat is not the processor's
    assert run("cooling", tmp_path, monotonic=Clock(20)).outcome == "not_tested"
    heated(tmp_path, 74)
    found = run("cooling", tmp_path, monotonic=Clock(5), short=True)
    assert found.outcome == "not_tested" and "10 minutes" in found.fr


def test_the_processor_s_heat_is_found_where_it_is(tmp_path: Path) -> None:
    heated(tmp_path, 40, chip="nvme")
    zone = "/sys/class/thermal/thermal_zone0"
    made(tmp_path, {f"{zone}/type": "x86_pkg_temp\n", f"{zone}/temp": "97000\n"})
    assert run("cooling", tmp_path, monotonic=Clock(1)).outcome == "failed"
    amd = {"temp1_label": "Tctl\n", "temp1_input": "95000\n", "temp2_label": "Tdie\n", "temp2_input": "68000\n"}
    made(tmp_path, {"/sys/class/hwmon/hwmon0/name": "k10temp\n"} | {
        f"/sys/class/hwmon/hwmon0/{name}": text for name, text in amd.items()
    })  # fmt: skip
    warmer = {"/sys/class/hwmon/hwmon0/temp2_input": "71000\n"}
    found = run("cooling", tmp_path, monotonic=Clock(20), watch=lambda event: made(tmp_path, warmer))
    assert found.outcome == "passed" and measured(found)["peak-temperature"] == 71


def test_the_load_really_works_and_really_ends() -> None:
    before, until = time.process_time(), time.monotonic() + 30  # it steps back for whatever else runs here
    with Load(1):
        while time.process_time() - before < 0.1 and time.monotonic() < until:
            time.sleep(0.05)
    assert time.process_time() - before >= 0.1
    assert not [thread for thread in threading.enumerate() if thread.name == "load"]


# --- memory -----------------------------------------------------------------------------------------------------------

MEMINFO = {"/proc/meminfo": "MemTotal:        8388608 kB\nMemFree: 10 kB\nMemAvailable:    4194304 kB\n"}
PASS = "Log: ...\nStatus: PASS - please verify no corrected errors\n"
FAIL = "Report Error: miscompare : DIMM Unknown\nStatus: FAIL - test discovered HW problems\n"
NO_ROOM = "Process Error: failed to allocate memory\n\nStatus: FAIL - test encountered procedural errors\n"


def test_stressapptest_tells_its_share(tmp_path: Path) -> None:
    made(tmp_path, MEMINFO)
    programs = Programs(stressapptest=says(PASS))
    found = run("memory", tmp_path, programs)
    assert found.outcome == "passed" and "3072 Mio" in found.fr and "37 %" in found.fr
    assert programs.asked[0][:7] == ("nice", "-n", "19", "stressapptest", "-s", "300", "-M")
    assert measured(found) == {"tested": 3072, "tested-share": 375, "test": 300}
    beside = run("memory", tmp_path, programs, is_wiping=lambda: True)
    assert measured(beside)["tested"] == 1024  # a wipe has its buffers


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (says(FAIL, 1), "failed"), (says(NO_ROOM, 1), "not_tested"), (says("", 0), "not_tested"),
        (says("mmap: out of memory", 1), "not_tested"),
        (lambda argv: Output(argv=argv, why="timed-out"), "not_tested"),
    ],
)  # fmt: skip
def test_stressapptest_is_believed_only_in_its_own_words(tmp_path: Path, said: Any, outcome: str) -> None:
    made(tmp_path, MEMINFO)
    assert run("memory", tmp_path, Programs(stressapptest=said)).outcome == outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(0, "passed"), (2, "failed"), (4, "failed"), (1, "not_tested"), (-9, "not_tested"), (-11, "not_tested")],
)  # killed for want of memory, it accuses nothing
def test_memtester_stands_in(tmp_path: Path, status: int, outcome: str) -> None:
    made(tmp_path, MEMINFO)
    programs = Programs(memtester=says("", status))
    found = run("memory", tmp_path, programs)
    assert found.outcome == outcome and programs.asked[-1][3:] == ("memtester", "1024M", "1")
    assert measured(found)["tested-share"] == 125


def test_with_no_tool_our_own_patterns_say_what_they_are(tmp_path: Path) -> None:
    made(tmp_path, {"/proc/meminfo": "MemTotal: 524288 kB\nMemAvailable: 245760 kB\n"})
    found = run("memory", tmp_path)
    assert found.outcome == "passed" and "48 Mio testés, 9 %" in found.fr and "(rebond)" in found.fr


def test_a_short_pass_or_little_memory_proves_nothing(tmp_path: Path) -> None:
    made(tmp_path, MEMINFO)
    assert run("memory", tmp_path, Programs(stressapptest=says(PASS)), short=True).outcome == "not_tested"
    for total, free in ((524288, 204800), (16_000_000, 1_000_000)):
        made(tmp_path, {"/proc/meminfo": f"MemTotal: {total} kB\nMemAvailable: {free} kB\n"})
        assert "Trop peu" in run("memory", tmp_path).fr


def test_a_large_memory_is_tested_to_its_least_share(tmp_path: Path) -> None:
    made(tmp_path, {"/proc/meminfo": f"MemTotal: {64 << 20} kB\nMemAvailable: {60 << 20} kB\n"})
    assert measured(run("memory", tmp_path, Programs(memtester=says())))["tested-share"] >= 50


class Stuck(bytearray):
    """One bit that is always set."""

    def __getitem__(self, part: Any) -> Any:
        raw = bytearray(super().__getitem__(part))
        if part.start <= 3_000_000 < part.stop:
            raw[3_000_000 - part.start] |= 0x10
        return bytes(raw)


def test_a_stuck_bit_is_found() -> None:
    assert memory.sweep(bytearray(4 * memory.MIB), 4 * memory.MIB, lambda done: None) == 0
    assert memory.sweep(Stuck(4 * memory.MIB), 4 * memory.MIB, lambda done: None) >= 2


@pytest.mark.programs
def test_a_live_program_ends_with_its_check(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    said = Host(tmp_path, LiveRunner()).run("sleep", "30", timeout_s=60, stop=stop)
    assert said.why == "timed-out" and time.monotonic() - began < 5
