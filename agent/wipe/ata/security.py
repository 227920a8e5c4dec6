"""SECURITY ERASE UNIT, enhanced mode only: it needs a password on the disk, which must never outlive us unknown.

The password is fixed, lower-case ASCII and printed on the certificate and in the manual: whoever meets a disk that a
power cut left locked can open it, in a BIOS too. It is journalled before SET PASSWORD, and its removal is read back.
States are ACS-4's (Security feature set): disabled, unlocked, locked, each perhaps frozen.
"""

from agent.erasure import Technique
from agent.errors import StorageError
from agent.wipe.ata import commands
from agent.wipe.ata.asking import ask_identity
from agent.wipe.ata.identify import Identity, NotIdentified, Security
from agent.wipe.ata.transport import SgAta
from agent.wipe.device import EraseFailed, Note, Noted, Refused, Standing

PASSWORD = "rebond"


class SecurityEraser:
    """PREPARE and ERASE UNIT under our password. `begin` blocks until the disk has finished: send nothing else then."""

    technique: Technique = "ata-security-erase-enhanced"

    def __init__(self, transport: SgAta, password: str = PASSWORD) -> None:
        self._transport = transport
        self._password = password
        self._has_completed = False

    def begin(self, note: Note) -> None:
        # 1 a disk without any password, open and thawed
        try:
            identity = ask_identity(self._transport)[0]
        except NotIdentified as error:
            raise Refused(str(error)) from error
        if obstacle := obstacle_of(identity.security):
            raise Refused(obstacle)
        # 2 the password is known for ever before it is set
        note("password", {"password": self._password, "who": "user", "level": "high"})
        reply = self._transport.issue(commands.set_password(self._password.encode("ascii")))
        # 3 and the disk itself says that it is set
        security = self._seen_security()
        if security is not None and not security.is_enabled:
            raise Refused(f"SECURITY SET PASSWORD: {reply.said}; the disk shows no password")
        if not reply.is_ok or security is None or security.is_locked or security.is_frozen:
            self._lift(self._password)
            raise Refused(f"SECURITY SET PASSWORD: {reply.said}; the password was removed again")
        try:
            note("erasing", {"password": self._password})
        except StorageError:  # the journal is lost: the password must not outlive us, for nobody would resume this
            self._lift(self._password)
            raise
        # 4 erase; the disk drops the password itself
        self._erase(self._password, identity.enhanced_time.timeout_s(identity.size_bytes))
        note("completed", {})

    def _erase(self, password: str, timeout_s: int) -> None:
        secret = password.encode("ascii")
        prepared = self._transport.issue(commands.ERASE_PREPARE)
        if not prepared.is_ok:
            self._lift(password)
            raise Refused(f"SECURITY ERASE PREPARE: {prepared.said}; the password was removed again")
        erased = self._transport.issue(commands.erase_unit_enhanced(secret, timeout_s))
        if not erased.is_ok:
            self._lift(password)
            raise EraseFailed(f"SECURITY ERASE UNIT: {erased.said}; the password was removed again")
        security = self._seen_security()
        if security is None or security.is_enabled:
            self._lift(password)
            raise EraseFailed("SECURITY ERASE UNIT ended well but left its password, which was removed")
        self._has_completed = True

    def resume(self, noted: tuple[Noted, ...], note: Note) -> None:
        """Locked with our noted password: erase again, under that password. Anything else is left alone.

        A disk that is open again was erased, or was unlocked by hand with the printed password: unless its end was
        noted, it does not count.
        """
        known = {one.step: one.details for one in noted}
        identity = self._identity()
        security = identity.security
        if "password" not in known:
            raise Refused("the password was never sent")
        password = known["password"].get("password", "")
        if "completed" in known:
            if security.is_enabled:
                raise EraseFailed("the disk had dropped its password and has one again: it is not ours")
            self._has_completed = True
            return
        if not security.is_enabled:
            raise Refused("the disk has no password, and the end of its erase was not seen")
        if security.is_frozen or security.is_expired:
            raise EraseFailed(f"{_left(password)}; {obstacle_of(security)}")
        if security.is_locked or "erasing" in known:
            self._erase(password, identity.enhanced_time.timeout_s(identity.size_bytes))
            note("completed", {})
            return
        self._lift(password)
        raise Refused("the password was set and removed again; nothing was erased")

    def poll(self) -> Standing:
        """`done` only when ERASE UNIT ended well under our eyes, or noted, and the disk has no password now."""
        if not self._has_completed:
            return Standing(state="idle", said="no SECURITY ERASE UNIT of ours was seen to end well")
        if self._security().is_enabled:
            return Standing(state="failed", said="the disk has a password again")
        return Standing(state="done", permille=1000, said="SECURITY ERASE UNIT completed, password gone")

    def settle(self, note: Note) -> None:
        if self._security().is_enabled:
            raise EraseFailed("the disk still has a password")

    def _lift(self, password: str) -> None:
        """Remove our password, and see that it is gone. EraseFailed, naming it, when it is not."""
        secret, said = password.encode("ascii"), ""
        for _ in range(3):  # the first command after a reset may be lost; fewer than the five wrong tries that lock
            security = self._seen_security()
            if security is None:
                continue
            if not security.is_enabled:
                return
            if security.is_frozen or security.is_expired:
                raise EraseFailed(f"{_left(password)}; {obstacle_of(security)}{said}")
            if security.is_locked:
                reply = self._transport.issue(commands.unlock(secret))
                said = f"; SECURITY UNLOCK: {reply.said}"
                if not reply.is_ok:
                    continue
            reply = self._transport.issue(commands.disable_password(secret))
            said = f"; SECURITY DISABLE PASSWORD: {reply.said}"
        security = self._seen_security()
        if security is None or security.is_enabled:
            raise EraseFailed(f"{_left(password)}{said}")

    def _seen_security(self) -> Security | None:
        try:
            return ask_identity(self._transport)[0].security
        except NotIdentified:
            return None

    def _identity(self) -> Identity:
        try:
            return ask_identity(self._transport)[0]
        except NotIdentified as error:
            raise EraseFailed(f"{error}; if the disk is locked, its password is {self._password!r}") from error

    def _security(self) -> Security:
        return self._identity().security


def obstacle_of(security: Security) -> str:
    """Why no enhanced erase can begin, in English; empty when it can."""
    if not security.is_supported or not security.has_enhanced:
        return "the disk offers no enhanced security erase"
    if security.is_expired:
        return "too many wrong passwords: power the disk off and on"
    if security.is_frozen:
        return "security is frozen: power the disk off and on"
    if security.is_locked:
        return "the disk is locked by a password that is not ours"
    if security.is_enabled:
        return "the disk has a password already"
    return ""


def _left(password: str) -> str:
    return f"the disk keeps the user password {password!r}: unlock it with that one"
