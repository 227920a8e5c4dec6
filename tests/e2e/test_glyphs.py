"""The reader of screendumps, on pictures painted here: no emulated PC."""

from pathlib import Path

from tests.e2e.glyphs import UNKNOWN, Font, read_screen

INK, PAPER = b"\xaa\xaa\xaa", b"\0\0\0"
SMALL = Font(width=4, height=2, signs={b"\x90\x60": "x", b"\xf0\x00": "-", b"\x00\x00": " "})
TALL = Font(width=4, height=4, signs={b"\x90\x50\x20\xd0": "X", b"\x10\xf0\xf0\x30": "=", b"\x00" * 4: " "})


def painted(path: Path, font: Font, *lines: str, ink: bytes = INK, paper: bytes = PAPER) -> Path:
    """A screen as QEMU dumps it; "?" is a glyph of no font."""
    shapes = {sign: glyph for glyph, sign in font.signs.items()} | {"?": b"\xa0" * font.height}
    rows = b""
    for line in lines:
        for y in range(font.height):
            bits = "".join(f"{shapes[sign][y]:08b}"[: font.width] for sign in line)
            rows += b"".join(ink if bit == "1" else paper for bit in bits)
    size = f"{len(lines[0]) * font.width} {len(lines) * font.height}"
    path.write_bytes(f"P6\n{size}\n255\n".encode() + rows)
    return path


def test_the_font_that_fits_is_found_and_tried_first_from_then_on(tmp_path: Path) -> None:
    fonts = [SMALL, TALL]
    assert read_screen(painted(tmp_path / "one", TALL, "X=X ", "    ", "=  X"), fonts) == ["X=X", "", "=  X"]
    assert fonts == [TALL, SMALL]
    assert read_screen(painted(tmp_path / "two", SMALL, "x-  ", "--xx"), fonts) == ["x-", "--xx"]
    assert fonts == [SMALL, TALL]


def test_colours_do_not_matter_and_nothing_is_guessed(tmp_path: Path) -> None:
    assert read_screen(painted(tmp_path / "one", SMALL, "x-", ink=PAPER, paper=b"\xaa\0\0"), [SMALL]) == ["x-"]
    for _ in range(2):  # the second time from what is known
        assert read_screen(painted(tmp_path / "two", SMALL, "x?-"), [SMALL]) == [f"x{UNKNOWN}-"]
