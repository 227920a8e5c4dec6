"""One short suspend to RAM: the power that a sleep takes from the disks thaws what the BIOS froze (ATA security).

It is offered only when the PC will surely wake up by itself and nothing is lost meanwhile. Unknown counts as no.
"""

import contextlib
from pathlib import Path

from agent.erasure import Reason
from agent.errors import RebondError
from agent.host import Host
from agent.wipe.power import BATTERY_LEAST, is_powered

SECONDS = 15


class CannotSuspend(RebondError):
    """The PC did not sleep. Nothing was changed but the alarm, which is off again."""


def why_not_suspend(host: Host, *, wipes_running: int, is_all_in_memory: bool) -> tuple[Reason, ...]:
    """Every reason against; empty means that `suspend_once` may be called, once, now."""
    found = []
    if wipes_running:
        found.append(Reason(rule="suspend-wipe-running", fr="Un effacement est en cours.", en="A wipe is running."))
    if not is_all_in_memory:
        found.append(
            Reason(
                rule="suspend-boot-medium",
                fr="Ce système n'est pas tout en mémoire : au réveil, son disque ou sa clé pourrait manquer.",
                en="This system is not all in memory: on waking up its disk or stick could be missing.",
            )
        )
    if "mem" not in (host.text("/sys/power/state") or "").split() or not _has_deep(host):
        found.append(
            Reason(
                rule="suspend-no-deep-sleep",
                fr="Ce PC n'a pas de veille qui coupe le courant des disques.",
                en="This PC has no sleep that cuts the power of its disks.",
            )
        )
    if not is_powered(host):
        found.append(
            Reason(
                rule="suspend-power",
                fr=f"Branchez le chargeur, ou chargez la batterie à plus de {BATTERY_LEAST} %.",
                en=f"Plug the charger in, or charge the battery above {BATTERY_LEAST} %.",
            )
        )
    if _alarm_of(host) is None:
        found.append(
            Reason(
                rule="suspend-no-alarm",
                fr="L'horloge de ce PC ne sait pas le réveiller.",
                en="This PC's clock cannot wake it up.",
            )
        )
    return tuple(found)


def _has_deep(host: Host) -> bool:
    """/sys/power/mem_sleep, "s2idle [deep]" (kernel: admin-guide/pm/sleep-states): s2idle leaves the disks powered."""
    return "deep" in (host.text("/sys/power/mem_sleep") or "").replace("[", " ").replace("]", " ").split()


def _alarm_of(host: Host) -> str | None:
    return next(iter(host.walk("/sys/class/rtc/rtc*/wakealarm")), None)


def suspend_once(root: Path, seconds: int = SECONDS) -> None:
    """Sleep and wake by the clock's alarm. Returns after the wake-up; CannotSuspend when the PC did not sleep.

    `root` is "/" in the program and a folder in tests. Documentation/ABI: rtc wakealarm takes "+seconds".
    """
    alarm = next(iter(sorted((root / "sys/class/rtc").glob("rtc*/wakealarm"))), None)
    if alarm is None:
        raise _failed("no wakealarm")
    slept = _slept(root)
    try:
        alarm.write_text("0\n")  # an old alarm makes the next write fail with EBUSY
        alarm.write_text(f"+{seconds}\n")
        if not alarm.read_text().strip():
            raise _failed("the alarm was not kept")
        (root / "sys/power/mem_sleep").write_text("deep\n")
        (root / "sys/power/state").write_text("mem\n")
    except OSError as error:
        raise _failed(str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            alarm.write_text("0\n")
    if slept is not None and _slept(root) == slept:
        raise _failed("the kernel counts no sleep")


def _slept(root: Path) -> int | None:
    """How often the kernel has slept; None when it does not count."""
    try:
        return int((root / "sys/power/suspend_stats/success").read_text())
    except (OSError, ValueError):
        return None


def _failed(said: str) -> CannotSuspend:
    return CannotSuspend(
        fr=f"La mise en veille n'a pas marché ({said}). Rebranchez le disque, ou choisissez l'écriture.",
        en=f"Suspending did not work ({said}). Unplug and replug the disk, or choose overwriting.",
    )
