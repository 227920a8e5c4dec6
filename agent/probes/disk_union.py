"""One disk while its sources are brought together: the kernel, smartctl, hdparm, nvme-cli, lsblk. Pure.

A disk's own word is better than the kernel's, save where a bridge or RAID controller may answer for it.
"""

import hashlib
from typing import Any

import msgspec

from agent.facts import Disk, Gap, Health
from agent.probes.smart_values import SmartReport

_KERNEL_FIRST = ("size_bytes", "transport", "removable", "logical_sector_bytes")
_SIZES_APART_PERMILLE = 10


def identity_of(serial: str | None, wwn: str | None, model: str | None, size_bytes: int | None) -> str | None:
    """The digest that a wipe token names; None for a disk that tells nothing of its own, which could be any disk.

    Of the model the 16 letters that SCSI and libata have room for: the same disk keeps its identity when smartctl,
    which knows the rest, gets no answer from it.
    """
    if not serial and not wwn:
        return None
    parts = ("rebond-disk-1", serial or "", wwn or "", (model or "")[:16].rstrip(), str(size_bytes or ""))
    return hashlib.sha256("".join(f"{len(part.encode())}:{part}," for part in parts).encode()).hexdigest()


class DiskUnion:
    """Facts of one disk so far, its gaps (paths relative to the disk) and where its health came from."""

    def __init__(self, disk: Disk, gaps: tuple[Gap, ...] = (), health_source: str = "") -> None:
        self.disk = disk
        self.gaps = list(gaps)
        self.health_source = health_source
        self._has_report = False

    def take(self, report: SmartReport) -> None:
        """Complete by one smartctl answer; of two on one disk (`-i` and `-A`) the first stays, the second fills."""
        self.gaps += report.gaps
        if not report.has_answer:
            return
        told = report.disk
        if self._has_report:
            self.fill(told)
            return
        self._compare_size(told.size_bytes, report.source)
        if report.protocol == "scsi" and self.disk.transport == "usb":
            told = self._of_bridge(told, report.source)
        elif self.disk.transport == "usb" and not _is_same_model(told.model, self.disk.model):
            named = told.bridge or " ".join(filter(None, (self.disk.maker, self.disk.model)))
            told = msgspec.structs.replace(told, bridge=named)
            # The kernel's are the bridge's own: better none than those.
            self.disk = msgspec.structs.replace(self.disk, maker=None, serial=None, firmware=None, wwn=None)
        kept = {name: value for name, value in _known(self.disk).items() if name in _KERNEL_FIRST}
        health = told.health if told.health != Health() else self.disk.health
        self.disk = msgspec.structs.replace(self.disk, **(_known(told) | kept), health=health)
        self.health_source = report.source
        self._has_report = True

    def fill(self, other: Disk) -> None:
        """What is still unknown from `other`, health field by field."""
        self.disk = filled(self.disk, other)

    def set(self, fields: dict[str, Any]) -> None:
        """Fields from a source that is better than all before it."""
        self.disk = msgspec.structs.replace(self.disk, **{k: v for k, v in fields.items() if v is not None})

    def missed(self, gap: Gap) -> None:
        self.gaps.append(gap)

    def _of_bridge(self, told: Disk, source: str) -> Disk:
        """Nothing but the USB bridge answered: its name and serial are not the disk's, which stays unknown."""
        bridge = " ".join(filter(None, (told.maker, told.model))) or self.disk.model
        if self.disk.removable and told.health.is_available is False:
            detail = "no SMART over USB: the bridge or stick answers for itself"
            self.gaps.append(Gap(path="health", source=source, why="absent", detail=detail))
        return Disk(
            name=told.name,
            bridge=bridge,
            logical_sector_bytes=told.logical_sector_bytes,
            health=Health(is_available=False, exit_bits=told.health.exit_bits),
        )

    def _compare_size(self, told: int | None, source: str) -> None:
        ours = self.disk.size_bytes
        if told and ours and abs(told - ours) * 1000 > max(told, ours) * _SIZES_APART_PERMILLE:
            detail = f"kernel: {ours}; smartctl: {told}"
            self.gaps.append(Gap(path="size_bytes", source=source, why="conflict", detail=detail))

    def settled(self) -> Disk:
        disk = self.disk
        native, sector, size = disk.native_sectors, disk.logical_sector_bytes, disk.size_bytes
        # Without the kernel's word: a disk on one of these buses is inside, one behind a USB bridge is not.
        removable = {"sata": False, "ide": False, "nvme": False, "sas": False, "usb": True}.get(disk.transport or "")
        hidden = native * sector - size if native and sector and size else None
        return msgspec.structs.replace(
            disk,
            identity=identity_of(disk.serial, disk.wwn, disk.model, disk.size_bytes),
            removable=disk.removable if disk.removable is not None else removable,
            hidden_bytes=hidden if hidden is not None and hidden >= 0 else None,
        )


def _is_same_model(told: str | None, kernels: str | None) -> bool:
    """The kernel's name of a SCSI or USB disk has 16 characters at most, and may have lost the maker's."""
    if not told or not kernels:
        return True
    return kernels.casefold() in told.casefold() or told.casefold() in kernels.casefold()


def filled(best: Disk, other: Disk) -> Disk:
    fields = {field: value for field, value in _known(other).items() if getattr(best, field) is None}
    health = {
        field: getattr(other.health, field)
        for field in best.health.__struct_fields__
        if getattr(best.health, field) in (None, ()) and getattr(other.health, field) not in (None, ())
    }
    return msgspec.structs.replace(best, **fields, health=msgspec.structs.replace(best.health, **health))


def _known(disk: Disk) -> dict[str, Any]:
    """What is known of a disk, without its name and health."""
    return {
        field: value
        for field in disk.__struct_fields__
        if field not in ("name", "health") and (value := getattr(disk, field)) is not None
    }
