"""The binary reader: against its opposite, against damage, and against the real dmidecode."""

import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.host import Host, Output
from agent.probes.smbios import load, parse_table
from agent.probes.smbios_structures import Bios, MemoryDevice, SystemInfo, Table
from agent.probes.smbios_text import parse_dmidecode
from agent.units import GIB, MIB
from tests.conftest import over_corpus
from tests.probes.smbios_encoding import encode, encode_dump, encode_text
from tests.probes.smbios_strategies import tables

SMALL = Table(
    version=(3, 2),
    bios=(Bios(vendor="Maker", version="1.0", released="04/27/2012", is_uefi=True, is_virtual=False),),
    systems=(SystemInfo(maker="Maker", product="Thing", uuid="00112233-4455-6677-8899-aabbccddeeff"),),
    memory_devices=(MemoryDevice(array=16, size_bytes=8 * GIB, form="SODIMM", kind="DDR3"),),
)


def dmidecode(dump: Path) -> str:
    return subprocess.run(
        ["dmidecode", "--from-dump", str(dump)], capture_output=True, check=False, timeout=20
    ).stdout.decode("latin-1")  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(tables())
def test_reads_back_what_was_encoded(table: Table) -> None:
    assert parse_table(encode_dump(table)) == table
    assert parse_table(encode(table), table.version) == table


@pytest.mark.programs
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_dmidecode_reads_the_same(tmp_path: Path, table: Table) -> None:
    """Three ways to one table: our binary reader, and the real dmidecode through our text reader."""
    dump = tmp_path / "dump"
    dump.write_bytes(encode_dump(table))
    assert parse_dmidecode(dmidecode(dump)) == table


@settings(max_examples=150, deadline=None)
@given(tables(), st.data())
def test_damage_never_raises_nor_hides(table: Table, data: st.DataObject) -> None:
    raw = bytearray(encode_dump(table))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    parse_table(bytes(raw))
    whole = encode(table)
    found = parse_table(whole[: data.draw(st.integers(0, len(whole)))], table.version)
    # Nothing is read that is not there.
    for section in ("systems", "memory_devices", "batteries"):
        assert getattr(found, section) == getattr(table, section)[: len(getattr(found, section))]


@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    parse_table(raw)
    parse_table(b"_SM_" + raw)
    parse_table(b"_SM3_" + raw)


def test_cut_structure_is_told() -> None:
    assert parse_table(encode(SMALL)[:-40]).faults
    assert not parse_table(encode(SMALL)).faults
    assert parse_table(b"\x01\x02\x00\x00").faults == ("structure 0: length 2",)


def test_uuid_order_follows_the_version() -> None:
    old = parse_table(encode(SMALL), (2, 5)).systems[0].uuid
    assert old == "33221100-5544-7766-8899-aabbccddeeff"
    assert parse_table(encode(SMALL), (2, 6)).systems[0].uuid == SMALL.systems[0].uuid
    # Without an entry point, the length of type 17 dates the table.
    assert parse_table(encode(SMALL)).systems[0].uuid == SMALL.systems[0].uuid


@pytest.mark.parametrize(
    ("code", "extended", "size"),
    [
        (0, 0, 0), (0xFFFF, 0, None), (8192, 0, 8 * GIB), (0x8000 | 16384, 0, 16 * MIB), (0x7FFF, 65536, 64 * GIB),
        (0x7FFF, 0x80008000, 32 * GIB), (0x7FFF, 0, None),
    ],
)  # fmt: skip
def test_size_field(code: int, extended: int, size: int | None) -> None:
    raw = bytearray(encode(Table(memory_devices=(MemoryDevice(array=1, size_bytes=0),))))
    raw[0x0C:0x0E] = code.to_bytes(2, "little")
    raw[0x1C:0x20] = extended.to_bytes(4, "little")
    assert parse_table(bytes(raw)).memory_devices[0].size_bytes == size


def test_nothing_is_read_after_the_end_marker() -> None:
    assert parse_table(encode(SMALL) + encode(SMALL)) == parse_table(encode(SMALL))


def test_chassis_stock_code_stands_behind_the_contained_elements() -> None:
    raw = bytes([3, 0x1C, 0, 3, 1, 10]) + bytes(13) + bytes([2, 3]) + bytes(6) + bytes([2]) + b"Maker\0Code\0\0"
    case = parse_table(raw).chassis[0]
    assert (case.maker, case.kind, case.sku) == ("Maker", "Notebook", "Code")


def test_string_index_out_of_range_is_none() -> None:
    raw = bytearray(encode(SMALL))
    raw[0x04] = 99
    assert parse_table(bytes(raw)).bios[0].vendor is None


def test_bytes_that_are_not_ascii_become_dots_as_in_dmidecode() -> None:
    raw = encode(SMALL).replace(b"Thing\0", b"Th\xc3\xa9g\0")
    assert parse_table(raw).systems[0].product == "Th..g"


@over_corpus("dmi-bin")
def test_corpus_reads(path: Path) -> None:
    table = parse_table(path.read_bytes())
    assert table.systems or table.faults or not table.bios


@pytest.mark.programs
@over_corpus("dmi-bin")
def test_corpus_equals_dmidecode(path: Path) -> None:
    told = parse_dmidecode(dmidecode(path))
    if not told.systems:
        pytest.skip("no dump that dmidecode takes")
    ours = parse_table(path.read_bytes())
    assert msgspec.structs.replace(ours, faults=()) == msgspec.structs.replace(told, faults=())


# --- the door ---------------------------------------------------------------------------------------------------------


class Answers:
    """A runner with set answers, by program."""

    def __init__(self, *recorded: str, live: Output | None = None) -> None:
        self.recorded, self.live = recorded, live

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        return self.live or Output(argv=argv, why="tool-missing")

    def outputs(self, program: str) -> tuple[Output, ...]:
        return tuple(Output(argv=(program,), status=0, stdout=text.encode()) for text in self.recorded)


def put(root: Path, path: str, raw: bytes) -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(raw)


def test_load_prefers_the_table(tmp_path: Path) -> None:
    dump = encode_dump(SMALL)
    put(tmp_path, "/sys/firmware/dmi/tables/DMI", dump[32:])
    put(tmp_path, "/sys/firmware/dmi/tables/smbios_entry_point", dump[:24])
    table, source, gaps = load(Host(tmp_path, Answers("nothing")))
    assert (source, gaps) == ("/sys/firmware/dmi/tables/DMI", [])
    assert table == msgspec.structs.replace(SMALL, source=source)


def test_load_takes_dmidecode_when_the_table_is_refused(tmp_path: Path) -> None:
    host = Host(tmp_path, Answers(encode_text(SMALL)))
    host.refuse({"/sys/firmware/dmi/tables/DMI": "refused"})
    table, source, gaps = load(host)
    assert (table.systems, source, gaps) == (SMALL.systems, "dmidecode", [])


def test_load_falls_back_to_the_kernels_strings_and_says_so(tmp_path: Path) -> None:
    ids = {"sys_vendor": "Maker", "product_name": "Thing", "chassis_type": "10", "bios_date": "04/27/2012"}
    for name, text in ids.items():
        put(tmp_path, f"/sys/class/dmi/id/{name}", text.encode() + b"\n")
    host = Host(tmp_path, Answers())
    host.refuse({"/sys/firmware/dmi/tables/DMI": "refused"})
    table, source, gaps = load(host)
    assert table.systems[0].product == "Thing"
    assert table.chassis[0].kind == "Notebook"
    assert source == "/sys/class/dmi/id/*"
    assert [(gap.path, gap.why) for gap in gaps] == [("", "refused")]


def test_load_completes_partial_text(tmp_path: Path) -> None:
    put(tmp_path, "/sys/class/dmi/id/product_name", b"Thing\n")
    text = encode_text(Table(version=(3, 2), memory_devices=SMALL.memory_devices))
    table, _, gaps = load(Host(tmp_path, Answers(text)))
    assert (table.systems[0].product, len(table.memory_devices), gaps) == ("Thing", 1, [])


def test_load_of_nothing_is_an_empty_table_and_a_gap(tmp_path: Path) -> None:
    refused = Output(argv=("dmidecode",), status=1, stderr=b"/dev/mem: Permission denied")
    table, source, gaps = load(Host(tmp_path, Answers(live=refused)))
    assert (table.systems, source, table.source) == ((), "/sys/firmware/dmi/tables/DMI", source)
    assert [gap.why for gap in gaps] == ["absent"]


def test_load_tells_a_broken_table(tmp_path: Path) -> None:
    put(tmp_path, "/sys/firmware/dmi/tables/DMI", encode(SMALL)[:-40])
    table, _, gaps = load(Host(tmp_path, Answers()))
    assert table.systems
    assert [gap.why for gap in gaps] == ["malformed"]
