"""The tests' own loop devices, and the guard that lets nothing else be opened for writing."""

import os
from pathlib import Path

import pytest

from tests.conftest import OutsideReached
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


@pytest.mark.parametrize("given", [str, Path, os.fsencode])
def test_a_loop_device_of_others_cannot_be_opened_for_writing(tmp_path: Path, given: type) -> None:
    with loop(image(tmp_path)) as node:
        number = Path(node).stat().st_rdev
        attached.discard(number)
        with pytest.raises(OutsideReached):
            os.open(given(node), os.O_RDWR)
        with pytest.raises(OutsideReached):
            Path(node).open("r+b").close()
        attached.add(number)
        os.close(os.open(node, os.O_RDWR))
