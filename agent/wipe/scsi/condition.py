"""What the disk is doing now, asked twice: REQUEST SENSE and TEST UNIT READY. Idle is only what both call idle.

A disk that sanitizes answers NOT READY, 04h/1Bh with a progress indication; one whose sanitize failed answers 31h/03h
until EXIT FAILURE MODE or another sanitize (SBC-4, 4.11). Neither keeps a result: an idle disk may never have begun.
"""

from dataclasses import dataclass
from typing import Literal

from agent.wipe.scsi.commands import TEST_UNIT_READY, request_sense
from agent.wipe.scsi.transport import NO_SENSE, RECOVERED_ERROR, UNIT_ATTENTION, Reply, SgScsi
from agent.wipe.scsi.words import told
from agent.wipe.sg import Sense, parse_sense

State = Literal["sanitizing", "formatting", "failed", "corrupted", "unready", "unknown", "idle"]
_ILLEGAL_REQUEST = 0x05
# Low-power states, warnings of heat and of wear: the disk is not at work on the medium.
_HARMLESS_ASC = (0x0B, 0x5D, 0x5E)
_WORST_FIRST: tuple[State, ...] = ("sanitizing", "formatting", "failed", "corrupted", "unknown", "unready", "idle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    state: State
    progress: int | None = None  # of 65536
    said: str = ""

    @property
    def is_running(self) -> bool:
        return self.state in ("sanitizing", "formatting")

    @property
    def permille(self) -> int | None:
        return None if self.progress is None else min(999, self.progress * 1000 // 0x10000)


def classify(sense: Sense | None) -> State:
    """`unknown` whatever is not in the list: an answer that we do not know never counts as idle."""
    if sense is None:
        return "unknown"
    if sense.code == (0x31, 0x03):
        return "failed"
    if sense.code in ((0x31, 0x00), (0x31, 0x01)):
        return "corrupted"
    if sense.is_deferred:
        return "unknown"
    if sense.code == (0x04, 0x1B):
        return "sanitizing"
    if sense.code == (0x04, 0x04):
        return "formatting"
    if sense.key in (NO_SENSE, RECOVERED_ERROR):
        return "idle" if sense.code == (0x00, 0x00) or sense.asc in _HARMLESS_ASC else "unknown"
    return "unready" if sense.key in (0x02, 0x07) else "unknown"


def ask_condition(transport: SgScsi) -> Condition:
    by_sense, by_ready = _by_request_sense(transport), _by_test_unit_ready(transport)
    worst = min(by_sense, by_ready, key=lambda one: _WORST_FIRST.index(one.state))
    progress = next((one.progress for one in (by_sense, by_ready) if one.is_running and one.progress is not None), None)
    return Condition(state=worst.state, progress=progress, said=worst.said)


def _by_request_sense(transport: SgScsi) -> Condition:
    reply = transport.issue(request_sense(with_descriptors=True))
    if not reply.is_ok and reply.key == _ILLEGAL_REQUEST:
        reply = transport.issue(request_sense(with_descriptors=False))
    sense = parse_sense(reply.data) if reply.is_ok else reply.sense
    if sense is not None and sense.key == UNIT_ATTENTION:
        return Condition(state="idle", said=told(sense))  # told once, and by itself no answer: TEST UNIT READY decides
    return _condition(sense, reply)


def _by_test_unit_ready(transport: SgScsi) -> Condition:
    reply = transport.issue(TEST_UNIT_READY)
    return Condition(state="idle", said="ready, no sense") if reply.is_ok else _condition(reply.sense, reply)


def _condition(sense: Sense | None, reply: Reply) -> Condition:
    if sense is None:
        return Condition(state="unknown", said=reply.said if not reply.is_ok else "no readable sense data")
    return Condition(state=classify(sense), progress=sense.progress, said=told(sense))
