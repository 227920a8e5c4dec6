"""SANITIZE STATUS EXT, read bit by bit, and what a resumed operation may be taken for."""

import pytest

from agent.wipe.ata.registers import Registers
from agent.wipe.ata.sanitize import read_status
from agent.wipe.ata.transport import Reply
from agent.wipe.device import EraseFailed, Noted, Refused
from tests.wipe.ata.benches import family_on
from tests.wipe.twins.ata import AtaTwin, Faults
from tests.wipe.twins.driving import unheard

BLOCK = "ata-sanitize-block"


def reply(count: int | None, lba: int | None, *, status: int = 0x50, error: int = 0, is_ok: bool = True) -> Reply:
    registers = Registers(error=error, count=count, lba=lba, device=0x40, status=status)
    return Reply(is_ok=is_ok, said="said", registers=registers)


def aborted(lba: int | None) -> Reply:
    return reply(0, lba, status=0x51, error=0x04, is_ok=False)


@pytest.mark.parametrize(
    ("answer", "state", "permille"),
    [
        (reply(0x8000, 0xFFFF), "completed", None),
        (reply(0x0000, 0xFFFF), "idle", None),
        (reply(0x0FFF, 0xFFFF), "idle", None),
        (reply(0x1000, 0xFFFF), "idle", None),  # the anti-freeze bit
        (reply(0x4000, 0x0000), "running", 0),
        (reply(0x4000, 0x8000), "running", 500),
        (reply(0x4000, 0xFFFF), "running", 999),
        (reply(0x4000, 0x120000), "running", 0),  # only LBA 15:0 count
        (reply(0xC000, 0x8000), "running", 500),  # contradictory: not yet
        (reply(0xE000, 0x8000), "running", 500),
        (reply(0x2000, 0xFFFF), "idle", None),
        (reply(0xA000, 0xFFFF), "completed", None),  # frozen since: the result stays
        (aborted(0x01), "failed", None),
        (aborted(0x201), "failed", None),
        (aborted(0x03), "refused", None),
        (aborted(0x00), "refused", None),  # "reason not reported" says of no success and of no failure
        (aborted(0x02), "refused", None),
        (aborted(0x04), "refused", None),
        (aborted(0x7F), "refused", None),
        (aborted(None), "unknown", None),
        (reply(None, 0xFFFF), "unknown", None),
        (reply(0x8000, None), "unknown", None),
        (reply(0x8000, 0xFFFF, is_ok=False), "unknown", None),
        (reply(0x8000, 0xFFFF, status=0x70, is_ok=False), "unknown", None),
        (Reply(is_ok=False, said="lost"), "unknown", None),
    ],
)
def test_the_status(answer: Reply, state: str, permille: int | None) -> None:
    read = read_status(answer)
    assert (read.state, read.permille) == (state, permille) and read.said


@pytest.mark.parametrize(
    ("answer", "is_frozen", "said"),
    [
        (reply(0x2000, 0xFFFF), True, "frozen until"),
        (reply(0xB000, 0xFFFF), True, "anti-freeze"),
        (reply(0x9000, 0xFFFF), False, "anti-freeze"),
        (reply(0x8000, 0xFFFF), False, "completed without error"),
        (aborted(0x00), False, "reason not reported"),
        (aborted(0x03), True, "frozen"),
        (aborted(0x7F), False, "unknown reason 7fh"),
    ],
)
def test_the_locks_and_reasons_are_told(answer: Reply, is_frozen: bool, said: str) -> None:
    read = read_status(answer)
    assert read.is_frozen == is_frozen and said in read.said


def notes(before: str, *, is_accepted: bool = False, technique: str = BLOCK) -> tuple[Noted, ...]:
    told = (Noted(step="sending"), Noted(step="sanitize", details={"technique": technique, "before": before}))
    return told + ((Noted(step="accepted", details={"technique": technique}),) if is_accepted else ())


def resumed(twin: AtaTwin, noted: tuple[Noted, ...]) -> str:
    eraser = family_on(twin).eraser(BLOCK)
    try:
        eraser.resume(noted, unheard)
    except Refused:
        return "refused"
    except EraseFailed:
        return "gave up"
    finally:
        assert set(twin.sent) == {0xB4} and twin.began == 0, "it only looked"
    return eraser.poll().state


@pytest.mark.parametrize(
    ("state", "has_completed", "noted", "result"),
    [
        ("running", False, notes("idle"), "running"),
        ("running", True, notes("completed"), "running"),
        ("running", False, (Noted(step="sending"),), "refused"),  # somebody else's
        ("running", False, notes("idle", technique="ata-sanitize-crypto"), "refused"),
        ("idle", True, notes("idle"), "done"),
        ("idle", True, notes("failed"), "done"),
        ("idle", True, notes("completed"), "refused"),  # of years ago, perhaps
        ("idle", True, notes("completed", is_accepted=True), "done"),
        ("idle", True, notes("idle", is_accepted=True), "done"),
        ("idle", False, notes("idle"), "refused"),
        ("idle", False, notes("idle", is_accepted=True), "idle"),
        ("idle", True, (Noted(step="sending"),), "refused"),
        ("failed", False, notes("idle"), "failed"),
        ("failed", False, notes("failed"), "refused"),
        ("failed", False, notes("idle", is_accepted=True), "failed"),
    ],
)
def test_after_a_cut(state: str, has_completed: bool, noted: tuple[Noted, ...], result: str) -> None:
    twin = AtaTwin(faults=Faults(sanitize_stuck_at=0x100))
    twin.sanitize, twin.completed, twin.failure_mode = state, has_completed, True  # type: ignore[assignment]
    assert resumed(twin, noted) == result


def test_a_disk_that_stays_silent_after_a_cut() -> None:
    twin = AtaTwin(faults=Faults(no_registers=True))
    twin.completed = True
    assert resumed(twin, notes("idle")) == "gave up"


def test_a_lost_status_is_asked_again() -> None:
    twin = AtaTwin()
    eraser = family_on(twin).eraser(BLOCK)
    eraser.begin(lambda step, details: None)
    assert eraser.poll().state == "running"
    twin.faults.no_registers = True
    before = len(twin.sent)
    silent = eraser.poll()
    assert (silent.state, silent.permille) == ("running", 312), "no progress: the stall rule will end it"
    assert len(twin.sent) == before + 3
    twin.faults.no_registers = False
    while (standing := eraser.poll()).state == "running":
        pass
    assert standing.state == "done" and standing.said == "sanitize operation completed without error"


def test_a_status_never_seen_is_a_failure() -> None:
    twin = AtaTwin()
    eraser = family_on(twin).eraser(BLOCK)
    eraser.begin(lambda step, details: None)
    twin.faults.no_registers = True
    assert eraser.poll().state == "failed"


@pytest.mark.parametrize("reason", [0x00, 0x02, 0x7F])
def test_a_status_refused_without_a_reason_is_a_failure_at_once(reason: int) -> None:
    """Aborted, the reason not reported: neither success nor half an hour of waiting; and left, if it can be."""
    twin = AtaTwin(faults=Faults(sanitize_fails_at=0x6000, failure_reason=reason))
    eraser = family_on(twin).eraser(BLOCK)
    eraser.begin(lambda step, details: None)
    assert eraser.poll().state == "running"
    standing = eraser.poll()
    assert standing.state == "failed" and standing.said.startswith("aborted: ")
    assert twin.sanitize == "idle", "CLEAR SANITIZE OPERATION FAILED was tried"
    assert eraser.poll().state == "failed"


def test_a_disk_frozen_after_its_success_has_succeeded() -> None:
    """A BIOS that sets the freeze lock at each start does not take the result away; nothing new begins."""
    twin = AtaTwin(faults=Faults(sanitize_frozen=True))
    twin.completed = True
    assert resumed(twin, notes("idle", is_accepted=True)) == "done"
    with pytest.raises(Refused):
        family_on(twin).eraser(BLOCK).begin(lambda step, details: None)
    assert twin.began == 0


def test_a_command_aborted_by_a_disk_that_then_stands_failed_was_begun() -> None:
    twin = AtaTwin(faults=Faults(sanitize_fails_at=0))
    real, calls = twin.send, iter(range(100))

    def send(*args: object, **rest: object):  # type: ignore[no-untyped-def] # as the twin's
        answer = real(*args, **rest)  # type: ignore[arg-type]
        return twin._abort(True) if next(calls) == 2 else answer  # IDENTIFY, status, the command

    twin.send = send  # type: ignore[method-assign] # begun, and its answer is an abort
    with pytest.raises(EraseFailed):
        family_on(twin).eraser(BLOCK).begin(lambda step, details: None)


def test_a_failure_stays_a_failure_once_cleared() -> None:
    twin = AtaTwin(faults=Faults(sanitize_fails_at=0x1000))
    eraser = family_on(twin).eraser(BLOCK)
    eraser.begin(lambda step, details: None)
    assert eraser.poll().state == "failed" and twin.sanitize == "idle"
    twin.completed = True
    assert eraser.poll().state == "failed"


def test_an_old_result_that_may_be_a_lie_is_told() -> None:
    twin = AtaTwin(faults=Faults(ignores=True))
    twin.completed = True
    eraser = family_on(twin).eraser(BLOCK)
    eraser.begin(lambda step, details: None)
    standing = eraser.poll()
    assert standing.state == "done" and "before" in standing.said


def test_what_is_noted_and_when() -> None:
    for has_completed, before in ((False, "idle"), (True, "completed")):
        twin = AtaTwin()
        twin.completed = has_completed
        told: list[tuple[str, dict[str, str], int]] = []
        family_on(twin).eraser(BLOCK).begin(
            lambda step, details, t=told, w=twin: t.append((step, dict(details), w.began))
        )
        assert told == [
            ("sanitize", {"technique": BLOCK, "before": before}, 0),
            ("accepted", {"technique": BLOCK}, 1),
        ]


def test_a_resumed_old_result_is_told_too() -> None:
    for before, is_told in (("completed", True), ("idle", False)):
        twin = AtaTwin()
        twin.completed = True
        eraser = family_on(twin).eraser(BLOCK)
        eraser.resume(notes(before, is_accepted=True), unheard)
        assert ("before" in eraser.poll().said) == is_told


@pytest.mark.parametrize(
    ("does_begin", "had_completed", "lost", "result"),
    [
        (True, False, {2}, "done"),
        (True, True, {2}, "done"),
        (False, False, {2}, "refused"),
        (False, True, {2}, "gave up"),  # that bit proves nothing
        (True, False, {2, 3}, "gave up"),
        (False, False, {2, 3}, "gave up"),
    ],
)
def test_a_command_whose_answer_was_lost(does_begin: bool, had_completed: bool, lost: set[int], result: str) -> None:
    """The status reads well before it; then the answer to the command itself is lost: the disk's state decides."""
    twin = AtaTwin(faults=Faults(ignores=not does_begin))
    twin.completed = had_completed
    real, calls = twin.send, iter(range(1000))

    def send(*args: object, **rest: object):  # type: ignore[no-untyped-def] # as the twin's
        twin.faults.no_registers = next(calls) in lost  # IDENTIFY, status, the command, status
        return real(*args, **rest)  # type: ignore[arg-type]

    twin.send = send  # type: ignore[method-assign] # one answer is lost on the way
    eraser = family_on(twin).eraser(BLOCK)
    try:
        eraser.begin(lambda step, details: None)
        while (standing := eraser.poll()).state == "running":
            pass
        found = standing.state
    except Refused:
        found = "refused"
    except EraseFailed:
        found = "gave up"
    assert found == result


def test_what_is_not_offered_is_not_sent() -> None:
    twin = AtaTwin(sanitizes=("crypto", "overwrite"))
    with pytest.raises(Refused):
        family_on(twin).eraser(BLOCK).begin(lambda step, details: None)
    assert twin.sent == [0xEC]


def test_what_a_resume_sees_counts_after_the_next_cut() -> None:
    """The completed bit was set before, too: only that it was seen running between two cuts tells the new result."""
    twin, told = AtaTwin(), list(notes("completed"))
    twin.sanitize, twin.kind = "running", "block"
    family_on(twin).eraser(BLOCK).resume(
        tuple(told), lambda step, details: told.append(Noted(step=step, details=details))
    )
    assert told[-1].step == "accepted"
    twin.sanitize, twin.completed = "idle", True
    assert resumed(twin, tuple(told)) == "done"
