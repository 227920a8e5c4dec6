"""Machines of our own composing: a good one, and copies of it with some facts changed by path."""

import re
from typing import Any

import msgspec

from agent.facts import (
    Attribute,
    Battery,
    Cpu,
    Disk,
    Display,
    Firmware,
    Health,
    Machine,
    Memory,
    Module,
    Network,
    System,
)

_STEP = re.compile(r"([a-z_0-9]+)(?:\[(\d+)\])?")


def good_disk(**changes: Any) -> Disk:
    return Disk(
        name="sda", kind="ssd", transport="sata", removable=False, size_bytes=240 * 10**9, security="disabled",
        is_opal_locked=False, hidden_bytes=0,
        health=Health(
            is_available=True, is_passed=True, reallocated_sectors=0, reported_uncorrectable=0, wear_permille=50,
            spare_permille=1000, self_test_failed=False, crc_errors=0,
            attributes=(Attribute(id=5, name="Reallocated_Sector_Ct", value=100, raw="0"),),
        ),
        **changes,
    )  # fmt: skip


def hard_disk(**changes: Any) -> Disk:
    health = msgspec.structs.replace(
        good_disk().health, pending_sectors=0, uncorrectable_sectors=0, reallocation_events=0, spin_retries=0,
        end_to_end_value=100, command_timeouts=0, downshifts=0, hours=5000, wear_permille=None, spare_permille=None,
    )  # fmt: skip
    return msgspec.structs.replace(good_disk(), kind="hdd", size_bytes=500 * 10**9, health=health, **changes)


def nvme_disk() -> Disk:
    health = Health(
        is_available=True, is_passed=True, critical_warning=0, media_errors=0, wear_permille=30, spare_permille=1000,
        self_test_failed=False,
    )  # fmt: skip
    return Disk(
        name="nvme0n1", kind="nvme", transport="nvme", removable=False, size_bytes=256 * 10**9, is_opal_locked=False,
        security="unsupported", hidden_bytes=0, health=health,
    )  # fmt: skip


def emmc_disk() -> Disk:
    return Disk(
        name="mmcblk0", kind="emmc", transport="mmc", removable=False, size_bytes=64 * 10**9, is_opal_locked=False,
        security="unsupported", hidden_bytes=0, health=Health(emmc_life_used=2, emmc_pre_eol=1),
    )  # fmt: skip


def sas_disk() -> Disk:
    health = Health(
        is_available=True, is_passed=True, grown_defects=0, uncorrected_errors=0, self_test_failed=False,
        reallocated_sectors=0, pending_sectors=0,
    )  # fmt: skip
    return msgspec.structs.replace(hard_disk(), transport="sas", health=health)


def good_laptop() -> Machine:
    """A laptop that every shipped profile takes."""
    return Machine(
        system=System(maker="Composed", product="Laptop", chassis="laptop", age_years=6),
        firmware=Firmware(
            mode="uefi", is_uefi_capable=True, secure_boot="on", is_secure_boot_capable=True, tpm="2.0",
            admin_password="disabled", power_on_password="disabled", has_absolute=False,
        ),
        cpu=Cpu(
            vendor="GenuineIntel", model_name="Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz", is_64_bit=True,
            x86_64_level=3, cores=4, threads=8, max_mhz=3400, windows_11="eligible", launch_year=2017,
        ),
        memory=Memory(
            fitted_bytes=8 << 30, usable_bytes=7_800 << 20, is_soldered=False, slots_total=2, slots_free=1,
            modules=(Module(slot="A", size_bytes=8 << 30, is_soldered=False),),
        ),
        disks=(good_disk(),),
        lost_disks=(),
        batteries=(Battery(name="BAT0", is_present=True, health_permille=850, is_health_believable=True),),
        displays=(Display(connector="eDP-1", is_internal=True, width_px=1920, height_px=1080),),
        networks=(Network(kind="wifi", has_driver=True),),
        hidden_storage=(),
        missing_firmware=(),
        clock=msgspec.structs.replace(Machine().clock, is_rtc_wrong=False),
        sources={"memory": "dmidecode", "disks[0].health": "smartctl /dev/sda"},
    )  # fmt: skip


def changed(machine: Any, path: str, value: Any) -> Any:
    """A copy with the fact at `path` ("disks[0].health.hours") set to `value`."""
    head, _, rest = path.partition(".")
    match = _STEP.fullmatch(head)
    assert match, path
    name, place = match.groups()
    inner = getattr(machine, name)
    if place is None:
        return msgspec.structs.replace(machine, **{name: changed(inner, rest, value) if rest else value})
    items = list(inner)
    items[int(place)] = changed(items[int(place)], rest, value) if rest else value
    return msgspec.structs.replace(machine, **{name: tuple(items)})


def known_paths(value: Any, prefix: str = "") -> list[str]:
    """Every path of a machine whose fact can be made unknown and is known now."""
    found = []
    for field in msgspec.structs.fields(value):
        inner, path = getattr(value, field.name), f"{prefix}{field.name}"
        if path in ("gaps", "sources") or inner is None:
            continue
        if field.default is None or field.default == ():
            found.append(path)
        if isinstance(inner, msgspec.Struct):
            found += known_paths(inner, f"{path}.")
        elif isinstance(inner, tuple):
            for i, item in enumerate(inner):
                found += known_paths(item, f"{path}[{i}].") if isinstance(item, msgspec.Struct) else []
    return found
