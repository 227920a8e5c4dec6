"""Raw CPUID dumps → `Cpu`: libcpuid's, hwloc's, `cpuid -r`. Pure; Intel SDM vol. 2A CPUID, AMD APM vol. 3 app. E."""

import re
from collections.abc import Iterator

from agent.facts import Cpu
from agent.probes.cpuid_flags import Registers, flags_from_cpuid
from agent.probes.cpuinfo_text import advertised_mhz
from agent.text import clean, meant

Leaves = dict[tuple[int, int], Registers]

_HEX = r"([0-9a-fA-F]{1,8})"
_LIBCPUID = re.compile(rf"CPUID {_HEX}: {_HEX}-{_HEX}-{_HEX}-{_HEX}(?: \[SL {_HEX}\])?")
_LIBCPUID_OLD = re.compile(rf"(\w+)\[(\d+)\]={_HEX} {_HEX} {_HEX} {_HEX}")
_HWLOC = re.compile(rf"{_HEX} {_HEX} {_HEX} {_HEX} {_HEX} => {_HEX} {_HEX} {_HEX} {_HEX}")
_CPUID_R = re.compile(rf"\s*0x{_HEX} 0x{_HEX}: eax=0x{_HEX} ebx=0x{_HEX} ecx=0x{_HEX} edx=0x{_HEX}")
_NEW_CPU = re.compile(r"-+\[.*Logical CPU #\d+ \]-+|CPU \d+:|# mask |_+ Logical CPU #\d+ _+")
_OLD_PLACES = {
    "basic_cpuid": 0, "ext_cpuid": 0x80000000, "intel_fn4": 4, "intel_fn11": 0xB, "amd_fn8000001dh": 0x8000001D,
}  # fmt: skip


def cpu_from_cpuid_dump(text: str) -> Cpu | None:
    """The processor in a raw dump of one or of all its logical CPUs; None when there is no x86 CPUID in it."""
    cpus = [cpu for cpu in _dumps(text) if (0, 0) in cpu and (1, 0) in cpu]
    if not cpus:
        return None
    first = cpus[0]
    family, model, stepping = signature(first[1, 0][0])
    name = _brand(first)
    flags = flags_from_cpuid(lambda leaf, sub: first.get((leaf, sub)))
    sockets, cores, threads = _counts(cpus, flags)
    caches = _caches(cpus, cores, threads)
    return Cpu(
        vendor=meant(_vendor(first)),
        model_name=meant(name),
        architecture="x86_64" if "lm" in flags else "i686",
        family=family,
        model=model,
        stepping=stepping,
        sockets=sockets,
        cores=cores,
        threads=threads,
        base_mhz=advertised_mhz(name),
        l1d_bytes=caches.get((1, 1)),
        l1i_bytes=caches.get((1, 2)),
        l2_bytes=caches.get((2, 3)),
        l3_bytes=caches.get((3, 3)),
        flags=flags,
    )


def _dumps(text: str) -> list[Leaves]:
    cpus: list[Leaves] = [{}]
    for line in text.splitlines():
        if _NEW_CPU.match(line):
            cpus.append({})
        for place, registers in _line(line):
            # A second answer for the same place in one section belongs to nothing we know: the first one stays.
            cpus[-1].setdefault(place, registers)
    return [_answered(cpu) for cpu in cpus]


def _answered(cpu: Leaves) -> Leaves:
    """Without the leaves above the highest one the processor knows: it answers those with another leaf's numbers."""
    basic, extended = cpu.get((0, 0), (0,) * 4)[0], cpu.get((0x80000000, 0), (0,) * 4)[0]
    return {
        place: registers
        for place, registers in cpu.items()
        if place[0] <= (extended if place[0] >= 0x80000000 else basic) or place[0] == 0x80000000
    }


def _line(line: str) -> Iterator[tuple[tuple[int, int], Registers]]:
    if match := _LIBCPUID.match(line):
        yield (int(match[1], 16), int(match[6] or "0", 16)), _registers(match, 2)
    elif match := _HWLOC.fullmatch(line.strip()):
        # "mask in_eax in_ebx in_ecx in_edx => …": ecx is the subleaf.
        yield (int(match[2], 16), int(match[4], 16)), _registers(match, 6)
    elif match := _CPUID_R.match(line):
        yield (int(match[1], 16), int(match[2], 16)), _registers(match, 3)
    elif (match := _LIBCPUID_OLD.match(line)) and match[1] in _OLD_PLACES:
        start, index = _OLD_PLACES[match[1]], int(match[2])
        is_list = match[1].endswith("cpuid")
        yield ((start + index, 0) if is_list else (start, index)), _registers(match, 3)


def _registers(match: re.Match[str], start: int) -> Registers:
    return int(match[start], 16), int(match[start + 1], 16), int(match[start + 2], 16), int(match[start + 3], 16)


def signature(eax: int) -> tuple[int, int, int]:
    """(family, model, stepping) as Linux counts them (arch/x86/lib/cpu.c)."""
    family, model = eax >> 8 & 15, eax >> 4 & 15
    if family == 15:
        family += eax >> 20 & 255
    if family >= 6:
        model += (eax >> 16 & 15) << 4
    return family, model, eax & 15


def _text(registers: tuple[int, ...]) -> str:
    return b"".join(number.to_bytes(4, "little") for number in registers).split(b"\0")[0].decode("latin-1")


def _vendor(cpu: Leaves) -> str:
    _, ebx, ecx, edx = cpu[0, 0]
    return _text((ebx, edx, ecx))


def _brand(cpu: Leaves) -> str:
    parts = [cpu.get((leaf, 0)) for leaf in (0x80000002, 0x80000003, 0x80000004)]
    return clean(_text(tuple(number for part in parts if part for number in part))) if all(parts) else ""


def _shifts(cpu: Leaves) -> tuple[int, int] | None:
    """Bits of the APIC id that tell the thread, and the thread and core, from the topology leaves (0x1F, 0xB)."""
    for leaf in (0x1F, 0xB):
        levels = [cpu[leaf, sub] for sub in range(8) if (leaf, sub) in cpu]
        levels = [level for level in levels if level[2] >> 8 & 255]
        if levels and levels[0][1]:
            smt = next((level[0] & 31 for level in levels if level[2] >> 8 & 255 == 1), 0)
            return smt, levels[-1][0] & 31
    return None


def _apic(cpu: Leaves) -> int:
    for leaf in (0x1F, 0xB):
        if (leaf, 0) in cpu and cpu[leaf, 0][1]:
            return cpu[leaf, 0][3]
    if (0x8000001E, 0) in cpu:
        return cpu[0x8000001E, 0][0]
    return cpu[1, 0][1] >> 24


def _widths(cpu: Leaves, flags: tuple[str, ...]) -> tuple[int, int]:
    """(threads of a core, threads of a package) as this CPU counts them; the package's may be an upper bound."""
    if "ht" not in flags:
        return 1, 1
    logical = cpu[1, 0][1] >> 16 & 255 or 1
    if (4, 0) in cpu and cpu[4, 0][0] & 31:
        cores = (cpu[4, 0][0] >> 26) + 1
        return max(1, logical // cores), max(logical, cores)
    if (0x80000008, 0) in cpu and _vendor(cpu) in ("AuthenticAMD", "HygonGenuine"):
        threads = (cpu[0x80000008, 0][2] & 255) + 1
        per_core = (cpu[0x8000001E, 0][1] >> 8 & 255) + 1 if (0x8000001E, 0) in cpu and "topoext" in flags else 1
        # Before Zen that field counts the cores of a module, which are cores all the same.
        return (per_core if signature(cpu[1, 0][0])[0] >= 23 else 1), threads
    return 1 if "cmp_legacy" in flags else logical, logical


def _counts(cpus: list[Leaves], flags: tuple[str, ...]) -> tuple[int | None, int | None, int | None]:
    """(sockets, cores, threads) from the APIC ids of all logical CPUs; from one of them, its package alone."""
    per_core, per_package = _widths(cpus[0], flags)
    shifts = _shifts(cpus[0]) or ((per_core - 1).bit_length(), (per_package - 1).bit_length())
    if len(cpus) > 1:
        ids = {_apic(cpu) for cpu in cpus}
        if len(ids) == len(cpus):
            smt = shifts[0]
            return len({one >> shifts[1] for one in ids}), len({one >> smt for one in ids}), len(cpus)
        return None, None, len(cpus)
    levels = [cpus[0][leaf, sub] for leaf in (0xB,) for sub in (0, 1) if (leaf, sub) in cpus[0]]
    if len(levels) == 2 and levels[0][1] and levels[1][1]:
        per_core, per_package = levels[0][1] & 0xFFFF, levels[1][1] & 0xFFFF
    return None, max(1, per_package // per_core), per_package


def _caches(cpus: list[Leaves], cores: int | None, threads: int | None) -> dict[tuple[int, int], int]:
    """Bytes by (level, type: 1 data, 2 instructions, 3 both), every instance once, from leaf 4 or its AMD twin."""
    seen: dict[tuple[int, int, int], int] = {}
    found: dict[tuple[int, int], int] = {}
    for cpu in cpus:
        for level, kind, sharing, size_bytes in _cache_leaves(cpu):
            # The APIC id without the bits that tell its sharers apart; their number differs between kinds of core.
            seen[level, kind, _apic(cpu) & -1 << (sharing - 1).bit_length()] = size_bytes
    for (level, kind, _), size_bytes in seen.items():
        found[level, kind] = found.get((level, kind), 0) + size_bytes
    if len(cpus) > 1 or threads == 1:
        return found
    # One logical CPU dumped: how many there are of a cache is known for those of a core only.
    per_core = threads // cores if threads and cores else 1
    sharing_of = {(level, kind): sharing for level, kind, sharing, _ in _cache_leaves(cpus[0])}
    return {key: size * (cores or 1) for key, size in found.items() if sharing_of[key] <= max(2, per_core)}


def _cache_leaves(cpu: Leaves) -> Iterator[tuple[int, int, int, int]]:
    leaf = 0x8000001D if _vendor(cpu) in ("AuthenticAMD", "HygonGenuine") else 4
    for sub in range(8):
        eax, ebx, ecx, _ = cpu.get((leaf, sub), (0, 0, 0, 0))
        kind = eax & 31
        if kind not in (1, 2, 3):
            break
        size = ((ebx >> 22) + 1) * ((ebx >> 12 & 0x3FF) + 1) * ((ebx & 0xFFF) + 1) * (ecx + 1)
        yield eax >> 5 & 7, kind, (eax >> 14 & 0xFFF) + 1, size
