"""`--unfreeze`: one short sleep before the disks are looked at; those the BIOS froze then take their commands again."""

from collections.abc import Callable

from agent.errors import InputRefused
from agent.host import Host
from agent.probes.boot_medium import is_all_in_memory
from agent.wipe.suspend import SECONDS, suspend_once, why_not_suspend

_WORKER = b"agent.wipe.worker"


def unfreeze(host: Host, tell: Callable[[str, str], None], sleep: Callable[[], None] | None = None) -> None:
    """Sleep once and wake up; InputRefused with every reason against it, CannotSuspend when it did not work."""
    against = why_not_suspend(host, wipes_running=running_wipes(host), is_all_in_memory=is_all_in_memory(host))
    if against:
        fr = ["La mise en veille qui dégèle les disques n'est pas possible :", *(f"- {one.fr}" for one in against)]
        en = ["The sleep that unfreezes disks is not possible:", *(f"- {one.en}" for one in against)]
        raise InputRefused(fr="\n".join(fr), en="\n".join(en))
    tell(
        f"Ce PC va dormir {SECONDS} secondes, puis se réveiller seul. N'y touchez pas.",
        f"This PC is going to sleep for {SECONDS} seconds, then wake up by itself. Do not touch it.",
    )
    (sleep or (lambda: suspend_once(host.root)))()


def running_wipes(host: Host) -> int:
    """Workers of any session on this PC."""
    numbers = [name for name in host.names("/proc") if name.isdigit()]
    return sum(_WORKER in host.read(f"/proc/{number}/cmdline", 4096).raw for number in numbers)
