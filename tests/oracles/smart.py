"""What others read in the same SMART answers.

* text, pySMART: every attribute's columns, sizes, sector sizes, rotation, NVMe counters.
* text, linux-hardware.org: the folder that its curators filed the capture under (HDD, SSD, NVMe).
* text, columns: the table cut at white space, and single lines looked up by their first words.
* JSON, keys: the document flattened to dotted keys and looked up one by one.
* JSON, exit bits: smartctl's own conclusions (failing, prefail now, errors logged, self-test failed) from the same run.
"""

import json
import logging
import os
import re
import warnings
from pathlib import Path
from typing import Any

from agent.facts import Disk
from agent.probes.smart import parse_smart_json
from agent.probes.smart_text import parse_smart_text
from agent.text import decode, meant
from tests.oracles import Agreement

_COUNTED = {5: "reallocated_sectors", 197: "pending_sectors", 198: "uncorrectable_sectors", 199: "crc_errors"}
_MOST = 1_000_000  # above it we refuse a count that the oracle prints


def agreements(corpus: Path) -> list[Agreement]:
    return [pysmart(corpus), filing(corpus), columns(corpus), keys(corpus), exit_bits(corpus)]


def agreement(corpus: Path) -> Agreement:
    """All of them as one."""
    found = Agreement(kind="smartctl", oracle="pySMART, LHW's folders, columns, keys, exit bits")
    for one in agreements(corpus):
        found.files += one.files
        found.fields += one.fields
        found.equal += one.equal
        found.residues += [f"{one.oracle}: {residue}" for residue in one.residues]
    return found


def _texts(corpus: Path) -> list[tuple[str, str]]:
    paths = [path for tier in ("", "restricted/") for path in sorted((corpus / f"{tier}smart-text").glob("*"))]
    texts = [(path.name[:60], decode(path.read_bytes())) for path in paths if path.is_file()]
    return [(name, text) for name, text in texts if re.search(r"^smartctl \d", text, re.MULTILINE)]


def _documents(corpus: Path) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for tier in ("", "restricted/"):
        for path in sorted((corpus / f"{tier}smart-json").glob("*.json")):
            try:
                value = json.loads(path.read_text())
            except ValueError:
                continue
            for place, entry in enumerate(value if isinstance(value, list) else [value]):
                if "device" in entry:
                    found.append((f"{path.name[:60]}[{place}]", entry))
    return found


def pysmart(corpus: Path) -> Agreement:
    kept = os.environ.get("LANG"), logging.getLoggerClass()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pySMART.interface.ata import AtaAttributes
        from pySMART.interface.nvme import NvmeAttributes
    logging.setLoggerClass(kept[1])
    if kept[0] is not None:
        os.environ["LANG"] = kept[0]
    found = Agreement(kind="smart-text", oracle="pySMART 1.4")
    for name, text in _texts(corpus):
        report = parse_smart_text(text, name)
        health = report.disk.health
        found.files += 1
        if report.protocol == "ata":
            ids = [ours.id for ours in health.attributes]
            table = AtaAttributes(iter([_classic(line) for line in text.splitlines()])).legacyAttributes
            for ours in health.attributes:
                if (theirs := table[ours.id]) and ids.count(ours.id) == 1:
                    found.compare(name, f"{ours.id} name", ours.name, theirs.name)
                    found.compare(name, f"{ours.id} value", ours.value, int(theirs.value))
                    found.compare(name, f"{ours.id} threshold", ours.threshold, theirs.thresh)
                    if not theirs.raw.startswith("0x"):
                        found.compare(name, f"{ours.id} raw", ours.raw, str(theirs.raw_int))
        elif report.protocol == "nvme":
            lines = re.sub(r"(?<=\d)[\u00a0\u202f ](?=\d{3})", ",", text).splitlines()
            nvme = NvmeAttributes(iter(lines))
            believable = nvme.powerOnHours is not None and nvme.powerOnHours <= 150_000
            for fact, theirs in (
                ("critical_warning", nvme.criticalWarning),
                ("wear_permille", nvme.percentageUsed * 10 if nvme.percentageUsed is not None else None),
                ("spare_permille", nvme.availableSpare * 10 if nvme.availableSpare is not None else None),
                ("hours", nvme.powerOnHours if believable else None),
                ("power_cycles", nvme.powerCycles),
                ("media_errors", nvme.integrityErrors),
                ("unsafe_shutdowns", nvme.unsafeShutdowns),
                ("error_count", nvme.errorEntries),
            ):
                found.compare(name, fact, getattr(health, fact), theirs)
    return found


def _classic(line: str) -> str:
    """The brief table's row as the other table has it: flags are all that pySMART needs to be a number."""
    row = re.match(r"( *\d+ \S+ +)[POSRCK-]{6}\+?( +\S+ +\S+ +\S+) +(?:-|NOW|[Pp]ast) +(.*)$", line)
    return f"{row[1]}0x0000 {row[2]} Old_age Always - {row[3]}" if row else line


def filing(corpus: Path) -> Agreement:
    found = Agreement(kind="smart-text", oracle="linux-hardware.org's folders")
    for name, text in _texts(corpus):
        folder = re.match(r"(?:linuxhw|bsdhw)_\w+?__(HDD|SSD|NVMe)__", name)
        if folder:
            found.files += 1
            disk = parse_smart_text(text, name).disk
            found.compare(name, "kind", disk.kind, folder[1].lower())
    return found


def columns(corpus: Path) -> Agreement:
    found = Agreement(kind="smart-text", oracle="columns cut at white space")
    for name, text in _texts(corpus):
        disk = parse_smart_text(text, name).disk
        found.files += 1
        rows = [line.split() for line in text.splitlines() if re.match(r" *\d+ [A-Za-z]\S+ +(?:0x|[-P])", line)]
        for row in rows:
            is_brief = not row[2].startswith("0x")
            raw = row[7 if is_brief else 9]
            fact = _COUNTED.get(int(row[0]))
            is_alone = sum(other[0] == row[0] for other in rows) == 1
            is_named = "Unknown" not in row[1] and row[1] != "Not_In_Use" and disk.health.attributes
            if fact and is_alone and is_named and raw.isdigit() and int(raw) <= _MOST:
                found.compare(name, fact, getattr(disk.health, fact), int(raw))
        _lines(found, name, text, disk)
    return found


def _lines(found: Agreement, name: str, text: str, disk: Disk) -> None:
    first: dict[str, str] = {}
    for line in text.splitlines():
        head, _, rest = line.partition(":")
        first.setdefault(head.strip(), rest.strip())
    model = first.get("Device Model") or first.get("Model Number") or first.get("Product")
    if model:
        found.compare(name, "model", disk.model, meant(model))
        found.compare(name, "firmware", disk.firmware, meant(first.get("Firmware Version") or first.get("Revision")))
    if (size := first.get("User Capacity") or first.get("Namespace 1 Size/Capacity")) and size[0] != "0":
        printed = re.sub(r"[^0-9]", "", re.split(r"bytes|\[", size)[0])
        found.compare(name, "size", disk.size_bytes, int(printed))
    if result := first.get("SMART overall-health self-assessment test result"):
        found.compare(name, "passed", disk.health.is_passed, result == "PASSED")
    if security := first.get("ATA Security is"):
        known = {"D": "disabled", "E": "enabled", "U": "unsupported"}
        found.compare(name, "security", disk.security, known[security[0]])
        if "frozen" in security.lower():
            found.compare(name, "frozen", disk.is_security_frozen, "not frozen" not in security.lower())
    if (rate := first.get("Rotation Rate", "")).endswith("rpm"):
        found.compare(name, "rpm", disk.rpm, int(rate.split()[0]))
    if (count := first.get("Device Error Count", "").split()) and count[0].isdigit():
        found.compare(name, "errors", disk.health.error_count, int(count[0]))


def keys(corpus: Path) -> Agreement:
    found = Agreement(kind="smart-json", oracle="keys looked up one by one")
    for name, document in _documents(corpus):
        disk = parse_smart_json(json.dumps(document), name).disk
        flat = dict(_flat(document, ""))
        found.files += 1
        for path, ours in (
            (".firmware_version", disk.firmware),
            (".user_capacity.bytes", disk.size_bytes),
            (".logical_block_size", disk.logical_sector_bytes),
            (".form_factor.name", disk.form_factor),
            (".trim.supported", disk.has_trim),
            (".smart_status.passed", disk.health.is_passed),
            (".smartctl.exit_status", disk.health.exit_bits),
            (".power_on_time.hours", disk.health.hours),
            (".power_cycle_count", disk.health.power_cycles),
            (".temperature.current", disk.health.temperature_c),
            (".ata_smart_error_log.summary.count", disk.health.error_count),
            (".nvme_smart_health_information_log.critical_warning", disk.health.critical_warning),
            (".nvme_smart_health_information_log.media_errors", disk.health.media_errors),
            (".scsi_grown_defect_list", disk.health.grown_defects),
            (".ata_smart_data.self_test.polling_minutes.extended", disk.health.self_test_extended_minutes),
        ):
            if path in flat:
                found.compare(name, path, ours, flat[path])
        if (used := flat.get(".nvme_smart_health_information_log.percentage_used")) is not None:
            found.compare(name, "percentage_used", disk.health.wear_permille, used * 10)
        table = {a.id: a for a in disk.health.attributes}
        for entry in document.get("ata_smart_attributes", {}).get("table", []):
            row = table[entry["id"]]
            found.compare(name, "value", (row.value, row.threshold), (entry.get("value"), entry.get("thresh")))
            if re.fullmatch(r"\d+", entry["raw"]["string"]):
                found.compare(name, f"{entry['id']} raw", row.raw, str(entry["raw"]["value"]))
    return found


def _flat(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(inner, f"{path}.{key}")]
    return [(path, value)]


def exit_bits(corpus: Path) -> Agreement:
    found = Agreement(kind="smart-json", oracle="smartctl's exit bits")
    for name, document in _documents(corpus):
        status = document.get("smartctl", {}).get("exit_status")
        argv = document.get("smartctl", {}).get("argv", [])
        if not isinstance(status, int) or status & 3:
            continue
        health = parse_smart_json(json.dumps(document), name).disk.health
        found.files += 1
        is_whole = any(word in ("-a", "--all", "-x", "-ja", "-aj") for word in argv)
        if health.is_passed is not None:
            found.compare(name, "bit 3: failing", health.is_passed is False, bool(status & 8))
        if is_whole and health.attributes:
            found.compare(
                name,
                "bits 4 and 5: at a threshold",
                bool(health.failing_now or health.failed_past),
                bool(status & 0x30),
            )
            found.compare(name, "bit 6: errors logged", bool(health.error_count), bool(status & 64))
            found.compare(name, "bit 7: self-test failed", health.self_test_failed is True, bool(status & 128))
    return found
