"""The result screen fits 80×24 whatever the facts, and means the same without colour."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.screen import MOST_REASONS, SIGNS, WORDS, Result, render

SENTENCES = st.lists(st.text(max_size=500), max_size=12).map(tuple)


def bare(screen: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", screen)


@given(
    machine=st.text(max_size=600),
    outcome=st.sampled_from(sorted(SIGNS)),
    reasons=SENTENCES,
    actions=SENTENCES,
    suits=SENTENCES,
    waiting=st.integers(0, 10**6),
    lang=st.sampled_from(["fr", "en"]),
)
@settings(max_examples=150)
def test_it_always_fits(machine, outcome, reasons, actions, suits, waiting, lang) -> None:  # type: ignore[no-untyped-def]
    result = Result(
        machine=machine, outcome=outcome, profile="famille", reasons=reasons, actions=actions, suits=suits,
        waiting=waiting, refused=waiting, where="http://127.0.0.1:8470/machines/" + "a" * 64,
    )  # fmt: skip
    screen = render(result, lang, colour=False)
    lines = screen.splitlines()
    assert len(lines) <= 23
    assert max(len(line) for line in lines) <= 80
    assert not any(unicodedata.category(c)[0] == "C" for line in lines for c in line)
    assert WORDS[outcome][lang == "en"] in screen and SIGNS[outcome] in screen
    assert bare(render(result, lang, colour=True)) == screen


@pytest.mark.parametrize("count", [1, MOST_REASONS, MOST_REASONS + 3])
def test_reasons_beyond_six_are_counted_not_hidden(count: int) -> None:
    result = Result(
        machine="PC",
        outcome="repair",
        profile="famille",
        reasons=tuple(f"raison {n}" for n in range(count)),
        actions=(),
    )
    screen = render(result, "fr", colour=False)
    assert screen.count("raison") == min(count, MOST_REASONS)
    assert ("et encore 3" in screen) == (count > MOST_REASONS)
