"""Answers that come several in one file, or one in several files. Pure."""

import json
import re
from typing import Any

from agent.foreign.recognise import parse_json
from agent.foreign.recorded import Gathering
from agent.host import Output
from agent.text import decode

_SMARTCTL = re.compile(r"^smartctl (?:version )?\d+\.\d+.*$", re.MULTILINE)
_DEVICE = re.compile(r"(/dev/[\w/,.-]+):?(?: -d \S+)?")
_HANDLE = re.compile(r"^Handle (0x[0-9A-Fa-f]{4})", re.MULTILINE)
_UUID = re.compile(r"^\s*UUID: *(\S+)", re.MULTILINE)
_TYPE_1 = re.compile(r"^System Information$(.*?)^\S", re.MULTILINE | re.DOTALL)
_ANSWERS_MOST = 200


def smartctl_answers(name: str, raw: bytes) -> tuple[Output, ...]:
    """One Output per disk: a JSON list (eReuse), several texts in one file (hw-probe), or the single answer itself."""
    if raw.lstrip()[:1] == b"[":
        value = parse_json(raw)
        if isinstance(value, list):
            return tuple(_smartctl_json(name, entry) for entry in value[:_ANSWERS_MOST] if isinstance(entry, dict))
    if raw.lstrip()[:1] == b"{":
        value = parse_json(raw)
        return (_smartctl_json(name, value, raw),) if isinstance(value, dict) else (_plain(name, raw),)
    text = decode(raw)
    heads = list(_SMARTCTL.finditer(text))
    if len(heads) < 2:
        return (_plain(name, raw),)
    ends = [head.start() for head in heads[1:]] + [len(text)]
    answers = []
    before = text[: heads[0].start()]
    for head, end in list(zip(heads, ends, strict=True))[:_ANSWERS_MOST]:
        body = text[head.start() : end]
        device = _DEVICE.fullmatch(before[-300:].rstrip().rpartition("\n")[2])
        # The line before the next answer names its device, and is not part of this one.
        before = body
        words = ("smartctl", device[1], name) if device else ("smartctl", name)
        answers.append(Output(argv=words, status=None, stdout=body.encode()))
    return tuple(answers)


def _plain(name: str, raw: bytes) -> Output:
    return Output(argv=("smartctl", name), stdout=raw)


def _smartctl_json(name: str, value: dict[str, Any], raw: bytes | None = None) -> Output:
    """The recorded exit status is data: smartctl's bits say that a disk is failing."""
    told = value.get("smartctl")
    status = told.get("exit_status") if isinstance(told, dict) else None
    device = value.get("device")
    node = device.get("name") if isinstance(device, dict) else None
    words = ("smartctl", node, name) if isinstance(node, str) and node.startswith("/dev/") else ("smartctl", name)
    return Output(
        argv=words,
        status=status if isinstance(status, int) else None,
        stdout=raw if raw is not None else json.dumps(value).encode(),
    )


def whole_dmidecode(outputs: tuple[Output, ...]) -> tuple[Output, ...]:
    """`dmidecode -t …` kept in several files (peracotta: baseboard, chassis, connector) as one answer.

    Files that share a handle are kept apart: each is a whole table of its own.
    """
    told = [output for output in outputs if output.stdout]
    if len(told) < 2:
        return outputs
    handles = [_HANDLE.findall(output.text) for output in told]
    if len({handle for some in handles for handle in some}) < sum(len(some) for some in handles):
        return tuple(sorted(told, key=lambda output: -len(output.stdout)))
    names = ", ".join(output.argv[-1] for output in told)
    return (Output(argv=("dmidecode", names), status=0, stdout=b"\n\n".join(output.stdout for output in told)),)


def several_pcs(gathering: Gathering) -> bool:
    """Files of two PCs in one folder would make a third one that never was."""
    if any(len([o for o in gathering.answers(program) if o.stdout]) > 1 for program in ("ereuse", "facter")):
        return True
    systems = {found for output in gathering.answers("dmidecode") if (found := _system_of(output.text))}
    return len(systems) > 1


def _system_of(text: str) -> str | None:
    uuid = _UUID.search(text)
    if uuid:
        return uuid[1].lower()
    found = _TYPE_1.search(text + "\n.")
    return found[1] if found else None
