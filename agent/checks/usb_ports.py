"""Which USB ports have seen a device, by the kernel's list of ports; the person says whether those were all.

A socket on the case is one or two ports to the kernel (USB 2 and USB 3, tied by `peer`). What the BIOS calls
"hardwired" or "not used" has no socket.
"""

from agent.checks.results import CheckResult, measure
from agent.checks.running import Task
from agent.host import Host

_FOLDER = "/sys/bus/usb/devices"


def sockets(host: Host) -> dict[str, bool]:
    """Each socket's name, and whether something is plugged into it now."""
    found: dict[str, bool] = {}
    for hub in host.names(_FOLDER):
        if ":" not in hub or _is_plugged_in(host, hub.partition(":")[0]):
            continue
        place = f"{_FOLDER}/{hub}"
        for port in host.names(place):
            if "-port" not in port or host.text(f"{place}/{port}/connect_type") in ("hardwired", "not used"):
                continue
            if host.text(f"{place}/{port}/device/removable") == "fixed":
                continue  # the PC's own camera, where the BIOS says nothing of its ports
            # One name for a socket's two ports: the lesser of its own and its peer's.
            peer = (host.resolve(f"{place}/{port}/peer") or "").rpartition("/")[2]
            name = min(port, peer) if peer else port
            found[name] = found.get(name, False) or _has_device(host, f"{place}/{port}")
    return found


def _is_plugged_in(host: Host, device: str) -> bool:
    """A hub of the workshop, or one behind it: "1-1.2" hangs on "1-1". Its sockets are not the PC's."""
    while device:
        if host.text(f"{_FOLDER}/{device}/removable") == "removable":
            return True
        device = device.rpartition(".")[0]
    return False


def _has_device(host: Host, place: str) -> bool:
    """A hub built into the PC is no socket tried: what hangs on it is."""
    device = host.resolve(f"{place}/device")
    if device is None:
        return False
    return host.text(f"{device}/bDeviceClass") != "09" or host.text(f"{device}/removable") == "removable"


def run(task: Task) -> CheckResult:
    if not sockets(task.host):
        return task.by_person(task.ask())  # an old kernel or BIOS does not list its ports: eyes alone
    seen: set[str] = set()
    wanted: set[str] = set()

    def tick() -> bool:
        now = sockets(task.host)
        fresh = {name for name, is_used in now.items() if is_used} - seen
        wanted.update(now)
        seen.update(fresh)
        if fresh:
            task.tell(marks=tuple(sorted(seen)), permille=1000 * len(seen) // max(1, len(wanted)))
        return False

    answer = task.ask_while(
        "Branchez une clé USB dans chaque prise. Fini ?", "Plug a stick into every port. Done?", tick
    )  # fmt: skip
    if answer == "skip":
        return task.by_person(answer)
    tick()
    measures = (
        measure("ports-seen", len(seen), "count"), measure("ports-listed", len(wanted), "count"),
        *(measure("port", 1, "count", name) for name in sorted(seen)),
    )  # fmt: skip
    if not seen:
        return task.not_tested("Aucune prise USB n'a réagi.", "No USB port reacted.", *measures)
    fr = f"{len(seen)} prises USB ont réagi. Est-ce toutes celles du PC ?"
    return task.by_person(task.ask(fr, f"{len(seen)} USB ports reacted. Are those all it has?"), *measures)
