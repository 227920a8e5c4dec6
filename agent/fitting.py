"""Erasures made to fit into a record: long evidence is shortened, what is left out is counted and said.

Counts (`bad_sectors`, bytes, seconds) are never touched, only lists and long texts; the first and the last of a list
are kept. The whole evidence stays in the station's journal.
"""

import json

import msgspec

from agent.erasure import Attempt, Content, Erasure, Exchange, Extent

# Tried one after another: how many exchanges and bad extents an attempt keeps, and how long a text may be.
_STEPS = ((4096, 4096, 4096), (256, 1024, 1024), (128, 512, 512), (48, 128, 256), (16, 32, 160), (6, 8, 120))
_REMARKS_MOST, _REMAINS_MOST = 64, 64


def fitted(erasures: tuple[Erasure, ...], room_bytes: int) -> tuple[Erasure, ...]:
    """The same erasures in at most `room_bytes` of JSON where that is possible: shortened no more than needed."""
    made = erasures
    for exchanges, extents, letters in _STEPS:
        made = tuple(_shortened(erasure, exchanges, extents, letters) for erasure in erasures)
        # Not msgspec's own encoder: it refuses the broken text that a record later makes plain.
        if len(json.dumps(msgspec.to_builtins(made), separators=(",", ":"))) <= room_bytes:
            return made
    return made


def _shortened(erasure: Erasure, exchanges: int, extents: int, letters: int) -> Erasure:
    attempts = tuple(_attempt(one, exchanges, extents, letters) for one in erasure.attempts)
    return msgspec.structs.replace(
        erasure, attempts=attempts, found=tuple(_text(word, letters) for word in erasure.found[:_REMARKS_MOST])
    )


def _attempt(one: Attempt, exchanges: int, extents: int, letters: int) -> Attempt:
    left_out = []
    if len(one.exchanges) > exchanges:
        left_out.append(f"{len(one.exchanges) - exchanges} of {len(one.exchanges)} commands")
    if len(one.bad) > extents:
        left_out.append(f"{len(one.bad) - extents} of {len(one.bad)} bad places ({one.bad_sectors} sectors in all)")
    said = one.said
    if len(said) > _REMARKS_MOST:
        left_out.append(f"{len(said) - _REMARKS_MOST} of {len(said)} remarks")
        said = said[: _REMARKS_MOST // 2] + said[-_REMARKS_MOST // 2 :]
    remarks = tuple(_text(line, letters) for line in said)
    if left_out:
        remarks += (f"left out of this record, kept in the station's journal: {', '.join(left_out)}",)
    read = one.verification
    if read is not None and read.content is not None:
        read = msgspec.structs.replace(read, content=_content(read.content))
    return msgspec.structs.replace(
        one,
        exchanges=tuple(_exchange(each, letters) for each in _ends(one.exchanges, exchanges)),
        bad=_extents(one.bad, extents),
        said=remarks,
        verification=read,
    )


def _ends(items: tuple[Exchange, ...], most: int) -> tuple[Exchange, ...]:
    """The first and the last: how it began, how it ended."""
    return items if len(items) <= most else items[: most - most // 2] + items[-(most // 2) :]


def _extents(items: tuple[Extent, ...], most: int) -> tuple[Extent, ...]:
    return items if len(items) <= most else items[: most - most // 2] + items[-(most // 2) :]


def _content(content: Content) -> Content:
    return msgspec.structs.replace(content, remains=content.remains[:_REMAINS_MOST])


def _exchange(each: Exchange, letters: int) -> Exchange:
    return msgspec.structs.replace(
        each,
        name=_text(each.name, letters),
        command=_text(each.command, letters),
        status=_text(each.status, letters),
        meaning=_text(each.meaning, letters),
    )


def _text(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more)"
