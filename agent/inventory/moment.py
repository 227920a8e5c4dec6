"""Times as records tell them: UTC, ISO 8601, to the second. The clock itself is handed in by whoever builds the app."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def told(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_aloud(text: str, lang: str) -> str:
    """ "2026-03-09T14:05:00Z" → "9 mars 2026, 14:05 UTC"; anything else as it is."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return text
    day = "1er" if moment.day == 1 and lang != "en" else str(moment.day)
    return f"{day} {_MONTHS[lang == 'en'][moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"


_MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "January February March April May June July August September October November December".split(),
)
