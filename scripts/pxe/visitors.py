"""Which PC has come how far, from what dnsmasq says and what our web server hands out: one line for each step."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"dnsmasq-(?:dhcp|tftp)\[\d+\]: (?:(\d+) )?(.*)")
_ASKS = re.compile(
    r"(?:PXE|DHCPDISCOVER|DHCPREQUEST|DHCPACK)\([^)]*\) (?:([\d.]+) )?((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\b"
)
_CLASS = re.compile(r"vendor class: (PXEClient|HTTPClient):Arch:(\d{5})")
_FULL = re.compile(r"DHCPDISCOVER\([^)]*\) ((?:[0-9a-f]{2}:){5}[0-9a-f]{2}) no address available")
_SENT = re.compile(r"sent \S*/([\w.]+) to ([\d.]+)$")
_FIRMWARE = {"00000": "BIOS", "00006": "UEFI 32 bits", "00007": "UEFI", "00009": "UEFI", "00016": "UEFI HTTP"}
STAGES = {  # what was handed out → what the PC is doing, French and English
    "grubpc.0": ("chargeur", "boot loader"),
    "bootx64.efi": ("chargeur", "boot loader"),
    "grub.cfg": ("menu", "menu"),
    "vmlinuz": ("noyau", "kernel"),
    "rebond.img…": ("reçoit le système", "is sent the system"),
    "rebond.img": ("démarre", "starts"),
    "settings.yaml": ("Rebond tourne, réglages lus", "Rebond runs, settings read"),
}
_LOOKS = ("cherche à démarrer", "looks for something to boot")
_NOT_HERE = ("UEFI 32 bits : pas par le réseau, prenez une clé", "32-bit UEFI: not over the network, use a stick")
_NO_ADDRESS = (
    "n'a pas d'adresse : élargissez --dhcp, deux adresses par PC",
    "gets no address: widen --dhcp, two addresses for each PC",
)
PCS_MOST = 4096
Tell = Callable[[str, str, str, tuple[str, str]], None]


@dataclass(slots=True)
class _Pc:
    firmware: str = ""
    stage: tuple[str, str] = ("", "")


class Visitors:
    """`tell(mac, address, firmware, (French, English))` is called once for each new step of a PC."""

    def __init__(self, tell: Tell, arp: Path = Path("/proc/net/arp")) -> None:
        self._tell, self._arp = tell, arp
        self._pcs: dict[str, _Pc] = {}
        self._addresses: dict[str, str] = {}  # IPv4 → MAC
        self._asking: dict[str, str] = {}  # number of a DHCP exchange → firmware
        self._lock = threading.Lock()

    def hear(self, line: str) -> None:
        """One line of dnsmasq's log."""
        found = _LINE.match(line)
        if found is None:
            return
        number, said = found[1] or "", found[2]
        if kind := _CLASS.match(said):
            if len(self._asking) > PCS_MOST:
                self._asking.clear()
            self._asking[number] = _FIRMWARE.get(kind[2], f"arch {int(kind[2])}")
        elif sent := _SENT.match(said):
            self.took(sent[2], sent[1])
        elif full := _FULL.match(said):
            self._step(full[1], "", _NO_ADDRESS)
        elif asks := _ASKS.match(said):
            if asks[1]:
                self._addresses[asks[1]] = asks[2]
            firmware = self._asking.get(number, "")
            if said.startswith(("PXE(", "DHCPDISCOVER(")) and (firmware or said.startswith("PXE(")):
                self._step(asks[2], "", _NOT_HERE if firmware == "UEFI 32 bits" else _LOOKS, firmware)

    def took(self, address: str, name: str) -> None:
        """The PC at this address was handed this file ("rebond.img…": it has begun to take it)."""
        stage = STAGES.get(name.rpartition("/")[2])
        if stage is not None:
            self._step(self._addresses.get(address) or self._neighbour(address) or address, address, stage)

    def _step(self, mac: str, address: str, stage: tuple[str, str], firmware: str = "") -> None:
        with self._lock:
            if len(self._pcs) > PCS_MOST:
                self._pcs.clear()
            pc = self._pcs.setdefault(mac, _Pc())
            pc.firmware = firmware or pc.firmware
            is_new, pc.stage = pc.stage != stage, stage
        if is_new:
            self._tell(mac, address, pc.firmware, stage)

    def _neighbour(self, address: str) -> str | None:
        """The MAC that the kernel knows behind an address another server gave."""
        try:
            lines = self._arp.read_text().splitlines()[1:]
        except OSError:
            return None
        known = {words[0]: words[3] for line in lines if len(words := line.split()) > 3}
        mac = known.get(address)
        return None if mac == "00:00:00:00:00:00" else mac
