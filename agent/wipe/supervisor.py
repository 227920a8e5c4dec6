"""Many disks at once: one worker process each, all heard by one thread. A disk that hangs or dies harms no other.

No worker is ever killed: one that does not answer is left behind. Its line is cut, so that it stops at its next
checkpoint if it ever comes back, and its disk counts as failed. What a dead worker did is read from its journal.
"""

import contextlib
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from agent.erasure import Erasure, Media, Validation
from agent.errors import RebondError
from agent.wipe import reasons as why
from agent.wipe.conclude import conclude
from agent.wipe.job import Answered, Claimed, Ended, Event, Job, Looked, NotClaimed, Order, Progress, Rehearsed, Trouble
from agent.wipe.journal import Interrupted, Journal, read_journal
from agent.wipe.refusals import reason
from agent.wipe.state import fold

WORKER = (sys.executable, "-P", "-m", "agent.wipe.worker")
_LINE_MOST = 64 << 20  # bytes: the evidence of a very bad disk; more is garbage
_STDERR_KEPT = 2000
_REAP_S = 5.0
_LAST = (Ended, Looked, Rehearsed, NotClaimed)

State = Literal["starting", "claimed", "running", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long silence is borne, in seconds. A disk in the middle of its own erase command may be silent for hours."""

    quiet_s: float = 30.0  # then a person is told
    hang_s: float = (
        900.0  # then the disk is left behind, unless it is erasing itself; longer than the engine's own limit
    )
    stop_s: float = 45.0  # after a stop
    claim_s: float = 300.0


@dataclass(slots=True, kw_only=True)
class Seat:
    """One disk at the bench, as the supervisor sees it. Read by the screens, written here only."""

    job: Job
    media: Media
    child: subprocess.Popen[bytes]
    state: State = "starting"
    progress: Progress | None = None
    last: Event | None = None  # Ended, Looked, Rehearsed or NotClaimed
    is_pausing: bool = False
    is_stopping: bool = False
    is_left: bool = False
    quiet_s: int = 0  # since the disk's work was last heard of
    heard_at: float = 0.0
    beat_at: float = 0.0  # since anything came at all: a paused worker has no work to tell of, but its heart beats
    stop_at: float | None = None
    told_quiet: bool = False
    buffer: bytearray = field(default_factory=bytearray)
    unsent: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)

    @property
    def is_over(self) -> bool:
        return self.state == "ended"

    @property
    def erases_itself(self) -> bool:
        """The disk has a firmware erase command, which nothing can stop and which may block for hours."""
        return self.progress is not None and self.progress.phase == "erasing"


Hear = Callable[[Seat, Event], None]


class Supervisor:
    """`with Supervisor(jobs, hear) as it: while it.pump(0.2): …`. `hear` gets every event, in order, in this thread.

    A worker waits after `Claimed` until `order("go", …)`: whoever hears it first makes the deed known.
    """

    def __init__(
        self, jobs: Sequence[Job], hear: Hear, *, argv: Sequence[str] = WORKER, patience: Patience | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._hear, self._argv, self._monotonic = hear, tuple(argv), monotonic
        self._patience = patience or Patience()
        self._selector = selectors.DefaultSelector()
        self.seats: tuple[Seat, ...] = ()
        self._jobs = tuple(jobs)

    def __enter__(self) -> "Supervisor":
        try:
            for job in self._jobs:
                self._start(job)
        except BaseException:  # no more processes: those that wait for their `go` will never get it
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Every line is cut: a worker that still runs stops at its next checkpoint."""
        for seat in self.seats:
            self._let_go(seat)
        until = self._monotonic() + _REAP_S
        for seat in self.seats:
            if not seat.is_left:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    seat.child.wait(timeout=max(0.0, until - self._monotonic()))
            if seat.child.poll() is None:
                seat.child.returncode = 0  # stuck in the kernel: not ours to reap; keeps Popen from complaining
        self._selector.close()

    def order(self, do: Literal["go", "pause", "continue", "stop"], job_id: str | None = None) -> None:
        """To one disk, or to all that are still at work."""
        for seat in self.seats:
            if seat.is_over or job_id not in (None, seat.job.id):
                continue
            if do == "stop" and not seat.is_stopping:
                seat.is_stopping, seat.stop_at = True, self._monotonic()
            elif do in ("pause", "continue"):
                seat.is_pausing = do == "pause"
            elif do == "go":
                seat.state = "running"
            self._send(seat, msgspec.json.encode(Order(do=do)) + b"\n")

    def abandon(self, job_id: str) -> None:
        """Do not wait for this disk any longer: only ever because a person said so."""
        for seat in self.seats:
            if seat.job.id == job_id and not seat.is_over:
                self._leave_behind(seat)

    def pump(self, timeout_s: float) -> bool:
        """Hear what has come, for at most this long; False once every disk has ended."""
        for key, _ in self._selector.select(timeout_s) if self._selector.get_map() else ():
            seat, what = key.data
            if seat.is_over:
                continue  # it ended while this round was heard: its descriptors are closed, perhaps another's by now
            if what == "stderr":
                self._read_stderr(seat, key.fd)
            else:
                self._read(seat, key.fd)
        for seat in self.seats:
            if not seat.is_over:
                self._send(seat, b"")
                self._watch(seat)
        return not all(seat.is_over for seat in self.seats)

    # --- one worker ---------------------------------------------------------------------------------------------------

    def _start(self, job: Job) -> None:
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        child = subprocess.Popen(
            self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
            start_new_session=True, cwd="/", env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        assert child.stdin is not None and child.stdout is not None and child.stderr is not None
        now = self._monotonic()
        seat = Seat(job=job, media=job.media, child=child, heard_at=now, beat_at=now)
        self.seats = (*self.seats, seat)
        for stream in (child.stdin, child.stdout, child.stderr):
            os.set_blocking(stream.fileno(), False)
        self._selector.register(child.stdout, selectors.EVENT_READ, (seat, "stdout"))
        self._selector.register(child.stderr, selectors.EVENT_READ, (seat, "stderr"))
        self._send(seat, msgspec.json.encode(job) + b"\n")

    def _send(self, seat: Seat, line: bytes) -> None:
        """What does not fit into the pipe goes later: an order that is lost leaves a disk paused for ever.

        A worker that is dead or reads nothing is found out by its silence.
        """
        seat.unsent += line
        if seat.child.stdin is not None and not seat.child.stdin.closed:
            with contextlib.suppress(OSError):
                while seat.unsent:
                    del seat.unsent[: os.write(seat.child.stdin.fileno(), seat.unsent)]

    def _read_stderr(self, seat: Seat, descriptor: int) -> None:
        with contextlib.suppress(BlockingIOError):
            said = os.read(descriptor, 1 << 16)
            if said:
                seat.stderr = (seat.stderr + said)[-_STDERR_KEPT:]
                return
            self._selector.unregister(descriptor)

    def _read(self, seat: Seat, descriptor: int) -> None:
        try:
            heard = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return
        if not heard:
            self._selector.unregister(descriptor)
            self._gone(seat)
            return
        seat.buffer += heard
        *lines, rest = seat.buffer.split(b"\n")
        seat.buffer = rest
        for line in lines:
            self._take(seat, bytes(line))
        if len(seat.buffer) > _LINE_MOST:
            seat.buffer.clear()

    def _take(self, seat: Seat, line: bytes) -> None:
        if seat.is_over:
            return
        try:
            event: Event = msgspec.json.decode(line, type=Event)
        except msgspec.DecodeError:
            return  # half a line of a worker that was killed while it wrote
        now = self._monotonic()
        seat.beat_at = now
        seat.heard_at = now - event.silent_s if isinstance(event, Progress) else now
        if isinstance(event, Progress):
            seat.progress = event
        elif isinstance(event, Claimed):
            seat.state, seat.media = "claimed", event.media
        if isinstance(event, _LAST):
            self._end(seat, event)
        else:
            self._hear(seat, event)

    def _end(self, seat: Seat, event: Event) -> None:
        seat.state, seat.last = "ended", event
        self._let_go(seat)
        self._hear(seat, event)

    def _let_go(self, seat: Seat) -> None:
        for stream in (seat.child.stdout, seat.child.stderr):
            if stream is not None and not stream.closed:
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(stream)
        for stream in (seat.child.stdin, seat.child.stdout, seat.child.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        seat.child.poll()  # one that lingers is reaped at the end: closing a dying disk may take its time

    # --- silence ------------------------------------------------------------------------------------------------------

    def _watch(self, seat: Seat) -> None:
        now, patience = self._monotonic(), self._patience
        is_paused = seat.progress is not None and seat.progress.is_paused
        waits_for_us = seat.state == "claimed"
        quiet = 0.0 if waits_for_us else now - (seat.beat_at if is_paused else seat.heard_at)
        seat.quiet_s = int(quiet)
        limit = patience.claim_s if seat.state == "starting" else patience.hang_s
        if quiet < patience.quiet_s:
            if seat.told_quiet:
                seat.told_quiet = False
                name = seat.media.name
                self._hear(seat, Answered(fr=f"{name} répond de nouveau.", en=f"{name} answers again."))
        elif not seat.told_quiet:
            seat.told_quiet = True
            self._hear(seat, _quiet(seat, limit))
        is_late = seat.stop_at is not None and now - seat.stop_at > patience.stop_s
        if (is_late or quiet > limit) and not seat.erases_itself:
            self._leave_behind(seat)

    def _leave_behind(self, seat: Seat) -> None:
        seat.is_left = True
        seat.quiet_s = max(seat.quiet_s, 1)
        said = reason("no-answer", seat.media.name, str(seat.quiet_s))
        erasure = self._by_journal(seat, "unplugged", has_left=True)
        if erasure is None:
            self._end(seat, NotClaimed(reason=said))
            return
        ended = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        reject = Validation(decision="reject", reasons=(said,))
        self._end(
            seat,
            Ended(
                erasure=msgspec.structs.replace(
                    erasure, outcome="failed", level=None, ended_at=ended, why=(said,), validation=reject
                )
            ),
        )

    # --- death --------------------------------------------------------------------------------------------------------

    def _gone(self, seat: Seat) -> None:
        """Its line was closed without a last word: killed, crashed, or out of memory."""
        if seat.is_over:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            seat.child.wait(timeout=_REAP_S)
        said = " ".join(seat.stderr.decode("utf-8", "replace").split())[-200:]
        self._hear(seat, Trouble(fr=why.DIED.fr, en=f"{why.DIED.en} {said}".strip()))
        erasure = self._by_journal(seat, "killed", has_left=seat.child.returncode is None)
        if erasure is None:
            self._end(seat, NotClaimed(reason=why.DIED))
        else:
            self._end(seat, Ended(erasure=msgspec.structs.replace(erasure, why=(*erasure.why, why.DIED))))

    def _by_journal(self, seat: Seat, cause: Literal["killed", "unplugged"], *, has_left: bool) -> Erasure | None:
        """What the journal says was done; None: it was never made, so not one byte was touched.

        Of a dead worker the cause is written down; of one that was left behind nothing: it may still write itself.
        """
        path = Path(seat.job.journal)
        if seat.job.purpose != "erase" or not path.exists():
            return None
        try:
            if has_left:
                return conclude(fold(read_journal(path)))
            journal = Journal.reopen(path)
            try:
                if fold(journal.entries).finished is None:
                    journal.add(Interrupted(at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), why=cause))
                return conclude(fold(journal.entries))
            finally:
                journal.close()
        except (RebondError, OSError, ValueError):
            return _without_journal(seat)


def _without_journal(seat: Seat) -> Erasure:
    reject = Validation(decision="reject", reasons=(why.JOURNAL_LOST,))
    return Erasure(
        id=seat.job.id,
        media=seat.media,
        found=seat.job.found,
        planned=tuple(step.technique for step in seat.job.plan.steps),
        operator=seat.job.operator,
        outcome="interrupted",
        why=(why.JOURNAL_LOST,),
        validation=reject,
    )


def _quiet(seat: Seat, limit_s: float) -> Trouble:
    """Not yet what to do: half a minute is nothing for a disk that tries a bad sector again and again."""
    if seat.erases_itself:
        return Trouble(
            fr="Le disque s'efface lui-même et ne dit rien pendant ce temps. Ne le débranchez pas.",
            en="The disk is erasing itself and tells nothing meanwhile. Do not unplug it.",
            is_silence=True,
        )
    name, seconds, most = seat.media.name, seat.quiet_s, -(-int(limit_s) // 60)
    return Trouble(
        fr=f"{name} ne répond plus depuis {seconds} s. Rebond l'attend, {most} min au plus ; "
        "les autres disques continuent.",
        en=f"{name} has not answered for {seconds} s. Rebond waits for it, {most} min at most; the other disks go on.",
        is_silence=True,
    )
