"""One NVMe drive on one open descriptor, as the engine's `Family`."""

import time
from collections.abc import Callable, Mapping
from typing import Literal

from agent.erasure import Exchange, Hidden, Media, Technique
from agent.wipe.device import Ability, Aftermath, Eraser, Gone, Refused
from agent.wipe.nvme.abilities import FORMATS, SANITIZES, Setting, abilities, offers
from agent.wipe.nvme.admin import NvmeAdmin, Submit, by_ioctl, namespace_of
from agent.wipe.nvme.drive import Drive, Namespace, read_controller, read_drive, read_log, size_of
from agent.wipe.nvme.format import FormatEraser
from agent.wipe.nvme.sanitize import SanitizeEraser, exit_failure
from agent.wipe.nvme.sanitize_log import FAILED
from agent.wipe.nvme.status import is_failed_for_good


class NvmeFamily:
    name = "nvme"

    def __init__(
        self, admin: NvmeAdmin, media: Media, *, nsid: int | None, siblings: Mapping[int, str], setting: Setting,
        wait: Callable[[float], None],
    ) -> None:  # fmt: skip
        self._admin, self._media, self._setting, self._wait = admin, media, setting, wait
        self._nsid, self._siblings = nsid, dict(siblings)
        self._hit: frozenset[int] | None = None  # what the caller was told that an erase would hit
        self._sanitize: SanitizeEraser | None = None
        self._stays_failed = False  # it did not take Exit Failure Mode

    @property
    def exchanges(self) -> list[Exchange]:
        return self._admin.exchanges

    @exchanges.setter
    def exchanges(self, value: list[Exchange]) -> None:
        self._admin.exchanges = value

    def namespaces(self) -> tuple[Namespace, ...]:
        """Every namespace that a Sanitize or Format would hit, ours included: each must be ours to erase."""
        return self._look().namespaces

    def abilities(self) -> tuple[Ability, ...]:
        try:
            return abilities(self._look(), self._setting)
        except Refused as refused:
            return tuple(
                Ability(
                    technique=technique, level="clear", can=False,
                    fr="Le disque ne dit pas assez clairement ce qu'il contient.",
                    en=f"The drive does not tell enough about itself: {refused.said}.",
                )
                for technique in (*SANITIZES, *FORMATS)
            )  # fmt: skip

    def eraser(self, technique: Technique) -> Eraser:
        """Refused by what the drive offers at all; its state now is judged when the eraser begins."""
        if not self._admin.armed:
            raise Refused("opened only to look")
        if self._setting.is_bridged:
            raise Refused("behind an adapter: no erase command is sent through it")
        if not offers(read_controller(self._admin), technique):
            raise Refused(f"the drive does not offer {technique}")
        if technique in SANITIZES:
            self._sanitize = SanitizeEraser(technique, self._admin, self._look, self._setting, self._wait)
            return self._sanitize
        return FormatEraser(technique, self._admin, self._look, self._setting)

    def leave_failure(self) -> None:
        """Exit Failure Mode does nothing to a drive that has left the failed state already, which its log hides."""
        if not self._admin.armed or self._setting.is_bridged:
            return
        log = read_log(self._admin) if read_controller(self._admin).can_sanitize else None
        if log is None or log.status != FAILED:
            return
        answer = exit_failure(self._admin)
        self._stays_failed, self._sanitize = answer.errno is None and is_failed_for_good(answer.status), None

    def aftermath(self) -> Aftermath:
        """The log keeps "failed" even when the drive is usable again: only the state in it, where the drive has one, or
        the drive's answer to Exit Failure Mode tells.
        """
        log = read_log(self._admin)
        if log is None:
            return "unknown"
        is_closed = log.is_closed or self._stays_failed or (self._sanitize is not None and self._sanitize.is_blocked)
        return "blocked" if log.status == FAILED and is_closed else "usable"

    def look_hidden(self) -> Hidden:
        """NVMe has no HPA: `not-applicable`, unless the drive has capacity outside of every active namespace.

        Then it is `kept`, not `unknown`: the drive itself says that it is there (UNVMCAP, or a namespace that is not
        attached), old namespaces may have left data in it, and no read or write reaches it. An overwrite must not claim
        it; a Sanitize does reach it, which the outcome may weigh. `unknown` when the drive can have such capacity and
        does not tell.
        """
        drive = self._look()
        visible = drive.ours.size_bytes if drive.ours else None
        state, said = _hidden_of(drive)
        total = drive.controller.total_bytes or None
        return Hidden(
            state=state, visible_bytes=visible or self._media.size_bytes,
            native_bytes=total if state == "kept" else None, said=said,
        )  # fmt: skip

    def open_hidden(self) -> Hidden:
        """Nothing is opened: making namespaces is no part of an erasure. What was found is told again."""
        if not self._admin.armed:
            raise Refused("opened only to look")
        return self.look_hidden()

    def identify(self) -> tuple[str | None, str | None, int | None]:
        """Needs no list of namespaces: a drive that tells too little for its own erase can still be overwritten."""
        try:
            controller = read_controller(self._admin)
        except Refused as refused:
            raise Gone(f"the drive does not answer: {refused.said}") from refused
        size_bytes = size_of(self._admin, self._nsid) if self._nsid is not None else None
        return controller.serial, controller.model, size_bytes

    def _look(self) -> Drive:
        """The drive now; Gone when it is another one, Refused when an erase would hit what it did not hit at first."""
        drive = read_drive(self._admin, nsid=self._nsid, name=self._media.name, siblings=self._siblings)
        wanted, said = self._media.serial, drive.controller.serial
        if wanted and said and not _alike(wanted, said):
            raise Gone("another drive answers: its serial number differs")
        if self._hit is not None and frozenset(drive.nsids) != self._hit:
            raise Refused("the drive's namespaces are not those of the beginning")
        self._hit = frozenset(drive.nsids)
        return drive


def _alike(one: str, other: str) -> bool:
    """Serial numbers but for blanks and case; a program may have cut one short."""
    one, other = ("".join(text.split()).casefold() for text in (one, other))
    return one == other or (min(len(one), len(other)) >= 8 and (one in other or other in one))


def _hidden_of(drive: Drive) -> tuple[Literal["kept", "unknown", "not-applicable"], tuple[str, ...]]:
    left = drive.unclaimed_bytes
    asleep = [one.nsid for one in drive.namespaces if not one.is_active]
    said = [f"namespace {nsid} exists and is not attached" for nsid in asleep]
    if left:
        said.append(f"{left} bytes belong to no namespace")
    if said:
        return "kept", tuple(said)
    if left is None:
        return "unknown", ("the drive can have unallocated capacity and does not tell how much",)
    return "not-applicable", ("no capacity outside of the namespaces",)


def open_nvme(
    fd: int, media: Media, *, armed: bool, submit: Submit | None = None, siblings: Mapping[int, str] | None = None,
    nsid: int | None = None, is_locked: bool = False, wait: Callable[[float], None] = time.sleep,
) -> NvmeFamily:  # fmt: skip
    """The family behind `fd` (a namespace's block device). `siblings` are the disks of the same controller as found in
    sysfs and checked by the caller, by namespace number: an erase that would hit any other one is not offered.
    """
    if nsid is None and submit is None:
        nsid = namespace_of(fd)
    is_bridged = media.transport == "usb" or media.bridge is not None
    return NvmeFamily(
        NvmeAdmin(submit or by_ioctl(fd), armed=armed), media, nsid=nsid, siblings=siblings or {},
        setting=Setting(is_bridged=is_bridged, is_locked=is_locked), wait=wait,
    )  # fmt: skip
