"""The Sanitize eraser against a simulated drive: what it sends, and that it never takes a word for a deed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent.erasure import Technique
from agent.wipe.device import EraseFailed, Eraser, Gone, Noted, Refused, Standing
from agent.wipe.nvme.family import NvmeFamily, open_nvme
from agent.wipe.nvme.sanitize import SanitizeEraser
from tests.wipe.twins.driving import unheard
from tests.wipe.twins.nvme import SANITIZE, Notes, NvmeTwin, PowerCut, media_of, no_wait, noting

BLOCK: Technique = "nvme-sanitize-block"
CRYPTO: Technique = "nvme-sanitize-crypto"
OVERWRITE: Technique = "nvme-sanitize-overwrite"


def opened(twin: NvmeTwin, *, armed: bool = True) -> NvmeFamily:
    return open_nvme(-1, media_of(twin), armed=armed, submit=twin.submit, nsid=1, wait=no_wait)


def sanitizer(family: NvmeFamily, technique: Technique = BLOCK) -> SanitizeEraser:
    eraser = family.eraser(technique)
    assert isinstance(eraser, SanitizeEraser)
    return eraser


def to_the_end(eraser: Eraser, most: int = 30) -> Standing:
    for _ in range(most):
        standing = eraser.poll()
        if standing.state != "running":
            return standing
    return standing


def sanitizes(twin: NvmeTwin) -> list[int]:
    return [command.cdw10 for command in twin.sent if command.opcode == SANITIZE]


@pytest.mark.parametrize(
    "technique, sanicap, cdw10",
    [
        (BLOCK, 0b00_0010, 0x00A),
        (CRYPTO, 0b00_0001, 0x00C),
        (OVERWRITE, 0b00_0100, 0x01B),
        (BLOCK, 0b10_0010, 0x80A),  # PREQ when the drive can attest
        (CRYPTO, 0b10_1001, 0x80C),  # no EMVS without a reader
        (OVERWRITE, 0b10_0100, 0x81B),
    ],
)
def test_what_is_sent_and_how_it_ends(technique: Technique, sanicap: int, cdw10: int) -> None:
    twin, notes = NvmeTwin(sanicap=sanicap), Notes()
    twin.write()
    family = opened(twin)
    eraser = family.eraser(technique)
    eraser.begin(noting(notes))
    standing = to_the_end(eraser)
    assert (standing.state, standing.permille) == ("done", 1000), standing
    eraser.settle(noting(notes))
    assert sanitizes(twin) == [cdw10] and twin.ended == [cdw10] and twin.is_clean
    assert [step for step, _ in notes] == ["nvme-sanitize", "nvme-sanitize-taken", "nvme-sanitize-running"]
    assert all(command.nsid == 0 for command in twin.sent if command.opcode == SANITIZE)
    assert any(one.name == technique.removeprefix("nvme-").replace("-", " ").upper() for one in family.exchanges)
    assert f"{cdw10:08x}" in next(one.command for one in family.exchanges if one.command.startswith("00000084"))


def test_announced_before_it_is_sent() -> None:
    twin = NvmeTwin()
    family = opened(twin)
    seen: list[tuple[str, int]] = []
    family.eraser(BLOCK).begin(lambda step, _: seen.append((step, len(sanitizes(twin)))))
    assert seen[:2] == [("nvme-sanitize", 0), ("nvme-sanitize-taken", 1)]


@pytest.mark.parametrize("fault", ["does-nothing", "foreign-log"])
@pytest.mark.parametrize("technique", [BLOCK, CRYPTO])
@pytest.mark.parametrize("older", [None, 0x0A, 0x0C])
@pytest.mark.parametrize("is_all_erased", [True, False])
def test_a_drive_that_does_nothing_is_never_done(
    fault: str, technique: Technique, older: int | None, is_all_erased: bool
) -> None:
    twin = NvmeTwin(fault=fault, is_all_erased=is_all_erased)
    if older is not None:  # an older success, of the very same command or of another
        twin.status, twin.scdw10 = 1, older
    eraser = opened(twin).eraser(technique)
    eraser.begin(noting(Notes()))
    standing = to_the_end(eraser)
    assert standing.state == "idle" and not twin.ended
    assert len(sanitizes(twin)) == 1


def test_what_only_markers_can_show() -> None:
    """A drive that lies from end to end is `done` here: the engine seeks its markers because of this."""
    twin = NvmeTwin(fault="liar")
    eraser = opened(twin).eraser(BLOCK)
    eraser.begin(noting(Notes()))
    assert eraser.poll().state == "done" and not twin.is_clean


def test_a_second_wipe_of_the_same_drive_by_the_same_command_is_known_as_new() -> None:
    """Too quick to be seen running: the log is equal but for "nothing written since", which the markers had cleared."""
    twin = NvmeTwin(fault="instant")
    for _ in range(2):
        twin.write()
        eraser = opened(twin).eraser(CRYPTO)
        eraser.begin(noting(Notes()))
        assert eraser.poll().state == "done"
    assert len(twin.ended) == 2


def test_progress_that_sticks_is_visible() -> None:
    eraser = opened(NvmeTwin(fault="stuck")).eraser(BLOCK)
    eraser.begin(noting(Notes()))
    eraser.poll()
    standings = {(one.state, one.permille) for one in (eraser.poll() for _ in range(20))}
    assert standings == {("running", 9)}


def test_a_failure_is_left_behind_and_told() -> None:
    twin = NvmeTwin(fault="fails", sanicap=0b1011)
    eraser = opened(twin).eraser(BLOCK)
    eraser.begin(noting(Notes()))
    standing = to_the_end(eraser)
    assert (
        standing.state == "failed" and "sanitize failed" in standing.said and "Exit Failure Mode done" in standing.said
    )
    assert sanitizes(twin) == [0x0A, 0x01] and twin.state == 0


@pytest.mark.parametrize(
    "fault, error, said",
    [
        ("invalid-opcode", Refused, "Invalid Command Opcode"),
        ("denied", Refused, "PSID"),
        ("drops-dwords", Refused, "Invalid Field"),
        ("kernel-refuses", Refused, "kernel"),
        ("gone", Gone, "No such device"),
    ],
)
def test_refusals_have_plain_reasons(fault: str, error: type[Exception], said: str) -> None:
    twin = NvmeTwin(fault=fault)
    eraser = opened(twin).eraser(BLOCK)
    with pytest.raises(error, match=said):
        eraser.begin(noting(Notes()))
    assert not twin.is_clean


@pytest.mark.parametrize("fault", ["lost-answer", "host-abort", "refuses-but-runs", "log-lags", "log-stutters"])
def test_an_erase_that_runs_is_followed_whatever_the_answer_was(fault: str) -> None:
    twin = NvmeTwin(fault=fault, steps_most=8)
    eraser = opened(twin).eraser(BLOCK)
    eraser.begin(noting(Notes()))
    assert to_the_end(eraser).state == "done" and twin.ended == [0x0A]


def test_a_lost_answer_with_nothing_seen_is_a_failure_not_a_refusal() -> None:
    twin = NvmeTwin(fault="lost-answer", steps_most=1)  # ended before the first look: no proof that it was ours
    twin.status, twin.scdw10, twin.is_all_erased = 1, 0x0A, True
    twin._start = lambda cdw10, ause: NvmeTwin._start(NvmeTwin(fault="lost-answer"), cdw10, ause)  # type: ignore[method-assign]
    with pytest.raises(EraseFailed, match="lost"):
        opened(twin).eraser(BLOCK).begin(noting(Notes()))


def test_a_purge_that_was_required_and_not_attested_is_a_failure() -> None:
    eraser = opened(NvmeTwin(sanicap=0b10_0010, fault="no-purge")).eraser(BLOCK)
    eraser.begin(noting(Notes()))
    standing = to_the_end(eraser)
    assert standing.state == "failed" and "purge" in standing.said


@pytest.mark.parametrize(
    "status, state, sanicap, said",
    [
        (2, 0, 0b0011, "already erasing"),
        (2, 5, 0b1011, "verification"),
        (3, 2, 0b1011, "restricted"),
    ],
)
def test_a_drive_in_another_state_is_refused_before_anything_is_sent(
    status: int, state: int, sanicap: int, said: str
) -> None:
    twin = NvmeTwin(status=status, state=state, sanicap=sanicap, scdw10=0x0A, fault="stuck")
    eraser = opened(twin).eraser(BLOCK)
    with pytest.raises(Refused, match=said):
        eraser.begin(noting(Notes()))
    assert not sanitizes(twin)


def test_a_drive_whose_last_sanitize_failed_is_tried_again() -> None:
    twin = NvmeTwin(status=3, state=4, sanicap=0b1011, scdw10=0x0A)
    eraser = opened(twin).eraser(BLOCK)
    eraser.begin(noting(Notes()))
    assert to_the_end(eraser).state == "done"


def test_an_older_success_of_another_command_makes_ours_new() -> None:
    twin = NvmeTwin(status=1, scdw10=0x0C, is_all_erased=True, fault="instant")
    eraser = opened(twin).eraser(BLOCK)
    eraser.begin(noting(Notes()))
    assert eraser.poll().state == "done" and twin.ended == [0x0A]


def test_a_refused_command_is_not_done_by_a_success_that_comes_later() -> None:
    twin = NvmeTwin(fault="denied")
    eraser = opened(twin).eraser(BLOCK)
    with pytest.raises(Refused):
        eraser.begin(noting(Notes()))
    twin.status, twin.scdw10, twin.is_all_erased = 1, 0x0A, True
    standing = eraser.poll()
    assert standing.state == "idle" and "never taken" in standing.said


def test_somebody_elses_erase_is_waited_for_and_is_not_ours() -> None:
    twin, notes = NvmeTwin(fault="does-nothing"), Notes()
    eraser = opened(twin).eraser(BLOCK)
    eraser.begin(noting(notes))
    twin.fault, twin.status, twin.state, twin.scdw10, twin._running = "", 2, 3, 0x0C, 0x0C
    standing = eraser.poll()
    assert standing.state == "running" and "another command" in standing.said
    twin._unreadable = 3
    assert eraser.poll().state == "idle"  # that it ran is no reason to believe that it still does
    assert to_the_end(eraser).state == "idle"
    assert "nvme-sanitize-running" not in [step for step, _ in notes]


@pytest.mark.parametrize("reads, state", [(2, "running"), (3, "running"), (30, "running")])
def test_a_log_that_stays_away_while_it_runs(reads: int, state: str) -> None:
    """The last known progress is told again: the stall rule decides."""
    twin = NvmeTwin(steps_most=9)
    eraser = opened(twin).eraser(BLOCK)
    eraser.begin(noting(Notes()))
    first = eraser.poll()
    twin._unreadable = reads
    again = eraser.poll()
    assert again.state == state
    assert (again.permille == first.permille) is (reads > 2)
    twin._unreadable = 0
    assert to_the_end(eraser).state == "done"


def test_a_success_that_is_taken_back() -> None:
    twin = NvmeTwin()
    eraser = opened(twin).eraser(BLOCK)
    eraser.begin(noting(Notes()))
    assert to_the_end(eraser).state == "done"
    twin.status = 3
    with pytest.raises(EraseFailed, match="took its success back"):
        eraser.settle(noting(Notes()))


# --- media verification -----------------------------------------------------------------------------------------------


def test_the_reader_sees_the_medium_before_it_is_deallocated() -> None:
    twin = NvmeTwin(sanicap=0b1010)
    eraser = sanitizer(opened(twin))
    seen: list[bytes] = []
    eraser.reader = lambda: seen.append(bytes(twin.namespaces[1][:4]))
    eraser.begin(noting(Notes()))
    assert to_the_end(eraser).state == "done"
    assert seen == [b"\xaa" * 4] and twin.namespaces[1][:4] == b"\0" * 4
    assert sanitizes(twin) == [0x40A, 0x05]


def test_media_verification_is_left_even_when_the_reader_fails() -> None:
    twin = NvmeTwin(sanicap=0b1010)
    eraser = sanitizer(opened(twin))

    def broken() -> None:
        raise OSError(5, "read error")

    eraser.reader = broken
    eraser.begin(noting(Notes()))
    with pytest.raises(OSError, match="read error"):
        to_the_end(eraser)
    assert sanitizes(twin) == [0x40A, 0x05]
    assert to_the_end(eraser).state == "done"


def test_without_the_state_a_reader_changes_nothing() -> None:
    twin = NvmeTwin(sanicap=0b0010)
    eraser = sanitizer(opened(twin))
    eraser.reader = lambda: None
    eraser.begin(noting(Notes()))
    assert to_the_end(eraser).state == "done" and sanitizes(twin) == [0x00A]


def test_media_verification_that_cannot_be_left_is_read_once_and_stalls() -> None:
    twin = NvmeTwin(sanicap=0b1010, fault="verification-sticks")
    eraser = sanitizer(opened(twin))
    reads: list[int] = []
    eraser.reader = lambda: reads.append(1)
    eraser.begin(noting(Notes()))
    standing = to_the_end(eraser)
    assert (standing.state, standing.permille) == ("running", None) and "not ended" in standing.said
    assert reads == [1]


# --- power cuts -------------------------------------------------------------------------------------------------------


def test_resumed_after_a_power_cut_it_is_never_sent_again() -> None:
    twin, notes = NvmeTwin(steps_most=6), Notes()
    eraser = opened(twin).eraser(BLOCK)
    eraser.begin(noting(notes))
    eraser.poll()
    again = opened(twin).eraser(BLOCK)
    again.resume(tuple(Noted(step=step, details=details) for step, details in notes), unheard)
    assert to_the_end(again).state == "done" and sanitizes(twin) == [0x0A]


def test_a_fresh_eraser_believes_nothing() -> None:
    twin = NvmeTwin(status=1, scdw10=0x0A, is_all_erased=True)
    assert opened(twin).eraser(BLOCK).poll().state == "idle"


@pytest.mark.parametrize(
    "notes, error, said",
    [
        ((), Refused, "nothing had been sent"),
        (("sending",), Refused, "nothing had been sent"),
        (("nvme-sanitize",), Refused, "before the drive took"),
        (("nvme-sanitize", "nvme-sanitize-taken"), EraseFailed, "end was not seen"),
    ],
)
def test_resume_with_nothing_in_the_log(notes: tuple[str, ...], error: type[Exception], said: str) -> None:
    details = {"cdw10": "0000000a", "before": "0 00000000 0"}
    with pytest.raises(error, match=said):
        opened(NvmeTwin()).eraser(BLOCK).resume(tuple(Noted(step=step, details=details) for step in notes), unheard)


@pytest.mark.parametrize(
    "before, status, steps, error",
    [
        ("1 0000000a 0", 1, ("nvme-sanitize", "nvme-sanitize-taken"), EraseFailed),
        ("1 0000000a 0", 1, ("nvme-sanitize",), Refused),
        ("3 0000000a 0", 3, ("nvme-sanitize",), Refused),
        ("3 0000000a 0", 3, ("nvme-sanitize", "nvme-sanitize-taken"), EraseFailed),
    ],
)
def test_resume_takes_no_older_result(before: str, status: int, steps: tuple[str, ...], error: type[Exception]) -> None:
    twin = NvmeTwin(status=status, scdw10=0x0A)
    with pytest.raises(error):
        opened(twin).eraser(BLOCK).resume(
            tuple(Noted(step=step, details={"cdw10": "0000000a", "before": before}) for step in steps), unheard
        )


def test_resume_finds_a_failure_and_leaves_it() -> None:
    twin = NvmeTwin(status=3, state=4, scdw10=0x0A, sanicap=0b1010)
    noted = (Noted(step="nvme-sanitize", details={"cdw10": "0000000a", "before": "0 00000000 0"}),)
    with pytest.raises(EraseFailed, match="Exit Failure Mode done"):
        opened(twin).eraser(BLOCK).resume(noted, unheard)
    assert sanitizes(twin) == [0x01]


FAULTS = (
    "", "instant", "fails", "stuck", "does-nothing", "foreign-log", "lost-answer", "host-abort",
    "refuses-but-runs", "log-lags", "log-stutters", "no-purge", "invalid-opcode", "drops-dwords", "misses-namespace",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    fault=some.sampled_from(FAULTS), technique=some.sampled_from([BLOCK, CRYPTO, OVERWRITE]),
    sanicap=some.sampled_from([0b0111, 0b1111, 0b10_0111, 0b10_1111]), older=some.sampled_from([0, 0x0A, 0x0C, 0x80A]),
    is_all_erased=some.booleans(), cuts=some.lists(some.tuples(some.integers(0, 16), some.booleans()), max_size=3),
    verifies=some.booleans(), steps=some.integers(1, 6),
)  # fmt: skip
def test_no_cut_and_no_fault_makes_a_done_that_was_not(
    fault: str, technique: Technique, sanicap: int, older: int, is_all_erased: bool,
    cuts: list[tuple[int, bool]], verifies: bool, steps: int,
) -> None:  # fmt: skip
    """Cut at any command, resumed as the engine does: `done` only when our very command truly ended since `begin`."""
    twin = NvmeTwin(fault=fault, sanicap=sanicap, is_all_erased=is_all_erased, steps_most=steps)
    twin.status, twin.scdw10 = (1, older) if older else (0, 0)
    notes, state = Notes(), "cut"
    cuts = [*cuts, (10_000, False)]
    for place, after in cuts:
        twin.power_on()
        twin.cut_at, twin.cut_after = len(twin.sent) + place, after
        try:
            state = _go_on(twin, technique, notes, verifies)
            break
        except PowerCut:
            continue
    ours = [command for command in sanitizes(twin) if command & 7 not in (1, 5)]
    assert len(ours) <= 1  # never started blindly again
    if state == "done":
        assert ours and twin.ended == ours and twin.is_clean
    for command in ours:
        assert command & 8 and not command & 1 << 9  # AUSE, never NDAS


def _go_on(twin: NvmeTwin, technique: Technique, notes: Notes, verifies: bool) -> str:
    eraser = sanitizer(opened(twin), technique)
    if verifies:
        eraser.reader = lambda: None
    try:
        if notes:
            eraser.resume(tuple(Noted(step=step, details=details) for step, details in notes), unheard)
        else:
            eraser.begin(noting(notes))
        standing = to_the_end(eraser)
        if standing.state == "done":
            eraser.settle(noting(notes))
        return standing.state
    except (Refused, EraseFailed) as error:
        return type(error).__name__
