"""nixos-facter reports: shapes of JSON one can trust, and those one cannot."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.foreign.recorded import Recorded
from agent.host import Host, Output
from agent.probes import Findings, facter
from tests.conftest import corpus_files

REPORT: dict[str, Any] = {
    "version": 1,
    "system": "x86_64-linux",
    "hardware": {
        "cpu": [{"vendor_name": "GenuineIntel", "model_name": "Intel X", "family": 6, "model": 186, "stepping": 3,
                 "features": ["fpu", "lm"], "physical_id": p, "siblings": 12, "cores": 10} for p in (0, 1)],
        "disk": [
            {"sysfs_id": "/class/block/nvme0n1", "driver": "nvme", "model": "ACME 512", "serial": "S-1",
             "resources": [{"type": "size", "unit": "sectors", "value_1": 125026902, "value_2": 4096}]},
            {"sysfs_id": "/class/block/zram0", "model": "Disk",
             "resources": [{"type": "size", "unit": "sectors", "value_1": 100, "value_2": 4096}]},
            {"sysfs_id": "/class/block/sda", "driver": "uas", "model": "Stick", "bus_type": {"name": "SCSI"},
             "resources": [{"type": "size", "unit": "sectors", "value_1": 1000, "value_2": 512}]},
        ],
        "monitor": [{"vendor": {"value": 2533}, "device": {"value": 3414, "name": "NV122"}, "serial": "0",
                     "detail": {"manufacture_year": 2024, "manufacture_week": 39, "width": 1920, "height": 1200,
                                "width_millimetres": 263, "height_millimetres": 164}}],
        "network_controller": [{"sub_class": {"hex": "0082"}, "driver": "iwlwifi", "unix_device_names": ["wlan0"]}],
        "bluetooth": [{"sysfs_bus_id": "3-10:1.0"}, {"sysfs_bus_id": "3-10:1.1"}],
    },
    "smbios": {
        "system": {"manufacturer": "Framework", "product": "Laptop 12"},
        "chassis": [{"chassis_type": {"value": 31}}],
        "memory_array": [{"handle": 24, "usage": {"value": 3}, "max_size": "0x3000000", "slots": 1}],
        "memory_device": [{"array_handle": 24, "size": 50331648, "memory_type": {"value": 34},
                           "form_factor": {"value": 13}, "speed": 5600, "width": 64, "ecc_bits": 0}],
        "bios": {"vendor": "Acme", "date": "06/05/2025"},
    },
}  # fmt: skip


def findings_of(text: str) -> Findings:
    answer = Output(argv=("facter", "facter.json"), status=0, stdout=text.encode())
    return facter.probe(Host(Path("/nonexistent"), Recorded({"facter": (answer,)})))


def test_facts() -> None:
    facts = findings_of(json.dumps(REPORT)).facts
    cpu, memory = facts["cpu"], facts["memory"]
    assert (cpu.sockets, cpu.cores, cpu.threads, cpu.is_64_bit) == (2, 20, 24, True)
    assert (memory.fitted_bytes, memory.maximum_bytes, memory.generation) == (48 << 30, 48 << 30, "DDR5")
    disks = {disk.name: disk for disk in facts["disks"]}
    assert set(disks) == {"nvme0n1", "sda"}
    assert (disks["nvme0n1"].size_bytes, disks["nvme0n1"].removable) == (125026902 * 4096, False)
    assert (disks["sda"].transport, disks["sda"].removable) == ("usb", True)
    (screen,) = facts["displays"]
    assert (screen.maker, screen.model, screen.width_px, screen.serial) == ("BOE", "NV122", 1920, None)
    assert [network.kind for network in facts["networks"]] == ["wifi", "bluetooth"]
    assert facts["system"].chassis == "laptop"
    assert facts["firmware"].released_on == "2025-06-05"


@pytest.mark.parametrize("hostile", ["", "{}", "[]", "3", '{"hardware": 5}', "{" * 9999, '{"hardware": {}}'])
def test_hostile_input(hostile: str) -> None:
    found = findings_of(hostile)
    assert found.gaps or not any(found.facts.values())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_value_in_any_place(data: st.DataObject) -> None:
    """One value of the report replaced by any other JSON value."""
    report = json.loads(json.dumps(REPORT))
    at: Any = report
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = data.draw(_JSON)
    findings_of(json.dumps(report))


def test_every_report_of_the_corpus() -> None:
    paths = [path for path in corpus_files("whole-machines") if path.name == "facter.json"]
    if not paths:
        pytest.skip("no corpus beside this checkout")
    for path in paths:
        facts = findings_of(path.read_text()).facts
        assert facts["system"].product and facts["cpu"].cores and facts["memory"].fitted_bytes, path.parent.name
        assert facts["cpu"].windows_11, path.parent.name
