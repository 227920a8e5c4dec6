"""The PC's clocks, and which to believe. A donated PC's CMOS battery is often flat: 1998, 2009 or 2099 at start-up.

Nothing can have been inspected before this program was built, nor before the last inventory checkpoint that the
station knows: the later of the two is a floor. A system time above it is believed, a time below is not.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec.structs import replace

from agent.facts import Clock
from agent.host import Host
from agent.probes import Findings
from agent.probes.rtc_note import NOTE, clock_since_start

_FOLDER = "/sys/class/rtc"
_PROC = "/proc/driver/rtc"
_BUILT = "/usr/share/rebond/built"  # an ISO 8601 time, written by our image's builder
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)  # no version of this program is older
_YEARS_AHEAD = timedelta(days=30 * 365)  # a stick is not used for longer: a later time is a broken clock
_TOLERANCE = timedelta(days=1)  # Windows keeps the RTC in local time, up to 14 hours off


def probe(host: Host, now: datetime, checkpoint: str | None) -> Findings:
    """Section "clock". `now` is the system time at the inspection: in replay, when the capture was taken."""
    findings = Findings()
    since_start = clock_since_start(host)  # the network's time may have mended it meanwhile
    rtc, source, why = _read_rtc(host, since_start)
    if rtc is None:
        findings.missed("clock.rtc", source, "malformed" if why else "absent", why)
    clock = compare(now, rtc, _moment(host.text(_BUILT)), _moment(checkpoint))
    if since_start == "lost":
        clock = replace(clock, rtc=None, is_rtc_wrong=True, rtc_offset_seconds=None)
    if clock.believed is None:
        findings.missed("clock.believed", "system clock", "placeholder", f"system clock says {clock.system}")
    if clock.is_rtc_wrong is None and rtc is not None:
        findings.missed("clock.is_rtc_wrong", source, "conflict", f"system {clock.system}, RTC {clock.rtc}")
    findings.found("clock", clock, source)
    return findings


def compare(now: datetime, rtc: datetime | None, built: datetime | None, checkpoint: datetime | None) -> Clock:
    """Which time to believe, and whether the PC's own clock is wrong; every argument in UTC."""
    now = _utc(now)
    floor = max(time for time in (built, checkpoint, _FIRST) if time)
    latest = floor + _YEARS_AHEAD
    believed: datetime | None = None
    origin: Literal["system", "checkpoint", "built"] | None = None
    if floor <= now <= latest:
        believed, origin = now, "system"
    elif floor == checkpoint:
        believed, origin = checkpoint, "checkpoint"
    elif floor == built:
        believed, origin = built, "built"
    is_wrong: bool | None = None
    if rtc is not None:
        if rtc < floor - _TOLERANCE or rtc > latest:
            is_wrong = True
        elif origin == "system":
            is_wrong = abs(rtc - now) > _TOLERANCE
        # Else the system clock is the broken one, and the RTC may be right: unknown.
    return Clock(
        system=_iso(now),
        rtc=_iso(rtc),
        built=_iso(built),
        checkpoint=_iso(checkpoint),
        believed=_iso(believed),
        believed_from=origin,
        is_rtc_wrong=is_wrong,
        rtc_offset_seconds=int((rtc - believed).total_seconds()) if rtc and believed else None,
    )


def _read_rtc(host: Host, since_start: int | str | None) -> tuple[datetime | None, str, str]:
    """The hardware clock, its source, and what was unreadable about it ("" when there simply is none)."""
    noted = _rtc_moment(str(since_start)) if isinstance(since_start, int) else None
    if noted is not None:
        return noted, NOTE, ""
    for name in sorted(host.names(_FOLDER), key=lambda name: (len(name), name)):
        place = f"{_FOLDER}/{name}"
        epoch = host.text(f"{place}/since_epoch")
        told = epoch if epoch else f"{host.text(f'{place}/date') or ''} {host.text(f'{place}/time') or ''}".strip()
        if told:
            return _rtc_moment(told), place, told[:60]
    text = host.text(_PROC)
    if text is not None:
        values = dict(re.findall(r"(?m)^(rtc_\w+)\s*:\s*(\S+)", text))
        told = f"{values.get('rtc_date', '')} {values.get('rtc_time', '')}".strip()
        return _rtc_moment(told), _PROC, told[:60]
    return None, _FOLDER, ""


def _rtc_moment(text: str) -> datetime | None:
    try:
        if re.fullmatch(r"-?\d+", text.strip()):
            return datetime.fromtimestamp(int(text), UTC)
        return _utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError, OSError):
        return None


def _moment(text: str | None) -> datetime | None:
    """A date or time of ours; None for one that is no date (a development build says "unknown")."""
    try:
        return _utc(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
