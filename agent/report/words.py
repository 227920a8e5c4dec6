"""What the words of an erasure are in plain French and in English; `labels` has those that rules judge."""

from agent import labels
from agent.claims import settled, standing_of
from agent.erasure import Attempt, Erasure, Technique

TECHNIQUES: dict[Technique, tuple[str, str]] = {
    "nvme-sanitize-block": ("NVMe Sanitize, effacement des blocs", "NVMe Sanitize, block erase"),
    "nvme-sanitize-crypto": ("NVMe Sanitize, effacement de la clé", "NVMe Sanitize, crypto erase"),
    "nvme-sanitize-overwrite": ("NVMe Sanitize, réécriture par le disque", "NVMe Sanitize, overwrite"),
    "nvme-format-crypto": ("NVMe Format (pas Sanitize), clé effacée", "NVMe Format (not Sanitize), crypto erase"),
    "nvme-format-user-data": ("NVMe Format (pas Sanitize), données effacées", "NVMe Format (not Sanitize), user data"),
    "ata-sanitize-block": ("ATA SANITIZE, effacement des blocs", "ATA SANITIZE, block erase"),
    "ata-sanitize-crypto": ("ATA SANITIZE, effacement de la clé", "ATA SANITIZE, crypto scramble"),
    "ata-sanitize-overwrite": ("ATA SANITIZE, réécriture par le disque", "ATA SANITIZE, overwrite"),
    "ata-security-erase-enhanced": ("ATA SECURITY ERASE UNIT, mode renforcé", "ATA SECURITY ERASE UNIT, enhanced"),
    "scsi-sanitize-block": ("SCSI SANITIZE, effacement des blocs", "SCSI SANITIZE, block erase"),
    "scsi-sanitize-crypto": ("SCSI SANITIZE, effacement de la clé", "SCSI SANITIZE, crypto erase"),
    "scsi-sanitize-overwrite": ("SCSI SANITIZE, réécriture par le disque", "SCSI SANITIZE, overwrite"),
    "scsi-format-unit": ("SCSI FORMAT UNIT", "SCSI FORMAT UNIT"),
    "mmc-sanitize": ("eMMC, effacement puis SANITIZE", "eMMC, erase then SANITIZE"),
    "mmc-secure-erase": ("eMMC, effacement sécurisé", "eMMC, secure erase"),
    "opal-psid-revert": ("Opal, retour d'usine par le code PSID", "Opal, revert with the PSID"),
    "overwrite-stream": ("réécriture par une suite aléatoire", "overwrite with a random stream"),
    "overwrite-zeros": ("réécriture par des zéros", "overwrite with zeros"),
    "overwrite-two-pass": (
        "deux réécritures : suite aléatoire, puis zéros",
        "two overwrites: random stream, then zeros",
    ),
}
RESULTS = {
    "completed": ("allé au bout", "completed"), "refused": ("refusé par le disque", "refused by the disk"),
    "failed": ("raté", "failed"), "stalled": ("bloqué, plus aucun progrès", "stalled, no more progress"),
    "lied": ("démenti par la relecture", "contradicted by reading"), "interrupted": ("interrompu", "interrupted"),
}  # fmt: skip
LEVELS = {"purge": ("Purge (en profondeur)", "Purge"), "clear": ("Clear (tout ce qui est accessible)", "Clear")}
DECISIONS = {
    "approve": ("accepté", "approved"), "reject": ("refusé", "rejected"),
    "escalate": ("une personne doit décider", "a person must decide"),
}  # fmt: skip
HIDDEN = {
    "none": ("cherchée, aucune", "looked for, none"), "removed": ("trouvée, ouverte et effacée avec le reste",
             "found, opened and erased with the rest"),
    "kept": ("trouvée, n'a pas pu être ouverte", "found, could not be opened"),
    "unknown": ("inconnue : le disque ou son adaptateur se tait", "unknown: the disk or its bridge does not tell"),
    "not-applicable": ("sans objet pour ce disque", "not applicable to this disk"),
}  # fmt: skip
PROBLEMS = {
    "unwritable": ("non réécrit", "not overwritten"), "unreadable": ("illisible", "unreadable"),
    "mismatch": ("relu différent", "read back different"),
}  # fmt: skip
INTERRUPTED = {
    "power": ("coupure de courant", "power cut"), "stopped": ("arrêt demandé", "stopped by a person"),
    "killed": ("programme tué", "program killed"), "unplugged": ("disque débranché", "disk unplugged"),
    "suspended": ("mise en veille", "suspended"), "too-hot": ("disque trop chaud", "disk too hot"),
}  # fmt: skip
CONTENTS = {
    "zeros": ("des zéros partout", "zeros everywhere"), "ones": ("des FF partout", "FF everywhere"),
    "pattern": ("un même motif partout", "one pattern everywhere"),
    "random": ("du hasard partout (chiffré ou aléatoire)", "random everywhere (encrypted or random)"),
    "mixed": ("un contenu mélangé", "mixed content"), "unread": ("rien n'a pu être lu", "nothing could be read"),
}  # fmt: skip


def told(words: dict[str, tuple[str, str]], key: str, lang: str) -> str:
    """The word for `key`; an unknown one as it is."""
    return words[key][lang == "en"] if key in words else key


def technique(name: Technique, lang: str) -> str:
    return TECHNIQUES[name][lang == "en"]


def outcome(name: str, lang: str) -> str:
    return labels.tell("disks.erasure", name, lang)


def ending(erasure: Erasure, lang: str) -> str:
    """How it ended, as far as the evidence carries: never a success without an end."""
    standing = standing_of(erasure)
    if standing == "begun":
        return "begun, end unknown" if lang == "en" else "commencé, fin inconnue"
    if standing == "untouched":
        return "not touched" if lang == "en" else "pas touché"
    return outcome(settled(erasure), lang)


def level(erasure: Erasure, lang: str) -> str:
    """The level reached, only where a success stands."""
    reached = erasure.level if standing_of(erasure) in ("certificate", "to-validate") else None
    return told(LEVELS, reached, lang) if reached else ("none" if lang == "en" else "aucun")


def verification(attempt: Attempt | None, lang: str) -> str:
    """How much was read back, in one short phrase."""
    read = attempt.verification if attempt else None
    if read is None or read.kind == "none":
        return "rien n'a été relu" if lang != "en" else "nothing was read back"
    percent = percent_of(read.read_bytes, read.addressable_bytes, lang)
    if read.compared_with != "nothing":
        same = percent_of(read.matching_bytes, read.addressable_bytes, lang)
        fr, en = f"relu à {percent}, juste à {same}", f"{percent} read back, {same} right"
    else:
        fr, en = f"relu à {percent}", f"{percent} read"
    return fr if lang != "en" else en


def percent_of(part: int, whole: int, lang: str) -> str:
    """Rounded down: 100 % is only said of everything."""
    if whole <= 0:
        return "?"
    tenths = min(max(part, 0), whole) * 1000 // whole
    sign = "%" if lang == "en" else " %"
    dot = "." if lang == "en" else ","
    return f"{tenths // 10}{sign}" if tenths % 10 == 0 else f"{tenths // 10}{dot}{tenths % 10}{sign}"


def bad_sectors(erasure: Erasure) -> int:
    """Sectors that the last attempt with any could not prove."""
    return next((one.bad_sectors for one in reversed(erasure.attempts) if one.bad_sectors), 0)


def number(value: int, lang: str) -> str:
    return f"{value:,}".replace(",", "," if lang == "en" else "\u202f")
