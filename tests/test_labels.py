"""Values in words, with units, in both languages."""

import pytest

from agent.labels import item_label, label, tell, tell_why


@pytest.mark.parametrize(
    "path, value, fr, en",
    [
        ("memory.fitted_bytes", 4 << 30, "4 Gio", "4 GiB"),
        ("memory.modules[1].size_bytes", 2 << 30, "2 Gio", "2 GiB"),
        ("disks[0].size_bytes", 500_107_862_016, "500 Go", "500 GB"),
        ("batteries[0].health_permille", 875, "87,5 %", "87.5 %"),
        ("batteries[0].design_mwh", 47_520, "47,5 Wh", "47.5 Wh"),
        ("disks[0].health.hours", 12_345, "12\u202f345 h", "12,345 h"),
        ("cpu.max_mhz", 3400, "3400 MHz", "3400 MHz"),
        ("system.made_year", 2014, "2014", "2014"),
        ("system.age_years", 1, "1 an", "1 year"),
        ("system.age_years", 12, "12 ans", "12 years"),
        ("system.chassis", "laptop", "portable", "laptop"),
        ("system.maker", "laptop", "laptop", "laptop"),
        ("cpu.is_64_bit", True, "oui", "yes"),
        ("cpu.flags", ("lm", "sse2"), "lm, sse2", "lm, sse2"),
        ("firmware.tpm", None, "inconnu", "unknown"),
        ("disks[0].health.temperature_c", -3, "-3 °C", "-3 °C"),
        ("clock.rtc_offset_seconds", -123_456, "-123\u202f456 s", "-123,456 s"),
    ],
)
def test_tell(path: str, value: object, fr: str, en: str) -> None:
    assert (tell(path, value, "fr"), tell(path, value, "en")) == (fr, en)


def test_labels_of_paths_items_and_gaps() -> None:
    assert label("disks[3].health.pending_sectors", "fr") == "Secteurs difficiles à lire"
    assert label("disks", "en") == "Disks" and label("made.up", "fr") == "made.up"
    assert item_label("disks[0].health", "sda", "fr") == "Disque sda"
    assert item_label("batteries[1]", None, "en") == "Battery 2"
    assert tell_why("tool-missing", "fr") == "programme manquant" and tell_why("odd", "fr") == "odd"


def test_a_virtual_disk_is_no_machine_and_an_unread_source_is_not_an_absent_part() -> None:
    assert tell("disks[0].kind", "virtual", "fr") == "disque virtuel"
    assert tell("system.chassis", "virtual", "fr") == "machine virtuelle"
    assert "absent" not in tell_why("absent", "fr")
