"""The closed world of the tests: no program, no socket, no block device unless a test's marker says so."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guard.sitecustomize import OutsideReached, environment, hook
from tests.wipe.loops import may_open_for_writing

# Read by the claim of `agent.wipe`: here, and in every process started from here, only loop devices can be wiped.
os.environ["REBOND_WIPE_ONLY"] = "loop"

CORPUS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus"


reached: list[str] = []  # told even where a thread or a broad `except` swallowed it
sys.addaudithook(hook(may_open_for_writing, reached.append))
os.environ.update(environment())


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
    reached.clear()
    yield
    assert not reached, "\n".join(reached)


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
