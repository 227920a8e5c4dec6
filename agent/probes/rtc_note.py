"""What the PC's own clock said before anything set the time, as our image wrote it down: "rtc0 EPOCH UPTIME"."""

import re
from typing import Literal

from agent.host import Host

NOTE = "/run/rebond/rtc"
_TOLD = re.compile(r"rtc\d+ (invalid|-?\d{1,18}) (\d{1,18})")


def clock_since_start(host: Host) -> int | Literal["lost"] | None:
    """What it would show now, had nobody corrected it, in seconds since 1970; "lost": its time, as it said itself.

    None without a note that can be believed.
    """
    told = _TOLD.fullmatch((host.text(NOTE) or "").strip())
    if told is None:
        return None
    if told[1] == "invalid":
        return "lost"
    uptime = re.match(r"\d{1,18}", host.text("/proc/uptime") or "")
    passed = int(uptime[0]) - int(told[2]) if uptime else 0
    return int(told[1]) + passed if passed >= 0 else None
