"""Whether an erasure's claim can stand on the evidence beside it. Weaker than `wipe.outcome`, which made the claim.

`wipe.outcome` decides once, where the disk is. Whoever reads a record later (certificate, rules, inventory, auditor)
asks here first: a record of another program, or of a wrong one, must not turn a word into a certificate.
"""

from collections.abc import Iterator
from typing import Literal

from agent.erasure import Attempt, Erasure, Media, Outcome, Reason
from agent.facts import Disk

Standing = Literal["certificate", "to-validate", "failure", "begun", "untouched"]
SUCCESS: tuple[Outcome, ...] = ("purged", "cleared")
_LEVELS = {"purged": "purge", "cleared": "clear"}


def standing_of(erasure: Erasure) -> Standing:
    """What may be handed out: a certificate only for a proven end that the validation approved."""
    if erasure.ended_at is None:
        return "begun" if erasure.began_at is not None or erasure.attempts else "untouched"
    if erasure.outcome not in SUCCESS or objections(erasure):
        return "failure" if erasure.began_at is not None else "untouched"
    decision = erasure.validation.decision if erasure.validation else "escalate"
    return {"approve": "certificate", "escalate": "to-validate", "reject": "failure"}[decision]  # type: ignore[return-value]


def settled(erasure: Erasure) -> Outcome:
    """The outcome to act on: the claimed one, or less where the evidence or the validation says otherwise."""
    if erasure.ended_at is None and erasure.outcome != "failed":
        return "interrupted"
    is_rejected = erasure.outcome in SUCCESS and erasure.validation is not None and (
        erasure.validation.decision == "reject"
    )  # fmt: skip
    return "not_proven" if is_rejected or objections(erasure) else erasure.outcome


def is_overwrite(attempt: Attempt) -> bool:
    return attempt.technique.startswith("overwrite-")


def last_completed(erasure: Erasure) -> Attempt | None:
    """The attempt that the claim stands on."""
    return next((one for one in reversed(erasure.attempts) if one.result == "completed"), None)


def is_same_disk(disk: Disk, media: Media) -> bool:
    """By identity, else by serial and model; by its name only where the disk tells nothing of itself."""
    if disk.identity is not None and media.identity is not None:
        return disk.identity == media.identity
    if disk.serial or media.serial or disk.wwn or media.wwn:
        return (disk.serial, disk.wwn, disk.model) == (media.serial, media.wwn, media.model)
    return disk.name == media.name and disk.size_bytes in (None, media.size_bytes)


def objections(erasure: Erasure) -> tuple[Reason, ...]:
    """Why the claimed outcome cannot follow from the evidence; () when nothing speaks against it."""
    return tuple(_objections(erasure))


def _objections(erasure: Erasure) -> Iterator[Reason]:
    approved = erasure.validation is not None and erasure.validation.decision == "approve"
    if erasure.outcome not in (*SUCCESS, "cleared_with_exceptions"):
        if erasure.level is not None or approved:
            yield _reason("claim-level", "Un niveau est annoncé sans résultat.", "A level is claimed without a result.")
        return
    if erasure.began_at is None or erasure.ended_at is None:
        yield _reason(
            "claim-end", "La fiche ne dit pas le début et la fin.", "The record does not tell beginning and end."
        )
    if erasure.level != _LEVELS.get(erasure.outcome):
        yield _reason("claim-level", "Le niveau ne va pas avec le résultat.", "The level does not suit the outcome.")
    if any(one.result in ("lied", "failed", "stalled") for one in erasure.attempts):
        yield _reason("claim-lied", "Un essai a échoué ou le disque a menti.", "An attempt failed, or the disk lied.")
    if erasure.began_at and erasure.ended_at and erasure.ended_at < erasure.began_at:
        yield _reason("claim-end", "La fin est avant le début.", "The end is before the beginning.")
    last = last_completed(erasure)
    if last is None:
        yield _reason("claim-attempt", "Aucun essai n'est allé au bout.", "No attempt reached its end.")
        return
    if erasure.outcome == "purged" and last.level != "purge":
        yield _reason("claim-technique", "Aucune méthode employée n'atteint Purge.", "No technique used reaches Purge.")
    if (
        erasure.hidden is not None
        and erasure.hidden.state == "kept"
        and (approved or "-sanitize-" not in last.technique)
    ):
        # A sanitize reaches it by its standard, unseen: that may stand, but never without a person's word.
        yield _reason("claim-hidden", "Une zone cachée est restée fermée.", "A hidden area stayed closed.")
    yield from _of_attempt(last, erasure)


def _of_attempt(last: Attempt, erasure: Erasure) -> Iterator[Reason]:
    read, markers = last.verification, last.markers
    if not last.was_accepted:
        yield _reason(
            "claim-accepted", "Rien ne montre que le disque a pris la commande.", "Nothing shows a taken command."
        )
    if markers is not None and markers.survived:
        yield _reason("claim-markers", "Des repères sont encore là.", "Markers are still there.")
    if markers is not None and markers.unchanged:
        yield _reason("claim-old", "D'anciens secteurs sont inchangés.", "Old sectors are unchanged.")
    if read is None or read.kind == "none" or not read.read_bytes:
        yield _reason("claim-read", "Rien n'a été relu.", "Nothing was read back.")
        return
    if read.content is not None and read.content.remains:
        yield _reason("claim-remains", "Des traces sont encore lisibles.", "Traces can still be read.")
    if not is_overwrite(last):
        if markers is None or not markers.offsets or markers.survived is None:
            yield _reason("claim-markers", "Aucun repère n'a été cherché.", "No marker was looked for.")
        if read.content is None or read.content.kind in ("mixed", "unread"):
            yield _reason("claim-content", "Le contenu relu est mélangé.", "What was read back is mixed.")
        if erasure.outcome in SUCCESS and (last.bad_sectors or last.bad):
            yield _reason("claim-read", "Des secteurs ne sont pas prouvés.", "Some sectors are not proven.")
        if erasure.outcome == "cleared" and (read.kind != "full" or read.read_bytes < erasure.media.size_bytes):
            yield _reason("claim-read", "Le disque n'a pas été relu en entier.", "The disk was not read as a whole.")
        return
    if erasure.outcome not in SUCCESS:
        return
    is_whole = (
        read.kind == "full" and read.compared_with != "nothing" and read.addressable_bytes > 0
        and read.read_bytes >= read.addressable_bytes and read.matching_bytes >= read.addressable_bytes
        and read.addressable_bytes >= erasure.media.size_bytes
        and (last.technique == "overwrite-stream" or read.compared_with == "zeros")
    )  # fmt: skip
    if not is_whole or last.bad_sectors or last.bad:
        yield _reason(
            "claim-read",
            "Les octets relus et justes ne font pas le disque entier.",
            "The bytes read back and right are not the whole disk.",
        )


def _reason(rule: str, fr: str, en: str) -> Reason:
    return Reason(rule=rule, fr=fr, en=en)
