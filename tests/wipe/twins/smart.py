"""SMART data of a simulated ATA disk, as SMART READ DATA and READ THRESHOLDS give them (SFF-8035i, ACS-3 7.48)."""

from dataclasses import dataclass

SECTOR, ROOM = 512, 30
KEYS = (0x4F, 0xC2)  # LBA mid and high of every SMART command, and of an answer that all is well
FAILING = (0xF4, 0x2C)


@dataclass(frozen=True, kw_only=True)
class Attribute:
    number: int
    raw: int = 0
    value: int = 200
    worst: int = 200
    threshold: int = 0
    flags: int = 0x32  # 1: it foretells a failure


@dataclass(frozen=True, kw_only=True)
class Smart:
    attributes: tuple[Attribute, ...]
    is_failing: bool = False  # what the disk itself answers to SMART RETURN STATUS

    def data(self) -> bytes:
        return _page(
            [bytes((one.number, one.flags, 0, one.value, one.worst)) + one.raw.to_bytes(6, "little")
             for one in self.attributes]
        )  # fmt: skip

    def thresholds(self) -> bytes:
        return _page([bytes((one.number, one.threshold)) for one in self.attributes])


def _page(entries: list[bytes]) -> bytes:
    page = bytearray(b"\x10\x00" + b"".join(entry.ljust(12, b"\0") for entry in entries).ljust(12 * ROOM, b"\0"))
    page = page.ljust(SECTOR, b"\0")
    page[511] = -sum(page) & 0xFF
    return bytes(page)


WORN_OUT = Smart(
    is_failing=True,
    attributes=(
        Attribute(number=1, raw=65535, value=1, worst=1, threshold=51, flags=0x2F),
        Attribute(number=5, raw=640, value=120, worst=120, threshold=140, flags=0x33),
        Attribute(number=9, raw=43800, value=40, worst=40),
        Attribute(number=12, raw=2600, value=98, worst=98),
        Attribute(number=194, raw=38, value=105, worst=90, flags=0x22),
        Attribute(number=197, raw=88, value=199, worst=198),
        Attribute(number=198, raw=40, value=199, worst=198, flags=0x30),
    ),
)
