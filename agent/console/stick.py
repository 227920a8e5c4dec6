"""The station's stick in a booted PC: there, late, pulled out, read-only. What the image's own script says of it.

`/run/rebond/data` holds a word, written by scripts/image/root/usr/lib/rebond/data; without our image there is none.
"""

import os
import time
from collections.abc import Callable

from agent.home import STICK, Home, find_home
from agent.host import Host

WORD = "/run/rebond/data"
ROOM_LEAST_BYTES = 64 * 1024  # a record, its reason or receipt, its notes
PATIENCE_S = 20.0  # a slow USB port on an old PC
NETBOOT_PATIENCE_S = 4.0  # no stick is expected, but one may be there
QUEUE = "/run/udev/queue"  # there as long as udev has devices to see to and drivers to load (systemd-udevd)
DEVICES_PATIENCE_S = 60.0  # a SAS card asks each of its ports
_TOLD = {
    "absent": ("CLÉ RETIRÉE : rebranchez-la", "STICK PULLED OUT: plug it in"),
    "read-only": ("CLÉ EN LECTURE SEULE", "STICK IS READ-ONLY"),
    "damaged": ("CLÉ ABÎMÉE", "STICK IS DAMAGED"),
    "unknown": ("CLÉ ILLISIBLE", "STICK CANNOT BE READ"),
    "full": ("CLÉ PLEINE", "STICK IS FULL"),
    "second": ("DEUX CLÉS : une seule compte", "TWO STICKS: one counts"),
}
_IN_MEMORY = ("SANS CLÉ : tout est en mémoire", "NO STICK: all is in memory")


def is_our_image(host: Host) -> bool:
    return "rebond.ram" in (host.text("/proc/cmdline") or "").split()


def word(host: Host) -> str | None:
    return (host.text(WORD) or "").strip() or None


def warning(host: Host, home: Home) -> tuple[str, str] | None:
    """What the top bar must say of the stick; None when all is well, or when this is not our image."""
    if not is_our_image(host):
        return None
    if home.root == STICK:
        told = word(host) or "absent"
        return _TOLD.get(_fault() if told == "ready" else told)
    return _TOLD.get(word(host) or "", _IN_MEMORY) if home.lives_in_memory(host) else None


def _fault() -> str:
    """What became of a stick that was ready: full, or turned read-only by its file system when it met an error."""
    try:
        room = os.statvfs(STICK)
    except OSError:
        return "absent"
    if room.f_flag & os.ST_RDONLY:
        return "read-only"
    return "full" if room.f_bfree * room.f_frsize < ROOM_LEAST_BYTES or room.f_files and not room.f_ffree else "ready"


def settle(
    host: Host, option: str | None, sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Home:  # fmt: skip
    """The station's home, once its stick has had the time to be found; the folder in memory when there is none.

    The PC's other devices too: what comes later is missing from the look at this PC that follows.
    """
    if is_our_image(host):
        is_netboot = "rebond.medium=none" in (host.text("/proc/cmdline") or "").split()
        began, patience_s = monotonic(), NETBOOT_PATIENCE_S if is_netboot else PATIENCE_S
        while (word(host) is None and monotonic() - began < patience_s) or (
            host.exists(QUEUE) and monotonic() - began < DEVICES_PATIENCE_S
        ):
            sleep(0.2)
    return find_home(option)


def set_keyboard(host: Host, layout: str) -> None:
    """The settings' keyboard, on the Linux consoles of our image; elsewhere the keyboard is somebody else's."""
    if host.is_live and is_our_image(host):
        host.run("loadkeys", "-q", "-C", "/dev/tty1", f"/usr/share/rebond/{layout}.kmap", timeout_s=5)


def has_come_late(host: Host, home: Home) -> bool:
    """A stick that takes what waits was plugged in after the start."""
    return home.root != STICK and is_our_image(host) and word(host) == "ready" and _is_mounted()


def is_out(host: Host, home: Home) -> bool:
    """The station's stick was pulled out: what it holds is on it, and nothing can be kept until it is back."""
    return home.root == STICK and is_our_image(host) and not _is_mounted()


def _is_mounted() -> bool:
    try:
        return STICK.is_mount()
    except OSError:  # it dies at this moment
        return False
