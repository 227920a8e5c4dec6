"""Tells a scanner from a hand by the time between two keys: nobody presses two in a blink."""

from dataclasses import dataclass
from typing import Literal

BLINK_S = 0.06  # scanners type a sign every 2 to 30 ms, quick hands every 100 ms
QUIET_S = 0.1  # a single key is a hand's once nothing has followed it for so long


@dataclass(slots=True)
class Pace:
    """`heard` is told every key; a code's first sign is known as a scanner's only when the second one comes."""

    last_s: float = float("-inf")  # when the last key was pressed
    _was: Literal["", "sign", "end"] = ""

    def heard(self, what: Literal["", "sign", "end"], at_s: float) -> Literal["hand", "scan", "second end"]:
        """A sign or a line's end in a blink after another is a scanner's; "": any other key, which no scanner has."""
        is_scan = what != "" and self._was != "" and at_s - self.last_s < BLINK_S
        is_second = is_scan and self._was == what == "end"
        self.last_s, self._was = at_s, what
        return "second end" if is_second else "scan" if is_scan else "hand"

    def is_in_code(self, at_s: float) -> bool:
        """A key pressed now comes a blink after a sign."""
        return self._was == "sign" and at_s - self.last_s < BLINK_S
