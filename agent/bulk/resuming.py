"""Erasures that a power cut, a stop or a crash left without an end: found in their journals, gone on with if wanted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent.bulk.session import Chosen
from agent.erasure import Erasure, Media, Reason
from agent.errors import RebondError
from agent.wipe.conclude import conclude
from agent.wipe.job import Job
from agent.wipe.journal import read_journal
from agent.wipe.media import is_same
from agent.wipe.refusals import reason
from agent.wipe.state import State, fold

if TYPE_CHECKING:
    from agent.wipe.survey import Surveyed


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """One journal without an end."""

    job: Job  # as it was authorised, ready to go on
    so_far: Erasure
    opened_at: str
    size_bytes: int  # larger than the job's, once a hidden area was opened

    @property
    def media(self) -> Media:
        return msgspec.structs.replace(self.job.media, size_bytes=self.size_bytes)

    @property
    def chosen(self) -> Chosen:
        """To be confirmed again by a person; that it is an array's member was confirmed when it began."""
        return Chosen(media=self.job.media, plan=self.job.plan, found=self.job.found)


def unfinished(folder: Path) -> tuple[Unfinished, ...]:
    """Every erasure here that has no end, oldest first; but for disks that were begun anew later.

    A journal that cannot be read is no place to go on from: `damaged` names it.
    """
    states = [state for state in (_state(path) for path in _journals(folder)) if state is not None]
    latest: dict[str, str] = {}
    for state in states:
        token = _token(state.job.media)
        latest[token] = max(latest.get(token, ""), state.opened_at)
    found = [state for state in states if state.finished is None and state.opened_at == latest[_token(state.job.media)]]
    return tuple(
        Unfinished(
            job=msgspec.structs.replace(state.job, is_resumed=True),
            so_far=conclude(state),
            opened_at=state.opened_at,
            size_bytes=state.size_bytes,
        )
        for state in sorted(found, key=lambda state: state.opened_at)
    )


def meet(
    left: Iterable[Unfinished], surveyed: Iterable["Surveyed"]
) -> tuple[tuple[Unfinished, ...], tuple[tuple[Unfinished, Reason], ...]]:
    """Those whose disk is here and free; and the others, each with the reason. Serial, WWN, model and size must agree.

    A hidden area may have been opened since, so the disk may have grown.
    """
    disks = tuple(surveyed)
    here: list[Unfinished] = []
    absent: list[tuple[Unfinished, Reason]] = []
    for one in left:
        found = [disk for disk in disks if is_same(one.job.media, disk.media, may_have_grown=True)]
        if not found:
            absent.append((one, _ABSENT))
        elif len(found) > 1:
            names = ", ".join(disk.media.name for disk in found)
            absent.append((one, reason("found-twice", one.job.media.name, names)))
        elif refused := [why for why in found[0].refusals if why.rule != "no-method"]:
            absent.append((one, refused[0]))
        else:
            here.append(one)
    return tuple(here), tuple(absent)


def damaged(folder: Path) -> tuple[Path, ...]:
    """Journals that cannot be read: their disks are not proven erased, and must be erased anew."""
    return tuple(path for path in _journals(folder) if _state(path) is None)


def sentence(left: Sequence[Unfinished], lang: str) -> str:
    """One line for whoever starts Rebond after a power cut; "" when nothing is left."""
    if not left:
        return ""
    names = ", ".join(one.chosen.token for one in left[:_NAMED_MOST])
    more = len(left) - _NAMED_MOST
    names += f" + {more}" if more > 0 else ""
    if lang == "en":
        many = "s" if len(left) != 1 else ""
        return f"{len(left)} erasure{many} without an end: {names}. To go on: rebond wipe --resume"
    many = "s" if len(left) > 1 else ""
    return f"{len(left)} effacement{many} sans fin : {names}. Pour reprendre : rebond wipe --resume"


_NAMED_MOST = 4
_ABSENT = Reason(
    rule="not-plugged-in",
    fr="ce disque n'est pas branché ici. Branchez-le, puis relancez rebond wipe --resume.",
    en="this disk is not plugged in here. Plug it in, then run rebond wipe --resume again.",
)


def _journals(folder: Path) -> Iterable[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".journal")
    except OSError:
        return ()


def _state(path: Path) -> State | None:
    try:
        return fold(read_journal(path))
    except (RebondError, OSError, ValueError):
        return None


def _token(media: Media) -> str:
    return " ".join((media.serial or "", media.wwn or "", media.model or "")).strip() or media.name
