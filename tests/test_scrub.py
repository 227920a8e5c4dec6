"""Scrubbing: nothing that identifies is left, sources still agree with each other, parsers still read the result."""

import re

import pytest

from agent.facts import Battery, Disk, Machine, Memory, Module, System
from agent.host import Reading
from agent.scrub import Scrubber, secrets_of

MACHINE = Machine(
    system=System(serial="PF0ABC12", uuid="4c4c4544-0038-4d10-8051-b6c04f4d3532", asset_tag="COLLEGE-0042"),
    memory=Memory(modules=(Module(serial="4A5B6C7D"),)),
    disks=(Disk(name="sda", serial="WD-WCAV12345678", wwn="0x50014ee2b1234567"),),
    batteries=(Battery(name="BAT0", serial="0815"),),
)


def scrubber(*more: str) -> Scrubber:
    return Scrubber((*secrets_of(MACHINE, {}), *more), key=b"k" * 32)


@pytest.mark.parametrize("secret", secrets_of(MACHINE, {}))
def test_every_secret_changes_and_keeps_its_shape(secret: str) -> None:
    fake = scrubber().text(f"Serial: {secret}.")
    assert secret not in fake
    assert re.sub("[0-9]", "9", re.sub("[a-z]", "x", re.sub("[A-Z]", "X", fake))) == re.sub(
        "[0-9]", "9", re.sub("[a-z]", "x", re.sub("[A-Z]", "X", f"Serial: {secret}."))
    )


def test_one_secret_gives_one_fake_in_either_case() -> None:
    made = scrubber()
    assert made.text("pf0abc12") == made.text("PF0ABC12").lower()
    assert made.text("PF0ABC12") == made.text("PF0ABC12")
    assert scrubber().text("PF0ABC12") != Scrubber(("PF0ABC12",), key=b"x" * 32).text("PF0ABC12")


def test_macs_keep_their_vendor_and_uuids_go() -> None:
    text = scrubber().text("HWaddr 00:1b:21:aa:bb:cc uuid 123e4567-e89b-12d3-a456-426614174000")
    assert text.startswith("HWaddr 00:1b:21:") and "aa:bb:cc" not in text
    assert "123e4567" not in text


def test_wwn_in_smartctl_text_and_json() -> None:
    made = scrubber()
    assert "2b1234567" not in made.text("LU WWN Device Id: 5 0014ee 2b1234567")
    assert made.text("LU WWN Device Id: 5 0014ee 2b1234567").startswith("LU WWN Device Id: 5 0014ee ")
    told = made.text('"wwn": {"naa": 5, "oui": 5358, "id": 11594024295}')
    assert "11594024295" not in told and '"oui": 5358' in told


def test_placeholders_and_short_texts_are_no_secrets() -> None:
    readings = {
        "/sys/class/dmi/id/product_serial": Reading(path="", raw=b"To be filled by O.E.M.\n"),
        "/sys/class/dmi/id/board_serial": Reading(path="", raw=b"CZC1234ABC\n"),
    }
    found = secrets_of(Machine(), readings)
    assert found == ("CZC1234ABC",)


def test_smbios_uuid_bytes_and_edid_serial_go_and_checksums_hold() -> None:
    uuid = bytes(range(16))
    table = bytes([1, 27, 1, 0, 1, 2, 0, 0]) + uuid + bytes(3) + b"LENOVO\0X230\0\0" + bytes([127, 4, 2, 0, 0, 0])
    fake = scrubber().file("/sys/firmware/dmi/tables/DMI", table)
    assert uuid not in fake and len(fake) == len(table) and b"LENOVO" in fake
    edid = bytearray(b"\x00\xff\xff\xff\xff\xff\xff\x00" + bytes(120))
    edid[12:16] = b"\x39\x30\x00\x00"
    edid[127] = -sum(edid[:127]) % 256
    out = scrubber().file("/sys/class/drm/card0-eDP-1/edid", bytes(edid))
    assert out[12:16] != edid[12:16] and sum(out) % 256 == 0


def test_mounts_and_command_line_name_nobody() -> None:
    made = scrubber()
    mounts = b"/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /media/alice/KEY vfat rw 0 0\n//nas/alice /mnt cifs rw 0 0\n"
    assert b"alice" not in made.file("/proc/self/mounts", mounts)
    assert b"/dev/sda1 / ext4" in made.file("/proc/self/mounts", mounts)
    assert b"secret" not in made.file("/proc/cmdline", b"boot=live live-media=/dev/sdb1 wifi=secret host=alice-pc")


def test_serials_that_no_fact_holds_are_secrets_too() -> None:
    answers = (b"System Power Supply\n\tSerial Number: PSU-31337\n\tAsset Tag: Not Specified\n",
               b'{"serial_number": "S1D0NTKN0W"}', b"Serial Number:    WD-31337\n")  # fmt: skip
    assert set(secrets_of(Machine(), {}, answers)) == {"PSU-31337", "S1D0NTKN0W", "WD-31337"}
