"""What every way of wiping or reading disks shares: the station's key, this PC as it is, its disks, its view."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.commands.say import Say, note, still_heard, tell

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


class Bench:
    """What every way of wiping shares: the station's key, this PC as it is, its disks."""

    def __init__(self, options: argparse.Namespace, say: Say, home: "Home", asked: "Asked") -> None:
        from agent.commands.look import look
        from agent.host import Host
        from agent.outbox import Outbox
        from agent.rules import load_profiles

        self.options, self.say, self.home = options, say, home
        told = settings_of(home, say)
        self.asked = replace(asked, operator=asked.operator or told.operator, lot=asked.lot or told.lot)
        self.profiles = load_profiles(None)
        self.key = home.key()
        self.outbox = Outbox(home.outbox)
        self.host: Host = Host()
        if options.unfreeze:
            from agent.bulk.unfreezing import unfreeze

            unfreeze(self.host, lambda fr, en: note(say(fr, en)))
        self.machine: Machine = look(None, say, home, self.key)
        self.surveyed: tuple[Surveyed, ...] = survey_all(self.host, self.machine.disks or (), options.virtual, home)

    def choose(self) -> "tuple[Chosen, ...]":
        from agent.bulk.liars import remembered
        from agent.bulk.session import choose

        return remembered(choose(self.asked, self.surveyed), self.home.wipes)

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

    def notebook(self, operator: str | None) -> "Notebook":
        from agent.bulk.noting import Notebook
        from agent.visit import Desk, make_known

        desk = Desk(operator=operator, lot=self.asked.lot, sticker=self.options.sticker)
        return Notebook(
            machine=self.machine,
            profiles=self.profiles,
            key=self.key,
            outbox=self.outbox,
            desk=desk,
            host=self.host,
            announce=lambda digest: make_known(self.home, self.host, digest),
        )

    def carry(self, armed: "Armed", jobs: "Sequence[Job]", resumed: "Sequence[Unfinished]" = ()) -> int:
        from agent.bulk.carrying import carry
        from agent.bulk.wishes import Wishes, signals_as

        notebook, wishes = self.notebook(armed.operator), Wishes()
        with signals_as(wishes):
            view = view_for(self.options, self.say, self.say("Rebond - effacement", "Rebond - wipe"))
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
            note_view_lost(carried.view_lost, self.say)
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


def settings_of(home: "Home", say: Say) -> "Settings":
    from agent.host import Host
    from agent.settings import find_settings

    found = find_settings(home, Host())
    for sentence in found.sentences(say.lang):
        note(f"rebond: {sentence}")
    return found.settings


def survey_all(host: "Host", disks: "Sequence[Any]", allow_virtual: bool, home: "Home") -> "tuple[Surveyed, ...]":
    from agent.wipe.survey import survey

    return survey(host, disks, allow_virtual=allow_virtual, home=str(home.root.absolute()))


# --- the view ---------------------------------------------------------------------------------------------------------


def view_for(options: argparse.Namespace, say: Say, title: str) -> "View":
    """What this terminal can show."""
    from agent.wall.live import Wall
    from agent.wall.plain import JsonLines, Plain

    if options.json:
        return JsonLines(_tell_line)
    is_dumb = os.environ.get("TERM", "dumb") == "dumb"
    if is_dumb or not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
        return Plain(say.lang, note)
    return Wall(say.lang, title)


def note_view_lost(why: str, say: Say) -> None:
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
