"""By which names an inventory may be called: what its pages answer to, and what its certificate says."""

import socket
from collections.abc import Sequence

from agent.inventory.settings import LOOPBACK

_EVERY_ADDRESS = ("0.0.0.0", "::")


def names_of(address: str, told: Sequence[str] = ()) -> tuple[str, ...]:
    """Loopback's names, those `told`, and this computer's own where it listens to others; "[…]" around IPv6."""
    names = [*LOOPBACK, *told]
    if address in _EVERY_ADDRESS:
        names += _addresses_here()
    else:
        names.append(address)
    if bracketed(address) not in LOOPBACK:
        name = socket.gethostname().casefold()
        names += [name, f"{name}.local"] if name.isascii() else []
    return tuple(dict.fromkeys(bracketed(name) for name in names))


def bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def _addresses_here() -> list[str]:
    import psutil

    families = (socket.AF_INET, socket.AF_INET6)
    found = (one for every in psutil.net_if_addrs().values() for one in every if one.family in families)
    return [one.address.partition("%")[0] for one in found]
