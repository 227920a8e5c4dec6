"""What passed between us and an eMMC, as JSON with hex in and out: recorded on real hardware, replayed in tests.

EXT_CSD holds no serial number; the kernel's own reading of it does not pass here.
"""

import ctypes
from collections.abc import Callable, Iterable

from agent.facts import Fact
from agent.wipe.mmc.requests import COUNT, LAYOUT, MMC_IOC_MULTI_CMD

Ioctl = Callable[[int, int, bytearray], int]
_POINTER = LAYOUT.size - 8  # of data_ptr in one struct


class Turn(Fact, frozen=True, kw_only=True):
    """One ioctl; pointers are left out of `sent` and `answered`."""

    request: int
    sent: str
    answered: str = ""
    data: str = ""
    errno: int | None = None


class OffScript(Exception):
    """A replayed chip was sent something that the recording does not have."""


def recording(ioctl: Ioctl, keep: Callable[[Turn], None]) -> Ioctl:
    """The same `ioctl`, each turn given to `keep` as soon as it is answered."""

    def called(fd: int, request: int, buffer: bytearray) -> int:
        sent = _without_pointers(request, buffer)
        try:
            result = ioctl(fd, request, buffer)
        except OSError as error:
            keep(Turn(request=request, sent=sent.hex(), errno=error.errno))
            raise
        data = b"".join(ctypes.string_at(at, length) for at, length in _pointers(request, buffer))
        keep(
            Turn(
                request=request, sent=sent.hex(), answered=_without_pointers(request, buffer).hex(),
                data=data.rstrip(b"\0").hex(),
            )
        )  # fmt: skip
        return result

    return called


def replaying(turns: Iterable[Turn]) -> Ioctl:
    """Answers as recorded, in the recorded order only; OffScript for any other bytes, or one call too many."""
    left = iter(turns)

    def called(fd: int, request: int, buffer: bytearray) -> int:
        turn, sent = next(left, None), _without_pointers(request, buffer).hex()
        if turn is None or (turn.request, turn.sent) != (request, sent):
            raise OffScript(f"sent {sent}, recorded {turn.sent if turn else 'nothing more'}")
        if turn.errno is not None:
            raise OSError(turn.errno, "as recorded")
        pointers = _pointers(request, buffer)
        data = bytes.fromhex(turn.data).ljust(sum(length for _, length in pointers), b"\0")
        for at, length in pointers:
            ctypes.memmove(at, data, length)
            data = data[length:]
        buffer[:] = bytes.fromhex(turn.answered)
        return 0

    return called


def _structs(request: int, buffer: bytearray) -> range:
    """Where each struct mmc_ioc_cmd begins; none in a block ioctl's range."""
    start = COUNT.size if request == MMC_IOC_MULTI_CMD else 0
    return range(start, len(buffer) - LAYOUT.size + 1, LAYOUT.size)


def _pointers(request: int, buffer: bytearray) -> list[tuple[int, int]]:
    found = []
    for at in _structs(request, buffer):
        one = LAYOUT.unpack_from(buffer, at)
        if one[-1]:
            found.append((int(one[-1]), int(one[9] * one[10])))
    return found


def _without_pointers(request: int, buffer: bytearray) -> bytes:
    bare = bytearray(buffer)
    for at in _structs(request, buffer):
        bare[at + _POINTER : at + LAYOUT.size] = bytes(8)
    return bytes(bare)
