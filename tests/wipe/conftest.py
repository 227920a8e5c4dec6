"""What the tests of the engine share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def memory_path() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of fsyncs prove nothing more on a real disk."""
    shm = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="rebond-", dir=shm if shm.is_dir() else None))
    yield folder
    shutil.rmtree(folder)
