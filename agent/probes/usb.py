"""USB devices: what is plugged in or built in (cameras, fingerprint readers, Bluetooth), without hubs.

Names and numbers only: a USB serial number would tell one owner's key from another's.
"""

import re
from collections.abc import Iterator

from agent.facts import Device, Fact
from agent.host import Host
from agent.probes import Findings
from agent.probes.id_names import USB_FILES, IdNames, load
from agent.probes.pci import driver_of
from agent.text import clean, meant

FOLDER = "/sys/bus/usb/devices"
_HUB_CLASS = "09"
_SERIAL = re.compile(r"(?=(?:[^\d]*\d){6})(?=.*[A-Z])[0-9A-Z-]{14,}")  # one word of capitals and many digits
_ROOT_HUB_VENDOR = "1d6b"  # the Linux Foundation: the kernel's own root hubs


class UsbDevice(Fact, frozen=True, kw_only=True):
    """One USB device and the class triples of its interfaces ("0e0100"), with the driver of each."""

    name: str  # "1-1.6"
    vendor_id: str | None = None
    product_id: str | None = None
    maker: str | None = None
    product: str | None = None
    device_class: str | None = None
    interfaces: tuple[tuple[str, str | None], ...] = ()

    @property
    def driver(self) -> str | None:
        return next((driver for _, driver in self.interfaces if driver and driver != "usb"), None)

    def has_interface(self, code: str) -> bool:
        return any(triple.startswith(code) for triple, _ in self.interfaces)


def devices(host: Host) -> tuple[tuple[UsbDevice, ...] | None, str]:
    """All devices but hubs; None when no source tells."""
    return host.once(FOLDER, _devices)


def _devices(host: Host) -> tuple[tuple[UsbDevice, ...] | None, str]:
    if names := host.names(FOLDER):
        known = load(host, USB_FILES)
        found = (_device(host, name, names, known) for name in names if ":" not in name)
        return tuple(device for device in found if device and not _is_hub(device)), FOLDER
    for output in host.outputs("lsusb"):
        if listed := tuple(parse_lsusb(output.text)):
            return tuple(device for device in listed if not _is_hub(device)), output.source
    return ((), FOLDER) if host.exists(FOLDER) else (None, FOLDER)


def probe(host: Host) -> Findings:
    findings = Findings()
    found, source = devices(host)
    if found is None:
        findings.missed("usb", source, "absent", "no source tells of USB devices")
    else:
        findings.found("usb", tuple(told(device) for device in found), source)
    return findings


def told(device: UsbDevice) -> Device:
    return Device(
        name=device.name,
        maker=device.maker,
        model=device.product,
        driver=device.driver,
        vendor_id=device.vendor_id,
        product_id=device.product_id,
    )


def _device(host: Host, name: str, names: tuple[str, ...], known: IdNames) -> UsbDevice | None:
    place = f"{FOLDER}/{name}"
    vendor_id = (host.text(f"{place}/idVendor") or "").strip().lower()
    product_id = (host.text(f"{place}/idProduct") or "").strip().lower()
    if not vendor_id:
        return None
    interfaces = []
    for interface in names:
        if interface.startswith(f"{name}:"):
            at = f"{FOLDER}/{interface}"
            parts = [host.text(f"{at}/bInterface{part}") or "" for part in ("Class", "SubClass", "Protocol")]
            interfaces.append(("".join(part.strip().lower() for part in parts), driver_of(host, at)))
    return UsbDevice(
        name=clean(name),
        vendor_id=vendor_id[:4],
        product_id=product_id[:4] or None,
        maker=_said(host.text(f"{place}/manufacturer")) or known.vendor(vendor_id),
        product=_said(host.text(f"{place}/product")) or known.device(vendor_id, product_id),
        device_class=(host.text(f"{place}/bDeviceClass") or "").strip().lower() or None,
        interfaces=tuple(interfaces),
    )


def _said(text: str | None) -> str | None:
    """What a device calls itself, unless it is a serial number: many webcams give their part's own as the maker."""
    told = meant(text)
    return None if told and _SERIAL.fullmatch(told) else told


def _is_hub(device: UsbDevice) -> bool:
    if device.device_class is not None:
        return device.device_class == _HUB_CLASS
    is_called_hub = re.search(r"\bhub\b", device.product or "", re.IGNORECASE) is not None
    return device.vendor_id == _ROOT_HUB_VENDOR or is_called_hub


_LSUSB = re.compile(r"(?m)^Bus (\d{3}) Device (\d{3}): ID ([0-9a-f]{4}):([0-9a-f]{4})(?: (.*))?$")
_VERBOSE_CLASS = re.compile(
    r"bInterfaceClass\s+(\d+).*\n\s+bInterfaceSubClass\s+(\d+).*\n\s+bInterfaceProtocol\s+(\d+)"
)


def parse_lsusb(text: str) -> Iterator[UsbDevice]:
    """Devices of `lsusb` or `lsusb -v`; only -v tells classes."""
    matches = list(_LSUSB.finditer(text))
    for place, match in enumerate(matches):
        body = text[match.end() : matches[place + 1].start() if place + 1 < len(matches) else len(text)]
        bus, number, vendor_id, product_id, name = match.groups()
        device_class = re.search(r"bDeviceClass\s+(\d+)", body)
        maker = re.search(r"(?m)^\s+idVendor\s+0x[0-9a-f]{4} (\S.*)$", body)
        product = re.search(r"(?m)^\s+idProduct\s+0x[0-9a-f]{4} (\S.*)$", body)
        yield UsbDevice(
            name=f"{bus}:{number}",
            vendor_id=vendor_id,
            product_id=product_id,
            maker=meant(maker[1]) if maker else None,
            product=meant(product[1]) if product else meant(name),
            device_class=f"{int(device_class[1]):02x}" if device_class else None,
            interfaces=tuple(
                ("".join(f"{int(number):02x}" for number in triple), None) for triple in _VERBOSE_CLASS.findall(body)
            ),
        )
