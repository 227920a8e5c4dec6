"""Devices that do not work because this kernel did not find their firmware file, by what its log says.

Many drivers ask for several files and need one, or none: a device that works is left out whatever was asked for it.
"""

import re
from typing import Literal

from agent.facts import MissingFirmware
from agent.host import Host
from agent.probes import Findings, pci
from agent.probes.pci_text import PciDevice
from agent.text import clean

_ASKED = ("dmesg", "-t")
_FILES_MOST = 40
# drivers/base/firmware_loader/main.c, and what Debian's kernel says in its place.
_FAILED = re.compile(
    r"^(?:<\d+>)?(?:\[ *[\d.]+\] )?(?P<driver>\S+) (?P<device>[\w:.-]+): "
    r"(?:Direct firmware load for|firmware: failed to load) (?P<file>\S+)",
    re.MULTILINE,
)
_BLUETOOTH = re.compile(r"hci\d+$")
Kind = Literal["wifi", "wired", "graphics", "sound", "bluetooth", "other"]


def parse_log(text: str) -> dict[str, tuple[str, str]]:
    """Device as the kernel names it ("0000:02:00.0", "hci0") → its driver and the last file it asked for in vain."""
    found = {match["device"]: (match["driver"], match["file"]) for match in _FAILED.finditer(text)}
    return dict(list(found.items())[:_FILES_MOST])


def probe(host: Host) -> Findings:
    """Section "missing_firmware"."""
    findings = Findings()
    answer = host.run(*_ASKED)
    if answer.status != 0:
        why = answer.why or "refused"  # some kernels show their log to root alone
        findings.missed("missing_firmware", answer.source, why, "the kernel's log could not be read")
        return findings
    cards = {card.address: card for card in pci.devices(host)[0] or ()}
    found = []
    for device, (_, file) in parse_log(answer.text).items():
        card = cards.get(device)
        if card is None and not _BLUETOOTH.match(device) or card is not None and _works(host, card):
            continue
        kind: Kind = "bluetooth" if card is None else _kind(card)
        name = clean(" ".join(filter(None, (card.vendor, card.model)))) if card is not None else ""
        evidence = f"{name or device}: {clean(file, 80)}"
        found.append(MissingFirmware(kind=kind, device=name or None, file=clean(file, 80), evidence=evidence))
    findings.found("missing_firmware", tuple(found), answer.source)
    return findings


def _kind(card: PciDevice) -> Kind:
    code = card.class_code or ""
    named: dict[str, Kind] = {"0280": "wifi", "0200": "wired", "0d11": "bluetooth"}
    return named.get(code) or ("graphics" if code[:2] == "03" else "sound" if code[:2] == "04" else "other")


def _works(host: Host, card: PciDevice) -> bool:
    """What the driver makes of the device is there: an interface, a sound card; of others, that a driver holds it."""
    shown = {"02": "/sys/class/net", "04": "/sys/class/sound"}.get((card.class_code or "")[:2])
    if shown is None:
        return bool(card.is_bound)
    places = [host.resolve(f"{shown}/{name}") or "" for name in host.names(shown)]
    return any(f"/{card.address}/" in f"{place}/" for place in places)
