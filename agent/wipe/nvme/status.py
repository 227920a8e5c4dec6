"""NVMe completion status in English. The kernel gives it as bits 14:0: SC 7:0, SCT 10:8, CRD 12:11, More 13, DNR 14.

Names after NVM Express Base Specification 2.1, "Status Code" figures; the host-side ones (SCT 3) are Linux's own.
"""

GENERIC, SPECIFIC, MEDIA, PATH, VENDOR = 0, 1, 2, 3, 7

_NAMES = {
    (GENERIC, 0x00): "done",
    (GENERIC, 0x01): "Invalid Command Opcode: the drive does not know this command",
    (GENERIC, 0x02): "Invalid Field in Command: the drive does not take it in this form",
    (GENERIC, 0x04): "Data Transfer Error",
    (GENERIC, 0x05): "Aborted due to Power Loss",
    (GENERIC, 0x06): "Internal Error",
    (GENERIC, 0x07): "Command Abort Requested",
    (GENERIC, 0x08): "Aborted due to queue deletion",
    (GENERIC, 0x0B): "Invalid Namespace or Format",
    (GENERIC, 0x0C): "Command Sequence Error",
    (GENERIC, 0x15): "Operation Denied: locked, or not allowed to us",
    (GENERIC, 0x1C): "Sanitize Failed: an earlier sanitize failed and only another one may repair the drive",
    (GENERIC, 0x1D): "Sanitize In Progress: the drive is already erasing",
    (GENERIC, 0x20): "Namespace is Write Protected",
    (GENERIC, 0x21): "Command Interrupted",
    (GENERIC, 0x23): "Prohibited by Lockdown",
    (GENERIC, 0x24): "Media Not Ready",
    (GENERIC, 0x80): "LBA Out of Range",
    (GENERIC, 0x81): "Capacity Exceeded",
    (GENERIC, 0x82): "Namespace Not Ready",
    (GENERIC, 0x83): "Reservation Conflict: another host holds the namespace",
    (GENERIC, 0x84): "Format In Progress",
    (SPECIFIC, 0x09): "Invalid Log Page",
    (SPECIFIC, 0x0A): "Invalid Format",
    (SPECIFIC, 0x0B): "a firmware update waits for a conventional reset",
    (SPECIFIC, 0x10): "a firmware update waits for a subsystem reset",
    (SPECIFIC, 0x11): "a firmware update waits for a controller reset",
    (SPECIFIC, 0x23): "Sanitize Prohibited While Persistent Memory Region is Enabled",
    (SPECIFIC, 0x39): "Controller Suspended",
    (MEDIA, 0x80): "Write Fault",
    (MEDIA, 0x81): "Unrecovered Read Error",
    (MEDIA, 0x86): "Access Denied: the drive is locked",
    (PATH, 0x70): "host path error: the answer was lost",
    (PATH, 0x71): "aborted by the host: the answer was lost",
}  # fmt: skip

# The drive refuses the command as a whole: it did not begin. Everything else may have begun.
_NOT_BEGUN = frozenset({
    (GENERIC, 0x01), (GENERIC, 0x02), (GENERIC, 0x0B), (GENERIC, 0x0C), (GENERIC, 0x15), (GENERIC, 0x1C),
    (GENERIC, 0x1D), (GENERIC, 0x20), (GENERIC, 0x23), (GENERIC, 0x24), (GENERIC, 0x82), (GENERIC, 0x83),
    (GENERIC, 0x84), (SPECIFIC, 0x0A), (SPECIFIC, 0x0B), (SPECIFIC, 0x10), (SPECIFIC, 0x11), (SPECIFIC, 0x23),
    (SPECIFIC, 0x39), (MEDIA, 0x86),
})  # fmt: skip


def parts(status: int) -> tuple[int, int]:
    """Status code type and status code."""
    return status >> 8 & 7, status & 0xFF


def means(status: int) -> str:
    """One English line; `do not retry` when the drive says so."""
    kind, code = parts(status)
    kinds = ("generic", "command specific", "media", "path", "type 4", "type 5", "type 6", "vendor specific")
    said = _NAMES.get((kind, code), f"unknown {kinds[kind]} status {code:02x}h")
    return f"{said} (do not retry)" if status & 1 << 14 else said


def is_not_begun(status: int) -> bool:
    """True when the drive refused before it began anything; an unknown status may hide a beginning."""
    return parts(status) in _NOT_BEGUN


def is_failed_for_good(status: int) -> bool:
    """Sanitize Failed: the drive stays in its failed state."""
    return parts(status) == (GENERIC, 0x1C)


def is_denied(status: int) -> bool:
    """The drive is locked (Opal, or another security feature)."""
    return parts(status) in ((MEDIA, 0x86), (GENERIC, 0x15))
