"""Erasures that a power cut, a stop or a crash left without an end: found in their journals, gone on with if wanted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent.bulk.session import Chosen, token_of
from agent.erasure import Erasure, Reason
from agent.report.words import INTERRUPTED, told
from agent.wipe.conclude import conclude
from agent.wipe.job import Job
from agent.wipe.journals import journals_in, state_of
from agent.wipe.media import is_same
from agent.wipe.refusals import reason
from agent.wipe.signatures import is_array_member
from agent.wipe.state import State

if TYPE_CHECKING:
    from agent.wipe.survey import Surveyed


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """One journal without an end."""

    job: Job  # as it was authorised
    so_far: Erasure
    opened_at: str
    size_bytes: int  # larger than the job's, once a hidden area was opened
    cut: str = (
        ""  # why it has no end, as `words.INTERRUPTED`; "" when nobody could write it: power, or all killed at once
    )
    may_have_grown: bool = True  # nothing tells yet how large the disk is with its hidden area open

    @property
    def token(self) -> str:
        return token_of(self.job.media, self.job.seen)

    def is_of(self, disk: "Surveyed") -> bool:
        """Whether this is that disk: same serial, WWN and model, and a size that its erasure explains.

        In a dock also the same disk inside: the dock's own serial stays when another one is put in.
        """
        now = disk.media
        if _inside(self.job) != (disk.seen.own_serial if disk.seen is not None else None):
            return False  # also of one that told nothing then: nothing says that it is the one that tells now
        if is_same(self.job.media, now, may_have_grown=self.may_have_grown):
            return True
        return is_same(msgspec.structs.replace(self.job.media, size_bytes=self.size_bytes), now)

    def may_be_erasing(self, disk: "Surveyed") -> bool:
        """It is that disk, which tells no size: a SCSI disk does so until its own erase has ended."""
        return not disk.media.size_bytes and is_same(msgspec.structs.replace(self.job.media, size_bytes=0), disk.media)


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """An unfinished erasure and its disk as it is now: the disk may have been used since, so a person sees that."""

    left: Unfinished
    disk: "Surveyed"

    @property
    def chosen(self) -> Chosen:
        """To be confirmed again: what is on the disk now, before what was on it then."""
        found = tuple(dict.fromkeys((*self.disk.found, *self.left.job.found)))
        return Chosen(
            media=self.disk.media, plan=self.left.job.plan, found=found, is_member=is_array_member(found),
            is_plug=self.disk.is_plug, seen=self.disk.seen,
        )  # fmt: skip

    def job(self) -> Job:
        """The authorisation anew, for the disk as it is now. Only once `chosen` was armed."""
        chosen = self.chosen
        return msgspec.structs.replace(
            self.left.job, media=chosen.media, seen=chosen.seen, found=chosen.found, allow_members=chosen.is_member,
            allow_plug=chosen.is_plug, is_resumed=True,
        )  # fmt: skip


def unfinished(folder: Path) -> tuple[Unfinished, ...]:
    """Every erasure here that has no end, oldest first by `order`; but for disks that were begun anew later.

    A journal that cannot be read is no place to go on from: `damaged` names it.
    """
    read = [(path, state) for path in journals_in(folder) if (state := state_of(path)) is not None]
    read.sort(key=lambda one: _order(one[1]))
    latest = {_token(state.job): _order(state) for _, state in read}
    found = [one for one in read if one[1].finished is None and _order(one[1]) == latest[_token(one[1].job)]]
    return tuple(
        Unfinished(
            job=msgspec.structs.replace(
                state.job, journal=str(path.absolute())
            ),  # the stick may be mounted elsewhere now
            so_far=conclude(state),
            opened_at=state.opened_at,
            size_bytes=state.size_bytes,
            cut=state.interruptions[-1].why if state.is_interrupted else "",
            may_have_grown=state.hidden is None,
        )
        for path, state in found
    )


def _order(state: State) -> tuple[int, str]:
    """Which came later; disks that are alike, begun at once, came together."""
    return state.job.order, state.opened_at


def meet(
    left: Iterable[Unfinished], surveyed: Iterable["Surveyed"]
) -> tuple[tuple[Met, ...], tuple[tuple[Unfinished, Reason], ...]]:
    """Those whose disk is here and free; and the others, each with the reason. Every interlock counts, as for any wipe.

    Serial, WWN, model and size must agree; a hidden area may have been opened since, so the disk may have grown.
    """
    disks = tuple(surveyed)
    here: list[Met] = []
    absent: list[tuple[Unfinished, Reason]] = []
    for one in left:
        found = [disk for disk in disks if one.is_of(disk)]
        if not found:
            absent.append((one, _SIZELESS if any(one.may_be_erasing(disk) for disk in disks) else _ABSENT))
        elif len(found) > 1:
            names = ", ".join(disk.media.name for disk in found)
            absent.append((one, reason("found-twice", one.job.media.name, names)))
        elif refused := [why for why in found[0].refusals if why.rule != "no-method"]:
            absent.append((one, refused[0]))
        else:
            here.append(Met(left=one, disk=found[0]))
    return tuple(here), tuple(absent)


def damaged(folder: Path) -> tuple[Path, ...]:
    """Journals that cannot be read: their disks are not proven erased, and must be erased anew."""
    return tuple(path for path in journals_in(folder) if state_of(path) is None)


def sentence(left: Sequence[Unfinished], lang: str) -> str:
    """One line for whoever starts Rebond after a power cut; "" when nothing is left."""
    if not left:
        return ""
    names = ", ".join(f"{one.token} ({_cut(one, lang)})" for one in left[:_NAMED_MOST])
    more = len(left) - _NAMED_MOST
    names += f" + {more}" if more > 0 else ""
    if lang == "en":
        many = "s" if len(left) != 1 else ""
        return f"{len(left)} erasure{many} without an end: {names}. To go on: rebond wipe --resume"
    many = "s" if len(left) > 1 else ""
    return f"{len(left)} effacement{many} sans fin : {names}. Pour reprendre : rebond wipe --resume"


def _cut(one: Unfinished, lang: str) -> str:
    """Stopped by hand, or by something else."""
    if one.cut:
        return told(INTERRUPTED, one.cut, lang)
    return "power cut or program killed" if lang == "en" else "coupure de courant ou programme tué"


_NAMED_MOST = 4
_SIZELESS = Reason(
    rule="no-size-yet",
    fr="ce disque est branché mais n'annonce pas encore sa taille : il s'efface peut-être encore. Laissez-le branché, "
    "attendez la fin, redémarrez le PC, puis relancez rebond wipe --resume.",
    en="this disk is plugged in but does not tell its size yet: it may still be erasing itself. Leave it plugged in, "
    "wait for the end, start the PC again, then run rebond wipe --resume again.",
)

_ABSENT = Reason(
    rule="not-plugged-in",
    fr="ce disque n'est pas branché ici. Branchez-le, puis relancez rebond wipe --resume.",
    en="this disk is not plugged in here. Plug it in, then run rebond wipe --resume again.",
)


def _token(job: Job) -> str:
    media = job.media
    told = (media.serial or "", media.wwn or "", media.model or "", _inside(job) or "")
    return " ".join(told).strip() or media.name


def _inside(job: Job) -> str | None:
    """What the disk in a dock told of itself when its erasure was authorised."""
    return job.seen.own_serial if job.seen is not None else None
