"""`open_ata`: everything the engine may do to one ATA disk beyond reading and writing its sectors."""

from collections.abc import Callable

from agent.erasure import Exchange, Hidden, Media, Technique
from agent.wipe.ata.abilities import Situation, judge, none_can
from agent.wipe.ata.asking import ask_identity
from agent.wipe.ata.commands import SANITIZE_CLEAR
from agent.wipe.ata.hidden import Resize, look_hidden, open_hidden
from agent.wipe.ata.identify import NotIdentified
from agent.wipe.ata.rescan import resize_by_sysfs
from agent.wipe.ata.sanitize import COMMANDS, SanitizeEraser, ask_status
from agent.wipe.ata.security import SecurityEraser
from agent.wipe.ata.transport import SgAta
from agent.wipe.device import Ability, Aftermath, Eraser, Gone, Refused
from agent.wipe.sg import Send, sg_io

UNTESTED = True  # until a transcript of real hardware is among tests/wipe/ata/transcripts


def open_ata(
    fd: int, media: Media, *, armed: bool, send: Send | None = None, resize: Resize | None = None
) -> "AtaFamily":
    """The ATA commands of one open descriptor. `armed=False`: nothing that changes the disk is ever sent.

    `send` and `resize` are sg_io and a sysfs rescan unless a test hands in twins.
    """
    transport = SgAta(fd, armed=armed, send=send or sg_io)
    return AtaFamily(transport, media, resize or (lambda: resize_by_sysfs(fd)))


class AtaFamily:
    name = "ata"

    def __init__(self, transport: SgAta, media: Media, resize: Callable[[], int | None]) -> None:
        self.exchanges: list[Exchange] = transport.exchanges
        self._transport = transport
        self._media = media
        self._resize = resize

    def abilities(self) -> tuple[Ability, ...]:
        try:
            identity, reply = ask_identity(self._transport)
        except NotIdentified:
            return none_can(
                "Le disque ne répond pas clairement quand on lui demande qui il est.",
                "The disk gives no clear answer when asked what it is.",
            )
        status = ask_status(self._transport) if identity.sanitize.is_supported else None
        rotational = identity.is_rotational
        if rotational is None and self._media.kind in ("hdd", "ssd"):
            rotational = self._media.kind == "hdd"
        return judge(
            Situation(
                identity=identity, is_rotational=rotational, is_direct=self._is_direct, has_registers=reply.is_ok,
                status=status,
            ),
            untested=UNTESTED,
        )  # fmt: skip

    @property
    def _is_direct(self) -> bool:
        """Only what is known to hang on libata itself: an unknown road is taken for a bridge."""
        return self._media.bridge is None and self._media.transport in ("sata", "ide")

    def eraser(self, technique: Technique) -> Eraser:
        if not self._transport.armed:
            raise Refused(f"{technique}: the disk was opened only to look")
        if technique in COMMANDS:
            return SanitizeEraser(self._transport, technique)
        if technique != SecurityEraser.technique:
            raise Refused(f"{technique} is no erase of an ATA disk")
        if not self._is_direct:
            raise Refused("no password is ever set behind a bridge")
        return SecurityEraser(self._transport)

    def leave_failure(self) -> None:
        try:
            has_sanitize = ask_identity(self._transport)[0].sanitize.is_supported
        except NotIdentified:
            return
        if has_sanitize and self._transport.armed and ask_status(self._transport).is_closed:
            self._transport.issue(SANITIZE_CLEAR)

    def aftermath(self) -> Aftermath:
        try:
            identity = ask_identity(self._transport)[0]
        except NotIdentified:
            return "unknown"
        if identity.security.is_enabled:
            return "locked"
        status = ask_status(self._transport) if identity.sanitize.is_supported else None
        # A status refused without a reason may have another one, such as an Opal lock: no failure is named then.
        return "blocked" if status is not None and status.state == "failed" else "usable"

    def look_hidden(self) -> Hidden:
        return look_hidden(self._transport, self._media.size_bytes)

    def open_hidden(self) -> Hidden:
        if not self._transport.armed:
            raise Refused("the disk was opened only to look")
        return open_hidden(self._transport, self._media.size_bytes, self._resize)

    def identify(self) -> tuple[str | None, str | None, int | None]:
        """A disk that answers, but not with its identity (busy sanitizing, on older drives), "does not say"."""
        try:
            identity, _ = ask_identity(self._transport)
        except NotIdentified as error:
            if self._transport.is_mute:
                raise Gone(str(error)) from error
            return None, None, None
        return identity.serial, identity.model, identity.size_bytes
