"""The folder of one `serve`, and what one that was killed has left: its folder, and a dnsmasq that keeps the ports.

A lock on each folder ends with the process that made it, whatever ends that: who can take it has found a leftover.
"""

import fcntl
import os
import select
import shutil
import signal
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from scripts.pxe import loaders

_PREFIX, _LOCK = "rebond-pxe-", "lock"
_PATIENCE_S = 5.0


def make_folder(stack: ExitStack) -> Path:
    """A folder of our own, held and in the end removed by `stack`."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_where()))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    held = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    stack.callback(os.close, held)
    fcntl.flock(held, fcntl.LOCK_EX)
    return folder


def clear() -> int:
    """End each dnsmasq whose `serve` was killed, and remove its folder; how many were ended."""
    return sum(_clear(folder) for folder in sorted(_where().glob(f"{_PREFIX}*")))


def _where() -> Path:
    run = Path("/run")
    return run if run.is_dir() else Path(tempfile.gettempdir())


def _clear(folder: Path) -> bool:
    with ExitStack() as stack:
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # its `serve` is at work, or it is none of ours
            return False
        # Its `serve` writes the configuration under its lock: without one, that is only about to begin.
        if os.fstat(lock).st_uid != os.geteuid() or not (folder / loaders.CONFIG).exists():
            return False
        has_ended = _end_dnsmasq(folder)
        shutil.rmtree(folder, ignore_errors=True)
        return has_ended


def _end_dnsmasq(folder: Path) -> bool:
    """That of this folder, and no other program that may have got its number since."""
    with ExitStack() as stack, suppress(OSError, ValueError):
        number = int((folder / loaders.PID).read_text())
        process = os.pidfd_open(number)  # from here on the number cannot become another program's unnoticed
        stack.callback(os.close, process)
        command = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")[:-1]
        if command != [os.fsencode(word) for word in loaders.dnsmasq_command(folder)]:
            return False
        for how in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(process, how)
            if select.select([process], [], [], _PATIENCE_S)[0]:
                return True
    return False
