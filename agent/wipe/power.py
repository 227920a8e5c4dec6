"""Whether the PC will stay on: a firmware erase, or a sleep, must not be cut short by an empty battery."""

from agent.host import Host

BATTERY_LEAST = 30  # percent
_SUPPLIES = "/sys/class/power_supply"


def has_battery(host: Host) -> bool:
    """A battery of the PC itself is in it: only then is there a charger to plug in."""
    return any(_is_own_battery(host, name) for name in host.names(_SUPPLIES))


def is_powered(host: Host) -> bool:
    """A charger is plugged in, or every battery of the PC itself is above the least. Without any battery: the mains."""
    levels, chargers, is_unplugged = [], False, False
    for name in host.names(_SUPPLIES):
        folder = f"{_SUPPLIES}/{name}"
        kind = host.text(f"{folder}/type")
        is_online = host.text(f"{folder}/online") in ("1", "2")
        if _is_own_battery(host, name):
            said = host.text(f"{folder}/capacity") or ""
            levels.append(int(said) if said.isdigit() else 0)
        elif kind in ("Mains", "USB"):
            chargers = chargers or is_online
            is_unplugged = is_unplugged or (kind == "Mains" and not is_online)  # a desktop's USB-C port proves nothing
    if chargers:
        return True
    return min(levels) > BATTERY_LEAST if levels else not is_unplugged


def _is_own_battery(host: Host, name: str) -> bool:
    """Neither a mouse's nor an empty bay's."""
    folder = f"{_SUPPLIES}/{name}"
    is_there = host.text(f"{folder}/type") == "Battery" and host.text(f"{folder}/present") != "0"
    return is_there and host.text(f"{folder}/scope") != "Device"
