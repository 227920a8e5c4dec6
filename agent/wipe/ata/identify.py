"""What IDENTIFY DEVICE says that an erasure depends on. Pure; the text fields come from `probes.ata_identify`.

Each word is believed only where its validity bits say so (ACS-4, IDENTIFY DEVICE data): a bridge that answers zeros, or
a drive older than the word, offers nothing.
"""

from dataclasses import dataclass

from agent.probes.ata_identify import facts_of, has_checksum, words_of

_BEYOND_SHORT = 255  # words 89/90, short format: more than 508 minutes
_BEYOND_LONG = 0x7FFF  # extended format (bit 15): more than 65532 minutes
_SLOWEST_BPS = 30_000_000
_MOST_S = 4_000_000  # SG_IO counts milliseconds in 32 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """Word 128."""

    is_supported: bool
    is_enabled: bool  # a user password is set
    is_locked: bool
    is_frozen: bool
    is_expired: bool  # five wrong passwords: nothing more before a power cycle
    has_enhanced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanitize:
    """Word 59."""

    is_supported: bool
    has_block: bool
    has_overwrite: bool
    has_crypto: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """Words 89 and 90. `minutes` None: not said, or only "more than" `beyond_minutes`."""

    minutes: int | None
    beyond_minutes: int = 0

    def timeout_s(self, size_bytes: int) -> int:
        """Twice what the drive announces, and never less than writing it all at 30 MB/s and half an hour take.

        As hdparm does. wipe.md's cap of twelve hours would end the erase of an 8 TB disk in its middle: the kernel then
        resets the disk, which keeps its password.
        """
        announced = self.minutes or self.beyond_minutes
        return min(_MOST_S, max(announced * 60 * 2, size_bytes // _SLOWEST_BPS + 1800))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    serial: str | None
    model: str | None
    firmware: str | None
    has_checksum: bool
    sectors: int  # that the user may address now
    sector_bytes: int  # logical
    is_rotational: bool | None
    has_48bit: bool
    may_hide: bool | None  # None: the feature words are not valid
    has_hpa: bool
    has_dco: bool
    has_ama: bool
    security: Security
    sanitize: Sanitize
    erase_time: Duration
    enhanced_time: Duration

    @property
    def size_bytes(self) -> int:
        return self.sectors * self.sector_bytes


class NotIdentified(ValueError):
    """The data are no IDENTIFY data of a disk."""


def read_identity(data: bytes) -> Identity:
    """NotIdentified when a word is missing, the checksum is wrong, or it is no ATA disk."""
    words = words_of(data)
    if words is None:
        raise NotIdentified("IDENTIFY data incomplete, empty, or with a wrong checksum")
    if words[0] & 0x8000:
        raise NotIdentified("not an ATA device (word 0 bit 15)")
    sectors = _sectors(words)
    if not sectors:
        raise NotIdentified("no addressable sectors")
    facts = facts_of(words)
    has_features = words[83] & 0xC000 == 0x4000
    commands = words[82] if has_features else 0
    more = words[83] if has_features else 0
    has_ama = words[119] & 0xC000 == 0x4000 and bool(words[119] & 0x0100)
    return Identity(
        serial=facts.get("serial"), model=facts.get("model"), firmware=facts.get("firmware"),
        has_checksum=has_checksum(words), sectors=sectors, sector_bytes=_sector_bytes(words),
        is_rotational=facts.get("is_rotational"), has_48bit=bool(more & 0x0400),
        may_hide=bool(commands & 0x0400 or more & 0x0800 or has_ama) if has_features else None,
        has_hpa=bool(commands & 0x0400), has_dco=bool(more & 0x0800), has_ama=has_ama,
        security=_security(words, commands), sanitize=_sanitize(words[59]),
        erase_time=_duration(words[89]), enhanced_time=_duration(words[90]),
    )  # fmt: skip


def _sectors(words: tuple[int, ...]) -> int:
    """Words 230-233 (word 69 bit 3), else 100-103 with 48-bit addresses, else 60-61."""

    def number(first: int, count: int) -> int:
        return sum(words[first + at] << 16 * at for at in range(count))

    if words[69] & 0x0008 and words[69] != 0xFFFF and number(230, 4):
        return number(230, 4)
    if words[83] & 0xC400 == 0x4400 and number(100, 4):
        return number(100, 4)
    return number(60, 2)


def _sector_bytes(words: tuple[int, ...]) -> int:
    """Word 106 bit 12: words 117-118 hold the logical sector's size, in words."""
    if words[106] & 0xD000 == 0x5000:
        size = (words[117] | words[118] << 16) * 2
        if size >= 512 and size % 512 == 0:
            return size
    return 512


def _security(words: tuple[int, ...], commands: int) -> Security:
    word = words[128] if words[128] != 0xFFFF else 0
    is_supported = bool(commands & 0x0002 or word & 0x0001)
    if not is_supported:
        word = 0
    return Security(
        is_supported=is_supported, is_enabled=bool(word & 0x0002), is_locked=bool(word & 0x0004),
        is_frozen=bool(word & 0x0008), is_expired=bool(word & 0x0010), has_enhanced=bool(word & 0x0020),
    )  # fmt: skip


def _sanitize(word: int) -> Sanitize:
    is_supported = word != 0xFFFF and bool(word & 0x1000)
    return Sanitize(
        is_supported=is_supported, has_block=is_supported and bool(word & 0x8000),
        has_overwrite=is_supported and bool(word & 0x4000), has_crypto=is_supported and bool(word & 0x2000),
    )  # fmt: skip


def _duration(word: int) -> Duration:
    """ACS-3 and later: bit 15 set says that bits 14:0 count; before, only bits 7:0 do. Both in steps of two minutes."""
    steps, beyond = (word & 0x7FFF, _BEYOND_LONG) if word & 0x8000 else (word & 0xFF, _BEYOND_SHORT)
    if steps == beyond:
        return Duration(minutes=None, beyond_minutes=beyond * 2)
    return Duration(minutes=steps * 2 or None)
