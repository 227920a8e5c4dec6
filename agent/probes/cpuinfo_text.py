"""/proc/cpuinfo → `Cpu`. Pure. py-cpuinfo reads who and what; sockets, cores and threads, which it lacks, are our own.

The library is used by one private function only: its `get_cpu_info()` starts programs and sleeps for seconds. Its
traps stop here: "cache size" is the L2 on a Core 2 though it says L3, the advertised clock may be a throttled one, and
an ARM's model name may be the number 0.
"""

import re
from typing import Any

from agent.facts import Cpu
from agent.probes.cpuid_rules import X86_VENDORS, believable
from agent.text import meant

_COUNT = re.compile(r"[0-9]{1,5}")


def parse_cpuinfo(text: str) -> Cpu:
    """The processors in a /proc/cpuinfo; fields it does not tell stay None. Never raises."""
    told = _by_library(text)
    blocks = _blocks(text)
    first = blocks[0] if blocks else {}
    sockets, cores, threads = _counts(blocks)
    vendor = meant(told.get("vendor_id_raw"))
    flags = told.get("flags")
    return Cpu(
        vendor=vendor,
        model_name=_model_name(first, blocks),
        architecture=_architecture(first, vendor, flags),
        family=_whole(told.get("family")),
        model=_whole(told.get("model")),
        stepping=_whole(told.get("stepping")),
        sockets=sockets,
        cores=cores,
        threads=threads,
        base_mhz=advertised_mhz(first.get("model name", "")),
        flags=tuple(flags) if flags else None,
    )


def _by_library(text: str) -> dict[str, Any]:
    """py-cpuinfo's reading of `text`: its file source is pointed at the text for the time of the call."""
    library = _library()
    source = library.DataSource
    kept = source.has_proc_cpuinfo, source.cat_proc_cpuinfo
    try:
        source.has_proc_cpuinfo = staticmethod(lambda: True)
        source.cat_proc_cpuinfo = staticmethod(lambda: (0, text))
        told: dict[str, Any] = library._get_cpu_info_from_proc_cpuinfo()
        return told
    finally:
        source.has_proc_cpuinfo, source.cat_proc_cpuinfo = (staticmethod(function) for function in kept)


def _library() -> Any:
    """py-cpuinfo. Its import would start `file` and `uname` to learn about this Python, and raise on an unknown CPU.

    The text need not be of the PC that this runs on, so it is told one fixed thing instead.
    """
    import platform

    names = vars(platform)
    kept = {name: names[name] for name in ("architecture", "uname")}
    nameless = platform.uname_result("Linux", "", "", "", "x86_64")
    vars(nameless)["processor"] = ""  # filled in, so that it is not asked of a program
    try:
        names.update(architecture=lambda *_: ("", ""), uname=lambda: nameless)
        from cpuinfo import cpuinfo

        return cpuinfo
    finally:
        names.update(kept)


def _whole(value: object) -> int | None:
    # -1 is the library's word for "not there"; text means another architecture's field of the same name.
    return value if isinstance(value, int) and value >= 0 else None


def _blocks(text: str) -> list[dict[str, str]]:
    """One dict for each logical processor, and what stands apart from them merged into the first."""
    blocks: list[dict[str, str]] = []
    apart: dict[str, str] = {}
    for paragraph in re.split(r"\n\s*\n", text):
        pairs = (line.partition(":") for line in paragraph.splitlines() if ":" in line)
        fields: dict[str, str] = {}
        for key, _, value in pairs:
            fields.setdefault(key.strip(), value.strip())
        if fields.get("processor", "").isdigit():
            blocks.append(fields)
        else:
            apart |= fields
    if not blocks:
        return [apart] if apart else []
    return [apart | blocks[0], *blocks[1:]]


def _counts(blocks: list[dict[str, str]]) -> tuple[int | None, int | None, int | None]:
    """(sockets, cores, threads). "cpu cores" counts one package; without it nothing but a single CPU is sure."""
    numbered = [block for block in blocks if block.get("processor", "").isdigit()]
    threads = len(numbered) or None
    if threads == 1 and "physical id" not in numbered[0]:
        return 1, 1, 1
    packages = {block["physical id"]: block for block in numbered if "physical id" in block}
    if packages:
        per_package = [int(b["cpu cores"]) for b in packages.values() if _COUNT.fullmatch(b.get("cpu cores", ""))]
        cores = sum(per_package) if len(per_package) == len(packages) else None
        return len(packages), cores if cores and cores <= len(numbered) else None, threads
    told = {(block.get("siblings"), block.get("cpu cores")) for block in numbered}
    siblings, per_package_text = next(iter(told), (None, None))
    if len(told) == 1 and siblings and siblings == str(threads) and _COUNT.fullmatch(per_package_text or ""):
        return 1, int(per_package_text or ""), threads
    return None, None, threads


def _model_name(first: dict[str, str], blocks: list[dict[str, str]]) -> str | None:
    names = dict.fromkeys(block["model name"] for block in blocks if block.get("model name"))
    if names:
        return meant(" + ".join(names))
    for key in ("cpu model", "cpu", "Processor", "uarch", "Model", "Hardware", "machine"):
        name = first.get(key, "")
        if name and not name.isdigit():
            return meant(name)
    return None


def _architecture(first: dict[str, str], vendor: str | None, flags: list[str] | None) -> str | None:
    if vendor in X86_VENDORS or flags and "vme" in flags:
        # "i686" only from a whole list of flags; more than 32 bits of virtual address prove 64-bit without any.
        wide = re.search(r"\b(\d{1,3}) bits virtual", first.get("address sizes", ""))
        if flags and "lm" in flags or wide and int(wide[1]) > 32:
            return "x86_64"
        family, model = (
            int(first[key]) if _COUNT.fullmatch(first.get(key, "")) else None for key in ("cpu family", "model")
        )
        return "i686" if flags and believable(flags, vendor, family, model) else None
    if "CPU implementer" in first:
        return "aarch64" if re.match(r"8|AArch64", first.get("CPU architecture", "")) else "arm"
    if first.get("isa", "").startswith("rv64"):
        return "riscv64"
    return None


def advertised_mhz(model_name: str) -> int | None:
    """The clock in a name ("… @ 2.40GHz", "Pentium(R) III CPU 1133MHz"); AMD's and new Intel names have none."""
    match = re.search(r"\b(\d{1,6}(?:[.,]\d{1,6})?)\s?([GM])Hz\b", model_name, re.IGNORECASE)
    if not match:
        return None
    whole, _, part = match[1].replace(",", ".").partition(".")
    return int(whole) * 1000 + int((part + "000")[:3]) if match[2] in "Gg" else int(whole)
