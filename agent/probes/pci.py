"""Every PCI device, once, for the probes of graphics, networks, sound and hidden storage.

/sys first; where there is none, the lspci or pciconf text of a capture.
"""

import re

from agent.facts import Gap
from agent.host import Host
from agent.probes.id_names import PCI_FILES, IdNames, load
from agent.probes.pci_text import PciDevice, parse_lspci, parse_pciconf
from agent.text import clean

FOLDER = "/sys/bus/pci/devices"
ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


def devices(host: Host) -> tuple[tuple[PciDevice, ...] | None, str, tuple[Gap, ...]]:
    """All devices (None when no source tells), the source's name, and gaps under the path ""."""
    return host.once(FOLDER, _devices)


def _devices(host: Host) -> tuple[tuple[PciDevice, ...] | None, str, tuple[Gap, ...]]:
    if names := host.names(FOLDER):
        known = load(host, PCI_FILES)
        found = tuple(device for name in names if (device := _device(host, name, known)))
        gap = Gap(path="", source=PCI_FILES[0], why="absent", detail="no list of PCI names: numbers only")
        return found, FOLDER, () if known else (gap,)
    for program, parse in (("lspci", parse_lspci), ("pciconf", parse_pciconf)):
        answers = [(parse(output.text), output.source) for output in host.outputs(program)]
        best = max(answers, key=lambda answer: _richness(answer[0]), default=((), ""))
        if best[0]:
            return best[0], best[1], ()
    if host.exists(FOLDER):  # a kernel with PCI on a board without any
        return (), FOLDER, ()
    return None, FOLDER, (Gap(path="", source=FOLDER, why="absent", detail="no source tells of PCI devices"),)


def _richness(found: tuple[PciDevice, ...]) -> tuple[int, int]:
    """Of several texts of one PC, prefer the one with most devices, then with most fields."""
    fields = ("class_code", "vendor_id", "device_id", "model", "is_bound")
    return len(found), sum(getattr(device, field) is not None for device in found for field in fields)


def _device(host: Host, address: str, known: IdNames) -> PciDevice | None:
    place = f"{FOLDER}/{address}"
    # One file holds the driver, class and ids; the single files serve captures that kept only them.
    pairs = (line.partition("=") for line in (host.text(f"{place}/uevent") or "").splitlines())
    values = {key: value.strip().lower() for key, _, value in pairs}
    vendor_id, _, device_id = values.get("PCI_ID", "").partition(":")
    vendor_id = vendor_id or _hex(host.text(f"{place}/vendor"), 4) or ""
    device_id = device_id or _hex(host.text(f"{place}/device"), 4) or ""
    class_code = values.get("PCI_CLASS") or _hex(host.text(f"{place}/class"), 6)
    if not (vendor_id or class_code):
        return None
    driver = driver_of(host, place)
    return PciDevice(
        address=address,
        class_code=class_code.zfill(6)[:4] if class_code else None,
        vendor_id=vendor_id or None,
        device_id=device_id or None,
        vendor=known.vendor(vendor_id),
        model=known.device(vendor_id, device_id),
        driver=driver or clean(values.get("DRIVER", "")) or None,
        is_bound=bool(driver or values.get("DRIVER")),
    )


def _hex(text: str | None, digits: int) -> str | None:
    match = re.fullmatch(rf"(?:0x)?([0-9a-f]{{1,{digits}}})", (text or "").strip().lower())
    return match[1].zfill(digits) if match else None


def driver_of(host: Host, place: str) -> str | None:
    """The name of the driver bound to the device at this /sys folder."""
    target = host.link(f"{place}/driver")
    if target is None:
        return None
    return clean(target.rpartition("/")[2]) or None


def address_in(path: str) -> str | None:
    """The last PCI address on a /sys/devices path: the function that a block device or interface hangs on."""
    addresses = ADDRESS.findall(path)
    return addresses[-1] if addresses else None
