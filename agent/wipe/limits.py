"""How much trouble one disk may make before its erasure is given up as failed; measured choices of `wipe.md` 5."""

from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30
ERRORS_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    chunk_bytes: int = 4 * MIB  # one transfer
    spoil_step_bytes: int = 512  # a byte in each of these is spoiled before a read
    middle_bytes: int = 128 << 10  # a failed chunk is tried again in these, and these in sectors
    sector_retries: int = 2  # after the first failure of a single sector
    # Bad sectors of one pass; more is a disk to destroy. It is still written to its end, in pieces of middle_bytes.
    errors_most: int = ERRORS_MOST
    mismatches_most: int = 65_536  # separate places that read otherwise
    slow_error_s: float = 20.0  # a sector that failed this slowly is not tried again
    chunk_errors_s: float = 300.0  # failing calls within one chunk; then its rest is tried in pieces of middle_bytes
    errors_s: float = 6 * 3600.0  # failing calls of one pass in all: a very bad disk takes no longer than that
    silence_s: float = 120.0  # waiting, in one pass, for a disk that answers nowhere: a bus being reset
    seconds_per_error: float = 120.0  # on the whole; a disk slower than that at failing is given up
    stall_s: float = 600.0  # failing calls in a row without one good sector between them
    erase_stall_s: float = 1800.0  # a firmware erase without progress (or 3 × its estimate)
    # A checkpoint (flush, then journal) comes after this time and this much, or after the most.
    checkpoint_s: float = 5.0
    checkpoint_bytes: int = GIB
    checkpoint_bytes_most: int = 8 * GIB
