"""Disks of this PC that are not proven erased and answer no more: found in real journals, asked for, said to be out."""

import fcntl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.bulk.carrying import authorised, authorised_anew
from agent.bulk.resuming import meet, unfinished
from agent.bulk.roll import Armed
from agent.bulk.session import Asked, Chosen
from agent.checks.gate import complete, may_be_called_refurbished
from agent.checks.lost import LOST_MOST, said, with_taken_out
from agent.checks.registry import BY_NAME
from agent.checks.results import CheckResult
from agent.checks.running import Answer, Around, answered, answers_of, stamped
from agent.checks.runs import start
from agent.commands.checks import check_lines
from agent.commands.say import Say
from agent.erasure import Erasure, Media
from agent.facts import Disk, LostDisk, Machine, System
from agent.home import Home
from agent.host import Host
from agent.rules import load_profiles
from agent.verdict import judge
from agent.visit import of_this_visit, open_checks
from agent.wipe.choose import make_plan
from agent.wipe.job import Job
from agent.wipe.limits import Limits
from agent.wipe.survey import Surveyed
from tests.checks.standing import all_passed
from tests.wipe import rig
from tests.wipe.twins.block import Disk as Twin

SIZE = 1 << 20
LIMITS = Limits(chunk_bytes=64 << 10, middle_bytes=16 << 10, checkpoint_s=0, checkpoint_bytes=128 << 10, stall_s=5.0)
SSD = Media(name="sda", serial="S21PA", model="Samsung 850", kind="ssd", transport="sata", size_bytes=SIZE)
HDD = Media(name="sda", serial="WD-A", model="WD5000", kind="hdd", transport="sata", size_bytes=SIZE)
OTHER = msgspec.structs.replace(HDD, name="sdb", serial="WD-B")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A = Machine(system=System(maker="Exemple", serial="PC-AAAA", chassis="desktop"), disks=())
B = msgspec.structs.replace(A, system=msgspec.structs.replace(A.system, serial="PC-BBBB"))


class Station:
    """A stick that goes from PC to PC."""

    def __init__(self, folder: Path) -> None:
        self.home, self.boots, self.now = Home(folder / "home"), folder / "boots", NOW
        self.twins: dict[str | None, Twin] = {}  # each disk's bytes, by its serial
        self.boots.mkdir()
        self.restart()

    def restart(self) -> None:
        root = self.boots / str(len(list(self.boots.iterdir())))
        path = root / "proc/sys/kernel/random/boot_id"
        path.parent.mkdir(parents=True)
        path.write_text(f"boot-{root.name}\n")
        self.host = Host(root)

    def wipe(self, pc: Machine, media: Media = HDD, *, cut: bool = True) -> Erasure:
        """By the real engine, on a disk in memory; cut short by a stop after its first bytes, or to its end."""
        armed = Armed(
            chosen=(Chosen(media=media, plan=make_plan(media, ())),), approval="typed", count=1, operator="op"
        )
        (job,) = authorised(armed, Asked(serials=()), self.home.wipes, pc, allow_virtual=False)
        return self._carry_out(job, cut=cut)

    def resume(self, pc: Machine, media: Media = HDD, *, cut: bool = True) -> Erasure:
        ((met,), _) = meet(unfinished(self.home.wipes), [Surveyed(media=media, plan=make_plan(media, ()))])
        armed = Armed(chosen=(met.chosen,), approval="typed", count=1, operator="op")
        (job,) = authorised_anew(armed, [met], self.home.wipes, pc)
        return self._carry_out(job, cut=cut)

    def _carry_out(self, job: Job, *, cut: bool) -> Erasure:
        twin = self.twins.setdefault(job.media.serial, Twin(SIZE))
        device = rig.TwinDevice(twin, firmware=rig.FirmwareTwin(twin, "zeros", rig.Fuse()))
        return rig.erase(job, device, link=rig.QuietLink({8: "stop"} if cut else {}), limits=LIMITS)

    def look(self, pc: Machine, *disks: Disk) -> tuple[Machine, tuple[CheckResult, ...]]:
        self.restart()
        return of_this_visit(self.home, msgspec.structs.replace(pc, disks=disks), self.host, self.now)

    def say(self, pc: Machine, answer: Answer = "ok") -> CheckResult:
        """As `rebond checks --answer` does, on the PC as it is seen without its lost disks."""
        machine, _ = self.look(pc)
        self.now += timedelta(seconds=1)
        found = answered(machine, BY_NAME["lost-disks"], answer)
        found = stamped(found, Around(host=self.host, machine=machine, now=lambda: self.now, operator="T7"))
        open_checks(self.home.checks, machine, self.host, self.now).add(found)
        return found

    def missing(self, pc: Machine, *disks: Disk) -> list[str]:
        """Which lost disks close the gate."""
        machine, results = self.look(pc, *disks)
        _, reasons = may_be_called_refurbished(machine, (*all_passed(machine), *results))
        return [reason.fr for reason in reasons if reason.rule == "disk-lost"]


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def seen(media: Media, **changes: Any) -> Disk:
    made = Disk(name=media.name, serial=media.serial, model=media.model, size_bytes=media.size_bytes, removable=False)
    return msgspec.structs.replace(made, **changes)


TOLD = "Le disque WD5000 WD-A n'a pas été effacé et ne répond plus : retirez-le du PC, puis dites-le."


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_a_disk_whose_erasure_was_cut_short_is_not_forgotten_when_it_answers_no_more(station: Station) -> None:
    assert station.missing(A) == []
    assert station.wipe(A).outcome == "interrupted"
    assert station.missing(A) == [TOLD]
    machine, _ = station.look(A)
    assert [(one.serial, one.erasure, one.is_taken_out) for one in machine.lost_disks or ()] == [
        ("WD-A", "interrupted", False)
    ]


def test_the_stick_goes_to_another_pc_and_comes_back(station: Station) -> None:
    station.wipe(A)
    assert station.missing(B) == []
    station.wipe(B, OTHER, cut=False)
    assert station.missing(B) == [] and station.missing(A) == [TOLD]
    station.now += timedelta(days=60)
    assert station.missing(A) == [TOLD], "data does not go away"


def test_a_disk_that_is_there_is_judged_as_a_disk_that_is_there(station: Station) -> None:
    station.wipe(A)
    machine, results = station.look(A, seen(HDD))
    assert machine.lost_disks == () and machine.disks and machine.disks[0].erasure == "interrupted"
    assert "disk-erased" in {one.rule for one in may_be_called_refurbished(machine, results)[1]}
    assert station.missing(A, seen(HDD, size_bytes=SIZE + 512)) == [], "its hidden area was opened"


def test_erased_in_the_end_wherever_it_holds_no_more(station: Station) -> None:
    station.wipe(A)
    assert station.wipe(B, cut=False).outcome == "cleared"
    assert station.missing(A) == [] and station.missing(B) == []


def test_a_disk_is_lost_where_it_was_plugged_in_last(station: Station) -> None:
    station.wipe(A)
    station.resume(B)
    assert station.missing(A) == [] and station.missing(B) == [TOLD]
    station.wipe(A)
    assert station.missing(A) == [TOLD] and station.missing(B) == []


def test_a_pc_that_nothing_identifies_asks_for_the_disks_of_every_such_pc(station: Station) -> None:
    nameless = msgspec.structs.replace(A, system=System(chassis="desktop"))
    station.wipe(nameless)
    assert station.missing(nameless) == [TOLD] and station.missing(A) == []


@pytest.mark.parametrize("change", [{"transport": "usb"}, {"transport": "firewire"}, {"kind": "sd-card"}])
def test_what_hangs_on_a_cable_leaves_with_the_technician(station: Station, change: dict[str, Any]) -> None:
    station.wipe(A, msgspec.structs.replace(HDD, **change))
    assert station.missing(A) == []


def test_a_damaged_journal_still_names_its_disk(station: Station) -> None:
    station.wipe(A)
    (path,) = station.home.wipes.glob("*.journal")
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b"00000000 {}", *lines[2:]]))
    assert station.missing(A) == [TOLD]
    path.write_bytes(b"\n".join([b"00000000 {}", *lines[1:]]))
    assert station.missing(A) == []


def test_a_worker_that_hangs_with_its_disk_does_not_hide_it(station: Station) -> None:
    station.wipe(A)
    (path,) = station.home.wipes.glob("*.journal")
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert station.missing(A) == [TOLD] and station.missing(A, seen(HDD)) == []


def test_a_success_that_waits_for_a_person_is_none_yet(station: Station) -> None:
    assert station.wipe(A, SSD, cut=False).outcome == "cleared"
    (told,) = station.missing(A)
    assert told.startswith("Le disque Samsung 850 S21PA n'a pas d'effacement validé et ne répond plus")


def test_soldered_storage_is_for_the_person_in_charge(station: Station) -> None:
    station.wipe(A, msgspec.structs.replace(HDD, kind="emmc", transport="mmc"))
    assert station.missing(A) == [
        TOLD.replace("retirez-le du PC, puis dites-le", "il est soudé, demandez au responsable")
    ]


# --- a person's word --------------------------------------------------------------------------------------------------


def test_a_persons_word_is_kept_resumed_and_about_that_disk_alone(station: Station) -> None:
    station.wipe(A)
    found = station.say(A)
    assert found.outcome == "passed" and found.by == "person" and "WD5000 WD-A" in found.fr and found.operator == "T7"
    assert station.missing(A) == []
    machine, results = station.look(A)
    assert machine.lost_disks and machine.lost_disks[0].is_taken_out
    assert [one for one in complete(machine, results) if one.name == "lost-disks"] == [found]
    station.wipe(A, OTHER)
    assert station.missing(A) == [TOLD.replace("WD-A", "WD-B")], "one that failed since is asked for"
    machine, results = station.look(A)
    states = [one for one in complete(machine, results) if one.name == "lost-disks"]
    assert [one.outcome for one in states] == ["not_tested"] and complete(machine, states)[0] == states[0]
    assert "WD-B" in station.say(A).fr and station.missing(A) == []
    station.now += timedelta(days=8)
    assert len(station.missing(A)) == 2, "another visit asks anew"


@pytest.mark.parametrize("answer", ["bad", "skip"])
def test_any_other_word_changes_nothing(station: Station, answer: Answer) -> None:
    station.wipe(A)
    assert station.say(A, answer).outcome == {"bad": "failed", "skip": "not_tested"}[answer]
    assert station.missing(A) == [TOLD]
    station.say(A)
    assert station.missing(A) == []
    station.say(A, "bad")
    assert station.missing(A) == [TOLD], "a word can be taken back"


def test_a_disk_that_answers_again_takes_the_word_back(station: Station) -> None:
    station.wipe(A)
    station.say(A)
    machine, results = station.look(A, seen(HDD))
    assert results[-1].outcome == "failed" and results[-1].by == "machine" and "WD-A" in results[-1].fr
    assert complete(machine, results)[0].name != "lost-disks", "it is there: nothing to ask"
    assert station.look(A, seen(HDD))[1] == results, "once"
    assert station.missing(A) == [TOLD]
    machine, results = station.look(A)
    assert complete(machine, results)[0].outcome == "not_tested"
    station.say(A)
    assert station.missing(A) == []


def test_on_a_usb_cable_it_is_out(station: Station) -> None:
    station.wipe(A)
    station.say(A)
    assert station.missing(A, seen(HDD, removable=True)) == [] and station.missing(A) == []


def test_an_erasure_that_was_gone_on_with_since_is_not_what_was_meant(station: Station) -> None:
    station.wipe(A)
    station.say(A)
    station.resume(A)
    assert station.missing(A) == [TOLD]
    station.resume(A, cut=False)
    assert station.missing(A) == []


def test_a_bench_whose_pile_was_long_comes_to_an_end(station: Station) -> None:
    for number in range(LOST_MOST + 3):
        station.wipe(A, msgspec.structs.replace(HDD, serial=f"WD-{number:04}"))
    assert len(station.missing(A)) == LOST_MOST + 1
    machine, _ = station.look(A)
    assert not (with_taken_out(machine, [said(machine, "ok")]).lost_disks or ())[-1].is_taken_out, (
        "nobody read its name"
    )
    assert "+ 16" in station.say(A).fr and len(station.missing(A)) == 3
    station.say(A)
    assert station.missing(A) == []


# --- where it is shown ------------------------------------------------------------------------------------------------

LOST = LostDisk(name="WD5000 WD-A", serial="WD-A", erasure="failed", erasure_digest="ab" * 32, size_bytes=SIZE)
LAPTOP = msgspec.structs.replace(
    A, system=System(chassis="laptop", maker="Exemple"), lost_disks=tuple(
        msgspec.structs.replace(LOST, name=f"ST1000LM035-1RK172 WDE0000{number}") for number in range(9)
    )
)  # fmt: skip


def test_it_is_a_question_only_where_a_disk_is_lost(station: Station) -> None:
    check = BY_NAME["lost-disks"]
    assert answers_of(A, check) == () and "lost-disks" not in {one.name for one in complete(A, all_passed(A))}
    assert answers_of(LAPTOP, check) == ("ok", "bad", "skip")
    asked: list[Any] = []
    for machine in (A, LAPTOP):
        run = start(check, Around(host=station.host, machine=machine), asked.append)
        while run.result is None and not run.answer("ok"):
            pass
        run.wait(10)
    none, question, found = asked
    assert none.outcome == "not_applicable" and found.outcome == "passed" and len(found.measured) == 9
    assert "WDE00000" in question.fr and "+ 5. Ces disques sont-ils tous sortis du PC ?" in question.fr


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_list_still_fits_and_says_it_first(lang: str) -> None:
    states = complete(LAPTOP, ())
    _, missing = may_be_called_refurbished(LAPTOP, states, outcome="review")
    lines = check_lines(LAPTOP, states, "trié", missing, Say(lang)).splitlines()
    assert len(lines) <= 23 and all(len(line) <= 80 for line in lines)
    assert "lost-disks" in lines[2] and any("puis dites-le." in line or "then say so." in line for line in lines)
    assert str(len(missing) - sum(line.startswith("- ") for line in lines)) in lines[-1]


@pytest.mark.parametrize("outcome", ["purged", "cleared_with_exceptions", "not_proven", "failed", "interrupted", None])
def test_every_end_has_its_words(outcome: Any) -> None:
    machine = msgspec.structs.replace(A, lost_disks=(msgspec.structs.replace(LOST, erasure=outcome),))
    told = may_be_called_refurbished(machine, ())[1][0]
    assert told.rule == "disk-lost" and "ne répond plus" in told.fr and "answers no more" in told.en


def test_a_record_that_does_not_tell_of_them_does_not_open_the_gate() -> None:
    assert may_be_called_refurbished(A, all_passed(A))[1][0].rule == "disks-lost-unknown"


def test_the_pc_is_to_be_checked_until_it_is_said() -> None:
    for profile in load_profiles():
        reasons = [one for one in judge(LAPTOP, profile).reasons if one.rule == "disque-disparu"]
        assert len(reasons) == 9 and {one.outcome for one in reasons} == {"review"}
        out = msgspec.structs.replace(LAPTOP, lost_disks=(msgspec.structs.replace(LOST, is_taken_out=True),))
        assert not [one for one in judge(out, profile).reasons if one.rule == "disque-disparu"]


def test_a_word_names_what_it_is_about() -> None:
    found = said(LAPTOP, "ok")
    assert {one.about for one in found.measured} == {one.name for one in LAPTOP.lost_disks or ()}
    assert len(found.fr) <= 400
