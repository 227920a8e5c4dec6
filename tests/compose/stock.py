# ruff: noqa: E501 - a part is read as one line
"""What composed PCs are made of: disks in several states, and a table of SMBIOS structures from a few words."""

from agent.probes.smbios_structures import (
    Bios,
    Board,
    Chassis,
    HardwareSecurity,
    MemoryArray,
    MemoryDevice,
    PortableBattery,
    Processor,
    SystemInfo,
    Table,
    TpmDevice,
)
from tests.compose import disks, parts

TAKEN = "2026-03-09T14:05:00+00:00"
EPOCH = 1773065102  # what the hardware clock says then: two seconds late
ARRAY = 0x1000

SEAGATE_DYING = disks.Ata(
    model="ST500DM002-1BD142", serial="Z9TCMPS1", firmware="KC45", size_bytes=500_107_862_016, wwn="5000c500c0de0001",
    rpm=7200, family="Seagate Barracuda 7200.14 (AF)", is_passed=False, exit_status=0xD8, errors=812, error_hours=28_104,
    physical=4096, tests=(("Extended offline", 0x79), ("Short offline", 0x00)),
    rows=(
        (1, "Raw_Read_Error_Rate", 78, 63, 6, "61245712"), (3, "Spin_Up_Time", 97, 97, 0, "0"),
        (5, "Reallocated_Sector_Ct", 24, 24, 36, "31160"), (7, "Seek_Error_Rate", 86, 60, 30, "431552001"),
        (9, "Power_On_Hours", 68, 68, 0, "28110"), (10, "Spin_Retry_Count", 100, 100, 97, "0"),
        (12, "Power_Cycle_Count", 99, 99, 20, "1510"), (184, "End-to-End_Error", 100, 100, 99, "0"),
        (187, "Reported_Uncorrect", 1, 1, 0, "640"), (188, "Command_Timeout", 100, 99, 0, "2 2 2"),
        (194, "Temperature_Celsius", 36, 45, 0, "36 (0 14 0 0 0)"), (197, "Current_Pending_Sector", 95, 95, 0, "312"),
        (198, "Offline_Uncorrectable", 95, 95, 0, "312"), (199, "UDMA_CRC_Error_Count", 200, 200, 0, "0"),
    ),
)  # fmt: skip
WESTERN_TIRED = disks.Ata(
    model="WDC WD1600AAJS-00PSA0", serial="WD-WCAPC0MP0531", firmware="05.06H05", size_bytes=160_041_885_696,
    wwn="50014ee2c0de0002", rpm=7200, family="Western Digital Caviar Blue (SATA)",
    rows=(
        (1, "Raw_Read_Error_Rate", 200, 200, 51, "0"), (3, "Spin_Up_Time", 150, 148, 21, "3475"),
        (5, "Reallocated_Sector_Ct", 200, 200, 140, "0"), (7, "Seek_Error_Rate", 200, 200, 51, "0"),
        (9, "Power_On_Hours", 52, 52, 0, "35204"), (10, "Spin_Retry_Count", 100, 100, 51, "0"),
        (12, "Power_Cycle_Count", 98, 98, 0, "2790"), (194, "Temperature_Celsius", 108, 92, 0, "35"),
        (196, "Reallocated_Event_Count", 200, 200, 0, "0"), (197, "Current_Pending_Sector", 200, 200, 0, "0"),
        (198, "Offline_Uncorrectable", 200, 200, 0, "0"), (199, "UDMA_CRC_Error_Count", 200, 200, 0, "17"),
    ),
)  # fmt: skip
INTEL_SSD = disks.Ata(
    model="INTEL SSDSC2BF180A4H", serial="CVDA0C0MP00531180GN", firmware="LH6i", size_bytes=180_045_766_656,
    wwn="55cd2e40c0de0003", family="Intel 530 Series SSDs",
    rows=(
        (5, "Reallocated_Sector_Ct", 100, 100, 0, "0"), (9, "Power_On_Hours_and_Msec", 100, 100, 0, "9814h+07m+30.130s"),
        (12, "Power_Cycle_Count", 100, 100, 0, "4821"), (170, "Available_Reservd_Space", 100, 100, 10, "0"),
        (187, "Uncorrectable_Error_Cnt", 100, 100, 50, "0"), (199, "CRC_Error_Count", 100, 100, 0, "0"),
        (233, "Media_Wearout_Indicator", 87, 87, 0, "0"), (241, "Host_Writes_32MiB", 100, 100, 0, "391210"),
    ),
)  # fmt: skip
NVME = disks.Nvme(
    model="SAMSUNG MZVLB256HBHQ-000H1", serial="S4GEC0MP0S3D01", firmware="EXF7201H", size_bytes=256_060_514_304,
    eui="002538c0de000004",
)  # fmt: skip
INTEL = "Intel Corporation"


def table(
    *, bios: Bios, system: SystemInfo, board: Board, chassis: str, chip: parts.Chip, modules: tuple[MemoryDevice, ...],
    maximum: int, ecc: str = "None", case_serial: str | None = None, sockets: int = 1, version: tuple[int, int] = (3, 2),
    admin: str | None = None, tpm: str | None = None, batteries: tuple[PortableBattery, ...] = (),
    oem: tuple[str, ...] = (),
) -> Table:  # fmt: skip
    cpus = tuple(
        Processor(
            socket=f"CPU {number}", kind="Central Processor", maker="Intel", model_name=chip.name, is_populated=True,
            cores=chip.cores, cores_enabled=chip.cores, threads=chip.threads, max_mhz=chip.max_mhz,
            current_mhz=chip.max_mhz,
        )
        for number in range(sockets)
    )  # fmt: skip
    security = (HardwareSecurity(power_on_password="disabled", keyboard_password="not-implemented",
                                 administrator_password=admin),) if admin else ()  # type: ignore[arg-type] # fmt: skip
    return Table(
        version=version, bios=(bios,), systems=(system,), boards=(board,), processors=cpus,
        chassis=(Chassis(maker=system.maker, kind=chassis, serial=case_serial),), memory_devices=modules,
        memory_arrays=(MemoryArray(handle=ARRAY, use="System Memory", ecc=ecc, maximum_bytes=maximum,
                                   slots=len(modules)),),
        hardware_security=security, tpms=(TpmDevice(vendor="IFX", version=tpm),) if tpm else (), batteries=batteries,
        oem_strings=oem,
    )  # fmt: skip


def module(locator: str, size: int, kind: str = "DDR3", form: str = "DIMM", mts: int = 1600, maker: str = "Samsung",
           part: str = "M378B5273DH0-CH9", serial: str | None = None, ecc: bool = False) -> MemoryDevice:  # fmt: skip
    if size == 0:
        return MemoryDevice(array=ARRAY, size_bytes=0, form=form, locator=locator, kind=None)
    return MemoryDevice(
        array=ARRAY, total_bits=72 if ecc else 64, data_bits=64, size_bytes=size, form=form, locator=locator,
        bank="BANK 0", kind=kind, rated_mts=mts, configured_mts=mts, maker=maker, part=part, serial=serial,
    )  # fmt: skip
