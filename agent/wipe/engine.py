"""Carry one erasure out: ask `next_step`, do it on the device, journal it, until there is nothing left to do.

Decides nothing: what comes next is `steps`, what it proves is `outcome`. Whatever ends it early (stop, unplugged disk,
full journal medium, kill -9) leaves a journal that says how far it came.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.erasure import Erasure
from agent.errors import StorageError
from agent.wipe import journal as j
from agent.wipe.conclude import conclude
from agent.wipe.device import Device, DiskError, Gone, Link, Refused, Stopped, TooHot
from agent.wipe.firmware import Firmware
from agent.wipe.job import Job, Looked, Trouble
from agent.wipe.limits import Limits
from agent.wipe.outcome import proves, result_of
from agent.wipe.state import State, fold, seen_after
from agent.wipe.steps import Step, next_step
from agent.wipe.surface import Surface
from agent.wipe.watch import Watch


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as a parameter, so that tests need not wait."""

    now: Callable[[], str] = lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def carry_out(
    job: Job, device: Device, journal: j.Journal, link: Link, clock: Clock | None = None, limits: Limits | None = None
) -> Erasure:
    """Erase one claimed disk as `job.plan` says; `journal` is new, or one to go on with. Never raises for the disk."""
    return _Run(job, device, journal, link, clock or Clock(), limits or Limits()).to_the_end()


def look(job: Job, device: Device, link: Link, clock: Clock | None = None, limits: Limits | None = None) -> Looked:
    """Read the whole disk and say what is there. Writes nothing, proves no purge. Gone and Stuck are passed on."""
    clock = clock or Clock()
    watch = Watch(job, device, link, clock.monotonic, clock.sleep)
    return Surface(device, watch, limits or Limits()).look(job)


class _Run:
    def __init__(self, job: Job, device: Device, journal: j.Journal, link: Link, clock: Clock, limits: Limits) -> None:
        self.job, self.device, self.journal, self.link, self.clock = job, device, journal, link, clock
        self.started = clock.monotonic()
        self.watch = Watch(job, device, link, clock.monotonic, clock.sleep)
        self.surface = Surface(device, self.watch, limits, journal, clock.now)
        self.firmware = Firmware(device, self.watch, journal, limits)

    @property
    def state(self) -> State:
        return fold(self.journal.entries)

    def to_the_end(self) -> Erasure:
        try:
            if self.job.is_resumed:
                self.journal.add(
                    j.Resumed(
                        at=self.clock.now(), power=self._power(), has_lied=self.job.has_lied, machine=self.job.machine
                    )
                )  # fmt: skip
            while self.state.finished is None:
                self._do(next_step(self.state))
        except Stopped as stopped:
            self._interrupted(stopped.why)
        except TooHot as hot:
            self._tell("Le disque reste trop chaud", hot.said)
            self._interrupted("too-hot", hot.said)
        except Gone as gone:
            self._tell("Le disque ne répond plus ou n'est plus le même", gone.said)
            self._interrupted("unplugged", gone.said)
        except StorageError as error:  # nothing may be done that cannot be journalled
            self.link.tell(Trouble(fr=error.fr, en=error.en))
            return conclude(self._seen_after_all())
        return conclude(self.state)

    def _power(self) -> str:
        try:
            return self.device.power_word()
        except (DiskError, OSError):
            return ""

    def _seen_after_all(self) -> State:
        """The journal is lost. Whether a password is left is asked, and told this once."""
        state = self.state
        if not state.attempts or not state.attempt.may_be_locked:
            return state
        return seen_after(state, self.firmware.aftermath())

    def _interrupted(self, why: str, said: str = "") -> None:
        try:
            if self.state.attempts and self.state.attempt.result is None and self.state.attempt.may_be_locked:
                self._see_aftermath()
            if self.state.attempts and self.state.attempt.result is None and (sent := self.firmware.exchanges()):
                self.journal.add(j.Sent(attempt=self.state.attempt.index, exchanges=sent))
            at = self.clock.now()
            self.journal.add(
                j.Interrupted(at=at, why=why, said=said, power=self._power())  # type: ignore[arg-type] # one of its words
            )
        except StorageError as error:
            self.link.tell(Trouble(fr=error.fr, en=error.en))

    def _do(self, step: Step) -> None:
        self.device.recheck()  # before every step: what is read of another disk proves nothing of this one
        try:
            self._steps[step.do](self, step)
        except (Gone, Stopped, TooHot, StorageError):
            raise
        except Exception as error:  # noqa: BLE001 - one disk's surprise ends as a failed attempt, never as a traceback
            self._failed(step, error)

    def _failed(self, step: Step, error: Exception) -> None:
        """An attempt that cannot go on ends with its reason. Before the first attempt there is nothing to fail."""
        said = error.said if isinstance(error, DiskError) else f"{type(error).__name__}: {error}"[:300]
        self._tell("Le disque pose un problème", said)
        state = self.state
        if not state.attempts or state.attempt.result is not None or step.do == "open-hidden":
            if step.do == "begin-attempt":
                raise Gone(said) from error  # nothing can even be begun: not ours to guess further
            self._skip(step, said)
            return
        self._see_aftermath()
        # An erase that has ended is not "still at it", however badly its disk reads afterwards.
        has_ended = state.attempt.is_overwrite or state.attempt.is_erased
        result = "failed" if has_ended else self.firmware.result_of(error)
        self.journal.add(
            j.AttemptEnded(
                attempt=state.attempt.index,
                result=result,  # type: ignore[arg-type] # one of its words
                said=(said,),
                exchanges=self.firmware.exchanges(),
                was_started=result != "refused" or state.attempt.was_accepted,
            )
        )

    def _see_aftermath(self) -> None:
        if self.device.family is not None:
            self.journal.add(j.AftermathSeen(attempt=self.state.attempt.index, aftermath=self.firmware.aftermath()))

    def _skip(self, step: Step, said: str) -> None:
        """Health or the hidden area could not be asked: unknown, told, and the erasure goes on."""
        from agent.erasure import Hidden

        if step.do == "see-health-before":
            self.journal.add(j.HealthSeen(when="before", health=None))
        elif step.do == "see-health-after":
            self.journal.add(j.HealthSeen(when="after", health=None))
        elif step.do == "open-hidden":
            size = self.device.io.size_bytes
            self._see_hidden(
                j.HiddenSeen(hidden=Hidden(state="unknown", visible_bytes=size, said=(said,)), size_bytes=size)
            )
        else:
            raise Gone(said)

    def _tell(self, fr: str, said: str) -> None:
        self.link.tell(Trouble(fr=f"{fr} ({said}).", en=f"The disk has a problem ({said})."))

    # --- the steps ----------------------------------------------------------------------------------------------------

    def _begin(self, step: Step) -> None:
        self.journal.add(j.Began(at=self.clock.now()))

    def _health_before(self, step: Step) -> None:
        self.watch.enter("health")
        self.journal.add(j.HealthSeen(when="before", health=self.device.health()))

    def _health_after(self, step: Step) -> None:
        self.watch.enter("health", obeys=not self._is_proven())
        self.journal.add(j.HealthSeen(when="after", health=self.device.health()))

    def _open_hidden(self, step: Step) -> None:
        self.watch.enter("hidden-area")
        self._see_hidden(self.surface.open_hidden(self.job))

    def _see_hidden(self, seen: j.HiddenSeen) -> None:
        """What was written and read so far is of one size; a disk of another size cannot be gone on with."""
        state = self.state
        if state.attempts and seen.size_bytes != state.size_bytes:
            raise Gone(f"the disk has {seen.size_bytes} bytes now, and {state.size_bytes} in its journal")
        self.journal.add(seen)

    def _begin_attempt(self, step: Step) -> None:
        technique = self.job.plan.steps[step.attempt].technique
        self.firmware.leave()
        self.journal.add(j.AttemptBegan(attempt=step.attempt, technique=technique, at=self.clock.now()))
        with suppress(Refused):  # the disk does not say what it is: what follows will show whether it can be written
            self.firmware.leave_failure()

    def _plant(self, step: Step) -> None:
        self.surface.plant(self.state)

    def _seek(self, step: Step) -> None:
        self.surface.seek(self.state)

    def _send(self, step: Step) -> None:
        self.firmware.send(self.state.attempt)

    def _resume(self, step: Step) -> None:
        self.firmware.resume(self.state.attempt)

    def _poll(self, step: Step) -> None:
        self.firmware.poll_to_the_end(self.state.attempt)

    def _write(self, step: Step) -> None:
        self.surface.write(self.state, step.number)

    def _read(self, step: Step) -> None:
        self.surface.read(self.state, step.number)

    def _end_attempt(self, step: Step) -> None:
        state = self.state
        result = result_of(state, state.attempt)
        said = self.surface.remarks()
        self.journal.add(j.AttemptEnded(attempt=step.attempt, result=result, said=said))  # type: ignore[arg-type]

    def _is_proven(self) -> bool:
        """A stop that comes now loses nothing; one that came before leaves the erasure interrupted."""
        state = self.state
        return bool(state.attempts) and proves(state, state.attempt)

    def _finish(self, step: Step) -> None:
        self.watch.enter("finishing", obeys=not self._is_proven())
        spent = sum(one.seconds for one in self.state.attempts)
        seconds = max(spent, round(self.clock.monotonic() - self.started))
        self.journal.add(j.Finished(at=self.clock.now(), seconds=seconds))

    _steps = {
        "begin": _begin,
        "see-health-before": _health_before,
        "open-hidden": _open_hidden,
        "begin-attempt": _begin_attempt,
        "plant-markers": _plant,
        "send-erase": _send,
        "resume-erase": _resume,
        "poll-erase": _poll,
        "write-pass": _write,
        "read-back": _read,
        "seek-markers": _seek,
        "end-attempt": _end_attempt,
        "see-health-after": _health_after,
        "finish": _finish,
    }
