"""PCI devices from the text of lspci (plain, -n, -nn, -v, -k, -mm, -vmm) or FreeBSD's pciconf -lv. Pure.

In plain text nothing says where the maker's name ends and the model's begins; `split_name` knows how makers' names in
pci.ids end. Where the text names drivers for some devices, a device without one has none bound.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from agent.facts import Fact
from agent.text import clean


class PciDevice(Fact, frozen=True, kw_only=True):
    """One PCI function. Ids are lower-case hex digits; `class_code` has four, the class and subclass."""

    address: str  # "0000:00:1f.2"; the domain is left out where the source left it out
    class_code: str | None = None
    vendor_id: str | None = None
    device_id: str | None = None
    vendor: str | None = None
    model: str | None = None
    driver: str | None = None
    is_bound: bool | None = None  # a driver holds it; None where the source never tells


# Class names of pci.ids that our probes ask for; text without -nn gives only these.
CLASS_CODES = {
    "scsi storage controller": "0100", "ide interface": "0101", "raid bus controller": "0104", "ata controller": "0105",
    "sata controller": "0106", "serial attached scsi controller": "0107", "non-volatile memory controller": "0108",
    "mass storage controller": "0180", "ethernet controller": "0200", "network controller": "0280",
    "infiniband controller": "0207", "vga compatible controller": "0300", "3d controller": "0302",
    "display controller": "0380", "multimedia video controller": "0400", "multimedia audio controller": "0401",
    "audio device": "0403", "multimedia controller": "0480", "modem": "0703", "sd host controller": "0805",
    "system peripheral": "0880", "bluetooth": "0d11", "wireless controller": "0d80",
}  # fmt: skip

_ADDRESS = r"(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]"
_LINE = re.compile(rf"(?m)^({_ADDRESS}) (.+)$")
_NUMERIC = re.compile(r"([0-9a-f]{4}): ([0-9a-f]{4}):([0-9a-f]{4})\b")
_IDS = re.compile(r" \[([0-9a-f]{4}):([0-9a-f]{4})\]")
_CLASS = re.compile(r"^(.*?)(?: \[([0-9a-f]{4})\])?: ")
_TAIL = re.compile(r"(?: \(rev [0-9a-f]+\))?(?: \(prog-if [0-9a-f]+ ?(?:\[[^\n]*\])?\))?\s*$")
_NAME_ID = re.compile(r"^(.*?)(?: \[([0-9a-f]{4})\])?$")
_DRIVER = re.compile(r"(?m)^\s+Kernel driver in use: (\S.*?)\s*$")  # "intel ips" has a space


@dataclass(frozen=True, slots=True)
class _Parts:
    head: str
    body: str


def parse_lspci(text: str) -> tuple[PciDevice, ...]:
    """Devices of any lspci layout; () for text that is none."""
    if re.search(r"(?m)^Slot:\s", text):
        devices = [device for block in re.split(r"\n\s*\n", text) if (device := _vmm(block))]
    elif re.search(rf'(?m)^{_ADDRESS} "', text):
        devices = [device for line in text.splitlines() if (device := _mm(line))]
    else:
        devices = [device for parts in _entries(text) if (device := _plain(parts))]
    return _bound(devices)


def _entries(text: str) -> Iterator[_Parts]:
    starts = list(_LINE.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    for match, end in zip(starts, ends, strict=False):  # no start has one end
        yield _Parts(match[0], text[match.end() : end])


def _plain(parts: _Parts) -> PciDevice | None:
    address, _, told = parts.head.partition(" ")
    driver = _DRIVER.search(parts.body)
    name = driver[1] if driver else None
    if numeric := _NUMERIC.match(told):
        code, vendor_id, device_id = numeric.groups()
        return PciDevice(address=address, class_code=code, vendor_id=vendor_id, device_id=device_id, driver=name)
    head = _CLASS.match(told)
    if not head:
        return None
    rest = _TAIL.sub("", told[head.end() :])
    ids = list(_IDS.finditer(rest))
    if ids:
        rest = rest[: ids[-1].start()]
    vendor, model = split_name(clean(rest))
    pair = ids[-1].groups() if ids else (None, _unnamed(model))
    return PciDevice(
        address=address,
        class_code=head[2] or CLASS_CODES.get(head[1].casefold()),
        vendor_id=pair[0],
        device_id=pair[1],
        vendor=vendor,
        model=None if _unnamed(model) else model,
        driver=name,
    )


def _unnamed(model: str | None) -> str | None:
    """ "Device 9d1a", as lspci writes what its pci.ids has no name for, gives "9d1a"."""
    match = re.fullmatch(r"Device ([0-9a-f]{4})", model or "")
    return match[1] if match else None


def _vmm(block: str) -> PciDevice | None:
    values: dict[str, str] = {}
    for line in block.splitlines():
        key, _, value = line.partition(":")
        values.setdefault(key, value.strip())
    if "Slot" not in values:
        return None
    return _named(values["Slot"], values.get("Class", ""), values.get("Vendor", ""), values.get("Device", ""),
                  values.get("Driver"))  # fmt: skip


def _mm(line: str) -> PciDevice | None:
    try:
        words = [word for word in shlex.split(line) if not word.startswith(("-r", "-p"))]
    except ValueError:
        return None
    if len(words) < 4 or not re.fullmatch(_ADDRESS, words[0]):
        return None
    return _named(words[0], words[1], words[2], words[3], None)


def _named(address: str, class_text: str, vendor_text: str, device_text: str, driver: str | None) -> PciDevice:
    def parted(text: str) -> tuple[str | None, str | None]:
        if re.fullmatch("[0-9a-f]{4}", text):  # -n: only the number
            return None, text
        match = _NAME_ID.match(clean(text))
        return (match[1] or None, match[2]) if match else (None, None)

    class_name, class_code = parted(class_text)
    vendor, vendor_id = parted(vendor_text)
    model, device_id = parted(device_text)
    return PciDevice(
        address=address,
        class_code=class_code or CLASS_CODES.get((class_name or "").casefold()),
        vendor_id=vendor_id,
        device_id=device_id or _unnamed(model),
        vendor=None if vendor == "Vendor" else vendor,
        model=None if model == "Device" or _unnamed(model) else model,
        driver=driver,
    )


def _bound(devices: list[PciDevice]) -> tuple[PciDevice, ...]:
    """With at least one driver named, every device without is unbound; with none, the text was made without -k."""
    import msgspec

    if not any(device.driver for device in devices):
        return tuple(devices)
    return tuple(msgspec.structs.replace(device, is_bound=device.driver is not None) for device in devices)


# How makers' names in pci.ids end. The first, shortest match wins, with its trailing "[abbreviation]".
_MAKER = re.compile(
    r"^(.+?(?:\b(?:Corporation|Corp\.?|Incorporated|Incorporation|Inc\.?(?: and subsidiaries)?|Co\.,? ?Ltd\.?|Ltd\.?"
    r"|Limited|GmbH|Company|LLC|AG|A/S|S\.A\.|Pte|Group)(?![\w.])|Systems \[SiS\]"
    r"|Technology Solutions))"
    r"((?:,? (?:Ltd|Inc|Co)\b\.?)*(?: ?\([A-Z][^)]*\))?(?: \[[^]]*\])?) (\S.*)$"
)
_SHORT_MAKERS = (
    "Qualcomm Atheros", "Texas Instruments", "Mellanox Technologies", "Micron/Crucial Technology", "Broadcom Limited",
    "Creative Labs", "Ensoniq", "Adaptec", "Matrox", "Atheros", "Lenovo", "Qualcomm", "Realtek", "Dell",
    "Hewlett-Packard", "SK hynix", "Phison Electronics", "KIOXIA", "3Com", "Ralink",
)  # fmt: skip


def split_name(text: str) -> tuple[str | None, str | None]:
    """Maker and model of "Intel Corporation HD Graphics 520"; the whole as model when no maker's name is seen."""
    match = _MAKER.match(text)
    if match:
        return match[1] + match[2], match[3]
    for maker in _SHORT_MAKERS:
        if text.startswith(f"{maker} "):
            return maker, text[len(maker) + 1 :]
    maker, found, number = text.rpartition(" Device ")
    if found and re.fullmatch("[0-9a-f]{4}", number):
        return maker, f"Device {number}"
    return None, text or None


_BSD = re.compile(
    r"(?m)^(\w+?)(\d+)@pci(\d{1,9}):(\d{1,4}):(\d{1,4}):(\d{1,4}):"
    r"\s+class=0x([0-9a-f]{4})[0-9a-f]{2}\b(.*(?:\n[ \t]+\S.*)*)"
)


def parse_pciconf(text: str) -> tuple[PciDevice, ...]:
    """FreeBSD `pciconf -l` or `-lv`. "none3@pci0:…" is a device no driver took."""
    devices = []
    # An empty vendor capability is printed without its newline: the next device follows on the same line.
    text = re.sub(r"(?<=Vendor 0)(?=[a-z]\w*@pci)", "\n", text)
    for driver, _unit, domain, bus, slot, function, code, rest in _BSD.findall(text):
        ids = re.search(r"chip=0x([0-9a-f]{4})([0-9a-f]{4})", rest)
        new = re.search(r"vendor=0x([0-9a-f]{4}) device=0x([0-9a-f]{4})", rest)  # FreeBSD 13 and later
        vendor_id, device_id = (ids[2], ids[1]) if ids else (new[1], new[2]) if new else (None, None)
        names = dict(re.findall(r"(?m)^\s+(vendor|device)\s+= '(.*)'\s*$", rest))
        devices.append(
            PciDevice(
                address=f"{int(domain):04x}:{int(bus):02x}:{int(slot):02x}.{int(function):x}",
                class_code=code,
                vendor_id=vendor_id,
                device_id=device_id,
                vendor=clean(names.get("vendor", "")) or None,
                model=clean(names.get("device", "")) or None,
                driver=None if driver == "none" else driver,
                is_bound=driver != "none",
            )
        )
    return tuple(devices)
