"""What the chip says of itself: the 512 bytes of EXT_CSD (JESD84-B51, 7.4). Pure."""

from dataclasses import dataclass

_AREA = 128 << 10  # unit of BOOT_SIZE_MULT and RPMB_SIZE_MULT
_HIGH_CAPACITY = 512 << 10  # unit of HC_ERASE_GRP_SIZE
_V4_5 = 6  # EXT_CSD_REV: SANITIZE came with 4.5
_SECTOR = 512
_BYTE_ADDRESSED_MOST = 2 << 30  # chips up to 2 GiB count in bytes, larger ones in sectors


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtCsd:
    revision: int
    sectors: int
    can_sanitize: bool
    can_secure_erase: bool
    is_write_protected: bool  # the user area, until power-off or for good
    boot_bytes: int  # of each of the two boot areas
    rpmb_bytes: int
    other_bytes: int  # general purpose partitions: further user areas
    group_bytes: int | None  # of an erase group in high-capacity mode
    group_ms: int  # to erase one

    @property
    def size_bytes(self) -> int:
        return self.sectors * _SECTOR

    def address(self, offset_bytes: int) -> int:
        return offset_bytes if self.size_bytes <= _BYTE_ADDRESSED_MOST else offset_bytes // _SECTOR


def read_ext_csd(raw: bytes) -> ExtCsd | None:
    """None when these are not the bytes of an eMMC: wrong length, zeros, an unknown revision, no sectors."""
    if len(raw) != 512:
        return None
    revision, sectors = raw[192], int.from_bytes(raw[212:216], "little")
    if not 0 < revision <= 9 or sectors == 0 or raw[194] > 2:
        return None
    features = raw[231]  # SEC_FEATURE_SUPPORT
    in_groups = bool(raw[175] & 1) and raw[224] > 0
    group_bytes = raw[224] * _HIGH_CAPACITY if in_groups else None
    partitions = sum(int.from_bytes(raw[at : at + 3], "little") for at in (143, 146, 149, 152))
    return ExtCsd(
        revision=revision,
        sectors=sectors,
        can_sanitize=bool(features & 0x40) and revision >= _V4_5,
        can_secure_erase=bool(features & 0x01),
        is_write_protected=bool(raw[171] & 0x05),  # US_PERM_WP_EN, US_PWR_WP_EN
        boot_bytes=raw[226] * _AREA,
        rpmb_bytes=raw[168] * _AREA,
        other_bytes=partitions * raw[224] * raw[221] * _HIGH_CAPACITY,
        group_bytes=group_bytes,
        group_ms=max(1, raw[223]) * 300,
    )
