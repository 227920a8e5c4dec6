"""Which firmware erases an eMMC can do, best first, each with its reason. Pure: facts in, `Ability`s out.

Order is wipe.md's method table. Purge only when nothing is left beside the user area that the erase does not reach.
"""

from agent.erasure import Level, Technique
from agent.wipe.device import Ability
from agent.wipe.mmc.areas import Beside
from agent.wipe.mmc.ext_csd import ExtCsd

SANITIZE: Technique = "mmc-sanitize"
SECURE: Technique = "mmc-secure-erase"


def judge(csd: ExtCsd, beside: Beside, *, untested: bool = True) -> tuple[Ability, ...]:
    level: Level = "purge" if beside.is_nothing else "clear"
    return (
        _ability(SANITIZE, level, csd, can=csd.can_sanitize, beside=beside, untested=untested),
        _ability(SECURE, "clear", csd, can=csd.can_secure_erase, beside=beside, untested=untested),
    )


def none_can(fr: str, en: str) -> tuple[Ability, ...]:
    """The same list when the chip cannot be asked, or has none of it."""
    return tuple(
        Ability(technique=technique, level="clear", can=False, fr=fr, en=en) for technique in (SANITIZE, SECURE)
    )


def _ability(technique: Technique, level: Level, csd: ExtCsd, *, can: bool, beside: Beside, untested: bool) -> Ability:
    if not can:
        fr, en = "La puce ne propose pas cette commande.", "The chip does not offer this command."
    elif csd.is_write_protected:
        can, fr, en = False, "La puce est protégée contre l'écriture.", "The chip is write-protected."
    elif beside.other_bytes:
        fr, en = (
            "La puce vide sa zone principale, mais elle est partagée en plusieurs : les autres restent pleines.",
            "The chip empties its main area, but it is split into several: the others stay full.",
        )
    elif not beside.is_nothing:
        fr, en = (
            "La puce vide sa zone principale. Ses zones de démarrage restent : le PC peut en avoir besoin.",
            "The chip empties its main area. Its boot areas stay: the PC may need them.",
        )
    elif technique == SANITIZE:
        fr, en = (
            "La puce vide elle-même toute sa mémoire, réserves comprises.",
            "The chip itself empties all its memory, reserves included.",
        )
    else:
        fr, en = (
            "La puce vide elle-même toute sa zone principale ; rien ne dit ce qu'il reste dans sa réserve.",
            "The chip itself empties its whole main area; nothing tells what stays in its reserve.",
        )
    return Ability(technique=technique, level=level, can=can, fr=fr, en=en, untested=untested)
