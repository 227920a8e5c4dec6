"""What is to be said where disks are erased while others may be there that nobody sees: those would keep their data."""

from collections.abc import Iterable

from agent.facts import HiddenStorage

_SILENT = (
    "[!] Un disque est branché mais ne répond pas : il ne sera PAS effacé. Éteignez le PC, vérifiez ses câbles ; s'il "
    "reste muet, retirez-le et détruisez-le.",
    "[!] A disk is plugged in but does not answer: it will NOT be wiped. Switch the PC off, check its cables; if it "
    "stays silent, take it out and destroy it.",
)
_HIDDEN = (
    "[!] Un disque est peut-être caché par le BIOS (mode RAID, RST ou VMD) : il ne serait PAS effacé. Mettez le "
    "stockage en AHCI dans le BIOS, puis redémarrez ce PC.",
    "[!] The BIOS may hide a disk (RAID, RST or VMD mode): it would NOT be wiped. Set storage to AHCI in the BIOS, "
    "then restart this PC.",
)


def warnings(hidden: Iterable[HiddenStorage]) -> list[tuple[str, str]]:
    """French and English; one for each cure."""
    kinds = {one.kind for one in hidden}
    told = [_SILENT] if "silent-disk" in kinds else []
    return [*told, _HIDDEN] if kinds - {"silent-disk"} else told
