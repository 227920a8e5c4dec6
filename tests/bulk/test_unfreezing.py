"""The sleep that unfreezes: only when every reason against it is gone, and this machine never sleeps for a test."""

from pathlib import Path

import pytest

from agent.bulk.unfreezing import running_wipes, unfreeze
from agent.errors import InputRefused
from agent.host import Host
from tests.wipe.composed import Composed

READY = {
    "/sys/power/state": "freeze mem disk\n",
    "/sys/power/mem_sleep": "s2idle [deep]\n",
    "/sys/class/rtc/rtc0/wakealarm": "",
    "/proc/cmdline": "quiet rebond.ram rebond.medium=UUID=2026-11-27-02-00-00-00\n",
}


def host(root: Path, changes: dict[str, str]) -> Host:
    made = Composed(root)
    for path, text in (READY | changes).items():
        made.write(path, text)
    return made.host()


def test_it_sleeps_once_and_says_so_first(tmp_path: Path) -> None:
    deeds: list[str] = []
    unfreeze(host(tmp_path, {}), lambda fr, en: deeds.append(en), lambda: deeds.append("slept"))
    assert deeds[-1] == "slept" and "15 seconds" in deeds[0] and len(deeds) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"/sys/power/mem_sleep": "[s2idle]\n"}, "no sleep that cuts the power"),
        ({"/proc/cmdline": "quiet\n"}, "not all in memory"),
        ({"/proc/cmdline": "quiet rebond.medium=ram\n"}, "not all in memory"),
        ({"/proc/cmdline": "rebond.medium=none root=/dev/nfs\n"}, "not all in memory"),
        ({"/proc/cmdline": "quiet root=/dev/sda1\n", "/proc/mounts": "/dev/sda1 / ext4 rw 0 0\n"}, "not all in memory"),
        ({"/proc/77/cmdline": "python\0-P\0-m\0agent.wipe.worker\0"}, "A wipe is running"),
        ({"/sys/class/power_supply/AC/type": "Mains\n", "/sys/class/power_supply/AC/online": "0\n"}, "charger"),
    ],
)
def test_every_reason_against_it_is_told_and_nothing_sleeps(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    with pytest.raises(InputRefused, match=said):
        unfreeze(host(tmp_path, changes), lambda fr, en: None, lambda: pytest.fail("it slept"))


def test_workers_are_counted(tmp_path: Path) -> None:
    told = {"/proc/77/cmdline": "python\0-m\0agent.wipe.worker\0", "/proc/78/cmdline": "bash\0"}
    assert running_wipes(host(tmp_path, told)) == 1
