"""Graphics processors: PCI class 03."""

from agent.facts import Gpu
from agent.host import Host
from agent.probes import Findings, pci


def probe(host: Host) -> Findings:
    findings = Findings()
    found, source, gaps = pci.devices(host)
    for gap in gaps:
        findings.missed("gpus", gap.source, gap.why, gap.detail)
    if found is None:
        return findings
    gpus = tuple(
        Gpu(
            address=device.address,
            vendor_id=device.vendor_id,
            device_id=device.device_id,
            vendor=device.vendor,
            model=device.model,
            driver=device.driver,
        )
        for device in found
        if (device.class_code or "").startswith("03")
    )
    findings.found("gpus", gpus, source)
    return findings
