"""Screens from /sys, from hex dumps in text, and from xrandr."""

from pathlib import Path

import pytest

from agent.facts import Display
from agent.host import Host
from agent.probes import Findings
from agent.probes.displays import edids_in, probe, screens_in_xrandr
from tests.conftest import over_corpus
from tests.probes.standin import pc
from tests.probes.test_edid import MODE, NAME, edid, extension

PANEL = edid(MODE, maker=b"\x30\xe4")
MONITOR = edid(MODE, NAME, extensions=extension(b"\x02\x03"))
DRM = "sys/class/drm"


def connectors(tmp_path: Path, **seen: tuple[str, bytes, str]) -> Host:
    """A PC with these connectors: name → (status, EDID, modes)."""
    host = pc(tmp_path / "pc", {f"/{DRM}/card0": "/", f"/{DRM}/version": "drm 1.1.0"})
    for name, (status, raw, modes) in seen.items():
        place = tmp_path / "pc" / DRM / name.replace("_", "-")
        place.mkdir(parents=True)
        (place / "status").write_text(status + "\n")
        (place / "edid").write_bytes(raw)
        (place / "modes").write_text(modes)
    return host


def displays(found: Findings) -> tuple[Display, ...]:
    told = found.facts["displays"]
    assert isinstance(told, tuple)
    return told


def test_a_laptop_with_a_monitor(tmp_path: Path) -> None:
    found = probe(
        connectors(
            tmp_path,
            card0_eDP_1=("connected", PANEL, "1920x1080\n"),
            card0_HDMI_A_1=("connected", MONITOR, "1920x1080\n"),
            card0_DP_1=("disconnected", b"", ""),
            card0_VGA_1=("unknown", b"", "1024x768\n"),
        )
    )
    assert [(d.connector, d.is_internal, d.made_year) for d in displays(found)] == [
        ("HDMI-A-1", False, 2014),
        ("eDP-1", True, 2014),
    ]
    assert found.gaps == []
    assert found.sources["displays"] == "/sys/class/drm"


def test_a_panel_without_edid_has_its_mode_and_a_gap(tmp_path: Path) -> None:
    found = probe(connectors(tmp_path, card0_LVDS_1=("connected", b"", "1366x768\n1024x768\n")))
    assert displays(found) == (Display(connector="LVDS-1", is_internal=True, width_px=1366, height_px=768),)
    assert [(gap.path, gap.why) for gap in found.gaps] == [("displays[0]", "absent")]


def test_a_monitor_without_edid_has_no_mode_of_its_own(tmp_path: Path) -> None:
    found = probe(connectors(tmp_path, card0_VGA_1=("connected", b"", "1024x768\n")))
    assert displays(found) == (Display(connector="VGA-1", is_internal=False),)


def test_no_screen_plugged_in_is_not_unknown(tmp_path: Path) -> None:
    found = probe(connectors(tmp_path, card0_VGA_1=("disconnected", b"", "")))
    assert displays(found) == () and found.gaps == []


def test_no_driver_is_a_gap(tmp_path: Path) -> None:
    found = probe(pc(tmp_path / "pc", {f"/{DRM}/version": "drm 1.1.0"}))
    assert "displays" not in found.facts
    assert [(gap.path, gap.why) for gap in found.gaps] == [("displays", "absent")]


def test_problems_are_located(tmp_path: Path) -> None:
    found = probe(connectors(tmp_path, card0_DP_1=("connected", edid(MODE, NAME, year=0), "")))
    assert [(gap.path, gap.why) for gap in found.gaps] == [("displays[0].made_year", "placeholder")]


@pytest.mark.parametrize("kind", ["edid", "get_edid"])
def test_loose_bytes(tmp_path: Path, kind: str) -> None:
    found = probe(pc(tmp_path / "pc", None, **{kind: MONITOR}))
    assert [d.model for d in displays(found)] == ["Ecran 22"]


def test_a_loose_file_without_edid_is_a_gap(tmp_path: Path) -> None:
    found = probe(pc(tmp_path / "pc", edid="Failed to read EDID\n"))
    assert "displays" not in found.facts
    assert [(gap.path, gap.why) for gap in found.gaps] == [("displays", "malformed")]


def hexed(raw: bytes, joint: str = "") -> list[str]:
    return [raw[at : at + 16].hex(joint) if joint else raw[at : at + 16].hex() for at in range(0, len(raw), 16)]


def as_xxd(raw: bytes) -> str:
    rows = [raw[at : at + 16] for at in range(0, len(raw), 16)]
    return "\n".join(f"{n * 16:08x}: {row.hex(' ', 2)}  {'.' * len(row)}" for n, row in enumerate(rows))


def as_hexdump(raw: bytes) -> str:
    rows = [raw[at : at + 16] for at in range(0, len(raw), 16)]
    lines = (f"{n * 16:08x}  {row[:8].hex(' ')}  {row[8:].hex(' ')}  |ab {'.' * 13}|" for n, row in enumerate(rows))
    return "\n".join(lines)


def as_edid_decode(raw: bytes) -> str:
    blocks = ["\n".join(hexed(raw[at : at + 128], " ")) for at in range(0, len(raw), 128)]
    return "edid-decode (hex):\n\n" + "\n\n".join(blocks) + "\n\n----------------\n\nBlock 0, Base EDID:\n"


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(hexed(MONITOR)),
        "EDID (hex):\n" + "\n".join(hexed(MONITOR)) + "\n\n" + as_edid_decode(MONITOR),
        as_edid_decode(MONITOR).replace("\n", "\r\n"),
        as_xxd(MONITOR),
        as_hexdump(MONITOR),
        "\n".join(MONITOR[at : at + 16].hex(" ", 2) for at in range(0, 256, 16)),
        "\tEDID: \n" + "\n".join("\t\t" + line.upper() for line in hexed(MONITOR)) + "\n\tBroadcast RGB: Automatic\n",
    ],
    ids=["plain", "hw-probe", "edid-decode", "xxd", "hexdump", "words", "xrandr"],
)
def test_hex_dumps(text: str) -> None:
    assert edids_in(text.encode()) == (MONITOR,)


def test_two_screens_in_one_text() -> None:
    assert edids_in(("\n".join(hexed(MONITOR + PANEL)) + "\n").encode()) == (MONITOR, PANEL)
    assert edids_in((as_edid_decode(MONITOR) + as_edid_decode(PANEL)).encode()) == (MONITOR, PANEL)


def test_xrandr(tmp_path: Path) -> None:
    text = (
        "Screen 0: minimum 320 x 200, current 3286 x 1080, maximum 8192 x 8192\n"
        "eDP-1 connected primary 1366x768+0+0 (normal left inverted right x axis y axis) 344mm x 194mm\n"
        "   1366x768      60.00*+  40.00  \n   1024x768      60.00\n"
        "HDMI-1 disconnected (normal left inverted right x axis y axis)\n"
        "VGA-1 connected 1280x1024+1366+0 (normal left inverted right x axis y axis) 0mm x 0mm\n"
        "   1280x1024     60.02*\n"
        "DP-1 connected (normal left inverted right)\n\tEDID: \n" + "".join(f"\t\t{line}\n" for line in hexed(MONITOR))
    )
    found = probe(pc(tmp_path / "pc", xrandr=text))
    panel, vga, monitor = displays(found)
    assert panel == Display(
        connector="eDP-1", is_internal=True, width_mm=344, height_mm=194, width_px=1366, height_px=768
    )
    assert vga == Display(connector="VGA-1", is_internal=False)
    assert (monitor.connector, monitor.model, monitor.is_internal) == ("DP-1", "Ecran 22", False)


def test_xrandr_verbose_modes() -> None:
    text = (
        "eDP-1 connected 1920x1080+0+0 (0x47) normal (normal left) 309mm x 174mm\n"
        "  1920x1080 (0x47) 148.500MHz +HSync +VSync *current +preferred\n"
        "        h: width  1920 start 2008 end 2052 total 2200 skew    0 clock  67.50KHz\n"
        "  1680x1050 (0x48) 146.250MHz -HSync +VSync\n"
    )
    (screen,) = screens_in_xrandr(text)
    assert (screen.width_px, screen.height_px, screen.width_mm) == (1920, 1080, 309)


@over_corpus("edid-text")
def test_corpus_text(path: Path) -> None:
    raw = path.read_bytes()
    assert edids_in(raw) or b"Block 0" not in raw


@over_corpus("xrandr")
def test_corpus_xrandr(path: Path, tmp_path: Path) -> None:
    found = probe(pc(tmp_path / "pc", xrandr=path.read_text("utf-8")))
    assert displays(found) and all(d.connector and d.width_px for d in displays(found))
