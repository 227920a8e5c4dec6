"""`wipe`: plan → armed by the operator's hand → erased, a process for each disk → records and a signed manifest."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.commands.say import Say, note, still_heard, tell
from agent.commands.triage import code

if TYPE_CHECKING:
    from agent.bulk.carrying import Carried, View
    from agent.bulk.noting import Notebook
    from agent.bulk.resuming import Unfinished
    from agent.bulk.roll import Armed
    from agent.bulk.session import Asked, Chosen
    from agent.facts import Machine
    from agent.home import Home
    from agent.host import Host
    from agent.settings import Settings
    from agent.wipe.job import Job
    from agent.wipe.survey import Surveyed

NOT_PROVEN, REFUSED = 4, 3


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
    except InputRefused as error:  # several sentences: a line each, before anything was touched
        from agent.text import clean

        for line in error.told(say.lang).splitlines():
            note(f"rebond: {clean(line, 500)}")
        return REFUSED


def _run(options: argparse.Namespace, say: Say) -> int:
    from agent.home import find_home

    asked = _asked(options)
    home = find_home(options.home)
    if os.geteuid() != 0:
        from agent.commands.look import NOT_ROOT

        note(say(*NOT_ROOT))
    if options.verify_only or options.dry_run:
        return _look(options, say, home, asked)
    _write_belated(home, say)
    if options.resume:
        return _resume(options, say, home, asked)
    tell_unfinished(home, say)
    bench = _Bench(options, say, home, asked)
    chosen = bench.choose()
    armed = bench.arm(chosen)
    if armed is None:
        return REFUSED
    from agent.bulk.carrying import authorised

    return bench.carry(armed, authorised(armed, bench.asked, home.wipes, allow_virtual=options.virtual))


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
    if options.dry_run and options.resume:
        raise UsageError(fr="--dry-run ne va pas avec --resume.", en="--dry-run does not go with --resume.")
    return replace(asked, psid=options.psid)


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


# --- one bench: the PC, its disks, its station ------------------------------------------------------------------------


class _Bench:
    """What every way of wiping shares: the station's key, this PC as it is, its disks."""

    def __init__(self, options: argparse.Namespace, say: Say, home: "Home", asked: "Asked") -> None:
        from agent.commands.look import look
        from agent.host import Host
        from agent.outbox import Outbox
        from agent.rules import load_profiles

        self.options, self.say, self.home = options, say, home
        settings = _settings(home, say)
        self.asked = replace(asked, operator=asked.operator or settings.operator, lot=asked.lot or settings.lot)
        self.profiles = load_profiles(None)
        self.key = home.key()
        self.outbox = Outbox(home.outbox)
        self.host: Host = Host()
        if options.unfreeze:
            from agent.bulk.unfreezing import unfreeze

            unfreeze(self.host, lambda fr, en: note(say(fr, en)))
        self.machine: Machine = look(None, say, home.mac_key(self.key))
        self.surveyed: tuple[Surveyed, ...] = _survey(self.host, self.machine.disks or (), options.virtual, home)

    def choose(self) -> "tuple[Chosen, ...]":
        from agent.bulk.session import choose

        return choose(self.asked, self.surveyed)

    def arm(self, chosen: "Sequence[Chosen]") -> "Armed | None":
        from agent.bulk.arming import arm
        from agent.bulk.roll import NotArmed
        from agent.bulk.wishes import signals_as_interrupt
        from agent.wall.keyboard import Keyboard, standard_input

        armed: Armed | NotArmed
        try:
            with signals_as_interrupt(), Keyboard(standard_input(), note, _prompt) as keyboard:
                armed = arm(
                    chosen, keyboard.console(self.say.lang), operator=self.asked.operator,
                    is_unattended=self.options.unattended, approved_count=len(chosen) if self.asked.is_list else None,
                )  # fmt: skip
        except KeyboardInterrupt:
            armed = NotArmed(fr="Arrêté.", en="Stopped.")
        if isinstance(armed, NotArmed):
            said = self.say("Rien n'a été touché.", "Nothing was touched.")
            with still_heard():
                note(f"\rrebond: {self.say(armed.fr, armed.en)} {said}")
            return None
        _prompt("\r")
        return armed

    def notebook(self, operator: str) -> "Notebook":
        from agent.bulk.noting import Notebook
        from agent.visit import Desk

        desk = Desk(operator=operator, lot=self.asked.lot, sticker=self.options.sticker)
        return Notebook(
            machine=self.machine, profiles=self.profiles, key=self.key, outbox=self.outbox, desk=desk, host=self.host
        )

    def carry(self, armed: "Armed", jobs: "Sequence[Job]", resumed: "Sequence[Unfinished]" = ()) -> int:
        from agent.bulk.carrying import carry
        from agent.bulk.wishes import Wishes, signals_as

        notebook, wishes = self.notebook(armed.operator), Wishes()
        with signals_as(wishes):
            view = _view(self.options, self.say, self.say("Rebond - effacement", "Rebond - wipe"))
            carried = carry(
                armed, jobs, notebook, self.asked, self.home.sessions, view=view, wishes=wishes, resumed=resumed
            )
            with still_heard():
                self._tell(carried)
        if not carried.is_proven:
            return NOT_PROVEN
        return 1 if carried.not_closed else 0

    def _tell(self, carried: "Carried") -> None:
        from agent.wall.closing import closing

        closed = carried.closed
        if carried.view_lost is not None:
            _note_view_lost(carried.view_lost, self.say)
        if carried.not_closed is not None:
            note(f"rebond: {self.say(carried.not_closed.fr, carried.not_closed.en)}")
        if self.options.json:
            if closed is not None:
                _tell_line({"manifest": closed.manifest, "digest": closed.digest, "path": str(closed.path)})
            return
        tell(closing(carried.fates, self.say.lang))
        if closed is not None:
            tell(self.say(f"\nBordereau signé : {closed.path}", f"\nSigned manifest: {closed.path}"))
        waiting = len(self.outbox.waiting())
        tell(self.say(f"Fiches en attente : {waiting}.", f"Records waiting: {waiting}."))


def _settings(home: "Home", say: Say) -> "Settings":
    from agent.host import Host
    from agent.settings import find_settings

    found = find_settings(home, Host())
    for sentence in found.sentences(say.lang):
        note(f"rebond: {sentence}")
    return found.settings


def _survey(host: "Host", disks: "Sequence[Any]", allow_virtual: bool, home: "Home") -> "tuple[Surveyed, ...]":
    from agent.wipe.survey import survey

    return survey(host, disks, allow_virtual=allow_virtual, home=str(home.root.absolute()))


# --- going on, looking, rehearsing ------------------------------------------------------------------------------------


def _resume(options: argparse.Namespace, say: Say, home: "Home", asked: "Asked") -> int:
    import msgspec

    from agent.bulk.resuming import meet, unfinished

    left = unfinished(home.wipes)
    _tell_damaged(home, say)
    if not left:
        tell(say("Rien à reprendre.", "Nothing to go on with."))
        return 0
    options.virtual = options.virtual or any(one.job.allow_virtual for one in left)
    bench = _Bench(options, say, home, asked)
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
    armed = bench.arm([one.chosen for one in here])
    if armed is None:
        return REFUSED
    jobs = [one.job() for one in here]
    if asked.psid is not None and len(jobs) == 1:  # it is kept nowhere, so it is given again
        jobs = [msgspec.structs.replace(jobs[0], psid=asked.psid)]
    code = bench.carry(armed, jobs, [one.left for one in here])
    return code or (NOT_PROVEN if absent else 0)


def _look(options: argparse.Namespace, say: Say, home: "Home", asked: "Asked") -> int:
    """--verify-only and --dry-run: nothing is armed, nothing noted, nothing written."""
    from agent.bulk.carrying import Session, jobs_of
    from agent.bulk.session import choose
    from agent.bulk.showing import plan_text
    from agent.bulk.wishes import Wishes, signals_as
    from agent.host import Host
    from agent.probes import disks
    from agent.wall.looking import is_clean, looked_lines
    from agent.wipe.job import Looked, Rehearsed

    purpose = "look" if options.verify_only else "rehearse"
    host = Host()
    found = _survey(host, disks.probe(host).facts.get("disks") or (), options.virtual, home)
    chosen = choose(asked, found, only_reads=options.verify_only)
    if options.dry_run and not options.json:
        tell(plan_text(chosen, say.lang))
    jobs = jobs_of(chosen, asked, home.wipes, allow_virtual=options.virtual, purpose=purpose)  # type: ignore[arg-type]
    wishes = Wishes()
    session = Session(jobs, None, _view(options, say, say("Rebond - relecture", "Rebond - reading")), wishes)
    with signals_as(wishes):
        session.run()
    if session.view_lost is not None:
        _note_view_lost(session.view_lost, say)
    lasts = [session.lasts.get(job.id) for job in jobs]
    if not options.json:
        tell("\n".join(looked_lines(session.fates[job.id].media, last, say.lang)
                       for job, last in zip(jobs, lasts, strict=True)))  # fmt: skip
    if not all(isinstance(last, Looked | Rehearsed) for last in lasts):
        return REFUSED
    return 0 if all(isinstance(last, Rehearsed) or is_clean(last) for last in lasts) else 1


# --- the view ---------------------------------------------------------------------------------------------------------


def _view(options: argparse.Namespace, say: Say, title: str) -> "View":
    """What this terminal can show."""
    from agent.wall.live import Wall
    from agent.wall.plain import JsonLines, Plain

    if options.json:
        return JsonLines(_tell_line)
    is_dumb = os.environ.get("TERM", "dumb") == "dumb"
    if is_dumb or not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
        return Plain(say.lang, note)
    return Wall(say.lang, title)


def _note_view_lost(why: str, say: Say) -> None:
    note(
        say(
            f"rebond: l'écran a été perdu pendant le travail ({why}). Le travail a continué.",
            f"rebond: the screen was lost during the work ({why}). The work went on.",
        )
    )


def _prompt(text: str) -> None:
    """On stderr, without a line end: stdout stays a document."""
    if sys.stderr is not None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _tell_line(document: Any) -> None:
    import msgspec

    tell(msgspec.json.encode(document).decode())
