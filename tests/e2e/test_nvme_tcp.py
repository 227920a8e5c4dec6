"""The NVMe/TCP target by itself: what a kernel's driver says to it, said here by hand over the loopback."""

import socket
import struct
from collections.abc import Iterator

import pytest

from tests.e2e.nvme_controller import CC, CSTS, Controller
from tests.e2e.nvme_tcp import C2H_DATA, COMMAND, H2C_DATA, IC_REQ, IC_RESP, R2T, RESPONSE, NvmeTcp
from tests.wipe.twins.nvme import NvmeTwin

pytestmark = pytest.mark.loopback
NQN = "nqn.2014-08.org.rebond:twin"


class Host:
    """The driver's end of one queue."""

    def __init__(self, port: int) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), 10)
        self.line.sendall(struct.pack("<BBBBI", IC_REQ, 0, 128, 0, 128) + bytes(120))
        kind, body, _ = self.hear()
        assert kind == IC_RESP and len(body) == 120

    def close(self) -> None:
        self.line.close()

    def exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            more = self.line.recv(count - len(found))
            assert more, "the target hung up"
            found += more
        return found

    def hear(self) -> tuple[int, bytes, bytes]:
        kind, _, header, at, length = struct.unpack("<BBBBI", self.exactly(8))
        rest = self.exactly(length - 8)
        return kind, rest[: header - 8], rest[at - 8 :] if at else b""

    def say(self, kind: int, header: bytes, data: bytes = b"") -> None:
        size = 8 + len(header)
        self.line.sendall(struct.pack("<BBBBI", kind, 0, size, size if data else 0, size + len(data)) + header + data)

    def command(
        self, opcode: int, *, nsid: int = 0, words: tuple[int, ...] = (), length: int = 0, data: bytes = b"",
        in_capsule: bool = True,
    ) -> tuple[int, int, bytes]:  # fmt: skip
        """(status, result, data)."""
        entry = bytearray(64)
        entry[0], entry[1], entry[2] = opcode, 0x40, 7
        entry[4:8] = nsid.to_bytes(4, "little")
        entry[32:36] = (length or len(data)).to_bytes(4, "little")
        entry[39] = 0x01 if data and in_capsule else 0x5A
        entry[40 : 40 + 4 * len(words)] = struct.pack(f"<{len(words)}I", *words)
        self.say(COMMAND, bytes(entry), data if in_capsule else b"")
        found = bytearray()
        while True:
            kind, body, part = self.hear()
            if kind == R2T:
                number, tag, at, asked = struct.unpack("<HHII", body[:12])
                half = asked // 2
                for begin, end in ((0, half), (half, asked)):  # in two, as the driver may
                    header = struct.pack("<HHIII", number, tag, at + begin, end - begin, 0)
                    self.say(H2C_DATA, header, data[begin:end])
            elif kind == C2H_DATA:
                assert struct.unpack("<HHII", body[:12])[2:] == (len(found), len(part))
                found += part
            else:
                assert kind == RESPONSE
                result, _, _, number, status = struct.unpack("<QHHHH", body)
                assert number == 7
                return status >> 1, result, bytes(found)

    def connect(self, queue: int, nqn: str = NQN) -> int:
        told = bytearray(1024)
        told[256 : 256 + len(nqn)] = nqn.encode()
        return self.command(0x7F, nsid=0x01, words=(queue << 16, 31), data=bytes(told))[0]


@pytest.fixture
def twin() -> NvmeTwin:
    return NvmeTwin(namespaces={1: bytearray(b"secret!!" * (1 << 16))}, sanicap=0b1011)


@pytest.fixture
def target(twin: NvmeTwin) -> Iterator[NvmeTcp]:
    with NvmeTcp(Controller(twin, NQN)) as target:
        yield target


@pytest.fixture
def admin(target: NvmeTcp) -> Iterator[Host]:
    host = Host(target.port)
    assert host.connect(0) == 0
    yield host
    host.close()


@pytest.fixture
def disk(target: NvmeTcp) -> Iterator[Host]:
    host = Host(target.port)
    assert host.connect(1) == 0
    yield host
    host.close()


def test_it_gets_ready_and_tells_what_a_driver_wants_to_know(admin: Host) -> None:
    assert admin.command(0x7F, nsid=0x00, words=(0, CC, 0x460001, 0))[0] == 0
    assert admin.command(0x7F, nsid=0x04, words=(0, CSTS))[:2] == (0, 1)
    status, _, page = admin.command(0x06, words=(1,), length=4096)
    assert (status, page[4:12], len(page)) == (0, b"TWIN0001", 4096)
    assert page[768:].startswith(NQN.encode()) and page[320] and page[514] and page[1792]
    assert admin.command(0x09, words=(7, 0x00010001))[:2] == (0, 0x00010001)
    assert admin.command(0x06, nsid=1, words=(3,), length=4096)[2][:2] == b"\x01\x08"
    namespace = admin.command(0x06, nsid=1, words=(0,), length=4096)[2]
    assert namespace[8:16] == (1024).to_bytes(8, "little")  # without a capacity Linux ignores it


def test_another_name_is_not_served(target: NvmeTcp) -> None:
    host = Host(target.port)
    assert host.connect(0, "nqn.2014-08.org.rebond:other") == 0x4182
    host.close()


@pytest.mark.parametrize("blocks, in_capsule", [(8, True), (8, False), (256, False)])
def test_what_is_written_is_read(disk: Host, twin: NvmeTwin, blocks: int, in_capsule: bool) -> None:
    data = bytes(range(256)) * 2 * blocks
    assert disk.command(0x01, nsid=1, words=(16, 0, blocks - 1), data=data, in_capsule=in_capsule)[0] == 0
    assert disk.command(0x02, nsid=1, words=(16, 0, blocks - 1), length=len(data))[2] == data
    assert bytes(twin.namespaces[1][16 * 512 : 16 * 512 + len(data)]) == data
    assert disk.command(0x00, nsid=1)[0] == 0
    assert disk.command(0x02, nsid=1, words=(1023, 0, 7), length=4096)[0] == 0x4080


def test_a_command_that_overtakes_anothers_data_waits_its_turn(disk: Host, twin: NvmeTwin) -> None:
    def entry(opcode: int, number: int) -> bytes:
        words = struct.pack("<BBHI24xI3xB", opcode, 0x40, number, 1, 512, 0x5A)
        return words + struct.pack("<QI", 5, 0).ljust(24, b"\0")

    disk.say(COMMAND, entry(0x01, 1))
    kind, body, _ = disk.hear()
    assert kind == R2T
    disk.say(COMMAND, entry(0x02, 2))
    disk.say(H2C_DATA, struct.pack("<HHIII", 1, 1, 0, 512, 0), b"\x33" * 512)
    heard = [disk.hear() for _ in range(3)]
    assert [one[0] for one in heard] == [RESPONSE, C2H_DATA, RESPONSE] and heard[1][2] == b"\x33" * 512


def test_while_it_sanitizes_it_reads_and_writes_nothing(admin: Host, disk: Host, twin: NvmeTwin) -> None:
    assert admin.command(0x84, words=(2,))[0] == 0
    assert disk.command(0x02, nsid=1, words=(0, 0, 7), length=4096)[0] == 0x401D
    for _ in range(twin.steps_most + 1):
        page = admin.command(0x02, nsid=0xFFFFFFFF, words=(0x81 | 127 << 16,), length=512)[2]
    assert page[2] & 7 == 1
    assert disk.command(0x02, nsid=1, words=(0, 0, 7), length=4096)[2] == bytes(4096)


def test_a_drive_that_does_not_answer_hangs_up(admin: Host, twin: NvmeTwin) -> None:
    twin.fault = "lost-answer"
    with pytest.raises(AssertionError, match="hung up"):
        admin.command(0x84, words=(2,))


def test_the_sanitize_outlives_a_power_cut(target: NvmeTcp, admin: Host, twin: NvmeTwin) -> None:
    assert admin.command(0x84, words=(2,))[0] == 0
    target.drop()
    target.controller.power_cut()
    again = Host(target.port)
    assert again.connect(0) == 0 and target.connects == 2
    assert again.command(0x02, nsid=0xFFFFFFFF, words=(0x81 | 127 << 16,), length=512)[2][2] & 7 == 2
    again.close()
