"""What a bar code scanner, or a hand, typed: codes of stickers, lots, technicians and disks.

A scanner types like an American keyboard; where the PC believes in a French one, digits arrive as "&é". Such a text is
read back key by key. Labels of ours name their kind: "LOT:college-2026", "OP:7", "PC:LR-0163".
"""

from dataclasses import dataclass
from typing import Literal

from agent.text import clean

CODE_MOST = 80
Kind = Literal["sticker", "lot", "operator"]
_KINDS: dict[str, Kind] = {"LOT": "lot", "OP": "operator", "PC": "sticker"}
# The same keys: as a French keyboard types them, and as an American one does.
_FRENCH = "&é\"'(-è_çà)=azertyuiop^$qsdfghjklmùwxcvbn,;:!" + "1234567890°+AZERTYUIOP¨£QSDFGHJKLM%WXCVBN?./§"
_AMERICAN = "1234567890-=qwertyuiop[]asdfghjkl;'zxcvbnm,./" + '!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>?'
_BACK = str.maketrans(dict(zip(_FRENCH, _AMERICAN, strict=True)))
_TELLTALES = set("&é\"'èçà")  # never in a code or a serial, always in a scanned one with digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    text: str
    kind: Kind | None = None  # told by the label itself
    problem: tuple[str, str] | None = None  # why it cannot be taken


def read_back(text: str) -> str:
    """The text that an American scanner meant, typed on a PC that believes in a French keyboard; else as it is.

    Only where the text itself shows it: unshifted digit keys and not one digit. A text that was typed rightly stays.
    """
    if _TELLTALES & set(text) and not any(sign.isdigit() and sign.isascii() for sign in text):
        return text.translate(_BACK)
    return text


def read_code(typed: str) -> Code:
    """The code that was meant. An empty text is an empty code."""
    text = read_back(clean(typed, 400).strip())
    name, colon, rest = text.partition(":")
    kind = _KINDS.get(name.strip().upper()) if colon else None
    if kind is not None:
        text = rest.strip()
    if len(text) > CODE_MOST:
        return Code(text=text, kind=kind, problem=(
            f"Ce code est trop long ({CODE_MOST} signes au plus).", f"This code is too long ({CODE_MOST} at most).",
        ))  # fmt: skip
    return Code(text=text, kind=kind)
