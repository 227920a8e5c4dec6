"""What one signed record proves: its signature, its receipt, its key's standing, and what it says."""

from agent.envelope import Opened, open_, peek
from agent.errors import EnvelopeError, RecordError
from agent.keys import Trust, fingerprint_words
from agent.merkle import Receipt, check_receipt, open_checkpoint
from agent.oneline import named
from agent.record import Record, parse_payload
from agent.text import clean
from agent.verify.checks import about_checks, about_readings
from agent.verify.erasures import about_erasures
from agent.verify.findings import Explanation, Finding, proven, refused, unproven

_KINDS = {
    "triage": ("tri", "triage"), "wipe": ("effacement", "wipe"), "check": ("contrôle", "check"),
    "handover": ("remise", "handover"),
}  # fmt: skip

_OUTCOMES = {
    "refurbish": "bon pour le don", "repair": "à réparer", "review": "à vérifier", "recycle": "à recycler",
}  # fmt: skip


def explain_envelope(raw: bytes, trust: Trust, receipt: bytes | None = None) -> Explanation:
    """Check the signature, then the record, the key's standing and (if given) the inventory's receipt."""
    digest = None
    try:
        digest = peek(raw).digest
        opened = open_(raw, trust.keys())
    except EnvelopeError as error:
        nothing = unproven("Rien de ce qu'elle dit n'est donc prouvé.", "So nothing it says is proven.")
        return Explanation(findings=(refused(error), nothing), digest=digest)
    findings = [signer(opened, trust)]
    record, said = None, []
    try:
        record = parse_payload(opened.payload)
        findings.append(_about(record))
        said = [*about_erasures(record.erasures), *about_readings(record), *about_checks(record)]
    except RecordError as error:
        findings.append(refused(error))
    place = None
    if receipt is not None:
        place, found = _receipt(receipt, opened, trust)
        findings.append(found)
    for key_id in opened.signers:
        try:
            trust.check_not_revoked(key_id, place.index if place else None)
        except EnvelopeError as error:
            findings.append(refused(error))
    is_authentic = record is not None and all(finding.state != "broken" for finding in findings)
    findings += [*said, *_dates(record, place, receipt is None), _limits()]
    return Explanation(findings=tuple(findings), digest=opened.digest, record=record, is_authentic=is_authentic)


def signer(opened: Opened, trust: Trust) -> Finding:
    entry = trust.stations[opened.key_id]
    words = " ".join(fingerprint_words(trust.keys()[opened.key_id].public_bytes_raw()))
    name = clean(entry.name, 60) or opened.key_id[:16]
    return proven(
        f"Signée par la station « {name} » ({words}). Pas un octet n'a changé depuis.",
        f'Signed by the station "{name}" ({words}). Not one byte has changed since.',
    )


def _about(record: Record) -> Finding:
    kind_fr, kind_en = _KINDS[record.kind]
    name = named(record.machine) or "?"
    outcome = record.verdicts[0]["outcome"] if record.verdicts else None  # one of four: parse_payload saw to it
    verdict_fr = f", verdict : {_OUTCOMES[outcome]}" if outcome else ""
    verdict_en = f", verdict: {outcome}" if outcome else ""
    return unproven(
        f"La station dit : {kind_fr} de « {name} »{verdict_fr} (fiche {record.id}, n° {record.seq} de sa suite).",
        f'The station says: {kind_en} of "{name}"{verdict_en} (record {record.id}, no. {record.seq} of its chain).',
    )


def _receipt(raw: bytes, opened: Opened, trust: Trust) -> tuple[Receipt | None, Finding]:
    found: EnvelopeError | None = None
    for origin in trust.logs:
        key = trust.log_key(origin)
        assert key is not None
        try:
            receipt = check_receipt(raw, opened.digest, key, origin)
            size = open_checkpoint(receipt.checkpoint, key, origin).size
        except EnvelopeError as error:
            found = error
            continue
        where = clean(origin, 80)
        if receipt.leaf.key_id not in opened.signers:
            return None, refused(EnvelopeError(fr="Le reçu nomme une autre clé.", en="The receipt names another key."))
        return receipt, proven(
            f"L'inventaire {where} l'a inscrite à la place {receipt.index} de son journal (qui en avait {size}).",
            f"The inventory {where} has it at place {receipt.index} of its log (of {size} then).",
        )
    return None, refused(
        found
        or EnvelopeError(
            fr="Un reçu est joint, mais la clé de cet inventaire n'est pas connue ici.",
            en="There is a receipt, but this inventory's key is not known here.",
        )
    )


def _dates(record: Record | None, place: Receipt | None, has_no_receipt: bool) -> list[Finding]:
    found = []
    if place is not None:
        at = clean(place.leaf.received_at, 40)
        found.append(unproven(f"L'inventaire dit l'avoir reçue le {at}.", f"The inventory says it came on {at}."))
    elif has_no_receipt:
        found.append(
            unproven("Sans reçu : l'inventaire ne l'a peut-être pas.", "No receipt: the inventory may not have it.")
        )
    if record is not None:
        found.append(
            unproven(
                f"La date {record.made_at} est celle de la station ; son horloge peut être fausse.",
                f"The date {record.made_at} is the station's; its clock may be wrong.",
            )
        )
    return found


def _limits() -> Finding:
    return unproven(
        "La signature ne prouve pas que le PC devant vous est celui-là : comparez le numéro de série.",
        "The signature does not prove that the PC before you is this one: compare the serial number.",
    )
