"""PCI: a word-by-word second reading of lspci -nn and pciconf, and pci.ids for where a maker's name ends."""

from pathlib import Path

from agent.probes.id_names import IdNames
from agent.probes.pci_text import PciDevice, parse_lspci, parse_pciconf
from tests.oracles import Agreement

PCI_IDS = Path("/usr/share/misc/pci.ids")


def files(corpus: Path) -> list[Path]:
    found = [path for path in corpus.rglob("*") if path.is_file() and path.name.startswith(("lspci", "pciconf"))]
    found += [path for path in corpus.rglob("*__lspci*") if path.is_file()]
    return sorted({path for path in found if "xrandr" not in path.name and "nvidia-settings" not in path.name})


def read(path: Path) -> tuple[PciDevice, ...]:
    text = path.read_text("utf-8", "replace")
    return parse_pciconf(text) if path.name == "pciconf.txt" else parse_lspci(text)


def agreement(corpus: Path) -> Agreement:
    result = Agreement("pci", "word-by-word re-reading; pci.ids for makers")
    names = IdNames(PCI_IDS.read_bytes() if PCI_IDS.exists() else b"")
    for path in files(corpus):
        result.files += 1
        text = path.read_text("utf-8", "replace")
        naive = _pciconf(text) if path.name == "pciconf.txt" else _lspci(text)
        ours = {device.address: device for device in read(path)}
        where = f"{path.parent.name[:30]}/{path.name[-20:]}"
        result.compare(where, "addresses", sorted(ours), sorted(naive))
        for address, (code, vendor_id, device_id, driver) in naive.items():
            device = ours.get(address)
            if device is None:
                continue
            known = (device.class_code, device.vendor_id, device.device_id)
            if vendor_id:
                result.compare(where, f"{address} ids", known, (code, vendor_id, device_id))
            result.compare(where, f"{address} driver", device.driver, driver)
            maker = names.vendor(device.vendor_id) if device.vendor_id and path.name != "pciconf.txt" else None
            if maker:
                result.compare(where, f"{address} maker", device.vendor, maker)
    return result


_Row = tuple[str | None, str | None, str | None, str | None]


def _lspci(text: str) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    address = ""
    for line in text.splitlines():
        first = line.split(" ")[0]
        if line[:1] in "0123456789abcdef" and len(first) in (7, 12) and first[-2:-1] == "." and first[-5:-4] == ":":
            address = first
            brackets = [part.split("]")[0] for part in line.split("[")[1:]]
            pairs = [part for part in brackets if len(part) == 9 and part[4] == ":"]
            code = next((part for part in brackets if len(part) == 4), None)
            vendor_id, _, device_id = pairs[-1].partition(":") if pairs else ("", "", "")
            rows[address] = (code if pairs else None, vendor_id or None, device_id or None, None)
        elif "Kernel driver in use: " in line and address:
            rows[address] = (*rows[address][:3], line.split(": ")[1].strip())
    return rows


def _pciconf(text: str) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    for line in text.replace("Vendor 0", "Vendor 0 ").splitlines():
        if "@pci" not in line or "class=0x" not in line:
            continue
        head = line.split("@pci")[0].split()[-1]
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        domain, bus, slot, function = line.split("@pci")[1].split()[0].rstrip(":").split(":")
        chip = words.get("chip") or f"0x{words['device'][2:]}{words['vendor'][2:]}"
        driver = head.rstrip("0123456789")
        address = f"{int(domain):04x}:{int(bus):02x}:{int(slot):02x}.{int(function)}"
        rows[address] = (words["class"][2:6], chip[6:], chip[2:6], None if driver == "none" else driver)
    return rows
