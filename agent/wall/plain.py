"""The session as plain lines, for a pipe or a terminal that cannot draw; and as JSON lines, for programs."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from agent.bulk.carrying import Unwatched
from agent.wall.news import told_of
from agent.wall.rows import phase_of, progress_of, rate_of, time_of, token_of
from agent.wipe.job import Event, Progress
from agent.wipe.supervisor import Seat

_EVERY_S = 30.0
_STOPPING = (
    "Arrêt demandé : chaque disque s'arrête à son prochain point sûr. Ctrl-C encore une fois : ne plus attendre.",
    "Stop asked for: each disk stops at its next safe point. Ctrl-C once more: wait no longer.",
)
_ABANDONING = ("On n'attend plus. Rien ne sera prouvé.", "Waiting no longer. Nothing will be proven.")


class Plain(Unwatched):
    """A line when a disk's phase changes, when something is wrong, and every half minute."""

    def __init__(self, lang: str, tell: Callable[[str], None]) -> None:
        self.lang, self._tell = lang, tell
        self._phases: dict[str, str] = {}
        self._told_at: dict[str, float] = {}

    def heard(self, seat: Seat, event: Event) -> None:
        now, job, phase = time.monotonic(), seat.job.id, phase_of(seat, self.lang)
        told = told_of(event, self.lang)
        if told:
            self._line(seat, told)
        if self._phases.get(job) != phase and not phase.startswith(("muet", "silent")):
            self._line(seat, phase)
        elif isinstance(event, Progress) and now - self._told_at.get(job, now) >= _EVERY_S:
            heat = f"{event.temperature_c} °C" if event.temperature_c is not None else ""
            bad = f"{event.bad_sectors} err" if event.bad_sectors else ""
            parts = (phase, progress_of(event, self.lang), rate_of(event.rate_bps, self.lang), time_of(event.eta_s),
                     heat, bad)  # fmt: skip
            self._line(seat, "  ".join(filter(None, parts)))
        else:
            return
        self._phases[job], self._told_at[job] = phase, now

    def interrupted(self, seats: Sequence[Seat]) -> None:
        super().interrupted(seats)
        is_first = any(not seat.is_stopping for seat in seats if not seat.is_over)
        self._tell(_STOPPING[self.lang == "en"] if is_first else _ABANDONING[self.lang == "en"])

    def _line(self, seat: Seat, text: str) -> None:
        self._tell(f"{token_of(seat)} : {text}" if self.lang != "en" else f"{token_of(seat)}: {text}")


class JsonLines(Unwatched):
    """Each event with the disk's serial and name, one JSON document a line.

    Once a second for each disk at work: phase, bytes done of all, permille, rate, time left, temperature, bad sectors.
    """

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self._tell = tell

    def heard(self, seat: Seat, event: Event) -> None:
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._tell({
            "at": at, "id": seat.job.id, "serial": seat.media.serial or seat.media.wwn, "name": seat.media.name,
            "event": event,
        })  # fmt: skip
