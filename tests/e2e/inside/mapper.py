"""Device-mapper without dmsetup, which the image has no other use for: makes what its standard input tells.

Lines as `dmsetup table` prints them, "NAME: FIRST SECTORS KIND …"; each device is /dev/mapper/NAME. `mapper.py suspend
NAME`: whatever is asked of that device gets no answer, until `mapper.py resume NAME`.
include/uapi/linux/dm-ioctl.h, docs.kernel.org/admin-guide/device-mapper
"""

import fcntl
import os
import struct
import sys
from pathlib import Path

HEAD = struct.Struct("=IIIIIIiIIIQ128s129s7x")
SPEC = struct.Struct("=QQiI16s")
CREATE, RESUME, LOAD = 3, 6, 9
SUSPENDED = 1 << 1 | 1 << 10 | 1 << 11  # with RESUME; no file system is frozen, nothing is flushed before
CONTROL = "/dev/mapper/control"


def ask(command: int, name: str, specs: bytes = b"", count: int = 0, flags: int = 0) -> int:
    """The number of the device."""
    head = HEAD.pack(4, 0, 0, HEAD.size + len(specs), HEAD.size, count, 0, flags, 0, 0, 0, name.encode(), b"")
    answer = bytearray(head + specs)
    control = os.open(CONTROL, os.O_RDWR)
    try:
        fcntl.ioctl(control, 3 << 30 | HEAD.size << 16 | 0xFD << 8 | command, answer)
    finally:
        os.close(control)
    number: int = HEAD.unpack_from(answer)[10]
    return number


def spec(line: str) -> bytes:
    first, sectors, kind, *words = line.split()
    told = " ".join(words).encode() + b"\0"
    told += bytes(-len(told) % 8)
    return SPEC.pack(int(first), int(sectors), 0, SPEC.size + len(told), kind.encode()) + told


def make(name: str, lines: list[str]) -> None:
    ask(CREATE, name)
    ask(LOAD, name, b"".join(map(spec, lines)), len(lines))
    number = ask(RESUME, name)
    Path(f"/dev/mapper/{name}").symlink_to(f"../dm-{number & 0xFF | number >> 12 & 0xFFF00}")


def main() -> None:
    if sys.argv[1:]:
        ask(RESUME, sys.argv[2], flags=SUSPENDED if sys.argv[1] == "suspend" else 0)
        return
    tables: dict[str, list[str]] = {}
    for line in sys.stdin:
        name, _, rest = line.partition(": ")
        tables.setdefault(name, []).append(rest)
    for name, lines in tables.items():
        make(name, lines)


if __name__ == "__main__":
    main()
