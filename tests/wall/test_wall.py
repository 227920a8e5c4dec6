"""The wall as text: 80 columns, words rather than colour, every key, and the closing sheet."""

import json
import subprocess
import unicodedata
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bulk.noting import Fate
from agent.bulk.showing import plan_text
from agent.bulk.wishes import Wish, Wishes
from agent.erasure import Erasure, Reason
from agent.wall.closing import closing
from agent.wall.keyboard import pages_of
from agent.wall.keys import Hand, keys_in
from agent.wall.live import picture
from agent.wall.looking import as_check, is_clean, looked_lines
from agent.wall.news import News
from agent.wall.plain import JsonLines, Plain
from agent.wall.rows import head, page_of, rate_of, row, time_of
from agent.wipe.job import Answered, Ended, Event, Job, Looked, NotClaimed, Plan, Progress, Trouble
from agent.wipe.supervisor import Seat
from tests import erasures
from tests.bulk.disks import MOUNTED, chosen, media

CHILD = cast(subprocess.Popen[bytes], None)
BUSY = Progress(
    phase="overwriting", done_bytes=417, total_bytes=1000, permille=417, rate_bps=1_234_567_890, eta_s=3725,
    temperature_c=41, bad_sectors=9999,
)  # fmt: skip


def seat(number: int = 0, **changes: Any) -> Seat:
    disk = media(f"SERIAL-{number:04}", f"sd{number}")
    job = Job(id=f"{number:032x}", media=disk, plan=Plan(steps=(), level="clear"), journal="/nowhere")
    return Seat(**{"job": job, "media": disk, "child": CHILD, "state": "running", "progress": BUSY} | changes)


def over(number: int = 0, erasure: Erasure | None = None, **changes: Any) -> Seat:
    end: Event = Ended(erasure=erasure or erasures.cleared())
    return seat(number, **{"state": "ended", "last": end} | changes)


SEATS = {
    "busy": seat(), "starting": seat(state="starting", progress=None), "paused": seat(
        progress=msgspec.structs.replace(BUSY, is_paused=True, why_paused="operator")),
    "hot": seat(progress=msgspec.structs.replace(BUSY, is_paused=True, why_paused="temperature")),
    "stopping": seat(is_stopping=True), "silent": seat(quiet_s=1000),
    "erasing": seat(quiet_s=1000, progress=Progress(phase="erasing")),
    "full": seat(progress=msgspec.structs.replace(BUSY, permille=1000, rate_bps=10**12, eta_s=10**9)),
    "refused": seat(state="ended", last=NotClaimed(reason=MOUNTED)),
    "left": over(erasure=erasures.failed(), is_left=True),
    **{name: over(erasure=make()) for name, make in erasures.EVERY.items()},
}  # fmt: skip
LONG_NEWS = News().after(SEATS["busy"], Trouble(fr="x" * 300, en="x" * 300))
PHASES = {
    "busy": "réécriture", "starting": "réservation", "paused": "en pause", "hot": "trop chaud", "stopping": "s'arrête",
    "silent": "muet 1000 s", "erasing": "s'efface", "full": "réécriture", "refused": "REFUSÉ", "left": "SANS RÉPONSE",
    "purged": "PROUVÉ", "cleared": "PROUVÉ", "cleared_with_exceptions": "SAUF SECTEURS", "not_proven": "NON PROUVÉ",
    "failed": "ÉCHEC", "interrupted": "INTERROMPU", "begun": "INTERROMPU",
}  # fmt: skip


def is_console_text(text: str) -> bool:
    """Latin letters and signs that every Linux console font has; nothing wide, nothing that moves the cursor."""
    return all(sign in "\n°" or (ord(sign) < 0x180 and unicodedata.category(sign)[0] != "C") for sign in text)


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("name", SEATS)
def test_a_disk_is_one_line_of_80_columns(name: str, lang: str) -> None:
    line = row(99, SEATS[name], lang)
    assert len(line) <= 80 and line.startswith("99 SERIAL-0000 ") and is_console_text(line)
    assert lang == "en" or f" {PHASES[name]}" in line
    assert len(head(lang)) <= 80


def test_columns_stand_under_their_heads() -> None:
    top, line = head("fr"), row(1, SEATS["busy"], "fr")
    assert line == " 1 SERIAL-0000      réécriture    [####......] 41,7 %  1,2 Go/s 1:02:05  41 9999"
    assert top.index("étape") == line.index("réécriture") and top.index("avancement") == line.index("[")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, ""), (0, "0:00"), (309, "5:09"), (7509, "2:05:09"), (36_000, "10 h 00"), (10**9, "999 h 46")],
)
def test_times(seconds: int | None, told: str) -> None:
    assert time_of(seconds) == told


@pytest.mark.parametrize(
    ("rate", "told"), [(None, ""), (0, "0 Mo/s"), (999_999_999, "999 Mo/s"), (10**9, "1,0 Go/s"), (10**13, "99,9 Go/s")]
)
def test_rates(rate: int | None, told: str) -> None:
    assert rate_of(rate, "fr") == told


def test_long_and_hostile_serials_keep_their_end() -> None:
    line = row(1, seat(media=media("\x1b[2J\u202e" + "X" * 60 + "END")), "fr")
    assert "XEND" not in line or is_console_text(line)
    assert is_console_text(line) and len(line) <= 80


@pytest.mark.parametrize("count", [1, 8, 19, 20, 60])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_screen_is_80_by_24_and_every_disk_comes_by(count: int, lang: str) -> None:
    seats = [over(number) if number % 3 == 0 else seat(number) for number in range(count)]
    seen: set[str] = set()
    for second in range(0, 60, 5):
        lines = picture(seats, Hand(lang), "Rebond - effacement", LONG_NEWS, lang, 24, second)
        assert len(lines) == 23 and all(len(line) <= 80 and is_console_text(line) for line in lines)
        assert lines[-1].strip().startswith("p")
        seen |= {line.split()[1] for line in lines[2:-2] if line.strip()}
    assert seen == {f"SERIAL-{number:04}" for number in range(count)}


# --- news -------------------------------------------------------------------------------------------------------------

SILENCE = Trouble(fr="ne répond plus", en="has not answered", is_silence=True)
ANSWER = Answered(fr="répond de nouveau.", en="answers again.")
BROKEN = Trouble(fr="a un problème.", en="has a problem.")
A, B = seat(0), seat(1)


def sentences(*heard: tuple[Seat, Event]) -> list[str]:
    """Each one that has its turn on the news line."""
    news = News()
    for one, event in heard:
        news = news.after(one, event)
    told = [news.told(turn, "fr") for turn in range(4)]
    return sorted({" ".join(line.replace("SERIAL-000", "").split()) for line in told if line})


@pytest.mark.parametrize("end", [over().last, NotClaimed(reason=MOUNTED)])
def test_a_silence_is_told_until_the_disk_answers_or_ends(end: Event) -> None:
    assert sentences((A, SILENCE), (A, BUSY)) == ["0 : ne répond plus"]
    assert sentences((A, SILENCE), (A, BUSY), (A, ANSWER)) == ["0 : répond de nouveau."]
    assert "0 : ne répond plus" not in sentences((A, SILENCE), (A, end))
    assert sentences((A, SILENCE), (A, ANSWER), (A, SILENCE)) == ["0 : ne répond plus"]  # not both at once


def test_a_disk_that_is_still_silent_is_not_forgotten_for_what_another_one_says() -> None:
    silent = "0 : ne répond plus"
    assert sentences((A, SILENCE), (B, BROKEN)) == [silent, "1 : a un problème."]
    assert sentences((A, SILENCE), (B, SILENCE)) == [silent, "1 : ne répond plus"]
    assert sentences((A, SILENCE), (B, SILENCE), (B, ANSWER)) == [silent, "1 : répond de nouveau."]
    assert sentences((A, SILENCE), (B, SILENCE), (B, over(1).last or BUSY), (B, BUSY)) == [silent]
    assert sentences((B, BROKEN), (A, SILENCE), (A, ANSWER), (A, over().last or BUSY)) == ["0 : répond de nouveau."]


def test_the_news_names_the_disk_in_one_line_of_the_screen() -> None:
    news = News().after(A, SILENCE).after(B, BROKEN)
    at = [picture([A, B], Hand("en"), "Rebond", news, "en", 24, seconds)[-2] for seconds in (0, 5, 10)]
    assert at == [" SERIAL-0000: has not answered", " SERIAL-0001: has a problem.", " SERIAL-0000: has not answered"]


def test_those_at_work_come_first_when_there_are_many() -> None:
    seats = [over(number) for number in range(30)] + [seat(30)]
    shown, page = page_of(seats, 19, 0)
    assert shown[0][0] == 31 and page == "1/2"


# --- keys -------------------------------------------------------------------------------------------------------------

TWO = (seat(0), seat(1))
STOPPING = (seat(0, is_stopping=True), seat(1, is_stopping=True))


@pytest.mark.parametrize(
    ("keys", "seats", "wishes"),
    [
        ("p", TWO, [Wish("pause")]),
        ("p", (seat(0, is_pausing=True), seat(1)), [Wish("continue")]),
        ("s2\n", TWO, [Wish("stop", TWO[1].job.id)]),
        ("s12\x7f\r", TWO, [Wish("stop", TWO[0].job.id)]),
        ("s3\n", TWO, []),
        ("s\n", TWO, []),
        ("s0\n", TWO, []),
        ("s1x", TWO, []),
        ("s1\n", (over(0), seat(1)), []),
        ("S", TWO, []),
        ("SS", TWO, [Wish("stop")]),
        ("\x1b\x1b", TWO, []),
        ("S\x1b", TWO, []),
        ("S\x1bS", TWO, []),
        ("s1\x1b", TWO, []),
        ("Sn", TWO, []),
        ("Sp", TWO, []),
        ("S\nS", TWO, []),
        ("xq \n²é", TWO, []),
        ("SS", STOPPING, [Wish("abandon", one.job.id) for one in STOPPING]),
        ("Sn", STOPPING, []),
        ("SS", (STOPPING[0], seat(1)), [Wish("stop")]),
    ],
)
def test_keys(keys: str, seats: tuple[Seat, ...], wishes: list[Wish]) -> None:
    hand = Hand()
    assert [wish for key in keys for wish in hand.press(key, seats)] == wishes


@given(st.text(alphabet="psS\x1b\n0123456789xn", max_size=12))
def test_nothing_is_abandoned_that_was_not_told_to_stop(keys: str) -> None:
    hand = Hand()
    assert all(wish.do != "abandon" for key in keys for wish in hand.press(key, TWO))


def test_a_scanned_code_is_no_order() -> None:
    """A serial has S and P in it, and may have SS: what comes in one piece is a scanner's."""
    hand = Hand()
    for before in ("", "S", "s", "s1"):
        for key in before:
            hand.press(key, TWO)
        for code in ("SSD-PSS1\n", "S21PNXAG123456", "SS", "pp\r"):
            assert hand.press_all(code, TWO) == [] and hand.asking == ""
            assert "Une touche à la fois" in hand.prompt(TWO)
    assert hand.press_all("s", TWO) == [] and hand.press_all("2\n", TWO) == [Wish("stop", TWO[1].job.id)]
    assert hand.press_all("S", TWO) == [] and hand.press_all("S", TWO) == [Wish("stop")]


def test_ctrl_c_on_plain_lines_says_what_it_does() -> None:
    lines: list[str] = []
    view, wishes = Plain("fr", lines.append), Wishes()
    view.begin(wishes)
    view.interrupted(TWO)
    assert list(wishes.take()) == [Wish("stop")] and "Arrêt demandé" in lines[-1]
    view.interrupted(STOPPING)
    assert list(wishes.take()) == [Wish("abandon", one.job.id) for one in STOPPING] and "prouvé" in lines[-1]


def test_an_arrow_key_is_no_escape() -> None:
    for raw in (b"\x1b[A", b"\x1bOP", b"\x1bOS", b"\x1b[[A", b"\x1b[15~", b"\x1b[1;5P", b"\x1bS", b"\x1bOS\x1bOS"):
        assert keys_in(raw) == [] and keys_in(b"p" + raw + b"s") == ["p", "s"]
    assert keys_in(b"\x1b") == ["\x1b"] and keys_in(b"\x1b\x1b") == ["\x1b", "\x1b"]
    assert keys_in("sé".encode()) == ["s", "é"]


def test_the_prompt_says_what_is_asked_and_what_is_waited_for() -> None:
    alone = (seat(0, is_stopping=True, progress=Progress(phase="erasing")),)
    said = set()
    for lang in ("fr", "en"):
        for keys, seats in (
            ("", TWO),
            ("s1", TWO),
            ("S", TWO),
            ("S", STOPPING),
            ("", STOPPING),
            ("", alone),
            ("Sn", TWO),
        ):
            hand = Hand(lang)
            for key in keys:
                hand.press(key, seats)
            prompt = f" {hand.prompt(seats)}"
            assert len(prompt) <= 80 and is_console_text(prompt)
            said.add(prompt)
    assert len(said) == 14


# --- the end ----------------------------------------------------------------------------------------------------------


def fate(erasure: Erasure | None, *, refused: Reason | None = None, record: str | None = "12" * 32) -> Fate:
    job = Job(id="0" * 32, media=erasures.HARD_DISK, plan=Plan(steps=(), level="clear"), journal="/nowhere")
    return Fate(job=job, media=erasures.HARD_DISK, erasure=erasure, refused=refused, record=record)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_closing_sheet_tells_the_proven_first_then_why_and_what_to_do(lang: str) -> None:
    fates = [fate(make()) for make in erasures.EVERY.values()] + [fate(None, refused=MOUNTED, record=None)]
    text = closing(fates, lang)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert text.startswith(("Prouvés : 2 sur 8", "Proven: 2 of 8"))
    assert text.count("[OK]") == 2 and text.count("[X]") == 6
    assert text.index("[OK]") < text.index("[X]")
    assert (MOUNTED.en if lang == "en" else MOUNTED.fr) in text
    assert text.count("À faire" if lang == "fr" else "To do") == 5  # the refusal says itself what to do


def test_a_success_without_its_record_is_no_success() -> None:
    unkept = fate(erasures.cleared(), record=None)
    unkept.problems.append(Reason(rule="record-not-kept", fr="Plus de place.", en="No room."))
    assert not unkept.is_proven
    text = closing([unkept], "fr")
    assert "Prouvés : 0 sur 1" in text and "Plus de place." in text and "[OK]" not in text


def test_a_success_that_contradicts_its_evidence_is_no_success() -> None:
    assert not fate(erasures.purged(level="clear")).is_proven
    assert not fate(erasures.cleared(attempts=())).is_proven
    assert fate(erasures.cleared()).is_proven


def test_plain_lines_come_when_the_phase_changes_or_something_is_wrong() -> None:
    lines: list[str] = []
    view = Plain("fr", lines.append)
    one = seat()
    for event in (BUSY, BUSY, Trouble(fr="Attention \x1b[2J", en="Beware"), ANSWER):
        view.heard(one, event)
    view.heard(over(), Ended(erasure=erasures.cleared()))
    assert lines == ["SERIAL-0000 : réécriture", "SERIAL-0000 : Attention", "SERIAL-0000 : répond de nouveau.",
                     "SERIAL-0000 : PROUVÉ"]  # fmt: skip


def test_a_look_never_says_erased() -> None:
    read = erasures.cleared().attempts[0].verification
    assert read is not None
    good = Looked(media=erasures.HARD_DISK, verification=read)
    assert is_clean(good) and not is_clean(None) and not is_clean(NotClaimed(reason=MOUNTED))
    worse = (msgspec.structs.replace(good, is_whole=False), msgspec.structs.replace(good, bad_sectors=1))
    remains = erasures.failed().attempts[0].verification
    assert remains is not None
    dirty = Looked(media=erasures.HARD_DISK, verification=remains)
    for one in (*worse, dirty):
        assert not is_clean(one)
    assert "NTFS" in looked_lines(erasures.HARD_DISK, dirty, "fr")
    text = looked_lines(erasures.HARD_DISK, good, "fr")
    assert "ne prouve pas" in text and "effacé" not in text.replace("effacement", "")


def test_a_look_becomes_a_check_and_claims_nothing() -> None:
    read, remains = erasures.cleared().attempts[0].verification, erasures.failed().attempts[0].verification
    assert read is not None and remains is not None
    good = Looked(media=erasures.HARD_DISK, verification=read)
    for last, outcome in (
        (good, "passed"),
        (msgspec.structs.replace(good, bad_sectors=1), "failed"),
        (msgspec.structs.replace(good, is_whole=False), "not_tested"),
        (msgspec.structs.replace(good, is_whole=False, verification=remains), "failed"),
        (NotClaimed(reason=MOUNTED), "not_tested"),
        (None, "not_tested"),
    ):
        check = as_check(erasures.HARD_DISK, last, "op-7", "2026-11-23T09:00:00Z")
        assert (check.name, check.outcome, check.operator) == ("disk-read", outcome, "op-7")
        for text in (check.fr, check.en):
            assert not any(word in text.casefold() for word in ("purge", "clear", "certifi", "effacé", "erased"))


# --- what a person reads before, and a program meanwhile --------------------------------------------------------------


@pytest.mark.parametrize("rows", [24, 25, 50, 5, 1])
def test_a_long_plan_comes_in_pages_that_a_screen_can_show(rows: int) -> None:
    text = plan_text([chosen(f"SERIAL-{number:02}") for number in range(13)], "fr")
    pages = pages_of(text, rows)
    assert all(len(page.splitlines()) <= max(4, rows - 2) for page in pages)
    told = "\n".join(pages)
    assert [told.count(f"SERIAL-{number:02}") for number in range(13)] == [1] * 13
    assert [line for line in told.splitlines() if line] == [line for line in text.splitlines() if line]
    if rows >= 24:  # no disk is torn apart
        assert len(pages) > 1 and all(page.splitlines()[0].startswith(("  SERIAL-", "Plan")) for page in pages)


def test_a_json_line_tells_all_of_a_disk() -> None:
    lines: list[Any] = []
    JsonLines(lines.append).heard(seat(), BUSY)
    (line,) = json.loads(json.dumps(msgspec.to_builtins(lines)))
    assert {"at", "id", "serial", "name", "event"} == set(line) and line["serial"] == "SERIAL-0000"
    event = line["event"]
    told = {name: event[name] for name in ("type", "phase", "done_bytes", "total_bytes", "permille", "rate_bps",
                                           "eta_s", "temperature_c", "bad_sectors")}  # fmt: skip
    assert told == {
        "type": "progress", "phase": "overwriting", "done_bytes": 417, "total_bytes": 1000, "permille": 417,
        "rate_bps": 1_234_567_890, "eta_s": 3725, "temperature_c": 41, "bad_sectors": 9999,
    }  # fmt: skip
