"""Whole conversations, hex in and hex out, replayed: any other byte sent is an OffScript.

Those of origin "composed" were made with the twin (`--bless` writes them anew) and only hold our side still. One of
origin "hardware" is added as it was recorded (`wipe.transcript.recording`), serial numbers scrubbed; the first one lets
`wipe.scsi.family.UNTESTED` be set by technique.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent.erasure import Media
from agent.wipe.device import EraseFailed, Refused
from agent.wipe.scsi.family import UNTESTED, open_scsi
from agent.wipe.sg import Send
from agent.wipe.transcript import OffScript, Transcript, Turn, read_transcript, recording, replaying
from tests.wipe.scsi.benches import BLOCK, CRYPTO, FORMAT, OVERWRITE, media_of, notes
from tests.wipe.twins.driving import unheard
from tests.wipe.twins.scsi import Faults, ScsiTwin

FOLDER = Path(__file__).parent / "transcripts"


def quiet(step: str, details: object) -> None:
    pass


def sanitize_ssd(send: Send, media: Media) -> None:
    family = open_scsi(3, media, armed=True, send=send)
    assert [one.can for one in family.abilities()] == [True] * 4
    eraser = family.eraser(BLOCK)
    eraser.begin(quiet)
    assert [eraser.poll().state for _ in range(4)] == ["running", "running", "running", "done"]


def overwrite_hdd(send: Send, media: Media) -> None:
    family = open_scsi(3, media, armed=True, send=send)
    assert family.abilities()[0].technique == OVERWRITE
    eraser = family.eraser(OVERWRITE)
    eraser.begin(quiet)
    assert [eraser.poll().permille for _ in range(4)] == [250, 500, 750, 1000]


def resumed(send: Send, media: Media) -> None:
    eraser = open_scsi(3, media, armed=True, send=send).eraser(OVERWRITE)
    eraser.resume(notes(OVERWRITE, "scsi-erase"), unheard)
    while (standing := eraser.poll()).state == "running":
        pass
    assert standing.state == "done"


def failed(send: Send, media: Media) -> None:
    eraser = open_scsi(3, media, armed=True, send=send).eraser(CRYPTO)
    eraser.begin(quiet)
    while (standing := eraser.poll()).state == "running":
        pass
    assert standing.state == "failed" and "31h/03h" in standing.said


def format_lies(send: Send, media: Media) -> None:
    """As QEMU answers: GOOD, and nothing happens. The eraser cannot know; `never seen at work` is told."""
    eraser = open_scsi(3, media, armed=True, send=send).eraser(FORMAT)
    eraser.begin(quiet)
    standing = eraser.poll()
    assert standing.state == "done" and "never seen" in standing.said


def denied(send: Send, media: Media) -> None:
    with pytest.raises(Refused, match="access denied"):
        open_scsi(3, media, armed=True, send=send).eraser(BLOCK).begin(quiet)


def raid_card(send: Send, media: Media) -> None:
    """A PERC refuses it while the disk obeys (cryptoerase's documentation): the disk is believed."""
    eraser = open_scsi(3, media, armed=True, send=send).eraser(BLOCK)
    eraser.begin(quiet)
    assert eraser.poll().state == "running"


def lost(send: Send, media: Media) -> None:
    with pytest.raises(EraseFailed, match="not known to have begun"):
        open_scsi(3, media, armed=True, send=send).eraser(BLOCK).begin(quiet)


def at_work() -> ScsiTwin:
    twin = ScsiTwin(is_ssd=False, faults=Faults(attentions=2, is_fixed_format=True))
    twin.state, twin.progress = "sanitizing", 0x2000
    return twin


SCENES: dict[str, tuple[Callable[[Send, Media], None], Callable[[], ScsiTwin], str]] = {
    "ssd-sanitize-block": (sanitize_ssd, ScsiTwin, "An SSD: abilities, BLOCK ERASE, four looks."),
    "hdd-sanitize-overwrite": (
        overwrite_hdd, lambda: ScsiTwin(is_ssd=False, offers=(1,)), "A hard disk that offers OVERWRITE only.",
    ),
    "hdd-resumed-fixed-sense": (resumed, at_work, "Found at work after a power cut; fixed-format sense."),
    "ssd-crypto-fails": (
        failed, lambda: ScsiTwin(faults=Faults(fails_at=0x8000)), "Fails half-way; the failed state is left.",
    ),
    "format-good-and-nothing": (
        format_lies, lambda: ScsiTwin(faults=Faults(does_nothing=True)), "FORMAT UNIT answered GOOD, nothing done.",
    ),
    "ssd-denied": (denied, lambda: ScsiTwin(faults=Faults(refuses=(5, 0x20, 2))), "Locked: access denied."),
    "refused-and-running": (
        raid_card, lambda: ScsiTwin(faults=Faults(refuses_but_runs=True)), "Refused on the way, and running.",
    ),
    "answer-lost": (lost, lambda: ScsiTwin(faults=Faults(host_error=True)), "The adapter lost the answer."),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENES)
def test_a_conversation_is_repeated_byte_for_byte(name: str, is_blessing: bool) -> None:
    scene, make, about = SCENES[name]
    path, twin = FOLDER / f"{name}.json", make()
    media = media_of(twin)
    if is_blessing:
        turns: list[Turn] = []
        scene(recording(twin.send, turns.append), media)
        told = Transcript(device=twin.product, origin="composed", about=about, turns=tuple(turns))
        path.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
    transcript = read_transcript(path.read_bytes())
    scene(replaying(transcript), media)
    # One byte of a command changed, or the last answer gone, and the replay notices.
    first = transcript.turns[0]
    other = msgspec.structs.replace(first, cdb="ff" + first.cdb[2:])
    for changed in ((other, *transcript.turns[1:]), transcript.turns[:-1]):
        with pytest.raises(OffScript):
            scene(replaying(msgspec.structs.replace(transcript, turns=changed)), media)


def test_no_transcript_lies_unused_and_untested_is_true_without_hardware() -> None:
    found = {path.stem: read_transcript(path.read_bytes()) for path in FOLDER.glob("*.json")}
    assert set(found) == set(SCENES)
    assert (not any(one.origin == "hardware" for one in found.values())) == UNTESTED
