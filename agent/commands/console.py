"""`console`: the technician's full-screen view, which the boot image starts by itself."""

import argparse
import gc
import os
import sys
from pathlib import Path

from agent.commands.say import Say


def add_console(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="PATH",
        help=say("montrer un PC capturé, sans toucher à celui-ci", "show a captured PC, leave this one alone"),
    )
    parser.set_defaults(run=run_console)


def run_console(options: argparse.Namespace, say: Say) -> int:
    from agent.errors import UsageError

    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        raise UsageError(
            fr="La console demande un terminal. Dans un programme, utilisez rebond triage --json.",
            en="The console needs a terminal. In a program, use rebond triage --json.",
        )
    if (term := os.environ.get("TERM", "")) in ("", "dumb", "unknown"):
        raise UsageError(
            fr=f"Ce terminal (TERM={term}) ne sait pas montrer la console. Tapez : TERM=vt100 rebond console, ou "
            "rebond triage.",
            en=f"This terminal (TERM={term}) cannot show the console. Type: TERM=vt100 rebond console, or "
            "rebond triage.",
        )
    try:
        from agent.console.app import Console
        from agent.console.pages import all_pages
    except ImportError as error:
        raise UsageError(
            fr="La console n'est pas installée ici : pip install 'rebond[console]'.",
            en="The console is not installed here: pip install 'rebond[console]'.",
        ) from error
    from agent.console.bench import Bench
    from agent.home import find_home
    from agent.host import Host
    from agent.rules import load_profiles

    host, taken_at = Host(), None
    if options.source is not None:
        from agent.capture import load

        capture = load(options.source)
        host, taken_at = capture.host, capture.taken_at
    bench = Bench(
        home=find_home(options.home),
        host=host,
        profiles=load_profiles(None),
        home_option=options.home,
        lang=say.lang,
        taken_at=taken_at,
    )
    console = Console(bench, all_pages())
    gc.freeze()  # what is loaded stays: else each search for garbage walks over it, and the screen waits
    wish = console.run()
    sys.stdout.flush()
    if wish is not None and options.source is None:
        from agent.console.power import switch

        switch(wish)
    os._exit(0)  # a thread may still wait for a dying disk: nothing is left to be done
