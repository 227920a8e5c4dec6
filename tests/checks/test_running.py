"""A check beside a screen: told in order, stopped at once, asked and answered, and never ending in a traceback."""

import queue
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.checks.registry import BY_NAME
from agent.checks.results import CheckResult
from agent.checks.running import Around, Event, Progress, Question, Run, Task, answered, stamped
from agent.checks.runs import start
from agent.facts import Machine, System
from agent.host import Host
from tests.checks.standing import NOW

LAPTOP = Machine(system=System(chassis="laptop"))


def around(tmp_path: Path, **changes: Any) -> Around:
    return Around(host=Host(tmp_path), machine=LAPTOP, **({"now": lambda: NOW, "operator": "T7"} | changes))


def run(tmp_path: Path, work: Callable[[Task], CheckResult], name: str = "fan") -> tuple[CheckResult, list[Event]]:
    events: list[Event] = []
    found = Run(BY_NAME[name], around(tmp_path), events.append, work).begin().wait(5)
    assert found is not None and events[-1] == found
    return found, events


def test_a_question_waits_for_its_answer(tmp_path: Path) -> None:
    asked = threading.Event()
    events: list[Event] = []

    def told(event: Event) -> None:
        events.append(event)
        asked.set()

    started = start(BY_NAME["power-on"], around(tmp_path), told)
    assert asked.wait(5) and started.result is None
    question = events[0]
    assert isinstance(question, Question) and question.answers == ("ok", "bad", "skip")
    assert not started.answer("absent")  # not offered: every PC starts
    assert started.answer("bad", "trois bips\x1b[2J")
    found = started.wait(5)
    assert found is not None and (found.outcome, found.by, found.operator) == ("failed", "person", "T7")
    assert found.note == "trois bips" and found.taken_at == "2026-11-27T09:30:00Z"
    assert not started.answer("ok")


def test_stop_ends_it_at_once_and_nothing_passes(tmp_path: Path) -> None:
    began = threading.Event()

    def works(task: Task) -> CheckResult:
        began.set()
        task.sleep(60)
        return task.passed("", "")

    started = Run(BY_NAME["memory"], around(tmp_path), lambda event: None, works).begin()
    assert began.wait(5)
    started.stop()
    found = started.wait(5)
    assert found is not None and found.outcome == "not_tested" and "Arrêté" in found.fr
    waiting = start(BY_NAME["power-on"], around(tmp_path), lambda event: None)
    waiting.stop()
    stopped = waiting.wait(5)
    assert stopped is not None and stopped.outcome == "not_tested"


def test_a_fault_is_never_a_pass_and_never_a_traceback(tmp_path: Path) -> None:
    def works(task: Task) -> CheckResult:
        raise OSError(5, "Input/output error")

    found, _ = run(tmp_path, works)
    assert found.outcome == "not_tested" and "Input/output error" in found.fr


def test_progress_comes_before_the_result(tmp_path: Path) -> None:
    def works(task: Task) -> CheckResult:
        task.tell("Ça chauffe.", "Heating.", permille=500, marks=("A",), wanted=("A", "B"))
        return task.passed("Bon.", "Good.")

    found, events = run(tmp_path, works)
    assert events[0] == Progress(
        check="fan", fr="Ça chauffe.", en="Heating.", permille=500, marks=("A",), wanted=("A", "B")
    )
    assert found.outcome == "passed" and len(events) == 2


@pytest.mark.parametrize("name", ["battery", "power-supply"])
def test_what_may_cut_the_mains_waits_for_the_wipe(tmp_path: Path, name: str) -> None:
    told: list[Event] = []
    beside = around(tmp_path, is_wiping=lambda: True)
    found = Run(BY_NAME[name], beside, told.append, lambda task: task.passed("", "")).begin().wait(5)
    assert found is not None and found.outcome == "not_tested" and "effacement" in found.fr


def test_a_person_may_answer_with_no_run(tmp_path: Path) -> None:
    told = stamped(
        answered(Machine(), BY_NAME["case"], "ok"), around(tmp_path, now=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    )
    assert (told.outcome, told.by, told.taken_at) == ("passed", "person", "2026-01-02T00:00:00Z")


def test_a_key_pressed_twice_does_not_answer_the_next_question(tmp_path: Path) -> None:
    asked: queue.SimpleQueue[Event] = queue.SimpleQueue()
    started = start(BY_NAME["screen"], around(tmp_path), asked.put)
    while not isinstance(asked.get(timeout=5), Question):
        pass
    assert started.answer("ok") and not started.answer("ok")
    while not isinstance(second := asked.get(timeout=5), Question):
        pass
    time.sleep(0.3)
    assert second.colour == "green" and asked.empty() and started.result is None
    started.stop()
    assert started.wait(5) is not None
