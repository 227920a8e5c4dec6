"""The ATA registers that a SCSI layer hands back after ATA PASS-THROUGH with CK_COND: the only witness of success.

A bridge or RAID controller that swallows them leaves `None`: then nothing is known, and nothing succeeded.
"""

from dataclasses import dataclass

BSY, DRDY, DF, DRQ, ERR = 0x80, 0x40, 0x20, 0x08, 0x01
ABRT = 0x04
_REASONS = ((0x80, "interface CRC"), (0x40, "uncorrectable"), (0x10, "address not found"), (0x04, "aborted"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """As the disk left them. `count` and `lba` are None when their upper half was lost on the way (fixed format)."""

    error: int
    count: int | None
    lba: int | None
    device: int
    status: int
    lba_low: int | None = None  # LBA 7:0, which even fixed format brings: why a SANITIZE was aborted

    @property
    def is_good(self) -> bool:
        """Ready, no device fault, no error, nothing pending, and an empty error register (ACS-4, Normal Outputs)."""
        return self.status & (BSY | DRDY | DF | DRQ | ERR) == DRDY and self.error == 0

    @property
    def is_aborted(self) -> bool:
        """The disk itself said no: the command was not begun, or ended with an error."""
        return not self.status & BSY and bool(self.status & ERR) and bool(self.error & ABRT)

    @property
    def said(self) -> str:
        if self.is_good:
            return "completed without error"
        named = [name for bit, name in _REASONS if self.error & bit] if self.status & ERR else []
        if self.status & DF:
            named.append("device fault")
        if self.status & (BSY | DRQ) or not self.status & DRDY:
            named.append("not ready")
        return f"{', '.join(named) or 'contradictory answer'} (status {self.status:02x}h, error {self.error:02x}h)"


def read_registers(sense: bytes, *, is_ext: bool) -> Registers | None:
    """From sense data: the ATA Status Return descriptor (SAT-4, "ATA Status Return descriptor"), else fixed format.

    Fixed format carries registers only under ASC/ASCQ 00h/1Dh (ATA PASS-THROUGH INFORMATION AVAILABLE): with any other
    code its INFORMATION field means something else.
    """
    if len(sense) < 8:
        return None
    form = sense[0] & 0x7F
    if form == 0x72:
        return _from_descriptor(sense, is_ext=is_ext)
    if form == 0x70:
        return _from_fixed(sense, is_ext=is_ext)
    return None  # 71h and 73h are deferred: they speak of an earlier command


def is_refusal(sense: bytes) -> bool:
    """A sense key other than NO SENSE and RECOVERED ERROR, whatever the registers say."""
    if len(sense) < 3:
        return False
    form = sense[0] & 0x7F
    key = sense[1] if form in (0x72, 0x73) else sense[2]
    return key & 0x0F not in (0x00, 0x01)


def _from_descriptor(sense: bytes, *, is_ext: bool) -> Registers | None:
    at, end = 8, min(len(sense), 8 + sense[7])
    while at + 2 <= end:
        kind, length = sense[at], sense[at + 1]
        if kind == 0x09 and length == 0x0C:
            if at + 14 > end:
                return None
            one = sense[at : at + 14]
            count, lba = one[5], one[7] | one[9] << 8 | one[11] << 16
            if not is_ext:
                return Registers(
                    error=one[3], count=count, lba=lba | (one[12] & 0x0F) << 24, device=one[12], status=one[13],
                    lba_low=one[7],
                )  # fmt: skip
            upper = one[6] << 24 | one[8] << 32 | one[10] << 40
            is_whole = bool(one[2] & 0x01)  # EXTEND: without it the upper halves mean nothing
            return Registers(
                error=one[3], count=one[4] << 8 | count if is_whole else None, lba=upper | lba if is_whole else None,
                device=one[12], status=one[13], lba_low=one[7],
            )  # fmt: skip
        at += 2 + length
    return None


def _from_fixed(sense: bytes, *, is_ext: bool) -> Registers | None:
    # INFORMATION: ERROR, STATUS, DEVICE, COUNT 7:0; COMMAND-SPECIFIC INFORMATION: flags, LBA 7:0, 15:8, 23:16. Of the
    # upper halves only "not zero" is told: a 48-bit answer is never read from it, or a disk could begin to sanitize
    # while its idle status reads well and its running status does not.
    if len(sense) < 14:
        return None
    if (sense[12], sense[13]) != (0x00, 0x1D):
        return _from_failure(sense)
    lba = sense[9] | sense[10] << 8 | sense[11] << 16 | (sense[5] & 0x0F) << 24
    return Registers(
        error=sense[3], count=None if is_ext else sense[6], lba=None if is_ext else lba, device=sense[5],
        status=sense[4], lba_low=sense[9],
    )  # fmt: skip


def _from_failure(sense: bytes) -> Registers | None:
    """What libata makes of a pass-through that failed: fixed format, its ASC translated (ata_gen_passthru_sense).

    Believed only as a failure, never as a success. Since Linux 6.11 with VALID set and ERROR in byte 3; before, ERROR
    in byte 8 and LBA 7:0 in byte 17 (seen so from 6.1 on QEMU's AHCI; the new form is from the kernel's source).
    """
    if sense[0] & 0x80:
        error, status, device, low = sense[3], sense[4], sense[5], sense[9]
    elif len(sense) >= 18 and not any(sense[3:7]):
        error, status, device, low = sense[8], sense[9], sense[10], sense[17]
    else:
        return None
    if status & BSY or not status & DRDY or not status & (ERR | DF):
        return None
    return Registers(error=error, count=None, lba=None, device=device, status=status, lba_low=low)
