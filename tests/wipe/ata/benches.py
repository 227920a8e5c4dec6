"""What the ATA tests share: a twin, a family on it, and the engine's way of driving an eraser over power cuts."""

from collections.abc import Mapping

from agent.erasure import Media, Technique
from agent.facts import Transport
from agent.wipe.ata.family import AtaFamily, open_ata
from agent.wipe.device import EraseFailed, Noted, Refused
from tests.wipe.twins.ata import AtaTwin, PowerCut

POLLS = 12


def media_of(twin: AtaTwin, *, transport: Transport = "sata", bridge: str | None = None) -> Media:
    return Media(
        name="sdx", serial=twin.serial, model=twin.model, kind="ssd" if twin.is_ssd else "hdd", transport=transport,
        bridge=bridge, size_bytes=twin.size_bytes,
    )  # fmt: skip


def family_on(
    twin: AtaTwin, *, armed: bool = True, transport: Transport = "sata", bridge: str | None = None
) -> AtaFamily:
    media = media_of(twin, transport=transport, bridge=bridge)
    return open_ata(3, media, armed=armed, send=twin.send, resize=lambda: twin.size_bytes)


class Driver:
    """Drives one erase as `wipe.firmware` does, journalling in memory what survives a power cut."""

    def __init__(self, twin: AtaTwin, technique: Technique) -> None:
        self.twin, self.technique = twin, technique
        self.noted: list[Noted] = []
        self.passwords: list[bytes] = []  # noted before they were set
        self.accepted = False
        self.result = ""
        self.said = ""

    def note(self, step: str, details: Mapping[str, str]) -> None:
        assert self.twin.is_on
        if "password" in details:
            self.passwords.append(details["password"].encode().ljust(32, b"\0"))
        self.noted.append(Noted(step=step, details=dict(details)))

    def run(self) -> str:
        """Until it ended; PowerCut passes through, and a second call goes on from the notes."""
        eraser = family_on(self.twin).eraser(self.technique)
        try:
            if self.accepted or self.noted:
                eraser.resume(tuple(self.noted), self.note)
            else:
                self.note("sending", {})
                eraser.begin(self.note)
            self.accepted = True
            standing = eraser.poll()
            for _ in range(POLLS):
                if standing.state != "running":
                    break
                standing = eraser.poll()
            self.result, self.said = standing.state, standing.said
            if self.result == "done":
                eraser.settle(self.note)
        except Refused as refused:
            self.result, self.said = "refused", refused.said
        except EraseFailed as failed:
            self.result, self.said = "failed", failed.said
        return self.result

    def run_over_cuts(self, *cuts: tuple[int, str]) -> str:
        """Cuts of power before, during or after a command; "killed": our process only, right after it."""
        for at, moment in cuts:
            is_killed = moment == "killed"
            self.twin.cut_at = (at, "after" if is_killed else moment)  # type: ignore[assignment] # one of its words
            try:
                self.run()
            except PowerCut:
                self.twin.is_on = True
                if not is_killed:
                    self.twin.power_on()
                continue
            self.twin.cut_at = None
            return self.result
        return self.run()
