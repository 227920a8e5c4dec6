"""`SgScsi`: one SCSI command at a time through SG_IO, each kept as evidence. The last guard before the disk.

Opened to look (`armed=False`) it sends nothing that is not in `commands.LOOKS`; armed, those and the erases only.
"""

import errno
from dataclasses import dataclass

from agent.erasure import Exchange
from agent.wipe.device import Gone, Refused
from agent.wipe.scsi.commands import LOOKS, MAY_ERASE, Command
from agent.wipe.scsi.words import told
from agent.wipe.sg import Answer, Send, Sense, parse_sense

_LEFT = (errno.ENODEV, errno.ENXIO)
_NO_CONNECT = (0x01, 0x04)  # DID_NO_CONNECT, DID_BAD_TARGET (include/scsi/scsi_status.h)
# The kernel turned the call down before it sent anything (block/scsi_ioctl.c, drivers/scsi/scsi_ioctl.c).
_UNSENT = (errno.ENOTTY, errno.EINVAL, errno.EPERM, errno.EACCES, errno.EFAULT, errno.ENOMEM, errno.EBADF, errno.ENOSYS)
_ATTENTIONS = 4  # a power cycle leaves several
_DRIVER_SENSE = 0x08  # older kernels say that sense data is there
GOOD, CHECK_CONDITION = 0x00, 0x02
NO_SENSE, RECOVERED_ERROR, UNIT_ATTENTION = 0x00, 0x01, 0x06
_STATUS = {0x08: "BUSY", 0x18: "RESERVATION CONFLICT", 0x28: "TASK SET FULL", 0x30: "ACA ACTIVE", 0x40: "TASK ABORTED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. `is_lost`: the disk's own answer is not known, it may have taken the command."""

    is_ok: bool
    said: str
    sense: Sense | None = None
    data: bytes = b""
    is_unsent: bool = False
    is_lost: bool = False

    @property
    def key(self) -> int | None:
        """The sense key of an answer about this very command."""
        return self.sense.key if self.sense and not self.sense.is_deferred and not self.is_ok else None


class SgScsi:
    """One open descriptor. `exchanges` holds every command sent, in order."""

    def __init__(self, fd: int, *, armed: bool, send: Send) -> None:
        self.armed = armed
        self.exchanges: list[Exchange] = []
        self._fd = fd
        self._send = send

    def issue(self, command: Command) -> Reply:
        """Send one command. Refused when it may not be sent; Gone when nobody answers.

        UNIT ATTENTION means that the command was not looked at, and is told once each: the command is sent again.
        """
        if command.deed not in LOOKS and not (self.armed and command.deed in MAY_ERASE):
            raise Refused(f"{command.name}: the disk was opened only to look")
        reply = self._once(command)
        for _ in range(_ATTENTIONS):
            if reply.is_lost or reply.key != UNIT_ATTENTION:
                break
            reply = self._once(command)
        return reply

    def _once(self, command: Command) -> Reply:
        answer = self._send(
            self._fd, command.cdb, data_out=command.data_out, length_in=command.length_in, timeout_s=command.timeout_s
        )  # fmt: skip
        reply = _judge(command, answer)
        sent = command.cdb.hex() + (f" data {command.data_out.hex()}" if command.data_out else "")
        self.exchanges.append(
            Exchange(
                name=command.name, command=sent, status=_status_of(answer, command), is_ok=reply.is_ok,
                meaning=reply.said,
            )
        )  # fmt: skip
        if answer.errno in _LEFT or (answer.errno is None and answer.host_status in _NO_CONNECT):
            raise Gone(f"{command.name}: {reply.said}")
        return reply


def _judge(command: Command, answer: Answer) -> Reply:
    """1 the ioctl worked · 2 the host adapter too · 3 the status byte · 4 sense data that contradict it · 5 data."""
    if answer.errno is not None:
        said = f"errno {answer.errno} ({errno.errorcode.get(answer.errno, 'unknown')})"
        is_unsent = answer.errno in _UNSENT
        return Reply(is_ok=False, said=said, is_unsent=is_unsent, is_lost=not is_unsent)
    if answer.host_status:
        return Reply(is_ok=False, said=f"host adapter status {answer.host_status:02x}h", is_lost=True)
    sense = parse_sense(answer.sense)
    data = answer.data[: max(0, command.length_in - max(0, answer.residual))]
    if answer.status == CHECK_CONDITION:
        is_about_this = sense is not None and not sense.is_deferred
        is_ok = sense is not None and is_about_this and sense.key in (NO_SENSE, RECOVERED_ERROR)
        # A deferred error ends a command that was then not executed, but says so of another: nothing is known.
        return Reply(is_ok=is_ok, said=told(sense), sense=sense, data=data if is_ok else b"", is_lost=not is_about_this)
    if answer.status != GOOD:
        return Reply(is_ok=False, said=_STATUS.get(answer.status, f"status {answer.status:02x}h"))
    contradicts = sense is not None and not sense.is_deferred and sense.key not in (NO_SENSE, RECOVERED_ERROR)
    if contradicts or answer.driver_status & 0x0F not in (0, _DRIVER_SENSE):
        return Reply(is_ok=False, said=f"GOOD, and yet: {told(sense)}", sense=sense, is_lost=True)
    return Reply(is_ok=True, said="GOOD", sense=sense, data=data)


def _status_of(answer: Answer, command: Command) -> str:
    if answer.errno is not None:
        return f"errno {answer.errno}"
    scsi = f"{answer.status:02x} {answer.host_status:02x} {answer.driver_status:02x}"
    sense = f"{scsi} sense {answer.sense.hex() or 'none'}"
    if command.cdb[0] != 0x03:
        return sense
    return f"{sense} data {answer.data[: max(0, command.length_in - max(0, answer.residual))].rstrip(bytes(1)).hex()}"
