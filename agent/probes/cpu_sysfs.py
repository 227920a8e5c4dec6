"""/sys/devices/system/cpu → sockets, cores, threads, caches and clocks of a `Cpu`, and how many CPUs are switched off.

https://docs.kernel.org/admin-guide/cputopology.html, Documentation/ABI/testing/sysfs-devices-system-cpu
"""

import re
from dataclasses import dataclass

from agent.facts import Cpu
from agent.host import Host

ROOT = "/sys/devices/system/cpu"
_NUMBER = re.compile(r"[0-9]{1,12}")
_PADDING = " \n\t\0"  # some kernels end these files with a zero byte
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    cpu: Cpu
    offline: int = 0  # logical CPUs present but switched off: by hand, by "nosmt", or found broken


def read(host: Host) -> Topology:
    names = [name for name in host.names(ROOT) if re.fullmatch(r"cpu\d+", name)]
    places = {int(name[3:]): f"{ROOT}/{name}" for name in names}
    online = {number: at for number, at in places.items() if _is_online(host, at)}
    present = cpu_list(host.text(f"{ROOT}/present") or "") or set(places)
    groups = {number: _core_of(host, at) for number, at in online.items()}
    known = [group for group in groups.values() if group]
    has_all = bool(known) and len(known) == len(online)
    packages = {(host.text(f"{at}/topology/physical_package_id") or "-1").strip() for at in online.values()}
    caches = _caches(host, list(online.values()))
    return Topology(
        cpu=Cpu(
            sockets=len(packages) if has_all and "-1" not in packages else None,
            cores=len(set(known)) if has_all else None,
            threads=len(present & set(places)) or None if places else None,
            base_mhz=_mhz(host, online, "base_frequency"),
            max_mhz=_mhz(host, online, "cpuinfo_max_freq"),
            l1d_bytes=caches.get((1, "Data")),
            l1i_bytes=caches.get((1, "Instruction")),
            l2_bytes=_sum(caches, 2),
            l3_bytes=_sum(caches, 3),
        ),
        offline=len(set(places) & present) - len(set(online) & present) if online else 0,
    )


def _is_online(host: Host, at: str) -> bool:
    # The first CPU often has no "online" file: it cannot be switched off. Captures may lack the file for all.
    state = host.text(f"{at}/online")
    return state.strip() != "0" if state is not None else True


def _core_of(host: Host, at: str) -> frozenset[int] | None:
    """The logical CPUs that share a core with this one; the file was renamed in Linux 5.3."""
    for name in ("core_cpus_list", "thread_siblings_list"):
        if text := host.text(f"{at}/topology/{name}"):
            return frozenset(cpu_list(text)) or None
    for name in ("core_cpus", "thread_siblings"):
        if text := host.text(f"{at}/topology/{name}"):
            return frozenset(cpu_mask(text)) or None
    return None


def _mhz(host: Host, online: dict[int, str], name: str) -> int | None:
    """The highest of all cores (fast and slow cores differ), from kHz."""
    texts = (host.text(f"{at}/cpufreq/{name}") or "" for at in online.values())
    values = [int(text) // 1000 for text in (text.strip(_PADDING) for text in texts) if _NUMBER.fullmatch(text)]
    return max(values, default=None) or None


def _caches(host: Host, places: list[str]) -> dict[tuple[int, str], int]:
    """Bytes by (level, type), each instance once: an instance is the set of CPUs that share it."""
    seen: dict[tuple[int, str, frozenset[int]], int] = {}
    for at in places:
        for index in host.names(f"{at}/cache"):
            here = f"{at}/cache/{index}"
            level, kind, size = (host.text(f"{here}/{name}") or "" for name in ("level", "type", "size"))
            shared = cpu_list(host.text(f"{here}/shared_cpu_list") or "")
            shared = shared or cpu_mask(host.text(f"{here}/shared_cpu_map") or "")
            match = re.fullmatch(r"([0-9]{1,9})([KMG]?)", size.strip(_PADDING))
            level = level.strip(_PADDING)
            if _NUMBER.fullmatch(level) and match and shared:
                seen[int(level), kind.strip(), frozenset(shared)] = int(match[1]) * _UNITS[match[2]]
    total: dict[tuple[int, str], int] = {}
    for (number, kind, _), size_bytes in seen.items():
        total[number, kind] = total.get((number, kind), 0) + size_bytes
    return {key: value for key, value in total.items() if value}


def _sum(caches: dict[tuple[int, str], int], level: int) -> int | None:
    return sum(size for (number, _), size in caches.items() if number == level) or None


def cpu_list(text: str) -> set[int]:
    """ "0-3,8" → {0, 1, 2, 3, 8}; empty when it is something else."""
    found: set[int] = set()
    for part in text.strip(_PADDING).split(","):
        match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", part)
        if not match:
            return set()
        found.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return found


def cpu_mask(text: str) -> set[int]:
    """ "00000000,0000000f" → {0, 1, 2, 3}."""
    digits = text.strip(_PADDING).replace(",", "")
    if not re.fullmatch(r"[0-9a-fA-F]{1,4096}", digits):
        return set()
    mask = int(digits, 16)
    return {number for number in range(mask.bit_length()) if mask >> number & 1}
