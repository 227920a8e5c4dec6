"""`checks`: the guided checks of this PC, their state, and the word that its label may carry."""

import argparse
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.commands.look import add_json, add_source, look
from agent.commands.say import Say, note, tell, tell_json
from agent.commands.triage import add_desk, desk_of

if TYPE_CHECKING:
    from agent.checks.journal import CheckJournal
    from agent.checks.registry import Check
    from agent.checks.results import CheckResult
    from agent.checks.running import Answer
    from agent.erasure import Reason
    from agent.facts import Machine
    from agent.home import Home
    from agent.rules import Profile
    from agent.verdict import Verdict
    from agent.visit import Desk, Noted

_WIDTH, _LINES, _COLUMN, _MISSING_MOST = 80, 23, 40, 5
_SIGNS = {"passed": "OK", "failed": "X ", "not_tested": "  ", "not_applicable": "- "}


def add_checks(parser: argparse.ArgumentParser, say: Say) -> None:
    add_source(parser, say)
    add_json(parser, say)
    parser.add_argument(
        "--run", dest="names", nargs="+", metavar="NAME", default=[], help=say("faire ces tests", "do these checks")
    )
    parser.add_argument(
        "--automatic",
        action="store_true",
        help=say("faire ceux qui se passent de vous", "do those needing nobody"),
    )
    parser.add_argument(
        "--guided", action="store_true", help=say("faire les autres, un par un", "do the others, one by one")
    )
    parser.add_argument(
        "--answer", action="append", metavar="NAME=ok|bad|skip|absent", default=[],
        help=say("répondre sans poser la question, plusieurs fois si besoin", "answer unasked, may be repeated"),
    )  # fmt: skip
    parser.add_argument(
        "--short", action="store_true",
        help=say("temps courts : trouvent des pannes, ne prouvent rien", "short times: find faults, prove nothing"),
    )  # fmt: skip
    parser.add_argument(
        "--new", action="store_true", help=say("commencer une autre visite de ce PC", "begin another visit of this PC")
    )
    parser.add_argument(
        "--sign",
        action="store_true",
        help=say("signer une fiche, à livrer plus tard", "sign a record, delivered later"),
    )
    add_desk(parser, say)
    parser.set_defaults(run=run_checks, profile=None, profiles_dir=None)


def run_checks(options: argparse.Namespace, say: Say) -> int:
    from agent.checks.gate import complete
    from agent.errors import UsageError
    from agent.home import find_home

    answers = [_answer(text) for text in options.answer]
    wanted = [_named(name) for name in options.names]
    acts = bool(wanted or answers or options.automatic or options.guided or options.new or options.sign)
    if options.source is not None and acts:
        raise UsageError(
            fr="Une capture ne se teste pas : --from montre seulement la liste.",
            en="A capture cannot be checked: --from only shows the list.",
        )
    home = find_home(options.home)
    if options.source is not None:
        machine = look(options.source, say)
        return _told(options, say, machine, complete(machine, ()), _verdicts(machine, None))
    return _at_work(options, say, home, wanted, answers)


def _at_work(
    options: argparse.Namespace, say: Say, home: "Home", wanted: "list[Check]",
    answers: "list[tuple[Check, Answer]]",
) -> int:  # fmt: skip
    from agent.checks.gate import complete
    from agent.checks.lost import with_taken_out
    from agent.checks.registry import CHECKS
    from agent.checks.running import Around, answered, answers_of, stamped
    from agent.commands.asking import Terminal
    from agent.errors import StorageError, UsageError
    from agent.host import Host
    from agent.visit import is_wiping, of_this_visit, open_checks

    desk, profiles = desk_of(options, home, say)
    host, now = Host(), datetime.now(UTC)
    try:
        key = home.key()
    except StorageError:  # told when something is to be kept; looking needs no key
        key = None
    machine, kept = of_this_visit(home, look(None, say, home, key), host, now)
    journal = open_checks(home.checks, machine, host, now)
    taken = list(kept)
    if options.new:
        journal.close(now)
        journal, taken = open_checks(home.checks, machine, host, now), []
        machine = with_taken_out(machine, ())
    around = Around(
        host=host, machine=machine, operator=desk.operator, short=options.short,
        is_wiping=lambda: is_wiping(home.wipes),
    )  # fmt: skip
    for check, answer in answers:
        if check.ask is None or answer not in answers_of(machine, check):
            raise UsageError(
                fr=f"{check.name} ne prend pas cette réponse : {answer}.",
                en=f"{check.name} does not take this answer: {answer}.",
            )
    is_kept = True
    for check, answer in answers:
        is_kept &= _keep(journal, stamped(answered(machine, check, answer), around), taken, say)
    undone = {one.name for one in complete(machine, taken) if one.outcome == "not_tested"}
    wanted += [
        check for check in CHECKS
        if check.name in undone and check not in wanted
        and (options.automatic if check.kind == "automatic" else options.guided)
    ]  # fmt: skip
    terminal = Terminal(say)
    for check in wanted:
        is_kept &= _keep(journal, terminal.run(check, around), taken, say)
    machine = with_taken_out(machine, taken)
    judged = _verdicts(machine, profiles)
    noted = _sign(home, machine, taken, desk, judged) if options.sign else None
    return max(_told(options, say, machine, complete(machine, taken), judged, noted), int(not is_kept))


def _keep(journal: "CheckJournal", found: "CheckResult", taken: "list[CheckResult]", say: Say) -> bool:
    """Ten minutes of work are not thrown away because the stick is full: told, and still in this run's record."""
    from agent.errors import StorageError

    taken.append(found)
    try:
        journal.add(found)
    except StorageError as error:
        lost = say("Ce résultat n'est PAS gardé pour plus tard.", "This result is NOT kept for later.")
        note(f"rebond: {error.told(say.lang)} {lost}")
        return False
    return True


def _verdicts(machine: "Machine", names: "Sequence[str] | None") -> "list[tuple[Profile, Verdict]]":
    """By each profile, the first being the one that counts."""
    from agent.rules import load_profiles
    from agent.verdict import judge

    return [(profile, judge(machine, profile)) for profile in load_profiles(None, only=names)]


def _sign(
    home: "Home", machine: "Machine", checks: "Sequence[CheckResult]", desk: "Desk",
    judged: "list[tuple[Profile, Verdict]]",
) -> "Noted":  # fmt: skip
    from agent.host import Host
    from agent.outbox import Outbox
    from agent.record import ProfileUsed
    from agent.visit import clock_evidence, note_visit

    now = datetime.now(UTC)
    used = [ProfileUsed(name=profile.name, version=profile.version, digest=profile.digest) for profile, _ in judged]
    return note_visit(
        machine, [verdict for _, verdict in judged], used, key=home.key(), outbox=Outbox(home.outbox), desk=desk,
        now=now, clock=clock_evidence(Host(), machine, now), checks=checks, kind="check",
    )  # fmt: skip


# --- what was typed ---------------------------------------------------------------------------------------------------


def _named(name: str) -> "Check":
    import difflib

    from agent.checks.registry import BY_NAME
    from agent.errors import UsageError

    if name in BY_NAME:
        return BY_NAME[name]
    near = difflib.get_close_matches(name, BY_NAME, 1)
    raise UsageError(
        fr=f"Pas de test « {name} »." + (f" Vouliez-vous dire {near[0]} ?" if near else ""),
        en=f'No check "{name}".' + (f" Did you mean {near[0]}?" if near else ""),
    )


def _answer(text: str) -> "tuple[Check, Answer]":
    from agent.errors import UsageError

    name, _, answer = text.partition("=")
    if answer not in ("ok", "bad", "skip", "absent"):
        raise UsageError(
            fr=f"Réponse « {text} » : écrivez NOM=ok, bad, skip ou absent.",
            en=f'Answer "{text}": write NAME=ok, bad, skip or absent.',
        )
    return _named(name), answer  # type: ignore[return-value] # one of four


# --- what is told -----------------------------------------------------------------------------------------------------


def _told(
    options: argparse.Namespace, say: Say, machine: "Machine", states: "Sequence[CheckResult]",
    judged: "list[tuple[Profile, Verdict]]", noted: "Noted | None" = None,
) -> int:  # fmt: skip
    from agent.checks.gate import may_be_called_refurbished, word

    is_open, missing = may_be_called_refurbished(machine, states, outcome=judged[0][1].outcome)
    allowed = word(states, say.lang, is_open=is_open)
    if options.json:
        record = {"id": noted.id, "digest": noted.digest, "path": str(noted.path)} if noted else None
        tell_json({
            "checks": states, "word": allowed, "may_be_called_refurbished": is_open, "missing": missing,
            "record": record,
        })  # fmt: skip
    else:
        tell(check_lines(machine, states, allowed, missing, say))
        if noted:
            note(say(f"Fiche signée, en attente : {noted.path}", f"Record signed, waiting: {noted.path}"))
    return 1 if any(one.outcome == "failed" for one in states) else 0


def check_lines(
    machine: "Machine", states: "Sequence[CheckResult]", allowed: str, missing: "Sequence[Reason]", say: Say
) -> str:
    """At most 23 lines of 80: what applies in two columns, then the word and what is missing for the next."""
    from agent.checks.parts import gates
    from agent.checks.registry import BY_NAME
    from agent.oneline import one_line

    cells = []
    for one in states:
        check = BY_NAME.get(one.name)
        if check is None or one.outcome == "not_applicable":
            continue
        left, right = "[]" if gates(machine, check) else "()"
        cells.append(f"{left}{_SIGNS[one.outcome]}{right} {one.name:<14}{check.title.told(say.lang)}"[: _COLUMN - 1])
    half = (len(cells) + 1) // 2
    rows = [f"{cells[at]:<{_COLUMN}}{cells[at + half] if at + half < len(cells) else ''}" for at in range(half)]
    absent = [BY_NAME[one.name].title.told(say.lang) for one in states
              if one.outcome == "not_applicable" and one.name in BY_NAME]  # fmt: skip
    lines = [one_line(machine, say.lang)[:_WIDTH], "", *(row.rstrip() for row in rows)]
    if absent:
        lines += textwrap.wrap(say("Sans objet : ", "Not applicable: ") + ", ".join(absent) + ".", _WIDTH)[:2]
    lines += [say("[OK] bon  [X ] raté  [  ] pas testé  (  ) pas demandé pour « reconditionné »",
                  "[OK] passed  [X ] failed  [  ] not tested  (  ) not asked for “refurbished”"), ""]  # fmt: skip
    lines.append(say(f"Mot permis sur l'étiquette : {allowed}.", f"Word allowed on the label: {allowed}."))
    return "\n".join([*lines, *_missing_lines(missing, _LINES - len(lines), say)])


def _missing_lines(missing: "Sequence[Reason]", room: int, say: Say) -> list[str]:
    """The first ones, two lines each at most, and how many more there are."""
    lines: list[str] = []
    for place, reason in enumerate(missing):
        told = textwrap.wrap("- " + say(reason.fr, reason.en), _WIDTH, subsequent_indent="  ")[:2]
        is_last = place == len(missing) - 1
        if place == _MISSING_MOST or len(lines) + len(told) + (not is_last) > room:
            more = len(missing) - place
            return [*lines, say(f"… et encore {more} points manquent.", f"… and {more} more points are missing.")]
        lines += told
    return lines
