"""Only signs that the Linux console's fonts have, on every screen, in both languages."""

from pathlib import Path

import pytest

from agent.console.letters import big
from agent.console.qr import qr_lines
from agent.screen import WORDS
from tests.console.driving import CAPTURES, Hand, bench_of, drive

# What Debian's Lat15 fonts have besides ASCII and Latin-1 (console-setup-linux), and is used here.
HAS = set(map(chr, [*range(32, 127), *range(0xA0, 0x100)])) | set("œŒ€’“”–—…■█▶◀▲▼●✗─│←↑→↓≈≠≤≥")


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("capture", sorted(path.name for path in CAPTURES.iterdir()))
def test_no_sign_that_a_console_lacks(capture: str, lang: str, tmp_path: Path) -> None:
    seen: set[str] = set()

    async def script(hand: Hand) -> None:
        seen.update(hand.text())
        await hand.press("f2")
        await hand.see("for Family PC" if lang == "en" else "pour PC famille")
        seen.update(hand.text())
        await hand.press("f2")
        for _ in range(7):
            await hand.press("tab")
            seen.update(hand.text())
            await hand.press("pagedown")
            seen.update(hand.text())
        await hand.press("f10")
        seen.update(hand.text())

    drive(bench_of(capture, tmp_path, lang), script, (106, 33))
    assert seen - {"\n"} <= HAS, sorted(seen - HAS)


@pytest.mark.parametrize("word", [word for words in WORDS.values() for word in words])
@pytest.mark.parametrize(("width", "height"), [(76, 6), (102, 13), (156, 13)])
def test_a_verdict_fits_in_block_letters(word: str, width: int, height: int) -> None:
    lines = big(word, width, height)
    assert 5 <= len(lines) <= height and max(map(len, lines)) <= width
    assert set("".join(lines)) == {"█", " "}


def test_what_cannot_be_drawn_is_written() -> None:
    assert big("ñandú", 80, 10) == ["ÑANDÚ"]
    assert big("à recycler", 10, 3) == ["À RECYCLER"]


def test_the_code_is_a_code_of_its_text() -> None:
    """Read back by hand: the finder patterns stand where they must, and its size is version 1's."""
    lines = qr_lines("REBOND:0123456789AB", 80, 24)
    assert len(lines) == 23 and {len(line) for line in lines} == {46}
    assert lines[1] == "██" + " " * 14 + lines[1][16:30] + " " * 14 + "██"
    assert qr_lines("REBOND:0123456789AB", 45, 24) == [] == qr_lines("REBOND:0123456789AB", 80, 22)
