"""The text reader: against its opposite, the forms dmidecode had in twenty years, and every text of the corpus."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.probes.smbios_structures import MemoryDevice, Table
from agent.probes.smbios_text import parse_dmidecode
from agent.text import decode
from agent.units import GIB, KIB, MIB
from tests.conftest import CORPUS, over_corpus
from tests.probes.smbios_encoding import encode_text
from tests.probes.smbios_strategies import tables


@settings(max_examples=120, deadline=None)
@given(tables(), st.sampled_from(["\t", "        "]))
def test_reads_back_what_was_encoded(table: Table, step: str) -> None:
    assert parse_dmidecode(encode_text(table, step)) == table


@settings(max_examples=60, deadline=None)
@given(tables())
def test_the_same_output_twice_counts_once(table: Table) -> None:
    text = encode_text(table)
    assert parse_dmidecode(text + "\n" + text) == table


@settings(max_examples=60, deadline=None)
@given(tables())
def test_carriage_returns_change_nothing(table: Table) -> None:
    assert parse_dmidecode(encode_text(table).replace("\n", "\r\n")) == table


@settings(max_examples=100, deadline=None)
@given(tables(), st.data())
def test_damage_never_raises(table: Table, data: st.DataObject) -> None:
    text = encode_text(table)
    at = data.draw(st.integers(0, len(text)))
    parse_dmidecode(text[:at] + data.draw(st.text(max_size=20)) + text[at + data.draw(st.integers(0, 30)) :])


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    parse_dmidecode(text)
    parse_dmidecode("Handle 0x0001, DMI type 17, 40 bytes\nMemory Device\n\tSize: " + text)


def slot(**fields: str) -> MemoryDevice:
    lines = "".join(f"\t{name.replace('_', ' ')}: {value}\n" for name, value in fields.items())
    return parse_dmidecode(f"Handle 0x0011, DMI type 17, 40 bytes\nMemory Device\n{lines}\n").memory_devices[0]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8192 MB", 8 * GIB), ("8 GB", 8 * GIB), ("8 GiB", 8 * GIB), ("16384 kB", 16 * MIB), ("512 KiB", 512 * KIB),
        ("No Module Installed", 0), ("Unknown", None), ("<OUT OF SPEC>", None), ("0 TB", None), ("32767 MB", None),
        ("", None), ("  4096 MB  ", 4 * GIB), ("12 parsecs", None),
    ],
)  # fmt: skip
def test_sizes(text: str, size: int | None) -> None:
    assert slot(Size=text).size_bytes == size


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("1600 MT/s", 1600), ("1333 MHz", 1333), ("533 MHz (1.9 ns)", 533), ("Unknown", None), ("65535 MT/s", None),
        ("0 MHz", None), ("fast", None),
    ],
)  # fmt: skip
def test_speeds(text: str, speed: int | None) -> None:
    assert slot(Size="1 GB", Speed=text).rated_mts == speed


def test_both_names_of_the_configured_speed() -> None:
    assert slot(Size="1 GB", Configured_Clock_Speed="800 MHz").configured_mts == 800
    assert slot(Size="1 GB", Configured_Memory_Speed="800 MT/s").configured_mts == 800


def test_an_empty_slot_keeps_no_template_words() -> None:
    empty = slot(Size="No Module Installed", Speed="667 MT/s", Manufacturer="Manufacturer0", Part_Number="PartNum0")
    assert (empty.rated_mts, empty.maker, empty.part) == (None, None, None)


@pytest.mark.parametrize("text", ["Not Specified", "<BAD INDEX>", "<OUT OF SPEC>", "   "])
def test_words_for_nothing(text: str) -> None:
    assert slot(Size="1 GB", Manufacturer=text).maker is None


OLD = """\
# dmidecode 2.2
SMBIOS 2.33 present.
Handle 0x0000
\tDMI type 0, 20 bytes.
\tBIOS Information
\t\tVendor: Maker
\t\tRelease Date: 08/25/2005
\t\tCharacteristics:
\t\t\tPCI is supported
Handle 0x0022
\tDMI type 17, 27 bytes.
\tMemory Device
\t\tSize: 512 MB
\t\tForm Factor: DIMM
"""


def test_layout_of_old_versions() -> None:
    table = parse_dmidecode(OLD)
    assert table.version == (2, 3)
    assert table.bios[0].released == "08/25/2005"
    assert table.bios[0].is_uefi is None  # that dmidecode does not print the bit
    assert table.memory_devices == (MemoryDevice(size_bytes=512 * MIB, form="DIMM"),)
    assert parse_dmidecode(OLD.expandtabs(8)) == table


def test_quiet_output_has_titles_only() -> None:
    text = "BIOS Information\n\tVendor: Maker\n\tCharacteristics:\n\t\tUEFI is supported\n"
    text += "\nCache Information\n\tSize: 1\n"
    table = parse_dmidecode(text + "\nMemory Device\n\tSize: 2 GB\n\nMemory Device\n\tSize: No Module Installed\n")
    assert (table.bios[0].vendor, table.bios[0].is_uefi) == ("Maker", True)
    assert [device.size_bytes for device in table.memory_devices] == [2 * GIB, 0]


def test_a_handle_given_twice_in_one_output_is_two_slots() -> None:
    one = "Handle 0x0011, DMI type 17, 40 bytes\nMemory Device\n\tSize: 2 GB\n\n"
    assert len(parse_dmidecode("# dmidecode 3.3\n" + one + one).memory_devices) == 2


def test_inactive_and_foreign_types_are_skipped() -> None:
    text = "Handle 0x0001, DMI type 126, 40 bytes\nInactive\n\n"
    text += "Handle 0x0002, DMI type 221, 9 bytes\nOEM-specific Type\n"
    assert parse_dmidecode(text + "\tHeader and Data:\n\t\tDD 09\n\tStrings:\n\t\tSystem Information\n") == Table()


def test_a_line_that_lost_its_end() -> None:
    text = "Handle 0x0001, DMI type 43, 31 bytes\nTPM Device\n\tVendor ID: INTC\n\tSpecification Version: 2.0"
    assert parse_dmidecode(text + "\tFirmware Revision: 7.63\n").tpms[0].version == "2.0"


def test_faults_are_kept() -> None:
    text = "Wrong DMI structures count: 37 announced, only 31 decoded.\nInvalid entry length (16). Fixed up to 11.\n"
    assert parse_dmidecode(text).faults == ("Wrong DMI structures count: 37 announced, only 31 decoded.",)


def test_refusal_is_an_empty_table() -> None:
    assert parse_dmidecode("# dmidecode 3.3\n/dev/mem: Permission denied\n") == Table()


@over_corpus("dmi-text")
def test_corpus_reads(path: Path) -> None:
    table = parse_dmidecode(decode(path.read_bytes()))
    assert msgspec.structs.replace(table, version=None, faults=()) != Table()


def test_whole_machines_read() -> None:
    places = [CORPUS / "whole-machines", CORPUS / "restricted" / "whole-machines"]
    paths = [path for place in places for path in place.glob("*/*dmidecode*") if path.is_file()]
    if not paths:
        pytest.skip("no corpus beside this checkout (../shared/corpus/whole-machines)")
    for path in paths:
        table = parse_dmidecode(decode(path.read_bytes()))
        assert table.systems or "psu" in path.name or "tpm" in path.name, path
