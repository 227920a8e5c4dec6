"""A machine judged again after its disks were erased: on the counters of now, and on how each erasure ended.

Bad sectors that nobody could read may be mended by writing: a rule with `recheck: after-wipe` waits for that. And an
erasure that did not end well becomes a fact that the rules of `profiles/effacement.yaml` judge.
"""

import functools
from collections.abc import Iterable, Sequence

import msgspec

from agent.claims import SUCCESS, is_same_disk, settled, standing_of
from agent.erasure import Erasure, Outcome
from agent.facts import Disk, Gap, Health, Machine
from agent.labels import item_label, label
from agent.rules import Profile, load_profiles
from agent.rules.tree import Bilingual
from agent.text import clean
from agent.verdict import Reason, Verdict, judge

_SOURCE = "wipe"
_DUTY = "effacement"  # the shipped part that judges how an erasure ended
_KINDS = ("hdd", "ssd", "nvme", "emmc", "sd-card", "virtual")
_LIED_BEFORE = "lied-before"  # the rule's name in agent/wipe/reasons.py
_BESIDE_ATTRIBUTES = ("attributes", "failing_now", "failed_past")


def after_wipe(
    machine: Machine, erasures: Iterable[Erasure], profiles: Sequence[Profile]
) -> tuple[Machine, tuple[Verdict, ...]]:
    """The machine with its disks as they are now, and its verdicts; what the wipe mended is told as a note.

    `erasures`: of disks that hang on this PC, all of them.
    """
    erasures = tuple(erasures)
    machine = _with_unseen(machine, erasures)
    done = _by_disk(machine, erasures)
    before, after = machine, machine
    for place, erasure in done.items():
        before = _with_disk(before, place, _looked_at_before(before, place, erasure))
        after = _after_one(after, place, erasure)
    verdicts = []
    for asked in profiles:
        profile = _with_duty(asked) if done else asked
        verdict = judge(after, profile)
        notes = _mended(judge(before, profile), verdict, before, after, tuple(done)) if done else ()
        verdicts.append(msgspec.structs.replace(verdict, reasons=(*verdict.reasons, *notes)))
    return after, tuple(verdicts)


def with_erasures(machine: Machine, erasures: Iterable[Erasure]) -> Machine:
    """The machine as just looked at, knowing how its disks' erasures of this visit ended."""
    for place, erasure in _by_disk(machine, erasures).items():
        disk = (machine.disks or ())[place]
        machine = _with_disk(machine, place, msgspec.structs.replace(disk, **_ending(erasure)))
    return machine


def _ending(erasure: Erasure) -> dict[str, object]:
    return {"erasure": _to_judge(erasure), "is_erasure_approved": standing_of(erasure) == "certificate"}


def _with_duty(profile: Profile) -> Profile:
    """The rules of the erasure hold for every profile, also for one that does not include them."""
    if _DUTY in (profile.name, *profile.includes):
        return profile
    known = {rule.id for rule in profile.rules}
    return msgspec.structs.replace(
        profile, rules=(*profile.rules, *(one for one in _duty().rules if one.id not in known))
    )


@functools.cache
def _duty() -> Profile:
    (part,) = load_profiles(only=[_DUTY])
    return part


# --- facts ------------------------------------------------------------------------------------------------------------


def _with_unseen(machine: Machine, erasures: Sequence[Erasure]) -> Machine:
    """A disk that the look at the PC did not see, and whose erasure went wrong, is one of its disks all the same."""
    for erasure in erasures:
        disks, media = machine.disks, erasure.media
        is_bad = erasure.began_at is not None and _to_judge(erasure) not in SUCCESS
        if disks is None or not is_bad or any(is_same_disk(disk, media) for disk in disks):
            continue
        seen = Disk(
            name=media.name, identity=media.identity, maker=media.maker, model=media.model, serial=media.serial,
            wwn=media.wwn, firmware=media.firmware, size_bytes=media.size_bytes, transport=media.transport,
            kind=media.kind if media.kind in _KINDS else None,  # type: ignore[arg-type] # one of these
            bridge=media.bridge, removable=media.transport in ("usb", "firewire"),
        )  # fmt: skip
        sources = {**machine.sources, f"disks[{len(disks)}]": _SOURCE}
        machine = msgspec.structs.replace(machine, disks=(*disks, seen), sources=sources)
    return machine


def _by_disk(machine: Machine, erasures: Iterable[Erasure]) -> dict[int, Erasure]:
    """The erasure that counts for each disk: the last that touched it, else the last that was tried."""
    found: dict[int, Erasure] = {}
    for erasure in erasures:
        for place, disk in enumerate(machine.disks or ()):
            earlier = found.get(place)
            if not is_same_disk(disk, erasure.media):
                continue
            if earlier is None or earlier.began_at is None or erasure.began_at is not None:
                found[place] = erasure
    return found


def _looked_at_before(machine: Machine, place: int, erasure: Erasure) -> Disk:
    disk = (machine.disks or ())[place]
    return msgspec.structs.replace(disk, health=_renewed(disk.health, erasure.health_before), erasure=None)


def _after_one(machine: Machine, place: int, erasure: Erasure) -> Machine:
    disk = (machine.disks or ())[place]
    seen = _renewed(disk.health, erasure.health_before)
    changes = _ending(erasure) | {"health": _renewed(seen, erasure.health_after)}
    hidden = erasure.hidden
    if hidden is not None and hidden.state == "removed" and hidden.after_bytes:
        changes |= {"size_bytes": hidden.after_bytes, "hidden_bytes": 0}
    if any(one.technique == "opal-psid-revert" and one.result == "completed" for one in erasure.attempts):
        changes["is_opal_locked"] = False
    path, gaps = f"disks[{place}].health", machine.gaps
    sources = {**machine.sources, f"disks[{place}].erasure": _SOURCE}
    if erasure.health_after is None:
        gaps = (*gaps, Gap(path=path, source=_SOURCE, why="absent", detail="not read again after the erasure"))
    else:
        sources[path] = _SOURCE
    machine = _with_disk(machine, place, msgspec.structs.replace(disk, **changes))
    return msgspec.structs.replace(machine, gaps=gaps, sources=sources)


def _to_judge(erasure: Erasure) -> Outcome:
    """As settled; but of a disk that lied, trying again proves nothing: it is to be destroyed, as after a failure."""
    outcome = settled(erasure)
    if outcome == "not_proven" and any(why.rule == _LIED_BEFORE for why in erasure.why):
        return "failed"
    return outcome


def _with_disk(machine: Machine, place: int, disk: Disk) -> Machine:
    disks = list(machine.disks or ())
    disks[place] = disk
    return msgspec.structs.replace(machine, disks=tuple(disks))


def _renewed(old: Health, new: Health | None) -> Health:
    """What is known now, over what was known: a later look that saw less does not make a disk unknown."""
    if new is None:
        return old
    known = {
        name: value
        for name in new.__struct_fields__
        if name not in _BESIDE_ATTRIBUTES and (value := getattr(new, name)) is not None
    }
    if new.attributes:
        known |= {name: getattr(new, name) for name in _BESIDE_ATTRIBUTES}
    return msgspec.structs.replace(old, **known)


# --- what the wipe mended ---------------------------------------------------------------------------------------------


def _mended(was: Verdict, now: Verdict, before: Machine, after: Machine, places: tuple[int, ...]) -> tuple[Reason, ...]:
    """A note for each reason that waited for the wipe and is gone with it."""
    still = {(reason.rule, reason.item) for reason in now.reasons}
    items = {f"disks[{place}]": place for place in places}
    return tuple(
        _note(reason, items[reason.item], before, after)
        for reason in was.reasons
        if reason.recheck == "after-wipe" and not reason.unknown and reason.item in items
        and (reason.rule, reason.item) not in still
    )  # fmt: skip


def _note(reason: Reason, place: int, before: Machine, after: Machine) -> Reason:
    old, new = (before.disks or ())[place], (after.disks or ())[place]
    fact = reason.fact.removeprefix(f"disks[{place}].health.")
    texts = {lang: _counted(place, fact, old, new, lang) for lang in ("fr", "en")}
    return msgspec.structs.replace(
        reason,
        outcome="refurbish",
        note=True,
        observed=getattr(new.health, fact, None),
        source=_SOURCE,
        because=Bilingual(fr="L'effacement a réparé ce point.", en="The wipe has mended this point."),
        told=Bilingual(**texts),
        fix=None,
        recheck=None,
    )


def _counted(place: int, fact: str, old: Disk, new: Disk, lang: str) -> str:
    """ "Disque sda, secteurs difficiles à lire : 5 avant, 0 après. Secteurs remplacés : 0 avant, 5 après." """
    name = item_label(f"disks[{place}]", clean(new.name, 40), lang)
    told = [_pair(fact, old.health, new.health, lang)]
    if fact == "pending_sectors":
        told.append(_pair("reallocated_sectors", old.health, new.health, lang))
        grown = (new.health.reallocated_sectors or 0) - (old.health.reallocated_sectors or 0)
        if grown > 0 and lang == "en":
            told.append(f"The disk has replaced {grown} of them")
        elif grown > 0:
            told.append(f"Le disque en a remplacé {grown}")
    first = told[0][:1].lower() + told[0][1:]
    return ". ".join([f"{name}, {first}", *told[1:]]) + "."


def _pair(fact: str, old: Health, new: Health, lang: str) -> str:
    was, now = (getattr(health, fact, None) for health in (old, new))
    unknown = "?"
    values = [unknown if value is None else str(value) for value in (was, now)]
    name = label(f"disks.health.{fact}", lang)
    return f"{name}: {values[0]} before, {values[1]} after" if lang == "en" else (
        f"{name} : {values[0]} avant, {values[1]} après"
    )  # fmt: skip
