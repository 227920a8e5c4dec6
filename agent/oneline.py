"""A machine in one line, for screens, lists and labels: maker, model, processor, memory, disks, battery."""

import re

from agent.facts import Battery, Cpu, Disk, Machine
from agent.text import clean
from agent.units import tell_bytes

_NOISE = re.compile(r"\((?:R|TM|tm|r)\)|\bCPU\b|\bProcessor\b|@.*$|\b\w+-Core\b|\bwith Radeon.*$|\bIntel\b|\bAMD\b")
_KINDS = {"hdd": ("disque", "disk"), "ssd": ("SSD", "SSD"), "nvme": ("SSD", "SSD"), "emmc": ("eMMC", "eMMC")}


def one_line(machine: Machine, lang: str) -> str:
    """ "Dell OptiPlex 7010 · Core i5-3470 · 8 Gio · SSD 240 Go"; unknown parts are said, not left out."""
    parts = [
        name_of(machine) or ("unknown model" if lang == "en" else "modèle inconnu"),
        processor_of(machine.cpu) or "CPU ?",
        _memory(machine, lang) or ("memory ?" if lang == "en" else "mémoire ?"),
        _disks(machine.disks, lang),
        *([_batteries(machine.batteries, lang)] if machine.batteries else []),
    ]
    return " · ".join(parts)


def name_of(machine: Machine) -> str | None:
    """Maker and product, without saying the maker twice; the board's when the system has none."""
    system = machine.system
    maker = system.maker or system.board_maker
    product = system.product or system.board_product
    if not product:
        return clean(maker, 60) if maker else None
    if maker and not product.casefold().startswith(maker.casefold()):
        return clean(f"{maker} {product}", 60)
    return clean(product, 60)


def named(machine: Machine) -> str | None:
    """Maker, product and serial, as far as they are known: the name of this one PC."""
    parts = (name_of(machine), clean(machine.system.serial, 60) if machine.system.serial else None)
    return " ".join(part for part in parts if part) or None


def processor_of(cpu: Cpu) -> str | None:
    if not cpu.model_name:
        return None
    return clean(_NOISE.sub(" ", cpu.model_name), 40) or clean(cpu.model_name, 40)


def _memory(machine: Machine, lang: str) -> str | None:
    memory = machine.memory
    size = memory.fitted_bytes or memory.usable_bytes
    if size is None:
        return None
    told = tell_bytes(size, lang)
    return f"{told} {memory.generation}" if memory.generation else told


def _disks(disks: tuple[Disk, ...] | None, lang: str) -> str:
    if disks is None:
        return "disks ?" if lang == "en" else "disques ?"
    inside = [disk for disk in disks if not disk.removable and not disk.is_boot_medium]
    if not inside:
        return "no disk" if lang == "en" else "pas de disque"
    told = []
    for disk in inside[:2]:
        kind = _KINDS.get(disk.kind or "", ("disque", "disk"))[lang == "en"]
        told.append(f"{kind} {tell_bytes(disk.size_bytes, lang, decimal=True)}" if disk.size_bytes else kind)
    more = len(inside) - 2
    return " + ".join(told) + (f" + {more}" if more > 0 else "")


def _batteries(batteries: tuple[Battery, ...], lang: str) -> str:
    healths = [b.health_permille for b in batteries if b.health_permille is not None]
    word = "battery" if lang == "en" else "batterie"
    if not healths:
        return f"{word} ?"
    percent = f"{(sum(healths) // len(healths) + 5) // 10}"
    return f"{word} {percent}%" if lang == "en" else f"{word} {percent} %"
