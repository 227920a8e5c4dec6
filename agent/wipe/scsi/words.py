"""Sense data in English words (SPC-5, annex on ASC and ASCQ): those that an erase can meet."""

from agent.wipe.sg import Sense

_KEYS = (
    "NO SENSE", "RECOVERED ERROR", "NOT READY", "MEDIUM ERROR", "HARDWARE ERROR", "ILLEGAL REQUEST", "UNIT ATTENTION",
    "DATA PROTECT", "BLANK CHECK", "VENDOR SPECIFIC", "COPY ABORTED", "ABORTED COMMAND", "RESERVED", "VOLUME OVERFLOW",
    "MISCOMPARE", "COMPLETED",
)  # fmt: skip
_CODES = {
    (0x00, 0x00): "no additional sense",
    (0x04, 0x01): "becoming ready",
    (0x04, 0x02): "needs a start command",
    (0x04, 0x04): "format in progress",
    (0x04, 0x09): "self-test in progress",
    (0x04, 0x1B): "sanitize in progress",
    (0x20, 0x00): "invalid operation code",
    (0x20, 0x02): "access denied",
    (0x24, 0x00): "invalid field in CDB",
    (0x26, 0x00): "invalid field in parameter list",
    (0x27, 0x00): "write protected",
    (0x29, 0x00): "power on or reset occurred",
    (0x31, 0x00): "medium format corrupted",
    (0x31, 0x01): "format command failed",
    (0x31, 0x03): "sanitize command failed",
    (0x44, 0x00): "internal target failure",
    (0x55, 0x0E): "insufficient zone resources",
    (0x74, 0x71): "logical unit access not authorized",
}


def told(sense: Sense | None) -> str:
    if sense is None:
        return "no readable sense data"
    words = _CODES.get(sense.code, "")
    said = f"{_KEYS[sense.key]}, {sense.asc:02x}h/{sense.ascq:02x}h{f' {words}' if words else ''}"
    if sense.progress is not None:
        said += f", {sense.progress:04x}h of 10000h done"
    return f"earlier: {said}" if sense.is_deferred else said
