"""Reading a screendump: each cell of the text screen compared with every glyph of the console font, bit by bit.

Nothing is guessed: a cell is a known glyph in two colours, or it reads as "\N{REPLACEMENT CHARACTER}".
"""

import gzip
import struct
from dataclasses import dataclass
from pathlib import Path

UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Font:
    """A PSF font: `signs` from the bits of a glyph (rows from the top, whole bytes) to its first character."""

    width: int
    height: int
    signs: dict[bytes, str]

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
    """The text of a screendump, a line for each row of the console; with the font that explains the most of it."""
    width, height, pixels = read_ppm(path)
    best: list[str] = []
    for font in fonts:
        lines = _read(width, height, pixels, font)
        if not best or _understood(lines) > _understood(best):
            best = lines
    return best


def _understood(lines: list[str]) -> float:
    """How much of what is not blank was read."""
    text = "".join(lines)
    marks = len(text) - text.count(" ")
    return (marks - text.count(UNKNOWN)) / marks if marks else 0.0


def _read(width: int, height: int, pixels: bytes, font: Font) -> list[str]:
    rows = [pixels[at * width * 3 : (at + 1) * width * 3] for at in range(height)]
    lines = []
    for top in range(0, height - font.height + 1, font.height):
        cells = []
        for left in range(0, width - font.width + 1, font.width):
            cells.append([rows[top + y][left * 3 : (left + font.width) * 3] for y in range(font.height)])
        lines.append("".join(_sign(cell, font) for cell in cells).rstrip())
    return lines


def _sign(cell: list[bytes], font: Font) -> str:
    whole = b"".join(cell)
    colours = {whole[at : at + 3] for at in range(0, len(whole), 3)}
    if len(colours) == 1:
        lit = next(iter(colours))
        return " " if max(lit) < 0x20 else _solid(lit)
    if len(colours) > 2:
        return UNKNOWN
    for ink in colours:
        glyph = b"".join(_bits(row, ink) for row in cell)
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
