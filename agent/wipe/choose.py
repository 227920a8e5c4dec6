"""Which techniques for one disk, in which order, and why: wipe.md's method table. Pure; said before anything starts.

The strongest that the device truly offers comes first; each next one follows only when the one before was refused,
failed or proved too little; the last is an overwrite, which any disk that can be written takes. A level is the most
that a technique can reach on this kind of medium, never a promise.
"""

from collections.abc import Sequence
from typing import Literal

from agent.erasure import Hidden, Level, Media, Technique
from agent.wipe.device import Ability
from agent.wipe.job import Plan, Planned

Method = Literal["best", "overwrite", "zeros"]
Said = tuple[str, str]  # French, English

# wipe.md 5. Only what stands here is ever sent; a family may know more.
_NVME: tuple[Technique, ...] = (
    "nvme-sanitize-block", "nvme-sanitize-crypto", "nvme-sanitize-overwrite", "nvme-format-crypto",
    "nvme-format-user-data",
)  # fmt: skip
_TABLE: dict[str, tuple[Technique, ...]] = {
    "nvme": _NVME,
    "ata-ssd": ("ata-sanitize-block", "ata-sanitize-crypto", "ata-security-erase-enhanced"),
    "ata-hdd": ("ata-sanitize-overwrite", "ata-sanitize-crypto"),
    # A SATA disk on a SAS controller answers to ATA commands.
    "sas": (
        "scsi-sanitize-block",
        "scsi-sanitize-overwrite",
        "scsi-sanitize-crypto",
        "ata-sanitize-block",
        "ata-sanitize-crypto",
        "scsi-format-unit",
    ),
    "sas-hdd": (
        "scsi-sanitize-overwrite",
        "scsi-sanitize-crypto",
        "ata-sanitize-overwrite",
        "ata-sanitize-crypto",
        "scsi-format-unit",
    ),
    "emmc": ("mmc-sanitize", "mmc-secure-erase"),
    "flash": (),
    "plain": (),
}
_NAMES: dict[str, Said] = {
    "nvme-sanitize-block": ("effacement interne de toutes les cellules", "internal erase of every cell"),
    "nvme-sanitize-crypto": ("destruction de la clé interne", "destruction of the internal key"),
    "nvme-sanitize-overwrite": ("réécriture interne de toutes les cellules", "internal overwrite of every cell"),
    "nvme-format-crypto": ("formatage avec destruction de la clé", "format that destroys the key"),
    "nvme-format-user-data": ("formatage avec effacement", "format that erases"),
    "ata-sanitize-block": ("effacement interne de toutes les cellules", "internal erase of every cell"),
    "ata-sanitize-crypto": ("destruction de la clé interne", "destruction of the internal key"),
    "ata-sanitize-overwrite": ("réécriture interne de tout le disque", "internal overwrite of the whole disk"),
    "ata-security-erase-enhanced": ("effacement de sécurité étendu", "enhanced security erase"),
    "scsi-sanitize-block": ("effacement interne de toutes les cellules", "internal erase of every cell"),
    "scsi-sanitize-crypto": ("destruction de la clé interne", "destruction of the internal key"),
    "scsi-sanitize-overwrite": ("réécriture interne de tout le disque", "internal overwrite of the whole disk"),
    "scsi-format-unit": ("formatage par le disque lui-même", "format by the disk itself"),
    "mmc-sanitize": ("effacement interne de toute la puce", "internal erase of the whole chip"),
    "mmc-secure-erase": ("effacement sûr de la puce", "secure erase of the chip"),
    "opal-psid-revert": ("remise à zéro Opal par le code PSID", "Opal reset by the PSID"),
    "overwrite-stream": ("réécriture complète, relue et comparée", "full overwrite, read back and compared"),
    "overwrite-zeros": ("réécriture par des zéros, relue et comparée", "overwrite with zeros, read back and compared"),
    "overwrite-two-pass": ("deux réécritures complètes, relues et comparées",
                           "two full overwrites, read back and compared"),
}  # fmt: skip


def make_plan(
    media: Media, abilities: Sequence[Ability], *, hidden: Hidden | None = None, method: Method = "best",
    verify: Literal["full", "sampled"] = "full", psid: str | None = None, is_locked: bool = False,
) -> Plan:  # fmt: skip
    """The plan of one disk. `is_locked`: an Opal lock is closed, so that nothing but a PSID opens it."""
    row = row_of(media)
    if is_locked:  # whatever was asked for: nothing else gets past the lock
        opal = _opal(abilities, psid)
        if opal is None:
            return _impossible(*_LOCKED)
        # No marker can be planted on a locked disk: the reset opens it, the overwrite proves it.
        steps = [_followed(_step(opal)), _overwrite(row, method)]
    else:
        steps = [_step(ability) for ability in _wanted(row, abilities, method, psid)]
        # Of what cannot be read back only an overwrite proves anything, and nothing more follows one that went well.
        unread = next((at for at, step in enumerate(steps) if not step.is_readable_after), len(steps))
        steps[unread:] = [_followed(step) for step in steps[unread : unread + 1]]
        if steps and steps[-1].technique == "ata-security-erase-enhanced":
            steps[-1] = _followed(steps[-1])  # wipe.md: on an SSD then overwrite; together they reach Clear
        steps.append(_overwrite(row, method))
    fr, en = _chosen(row, steps, method)
    for one in abilities:  # the device's own reason; for an NVMe drive also what else the erase hits
        if one.technique == steps[0].technique:
            fr, en = f"{fr} {one.fr}", f"{en} {one.en}"
    not_fr, not_en = _why_not_more(row, steps, abilities, method, hidden)
    return Plan(
        steps=tuple(steps), level=steps[0].level, verify=verify, chosen_fr=fr, chosen_en=en, why_not_more_fr=not_fr,
        why_not_more_en=not_en,
    )  # fmt: skip


def row_of(media: Media) -> str:
    """The line of the method table. What a USB bridge does not tell counts as flash: two passes do no harm."""
    if media.kind == "virtual" or media.transport in ("virtio", "other"):
        return "plain"
    if media.transport == "nvme" or media.kind == "nvme":
        return "nvme"
    if media.kind == "emmc":
        return "emmc"
    if media.kind == "sd-card" or media.transport == "mmc":
        return "flash"
    if media.transport == "sas":
        return "sas-hdd" if media.kind == "hdd" else "sas"
    if media.transport in ("sata", "ide") or (media.transport == "usb" and media.kind in ("hdd", "ssd")):
        return "ata-hdd" if media.kind == "hdd" else "ata-ssd"  # unknown: as an SSD, whose overwrite claims less
    return "flash" if media.transport in ("usb", "firewire") else "plain"


def _opal(abilities: Sequence[Ability], psid: str | None) -> Ability | None:
    return next((one for one in abilities if one.technique == "opal-psid-revert" and one.can and psid), None)


def _wanted(row: str, abilities: Sequence[Ability], method: Method, psid: str | None) -> list[Ability]:
    if method != "best":
        return []
    able = {one.technique: one for one in abilities if one.can}
    found = [able[technique] for technique in _TABLE[row] if technique in able]
    if len(found) > 1:  # some disks say yes to a format and erase nothing: only where there is no sanitize
        found = [one for one in found if one.technique != "scsi-format-unit"]
    # A stronger level never stands behind a weaker one, whatever the table's order says of the usual device.
    # An Opal reset believes the disk's encryption: after what erases cells, before what reaches less.
    opal = _opal(abilities, psid)
    return sorted([*found, *([opal] if opal else [])], key=lambda one: one.level != "purge")


def _step(ability: Ability) -> Planned:
    # A format answers for what it formats, never for the reserve: whatever a family says, it is no Purge.
    level: Level = "clear" if ability.technique == "scsi-format-unit" else ability.level
    return Planned(
        technique=ability.technique, level=level, untested=ability.untested, estimate_s=ability.estimate_s,
        needs=ability.needs, is_readable_after=ability.is_readable_after,
    )  # fmt: skip


def _followed(step: Planned) -> Planned:
    import msgspec

    return msgspec.structs.replace(step, level="clear", and_then=True)


def _overwrite(row: str, method: Method) -> Planned:
    if row == "flash":
        return Planned(technique="overwrite-two-pass", level="clear")
    return Planned(technique="overwrite-zeros" if method == "zeros" else "overwrite-stream", level="clear")


# --- why --------------------------------------------------------------------------------------------------------------

_LOCKED: Said = (
    "Le disque est verrouillé (Opal). Lisez le code PSID sur son étiquette et donnez-le avec --psid ; "
    "sans ce code, il est à détruire.",
    "The disk is locked (Opal). Read the PSID on its label and give it with --psid; without it, destroy the disk.",
)


def _impossible(fr: str, en: str) -> Plan:
    return Plan(steps=(), level=None, chosen_fr=fr, chosen_en=en, why_not_more_fr=fr, why_not_more_en=en)


def _chosen(row: str, steps: list[Planned], method: Method) -> Said:
    """What happens, in order, with every fallback: nothing weaker is ever done that was not said here."""
    first, *rest = steps
    fr, en = _NAMES[first.technique]
    if first.and_then:
        fr, en = f"{fr}, puis {_NAMES[rest[0].technique][0]}", f"{en}, then {_NAMES[rest[0].technique][1]}"
        rest = rest[1:]
    for step in rest:
        fr, en = (
            f"{fr} ; si cela échoue : {_NAMES[step.technique][0]}",
            f"{en}; should it fail: {_NAMES[step.technique][1]}",
        )
    levels = {step.level for step in rest}
    if first.level == "purge" and "clear" in levels:
        fr, en = f"{fr} (alors Clear seulement)", f"{en} (then Clear only)"
    if row == "flash" and method == "zeros":
        fr = f"{fr}. Une clé ou une carte demande deux passages"
        en = f"{en}. A stick or card needs two passes"
    return _sentence(fr), _sentence(en)


def _why_not_more(
    row: str, steps: list[Planned], abilities: Sequence[Ability], method: Method, hidden: Hidden | None
) -> Said:
    said: list[Said] = []
    if steps[0].level != "purge":
        said.append(_why_no_purge(row, steps, abilities, method))
    frozen = [one for one in abilities if one.needs == "thaw" and one.technique in _TABLE[row]]
    if frozen and method == "best" and steps[0].technique.startswith("overwrite-"):
        said.append((frozen[0].fr, frozen[0].en))
    if hidden is not None and hidden.state == "unknown":
        said.append((
            "On ne peut pas savoir si le disque cache une zone.",
            "Whether the disk hides an area cannot be known.",
        ))  # fmt: skip
    elif hidden is not None and hidden.native_bytes and hidden.native_bytes > hidden.visible_bytes:
        said.append((
            "Le disque cache une zone : elle sera d'abord ouverte, puis effacée aussi.",
            "The disk hides an area: it will be opened first, then erased too.",
        ))  # fmt: skip
    elif hidden is not None and hidden.state == "kept":
        said.append(("Le disque garde une zone cachée.", "The disk keeps a hidden area."))
    return " ".join(fr for fr, _ in said), " ".join(en for _, en in said)


def _why_no_purge(row: str, steps: list[Planned], abilities: Sequence[Ability], method: Method) -> Said:
    could = any(one.can and one.level == "purge" and one.technique in _TABLE[row] for one in abilities)
    if method != "best" and could:
        return (
            "Purge n'est pas essayé : une simple réécriture a été demandée.",
            "Purge is not tried: a plain overwrite was asked for.",
        )
    if not steps[0].is_readable_after:
        return (
            "Après son effacement interne, ce disque ne se relit qu'une fois réécrit : Purge ne peut pas être montré.",
            "After its internal erase this disk reads only once it is written again: Purge cannot be shown.",
        )
    if row == "flash":
        return (
            "Clé ou carte : sa réserve interne n'est pas atteinte, Purge est impossible.",
            "Stick or card: its spare area is not reached, Purge is impossible.",
        )
    if row == "plain":
        return (
            "Disque virtuel ou inconnu : aucune commande d'effacement ne l'atteint.",
            "Virtual or unknown disk: no erase command reaches it.",
        )
    reason = _refused(row, abilities)
    fr, en = reason or ("Aucune commande d'effacement ne l'atteint.", "No erase command reaches it.")
    if row in ("ata-ssd", "nvme", "emmc") or row == "sas":
        fr += " Une réécriture n'atteint pas la réserve interne."
        en += " An overwrite does not reach the spare area."
    if row == "ata-hdd" and any(one.can and one.technique == "ata-security-erase-enhanced" for one in abilities):
        fr += " L'effacement de sécurité n'est pas utilisé : il peut laisser le disque verrouillé."
        en += " Its security erase is not used: it can leave the disk locked."
    return f"Purge impossible. {fr}", f"No Purge. {en}"


def _refused(row: str, abilities: Sequence[Ability]) -> Said | None:
    """The device's own reason against the first purge of the table that it was asked about."""
    asked = {one.technique: one for one in abilities if not one.can}
    purges = [asked[technique] for technique in _TABLE[row] if technique in asked]
    return (purges[0].fr, purges[0].en) if purges else None


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
