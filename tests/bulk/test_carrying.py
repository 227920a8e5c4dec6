"""A session without a terminal: any thread, any view, wishes from anywhere; a screen that dies harms no disk."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from agent.bulk.carrying import Carried, Session, Unwatched, carry
from agent.bulk.roll import Armed
from agent.bulk.session import Asked
from agent.bulk.wishes import Wish, Wishes, signals_as, stop_then_abandon
from agent.claims import standing_of
from agent.home import Home
from agent.wipe.job import Event, Job, Plan
from agent.wipe.supervisor import Seat
from tests.bulk.disks import chosen, media
from tests.bulk.test_noting import kept, notebook

pytestmark = pytest.mark.programs
STUB = (sys.executable, "-P", "-m", "tests.wipe.stub_worker")


@pytest.fixture(autouse=True)
def _stub_finds_us(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]), prepend=os.pathsep)
    monkeypatch.setenv("REBOND_HOME", str(tmp_path))


def jobs(folder: Path, *serials: str) -> tuple[Job, ...]:
    return tuple(
        Job(id=f"{number:032x}", media=media(serial, f"sd{number}"), plan=Plan(steps=(), level="clear"),
            journal=str(folder / f"{number:032x}.journal"))
        for number, serial in enumerate(serials)
    )  # fmt: skip


class Watching(Unwatched):
    """Remembers what it was told; raises where it is told to."""

    def __init__(self, *, fails: str = "") -> None:
        self.fails, self.told, self.phases = fails, list[tuple[str, str]](), list[str]()

    def _step(self, name: str) -> None:
        self.phases.append(name)
        if name == self.fails:
            raise BrokenPipeError(32, "Broken pipe")

    def begin(self, wishes: Wishes) -> None:
        super().begin(wishes)
        self._step("begin")

    def heard(self, seat: Seat, event: Event) -> None:
        self.told.append((seat.media.serial or "", type(event).__name__))
        self._step("heard")

    def show(self, seats: Sequence[Seat]) -> None:
        self._step("show")

    def interrupted(self, seats: Sequence[Seat]) -> None:
        self._step("interrupted")
        super().interrupted(seats)

    def end(self) -> None:
        self._step("end")


def in_background(work: Callable[[], Carried | tuple[object, ...]]) -> list[object]:
    """As a full-screen program does it; an exception is the answer too."""
    answers: list[object] = []

    def run() -> None:
        try:
            answers.append(work())
        except Exception as error:  # noqa: BLE001
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    return answers


def test_a_session_runs_in_any_thread_to_its_signed_manifest(tmp_path: Path) -> None:
    home = Home(tmp_path)
    work, view = jobs(tmp_path, "one", "two"), Watching()
    armed = Armed(chosen=(chosen("one"), chosen("two")), approval="typed", count=2, operator="op-7")
    (carried,) = in_background(
        lambda: carry(
            armed, work, notebook(home), Asked(serials=()), home.sessions, view=view, wishes=Wishes(), argv=STUB
        )
    )
    assert isinstance(carried, Carried) and carried.closed and carried.closed.path.exists()
    assert [fate.record is not None for fate in carried.fates] == [True, True] and carried.view_lost is None
    assert view.phases[0] == "begin" and view.phases[-1] == "end" and ("one", "Ended") in view.told


@pytest.mark.parametrize("fails", ["begin", "heard", "show", "end"])
def test_a_view_that_fails_harms_no_disk(tmp_path: Path, fails: str) -> None:
    home = Home(tmp_path)
    book, view = notebook(home), Watching(fails=fails)
    session = Session(jobs(tmp_path, "one", "two"), book, view, Wishes(), argv=STUB)
    fates = session.run()
    assert all(fate.erasure is not None and fate.record is not None for fate in fates)
    assert sorted(standing_of(kept(home, one).erasures[0]) for one in book.records) == ["begun"] * 2 + ["failure"] * 2
    assert session.view_lost and "Broken pipe" in session.view_lost
    assert view.phases.count(fails) == 1 + (fails == "end")  # asked once more only to let go of the terminal


def told_while_it_runs(session: Session, wishes: Wishes, *orders: Callable[[], None]) -> None:
    """Each order from another thread, once the disks are at work."""

    def run() -> None:
        folder = Path(session.jobs[0].journal).parent
        wait(lambda: all((folder / f"{job.media.serial}.pid").exists() for job in session.jobs))
        for order in orders:
            order()
            wait(lambda: not wishes._waiting)
            time.sleep(0.1)

    def wait(ready: Callable[[], bool]) -> None:
        until = time.monotonic() + 20
        while not ready() and time.monotonic() < until:
            time.sleep(0.02)

    threading.Thread(target=run).start()
    session.run()


@pytest.mark.parametrize("has_view", [True, False])
def test_wishes_come_from_another_thread(tmp_path: Path, has_view: bool) -> None:
    wishes = Wishes()
    view = Watching(fails="" if has_view else "begin")
    work = jobs(tmp_path, "slow-1", "slow-2")
    session = Session(work, notebook(Home(tmp_path)), view, wishes, argv=STUB)
    pausing: list[tuple[bool, ...]] = []

    def remember() -> None:
        assert session._supervisor
        pausing.append(tuple(seat.is_pausing for seat in session._supervisor.seats))

    told_while_it_runs(
        session, wishes, wishes.pause, remember, wishes.resume, remember, lambda: wishes.stop(work[0].id), wishes.stop
    )
    assert pausing == [(True, True), (False, False)]
    assert [fate.erasure and fate.erasure.outcome for fate in session.fates.values()] == ["interrupted"] * 2


@pytest.mark.parametrize("fails", ["", "interrupted"])
def test_ctrl_c_without_a_screen_stops_all(tmp_path: Path, fails: str) -> None:
    """The key that finds the screen dead still counts."""
    wishes, view = Wishes(), Watching(fails=fails)
    session = Session(jobs(tmp_path, "slow"), notebook(Home(tmp_path)), view, wishes, argv=STUB)
    told_while_it_runs(session, wishes, wishes.interrupt)
    (fate,) = session.fates.values()
    assert fate.erasure and fate.erasure.outcome == "interrupted"


def test_signals_are_wishes_and_are_given_back() -> None:
    wishes, before = Wishes(), signal.getsignal(signal.SIGHUP)
    with signals_as(wishes):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
        time.sleep(0.05)
    assert list(wishes.take()) == [Wish("interrupt"), Wish("stop"), Wish("stop")]
    assert signal.getsignal(signal.SIGHUP) == before and list(wishes.take()) == []


def test_only_the_second_ctrl_c_abandons() -> None:
    job = jobs(Path("/nowhere"), "a")[0]
    seat, wishes = Seat(job=job, media=job.media, child=None), Wishes()  # type: ignore[arg-type]
    stop_then_abandon([seat], wishes)
    assert list(wishes.take()) == [Wish("stop")]
    seat.is_stopping = True
    stop_then_abandon([seat], wishes)
    assert list(wishes.take()) == [Wish("abandon", job.id)]
