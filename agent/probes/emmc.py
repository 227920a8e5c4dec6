"""An eMMC's own estimate of its wear, from sysfs (EXT_CSD bytes 267 to 269, JESD84-B51). Needs eMMC 5.0. Pure."""

import re

_LIFE = range(1, 12)  # 1: 0–10 % of the rated life used … 10: 90–100 %, 11: exceeded; 0: not defined
_PRE_EOL = range(1, 4)  # 1 normal, 2: 80 % of the reserved blocks used, 3: 90 %


def life_used(life_time: str | None) -> int | None:
    """`life_time` holds two bytes, for the SLC-like and the main area: the worse one counts. "0x01 0x02" → 2."""
    told = [step for step in _bytes(life_time) if step in _LIFE]
    return max(told, default=None)


def pre_eol(pre_eol_info: str | None) -> int | None:
    """A step of 1 to 3 ("0x01" → 1); a reserved value is unknown."""
    told = _bytes(pre_eol_info)
    return told[0] if len(told) == 1 and told[0] in _PRE_EOL else None


def _bytes(text: str | None) -> list[int]:
    words = (text or "").split()
    if not words or not all(re.fullmatch(r"0x[0-9a-fA-F]{1,2}", word) for word in words):
        return []
    return [int(word, 16) for word in words]
