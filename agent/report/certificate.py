"""The certificate of one erasure as plain text: every field of NIST SP 800-88r2 4.6, filled in or said to be missing.

A certificate is only made of a proven end that the validation approved; all else is a failure report, or an erasure
that waits for its validation. It names no standard that the disk did not attest.
"""

import agent.report.words as words
from agent.claims import Standing, objections, settled, standing_of
from agent.erasure import Erasure, Outcome
from agent.labels import tell
from agent.oneline import name_of
from agent.record import Record
from agent.report.evidence import size_told, tell_attempts, tell_health, tell_hidden, tell_limits
from agent.report.layout import Page

TITLES: dict[Standing, tuple[str, str]] = {
    "certificate": ("Certificat d'effacement", "Certificate of erasure"),
    "to-validate": ("Constat d'effacement à valider", "Erasure that waits for its validation"),
    "failure": ("Constat d'échec : effacement non prouvé", "Failure report: erasure not proven"),
    "begun": ("Constat d'échec : commencé, fin inconnue", "Failure report: begun, end unknown"),
    "untouched": ("Constat d'échec : disque non effacé", "Failure report: disk not erased"),
}
# A failure is called by how it ended: nothing that is half done is called by a word that fits something else.
_FAILED: dict[Outcome, tuple[str, str]] = {
    "cleared_with_exceptions": (
        "Constat d'échec : effacé sauf des secteurs",
        "Failure report: erased but for some sectors",
    ),
    "interrupted": ("Constat d'échec : effacement interrompu", "Failure report: erasure interrupted"),
    "failed": ("Constat d'échec : effacement raté", "Failure report: erasure failed"),
}
_SENTENCES: dict[Standing, tuple[str, str]] = {
    "certificate": (
        "Ce disque a été effacé, puis vérifié. Les preuves sont ci-dessous.",
        "This disk was erased, then verified. The evidence is below.",
    ),
    "to-validate": (
        "Ce disque a été effacé, puis vérifié. Une personne doit encore accepter le résultat. Ce n'est pas une preuve"
        " définitive.",
        "This disk was erased, then verified. A person has yet to accept the result. This is no final proof.",
    ),
    "failure": (
        "L'effacement de ce disque n'est PAS prouvé. Il peut contenir des données. Ne le donnez pas : effacez-le de"
        " nouveau ou détruisez-le.",
        "The erasure of this disk is NOT proven. It may hold data. Do not give it away: erase it again or destroy it.",
    ),
    "begun": (
        "L'effacement a commencé. Sa fin n'est pas connue. Le disque peut contenir des données.",
        "The erasure began. Its end is not known. The disk may hold data.",
    ),
    "untouched": (
        "Pas un octet n'a été touché. Le disque contient toujours ses données.",
        "Not one byte was touched. The disk still holds its data.",
    ),
}


def title_of(erasure: Erasure) -> tuple[str, str]:
    """French and English."""
    standing = standing_of(erasure)
    return _FAILED.get(settled(erasure), TITLES[standing]) if standing == "failure" else TITLES[standing]


def certificate(record: Record, erasure: Erasure, lang: str, *, digest: str) -> str:
    """The text for this erasure of this (already verified) record; `digest` names the record."""
    page = Page(lang)
    standing = standing_of(erasure)
    page.title(*title_of(erasure))
    page.text(*_SENTENCES[standing])
    _result(page, erasure)
    _disk(page, erasure)
    _host(page, record)
    _method(page, erasure)
    tell_attempts(page, erasure)
    tell_health(page, erasure)
    tell_limits(page, erasure)
    _people(page, record, erasure)
    _time_and_tool(page, record, erasure, digest)
    return str(page)


def _result(page: Page, erasure: Erasure) -> None:
    page.section("Résultat", "Result")
    page.row("Résultat", "Outcome", words.ending(erasure, page.lang))
    page.row("Niveau NIST atteint", "NIST level reached", words.level(erasure, page.lang))
    for reason in erasure.why[:20]:
        page.row("Pourquoi, et pas plus", "Why, and why not more", page.say(reason.fr, reason.en))
    for reason in objections(erasure):
        page.row("La fiche se contredit", "The record contradicts itself", page.say(reason.fr, reason.en))
    validation = erasure.validation
    page.row("Validation", "Validation",
             words.told(words.DECISIONS, validation.decision, page.lang) if validation else None)  # fmt: skip
    for reason in validation.reasons[:20] if validation else ():
        page.row("  raison", "  reason", page.say(reason.fr, reason.en))


def _disk(page: Page, erasure: Erasure) -> None:
    media = erasure.media
    page.section("Disque", "Disk")
    page.row("Fabricant", "Manufacturer", page.quoted(media.maker))
    page.row("Modèle", "Model", page.quoted(media.model))
    page.row("Numéro de série", "Serial number", page.quoted(media.serial))
    page.row("Identifiant WWN", "WWN", page.quoted(media.wwn))
    page.row("Version interne", "Firmware", page.quoted(media.firmware))
    page.row("Sorte de disque", "Media type", tell("disks.kind", media.kind, page.lang) if media.kind else None)
    page.row("Branchement", "Connection", media.transport)
    page.row("Adaptateur", "Bridge", page.quoted(media.bridge) or page.say("aucun vu", "none seen"))
    page.row("Nom pour le système", "Name in the system", page.quoted(media.name))
    page.row("Taille", "Size", size_told(media.size_bytes, page.lang) if media.size_bytes else None)
    tell_hidden(page, erasure)
    page.row("Secteur logique (octets)", "Logical sector (bytes)", media.logical_sector_bytes)
    page.row("Secteur physique (octets)", "Physical sector (bytes)", media.physical_sector_bytes)
    page.row("Empreinte du disque", "Digest of the disk", media.identity)
    found = ", ".join(erasure.found[:20])
    page.row("Trouvé avant (sortes)", "Found before (kinds)", page.quoted(found) or page.say("rien vu", "nothing seen"))


def _host(page: Page, record: Record) -> None:
    system = record.machine.system
    page.section("Ordinateur qui portait le disque", "Computer that held the disk")
    page.row("Ordinateur", "Computer", page.quoted(name_of(record.machine)))
    page.row("Numéro de série", "Serial number", page.quoted(system.serial))
    page.row("Identifiant UUID", "UUID", page.quoted(system.uuid))
    page.row("Numéro d'inventaire", "Property number", page.quoted(record.sticker or system.asset_tag))
    page.row("Origine (lot)", "Media source (lot)", page.quoted(record.lot))
    page.row("Confidentialité avant", "Confidentiality before", None)
    page.row("Confidentialité après", "Confidentiality after", None)
    page.row("Destination", "Destination", None)


def _method(page: Page, erasure: Erasure) -> None:
    page.section("Méthode", "Method")
    levels = [one.level for one in erasure.attempts if one.result == "completed"]
    method = words.told(words.LEVELS, levels[-1], page.lang) if levels else None
    page.row(
        "Méthode (NIST)", "Sanitization method (NIST)", method or page.say("aucune allée au bout", "none completed")
    )
    planned = ", puis " if page.lang != "en" else ", then "
    page.row("Prévu", "Planned", planned.join(words.technique(one, page.lang) for one in erasure.planned))
    page.row("Choisi parce que", "Chosen because", page.say(erasure.chosen_fr, erasure.chosen_en))
    page.row("Début", "Began", erasure.began_at or page.say("pas commencé", "not begun"))
    page.row("Fin", "Ended", erasure.ended_at or page.say("inconnue", "unknown"))
    page.row("Durée, pauses comprises", "Time taken, with pauses", f"{words.number(erasure.seconds, page.lang)} s")
    if not erasure.interruptions:
        page.row("Interruptions", "Interruptions", page.say("aucune", "none"))
    for stop in erasure.interruptions[:20]:
        why = words.told(words.INTERRUPTED, stop.why, page.lang)
        again = stop.resumed_at or page.say("jamais", "never")
        told = f"{stop.at}, {why}" + (f" ({page.quoted(stop.said)})" if stop.said else "")
        page.row("Interruption", "Interruption", page.say(f"{told}, repris : {again}", f"{told}, resumed: {again}"))


def _people(page: Page, record: Record, erasure: Erasure) -> None:
    """Records hold codes, never names: the person fills in the rest by hand, on what is printed."""
    page.section("Personnes", "People")
    by_program = page.say("le programme Rebond", "the Rebond program")
    read_by = by_program if erasure.verifier == "rebond" else page.quoted(erasure.verifier)
    roles = (
        ("Opérateur", "Operator", page.quoted(erasure.operator or record.operator), erasure.ended_at),
        ("Vérificateur", "Verifier", read_by, erasure.ended_at if erasure.verifier else None),
        ("Validateur", "Validator", page.quoted(erasure.validator), None),
    )
    for fr, en, code, date in roles:
        page.row(f"{fr}, code", f"{en}, code", code)
        page.row("  nom", "  name", None)
        page.row("  fonction", "  title", None)
        page.row("  date", "  date", date)
        page.row("  lieu", "  location", None)
        page.row("  contact", "  contact", None)
        page.row("  signature", "  signature", None)


def _time_and_tool(page: Page, record: Record, erasure: Erasure, digest: str) -> None:
    page.section("Outil, heure et fiche", "Tool, time and record")
    page.row("Outil", "Tool", f"Rebond {record.agent_version}")
    if erasure.untested_on_hardware:
        page.row("Essais de la méthode", "Technique tried",
                 page.say("sur des disques simulés seulement", "on simulated disks only"))  # fmt: skip
    clock = record.machine.clock
    page.row("Heure prise de", "Time taken from",
             tell("clock.believed_from", clock.believed_from, page.lang) if clock.believed_from else None)  # fmt: skip
    known = {True: ("oui", "yes"), False: ("non", "no"), None: ("inconnu", "unknown")}
    page.row("Horloge du PC fausse", "Clock of the PC wrong", page.say(*known[clock.is_rtc_wrong]))
    page.row("Heure mise par le réseau", "Time set by the network", page.say(*known[record.clock.is_synced]))
    page.row("Pas avant", "Not before", record.clock.not_before)
    page.row("Fiche faite le", "Record made on", record.made_at)
    page.row("Signée par la station", "Signed by station", page.quoted(record.station))
    page.row("Fiche", "Record", record.id)
    page.row("Empreinte de la fiche", "Digest of the record", digest)
    page.row("Autorisation utilisée", "Authorisation used up", page.quoted(erasure.id))
