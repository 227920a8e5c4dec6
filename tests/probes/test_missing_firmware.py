"""Devices without their firmware file: told by the kernel's log, and only where they do not work for want of it."""

import json
import shutil
from pathlib import Path

import pytest

from agent.capture import load
from agent.host import Host
from agent.probes.missing_firmware import parse_log, probe
from tests.conftest import CORPUS
from tests.console.driving import Hand, bench_of, drive

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
# As Linux 6.1 of Debian says it without firmware-iwlwifi.
LOG = """\
iwlwifi 0000:00:14.3: firmware: failed to load iwlwifi-7265D-29.ucode (-2)
iwlwifi 0000:00:14.3: firmware: failed to load iwlwifi-7265D-28.ucode (-2)
iwlwifi 0000:00:14.3: no suitable firmware found!
bluetooth hci0: firmware: failed to load intel/ibt-hw-37.8.bseq (-2)
platform regulatory.0: firmware: failed to load regulatory.db (-2)
"""


@pytest.mark.parametrize(
    "line",
    ["iwlwifi 0000:02:00.0: Direct firmware load for a.ucode failed with error -2",
     "<3>[   12.345678] iwlwifi 0000:02:00.0: Direct firmware load for a.ucode failed with error -2",
     "[   12.345678] iwlwifi 0000:02:00.0: firmware: failed to load a.ucode (-2)"],
)  # fmt: skip
def test_ways_of_saying_it(line: str) -> None:
    assert parse_log(line) == {"0000:02:00.0": ("iwlwifi", "a.ucode")}


@pytest.mark.parametrize(
    "line", ["", "iwlwifi 0000:02:00.0: loaded firmware version 29", "a: firmware: failed to load"]
)
def test_other_lines(line: str) -> None:
    assert parse_log(line) == {}


def test_a_real_log(tmp_path: Path) -> None:
    path = CORPUS / "whole-machines" / "weee-2018-castes-mbp" / "dmesg.txt"
    if not path.exists():
        pytest.skip("no corpus beside this checkout")
    assert parse_log(path.read_text()) == {"hci0": ("bluetooth", "brcm/BCM.hcd")}


def school_laptop(folder: Path, log: str, *, has_wifi: bool) -> Host:
    """Our capture of one, whose kernel also said this; and whose Wi-Fi made no interface."""
    shutil.copytree(CAPTURES / "uefi-school-laptop", folder)
    index, sys = folder / "commands" / "index.json", folder / "sys.txt"
    told = json.loads(index.read_text())
    (folder / "commands" / "900-dmesg.stdout").write_text(log)
    asked = {"argv": ["dmesg", "-t"], "status": 0, "stdout": "900-dmesg.stdout"}
    index.write_text(json.dumps([asked, *(one for one in told if one["argv"] != asked["argv"])]))
    if not has_wifi:
        sys.write_text("".join(line for line in sys.read_text().splitlines(True) if "net/wlan0" not in line))
    return load(folder).host


def test_a_wifi_without_an_interface_and_bluetooth_are_told(tmp_path: Path) -> None:
    found = probe(school_laptop(tmp_path / "pc", LOG, has_wifi=False)).facts["missing_firmware"]
    assert [(one.kind, one.file) for one in found] == [
        ("wifi", "iwlwifi-7265D-28.ucode"), ("bluetooth", "intel/ibt-hw-37.8.bseq"),
    ]  # fmt: skip


def test_what_works_all_the_same_is_left_out(tmp_path: Path) -> None:
    found = probe(school_laptop(tmp_path / "pc", LOG, has_wifi=True)).facts["missing_firmware"]
    assert [one.kind for one in found] == ["bluetooth"]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_one_sentence_on_the_verdicts_page(tmp_path: Path, lang: str) -> None:
    said = {
        "fr": "Il manque à cette image le micrologiciel d'un appareil, qui n'est donc pas vérifié. Refaites l'image "
        "avec --firmware. Micrologiciel absent 1 : Wi-Fi,",
        "en": "This image lacks a device's firmware, so that device is not checked. Build the image again with "
        "--firmware. Missing firmware 1: Wi-Fi,",
    }[lang]
    host = school_laptop(tmp_path / "pc", LOG, has_wifi=False)
    bench = bench_of("uefi-school-laptop", tmp_path / "home", lang)
    bench.host = host

    async def script(hand: Hand) -> None:
        await hand.press("f2")
        await hand.see("for Family PC" if lang == "en" else "pour PC famille")
        for _ in range(6):
            if said in " ".join(hand.text().split()):
                break
            await hand.press("pagedown")
        await hand.see(said)
        await hand.press("pagedown")
        await hand.see("iwlwifi-7265D-28.ucode")

    drive(bench, script)


def test_without_a_log_it_is_not_known() -> None:
    findings = probe(load(CAPTURES / "not-root-visit").host)
    assert "missing_firmware" not in findings.facts
    assert [(gap.path, gap.why) for gap in findings.gaps] == [("missing_firmware", "refused")]
