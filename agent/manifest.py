"""The manifest of one wipe session as versioned bytes: what was approved, what became of each disk, what went wrong.

An in-toto Statement whose subjects are the digests of the session's records, so that whoever holds it can see whether
one of them is missing. It proves no erasure: the records do.
"""

import re
from typing import Annotated, Any, Literal, NoReturn

import msgspec
from msgspec import Meta

from agent.envelope import SIZE_MOST, canonical, digest_of, load_json
from agent.erasure import Level, Outcome
from agent.errors import EnvelopeError, RecordError
from agent.facts import Fact
from agent.record import STATEMENT_TYPE, Digest, Label, Moment, Subject, Uuid7

MANIFEST_TYPE = "https://rebond.example/session/v1"
DISKS_MOST = 4096
_SENTENCE_MOST = 1000

Text = Annotated[str, Meta(max_length=_SENTENCE_MOST)]
# "refused": the claim refused it, "untouched": stopped before its first byte; both are no outcome of an erasure.
State = Outcome | Literal["refused", "untouched"]


class DiskDone(Fact, frozen=True, kw_only=True):
    """One approved disk and what became of it."""

    name: Label  # kernel name of then
    serial: Label | None = None
    identity: Label | None = None
    model: Label | None = None
    size_bytes: int = 0
    state: State
    level: Level | None = None
    decision: Literal["approve", "reject", "escalate"] | None = None
    record: Digest | None = None  # of the record that holds the erasure; None: there is no erasure, or it was not kept


class Exceptional(Fact, frozen=True, kw_only=True):
    """One thing that a person must look at: which disk, and why."""

    name: Label
    serial: Label | None = None
    rule: Label
    fr: Text
    en: Text


class Manifest(Fact, frozen=True, kw_only=True):
    """Who approved which disks, and how the session ended."""

    id: Uuid7
    name: Label | None = None  # the operator's own word for it
    station: Label
    operator: Label | None = None
    lot: Label | None = None
    began_at: Moment
    ended_at: Moment
    approval: Literal["typed", "counted", "unattended"]  # serials typed or scanned; their number typed; a file alone
    approved: tuple[Label, ...]  # serials (or WWNs)
    count: int  # as the operator, or the session file, said it
    method: Literal["best", "overwrite", "zeros"]
    verify: Literal["full", "sampled"]
    is_resumption: bool = False
    disks: Annotated[tuple[DiskDone, ...], Meta(max_length=DISKS_MOST)]
    exceptions: tuple[Exceptional, ...] = ()
    records: tuple[Digest, ...] = ()  # all of the session's, in order: also those that announced a beginning
    agent_version: Label


class Statement(Fact, frozen=True, kw_only=True):
    type: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(name="_type")
    subject: tuple[Subject, ...]
    predicate_type: Literal["https://rebond.example/session/v1"] = msgspec.field(name="predicateType")
    predicate: Manifest


def build_manifest(manifest: Manifest) -> bytes:
    """The bytes to sign, proven readable; RecordError when they cannot be."""
    own = digest_of(f"session {manifest.id}".encode())  # a session in which nothing was begun stands for itself
    named = [(f"records[{i}]", digest) for i, digest in enumerate(manifest.records)] or [("session", own)]
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in named],
        "predicateType": MANIFEST_TYPE,
        "predicate": msgspec.to_builtins(manifest),
    }
    try:
        payload = canonical(document)
    except ValueError as error:
        _refuse("Le bordereau contient une valeur impossible à signer", "The manifest cannot be signed", error)
    parse_manifest(payload)
    return payload


def parse_manifest(payload: bytes) -> Manifest:
    """The manifest in these (already verified) bytes; RecordError for another type, version or shape.

    Also when it contradicts itself: its subjects must be its records, and each disk must stand on one of them.
    """
    if len(payload) > SIZE_MOST:
        _refuse("Le bordereau est trop gros", "The manifest is too large")
    try:
        document = load_json(payload)
    except EnvelopeError as error:
        raise RecordError(fr=error.fr, en=error.en) from error
    claimed = document.get("predicateType") if isinstance(document, dict) else None
    if isinstance(claimed, str) and claimed != MANIFEST_TYPE and claimed.startswith(MANIFEST_TYPE[:-1]):
        _refuse(
            "Ce bordereau vient d'une version plus récente de Rebond ; mettez ce programme à jour",
            "This manifest comes from a newer version of Rebond; update this program",
        )
    try:
        statement = msgspec.convert(document, Statement, strict=True)
    except msgspec.ValidationError as error:
        _refuse("Ce n'est pas un bordereau lisible", "This is not a readable manifest", error)
    _check(statement)
    return statement.predicate


def is_manifest(payload: bytes) -> bool:
    """Whether these bytes claim to be one, of whatever version: which reader to ask."""
    try:
        document: Any = load_json(payload)
    except EnvelopeError:
        return False
    claimed = document.get("predicateType") if isinstance(document, dict) else None
    return isinstance(claimed, str) and re.fullmatch(re.escape(MANIFEST_TYPE[:-1]) + r"\d+", claimed) is not None


def is_proven(disk: DiskDone) -> bool:
    """The session's word that this disk ended well and that its record was kept."""
    return disk.state in ("purged", "cleared") and disk.level is not None and disk.record is not None


def _check(statement: Statement) -> None:
    manifest = statement.predicate
    named = tuple(subject.digest.get("sha256") for subject in statement.subject)
    if manifest.records and named != manifest.records:
        _refuse("Le bordereau se contredit : ses fiches", "The manifest contradicts itself: its records")
    if any(disk.record is not None and disk.record not in manifest.records for disk in manifest.disks):
        _refuse("Le bordereau se contredit : une fiche manque", "The manifest contradicts itself: a record is missing")
    if len(manifest.approved) != len(manifest.disks):
        _refuse("Le bordereau se contredit : ses disques", "The manifest contradicts itself: its disks")


def _refuse(fr: str, en: str, cause: Exception | None = None) -> NoReturn:
    detail = f" ({str(cause)[:200]})" if cause else ""
    raise RecordError(fr=f"{fr}{detail}.", en=f"{en}{detail}.") from cause
