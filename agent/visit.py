"""One visit of one PC: judged, written as a record, signed, queued, delivered. Decides nothing the rules did not.

The record is on stable storage before anything is sent; being killed before that loses a few seconds of looking,
after that nothing.
"""

import fcntl
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from agent import __version__
from agent.checks.gate import complete
from agent.checks.journal import RESUMED_WITHIN, CheckJournal
from agent.checks.results import CheckResult
from agent.durable import write_new
from agent.envelope import seal
from agent.erasure import Erasure
from agent.errors import RebondError, StorageError
from agent.facts import Machine
from agent.home import Home
from agent.host import Host
from agent.lost import Journalled, with_lost_disks
from agent.outbox import Outbox, Queued
from agent.recheck import with_erasures
from agent.record import ClockEvidence, ProfileUsed, Record, build_payload, machine_identity, moment, uuid7
from agent.verdict import Verdict

if TYPE_CHECKING:
    from agent.keys import StationKey
    from agent.probes.inspect import Circumstances
    from agent.upload import Client, Delivery, Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who is at work, and on what: codes only, no names."""

    operator: str | None = None
    lot: str | None = None
    sticker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """The record of a visit, safe in the outbox."""

    id: str
    digest: str
    path: Path
    seq: int


def note_visit(
    machine: Machine,
    verdicts: Sequence[Verdict],
    profiles: Sequence[ProfileUsed],
    *,
    key: "StationKey",
    outbox: Outbox,
    desk: Desk,
    now: datetime,
    clock: ClockEvidence,
    checks: Sequence[CheckResult] = (),
    kind: Literal["triage", "check"] = "triage",
) -> Noted:
    """Write, sign and queue the record. RecordError or StorageError when it cannot be kept: then nothing was.

    `checks`: what was taken in this visit, in order; the record holds the state of every check once one was begun.
    """
    standing = complete(machine, checks) if checks else ()
    record_id = uuid7(now, secrets.token_bytes)

    def build(seq: int, prev: str | None) -> bytes:
        record = Record(
            id=record_id,
            kind=kind,
            made_at=moment(now),
            station=key.station,
            operator=desk.operator,
            lot=desk.lot,
            sticker=desk.sticker,
            machine=machine,
            verdicts=tuple(msgspec.to_builtins(verdict) for verdict in verdicts),
            checks=standing,
            clock=clock,
            seq=seq,
            prev=prev,
            agent_version=__version__,
            profiles=tuple(profiles),
        )
        return seal(build_payload(record), key.private)

    queued: Queued = outbox.add(key.key_id, build)
    return Noted(id=record_id, digest=queued.digest, path=queued.path, seq=queued.seq or 0)


def checks_key(machine: Machine) -> str | None:
    """What this PC's checks are kept under: with another memory module, battery or panel they begin anew."""
    identity = machine_identity(machine)
    if identity is None:
        return None
    parts = {
        "pc": identity,
        "memory": [
            str(machine.memory.fitted_bytes),
            *(_named(m.slot, m.part, m.serial) for m in machine.memory.modules),
        ],
        "batteries": [_named(one.maker, one.model, one.serial) for one in machine.batteries or ()],
        "panels": [_named(one.maker, one.model, one.serial) for one in machine.displays or () if one.is_internal],
    }
    return sha256(msgspec.json.encode(parts)).hexdigest()


def _named(*told: str | None) -> list[str]:
    return [one or "" for one in told]


def open_checks(folder: Path, machine: Machine, host: Host, now: datetime) -> CheckJournal:
    """The results of this visit of this machine so far; one that nothing identifies is known by this boot alone."""
    boot_id = host.text("/proc/sys/kernel/random/boot_id") or ""
    known_by = checks_key(machine) or f"boot-{boot_id or secrets.token_hex(8)}"
    return CheckJournal.open(folder, known_by, now, boot_id)


def of_this_visit(home: Home, machine: Machine, host: Host, now: datetime) -> tuple[Machine, tuple[CheckResult, ...]]:
    """The machine as just looked at, with how its disks were erased and its functions checked in the last days.

    And with the disks that were to be erased in it once and that it does not show any more (`agent.lost`).
    """
    journalled = erasures_in(home.wipes)
    machine = with_erasures(machine, ended_erasures(journalled, now))
    try:
        journal = open_checks(home.checks, machine, host, now)
        results = journal.results
    except StorageError:
        return with_lost_disks(machine, journalled, (), now)[0], ()
    machine, refuted = with_lost_disks(machine, journalled, results, now)
    if refuted is None:
        return machine, results
    with suppress(StorageError):
        journal.add(refuted)
    return machine, (*results, refuted)


def erasures_in(folder: Path) -> tuple[Journalled, ...]:
    """All that this station has begun, in that order, whatever the clock said.

    A damaged journal proves nothing but, at best, that it was begun.
    """
    from agent.wipe.conclude import conclude
    from agent.wipe.journals import begun_in, journals_in

    found = [
        Journalled(job=state.job, erasure=conclude(state), is_at_work=_is_at_work(path))
        for path in journals_in(folder)
        if (state := begun_in(path)) is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.job.order, one.erasure.began_at or "")))


def ended_erasures(journalled: Sequence[Journalled], now: datetime) -> tuple[Erasure, ...]:
    """Of the last days, without those at work."""
    found = []
    for one in journalled:
        told = one.erasure.ended_at or one.erasure.began_at
        if told is None or one.is_at_work:
            continue
        times = (datetime.fromisoformat(told), datetime.fromtimestamp(one.job.order, UTC))
        if any(abs(now - time) <= RESUMED_WITHIN for time in times):
            found.append(one.erasure)
    return tuple(found)


def copy_kept(before: Home, after: Home) -> None:
    """What a station without a stick has kept in memory, onto the stick: what waits, and the journals of its wipes.

    Not those of checks, which the stick may have of this very PC: their results are added to them, one by one.
    StorageError at the first that does not fit; doing it again goes on from there.
    """
    outbox = Outbox(before.outbox)
    for one in outbox.waiting():
        Outbox(after.outbox).queue(outbox.read(one.digest))
    for folder in (before.wipes, before.sessions):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                write_new(after.root / path.relative_to(before.root), path.read_bytes())


def is_wiping(folder: Path) -> bool:
    """Disks are being erased by this station now."""
    return any(_is_at_work(path) for path in (folder.glob("*.journal") if folder.is_dir() else ()))


def _is_at_work(path: Path) -> bool:
    """A worker holds its journal's lock as long as it erases: neither ended nor interrupted."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def circumstances(home: Home, key: "StationKey | None", now: datetime, *, is_live: bool) -> "Circumstances":
    """What this station knows as it looks at this PC, or at a capture, which may be older than what it knows of time.

    Looking needs neither key nor inventory.
    """
    from agent.probes.inspect import Circumstances
    from agent.upload import last_checkpoint

    checkpoint = None
    try:
        inventory = home.connection() if is_live else None
        checkpoint = last_checkpoint(Outbox(home.outbox), inventory) if inventory else None
    except RebondError:
        pass  # told when the inventory is to be reached
    mac_key = home.mac_key(key) if key else None
    return Circumstances(now=now, mac_key=mac_key, checkpoint=checkpoint.time if checkpoint else None)


def clock_evidence(host: Host, machine: Machine, now: datetime) -> ClockEvidence:
    """What the station (`host`, never a capture) knew of the time as it signed: evidence, not truth."""
    known = [text for text in (machine.clock.built, machine.clock.checkpoint) if text]
    return ClockEvidence(
        wall=moment(now),
        monotonic_ms=time.monotonic_ns() // 1_000_000,
        boot_id=host.text("/proc/sys/kernel/random/boot_id"),
        not_before=max(known, default=None),
    )


def hand_over(outbox: Outbox, inventory: "Inventory", client: "Client", attempts: int = 1) -> "Delivery":
    """Deliver everything that waits, this visit's record and older ones."""
    from random import random

    from agent.upload import deliver

    return deliver(
        outbox, inventory, client, now=lambda: datetime.now(UTC), sleep=time.sleep, random=random, attempts=attempts
    )


_NO_INVENTORY = ("Branchez la clé de la station, ou inscrivez ce poste.", "Plug in the stick, or enrol this station.")


def make_known(home: Home, host: Host, digest: str) -> tuple[str, ...]:
    """Before a disk is touched: the record that says so must outlive this PC's power. StorageError if it does not.

    On a stick or a disk it does. Where all is in memory (`Home.lives_in_memory`) the inventory must have it first; what
    was delivered is returned.
    """
    if not home.lives_in_memory(host):
        return ()
    from agent.upload import open_session

    fr, en = _NO_INVENTORY
    try:
        inventory = home.connection()
        if inventory is not None:
            done = hand_over(Outbox(home.outbox), inventory, open_session(inventory.pin))
            if digest in done.delivered:
                return tuple(done.delivered)
            fr, en = done.problem_fr or fr, done.problem_en or en
    except RebondError as error:
        fr, en = error.fr, error.en
    raise StorageError(
        fr=f"Sans clé, l'inventaire doit connaître l'effacement avant qu'il commence. {fr}",
        en=f"Without a stick the inventory must know of the wipe before it begins. {en}",
    )
