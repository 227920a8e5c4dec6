"""Ask one disk about itself: one `smartctl --json=o -x` run feeds our reader and, from the text in it, pySMART.

A smartctl without JSON is asked again for text, one that does not know a USB bridge is told to try `-d sat`.
"""

import dataclasses
import re

import msgspec

from agent.facts import Disk, Gap, Why
from agent.host import Host, Output
from agent.probes.smart import document, parse_smart_json, printed_text
from agent.probes.smart_values import SmartReport

TIMEOUT_S = 30
# The classic table, because it is the only one that pySMART reads; -x, because -a leaves out security and statistics.
_WORDS = ("--json=o", "-x", "-f", "old")
_NO_JSON = re.compile(r"UNRECOGNIZED OPTION|INVALID ARGUMENT TO --json|[Uu]nrecognized option|invalid option", re.I)
_NAME = re.compile(r"(?:^|[^a-z])(sd[a-z]{1,3}|hd[a-z]|nvme\d+(?:n\d+)?|mmcblk\d+|x?vd[a-z])(?![a-z0-9])")


def ask(host: Host, name: str) -> SmartReport:
    """What smartctl says of /dev/NAME; why it says nothing is in the gaps."""
    output = host.run("smartctl", *_WORDS, f"/dev/{name}", timeout_s=TIMEOUT_S)
    if _NO_JSON.search(_said(output)):
        output = host.run("smartctl", "-x", "-f", "old", f"/dev/{name}", timeout_s=TIMEOUT_S)
    report = read(output, name)
    if report.is_bridge_unknown:
        output = host.run("smartctl", *_WORDS, "-d", "sat", f"/dev/{name}", timeout_s=TIMEOUT_S)
        second = read(output, name)
        report = second if second.has_answer else report
    return report


def _said(output: Output) -> str:
    return output.text[:600] + output.stderr.decode("latin-1")[:600]


def read(output: Output, name: str) -> SmartReport:
    """One recorded answer, JSON or text, with the second opinion on its text."""
    if output.why is not None and not output.stdout.strip():
        told: dict[Why, str] = {
            "tool-missing": "smartctl is not installed",
            "timed-out": f"the disk did not answer in {TIMEOUT_S} s",
            "refused": "smartctl could not be started",
        }
        gap = Gap(path="", source=output.source, why=output.why, detail=told.get(output.why, ""))
        return SmartReport(disk=Disk(name=name), gaps=(gap,), source=output.source)
    text = output.text
    if text.lstrip()[:1] in ("{", "["):
        report = parse_smart_json(text, name)
        printed = printed_text(document(text) or {})
    else:
        from agent.probes.smart_text import parse_smart_text  # a smartctl of before 2018, or another's capture

        report = parse_smart_text(text, name)
        printed = text
        if report.has_answer and output.status is not None and report.disk.health.exit_bits is None:
            report = _with_exit(report, output.status)
    gaps = list(report.gaps)
    if output.why == "timed-out":
        gaps.append(Gap(path="health", source=output.source, why="timed-out", detail="the answer is not whole"))
    if printed and report.has_answer:
        from agent.probes import second_reader

        gaps += second_reader.disagreements(report.disk, printed, report.protocol, output.source)
    gaps = [msgspec.structs.replace(gap, source=output.source) for gap in gaps]
    return dataclasses.replace(report, gaps=tuple(gaps), source=output.source)


def _with_exit(report: SmartReport, status: int) -> SmartReport:
    health = msgspec.structs.replace(report.disk.health, exit_bits=status)
    return dataclasses.replace(report, disk=msgspec.structs.replace(report.disk, health=health))


def recorded(host: Host) -> tuple[SmartReport, ...]:
    """Every smartctl answer on a disk that a foreign capture kept, under the name that the disk goes by."""
    outputs = [output for output in host.outputs("smartctl") if not _is_scan(output.text)]
    return tuple(read(output, name_in(output) or f"disk{place}") for place, output in enumerate(outputs))


def _is_scan(text: str) -> bool:
    """`smartctl --scan` lists names, and says nothing of a disk."""
    doc = document(text) if text.lstrip()[:1] == "{" else None
    if doc is not None:
        return "devices" in doc and "device" not in doc
    lines = text.split("\n")[:3]
    return re.match(r"(?:# )?/dev/\S+ -d \S+ #", lines[0]) is not None or "--scan" in lines[0]


def name_in(output: Output) -> str | None:
    """The kernel's name from the command, or from the name of a loose file ("smartctl__sda.json", "sda.txt")."""
    for word in output.argv[1:]:
        if word.startswith("/dev/") and (match := _NAME.search(word.removeprefix("/dev/"))):
            return match[1]
    for word in output.argv[1:]:
        if match := _NAME.search(word):
            return match[1]
    return None
