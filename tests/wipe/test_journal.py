"""The journal: what a power cut, a full medium or a second use of the same authorisation does to it."""

import os
from pathlib import Path

import pytest

from agent.erasure import Media
from agent.errors import InputRefused, StorageError
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
