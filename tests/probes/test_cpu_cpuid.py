"""Raw CPUID dumps in four layouts, and the two oracles: libcpuid's expected decode, lscpu on captured systems."""

import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Cpu
from agent.probes.cpu import derived
from agent.probes.cpuid_dump import cpu_from_cpuid_dump, signature
from tests.conftest import CORPUS, over_corpus
from tests.oracles import cpu as oracle

# A made-up two-core "Intel" of family 6 model 42 stepping 7 with SSE4.2 and long mode, no AVX.
LEAVES = {
    0x0: (0xD, 0x756E6547, 0x6C65746E, 0x49656E69),
    0x1: (0x000206A7, 0x00020800, 0x00982203, 0x178BFBFF),
    0x80000000: (0x80000004, 0, 0, 0),
    0x80000001: (0, 0, 1, 0x20100800),
    0x80000002: (0x74736554, 0x55504320, 0x32204020, 0x3030352E),
    0x80000003: (0x007A4847, 0, 0, 0),
    0x80000004: (0, 0, 0, 0),
}


def libcpuid(leaves: Mapping[int, tuple[int, ...]]) -> str:
    lines = (f"CPUID {leaf:08X}: " + "-".join(f"{word:08X}" for word in words) for leaf, words in leaves.items())
    return "".join(line + "\n" for line in lines)


def old_libcpuid(leaves: Mapping[int, tuple[int, ...]]) -> str:
    return "".join(
        f"{'ext' if leaf >> 31 else 'basic'}_cpuid[{leaf & 0xFFFF}]=" + " ".join(f"{word:08x}" for word in words) + "\n"
        for leaf, words in leaves.items()
    )


def hwloc(leaves: Mapping[int, tuple[int, ...]]) -> str:
    return "# mask e[abcd]x => e[abcd]x\n" + "".join(
        f"1 {leaf:x} 0 0 0 => " + " ".join(f"{word:x}" for word in words) + "\n" for leaf, words in leaves.items()
    )


def cpuid_r(leaves: Mapping[int, tuple[int, ...]]) -> str:
    return "CPU 0:\n" + "".join(
        f"   0x{leaf:08x} 0x00: eax=0x{a:08x} ebx=0x{b:08x} ecx=0x{c:08x} edx=0x{d:08x}\n"
        for leaf, (a, b, c, d) in leaves.items()
    )


@pytest.mark.parametrize("layout", [libcpuid, old_libcpuid, hwloc, cpuid_r])
def test_layouts(layout: object) -> None:
    assert callable(layout)
    cpu = cpu_from_cpuid_dump(layout(LEAVES))
    assert cpu is not None
    cpu = derived(cpu)
    assert (cpu.vendor, cpu.family, cpu.model, cpu.stepping) == ("GenuineIntel", 6, 42, 7)
    assert (cpu.model_name, cpu.base_mhz) == ("Test CPU @ 2.500GHz", 2500)
    assert (cpu.is_64_bit, cpu.x86_64_level, cpu.windows_11, cpu.launch_year) == (True, 2, "not-eligible", 2011)


def test_leaves_above_the_highest_one_are_not_believed() -> None:
    """An old CPU answers leaf 7 with the numbers of another leaf: that must not become AVX2."""
    leaves = LEAVES | {0: (2, *LEAVES[0][1:]), 7: (0xFFFFFFFF,) * 4}
    cpu = cpu_from_cpuid_dump(libcpuid(leaves))
    assert cpu is not None and cpu.flags is not None
    assert not {"avx2", "bmi1", "avx512f"} & set(cpu.flags)


@pytest.mark.parametrize(
    "eax, expected",
    [(0x000306C3, (6, 60, 3)), (0x00800F12, (23, 1, 2)), (0x00020FB1, (15, 43, 1)), (0x00000543, (5, 4, 3))],
)
def test_signature_as_linux_counts(eax: int, expected: tuple[int, int, int]) -> None:
    assert signature(eax) == expected


@pytest.mark.parametrize("text", ["", "arm_midr=f1255ec0410fd083\n", "CPUID 00000000: zz\n"])
def test_no_x86_dump(text: str) -> None:
    assert cpu_from_cpuid_dump(text) is None


@given(st.lists(st.tuples(st.sampled_from([0, 1, 4, 7, 0xB, 0x80000000, 0x80000008, 0x8000001D, 0x8000001E]),
                          st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=4))))  # fmt: skip
@settings(max_examples=80)
def test_any_numbers_give_facts(rows: list[tuple[int, list[int]]]) -> None:
    text = "".join(libcpuid({leaf: tuple(words)}) for leaf, words in rows)
    cpu = cpu_from_cpuid_dump(libcpuid(LEAVES) + text)
    assert cpu is None or isinstance(derived(cpu), Cpu)


@over_corpus("cpuid")
def test_corpus(path: Path) -> None:
    if path.suffix == ".test":
        texts = [path.read_text("utf-8", "replace")]
    else:
        with tarfile.open(path) as archive:
            files = [archive.extractfile(member) for member in archive if "/pu" in member.name]
            texts = [file.read().decode("utf-8", "replace") for file in files if file]
        texts = ["\n".join(texts)]
    for text in texts:
        cpu = cpu_from_cpuid_dump(text)
        if cpu is not None:
            assert cpu.family and cpu.threads
            assert cpu.cores is None or cpu.cores <= cpu.threads
        else:
            assert "arm_" in text or "zhaoxin" in path.name


@pytest.mark.skipif(not (CORPUS / "cpuid").is_dir(), reason="no corpus beside this checkout")
def test_agreement_with_libcpuid() -> None:
    told = oracle.agreement(CORPUS)
    assert told.files >= 40 and told.permille >= 995
    assert not [residue for residue in told.residues if residue.endswith("unexplained")]


@pytest.mark.programs
@pytest.mark.skipif(not (CORPUS / "lscpu-sysroot").is_dir(), reason="no corpus beside this checkout")
def test_captured_systems_agree_with_lscpu() -> None:
    """Also the only test that walks every captured /proc and /sys, of all architectures."""
    told = oracle.agreement_with_lscpu(CORPUS)
    assert told.files >= 10 and told.permille >= 995
    assert not [residue for residue in told.residues if residue.endswith("unexplained")]
