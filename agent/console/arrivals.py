"""Disks that come or go after the PC was looked at: a late driver, a drawer pushed in, a cable that fails."""

from dataclasses import dataclass, field
from typing import Literal

Change = Literal["came", "went", "restless"]
_STEADY_S = 4.0  # of twelve disks that come one after the other, the last one counts
_LOOKS_MOST, _WITHIN_S = 6, 600.0  # a disk that comes and goes would have the PC looked at for ever
SENTENCES: dict[Change, tuple[str, str]] = {
    "came": (
        "Un disque vient d'apparaître : Rebond regarde de nouveau ce PC.",
        "A disk has just appeared: Rebond looks at this PC again.",
    ),
    "went": (
        "Un disque n'est plus là : Rebond regarde de nouveau ce PC.",
        "A disk is no longer there: Rebond looks at this PC again.",
    ),
    "restless": (
        "Un disque va et vient : vérifiez ses câbles, puis F5 sur le verdict.",
        "A disk comes and goes: check its cables, then F5 on the verdict.",
    ),
}


@dataclass
class Arrivals:
    """The disks of each glance, beside those that were there when the PC was looked at."""

    _seen: frozenset[str] | None = None  # at the last look; None: not looked at yet
    _now: frozenset[str] = frozenset()
    _since_s: float = 0.0
    _asked_s: list[float] = field(default_factory=list)  # when looks were asked for
    _is_restless: bool = False  # and was told so

    def looked_at(self, disks: frozenset[str]) -> None:
        """The PC is looked at now, with these disks."""
        self._seen = self._now = disks
        self._is_restless = False

    def glance(self, disks: frozenset[str], now_s: float) -> Change | None:
        """What has changed and lasts, until the PC is looked at. Too many changes in a short time are told once."""
        if disks != self._now:
            self._now, self._since_s = disks, now_s
        if self._seen is None or disks == self._seen or now_s - self._since_s < _STEADY_S:
            return None
        self._asked_s = [at for at in self._asked_s if now_s - at < _WITHIN_S]
        if len(self._asked_s) >= _LOOKS_MOST:
            was_told, self._is_restless = self._is_restless, True
            return None if was_told else "restless"
        self._asked_s.append(now_s)
        return "came" if disks - self._seen else "went"
