"""`open_scsi`: everything the engine may do to one SCSI disk beyond reading and writing its sectors."""

from typing import Literal

from agent.erasure import Exchange, Hidden, Media, Technique
from agent.wipe.device import Ability, Aftermath, DiskError, Eraser, Gone, Refused
from agent.wipe.scsi.abilities import Situation, judge, none_can
from agent.wipe.scsi.commands import ERASES, EXIT_FAILURE, READ_CAPACITY_16
from agent.wipe.scsi.condition import ask_condition
from agent.wipe.scsi.erase import ScsiEraser
from agent.wipe.scsi.inquiry import ask_identity, ask_offer, read_capacity
from agent.wipe.scsi.transport import SgScsi
from agent.wipe.sg import Send, sg_io

UNTESTED = True  # until a transcript of real hardware is among tests/wipe/scsi/transcripts


def open_scsi(fd: int, media: Media, *, armed: bool, send: Send | None = None) -> "ScsiFamily":
    """The SCSI commands of one open descriptor. `armed=False`: nothing that changes the disk is ever sent.

    `send` is sg_io unless a test hands in a twin's.
    """
    return ScsiFamily(SgScsi(fd, armed=armed, send=send or sg_io), media)


class ScsiFamily:
    name = "scsi"

    def __init__(self, transport: SgScsi, media: Media) -> None:
        self.exchanges: list[Exchange] = transport.exchanges
        self._transport = transport
        self._media = media

    def abilities(self) -> tuple[Ability, ...]:
        try:
            identity = ask_identity(self._transport)
            offers = {technique: ask_offer(self._transport, technique) for technique in ERASES}
            condition = ask_condition(self._transport)
        except DiskError:
            return none_can(
                "Le disque ne répond pas clairement quand on lui demande qui il est.",
                "The disk gives no clear answer when asked what it is.",
            )
        rotational = identity.is_rotational
        if rotational is None and self._media.kind in ("hdd", "ssd"):
            rotational = self._media.kind == "hdd"
        return judge(
            Situation(
                identity=identity, is_rotational=rotational, is_direct=self._is_direct, offers=offers,
                condition=condition,
            ),
            untested=UNTESTED,
        )  # fmt: skip

    @property
    def _is_direct(self) -> bool:
        """Only what is known to hang on a SAS controller itself: an unknown road is taken for a RAID card."""
        return self._media.bridge is None and self._media.transport == "sas"

    def eraser(self, technique: Technique) -> Eraser:
        if not self._transport.armed:
            raise Refused(f"{technique}: the disk was opened only to look")
        if technique not in ERASES:
            raise Refused(f"{technique} is no erase of a SCSI disk")
        if not self._is_direct:
            raise Refused("behind a card or an adapter no erase command is sent")
        return ScsiEraser(self._transport, technique)

    def leave_failure(self) -> None:
        if self._transport.armed and self._is_direct and ask_condition(self._transport).state == "failed":
            self._transport.issue(EXIT_FAILURE)

    def aftermath(self) -> Aftermath:
        state = ask_condition(self._transport).state
        if state in ("failed", "corrupted"):
            return "blocked"
        return "usable" if state == "idle" else "unknown"

    def look_hidden(self) -> Hidden:
        """READ CAPACITY against what the kernel sees. Never `none`: a SCSI disk can be set to show less than it has
        (MODE SELECT, number of blocks), and no standard command tells how much it could show.
        """
        visible = self._media.size_bytes
        reply = self._transport.issue(READ_CAPACITY_16)
        capacity = read_capacity(reply.data) if reply.is_ok else None
        if capacity is None:
            return Hidden(
                state="unknown", visible_bytes=visible, said=(f"READ CAPACITY (16): no usable answer ({reply.said})",)
            )
        said = (
            f"READ CAPACITY (16): {capacity.blocks} blocks of {capacity.block_bytes} bytes",
            "a SCSI disk does not tell how many blocks it could show",
        )
        is_more = capacity.size_bytes > visible
        state: Literal["kept", "unknown"] = "kept" if is_more else "unknown"
        return Hidden(state=state, visible_bytes=visible, native_bytes=capacity.size_bytes, said=said)

    def open_hidden(self) -> Hidden:
        """Nothing can be opened by a standard command: what was found is told again."""
        if not self._transport.armed:
            raise Refused("the disk was opened only to look")
        return self.look_hidden()

    def identify(self) -> tuple[str | None, str | None, int | None]:
        identity = ask_identity(self._transport)
        if not identity.is_disk:
            raise Gone("INQUIRY: no disk answers")
        return identity.serial, identity.product, identity.capacity.size_bytes if identity.capacity else None
