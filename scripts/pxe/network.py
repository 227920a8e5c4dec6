"""The network cable that PCs will boot from: its address, who answers DHCP on it already, which ports are free."""

import errno
import ipaddress
import os
import select
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path

DISCOVER, OFFER = 1, 2
_MAGIC = b"\x63\x82\x53\x63"
_ETH_P_IP = 0x0800
_BROADCAST_MAC = b"\xff" * 6
_BOOTREPLY, _BROADCAST_FLAG = 2, 0x8000
# RFC 4578: what a PC's network card calls itself as it looks for something to boot.
_PXE_CLASS = b"PXEClient:Arch:00000:UNDI:002001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    name: str
    mac: bytes
    address: ipaddress.IPv4Interface
    has_cable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An answer to DHCPDISCOVER: with an address it is a full server, else one that only tells what to boot."""

    server: str
    gives_address: bool
    gives_boot: bool


class NoInterface(Exception):
    """Not there, or without an IPv4 address."""


def find_interface(name: str) -> Interface:
    import psutil

    found = psutil.net_if_addrs().get(name)
    if found is None:
        raise NoInterface("absent")
    for one in found:
        if one.family == socket.AF_INET and one.netmask:
            return Interface(
                name=name,
                mac=bytes.fromhex(_text(f"/sys/class/net/{name}/address").replace(":", "")),
                address=ipaddress.IPv4Interface(f"{one.address}/{one.netmask}"),
                has_cable=_text(f"/sys/class/net/{name}/carrier") == "1",
            )
    raise NoInterface("no address")


def interfaces() -> list[str]:
    return sorted(path.name for path in Path("/sys/class/net").iterdir() if path.name != "lo")


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:  # an interface that is down has no carrier to tell
        return ""


def taken_ports(interface: Interface, *, with_proxy: bool, http_port: int) -> list[str]:
    """Which of the ports we need somebody else has on this interface: "UDP 67"."""
    taken = [f"UDP {port}" for port in (67, 69, *((4011,) if with_proxy else ())) if not _is_free_udp(interface, port)]
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((str(interface.address.ip), http_port))
            trial.listen(1)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            taken.append(f"TCP {http_port}")
    return taken


def _is_free_udp(interface: Interface, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        # Bound to the interface as dnsmasq binds: a server on another interface of this computer is no hindrance.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.name.encode())
        try:
            trial.bind(("", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True


# --- who answers DHCP -------------------------------------------------------------------------------------------------


def listen_for_offers(interface: Interface, seconds: float = 4.0) -> list[Offer]:
    """Every server that would answer a PC booting here. Asks only (DISCOVER), takes no address."""
    number = os.urandom(4)
    offers: dict[str, Offer] = {}
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP)) as line:
        line.bind((interface.name, _ETH_P_IP))
        until = time.monotonic() + seconds
        ask_at = 0.0
        while (now := time.monotonic()) < until:
            if now >= ask_at:
                to = (interface.name, _ETH_P_IP, 0, 0, _BROADCAST_MAC)
                line.sendto(discover(interface.mac, number), to)
                ask_at = now + seconds / 3
            if select.select([line], [], [], min(0.3, until - now))[0]:
                offer = read_offer(line.recv(2048), number)
                if offer is not None:
                    offers[offer.server] = offer
    return [offer for offer in offers.values() if offer.server != str(interface.address.ip)]


def discover(mac: bytes, number: bytes) -> bytes:
    """An IPv4 packet from 0.0.0.0:68 to everybody's port 67."""
    bootp = struct.pack("!BBBB4sHH16x16s192x", 1, 1, 6, 0, number, 0, _BROADCAST_FLAG, mac)
    options = bytes([53, 1, DISCOVER, 60, len(_PXE_CLASS)]) + _PXE_CLASS
    options += bytes([93, 2, 0, 0, 94, 3, 1, 2, 1, 97, 17]) + bytes(17)  # a BIOS, its UNDI, a machine without a number
    options += bytes([55, 6, 1, 3, 43, 60, 66, 67, 255])
    payload = bootp + _MAGIC + options
    udp = struct.pack("!HHHH", 68, 67, 8 + len(payload), 0) + payload
    nobody, everybody = bytes(4), b"\xff" * 4
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0, nobody, everybody)
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + udp


def _checksum(head: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(head) // 2}H", head))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def read_offer(packet: bytes, number: bytes) -> Offer | None:
    """The offer in an IPv4 packet, if it answers our DISCOVER."""
    head_bytes = (packet[0] & 0x0F) * 4 if packet else 0
    if head_bytes < 20 or len(packet) < head_bytes + 8 + 240 or packet[9] != socket.IPPROTO_UDP:
        return None
    from_port, to_port = struct.unpack("!HH", packet[head_bytes : head_bytes + 4])
    bootp = packet[head_bytes + 8 :]
    if (from_port, to_port, bootp[0]) != (67, 68, _BOOTREPLY) or bootp[4:8] != number or bootp[236:240] != _MAGIC:
        return None
    options = _options(bootp[240:])
    if options.get(53) != bytes([OFFER]):
        return None
    server = options.get(54, packet[12:16])
    return Offer(
        server=".".join(map(str, server[:4])),
        gives_address=any(bootp[16:20]),
        gives_boot=bool(bootp[108:236].strip(b"\0") or 67 in options or options.get(60, b"").startswith(b"PXEClient")),
    )


def _options(raw: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 1 < len(raw) and raw[at] != 255:
        if raw[at] == 0:
            at += 1
            continue
        found[raw[at]] = raw[at + 2 : at + 2 + raw[at + 1]]
        at += 2 + raw[at + 1]
    return found
