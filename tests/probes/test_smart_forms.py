"""One drive printed as JSON and as text, with either table, must give the same facts."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Disk
from agent.probes.smart import parse_smart_json
from agent.probes.smart_text import parse_smart_text
from tests.probes.smart_printing import Drive, Row, as_json, as_text

NAMES = {
    5: "Reallocated_Sector_Ct", 9: "Power_On_Hours", 10: "Spin_Retry_Count", 12: "Power_Cycle_Count",
    177: "Wear_Leveling_Count", 184: "End-to-End_Error", 187: "Reported_Uncorrect", 188: "Command_Timeout",
    190: "Airflow_Temperature_Cel", 194: "Temperature_Celsius", 196: "Reallocated_Event_Count",
    197: "Current_Pending_Sector", 198: "Offline_Uncorrectable", 199: "UDMA_CRC_Error_Count",
    202: "Percent_Lifetime_Remain", 231: "SSD_Life_Left", 233: "Media_Wearout_Indicator",
    241: "Total_LBAs_Written", 242: "Host_Reads_32MiB",
}  # fmt: skip
numbers = st.integers(0, 10**7) | st.integers(0, 2**48 - 1)
raws = (
    numbers.map(str)
    | st.tuples(st.integers(1, 90), st.integers(-9, 30), st.integers(30, 99)).map(
        lambda t: f"{t[0]} (Min/Max {t[1]}/{t[2]})"
    )
    | st.tuples(*[st.integers(0, 65535)] * 3).map(lambda t: f"{t[0]} {t[1]} {t[2]}")
    | st.tuples(numbers, numbers).map(lambda t: f"{t[0]} (Average {t[1]})")
    | st.tuples(st.integers(0, 99999), st.integers(0, 59)).map(lambda t: f"{t[0]}h+{t[1]:02}m+07.890s")
    | st.integers(0, 2**48 - 1).map(lambda n: f"0x{n:012x}")
    | st.tuples(numbers, numbers).map(lambda t: f"{t[0]}/{t[1]}")
)


def _row(id_: int, name: str, value: int, worst: int, threshold: int, raw: str, failed: str) -> Row:
    return Row(id=id_, name=name, value=value, worst=worst, threshold=threshold, raw=raw, failed=failed)


bytes_ = st.integers(0, 253)
rows = st.sampled_from(sorted(NAMES.items())).flatmap(
    lambda pair: st.builds(
        _row, st.just(pair[0]), st.just(pair[1]) | st.just("Unknown_Attribute"), bytes_, bytes_, bytes_, raws,
        st.sampled_from(["", "", "now", "past"]),
    )
)  # fmt: skip
tests = st.tuples(
    st.sampled_from(["Short offline", "Extended offline", "Conveyance offline"]),
    st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 8, 15]),
)
drives = st.builds(
    Drive,
    model=st.sampled_from(
        ["ATLAS HDD 500", "WDC WD5000LPVX-22V0TT0", "SAMSUNG MZ7LN256", "INTEL SSDSC2KW256", "CT250MX500SSD1"]
    ),
    wwn=st.none() | st.tuples(st.just(5), st.integers(0, 2**24 - 1), st.integers(0, 2**36 - 1)),
    size_bytes=st.integers(1, 2**44).map(lambda n: n * 512),
    sectors=st.sampled_from([(512, 512), (512, 4096), (4096, 4096)]),
    rpm=st.sampled_from([None, 0, 5400, 7200]),
    form=st.sampled_from([None, "2.5 inches", "M.2", "< 1.8 inches"]),
    in_database=st.booleans(),
    is_passed=st.sampled_from([None, True, False]),
    security=st.none() | st.integers(0, 15).map(lambda bits: bits | 1 if bits & 2 else (bits & ~4) | 1),
    trim=st.sampled_from([None, True, False]),
    rows=st.lists(rows, max_size=12, unique_by=lambda row: row.id).map(tuple),
    statistics=st.fixed_dictionaries(
        {},
        optional={
            "Power-on Hours": st.tuples(st.just(1), st.just(16), st.integers(0, 10**6)),
            "Logical Sectors Written": st.tuples(st.just(1), st.just(24), st.integers(0, 2**48)),
            "Number of Reallocated Logical Sectors": st.tuples(st.just(3), st.just(32), st.integers(0, 10**7)),
            "Percentage Used Endurance Indicator": st.tuples(st.just(7), st.just(8), st.integers(0, 255)),
            "Highest Temperature": st.tuples(st.just(5), st.just(32), st.integers(-20, 90)),
        },
    ),
    errors=st.none() | st.tuples(st.integers(1, 65535), st.integers(0, 60000)),
    tests=st.lists(tests, max_size=9).map(tuple),
    warmest=st.none() | st.integers(20, 90),
    now_c=st.none() | st.integers(1, 90),
)


def told(disk: Disk) -> Disk:
    """Without what only JSON tells."""
    health = msgspec.structs.replace(disk.health, exit_bits=None)
    return msgspec.structs.replace(disk, health=health)


@settings(max_examples=150, deadline=None)
@given(drives)
def test_json_and_both_texts_say_the_same(drive: Drive) -> None:
    from_json = parse_smart_json(as_json(drive), "sda")
    brief = parse_smart_text(as_text(drive, brief=True), "sda")
    classic = parse_smart_text(as_text(drive, brief=False), "sda")
    assert told(from_json.disk) == told(brief.disk) == told(classic.disk)
    assert set(from_json.gaps) == set(brief.gaps) == set(classic.gaps)


@settings(max_examples=40, deadline=None)
@given(drives, st.sampled_from([",", " ", "\u00a0", "\u202f", ".", "'"]))
def test_digits_of_any_locale(drive: Drive, grouping: str) -> None:
    text = as_text(drive, brief=True, grouping=grouping)
    raw = text.encode("latin-1") if grouping == "\u00a0" else text.encode()
    assert parse_smart_text(raw, "sda").disk == parse_smart_text(as_text(drive, brief=True), "sda").disk


@settings(max_examples=60, deadline=None)
@given(drives, st.data())
def test_damaged_answers_are_facts_or_gaps(drive: Drive, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([as_json(drive), as_text(drive, brief=True), as_text(drive, brief=False)]))
    cut, start = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))
    broken = (text[:cut] + data.draw(st.text(max_size=8)) + text[start:])[:20_000]
    for parse in (parse_smart_json, parse_smart_text):
        report = parse(broken, "sda")
        assert report.has_answer or report.gaps


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"{", b"null", b"[]", b"[1]", b"\xff\xfe\x00", b'{"smartctl": 5}', b"[" * 5000]
)
def test_nothing_is_a_gap(raw: bytes) -> None:
    for parse in (parse_smart_json, parse_smart_text):
        report = parse(raw, "sda")
        assert not report.has_answer
        assert [gap.path for gap in report.gaps] == [""]
        assert report.disk == Disk(name="sda")
