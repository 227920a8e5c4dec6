"""The tests' own loop devices, and the guard that lets nothing else be opened for writing."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import reached
from tests.guard.sitecustomize import WORD, OutsideReached
from tests.wipe.loops import LOOP_MAJOR, attached, detach, loop, needs_loops, tell_size

pytestmark = needs_loops


def image(folder: Path, name: str = "disk.img", size: int = 4 << 20) -> Path:
    path = folder / name
    path.touch()
    os.truncate(path, size)
    return path


def _size(node: str) -> int:
    descriptor = os.open(node, os.O_RDONLY)
    try:
        return os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("sector_bytes", [512, 4096])
def test_a_file_is_a_disk_while_the_block_lasts(tmp_path: Path, sector_bytes: int) -> None:
    path = image(tmp_path)
    with loop(path, sector_bytes=sector_bytes) as node:
        name = Path(node).name
        assert Path(f"/sys/block/{name}/loop/backing_file").read_text().strip() == str(path)
        assert Path(f"/sys/block/{name}/queue/logical_block_size").read_text().strip() == str(sector_bytes)
        descriptor = os.open(node, os.O_RDWR)
        os.pwrite(descriptor, b"a" * 4096, 4096)
        os.close(descriptor)
        number = Path(node).stat().st_rdev
        assert os.major(number) == LOOP_MAJOR and number in attached
    assert path.read_bytes()[4096:8192] == b"a" * 4096
    assert number not in attached
    assert not Path(f"/sys/block/{name}/loop/backing_file").exists() or (
        Path(f"/sys/block/{name}/loop/backing_file").read_text().strip() != str(path)
    )


def test_two_at_once_read_only_and_resized(tmp_path: Path) -> None:
    first, second = image(tmp_path, "a.img"), image(tmp_path, "b.img")
    with loop(first) as one, loop(second, read_only=True) as two:
        assert one != two
        assert Path(f"/sys/block/{Path(two).name}/ro").read_text().strip() == "1"
        assert Path(f"/sys/block/{Path(one).name}/ro").read_text().strip() == "0"
        os.truncate(first, 1 << 20)
        tell_size(one)
        assert _size(one) == 1 << 20


def test_detached_by_the_test_itself(tmp_path: Path) -> None:
    with loop(image(tmp_path)) as node:
        detach(node)
        assert _size(node) == 0


@pytest.fixture
def others(tmp_path: Path) -> Iterator[str]:
    """A loop device that no test attached, as far as the guard knows."""
    with loop(image(tmp_path)) as node:
        number = Path(node).stat().st_rdev
        attached.discard(number)
        yield node
        attached.add(number)
        reached.clear()  # what was provoked here fails no test


OPENS: list[Callable[[str], object]] = [
    lambda node: os.open(node, os.O_RDWR),
    lambda node: os.open(os.fsencode(node), os.O_WRONLY | os.O_EXCL),
    lambda node: Path(node).open("r+b"),  # noqa: SIM115
    lambda node: io.open(node, "wb", buffering=0),  # noqa: SIM115, UP020 - by each of its names
    lambda node: io.FileIO(node, "r+"),
    lambda node: shutil.copyfileobj(io.BytesIO(b"x"), open(node, "ab")),  # noqa: PTH123, SIM115
    lambda node: subprocess.run(["dd", "if=/dev/zero", f"of={node}", "count=1"]),
    lambda node: subprocess.run(["mkfs.ext4", node]),
    lambda node: os.system(f"cat /dev/null >> {node} ; true {node}"),  # noqa: S605
    lambda node: os.posix_spawn("/bin/true", ["true", node], {}),
]


@pytest.mark.programs
@pytest.mark.parametrize("open_it", OPENS)
def test_a_device_of_others_cannot_be_written_to(others: str, open_it: Callable[[str], object]) -> None:
    with pytest.raises(OutsideReached):
        open_it(others)
    assert others in reached[-1]


def test_it_is_told_even_where_it_was_swallowed(others: str) -> None:
    def swallow() -> None:
        with contextlib.suppress(BaseException):
            os.open(others, os.O_RDWR)

    thread = threading.Thread(target=swallow)
    thread.start()
    thread.join()
    assert len(reached) == 1


def test_by_another_name(others: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(others)
    descriptor = os.open(others, os.O_RDONLY)
    try:
        for name in (tmp_path / "link", Path(f"/proc/self/fd/{descriptor}")):
            with pytest.raises(OutsideReached):
                os.open(name, os.O_RDWR)
    finally:
        os.close(descriptor)


@pytest.mark.programs
def test_a_python_that_a_test_starts_is_guarded_too(tmp_path: Path) -> None:
    """Its loop devices are those over files of the tests; any other block device of this machine is outside."""
    program = "import os, sys; os.close(os.open(sys.argv[1].strip('?'), os.O_RDWR))"
    with loop(image(tmp_path)) as node:
        here = [sys.executable, "-P", "-c", program, f"?{node}"]  # "?": the guard of this process sees words, not names
        assert subprocess.run(here).returncode == 0
        outside = subprocess.run(here, capture_output=True, env=os.environ | {WORD: "/nowhere"})
    assert outside.returncode != 0 and b"OutsideReached" in outside.stderr
