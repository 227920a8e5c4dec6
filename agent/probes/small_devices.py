"""Sound cards, cameras and optical drives: devices that are only named, for the technician to try by hand."""

import re

from agent.facts import Device
from agent.host import Host
from agent.probes import Findings, pci, usb
from agent.probes.pci_text import PciDevice
from agent.probes.usb import UsbDevice
from agent.text import clean, meant

_CARDS = "/proc/asound/cards"
_SOUND = "/sys/class/sound"
_VIDEO = "/sys/class/video4linux"
_BLOCK = "/sys/block"
_CDROM = "/proc/sys/dev/cdrom/info"
_CARD_LINE = re.compile(r"(?m)^\s*(\d+) \[(\S+)\s*\]: (\S+) - (.*)$")
_AUDIO_CLASSES = ("0401", "0403")
_USB_VIDEO = "0e"  # https://www.usb.org/defined-class-codes
_CAMERA_NAME = re.compile(r"\b(web ?cam|camera|cam)\b|webcam", re.IGNORECASE)
_CAMERA_DRIVER = re.compile(r"uvcvideo|gspca|stk1160|ipu\d|intel-ipu|atomisp")


def probe(host: Host) -> Findings:
    """Sections "audio", "cameras" and "optical"."""
    findings = Findings()
    cards, pci_source, _ = pci.devices(host)
    plugged, usb_source = usb.devices(host)
    _find_audio(host, cards, pci_source, findings)
    _find_cameras(host, plugged, usb_source, findings)
    _find_optical(host, findings)
    return findings


def parse_cards(text: str) -> tuple[tuple[int, str, str, str], ...]:
    """/proc/asound/cards as (number, id, driver, name); () for "--- no soundcards ---"."""
    return tuple((int(number), card, driver, name) for number, card, driver, name in _CARD_LINE.findall(text))


def _find_audio(host: Host, cards: tuple[PciDevice, ...] | None, source: str, findings: Findings) -> None:
    text = host.text(_CARDS)
    if cards is None and text is None:
        findings.missed("audio", _CARDS, "absent", "no source tells of sound cards")
        return
    found: list[Device] = []
    used: set[str] = set()
    by_address = {card.address: card for card in cards or ()}
    for number, _, driver, name in parse_cards(text or ""):
        behind = host.resolve(f"{_SOUND}/card{number}/device") or ""
        card = None if "/usb" in behind else by_address.get(pci.address_in(behind) or "")
        if card:
            used.add(card.address)
        found.append(
            Device(
                name=f"card{number}",
                maker=card.vendor if card else None,
                model=(card.model if card else None) or meant(name),
                driver=card.driver if card and card.driver else clean(driver),
                vendor_id=card.vendor_id if card else None,
                product_id=card.device_id if card else None,
            )
        )
    # A sound card without a driver plays nothing, and is worth telling all the same.
    for card in cards or ():
        if card.class_code in _AUDIO_CLASSES and card.address not in used:
            found.append(
                Device(
                    name=card.address, maker=card.vendor, model=card.model, driver=card.driver,
                    vendor_id=card.vendor_id, product_id=card.device_id,
                )
            )  # fmt: skip
    findings.found("audio", tuple(found), _CARDS if text is not None else source)


def _find_cameras(host: Host, plugged: tuple[UsbDevice, ...] | None, source: str, findings: Findings) -> None:
    if plugged is None and not host.exists(_VIDEO):
        findings.missed("cameras", _VIDEO, "absent", "no source tells of cameras")
        return
    nodes = _video_nodes(host)
    found = []
    for device in plugged or ():
        own = {name for name, place in nodes.items() if f"/{device.name}:" in place}
        is_called_camera = not device.interfaces and _CAMERA_NAME.search(device.product or "") is not None
        if own or device.has_interface(_USB_VIDEO) or is_called_camera:
            nodes = {name: place for name, place in nodes.items() if name not in own}
            found.append(usb.told(device))
    # Cameras on the processor's own bus (IPU); codecs and TV tuners use video4linux too, and are none.
    seen: set[str] = set()
    for name, place in nodes.items():
        driver = pci.driver_of(host, f"{_VIDEO}/{name}/device") or ""
        if place not in seen and _CAMERA_DRIVER.match(driver):
            seen.add(place)
            found.append(Device(name=name, model=meant(host.text(f"{_VIDEO}/{name}/name")), driver=driver))
    findings.found("cameras", tuple(found), source if plugged is not None else _VIDEO)


def _video_nodes(host: Host) -> dict[str, str]:
    """Each videoN with the place of its device; one camera has several nodes."""
    return {name: f"{host.resolve(f'{_VIDEO}/{name}/device') or ''}/" for name in host.names(_VIDEO)}


def _find_optical(host: Host, findings: Findings) -> None:
    names = [name for name in host.names(_BLOCK) if re.fullmatch(r"sr\d+", name)]
    if host.exists(_BLOCK):
        drives = tuple(
            Device(
                name=name,
                maker=meant(host.text(f"{_BLOCK}/{name}/device/vendor")),
                model=meant(host.text(f"{_BLOCK}/{name}/device/model")),
                driver=pci.driver_of(host, f"{_BLOCK}/{name}/device"),
            )
            for name in names
        )
        findings.found("optical", drives, _BLOCK)
    elif (text := host.text(_CDROM)) is not None:
        line = re.search(r"(?m)^drive name:[ \t]*(.*)$", text)
        listed = line[1].split() if line else []
        findings.found("optical", tuple(Device(name=clean(name)) for name in sorted(listed)), _CDROM)
    else:
        findings.missed("optical", _BLOCK, "absent", "no source tells of optical drives")
