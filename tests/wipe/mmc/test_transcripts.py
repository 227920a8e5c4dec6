"""Whole conversations with an eMMC, byte by byte, replayed: any other byte sent is an OffScript.

Those of origin "composed" were made with the twin (`--bless` writes them anew) and only hold our side still. The first
of origin "hardware" (`wipe.mmc.transcript.recording`) lets `wipe.mmc.family.UNTESTED` be set by technique.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from agent.erasure import Technique
from agent.facts import Fact
from agent.wipe.device import Refused
from agent.wipe.mmc.family import UNTESTED, MmcFamily, open_mmc
from agent.wipe.mmc.transcript import Ioctl, OffScript, Turn, recording, replaying
from tests.wipe.mmc.benches import SANITIZE, SECURE, media_of
from tests.wipe.twins.mmc import GROUP, Faults, MmcTwin

FOLDER = Path(__file__).parent / "transcripts"
SIZE = 24 * GROUP


class Transcript(Fact, frozen=True, kw_only=True):
    device: str
    origin: Literal["hardware", "composed"]
    about: str
    turns: tuple[Turn, ...]


def run_to(technique: Technique, end: str) -> Callable[[MmcFamily], None]:
    def scene(family: MmcFamily) -> None:
        assert family.abilities()[0].can
        eraser = family.eraser(technique)
        eraser.begin(lambda step, details: None)
        while (standing := eraser.poll()).state == "running":
            pass
        assert standing.state == end, standing

    return scene


def refused(family: MmcFamily) -> None:
    with pytest.raises(Refused, match="illegal command"):
        family.eraser(SANITIZE).begin(lambda step, details: None)


SCENES: dict[str, tuple[Callable[[MmcFamily], None], Callable[[], MmcTwin], str]] = {
    "sanitize": (run_to(SANITIZE, "done"), lambda: MmcTwin(size_bytes=SIZE), "Three pieces, then SANITIZE."),
    "secure-erase": (run_to(SECURE, "done"), lambda: MmcTwin(size_bytes=SIZE), "BLKSECDISCARD in three pieces."),
    "sanitize-aborted": (
        run_to(SANITIZE, "failed"), lambda: MmcTwin(size_bytes=SIZE, faults=Faults(no_sanitize=110)),
        "The kernel gave SANITIZE up after its time.",
    ),
    "skipped": (
        run_to(SANITIZE, "failed"), lambda: MmcTwin(size_bytes=SIZE, faults=Faults(skips_at=1)),
        "A write-protected group was skipped.",
    ),
    "illegal": (refused, lambda: MmcTwin(size_bytes=SIZE, faults=Faults(illegal=True)), "ERASE is not known."),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENES)
def test_a_conversation_is_repeated_byte_for_byte(name: str, is_blessing: bool) -> None:
    scene, make, about = SCENES[name]
    path, twin = FOLDER / f"{name}.json", make()

    def play(ioctl: Ioctl) -> None:
        scene(open_mmc(3, media_of(twin), armed=True, ioctl=ioctl, sysfs=twin.sysfs, read_area=twin.read_area))

    if is_blessing:
        turns: list[Turn] = []
        play(recording(twin.ioctl, turns.append))
        told = Transcript(device=twin.name, origin="composed", about=about, turns=tuple(turns))
        path.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
    transcript = msgspec.json.decode(path.read_bytes(), type=Transcript)
    play(replaying(transcript.turns))
    first = transcript.turns[0]
    other = msgspec.structs.replace(first, sent="ff" + first.sent[2:])
    for turns_changed in ((other, *transcript.turns[1:]), transcript.turns[:-1]):
        with pytest.raises(OffScript):
            play(replaying(turns_changed))


def test_no_transcript_lies_unused_and_untested_is_true_without_hardware() -> None:
    found = {path.stem: msgspec.json.decode(path.read_bytes(), type=Transcript) for path in FOLDER.glob("*.json")}
    assert set(found) == set(SCENES)
    assert (not any(one.origin == "hardware" for one in found.values())) == UNTESTED
