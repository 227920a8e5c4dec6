"""A small iSCSI target on this computer's loopback. QEMU logs in to it and hands the unit on to an emulated PC as it is
(`scsi-generic`): there the disk hangs on a real driver's SAS controller, and every command reaches the twin behind it.

RFC 7143: one session, one connection, no digests, no authentication, no error recovery.
"""

import contextlib
import socket
import struct
import threading
from types import TracebackType

from tests.e2e.scsi_unit import Told, Unit

NOP_OUT, COMMAND, TASK, LOGIN, TEXT, DATA_OUT, LOGOUT = 0, 1, 2, 3, 4, 5, 6
NOP_IN, RESPONSE, TASK_DONE, LOGGED_IN, TOLD, DATA_IN, LOGGED_OUT, R2T = 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x31
FINAL = 0x80
MOST_BYTES = 128 << 10  # of one data segment, either way
ALONE = 0xFFFFFFFF
CHOSEN = {
    "HeaderDigest": "None", "DataDigest": "None", "InitialR2T": "Yes", "ImmediateData": "Yes", "MaxConnections": "1",
    "MaxBurstLength": str(MOST_BYTES), "FirstBurstLength": str(64 << 10), "MaxOutstandingR2T": "1",
    "DefaultTime2Wait": "2", "DefaultTime2Retain": "0", "ErrorRecoveryLevel": "0", "DataPDUInOrder": "Yes",
    "DataSequenceInOrder": "Yes", "MaxRecvDataSegmentLength": str(MOST_BYTES), "AuthMethod": "None",
}  # fmt: skip


class Closed(Exception):
    """The other side has gone."""


class Iscsi:
    """`with Iscsi(unit, name) as target:`; `target.url` for QEMU."""

    def __init__(self, unit: Unit, name: str) -> None:
        self.unit, self.name = unit, name
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]

    @property
    def url(self) -> str:
        return f"iscsi://127.0.0.1:{self.port}/{self.name}/0"

    def __enter__(self) -> "Iscsi":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._lines.append(line)
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, contextlib.suppress(Closed, OSError):
            Session(self.unit, line).serve()


class Session:
    def __init__(self, unit: Unit, line: socket.socket) -> None:
        self.unit, self.line = unit, line
        self.answers = 1  # StatSN
        self.expected = 0  # ExpCmdSN
        self.waiting: list[tuple[bytes, bytes]] = []  # what came while another command's data were awaited

    def serve(self) -> None:
        while True:
            head, data = self.waiting.pop(0) if self.waiting else self._receive()
            opcode = head[0] & 0x3F
            if opcode != DATA_OUT and not head[0] & 0x40:
                self.expected = (int.from_bytes(head[24:28], "big") + 1) & 0xFFFFFFFF
            if opcode == LOGIN:
                self._log_in(head, data)
            elif opcode == COMMAND:
                self._obey(head, data)
            elif opcode == NOP_OUT:
                if head[16:20] != b"\xff\xff\xff\xff":
                    self._send(NOP_IN, head, data=data, tag=ALONE)
            elif opcode == TASK:
                self._send(TASK_DONE, head)
            elif opcode == TEXT:
                self._send(TOLD, head, tag=ALONE)
            elif opcode == LOGOUT:
                self._send(LOGGED_OUT, head)
                raise Closed
            else:
                raise Closed

    # --- PDUs ---------------------------------------------------------------------------------------------------------

    def _exactly(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            more = self.line.recv(count - len(found))
            if not more:
                raise Closed
            found += more
        return bytes(found)

    def _receive(self) -> tuple[bytes, bytes]:
        head = self._exactly(48)
        length = int.from_bytes(head[5:8], "big")
        if length > 1 << 20:
            raise Closed
        self._exactly(head[4] * 4)  # additional headers: none means anything here
        return head, self._exactly(length + -length % 4)[:length]

    def _send(
        self, opcode: int, asked: bytes, *, flags: int = FINAL, status: int = 0, tag: int = 0, data: bytes = b"",
        tail: bytes = b"", counts: bool = True,
    ) -> None:  # fmt: skip
        """`tail` is what stands behind the three sequence numbers; `counts`: it is an answer, and so has its number."""
        head = struct.pack(">BBBB", opcode, flags, 0, status) + bytes(1) + len(data).to_bytes(3, "big") + bytes(8)
        numbers = struct.pack(">IIII", tag, self.answers, self.expected, (self.expected + 32) & 0xFFFFFFFF)
        self.line.sendall(head + asked[16:20] + numbers + tail.ljust(12, b"\0") + data + bytes(-len(data) % 4))
        self.answers += counts

    # --- logging in ---------------------------------------------------------------------------------------------------

    def _log_in(self, head: bytes, data: bytes) -> None:
        if head[0] & 0x40:
            self.expected = int.from_bytes(head[24:28], "big")
        offered = dict(pair.split("=", 1) for pair in data.decode().split("\0") if "=" in pair)
        told = {key: CHOSEN[key] for key in offered if key in CHOSEN}
        if "TargetName" in offered:
            told["TargetPortalGroupTag"] = "1"
        answer = "".join(f"{key}={value}\0" for key, value in told.items()).encode()
        flags, is_last = head[1] & 0x8F, head[1] & 0x83 == 0x83
        self.unit.is_greeting = True
        numbers = struct.pack(">III", self.answers, self.expected, (self.expected + 32) & 0xFFFFFFFF)
        self.line.sendall(
            bytes((LOGGED_IN, flags, 0, 0, 0)) + len(answer).to_bytes(3, "big") + head[8:14]
            + (b"\0\x01" if is_last else head[14:16]) + head[16:20] + bytes(4) + numbers + bytes(12)
            + answer + bytes(-len(answer) % 4)
        )  # fmt: skip
        self.answers += 1

    # --- commands -----------------------------------------------------------------------------------------------------

    def _obey(self, head: bytes, data: bytes) -> None:
        length = int.from_bytes(head[20:24], "big")
        is_in, is_out = head[1] & 0x40, head[1] & 0x20
        if is_out and len(data) < length:
            data += self._asked_for(head, len(data), length)
        told = self.unit.execute(head[32:48], data if is_out else b"", length if is_in else 0)
        found = told.data[:length] if is_in and not told.status else b""
        for number, at in enumerate(range(0, len(found), MOST_BYTES)):
            part = found[at : at + MOST_BYTES]
            flags = FINAL * (at + len(part) == len(found))
            self._send(DATA_IN, head, flags=flags, tag=ALONE, data=part, counts=False,
                       tail=struct.pack(">II", number, at))  # fmt: skip
        self._respond(head, told, length - (len(found) if is_in else length if is_out else 0))

    def _respond(self, head: bytes, told: Told, left: int) -> None:
        sense = struct.pack(">H", len(told.sense)) + told.sense if told.sense else b""
        flags = FINAL | (0x02 if left else 0)
        self._send(RESPONSE, head, flags=flags, status=told.status, data=sense,
                   tail=struct.pack(">III", 0, 0, left))  # fmt: skip

    def _asked_for(self, head: bytes, begin: int, length: int) -> bytes:
        found = bytearray()
        for number, at in enumerate(range(begin, length, MOST_BYTES)):
            count = min(MOST_BYTES, length - at)
            self._send(R2T, head, tag=number + 1, counts=False, tail=struct.pack(">III", number, at, count))
            until = len(found) + count
            while len(found) < until:
                told, data = self._receive()
                if told[0] & 0x3F != DATA_OUT:
                    self.waiting.append((told, data))
                    continue
                if told[16:20] != head[16:20] or int.from_bytes(told[40:44], "big") != begin + len(found):
                    raise Closed
                found += data
        return bytes(found)
