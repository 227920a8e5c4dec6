"""`profiles`: list, show, check, explain and compare what machines are judged against."""

import argparse
from pathlib import Path

from agent.commands.say import Say, add_actions, note, tell

_ACTIONS = (
    ("list", "les profils livrés", "the shipped profiles"),
    ("show", "un profil tel qu'il est écrit", "a profile as written"),
    ("check", "relire un fichier ou un dossier de profils", "check a profile file or folder"),
    ("explain", "un profil en phrases simples", "a profile in plain sentences"),
    ("diff", "les machines que deux profils jugent différemment", "machines that two profiles judge differently"),
)


def add_profiles(parser: argparse.ArgumentParser, say: Say) -> None:
    for name, action in add_actions(parser, say, _ACTIONS):
        if name == "check":
            action.add_argument("paths", nargs="*", type=Path, metavar="FILE|DIR")
        else:
            action.add_argument(
                "--profiles", type=Path, metavar="DIR", help=say("dossier de profils", "folder of profiles")
            )
        if name in ("show", "explain"):
            action.add_argument("name", metavar="NAME")
        if name == "diff":
            action.add_argument("first", metavar="A")
            action.add_argument("second", metavar="B")
            action.add_argument(
                "--over", type=Path, required=True, metavar="DIR", help=say("dossier de captures", "folder of captures")
            )
    parser.set_defaults(run=run_profiles)


def run_profiles(options: argparse.Namespace, say: Say) -> int:
    actions = {"list": _list, "show": _show, "check": _check, "explain": _explain, "diff": _diff}
    return actions[options.action](options, say)


def _list(options: argparse.Namespace, say: Say) -> int:
    from agent.rules import load_profiles

    for profile in load_profiles(options.profiles):
        tell(f"{profile.name:<22} v{profile.version}  {profile.title.told(say.lang)}")
    return 0


def _show(options: argparse.Namespace, say: Say) -> int:
    from agent.rules import load_profiles, shipped_folder

    load_profiles(options.profiles, only=[options.name])  # says which name was meant, when it is unknown
    tell(((options.profiles or shipped_folder()) / f"{options.name}.yaml").read_text("utf-8"))
    return 0


def _check(options: argparse.Namespace, say: Say) -> int:
    from agent.errors import Mistake, ProfileError
    from agent.rules import check_file, load_profiles, shipped_folder

    mistakes: list[Mistake] = []
    count = 0
    for path in options.paths or [shipped_folder()]:
        try:
            if path.is_dir():
                count += len(load_profiles(path))
            else:
                check_file(path)
                count += 1
        except ProfileError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ProfileError(tuple(mistakes))
    tell(say(f"{count} profil(s) sans faute.", f"{count} profile(s) without mistakes."))
    return 0


def _explain(options: argparse.Namespace, say: Say) -> int:
    from agent.rules import explain_profile, load_profiles

    (profile,) = load_profiles(options.profiles, only=[options.name])
    tell(explain_profile(profile, say.lang))
    return 0


def _diff(options: argparse.Namespace, say: Say) -> int:
    from agent.commands.look import look
    from agent.errors import RebondError
    from agent.rules import load_profiles
    from agent.verdict import differences, tell_differences

    first, second = load_profiles(options.profiles, only=[options.first, options.second])
    machines = []
    for path in sorted(options.over.iterdir()) if options.over.is_dir() else [options.over]:
        try:
            machines.append((path.name, look(path, say)))
        except RebondError as error:
            note(f"{path.name}: {error.told(say.lang)}")
    tell(tell_differences(differences(first, second, machines), say.lang))
    tell(say(f"Machines comparées : {len(machines)}.", f"Machines compared: {len(machines)}."))
    return 0
