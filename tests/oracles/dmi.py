"""SMBIOS: our binary reader against the real dmidecode, and our text reader against a naive look at the same text.

The naive one knows nothing of sections but "DMI type N": patterns over lines, no code shared with the reader.
"""

import re
import subprocess
from pathlib import Path

from agent.probes.smbios import parse_table
from agent.probes.smbios_structures import Table
from agent.probes.smbios_text import parse_dmidecode
from tests.oracles import Agreement

_SECRET = frozenset(("serial", "uuid", "asset_tag"))
_SCALE = {"k": 10, "K": 10, "M": 20, "G": 30, "T": 40}
_NONE = ("Not Specified", "<BAD INDEX>", "<OUT OF SPEC>", "")


def agreement(corpus: Path) -> Agreement:
    total = Agreement(kind="dmi", oracle="dmidecode --from-dump; patterns over its text")
    for path in sorted(path for tier in ("", "restricted/") for path in (corpus / f"{tier}dmi-bin").glob("*")):
        _binary(path, total)
    texts = [path for tier in ("", "restricted/") for path in (corpus / f"{tier}dmi-text").glob("*")]
    texts += [path for tier in ("", "restricted/") for path in (corpus / f"{tier}whole-machines").glob("*/dmidecode*")]
    for path in sorted(texts):
        _text(path, total)
    return total


def _binary(path: Path, total: Agreement) -> None:
    told = subprocess.run(["dmidecode", "--from-dump", str(path)], capture_output=True, check=False, timeout=20)
    theirs = parse_dmidecode(told.stdout.decode("latin-1"))
    if not theirs.systems:
        return  # no entry point, or no table at all
    ours = parse_table(path.read_bytes())
    total.files += 1
    for section in (name for name in Table.__struct_fields__ if name not in ("source", "faults")):
        left, right = getattr(ours, section), getattr(theirs, section)
        if section == "version" or len(left) != len(right):
            total.compare(path.name, section, left, right)
            continue
        for one, other in zip(left, right, strict=True):
            for field in getattr(one, "__struct_fields__", ()):
                a, b = getattr(one, field), getattr(other, field)
                # A serial never reaches a report: only whether both are the same.
                total.compare(path.name, f"{section}.{field}", *((a == b, True) if field in _SECRET else (a, b)))


def _text(path: Path, total: Agreement) -> None:
    text = path.read_bytes().decode("latin-1").replace("\r", "")
    table = parse_dmidecode(text)
    total.files += 1
    where = f"{path.parent.name}/{path.name}"[-60:]
    blocks = _blocks(text)
    for kind, name, ours in (
        (1, "Product Name", [system.product for system in table.systems]),
        (1, "Version", [system.version for system in table.systems]),
        (2, "Product Name", [board.product for board in table.boards]),
        (3, "Type", [chassis.kind for chassis in table.chassis]),
        (0, "Release Date", [bios.released for bios in table.bios]),
        (4, "Version", [processor.model_name for processor in table.processors]),
        (17, "Locator", [device.locator for device in table.memory_devices]),
    ):
        total.compare(where, f"{kind} {name}", ours, [_field(block, name) for block in blocks.get(kind, [])])
    modules = [_bytes(_field(block, "Size")) for block in blocks.get(17, [])]
    total.compare(where, "sizes", [device.size_bytes for device in table.memory_devices], modules)
    cores = [_field(block, "Core Count") for block in blocks.get(4, [])]
    total.compare(where, "cores", [c.cores for c in table.processors], [int(n) if n else None for n in cores])
    total.compare(where, "uefi", any(bios.is_uefi for bios in table.bios), "UEFI is supported" in text)


def _blocks(text: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for block in re.split(r"^[ \t]*Handle 0x", text, flags=re.MULTILINE)[1:]:
        if kind := re.search(r"DMI type (\d+)", block):
            found.setdefault(int(kind[1]), []).append(block)
    return found


def _field(block: str, name: str) -> str | None:
    match = re.search(rf"^[ \t]+{name}:[ \t]*(.*?)[ \t]*$", block, re.MULTILINE)
    if match is None or match[1] in _NONE:
        return None
    # Control characters of Latin-1, runs of spaces: cleaned alike, or bytes would be compared.
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\xad]", "", match[1]).split()) or None


def _bytes(text: str | None) -> int | None:
    if text is None or text.startswith("No Module"):
        return None if text is None else 0
    match = re.match(r"(\d+) (\w)", text)
    return (int(match[1]) << _SCALE.get(match[2], 0)) or None if match else None
