"""pySMART as a second reader: it objects where it should, its traps stay inside, and it never raises."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Health
from agent.probes.second_reader import Opinion, objections, second_opinion
from agent.text import decode
from tests.conftest import over_corpus

BANNER = "smartctl 7.3 2022-02-28 r5338 [x86_64-linux-6.1.0] (local build)\nCopyright\n\n"
INFORMATION = """=== START OF INFORMATION SECTION ===
Device Model:     EXAMPLE DISK
Serial Number:    AB CD1234
User Capacity:    500,107,862,016 bytes [500 GB]
Rotation Rate:    7200 rpm

=== START OF READ SMART DATA SECTION ===
SMART overall-health self-assessment test result: PASSED

Vendor Specific SMART Attributes with Thresholds:
"""
CLASSIC = """ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE
  5 Reallocated_Sector_Ct   0x0033   100   100   010    Pre-fail  Always       -       7
190 Airflow_Temperature_Cel 0x0022   056   042   000    Old_age   Always       -       44
194 Temperature_Celsius     0x0022   032   055   000    Old_age   Always       -       21 (Min/Max 12/41)
197 Current_Pending_Sector  0x0012   100   100   000    Old_age   Always       -       12
198 Offline_Uncorrectable   0x0010   100   100   000    Old_age   Offline      -       0x0000000c

"""
BRIEF = """ID# ATTRIBUTE_NAME          FLAGS    VALUE WORST THRESH FAIL RAW_VALUE
  5 Reallocated_Sector_Ct   PO--CK   100   100   010    -    7
190 Airflow_Temperature_Cel -O---K   056   042   000    -    44
194 Temperature_Celsius     -O---K+  032   055   000    -    21 (Min/Max 12/41)
197 Current_Pending_Sector  -O--C-   100   100   000    -    12
                            ||||||_ K auto-keep

"""
NVME = """=== START OF INFORMATION SECTION ===
Model Number:                       EXAMPLE NVME
Total NVM Capacity:                 256,060,514,304 [256 GB]

=== START OF SMART DATA SECTION ===
SMART overall-health self-assessment test result: FAILED!
- media has been placed in read only mode

SMART/Health Information (NVMe Log 0x02)
Critical Warning:                   0x08
Temperature:                        41 Celsius
Media and Data Integrity Errors:    1,203

"""
PASSED = INFORMATION + CLASSIC


@pytest.mark.parametrize("table", [CLASSIC, BRIEF], ids=["classic", "brief"])
@pytest.mark.parametrize("banner", [BANNER, ""], ids=["banner", "bare"])
def test_counters_are_read_from_either_table_with_or_without_a_banner(table: str, banner: str) -> None:
    opinion = second_opinion(banner + INFORMATION + table, "ata")
    assert opinion is not None
    assert opinion.is_passed is True
    assert opinion.counters == {"reallocated_sectors": 7, "pending_sectors": 12}  # it cannot read hexadecimal
    assert set(opinion.temperatures_c) == {21, 44}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("  5 Reallocated_Sector_Ct   PO--CK   005   005   010    NOW  2000", False),
        ("190 Airflow_Temperature_Cel -O---K   056   042   045    Past 44", True),
        ("  5 Reallocated_Sector_Ct   0x0033   005   005   010    Pre-fail  Always   FAILING_NOW 2000", False),
    ],
)
def test_an_attribute_that_fails_now_is_its_failure(row: str, told: bool) -> None:
    opinion = second_opinion(f"{BANNER}{INFORMATION}{row}\n\n", "ata")
    assert opinion is not None and opinion.is_passed is told
    name = row.split()[1]
    agreeing = Health(is_passed=True, failing_now=() if told else (name,))
    assert objections(agreeing, opinion, "disks[0].health") == ()


def test_nvme() -> None:
    opinion = second_opinion(BANNER + NVME, "nvme")
    assert opinion == Opinion(is_passed=False, temperatures_c=(41,), counters={"media_errors": 1203})


def test_a_disagreement_is_a_conflict_that_tells_both_values() -> None:
    opinion = second_opinion(BANNER + PASSED, "ata")
    assert opinion is not None
    ours = Health(is_passed=False, pending_sectors=0, reallocated_sectors=7, temperature_c=70)
    gaps = objections(ours, opinion, "disks[3].health")
    assert [gap.path.rpartition(".")[2] for gap in gaps] == ["is_passed", "pending_sectors", "temperature_c"]
    assert {gap.why for gap in gaps} == {"conflict"}
    assert gaps[1].path == "disks[3].health.pending_sectors"
    assert gaps[1].detail == "first reader: 0; pySMART: 12"


def test_what_one_reader_does_not_know_is_no_disagreement() -> None:
    opinion = second_opinion(BANNER + PASSED, "ata")
    assert opinion is not None
    assert objections(Health(), opinion, "h") == ()
    assert objections(Health(is_passed=True, pending_sectors=3), Opinion(), "h") == ()


@pytest.mark.parametrize("text", ["", "\n\n", "smartctl: no such device", BANNER, BANNER + "Device Model", "\x00\xff"])
@pytest.mark.parametrize("protocol", ["ata", "nvme", "scsi"])
def test_half_answers_never_raise(text: str, protocol: str) -> None:
    opinion = second_opinion(text, protocol)  # type: ignore[arg-type]
    assert opinion is None or (opinion.is_passed is None and not opinion.counters)


@given(st.integers(0, len(NVME)), st.text(alphabet="0123456789:,.%[]()- xA\n\u00a0", max_size=12))
@settings(max_examples=60, deadline=None)
def test_damaged_answers_never_raise(place: int, noise: str) -> None:
    for text, protocol in ((NVME, "nvme"), (PASSED, "ata"), (PASSED, "scsi")):
        second_opinion(BANNER + text[:place] + noise + text[place + len(noise) :], protocol)  # type: ignore[arg-type]


@pytest.mark.programs
def test_the_import_leaves_the_language_and_the_loggers_alone() -> None:
    code = (
        "import logging, os; os.environ['LANG'] = 'fr_FR.UTF-8'; kept = logging.getLoggerClass()\n"
        "from agent.probes.second_reader import second_opinion\n"
        f"assert second_opinion({BANNER + NVME!r}, 'nvme')\n"
        "assert os.environ['LANG'] == 'fr_FR.UTF-8' and logging.getLoggerClass() is kept\n"
        "del os.environ['LANG']\n"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, timeout=60)


def test_it_starts_no_program_and_grows_no_options() -> None:
    language = os.environ.get("LANG")
    second_opinion(BANNER + PASSED, "ata")
    import pySMART  # loaded already, with its traps contained

    before = list(pySMART.SMARTCTL.options)
    for _ in range(3):
        second_opinion(BANNER + PASSED, "scsi")  # the closed world of the tests would raise
    assert pySMART.SMARTCTL.options == before
    assert os.environ.get("LANG") == language
    assert logging.getLoggerClass().__name__ != "TraceLogger"


@over_corpus("smart-text")
def test_corpus(path: Path) -> None:
    text = decode(path.read_bytes())
    for protocol in ("ata", "nvme", "scsi"):
        second_opinion(text, protocol)
