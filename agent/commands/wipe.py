"""`wipe`: plan → armed by the operator's hand → erased, a process for each disk → records and a signed manifest."""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.bench import NOT_PROVEN, REFUSED, Bench
from agent.commands.reading import run_look
from agent.commands.say import Say, note, refused, tell
from agent.commands.triage import code

if TYPE_CHECKING:
    from agent.bulk.session import Asked
    from agent.home import Home


def add_wipe(parser: argparse.ArgumentParser, say: Say) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--disk", nargs="+", action="extend", metavar="SERIAL", help=say("numéros de série", "serial numbers")
    )
    what.add_argument(
        "--session", type=Path, metavar="FILE", help=say("liste approuvée de disques", "approved list of disks")
    )
    what.add_argument(
        "--resume", action="store_true", help=say("reprendre ce qui a été interrompu", "go on with what was cut short")
    )
    parser.add_argument(
        "--verify-only", action="store_true", help=say("relire seulement, ne rien écrire", "only read, write nothing")
    )
    parser.add_argument(
        "--dry-run", action="store_true", help=say("répéter sans rien écrire", "rehearse, write nothing")
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help=say("contrôler la liste (--session) seulement", "only check the list (--session)"),
    )
    parser.add_argument(
        "--method",
        choices=("best", "overwrite", "zeros"),
        help=say("méthode (défaut : best)", "method (default: best)"),
    )
    parser.add_argument(
        "--verify", choices=("full", "sampled"), help=say("relecture (défaut : full)", "reading back (default: full)")
    )
    parser.add_argument("--psid", metavar="CODE", type=code, help=say("code PSID de l'étiquette", "PSID of the label"))
    parser.add_argument(
        "--virtual", action="store_true", help=say("permettre les disques virtuels", "allow virtual disks")
    )
    parser.add_argument(
        "--unattended",
        action="store_true",
        help=say("sans rien taper (liste avec count et operator)", "type nothing (a list with count and operator)"),
    )
    parser.add_argument(
        "--unfreeze",
        action="store_true",
        help=say("d'abord une courte veille, pour dégeler les disques", "first a short sleep, to unfreeze the disks"),
    )
    parser.add_argument("--json", action="store_true", help=say("un document par ligne", "one document a line"))
    parser.add_argument("--operator", metavar="CODE", type=code, help=say("code du technicien", "operator's code"))
    parser.add_argument("--lot", metavar="CODE", type=code, help=say("lot de la collecte", "lot of the collection"))
    parser.add_argument("--sticker", metavar="CODE", type=code, help=say("étiquette du PC", "sticker on the PC"))
    parser.set_defaults(run=run_wipe)


def run_wipe(options: argparse.Namespace, say: Say) -> int:
    from agent.errors import InputRefused

    try:
        return _run(options, say)
    except InputRefused as error:  # before anything was touched
        return refused(error, say)


def _run(options: argparse.Namespace, say: Say) -> int:
    from agent.home import find_home

    asked = _asked(options)
    if options.check:
        return _check(asked, say)
    home = find_home(options.home)
    if os.geteuid() != 0:
        from agent.commands.look import NOT_ROOT

        note(say(*NOT_ROOT))
    if options.verify_only or options.dry_run:
        return run_look(options, say, home, asked)
    _write_belated(home, say)
    if options.resume:
        return _resume(options, say, home, asked)
    tell_unfinished(home, say)
    bench = Bench(options, say, home, asked)
    chosen = bench.choose()
    armed = bench.arm(chosen)
    if armed is None:
        return REFUSED
    from agent.bulk.carrying import authorised

    return bench.carry(armed, authorised(armed, bench.asked, home.wipes, bench.machine, allow_virtual=options.virtual))


# --- what is asked ----------------------------------------------------------------------------------------------------


def _asked(options: argparse.Namespace) -> "Asked":
    from agent.bulk.session import Asked, read_session
    from agent.errors import UsageError

    if options.session is None:
        if options.unattended:
            raise UsageError(
                fr="--unattended demande une liste : --session FICHIER.",
                en="--unattended needs a list: --session FILE.",
            )
        asked = Asked(serials=tuple(options.disk or ()))
    else:
        asked = read_session(options.session)
    for name in ("operator", "lot", "method", "verify"):
        told, wanted = getattr(asked, name), getattr(options, name)
        if wanted is None or wanted == told:
            continue
        if options.session is not None and told is not None:
            raise UsageError(
                fr=f"--{name} {wanted} contredit la liste, qui dit {told}. Changez l'un des deux.",
                en=f"--{name} {wanted} contradicts the list, which says {told}. Change one of them.",
            )
        asked = replace(asked, **{name: wanted})
    if options.unattended and (asked.count is None or asked.operator is None):
        raise UsageError(
            fr="--unattended demande une liste qui dit « count » et « operator ».",
            en="--unattended needs a list that tells count and operator.",
        )
    if options.verify_only and (options.dry_run or options.disk is None):
        raise UsageError(fr="--verify-only va avec --disk seul.", en="--verify-only goes with --disk alone.")
    if options.check and options.session is None:
        raise UsageError(fr="--check va avec --session FICHIER.", en="--check goes with --session FILE.")
    if options.dry_run and options.resume:
        raise UsageError(fr="--dry-run ne va pas avec --resume.", en="--dry-run does not go with --resume.")
    return replace(asked, psid=options.psid)


def _check(asked: "Asked", say: Say) -> int:
    """The list has no mistake (`_asked` would have told each): what it says, and what it leaves to the bench."""
    from agent.text import clean

    count = len(asked.serials)
    many = "s" * (count != 1)
    tell(say(f"Liste sans faute : {count} disque{'s' * (count > 1)}.", f"The list has no mistake: {count} disk{many}."))
    missing = [name for name in ("count", "operator") if getattr(asked, name) is None]
    if missing:
        told = ", ".join(missing)
        tell(say(f"Elle ne dit pas : {told}. Il le faut pour --unattended.",
                 f"It does not tell: {told}. That is needed for --unattended."))  # fmt: skip
    for name, value in (("session", asked.name), ("operator", asked.operator), ("lot", asked.lot),
                        ("method", asked.method), ("verify", asked.verify)):  # fmt: skip
        if value is not None:
            tell(f"  {name}: {clean(value, 80)}")
    tell("\n".join(f"  - {clean(serial, 80)}" for serial in asked.serials))
    return 0


def tell_unfinished(home: "Home", say: Say) -> None:
    """What a power cut left: told at every start, until it is gone on with or begun anew."""
    from agent.bulk.resuming import sentence, unfinished

    if told := sentence(unfinished(home.wipes), say.lang):
        note(f"rebond: {told}")
    _tell_damaged(home, say)


def _tell_damaged(home: "Home", say: Say) -> None:
    from agent.bulk.resuming import damaged

    for path in damaged(home.wipes):
        note(
            say(
                f"rebond: journal illisible : {path}. Son disque n'est pas prouvé effacé ; effacez-le de nouveau.",
                f"rebond: unreadable journal: {path}. Its disk is not proven erased; erase it again.",
            )
        )


def _write_belated(home: "Home", say: Say) -> None:
    """What ended before a crash and never got its record gets it now."""
    from agent.bulk.belated import tell_belated, untold
    from agent.bulk.unfreezing import running_wipes
    from agent.errors import RebondError
    from agent.host import Host
    from agent.outbox import Outbox
    from agent.report import words
    from agent.rules import load_profiles

    left, host = untold(home.wipes), Host()
    if not left or running_wipes(host):  # another session is about to write its own
        return
    try:
        for erasure, _ in tell_belated(left, home.key(), Outbox(home.outbox), load_profiles(None), host):
            token, how = erasure.media.serial or erasure.media.wwn or "?", words.ending(erasure, say.lang)
            note(
                say(
                    f"rebond: fiche écrite après coup : {token}, {how}.",
                    f"rebond: record written late: {token}, {how}.",
                )
            )
    except RebondError as error:
        note(f"rebond: {error.told(say.lang)}")


# --- going on  ------------------------------------------------------------------------------------


def _resume(options: argparse.Namespace, say: Say, home: "Home", asked: "Asked") -> int:
    import msgspec

    from agent.bulk.carrying import authorised_anew
    from agent.bulk.liars import remembered
    from agent.bulk.resuming import meet, unfinished

    left = unfinished(home.wipes)
    _tell_damaged(home, say)
    if not left:
        tell(say("Rien à reprendre.", "Nothing to go on with."))
        return 0
    options.virtual = options.virtual or any(one.job.allow_virtual for one in left)
    bench = Bench(options, say, home, asked)
    here, absent = meet(left, bench.surveyed)
    for one, why in absent:
        note(f"rebond: {one.token} : {say(why.fr, why.en)}")
    if not here:
        return REFUSED
    before = {one.left.job.operator for one in here}
    bench.asked = replace(
        bench.asked, serials=tuple(one.chosen.token for one in here), is_list=True,
        operator=bench.asked.operator or (before.pop() if len(before) == 1 else None),
    )  # fmt: skip
    armed = bench.arm(remembered([one.chosen for one in here], home.wipes))
    if armed is None:
        return REFUSED
    jobs = authorised_anew(armed, here, home.wipes, bench.machine)
    if asked.psid is not None and len(jobs) == 1:  # it is kept nowhere, so it is given again
        jobs = (msgspec.structs.replace(jobs[0], psid=asked.psid),)
    code = bench.carry(armed, jobs, [one.left for one in here])
    return code or (NOT_PROVEN if absent else 0)
