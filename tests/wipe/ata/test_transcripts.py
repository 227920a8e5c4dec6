"""Whole conversations, hex in and hex out, replayed: any other byte sent is an OffScript.

Those of origin "composed" were made with the twin (`--bless` writes them anew) and only hold our side still. One of
origin "hardware" is added as it was recorded (`wipe.transcript.recording`), serial numbers scrubbed and checksums
mended; the first one lets `wipe.ata.family.UNTESTED` be set by technique.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent.erasure import Media
from agent.wipe.ata.family import UNTESTED, open_ata
from agent.wipe.device import Noted, Refused
from agent.wipe.sg import Send
from agent.wipe.transcript import OffScript, Transcript, Turn, read_transcript, recording, replaying
from tests.wipe.ata.benches import media_of
from tests.wipe.twins.ata import SECTOR, AtaTwin, Faults
from tests.wipe.twins.driving import unheard

FOLDER = Path(__file__).parent / "transcripts"


def sanitize_ssd(send: Send, media: Media) -> None:
    family = open_ata(3, media, armed=True, send=send)
    assert family.abilities()[0].can
    eraser = family.eraser("ata-sanitize-block")
    eraser.begin(lambda step, details: None)
    told = [eraser.poll() for _ in range(4)]
    assert [one.state for one in told] == ["running", "running", "running", "done"]
    assert [one.permille for one in told] == [312, 625, 937, 1000]


def erase_hdd(send: Send, media: Media) -> None:
    """Cut in mid-erase, found locked after power-on, erased again."""
    eraser = open_ata(3, media, armed=True, send=send).eraser("ata-security-erase-enhanced")
    noted = (
        Noted(step="sending"),
        Noted(step="password", details={"password": "rebond"}),
        Noted(step="erasing", details={"password": "rebond"}),
    )
    eraser.resume(noted, unheard)
    assert eraser.poll().state == "done"
    eraser.settle(lambda step, details: None)


def open_hpa_and_dco(send: Send, media: Media) -> None:
    family = open_ata(3, media, armed=True, send=send, resize=lambda: 64 * SECTOR)
    hidden = family.open_hidden()
    assert hidden.state == "removed" and hidden.native_bytes == 64 * SECTOR


def deaf_bridge(send: Send, media: Media) -> None:
    family = open_ata(3, media, armed=True, send=send)
    assert not any(one.can for one in family.abilities())
    assert family.look_hidden().state == "unknown"
    assert family.identify()[0] == "TWIN0001"
    with pytest.raises(Refused):
        family.eraser("ata-sanitize-block").begin(lambda step, details: None)


def locked_hdd() -> AtaTwin:
    twin = AtaTwin(is_ssd=False, sanitizes=())
    twin.password = b"rebond".ljust(32, b"\0")
    twin.power_on()
    return twin


SCENES: dict[str, tuple[Callable[[Send, Media], None], Callable[[], AtaTwin], str]] = {
    "ssd-sanitize-block": (sanitize_ssd, AtaTwin, "An SSD: abilities, BLOCK ERASE EXT, four polls."),
    "hdd-security-resumed": (erase_hdd, locked_hdd, "A hard disk found locked with our password: erased again."),
    "hdd-hpa-in-dco": (
        open_hpa_and_dco,
        lambda: AtaTwin(is_ssd=False, visible=40, dco_max=48),
        "An HPA inside a DCO: SET MAX, DCO RESTORE.",
    ),
    "usb-deaf-bridge": (
        deaf_bridge,
        lambda: AtaTwin(faults=Faults(no_registers=True)),
        "A bridge that passes data and swallows registers.",
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_a_conversation_is_repeated_byte_for_byte(name: str, is_blessing: bool) -> None:
    scene, make, about = SCENES[name]
    path, twin = FOLDER / f"{name}.json", make()
    media = media_of(twin)
    if is_blessing:
        turns: list[Turn] = []
        scene(recording(twin.send, turns.append), media)
        told = Transcript(device=twin.model, origin="composed", about=about, turns=tuple(turns))
        path.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
    transcript = read_transcript(path.read_bytes())
    scene(replaying(transcript), media)
    # One byte of a command changed, or the last answer gone, and the replay notices.
    first = transcript.turns[0]
    other = msgspec.structs.replace(first, cdb="85" + "00" * 15)
    for turns_changed in ((other, *transcript.turns[1:]), transcript.turns[:-1]):
        with pytest.raises(OffScript):
            scene(replaying(msgspec.structs.replace(transcript, turns=turns_changed)), media)


def test_no_transcript_lies_unused_and_untested_is_true_without_hardware() -> None:
    found = {path.stem: read_transcript(path.read_bytes()) for path in FOLDER.glob("*.json")}
    assert set(found) == set(SCENES)
    assert (not any(one.origin == "hardware" for one in found.values())) == UNTESTED
