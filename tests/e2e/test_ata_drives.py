"""Simulated SATA disks behind Linux's own SCSI layer: SANITIZE DEVICE and SECURITY ERASE UNIT, sent for real.

The disk is a program in the PC (`inside/twin.py`). What is between is the kernel, but for libata: what that driver does
with these commands stays untried here.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.image import MARKS, Image, Stick
from tests.e2e.lab import INSIDE, PYTHON, Lab, packed, words
from tests.e2e.pc import Pc

pytestmark = [*MARKS, pytest.mark.slow]
KINDS = ("sanitizes", "secure", "simple", "liar", "frozen")


@pytest.fixture(scope="module")
def lab(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("ata")
    stick, checkout = Stick(image, folder / "stick.img"), packed(folder / "checkout.tar")
    with Pc(folder / "pc", cores=1, memory_mib=1024, devices=words(image, stick, checkout)) as pc:
        lab = Lab(pc)
        lab.shell.tell("modprobe -a uio target_core_user tcm_loop && mount -t configfs none /sys/kernel/config", 100)
        for number, kind in enumerate(KINDS, 1):
            lab.shell.tell(f"( {PYTHON} {INSIDE}/twin.py {serial(kind)} {kind} {number} >/tmp/{kind} 2>&1 & )")
        lab.shell.run(f"for i in $(seq 90); do [ $(ls -d /sys/block/sd? | wc -l) -gt {len(KINDS)} ] && break; sleep 1; "
                      "done; udevadm settle", 200)  # fmt: skip
        yield lab
    stick.path.unlink()


def serial(kind: str) -> str:
    return f"ATA-{kind.upper()}"


def truth(lab: Lab, kind: str) -> dict[str, Any]:
    """What only the disk knows."""
    found: dict[str, Any] = json.loads(lab.shell.tell(f"cat /run/twin-{serial(kind)}.json"))
    return found


@pytest.mark.parametrize(("kind", "technique", "outcome", "level", "opcodes"), [
    ("sanitizes", "ata-sanitize-block", "purged", "purge", {0xB4}),
    ("secure", "ata-security-erase-enhanced", "cleared", "clear", {0xF1, 0xF3, 0xF4}),
    ("simple", "overwrite-stream", "cleared", "clear", set()),
    ("frozen", "overwrite-stream", "cleared", "clear", set()),
])  # fmt: skip
def test_an_honest_disk(lab: Lab, kind: str, technique: str, outcome: str, level: str, opcodes: set[int]) -> None:
    status, erasure = lab.wipe(serial(kind))
    seen = truth(lab, kind)
    assert (status, erasure["outcome"], erasure["level"]) == (0, outcome, level), erasure["attempts"]
    assert technique in [one["technique"] for one in erasure["attempts"]]
    assert (seen["secrets_left"], seen["has_password"]) == (0, False)
    assert opcodes <= set(seen["sent"])
    assert seen["began"] == (1 if opcodes else 0)


def test_a_liar_is_not_proven(lab: Lab) -> None:
    status, erasure = lab.wipe(serial("liar"))
    assert (status, erasure["outcome"], erasure["level"]) == (4, "failed", None), erasure["attempts"]
    assert erasure["attempts"][0]["result"] == "lied"
    assert truth(lab, "liar")["secrets_left"] == 0  # overwritten all the same, and called failed all the same
