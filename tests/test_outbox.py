"""The outbox: nothing lost and nothing doubled, whoever is killed wherever; a clear sentence when it cannot write."""

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.durable import PART
from agent.envelope import digest_of, key_id_of, peek
from agent.errors import EnvelopeError, InputRefused, StorageError
from agent.outbox import Outbox, Reason
from agent.outbox.lock import locked
from agent.record import parse_payload
from tests.evidence import KEY_ID, sealed

REASON = Reason(code="wrong-record", fr="Refus.", en="Refused.", status=422)


def chain_of(outbox: Outbox, key_id: str = KEY_ID) -> list[tuple[int, str | None, str]]:
    """(seq, prev, digest) of every record of this key, wherever it is."""
    places = {*(one.digest for one in outbox.waiting()), *outbox.archived(), *(one.digest for one in outbox.refused())}
    found = []
    for digest in places:
        peeked = peek(outbox.read(digest))
        if peeked.key_ids == (key_id,):
            record = parse_payload(peeked.payload)
            found.append((record.seq, record.prev, digest))
    return sorted(found)


def check_chain(outbox: Outbox, count: int) -> None:
    chain = chain_of(outbox)
    assert [seq for seq, _, _ in chain] == list(range(1, count + 1))
    assert [prev for _, prev, _ in chain] == [None, *(digest for _, _, digest in chain[:-1])]


def test_records_form_a_chain(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    queued = [outbox.add(KEY_ID, sealed(number)) for number in range(4)]
    check_chain(outbox, 4)
    assert [one.seq for one in queued] == [1, 2, 3, 4]
    assert [one.digest for one in outbox.waiting()] == [one.digest for one in queued]
    assert all(one.path.name == f"{one.digest}.json" for one in queued)


def test_each_key_has_its_own_chain(tmp_path: Path) -> None:
    other = Ed25519PrivateKey.generate()
    other_id = key_id_of(other.public_key())
    outbox = Outbox(tmp_path)
    for number in range(3):
        outbox.add(KEY_ID, sealed(number))
        outbox.add(other_id, sealed(number + 10, other))
    assert [seq for seq, _, _ in chain_of(outbox)] == [seq for seq, _, _ in chain_of(outbox, other_id)] == [1, 2, 3]


def test_the_chain_goes_on_after_delivery_refusal_and_room_making(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    first, second = outbox.add(KEY_ID, sealed(1)), outbox.add(KEY_ID, sealed(2))
    outbox.archive(first.digest, b"receipt")
    outbox.refuse(second.digest, REASON)
    third = outbox.add(KEY_ID, sealed(3))
    check_chain(outbox, 3)
    outbox.archive(third.digest, b"receipt")
    assert outbox.make_room() == 2
    fourth = outbox.add(KEY_ID, sealed(4))
    assert fourth.seq == 4
    assert parse_payload(peek(outbox.read(fourth.digest)).payload).prev == third.digest
    assert outbox.receipt(third.digest) == b"receipt"


def test_the_chain_survives_the_loss_of_all_notes(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    for number in range(6):
        outbox.archive(outbox.add(KEY_ID, sealed(number)).digest, b"receipt")
    outbox.refuse(outbox.add(KEY_ID, sealed(7)).digest, REASON)
    for note in (tmp_path / "chain").iterdir():
        note.unlink()
    outbox.add(KEY_ID, sealed(8))
    check_chain(outbox, 8)


def test_notes_do_not_pile_up(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    for number in range(12):
        outbox.archive(outbox.add(KEY_ID, sealed(number)).digest, b"receipt")
    assert len(list((tmp_path / "chain").iterdir())) <= 5


def test_two_pcs_share_a_stick(tmp_path: Path) -> None:
    for number in range(4):  # two programs, one after the other, each knowing only the folder
        Outbox(tmp_path).add(KEY_ID, sealed(number))
    check_chain(Outbox(tmp_path), 4)


def test_two_processes_never_take_the_same_place(tmp_path: Path) -> None:
    def fill(start: int) -> Callable[[], None]:
        def eight() -> None:
            for number in range(start, start + 8):
                Outbox(tmp_path).add(KEY_ID, sealed(number))

        return eight

    children = [fork(fill(100)), fork(fill(200)), fork(fill(300))]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    check_chain(Outbox(tmp_path), 24)


def test_a_builder_that_ignores_its_place_is_refused(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    with pytest.raises(ValueError):
        outbox.add(KEY_ID, lambda seq, prev: sealed(1)(seq + 1, prev))
    with pytest.raises(ValueError):
        outbox.add("0" * 64, sealed(1))
    assert outbox.waiting() == ()


def test_carrying_the_same_envelope_twice_changes_nothing(tmp_path: Path) -> None:
    source, carrier = Outbox(tmp_path / "a"), Outbox(tmp_path / "b")
    raw = source.read(source.add(KEY_ID, sealed(1)).digest)
    assert carrier.queue(raw) == carrier.queue(raw)
    assert len(carrier.waiting()) == 1
    carrier.archive(carrier.waiting()[0].digest, b"receipt")
    carrier.queue(raw)
    assert carrier.waiting() == () and len(carrier.archived()) == 1
    with pytest.raises(EnvelopeError):
        carrier.queue(b"{}")


def test_refused_records_keep_their_reason_and_may_be_reconsidered(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    first, second = outbox.add(KEY_ID, sealed(1)), outbox.add(KEY_ID, sealed(2))
    outbox.refuse(first.digest, Reason(code="unknown-key", fr="Inconnue.", en="Unknown.", status=401))
    outbox.refuse(second.digest, REASON)
    assert {one.digest: one.reason.code for one in outbox.refused() if one.reason} == {
        first.digest: "unknown-key", second.digest: "wrong-record",
    }  # fmt: skip
    assert outbox.waiting() == ()
    assert outbox.reconsider("unknown-key") == 1
    assert [one.digest for one in outbox.waiting()] == [first.digest]
    assert [one.digest for one in outbox.refused()] == [second.digest]
    outbox.refuse(first.digest, REASON)
    outbox.archive(second.digest, b"receipt")
    assert [one.digest for one in outbox.refused()] == [first.digest]


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign", "huge"])
def test_damaged_files_are_set_aside_and_told(tmp_path: Path, damage: str) -> None:
    outbox = Outbox(tmp_path)
    bad, good = outbox.add(KEY_ID, sealed(1)), outbox.add(KEY_ID, sealed(2))
    raw = bad.path.read_bytes()
    bad.path.write_bytes(
        {
            "empty": b"",  # what FAT leaves after a power cut
            "cut": raw[:1000],
            "flipped": raw[:300] + bytes([raw[300] ^ 1]) + raw[301:],
            "foreign": good.path.read_bytes(),
            "huge": b" " * (3 << 20),
        }[damage]
    )
    assert [one.digest for one in outbox.waiting()] == [good.digest]
    assert outbox.damaged() == (f"{bad.digest}.json",)
    assert not bad.path.exists() and (tmp_path / "damaged" / bad.path.name).exists()
    with pytest.raises(InputRefused):
        outbox.read(bad.digest)
    assert outbox.queue(raw).digest == bad.digest  # carried back from elsewhere
    assert outbox.add(KEY_ID, sealed(3)).seq == 3


def test_foreign_files_in_the_folder_do_not_matter(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.add(KEY_ID, sealed(1))
    (tmp_path / "new" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "new" / "._x.json").write_bytes(b"x")
    (tmp_path / "chain" / "x").write_bytes(b"x")
    (tmp_path / "archived").mkdir()
    (tmp_path / "archived" / f"{'a' * 64}.json").write_bytes(b"x")
    assert len(outbox.waiting()) == 1 and outbox.archived() == ()
    assert outbox.add(KEY_ID, sealed(2)).seq == 2


def test_an_outbox_that_does_not_exist_is_empty_and_is_not_made_by_looking(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "none")
    assert (outbox.waiting(), outbox.archived(), outbox.refused(), outbox.damaged()) == ((), (), (), ())
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_full_or_read_only_stick_is_said_and_loses_nothing(tmp_path: Path, code: int) -> None:
    Outbox(tmp_path).add(KEY_ID, sealed(1))

    def fail(step: str) -> None:
        if step == "created":
            raise OSError(code, os.strerror(code))

    outbox = Outbox(tmp_path, step=fail)
    (waiting,) = outbox.waiting()
    for act in (lambda: outbox.add(KEY_ID, sealed(2)), lambda: outbox.archive(waiting.digest, b"receipt")):
        with pytest.raises(StorageError) as caught:
            act()
        assert caught.value.fr.endswith(".")
    healthy = Outbox(tmp_path)
    assert [one.digest for one in healthy.waiting()] == [waiting.digest]
    assert not list(tmp_path.rglob(f"*{PART}"))
    healthy.add(KEY_ID, sealed(2))
    check_chain(healthy, 2)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("x")
    with pytest.raises(StorageError):
        Outbox(tmp_path / "outbox").add(KEY_ID, sealed(1))


def test_a_lock_held_too_long_is_said(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(StorageError) as caught, locked(tmp_path, 0):
        pass
    assert "autre Rebond" in caught.value.fr


# --- attachments, checkpoints -----------------------------------------------------------------------------------------


def test_attachments_are_named_by_their_digest(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    data = os.urandom(3 << 20)
    digest = outbox.attach(data)
    assert digest == outbox.attach(data) == digest_of(data)
    assert outbox.attachment(digest) == data
    (tmp_path / "attachments" / digest).write_bytes(b"")
    with pytest.raises(InputRefused):
        outbox.attachment(digest)
    assert outbox.attach(data) == digest and outbox.attachment(digest) == data


def test_checkpoints_are_kept_newest_first_and_few(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    for size in (5, 3, 100, 20, 7):
        outbox.keep_checkpoint("a/b", size, f"note {size}")
    outbox.keep_checkpoint("c/d", 1, "other")
    assert outbox.checkpoints("a/b") == ("note 100", "note 20", "note 7")
    assert outbox.checkpoints("c/d") == ("other",)
    assert outbox.checkpoints("e/f") == ()


# --- killed anywhere --------------------------------------------------------------------------------------------------


def fork(act: Callable[[], None]) -> int:
    """A child that does this and ends; its id."""
    child = os.fork()
    if child:
        return child
    try:
        act()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - the child must end here, whatever happened
        os._exit(70)


def killed_at(folder: Path, number: int, act: Callable[[Outbox], object]) -> bool:
    """Do this in a child which is killed (SIGKILL) at its step `number`; False when it finished before."""

    def work() -> None:
        steps = 0

        def step(name: str) -> None:
            nonlocal steps
            if steps == number:
                os.kill(os.getpid(), signal.SIGKILL)
            steps += 1

        act(Outbox(folder, step=step))

    _, status = os.waitpid(fork(work), 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def check_sound(folder: Path, acknowledged: set[str]) -> None:
    """Everything once acknowledged is readable and in one place for a person; no damage; the chain has no hole."""
    outbox = Outbox(folder)
    waiting, archived = {one.digest for one in outbox.waiting()}, set(outbox.archived())
    refused = {one.digest for one in outbox.refused()}
    assert acknowledged <= waiting | archived | refused
    assert not waiting & archived and not waiting & refused and not archived & refused
    assert outbox.damaged() == ()
    check_chain(outbox, len(waiting | archived | refused))


def every_kill(tmp_path: Path, prepare: Callable[[Outbox], object], act: Callable[[Outbox], object]) -> int:
    """Kill `act` at each of its steps in a fresh folder, check, repeat it whole, check; how many steps there were."""
    for number in range(200):
        folder = tmp_path / str(number)
        prepare(Outbox(folder))
        acknowledged = {one.digest for one in Outbox(folder).waiting()}
        acknowledged |= {one.digest for one in Outbox(folder).refused()}
        was_killed = killed_at(folder, number, act)
        check_sound(folder, acknowledged)
        Outbox(folder).add(KEY_ID, sealed(500))
        check_sound(folder, acknowledged)
        assert not list(folder.rglob(f"*{PART}"))
        if not was_killed:
            return number
    raise AssertionError("never finished")


def two_waiting(outbox: Outbox) -> None:
    outbox.add(KEY_ID, sealed(1))
    outbox.add(KEY_ID, sealed(2))


def test_killed_while_queueing(tmp_path: Path) -> None:
    assert every_kill(tmp_path, two_waiting, lambda outbox: outbox.add(KEY_ID, sealed(3))) >= 12


def test_killed_while_archiving(tmp_path: Path) -> None:
    def archive_first(outbox: Outbox) -> None:
        outbox.archive(outbox.waiting()[0].digest, b"receipt")

    assert every_kill(tmp_path, two_waiting, archive_first) >= 13


def test_killed_while_refusing(tmp_path: Path) -> None:
    def refuse_first(outbox: Outbox) -> None:
        outbox.refuse(outbox.waiting()[0].digest, REASON)

    assert every_kill(tmp_path, two_waiting, refuse_first) >= 13


def test_killed_while_reconsidering(tmp_path: Path) -> None:
    def one_refused(outbox: Outbox) -> None:
        two_waiting(outbox)
        outbox.refuse(outbox.waiting()[0].digest, REASON)

    assert every_kill(tmp_path, one_refused, lambda outbox: outbox.reconsider()) >= 8


@pytest.mark.parametrize("leave", ["archive", "refuse"])
def test_killed_before_the_note_then_delivered_first(tmp_path: Path, leave: str) -> None:
    """The envelope is durable, its note is not: it must not leave new/ before the chain knows it."""
    outbox = Outbox(tmp_path)
    outbox.add(KEY_ID, sealed(1))
    last = outbox.add(KEY_ID, sealed(2))
    (note,) = (tmp_path / "chain").glob(f"*.{last.digest}")
    note.unlink()
    if leave == "archive":
        outbox.archive(last.digest, b"receipt")
    else:
        outbox.refuse(last.digest, REASON)
    outbox.add(KEY_ID, sealed(3))
    check_chain(outbox, 3)
