"""The journals of a station's folder: one for each erasure it has begun."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from agent.errors import RebondError
from agent.wipe.journal import Began, Opened, read_journal, read_lines
from agent.wipe.state import State, fold


def journals_in(folder: Path) -> Iterable[Path]:
    """Of every erasure this station has begun."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".journal")
    except OSError:
        return ()


def next_order(folder: Path, now: datetime) -> int:
    """For a new job's `order`."""
    known = (state.job.order for path in journals_in(folder) if (state := state_of(path)) is not None)
    return max(int(now.timestamp()), 1 + max(known, default=0))


def begun_in(path: Path) -> State | None:
    """As `state_of`; of a damaged journal, which its whole first line still names, an erasure without an end."""
    state = state_of(path)
    if state is not None:
        return state
    try:
        (first, *_), _ = read_lines(path.read_bytes().partition(b"\n")[0] + b"\n", path)
        return fold([first, Began(at=first.at)]) if isinstance(first, Opened) else None
    except (RebondError, OSError, ValueError):
        return None


def state_of(path: Path) -> State | None:
    """None when it cannot be read."""
    try:
        return fold(read_journal(path))
    except (RebondError, OSError, ValueError):
        return None
