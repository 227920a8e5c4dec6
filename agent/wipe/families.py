"""Which commands reach a disk: ATA, NVMe, SCSI or MMC, by how it is connected. None: only reading and writing does.

Imported when needed: a bench of SATA disks never loads the NVMe code.
"""

from collections.abc import Mapping

from agent.erasure import Media
from agent.wipe.device import DiskError, Family
from agent.wipe.media import is_loop


def open_family(
    descriptor: int, media: Media, *, armed: bool, siblings: Mapping[int, str] | None = None, is_locked: bool = False,
    psid: str | None = None,
) -> Family | None:  # fmt: skip
    """The family that speaks to the disk behind this descriptor, or None when none does or none gets an answer.

    `armed=False`: nothing that changes the disk can be sent. `siblings`: the other namespaces of an NVMe drive, by
    number, each already found free. `psid`: as scanned, for a disk whose Opal lock is closed.
    """
    if is_loop(media.name) or media.kind == "virtual":
        return None
    is_internal = media.transport in ("sata", "ide", "nvme", "sas")
    if is_internal:
        from agent.wipe.opal import opal_status

        is_locked = is_locked or opal_status(descriptor).state == "locked"
    family = _family(descriptor, media, armed=armed, siblings=siblings or {}, is_locked=is_locked)
    if family is None or not is_internal:
        return family
    from agent.wipe.opal import WithOpal

    return WithOpal(family, descriptor, armed=armed, psid=psid, is_alone=not siblings, is_locked=is_locked)


def _family(
    descriptor: int, media: Media, *, armed: bool, siblings: Mapping[int, str], is_locked: bool
) -> Family | None:  # fmt: skip
    if media.transport in ("sata", "ide"):
        from agent.wipe.ata.family import open_ata

        return open_ata(descriptor, media, armed=armed)
    if media.transport == "usb":
        return _ata_if_it_answers(descriptor, media, armed=armed)
    if media.transport == "nvme":
        from agent.wipe.nvme.family import open_nvme

        return open_nvme(descriptor, media, armed=armed, siblings=siblings, is_locked=is_locked)
    if media.transport == "sas":
        from agent.wipe.scsi.family import open_scsi

        # A SATA disk on a SAS controller has a SAS road and speaks ATA.
        return _ata_if_it_answers(descriptor, media, armed=armed) or open_scsi(descriptor, media, armed=armed)
    if media.transport == "mmc":
        from agent.wipe.mmc.family import open_mmc

        return open_mmc(descriptor, media, armed=armed)
    return None


def _ata_if_it_answers(descriptor: int, media: Media, *, armed: bool) -> Family | None:
    """ATA through the bridge, when the disk behind it names itself; a stick, a SAS disk, an unknown bridge do not."""
    from agent.wipe.ata.family import open_ata

    family = open_ata(descriptor, media, armed=armed)
    try:
        serial, model, _ = family.identify()
    except (DiskError, OSError):
        return None
    return family if serial or model else None
