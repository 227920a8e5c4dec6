"""What the operator's keys mean. Pure: a key in, orders out; stopping everything is asked once more.

Escape only takes a question back.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from agent.bulk.wishes import Wish
from agent.wall.rows import token_of
from agent.wipe.supervisor import Seat

ESCAPE = "\x1b"
_NUMBER = frozenset("0123456789\r\n\x7f\b")
_SEQUENCE = re.compile("\x1b(?:\\[\\[?[0-9;?]*[@-~]|O.|[^\x1b])", re.DOTALL)


def keys_in(raw: bytes) -> list[str]:
    """Single keys of what a terminal sent. An arrow or function key begins with Escape and is none of ours: F4 ends
    with an S.
    """
    return list(_SEQUENCE.sub("", raw.decode("utf-8", "replace")))


@dataclass(slots=True)
class Hand:
    """Remembers half-said orders: `asking` is what the last line of the screen asks."""

    lang: str = "fr"
    asking: Literal["", "which", "all", "abandon"] = ""
    digits: str = ""
    said: str = field(default="")  # the answer to the last key

    def press_all(self, keys: Sequence[str], seats: Sequence[Seat]) -> list[Wish]:
        """Keys that came at once. Nobody presses two in a blink: that is a scanner, and its code orders nothing."""
        is_number = self.asking == "which" and all(key in _NUMBER for key in keys)
        if len(keys) > 1 and not is_number:
            self.asking = ""
            self.said = self._say("Une touche à la fois : rien n'est changé.", "One key at a time: nothing is changed.")
            return []
        return [wish for key in keys for wish in self.press(key, seats)]

    def press(self, key: str, seats: Sequence[Seat]) -> list[Wish]:
        self.said = ""
        if self.asking == "which":
            return self._which(key, seats)
        if self.asking:
            return self._sure(key, seats)
        at_work = [seat for seat in seats if not seat.is_over]
        if key in ("p", "P"):
            is_paused = any(seat.is_pausing for seat in at_work)
            return [Wish("continue" if is_paused else "pause")]
        if key == "s":
            self.asking, self.digits = "which", ""
        elif key == "S":
            self.asking = "abandon" if at_work and all(seat.is_stopping for seat in at_work) else "all"
        return []

    def _which(self, key: str, seats: Sequence[Seat]) -> list[Wish]:
        if key.isascii() and key.isdigit() and len(self.digits) < 4:
            self.digits += key
            return []
        if key in ("\x7f", "\b"):
            self.digits = self.digits[:-1]
            return []
        self.asking = ""
        number = int(self.digits) if self.digits else 0
        if key not in ("\r", "\n") or not 1 <= number <= len(seats) or seats[number - 1].is_over:
            self.said = self._say("Aucun disque arrêté.", "No disk was stopped.")
            return []
        seat = seats[number - 1]
        self.said = self._say(f"Arrêt demandé : {token_of(seat)}.", f"Stop asked for: {token_of(seat)}.")
        return [Wish("stop", seat.job.id)]

    def _sure(self, key: str, seats: Sequence[Seat]) -> list[Wish]:
        was, self.asking = self.asking, ""
        if key not in ("S", "s"):
            self.said = self._say("On continue.", "Going on.")
            return []
        if was == "all":
            self.said = self._say("Arrêt de tous les disques demandé.", "Stop of all disks asked for.")
            return [Wish("stop")]
        return [Wish("abandon", seat.job.id) for seat in seats if not seat.is_over]

    def prompt(self, seats: Sequence[Seat]) -> str:
        """The last line of the screen."""
        if self.asking == "which":
            return self._say(
                f"Arrêter quel disque ? Son numéro, puis Entrée : {self.digits}",
                f"Stop which disk? Its number, then Enter: {self.digits}",
            )
        if self.asking == "all":
            return self._say(
                "Arrêter TOUS les disques ? S encore une fois : oui. Une autre touche : non.",
                "Stop ALL disks? S once more for yes, any other key for no.",
            )
        if self.asking == "abandon":
            return self._say(
                "Ne plus attendre ? Rien ne sera prouvé. S : oui. Une autre touche : non.",
                "Wait no longer? The disk will not be proven. S for yes, any other key for no.",
            )
        if self.said:
            return self.said
        at_work = [seat for seat in seats if not seat.is_over]
        if at_work and all(seat.is_stopping for seat in at_work):
            alone = sum(seat.erases_itself for seat in at_work)
            if alone:
                return self._say(
                    f"{alone} disque{'s' * (alone > 1)} en effacement interne : attendez. S : ne plus attendre",
                    f"{alone} disk{'s' * (alone != 1)} erasing on their own: please wait. S: wait no longer",
                )
            return self._say("Arrêt en cours...   S : ne plus attendre", "Stopping...   S: wait no longer")
        word = self._say("reprendre", "go on") if any(one.is_pausing for one in at_work) else "pause"
        return self._say(
            f"p : {word}   s : arrêter un disque   S : tout arrêter",
            f"p: {word}   s: stop one disk   S: stop all",
        )

    def _say(self, fr: str, en: str) -> str:
        return en if self.lang == "en" else fr
