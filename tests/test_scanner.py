"""A scanner types like an American keyboard; the PC believes in a French one."""

import pytest

from agent.scanner import read_code
from tests.e2e.keyboard import AMERICAN, FRENCH


def through_french_pc(text: str) -> str:
    """What a French PC makes of the keys that an American scanner presses for this text."""
    back = {keys: sign for sign, keys in FRENCH.items()}
    return "".join(back[AMERICAN[sign]] for sign in text)


@pytest.mark.parametrize("code", ["LR-2026-0042", "42", "PC-7", "A1B2C3", "op7", "LOT:college-2026", "OP:12", "Q9/W8"])
def test_a_scanned_code_is_read_back(code: str) -> None:
    plain, scanned = read_code(code), read_code(through_french_pc(code))
    assert scanned == plain and plain.problem is None


@pytest.mark.parametrize("code", ["LR-2026-0042", "college-3", "collège 3", "A_b", "", "LR-ABC", "lot(2)"])
def test_a_typed_code_stays(code: str) -> None:
    assert read_code(code).text == code


def test_kinds_and_limits() -> None:
    assert read_code("lot: college-9 ").kind == "lot" and read_code("lot: college-9 ").text == "college-9"
    assert read_code("PC:LR-1").kind == "sticker" and read_code("X:1").kind is None
    assert read_code("x" * 81).problem is not None and read_code("x" * 80).problem is None
    assert read_code("a\x1b[2Jb").text == "a[2Jb" or "\x1b" not in read_code("a\x1b[2Jb").text
