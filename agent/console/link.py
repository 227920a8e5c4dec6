"""Is this PC on a network at all: a cable or a Wi-Fi that is up, none, or no card that Linux could use."""

from typing import Literal

from agent.host import Host

Link = Literal["up", "down", "no card"]
_FOLDER = "/sys/class/net"
SENTENCES: dict[Link, tuple[str, str]] = {
    "down": (
        "Aucun réseau : branchez le câble du réseau dans ce PC. Les fiches partiront toutes seules.",
        "No network: plug the network cable into this PC. The records will leave by themselves.",
    ),
    "no card": (
        "Linux ne voit aucune carte réseau dans ce PC : branchez un adaptateur réseau USB. Les fiches attendent.",
        "Linux sees no network card in this PC: plug in a USB network adapter. The records wait.",
    ),
}


def link(host: Host) -> Link:
    cards = [name for name in host.names(_FOLDER) if host.exists(f"{_FOLDER}/{name}/device")]
    if any(host.text(f"{_FOLDER}/{name}/carrier") == "1" for name in cards):  # unreadable where the card is off
        return "up"
    return "down" if cards else "no card"
