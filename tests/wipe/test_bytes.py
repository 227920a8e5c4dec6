"""Streams, memory, classification, sampling's power: pure parts of writing and reading a disk."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.erasure import Content
from agent.wipe.buffers import address, aligned, equal, equal_pieces, holds, is_zeros, period_of
from agent.wipe.content import Census, looks_random
from agent.wipe.readback import choose_places, power_permille
from agent.wipe.stream import Fill, Kind, fastest_kind, new_key

KEY = bytes(range(32))
STREAMS: tuple[Kind, ...] = ("aes-256-ctr", "chacha20")
MIB, GIB = 1 << 20, 1 << 30


def made(fill: Fill, offset: int, length: int) -> bytes:
    buffer = aligned(length)
    fill.write(buffer, offset)
    return bytes(buffer)


def view_of(data: bytes) -> memoryview:
    view = aligned(len(data))
    view[:] = data
    return view


def no_remains(chunk: memoryview, offset: int, sector: int) -> list[tuple[int, str]]:
    return []


# --- streams ----------------------------------------------------------------------------------------------------------


def test_aes_is_the_textbook_stream() -> None:
    reference = Cipher(algorithms.AES(KEY), modes.CTR(bytes(16))).encryptor().update(bytes(3 * 4096))
    assert made(Fill("aes-256-ctr", KEY), 0, len(reference)) == reference


def test_chacha_is_the_textbook_stream() -> None:
    reference = Cipher(algorithms.ChaCha20(KEY, bytes(16)), None).encryptor().update(bytes(3 * 4096))
    assert made(Fill("chacha20", KEY), 0, len(reference)) == reference


@pytest.mark.parametrize("kind", STREAMS)
@settings(deadline=None, max_examples=20)
@given(place=st.integers(0, (1 << 50) // 512), lengths=st.lists(st.integers(1, 40), min_size=2, max_size=4))
def test_any_part_is_the_same_alone(kind: Kind, place: int, lengths: list[int]) -> None:
    fill, start = Fill(kind, KEY), place * 512
    whole = made(fill, start, 512 * sum(lengths))
    at = 0
    for length in lengths:
        assert made(Fill(kind, KEY), start + at, 512 * length) == whole[at : at + 512 * length]
        at += 512 * length


@pytest.mark.parametrize("kind", STREAMS)
def test_no_two_places_are_alike(kind: Kind) -> None:
    """Also on both sides of 256 GiB, where ChaCha20's counter would begin again."""
    turn = 256 * GIB
    places = (0, 512, 4 * MIB, turn - 512, turn, turn + 512, 2 * turn, 5 * turn, (1 << 50))
    assert len({made(Fill(kind, KEY), place, 512) for place in places}) == len(places)
    across = made(Fill(kind, KEY), turn - 4096, 8192)
    apart = made(Fill(kind, KEY), turn - 4096, 4096) + made(Fill(kind, KEY), turn, 4096)
    assert across == apart
    assert made(Fill(kind, bytes(32)), 0, 512) != made(Fill(kind, KEY), 0, 512)


@pytest.mark.parametrize("kind", ("aes-256-ctr", "chacha20", "zeros"))
def test_strip_leaves_zeros_of_what_is_right_only(kind: Kind) -> None:
    fill = Fill(kind, KEY)
    buffer = aligned(5 * MIB)  # longer than one piece
    fill.write(buffer, 12 * MIB)
    buffer[-1] ^= 1
    fill.strip(buffer, 12 * MIB)
    assert not is_zeros(buffer)
    assert buffer[-1] == 1
    buffer[-1] = 0
    assert is_zeros(buffer)


def test_a_place_that_no_sector_has_is_refused() -> None:
    with pytest.raises(ValueError):
        Fill("aes-256-ctr", KEY).write(aligned(512), 8)
    with pytest.raises(ValueError):
        Fill("aes-256-ctr", b"short")
    with pytest.raises(ValueError):
        Fill("rot13", KEY)  # type: ignore[arg-type] # as a journal might say it


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("flags\t\t: fpu sse aes avx\n", "aes-256-ctr"),
        ("flags\t\t: fpu sse vaes_x avx\n", "chacha20"),
        ("Features\t: fp asimd aes pmull\n", "aes-256-ctr"),
        ("", "chacha20"),
    ],
)
def test_fastest_kind(tmp_path: Path, text: str, kind: str) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert fastest_kind(tmp_path / "cpuinfo") == kind
    assert fastest_kind(tmp_path / "absent") == "chacha20"


def test_keys_differ() -> None:
    assert len({new_key() for _ in range(10)}) == 10
    assert len(new_key()) == 32


# --- memory -----------------------------------------------------------------------------------------------------------


def test_buffers_are_page_aligned() -> None:
    view = aligned(4 * MIB + 512)
    assert address(view) % 4096 == 0
    assert len(view) == 4 * MIB + 512
    assert is_zeros(view)


@pytest.mark.parametrize("length", (0, 1, 15, 16, 17, 33, 512, 4096))
def test_every_single_byte_counts(length: int) -> None:
    view = aligned(length)
    assert is_zeros(view)
    for at in range(length):
        view[at] = 1
        assert not is_zeros(view), at
        view[at] = 0


@settings(deadline=None, max_examples=60)
@given(pattern=st.binary(min_size=1, max_size=16), spoilt=st.integers(0, 4095), flip=st.booleans())
def test_period(pattern: bytes, spoilt: int, flip: bool) -> None:
    view = view_of((pattern * 4096)[:4096])
    shortest = next(n for n in range(1, len(pattern) + 1) if (pattern[:n] * 4096)[:4096] == bytes(view))
    if flip:
        view[spoilt] ^= 1
        assert period_of(view) == 0
    else:
        assert period_of(view) == shortest


def test_pieces_and_needles() -> None:
    view = view_of(bytes(512) + b"x" * 512 + bytes(511) + b"y" + bytes(512))
    assert equal_pieces(view, aligned(512)) == [True, False, False, True]
    assert holds(view, b"xy") is False
    assert holds(view, b"x" + bytes(511)) is True
    assert equal(view[:512], view[1536:])
    assert not equal(view[:512], view[512:1024])
    assert not equal(view[:512], view[:511])


# --- what bytes are ---------------------------------------------------------------------------------------------------

TEXT = ("Les élèves du collège écrivent leurs noms et leurs adresses ici. " * 2000).encode()


def census(data: bytes, offset: int = 0, sector: int = 512) -> Content:
    one = Census(None, no_remains)
    one.add(view_of(data), offset, sector)
    return one.content()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (bytes(MIB), "zeros"),
        (b"\xff" * MIB, "ones"),
        (b"\x55\xaa" * (MIB // 2), "pattern"),
        (b"\xde\xad\xbf" * 87381 + b"\xde", "pattern"),
        (random.Random(3).randbytes(MIB), "random"),
        (TEXT[: 128 << 10], "mixed"),
        (bytes(MIB) + b"\xff" * MIB, "mixed"),
        (b"\x55" * MIB + b"\x56" * MIB, "mixed"),
        (b"", "unread"),
    ],
    ids=["zeros", "ones", "pattern", "pattern-of-3", "random", "text", "zeros-ones", "two-patterns", "nothing"],
)
def test_kinds(data: bytes, kind: str) -> None:
    data = data[: len(data) // 512 * 512]
    one = Census(None, no_remains)
    for at in range(0, len(data), MIB // 2):
        one.add(view_of(data[at : at + MIB // 2]), 7 * MIB + at, 512)
    content = one.content()
    assert content.kind == kind
    counts = content.zero_bytes, content.one_bytes, content.pattern_bytes, content.random_bytes, content.other_bytes
    assert sum(counts) == len(data)
    # Going on from what was kept gives the same as never having stopped.
    assert Census(content, no_remains).content() == content


def test_a_pattern_is_told_as_it_begins_at_byte_0() -> None:
    data = b"\x01\x02\x03" * 5120
    assert census(data[512:1536], 512).pattern == "010203"
    assert census(data[:512], 0).pattern == "010203"


def test_a_file_among_zeros_and_random_bytes_is_data() -> None:
    chunk = bytearray(MIB)
    chunk[300 * 512 : 300 * 512 + 1024] = TEXT[:1024]
    content = census(bytes(chunk))
    assert (content.kind, content.other_bytes, content.zero_bytes) == ("mixed", 1024, MIB - 1024)
    noise = bytearray(random.Random(5).randbytes(MIB))
    noise[100_000:100_016] = bytes(16)  # 16 zeros in a row: nothing random has them
    content = census(bytes(noise))
    assert (content.kind, content.other_bytes) == ("mixed", 64 << 10)
    noise = bytearray(random.Random(5).randbytes(MIB))
    noise[512 * 512 : 513 * 512] = bytes(512)
    assert (census(bytes(noise)).random_bytes, census(bytes(noise)).zero_bytes) == (MIB - 512, 512)


def test_sectors_of_ones_among_data_are_ones() -> None:
    chunk = bytearray(TEXT[: 64 << 10])
    chunk[2048:3072] = b"\xff" * 1024
    content = census(bytes(chunk))
    assert (content.one_bytes, content.other_bytes) == (1024, (64 << 10) - 1024)


def test_random_is_told_from_data() -> None:
    assert not looks_random(memoryview(bytes(range(185)) * 3)[:512])
    assert looks_random(memoryview(bytes(range(186)) * 3)[:512])
    source = random.Random(11)
    assert all(looks_random(memoryview(source.randbytes(512))) for _ in range(5000))
    code = Path("/proc/self/exe").read_bytes()
    sectors = [code[at : at + 512] for at in range(1 << 20, 2 << 20, 512)]
    assert sum(looks_random(memoryview(one)) for one in sectors) < len(sectors) // 20
    assert not looks_random(memoryview(TEXT[:512]))


def test_remains_are_kept_with_their_place() -> None:
    one = Census(None, lambda chunk, offset, sector: [(offset + 512, "NTFS")])
    one.add(view_of(TEXT[:4096]), 8192, 512)
    one.add(aligned(4096), 0, 512)  # nothing is looked for in zeros
    assert [(seen.offset_bytes, seen.signature) for seen in one.content().remains] == [(8704, "NTFS")]


# --- sampling ---------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=20)
@given(sectors=st.integers(1, 1 << 34), seed=st.binary(min_size=4, max_size=8))
def test_places_follow_the_recipe(sectors: int, seed: bytes) -> None:
    size = sectors * 512
    places = choose_places(size, 512, seed)
    assert places[0][0] == 0
    assert sum(places[-1]) == size
    assert sum(length for _, length in places) * 10 >= size
    assert all(first + length <= second for (first, length), (second, _) in pairwise(places))
    assert all(length > 0 and start % 512 == 0 and length % 512 == 0 for start, length in places)
    if len(places) > 1:
        for number in range(1000):
            start, end = sectors * number // 1000 * 512, sectors * (number + 1) // 1000 * 512
            inside = [length for first, length in places if start <= first and first + length <= end]
            assert len(inside) >= 2
            assert sum(inside) * 10 >= end - start - 512
    assert choose_places(size, 512, seed) == places


def test_places_of_small_sections_do_not_overlap() -> None:
    for seed in range(100):
        places = choose_places(40_000 * 512, 512, seed.to_bytes(2, "big"))
        assert all(first + length <= second for (first, length), (second, _) in pairwise(places))


@pytest.mark.parametrize("size", (50_000_000_000, 1_000_000_000_000))
def test_the_power_is_what_throwing_runs_at_it_shows(size: int) -> None:
    places = choose_places(size, 512, b"seed")
    power = power_permille(places, size)
    source, met = random.Random(2), 0
    for _ in range(4000):
        start = source.randrange(size - 100_000_000 + 1)
        met += any(first < start + 100_000_000 and start < first + length for first, length in places)
    assert abs(met / 4 - power) < 30
    assert power < 1000 if size > 10**11 else power == 1000


def test_the_power_is_never_more_than_it_is() -> None:
    assert power_permille([(0, 1000)], 1000, 100) == 1000
    assert power_permille([], 1000, 100) == 0
    assert power_permille([(0, 1)], 1000, 100) == 1  # 1 of 901 positions
    assert power_permille([(999, 1)], 1000, 100) == 1
    assert power_permille([(0, 450)], 1000, 101) == 500  # begins at one of 900 places, meets it from 450 of them
    assert power_permille([(0, 10), (5, 10)], 1000, 101) == 16  # 15 of 900: what two share counts once
