"""One visit of one machine as versioned bytes: an in-toto Statement whose predicate is the Record.

The bytes are built once and signed as they are. Reading ignores fields it does not know (the bytes keep them) and
refuses another version. No personal data belongs here: codes for people, no names.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NoReturn

import msgspec
from msgspec import Meta

from agent.checks.gate import may_be_called_refurbished
from agent.checks.results import CheckResult
from agent.envelope import SIZE_MOST, canonical, digest_of, load_json
from agent.erasure import Erasure, Reason
from agent.errors import EnvelopeError, RecordError
from agent.facts import Fact, Gap, Machine
from agent.fitting import fitted
from agent.text import is_placeholder

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://rebond.example/record/v1"  # ".../v2" will be another reader, never a guess
INTEGER_MOST = 2**53 - 1
PAYLOAD_MOST = SIZE_MOST * 3 // 4 - 4096  # base64 and signatures must fit into the envelope's 2 MiB

_SUBJECTS_ROOM = 64 << 10  # for the statement around the record, and for gaps that building it may add

# The lengths also refuse the line break that Python's "$" would let pass.
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
Moment = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", max_length=20)]
Uuid7 = Annotated[
    str, Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", max_length=36)
]
Label = Annotated[str, Meta(max_length=80)]
Kind = Literal["triage", "wipe", "check", "handover"]

OUTCOMES = ("refurbish", "review", "repair", "recycle")
CLASSES = ("refurbishable", "recycling")


class ClockEvidence(Fact, frozen=True, kw_only=True):
    """What the station knew of the time when it signed; the RTC and what was believed are in `machine.clock`."""

    wall: Moment | None = None  # the system clock, right or wrong
    monotonic_ms: int | None = None  # since boot: orders records of one boot when the clock is wrong
    boot_id: Label | None = None  # random, of this boot
    is_synced: bool | None = None
    not_before: Moment | None = None  # the later of the build date and the last checkpoint: no earlier is possible


class ProfileUsed(Fact, frozen=True, kw_only=True):
    name: Label
    version: int | str | None = None
    digest: Digest


class Attachment(Fact, frozen=True, kw_only=True):
    """Raw evidence kept beside the record, named by its digest."""

    name: Label
    sha256: Digest
    size_bytes: int


class Record(Fact, frozen=True, kw_only=True):
    """Who looked at which machine, when, and what was found and done."""

    id: Uuid7
    kind: Kind
    made_at: Moment  # the station's word, the inventory's own is in its receipt
    station: Label  # station id: the id of its first key
    operator: Label | None = None  # a code, never a name
    lot: Label | None = None
    sticker: Label | None = None
    machine: Machine
    verdicts: tuple[dict[str, Any], ...] = ()  # as `rebond judge --json` tells them, the asked profile first
    checks: tuple[CheckResult, ...] = ()  # each of the registry's, in its order; () where none was begun
    erasures: tuple[Erasure, ...] = ()
    clock: ClockEvidence = ClockEvidence()
    seq: Annotated[int, Meta(ge=1)] = 1  # place in the chain of records of the signing key
    prev: Digest | None = None  # digest of the record before, None for the first
    agent_version: Label
    profiles: tuple[ProfileUsed, ...] = ()
    evidence: tuple[Attachment, ...] = ()


def may_say_refurbished(record: Record) -> tuple[bool, tuple[Reason, ...]]:
    """Whether this record carries the word *reconditionné*, and what is missing: worked out anew, never read."""
    outcome = record.verdicts[0].get("outcome") if record.verdicts else "none"
    return may_be_called_refurbished(record.machine, record.checks, erasures=record.erasures, outcome=outcome)


class Subject(Fact, frozen=True, kw_only=True):
    name: str
    digest: dict[str, str]


class Statement(Fact, frozen=True, kw_only=True):
    """https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md"""

    type: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(name="_type")
    subject: tuple[Subject, ...]
    predicate_type: Literal["https://rebond.example/record/v1"] = msgspec.field(name="predicateType")
    predicate: Record


# --- writing ----------------------------------------------------------------------------------------------------------


def build_payload(record: Record) -> bytes:
    """The bytes to sign: canonical, and proven readable by `parse_payload`; RecordError when they cannot be.

    Only the lists of evidence of erasures are shortened, when else they would not fit (`agent.fitting`).
    """
    predicate = msgspec.to_builtins(record)
    if record.erasures:
        predicate["erasures"] = []
        room_bytes = PAYLOAD_MOST - len(json.dumps(predicate)) - _SUBJECTS_ROOM
        predicate["erasures"] = msgspec.to_builtins(fitted(record.erasures, room_bytes))
    gaps: list[Gap] = []
    machine = _tame(predicate.pop("machine"), "", gaps)
    predicate = _tame(predicate, "", gaps) | {"machine": machine}
    predicate["machine"]["gaps"] += msgspec.to_builtins(tuple(gaps))
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": msgspec.to_builtins(subjects(record)),
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    try:
        payload = canonical(statement)
    except ValueError as error:
        _refuse(
            "La fiche contient une valeur impossible à signer", "The record holds a value that cannot be signed", error
        )
    if len(payload) > PAYLOAD_MOST:
        _refuse("La fiche est trop grosse", "The record is too large", ValueError(f"{len(payload)} > {PAYLOAD_MOST}"))
    parse_payload(payload)
    return payload


def _tame(value: Any, path: str, gaps: list[Gap]) -> Any:
    """Facts that JSON readers would garble become gaps: a visit must not end because one counter is absurd."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) > INTEGER_MOST:
        gaps.append(Gap(path=path, source="record", why="malformed", detail=f"beyond 2^53: {str(value)[:40]}"))
        return None
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_tame(inner, f"{path}[{i}]", gaps) for i, inner in enumerate(value)]
    if isinstance(value, dict):
        return {key: _tame(inner, f"{path}.{key}" if path else key, gaps) for key, inner in value.items()}
    return value


def subjects(record: Record) -> tuple[Subject, ...]:
    """What the record is about: the machine, then each disk, in it or erased beside it, that has an identity."""
    identity = machine_identity(record.machine)
    # Machines nobody can identify must not all become one machine: such a record stands for itself.
    own = digest_of(f"record {record.id}".encode())
    found = [Subject(name="machine" if identity else "unidentified machine", digest={"sha256": identity or own})]
    named = [(f"disks[{i}]", disk.identity) for i, disk in enumerate(record.machine.disks or ())]
    seen: set[str] = {disk for _, disk in named if disk is not None}
    for i, erasure in enumerate(record.erasures):
        if erasure.media.identity is not None and erasure.media.identity not in seen:
            seen.add(erasure.media.identity)
            named.append((f"erasures[{i}]", erasure.media.identity))
    found += [
        Subject(name=name, digest={"sha256": digest})
        for name, digest in named
        if digest is not None and re.fullmatch("[0-9a-f]{64}", digest)
    ]
    return tuple(found)


# UUIDs that makers put into thousands of boards (linuxhw/DMI counts); constant bytes are found by rule.
_SHARED_UUIDS = frozenset(
    """
    03000200-0400-0500-0006-000700080009 00020003-0004-0005-0006-000700080009 12345678-1234-5678-90ab-cddeefaabbcc
    00010203-0405-0607-0809-0a0b0c0d0e0f 03020100-0504-0706-0809-0a0b0c0d0e0f 01020304-0506-0708-090a-0b0c0d0e0f10
    """.split()
)


def machine_identity(machine: Machine) -> str | None:
    """SHA-256 over UUID, serial and board serial, those that mean something; None when nothing identifies the PC.

    Never of an empty set, never of placeholders: else every board of a careless maker would be one machine. MACs are
    left out: they are hashed with a key of the station, and network cards move.
    """
    system = machine.system
    uuid = (system.uuid or "").strip().lower()
    if uuid in _SHARED_UUIDS or len(set(uuid.replace("-", ""))) <= 2:
        uuid = ""
    named = {"uuid": uuid, "serial": _telling(system.serial), "board_serial": _telling(system.board_serial)}
    named = {name: value for name, value in named.items() if value}
    if not named:
        return None
    if "uuid" not in named:  # serials are unique within one maker only
        named["maker"] = _plain(system.maker or system.board_maker or "").casefold()
    return digest_of(canonical(named))


def _telling(serial: str | None) -> str:
    bare = (serial or "").strip().upper()
    return "" if len(bare) < 4 or is_placeholder(bare) else _plain(bare)


def _plain(text: str) -> str:
    """Text that every JSON reader and database takes: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def uuid7(now: datetime, random: Callable[[int], bytes]) -> str:
    """RFC 9562 §5.7: milliseconds since 1970, then 74 random bits; a clock before 1970 counts as 1970."""
    milliseconds = max(0, int(now.timestamp() * 1000)) & (2**48 - 1)
    noise = int.from_bytes(random(10), "big")
    number = milliseconds << 80 | 0x7 << 76 | (noise & 0xFFF) << 64 | 0b10 << 62 | noise >> 12 & (2**62 - 1)
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def moment(time: datetime) -> str:
    """A time as records tell it: UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- reading ----------------------------------------------------------------------------------------------------------


def parse_payload(payload: bytes) -> Record:
    """The record in these (already verified) bytes; RecordError for another version, type or shape."""
    if len(payload) > SIZE_MOST:
        _refuse("La fiche est trop grosse", "The record is too large")
    try:
        document = load_json(payload)
    except EnvelopeError as error:
        raise RecordError(fr=error.fr, en=error.en) from error
    claimed = document.get("predicateType") if isinstance(document, dict) else None
    if isinstance(claimed, str) and claimed != PREDICATE_TYPE and claimed.startswith(PREDICATE_TYPE[:-1]):
        _refuse(
            "Cette fiche vient d'une version plus récente de Rebond ; mettez ce programme à jour",
            "This record comes from a newer version of Rebond; update this program",
        )
    try:
        record = msgspec.convert(document, Statement, strict=True).predicate
    except msgspec.ValidationError as error:
        _refuse("Ce n'est pas une fiche lisible", "This is not a readable record", error)
    for i, verdict in enumerate(record.verdicts):
        known = verdict.get("outcome") in OUTCOMES and verdict.get("class") in CLASSES
        if not known or not isinstance(verdict.get("profile"), str):
            _refuse("Le verdict de la fiche est illisible", f"Verdict {i + 1} of the record is unreadable")
    return record


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the payload, as shipped in schema/record-v1.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{PREDICATE_TYPE}/schema.json",
        **msgspec.json.schema(Statement),
    }


def schema_text() -> str:
    return json.dumps(schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _refuse(fr: str, en: str, cause: Exception | None = None) -> NoReturn:
    detail = f" ({str(cause)[:200]})" if cause else ""
    raise RecordError(fr=f"{fr}{detail}.", en=f"{en}{detail}.") from cause
