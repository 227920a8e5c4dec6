"""The clock's cell (CR2032): was the time that the PC kept right, before the network corrected it?

Without our image's note of it, a clock that is right may have been set a minute ago: a right time then proves nothing,
a wrong one still does.
"""

from datetime import UTC, datetime, timedelta

from agent.checks.results import CheckResult, measure
from agent.checks.running import Task
from agent.host import Host
from agent.probes.rtc_note import clock_since_start

_SYNCED = "/run/systemd/timesync/synchronized"  # systemd-timesyncd makes it once it has set the time
_TOLERANCE = timedelta(days=1)  # Windows keeps local time, up to 14 hours off
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
_YEARS_AHEAD = timedelta(days=30 * 365)


def kept_now(host: Host) -> int | None:
    for name in host.names("/sys/class/rtc"):
        text = host.text(f"/sys/class/rtc/{name}/since_epoch") or ""
        if text.lstrip("-").isdigit():
            return int(text)
    return None


def run(task: Task) -> CheckResult:
    host, now, clock = task.host, task.around.now().astimezone(UTC), task.around.machine.clock
    noted = clock_since_start(host)
    if noted == "lost":
        return task.failed(
            "L'horloge du PC avait perdu l'heure. Changer la pile CR2032 (environ 1 €).",
            "The PC's clock had lost its time. Replace the CR2032 cell (about 1 €).",
        )
    kept = noted if noted is not None else kept_now(host)
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
