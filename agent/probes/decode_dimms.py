"""Memory modules from recorded `decode-dimms` text (peracotta): the modules' own EEPROMs, where SMBIOS was not kept."""

import re

from agent.host import Host
from agent.probes import Findings
from agent.probes.smbios_structures import MemoryDevice, Table
from agent.probes.told import bytes_in, tell_table
from agent.units import MIB

_FIELD = re.compile(r"(?m)^(\S[^\n]{2,46}?)\s{2,}(\S.*)$")
_COUNT = re.compile(r"(?m)^Number of SDRAM DIMMs detected and decoded: (\d{1,3})\s*$")
_FORMS = (("SO-DIMM", "SODIMM"), ("SODIMM", "SODIMM"), ("DIMM", "DIMM"))
_MODULES_MOST = 64


def probe(host: Host) -> Findings:
    findings = Findings()
    for output in host.outputs("decode-dimms"):
        devices = parse_decode_dimms(output.text)
        told = _COUNT.search(output.text)
        if devices and not findings.facts:
            tell_table(findings, Table(memory_devices=devices), output.source)
        if told is None or int(told[1]) != len(devices) or not devices:
            findings.missed("memory.modules", output.source, output.why or "absent", "EEPROMs not read, or not all")
    return findings


def parse_decode_dimms(text: str) -> tuple[MemoryDevice, ...]:
    """Each EEPROM that told a size; an EEPROM of something else (a screen's, a board's) tells none."""
    blocks = text.split("Decoding EEPROM: ")[1:]
    found = (_device(dict(_FIELD.findall(block))) for block in blocks[:_MODULES_MOST])
    return tuple(device for device in found if device.size_bytes)


def _device(told: dict[str, str]) -> MemoryDevice:
    size = re.fullmatch(r"(\d{1,7}) MB", told.get("Size", "").strip())
    speed = re.match(r"(\d{2,5}) (?:MHz|MT/s)", told.get("Maximum module speed", ""))
    kind = re.match(r"(?:LPDDR|DDR)\d?|SDR SDRAM|SDRAM", told.get("Fundamental Memory type", ""))
    module = told.get("Module Type", "").upper()
    serial = told.get("Assembly Serial Number", "").removeprefix("0x").strip()
    return MemoryDevice(
        size_bytes=int(size[1]) * MIB if size else bytes_in(told.get("Size")),
        form=next((form for word, form in _FORMS if word in module), None),
        kind=kind[0].removeprefix("SDR ") if kind else None,
        rated_mts=int(speed[1]) if speed else None,
        maker=told.get("Module Manufacturer") or told.get("Manufacturer"),
        part=told.get("Part Number"),
        serial=serial or None,
    )
