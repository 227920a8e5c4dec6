"""`triage`, the main job: inspect → judge → sign → queue → deliver, and one screen that says what to do."""

import argparse
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.commands.look import add_json, add_profile_choice, add_source, look
from agent.commands.say import Say, note, tell, tell_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.checks.results import CheckResult
    from agent.home import Home
    from agent.outbox import Outbox
    from agent.screen import Result
    from agent.upload import Delivery
    from agent.verdict import Verdict
    from agent.visit import Desk

RECYCLE_EXIT = 10
CODE_MOST = 80  # characters, as records hold them


def add_triage(parser: argparse.ArgumentParser, say: Say) -> None:
    add_source(parser, say)
    add_profile_choice(parser, say)
    add_json(parser, say)
    add_desk(parser, say)
    parser.add_argument("--offline", action="store_true", help=say("ne rien livrer maintenant", "deliver nothing now"))
    parser.add_argument(
        "--exit-verdict", action="store_true", help=say("code de sortie 10 si à recycler", "exit 10 when recycle")
    )
    parser.set_defaults(run=run_triage)


def add_desk(parser: argparse.ArgumentParser, say: Say) -> None:
    """Who is at work, and on what."""
    parser.add_argument(
        "--sticker", metavar="CODE", type=code, help=say("étiquette collée sur le PC", "sticker on the PC")
    )
    parser.add_argument("--lot", metavar="CODE", type=code, help=say("lot de la collecte", "lot of the collection"))
    parser.add_argument(
        "--operator", metavar="CODE", type=code, help=say("code du technicien (pas son nom)", "operator's code")
    )


def code(text: str) -> str:
    """A sticker, lot or operator code: short, one line, checked before the PC is looked at."""
    from agent.text import clean

    if not text.strip() or len(text) > CODE_MOST or clean(text) != text.strip():
        raise argparse.ArgumentTypeError(f"1–{CODE_MOST} caractères / characters")
    return text.strip()


def run_triage(options: argparse.Namespace, say: Say) -> int:
    from agent.errors import StorageError
    from agent.home import find_home
    from agent.host import Host
    from agent.outbox import Outbox
    from agent.record import ProfileUsed
    from agent.rules import load_profiles
    from agent.sheet import result_of
    from agent.verdict import judge
    from agent.visit import clock_evidence, note_visit, of_this_visit

    home = find_home(options.home)
    desk, names = desk_of(options, home, say)
    profiles = load_profiles(options.profiles_dir, only=names)
    outbox, now = Outbox(home.outbox), datetime.now(UTC)
    # A full or read-only folder costs the record, never the verdict.
    key, problem = None, None
    try:
        key = home.key()
    except StorageError as error:
        problem = error
    machine = look(options.source, say, home, key)
    checks: Sequence[CheckResult] = ()
    if options.source is None:
        machine, checks = of_this_visit(home, machine, Host(), now)
    verdicts = tuple(judge(machine, profile) for profile in profiles)
    used = [ProfileUsed(name=p.name, version=p.version, digest=p.digest) for p in profiles]
    noted = None
    try:
        if key is not None:
            noted = note_visit(
                machine, verdicts, used, key=key, outbox=outbox, now=now, clock=clock_evidence(Host(), machine, now),
                desk=desk, checks=checks,
            )  # fmt: skip
    except StorageError as error:
        problem = error
    if problem is not None:
        lost = say("Cette fiche n'est PAS gardée.", "This record is NOT kept.")
        note(f"rebond: {problem.told(say.lang)} {lost}")
    delivery = None if options.offline or noted is None else _deliver(home, outbox, say)
    where = _where(home, noted.digest) if noted and delivery and noted.digest in delivery.delivered else None
    if options.json:
        record = {"id": noted.id, "digest": noted.digest, "path": str(noted.path)} if noted else None
        tell_json({"machine": machine, "verdicts": verdicts, "record": record})
    else:
        waiting, refused = len(outbox.waiting()), len(outbox.refused())
        _show(
            result_of(
                machine, verdicts, profiles, say.lang, waiting=waiting, refused=refused, where=where, checks=checks
            ),
            say,
        )
    return 1 if problem else _exit_code(options, verdicts[0], delivery, outbox)


def desk_of(options: argparse.Namespace, home: "Home", say: Say) -> "tuple[Desk, Sequence[str] | None]":
    """Who is at work, and by which profiles: as typed, else as the station's settings say."""
    from agent.host import Host
    from agent.settings import find_settings
    from agent.visit import Desk

    found = find_settings(home, Host())
    for sentence in found.sentences(say.lang):
        note(f"rebond: {sentence}")
    settings = found.settings
    desk = Desk(
        operator=options.operator or settings.operator, lot=options.lot or settings.lot, sticker=options.sticker
    )
    # The settings name shipped profiles; another folder's have other names.
    return desk, options.profile or (None if options.profiles_dir else settings.profiles)


def _exit_code(options: argparse.Namespace, verdict: "Verdict", delivery: "Delivery | None", outbox: "Outbox") -> int:
    if options.exit_verdict and verdict.outcome == "recycle":
        return RECYCLE_EXIT
    if delivery is not None and delivery.waiting and not delivery.delivered:
        return 5
    return 1 if outbox.refused() or outbox.damaged() else 0


def _deliver(home: "Home", outbox: "Outbox", say: Say) -> "Delivery | None":
    """Deliver to the inventory this station knows; with none known, to an embedded one started here."""
    from agent.errors import RebondError
    from agent.upload import Delivery, open_session
    from agent.visit import hand_over

    try:
        inventory = home.connection() or _embedded(home, say)
        done = hand_over(outbox, inventory, open_session(inventory.pin))
    except RebondError as error:
        # The record is safe in the outbox; say why it stays there and go on to the verdict.
        note(f"rebond: {error.told(say.lang)}")
        return Delivery(waiting=len(outbox.waiting()), problem_fr=error.fr, problem_en=error.en)
    if done.problem_fr:
        note("rebond: " + say(done.problem_fr, done.problem_en or ""))
    return done


def _embedded(home: "Home", say: Say):  # type: ignore[no-untyped-def] # an upload.Inventory, imported lazily
    from agent.errors import StorageError
    from agent.upload import Inventory

    try:
        from agent.inventory.desk import enrol_local
        from agent.inventory.embedded import find_embedded, start_embedded
        from agent.inventory.settings import Settings
    except ImportError as error:
        raise StorageError(
            fr="Aucun inventaire n'est connu, et celui de secours n'est pas installé (pip install 'rebond[server]').",
            en="No inventory is known, and the embedded one is not installed (pip install 'rebond[server]').",
        ) from error
    from agent.keys import trust_log

    if find_embedded(home.inventory) is None:
        note(say("Démarrage de l'inventaire de ce poste…", "Starting this computer's inventory…"))
    address = start_embedded(home.inventory)
    trust = enrol_local(Settings(folder=home.inventory), home.key().public, "poste local")
    trust_log(home.trust, trust.origin, trust.log_public_key)
    # No connection is kept: the embedded one is found anew each time, its port may change.
    return Inventory(url=address.url, origin=address.origin, log_public_key=address.log_public_key)


def _where(home: "Home", digest: str) -> str | None:
    """A short address of the machine's page in the inventory that took the record."""
    inventory = home.connection()
    if inventory is not None:
        return f"{inventory.url}/records/{digest[:12]}"
    from agent.inventory.embedded import find_embedded

    address = find_embedded(home.inventory)
    return f"{address.url}/records/{digest[:12]}" if address else None


def _show(result: "Result", say: Say) -> None:
    from agent.screen import render

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    tell(render(result, say.lang, colour=colour))
