"""Key events of a French keyboard as a person presses them, and of a bar code scanner, which types American."""

# QEMU's names (QKeyCode) of the keys, row by row, and what a French and an American keyboard have on them.
_KEYS = (
    "1 2 3 4 5 6 7 8 9 0 minus equal q w e r t y u i o p bracket_left bracket_right a s d f g h j k l semicolon "
    "apostrophe z x c v b n m comma dot slash spc"
).split()
_FRENCH = "&é\"'(-è_çà)=azertyuiop^$qsdfghjklmùwxcvbn,;:! ", "1234567890°+AZERTYUIOP¨£QSDFGHJKLM%WXCVBN?./§ "
_AMERICAN = "1234567890-=qwertyuiop[]asdfghjkl;'zxcvbnm,./ ", '!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>? '


def _table(plain: str, shifted: str) -> dict[str, tuple[str, ...]]:
    found = {sign: (key,) for sign, key in zip(plain, _KEYS, strict=True)}
    return found | {sign: ("shift", key) for sign, key in zip(shifted, _KEYS, strict=True) if sign not in found}


FRENCH, AMERICAN = _table(*_FRENCH), _table(*_AMERICAN)
NAMED = {
    "Enter": ("ret",), "Escape": ("esc",), "Tab": ("tab",), "Backspace": ("backspace",), "Up": ("up",),
    "Down": ("down",), "Left": ("left",), "Right": ("right",), "PageDown": ("pgdn",), "PageUp": ("pgup",),
    **{f"F{number}": (f"f{number}",) for number in range(1, 13)},
}  # fmt: skip


def strokes(text: str, table: dict[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The keys to press together, one after the other."""
    return [table[sign] for sign in text]
