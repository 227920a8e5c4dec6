"""The eye on one running erasure: progress told once a second, the operator's orders, a disk too hot.

That a disk no longer answers at all cannot be seen from here (the call hangs): the supervisor sees it.
"""

from collections import deque
from collections.abc import Callable

from agent.wipe.device import Device, Link, Stopped, TooHot, Wish
from agent.wipe.job import Job, Phase, Progress

HOT_C = {"hdd": 65}
HOT_FLASH_C = 75
COOL_BY_C = 5  # go on when it is this much cooler
COOL_MOST_S = 3600.0  # a disk that is not cooler by then waits for a person with a fan
_TELL_S, _TEMPERATURE_S, _COOLING_S, _WINDOW_S = 1.0, 60.0, 10.0, 15.0
RECHECK_S = 5.0  # asking the kernel who the disk is takes milliseconds: a chunk takes no longer


class Watch:
    def __init__(
        self, job: Job, device: Device, link: Link, monotonic: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._device, self._link, self._monotonic, self._sleep = device, link, monotonic, sleep
        self._hot_c = HOT_C.get(job.media.kind or "", HOT_FLASH_C)
        self._phase: Phase = "ready"
        self._technique: str | None = None
        self._total_bytes = self._later_bytes = 0
        self._told_at = self._temperature_at = float("-inf")
        self._rechecked_at = monotonic()
        self._temperature_c: int | None = None
        self._seen: deque[tuple[float, int]] = deque()
        self.paused_s = 0.0

    def now(self) -> float:
        return self._monotonic()

    def sleep(self, seconds: float) -> None:
        self._sleep(seconds)

    def enter(
        self, phase: Phase, technique: str | None = None, total_bytes: int = 0, later_bytes: int = 0, *,
        obeys: bool = True,
    ) -> None:  # fmt: skip
        """A new phase begins; `later_bytes` is the work of the phases known to follow, for the ETA.

        `obeys=False`: all is proven, what is left takes seconds and no order is worth losing the proof for.
        """
        self._phase, self._technique = phase, technique
        self._total_bytes, self._later_bytes = total_bytes, later_bytes
        self._seen.clear()
        self._tell(0, 0)
        if obeys:
            self.obey()
            self._recheck()

    def heed(self, done_bytes: int, bad_sectors: int) -> None:
        """After each piece of work: tell, obey, cool down. Raises Stopped, Gone, TooHot."""
        now = self._monotonic()
        self._seen.append((now, done_bytes))
        while len(self._seen) > 2 and now - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()
        if now - self._told_at >= _TELL_S:
            self._tell(done_bytes, bad_sectors)
        self.obey(done_bytes, bad_sectors)
        if now - self._rechecked_at >= RECHECK_S:
            self._recheck()
        if now - self._temperature_at >= _TEMPERATURE_S:
            self._cool_down(done_bytes, bad_sectors)

    def polled(self, permille: int | None, eta_s: int | None = None) -> None:
        """A firmware erase told how far it is. Nothing can pause it: a pause is obeyed when it has ended."""
        self._told_at = self._monotonic()
        self._link.tell(
            Progress(
                phase=self._phase, technique=self._technique, permille=permille, eta_s=eta_s,  # type: ignore[arg-type]
                temperature_c=self._temperature_c,
            )
        )  # fmt: skip
        _heed(self._link.wish())

    def obey(self, done_bytes: int = 0, bad_sectors: int = 0) -> None:
        """Wait while the operator says pause; Stopped when he says stop."""
        wish = self._link.wish()
        if wish == "continue":
            return
        since = self._monotonic()
        while wish == "pause":
            self._tell(done_bytes, bad_sectors, why_paused="operator")
            self._sleep(0.2)
            wish = self._link.wish()
        _heed(wish)
        self._go_on(since, done_bytes, bad_sectors)

    def _go_on(self, since: float, done_bytes: int, bad_sectors: int) -> None:
        """The end of a pause is told at once: a disk that hangs after it must not pass for one that is paused.

        And a pause is long enough to change a card.
        """
        self.paused_s += self._monotonic() - since
        self._seen.clear()
        self._tell(done_bytes, bad_sectors)
        self._recheck()

    def _recheck(self) -> None:
        """Still the same disk, still ours: Gone otherwise."""
        self._rechecked_at = self._monotonic()
        self._device.recheck()

    def wait(self, seconds: float) -> None:
        """Sleep, but hear a stop at once."""
        until = self._monotonic() + seconds
        while (left := until - self._monotonic()) > 0:
            _heed(self._link.wish())
            self._sleep(min(0.5, left))

    def _cool_down(self, done_bytes: int, bad_sectors: int) -> None:
        since = self._monotonic()
        told_c = self._measure()
        if told_c is None or told_c < self._hot_c:
            return
        # A sensor that falls silent has not cooled.
        while told_c is None or told_c > self._hot_c - COOL_BY_C:
            if self._monotonic() - since >= COOL_MOST_S:
                told = "an unknown temperature" if told_c is None else f"{told_c} °C"
                raise TooHot(f"the disk did not cool within {round(COOL_MOST_S / 60)} minutes ({told})")
            self._tell(done_bytes, bad_sectors, why_paused="temperature")
            self.wait(_COOLING_S)
            told_c = self._measure()
        self._go_on(since, done_bytes, bad_sectors)

    def _measure(self) -> int | None:
        self._temperature_c = self._device.temperature_c()
        self._temperature_at = self._monotonic()
        return self._temperature_c

    def _tell(self, done_bytes: int, bad_sectors: int, why_paused: str = "") -> None:
        now = self._monotonic()
        if why_paused and now - self._told_at < _TELL_S:
            return
        self._told_at = now
        rate = self._rate()
        left = self._total_bytes - done_bytes + self._later_bytes
        self._link.tell(
            Progress(
                phase=self._phase,
                technique=self._technique,  # type: ignore[arg-type] # a technique of the plan
                done_bytes=done_bytes,
                total_bytes=self._total_bytes,
                permille=done_bytes * 1000 // self._total_bytes if self._total_bytes else None,
                rate_bps=rate,
                eta_s=left // rate if rate and self._total_bytes else None,
                temperature_c=self._temperature_c,
                bad_sectors=bad_sectors,
                is_paused=bool(why_paused),
                why_paused=why_paused,
            )
        )

    def _rate(self) -> int | None:
        if len(self._seen) < 2:
            return None
        (since, before), (now, done) = self._seen[0], self._seen[-1]
        return round((done - before) / (now - since)) if now > since and done >= before else None


def _heed(wish: Wish) -> None:
    if wish == "stop":
        raise Stopped
    if wish == "cut":
        raise Stopped("killed")
