"""Opal's lock and the PSID revert: what is told, what is sent, what is counted; the secret stays secret."""

import errno
import itertools
import json
import random
from pathlib import Path

import pytest

from agent.erasure import Hidden, Media
from agent.wipe.choose import make_plan
from agent.wipe.device import Ability, EraseFailed, Gone, Noted, Refused
from agent.wipe.job import Planned
from agent.wipe.opal import (
    GET_STATUS,
    PSID_REVERT,
    TECHNIQUE,
    TRIES_MOST,
    OpalStatus,
    PsidEraser,
    Tries,
    WithOpal,
    digest_of,
    opal_status,
    psid_ability,
    psid_of,
    read_flags,
)  # fmt: skip
from tests.wipe.twins.driving import Driver, run_engine, unheard
from tests.wipe.twins.opal import PSID, Faults, OpalTwin, PowerCut

GOOD = PSID.decode()
WRONG = "W" * 32
MOMENTS = ("before", "during", "after", "killed")


class Inner:
    """A family that has nothing of its own."""

    name = "ata"

    def __init__(self) -> None:
        self.exchanges: list = []  # type: ignore[type-arg]

    def abilities(self) -> tuple[Ability, ...]:
        return ()

    def eraser(self, technique: str) -> PsidEraser:
        raise Refused(f"{technique}: not of this family")

    def leave_failure(self) -> None:
        pass

    def aftermath(self) -> str:
        return "locked"

    def look_hidden(self) -> Hidden:
        return Hidden(state="none", visible_bytes=1)

    def open_hidden(self) -> Hidden:
        return Hidden(state="none", visible_bytes=1)

    def identify(self) -> tuple[str | None, str | None, int | None]:
        return "S", "M", 1


def family(twin: OpalTwin, *, armed: bool = True, psid: str | None = GOOD, **rest: object) -> WithOpal:
    return WithOpal(Inner(), 3, armed=armed, psid=psid, ioctl=twin.ioctl, **rest)  # type: ignore[arg-type]


def driver(twin: OpalTwin, psid: str = GOOD) -> Driver:
    return Driver(twin, lambda: family(twin, psid=psid), TECHNIQUE, PowerCut)


def test_the_numbers_are_those_of_the_kernel() -> None:
    assert 1 << 30 | 264 << 16 | ord("p") << 8 | 232 == PSID_REVERT
    assert 2 << 30 | 8 << 16 | ord("p") << 8 | 236 == GET_STATUS


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        (0x00, "unsupported"), (0x02, "unsupported"), (0x0E, "unsupported"), (0x01, "supported"), (0x03, "supported"),
        (0x07, "enabled"), (0x0F, "locked"), (0x0B, "locked"), (0x17, "locked"), (0x37, "enabled"), (0x13, "locked"),
        (0x33, "supported"), (0x43, "supported"),
    ],
)  # fmt: skip
def test_flags(flags: int, state: str) -> None:
    assert read_flags(flags).state == state


@pytest.mark.parametrize(
    ("twin", "state"),
    [
        (OpalTwin(), "locked"),
        (OpalTwin(locking="open"), "enabled"),
        (OpalTwin(locking="open", shadow=True), "locked"),
        (OpalTwin(locking="off"), "supported"),
        (OpalTwin(has_opal=False), "unsupported"),
        (OpalTwin(faults=Faults(status_errno=524)), "unsupported"),
        (OpalTwin(faults=Faults(status_errno=errno.ENOTTY)), "unknown"),  # Linux before 6.1
        (OpalTwin(faults=Faults(status_errno=errno.EACCES)), "unknown"),
        (OpalTwin(faults=Faults(status_errno=errno.EIO)), "unknown"),
    ],
)
def test_status(twin: OpalTwin, state: str) -> None:
    assert opal_status(3, twin.ioctl).state == state
    can = state in ("supported", "enabled", "locked")
    ability = psid_ability(opal_status(3, twin.ioctl))
    assert (ability.can, ability.level, ability.needs, ability.untested) == (can, "purge", "psid", True)
    assert ability.fr[-1] == ability.en[-1] == "."
    assert not psid_ability(opal_status(3, twin.ioctl), is_alone=False).can
    if not can:
        with pytest.raises(Refused):
            PsidEraser(3, GOOD, ioctl=twin.ioctl).begin(lambda step, details: pytest.fail("noted"))
        assert PSID_REVERT not in twin.calls


def test_a_drive_that_has_left() -> None:
    with pytest.raises(Gone):
        opal_status(3, OpalTwin(faults=Faults(gone_after=0)).ioctl)
    with pytest.raises(Gone):
        PsidEraser(3, GOOD, ioctl=OpalTwin(faults=Faults(gone_after=1)).ioctl).begin(lambda step, details: None)


@pytest.mark.parametrize(
    "scanned",
    [GOOD, GOOD.lower(), f" {GOOD}\n", f"PSID:{GOOD}", f"psid {GOOD}", f"{GOOD[:8]}-{GOOD[8:20]} {GOOD[20:]}"],
)
def test_a_psid_as_scanned(scanned: str) -> None:
    assert psid_of(scanned) == PSID


@pytest.mark.parametrize("scanned", ["", "A" * 31, "A" * 33, "A" * 31 + "*", "É" + "A" * 31, "PSID", GOOD + GOOD])
def test_what_is_no_psid_is_not_sent_and_not_counted(scanned: str) -> None:
    twin, tries = OpalTwin(), Tries()
    with pytest.raises(Refused, match="32"):
        PsidEraser(3, scanned, tries=tries, ioctl=twin.ioctl).begin(lambda step, details: None)
    assert not twin.calls and not tries.wrong


@pytest.mark.parametrize("locking", ["off", "open", "closed"])
def test_a_sound_drive(locking: str) -> None:
    twin = OpalTwin(locking=locking)  # type: ignore[arg-type] # one of its words
    one = driver(twin)
    assert one.run() == "done", one.said
    assert twin.reverts == 1 and not twin.secrets_left and twin.locking == "off" and twin.seen == [PSID]


def test_what_is_noted_and_when_and_what_is_kept() -> None:
    twin, told = OpalTwin(), []
    eraser = PsidEraser(3, GOOD, ioctl=twin.ioctl)
    assert eraser.poll().state == "idle", "nothing was sent yet"
    eraser.begin(lambda step, details: told.append((step, dict(details), len(twin.seen))))
    digest = "02fbe53c50b8"
    assert digest_of(PSID) == digest
    assert told == [
        ("opal-psid-sent", {"psid_sha256": digest, "before": "locked"}, 0),
        ("opal-psid-reverted", {"psid_sha256": digest}, 1),
    ]
    assert [(one.command, one.status, one.is_ok) for one in eraser.exchanges] == [
        ("800870ec", "Opal flags 0fh: locked", True),
        ("800870ec", "Opal flags 0fh: locked", True),
        (f"410870e8 psid sha256 {digest}", "method status 00h", True),
    ]
    for faults, said in (
        (Faults(revert_errno=errno.EIO), "errno 5"),
        (Faults(method_status=0x3F), "method status 3fh"),
    ):
        eraser = PsidEraser(3, GOOD, ioctl=OpalTwin(faults=faults).ioctl)
        with pytest.raises(EraseFailed, match="not known"):
            eraser.begin(lambda step, details: None)
        kept = next(one for one in eraser.exchanges if one.name == "OPAL PSID REVERT")
        assert (kept.status, kept.is_ok) == (said, False)
    eraser = PsidEraser(3, GOOD, ioctl=OpalTwin(faults=Faults(status_errno=errno.ENOTTY)).ioctl)
    with pytest.raises(Refused):
        eraser.begin(lambda step, details: None)
    assert not eraser.exchanges[0].is_ok


def test_why_not_in_words() -> None:
    said = {
        psid_ability(OpalStatus(state=state), is_alone=is_alone).en
        for state in ("supported", "unsupported", "unknown") for is_alone in (True, False)
    }  # fmt: skip
    assert len(said) == 4


@pytest.mark.parametrize("faults", [Faults(status_errno=errno.ENOTTY), Faults(status_errno=errno.EOPNOTSUPP)])
def test_a_resume_sends_nothing_to_a_drive_that_does_not_tell(faults: Faults) -> None:
    twin = OpalTwin(faults=faults)
    with pytest.raises(EraseFailed):
        PsidEraser(3, GOOD, ioctl=twin.ioctl).resume(noted("opal-psid-sent"), unheard)
    assert not twin.seen


@pytest.mark.parametrize("as_errno", [False, True])
def test_a_wrong_psid_is_refused_and_counted(as_errno: bool) -> None:
    twin, tries = OpalTwin(faults=Faults(wrong_as_errno=as_errno)), Tries()
    for number in range(1, TRIES_MOST + 1):
        with pytest.raises(Refused, match=f"try {number} of {TRIES_MOST}"):
            PsidEraser(3, WRONG, tries=tries, ioctl=twin.ioctl).begin(lambda step, details: None)
    sent = len(twin.seen)
    with pytest.raises(Refused, match="power the drive off"):
        PsidEraser(3, GOOD, tries=tries, ioctl=twin.ioctl).begin(lambda step, details: None)
    assert len(twin.seen) == sent, "the drive's own last tries are not spent"
    assert twin.secrets_left and twin.wrong == TRIES_MOST


def test_a_drive_whose_tries_are_spent() -> None:
    twin, tries = OpalTwin(), Tries()
    twin.wrong = 5
    with pytest.raises(Refused, match="too many"):
        PsidEraser(3, GOOD, tries=tries, ioctl=twin.ioctl).begin(lambda step, details: None)
    assert tries.wrong == TRIES_MOST
    twin.power_on()
    assert driver(twin).run() == "done"


CASES: dict[str, tuple[Faults, str, str]] = {  # faults, result on a locked drive, on one without a lock
    "does-nothing": (Faults(does_nothing=True), "failed", "done"),  # without a lock only markers can show it
    "keeps-lock": (Faults(keeps_lock=True), "failed", "done"),
    "loses-answer": (Faults(loses_answer=True), "done", "failed"),
    "loses-command": (Faults(loses_command=True), "failed", "failed"),
    "kernel": (Faults(revert_errno=errno.EOPNOTSUPP), "refused", "refused"),
    "no-right": (Faults(revert_errno=errno.EACCES), "refused", "refused"),
    "busy": (Faults(method_status=3), "refused", "refused"),
    "no-sessions": (Faults(method_status=7), "refused", "refused"),
    "malfunction": (Faults(method_status=0x0F), "failed", "failed"),
    "fail": (Faults(method_status=0x3F), "failed", "failed"),
    "silent-after": (Faults(status_after=errno.EIO), "failed", "failed"),
    "gone": (Faults(gone_after=2), "gone", "gone"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("locking", ["closed", "off"])
def test_every_fault(name: str, locking: str) -> None:
    faults, *results = CASES[name]
    twin = OpalTwin(locking=locking, faults=Faults(**vars(faults)))  # type: ignore[arg-type] # one of its words
    one = driver(twin)
    assert one.run() == results[locking == "off"], one.said


def test_the_psid_is_nowhere_but_in_the_command() -> None:
    """Not in notes, evidence, errors, or the objects' own words; wiped from the buffer once sent."""
    for twin, psid in ((OpalTwin(), GOOD), (OpalTwin(), WRONG), (OpalTwin(faults=Faults(method_status=0x3F)), GOOD)):
        buffers: list[bytearray] = []

        def ioctl(
            fd: int, request: int, buffer: bytearray, twin: OpalTwin = twin, kept: list[bytearray] = buffers
        ) -> int:
            kept.append(buffer)
            return twin.ioctl(fd, request, buffer)

        told: list[str] = []
        eraser = PsidEraser(3, psid, ioctl=ioctl)
        try:
            eraser.begin(lambda step, details, t=told: t.append(json.dumps([step, dict(details)])))  # type: ignore[misc]
        except (Refused, EraseFailed) as error:
            told += [error.said, repr(error), str(error.args)]
        told += [repr(one) for one in eraser.exchanges] + [repr(eraser), eraser.poll().said]
        assert not any(psid.lower() in line.lower() for line in told)
        assert any(digest_of(psid.encode()) in line for line in told)
        assert not any(psid.encode() in bytes(buffer) for buffer in buffers)


# --- after a cut ------------------------------------------------------------------------------------------------------


def noted(*steps: str, before: str = "locked", psid: bytes = PSID) -> tuple[Noted, ...]:
    details = {"psid_sha256": digest_of(psid), "before": before}
    return (Noted(step="sending"), *(Noted(step=step, details=details) for step in steps))


@pytest.mark.parametrize(
    ("locking", "notes", "result", "sends"),
    [
        ("closed", noted(), "refused", 0),
        ("off", noted("opal-psid-sent"), "done", 0),
        ("off", noted("opal-psid-sent", before="enabled"), "done", 0),
        ("off", noted("opal-psid-sent", before="supported"), "done", 1),  # the lock cannot tell: sent again
        ("closed", noted("opal-psid-sent"), "done", 1),
        ("closed", noted("opal-psid-sent", psid=b"X" * 32), "failed", 0),
        ("closed", noted("opal-psid-sent", "opal-psid-reverted"), "not-done", 0),
        ("off", noted("opal-psid-sent", "opal-psid-reverted"), "done", 0),
    ],
)
def test_a_resume(locking: str, notes: tuple[Noted, ...], result: str, sends: int) -> None:
    twin = OpalTwin(locking=locking)  # type: ignore[arg-type] # one of its words
    eraser = PsidEraser(3, GOOD, ioctl=twin.ioctl)
    try:
        eraser.resume(notes, unheard)
        found = "done" if eraser.poll().state == "done" else "not-done"
    except Refused:
        found = "refused"
    except EraseFailed:
        found = "failed"
    assert found == result and len(twin.seen) == sends


def test_any_cuts_and_faults_never_give_done_unless_it_was_reverted() -> None:
    random_ = random.Random(3)
    liars = ("does-nothing", "keeps-lock")
    faults = [Faults(), *(one for name, (one, *_) in CASES.items() if name not in liars)]
    seen = set()
    for number, one, locking in itertools.product(range(8), faults, ("off", "open", "closed")):
        twin = OpalTwin(locking=locking, faults=Faults(**vars(one)))  # type: ignore[arg-type] # one of its words
        cuts = [
            (random_.randrange(5), random_.choice(("before", "during", "after", "killed"))) for _ in range(number % 3)
        ]
        result = driver(twin).run_over_cuts(*cuts)
        seen.add(result)
        assert result != "done" or (twin.reverts and not twin.secrets_left and twin.locking == "off"), (one, cuts)
    assert {"done", "failed", "refused"} <= seen


# --- beside a family --------------------------------------------------------------------------------------------------


def test_with_a_family() -> None:
    assert [one.technique for one in family(OpalTwin()).abilities()] == [TECHNIQUE]
    assert family(OpalTwin(has_opal=False)).abilities() == ()
    unknown = family(OpalTwin(faults=Faults(status_errno=errno.ENOTTY))).abilities()
    assert [one.can for one in unknown] == [False]
    one = family(OpalTwin())
    assert one.look_hidden().state == "none" and one.open_hidden().state == "none" and one.identify()[0] == "S"
    with pytest.raises(Refused, match="not of this family"):
        one.eraser("ata-sanitize-block")
    eraser = one.eraser(TECHNIQUE)
    eraser.begin(lambda step, details: None)
    assert [kept.name for kept in one.exchanges] == ["OPAL STATUS", "OPAL PSID REVERT"]


@pytest.mark.parametrize("rest", [{"armed": False}, {"psid": None}, {"is_alone": False}])
def test_nothing_is_sent_without_all_it_needs(rest: dict[str, object]) -> None:
    twin = OpalTwin()
    one = family(twin, **rest)  # type: ignore[arg-type] # its own keywords
    one.abilities()
    with pytest.raises(Refused):
        one.eraser(TECHNIQUE)
    assert set(twin.calls) == {GET_STATUS}


def test_wrong_psids_are_counted_over_erasers_of_one_family() -> None:
    twin = OpalTwin()
    one = family(twin, psid=WRONG)
    for _ in range(TRIES_MOST + 2):
        with pytest.raises(Refused):
            one.eraser(TECHNIQUE).begin(lambda step, details: None)
    assert len(twin.seen) == TRIES_MOST


def test_the_plan_of_a_locked_drive() -> None:
    media = Media(name="sdx", kind="ssd", transport="sata", size_bytes=1 << 30)
    plan = make_plan(media, family(OpalTwin()).abilities(), psid=GOOD, is_locked=True)
    assert [step.technique for step in plan.steps] == [TECHNIQUE, "overwrite-stream"] and plan.steps[0].needs == "psid"


# --- the whole engine -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locking", "faults", "outcome"),
    [
        ("open", Faults(), "purged"),
        ("off", Faults(), "purged"),
        (
            "closed",
            Faults(),
            "not_proven",
        ),  # nothing can be planted on it: another erasure must prove it
        ("off", Faults(does_nothing=True), "failed"),
        ("open", Faults(does_nothing=True), "failed"),
    ],
)
def test_in_the_engine(locking: str, faults: Faults, outcome: str, tmp_path: Path) -> None:
    twin = OpalTwin(locking=locking, faults=Faults(**vars(faults)))  # type: ignore[arg-type] # one of its words
    twin.memory = bytearray(b"PAYROLL-1987".ljust(512, b"x") * 4096)
    media = Media(name="sdx", serial="S", kind="ssd", transport="sata", size_bytes=len(twin.memory))
    step = Planned(technique=TECHNIQUE, level="purge", needs="psid")
    erasure = run_engine(twin, lambda: family(twin), media, tmp_path / "journal", step)
    assert erasure.outcome == outcome, (erasure.why, erasure.attempts)
