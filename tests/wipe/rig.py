"""One disk twin under the whole engine, without a process or a device: what the engine's tests stand on."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from agent.erasure import Erasure, Exchange, Hidden, Level, Media, Technique
from agent.facts import Health
from agent.wipe import journal as j
from agent.wipe.device import Ability, EraseFailed, Gone, Note, Noted, Refused, Standing
from agent.wipe.engine import Clock, carry_out
from agent.wipe.job import Job, Plan, Planned
from agent.wipe.limits import Limits
from agent.wipe.state import PASSES
from agent.wipe.witnesses import LENGTH_BYTES

QUICK = Limits(checkpoint_s=0, checkpoint_bytes=256 << 10)


class PowerCut(BaseException):
    """The power goes: nothing after this line is executed, whatever the code's `except Exception` wants."""


class Fuse:
    """Counts every deed that reaches the world, and cuts the power at one of them."""

    def __init__(self, at: int | None = None) -> None:
        self.count, self.at = 0, at

    def burn(self) -> None:
        self.count += 1
        if self.count == self.at:
            raise PowerCut


class QuietLink:
    """Hears everything, wishes nothing; or one wish after so many events."""

    def __init__(self, wishes: Mapping[int, str] | None = None) -> None:
        self.events: list[Any] = []
        self._wishes = dict(wishes or {})
        self._asked = 0

    def tell(self, event: object) -> None:
        self.events.append(event)

    def wish(self) -> Any:
        self._asked += 1
        return self._wishes.get(self._asked, "continue")


class FastClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self) -> Clock:
        return Clock(
            now=lambda: f"2026-11-23T{int(self.seconds) // 3600 % 24:02}:{int(self.seconds) // 60 % 60:02}:00Z",
            monotonic=lambda: self.seconds,
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FusedIO:
    """A twin's BlockIO with the fuse before every call; a row of looks at old places is one deed."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse
        self._looked_at = -1  # the fuse's count at the last such look

    @property
    def size_bytes(self) -> int:
        return int(self._inner.size_bytes)

    @property
    def sector_bytes(self) -> int:
        return int(self._inner.sector_bytes)

    def read_into(self, buffer: memoryview, offset_bytes: int) -> int:
        if len(buffer) != LENGTH_BYTES or self._looked_at != self._fuse.count:
            self._fuse.burn()
        if len(buffer) == LENGTH_BYTES:
            self._looked_at = self._fuse.count
        return int(self._inner.read_into(buffer, offset_bytes))

    def write_from(self, buffer: memoryview, offset_bytes: int) -> int:
        self._fuse.burn()
        return int(self._inner.write_from(buffer, offset_bytes))

    def flush(self) -> None:
        self._fuse.burn()
        self._inner.flush()

    def forget(self) -> None:
        self._inner.forget()


# What the firmware of a twin does with an erase command; each names its truth.
FIRMWARE_LIES = (
    "does-nothing", "erases-half", "leaves-first-mib", "leaves-last-sector", "erases-after-saying-done",
    "fails-half-way", "gets-stuck", "refuses", "says-idle", "forgets-at-power-cut", "mixes", "done-at-once-and-nothing",
    "drops-what-was-written", "erases-what-was-written",
)  # fmt: skip
FIRMWARE_HONEST = ("zeros", "ones", "random", "done-at-once")


class FirmwareTwin:
    """A disk's own erase over the bytes of a twin, which go on when the power comes back, as the standards demand."""

    def __init__(self, raw: Any, behaviour: str, fuse: Fuse) -> None:
        self.raw, self.behaviour, self.fuse = raw, behaviour, fuse
        self.state: Literal["idle", "running", "done", "failed"] = "idle"
        self.left = 0
        self.later: Callable[[], None] | None = None

    def start(self) -> None:
        self.fuse.burn()
        if self.behaviour == "refuses":
            raise Refused("invalid command")
        self.state, self.left = "running", 0 if "at-once" in self.behaviour else 3
        if self.behaviour == "done-at-once":
            self._fill(0, self.raw.size_bytes, 0)
        self.fuse.burn()  # the command was taken, nobody knows yet

    def power_back(self) -> None:
        if self.behaviour == "forgets-at-power-cut" and self.state == "running":
            self.state = "idle"

    def ask(self) -> Standing:
        self.fuse.burn()
        if self.state == "running":
            if self.left and self.behaviour != "gets-stuck":
                self.left -= 1
            if self.left or self.behaviour == "gets-stuck":
                return Standing(state="running", permille=1000 - self.left * 300)
            self._end()
        return Standing(state=self.state)

    def _end(self) -> None:
        size = self.raw.size_bytes
        self.state = "done"
        match self.behaviour:
            case "zeros" | "ones":
                self._fill(0, size, 0 if self.behaviour == "zeros" else 0xFF)
            case "random":
                self.raw.media[:] = random.Random(7).randbytes(size)
            case "erases-half":
                self._fill(0, size // 2, 0)
            case "leaves-first-mib":
                self._fill(1 << 20, size, 0)
            case "leaves-last-sector":
                self._fill(0, size - self.raw.sector_bytes, 0)
            case "mixes":
                self._fill(0, size, 0)
                self.raw.media[size // 3 : size // 3 + 4096] = random.Random(9).randbytes(4096)
            case "drops-what-was-written":  # an overlay: the markers go, and the old data is there again
                self.raw.media[:] = self.raw.old
            case "erases-what-was-written":
                for call, offset, length in self.raw.calls:
                    if call == "write":
                        self._fill(offset, offset + length, 0)
            case "fails-half-way":
                self._fill(0, size // 2, 0)
                self.state = "failed"
            case "says-idle":
                self.state = "idle"
            case "erases-after-saying-done":
                self.later = lambda: self._fill(0, size, 0)

    def _fill(self, start: int, end: int, byte: int) -> None:
        self.raw.media[start:end] = bytes([byte]) * (end - start)


class TwinEraser:
    def __init__(self, technique: Technique, firmware: FirmwareTwin, exchanges: list[Exchange]) -> None:
        self.technique, self._firmware, self._exchanges = technique, firmware, exchanges

    def begin(self, note: Note) -> None:
        note("sent", {})
        self._firmware.start()
        self._exchanges.append(Exchange(name="ERASE", command="00", status="00", is_ok=True))

    def resume(self, noted: tuple[Noted, ...], note: Note) -> None:
        if self._firmware.ask().state == "idle":
            raise EraseFailed("interrupted; its end was not seen")

    def poll(self) -> Standing:
        return self._firmware.ask()

    def settle(self, note: Note) -> None:
        self._firmware.fuse.burn()


class TwinFamily:
    name = "twin"

    def __init__(self, firmware: FirmwareTwin) -> None:
        self.firmware = firmware
        self.exchanges: list[Exchange] = []

    def abilities(self) -> tuple[Ability, ...]:
        return ()

    def eraser(self, technique: Technique) -> TwinEraser:
        return TwinEraser(technique, self.firmware, self.exchanges)

    def leave_failure(self) -> None:
        pass

    def aftermath(self) -> str:
        return "blocked" if self.firmware.state == "failed" else "usable"

    def look_hidden(self) -> Hidden:
        return Hidden(state="none", visible_bytes=self.firmware.raw.size_bytes)

    def open_hidden(self) -> Hidden:
        return self.look_hidden()

    def identify(self) -> tuple[str | None, str | None, int | None]:
        return "A1", "twin", self.firmware.raw.size_bytes


class TwinDevice:
    def __init__(self, raw: Any, fuse: Fuse | None = None, firmware: FirmwareTwin | None = None) -> None:
        self.raw = raw
        self.fuse = fuse or Fuse()
        self.io = FusedIO(raw, self.fuse)
        self.family = TwinFamily(firmware) if firmware is not None else None

    def recheck(self) -> None:
        if getattr(self.raw, "is_gone", False):
            raise Gone("no such device")

    power = ""

    def power_word(self) -> str:
        return self.power

    def resize(self) -> None:
        pass

    def health(self) -> Health | None:
        self.fuse.burn()
        return None

    def temperature_c(self) -> int | None:
        return None


def job_for(raw: Any, *techniques: Technique, verify: Literal["full", "sampled"] = "full", path: Path) -> Job:
    def level(technique: Technique) -> Level:
        return "clear" if technique in PASSES or technique == "scsi-format-unit" else "purge"

    steps = tuple(Planned(technique=one, level=level(one), estimate_s=60) for one in techniques)
    media = Media(
        name="twin", serial="A1", kind="virtual", size_bytes=raw.size_bytes, logical_sector_bytes=raw.sector_bytes
    )
    return Job(id="0" * 32, media=media, journal=str(path), plan=Plan(steps=steps, level=steps[0].level, verify=verify))


def erase(
    job: Job,
    device: TwinDevice,
    *,
    link: QuietLink | None = None,
    limits: Limits = QUICK,
    time: FastClock | None = None,
) -> Erasure:
    """One process' life: open (or reopen) the journal, carry out, close."""
    clock = (time or FastClock()).clock()
    path = Path(job.journal)
    if path.exists():
        journal = j.Journal.reopen(path)
        import msgspec

        job = msgspec.structs.replace(job, is_resumed=True)
    else:
        journal = j.Journal.create(path, j.Opened(job=job, at=clock.now()))
    add = journal.add

    def fused(entry: j.Entry) -> None:
        device.fuse.burn()
        add(entry)
        device.fuse.burn()

    journal.add = fused  # type: ignore[method-assign] # the fuse before and after each line
    try:
        return carry_out(job, device, journal, link or QuietLink(), clock, limits)
    finally:
        journal.close()
