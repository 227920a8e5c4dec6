"""What an SMBIOS table says, as frozen structures: the same from the binary table and from dmidecode's text.

Strings are as the maker wrote them (cleaned, bounded), placeholders included: the probes judge what is meant. Names
of codes are those dmidecode prints. `None` is "not said": field beyond the structure, code 0, unknown or out of spec.
Numbering: DMTF DSP0134, https://www.dmtf.org/standards/smbios.
"""

from typing import Literal

from agent.facts import Fact

Password = Literal["enabled", "disabled", "not-implemented"]


class Bios(Fact, frozen=True, kw_only=True):
    """Type 0."""

    vendor: str | None = None
    version: str | None = None
    released: str | None = None  # as written, MM/DD/YYYY by the specification
    is_uefi: bool | None = None  # characteristics extension byte 2, bit 3
    is_virtual: bool | None = None  # same byte, bit 4


class SystemInfo(Fact, frozen=True, kw_only=True):
    """Type 1. `uuid` is canonical text in the byte order of the table's version, all-zero and all-F included."""

    maker: str | None = None
    product: str | None = None
    version: str | None = None
    serial: str | None = None
    uuid: str | None = None
    sku: str | None = None
    family: str | None = None


class Board(Fact, frozen=True, kw_only=True):
    """Type 2."""

    maker: str | None = None
    product: str | None = None
    version: str | None = None
    serial: str | None = None
    asset_tag: str | None = None
    kind: str | None = None  # "Motherboard", …


class Chassis(Fact, frozen=True, kw_only=True):
    """Type 3."""

    maker: str | None = None
    kind: str | None = None  # 7.4.1 name, "Notebook"
    version: str | None = None
    serial: str | None = None
    asset_tag: str | None = None
    sku: str | None = None


class Processor(Fact, frozen=True, kw_only=True):
    """Type 4."""

    socket: str | None = None
    kind: str | None = None  # "Central Processor", …
    maker: str | None = None
    model_name: str | None = None
    is_populated: bool | None = None
    cores: int | None = None
    cores_enabled: int | None = None
    threads: int | None = None
    max_mhz: int | None = None  # what the socket takes, often absurd (30000)
    current_mhz: int | None = None


class OldModule(Fact, frozen=True, kw_only=True):
    """Type 6, obsolete: the only memory list of some PCs older than 2004."""

    socket: str | None = None
    kind: str | None = None  # "DIMM SDRAM"
    size_bytes: int | None = None  # 0: empty


class MemoryArray(Fact, frozen=True, kw_only=True):
    """Type 16."""

    handle: int | None = None
    use: str | None = None
    ecc: str | None = None
    maximum_bytes: int | None = None
    slots: int | None = None


class MemoryDevice(Fact, frozen=True, kw_only=True):
    """Type 17. `size_bytes` 0 is an empty slot, None is unknown."""

    array: int | None = None  # handle of the array
    total_bits: int | None = None
    data_bits: int | None = None
    size_bytes: int | None = None
    form: str | None = None
    locator: str | None = None
    bank: str | None = None
    kind: str | None = None  # "DDR3"
    rated_mts: int | None = None
    maker: str | None = None
    serial: str | None = None
    asset_tag: str | None = None
    part: str | None = None
    configured_mts: int | None = None


class PortableBattery(Fact, frozen=True, kw_only=True):
    """Type 22. `made_on` is "2017-09-15", or "2017" when day and month cannot be told apart."""

    location: str | None = None
    maker: str | None = None
    name: str | None = None
    serial: str | None = None
    chemistry: str | None = None
    design_mwh: int | None = None
    design_mv: int | None = None
    made_on: str | None = None


class HardwareSecurity(Fact, frozen=True, kw_only=True):
    """Type 24."""

    power_on_password: Password | None = None
    keyboard_password: Password | None = None
    administrator_password: Password | None = None


class OnboardDevice(Fact, frozen=True, kw_only=True):
    """Type 41."""

    name: str | None = None
    kind: str | None = None
    is_enabled: bool | None = None


class TpmDevice(Fact, frozen=True, kw_only=True):
    """Type 43."""

    vendor: str | None = None
    version: str | None = None  # "1.2", "2.0"


class Table(Fact, frozen=True, kw_only=True):
    """A whole table. `faults` says, in English, what is broken in it: something may then be missing."""

    source: str = ""  # file or command it was read from; "" when given as bytes or text

    version: tuple[int, int] | None = None
    bios: tuple[Bios, ...] = ()
    systems: tuple[SystemInfo, ...] = ()
    boards: tuple[Board, ...] = ()
    chassis: tuple[Chassis, ...] = ()
    processors: tuple[Processor, ...] = ()
    old_modules: tuple[OldModule, ...] = ()
    oem_strings: tuple[str, ...] = ()
    memory_arrays: tuple[MemoryArray, ...] = ()
    memory_devices: tuple[MemoryDevice, ...] = ()
    batteries: tuple[PortableBattery, ...] = ()
    hardware_security: tuple[HardwareSecurity, ...] = ()
    onboard_devices: tuple[OnboardDevice, ...] = ()
    tpms: tuple[TpmDevice, ...] = ()
    faults: tuple[str, ...] = ()
