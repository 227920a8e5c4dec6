"""SANITIZE DEVICE (ACS-4): BLOCK ERASE EXT, CRYPTO SCRAMBLE EXT, OVERWRITE EXT, and SANITIZE STATUS EXT to follow them.

The operation runs in the disk, alone, and goes on after a power cut. An idle disk looks like a successful one: only the
bit SANITIZE OPERATION COMPLETED WITHOUT ERROR is success, and only when it is not left from an earlier operation.
"""

from dataclasses import dataclass
from typing import Literal

from agent.erasure import Technique
from agent.wipe.ata.asking import ask_identity
from agent.wipe.ata.commands import (
    SANITIZE_BLOCK,
    SANITIZE_CLEAR,
    SANITIZE_CRYPTO,
    SANITIZE_OVERWRITE,
    SANITIZE_STATUS,
    Command,
)  # fmt: skip
from agent.wipe.ata.identify import NotIdentified
from agent.wipe.ata.transport import Reply, SgAta
from agent.wipe.device import EraseFailed, Note, Noted, Refused, Standing

COMMANDS: dict[Technique, Command] = {
    "ata-sanitize-block": SANITIZE_BLOCK,
    "ata-sanitize-crypto": SANITIZE_CRYPTO,
    "ata-sanitize-overwrite": SANITIZE_OVERWRITE,
}
# COUNT 15 to 12 of the normal output
_COMPLETED, _RUNNING, _FROZEN, _ANTIFREEZE = 0x8000, 0x4000, 0x2000, 0x1000
_ASK_AGAIN = 2  # times, when a status got lost or was refused
# LBA 7:0 of the error output (ACS-4, "Sanitize Device Error Reason"): the last operation failed · frozen
_FAILED_REASON, _FROZEN_REASON = 0x01, 0x03
_REASONS = {
    0x00: "reason not reported",
    0x01: "the last sanitize operation failed",
    0x02: "feature not supported",
    0x03: "sanitize frozen",
    0x04: "anti-freeze lock set",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitizeStatus:
    """`refused`: the disk itself aborts the question, for another reason than a failure. `unknown`: no readable answer.

    `completed` outlives the operation, even power cycles, and a freeze lock set after it.
    """

    state: Literal["running", "completed", "idle", "failed", "refused", "unknown"]
    permille: int | None = None
    is_frozen: bool = False  # no sanitize begins before the next power cycle
    said: str = ""

    @property
    def is_closed(self) -> bool:
        """The last operation failed, as told or as a disk tells that does not report its reason: nothing gets in."""
        return self.state in ("failed", "refused") and not self.is_frozen


def read_status(reply: Reply) -> SanitizeStatus:
    """From the registers of SANITIZE STATUS EXT (or of any accepted SANITIZE command: their outputs are the same)."""
    registers = reply.registers
    if registers is None:
        return SanitizeStatus(state="unknown", said=reply.said)
    if registers.is_aborted:
        reason = registers.lba_low if registers.lba is None else registers.lba & 0xFF
        if reason is None:
            return SanitizeStatus(state="unknown", said=f"{reply.said}, reason lost on the way")
        said = _REASONS.get(reason, f"unknown reason {reason:02x}h")
        if reason == _FAILED_REASON:
            return SanitizeStatus(state="failed", said=said)
        return SanitizeStatus(state="refused", is_frozen=reason == _FROZEN_REASON, said=f"aborted: {said}")
    if not reply.is_ok or registers.count is None or registers.lba is None:
        return SanitizeStatus(
            state="unknown", said=reply.said if not reply.is_ok else "upper registers lost on the way"
        )
    return _read_bits(registers.count, registers.lba)


def _read_bits(count: int, lba: int) -> SanitizeStatus:
    """The normal output. A disk that says both "running" and "completed" is not at its end yet."""
    if count & _RUNNING:
        done = lba & 0xFFFF
        permille = min(999, done * 1000 // 0x10000)
        return SanitizeStatus(state="running", permille=permille, said=f"{done:04x}h of 10000h done")
    locks = "; frozen until the next power cycle" if count & _FROZEN else ""
    locks += "; anti-freeze lock set" if count & _ANTIFREEZE else ""
    is_frozen = bool(count & _FROZEN)
    if count & _COMPLETED:
        said = f"sanitize operation completed without error{locks}"
        return SanitizeStatus(state="completed", is_frozen=is_frozen, said=said)
    return SanitizeStatus(state="idle", is_frozen=is_frozen, said=f"idle, no result{locks}")


def ask_status(transport: SgAta) -> SanitizeStatus:
    return read_status(transport.issue(SANITIZE_STATUS))


class SanitizeEraser:
    """One SANITIZE operation. With FAILURE MODE set, so that a failed one can be left again; failed it stays."""

    def __init__(self, transport: SgAta, technique: Technique) -> None:
        self.technique: Technique = technique
        self._transport = transport
        self._is_ours = False  # the disk took our command: what the status says is about it
        self._had_result = False  # an earlier operation had left the completed bit set
        self._seen_at: int | None = None  # permille when last seen running
        self._failed = ""

    def begin(self, note: Note) -> None:
        # 1 the disk offers it, and nothing is running or in the way
        try:
            identity = ask_identity(self._transport)[0]
        except NotIdentified as error:
            raise Refused(str(error)) from error
        offer = identity.sanitize
        offers = dict(zip(COMMANDS, (offer.has_block, offer.has_crypto, offer.has_overwrite), strict=True))
        if not offers[self.technique]:
            raise Refused(f"the disk does not offer {COMMANDS[self.technique].name}")
        before = ask_status(self._transport)
        if before.state in ("running", "refused", "unknown") or before.is_frozen:
            raise Refused(f"before the command: {before.said}")
        # 2 what a later look must not take for our success
        self._had_result = before.state == "completed"
        note("sanitize", {"technique": self.technique, "before": before.state})
        # 3 the command
        reply = self._transport.issue(COMMANDS[self.technique])
        if not reply.is_ok:
            self._judge_unclear(reply, before)
        self._is_ours = True
        note("accepted", {"technique": self.technique})

    def _judge_unclear(self, reply: Reply, before: SanitizeStatus) -> None:
        """The command did not clearly succeed: returns only when the disk shows by itself that it took it."""
        name, now = COMMANDS[self.technique].name, ask_status(self._transport)
        if now.state == "running" or (now.state == "completed" and before.state != "completed"):
            return
        said = f"{name}: {reply.said}; then {now.said}"
        if now.state == "failed" and before.state != "failed":
            raise EraseFailed(f"{said}; clearing the failed state: {self._transport.issue(SANITIZE_CLEAR).said}")
        if reply.is_aborted or (now.state == "idle" and before.state == "idle"):
            raise Refused(said)
        raise EraseFailed(f"{said}: not known to have begun")

    def resume(self, noted: tuple[Noted, ...], note: Note) -> None:
        """Look only: the disk went on alone, or it never began."""
        steps = {one.step: one.details for one in noted if one.details.get("technique") == self.technique}
        before = steps.get("sanitize", {}).get("before")
        self._had_result = before == "completed"
        now = ask_status(self._transport)
        if "accepted" in steps:
            self._is_ours = True
        elif "sanitize" not in steps:
            raise Refused(f"the command was not yet sent; the disk says: {now.said}")
        elif now.state == "running" or (now.state in ("completed", "failed") and now.state != before):
            self._is_ours = True
            note("accepted", {"technique": self.technique})
        elif now.state in ("unknown", "refused"):
            raise EraseFailed(f"the disk does not say what became of the command: {now.said}")
        else:
            raise Refused(f"nothing shows that the command was taken; the disk says: {now.said}")

    def poll(self) -> Standing:
        if self._failed:
            return Standing(state="failed", said=self._failed)
        now = ask_status(self._transport)
        for _ in range(_ASK_AGAIN):
            if now.state not in ("unknown", "refused"):
                break
            now = ask_status(self._transport)
        if now.state == "running":
            self._seen_at = now.permille
            return Standing(state="running", permille=now.permille, said=now.said)
        if now.state == "unknown":
            # Seen running, then silent: no progress, so that the stall rule ends it. Never seen: nothing to wait for.
            state: Literal["running", "failed"] = "failed" if self._seen_at is None else "running"
            return Standing(state=state, permille=self._seen_at, said=f"no readable status: {now.said}")
        if now.state in ("failed", "refused"):
            # A disk aborts the question when the operation failed; older ones do not report that reason (00h).
            self._failed = now.said
            # FAILURE MODE lets the disk leave the failed state, so that it can still be overwritten.
            cleared = self._transport.issue(SANITIZE_CLEAR)
            return Standing(state="failed", said=f"{now.said}; clearing the failed state: {cleared.said}")
        if now.state == "completed" and self._is_ours:
            was = "; the bit was set before it too" if self._had_result and self._seen_at is None else ""
            return Standing(state="done", permille=1000, said=now.said + was)
        return Standing(state="idle", said=now.said)

    def settle(self, note: Note) -> None:
        """SANITIZE sets no password and leaves no lock."""
