"""Identify data and the sanitize log, byte by byte, and against what nvme-cli printed of real drives."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.probes.nvme import parse_id_ctrl
from agent.wipe.nvme.identify import Malformed, parse_controller, parse_list, parse_namespace
from agent.wipe.nvme.sanitize_log import parse_log
from tests.conftest import over_corpus


def page(**at: bytes) -> bytes:
    """4096 bytes; `_328=b"\\x01"` puts bytes at an offset."""
    raw = bytearray(4096)
    for place, content in at.items():
        raw[int(place[1:]) : int(place[1:]) + len(content)] = content
    return bytes(raw)


NAMED = {"_4": b"SERIAL              ", "_24": b"Model"}


@pytest.mark.parametrize(
    "place, content, field, value",
    [
        ("_328", b"\x01", "can_crypto", True),
        ("_328", b"\x02", "can_block", True),
        ("_328", b"\x04", "can_overwrite", True),
        ("_328", b"\x08", "can_verify", True),
        ("_328", b"\x10", "can_verify", False),  # where libnvme looked until its issue 3731
        ("_328", b"\x10", "can_attest_purge", False),
        ("_328", b"\x20", "can_attest_purge", True),
        ("_328", b"\x00\x00\x00\x20", "ignores_no_deallocate", True),
        ("_328", b"\x00\x00\x00\x80", "no_deallocate_modifies", 2),
        ("_524", b"\x01", "formats_all", True),
        ("_524", b"\x02", "erases_all", True),
        ("_524", b"\x04", "format_can_crypto", True),
        ("_256", b"\x02", "can_format", True),
        ("_256", b"\x08", "can_manage_namespaces", True),
        ("_516", b"\x80\x00\x00\x00", "namespaces_most", 128),
        ("_280", b"\x00\x60\xf9\x9d\x1d", "total_bytes", 0x1D9DF96000),
        ("_296", b"\x00\x10", "unallocated_bytes", 4096),
        ("_78", b"\x06\x01", "controller_id", 0x106),
        ("_76", b"\x02", "has_many_controllers", True),
        ("_64", b"FW 1.0  ", "firmware", "FW 1.0"),
    ],
)
def test_controller_bits(place: str, content: bytes, field: str, value: object) -> None:
    plain = parse_controller(page(**NAMED))
    assert (plain.serial, plain.model) == ("SERIAL", "Model")
    assert getattr(parse_controller(page(**NAMED, **{place: content})), field) == value
    assert getattr(plain, field) != value or not value


@pytest.mark.parametrize("raw", [b"", bytes(4096), b"\xff" * 4096, page(**NAMED)[:4095], page(_328=b"\x07")])
def test_what_is_no_controller(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse_controller(raw)


def test_hostile_text_is_cleaned() -> None:
    told = parse_controller(page(_4=b"A\x1b[31mB\n\x00\xff", _24=b"M"))
    assert told.serial is not None and "\x1b" not in told.serial and "\n" not in told.serial


@pytest.mark.parametrize(
    "flbas, formats, index, extended",
    [(0x00, 1, 0, False), (0x11, 1, 1, True), (0x2F, 31, 31, False), (0x2F, 15, 15, False)],
)
def test_namespace_format_in_use(flbas: int, formats: int, index: int, extended: bool) -> None:
    shifts = {f"_{128 + 4 * index + 2}": b"\x0c"}
    raw = page(
        _0=b"\x00\x10", _25=bytes([formats]), _26=bytes([flbas]), _29=b"\x0a", _48=b"\x05", _99=b"\x01", **shifts
    )
    told = parse_namespace(raw)
    assert told is not None
    assert (told.format_index, told.is_extended, told.sector_bytes, told.size_bytes) == (index, extended, 4096, 1 << 24)
    assert (told.protection, told.is_protection_first, told.used_bytes, told.is_write_protected) == (2, True, 5, True)
    wanted = index & 15 | int(extended) << 4 | 2 << 5 | 1 << 8 | index >> 4 << 12
    assert told.format_bits == wanted and told.format_bits >> 9 & 7 == 0


def test_an_inactive_namespace_is_none_and_nonsense_is_refused() -> None:
    assert parse_namespace(bytes(4096)) is None
    for raw in (b"\xff" * 4096, page(_0=b"\x01"), page(_0=b"\x01", _26=b"\x05", _150=b"\x09"), b""):
        with pytest.raises(Malformed):
            parse_namespace(raw)


def test_lists() -> None:
    assert parse_list(page(_0=b"\x01\0\0\0\x07\0\0\0")) == (1, 7)
    assert parse_list(bytes(4096)) == ()
    for raw in (b"", page(_0=b"\x02\0\0\0\x01\0\0\0"), b"\xff" * 4096):
        with pytest.raises(Malformed):
            parse_list(raw)


def test_sanitize_log_byte_by_byte() -> None:
    raw = bytes.fromhex(
        "8f02" "0201" "0a080000"  # SPROG 655, SSTAT running + global data erased, SCDW10
        "ffffffff" "78000000" "02000000" "ffffffff" "ffffffff" "ffffffff" "1e000000" "43"
    )  # fmt: skip
    log = parse_log(raw.ljust(512, b"\0"))
    assert log is not None
    assert (log.progress, log.permille, log.status, log.is_all_erased, log.command) == (655, 9, 2, True, 0x80A)
    assert (log.overwrite_s, log.block_s, log.crypto_s, log.deallocation_s) == (None, 120, 2, 30)
    assert (log.state, log.failed_in, log.is_purged, log.passes) == (3, 4, False, 0)
    for sstat, field, value in ((0x0801, "is_purged", True), (0x0200, "is_verification_cancelled", True),
                                (0x0019, "passes", 3), (0x0003, "status", 3), (0x0004, "has_ended_well", True),
                                (0x0003, "has_ended_well", False), (0x0000, "has_ended_well", False)):  # fmt: skip
        again = parse_log(raw[:2] + sstat.to_bytes(2, "little") + raw[4:])
        assert getattr(again, field) == value


@pytest.mark.parametrize("raw", [b"", bytes(36), b"\xff" * 512])
def test_what_is_no_sanitize_log(raw: bytes) -> None:
    assert parse_log(raw) is None


@given(some.binary(min_size=0, max_size=600))
def test_any_log_can_be_told(raw: bytes) -> None:
    log = parse_log(raw)
    assert log is None or (log.told and 0 <= log.permille <= 999)


@given(some.binary(max_size=540), some.binary(min_size=1, max_size=1))
def test_any_identify_data_are_facts_or_malformed(raw: bytes, rest: bytes) -> None:
    raw = raw.ljust(4096, rest)
    for parse in (parse_controller, parse_namespace, parse_list):
        try:
            parse(raw)
        except Malformed:
            continue


@over_corpus("nvme-json")
def test_the_binary_reader_agrees_with_the_reader_of_nvme_cli(path: Path) -> None:
    """What nvme-cli printed of real drives, put back into the bytes it was read from."""
    text = path.read_text(errors="replace")
    known = parse_id_ctrl(text)
    if not known:
        pytest.skip("not an id-ctrl")
    doc = json.loads(text)
    told = parse_controller(
        page(
            _4=doc["sn"].encode(), _24=doc["mn"].encode(), _64=doc["fr"].encode(),
            _256=doc["oacs"].to_bytes(2, "little"), _328=doc["sanicap"].to_bytes(4, "little"),
            _524=bytes([doc["fna"]]), _516=doc["nn"].to_bytes(4, "little"),
        )
    )  # fmt: skip
    found = [name for has, name in ((told.can_crypto, "crypto-scramble"), (told.can_block, "block-erase"),
                                    (told.can_overwrite, "overwrite"), (told.can_format, "format")) if has]  # fmt: skip
    assert (told.serial, told.model, told.firmware) == (known["serial"], known["model"], known["firmware"])
    assert tuple(found) == known["sanitize"]
