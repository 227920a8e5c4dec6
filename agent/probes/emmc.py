"""eMMC and SD cards from sysfs: they have no SMART, but eMMC 5.0 and later tell their wear (EXT_CSD 267 to 269)."""

import re
from typing import Any

from agent.facts import Gap
from agent.host import Host
from agent.text import meant

# JEDEC and SD association manufacturer ids, those that donated PCs and tablets carry.
_MAKERS = {
    0x02: "SanDisk", 0x03: "SanDisk", 0x11: "Toshiba", 0x13: "Micron", 0x15: "Samsung", 0x1B: "Samsung",
    0x45: "SanDisk", 0x70: "Kingston", 0x90: "SK hynix", 0x9B: "YMTC", 0xCE: "Samsung", 0xD6: "Foresee", 0xFE: "Micron",
}  # fmt: skip


def parse_life_time(text: str | None) -> int | None:
    """The worse of two areas: "0x02 0x01" → 2. 0 is "not defined", 12 and more are reserved."""
    stages = [int(part, 16) for part in re.findall(r"0x([0-9a-fA-F]{1,2})\b", text or "")]
    known = [stage for stage in stages if 1 <= stage <= 11]
    return max(known, default=None)


def parse_pre_eol(text: str | None) -> int | None:
    match = re.fullmatch(r"\s*0x0?([0-9a-fA-F])\s*", text or "")
    return int(match[1], 16) if match and 1 <= int(match[1], 16) <= 3 else None


def read(host: Host, name: str) -> tuple[dict[str, Any], dict[str, Any], list[Gap]]:
    """Fields of `Disk`, fields of `Health`, and gaps (paths relative to the disk) of /sys/block/mmcblkN."""
    at = f"/sys/block/{name}/device"
    kind = host.text(f"{at}/type")
    is_emmc = kind == "MMC"
    number = host.text(f"{at}/manfid") or ""
    disk: dict[str, Any] = {
        "model": meant(host.text(f"{at}/name")),
        "serial": meant(host.text(f"{at}/serial")),
        "firmware": meant(host.text(f"{at}/fwrev")) or meant(host.text(f"{at}/prv")),
        "maker": _MAKERS.get(int(number, 16) & 0xFF) if re.fullmatch(r"0x[0-9a-fA-F]+", number) else None,
        "wwn": None,
        "transport": "mmc",
        "kind": "emmc" if is_emmc else "sd-card" if kind == "SD" else None,
        "is_rotational": False,
        "removable": None if kind is None else not is_emmc,
    }
    if not is_emmc:
        return disk, {}, []
    reading = host.read(f"{at}/life_time")
    life = parse_life_time(reading.text) if reading.why is None else None
    health = {"is_available": life is not None, "emmc_life_used": life}
    reserve = parse_pre_eol(host.text(f"{at}/pre_eol_info"))
    health["emmc_pre_eol"] = reserve
    # The device's own word on itself, where disks have SMART's: only "urgent" is one of failure.
    health["is_passed"] = None if reserve is None else reserve < 3
    gaps = []
    if life is None:
        detail = "this eMMC does not tell its wear" if reading.why in (None, "absent") else ""
        gaps = [Gap(path="health.emmc_life_used", source=reading.path, why=reading.why or "absent", detail=detail)]
    return disk, {field: value for field, value in health.items() if value is not None}, gaps
