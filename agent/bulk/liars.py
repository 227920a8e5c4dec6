"""Disks that this station once caught lying: known by their journals, for ever.

A disk that said "erased" and was not, or gave back other bytes than it took, is no witness any more: whatever it says
later stays not proven, and it is to be destroyed.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agent.bulk.session import Chosen, bare
from agent.erasure import Media
from agent.wipe.journals import journals_in, state_of
from agent.wipe.outcome import has_lied


def liars_in(folder: Path) -> tuple[Media, ...]:
    """Each disk whose lie stands in a journal here."""
    states = [state for state in map(state_of, journals_in(folder)) if state is not None]
    return tuple(state.job.media for state in states if state.job.has_lied or has_lied(state))


def is_liar(media: Media, liars: Sequence[Media]) -> bool:
    """By WWN, or by serial and model: its size may be part of the lie."""
    return any(
        (media.wwn is not None and media.wwn == one.wwn)
        or (bool(media.serial and one.serial) and bare(media.serial or "") == bare(one.serial or "")
            and media.model == one.model)
        for one in liars
    )  # fmt: skip


def remembered(chosen: Sequence[Chosen], folder: Path) -> tuple[Chosen, ...]:
    """The same disks, the known liars among them marked: their plan says so, and their job carries it."""
    liars = liars_in(folder)
    return tuple(replace(one, has_lied=True) if is_liar(one.media, liars) else one for one in chosen)
