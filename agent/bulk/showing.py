"""The plan of a session as text, shown before anything is armed."""

import textwrap
from collections.abc import Sequence

from agent.bulk.session import Chosen
from agent.erasure import Level
from agent.text import clean
from agent.units import tell_bytes
from agent.wipe.job import Plan
from agent.wipe.reasons import LIED_BEFORE

WIDTH = 80
LEVELS: dict[Level | None, str] = {"purge": "Purge", "clear": "Clear", None: "?"}


def plan_text(chosen: Sequence[Chosen], lang: str) -> str:
    """What will happen to each disk, and what will not: at most 80 columns."""
    head = "Plan de l'effacement" if lang != "en" else "Wipe plan"
    return "\n".join([f"{head} ({len(chosen)})", *(line for one in chosen for line in _one(one, lang)), ""])


def _one(one: Chosen, lang: str) -> list[str]:
    def say(fr: str, en: str) -> str:
        return en if lang == "en" else fr

    media, plan = one.media, one.plan
    model = clean(" ".join(filter(None, (media.maker, media.model))), 40) or say("modèle inconnu", "unknown model")
    size = tell_bytes(media.size_bytes, lang, decimal=True)
    found = clean(", ".join(one.found), 60) or say("rien de connu", "nothing known")
    level = LEVELS[plan.level]
    rows = [
        (say("contient", "holds"), found),
        (say("méthode", "method"), f"{level}. {say(plan.chosen_fr, plan.chosen_en)}"),
        (say("relecture", "reading"), _reading(plan, lang)),
        (say("à savoir", "to know"), say(plan.why_not_more_fr, plan.why_not_more_en)),
    ]
    if one.has_lied:
        rows.append((say("MENTEUR", "LIAR"), say(LIED_BEFORE.fr, LIED_BEFORE.en)))
    if any(step.untested for step in plan.steps):
        rows.append(
            (
                say("attention", "caution"),
                say(
                    "méthode essayée par Rebond sur des disques simulés seulement.",
                    "Rebond has tried this technique on simulated disks only.",
                ),
            )
        )
    if one.is_plug:
        rows.append(
            (
                say("attention", "caution"),
                say(
                    "ce numéro est celui de la prise USB : il reste le même si on y met un autre disque.",
                    "this is the number of the USB plug: it stays the same when another disk is put in.",
                ),
            )
        )
    lines = ["", _cut(f"  {clean(one.token, 40)}   {media.name}   {size}   {model}")]
    for name, text in rows:
        if text:
            lines += textwrap.wrap(
                text, WIDTH, initial_indent=f"    {name:<9} : ", subsequent_indent=" " * 16, break_on_hyphens=False
            )
    return lines


def _reading(plan: Plan, lang: str) -> str:
    if plan.verify == "full":
        return "read back as a whole." if lang == "en" else "le disque entier sera relu."
    return (
        "by sampling only: a part of the disk will not be proven."
        if lang == "en"
        else "par sondage seulement : une partie du disque ne sera pas prouvée."
    )


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
