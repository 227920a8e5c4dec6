"""A disk that fails as asked, seen by the real kernel: a file served over FUSE by our own process, under a loop device.

Only here do errors travel the way they do from real disks: block layer, errno, O_DIRECT. The serving process ends with
the test, however that ends; ending it aborts every request that hangs, so that nothing stays stuck.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wipe.fuse_server import MAX_WRITE
from tests.wipe.loops import LOOPS_WORK, loop

_MNT_FORCE, _MNT_DETACH = 1, 2
FUSE_WORKS = LOOPS_WORK and os.geteuid() == 0 and os.access("/dev/fuse", os.R_OK | os.W_OK)
needs_fuse = pytest.mark.skipif(not FUSE_WORKS, reason="no faulty disks here (needs root, /dev/fuse and loop devices)")


class Rig:
    """The served file, its truth, and the wire to who serves it."""

    def __init__(self, path: Path, truth: Path, pid: int, control: socket.socket) -> None:
        self.path, self.truth, self.pid = path, truth, pid
        self._control = control
        self._lines = b""

    def faults(self, **faults: Any) -> dict[str, int]:
        """From now on these, and no others; returns the calls so far.

        fail_reads, fail_writes: (first byte, byte after, errno) each · drops: (first byte, byte after) ·
        corrupts: bytes · wraps_at: real size in bytes · fail_flush: errno · delay_s · die_at_write: its number ·
        hang: ("read" or "write", first byte, byte after), until `release`.
        """
        return self._ask({"do": "faults", "faults": faults})

    def calls(self) -> dict[str, int]:
        """reads, writes, and how many requests are held."""
        return self._ask({"do": "calls"})

    def release(self) -> None:
        """What hangs goes on."""
        self._ask({"do": "release"})

    def die(self) -> None:
        """The disk is gone: every request fails from now on."""
        with contextlib.suppress(ConnectionError):
            self._ask({"do": "die"})
        _wait(self.pid)

    def _ask(self, order: dict[str, Any]) -> dict[str, int]:
        self._control.sendall(json.dumps(order).encode() + b"\n")
        answer: dict[str, int] = self.answer()
        return answer

    def answer(self) -> Any:
        while b"\n" not in self._lines:
            came = self._control.recv(65536)
            if not came:
                raise ConnectionError("the serving process has ended")
            self._lines += came
        line, _, self._lines = self._lines.partition(b"\n")
        return json.loads(line)


@contextlib.contextmanager
def faulty_file(folder: Path, content: bytes, name: str = "disk") -> Iterator[Rig]:
    """Serve a file of this content, under any plain name, from an own process."""
    truth, mountpoint = folder / "truth", folder / "mount"
    truth.write_bytes(content)
    mountpoint.mkdir(exist_ok=True)
    ours, theirs = socket.socketpair()
    server = str(Path(__file__).with_name("fuse_server.py"))
    os.set_inheritable(theirs.fileno(), True)
    pid = os.posix_spawn(
        sys.executable, [sys.executable, "-I", server, str(mountpoint), str(truth), str(theirs.fileno())], os.environ
    )
    theirs.close()
    ours.settimeout(30)
    rig = Rig(mountpoint / name, truth, pid, ours)
    try:
        answer = rig.answer()
        if "refused" in answer:
            pytest.skip(f"no faulty disks here: mounting is refused ({answer['refused']})")
        yield rig
    finally:
        ours.close()
        _end(pid)
        ctypes.CDLL(None).umount2(str(mountpoint).encode(), _MNT_FORCE | _MNT_DETACH)


@contextlib.contextmanager
def faulty_loop(
    folder: Path, content: bytes, *, sector_bytes: int = 512, name: str = "disk"
) -> Iterator[tuple[str, Rig]]:
    """("/dev/loopN", rig). The loop device passes on no more at a time than FUSE takes in one request:

    it believes a short write of its file to be a whole one, and errors in the rest would vanish (wipe.md 3.8).
    """
    with faulty_file(folder, content, name) as rig:
        try:
            with loop(rig.path, sector_bytes=sector_bytes) as node:
                queue = Path(f"/sys/block/{Path(node).name}/queue/max_sectors_kb")
                queue.write_text(str(MAX_WRITE >> 10))
                assert int(queue.read_text()) <= MAX_WRITE >> 10
                try:
                    yield node, rig
                finally:
                    with contextlib.suppress(OSError):
                        rig.release()
        finally:
            _end(rig.pid, grace_s=0)  # before the loop's file is closed for good: nothing may wait for an answer


def _end(pid: int, grace_s: float = 2.0) -> None:
    until = time.monotonic() + grace_s
    while time.monotonic() < until:
        if _has_ended(pid, os.WNOHANG):
            return
        time.sleep(0.005)
    with contextlib.suppress(ProcessLookupError):
        if not _has_ended(pid, os.WNOHANG):
            os.kill(pid, signal.SIGKILL)
            _has_ended(pid, 0)


def _wait(pid: int) -> None:
    _end(pid, grace_s=5.0)


def _has_ended(pid: int, flags: int) -> bool:
    try:
        return os.waitpid(pid, flags)[0] == pid
    except ChildProcessError:
        return True
