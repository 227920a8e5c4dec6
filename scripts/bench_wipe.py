"""Writing and reading whole disks beside dd, fio and nwipe: on loop devices over tmpfs, in turn, in one run.

Usage: scripts/bench wipe [ROUNDS] [PART…]   (root; at most 3 GiB of memory; only loops made here are ever written)
Parts: whole (the worker as the supervisor starts it: claim, journal, watch, checkpoints, overwrite and read-back),
single (overwrite and read-back alone), many, errors.
Rates are the device's own (/sys/block/loopN/stat) between 5 % and 95 % of the bytes, the same way for every program.
Processor time is the program's user + system time, less that of the same program on an 8 MiB disk (its start), and not
the loop device's own work. A limited device is one under blkio/io.max of a cgroup: what a real disk looks like.
Ratios of medians of the same rounds only; the rates themselves say something about this machine alone.
"""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["REBOND_WIPE_ONLY"] = "loop"

from tests.wipe.loops import LOOPS_WORK, attached, loop  # noqa: E402

MIB = 1 << 20
SIZE = 768 * MIB
LIMIT = 400 * 10**6  # bytes a second: a good SATA disk
MANY, MANY_SIZE, MANY_LIMIT = (1, 2, 4, 8), 192 * MIB, 60 * 10**6
KEY = bytes(range(32))


# --- our own side: runs as another process ----------------------------------------------------------------------------


def ours(work: str, kind: str, node: str) -> None:
    """One pass over the device, as the engine makes it. A line on stdout when ready, one when done."""
    from agent.wipe.kernel_disk import open_disk
    from agent.wipe.limits import Limits
    from agent.wipe.overwrite import overwrite
    from agent.wipe.readback import ReadTally, read_back
    from agent.wipe.stream import Fill

    assert os.major(Path(node).stat().st_rdev) == 7, "a loop device"
    disk = open_disk(node, write=work == "write", exclusive=True)
    bad = 0
    fill = Fill(kind, KEY)  # type: ignore[arg-type] # one of its words
    if work == "write":

        def keep(offset_bytes: int, found: tuple[object, ...], retried: int) -> None:
            nonlocal bad
            bad += len(found)

        overwrite(disk, fill, 0, lambda done, many: None, keep, Limits())
    else:
        tally = read_back(disk, fill, 0, ReadTally(), lambda done, many: None, lambda at, seen: None, Limits())
        bad = len(tally.bad)
        assert bad or tally.matching_bytes == disk.size_bytes
    disk.close()
    print(bad)


# --- programs ---------------------------------------------------------------------------------------------------------


def our_argv(work: str, kind: str) -> Callable[[str], list[str]]:
    return lambda node: [sys.executable, __file__, "--ours", work, kind, node]


def dd_write(node: str) -> list[str]:
    chunks = int(Path(f"/sys/block/{Path(node).name}/size").read_text()) * 512 // (4 * MIB)
    return ["dd", "if=/dev/zero", f"of={node}", "bs=4M", f"count={chunks}", "oflag=direct", "status=none"]


def dd_read(node: str) -> list[str]:
    return ["dd", f"if={node}", "of=/dev/null", "bs=4M", "iflag=direct", "status=none"]


def fio(work: str) -> Callable[[str], list[str]]:
    return lambda node: [
        "fio", "--name=one", f"--filename={node}", f"--rw={work}", "--bs=4M", "--direct=1", "--ioengine=libaio",
        "--iodepth=4", "--output=/dev/null", "--thread", "--allow_mounted_write=0",
    ]  # fmt: skip


def nwipe(method: str, *more: str) -> Callable[[str], list[str]]:
    def argv(node: str) -> list[str]:
        # Without a device it would take every disk of the machine.
        assert node.startswith("/dev/loop") and Path(node).stat().st_rdev in attached
        return ["nwipe", "--autonuke", "--nogui", "--nowait", "--noblank", "--rounds=1", f"--method={method}",
                "--logfile=/dev/null", *more, *excluded(), node]  # fmt: skip

    return argv


def excluded() -> list[str]:
    """Every disk that is none of our loops, as far as nwipe lets ten be named."""
    others = [f"/dev/{one.name}" for one in Path("/sys/block").iterdir() if not one.name.startswith(("loop", "ram"))]
    return [f"--exclude={','.join(others[:10])}"] if others else []


# --- measuring --------------------------------------------------------------------------------------------------------


@dataclass
class Figure:
    bytes_s: float  # of the device, between 5 % and 95 %
    cpu_s: float
    wall_s: float
    status: int


class Meter(threading.Thread):
    """The device's own counters, all ten milliseconds."""

    def __init__(self, node: str) -> None:
        super().__init__(daemon=True)
        self.stat = Path(f"/sys/block/{Path(node).name}/stat")
        self.seen: list[tuple[float, int]] = []
        self.ended = threading.Event()

    def moved(self) -> int:
        fields = self.stat.read_text().split()
        return (int(fields[2]) + int(fields[6])) * 512

    def run(self) -> None:
        start = self.moved()
        while not self.ended.wait(0.01):
            self.seen.append((time.monotonic(), self.moved() - start))

    def rate(self, size: int) -> float:
        inside = [(at, moved) for at, moved in self.seen if 0.05 * size <= moved <= 0.95 * size]
        if len(inside) < 3:
            return float("nan")
        (first, low), (last, high) = inside[0], inside[-1]
        return (high - low) / (last - first) if last > first else float("nan")


def run(
    argv: list[str], node: str, size: int, group: Path | None = None, said: bytes = b"", into: Path | None = None
) -> Figure:
    """`said`: what is written to the program, whose line is held open until it ends; `into`: where its answer goes."""

    def join() -> None:
        if group:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    meter, started = Meter(node), time.monotonic()
    meter.start()
    with (into or Path(os.devnull)).open("wb") as answer:
        child = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=answer, stderr=subprocess.DEVNULL, preexec_fn=join
        )  # fmt: skip
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(said)
        child.stdin.flush()
    if not said:
        child.stdin.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    if said:
        child.stdin.close()
    meter.ended.set()
    meter.join()
    return Figure(meter.rate(size), usage.ru_utime + usage.ru_stime, wall, child.returncode)


@contextlib.contextmanager
def throttled(nodes: list[str], bytes_s: int) -> Iterator[Path | None]:
    """A cgroup whose members get this rate from each of the devices; None where cgroups do not offer it."""
    numbers = [f"{os.major(n)}:{os.minor(n)}" for n in (Path(node).stat().st_rdev for node in nodes)]
    first = Path("/sys/fs/cgroup/blkio")
    group = (first if first.is_dir() else Path("/sys/fs/cgroup")) / f"rebond-bench-{os.getpid()}"
    try:
        if not first.is_dir():
            (group.parent / "cgroup.subtree_control").write_text("+io")
        group.mkdir()
        for number in numbers:
            if first.is_dir():
                (group / "blkio.throttle.write_bps_device").write_text(f"{number} {bytes_s}")
                (group / "blkio.throttle.read_bps_device").write_text(f"{number} {bytes_s}")
            else:
                (group / "io.max").write_text(f"{number} rbps={bytes_s} wbps={bytes_s}")
    except OSError as error:
        print(f"  no rate limit here ({error}): this part is left out")
        group.rmdir() if group.is_dir() else None
        yield None
        return
    try:
        yield group
    finally:
        group.rmdir()


@contextlib.contextmanager
def memory() -> Iterator[Path]:
    """A tmpfs of its own: what lies under /dev is refused as a view of another device."""
    with tempfile.TemporaryDirectory(prefix="rebond-bench-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3g", "rebond-bench", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def disks(folder: Path, count: int, size: int) -> Iterator[list[str]]:
    """Loops over files whose memory is already there, with 4 KiB sectors (nwipe writes in the kernel's block size)."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for number in range(count):
            path = folder / f"disk{number}"
            with path.open("wb") as file:
                for _ in range(size // MIB):
                    file.write(os.urandom(4096) * 256)
            stack.callback(path.unlink)
            nodes.append(stack.enter_context(loop(path, sector_bytes=4096)))
        yield nodes


def median(figures: list[Figure], what: Callable[[Figure], float]) -> float:
    return statistics.median(what(one) for one in figures)


Programs = dict[str, Callable[[str], list[str]]]


def in_turn(programs: Programs, node: str, rounds: int, group: Path | None) -> dict[str, list[Figure]]:
    figures: dict[str, list[Figure]] = {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name, argv in programs.items():
            figure = run(argv(node), node, SIZE, group)
            if figure.status:
                print(f"  {name} ended with {figure.status}")
            if turn:  # the first turn warms up
                figures[name].append(figure)
    return figures


def table(title: str, figures: dict[str, list[Figure]], reference: str, starts: dict[str, float]) -> dict[str, float]:
    """Prints rate against the reference and processor seconds a GB; returns the ratios."""
    print(f"\n{title}   (rate ÷ {reference}'s, medians of {len(next(iter(figures.values())))} rounds; CPU s/GB)")
    rates = {name: median(rows, lambda one: one.bytes_s) for name, rows in figures.items()}
    for name, rows in figures.items():
        cpu = max(0.0, median(rows, lambda one: one.cpu_s) - starts.get(name, 0.0)) / (SIZE / 1e9)
        gb = rates[name] / 1e9
        print(f"  {name:34} {rates[name] / rates[reference]:6.3f}   {cpu:6.3f} s/GB   ({gb:.2f} GB/s here)")
    return {name: rate / rates[reference] for name, rate in rates.items()}


def starts_of(programs: Programs, node: str) -> dict[str, float]:
    """Processor seconds of each program on a disk with next to nothing to do."""
    return {
        name: statistics.median(run(argv(node), node, 8 * MIB).cpu_s for _ in range(3))
        for name, argv in programs.items()
    }


# --- the whole engine -------------------------------------------------------------------------------------------------


def worker_run(technique: str, node: str, size: int, group: Path | None) -> Figure:
    """One erasure by the real worker process, its journal on the disk that holds the temporary folder."""
    import msgspec

    from agent.erasure import Technique
    from agent.host import Host
    from agent.wipe.job import Job, Order, Plan, Planned
    from agent.wipe.media import loop_disk, media_of
    from agent.wipe.supervisor import WORKER

    assert Path(node).stat().st_rdev in attached
    host = Host()
    disk = loop_disk(host, Path(node).name)
    assert disk is not None
    with tempfile.TemporaryDirectory(prefix="rebond-bench-") as home:
        step = Planned(technique=msgspec.convert(technique, Technique), level="clear")
        job = Job(
            id=os.urandom(16).hex(), media=media_of(host, disk), plan=Plan(steps=(step,), level="clear"),
            journal=f"{home}/journal", allow_virtual=True,
        )  # fmt: skip
        lines = b"".join(msgspec.json.encode(one) + b"\n" for one in (job, Order(do="go")))
        os.environ["PYTHONPATH"] = str(ROOT)
        answer = Path(home) / "answer"
        figure = run(list(WORKER), node, 2 * size, group, said=lines, into=answer)
        last = answer.read_text().splitlines()[-1]
        if '"outcome":"cleared"' not in last:
            raise SystemExit(f"the erasure was not proven: {last}")
    return figure


def whole(folder: Path, rounds: int, has: Callable[[str], bool]) -> None:
    """Erase and verify, by everything that a worker does, beside peers that write and then read the same disk."""

    def shell(*commands: list[str]) -> list[str]:
        return ["sh", "-c", " && ".join(" ".join(words) for words in commands)]

    Runs = dict[str, Callable[[str, int, Path | None], Figure]]

    def peer(argv: Callable[[str], list[str]]) -> Callable[[str, int, Path | None], Figure]:
        return lambda node, size, group: run(argv(node), node, 2 * size, group)

    def ours_by(technique: str) -> Callable[[str, int, Path | None], Figure]:
        return lambda node, size, group: worker_run(technique, node, size, group)

    runs: Runs = {
        "dd zeros, dd read": peer(lambda node: shell(dd_write(node), dd_read(node))),
        "rebond worker, stream": ours_by("overwrite-stream"),
        "rebond worker, zeros": ours_by("overwrite-zeros"),
    }
    if has("fio"):
        runs["fio write, fio read"] = peer(lambda node: shell(fio("write")(node), fio("read")(node)))
    free = dict(runs)
    if has("nwipe"):
        free["nwipe zeros, verified"] = peer(nwipe("zero", "--verify=last"))
        free["nwipe ISAAC-64, verified"] = peer(nwipe("random", "--prng=isaac64", "--verify=last"))
    with disks(folder, 1, 8 * MIB) as (small,):
        starts = {name: statistics.median(one(small, 8 * MIB, None).cpu_s for _ in range(3))
                  for name, one in free.items()}  # fmt: skip
    with disks(folder, 1, SIZE) as nodes:
        (node,) = nodes
        with throttled(nodes, LIMIT) as group:
            for title, programs, where in (("limited", runs, group), ("unlimited", free, None)):
                if title == "limited" and group is None:
                    continue
                figures: dict[str, list[Figure]] = {name: [] for name in programs}
                for turn in range(rounds + 1):
                    for name, one in programs.items():
                        figure = one(node, SIZE, where)
                        if figure.status:
                            print(f"  {name} ended with {figure.status}")
                        if turn:
                            figures[name].append(figure)
                table(f"{title} device, erased and verified by the whole program", figures, "dd zeros, dd read", starts)


# --- the parts --------------------------------------------------------------------------------------------------------


def single(folder: Path, rounds: int, has: Callable[[str], bool]) -> None:
    writes: Programs = {"dd zeros": dd_write, "rebond zeros": our_argv("write", "zeros"),
                        "rebond AES-256-CTR": our_argv("write", "aes-256-ctr")}  # fmt: skip
    reads: Programs = {"dd": dd_read, "rebond verify AES-256-CTR": our_argv("read", "aes-256-ctr")}
    reads_zeros: Programs = {"rebond verify zeros": our_argv("read", "zeros")}
    if has("fio"):
        writes["fio"], reads["fio"] = fio("write"), fio("read")
    free_writes, free_zeros = dict(writes), dict(reads_zeros)
    if has("nwipe"):
        free_writes["nwipe zeros"] = nwipe("zero", "--verify=off")
        free_writes["nwipe ISAAC-64 (its best CSPRNG)"] = nwipe("random", "--prng=isaac64", "--verify=off")
        free_zeros["nwipe verify zeros"] = nwipe("verify_zero")
    with disks(folder, 1, 8 * MIB) as (small,):
        run(dd_write(small), small, 8 * MIB)  # zeros, which every reader accepts
        starts = starts_of({**free_zeros, **free_writes}, small)
        run(our_argv("write", "aes-256-ctr")(small), small, 8 * MIB)
        starts |= starts_of(reads, small)
    with disks(folder, 1, SIZE) as nodes:
        (node,) = nodes
        with throttled(nodes, LIMIT) as group:
            if group:
                table("limited device, writing", in_turn(writes, node, rounds, group), "dd zeros", starts)
                run(our_argv("write", "aes-256-ctr")(node), node, SIZE)
                table("limited device, reading", in_turn(reads, node, rounds, group), "dd", starts)
        ratios = table("unlimited device, writing", in_turn(free_writes, node, rounds, None), "dd zeros", starts)
        if has("nwipe"):
            ours_, theirs = ratios["rebond AES-256-CTR"], ratios["nwipe ISAAC-64 (its best CSPRNG)"]
            print(f"  AES-256-CTR stream ÷ nwipe's ISAAC-64: {ours_ / theirs:.2f}")
        run(our_argv("write", "aes-256-ctr")(node), node, SIZE)
        table("unlimited device, reading a stream", in_turn(reads, node, rounds, None), "dd", starts)
        run(dd_write(node), node, SIZE)
        table("unlimited device, reading zeros", in_turn({"dd": dd_read, **free_zeros}, node, rounds, None), "dd",
              starts)  # fmt: skip


def many(folder: Path, rounds: int) -> None:
    """N disks at once, one process each, beside one alone: the sum must stay the sum."""
    print(f"\nN limited disks at once, one process each   (time of one alone ÷ time of N; medians of {rounds} rounds)")
    with disks(folder, max(MANY), MANY_SIZE) as nodes, throttled(nodes, MANY_LIMIT) as group:
        if group is None:
            return
        works = {"rebond AES-256-CTR": ("write", "aes-256-ctr"), "rebond verify": ("read", "aes-256-ctr")}
        for name, (work, kind) in works.items():
            rates: dict[int, list[float]] = {count: [] for count in MANY}
            for _ in range(rounds):
                for count in MANY:
                    figures: list[Figure] = []

                    def one(node: str, work: str = work, kind: str = kind, into: list[Figure] = figures) -> None:
                        into.append(run(our_argv(work, kind)(node), node, MANY_SIZE, group))

                    threads = [threading.Thread(target=one, args=(node,)) for node in nodes[:count]]
                    for thread in threads:
                        thread.start()
                    for thread in threads:
                        thread.join()
                    rates[count].append(sum(figure.bytes_s for figure in figures))
            alone = statistics.median(rates[1])
            told = "   ".join(f"N={count}: {statistics.median(rates[count]) / alone / count:.3f}" for count in MANY)
            print(f"  {name:24} {told}")


def errors(folder: Path, has: Callable[[str], bool]) -> None:
    """wipe.md 3.8: 64 MiB, two unwritable spots, an unreadable sector, a write silently dropped."""
    import errno

    from tests.wipe.fuse_rig import FUSE_WORKS, faulty_loop

    if not FUSE_WORKS:
        print("\nno FUSE here: the faulty disk is left out")
        return
    print("\na disk with bad sectors   (64 MiB; seconds; old bytes left, of which 8704 nobody can reach)")
    programs: dict[str, list[Callable[[str], list[str]]]] = {
        "rebond": [our_argv("write", "aes-256-ctr"), our_argv("read", "aes-256-ctr")]
    }
    if has("nwipe"):
        programs["nwipe"] = [nwipe("random", "--prng=isaac64", "--verify=last")]
    old = os.urandom(64 * MIB)
    for name, works in programs.items():
        room = folder / name
        room.mkdir()
        with faulty_loop(room, old) as (node, rig):
            rig.faults(
                fail_writes=[(20 * MIB, 20 * MIB + 4096, errno.EIO), (41 * MIB + 512, 41 * MIB + 1024, errno.EIO)],
                fail_reads=[(50 * MIB, 50 * MIB + 512, errno.EIO)],
                drops=[(30 * MIB, 30 * MIB + 4096)],
            )
            begun = time.monotonic()
            statuses = [run(work(node), node, 64 * MIB).status for work in works]
            spent, calls = time.monotonic() - begun, rig.faults()["writes"]
        truth = rig.truth.read_bytes()
        left = sum(512 for at in range(0, len(old), 512) if truth[at : at + 512] == old[at : at + 512])
        print(f"  {name:8} {spent:6.2f} s   {left:>10} old bytes left   {calls} writes   exit {statuses}")


def main() -> int:
    if sys.argv[1:2] == ["--ours"]:
        ours(*sys.argv[2:5])
        return 0
    if not LOOPS_WORK or os.geteuid() != 0:
        print("needs root and loop devices", file=sys.stderr)
        return 1
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    parts = sys.argv[2:] or ["whole", "single", "many", "errors"]
    for tool in ("fio", "nwipe"):
        if not shutil.which(tool):
            print(f"left out, not installed: {tool} (Debian: {tool})")
    if shutil.which("nwipe"):
        said = subprocess.run(["nwipe", "--version"], capture_output=True, text=True, check=False).stdout.strip()
        print(f"peer: {said}")

    def has(tool: str) -> bool:
        return shutil.which(tool) is not None

    with memory() as folder:
        if "whole" in parts:
            whole(folder, rounds, has)
        if "single" in parts:
            single(folder, rounds, has)
        if "many" in parts:
            many(folder, max(3, rounds // 2))
        if "errors" in parts:
            errors(folder, has)
    print(json.dumps({"left": sorted(attached)}) if attached else "", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
