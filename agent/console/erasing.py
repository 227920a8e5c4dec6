"""The disks of this PC and their erasure: looked at, named by their serials, erased in the background. No widget.

`look`, `unfreeze` and `begin` may take long and are called from a thread. Screens read the rest at any time; what they
wish of a running session goes into `wishes`.
"""

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.bulk.belated import tell_belated, untold
from agent.bulk.carrying import Carried, authorised, authorised_anew, carry
from agent.bulk.liars import is_liar, liars_in
from agent.bulk.noting import Fate, Notebook
from agent.bulk.resuming import Met, meet, unfinished
from agent.bulk.roll import Armed, Roll
from agent.bulk.session import Asked, Chosen, choose, token_of
from agent.bulk.unfreezing import running_wipes
from agent.bulk.wishes import Wishes
from agent.errors import RebondError
from agent.wall.news import News
from agent.wall.rows import time_of
from agent.wipe.job import Event
from agent.wipe.supervisor import WORKER, Seat

if TYPE_CHECKING:
    from agent.console.bench import Bench
    from agent.wipe.choose import Method
    from agent.wipe.job import Plan
    from agent.wipe.survey import Surveyed


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One disk of this PC, as the screen shows it."""

    disk: "Surveyed"
    met: Met | None = None  # its erasure began once and has no end: gone on with, not begun anew
    has_lied: bool = False  # to this station, once: nothing proves its erasure any more

    @property
    def token(self) -> str:
        return token_of(self.disk.media, self.disk.seen)

    @property
    def is_free(self) -> bool:
        return not self.disk.refusals and bool(self.token)


@dataclass
class Erasing:
    """One session at a time: `is_running` from the countdown's end until the last record is kept."""

    bench: "Bench"
    method: "Method" = "best"
    allow_virtual: bool = False  # loop devices, in tests
    argv: Sequence[str] = WORKER
    lines: tuple[Line, ...] | None = None  # None: not looked at yet
    wanted: tuple[str, ...] = ()  # serials, confirmed by a person
    psid: str | None = None
    roll: Roll | None = None
    wishes: Wishes = field(default_factory=Wishes)
    seats: tuple[Seat, ...] = ()
    news: News = field(default_factory=News)
    done: Carried | None = None
    is_running: bool = False
    _disks: object = None  # of the machine, as last looked at
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # --- the disks ----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """What may be done to each disk, which erasures have no end yet. What was confirmed before counts no more."""
        from agent.wipe.survey import survey

        bench = self.bench
        machine = bench.machine
        assert machine is not None
        self._disks = machine.disks
        self._tell_belated()
        home = str(bench.home.root.absolute())
        seen = survey(bench.host, machine.disks or (), allow_virtual=self.allow_virtual, home=home)
        here, _ = meet(unfinished(bench.home.wipes), seen)
        met = {one.disk.media.name: one for one in here}
        self.unconfirm()
        self.psid = None
        liars = liars_in(bench.home.wipes)
        self.lines = tuple(
            Line(disk=disk, met=met.get(disk.media.name), has_lied=is_liar(disk.media, liars)) for disk in seen
        )

    @property
    def is_outdated(self) -> bool:
        """The PC was looked at since, and its disks are not those of `lines` any more."""
        return self._disks is not None and self.bench.machine is not None and (
            self.bench.machine.disks is not self._disks
        )  # fmt: skip

    @property
    def is_armed(self) -> bool:
        """From the countdown on nothing else may ask the disks anything."""
        roll = self.roll
        return self.is_running or roll is not None and roll.refused is None and roll.asks in ("countdown", "nothing")

    def _tell_belated(self) -> None:
        """What ended before a crash and never got its record gets it now; else `rebond wipe` tries again later."""
        left = untold(self.bench.home.wipes)
        if not left or self.is_running or running_wipes(self.bench.host):
            return
        bench = self.bench
        with contextlib.suppress(RebondError):
            for _ in tell_belated(left, bench.key(), bench.outbox, bench.profiles, bench.host):
                pass

    def unfreeze(self) -> None:
        """Sleep once so that frozen disks take commands again, then look anew; RebondError with what is against it."""
        from agent.bulk.unfreezing import unfreeze

        unfreeze(self.bench.host, lambda fr, en: None)
        self.look()

    @property
    def is_frozen(self) -> bool:
        """The BIOS keeps a disk from erasing itself; a short sleep may help."""
        machine = self.bench.machine
        return any(disk.is_security_frozen for disk in (machine.disks or ())) if machine else False

    @property
    def free(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines or () if line.is_free)

    def want(self, tokens: tuple[str, ...]) -> None:
        """These serials were confirmed; InputRefused with every problem, and then nothing has changed."""
        before, self.wanted = self.wanted, tokens
        try:
            self.chosen()
        except RebondError:
            self.wanted = before
            raise

    def unconfirm(self) -> None:
        """What was confirmed, and what was said to a roll, counts no more."""
        self.wanted, self.roll = (), None

    def chosen(self) -> tuple[Chosen, ...]:
        """The wanted disks with their plans; InputRefused with every problem."""
        met = {line.token: line.met for line in self.lines or () if line.met is not None}
        chosen = choose(self._asked(), tuple(line.disk for line in self.lines or ()))
        return tuple(met[one.token].chosen if one.token in met else one for one in chosen)

    def plan_of(self, line: Line) -> "Plan":
        if line.met is not None:
            return line.met.chosen.plan
        return line.disk.planned(method=self.method, psid=self.psid)

    def _asked(self) -> Asked:
        desk = self.bench.desk
        return Asked(serials=self.wanted, operator=desk.operator, lot=desk.lot, method=self.method, psid=self.psid)

    # --- the deed -----------------------------------------------------------------------------------------------------

    def call_roll(self) -> Roll:
        """The confirmed serials, heard against the plan: what the roll still asks, it asks of the operator."""
        self.roll = Roll(self.chosen(), operator=self.bench.desk.operator)
        for token in self.wanted:
            if self.roll.asks == "serial":
                self.roll.hear(token)
        return self.roll

    def begin(self) -> None:
        """Erase what the roll has armed, to the last record."""
        armed = self.roll.armed if self.roll is not None else None
        with self._lock:
            if self.is_running or armed is None:
                return
            self.is_running, self.roll = True, None  # one roll arms one session
        try:
            self._carry(armed)
        finally:
            self.is_running = False

    def _carry(self, armed: Armed) -> None:
        bench, asked = self.bench, self._asked()
        self.done, self.seats, self.news = None, (), News()  # an earlier session's end is not this one's
        self.wishes = Wishes()
        assert bench.machine is not None
        # Gone on with is only what was armed so: the disks may have been looked at again since.
        met = {line.token: line.met for line in self.lines or () if line.met and line.met.chosen in armed.chosen}
        anew = {token_of(job.media, job.seen): job
                for job in authorised_anew(armed, tuple(met.values()), bench.home.wipes, bench.machine)}  # fmt: skip
        jobs = [anew.get(token_of(job.media, job.seen), job)
                for job in authorised(armed, asked, bench.home.wipes, bench.machine,
                                      allow_virtual=self.allow_virtual)]  # fmt: skip
        notebook = Notebook(machine=bench.machine, profiles=bench.profiles, key=bench.key(), outbox=bench.outbox,
                            desk=bench.desk, host=bench.host, announce=bench.announce)  # fmt: skip
        self.done = carry(
            armed, jobs, notebook, asked, bench.home.sessions, view=_View(self), wishes=self.wishes,
            resumed=[one.left for one in met.values()], argv=self.argv,
        )  # fmt: skip
        self.wanted, self.psid = (), None
        bench.take_after_wipe(notebook.erasures)

    # --- in a few words -----------------------------------------------------------------------------------------------

    @property
    def fates(self) -> tuple[Fate, ...]:
        return self.done.fates if self.done is not None else ()

    def status(self, lang: str) -> str:
        """For the top bar: disks ended of all, and the longest time left. "" when nothing is or was erased.

        No share: each phase has its own, and one that falls back from 99 to 0 would tell nobody anything.
        """
        en = lang == "en"
        if self.is_running:
            over, left = sum(seat.is_over for seat in self.seats), time_of(_left_s(self.seats))
            ended = f"{over}/{len(self.seats)}" if self.seats else ""
            rest = (f", {left} left" if en else f", reste {left}") if left else ""
            return f"{'wiping' if en else 'effacement'} {ended}".rstrip() + rest
        if self.fates:
            proven = sum(fate.is_proven for fate in self.fates)
            return f"wiped {proven}/{len(self.fates)}" if en else f"effacés {proven}/{len(self.fates)}"
        return ""


def _left_s(seats: Sequence[Seat]) -> int | None:
    """Of the disk that takes longest; None as long as one cannot tell."""
    left = [seat.progress.eta_s if seat.progress is not None else None for seat in seats if not seat.is_over]
    return None if not left or None in left else max(one for one in left if one is not None)


class _View:
    """The session's View: remembers what screens show. Called in the session's own thread."""

    def __init__(self, erasing: Erasing) -> None:
        self._erasing = erasing

    def begin(self, wishes: Wishes) -> None:
        pass

    def heard(self, seat: Seat, event: Event) -> None:
        self._erasing.news = self._erasing.news.after(seat, event)

    def show(self, seats: Sequence[Seat]) -> None:
        self._erasing.seats = tuple(seats)

    def interrupted(self, seats: Sequence[Seat]) -> None:
        """No Ctrl-C reaches a full-screen program."""

    def end(self) -> None:
        pass
