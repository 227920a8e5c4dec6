"""Who the disk is and what it offers: INQUIRY, READ CAPACITY, REPORT SUPPORTED OPERATION CODES. Pure parsers below."""

from dataclasses import dataclass
from typing import Literal

from agent.erasure import Technique
from agent.wipe.device import Gone
from agent.wipe.scsi import commands as c
from agent.wipe.scsi.transport import SgScsi

_DISK = 0x00  # PERIPHERAL DEVICE TYPE
SSD_RATE = 0x0001  # MEDIUM ROTATION RATE, VPD B1h


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    blocks: int
    block_bytes: int
    has_protection: bool  # PROT_EN: formatted with protection information

    @property
    def size_bytes(self) -> int:
        return self.blocks * self.block_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the disk says of one erase command. `maybe`: it does not answer the question."""

    has: Literal["yes", "no", "maybe"]
    has_immed: bool = False
    has_ause: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    is_disk: bool
    product: str | None = None
    serial: str | None = None
    capacity: Capacity | None = None
    rotation: int | None = None  # VPD B1h; None: not said
    # VPD B1h (SBC-4, WABEREQ and WACEREQ): what a read gives after a block or crypto erase until the sector is written.
    # 0: not specified · 1: anything · 2 and 3: an error
    after_block_erase: int = 0
    after_crypto_erase: int = 0

    may_have_protection: bool = True  # INQUIRY, PROTECT: it can be formatted with protection information

    def keeps_sectors(self, *, is_corrupted: bool) -> bool:
        """A plain FORMAT UNIT leaves the sectors their size. A disk whose format was cut short tells no capacity: there
        it counts that the disk knows no protection information at all.
        """
        if self.capacity is None:
            return is_corrupted and not self.may_have_protection
        return not self.capacity.has_protection

    @property
    def is_rotational(self) -> bool | None:
        if self.rotation is None or self.rotation == 0:
            return None
        return self.rotation != SSD_RATE


def ask_identity(transport: SgScsi) -> Identity:
    """Gone when not even INQUIRY is answered: every SCSI device answers it, in every state."""
    reply = transport.issue(c.INQUIRY)
    if not reply.is_ok:
        raise Gone(f"INQUIRY: {reply.said}")
    is_disk, product = read_inquiry(reply.data)
    serial = transport.issue(c.vital_product_data(0x80))
    capacity = transport.issue(c.READ_CAPACITY_16)
    characteristics = transport.issue(c.vital_product_data(0xB1))
    after_block, after_crypto = read_after_erase(characteristics.data) if characteristics.is_ok else (0, 0)
    return Identity(
        is_disk=is_disk,
        may_have_protection=len(reply.data) < 6 or bool(reply.data[5] & 0x01),
        product=product,
        serial=read_serial(serial.data) if serial.is_ok else None,
        capacity=read_capacity(capacity.data) if capacity.is_ok else None,
        rotation=read_rotation(characteristics.data) if characteristics.is_ok else None,
        after_block_erase=after_block,
        after_crypto_erase=after_crypto,
    )


def ask_offer(transport: SgScsi, technique: Technique) -> Offer:
    command = c.ERASES[technique]
    opcode, action = command.deed
    is_sanitize = opcode == c.SANITIZE_OPCODE
    reply = transport.issue(c.supports(opcode, action if is_sanitize else None))
    if not reply.is_ok:
        return Offer(has="maybe")
    return read_offer(reply.data, command)


# --- pure -------------------------------------------------------------------------------------------------------------


def read_inquiry(data: bytes) -> tuple[bool, str | None]:
    """A disk that is connected, and its PRODUCT IDENTIFICATION (as smartctl and the kernel name a SCSI model)."""
    if len(data) < 36:
        return False, None
    return data[0] == _DISK, _text(data[16:32])


def read_serial(page: bytes) -> str | None:
    body = _vpd(page, 0x80)
    return _text(body) if body else None


def read_rotation(page: bytes) -> int | None:
    body = _vpd(page, 0xB1)
    return int.from_bytes(body[:2], "big") if body and len(body) >= 2 else None


def read_after_erase(page: bytes) -> tuple[int, int]:
    """WABEREQ and WACEREQ, byte 7; 0, "not specified", of an older and shorter page."""
    body = _vpd(page, 0xB1)
    return (body[3] >> 6, body[3] >> 4 & 0x03) if body and len(body) >= 4 else (0, 0)


def read_capacity(data: bytes) -> Capacity | None:
    if len(data) < 13:
        return None
    last, block = int.from_bytes(data[:8], "big"), int.from_bytes(data[8:12], "big")
    if not 512 <= block <= 65536 or last in (0, (1 << 64) - 1):
        return None  # zeros of a bridge, or "no capacity"
    return Capacity(blocks=last + 1, block_bytes=block, has_protection=bool(data[12] & 0x01))


def read_offer(data: bytes, command: c.Command) -> Offer:
    """One_command parameter data (SPC-5, 6.35.3): SUPPORT, then a CDB in which each bit that is heeded is set."""
    support = data[1] & 0x07 if len(data) >= 4 else 0
    if support == 0x01:
        return Offer(has="no")
    usage = data[4 : 4 + int.from_bytes(data[2:4], "big")] if len(data) >= 4 else b""
    if support not in (0x03, 0x05) or len(usage) < len(command.cdb):
        return Offer(has="maybe")
    if usage[0] != command.cdb[0]:
        return Offer(has="maybe")  # it speaks of another command
    if command.cdb[0] != c.SANITIZE_OPCODE:
        return Offer(has="yes", has_immed=bool(usage[1] & 0x10), has_ause=True)  # FMTDATA: its list can say IMMED
    if usage[1] & 0x1F != command.cdb[1] & 0x1F:
        return Offer(has="maybe")
    return Offer(has="yes", has_immed=bool(usage[1] & c.IMMED), has_ause=bool(usage[1] & c.AUSE))


def _vpd(page: bytes, number: int) -> bytes | None:
    """The body of this very page: a device that ignores EVPD answers with something else."""
    if len(page) < 4 or page[1] != number:
        return None
    return page[4 : 4 + int.from_bytes(page[2:4], "big")]


def _text(raw: bytes) -> str | None:
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else " " for byte in raw).strip()
    return text or None
