"""Firmware: which, how old, how this boot was done, what it can secure, and what may lock the next owner out."""

import re
from typing import Literal

from agent.facts import Firmware, Why
from agent.host import Host
from agent.probes import Findings
from agent.probes.smbios import TABLE, Table
from agent.probes.smbios_codes import month_first
from agent.probes.smbios_structures import Bios, HardwareSecurity
from agent.text import clean, meant

EFI = "/sys/firmware/efi"
EFI_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"  # UEFI specification, EFI_GLOBAL_VARIABLE
ACPI = "/sys/firmware/acpi/tables"
TPMS = "/sys/class/tpm"
_UEFI_BIT_SINCE = (2, 7)  # SMBIOS version that gave the UEFI bit its meaning
_NO_UEFI_BEFORE = "2006"  # no PC of these years has any; Intel Macs came first
_ACPI_HEADER = 36  # bytes: enough to see that it is there
_YEARS = range(1990, 2051)
_ABSOLUTE = re.compile(r"computrace|absolute", re.IGNORECASE)


def parse_date(text: str | None) -> str | None:
    """ISO date of a BIOS, None when it is none or cannot be true (1907, 1970, 2067 are on real machines)."""
    iso = month_first(meant(text) or "")
    return iso if iso and int(iso[:4]) in _YEARS else None


def _date_why(text: str | None) -> Why:
    if text is None:
        return "absent"
    return "malformed" if re.search(r"[1-9]", text) else "placeholder"


def efi_byte(raw: bytes) -> int | None:
    """Value of a one-byte efivarfs variable: four bytes of attributes come first."""
    return raw[4] if len(raw) == 5 else None


def probe(host: Host, table: Table) -> Findings:
    findings = Findings()
    bios = table.bios[0] if table.bios else Bios()
    security = table.hardware_security[0] if table.hardware_security else HardwareSecurity()
    released_on = parse_date(bios.released)
    mode = _mode(host)
    is_uefi_capable = _is_uefi_capable(table, bios, mode, released_on)
    secure_boot, is_secure_boot_capable = _secure_boot(host, mode, is_uefi_capable, findings)
    has_wpbt = _has_acpi_table(host, "WPBT")
    firmware = Firmware(
        vendor=meant(bios.vendor),
        version=meant(bios.version),
        released_on=released_on,
        mode=mode,
        is_uefi_capable=is_uefi_capable,
        secure_boot=secure_boot,
        is_secure_boot_capable=is_secure_boot_capable,
        tpm=_tpm(host, table, findings),
        admin_password=security.administrator_password,
        power_on_password=security.power_on_password,
        has_wpbt=has_wpbt,
        has_absolute=_has_absolute(host, table, has_wpbt),
        has_management_engine=_has_management_engine(host),
    )
    findings.found("firmware", firmware, table.source or TABLE)
    _note_sources(firmware, findings)
    _note_gaps(firmware, bios, table.source or TABLE, findings)
    return findings


def _note_sources(firmware: Firmware, findings: Findings) -> None:
    places = {
        "mode": EFI, "secure_boot": f"{EFI}/efivars", "has_wpbt": f"{ACPI}/WPBT",
        "has_management_engine": "/sys/class/mei",
    }  # fmt: skip
    for field, place in places.items():
        if getattr(firmware, field) is not None:
            findings.sources[f"firmware.{field}"] = place


def _note_gaps(firmware: Firmware, bios: Bios, source: str, findings: Findings) -> None:
    """A gap for every unknown that has none yet: what stood there instead, or where one must look."""
    texts = {"vendor": bios.vendor, "version": bios.version}
    elsewhere = {
        "mode": (EFI, "not in this capture"),
        "has_wpbt": (f"{ACPI}/WPBT", "no ACPI table to be seen"),
        "has_absolute": (source, "no sign of it; the firmware setup says"),
        "has_management_engine": ("/sys/class/mei", "not in this capture"),
    }
    told = {gap.path for gap in findings.gaps}
    for field in firmware.__struct_fields__:
        path = f"firmware.{field}"
        if getattr(firmware, field) is not None or path in told:
            continue
        if field == "released_on":
            findings.missed(path, source, _date_why(bios.released), clean(bios.released or "", 32))
        elif texts.get(field):
            findings.missed(path, source, "placeholder", clean(texts[field] or "", 64))
        else:
            place, detail = elsewhere.get(field, (source, ""))
            findings.missed(path, place, "absent", detail)


def _is_whole(host: Host) -> bool:
    """True when a file that is not there is truly not there: this PC itself, or a capture of ours (a file every Linux
    has is in it). In what others captured, nothing can be told from a missing file."""
    return host.text("/proc/sys/kernel/osrelease") is not None or host.is_live


def _mode(host: Host) -> Literal["uefi", "bios"] | None:
    # Files, not folders: a capture holds what was read.
    if host.text(f"{EFI}/fw_platform_size") is not None or host.exists(EFI):
        return "uefi"
    return "bios" if _is_whole(host) else None


def _is_uefi_capable(
    table: Table, bios: Bios, mode: Literal["uefi", "bios"] | None, released_on: str | None
) -> bool | None:
    if mode == "uefi" or bios.is_uefi:
        return True
    if released_on and released_on < _NO_UEFI_BEFORE:
        return False
    # A bit at 0 alone proves little: Insyde tablets that have nothing but UEFI leave it so. They do not boot as BIOS.
    is_told = bios.is_uefi is False and table.version is not None and table.version >= _UEFI_BIT_SINCE
    return False if is_told and mode == "bios" else None


def _secure_boot(
    host: Host, mode: str | None, is_uefi_capable: bool | None, findings: Findings
) -> tuple[Literal["on", "off", "unsupported"] | None, bool | None]:
    """State, and whether it could be on: the variable is there exactly when the firmware knows it (UEFI 2.10, 3.3)."""
    if is_uefi_capable is False:
        return "unsupported", False
    name = f"{EFI}/efivars/SecureBoot-{EFI_GLOBAL}"
    reading = host.read(name)
    value = efi_byte(reading.raw)
    if reading.why is None and value in (0, 1):
        is_setup = efi_byte(host.read(f"{EFI}/efivars/SetupMode-{EFI_GLOBAL}").raw) == 1
        return ("on" if value and not is_setup else "off"), True
    # Every UEFI boot has BootCurrent: with it and without the other, variables were readable and this one is not there.
    if mode == "uefi" and reading.why == "absent" and host.read(f"{EFI}/efivars/BootCurrent-{EFI_GLOBAL}").raw:
        return "unsupported", False
    why = "malformed" if reading.why is None else reading.why
    detail = "booted in BIOS mode" if mode == "bios" else ""
    findings.missed("firmware.secure_boot", name, why, detail)
    findings.missed("firmware.is_secure_boot_capable", name, why, detail)
    return None, None


def _tpm(host: Host, table: Table, findings: Findings) -> Literal["absent", "1.2", "2.0"] | None:
    """The kernel's word, else type 43's: a TPM that the kernel does not see may be switched off in the setup."""
    seen = next((version for name in host.names(TPMS) if (version := _tpm_version(host, name))), None)
    declared = next((tpm.version for tpm in table.tpms if tpm.version in ("1.2", "2.0")), None)
    if seen:
        findings.sources["firmware.tpm"] = TPMS
        return seen
    if host.names(TPMS):
        findings.missed("firmware.tpm", TPMS, "malformed", "a TPM of unknown version")
        return None
    if declared:
        findings.sources["firmware.tpm"] = f"{table.source}, type 43"
        if _is_whole(host):
            told = f"SMBIOS type 43: {declared}; kernel: none. Switched off in the firmware setup?"
            findings.missed("firmware.tpm", TPMS, "conflict", told)
        return "1.2" if declared == "1.2" else "2.0"
    if _is_whole(host):
        findings.sources["firmware.tpm"] = TPMS
        return "absent"
    findings.missed("firmware.tpm", TPMS, "absent", "not in this capture")
    return None


def _tpm_version(host: Host, name: str) -> Literal["1.2", "2.0"] | None:
    major = host.text(f"{TPMS}/{name}/tpm_version_major")  # Linux 5.6 and later
    if major in ("1", "2"):
        return "2.0" if major == "2" else "1.2"
    if "TPM 2.0" in (host.text(f"{TPMS}/{name}/device/description") or ""):
        return "2.0"
    # This file exists for 1.2 only, and says so.
    return "1.2" if "TCG version: 1.2" in (host.text(f"{TPMS}/{name}/device/caps") or "") else None


def _has_acpi_table(host: Host, name: str) -> bool | None:
    """None when ACPI tables cannot be seen at all; "refused" is a table too: only root may read them."""
    if host.read(f"{ACPI}/{name}", _ACPI_HEADER).why in (None, "refused"):
        return True
    is_seen = host.read(f"{ACPI}/FACP", _ACPI_HEADER).why in (None, "refused")  # every ACPI PC has it
    return False if is_seen else None


def _has_absolute(host: Host, table: Table, has_wpbt: bool | None) -> bool | None:
    """True for a sign of Absolute (Computrace); None otherwise, as its absence shows nowhere but in the setup."""
    if any(_ABSOLUTE.search(text) for text in table.oem_strings):
        return True
    return True if has_wpbt and _ABSOLUTE.search(host.read(f"{ACPI}/WPBT", 4096).raw.decode("latin-1")) else None


def _has_management_engine(host: Host) -> bool | None:
    if host.names("/sys/class/mei") or host.exists("/dev/mei0"):
        return True
    return False if _is_whole(host) else None
