"""The MMC commands that we send, as the kernel's structs. What is not in `LOOKS` needs an armed transport."""

import struct
from dataclasses import dataclass

MMC_IOC_CMD = 0xC048B300  # _IOWR(MMC_BLOCK_MAJOR, 0, struct mmc_ioc_cmd), 72 bytes
MMC_IOC_MULTI_CMD = 0xC008B301  # _IOWR(MMC_BLOCK_MAJOR, 1, struct mmc_ioc_multi_cmd), its fixed part
BLKSECDISCARD = 0x127D  # _IO(0x12, 125), with a range of two u64 in bytes
# write_flag, is_acmd, opcode, arg, response[4], flags, blksz, blocks, postsleep_min_us, postsleep_max_us,
# data_timeout_ns, cmd_timeout_ms, __pad, data_ptr
LAYOUT = struct.Struct("=iiII4IIIIIIIIIQ")
COUNT = struct.Struct("=Q")

SWITCH, SEND_EXT_CSD, SEND_STATUS = 6, 8, 13
GROUP_START, GROUP_END, ERASE = 35, 36, 38
# include/linux/mmc/core.h: the response's shape, then that of an SPI host
_R1 = 0x01 | 0x04 | 0x10 | 0x80  # PRESENT, CRC, OPCODE; SPI_S1
_R1B = _R1 | 0x08 | 0x400  # and BUSY
_READS_DATA = 0x20  # MMC_CMD_ADTC
EXT_CSD_BYTES = 512
SANITIZE_ARGUMENT = 3 << 24 | 165 << 16 | 1 << 8 | 1  # write byte 1 to EXT_CSD[165], SANITIZE_START
_ASK_MS = 10_000
SANITIZE_MS = 3_600_000  # the chip is busy meanwhile; Linux aborts it then (HPI). Before Linux 5.13 after 240 s.


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    name: str
    opcode: int
    argument: int = 0
    flags: int = _R1
    is_write: bool = False
    length_in: int = 0
    timeout_ms: int = _ASK_MS

    @property
    def deed(self) -> tuple[int, int | None]:
        """The opcode, and for what changes something its very argument, unless that is a place on the chip."""
        return self.opcode, self.argument if self.opcode in (SWITCH, ERASE) else None

    def packed(self, data_at: int) -> bytes:
        blocks = 1 if self.length_in else 0
        return LAYOUT.pack(
            int(self.is_write), 0, self.opcode, self.argument, 0, 0, 0, 0, self.flags, self.length_in, blocks, 0, 0, 0,
            self.timeout_ms, 0, data_at,
        )  # fmt: skip


READ_EXT_CSD = Request(
    name="SEND_EXT_CSD", opcode=SEND_EXT_CSD, flags=_R1 | _READS_DATA, length_in=EXT_CSD_BYTES, timeout_ms=0
)
SANITIZE = Request(
    name="SWITCH SANITIZE_START", opcode=SWITCH, argument=SANITIZE_ARGUMENT, flags=_R1B, is_write=True,
    timeout_ms=SANITIZE_MS,
)  # fmt: skip


def send_status(rca: int) -> Request:
    """RCA: the address that the kernel gave the chip."""
    return Request(name="SEND_STATUS", opcode=SEND_STATUS, argument=rca << 16, timeout_ms=0)


def erase(first: int, last: int, timeout_ms: int) -> tuple[Request, ...]:
    """ERASE of every group from that of `first` to that of `last`: argument 0, no TRIM, no DISCARD."""
    return (
        Request(name="ERASE_GROUP_START", opcode=GROUP_START, argument=first, is_write=True),
        Request(name="ERASE_GROUP_END", opcode=GROUP_END, argument=last, is_write=True),
        Request(name="ERASE", opcode=ERASE, argument=0, flags=_R1B, is_write=True, timeout_ms=timeout_ms),
    )


LOOKS = frozenset({READ_EXT_CSD.deed, send_status(1).deed})
MAY_ERASE = frozenset({SANITIZE.deed, *(one.deed for one in erase(0, 0, 0))})
