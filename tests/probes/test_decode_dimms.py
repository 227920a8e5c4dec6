"""decode-dimms: sizes to the byte, and a word when not all modules could be read."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.foreign.recorded import Recorded
from agent.host import Host, Output
from agent.probes import Findings, decode_dimms
from tests.conftest import over_corpus

MODULE = """Decoding EEPROM: /sys/bus/i2c/drivers/eeprom/0-00{0}
Guessing DIMM is in                              bank {0}

---=== SPD EEPROM Information ===---
Fundamental Memory type                          DDR3 SDRAM
Module Type                                      SO-DIMM
Maximum module speed                             1333 MHz (PC3-10600)
Size                                             4096 MB

---=== Manufacturer Data ===---
Module Manufacturer                              Micron Technology
Part Number                                      PART-{0}
Assembly Serial Number                           0x12AB34{0}

"""
HEAD = "# decode-dimms version $Revision$\n\nMemory Serial Presence Detect Decoder\n\n"
TEXT = HEAD + MODULE.format(50) + MODULE.format(52) + "\nNumber of SDRAM DIMMs detected and decoded: 2\n"


def findings_of(text: str) -> Findings:
    answer = Output(argv=("decode-dimms", "dimms.txt"), status=0, stdout=text.encode())
    return decode_dimms.probe(Host(Path("/nonexistent"), Recorded({"decode-dimms": (answer,)})))


def test_two_modules() -> None:
    found = findings_of(TEXT)
    memory = found.facts["memory"]
    assert (memory.fitted_bytes, memory.generation, len(memory.modules)) == (8 << 30, "DDR3", 2)
    module = memory.modules[0]
    assert (module.form, module.rated_mts, module.part) == ("SODIMM", 1333, "PART-50")
    assert (memory.slots_total, memory.slots_free) == (None, None)  # an empty slot has no EEPROM
    assert not found.gaps


def test_nothing_read_is_said_and_no_memory_is_claimed() -> None:
    found = findings_of(HEAD + "\nNumber of SDRAM DIMMs detected and decoded: 0\n")
    assert "memory" not in found.facts
    assert [gap.path for gap in found.gaps] == ["memory.modules"]


def test_a_module_that_was_lost_is_said() -> None:
    assert findings_of(TEXT.replace("decoded: 2", "decoded: 3")).gaps


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)), st.text(max_size=20))
def test_never_raises_when_cut_or_spoilt(begin: int, end: int, noise: str) -> None:
    findings_of(TEXT[:begin] + noise + TEXT[end:])


@over_corpus("spd-decode-dimms")
def test_corpus_files(path: Path) -> None:
    found = findings_of(path.read_text("utf-8", "replace"))
    assert not found.gaps
    assert found.facts["memory"].fitted_bytes and found.facts["memory"].generation
