"""`enrol`: this station's place in an inventory."""

import argparse

from agent.commands.say import Say, note, tell


def add_enrol(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument("url", metavar="URL", help=say("adresse de l'inventaire", "the inventory's address"))
    parser.add_argument("code", metavar="CODE", help=say("code donné par l'inventaire", "code given by the inventory"))
    parser.add_argument("--name", help=say("nom de cette station", "this station's name"))
    parser.add_argument(
        "--pin",
        metavar="sha256/…",
        help=say("épingle du certificat de l'inventaire", "pin of the inventory's certificate"),
    )
    parser.add_argument(
        "--flying",
        action="store_true",
        help=say(
            "poste volant : la clé ne vaut que pour une séance (d'office sur un PC démarré par le réseau)",
            "a flying station: its key is for one session only (by itself on a PC booted from the network)",
        ),
    )
    parser.set_defaults(run=run_enrol)


def run_enrol(options: argparse.Namespace, say: Say) -> int:
    from agent.home import find_home
    from agent.host import Host
    from agent.outbox import Outbox
    from agent.upload import enrol, open_session

    _check_url(options.url)
    pin = _pin_for(options.url, options.pin)
    home = find_home(options.home)
    key, is_flying = home.key(), options.flying or home.lives_in_memory(Host())
    words = " ".join(key.words)
    note(say(f"Mots de cette clé : {words}", f"Words of this key: {words}"))
    name = options.name or ("" if is_flying else "station")
    found = enrol(options.url, options.code, key, name, open_session(pin), is_flying=is_flying)
    home.connect(options.url, found, pin)
    Outbox(home.outbox).reconsider("unknown-key")  # what was refused before this station was known
    called = f"« {found.name} » : {words}"
    tell(
        say(
            f"Station inscrite, {called}. Vérifiez que l'inventaire montre les mêmes mots.",
            f"Station enrolled, {called}. Check that the inventory shows the same words.",
        )
    )
    if found.session:
        tell(
            say(
                f"Sa clé est en mémoire : elle vaut jusqu'à la fin de la séance {found.session}, ou l'arrêt du PC.",
                f"Its key lives in memory: it counts until session {found.session} ends or the PC is switched off.",
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
