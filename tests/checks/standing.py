"""Results as a technician would have them."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from agent.checks.parts import part_of
from agent.checks.registry import CHECKS
from agent.checks.results import CheckResult, result
from agent.facts import Machine

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


def passed(name: str, **changes: Any) -> CheckResult:
    return msgspec.structs.replace(result(name, "passed", "Bon.", "Good."), taken_at="2026-11-27T09:30:00Z", **changes)


def failed(name: str) -> CheckResult:
    return passed(name, outcome="failed", fr="Cassé.", en="Broken.")


def all_passed(machine: Machine) -> tuple[CheckResult, ...]:
    return tuple(passed(check.name) for check in CHECKS if part_of(machine, check).is_there is not False)
