"""Timings inside EDID blocks: the detailed ones, and what CTA-861 and DisplayID extensions call native. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

# CTA-861-I table 3, video identification code → picture. Only codes a PC screen or television calls native.
_VICS: dict[int, tuple[int, int]] = {
    1: (640, 480), 2: (720, 480), 3: (720, 480), 4: (1280, 720), 5: (1920, 1080), 16: (1920, 1080),
    17: (720, 576), 18: (720, 576), 19: (1280, 720), 20: (1920, 1080), 31: (1920, 1080), 32: (1920, 1080),
    33: (1920, 1080), 34: (1920, 1080), 60: (1280, 720), 61: (1280, 720), 62: (1280, 720), 63: (1920, 1080),
    64: (1920, 1080), 93: (3840, 2160), 94: (3840, 2160), 95: (3840, 2160), 96: (3840, 2160), 97: (3840, 2160),
    98: (4096, 2160), 99: (4096, 2160), 100: (4096, 2160), 101: (4096, 2160), 102: (4096, 2160),
    117: (3840, 2160), 118: (3840, 2160),
}  # fmt: skip
_CTA, _DISPLAYID = 0x02, 0x70
_VIDEO_BLOCK = 2
_TYPE_I, _TYPE_VII = 0x03, 0x22  # DisplayID 1.3 §4.4.1, 2.0 §4.3: same layout, units of 10 kHz and 1 kHz
_TILED_SMALLEST = 320  # px; less is no mode of a screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    width_px: int
    height_px: int
    width_mm: int = 0
    height_mm: int = 0


def timing(slot: bytes) -> Mode | None:
    """A detailed timing descriptor (E-EDID A.2 §3.10.2); None for display descriptors and impossible timings."""
    if len(slot) < 18 or slot[:2] == b"\0\0":
        return None
    width = slot[2] | (slot[4] & 0xF0) << 4
    height = slot[5] | (slot[7] & 0xF0) << 4
    if slot[17] & 0x80:  # interlaced: the lines of one field
        height *= 2
    # A CRT maker's filler, or text where a timing should be.
    if width < _TILED_SMALLEST or height < _TILED_SMALLEST // 2:
        return None
    return Mode(
        width_px=width,
        height_px=height,
        width_mm=slot[12] | (slot[14] & 0xF0) << 4,
        height_mm=slot[13] | (slot[14] & 0x0F) << 8,
    )


def extension_mode(blocks: list[bytes]) -> Mode | None:
    """What the extensions prefer, for a base block without any timing: DisplayID, then CTA timings and video codes."""
    for block in blocks:
        modes = _displayid_modes(block) if block[0] == _DISPLAYID else iter(())
        found = next(modes, None)
        if found:
            return found
    for block in blocks:
        found = _cta_mode(block) if block[0] == _CTA else None
        if found:
            return found
    return None


def _cta_mode(block: bytes) -> Mode | None:
    start = block[2]
    if start >= 4:
        for at in range(start, 127 - 18, 18):
            found = timing(block[at : at + 18])
            if found:
                return found
    codes = list(_video_codes(block, start))
    native = [code & 0x7F for code in codes if 129 <= code <= 192]  # bit 7 means native for codes 1 to 64 only
    for code in native + codes:
        if code in _VICS:
            width, height = _VICS[code]
            return Mode(width_px=width, height_px=height)
    return None


def _video_codes(block: bytes, end: int) -> Iterator[int]:
    at = 4
    while 4 <= at < min(end, 127):
        kind, size = block[at] >> 5, block[at] & 0x1F
        if kind == _VIDEO_BLOCK:
            yield from block[at + 1 : min(at + 1 + size, 127)]
        at += 1 + size


def _displayid_modes(block: bytes) -> Iterator[Mode]:
    """Type I and VII timings of a DisplayID section, the preferred one first."""
    end = min(5 + block[2], 127)
    at = 5
    later: list[Mode] = []
    while at + 3 <= end:
        tag, size = block[at], block[at + 2]
        body = block[at + 3 : min(at + 3 + size, end)]
        if tag in (_TYPE_I, _TYPE_VII):
            for place in range(0, len(body) - 19, 20):
                one = body[place : place + 20]
                width = int.from_bytes(one[4:6], "little") + 1
                height = int.from_bytes(one[12:14], "little") + 1
                if width < _TILED_SMALLEST:
                    continue
                mode = Mode(width_px=width, height_px=height)
                if one[3] & 0x80:
                    yield mode
                else:
                    later.append(mode)
        at += 3 + size
        if tag == 0 and size == 0:
            break
    yield from later
