"""The engine's way of driving one eraser over power cuts, and its whole self over a twin's memory."""

import errno
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent.erasure import Erasure, Media, Technique
from agent.facts import Health
from agent.wipe.device import EraseFailed, Family, Gone, Noted, Refused
from agent.wipe.engine import Clock, carry_out
from agent.wipe.job import Job, Plan, Planned
from agent.wipe.journal import Journal, Opened

AT = "2026-01-05T10:00:00Z"
SUCCESS = ("purged", "cleared", "cleared_with_exceptions")
Make = Callable[[], Family]


def unheard(step: str, details: Mapping[str, str]) -> None:
    """A journal that nobody reads."""


class Driver:
    """Drives one erase as `wipe.firmware` does, journalling in memory what survives a power cut."""

    def __init__(self, twin: Any, make: Make, technique: Technique, cut: type[BaseException], polls: int = 40) -> None:
        self.twin, self.make, self.technique, self.cut, self.polls = twin, make, technique, cut, polls
        self.noted: list[Noted] = []
        self.accepted = False
        self.result = ""
        self.said = ""

    def note(self, step: str, details: Mapping[str, str]) -> None:
        assert self.twin.is_on
        self.noted.append(Noted(step=step, details=dict(details)))

    def run(self) -> str:
        """Until it ended; PowerCut passes through, and a second call goes on from the notes."""
        try:
            eraser = self.make().eraser(self.technique)
            if self.accepted or self.noted:
                eraser.resume(tuple(self.noted), self.note)
            else:
                self.note("sending", {})
                eraser.begin(self.note)
            self.accepted = True
            standing = eraser.poll()
            for _ in range(self.polls):
                if standing.state != "running":
                    break
                standing = eraser.poll()
            self.result, self.said = standing.state, standing.said
            if self.result == "done":
                eraser.settle(self.note)
        except Refused as refused:
            self.result, self.said = "refused", refused.said
        except EraseFailed as failed:
            self.result, self.said = "failed", failed.said
        except Gone as gone:
            self.result, self.said = "gone", gone.said
        return self.result

    def run_over_cuts(self, *cuts: tuple[int, str]) -> str:
        """Cuts of power before, during or after a command; "killed": our process only, right after it."""
        for at, moment in cuts:
            is_killed = moment == "killed"
            self.twin.cut_at = (at, "after" if is_killed else moment)
            try:
                self.run()
            except self.cut:
                self.twin.is_on = True
                if not is_killed:
                    self.twin.power_on()
                continue
            self.twin.cut_at = None
            return self.result
        return self.run()


# --- the whole engine -------------------------------------------------------------------------------------------------


class Surface:
    """BlockIO on the twin's memory: shut while it is `is_closed`."""

    def __init__(self, twin: Any, sector_bytes: int = 512) -> None:
        self.twin, self.sector_bytes = twin, sector_bytes
        self.size_bytes: int = twin.size_bytes

    def _open(self) -> None:
        if self.twin.is_closed or not self.twin.is_on:
            raise OSError(errno.EIO, "closed")

    def read_into(self, buffer: memoryview, offset_bytes: int) -> int:
        self._open()
        if getattr(self.twin, "is_unreadable", False):
            raise OSError(errno.EREMOTEIO, "write after sanitize required")
        found = self.twin.memory[offset_bytes : offset_bytes + len(buffer)]
        buffer[: len(found)] = found
        return len(found)

    def write_from(self, buffer: memoryview, offset_bytes: int) -> int:
        self._open()
        self.twin.memory[offset_bytes : offset_bytes + len(buffer)] = buffer
        if hasattr(self.twin, "written"):
            self.twin.written()
        return len(buffer)

    def flush(self) -> None:
        self._open()

    def forget(self) -> None:
        pass


class TwinDevice:
    def __init__(self, twin: Any, family: Family) -> None:
        self.twin, self.family, self.io = twin, family, Surface(twin)

    def power_word(self) -> str:
        return ""

    def recheck(self) -> None:
        self.family.identify()

    def resize(self) -> None:
        self.io.size_bytes = self.twin.size_bytes

    def health(self) -> Health | None:
        return None

    def temperature_c(self) -> int | None:
        return None


class Silent:
    def tell(self, event: object) -> None:
        pass

    def wish(self) -> str:
        return "continue"


def clock() -> Clock:
    """Sleeping is what passes the time; a tick at each look, so that no wait is for ever. The disk is asked who it is
    by the clock: one that runs at every look would have it asked hundreds of times.
    """
    seconds = 0.0

    def monotonic() -> float:
        nonlocal seconds
        seconds += 0.001
        return seconds

    def sleep(by: float) -> None:
        nonlocal seconds
        seconds += by

    return Clock(now=lambda: AT, monotonic=monotonic, sleep=sleep)


def run_engine(
    twin: Any,
    make: Make,
    media: Media,
    path: Path,
    *steps: Planned,
    resumed: bool = False,
    psid: str | None = None,
    plan: Plan | None = None,
) -> Erasure:
    job = Job(
        id="0" * 32, media=media, plan=plan or Plan(steps=steps, level=steps[0].level), journal=str(path),
        is_resumed=resumed, psid=psid,
    )  # fmt: skip
    journal = Journal.reopen(path) if resumed else Journal.create(path, Opened(job=job, at=AT))
    try:
        return carry_out(job, TwinDevice(twin, make()), journal, Silent(), clock())  # type: ignore[arg-type] # `wish` says less
    finally:
        journal.close()
