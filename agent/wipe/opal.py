"""Opal drives: is the lock closed, and back to factory state with the PSID printed on the label (all data lost).

By the kernel's own ioctls (include/uapi/linux/sed-opal.h, block/sed-opal.c); they need CAP_SYS_ADMIN, and on SATA the
boot option libata.allow_tpm=1. The PSID is a secret of whoever holds the drive: it is sent, never kept and never told;
records have the first digits of its SHA-256. A drive bears few wrong ones until it is powered off.
"""

import errno
import fcntl
import hashlib
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from agent.erasure import Exchange, Hidden, Technique
from agent.wipe.device import Ability, Aftermath, EraseFailed, Eraser, Family, Gone, Note, Noted, Refused, Standing

PSID_REVERT = 0x410870E8  # IOC_OPAL_PSID_REVERT_TPR: _IOW('p', 232, struct opal_key)
GET_STATUS = 0x800870EC  # IOC_OPAL_GET_STATUS: _IOR('p', 236, struct opal_status), since Linux 6.1
_KEY = struct.Struct("=BBB5x256s")  # struct opal_key: lr, key_len, key_type (0: the key is here), key
_STATUS = struct.Struct("=II")
_SUPPORTED, _LOCKING_ENABLED, _LOCKED, _MBR_ENABLED, _MBR_DONE = 0x01, 0x04, 0x08, 0x10, 0x20
_NOT_SUPPORTED = (errno.EOPNOTSUPP, 524)  # 524: ENOTSUPP of older kernels, which leaked to programs
_LEFT = (errno.ENODEV, errno.ENXIO)
_UNSENT = (errno.EOPNOTSUPP, 524, errno.ENOTTY, errno.EINVAL, errno.EACCES, errno.EFAULT, errno.ENOMEM, errno.EBADF)
# Method status codes (TCG Storage Architecture Core, 5.1.5), which the kernel hands back as positive results.
_NOT_AUTHORIZED, _SP_BUSY, _NO_SESSIONS, _LOCKED_OUT = 0x01, 0x03, 0x07, 0x12
TECHNIQUE: Technique = "opal-psid-revert"
TRIES_MOST = 3  # drives bear about five
_SENT, _DONE = "opal-psid-sent", "opal-psid-reverted"

Ioctl = Callable[[int, int, bytearray], int]
State = Literal["unsupported", "supported", "enabled", "locked", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpalStatus:
    """`supported`: no lock is set up · `enabled`: set up, open now · `locked`: closed · `unknown`: nobody tells.

    `unsupported`: the drive has no Opal, or the kernel has no way to it.
    """

    state: State
    said: str = ""


def opal_status(fd: int, ioctl: Ioctl | None = None) -> OpalStatus:
    """Asks, changes nothing. Gone when the drive has left."""
    buffer = bytearray(_STATUS.size)
    try:
        (ioctl or fcntl.ioctl)(fd, GET_STATUS, buffer)
    except OSError as error:
        if error.errno in _LEFT:
            raise Gone("Opal status: the drive has left") from error
        state: State = "unsupported" if error.errno in _NOT_SUPPORTED else "unknown"
        return OpalStatus(state=state, said=f"Opal status: errno {error.errno}")
    return read_flags(_STATUS.unpack(buffer)[0])


def read_flags(flags: int) -> OpalStatus:
    said = f"Opal flags {flags:02x}h"
    if not flags & _SUPPORTED:
        return OpalStatus(state="unsupported", said=said)
    if flags & _LOCKED:
        return OpalStatus(state="locked", said=f"{said}: locked")
    # A shadow MBR that is not "done" stands before the disk's own first sectors: it is not open.
    if flags & _MBR_ENABLED and not flags & _MBR_DONE:
        return OpalStatus(state="locked", said=f"{said}: its start-up area stands before the disk")
    if flags & _LOCKING_ENABLED:
        return OpalStatus(state="enabled", said=f"{said}: a lock is set up, open now")
    return OpalStatus(state="supported", said=f"{said}: no lock is set up")


def psid_of(scanned: str) -> bytes:
    """The 32 characters of a PSID as printed or scanned; Refused when there are not 32: nothing was sent then."""
    text = re.sub(r"[\s\-]", "", scanned).upper()
    text = re.sub(r"^PSID[:=]?", "", text) if len(text) != 32 else text
    if not re.fullmatch(r"[A-Z0-9]{32}", text):
        raise Refused(f"a PSID has 32 letters and digits, here there are {len(text)}; scan the label again")
    return text.encode()


def digest_of(psid: bytes) -> str:
    return hashlib.sha256(psid).hexdigest()[:12]


def psid_ability(status: OpalStatus, *, is_alone: bool = True, untested: bool = True) -> Ability:
    """`is_alone`: the disk is the whole drive, no other namespace would be lost with it."""
    can = status.state in ("supported", "enabled", "locked") and is_alone
    if not is_alone:
        fr, en = (
            "Le code PSID viderait aussi d'autres disques du même boîtier.",
            "The PSID would also empty other disks of the same drive.",
        )
    elif can:
        fr, en = (
            "Le code PSID de l'étiquette remet le disque à neuf : sa clé interne est détruite.",
            "The PSID on the label makes the disk as new: its internal key is destroyed.",
        )
    elif status.state == "unsupported":
        fr, en = "Le disque n'a pas de verrou Opal accessible.", "The disk has no Opal lock within reach."
    else:
        fr, en = "Le disque ne dit pas si son verrou Opal est fermé.", "The disk does not say how its Opal lock stands."
    return Ability(technique=TECHNIQUE, level="purge", can=can, fr=fr, en=en, untested=untested, needs="psid")


@dataclass
class Tries:
    """Wrong PSIDs sent to one drive since we know it."""

    wrong: int = 0


class PsidEraser:
    technique: Technique = TECHNIQUE

    def __init__(
        self, fd: int, psid: str, *, tries: Tries | None = None, ioctl: Ioctl | None = None,
        exchanges: list[Exchange] | None = None,
    ) -> None:  # fmt: skip
        self.exchanges = exchanges if exchanges is not None else []
        self.tries = tries or Tries()
        self._fd, self._scanned, self._ioctl = fd, psid, ioctl or fcntl.ioctl
        self._is_reverted = False

    def begin(self, note: Note) -> None:
        psid = psid_of(self._scanned)
        if self.tries.wrong >= TRIES_MOST:
            raise Refused(f"{self.tries.wrong} wrong PSIDs; power the drive off and on, then read the label again")
        before = self._status()
        if before.state not in ("supported", "enabled", "locked"):
            raise Refused(f"before the command: {before.said}")
        note(_SENT, {"psid_sha256": digest_of(psid), "before": before.state})
        self._revert(psid, before.state)
        note(_DONE, {"psid_sha256": digest_of(psid)})

    def resume(self, noted: tuple[Noted, ...], note: Note) -> None:
        """Looks first. Where the lock cannot tell, the same PSID is sent again: a second revert does no more harm."""
        steps = {one.step: one.details for one in noted}
        if _SENT not in steps:
            raise Refused("no PSID had been sent before the interruption")
        now, before = self._status(), steps[_SENT].get("before", "")
        if _DONE in steps or (now.state == "supported" and before in ("enabled", "locked")):
            self._is_reverted = True
            note(_DONE, {})
            return
        psid = psid_of(self._scanned)
        if digest_of(psid) != steps[_SENT].get("psid_sha256"):
            raise EraseFailed("interrupted; another PSID was given then")
        if now.state not in ("supported", "enabled", "locked"):
            raise EraseFailed(f"interrupted; {now.said}")
        self._revert(psid, now.state)
        note(_DONE, {"psid_sha256": digest_of(psid)})

    def poll(self) -> Standing:
        """`done` only when the drive took the revert and says that no lock is set up any more."""
        now = self._status()
        if not self._is_reverted:
            return Standing(state="idle", said=f"the drive did not take the PSID; {now.said}")
        if now.state == "supported":
            return Standing(state="done", permille=1000, said=now.said)
        return Standing(state="failed", said=f"after the revert: {now.said}")

    def settle(self, note: Note) -> None:
        """`poll` has seen that no lock is left."""

    def _status(self) -> OpalStatus:
        status = opal_status(self._fd, self._ioctl)
        self._keep("OPAL STATUS", f"{GET_STATUS:08x}", status.said, status.state != "unknown")
        return status

    def _revert(self, psid: bytes, before: str) -> None:
        key = bytearray(_KEY.pack(0, len(psid), 0, psid))
        code, is_errno = 0, False
        try:
            code = self._ioctl(self._fd, PSID_REVERT, key)
        except OSError as error:
            code, is_errno = error.errno or errno.EIO, True
        finally:
            key[:] = bytes(len(key))
        said = f"errno {code}" if is_errno else f"method status {code:02x}h"
        self._keep("OPAL PSID REVERT", f"{PSID_REVERT:08x} psid sha256 {digest_of(psid)}", said, code == 0)
        if code == 0:
            self._is_reverted = True
            return
        self._refused(code, said, is_errno=is_errno)
        now = self._status()
        if now.state == "supported" and before in ("enabled", "locked"):
            self._is_reverted = True  # its answer was lost, its deed was not
            return
        raise EraseFailed(f"PSID revert: {said}; then {now.said}: not known to have happened")

    def _refused(self, code: int, said: str, *, is_errno: bool) -> None:
        """Returns when it is not clear that the drive, or the kernel, turned it down."""
        if is_errno and code in _LEFT:
            raise Gone("PSID revert: the drive has left")
        # The kernel says EPERM when the session was not authenticated, EACCES when we lack the right to ask.
        if (is_errno and code == errno.EPERM) or (not is_errno and code == _NOT_AUTHORIZED):
            self.tries.wrong += 1
            left = f"try {self.tries.wrong} of {TRIES_MOST}"
            raise Refused(f"the drive does not accept this PSID ({left}); read the label again, 0 and O look alike")
        if not is_errno and code == _LOCKED_OUT:
            self.tries.wrong = max(self.tries.wrong, TRIES_MOST)
            raise Refused("too many wrong PSIDs; power the drive off and on, then read the label again")
        if (is_errno and code in _UNSENT) or (not is_errno and code in (_SP_BUSY, _NO_SESSIONS)):
            raise Refused(f"PSID revert: {said}")

    def _keep(self, name: str, command: str, said: str, is_ok: bool) -> None:
        self.exchanges.append(Exchange(name=name, command=command, status=said, is_ok=is_ok, meaning=said))


class WithOpal:
    """A family of commands, and the PSID revert as its last one. Otherwise the family itself.

    `psid` None: what the drive can is told (`needs="psid"`), and nothing is sent. `armed`: as of the family.
    """

    def __init__(
        self, family: Family, fd: int, *, armed: bool, psid: str | None = None, is_alone: bool = True,
        is_locked: bool = False, tries: Tries | None = None, ioctl: Ioctl | None = None, untested: bool = True,
    ) -> None:  # fmt: skip
        self.name = family.name
        self.is_locked = is_locked  # when it was opened: nothing but a PSID gets past that
        self._family, self._fd, self._armed, self._psid = family, fd, armed, psid
        self._is_alone, self._tries, self._ioctl, self._untested = is_alone, tries or Tries(), ioctl, untested

    @property
    def exchanges(self) -> list[Exchange]:
        return self._family.exchanges

    @exchanges.setter
    def exchanges(self, value: list[Exchange]) -> None:
        self._family.exchanges = value

    def abilities(self) -> tuple[Ability, ...]:
        found = self._family.abilities()
        status = opal_status(self._fd, self._ioctl)
        if status.state == "unsupported":
            return found
        return (*found, psid_ability(status, is_alone=self._is_alone, untested=self._untested))

    def eraser(self, technique: Technique) -> Eraser:
        if technique != TECHNIQUE:
            return self._family.eraser(technique)
        if not self._armed:
            raise Refused("the drive was opened only to look")
        if not self._is_alone:
            raise Refused("other disks of the same drive would be lost")
        if self._psid is None:
            raise Refused("no PSID was given")
        return PsidEraser(self._fd, self._psid, tries=self._tries, ioctl=self._ioctl, exchanges=self.exchanges)

    def leave_failure(self) -> None:
        self._family.leave_failure()

    def aftermath(self) -> Aftermath:
        return self._family.aftermath()

    def look_hidden(self) -> Hidden:
        return self._family.look_hidden()

    def open_hidden(self) -> Hidden:
        return self._family.open_hidden()

    def identify(self) -> tuple[str | None, str | None, int | None]:
        return self._family.identify()
