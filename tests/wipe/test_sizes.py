"""Linux is made to ask a disk for its size again, and only a disk that has none."""

from pathlib import Path

import pytest

from agent.wipe.sizes import ask_again


def disk(root: Path, name: str = "sda", size: str = "0", removable: str = "0") -> Path:
    folder = root / "sys/block" / name
    (folder / "device").mkdir(parents=True)
    (folder / "size").write_text(f"{size}\n")
    (folder / "removable").write_text(f"{removable}\n")
    (folder / "device/rescan").write_text("")
    return folder


def test_a_disk_without_a_size_is_asked_again(tmp_path: Path) -> None:
    folder = disk(tmp_path)
    assert ask_again("sda", tmp_path) is False  # still none
    assert (folder / "device/rescan").read_text() == "1\n"


@pytest.mark.parametrize("size, removable", [("128", "0"), ("0", "1")])
def test_no_other_disk_is_asked(tmp_path: Path, size: str, removable: str) -> None:
    folder = disk(tmp_path, size=size, removable=removable)
    assert ask_again("sda", tmp_path) is False
    assert (folder / "device/rescan").read_text() == ""


def test_a_disk_that_tells_it_now_has_it(tmp_path: Path) -> None:
    """The size stands behind a link that the rescan changes, as the kernel's answer does."""
    folder = disk(tmp_path)
    (folder / "device/rescan").unlink()
    (folder / "size").unlink()
    (folder / "size").write_text("0\n")
    (folder / "device/rescan").symlink_to(folder / "size")
    assert ask_again("sda", tmp_path) is True


def test_what_is_no_scsi_disk_is_left_alone(tmp_path: Path) -> None:
    assert ask_again("nvme0n1", tmp_path) is False
