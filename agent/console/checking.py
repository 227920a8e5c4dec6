"""The guided checks of this PC: which ones, where each stands, one at work at a time. No widget.

`open` may take long and is called from a thread. A check works in a thread of its own and tells this object; screens
read it at any time.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.checks.gate import complete, may_be_called_refurbished, word
from agent.checks.lost import with_taken_out
from agent.checks.registry import BY_NAME, Check
from agent.checks.results import LOST_DISKS, CheckResult
from agent.checks.running import Answer, Around, Event, Progress, Question, Run
from agent.errors import RebondError
from agent.facts import Machine
from agent.visit import checks_key

if TYPE_CHECKING:
    from agent.console.bench import Bench

SIGNS = {"passed": "[OK]", "failed": "[X] ", "not_tested": "[ ] ", "not_applicable": " -  "}


@dataclass
class Checking:
    bench: "Bench"
    results: tuple[CheckResult, ...] = ()  # in the order in which they were taken
    run: Run | None = None
    progress: Progress | None = None
    question: Question | None = None
    has_new: bool = False  # since the last record
    problem: RebondError | None = None  # a result that the stick did not take: it stays for the record
    _known_by: str | None = None  # the PC whose results these are
    _anew_in: Path | None = None  # where another visit of it was begun
    _lock: threading.Lock = field(default_factory=threading.Lock)  # of the results in memory

    def open(self) -> None:
        """Go on with this PC's unfinished visit, in the station's folder of now: what memory has more is added there.

        RebondError when its journal cannot be read or written; nothing in memory is lost.
        """
        from agent.visit import open_checks

        bench = self.bench
        assert bench.machine is not None
        now = datetime.now(UTC)
        journal = open_checks(bench.home.checks, bench.machine, bench.host, now)
        if self._anew_in not in (None, bench.home.checks):  # a stick that came since, with the visit before
            journal.close(now)
            self._anew_in = bench.home.checks
            journal = open_checks(bench.home.checks, bench.machine, bench.host, now)
        kept = journal.results
        self.recall(bench.machine, kept)
        for one in self.results:
            if one not in kept:
                journal.add(one)
        self._tell_machine()

    def begin_anew(self) -> None:
        """Another visit of this PC: no check is done yet. What was found stays where it is recorded.

        RebondError when the end of the earlier visit cannot be written: then it goes on.
        """
        from agent.visit import open_checks

        bench, now = self.bench, datetime.now(UTC)
        assert bench.machine is not None
        open_checks(bench.home.checks, bench.machine, bench.host, now).close(now)
        with self._lock:
            self.results, self.problem, self._anew_in = (), None, bench.home.checks
        self._tell_machine()
        self.has_new = True  # the last record says more than counts now

    def recall(self, machine: Machine, kept: tuple[CheckResult, ...]) -> None:
        """What a journal holds of this PC, and behind it what only memory has; of other parts memory keeps nothing."""
        known_by = checks_key(machine)
        with self._lock:
            mine = self.results if self._known_by in (None, known_by) else ()
            self.results = (*kept, *(one for one in mine if one not in kept))
            self._known_by = known_by

    def keep_all(self) -> None:
        """As `open`; what the stick does not take is a problem that is shown."""
        try:
            self.open()
            self.problem = None
        except RebondError as error:
            self.problem = error

    @property
    def is_running(self) -> bool:
        return self.run is not None and self.run.result is None

    def states(self) -> tuple[CheckResult, ...]:
        """Every check that this PC can have, in the registry's order."""
        machine = self.bench.machine
        return complete(machine, self.results) if machine is not None else ()

    def word(self) -> tuple[str, int]:
        """What the label may say, and how much is missing for *reconditionné* (0: nothing)."""
        bench = self.bench
        assert bench.machine is not None
        outcome = bench.verdicts[0].outcome if bench.verdicts else None
        is_open, why = may_be_called_refurbished(bench.machine, self.results, outcome=outcome)
        return word(self.results, bench.lang, is_open=is_open), len(why)

    # --- one check ----------------------------------------------------------------------------------------------------

    def start(self, name: str, told: Callable[[], None]) -> None:
        """`told` is called after each event, in the check's thread."""
        from agent.checks.runs import start

        if self.is_running:
            return
        bench = self.bench
        assert bench.machine is not None
        self.progress = self.question = None
        around = Around(
            host=bench.host, machine=bench.machine, is_wiping=lambda: bench.erasing.is_running,
            operator=bench.desk.operator,
        )  # fmt: skip

        def heard(event: Event) -> None:
            if isinstance(event, Progress):
                self.progress = event
            elif isinstance(event, Question):
                self.question = event
            else:
                self._keep(event)
            told()

        self.run = start(BY_NAME[name], around, heard)

    def answer(self, answer: Answer) -> None:
        if self.run is not None and self.run.answer(answer):
            self.question = None

    def stop(self) -> None:
        if self.run is not None:
            self.run.stop()

    def _keep(self, found: CheckResult) -> None:
        """In memory at once; on the stick when it takes it. What it does not take is said and stays for the record."""
        with self._lock:
            self.results = (*self.results, found)
        self._tell_machine()  # before a record is asked for: it holds both
        self.has_new, self.question = True, None
        self.keep_all()
        if found.name == LOST_DISKS and self.bench.host.is_live and self.problem is None:
            self.bench.recall()  # more of them may have waited for their turn

    def _tell_machine(self) -> None:
        """Where a lost disk was said to be out, or is not any more, the PC is judged again."""
        bench = self.bench
        assert bench.machine is not None
        told = with_taken_out(bench.machine, self.results)
        if told != bench.machine:
            bench.take(told)

    @property
    def check(self) -> Check | None:
        return self.run.check if self.run is not None else None
