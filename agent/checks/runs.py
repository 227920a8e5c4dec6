"""Which function does which check. A question is one `ask`; the others live in modules of their own."""

from agent.checks import (
    camera,
    cmos_clock,
    cooling,
    discharge,
    keyboard,
    lost,
    memory,
    network,
    pointer,
    screen,
    sound,
    usb_ports,
)  # fmt: skip
from agent.checks.registry import Check
from agent.checks.results import CheckResult
from agent.checks.running import Around, Run, Task, Told, Work


def work_of(check: Check) -> Work:
    return _asked if check.kind == "question" and check.name not in _WORKS else _WORKS[check.name]


def start(check: Check, around: Around, told: Told) -> Run:
    """The check at work in its own thread; see the package's docstring."""
    return Run(check, around, told, work_of(check)).begin()


def _asked(task: Task) -> CheckResult:
    return task.by_person(task.ask())


_WORKS: dict[str, Work] = {
    "lost-disks": lost.run,
    "cmos-clock": cmos_clock.run,
    "network": network.run,
    "memory": memory.run,
    "cooling": cooling.run,
    "camera": camera.run,
    "screen": screen.run,
    "keyboard": keyboard.run,
    "pointer": pointer.run,
    "speakers": sound.run_speakers,
    "microphone": sound.run_microphone,
    "usb-ports": usb_ports.run,
    "battery": discharge.run,
}
