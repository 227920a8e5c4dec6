"""The SMBIOS table as bytes: a bare table, or what `dmidecode --dump-bin` writes (entry point, then table). Pure.

DSP0134 3.7, 5.2 (entry points) and 6.1.2 (structures).
"""

_SCAN = 400  # structures looked at before believing the rest
_END_OF_TABLE = 127


def is_dmi_dump(raw: bytes) -> bool:
    return table_of(raw) is not None


def table_of(raw: bytes) -> bytes | None:
    """The structure table inside `raw`, or None when it holds none."""
    if raw.startswith(b"_SM3_") and len(raw) > 0x18:
        start, size = int.from_bytes(raw[0x10:0x18], "little"), int.from_bytes(raw[0x0C:0x10], "little")
    elif raw.startswith(b"_SM_") and len(raw) > 0x1F:
        start, size = int.from_bytes(raw[0x18:0x1C], "little"), int.from_bytes(raw[0x16:0x18], "little")
    else:
        return raw if _is_table(raw) else None
    # dmidecode rewrites the address to 0x20; a dump by other means keeps the one in the PC's memory.
    start = start if 0x10 <= start < len(raw) else 0x20
    table = raw[start : start + size] if size else raw[start:]
    return table if _is_table(table) else None


def _is_table(raw: bytes) -> bool:
    """A walk from the first byte meets several whole structures, BIOS or system among them."""
    at = 0
    kinds: list[int] = []
    while at + 4 <= len(raw) and len(kinds) < _SCAN:
        length = raw[at + 1]
        end = raw.find(b"\0\0", at + length)
        if length < 4 or end < 0:
            break  # cut short or padded: what came before counts
        kinds.append(raw[at])
        if raw[at] == _END_OF_TABLE:
            break
        at = end + 2
    return len(kinds) >= 3 and bool({0, 1} & set(kinds))
