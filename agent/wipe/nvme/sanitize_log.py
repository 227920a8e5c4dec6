"""Log page 81h, Sanitize Status: how the most recent sanitize stands. Pure (Base Specification 2.1, figure 291)."""

from dataclasses import dataclass

LOG_BYTES = 512
NEVER, DONE, RUNNING, FAILED, DONE_DEALLOCATED = 0, 1, 2, 3, 4  # SSTAT bits 2:0
IDLE, RESTRICTED_FAILURE, UNRESTRICTED_FAILURE, MEDIA_VERIFICATION, DEALLOCATING = 0, 2, 4, 5, 6  # SSI bits 3:0
_STATUS = ("never sanitized", "sanitized", "sanitizing", "sanitize failed", "sanitized, deallocated although not asked")
_STATES = (
    "idle", "restricted processing", "restricted failure", "unrestricted processing", "unrestricted failure",
    "media verification", "post-verification deallocation",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitizeLog:
    progress: int  # SPROG, of 65536; FFFFh when nothing runs
    status: int  # SSTAT bits 2:0
    passes: int  # bits 7:3, overwrite only
    is_all_erased: bool  # bit 8: nothing was written since the last sanitize
    is_verification_cancelled: bool  # bit 9
    is_purged: bool  # bit 11, PRGD: IEEE 2883 purge, in the drive's own words
    command: int  # SCDW10 of the sanitize that this page speaks of
    overwrite_s: int | None
    block_s: int | None
    crypto_s: int | None
    deallocation_s: int | None
    state: int  # SSI bits 3:0; always 0 when the drive has no media verification
    failed_in: int  # SSI bits 7:4

    @property
    def permille(self) -> int:
        return self.progress * 1000 // 65536

    @property
    def has_ended_well(self) -> bool:
        return self.status in (DONE, DONE_DEALLOCATED)

    @property
    def is_closed(self) -> bool:
        """After a failure the drive lets nothing in. Always False of a drive that tells no state."""
        return self.state in (RESTRICTED_FAILURE, UNRESTRICTED_FAILURE)

    @property
    def told(self) -> str:
        status = _STATUS[self.status] if self.status < len(_STATUS) else f"reserved status {self.status}"
        words = [status, f"command {self.command:08x}h"]
        if self.status == RUNNING:
            words.append(f"progress {self.progress} of 65536")
        if self.state:
            words.append(_STATES[self.state] if self.state < len(_STATES) else f"reserved state {self.state}")
        if self.is_purged:
            words.append("purged")
        return ", ".join(words)


def parse_log(data: bytes) -> SanitizeLog | None:
    """None when these are no 37 bytes of a sanitize log: a page of FFh is what a dead link reads."""
    if len(data) < 37 or not any(byte != 0xFF for byte in data[:37]):
        return None

    def number(offset: int, length: int) -> int:
        return int.from_bytes(data[offset : offset + length], "little")

    def seconds(offset: int) -> int | None:
        value = number(offset, 4)
        return None if value == 0xFFFFFFFF else value

    status = number(2, 2)
    return SanitizeLog(
        progress=number(0, 2), status=status & 7, passes=status >> 3 & 31, is_all_erased=bool(status & 1 << 8),
        is_verification_cancelled=bool(status & 1 << 9), is_purged=bool(status & 1 << 11), command=number(4, 4),
        overwrite_s=seconds(8), block_s=seconds(12), crypto_s=seconds(16), deallocation_s=seconds(32),
        state=data[36] & 15, failed_in=data[36] >> 4,
    )  # fmt: skip
