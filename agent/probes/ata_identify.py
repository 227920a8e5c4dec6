"""ATA IDENTIFY DEVICE data as libata keeps it in /sys/class/ata_device/*/id: what a wipe must know before it starts.

Only libata's own devices have it: no USB bridge stands between, so it cannot lie. The frozen bit is that of the last
time the kernel asked (boot, resume), smartctl's is fresh and wins.
"""

import re
from typing import Any

WORDS = 256
_SIGNATURE = 0xA5  # word 255 low byte: the data carry a checksum (ACS-4, 7.13.12.109)
_FORMS = {1: "5.25 inches", 2: "3.5 inches", 3: "2.5 inches", 4: "1.8 inches", 5: "< 1.8 inches"}


def parse_identify(text: str) -> tuple[int, ...] | None:
    """The 256 words, or None when they are not all there or their checksum is wrong."""
    return _checked(tuple(int(word, 16) for word in re.findall(r"\b[0-9a-fA-F]{4}\b", text)))


def words_of(data: bytes) -> tuple[int, ...] | None:
    """The same from the 512 bytes that a device answers with."""
    return _checked(tuple(int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data) & ~1, 2)))


def has_checksum(words: tuple[int, ...]) -> bool:
    """Word 255 vouches for the others; drives older than ATA-5 have none."""
    return words[255] & 0xFF == _SIGNATURE


def _checked(words: tuple[int, ...]) -> tuple[int, ...] | None:
    if len(words) != WORDS or not any(words):
        return None
    if has_checksum(words) and sum(b"".join(word.to_bytes(2, "little") for word in words)) & 0xFF:
        return None
    return words


def facts_of(words: tuple[int, ...]) -> dict[str, Any]:
    """Fields of `Disk` that IDENTIFY tells (ACS-4, 7.13.12); a field that the drive does not declare is left out."""
    rpm = words[217]
    found: dict[str, Any] = {
        "model": _text(words[27:47]),
        "serial": _text(words[10:20]),
        "firmware": _text(words[23:27]),
        "wwn": _wwn(words),
        "rpm": rpm if 0x0401 <= rpm < 0xFFFF else None,
        "is_rotational": False if rpm == 1 else True if 0x0401 <= rpm < 0xFFFF else None,
        "form_factor": _FORMS.get(words[168] & 0xF),
        "has_trim": bool(words[169] & 1) if rpm == 1 else None,
        "sanitize": _sanitize(words[59]),
        "has_opal": bool(words[48] & 1) if words[48] & 0xC000 == 0x4000 else None,  # Trusted Computing feature set
        "transport": "ide" if words[76] in (0, 0xFFFF) else "sata",
        **_security(words),
    }
    return {name: value for name, value in found.items() if value is not None}


def _text(words: tuple[int, ...]) -> str | None:
    raw = b"".join(word.to_bytes(2, "big") for word in words)
    return raw.decode("latin-1").strip(" \0") or None


def _wwn(words: tuple[int, ...]) -> str | None:
    if words[87] & 0xC100 != 0x4100:
        return None
    wwn = "".join(f"{word:04x}" for word in words[108:112])
    return wwn if wwn[0] in "2356" else None


def _sanitize(word: int) -> tuple[str, ...]:
    if not word & 0x1000:
        return ()
    names = ((0x8000, "block-erase"), (0x4000, "overwrite"), (0x2000, "crypto-scramble"))
    return tuple(name for bit, name in names if word & bit)


def _security(words: tuple[int, ...]) -> dict[str, Any]:
    word = words[128]
    if not (words[82] & 0x0002 or word & 0x0001):
        return {"security": "unsupported"}
    state = "locked" if word & 0x0004 else "enabled" if word & 0x0002 else "disabled"
    return {"security": state, "is_security_frozen": bool(word & 0x0008)}
