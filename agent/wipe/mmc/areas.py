"""What an eMMC has beside its user area: two boot areas, RPMB, further partitions. Looked at, never written.

A boot area can hold what the PC starts with (Apollo Lake boards keep their firmware there): erasing it could leave a PC
that never starts again. So it is read; blank, nothing is left to erase; not blank, the chip was not erased whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.erasure import Exchange
from agent.wipe.mmc.ext_csd import ExtCsd

ReadArea = Callable[[str], bytes | None]
"""The bytes of one block device of the chip ("mmcblk0boot0"), or None when it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    name: str
    size_bytes: int
    state: Literal["blank", "holds", "unread"]

    @property
    def said(self) -> str:
        words = {"blank": "blank", "holds": "holds data, not erased", "unread": "could not be read, not erased"}
        return f"{self.name}, {self.size_bytes} bytes: {words[self.state]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """All that ERASE and SANITIZE of the user area leave as it is."""

    boots: tuple[Area, ...] = ()
    rpmb_bytes: int = 0
    other_bytes: int = 0

    @property
    def is_nothing(self) -> bool:
        """Nothing that could hold somebody's data. RPMB is written with a key that only the firmware has."""
        return not self.other_bytes and all(area.state == "blank" for area in self.boots)

    @property
    def said(self) -> tuple[str, ...]:
        told = [area.said for area in self.boots]
        if self.other_bytes:
            told.append(f"further partitions of {self.other_bytes} bytes: not erased")
        if self.rpmb_bytes:
            told.append(f"RPMB, {self.rpmb_bytes} bytes: cannot be erased without its key, holds no files")
        return tuple(told)


def look_beside(csd: ExtCsd, disk: str, read: ReadArea) -> tuple[Beside, tuple[Exchange, ...]]:
    boots = []
    for number in (0, 1) if csd.boot_bytes else ():
        name = f"{disk}boot{number}"
        found = read(name)
        is_whole = found is not None and len(found) == csd.boot_bytes
        state: Literal["blank", "holds", "unread"] = "unread"
        if found is not None and is_whole:
            state = "blank" if found.count(found[0]) == len(found) and found[0] in (0x00, 0xFF) else "holds"
        boots.append(Area(name=name, size_bytes=csd.boot_bytes, state=state))
    beside = Beside(boots=tuple(boots), rpmb_bytes=csd.rpmb_bytes, other_bytes=csd.other_bytes)
    kept = tuple(
        Exchange(
            name=f"READ {area.name}", command=f"read {area.size_bytes}", status=area.state,
            is_ok=area.state != "unread", meaning=area.said,
        )
        for area in boots
    )  # fmt: skip
    return beside, kept


def read_node(name: str) -> bytes | None:
    """Read-only, by the kernel's own node of the area."""
    try:
        return (Path("/dev") / name).read_bytes()
    except OSError:
        return None
