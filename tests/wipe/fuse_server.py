"""The process behind `fuse_rig`: serves one file over raw /dev/fuse, with faults that the test asks for.

Run as `python fuse_server.py MOUNTPOINT BACKING CONTROL_FD`; needs root. Orders come as lines of JSON on the control
socket, each answered with a line; when the test has gone (end of file) it unmounts and ends. Protocol and structs:
include/uapi/linux/fuse.h, version 7.31. No caching anywhere: every transfer of the kernel comes here.
"""

import ctypes
import errno
import json
import mmap
import os
import select
import socket
import stat
import struct
import sys
import time
from pathlib import Path
from typing import Any

MAX_WRITE = 128 << 10
_IN, _OUT = struct.Struct("=IIQQIIIHH"), struct.Struct("=IiQ")
_ATTR = struct.Struct("=6Q10I")
_FORGET, _BATCH_FORGET, _INTERRUPT, _DESTROY = 2, 42, 36, 38
_MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


class Server:
    def __init__(self, mountpoint: str, backing: str, control: socket.socket) -> None:
        self.mountpoint, self.control = mountpoint, control
        file = os.open(backing, os.O_RDWR | os.O_CLOEXEC)
        self.size = os.fstat(file).st_size
        self.media = mmap.mmap(file, self.size)
        self.faults: dict[str, Any] = {}
        self.held: list[bytes] = []
        self.writes = self.reads = 0
        self.fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        options = f"fd={self.fuse},rootmode=40000,user_id=0,group_id=0,allow_other,max_read={MAX_WRITE}"
        if _libc.mount(b"rebond-rig", mountpoint.encode(), b"fuse", 0, options.encode()):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), mountpoint)

    def serve(self) -> None:
        lines = b""
        while True:
            ready, _, _ = select.select([self.fuse, self.control], [], [])
            if self.control in ready:
                came = self.control.recv(65536)
                if not came:
                    return
                *orders, lines = (lines + came).split(b"\n")
                for order in orders:
                    self.obey(json.loads(order))
            if self.fuse in ready:
                try:
                    request = os.read(self.fuse, MAX_WRITE + 8192)
                except BlockingIOError:
                    continue
                except OSError as error:
                    if error.errno in (errno.ENOENT, errno.EINTR):
                        continue
                    return  # ENODEV: unmounted
                self.answer(request)

    def obey(self, order: dict[str, Any]) -> None:
        match order["do"]:
            case "faults":
                self.faults = order["faults"]
            case "release":
                self.faults.pop("hang", None)
                held, self.held = self.held, []
                for request in held:
                    self.answer(request)
            case "die":
                os._exit(1)
        seen = {"reads": self.reads, "writes": self.writes, "held": len(self.held)}
        self.control.sendall(json.dumps(seen).encode() + b"\n")

    # --- requests -----------------------------------------------------------------------------------------------------

    def answer(self, request: bytes) -> None:
        _, opcode, unique, node, *_ = _IN.unpack_from(request)
        if opcode in (_FORGET, _BATCH_FORGET, _INTERRUPT):
            return
        body = request[_IN.size :]
        try:
            reply = self.reply(opcode, node, body, request)
        except OSError as error:
            self.send(unique, b"", -(error.errno or errno.EIO))
            return
        if reply is not None:
            self.send(unique, reply, 0)

    def send(self, unique: int, reply: bytes, error: int) -> None:
        try:
            os.write(self.fuse, _OUT.pack(_OUT.size + len(reply), error, unique) + reply)
        except OSError as failure:
            if failure.errno != errno.ENOENT:  # the request was interrupted meanwhile
                raise

    def reply(self, opcode: int, node: int, body: bytes, request: bytes) -> bytes | None:
        match opcode:
            case 26:  # INIT
                minor = struct.unpack_from("=II", body)[1]
                return struct.pack(
                    "=4I2H2I2H2I6I", 7, min(minor, 31), 0, 1 << 5, 4, 3, MAX_WRITE, 1, 0, 0, 0, *(0,) * 7
                )
            case 1:  # LOOKUP
                if b"." in body:  # any plain name is the one file: a loop device takes its serial from it
                    raise OSError(errno.ENOENT, "no such file")
                return struct.pack("=4Q2I", 2, 0, 1000, 1000, 0, 0) + self.attributes(2)
            case 3 | 4:  # GETATTR, SETATTR
                return struct.pack("=QII", 1000, 0, 0) + self.attributes(node)
            case 14 | 27:  # OPEN, OPENDIR; direct I/O
                return struct.pack("=QII", 0, 1 if opcode == 14 else 0, 0)
            case 15:  # READ
                return self.read(body, request)
            case 16:  # WRITE
                return self.write(body, request)
            case 18 | 20 | 25 | 28 | 29 | 34:  # RELEASE, FSYNC, FLUSH, READDIR (empty), RELEASEDIR, ACCESS
                if opcode == 20 and self.faults.get("fail_flush"):
                    raise OSError(self.faults["fail_flush"], "flush")
                return b""
            case 17:  # STATFS
                return struct.pack("=5Q4I6I", 1, 0, 0, 1, 0, 4096, 255, 4096, 0, *(0,) * 6)
        if opcode == _DESTROY:
            return b""
        raise OSError(errno.ENOSYS, "not served")

    def attributes(self, node: int) -> bytes:
        mode, size = (stat.S_IFDIR | 0o755, 0) if node == 1 else (stat.S_IFREG | 0o600, self.size)
        return _ATTR.pack(node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    # --- the file -----------------------------------------------------------------------------------------------------

    def read(self, body: bytes, request: bytes) -> bytes | None:
        _, offset, size = struct.unpack_from("=QQI", body)
        size = max(0, min(size, self.size - offset))
        if self.is_held("read", offset, size, request):
            return None
        self.reads += 1
        self.fail("fail_reads", offset, size)
        data = bytearray(self.media[offset : offset + size])
        real = self.faults.get("wraps_at")
        if real:
            data = bytearray(
                b"".join(self.media[(offset + at) % real : (offset + at) % real + 512] for at in range(0, size, 512))
            )
        for place in self.faults.get("corrupts", ()):
            if offset <= place < offset + size:
                data[place - offset] ^= 0x20
        return bytes(data)

    def write(self, body: bytes, request: bytes) -> bytes | None:
        _, offset, size = struct.unpack_from("=QQI", body)
        data = body[40 : 40 + size]
        if self.is_held("write", offset, size, request):
            return None
        self.writes += 1
        if self.writes >= self.faults.get("die_at_write", 1 << 60):
            os._exit(1)
        self.fail("fail_writes", offset, size)
        real = self.faults.get("wraps_at", self.size)
        for at in range(0, size, 512):
            place = offset + at
            if not any(first <= place < after for first, after in self.faults.get("drops", ())):
                self.media[place % real : place % real + 512] = data[at : at + 512]
        return struct.pack("=II", size, 0)

    def is_held(self, work: str, offset: int, size: int, request: bytes) -> bool:
        """Hang: keep the request until told. Delay: answer late."""
        if self.faults.get("delay_s"):
            time.sleep(self.faults["delay_s"])
        for kind, first, after in self.faults.get("hang", ()):
            if kind == work and offset < after and first < offset + size:
                self.held.append(request)
                return True
        return False

    def fail(self, which: str, offset: int, size: int) -> None:
        for first, after, number in self.faults.get(which, ()):
            if offset < after and first < offset + size:
                raise OSError(number, "as asked")


def main() -> None:
    mountpoint, backing, descriptor = sys.argv[1:]
    control = socket.socket(fileno=int(descriptor))
    assert Path(mountpoint).is_dir()
    try:
        server = Server(mountpoint, backing, control)
    except OSError as error:
        control.sendall(json.dumps({"refused": str(error)}).encode() + b"\n")
        return
    control.sendall(b'{"ready": true}\n')
    try:
        server.serve()
    finally:
        _libc.umount2(mountpoint.encode(), _MNT_DETACH)


if __name__ == "__main__":
    main()
