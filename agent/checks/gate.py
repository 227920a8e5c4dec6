"""The gate of the word *reconditionné*: every function tested, every disk erased with proof. Pure; only reads.

Decree 2022-190: tests of all functions, and every trace of the former user erased. What is not known is not there:
the word falls back to *testé* (tested), or *trié* (sorted) when nothing was tested.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from agent.checks.parts import gates, may_be_absent, part_of
from agent.checks.registry import BY_NAME, CHECKS
from agent.checks.results import DISK_READ, LOST_DISKS, CheckResult, merge, result
from agent.claims import SUCCESS, Standing, is_same_disk, standing_of
from agent.erasure import Erasure, Reason
from agent.facts import Disk, ErasureOutcome, Machine

REFURBISHED, TESTED, SORTED = ("reconditionné", "refurbished"), ("testé", "tested"), ("trié", "sorted")


def complete(machine: Machine, results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """Every check in the registry's order with its state; a part that the PC does not have is `not_applicable`.

    A test that was done counts even for a part the system does not see: somebody saw it. Lost disks are asked for only
    where there are some.
    """
    standing = merge(results)
    lost = _asked_for_lost(machine, standing.pop(LOST_DISKS, None))
    others = [check.name for check in CHECKS if check.name != LOST_DISKS]
    known = tuple(_state(machine, name, standing.pop(name, None)) for name in others)
    return (*lost, *known, *standing.values())  # of a later version: kept, told, and gating nothing


def _asked_for_lost(machine: Machine, found: CheckResult | None) -> tuple[CheckResult, ...]:
    """A word holds as long as it is about every one of them, and none of them has answered again."""
    if not machine.lost_disks:
        return ()
    if found is None:
        asked = tuple(_of_lost_disks(machine))
        fr, en = (" ".join(getattr(reason, lang) for reason in asked) for lang in ("fr", "en"))
        return (result(LOST_DISKS, "not_tested", fr, en),)
    is_open = found.outcome == "passed" and any(not one.is_taken_out for one in machine.lost_disks)
    is_refuted = found.outcome == "failed" and found.by == "machine"
    return (msgspec.structs.replace(found, outcome="not_tested") if is_open or is_refuted else found,)


def _state(machine: Machine, name: str, found: CheckResult | None) -> CheckResult:
    is_absent = found is not None and found.outcome == "not_applicable"
    if found is not None and (found.is_tested or is_absent and found.by == "person"):
        return found
    part = part_of(machine, BY_NAME[name])  # a machine's "not applicable" is worked out, never read
    if part.is_there is False:
        return result(name, "not_applicable", part.fr, part.en)
    return result(name, "not_tested", "", "") if found is None or is_absent else found


def may_be_called_refurbished(
    machine: Machine, results: Iterable[CheckResult], *, erasures: Sequence[Erasure] = (), outcome: str | None = None
) -> tuple[bool, tuple[Reason, ...]]:
    """Open or not, and everything that is missing. `outcome`: of the verdict; "none" where there should be one.

    A disk's erasure is looked up in `erasures`; without them the machine's own facts count (`Disk.erasure` and
    `is_erasure_approved`, set when the erasure of this visit ended, evidence in its own record). Either way an erasure
    that waits for a person's validation is not enough. A lost disk closes it until a person says that it is out
    (`LostDisk.is_taken_out`, from the answers of this visit: `lost`).
    """
    missing = (
        *_of_lost_disks(machine), *_of_checks(machine, results), *_of_disks(machine, erasures), *_of_verdict(outcome),
    )  # fmt: skip
    return not missing, missing


def missing_in(reasons: Sequence[Reason], lang: str, most: int = 6) -> str:
    """What is missing, as one line: "Écran : pas testé. Disque sda : effacement non prouvé. … et encore 3"."""
    told = [reason.en if lang == "en" else reason.fr for reason in reasons[:most]]
    if len(reasons) > most:
        told.append(f"… and {len(reasons) - most} more" if lang == "en" else f"… et encore {len(reasons) - most}")
    return " ".join(told)


def word(results: Iterable[CheckResult], lang: str, *, is_open: bool) -> str:
    """The strongest word that may stand on a label."""
    if is_open:
        return REFURBISHED[lang == "en"]
    return (TESTED if any(one.is_tested and one.name != DISK_READ for one in results) else SORTED)[lang == "en"]


def _of_checks(machine: Machine, results: Iterable[CheckResult]) -> Iterator[Reason]:
    for one in complete(machine, results):
        check = BY_NAME.get(one.name)
        if check is None or one.name == LOST_DISKS or not gates(machine, check):
            continue  # each lost disk is named by itself
        title = check.title
        if one.outcome == "failed":
            yield Reason(
                rule=f"check-{one.name}", fr=f"{title.fr} : raté. {one.fr}", en=f"{title.en}: failed. {one.en}"
            )
        elif one.outcome == "not_tested":
            yield Reason(rule=f"check-{one.name}", fr=f"{title.fr} : pas testé.", en=f"{title.en}: not tested.")
        elif one.outcome == "passed" and check.kind == "automatic" and one.by == "person":
            fr, en = f"{title.fr} : dit par une personne, pas mesuré.", f"{title.en}: a person's word, not measured."
            yield Reason(rule=f"check-{one.name}", fr=fr, en=en)
        elif one.outcome == "not_applicable" and one.by == "person" and not may_be_absent(machine, check):
            fr, en = f"{title.fr} : ne peut pas manquer sur ce PC.", f"{title.en}: cannot be missing from this PC."
            yield Reason(rule=f"check-{one.name}", fr=fr, en=en)


def _of_lost_disks(machine: Machine) -> Iterator[Reason]:
    if machine.lost_disks is None:
        fr, en = "Les effacements d'avant n'ont pas été regardés.", "Earlier erasures were not looked at."
        yield Reason(rule="disks-lost-unknown", fr=fr, en=en)
    for lost in machine.lost_disks or ():
        if lost.is_taken_out:
            continue
        (fr, en), (then_fr, then_en) = _NOT_ERASED[lost.erasure], _SOLDERED if lost.is_soldered else _TAKE_OUT
        yield Reason(
            rule="disk-lost",
            fr=f"Le disque {lost.name} {fr} et ne répond plus : {then_fr}.",
            en=f"The disk {lost.name} {en} and answers no more: {then_en}.",
        )


_TAKE_OUT = ("retirez-le du PC, puis dites-le", "take it out of the PC, then say so")
_SOLDERED = ("il est soudé, demandez au responsable", "it is soldered, ask the person in charge")
_NEVER, _UNPROVEN = ("n'a pas été effacé", "was not erased"), ("n'est pas prouvé effacé", "is not proven erased")
_TO_VALIDATE = ("n'a pas d'effacement validé", "has no validated erasure")
_NOT_ERASED: dict[ErasureOutcome | None, tuple[str, str]] = {
    None: _NEVER, "failed": _NEVER, "interrupted": _NEVER, "not_proven": _UNPROVEN,
    "cleared_with_exceptions": _UNPROVEN, "purged": _TO_VALIDATE, "cleared": _TO_VALIDATE,
}  # fmt: skip


def _of_disks(machine: Machine, erasures: Sequence[Erasure]) -> Iterator[Reason]:
    if machine.disks is None:
        yield Reason(rule="disks-unknown", fr="Les disques n'ont pas été regardés.", en="The disks were not looked at.")
    for disk in machine.disks or ():
        if disk.removable:
            continue  # a stick or card, the boot medium most often: leaves with the technician
        standing = _standing(disk, erasures)
        if standing == "to-validate":
            fr = f"Disque {disk.name} : effacement à valider par une personne."
            yield Reason(rule="disk-validated", fr=fr, en=f"Disk {disk.name}: erasure to be validated by a person.")
        elif standing != "certificate":
            fr = f"Disque {disk.name} : effacement non prouvé."
            yield Reason(rule="disk-erased", fr=fr, en=f"Disk {disk.name}: erasure not proven.")
    for hidden in machine.hidden_storage or ():
        if hidden.kind == "silent-disk":
            fr = f"Un disque est branché mais ne répond pas ({hidden.controller}) : retirez-le."
            en = f"A disk is plugged in but does not answer ({hidden.controller}): take it out."
            yield Reason(rule="disk-silent", fr=fr, en=en)
            continue
        fr = f"Un disque est peut-être caché ({hidden.kind})."
        yield Reason(rule="disk-hidden", fr=fr, en=f"A disk may be hidden ({hidden.kind}).")


def _standing(disk: Disk, erasures: Sequence[Erasure]) -> Standing:
    of_it = [one for one in erasures if is_same_disk(disk, one.media) and standing_of(one) != "untouched"]
    if of_it:
        return standing_of(of_it[-1])
    if disk.erasure not in SUCCESS:
        return "failure"
    return "certificate" if disk.is_erasure_approved else "to-validate"


def _of_verdict(outcome: str | None) -> Iterator[Reason]:
    if outcome in (None, "refurbish"):
        return
    if outcome == "none":
        yield Reason(rule="verdict", fr="Le PC n'a pas été jugé.", en="The PC was not judged.")
        return
    fr, en = "Le verdict n'est pas « bon pour le don ».", "The verdict is not “good to give”."
    yield Reason(rule="verdict", fr=fr, en=en)
