"""The folder that the first stage is served from: boot loaders, their menu, and how dnsmasq is told to hand them out.

Everything is made anew at each start in a folder of our own; the image is only read.
"""

import ipaddress
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

BIOS, UEFI = "grubpc.0", "bootx64.efi"
NEEDED = ("vmlinuz", "rebond.img", BIOS, UEFI, "grubx64.efi", "menu.cfg", "fr.mo", "id")
SETTINGS, MENU, WORDS = "settings.yaml", "grub/grub.cfg", "grub/locale/fr.mo"
CONFIG, PID = "dnsmasq.conf", "dnsmasq.pid"
ENTRIES = 4  # of the menu
_GRUB_MODULES = (
    "pxe tftp http net normal linux configfile echo test true cpuid halt sleep reboot serial terminal minicmd gettext"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Addresses that we give ourselves, on a switch of our own."""

    first: ipaddress.IPv4Address
    last: ipaddress.IPv4Address


def netboot_of(image: Path) -> Path:
    """The folder with the boot files: that of `scripts/image/build --out`, or its `netboot`."""
    return image / "netboot" if (image / "netboot").is_dir() else image


def missing_in(netboot: Path) -> list[str]:
    """What an image lacks; a file of no size was never finished."""
    return [name for name in NEEDED if not (netboot / name).is_file() or (netboot / name).stat().st_size == 0]


def menu(of_image: str, address: str, entry: int) -> str:
    """The image's own menu, over the network. What stands here everybody on the network can read."""
    where = f"rebond.medium=none rebond.settings=http://{address}/{SETTINGS}"
    made = of_image.replace("@PATH@", f"(http,{address})").replace("@WHERE@", where)
    return made.replace("set default=0", f"set default={entry - 1}")


def furnish(folder: Path, netboot: Path, menu_text: str) -> None:
    """Boot loaders and menu, readable by whoever dnsmasq becomes."""
    (folder / "tftp" / WORDS).parent.mkdir(parents=True)
    shutil.copyfile(netboot / "fr.mo", folder / "tftp" / WORDS)
    for name in (BIOS, UEFI, "grubx64.efi"):
        shutil.copyfile(netboot / name, folder / "tftp" / name)
    (folder / "tftp" / MENU).write_text(menu_text)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def aim_bios_loader(folder: Path, address: str) -> bool:
    """Tell GRUB for BIOS who we are; False when this computer has no GRUB to make it with.

    It asks for its menu whoever gave the PC its address, which beside another DHCP server is not us. (GRUB for UEFI
    knows better, and the image's own is signed: it stays as it is.)
    """
    (folder / "early.cfg").write_text(f"set prefix=(tftp,{address})/grub\nconfigfile $prefix/grub.cfg\n")
    made = folder / "tftp" / f"{BIOS}.made"
    argv = ["grub-mkimage", "-O", "i386-pc-pxe", "-p", "(tftp)/grub", "-c", str(folder / "early.cfg"), "-o", str(made)]
    try:
        subprocess.run([*argv, *_GRUB_MODULES.split()], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        made.unlink(missing_ok=True)
        return False
    made.chmod(0o644)
    made.replace(folder / "tftp" / BIOS)
    return True


def dnsmasq_command(folder: Path) -> list[str]:
    return ["dnsmasq", "--keep-in-foreground", f"--conf-file={folder / CONFIG}", "--log-facility=-"]


def dnsmasq_config(folder: Path, interface: str, address: ipaddress.IPv4Interface, given: Range | None) -> str:
    """https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html; no DNS, no lease file, this interface alone."""
    lines = [
        "port=0",
        f"interface={interface}",
        "except-interface=lo",
        "bind-interfaces",
        "leasefile-ro",
        f"pid-file={folder / PID}",
        "log-dhcp",
        "enable-tftp",
        f"tftp-root={folder}/tftp",
    ]
    if given is None:
        # Beside the network's own DHCP server: it gives addresses, we only say what to boot.
        lines += [
            f"dhcp-range={address.network.network_address},proxy,{address.netmask}",
            f"pxe-service=x86PC,Rebond,{BIOS}",
            f"pxe-service=X86-64_EFI,Rebond,{UEFI}",  # 7 and, from some firmware, 9
            f"pxe-service=BC_EFI,Rebond,{UEFI}",
        ]
    else:
        lines += [
            # A PC takes an address as it boots and one more as Linux; both are soon free for the next.
            f"dhcp-range={given.first},{given.last},{address.netmask},2h",
            "dhcp-authoritative",
            "dhcp-option=option:router",  # none: nothing lies behind this switch
            "dhcp-option=option:dns-server",
            "dhcp-match=set:efi32,option:client-arch,6",
            "dhcp-match=set:efi,option:client-arch,7",
            "dhcp-match=set:efi,option:client-arch,9",
            "dhcp-match=set:http,option:client-arch,16",
            f"dhcp-boot=tag:!efi32,tag:!efi,tag:!http,{BIOS}",
            f"dhcp-boot=tag:efi,{UEFI}",
            # UEFI HTTP boot (UEFI 2.5, 24.7): the file's name is an address, and the answer says HTTPClient.
            f"dhcp-boot=tag:http,http://{address.ip}/{UEFI}",
            "dhcp-option-force=tag:http,option:vendor-class,HTTPClient",
        ]
    return "\n".join(lines) + "\n"
