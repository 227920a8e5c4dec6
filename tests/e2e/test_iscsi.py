"""The iSCSI target by itself: the units behind it without a wire, and the wire with QEMU's own initiator."""

import shutil
import subprocess

import pytest

from agent.wipe.ata.family import open_ata
from agent.wipe.scsi.family import open_scsi
from agent.wipe.sg import Answer
from tests.e2e.iscsi import Iscsi
from tests.e2e.scsi_unit import Unit, sas_disk, sata_disk
from tests.wipe.ata.benches import media_of as ata_media
from tests.wipe.scsi.benches import media_of as scsi_media
from tests.wipe.twins.ata import AtaTwin
from tests.wipe.twins.scsi import ScsiTwin

BLOCKS = 4096
SANITIZE_BLOCK = bytes((0x48, 0x82, *[0] * 8))
QEMU_IO = shutil.which("qemu-io")


def sas() -> ScsiTwin:
    return ScsiTwin(blocks=BLOCKS)


def sata() -> AtaTwin:
    return AtaTwin(native=BLOCKS, visible=BLOCKS)


def read(unit: Unit) -> tuple[int, bytes]:
    told = unit.execute(bytes((0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0)).ljust(16, b"\0"), b"", 512)
    return told.status, told.sense[1:4] if told.status else told.data[:12]


def sent_through(unit: Unit, cdb: bytes, *, data_out: bytes = b"", length_in: int = 0) -> Answer:
    told = unit.execute(cdb.ljust(16, b"\0"), data_out, length_in)
    data = told.data[:length_in]
    return Answer(
        status=told.status, host_status=0, driver_status=8 if told.sense else 0, sense=told.sense,
        data=data.ljust(length_in, b"\0"), errno=None, residual=length_in - len(data),
    )  # fmt: skip


def test_the_families_find_their_twins_behind_the_unit() -> None:
    twin, disk = sas(), sata()
    behind, beside = sas_disk(twin), sata_disk(disk)

    def to_sas(fd: int, cdb: bytes, *, data_out: bytes = b"", length_in: int = 0, timeout_s: int) -> Answer:
        return sent_through(behind, cdb, data_out=data_out, length_in=length_in)

    def to_sata(fd: int, cdb: bytes, *, data_out: bytes = b"", length_in: int = 0, timeout_s: int) -> Answer:
        return sent_through(beside, cdb, data_out=data_out, length_in=length_in)

    scsi = open_scsi(3, scsi_media(twin), armed=True, send=to_sas)
    assert scsi.identify() == (twin.serial, twin.product, BLOCKS * 512)
    assert {one.technique for one in scsi.abilities() if one.can} >= {"scsi-sanitize-block", "scsi-format-unit"}
    ata = open_ata(3, ata_media(disk), armed=True, send=to_sata)
    assert ata.identify()[:2] == (disk.serial, disk.model)
    assert {one.technique for one in ata.abilities() if one.can} >= {
        "ata-sanitize-block",
        "ata-security-erase-enhanced",
    }


def test_nothing_is_read_while_it_sanitizes() -> None:
    twin = sas()
    unit = sas_disk(twin)
    assert read(unit) == (0, b"PAYROLL-1987")
    assert unit.execute(SANITIZE_BLOCK.ljust(16, b"\0"), b"", 0).status == 0
    assert read(unit) == (2, b"\x02\x04\x1b")
    while twin.is_closed:
        assert unit.execute(bytes((0x03, 1, 0, 0, 252, 0)).ljust(16, b"\0"), b"", 252).status == 0
    assert read(unit) == (0, bytes(12))


def test_only_the_one_who_logs_in_is_told_the_size_of_a_disk_that_sanitizes() -> None:
    unit = sas_disk(sas())
    unit.execute(SANITIZE_BLOCK.ljust(16, b"\0"), b"", 0)
    ask, unit.is_greeting = bytes((0x9E, 0x10, *[0] * 11, 32, 0, 0)), True
    assert int.from_bytes(unit.execute(ask, b"", 32).data[:8], "big") == BLOCKS - 1
    assert unit.execute(ask, b"", 32).status == 2


def test_a_locked_disk_reads_nothing() -> None:
    twin = sata()
    twin.locked = True
    assert read(sata_disk(twin)) == (2, b"\x07\x20\x02")


def test_other_programs_questions_are_refused_not_fatal() -> None:
    unit = sata_disk(sata())
    smart = bytes((0x85, 0x08, 0x0E, 0, 0xD0, 0, 1, 0, 0, 0, 0x4F, 0, 0xC2, 0, 0xB0, 0))
    assert unit.execute(smart, b"", 512).sense[1:3] == b"\x05\x24"
    assert unit.execute(bytes((0xA1,)).ljust(16, b"\0"), b"", 0).sense[1:3] == b"\x05\x20"


@pytest.mark.programs
@pytest.mark.loopback
@pytest.mark.skipif(QEMU_IO is None, reason="qemu-io is missing (apt install qemu-utils qemu-block-extra)")
@pytest.mark.parametrize("unit", [sas_disk(sas()), sata_disk(sata())], ids=["sas", "sata"])
def test_qemus_own_initiator_writes_and_reads(unit: Unit) -> None:
    with Iscsi(unit, "iqn.2014-08.org.rebond:twin") as target:
        commands = (
            "length",
            "read -P 0x50 0 1",
            "write -P 7 4096 1M",
            "read -P 7 4096 1M",
            "write -P 9 512 1k",
            "flush",
        )
        words = [word for one in commands for word in ("-c", one)]
        ran = subprocess.run(["qemu-io", "-f", "raw", *words, target.url], capture_output=True, text=True, timeout=60)
    if "Unknown protocol" in ran.stderr:
        pytest.skip("QEMU's iSCSI initiator is missing (apt install qemu-block-extra)")
    assert ran.returncode == 0 and "2 MiB" in ran.stdout and "failed" not in ran.stdout, ran
    assert unit.memory[4096 : 4096 + (1 << 20)] == b"\x07" * (1 << 20)
    assert unit.memory[512:1536] == b"\x09" * 1024 and unit.memory[:4] == b"PAYR"
