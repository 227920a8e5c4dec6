"""What misled other programs about disks, one test each."""

import json
from typing import Any

import pytest

from agent.facts import Attribute, Gap
from agent.probes import smart_wear
from agent.probes.disk_makers import disk_maker
from agent.probes.nvme import parse_id_ctrl, parse_smart_log
from agent.probes.smart import parse_smart_json
from agent.probes.smart_text import digits, parse_smart_text
from agent.probes.smart_values import first_number
from tests.probes.smart_printing import Drive, Row, as_json, as_text


def whys(gaps: tuple[Gap, ...]) -> set[tuple[str, str]]:
    return {(gap.path, gap.why) for gap in gaps}


def nvme(**log: Any) -> dict[str, Any]:
    told = {"critical_warning": 0, "temperature": 40, "available_spare": 100, "available_spare_threshold": 10}
    told |= {"percentage_used": 3, "power_on_hours": 100, "power_cycles": 9, "media_errors": 0, "data_units_written": 2}
    return {
        "device": {"name": "/dev/nvme0", "type": "nvme", "protocol": "NVMe"},
        "smartctl": {"version": [7, 4], "exit_status": 0},
        "model_name": "PILOT NVMe 256",
        "serial_number": "TESTN1",
        "nvme_namespaces": [{"id": 1, "size": {"bytes": 256_060_514_304}, "eui64": {"oui": 9528, "ext_id": 77}}],
        "smart_status": {"passed": True},
        "nvme_smart_health_information_log": told | log,
    }


def test_passed_keeps_the_pending_sectors() -> None:
    rows = (Row(id=5, name="Reallocated_Sector_Ct", raw="483"), Row(id=197, name="Current_Pending_Sector", raw="312"))
    health = parse_smart_json(as_json(Drive(rows=rows)), "sda").disk.health
    assert (health.is_passed, health.reallocated_sectors, health.pending_sectors) == (True, 483, 312)


@pytest.mark.parametrize("status", [0, 4, 8, 64, 216, 255])
def test_exit_bits_do_not_hide_the_answer(status: int) -> None:
    report = parse_smart_json(as_json(Drive(), exit_status=status), "sda")
    assert report.disk.model == "ATLAS HDD 500"
    assert report.disk.health.exit_bits == status


@pytest.mark.parametrize("used", [0, 100, 101, 255])
def test_nvme_wear_beyond_100_percent_is_kept(used: int) -> None:
    disk = parse_smart_json(json.dumps(nvme(percentage_used=used)), "nvme0n1").disk
    assert disk.health.wear_permille == used * 10
    assert (disk.kind, disk.wwn, disk.health.written_bytes) == ("nvme", "002538000000004d", 1_024_000)


def test_nvme_critical_warning_of_a_passed_disk() -> None:
    assert parse_smart_json(json.dumps(nvme(critical_warning=8)), "nvme0n1").disk.health.critical_warning == 8


@pytest.mark.parametrize(("raw", "timeouts"), [("0", 0), ("4295032833", 1), ("2 1 3", 3), ("65536", 0), ("100", 100)])
def test_seagate_packs_three_counters_into_one(raw: str, timeouts: int) -> None:
    rows = (Row(id=188, name="Command_Timeout", raw=raw),)
    assert parse_smart_text(as_text(Drive(rows=rows), brief=True), "sda").disk.health.command_timeouts == timeouts


@pytest.mark.parametrize(
    ("id_", "name", "raw", "fact"),
    [
        (9, "Power_On_Hours", "246913578024", "hours"),
        (9, "Power_On_Hours", "150001", "hours"),
        (197, "Current_Pending_Sector", "16926260", "pending_sectors"),
        (5, "Reallocated_Sector_Ct", "8589934592000", "reallocated_sectors"),
        (187, "Reported_Uncorrect", "73014444032", "reported_uncorrectable"),
        (12, "Power_Cycle_Count", "281474959933440", "power_cycles"),
    ],
)
def test_absurd_counts_are_gaps(id_: int, name: str, raw: str, fact: str) -> None:
    report = parse_smart_text(as_text(Drive(rows=(Row(id=id_, name=name, raw=raw),)), brief=False), "sda")
    assert getattr(report.disk.health, fact) is None
    assert (f"health.{fact}", "malformed") in whys(report.gaps)
    assert report.disk.health.attributes[0].raw == raw  # what was printed stays, beyond 2**53 too


def test_an_absurd_attribute_gives_way_to_the_statistics() -> None:
    drive = Drive(
        rows=(Row(id=9, name="Power_On_Hours", raw="246913578024"),), statistics={"Power-on Hours": (1, 0x10, 4505)}
    )
    report = parse_smart_json(as_json(drive), "sda")
    assert report.disk.health.hours == 4505
    assert not report.gaps


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("32 (Min/Max 12/41)", "32"), ("24 (0 18 0 0 0)", "24"), ("457 (Average 464)", "457"), ("12/34", "12"),
        ("1 2 3", "1"), ("1234h+56m+07.890s", "1234"), ("0x0007ffff", "524287"), ("-3", "-3"), ("", None), ("-", None),
        ("281474976710655", "281474976710655"),
    ],
)  # fmt: skip
def test_first_number(raw: str, number: str | None) -> None:
    assert first_number(raw) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,024", 1024), ("1 024 209", 1024209), ("1\u00a0024\u00a0209 bytes", 1024209), ("512", 512), ("7", 7),
     ("", None),     ("1'000'204 bytes", 1000204), ("12 34", 12), ("x", None)],
)  # fmt: skip
def test_digits(text: str, number: int | None) -> None:
    assert digits(text) == number


# --- wear -------------------------------------------------------------------------------------------------------------


def wear(id_: int, name: str, value: int, raw: str, model: str = "PILOT SSD", *, known: bool = True) -> int | None:
    a = Attribute(id=id_, name=name, value=value, worst=value, threshold=0, raw=raw, raw_text=raw)
    return smart_wear.wear_permille([a], model, is_in_database=known)


@pytest.mark.parametrize(
    ("id_", "name", "value", "raw", "model", "permille"),
    [
        (177, "Wear_Leveling_Count", 91, "170", "SAMSUNG MZ7LN256", 90),
        (177, "Wear_Leveling_Count", 100, "0", "PILOT SSD", None),  # everyone else's default name
        (177, "Wear_Range_Delta", 1, "99", "SAMSUNG MZ7LN256", None),
        (202, "Percent_Lifetime_Remain", 97, "3", "CT250MX500SSD1", 30),
        (202, "Percent_Lifetime_Used", 3, "97", "C300-CTFDDAC064MAG", 970),
        (202, "Data_Address_Mark_Errs", 3, "97", "PILOT SSD", None),
        (231, "SSD_Life_Left", 80, "0", "KINGSTON SV300S37A60G", 200),
        (231, "SSD_Life_Left", 100, "48", "KINGSTON SA400S37240G", None),  # which of the two counts?
        (231, "Temperature_Celsius", 80, "20", "PILOT SSD", None),
        (233, "Media_Wearout_Indicator", 98, "0", "INTEL SSDSC2KW256", 20),
        (233, "Media_Wearout_Indicator", 100, "140706", "NT-128 2242", None),
        (169, "Remaining_Lifetime_Perc", 100, "95", "PILOT SSD", 50),
        (169, "Remaining_Lifetime_Perc", 100, "0", "PILOT SSD", None),
        (169, "Remaining_Lifetime_Perc", 49, "4294966321", "PILOT SSD", None),
        (173, "Wear_Leveling_Count", 179, "2392338661976", "PILOT SSD", None),
    ],
)
def test_wear_by_number_name_and_maker(
    id_: int, name: str, value: int, raw: str, model: str, permille: int | None
) -> None:
    assert wear(id_, name, value, raw, model) == permille


def test_names_of_an_unknown_drive_say_nothing_of_wear() -> None:
    assert wear(231, "SSD_Life_Left", 80, "0", known=False) is None


def test_statistics_and_vendor_far_apart_are_a_conflict() -> None:
    rows = (Row(id=202, name="Percent_Lifetime_Remain", value=0, raw="100"),)
    statistics = {"Percentage Used Endurance Indicator": (7, 8, 36)}
    report = parse_smart_json(as_json(Drive(model="CT500MX200SSD1", rpm=0, rows=rows, statistics=statistics)), "sda")
    assert report.disk.health.wear_permille is None
    assert ("health.wear_permille", "conflict") in whys(report.gaps)


def test_statistics_beat_a_vendor_counter_that_stops_at_100() -> None:
    rows = (Row(id=202, name="Percent_Lifetime_Remain", value=0, raw="100"),)
    statistics = {"Percentage Used Endurance Indicator": (7, 8, 113)}
    report = parse_smart_json(as_json(Drive(model="CT500MX200SSD1", rpm=0, rows=rows, statistics=statistics)), "sda")
    assert report.disk.health.wear_permille == 1130
    assert not report.gaps


def test_a_hybrid_hard_disk_has_no_wear() -> None:
    drive = Drive(rpm=5400, statistics={"Percentage Used Endurance Indicator": (7, 8, 90)})
    assert parse_smart_json(as_json(drive), "sda").disk.health.wear_permille is None


@pytest.mark.parametrize(
    ("name", "raw", "known", "bytes_"),
    [
        ("Host_Writes_32MiB", "10", False, 10 << 25),
        ("Lifetime_Writes_GiB", "3", False, 3 << 30),
        ("Total_LBAs_Written", "100", True, 51_200),
        ("Total_LBAs_Written", "100", False, None),  # smartctl's default name, of no known unit
        ("NAND_Writes_1GiB", "5", True, None),
        ("Unknown_Attribute", "5", True, None),
    ],
)
def test_volumes_only_when_the_name_gives_the_unit(name: str, raw: str, known: bool, bytes_: int | None) -> None:
    a = Attribute(id=241, name=name, raw=raw, raw_text=raw)
    assert smart_wear.volumes([a], 512, is_in_database=known).get("written_bytes") == bytes_


# --- self-tests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "failed"),
    [
        ((), None),
        ((("Short offline", 1),), None),
        ((("Short offline", 0),), False),
        ((("Short offline", 7), ("Extended offline", 0)), True),
        ((("Extended offline", 0), ("Short offline", 7)), False),  # made good
        ((("Short offline", 0), ("Extended offline", 7)), True),  # a short test does not look at all sectors
        ((("Short offline", 15), ("Extended offline", 1), ("Extended offline", 6)), True),
        ((("Extended offline", 3),), True),
    ],
)
def test_self_tests(log: tuple[tuple[str, int], ...], failed: bool | None) -> None:
    assert parse_smart_json(as_json(Drive(tests=log)), "sda").disk.health.self_test_failed is failed
    assert parse_smart_text(as_text(Drive(tests=log), brief=True), "sda").disk.health.self_test_failed is failed


@pytest.mark.parametrize(
    ("results", "failed"), [((), None), ((0,), False), ((1, 7, 0), True), ((6,), True), ((9, 1), None)]
)
def test_nvme_self_tests(results: tuple[int, ...], failed: bool | None) -> None:
    table = [{"self_test_code": {"value": 1}, "self_test_result": {"value": result}} for result in results]
    doc = nvme() | {"nvme_self_test_log": {"current_self_test_operation": {"value": 0}, "table": table}}
    health = parse_smart_json(json.dumps(doc), "nvme0n1").disk.health
    assert (health.self_test_failed, health.self_test_count) == (failed, len(results))


@pytest.mark.parametrize(
    ("result", "failed"), [("Completed", False), ("Failed in segment -->", True), ("Aborted (by user command)", None)]
)
def test_sas_self_tests(result: str, failed: bool | None) -> None:
    text = SAS.replace("Completed  ", f"{result:11}")
    assert parse_smart_text(text, "sda").disk.health.self_test_failed is failed


# --- other protocols --------------------------------------------------------------------------------------------------

SAS = """smartctl 7.1 2019-12-30 r5022 [x86_64-linux-5.4.0] (local build)

=== START OF INFORMATION SECTION ===
Vendor:               HGST
Product:              HUS7260TEST
Revision:             A907
User Capacity:        4 000 787 030 016 bytes [4,00 TB]
Logical block size:   512 bytes
Physical block size:  4096 bytes
Rotation Rate:        7200 rpm
Form Factor:          3.5 inches
Logical Unit id:      0x5000cca2650012ab
Serial number:        TESTSAS1
Device type:          disk
Transport protocol:   SAS (SPL-3)
SMART support is:     Available - device has SMART capability.
SMART support is:     Enabled

=== START OF READ SMART DATA SECTION ===
SMART Health Status: OK

Current Drive Temperature:     40 C
Drive Trip Temperature:        85 C

Elements in grown defect list: 7

Error counter log:
           Errors Corrected by           Total   Correction     Gigabytes    Total
               ECC          rereads/    errors   algorithm      processed    uncorrected
           fast | delayed   rewrites  corrected  invocations   [10^9 bytes]  errors
read:          0        8         0         8      60614      16772,475           2
write:         0      211         0       211     233430     574543.134           1
verify:        0       73         0        73     111983       3464.820           0

SMART Self-test log
Num  Test              Status                 segment  LifeTime  LBA_first_err [SK ASC ASQ]
     Description                              number   (hours)
# 1  Background short  Completed                   -     302                 - [-   -    -]

Long (extended) Self-test duration: 34237 seconds [570.6 minutes]
"""


def test_sas() -> None:
    disk = parse_smart_text(SAS, "sda").disk
    health = disk.health
    assert (disk.maker, disk.model, disk.size_bytes, disk.kind) == ("HGST", "HUS7260TEST", 4_000_787_030_016, "hdd")
    assert (disk.transport, disk.wwn, disk.rpm) == ("sas", "5000cca2650012ab", 7200)
    assert (health.is_passed, health.grown_defects, health.uncorrected_errors, health.temperature_c) == (True, 7, 3, 40)
    assert (health.written_bytes, health.read_bytes) == (574_543_134_000_000, 16_772_475_000_000)
    assert (health.self_test_extended_minutes, health.self_test_failed) == (571, False)


def test_sas_that_predicts_its_failure() -> None:
    text = SAS.replace(
        "SMART Health Status: OK", "SMART Health Status: FAILURE PREDICTION THRESHOLD EXCEEDED [asc=5d, ascq=0]"
    )
    assert parse_smart_text(text, "sda").disk.health.is_passed is False


def test_nvme_behind_a_sas_controller() -> None:
    text = (
        SAS.replace("HGST\n", "NVMe\n").replace("7200 rpm", "Solid State Device").replace("HUS7260TEST", "Pilot NVMe")
    )
    text = text.replace("Elements in", "Percentage used endurance indicator: 12%\nElements in")
    disk = parse_smart_text(text, "sda").disk
    assert (disk.kind, disk.maker, disk.health.wear_permille) == ("nvme", None, 120)


def test_smart_support_was_a_bool_once() -> None:
    for value in (True, {"available": True, "enabled": True}):
        doc = json.loads(as_json(Drive(is_passed=None))) | {"smart_support": value}
        assert parse_smart_json(json.dumps(doc), "sda").disk.health.is_available is True


def test_masked_names_are_unknown() -> None:
    doc = json.loads(as_json(Drive(serial="REDACTED", wwn=None)))
    assert parse_smart_json(json.dumps(doc), "sda").disk.serial is None
    text = as_text(Drive(serial="..."), brief=True).replace("264c12345", "...")
    disk = parse_smart_text(text, "sda").disk
    assert (disk.serial, disk.wwn) == (None, None)


# --- bridges ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", ["77", "281474976710655"])
def test_the_same_answer_for_everything_is_nobodys_health(raw: str) -> None:
    ids = (
        (1, "Raw_Read_Error_Rate"),
        (5, "Reallocated_Sector_Ct"),
        (9, "Power_On_Hours"),
        (197, "Current_Pending_Sector"),
    )
    drive = Drive(rows=tuple(Row(id=id_, name=name, raw=raw) for id_, name in ids))
    report = parse_smart_json(as_json(drive), "sda")
    assert report.disk.health.attributes == ()
    assert report.disk.health.reallocated_sectors is None
    assert ("health.attributes", "malformed") in whys(report.gaps)


def test_a_new_disk_with_zeros_is_not_garbage() -> None:
    ids = (
        (1, "Raw_Read_Error_Rate"),
        (5, "Reallocated_Sector_Ct"),
        (10, "Spin_Retry_Count"),
        (197, "Current_Pending_Sector"),
    )
    drive = Drive(rows=tuple(Row(id=id_, name=name) for id_, name in ids))
    report = parse_smart_json(as_json(drive), "sda")
    assert report.disk.health.pending_sectors == 0


def test_the_bridge_that_smartctl_knows_is_named() -> None:
    doc = json.loads(as_json(Drive()))
    doc["device"] = {"name": "/dev/sdb", "info_name": "/dev/sdb [USB JMicron]", "type": "usbjmicron", "protocol": "ATA"}
    disk = parse_smart_json(json.dumps(doc), "sdb").disk
    assert (disk.bridge, disk.transport, disk.model) == ("USB JMicron", "usb", "ATLAS HDD 500")


def test_an_unknown_bridge_asks_for_a_type() -> None:
    message = "/dev/sdb: Unknown USB bridge [0x152d:0x0578 (0x508)]"
    doc = {"smartctl": {"exit_status": 1, "messages": [{"string": message, "severity": "error"}]}}
    text = f"smartctl 7.3 2022-02-28 r5338\n\n{message}\nPlease specify device type with the -d option.\n"
    for report in (parse_smart_json(json.dumps(doc), "sdb"), parse_smart_text(text, "sdb")):
        assert report.is_bridge_unknown
        assert whys(report.gaps) == {("", "failed")}


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("Smartctl open device: /dev/sda failed: Permission denied", "refused"),
        ("Smartctl open device: /dev/sda failed: No such device", "absent"),
        ("Read Device Identity failed: Input/output error", "failed"),
        ("Device is in STANDBY mode, exit(2)", "failed"),
    ],
)
def test_no_answer_has_its_reason(message: str, why: str) -> None:
    doc = {"smartctl": {"exit_status": 2, "messages": [{"string": message}]}, "device": {"name": "/dev/sda"}}
    for report in (parse_smart_json(json.dumps(doc), "sda"), parse_smart_text(f"smartctl 7.3\n\n{message}\n", "sda")):
        assert whys(report.gaps) == {("", why)}


# --- security ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "security", "is_frozen"),
    [(None, "unsupported", None), (0x01, "disabled", False), (0x09, "disabled", True), (0x03, "enabled", False),
     (0x0B, "enabled", True), (0x07, "locked", None)],
)  # fmt: skip
def test_ata_security(word: int | None, security: str, is_frozen: bool | None) -> None:
    disk = parse_smart_json(as_json(Drive(security=word)), "sda").disk
    assert (disk.security, disk.is_security_frozen) == (security, is_frozen)


def test_security_not_asked_is_unknown() -> None:
    doc = json.loads(as_json(Drive(security=None)))
    doc["smartctl"]["argv"] = ["smartctl", "-a", "-j", "/dev/sda"]
    assert parse_smart_json(json.dumps(doc), "sda").disk.security is None


# --- nvme-cli ---------------------------------------------------------------------------------------------------------


def test_nvme_sanitize_capabilities() -> None:
    assert parse_id_ctrl('{"oacs": 23, "sanicap": 3}')["sanitize"] == ("crypto-scramble", "block-erase", "format")
    assert parse_id_ctrl('{"oacs": 0, "sanicap": 0}')["sanitize"] == ()
    assert parse_id_ctrl('{"oacs": 23}')["sanitize"] is None  # nvme-cli of old left SANICAP out
    assert parse_id_ctrl("garbage") == {}


@pytest.mark.parametrize("warning", [4, {"value": 4, "available_spare": 0}])
def test_nvme_smart_log_of_two_generations(warning: object) -> None:
    log = {"critical_warning": warning, "temperature": 313, "percent_used": 101, "avail_spare": 90, "spare_thresh": 10}
    health = parse_smart_log(json.dumps(log | {"data_units_written": 1.0, "data_units_read": 2}))
    assert (health["critical_warning"], health["temperature_c"], health["wear_permille"]) == (4, 40, 1010)
    assert (health["written_bytes"], health["spare_permille"]) == (512_000, 900)


@pytest.mark.parametrize(
    ("vendor", "model", "maker"),
    [(None, "WDC WD10EZEX-00BN5A0", "Western Digital"), (None, "ST500DM002-1BD142", "Seagate"),
     (None, "SAMSUNG MZ7LN256HCHP", "Samsung"),
     ("ATA", "HGST HTS725050A7E630", "HGST"), ("HP", "LOGICAL VOLUME", "HP"), (None, "Nobody knows", None),
     (None, None, None),     (None, "STNSS", None)],
)  # fmt: skip
def test_disk_makers(vendor: str | None, model: str | None, maker: str | None) -> None:
    assert disk_maker(vendor, model) == maker


def test_smart_that_is_switched_off_is_told() -> None:
    doc = json.loads(as_json(Drive(is_passed=None))) | {"smart_support": {"available": True, "enabled": False}}
    for key in ("ata_smart_error_log", "ata_smart_self_test_log", "ata_smart_data"):
        del doc[key]
    text = (
        as_text(Drive(is_passed=None), brief=True)
        .replace("is: Enabled", "is: Disabled")
        .partition("=== START OF READ")[0]
    )
    for report in (parse_smart_json(json.dumps(doc), "sda"), parse_smart_text(text, "sda")):
        assert [(gap.path, gap.detail) for gap in report.gaps] == [("health", "SMART is switched off on this disk")]
        assert report.disk.health.is_available is True
