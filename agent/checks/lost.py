"""Disks of this PC that answer no more (`Machine.lost_disks`), and a person's word that they are out of it. Pure.

An answer names each disk that it is about by the digest of what its journal tells: an erasure that was tried again
since is not meant. A disk that answers again takes the word back: it was not out, or it is in again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from agent.checks.parts import part_of
from agent.checks.results import LOST_DISKS, CheckResult, Measure, measure, moment, result
from agent.facts import LostDisk, Machine

if TYPE_CHECKING:
    from agent.checks.running import Answer, Task

LOST_MOST = 20  # asked for at once: a bench may have seen hundreds; the next are asked for then
_NAMED_MOST = 4


def taken_out(results: Iterable[CheckResult]) -> frozenset[str]:
    """What a person said to be out, as `mark` names it; from results in the order in which they were taken."""
    found: set[str] = set()
    for one in results:
        named = {measured.name for measured in one.measured} if one.name == LOST_DISKS else set()
        if one.outcome == "passed" and one.by == "person":
            found |= named
        elif one.outcome == "failed":
            found -= named
    return frozenset(found)


def with_taken_out(machine: Machine, results: Iterable[CheckResult]) -> Machine:
    """The machine, knowing what was said of its lost disks."""
    if not machine.lost_disks:
        return machine
    said = taken_out(results)
    told = [msgspec.structs.replace(one, is_taken_out=mark(one.erasure_digest) in said) for one in machine.lost_disks]
    return msgspec.structs.replace(machine, lost_disks=tuple(told))


def mark(erasure_digest: str) -> str:
    return f"disk-{erasure_digest[:32]}"


def run(task: "Task") -> CheckResult:
    machine = task.around.machine
    part = part_of(machine, task.check)
    if not part.is_there:
        return result(LOST_DISKS, "not_applicable", part.fr, part.en)
    asked = _asked(machine)
    names = _names(asked)
    if len(asked) > 1:
        fr, en = f"{names}. Ces disques sont-ils tous sortis du PC ?", f"{names}. Are all these disks out of the PC?"
    else:
        fr, en = f"{names}. Ce disque est-il sorti du PC ?", f"{names}. Is this disk out of the PC?"
    return said(machine, task.ask(fr, en))


def said(machine: Machine, answer: "Answer") -> CheckResult:
    """A person's word about every lost disk that is not said to be out yet; about all where each one is."""
    asked = _asked(machine)
    names = _names(asked)
    if answer == "ok":
        fr, en = f"Sorti du PC, dit une personne : {names}.", f"Out of the PC, says a person: {names}."
        return result(LOST_DISKS, "passed", fr, en, *_measured(asked), by="person")
    if answer == "bad":
        fr, en = f"Encore dans le PC, dit une personne : {names}.", f"Still in the PC, says a person: {names}."
        return result(LOST_DISKS, "failed", fr, en, *_measured(asked), by="person")
    return result(LOST_DISKS, "not_tested", "Passé.", "Skipped.", by="person")


def answers_again(disks: Sequence[LostDisk], now: datetime) -> CheckResult:
    """It was said to be out, and this PC sees it."""
    names = _names(disks)
    fr, en = f"Répond de nouveau dans ce PC : {names}.", f"Answers again in this PC: {names}."
    found = result(LOST_DISKS, "failed", fr, en, *_measured(disks))
    return msgspec.structs.replace(found, taken_at=moment(now))


def _asked(machine: Machine) -> tuple[LostDisk, ...]:
    lost = (machine.lost_disks or ())[:LOST_MOST]  # one more stands for all that are left: nobody has read their names
    return tuple(one for one in lost if not one.is_taken_out) or lost


def _names(disks: Sequence[LostDisk]) -> str:
    named = ", ".join(one.name for one in disks[:_NAMED_MOST])
    return f"{named} + {len(disks) - _NAMED_MOST}" if len(disks) > _NAMED_MOST else named


def _measured(disks: Sequence[LostDisk]) -> list[Measure]:
    return [measure(mark(one.erasure_digest), (one.size_bytes or 0) >> 20, "mib", one.name) for one in disks]
