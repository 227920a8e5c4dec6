"""Simulated NVMe drives behind the kernel's real driver: Sanitize, its log and its lies, which QEMU's own NVMe has not.

The drives are on this computer; the PC reaches them with nvme-tcp. They are refused as disks of a network unless told
otherwise, and that is the only thing in which `rebond wipe` is told otherwise.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.image import MARKS, Image, Stick
from tests.e2e.lab import Lab, packed, words
from tests.e2e.nvme_controller import Controller
from tests.e2e.nvme_tcp import NvmeTcp
from tests.e2e.pc import Pc
from tests.wipe.twins.nvme import SANITIZE, NvmeTwin

pytestmark = [*MARKS]
SIZE = 24 << 20  # more than all markers together: what they do not cover stays old
SECRET = b"secret!!"


def drive(serial: str, fault: str = "", steps: int = 4) -> NvmeTcp:
    space = bytearray(SECRET * (SIZE // len(SECRET)))
    twin = NvmeTwin(
        namespaces={1: space}, serial=serial, fault=fault, sanicap=0b1011, fna=0b100, steps_most=steps
    )  # fmt: skip
    return NvmeTcp(Controller(twin, f"nqn.2014-08.org.rebond:{serial.lower()}"))


def twin_of(target: NvmeTcp) -> NvmeTwin:
    return target.controller.twin


def plug(lab: Lab, target: NvmeTcp) -> None:
    """The kernel connects to it, and its disk has appeared."""
    lab.shell.tell("for i in $(seq 60); do ip route | grep -q default && break; sleep 1; done; modprobe nvme-tcp", 100)
    lab.shell.tell(f"nvme connect -t tcp -a 10.0.2.2 -s {target.port} -n {target.controller.nqn}", 100)
    serial = twin_of(target).serial
    lab.shell.tell(f"for i in $(seq 60); do grep -qs {serial} /sys/block/nvme*/device/serial && break; sleep 1; done; "
                   "udevadm settle", 100)  # fmt: skip


@pytest.fixture(scope="module")
def lab(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("nvme")
    stick, checkout = Stick(image, folder / "stick.img"), packed(folder / "checkout.tar")
    with Pc(folder / "pc", cores=1, memory_mib=1024, devices=words(image, stick, checkout)) as pc:
        yield Lab(pc)
    stick.path.unlink()


@pytest.fixture
def plugged(lab: Lab) -> Iterator[Callable[..., NvmeTcp]]:
    with ExitStack() as targets:

        def made(serial: str, fault: str = "") -> NvmeTcp:
            target = targets.enter_context(drive(serial, fault))
            plug(lab, target)
            targets.callback(lab.shell.run, f"nvme disconnect -n {target.controller.nqn}", 100)
            return target

        yield made


def test_a_drive_over_the_network_is_refused_unless_told_otherwise(lab: Lab, plugged: Callable[..., NvmeTcp]) -> None:
    target = plugged("TWIN-NET")
    status, said = lab.shell.run("rebond wipe --disk TWIN-NET --dry-run", 300)
    assert status == 3 and "NVMe-oF tcp" in said, said
    assert lab.shell.run("REBOND_ALLOW_NETWORK_DISKS=1 rebond wipe --disk TWIN-NET --dry-run", 300)[0] == 0
    assert twin_of(target).namespaces[1] == SECRET * (SIZE // len(SECRET))


def test_an_honest_drive_is_purged(lab: Lab, plugged: Callable[..., NvmeTcp]) -> None:
    target = plugged("TWIN-HONEST")
    status, erasure = lab.wipe("TWIN-HONEST")
    assert (status, erasure["outcome"], erasure["level"]) == (0, "purged", "purge"), erasure
    (attempt,) = erasure["attempts"]
    assert attempt["technique"] == "nvme-sanitize-block"
    assert attempt["was_accepted"] and attempt["was_seen_running"]
    twin = twin_of(target)
    assert [one & 7 for one in twin.ended] == [2]
    assert twin.namespaces[1] == bytes(SIZE)


@pytest.mark.parametrize("fault", ["liar", "does-nothing"])
def test_a_drive_that_only_says_so_is_not_proven(lab: Lab, plugged: Callable[..., NvmeTcp], fault: str) -> None:
    serial = f"TWIN-{fault.upper()}"
    target = plugged(serial, fault)
    status, erasure = lab.wipe(serial)
    assert (status, erasure["outcome"], erasure["level"]) == (4, "failed", None), erasure
    results = {one["technique"]: one["result"] for one in erasure["attempts"]}
    assert results["nvme-sanitize-block"] == ("lied" if fault == "liar" else "failed")
    assert SANITIZE in target.controller.opcodes and twin_of(target).ended == []


def test_a_power_cut_in_the_middle_of_a_sanitize(image: Image, new_stick: Callable[[], Stick], tmp_path: Path) -> None:
    """The drive goes on erasing by itself; the PC asks how it stands before it sends anything."""
    stick, checkout = new_stick(), packed(tmp_path / "checkout.tar")
    with drive("TWIN-CUT", steps=12) as target:
        twin = twin_of(target)
        with Pc(tmp_path / "pc", cores=1, memory_mib=1024, devices=words(image, stick, checkout)) as pc:
            lab = Lab(pc)
            plug(lab, target)
            lab.begin("TWIN-CUT")
            lab.wait_until(lambda: twin._steps >= 2)  # it runs, and the PC has seen it
            pc.cut()
        assert twin.status == 2 and twin.ended == []
        target.drop()
        target.controller.power_cut()
        before = len(target.controller.opcodes)
        with Pc(tmp_path / "pc", cores=1, memory_mib=1024, devices=words(image, stick, checkout)) as pc:
            lab = Lab(pc)
            plug(lab, target)
            assert lab.resume() == 0
            erasure = lab.erasure("TWIN-CUT")
    assert SANITIZE not in target.controller.opcodes[before:]
    assert (erasure["outcome"], erasure["level"]) == ("purged", "purge"), erasure
    assert [one["why"] for one in erasure["interruptions"]] == ["power"]
    assert [one & 7 for one in twin.ended] == [2] and twin.namespaces[1] == bytes(SIZE)
