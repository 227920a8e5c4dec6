"""The erasers over a chip that fails, lies and loses power: `done` is never said of an erase that did not end."""

import errno
import itertools
import random

import pytest

from agent.erasure import Technique
from agent.wipe.device import EraseFailed, Noted, Refused
from agent.wipe.mmc.erase import pieces_of
from agent.wipe.mmc.ext_csd import read_ext_csd
from tests.wipe.mmc.benches import BOTH, SANITIZE, SECURE, driver, family_on
from tests.wipe.twins.driving import unheard
from tests.wipe.twins.mmc import ERASE, EXT_CSD, GROUP, STATUS, SWITCH, Faults, MmcTwin

SMALL = 24 * GROUP  # 12 MiB: three pieces


def is_gone(twin: MmcTwin, technique: Technique) -> bool:
    """All that was asked for: by SANITIZE the reserve too, by a secure erase (which may be cut) the user area."""
    is_empty = not twin.secrets_left and twin.erased == set(range(twin.size_bytes // GROUP))
    return is_empty and (technique == SECURE or (twin.sanitized > 0 and not twin.reserve_secrets))


@pytest.mark.parametrize("technique", BOTH)
@pytest.mark.parametrize("size", [SMALL, GROUP, 9 * GROUP, 30 * GROUP])
def test_a_sound_chip(technique: Technique, size: int) -> None:
    twin = MmcTwin(size_bytes=size)
    one = driver(twin, technique)
    assert one.run() == "done", one.said
    assert is_gone(twin, technique) and not twin.reserve_secrets, "every group, the last one too"


def test_only_sanitize_empties_the_reserve() -> None:
    for technique, left in ((SANITIZE, 0), (SECURE, 0)):
        twin = MmcTwin(size_bytes=SMALL)
        driver(twin, technique).run()
        assert twin.reserve_secrets == left
    twin = MmcTwin(size_bytes=SMALL, faults=Faults(no_sanitize=errno.ETIMEDOUT))
    assert driver(twin, SANITIZE).run() == "failed" and twin.reserve_secrets


@pytest.mark.parametrize("technique", BOTH)
def test_progress_and_order(technique: Technique) -> None:
    twin = MmcTwin(size_bytes=SMALL)
    eraser = family_on(twin).eraser(technique)
    noted: list[tuple[str, dict[str, str], int]] = []
    eraser.begin(lambda step, details: noted.append((step, dict(details), twin.pieces)))
    assert noted == [("mmc-erase", {"technique": technique}, 0), ("mmc-erase-taken", {"technique": technique}, 1)]
    told = [eraser.poll() for _ in range(4)]
    assert [one.state for one in told] == ["running", "running", "done", "done"]
    assert [one.permille for one in told] == [500, 750, 1000, 1000]
    assert twin.sent[-1][0] == STATUS
    if technique == SANITIZE:
        assert [opcode for opcode, _ in twin.sent if opcode in (ERASE, SWITCH)] == [ERASE] * 3 + [SWITCH]


@pytest.mark.parametrize("sectors", [2048, 8192, 30_535_680, 61_071_360, 122_142_720, 500_118_192])
@pytest.mark.parametrize("in_groups", [False, True])
def test_the_pieces_are_the_whole_chip(sectors: int, in_groups: bool) -> None:
    csd = read_ext_csd(MmcTwin(told_sectors=sectors, in_groups=in_groups)._ext_csd())
    assert csd is not None
    at = 0
    for piece in pieces_of(csd):
        assert piece.start_bytes == at and piece.length_bytes > 0 and at % GROUP == 0
        at += piece.length_bytes
    assert at == sectors * 512 and len(pieces_of(csd)) <= 16


@pytest.mark.parametrize(
    ("in_groups", "slow", "timeouts"),
    [(True, 1, [60_000, 60_000, 60_000]), (True, 50, [120_000, 120_000, 120_000]), (False, 50, [120_000] * 3)],
)
def test_each_piece_has_the_time_that_its_groups_need(in_groups: bool, slow: int, timeouts: list[int]) -> None:
    twin = MmcTwin(size_bytes=SMALL, in_groups=in_groups, erase_mult=slow)  # eight groups of 300 ms times the factor
    assert driver(twin, SANITIZE).run() == "done" and twin.timeouts == timeouts


def test_no_piece_is_waited_for_without_end() -> None:
    twin = MmcTwin(size_bytes=SMALL, erase_mult=255)
    csd = read_ext_csd(MmcTwin(told_sectors=500_118_192, erase_mult=255)._ext_csd())
    assert csd is not None and pieces_of(csd)[0].length_bytes // GROUP * csd.group_ms > 3_600_000
    assert driver(twin, SANITIZE).run() == "done" and twin.timeouts[0] == 8 * 255 * 300


@pytest.mark.parametrize("technique", BOTH)
@pytest.mark.parametrize("faults", [Faults(busy_first=1), Faults(error_first=True)])
def test_a_chip_not_at_rest_is_left_alone(technique: Technique, faults: Faults) -> None:
    twin = MmcTwin(size_bytes=SMALL, faults=faults)
    with pytest.raises(Refused, match="before the command"):
        family_on(twin).eraser(technique).begin(lambda step, details: pytest.fail("noted"))
    assert not twin.pieces


CASES: dict[str, tuple[Faults, str, str]] = {  # faults, result of SANITIZE, of secure erase
    "does-nothing": (Faults(does_nothing=True), "done", "done"),  # markers find it out
    "keeps-reserve": (Faults(keeps_reserve=True), "done", "done"),  # nothing but the vendor's word speaks of it
    "skips-first": (Faults(skips_at=0), "failed", "done"),
    "skips-later": (Faults(skips_at=2), "failed", "done"),
    "late-first": (Faults(late_error_at=0), "refused", "failed"),
    "late-later": (Faults(late_error_at=1), "failed", "failed"),
    "late-last": (Faults(late_error_at=2), "failed", "failed"),
    "illegal": (Faults(illegal=True), "refused", "refused"),
    "eio-first": (Faults(errno_at=(0, errno.EIO)), "failed", "failed"),
    "eio-later": (Faults(errno_at=(1, errno.EIO)), "failed", "failed"),
    "slow": (Faults(errno_at=(2, errno.ETIMEDOUT)), "failed", "failed"),
    "forbidden": (Faults(errno_at=(0, errno.EPERM)), "refused", "refused"),
    "unsupported": (Faults(errno_at=(0, errno.EOPNOTSUPP)), "refused", "refused"),
    "no-sanitize": (Faults(no_sanitize=errno.EOPNOTSUPP), "failed", "done"),
    "sanitize-aborted": (Faults(no_sanitize=errno.ETIMEDOUT), "failed", "done"),
    "switch-error": (Faults(switch_error=True), "failed", "done"),
    "late-while-busy": (Faults(late_error_at=1, busy_for=2, late_while_busy=True), "failed", "failed"),
    "switch-error-while-busy": (Faults(switch_error=True, busy_for=2, late_while_busy=True), "failed", "done"),
    "busy": (Faults(busy_for=2), "done", "done"),
    "bad-ext-csd": (Faults(bad_ext_csd=True), "refused", "refused"),
    "ext-csd-eio": (Faults(ext_csd_errno=errno.EIO), "refused", "refused"),
    "gone": (Faults(gone_after=3), "gone", "gone"),
}


@pytest.mark.parametrize("technique", BOTH)
@pytest.mark.parametrize("name", CASES)
def test_every_fault(name: str, technique: Technique) -> None:
    faults, *results = CASES[name]
    twin = MmcTwin(size_bytes=SMALL, faults=Faults(**vars(faults)))
    one = driver(twin, technique)
    assert one.run() == results[BOTH.index(technique)], one.said


def test_a_chip_that_is_another_one_after_its_erase_has_not_been_erased() -> None:
    for technique in BOTH:
        twin = MmcTwin(size_bytes=SMALL)
        eraser = family_on(twin).eraser(technique)
        eraser.begin(lambda step, details: None)
        while (standing := eraser.poll()).state == "running":
            pass
        assert standing.state == "done"
        eraser.settle(lambda step, details: None)
        twin.told_sectors = 99
        with pytest.raises(EraseFailed):
            eraser.settle(lambda step, details: None)


def test_stuck_is_never_done() -> None:
    for technique in BOTH:
        twin = MmcTwin(size_bytes=SMALL, faults=Faults(stuck=True))
        eraser = family_on(twin).eraser(technique)
        eraser.begin(lambda step, details: None)
        told = {(eraser.poll().state, eraser.poll().permille) for _ in range(20)}
        assert len(told) == 1 and {state for state, _ in told} == {"running"}


@pytest.mark.parametrize("technique", BOTH)
@pytest.mark.parametrize(
    "twin",
    [MmcTwin(features=0), MmcTwin(user_wp=1), MmcTwin(told_sectors=99), MmcTwin(faults=Faults(bad_ext_csd=True))],
)
def test_what_is_not_offered_is_not_sent(twin: MmcTwin, technique: Technique) -> None:
    with pytest.raises(Refused):
        family_on(twin).eraser(technique).begin(lambda step, details: pytest.fail("noted"))
    assert {opcode for opcode, _ in twin.sent} <= {EXT_CSD, STATUS} and 0x127D not in twin.calls


def noted(technique: Technique, *steps: str) -> tuple[Noted, ...]:
    return (Noted(step="sending"), *(Noted(step=step, details={"technique": technique}) for step in steps))


@pytest.mark.parametrize("technique", BOTH)
def test_a_resume_asks_and_poll_begins_anew(technique: Technique) -> None:
    twin = MmcTwin(size_bytes=SMALL)
    eraser = family_on(twin).eraser(technique)
    eraser.resume(noted(technique, "mmc-erase", "mmc-erase-taken"), unheard)
    assert not twin.pieces
    states = [eraser.poll().state for _ in range(4)]
    assert states == ["running", "running", "running", "done"] and is_gone(twin, technique)


@pytest.mark.parametrize("steps", [(), ("mmc-erase",)])
def test_a_resume_of_what_was_never_sent(steps: tuple[str, ...]) -> None:
    eraser = family_on(MmcTwin(size_bytes=SMALL)).eraser(SANITIZE)
    if not steps:
        with pytest.raises(Refused):
            eraser.resume(noted(SANITIZE), unheard)
        with pytest.raises(Refused):
            eraser.resume(noted(SECURE, "mmc-erase", "mmc-erase-taken"), unheard)
        assert eraser.poll().state == "idle"
    else:
        eraser.resume(noted(SANITIZE, *steps), unheard)
        assert eraser.poll().state == "running"


def test_a_resume_on_a_chip_that_no_longer_tells() -> None:
    with pytest.raises(EraseFailed):
        family_on(MmcTwin(faults=Faults(bad_ext_csd=True))).eraser(SANITIZE).resume(
            noted(SANITIZE, "mmc-erase"), unheard
        )


@pytest.mark.parametrize("technique", BOTH)
def test_any_cuts_and_faults_never_give_done_unless_it_really_ended(technique: Technique) -> None:
    random_ = random.Random(technique)
    moments = ("before", "during", "after", "killed")
    liars = ("does-nothing", "keeps-reserve")
    faults = [Faults(), *(found for name, (found, *_) in CASES.items() if name not in liars)]
    seen = set()
    for number, one in itertools.product(range(10), faults):
        twin = MmcTwin(size_bytes=SMALL, faults=Faults(**vars(one)))
        cuts = [(random_.randrange(16), random_.choice(moments)) for _ in range(number % 4)]
        result = driver(twin, technique).run_over_cuts(*cuts)
        seen.add(result)
        assert result != "done" or is_gone(twin, technique), (one, cuts)
    assert {"done", "failed", "refused"} <= seen
