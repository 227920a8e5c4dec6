"""A laptop: UEFI with Secure Boot, NVMe disk, a worn battery; and what real machines say of themselves in SMBIOS."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.probes.makers import tidy
from tests.conftest import over_corpus
from tests.e2e import tables
from tests.e2e.glyphs import Font
from tests.e2e.image import MARKS, PATIENCE_S, Image, Stick, disk
from tests.e2e.pc import SECURE, Pc
from tests.e2e.shell import Shell

pytestmark = [*MARKS]


def battery(folder: Path) -> list[str]:
    """QEMU's words for the battery; none where no ACPI compiler is."""
    if shutil.which("iasl") is None:
        return []
    source = Path(__file__).with_name("battery.dsl")
    subprocess.run(["iasl", "-p", folder / "battery", source], check=True, capture_output=True)
    return ["-acpitable", f"file={folder / 'battery.aml'}"]


def inspected(shell: Shell) -> dict[str, Any]:
    shell.tell("rebond inspect --json >/tmp/machine 2>/tmp/said", 300)
    found: dict[str, Any] = json.loads(shell.tell("cat /tmp/machine"))
    return found


@pytest.mark.slow
def test_secure_boot_nvme_and_a_battery(new_stick: Callable[[], Stick], fonts: list[Font], tmp_path: Path) -> None:
    stick, worn = new_stick(), battery(tmp_path)
    stick.choose(4)
    ssd = disk(tmp_path / "ssd.img", 64)
    devices = [
        *stick.words(boot=0), *worn, *tables.words(tables.notebook(), tmp_path / "smbios"),
        "-drive", f"if=none,id=n1,format=raw,file={ssd}", "-device", "nvme,drive=n1,serial=NVME-E2E-1",
        "-object", "rng-random,id=r,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=r",
    ]  # fmt: skip
    with Pc(tmp_path / "pc", firmware=SECURE, cores=1, devices=devices, fonts=fonts) as pc:
        shell = Shell.open(pc, PATIENCE_S)
        assert "Secure boot enabled" in shell.tell("dmesg | grep -i 'secure boot'")
        lines = "\n".join(pc.wait_screen("Le PC est inspecté.", PATIENCE_S))
        assert "CLÉ" not in lines
        shell.run("systemctl stop rebond-console@tty1")
        machine = inspected(shell)
    system = machine["system"]
    assert (system["maker"], system["product"], system["chassis"]) == ("Lenovo", "ThinkPad T450s", "laptop"), system
    assert [one["serial"] for one in machine["disks"] if not one["is_boot_medium"]] == ["NVME-E2E-1"]
    if worn:
        (found,) = machine["batteries"]
        assert (found["design_mwh"], found["full_mwh"], found["cycles"]) == (57000, 31200, 812)


@pytest.mark.slow
@over_corpus("dmi-bin")
def test_the_tables_of_a_real_machine(path: Path, image: Image, tmp_path: Path) -> None:
    raw = path.read_bytes()
    if raw[:3] != b"_SM" or len(raw) < 64:
        pytest.skip(f"{path.name} is no whole dump")
    if shutil.which("dmidecode", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("the oracle is missing (apt install dmidecode)")
    table = tables.of_dump(raw)
    devices = [*tables.words(table, tmp_path / "smbios", tables.IDENTITY), *image.straight("rebond.medium=none")]
    with Pc(tmp_path / "pc", cores=1, devices=devices) as pc:
        shell = Shell.open(pc, PATIENCE_S)
        shell.run("systemctl stop rebond-console@tty1")
        machine = inspected(shell)
    for name, word in (("maker", "system-manufacturer"), ("product", "system-product-name")):
        told = subprocess.run(
            ["/usr/sbin/dmidecode", "--from-dump", path, "--string", word], check=True, capture_output=True, text=True
        ).stdout.strip()
        assert machine["system"][name] == (tidy(told) if name == "maker" else told)
