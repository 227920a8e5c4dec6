"""One process for one disk: `python -m agent.wipe.worker`, started by the supervisor, fed and heard by lines of JSON.

A disk that hangs hangs this process alone. It ignores Ctrl-C (the supervisor decides) and stops at the next checkpoint
when the supervisor is gone. Whatever happens, its last line says how it ended.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from agent.erasure import Erasure, Reason
from agent.errors import InputRefused, RebondError
from agent.host import Host
from agent.wipe.conclude import conclude
from agent.wipe.device import DiskError, Stopped, Wish
from agent.wipe.engine import carry_out, look
from agent.wipe.job import Claimed, Ended, Event, Job, Looked, NotClaimed, Order, Progress, Rehearsed, Trouble
from agent.wipe.journal import Journal, Opened
from agent.wipe.reasons import NOT_BEGUN
from agent.wipe.state import fold
from agent.wipe.target import ClaimRefused, Target, claim

HEARTBEAT_S = 1.0
_GO_S = 0.02
_ENDS = ("stop", "cut")


@dataclass(frozen=True, slots=True)
class Tools:
    """What does the work; tests put stand-ins for the engine here."""

    claim: Callable[..., Target] = claim
    carry_out: Callable[..., Erasure] = carry_out
    look: Callable[..., Looked] = look


class Line:
    """The line to the supervisor. A thread reads orders, a thread writes events: the engine waits for neither.

    Of unsent progress only the latest is kept: a supervisor that is stopped or slow never slows a disk down.
    """

    def __init__(self, stdin: BinaryIO, stdout: BinaryIO) -> None:
        self._stdin, self._stdout = stdin, stdout
        self._wish: Wish = "continue"
        self._is_go = False
        self._changed = threading.Condition()
        self._waiting: deque[Event] = deque()
        self._last: Progress | None = None
        self._told_at = time.monotonic()
        self._is_closing = self._is_cut = False
        self._writer = threading.Thread(target=self._write, daemon=True)

    def open(self) -> Job | None:
        """The job, once it has come; None when there is none to come."""
        raw = self._stdin.readline()
        try:
            job = msgspec.json.decode(raw, type=Job) if raw else None
        except msgspec.DecodeError:
            job = None
        if job is not None:
            threading.Thread(target=self._read, daemon=True).start()
            self._writer.start()
        return job

    def wait_for_go(self) -> bool:
        """True on `go`, False when told to stop, or when nobody is there any more."""
        while not self._is_go and self._wish not in _ENDS:
            time.sleep(_GO_S)  # a flag, not a lock: a signal may come in the middle of waiting
        return self._wish not in _ENDS

    # --- as the engine's Link -----------------------------------------------------------------------------------------

    def tell(self, event: object) -> None:
        assert isinstance(event, Event)
        with self._changed:
            if isinstance(event, Progress):
                self._last, self._told_at = event, time.monotonic()
                if self._waiting and isinstance(self._waiting[-1], Progress):
                    self._waiting.pop()
            self._waiting.append(event)
            self._changed.notify()

    def wish(self) -> Wish:
        return self._wish

    def cut(self) -> None:
        """Nobody says so, but it must end: the supervisor is gone, or the PC is shutting down.

        Also called by a signal: no lock may be taken here.
        """
        if self._wish != "stop":
            self._wish = "cut"

    def close(self) -> None:
        """Everything told is written, or nobody reads it any more."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._writer.join()

    # --- the two threads ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        for raw in iter(self._stdin.readline, b""):
            try:
                order = msgspec.json.decode(raw, type=Order)
            except msgspec.DecodeError:
                continue
            if order.do == "stop":
                self._wish = "stop"
            elif self._wish in _ENDS:
                continue  # a stop is not taken back
            elif order.do == "go":
                self._is_go = True
            else:
                self._wish = order.do
        self.cut()

    def _write(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._is_closing:
                    self._changed.wait(HEARTBEAT_S)
                event = self._waiting.popleft() if self._waiting else None
                is_over = event is None and self._is_closing
            if is_over:
                return
            event = event or self._heartbeat()
            if event is not None and not self._is_cut:
                self._send(msgspec.json.encode(event) + b"\n")

    def _heartbeat(self) -> Progress | None:
        if self._last is None:
            return None
        return msgspec.structs.replace(self._last, silent_s=int(time.monotonic() - self._told_at))

    def _send(self, line: bytes) -> None:
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._stdout.fileno(), rest) :]
        except OSError:  # nobody reads: the journal still says everything
            self._is_cut = True
            self.cut()


def serve(line: Line, tools: Tools | None = None) -> int:
    """One job from its first line to its last event. 0: it said how it ended; 2: there was no job."""
    tools = tools or Tools()
    job = line.open()
    if job is None:
        return 2
    try:
        line.tell(_last_word(job, line, tools))
    finally:
        line.close()
    return 0


def _last_word(job: Job, line: Line, tools: Tools) -> Event:
    line.tell(Progress(phase="claiming"))
    try:
        target = tools.claim(job, Host(), home=str(Path(job.journal).parent))
    except ClaimRefused as refused:
        return NotClaimed(reason=refused.reason)
    except Exception as error:  # noqa: BLE001 - whatever it is, the disk is not ours and nothing was written
        return NotClaimed(reason=_surprise("claim-failed", error))
    with contextlib.closing(target):
        line.tell(Claimed(media=target.media))
        if job.purpose == "rehearse":
            return Rehearsed(media=target.media)
        if job.purpose == "look":
            return _look(job, target, line, tools)
        line.tell(Progress(phase="ready"))
        if not line.wait_for_go():
            return NotClaimed(reason=NOT_BEGUN)
        return _erase(job, target, line, tools)


def _look(job: Job, target: Target, line: Line, tools: Tools) -> Event:
    try:
        return tools.look(job, target, line)
    except Stopped:
        return NotClaimed(reason=NOT_BEGUN)
    except Exception as error:  # noqa: BLE001 - nothing was written; the reader learns why there is no answer
        return NotClaimed(reason=_surprise("look-failed", error))


def _erase(job: Job, target: Target, line: Line, tools: Tools) -> Event:
    """From here on the disk may change: every way out tells an Erasure."""
    try:
        journal = _journal(job)
    except InputRefused as refused:
        return NotClaimed(reason=Reason(rule="journal-refused", fr=refused.fr, en=refused.en))
    except (RebondError, OSError) as error:  # nothing may be erased that cannot be journalled
        return NotClaimed(reason=_surprise("journal-failed", error))
    try:
        return Ended(erasure=tools.carry_out(job, target, journal, line))
    except Exception as error:  # noqa: BLE001 - one disk's surprise must not leave the others' supervisor without a word
        said = _surprise("engine-failed", error)
        line.tell(Trouble(fr=said.fr, en=said.en))
        return Ended(erasure=conclude(fold(journal.entries)))
    finally:
        journal.close()


def _journal(job: Job) -> Journal:
    path = Path(job.journal)
    if job.is_resumed:
        return _gone_on_with(job, Journal.reopen(path))
    job = msgspec.structs.replace(job, psid=None)  # a secret of the disk's holder: sent, never kept
    return Journal.create(path, Opened(job=job, at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))


def _gone_on_with(job: Job, journal: Journal) -> Journal:
    """The journal of this very authorisation, and not used up yet; InputRefused otherwise."""
    state = fold(journal.entries)
    is_its = state.job.id == job.id and (state.job.media.serial, state.job.media.wwn) == (
        job.media.serial,
        job.media.wwn,
    )
    if is_its and state.finished is None:
        return journal
    journal.close()
    if is_its:
        raise InputRefused(
            fr="Cet effacement est déjà terminé. Demandez-en un nouveau.",
            en="This erasure has already ended. Ask for a new one.",
        )
    raise InputRefused(
        fr="Ce journal est celui d'un autre effacement. Rien n'a été touché.",
        en="This journal is another erasure's. Nothing was touched.",
    )


def _surprise(rule: str, error: Exception) -> Reason:
    if isinstance(error, RebondError):
        return Reason(rule=rule, fr=error.fr, en=error.en)
    said = error.said if isinstance(error, DiskError) else f"{type(error).__name__}: {error}"[:300]
    return Reason(
        rule=rule,
        fr=f"Une panne que Rebond ne connaît pas a arrêté le travail sur ce disque ({said}).",
        en=f"A fault that Rebond does not know ended the work on this disk ({said}).",
    )


def main(tools: Tools | None = None) -> int:
    line = Line(sys.stdin.buffer, sys.stdout.buffer)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for asked in (signal.SIGTERM, signal.SIGHUP):  # shutting down: to the next checkpoint, no further
        signal.signal(asked, lambda *_: line.cut())
    return serve(line, tools)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a thread may be blocked in reading the supervisor's pipe: nothing is left to be done
