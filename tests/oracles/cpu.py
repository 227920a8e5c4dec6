"""Oracles for the processor: libcpuid's decode of raw CPUID dumps, lscpu on captured systems, Microsoft's CPU names."""

import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.facts import Cpu
from agent.host import Host, Output
from agent.probes.cpu import derived, probe
from agent.probes.cpuid_dump import cpu_from_cpuid_dump
from agent.probes.cpuinfo_text import parse_cpuinfo
from agent.probes.lscpu import parse_lscpu
from agent.probes.smbios import Table
from tests.oracles import Agreement

_RULE = "-" * 80
_LEVELS = {
    2: frozenset("cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2".split()),
    3: frozenset("avx avx2 bmi1 bmi2 f16c fma abm movbe".split()),
    4: frozenset("avx512f avx512bw avx512cd avx512dq avx512vl".split()),
}
# libcpuid's names of flags that Linux spells otherwise (libcpuid/cpuid_main.c, cpu_feature_str).
_FLAG_NAMES = {
    "pclmul": "pclmulqdq", "dts64": "dtes64", "xd": "nx", "fma3": "fma", "sse3": "pni", "ts": "ts", "mmxext": "mmxext",
    "avx512vnni": "avx512_vnni", "avx512vbmi2": "avx512_vbmi2",
}  # fmt: skip
# Not CPUID bits of the leaves read, or hidden by Linux.
_FLAGS_LEFT_OUT = frozenset("osxsave constant_tsc ts fid vid ttp tm_amd stc 100mhzsteps hwpstate pa pfi".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    """One block of a libcpuid test: a kind of core, with its counts."""

    level: str
    family: int
    stepping: int
    model: int
    cores: int
    threads: int
    l1d_kib: int
    l1i_kib: int
    l2_kib: int
    l3_kib: int
    instances: tuple[int, ...]
    flags: frozenset[str]


def agreement(corpus: Path) -> Agreement:
    """Our decode of libcpuid's raw dumps against the decode it expects of itself."""
    total = Agreement(kind="cpuid", oracle="libcpuid expected decode")
    for path in sorted((corpus / "cpuid").glob("*.test")):
        raw, *blocks = path.read_text("utf-8", "replace").split(_RULE)
        expected = [_expected(block) for block in blocks if block.strip().startswith("x86\n")]
        cpu = cpu_from_cpuid_dump(raw)
        if cpu and expected:
            total.files += 1
            _compare_libcpuid(total, path.name, derived(cpu), expected, raw)
    return total


def _expected(block: str) -> _Expected:
    lines = block.strip().splitlines()
    ext_family, ext_model = int(lines[6]), int(lines[7])
    caches = [int(line) for line in lines[10:14]]
    return _Expected(
        level=lines[1],
        family=ext_family,
        stepping=int(lines[5]),
        model=ext_model,
        cores=int(lines[8]),
        threads=int(lines[9]),
        l1d_kib=caches[0],
        l1i_kib=caches[1],
        l2_kib=caches[2],
        l3_kib=caches[3],
        instances=tuple(int(line) for line in lines[25:29]),
        flags=frozenset(_FLAG_NAMES.get(name, name) for name in lines[-1].split()) - _FLAGS_LEFT_OUT,
    )


def _compare_libcpuid(total: Agreement, where: str, cpu: Cpu, expected: list[_Expected], raw: str) -> None:
    first = expected[0]
    level = re.search(r"x86-64-v(\d)", first.level)
    fields: list[tuple[str, object, object]] = [
        ("family", cpu.family, first.family),
        ("model", cpu.model, first.model),
        ("stepping", cpu.stepping, first.stepping),
        ("cores", cpu.cores, sum(block.cores for block in expected)),
        ("threads", cpu.threads, sum(block.threads for block in expected)),
        ("x86_64_level", cpu.x86_64_level, int(level[1]) if level else 1 if first.level == "x86-64" else 0),
        ("is_64_bit", cpu.is_64_bit, "x86-64" in first.level),
    ]
    if brand := _brand(raw):
        fields.append(("model_name", (cpu.model_name or "").replace(" ", ""), brand))
    sums = {"l1d_kib": cpu.l1d_bytes, "l1i_kib": cpu.l1i_bytes, "l2_kib": cpu.l2_bytes, "l3_kib": cpu.l3_bytes}
    for place, (name, ours) in enumerate(sums.items()):
        sizes = [(getattr(block, name), block.instances[place]) for block in expected]
        if ours is None or any(size > 0 and count < 1 for size, count in sizes):
            continue  # cache leaves older than leaf 4 are not read, and the oracle may not count instances
        total_kib = sum(size * count for size, count in sizes if size > 0)
        if name == "l1d_kib" and sizes[0][0] == 0:
            continue
        fields.append((name, ours >> 10, total_kib if name != "l3_kib" else max(s * c for s, c in sizes)))
    fields += [(f"flag {name}", name in (cpu.flags or ()), True) for name in sorted(first.flags)]
    for name, mine, theirs in fields:
        if name == "x86_64_level" and isinstance(theirs, int) and theirs > 1 and not _LEVELS[theirs] <= first.flags:
            continue  # libcpuid 0.7 names levels whose flags it does not list itself: no oracle here
        _tell(total, where, name, mine, theirs, raw)


def _brand(raw: str) -> str | None:
    """The name as the dump prints it beside the numbers."""
    parts = re.findall(r"^CPUID 8000000[234]: \S+ \[(.{0,16})\]", raw, re.MULTILINE)[:3]
    return "".join(parts).replace(" ", "") or None  # the dump drops blanks at the end of a part


def _tell(total: Agreement, where: str, name: str, ours: object, theirs: object, raw: str) -> None:
    before = len(total.residues)
    total.compare(where, name, ours, theirs)
    if len(total.residues) > before:
        total.residues[-1] += " – " + _why(where, name, ours, theirs, raw)


def _why(where: str, name: str, ours: object, theirs: object, raw: str) -> str:
    """The reason for a known difference; "unexplained" is what the test refuses."""
    if "ryzen-7-5800x3d" in where and name == "threads":
        return "the oracle's blocks repeat the same processor"
    if "zen5" in where and name == "l3_kib":
        return "two kinds of core with an L3 each; the sum of both is ours"
    if "tulsa-dual" in where and name == "cores":
        return "two processors in the dump; the oracle counts the cores of one"
    if "genuine-intel-cpu-4000" in where:
        return "one of four logical CPUs dumped: leaf 0xB names all four, the oracle counts the one"
    if theirs == 0 and name == "l1d_kib":
        return "a NetBurst or Saltwell L1 the oracle does not know"
    return "unexplained"


# --- systems ----------------------------------------------------------------------------------------------------------


_WANTED = re.compile(
    r"proc/(cpuinfo|sysinfo)$|system/cpu/(present|online|possible|kernel_max)$|system/cpu/cpu\d+/(online$|topology/.|"
    r"cache/index\d/(level|type|size|id|shared_cpu_\w+)$|cpufreq/(base_frequency|cpuinfo_max_freq)$)"
)


class _Silent:
    """A runner with nothing to say: what is compared must come from files."""

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        return Output(argv=argv, why="absent")

    def outputs(self, program: str) -> tuple[Output, ...]:
        return ()


def sysroots(corpus: Path) -> Iterator[tuple[str, Path]]:
    """Every captured /proc and /sys, unpacked for the time of one step."""
    for tier in ("", "restricted/"):
        for path in sorted((corpus / f"{tier}lscpu-sysroot").glob("*.tar.*")):
            with tempfile.TemporaryDirectory() as folder:
                _unpack(path, Path(folder))
                root = next((cpu.parents[3] for cpu in Path(folder).rglob("sys/devices/system/cpu")), None)
                root = root or next((file.parents[1] for file in Path(folder).rglob("proc/cpuinfo")), None)
                if root:
                    yield path.name, root


def _unpack(path: Path, folder: Path) -> None:
    with tarfile.open(path) as archive:
        for member in archive:
            name = Path(member.name)
            if not _WANTED.search(member.name) or ".." in name.parts or name.is_absolute():
                continue
            place = folder / name
            if (member.isfile() or member.islnk()) and (file := archive.extractfile(member)) is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.read())


def probed(root: Path) -> Cpu | None:
    return probe(Host(root, _Silent()), Table()).facts.get("cpu")


def agreement_with_lscpu(corpus: Path) -> Agreement:
    """Our reading of each captured /proc and /sys against the installed lscpu on the same files."""
    total = Agreement(kind="lscpu-sysroot", oracle="lscpu --sysroot")
    for name, root in sysroots(corpus):
        run = subprocess.run(
            ["lscpu", "--sysroot", str(root), "-B"],
            capture_output=True, timeout=20, env={"LC_ALL": "C"},
        )  # fmt: skip
        cpu = probed(root)
        if run.returncode or cpu is None or cpu.vendor not in ("GenuineIntel", "AuthenticAMD"):
            continue  # lscpu 2.38 multiplies the first cluster of an ARM; no PC of ours is one
        total.files += 1
        _compare_lscpu(total, name, cpu, run.stdout.decode("utf-8", "replace"))
    return total


def _compare_lscpu(total: Agreement, where: str, cpu: Cpu, text: str) -> None:
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}

    def number(key: str) -> int | None:
        match = re.match(r"\d+$", told.get(key, ""))
        return int(match[0]) if match else None

    sockets, per_socket = number("Socket(s)"), number("Core(s) per socket")
    fields: list[tuple[str, object, object]] = [
        ("threads", cpu.threads, number("CPU(s)")),
        ("sockets", cpu.sockets, sockets),
        ("cores", cpu.cores, sockets * per_socket if sockets and per_socket else None),
        ("l1d_bytes", cpu.l1d_bytes, number("L1d cache")),
        ("l1i_bytes", cpu.l1i_bytes, number("L1i cache")),
        ("l2_bytes", cpu.l2_bytes, number("L2 cache")),
        ("l3_bytes", cpu.l3_bytes, number("L3 cache")),
    ]
    fields += [
        ("vendor", cpu.vendor, told.get("Vendor ID")),
        ("family", cpu.family, number("CPU family")),
        ("model", cpu.model, number("Model")),
        ("stepping", cpu.stepping, number("Stepping")),
        ("model_name", cpu.model_name, " ".join(told.get("Model name", "").split()) or None),
        ("flags", cpu.flags, tuple(sorted(told.get("Flags", "").split())) or None),
    ]
    are_all_on = "Off-line CPU(s) list" not in told
    for name, ours, theirs in fields:
        if theirs is not None and (are_all_on or name not in ("cores", "threads")):
            _tell(total, where, name, ours, theirs, text)


# --- Windows 11 -------------------------------------------------------------------------------------------------------


def agreement_with_microsoft(corpus: Path) -> Agreement:
    """Our family/model rule against Microsoft's list of names, over every processor of the corpus with a known name."""
    total = Agreement(kind="lscpu, cpuinfo, cpuid", oracle="Microsoft's supported names")
    listed = {
        bare_name(line)
        for path in (corpus / "reference").glob("win11_supported_*.txt")
        for line in path.read_text("utf-8").splitlines()
        if not re.fullmatch(r"[\d.]+|EOF|", line)
    }
    for cpu in sorted(set(_processors(corpus)), key=lambda cpu: cpu.model_name or ""):
        if cpu.windows_11 in (None, "borderline") or cpu.vendor not in ("GenuineIntel", "AuthenticAMD"):
            continue
        if not cpu.model_name or re.search(r"QEMU|Genuine Intel|Eng Sample|0000|Virtual|\?", cpu.model_name):
            continue
        total.files += 1
        where = f"{cpu.model_name} ({cpu.family}/{cpu.model}/{cpu.stepping})"
        theirs = "eligible" if bare_name(cpu.model_name) in listed else "not-eligible"
        before = len(total.residues)
        total.compare(where, "windows_11", cpu.windows_11, theirs)
        if len(total.residues) > before:
            total.residues[-1] += " – " + _why_not_listed(cpu)
    return total


def _processors(corpus: Path) -> Iterator[Cpu]:
    for pattern in ("lscpu-text/*", "**/lscpu*.txt", "**/cpuinfo*", "cpuid/*.test"):
        for path in corpus.glob(pattern):
            if not path.is_file():
                continue
            text = path.read_text("utf-8", "replace")
            if path.suffix == ".test":
                cpu = cpu_from_cpuid_dump(text)
            else:
                cpu = parse_lscpu(text) if "lscpu" in str(path) else parse_cpuinfo(text)
            if cpu is not None:
                known = derived(cpu)
                yield Cpu(
                    vendor=known.vendor,
                    model_name=known.model_name,
                    family=known.family,
                    model=known.model,
                    stepping=known.stepping,
                    windows_11=known.windows_11,
                )


def bare_name(name: str) -> str:
    """A marketing name without what the list and the processor write differently."""
    name = re.sub(r"\((R|TM)\)|@.*|\bw/.*|\bwith .*|\b\d+th Gen\b|\b\S+-Core\b", " ", name, flags=re.IGNORECASE)
    name = re.sub(r"\b(Intel|AMD|CPU|Processor|APU|Mobile|Radeon.*)\b", " ", name, flags=re.IGNORECASE)
    return " ".join(name.replace("-", " ").lower().split())


# Every one passes Microsoft's own setup (its block list is by family and model) and is only missing from the name list.
_NOT_LISTED = {
    "AMD 4700S": "a console chip sold as a kit: never listed for PCs",
    "AMD Ryzen 3 1200": "the 2020 remake on Zen+ (model 8) under the name of a Zen 1 part",
    "AMD Ryzen 7 PRO 4700G": "the list has it without PRO",
    "AMD Ryzen AI 7 PRO 360": "the name list stops short of it",
    "AMD Ryzen Threadripper 2950X": "the list names only the PRO models of the line",
    "AMD Ryzen Threadripper 3990X": "the list names only the PRO models of the line",
    "Intel(R) Core(TM) i5-1030NG7": "made for Apple alone",
    "Intel(R) Pentium(R) CPU 5405U": "the list says Pentium Gold, the processor does not",
}


def _why_not_listed(cpu: Cpu) -> str:
    return next((why for name, why in _NOT_LISTED.items() if (cpu.model_name or "").startswith(name)), "unexplained")
