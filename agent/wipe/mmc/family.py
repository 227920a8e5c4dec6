"""`open_mmc`: everything the engine may do to one eMMC beyond reading and writing its sectors. SD cards: nothing."""

import fcntl
import re
from collections.abc import Callable
from pathlib import Path

from agent.erasure import Exchange, Hidden, Media, Technique
from agent.wipe.device import Ability, Aftermath, Eraser, Gone, Refused
from agent.wipe.mmc.abilities import SANITIZE, SECURE, judge, none_can
from agent.wipe.mmc.areas import Beside, ReadArea, look_beside, read_node
from agent.wipe.mmc.erase import MmcEraser
from agent.wipe.mmc.ext_csd import ExtCsd, read_ext_csd
from agent.wipe.mmc.requests import READ_EXT_CSD
from agent.wipe.mmc.transport import MmcIoctl

UNTESTED = True  # until a transcript of real hardware is among tests/wipe/mmc/transcripts
Attribute = Callable[[str], str | None]
"""One file of /sys/block/mmcblkN/device, by name."""


def open_mmc(
    fd: int, media: Media, *, armed: bool, ioctl: Callable[[int, int, bytearray], int] | None = None,
    sysfs: Attribute | None = None, read_area: ReadArea | None = None,
) -> "MmcFamily":  # fmt: skip
    """The commands of one open descriptor. `armed=False`: nothing that changes the chip is ever sent.

    `ioctl`, `sysfs` and `read_area` are the kernel's unless a test hands in twins.
    """
    transport = MmcIoctl(fd, armed=armed, ioctl=ioctl or fcntl.ioctl)
    return MmcFamily(transport, media, sysfs or attributes_of(media.name), read_area or read_node)


def attributes_of(name: str, root: Path = Path("/")) -> Attribute:
    def read(attribute: str) -> str | None:
        try:
            return (root / "sys/block" / name / "device" / attribute).read_text().strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    return read


class MmcFamily:
    name = "mmc"

    def __init__(self, transport: MmcIoctl, media: Media, sysfs: Attribute, read_area: ReadArea) -> None:
        self.exchanges: list[Exchange] = transport.exchanges
        self._transport = transport
        self._media = media
        self._sysfs = sysfs
        self._read_area = read_area

    def abilities(self) -> tuple[Ability, ...]:
        if not self._is_emmc:
            return none_can(
                "Une carte mémoire n'a pas d'effacement interne. Elle sera réécrite.",
                "A memory card has no erase of its own. It will be overwritten.",
            )
        csd, said = self._ask()
        if csd is None:
            return none_can(
                "La puce ne dit pas ce qu'elle sait faire.", f"The chip does not tell what it can do ({said})."
            )
        if csd.size_bytes != self._media.size_bytes:
            return none_can(
                "La puce n'annonce pas la même taille que le système. Aucune commande ne lui est envoyée.",
                "The chip tells another size than the system. No command is sent to it.",
            )
        return judge(csd, self._beside(csd), untested=UNTESTED)

    @property
    def _is_emmc(self) -> bool:
        """By the kernel's word: on an SD card the same numbers are other commands."""
        return self._sysfs("type") == "MMC" and self._media.kind != "sd-card"

    def _ask(self) -> tuple[ExtCsd | None, str]:
        reply = self._transport.issue(READ_EXT_CSD)
        return (read_ext_csd(reply.data) if reply.is_ok else None), reply.said

    def _beside(self, csd: ExtCsd) -> Beside:
        beside, kept = look_beside(csd, self._media.name, self._read_area)
        self.exchanges.extend(kept)
        return beside

    def eraser(self, technique: Technique) -> Eraser:
        if not self._transport.armed:
            raise Refused(f"{technique}: the chip was opened only to look")
        if technique not in (SANITIZE, SECURE) or not self._is_emmc:
            raise Refused(f"{technique} is no erase of this device")
        return MmcEraser(self._transport, technique, rca=self._rca, size_bytes=self._media.size_bytes)

    @property
    def _rca(self) -> int:
        told = self._sysfs("rca") or ""
        return int(told, 16) if re.fullmatch(r"0x[0-9a-fA-F]{1,4}", told) else 1  # Linux gives an eMMC the address 1

    def leave_failure(self) -> None:
        """An eMMC has no such state."""

    def aftermath(self) -> Aftermath:
        """Its erases set no password and know no failed state; how the chip stands then shows only in use."""
        return "unknown"

    def look_hidden(self) -> Hidden:
        """An eMMC has no HPA, but areas beside the user area, each a block device of its own. `not-applicable` when
        they are blank; `unknown` when a boot area holds something or cannot be read (whether it is anybody's data is
        not known); `kept` when further partitions hold part of the capacity.
        """
        visible = self._media.size_bytes
        if not self._is_emmc:
            return Hidden(state="not-applicable", visible_bytes=visible, said=("a memory card hides no area",))
        csd, said = self._ask()
        if csd is None:
            return Hidden(state="unknown", visible_bytes=visible, said=(f"EXT_CSD: {said}",))
        beside = self._beside(csd)
        if beside.other_bytes:
            native = csd.size_bytes + beside.other_bytes
            return Hidden(state="kept", visible_bytes=visible, native_bytes=native, said=beside.said)
        state = "not-applicable" if beside.is_nothing else "unknown"
        return Hidden(state=state, visible_bytes=visible, said=beside.said)  # type: ignore[arg-type] # one of its words

    def open_hidden(self) -> Hidden:
        """Nothing is opened: what starts the PC may lie there. What was found is told again."""
        if not self._transport.armed:
            raise Refused("the chip was opened only to look")
        return self.look_hidden()

    def identify(self) -> tuple[str | None, str | None, int | None]:
        """Serial and name from the kernel, which read them when the chip was powered on; size from the chip itself."""
        serial, name = self._sysfs("serial"), self._sysfs("name")
        if serial is None and name is None:
            raise Gone("the kernel no longer knows the device")
        if not self._is_emmc:
            return serial, name, None
        csd, _ = self._ask()
        return serial, name, csd.size_bytes if csd else None
