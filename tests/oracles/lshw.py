"""lshw against dmidecode and smartctl, on the captures that hold both: two programs that read the same PC."""

import json
from collections.abc import Callable
from pathlib import Path

from agent.errors import CaptureError
from agent.foreign import open_foreign
from agent.host import Host
from agent.probes import Findings, lshw, smbios
from agent.probes.facter_table import number, text
from agent.probes.memory import parse_memory
from agent.probes.system import parse_system
from tests.oracles import Agreement

_SYSTEM = ("maker", "product", "version", "sku", "chassis", "board_maker", "board_product", "board_version")
_SECRET = ("serial", "uuid", "board_serial")  # compared, never shown
_MEMORY = ("fitted_bytes", "slots_total", "slots_free", "generation", "is_soldered")


def agreement(corpus: Path) -> Agreement:
    return against_dmidecode(corpus, "lshw", lshw.probe)


def machines(corpus: Path, program: str) -> list[tuple[str, Host]]:
    """Every capture that holds this program's output, opened."""
    found = []
    for folder in (corpus / "whole-machines", corpus / "restricted/whole-machines"):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            try:
                host = open_foreign(path)
            except CaptureError:
                continue
            if host is not None and any(output.stdout for output in host.outputs(program)):
                found.append((path.name, host))
    return found


def against_dmidecode(corpus: Path, program: str, probe: Callable[[Host], Findings]) -> Agreement:
    """Only what both tell is compared: a program that knows less is no disagreement."""
    result = Agreement(program, "dmidecode and smartctl of the same PC")
    for name, host in machines(corpus, program):
        facts = probe(host).facts
        if any(output.stdout for output in host.outputs("dmidecode")):
            result.files += 1
            _compare_table(result, name, facts, smbios.load(host)[0])
        _compare_disks(result, name, facts, host)
    return result


def _compare_table(result: Agreement, name: str, facts: dict[str, object], table: smbios.Table) -> None:
    system, memory = parse_system(table), parse_memory(table)
    for section, theirs, fields in (("system", system, _SYSTEM + _SECRET), ("memory", memory, _MEMORY)):
        for field in fields:
            ours_value, theirs_value = getattr(facts.get(section), field, None), getattr(theirs, field)
            if ours_value is None or theirs_value is None:
                continue
            if field in _SECRET:
                result.compare(name, f"{section}.{field}", ours_value == theirs_value, True)
            else:
                result.compare(name, f"{section}.{field}", ours_value, theirs_value)
    model = table.processors[0].model_name if table.processors else None
    ours_name = getattr(facts.get("cpu"), "model_name", None)
    if model and ours_name and "CPU" in model:
        result.compare(name, "cpu.model_name", _plain(ours_name), _plain(model))


def _plain(name: str) -> str:
    return " ".join(name.replace("(R)", "").replace("(TM)", "").replace("CPU", "").split("@")[0].split())


def _compare_disks(result: Agreement, name: str, facts: dict[str, object], host: Host) -> None:
    """Size by serial number, where smartctl's JSON and this program know the same disk."""
    sizes = {}
    for output in host.outputs("smartctl"):
        try:
            told = json.loads(output.text)
        except ValueError:
            continue
        size = number(told.get("user_capacity"), "bytes") or number(told, "nvme_total_capacity")
        sizes[(text(told, "serial_number") or "").strip()] = size
    disks = facts.get("disks")
    for disk in disks if isinstance(disks, tuple) else ():
        theirs = sizes.get(disk.serial or "-")
        if theirs and disk.size_bytes:
            # inxi rounds to hundredths of a GiB.
            near = abs(theirs - disk.size_bytes) < 11 << 20
            result.compare(name, f"disk {disk.name} size", disk.size_bytes if not near else theirs, theirs)
