"""Disks that come or go after the PC was looked at: a late driver, a drawer pushed in, a cable that fails."""

from dataclasses import dataclass
from typing import Literal

Change = Literal["came", "went", "restless"]
_STEADY_S = 4.0  # of twelve disks that come one after the other, the last one counts
_LOOKS_MOST = 3  # a disk that comes and goes would have the PC looked at for ever
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
    """Names of disks, glance by glance, beside those that were there when the PC was looked at."""

    _seen: frozenset[str] | None = None  # at the last look; None: not looked at yet
    _now: frozenset[str] = frozenset()
    _since_s: float = 0.0
    _looks: int = 0
    _has_told: bool = False

    def looked_at(self, names: frozenset[str]) -> None:
        """The PC is looked at now, with these disks."""
        self._seen = self._now = names
        self._has_told = False

    def glance(self, names: frozenset[str], now_s: float) -> Change | None:
        """What has changed and lasts; each change is told once, and the third one by itself is the last."""
        if names != self._now:
            self._now, self._since_s = names, now_s
        if self._seen is None or names == self._seen or self._has_told or now_s - self._since_s < _STEADY_S:
            return None
        self._has_told = True
        self._looks += 1
        if self._looks > _LOOKS_MOST:
            return "restless"
        return "came" if names - self._seen else "went"
