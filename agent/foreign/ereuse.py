"""eReuse snapshots of every age: which raw answers they hold. Pure.

* workbench-script (2024–): `data` holds strings or JSON inside strings: dmidecode, smartctl, inxi, lshw, hwinfo, lspci.
* workbench (2022–23): the same under `data`, with `smart` as a list and lshw as an object.
* workbench 11–13 (–2022): `debug` holds lshw, hwinfo, battery; `components` and `device` what was made of them.
* any of them in an envelope `{"type", "save", "data"}`.
"""

import json
from collections.abc import Iterator
from typing import Any

from agent.errors import CaptureError
from agent.foreign.recognise import is_snapshot, parse_json

_ENVELOPES_MOST = 3


def opened(value: Any) -> dict[str, Any]:
    """The snapshot itself, out of its envelopes."""
    for _ in range(_ENVELOPES_MOST):
        inner = value.get("data") if isinstance(value, dict) else None
        if not isinstance(inner, dict) or not is_snapshot(inner):
            break
        value = inner
    return value if isinstance(value, dict) else {}


def snapshot_blobs(raw: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """(program, raw answer) for each tool whose output the snapshot kept; empty answers too, they say "asked"."""
    value = parse_json(raw)
    if isinstance(value, list):
        value = next((entry for entry in value if isinstance(entry, dict)), None)
    if not isinstance(value, dict):
        raise CaptureError(
            fr=f"{name} : instantané eReuse abîmé, le JSON ne se lit pas. Reprenez le fichier d'origine.",
            en=f"{name}: damaged eReuse snapshot, its JSON cannot be read. Take the original file again.",
        )
    snapshot = opened(value)
    for section in ("data", "debug"):
        tools = snapshot.get(section)
        if isinstance(tools, dict):
            for tool, answer in tools.items():
                if answer is not None and isinstance(tool, str):
                    yield tool, _blob(answer)


def _blob(answer: Any) -> bytes:
    if isinstance(answer, list):
        return _blob_of_list(answer)
    if isinstance(answer, str):
        # A list that was written as JSON in a string, such as '[""]' when smartctl was missing.
        value = parse_json(answer.encode()) if answer.lstrip()[:1] == "[" else None
        return _blob_of_list(value) if isinstance(value, list) else answer.encode("utf-8", "surrogatepass")
    return json.dumps(answer).encode()


def _blob_of_list(answers: list[Any]) -> bytes:
    """A list of answers, each an object or JSON in a string; the empty ones are left out."""
    kept = []
    for answer in answers:
        if isinstance(answer, str):
            answer = parse_json(answer.encode("utf-8", "replace")) if answer.strip() else None
        if answer:
            kept.append(answer)
    return json.dumps(kept).encode() if kept else b""
