"""The only door to the machine: files under a root, and programs asked through a runner.

A probe reads nothing but a `Host`. Live, the root is "/" and the runner starts programs; in replay the root is an
unpacked capture and the runner answers from it. `run` only ever asks: nothing here writes, and nothing here can.
"""

import contextlib
import os
import selectors
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Protocol, TypeVar

from agent.facts import Why
from agent.text import decode

T = TypeVar("T")

READ_LIMIT = 4 << 20  # bytes of one file
_PIECE = 128 << 10
OUTPUT_LIMIT = 16 << 20  # bytes of one program's answer
TIMEOUT_S = 20
_STOP_LOOKED_FOR_S = 0.2
_SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class NotCaptured(BaseException):
    """A strict replay was asked for something its capture never recorded. No `except Exception` may hide it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One file, read or not. `why` is None exactly when `raw` is the whole content (up to READ_LIMIT)."""

    path: str
    raw: bytes = b""
    why: Why | None = None

    @property
    def text(self) -> str:
        return decode(self.raw).rstrip("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a program answered. `status` is None when it never ended by itself, `why` then says why.

    A non-zero status is data (smartctl's is a bit mask): the caller decides. Partial stdout is kept after a timeout.
    """

    argv: tuple[str, ...]
    status: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    why: Why | None = None

    @property
    def text(self) -> str:
        return decode(self.stdout)

    @property
    def source(self) -> str:
        """Name for `Gap.source` and `Machine.sources`: the command as typed."""
        return " ".join(self.argv)


class Runner(Protocol):
    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output: ...

    def outputs(self, program: str) -> tuple[Output, ...]:
        """Every recorded answer of `program`; live there is none."""
        ...


class LiveRunner:
    """Starts programs: argv list, C locale, closed stdin, own process group so that a timeout ends its children too."""

    def run(self, argv: tuple[str, ...], timeout_s: float, stop: threading.Event | None = None) -> Output:
        """`stop` ends it early, as a timeout would."""
        env = {"LC_ALL": "C", "PATH": os.environ.get("REBOND_PATH", "") + ":" + _SEARCH, "HOME": "/nonexistent"}
        env["PATH"] = env["PATH"].lstrip(":")
        try:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                start_new_session=True, cwd="/",
            )  # fmt: skip
        except FileNotFoundError:
            return Output(argv=argv, why="tool-missing")
        except OSError as error:
            return Output(argv=argv, why="refused", stderr=str(error).encode())
        with child:
            stdout, stderr, has_ended = _listen(child, time.monotonic() + timeout_s, stop)
            if not has_ended:
                _end_group(child)
                return Output(argv=argv, stdout=stdout, why="timed-out")
        return Output(argv=argv, status=child.returncode, stdout=stdout, stderr=stderr)

    def outputs(self, program: str) -> tuple[Output, ...]:
        return ()


def _listen(
    child: subprocess.Popen[bytes], deadline: float, stop: threading.Event | None = None
) -> tuple[bytes, bytes, bool]:
    """What the child says until it ends, the deadline, or `stop`. Beyond OUTPUT_LIMIT it is read and dropped."""
    assert child.stdout is not None and child.stderr is not None
    heard: dict[int, bytearray] = {child.stdout.fileno(): bytearray(), child.stderr.fileno(): bytearray()}
    stdout, stderr = heard.values()
    has_ended = False
    with selectors.DefaultSelector() as selector:
        for descriptor in heard:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            if stop is not None and stop.is_set():
                break
            for key, _ in selector.select(left if stop is None else min(left, _STOP_LOOKED_FOR_S)):
                said = os.read(key.fd, 1 << 16)
                heard[key.fd] += said[: max(0, OUTPUT_LIMIT - len(heard[key.fd]))]
                if not said:
                    selector.unregister(key.fd)
        if not selector.get_map():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
                has_ended = True
    return bytes(stdout), bytes(stderr), has_ended


def _end_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    # A child stuck in the kernel (a dying disk) cannot be reaped: leave it rather than hang with it.
    for stream in (child.stdout, child.stderr):
        if stream:
            stream.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=1)
    if child.returncode is None:
        child.returncode = -signal.SIGKILL


def _read(file: FileIO, limit: int) -> bytes:
    """In pieces: /proc/sys refuses to be asked for 4 MiB at once (ENOMEM, fs/proc/proc_sysctl.c)."""
    raw = bytearray()
    while len(raw) < limit and (piece := file.read(min(_PIECE, limit - len(raw)))):
        raw += piece
    return bytes(raw)


class Host:
    """One machine to look at: `Host()` is this PC; `capture.load(path)` gives a replayed one."""

    def __init__(self, root: Path = Path("/"), runner: Runner | None = None) -> None:
        self._root = root.resolve()
        self._runner: Runner = runner or LiveRunner()
        # Programs speak of this PC: with files from elsewhere they would be two machines in one.
        self.is_live = isinstance(self._runner, LiveRunner) and self._root == Path("/")
        self._refusals: dict[str, Why] = {}
        self._kept: list[object] = []
        self._once: dict[str, Any] = {}
        self._once_lock = threading.RLock()

    @property
    def root(self) -> Path:
        """For libraries that read files themselves (psutil's PROCFS_PATH); a probe's own code uses `read`."""
        return self._root

    def refuse(self, refusals: dict[str, Why]) -> None:
        """Paths that the capture says could not be read when it was taken, and why."""
        self._refusals = dict(refusals)

    def keep(self, thing: object) -> None:
        """Tie something's life to this host's: the temporary folder that a replay reads from."""
        self._kept.append(thing)

    def once(self, name: str, make: Callable[["Host"], T]) -> T:
        """What `make(host)` gives, made once for this host: several probes share the list of PCI devices."""
        with self._once_lock:
            if name not in self._once:
                self._once[name] = make(self)
            made: T = self._once[name]
            return made

    def _at(self, path: str) -> Path:
        place = (self._root / path.lstrip("/")).resolve()
        if not place.is_relative_to(self._root):
            raise PermissionError(f"{path} leaves the capture")
        return place

    def read(self, path: str, limit: int = READ_LIMIT) -> Reading:
        if path in self._refusals:
            return Reading(path=path, why=self._refusals[path])
        try:
            with self._at(path).open("rb", buffering=0) as file:
                return Reading(path=path, raw=_read(file, limit))
        except (FileNotFoundError, NotADirectoryError):
            return Reading(path=path, why="absent")
        except PermissionError:
            return Reading(path=path, why="refused")
        except OSError:  # sysfs answers EIO, ENODATA, ENXIO, EINVAL for what a driver cannot say
            return Reading(path=path, why="failed")

    def text(self, path: str) -> str | None:
        """The file's text without the last newline, or None when it cannot be read (use `read` to know why)."""
        reading = self.read(path)
        return None if reading.why else reading.text

    def names(self, path: str) -> tuple[str, ...]:
        """Sorted names in a folder; empty when it is absent or closed."""
        try:
            return tuple(sorted(os.listdir(self._at(path))))  # noqa: PTH208 - names only, no Path objects needed
        except OSError:
            return ()

    def exists(self, path: str) -> bool:
        try:
            return self._at(path).exists()
        except OSError:
            return False

    def is_folder(self, path: str) -> bool:
        try:
            return self._at(path).is_dir()
        except OSError:
            return False

    def is_plain(self, path: str) -> bool:
        """A regular file, not a folder, device or pipe."""
        try:
            return self._at(path).is_file()
        except OSError:
            return False

    def resolve(self, path: str) -> str | None:
        """Where a link leads, as a path from the root ("/sys/devices/…"); None when there is nothing."""
        try:
            place = self._at(path)
        except OSError:
            return None
        return "/" + str(place.relative_to(self._root)) if place.exists() else None

    def link(self, path: str) -> str | None:
        """The text of a symbolic link itself, or None when `path` is no link."""
        try:
            folder, _, name = path.rpartition("/")
            return str((self._at(folder) / name).readlink())
        except OSError:
            return None

    def device_number(self, path: str) -> str | None:
        """ "8:1" of the block device that a link such as /proc/7/fd/3 leads to, whatever it is called; live only."""
        if not self.is_live:
            return None
        try:
            told = os.stat(path)  # noqa: PTH116 - the kernel's link, not the path that it reads as
        except OSError:
            return None
        return f"{os.major(told.st_rdev)}:{os.minor(told.st_rdev)}" if stat.S_ISBLK(told.st_mode) else None

    def walk(self, pattern: str) -> Iterator[str]:
        """Paths from the root that match a glob with no recursion, sorted: "/sys/class/hwmon/*/temp*_input"."""
        level = [""]
        rest = pattern.strip("/")
        while rest:
            part, _, rest = rest.partition("/")
            if "*" in part or "?" in part:
                import fnmatch

                level = [f"{at}/{name}" for at in level for name in self.names(at) if fnmatch.fnmatchcase(name, part)]
            else:
                level = [f"{at}/{part}" for at in level if self.exists(f"{at}/{part}")]
        yield from level

    def run(self, *argv: str, timeout_s: float = TIMEOUT_S, stop: threading.Event | None = None) -> Output:
        """`stop` ends a live program early; a recorded one takes no time."""
        if stop is not None and isinstance(self._runner, LiveRunner):
            return self._runner.run(argv, timeout_s, stop)
        return self._runner.run(argv, timeout_s)

    def outputs(self, program: str) -> tuple[Output, ...]:
        """Recorded answers of a program whose arguments do not matter (loose files of foreign captures)."""
        return self._runner.outputs(program)
