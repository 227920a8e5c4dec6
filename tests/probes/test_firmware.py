"""Firmware: dates as makers write them, boot mode, Secure Boot, TPM, passwords, ACPI tables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.facts import Firmware, Gap
from agent.host import Host
from agent.probes.firmware import parse_date, probe
from agent.probes.smbios_structures import Bios, HardwareSecurity, Table, TpmDevice
from agent.probes.smbios_text import parse_dmidecode
from agent.text import decode
from tests.conftest import over_corpus
from tests.probes.test_smbios import Answers, put

GUID = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
RUNNING = {"/proc/sys/kernel/osrelease": b"6.1.0\n"}  # what makes a capture one of ours: its absences count
UEFI = RUNNING | {"/sys/firmware/efi/fw_platform_size": b"64\n"}
ATTRIBUTES = b"\x06\0\0\0"


def look(root: Path, files: dict[str, bytes], table: Table = Table()) -> tuple[Firmware, dict[str, Gap]]:  # noqa: B008
    for path, raw in files.items():
        put(root, path, raw)
    findings = probe(Host(root, Answers()), table)
    gaps = {gap.path: gap for gap in findings.gaps}
    assert len(gaps) == len(findings.gaps), "two gaps for one path"
    return findings.facts["firmware"], gaps


def variable(name: str, value: int) -> dict[str, bytes]:
    return {f"/sys/firmware/efi/efivars/{name}-{GUID}": ATTRIBUTES + bytes([value])}


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("04/27/2012", "2012-04-27"), ("04/27/09", "2009-04-27"), ("07/24/98", "1998-07-24"),
        ("27/05/2020", "2020-05-27"),
        ("05/24/2024 11:23:40", "2024-05-24"), ("09/23/09 10:05:04", "2009-09-23"), ("Dec 8 2016", "2016-12-08"),
        ("Oct 17 2016", "2016-10-17"), ("20210831", "2021-08-31"), ("2022/11/24", "2022-11-24"), ("05/00/2067", None),
        ("01/01/1907", None), ("01/01/1970", None), ("05/12/2067", None), ("00/00/2000", None), ("02/30/2014", None),
        ("Not Specified", None), ("Foo 12 2016", None), ("", None), (None, None), ("13/13/2013", None),
    ],
)  # fmt: skip
def test_dates(text: str | None, iso: str | None) -> None:
    assert parse_date(text) == iso


@given(st.text(max_size=20))
def test_any_date(text: str) -> None:
    iso = parse_date(text)
    assert iso is None or (len(iso) == 10 and "1990" <= iso[:4] <= "2050")


@pytest.mark.parametrize(
    ("released", "why"), [("05/00/2067", "malformed"), ("00/00/0000", "placeholder"), (None, "absent")]
)
def test_date_gaps(tmp_path: Path, released: str | None, why: str) -> None:
    _, gaps = look(tmp_path, {}, Table(bios=(Bios(released=released),)))
    assert gaps["firmware.released_on"].why == why


def test_boot_mode(tmp_path: Path) -> None:
    assert look(tmp_path / "uefi", UEFI)[0].mode == "uefi"
    assert look(tmp_path / "bios", RUNNING)[0].mode == "bios"
    firmware, gaps = look(tmp_path / "foreign", {})
    assert firmware.mode is None
    assert gaps["firmware.mode"].why == "absent"


@pytest.mark.parametrize(
    ("files", "bios", "version", "capable"),
    [
        (UEFI, Bios(is_uefi=False), (2, 7), True),  # it has just been done
        (RUNNING, Bios(is_uefi=True), (2, 7), True),  # booted as BIOS, could do better
        (RUNNING, Bios(is_uefi=False), (2, 7), False),
        (RUNNING, Bios(is_uefi=False), (2, 4), None),  # the bit meant nothing yet
        ({}, Bios(is_uefi=False), (2, 8), None),  # how it booted is unknown: Insyde tablets leave the bit at 0
        ({}, Bios(is_uefi=False, released="08/25/2005"), (2, 3), False),
        ({}, Bios(), None, None),
    ],
)
def test_uefi_capable(
    tmp_path: Path, files: dict[str, bytes], bios: Bios, version: tuple[int, int] | None, capable: bool | None
) -> None:
    firmware, gaps = look(tmp_path, files, Table(version=version, bios=(bios,)))
    assert firmware.is_uefi_capable is capable
    assert ("firmware.is_uefi_capable" in gaps) == (capable is None)


@pytest.mark.parametrize(
    ("files", "state", "capable"),
    [
        (UEFI | variable("SecureBoot", 1) | variable("SetupMode", 0), "on", True),
        (UEFI | variable("SecureBoot", 0) | variable("SetupMode", 0), "off", True),
        (UEFI | variable("SecureBoot", 1) | variable("SetupMode", 1), "off", True),
        (UEFI | variable("SecureBoot", 7), None, None),
        (UEFI | {f"/sys/firmware/efi/efivars/SecureBoot-{GUID}": b"\1"}, None, None),  # attributes cut off
        (UEFI | variable("BootCurrent", 0), "unsupported", False),
        (UEFI, None, None),  # no variable at all: efivarfs was not mounted
        (RUNNING, None, None),
    ],
)
def test_secure_boot(tmp_path: Path, files: dict[str, bytes], state: str | None, capable: bool | None) -> None:
    firmware, gaps = look(tmp_path, files)
    assert (firmware.secure_boot, firmware.is_secure_boot_capable) == (state, capable)
    assert ("firmware.secure_boot" in gaps) == (state is None)


def test_no_secure_boot_without_uefi(tmp_path: Path) -> None:
    firmware, _ = look(tmp_path, RUNNING, Table(version=(2, 7), bios=(Bios(is_uefi=False),)))
    assert (firmware.secure_boot, firmware.is_secure_boot_capable) == ("unsupported", False)


TPM = "/sys/class/tpm/tpm0"
DECLARED = Table(tpms=(TpmDevice(vendor="INTC", version="2.0"),))


@pytest.mark.parametrize(
    ("files", "table", "tpm", "why"),
    [
        (RUNNING | {f"{TPM}/tpm_version_major": b"2\n"}, Table(), "2.0", None),
        (RUNNING | {f"{TPM}/tpm_version_major": b"1\n"}, DECLARED, "1.2", None),
        (RUNNING | {f"{TPM}/device/description": b"TPM 2.0 Device\n"}, Table(), "2.0", None),
        (RUNNING | {f"{TPM}/device/caps": b"Manufacturer: 0x1\nTCG version: 1.2\n"}, Table(), "1.2", None),
        (RUNNING | {f"{TPM}/dev": b"10:224\n"}, Table(), None, "malformed"),
        (RUNNING, Table(), "absent", None),
        (RUNNING, DECLARED, "2.0", "conflict"),  # switched off in the setup
        ({}, DECLARED, "2.0", None),
        ({}, Table(), None, "absent"),
        ({}, Table(tpms=(TpmDevice(version="0.0"),)), None, "absent"),
    ],
)
def test_tpm(tmp_path: Path, files: dict[str, bytes], table: Table, tpm: str | None, why: str | None) -> None:
    firmware, gaps = look(tmp_path, files, table)
    assert firmware.tpm == tpm
    gap = gaps.get("firmware.tpm")
    assert (gap.why if gap else None) == why


def test_passwords(tmp_path: Path) -> None:
    security = HardwareSecurity(power_on_password="not-implemented", administrator_password="enabled")
    firmware, _ = look(tmp_path, {}, Table(hardware_security=(security,)))
    assert (firmware.admin_password, firmware.power_on_password) == ("enabled", "not-implemented")
    _, gaps = look(tmp_path, {}, Table())
    assert gaps["firmware.admin_password"].why == "absent"


ACPI = "/sys/firmware/acpi/tables"


@pytest.mark.parametrize(
    ("files", "refused", "expected"),
    [
        ({f"{ACPI}/WPBT": b"WPBT" + bytes(48), f"{ACPI}/FACP": b"FACP"}, (), True),
        ({}, (f"{ACPI}/WPBT", f"{ACPI}/FACP"), True),  # only root reads them, all see them
        ({f"{ACPI}/FACP": b"FACP"}, (), False),
        ({}, (f"{ACPI}/FACP",), False),
        ({}, (), None),
    ],
)
def test_wpbt(tmp_path: Path, files: dict[str, bytes], refused: tuple[str, ...], expected: bool | None) -> None:
    for path, raw in files.items():
        put(tmp_path, path, raw)
    host = Host(tmp_path, Answers())
    host.refuse(dict.fromkeys(refused, "refused"))
    assert probe(host, Table()).facts["firmware"].has_wpbt is expected


@pytest.mark.parametrize(
    ("oem", "expected"), [(("Dell System", "Computrace Enabled"), True), (("Absolute(R)",), True), (("1[08BE]",), None)]
)
def test_absolute(tmp_path: Path, oem: tuple[str, ...], expected: bool | None) -> None:
    assert look(tmp_path, {}, Table(oem_strings=oem))[0].has_absolute is expected


def test_management_engine(tmp_path: Path) -> None:
    assert look(tmp_path / "a", RUNNING | {"/sys/class/mei/mei0/dev": b"243:0\n"})[0].has_management_engine is True
    assert look(tmp_path / "b", RUNNING)[0].has_management_engine is False
    assert look(tmp_path / "c", {})[0].has_management_engine is None


@over_corpus("dmi-text")
def test_corpus(path: Path, tmp_path: Path) -> None:
    firmware, gaps = look(tmp_path, {}, parse_dmidecode(decode(path.read_bytes())))
    unknown = {f"firmware.{name}" for name in firmware.__struct_fields__ if getattr(firmware, name) is None}
    assert unknown <= set(gaps)
