"""What must be true before a bench boots from this computer: an error where it cannot work, a warning where it may."""

import argparse
import ipaddress
import json
from pathlib import Path

from agent.commands.say import Say, note
from agent.errors import InputRefused, StorageError, UsageError
from agent.keys import parse_pin
from agent.settings import InventoryAt, read_settings, wrong_url
from agent.upload import open_session
from agent.upload.answers import Later, ask
from scripts.pxe import loaders, network
from scripts.pxe.loaders import Range
from scripts.pxe.network import Interface, NoInterface, Offer

HTTP_PORT = 80  # GRUB asks no other


def warn(say: Say, fr: str, en: str) -> None:
    note(say(f"Attention : {fr}", f"Beware: {en}"))


def image_told(image: Path) -> Path:
    netboot = loaders.netboot_of(image)
    missing = loaders.missing_in(netboot)
    if missing:
        raise InputRefused(
            fr=f"Il n'y a pas d'image complète dans {image} (il manque {', '.join(missing)}). "
            "Faites-la : sudo scripts/image/build",
            en=f"There is no complete image in {image} (missing: {', '.join(missing)}). "
            "Build it: sudo scripts/image/build",
        )
    return netboot


def interface_told(name: str) -> Interface:
    try:
        return network.find_interface(name)
    except NoInterface as error:
        if str(error) == "absent":
            names = ", ".join(network.interfaces())
            raise UsageError(
                fr=f"Il n'y a pas de carte réseau {name} ici. Cartes : {names}.",
                en=f"There is no network card {name} here. Cards: {names}.",
            ) from error
        raise UsageError(
            fr=f"{name} n'a pas d'adresse. Par exemple : sudo ip link set {name} up; "
            f"sudo ip addr add 192.168.7.1/24 dev {name}",
            en=f"{name} has no address. For instance: sudo ip link set {name} up; "
            f"sudo ip addr add 192.168.7.1/24 dev {name}",
        ) from error


def range_told(text: str | None, interface: Interface) -> Range | None:
    if text is None:
        return None
    here = interface.address
    try:
        first, last = (ipaddress.IPv4Address(part.strip()) for part in text.replace(",", "-").split("-"))
        is_good = first <= last and first in here.network and last in here.network and not first <= here.ip <= last
        is_good = is_good and here.network.network_address < first and last < here.network.broadcast_address
    except ValueError:
        is_good = False
    if not is_good:
        raise UsageError(
            fr=f"--dhcp demande PREMIÈRE-DERNIÈRE, deux adresses de {here.network} sans celle de ce poste ({here.ip}).",
            en=f"--dhcp needs FIRST-LAST, two addresses of {here.network} without this computer's own ({here.ip}).",
        )
    return Range(first=first, last=last)


def settings_told(options: argparse.Namespace) -> tuple[bytes, InventoryAt | None]:
    """The file that the PCs will read, and the inventory in it; checked as they check it, but a mistake is an error."""
    text = ""
    if options.settings is not None:
        try:
            text = options.settings.read_text("utf-8").rstrip() + "\n"
        except (OSError, UnicodeDecodeError) as error:
            raise InputRefused(
                fr=f"{options.settings} ne peut pas être lu ({error}).",
                en=f"{options.settings} cannot be read ({error}).",
            ) from error
    if options.pin and not options.inventory:
        raise UsageError(fr="--pin demande --inventory.", en="--pin needs --inventory.")
    if options.inventory:
        wrong = wrong_url(options.inventory)
        if wrong:
            raise UsageError(fr=wrong[0], en=wrong[1])
        text += f"inventory:\n  url: {json.dumps(options.inventory)}\n"
        text += f"  pin: {parse_pin(options.pin)}\n" if options.pin else ""
    raw = text.encode() or b"{}\n"
    found = read_settings(raw, loaders.SETTINGS)
    if found.mistakes:
        raise InputRefused(fr="\n".join(found.sentences("fr")), en="\n".join(found.sentences("en")))
    inventory = found.settings.inventory
    if inventory and any(name in inventory.url for name in ("//127.", "//localhost", "//[::1]", "//0.0.0.0")):
        raise UsageError(
            fr=f"Les PC ne peuvent pas joindre {inventory.url}. Donnez l'adresse de l'inventaire sur leur réseau.",
            en=f"The PCs cannot reach {inventory.url}. Give the inventory's address on their network.",
        )
    return raw, inventory


def check_ports(interface: Interface, *, with_proxy: bool) -> None:
    taken = network.taken_ports(interface, with_proxy=with_proxy, http_port=HTTP_PORT)
    if taken:
        raise StorageError(
            fr=f"Un autre programme occupe déjà {', '.join(taken)} sur {interface.name}. Qui : sudo ss -lnptu. "
            "Arrêtez-le d'abord (dnsmasq, serveur web, un autre serve ?).",
            en=f"Another program has {', '.join(taken)} on {interface.name}. Which: sudo ss -lnptu. "
            "Stop it first (dnsmasq, a web server, another serve?).",
        )


def check_offers(interface: Interface, given: Range | None, say: Say) -> list[Offer]:
    if not interface.has_cable:
        warn(
            say,
            f"rien n'est branché sur {interface.name} (câble ?).",
            f"nothing is plugged into {interface.name} (cable?).",
        )
        return []
    offers = network.listen_for_offers(interface)
    full = ", ".join(offer.server for offer in offers if offer.gives_address)
    other = ", ".join(offer.server for offer in offers if offer.gives_boot)
    if full and given is not None:
        raise StorageError(
            fr=f"Un serveur DHCP répond déjà sur ce réseau ({full}) : deux se gêneraient. Enlevez --dhcp.",
            en=f"A DHCP server answers on this network already ({full}); two would disturb each other. Drop --dhcp.",
        )
    if not full and given is None:
        warn(
            say,
            "aucun serveur DHCP ne répond sur ce réseau, les PC n'auront pas d'adresse. Branchez la box, "
            "ou, sur un switch à part, ajoutez --dhcp PREMIÈRE-DERNIÈRE.",
            "no DHCP server answers on this network, PCs will get no address. Plug in its router, or, on a "
            "switch of its own, add --dhcp FIRST-LAST.",
        )
    if other:
        warn(
            say,
            f"{other} dit aussi quoi démarrer sur ce réseau. Des PC peuvent aller chez lui.",
            f"{other} says what to boot on this network too. PCs may go there.",
        )
    return offers


def check_inventory(inventory: InventoryAt | None, say: Say) -> None:
    if inventory is None:
        warn(
            say,
            "sans --inventory, les fiches restent dans la mémoire des PC.",
            "without --inventory, records stay in the PCs' memory.",
        )
        return
    url = inventory.url
    if url.startswith("http:"):
        warn(
            say,
            "l'inventaire est en http://, le code d'inscription passera en clair sur ce réseau.",
            "the inventory is at an http:// address, the enrolment code will travel in clear.",
        )
    try:
        status, _, body = ask(open_session(inventory.pin), "GET", url.rstrip("/") + "/api/v1/health")
        if status != 200 or b'"log_public_key"' not in body:
            warn(say, f"à {url}, ce n'est pas un inventaire.", f"{url} is not an inventory.")
    except Later as error:
        warn(say, error.fr, error.en)
