"""The processor probe on made-up PCs, each one trap that a real one set."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Cpu
from agent.probes import Findings
from agent.probes.cpu import derived, probe
from agent.probes.cpu_sysfs import cpu_list, cpu_mask
from agent.probes.cpuid_rules import launch_year, x86_64_level
from agent.probes.cpuinfo_text import advertised_mhz, parse_cpuinfo
from agent.probes.smbios import Processor, Table
from tests.conftest import over_corpus
from tests.probes.standin import pc

V1 = "fpu vme de pse tsc msr pae cx8 apic sep mtrr cmov mmx fxsr sse sse2 ht syscall nx lm"
V2 = V1 + " pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"
V3 = V2 + " avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"
NO_LM = V1.replace(" lm", "").replace(" nx", "")


def block(number: int = 0, *, flags: str = V3, **fields: str) -> str:
    told = {
        "processor": str(number), "vendor_id": "GenuineIntel", "cpu family": "6", "model": "142",
        "model name": "Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz", "stepping": "10", "cpu MHz": "800.000",
        "cache size": "6144 KB", "flags": flags,
    } | {name.replace("_", " "): text for name, text in fields.items()}  # fmt: skip
    return "".join(f"{name}\t: {text}\n" for name, text in told.items() if text) + "\n"


def cpu_of(found: Findings) -> Cpu:
    cpu = found.facts["cpu"]
    assert isinstance(cpu, Cpu)
    return cpu


def gaps(found: Findings) -> dict[str, str]:
    return {gap.path: gap.why for gap in found.gaps}


def cores(count: int, per_core: int = 1, packages: int = 1, off: tuple[int, ...] = ()) -> dict[str, str]:
    """/sys of `count` logical CPUs, siblings numbered half the range apart as on most Intel PCs."""
    here = "/sys/devices/system/cpu"
    files = {f"{here}/present": f"0-{count - 1}\n"}
    step = count // per_core
    for number in range(count):
        at = f"{here}/cpu{number}"
        files[f"{at}/online"] = "0\n" if number in off else "1\n"
        if number in off:
            continue
        siblings = sorted({number % step + step * turn for turn in range(per_core)} - set(off))
        listed = ",".join(map(str, siblings)) + "\n"
        package = number % step * packages // step
        files |= {
            f"{at}/topology/thread_siblings_list": listed,
            f"{at}/topology/physical_package_id": f"{package}\n",
            f"{at}/cpufreq/cpuinfo_max_freq": "3400000\n",
            f"{at}/cpufreq/base_frequency": "1600000\n",
        }
        for index, (level, kind, size, shared) in enumerate(
            [("1", "Data", "32K", listed), ("1", "Instruction", "32K", listed), ("2", "Unified", "256K", listed),
             ("3", "Unified", "6144K", f"0-{count - 1}\n")]
        ):  # fmt: skip
            cache = f"{at}/cache/index{index}"
            files |= {f"{cache}/level": level, f"{cache}/type": kind, f"{cache}/size": size}
            files[f"{cache}/shared_cpu_list"] = shared
    return files


def test_a_usual_laptop(tmp_path: Path) -> None:
    text = "".join(block(n, physical_id="0", siblings="8", cpu_cores="4", core_id=str(n % 4)) for n in range(8))
    found = probe(pc(tmp_path / "pc", {"/proc/cpuinfo": text, **cores(8, per_core=2)}), Table())
    cpu = cpu_of(found)
    assert (cpu.sockets, cpu.cores, cpu.threads) == (1, 4, 8)
    assert (cpu.vendor, cpu.family, cpu.model, cpu.stepping) == ("GenuineIntel", 6, 142, 10)
    assert (cpu.base_mhz, cpu.max_mhz) == (1600, 3400)
    assert (cpu.l1d_bytes, cpu.l2_bytes, cpu.l3_bytes) == (4 * 32768, 4 * 262144, 6291456)
    assert (cpu.architecture, cpu.is_64_bit, cpu.x86_64_level, cpu.windows_11) == ("x86_64", True, 3, "eligible")
    assert (cpu.launch_year, cpu.has_virtualisation) == (2017, False)
    assert found.gaps == []
    assert found.sources["cpu.vendor"] == "/proc/cpuinfo"


def test_two_sockets_without_sys(tmp_path: Path) -> None:
    text = "".join(block(n, physical_id=str(n // 4), siblings="4", cpu_cores="2") for n in range(8))
    cpu = cpu_of(probe(pc(tmp_path / "pc", {"/proc/cpuinfo": text}), Table()))
    assert (cpu.sockets, cpu.cores, cpu.threads) == (2, 4, 8)


def test_switched_off_threads_are_told(tmp_path: Path) -> None:
    """A PC left with "nosmt", or with a broken core switched off, must not silently look smaller or bigger."""
    files = {"/proc/cpuinfo": block(physical_id="0", cpu_cores="2"), **cores(4, per_core=2, off=(2, 3))}
    found = probe(pc(tmp_path / "pc", files), Table())
    assert (cpu_of(found).cores, cpu_of(found).threads) == (2, 4)
    assert gaps(found)["cpu.cores"] == "conflict"


def test_fast_and_slow_cores_are_counted_once(tmp_path: Path) -> None:
    """Two fast cores with two threads each and four slow ones: 6 cores, not 8 threads halved."""
    files = cores(8)
    here = "/sys/devices/system/cpu"
    for first in (0, 2):
        for number in (first, first + 1):
            files[f"{here}/cpu{number}/topology/thread_siblings_list"] = f"{first}-{first + 1}\n"
    cpu = cpu_of(probe(pc(tmp_path / "pc", files | {"/proc/cpuinfo": block()}), Table()))
    assert (cpu.cores, cpu.threads) == (6, 8)


def test_a_32_bit_system_does_not_make_a_32_bit_processor(tmp_path: Path) -> None:
    """Intel shows "syscall" only in 64-bit mode: level 1 must not hang on it."""
    text = block(flags=V2.replace(" syscall", ""), model="23", model_name="Intel(R) Core(TM)2 Duo CPU T9400 @ 2.53GHz")
    cpu = cpu_of(probe(pc(tmp_path / "pc", {"/proc/cpuinfo": text}), Table()))
    assert (cpu.is_64_bit, cpu.x86_64_level, cpu.architecture) == (True, 2, "x86_64")


def test_a_true_32_bit_processor(tmp_path: Path) -> None:
    text = block(flags=NO_LM, model="28", stepping="2", model_name="Intel(R) Atom(TM) CPU N270 @ 1.60GHz")
    cpu = cpu_of(probe(pc(tmp_path / "pc", {"/proc/cpuinfo": text}), Table()))
    assert (cpu.is_64_bit, cpu.x86_64_level, cpu.architecture) == (False, 0, "i686")


@pytest.mark.parametrize("flags", ["fpu vme de pse", V1[: V1.index(" mmx")] + " con$", NO_LM])
def test_flags_cut_short_never_scrap_a_pc(tmp_path: Path, flags: str) -> None:
    """The last: an i5 without "lm" does not exist, so its list of flags is not whole."""
    found = probe(pc(tmp_path / "pc", {"/proc/cpuinfo": block(flags=flags)}), Table())
    assert (cpu_of(found).is_64_bit, cpu_of(found).x86_64_level) == (None, None)
    assert {"cpu.is_64_bit", "cpu.x86_64_level"} <= gaps(found).keys()


def test_the_address_width_proves_64_bit() -> None:
    text = block(flags="fpu vme de pse", address_sizes="43 bits physical, 48 bits virtual")
    assert derived(parse_cpuinfo(text)).is_64_bit is True


def test_traps_of_py_cpuinfo() -> None:
    """Its "l3_cache_size" is a Core 2's L2, its advertised clock may be the throttled one."""
    cpu = parse_cpuinfo(block(model_name="Intel(R) Core(TM)2 CPU T7200", cache_size="4096 KB", cpu_MHz="1000.000"))
    assert (cpu.l2_bytes, cpu.l3_bytes, cpu.base_mhz, cpu.max_mhz) == (None, None, None, None)
    assert parse_cpuinfo("processor\t: 0\nBogoMIPS\t: 48.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n"
                         "CPU architecture: 8\n").model_name is None  # fmt: skip


def test_py_cpuinfo_is_left_as_it_was() -> None:
    import platform

    from agent.probes.cpuinfo_text import _library

    names = platform.architecture, platform.uname
    cpuinfo = _library()
    assert (platform.architecture, platform.uname) == names
    kept = cpuinfo.DataSource.__dict__["cat_proc_cpuinfo"].__func__
    parse_cpuinfo(block())
    assert cpuinfo.DataSource.__dict__["cat_proc_cpuinfo"].__func__ is kept


def test_smbios_alone_never_guesses_from_the_name(tmp_path: Path) -> None:
    table = Table(
        processors=(
            Processor(
                socket="U3E1", is_populated=True, cores=4, threads=8, max_mhz=30000, current_mhz=1600,
                model_name="Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz",
            ),
            Processor(socket="CPU 2", is_populated=False),
        )
    )  # fmt: skip
    found = probe(pc(tmp_path / "pc"), table)
    cpu = cpu_of(found)
    assert (cpu.sockets, cpu.cores, cpu.threads, cpu.base_mhz, cpu.max_mhz) == (1, 4, 8, 1600, None)
    assert (cpu.is_64_bit, cpu.x86_64_level, cpu.windows_11, cpu.launch_year) == (None, None, None, None)
    assert {"cpu.flags", "cpu.is_64_bit", "cpu.x86_64_level", "cpu.windows_11"} <= gaps(found).keys()


def test_nothing_at_all_is_gaps_only(tmp_path: Path) -> None:
    found = probe(pc(tmp_path / "pc"), Table())
    assert "cpu" not in found.facts
    assert "cpu.is_64_bit" in gaps(found)


def test_loose_files_are_read(tmp_path: Path) -> None:
    lscpu = "Architecture: x86_64\nCPU(s): 4\nCPU max MHz: 3100,0000\n"
    cpu = cpu_of(probe(pc(tmp_path / "pc", cpuinfo=block(), lscpu=lscpu), Table()))
    assert (cpu.model, cpu.max_mhz) == (142, 3100)


@pytest.mark.parametrize(
    "name, mhz",
    [
        ("Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz", 1600),
        ("Intel(R) Pentium(R) III CPU 1133MHz", 1133),
        ("VIA Nano processor @1800MHz", 1800),
        ("Intel(R) Celeron(R) CPU J1900 @ 1.99GHz", 1990),
        ("AMD Ryzen 5 3500U with Radeon Vega Mobile Gfx", None),
        ("", None),
    ],
)
def test_clock_in_the_name(name: str, mhz: int | None) -> None:
    assert advertised_mhz(name) == mhz


def test_levels_need_exact_flags() -> None:
    assert [x86_64_level(text.split()) for text in (NO_LM, V1, V2, V3)] == [0, 1, 2, 3]
    # A 2016 Celeron has no AVX; sse4a is not sse4_1, avx is not avx2.
    assert x86_64_level(V2.replace("sse4_1", "sse4a").split()) == 1
    assert x86_64_level(V3.replace("avx2", "avx512f").split()) == 2


@given(st.sets(st.sampled_from([*V3.split(), "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"])), st.data())
@settings(max_examples=60)
def test_more_flags_never_lower_the_level(flags: set[str], data: st.DataObject) -> None:
    fewer = data.draw(st.sets(st.sampled_from(sorted(flags)))) if flags else set()
    assert x86_64_level(flags - fewer) <= x86_64_level(flags)


@pytest.mark.parametrize(
    "signature, year",
    [
        (("GenuineIntel", 6, 58, 9), 2012),  # Ivy Bridge
        (("GenuineIntel", 6, 158, 9), 2017),
        (("GenuineIntel", 6, 158, 13), 2019),
        (("GenuineIntel", 6, 142, None), None),  # three launches under one model
        (("AuthenticAMD", 15, 107, 2), 2007),
        (("AuthenticAMD", 23, 113, 0), 2019),
        (("AuthenticAMD", 23, 250, 0), None),
        ((None, 6, 58, 9), None),
    ],
)
def test_launch_year(signature: tuple[str | None, int, int, int | None], year: int | None) -> None:
    assert launch_year(*signature) == year


def test_lists_and_masks() -> None:
    assert cpu_list("0-3,8\n\0") == {0, 1, 2, 3, 8}
    assert cpu_list("0-3,x") == set()
    assert cpu_mask("00000001,80000000\n") == {31, 32}
    assert cpu_mask("(null)") == set()


@given(st.text(max_size=300))
@settings(max_examples=80)
def test_any_text_gives_a_cpu(text: str) -> None:
    assert isinstance(derived(parse_cpuinfo(text)), Cpu)
    assert isinstance(derived(parse_cpuinfo("processor: 0\n" + text)), Cpu)


@over_corpus("cpuinfo")
def test_corpus_cpuinfo(path: Path) -> None:
    cpu = derived(parse_cpuinfo(path.read_text("utf-8", "replace")))
    assert cpu.model_name or cpu.threads
    assert cpu.cores is None or cpu.threads is None or cpu.cores <= cpu.threads
