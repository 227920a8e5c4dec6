"""Whether the PC will stay on: a firmware erase, or a sleep, must not be cut short by an empty battery."""

from agent.host import Host

BATTERY_LEAST = 30  # percent


def is_powered(host: Host) -> bool:
    """A charger is plugged in, or every battery of the PC itself is above the least. Without any battery: the mains."""
    levels, chargers, is_unplugged = [], False, False
    for name in host.names("/sys/class/power_supply"):
        folder = f"/sys/class/power_supply/{name}"
        kind = host.text(f"{folder}/type")
        is_online = host.text(f"{folder}/online") in ("1", "2")
        if kind == "Battery" and host.text(f"{folder}/scope") != "Device" and host.text(f"{folder}/present") != "0":
            said = host.text(f"{folder}/capacity") or ""
            levels.append(int(said) if said.isdigit() else 0)
        elif kind in ("Mains", "USB"):
            chargers = chargers or is_online
            is_unplugged = is_unplugged or (kind == "Mains" and not is_online)  # a desktop's USB-C port proves nothing
    if chargers:
        return True
    return min(levels) > BATTERY_LEAST if levels else not is_unplugged
