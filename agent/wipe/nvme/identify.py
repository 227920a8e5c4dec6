"""Identify data → what the drive is and can do. Pure; offsets after NVM Express Base Specification 2.1 (Identify
Controller, figure 312) and the NVM Command Set Specification (Identify Namespace).
"""

from dataclasses import dataclass

from agent.text import clean

PAGE_BYTES = 4096
ALL_NAMESPACES = 0xFFFFFFFF


class Malformed(ValueError):
    """Not the data of a drive: too short, or all alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    serial: str | None
    model: str | None
    firmware: str | None
    controller_id: int
    has_many_controllers: bool  # CMIC bit 1: another controller may reach the same namespaces
    can_format: bool  # OACS bit 1
    can_manage_namespaces: bool  # OACS bit 3: only then can there be capacity without a namespace
    total_bytes: int  # TNVMCAP, 0: not told
    unallocated_bytes: int  # UNVMCAP
    can_crypto: bool  # SANICAP bit 0
    can_block: bool  # bit 1
    can_overwrite: bool  # bit 2
    can_verify: bool  # bit 3, VERS: has a media verification state
    can_attest_purge: bool  # bit 5, SPRRS: knows PREQ and PRGD
    ignores_no_deallocate: bool  # bit 29, NDI
    no_deallocate_modifies: int  # bits 31:30, NODMMAS
    namespaces_most: int  # NN
    formats_all: bool  # FNA bit 0
    erases_all: bool  # FNA bit 1: a Format that erases hits every namespace
    format_can_crypto: bool  # FNA bit 2

    @property
    def can_sanitize(self) -> bool:
        return self.can_crypto or self.can_block or self.can_overwrite


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceData:
    """One namespace; an inactive one has no sectors."""

    sectors: int
    sector_bytes: int
    used_bytes: int  # NVMCAP, 0: not told
    format_index: int
    is_extended: bool  # metadata at the end of each sector (FLBAS bit 4)
    protection: int  # DPS bits 2:0
    is_protection_first: bool  # DPS bit 3
    is_write_protected: bool  # NSATTR bit 0

    @property
    def size_bytes(self) -> int:
        return self.sectors * self.sector_bytes

    @property
    def format_bits(self) -> int:
        """CDW10 of a Format that keeps the sector size, metadata and protection in use; SES is left to the caller."""
        return (
            self.format_index & 0xF
            | int(self.is_extended) << 4
            | self.protection << 5
            | int(self.is_protection_first) << 8
            | (self.format_index >> 4 & 3) << 12
        )


def parse_controller(data: bytes) -> Controller:
    """Malformed when this cannot be a controller's data: nothing may be concluded from zeros."""
    page = _page(data)
    sanicap = _number(page, 328, 4)
    oacs, fna = _number(page, 256, 2), page[524]
    controller = Controller(
        serial=_text(page[4:24]), model=_text(page[24:64]), firmware=_text(page[64:72]),
        controller_id=_number(page, 78, 2), has_many_controllers=bool(page[76] & 2),
        can_format=bool(oacs & 2), can_manage_namespaces=bool(oacs & 8),
        total_bytes=_number(page, 280, 16), unallocated_bytes=_number(page, 296, 16),
        can_crypto=bool(sanicap & 1), can_block=bool(sanicap & 2), can_overwrite=bool(sanicap & 4),
        can_verify=bool(sanicap & 8), can_attest_purge=bool(sanicap & 32),
        ignores_no_deallocate=bool(sanicap & 1 << 29), no_deallocate_modifies=sanicap >> 30,
        namespaces_most=_number(page, 516, 4),
        formats_all=bool(fna & 1), erases_all=bool(fna & 2), format_can_crypto=bool(fna & 4),
    )  # fmt: skip
    if controller.serial is None and controller.model is None:
        raise Malformed("neither serial nor model")
    return controller


def parse_namespace(data: bytes) -> NamespaceData | None:
    """None for an inactive namespace (all zeros, as the specification says)."""
    if len(data) < PAGE_BYTES:
        raise Malformed(f"{len(data)} bytes")
    if not any(data[:PAGE_BYTES]):
        return None
    flbas, dps = data[26], data[29]
    # FLBAS bits 6:5 count only when there are more than 16 formats.
    index = flbas & 0xF | ((flbas >> 5 & 3) << 4 if data[25] > 15 else 0)
    shift = data[128 + 4 * index + 2]
    if not 9 <= shift <= 16 or index > data[25]:
        raise Malformed(f"sector of 2^{shift} bytes, format {index} of {data[25]}")
    return NamespaceData(
        sectors=_number(data, 0, 8), sector_bytes=1 << shift, used_bytes=_number(data, 48, 16),
        format_index=index, is_extended=bool(flbas & 16), protection=dps & 7, is_protection_first=bool(dps & 8),
        is_write_protected=bool(data[99] & 1),
    )  # fmt: skip


def parse_list(data: bytes) -> tuple[int, ...]:
    """Namespace identifiers, rising, ended by a zero."""
    page = data[:PAGE_BYTES]
    if len(page) < PAGE_BYTES:
        raise Malformed(f"{len(page)} bytes")
    found: list[int] = []
    for place in range(0, PAGE_BYTES, 4):
        nsid = _number(page, place, 4)
        if nsid == 0:
            break
        if found and nsid <= found[-1]:
            raise Malformed("namespace identifiers do not rise")
        found.append(nsid)
    return tuple(found)


def _page(data: bytes) -> bytes:
    if len(data) < PAGE_BYTES or len(set(data[:PAGE_BYTES])) == 1:
        raise Malformed("no identify data")
    return data[:PAGE_BYTES]


def _number(data: bytes, offset: int, length: int) -> int:
    return int.from_bytes(data[offset : offset + length], "little")


def _text(raw: bytes) -> str | None:
    return clean(raw.decode("ascii", "replace").replace("\0", " ")).strip() or None
