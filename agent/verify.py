"""What a signed record proves, and what it does not, in plain words. Pure: bytes and trust in, sentences out."""

import msgspec

from agent.envelope import Opened, open_, peek
from agent.errors import EnvelopeError, RecordError
from agent.facts import System
from agent.keys import Trust, fingerprint_words
from agent.merkle import Receipt, check_receipt, open_checkpoint
from agent.record import Record, parse_payload
from agent.text import clean

_SIGNS = {"proven": "OK ", "broken": "NON", "unproven": " ? "}
_SIGNS_EN = {"proven": "OK ", "broken": "NO ", "unproven": " ? "}
_KINDS = {
    "triage": ("tri", "triage"), "wipe": ("effacement", "wipe"), "check": ("contrôle", "check"),
    "handover": ("remise", "handover"),
}  # fmt: skip

_OUTCOMES = {
    "refurbish": "bon pour le don", "repair": "à réparer", "review": "à vérifier", "recycle": "à recycler",
}  # fmt: skip


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence: `proven` by mathematics, `broken`, or `unproven` (somebody's word)."""

    state: str
    fr: str
    en: str

    def told(self, lang: str) -> str:
        return f"{_SIGNS_EN[self.state]} {self.en}" if lang == "en" else f"{_SIGNS[self.state]} {self.fr}"


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    findings: tuple[Finding, ...]
    digest: str | None = None
    record: Record | None = None  # only when the signature holds

    @property
    def holds(self) -> bool:
        """Everything that was there to be checked holds: the exit code's truth."""
        return not any(finding.state == "broken" for finding in self.findings)

    def lines(self, lang: str) -> tuple[str, ...]:
        return tuple(finding.told(lang) for finding in self.findings)


def explain_envelope(raw: bytes, trust: Trust, receipt: bytes | None = None) -> Explanation:
    """Check the signature, then the record, the key's standing and (if given) the inventory's receipt."""
    digest = None
    try:
        digest = peek(raw).digest
        opened = open_(raw, trust.keys())
    except EnvelopeError as error:
        nothing = _unproven("Rien de ce qu'elle dit n'est donc prouvé.", "So nothing it says is proven.")
        return Explanation(findings=(_broken(error), nothing), digest=digest)
    findings = [_signer(opened, trust)]
    record = None
    try:
        record = parse_payload(opened.payload)
        findings += [_about(record), *_erasures(record)]
    except RecordError as error:
        findings.append(_broken(error))
    place = None
    if receipt is not None:
        place, found = _receipt(receipt, opened, trust)
        findings.append(found)
    for key_id in opened.signers:
        try:
            trust.check_not_revoked(key_id, place.index if place else None)
        except EnvelopeError as error:
            findings.append(_broken(error))
    findings += _dates(record, place, receipt is None)
    findings.append(_limits())
    return Explanation(findings=tuple(findings), digest=opened.digest, record=record)


def _signer(opened: Opened, trust: Trust) -> Finding:
    entry = trust.stations[opened.key_id]
    words = " ".join(fingerprint_words(trust.keys()[opened.key_id].public_bytes_raw()))
    name = clean(entry.name, 60) or opened.key_id[:16]
    return _proven(
        f"Signée par la station « {name} » ({words}). Pas un octet n'a changé depuis.",
        f'Signed by the station "{name}" ({words}). Not one byte has changed since.',
    )


def _about(record: Record) -> Finding:
    kind_fr, kind_en = _KINDS[record.kind]
    name = machine_name(record.machine.system)
    outcome = record.verdicts[0]["outcome"] if record.verdicts else None  # one of four: parse_payload saw to it
    verdict_fr = f", verdict : {_OUTCOMES[outcome]}" if outcome else ""
    verdict_en = f", verdict: {outcome}" if outcome else ""
    return _unproven(
        f"La station dit : {kind_fr} de « {name} »{verdict_fr} (fiche {record.id}, n° {record.seq} de sa suite).",
        f'The station says: {kind_en} of "{name}"{verdict_en} (record {record.id}, no. {record.seq} of its chain).',
    )


def _erasures(record: Record) -> list[Finding]:
    return [
        _unproven(
            f"La station dit : disque {_word(erasure, 'disk')}, effacement {_word(erasure, 'outcome')}.",
            f"The station says: disk {_word(erasure, 'disk')}, erasure {_word(erasure, 'outcome')}.",
        )
        for erasure in record.erasures
    ]


def _word(erasure: dict[str, object], name: str) -> str:
    value = erasure.get(name)
    return clean(value, 80) if isinstance(value, str) else "?"


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
            return None, _broken(EnvelopeError(fr="Le reçu nomme une autre clé.", en="The receipt names another key."))
        return receipt, _proven(
            f"L'inventaire {where} l'a inscrite à la place {receipt.index} de son journal (qui en avait {size}).",
            f"The inventory {where} has it at place {receipt.index} of its log (of {size} then).",
        )
    return None, _broken(
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
        found.append(_unproven(f"L'inventaire dit l'avoir reçue le {at}.", f"The inventory says it came on {at}."))
    elif has_no_receipt:
        found.append(
            _unproven("Sans reçu : l'inventaire ne l'a peut-être pas.", "No receipt: the inventory may not have it.")
        )
    if record is not None:
        found.append(
            _unproven(
                f"La date {record.made_at} est celle de la station ; son horloge peut être fausse.",
                f"The date {record.made_at} is the station's; its clock may be wrong.",
            )
        )
    return found


def _limits() -> Finding:
    return _unproven(
        "La signature ne prouve pas que le PC devant vous est celui-là : comparez le numéro de série.",
        "The signature does not prove that the PC before you is this one: compare the serial number.",
    )


def machine_name(system: System) -> str:
    """Maker, product and serial, as far as they are known."""
    parts = [clean(part, 60) for part in (system.maker, system.product, system.serial) if part]
    return " ".join(parts) or "?"


def _proven(fr: str, en: str) -> Finding:
    return Finding(state="proven", fr=fr, en=en)


def _unproven(fr: str, en: str) -> Finding:
    return Finding(state="unproven", fr=fr, en=en)


def _broken(error: EnvelopeError | RecordError) -> Finding:
    return Finding(state="broken", fr=error.fr, en=error.en)
