"""`scripts/pxe/serve`: checks that a bench can boot from this computer, then serves until Ctrl-C.

It writes nothing outside a temporary folder of its own, answers on one interface only, and gives out addresses only
where asked to and where nobody else does.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NoReturn

from agent.commands.say import Say, note, tell
from agent.errors import RebondError, StorageError, UsageError
from scripts.pxe import checks, leftover, loaders, web
from scripts.pxe.checks import HTTP_PORT, warn
from scripts.pxe.loaders import Range
from scripts.pxe.network import Interface, Offer
from scripts.pxe.visitors import Visitors

ROOT = Path(__file__).resolve().parents[2]


def main(argv: Sequence[str]) -> int:
    say = Say("en" if "en" in _told_language(argv) else "fr")
    try:
        return run(parser(say).parse_args(argv), say)
    except RebondError as error:
        note(f"rebond: {error.told(say.lang)}")
        return error.exit_code
    except KeyboardInterrupt:
        note(say("Arrêté.", "Stopped."))
        return 0


def _told_language(argv: Sequence[str]) -> str:
    for before, word in zip(("", *argv), argv, strict=False):
        if before == "--lang" or word.startswith("--lang="):
            return word
    return os.environ.get("REBOND_LANG", "")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(
            fr=f"Commande mal écrite : {message}. Voir « {self.prog} --help ».",
            en=f'Usage: {message}. See "{self.prog} --help".',
        )


def parser(say: Say) -> argparse.ArgumentParser:
    made = _Parser(
        prog="scripts/pxe/serve",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=say(
            "Démarre les PC d'un atelier par le réseau (PXE) : BIOS et UEFI, Secure Boot compris.\n\n"
            "Sur le réseau de l'atelier, la box donne les adresses et ce poste dit quoi démarrer. Sur un switch à\n"
            "part, ajoutez --dhcp : ce poste donne aussi les adresses. Rien n'est écrit hors d'un dossier temporaire.",
            "Boots the PCs of a bench from the network (PXE): BIOS and UEFI, Secure Boot too.\n\n"
            "On the workshop's network its own DHCP server gives addresses and this computer says what to boot. On a\n"
            "switch of its own, add --dhcp: this computer gives addresses too. Nothing is written outside a temporary\n"
            "folder.",
        ),
        epilog=say("Exemple", "Example")
        + ":\n  sudo scripts/pxe/serve --interface eth1 --inventory https://192.168.7.1:8642 --pin sha256/…\n"
        + "  sudo scripts/pxe/serve --interface eth1 --dhcp 192.168.7.50-192.168.7.150\n\n"
        + say(
            "L'inventaire est une autre commande : rebond serve --address 192.168.7.1 --tls\n"
            "Le code des PC aussi :                rebond inventory enrol-code --uses 30 --hours 10",
            "The inventory is another command: rebond serve --address 192.168.7.1 --tls\n"
            "So is the code for the PCs:       rebond inventory enrol-code --uses 30 --hours 10",
        ),
    )
    add = made.add_argument
    add("--interface", required=True, metavar="NAME", help=say("carte réseau des PC (eth1)", "network card (eth1)"))
    add(
        "--image",
        type=Path,
        default=ROOT / "dist" / "image",
        metavar="DIR",
        help=say("image (défaut : dist/image)", "image (default: dist/image)"),
    )
    add("--inventory", metavar="URL", help=say("adresse de l'inventaire", "the inventory's address"))
    add("--pin", metavar="sha256/…", help=say("épingle de son certificat", "pin of its certificate"))
    add(
        "--settings",
        type=Path,
        metavar="FILE",
        help=say("autres réglages des PC : lot, langue… (settings.yaml)", "more settings of the PCs: lot, language…"),
    )
    add(
        "--dhcp",
        metavar="FIRST-LAST",
        help=say(
            "donner ces adresses, deux par PC, sur un switch à part",
            "give these addresses, two for each PC, on a switch of its own",
        ),
    )
    add(
        "--entry",
        type=int,
        choices=range(1, loaders.ENTRIES + 1),
        default=1,
        help=say("ligne du menu qui démarre seule (1)", "line of the menu that starts by itself (1)"),
    )
    add("--lang", choices=("fr", "en"), default=say.lang, help=say("langue des textes", "language"))
    return made


def run(options: argparse.Namespace, say: Say) -> int:
    # 1. Everything that can be checked without touching the network.
    netboot = checks.image_told(options.image)
    interface = checks.interface_told(options.interface)
    given = checks.range_told(options.dhcp, interface)
    settings, inventory = checks.settings_told(options)
    if os.geteuid() != 0:
        raise UsageError(fr="Lancez avec sudo : sudo scripts/pxe/serve …", en="Run with sudo: sudo scripts/pxe/serve …")
    # 2. What the network says, once nothing of ours is in the way.
    if leftover.clear():
        note(
            say(
                "Un « serve » a été tué avant sa fin : son dnsmasq, resté seul, est arrêté.",
                "An earlier serve was killed before its end: the dnsmasq it left behind is stopped.",
            )
        )
    checks.check_ports(interface, with_proxy=given is None)
    offers = checks.check_offers(interface, given, say)
    checks.check_inventory(inventory, say)
    # 3. Serve, and leave nothing behind.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with ExitStack() as stack:
        folder = leftover.make_folder(stack)
        menu = loaders.menu((netboot / "menu.cfg").read_text(), str(interface.address.ip), options.entry)
        _furnish(folder, netboot, interface, given, menu, say)
        visitors = Visitors(lambda *step: _tell_step(say, *step))
        made = {loaders.SETTINGS: settings, loaders.MENU: menu.encode()}
        serving = _start_web(netboot, interface, made, visitors)
        stack.callback(serving.close)
        config = loaders.dnsmasq_config(folder, interface.name, interface.address, given)
        (folder / loaders.CONFIG).write_text(config)
        child = _start_dnsmasq(folder)
        stack.callback(_stop, child)
        assert child.stderr is not None
        _listen(child.stderr, visitors, until="started, version")
        _announce(netboot, interface, given, offers, inventory.url if inventory else None, say)
        _listen(child.stderr, visitors)
    return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


# --- serving ----------------------------------------------------------------------------------------------------------


def _furnish(folder: Path, netboot: Path, interface: Interface, given: Range | None, menu: str, say: Say) -> None:
    loaders.furnish(folder, netboot, menu)
    if given is None and not loaders.aim_bios_loader(folder, str(interface.address.ip)):
        warn(
            say,
            "sans grub-pc-bin et grub-common, les PC BIOS ne trouveront pas leur menu ici. "
            "Lancez : sudo apt install grub-common grub-pc-bin",
            "without grub-pc-bin and grub-common, BIOS PCs will not find their menu here. "
            "Run: sudo apt install grub-common grub-pc-bin",
        )


def _start_web(netboot: Path, interface: Interface, made: dict[str, bytes], visitors: Visitors) -> web.Web:
    image = ("vmlinuz", "rebond.img", loaders.UEFI, "grubx64.efi", "id")
    files: dict[str, Path | bytes] = {name: netboot / name for name in image}
    files |= {loaders.WORDS: netboot / "fr.mo", **made}
    return web.start(str(interface.address.ip), HTTP_PORT, files, visitors.took)


def _start_dnsmasq(folder: Path) -> "subprocess.Popen[str]":
    argv = loaders.dnsmasq_command(folder)
    env = os.environ | {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", "LC_ALL": "C"}
    try:
        # A session of its own: Ctrl-C is for us, who then end it and know why it ended.
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env, start_new_session=True
        )
    except OSError as error:
        raise StorageError(
            fr=f"dnsmasq ne démarre pas ({error.strerror}). Lancez : sudo apt install dnsmasq-base",
            en=f"dnsmasq does not start ({error.strerror}). Run: sudo apt install dnsmasq-base",
        ) from error


def _listen(log: IO[str], visitors: Visitors, until: str | None = None) -> None:
    """Until these words, or Ctrl-C. The log ends only when dnsmasq does."""
    last = ""
    for line in log:
        if until is not None and until in line:
            return
        visitors.hear(line)
        last = line.partition(": ")[2].strip() or last
    raise StorageError(fr=f"dnsmasq s'est arrêté : {last[:200]}", en=f"dnsmasq has ended: {last[:200]}")


def _stop(child: "subprocess.Popen[str]") -> None:
    child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _announce(
    netboot: Path, interface: Interface, given: Range | None, offers: list[Offer], inventory: str | None, say: Say
) -> None:
    full = ", ".join(offer.server for offer in offers if offer.gives_address) or "?"
    addresses = (
        say(f"données par {full}", f"given by {full}")
        if given is None
        else say(f"données ici, {given.first} à {given.last}", f"given here, {given.first} to {given.last}")
    )
    image = (netboot / "id").read_text().strip()
    inventory = inventory or say("aucun", "none")
    tell(
        say(
            f"Prêt : {image}, sur {interface.name} ({interface.address.ip}). Adresses {addresses}.\n"
            f"Inventaire : {inventory}. Démarrez les PC sur leur carte réseau (PXE). Ctrl-C arrête tout.",
            f"Ready: {image}, on {interface.name} ({interface.address.ip}). Addresses {addresses}.\n"
            f"Inventory: {inventory}. Boot the PCs from their network card (PXE). Ctrl-C stops all.",
        )
    )


def _tell_step(say: Say, mac: str, address: str, firmware: str, stage: tuple[str, str]) -> None:
    at = time.strftime("%H:%M:%S")
    tell(f"{at}  {mac:<17}  {address:<15}  {firmware:<9}  {say(*stage)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
