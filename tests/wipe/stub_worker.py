"""A worker whose engine is a stand-in: it behaves as the serial number says. Opens no device."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from agent.erasure import Reason
from agent.host import Host
from agent.wipe import journal as j
from agent.wipe import worker
from agent.wipe.conclude import conclude
from agent.wipe.device import Stopped
from agent.wipe.job import Job, Progress
from agent.wipe.refusals import ClaimRefused
from agent.wipe.state import fold

AT = "2026-11-23T08:00:00Z"


class StubTarget:
    def __init__(self, job: Job) -> None:
        self.media = job.media

    def close(self) -> None:
        Path(f"{self.media.serial}.closed").touch()  # in the folder of the journals: main() went there


def claim(job: Job, host: Host, *, home: str) -> Any:
    os.chdir(home)
    if job.media.serial == "refused":
        raise ClaimRefused(Reason(rule="mounted", fr="monté", en="mounted"))
    if job.media.serial == "claim-crash":
        raise ZeroDivisionError("in claim")
    if job.media.serial == "claim-hang":
        time.sleep(3600)
    return StubTarget(job)


def carry_out(job: Job, device: Any, journal: j.Journal, link: Any) -> Any:
    kind = job.media.serial or ""
    journal.add(j.Began(at=AT))
    phase: Any = "erasing" if kind.startswith("firmware") else "overwriting"
    link.tell(Progress(phase=phase, done_bytes=1, total_bytes=4))
    Path(f"{kind}.pid").write_text(str(os.getpid()))
    if kind == "crash":
        raise ZeroDivisionError("in the engine")
    if kind == "out":
        os._exit(9)
    if kind == "noise":
        os.write(1, b"\xff not json\n{}\n")
    if kind.startswith(("hang", "firmware-hang")):
        time.sleep(3600)  # as a call that does not come back
    if kind in ("frozen", "slow-frozen"):
        os.kill(os.getpid(), signal.SIGSTOP)
    if kind.startswith("paused-then"):
        _pause_then(kind, link)
    try:
        _work(kind, link)
    except Stopped as stopped:
        journal.add(j.Interrupted(at=AT, why=stopped.why))
        return conclude(fold(journal.entries))
    journal.add(j.Finished(at=AT, seconds=1))
    return conclude(fold(journal.entries))


def _pause_then(kind: str, link: Any) -> None:
    """Waits for a pause, then hangs: frozen inside it, or in the first call after it."""
    while link.wish() != "pause":
        time.sleep(0.02)
    link.tell(Progress(phase="overwriting", done_bytes=2, total_bytes=4, is_paused=True))
    if kind == "paused-then-frozen":
        time.sleep(0.3)  # its word is on the line
        os.kill(os.getpid(), signal.SIGSTOP)
    while link.wish() == "pause":
        time.sleep(0.02)
    link.tell(Progress(phase="overwriting", done_bytes=2, total_bytes=4))  # as the engine's Watch does
    time.sleep(3600)


def _work(kind: str, link: Any) -> None:
    is_slow = kind.startswith("slow")
    until = time.monotonic() + (60.0 if is_slow else 0.0)
    while True:
        wish = link.wish()
        if wish in ("stop", "cut"):
            raise Stopped("stopped" if wish == "stop" else "killed")
        link.tell(Progress(phase="overwriting", done_bytes=2, total_bytes=4, is_paused=wish == "pause"))
        if wish != "pause" and time.monotonic() >= until:
            return
        time.sleep(0.02)


if __name__ == "__main__":
    code = worker.main(worker.Tools(claim=claim, carry_out=carry_out))
    sys.stdout.flush()
    os._exit(code)
