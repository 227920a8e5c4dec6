"""A profile told in words: what `rebond profiles list` and `explain` print. Pure; words from `agent.labels`."""

from collections.abc import Sequence
from typing import Any

from agent.labels import LISTS, label, tell
from agent.rules.paths import ITEM
from agent.rules.tree import AllOf, AnyOf, Bilingual, Compare, Condition, Every, Fix, Not, Profile, Rule, Some

_FAILING = {
    "recycle": ("sinon : à recycler", "else: to recycle"),
    "repair": ("sinon : à réparer", "else: to repair"),
    "review": ("sinon : à vérifier", "else: to check"),
    "note": ("sinon : c'est signalé, sans changer le verdict", "else: told, the verdict does not change"),
}
_UNKNOWN = {
    "recycle": ("si on ne sait pas : à recycler", "if unknown: to recycle"),
    "repair": ("si on ne sait pas : à réparer", "if unknown: to repair"),
    "note": ("si on ne sait pas : c'est signalé", "if unknown: told"),
    "ignore": ("si on ne sait pas : accepté", "if unknown: accepted"),
}
_COMPARED = {
    "at_least": ("au moins {}", "at least {}"), "at_most": ("au plus {}", "at most {}"), "is": ("{}", "{}"),
    "one_of": ("{}", "{}"), "between": ("entre {}", "between {}"), "matches": ("ressemble à « {} »", "looks like {}"),
    "present": ("connu", "known"),
}  # fmt: skip


def list_profiles(profiles: Sequence[Profile], lang: str) -> str:
    """One line a profile: name, version, number of rules, title."""
    width = max((len(profile.name) for profile in profiles), default=0)
    counted = "rules" if lang == "en" else "règles"
    return "".join(
        f"{profile.name:<{width}}  v{profile.version}  {len(profile.rules):>3} {counted}  {profile.title.told(lang)}\n"
        for profile in profiles
    )


def explain_profile(profile: Profile, lang: str) -> str:
    """The whole profile in sentences, one numbered paragraph a rule."""
    lines = [f"{profile.title.told(lang)} ({profile.name}, version {profile.version})", ""]
    if profile.chassis:
        kinds = _joined([tell("system.chassis", kind, lang) for kind in profile.chassis], "one_of", lang)
        lines += [f"{'Meant for' if lang == 'en' else 'Prévu pour'}{_colon(lang)} {kinds}.", ""]
    for number, rule in enumerate(profile.rules, 1):
        lines += [*_rule(number, rule, lang), ""]
    lines.append(f"{'Digest' if lang == 'en' else 'Empreinte'}{_colon(lang)} {profile.digest}")
    return "\n".join(lines) + "\n"


def _rule(number: int, rule: Rule, lang: str) -> list[str]:
    wanted = tell_condition(rule.condition, lang)
    scope = ""
    if rule.when is not None:
        scope = f"{'Only if' if lang == 'en' else 'Seulement si'} {tell_condition(rule.when, lang)}{_colon(lang)} "
    lines = [f"{number}. [{rule.id}] {scope}{wanted if scope else wanted[:1].upper() + wanted[1:]}."]
    end = lang == "en"
    means = _FAILING[rule.failing][end]
    if rule.unknown in _UNKNOWN and not (rule.failing == "note" and rule.unknown_because is None):
        means += f" ; {_UNKNOWN[rule.unknown][end]}" if not end else f"; {_UNKNOWN[rule.unknown][end]}"
        means += f" ({_bare(rule.unknown_because, lang)})" if rule.unknown_because else ""
    lines.append(f"   {means[:1].upper() + means[1:]}. {rule.because.told(lang)}")
    lines += [f"   {_fix(fix, lang)}" for fix in rule.fixes]
    if rule.recheck:
        lines.append("   Judged again after the wipe." if end else "   À juger à nouveau après l'effacement.")
    return lines


def _bare(text: Bilingual, lang: str) -> str:
    return text.told(lang).rstrip(".")


def _fix(fix: Fix, lang: str) -> str:
    if lang == "en":
        return f"Fix: {fix.en} About €{fix.cost_eur}."
    return f"Réparation : {fix.fr} Environ {fix.cost_eur} €."


def tell_condition(condition: Condition, lang: str, of: str = "") -> str:
    """A condition as a phrase: "mémoire : au moins 4 Gio", "chaque disque (amovible : non) : …"."""
    if isinstance(condition, Compare):
        return _compare(condition, lang, of)
    if isinstance(condition, Not):
        return f"{'not' if lang == 'en' else 'pas'} ({tell_condition(condition.part, lang, of)})"
    if isinstance(condition, AllOf | AnyOf):
        word = {"en": (" and ", " or "), "fr": (" et ", " ou ")}.get(lang, (" et ", " ou "))
        phrases = [tell_condition(part, lang, of) for part in condition.parts]
        text = word[isinstance(condition, AnyOf)].join(phrases)
        return f"({text})" if len(phrases) > 1 and of else text
    return _quantifier(condition, lang, of)


def _quantifier(node: Every | Some, lang: str, of: str) -> str:
    path = f"{of}.{node.path}" if of else node.path
    names = LISTS.get(path)
    many, one = (names[lang == "en"], names[3 if lang == "en" else 2]) if names else (label(path, lang),) * 2
    if isinstance(node, Every):
        text = f"{'every' if lang == 'en' else 'chaque'} {one.lower()}"
    else:
        among, least = ("of the", "at least 1") if lang == "en" else ("parmi les", "au moins 1")
        text = f"{among} {many.lower()}, {least}"
    if node.where is not None:
        text += f" ({tell_condition(node.where, lang, path)})"
    return text + (f"{_colon(lang)} {tell_condition(node.part, lang, path)}" if node.part is not None else "")


def _compare(compare: Compare, lang: str, of: str) -> str:
    path = of if compare.path == ITEM else (f"{of}.{compare.path}" if of else compare.path)
    name = label(path, lang)
    values: list[Any] = list(compare.values)
    bound = _joined([tell(path, value, lang) for value in values], compare.operator, lang)
    phrase = _COMPARED[compare.operator][lang == "en"].format(bound)
    return f"{name[:1].lower() + name[1:] if name[1:2].islower() else name}{_colon(lang)} {phrase}"


def _joined(words: list[str], operator: str, lang: str) -> str:
    last = {"between": ("et", "and")}.get(operator, ("ou", "or"))[lang == "en"]
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]


def _colon(lang: str) -> str:
    return ":" if lang == "en" else " :"
