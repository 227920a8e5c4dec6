"""At least one network works: a link, and something answers on it; or a Wi-Fi card that hears the networks around it.

No address and no network's name is kept, only how many there are.
"""

import json
from dataclasses import dataclass

from agent.checks.results import CheckResult, Measure, measure
from agent.checks.running import Task
from agent.host import Host
from agent.text import whole

_FOLDER = "/sys/class/net"
_TRIES, _PAUSE_S = 16, 0.5  # a switch takes some seconds to bring a link up
_SCANS, _SCAN_S = 3, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    name: str
    is_wireless: bool
    is_plugged_in: bool  # a wired adapter on USB: the technician's, most often
    has_link: bool
    speed_mbps: int | None
    received: int
    addresses: int


def cards(host: Host) -> tuple[Card, ...]:
    """Real cards only: what has a device behind it."""
    counts = addresses(host)
    found = []
    for name in host.names(_FOLDER):
        place = f"{_FOLDER}/{name}"
        if not host.exists(f"{place}/device"):
            continue
        is_wireless = host.exists(f"{place}/wireless") or host.exists(f"{place}/phy80211")
        speed = whole(host.text(f"{place}/speed"))
        found.append(
            Card(
                name=name,
                is_wireless=is_wireless,
                is_plugged_in=not is_wireless and "/usb" in (host.resolve(f"{place}/device") or ""),
                has_link=host.text(f"{place}/carrier") == "1",
                speed_mbps=speed if speed and speed > 0 else None,
                received=whole(host.text(f"{place}/statistics/rx_packets")) or 0,
                addresses=counts.get(name, 0),
            )
        )
    return tuple(found)


def addresses(host: Host) -> dict[str, int]:
    """How many addresses that lead somewhere each card has; {} when nothing tells."""
    try:
        told = json.loads(host.run("ip", "-j", "address", timeout_s=5).stdout)
        return {
            one["ifname"]: sum(1 for info in one.get("addr_info", ()) if info.get("scope") == "global") for one in told
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def networks_heard(task: Task, card: Card) -> int:
    """By a scan of this Wi-Fi card, which joins nothing. 0 where none answers, or nothing here can scan."""
    task.host.run("ip", "link", "set", "dev", card.name, "up", timeout_s=5)
    for attempt in range(_SCANS):
        if attempt:
            task.sleep(_PAUSE_S)  # busy: it scans for somebody else
        said = task.run(
            "iw", "dev", card.name, "scan", about_s=_SCAN_S, timeout_s=_SCAN_S * 3, fr="Le Wi-Fi écoute…",
            en="The Wi-Fi is listening…",
        )  # fmt: skip
        if said.status == 0 or said.why == "tool-missing":
            break
    return sum(line.startswith("BSS ") for line in said.text.splitlines())


def run(task: Task) -> CheckResult:
    seen: tuple[Card, ...] = ()
    for attempt in range(_TRIES):
        seen = tuple(card for card in cards(task.host) if not card.is_plugged_in)
        if any(_works(card) for card in seen):
            break
        task.tell("Attente du réseau…", "Waiting for the network…", permille=1000 * attempt // _TRIES)
        task.sleep(_PAUSE_S)
    measures = _measures(seen)
    if not seen and any(one.has_driver is False for one in task.around.machine.networks or ()):
        return task.not_tested(
            "La carte réseau est là, mais son pilote manque sur la clé Rebond.",
            "The network card is there, but the Rebond stick lacks its driver.",
        )  # fmt: skip
    if not seen:
        return task.failed(
            "Aucune carte réseau ne répond. Ajouter un adaptateur USB.", "No network card answers. Add a USB adapter."
        )
    works = [card.name for card in seen if _works(card)]
    if works:
        names = ", ".join(works)
        return task.passed(f"Le réseau répond : {names}.", f"The network answers: {names}.", *measures)
    wireless = [card for card in seen if card.is_wireless]
    heard = {card.name: networks_heard(task, card) for card in wireless}
    measures += tuple(measure("networks-heard", count, "count", name) for name, count in heard.items())
    if any(heard.values()):
        names = ", ".join(name for name, count in heard.items() if count)
        return task.passed(f"Le Wi-Fi entend des réseaux : {names}.", f"The Wi-Fi hears networks: {names}.", *measures)
    if any(card.has_link for card in seen):
        return task.not_tested(
            "Le câble est vu, mais rien n'arrive. Essayez un autre câble ou une autre prise.",
            "The cable is seen, but nothing comes in. Try another cable or socket.", *measures,
        )  # fmt: skip
    if len(wireless) == len(seen):
        return task.not_tested(
            "Le Wi-Fi n'entend aucun réseau. Y en a-t-il un ici ? L'interrupteur du Wi-Fi est-il ouvert ?",
            "The Wi-Fi hears no network. Is there one here? Is the Wi-Fi switch on?", *measures,
        )  # fmt: skip
    return task.not_tested(
        "Aucun câble n'est vu. Branchez le câble du réseau.", "No cable is seen. Plug in the network cable.", *measures
    )


def _works(card: Card) -> bool:
    return card.has_link and (card.addresses > 0 or card.received > 0)


def _measures(seen: tuple[Card, ...]) -> tuple[Measure, ...]:
    found = []
    for card in seen:
        found.append(measure("link", int(card.has_link), "count", card.name))
        found.append(measure("addresses", card.addresses, "count", card.name))
        if card.speed_mbps is not None:
            found.append(measure("speed", card.speed_mbps, "mbps", card.name))
    return tuple(found)
