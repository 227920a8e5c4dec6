"""One check at work in a thread of its own, and what it and a screen say to each other. No screen, no device here.

A check is a function `run(task) -> CheckResult`. It tells where it is (`task.tell`), may ask a person (`task.ask`), and
sleeps only through `task.sleep`, so that `stop` ends it at once. Whatever it raises ends as `not_tested`.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import msgspec

from agent.checks import lost
from agent.checks.devices import Devices, KernelDevices
from agent.checks.parts import may_be_absent
from agent.checks.registry import Check
from agent.checks.results import LOST_DISKS, NOTE_MOST, CheckResult, Measure, moment, result
from agent.facts import Machine
from agent.host import Host, Output
from agent.text import clean

Answer = Literal["ok", "bad", "skip", "absent"]
ANSWERS: tuple[Answer, ...] = ("ok", "bad", "skip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a check is. `marks`: names of what was seen (keys, clicks, ports), `wanted`: all that should be."""

    check: str
    fr: str = ""
    en: str = ""
    permille: int | None = None
    marks: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Asked of a person. `colour`: fill the whole screen with it while asking ("" for none)."""

    check: str
    fr: str
    en: str
    answers: tuple[Answer, ...] = ANSWERS
    colour: str = ""


Event = Progress | Question | CheckResult
Told = Callable[[Event], None]
Work = Callable[["Task"], CheckResult]


class Stopped(Exception):
    """The person stopped this check."""


@dataclass(frozen=True, kw_only=True)
class Around:
    """What a check works on: this PC, or a made one. `is_wiping` while disks are erased: stay small and gentle then."""

    host: Host
    machine: Machine
    devices: Devices = field(default_factory=KernelDevices)
    is_wiping: Callable[[], bool] = lambda: False
    operator: str | None = None
    short: bool = False  # a minute instead of ten: says less, and says so
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic


class Task:
    """What a check's function holds: the PC, and the way to the person."""

    def __init__(self, check: Check, around: Around, told: Told) -> None:
        self.check, self.around = check, around
        self.stop = threading.Event()
        self._told = told
        self._answers: queue.SimpleQueue[tuple[Answer, str]] = queue.SimpleQueue()
        self._open: tuple[Answer, ...] = ()
        self.note = ""

    @property
    def host(self) -> Host:
        return self.around.host

    @property
    def devices(self) -> Devices:
        return self.around.devices

    def tell(
        self, fr: str = "", en: str = "", *, permille: int | None = None, marks: tuple[str, ...] = (),
        wanted: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.check_stopped()
        self._told(Progress(check=self.check.name, fr=fr, en=en, permille=permille, marks=marks, wanted=wanted))

    def ask(self, fr: str = "", en: str = "", *, answers: tuple[Answer, ...] | None = None, colour: str = "") -> Answer:
        """The person's answer; without sentences the registry's own question. Raises Stopped."""
        if answers is None:
            answers = answers_of(self.around.machine, self.check)
        if not fr and self.check.ask is not None:
            fr, en = self.check.ask.fr, self.check.ask.en
        self._open = answers
        self._told(Question(check=self.check.name, fr=fr, en=en, answers=answers, colour=colour))
        while True:
            self.check_stopped()
            try:
                answer, note = self._answers.get(timeout=0.1)
            except queue.Empty:
                continue
            self.note = note or self.note
            return answer

    def none_answers(self, fr: str, en: str) -> CheckResult:
        """No such part answers: a failure, unless a person, who may say so of this PC, says that it has none."""
        if "absent" not in answers_of(self.around.machine, self.check):
            return self.failed(fr, en)
        answer = self.ask(f"{fr} Est-ce normal ?", f"{en} Is that right?", answers=("bad", "skip", "absent"))
        return self.failed(fr, en) if answer == "bad" else self.by_person(answer)

    def ask_while(self, fr: str, en: str, tick: Callable[[], bool], every_s: float = 0.3) -> Answer | None:
        """A question beside something that is watched: the answer, or None as soon as `tick` says it is done."""
        self._open = ("ok", "skip")
        self._told(Question(check=self.check.name, fr=fr, en=en, answers=self._open))
        while not tick():
            self.check_stopped()
            with contextlib.suppress(queue.Empty):
                answer, note = self._answers.get(timeout=every_s)
                self.note = note or self.note
                return answer
        self._open = ()
        return None

    def take(self, answer: Answer, note: str) -> bool:
        """From the screen's thread: True when a question is open that takes it."""
        if answer not in self._open:
            return False
        self._open = ()  # one answer to one question: a key pressed twice must not answer the next one unread
        self._answers.put((answer, clean(note, NOTE_MOST)))
        return True

    def sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopped

    def check_stopped(self) -> None:
        if self.stop.is_set():
            raise Stopped

    def run(self, *argv: str, about_s: float, timeout_s: float, fr: str = "", en: str = "") -> Output:
        """A program beside which the screen goes on; ended with the check. Raises Stopped."""
        said: list[Output] = []
        work = threading.Thread(
            target=lambda: said.append(self.host.run(*argv, timeout_s=timeout_s, stop=self.stop)), daemon=True
        )
        began = self.around.monotonic()
        work.start()
        while work.is_alive():
            work.join(1.0)
            if not self.stop.is_set():
                gone = self.around.monotonic() - began
                self.tell(fr, en, permille=min(999, int(1000 * gone / max(about_s, 1))))
        self.check_stopped()
        return said[0] if said else Output(argv=argv, why="failed")

    # --- ends ---------------------------------------------------------------------------------------------------------

    def passed(self, fr: str, en: str, *measured: Measure) -> CheckResult:
        return result(self.check.name, "passed", fr, en, *measured)

    def failed(self, fr: str, en: str, *measured: Measure) -> CheckResult:
        return result(self.check.name, "failed", fr, en, *measured)

    def not_tested(self, fr: str, en: str, *measured: Measure) -> CheckResult:
        return result(self.check.name, "not_tested", fr, en, *measured)

    def by_person(self, answer: Answer, *measured: Measure) -> CheckResult:
        """The person's word as the outcome; what was measured stands beside it."""
        return answered(self.around.machine, self.check, answer, *measured)


def answers_of(machine: Machine, check: Check) -> tuple[Answer, ...]:
    if check.name == LOST_DISKS and not machine.lost_disks:
        return ()
    return (*ANSWERS, "absent") if may_be_absent(machine, check) else ANSWERS


def answered(machine: Machine, check: Check, answer: Answer, *measured: Measure) -> CheckResult:
    if check.name == LOST_DISKS:
        return lost.said(machine, answer)
    outcome: Literal["passed", "failed", "not_tested", "not_applicable"]
    outcome, fr, en = {  # type: ignore[assignment] # mypy widens the literal inside a dict
        "ok": ("passed", "Une personne l'a essayé : ça marche.", "A person tried it: it works."),
        "bad": ("failed", "Une personne l'a essayé : ça ne va pas.", "A person tried it: it is not right."),
        "skip": ("not_tested", "Passé.", "Skipped."),
        "absent": ("not_applicable", "Une personne dit que ce PC n'en a pas.", "A person says this PC has none."),
    }[answer]
    return result(check.name, outcome, fr, en, *measured, by="person")


class Run:
    """A started check. `told` gets every event; the last one is the result, also kept in `result`."""

    def __init__(self, check: Check, around: Around, told: Told, work: Work) -> None:
        self.check = check
        self.result: CheckResult | None = None
        self._task = Task(check, around, told)
        self._told, self._around, self._work = told, around, work
        self._ended = threading.Event()

    def begin(self) -> "Run":
        threading.Thread(target=self._run, name=f"check-{self.check.name}", daemon=True).start()
        return self

    def answer(self, answer: Answer, note: str = "") -> bool:
        return self._task.take(answer, note)

    def stop(self) -> None:
        self._task.stop.set()

    def wait(self, seconds: float | None = None) -> CheckResult | None:
        self._ended.wait(seconds)
        return self.result

    def _run(self) -> None:
        began = self._around.monotonic()
        found = self._guarded()
        self.result = stamped(
            msgspec.structs.replace(found, note=self._task.note), self._around,
            seconds=max(0, int(self._around.monotonic() - began)),
        )  # fmt: skip
        try:
            self._told(self.result)
        finally:
            self._ended.set()

    def _guarded(self) -> CheckResult:
        try:
            if self.check.disturbs_wipe and self._around.is_wiping():
                return self._task.not_tested(
                    "Attendez la fin de l'effacement : ce test peut couper le courant.",
                    "Wait for the end of the wipe: this test may cut the mains.",
                )
            return self._work(self._task)
        except Stopped:
            return self._task.not_tested("Arrêté avant la fin.", "Stopped before its end.")
        except Exception as error:  # noqa: BLE001 - a device's or our own fault: the visit goes on, and nothing passes
            detail = clean(f"{type(error).__name__}: {error}", 160)
            return self._task.not_tested(
                f"Le test n'a pas pu se faire ({detail}).", f"It could not be done ({detail})."
            )


def stamped(found: CheckResult, around: Around, *, seconds: int = 0) -> CheckResult:
    """With when and by whom."""
    return msgspec.structs.replace(found, taken_at=moment(around.now()), operator=around.operator, seconds=seconds)
