"""Reading a screendump: each cell of the text screen compared with every glyph of the console font, bit by bit.

Nothing is guessed: a cell is a known glyph in two colours, or it reads as "\N{REPLACEMENT CHARACTER}".
"""

import gzip
import struct
from dataclasses import dataclass, field
from pathlib import Path

UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Font:
    """A PSF font: `signs` from the bits of a glyph (rows from the top, whole bytes) to its first character."""

    width: int
    height: int
    signs: dict[bytes, str]
    known: dict[bytes, str] = field(default_factory=dict, repr=False)  # pixels of a cell that was read before

    @classmethod
    def read(cls, path: Path) -> "Font":
        """https://www.win.tue.nl/~aeb/linux/kbd/font-formats-1.html"""
        raw = gzip.decompress(path.read_bytes())
        if raw[:2] == b"\x36\x04":
            width, height, count, at, size = 8, raw[3], 512 if raw[2] & 1 else 256, 4, raw[3]
            table = raw[at + count * size :]
            pairs = struct.unpack(f"<{len(table) // 2}H", table)
            names = _split(pairs, 0xFFFF, 0xFFFE)
        else:
            _, _, at, _, count, size, height, width = struct.unpack("<8I", raw[:32])
            names = [
                [ord(sign) for sign in part.split(b"\xfe")[0].decode()]
                for part in raw[at + count * size :].split(b"\xff")
            ]
        signs: dict[bytes, str] = {}
        for number in range(count):
            glyph = raw[at + number * size : at + (number + 1) * size]
            told = sorted(names[number]) if number < len(names) else []
            if told:
                signs.setdefault(glyph, chr(told[0]))
        return cls(width=width, height=height, signs=signs)


def _split(values: tuple[int, ...], end: int, sequence: int) -> list[list[int]]:
    names: list[list[int]] = [[]]
    is_sequence = False
    for value in values:
        if value == end:
            names.append([])
            is_sequence = False
        elif value == sequence:
            is_sequence = True
        elif not is_sequence:
            names[-1].append(value)
    return names


def read_ppm(path: Path) -> tuple[int, int, bytes]:
    """Width, height and the pixels, three bytes each, of a binary PPM (what QEMU's screendump writes)."""
    raw = path.read_bytes()
    magic, size, depth, pixels = raw.split(b"\n", 3)
    assert magic == b"P6" and depth == b"255"
    width, height = (int(number) for number in size.split())
    return width, height, pixels


def read_screen(path: Path, fonts: list[Font]) -> list[str]:
    """The text of a screendump, a line for each row of the console; with the font that explains the most of it.

    That font comes first in `fonts` from then on: it is most often the right one again, and the PC needs the processor.
    """
    width, height, pixels = read_ppm(path)
    best: list[str] = []
    for place, font in enumerate(list(fonts)):
        lines = _read(width, height, pixels, font)
        if not best or _understood(lines) > _understood(best):
            best = lines
            fonts.insert(0, fonts.pop(place))
        if _understood(best) == 1:
            break
    return best


def _understood(lines: list[str]) -> float:
    """How much of what is not blank was read."""
    text = "".join(lines)
    marks = len(text) - text.count(" ")
    return (marks - text.count(UNKNOWN)) / marks if marks else 0.0


def _read(width: int, height: int, pixels: bytes, font: Font) -> list[str]:
    line, stride, lines = width * 3, font.width * 3, []
    lefts = range(0, (width - font.width) * 3 + 1, stride)
    for top in range(0, height - font.height + 1, font.height):
        rows = [pixels[at * line : (at + 1) * line] for at in range(top, top + font.height)]
        if not any(map(any, rows)):  # nothing is written there
            lines.append("")
            continue
        cells = [b"".join([row[left : left + stride] for row in rows]) for left in lefts]
        for cell in {*cells} - font.known.keys():
            font.known[cell] = _sign(cell, font)
        lines.append("".join([font.known[cell] for cell in cells]).rstrip())
    return lines


def _sign(cell: bytes, font: Font) -> str:
    colours = {cell[at : at + 3] for at in range(0, len(cell), 3)}
    if len(colours) == 1:
        lit = next(iter(colours))
        return " " if max(lit) < 0x20 else _solid(lit)
    if len(colours) > 2:
        return UNKNOWN
    rows = [cell[at : at + font.width * 3] for at in range(0, len(cell), font.width * 3)]
    for ink in colours:
        glyph = b"".join(_bits(row, ink) for row in rows)
        if glyph in font.signs:
            return font.signs[glyph]
    return UNKNOWN


def _solid(_: bytes) -> str:
    """A cell of one bright colour: a block, or a blank of a reversed bar. Both are told as a blank."""
    return " "


def _bits(row: bytes, ink: bytes) -> bytes:
    number = 0
    count = len(row) // 3
    for at in range(count):
        number = number << 1 | (row[at * 3 : at * 3 + 3] == ink)
    size = -(-count // 8)
    return (number << (size * 8 - count)).to_bytes(size, "big")
