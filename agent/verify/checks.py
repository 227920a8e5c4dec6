"""What a record says of its guided checks: somebody's word, and whether it carries the word *reconditionné*."""

from agent.checks.gate import missing_in
from agent.checks.registry import BY_NAME
from agent.checks.results import DISK_READ, CheckResult
from agent.record import Record, may_say_refurbished
from agent.text import clean
from agent.verify.findings import Finding, unproven


def about_checks(record: Record) -> list[Finding]:
    """Nothing for a record without checks: it claims nothing of the kind."""
    checks = [one for one in record.checks if one.name != DISK_READ]
    if not checks:
        return []
    passed = sum(one.outcome == "passed" for one in checks)
    failed = [_title(one) for one in checks if one.outcome == "failed"]
    undone = sum(one.outcome == "not_tested" for one in checks)
    names_fr = ", ".join(fr for fr, _ in failed) or "aucun"
    names_en = ", ".join(en for _, en in failed) or "none"
    found = [
        unproven(
            f"La station dit : {passed} tests réussis, ratés : {names_fr}, pas faits : {undone}.",
            f"The station says: {passed} checks passed, failed: {names_en}, not done: {undone}.",
        )
    ]
    is_open, reasons = may_say_refurbished(record)
    if is_open:
        fr = "D'après cette fiche, le mot « reconditionné » peut être employé."
        en = "By this record, the word “refurbished” may be used."
        if any(not disk.removable for disk in record.machine.disks or ()) and not record.erasures:
            fr += " Les preuves d'effacement sont dans d'autres fiches : vérifiez-les aussi."
            en += " The evidence of the erasures is in other records: verify them too."
        found.append(unproven(fr, en))
    else:
        fr = f"Le mot « reconditionné » ne peut pas être employé. Il manque : {missing_in(reasons, 'fr')}"
        en = f"The word “refurbished” may not be used. Missing: {missing_in(reasons, 'en')}"
        found.append(unproven(clean(fr, 600), clean(en, 600)))
    return found


def about_readings(record: Record) -> list[Finding]:
    """What `wipe --verify-only` saw, and that it proves no erasure."""
    readings = [one for one in record.checks if one.name == DISK_READ]
    found = [
        unproven(
            f"La station dit : disque relu. {clean(one.fr, 400)}", f"The station says: disk read. {clean(one.en, 400)}"
        )
        for one in readings
    ]
    if readings:
        found.append(
            unproven(
                "Une relecture ne prouve pas un effacement : elle ne dit que ce qui se lisait ce jour-là.",
                "Reading proves no erasure: it only says what could be read on that day.",
            )
        )
    return found


def _title(one: CheckResult) -> tuple[str, str]:
    check = BY_NAME.get(one.name)
    return (check.title.fr, check.title.en) if check else (clean(one.name, 40), clean(one.name, 40))
