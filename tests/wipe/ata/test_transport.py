"""ATA PASS-THROUGH (16) byte by byte, and which answers are believed: sense bytes as libata and bridges give them."""

import errno
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wipe.ata import commands
from agent.wipe.ata.commands import Command
from agent.wipe.ata.registers import Registers, read_registers
from agent.wipe.ata.transport import SgAta, cdb_of
from agent.wipe.device import Gone, Refused
from agent.wipe.sg import Answer

# "sb[]: 72 01 00 1d …" is what hdparm --verbose prints for a sound libata disk.
LIBATA_GOOD = bytes.fromhex("7201001d0000000e 090c000000000000000000004050".replace(" ", ""))
LIBATA_ABORTED = bytes.fromhex("720b00000000000e090c000400000000000000004051")
BRIDGE_INVALID = bytes.fromhex(
    "70000500000000 0a 00000000 2000 0000".replace(" ", "")
)  # hdparm: "bad/missing sense data"
BRIDGE_EMPTY = bytes.fromhex("70000100000000 0a 00000000 001d 0000".replace(" ", ""))  # 00/1D over zeros
FIXED_GOOD = bytes.fromhex("f0000100504000 0a 00000000 001d 0000".replace(" ", ""))


def answer(
    sense: bytes = LIBATA_GOOD, *, status: int = 2, host: int = 0, driver: int = 8, data: bytes = b"",
    failed: int | None = None, residual: int = 0,
) -> Answer:  # fmt: skip
    return Answer(
        status=status, host_status=host, driver_status=driver, sense=sense, data=data, errno=failed, residual=residual
    )


def on(reply: Answer, *, armed: bool = True) -> SgAta:
    return SgAta(3, armed=armed, send=lambda *args, **kwargs: reply)


@pytest.mark.parametrize(
    ("command", "cdb"),
    [
        (commands.IDENTIFY, "85 08 2e 00 00 00 01 00 00 00 00 00 00 40 ec 00"),
        (commands.READ_NATIVE_MAX_EXT, "85 07 20 00 00 00 00 00 00 00 00 00 00 40 27 00"),
        (commands.READ_NATIVE_MAX, "85 06 20 00 00 00 00 00 00 00 00 00 00 40 f8 00"),
        (commands.DCO_IDENTIFY, "85 08 2e 00 c2 00 01 00 00 00 00 00 00 40 b1 00"),
        (commands.DCO_RESTORE, "85 06 20 00 c0 00 00 00 00 00 00 00 00 40 b1 00"),
        (commands.SANITIZE_STATUS, "85 07 20 00 00 00 00 00 00 00 00 00 00 40 b4 00"),
        (commands.SANITIZE_CLEAR, "85 07 20 00 00 00 01 00 00 00 00 00 00 40 b4 00"),
        (commands.SANITIZE_BLOCK, "85 07 20 00 12 00 10 42 72 00 45 00 6b 40 b4 00"),
        (commands.SANITIZE_CRYPTO, "85 07 20 00 11 00 10 43 70 00 79 00 72 40 b4 00"),
        (commands.SANITIZE_OVERWRITE, "85 07 20 00 14 00 11 00 00 57 00 4f 00 40 b4 00"),
        (commands.ERASE_PREPARE, "85 06 20 00 00 00 00 00 00 00 00 00 00 40 f3 00"),
        (commands.set_password(b"x"), "85 0a 26 00 00 00 01 00 00 00 00 00 00 40 f1 00"),
        (commands.erase_unit_enhanced(b"x", 9), "85 0a 26 00 00 00 01 00 00 00 00 00 00 40 f4 00"),
        (commands.set_max(0x123456789ABC, is_ext=True, for_good=True),
         "85 07 20 00 00 00 01 56 bc 34 9a 12 78 40 37 00"),
        (commands.set_max(0xABCDEF1, is_ext=False, for_good=False), "85 06 20 00 00 00 00 00 f1 00 de 00 bc 4a f9 00"),
        (commands.ama_set(0x0102), "85 07 20 00 01 00 00 00 02 00 01 00 00 40 78 00"),
    ],
    ids=lambda value: value.name if isinstance(value, Command) else "",
)  # fmt: skip
def test_the_cdb_is_as_sat_4_lays_it_out(command: Command, cdb: str) -> None:
    assert cdb_of(command).hex(" ") == cdb


def test_the_password_block() -> None:
    block = commands.erase_unit_enhanced(b"rebond", 9).data_out
    assert len(block) == 512 and block[:8] == b"\x02\x00rebond" and not any(block[8:])
    assert commands.set_password(b"rebond").data_out[:2] == b"\0\0"
    for password in (b"", b"x" * 33):
        with pytest.raises(ValueError):
            commands.set_password(password)


def test_a_good_answer_and_its_evidence() -> None:
    transport = on(answer())
    assert transport.issue(commands.SANITIZE_STATUS.__class__(name="NOP-like", opcode=0xF3)).is_ok
    (seen,) = transport.exchanges
    assert seen.name == "NOP-like" and seen.is_ok and seen.command.startswith("8506")
    assert seen.status == f"02 00 08 sense {LIBATA_GOOD.hex()}"
    assert seen.meaning == "completed without error"


@pytest.mark.parametrize(
    "reply",
    [
        answer(status=0, sense=b""),  # "GOOD" and nothing else: a bridge that ignores CK_COND
        answer(LIBATA_ABORTED),
        answer(BRIDGE_INVALID),
        answer(BRIDGE_EMPTY),
        answer(LIBATA_GOOD, status=8),  # BUSY
        answer(LIBATA_GOOD, host=7),
        answer(LIBATA_GOOD, host=3),
        answer(LIBATA_GOOD, driver=6),
        answer(failed=errno.EIO),
        answer(LIBATA_GOOD[:1] + b"\x05" + LIBATA_GOOD[2:]),  # ILLEGAL REQUEST over good registers
        answer(b"\x73" + LIBATA_GOOD[1:]),  # deferred: about an earlier command
        answer(LIBATA_GOOD[:-1]),  # cut short
        answer(LIBATA_GOOD[:7] + b"\x00" + LIBATA_GOOD[8:]),  # no additional length
        answer(FIXED_GOOD[:12] + b"\x00\x00" + FIXED_GOOD[14:]),  # fixed without 00/1D
        *(answer(LIBATA_GOOD[:-1] + bytes((status,))) for status in (0x00, 0x10, 0xD0, 0x51, 0x70, 0x58, 0x7F, 0xFF)),
        answer(LIBATA_GOOD[:11] + b"\x04" + LIBATA_GOOD[12:]),  # an error register without ERR
    ],
)  # fmt: skip
def test_nothing_less_than_good_registers_is_a_success(reply: Answer) -> None:
    transport = on(reply)
    assert not transport.issue(commands.ERASE_PREPARE).is_ok
    assert not transport.exchanges[0].is_ok and transport.exchanges[0].meaning


# Sense data that people printed with `hdparm --verbose` and in kernel logs: disk or bridge, bytes, is it a success?
SEEN = {
    "libata": ("72 01 00 1d 00 00 00 0e 09 0c 00 00 00 ff 00 00 00 00 00 00 40 50", True),
    "usb bridge, e0": ("72 01 00 1d 00 00 00 0e 09 0c 00 00 00 fe 00 00 00 00 00 00 e0 50", True),
    "usb bridge, all zeros": ("72 01 00 1d 00 00 00 0e 09 0c 00 00 00 00 00 00 00 00 00 00 00 00", False),
    "libata 6.6.44, fixed": ("f0 00 01 00 50 40 ff 0a 00 00 78 00 00 1d 00 00 00 00", True),
    "WD Elements, fixed": ("f0 00 01 00 50 40 3c 0a 80 00 00 00 00 1d 00 00 00 00", True),
    "card reader": ("70 00 05 00 00 00 00 0a 00 00 00 00 24 00 00 00 00 00", False),
    "scsi_debug": ("70 00 05 00 00 00 00 0a 00 00 00 00 20 00 00 00 00 00", False),
}


@pytest.mark.parametrize("name", SEEN)
def test_answers_of_the_wild(name: str) -> None:
    told, is_success = SEEN[name]
    assert on(answer(bytes.fromhex(told))).issue(commands.ERASE_PREPARE).is_ok is is_success


def test_good_beside_sense_data_is_taken_like_check_condition() -> None:
    assert on(answer(LIBATA_GOOD, status=0, driver=0)).issue(commands.ERASE_PREPARE).is_ok


def test_fixed_format_serves_28_bit_commands_only() -> None:
    assert on(answer(FIXED_GOOD)).issue(commands.ERASE_PREPARE).is_ok
    sense = bytearray(FIXED_GOOD)
    sense[5], sense[6], sense[9:12] = 0x4A, 0x77, b"\x01\x02\x03"
    short = read_registers(bytes(sense), is_ext=False)
    assert short is not None and (short.lba, short.count) == (0xA030201, 0x77)
    long = read_registers(bytes(sense), is_ext=True)
    assert long is not None and long.is_good and (long.lba, long.count) == (None, None)


def test_the_descriptor_gives_48_bits_only_when_extended() -> None:
    sense = bytes.fromhex("7201001d0000000e090c01001122334455667788 40 50".replace(" ", ""))
    whole = read_registers(sense, is_ext=True)
    assert whole is not None and whole.count == 0x1122 and whole.lba == 0x775533886644
    assert read_registers(sense[:10] + b"\x00" + sense[11:], is_ext=True) is not None
    short = read_registers(sense[:10] + b"\x00" + sense[11:], is_ext=True)
    assert short is not None and short.count is None and short.lba is None
    other = bytes.fromhex("7201001d00000012") + b"\x02\x02\x00\x00" + sense[8:]
    found = read_registers(other, is_ext=True)
    assert found is not None and found.lba == whole.lba, "the descriptor need not come first"


def test_a_28_bit_descriptor_and_what_the_registers_say() -> None:
    sense = bytes.fromhex("7201001d0000000e 090c 00 00 ff 77 ff 01 ff 02 ff 03 4a 50".replace(" ", ""))
    found = read_registers(sense, is_ext=False)
    assert found is not None
    assert (found.error, found.count, found.lba, found.device, found.status) == (0, 0x77, 0xA030201, 0x4A, 0x50)
    for status, error, said in (
        (0x51, 0x04, "aborted"), (0x51, 0x10, "address not found"), (0x51, 0x80, "interface CRC"),
        (0x51, 0x40, "uncorrectable"), (0x70, 0x00, "device fault"), (0xD0, 0x00, "not ready"),
        (0x58, 0x00, "not ready"), (0x10, 0x00, "not ready"), (0x50, 0x04, "contradictory"),
        (0x51, 0x00, "contradictory"),
    ):  # fmt: skip
        one = Registers(error=error, count=0, lba=0, device=0x40, status=status)
        assert one.said.startswith(said) and f"status {status:02x}h, error {error:02x}h" in one.said
        assert one.is_aborted == (status == 0x51 and error == 0x04) and not one.is_good
    assert not Registers(error=4, count=0, lba=0, device=0, status=0xD1).is_aborted, "busy: nothing else is valid"


@pytest.mark.parametrize("at", range(len(LIBATA_GOOD)))
def test_any_torn_sense_is_no_answer(at: int) -> None:
    assert read_registers(LIBATA_GOOD[:at], is_ext=False) is None
    assert not on(answer(LIBATA_GOOD[:at])).issue(commands.ERASE_PREPARE).is_ok


def test_short_data_are_no_data() -> None:
    assert on(answer(data=bytes(512))).issue(commands.IDENTIFY).is_ok
    assert not on(answer(data=bytes(511))).issue(commands.IDENTIFY).is_ok
    assert not on(answer(data=bytes(512), residual=512)).issue(commands.IDENTIFY).is_ok


@pytest.mark.parametrize("reply", [answer(failed=errno.ENODEV), answer(failed=errno.ENXIO), answer(host=1)])
def test_a_disk_that_left_is_gone(reply: Answer) -> None:
    transport = on(reply)
    with pytest.raises(Gone):
        transport.issue(commands.IDENTIFY)
    assert len(transport.exchanges) == 1, "kept as evidence all the same"


LOOKING = (
    commands.IDENTIFY, commands.READ_NATIVE_MAX, commands.READ_NATIVE_MAX_EXT, commands.DCO_IDENTIFY,
    commands.AMA_GET_NATIVE_MAX, commands.SANITIZE_STATUS,
)  # fmt: skip


def test_unarmed_only_looking_passes() -> None:
    sent: list[bytes] = []

    def send(fd: int, cdb: bytes, **rest: object) -> Answer:
        sent.append(cdb)
        return answer()

    looker: Callable[..., Answer] = send
    transport = SgAta(3, armed=False, send=looker)
    for command in LOOKING:
        transport.issue(command)
    allowed = {(one.opcode, one.feature, one.count) for one in LOOKING}
    for opcode in range(256):
        for feature in (0, 1, 2, 0x11, 0x12, 0x14, 0x20, 0x40, 0xC0, 0xC1, 0xC2, 0xC3):
            for count in (0, 1, 0x10):
                if (opcode, feature, count) not in allowed:
                    with pytest.raises(Refused):
                        transport.issue(Command(name="?", opcode=opcode, feature=feature, count=count))
    assert len(sent) == len(LOOKING) == len(transport.exchanges)


@given(st.binary(min_size=18, max_size=18), st.booleans())
def test_fixed_format_under_another_code_is_never_a_success(sense: bytes, is_ext: bool) -> None:
    sense = bytes((0x70 | sense[0] & 0x80,)) + sense[1:]
    if (sense[12], sense[13]) != (0x00, 0x1D):
        found = read_registers(sense, is_ext=is_ext)
        assert found is None or not found.is_good


@pytest.mark.parametrize(
    ("sense", "low"),
    [
        ("f00005045140010a0001000021040000 0000".replace(" ", ""), 1),  # since Linux 6.11, D_SENSE=0
        ("70000b000000000a0451400100000000 0003".replace(" ", ""), 3),  # before
    ],
)
def test_what_libata_makes_of_a_failed_command_is_read_as_a_failure(sense: str, low: int) -> None:
    found = read_registers(bytes.fromhex(sense), is_ext=True)
    assert found is not None and found.is_aborted and found.lba_low == low and found.lba is None
