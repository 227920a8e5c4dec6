"""The erasers over a disk that fails, lies and loses power: `done` is never said of an erase that did not end."""

import itertools
import random

import pytest

from agent.erasure import Technique
from agent.wipe.device import EraseFailed, Gone, Noted, Refused
from tests.wipe.scsi.benches import ALL, BLOCK, CRYPTO, FORMAT, OVERWRITE, driver, family_on, notes
from tests.wipe.twins.driving import unheard
from tests.wipe.twins.scsi import Faults, PowerCut, ScsiTwin


def begin(twin: ScsiTwin, technique: Technique) -> list[tuple[str, dict[str, str], int]]:
    told: list[tuple[str, dict[str, str], int]] = []
    family_on(twin).eraser(technique).begin(lambda step, details: told.append((step, dict(details), len(twin.erases))))
    return told


@pytest.mark.parametrize("technique", ALL)
@pytest.mark.parametrize("is_fixed", [False, True])
@pytest.mark.parametrize("attentions", [0, 2])
def test_a_sound_disk(technique: Technique, is_fixed: bool, attentions: int) -> None:
    twin = ScsiTwin(faults=Faults(is_fixed_format=is_fixed, attentions=attentions))
    one = driver(twin, technique)
    assert one.run() == "done", one.said
    assert twin.ended == 1 and not twin.secrets_left


@pytest.mark.parametrize("technique", ALL)
def test_progress_comes_from_the_disk(technique: Technique) -> None:
    twin = ScsiTwin()
    eraser = family_on(twin).eraser(technique)
    eraser.begin(lambda step, details: None)
    told = [eraser.poll() for _ in range(4)]
    assert [one.state for one in told] == ["running", "running", "running", "done"]
    assert [one.permille for one in told] == [250, 500, 750, 1000]


@pytest.mark.parametrize("technique", ALL)
def test_what_is_noted_and_when(technique: Technique) -> None:
    twin = ScsiTwin()
    assert begin(twin, technique) == [
        ("scsi-erase", {"technique": technique, "before": "idle"}, 0),
        ("scsi-erase-taken", {"technique": technique}, 1),
    ]


@pytest.mark.parametrize("technique", ALL)
def test_the_bytes_of_the_command(technique: Technique) -> None:
    twin = ScsiTwin()
    begin(twin, technique)
    cdb = twin.erases[0]
    if technique == FORMAT:
        assert twin.data_out == [bytes.fromhex("00020000")]
    else:
        assert cdb[1] & 0xA0 == 0xA0, "IMMED and AUSE"
        assert cdb[1] & 0x1F == {OVERWRITE: 1, BLOCK: 2, CRYPTO: 3}[technique]


# fault → what the eraser says; "done" only where the disk has really ended, or lies with every answer that it gives
CASES: dict[str, tuple[Faults, str]] = {
    "liar": (Faults(liar=True), "done"),
    "does-nothing": (Faults(does_nothing=True), "done"),
    "all-quiet": (Faults(no_sense_while_running=True, ready_while_running=True), "done"),
    "no-sense": (Faults(no_sense_while_running=True), "done"),
    "ready": (Faults(ready_while_running=True), "done"),
    "wrong-key": (Faults(wrong_key=True), "done"),
    "stuck": (Faults(stuck_at=0x4000), "running"),
    "fails": (Faults(fails_at=0x8000), "failed"),
    "fails-and-stays": (Faults(fails_at=0x8000, stays_failed=True), "failed"),
    "refuses-but-runs": (Faults(refuses_but_runs=True), "done"),
    "loses-answer": (Faults(loses_answer=True), "done"),
    "loses-command": (Faults(loses_command=True), "failed"),
    "host-error": (Faults(host_error=True), "failed"),
    "kernel": (Faults(kernel_refuses=True), "refused"),
    "busy": (Faults(busy=True), "refused"),
    "illegal": (Faults(refuses=(5, 0x20, 0)), "refused"),
    "protected": (Faults(refuses=(7, 0x27, 0)), "refused"),
    "denied": (Faults(refuses=(5, 0x20, 2)), "refused"),
    "not-ready": (Faults(refuses=(2, 0x04, 2)), "refused"),
    "attention": (Faults(refuses=(6, 0x29, 0)), "refused"),
    "hardware": (Faults(refuses=(4, 0x44, 0)), "failed"),
    "medium": (Faults(refuses=(3, 0x11, 0)), "failed"),
    "deferred": (Faults(deferred=True), "refused"),
    "garbled": (Faults(garbled_after=2), "running"),
    "garbled-at-once": (Faults(garbled_after=0), "refused"),
    "zeros": (Faults(zeros_for=frozenset({0x03})), "refused"),
    "zeros-rsoc": (Faults(zeros_for=frozenset({0xA3})), "refused"),
    "no-sense-command": (Faults(aborts_for=frozenset({0x03})), "refused"),
    "residual-all": (Faults(residual=1 << 20), "refused"),
    "residual-none": (Faults(residual=0), "done"),
    "residual-less": (Faults(residual=-7), "done"),
    "endless-attention": (Faults(attentions=99), "refused"),
    "gone": (Faults(gone_after=4), "gone"),
}


@pytest.mark.parametrize("technique", ALL)
@pytest.mark.parametrize("name", CASES)
def test_every_fault(name: str, technique: Technique) -> None:
    faults, result = CASES[name]
    twin = ScsiTwin(faults=faults)
    one = driver(twin, technique)
    if name == "gone":
        assert one.run() == result
        return
    assert one.run() == result, one.said
    assert one.said or result == "running"
    if result == "done" and not (faults.does_nothing or faults.liar or name == "all-quiet"):
        assert twin.ended == 1 and not twin.secrets_left


@pytest.mark.parametrize("technique", ALL[:3])
def test_a_failed_sanitize_is_left_again(technique: Technique) -> None:
    twin = ScsiTwin(faults=Faults(fails_at=0x8000))
    one = driver(twin, technique)
    assert one.run() == "failed" and "31h/03h" in one.said and "GOOD" in one.said
    assert not twin.is_closed, "it can be written again"
    assert twin.sent[-1].hex() == "481f0000000000000000"
    assert one.noted[-1].step == "scsi-erase-failed", "or an idle disk would later be taken for one that ended well"


@pytest.mark.parametrize("technique", ALL[:3])
def test_a_failure_found_by_a_resume_is_noted_then_left(technique: Technique) -> None:
    """Found by cutting: failed, left, power gone before the failure was journalled, then idle and taken for done."""
    twin = ScsiTwin()
    twin.state, twin.can_exit = "failed", True
    eraser, told = family_on(twin).eraser(technique), []
    eraser.resume(
        notes(technique, "scsi-erase", "scsi-erase-taken"), lambda step, _: told.append((step, twin.is_closed))
    )
    assert eraser.poll().state == "failed" and eraser.poll().state == "failed" and not twin.is_closed
    assert told == [("scsi-erase-failed", True)], "noted while the disk still said so"
    for state in ("failed", "idle"):
        twin.state = state  # type: ignore[assignment] # one of its words
        with pytest.raises(EraseFailed):
            family_on(twin).eraser(technique).resume(
                notes(technique, "scsi-erase", "scsi-erase-taken", "scsi-erase-failed"), unheard
            )
        assert not twin.is_closed


def test_what_a_resume_sees_counts_after_the_next_cut() -> None:
    """Its answer was lost with the power; seen at work after that, then a second cut, then idle: it has ended."""
    twin = ScsiTwin()
    one = driver(twin, BLOCK)
    one.note("scsi-erase", {"technique": BLOCK, "before": "idle"})
    twin.state = "sanitizing"
    twin.erases.append(bytes((0x48, 0xA2)))
    family_on(twin).eraser(BLOCK).resume(tuple(one.noted), one.note)
    assert one.noted[-1].step == "scsi-erase-running"
    twin.state = "idle"
    eraser = family_on(twin).eraser(BLOCK)
    eraser.resume(tuple(one.noted), one.note)
    assert eraser.poll().state == "done"


def test_a_failure_is_not_forgotten_once_left() -> None:
    twin = ScsiTwin(faults=Faults(fails_at=0x4000))
    eraser = family_on(twin).eraser(BLOCK)
    eraser.begin(lambda step, details: None)
    assert eraser.poll().state == "failed" and not twin.is_closed
    assert eraser.poll().state == "failed"


@pytest.mark.parametrize("garbled", [1, 2, 3])
def test_an_answer_not_understood_is_asked_again(garbled: int) -> None:
    """Three in a row, each time it is asked; then it counts as no progress."""
    twin = ScsiTwin(faults=Faults(garbled_after=3, garbled_looks=garbled, ready_while_running=True))
    eraser = family_on(twin).eraser(OVERWRITE)
    eraser.begin(lambda step, details: None)
    assert [eraser.poll().permille for _ in range(2)] == [250, 500]
    standing = eraser.poll()
    assert (standing.state, standing.permille) == (("running", 500) if garbled == 3 else ("done", 1000))


def test_a_command_that_was_lost_and_failed_at_once() -> None:
    twin = ScsiTwin(faults=Faults(loses_answer=True, fails_at=1))
    one = driver(twin, BLOCK)
    assert one.run() == "failed" and "GOOD" in one.said and not twin.is_closed


@pytest.mark.parametrize("state", ["failed", "corrupted"])
def test_a_refusal_by_a_disk_that_had_failed_before(state: str) -> None:
    """What it says of its state is about an earlier erase: ours was refused."""
    twin = ScsiTwin(faults=Faults(refuses=(5, 0x24, 0)))
    twin.state = state  # type: ignore[assignment] # one of its words
    assert driver(twin, BLOCK).run() == "refused" and twin.state == state


def test_another_work_than_ours_is_not_taken_for_it() -> None:
    twin = ScsiTwin(faults=Faults(stuck_at=0))
    twin.state = "formatting"
    eraser = family_on(twin).eraser(BLOCK)
    eraser.resume(notes(BLOCK, *TAKEN), unheard)
    assert eraser.poll().state == "running"
    twin.faults.garbled_after = 0
    twin.faults.ready_while_running = True
    assert eraser.poll().state == "failed", "never seen at our work: nothing to wait for"


def test_a_failed_format_says_what_it_needs() -> None:
    twin = ScsiTwin(faults=Faults(fails_at=0x8000))
    one = driver(twin, FORMAT)
    assert one.run() == "failed" and "formatted" in one.said and twin.state == "corrupted"


@pytest.mark.parametrize("technique", ALL)
@pytest.mark.parametrize("state", ["sanitizing", "formatting"])
def test_nothing_is_sent_to_a_disk_at_work(technique: Technique, state: str) -> None:
    twin = ScsiTwin()
    twin.state = state  # type: ignore[assignment] # one of its words
    with pytest.raises(Refused):
        begin(twin, technique)
    assert not twin.erases and not any(cdb[0] in (0x48, 0x04) for cdb in twin.sent)


@pytest.mark.parametrize("technique", ALL[:3])
def test_an_earlier_failure_may_be_followed_by_another_try(technique: Technique) -> None:
    twin = ScsiTwin()
    twin.state = "failed"
    one = driver(twin, technique)
    assert one.run() == "done" and twin.ended == 1


@pytest.mark.parametrize(
    "twin",
    [
        ScsiTwin(has_rsoc=False), ScsiTwin(has_ause=False), ScsiTwin(has_immed=False), ScsiTwin(offers=()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("technique", ALL[:3])
def test_what_cannot_be_followed_or_left_is_not_sent(twin: ScsiTwin, technique: Technique) -> None:
    with pytest.raises(Refused):
        begin(twin, technique)
    assert not any(cdb[0] == 0x48 for cdb in twin.sent)


@pytest.mark.parametrize(
    "twin",
    [
        ScsiTwin(has_format=False), ScsiTwin(has_immed=False), ScsiTwin(has_protection=True),
        ScsiTwin(faults=Faults(zeros_for=frozenset({0x9E}))),
    ],
)  # fmt: skip
def test_a_format_that_could_change_sectors_is_not_sent(twin: ScsiTwin) -> None:
    with pytest.raises(Refused):
        begin(twin, FORMAT)
    assert not any(cdb[0] == 0x04 for cdb in twin.sent)


# --- after a cut ------------------------------------------------------------------------------------------------------

SENT, TAKEN, SEEN = ("scsi-erase",), ("scsi-erase", "scsi-erase-taken"), ("scsi-erase", "scsi-erase-running")


@pytest.mark.parametrize(
    ("state", "noted", "result"),
    [
        ("sanitizing", notes(BLOCK, *TAKEN), "running"),
        ("sanitizing", notes(BLOCK, *SENT), "running"),
        ("sanitizing", notes(BLOCK, *SEEN), "running"),
        ("sanitizing", notes(BLOCK), "refused"),  # somebody else's
        ("sanitizing", notes(CRYPTO, *TAKEN), "refused"),
        ("formatting", notes(BLOCK, *SENT), "refused"),
        ("formatting", notes(BLOCK, *TAKEN), "running"),
        ("idle", notes(BLOCK, *TAKEN), "done"),
        ("idle", notes(BLOCK, *SEEN), "done"),
        ("idle", notes(BLOCK, *SENT), "refused"),
        ("idle", notes(BLOCK), "refused"),
        ("failed", notes(BLOCK, *TAKEN), "failed"),
        ("failed", notes(BLOCK, *SENT), "gave up"),
        ("failed", notes(BLOCK, *SENT, before="failed"), "refused"),
        ("failed", notes(BLOCK, *TAKEN, before="failed"), "failed"),
        ("corrupted", notes(BLOCK, *TAKEN), "failed"),
        ("corrupted", notes(FORMAT, *TAKEN), "refused"),  # of another technique
        ("unknown", notes(BLOCK, *SENT), "gave up"),
        ("unknown", notes(BLOCK, *TAKEN), "failed"),
        ("unknown", notes(BLOCK, *SEEN), "running"),
        ("unknown", notes(BLOCK), "refused"),
    ],
)
def test_a_resume_only_looks(state: str, noted: tuple[Noted, ...], result: str) -> None:
    twin = ScsiTwin(faults=Faults(stuck_at=0x1000))
    twin.can_exit = True
    if state == "unknown":
        twin.faults.garbled_after = 0
    else:
        twin.state = state  # type: ignore[assignment] # one of its words
    eraser = family_on(twin).eraser(BLOCK)
    try:
        eraser.resume(noted, unheard)
        found: str = eraser.poll().state
    except Refused:
        found = "refused"
    except EraseFailed:
        found = "gave up"
    assert found == result
    assert not twin.erases and all(cdb[0] in (0x00, 0x03) or cdb[:2] == b"\x48\x1f" for cdb in twin.sent)


def test_a_resume_of_a_disk_that_is_no_longer_there() -> None:
    twin = ScsiTwin(faults=Faults(gone_after=0))
    with pytest.raises(Gone):
        family_on(twin).eraser(BLOCK).resume(notes(BLOCK, *TAKEN), unheard)


@pytest.mark.parametrize("technique", ALL)
@pytest.mark.parametrize("moment", ["before", "during", "after", "killed"])
def test_cut_at_every_command_then_resumed(technique: Technique, moment: str) -> None:
    results = set()
    for at in range(40):
        twin = ScsiTwin(faults=Faults(attentions_at_power_on=2))
        result = driver(twin, technique).run_over_cuts((at, moment))
        results.add(result)
        assert len(twin.erases) <= 1, "nothing is begun twice"
        assert result != "done" or (twin.ended == 1 and not twin.secrets_left)
        assert result in ("done", "refused", "failed")
    assert "done" in results


FAULTS = [
    Faults(), Faults(attentions_at_power_on=3), Faults(is_fixed_format=True), Faults(no_sense_while_running=True),
    Faults(ready_while_running=True), Faults(stuck_at=0x8000), Faults(fails_at=0xC000), Faults(refuses_but_runs=True),
    Faults(loses_answer=True), Faults(loses_command=True), Faults(busy=True), Faults(wrong_key=True),
    Faults(garbled_after=3), Faults(residual=200), Faults(deferred=True), Faults(kernel_refuses=True),
]  # fmt: skip


@pytest.mark.parametrize("technique", ALL)
def test_any_cuts_and_faults_never_give_done_unless_it_really_ended(technique: Technique) -> None:
    random_ = random.Random(technique)
    moments = ("before", "during", "after", "killed")
    seen = set()
    for number, faults in itertools.product(range(14), FAULTS):
        twin = ScsiTwin(faults=Faults(**vars(faults)))
        cuts = [(random_.randrange(14), random_.choice(moments)) for _ in range(number % 4)]
        try:
            result = driver(twin, technique).run_over_cuts(*cuts)
        except PowerCut:
            pytest.fail("a cut was left over")
        seen.add(result)
        assert result != "done" or (twin.ended >= 1 and not twin.secrets_left), (faults, cuts)
        assert len(twin.erases) <= 1, (faults, cuts)
    assert {"done", "failed", "refused", "running"} <= seen
