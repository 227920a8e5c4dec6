"""`--unfreeze`: one short sleep before the disks are looked at; those the BIOS froze then take their commands again."""

from collections.abc import Callable

from agent.errors import InputRefused
from agent.host import Host
from agent.probes.boot_medium import boot_disks
from agent.wipe.suspend import SECONDS, suspend_once, why_not_suspend

_IN_RAM = "rebond.medium=ram"  # on the kernel's command line of our own image
_WORKER = b"agent.wipe.worker"


def unfreeze(host: Host, tell: Callable[[str, str], None], sleep: Callable[[], None] | None = None) -> None:
    """Sleep once and wake up; InputRefused with every reason against it, CannotSuspend when it did not work."""
    against = why_not_suspend(host, wipes_running=running_wipes(host), boot_medium_in_ram=is_medium_in_ram(host))
    if against:
        fr = ["La mise en veille qui dégèle les disques n'est pas possible :", *(f"- {one.fr}" for one in against)]
        en = ["The sleep that unfreezes disks is not possible:", *(f"- {one.en}" for one in against)]
        raise InputRefused(fr="\n".join(fr), en="\n".join(en))
    tell(
        f"Ce PC va dormir {SECONDS} secondes, puis se réveiller seul. N'y touchez pas.",
        f"This PC is going to sleep for {SECONDS} seconds, then wake up by itself. Do not touch it.",
    )
    (sleep or (lambda: suspend_once(host.root)))()


def is_medium_in_ram(host: Host) -> bool | None:
    """Whether this system goes on without the stick it was booted from; None when nothing tells."""
    if _IN_RAM in (host.text("/proc/cmdline") or "").split():
        return True
    boots = boot_disks(host)
    return None if boots is None else not boots


def running_wipes(host: Host) -> int:
    """Workers of any session on this PC."""
    numbers = [name for name in host.names("/proc") if name.isdigit()]
    return sum(_WORKER in host.read(f"/proc/{number}/cmdline", 4096).raw for number in numbers)
