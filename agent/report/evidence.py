"""The evidence on a certificate: each attempt with its commands, markers and reading; bad places; health; limits."""

import agent.report.words as words
from agent.claims import is_overwrite, last_completed
from agent.erasure import Attempt, Erasure, Exchange, Extent, Verification
from agent.facts import Health
from agent.report.layout import Page
from agent.units import tell_bytes

_EXCHANGES_MOST, _EXTENTS_MOST, _REMARKS_MOST = 40, 60, 20
_RAW_MOST = 1500  # letters of one command or answer
_COUNTERS = (
    ("reallocated_sectors", "Secteurs remplacés", "Reallocated sectors"),
    ("pending_sectors", "Secteurs difficiles à lire", "Pending sectors"),
    ("uncorrectable_sectors", "Secteurs illisibles", "Uncorrectable sectors"),
    ("media_errors", "Erreurs de mémoire", "Media errors"),
    ("grown_defects", "Défauts apparus", "Grown defects"),
    ("wear_permille", "Usure (pour mille)", "Wear (permille)"),
    ("hours", "Heures de marche", "Power-on hours"),
)
_ALWAYS = ("reallocated_sectors", "pending_sectors")
_FLASH = ("ssd", "nvme", "emmc", "sd-card")


def tell_attempts(page: Page, erasure: Erasure) -> None:
    if not erasure.attempts:
        page.section("Essais", "Attempts")
        page.text("Aucune méthode n'a été essayée, ou la fin n'est pas connue.", "No technique tried, or end unknown.")
    for number, attempt in enumerate(erasure.attempts, 1):
        name = [words.technique(attempt.technique, lang) for lang in ("fr", "en")]
        page.section(f"Essai {number} : {name[0]}", f"Attempt {number}: {name[1]}")
        _attempt(page, attempt)
        _markers(page, attempt)
        _reading(page, attempt.verification)
        _bad(page, attempt)
        _exchanges(page, attempt.exchanges)


def _attempt(page: Page, attempt: Attempt) -> None:
    yes_no = page.say("oui", "yes"), page.say("non", "no")
    page.row("Nom technique", "Technical name", attempt.technique)
    page.row("Niveau possible", "Level it can reach", words.told(words.LEVELS, attempt.level, page.lang))
    page.row("Fin", "End", words.told(words.RESULTS, attempt.result, page.lang))
    if not is_overwrite(attempt):
        page.row("Commande acceptée", "Command accepted", yes_no[not attempt.was_accepted])
        page.row("Vu en cours", "Seen running", yes_no[not attempt.was_seen_running])
    page.row("Durée", "Time taken", f"{words.number(attempt.seconds, page.lang)} s")
    if is_overwrite(attempt):
        page.row("Octets écrits", "Bytes written", words.number(attempt.written_bytes, page.lang))
    remarks = attempt.said[: _REMARKS_MOST // 2] + attempt.said[_REMARKS_MOST // 2 :][-_REMARKS_MOST // 2 :]
    for remark in remarks:
        page.row("Remarque (en anglais)", "Remark", page.quoted(remark))


def _markers(page: Page, attempt: Attempt) -> None:
    markers = attempt.markers
    if markers is None:
        page.row("Repères posés avant", "Markers planted before", page.say("aucun", "none"))
        return
    size = words.number(markers.length_bytes, page.lang)
    page.row(
        "Repères posés avant", "Markers planted before",
        page.say(f"{len(markers.offsets)}, de {size} octets chacun", f"{len(markers.offsets)}, of {size} bytes each"),
    )  # fmt: skip
    page.row("Empreinte des repères", "Digest of the markers", markers.digest)
    sought = page.say("pas cherchés", "not looked for") if markers.survived is None else str(markers.survived)
    page.row("Repères retrouvés après", "Markers found after", sought)
    page.row("Repères illisibles après", "Markers unreadable after", markers.unreadable)
    if markers.witnesses:
        page.row("Anciens endroits retenus avant (4 Kio)", "Old places remembered before (4 KiB)", markers.witnesses)
        same = page.say("pas cherchés", "not looked for") if markers.unchanged is None else str(markers.unchanged)
        page.row("Anciens endroits inchangés après", "Old places unchanged after", same)


def _reading(page: Page, read: Verification | None) -> None:
    if read is None or read.kind == "none":
        page.row("Vérification", "Verification", page.say("aucune : rien n'a été relu", "none: nothing was read"))
        return
    kinds = {"full": ("relecture de tout le disque", "the whole disk was read"),
             "sampled": ("relecture par sondage", "read by sampling")}  # fmt: skip
    compared = {"stream": ("la suite aléatoire écrite", "the random stream written"),
                "zeros": ("des zéros", "zeros"),
                "nothing": ("rien : on a regardé ce qui s'y trouve", "nothing: looked at what is there")}  # fmt: skip
    count = words.number
    page.row("Vérification", "Verification", words.told(kinds, read.kind, page.lang))
    page.row("Comparé avec", "Compared with", words.told(compared, read.compared_with, page.lang))
    page.row("Octets accessibles", "Addressable bytes", count(read.addressable_bytes, page.lang))
    part = words.percent_of(read.read_bytes, read.addressable_bytes, page.lang)
    page.row("Octets relus", "Bytes read", f"{count(read.read_bytes, page.lang)} ({part})")
    if read.compared_with != "nothing":
        page.row("Octets justes", "Bytes that match", count(read.matching_bytes, page.lang))
        page.row("Octets différents", "Bytes that differ", count(read.read_bytes - read.matching_bytes, page.lang))
        page.row("Empreinte de la clé", "Digest of the stream's key", read.seed_digest)
    if read.kind == "sampled" and read.power_permille is not None:
        chance = words.percent_of(read.power_permille, 1000, page.lang)
        page.row(
            "Force du sondage", "Power of the sampling",
            page.say(f"un oubli de 100 Mo d'un bloc est vu {chance} du temps",
                     f"one run of 100 MB left out is met {chance} of the time"),
        )  # fmt: skip
    if read.content is not None:
        page.row("Contenu trouvé", "Content found", words.told(words.CONTENTS, read.content.kind, page.lang))
        if read.content.pattern:
            page.row("Motif (hexadécimal)", "Pattern (hex)", read.content.pattern)
        for remains in read.content.remains[:_REMARKS_MOST]:
            at = words.number(remains.offset_bytes, page.lang)
            page.row("Trace encore lisible", "Trace still readable",
                     page.say(f"{page.quoted(remains.signature)}, octet {at}",
                              f"{page.quoted(remains.signature)}, byte {at}"))  # fmt: skip


def _bad(page: Page, attempt: Attempt) -> None:
    page.row("Secteurs non prouvés", "Sectors not proven", words.number(attempt.bad_sectors, page.lang))
    for extent in attempt.bad[:_EXTENTS_MOST]:
        page.row("  Adresses (LBA)", "  Addresses (LBA)", _extent(extent, page.lang))
    left_out = len(attempt.bad) - _EXTENTS_MOST
    if left_out > 0:
        page.row(
            "  Autres plages", "  Other places",
            page.say(f"{left_out} de plus, dans la fiche signée", f"{left_out} more, in the signed record"),
        )  # fmt: skip


def _extent(extent: Extent, lang: str) -> str:
    last = extent.first_lba + extent.sectors - 1
    place = str(extent.first_lba) if extent.sectors == 1 else f"{extent.first_lba}-{last}"
    return f"{place} ({extent.sectors}), {words.told(words.PROBLEMS, extent.problem, lang)}"


def _exchanges(page: Page, exchanges: tuple[Exchange, ...]) -> None:
    """The first and the last commands with their raw answers."""
    half = _EXCHANGES_MOST // 2
    numbered = list(enumerate(exchanges, 1))
    shown = numbered if len(numbered) <= _EXCHANGES_MOST else numbered[:half] + numbered[-half:]
    for number, each in shown:
        page.row(f"Commande {number}", f"Command {number}", page.quoted(each.name))
        page.row("  envoyée (hexadécimal)", "  sent (hex)", page.quoted(each.command, _RAW_MOST))
        page.row("  réponse brute", "  raw answer", page.quoted(each.status, _RAW_MOST))
        page.row("  réponse bonne", "  answer good", page.say("oui", "yes") if each.is_ok else page.say("non", "no"))
        if each.meaning:
            page.row("  sens (en anglais)", "  meaning", page.quoted(each.meaning))
    if len(numbered) > len(shown):
        count = len(numbered) - len(shown)
        page.row("Autres commandes", "Other commands",
                 page.say(f"{count}, dans la fiche signée", f"{count}, in the signed record"))  # fmt: skip


def tell_health(page: Page, erasure: Erasure) -> None:
    page.section("Santé du disque, avant et après", "Health of the disk, before and after")
    before, after = erasure.health_before or Health(), erasure.health_after or Health()
    for name, fr, en in _COUNTERS:
        was, now = getattr(before, name), getattr(after, name)
        if was is None and now is None and name not in _ALWAYS:
            continue
        unknown = page.say("inconnu", "unknown")
        told = [unknown if value is None else words.number(value, page.lang) for value in (was, now)]
        page.row(fr, en, page.say(f"{told[0]} avant, {told[1]} après", f"{told[0]} before, {told[1]} after"))


def tell_limits(page: Page, erasure: Erasure) -> None:
    """What this erasure does not show, said whatever the outcome."""
    page.section("Ce que cet effacement ne montre pas", "What this erasure does not show")
    last = last_completed(erasure) or (erasure.attempts[-1] if erasure.attempts else None)
    _spare_area(page, erasure, last)
    if any("crypto" in one.technique or one.technique == "opal-psid-revert" for one in erasure.attempts):
        page.text(
            "- Effacement de la clé : il ne vaut que si tout ce qui a été écrit l'a été chiffré, depuis toujours (NIST"
            " SP 800-88r2, 3.2.2). Rebond ne peut pas le vérifier.",
            "- Crypto erase: worth something only if all that was ever written was encrypted from the beginning (NIST"
            " SP 800-88r2, 3.2.2). Rebond cannot check that.",
        )
        known = erasure.media.is_self_encrypting
        told = {True: ("oui", "yes"), False: ("non", "no"), None: ("inconnu", "unknown")}[known]
        page.row("Chiffrement par le disque", "Self-encrypting disk", page.say(*told))
    if last is not None and last.verification is not None and last.verification.kind == "sampled":
        page.text("- Le disque n'a été relu que par sondage.", "- The disk was read by sampling only.")
    if erasure.hidden is None or erasure.hidden.state in ("unknown", "kept"):
        page.text(
            "- Une zone cachée du disque a pu échapper à l'effacement.",
            "- A hidden area of the disk may have escaped the erasure.",
        )
    if erasure.untested_on_hardware:
        page.text(
            "- Cette méthode n'a été essayée par Rebond que sur des disques simulés.",
            "- Rebond has tried this technique on simulated disks only.",
        )
    page.text(
        "- Ce texte est une vue de la fiche signée. Seule la fiche fait foi : rebond verify FICHIER.",
        "- This text is a view of the signed record. Only the record counts: rebond verify FILE.",
    )


def _spare_area(page: Page, erasure: Erasure, last: Attempt | None) -> None:
    if last is None:
        return
    is_flash, kind = erasure.media.kind in _FLASH, erasure.media.kind
    if is_overwrite(last) and (is_flash or kind not in ("hdd", "virtual")):
        page.text(
            "- Mémoire flash : une réécriture n'atteint pas la réserve interne du disque (sur-provisionnement). Des"
            " restes peuvent s'y trouver.",
            "- Flash: overwriting does not reach the disk's spare area (over-provisioning). Remains may be there.",
        )
    elif is_overwrite(last):
        page.text(
            "- Les secteurs que le disque avait déjà remplacés ne sont pas atteints par une réécriture.",
            "- Sectors that the disk had replaced before are not reached by overwriting.",
        )
    else:
        page.text(
            "- Réserve interne et secteurs remplacés : la commande du disque doit les couvrir. Personne d'autre que le"
            " disque ne peut les relire.",
            "- Spare area and replaced sectors: the disk's own command has to cover them. Nobody but the disk can read"
            " them.",
        )


def tell_hidden(page: Page, erasure: Erasure) -> None:
    hidden = erasure.hidden
    page.row("Zone cachée (HPA, DCO, AMA)", "Hidden area (HPA, DCO, AMA)",
             words.told(words.HIDDEN, hidden.state, page.lang) if hidden else None)  # fmt: skip
    sizes = (
        ("Taille visible au début", "Size visible at first", hidden.visible_bytes if hidden else None),
        ("Taille annoncée en tout", "Native size announced", hidden.native_bytes if hidden else None),
        ("Taille après ouverture", "Size after opening", hidden.after_bytes if hidden else None),
    )
    for fr, en, size in sizes:
        page.row(fr, en, size_told(size, page.lang) if size else None)
    for line in hidden.said[:4] if hidden else ():
        page.row("  appris par (en anglais)", "  learnt by", page.quoted(line))


def size_told(size: int, lang: str) -> str:
    unit = "bytes" if lang == "en" else "octets"
    return f"{tell_bytes(size, lang, decimal=True)} ({words.number(size, lang)} {unit})"
