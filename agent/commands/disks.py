"""`disks`: every disk of this PC, what may be done to it, by which method, and why not more; or why it is refused."""

import argparse
import os
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent.commands.look import add_json
from agent.commands.say import Say, note, tell, tell_json
from agent.commands.wipe import tell_unfinished
from agent.hidden import warnings

if TYPE_CHECKING:
    from agent.erasure import Media
    from agent.facts import HiddenStorage
    from agent.wipe.survey import Surveyed

_WIDTH = 80
_NOT_ROOT = (
    "Sans les droits d'administrateur, on ne voit ni le contenu des disques ni leurs méthodes. Relancez avec sudo.",
    "Without root neither what is on the disks nor their techniques can be seen. Run again with sudo.",
)


def add_disks(parser: argparse.ArgumentParser, say: Say) -> None:
    add_json(parser, say)
    parser.add_argument(
        "--virtual",
        action="store_true",
        help=say("aussi les disques virtuels et d'essai (loop)", "virtual and test disks (loop) too"),
    )
    parser.set_defaults(run=run_disks)


def run_disks(options: argparse.Namespace, say: Say) -> int:
    from agent.bulk.liars import is_liar, liars_in
    from agent.home import find_home
    from agent.host import Host
    from agent.probes import disks, hidden_storage
    from agent.wipe.power import has_battery
    from agent.wipe.survey import survey

    if os.geteuid() != 0:
        note(say(*_NOT_ROOT))
    home = find_home(options.home)
    tell_unfinished(home, say)
    host = Host()
    found = disks.probe(host).facts.get("disks") or ()
    seen = survey(host, found, allow_virtual=options.virtual, home=str(home.root.absolute()))
    liars = liars_in(home.wipes)
    hidden = hidden_storage.probe(host, tuple(disk.name for disk in found)).facts.get("hidden_storage") or ()
    if options.json:
        named = [one.media.name for one in seen if is_liar(one.media, liars)]
        tell_json({"disks": seen, "liars": named, "hidden_storage": hidden})
    else:
        tell(disk_lines(seen, say, liars, hidden, has_battery=has_battery(host)))
    return 0


def disk_lines(
    seen: "Sequence[Surveyed]", say: Say, liars: "Sequence[Media]" = (), hidden: "Sequence[HiddenStorage]" = (), *,
    has_battery: bool = False,
) -> str:  # fmt: skip
    """The whole answer as text of 80 columns."""
    unseen = [textwrap.fill(say(*one), _WIDTH) for one in warnings(hidden)]
    if not seen:
        return "\n\n".join([say("Aucun disque n'est visible sur ce PC.", "No disk can be seen on this PC."), *unseen])
    free = sum(not one.refusals for one in seen)
    total = say(
        f"{len(seen)} disque{'s' * (len(seen) > 1)}, dont {free} que Rebond peut effacer. Rien n'a été modifié.",
        f"{len(seen)} disk{'s' * (len(seen) != 1)}, of which Rebond can wipe {free}. Nothing was changed.",
    )
    return "\n\n".join([*(_one(surveyed, say, liars, has_battery) for surveyed in seen), *unseen, total])


def _one(surveyed: "Surveyed", say: Say, liars: "Sequence[Media]", has_battery: bool) -> str:
    from agent.bulk.liars import is_liar
    from agent.labels import tell as worded
    from agent.units import tell_bytes
    from agent.wipe.reasons import LIED_BEFORE

    media = surveyed.media
    size = tell_bytes(media.size_bytes, say.lang, decimal=True) if media.size_bytes else say("taille ?", "size ?")
    kind = worded("disks.kind", media.kind, say.lang) if media.kind else ""
    way = worded("disks.transport", media.transport, say.lang) if media.transport not in (None, "other") else ""
    kinds = " ".join(dict.fromkeys(filter(None, (kind, way))))
    lines = _wrapped(f"{media.name} : " if say.lang == "fr" else f"{media.name}: ",
                     ", ".join(filter(None, (_called(media), size, kinds))), "")  # fmt: skip
    serial = media.serial or media.wwn
    lines += _wrapped(say("numéro de série : ", "serial number: "), serial or say("aucun", "none"))
    if surveyed.found:
        lines += _wrapped(say("contient : ", "holds: "), ", ".join(surveyed.found))
    if is_liar(media, liars):
        lines += _wrapped(say("MENTEUR : ", "LIAR: "), say(LIED_BEFORE.fr, LIED_BEFORE.en))
    if surveyed.refusals:
        lines.append("  " + say("NE SERA PAS EFFACÉ", "WILL NOT BE WIPED"))
        for why in surveyed.refusals:
            lines += _wrapped("- ", say(why.fr, why.en))
        return "\n".join(lines)
    return "\n".join([*lines, *_plan(surveyed, say, has_battery)])


def _called(media: Any) -> str:
    maker, model = media.maker or "", media.model or ""
    return model if model.casefold().startswith(maker.casefold()) else f"{maker} {model}".strip()


def _plan(surveyed: "Surveyed", say: Say, has_battery: bool) -> list[str]:
    from agent.units import tell_bytes

    plan = surveyed.plan
    if plan is None:
        return ["  " + say("méthode : inconnue", "technique: unknown")]
    level = {"purge": "Purge", "clear": "Clear"}.get(plan.level or "", "?")
    lines = _wrapped(say("effacement possible : ", "can be wiped: "), f"{level}.")
    lines += _wrapped(say("méthode : ", "technique: "), say(plan.chosen_fr, plan.chosen_en))
    if said := say(plan.why_not_more_fr, plan.why_not_more_en):
        lines += _wrapped(say("à savoir : ", "to know: "), said)
    hidden = surveyed.hidden
    if hidden and hidden.native_bytes and hidden.native_bytes > hidden.visible_bytes:
        size = tell_bytes(hidden.native_bytes - hidden.visible_bytes, say.lang, decimal=True)
        lines += _wrapped(say("zone cachée : ", "hidden area: "), size)
    if has_battery and any(step.needs == "ac-power" for step in plan.steps[:1]):
        lines += _wrapped("", say("Branchez le chargeur avant de commencer.", "Plug the charger in before you start."))
    if plan.steps and plan.steps[0].untested:
        lines += _wrapped("", say("Méthode essayée par Rebond sur des disques simulés seulement.",
                                  "Rebond has tried this technique on simulated disks only."))  # fmt: skip
    if surveyed.is_member:
        lines += _wrapped("", say("Fait partie d'un ensemble de disques : une seconde confirmation sera demandée.",
                                  "Part of a set of disks: a second confirmation will be asked for."))  # fmt: skip
    if surveyed.is_plug:
        lines += _wrapped("", say("Ce numéro est celui de la prise USB : une seconde confirmation sera demandée.",
                                  "This number is the plug's: a second confirmation will be asked for."))  # fmt: skip
    return lines


def _wrapped(label: str, text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent + label, subsequent_indent=indent + "  ", break_on_hyphens=False
    )
