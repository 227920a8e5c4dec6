"""Disks that are plugged in and do not answer: their link is up, and the kernel found no device at its end.

What died is most often the disk's electronics; its platters or chips still hold everything. Sources: the kernel's
sysfs-ata (ABI/testing), drivers/scsi/scsi_transport_sas.c.
"""

import re
from collections.abc import Iterator

from agent.facts import HiddenStorage
from agent.host import Host

_ATA, _PHY, _ENDS = "/sys/class/ata_link", "/sys/class/sas_phy", "/sys/class/sas_device"


def silent_disks(host: Host) -> tuple[HiddenStorage, ...]:
    """One hint for each link that is up and leads to nothing. Nothing is asked of any device."""
    return (*_on_sata(host), *_on_sas(host))


def _hint(where: str, evidence: str) -> HiddenStorage:
    return HiddenStorage(kind="silent-disk", evidence=evidence, controller=where)


def _on_sata(host: Host) -> Iterator[HiddenStorage]:
    links = host.names(_ATA)
    for link in links:
        speed = (host.text(f"{_ATA}/{link}/sata_spd") or "").strip()
        port = re.search(r"(/sys/.*/(ata\d+))/", host.resolve(f"{_ATA}/{link}") or "")
        is_multiplied = any(other.startswith(f"{link}.") for other in links)  # up without any disk: its own links tell
        if "Gbps" in speed and port and not is_multiplied and not _has_device(host, link, port[1]):
            where = link.replace("link", "ata")
            yield _hint(where, f"SATA link {where} up at {speed}, no device behind it")


def _has_device(host: Host, link: str, port: str) -> bool:
    """A target; at a multiplier's link ("link3.1") one of that channel, or the enclosure's own processor."""
    if not any(host.walk(f"{port}/host*")):
        return True  # behind a SAS controller, where targets are laid out otherwise
    channel = link.partition(".")[2] or "*"
    classes = host.walk(f"{_ATA}/{link}/device/dev*/ata_device/dev*/class")
    return any(host.walk(f"{port}/host*/target*:{channel}:*")) or "semb" in {
        (host.text(path) or "").strip() for path in classes
    }


def _on_sas(host: Host) -> Iterator[HiddenStorage]:
    for phy in host.names(_PHY):
        if phy.count(":") > 1:
            continue  # an expander's: those that lead up to the controller have no port with some drivers (mpt3sas)
        rate = (host.text(f"{_PHY}/{phy}/negotiated_linkrate") or "").strip()
        if re.match(r"\d+\.\d+ Gbit", rate) and not host.exists(f"{_PHY}/{phy}/device/port"):
            yield _hint(phy, f"SAS link {phy} up at {rate}, no device behind it")
    for end in host.names(_ENDS):
        if not end.startswith("end_device-"):
            continue  # expanders
        is_target = re.search(r"ssp|stp|sata", host.text(f"{_ENDS}/{end}/target_port_protocols") or "")
        if is_target and not any(host.walk(f"{_ENDS}/{end}/device/target*")):
            yield _hint(end, f"SAS device {end} without a disk behind it")
