"""Memory: the modules that SMBIOS lists (types 16 and 17, 6 on the oldest PCs), and what the kernel can use of it.

The two amounts stay apart: built-in graphics take their share, and a badly seated module shows in one only. What a
board calls its maximum, its slots and its module names is a hint; makers copy tables from one model to the next.
"""

import re

from agent.facts import Memory, Module
from agent.host import Host
from agent.probes import Findings
from agent.probes.jedec import maker_of
from agent.probes.smbios import TABLE, Table
from agent.probes.smbios_structures import MemoryArray, MemoryDevice
from agent.probes.system import meant_serial
from agent.text import clean, meant
from agent.units import KIB, MIB, TIB

MEMINFO = "/proc/meminfo"
_MAXIMUM_BELIEVED = 16 * TIB
_SPEEDS_MTS = range(33, 12_801)
# Arrays and devices that are no main memory: the chip of the BIOS was once counted as a module (eReuse/workbench#5).
_OTHER_USES = frozenset(("Flash Memory", "Video Memory", "Non-volatile RAM", "Cache Memory"))
_OTHER_KINDS = frozenset(("Flash", "ROM", "EEPROM", "FEPROM", "EPROM", "VRAM", "Logical non-volatile device"))
_SOLDERED_FORMS = frozenset(("Row Of Chips", "Chip", "Die", "TSOP"))
_SOCKETED_FORMS = frozenset(("DIMM", "SODIMM", "RIMM", "SRIMM", "FB-DIMM", "SIMM", "CAMM", "Proprietary Card"))
_GENERATION = re.compile(r"(LP)?DDR\d?|SDRAM|RDRAM|EDO|HBM\d?")
# Words of a maker's template, of memory alone.
_NOTHING = re.compile(
    r"^(?:no dimm|no device|a\d_|bank\d|dimm\s?\d|module ?(?:part|manu)|part ?n|mfg \d|unde|tbd$|abcd$|48spaces)",
    re.IGNORECASE,
)


def parse_memory(table: Table, usable_bytes: int | None = None) -> Memory:
    devices = _main_devices(table)
    modules = tuple(_module(device, _array_of(device, table)) for device in devices if device.size_bytes != 0)
    slots = [device for device in devices if not _is_soldered(device)]
    if not devices:
        modules, slots_total, slots_free = _old_modules(table)
    else:
        slots_total, slots_free = len(slots), sum(device.size_bytes == 0 for device in slots)
    sizes = [module.size_bytes for module in modules]
    fitted = sum(size for size in sizes if size is not None)
    is_all = not _is_cut_short(table, devices) or (usable_bytes is not None and _is_near(usable_bytes, fitted))
    return Memory(
        fitted_bytes=fitted if fitted and None not in sizes and is_all else None,
        usable_bytes=usable_bytes,
        slots_total=slots_total,
        slots_free=slots_free,
        generation=_agreed([module.generation for module in modules]),
        maximum_bytes=_maximum(table, fitted),
        has_ecc=_all_or_not([module.has_ecc for module in modules]),
        is_soldered=_all_or_not([module.is_soldered for module in modules]),
        modules=modules,
    )


def _array_of(device: MemoryDevice, table: Table) -> MemoryArray | None:
    return next((array for array in table.memory_arrays if array.handle == device.array), None)


def _main_devices(table: Table) -> list[MemoryDevice]:
    found = []
    for device in table.memory_devices:
        array = _array_of(device, table)
        is_other = device.kind in _OTHER_KINDS or (array is not None and array.use in _OTHER_USES)
        if not is_other and device != MemoryDevice():
            found.append(device)
    return found


def _is_cut_short(table: Table, devices: list[MemoryDevice]) -> bool:
    """A broken table that announces more devices than it still holds: a module may be among those lost."""
    announced = sum(array.slots or 0 for array in table.memory_arrays if array.use not in _OTHER_USES)
    return bool(table.faults) and len(devices) < announced


def _is_near(usable: int, fitted: int) -> bool:
    """The kernel uses most of it, and no more: then no module is missing from the list."""
    return usable <= fitted and usable * 100 >= fitted * 70


def _module(device: MemoryDevice, array: MemoryArray | None) -> Module:
    part = meant(device.part)
    return Module(
        slot=_slot(device.locator) or _slot(device.bank),
        size_bytes=device.size_bytes,
        generation=generation_of(device.kind),
        form=device.form,
        rated_mts=_believed_speed(device.rated_mts),
        configured_mts=_believed_speed(device.configured_mts),
        maker=None if _NOTHING.search(device.maker or "") else maker_of(device.maker),
        part=None if part is None or _NOTHING.search(part) else part,
        serial=meant_serial(device.serial),
        has_ecc=_has_ecc(device, array),
        is_soldered=_is_soldered(device),
    )


def _slot(locator: str | None) -> str | None:
    """A slot's name. "DIMM1" and "BANK 0", elsewhere words of a template, are printed on boards."""
    return clean(locator or "") if re.search(r"\d", locator or "") else meant(locator)


def generation_of(kind: str | None) -> str | None:
    """ "DDR2 FB-DIMM" → "DDR2"; None for "DRAM", "Other", "RAM": words of BIOSes that did not know better."""
    match = _GENERATION.match(kind or "")
    return match[0] if match else None


def _believed_speed(mts: int | None) -> int | None:
    return mts if mts in _SPEEDS_MTS else None


def _is_soldered(device: MemoryDevice) -> bool | None:
    """LPDDR is soldered whatever the form says ("SODIMM", often), but for CAMM modules."""
    if device.form in _SOLDERED_FORMS:
        return True
    if (device.kind or "").startswith("LPDDR") and device.form != "CAMM":
        return True
    return False if device.form in _SOCKETED_FORMS else None


def _has_ecc(device: MemoryDevice, array: MemoryArray | None) -> bool | None:
    """From the widths: 72 for 64, or 80 in DDR5; else from the array, which may only mean what the board could do."""
    data, total = device.data_bits, device.total_bits
    if data and total and total == data:
        return False
    if data and total and (total - data) in (data // 8, data // 4):
        return True
    if array is None or array.ecc is None:
        return None
    return {"None": False, "Parity": False, "Single-bit ECC": True, "Multi-bit ECC": True}.get(array.ecc)


def _maximum(table: Table, fitted: int) -> int | None:
    """Sum of what the arrays claim; None when absurd: less than is fitted, or petabytes."""
    claims = [array.maximum_bytes for array in table.memory_arrays if array.use not in _OTHER_USES]
    total = sum(claim for claim in claims if claim)
    return total if claims and None not in claims and max(fitted, 16 * MIB) <= total <= _MAXIMUM_BELIEVED else None


def _old_modules(table: Table) -> tuple[tuple[Module, ...], int | None, int | None]:
    """Type 6, where there is no type 17: PCs of about 2000."""
    modules = tuple(
        Module(
            slot=_slot(old.socket),
            size_bytes=old.size_bytes,
            generation="SDRAM" if "SDRAM" in (old.kind or "") else "EDO" if "EDO" in (old.kind or "") else None,
            form=next((form for form in ("DIMM", "SIMM") if form in (old.kind or "").split()), None),
            is_soldered=None,
        )
        for old in table.old_modules
        if old.size_bytes != 0
    )
    if not table.old_modules:
        return (), None, None
    return modules, len(table.old_modules), len(table.old_modules) - len(modules)


def _agreed(values: list[str | None]) -> str | None:
    return values[0] if values and len(set(values)) == 1 else None


def _all_or_not(values: list[bool | None]) -> bool | None:
    if values and all(values):
        return True
    return False if False in values else None


def parse_meminfo(text: str) -> int | None:
    """MemTotal in bytes."""
    match = re.search(r"^MemTotal: *(\d{1,15}) kB$", text, re.MULTILINE)
    return int(match[1]) * KIB or None if match else None


def probe(host: Host, table: Table) -> Findings:
    findings = Findings()
    # Read here and not through psutil.virtual_memory(): its PROCFS_PATH is one global for the process, and probes of
    # several replayed hosts run in threads at once; its first import alone costs more than this whole probe.
    meminfo = host.read(MEMINFO)
    usable = parse_meminfo(meminfo.text) if meminfo.why is None else None
    memory = parse_memory(table, usable)
    source = table.source or TABLE
    findings.found("memory", memory, source)
    if usable is None:
        findings.missed("memory.usable_bytes", MEMINFO, meminfo.why or "malformed")
    else:
        findings.sources["memory.usable_bytes"] = MEMINFO
    _note_gaps(memory, table, source, findings)
    return findings


def _note_gaps(memory: Memory, table: Table, source: str, findings: Findings) -> None:
    is_listed = bool(memory.modules) or memory.slots_total is not None
    if memory.fitted_bytes is None:
        unknown = [module.slot or "?" for module in memory.modules if module.size_bytes is None]
        detail = f"size unknown: {', '.join(unknown)[:120]}" if unknown else ""
        if is_listed and not unknown:
            detail = "table cut short" if memory.modules else "every slot is said to be empty"
        findings.missed("memory.fitted_bytes", source, "malformed" if is_listed else "absent", detail)
    claims = [array.maximum_bytes for array in table.memory_arrays if array.maximum_bytes]
    if memory.maximum_bytes is None:
        detail = f"claimed: {sum(claims)}" if claims else ""
        findings.missed("memory.maximum_bytes", source, "malformed" if claims else "absent", detail)
    for field in ("slots_total", "slots_free", "generation", "has_ecc", "is_soldered"):
        if getattr(memory, field) is None:
            findings.missed(f"memory.{field}", source, "absent")
