"""A disk in memory, honest or lying in one named way, that knows the truth: which old bytes are still in its cells.

`old_bytes_left()` looks at the medium itself, past every lie; the lead's property asks it when success was claimed.
Each kind of fault is one small subclass in `KINDS`. Transfers are locked: readers may come from two threads.
"""

import errno
import os
import random
import threading
from collections.abc import Callable

SECTOR = 512


class Disk:
    """An honest disk of old data; every sector of it differs from every other, and from any stream."""

    can_succeed = True  # nothing it does keeps an overwrite with a stream from being proven
    needs_stream = False  # keeps old cells under zeros, as a disk that compresses does: zeros prove nothing there

    def __init__(self, size_bytes: int = 8 << 20, sector_bytes: int = SECTOR, seed: int = 1) -> None:
        self.size_bytes, self.sector_bytes = size_bytes, sector_bytes
        self.media = bytearray(old_content(size_bytes, seed))
        self.old = bytes(self.media)
        self.calls: list[tuple[str, int, int]] = []
        self.written_bytes = self.flushes = self.forgets = 0
        self._lock = threading.RLock()

    # BlockIO

    def read_into(self, buffer: memoryview, offset_bytes: int) -> int:
        with self._lock:
            self._check("read", buffer, offset_bytes)
            length = max(0, min(len(buffer), self.size_bytes - offset_bytes))
            return self.read(buffer[:length], offset_bytes)

    def write_from(self, buffer: memoryview, offset_bytes: int) -> int:
        with self._lock:
            self._check("write", buffer, offset_bytes)
            if offset_bytes >= self.size_bytes:
                raise OSError(errno.ENOSPC, "past the end")
            length = min(len(buffer), self.size_bytes - offset_bytes)
            moved = self.write(bytes(buffer[:length]), offset_bytes)
            self.written_bytes += moved
            return moved

    def flush(self) -> None:
        with self._lock:
            self.flushes += 1
            self.sync()

    def forget(self) -> None:
        self.forgets += 1

    def _check(self, call: str, buffer: memoryview, offset_bytes: int) -> None:
        """What O_DIRECT would refuse is a mistake of ours."""
        self.calls.append((call, offset_bytes, len(buffer)))
        assert offset_bytes % self.sector_bytes == 0 and len(buffer) % self.sector_bytes == 0, "not on sectors"
        assert len(buffer) > 0 and offset_bytes >= 0

    # what kinds change

    def read(self, buffer: memoryview, offset: int) -> int:
        buffer[:] = self.media[offset : offset + len(buffer)]
        return len(buffer)

    def write(self, data: bytes, offset: int) -> int:
        self.media[offset : offset + len(data)] = data
        return len(data)

    def sync(self) -> None:
        pass

    def cut_power(self) -> None:
        """What is not on the medium is lost."""

    # the truth

    def stored(self) -> list[bytes]:
        """Everything that the medium keeps, wherever it came from."""
        return [bytes(self.media)]

    def old_bytes_left(self) -> int:
        """Old bytes that are still stored somewhere on this disk, found in units of 64."""
        size = 64
        olds = {self.old[at : at + size] for at in range(0, len(self.old), size)}
        areas = self.stored()
        return len({area[at : at + size] for area in areas for at in range(0, len(area), size)} & olds) * size

    def spot(self, sectors: int) -> tuple[int, int]:
        """A place in the middle, (first byte, byte after), on whole sectors."""
        first = self.size_bytes // self.sector_bytes // 2 + 3
        return first * self.sector_bytes, (first + sectors) * self.sector_bytes


def old_content(size_bytes: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


def _fail(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _meets(offset: int, length: int, first: int, after: int) -> bool:
    return offset < after and first < offset + length


# --- writes that are dropped ------------------------------------------------------------------------------------------


class DropsAll(Disk):
    """Takes every write, keeps none."""

    can_succeed = False

    def write(self, data: bytes, offset: int) -> int:
        return len(data)


class DropsOneSector(Disk):
    can_succeed = False

    def write(self, data: bytes, offset: int) -> int:
        first, after = self.spot(1)
        kept = self.media[first:after]
        super().write(data, offset)
        self.media[first:after] = kept
        return len(data)


class DropsAfter(Disk):
    """The firmware's erase counter is full: after 5/8 of the disk nothing is kept any more."""

    can_succeed = False

    def write(self, data: bytes, offset: int) -> int:
        left = max(0, self.size_bytes * 5 // 8 - self.written_bytes)
        super().write(data[:left], offset)
        return len(data)


class DropsFirstWrite(Disk):
    """The first write to each 128 KiB is lost, a later one is kept."""

    can_succeed = False
    _STEP = 128 << 10

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.met: set[int] = set()

    def write(self, data: bytes, offset: int) -> int:
        for at in range(0, len(data), self.sector_bytes):
            step = (offset + at) // self._STEP
            if step in self.met or (offset + at) % self._STEP:
                super().write(data[at : at + self.sector_bytes], offset + at)
            else:
                self.met.add(step)
        return len(data)


class DropsLast(DropsOneSector):
    """The last sector only."""

    def spot(self, sectors: int) -> tuple[int, int]:
        return self.size_bytes - self.sector_bytes, self.size_bytes


# --- fake capacity ----------------------------------------------------------------------------------------------------


class Wraps(Disk):
    """Sold as 8 MiB, has 2: the high bits of the address are ignored. It can hold no stream of its whole size."""

    can_succeed = False

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.real_bytes = 1 << (self.size_bytes.bit_length() - 3)
        del self.media[self.real_bytes :]
        self.old = bytes(self.media)

    def _pieces(self, length: int, offset: int) -> list[tuple[int, int, int]]:
        found, at = [], 0
        while at < length:
            place = (offset + at) % self.real_bytes
            step = min(length - at, self.real_bytes - place)
            found.append((at, place, step))
            at += step
        return found

    def read(self, buffer: memoryview, offset: int) -> int:
        for at, place, step in self._pieces(len(buffer), offset):
            buffer[at : at + step] = self.media[place : place + step]
        return len(buffer)

    def write(self, data: bytes, offset: int) -> int:
        for at, place, step in self._pieces(len(data), offset):
            self.media[place : place + step] = data[at : at + step]
        return len(data)


class DropsBeyond(Disk):
    """Sold as 8 MiB, has 5: what lies beyond is taken and reads as zeros."""

    can_succeed = False

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.real_bytes = self.size_bytes * 5 // 8
        self.media[self.real_bytes :] = bytes(self.size_bytes - self.real_bytes)
        self.old = bytes(self.media[: self.real_bytes])

    def write(self, data: bytes, offset: int) -> int:
        super().write(data[: max(0, self.real_bytes - offset)], offset)
        return len(data)


# --- reads that lie ---------------------------------------------------------------------------------------------------


class ReadsZeros(Disk):
    """Keeps what it has, takes no write, and shows zeros everywhere: a purged disk to a careless eye."""

    can_succeed = False

    def read(self, buffer: memoryview, offset: int) -> int:
        buffer[:] = bytes(len(buffer))
        return len(buffer)

    def write(self, data: bytes, offset: int) -> int:
        return len(data)


class ReadsStale(Disk):
    """Keeps the writes, but one stretch reads as before them."""

    can_succeed = False

    def read(self, buffer: memoryview, offset: int) -> int:
        super().read(buffer, offset)
        first, after = self.spot(64)
        for at in range(max(first, offset), min(after, offset + len(buffer))):
            buffer[at - offset] = self.old[at]
        return len(buffer)

    def stored(self) -> list[bytes]:
        first, after = self.spot(64)
        return [bytes(self.media), self.old[first:after]]


class CorruptsOneByte(Disk):
    can_succeed = False

    def read(self, buffer: memoryview, offset: int) -> int:
        super().read(buffer, offset)
        first = self.spot(1)[0] + 100
        if _meets(offset, len(buffer), first, first + 1):
            buffer[first - offset] ^= 0x10
        return len(buffer)


class MovesNothing(Disk):
    """A read says that all came, and left the buffer as it was; writes are dropped."""

    can_succeed = False

    def read(self, buffer: memoryview, offset: int) -> int:
        return len(buffer)

    def write(self, data: bytes, offset: int) -> int:
        return len(data)


class RepeatsOneSector(Disk):
    """Whatever is read, the first sector comes."""

    can_succeed = False

    def read(self, buffer: memoryview, offset: int) -> int:
        one = bytes(self.media[: self.sector_bytes])
        buffer[:] = one * (len(buffer) // self.sector_bytes)
        return len(buffer)


class SwapsSectors(Disk):
    """Two sectors changed places when reading."""

    can_succeed = False

    def read(self, buffer: memoryview, offset: int) -> int:
        super().read(buffer, offset)
        size, (first, _) = self.sector_bytes, self.spot(1)
        for here, there in ((first, first + 7 * size), (first + 7 * size, first)):
            if _meets(offset, len(buffer), here, here + size):
                buffer[here - offset : here - offset + size] = self.media[there : there + size]
        return len(buffer)


# --- caches -----------------------------------------------------------------------------------------------------------


class Cached(Disk):
    """A write cache that keeps its promises: on the medium at a flush, lost at a power cut."""

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.cache: dict[int, bytes] = {}

    def write(self, data: bytes, offset: int) -> int:
        for at in range(0, len(data), self.sector_bytes):
            self.cache[offset + at] = data[at : at + self.sector_bytes]
        return len(data)

    def read(self, buffer: memoryview, offset: int) -> int:
        super().read(buffer, offset)
        for at in range(0, len(buffer), self.sector_bytes):
            if offset + at in self.cache:
                buffer[at : at + self.sector_bytes] = self.cache[offset + at]
        return len(buffer)

    def sync(self) -> None:
        for offset, sector in self.cache.items():
            self.media[offset : offset + len(sector)] = sector
        self.cache.clear()

    def cut_power(self) -> None:
        self.cache.clear()


class FlushesNothing(Cached):
    """Says yes to a flush and keeps only the newest MiB in memory: what is older reached the medium, or did not.

    Its cache is shown to readers, so before a power cut nobody can tell; after one it can be read.
    """

    can_succeed = False
    cache_bytes = 1 << 20

    def write(self, data: bytes, offset: int) -> int:
        super().write(data, offset)
        while len(self.cache) * self.sector_bytes > self.cache_bytes:
            place, sector = next(iter(self.cache.items()))
            del self.cache[place]
            if place >= self.size_bytes // 2:  # the first half is lost for good
                self.media[place : place + len(sector)] = sector
        return len(data)

    def sync(self) -> None:
        pass


class CachesThenDrops(Cached):
    """Shows what was last written until the flush, then what was there before."""

    can_succeed = False

    def sync(self) -> None:
        self.cache.clear()


class FlushFails(Cached):
    can_succeed = False

    def sync(self) -> None:
        raise _fail(errno.EIO)


class FlushFailsOnce(Cached):
    def sync(self) -> None:
        if self.flushes == 1:
            raise _fail(errno.EIO)
        super().sync()


# --- errors -----------------------------------------------------------------------------------------------------------


class Erring(Disk):
    """Errors at some sectors: `errno_of(first_byte_of_sector, is_write)`. Nothing of a failed transfer is kept."""

    can_succeed = False
    number = errno.EIO
    on_read = on_write = True

    def is_bad(self, place: int) -> bool:
        first, after = self.spot(3)
        return first <= place < after

    def _raise_if_bad(self, offset: int, length: int) -> None:
        if any(self.is_bad(place) for place in range(offset, offset + length, self.sector_bytes)):
            raise _fail(self.number)

    def read(self, buffer: memoryview, offset: int) -> int:
        if self.on_read:
            self._raise_if_bad(offset, len(buffer))
        return super().read(buffer, offset)

    def write(self, data: bytes, offset: int) -> int:
        if self.on_write:
            self._raise_if_bad(offset, len(data))
        return super().write(data, offset)


class ErrsFirst(Erring):
    def is_bad(self, place: int) -> bool:
        return place == 0


class ErrsLast(Erring):
    def is_bad(self, place: int) -> bool:
        return place == self.size_bytes - self.sector_bytes


class ErrsEveryThousandth(Erring):
    def is_bad(self, place: int) -> bool:
        return place // self.sector_bytes % 1000 == 999


class ErrsOnRead(Erring):
    on_write = False


class ErrsOnWrite(Erring):
    on_read = False


class ErrsOnEveryRead(ErrsOnRead):
    def is_bad(self, place: int) -> bool:
        return True


class ReadOnly(ErrsOnWrite):
    """Wears its last: every write is refused, everything can still be read."""

    number = errno.EPERM

    def is_bad(self, place: int) -> bool:
        return True


class MediumErrorNoData(Erring):
    """As scsi_debug and real SCSI disks say a medium error."""

    number = errno.ENODATA


class NoSpaceInTheMiddle(ErrsOnWrite):
    number = errno.ENOSPC


class TimesOut(Erring):
    number = errno.ETIMEDOUT


class RemoteError(Erring):
    number = errno.EREMOTEIO


class BadSequence(Erring):
    """DIF/CRC errors come as EILSEQ."""

    number = errno.EILSEQ


class ErrsOnce(Erring):
    """A sector that fails the first two times and is written the third: remapped."""

    can_succeed = True

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.failures = 0

    def _raise_if_bad(self, offset: int, length: int) -> None:
        if self.failures < 4 and any(
            self.is_bad(place) for place in range(offset, offset + length, self.sector_bytes)
        ):  # fmt: skip
            self.failures += 1
            raise _fail(self.number)


class KeepsPartOfFailedWrites(ErrsOnWrite):
    """What came before the bad sector was written all the same; the sector itself is half new, half old."""

    def write(self, data: bytes, offset: int) -> int:
        try:
            return super().write(data, offset)
        except OSError:
            bad = next(at for at in range(0, len(data), self.sector_bytes) if self.is_bad(offset + at))
            Disk.write(self, data[: bad + self.sector_bytes // 2], offset)
            raise


# --- short transfers --------------------------------------------------------------------------------------------------


class ShortWrites(Disk):
    """No write of more than 96 KiB and a bit is done whole; the rest is not done. The truth is told."""

    most = (96 << 10) + 200

    def write(self, data: bytes, offset: int) -> int:
        length = min(len(data), self.most)
        whole = length - length % self.sector_bytes
        super().write(data[:whole], offset)
        return length


class ShortReads(Disk):
    most = (96 << 10) + 200

    def read(self, buffer: memoryview, offset: int) -> int:
        length = min(len(buffer), self.most)
        return super().read(buffer[: length - length % self.sector_bytes], offset)


class WritesNothing(Disk):
    """Zero bytes, no error, ever."""

    can_succeed = False

    def write(self, data: bytes, offset: int) -> int:
        return 0


# --- disks that go ----------------------------------------------------------------------------------------------------


class Vanishes(Disk):
    """Pulled out after 5/8 of the first pass. `after_bytes` may be set."""

    can_succeed = False
    read_error: int | None = errno.ENXIO
    write_error = errno.ENXIO

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.after_bytes = self.size_bytes * 5 // 8

    def is_gone(self) -> bool:
        return self.written_bytes >= self.after_bytes

    def read(self, buffer: memoryview, offset: int) -> int:
        if self.is_gone():
            if self.read_error is None:
                return 0
            raise _fail(self.read_error)
        return super().read(buffer, offset)

    def write(self, data: bytes, offset: int) -> int:
        if self.is_gone():
            raise _fail(self.write_error)
        left = self.after_bytes - self.written_bytes
        if len(data) > left:
            super().write(data[:left], offset)
            self.written_bytes = self.after_bytes
            raise _fail(self.write_error)
        return super().write(data, offset)

    def sync(self) -> None:
        if self.is_gone():
            raise _fail(self.write_error)


class VanishesNoDevice(Vanishes):
    read_error = write_error = errno.ENODEV


class VanishesNoSpace(Vanishes):
    """As the kernel's block layer once the capacity is 0: ENOSPC to writers, end of file to readers."""

    read_error = None
    write_error = errno.ENOSPC


class Shrinks(Disk):
    """Ends earlier from the middle of the pass on: another disk was put in, or a hidden area was made."""

    can_succeed = False

    def _end(self) -> int:
        return self.size_bytes if self.written_bytes < self.size_bytes // 4 else self.size_bytes * 3 // 4

    def read(self, buffer: memoryview, offset: int) -> int:
        return super().read(buffer[: max(0, self._end() - offset)], offset)

    def write(self, data: bytes, offset: int) -> int:
        if offset >= self._end():
            raise _fail(errno.ENOSPC)
        return super().write(data[: self._end() - offset], offset)


class Hangs(Disk):
    """One write never returns until `release` is set (or a minute has passed, then ETIMEDOUT)."""

    can_succeed = False

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.release, self.is_hanging = threading.Event(), threading.Event()
        self.hang_s = 60.0

    def write(self, data: bytes, offset: int) -> int:
        if _meets(offset, len(data), *self.spot(1)):
            self.is_hanging.set()
            self.release.wait(self.hang_s)
            raise _fail(errno.ETIMEDOUT)
        return super().write(data, offset)


# --- storage that is not what it seems --------------------------------------------------------------------------------


class Compresses(Disk):
    """Keeps no uniform data, only notes "all the same here"; the old cells stay: zeros erase nothing."""

    needs_stream = True

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.cells = bytearray(self.old)

    def write(self, data: bytes, offset: int) -> int:
        super().write(data, offset)
        for at in range(0, len(data), self.sector_bytes):
            sector = data[at : at + self.sector_bytes]
            if sector != sector[:1] * len(sector):
                self.cells[offset + at : offset + at + len(sector)] = sector
        return len(data)

    def stored(self) -> list[bytes]:
        return [bytes(self.cells)]


class Deduplicates(Disk):
    """A sector seen before is only referred to: repeating one buffer erases one sector of cells."""

    needs_stream = True

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.cells = bytearray(self.old)
        self.known: set[bytes] = set()

    def write(self, data: bytes, offset: int) -> int:
        super().write(data, offset)
        for at in range(0, len(data), self.sector_bytes):
            sector = data[at : at + self.sector_bytes]
            if sector not in self.known:
                self.known.add(sector)
                self.cells[offset + at : offset + at + len(sector)] = sector
        return len(data)

    def stored(self) -> list[bytes]:
        return [bytes(self.cells)]


KINDS: tuple[Callable[..., Disk], ...] = (
    Disk, DropsAll, DropsOneSector, DropsAfter, DropsFirstWrite, DropsLast,
    Wraps, DropsBeyond,
    ReadsZeros, ReadsStale, CorruptsOneByte, MovesNothing, RepeatsOneSector, SwapsSectors,
    Cached, FlushesNothing, CachesThenDrops, FlushFails, FlushFailsOnce,
    ErrsFirst, ErrsLast, ErrsEveryThousandth, ErrsOnRead, ErrsOnWrite, ErrsOnEveryRead, ReadOnly, MediumErrorNoData,
    NoSpaceInTheMiddle, TimesOut, RemoteError, BadSequence, ErrsOnce, KeepsPartOfFailedWrites,
    ShortWrites, ShortReads, WritesNothing,
    Vanishes, VanishesNoDevice, VanishesNoSpace, Shrinks,
    Compresses, Deduplicates,
)  # fmt: skip
# Without `Hangs`, which needs somebody to release it.
