"""Quantities with units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.units import UNITS, dimension_of, parse_quantity, tell_bytes


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("4 GiB", "bytes", 4 << 30),
        ("64 GB", "bytes", 64 * 10**9),
        ("0.5 GiB", "bytes", 1 << 29),
        ("1,5 Gio", "bytes", 3 << 29),
        ("80 %", "permille", 800),
        ("1.5 GHz", "mhz", 1500),
        ("10 years", "years", 10),
        ("-5 °C", "c", -5),
        ("12", None, 12),
    ],
)
def test_parse(text: str, dimension: str | None, value: int) -> None:
    assert parse_quantity(text, dimension) == value


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("4", "bytes"),
        ("4 GHz", "bytes"),
        ("4 GiB", None),
        ("four", None),
        ("0.3 B", "bytes"),
        ("", "bytes"),
        ("1e9", None),
    ],
)
def test_refused(text: str, dimension: str | None) -> None:
    with pytest.raises(ValueError):
        parse_quantity(text, dimension)


def test_the_name_announces_the_dimension() -> None:
    assert dimension_of("memory.fitted_bytes") == "bytes"
    assert dimension_of("health.wear_permille") == "permille"
    assert dimension_of("cpu.cores") is None
    assert all(dimension_of(f"x.a_{name}") == name for name in UNITS)


@pytest.mark.parametrize(
    ("size", "lang", "decimal", "told"),
    [
        (8 << 30, "fr", False, "8 Gio"),
        (3 << 29, "fr", False, "1,5 Gio"),
        (500_107_862_016, "fr", True, "500 Go"),
        (999_999_999, "en", True, "1 GB"),
        (512, "fr", False, "512 octets"),
        (0, "en", False, "0 B"),
    ],
)
def test_tell(size: int, lang: str, decimal: bool, told: str) -> None:
    assert tell_bytes(size, lang, decimal=decimal) == told


@given(st.integers(0, 2**63), st.sampled_from(["fr", "en"]), st.booleans())
def test_telling_never_fails_and_stays_short(size: int, lang: str, decimal: bool) -> None:
    assert len(tell_bytes(size, lang, decimal=decimal)) <= 16
