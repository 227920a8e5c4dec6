"""Emulated PCs booted from the network by `scripts/pxe/serve`, beside another DHCP server and on a switch of its own.

Everything is real but the PC: shim, GRUB, kernel, image, dnsmasq, our web server, an inventory over TLS.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.inventory import desk
from agent.inventory.settings import Settings
from agent.inventory.tls import read_certificate
from tests.e2e.cable import ADDRESS, SWITCH, Cable, end, why_not_here
from tests.e2e.pc import SECURE, UEFI, Pc
from tests.e2e.shell import Shell

pytestmark = [pytest.mark.boot, pytest.mark.programs, pytest.mark.loopback, pytest.mark.timeout(1500)]

WHY_NOT = why_not_here()
here = pytest.mark.skipif(WHY_NOT is not None, reason=f"no emulated PC: {WHY_NOT}")
PATIENCE_S = 900  # software emulation on a busy computer
CARDS = {"bios": "e1000", "uefi": "virtio-net-pci,romfile="}  # QEMU's own ROM beside UEFI's stack breaks shim


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    with Cable(f"rebond-{os.getpid()}", tmp_path) as cable:
        yield cable


def netbooted(cable: Cable, number: int, *, firmware: tuple[str, str] | None = None, cpu: str = "max") -> Pc:
    """A PC with one disk and no stick, its cable in our switch."""
    card = CARDS["uefi" if firmware else "bios"]
    plug = cable.plug(f"tap{number}")
    devices = [*plug, "-device", f"{card},netdev=n0,mac=52:54:00:77:00:{number:02x},bootindex=0"]
    disk = cable.folder / f"disk{number}.img"
    with disk.open("wb") as file:
        file.truncate(64 << 20)
    devices += ["-drive", f"if=none,id=d0,format=raw,file={disk}", "-device", "ide-hd,drive=d0,serial=NETBOOT1"]
    devices += ["-object", "rng-random,id=r,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=r"]
    # One processor: with two, QEMU's emulation may trip over the kernel as it patches its own code.
    pc = Pc(cable.folder / f"pc{number}", firmware=firmware, cpu=cpu, cores=1, devices=devices)
    pc.argv = cable.inside(pc.argv)
    return pc


def serve(cable: Cable, *argv: str) -> "subprocess.Popen[bytes]":
    image = str(Path(os.environ["REBOND_IMAGE"]).resolve())
    child = cable.rebond("serve", "scripts.pxe.bench", "--interface", SWITCH, "--image", image, *argv)
    wait_for(lambda: "Ctrl-C" in cable.said("serve") or child.poll() is not None, 60)
    assert child.poll() is None, cable.said("serve")
    return child


def stop(cable: Cable, serving: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C ends every child and leaves no folder behind."""
    own = [line for line in cable.processes() if "rebond-pxe-" in line]
    assert len(own) == 1 and "dnsmasq" in own[0]
    folder = Path(own[0].partition("--conf-file=")[2].split()[0]).parent
    assert end(serving) == 0
    assert not folder.exists() and not [line for line in cable.processes() if "dnsmasq" in line]


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)


def opened(pc: Pc) -> Shell:
    shell = Shell.open(pc, PATIENCE_S)
    shell.run("systemctl stop rebond-console@tty1")  # its share of an emulated processor
    return shell


def settings_in(shell: Shell) -> dict[str, object]:
    """As the station itself found them; the network may come later than the shell."""
    told = shell.tell(
        "for i in 1 2 3 4 5 6 7 8 9; do rebond settings --json >/tmp/s && break; sleep 5; done; cat /tmp/s", 400
    )
    found: dict[str, object] = json.loads(told)
    return found


@here
@pytest.mark.slow
def test_a_bios_pc_beside_another_dhcp_server_works_a_session(cable: Cable) -> None:
    cable.box()
    folder = cable.folder / "inventory"
    inventory = Settings(folder=folder)
    started = cable.rebond("inventory", "agent", "serve", "--tls", "--address", ADDRESS, "--folder", str(folder))
    wait_for(lambda: "sha256/" in cable.said("inventory") or started.poll() is not None, 60)
    url, pin = f"https://{ADDRESS}:8642", read_certificate(folder).pin
    (cable.folder / "more.yaml").write_text("lot: college-2026-11\nprofiles: [famille-linux]\n")
    serving = serve(
        cable, "--inventory", url, "--pin", pin, "--settings", str(cable.folder / "more.yaml"), "--entry", "4"
    )
    assert "192.168.77.254" in cable.said("serve") and "Attention" not in cable.said("serve")
    opened_session = desk.open_session(inventory, uses=2, hours=1)

    with netbooted(cable, 1) as pc:
        shell = opened(pc)
        words = shell.tell("cat /proc/cmdline").split()
        assert f"rebond.settings=http://{ADDRESS}/settings.yaml" in words and "rebond.medium=none" in words
        assert "sha256" not in " ".join(words) and "8642" not in " ".join(words)
        found = settings_in(shell)
        assert found["settings"]["inventory"] == {"url": url, "pin": pin}  # type: ignore[index]
        assert found["said"] == []

        disks = shell.tell("rebond disks --virtual", 300)  # nothing here is a boot medium
        assert "NETBOOT1" in disks and "effacement possible" in disks

        said = shell.tell(f"rebond enrol {opened_session.code}", 300)
        (session,) = desk.list_sessions(inventory)
        (station,) = session.stations
        assert station.name == "poste volant 1" and "« poste volant 1 »" in said
        shell.tell("rebond triage --json >/tmp/t 2>/tmp/err", 600)
        assert json.loads(shell.tell("rebond outbox --json", 200))["waiting"] == []
        assert desk.reindex(inventory).records == 1

        desk.close_session(inventory, session.id)
        status, _ = shell.run("rebond triage --json >/tmp/t 2>/tmp/err", 600)
        assert status == 1
        status, said = shell.run("rebond outbox --json", 200)
        assert (status, [one["reason"]["code"] for one in json.loads(said)["refused"]]) == (1, ["session-over"])
        assert desk.reindex(inventory).records == 1

    steps = [line for line in cable.said("serve").splitlines() if "52:54:00:77:00:01" in line]
    assert [words in line for line, words in zip(steps, ("cherche", "chargeur", "menu", "noyau"), strict=False)] == [
        True
    ] * 4
    assert any("Rebond tourne" in line for line in steps) and "BIOS" in steps[0]
    stop(cable, serving)


@here
@pytest.mark.slow
def test_a_uefi_pc_with_secure_boot_on_a_switch_of_its_own(cable: Cable) -> None:
    serving = serve(cable, "--dhcp", "192.168.77.50-192.168.77.60", "--entry", "4", "--lang", "en")
    assert "without --inventory" in cable.said("serve")
    with netbooted(cable, 1, firmware=SECURE) as pc:
        shell = opened(pc)
        assert "Secure boot enabled" in shell.tell("dmesg | grep -i secureboot")
        assert f"rebond.settings=http://{ADDRESS}/settings.yaml" in shell.tell("cat /proc/cmdline").split()
        found = settings_in(shell)
        assert found["source"] == f"http://{ADDRESS}/settings.yaml" and found["said"] == []
        assert "default" not in shell.tell("ip route")  # nothing lies behind the switch
    stop(cable, serving)


@here
@pytest.mark.slow
def test_a_uefi_pc_boots_over_http_alone(cable: Cable) -> None:
    serving = serve(cable, "--dhcp", "192.168.77.50-192.168.77.60", "--entry", "4")
    pc = netbooted(cable, 1, firmware=UEFI)
    for name in ("IPv4PXESupport", "IPv6PXESupport"):
        pc.argv += ["-fw_cfg", f"name=opt/org.tianocore/{name},string=no"]
    with pc:
        assert "rebond.ram" in opened(pc).tell("cat /proc/cmdline").split()
    assert "UEFI HTTP" in cable.said("serve")
    stop(cable, serving)


@here
def test_a_32_bit_pc_is_told_so_in_french(cable: Cable) -> None:
    serving = serve(cable, "--dhcp", "192.168.77.50-192.168.77.60")
    with netbooted(cable, 1, cpu="pentium3") as pc:
        pc.wait_serial("CE PC EST UN PC 32 BITS", 300)
        pc.wait_serial("A RECYCLER", 20)
        pc.press("Escape")
        pc.wait_off(60)
    assert "noyau" not in cable.said("serve")
    stop(cable, serving)


@here
def test_two_dhcp_servers_never_meet(cable: Cable) -> None:
    cable.box()
    with pytest.raises(AssertionError, match="Un serveur DHCP répond déjà sur ce réseau .192.168.77.254."):
        serve(cable, "--dhcp", "192.168.77.50-192.168.77.60")
    assert not [line for line in cable.processes() if "rebond-pxe-" in line]


@here
def test_nobody_gives_addresses(cable: Cable) -> None:
    serving = serve(cable, "--lang", "en")
    assert "no DHCP server answers" in cable.said("serve")
    second = cable.rebond("second", "scripts.pxe.bench", "--interface", SWITCH, "--image", os.environ["REBOND_IMAGE"])
    assert second.wait(60) == 1
    assert "UDP 67, UDP 69, UDP 4011, TCP 80" in cable.said("second")
    stop(cable, serving)
