"""Part of the memory, written and read back: by stressapptest, else memtester, else a few patterns of our own.

What is tested is what the running system leaves free; the share is told, and nothing is claimed of the rest.
"""

import mmap
import os
from collections.abc import Callable
from typing import Protocol

from agent.checks.results import CheckResult, Measure, measure
from agent.checks.running import Task
from agent.host import Host, Output

MIB = 1 << 20
SECONDS, SHORT_S = 300, 30
_SHARE, _SHARE_BESIDE_WIPE = 75, 25  # percent of what is free
_KEPT_MIB, _LEAST_MIB, _LEAST_PERCENT = 192, 32, 5  # for the system; below these a test says nothing of the memory
_MEMTESTER_MOST_MIB = 1024  # one pass over more takes an hour on a slow PC
_MEMTESTER_FOUND = range(2, 8)  # bits of memtester(8): 2 a stuck address line, 4 another test; a signal is negative
_OWN_MOST_MIB = 2048
_HARDWARE = ("test discovered HW problems", "Hardware Error")  # "procedural errors": it had no memory to test
_NOT_FOUND = 127  # what `nice` answers for a program that is not there
_FIX = ("Remettre la barrette en place, sinon la changer.", "Reseat the memory module, else replace it.")
_BLOCK = MIB


class Region(Protocol):
    def __getitem__(self, part: slice) -> bytes: ...
    def __setitem__(self, part: slice, data: bytes) -> None: ...


def sizes_mib(host: Host) -> tuple[int, int]:
    """(all, free) as the kernel counts them; (0, 0) when it does not say."""
    found = {}
    for line in (host.text("/proc/meminfo") or "").splitlines():
        name, _, rest = line.partition(":")
        number = rest.split()[0] if rest.split() else ""
        if number.isdigit():
            found[name] = int(number) // 1024
    return found.get("MemTotal", 0), found.get("MemAvailable", 0)


def share_mib(free_mib: int, *, is_wiping: bool) -> int:
    percent = _SHARE_BESIDE_WIPE if is_wiping else _SHARE
    return max(0, min(free_mib * percent // 100, free_mib - _KEPT_MIB))


def _least_mib(total_mib: int) -> int:
    return total_mib * _LEAST_PERCENT // 100 + 1  # rounded up


def run(task: Task) -> CheckResult:
    total, free = sizes_mib(task.host)
    size = share_mib(free, is_wiping=task.around.is_wiping())
    if size < max(_LEAST_MIB, _least_mib(total)) or not total:
        return task.not_tested(
            "Trop peu de mémoire libre pour la tester.", "Too little memory is free to test it.",
            measure("free", free, "mib"),
        )  # fmt: skip
    return _stressed(task, size, total) or _by_memtester(task, size, total) or _by_ourselves(task, size, total)


def _stressed(task: Task, size: int, total: int) -> CheckResult | None:
    seconds = SHORT_S if task.around.short else SECONDS
    said = task.run(
        "nice", "-n", "19", "stressapptest", "-s", str(seconds), "-M", str(size), "-W", "--stop_on_errors",
        about_s=seconds, timeout_s=seconds * 2 + 120, fr="La mémoire est écrite et relue.",
        en="The memory is written and read back.",
    )  # fmt: skip
    if _is_missing(said):
        return None
    measures = (*_shares(size, total), measure("test", seconds, "seconds", "stressapptest"))
    if said.status == 0 and "Status: PASS" in said.text:
        if seconds < SECONDS:
            return task.not_tested(
                f"Aucune erreur en {seconds} s. Il faut 5 minutes pour le dire.",
                f"No error in {seconds} s. It takes 5 minutes to say so.", *measures,
            )  # fmt: skip
        return _good(task, size, total, "stressapptest", measures)
    told = said.text + said.stderr.decode(errors="replace")
    if any(words in told for words in _HARDWARE):
        return _bad(task, "stressapptest", measures)
    return _unended(task, said, measures)


def _by_memtester(task: Task, size: int, total: int) -> CheckResult | None:
    size = min(size, max(_MEMTESTER_MOST_MIB, _least_mib(total)))
    said = task.run(
        "nice", "-n", "19", "memtester", f"{size}M", "1", about_s=size * 2, timeout_s=3600,
        fr="La mémoire est écrite et relue.", en="The memory is written and read back.",
    )  # fmt: skip
    if _is_missing(said):
        return None
    measures = (*_shares(size, total), measure("passes", 1, "count", "memtester"))
    if said.status == 0:
        return _good(task, size, total, "memtester", measures)
    if said.status in _MEMTESTER_FOUND:
        return _bad(task, "memtester", measures)
    return _unended(task, said, measures)


def _by_ourselves(task: Task, size: int, total: int) -> CheckResult:
    size = min(size, max(_OWN_MOST_MIB, _least_mib(total)))
    region = mmap.mmap(-1, size * MIB)
    try:
        wrong = sweep(region, size * MIB, lambda done: task.tell(
            "La mémoire est écrite et relue.", "The memory is written and read back.", permille=done
        ))  # fmt: skip
    finally:
        region.close()
    measures = (*_shares(size, total), measure("patterns", len(_patterns()), "count", "rebond"))
    return _bad(task, "rebond", measures) if wrong else _good(task, size, total, "rebond", measures)


def _patterns() -> tuple[bytes, ...]:
    return (*(bytes([byte]) * _BLOCK for byte in (0x00, 0xFF, 0x55, 0xAA)), os.urandom(_BLOCK))


def sweep(region: Region, size: int, told: Callable[[int], None]) -> int:
    """How many blocks came back other than written; every pattern over the whole region before it is read."""
    wrong, patterns = 0, _patterns()
    blocks = size // _BLOCK
    for number, pattern in enumerate(patterns):
        for block in range(blocks):
            if block % 64 == 0:
                told(int(1000 * (number + block / blocks / 2) / len(patterns)))
            region[block * _BLOCK : (block + 1) * _BLOCK] = pattern
        for block in range(blocks):
            if block % 64 == 0:
                told(int(1000 * (number + 0.5 + block / blocks / 2) / len(patterns)))
            wrong += region[block * _BLOCK : (block + 1) * _BLOCK] != pattern
    return wrong


def _is_missing(said: Output) -> bool:
    return said.why == "tool-missing" or said.status == _NOT_FOUND


def _shares(size: int, total: int) -> tuple[Measure, ...]:
    return (measure("tested", size, "mib"), measure("tested-share", size * 1000 // total, "permille"))


def _good(task: Task, size: int, total: int, tool: str, measures: tuple[Measure, ...]) -> CheckResult:
    percent = size * 100 // total
    return task.passed(
        f"{size} Mio testés, {percent} % de la mémoire ({tool}) : aucune erreur.",
        f"{size} MiB tested, {percent} % of the memory ({tool}): no error.", *measures,
    )  # fmt: skip


def _bad(task: Task, tool: str, measures: tuple[Measure, ...]) -> CheckResult:
    return task.failed(
        f"La mémoire fait des erreurs ({tool}). {_FIX[0]}", f"The memory makes errors ({tool}). {_FIX[1]}", *measures
    )


def _unended(task: Task, said: Output, measures: tuple[Measure, ...]) -> CheckResult:
    """Out of memory, no right to lock it, killed: neither good nor bad."""
    status = said.why or said.status
    return task.not_tested(
        f"Le test de mémoire ne s'est pas fini ({said.argv[3]} : {status}).",
        f"The memory test did not end ({said.argv[3]}: {status}).", *measures,
    )  # fmt: skip
