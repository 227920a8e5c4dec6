"""A folder of YAML files → profiles, includes joined; all mistakes of all files at once, or none.

A profile of another folder may include the shipped parts by name: a workshop writes its own rules beside ours.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import Mistake, ProfileError, UsageError
from agent.rules.build import Draft, build_draft
from agent.rules.source import BYTES_MOST, Mistakes, quoted, read_source, suggestion
from agent.rules.tree import Bilingual, Compare, Profile, Rule

FILES_MOST = 200
FOR_RULE = "pc-vise"  # id of the rule that `for:` becomes

_FOR_BECAUSE = Bilingual(
    fr="Ce profil n'est pas prévu pour ce type d'ordinateur.", en="This profile is not meant for this kind of computer."
)


@dataclass(slots=True)
class _Folder:
    """The drafts of one folder, read when first asked for."""

    path: Path
    drafts: dict[str, Draft] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


def shipped_folder() -> Path:
    """Where our own profiles are: inside an installed package, or at the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "shipped_profiles"
    return inside if inside.is_dir() else package.parent / "profiles"


def load_profiles(folder: Path | None = None, only: Sequence[str] | None = None) -> tuple[Profile, ...]:
    """The profiles of this folder (default: the shipped ones), best ranked first; parts only when named in `only`.

    ProfileError holds every mistake of every file; UsageError when the folder or a name does not exist.
    """
    home = _read(folder or shipped_folder())
    shipped = (
        home if folder is None or folder.resolve() == shipped_folder() else _read(shipped_folder(), may_be_empty=True)
    )
    profiles = {name: _join(draft, home, shipped) for name, draft in home.drafts.items()}
    mistakes = home.mistakes + (shipped.mistakes if shipped is not home else [])
    if mistakes:
        raise ProfileError(tuple(sorted(mistakes, key=lambda one: (one.file, one.line, one.column, one.en))))
    if only:
        return tuple(_named(name, profiles) for name in only)
    return tuple(sorted((p for p in profiles.values() if not p.is_part), key=lambda p: (p.rank, p.name)))


def check_file(path: Path) -> Profile:
    """One file as a profile, its includes taken from its own folder, then from the shipped ones; ProfileError."""
    home = _Folder(path.parent)
    waiting = [path.stem]
    _read_file(path, home)
    while waiting:
        draft = home.drafts.get(waiting.pop())
        for name in () if draft is None else (scalar.text for scalar in draft.includes):
            beside = path.parent / f"{name}.yaml"
            if re.fullmatch("[a-z0-9-]+", name) and name not in home.drafts and beside.is_file():
                _read_file(beside, home)
                waiting.append(name)
    shipped = _read(shipped_folder(), may_be_empty=True)
    profile = _join(home.drafts[path.stem], home, shipped) if path.stem in home.drafts else None
    if home.mistakes or profile is None:
        raise ProfileError(tuple(home.mistakes))
    return profile


def _named(name: str, profiles: dict[str, Profile]) -> Profile:
    if name in profiles:
        return profiles[name]
    fr, en = suggestion(name, profiles)
    raise UsageError(fr=f"Profil inconnu {quoted(name)}{fr}.", en=f"Unknown profile {quoted(name)}{en}.")


def _read(path: Path, *, may_be_empty: bool = False) -> _Folder:
    try:
        files = sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))
    except OSError as error:
        raise UsageError(
            fr=f"Le dossier de profils {path} ne peut pas être lu ({error.strerror}).",
            en=f"The profile folder {path} cannot be read ({error.strerror}).",
        ) from error
    if not (files or may_be_empty) or len(files) > FILES_MOST:
        raise UsageError(
            fr=f"Le dossier {path} doit contenir de 1 à {FILES_MOST} fichiers .yaml.",
            en=f"The folder {path} must hold 1 to {FILES_MOST} .yaml files.",
        )
    folder = _Folder(path)
    for file in files:
        _read_file(file, folder)
    return folder


def _read_file(path: Path, folder: _Folder) -> None:
    mistakes = Mistakes(path.name)
    try:
        with path.open("rb") as stream:
            raw = stream.read(BYTES_MOST + 1)
    except OSError as error:
        mistakes.at_line(1, 1, f"illisible : {error.strerror}", f"unreadable: {error.strerror}")
        folder.mistakes += mistakes.found
        return
    source = read_source(raw, mistakes)
    if source is not None:
        draft = build_draft(source, mistakes)
        place = source.value("profile") or source
        if draft.name and draft.name != path.stem:
            mistakes.at(
                place,
                f"le fichier s'appelle {quoted(path.stem)}, le profil {quoted(draft.name)}",
                f"the file is called {quoted(path.stem)}, the profile {quoted(draft.name)}",
            )
        # Kept under the file's name even when faulty: who includes it must not be told that it does not exist.
        folder.drafts[path.stem] = draft
        folder.digests[path.stem] = hashlib.sha256(raw).hexdigest()
    folder.mistakes += mistakes.found


def _join(draft: Draft, home: _Folder, shipped: _Folder) -> Profile:
    """The profile with the rules of its includes after its own; each included file counts once."""
    rules: dict[str, Rule] = {}
    names: list[str] = []
    own = Path(draft.file).stem
    _gather(own, draft, (own,), names, rules, home, shipped)
    lines = [f"{name} {_digest(name, home, shipped)}" for name in sorted(names)]
    head = (_for_rule(draft),) if draft.chassis else ()
    return Profile(
        name=draft.name,
        version=draft.version,
        title=draft.title,
        rank=draft.rank,
        is_part=draft.is_part,
        chassis=draft.chassis,
        includes=tuple(scalar.text for scalar in draft.includes),
        rules=(*head, *rules.values()),
        digest=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    )


def _gather(
    name: str, draft: Draft, way: tuple[str, ...], names: list[str], rules: dict[str, Rule], home: _Folder,
    shipped: _Folder,
) -> None:  # fmt: skip
    if name in names:
        return
    names.append(name)
    mistakes = Mistakes(draft.file)
    for rule in draft.rules:
        if rule.id in rules or rule.id == FOR_RULE:
            other = f"{rules[rule.id].file}:{rules[rule.id].line}" if rule.id in rules else "for:"
            mistakes.at_line(
                rule.line, 1, f"règle {rule.id!r} déjà dans {other}", f"rule {rule.id!r} already in {other}"
            )
        rules.setdefault(rule.id, rule)
    for scalar in draft.includes:
        inner = home.drafts.get(scalar.text) or shipped.drafts.get(scalar.text)
        if scalar.text in way:
            round_trip = " → ".join((*way, scalar.text))
            mistakes.at(scalar, f"inclusion en rond : {round_trip}", f"circular include: {round_trip}")
        elif inner is None:
            fr, en = suggestion(scalar.text, {*home.drafts, *shipped.drafts})
            text = quoted(scalar.text)
            mistakes.at(scalar, f"profil inconnu {text}{fr}", f"unknown profile {text}{en}")
        else:
            _gather(scalar.text, inner, (*way, scalar.text), names, rules, home, shipped)
    home.mistakes += [mistake for mistake in mistakes.found if mistake not in home.mistakes]


def _digest(name: str, home: _Folder, shipped: _Folder) -> str:
    return home.digests.get(name) or shipped.digests[name]


def _for_rule(draft: Draft) -> Rule:
    """`for:` as a rule: another kind of machine, or one of unknown kind, is for a person to decide."""
    return Rule(
        id=FOR_RULE,
        condition=Compare(path="system.chassis", operator="one_of", values=draft.chassis),
        failing="review",
        because=_FOR_BECAUSE,
        file=draft.file,
    )
