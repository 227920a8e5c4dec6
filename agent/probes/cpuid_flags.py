"""CPUID feature bits → the names /proc/cpuinfo prints (Linux arch/x86/include/asm/cpufeatures.h). Data only."""

from collections.abc import Callable

Registers = tuple[int, int, int, int]  # eax, ebx, ecx, edx
Leaf = Callable[[int, int], Registers | None]

# (leaf, subleaf, register index) → "bit name bit name …", or 32 names from bit 0 on, "-" for what Linux does not print.
_IN_ORDER: dict[tuple[int, int, int], str] = {
    (1, 0, 3): "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts acpi mmx "
    "fxsr sse sse2 ss ht tm ia64 pbe",
    (1, 0, 2): "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - pcid dca "
    "sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor",
    (0x80000001, 0, 2): "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop "
    "skinit wdt - lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - bpext ptsc perfctr_llc mwaitx - -",
    (7, 0, 1): "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - mpx rdt_a avx512f avx512dq "
    "rdseed adx smap avx512ifma - clflushopt clwb intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl",
    (7, 0, 2): "- avx512vbmi umip pku ospke waitpkg avx512_vbmi2 - gfni vaes vpclmulqdq avx512_vnni avx512_bitalg tme "
    "avx512_vpopcntdq - la57 - - - - - rdpid - bus_lock_detect cldemote - movdiri movdir64b enqcmd - -",
    (0xD, 1, 0): "xsaveopt xsavec xgetbv1 xsaves",
}
_BY_BIT: dict[tuple[int, int, int], dict[int, str]] = {
    (0x80000001, 0, 3): {
        11: "syscall", 19: "mp", 20: "nx", 22: "mmxext", 25: "fxsr_opt", 26: "pdpe1gb", 27: "rdtscp", 29: "lm",
        30: "3dnowext", 31: "3dnow",
    },
    (7, 0, 3): {
        4: "fsrm", 8: "avx512_vp2intersect", 10: "md_clear", 14: "serialize", 18: "pconfig", 19: "arch_lbr",
        20: "ibt", 22: "amx_bf16", 23: "avx512_fp16", 24: "amx_tile", 25: "amx_int8", 28: "flush_l1d",
        29: "arch_capabilities",
    },
    (7, 1, 0): {4: "avx_vnni", 5: "avx512_bf16"},
    (6, 0, 0): {0: "dtherm", 1: "ida", 2: "arat", 4: "pln", 6: "pts", 7: "hwp"},
    (6, 0, 2): {0: "aperfmperf", 3: "epb"},
    (0x80000007, 0, 3): {8: "constant_tsc", 9: "cpb"},
    (0x80000008, 0, 1): {0: "clzero", 4: "rdpru", 9: "wbnoinvd"},
}  # fmt: skip


def flags_from_cpuid(leaf: Leaf) -> tuple[str, ...]:
    """The flags of one logical CPU, sorted; `leaf(number, subleaf)` gives its registers or None."""
    found: set[str] = set()
    for (number, sub, register), names in _IN_ORDER.items():
        registers = leaf(number, sub)
        if registers:
            found |= {name for bit, name in enumerate(names.split()) if name != "-" and registers[register] >> bit & 1}
    for (number, sub, register), by_bit in _BY_BIT.items():
        registers = leaf(number, sub)
        if registers:
            found |= {name for bit, name in by_bit.items() if registers[register] >> bit & 1}
    return tuple(sorted(found))
