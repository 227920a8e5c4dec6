"""What lies beside the user area, in the words of the record; read whole or not believed."""

from pathlib import Path

import pytest

from agent.wipe.mmc import areas
from agent.wipe.mmc.areas import look_beside
from agent.wipe.mmc.ext_csd import ExtCsd, read_ext_csd
from agent.wipe.mmc.family import open_mmc
from tests.wipe.mmc.benches import SANITIZE, media_of
from tests.wipe.twins.mmc import GROUP, MmcTwin

BOOT = 128 << 10


def csd(**fields: int) -> ExtCsd:
    read = read_ext_csd(MmcTwin(**fields)._ext_csd())  # type: ignore[arg-type] # numbers of the twin
    assert read is not None
    return read


@pytest.mark.parametrize(
    ("held", "state"),
    [
        (bytes(BOOT), "blank"), (b"\xff" * BOOT, "blank"), (b"\x01" * BOOT, "holds"), (b"\xfe" * BOOT, "holds"),
        (bytes(BOOT - 1) + b"\1", "holds"), (b"\xff" + bytes(BOOT - 1), "holds"), (bytes(BOOT + 1), "unread"),
        (b"", "unread"), (None, "unread"),
    ],
)  # fmt: skip
def test_a_boot_area(held: bytes | None, state: str) -> None:
    beside, kept = look_beside(csd(), "mmcblk1", lambda name: held)
    assert [(area.name, area.size_bytes, area.state) for area in beside.boots] == [
        ("mmcblk1boot0", BOOT, state), ("mmcblk1boot1", BOOT, state),
    ]  # fmt: skip
    assert [(one.name, one.status, one.is_ok) for one in kept] == [
        ("READ mmcblk1boot0", state, state != "unread"), ("READ mmcblk1boot1", state, state != "unread"),
    ]  # fmt: skip
    assert beside.is_nothing is (state == "blank")


def test_the_words() -> None:
    beside, _ = look_beside(csd(gp_mult=1), "mmcblk0", lambda name: bytes(BOOT))
    assert beside.said == (
        f"mmcblk0boot0, {BOOT} bytes: blank",
        f"mmcblk0boot1, {BOOT} bytes: blank",
        f"further partitions of {2 * GROUP} bytes: not erased",
        f"RPMB, {4 * BOOT} bytes: cannot be erased without its key, holds no files",
    )
    assert not beside.is_nothing
    nothing, kept = look_beside(csd(boot_mult=0), "mmcblk0", lambda name: pytest.fail("there is none to read"))
    assert nothing.is_nothing and not kept and len(nothing.said) == 1


def test_the_node_of_an_area(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mmcblk0boot0").write_bytes(b"abc")
    monkeypatch.setattr(areas, "Path", lambda _: tmp_path)
    assert areas.read_node("mmcblk0boot0") == b"abc" and areas.read_node("mmcblk0boot1") is None


@pytest.mark.parametrize(("told", "sent"), [("0x0001", 1), ("0x0a0b", 0x0A0B), (None, 1), ("7", 1), ("0x12345", 1)])
def test_the_address_of_the_chip(told: str | None, sent: int) -> None:
    twin, asked = MmcTwin(), []

    def sysfs(attribute: str) -> str | None:
        return told if attribute == "rca" else twin.sysfs(attribute)

    def ioctl(fd: int, request: int, buffer: bytearray) -> int:
        if buffer[8] == 13 and request == 0xC048B300:
            asked.append(int.from_bytes(buffer[12:16], "little"))
            buffer[16:20] = (4 << 9).to_bytes(4, "little")
            return 0
        return twin.ioctl(fd, request, buffer)

    family = open_mmc(3, media_of(twin), armed=True, ioctl=ioctl, sysfs=sysfs, read_area=twin.read_area)
    family.eraser(SANITIZE).begin(lambda step, details: None)
    assert set(asked) == {sent << 16}
