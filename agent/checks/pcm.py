"""Sound cards by ALSA's own tools: which one speaks and hears, a tone out, a level in. No sound is kept."""

import math
import re
import struct
from array import array
from dataclasses import dataclass

from agent.host import Host

RATE_HZ = 48_000
_PCM = re.compile(r"(\d+)-(\d+): ([^:]*):([^:]*):(.*)")
_DIGITAL = re.compile(r"hdmi|displayport|digital|iec958|s/?pdif", re.IGNORECASE)
_SILENCE_CENTIBEL = -1000  # every sample is the same: the least that 16 bits can tell is −903


@dataclass(frozen=True, slots=True, kw_only=True)
class Pcm:
    card: int
    device: int
    name: str
    plays: bool
    records: bool

    @property
    def alsa(self) -> str:
        return f"plughw:{self.card},{self.device}"  # plug: any rate and width


def pcms(host: Host) -> tuple[Pcm, ...]:
    """/proc/asound/pcm: "00-00: ALC3226 Analog : ALC3226 Analog : playback 1 : capture 1"."""
    found = []
    for line in (host.text("/proc/asound/pcm") or "").splitlines():
        match = _PCM.match(line)
        if match:
            card, device, name, _, can = match.groups()
            found.append(
                Pcm(card=int(card), device=int(device), name=name.strip(), plays="playback" in can,
                    records="capture" in can)
            )  # fmt: skip
    return tuple(found)


def speaker(host: Host) -> Pcm | None:
    """The PC's own output: never the one in a monitor's cable."""
    return next((one for one in pcms(host) if one.plays and not _DIGITAL.search(one.name)), None)


def microphones(host: Host) -> tuple[Pcm, ...]:
    return tuple(one for one in pcms(host) if one.records and not _DIGITAL.search(one.name))


_OUT = ("Master", "Speaker", "Headphone", "PCM", "Front")
_IN = ("Capture", "Mic", "Internal Mic", "Dmic0", "Mic Boost", "Internal Mic Boost")


def open_mixer(host: Host, card: int, *, is_out: bool) -> None:
    """Cards start muted. Controls that a card does not have are refused by amixer, which costs nothing."""
    for control in _OUT if is_out else _IN:
        state = "unmute" if is_out else "cap"
        host.run("amixer", "-q", "-c", str(card), "sset", control, "80%", state, timeout_s=5)


def tone(hertz: int, seconds: float, *, left: bool, right: bool) -> bytes:
    """A WAV file, 16-bit stereo, that swells and fades: a click at the ends would be heard on a dead speaker too."""
    frames = int(RATE_HZ * seconds)
    fade = RATE_HZ // 20
    samples = array("h")
    for place in range(frames):
        volume = 0.5 * min(1.0, place / fade, (frames - place) / fade)
        value = int(32767 * volume * math.sin(2 * math.pi * hertz * place / RATE_HZ))
        samples.append(value if left else 0)
        samples.append(value if right else 0)
    raw = samples.tobytes()
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, RATE_HZ, RATE_HZ * 4, 4, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + len(raw), b"WAVE") + layout + struct.pack("<4sI", b"data", len(raw)) + raw
    )


def level_centibel(raw: bytes) -> int:
    """How loud 16-bit samples are: tenths of a decibel under full scale, without their mean (a converter's offset)."""
    samples = array("h", raw[: len(raw) // 2 * 2])
    if not samples:
        return _SILENCE_CENTIBEL
    mean = sum(samples) / len(samples)
    power = sum(value * value for value in samples) / len(samples) - mean * mean
    if power <= 0:
        return _SILENCE_CENTIBEL
    return max(_SILENCE_CENTIBEL, round(200 * math.log10(math.sqrt(power) / 32768)))
