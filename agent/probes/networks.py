"""Network interfaces: wired, Wi-Fi, Bluetooth, modem; also the controllers that no driver took.

A hardware address leaves this module only as a keyed hash; names of networks and hosts are never read.
"""

import hmac
import re
from typing import Literal

import msgspec

from agent.facts import Gap, Network
from agent.host import Host
from agent.probes import Findings, pci, usb
from agent.probes.pci_text import PciDevice
from agent.probes.usb import UsbDevice
from agent.text import clean, whole

FOLDER = "/sys/class/net"
_BLUETOOTH = "/sys/class/bluetooth"
_USB_BLUETOOTH = "e00101"  # https://www.usb.org/defined-class-codes
_WIRELESS_NAME = re.compile(
    r"wireless|wi-?fi|wlan|802\.11|airport|centrino|dual band|tri-?band|QCA6174|\bAX2\d\d\b|\bBE200\b", re.IGNORECASE
)
_USB_PLACE = re.compile(r"\d+-\d+(?:\.\d+)*(?=[:/]|$)")
_ETHERNET, _RAW_IP = "1", "65534"  # ARPHRD_ETHER, ARPHRD_NONE


def probe(host: Host, mac_key: bytes | None) -> Findings:
    """Section "networks". Without `mac_key` no address is hashed: an unkeyed hash of 48 bits can be reversed."""
    findings = Findings()
    cards, source, gaps = pci.devices(host)
    plugged, usb_source = usb.devices(host)
    has_sysfs = host.exists(FOLDER)
    if cards is None and plugged is None and not has_sysfs:
        findings.missed("networks", FOLDER, "absent", "no source tells of network devices")
        return findings
    if cards is not None or not has_sysfs:  # a kernel without PCI is no gap where it lists its interfaces
        findings.gaps += [Gap(path="networks", source=gap.source, why=gap.why, detail=gap.detail) for gap in gaps]
    found, used = _interfaces(host, mac_key, cards or (), plugged or (), findings)
    for card in cards or ():
        if card.address not in used and (network := _card(card)):
            if has_sysfs and network.has_driver:
                detail = (
                    f"{network.driver} holds {card.address} but made no interface: firmware missing, or switched off"
                )
                findings.missed(f"networks[{len(found)}].name", FOLDER, "absent", detail)
            found.append(network)
    found += _bluetooth(host, mac_key, plugged or ())
    where = FOLDER if has_sysfs else source if cards is not None else usb_source
    findings.found("networks", tuple(found), where)
    return findings


def _interfaces(
    host: Host, mac_key: bytes | None, cards: tuple[PciDevice, ...], plugged: tuple[UsbDevice, ...], findings: Findings
) -> tuple[list[Network], set[str]]:
    """Interfaces with hardware behind them, and the PCI addresses they hang on."""
    found: list[Network] = []
    used: set[str] = set()
    by_address = {card.address: card for card in cards}
    by_name = {device.name: device for device in plugged}
    for name in host.names(FOLDER):
        place = f"{FOLDER}/{name}"
        if name == "lo" or host.link(f"{place}/device") is None:  # bridges, tunnels, ifb: no hardware
            continue
        kind = _kind(host, place)
        if kind is None:
            continue
        behind = host.resolve(f"{place}/device") or ""
        usb_places = _USB_PLACE.findall(behind) if "/usb" in behind else []
        card = None if usb_places else by_address.get(pci.address_in(behind) or "")
        device = by_name.get(usb_places[-1]) if usb_places else None
        if card:
            used.add(card.address)
        driver = pci.driver_of(host, f"{place}/device")
        speed = whole(host.text(f"{place}/speed"))
        network = Network(
            kind=kind,
            name=_without_address(name),
            vendor=card.vendor if card else device.maker if device else None,
            model=card.model if card else device.product if device else None,
            driver=driver,
            has_driver=True,  # without one there is no interface
            speed_mbps=speed if speed and 0 < speed < 1_000_000 else None,  # -1 and 2**32-1: no link
            has_link={"1": True, "0": False}.get((host.text(f"{place}/carrier") or "").strip()),
        )
        found.append(_with_hash(host, network, place, mac_key, f"networks[{len(found)}]", findings))
    return found, used


def _kind(host: Host, place: str) -> Literal["wired", "wifi", "modem"] | None:
    """None for what is no network a family would use (CAN, InfiniBand, FireWire)."""
    if host.exists(f"{place}/phy80211") or host.exists(f"{place}/wireless"):
        return "wifi"
    uevent = host.text(f"{place}/uevent") or ""
    if "DEVTYPE=wlan" in uevent:
        return "wifi"
    if "DEVTYPE=wwan" in uevent or "DEVTYPE=wimax" in uevent:
        return "modem"
    if "DEVTYPE=bluetooth" in uevent:
        return None
    link_type = (host.text(f"{place}/type") or _ETHERNET).strip()
    return {_ETHERNET: "wired", _RAW_IP: "modem"}.get(link_type)  # type: ignore[return-value] # literals as listed


def _without_address(name: str) -> str:
    """ "enx" for "enx0011…": udev names USB adapters after their address, which must not leave this module."""
    return re.sub(r"^([a-z]+?)([0-9a-f]{12})$", r"\1", clean(name))


def _with_hash(
    host: Host, network: Network, place: str, mac_key: bytes | None, path: str, findings: Findings
) -> Network:
    if mac_key is None:
        return network
    # A Wi-Fi chip keeps its factory address here whatever randomisation does to the interface.
    told = host.text(f"{place}/phy80211/macaddress")
    if told is None:
        assigned = (host.text(f"{place}/addr_assign_type") or "0").strip()
        if assigned != "0":  # https://docs.kernel.org/admin-guide/abi-testing.html: 1 random, 2 stolen, 3 set
            findings.missed(f"{path}.mac_hash", f"{place}/addr_assign_type", "placeholder", "not the factory address")
            return network
        told = host.text(f"{place}/address")
    return msgspec.structs.replace(network, mac_hash=mac_hash(mac_key, told))


def mac_hash(key: bytes, mac: str | None) -> str | None:
    """HMAC-SHA-256 of the address's twelve lower-case digits, cut to 16; None for no, zero or broadcast address."""
    digits = re.sub(r"[^0-9a-f]", "", (mac or "").lower())
    if len(digits) != 12 or len(set(digits)) == 1 and digits[0] in "0f":
        return None
    return hmac.new(key, digits.encode(), "sha256").hexdigest()[:16]


def _card(card: PciDevice) -> Network | None:
    """A PCI network controller that shows no interface, or one that only a text names."""
    code = card.class_code or ""
    name = f"{card.vendor or ''} {card.model or ''}"
    kind: Literal["wired", "wifi", "bluetooth", "modem"]
    if code in ("0200", "0280"):
        # 0280 is "other network controller": Wi-Fi, but for a few virtual cards; some Atheros Wi-Fi says 0200.
        kind = "wifi" if code == "0280" or _WIRELESS_NAME.search(name) else "wired"
    elif code == "0680" and re.search(r"\bEthernet\b", card.model or ""):
        kind = "wired"  # nForce boards of 2003 to 2010 call their network controller a bridge
    elif code == "0d80" and _WIRELESS_NAME.search(name):
        kind = "wifi"
    elif code == "0d11":
        kind = "bluetooth"
    else:
        return None
    return Network(kind=kind, vendor=card.vendor, model=card.model, driver=card.driver, has_driver=card.is_bound)


def _bluetooth(host: Host, mac_key: bytes | None, plugged: tuple[UsbDevice, ...]) -> list[Network]:
    """Bluetooth adapters: those the kernel runs, then USB ones (class e0/01/01) that no driver took."""
    found = []
    used = set()
    by_name = {device.name: device for device in plugged}
    for name in host.names(_BLUETOOTH):
        if not re.fullmatch(r"hci\d+", name):  # "hci0:42" is a connection
            continue
        place = f"{_BLUETOOTH}/{name}"
        real = host.resolve(f"{place}/device") or host.resolve(place) or ""
        usb_places = _USB_PLACE.findall(real) if "/usb" in real else []
        device = by_name.get(usb_places[-1]) if usb_places else None
        used.update(usb_places)
        found.append(
            Network(
                kind="bluetooth",
                name=name,
                vendor=device.maker if device else None,
                model=device.product if device else None,
                driver=pci.driver_of(host, f"{place}/device") or (device.driver if device else None),
                has_driver=True,
                mac_hash=mac_hash(mac_key, host.text(f"{place}/address")) if mac_key else None,
            )
        )
    for device in plugged:
        is_bluetooth = device.has_interface(_USB_BLUETOOTH) or "bluetooth" in (device.product or "").casefold()
        if is_bluetooth and device.name not in used:
            knows_drivers = bool(device.interfaces) and device.device_class is not None and ":" not in device.name
            found.append(
                Network(
                    kind="bluetooth",
                    vendor=device.maker,
                    model=device.product,
                    driver=device.driver,
                    has_driver=bool(device.driver) if knows_drivers else None,
                )
            )
    return found
