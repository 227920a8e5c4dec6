"""Which erases an NVMe drive can do, best first, and why not the others. Pure.

The same reasons refuse again at the last moment, when an eraser begins.
"""

from dataclasses import dataclass

from agent.erasure import Level, Technique
from agent.wipe.device import Ability
from agent.wipe.nvme.drive import Drive
from agent.wipe.nvme.identify import Controller
from agent.wipe.nvme.sanitize_log import (
    FAILED,
    MEDIA_VERIFICATION,
    RESTRICTED_FAILURE,
    RUNNING,
    UNRESTRICTED_FAILURE,
    SanitizeLog,
)

# The order of the method table.
SANITIZES: tuple[Technique, ...] = ("nvme-sanitize-block", "nvme-sanitize-crypto", "nvme-sanitize-overwrite")
FORMATS: tuple[Technique, ...] = ("nvme-format-crypto", "nvme-format-user-data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    fr: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the drive itself cannot tell."""

    is_bridged: bool = False
    is_locked: bool = False


def abilities(drive: Drive, setting: Setting) -> tuple[Ability, ...]:
    return tuple(_ability(drive, setting, technique) for technique in (*SANITIZES, *FORMATS))


def offers(controller: Controller, technique: Technique) -> bool:
    """The drive has this command at all, whatever its state now."""
    return {
        "nvme-sanitize-block": controller.can_block,
        "nvme-sanitize-crypto": controller.can_crypto,
        "nvme-sanitize-overwrite": controller.can_overwrite,
        "nvme-format-crypto": controller.can_format and controller.format_can_crypto,
        "nvme-format-user-data": controller.can_format,
    }.get(technique, False)


def why_not(drive: Drive, setting: Setting, technique: Technique) -> Said | None:
    """The first reason against it; None: nothing known against it."""
    return (
        (None if offers(drive.controller, technique) else Said(
            fr="Le disque ne propose pas cette commande.", en="The drive does not offer this command."))
        or _around(drive, setting)
        or _state(drive)
        or (_log(drive.log) if technique in SANITIZES else _format_scope(drive))
    )  # fmt: skip


def level_of(drive: Drive, technique: Technique) -> Level:
    """Format reaches what belongs to namespaces: capacity outside of them keeps its old cells."""
    return "purge" if technique in SANITIZES or drive.unclaimed_bytes == 0 else "clear"


def _ability(drive: Drive, setting: Setting, technique: Technique) -> Ability:
    against = why_not(drive, setting, technique)
    said = against or _praise(drive, technique)
    return Ability(
        technique=technique, level=level_of(drive, technique), can=against is None, fr=said.fr, en=said.en,
        untested=True, estimate_s=_estimate(drive.log, technique),
        needs="ac-power" if technique in FORMATS else "",  # a sanitize outlives a power cut, a Format does not
    )  # fmt: skip


def _around(drive: Drive, setting: Setting) -> Said | None:
    """What lies between us and the drive, and what else an erase would hit."""
    if setting.is_bridged:
        return Said(
            fr="Le disque est derrière un adaptateur qui peut déformer les commandes.",
            en="The drive is behind an adapter that may distort commands.",
        )
    if setting.is_locked:
        return Said(
            fr="Le disque est verrouillé (Opal) : il faut d'abord le réinitialiser avec le code PSID de l'étiquette.",
            en="The drive is locked (Opal): revert it first with the PSID on its label.",
        )
    if drive.ours is None:
        return Said(
            fr="On ne sait pas quelle partie du disque (espace de noms) est la nôtre.",
            en="It is not known which of the drive's namespaces is ours.",
        )
    unchecked = [one.nsid for one in drive.namespaces if one.is_active and one.name is None]
    if unchecked:
        numbers = ", ".join(map(str, unchecked))
        return Said(
            fr=f"Le disque contient d'autres espaces de noms ({numbers}) que personne n'a vérifiés.",
            en=f"The drive holds other namespaces ({numbers}) that nobody checked.",
        )
    if drive.controller.has_many_controllers and not all(one.is_active for one in drive.namespaces):
        return Said(
            fr="Un autre ordinateur utilise peut-être une partie de ce disque.",
            en="Another computer may be using a part of this drive.",
        )
    return None


def _state(drive: Drive) -> Said | None:
    if any(one.data is not None and one.data.is_write_protected for one in drive.namespaces):
        return Said(fr="Une partie du disque est protégée en écriture.", en="A namespace is write protected.")
    log = drive.log
    if log is None:
        return None
    if log.status == RUNNING and log.state == MEDIA_VERIFICATION:
        return Said(
            fr="Un effacement précédent attend une vérification : éteignez puis rallumez l'ordinateur.",
            en="An earlier erase waits for its verification: switch the computer off and on.",
        )
    if log.status == RUNNING:
        return Said(
            fr=f"Le disque exécute déjà un effacement ({log.permille // 10} %) : attendez sa fin.",
            en=f"The drive is already erasing ({log.permille // 10} %): wait for its end.",
        )
    if log.status == FAILED and log.state == RESTRICTED_FAILURE:
        return Said(
            fr="Un effacement précédent a échoué et bloque le disque. Éteignez-le puis rallumez-le ; "
            "s'il reste bloqué, il est à détruire.",
            en="An earlier erase failed in restricted mode and blocks the drive. Power it off and on; "
            "if it stays blocked, destroy it.",
        )
    return None


def _log(log: SanitizeLog | None) -> Said | None:
    if log is not None:
        return None
    return Said(
        fr="Le disque ne dit pas où en est un effacement : on ne saurait pas s'il a réussi.",
        en="The drive does not tell how an erase stands: its success could not be known.",
    )


def _format_scope(drive: Drive) -> Said | None:
    if len(drive.namespaces) > 1 and not drive.controller.erases_all:
        return Said(
            fr="Cette commande n'effacerait qu'une partie du disque.",
            en="This command would erase only one of the drive's namespaces.",
        )
    formats = {one.data.format_bits for one in drive.namespaces if one.data is not None}
    if drive.controller.formats_all and len(formats) > 1:
        return Said(
            fr="Cette commande changerait le format d'une autre partie du disque.",
            en="This command would change the format of another namespace.",
        )
    if drive.log is not None and drive.log.status == FAILED and drive.log.state == UNRESTRICTED_FAILURE:
        return Said(
            fr="Un effacement précédent a échoué et bloque cette commande.",
            en="An earlier erase failed and blocks this command.",
        )
    return None


def _praise(drive: Drive, technique: Technique) -> Said:
    fr, en = _reach(drive, technique)
    others = [one.name for one in drive.namespaces if not one.is_ours and one.name]
    if others:
        fr, en = f"{fr} Efface aussi {', '.join(others)}.", f"{en} It erases {', '.join(others)} too."
    if technique in SANITIZES and drive.log is not None and drive.log.status == FAILED:
        fr = f"{fr} Le dernier effacement interne avait échoué."
        en = f"{en} The last internal erase had failed."
    return Said(fr=fr, en=en)


def _reach(drive: Drive, technique: Technique) -> tuple[str, str]:
    if technique in SANITIZES:
        fr = "Le disque efface lui-même toutes ses cellules, réserves comprises"
        en = "The drive itself erases all of its cells, spare ones included"
        if technique == "nvme-sanitize-crypto":
            fr = "Le disque jette sa clé de chiffrement : il faut croire son fabricant"
            en = "The drive throws its encryption key away: its maker must be believed"
        if drive.controller.can_attest_purge:
            fr, en = f"{fr} ; il doit l'attester ou échouer", f"{en}; it must attest to it or fail"
        return f"{fr}.", f"{en}."
    fr = "Formatage effaçant du disque (Format, pas Sanitize)"
    en = "The drive's erasing format (Format, not Sanitize)"
    left = drive.unclaimed_bytes
    if left is None:
        fr, en = f"{fr} ; l'espace hors formatage est inconnu", f"{en}; what it leaves out is not told"
    elif left:
        fr = f"{fr} ; {left} octets non attribués ne sont pas effacés"
        en = f"{en}; {left} unallocated bytes are not erased"
    return f"{fr}.", f"{en}."


def _estimate(log: SanitizeLog | None, technique: Technique) -> int | None:
    if log is None:
        return None
    return {
        "nvme-sanitize-block": log.block_s,
        "nvme-sanitize-crypto": log.crypto_s,
        "nvme-sanitize-overwrite": log.overwrite_s,
    }.get(technique)
