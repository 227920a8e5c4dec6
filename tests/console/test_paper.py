"""Text longer than the screen: nothing of it is lost, and no line is longer than there is room for."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from agent.console.paper import Paper, wrapped

SIGNS = st.sampled_from("ab-é 字か\u0301 ")


@given(st.text(SIGNS, max_size=60), st.integers(4, 20))
def test_no_sign_is_lost_and_no_line_is_too_long(line: str, width: int) -> None:
    parts = list(wrapped(line, width))
    assert "".join("".join(parts).split()) == "".join(line.split())
    assert all(cell_len(part) <= width for part in parts) and len(parts) >= 1


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("one two three", ["one two", "three"]),
        ("one   two three", ["one   two", "three"]),
        ("  one two three", ["  one two", "three"]),
        ("  123456789abc d", ["  1234567", "89abc d"]),
        ("123456789abc", ["123456789", "abc"]),
    ],
)
def test_lines_end_between_words_where_they_can(line: str, parts: list[str]) -> None:
    assert list(wrapped(line, 9)) == parts


def test_a_long_text_is_read_to_its_end_and_a_short_one_after_it_is_in_sight() -> None:
    paper = Paper()

    class Alone(App[None]):
        def compose(self) -> ComposeResult:
            yield paper

    def shown() -> list[str]:
        return [paper.render_line(y).text.rstrip() for y in range(paper.size.height)]

    async def run() -> None:
        async with Alone().run_test(size=(20, 10)) as pilot:
            paper.write("\n".join(f"line {number}" for number in range(5000)))
            await pilot.pause()
            assert shown()[0] == "line 0" and paper.place == "0 %"
            paper.scroll_end(animate=False)
            await pilot.pause()
            assert shown()[-1] == "line 4999" and paper.place == "100 %"
            paper.write("short")
            await pilot.pause()
            assert shown()[0] == "short" and paper.place == ""

    asyncio.run(run())
