"""The journal: what a power cut, a full medium or a second use of the same authorisation does to it."""

import errno
import json
import os
import time
from pathlib import Path

import pytest

from agent.erasure import Media
from agent.errors import InputRefused, StorageError
from agent.summed import sum_of
from agent.wipe import journal as j
from agent.wipe.job import Job, Plan, Planned

JOB = Job(
    id="0" * 32,
    media=Media(name="loop0", serial="A1", size_bytes=1 << 20),
    plan=Plan(steps=(Planned(technique="overwrite-stream", level="clear"),), level="clear"),
    journal="unused",
)
ENTRIES: list[j.Entry] = [
    j.Began(at="2026-11-23T10:00:00Z"),
    j.HealthSeen(when="before", health=None),
    j.AttemptBegan(attempt=0, technique="overwrite-stream", at="2026-11-23T10:00:01Z"),
    j.PassBegan(attempt=0, number=0, fill="aes-256-ctr", key="ab" * 32),
    j.Checkpoint(attempt=0, work="write", number=0, offset_bytes=4096),
    j.PassEnded(attempt=0, number=0),
]


def written(path: Path) -> bytes:
    journal = j.Journal.create(path, j.Opened(job=JOB, at="2026-11-23T10:00:00Z"))
    for entry in ENTRIES:
        journal.add(entry)
    journal.close()
    return path.read_bytes()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written(tmp_path / "journal")
    assert j.read_journal(tmp_path / "journal")[1:] == ENTRIES


def test_a_second_use_of_the_authorisation_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "journal")
    with pytest.raises(InputRefused, match="already used"):
        j.Journal.create(tmp_path / "journal", j.Opened(job=JOB, at=""))


def test_a_cut_at_every_byte_loses_at_most_the_line_that_was_written(tmp_path: Path) -> None:
    raw = written(tmp_path / "whole")
    ends = [place + 1 for place, byte in enumerate(raw) if byte == ord("\n")]
    for cut in range(ends[0], len(raw) + 1):
        path = tmp_path / "cut"
        path.write_bytes(raw[:cut])
        whole = sum(end <= cut for end in ends)
        again = j.Journal.reopen(path)
        assert again.entries[1:] == ENTRIES[: whole - 1]
        again.add(j.Resumed(at="2026-11-23T11:00:00Z"))
        again.close()
        assert j.read_journal(path)[whole:] == [j.Resumed(at="2026-11-23T11:00:00Z")]


def test_before_the_first_whole_line_nothing_had_begun(tmp_path: Path) -> None:
    raw = written(tmp_path / "whole")
    first = raw.index(b"\n")
    for cut in (0, 1, 9, first - 1, first):
        (tmp_path / "cut").write_bytes(raw[:cut])
        with pytest.raises(j.JournalDamaged, match="had not begun"):
            j.read_journal(tmp_path / "cut")


def test_a_torn_last_sector_is_a_torn_line(tmp_path: Path) -> None:
    """After a power cut the file may have its new length, and zeros or half of the line in its last sector."""
    raw = written(tmp_path / "whole")
    last = raw[:-1].rindex(b"\n") + 1
    for torn in (b"\0" * (len(raw) - last), raw[last : last + 12] + b"\0" * 40 + b"\n"):
        (tmp_path / "torn").write_bytes(raw[:last] + torn)
        assert j.read_journal(tmp_path / "torn")[1:] == ENTRIES[:-1]


def test_a_flipped_byte_before_the_last_line_is_told_with_its_line(tmp_path: Path) -> None:
    raw = bytearray(written(tmp_path / "whole"))
    second = raw.index(b"\n") + 1
    for place in range(second, raw.index(b"\n", second)):
        damaged = bytearray(raw)
        damaged[place] ^= 1
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(j.JournalDamaged, match="line [23]"):
            j.read_journal(tmp_path / "damaged")


@pytest.mark.parametrize(
    "after",
    [
        b"\0" * 600, b"\n", b"\0" * 30 + b"\n" + b"\0" * 30, b"some old letter\nand its second line\n\nthe end",
        b"\n" * 40, b"\xff" * 512 + b"\n", b"00000000 \n", b"12345678 {}\n", b"0000 {\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kept", [0, 1, 5, 8, 9, 40])
def test_whatever_a_file_system_leaves_after_a_torn_line_is_cut_off(tmp_path: Path, after: bytes, kept: int) -> None:
    """ext4 leaves zeros, FAT what was in the cluster before; either may hold line ends."""
    raw = written(tmp_path / "whole")
    last = raw[:-1].rindex(b"\n") + 1
    path = tmp_path / "torn"
    path.write_bytes(raw[: last + kept] + after)
    assert j.read_journal(path)[1:] == ENTRIES[:-1]
    for number in (1, 2):
        journal = j.Journal.reopen(path)
        journal.add(j.Resumed(at=f"2026-11-23T11:00:0{number}Z"))
        journal.close()
    assert [type(one) for one in j.read_journal(path)[-2:]] == [j.Resumed, j.Resumed]
    assert path.read_bytes().startswith(raw[:last]) and path.read_bytes().count(b"\n") == len(ENTRIES) + 2


def test_a_line_that_a_full_medium_tore_is_not_glued_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The medium takes half of a line; later it has room again (a stop is written down after the failure)."""
    journal = j.Journal.create(tmp_path / "journal", j.Opened(job=JOB, at=""))
    pwrite = os.pwrite
    calls: list[int] = []

    def half(descriptor: int, data: bytes, offset: int) -> int:
        calls.append(offset)
        if len(calls) == 1:
            return pwrite(descriptor, data[:20], offset)
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(StorageError, match="No room left"):
        journal.add(ENTRIES[0])
    monkeypatch.undo()
    assert len(calls) == 2
    journal.add(j.Interrupted(at="2026-11-23T11:00:00Z", why="stopped"))
    journal.close()
    assert j.read_journal(tmp_path / "journal")[1:] == [j.Interrupted(at="2026-11-23T11:00:00Z", why="stopped")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_medium_is_one_clear_sentence_and_the_entry_is_not_remembered(tmp_path: Path) -> None:
    journal = j.Journal.create(tmp_path / "journal", j.Opened(job=JOB, at=""))
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, journal._descriptor)
    os.close(full)
    with pytest.raises(StorageError, match="No room left"):
        journal.add(ENTRIES[0])
    assert len(journal.entries) == 1
    journal.close()


def test_a_stick_full_of_journals_is_read_as_fast_as_plain_json() -> None:
    """Five hundred disks of a thousand lines each are read before a PC's verdict: nothing is set up for each line."""
    raw = j.line_of(j.Opened(job=JOB, at="2026-11-23T10:00:00Z"), 0)
    for number in range(20_000):
        entry = j.Checkpoint(attempt=0, work="write", number=0, offset_bytes=number << 30, at="2026-11-23T10:00:00Z")
        raw += j.line_of(entry, sum_of(raw[raw.rfind(b"\n", 0, -1) + 1 :]))
    began = time.process_time()
    for line in raw.splitlines():
        json.loads(line[9:])
    plainly, began = time.process_time() - began, time.process_time()
    assert len(j.read_lines(raw, Path("unused"))[0]) == 20_001
    assert time.process_time() - began < 2 * plainly
