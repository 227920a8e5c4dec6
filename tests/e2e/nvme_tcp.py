"""A small NVMe/TCP target on this computer's loopback: a kernel's own NVMe driver reaches a simulated drive through it.

NVM Express NVMe over TCP Transport Specification 1.1. No digests, no TLS, one namespace list, a thread a connection.
"""

import contextlib
import socket
import struct
import threading
from types import TracebackType

from agent.wipe.nvme.admin import Command
from tests.e2e.nvme_controller import CAP, IN_CAPSULE_BYTES, Answer, Controller, LinkLost

IC_REQ, IC_RESP, COMMAND, RESPONSE, H2C_DATA, C2H_DATA, R2T = 0, 1, 4, 5, 6, 7, 9
FABRICS, ASYNC_EVENT = 0x7F, 0x0C
PROPERTY_SET, CONNECT, PROPERTY_GET = 0x00, 0x01, 0x04
LAST = 4
MOST_BYTES = 128 << 10  # of one H2CData PDU, and of one C2HData PDU


class Closed(Exception):
    """The other side has gone."""


class NvmeTcp:
    """`with NvmeTcp(controller) as target:`; `target.port`."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]
        self.connects = 0  # admin queues that were opened

    def __enter__(self) -> "NvmeTcp":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()
        self.drop()

    def drop(self) -> None:
        """Every connection goes, as when the PC does."""
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._lines.clear()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._lines.append(line)
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, contextlib.suppress(Closed, OSError, LinkLost):
            Queue(self, line).serve()


class Queue:
    """One connection: the admin queue, or one for reading and writing."""

    def __init__(self, target: NvmeTcp, line: socket.socket) -> None:
        self.target, self.controller, self.line = target, target.controller, line
        self.number = 0
        self.size = self.tail = 0
        self.waiting: list[tuple[bytes, bytes]] = []  # commands that came while another one's data were awaited

    def serve(self) -> None:
        kind, _, _ = self._receive()
        if kind != IC_REQ:
            raise Closed
        told = struct.pack("<HBBI", 0, 0, 0, MOST_BYTES)
        self._send(IC_RESP, told.ljust(120, b"\0"), header_bytes=128)
        while True:
            if self.waiting:
                self._obey(*self.waiting.pop(0))
                continue
            kind, body, data = self._receive()
            if kind != COMMAND:
                raise Closed  # data that nobody asked for, or the other side's complaint
            self._obey(body[:64], data)

    # --- PDUs ---------------------------------------------------------------------------------------------------------

    def _exactly(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            more = self.line.recv(count - len(found))
            if not more:
                raise Closed
            found += more
        return bytes(found)

    def _receive(self) -> tuple[int, bytes, bytes]:
        """(type, the header behind its first 8 bytes, the data)."""
        kind, _, header_bytes, data_at, length = struct.unpack("<BBBBI", self._exactly(8))
        if not 8 <= header_bytes <= length <= 1 << 20:
            raise Closed
        rest = self._exactly(length - 8)
        return kind, rest[: header_bytes - 8], rest[data_at - 8 :] if length > header_bytes else b""

    def _send(self, kind: int, header: bytes, data: bytes = b"", *, flags: int = 0, header_bytes: int = 24) -> None:
        at = header_bytes if data else 0
        head = struct.pack("<BBBBI", kind, flags, header_bytes, at, header_bytes + len(data))
        self.line.sendall(head + header + data)

    # --- commands -----------------------------------------------------------------------------------------------------

    def _obey(self, entry: bytes, data: bytes) -> None:
        opcode, number = entry[0], int.from_bytes(entry[2:4], "little")
        length, kind = int.from_bytes(entry[32:36], "little"), entry[39]
        is_to_us = entry[4] & 1 if opcode == FABRICS else opcode & 3 == 1
        if is_to_us and length and kind != 0x01:
            data = self._asked_for(number, length)
        if opcode == ASYNC_EVENT and self.number == 0:
            return  # nothing ever happens: it stays open
        answer = self._answered(entry, data)
        for at in range(0, len(answer.data), MOST_BYTES):
            part = answer.data[at : at + MOST_BYTES]
            is_last = at + len(part) == len(answer.data)
            self._send(C2H_DATA, struct.pack("<HHIII", number, 0, at, len(part), 0), part, flags=LAST * is_last)
        self.tail = (self.tail + 1) % (self.size or 1)
        completion = struct.pack("<QHHHH", answer.result, self.tail, 0, number, answer.status << 1)
        self._send(RESPONSE, completion)

    def _asked_for(self, number: int, length: int) -> bytes:
        """Data that did not come with the command: asked for at once, sent in as many PDUs as the other side likes."""
        self._send(R2T, struct.pack("<HHIII", number, 1, 0, length, 0))
        found = bytearray()
        while len(found) < length:
            kind, body, data = self._receive()
            if kind == COMMAND:
                self.waiting.append((body[:64], data))
                continue
            told, _, at, count = struct.unpack("<HHII", body[:12])
            if (kind, told, at, count) != (H2C_DATA, number, len(found), len(data)):
                raise Closed
            found += data
        return bytes(found)

    def _answered(self, entry: bytes, data: bytes) -> Answer:
        if entry[0] == FABRICS:
            return self._fabrics(entry, data)
        nsid = int.from_bytes(entry[4:8], "little")
        length = int.from_bytes(entry[32:36], "little")
        words = struct.unpack("<6I", entry[40:64])
        if self.number:
            first = words[0] | words[1] << 32
            return self.controller.transfer(entry[0], nsid, first, (words[2] & 0xFFFF) + 1, data)
        command = Command(
            name="", opcode=entry[0], nsid=nsid, cdw10=words[0], cdw11=words[1], cdw14=words[4], length_bytes=length
        )
        answer = self.controller.admin(command, data)
        if answer.data and not answer.status:
            answer.data = answer.data[:length].ljust(length, b"\0")
        return answer

    def _fabrics(self, entry: bytes, data: bytes) -> Answer:
        at, controller = int.from_bytes(entry[44:48], "little"), self.controller
        if entry[4] == PROPERTY_GET:
            value = controller.properties.get(at)
            is_long = entry[40] & 7 == 1
            if value is None or (at == CAP) != is_long:
                return Answer(status=0x4002)
            return Answer(result=value)
        if entry[4] == PROPERTY_SET:
            controller.set_property(at, int.from_bytes(entry[48:56], "little"))
            return Answer()
        if entry[4] != CONNECT or len(data) < 1024:
            return Answer(status=0x4001)
        if data[256:512].rstrip(b"\0").decode() != controller.nqn:
            return Answer(status=0x4182)  # Connect Invalid Parameters
        self.number, self.size = struct.unpack("<HH", entry[42:46])
        self.size += 1
        self.target.connects += self.number == 0
        return Answer(result=1)


assert IN_CAPSULE_BYTES <= MOST_BYTES
