"""A made PC: a folder of files as the kernel would show them, a runner with answers, a person with answers."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.checks.devices import Devices, KernelDevices
from agent.checks.registry import BY_NAME
from agent.checks.results import CheckResult
from agent.checks.running import Answer, Around, Event, Question, Run
from agent.checks.runs import work_of
from agent.facts import Machine, System
from agent.host import Host, Output
from tests.checks.standing import NOW

LAPTOP = Machine(system=System(chassis="laptop"))
Said = Callable[[tuple[str, ...]], Output | None]


class Programs:
    """Answers by the program's name (after `nice -n 19`); what is not there is missing."""

    def __init__(self, **said: Said) -> None:
        self.said = {name.replace("_", "-"): answer for name, answer in said.items()}
        self.asked: list[tuple[str, ...]] = []

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        self.asked.append(argv)
        bare = argv[3:] if argv[0] == "nice" else argv
        answer = self.said.get(bare[0])
        found = answer(bare) if answer else None
        if found is not None:
            return Output(argv=argv, status=found.status, stdout=found.stdout, stderr=found.stderr, why=found.why)
        return Output(argv=argv, status=127) if argv[0] == "nice" else Output(argv=argv, why="tool-missing")

    def outputs(self, program: str) -> tuple[Output, ...]:
        return ()


def says(text: str | bytes = "", status: int = 0) -> Said:
    raw = text.encode() if isinstance(text, str) else text
    return lambda argv: Output(argv=argv, status=status, stdout=raw)


class Clock:
    """A monotonic clock that leaps a little at every look, so that ten minutes pass in no time."""

    def __init__(self, step_s: float) -> None:
        self.at, self.step_s = 0.0, step_s

    def __call__(self) -> float:
        self.at += self.step_s
        return self.at


def made(root: Path, files: Mapping[str, str | bytes]) -> None:
    for path, content in files.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            place.write_text(content)
        else:
            place.write_bytes(content)


def run(
    name: str, root: Path, programs: Programs | None = None, *, machine: Machine = LAPTOP,
    answers: tuple[Answer, ...] = (), devices: Devices | None = None, now: datetime = NOW,
    watch: Callable[[Event], Any] = lambda event: None, **changes: Any,
) -> CheckResult:  # fmt: skip
    """The check to its end, its questions answered in turn; one question too many stops it."""
    left = list(answers)
    events: list[Event] = []

    def told(event: Event) -> None:
        events.append(event)
        watch(event)
        if isinstance(event, Question):
            act = (lambda: started.answer(left.pop(0))) if left else started.stop
            threading.Timer(0, act).start()

    around = Around(**{
        "host": Host(root, programs or Programs()), "machine": machine, "devices": devices or KernelDevices(),
        "now": lambda: now, **changes,
    })  # fmt: skip
    started = Run(BY_NAME[name], around, told, work_of(BY_NAME[name]))
    found = started.begin().wait(30)
    assert found is not None and events[-1] is found, f"{name} did not end"
    return found


def measured(found: CheckResult) -> dict[str, int]:
    return {one.name: one.value for one in found.measured}
