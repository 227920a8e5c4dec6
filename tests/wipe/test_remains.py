"""Signatures inside a read-back: every one of the table is found at any sector, and random bytes show none."""

import random

import pytest

from agent.wipe.magics import SECTOR, Magic, name_in_sector
from agent.wipe.remains import find_remains


@pytest.mark.parametrize("magic", SECTOR, ids=lambda one: f"{one.name}-{one.magic.hex()[:12]}")
@pytest.mark.parametrize("lba", [0, 1, 77, 127])
def test_each_signature_is_found_where_it_is(magic: Magic, lba: int) -> None:
    chunk = bytearray(random.Random(lba).randbytes(64 << 10))
    at = lba * 512 + magic.offset
    chunk[at : at + len(magic.magic)] = magic.magic
    found = list(find_remains(memoryview(chunk), 1 << 40, 512))
    assert found == [((1 << 40) + lba * 512, name_in_sector(bytes(chunk[lba * 512 :][:512])))]


def test_random_bytes_show_nothing() -> None:
    assert find_remains(memoryview(random.Random(3).randbytes(8 << 20)), 0, 512) == []


def test_several_are_told_by_place_and_a_torn_end_is_none() -> None:
    chunk = bytearray(8 * 512)
    chunk[3 * 512 : 3 * 512 + 8] = b"%PDF-1.7"
    chunk[512 : 512 + 8] = b"\x89PNG\r\n\x1a\n"
    assert find_remains(memoryview(chunk), 0, 512) == [(512, "PNG"), (1536, "PDF")]
    assert find_remains(memoryview(chunk)[: 3 * 512 + 4], 0, 512) == [(512, "PNG")]
