"""`wipe --verify-only` and `wipe --dry-run`: what is on a disk, and whether it could be wiped. Nothing is armed."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from agent.commands.bench import REFUSED, Bench, note_view_lost, survey_all, view_for
from agent.commands.say import Say, note, still_heard, tell

if TYPE_CHECKING:
    from agent.bulk.session import Asked
    from agent.erasure import Media
    from agent.home import Home
    from agent.wipe.job import Event


def run_look(options: argparse.Namespace, say: Say, home: "Home", asked: "Asked") -> int:
    """Not one byte is written to a disk. What was read is signed as a check; a rehearsal leaves nothing at all."""
    from agent.bulk.carrying import Session, jobs_of
    from agent.bulk.session import choose
    from agent.bulk.showing import plan_text
    from agent.bulk.wishes import Wishes, signals_as
    from agent.host import Host
    from agent.probes import disks
    from agent.wall.looking import is_clean, looked_lines
    from agent.wipe.job import Looked, Rehearsed

    bench: Bench | None = None
    if options.verify_only:
        bench = Bench(options, say, home, asked)
        chosen = choose(asked, bench.surveyed, only_reads=True)
    else:
        host = Host()
        found = survey_all(host, disks.probe(host).facts.get("disks") or (), options.virtual, home)
        chosen = choose(asked, found)
        if not options.json:
            tell(plan_text(chosen, say.lang))
    purpose: Literal["look", "rehearse"] = "look" if options.verify_only else "rehearse"
    jobs = jobs_of(chosen, asked, home.wipes, allow_virtual=options.virtual, purpose=purpose)
    wishes = Wishes()
    session = Session(jobs, None, view_for(options, say, say("Rebond - relecture", "Rebond - reading")), wishes)
    with signals_as(wishes):
        session.run()
    lasts = [session.lasts.get(job.id) for job in jobs]
    looks = [(session.fates[job.id].media, last) for job, last in zip(jobs, lasts, strict=True)]
    is_kept = bench is None or _keep(bench, looks, say)
    with still_heard():
        if session.view_lost is not None:
            note_view_lost(session.view_lost, say)
        if not options.json:
            tell("\n".join(looked_lines(media, last, say.lang) for media, last in looks))
    if not all(isinstance(last, Looked | Rehearsed) for last in lasts):
        return REFUSED
    return 0 if is_kept and all(isinstance(last, Rehearsed) or is_clean(last) for last in lasts) else 1


def _keep(bench: Bench, looks: "Sequence[tuple[Media, Event | None]]", say: Say) -> bool:
    """Whether the check's record is safe in the outbox."""
    from agent.errors import RebondError
    from agent.record import moment
    from agent.wall.looking import as_check

    book = bench.notebook(bench.asked.operator)
    now = moment(book.now())
    try:
        noted = book.looked([as_check(media, last, bench.asked.operator, now) for media, last in looks])
    except RebondError as error:
        lost = say("Cette fiche n'est PAS gardée.", "This record is NOT kept.")
        note(f"rebond: {error.told(say.lang)} {lost}")
        return False
    note(say(f"Fiche de contrôle : {noted.path}", f"Record of the check: {noted.path}"))
    return True
