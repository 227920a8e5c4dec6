"""Many verdicts side by side: which profiles suit a machine, and which machines two profiles judge differently."""

from collections.abc import Iterable, Sequence

import msgspec

from agent.facts import Machine
from agent.rules.compile import compile_profile
from agent.rules.tree import OUTCOMES, Outcome, Profile
from agent.verdict.judge import Verdict, judge

WORDS: dict[Outcome, tuple[str, str]] = {
    "refurbish": ("bon pour le don", "good to give"),
    "repair": ("à réparer", "to repair"),
    "review": ("à vérifier", "to check"),
    "recycle": ("à recycler", "to recycle"),
}


def best_fitting(verdicts: Iterable[Verdict], profiles: Iterable[Profile]) -> tuple[Verdict, ...]:
    """Those of one machine's verdicts by whose profile it already suits, best ranked first."""
    judged = {verdict.profile: verdict for verdict in verdicts}
    ranked = sorted((one for one in profiles if not one.is_part), key=lambda profile: (profile.rank, profile.name))
    found = [judged[profile.name] for profile in ranked if profile.name in judged]
    return tuple(verdict for verdict in found if verdict.outcome == "refurbish" and verdict.applies)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One machine that two profiles judge differently, with the rules that make the difference."""

    machine: str
    before: Outcome
    after: Outcome
    rules_before: tuple[str, ...]  # deciding rules of the first profile that the second does not hold against it
    rules_after: tuple[str, ...]


def differences(before: Profile, after: Profile, machines: Iterable[tuple[str, Machine]]) -> tuple[Change, ...]:
    """`machines` as (name, machine): the worse changes first, in the order given otherwise."""
    one, other = compile_profile(before), compile_profile(after)
    changes = []
    for name, machine in machines:
        was, now = judge(machine, one), judge(machine, other)
        if was.outcome != now.outcome:
            old, new = _deciding(was), _deciding(now)
            changes.append(
                Change(
                    machine=name,
                    before=was.outcome,
                    after=now.outcome,
                    rules_before=tuple(rule for rule in old if rule not in new),
                    rules_after=tuple(rule for rule in new if rule not in old),
                )
            )
    return tuple(sorted(changes, key=lambda change: -OUTCOMES.index(change.after)))


def _deciding(verdict: Verdict) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r.rule for r in verdict.reasons if r.outcome == verdict.outcome and not r.note))


def tell_differences(changes: Sequence[Change], lang: str) -> str:
    """One line a machine: its name, both outcomes, the rules between them."""
    if not changes:
        return "No machine changes.\n" if lang == "en" else "Aucun ordinateur ne change de verdict.\n"
    lines = []
    for change in changes:
        rules = ", ".join((*(f"-{rule}" for rule in change.rules_before), *(f"+{rule}" for rule in change.rules_after)))
        words = (WORDS[change.before][lang == "en"], WORDS[change.after][lang == "en"])
        lines.append(f"{change.machine}: {words[0]} → {words[1]}" + (f" ({rules})" if rules else ""))
    return "\n".join(lines) + "\n"
