"""The session on paper: what is kept before and after each disk, in which order, and what a full medium costs."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.bulk.belated import tell_belated, untold
from agent.bulk.carrying import Session, authorised, authorised_anew, jobs_of
from agent.bulk.liars import remembered
from agent.bulk.noting import Fate, Notebook, close_session, done
from agent.bulk.resuming import damaged, meet, sentence, unfinished
from agent.bulk.roll import Armed
from agent.bulk.session import Asked, Chosen
from agent.bulk.showing import plan_text
from agent.claims import standing_of
from agent.envelope import open_
from agent.erasure import Erasure, Hidden, Media
from agent.errors import StorageError
from agent.facts import Machine
from agent.home import Home
from agent.host import Host
from agent.manifest import Manifest, parse_manifest
from agent.outbox import Outbox
from agent.record import Record, parse_payload
from agent.rules import load_profiles
from agent.visit import Desk
from agent.wall.closing import closing
from agent.wipe import journal as j
from agent.wipe.conclude import _believed
from agent.wipe.job import Claimed, Ended, Job, NotClaimed, Plan, Seen
from agent.wipe.outcome import Proof
from agent.wipe.reasons import NOT_BEGUN, NOT_RESUMED
from agent.wipe.state import State, fold
from agent.wipe.supervisor import Seat
from agent.wipe.survey import Surveyed
from tests import erasures
from tests.bulk.disks import MOUNTED, chosen, media, surveyed
from tests.evidence import MACHINE

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MEDIA = erasures.HARD_DISK


def notebook(home: Home) -> Notebook:
    return Notebook(
        machine=MACHINE, profiles=load_profiles(None, only=["famille-linux"]), key=home.key(), host=Host(home.root),
        outbox=Outbox(home.outbox), desk=Desk(operator="op-7", lot="L1", sticker="S9"), now=lambda: NOW,
    )  # fmt: skip


def job(number: int = 1, folder: Path = Path("/nowhere"), media: Media = MEDIA) -> Job:
    job_id = f"{number:032x}"
    return Job(id=job_id, media=media, plan=Plan(steps=(), level="clear"), journal=str(folder / f"{job_id}.journal"))


def kept(home: Home, digest: str) -> Record:
    return parse_payload(open_(Outbox(home.outbox).read(digest), [home.key().private.public_key()]).payload)


def test_a_beginning_reads_as_begun_and_an_end_as_its_outcome(tmp_path: Path) -> None:
    home = Home(tmp_path)
    book = notebook(home)
    begun = kept(home, book.begun(job(), MEDIA).digest)
    assert begun.kind == "wipe" and (begun.operator, begun.lot, begun.sticker) == ("op-7", "L1", "S9")
    assert standing_of(begun.erasures[0]) == "begun" and begun.erasures[0].began_at and not begun.verdicts
    ended = kept(home, book.ended(erasures.cleared()).digest)
    assert standing_of(ended.erasures[0]) == "certificate" and ended.prev == book.records[0] and ended.seq == 2
    assert ended.machine.disks and ended.machine.disks[0].erasure == "cleared"  # the PC as it is now
    assert ended.verdicts and ended.profiles


def test_a_failed_disk_is_judged_in_the_same_record(tmp_path: Path) -> None:
    home = Home(tmp_path)
    book = notebook(home)
    assert MACHINE.disks
    book.machine = msgspec.structs.replace(
        MACHINE, disks=(msgspec.structs.replace(MACHINE.disks[0], removable=False, kind="hdd"),)
    )
    record = kept(home, book.ended(erasures.failed(media=MEDIA)).digest)
    assert any(reason["rule"].startswith("effacement-") for reason in record.verdicts[0]["reasons"])


def closed(home: Home, book: Notebook, *fates: Fate, **more: Any) -> Manifest:
    armed = Armed(
        chosen=tuple(chosen(fate.media.serial or "") for fate in fates),
        approval="typed",
        count=len(fates),
        operator="op-7",
    )
    done = close_session(book, fates, Asked(serials=(), name="armoire"), armed, NOW, home.sessions, **more)
    raw = done.path.read_bytes()
    manifest = parse_manifest(open_(raw, [home.key().private.public_key()]).payload)
    assert manifest == done.manifest
    return manifest


def test_the_manifest_names_every_disk_its_record_and_every_exception(tmp_path: Path) -> None:
    home = Home(tmp_path)
    book = notebook(home)
    fates = []
    for number, erasure in enumerate((erasures.cleared(), erasures.failed(), erasures.cleared_with_exceptions())):
        one = Fate(job=job(number), media=erasure.media, erasure=erasure)
        book.begun(one.job, one.media)
        one.record = book.ended(erasure).digest
        fates.append(one)
    fates.append(Fate(job=job(9), media=MEDIA, refused=MOUNTED))
    manifest = closed(home, book, *fates)
    assert manifest.records == tuple(book.records) and len(manifest.records) == 6
    assert [disk.state for disk in manifest.disks] == ["cleared", "failed", "cleared_with_exceptions", "refused"]
    assert [disk.level for disk in manifest.disks] == ["clear", None, None, None]
    assert manifest.disks[0].record == book.records[1] and manifest.disks[3].record is None
    assert {one.rule for one in manifest.exceptions} == {"markers-left", "bad-sectors", "mounted"}
    assert (manifest.operator, manifest.lot, manifest.name, manifest.count) == ("op-7", "L1", "armoire", 4)


# --- a session without processes --------------------------------------------------------------------------------------


class Orders:
    """Stands where the supervisor stands, and remembers what was ordered."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def order(self, do: str, job_id: str) -> None:
        self.given.append(do)


def session(book: Notebook) -> tuple[Session, Orders, Seat]:
    made, orders, one = Session([job()], book), Orders(), job()
    made._supervisor = orders  # type: ignore[assignment]
    made.fates = {one.id: Fate(job=one, media=MEDIA)}
    return made, orders, Seat(job=one, media=MEDIA, child=None)  # type: ignore[arg-type]


def test_go_is_said_only_once_the_beginning_is_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    book = notebook(home)
    made, orders, seat = session(book)
    order = orders.order

    def checked(do: str, job_id: str) -> None:
        assert do != "go" or standing_of(kept(home, book.records[0]).erasures[0]) == "begun"
        order(do, job_id)

    orders.order = checked  # type: ignore[method-assign]
    made._hear(seat, Claimed(media=MEDIA))
    assert orders.given == ["go"]


@pytest.mark.parametrize("error", [StorageError(fr="Plus de place.", en="No room."), ZeroDivisionError("x")])
def test_what_cannot_be_announced_is_not_done(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = notebook(Home(tmp_path))

    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(book.outbox, "add", full)
    made, orders, seat = session(book)
    made._hear(seat, Claimed(media=MEDIA))
    assert orders.given == ["stop"]
    seat.state = "ended"
    made._hear(seat, Ended(erasure=erasures.cleared()))
    (fate,) = made.fates.values()
    assert not fate.is_proven and [one.rule for one in fate.problems] == ["record-not-kept"] * 2


def test_an_end_that_cannot_be_kept_is_no_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The beginning was kept: its digest must not stand for the end's."""
    book = notebook(Home(tmp_path))
    made, _, seat = session(book)
    made._hear(seat, Claimed(media=MEDIA))

    def full(*_: object) -> None:
        raise StorageError(fr="Plus de place.", en="No room.")

    monkeypatch.setattr(book.outbox, "add", full)
    seat.state = "ended"
    made._hear(seat, Ended(erasure=erasures.cleared()))
    (fate,) = made.fates.values()
    assert fate.record is None and not fate.is_proven and fate.exceptions()


def test_a_beginning_that_led_nowhere_gets_its_end(tmp_path: Path) -> None:
    home = Home(tmp_path)
    made, _, seat = session(notebook(home))
    made._hear(seat, Claimed(media=MEDIA))
    seat.state = "ended"
    made._hear(seat, NotClaimed(reason=MOUNTED))
    (fate,) = made.fates.values()
    assert fate.record and standing_of(kept(home, fate.record).erasures[0]) == "untouched"


def test_a_beginning_that_nobody_outside_learnt_of_gets_its_end_too(tmp_path: Path) -> None:
    """It is signed and waits: the inventory would show an erasure that never ends of a disk that nobody touched."""
    home = Home(tmp_path)
    book = notebook(home)

    def unreachable(_: str) -> None:
        raise StorageError(fr="Pas d'inventaire.", en="No inventory.")

    book.announce = unreachable
    made, orders, seat = session(book)
    made._hear(seat, Claimed(media=MEDIA))
    assert orders.given == ["stop"] and len(book.records) == 1
    seat.state = "ended"
    made._hear(seat, NotClaimed(reason=NOT_BEGUN))
    (fate,) = made.fates.values()
    told = [kept(home, digest).erasures[0] for digest in book.records]
    assert [one.ended_at is None for one in told] == [True, False] and fate.record == book.records[1]
    assert not fate.is_proven and fate.exceptions()[-1].rule == "record-not-kept"


def test_a_resumed_erasure_that_was_not_gone_on_with_stays_interrupted(tmp_path: Path) -> None:
    """The disk was half erased before: "not one byte was touched" would be said of the wrong day."""
    home = Home(tmp_path)
    home.wipes.mkdir(parents=True)
    journal(home.wipes, 1, "2026-11-23T08:00:00Z", BEGAN)
    book = notebook(home)
    so_far = unfinished(home.wipes)[0].so_far
    made, _, seat = session(book)
    made.so_far = {seat.job.id: so_far}
    made._hear(seat, Claimed(media=MEDIA))
    seat.state = "ended"
    made._hear(seat, NotClaimed(reason=NOT_BEGUN))
    (fate,) = made.fates.values()
    (erasure,) = kept(home, fate.record or "").erasures
    assert erasure.began_at == BEGAN.at and erasure.ended_at is None and erasure.why[-1] == NOT_RESUMED
    assert done(fate).state == "interrupted" and "--resume" in closing([fate], "fr")
    assert "pas un octet n'a été touché" not in closing([fate], "fr")


def test_an_end_after_a_resumption_is_late_whatever_was_told_before_it(tmp_path: Path) -> None:
    """Left behind as hung and told as failed; gone on with after a power cycle; then the crash before the record."""
    home = Home(tmp_path)
    home.wipes.mkdir(parents=True)
    book = notebook(home)
    book.begun(job(1), MEDIA)
    book.ended(erasures.failed(id=job(1).id, media=MEDIA))
    book.begun(job(1), MEDIA, erasures.interrupted(id=job(1).id, ended_at=None, media=MEDIA))
    journal(home.wipes, 1, "2026-11-23T08:00:00Z", BEGAN, END)
    (digest,) = late(home)
    assert kept(home, digest).erasures[0].ended_at == END.at and late(home) == []


def test_a_journal_is_gone_on_with_where_it_lies_now(tmp_path: Path) -> None:
    """A stick that is mounted elsewhere, or a folder that was moved."""
    (tmp_path / "before").mkdir()
    journal(tmp_path / "before", 1, "2026-11-23T08:00:00Z", BEGAN)
    (tmp_path / "before").rename(tmp_path / "now")
    (left,) = unfinished(tmp_path / "now")
    assert left.job.journal == str(tmp_path / "now" / Path(job(1).journal).name)


def test_each_authorisation_is_one_disks_and_one_times(tmp_path: Path) -> None:
    armed = Armed(chosen=(chosen("A", is_member=True), chosen("B")), approval="typed", count=2, operator="op")
    jobs = authorised(armed, Asked(serials=()), tmp_path, Machine(), allow_virtual=False)
    again = authorised(armed, Asked(serials=()), tmp_path, Machine(), allow_virtual=False)
    assert len({one.id for one in (*jobs, *again)}) == 4 and len({one.journal for one in jobs}) == 2
    assert [one.allow_members for one in jobs] == [True, False] and {one.purpose for one in jobs} == {"erase"}
    docked = Chosen(media=MEDIA, plan=Plan(steps=(), level=None), is_plug=True, seen=Seen(boot_id="b", sequence=7))
    (one,) = jobs_of([docked], Asked(serials=()), tmp_path, allow_virtual=False)
    assert one.allow_plug and one.seen == docked.seen and not jobs[0].allow_plug
    assert all(Path(one.journal).is_absolute() and one.operator == "op" for one in jobs)


# --- what was left unfinished -----------------------------------------------------------------------------------------


def journal(folder: Path, number: int, at: str, *more: j.Entry, media: Media = MEDIA) -> j.Journal:
    one = job(number, folder, media)
    made = j.Journal.create(Path(one.journal), j.Opened(job=one, at=at))
    for entry in more:
        made.add(entry)
    made.close()
    return made


BEGAN, END = j.Began(at="2026-11-23T08:00:00Z"), j.Finished(at="2026-11-23T09:00:00Z", seconds=1)


def test_only_what_has_no_end_is_left(tmp_path: Path) -> None:
    other = msgspec.structs.replace(MEDIA, serial="OTHER", wwn=None)
    journal(tmp_path, 1, "2026-11-23T08:00:00Z", BEGAN, END)
    journal(tmp_path, 2, "2026-11-23T08:00:01Z", BEGAN, media=other)
    (left,) = unfinished(tmp_path)
    assert left.job.media == other and left.so_far.outcome == "interrupted"
    assert "OTHER" in sentence([left], "fr") and "OTHER" in sentence([left], "en") and sentence([], "fr") == ""


def test_a_later_erasure_of_the_same_disk_settles_an_older_one(tmp_path: Path) -> None:
    journal(tmp_path, 1, "2026-11-23T08:00:00Z", BEGAN)
    assert len(unfinished(tmp_path)) == 1
    journal(tmp_path, 2, "2026-11-23T09:00:00Z", BEGAN, END)
    assert unfinished(tmp_path) == ()


def test_an_earlier_one_does_not(tmp_path: Path) -> None:
    journal(tmp_path, 1, "2026-11-22T08:00:00Z", BEGAN, END)
    journal(tmp_path, 2, "2026-11-23T09:00:00Z", BEGAN)
    assert [one.opened_at for one in unfinished(tmp_path)] == ["2026-11-23T09:00:00Z"]


def test_a_clock_that_went_back_to_2001_makes_no_later_erasure_an_earlier_one(tmp_path: Path) -> None:
    """Else the older one would be gone on with, and its disk be looked for in the PC of the later one."""
    for number, at, more in ((1, "2026-11-23T08:00:00Z", (BEGAN,)), (2, "2001-01-01T00:00:09Z", (BEGAN, END))):
        one = msgspec.structs.replace(job(number, tmp_path, MEDIA), order=number)
        made = j.Journal.create(Path(one.journal), j.Opened(job=one, at=at))
        for entry in more:
            made.add(entry)
        made.close()
        assert len(unfinished(tmp_path)) == 2 - number


def test_of_two_disks_that_are_alike_neither_settles_the_other(tmp_path: Path) -> None:
    journal(tmp_path, 1, "2026-11-23T08:00:00Z", BEGAN)
    journal(tmp_path, 2, "2026-11-23T08:00:00Z", BEGAN)
    assert len(unfinished(tmp_path)) == 2


def test_damaged_journals_are_named(tmp_path: Path) -> None:
    assert unfinished(tmp_path / "none") == () and damaged(tmp_path / "none") == ()
    (tmp_path / "0.journal").write_bytes(b"")
    (tmp_path / "1.journal").write_bytes(b"\xff\n\xff\n")
    (tmp_path / "notes.txt").write_text("x")
    assert unfinished(tmp_path) == () and len(damaged(tmp_path)) == 2


def test_it_goes_on_only_with_the_very_same_disk(tmp_path: Path) -> None:
    journal(tmp_path, 1, "2026-11-23T08:00:00Z", BEGAN)
    left = unfinished(tmp_path)
    same: dict[str, Any] = {name: getattr(MEDIA, name) for name in ("maker", "model", "wwn", "kind", "transport")}
    grown = MEDIA.size_bytes + 512

    def here(serial: str | None = MEDIA.serial, **changes: Any) -> Any:
        return surveyed(serial, "sdq", **({"size_bytes": MEDIA.size_bytes} | same | changes))

    assert meet(left, [here()])[0] and meet(left, [here(size_bytes=grown)])[0]
    for disks in (
        [], [here("OTHER")], [here(wwn="5000")], [here(wwn=None)], [here(model="Other")], [here(size_bytes=512)],
        [here(), here()], [here(refusals=(MOUNTED,))],
    ):  # fmt: skip
        found, absent = meet(left, disks)
        assert not found and len(absent) == 1
    assert meet(left, [here("OTHER", size_bytes=0)])[1][0][1].rule == "not-plugged-in"
    # Linux gives a SCSI disk that sanitizes no size: it is here, and must not be pulled out.
    assert meet(left, [here(size_bytes=0)])[1][0][1].rule == "no-size-yet"


def test_what_is_confirmed_and_authorised_anew_is_the_disk_as_it_is_now(tmp_path: Path) -> None:
    """Between the cut and the resumption somebody may have plugged it elsewhere and made an array of it."""
    journal(tmp_path, 1, "2026-11-23T08:00:00Z", BEGAN)
    (left,) = unfinished(tmp_path)
    now = msgspec.structs.replace(MEDIA, name="sdq")
    ((met,), _) = meet([left], [Surveyed(media=now, found=("LVM2_member",), is_member=True)])
    assert met.chosen.found[0] == "LVM2_member" and met.chosen.is_member and met.chosen.media.name == "sdq"
    assert met.job().is_resumed and met.job().allow_members and met.job().media == now
    assert met.job().id == left.job.id and met.job().journal == left.job.journal
    ((met,), _) = meet([left], [Surveyed(media=now, found=("NTFS",), is_plug=True, seen=Seen(boot_id="b", sequence=7))])
    assert met.job().allow_plug and met.job().seen == Seen(boot_id="b", sequence=7), "of this look, not of that one"
    assert not met.chosen.is_member and not met.job().allow_members and "NTFS" in met.job().found


def test_another_disk_in_the_same_dock_is_not_gone_on_with(tmp_path: Path) -> None:
    dock = msgspec.structs.replace(MEDIA, serial="usb:D0CK", wwn=None, transport="usb")
    for number, inside in enumerate(("WD-A", "WD-B"), 1):
        one = msgspec.structs.replace(job(number, tmp_path, dock), seen=Seen(boot_id="b", own_serial=inside))
        at = f"2026-11-23T08:00:0{number}Z"
        made = j.Journal.create(Path(one.journal), j.Opened(job=one, at=at))
        made.add(j.Began(at=at))
        if inside == "WD-B":
            made.add(END)
        made.close()
    (left,) = unfinished(tmp_path)
    assert left.token == "WD-A", "the end of the other disk of the dock is not its end"
    for inside, is_here in (("WD-A", True), ("WD-B", False), (None, False)):
        now = Surveyed(media=dock, seen=Seen(boot_id="c", own_serial=inside))
        assert bool(meet([left], [now])[0]) == is_here


def test_a_disk_that_told_nothing_of_itself_is_not_the_one_that_tells_now(tmp_path: Path) -> None:
    """Of a dock that passes nothing on for one disk and names the next: serial, model and size are the dock's."""
    dock = msgspec.structs.replace(MEDIA, serial="usb:D0CK", wwn=None, transport="usb")
    one = msgspec.structs.replace(job(1, tmp_path, dock), seen=Seen(boot_id="b"), allow_plug=True)
    made = j.Journal.create(Path(one.journal), j.Opened(job=one, at="2026-11-23T08:00:00Z"))
    made.add(BEGAN)
    made.close()
    left = unfinished(tmp_path)
    assert meet(left, [Surveyed(media=dock, seen=Seen(boot_id="c"), is_plug=True)])[0]
    assert not meet(left, [Surveyed(media=dock, seen=Seen(boot_id="c", own_serial="WD-B"))])[0]


def test_a_disk_that_grew_after_its_hidden_area_was_seen_is_another_question(tmp_path: Path) -> None:
    seen = j.HiddenSeen(hidden=Hidden(state="none", visible_bytes=MEDIA.size_bytes), size_bytes=MEDIA.size_bytes)
    journal(tmp_path, 1, "2026-11-23T08:00:00Z", BEGAN, seen)
    left = unfinished(tmp_path)
    grown = msgspec.structs.replace(MEDIA, size_bytes=MEDIA.size_bytes + 512)
    assert not meet(left, [Surveyed(media=grown)])[0] and meet(left, [Surveyed(media=MEDIA)])[0]


def test_a_resumed_erasure_is_announced_with_what_was_done(tmp_path: Path) -> None:
    home = Home(tmp_path)
    so_far: Erasure = erasures.interrupted(ended_at=None)
    begun = kept(home, notebook(home).begun(job(), MEDIA, so_far).digest)
    assert begun.erasures == (so_far,) and standing_of(begun.erasures[0]) == "begun"


# --- liars ------------------------------------------------------------------------------------------------------------

FOUND_LYING = (
    BEGAN,
    j.AttemptBegan(attempt=0, technique="overwrite-stream", at="2026-11-23T08:00:00Z"),
    j.AttemptEnded(attempt=0, result="lied"),
    END,
)


def test_a_liar_is_known_for_ever_and_proves_nothing_more(tmp_path: Path) -> None:
    """By serial and model whatever its size says, or by WWN; a disk that only failed is no liar."""
    plan = chosen("A").plan
    for number, serial in enumerate(("A", "HONEST"), 1):
        one = msgspec.structs.replace(job(number, tmp_path, media(serial)), plan=plan)
        entries = FOUND_LYING if serial == "A" else (*FOUND_LYING[:2], j.AttemptEnded(attempt=0, result="failed"), END)
        made = j.Journal.create(Path(one.journal), j.Opened(job=one, at="2026-11-23T08:00:00Z"))
        for entry in entries:
            made.add(entry)
        made.close()
    grown = Chosen(media=media(" a ", size_bytes=1), plan=plan)
    marked = remembered((chosen("A"), grown, chosen("HONEST"), chosen("OTHER")), tmp_path)
    assert [one.has_lied for one in marked] == [True, True, False, False]
    assert "a déjà menti" in plan_text(marked, "fr") and "menti" not in plan_text(marked[2:], "fr")
    unmarked = (chosen("A"), grown, chosen("HONEST"), chosen("OTHER"))  # of a program that did not ask
    armed = Armed(chosen=unmarked, approval="typed", count=4, operator="op")
    made_jobs = authorised(armed, Asked(serials=()), tmp_path, Machine(), allow_virtual=False)
    assert [one.has_lied for one in made_jobs] == [True, True, False, False]


def test_a_disk_caught_lying_meanwhile_is_a_liar_for_the_erasure_gone_on_with(tmp_path: Path) -> None:
    """Begun on its cable; caught on a PC whose clock stood in 2010, so that the first journal looks the newer one."""
    plan = chosen("A").plan
    for number, at, entries in ((1, "2026-11-23T08:00:00Z", (BEGAN,)), (2, "2010-01-01T00:00:00Z", FOUND_LYING)):
        one = msgspec.structs.replace(job(number, tmp_path, media("A")), plan=plan)
        made = j.Journal.create(Path(one.journal), j.Opened(job=one, at=at))
        for entry in entries:
            made.add(entry)
        made.close()
    ((met,), _) = meet(unfinished(tmp_path), [surveyed("A")])
    armed = Armed(chosen=(met.chosen,), approval="typed", count=1, operator="op")
    (again,) = authorised_anew(armed, [met], tmp_path, Machine())
    assert again.has_lied and again.is_resumed and again.id == job(1).id
    told = fold([j.Opened(job=met.left.job, at=""), BEGAN, j.Resumed(at="", has_lied=again.has_lied)])
    assert told.job.has_lied and not fold([j.Opened(job=met.left.job, at=""), BEGAN, j.Resumed(at="")]).job.has_lied


def test_a_liars_best_evidence_is_not_proven() -> None:
    good = State(job=job(), opened_at="", last_at="", began_at=BEGAN.at, finished=END)
    proof, failed = Proof(outcome="cleared", level="clear", why=()), Proof(outcome="failed", level=None, why=())
    liar = dataclasses.replace(good, job=msgspec.structs.replace(good.job, has_lied=True))
    assert _believed(good, proof) == proof and _believed(liar, failed) == failed
    doubted = _believed(liar, proof)
    assert (doubted.outcome, doubted.level) == ("not_proven", None) and doubted.why[0].rule == "lied-before"


# --- the crash between the end and its record -------------------------------------------------------------------------


def late(home: Home) -> list[str]:
    book = notebook(home)
    profiles = load_profiles(None, only=["famille-linux"])
    return [noted.digest for _, noted in tell_belated(untold(home.wipes), book.key, book.outbox, profiles, book.host)]


def test_an_end_without_its_record_gets_it_once_and_it_says_that_it_is_late(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.wipes.mkdir(parents=True)
    journal(home.wipes, 1, "2026-11-23T08:00:00Z", BEGAN, END)
    notebook(home).begun(job(1), MEDIA)
    (digest,) = late(home)
    record = kept(home, digest)
    (erasure,) = record.erasures
    assert erasure.why[-1].rule == "told-late" and erasure.ended_at == END.at and record.verdicts
    assert (record.operator, record.lot, record.sticker, record.machine.system) == ("op-7", "L1", "S9", MACHINE.system)
    assert late(home) == []
    for mark in home.wipes.glob("*.told"):
        mark.unlink()
    assert late(home) == []  # the outbox has it


def test_only_an_end_without_any_record_is_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A told end, an erasure still without an end, one whose beginning is gone, and a stick that is full once more."""
    home = Home(tmp_path)
    home.wipes.mkdir(parents=True)
    book = notebook(home)
    for number, entries in ((1, (BEGAN, END)), (2, (BEGAN,)), (3, (BEGAN, END))):
        journal(home.wipes, number, "2026-11-23T08:00:00Z", *entries)
    book.ended(erasures.cleared(id=job(1).id))

    def full(*_: object) -> None:
        raise StorageError(fr="Plus de place.", en="No room.")

    with monkeypatch.context() as patched, pytest.raises(StorageError):
        patched.setattr(Outbox, "add", full)
        late(home)
    (digest,) = late(home)
    record = kept(home, digest)
    assert record.erasures[0].id == job(3).id and record.machine.disks is None and not record.verdicts


def test_what_a_session_told_is_not_late(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.wipes.mkdir(parents=True)
    journal(home.wipes, 1, "2026-11-23T08:00:00Z", BEGAN, END)
    made, _, seat = session(notebook(home))
    seat.job = made.fates[seat.job.id].job = job(1, home.wipes)
    made._hear(seat, Ended(erasure=erasures.cleared()))
    assert untold(home.wipes) == ()


def test_stopped_by_hand_is_told_from_cut(tmp_path: Path) -> None:
    how = {"hand": "stopped", "worker": "killed", "all": None}
    for number, (serial, why) in enumerate(how.items(), 1):
        more = (j.Interrupted(at="2026-11-23T08:30:00Z", why=why),) if why else ()
        journal(tmp_path, number, f"2026-11-23T08:00:0{number}Z", BEGAN, *more,
                media=msgspec.structs.replace(MEDIA, serial=serial, wwn=None))  # fmt: skip
    said = sentence(unfinished(tmp_path), "fr")
    assert "hand (arrêt demandé), worker (programme tué), all (coupure de courant ou programme tué)" in said
