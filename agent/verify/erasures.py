"""What a record proves of each erasure: one sentence for each level of evidence, none stronger than it is.

Everything here is the station's word, even where it quotes the disk's raw answers: the signature proves who wrote it
and that nobody changed it since. `broken` is only what contradicts itself.
"""

from collections.abc import Iterator

from agent.claims import SUCCESS, is_overwrite, last_completed, objections, standing_of
from agent.erasure import Attempt, Erasure
from agent.report import words
from agent.text import clean
from agent.units import tell_bytes
from agent.verify.findings import Finding, broken, unproven

_WHY_MOST = 20
_WORTH: dict[str, tuple[str, str]] = {
    "certificate": (
        "Sur sa parole, ce disque est effacé. Niveau : {}. Les preuves suivent, avec ce qu'elles laissent de côté.",
        "On its word this disk is erased. Level: {}. The evidence follows, with what it leaves out.",
    ),
    "to-validate": (
        "Niveau : {}. Une personne doit encore l'accepter : d'ici là, ce n'est pas un certificat.",
        "Level: {}. A person has yet to accept it: until then it is no certificate.",
    ),
    "failure": (
        "L'effacement n'est PAS prouvé. Ce disque peut contenir des données : effacez-le de nouveau ou détruisez-le.",
        "The erasure is NOT proven. This disk may hold data: erase it again or destroy it.",
    ),
}


def about_erasures(erasures: tuple[Erasure, ...]) -> list[Finding]:
    found = [finding for erasure in erasures for finding in _about(erasure)]
    if erasures:
        found.append(
            unproven(
                "La signature ne prouve pas qu'un disque devant vous a été effacé : comparez son numéro de série.",
                "The signature does not prove that a disk before you was erased: compare its serial number.",
            )
        )
    return found


def name_of_disk(erasure: Erasure) -> str:
    """Model and serial, as far as they are known, else the kernel's name."""
    media = erasure.media
    return " ".join(clean(part, 60) for part in (media.model, media.serial) if part) or clean(media.name, 40) or "?"


def _about(erasure: Erasure) -> Iterator[Finding]:
    disk, standing = name_of_disk(erasure), standing_of(erasure)
    if standing == "begun":
        at = clean(erasure.began_at or "?", 30)
        yield unproven(
            f"Disque {disk} : effacement commencé ({at}), fin inconnue. Ne le croyez pas effacé.",
            f"Disk {disk}: erasure begun ({at}), end unknown. Do not take it for erased.",
        )
    elif standing == "untouched":
        yield unproven(
            f"Disque {disk} : pas un octet n'a été touché. Il n'est pas effacé.",
            f"Disk {disk}: not one byte was touched. It is not erased.",
        )
    else:
        fr, en = (words.outcome(erasure.outcome, lang) for lang in ("fr", "en"))
        yield unproven(
            f"La station dit : disque {disk}, effacement : {fr}.", f"The station says: disk {disk}, erasure: {en}."
        )
        yield _worth(erasure)
    for reason in erasure.why[:_WHY_MOST]:
        yield unproven(f"  Raison : {clean(reason.fr, 300)}", f"  Reason: {clean(reason.en, 300)}")
    for reason in objections(erasure):
        yield broken(
            f"Disque {disk} : la fiche se contredit, rien n'est prouvé. {clean(reason.fr, 200)}",
            f"Disk {disk}: the record contradicts itself, nothing is proven. {clean(reason.en, 200)}",
        )
    for attempt in erasure.attempts:
        yield from _attempt(attempt)
    if standing in ("begun", "untouched"):
        return
    yield from _what_remains(erasure)


def _worth(erasure: Erasure) -> Finding:
    """What may be concluded from it, in one plain sentence."""
    fr, en = _WORTH[standing_of(erasure)]
    levels = [words.level(erasure, lang) for lang in ("fr", "en")]
    return unproven("  " + fr.format(levels[0]), "  " + en.format(levels[1]))


def _attempt(attempt: Attempt) -> Iterator[Finding]:
    names = [words.technique(attempt.technique, lang) for lang in ("fr", "en")]
    yield unproven(
        f"  Essai « {names[0]} » : {_steps(attempt, 'fr')}.", f'  Attempt "{names[1]}": {_steps(attempt, "en")}.'
    )
    markers = attempt.markers
    if markers is not None:
        count = len(markers.offsets)
        if markers.survived is None:
            yield unproven(
                f"  {count} repères posés avant : personne ne les a cherchés après. Leur absence n'est pas prouvée.",
                f"  {count} markers planted before: nobody looked for them after. Their absence is not proven.",
            )
        else:
            yield unproven(
                f"  Repères : {count} posés avant, {markers.survived} retrouvés après.",
                f"  Markers: {count} planted before, {markers.survived} found after.",
            )
        if markers.unchanged is not None:
            yield unproven(
                f"  Anciens endroits : {markers.witnesses} retenus avant, {markers.unchanged} inchangés après.",
                f"  Old places: {markers.witnesses} remembered before, {markers.unchanged} unchanged after.",
            )
    yield from _reading(attempt)


def _steps(attempt: Attempt, lang: str) -> str:
    """Accepted, seen running, ended: each said only when it was seen."""
    is_ours = is_overwrite(attempt)
    accepted = (
        ("écriture commencée", "writing begun") if is_ours else ("commande acceptée par le disque", "command accepted")
    )
    seen = ("vu en cours", "seen running") if attempt.was_seen_running else ("jamais vu en cours", "never seen running")
    told = [
        accepted if attempt.was_accepted else ("rien n'a commencé", "nothing was started"),
        *([] if is_ours else [seen]),
        words.RESULTS[attempt.result],
    ]
    return ", ".join(each[lang == "en"] for each in told)


def _reading(attempt: Attempt) -> Iterator[Finding]:
    read = attempt.verification
    if read is None or read.kind == "none" or not read.read_bytes:
        yield unproven("  Rien n'a été relu après.", "  Nothing was read back after it.")
        return
    sizes = [tell_bytes(read.read_bytes, lang, decimal=True) for lang in ("fr", "en")]
    of = [tell_bytes(read.addressable_bytes, lang, decimal=True) for lang in ("fr", "en")]
    parts = [words.percent_of(read.read_bytes, read.addressable_bytes, lang) for lang in ("fr", "en")]
    if read.compared_with == "nothing":
        yield unproven(
            f"  Relu : {sizes[0]} sur {of[0]} ({parts[0]}), sans savoir d'avance quoi attendre.",
            f"  Read: {sizes[1]} of {of[1]} ({parts[1]}), without knowing beforehand what to expect.",
        )
    else:
        wrong = read.read_bytes - read.matching_bytes
        yield unproven(
            f"  Relu et comparé : {sizes[0]} sur {of[0]} ({parts[0]}), {wrong} octets différents.",
            f"  Read back and compared: {sizes[1]} of {of[1]} ({parts[1]}), {wrong} bytes different.",
        )
    if read.kind == "sampled":
        power = read.power_permille
        chance = [words.percent_of(power, 1000, lang) if power is not None else "?" for lang in ("fr", "en")]
        yield unproven(
            f"  Sondage : 100 Mo oubliés d'un bloc seraient vus {chance[0]} du temps. Le reste n'est pas prouvé.",
            f"  Sampling: one run of 100 MB left out would be met {chance[1]} of the time. The rest is not proven.",
        )
    if read.content is not None and read.content.remains:
        names = clean(", ".join(sorted({each.signature for each in read.content.remains})), 120)
        yield unproven(f"  Traces encore lisibles : {names}.", f"  Traces still readable: {names}.")


def _what_remains(erasure: Erasure) -> Iterator[Finding]:
    """What nobody proved: bad sectors, the hidden area, the spare area, the code itself."""
    bad = words.bad_sectors(erasure)
    if bad:
        yield unproven(
            f"  {bad} secteurs ne sont pas prouvés effacés. Ils peuvent contenir des données.",
            f"  {bad} sectors are not proven erased. They may hold data.",
        )
    state = erasure.hidden.state if erasure.hidden else "unknown"
    yield unproven(
        f"  Zone cachée du disque : {words.told(words.HIDDEN, state, 'fr')}.",
        f"  Hidden area of the disk: {words.told(words.HIDDEN, state, 'en')}.",
    )
    last = last_completed(erasure)
    if erasure.outcome in SUCCESS and last is not None and is_overwrite(last) and erasure.media.kind != "hdd":
        yield unproven(
            "  Une réécriture n'atteint pas la réserve interne d'un disque à mémoire flash.",
            "  Overwriting does not reach the spare area of a flash disk.",
        )
    if erasure.untested_on_hardware:
        yield unproven(
            "  Rebond n'a essayé cette méthode que sur des disques simulés.",
            "  Rebond has tried this technique on simulated disks only.",
        )
