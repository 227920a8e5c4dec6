"""kill -9 at 200 random moments of an overwrite on a real file: resumed each time, nothing claimed early."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.wipe.conclude import conclude
from agent.wipe.journal import read_journal
from agent.wipe.limits import Limits
from agent.wipe.state import fold
from tests.wipe.rig import TwinDevice, erase, job_for

ROOT = Path(__file__).resolve().parents[2]
SIZE = 4 << 20
MOMENTS = 200
LIMITS = Limits(chunk_bytes=128 << 10, checkpoint_s=0, checkpoint_bytes=512 << 10)


class FileIO:
    """An image file as a disk: the kernel's own pread, pwrite and fsync, which a kill cannot undo."""

    sector_bytes = 512

    def __init__(self, path: Path) -> None:
        self.size_bytes = path.stat().st_size
        self._descriptor = os.open(path, os.O_RDWR)

    def read_into(self, buffer: memoryview, offset_bytes: int) -> int:
        return os.preadv(self._descriptor, [buffer], offset_bytes)

    def write_from(self, buffer: memoryview, offset_bytes: int) -> int:
        return os.pwrite(self._descriptor, buffer, offset_bytes)

    def flush(self) -> None:
        os.fsync(self._descriptor)

    def forget(self) -> None:
        os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def live(image: Path, journal: Path, technique: str, done: Path) -> None:
    """One life of the worker, in a child: ends by itself or is killed."""
    try:
        io = FileIO(image)
        job = job_for(io, technique, path=journal)  # type: ignore[arg-type] # a technique
        erasure = erase(job, TwinDevice(io), limits=LIMITS)
        told = done.with_suffix(".part")
        told.write_text(erasure.outcome)
        told.rename(done)
    finally:
        os._exit(0)


def kill_and_resume(folder: Path, technique: str, moments: int) -> None:
    """In a process of one thread: a child forked beside other threads may inherit a lock that nobody opens."""
    choice = random.Random(20261123)
    old = choice.randbytes(SIZE)
    kills = lives = 0
    while kills < moments:
        image, journal, done = (folder / f"{lives}-{name}" for name in ("image", "journal", "done"))
        image.write_bytes(old)
        lives += 1
        longest_s = 0.04
        while not done.exists():
            child = os.fork()
            if child == 0:
                live(image, journal, technique, done)
            time.sleep(choice.uniform(0.001, longest_s))
            longest_s *= 1.25  # a slow machine must come to the end too
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            kills += not done.exists()
            if journal.exists() and b"\n" not in journal.read_bytes():
                journal.unlink()  # killed before its first line: not begun, the operator plans again
            if journal.exists():
                seen = fold(read_journal(journal))
                assert conclude(seen).outcome == ("interrupted" if seen.finished is None else "cleared")
        assert done.read_text() == "cleared"
        state = fold(read_journal(journal))
        assert state.finished is not None
        assert all(one.why == "power" and one.resumed_at for one in state.interruptions)
        now = image.read_bytes()
        assert not any(now[at : at + 512] == old[at : at + 512] for at in range(0, SIZE, 512))
    print(kills, "kills in", lives, "lives")


@pytest.mark.slow
@pytest.mark.programs
@pytest.mark.parametrize("technique", ["overwrite-stream", "overwrite-two-pass"])
def test_killed_and_resumed(memory_path: Path, technique: str) -> None:
    words = [sys.executable, "-m", "tests.wipe.test_kill", str(memory_path), technique, str(MOMENTS // 2)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout.split()[0]) >= MOMENTS // 2


if __name__ == "__main__":
    kill_and_resume(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
