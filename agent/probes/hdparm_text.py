"""hdparm's text (`-I`, `-N`) → security, sanitize, hidden sectors. Poor: believed only where it can be checked.

hdparm prints "ATA device" and "HPA is enabled" for disks that rejected its command, so a line counts only when the
IDENTIFY data carry a right checksum, or at least do not carry a wrong one, and sector counts are those of a disk.
"""

import re
from typing import Any

_ERASES = (
    ("BLOCK_ERASE_EXT", "block-erase"),
    ("OVERWRITE_EXT", "overwrite"),
    ("CRYPTO_SCRAMBLE_EXT", "crypto-scramble"),
)
_WRONG = re.compile(r"Integrity word not set|Checksum: incorrect")


def parse_hdparm(text: str) -> dict[str, Any]:
    """Fields of `Disk`; empty when the answer is not that of an ATA disk."""
    found = _hidden(text)
    if _WRONG.search(text) or not re.search(r"^\s*Model Number:", text, re.MULTILINE):
        return found
    for label, field in (("Model Number", "model"), ("Serial Number", "serial"), ("Firmware Revision", "firmware")):
        if told := re.search(rf"^\s*{label}:[ \t]*(\S.*?)\s*$", text, re.MULTILINE):
            found[field] = told[1]
    if told := re.search(r"^\s*Nominal Media Rotation Rate: (\d+|Solid State Device)", text, re.MULTILINE):
        is_flash = not told[1].isdigit()
        found |= {"is_rotational": not is_flash, "kind": "ssd" if is_flash else "hdd"}
        if not is_flash:
            found["rpm"] = int(told[1])
    if told := re.search(r"^\s*LBA48? +user addressable sectors: +(\d+)(?![\s\S]*LBA48 +user)", text, re.MULTILINE):
        sector = re.search(r"Logical +Sector size: +(\d+) bytes", text)
        found["size_bytes"] = int(told[1]) * int(sector[1] if sector else 512)
    if "SANITIZE feature set" in text:
        found["sanitize"] = tuple(name for command, name in _ERASES if command in text)
    return found | _security(text)


def _security(text: str) -> dict[str, Any]:
    section = re.search(r"^Security: *\n((?:[ \t]+.*\n?)*)", text, re.MULTILINE)
    if section is None:
        return {}
    lines = {tuple(line.split()) for line in section[1].splitlines()}
    if ("supported",) not in lines:
        return {"security": "unsupported"} if ("not", "supported") in lines else {}
    state = "locked" if ("locked",) in lines else "enabled" if ("enabled",) in lines else "disabled"
    is_frozen = True if ("frozen",) in lines else False if ("not", "frozen") in lines else None
    return {"security": state} | ({} if is_frozen is None else {"is_security_frozen": is_frozen})


def _hidden(text: str) -> dict[str, Any]:
    """ "max sectors = 976773168/1953525168, HPA is enabled": visible and native, both of a believable disk."""
    told = re.search(r"max sectors\s*=\s*(\d+)/(\d+)(?:\(\d+\?\))?, +(?:HPA|ACCESSIBLE MAX ADDRESS)", text)
    if told is None:
        return {}
    visible, native = int(told[1]), int(told[2])
    if not 1 << 16 < visible <= native or native > 1 << 40:
        return {}
    return {"native_sectors": native, "visible_sectors": visible}
