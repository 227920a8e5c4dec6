"""EDID bytes: what each field means, and what damaged, lazy and hostile ones must not turn into."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Display
from agent.probes.edid import BLOCK, parse_edid, split
from tests.conftest import CORPUS, over_corpus
from tests.oracles import edid as oracle


def descriptor(kind: int, text: bytes) -> bytes:
    return b"\0\0\0" + bytes([kind, 0]) + (text + b"\n" + b" " * 13 if len(text) < 13 else text)[:13]


def timing(width: int, height: int, width_mm: int = 0, height_mm: int = 0, interlaced: bool = False) -> bytes:
    low = [0x01, 0x1D, width & 255, 0x40, width >> 8 << 4, height & 255, 0x20, height >> 8 << 4, 0, 0, 0, 0]
    sizes = [width_mm & 255, height_mm & 255, width_mm >> 8 << 4 | height_mm >> 8]
    return bytes([*low, *sizes, 0, 0, 0x9E if interlaced else 0x1E])


NAME = descriptor(0xFC, b"Ecran 22")
MODE = timing(1920, 1080, 477, 268)
EMPTY = descriptor(0x10, b"")


def edid(
    *slots: bytes, maker: bytes = b"\x04\x69", week: int = 12, year: int = 24, digital: bool = True,
    size_cm: tuple[int, int] = (48, 27), number: int = 0, extensions: bytes = b"", announced: int | None = None,
) -> bytes:  # fmt: skip
    """A base block of a monitor of "ACI", made in week 12 of 2014, and the extension blocks given."""
    base = bytearray(bytes.fromhex("00ffffffffffff00") + maker + b"\x34\x12" + number.to_bytes(4, "little"))
    base += bytes([week, year, 1, 3, 0x80 if digital else 0x08, *size_cm, 120, 0x0A]) + bytes(10) + bytes(3)
    base += b"\x01" * 16
    base += b"".join([*slots, *[EMPTY] * (4 - len(slots))][:4])
    base.append(len(extensions) // BLOCK if announced is None else announced)
    return bytes(base) + bytes([-sum(base) % 256]) + extensions


def extension(body: bytes) -> bytes:
    block = body.ljust(BLOCK - 1, b"\0")
    return block + bytes([-sum(block) % 256])


def display_of(raw: bytes, connector: str | None = None) -> Display:
    display = parse_edid(raw, connector).display
    assert display is not None
    return display


def test_a_usual_monitor() -> None:
    read = parse_edid(edid(MODE, NAME, descriptor(0xFF, b"SN-4711-A")))
    assert read.display == Display(
        maker="ACI", model="Ecran 22", product_code=0x1234, serial="SN-4711-A", width_mm=477, height_mm=268,
        width_px=1920, height_px=1080, made_year=2014, made_week=12, is_digital=True, is_internal=False,
    )  # fmt: skip
    assert read.problems == ()


@pytest.mark.parametrize(
    "week, year, expected",
    [
        (12, 24, (2014, 12)),
        (0, 24, (2014, None)),
        (0xFF, 24, (2014, None)),  # model year
        (108, 24, (2014, None)),
        (12, 0, (None, None)),  # 1990: not filled in
        (12, 1, (None, None)),  # before the first standard
        (12, 47, (2037, 12)),
        (12, 48, (None, None)),
        (12, 255, (None, None)),
    ],
)
def test_date(week: int, year: int, expected: tuple[int | None, int | None]) -> None:
    read = parse_edid(edid(MODE, NAME, week=week, year=year))
    assert read.display is not None
    assert (read.display.made_year, read.display.made_week) == expected
    if expected[0] is None:
        assert [problem.field for problem in read.problems] == ["made_year"]


@pytest.mark.parametrize(
    "size_cm, mode, expected",
    [
        ((48, 27), timing(1920, 1080, 477, 268), (477, 268)),
        ((48, 27), timing(1920, 1080), (480, 270)),
        ((48, 27), timing(1920, 1080, 160, 90), (480, 270)),  # the timing tells an aspect ratio
        ((48, 27), timing(1920, 1080, 1600, 900), (480, 270)),
        ((0, 0), timing(1920, 1080, 477, 268), (None, None)),  # a projector
        ((79, 0), timing(1920, 1080), (None, None)),  # EDID 1.4: an aspect ratio
        ((16, 9), timing(1920, 1080), (None, None)),
        ((160, 90), timing(1920, 1080, 1600, 900), (None, None)),
        ((16, 9), timing(1366, 768, 344, 194), (344, 194)),  # the timing knows better
    ],
)
def test_size(size_cm: tuple[int, int], mode: bytes, expected: tuple[int | None, int | None]) -> None:
    display = display_of(edid(mode, NAME, size_cm=size_cm))
    assert (display.width_mm, display.height_mm) == expected


def test_interlaced_lines_are_of_one_field() -> None:
    display = display_of(edid(timing(1920, 540, interlaced=True), NAME))
    assert (display.width_px, display.height_px) == (1920, 1080)


def test_text_where_a_timing_should_be_is_no_resolution() -> None:
    display = display_of(edid(b"  " + bytes(16), timing(544, 544), NAME))
    assert (display.width_px, display.height_px) == (None, None)


@pytest.mark.parametrize(
    "texts, model",
    [
        ([b"LG Display", b"LP156WH4-TLN1"], "LP156WH4-TLN1"),
        ([b"CSOT T3", b"MNE507ZA1-1"], "MNE507ZA1-1"),
        ([b"J5596\x80B101EVT"], "B101EVT"),
        ([b"BOE HF"], "BOE HF"),
        ([], None),
    ],
)
def test_bare_panels_are_named_by_their_part_number(texts: list[bytes], model: str | None) -> None:
    display = display_of(edid(MODE, *(descriptor(0xFE, text) for text in texts), maker=b"\x30\xe4"))
    assert (display.maker, display.model, display.is_internal) == ("LGD", model, True)


@pytest.mark.parametrize(
    "number, text, serial",
    [
        (0, b"", None),
        (0x01010101, b"", None),
        (4711, b"", "4711"),
        (4711, b"000000000000", "4711"),
        (4711, b"SN\x1b[31mA", "SNA"),
    ],
)
def test_serial(number: int, text: bytes, serial: str | None) -> None:
    assert display_of(edid(MODE, NAME, descriptor(0xFF, text), number=number)).serial == serial


@pytest.mark.parametrize(
    "maker, name", [(b"\x04\x69", "ACI"), (b"\x36\x7f", "MS_"), (b"\x00\x41", None), (b"\xff\xff", None)]
)
def test_maker(maker: bytes, name: str | None) -> None:
    read = parse_edid(edid(MODE, NAME, maker=maker))
    assert read.display is not None and read.display.maker == name
    assert [problem.field for problem in read.problems] == ([] if name else ["maker"])


@pytest.mark.parametrize(
    "connector, slots, maker, digital, internal",
    [
        ("eDP-1", [MODE, NAME], b"\x04\x69", True, True),
        ("LVDS1", [MODE], b"\x04\x69", True, True),
        ("HDMI-A-1", [MODE, NAME], b"\x04\x69", True, False),
        ("DP-1", [MODE, descriptor(0xFE, b"LP156WH4")], b"\x30\xe4", True, True),  # an all-in-one's panel
        ("DP-1", [MODE, NAME], b"\x30\xe4", True, False),
        (None, [MODE, NAME], b"\x04\x69", True, False),
        (None, [MODE, NAME], b"\x30\xe4", True, None),
        (None, [MODE, descriptor(0xFC, b"Color LCD")], b"\x06\x10", True, True),
        (None, [MODE], b"\x04\x69", False, False),
        ("Virtual-1", [MODE], b"\x04\x69", True, None),
    ],
)
def test_is_internal(
    connector: str | None, slots: list[bytes], maker: bytes, digital: bool, internal: bool | None
) -> None:
    assert display_of(edid(*slots, maker=maker, digital=digital), connector).is_internal is internal


def test_resolution_from_a_cta_block() -> None:
    """A base block without timings: the code marked native, else the extension's own timing."""
    codes = extension(b"\x02\x03\x08\x00" + b"\x43\x04\x90\x03")  # 720p, 1080p native, 480p
    assert display_of(edid(NAME, extensions=codes)).width_px == 1920
    own = extension(b"\x02\x03\x04\x00" + timing(2560, 1440))
    assert display_of(edid(NAME, extensions=own)).height_px == 1440


def test_resolution_from_displayid_prefers_the_preferred() -> None:
    first = b"\x10\x20\x30\x08" + (1919).to_bytes(2, "little") + bytes(6) + (1079).to_bytes(2, "little") + bytes(6)
    second = b"\x10\x20\x30\x88" + (3839).to_bytes(2, "little") + bytes(6) + (2159).to_bytes(2, "little") + bytes(6)
    for kind in (b"\x03", b"\x22"):
        block = extension(b"\x70\x13\x2b\x03\x00" + kind + b"\x00\x28" + first + second)
        assert display_of(edid(NAME, extensions=block)).width_px == 3840


def test_missing_extensions_and_bad_checksums_are_told_not_fatal() -> None:
    raw = bytearray(edid(MODE, NAME, announced=1))
    raw[20] ^= 1
    read = parse_edid(bytes(raw))
    assert read.display is not None and read.display.model == "Ecran 22"
    assert [problem.field for problem in read.problems] == ["checksum", "extensions"]


def test_a_damaged_header_is_read_as_the_kernel_does() -> None:
    assert display_of(b"\x01" + edid(MODE, NAME)[1:]).model == "Ecran 22"
    assert parse_edid(b"\x01\x01\x01" + edid(MODE, NAME)[3:]).display is None


@pytest.mark.parametrize("raw", [b"", b"\0" * 64, b"\0" * 128, b"edid-decode: no such file", edid(MODE)[:127]])
def test_garbage_is_no_display(raw: bytes) -> None:
    read = parse_edid(raw)
    assert read.display is None and read.problems


def test_two_screens_in_one_dump_are_parted() -> None:
    one, two = edid(MODE, NAME, extensions=extension(b"\x02\x03")), edid(MODE)
    assert split(one + two) == (one, two)
    assert split(b"") == ()


@given(st.binary(max_size=600), st.booleans())
@settings(max_examples=100)
def test_any_bytes_give_a_display_or_a_problem(raw: bytes, with_header: bool) -> None:
    read = parse_edid((edid(MODE, NAME)[:54] if with_header else b"") + raw)
    assert read.display is not None or read.problems
    if read.display:
        assert read.display.made_year is None or 1994 <= read.display.made_year <= 2037


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=12))
@settings(max_examples=100)
def test_flipped_bytes_never_raise(flips: list[tuple[int, int]]) -> None:
    raw = bytearray(edid(MODE, NAME, extensions=extension(b"\x70\x13\x79\x03\x00\x03\x00\x14" + bytes(20))))
    for place, value in flips:
        raw[place] = value
    parse_edid(bytes(raw))


@over_corpus("edid-bin")
def test_corpus(path: Path) -> None:
    for raw in split(path.read_bytes()):
        read = parse_edid(raw)
        assert read.display is not None or read.problems


@pytest.mark.skipif(not (CORPUS / "edid-text").is_dir(), reason="no corpus beside this checkout")
def test_agreement_with_edid_decode_text() -> None:
    told = oracle.agreement(CORPUS)
    assert told.files >= 580 and told.permille >= 995
    assert not [residue for residue in told.residues if residue.endswith("unexplained")]


@pytest.mark.programs
@pytest.mark.skipif(not (CORPUS / "edid-bin").is_dir(), reason="no corpus beside this checkout")
def test_agreement_with_edid_decode() -> None:
    import shutil

    if not shutil.which("edid-decode"):
        pytest.skip("edid-decode is not installed")
    told = oracle.agreement_with_program(CORPUS)
    assert told.files >= 700 and told.permille >= 995
    assert not [residue for residue in told.residues if residue.endswith("unexplained")]
