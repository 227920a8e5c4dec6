"""Run one armed session: start a worker for each disk, note each beginning before it may go, note each end.

Whatever happens to one disk, to its worker or to the notebook's medium, the other disks go on.
"""

import secrets
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from agent.bulk.arming import Armed
from agent.bulk.noting import Fate, Notebook
from agent.bulk.session import Asked, Chosen
from agent.erasure import Erasure, Reason
from agent.errors import RebondError
from agent.record import moment
from agent.wipe.job import Claimed, Ended, Event, Job, NotClaimed
from agent.wipe.supervisor import WORKER, Patience, Seat, Supervisor

PUMP_S = 0.2
Purpose = Literal["erase", "rehearse", "look"]


class View(Protocol):
    """Who watches, and gives orders."""

    def heard(self, seat: Seat, event: Event) -> None: ...

    def show(self, supervisor: Supervisor) -> None:
        """A few times a second: draw, read the keys, give orders."""
        ...

    def interrupted(self, supervisor: Supervisor) -> None:
        """Somebody pressed Ctrl-C."""
        ...


@dataclass(slots=True, kw_only=True)
class Wishes:
    """Signals as flags: nothing is ever cut in the middle of a note."""

    interrupts: int = 0
    must_stop: bool = False


@dataclass(slots=True)
class Session:
    """One run of one list of jobs."""

    jobs: Sequence[Job]
    view: View
    notebook: Notebook | None  # None: nothing will be written to any disk, so there is nothing to note
    so_far: Mapping[str, Erasure] = field(default_factory=dict)  # of resumed jobs, by id
    argv: Sequence[str] = WORKER
    patience: Patience = field(default_factory=Patience)
    fates: dict[str, Fate] = field(default_factory=dict)
    lasts: dict[str, Event] = field(default_factory=dict)  # the last word of each worker, by job
    _supervisor: Supervisor | None = None  # while it runs

    def run(self) -> tuple[Fate, ...]:
        """To the end of every disk. Ctrl-C is the view's; being told to end stops all at their next checkpoint."""
        self.fates = {job.id: Fate(job=job, media=job.media) for job in self.jobs}
        with _signals() as wishes, Supervisor(self.jobs, self._hear, argv=self.argv, patience=self.patience) as it:
            self._supervisor = it
            seen = 0
            while it.pump(PUMP_S):
                if wishes.must_stop:
                    it.order("stop")
                while seen < wishes.interrupts:
                    seen += 1
                    self.view.interrupted(it)
                self.view.show(it)
            self.view.show(it)
        return tuple(self.fates[job.id] for job in self.jobs)

    def _hear(self, seat: Seat, event: Event) -> None:
        fate = self.fates[seat.job.id]
        fate.media = seat.media
        if isinstance(event, Claimed) and self.notebook is not None:
            self._begin(seat, fate)
        elif isinstance(event, Ended):
            fate.erasure = event.erasure
            fate.media = event.erasure.media
            self._note(fate, event.erasure)
        elif isinstance(event, NotClaimed):
            fate.refused = event.reason
            if fate.record is not None:  # a beginning was noted: it must not stay without its end
                self._note(fate, _untouched(fate, event.reason, self._now()))
        if seat.is_over:
            self.lasts[seat.job.id] = event
        self.view.heard(seat, event)

    def _begin(self, seat: Seat, fate: Fate) -> None:
        assert self.notebook is not None and self._supervisor is not None
        try:
            fate.record = self.notebook.begun(seat.job, seat.media, self.so_far.get(seat.job.id)).digest
        except Exception as error:  # noqa: BLE001 - what cannot be announced is not done; the other disks go on
            fate.problems.append(_not_kept(error))
            self._supervisor.order("stop", seat.job.id)
            return
        self._supervisor.order("go", seat.job.id)

    def _note(self, fate: Fate, erasure: Erasure) -> None:
        if self.notebook is None:
            return
        fate.record = None
        try:
            fate.record = self.notebook.ended(erasure).digest
        except Exception as error:  # noqa: BLE001 - the journal still has it all; the other disks go on
            fate.problems.append(_not_kept(error))

    def _now(self) -> str:
        assert self.notebook is not None
        return moment(self.notebook.now())


def jobs_of(
    armed: Sequence[Chosen], asked: Asked, folder: Path, *, allow_virtual: bool, purpose: Purpose = "erase"
) -> tuple[Job, ...]:
    """One authorisation for each disk, each with a name of its own."""
    made = []
    for one in armed:
        job_id = secrets.token_hex(16)
        made.append(
            Job(
                id=job_id,
                media=one.media,
                plan=one.plan,
                journal=str(folder.absolute() / f"{job_id}.journal"),
                operator=asked.operator,
                found=one.found,
                psid=asked.psid,
                allow_virtual=allow_virtual,
                allow_members=one.is_member,
                purpose=purpose,
            )
        )
    return tuple(made)


def authorised(armed: Armed, asked: Asked, folder: Path, *, allow_virtual: bool) -> tuple[Job, ...]:
    """The jobs that erase: only ever of an armed list."""
    return jobs_of(armed.chosen, asked, folder, allow_virtual=allow_virtual, purpose="erase")


def _untouched(fate: Fate, why: Reason, now: str) -> Erasure:
    """The end of an erasure that was announced and never begun."""
    return Erasure(
        id=fate.job.id,
        media=fate.media,
        found=fate.job.found,
        planned=tuple(step.technique for step in fate.job.plan.steps),
        operator=fate.job.operator,
        ended_at=now,
        outcome="interrupted",
        why=(why,),
    )


def _not_kept(error: Exception) -> Reason:
    fr = error.fr if isinstance(error, RebondError) else f"{type(error).__name__}: {error}"[:300]
    en = error.en if isinstance(error, RebondError) else fr
    return Reason(
        rule="record-not-kept",
        fr=f"La fiche de ce disque n'a pas pu être gardée. {fr}",
        en=f"The record of this disk could not be kept. {en}",
    )


@contextmanager
def _signals() -> Iterator[Wishes]:
    wishes = Wishes()

    def interrupt(*_: object) -> None:
        wishes.interrupts += 1

    def stop(*_: object) -> None:
        wishes.must_stop = True

    before: dict[int, Any] = {}
    handlers: dict[int, Callable[..., None]] = {signal.SIGINT: interrupt, signal.SIGTERM: stop, signal.SIGHUP: stop}
    for number, handler in handlers.items():
        before[number] = signal.signal(number, handler)
    try:
        yield wishes
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
