"""Probes: each asks the Host about one kind of thing and returns `Findings`. They never judge and never raise.

Every probe module has a pure half (`parse_…(text) -> facts`) and a door half (`probe(host, …) -> Findings`).
"""

from dataclasses import dataclass, field
from typing import Any

from agent.facts import Gap, Why


@dataclass(slots=True)
class Findings:
    """What one probe learnt: sections of `Machine` by field name, gaps, and where each path came from."""

    facts: dict[str, Any] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)

    def found(self, section: str, value: Any, source: str) -> None:
        self.facts[section] = value
        self.sources[section] = source

    def missed(self, path: str, source: str, why: Why, detail: str = "") -> None:
        self.gaps.append(Gap(path=path, source=source, why=why, detail=detail))
