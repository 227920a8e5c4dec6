"""`claim` on real loop devices: what it takes, what it refuses and why, and that nothing else can write."""

import ast
import contextlib
import copy
import ctypes
import errno
import fcntl
import mmap
import multiprocessing
import os
import pickle
import secrets
import stat
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.erasure import Media
from agent.host import Host, Output
from agent.wipe import interlocks, kernel_disk, loop_backing
from agent.wipe import target as target_module
from agent.wipe.device import Gone, Refused
from agent.wipe.job import Job, Plan, Planned, Seen
from agent.wipe.media import boot_id, loop_disk, media_of
from agent.wipe.refusals import reason
from agent.wipe.target import ClaimRefused, Target, claim
from agent.wipe.topology import Topology
from tests.wipe.composed import Composed
from tests.wipe.loops import change_file, loop, needs_loops, tell_size

pytestmark = needs_loops
MIB = 1 << 20


class Silent:
    """A live machine whose programs are not installed."""

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        return Output(argv=argv, why="tool-missing")

    def outputs(self, program: str) -> tuple[Output, ...]:
        return ()


def live() -> Host:
    host = Host(runner=Silent())
    host.is_live = True
    return host


# The name of the file is the serial number: those of two test runs at once on one machine must differ.
TAG = secrets.token_hex(4)


def image(folder: Path, name: str = "disk", size: int = 8 * MIB) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / f"{TAG}-{name}.img"
    path.touch()
    os.truncate(path, size)
    return path


def media(node: str) -> Media:
    disk = loop_disk(live(), Path(node).name)
    assert disk is not None
    return media_of(live(), disk)


def job(node_or_media: str | Media, **changes: Any) -> Job:
    told = media(node_or_media) if isinstance(node_or_media, str) else node_or_media
    given = {"allow_virtual": True} | changes
    return Job(id="0" * 32, media=told, plan=Plan(steps=(), level="clear"), journal="/nowhere", **given)


def refused(wanted: Job, **more: Any) -> str:
    with pytest.raises(ClaimRefused) as caught:
        claim(wanted, live(), **more).close()
    assert caught.value.reason.fr and caught.value.reason.en and caught.value.exit_code == 3
    return caught.value.reason.rule


@pytest.fixture
def node(tmp_path: Path) -> Iterator[str]:
    with loop(image(tmp_path)) as made:
        yield made


@contextlib.contextmanager
def mounted(source: str, at: Path, kind: str, flags: int = 0) -> Iterator[Path]:
    """mount(2) by ctypes: no program."""
    libc = ctypes.CDLL(None, use_errno=True)
    at.mkdir(exist_ok=True)
    if libc.mount(source.encode(), str(at).encode(), kind.encode(), flags, None):
        pytest.skip(f"mount of {kind}: {os.strerror(ctypes.get_errno())}")
    try:
        yield at
    finally:
        libc.umount2(str(at).encode(), 2)


def make(*words: str) -> None:
    import shutil
    import subprocess

    program = shutil.which(words[0], path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        pytest.skip(f"{words[0]} is not installed here")
    done = subprocess.run([program, *words[1:]], capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr


# --- what is claimed --------------------------------------------------------------------------------------------------


def test_a_free_disk_is_claimed_written_and_given_back(tmp_path: Path) -> None:
    path = image(tmp_path)
    with loop(path) as made:
        wanted = job(made)
        with claim(wanted, live()) as ours:
            assert ours.job is wanted and ours.media == wanted.media and ours.family is None
            assert (ours.io.size_bytes, ours.io.sector_bytes) == (8 * MIB, 512)
            with mmap.mmap(-1, 4096) as room, memoryview(room) as view:
                room.write(b"b" * 4096)
                assert ours.io.write_from(view, 4096) == 4096
                ours.io.flush()
                ours.io.forget()
                room.seek(0)
                room.write(b"\0" * 4096)
                assert ours.io.read_into(view, 4096) == 4096 and bytes(view[:1]) == b"b"
            ours.recheck()
            assert ours.health() is None and ours.temperature_c() is None
        assert path.read_bytes()[4096:8192] == b"b" * 4096
        with pytest.raises(Gone):
            ours.recheck()
        claim(wanted, live()).close()


@pytest.mark.parametrize("purpose", ["rehearse", "look"])
def test_looking_cannot_write(node: str, purpose: str) -> None:
    with claim(job(node, purpose=purpose), live()) as ours:
        ours.recheck()
        with mmap.mmap(-1, 4096) as room, memoryview(room) as view:
            with pytest.raises(OSError, match="Bad file descriptor"):
                ours.io.write_from(view, 0)
            assert ours.io.read_into(view, 0) == 4096


def test_a_read_only_disk_can_be_looked_at_only(tmp_path: Path) -> None:
    with loop(image(tmp_path), read_only=True) as node:
        assert refused(job(node)) == "read-only"
        assert refused(job(node, purpose="rehearse")) == "read-only"
        claim(job(node, purpose="look"), live()).close()


def test_big_sectors(tmp_path: Path) -> None:
    with loop(image(tmp_path), sector_bytes=4096) as node, claim(job(node), live()) as ours:
        assert ours.io.sector_bytes == 4096


# --- what is refused --------------------------------------------------------------------------------------------------


def test_virtual_disks_only_when_allowed(node: str) -> None:
    assert refused(job(node, allow_virtual=False)) == "virtual-disk"


def test_a_disk_that_would_erase_itself_needs_power(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The battery is the one thing replaced here: this machine has none."""
    monkeypatch.setattr(target_module, "is_powered", lambda host: False)
    steps = (
        Planned(technique="nvme-sanitize-block", level="purge"),
        Planned(technique="overwrite-stream", level="clear"),
    )
    wanted = job(node)
    by_firmware = msgspec.structs.replace(wanted, plan=Plan(steps=steps, level="purge"))
    assert refused(by_firmware) == "no-power"
    by_overwrite = msgspec.structs.replace(wanted, plan=Plan(steps=steps[1:], level="clear"))
    claim(by_overwrite, live()).close()


def test_a_disk_that_another_program_writes(node: str) -> None:
    """Without O_EXCL, as dd or a virtual machine would: the kernel lets us in all the same."""
    ready, stop = multiprocessing.Event(), multiprocessing.Event()
    child = multiprocessing.get_context("fork").Process(target=_write_it, args=(node, ready, stop))
    child.start()
    try:
        assert ready.wait(10)
        assert refused(job(node)) == "open-for-writing"
    finally:
        stop.set()
        child.join(10)
    claim(job(node), live()).close()


def _write_it(node: str, ready: Any, stop: Any) -> None:
    descriptor = os.open(node, os.O_RDWR)
    ready.set()
    stop.wait(20)
    os.close(descriptor)


def _node_elsewhere(node: str, tmp_path: Path) -> Path:
    """The same device by another path, as in a container."""
    made = tmp_path / "elsewhere"
    number = Path(node).stat().st_rdev
    try:
        os.mknod(made, 0o600 | stat.S_IFBLK, number)
        os.close(os.open(made, os.O_RDONLY))
    except OSError as error:
        pytest.skip(f"no device nodes here: {error.strerror}")
    return made


def test_a_disk_that_another_program_writes_by_another_name(node: str, tmp_path: Path) -> None:
    elsewhere = _node_elsewhere(node, tmp_path)
    ready, stop = multiprocessing.Event(), multiprocessing.Event()
    child = multiprocessing.get_context("fork").Process(target=_write_it, args=(str(elsewhere), ready, stop))
    child.start()
    try:
        assert ready.wait(10)
        elsewhere.unlink()
        assert refused(job(node)) == "open-for-writing"
    finally:
        stop.set()
        child.join(10)
    claim(job(node), live()).close()


def test_a_loop_device_on_it_by_another_name(node: str, tmp_path: Path) -> None:
    wanted = job(node)
    with loop(_node_elsewhere(node, tmp_path)):
        assert refused(wanted) == "loop-on-it"
    claim(wanted, live()).close()


@pytest.mark.programs
def test_a_loop_device_whose_file_lies_on_it_out_of_sight(node: str, tmp_path: Path) -> None:
    """Unmounted lazily, nothing names the file system any more; the loop device still writes to it."""
    make("mkfs.ext4", "-q", "-F", node)
    wanted = job(node)
    with contextlib.ExitStack() as stack:
        with mounted(node, tmp_path / "at", "ext4"):
            stack.enter_context(loop(image(tmp_path / "at", "inner", MIB)))
        assert "loop-on-it" in all_refusals(node)
    claim(wanted, live()).close()


def test_a_loop_device_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()
    monkeypatch.setattr(
        loop_backing, "_backing_of", lambda name: ("7:1", "0:0") if name == "loop1" else may_end.wait(9)
    )
    assert loop_backing.backings(live(), ["loop0", "loop1"], 0.05) == {"loop1": ("7:1", "0:0")}
    may_end.set()


def all_refusals(node: str) -> list[str]:
    disk = loop_disk(live(), Path(node).name)
    assert disk is not None
    return [why.rule for why in interlocks.refusals(live(), disk, (disk,), interlocks.Allowed(virtual=True))]


def test_a_loop_over_a_device_is_only_a_view_of_it(node: str) -> None:
    with loop(Path(node)) as view:
        assert refused(job(view)) == "loop-over-device"


def test_nothing_but_loops_here(node: str) -> None:
    name = next(path.name for path in Path("/sys/block").iterdir() if not path.name.startswith("loop"))
    assert refused(job(msgspec.structs.replace(media(node), name=name))) == "loops-only"


def test_the_word_of_the_environment_is_heeded_whatever_it_is(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBOND_WIPE_ONLY", "nonsense")
    assert refused(job(msgspec.structs.replace(media(node), name="sda"))) == "loops-only"


def test_a_capture_is_no_pc(node: str, tmp_path: Path) -> None:
    with pytest.raises(ClaimRefused) as caught:
        claim(job(node), Host(tmp_path, Silent()))
    assert caught.value.reason.rule == "replayed"


@pytest.mark.programs
def test_mounted(node: str, tmp_path: Path) -> None:
    make("mkfs.ext4", "-q", "-F", node)
    with mounted(node, tmp_path / "at", "ext4"):
        assert refused(job(node)) == "mounted"
        assert refused(job(node, purpose="look")) == "mounted"
        assert refused(job(node, is_resumed=True)) == "mounted", "also to go on with an erasure"
        assert refused(job(node), home=str(tmp_path / "at" / "rebond")) == "station-home"
    claim(job(node), live(), home=str(tmp_path / "at" / "rebond")).close()


@pytest.mark.programs
def test_swap(node: str) -> None:
    make("mkswap", node)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.swapon(node.encode(), 0):
        pytest.skip(f"swapon: {os.strerror(ctypes.get_errno())}")
    try:
        assert refused(job(node)) == "swap"
    finally:
        assert libc.swapoff(node.encode()) == 0


@pytest.mark.programs
def test_second_member_of_a_mounted_btrfs(tmp_path: Path) -> None:
    with loop(image(tmp_path, "a", 128 * MIB)) as one, loop(image(tmp_path, "b", 128 * MIB)) as two:
        make("mkfs.btrfs", "-q", "-f", "-d", "single", "-m", "single", one, two)
        for node in (one, two):  # the kernel must know both: BTRFS_IOC_SCAN_DEV
            with Path("/dev/btrfs-control").open("rb") as control, contextlib.suppress(OSError):
                fcntl.ioctl(control, 0x50009404, bytearray(struct.pack("q4088s", 0, node.encode())))
        with mounted(one, tmp_path / "at", "btrfs"):
            for node in (one, two):
                assert refused(job(node, allow_members=True)) in ("mounted", "btrfs-member")
        # Unmounted it is still one of two: the other disk's data would go with it.
        assert refused(job(two)) == "array-member"
        claim(job(two, allow_members=True), live()).close()


def _hold_it(node: str, is_held: Any, may_end: Any) -> None:
    descriptor = os.open(node, os.O_RDONLY | os.O_EXCL)
    is_held.set()
    may_end.wait(20)
    os.close(descriptor)


def test_held_by_another_process(node: str) -> None:
    context = multiprocessing.get_context("fork")
    is_held, may_end = context.Event(), context.Event()
    wanted = job(node)
    other = context.Process(target=_hold_it, args=(node, is_held, may_end))
    other.start()
    try:
        assert is_held.wait(20)
        assert refused(wanted) == "in-use"
    finally:
        may_end.set()
        other.join()


def test_two_operators_on_one_disk(node: str) -> None:
    with claim(job(node), live()):
        assert refused(job(node)) == "two-operators"
        assert refused(job(node, purpose="look")) == "two-operators"
        with pytest.raises(OSError, match="busy"):  # and nobody mounts it meanwhile
            os.open(node, os.O_RDONLY | os.O_EXCL)
    claim(job(node), live()).close()


def test_a_lock_of_another_is_waited_for_a_while(node: str) -> None:
    descriptor = os.open(node, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    waits: list[float] = []
    with pytest.raises(ClaimRefused) as caught:
        claim(job(node), live(), sleep=waits.append)
    assert caught.value.reason.rule == "looked-at" and sum(waits) >= 2.9

    def let_go(seconds: float) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    claim(job(node), live(), sleep=let_go).close()
    os.close(descriptor)


@pytest.mark.parametrize(
    "number,rule",
    [(errno.ENOMEDIUM, "no-medium"), (errno.EROFS, "read-only"), (errno.EACCES, "no-permission"),
     (errno.ENXIO, "not-found"), (errno.EIO, "cannot-open")],
)  # fmt: skip
def test_each_refusal_to_open_has_its_cause(node: str, monkeypatch: pytest.MonkeyPatch, number: int, rule: str) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(target_module, "open_disk", refuse)
    assert refused(job(node)) == rule


def test_a_partition_is_no_disk(tmp_path: Path) -> None:
    path = image(tmp_path)
    entry = struct.pack("<B3xB3xII", 0, 0x83, 2048, 2048)
    with path.open("r+b") as file:
        file.seek(446)
        file.write(entry)
        file.seek(510)
        file.write(b"\x55\xaa")
    with loop(path, partitions=True) as node:
        part = f"{Path(node).name}p1"
        if not Path(f"/sys/block/{Path(node).name}/{part}").exists():
            pytest.skip("this kernel shows no partitions of loop devices")
        assert refused(job(msgspec.structs.replace(media(node), name=part, size_bytes=2048 * 512))) == "not-found"
        descriptor = os.open(f"/dev/{part}", os.O_RDONLY | os.O_EXCL)
        try:
            assert refused(job(node)) == "in-use"
        finally:
            os.close(descriptor)
        claim(job(node), live()).close()


def test_a_loop_device_on_it(node: str) -> None:
    wanted = job(node)
    with loop(Path(node)):
        os.close(os.open(node, os.O_RDONLY | os.O_EXCL))  # the kernel would let us: nothing holds it
        assert refused(wanted) == "loop-on-it"
    claim(wanted, live()).close()


@pytest.mark.parametrize("offset,magic", [(0, b"\xfc\x4e\x2b\xa9\x01\0\0\0"), (0x21000, b"\x0c\xb1\xba\0\0\0\0\0")])
def test_a_member_of_an_array_needs_a_second_word(tmp_path: Path, offset: int, magic: bytes) -> None:
    path = image(tmp_path)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(magic)
    with loop(path) as node:
        assert refused(job(node)) == "array-member"
        assert refused(job(node, is_resumed=True)) == "array-member", "what it is now, not what it was"
        claim(job(node, purpose="look"), live()).close()
        with claim(job(node, allow_members=True), live()) as ours:
            assert ours.found


def _disc(path: Path, label: bytes, date: bytes = b"2026112702000000") -> None:
    """A primary volume descriptor (ECMA-119, 8.4) with its date of modification."""
    with path.open("r+b") as file:
        file.seek(0x8000)
        file.write(b"\x01CD001\x01\0" + b" " * 32 + label.ljust(32))
        file.seek(0x8000 + 813)
        file.write(b"0" * 17 + date + b"\0")


def _partition_with(path: Path, *pieces: tuple[int, bytes]) -> None:
    """One partition at 1 MiB; the pieces by their place in it."""
    with path.open("r+b") as file:
        file.seek(446)
        file.write(struct.pack("<B3xB3xII", 0, 0x83, 2048, 4096) + b"\0" * 48 + b"\x55\xaa")
        for at, piece in pieces:
            file.seek(MIB + at)
            file.write(piece)


RUNNING = "2026-11-27-02-00-00-00"


@pytest.mark.parametrize(
    "write,is_refused",
    [
        (lambda path: _disc(path, b"REBOND"), True),
        (lambda path: _disc(path, b"ANOTHER"), True),  # by the UUID that this system was booted from
        (lambda path: _disc(path, b"ANOTHER", b"2025010100000000"), False),
        (lambda path: _partition_with(path, (1080, b"\x53\xef"), (1144, b"REBOND-DATA\0\0\0\0\0")), True),
        (lambda path: _partition_with(path, (71, b"REBOND-DATAFAT32   "), (510, b"\x55\xaa")), True),
        (lambda path: _partition_with(path, (1080, b"\x53\xef"), (1144, b"REBOND-DATABASE\0")), False),
        (lambda path: _partition_with(path, (71, b"REBOND-DAT FAT32   "), (510, b"\x55\xaa")), False),
    ],
    ids=["label", "uuid", "another-disc", "station-ext4", "station-fat", "another-ext4", "another-fat"],
)
def test_a_rebond_stick_is_never_wiped_whatever_else_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Any, is_refused: bool
) -> None:
    """Two sticks of one image have one UUID, and udev's link leads to one of them only: the disk itself is read."""
    monkeypatch.setattr(target_module, "iso_uuid", lambda host: RUNNING)
    path = image(tmp_path)
    write(path)
    with loop(path) as node:
        if is_refused:
            assert refused(job(node)) == "rebond-stick"
        else:
            claim(job(node), live()).close()


# --- between the plan and the claim -----------------------------------------------------------------------------------


def test_another_disk_under_the_same_name(tmp_path: Path) -> None:
    path = image(tmp_path, "first")
    with loop(path) as node:
        wanted = job(node)
    with loop(image(tmp_path, "second")) as again:
        moved = job(msgspec.structs.replace(wanted.media, name=Path(again).name))
        assert refused(moved) == "changed"


def seen_now(node: str, **changes: Any) -> Seen:
    sequence = int(Path(f"/sys/block/{Path(node).name}/diskseq").read_text())
    return Seen(**({"boot_id": boot_id(live()), "sequence": sequence} | changes))


def test_another_disk_of_the_same_serial_and_size_since_the_plan(tmp_path: Path) -> None:
    """Exchanged on the same node between plan and claim: only the kernel's number of the device tells."""
    path = image(tmp_path)
    with loop(path) as node:
        seen, name = seen_now(node), node
        claim(job(node, seen=seen), live()).close()
    with loop(path) as node:
        if node != name:
            pytest.skip("another process took the loop device meanwhile")
        assert refused(job(node, seen=seen)) == "replugged"
        assert refused(job(node, seen=seen, is_resumed=True, purpose="look")) == "replugged"
        claim(job(node, seen=msgspec.structs.replace(seen, boot_id="another boot")), live()).close()
        claim(job(node, seen=msgspec.structs.replace(seen, sequence=None)), live()).close()
        claim(job(node, seen=seen_now(node)), live()).close()


def docked(node: str, serial: str) -> Media:
    return msgspec.structs.replace(media(node), transport="usb", serial=serial)


def test_a_docks_number_is_no_disks(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dock says one serial for whichever disk sits in it: the disk's own word counts, else a person's second one."""
    in_dock = docked(node, "usb:D0CK")
    monkeypatch.setattr(target_module, "media_of", lambda host, disk: in_dock)
    monkeypatch.setattr(target_module, "matching", lambda host, told: ((loop_disk(host, in_dock.name), in_dock),))
    wanted = job(in_dock)
    assert refused(wanted) == "plug-serial"
    claim(msgspec.structs.replace(wanted, allow_plug=True), live()).close()
    claim(msgspec.structs.replace(wanted, purpose="look"), live()).close()
    # The disk inside spoke when the plan was shown: it must be that one still.
    seen = seen_now(node, own_serial="INSIDE1")
    wanted = msgspec.structs.replace(wanted, seen=seen)
    says = Says("INSIDE1")
    with claim(wanted, live(), family=lambda *_, **__: says) as ours:
        ours.recheck()
        says._told = ("INSIDE2", None, None)
        with pytest.raises(Gone, match="dock"):
            ours.recheck()
        says._told = (None, None, None)  # another one that is still spinning up, or speaks no ATA
        with pytest.raises(Gone, match="which one it is"):
            ours.recheck()
        says._error = Refused("no")
        with pytest.raises(Gone, match="dock"):
            ours.recheck()
    for family, rule in ((Says("INSIDE2"), "other-in-dock"), (Says(), "dock-silent"), (None, "dock-silent")):
        told = msgspec.structs.replace(wanted, allow_plug=True)
        assert refused(told, family=lambda *_, is_=family, **__: is_) == rule


def test_an_erase_of_the_drive_is_for_the_namespaces_that_were_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two loop devices stand for two namespaces of one NVMe drive."""
    with loop(image(tmp_path, "one")) as one, loop(image(tmp_path, "two")) as two:
        names = {Path(one).name: (Path(two).name,), Path(two).name: (Path(one).name,)}
        monkeypatch.setattr(Topology, "siblings", lambda self, name: names.get(name, ()))
        monkeypatch.setattr(target_module, "is_powered", lambda host: True)
        sanitize = Plan(steps=(Planned(technique="nvme-sanitize-block", level="purge"),), level="purge")
        wanted = msgspec.structs.replace(job(one), plan=sanitize)
        assert refused(wanted) == "namespaces-changed", "nobody named the other one"
        mark = Topology(live()).namespace_mark(Path(two).name)
        assert refused(msgspec.structs.replace(wanted, seen=seen_now(one, namespaces=(mark, "3 x 9")))) == (
            "namespaces-changed"
        )
        named = msgspec.structs.replace(wanted, seen=seen_now(one, namespaces=(mark,)))
        with claim(named, live()), pytest.raises(OSError, match="busy"):
            os.open(two, os.O_RDONLY | os.O_EXCL)
        claim(job(one), live()).close()  # an overwrite touches the one disk only
        monkeypatch.undo()


def test_unplugged_since(tmp_path: Path) -> None:
    with loop(image(tmp_path)) as node:
        wanted = job(node)
    assert refused(wanted) in ("not-found", "changed")


def test_the_same_disk_under_another_name(tmp_path: Path) -> None:
    with loop(image(tmp_path, "other")) as first, loop(image(tmp_path)) as node:
        wanted = job(msgspec.structs.replace(media(node), name=Path(first).name))
        with claim(wanted, live()) as ours:
            assert ours.media.name == Path(node).name


def test_two_disks_that_answer_to_it(tmp_path: Path) -> None:
    with loop(image(tmp_path / "a")) as one, loop(image(tmp_path / "b")):
        assert refused(job(one)) == "found-twice"
        # A third one of the same serial and another size is no twin to choose from, but still a doubt.
    with loop(image(tmp_path / "a")) as one, loop(image(tmp_path / "c", size=9 * MIB)):
        assert refused(job(one)) == "serial-shared"


@pytest.mark.parametrize("size", [4 * MIB, 16 * MIB])
def test_another_size_than_planned(tmp_path: Path, size: int) -> None:
    path = image(tmp_path)
    with loop(path) as node:
        wanted = job(node)
        os.truncate(path, size)
        tell_size(node)
        assert refused(wanted) == "size-changed"
        assert refused(msgspec.structs.replace(wanted, is_resumed=True)) == "size-changed"


@pytest.mark.parametrize("size", [4 * MIB, 16 * MIB])
def test_another_size_while_it_is_ours(tmp_path: Path, size: int) -> None:
    path = image(tmp_path)
    with loop(path) as node, claim(job(node), live()) as ours:
        ours.recheck()
        os.truncate(path, size)
        tell_size(node)
        with pytest.raises(Gone, match="size"):
            ours.recheck()
        ours.resize()
        assert ours.io.size_bytes == size
        ours.recheck()


def test_another_file_behind_it_while_it_is_ours(tmp_path: Path) -> None:
    first, second = image(tmp_path, "first"), image(tmp_path, "second")
    with loop(first, read_only=True) as node, claim(job(node, purpose="look"), live()) as ours:
        change_file(node, second)
        with pytest.raises(Gone):
            ours.recheck()
        change_file(node, first)


def _without(name: str, monkeypatch: pytest.MonkeyPatch, ours: Target, path: str, text: str | None) -> None:
    told = Host.text
    at = f"/sys/block/{name}/{path}"
    monkeypatch.setattr(Host, "text", lambda host, asked: text if asked == at else told(host, asked))


@pytest.mark.parametrize("path,text", [("dev", None), ("dev", "7:99"), ("diskseq", "1"), ("loop/backing_file", None)])
def test_vanished_or_replaced_while_it_is_ours(
    node: str, monkeypatch: pytest.MonkeyPatch, path: str, text: str | None
) -> None:
    with claim(job(node), live()) as ours:
        ours.recheck()
        _without(Path(node).name, monkeypatch, ours, path, text)
        with pytest.raises(Gone):
            ours.recheck()


class Says:
    """A family that only answers who it is."""

    def __init__(self, serial: str | None = None, model: str | None = None, error: Exception | None = None) -> None:
        self._told, self._error = (serial, model, None), error

    def identify(self) -> tuple[str | None, str | None, int | None]:
        if self._error:
            raise self._error
        return self._told


@pytest.mark.parametrize(
    "says,rule",
    [
        (Says("another-serial"), "changed"),
        (Says(f"{TAG}-disk", "another model"), "changed"),
        (Says(error=Gone("no answer")), "does-not-identify"),
        (Says(error=Refused("no")), "does-not-identify"),
        (Says(error=OSError(5, "Input/output error")), "does-not-identify"),
        (Says(f"{TAG}-disk"), None),
        (Says(f" {TAG}-disk ", "LOOP"), None),
        (Says(), None),
    ],
)
def test_the_disks_own_word_on_our_descriptor(node: str, says: Says, rule: str | None) -> None:
    asked: list[Any] = []

    def family(descriptor: int, told: Media, **options: Any) -> Any:
        asked.append((os.fstat(descriptor).st_rdev, options["armed"]))
        return says

    if rule is None:
        claim(job(node), live(), family=family).close()
    else:
        assert refused(job(node), family=family) == rule
    assert asked == [(Path(node).stat().st_rdev, True)]
    claim(job(node), live()).close()  # a refusal keeps nothing


def test_what_happens_between_the_two_looks(node: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interlocks are asked again after the disk was opened."""
    told = interlocks.refusals
    looks: list[int] = []

    def second_time(host: Host, *rest: Any) -> Any:
        looks.append(1)
        return told(host, *rest) if len(looks) == 1 else (reason("mounted", "loop0", "loop0"),)

    monkeypatch.setattr(target_module, "refusals", second_time)
    assert refused(job(node)) == "mounted" and len(looks) == 2
    monkeypatch.undo()
    claim(job(node), live()).close()


def test_read_only_by_the_descriptors_own_word(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel can turn a disk read-only between our look at sysfs and the open."""
    monkeypatch.setattr(kernel_disk.KernelDisk, "is_read_only", lambda _: True)
    assert refused(job(node)) == "read-only"
    claim(job(node, purpose="look"), live()).close()


@pytest.mark.parametrize(
    "change,rule",
    [({"serial": "another"}, "changed"), ({"size_bytes": 1}, "size-changed"), ({"model": "another"}, "changed"),
     ({"wwn": "5000c50012345678"}, "named-less"), (None, "not-found")],
)  # fmt: skip
def test_another_disk_between_the_two_looks(node: str, monkeypatch: pytest.MonkeyPatch, change: Any, rule: str) -> None:
    disk = loop_disk(live(), Path(node).name)
    assert disk is not None
    other = msgspec.structs.replace(disk, **change) if change else None
    monkeypatch.setattr(target_module, "disk_now", lambda host, name: other)
    assert refused(job(node)) == rule
    monkeypatch.setattr(target_module, "disk_now", lambda host, name: disk)
    claim(job(node), live()).close()


def test_without_the_word_of_the_environment_other_disks_are_looked_for(
    node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REBOND_WIPE_ONLY")
    assert refused(job(Media(name="sdzz", serial="no disk has this serial", size_bytes=1))) == "not-found"


@pytest.mark.parametrize("what", ["sequence", "size", "number"])
def test_what_was_opened_is_not_what_was_looked_at(node: str, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    wanted = job(node)
    told = kernel_disk.KernelDisk.__init__

    def other(disk: Any, *given: Any, **more: Any) -> None:
        told(disk, *given, **more)
        if what == "size":
            disk.size_bytes += 512
        elif what == "number":
            disk.device_number += 1

    monkeypatch.setattr(kernel_disk.KernelDisk, "__init__", other)
    if what == "sequence":
        monkeypatch.setattr(kernel_disk.KernelDisk, "sequence", lambda _: 1)
    assert refused(wanted) == ("size-changed" if what == "size" else "replugged")


@pytest.mark.parametrize("size_bytes,transport,is_refused", [(9, "sata", True), (9, "nvme", True), (10, "sata", False),
                                                             (9, "usb", False), (None, "sata", False)])  # fmt: skip
def test_the_size_by_the_disks_own_word(size_bytes: int | None, transport: Any, is_refused: bool) -> None:
    told = Media(name="sda", serial="S1", transport=transport, size_bytes=10)
    says: Any = Says("S1")
    says._told = ("S1", None, size_bytes)
    with pytest.raises(ClaimRefused) if is_refused else contextlib.nullcontext():
        target_module._same_by_its_own_word(says, told)


@pytest.mark.parametrize("place", ["hwmon/hwmon3", "hwmon3"])
def test_the_temperature_is_the_disks_own_sensors(node: str, tmp_path: Path, place: str) -> None:
    pc = Composed(tmp_path / "root")
    pc.disk("sda")
    pc.write(f"/sys/block/sda/device/{place}/temp1_input", "61500\n")
    with claim(job(node), live()) as ours:
        ours.media = Media(name="sda", serial="S1", transport="sata", kind="hdd", size_bytes=10**9)
        ours._host = pc.host()
        assert ours.temperature_c() == 61
        pc.write(f"/sys/block/sda/device/{place}/temp1_input", "70000\n")
        assert ours.temperature_c() == 61, "asked anew after twenty seconds, not at every chunk"
        ours._temperature = (0.0, None)
        assert ours.temperature_c() == 70
        pc.write(f"/sys/block/sda/device/{place}/temp1_input", "")
        ours._temperature = (0.0, None)
        assert ours.temperature_c() is None and ours.health() is None, "no sensor and no smartctl: unknown"


# --- law 8 ------------------------------------------------------------------------------------------------------------


def test_only_claim_makes_a_target(node: str) -> None:
    with claim(job(node), live()) as ours, pytest.raises(TypeError):
        Target(object(), job=ours.job, media=ours.media, host=live(), held=[ours.io], family=None, found=())


def test_a_target_is_neither_copied_nor_sent(node: str) -> None:
    with claim(job(node), live()) as ours:
        for thing in (ours, ours.io):
            for send in (copy.copy, copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError):
                    send(thing)


def test_after_it_was_given_back_its_number_means_no_other_disk(tmp_path: Path) -> None:
    """A family knows its descriptor by number: after close() the next file opened must not take that number."""
    numbers: list[int] = []

    def family(descriptor: int, told: Media, **_: Any) -> Any:
        numbers.append(descriptor)
        return Says()

    with loop(image(tmp_path)) as node:
        ours = claim(job(node), live(), family=family)
        io = ours.io
        ours.close()
        (number,) = numbers
        descriptor = os.open(tmp_path, os.O_RDONLY)
        try:
            assert ours.family is None and descriptor != number
            assert os.fstat(number).st_rdev == Path("/dev/null").stat().st_rdev
        finally:
            os.close(descriptor)
            os.close(number)
        with mmap.mmap(-1, 4096) as room, memoryview(room) as view, pytest.raises(OSError, match="Bad file"):
            io.write_from(view, 0)
        with pytest.raises(Gone):
            ours.recheck()
        ours.close()
        claim(job(node), live()).close()  # nothing of it is held


def test_a_target_is_its_own_processs(node: str) -> None:
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    with claim(job(node), live()) as ours:
        child = context.Process(target=_recheck_in_child, args=(ours, told))
        child.start()
        assert told.get(timeout=20) == "the disk was claimed by another process"
        child.join(20)
        ours.recheck()


def _recheck_in_child(ours: Target, told: Any) -> None:
    try:
        ours.recheck()
        told.put("it went on")
    except Gone as gone:
        told.put(gone.said)


def test_only_target_opens_for_writing() -> None:
    """A block device is opened for writing in one place of the program, and nothing else names the key to it."""
    agent = Path(target_module.__file__).parents[1]
    for path in agent.rglob("*.py"):
        text = path.read_text()
        if path.name not in ("target.py",):
            assert "_made_by_claim" not in text, path
        for call in (one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id == "open_disk":
                writes = {key.arg: ast.unparse(key.value) for key in call.keywords}["write"]
                assert writes == "False" or path.name == "target.py", path
