"""Screens: the panel in the PC and what is plugged in. EDID from /sys/class/drm, else recorded tool output.

No program is started: an EDID tool that pokes the VBE or the I2C bus can hang an old PC, and the kernel has read the
same bytes already.
"""

import re
from dataclasses import dataclass

import msgspec

from agent.facts import Display
from agent.host import Host, Output
from agent.probes import Findings
from agent.probes.edid import Edid, is_internal_connector, parse_edid, split
from agent.text import clean

_DRM = "/sys/class/drm"
# An offset (xxd, hexdump, od) only with its colon or two blanks: "00ff ffff" alone is bytes.
_HEX_LINE = re.compile(
    r"\s*(?:[0-9a-f]{7,8}(?::\s|\s\s)\s*|[0-9a-f]{4}:\s+)?((?:[0-9a-f]{2} {0,2}){1,16})(?:\s+\S.*|\|.*|\s*)",
    re.IGNORECASE,
)
_START = bytes.fromhex("00ffffffffffff00")
_OUTPUT = re.compile(r"(\S+) (connected|disconnected|unknown connection)\b(.*)")
_SIZE = re.compile(r"\b(\d+)mm x (\d+)mm\b")
_MODE = re.compile(r"\s+(\d+)x(\d+)(i?)\s.*")
_OUTPUTS_LIMIT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One screen of a listing: its EDID if any, and what the listing itself says."""

    connector: str
    raw: bytes = b""
    width_mm: int | None = None
    height_mm: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    is_preferred: bool = False  # the mode is the screen's own wish, not a driver's default


def probe(host: Host) -> Findings:
    found = Findings()
    if _from_drm(host, found):
        return found
    for kind in ("edid", "get-edid"):
        outputs = host.outputs(kind)
        raws = dict.fromkeys(raw for output in outputs for raw in edids_in(output.stdout))
        if outputs:
            seen = [_Seen(connector="", raw=raw) for raw in raws]
            _tell(seen, outputs[0].source, found)
            if not raws:
                found.missed("displays", outputs[0].source, "absent" if not _told(outputs) else "malformed", "no EDID")
            if raws:
                return found
    for output in host.outputs("xrandr"):
        seen = list(screens_in_xrandr(output.text))
        if seen or "Screen 0:" in output.text:
            _tell(seen, output.source, found)
            return found
    if "displays" not in found.facts and not found.gaps:
        found.missed("displays", _DRM, "absent", "no screen connector: the graphics driver is not loaded")
    found.facts.pop("displays", None)
    return found


def _told(outputs: tuple[Output, ...]) -> bool:
    return any(output.stdout.strip() for output in outputs)


def _from_drm(host: Host, found: Findings) -> bool:
    """Every connector with a screen on it; False when the kernel has no connectors to show."""
    connectors = [name for name in host.names(_DRM) if re.fullmatch(r"card\d+-.+", name)]
    seen: list[_Seen] = []
    for name in connectors:
        edid = host.read(f"{_DRM}/{name}/edid", limit=4096)
        status = host.text(f"{_DRM}/{name}/status")
        # "unknown" is a VGA socket that cannot sense: believe it only with an EDID behind it.
        if edid.raw or status == "connected":
            width, height = _first_mode(host.text(f"{_DRM}/{name}/modes") or "")
            seen.append(_Seen(connector=name, raw=edid.raw, width_px=width, height_px=height))
    if connectors:
        _tell(seen, _DRM, found)
    return bool(connectors)


def _first_mode(modes: str) -> tuple[int | None, int | None]:
    match = re.match(r"(\d+)x(\d+)", modes)
    return (int(match[1]), int(match[2])) if match else (None, None)


def _tell(seen: list[_Seen], source: str, found: Findings) -> None:
    displays: list[Display] = []
    for screen in seen[:_OUTPUTS_LIMIT]:
        # The kernel's "card0-" says which graphics card, not which connector.
        connector = re.sub(r"^card\d+-", "", clean(screen.connector)) or None
        edid = parse_edid(screen.raw, connector)
        display = edid.display
        if display is None:
            if connector is None:
                continue
            # No EDID: only a built-in panel's listed mode is its own; for a monitor it is a driver's default.
            is_internal = is_internal_connector(connector) or (None if connector.startswith("Virtual") else False)
            display = Display(connector=connector, is_internal=is_internal)
        displays.append(_completed(display, screen))
        _gaps(len(displays) - 1, edid, source, found)
    found.found("displays", tuple(displays), source)


def _completed(display: Display, screen: _Seen) -> Display:
    changes: dict[str, int | None] = {}
    if display.width_px is None and (display.is_internal or screen.is_preferred):
        changes |= {"width_px": screen.width_px, "height_px": screen.height_px}
    if display.maker is None and display.width_mm is None:
        changes |= {"width_mm": screen.width_mm, "height_mm": screen.height_mm}
    return msgspec.structs.replace(display, **changes) if changes else display


def _gaps(place: int, edid: Edid, source: str, found: Findings) -> None:
    for problem in edid.problems:
        path = f"displays[{place}]" + (f".{problem.field}" if problem.field in Display.__struct_fields__ else "")
        found.missed(path, source, problem.why, "EDID: " + problem.detail)


def edids_in(raw: bytes) -> tuple[bytes, ...]:
    """Every EDID in a file or tool output: the bytes themselves, or hex dumps (edid-decode, xxd, xrandr, plain)."""
    dumps = [raw] if raw[:8] == _START else _hex_dumps(raw.decode("latin-1"))
    return tuple(dict.fromkeys(edid for dump in dumps for edid in split(dump) if edid[:8] == _START))


def _hex_dumps(text: str) -> list[bytes]:
    """Runs of hex lines; an empty line inside a run only parts the 128-byte blocks."""
    runs: list[bytearray] = [bytearray()]
    for line in text.splitlines():
        match = _HEX_LINE.fullmatch(line)
        if match:
            runs[-1] += bytes.fromhex(match[1].replace(" ", ""))
        elif line.strip() or len(runs[-1]) % 128:
            runs.append(bytearray())
    return [bytes(run) for run in runs]


def screens_in_xrandr(text: str) -> tuple[_Seen, ...]:
    """The connected outputs of `xrandr`, with or without --verbose or --prop."""
    parts: list[tuple[re.Match[str], list[str]]] = []
    for line in text.splitlines():
        head = _OUTPUT.match(line)
        if head:
            parts.append((head, []))
        elif parts:
            parts[-1][1].append(line)
    return tuple(_screen(head, lines) for head, lines in parts if head[2] == "connected")


def _screen(head: re.Match[str], lines: list[str]) -> _Seen:
    size = _SIZE.search(head[3])
    width_mm, height_mm = (int(size[1]), int(size[2])) if size else (0, 0)
    preferred = next((m for m in map(_MODE.match, lines) if m and "+" in m[0].split(" +HSync")[0].split(" -HSync")[0]
                      or m and "+preferred" in m[0]), None)  # fmt: skip
    raws = edids_in("\n".join(lines).encode())
    return _Seen(
        connector=head[1],
        raw=raws[0] if raws else b"",
        width_mm=width_mm or None,
        height_mm=height_mm or None,
        width_px=int(preferred[1]) if preferred else None,
        height_px=int(preferred[2]) if preferred else None,
        is_preferred=preferred is not None,
    )
