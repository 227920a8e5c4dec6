"""One disk on one line of 80 columns. Pure: seats in, text out; only signs that every Linux console font has."""

from collections.abc import Sequence

from agent.text import clean
from agent.wipe.job import Ended, Looked, NotClaimed, Progress, Rehearsed
from agent.wipe.reasons import BEFORE_THE_FIRST_BYTE
from agent.wipe.supervisor import Seat

WIDTH = 80
QUIET_S = 30
_BAR = 10
PHASES = {
    "claiming": ("réservation", "claiming"), "ready": ("prêt", "ready"), "health": ("santé", "health"),
    "hidden-area": ("zone cachée", "hidden area"), "markers": ("repères", "markers"),
    "erasing": ("s'efface", "erasing"), "overwriting": ("réécriture", "overwriting"),
    "verifying": ("relecture", "reading"), "finishing": ("fin", "finishing"),
}  # fmt: skip
ENDS = {
    "purged": ("PROUVÉ", "PROVEN"), "cleared": ("PROUVÉ", "PROVEN"),
    "cleared_with_exceptions": ("SAUF SECTEURS", "BUT SECTORS"), "not_proven": ("NON PROUVÉ", "NOT PROVEN"),
    "failed": ("ÉCHEC", "FAILED"), "interrupted": ("INTERROMPU", "INTERRUPTED"),
}  # fmt: skip


def token_of(seat: Seat) -> str:
    return clean(seat.media.serial or seat.media.wwn or seat.media.name, 40)


def head(lang: str) -> str:
    names = ("n°", "numéro", "étape", "avancement", "débit", "reste", "°C", "err")
    if lang == "en":
        names = ("no", "serial", "phase", "progress", "rate", "left", "°C", "err")
    return _columns(*names)


def row(number: int, seat: Seat, lang: str) -> str:
    """Serials that are too long lose their beginning: they differ at the end."""
    said = seat.progress or Progress(phase="claiming")
    token = token_of(seat)[-16:]
    phase = phase_of(seat, lang)
    if seat.is_over:
        return _columns(str(number), token, phase, "", "", "", "", "")
    return _columns(
        str(number), token, phase, progress_of(said, lang), rate_of(said.rate_bps, lang), time_of(said.eta_s),
        str(said.temperature_c) if said.temperature_c is not None else "", str(said.bad_sectors or ""),
    )  # fmt: skip


def _columns(number: str, token: str, phase: str, bar: str, rate: str, left: str, heat: str, errors: str) -> str:
    line = f"{number:>2} {token:<16.16} {phase:<13.13} {bar:<20} {rate:>8} {left:>7} {heat:>3} {errors:>4}"
    return line[:WIDTH].rstrip()


def phase_of(seat: Seat, lang: str) -> str:
    """What a person must know comes before what the engine is at."""
    en = lang == "en"
    match seat.last:
        case Ended(erasure=erasure):
            if seat.is_left:
                return "no answer" if en else "SANS RÉPONSE"
            return ENDS[erasure.outcome][en]
        case NotClaimed(reason=reason):
            if reason.rule in BEFORE_THE_FIRST_BYTE:
                return "NOT BEGUN" if en else "PAS COMMENCÉ"
            return "REFUSED" if en else "REFUSÉ"
        case Looked():
            return "LOOKED AT" if en else "REGARDÉ"
        case Rehearsed():
            return "FREE" if en else "LIBRE"
    said = seat.progress
    if said is None:
        return PHASES["claiming"][en]
    if seat.quiet_s >= QUIET_S and said.phase != "erasing":
        return f"silent {seat.quiet_s} s" if en else f"muet {seat.quiet_s} s"
    if seat.is_stopping:
        return "stopping" if en else "s'arrête"
    if said.is_paused:
        hot = said.why_paused == "temperature"
        return ("too hot" if hot else "paused") if en else ("trop chaud" if hot else "en pause")
    return PHASES[said.phase][en]


def progress_of(said: Progress, lang: str) -> str:
    """ "[####......]  41,7 %"; rounded down, so that 100 is only said of everything."""
    if said.permille is None:
        if said.phase != "erasing":
            return ""
        return "progress not told" if lang == "en" else "avancement non dit"
    permille = min(max(said.permille, 0), 1000)
    full = permille * _BAR // 1000
    dot, sign = (".", "%") if lang == "en" else (",", " %")
    return f"[{'#' * full}{'.' * (_BAR - full)}] {permille // 10}{dot}{permille % 10}{sign}"


def rate_of(rate_bps: int | None, lang: str) -> str:
    if rate_bps is None:
        return ""
    letter = "B" if lang == "en" else "o"
    if rate_bps >= 10**9:
        tenths = min(rate_bps // 10**8, 99_9)
        dot = "." if lang == "en" else ","
        return f"{tenths // 10}{dot}{tenths % 10} G{letter}/s"
    return f"{rate_bps // 10**6} M{letter}/s"


def time_of(seconds: int | None) -> str:
    """ "2:05:09" or "5:09"; without seconds from ten hours on."""
    if seconds is None:
        return ""
    hours, rest = divmod(max(0, seconds), 3600)
    if hours >= 10:
        return f"{min(hours, 999)} h {rest // 60:02}"
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def page_of(seats: Sequence[Seat], lines: int, turn: int) -> tuple[list[tuple[int, Seat]], str]:
    """The disks for this turn of the screen, those at work first; and "1/3" when there is more than one page."""
    numbered = sorted(enumerate(seats, 1), key=lambda pair: pair[1].is_over)
    if len(numbered) <= lines:
        return sorted(numbered, key=lambda pair: pair[0]), ""
    pages = -(-len(numbered) // lines)
    at = turn % pages
    return numbered[at * lines : (at + 1) * lines], f"{at + 1}/{pages}"
