"""`serve`, `inventory`: the inventory, started and looked after. With `triage`, the only way to `agent.inventory`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.say import Say, add_actions, note, tell, tell_json

if TYPE_CHECKING:
    from agent.inventory.enrol import Station
    from agent.inventory.sessions import Session
    from agent.inventory.settings import Settings

SESSION_USES, SESSION_HOURS = 30, 10  # a bench, a day


def add_serve(parser: argparse.ArgumentParser, say: Say) -> None:
    _add_folder(parser, say)
    parser.add_argument("--address", default="127.0.0.1", help=say("adresse d'écoute", "address to listen on"))
    parser.add_argument("--port", type=int, default=8642, help=say("port (défaut : 8642)", "port (default: 8642)"))
    parser.add_argument(
        "--tls",
        action="store_true",
        help=say("en HTTPS, avec un certificat fait ici", "HTTPS, with a certificate made here"),
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        type=_host_name,
        help=say("un nom par lequel on l'appelle (inventaire.lan)", "a name it is called by (inventory.lan)"),
    )
    parser.set_defaults(run=run_serve)


def _host_name(text: str) -> str:
    import re

    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", text.casefold()):
        raise argparse.ArgumentTypeError(f"« {text[:40]} » n'est pas un nom d'ordinateur / is no host name")
    return text.casefold()


_ACTIONS = (
    ("enrol-code", "un code pour inscrire une station, ou une séance", "a code to enrol a station, or a session"),
    ("sessions", "les séances de PC démarrés par le réseau", "the sessions of PCs booted from the network"),
    ("close-session", "finir une séance", "end a session"),
    ("stations", "les stations inscrites", "the enrolled stations"),
    ("pin", "l'épingle de son certificat (serve --tls)", "the pin of its certificate (serve --tls)"),
    ("revoke", "ne plus croire une station", "no longer believe a station"),
    ("alarms", "ce qui a paru suspect", "what looked suspicious"),
    ("readmit", "réessayer ce qui attend en quarantaine", "try again what waits in quarantine"),
    ("reindex", "refaire les tables à partir des fiches signées", "rebuild the tables from the signed records"),
    ("stop", "arrêter l'inventaire démarré par triage", "stop the inventory that triage started"),
)


def add_inventory(parser: argparse.ArgumentParser, say: Say) -> None:
    for name, action in add_actions(parser, say, _ACTIONS):
        _add_folder(action, say)
        if name == "revoke":
            action.add_argument("key_id", metavar="KEY", help=say("identifiant de la clé", "key id"))
            action.add_argument(
                "--from-index", type=int, default=0, metavar="N", help=say("place dans le journal", "place in the log")
            )
        if name == "enrol-code":
            action.add_argument(
                "--uses", type=int, metavar="N", help=say("séance : pour combien de PC (30)", "session: for N PCs (30)")
            )
            action.add_argument(
                "--hours",
                type=int,
                metavar="N",
                help=say("séance : combien d'heures (10)", "session: for N hours (10)"),
            )
        if name == "readmit":
            action.add_argument(
                "--forks-of",
                metavar="KEY",
                help=say(
                    "aussi les deux suites de fiches de cette clé, une fois comprises (rebond inventory alarms)",
                    "both chains of records of this key too, once understood (rebond inventory alarms)",
                ),
            )
        if name == "close-session":
            action.add_argument(
                "session", metavar="SESSION", help=say("son nom de quatre signes", "its four characters")
            )
        if name in ("enrol-code", "sessions", "stations", "alarms"):
            action.add_argument("--json", action="store_true", help=say("pour programmes", "for programs"))
    parser.set_defaults(run=run_inventory)


def _add_folder(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help=say("dossier de l'inventaire", "the inventory's folder")
    )


def _settings(options: argparse.Namespace) -> "Settings":
    from agent.home import find_home
    from agent.inventory.settings import Settings

    folder = options.folder or find_home(options.home).inventory
    if options.command == "serve":
        from agent.inventory.names import names_of

        return Settings(
            folder=folder,
            address=options.address,
            port=options.port,
            hosts=names_of(options.address, options.name),
            is_encrypted=options.tls,
        )
    return Settings(folder=folder)


def run_serve(options: argparse.Namespace, say: Say) -> int:
    from agent.inventory.embedded import serve

    settings = _settings(options)

    def announce(url: str, _instance: str) -> None:
        note(say(f"Inventaire prêt : {url} (Ctrl-C pour l'arrêter)", f"Inventory ready: {url} (Ctrl-C stops it)"))
        if settings.is_encrypted:
            from agent.inventory.tls import read_certificate

            pin = read_certificate(settings.folder).pin
            note(say(f"Épingle de son certificat : {pin}", f"Pin of its certificate: {pin}"))

    serve(settings, announce=announce)
    return 0


def run_inventory(options: argparse.Namespace, say: Say) -> int:
    return _RUN[options.action](options, _settings(options), say)


def _pin(options: argparse.Namespace, settings: "Settings", say: Say) -> int:
    from agent.inventory.tls import read_certificate

    tell(read_certificate(settings.folder).pin)
    return 0


def _enrol_code(options: argparse.Namespace, settings: "Settings", say: Say) -> int:
    from agent.inventory import desk

    if options.uses is None and options.hours is None:
        code = desk.new_code(settings)
        if options.json:
            tell_json({"code": code, "session": None})
        else:
            tell(say(f"Code : {code}  (10 minutes, 5 essais)", f"Code: {code}  (10 minutes, 5 tries)"))
        return 0
    uses = SESSION_USES if options.uses is None else options.uses
    hours = SESSION_HOURS if options.hours is None else options.hours
    opened = desk.open_session(settings, uses, hours)
    if options.json:
        tell_json({"code": opened.code, "session": opened.session})
        return 0
    session = opened.session
    until = _local(session.ends_at)
    tell(
        say(
            f"Séance {session.id}, code : {opened.code}  ({session.uses} PC démarrés par le réseau, jusqu'à {until})\n"
            f"Pour la fermer plus tôt : rebond inventory close-session {session.id}",
            f"Session {session.id}, code: {opened.code}  ({session.uses} PCs booted from the network, until {until})\n"
            f"To close it earlier: rebond inventory close-session {session.id}",
        )
    )
    return 0


def _sessions(options: argparse.Namespace, settings: "Settings", say: Say) -> int:
    from agent.inventory import desk

    found = desk.list_sessions(settings)
    if options.json:
        tell_json(found)
    else:
        tell("\n".join(_told_session(one, say) for one in found) or say("Aucune séance.", "No session."))
    return 0


def _close_session(options: argparse.Namespace, settings: "Settings", say: Say) -> int:
    from agent.inventory import desk

    closed = desk.close_session(settings, options.session)
    count = len(closed.stations)
    tell(
        say(
            f"Séance {closed.id} fermée : {count} poste(s) n'ajoutent plus rien. Ce qui est livré reste valable.",
            f"Session {closed.id} closed: {count} station(s) can add nothing more. What is delivered stays valid.",
        )
    )
    return 0


def _stations(options: argparse.Namespace, settings: "Settings", say: Say) -> int:
    from agent.inventory import desk

    stations = desk.list_stations(settings)
    if options.json:
        tell_json(stations)
    else:
        tell("\n".join(_told(station, say) for station in stations) or say("Aucune station.", "No station."))
    return 0


def _revoke(options: argparse.Namespace, settings: "Settings", say: Say) -> int:
    from agent.inventory import desk

    desk.revoke(settings, options.key_id, options.from_index)
    tell(say(f"La clé {options.key_id[:16]}… n'est plus crue.", f"The key {options.key_id[:16]}… is revoked."))
    return 0


def _alarms(options: argparse.Namespace, settings: "Settings", say: Say) -> int:
    from agent.inventory import desk

    alarms = desk.list_alarms(settings)
    if options.json:
        tell_json(alarms)
    else:
        told = [f"{a.raised_at}  {a.kind} ×{a.times}  {say('clé', 'key')} {a.key_id or '?'}" for a in alarms]
        tell("\n".join(told) or say("Aucune.", "None."))
    return 1 if alarms else 0


def _readmit(options: argparse.Namespace, settings: "Settings", say: Say) -> int:
    from agent.inventory import desk

    count = desk.readmit(settings, options.forks_of)
    tell(say(f"Fiches reprises : {count}", f"Records taken back: {count}"))
    return 0


def _reindex(options: argparse.Namespace, settings: "Settings", say: Say) -> int:
    from agent.inventory import desk

    done = desk.reindex(settings)
    tell(
        say(
            f"Tables refaites : {done.records} fiches, {done.machines} machines.",
            f"Tables rebuilt: {done.records} records, {done.machines} machines.",
        )
    )
    return 0


def _stop(options: argparse.Namespace, settings: "Settings", say: Say) -> int:
    from agent.inventory.embedded import stop_embedded

    stopped = stop_embedded(settings.folder)
    tell(say("Arrêté.", "Stopped.") if stopped else say("Il ne tournait pas.", "It was not running."))
    return 0


_RUN = {
    "enrol-code": _enrol_code,
    "sessions": _sessions,
    "close-session": _close_session,
    "stations": _stations,
    "pin": _pin,
    "revoke": _revoke,
    "alarms": _alarms,
    "readmit": _readmit,
    "reindex": _reindex,
    "stop": _stop,
}


def _told(station: "Station", say: Say) -> str:
    from agent.keys import fingerprint_words
    from agent.text import clean

    words = " ".join(fingerprint_words(station.public_key))
    place = station.revoked_from_index
    revoked = "" if place is None else say(f"  révoquée à la place {place}", f"  revoked from place {place}")
    member = "" if station.session is None else say(f"  séance {station.session}", f"  session {station.session}")
    return f"{clean(station.name, 40)}  {words}  {station.key_id}{member}{revoked}"


def _told_session(session: "Session", say: Say) -> str:
    count = f"{len(session.stations)}/{session.uses}"
    if session.closed_at is None:
        until = _local(session.ends_at)
        head = say(
            f"{session.id}  ouverte jusqu'à {until}  {count} postes",
            f"{session.id}  open until {until}  {count} stations",
        )
    else:
        at = _local(session.closed_at)
        head = say(f"{session.id}  fermée le {at}  {count} postes", f"{session.id}  closed {at}  {count} stations")
    return "\n".join([head, *(f"  {_told(station, say)}" for station in session.stations)])


def _local(moment: str) -> str:
    """A time of the inventory on this computer's own clock: "2026-03-09 15:05"."""
    from datetime import datetime

    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
