"""`SgAta`: ATA commands through SG_IO as ATA PASS-THROUGH (16), always with CK_COND, each one kept as evidence.

It never decides what an erase achieved; it says whether one command ended well, and only the disk's own registers can
say so. Opened to look (`armed=False`) it sends nothing that is not in `commands.LOOKS`.
"""

import errno
from dataclasses import dataclass

from agent.erasure import Exchange
from agent.wipe.ata.commands import LOOKS, Command
from agent.wipe.ata.registers import Registers, is_refusal, read_registers
from agent.wipe.device import Gone, Refused
from agent.wipe.sg import Answer, Send

_LEFT = (errno.ENODEV, errno.ENXIO)
_NO_CONNECT = (0x01, 0x04)  # DID_NO_CONNECT, DID_BAD_TARGET (include/scsi/scsi_status.h)
_TIMED_OUT = 0x03  # DID_TIME_OUT
_DRIVER_SENSE = 0x08  # older kernels say that sense data is there
_WITH_SENSE = (0x00, 0x02)  # CHECK CONDITION is what CK_COND asks for; some layers say GOOD beside the same sense data


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. `registers` is None when they were lost on the way: then `is_ok` is False."""

    is_ok: bool
    said: str
    registers: Registers | None = None
    data: bytes = b""

    @property
    def is_aborted(self) -> bool:
        return self.registers is not None and self.registers.is_aborted


class SgAta:
    """One open descriptor. `exchanges` holds every command sent, in order."""

    def __init__(self, fd: int, *, armed: bool, send: Send) -> None:
        self.armed = armed
        self.exchanges: list[Exchange] = []
        self.is_mute = False  # the last command got no answer of the disk at all
        self._fd = fd
        self._send = send

    def issue(self, command: Command) -> Reply:
        """Send one command. Refused when it would change the disk and we only look; Gone when nobody answers."""
        if not self.armed and (command.opcode, command.feature, command.count) not in LOOKS:
            raise Refused(f"{command.name}: the disk was opened only to look")
        cdb = cdb_of(command)
        answer = self._send(
            self._fd, cdb, data_out=command.data_out, length_in=command.length_in, timeout_s=command.timeout_s
        )  # fmt: skip
        reply = _judge(command, answer)
        self.is_mute = not reply.is_ok and reply.registers is None and not reply.data
        self.exchanges.append(
            Exchange(
                name=command.name,
                command=_hex(cdb, command.data_out),
                status=_status_of(answer),
                is_ok=reply.is_ok,
                meaning=reply.said,
            )  # fmt: skip
        )
        if answer.errno in _LEFT or answer.host_status in _NO_CONNECT:
            raise Gone(f"{command.name}: {reply.said}")
        return reply


def cdb_of(command: Command) -> bytes:
    """ATA PASS-THROUGH (16), 85h (SAT-4, "ATA PASS-THROUGH (16) command"). One 512-byte block, or no data."""
    if command.length_in:
        protocol, transfer = 4, 0x0E  # PIO Data-In; T_DIR in, BYT_BLOK, length in COUNT
    elif command.data_out:
        protocol, transfer = 5, 0x06  # PIO Data-Out
    else:
        protocol, transfer = 3, 0x00  # Non-Data
    feature, count, lba = command.feature, command.count, command.lba
    device = 0x40 | (0 if command.is_ext else lba >> 24 & 0x0F)  # LBA mode
    upper = (feature >> 8, count >> 8, lba >> 24, lba >> 32, lba >> 40) if command.is_ext else (0, 0, 0, 0, 0)
    condition = 0x20 if command.asks_registers else 0x00  # CK_COND
    return bytes(
        part & 0xFF
        for part in (
            0x85, protocol << 1 | command.is_ext, condition | transfer, upper[0], feature, upper[1], count, upper[2],
            lba, upper[3], lba >> 8, upper[4], lba >> 16, device, command.opcode, 0,
        )
    )  # fmt: skip


def _judge(command: Command, answer: Answer) -> Reply:
    """1 the ioctl worked · 2 the host adapter too · 3 registers came back · 4 they say well · 5 the data are whole."""
    if answer.errno is not None:
        return Reply(is_ok=False, said=f"errno {answer.errno} ({errno.errorcode.get(answer.errno, 'unknown')})")
    if answer.host_status == _TIMED_OUT:
        return Reply(is_ok=False, said=f"no answer within {command.timeout_s} s")
    if answer.host_status:
        return Reply(is_ok=False, said=f"host adapter status {answer.host_status:02x}h")
    registers = read_registers(answer.sense, is_ext=command.is_ext)
    data = answer.data[: max(0, command.length_in - max(0, answer.residual))]
    if not command.asks_registers:
        is_good = answer.status == 0 and not answer.driver_status & 0x0F and not is_refusal(answer.sense)
        is_ok = is_good and len(data) == command.length_in
        return Reply(is_ok=is_ok, said="the kernel says GOOD" if is_ok else "the kernel says no", data=data)
    if registers is None:
        return Reply(is_ok=False, said="the disk's status registers were not returned", data=data)
    is_ok = (
        registers.is_good
        and answer.status in _WITH_SENSE
        and answer.driver_status & 0x0F in (0, _DRIVER_SENSE)
        and not is_refusal(answer.sense)
    )
    said = registers.said if is_ok or not registers.is_good else f"SCSI status {answer.status:02x}h contradicts"
    if is_ok and len(data) < command.length_in:
        return Reply(is_ok=False, said=f"{len(data)} bytes instead of {command.length_in}", registers=registers)
    return Reply(is_ok=is_ok, said=said, registers=registers, data=data)


def _hex(cdb: bytes, data_out: bytes) -> str:
    """The CDB, and the data block up to its last byte that is not zero."""
    return cdb.hex() + (f" data {data_out.rstrip(bytes(1)).hex() or '00'}" if data_out else "")


def _status_of(answer: Answer) -> str:
    if answer.errno is not None:
        return f"errno {answer.errno}"
    scsi = f"{answer.status:02x} {answer.host_status:02x} {answer.driver_status:02x}"
    return f"{scsi} sense {answer.sense.hex() or 'none'}"
