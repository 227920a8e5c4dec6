"""Speakers: two tones, and ears. Microphone: a quiet moment and a loud one, and a level between them."""

import tempfile
from pathlib import Path

from agent.checks.pcm import RATE_HZ, Pcm, level_centibel, microphones, open_mixer, speaker, tone
from agent.checks.results import CheckResult, measure
from agent.checks.running import Task
from agent.host import Output
from agent.text import clean

_SECONDS = 1.0
_HEAR_S = 3
_LOUDER_CENTIBEL, _LOUD_CENTIBEL = 60, -600  # 6 dB above the quiet; −60 dB of full scale: nobody whispers so low
_SIDES = (("à gauche", "on the left", 440, True, False), ("à droite", "on the right", 660, False, True))


def run_speakers(task: Task) -> CheckResult:
    card = speaker(task.host)
    if card is None:
        return task.none_answers("Aucune sortie de son ne répond.", "No sound output answers.")
    open_mixer(task.host, card.card, is_out=True)
    with tempfile.TemporaryDirectory(prefix="rebond-tone-") as folder:
        for fr, en, hertz, left, right in _SIDES:
            path = Path(folder) / f"{hertz}.wav"
            path.write_bytes(tone(hertz, _SECONDS, left=left, right=right))
            said = task.run(
                "aplay", "-q", "-D", card.alsa, str(path), about_s=_SECONDS, timeout_s=15, fr=f"Son {fr}.",
                en=f"Sound {en}.",
            )  # fmt: skip
            if said.status != 0:
                return _unplayed(task, said)
    return task.by_person(task.ask(), measure("tones-played", len(_SIDES), "count", card.name))


def run_microphone(task: Task) -> CheckResult:
    cards = microphones(task.host)
    if not cards:
        return task.none_answers("Aucun micro ne répond.", "No microphone answers.")
    for card in cards:
        open_mixer(task.host, card.card, is_out=False)
    answer = task.ask(
        "Taisez-vous deux secondes, puis parlez fort. Prêt ?", "Be quiet for two seconds, then speak up. Ready?",
        answers=("ok", "skip", "absent"),
    )  # fmt: skip
    if answer != "ok":
        return task.by_person(answer)
    best = None
    for card in cards:
        quiet = _record(task, card, "Silence…", "Quiet…")
        loud = _record(task, card, "Parlez maintenant !", "Speak now!")
        if isinstance(quiet, Output) or isinstance(loud, Output):
            said = quiet if isinstance(quiet, Output) else loud
            assert isinstance(said, Output)
            return _unplayed(task, said)
        levels = level_centibel(loud), level_centibel(quiet), card.name
        best = levels if best is None or levels[0] - levels[1] > best[0] - best[1] else best
        if levels[0] >= _LOUD_CENTIBEL and levels[0] - levels[1] >= _LOUDER_CENTIBEL:
            break
    assert best is not None
    return _heard(task, *best)


def _heard(task: Task, loud: int, quiet: int, name: str) -> CheckResult:
    measures = (measure("loud", loud, "centibel", name), measure("quiet", quiet, "centibel", name))
    if loud >= _LOUD_CENTIBEL and loud - quiet >= _LOUDER_CENTIBEL:
        return task.passed("Le micro entend la voix.", "The microphone hears the voice.", *measures)
    if task.ask() != "ok":
        return task.not_tested("Le micro n'a rien entendu. À refaire.", "Nothing was heard. Do it again.", *measures)
    return task.failed("Le micro n'entend pas la voix.", "The microphone does not hear the voice.", *measures)


def _record(task: Task, card: Pcm, fr: str, en: str) -> bytes | Output:
    said = task.run(
        "arecord", "-q", "-D", card.alsa, "-f", "S16_LE", "-r", str(RATE_HZ), "-c", "2", "-t", "raw", "-d",
        str(_HEAR_S), about_s=_HEAR_S, timeout_s=_HEAR_S + 10, fr=fr, en=en,
    )  # fmt: skip
    if said.status != 0:
        return said
    return said.stdout[RATE_HZ * 4 // 2 :]  # the first half second holds the microphone's own click


def _unplayed(task: Task, said: Output) -> CheckResult:
    """A tool that is missing or a card that another program holds says nothing of the speakers."""
    why = said.why or clean(said.stderr.decode(errors="replace"), 120) or str(said.status)
    return task.not_tested(f"Le son n'a pas pu être essayé ({why}).", f"The sound could not be tried ({why}).")
