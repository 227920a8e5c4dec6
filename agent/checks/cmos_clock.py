"""The clock's cell (CR2032): was the time that the PC kept right, before the network corrected it?

Our image notes the clock before anything sets the time: `/run/rebond/rtc` holds "rtc0 EPOCH UPTIME". Without that
note a clock that is right may have been set a minute ago: a right time then proves nothing, a wrong one still does.
"""

from datetime import UTC, datetime, timedelta

from agent.checks.results import CheckResult, measure
from agent.checks.running import Task
from agent.host import Host

_NOTE = "/run/rebond/rtc"
_SYNCED = "/run/systemd/timesync/synchronized"  # systemd-timesyncd makes it once it has set the time
_TOLERANCE = timedelta(days=1)  # Windows keeps local time, up to 14 hours off
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
_YEARS_AHEAD = timedelta(days=30 * 365)


def noted_at_boot(host: Host) -> tuple[int, int] | None:
    """(RTC's seconds since 1970, uptime when it was read); None without a readable note."""
    words = (host.text(_NOTE) or "").split()
    try:
        return int(words[1]), int(words[2])
    except (IndexError, ValueError):
        return None


def had_lost_its_time(host: Host) -> bool:
    """It said so itself at the start ("rtc0 invalid UPTIME")."""
    return (host.text(_NOTE) or "").split()[1:2] == ["invalid"]


def kept_now(host: Host) -> int | None:
    for name in host.names("/sys/class/rtc"):
        text = host.text(f"/sys/class/rtc/{name}/since_epoch") or ""
        if text.lstrip("-").isdigit():
            return int(text)
    return None


def run(task: Task) -> CheckResult:
    host, now, clock = task.host, task.around.now().astimezone(UTC), task.around.machine.clock
    if had_lost_its_time(host):
        return task.failed(
            "L'horloge du PC avait perdu l'heure. Changer la pile CR2032 (environ 1 €).",
            "The PC's clock had lost its time. Replace the CR2032 cell (about 1 €).",
        )
    noted = noted_at_boot(host)
    kept = _moved_on(host, noted) if noted else kept_now(host)
    if kept is None:
        return task.not_tested("L'horloge du PC ne se lit pas.", "The PC's clock cannot be read.")
    moment = _moment(kept)
    floor = max([_FIRST, *(_day(text) for text in (clock.built, clock.checkpoint) if text)])
    if moment is None or moment < floor - _TOLERANCE or moment > floor + _YEARS_AHEAD:
        told = f"{moment:%d/%m/%Y}" if moment else "?"
        return task.failed(
            f"L'horloge du PC disait {told}. Changer la pile CR2032 (environ 1 €).",
            f"The PC's clock said {told}. Replace the CR2032 cell (about 1 €).",
            measure("kept-year", moment.year if moment else 0, "count"),
        )
    if not host.exists(_SYNCED):
        return task.not_tested(
            f"Pas d'heure sûre pour comparer. L'horloge dit {moment:%d/%m/%Y}, c'est possible.",
            f"No sure time to compare with. The clock says {moment:%d/%m/%Y}, which is possible.",
        )
    offset = int((moment - now).total_seconds())
    if abs(offset) > _TOLERANCE.total_seconds():
        return task.failed(
            f"L'horloge du PC avait {abs(offset) // 86400} jours d'écart. Changer la pile CR2032 (environ 1 €).",
            f"The PC's clock was {abs(offset) // 86400} days off. Replace the CR2032 cell (about 1 €).",
            measure("offset", offset, "seconds"),
        )
    if noted is None:
        return task.not_tested(
            "L'horloge est juste, mais le réseau l'a peut-être corrigée.",
            "The clock is right, but the network may have corrected it.",
        )
    return task.passed(
        "L'horloge était juste avant que le réseau la règle.", "The clock was right before the network set it.",
        measure("offset", offset, "seconds"),
    )  # fmt: skip


def _moved_on(host: Host, noted: tuple[int, int]) -> int:
    """What that clock would say now: the note is as old as this system has run since."""
    try:
        uptime = int(float((host.text("/proc/uptime") or "").split()[0]))
    except (IndexError, ValueError):
        uptime = noted[1]
    return noted[0] + max(0, uptime - noted[1])


def _moment(epoch: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(epoch, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _day(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _FIRST
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
