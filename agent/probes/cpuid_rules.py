"""What a processor's identity and flags mean: x86-64 level, Windows 11 rule, launch year. Pure, no names guessed."""

from collections.abc import Collection
from typing import Literal

from agent.facts import Cpu

X86_VENDORS = frozenset(
    "GenuineIntel AuthenticAMD CentaurHauls HygonGenuine GenuineTMx86 TransmetaCPU CyrixInstead NexGenDriven "
    "RiseRiseRise UMC SiS Geode Vortex86".split()
) | {"  Shanghai  ", "Shanghai", "UMC UMC UMC ", "SiS SiS SiS ", "Geode by NSC", "Vortex86 SoC"}

# x86-64 psABI levels by the names of /proc/cpuinfo; exact tokens, as sse4_1/sse4a and avx/avx2 are different things.
# "syscall" is left out of level 1: Intel reports it in 64-bit mode only, so a 32-bit kernel does not list it.
_V1 = frozenset("lm cmov cx8 fpu fxsr mmx sse2".split())
_V2 = _V1 | frozenset("cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2".split())
_V3 = _V2 | frozenset("avx avx2 bmi1 bmi2 f16c fma abm movbe xsave".split())
_V4 = _V3 | frozenset("avx512f avx512bw avx512cd avx512dq avx512vl".split())

Windows11 = Literal["eligible", "not-eligible", "borderline"]


def x86_64_level(flags: Collection[str]) -> int:
    """0 (not x86-64) to 4. A virtual machine may hide flags: this is what software here can use."""
    have = frozenset(flags)
    return sum(need <= have for need in (_V1, _V2, _V3, _V4))


def windows_11(vendor: str | None, family: int | None, model: int | None, stepping: int | None) -> Windows11 | None:
    """Microsoft's processor rule by family/model, in Chromium's wording (base/win/hardware_check.cc).

    Where Microsoft's own setup says otherwise than Chromium the answer is "borderline": Skylake-X, and Kaby Lake
    stepping 9, of which Microsoft takes a few by name (https://gist.github.com/woachk/acdec052f560694f464af6bf446ff0b9).
    """
    if vendor is None or family is None or model is None:
        return None
    if vendor == "GenuineIntel":
        return _windows_11_intel(family, model, stepping)
    if vendor == "AuthenticAMD":
        return "eligible" if family > 23 or family == 23 and model not in (1, 17) else "not-eligible"
    # Microsoft lists no other x86 maker.
    return "not-eligible" if vendor in X86_VENDORS else None


def _windows_11_intel(family: int, model: int, stepping: int | None) -> Windows11 | None:
    if family == 6 and model == 85:
        return "borderline"
    if family == 6 and model in (142, 158):
        if stepping is None:
            return None
        if stepping == 9:
            return "borderline"
        return "eligible" if 10 <= stepping <= (12 if model == 142 else 13) else "not-eligible"
    return "eligible" if family == 6 and model > 95 or family > 6 and family != 15 else "not-eligible"


def launch_year(vendor: str | None, family: int | None, model: int | None, stepping: int | None) -> int | None:
    """Year the design (this family, model and stepping) was first sold: a PC with it is not older than that.

    It says nothing of when this very processor was made. Left out where one signature covers several launches.
    """
    if vendor is None or family is None or model is None:
        return None
    steps = _STEPPINGS.get((vendor, family, model))
    if steps is not None:
        return next((year for last, year in steps if stepping is not None and stepping <= last), None)
    if vendor == "AuthenticAMD" and family == 15:
        return next((year for last, year in _K8 if model <= last), None)
    return _YEARS.get((vendor, family, model))


def _table(vendor: str, family: int, text: str) -> dict[tuple[str, int, int], int]:
    """ "2011: 42 45; 2012: 58" → {(vendor, family, 42): 2011, …}."""
    found: dict[tuple[str, int, int], int] = {}
    for entry in text.split(";"):
        year, _, models = entry.partition(":")
        found |= {(vendor, family, int(model)): int(year) for model in models.split()}
    return found


# Models in decimal, as /proc/cpuinfo prints them; names in Linux's arch/x86/include/asm/intel-family.h.
_YEARS = (
    _table(
        "GenuineIntel", 6,
        "1995: 1; 1997: 3 5; 1998: 6; 1999: 7 8; 2001: 11; 2003: 9; 2004: 13; 2006: 14 15; 2007: 22 23; 2008: 26 29 28;"
        "2009: 30; 2010: 37 44 46 38; 2011: 42 45 47 54; 2012: 58 39 53; 2013: 60 62 69 70 55 77; 2014: 61 63 74 90;"
        "2015: 71 78 86 94 76 93; 2016: 79 92; 2017: 95 122; 2018: 102; 2019: 125 126 166; 2020: 138 140 165 134 108;"
        "2021: 106 141 151 156 167; 2022: 154 183; 2023: 143 170 186 190 191 207; 2024: 173 175 189 198; 2025: 181 197",
    )
    | _table("GenuineIntel", 15, "2000: 0; 2001: 1; 2002: 2; 2004: 3 4; 2006: 6")
    | _table("AuthenticAMD", 6, "1999: 1 2; 2000: 3 4; 2001: 6 7; 2002: 8; 2003: 10")
    | _table("AuthenticAMD", 16, "2007: 2; 2008: 4; 2009: 5 6 8; 2010: 9 10")
    | _table("AuthenticAMD", 17, "2008: 3")
    | _table("AuthenticAMD", 18, "2011: 1")
    | _table("AuthenticAMD", 20, "2011: 1 2")
    | _table("AuthenticAMD", 21, "2011: 1; 2012: 2 16; 2013: 19; 2014: 48; 2015: 56 96; 2016: 101 112")
    | _table("AuthenticAMD", 22, "2013: 0; 2014: 48")
    | _table("AuthenticAMD", 23, "2017: 1 17; 2018: 8; 2019: 24 49 113; 2020: 96; 2021: 71 104; 2022: 144 160")
    | _table("AuthenticAMD", 25, "2020: 33; 2021: 1 80; 2022: 8 17 68 97; 2023: 116 120")
    | _table("AuthenticAMD", 26, "2024: 2 36 68; 2025: 96 112")
    | _table("CentaurHauls", 6, "2008: 15")
)  # fmt: skip

# One model number for several launches: (last stepping, year).
_STEPPINGS: dict[tuple[str, int, int], tuple[tuple[int, int], ...]] = {
    ("GenuineIntel", 6, 85): ((4, 2017), (7, 2019), (11, 2020)),  # Skylake-X, Cascade Lake, Cooper Lake
    ("GenuineIntel", 6, 142): ((9, 2016), (10, 2017), (11, 2018), (12, 2019)),  # Kaby, Kaby R, Whiskey, Comet Lake
    ("GenuineIntel", 6, 158): ((9, 2017), (11, 2017), (12, 2018), (13, 2019)),  # Kaby Lake, then Coffee Lake
}
# AMD family 15 by extended model: 130 nm, 90 nm, revision E, F, then G and the 65 nm laptops. (last model, year)
_K8 = ((15, 2003), (31, 2004), (47, 2005), (95, 2006), (127, 2007))


def believable(flags: Collection[str], vendor: str | None, family: int | None, model: int | None) -> bool:
    """False for a list that was cut short: to call a PC 32-bit is to scrap it, so its flags must be whole.

    Every x86 that Linux still boots has the first three; every design named here has long mode.
    """
    if any(flag.endswith("$") for flag in flags) or not {"tsc", "msr", "cx8"} <= frozenset(flags):
        return False
    if "lm" in flags or family is None or model is None:
        return True
    is_intel_64 = vendor == "GenuineIntel" and family == 6 and (model in (15, 22, 23) or model >= 42 and model != 53)
    return not (is_intel_64 or vendor in ("AuthenticAMD", "HygonGenuine") and family >= 15)


def is_x86(cpu: Cpu) -> bool:
    return cpu.vendor in X86_VENDORS or cpu.architecture in ("x86_64", "amd64", "i386", "i486", "i586", "i686")
