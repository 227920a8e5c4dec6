"""SANITIZE and SECURITY ERASE on the twin: what is sent, what counts as done, and every power cut."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.erasure import Technique
from agent.wipe.ata.identify import _duration
from agent.wipe.ata.security import PASSWORD
from agent.wipe.device import EraseFailed, Noted, Refused
from tests.wipe.ata.benches import Driver, family_on
from tests.wipe.twins.ata import AtaTwin, Faults, PowerCut
from tests.wipe.twins.driving import unheard

SANITIZES: tuple[Technique, ...] = ("ata-sanitize-block", "ata-sanitize-crypto", "ata-sanitize-overwrite")
SECURITY: Technique = "ata-security-erase-enhanced"
ALL = (*SANITIZES, SECURITY)
SECRET = PASSWORD.encode().ljust(32, b"\0")


@pytest.mark.parametrize("technique", ALL)
def test_a_sound_disk_is_really_erased(technique: Technique) -> None:
    twin = AtaTwin(native=64, visible=48)
    driver = Driver(twin, technique)
    assert driver.run() == "done", driver.said
    assert twin.secrets_left == 0, "hidden sectors included"
    assert twin.password is None


def test_the_sanitize_commands_are_those_of_acs_4() -> None:
    lba = {
        "ata-sanitize-block": 0x426B4572,
        "ata-sanitize-crypto": 0x43727970,
        "ata-sanitize-overwrite": 0x4F5700000000,
    }
    feature = {"ata-sanitize-block": 0x12, "ata-sanitize-crypto": 0x11, "ata-sanitize-overwrite": 0x14}
    count = {"ata-sanitize-block": 0x10, "ata-sanitize-crypto": 0x10, "ata-sanitize-overwrite": 0x11}
    for technique in SANITIZES:
        family = family_on(AtaTwin())
        family.eraser(technique).begin(lambda step, details: None)
        cdb = bytes.fromhex(family.exchanges[-1].command)
        assert cdb[14] == 0xB4 and cdb[1] == 0x07 and cdb[2] == 0x20
        assert (cdb[3] << 8 | cdb[4], cdb[5] << 8 | cdb[6]) == (feature[technique], count[technique])
        got = bytes((cdb[11], cdb[9], cdb[7], cdb[12], cdb[10], cdb[8]))
        assert int.from_bytes(got, "big") == lba[technique]


def test_the_password_is_noted_before_it_is_sent() -> None:
    twin = AtaTwin()
    order: list[str] = []

    def note(step: str, details: dict[str, str]) -> None:
        if "password" in details:
            order.append(f"noted {details['password']} with {0xF1 in twin.sent}")

    family_on(twin).eraser(SECURITY).begin(note)  # type: ignore[arg-type] # a Mapping is what it gets
    assert order[0] == f"noted {PASSWORD} with False"
    assert PASSWORD.lower() == PASSWORD and PASSWORD.isascii()
    assert twin.seen_passwords == [SECRET]


@pytest.mark.parametrize(
    ("word", "timeout_s"),
    [(0x8005, 1800), (0x000A, 2400), (0x00FE, 508 * 120), (0x00FF, 510 * 120), (0xFFFF, 4_000_000), (0x0000, 1800),
     (0x0001, 1800)],
)  # fmt: skip
def test_the_erase_may_take_twice_what_the_disk_announces(word: int, timeout_s: int) -> None:
    twin = AtaTwin(time_word=word)
    family_on(twin).eraser(SECURITY).begin(lambda step, details: None)
    assert twin.timeouts[0xF4] == timeout_s


@pytest.mark.parametrize(
    ("faults", "technique", "result"),
    [
        (Faults(ignores=True), "ata-sanitize-block", "idle"),
        (Faults(sanitize_stuck_at=0x4000), "ata-sanitize-block", "running"),
        (Faults(sanitize_fails_at=0x6000), "ata-sanitize-block", "failed"),
        (Faults(sanitize_frozen=True), "ata-sanitize-block", "refused"),
        (Faults(no_registers=True), "ata-sanitize-block", "refused"),
        (Faults(no_registers_for=frozenset({0xB4})), "ata-sanitize-block", "refused"),
        (Faults(wrong_sense=True), "ata-sanitize-block", "refused"),
        (Faults(bad_checksum=True), "ata-sanitize-block", "refused"),
        (Faults(refuses=frozenset({0xB4})), "ata-sanitize-block", "refused"),
        (Faults(is_fixed_format=True), "ata-sanitize-block", "refused"),  # the bits of COUNT 15:8 are lost
        (Faults(zeros_for=frozenset({0xB4})), "ata-sanitize-block", "idle"),
        (Faults(frozen_at_boot=True), SECURITY, "refused"),
        (Faults(freezes_after=1), SECURITY, "refused"),
        (Faults(no_registers=True), SECURITY, "refused"),
        (Faults(no_registers_for=frozenset({0xF1})), SECURITY, "refused"),
        (Faults(no_registers_for=frozenset({0xF3})), SECURITY, "refused"),
        (Faults(no_registers_for=frozenset({0xF4})), SECURITY, "failed"),
        (Faults(wrong_sense=True), SECURITY, "refused"),
        (Faults(bad_checksum=True), SECURITY, "refused"),
        (Faults(refuses=frozenset({0xF1})), SECURITY, "refused"),
        (Faults(refuses=frozenset({0xF3})), SECURITY, "refused"),
        (Faults(refuses=frozenset({0xF4})), SECURITY, "failed"),  # the bridge that bricks disks
        (Faults(ignores_password=True), SECURITY, "refused"),
        (Faults(erase_fails=True), SECURITY, "failed"),
        (Faults(erase_times_out=True), SECURITY, "failed"),
        (Faults(keeps_password=True), SECURITY, "failed"),
        (Faults(is_fixed_format=True), SECURITY, "done"),
    ],
)  # fmt: skip
def test_each_fault_ends_as_what_it_is(faults: Faults, technique: Technique, result: str) -> None:
    twin = AtaTwin(faults=faults)
    driver = Driver(twin, technique)
    assert driver.run() == result, driver.said
    assert twin.password is None, "no lock is left"
    if result == "refused":
        assert twin.secrets_left == AtaTwin().secrets_left, "nothing was touched"


def test_a_failed_sanitize_leaves_a_disk_that_can_be_used() -> None:
    twin = AtaTwin(faults=Faults(sanitize_fails_at=0x6000))
    driver = Driver(twin, "ata-sanitize-block")
    assert driver.run() == "failed"
    assert twin.sanitize == "idle", "FAILURE MODE and CLEAR SANITIZE OPERATION FAILED"


def test_what_cannot_be_lifted_is_told_with_the_password() -> None:
    twin = AtaTwin(faults=Faults(freezes_after=4))
    driver = Driver(twin, SECURITY)
    assert driver.run() == "failed"
    assert twin.password == SECRET and PASSWORD in driver.said


def test_an_earlier_success_is_not_ours() -> None:
    """The completed bit of years ago: a cut before our command was taken must not find it and say done."""
    twin = AtaTwin()
    twin.completed = True
    driver = Driver(twin, "ata-sanitize-block")
    assert driver.run_over_cuts((2, "before")) == "refused", driver.said
    assert twin.secrets_left


def test_a_disk_locked_by_another_is_left_alone() -> None:
    twin = AtaTwin(password=b"other".ljust(32, b"\0"))
    for technique in ALL:
        assert Driver(twin, technique).run() == "refused"
    driver = Driver(twin, SECURITY)
    driver.note("sending", {})
    assert driver.run() == "refused"
    assert 0xF2 not in twin.sent and 0xF6 not in twin.sent and twin.wrong == 0


def test_an_unlocked_disk_is_not_taken_for_an_erased_one() -> None:
    """After the cut somebody typed the printed password in the BIOS and removed it there."""
    twin = AtaTwin()
    driver = Driver(twin, SECURITY)
    driver.twin.cut_at = (4, "during")
    with pytest.raises(PowerCut):
        driver.run()
    twin.power_on()
    assert twin.locked and twin.password == SECRET
    twin.password, twin.locked = None, False
    assert driver.run() == "refused"


def test_a_cut_in_mid_erase_is_erased_again_under_the_noted_password() -> None:
    twin = AtaTwin()
    driver = Driver(twin, SECURITY)
    assert driver.run_over_cuts((4, "during")) == "done", driver.said
    assert twin.secrets_left == 0 and twin.password is None


@pytest.mark.parametrize("technique", ALL)
def test_nothing_is_erased_without_arms(technique: Technique) -> None:
    with pytest.raises(Refused):
        family_on(AtaTwin(), armed=False).eraser(technique)


def test_no_password_behind_a_bridge() -> None:
    for bridge, transport in (("0x152d:0x0578", "sata"), (None, "usb"), (None, None), (None, "sas"), (None, "raid")):
        with pytest.raises(Refused):
            family_on(AtaTwin(), transport=transport, bridge=bridge).eraser(SECURITY)  # type: ignore[arg-type]


@pytest.mark.parametrize("technique", ALL)
def test_an_eraser_that_did_nothing_reports_nothing(technique: Technique) -> None:
    twin = AtaTwin()
    twin.completed = True
    assert family_on(twin).eraser(technique).poll().state == "idle"


def test_what_is_noted_and_when() -> None:
    twin = AtaTwin()
    told: list[tuple[str, dict[str, str], int]] = []
    family_on(twin).eraser(SECURITY).begin(lambda step, details: told.append((step, dict(details), twin.sent[-1])))
    assert [(step, last) for step, _, last in told] == [("password", 0xEC), ("erasing", 0xEC), ("completed", 0xEC)]
    assert told[0][1] == {"password": PASSWORD, "who": "user", "level": "high"}
    assert twin.sent == [0xEC, 0xF1, 0xEC, 0xF3, 0xF4, 0xEC]


def noted(*steps: str, password: str = PASSWORD) -> tuple[Noted, ...]:
    return tuple(Noted(step=step, details={"password": password} if step == "password" else {}) for step in steps)


P, E, C = "password", "erasing", "completed"


@pytest.mark.parametrize(
    ("is_set", "is_locked", "is_frozen", "is_expired", "steps", "result", "is_erased"),
    [
        # the disk           frozen expired  noted      how it ends  erased
        (False, False, False, False, (), "refused", False),
        (True, True, False, False, (), "refused", False),
        (False, False, False, False, (P,), "refused", False),
        (True, False, False, False, (P,), "refused", False),  # never erased: lifted
        (True, True, False, False, (P,), "done", True),
        (False, False, False, False, (P, E), "refused", False),  # somebody may have unlocked it
        (True, False, False, False, (P, E), "done", True),
        (True, True, False, False, (P, E), "done", True),
        (True, True, True, False, (P, E), "failed", False),
        (True, True, False, True, (P, E), "failed", False),
        (True, False, True, False, (P, E), "failed", False),
        (False, False, False, False, (P, E, C), "done", False),  # it was, before: nothing is sent again
        (True, True, False, False, (P, E, C), "failed", False),  # a password that is not ours
        (True, False, False, False, (P, E, C), "failed", False),
    ],
)
def test_every_state_after_a_cut(
    is_set: bool, is_locked: bool, is_frozen: bool, is_expired: bool, steps: tuple[str, ...], result: str,
    is_erased: bool,
) -> None:  # fmt: skip
    twin = AtaTwin(password=SECRET if is_set else None)
    twin.locked, twin.frozen, twin.expired = is_locked, is_frozen, is_expired
    eraser = family_on(twin).eraser(SECURITY)
    told = ""
    try:
        eraser.resume(noted(*steps), unheard)
        found = eraser.poll().state
    except Refused:
        found = "refused"
    except EraseFailed as failed:
        found, told = "failed", failed.said
    assert found == result
    assert (twin.secrets_left == 0) == is_erased
    if result == "done" or (is_set and steps == (P,)):
        assert twin.password is None
    if is_frozen or is_expired:
        assert f"{PASSWORD!r}" in told, "who has the disk in hand must know the password"
        assert ("frozen" in told) == is_frozen and ("wrong passwords" in told) == is_expired
    if C in steps or not steps:
        assert set(twin.sent) == {0xEC}, "nothing is tried"


def test_the_noted_password_is_used_not_todays() -> None:
    twin = AtaTwin(password=b"older".ljust(32, b"\0"))
    family_on(twin).eraser(SECURITY).resume(noted(P, E, password="older"), unheard)
    assert twin.password is None and twin.secrets_left == 0


@pytest.mark.parametrize("refused", [{0xF4, 0xF6}, {0xF3, 0xF6}])
def test_a_lock_that_stays_is_never_called_lifted(refused: set[int]) -> None:
    twin = AtaTwin(faults=Faults(refuses=frozenset(refused)))
    driver = Driver(twin, SECURITY)
    assert driver.run() == "failed"
    assert twin.password == SECRET and "keeps the user password" in driver.said
    assert twin.wrong == 0


def test_another_password_is_not_guessed_until_it_expires() -> None:
    twin = AtaTwin(password=b"other".ljust(32, b"\0"))
    with pytest.raises(EraseFailed):
        family_on(twin).eraser(SECURITY).resume(noted(P, E), unheard)
    assert twin.wrong <= 3 and not twin.expired


def test_a_lock_whose_identity_is_lost_is_lifted_all_the_same() -> None:
    """IDENTIFY gets lost once after SET PASSWORD: unknown is treated as locked."""
    twin = AtaTwin()
    eraser = family_on(twin).eraser(SECURITY)
    real, calls = twin.identify_data, iter((True, False, True, True, True, True))
    twin.identify_data = lambda: real() if next(calls) else bytes(512)  # type: ignore[method-assign] # once wrong
    with pytest.raises(Refused):
        eraser.begin(lambda step, details: None)
    assert twin.password is None and 0xF6 in twin.sent


def test_a_lock_that_cannot_be_seen_is_told_as_one() -> None:
    """The disk no longer identifies itself after SET PASSWORD: nobody may say that the password is gone."""
    twin = AtaTwin()
    real, calls = twin.identify_data, iter(range(100))
    twin.identify_data = lambda: real() if next(calls) == 0 else bytes(512)  # type: ignore[method-assign] # then silent
    driver = Driver(twin, SECURITY)
    assert driver.run() == "failed"
    assert "keeps the user password" in driver.said and 0xF4 not in twin.sent
    again = family_on(twin).eraser(SECURITY)
    with pytest.raises(EraseFailed, match=PASSWORD):
        again.resume(tuple(driver.noted), unheard)


def test_the_enhanced_erase_must_be_offered() -> None:
    for twin in (AtaTwin(has_enhanced=False), AtaTwin(has_security=False)):
        assert Driver(twin, SECURITY).run() == "refused"
        assert 0xF1 not in twin.sent


def test_settle_sees_a_password_that_came_back() -> None:
    twin = AtaTwin()
    eraser = family_on(twin).eraser(SECURITY)
    eraser.begin(lambda step, details: None)
    twin.password = b"x" * 32
    assert eraser.poll().state == "failed"
    with pytest.raises(EraseFailed):
        eraser.settle(lambda step, details: None)


# --- any cut, any fault -----------------------------------------------------------------------------------------------

MOMENTS = ("before", "during", "after", "killed")
CUTS = st.lists(st.tuples(st.integers(0, 14), st.sampled_from(MOMENTS)), max_size=3)
FAULTS = st.builds(
    Faults,
    freezes_after=st.none() | st.integers(0, 12),
    frozen_at_boot=st.booleans(),
    sanitize_stuck_at=st.none() | st.just(0x4000),
    sanitize_fails_at=st.none() | st.just(0x6000),
    forgets_sanitize=st.booleans(),
    acks_only=st.booleans(),
    ignores=st.booleans(),
    erase_fails=st.booleans(),
    erase_times_out=st.booleans(),
    keeps_password=st.booleans(),
    ignores_password=st.booleans(),
    refuses=st.frozensets(st.sampled_from((0xB4, 0xEC, 0xF1, 0xF2, 0xF3, 0xF4, 0xF6)), max_size=2),
    no_registers_for=st.frozensets(st.sampled_from((0xB4, 0xEC, 0xF1, 0xF2, 0xF3, 0xF4, 0xF6)), max_size=2),
    is_fixed_format=st.booleans(),
    bad_checksum=st.booleans(),
)


def _holds(twin: AtaTwin, driver: Driver) -> None:
    """The two promises, whatever happened."""
    assert all(password in driver.passwords for password in twin.seen_passwords), "a password nobody wrote down"
    if driver.result == "done":
        # A disk that keeps its old completed bit and ignores the command is a liar too.
        is_liar = twin.faults.acks_only or (twin.faults.ignores and twin.completed)
        assert is_liar or twin.secrets_left == 0, driver.said
        assert twin.password is None


@settings(max_examples=1000, deadline=None)
@given(technique=st.sampled_from(ALL), cuts=CUTS, faults=FAULTS, had_completed=st.booleans())
def test_done_means_erased_and_no_lock_is_unknown(
    technique: Technique, cuts: list[tuple[int, str]], faults: Faults, had_completed: bool
) -> None:
    twin = AtaTwin(native=16, visible=12, faults=faults)
    twin.completed = had_completed
    driver = Driver(twin, technique)
    driver.run_over_cuts(*cuts)
    _holds(twin, driver)


@pytest.mark.parametrize("technique", ALL)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("at", range(12))
def test_every_single_cut_of_a_sound_disk_ends_without_a_lock(technique: Technique, moment: Any, at: int) -> None:
    twin = AtaTwin(native=16, visible=16)
    driver = Driver(twin, technique)
    result = driver.run_over_cuts((at, moment))
    _holds(twin, driver)
    assert result in ("done", "refused")
    assert twin.password is None and not twin.locked


def test_a_large_disk_is_given_the_time_that_writing_it_takes() -> None:
    """8 TB at 30 MB/s and half an hour: the kernel would reset it after less, and it would keep its password."""
    for word in (0x00FF, 0x0000, 0x0005):
        assert _duration(word).timeout_s(8 * 10**12) == 8 * 10**12 // 30_000_000 + 1800
