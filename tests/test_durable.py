"""The write recipe: its order of steps, nothing overwritten, and every refusal of the medium told plainly."""

import errno
import os
from pathlib import Path

import pytest

from agent import durable
from agent.durable import PART, STEPS, remove, write_new
from agent.errors import StorageError


def test_the_steps_come_in_the_measured_order(tmp_path: Path) -> None:
    steps: list[str] = []
    write_new(tmp_path / "a", b"x" * 100_000, step=steps.append)
    remove(tmp_path / "a", step=steps.append)
    assert tuple(steps) == STEPS
    assert not list(tmp_path.iterdir())


def test_the_final_name_appears_only_when_the_bytes_are_on_the_medium(tmp_path: Path) -> None:
    path = tmp_path / "a"
    seen: dict[str, bool] = {}
    write_new(path, b"x", step=lambda step: seen.update({step: path.exists()}))
    assert [seen[step] for step in STEPS[:-1]] == [False, False, False, True, True, True]


def test_the_same_bytes_again_are_fine_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a"
    write_new(path, b"x")
    write_new(path, b"x")
    for other in (b"y", b"", b"xx"):
        with pytest.raises(StorageError):
            write_new(path, other)
    assert path.read_bytes() == b"x"
    assert [entry.name for entry in path.parent.iterdir()] == ["a"]


@pytest.mark.parametrize("step", STEPS[:3])
@pytest.mark.parametrize(
    ("code", "word"),
    [(errno.ENOSPC, "place"), (errno.EROFS, "lecture seule"), (errno.EACCES, "sudo"), (errno.EIO, "clé USB")],
)
def test_a_failing_medium_leaves_nothing_and_says_what_to_do(tmp_path: Path, step: str, code: int, word: str) -> None:
    def fail(name: str) -> None:
        if name == step:
            raise OSError(code, os.strerror(code))

    with pytest.raises(StorageError) as caught:
        write_new(tmp_path / "a", b"x", step=fail)
    assert word in caught.value.fr
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError):
        write_new(tmp_path / "a", b"x")


def test_a_private_file_is_private_from_its_first_moment(tmp_path: Path) -> None:
    modes: list[int] = []

    def look(step: str) -> None:
        modes.extend(entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir())

    write_new(tmp_path / "a", b"x", mode=0o600, step=look)
    assert set(modes) == {0o600}
    assert not list(tmp_path.glob(f"*{PART}"))


def test_every_folder_made_on_the_way_is_durable_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(durable, "sync_folder", synced.append)
    write_new(tmp_path / "outbox" / "new" / "one.json", b"{}")
    assert synced == [tmp_path, tmp_path / "outbox", tmp_path / "outbox" / "new"]
    synced.clear()
    write_new(tmp_path / "outbox" / "new" / "two.json", b"{}")
    assert synced == [tmp_path / "outbox" / "new"]
