"""The session on paper: each beginning signed and kept before the deed, each end as it comes, one manifest at last.

Everything is on stable storage when a function returns; what cannot be kept is a StorageError, and then nothing may be
erased.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent import __version__
from agent.bulk.roll import Armed
from agent.bulk.session import Asked
from agent.checks.results import CheckResult
from agent.claims import settled
from agent.durable import write_new
from agent.envelope import digest_of, seal
from agent.erasure import Erasure, Media, Reason
from agent.facts import Machine
from agent.host import Host
from agent.manifest import DiskDone, Exceptional, Manifest, build_manifest
from agent.outbox import Outbox
from agent.recheck import after_wipe
from agent.record import Kind, ProfileUsed, Record, build_payload, moment, uuid7
from agent.rules import Profile
from agent.text import clean
from agent.visit import Desk, Noted, clock_evidence
from agent.wipe.job import Job
from agent.wipe.reasons import BEFORE_THE_FIRST_BYTE

if TYPE_CHECKING:
    from agent.keys import StationKey

Now = Callable[[], datetime]
_NAME_MOST = 80


@dataclass(slots=True, kw_only=True)
class Notebook:
    """The records of one session. `machine` is the PC that the disks hang on, as inspected before."""

    machine: Machine
    profiles: Sequence[Profile]
    key: "StationKey"
    outbox: Outbox
    desk: Desk
    host: Host = field(default_factory=Host)
    now: Now = lambda: datetime.now(UTC)
    announce: Callable[[str], object] | None = None  # makes a beginning known outside before the deed, or StorageError
    records: list[str] = field(default_factory=list)  # digests, in order
    erasures: list[Erasure] = field(default_factory=list)  # ended ones

    def begun(self, job: Job, media: Media, so_far: Erasure | None = None) -> Noted:
        """Law 9: from here on a power cut reads as an erasure that began and has no end. `so_far`: of a resumed one."""
        erasure = so_far or Erasure(
            id=job.id,
            media=media,
            found=job.found,
            planned=tuple(step.technique for step in job.plan.steps),
            chosen_fr=job.plan.chosen_fr,
            chosen_en=job.plan.chosen_en,
            operator=job.operator,
            began_at=moment(self.now()),
        )
        return self._note("wipe", self.machine, erasures=(erasure,))

    def make_known(self, digest: str) -> None:
        """After `begun` and before the deed; StorageError when it must not be done."""
        if self.announce is not None:
            self.announce(digest)

    def ended(self, erasure: Erasure) -> Noted:
        """The end of one disk, and the PC judged again on its disks as they are now."""
        self.erasures.append(erasure)
        machine, verdicts = after_wipe(self.machine, self.erasures, self.profiles)
        told = tuple(msgspec.to_builtins(verdict) for verdict in verdicts)
        return self._note("wipe", machine, verdicts=told, erasures=(erasure,))

    def looked(self, results: Sequence[CheckResult]) -> Noted:
        """What reading disks showed: a check, which claims no erasure."""
        return self._note("check", self.machine, checks=tuple(results))

    def _note(
        self, kind: Kind, machine: Machine, *, verdicts: tuple[dict[str, object], ...] = (),
        erasures: tuple[Erasure, ...] = (), checks: tuple[CheckResult, ...] = (),
    ) -> Noted:  # fmt: skip
        now = self.now()
        record_id = uuid7(now, secrets.token_bytes)

        def build(seq: int, prev: str | None) -> bytes:
            record = Record(
                id=record_id,
                kind=kind,
                made_at=moment(now),
                station=self.key.station,
                operator=self.desk.operator,
                lot=self.desk.lot,
                sticker=self.desk.sticker,
                machine=machine,
                verdicts=verdicts,
                checks=checks,
                erasures=erasures,
                clock=clock_evidence(self.host, machine, now),
                seq=seq,
                prev=prev,
                agent_version=__version__,
                profiles=tuple(ProfileUsed(name=p.name, version=p.version, digest=p.digest) for p in self.profiles)
                if verdicts
                else (),
            )
            return seal(build_payload(record), self.key.private)

        queued = self.outbox.add(self.key.key_id, build)
        self.records.append(queued.digest)
        return Noted(id=record_id, digest=queued.digest, path=queued.path, seq=queued.seq or 0)


# --- what became of each disk -----------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Fate:
    """One disk of the session: how it ended, and the record that says so."""

    job: Job
    media: Media
    erasure: Erasure | None = None
    refused: Reason | None = None  # not one byte was touched, and why
    record: str | None = None
    problems: list[Reason] = field(default_factory=list)  # besides the erasure: a record that could not be kept

    @property
    def is_proven(self) -> bool:
        return self.erasure is not None and settled(self.erasure) in ("purged", "cleared") and self.record is not None

    def exceptions(self) -> tuple[Reason, ...]:
        if self.is_proven and not self.problems:
            validation = self.erasure.validation if self.erasure else None
            return validation.reasons if validation is not None and validation.decision != "approve" else ()
        if self.erasure is not None:
            return (*self.erasure.why, *self.problems) or (_NO_REASON,)
        return (self.refused or _NO_REASON, *self.problems)


_NO_REASON = Reason(
    rule="no-end",
    fr="La fin de cet effacement n'est pas connue.",
    en="The end of this erasure is not known.",
)


def done(fate: Fate) -> DiskDone:
    media, erasure = fate.media, fate.erasure
    is_refusal = fate.refused is not None and fate.refused.rule not in BEFORE_THE_FIRST_BYTE
    validation = erasure.validation if erasure else None
    return DiskDone(
        name=_label(media.name) or "?",
        serial=_label(media.serial or media.wwn),
        identity=_label(media.identity),
        model=_label(media.model),
        size_bytes=media.size_bytes,
        state=settled(erasure) if erasure else "refused" if is_refusal else "untouched",
        level=erasure.level if erasure and fate.is_proven else None,
        decision=validation.decision if validation else None,
        record=fate.record,
    )


def _label(text: str | None) -> str | None:
    return clean(text, _NAME_MOST) or None if text else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The session's manifest, safe on the station's medium."""

    manifest: Manifest
    digest: str
    path: Path


def close_session(
    notebook: Notebook, fates: Sequence[Fate], asked: Asked, armed: Armed, began: datetime, folder: Path,
    *, is_resumption: bool = False,
) -> Closed:  # fmt: skip
    """Sign and keep the manifest. StorageError when it cannot be: the records are safe in the outbox all the same."""
    now = notebook.now()
    manifest = Manifest(
        id=uuid7(began, secrets.token_bytes),
        name=asked.name,
        station=notebook.key.station,
        operator=notebook.desk.operator,
        lot=notebook.desk.lot,
        began_at=moment(began),
        ended_at=moment(now),
        approval=armed.approval,
        approved=tuple(_label(one.token) or "?" for one in armed.chosen),
        count=armed.count,
        method=asked.method,
        verify=asked.verify,
        is_resumption=is_resumption,
        disks=tuple(done(fate) for fate in fates),
        exceptions=tuple(
            Exceptional(
                name=_label(fate.media.name) or "?",
                serial=_label(fate.media.serial or fate.media.wwn),
                rule=why.rule[:80],
                fr=why.fr[:1000],
                en=why.en[:1000],
            )
            for fate in fates
            for why in fate.exceptions()
        ),
        records=tuple(notebook.records),
        agent_version=__version__,
    )
    payload = build_manifest(manifest)
    path = folder / f"{manifest.id}.json"
    write_new(path, seal(payload, notebook.key.private))
    return Closed(manifest=manifest, digest=digest_of(payload), path=path)
