"""What an eMMC can do and why not, what lies beside its user area, and that looking changes nothing."""

import errno
from pathlib import Path

import msgspec
import pytest

from agent.wipe.choose import make_plan
from agent.wipe.device import Gone, Refused
from agent.wipe.mmc.ext_csd import ExtCsd, read_ext_csd
from agent.wipe.mmc.family import attributes_of
from agent.wipe.mmc.requests import LAYOUT, READ_EXT_CSD, Request, erase, send_status
from agent.wipe.mmc.requests import SANITIZE as SANITIZE_REQUEST
from agent.wipe.mmc.transport import NOT_BEGUN, MmcIoctl
from tests.wipe.mmc.benches import BOTH, SANITIZE, SECURE, family_on, media_of
from tests.wipe.twins.mmc import EXT_CSD, GROUP, SECTOR, STATUS, Faults, MmcTwin

BOOT = 128 << 10


def able(twin: MmcTwin) -> dict[str, tuple[bool, str]]:
    abilities = family_on(twin, armed=False).abilities()
    for one in abilities:
        assert one.untested and one.fr[-1] == one.en[-1] == "."
    return {one.technique: (one.can, one.level) for one in abilities}


def boots(first: bytes | None, second: bytes | None) -> dict[str, bytes]:
    return {f"mmcblk0boot{n}": held for n, held in enumerate((first, second)) if held is not None}


@pytest.mark.parametrize(
    ("twin", "sanitize", "secure"),
    [
        (MmcTwin(), (True, "purge"), (True, "clear")),
        (MmcTwin(boot_mult=0), (True, "purge"), (True, "clear")),
        (MmcTwin(boots=boots(b"\xff" * BOOT, bytes(BOOT))), (True, "purge"), (True, "clear")),
        (MmcTwin(boots=boots(bytes(BOOT), b"firmware".ljust(BOOT, b"\0"))), (True, "clear"), (True, "clear")),
        (MmcTwin(boots=boots(b"\xab" * BOOT, bytes(BOOT))), (True, "clear"), (True, "clear")),
        (MmcTwin(boots=boots(bytes(BOOT), None)), (True, "clear"), (True, "clear")),
        (MmcTwin(boots=boots(bytes(BOOT), bytes(BOOT - 1))), (True, "clear"), (True, "clear")),
        (MmcTwin(gp_mult=2), (True, "clear"), (True, "clear")),
        (MmcTwin(features=0x15), (False, "purge"), (True, "clear")),
        (MmcTwin(features=0x40), (True, "purge"), (False, "clear")),
        (MmcTwin(revision=5), (False, "purge"), (True, "clear")),
        (MmcTwin(user_wp=1), (False, "purge"), (False, "clear")),
        (MmcTwin(user_wp=4), (False, "purge"), (False, "clear")),
        (MmcTwin(user_wp=0x50), (True, "purge"), (True, "clear")),
        (MmcTwin(told_sectors=7), (False, "clear"), (False, "clear")),
        (MmcTwin(faults=Faults(bad_ext_csd=True)), (False, "clear"), (False, "clear")),
        (MmcTwin(faults=Faults(ext_csd_errno=errno.EPERM)), (False, "clear"), (False, "clear")),
        (MmcTwin(faults=Faults(ext_csd_errno=errno.EIO)), (False, "clear"), (False, "clear")),
        (MmcTwin(kind="SD"), (False, "clear"), (False, "clear")),
        (MmcTwin(kind=""), (False, "clear"), (False, "clear")),
    ],
)
def test_what_it_can(twin: MmcTwin, sanitize: tuple[bool, str], secure: tuple[bool, str]) -> None:
    found = able(twin)
    assert list(found) == [SANITIZE, SECURE]
    assert (found[SANITIZE], found[SECURE]) == (sanitize, secure)


def test_a_memory_card_is_sent_nothing() -> None:
    twin = MmcTwin(kind="SD")
    family = family_on(twin)
    family.abilities()
    assert family.look_hidden().state == "not-applicable"
    assert family.identify() == (twin.serial, twin.name, None)
    for technique in BOTH:
        with pytest.raises(Refused):
            family.eraser(technique)
    assert not twin.calls
    # Neither when only one of the two says that it is a card.
    odd = msgspec.structs.replace(media_of(MmcTwin()), kind="sd-card")
    assert not any(one.can for one in family_on(MmcTwin(), media=odd).abilities())


@pytest.mark.parametrize("armed", [False, True])
def test_looking_sends_only_what_looks(armed: bool) -> None:
    twin = MmcTwin()
    family = family_on(twin, armed=armed)
    family.abilities()
    family.look_hidden()
    family.identify()
    assert {opcode for opcode, _ in twin.sent} <= {EXT_CSD, STATUS}
    if not armed:
        for technique in BOTH:
            with pytest.raises(Refused):
                family.eraser(technique)
        with pytest.raises(Refused):
            family.open_hidden()


WRITES = (
    SANITIZE_REQUEST, *erase(0, 8, 1), Request(name="SWITCH", opcode=6, argument=0x03B70101),
    Request(name="WRITE", opcode=25), Request(name="LOCK", opcode=42), Request(name="TRIM", opcode=38, argument=1),
    Request(name="DISCARD", opcode=38, argument=3), Request(name="GEN", opcode=56),
)  # fmt: skip


@pytest.mark.parametrize("request_", WRITES, ids=lambda one: one.name)
def test_the_last_guard(request_: Request) -> None:
    twin = MmcTwin()
    with pytest.raises(Refused):
        MmcIoctl(3, armed=False, ioctl=twin.ioctl).issue(request_)
    with pytest.raises(Refused):
        MmcIoctl(3, armed=False, ioctl=twin.ioctl).issue(READ_EXT_CSD, request_)
    with pytest.raises(Refused):
        MmcIoctl(3, armed=False, ioctl=twin.ioctl).secure_discard(0, 512)
    if request_ not in WRITES[:4]:
        with pytest.raises(Refused):
            MmcIoctl(3, armed=True, ioctl=twin.ioctl).issue(request_)
    assert not twin.calls


def test_the_very_bytes() -> None:
    assert LAYOUT.size == 72
    assert SANITIZE_REQUEST.argument == 0x03A50101
    assert [one.flags for one in (READ_EXT_CSD, send_status(1), SANITIZE_REQUEST)] == [0xB5, 0x95, 0x49D]


@pytest.mark.parametrize(
    ("twin", "state"),
    [
        (MmcTwin(), "not-applicable"),
        (MmcTwin(boot_mult=0), "not-applicable"),
        (MmcTwin(boots=boots(b"x" * BOOT, bytes(BOOT))), "unknown"),
        (MmcTwin(boots=boots(None, None)), "unknown"),
        (MmcTwin(gp_mult=1), "kept"),
        (MmcTwin(faults=Faults(bad_ext_csd=True)), "unknown"),
        (MmcTwin(faults=Faults(ext_csd_errno=errno.EIO)), "unknown"),
    ],
)
def test_what_lies_beside(twin: MmcTwin, state: str) -> None:
    family = family_on(twin)
    hidden = family.open_hidden()
    assert hidden.state == state and hidden.said or state == "not-applicable"
    if twin.boot_mult and state != "kept" and not twin.faults.bad_ext_csd and not twin.faults.ext_csd_errno:
        assert any("boot0" in one.name for one in family.exchanges), "how the boot areas stand is evidence"
        assert any("boot1" in line for line in hidden.said)
    if state == "kept":
        assert hidden.native_bytes == twin.size_bytes + 2 * GROUP
    assert twin.faults.bad_ext_csd or twin.faults.ext_csd_errno or any("RPMB" in line for line in hidden.said)


def test_who_it_is() -> None:
    assert family_on(MmcTwin()).identify() == ("0x1a2b3c4d", "TWINMC", 10 * GROUP)
    silent = MmcTwin(faults=Faults(ext_csd_errno=errno.EPERM))
    assert family_on(silent).identify() == ("0x1a2b3c4d", "TWINMC", None)
    gone = MmcTwin(faults=Faults(gone_after=0))
    with pytest.raises(Gone):
        family_on(gone).identify()
    with pytest.raises(Gone):
        family_on(MmcTwin(serial=None, name=None, disk="mmcblk0")).identify()  # type: ignore[arg-type] # unknown to sysfs


def test_attributes(tmp_path: Path) -> None:
    folder = tmp_path / "sys/block/mmcblk0/device"
    folder.mkdir(parents=True)
    (folder / "type").write_text("MMC\n")
    (folder / "name").write_text("\n")
    (folder / "serial").write_bytes(b"\xff\n")
    read = attributes_of("mmcblk0", tmp_path)
    assert [read(name) for name in ("type", "name", "serial", "rca")] == ["MMC", None, None, None]


def test_ext_csd_that_is_none() -> None:
    good = MmcTwin()._ext_csd()
    assert read_ext_csd(good) is not None
    for at, value in ((192, 0), (192, 10), (194, 3)):
        assert read_ext_csd(good[:at] + bytes([value]) + good[at + 1 :]) is None
    assert read_ext_csd(good[:511]) is None and read_ext_csd(bytes(512)) is None and read_ext_csd(b"\xff" * 512) is None


def csd_of(**bytes_at: int) -> ExtCsd:
    page = bytearray(MmcTwin(gp_mult=0)._ext_csd())
    for name, value in bytes_at.items():
        page[int(name[1:])] = value
    read = read_ext_csd(bytes(page))
    assert read is not None
    return read


def test_ext_csd_byte_by_byte() -> None:
    assert csd_of(_192=6).can_sanitize and not csd_of(_192=5).can_sanitize and not csd_of(_231=0xBF).can_sanitize
    assert csd_of(_192=9).revision == 9 and csd_of(_194=2).sectors
    assert csd_of(_231=0x01).can_secure_erase and not csd_of(_231=0xFE).can_secure_erase
    assert csd_of(_226=16).boot_bytes == 2 << 20 and csd_of(_168=32).rpmb_bytes == 4 << 20
    assert csd_of(_223=3).group_ms == 900 and csd_of(_223=0).group_ms == 300
    assert csd_of(_224=4).group_bytes == 2 << 20
    assert csd_of(_175=0).group_bytes is None and csd_of(_224=0).group_bytes is None
    for at in (143, 146, 149, 152):
        assert csd_of(**{f"_{at}": 3}).other_bytes == 3 * 2 * GROUP
        assert csd_of(**{f"_{at + 1}": 1}).other_bytes == 256 * 2 * GROUP
        assert csd_of(**{f"_{at + 2}": 1}).other_bytes == 65536 * 2 * GROUP
    assert csd_of(_215=1).sectors == (1 << 24) + 10 * GROUP // SECTOR


@pytest.mark.parametrize("bit", range(32))
@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_bit_of_the_response(bit: int, place: int) -> None:
    """An error in any of the three responses; which of them say that nothing was begun; what is kept as evidence."""

    def ioctl(fd: int, request: int, buffer: bytearray) -> int:
        at = 8 + 72 * place + 16
        buffer[at : at + 4] = (1 << bit).to_bytes(4, "little")
        return 0

    transport = MmcIoctl(3, armed=True, ioctl=ioctl)
    reply = transport.issue(*erase(0, 8, 60_000))
    is_error = bit not in (0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 14, 17, 18)
    assert reply.is_ok is not is_error and bool(reply.errors) is is_error
    assert (reply.said == "no error") is not is_error
    assert bool(NOT_BEGUN >> bit & 1) is (bit in (31, 30, 28, 27, 26, 25, 22))
    assert [one.command for one in transport.exchanges] == ["23 00000000", "24 00000008", "26 00000000"]
    assert transport.exchanges[place].status == f"r1 {1 << bit:08x}"
    assert [one.meaning for one in transport.exchanges].count(reply.said) == (1 if is_error else 3)


def test_ext_csd_is_kept_as_evidence() -> None:
    twin = MmcTwin()
    family = family_on(twin)
    family.identify()
    assert family.exchanges[0].status == "r1 00000800 data " + twin._ext_csd().rstrip(b"\0").hex()
    silent = family_on(MmcTwin(faults=Faults(ext_csd_errno=errno.EIO)))
    silent.identify()
    assert silent.exchanges[0].status == "errno 5 (EIO)" and not silent.exchanges[0].is_ok


def test_addresses() -> None:
    small, large = (
        read_ext_csd(MmcTwin()._ext_csd()),
        read_ext_csd(MmcTwin(told_sectors=(2 << 30) // 512 + 1)._ext_csd()),
    )
    edge = read_ext_csd(MmcTwin(told_sectors=(2 << 30) // 512)._ext_csd())
    assert small is not None and large is not None and edge is not None and edge.address(GROUP) == GROUP
    assert small.address(GROUP) == GROUP and large.address(GROUP) == GROUP // SECTOR
    assert (small.boot_bytes, small.rpmb_bytes, small.group_bytes, small.group_ms) == (BOOT, 4 * BOOT, GROUP, 300)


def test_the_plan() -> None:
    twin = MmcTwin()
    plan = make_plan(media_of(twin), family_on(twin).abilities())
    assert [step.technique for step in plan.steps] == [SANITIZE, SECURE, "overwrite-stream"] and plan.level == "purge"
    held = MmcTwin(boots=boots(b"x" * BOOT, b"y" * BOOT))
    plan = make_plan(media_of(held), family_on(held).abilities())
    assert plan.level == "clear" and plan.steps[0].technique == SANITIZE
