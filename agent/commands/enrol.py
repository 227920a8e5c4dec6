"""`enrol`: this station's place in an inventory."""

import argparse
from typing import TYPE_CHECKING

from agent.commands.say import Say, note, tell

if TYPE_CHECKING:
    from agent.settings import Found


def add_enrol(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help=say("adresse de l'inventaire (défaut : celle des réglages)", "its address (default: the settings')"),
    )
    parser.add_argument("code", metavar="CODE", help=say("code donné par l'inventaire", "code given by the inventory"))
    parser.add_argument(
        "--name", help=say("nom de cette station (défaut : celui des réglages)", "its name (default: the settings')")
    )
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
    from agent.joining import join
    from agent.settings import find_settings

    home = find_home(options.home)
    found = find_settings(home, Host())
    url, pin = _where(options, found)
    words = " ".join(home.key().words)
    note(say(f"Mots de cette clé : {words}", f"Words of this key: {words}"))
    name = options.name or found.settings.station
    enrolled = join(home, Host(), options.code, url=url, pin=pin, name=name, is_flying=options.flying)
    called = f"« {enrolled.name} » : {words}"
    tell(
        say(
            f"Station inscrite, {called}. Vérifiez que l'inventaire montre les mêmes mots.",
            f"Station enrolled, {called}. Check that the inventory shows the same words.",
        )
    )
    if enrolled.session:
        tell(
            say(
                f"Sa clé est en mémoire : elle vaut jusqu'à la fin de la séance {enrolled.session}, ou l'arrêt du PC.",
                f"Its key lives in memory: it counts until session {enrolled.session} ends or the PC is switched off.",
            )
        )
    return 0


def _where(options: argparse.Namespace, found: "Found") -> tuple[str, str | None]:
    """The inventory's address and pin: as told, else as the station's settings say."""
    from agent.errors import UsageError
    from agent.keys import parse_pin
    from agent.settings import wrong_url

    if options.url and (wrong := wrong_url(options.url)):
        raise UsageError(fr=wrong[0], en=wrong[1])
    known = found.settings.inventory
    url = options.url or (known and known.url)
    if not url:
        fr, en = (" ".join(found.sentences(lang)) for lang in ("fr", "en"))
        raise UsageError(
            fr=f"Les réglages n'ont pas d'inventaire. Donnez son adresse : rebond enrol ADRESSE CODE. {fr}".rstrip(),
            en=f"The settings have no inventory. Give its address: rebond enrol URL CODE. {en}".rstrip(),
        )
    pin = parse_pin(options.pin) if options.pin else None
    if pin is None and known and known.url.rstrip("/") == url.rstrip("/"):
        pin = known.pin
    if pin and not url.startswith("https:"):
        raise UsageError(
            fr="Une épingle ne vaut que pour une adresse en https://", en="A pin needs an https:// address."
        )
    return url, pin
