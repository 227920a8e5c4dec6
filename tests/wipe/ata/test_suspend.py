"""When one sleep may be tried, and what it writes: only ever into a folder of the test."""

from pathlib import Path

import pytest

from agent.wipe.suspend import CannotSuspend, suspend_once, why_not_suspend
from tests.probes.standin import pc

GOOD = {
    "/sys/power/state": "freeze mem disk\n",
    "/sys/power/mem_sleep": "s2idle [deep]\n",
    "/sys/class/rtc/rtc0/wakealarm": "\n",
    "/sys/class/power_supply/AC/type": "Mains\n",
    "/sys/class/power_supply/AC/online": "1\n",
}
BATTERY = {
    "/sys/class/power_supply/BAT0/type": "Battery\n",
    "/sys/class/power_supply/BAT0/present": "1\n",
}


def rules(tmp_path: Path, files: dict[str, str], *, running: int = 0, in_ram: bool | None = True) -> list[str]:
    host = pc(tmp_path / "root", files)
    return [one.rule for one in why_not_suspend(host, wipes_running=running, is_all_in_memory=in_ram)]


def without(path: str) -> dict[str, str]:
    return {name: text for name, text in GOOD.items() if not name.startswith(path)}


def test_a_pc_that_may_sleep(tmp_path: Path) -> None:
    assert rules(tmp_path, GOOD) == []
    assert rules(tmp_path, without("/sys/class/power_supply")) == [], "a desktop lists no supply at all"
    port = {"/sys/class/power_supply/ucsi/type": "USB\n", "/sys/class/power_supply/ucsi/online": "0\n"}
    assert rules(tmp_path, without("/sys/class/power_supply") | port) == []
    assert rules(tmp_path, GOOD | BATTERY) == [], "on the charger the battery does not matter"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"/sys/power/mem_sleep": "[s2idle]\n"}, "suspend-no-deep-sleep"),
        ({"/sys/power/mem_sleep": "s2idle [shallow]\n"}, "suspend-no-deep-sleep"),
        ({"/sys/power/state": "freeze disk\n"}, "suspend-no-deep-sleep"),
        ({"/sys/class/power_supply/AC/online": "0\n"}, "suspend-power"),
        ({"/sys/class/power_supply/AC/online": "0\n", **BATTERY}, "suspend-power"),  # a battery that does not tell
        ({"/sys/class/power_supply/AC/online": "0\n", **BATTERY, "/sys/class/power_supply/BAT0/capacity": "30\n"},
         "suspend-power"),
    ],
)  # fmt: skip
def test_each_reason_against(tmp_path: Path, change: dict[str, str], rule: str) -> None:
    assert rules(tmp_path, GOOD | change) == [rule]


def test_missing_files_speak_against(tmp_path: Path) -> None:
    assert rules(tmp_path, without("/sys/class/rtc")) == ["suspend-no-alarm"]
    assert rules(tmp_path, without("/sys/power/mem_sleep")) == ["suspend-no-deep-sleep"]
    assert rules(tmp_path, GOOD, running=1) == ["suspend-wipe-running"]
    assert rules(tmp_path, GOOD, in_ram=None) == ["suspend-boot-medium"]
    assert rules(tmp_path, GOOD, in_ram=False) == ["suspend-boot-medium"]


def test_a_battery_above_the_least_will_do(tmp_path: Path) -> None:
    level = {"/sys/class/power_supply/BAT0/capacity": "31\n"}
    files = GOOD | {"/sys/class/power_supply/AC/online": "0\n"} | BATTERY | level
    assert rules(tmp_path, files) == []
    weak = {
        "/sys/class/power_supply/BAT1/type": "Battery\n",
        "/sys/class/power_supply/BAT1/capacity": "5\n",
    }
    assert rules(tmp_path, files | weak) == ["suspend-power"]
    mouse = {"/sys/class/power_supply/BAT1/scope": "Device\n"}
    assert rules(tmp_path, files | weak | mouse) == []


def test_one_sleep_sets_the_alarm_then_the_state(tmp_path: Path) -> None:
    pc(tmp_path / "root", GOOD)
    root = tmp_path / "root"
    suspend_once(root, seconds=7)
    assert (root / "sys/power/state").read_text() == "mem\n"
    assert (root / "sys/power/mem_sleep").read_text() == "deep\n"
    assert (root / "sys/class/rtc/rtc0/wakealarm").read_text() == "0\n", "no alarm is left"


def test_a_sleep_that_did_not_happen(tmp_path: Path) -> None:
    pc(tmp_path / "root", GOOD | {"/sys/power/suspend_stats/success": "4\n"})
    with pytest.raises(CannotSuspend, match="counts no sleep"):
        suspend_once(tmp_path / "root")
    pc(tmp_path / "bare", without("/sys/class/rtc"))
    with pytest.raises(CannotSuspend, match="wakealarm"):
        suspend_once(tmp_path / "bare")
    assert (tmp_path / "bare/sys/power/state").read_text() == GOOD["/sys/power/state"], "never without an alarm"
    refusing = tmp_path / "refusing"
    pc(refusing, GOOD)
    (refusing / "sys/power/state").unlink()
    (refusing / "sys/power/state").mkdir()
    with pytest.raises(CannotSuspend):
        suspend_once(refusing)
    assert (refusing / "sys/class/rtc/rtc0/wakealarm").read_text() == "0\n"


def test_an_alarm_that_is_not_kept_means_no_sleep(tmp_path: Path) -> None:
    pc(tmp_path / "root", GOOD)
    alarm = tmp_path / "root/sys/class/rtc/rtc0/wakealarm"
    alarm.unlink()
    alarm.symlink_to("/dev/null")
    with pytest.raises(CannotSuspend, match="not kept"):
        suspend_once(tmp_path / "root")
    assert (tmp_path / "root/sys/power/state").read_text() == GOOD["/sys/power/state"]
