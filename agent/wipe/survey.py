"""Every disk of a machine: what is on it, what may be done to it and how, or why not. Opens read-only, erases nothing.

Each disk is looked at by a thread of its own with a time limit, so that one that hangs hides none of the others.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agent.erasure import Hidden, Media, Reason
from agent.facts import Disk
from agent.host import Host
from agent.probes.boot_medium import iso_uuid
from agent.wipe.choose import Method, make_plan
from agent.wipe.device import Ability, DiskError, Family
from agent.wipe.families import open_family
from agent.wipe.interlocks import allowed_here, refusals
from agent.wipe.job import Plan, Seen
from agent.wipe.kernel_disk import KernelDisk, lock, open_disk
from agent.wipe.media import BRIDGED, boot_id, is_loop, is_named_by_its_plug, loop_disk, media_of
from agent.wipe.refusals import reason, why_not_open
from agent.wipe.signatures import Reader, is_array_member, is_rebond_stick, signatures_on
from agent.wipe.topology import Topology

LOOK_TIMEOUT_S = 25.0
# Nothing is sent to these: they are no disks, or somebody else's.
_NOT_LOOKED_AT = {
    "not-a-disk", "optical", "network-disk", "not-a-whole-disk", "path-only", "no-medium", "no-size", "not-found",
    "raid-volume", "loops-only",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One disk. It may be claimed when `refusals` is empty; `is_member` asks for a second confirmation first."""

    media: Media
    refusals: tuple[Reason, ...] = ()
    found: tuple[str, ...] = ()
    is_member: bool = False
    abilities: tuple[Ability, ...] = ()
    hidden: Hidden | None = None
    plan: Plan | None = None  # None: it was not looked at, and `refusals` says why
    is_locked: bool = False  # Opal
    seen: Seen | None = None  # None: it was not looked at
    is_plug: bool = False  # only the number of its dock or reader names it: a second confirmation

    def planned(
        self, *, method: Method = "best", verify: Literal["full", "sampled"] = "full", psid: str | None = None
    ) -> Plan:
        """The plan with other wishes than the defaults."""
        return make_plan(
            self.media, self.abilities, hidden=self.hidden, method=method, verify=verify, psid=psid,
            is_locked=self.is_locked,
        )  # fmt: skip


def survey(
    host: Host, machine_disks: Sequence[Disk], *, allow_virtual: bool = False, home: str | None = None,
    family: Callable[..., Family | None] = open_family, timeout_s: float = LOOK_TIMEOUT_S,
) -> tuple[Surveyed, ...]:  # fmt: skip
    """All disks in the order given, then the loop devices where virtual disks are allowed."""
    allowed = allowed_here(virtual=allow_virtual, home=home)
    disks = [disk for disk in machine_disks if not is_loop(disk.name)]  # an erased one stands among the PC's disks
    if allow_virtual:
        loops = (loop_disk(host, name) for name in host.names("/sys/block") if is_loop(name))
        disks += sorted((one for one in loops if one is not None), key=lambda one: (len(one.name), one.name))
    first = [
        Surveyed(
            media=media_of(host, disk), refusals=refusals(host, disk, disks, allowed),
            is_locked=bool(disk.is_opal_locked),
        )
        for disk in disks
    ]  # fmt: skip
    if not host.is_live:
        return tuple(replace(one, refusals=(reason("replayed", one.media.name),)) for one in first)
    return _look_at_all(host, first, family, timeout_s)


def _look_at_all(
    host: Host, first: list[Surveyed], family: Callable[..., Family | None], timeout_s: float
) -> tuple[Surveyed, ...]:
    seen: dict[int, Surveyed] = {}

    def work(place: int, one: Surveyed) -> None:
        seen[place] = _looked_at(host, one, family)

    threads = []
    for place, one in enumerate(first):
        if any(why.rule in _NOT_LOOKED_AT for why in one.refusals):
            seen[place] = one
            continue
        # A daemon: a thread stuck in the kernel must not keep the program from ending.
        thread = threading.Thread(target=work, args=(place, one), daemon=True, name=f"look-{one.media.name}")
        thread.start()
        threads.append(thread)
    deadline = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return tuple(seen.get(place) or _late(one, timeout_s) for place, one in enumerate(first))


def _late(one: Surveyed, timeout_s: float) -> Surveyed:
    return _with(one, reason("no-answer", one.media.name, str(int(timeout_s))))


def _with(one: Surveyed, why: Reason) -> Surveyed:
    return replace(one, refusals=(*one.refusals, why))


def _looked_at(host: Host, one: Surveyed, family: Callable[..., Family | None]) -> Surveyed:
    name = one.media.name
    try:
        io = open_disk("/dev/" + name.replace("!", "/"), write=False, exclusive=False)
    except OSError as error:
        return _with(one, reason(why_not_open(error), name, error.strerror or str(error.errno)))
    try:
        # A disk that is being erased is left alone: a command of ours could disturb its own.
        if not lock(io, exclusive=False):
            return _with(one, reason("two-operators", name))
        return _asked(host, one, io, family)
    except Exception as error:  # noqa: BLE001 - law 10: one bad disk never ends the survey of the others
        return _with(one, reason("look-failed", name, f"{type(error).__name__}: {error}"[:80]))
    finally:
        io.close()


def _asked(host: Host, one: Surveyed, io: KernelDisk, family: Callable[..., Family | None]) -> Surveyed:
    reader = Reader(io)
    if is_rebond_stick(reader, iso_uuid(host)) and all(why.rule != "boot-medium" for why in one.refusals):
        one = _with(one, reason("rebond-stick", one.media.name))
    found = signatures_on(io, reader)
    over = Topology(host)
    names = over.siblings(one.media.name)
    siblings = {over.namespace_id(name) or 0: name for name in names}
    speaks = family(io.descriptor, one.media, armed=False, siblings=siblings, is_locked=one.is_locked)
    abilities = speaks.abilities() if speaks else ()
    own = _own_serial(speaks, one.media)
    seen = replace(
        one, seen=_seen(host, io, own, tuple(over.namespace_mark(name) for name in names)),
        is_plug=is_named_by_its_plug(host, one.media, own), found=found, is_member=is_array_member(found),
        abilities=abilities, hidden=_hidden(speaks, one.media),
        is_locked=one.is_locked or getattr(speaks, "is_locked", False),
    )  # fmt: skip
    plan = seen.planned()
    if plan.level is None:
        why = Reason(rule="no-method", fr=plan.chosen_fr, en=plan.chosen_en)
        seen = _with(seen, reason("no-method", one.media.name, why=why))
    return replace(seen, plan=plan)


def _seen(host: Host, io: KernelDisk, own_serial: str | None, namespaces: tuple[str, ...]) -> Seen:
    return Seen(boot_id=boot_id(host), sequence=io.sequence(), own_serial=own_serial, namespaces=namespaces)


def _own_serial(family: Family | None, media: Media) -> str | None:
    """The disk's word through a bridge; of one on a cable of its own the kernel's word is the disk's."""
    if family is None or media.transport not in BRIDGED:
        return None
    try:
        return family.identify()[0]
    except (DiskError, OSError):
        return None


def _hidden(family: Family | None, media: Media) -> Hidden | None:
    """None where no command could tell: nothing is known of it, which the engine says by itself."""
    if family is None:
        return None
    try:
        return family.look_hidden()
    except DiskError as error:
        return Hidden(state="unknown", visible_bytes=media.size_bytes, said=(error.said,))
