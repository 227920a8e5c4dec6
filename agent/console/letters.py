"""Words in block letters, to be read from three metres: five lines, and a sixth for accents. Only the sign "█"."""

from functools import cache

SIGN = "█"
GAP = 1
# Each letter: five rows of cells. Four cells wide where that can be read, so that a verdict fits into 80 columns.
_DRAWN = """
A .##. #..# #### #..# #..#
B ###. #..# ###. #..# ###.
C .### #... #... #... .###
D ###. #..# #..# #..# ###.
E #### #... ###. #... ####
F #### #... ###. #... #...
G .### #... #.## #..# .###
H #..# #..# #### #..# #..#
I ### .#. .#. .#. ###
J ..## ...# ...# #..# .##.
K #..# #.#. ##.. #.#. #..#
L #... #... #... #... ####
M #...# ##.## #.#.# #...# #...#
N #...# ##..# #.#.# #..## #...#
O .##. #..# #..# #..# .##.
P ###. #..# ###. #... #...
Q .##. #..# #..# #.#. .#.#
R ###. #..# ###. #.#. #..#
S .### #... .##. ...# ###.
T ##### ..#.. ..#.. ..#.. ..#..
U #..# #..# #..# #..# .##.
V #...# #...# .#.#. .#.#. ..#..
W #...# #...# #.#.# ##.## #...#
X #...# .#.#. ..#.. .#.#. #...#
Y #...# .#.#. ..#.. ..#.. ..#..
Z #### ...# .##. #... ####
0 .##. #..# #..# #..# .##.
1 .#. ##. .#. .#. ###
2 ###. ...# .##. #... ####
3 ###. ...# .##. ...# ###.
4 #..# #..# #### ...# ...#
5 #### #... ###. ...# ###.
6 .##. #... ###. #..# .##.
7 #### ...# ..#. .#.. .#..
8 .##. #..# .##. #..# .##.
9 .##. #..# .### ...# .##.
? ###. ...# .##. .... .#..
"""
_ACCENTS = {"À": ("A", ".#.."), "É": ("E", "..#."), "È": ("E", ".#.."), "Ê": ("E", ".##.")}


@cache
def _letters() -> dict[str, tuple[str, ...]]:
    rows = (line.split() for line in _DRAWN.strip().splitlines())
    return {letter: tuple(cells) for letter, *cells in rows}


def big(word: str, width: int, height: int) -> list[str]:
    """The word(s) in block letters that fit into so many columns and lines; the plain word where nothing fits.

    Letters are drawn two columns wide where there is room (a cell of a console is half as wide as it is high); the
    words go on as many lines as they need.
    """
    for scale in (2, 1):
        lines = _filled(word.upper(), width, scale)
        if lines is not None and len(lines) <= height:
            return lines
    return [word.upper()[:width]]


def _filled(text: str, width: int, scale: int) -> list[str] | None:
    """Greedy lines of words; None where one word alone is too wide or a sign cannot be drawn."""
    lines: list[list[str]] = []
    for word in text.split():
        drawn = _word(word, scale)
        if drawn is None or len(drawn[0]) > width:
            return None
        space = " " * (3 * scale)
        if lines and len(lines[-1][0]) + len(space) + len(drawn[0]) <= width:
            lines[-1] = [one + space + other for one, other in zip(lines[-1], drawn, strict=True)]
        else:
            lines.append(drawn)
    has_accents = any(row[0].strip() for row in lines)
    told: list[str] = []
    for place, rows in enumerate(lines):
        told += rows if has_accents else rows[1:]
        told += [""] * (place + 1 < len(lines))
    return [row.rstrip() for row in told]


def _word(word: str, scale: int) -> list[str] | None:
    rows = [""] * 6
    for place, sign in enumerate(word):
        letter, accent = _ACCENTS.get(sign, (sign, ""))
        cells = _letters().get(letter)
        if cells is None:
            return None
        drawn = (accent.ljust(len(cells[0]), ".")[: len(cells[0])], *cells)
        gap = " " * (GAP * scale if place else 0)
        for row, line in enumerate(drawn):
            rows[row] += gap + "".join((SIGN if cell == "#" else " ") * scale for cell in line)
    return rows
