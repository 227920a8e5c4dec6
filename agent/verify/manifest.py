"""What the manifest of a wipe session proves: who approved which disks, and whether each disk's own record is there.

A manifest proves no erasure. Each record it names is checked by its digest and its own signature, where it is at hand.
"""

from collections.abc import Callable, Iterator

from agent.claims import settled
from agent.envelope import open_, peek
from agent.erasure import Erasure
from agent.errors import EnvelopeError, RecordError
from agent.keys import Trust
from agent.manifest import DiskDone, Manifest, is_manifest, is_proven, parse_manifest
from agent.record import Record
from agent.report import words
from agent.text import clean
from agent.verify.findings import Explanation, Finding, broken, proven, refused, unproven
from agent.verify.sealed import explain_envelope, signer

Find = Callable[[str], bytes | None]  # the signed record of this digest, when it is at hand
_METHODS = {
    "best": ("la meilleure que chaque disque permet", "the best that each disk can do"),
    "overwrite": ("réécriture", "overwrite"), "zeros": ("réécriture par des zéros", "overwrite with zeros"),
}  # fmt: skip
_APPROVALS = {
    "typed": ("numéros de série saisis un par un", "serial numbers typed one by one"),
    "counted": ("nombre de disques saisi", "number of disks typed"),
    "unattended": ("liste préparée, sans personne devant", "a prepared list, nobody present"),
}  # fmt: skip
_NOT_BEGUN = {
    "refused": ("refusé avant d'être touché", "refused before it was touched"),
    "untouched": ("jamais touché", "never touched"),
}  # fmt: skip


def explain_document(raw: bytes, trust: Trust, receipt: bytes | None, find: Find) -> Explanation:
    """A record or a manifest, whichever this is."""
    try:
        claims_manifest = is_manifest(peek(raw).payload)
    except EnvelopeError:
        claims_manifest = False
    return explain_manifest(raw, trust, find) if claims_manifest else explain_envelope(raw, trust, receipt)


def explain_manifest(raw: bytes, trust: Trust, find: Find) -> Explanation:
    """The signature, what the session says, then each disk against its own record."""
    digest = None
    try:
        digest = peek(raw).digest
        opened = open_(raw, trust.keys())
    except EnvelopeError as error:
        nothing = unproven("Rien de ce qu'il dit n'est donc prouvé.", "So nothing it says is proven.")
        return Explanation(findings=(refused(error), nothing), digest=digest)
    findings = [signer(opened, trust)]
    for key_id in opened.signers:
        try:
            trust.check_not_revoked(key_id, None)
        except EnvelopeError as error:
            findings.append(refused(error))
    try:
        manifest = parse_manifest(opened.payload)
    except RecordError as error:
        return Explanation(findings=(*findings, refused(error)), digest=opened.digest)
    is_authentic = all(finding.state != "broken" for finding in findings)
    records = {name: _checked(name, trust, find) for name in manifest.records}
    findings += [*_about(manifest), *_listed(records)]
    for disk in manifest.disks:
        findings.append(_disk(disk, records.get(disk.record or "")))
    findings.append(
        unproven(
            "Ce bordereau ne prouve aucun effacement : seule la fiche de chaque disque le peut.",
            "This manifest proves no erasure: only the record of each disk can.",
        )
    )
    return Explanation(findings=tuple(findings), digest=opened.digest, is_authentic=is_authentic)


def _checked(digest: str, trust: Trust, find: Find) -> Record | Finding | None:
    """The record of this digest; a finding when what is there is not it; None when nothing is there."""
    raw = find(digest)
    if raw is None:
        return None
    explained = explain_envelope(raw, trust)
    if explained.digest != digest:
        return broken(
            f"La fiche {digest[:16]}… n'est pas celle que le bordereau nomme.",
            f"The record {digest[:16]}… is not the one that the manifest names.",
        )
    if not explained.is_authentic or explained.record is None:
        why = next((finding for finding in explained.findings if finding.state == "broken"), None)
        return broken(
            f"Fiche {digest[:16]}… : {why.fr if why else 'illisible.'}",
            f"Record {digest[:16]}…: {why.en if why else 'unreadable.'}",
        )
    return explained.record


def _about(manifest: Manifest) -> Iterator[Finding]:
    name = clean(manifest.name or manifest.id, 80)
    good = sum(is_proven(disk) for disk in manifest.disks)
    yield unproven(
        f"La station dit : session « {name} », {manifest.began_at} à {manifest.ended_at}, {len(manifest.disks)} disques"
        f" approuvés, {good} effacés.",
        f'The station says: session "{name}", {manifest.began_at} to {manifest.ended_at}, {len(manifest.disks)} disks'
        f" approved, {good} erased.",
    )
    by = clean(manifest.operator or "?", 80)
    yield unproven(
        f"Approuvé par {by} : {_APPROVALS[manifest.approval][0]}. Méthode : {_METHODS[manifest.method][0]}.",
        f"Approved by {by}: {_APPROVALS[manifest.approval][1]}. Technique: {_METHODS[manifest.method][1]}.",
    )
    if manifest.count != len(manifest.approved):
        yield broken(
            f"Le nombre annoncé ({manifest.count}) n'est pas celui des disques ({len(manifest.approved)}).",
            f"The number told ({manifest.count}) is not that of the disks ({len(manifest.approved)}).",
        )
    for each in manifest.exceptions:
        disk = clean(each.serial or each.name, 60)
        yield unproven(
            f"À regarder, disque {disk} : {clean(each.fr, 300)}", f"To look at, disk {disk}: {clean(each.en, 300)}"
        )


def _listed(records: dict[str, Record | Finding | None]) -> Iterator[Finding]:
    """How many of the records it names are here."""
    yield from (found for found in records.values() if isinstance(found, Finding))
    here = sum(isinstance(found, Record) for found in records.values())
    if not records:
        return
    if here == len(records):
        yield proven(
            f"Les {here} fiches nommées sont là, bien signées, et ce sont bien elles.",
            f"The {here} records named are here, well signed, and they are the very ones.",
        )
    else:
        yield unproven(
            f"{here} des {len(records)} fiches nommées sont là. Donnez les autres avec --record.",
            f"{here} of the {len(records)} records named are here. Give the others with --record.",
        )


def _disk(disk: DiskDone, found: Record | Finding | None) -> Finding:
    name = " ".join(clean(part, 60) for part in (disk.model, disk.serial) if part) or clean(disk.name, 40)
    fr, en = (_state(disk, lang) for lang in ("fr", "en"))
    if disk.record is None:
        if disk.state in ("purged", "cleared"):
            return broken(f"Disque {name} : dit {fr}, sans aucune fiche.", f"Disk {name}: told {en}, without a record.")
        return unproven(f"Disque {name} : {fr}, sans fiche.", f"Disk {name}: {en}, without a record.")
    if not isinstance(found, Record):
        return unproven(
            f"Disque {name} : le bordereau dit {fr}. Sa fiche n'est pas vérifiée ici.",
            f"Disk {name}: the manifest says {en}. Its record is not checked here.",
        )
    erasure = _erasure_of(disk, found)
    if erasure is None:
        return broken(
            f"Disque {name} : la fiche nommée parle d'un autre disque.",
            f"Disk {name}: the record named is about another disk.",
        )
    said = settled(erasure)
    if said != disk.state:
        return broken(
            f"Disque {name} : le bordereau dit {fr}, sa fiche dit {words.outcome(said, 'fr')}.",
            f"Disk {name}: the manifest says {en}, its record says {words.outcome(said, 'en')}.",
        )
    return proven(
        f"Disque {name} : sa fiche est là et dit la même chose ({fr}).",
        f"Disk {name}: its record is here and says the same ({en}).",
    )


def _state(disk: DiskDone, lang: str) -> str:
    if disk.state in _NOT_BEGUN:
        return _NOT_BEGUN[disk.state][lang == "en"]
    return words.outcome(disk.state, lang)


def _erasure_of(disk: DiskDone, record: Record) -> Erasure | None:
    """The erasure of this disk in its record: by identity, else by serial number or WWN."""
    for erasure in record.erasures:
        media = erasure.media
        if disk.identity is not None or media.identity is not None:
            if disk.identity == media.identity:
                return erasure
        elif disk.serial is not None:
            if disk.serial in (media.serial, media.wwn):
                return erasure
        elif disk.name == media.name:
            return erasure
    return None
