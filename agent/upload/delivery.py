"""Delivery: the same PUT again and again until the inventory's signed receipt proves that it holds the record.

Nothing an answer says is believed but a receipt that verifies; whatever else comes back (a captive portal's page, half
an answer, silence) leaves the record waiting. The digest is the address, so a lost answer costs nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from agent.envelope import from_base64, load_json, peek, public_key
from agent.errors import EnvelopeError, InputRefused, NotDelivered, RebondError, StorageError
from agent.merkle import Checkpoint, check_receipt, open_checkpoint, verify_consistency
from agent.outbox import Outbox, Reason
from agent.record import moment
from agent.upload.answers import (
    AGAIN,
    PORTAL,
    Client,
    Later,
    ask,
    busy,
    error_said,
    not_a_receipt,
    offset_s,
    portal,
    retry_after_s,
    split_log,
)

FIRST_WAIT_S, LONGEST_WAIT_S = 2, 300
_FAILURES_IN_A_ROW = 3


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Where to deliver, and the key of the log that must sign the receipts."""

    url: str
    origin: str
    log_public_key: bytes  # raw, 32 bytes
    pin: str | None = None  # "sha256/…" of the one certificate to accept: `open_session(inventory.pin)`


class RefusedRecord(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    reason: Reason


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What one call achieved; `problem_*` says why something still waits."""

    delivered: tuple[str, ...] = ()
    refused: tuple[RefusedRecord, ...] = ()
    waiting: int = 0
    damaged: tuple[str, ...] = ()
    problem_fr: str | None = None
    problem_en: str | None = None
    clock_offset_s: int | None = None  # inventory's clock − ours, by its last answer

    def check_nothing_waits(self) -> None:
        if self.waiting:
            raise NotDelivered(
                fr=self.problem_fr or f"{self.waiting} fiche(s) attendent encore.",
                en=self.problem_en or f"{self.waiting} record(s) still wait.",
            )


class _Never(RebondError):
    """The inventory itself said that it will not take this record."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(fr=reason.fr, en=reason.en)
        self.reason = reason


def deliver(
    outbox: Outbox,
    inventory: Inventory,
    client: Client,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], object],
    random: Callable[[], float],
    attempts: int | None = 1,
) -> Delivery:
    """Send what waits; `attempts` passes over it (None: until nothing waits), pausing in between.

    `sleep` may return early (the link came up); `random` gives [0, 1).
    """
    courier = _Courier(outbox, inventory, client, now)
    attempt = 0
    while courier.run_pass() and (attempts is None or attempt + 1 < attempts):
        sleep(pause_s(attempt, courier.after_s, random))
        attempt += 1
    return courier.report()


def last_checkpoint(outbox: Outbox, inventory: Inventory) -> Checkpoint | None:
    """The largest one kept of its log that its key signed."""
    log_key = public_key(inventory.log_public_key)
    for note in outbox.checkpoints(inventory.origin):
        try:
            return open_checkpoint(note, log_key, inventory.origin)
        except EnvelopeError:
            continue  # damaged: the one before it will do
    return None


def pause_s(attempt: int, after_s: int, random: Callable[[], float]) -> float:
    """Exponential with full jitter, 2 s to 5 min, never before what the inventory asked for."""
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S << min(attempt, 16))
    return after_s + random() * ceiling


class _Courier:
    """One delivery under way."""

    def __init__(self, outbox: Outbox, inventory: Inventory, client: Client, now: Callable[[], datetime]) -> None:
        self._outbox, self._inventory, self._client, self._now = outbox, inventory, client, now
        self._log_key = public_key(inventory.log_public_key)
        self._delivered: list[str] = []
        self._refused: list[RefusedRecord] = []
        self._problem: RebondError | None = None
        self._offset_s: int | None = None
        self.after_s = 0

    def run_pass(self) -> bool:
        """Try every waiting record once; True when trying again later makes sense."""
        self._problem, self.after_s, failures = None, 0, 0
        for one in self._outbox.waiting():
            try:
                self._settle(one.digest)
                failures = 0
            except Later as error:
                self._problem, self.after_s = error, max(self.after_s, error.after_s)
                failures += 1
                if error.ends_pass or failures == _FAILURES_IN_A_ROW:
                    break
            except (StorageError, InputRefused) as error:  # the stick was pulled, or the inventory shows another log
                self._problem = error
                return False
        return self._problem is not None

    def _settle(self, digest: str) -> None:
        try:
            self._send(digest)
        except _Never as error:
            self._outbox.refuse(digest, error.reason)
            self._refused.append(RefusedRecord(digest=digest, reason=error.reason))

    def report(self) -> Delivery:
        problem = self._problem
        return Delivery(
            delivered=tuple(self._delivered),
            refused=tuple(self._refused),
            waiting=len(self._outbox.waiting()),
            damaged=self._outbox.damaged(),
            problem_fr=problem.fr if problem else None,
            problem_en=problem.en if problem else None,
            clock_offset_s=self._offset_s,
        )

    def _send(self, digest: str) -> None:
        raw = self._outbox.read(digest)
        status, headers, body = self._ask("PUT", f"/api/v1/records/{digest}", raw)
        if status in (200, 201, 409):
            try:
                receipt = check_receipt(body, digest, self._log_key, self._inventory.origin)
                if receipt.leaf.key_id not in peek(raw).key_ids:
                    raise EnvelopeError(fr="Le reçu nomme une autre clé.", en="The receipt names another key.")
            except EnvelopeError as error:
                if status != 409:
                    raise not_a_receipt(body, error) from error
            else:
                self._follow_log(receipt.checkpoint)
                self._outbox.archive(digest, body)
                self._delivered.append(digest)
                return
        self._explain(status, headers, body)

    def _explain(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Raise what this answer means for the record."""
        said = error_said(body)
        if status == PORTAL:
            raise portal()
        if status in AGAIN or status >= 500:
            fr, en = said[1:] if said else busy(status)
            # A 500 may be this one record's fault; the others deserve their try.
            ends_pass = status != 500
            raise Later(fr=fr, en=en, after_s=retry_after_s(headers, self._now()), ends_pass=ends_pass)
        if 400 <= status < 500 and said:
            code, fr, en = said
            raise _Never(Reason(code=code, fr=fr, en=en, status=status, at=moment(self._now())))
        raise portal()

    def _follow_log(self, note: str) -> None:
        """The log must contain the one seen before, whole; the larger checkpoint is kept."""
        new = open_checkpoint(note, self._log_key, self._inventory.origin)
        last = last_checkpoint(self._outbox, self._inventory)
        if last is not None:
            if new.size == last.size:
                if new.root != last.root:
                    raise split_log()
                return
            old, young = sorted((last, new), key=lambda checkpoint: checkpoint.size)
            proof = self._consistency_proof(old.size, young.size)
            try:
                verify_consistency(old.size, old.root, young.size, young.root, proof)
            except EnvelopeError as error:
                raise split_log() from error
        if last is None or new.size > last.size:
            self._outbox.keep_checkpoint(self._inventory.origin, new.size, note)

    def _consistency_proof(self, old_size: int, size: int) -> list[bytes]:
        status, headers, body = self._ask("GET", f"/api/v1/log/consistency?from={old_size}&to={size}")
        if status == 200:
            try:
                return [from_base64(hash_) for hash_ in load_json(body)["proof"]]
            except (EnvelopeError, KeyError, TypeError) as error:
                raise portal() from error
        if status == 400 and error_said(body):
            raise split_log()  # it denies a size that it has signed
        try:
            self._explain(status, headers, body)
        except _Never as error:
            raise Later(fr=error.fr, en=error.en) from error
        raise AssertionError("explain always raises")

    def _ask(self, method: str, path: str, data: bytes | None = None) -> tuple[int, Mapping[str, str], bytes]:
        answer = ask(self._client, method, self._inventory.url.rstrip("/") + path, data)
        self._offset_s = offset_s(answer[1], self._now())
        return answer
