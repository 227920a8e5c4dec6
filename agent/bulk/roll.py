"""The operator's hand over a plan, as a conversation without a terminal: who, which disks, sure, and a countdown.

    roll = Roll(chosen, operator="op-7")
    while roll.asks not in ("countdown", "nothing"):
        show(roll.question); show(roll.hear(line))      # what was typed or scanned; None when there is no more to come
    while roll.asks == "countdown":                     # `roll.left_s` seconds are left
        roll.tick(typed=anything_was_typed_during_one_second())
    roll.armed or roll.refused                          # exactly one of them, now that it asks nothing

`arming` leads it through a keyboard or a pipe, the full-screen console through its own widgets. `Armed` is made here
only. A roll is used by one thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent.bulk.session import Chosen, bare
from agent.scanner import read_back, read_code
from agent.text import clean

TRIES = 3
COUNTDOWN_S = 10
# The digit row of a French keyboard without shift: what a hand types that forgets it.
_AZERTY = dict(zip("&é\"'(-è_çà", "1234567890", strict=True)) | dict(zip("ÉÈÇÀ", "2790", strict=True))
_LABEL_LACKS = "WD-"  # Western Digital's own serials begin with it, the bar code on the label does not
_YES = {"oui", "o", "yes", "y"}

Approval = Literal["typed", "counted", "unattended"]
Asks = Literal["operator", "serial", "count", "member", "plug", "countdown", "nothing"]
# "heard": taken. "blank": a scanner's second line end. "again": that disk is confirmed already. "wrong": one try less.
# "over": armed no more, see `refused`.
Kind = Literal["heard", "blank", "again", "wrong", "over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """The operator's word: `chosen` is what may be wiped."""

    chosen: tuple[Chosen, ...]
    approval: Approval
    count: int
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotArmed:
    """Nothing may be touched, and why."""

    fr: str
    en: str


@dataclass(frozen=True, slots=True)
class Answer:
    """To one line of the operator."""

    kind: Kind
    fr: str = ""
    en: str = ""
    token: str | None = None  # the disk that was meant


class Roll:
    """See the module. `approved_count`: the number of disks in an approved list; then that number is typed instead of
    every serial. `is_unattended`: that list names its own number and its operator; then nothing is typed at all, and
    the countdown stays.
    """

    def __init__(
        self, chosen: Sequence[Chosen], *, operator: str | None, approved_count: int | None = None,
        is_unattended: bool = False,
    ) -> None:  # fmt: skip
        self.chosen, self.operator, self.left_s = tuple(chosen), operator, COUNTDOWN_S
        self.refused: NotArmed | None = None
        self._approval: Approval = (
            "unattended" if is_unattended else "typed" if approved_count is None else "counted"
        )  # fmt: skip
        self._left = [one.token for one in self.chosen] if self._approval == "typed" else []
        self._is_counted = self._approval != "counted"
        self._members = [one for one in self.chosen if one.is_member]
        self._plugs = [one for one in self.chosen if one.is_plug]
        self._wrong = 0
        if is_unattended:
            self._check_unattended(approved_count)

    def _check_unattended(self, approved_count: int | None) -> None:
        if approved_count != len(self.chosen):
            self._refuse(
                "Le nombre de disques de la liste approuvée n'est pas celui du plan.",
                "The number of disks in the approved list is not that of the plan.",
            )
        elif self._members:
            told = ", ".join(one.token for one in self._members)
            self._refuse(
                f"Ces disques font partie d'un ensemble : {told}. Il faut une personne pour le confirmer.",
                f"These disks are part of a set: {told}. A person must confirm it.",
            )
        elif self._plugs:
            told = ", ".join(one.token for one in self._plugs)
            self._refuse(
                f"Ces numéros sont ceux de prises, pas de disques : {told}. Il faut une personne pour le confirmer.",
                f"These numbers are those of plugs, not of disks: {told}. A person must confirm it.",
            )
        elif not self.operator:
            self._refuse("Le technicien n'est pas nommé.", "The operator is not named.")

    # --- where it stands ----------------------------------------------------------------------------------------------

    @property
    def asks(self) -> Asks:
        if self.refused is not None:
            return "nothing"
        if not self.operator:
            return "operator"
        if self._left:
            return "serial"
        if not self._is_counted:
            return "count"
        if self._members:
            return "member"
        if self._plugs:
            return "plug"
        return "countdown" if self.left_s > 0 else "nothing"

    @property
    def armed(self) -> Armed | None:
        """Only once everything was answered and the countdown has ended."""
        if self.refused is not None or self.asks != "nothing":
            return None
        assert self.operator
        return Armed(chosen=self.chosen, approval=self._approval, count=len(self.chosen), operator=self.operator)

    @property
    def left(self) -> tuple[str, ...]:
        """The serials that are still to be named."""
        return tuple(self._left)

    @property
    def question(self) -> tuple[str, str]:
        """French and English; the countdown's is a warning."""
        count = len(self.chosen)
        match self.asks:
            case "operator":
                return "Votre code de technicien : ", "Your operator's code: "
            case "serial":
                left = len(self._left)
                return (
                    f"Scannez ou tapez le numéro de série d'un disque à effacer (reste {left}) : ",
                    f"Scan or type the serial of a disk to wipe ({left} left): ",
                )
            case "count":
                return (
                    "Tapez le nombre de disques à effacer, pour confirmer : ",
                    "Type the number of disks to wipe, to confirm: ",
                )
            case "member":
                one = self._members[0]
                found = clean(", ".join(one.found), 60)
                return (
                    f"{one.token} fait partie d'un ensemble de disques ({found}). L'effacer peut détruire les données\n"
                    "des autres disques de l'ensemble. Taper oui pour continuer : ",
                    f"{one.token} is part of a set of disks ({found}). Wiping it can destroy the data of the set's\n"
                    "other disks. Type yes to go on: ",
                )
            case "plug":  # a dock's number stays the same when another disk is put in: eyes are needed
                token = self._plugs[0].token
                return (
                    f"{token} est le numéro de la prise (clé, lecteur ou boîtier), pas celui d'un disque.\n"
                    "Regardez que le bon disque y est, et ne le changez plus. Taper oui pour continuer : ",
                    f"{token} is the number of the plug (stick, reader or dock), not of a disk.\n"
                    "See that the right disk is in it, and do not change it any more. Type yes to go on: ",
                )
            case "countdown":
                return (
                    f"{count} disque{'s' * (count > 1)} : tout va être effacé, pour toujours. Une touche arrête tout.",
                    f"{count} disk{'s' * (count != 1)}: everything will be erased, for ever. Any key stops it.",
                )
        return "", ""

    # --- what is said to it -------------------------------------------------------------------------------------------

    def hear(self, typed: str | None) -> Answer:
        """One line; None when no line can come any more."""
        asks = self.asks
        if asks in ("countdown", "nothing"):
            raise ValueError(f"nothing is asked: {asks}")
        if typed is None:
            return self._refuse(*_UNANSWERED[asks])
        if asks == "member":
            return self._hear_member(typed)
        if asks == "plug":
            return self._hear_plug(typed)
        if not typed.strip():
            return Answer("blank")
        if asks == "operator":
            return self._hear_operator(typed)
        return self._hear_count(typed) if asks == "count" else self._hear_serial(typed)

    def tick(self, *, typed: bool) -> None:
        """One second of the countdown has passed. `typed`: any key at all was pressed in it."""
        if self.asks != "countdown":
            raise ValueError("there is no countdown now")
        if typed:
            self._refuse("Arrêté pendant le compte à rebours.", "Stopped during the countdown.")
        else:
            self.left_s -= 1

    def give_up(self, fr: str = "Arrêté.", en: str = "Stopped.") -> None:
        """Somebody does not want it any more. What was said before counts no longer."""
        self._refuse(fr, en)

    def _hear_operator(self, typed: str) -> Answer:
        code, wrong = operator_in(typed, [one.token for one in self.chosen])
        if wrong is not None:
            return self._mistake(*wrong)
        self.operator, self._wrong = code, 0
        return Answer("heard", f"Technicien : {code}.", f"Operator: {code}.")

    def _hear_serial(self, typed: str) -> Answer:
        # Of all, not of those that are left: a disk that is confirmed twice must not stand for one that is like it.
        known = matching(typed, [one.token for one in self.chosen])
        if len(known) > 1:
            return self._mistake(
                "Deux disques du plan peuvent être ce numéro. Tapez-le en entier.",
                "Two disks of the plan may be this serial. Type it in full.",
            )
        if not known:
            return self._mistake(
                "Ce numéro n'est pas celui d'un disque du plan.", "This is no serial of a disk of the plan."
            )
        (token,) = known
        if token not in self._left:
            return Answer("again", "Déjà confirmé.", "Confirmed already.", token)
        self._left.remove(token)
        return Answer("heard", f"{token} : confirmé.", f"{token}: confirmed.", token)

    def _hear_count(self, typed: str) -> Answer:
        digits = "".join(_AZERTY.get(sign, sign) for sign in "".join(typed.split()))
        if digits.isascii() and digits.isdigit() and int(digits[:9]) == len(self.chosen):
            self._is_counted = True
            return Answer("heard", f"{len(self.chosen)} : confirmé.", f"{len(self.chosen)}: confirmed.")
        return self._mistake(
            "Ce n'est pas le nombre de disques du plan.", "This is not the plan's number of disks."
        )  # fmt: skip

    def _hear_member(self, typed: str) -> Answer:
        token = self._members[0].token
        if typed.strip().casefold() not in _YES:
            return self._refuse(
                f"Le disque {token} fait partie d'un ensemble et n'a pas été confirmé une seconde fois.",
                f"The disk {token} is part of a set and was not confirmed a second time.",
            )
        self._members = self._members[1:]
        return Answer("heard", f"{token} : confirmé.", f"{token}: confirmed.", token)

    def _hear_plug(self, typed: str) -> Answer:
        token = self._plugs[0].token
        if typed.strip().casefold() not in _YES:
            return self._refuse(
                f"Le disque de la prise {token} n'a pas été confirmé une seconde fois.",
                f"The disk in the plug {token} was not confirmed a second time.",
            )
        self._plugs = self._plugs[1:]
        return Answer("heard", f"{token} : confirmé.", f"{token}: confirmed.", token)

    def _mistake(self, fr: str, en: str) -> Answer:
        self._wrong += 1
        left = TRIES - self._wrong
        if left <= 0:
            return self._refuse(f"{fr} Trois essais ratés.", f"{en} Three wrong tries.")
        return Answer(
            "wrong",
            f"{fr} Encore {left} essai{'s' * (left > 1)}.",
            f"{en} {left} tr{'ies' if left > 1 else 'y'} left.",
        )

    def _refuse(self, fr: str, en: str) -> Answer:
        self.refused = self.refused or NotArmed(fr=fr, en=en)
        return Answer("over", fr, en)


_UNANSWERED: dict[str, tuple[str, str]] = {
    "operator": ("Le technicien n'est pas nommé.", "The operator is not named."),
    "serial": ("Les numéros de série n'ont pas été donnés.", "The serials were not given."),
    "count": ("Le nombre de disques n'a pas été donné.", "The number of disks was not given."),
    "member": (
        "Un disque fait partie d'un ensemble et n'a pas été confirmé une seconde fois.",
        "A disk is part of a set and was not confirmed a second time.",
    ),
    "plug": (
        "Un disque connu par sa seule prise n'a pas été confirmé une seconde fois.",
        "A disk that only its plug names was not confirmed a second time.",
    ),
}


# --- which disk was meant ---------------------------------------------------------------------------------------------


def operator_in(typed: str, tokens: Sequence[str]) -> tuple[str, tuple[str, str] | None]:
    """The code that signs; or why this is none, in French and English. `tokens`: serials, which sign nothing."""
    code = read_code(typed)
    if matching(typed, tokens):
        fr, en = "C'est le numéro d'un disque, pas le code d'un technicien.", "This is a disk's serial, not your code."
        return "", (fr, en)
    if code.problem is not None:
        return "", code.problem
    if not code.text or code.kind not in (None, "operator"):
        return "", ("Ce n'est pas le code d'un technicien.", "This is not an operator's code.")
    return code.text, None


def matching(typed: str, tokens: Sequence[str]) -> tuple[str, ...]:
    """The serials that may be meant: one is certain, several are not.

    Case and spaces never count. Then, each only where nothing fitted before: digits typed without shift on a French
    keyboard, the prefix that Western Digital's labels leave out, and all of it scanned through the wrong layout.
    """
    word, scanned = bare(typed), bare(read_back(typed.strip()))
    if not word:
        return ()
    for said, fits in ((word, _fits), (word, _fits_azerty), (word, _fits_label), (scanned, _fits),
                       (scanned, _fits_label)):  # fmt: skip
        found = tuple(token for token in tokens if fits(said, bare(token)))
        if found:
            return found
    return ()


def _fits(word: str, serial: str) -> bool:
    return word == serial


def _fits_azerty(word: str, serial: str) -> bool:
    """Sign by sign, since "-" may be a 6 or stand for itself."""
    return len(word) == len(serial) and all(a == b or _AZERTY.get(a) == b for a, b in zip(word, serial, strict=True))


def _fits_label(word: str, serial: str) -> bool:
    return serial.startswith(_LABEL_LACKS) and _fits_azerty(word, serial.removeprefix(_LABEL_LACKS))
