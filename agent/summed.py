"""Lines of a journal: `crc32 body\\n`, each sum going on from that of the line before, so that none can go missing.

Against torn writes and bad sectors, not against people: signed records are for those.
"""

import zlib


def summed(body: bytes, before: int) -> bytes:
    """The line of this body, which holds no line feed. `before`: the sum of the line before, 0 for the first."""
    return f"{zlib.crc32(body, before):08x} ".encode() + body + b"\n"


def sum_of(line: bytes) -> int:
    """ValueError where the line shows none."""
    return int(line[:8], 16)


def body_of(line: bytes, before: int) -> bytes:
    """The body of a line without its line feed; ValueError unless its sum goes on from `before`."""
    body = line[9:]
    if line[8:9] != b" " or sum_of(line) != zlib.crc32(body, before):
        raise ValueError("checksum")
    return body
