"""`inspect`, `judge`, `capture`: look at a PC (this one, or a capture) and say what it is and what it is good for."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.say import Say, note, tell, tell_json

if TYPE_CHECKING:
    from agent.facts import Machine
    from agent.home import Home
    from agent.keys import StationKey


def add_source(parser: argparse.ArgumentParser, say: Say) -> None:
    """`--from PATH`: where the PC's facts come from when it is not this one."""
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="PATH",
        help=say(
            "une capture, un dossier de fichiers dmidecode/lscpu/smartctl…, un instantané eReuse, ou un seul fichier",
            "a capture, a folder of dmidecode/lscpu/smartctl… files, an eReuse snapshot, or one such file",
        ),
    )


def add_profile_choice(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument(
        "--profile",
        action="append",
        metavar="NAME",
        help=say(
            "profil à appliquer, plusieurs fois si besoin (défaut : tous)",
            "profile to apply, may be repeated (default: all)",
        ),
    )
    parser.add_argument(
        "--profiles", dest="profiles_dir", type=Path, metavar="DIR", help=say("autres profils", "other profiles")
    )


def add_json(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument("--json", action="store_true", help=say("document pour programmes", "document for programs"))


def add_inspect(parser: argparse.ArgumentParser, say: Say) -> None:
    add_source(parser, say)
    add_json(parser, say)
    parser.set_defaults(run=run_inspect)


def add_judge(parser: argparse.ArgumentParser, say: Say) -> None:
    add_source(parser, say)
    add_profile_choice(parser, say)
    add_json(parser, say)
    parser.add_argument(
        "--explain", action="store_true", help=say("montrer chaque règle et son fait", "show every rule and its fact")
    )
    parser.set_defaults(run=run_judge)


def add_capture(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument("place", type=Path, metavar="DIR|FILE.zip", help=say("où l'écrire", "where to write it"))
    parser.set_defaults(run=run_capture)


def run_inspect(options: argparse.Namespace, say: Say) -> int:
    machine = look(options.source, say)
    if options.json:
        tell_json(machine)
    else:
        from agent.sheet import sheet

        tell(sheet(machine, say.lang))
    return 0


def run_judge(options: argparse.Namespace, say: Say) -> int:
    from agent.rules import load_profiles
    from agent.verdict import explain, judge

    profiles = load_profiles(options.profiles_dir, only=options.profile)
    machine = look(options.source, say)
    if options.explain:
        tell("\n\n".join(explain(machine, profile, say.lang) for profile in profiles))
        return 0
    verdicts = tuple(judge(machine, profile) for profile in profiles)
    if options.json:
        tell_json({"machine": machine, "verdicts": verdicts})
    else:
        from agent.sheet import verdict_lines

        tell(verdict_lines(machine, verdicts, say.lang))
    return 0


def run_capture(options: argparse.Namespace, say: Say) -> int:
    from agent.recording import capture_this_pc

    capture_this_pc(options.place, datetime.now(UTC))
    tell(
        say(
            f"Capture écrite : {options.place}. Les numéros de série y sont remplacés.",
            f"Capture written: {options.place}. Serial numbers in it are replaced.",
        )
    )
    return 0


def look(source: Path | None, say: Say, home: "Home | None" = None, key: "StationKey | None" = None) -> "Machine":
    """The Machine here, as the station at `home` sees it, or in the capture at `source`."""
    from agent.host import Host
    from agent.probes.inspect import Circumstances, inspect
    from agent.visit import circumstances

    now = datetime.now(UTC)
    if source is None:
        if os.geteuid() != 0:
            note(say(*NOT_ROOT))
        host = Host()
    else:
        from agent.capture import load

        capture = load(source)
        host, now = capture.host, capture.taken_at or now
    around = circumstances(home, key, now, is_live=host.is_live) if home else Circumstances(now=now)
    return inspect(host, around, _progress(say) if source is None else None)


NOT_ROOT = (
    "Sans les droits d'administrateur, il manquera : barrettes de mémoire, numéros de série, santé des disques. "
    "Relancez avec sudo.",
    "Without root these stay unknown: memory modules, serial numbers, disk health. Run again with sudo.",
)


def _progress(say: Say):  # type: ignore[no-untyped-def] # a Progress, imported lazily
    """One line on stderr that follows the slowest probe; nothing when stderr is no terminal."""
    if not sys.stderr.isatty():
        return None
    running: set[str] = set()

    def told(name: str, state: str) -> None:
        running.add(name) if state == "started" else running.discard(name)
        waiting = ", ".join(sorted(running))[:60]
        sys.stderr.write("\r\x1b[K" + (say("Inspection : ", "Inspecting: ") + waiting if running else ""))
        sys.stderr.flush()

    return told
