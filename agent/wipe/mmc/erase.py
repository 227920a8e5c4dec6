"""SANITIZE and secure erase as `Eraser`s: the user area in pieces, so that progress shows and no call lasts for hours.

An eMMC forgets an erase that a power cut ends, and keeps no result of one. Both can be done again without harm, so a
resumed one begins anew, once the chip says that it is at rest. What a cut secure erase had already unmapped is beyond
the reach of a second one: it proves Clear at most.
"""

from dataclasses import dataclass

from agent.erasure import Technique
from agent.wipe.device import EraseFailed, Note, Noted, Refused, Standing
from agent.wipe.mmc.abilities import SANITIZE as TECHNIQUE_SANITIZE
from agent.wipe.mmc.ext_csd import ExtCsd, read_ext_csd
from agent.wipe.mmc.requests import READ_EXT_CSD, SANITIZE, erase, send_status
from agent.wipe.mmc.transport import NOT_BEGUN, PROGRAMMING, TRANSFER, MmcIoctl, Reply

_SENT, _TAKEN = "mmc-erase", "mmc-erase-taken"
_PIECES = 16
_UNIT = 4 << 20  # a piece is a multiple of this and of an erase group
_SHORTEST_MS, _LONGEST_MS = 60_000, 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    start_bytes: int
    length_bytes: int


def pieces_of(csd: ExtCsd) -> tuple[Piece, ...]:
    """The whole user area, without gaps. No piece begins inside an erase group: a chip would erase it twice."""
    unit = csd.group_bytes or _UNIT
    unit *= -(-_UNIT // unit)
    step = -(-csd.size_bytes // (_PIECES * unit)) * unit
    starts = range(0, csd.size_bytes, step)
    return tuple(Piece(start_bytes=at, length_bytes=min(step, csd.size_bytes - at)) for at in starts)


class MmcEraser:
    """`size_bytes` is what the kernel shows: the chip must tell the same, or its addresses are not understood."""

    def __init__(self, transport: MmcIoctl, technique: Technique, *, rca: int, size_bytes: int) -> None:
        self.technique: Technique = technique
        self._transport = transport
        self._rca = rca
        self._size_bytes = size_bytes
        self._csd: ExtCsd | None = None
        self._pieces: tuple[Piece, ...] = ()
        self._next = 0
        self._is_begun = self._is_all_sent = self._is_done = False
        self._failed = ""

    def begin(self, note: Note) -> None:
        # 1 the chip offers it, is the size that we think, and is at rest
        self._look()
        status = self._transport.issue(send_status(self._rca))
        if not status.is_ok or status.state != TRANSFER:
            raise Refused(f"before the command: {_standing(status)}")
        note(_SENT, {"technique": self.technique})
        # 2 the first piece shows whether it takes the command
        reply = self._erase(self._pieces[0])
        if not reply.is_ok:
            if reply.is_unsent or (reply.r1 and not reply.errors & ~NOT_BEGUN):
                raise Refused(f"the first piece: {reply.said}")
            raise EraseFailed(f"the first piece: {reply.said}")
        self._is_begun, self._next = True, 1
        note(_TAKEN, {"technique": self.technique})

    def resume(self, noted: tuple[Noted, ...], note: Note) -> None:
        """Nothing is sent but questions; the pieces are erased again by `poll`."""
        steps = {one.step for one in noted if one.details.get("technique") == self.technique}
        if _SENT not in steps:
            raise Refused("nothing had been sent before the interruption")
        try:
            self._look()
        except Refused as refused:
            raise EraseFailed(f"interrupted; {refused.said}") from refused
        self._is_begun, self._next = True, 0

    def poll(self) -> Standing:
        """Erases the next piece; blocks while it lasts. `done` only once the chip, asked after the last, is at rest."""
        if self._failed:
            return Standing(state="failed", said=self._failed)
        if self._is_done:
            return Standing(state="done", permille=1000, said="every piece was erased; the chip is at rest, no error")
        if not self._is_begun:
            return Standing(state="idle", said="the command was never taken")
        status = self._transport.issue(send_status(self._rca))
        # The chip clears an error bit once it was read: one beside "at work" is told now or never.
        if status.is_ok and status.state == PROGRAMMING:
            return Standing(state="running", permille=self._permille, said="at work")
        if not status.is_ok or status.state != TRANSFER:
            return self._fail(_standing(status))
        if self._is_all_sent:
            self._is_done = True
            return self.poll()
        wrong = self._one_more()
        if wrong is not None:
            return self._fail(wrong)
        return Standing(state="running", permille=self._permille, said="at work")

    def settle(self, note: Note) -> None:
        """These commands set no password and leave no lock; the chip must still be the one that it was."""
        try:
            self._look()
        except Refused as refused:
            raise EraseFailed(f"after the erase: {refused.said}") from refused

    @property
    def _permille(self) -> int:
        """Of the pieces; SANITIZE after them counts as one more."""
        return self._next * 1000 // (len(self._pieces) + 1)

    def _look(self) -> None:
        reply = self._transport.issue(READ_EXT_CSD)
        csd = read_ext_csd(reply.data) if reply.is_ok else None
        if csd is None:
            raise Refused(f"EXT_CSD: {reply.said if not reply.is_ok else 'not that of an eMMC'}")
        offers = csd.can_sanitize if self.technique == TECHNIQUE_SANITIZE else csd.can_secure_erase
        if not offers or csd.is_write_protected:
            raise Refused("the chip does not offer it, or is write-protected")
        if csd.size_bytes != self._size_bytes:
            raise Refused(f"the chip tells {csd.size_bytes} bytes, the kernel {self._size_bytes}")
        self._csd, self._pieces = csd, pieces_of(csd)

    def _one_more(self) -> str | None:
        """The next piece; after the last one, the rest. What went wrong, or None."""
        if self._next < len(self._pieces):
            reply = self._erase(self._pieces[self._next])
            if not reply.is_ok:
                return f"piece {self._next + 1} of {len(self._pieces)}: {reply.said}"
            self._next += 1
        if self._next < len(self._pieces):
            return None
        if self.technique == TECHNIQUE_SANITIZE:
            reply = self._transport.issue(SANITIZE)
            if not reply.is_ok:
                return f"SANITIZE: {reply.said}"
        self._is_all_sent = True
        return None

    def _erase(self, piece: Piece) -> Reply:
        if self.technique != TECHNIQUE_SANITIZE:
            return self._transport.secure_discard(piece.start_bytes, piece.length_bytes)
        assert self._csd is not None, "looked at before"
        csd, last = self._csd, piece.start_bytes + piece.length_bytes - 512
        groups = -(-piece.length_bytes // (csd.group_bytes or 512 << 10))
        timeout_ms = min(_LONGEST_MS, max(_SHORTEST_MS, groups * csd.group_ms))
        reply = self._transport.issue(*erase(csd.address(piece.start_bytes), csd.address(last), timeout_ms))
        if not reply.is_ok:
            return reply
        # Errors of an ERASE show in the next status (mmc-utils, "Add basic erase error check").
        status = self._transport.issue(send_status(self._rca))
        return reply if status.is_ok else status

    def _fail(self, said: str) -> Standing:
        self._failed = said
        return Standing(state="failed", said=said)


def _standing(status: Reply) -> str:
    return status.said if not status.is_ok else f"the chip is in state {status.state}"
