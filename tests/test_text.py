"""Hostile strings and placeholders."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.text import LIMIT, clean, decode, is_placeholder, meant


@given(st.text())
def test_clean_is_one_bounded_harmless_line(text: str) -> None:
    out = clean(text)
    assert len(out) <= LIMIT
    assert not any(unicodedata.category(c)[0] == "C" for c in out)
    assert clean(out) == out


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("\x1b[31mDell\x1b[0m", "Dell"),
        ("\x1b]0;title\x07X230", "X230"),
        ("a\u202eb\u200bc\u2066", "abc"),
        ("  two \t words\n", "two words"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("A" * (1 << 20), "A" * LIMIT),
    ],
)
def test_clean(raw: str, kept: str) -> None:
    assert clean(raw) == kept


@pytest.mark.parametrize(
    "text",
    [
        "To Be Filled By O.E.M.",
        "To be filled by O.E.M.",
        "Default string",
        "System Product Name",
        "00000000",
        "FFFFFFFF",
        "0123456789",
        "None",
        "Not Specified",
        "",
        "  ",
        "................",
        "N/A",
        "[Empty]",
        "xxxxxxxxxx",
        "Manufacturer0",
        "ChassisSerialNumber",
        "<OUT OF SPEC>",
        "<BAD INDEX>",
        "INVALID",
        "All Series",
        "SerNum03",
        "11111111",
        "MB-1234567890",
        "BSS-0123456789",
        "BSN12345678901234567",
        "SSN12345678901234567",
    ],
)
def test_placeholders(text: str) -> None:
    assert is_placeholder(text)
    assert meant(text) is None


@pytest.mark.parametrize("text", ["OptiPlex 7010", "LENOVO", "CZC1234ABC", "0x5000", "8", "11", "E5-2650", "ABCD12"])
def test_real_words_are_kept(text: str) -> None:
    assert meant(text) == text


def test_decode_never_fails() -> None:
    assert decode(b"1\xa0024 octets") == "1\xa0024 octets"
    assert decode("é\r\nà".encode()) == "é\nà"
    assert decode(b"\x1b[1;31mFAILED\x1b[0m") == "FAILED"
