"""Which function does which check. A question is one `ask`; the others live in modules of their own."""

from agent.checks import cmos_clock, cooling, memory, network
from agent.checks.registry import Check
from agent.checks.results import CheckResult
from agent.checks.running import Around, Run, Task, Told, Work


def work_of(check: Check) -> Work:
    return _WORKS.get(check.name, _asked if check.kind == "question" else _missing)


def start(check: Check, around: Around, told: Told) -> Run:
    """The check at work in its own thread; see the package's docstring."""
    return Run(check, around, told, work_of(check)).begin()


def _asked(task: Task) -> CheckResult:
    return task.by_person(task.ask())


def _missing(task: Task) -> CheckResult:
    return task.not_tested("Ce test n'existe pas encore.", "This test does not exist yet.")


_WORKS: dict[str, Work] = {
    "cmos-clock": cmos_clock.run,
    "network": network.run,
    "memory": memory.run,
    "cooling": cooling.run,
}
