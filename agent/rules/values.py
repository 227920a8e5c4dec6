"""Small values of a profile: flags, and sentences in both languages, so that no screen is half translated."""

from agent.rules.conditions import nothing_else
from agent.rules.source import Mistakes, Pairs, Scalar
from agent.rules.tree import Bilingual

_SENTENCE_MOST = 300


def missing(pairs: Pairs, key: str, mistakes: Mistakes) -> None:
    mistakes.at(pairs, f"il manque « {key}: »", f"{key}: is missing")


def flag(pairs: Pairs, key: str, mistakes: Mistakes) -> bool:
    node = pairs.value(key)
    if node is None:
        return False
    if isinstance(node, Scalar) and node.text in ("true", "false"):
        return node.text == "true"
    mistakes.at(node, f"« {key}: » veut true ou false", f"{key}: wants true or false")
    return False


def bilingual(pairs: Pairs, key: str, mistakes: Mistakes) -> Bilingual:
    """{fr: …, en: …} under `key`; both are required, so that no screen is half translated."""
    node = pairs.value(key)
    if node is None:
        missing(pairs, key, mistakes)
        return Bilingual(fr="", en="")
    if not isinstance(node, Pairs):
        mistakes.at(
            node, f"« {key}: » veut les deux langues : {{fr: …, en: …}}", f"{key}: wants both: {{fr: …, en: …}}"
        )
        return Bilingual(fr="", en="")
    nothing_else(node, ("fr", "en"), mistakes)
    return sentences(node, mistakes)


def sentences(pairs: Pairs, mistakes: Mistakes) -> Bilingual:
    """The `fr:` and `en:` of this mapping."""
    return Bilingual(fr=_sentence(pairs, "fr", mistakes), en=_sentence(pairs, "en", mistakes))


def _sentence(pairs: Pairs, lang: str, mistakes: Mistakes) -> str:
    node = pairs.value(lang)
    if isinstance(node, Scalar) and 0 < len(node.text.strip()) <= _SENTENCE_MOST and node.text.isprintable():
        return node.text.strip()
    names = {"fr": ("français", "French"), "en": ("anglais", "English")}[lang]
    if node is None:
        mistakes.at(pairs, f"il manque le texte {names[0]} (« {lang}: »)", f"the {names[1]} text ({lang}:) is missing")
    else:
        mistakes.at(
            node,
            f"« {lang}: » veut une phrase d'une ligne, {_SENTENCE_MOST} caractères au plus",
            f"{lang}: wants one line of text, at most {_SENTENCE_MOST} characters",
        )
    return ""
