"""The frozen facts about one PC. Plain types only: no source is read here, nothing is judged here.

`None` means unknown, never "no" and never zero; an empty tuple means "looked, found none". Every unknown that was
looked for has a `Gap`. Units are in the names, integers in base units; no floats, so that a record signs the same
bytes everywhere. `sources` names where each value came from, by its path (`memory.fitted_bytes`, `disks[0].health`).
"""

from typing import Literal

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all fact structs."""


Why = Literal["absent", "refused", "tool-missing", "timed-out", "placeholder", "malformed", "conflict", "failed"]


class Gap(Fact, frozen=True, kw_only=True):
    """A fact that could not be learnt, or two sources that disagree (`conflict`, both values in `detail`)."""

    path: str  # fact path, e.g. "disks[1].health"; "" when the source would have fed many facts
    source: str  # file or command asked, e.g. "smartctl /dev/sdb"
    why: Why
    detail: str = ""


# --- system, firmware -------------------------------------------------------------------------------------------------

ChassisKind = Literal["desktop", "laptop", "all-in-one", "mini-pc", "tablet", "server", "virtual", "other"]
AgeOrigin = Literal["bios-date", "cpu-launch", "disk-date", "memory-date", "battery-date", "panel-date"]


class System(Fact, frozen=True, kw_only=True):
    """What the PC says it is (SMBIOS types 1, 2, 3), placeholders removed, the sales name in `product`."""

    maker: str | None = None
    product: str | None = None
    version: str | None = None
    family: str | None = None
    sku: str | None = None
    serial: str | None = None
    uuid: str | None = None  # canonical lower-case text, SMBIOS 2.6+ byte order
    board_maker: str | None = None
    board_product: str | None = None
    board_version: str | None = None
    board_serial: str | None = None
    asset_tag: str | None = None
    chassis: ChassisKind | None = None  # corrected by battery, panel and product evidence
    chassis_declared: str | None = None  # SMBIOS 7.4.1 name as declared, e.g. "Notebook"
    made_on: str | None = None  # best estimate, "2014", "2014-05" or "2014-05-20"
    made_year: int | None = None
    made_origin: AgeOrigin | None = None
    age_years: int | None = None  # whole years from made_on to the day of inspection


class Firmware(Fact, frozen=True, kw_only=True):
    vendor: str | None = None
    version: str | None = None
    released_on: str | None = None  # ISO date
    mode: Literal["uefi", "bios"] | None = None  # how this boot was done
    is_uefi_capable: bool | None = None
    secure_boot: Literal["on", "off", "unsupported"] | None = None
    is_secure_boot_capable: bool | None = None
    tpm: Literal["absent", "1.2", "2.0"] | None = None
    admin_password: Literal["enabled", "disabled", "not-implemented"] | None = None  # SMBIOS type 24
    power_on_password: Literal["enabled", "disabled", "not-implemented"] | None = None
    has_wpbt: bool | None = None  # ACPI table that lets the BIOS plant Windows software (Absolute/Computrace)
    has_absolute: bool | None = None
    has_management_engine: bool | None = None  # Intel AMT/ME interface present


# --- processor, memory ------------------------------------------------------------------------------------------------


class Cpu(Fact, frozen=True, kw_only=True):
    vendor: str | None = None  # CPUID vendor, e.g. "GenuineIntel"
    model_name: str | None = None
    architecture: str | None = None  # "x86_64", "aarch64", …
    family: int | None = None  # decimal, as in /proc/cpuinfo
    model: int | None = None
    stepping: int | None = None
    sockets: int | None = None
    cores: int | None = None  # physical cores, all sockets
    threads: int | None = None
    base_mhz: int | None = None
    max_mhz: int | None = None
    l1d_bytes: int | None = None  # caches: sum over all instances
    l1i_bytes: int | None = None
    l2_bytes: int | None = None
    l3_bytes: int | None = None
    flags: tuple[str, ...] | None = None
    is_64_bit: bool | None = None
    x86_64_level: int | None = None  # 0 (not x86-64) to 4, from exact flags
    has_virtualisation: bool | None = None
    windows_11: Literal["eligible", "not-eligible", "borderline"] | None = None  # processor rule only
    launch_year: int | None = None
    score: int | None = None  # raw result of an optional local measurement


class Module(Fact, frozen=True, kw_only=True):
    """One memory module, or one soldered set of chips (SMBIOS type 17)."""

    slot: str | None = None
    size_bytes: int | None = None
    generation: str | None = None  # "DDR3", "LPDDR4", …
    form: str | None = None  # "DIMM", "SODIMM", "Row Of Chips", …
    rated_mts: int | None = None
    configured_mts: int | None = None
    maker: str | None = None
    part: str | None = None
    serial: str | None = None
    has_ecc: bool | None = None
    is_soldered: bool | None = None


class Memory(Fact, frozen=True, kw_only=True):
    fitted_bytes: int | None = None  # sum of modules
    usable_bytes: int | None = None  # what the running kernel has
    slots_total: int | None = None
    slots_free: int | None = None
    generation: str | None = None  # of the fitted modules, when all agree
    maximum_bytes: int | None = None  # what the board claims: a hint only, boards lie
    has_ecc: bool | None = None
    is_soldered: bool | None = None  # every fitted module is soldered
    modules: tuple[Module, ...] = ()


# --- disks ------------------------------------------------------------------------------------------------------------


class Attribute(Fact, frozen=True, kw_only=True):
    """One ATA SMART attribute with the name smartctl prints; `raw` is the first whole number of the raw text."""

    id: int
    name: str
    value: int | None = None
    worst: int | None = None
    threshold: int | None = None
    raw: str | None = None  # decimal digits: may exceed 2**53
    raw_text: str = ""
    failed: Literal["now", "past"] | None = None


class Health(Fact, frozen=True, kw_only=True):
    """What a disk says of itself. Counters are events, hours are power-on hours; absurd readings become gaps."""

    is_available: bool | None = None  # the device has SMART or its equivalent
    is_passed: bool | None = None  # the device's own word; a True proves little
    exit_bits: int | None = None  # smartctl's exit status
    failing_now: tuple[str, ...] = ()  # names of attributes at or under their threshold
    failed_past: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    reallocated_sectors: int | None = None  # ATA 5
    reallocation_events: int | None = None  # ATA 196
    pending_sectors: int | None = None  # ATA 197
    uncorrectable_sectors: int | None = None  # ATA 198
    reported_uncorrectable: int | None = None  # ATA 187
    command_timeouts: int | None = None  # ATA 188, low 16 bits
    spin_retries: int | None = None  # ATA 10
    crc_errors: int | None = None  # ATA 199: the cable, rather than the disk
    downshifts: int | None = None  # ATA 183
    end_to_end_value: int | None = None  # ATA 184, normalised
    wear_permille: int | None = None  # rated life used; may exceed 1000
    spare_permille: int | None = None  # spare blocks left
    spare_threshold_permille: int | None = None
    media_errors: int | None = None  # NVMe
    critical_warning: int | None = None  # NVMe bit field, state now
    grown_defects: int | None = None  # SCSI
    uncorrected_errors: int | None = None  # SCSI, reads + writes + verifies
    emmc_life_used: int | None = None  # EXT_CSD 268/269, the worse: 1 = 0–10 % … 10 = 90–100 %, 11 = exceeded
    emmc_pre_eol: int | None = None  # EXT_CSD 267: 1 normal, 2 warning, 3 urgent
    hours: int | None = None
    power_cycles: int | None = None
    unsafe_shutdowns: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    temperature_c: int | None = None
    temperature_max_c: int | None = None
    error_count: int | None = None  # entries ever written to the error log
    error_last_hours: int | None = None  # power-on hours at the latest error
    self_test_failed: bool | None = None  # newest finished test failed (a later extended pass cancels)
    self_test_count: int | None = None
    self_test_short_minutes: int | None = None
    self_test_extended_minutes: int | None = None


ErasureOutcome = Literal["purged", "cleared", "cleared_with_exceptions", "not_proven", "failed", "interrupted"]
Transport = Literal["sata", "ide", "nvme", "sas", "usb", "mmc", "virtio", "raid", "firewire", "other"]


class Disk(Fact, frozen=True, kw_only=True):
    name: str  # kernel name ("sda"), or the capture's name for it
    identity: str | None = None  # sha256 hex over serial, WWN/EUI, model and size; what a wipe token names
    maker: str | None = None
    model: str | None = None
    serial: str | None = None
    wwn: str | None = None  # WWN or EUI-64/NGUID, lower-case hex
    firmware: str | None = None
    size_bytes: int | None = None
    transport: Transport | None = None
    kind: Literal["hdd", "ssd", "nvme", "emmc", "sd-card", "virtual"] | None = None
    is_rotational: bool | None = None
    rpm: int | None = None
    form_factor: str | None = None
    logical_sector_bytes: int | None = None
    physical_sector_bytes: int | None = None
    native_sectors: int | None = None  # from READ NATIVE MAX / identify
    hidden_bytes: int | None = None  # behind an HPA or DCO
    security: Literal["disabled", "enabled", "locked", "unsupported"] | None = None  # ATA security
    is_security_frozen: bool | None = None
    sanitize: tuple[str, ...] | None = None  # "block-erase", "crypto-scramble", "overwrite", "format", …
    has_opal: bool | None = None
    is_opal_locked: bool | None = None
    has_trim: bool | None = None
    removable: bool | None = None  # pulled out by hand: sticks, cards, USB disks
    is_boot_medium: bool | None = None  # this program was booted from it
    bridge: str | None = None  # USB bridge or RAID controller that stands between
    erasure: ErasureOutcome | None = None  # how its erasure in this visit ended; None: not erased in this visit
    is_erasure_approved: bool | None = None  # its certificate may be handed out; False: not without a person's word
    health: Health = Health()


class LostDisk(Fact, frozen=True, kw_only=True):
    """It was to be erased in this PC, is not proven erased, and answers no more: perhaps it is still inside."""

    name: str  # model and serial number, as on its label
    model: str | None = None
    serial: str | None = None
    wwn: str | None = None
    size_bytes: int | None = None
    is_soldered: bool = False
    erasure: ErasureOutcome | None = None  # how that ended; a success waits for a validation; None: never begun
    erasure_digest: str  # sha256 hex of all that its journal tells: what a person's word is about
    is_taken_out: bool = False  # a person said so, and it has not answered here since


# --- the rest ---------------------------------------------------------------------------------------------------------


class Battery(Fact, frozen=True, kw_only=True):
    name: str
    maker: str | None = None
    model: str | None = None
    serial: str | None = None
    chemistry: str | None = None
    design_mwh: int | None = None
    full_mwh: int | None = None
    now_mwh: int | None = None
    health_permille: int | None = None  # full / design, capped at 1000
    is_health_believable: bool | None = None  # False: gauge default, or far above design
    is_estimated: bool = False  # mWh computed from mAh and a nominal voltage
    cycles: int | None = None  # None also when the gauge reports 0
    made_on: str | None = None
    status: str | None = None
    is_present: bool | None = None


class Display(Fact, frozen=True, kw_only=True):
    """One panel or monitor, from its EDID (VESA E-EDID 1.3/1.4)."""

    connector: str | None = None
    maker: str | None = None  # three-letter PNP id
    model: str | None = None  # descriptor FC (or the panel's FE text)
    product_code: int | None = None
    serial: str | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    width_px: int | None = None  # native (preferred) mode
    height_px: int | None = None
    made_year: int | None = None
    made_week: int | None = None
    is_digital: bool | None = None  # False: VGA signal (EDID byte 20, bit 7)
    is_internal: bool | None = None


class Gpu(Fact, frozen=True, kw_only=True):
    address: str | None = None  # PCI slot
    vendor_id: str | None = None  # four hex digits
    device_id: str | None = None
    vendor: str | None = None
    model: str | None = None
    driver: str | None = None


class Network(Fact, frozen=True, kw_only=True):
    kind: Literal["wired", "wifi", "bluetooth", "modem"]
    name: str | None = None
    vendor: str | None = None
    model: str | None = None
    driver: str | None = None
    has_driver: bool | None = None
    mac_hash: str | None = None  # keyed hash (HMAC-SHA-256, 16 hex digits), never the address itself
    speed_mbps: int | None = None
    has_link: bool | None = None


class Device(Fact, frozen=True, kw_only=True):
    """A small device that is only named: sound card, camera, optical drive, USB device, fingerprint reader."""

    name: str
    maker: str | None = None
    model: str | None = None
    driver: str | None = None
    vendor_id: str | None = None
    product_id: str | None = None


class Sensor(Fact, frozen=True, kw_only=True):
    chip: str
    label: str
    kind: Literal["temperature", "fan", "voltage"]
    value: int  # milli-degrees Celsius, rpm, millivolts
    critical: int | None = None


class HiddenStorage(Fact, frozen=True, kw_only=True):
    """A hint of disks the kernel cannot see: a RAID/VMD/RST controller, or a link, with no block device behind it."""

    kind: Literal["vmd", "rst", "raid", "remapped-nvme", "unbound-controller", "silent-disk"]
    evidence: str
    controller: str | None = None


class MissingFirmware(Fact, frozen=True, kw_only=True):
    """A device that does not work under this kernel for want of a firmware file: of the stick, not of the PC."""

    kind: Literal["wifi", "wired", "graphics", "sound", "bluetooth", "other"]
    file: str
    evidence: str
    device: str | None = None


class Clock(Fact, frozen=True, kw_only=True):
    """Times the PC and the stick offer, and which to believe. All times are UTC ISO 8601 to the second."""

    system: str | None = None
    rtc: str | None = None
    built: str | None = None  # when this image or program was built
    checkpoint: str | None = None  # time in the last inventory checkpoint the station knows
    believed: str | None = None
    believed_from: Literal["system", "checkpoint", "built"] | None = None
    is_rtc_wrong: bool | None = None  # a flat CMOS battery, most often
    rtc_offset_seconds: int | None = None  # rtc − believed


class Machine(Fact, frozen=True, kw_only=True):
    """Everything learnt about one PC at one visit."""

    system: System = System()
    firmware: Firmware = Firmware()
    cpu: Cpu = Cpu()
    memory: Memory = Memory()
    disks: tuple[Disk, ...] | None = None  # None: not looked at; (): looked, none there
    lost_disks: tuple[LostDisk, ...] | None = None  # None: nobody looked for them; those not said to be out come first
    batteries: tuple[Battery, ...] | None = None
    displays: tuple[Display, ...] | None = None
    gpus: tuple[Gpu, ...] | None = None
    networks: tuple[Network, ...] | None = None
    audio: tuple[Device, ...] | None = None
    cameras: tuple[Device, ...] | None = None
    optical: tuple[Device, ...] | None = None
    usb: tuple[Device, ...] | None = None
    sensors: tuple[Sensor, ...] | None = None
    hidden_storage: tuple[HiddenStorage, ...] | None = None
    missing_firmware: tuple[MissingFirmware, ...] | None = None
    clock: Clock = Clock()
    gaps: tuple[Gap, ...] = ()
    sources: dict[str, str] = {}


def source_of(machine: Machine, path: str) -> str | None:
    """The source of the fact at `path`: its own entry, else that of the nearest enclosing section."""
    while path:
        if path in machine.sources:
            return machine.sources[path]
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
    return None
