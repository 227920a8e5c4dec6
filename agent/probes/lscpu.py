"""lscpu text → `Cpu`. Pure. Every version since 2.20, the BSD look-alike, and the languages refurbishers run.

The text is for people, so it is a fallback: the same facts come better from /proc and /sys.
"""

import re

from agent.facts import Cpu
from agent.probes.cpuid_rules import X86_VENDORS
from agent.probes.cpuinfo_text import advertised_mhz
from agent.text import meant

# Our name for a line: its keys, lower case, without the blank some languages put before the colon.
_KEYS = {
    "architecture": "architecture|arquitectura|architektur|архитектура|架构|architettura|arquitetura",
    "modes": "cpu op-mode(s)|mode(s) opératoire(s) des processeurs|modo(s) de operación de las cpus|"
    "cpu operationsmodus|cpu 运行模式|режим(ы) работы цпу",
    "threads": "cpu(s)|total cpu(s)|processeur(s)|cpu",
    "per_core": "thread(s) per core|thread(s) par cœur|hilo(s) de procesamiento por núcleo|thread(s) pro kern|"
    "потоков на ядро|每个核的线程数",
    "per_socket": "core(s) per socket|cœur(s) par socket|núcleo(s) por «socket»|kern(e) pro socket|kern(e) pro sockel|"
    "ядер на сокет|每个座的核数",
    "per_cluster": "core(s) per cluster|cœur(s) par grappe",
    "clusters": "cluster(s)|grappe(s)",
    "sockets": "socket(s)|«socket(s)»|sockel|сокетов|座",
    "vendor": "vendor id|vendor|identifiant constructeur|id de fabricante|anbieterkennung|id прроизводителя|"
    "id производителя|厂商 id",
    "family": "cpu family|famille de processeur|familia de cpu|prozessorfamilie|семейство цпу|cpu 系列",
    "model": "model|modèle|modelo|modell|модель|型号",
    "name": "model name|nom de modèle|nombre del modelo|modellname|имя модели|型号名称",
    "stepping": "stepping|révision|revisión|степпинг|степпинг|步进",
    "max_mhz": "cpu max mhz|vitesse maximale du processeur en mhz|cpu mhz máx.|maximale taktfrequenz der cpu|"
    "cpu 最大 mhz",
    "virtualisation": "virtualization|virtualisation|virtualización|virtualisierung|виртуализация|虚拟化",
    "flags": "flags|drapaux|drapeaux|indicadores|markierungen|флаги|标记",
    "l1d": "l1d cache|cache l1d|caché l1d|l1d 缓存|l1d|l1d кэш",
    "l1i": "l1i cache|cache l1i|caché l1i|l1i 缓存|l1i|l1i кэш",
    "l2": "l2 cache|cache l2|caché l2|l2 缓存|l2|l2 кэш",
    "l3": "l3 cache|cache l3|caché l3|l3 缓存|l3|l3 кэш",
}
_NAMES = {key: name for name, keys in _KEYS.items() for key in keys.split("|")}
_64_BIT = frozenset(
    "x86_64 amd64 aarch64 arm64 ppc64 ppc64le s390x riscv64 sparc64 ia64 mips64 alpha loongarch64".split()
)
_ARCHITECTURES = {"amd64": "x86_64", "i386": "i686", "arm64": "aarch64"}
# FreeBSD and its kin spell a few flags their own way (sys/x86/x86/identcpu.c); ours are Linux's.
_BSD_FLAGS = {
    "sse3": "pni", "lzcnt": "abm", "rdrnd": "rdrand", "cflsh": "clflush", "clfsh": "clflush", "htt": "ht", "ds": "dts",
    "sse4.1": "sse4_1", "sse4.2": "sse4_2", "tsc_deadline": "tsc_deadline_timer", "page1gb": "pdpe1gb", "tscdlt":
    "tsc_deadline_timer", "lahf": "lahf_lm", "sha": "sha_ni",
    "mmx+": "mmxext", "3dnow!": "3dnow", "3dnow!+": "3dnowext",
}  # fmt: skip
_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def parse_lscpu(text: str) -> Cpu | None:
    """The Cpu that this text tells, None when it is no lscpu text (a tool's error message, an empty file)."""
    told = _lines(text)
    if not told.keys() & {"architecture", "name", "vendor", "per_core"}:
        return None
    one = {name: values[0] for name, values in told.items()}
    architecture = _ARCHITECTURES.get(one.get("architecture", ""), one.get("architecture")) or None
    vendor = meant(one.get("vendor"))
    flags = _flags(one.get("flags"))
    sockets, cores, threads = _counts(told)
    is_x86 = vendor in X86_VENDORS
    if "total cpu(s)" in text.casefold() and vendor == "AuthenticAMD" and (_whole(one.get("family")) or 0) >= 23:
        cores = None  # the BSD look-alike counts every thread of a Zen as a core
    names = dict.fromkeys(name for name in told.get("name", []) if name and name != "-")
    return Cpu(
        vendor=vendor,
        model_name=meant(" + ".join(names)),
        architecture=meant(architecture),
        family=_whole(one.get("family")) if is_x86 else None,
        model=_whole(one.get("model")) if is_x86 else None,
        stepping=_whole(one.get("stepping")) if is_x86 else None,
        sockets=sockets,
        cores=cores,
        threads=threads,
        base_mhz=advertised_mhz(one.get("name", "")),
        max_mhz=_mhz(told.get("max_mhz", [])),
        l1d_bytes=_cache(one.get("l1d"), cores if is_x86 else None),
        l1i_bytes=_cache(one.get("l1i"), None),
        l2_bytes=_cache(one.get("l2"), 1 if cores == 1 else None),
        l3_bytes=_cache(one.get("l3"), 1 if cores == 1 else None),
        flags=flags,
        is_64_bit=_is_64_bit(one.get("modes"), architecture, flags, is_x86=is_x86),
        has_virtualisation=True if one.get("virtualisation") in ("VT-x", "AMD-V") else None,
    )


def _lines(text: str) -> dict[str, list[str]]:
    """Values by our name; more than one where a PC has several kinds of core. Wrapped lines are joined again."""
    lines = [line.rstrip() for line in text.splitlines()]
    width = max((len(line) for line in lines), default=0)
    told: dict[str, list[str]] = {}
    name: str | None = None
    column = 0
    for before, line in zip(["", *lines], lines, strict=False):
        key, colon, value = line.replace("：", ":", 1).partition(":")
        # "«Socket(s)»  1": that one Spanish line has no colon.
        bare = re.fullmatch(r"\s*(«Socket\(s\)»)\s+(\d+)", line)
        found = _NAMES.get((bare[1] if bare else key).strip().casefold())
        if bare or colon and (found or not _continues(line, column)):
            name, text_value = found, bare[2] if bare else value
            column = len(line) - len(text_value.lstrip())
            if name:
                told.setdefault(name, []).append(text_value.strip())
        elif name and _continues(line, column):
            # Wrapped at a fixed width in the middle of words: a blank at the cut was lost with the line's end.
            told[name][-1] += " " * (width - len(before)) + line[column:]
    return told


def _continues(line: str, column: int) -> bool:
    return bool(line) and column > 8 and not line[:column].strip()


def _whole(text: str | None) -> int | None:
    if not text or not re.fullmatch(r"\d{1,9}|0x[0-9a-f]{1,8}", text):
        return None
    return int(text, 0) if text.startswith("0x") else int(text)


def _counts(told: dict[str, list[str]]) -> tuple[int | None, int | None, int | None]:
    """(sockets, cores, threads). Chips with several kinds of core repeat the lines, one group for each kind."""
    threads = _whole(told.get("threads", [""])[0])
    per_core = [_whole(text) for text in told.get("per_core", [])]
    sockets = [_whole(text) for text in told.get("sockets", [])]
    per_socket = [_whole(text) for text in told.get("per_socket", [])]
    if not any(per_socket) and told.get("per_cluster"):
        per_socket = [_whole(text) for text in told["per_cluster"]]
        sockets = [_whole(text) for text in told.get("clusters", [])]
        known_sockets = None
    else:
        known_sockets = max((number for number in sockets if number), default=None)
    pairs = [(a, b) for a, b in zip(per_socket, sockets, strict=False) if a and b]
    cores = sum(a * b for a, b in pairs) if pairs and len(pairs) == len(per_socket) else None
    if threads is None and cores and len(pairs) == 1 and per_core and per_core[0]:
        threads = cores * per_core[0]
    return known_sockets, cores, threads


def _mhz(texts: list[str]) -> int | None:
    values = [re.match(r"(\d{1,9})(?:[.,]\d+)?$", text) for text in texts]
    return max((int(match[1]) for match in values if match), default=None) or None


def _cache(text: str | None, instances: int | None) -> int | None:
    """Bytes of all instances. "128 KiB" (since 2.34) counts them all; "32K" is one, of which there are `instances`."""
    match = re.fullmatch(r"(\d{1,12})(?:[.,](\d{1,9}))?\s*([KMG]?)(i?B)?\s*(?:\(.*\))?", (text or "").strip())
    if not match or not match[4] and instances is None:
        return None
    unit = _UNITS[match[3].lower() or "b"]
    size_bytes = int(match[1]) * unit + (int((match[2] + "000")[:3]) * unit // 1000 if match[2] else 0)
    return (size_bytes if match[4] else size_bytes * (instances or 0)) or None


def _flags(text: str | None) -> tuple[str, ...] | None:
    if not text:
        return None
    return tuple(sorted({_BSD_FLAGS.get(flag, flag) for flag in text.lower().split()}))


def _is_64_bit(
    modes: str | None, architecture: str | None, flags: tuple[str, ...] | None, *, is_x86: bool
) -> bool | None:
    """A 32-bit system on a 64-bit processor says "i686" and "32-bit, 64-bit": the processor is what counts."""
    if modes and "64-bit" in modes or architecture in _64_BIT or is_x86 and flags and "lm" in flags:
        return True
    return False if modes == "32-bit" else None  # lscpu's own reading of the flags
