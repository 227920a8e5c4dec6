"""The technician's result screen: 80 columns, 24 lines, one verdict, at most six reasons, what to do now.

Pure: facts and sentences in, text out. Every word from hardware was cleaned when it was read; `clean` again here
costs nothing and keeps the promise in one place. Colour only underlines what a word and a sign already say.
"""

import textwrap
from dataclasses import dataclass

from agent.text import clean
from agent.verdict.choose import WORDS as verdict_words

WIDTH, HEIGHT = 80, 23  # of 24 lines one is the prompt's
MOST_REASONS, MOST_ACTIONS = 6, 3
# Only characters that every Linux console font has.
SIGNS = {"refurbish": "[OK]", "repair": "[+]", "review": "[?]", "recycle": "[X]"}
WORDS: dict[str, tuple[str, ...]] = {
    outcome: tuple(word.upper() for word in told) for outcome, told in verdict_words.items()
}
_COLOURS = {"refurbish": "1;32", "repair": "1;33", "review": "1;36", "recycle": "1;31"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the screen shows. Sentences are already in the technician's language."""

    machine: str  # one line
    outcome: str
    profile: str
    reasons: tuple[str, ...]
    actions: tuple[str, ...]  # what to do now, in order
    suits: tuple[str, ...] = ()  # titles of the profiles the machine already suits, best first
    waiting: int = 0
    refused: int = 0
    word: str = ""  # what its label may say, once a guided check was begun
    where: str | None = None  # address of the machine's page, or None


def render(result: Result, lang: str, *, colour: bool, width: int = WIDTH) -> str:
    """The screen as text, at most 24 lines of `width` columns (colour codes aside)."""
    lines: list[str] = []
    for depth in (2, 1):  # two lines a sentence where they fit, else one
        lines = [*_body(result, lang, width, depth, colour), "", *_footer(result, lang, width)]
        if len(lines) <= HEIGHT:
            break
    return "\n".join(lines) + "\n"


def _body(result: Result, lang: str, width: int, depth: int, colour: bool) -> list[str]:
    def say(fr: str, en: str) -> str:
        return en if lang == "en" else fr

    banner = f"{SIGNS[result.outcome]} {WORDS[result.outcome][lang == 'en']}"
    lines = [f" {line}" for line in textwrap.wrap(clean(result.machine, 300), width - 2)[:2]]
    lines += ["", "   " + (f"\x1b[{_COLOURS[result.outcome]}m{banner}\x1b[0m" if colour else banner)]
    lines += [_cut(f"   {say('pour : ', 'for: ')}{clean(result.profile)}", width)]
    if result.reasons:
        more = say("… et encore %d (rebond judge --explain)", "… and %d more (rebond judge --explain)")
        lines += ["", f" {say('Pourquoi', 'Why')}"]
        lines += _listed(result.reasons, MOST_REASONS, more, width, depth, numbered=False)
    if result.actions:
        more = say("… et encore %d", "… and %d more")
        lines += ["", f" {say('À faire maintenant', 'What to do now')}"]
        lines += _listed(result.actions, MOST_ACTIONS, more, width, depth, numbered=True)
    if result.suits:
        lines += [_cut(f" {say('Convient déjà pour : ', 'Already good for: ')}{clean(', '.join(result.suits))}", width)]
    return lines


def _footer(result: Result, lang: str, width: int) -> list[str]:
    if lang == "en":
        waiting = f"Records waiting: {result.waiting}."
        refused = f" Refused: {result.refused} (see rebond outbox)."
        where = "See the record: "
    else:
        waiting = f"Fiches en attente : {result.waiting}."
        refused = f" Refusées : {result.refused} (voir rebond outbox)."
        where = "Voir la fiche : "
    lines = [_cut(f" {waiting}{refused if result.refused else ''}", width)]
    if result.word:
        lines.append(_cut(f" {clean(result.word, 200)}", width))
    return lines + ([_cut(f" {where}{result.where}", width)] if result.where else [])


def _listed(sentences: tuple[str, ...], most: int, more: str, width: int, depth: int, *, numbered: bool) -> list[str]:
    lines = []
    for number, sentence in enumerate(sentences[:most], 1):
        sign = f"{number}." if numbered else "-"
        wrapped = textwrap.wrap(clean(sentence, 400), width - 5 - len(sign)) or [""]
        kept = wrapped[:depth]
        if len(wrapped) > depth:
            kept[-1] = _cut(kept[-1] + " …", width - 3 - len(sign))
        lines += [f"  {sign if place == 0 else ' ' * len(sign)} {line}" for place, line in enumerate(kept)]
    if len(sentences) > most:
        lines.append("  " + more % (len(sentences) - most))
    return lines


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"
