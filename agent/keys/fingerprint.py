"""Public keys as words: for two people who compare two screens, never for a program."""

from pathlib import Path

from agent.envelope import key_id_of

BITS = 44  # four words of 2048: a forger needs about 2^44 keys, out of reach while two people wait at a bench


def fingerprint_words(public: bytes) -> tuple[str, str, str, str]:
    """Four plain French words: the first 44 bits of the key id."""
    words = word_list()
    number = int(key_id_of(public), 16) >> (256 - BITS)
    one, two, three, four = (words[number >> shift & 2047] for shift in (33, 22, 11, 0))
    return one, two, three, four


def word_list() -> tuple[str, ...]:
    text = (Path(__file__).parent / "words_fr.txt").read_text("ascii")
    return tuple(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
