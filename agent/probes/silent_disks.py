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
    for link in host.names(_ATA):
        speed = (host.text(f"{_ATA}/{link}/sata_spd") or "").strip()
        port = re.search(r"(/sys/.*/(ata\d+))/", host.resolve(f"{_ATA}/{link}") or "")
        if "Gbps" in speed and port and not any(host.walk(f"{port[1]}/host*/target*")):
            yield _hint(port[2], f"SATA link {port[2]} up at {speed}, no device behind it")


def _on_sas(host: Host) -> Iterator[HiddenStorage]:
    for phy in host.names(_PHY):
        rate = (host.text(f"{_PHY}/{phy}/negotiated_linkrate") or "").strip()
        if re.match(r"\d+\.\d+ Gbit", rate) and not host.exists(f"{_PHY}/{phy}/device/port"):
            yield _hint(phy, f"SAS link {phy} up at {rate}, no device behind it")
    for end in host.names(_ENDS):
        if not end.startswith("end_device-"):
            continue  # expanders
        is_target = re.search(r"ssp|stp|sata", host.text(f"{_ENDS}/{end}/target_port_protocols") or "")
        if is_target and not any(host.walk(f"{_ENDS}/{end}/device/target*")):
            yield _hint(end, f"SAS device {end} without a disk behind it")
