"""Tells a scanner from a hand by the time between two keys: nobody presses two in a blink."""

from dataclasses import dataclass

BLINK_S = 0.06  # scanners type a sign every 2 to 30 ms, quick hands every 100 ms
QUIET_S = 0.1  # a single key is a hand's once nothing has followed it for so long


@dataclass(slots=True)
class Pace:
    """`heard` is told every key; a code's first sign is known as a scanner's only when the second one comes."""

    last_s: float = float("-inf")  # when the last key was pressed
    _was_sign: bool = False

    def heard(self, *, is_sign: bool, at_s: float) -> bool:
        """True when this key came in a blink after another sign: a scanner types. A line's end is a sign too."""
        is_scan = is_sign and self._was_sign and at_s - self.last_s < BLINK_S
        self.last_s, self._was_sign = at_s, is_sign
        return is_scan
