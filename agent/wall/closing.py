"""The end of a session on paper: the proven disks, then each exception with its reason and what to do now."""

import textwrap
from collections.abc import Sequence

from agent.bulk.noting import Fate
from agent.claims import settled
from agent.report import words
from agent.text import clean
from agent.wipe.reasons import BEFORE_THE_FIRST_BYTE

WIDTH = 80
_TO_DO = {
    "failed": ("Refaites l'effacement une fois. S'il échoue encore, détruisez le disque.",
               "Erase it once more. If it fails again, destroy the disk."),
    "not_proven": ("Refaites l'effacement. Ce disque peut encore contenir des données.",
                   "Erase it again. This disk may still hold data."),
    "cleared_with_exceptions": ("Ne donnez pas ce disque. Le responsable décide ; sinon, détruisez-le.",
                                "Do not give this disk away. The person in charge decides; else destroy it."),
    "interrupted": ("Reprenez-le : rebond wipe --resume. Ce disque peut encore contenir des données.",
                    "Go on with it: rebond wipe --resume. This disk may still hold data."),
    "untouched": ("Ce disque n'est pas effacé. Relancez l'effacement.", "This disk is not erased. Start again."),
    "validate": ("Effacement prouvé, mais une personne doit le valider.", "Proven, but a person must validate it."),
    "late": ("Faites de la place sur la clé, puis lancez rebond wipe --resume : la fiche sera écrite.",
             "Make room on the stick, then run rebond wipe --resume: the record will be written."),
    "unkept": ("Faites de la place sur la clé, puis refaites l'effacement : sa fiche manque.",
               "Make room on the stick, then erase again: its record is missing."),
}  # fmt: skip


def closing(fates: Sequence[Fate], lang: str) -> str:
    """At most 80 columns wide."""
    proven = [fate for fate in fates if fate.is_proven]
    looked_at = [fate for fate in fates if not fate.is_proven or fate.exceptions()]
    lines = [f"Prouvés : {len(proven)} sur {len(fates)}" if lang != "en" else f"Proven: {len(proven)} of {len(fates)}"]
    for fate in proven:
        assert fate.erasure is not None
        lines.append(_cut(f"  [OK] {_name(fate)} : {words.outcome(fate.erasure.outcome, lang)}"))
    if looked_at:
        lines += ["", f"À regarder : {len(looked_at)}" if lang != "en" else f"To look at: {len(looked_at)}"]
    for fate in looked_at:
        lines += _exception(fate, lang)
    return "\n".join(lines)


def _exception(fate: Fate, lang: str) -> list[str]:
    en = lang == "en"
    key = _key(fate)
    sign = "[?]" if key == "validate" else "[X]"
    lines = [_cut(f"  {sign} {_name(fate)}{_outcome(fate, lang)}")]
    for reason in fate.exceptions():
        lines += _wrapped(reason.en if en else reason.fr)
    if key:
        lines += _wrapped(("To do: " if en else "À faire : ") + _TO_DO[key][en])
    return lines


def _key(fate: Fate) -> str:
    """Which advice; "" where the reason itself says what to do."""
    if fate.is_proven:
        return "validate"
    if fate.problems:
        return "unkept" if fate.erasure is None or fate.erasure.ended_at is None else "late"
    if fate.erasure is not None:
        outcome = settled(fate.erasure)
        return outcome if outcome in _TO_DO else "not_proven"
    return "untouched" if fate.refused is None or fate.refused.rule in BEFORE_THE_FIRST_BYTE else ""


def _outcome(fate: Fate, lang: str) -> str:
    if fate.erasure is not None:
        return f" : {words.outcome(settled(fate.erasure), lang)}"
    return " : not erased" if lang == "en" else " : pas effacé"


def _name(fate: Fate) -> str:
    media = fate.media
    return clean(" ".join(filter(None, (media.serial or media.wwn or media.name, media.model))), 50)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        clean(text, 600), WIDTH, initial_indent="      ", subsequent_indent="      ", break_on_hyphens=False
    )


def _cut(line: str) -> str:
    return line[:WIDTH]
