"""What reading one disk showed, in plain words. It never says "erased": a look proves no purge."""

import msgspec

from agent.checks.results import DISK_READ, CheckResult, Measure, Outcome, measure, result
from agent.erasure import Media
from agent.report import words
from agent.text import clean
from agent.wipe.job import Event, Looked, NotClaimed, Rehearsed


def is_clean(last: Event | None) -> bool:
    """The whole disk was read and holds nothing that looks like data."""
    if not isinstance(last, Looked) or not last.is_whole or last.bad_sectors:
        return False
    content = last.verification.content
    return content is not None and not content.remains and content.kind not in ("mixed", "unread")


def as_check(media: Media, last: Event | None, operator: str | None, now: str) -> CheckResult:
    """The same for a record: a check of its own name, whose words claim no erasure."""
    outcome: Outcome = "not_tested"
    measured: list[Measure] = []
    if isinstance(last, Looked):
        read = last.verification
        outcome = "passed" if is_clean(last) else "failed" if last.is_whole or _has_remains(last) else "not_tested"
        permille = read.read_bytes * 1000 // read.addressable_bytes if read.addressable_bytes else 0
        name = media.serial or media.wwn or media.name
        measured = [
            measure("disk-read-share", permille, "permille", name),
            measure("disk-bad-sectors", last.bad_sectors, "count", name),
        ]
    fr, en = (" ".join(looked_lines(media, last, lang).split()) for lang in ("fr", "en"))
    made = result(DISK_READ, outcome, fr, en, *measured)
    return msgspec.structs.replace(made, operator=operator, taken_at=now)


def _has_remains(last: Looked) -> bool:
    return bool(last.verification.content and last.verification.content.remains)


def looked_lines(media: Media, last: Event | None, lang: str) -> str:
    en = lang == "en"
    name = clean(" ".join(filter(None, (media.serial or media.wwn or media.name, media.model))), 60)
    match last:
        case Rehearsed():
            said = "free: it could be wiped now." if en else "libre : il pourrait être effacé maintenant."
            return f"{name} : {said}"
        case NotClaimed(reason=reason):
            return f"{name} : {clean(reason.en if en else reason.fr, 400)}"
        case Looked():
            return "\n".join([name, *(f"  {line}" for line in _looked(last, lang))])
    return f"{name} : ?"


def _looked(last: Looked, lang: str) -> list[str]:
    en = lang == "en"
    read, content = last.verification, last.verification.content
    percent = words.percent_of(read.read_bytes, read.addressable_bytes, lang)
    lines = [f"read: {percent}" if en else f"lu : {percent}"]
    if not last.is_whole:
        lines[0] += ", stopped before the end" if en else ", arrêté avant la fin"
    if content is not None:
        kind = words.told(words.CONTENTS, content.kind, lang)
        lines.append(f"holds: {kind}" if en else f"contient : {kind}")
        if content.remains:
            names = clean(", ".join(sorted({one.signature for one in content.remains})), 120)
            lines.append(f"traces found: {names}" if en else f"traces trouvées : {names}")
    if last.bad_sectors:
        count = words.number(last.bad_sectors, lang)
        lines.append(f"unreadable sectors: {count}" if en else f"secteurs illisibles : {count}")
    lines.append(
        "Reading alone does not prove an erasure." if en else "Une relecture seule ne prouve pas un effacement."
    )
    return lines
