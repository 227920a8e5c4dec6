"""What people wish while disks are erased: heard from any thread and from signals, obeyed by the session's own thread.

A program without a terminal, a full-screen one, and a signal handler all do the same: they put a wish down, and go on.
"""

import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from agent.wipe.supervisor import Seat

# "interrupt" is Ctrl-C: the view says what it means. "abandon": wait no longer for a disk that does not stop.
Do = Literal["pause", "continue", "stop", "abandon", "interrupt"]


@dataclass(frozen=True, slots=True)
class Wish:
    do: Do
    job_id: str | None = None  # None: all


class Wishes:
    """Thread-safe, and safe in a signal handler: a deque needs no lock."""

    def __init__(self) -> None:
        self._waiting: deque[Wish] = deque()

    def stop(self, job_id: str | None = None) -> None:
        """At the disk's next checkpoint; it may be gone on with later."""
        self.add(Wish("stop", job_id))

    def pause(self, job_id: str | None = None) -> None:
        self.add(Wish("pause", job_id))

    def resume(self, job_id: str | None = None) -> None:
        self.add(Wish("continue", job_id))

    def abandon(self, job_id: str) -> None:
        """Wait no longer for this disk; nothing about it is proven. Only ever because a person said so."""
        self.add(Wish("abandon", job_id))

    def interrupt(self) -> None:
        self.add(Wish("interrupt"))

    def add(self, wish: Wish) -> None:
        self._waiting.append(wish)

    def take(self) -> Iterator[Wish]:
        """All that were put down, also those that come meanwhile; each once."""
        while self._waiting:
            yield self._waiting.popleft()


def stop_then_abandon(seats: Sequence[Seat], wishes: Wishes) -> None:
    """Ctrl-C where nobody can be asked. Once: stop all. Again: wait no longer for those that cannot stop."""
    at_work = [seat for seat in seats if not seat.is_over]
    if any(not seat.is_stopping for seat in at_work):
        wishes.stop()
        return
    for seat in at_work:
        wishes.abandon(seat.job.id)


def signals_as(wishes: Wishes) -> AbstractContextManager[None]:
    """Ctrl-C interrupts; being told to end, or a terminal that hangs up, stops all. For a program's main thread."""
    return _handling({
        signal.SIGINT: lambda *_: wishes.interrupt(),
        signal.SIGTERM: lambda *_: wishes.stop(),
        signal.SIGHUP: lambda *_: wishes.stop(),
    })  # fmt: skip


def signals_as_interrupt() -> AbstractContextManager[None]:
    """While nothing is begun: all three end it, and the terminal is put back as it was."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    return _handling(dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), interrupt))


@contextmanager
def _handling(handlers: Mapping[int, Callable[..., None]]) -> Iterator[None]:
    before: dict[int, Any] = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
