"""EDID bytes → `Display`, and what is wrong with them. Pure; VESA E-EDID A.2 (1.4), CTA-861, DisplayID 1.3 and 2.0.

Only what a refurbisher needs is read: who made it, which, when, how big, its own resolution, and whether it is the
panel inside the PC. A value that cannot be believed is left out and told as a `Problem`.
"""

import re
from dataclasses import dataclass

from agent.facts import Display, Why
from agent.probes.edid_modes import Mode, extension_mode, timing
from agent.text import clean, meant

BLOCK = 128  # bytes
BLOCKS = 8  # read at most; the longest real ones have that many
_HEADER = bytes.fromhex("00ffffffffffff00")
_HEADER_MATCH = 6  # of 8 bytes: the kernel repairs such headers too (drm_edid.c, drm_edid_header_is_valid)
_EPOCH, _FIRST_YEAR, _LAST_YEAR = 1990, 1994, 2037  # the first EDID is of 1994; 2038 to 2245 are seen, and wrong
_MODEL_YEAR_ONLY = 0xFF
# Sizes that are an aspect ratio in disguise; the same list as mutter's meta_monitor_has_aspect_as_size.
_ASPECTS = frozenset({(1600, 900), (1600, 1000), (160, 90), (160, 100), (16, 9), (16, 10), (4, 3), (5, 4)})
_NO_SERIALS = (0, 0x01010101, 0xFFFFFFFF)
# PNP ids of firms that sell panels to PC makers; the second list also puts its name on monitors and televisions.
_PANEL_ONLY = frozenset(
    "AUO BOE CMN CMO COR CPT CSO HSD INL INX IVO KDB LGD LGP LPL NCP PNL QDS SDC SEC TLX TMX TNJ".split()
)
_PANEL_TOO = frozenset("IBM LCD LEN SAM SHP TOS".split())
_BUILT_IN = re.compile(r"colorlcd|imac|built-?in|internalpanel")
_PANEL_PART = re.compile(r"[A-Z]{1,4}\d{2,3}[A-Z0-9]")  # "LP156WH4-TLN1", "B140HAN", "NE140QUM-N61"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong: `field` of the Display it concerns ("" for all), why, and where in the bytes."""

    field: str
    why: Why
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edid:
    """One EDID read; `display` is None when the bytes are no EDID at all."""

    display: Display | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Texts:
    """The display descriptors that hold text: product names (FC), serials (FF), free texts (FE)."""

    names: tuple[str, ...]
    serials: tuple[str, ...]
    free: tuple[str, ...]


def parse_edid(raw: bytes, connector: str | None = None) -> Edid:
    """The display these bytes describe. Never raises; damaged blocks are read as far as they can be believed."""
    problems = _structure(raw)
    base = raw[:BLOCK]
    if len(base) < BLOCK or problems and problems[0].field == "":
        return Edid(display=None, problems=tuple(problems))
    maker = _maker(base, problems)
    texts = _texts(base)
    # The first timing is the preferred one; where it is impossible, the ones behind it are no better.
    first = next((timing(slot) for slot in _slots(base) if slot[:2] != b"\0\0"), None)
    native = first or extension_mode(_extensions(raw))
    width_mm, height_mm = _size_mm(base, first, problems)
    year, week = _made(base, problems)
    is_digital = bool(base[20] & 0x80)
    display = Display(
        connector=connector,
        maker=maker,
        model=_model(texts),
        product_code=int.from_bytes(base[10:12], "little"),
        serial=_serial(base, texts),
        width_mm=width_mm,
        height_mm=height_mm,
        width_px=native.width_px if native else None,
        height_px=native.height_px if native else None,
        made_year=year,
        made_week=week,
        is_digital=is_digital,
        is_internal=_is_internal(connector, maker, texts, is_digital=is_digital),
    )
    return Edid(display=display, problems=tuple(problems))


def _structure(raw: bytes) -> list[Problem]:
    """Header, length, checksums. A problem with field "" first means: not an EDID."""
    if not raw:
        return [Problem(field="", why="absent", detail="empty")]
    if len(raw) < BLOCK:
        return [Problem(field="", why="malformed", detail=f"{len(raw)} bytes, an EDID has at least {BLOCK}")]
    if sum(a == b for a, b in zip(raw[:8], _HEADER, strict=True)) < _HEADER_MATCH:
        return [Problem(field="", why="malformed", detail="no EDID header at byte 0")]
    found: list[Problem] = []
    if raw[18] != 1:
        return [Problem(field="", why="malformed", detail=f"EDID structure version {raw[18]} at byte 18")]
    if raw[:8] != _HEADER:
        found.append(Problem(field="header", why="malformed", detail="damaged header, bytes 0-7"))
    blocks = min(len(raw) // BLOCK, BLOCKS)
    for index in range(blocks):
        if sum(raw[index * BLOCK : (index + 1) * BLOCK]) % 256:
            found.append(Problem(field="checksum", why="malformed", detail=f"wrong checksum, block {index}"))
    if len(raw) != (raw[126] + 1) * BLOCK:
        told = f"{raw[126]} extension blocks announced, {len(raw)} bytes there"
        found.append(Problem(field="extensions", why="malformed", detail=told))
    return found


def _extensions(raw: bytes) -> list[bytes]:
    """Whole extension blocks, whatever the base block announces: both more and fewer are seen in 5 % of files."""
    return [raw[at : at + BLOCK] for at in range(BLOCK, min(len(raw), BLOCK * BLOCKS), BLOCK) if at + BLOCK <= len(raw)]


def _slots(base: bytes) -> list[bytes]:
    return [base[at : at + 18] for at in range(54, 126, 18)]


def _texts(base: bytes) -> _Texts:
    found: dict[int, list[str]] = {0xFC: [], 0xFF: [], 0xFE: []}
    for slot in _slots(base):
        if slot[:3] == b"\0\0\0" and slot[3] in found:
            told = re.split(rb"[\n\0]", slot[5:])[0]  # ends at a line feed; some makers pad with zeros
            if slot[3] == 0xFE:  # Dell puts its own part number and a byte like 0x80 before the panel's
                told = re.split(rb"[\x01-\x1f\x7f-\xff]", told)[-1]
            if text := clean(told.decode("cp437")):
                found[slot[3]].append(text)
    return _Texts(names=tuple(found[0xFC]), serials=tuple(found[0xFF]), free=tuple(found[0xFE]))


def _maker(base: bytes, problems: list[Problem]) -> str | None:
    packed = int.from_bytes(base[8:10], "big")
    letters = [(packed >> shift) & 0x1F for shift in (10, 5, 0)]
    if packed & 0x8000 or not all(1 <= letter <= 26 or letter == 31 for letter in letters):  # 31: "MS_", Microsoft
        problems.append(Problem(field="maker", why="malformed", detail=f"PNP id {packed:#06x} at byte 8"))
        return None
    return "".join(chr(64 + letter) for letter in letters)


def _model(texts: _Texts) -> str | None:
    """The product name; for a bare panel the free text that looks like a part number ("LP156WH4-TLN1")."""
    named = meant(" ".join(texts.names))
    if named:
        return named
    free = [text for text in (meant(t) for t in texts.free) if text]
    parts = [text for text in free if _PANEL_PART.match(text)] or [t for t in free if re.search(r"\d", t)]
    return next(iter(parts + free), None)


def _serial(base: bytes, texts: _Texts) -> str | None:
    told = next((serial for serial in (meant(text) for text in texts.serials) if serial), None)
    number = int.from_bytes(base[12:16], "little")
    return told or (str(number) if number not in _NO_SERIALS else None)


def _made(base: bytes, problems: list[Problem]) -> tuple[int | None, int | None]:
    """(year, week). Field 0 means 1990, which is "not filled in"; week 0xFF says it is a model year (EDID 1.4)."""
    week, year = base[16], base[17] + _EPOCH
    if base[17] == 0:
        problems.append(Problem(field="made_year", why="placeholder", detail="year field 0 at byte 17"))
        return None, None
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        problems.append(Problem(field="made_year", why="malformed", detail=f"year {year} at byte 17"))
        return None, None
    if week and week != _MODEL_YEAR_ONLY and week > 54:
        problems.append(Problem(field="made_week", why="malformed", detail=f"week {week} at byte 16"))
    return year, week if 1 <= week <= 54 else None


def _size_mm(base: bytes, first: Mode | None, problems: list[Problem]) -> tuple[int | None, int | None]:
    """Size of the picture: millimetres of the first timing where they agree with the centimetres, else those.

    Zero (projectors, and 1.4 aspect ratios) and sizes that are only an aspect ratio are unknown.
    """
    rough = (base[21] * 10, base[22] * 10)
    fine = (first.width_mm, first.height_mm) if first else (0, 0)
    if 0 in rough:
        why = "no size told at bytes 21-22" if rough == (0, 0) else "only an aspect ratio told at bytes 21-22"
        problems.append(Problem(field="width_mm", why="absent", detail=why))
        return None, None
    is_aspect = (base[21], base[22]) in _ASPECTS or rough in _ASPECTS
    if 0 not in fine and fine not in _ASPECTS:
        if all(abs(a - b) <= max(15, b // 10) for a, b in zip(fine, rough, strict=True)):
            return fine
        if is_aspect and _is_dense_enough(first):
            return fine
    if is_aspect:
        told = f"{base[21]} x {base[22]} is an aspect ratio"
        problems.append(Problem(field="width_mm", why="placeholder", detail=told))
        return None, None
    return rough


def _is_dense_enough(mode: Mode | None) -> bool:
    """40 to 400 dots an inch, and about square ones: a real size, for anything from a television to a tablet."""
    if mode is None or not mode.width_mm or not mode.height_mm:
        return False
    across, down = mode.width_px * 254 // mode.width_mm, mode.height_px * 254 // mode.height_mm  # tenths of dpi
    return 400 <= across <= 4000 and abs(across - down) * 10 <= across


def is_internal_connector(connector: str) -> bool:
    """True for the links only a built-in panel uses, by kernel ("card0-eDP-1") or X name ("eDP1", "LVDS-0")."""
    return bool(re.match(r"(card\d+-)?(eDP|LVDS|DSI|LCD)", connector, re.IGNORECASE))


def _is_internal(connector: str | None, maker: str | None, texts: _Texts, *, is_digital: bool) -> bool | None:
    if connector and is_internal_connector(connector):
        return True
    if _BUILT_IN.search("".join(texts.names).casefold().replace(" ", "")):
        return True
    # A panel on a DP or HDMI connector: all-in-ones, and laptops with an old driver.
    if is_digital and not texts.names and (maker in _PANEL_ONLY or texts.free and maker in _PANEL_TOO):
        return True
    if connector and not connector.casefold().startswith("virtual"):
        return False
    return False if not is_digital or (texts.names and maker not in _PANEL_ONLY) else None


def split(raw: bytes) -> tuple[bytes, ...]:
    """One EDID each, from dumps of several screens put end to end: a new one begins where a header is."""
    starts = [at for at in range(0, len(raw), BLOCK) if at == 0 or raw[at : at + 8] == _HEADER]
    return tuple(raw[at:to] for at, to in zip(starts, [*starts[1:], len(raw)], strict=False))
