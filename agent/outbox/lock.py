"""One writer at a time in an outbox, among the processes of one PC. Readers need no lock: files appear whole."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from agent.durable import cannot_write, make_folder
from agent.errors import StorageError

TIMEOUT_S = 30
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def locked(folder: Path, timeout_s: int = TIMEOUT_S) -> Iterator[None]:
    """The folder, made when missing, is ours until the end of the block; a killed owner leaves no lock behind."""
    path = folder / ".lock"
    try:
        make_folder(folder)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        _wait(descriptor, path, time.monotonic() + timeout_s)
        yield
    finally:
        os.close(descriptor)  # which also lets go of the lock


def _wait(descriptor: int, path: Path, end: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise StorageError(
                    fr=f"Un autre Rebond utilise {path.parent} depuis longtemps. Fermez-le, puis réessayez.",
                    en=f"Another Rebond has been using {path.parent} for long. Close it, then try again.",
                ) from error
            time.sleep(0.02)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return None  # such a file system has one user at a time, as a stick has
            raise cannot_write(path, error) from error
