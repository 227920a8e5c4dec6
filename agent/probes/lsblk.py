"""lsblk's JSON or table → disks. A poor source, for captures that kept nothing better: names, sizes, models."""

import json
import re
from typing import Any, Literal

from agent.facts import Disk, Transport
from agent.probes.disk_makers import disk_maker
from agent.probes.told import bytes_in, disk_kind, disk_name
from agent.text import meant

_TRANSPORTS: dict[str, Transport] = {
    "sata": "sata", "ata": "ide", "nvme": "nvme", "usb": "usb", "sas": "sas", "mmc": "mmc", "virtio": "virtio",
}  # fmt: skip
_DISKS_MOST = 200


def parse_lsblk(text: str) -> tuple[Disk, ...]:
    """Whole disks with a size, in the order listed; empty when the text is no lsblk answer."""
    rows = _json_rows(text) if text.lstrip()[:1] == "{" else _table_rows(text)
    disks = [_disk(row) for row in rows[:_DISKS_MOST] if row.get("type") == "disk"]
    return tuple(disk for disk in disks if disk is not None)


def _json_rows(text: str) -> list[dict[str, Any]]:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    entries = value.get("blockdevices") if isinstance(value, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _table_rows(text: str) -> list[dict[str, Any]]:
    """Each word belongs to the column whose name it stands under, else to the one that began last."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or not re.match(r"NAME +.*\bTYPE\b", lines[0]):
        return []
    heads = [(match.start(), match.end(), match[0].lower()) for match in re.finditer(r"\S+", lines[0])]
    return [_cells(line, heads) for line in lines[1:]]


def _cells(line: str, heads: list[tuple[int, int, str]]) -> dict[str, Any]:
    cells: dict[str, Any] = {name: "" for _, _, name in heads}
    for word in re.finditer(r"\S+", line):
        under = [name for start, end, name in heads if word.start() < end and word.end() > start]
        left = [name for start, _, name in heads if start <= word.start()]
        name = under[0] if under else left[-1] if left else heads[0][2]
        cells[name] = f"{cells[name]} {word[0]}".strip()
    return cells


def _disk(row: dict[str, Any]) -> Disk | None:
    name = disk_name(str(row.get("kname") or row.get("name") or ""))
    size = row.get("size")
    size_bytes = size if isinstance(size, int) else _size(str(size or ""))
    if name is None or not size_bytes:
        return None
    model = meant(str(row.get("model") or ""))
    transport = _TRANSPORTS.get(str(row.get("tran") or "").lower()) or ("nvme" if name.startswith("nvme") else None)
    rotational = _flag(row.get("rota"))
    is_sure = transport in ("sata", "ide", "sas", "nvme")
    turns: dict[bool | None, Literal["hdd", "ssd"] | None] = {True: "hdd", False: "ssd", None: None}
    kind = disk_kind(name) or (turns[rotational] if is_sure else None)
    removable = True if transport == "usb" else _flag(row.get("rm"))
    return Disk(
        name=name,
        maker=disk_maker(meant(str(row.get("vendor") or "")), model),
        model=model,
        serial=meant(str(row.get("serial") or "")),
        size_bytes=size_bytes,
        transport=transport,
        kind=kind,
        is_rotational=rotational if is_sure or rotational is False else None,
        removable=removable,
    )


def _size(text: str) -> int | None:
    """ "238.5G" is of powers of 1024; with -b, whole bytes."""
    if re.fullmatch(r"[0-9]{1,20}", text):
        return int(text)
    match = re.fullmatch(r"(\d+(?:[.,]\d+)?)([KMGTP])", text)
    return bytes_in(f"{match[1]} {match[2]}iB") if match else None


def _flag(value: Any) -> bool | None:
    return {"1": True, "0": False, "true": True, "false": False}.get(str(value).lower())
