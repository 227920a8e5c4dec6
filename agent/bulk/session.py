"""Which disks one session may wipe: named by their serial numbers, on the command line or in a file. Nothing is opened.

There is no "all disks". A serial that nobody has, that two disks share, or that is written twice stops everything.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.errors import InputRefused, Mistake
from agent.rules.source import Items, Mistakes, Node, Pairs, Scalar, quoted, read_source, suggestion
from agent.text import clean

if TYPE_CHECKING:
    from agent.erasure import Media
    from agent.wipe.choose import Method
    from agent.wipe.job import Plan, Seen
    from agent.wipe.survey import Surveyed

CODE_MOST = 80
KEYS = ("session", "operator", "lot", "disks", "count", "method", "verify")
METHODS = ("best", "overwrite", "zeros")
VERIFIES = ("full", "sampled")


class SessionRefused(InputRefused):
    """Everything that is wrong with what was asked, at once; nothing was touched."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(
            fr="\n".join(mistake.told("fr") for mistake in mistakes),
            en="\n".join(mistake.told("en") for mistake in mistakes),
        )
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the operator wants, before any disk was looked at."""

    serials: tuple[str, ...]
    name: str | None = None
    operator: str | None = None
    lot: str | None = None
    count: int | None = None
    method: "Method" = "best"
    verify: Literal["full", "sampled"] = "full"
    psid: str | None = None
    is_list: bool = False  # an approved list: its count may be typed instead of every serial


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One disk of the session, with the plan that will be shown."""

    media: "Media"
    plan: "Plan"
    found: tuple[str, ...] = ()
    is_member: bool = False  # of an array: a second confirmation
    has_lied: bool = False  # see `liars`
    is_plug: bool = False  # only its dock's number names it: a second confirmation
    seen: "Seen | None" = None  # how it stood when it was looked at

    @property
    def token(self) -> str:
        return token_of(self.media, self.seen)


def token_of(media: "Media", seen: "Seen | None") -> str:
    """What names a disk for a person: the serial number on its label, or the WWN of a disk without one."""
    if seen is not None and seen.namespaces and media.wwn:
        return media.wwn  # the namespaces of one NVMe drive share its serial number
    own = seen.own_serial if seen is not None else None
    return own or media.serial or media.wwn or ""


# --- the session file -------------------------------------------------------------------------------------------------


def read_session(path: Path) -> Asked:
    """The session in this YAML file; SessionRefused with every mistake, each with its line and column."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputRefused(
            fr=f"{path} ne peut pas être lu ({error.strerror}). Vérifiez le chemin.",
            en=f"{path} cannot be read ({error.strerror}). Check the path.",
        ) from error
    return parse_session(raw, str(path))


def parse_session(raw: bytes, file: str) -> Asked:
    mistakes = Mistakes(file)
    root = read_source(raw, mistakes, holds="session:, disks:, count:")
    asked = _Reader(root, mistakes).asked() if root is not None else None
    if mistakes.found or asked is None:
        raise SessionRefused(mistakes.found)
    return asked


class _Reader:
    def __init__(self, root: Pairs, mistakes: Mistakes) -> None:
        self.root, self.mistakes = root, mistakes

    def asked(self) -> Asked:
        for key, _ in self.root.entries:
            if key.text not in KEYS:
                fr, en = suggestion(key.text, KEYS)
                self.mistakes.at(key, f"clé inconnue : {quoted(key.text)}{fr}", f"unknown key: {quoted(key.text)}{en}")
        serials = self._serials()
        count = self._count(serials)
        return Asked(
            serials=tuple(scalar.text.strip() for scalar in serials),
            name=self._code("session"),
            operator=self._code("operator"),
            lot=self._code("lot"),
            count=count,
            method=self._word("method", METHODS),  # type: ignore[arg-type] # one of these
            verify=self._word("verify", VERIFIES),  # type: ignore[arg-type] # one of these
            is_list=True,
        )

    def _serials(self) -> list[Scalar]:
        node = self.root.value("disks")
        if node is None:
            self.mistakes.at(
                self.root, "« disks » manque : la liste des numéros de série", "disks is missing: the serial numbers"
            )
            return []
        if not isinstance(node, Items) or not node.nodes:
            self.mistakes.at(
                node, "« disks » doit être une liste de numéros de série", "disks must be a list of serial numbers"
            )
            return []
        found: list[Scalar] = []
        lines: dict[str, int] = {}
        for one in node.nodes:
            if not isinstance(one, Scalar) or not _is_code(one.text):
                self.mistakes.at(one, "ce n'est pas un numéro de série", "this is no serial number")
            elif bare(one.text) in lines:
                before = lines[bare(one.text)]
                self.mistakes.at(
                    one,
                    f"le disque {quoted(one.text)} est déjà écrit ligne {before}",
                    f"the disk {quoted(one.text)} is already on line {before}",
                )
            else:
                lines[bare(one.text)] = one.line
                found.append(one)
        return found

    def _count(self, serials: Sequence[Scalar]) -> int | None:
        node = self.root.value("count")
        if node is None:
            return None
        if not isinstance(node, Scalar) or not re.fullmatch(r"[1-9][0-9]{0,5}", node.text.strip()):
            self.mistakes.at(node, "« count » doit être un nombre de disques", "count must be a number of disks")
            return None
        count, listed = int(node.text), self.root.value("disks")
        has = len(listed.nodes) if isinstance(listed, Items) else len(serials)
        if count != has:
            self.mistakes.at(
                node,
                f"« count » dit {count}, mais la liste a {has} disque{'s' * (has > 1)}",
                f"count says {count}, but the list has {has} disk{'s' * (has != 1)}",
            )
        return count

    def _code(self, key: str) -> str | None:
        node = self.root.value(key)
        if node is None:
            return None
        if isinstance(node, Scalar) and _is_code(node.text):
            return node.text.strip()
        self.mistakes.at(
            node,
            f"« {key} » doit être un code de 1 à {CODE_MOST} caractères",
            f"{key} must be 1–{CODE_MOST} characters",
        )
        return None

    def _word(self, key: str, words: tuple[str, ...]) -> str:
        node: Node | None = self.root.value(key)
        if node is None:
            return words[0]
        if isinstance(node, Scalar) and node.text in words:
            return node.text
        told = quoted(node.text) if isinstance(node, Scalar) else "?"
        self.mistakes.at(
            node,
            f"« {key} » : {told} n'est pas parmi {', '.join(words)}",
            f"{key}: {told} is none of {', '.join(words)}",
        )
        return words[0]


def _is_code(text: str) -> bool:
    return bool(text.strip()) and len(text) <= CODE_MOST and clean(text) == text.strip()


def bare(serial: str) -> str:
    """Case and spaces never tell two disks apart."""
    return "".join(serial.split()).upper()


# --- from serials to disks --------------------------------------------------------------------------------------------


def choose(asked: Asked, surveyed: Iterable["Surveyed"], *, only_reads: bool = False) -> tuple[Chosen, ...]:
    """The disks asked for, in that order, each free to be wiped; InputRefused with every problem, a sentence each.

    `only_reads`: nothing will be written, so what only stands against writing does not count.
    """
    disks = tuple(surveyed)
    by_name: dict[str, list[Surveyed]] = {}
    for disk in disks:
        own = disk.seen.own_serial if disk.seen is not None else None
        for token in dict.fromkeys(bare(text) for text in (own, disk.media.serial, disk.media.wwn) if text):
            by_name.setdefault(token, []).append(disk)
    problems = _Problems()
    chosen: list[Chosen] = []
    seen: set[str] = set()
    for serial in asked.serials:
        found = by_name.get(bare(serial), [])
        if len(found) == 1:
            if found[0].media.name in seen:
                problems.add(f"Le disque {serial} est demandé deux fois.", f"The disk {serial} is asked for twice.")
                continue
            seen.add(found[0].media.name)
            chosen += _free(found[0], asked, problems, only_reads=only_reads)
        elif not found:
            problems.unknown(serial, disks)
        elif all(one.seen is not None and one.seen.namespaces for one in found):
            names = ", ".join(f"{one.media.name} = {one.media.wwn or '?'}" for one in found)
            problems.add(
                f"Le disque NVMe {serial} a plusieurs espaces ({names}). Donnez le WWN de l'espace voulu.",
                f"The NVMe drive {serial} has several namespaces ({names}). Give the WWN of the one you want.",
            )
        else:
            names = ", ".join(sorted(one.media.name for one in found))
            problems.add(
                f"Deux disques ont le numéro {serial} ({names}). Débranchez-en un, puis recommencez.",
                f"Two disks have the serial {serial} ({names}). Unplug one, then try again.",
            )
    problems.shared(chosen)
    if asked.psid is not None and len(asked.serials) != 1:
        problems.add("Un code PSID va avec un seul disque.", "A PSID goes with one disk only.")
    problems.raise_()
    return tuple(chosen)


def _free(disk: "Surveyed", asked: Asked, problems: "_Problems", *, only_reads: bool) -> list[Chosen]:
    """The disk with its plan; or its refusals told. That no method suits is asked again with the operator's wishes."""
    plan = disk.planned(method=asked.method, verify=asked.verify, psid=asked.psid)
    ignored = ("no-method", "read-only", "read-only-unknown", "zoned") if only_reads else ("no-method",)
    refused = [why for why in disk.refusals if why.rule not in ignored]
    for why in refused:
        problems.add(why.fr, why.en)
    if not refused and not only_reads and (plan.level is None or not plan.steps):
        problems.add(f"{disk.media.name} : {plan.chosen_fr}", f"{disk.media.name}: {plan.chosen_en}")
        return []
    return [] if refused else [_chosen(disk, plan)]


def _chosen(disk: "Surveyed", plan: "Plan") -> Chosen:
    return Chosen(
        media=disk.media, plan=plan, found=disk.found, is_member=disk.is_member, is_plug=disk.is_plug, seen=disk.seen
    )


class _Problems:
    def __init__(self) -> None:
        self._told: list[tuple[str, str]] = []

    def add(self, fr: str, en: str) -> None:
        self._told.append((fr, en))

    def shared(self, chosen: Sequence[Chosen]) -> None:
        """Two namespaces of one NVMe drive, and an erase of the drive planned for one of them: it hits both."""
        for one in chosen:
            is_of_drive = one.seen is not None and one.seen.namespaces and any(s.hits_the_drive for s in one.plan.steps)
            for other in chosen:
                if is_of_drive and other is not one and other.media.serial == one.media.serial:
                    names = f"{one.media.name}, {other.media.name}"
                    self.add(
                        f"{names} : deux espaces d'un disque NVMe, que la méthode efface ensemble. Un seul suffit.",
                        f"{names}: two namespaces of one NVMe drive, which the technique erases together. Name one.",
                    )
                    return

    def unknown(self, serial: str, disks: Sequence["Surveyed"]) -> None:
        known = [disk.media.serial or disk.media.wwn or "" for disk in disks if not disk.refusals]
        fr, en = suggestion(serial, [token for token in known if token])
        self.add(
            f"Aucun disque de ce PC n'a le numéro {serial}{fr} (rebond disks montre les disques)",
            f"No disk of this PC has the serial {serial}{en} (rebond disks shows the disks)",
        )

    def raise_(self) -> None:
        if self._told:
            raise InputRefused(
                fr="\n".join((*(fr for fr, _ in self._told), "Rien n'a été touché.")),
                en="\n".join((*(en for _, en in self._told), "Nothing was touched.")),
            )
