"""Disks that were to be erased in this PC, are not proven erased, and do not answer here any more.

A stick goes from PC to PC and keeps the journal of every erasure: each names the PC that its disk hung on. A disk that
was plugged into another PC later is not in this one; a disk on a USB cable never was. How long ago it was is no matter:
data does not go away. Where nothing identifies this PC, the disks of every such PC are asked for.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec

from agent.checks import lost
from agent.checks.results import CheckResult
from agent.claims import is_same_disk, settled, standing_of
from agent.erasure import Erasure, Media
from agent.facts import Disk, LostDisk, Machine
from agent.record import machine_identity
from agent.text import clean
from agent.wipe.job import Job

_NAME_MOST = 60
_CABLED = ("usb", "firewire")


@dataclass(frozen=True, slots=True, kw_only=True)
class Journalled:
    """One erasure that this station has begun."""

    job: Job
    erasure: Erasure
    is_at_work: bool = False  # a worker holds its journal: it erases, or hangs with its disk


def with_lost_disks(
    machine: Machine, journalled: Iterable[Journalled], results: Sequence[CheckResult], now: datetime
) -> tuple[Machine, CheckResult | None]:
    """The machine with its lost disks, and what takes back the word that one of them is out: it answers again.

    `journalled`: in the order in which they began. `results`: of this visit's checks, in their order.
    """
    said = lost.taken_out(results)
    gone, back = list[LostDisk](), list[LostDisk]()
    for erasure in reversed(_of_this_pc(machine, journalled)):
        if standing_of(erasure) == "certificate":
            continue
        one = _told(erasure, said)
        here = [disk for disk in machine.disks or () if _is_it(disk, erasure.media)]
        if not here:
            gone.append(one)
        elif one.is_taken_out and not all(disk.removable for disk in here):
            back.append(one)
    gone.sort(key=lambda one: one.is_taken_out)
    machine = msgspec.structs.replace(machine, lost_disks=tuple(gone[: lost.LOST_MOST + 1]))
    return machine, lost.answers_again(back, now) if back else None


def _of_this_pc(machine: Machine, journalled: Iterable[Journalled]) -> list[Erasure]:
    """Of each disk that was last plugged in here, the erasure that counts: the last that touched it, else was tried."""
    counting: dict[tuple[object, ...], Journalled] = {}
    last_in: dict[tuple[object, ...], str | None] = {}
    for one in journalled:
        disk = _key(one.job.media)
        last_in[disk] = one.job.machine
        if disk not in counting or counting[disk].erasure.began_at is None or one.erasure.began_at is not None:
            counting.pop(disk, None)  # it goes to the end: the newest
            counting[disk] = one
    here = machine_identity(machine)
    return [
        one.erasure for disk, one in counting.items()
        if last_in[disk] == here and one.job.media.transport not in _CABLED and one.job.media.kind != "sd-card"
    ]  # fmt: skip


def _key(disk: Disk | Media) -> tuple[object, ...]:
    """The same for one disk whatever its size: a hidden area may have been opened. By name only where it tells none."""
    if disk.serial or disk.wwn:
        return (disk.serial, disk.wwn, (disk.model or "")[:16].rstrip())
    return (disk.name, disk.size_bytes)


def _is_it(disk: Disk, media: Media) -> bool:
    return _key(disk) == _key(media) or is_same_disk(disk, media)


def _told(erasure: Erasure, said: Container[str]) -> LostDisk:
    media, digest = erasure.media, sha256(msgspec.json.encode(erasure)).hexdigest()
    named = " ".join(filter(None, (media.model, media.serial or media.wwn))) or media.name
    return LostDisk(
        name=clean(named, _NAME_MOST),
        model=media.model,
        serial=media.serial,
        wwn=media.wwn,
        size_bytes=media.size_bytes or None,
        is_soldered=media.kind == "emmc",
        erasure=None if standing_of(erasure) == "untouched" else settled(erasure),
        erasure_digest=digest,
        is_taken_out=lost.mark(digest) in said,
    )
