"""Which firmware erases a SCSI disk can do, best first, each with its reason. Pure: facts in, `Ability`s out.

Order and levels are wipe.md's method table. FORMAT UNIT comes last and reaches Clear at most: there are disks (QEMU's
are some) that answer GOOD to it and erase nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.erasure import Level, Technique
from agent.wipe.device import Ability
from agent.wipe.scsi.condition import Condition
from agent.wipe.scsi.inquiry import Identity, Offer

HDD: tuple[tuple[Technique, Level], ...] = (
    ("scsi-sanitize-overwrite", "purge"),
    ("scsi-sanitize-crypto", "purge"),
    ("scsi-sanitize-block", "purge"),
    ("scsi-format-unit", "clear"),
)
SSD: tuple[tuple[Technique, Level], ...] = (
    ("scsi-sanitize-block", "purge"),
    ("scsi-sanitize-crypto", "purge"),
    ("scsi-sanitize-overwrite", "clear"),  # nothing says that it reaches the reserve of an SSD
    ("scsi-format-unit", "clear"),
)
Reasoned = tuple[bool, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    identity: Identity
    is_rotational: bool | None  # None: treated like an SSD, whose levels claim less
    is_direct: bool  # no RAID card or bridge in between, as far as is known
    offers: Mapping[Technique, Offer]
    condition: Condition


def judge(situation: Situation, *, untested: bool = True) -> tuple[Ability, ...]:
    found = []
    for technique, level in HDD if situation.is_rotational else SSD:
        can, fr, en = _reason(technique, situation)
        is_readable = not _after(technique, situation.identity)
        found.append(
            Ability(
                technique=technique, level=level if is_readable else "clear", can=can, fr=fr, en=en,
                untested=untested, is_readable_after=is_readable,
                needs="ac-power" if technique == "scsi-format-unit" else "",  # a sanitize outlives a power cut
            )
        )  # fmt: skip
    return tuple(found)


def _after(technique: Technique, identity: Identity) -> int:
    """Not 0: the disk says itself that reads after this erase give anything, or an error, until it is written again."""
    if technique == "scsi-sanitize-block":
        return identity.after_block_erase
    return identity.after_crypto_erase if technique == "scsi-sanitize-crypto" else 0


def none_can(fr: str, en: str) -> tuple[Ability, ...]:
    """The same list when the disk cannot even be asked."""
    return tuple(Ability(technique=technique, level=level, can=False, fr=fr, en=en) for technique, level in SSD)


def _reason(technique: Technique, situation: Situation) -> Reasoned:
    if not situation.identity.is_disk:
        return False, "L'appareil ne se présente pas comme un disque.", "The device does not say that it is a disk."
    if not situation.is_direct:
        return (
            False,
            "Le disque est derrière une carte ou un adaptateur. Branchez-le sur un contrôleur SAS simple (HBA).",
            "The disk is behind a card or an adapter. Connect it to a plain SAS controller (HBA).",
        )
    return _by_offer(technique, situation) or _by_condition(situation.condition) or _fine(technique, situation)


def _by_offer(technique: Technique, situation: Situation) -> Reasoned | None:
    offer = situation.offers.get(technique, Offer(has="maybe"))
    if offer.has == "no":
        return False, "Le disque ne propose pas cette commande.", "The disk does not offer this command."
    if offer.has == "maybe":
        return (
            False,
            "Le disque ne dit pas s'il connaît cette commande. Sans réponse claire, elle n'est pas envoyée.",
            "The disk does not say whether it knows this command. Without a clear answer it is not sent.",
        )
    if not offer.has_immed:
        return (
            False,
            "Le disque ne dirait pas où il en est : sa réussite ne se verrait pas.",
            "The disk would not say how far it is: its success could not be seen.",
        )
    if not offer.has_ause:
        return (
            False,
            "Si cet effacement échouait, le disque resterait inutilisable. Il n'est pas envoyé.",
            "Should this erase fail, the disk would stay unusable. It is not sent.",
        )
    is_corrupted = situation.condition.state == "corrupted"
    if technique == "scsi-format-unit" and not situation.identity.keeps_sectors(is_corrupted=is_corrupted):
        return (
            False,
            "Le format de ce disque est particulier : le refaire pourrait changer la taille de ses secteurs.",
            "This disk has a special format: doing it again could change the size of its sectors.",
        )
    return None


def _by_condition(condition: Condition) -> Reasoned | None:
    if condition.is_running:
        return False, "Le disque est déjà en train de s'effacer. Attendez la fin.", (
            "The disk is already erasing itself. Wait for the end."
        )  # fmt: skip
    if condition.state in ("unready", "unknown"):
        return False, "Le disque n'est pas prêt, ou ne dit pas clairement s'il l'est.", (
            "The disk is not ready, or does not clearly say whether it is."
        )  # fmt: skip
    return None


def _fine(technique: Technique, situation: Situation) -> Reasoned:
    if situation.condition.state in ("failed", "corrupted"):
        return True, "Un effacement précédent a échoué. Le disque sera d'abord débloqué, s'il le permet.", (
            "An earlier erase failed. The disk will be unblocked first, if it allows that."
        )  # fmt: skip
    fr, en = _FINE[technique]
    if _after(technique, situation.identity):
        fr += " Il ne se relit ensuite qu'une fois réécrit : la réécriture suit toujours."
        en += " It can be read again only once it is written again: the overwrite always follows."
    return True, fr, en


_FINE: dict[Technique, tuple[str, str]] = {
    "scsi-sanitize-block": (
        "Le disque vide lui-même toute sa mémoire, réserves comprises.",
        "The disk itself empties all its memory, reserves included.",
    ),
    "scsi-sanitize-crypto": (
        "Le disque détruit la clé qui chiffre tout ce qu'il contient.",
        "The disk destroys the key that encrypts all it holds.",
    ),
    "scsi-sanitize-overwrite": (
        "Le disque réécrit lui-même toute sa surface, réserves comprises.",
        "The disk itself overwrites its whole surface, reserves included.",
    ),
    "scsi-format-unit": (
        "Le disque se reformate lui-même. Certains répondent oui sans rien effacer : la relecture décide.",
        "The disk formats itself again. Some say yes and erase nothing: reading back decides.",
    ),
}
