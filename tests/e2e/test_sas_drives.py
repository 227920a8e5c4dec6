"""Simulated SAS and SATA disks on an emulated SAS controller, through Linux's mptsas, sd and sg: SANITIZE and
FORMAT UNIT, which QEMU's own disks have not.

QEMU hands each unit on as it is, but for one thing: descriptor sense data become fixed ones, in which the upper halves
of a 48-bit ATA answer are lost. So a SATA disk is never told to SANITIZE here, though it could: it is overwritten.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.bay import WHY_NOT, bay
from tests.e2e.image import MARKS, Image, Stick
from tests.e2e.lab import Lab, packed, words
from tests.e2e.pc import Pc
from tests.e2e.scsi_unit import LOOK
from tests.wipe.twins import ata, scsi
from tests.wipe.twins.ata import AtaTwin
from tests.wipe.twins.scsi import ScsiTwin

pytestmark = [*MARKS, pytest.mark.skipif(WHY_NOT is not None, reason=f"no simulated SAS disks: {WHY_NOT}")]
BLOCKS = 49152  # 24 MiB


def sas(serial: str, **faults: bool | int) -> ScsiTwin:
    return ScsiTwin(blocks=BLOCKS, serial=serial, faults=scsi.Faults(**faults))  # type: ignore[arg-type] # of one each


def sata(serial: str) -> AtaTwin:
    return AtaTwin(native=BLOCKS, visible=BLOCKS, serial=serial, faults=ata.Faults(is_fixed_format=True))


Disks = dict[str, ScsiTwin | AtaTwin]


@pytest.fixture(scope="module")
def disks() -> Disks:
    made = (
        sas("SAS-HONEST"), sas("SAS-LIAR", liar=True), sas("SAS-FAILS", fails_at=0x8000),
        ScsiTwin(blocks=BLOCKS, serial="SAS-FORMAT", offers=()),
        sata("ATA-HONEST"),
    )  # fmt: skip
    return {twin.serial: twin for twin in made}


@pytest.fixture(scope="module")
def lab(image: Image, disks: Disks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("sas")
    stick, checkout = Stick(image, folder / "stick.img"), packed(folder / "checkout.tar")
    with ExitStack() as targets:
        devices = [*bay(list(disks.values()), targets), *words(image, stick, checkout)]
        with Pc(folder / "pc", cores=1, memory_mib=1024, devices=devices) as pc:
            yield Lab(pc)
    stick.path.unlink()


@pytest.mark.parametrize("serial, technique, outcome, level", [
    ("SAS-HONEST", "scsi-sanitize-block", "purged", "purge"),
    ("SAS-FORMAT", "scsi-format-unit", "cleared", "clear"),
    ("ATA-HONEST", "overwrite-stream", "cleared", "clear"),
])  # fmt: skip
def test_an_honest_disk(lab: Lab, disks: Disks, serial: str, technique: str, outcome: str, level: str) -> None:
    status, erasure = lab.wipe(serial)
    assert (status, erasure["outcome"], erasure["level"]) == (0, outcome, level), erasure
    attempt = erasure["attempts"][0]
    assert (attempt["technique"], attempt["result"], attempt["was_accepted"]) == (technique, "completed", True)
    twin = disks[serial]
    assert twin.secrets_left == 0
    if isinstance(twin, AtaTwin):
        assert set(twin.sent) == {0xEC} and twin.began == 0  # IDENTIFY, and nothing that changes the disk


@pytest.mark.parametrize("serial", ["SAS-LIAR", "SAS-FAILS"])
def test_a_liar_and_a_failing_disk_are_not_proven(lab: Lab, disks: Disks, serial: str) -> None:
    status, erasure = lab.wipe(serial)
    assert (status, erasure["outcome"], erasure["level"]) == (4, "failed", None), erasure
    assert erasure["attempts"][0]["result"] == ("failed" if serial == "SAS-FAILS" else "lied")
    assert disks[serial].secrets_left == 0  # overwritten all the same, and called failed all the same


def test_a_disk_that_still_erases_itself_is_told_as_such(
    image: Image, new_stick: Callable[[], Stick], tmp_path: Path
) -> None:
    """A power cut came: the disk goes on alone, and Linux, which asks once, gives it no size."""
    stick, checkout = new_stick(), packed(tmp_path / "checkout.tar")
    twin = sas("SAS-BUSY", stuck_at=0x8000)
    assert twin.send(-1, bytes((0x48, 0xA2, *[0] * 8)), timeout_s=30).status == 0
    with ExitStack() as targets:
        devices = [*bay([twin], targets), *words(image, stick, checkout)]
        with Pc(tmp_path / "pc", cores=1, memory_mib=1024, devices=devices) as pc:
            lab = Lab(pc)
            size = "cat $(dirname $(dirname $(grep -la SAS.BUSY /sys/block/sd*/device/vpd_pg80)))/size"
            assert lab.shell.tell(size) == "0"
            assert "s'efface peut-être encore" in " ".join(lab.shell.tell("rebond disks", 300).split())
            twin.faults.stuck_at = None
            while twin.is_closed:
                twin.send(-1, LOOK, length_in=252, timeout_s=30)
            assert lab.shell.tell(size) == "0"  # it has ended, and Linux does not know
    assert len(twin.erases) == 1


def test_a_power_cut_in_the_middle_of_a_sanitize(image: Image, new_stick: Callable[[], Stick], tmp_path: Path) -> None:
    """The disk ends alone what it began; the PC asks it how it stands, and does not send the command again."""
    stick, checkout = new_stick(), packed(tmp_path / "checkout.tar")
    twin = sas("SAS-CUT", stuck_at=0x8000)
    with ExitStack() as targets:
        devices = [*bay([twin], targets), *words(image, stick, checkout)]
        with Pc(tmp_path / "pc", cores=1, memory_mib=1024, devices=devices) as pc:
            lab = Lab(pc)
            lab.begin("SAS-CUT")
            lab.wait_until(lambda: twin.progress >= 0x8000)  # it runs, and the PC has seen it
            pc.cut()
        assert (twin.state, twin.ended) == ("sanitizing", 0)
        twin.faults.stuck_at = None
        while twin.is_closed:
            twin.send(-1, LOOK, length_in=252, timeout_s=30)
        with Pc(tmp_path / "pc", cores=1, memory_mib=1024, devices=devices) as pc:
            lab = Lab(pc)
            assert lab.resume() == 0
            erasure = lab.erasure("SAS-CUT")
    assert (len(twin.erases), twin.ended, twin.secrets_left) == (1, 1, 0)
    assert (erasure["outcome"], erasure["level"]) == ("purged", "purge"), erasure
    assert [one["why"] for one in erasure["interruptions"]] == ["power"]
