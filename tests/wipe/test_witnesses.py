"""Old places remembered before a firmware erase: what they find out, and what the journal keeps of them."""

from pathlib import Path
from typing import Any

import pytest

from agent.wipe import journal as j
from agent.wipe.limits import Limits
from agent.wipe.markers import choose_offsets
from agent.wipe.pieces import Pieces
from agent.wipe.state import fold
from agent.wipe.witnesses import LENGTH_BYTES, TRIED_MOST, WANTED, choose_places, remember, unchanged
from tests.wipe.rig import FirmwareTwin, Fuse, PowerCut, TwinDevice, erase, job_for
from tests.wipe.twins.block import Disk, ErrsOnEveryRead, ErrsOnRead

KEY, OTHER = bytes(range(32)), bytes(32)
SIZE = 1 << 20
LIMITS = Limits(silence_s=0)


def reader(disk: Disk) -> Pieces:
    return Pieces(disk, "read", LIMITS)


def with_firmware(disk: Disk, behaviour: str) -> TwinDevice:
    fuse = Fuse()
    return TwinDevice(disk, fuse, FirmwareTwin(disk, behaviour, fuse))


@pytest.mark.parametrize("behaviour", ["drops-what-was-written", "erases-what-was-written"])
@pytest.mark.parametrize("technique", ["nvme-sanitize-block", "ata-security-erase-enhanced"])
def test_an_erase_that_only_touches_the_newest_writes_is_found_out(
    behaviour: str, technique: Any, memory_path: Path
) -> None:
    disk = Disk()
    erasure = erase(job_for(disk, technique, path=memory_path / "journal"), with_firmware(disk, behaviour))
    attempt = erasure.attempts[0]
    assert (erasure.outcome, attempt.result) == ("failed", "lied")
    assert "old-places-unchanged" in [why.rule for why in erasure.why]
    assert attempt.markers is not None and attempt.markers.survived == 0 and (attempt.markers.unchanged or 0) > 300
    assert attempt.verification is None  # a lie that is known needs no hours of reading


def test_one_old_place_is_enough(memory_path: Path) -> None:
    disk = Disk()
    device = with_firmware(disk, "zeros")
    assert device.family is not None
    end = device.family.firmware._end

    def leave_one() -> None:
        end()
        place = fold(j.read_journal(memory_path / "journal")).attempt.witnesses[200].offset_bytes
        disk.media[place : place + LENGTH_BYTES] = disk.old[place : place + LENGTH_BYTES]

    device.family.firmware._end = leave_one  # type: ignore[method-assign]
    erasure = erase(job_for(disk, "nvme-sanitize-block", path=memory_path / "journal"), device)
    assert erasure.outcome == "failed"
    assert erasure.attempts[0].markers is not None and erasure.attempts[0].markers.unchanged == 1


def test_an_honest_erase_has_its_old_places_counted(memory_path: Path) -> None:
    disk = Disk()
    job = job_for(disk, "nvme-sanitize-block", path=memory_path / "journal")
    erasure = erase(job, with_firmware(disk, "random"))
    markers = erasure.attempts[0].markers
    assert erasure.outcome == "purged"
    assert markers is not None and (markers.witnesses, markers.unchanged) == (WANTED, 0)


def test_a_power_cut_does_not_make_the_old_places_forgotten(memory_path: Path) -> None:
    for at in range(1, 10**4):
        disk, path = Disk(SIZE), memory_path / f"{at}"
        device = with_firmware(disk, "drops-what-was-written")
        device.fuse.at = at
        job = job_for(disk, "nvme-sanitize-block", path=path)
        try:
            erase(job, device)
            break
        except PowerCut:
            device.fuse.at = None
        if path.exists() and b"\n" not in path.read_bytes():
            path.unlink()
        if at % 2:
            assert erase(job, device).outcome not in ("purged", "cleared"), at
    else:
        raise AssertionError("never came to its end")


def test_an_overwrite_remembers_nothing(memory_path: Path) -> None:
    disk = Disk(SIZE)
    erasure = erase(job_for(disk, "overwrite-zeros", path=memory_path / "journal"), TwinDevice(disk))
    markers = erasure.attempts[0].markers
    assert erasure.outcome == "cleared" and markers is not None
    assert (markers.witnesses, markers.unchanged) == (0, None)


def test_the_journal_keeps_no_byte_and_no_plain_digest(memory_path: Path) -> None:
    import hashlib

    disk = Disk(SIZE)
    erase(job_for(disk, "nvme-sanitize-block", path=memory_path / "journal"), with_firmware(disk, "zeros"))
    state = fold(j.read_journal(memory_path / "journal"))
    text = (memory_path / "journal").read_bytes().lower()
    assert state.attempt.witnesses
    for one in state.attempt.witnesses:
        old = disk.old[one.offset_bytes : one.offset_bytes + LENGTH_BYTES]
        plain = (old.hex()[:32], hashlib.sha256(old).hexdigest(), hashlib.blake2b(old, digest_size=16).hexdigest())
        assert not any(told.encode() in text for told in plain)


def test_the_digest_depends_on_key_and_place() -> None:
    disk = Disk(SIZE)
    disk.media[:] = (disk.old[:LENGTH_BYTES] * (SIZE // LENGTH_BYTES))[:SIZE]  # the same everywhere
    taken = remember(disk, [0, 4096, 8192], KEY, reader(disk))
    assert len({one.digest for one in taken}) == 3
    assert not {one.digest for one in taken} & {one.digest for one in remember(disk, [0], OTHER, reader(disk))}
    assert unchanged(disk, taken, KEY, reader(disk)) == 3
    assert unchanged(disk, taken, OTHER, reader(disk)) == 0


def test_uniform_and_unreadable_places_are_no_witnesses() -> None:
    disk = ErrsOnRead(SIZE)
    dark = disk.spot(1)[0] // LENGTH_BYTES * LENGTH_BYTES
    disk.media[0:4096] = bytes(4096)
    disk.media[4096:8192] = b"\xff" * 4096
    disk.media[8192:12288] = b"\xde\xad\xbe\xef" * 1024
    disk.media[12288:16384] = bytes(4095) + b"\1"
    taken = remember(disk, [0, 4096, 8192, 12288, dark], KEY, reader(disk))
    assert [one.offset_bytes for one in taken] == [12288]


def test_a_witness_that_went_dark_is_not_unchanged() -> None:
    disk = ErrsOnRead(SIZE)
    dark = disk.spot(1)[0] // LENGTH_BYTES * LENGTH_BYTES
    disk.on_read = False
    taken = remember(disk, [dark], KEY, reader(disk))
    disk.on_read = True
    assert len(taken) == 1 and unchanged(disk, taken, KEY, reader(disk)) == 0


@pytest.mark.parametrize("size", [512, 4096, 4608, 64 << 10, SIZE, 10**9 // 512 * 512, 1 << 44])
def test_places_are_spread_whole_and_start_with_the_markers(size: int) -> None:
    markers = choose_offsets(size)
    places = choose_places(size, KEY, markers)
    assert len(places) == len(set(places)) and len(places) <= TRIED_MOST + len(markers)
    assert all(place % 4096 == 0 and place + LENGTH_BYTES <= size for place in places)
    aligned = [place // 4096 * 4096 for place in markers if place + 4096 <= size]
    assert places[: len(set(aligned))] == list(dict.fromkeys(aligned))
    if size >= 1 << 30:
        rest = sorted(places[len(aligned) :])
        assert (
            max(after - before for before, after in zip(rest, rest[1:], strict=False)) <= 2 * size // TRIED_MOST + 4096
        )
        assert choose_places(size, OTHER, markers) != places


def test_a_closed_disk_is_not_asked_two_thousand_times() -> None:
    disk = ErrsOnEveryRead(SIZE)
    assert remember(disk, choose_places(SIZE, KEY), KEY, Pieces(disk, "read", LIMITS)) == ()
    assert len({offset // LENGTH_BYTES for _, offset, _ in disk.calls}) < 40
