"""One sentence about a document, and whether it is proven, broken, or somebody's word."""

import msgspec

from agent.errors import EnvelopeError, RecordError
from agent.record import Record

_SIGNS = {"proven": "OK ", "broken": "NON", "unproven": " ? "}
_SIGNS_EN = {"proven": "OK ", "broken": "NO ", "unproven": " ? "}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence: `proven` by mathematics, `broken`, or `unproven` (somebody's word)."""

    state: str
    fr: str
    en: str

    def told(self, lang: str) -> str:
        return f"{_SIGNS_EN[self.state]} {self.en}" if lang == "en" else f"{_SIGNS[self.state]} {self.fr}"


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    findings: tuple[Finding, ...]
    digest: str | None = None
    record: Record | None = None  # only when the signature holds
    is_authentic: bool = (
        False  # signature, key, receipt and shape hold; what the record says may still contradict itself
    )

    @property
    def holds(self) -> bool:
        """Everything that was there to be checked holds: the exit code's truth."""
        return not any(finding.state == "broken" for finding in self.findings)

    def lines(self, lang: str) -> tuple[str, ...]:
        return tuple(finding.told(lang) for finding in self.findings)


def proven(fr: str, en: str) -> Finding:
    return Finding(state="proven", fr=fr, en=en)


def unproven(fr: str, en: str) -> Finding:
    return Finding(state="unproven", fr=fr, en=en)


def broken(fr: str, en: str) -> Finding:
    return Finding(state="broken", fr=fr, en=en)


def refused(error: EnvelopeError | RecordError) -> Finding:
    return broken(error.fr, error.en)
