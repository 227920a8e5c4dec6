"""Run one armed session: start a worker for each disk, note each beginning before it may go, note each end.

Whatever happens to one disk, to its worker, to the notebook's medium or to the screen, the other disks go on. Runs in
any thread and needs no terminal: whoever watches is a `View`, whoever gives orders puts them into `Wishes`.
"""

import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from agent.bulk.belated import mark_told
from agent.bulk.liars import remembered
from agent.bulk.noting import Closed, Fate, Notebook, close_session
from agent.bulk.resuming import Met, Unfinished
from agent.bulk.roll import Armed
from agent.bulk.session import Asked, Chosen
from agent.bulk.wishes import Wishes, stop_then_abandon
from agent.erasure import Erasure, Reason
from agent.errors import RebondError
from agent.facts import Machine
from agent.record import machine_identity, moment
from agent.text import clean
from agent.wipe.job import Claimed, Ended, Event, Job, NotClaimed
from agent.wipe.journals import next_order
from agent.wipe.reasons import BEFORE_THE_FIRST_BYTE, NOT_RESUMED
from agent.wipe.supervisor import WORKER, Patience, Seat, Supervisor

PUMP_S = 0.2
Purpose = Literal["erase", "rehearse", "look"]


class View(Protocol):
    """Who watches. Called in the session's thread, and must not keep it: while it draws, nothing else is heard.

    What it raises harms no disk: it is noted once (`Session.view_lost`), and the session goes on unwatched.
    """

    def begin(self, wishes: Wishes) -> None:
        """Before the first disk. `wishes` is where its orders go."""
        ...

    def heard(self, seat: Seat, event: Event) -> None: ...

    def show(self, seats: Sequence[Seat]) -> None:
        """A few times a second: draw, read the keys. The seats are the session's own: look, do not touch."""
        ...

    def interrupted(self, seats: Sequence[Seat]) -> None:
        """Somebody pressed Ctrl-C."""
        ...

    def end(self) -> None:
        """After the last disk, or once this view has failed."""
        ...


class Unwatched:
    """Nobody looks."""

    def begin(self, wishes: Wishes) -> None:
        self._wishes = wishes

    def heard(self, seat: Seat, event: Event) -> None:
        pass

    def show(self, seats: Sequence[Seat]) -> None:
        pass

    def interrupted(self, seats: Sequence[Seat]) -> None:
        stop_then_abandon(seats, self._wishes)

    def end(self) -> None:
        pass


@dataclass(slots=True)
class Session:
    """One run of one list of jobs."""

    jobs: Sequence[Job]
    notebook: Notebook | None  # None: nothing will be written to any disk, so there is nothing to note
    view: View = field(default_factory=Unwatched)
    wishes: Wishes = field(default_factory=Wishes)
    so_far: Mapping[str, Erasure] = field(default_factory=dict)  # of resumed jobs, by id
    argv: Sequence[str] = WORKER
    patience: Patience = field(default_factory=Patience)
    fates: dict[str, Fate] = field(default_factory=dict)
    lasts: dict[str, Event] = field(default_factory=dict)  # the last word of each worker, by job
    view_lost: str | None = None  # why nobody could watch any more
    _supervisor: Supervisor | None = None  # while it runs

    def run(self) -> tuple[Fate, ...]:
        """To the end of every disk."""
        self.fates = {job.id: Fate(job=job, media=job.media) for job in self.jobs}
        self._watch(lambda view: view.begin(self.wishes))
        try:
            with Supervisor(self.jobs, self._hear, argv=self.argv, patience=self.patience) as it:
                self._supervisor = it
                while it.pump(PUMP_S):
                    self._watch(lambda view: view.show(it.seats))
                    self._obey(it)
                self._watch(lambda view: view.show(it.seats))
        finally:
            self._watch(lambda view: view.end())
        return tuple(self.fates[job.id] for job in self.jobs)

    def _watch(self, call: Callable[[View], None]) -> None:
        """A closed terminal or a broken pipe is no disk's fault."""
        if self.view_lost is not None:
            return
        try:
            call(self.view)
        except Exception as error:  # noqa: BLE001 - whatever a view does wrong
            self.view_lost = clean(f"{type(error).__name__}: {error}", 300)
            with contextlib.suppress(Exception):
                self.view.end()

    def _obey(self, it: Supervisor) -> None:
        for wish in self.wishes.take():
            if wish.do == "interrupt":
                self._watch(lambda view: view.interrupted(it.seats))
                if self.view_lost is not None:
                    stop_then_abandon(it.seats, self.wishes)
            elif wish.do == "abandon":
                it.abandon(wish.job_id or "")
            else:
                it.order(wish.do, wish.job_id)

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
            self._not_begun(fate, event.reason)
        if seat.is_over:
            self.lasts[seat.job.id] = event
        self._watch(lambda view: view.heard(seat, event))

    def _begin(self, seat: Seat, fate: Fate) -> None:
        assert self.notebook is not None and self._supervisor is not None
        try:
            fate.record = self.notebook.begun(seat.job, seat.media, self.so_far.get(seat.job.id)).digest
            self.notebook.make_known(fate.record)
        except Exception as error:  # noqa: BLE001 - what cannot be announced is not done; the other disks go on
            fate.problems.append(_not_kept(error))
            self._supervisor.order("stop", seat.job.id)
            return
        self._supervisor.order("go", seat.job.id)

    def _not_begun(self, fate: Fate, why: Reason) -> None:
        """Nothing was done this time. A beginning that was noted must not stay without its end all the same."""
        so_far = self.so_far.get(fate.job.id)
        if so_far is not None:  # of the disk that was half erased before it is not true that nothing was touched
            kept = () if why.rule in BEFORE_THE_FIRST_BYTE else (why,)
            fate.erasure = msgspec.structs.replace(so_far, why=(*so_far.why, *kept, NOT_RESUMED))
        else:
            fate.refused = why
        if fate.record is not None:
            self._note(fate, fate.erasure or _untouched(fate, why, self._now()))

    def _note(self, fate: Fate, erasure: Erasure) -> None:
        if self.notebook is None:
            return
        fate.record = None
        try:
            fate.record = self.notebook.ended(erasure).digest
            mark_told(Path(fate.job.journal), fate.record)
        except Exception as error:  # noqa: BLE001 - the journal still has it all (`belated`); the other disks go on
            fate.problems.append(_not_kept(error))

    def _now(self) -> str:
        assert self.notebook is not None
        return moment(self.notebook.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What became of an armed session."""

    fates: tuple[Fate, ...]
    closed: Closed | None
    not_closed: Reason | None = None  # why the manifest could not be kept; the records are safe all the same
    view_lost: str | None = None

    @property
    def is_proven(self) -> bool:
        return all(fate.is_proven for fate in self.fates)


def carry(
    armed: Armed, jobs: Sequence[Job], notebook: Notebook, asked: Asked, folder: Path, *,
    view: View, wishes: Wishes, resumed: Sequence[Unfinished] = (), argv: Sequence[str] = WORKER,
) -> Carried:  # fmt: skip
    """An armed session from its first byte to its signed manifest in `folder`."""
    began = datetime.now(UTC)
    so_far = {one.job.id: one.so_far for one in resumed}
    session = Session(jobs, notebook, view, wishes, so_far=so_far, argv=argv)
    fates = session.run()
    closed, not_closed = None, None
    try:
        closed = close_session(notebook, fates, asked, armed, began, folder, is_resumption=bool(resumed))
    except Exception as error:  # noqa: BLE001 - what became of the disks is told whatever happens
        not_closed = _not_kept(error, _MANIFEST)
    return Carried(fates=fates, closed=closed, not_closed=not_closed, view_lost=session.view_lost)


def jobs_of(
    armed: Sequence[Chosen], asked: Asked, folder: Path, *, allow_virtual: bool, purpose: Purpose = "erase"
) -> tuple[Job, ...]:
    """One authorisation for each disk, each with a name of its own."""
    made, order = [], next_order(folder, datetime.now(UTC))
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
                has_lied=one.has_lied,
                allow_plug=one.is_plug,
                seen=one.seen,
                purpose=purpose,
                order=order,
            )
        )
    return tuple(made)


def authorised(
    armed: Armed, asked: Asked, folder: Path, machine: Machine, *, allow_virtual: bool
) -> tuple[Job, ...]:  # fmt: skip
    """The jobs that erase disks of this PC: only ever of an armed list, whoever armed it.

    A disk that lied to this station is known.
    """
    asked = replace(asked, operator=armed.operator)
    jobs = jobs_of(remembered(armed.chosen, folder), asked, folder, allow_virtual=allow_virtual, purpose="erase")
    return tuple(msgspec.structs.replace(job, machine=machine_identity(machine)) for job in jobs)


def authorised_anew(armed: Armed, met: Sequence[Met], folder: Path, machine: Machine) -> tuple[Job, ...]:
    """The jobs that go on with what was cut short. A disk that was caught lying meanwhile is known here too."""
    liars = {one.token for one in remembered(armed.chosen, folder) if one.has_lied}
    here = machine_identity(machine)
    return tuple(msgspec.structs.replace(one.job(), has_lied=one.chosen.token in liars, machine=here) for one in met)


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


_RECORD = ("La fiche de ce disque n'a pas pu être gardée.", "The record of this disk could not be kept.")
_MANIFEST = ("Le bordereau n'est PAS gardé.", "The manifest is NOT kept.")


def _not_kept(error: Exception, what: tuple[str, str] = _RECORD) -> Reason:
    fr = error.fr if isinstance(error, RebondError) else f"{type(error).__name__}: {error}"[:300]
    en = error.en if isinstance(error, RebondError) else fr
    return Reason(
        rule="record-not-kept",
        fr=f"{what[0]} {fr}",
        en=f"{what[1]} {en}",
    )
