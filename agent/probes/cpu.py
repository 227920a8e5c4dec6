"""The processor: /proc/cpuinfo and /sys first, then recorded lscpu or cpuid output, SMBIOS type 4 last.

Each field comes from the first source that tells it. What follows from identity and flags (level, Windows 11, year) is
computed once, from the joined facts; nothing is guessed from a marketing name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec

from agent.facts import Cpu
from agent.host import Host
from agent.probes import Findings, cpu_sysfs
from agent.probes.cpuid_rules import believable, is_x86, launch_year, windows_11, x86_64_level
from agent.probes.cpuinfo_text import advertised_mhz, parse_cpuinfo
from agent.text import meant

_CPUINFO = "/proc/cpuinfo"
_FLAG = re.compile(r"[!-~]{1,40}")
# A missing one of these changes a verdict, so it is told.
_NEEDED = ("model_name", "vendor", "cores", "threads", "flags", "is_64_bit", "x86_64_level", "windows_11")


class Processor(Protocol):
    """What is used of an SMBIOS type 4 structure."""

    @property
    def maker(self) -> str | None: ...
    @property
    def model_name(self) -> str | None: ...
    @property
    def is_populated(self) -> bool | None: ...
    @property
    def cores(self) -> int | None: ...
    @property
    def threads(self) -> int | None: ...
    @property
    def current_mhz(self) -> int | None: ...


class Processors(Protocol):
    @property
    def processors(self) -> Sequence[Processor]: ...


def probe(host: Host, table: Processors) -> Findings:
    found = Findings()
    best = Cpu()
    main: str | None = None
    for cpu, source in _sources(host, table, found):
        fresh = {
            field: getattr(cpu, field)
            for field in cpu.__struct_fields__
            if getattr(best, field) is None and getattr(cpu, field) is not None
        }
        if fresh:
            best = msgspec.structs.replace(best, **fresh)
            main = main or source
            found.sources |= {f"cpu.{field}": source for field in fresh if source != main}
    best = derived(best)
    _tell_gaps(best, main or _CPUINFO, found)
    if main:
        found.found("cpu", best, main)
    return found


def _sources(host: Host, table: Processors, found: Findings) -> Iterator[tuple[Cpu, str]]:
    """Best first. lscpu is asked only where /proc/cpuinfo is missing or does not tell the architecture."""
    text = host.text(_CPUINFO)
    cpuinfo = parse_cpuinfo(text) if text else Cpu()
    topology = cpu_sysfs.read(host)
    if cpuinfo.architecture in ("aarch64", "arm"):
        # There "physical_package_id" is often a cluster of cores.
        topology = replace(topology, cpu=msgspec.structs.replace(topology.cpu, sockets=None))
    if topology.cpu != Cpu():
        yield topology.cpu, cpu_sysfs.ROOT
    if topology.offline and topology.cpu.threads:
        told = f"present: {topology.cpu.threads}; switched off: {topology.offline}"
        found.missed("cpu.cores", cpu_sysfs.ROOT, "conflict", told)
    if cpuinfo != Cpu():
        yield cpuinfo, _CPUINFO
    for output in host.outputs("cpuinfo"):
        yield parse_cpuinfo(output.text), output.source
    recorded = host.outputs("lscpu") + host.outputs("lscpu-bsd")
    for output in recorded or (() if cpuinfo.architecture else (host.run("lscpu"),)):
        from agent.probes.lscpu import parse_lscpu  # most PCs never need it

        lscpu = parse_lscpu(output.text)
        if lscpu:
            yield lscpu, output.source
    for output in host.outputs("cpuid"):
        from agent.probes.cpuid_dump import cpu_from_cpuid_dump

        dump = cpu_from_cpuid_dump(output.text)
        if dump:
            yield dump, output.source
    yield from _from_table(table)


def _from_table(table: Processors) -> Iterator[tuple[Cpu, str]]:
    """Sockets with a processor in them. "Max Speed" is the socket's, often absurd, and is not used."""
    fitted = [processor for processor in table.processors if processor.is_populated is not False]
    if not fitted:
        return
    name = next((processor.model_name for processor in fitted if processor.model_name), None)
    cores = [processor.cores for processor in fitted]
    threads = [processor.threads for processor in fitted]
    clocks = [processor.current_mhz for processor in fitted if processor.current_mhz]
    yield (
        Cpu(
            model_name=meant(name),
            sockets=len(fitted),
            cores=sum(number for number in cores if number) if all(cores) else None,
            threads=sum(number for number in threads if number) if all(threads) else None,
            base_mhz=(advertised_mhz(name) if name else None) or max(clocks, default=None),
        ),
        "SMBIOS type 4",
    )


def derived(cpu: Cpu) -> Cpu:
    """`cpu` with what follows from its identity and flags; what is known already stays."""
    if cpu.flags and not all(map(_FLAG.fullmatch, cpu.flags)):  # a damaged text, or a hostile one
        cpu = msgspec.structs.replace(cpu, flags=tuple(filter(_FLAG.fullmatch, cpu.flags)) or None)
    x86 = is_x86(cpu) or "vme" in (cpu.flags or ())
    # A list of flags that was cut short proves what it contains, and nothing by what it lacks.
    whole = x86 and cpu.flags is not None and believable(cpu.flags, cpu.vendor, cpu.family, cpu.model)
    flags = frozenset(cpu.flags or ())
    is_64_bit = cpu.is_64_bit
    if x86 and "lm" in flags or (is_64_bit is None and cpu.architecture in ("x86_64", "aarch64", "riscv64")):
        is_64_bit = True
    elif whole:
        is_64_bit = is_64_bit or False
    level = None
    if whole:
        level = x86_64_level(flags)
    elif is_64_bit is False or cpu.architecture and not x86:
        level = 0
    identity = (cpu.vendor, cpu.family, cpu.model, cpu.stepping)
    virtual = cpu.has_virtualisation
    if virtual is None and x86 and cpu.flags:
        virtual = True if flags & {"vmx", "svm"} else False if whole else None
    return msgspec.structs.replace(
        cpu,
        # A 32-bit system on a 64-bit processor: the fact is the processor's.
        architecture="x86_64" if x86 and is_64_bit else cpu.architecture,
        is_64_bit=is_64_bit,
        x86_64_level=level,
        has_virtualisation=virtual,
        windows_11=windows_11(*identity),
        launch_year=launch_year(*identity),
    )


def _tell_gaps(cpu: Cpu, source: str, found: Findings) -> None:
    for field in _NEEDED:
        if getattr(cpu, field) is None:
            found.missed(f"cpu.{field}", source, "absent", _REASONS.get(field, ""))


_REASONS = {
    "x86_64_level": "processor flags unknown",
    "is_64_bit": "processor flags unknown",
    "windows_11": "processor family and model unknown",
}
