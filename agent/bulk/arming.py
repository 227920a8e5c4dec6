"""Two steps before anything is erased: the operator names each disk by its serial, then a countdown anyone can stop.

Pure over three functions, so that a keyboard, a scanner, a pipe and a test are the same thing.
"""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from agent.bulk.session import Chosen, bare
from agent.erasure import Level
from agent.text import clean
from agent.units import tell_bytes
from agent.wipe.job import Plan

TRIES = 3
COUNTDOWN_S = 10
WIDTH = 80
# The digit row of a French keyboard without shift: what a scanner set up for another keyboard types.
_AZERTY = dict(zip("&é\"'(-è_çà", "1234567890", strict=True)) | dict(zip("ÉÈÇÀ", "2790", strict=True))
_LABEL_LACKS = "WD-"  # Western Digital's own serials begin with it, the bar code on the label does not
_YES = {"oui", "o", "yes", "y"}

Ask = Callable[[str], str | None]  # the prompt → one line without its end, or None at the end of the input
Tell = Callable[[str], None]
Waited = Callable[[int], bool]  # seconds left → True when something was typed during this second

Approval = Literal["typed", "counted", "unattended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """The operator's word: `chosen` is what may be wiped."""

    chosen: tuple[Chosen, ...]
    approval: Approval
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotArmed:
    """Nothing may be touched, and why."""

    fr: str
    en: str


class _Stop(Exception):
    def __init__(self, fr: str, en: str) -> None:
        self.why = NotArmed(fr=fr, en=en)


@dataclass(frozen=True, slots=True)
class Console:
    """How the operator is spoken to and heard."""

    ask: Ask
    tell: Tell
    waited: Waited
    lang: str = "fr"

    def say(self, fr: str, en: str) -> str:
        return en if self.lang == "en" else fr


def arm(
    chosen: Sequence[Chosen], console: Console, *, approved_count: int | None = None, is_unattended: bool = False,
) -> Armed | NotArmed:  # fmt: skip
    """Show the plan, hear the serials (or, for an approved list, their number), count down.

    `approved_count`: the number of disks in an approved list. `is_unattended`: that list names its own number and its
    operator; then nothing is typed, and the countdown stays.
    """
    console.tell(plan_text(chosen, console.lang))
    try:
        if is_unattended:
            if approved_count != len(chosen):
                raise _Stop(
                    "Le nombre de disques de la liste approuvée n'est pas celui du plan.",
                    "The number of disks in the approved list is not that of the plan.",
                )
            approval: Approval = "unattended"
        elif approved_count is not None:
            _hear_count(len(chosen), console)
            approval = "counted"
        else:
            _hear_serials(chosen, console)
            approval = "typed"
        if not is_unattended:
            _hear_members(chosen, console)
        elif members := [one.token for one in chosen if one.is_member]:
            told = ", ".join(members)
            raise _Stop(
                f"Ces disques font partie d'un ensemble : {told}. Il faut une personne pour le confirmer.",
                f"These disks are part of a set: {told}. A person must confirm it.",
            )
        _count_down(len(chosen), console, COUNTDOWN_S)
    except _Stop as stop:
        return stop.why
    return Armed(chosen=tuple(chosen), approval=approval, count=len(chosen))


# --- step one: the disks ----------------------------------------------------------------------------------------------


def fitting(typed: str, tokens: Sequence[str]) -> str | None:
    """The one serial that was meant; None when none or several fit.

    Case and spaces never count. Then, each only where exactly one serial fits: digits typed without shift on a French
    keyboard, and the prefix that Western Digital's labels leave out.
    """
    word = bare(typed)
    if not word:
        return None
    for fits in (_fits, _fits_azerty, _fits_label):
        found = [token for token in tokens if fits(word, bare(token))]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _fits(word: str, serial: str) -> bool:
    return word == serial


def _fits_azerty(word: str, serial: str) -> bool:
    """Sign by sign, since "-" may be a 6 or stand for itself."""
    return len(word) == len(serial) and all(a == b or _AZERTY.get(a) == b for a, b in zip(word, serial, strict=True))


def _fits_label(word: str, serial: str) -> bool:
    return serial.startswith(_LABEL_LACKS) and _fits_azerty(word, serial.removeprefix(_LABEL_LACKS))


def _hear_serials(chosen: Sequence[Chosen], console: Console) -> None:
    left = [one.token for one in chosen]
    wrong = 0
    while left:
        typed = console.ask(
            console.say(
                f"Scannez ou tapez le numéro de série d'un disque à effacer (reste {len(left)}) : ",
                f"Scan or type the serial of a disk to wipe ({len(left)} left): ",
            )
        )
        if typed is None:
            raise _Stop("Les numéros de série n'ont pas été donnés.", "The serials were not given.")
        if not typed.strip():
            continue  # a scanner that sends two line ends
        found = fitting(typed, left)
        if found is not None:
            left.remove(found)
            console.tell(console.say(f"  {found} : confirmé.", f"  {found}: confirmed."))
            continue
        if fitting(typed, [one.token for one in chosen]) is not None:
            console.tell(console.say("  Déjà confirmé.", "  Confirmed already."))
            continue
        wrong += 1
        _wrong(
            wrong, console, "Ce numéro n'est pas celui d'un disque du plan.", "This is no serial of a disk of the plan."
        )


def _hear_count(count: int, console: Console) -> None:
    wrong = 0
    while True:
        typed = console.ask(
            console.say(
                "Tapez le nombre de disques à effacer, pour confirmer : ",
                "Type the number of disks to wipe, to confirm: ",
            )
        )
        if typed is None:
            raise _Stop("Le nombre de disques n'a pas été donné.", "The number of disks was not given.")
        if not typed.strip():
            continue
        digits = "".join(_AZERTY.get(sign, sign) for sign in "".join(typed.split()))
        if digits.isascii() and digits.isdigit() and int(digits[:9]) == count:
            return
        wrong += 1
        _wrong(wrong, console, "Ce n'est pas le nombre de disques du plan.", "This is not the plan's number of disks.")


def _hear_members(chosen: Sequence[Chosen], console: Console) -> None:
    for one in chosen:
        if not one.is_member:
            continue
        found = clean(", ".join(one.found), 60)
        typed = console.ask(
            console.say(
                f"{one.token} fait partie d'un ensemble de disques ({found}). L'effacer peut détruire les données\n"
                "des autres disques de l'ensemble. Taper oui pour continuer : ",
                f"{one.token} is part of a set of disks ({found}). Wiping it can destroy the data of the set's\n"
                "other disks. Type yes to go on: ",
            )
        )
        if typed is None or typed.strip().casefold() not in _YES:
            raise _Stop(
                f"Le disque {one.token} fait partie d'un ensemble et n'a pas été confirmé une seconde fois.",
                f"The disk {one.token} is part of a set and was not confirmed a second time.",
            )


def _wrong(count: int, console: Console, fr: str, en: str) -> None:
    left = TRIES - count
    if left <= 0:
        raise _Stop(f"{fr} Trois essais ratés.", f"{en} Three wrong tries.")
    more = console.say(f"Encore {left} essai{'s' * (left > 1)}.", f"{left} tr{'ies' if left > 1 else 'y'} left.")
    console.tell(f"  {console.say(fr, en)} {more}")


# --- step two: the countdown ------------------------------------------------------------------------------------------


def _count_down(count: int, console: Console, seconds: int) -> None:
    console.tell(
        console.say(
            f"{count} disque{'s' * (count > 1)} : tout va être effacé, pour toujours. Une touche arrête tout.",
            f"{count} disk{'s' * (count != 1)}: everything will be erased, for ever. Any key stops it.",
        )
    )
    for left in range(seconds, 0, -1):
        if console.waited(left):
            raise _Stop("Arrêté pendant le compte à rebours.", "Stopped during the countdown.")


# --- the plan as text -------------------------------------------------------------------------------------------------

LEVELS: dict[Level | None, str] = {"purge": "Purge", "clear": "Clear", None: "?"}


def plan_text(chosen: Sequence[Chosen], lang: str) -> str:
    """What will happen to each disk, and what will not: at most 80 columns."""
    head = "Plan de l'effacement" if lang != "en" else "Wipe plan"
    return "\n".join([f"{head} ({len(chosen)})", *(line for one in chosen for line in _one(one, lang)), ""])


def _one(one: Chosen, lang: str) -> list[str]:
    def say(fr: str, en: str) -> str:
        return en if lang == "en" else fr

    media, plan = one.media, one.plan
    model = clean(" ".join(filter(None, (media.maker, media.model))), 40) or say("modèle inconnu", "unknown model")
    size = tell_bytes(media.size_bytes, lang, decimal=True)
    found = clean(", ".join(one.found), 60) or say("rien de connu", "nothing known")
    level = LEVELS[plan.level]
    rows = [
        (say("contient", "holds"), found),
        (say("méthode", "method"), f"{level}. {say(plan.chosen_fr, plan.chosen_en)}"),
        (say("relecture", "reading"), _reading(plan, lang)),
        (say("à savoir", "to know"), say(plan.why_not_more_fr, plan.why_not_more_en)),
    ]
    if any(step.untested for step in plan.steps):
        rows.append(
            (
                say("attention", "caution"),
                say(
                    "méthode essayée par Rebond sur des disques simulés seulement.",
                    "Rebond has tried this technique on simulated disks only.",
                ),
            )
        )
    lines = ["", _cut(f"  {clean(one.token, 40)}   {media.name}   {size}   {model}")]
    for name, text in rows:
        if text:
            lines += textwrap.wrap(
                text, WIDTH, initial_indent=f"    {name:<9} : ", subsequent_indent=" " * 16, break_on_hyphens=False
            )
    return lines


def _reading(plan: Plan, lang: str) -> str:
    if plan.verify == "full":
        return "read back as a whole." if lang == "en" else "le disque entier sera relu."
    return (
        "by sampling only: a part of the disk will not be proven."
        if lang == "en"
        else "par sondage seulement : une partie du disque ne sera pas prouvée."
    )


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
