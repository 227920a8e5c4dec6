"""`serve`, `inventory`, `enrol`: the inventory and this station's place in it. The only way to `agent.inventory`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.say import Say, add_actions, note, tell, tell_json

if TYPE_CHECKING:
    from agent.inventory.enrol import Station
    from agent.inventory.settings import Settings


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
    ("enrol-code", "un code pour inscrire une station (10 minutes)", "a code to enrol a station (10 minutes)"),
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
        if name in ("stations", "alarms"):
            action.add_argument("--json", action="store_true", help=say("pour programmes", "for programs"))
    parser.set_defaults(run=run_inventory)


def add_enrol(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument("url", metavar="URL", help=say("adresse de l'inventaire", "the inventory's address"))
    parser.add_argument("code", metavar="CODE", help=say("code donné par l'inventaire", "code given by the inventory"))
    parser.add_argument("--name", default="station", help=say("nom de cette station", "this station's name"))
    parser.add_argument(
        "--pin",
        metavar="sha256/…",
        help=say("épingle du certificat de l'inventaire", "pin of the inventory's certificate"),
    )
    parser.set_defaults(run=run_enrol)


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
    from agent.inventory import desk
    from agent.inventory.embedded import stop_embedded

    settings = _settings(options)
    if options.action == "enrol-code":
        code = desk.new_code(settings)
        tell(say(f"Code : {code}  (10 minutes, 5 essais)", f"Code: {code}  (10 minutes, 5 tries)"))
    elif options.action == "stations":
        stations = desk.list_stations(settings)
        if options.json:
            tell_json(stations)
        else:
            tell("\n".join(_told(station, say) for station in stations) or say("Aucune station.", "No station."))
    elif options.action == "revoke":
        desk.revoke(settings, options.key_id, options.from_index)
        tell(say(f"La clé {options.key_id[:16]}… n'est plus crue.", f"The key {options.key_id[:16]}… is revoked."))
    elif options.action == "alarms":
        alarms = desk.list_alarms(settings)
        if options.json:
            tell_json(alarms)
        else:
            tell("\n".join(f"{a.raised_at}  {a.kind} ×{a.times}" for a in alarms) or say("Aucune.", "None."))
        return 1 if alarms else 0
    elif options.action == "pin":
        from agent.inventory.tls import read_certificate

        tell(read_certificate(settings.folder).pin)
    elif options.action == "readmit":
        count = desk.readmit(settings)
        tell(say(f"Fiches reprises : {count}", f"Records taken back: {count}"))
    elif options.action == "reindex":
        done = desk.reindex(settings)
        tell(
            say(
                f"Tables refaites : {done.records} fiches, {done.machines} machines.",
                f"Tables rebuilt: {done.records} records, {done.machines} machines.",
            )
        )
    else:
        stopped = stop_embedded(settings.folder)
        tell(say("Arrêté.", "Stopped.") if stopped else say("Il ne tournait pas.", "It was not running."))
    return 0


def _told(station: "Station", say: Say) -> str:
    from agent.keys import fingerprint_words
    from agent.text import clean

    words = " ".join(fingerprint_words(station.public_key))
    place = station.revoked_from_index
    revoked = "" if place is None else say(f"  révoquée à la place {place}", f"  revoked from place {place}")
    return f"{clean(station.name, 40)}  {words}  {station.key_id}{revoked}"


def run_enrol(options: argparse.Namespace, say: Say) -> int:
    from agent.home import find_home
    from agent.outbox import Outbox
    from agent.upload import enrol, open_session

    _check_url(options.url)
    pin = _pin_for(options.url, options.pin)
    home = find_home(options.home)
    key = home.key()
    words = " ".join(key.words)
    note(say(f"Mots de cette clé : {words}", f"Words of this key: {words}"))
    found = enrol(options.url, options.code, key, options.name, open_session(pin))
    home.connect(options.url, found, pin)
    Outbox(home.outbox).reconsider("unknown-key")  # what was refused before this station was known
    tell(
        say(
            "Station inscrite. Vérifiez que l'inventaire montre les mêmes mots.",
            "Station enrolled. Check that the inventory shows the same words.",
        )
    )
    return 0


def _pin_for(url: str, told: str | None) -> str | None:
    from agent.errors import UsageError
    from agent.keys import parse_pin

    if told is not None and not url.startswith("https:"):
        raise UsageError(
            fr="Une épingle ne vaut que pour une adresse en https://", en="A pin needs an https:// address."
        )
    return None if told is None else parse_pin(told)


def _check_url(url: str) -> None:
    from urllib.parse import urlsplit

    from agent.errors import UsageError
    from agent.text import clean

    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good:
        raise UsageError(
            fr=f"« {clean(url, 60)} » n'est pas une adresse. Exemple : http://inventaire.lan:8642",
            en=f'"{clean(url, 60)}" is not an address. Example: http://inventory.lan:8642',
        )
