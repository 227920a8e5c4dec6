"""`settings`: what this station was told about itself, and every mistake in that file."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.say import Say, note, tell, tell_json

if TYPE_CHECKING:
    from agent.settings import Found


def add_settings(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help=say("un fichier à relire (défaut : celui de cette station)", "a file to check (default: this station's)"),
    )
    parser.add_argument("--json", action="store_true", help=say("pour programmes", "for programs"))
    parser.set_defaults(run=run_settings)


def run_settings(options: argparse.Namespace, say: Say) -> int:
    from agent.home import find_home
    from agent.host import Host
    from agent.settings import find_settings

    found = _of_file(options.file) if options.file else find_settings(find_home(options.home), Host())
    if options.json:
        tell_json({"source": found.source, "settings": found.settings, "said": found.sentences(say.lang)})
    else:
        tell(_told(found, say))
        for sentence in found.sentences(say.lang):
            note(f"rebond: {sentence}")
    if not found.sentences(say.lang):
        return 0
    return 3 if options.file else 1


def _of_file(path: Path) -> "Found":
    from agent.commands.evidence import bytes_of
    from agent.settings import read_settings

    return read_settings(bytes_of(path), str(path))


def _told(found: "Found", say: Say) -> str:
    from agent.text import clean

    settings, nothing = found.settings, "-"
    inventory = settings.inventory
    lines = (
        (say("Source", "Source"), found.source),
        (say("Poste", "Station"), settings.station),
        (say("Inventaire", "Inventory"), inventory and f"{inventory.url}  {inventory.pin or ''}".rstrip()),
        (say("Langue, clavier", "Language, keyboard"), f"{settings.language}, {settings.keyboard}"),
        (say("Lot", "Lot"), settings.lot),
        (say("Technicien", "Operator"), settings.operator),
        (say("Profils", "Profiles"), ", ".join(settings.profiles) or say("tous", "all")),
    )
    return "\n".join(f"{name + ' :':<19} {clean(value or nothing, 200)}" for name, value in lines)
