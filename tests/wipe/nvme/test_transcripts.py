"""Dialogues with drives, in hex, answered again command by command.

Those here are COMPOSED by the twin, none was recorded from hardware: they hold the very bytes that are sent in place,
and are the form in which a real one is added (`composed: false`, drive and firmware in `about`). A command that is not
the next one of the transcript ends the test.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.erasure import Technique
from agent.wipe.device import DiskError, Noted
from agent.wipe.nvme.admin import Submit
from agent.wipe.nvme.family import open_nvme
from agent.wipe.nvme.transcript import OffScript, Turn, recording, replaying
from tests.wipe.twins.driving import unheard
from tests.wipe.twins.nvme import Notes, NvmeTwin, media_of, no_wait, noting

FOLDER = Path(__file__).parent / "transcripts"
POLLS = 8


@dataclass
class Scene:
    """How one transcript is composed."""

    technique: Technique
    twin: Callable[[], NvmeTwin]
    noted: tuple[Noted, ...] = ()
    siblings: dict[int, str] = field(default_factory=dict)


_SENT = Noted(step="nvme-sanitize", details={"cdw10": "0000000a", "before": "0 00000000 0"})
SCENES = {
    "sanitize-block": Scene("nvme-sanitize-block", NvmeTwin),
    "sanitize-crypto-attested": Scene("nvme-sanitize-crypto", lambda: NvmeTwin(sanicap=0b10_1001)),
    "sanitize-fails": Scene("nvme-sanitize-block", lambda: NvmeTwin(fault="fails", sanicap=0b1010)),
    "sanitize-stuck-at-655": Scene("nvme-sanitize-block", lambda: NvmeTwin(fault="stuck")),
    "sanitize-accepted-and-nothing": Scene(
        "nvme-sanitize-block", lambda: NvmeTwin(fault="does-nothing", status=1, scdw10=0x0A)
    ),
    "sanitize-invalid-opcode": Scene("nvme-sanitize-block", lambda: NvmeTwin(fault="invalid-opcode")),
    "sanitize-denied": Scene("nvme-sanitize-crypto", lambda: NvmeTwin(fault="denied")),
    "sanitize-resumed": Scene(
        "nvme-sanitize-block", lambda: NvmeTwin(status=2, state=3, scdw10=0x0A, progress=0x4000, _running=0x0A),
        noted=(_SENT,),
    ),
    "format-user-data": Scene("nvme-format-user-data", lambda: NvmeTwin(sanicap=0, flbas={1: 1})),
    "format-crypto-two-namespaces": Scene(
        "nvme-format-crypto",
        lambda: NvmeTwin(namespaces={1: bytearray(4096), 2: bytearray(4096)}, fna=0b110, sanicap=0),
        siblings={1: "nvme0n1", 2: "nvme0n2"},
    ),
    "format-fails": Scene("nvme-format-user-data", lambda: NvmeTwin(fault="fails", sanicap=0)),
}  # fmt: skip


def played(submit: Submit, doc: dict[str, Any]) -> str:
    """The whole dialogue; how it ended."""
    media = media_of(NvmeTwin(), **doc["media"])
    siblings = {int(nsid): name for nsid, name in doc["siblings"].items()}
    family = open_nvme(-1, media, armed=True, submit=submit, nsid=doc["nsid"], siblings=siblings, wait=no_wait)
    noted = tuple(Noted(step=one["step"], details=one["details"]) for one in doc["noted"])
    try:
        eraser = family.eraser(doc["technique"])
        if noted:
            eraser.resume(noted, unheard)
        else:
            eraser.begin(noting(Notes()))
        standing = eraser.poll()
        for _ in range(POLLS):
            if standing.state != "running":
                break
            standing = eraser.poll()
        if standing.state == "done":
            eraser.settle(noting(Notes()))
    except DiskError as error:
        return f"{type(error).__name__}: {error.said}"
    return f"{standing.state}: {standing.said}"


def composed(scene: Scene) -> dict[str, Any]:
    turns: list[Turn] = []
    twin = scene.twin()
    submit = recording(twin.submit, turns.append)
    doc: dict[str, Any] = {
        "about": "composed by tests/wipe/twins/nvme.py; no hardware was involved",
        "composed": True,
        "technique": scene.technique,
        "nsid": 1,
        "media": {"serial": twin.serial},
        "siblings": {str(nsid): name for nsid, name in scene.siblings.items()},
        "noted": [{"step": one.step, "details": dict(one.details)} for one in scene.noted],
    }
    return {**doc, "ends": played(submit, doc), "turns": msgspec.to_builtins(turns)}


@pytest.mark.parametrize("name", SCENES)
def test_composed_transcripts_are_up_to_date(name: str, is_blessing: bool) -> None:
    path, doc = FOLDER / f"{name}.json", composed(SCENES[name])
    if is_blessing:
        path.write_text(json.dumps(doc, indent=1) + "\n")
    assert path.exists(), f"{path.name} is missing: --bless, and look at the diff"
    assert json.loads(path.read_text()) == doc


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_replayed(path: Path) -> None:
    doc = json.loads(path.read_text())
    turns = iter(msgspec.convert(doc["turns"], type=list[Turn]))
    assert played(replaying(turns), doc) == doc["ends"]
    assert next(turns, None) is None  # all of it was said


@pytest.mark.parametrize("place", range(8))
def test_a_replay_takes_nothing_else(place: int) -> None:
    doc = json.loads((FOLDER / "sanitize-block.json").read_text())
    words = doc["turns"][place]["command"].split()
    words[2] = f"{int(words[2], 16) ^ 1:08x}"
    doc["turns"][place]["command"] = " ".join(words)
    with pytest.raises(OffScript):
        played(replaying(msgspec.convert(doc["turns"], type=list[Turn])), doc)
    doc = json.loads((FOLDER / "sanitize-block.json").read_text())
    doc["turns"][place]["length_bytes"] += 4
    with pytest.raises(OffScript):
        played(replaying(msgspec.convert(doc["turns"], type=list[Turn])), doc)
    with pytest.raises(OffScript, match="nothing more"):
        played(replaying(()), doc)


ENDS = {
    "sanitize-block": "done: sanitized",
    "sanitize-crypto-attested": "done: sanitized, command 0000080ch, purged",
    "sanitize-fails": "failed: sanitize failed",
    "sanitize-stuck-at-655": "running: sanitizing, command 0000000ah, progress 655 of 65536",
    "sanitize-accepted-and-nothing": "idle: the log is the same as before",
    "sanitize-invalid-opcode": "Refused: Invalid Command Opcode",
    "sanitize-denied": "Refused: Access Denied",
    "sanitize-resumed": "done: sanitized",
    "format-user-data": "done: Format ended with status 0",
    "format-crypto-two-namespaces": "done: Format ended with status 0",
    "format-fails": "EraseFailed: Format ended with: Internal Error",
}


@pytest.mark.parametrize("name", SCENES)
def test_how_each_ends(name: str) -> None:
    assert json.loads((FOLDER / f"{name}.json").read_text())["ends"].startswith(ENDS[name])
