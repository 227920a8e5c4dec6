"""An authorisation is used up once, by the disk that it names: what its journal says of it (law 8)."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.erasure import Media
from agent.errors import InputRefused
from agent.wipe import journal as j
from agent.wipe.job import Job, Plan
from agent.wipe.worker import _journal

DISK = Media(name="sda", serial="S1", wwn="5000c50012345678", size_bytes=10**9)


def job(folder: Path, **changes: Any) -> Job:
    given: dict[str, Any] = {"id": "0" * 32, "media": DISK, "journal": str(folder / "one.journal")}
    return Job(**(given | changes), plan=Plan(steps=(), level="clear"))


def test_a_used_authorisation_is_refused(tmp_path: Path) -> None:
    _journal(job(tmp_path)).close()
    with pytest.raises((InputRefused, OSError)):
        _journal(job(tmp_path))


def test_what_has_ended_is_not_gone_on_with(tmp_path: Path) -> None:
    _journal(job(tmp_path)).close()
    again = _journal(job(tmp_path, is_resumed=True))
    again.add(j.Finished(at="2026-11-27T02:00:00Z", seconds=1))
    again.close()
    with pytest.raises(InputRefused, match="already ended"):
        _journal(job(tmp_path, is_resumed=True))
    assert len(j.read_journal(tmp_path / "one.journal")) == 2, "nothing was added to it"


@pytest.mark.parametrize(
    "changes",
    [{"id": "1" * 32}, {"media": msgspec.structs.replace(DISK, serial="S2")},
     {"media": msgspec.structs.replace(DISK, wwn=None)}],
)  # fmt: skip
def test_the_journal_of_another_erasure_is_refused(tmp_path: Path, changes: Any) -> None:
    _journal(job(tmp_path)).close()
    with pytest.raises(InputRefused, match="another erasure"):
        _journal(job(tmp_path, is_resumed=True, **changes))
    _journal(job(tmp_path, is_resumed=True)).close()  # and its lock was let go
