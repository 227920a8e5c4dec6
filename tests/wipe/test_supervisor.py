"""Many workers under one supervisor, with a stand-in for the engine: no disk's trouble is another's."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.erasure import Media
from agent.wipe.job import Answered, Claimed, Ended, Event, Job, NotClaimed, Plan, Progress, Trouble
from agent.wipe.journal import Interrupted, read_journal
from agent.wipe.supervisor import Patience, Seat, Supervisor

pytestmark = pytest.mark.programs
STUB = (sys.executable, "-P", "-m", "tests.wipe.stub_worker")
CALM = Patience(stop_s=10.0)  # a busy machine may take seconds to start a few workers
QUICK = Patience(quiet_s=2.5, hang_s=4.0, stop_s=0.5, claim_s=30.0)


class Bench:
    """Runs jobs named by their behaviour, says `go` to all, and remembers every event."""

    def __init__(self, folder: Path, *kinds: str, patience: Patience = CALM, goes: bool = True) -> None:
        self.jobs = [job(folder, kind, number) for number, kind in enumerate(kinds)]
        self.heard: dict[str, list[Event]] = {kind: [] for kind in kinds}
        self.supervisor = Supervisor(self.jobs, self._hear, argv=STUB, patience=patience)
        self.folder, self.goes = folder, goes

    def _hear(self, seat: Seat, event: Event) -> None:
        self.heard[seat.media.serial or ""].append(event)
        if isinstance(event, Claimed) and self.goes:
            self.supervisor.order("go", seat.job.id)

    def run(self, each: Callable[["Bench"], None] = lambda _: None, limit_s: float = 20) -> dict[str, Event]:
        until = time.monotonic() + limit_s
        with self.supervisor as supervisor:
            while supervisor.pump(0.05):
                assert time.monotonic() < until, {kind: events[-1:] for kind, events in self.heard.items()}
                each(self)
            self.seats = supervisor.seats
        return {kind: events[-1] for kind, events in self.heard.items()}

    def seats_now(self) -> tuple[Seat, ...]:
        return self.supervisor.seats

    def id_of(self, kind: str) -> str:
        return next(job.id for job in self.jobs if job.media.serial == kind)

    def pid_of(self, kind: str) -> int | None:
        path = self.folder / f"{kind}.pid"
        return int(path.read_text() or 0) or None if path.exists() else None

    def journal(self, kind: str) -> list[Any]:
        return read_journal(Path(next(job.journal for job in self.jobs if job.media.serial == kind)))


def job(folder: Path, kind: str, number: int) -> Job:
    media = Media(name=f"sd{chr(97 + number)}", serial=kind, size_bytes=1 << 20)
    job_id = f"{number:032x}"
    return Job(id=job_id, media=media, plan=Plan(steps=(), level="clear"), journal=str(folder / f"{job_id}.journal"))


def outcome(event: Event) -> str:
    assert isinstance(event, Ended), event
    return event.erasure.outcome


def once(do: Callable[[Bench], bool]) -> Callable[[Bench], None]:
    """Until it has worked once."""
    state = {"done": False}

    def each(bench: Bench) -> None:
        state["done"] = state["done"] or do(bench)

    return each


def kill(kind: str, number: int = signal.SIGKILL) -> Callable[[Bench], bool]:
    def do(bench: Bench) -> bool:
        pid = bench.pid_of(kind)
        if pid:
            os.kill(pid, number)
        return bool(pid)

    return do


def running(*kinds: str) -> Callable[[Bench], bool]:
    return lambda bench: all(bench.pid_of(kind) for kind in kinds)


def test_each_worker_claims_waits_and_tells_its_end(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "a", "b")
    ends = bench.run()
    for kind, events in bench.heard.items():
        assert [type(one) for one in events if isinstance(one, Claimed | Ended)] == [Claimed, Ended]
        assert isinstance(events[0], Progress) and events[0].phase == "claiming"
        assert outcome(ends[kind]) == "failed"  # the stand-in does nothing, so it proves nothing
        assert (tmp_path / f"{kind}.closed").exists()
    assert all(seat.child.returncode == 0 for seat in bench.seats)


def test_nothing_is_begun_without_go(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "a", goes=False)
    began = time.monotonic()

    def stop_later(bench: Bench) -> None:
        if time.monotonic() - began > 1.5:
            bench.supervisor.order("stop")

    ends = bench.run(stop_later)
    end = ends["a"]
    assert isinstance(end, NotClaimed) and end.reason.rule == "given-back"
    assert any(isinstance(one, Claimed) for one in bench.heard["a"])
    assert not list(tmp_path.glob("*.journal"))


def test_a_killed_worker_is_an_interrupted_erasure_and_harms_no_other(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "slow-1", "slow-2", "a")

    killing = once(kill("slow-1"))

    def each(bench: Bench) -> None:
        killing(bench)
        if running("slow-2")(bench) and any(isinstance(one, Ended) for one in bench.heard["slow-1"]):
            bench.supervisor.order("stop")

    ends = bench.run(each)
    end = ends["slow-1"]
    assert outcome(end) == "interrupted" and isinstance(end, Ended)
    assert end.erasure.began_at and end.erasure.ended_at is None and end.erasure.interruptions[0].why == "killed"
    assert any(why.rule == "worker-died" for why in end.erasure.why)
    assert isinstance(bench.journal("slow-1")[-1], Interrupted)
    assert any(isinstance(one, Trouble) for one in bench.heard["slow-1"])
    slow = ends["slow-2"]
    assert isinstance(slow, Ended) and slow.erasure.interruptions[0].why == "stopped"
    assert not any(isinstance(one, Trouble) for kind in ("slow-2", "a") for one in bench.heard[kind])


@pytest.mark.parametrize(
    ("kind", "rule"), [("refused", "mounted"), ("claim-crash", "claim-failed"), ("claim-hang", "no-answer")]
)
def test_a_claim_that_fails_says_so(tmp_path: Path, kind: str, rule: str) -> None:
    hasty = Patience(claim_s=4.0) if kind == "claim-hang" else CALM
    bench = Bench(tmp_path, kind, "a", patience=hasty)
    try:
        ends = bench.run()
    finally:
        if kind == "claim-hang":
            os.kill(bench.supervisor.seats[0].child.pid, signal.SIGKILL)
    end = ends[kind]
    assert isinstance(end, NotClaimed) and end.reason.rule == rule
    assert len(list(tmp_path.glob("*.journal"))) == 1 and isinstance(ends["a"], Ended)


@pytest.mark.parametrize("kind", ["crash", "out"])
def test_an_unexpected_fault_is_told_and_is_no_success(tmp_path: Path, kind: str) -> None:
    bench = Bench(tmp_path, kind)
    end = bench.run()[kind]
    assert outcome(end) == "interrupted"
    assert any(isinstance(one, Trouble) for one in bench.heard[kind])


def test_garbage_on_the_line_is_passed_over(tmp_path: Path) -> None:
    assert outcome(Bench(tmp_path, "noise").run()["noise"]) == "failed"


@pytest.mark.parametrize("kind", ["hang", "frozen"])
def test_a_hung_disk_is_told_then_left_behind(tmp_path: Path, kind: str) -> None:
    """`hang`: the call blocks and the heart beats; `frozen`: the whole process is silent."""
    bench = Bench(tmp_path, kind, "a", patience=QUICK)
    try:
        end = bench.run()[kind]
        assert isinstance(end, Ended) and end.erasure.outcome == "failed" and end.erasure.ended_at
        assert end.erasure.why[0].rule == "no-answer" and "ne répond plus" in end.erasure.why[0].fr
        assert end.erasure.validation is not None and end.erasure.validation.decision == "reject"
        troubles = [one for one in bench.heard[kind] if isinstance(one, Trouble)]
        assert len(troubles) == 1 and "ne répond plus depuis" in troubles[0].fr
        assert "les autres disques continuent" in troubles[0].fr and "Débranchez" not in troubles[0].fr  # not yet
        assert bench.seats[0].is_left and not bench.seats[1].is_left
        os.kill(bench.pid_of(kind) or 0, 0)  # it was not killed
    finally:
        kill(kind)(bench)


def test_a_disk_that_answers_again_after_its_silence_was_told_says_so_and_goes_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "slow-frozen", "slow", patience=Patience(quiet_s=2.5, hang_s=60.0))

    def each(bench: Bench) -> None:
        heard = bench.heard["slow-frozen"]
        if any(isinstance(one, Answered) for one in heard):
            bench.supervisor.order("stop")
        elif any(isinstance(one, Trouble) for one in heard):
            kill("slow-frozen", signal.SIGCONT)(bench)

    try:
        ends = bench.run(each)
    except AssertionError:
        kill("slow-frozen")(bench)
        raise
    told = [one for one in bench.heard["slow-frozen"] if isinstance(one, Trouble | Answered)]
    assert [(type(one), one.fr) for one in told[1:]] == [(Answered, "sda répond de nouveau.")]
    assert isinstance(told[0], Trouble) and told[0].is_silence
    assert {outcome(end) for end in ends.values()} == {"interrupted"}
    assert not any(isinstance(one, Trouble | Answered) for one in bench.heard["slow"])


def test_a_stop_that_is_not_obeyed_ends_in_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "hang", "slow", patience=Patience(stop_s=0.5))
    ready = once(lambda bench: running("hang", "slow")(bench) and (bench.supervisor.order("stop") or True))
    try:
        ends = bench.run(ready, limit_s=8)
        assert outcome(ends["hang"]) == "failed" and outcome(ends["slow"]) == "interrupted"
        slow = ends["slow"]
        assert isinstance(slow, Ended) and slow.erasure.interruptions[0].why == "stopped"
    finally:
        kill("hang")(bench)


def test_a_disk_that_erases_itself_is_waited_for_until_a_person_says_otherwise(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "firmware-hang", patience=QUICK)
    stopped: list[float] = []

    def each(bench: Bench) -> None:
        if not stopped and bench.pid_of("firmware-hang"):
            bench.supervisor.order("stop")
            stopped.append(time.monotonic())
        if stopped and time.monotonic() - stopped[0] > 3.5:
            bench.supervisor.abandon(bench.id_of("firmware-hang"))

    try:
        end = bench.run(each)["firmware-hang"]
        assert outcome(end) == "failed" and time.monotonic() - stopped[0] > 3.5
        trouble = next(one for one in bench.heard["firmware-hang"] if isinstance(one, Trouble))
        assert "Ne le débranchez pas" in trouble.fr
        os.kill(bench.pid_of("firmware-hang") or 0, 0)
    finally:
        kill("firmware-hang")(bench)


def test_pause_holds_and_goes_on_and_a_pause_is_no_silence(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "slow-1", "slow-2")
    seen: list[str] = []

    def each(bench: Bench) -> None:
        last = {kind: events[-1] for kind, events in bench.heard.items() if events}
        paused = {kind: isinstance(one, Progress) and one.is_paused for kind, one in last.items()}
        if not seen and running("slow-1", "slow-2")(bench):
            bench.supervisor.order("pause", bench.id_of("slow-1"))
            seen.append("asked")
        elif seen == ["asked"] and paused["slow-1"]:
            assert not paused["slow-2"]
            bench.supervisor.order("continue", bench.id_of("slow-1"))
            seen.append("paused")
        elif seen == ["asked", "paused"] and not paused["slow-1"]:
            bench.supervisor.order("stop")
            seen.append("went on")

    ends = bench.run(each)
    assert seen == ["asked", "paused", "went on"] and {outcome(end) for end in ends.values()} == {"interrupted"}


@pytest.mark.parametrize("kind", ["paused-then-frozen", "paused-then-hangs"])
def test_a_disk_that_hangs_in_a_pause_or_right_after_it_is_left_behind(tmp_path: Path, kind: str) -> None:
    bench = Bench(tmp_path, kind, patience=QUICK)
    asked: list[str] = []

    def each(bench: Bench) -> None:
        last = bench.heard[kind][-1] if bench.heard[kind] else None
        if not asked and running(kind)(bench):
            bench.supervisor.order("pause")
            asked.append("pause")
        elif asked == ["pause"] and isinstance(last, Progress) and last.is_paused and kind != "paused-then-frozen":
            bench.supervisor.order("continue")
            asked.append("continue")

    try:
        end = bench.run(each)[kind]
        assert isinstance(end, Ended) and end.erasure.why[0].rule == "no-answer"
    finally:
        kill(kind)(bench)


def test_an_order_that_does_not_fit_into_the_pipe_is_not_lost(tmp_path: Path) -> None:
    """A worker that was stopped for a while reads its orders later: the `continue` of a pause must be among them."""
    bench = Bench(tmp_path, "slow")
    done: list[str] = []

    def each(bench: Bench) -> None:
        pid = bench.pid_of("slow")
        if not done and pid:
            os.kill(pid, signal.SIGSTOP)
            for _ in range(10_000):
                bench.supervisor.order("pause")
            bench.supervisor.order("continue")
            assert bench.seats_now()[0].unsent
            os.kill(pid, signal.SIGCONT)
            done.append("filled")
        elif done == ["filled"] and not bench.seats_now()[0].unsent:
            done.append("sent")
            done.append(str(len(bench.heard["slow"])))
        elif len(done) == 3 and len(bench.heard["slow"]) > int(done[2]) + 20:
            last = bench.heard["slow"][-1]
            assert isinstance(last, Progress) and not last.is_paused
            bench.supervisor.order("stop")

    assert outcome(bench.run(each)["slow"]) == "interrupted"


def test_a_stop_is_not_taken_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "slow")

    def do(bench: Bench) -> bool:
        if running("slow")(bench):
            for order in ("pause", "stop", "continue", "go"):
                bench.supervisor.order(order)  # type: ignore[arg-type]
        return running("slow")(bench)

    assert outcome(bench.run(once(do), limit_s=8)["slow"]) == "interrupted"


def test_ctrl_c_is_the_supervisors_business_and_sigterm_stops(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "slow")
    state: dict[str, float] = {}

    def each(bench: Bench) -> None:
        pid = bench.pid_of("slow")
        if pid and "int" not in state:
            state["int"] = time.monotonic()
            os.kill(pid, signal.SIGINT)
        if pid and "term" not in state and time.monotonic() - state["int"] > 0.5:
            assert isinstance(bench.heard["slow"][-1], Progress)
            state["term"] = time.monotonic()
            os.kill(pid, signal.SIGTERM)

    end = bench.run(each)["slow"]
    assert "term" in state and isinstance(end, Ended) and end.erasure.interruptions[0].why == "killed"


def test_a_torn_journal_of_a_dead_worker_proves_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "slow")

    def do(bench: Bench) -> bool:
        if not running("slow")(bench):
            return False
        path = Path(bench.jobs[0].journal)
        path.write_bytes(b"0" * 8 + b" {}\n" + path.read_bytes())
        return kill("slow")(bench)

    end = bench.run(once(do))["slow"]
    assert isinstance(end, Ended) and end.erasure.outcome == "interrupted" and end.erasure.level is None
    assert end.erasure.why[0].rule == "journal-lost"


def test_when_the_supervisor_is_killed_its_workers_stop_by_themselves(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tests.wipe.test_supervisor import Bench\n"
        f"Bench(Path({str(tmp_path)!r}), 'slow-1', 'slow-2').run(limit_s=60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    try:
        _wait(lambda: all((tmp_path / f"slow-{n}.pid").exists() for n in (1, 2)))
        child.kill()
        child.wait()
        _wait(lambda: all((tmp_path / f"slow-{n}.closed").exists() for n in (1, 2)))
    finally:
        child.kill()
        child.wait()
    for number in (0, 1):
        last = read_journal(tmp_path / f"{number:032x}.journal")[-1]
        assert isinstance(last, Interrupted) and last.why == "killed"  # nobody stopped them by hand


def _wait(ready: Callable[[], bool], limit_s: float = 15) -> None:
    until = time.monotonic() + limit_s
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.02)
