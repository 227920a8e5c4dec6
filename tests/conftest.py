"""The closed world of the tests: no program, no socket, no block device unless a test's marker says so."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wipe.loops import may_open_for_writing

# Read by the claim of `agent.wipe`: here, and in every process started from here, only loop devices can be wiped.
os.environ["REBOND_WIPE_ONLY"] = "loop"

CORPUS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus"


class OutsideReached(BaseException):
    """A test touched the real machine; no `except Exception` may hide it."""


def _guard_block_devices(event: str, args: tuple[object, ...]) -> None:
    # An audit hook cannot be removed, and sees every open of this process, ours or a library's.
    if event != "open" or not isinstance(args[0], str | bytes | os.PathLike) or not isinstance(args[2], int):
        return
    if args[2] & (os.O_WRONLY | os.O_RDWR):
        try:
            mode = os.stat(args[0])  # noqa: PTH116 - the name may be bytes
        except OSError:
            return
        if stat.S_ISBLK(mode.st_mode) and not may_open_for_writing(mode.st_rdev):
            raise OutsideReached(f"a test opened {args[0]!r} for writing: a block device that it did not attach itself")


sys.addaudithook(_guard_block_devices)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="write the goldens anew, to be looked at in the diff")


@pytest.fixture
def is_blessing(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--bless"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "programs: may start real programs")
    config.addinivalue_line("markers", "loopback: may open sockets on the loopback interface")


@pytest.fixture(autouse=True)
def closed_world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse subprocesses and sockets to every test without the marker `programs` or `loopback`."""
    if not request.node.get_closest_marker("programs"):

        def no_program(*args: object, **kwargs: object) -> None:
            raise OutsideReached(f"a test started a program: {args[1:2]}")

        monkeypatch.setattr(subprocess.Popen, "__init__", no_program)
    if not request.node.get_closest_marker("loopback"):

        def no_socket(self: socket.socket, address: object) -> None:
            raise OutsideReached(f"a test opened a socket to {address}")

        monkeypatch.setattr(socket.socket, "connect", no_socket)
    yield


def corpus_files(*kinds: str) -> list[Path]:
    """Every corpus file of these kinds, open and restricted; empty (and the test skipped, saying so) without corpus."""
    return sorted(
        path
        for kind in kinds
        for tier in ("", "restricted/")
        for path in (CORPUS / f"{tier}{kind}").rglob("*")
        if path.is_file()
    )


def over_corpus(*kinds: str) -> pytest.MarkDecorator:
    """Parametrise `path` over the corpus files of these kinds; one plainly named skip where the corpus is absent."""
    files = corpus_files(*kinds)
    if not files:
        skip = pytest.mark.skip(reason=f"no corpus beside this checkout (../shared/corpus/{kinds[0]})")
        return pytest.mark.parametrize("path", [pytest.param(None, marks=skip, id="no-corpus")])
    return pytest.mark.parametrize("path", files, ids=[f"{path.parent.name}-{path.name}"[:90] for path in files])
