"""Which firmware erases an ATA disk can do, best first, each with its reason. Pure: facts in, `Ability`s out.

Order and levels are wipe.md's method table. Normal SECURITY ERASE is never offered: it leaves what the disk has
reallocated or keeps in reserve, which an overwrite does as well and proves better.
"""

from dataclasses import dataclass

from agent.erasure import Level, Technique
from agent.wipe.ata.identify import Identity
from agent.wipe.ata.sanitize import SanitizeStatus
from agent.wipe.device import Ability

_HDD: tuple[tuple[Technique, Level], ...] = (
    ("ata-sanitize-overwrite", "purge"),
    ("ata-sanitize-crypto", "purge"),
    ("ata-sanitize-block", "purge"),
    ("ata-security-erase-enhanced", "purge"),  # SP 800-88r1, table A-5: Purge on hard disks, in enhanced mode only
)
_SSD: tuple[tuple[Technique, Level], ...] = (
    ("ata-sanitize-block", "purge"),
    ("ata-sanitize-crypto", "purge"),
    ("ata-sanitize-overwrite", "clear"),  # nothing says that it reaches the reserve of an SSD
    ("ata-security-erase-enhanced", "clear"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the judgement needs."""

    identity: Identity
    is_rotational: bool | None  # None: treated like an SSD, whose levels claim less
    is_direct: bool  # no USB bridge, RAID controller or the like in between, as far as is known
    has_registers: bool  # they came back with IDENTIFY
    status: SanitizeStatus | None  # None: the disk has no SANITIZE


Reasoned = tuple[bool, str, str]
_FROZEN: Reasoned = (
    False,
    "Son effacement de sécurité est gelé par le BIOS. Une courte veille peut le dégeler : touche F4 de l'écran "
    "d'effacement, ou « rebond wipe --unfreeze ».",
    "The BIOS froze its security erase. A short sleep may thaw it: key F4 of the wipe screen, or "
    '"rebond wipe --unfreeze".',
)


def judge(situation: Situation, *, untested: bool = True) -> tuple[Ability, ...]:
    ladder = _HDD if situation.is_rotational else _SSD
    return tuple(_ability(technique, level, situation, untested) for technique, level in ladder)


def none_can(fr: str, en: str) -> tuple[Ability, ...]:
    """The same list when the disk cannot even be asked."""
    return tuple(Ability(technique=technique, level=level, can=False, fr=fr, en=en) for technique, level in _SSD)


def _ability(technique: Technique, level: Level, situation: Situation, untested: bool) -> Ability:
    is_security = technique == "ata-security-erase-enhanced"
    reasoned = _security(situation) if is_security else _sanitize(technique, situation)
    can, fr, en = reasoned
    identity = situation.identity
    time = identity.enhanced_time if is_security else identity.erase_time
    slow = is_security or technique == "ata-sanitize-overwrite"
    return Ability(
        technique=technique, level=level if situation.is_direct else "clear", can=can, fr=fr, en=en, untested=untested,
        estimate_s=time.minutes * 60 if slow and time.minutes is not None else None,
        needs="thaw" if reasoned is _FROZEN else "",
    )  # fmt: skip


def _sanitize(technique: Technique, situation: Situation) -> Reasoned:
    offer = situation.identity.sanitize
    is_offered = {
        "ata-sanitize-block": offer.has_block,
        "ata-sanitize-crypto": offer.has_crypto,
        "ata-sanitize-overwrite": offer.has_overwrite,
    }[technique]
    if not is_offered:
        return False, "Le disque ne propose pas cette commande.", "The disk does not offer this command."
    if blind := _blind(situation):
        return blind
    if situation.identity.security.is_locked:
        return False, "Le disque est verrouillé par un mot de passe.", "The disk is locked by a password."
    status = situation.status
    if status is not None and status.is_frozen:
        return (
            False,
            "Le disque refuse cet effacement jusqu'à sa prochaine mise sous tension. Débranchez-le puis rebranchez-le.",
            "The disk refuses this erase until it is powered off and on. Unplug it, then plug it in again.",
        )
    if status is None or status.state in ("unknown", "refused"):
        return (
            False,
            "Le disque ne dit pas où en est cet effacement : sa réussite ne se verrait pas.",
            "The disk does not say how this erase stands: its success could not be seen.",
        )
    if status.state == "running":
        return False, "Le disque est déjà en train de s'effacer. Attendez la fin.", (
            "The disk is already erasing itself. Wait for the end."
        )  # fmt: skip
    if status.state == "failed":
        return True, "Un effacement précédent a échoué. Le disque sera d'abord débloqué, s'il le permet.", (
            "An earlier erase failed. The disk will be unblocked first, if it allows that."
        )  # fmt: skip
    return True, _SANITIZE_FR[technique], _SANITIZE_EN[technique]


_SANITIZE_FR = {
    "ata-sanitize-block": "Le disque vide lui-même toute sa mémoire, réserves comprises.",
    "ata-sanitize-crypto": "Le disque détruit la clé qui chiffre tout ce qu'il contient.",
    "ata-sanitize-overwrite": "Le disque réécrit lui-même toute sa surface, réserves comprises.",
}
_SANITIZE_EN = {
    "ata-sanitize-block": "The disk itself empties all its memory, reserves included.",
    "ata-sanitize-crypto": "The disk destroys the key that encrypts all it holds.",
    "ata-sanitize-overwrite": "The disk itself overwrites its whole surface, reserves included.",
}


def _security(situation: Situation) -> Reasoned:
    security = situation.identity.security
    if not security.is_supported or not security.has_enhanced:
        return False, "Le disque ne propose pas cette commande.", "The disk does not offer this command."
    if not situation.is_direct:  # a bridge that takes the password and refuses the erase leaves a locked disk
        return (
            False,
            "Le disque est derrière un adaptateur. Il pourrait rester bloqué. Branchez-le directement à la carte mère.",
            "The disk is behind an adapter. It could stay locked. Connect it to the motherboard directly.",
        )
    if blind := _blind(situation):
        return blind
    if security.is_expired:
        return (
            False,
            "Trop de mots de passe faux ont été essayés. Éteignez puis rallumez le disque.",
            "Too many wrong passwords were tried. Power the disk off and on.",
        )
    if security.is_locked or security.is_enabled:
        return (
            False,
            "Un mot de passe protège déjà le disque. Retirez-le d'abord dans le BIOS.",
            "A password protects the disk already. Remove it in the BIOS first.",
        )
    if security.is_frozen:
        return _FROZEN
    return (
        True,
        "Le disque propose l'effacement renforcé. Un mot de passe connu est posé, puis retiré.",
        "The disk offers the enhanced erase. A known password is set, then removed.",
    )


def _blind(situation: Situation) -> Reasoned | None:
    """Nothing that cannot report its success is ever started."""
    if situation.has_registers:
        return None
    return (
        False,
        "Les réponses du disque se perdent en route : la réussite ne se verrait pas.",
        "The disk's answers are lost on the way: success could not be seen.",
    )
