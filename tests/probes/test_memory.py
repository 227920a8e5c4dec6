"""Memory: what counts as a module, what is fitted, who made it, and when the list cannot be believed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.host import Host
from agent.probes.jedec import maker_of
from agent.probes.memory import generation_of, parse_meminfo, parse_memory, probe
from agent.probes.smbios_structures import MemoryArray, MemoryDevice, OldModule, Table
from agent.probes.smbios_text import parse_dmidecode
from agent.text import decode
from agent.units import GIB, KIB, MIB
from tests.conftest import over_corpus
from tests.probes.smbios_strategies import tables
from tests.probes.test_smbios import Answers, put

MAIN = MemoryArray(handle=1, use="System Memory", ecc="None", maximum_bytes=16 * GIB, slots=2)
FLASH = MemoryArray(handle=2, use="Flash Memory", ecc="None", maximum_bytes=16 * MIB, slots=1)


def stick(size: int | None, **fields: Any) -> MemoryDevice:
    return MemoryDevice(**{"array": 1, "size_bytes": size, "form": "SODIMM", "kind": "DDR3"} | fields)


def table(
    *devices: MemoryDevice, arrays: tuple[MemoryArray, ...] = (MAIN, FLASH), faults: tuple[str, ...] = ()
) -> Table:
    return Table(version=(2, 8), memory_arrays=arrays, memory_devices=devices, faults=faults)


def test_two_slots_one_free() -> None:
    memory = parse_memory(table(stick(4 * GIB), stick(0, kind=None)))
    assert (memory.fitted_bytes, memory.slots_total, memory.slots_free) == (4 * GIB, 2, 1)
    assert (memory.generation, memory.maximum_bytes, memory.is_soldered) == ("DDR3", 16 * GIB, False)
    assert len(memory.modules) == 1


def test_the_bios_chip_is_no_module() -> None:
    """eReuse/workbench#5: a flash chip listed as a memory device was added to the total."""
    by_array = stick(16 * MIB, array=2, form="Other", kind=None)
    by_kind = stick(4 * MIB, array=1, form="Chip", kind="Flash")
    memory = parse_memory(table(stick(4 * GIB), by_array, by_kind))
    assert (memory.fitted_bytes, memory.slots_total, len(memory.modules)) == (4 * GIB, 1, 1)
    assert memory.maximum_bytes == 16 * GIB


@pytest.mark.parametrize(
    ("form", "kind", "soldered"),
    [
        ("Row Of Chips", "DDR3", True), ("Chip", "DDR4", True), ("Die", None, True), ("TSOP", "DDR2", True),
        ("SODIMM", "LPDDR4", True), ("Other", "LPDDR3", True), ("CAMM", "LPDDR5", False), ("SODIMM", "DDR4", False),
        ("DIMM", None, False), ("Other", "DDR4", None), (None, "DDR3", None),
    ],
)  # fmt: skip
def test_soldered(form: str | None, kind: str | None, soldered: bool | None) -> None:
    memory = parse_memory(table(stick(4 * GIB, form=form, kind=kind)))
    assert memory.modules[0].is_soldered is soldered
    assert memory.is_soldered is soldered


def test_soldered_memory_takes_no_slot() -> None:
    memory = parse_memory(table(stick(4 * GIB, form="Row Of Chips"), stick(0)))
    assert (memory.slots_total, memory.slots_free, memory.is_soldered) == (1, 1, True)
    memory = parse_memory(table(stick(4 * GIB, form="Row Of Chips"), stick(4 * GIB)))
    assert memory.is_soldered is False


@pytest.mark.parametrize(
    ("total", "data", "array_ecc", "ecc"),
    [
        (72, 64, "None", True), (80, 64, "None", True), (64, 64, "Multi-bit ECC", False), (40, 32, None, True),
        (None, None, "Single-bit ECC", True), (None, None, "None", False), (None, None, None, None),
        (None, 64, "None", False), (128, 64, None, None), (64, 72, None, None), (2304, 64, None, None),
    ],
)  # fmt: skip
def test_ecc(total: int | None, data: int | None, array_ecc: str | None, ecc: bool | None) -> None:
    array = MemoryArray(handle=1, use="System Memory", ecc=array_ecc)
    assert parse_memory(table(stick(GIB, total_bits=total, data_bits=data), arrays=(array,))).has_ecc is ecc


def test_unknown_size_makes_the_sum_unknown(tmp_path: Path) -> None:
    findings = probe(Host(tmp_path, Answers()), table(stick(4 * GIB), stick(None, locator="DIMM B")))
    assert findings.facts["memory"].fitted_bytes is None
    gap = next(gap for gap in findings.gaps if gap.path == "memory.fitted_bytes")
    assert (gap.why, "DIMM B" in gap.detail) == ("malformed", True)


def test_a_list_cut_short_is_not_the_sum() -> None:
    """Four devices announced, two left of a broken table: a third may be missing."""
    arrays = (MemoryArray(handle=1, use="System Memory", slots=4),)
    cut = table(stick(GIB), stick(GIB), arrays=arrays, faults=("cut short",))
    assert parse_memory(cut).fitted_bytes is None
    assert parse_memory(cut, usable_bytes=2 * GIB - 200 * MIB).fitted_bytes == 2 * GIB  # the kernel has as much
    assert parse_memory(cut, usable_bytes=3 * GIB).fitted_bytes is None  # and here more than listed
    whole = table(stick(GIB), stick(GIB), arrays=arrays)
    assert parse_memory(whole).fitted_bytes == 2 * GIB  # boards announce slots they do not have


def test_every_slot_empty_is_a_gap(tmp_path: Path) -> None:
    findings = probe(Host(tmp_path, Answers()), table(stick(0), stick(0)))
    assert findings.facts["memory"].fitted_bytes is None
    assert any(gap.path == "memory.fitted_bytes" and gap.why == "malformed" for gap in findings.gaps)


def test_no_list_at_all_is_a_gap(tmp_path: Path) -> None:
    findings = probe(Host(tmp_path, Answers()), Table())
    assert findings.facts["memory"].fitted_bytes is None
    whys = {gap.path: gap.why for gap in findings.gaps}
    assert whys["memory.fitted_bytes"] == whys["memory.usable_bytes"] == "absent"


@pytest.mark.parametrize(
    ("claimed", "believed"),
    [(16 * GIB, 16 * GIB), (MIB, None), (2 * GIB, None), (4095 << 50, None), (None, None), (0, None)],
)
def test_absurd_maximum_is_unknown(claimed: int | None, believed: int | None) -> None:
    array = MemoryArray(handle=1, use="System Memory", maximum_bytes=claimed or None)
    assert parse_memory(table(stick(4 * GIB), arrays=(array,))).maximum_bytes == believed


def test_type_6_where_there_is_no_type_17() -> None:
    old = (OldModule(socket="DIMM1", kind="DIMM SDRAM", size_bytes=128 * MIB), OldModule(socket="DIMM2", size_bytes=0))
    memory = parse_memory(Table(old_modules=old))
    assert (memory.fitted_bytes, memory.slots_total, memory.slots_free) == (128 * MIB, 2, 1)
    assert (memory.generation, memory.modules[0].form) == ("SDRAM", "DIMM")


@pytest.mark.parametrize(
    ("kind", "generation"),
    [
        ("DDR3", "DDR3"), ("LPDDR4", "LPDDR4"), ("DDR", "DDR"), ("DDR2 FB-DIMM", "DDR2"), ("SDRAM", "SDRAM"),
        ("DRAM", None), ("Other", None), ("RAM", None), ("Reserved", None), (None, None),
    ],
)  # fmt: skip
def test_generation(kind: str | None, generation: str | None) -> None:
    assert generation_of(kind) == generation


def test_mixed_generations_are_unknown() -> None:
    assert parse_memory(table(stick(GIB, kind="DDR3"), stick(GIB, kind=None))).generation is None


@pytest.mark.parametrize(
    ("text", "maker"),
    [
        ("80AD000080AD", "SK Hynix"), ("859B", "Crucial"), ("029E", "Corsair"), ("00CE063200CE", "Samsung"),
        ("CE00000000000000", "Samsung"), ("0xCE00000000000000", "Samsung"), ("7F98000000000000", "Kingston"),
        ("0198", "Kingston"), ("9801", "Kingston"), ("2C80", "Micron"), ("0x80CE", "Samsung"), ("80ce", "Samsung"),
        ("7F7F7F7F7F9B0000", "Crucial"), ("7F7FFE0000000000", "Elpida"), ("04CB", "ADATA"), ("0443", "Ramaxel"),
        ("8A450000802C", "Chun Well"), ("JEDEC ID:7F 7F FE 00 00 00 00 00", "Elpida"), ("2CFFFFFFFFFFFFFF", "Micron"),
        ("Samsung       ", "Samsung"), ("Hynix/Hyundai", "SK Hynix"), ("Hynix Semiconducto", "SK Hynix"),
        ("Crucial Technology", "Crucial"), ("A-DATA Technology", "ADATA"), ("Kinston", "Kinston"),
        ("0000", None), ("0x0000", None), ("FFFFFFFFFFFFFFFF", None), ("1438", None), ("Unknown (0)", None),
        ("Manufacturer0", None), ("[Empty]", None), ("n/a", None), ("Undefined", None), (None, None), ("", None),
        ("0x4D342037305432383634515A332D43463720", None),
    ],
)  # fmt: skip
def test_makers(text: str | None, maker: str | None) -> None:
    assert maker_of(text) == maker


@pytest.mark.parametrize("template", ["NO DIMM", "A1_Manufacturer1", "ABCD", "Module Manufacturer0", "Mfg 1"])
def test_template_words_are_no_maker(template: str) -> None:
    assert parse_memory(table(stick(GIB, maker=template))).modules[0].maker is None


@given(st.text(max_size=40))
def test_any_maker(text: str) -> None:
    maker_of(text)


def test_module_fields_are_cleaned() -> None:
    words = {"serial": "00000000", "part": "ModulePartNumber00", "locator": "Unknown"}
    module = parse_memory(table(stick(GIB, rated_mts=1600, configured_mts=30_000, **words))).modules[0]
    assert (module.serial, module.part, module.rated_mts, module.configured_mts) == (None, None, 1600, None)
    assert module.slot is None


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("MemTotal:        8030000 kB\nMemFree: 1 kB\n", 8030000 * KIB), ("MemFree: 1 kB\n", None), ("", None),
        ("MemTotal: 0 kB\n", None), ("MemTotal: many kB\n", None), ("XMemTotal: 5 kB\n", None),
    ],
)  # fmt: skip
def test_meminfo(text: str, size: int | None) -> None:
    assert parse_meminfo(text) == size


def test_usable_and_fitted_stay_apart(tmp_path: Path) -> None:
    put(tmp_path, "/proc/meminfo", b"MemTotal:        3000000 kB\n")
    findings = probe(Host(tmp_path, Answers()), table(stick(4 * GIB)))
    memory = findings.facts["memory"]
    assert (memory.fitted_bytes, memory.usable_bytes) == (4 * GIB, 3000000 * KIB)
    assert findings.sources["memory.usable_bytes"] == "/proc/meminfo"


@settings(max_examples=100, deadline=None)
@given(tables())
def test_sums_hold_for_any_table(any_table: Table) -> None:
    memory = parse_memory(any_table)
    sizes = [module.size_bytes for module in memory.modules]
    if memory.fitted_bytes is not None:
        assert memory.fitted_bytes == sum(size or 0 for size in sizes) > 0
        assert None not in sizes
        assert memory.maximum_bytes is None or memory.maximum_bytes >= memory.fitted_bytes
    if memory.slots_total is not None:
        assert 0 <= (memory.slots_free or 0) <= memory.slots_total


@over_corpus("dmi-text")
def test_corpus(path: Path, tmp_path: Path) -> None:
    found = parse_dmidecode(decode(path.read_bytes()))
    findings = probe(Host(tmp_path, Answers()), found)
    memory = findings.facts["memory"]
    gaps = {gap.path for gap in findings.gaps}
    assert (memory.fitted_bytes is None) == ("memory.fitted_bytes" in gaps)
    for module in memory.modules:
        assert module.size_bytes is None or module.size_bytes >= 16 * MIB, "a flash chip counted as memory"
