"""SMBIOS tables for an emulated PC: a whole dump split into the files that QEMU wants, one structure each."""

import struct
from collections.abc import Container, Iterator
from pathlib import Path

END = 127
IDENTITY = (0, 1, 2, 3)  # who made it, and what it is: QEMU takes processors and memory only as it emulates them


def structures(table: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, bytes with its strings) of each structure, DSP0134 6.1; stops at the end or where it makes no sense."""
    at = 0
    while at + 4 <= len(table):
        kind, length = table[at], table[at + 1]
        if length < 4 or kind == END:
            return
        end = table.index(b"\0\0", at + length) + 2
        yield kind, table[at:end]
        at = end


def structure(kind: int, handle: int, body: bytes, *strings: str) -> bytes:
    """One structure; its strings are numbered from 1."""
    texts = b"".join(text.encode() + b"\0" for text in strings) or b"\0"
    return struct.pack("<BBH", kind, 4 + len(body), handle) + body + texts + b"\0"


def of_dump(raw: bytes) -> bytes:
    """The table in a file of `dmidecode --dump-bin`."""
    if raw[:5] == b"_SM3_":
        size, at = struct.unpack_from("<IQ", raw, 12)
    else:
        assert raw[:4] == b"_SM_", "no SMBIOS dump"
        size, at = struct.unpack_from("<HI", raw, 22)
    return raw[at : at + size]


def notebook() -> bytes:
    """What a ten year old business laptop says of itself: types 1 and 3."""
    uuid = bytes(range(1, 17))
    system = structure(1, 1, bytes((1, 2, 3, 4)) + uuid + bytes((6, 5, 6)), "LENOVO", "20BWS2YL00", "ThinkPad T450s",
                       "PC0E2E01", "LENOVO_MT_20BW", "ThinkPad T450s")  # fmt: skip
    body = bytes((1, 10, 2, 3, 4, 3, 3, 3, 3)) + bytes(4) + bytes((0, 1, 0, 0))
    return system + structure(3, 3, body, "LENOVO", "None", "PC0E2E01", "None")


def words(table: bytes, folder: Path, kinds: Container[int] = range(256)) -> list[str]:
    """QEMU's words that put these structures in the place of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number, (kind, raw) in enumerate(structures(table)):
        if kind not in kinds:
            continue
        file = folder / f"{number:03}-type{kind}.bin"
        file.write_bytes(raw)
        found += ["-smbios", f"file={file}"]
    return found
