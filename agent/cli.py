"""The command line: argv in, exit code out. It decides nothing; each command lives in `agent.commands`.

Exit codes: 0 done · 1 finished with something to look at · 2 usage · 3 input refused · 4 wipe not proven ·
5 nothing delivered yet · 10 machine to recycle (`triage --exit-verdict` only).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from agent import __version__
from agent.commands import COMMANDS, Say
from agent.errors import RebondError, UsageError
from agent.text import clean

EXIT_CODES = (
    ("0  fini", "0  done"),
    ("1  fini, mais il y a quelque chose à regarder", "1  finished with something to look at"),
    ("2  commande mal écrite", "2  usage"),
    ("3  fichier ou donnée refusé", "3  input refused"),
    ("4  effacement non prouvé", "4  wipe not proven"),
    ("5  rien n'est encore livré à l'inventaire", "5  nothing delivered yet"),
    ("10 PC à recycler (seulement avec triage --exit-verdict)", "10 machine to recycle (triage --exit-verdict only)"),
)


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are ours: one sentence in the chosen language, exit code 2."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._positionals.title = "arguments"  # one word that both languages have; argparse offers no other way

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            fr=f"Commande mal écrite : {message}. Voir « {self.prog} --help ».",
            en=f'Usage: {message}. See "{self.prog} --help".',
        )


def build_parser(say: Say, wanted: str | None = None) -> argparse.ArgumentParser:
    """The parser, its help in the language of `say`; with `wanted`, only that command's arguments are filled in.

    Filling all of them would cost an old PC more than the rest of its first screen.
    """
    parser = _Parser(
        prog="rebond",
        description=say(
            "Inspecter, juger, effacer et enregistrer un PC donné.",
            "Inspect, judge, wipe and record a donated PC.",
        ),
        epilog=say("Codes de sortie :\n", "Exit codes:\n") + "".join(f"  {say(fr, en)}\n" for fr, en in EXIT_CODES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"rebond {__version__}")
    shared = _Parser(add_help=False)
    shared.add_argument("--lang", choices=("fr", "en"), default=say.lang, help=say("langue des textes", "language"))
    shared.add_argument("--debug", action="store_true", help=say("montrer les détails d'une erreur", "show tracebacks"))
    shared.add_argument(
        "--home", metavar="DIR", help=say("dossier de la station (clé, fiches)", "the station's folder (key, records)")
    )
    commands = parser.add_subparsers(dest="command", metavar=say("COMMANDE", "COMMAND"), required=True)
    for name, fr, en, add in COMMANDS:
        sub = commands.add_parser(
            name,
            help=say(fr, en),
            description=say(fr, en),
            parents=[shared],
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if wanted in (None, name):
            add(sub, say)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. No traceback leaves without --debug."""
    words = list(sys.argv[1:] if argv is None else argv)
    say = Say(_language(words))
    try:
        named = next((word for word in words if not word.startswith("-")), "")
        options = build_parser(say, named).parse_args(words)
        code = options.run(options, say)
        return int(code)
    except SystemExit as end:  # argparse, after --help or --version
        return int(end.code or 0)
    except KeyboardInterrupt:
        _complain(say("Arrêté. Rien n'est perdu.", "Stopped. Nothing is lost."))
        return 130
    except BrokenPipeError:
        # The reader (head, less) left: not our error. Keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except RebondError as error:
        if "--debug" in words:
            raise
        _complain(error.told(say.lang))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a traceback never reaches a user
        if "--debug" in words:
            raise
        detail = f"{type(error).__name__}: {error}"[:300]
        _complain(
            say(
                f"Erreur interne de Rebond ({detail}). Relancez avec --debug et signalez-la.",
                f"Internal error in Rebond ({detail}). Run again with --debug and report it.",
            )
        )
        return 1


def _language(words: list[str]) -> str:
    """The language, known before the parser is built because the help is written in it."""
    for place, word in enumerate(words):
        if word == "--lang" and words[place + 1 : place + 2] in (["fr"], ["en"]):
            return words[place + 1]
        if word in ("--lang=fr", "--lang=en"):
            return word[-2:]
    return "en" if os.environ.get("REBOND_LANG") == "en" else "fr"


def _complain(sentence: str) -> None:
    if sys.stderr is not None:  # closed by the caller (2>&-)
        # A file name, or a name inside an archive, may hold what steers a terminal.
        sys.stderr.write(f"rebond: {clean(sentence, 2000)}\n")
