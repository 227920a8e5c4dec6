"""One machine under one profile → one Verdict. The worst reason wins: recycle > repair > review > refurbish.

A verdict is a document: plain values only, the same in `--json`, in a record and on a page. Every reason names its
rule, fact, observed and required values, source, and why it matters, in both languages.
"""

import re
from collections.abc import Iterable

import msgspec

from agent.facts import Gap, Machine, source_of
from agent.rules.compile import Judge, compile_profile
from agent.rules.tree import OUTCOMES, WIPE, Bilingual, Fix, Outcome, Profile, Rule, WhenUnknown
from agent.verdict.fixes import Need, Purchase, cheapest
from agent.verdict.proof import Finding, find
from agent.verdict.sentences import tell_finding, where_told

Value = bool | int | str | tuple[bool | int | str, ...] | None
_TEXT_MOST = 256
_WIPED = ("purged", "cleared", "cleared_with_exceptions")
_STILL_BAD = Bilingual(
    fr="L'effacement n'a pas réparé ce disque. Il faut le remplacer.",
    en="The wipe did not mend this disk. It is to be replaced.",
)


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why the outcome is not better, or (`note`) something to know that changes nothing."""

    rule: str
    outcome: Outcome
    note: bool = False
    unknown: bool = False  # the fact could not be learnt; `gap` says why
    fact: str  # "disks[0].health.pending_sectors"
    item: str | None = None  # "disks[0]", when one item of a list is what the rule is about
    operator: str
    observed: Value
    required: Value
    source: str | None
    gap: Gap | None = None
    because: Bilingual
    told: Bilingual  # one sentence: what was seen, what is wanted
    fix: Fix | None = None
    recheck: str | None = None  # "after-wipe": judge again then
    also: tuple[str, ...] = ()  # other rules that wait for the same unknown fact


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    profile: str
    version: int
    digest: str
    title: Bilingual
    outcome: Outcome
    class_: str = msgspec.field(name="class")  # "refurbishable" | "recycling"
    applies: bool | None  # the profile is meant for this kind of computer; None: the kind is unknown
    reasons: tuple[Reason, ...]  # worst first, notes last
    fixes: tuple[Purchase, ...]  # the cheapest set that mends all that can be mended; none for a PC to recycle
    fixes_cost_eur: int
    blocked_by: tuple[str, ...]  # rules that no part mends: with none of these, `fixes` make it `refurbish`


def judge(machine: Machine, profile: Profile | Judge) -> Verdict:
    """Never raises, whatever the machine is. Give a `Judge` (compiled once) to judge many machines."""
    judged_by = profile if isinstance(profile, Judge) else compile_profile(profile)
    own = judged_by.profile
    found: list[tuple[Reason, Rule]] = []
    for rule, test in judged_by.tests:
        truth = test(machine)
        if truth is not True:
            found += [(reason, rule) for finding in find(rule, machine) if (reason := _reason(rule, finding, machine))]
    outcome = worst(reason.outcome for reason, _ in found)
    reasons = _ordered(_merged([reason for reason, _ in found]))
    fixes, blocked_by = _mended(found, outcome, machine)
    return Verdict(
        profile=own.name,
        version=own.version,
        digest=own.digest,
        title=own.title,
        outcome=outcome,
        class_="recycling" if outcome == "recycle" else "refurbishable",
        applies=applies(machine, own),
        reasons=reasons,
        fixes=tuple(_placed(fix, machine) for fix in fixes),
        fixes_cost_eur=sum(fix.cost_eur for fix in fixes),
        blocked_by=blocked_by,
    )


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of these, `refurbish` of none."""
    return max(outcomes, key=OUTCOMES.index, default="refurbish")


def applies(machine: Machine, profile: Profile) -> bool | None:
    """A profile for other kinds of computer still judges this one, with a reason that asks a person."""
    if not profile.chassis:
        return True
    chassis = machine.system.chassis
    return None if chassis is None else chassis in profile.chassis


def _reason(rule: Rule, finding: Finding, machine: Machine) -> Reason | None:
    """The reason this finding gives, or None where the rule says that an unknown is no matter."""
    is_unknown = finding.truth is None
    meaning = meaning_of(rule, finding)
    if meaning == "ignore":
        return None
    leaf = finding.deciding.leaf
    gap = gap_of(machine, leaf.path) if is_unknown else None
    outcome: Outcome = "refurbish" if meaning == "note" else meaning
    is_fact_unknown = is_unknown and not finding.is_scope_unknown
    because = rule.unknown_because if is_fact_unknown and rule.unknown_because else rule.because
    is_final = has_been_rechecked(rule, finding.item, machine)
    if is_final and not is_unknown:
        because = _STILL_BAD
    # What is unknown is looked at first: nobody buys a part for a fact that may be fine.
    is_mendable = outcome == "repair" or (outcome == "review" and not is_unknown)
    fixes = fixes_of(rule, finding.item, machine)
    fix = min(fixes, key=lambda one: one.cost_eur, default=None) if is_mendable else None
    return Reason(
        rule=rule.id,
        outcome=outcome,
        note=meaning == "note",
        unknown=is_unknown,
        fact=leaf.path,
        item=finding.item,
        operator=("not " if finding.deciding.is_negated else "") + (leaf.operator or leaf.kind),
        observed=_bounded(leaf.observed),
        required=leaf.required,
        source=source_of(machine, leaf.path) or (gap.source if gap else None),
        gap=gap,
        because=because,
        told=_told(rule, finding, machine, gap),
        fix=fix,
        recheck=None if is_final else rule.recheck,
    )


def has_been_rechecked(rule: Rule, item: str | None, machine: Machine) -> bool:
    """This rule waited for a wipe, and this disk has had it in this visit: what it says now is its last word."""
    match = re.fullmatch(r"disks\[(\d+)\]", item or "")
    if rule.recheck != "after-wipe" or match is None:
        return False
    return (machine.disks or ())[int(match[1])].erasure in _WIPED


def fixes_of(rule: Rule, item: str | None, machine: Machine) -> tuple[Fix, ...]:
    """The rule's fixes that can still help: a wipe that did not mend a disk will not do so the second time."""
    if not has_been_rechecked(rule, item, machine):
        return rule.fixes
    return tuple(fix for fix in rule.fixes if fix.part != WIPE)


def _told(rule: Rule, finding: Finding, machine: Machine, gap: Gap | None) -> Bilingual:
    """Of a bad fact that may not concern this PC, what is bad comes first: only then does the question make sense."""
    told = tell_finding(finding, machine, gap)
    if not finding.is_scope_unknown:
        return told
    return Bilingual(fr=f"{rule.because.fr} {told.fr}", en=f"{rule.because.en} {told.en}")


def meaning_of(rule: Rule, finding: Finding) -> WhenUnknown:
    """`unknown:` speaks of the fact. A known bad fact that may not concern this PC is for a person to look at."""
    if finding.truth is not None:
        return rule.failing
    if finding.is_scope_unknown and rule.unknown in ("ignore", "note"):
        return "note" if rule.failing == "note" else "review"
    return rule.unknown


def _bounded(value: Value) -> Value:
    return value[:_TEXT_MOST] if isinstance(value, str) else value


def gap_of(machine: Machine, path: str) -> Gap | None:
    """Why this fact is unknown: the gap nearest to it, upwards."""
    while path:
        for gap in machine.gaps:
            if gap.path == path:
                return gap
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
    return None


def _merged(reasons: list[Reason]) -> list[Reason]:
    """One unknown fact is one reason, however many rules wait for it; the first names the others."""
    kept: dict[tuple[object, ...], Reason] = {}
    for place, reason in enumerate(reasons):
        is_alone = not reason.unknown or reason.note or reason.fix is not None
        key = (place,) if is_alone else (reason.fact, reason.outcome)
        first = kept.get(key)
        if first is None:
            kept[key] = reason
        elif reason.rule != first.rule and reason.rule not in first.also:
            kept[key] = msgspec.structs.replace(first, also=(*first.also, reason.rule))
    # A note about a fact that decides anyway says nothing more.
    deciding = {reason.fact for reason in kept.values() if not reason.note}
    return [reason for reason in kept.values() if not (reason.note and reason.fact in deciding)]


def _ordered(reasons: list[Reason]) -> tuple[Reason, ...]:
    """Worst first; known before unknown; then the profile's own order."""
    return tuple(sorted(reasons, key=lambda reason: (-OUTCOMES.index(reason.outcome), reason.unknown)))


def _mended(
    found: list[tuple[Reason, Rule]], outcome: Outcome, machine: Machine
) -> tuple[tuple[Purchase, ...], tuple[str, ...]]:
    """The cheapest fixes, and the rules that none of them mends."""
    real = [
        (reason, Need(rule=rule.id, item=reason.item, fixes=fixes_of(rule, reason.item, machine)))
        for reason, rule in found
        if reason.outcome != "refurbish"
    ]
    fixes = () if outcome == "recycle" else cheapest([need for reason, need in real if _is_mendable(reason, need)])
    replaced = {fix.item for fix in fixes if fix.replaces}
    blocked = [
        need.rule
        for reason, need in real
        if not _is_mendable(reason, need) and (reason.item is None or reason.item not in replaced)
    ]
    return fixes, tuple(dict.fromkeys(blocked))


def _placed(fix: Purchase, machine: Machine) -> Purchase:
    """Of several disks, the sentence names the one to take out."""
    if fix.item is None or len(getattr(machine, fix.item.partition("[")[0], None) or ()) < 2:
        return fix
    fr, en = (where_told(fix.item, machine, lang) for lang in ("fr", "en"))
    texts = {"fr": f"{fr} : {fix.fr[:1].lower()}{fix.fr[1:]}", "en": f"{en}: {fix.en[:1].lower()}{fix.en[1:]}"}
    return msgspec.structs.replace(fix, **texts)


def _is_mendable(reason: Reason, need: Need) -> bool:
    """A part answers what is known to be wrong; what is unknown wants a look first, unless the rule says repair."""
    return bool(need.fixes) and (reason.outcome == "repair" or (reason.outcome == "review" and not reason.unknown))
