"""No test writes to a block device of this machine: in this process, and in every Python started from it.

Python imports a module of this name at its start when the folder is on PYTHONPATH (conftest.py puts it there), so that
the worker that a test starts is guarded as the test is. Standard library only; nothing of ours is importable yet.
"""

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable

LOOP_MAJOR = 7
WORD = "REBOND_TESTS_GUARD"  # the folder below which a loop device's file must lie
_PROGRAMS = {"subprocess.Popen": 1, "os.exec": 1, "os.posix_spawn": 1, "os.spawn": 2}  # event → place of its argv


class OutsideReached(BaseException):
    """A test touched the real machine; no `except Exception` may hide it."""


def block_device(path: object) -> int | None:
    """The device number, when this is a path of a block device, by whatever name."""
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    try:
        found = os.stat(path)  # noqa: PTH116 - the name may be bytes
    except (OSError, ValueError):
        return None
    return found.st_rdev if stat.S_ISBLK(found.st_mode) else None


def hook(is_allowed: Callable[[int], bool], tell: Callable[[str], None]) -> Callable[[str, tuple[object, ...]], None]:
    """An audit hook: it cannot be removed, and sees every open() and every program of this process.

    Of a program only its words are seen: whatever one names a device of this machine for, it is not started.
    """

    def guard(event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            if isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR):
                _check(args[:1], "opened for writing")
        elif event in _PROGRAMS:
            words = args[_PROGRAMS[event]]
            _check(words if isinstance(words, Iterable) else (), "given to a program")
        elif event == "os.system":
            _check(str(args[0]).split(), "given to a shell")

    def _check(words: Iterable[object], how: str) -> None:
        for word in words:
            told = [word, word.partition("=")[2]] if isinstance(word, str) and "=" in word else [word]  # dd of=/dev/…
            for one in told:
                number = block_device(one)
                if number is not None and not is_allowed(number):
                    said = f"a block device that no test attached was {how}: {one!r}"
                    tell(said)
                    raise OutsideReached(said)

    return guard


def is_loop_of_tests(number: int) -> bool:
    """A loop device over a file of the tests, by what the kernel says of it."""
    if os.major(number) != LOOP_MAJOR:
        return False
    try:
        with open(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/loop/backing_file") as file:  # noqa: PTH123
            backing = file.read().strip()
    except OSError:
        return True  # of a loop device that is in use no longer there is nothing to write to
    return backing.startswith((os.environ[WORD].rstrip("/") + "/", "/dev/loop", "/dev/shm/"))


if __name__ == "sitecustomize" and os.environ.get(WORD):
    sys.addaudithook(hook(is_loop_of_tests, lambda said: None))


def environment() -> dict[str, str]:
    """For every process started from the tests."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - loaded at the start of every Python
    paths = [here, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {WORD: os.path.realpath(tempfile.gettempdir()), "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
