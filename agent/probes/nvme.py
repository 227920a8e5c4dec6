"""nvme-cli's JSON (`id-ctrl`, `smart-log`) → sanitize capabilities and health. smartctl prints no SANICAP."""

import json
from typing import Any

from agent.probes.smart import nvme_health, whole, words

_KELVIN = 273
_SANICAP = ((1, "crypto-scramble"), (2, "block-erase"), (4, "overwrite"))  # NVM Express 1.4, figure 247
_RENAMED = {
    "avail_spare": "available_spare",
    "spare_thresh": "available_spare_threshold",
    "percent_used": "percentage_used",
}


def parse_id_ctrl(text: str) -> dict[str, Any]:
    """Fields of `Disk`. OACS bit 1 is Format NVM; a missing SANICAP is not "none"."""
    doc = _object(text)
    if doc is None or "oacs" not in doc:
        return {}
    capable = whole(doc, "sanicap")
    erases = [name for bit, name in _SANICAP if capable is not None and capable & bit]
    if (whole(doc, "oacs") or 0) & 2:
        erases.append("format")
    found = {"model": words(doc, "mn"), "serial": words(doc, "sn"), "firmware": words(doc, "fr")}
    found = {field: value.strip() if value else None for field, value in found.items()}
    return {**found, "sanitize": tuple(erases) if capable is not None else None}


def parse_smart_log(text: str) -> dict[str, Any]:
    """Fields of `Health`; `critical_warning` is a number, or since nvme-cli 2 an object, temperatures are in kelvin."""
    doc = _object(text)
    if doc is None or "data_units_written" not in doc:
        return {}
    log = {_RENAMED.get(key, key): value for key, value in doc.items()}
    warning = log.get("critical_warning")
    log["critical_warning"] = warning.get("value") if isinstance(warning, dict) else warning
    kelvin = whole(log, "temperature")
    log["temperature"] = kelvin - _KELVIN if kelvin else None
    health = nvme_health(log)
    for fact, key in (
        ("wear_permille", "percentage_used"),
        ("spare_permille", "available_spare"),
        ("spare_threshold_permille", "available_spare_threshold"),
    ):
        percent = whole(log, key)
        if percent is not None and 0 <= percent <= 255:
            health[fact] = percent * 10
    return health | {"is_available": True}


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
