"""Links that are up and lead to nothing: a disk whose electronics died shows nowhere else."""

from pathlib import Path

from agent.capture import load
from agent.probes import hidden_storage
from agent.probes.silent_disks import silent_disks
from tests.probes.standin import pc
from tests.test_recording import take

_AHCI = "/sys/devices/pci0000:00/0000:00:17.0"
_SAS = "/sys/devices/pci0000:00/0000:02:00.0/host7"


def port(number: int, speed: str, *, has_device: bool) -> dict[str, str]:
    ata = f"{_AHCI}/ata{number}"
    link = f"{ata}/link{number}/ata_link/link{number}"
    target = {f"{ata}/host{number}/target{number}:0:0/{number}:0:0:0/type": "0"} if has_device else {}
    return {f"{link}/sata_spd": speed, f"/sys/class/ata_link/link{number}": f"-> {link}",
            f"{ata}/host{number}/scsi_host/host{number}/state": "running"} | target  # fmt: skip


def fan_out(number: int, way: int, speed: str, *, device: str) -> dict[str, str]:
    """One link of a port multiplier, and at its end a disk, nothing, or the enclosure's own processor."""
    ata, name = f"{_AHCI}/ata{number}", f"link{number}.{way}"
    link, known = f"{ata}/{name}/ata_link/{name}", f"{ata}/{name}/dev{number}.{way}.0/ata_device/dev{number}.{way}.0"
    disk = {f"{ata}/host{number}/target{number}:{way}:0/{number}:{way}:0:0/type": "0"} if device == "ata" else {}
    return {f"{link}/sata_spd": speed, f"/sys/class/ata_link/{name}": f"-> {link}",
            f"{link}/device": f"-> {ata}/{name}", f"{known}/class": device} | disk  # fmt: skip


def phy(number: int, rate: str, *, has_port: bool) -> dict[str, str]:
    at = f"{_SAS}/phy-7:{number}"
    laid = {f"{at}/sas_phy/phy-7:{number}/negotiated_linkrate": rate,
            f"{at}/sas_phy/phy-7:{number}/device": f"-> {at}",
            f"/sys/class/sas_phy/phy-7:{number}": f"-> {at}/sas_phy/phy-7:{number}"}  # fmt: skip
    if has_port:
        laid |= {f"{at}/port": f"-> {_SAS}/port-7:{number}", f"{_SAS}/port-7:{number}/uevent": ""}
    return laid


def end(number: int, protocols: str, *, has_disk: bool) -> dict[str, str]:
    at = f"{_SAS}/port-7:{number}/end_device-7:{number}"
    device = f"{at}/sas_device/end_device-7:{number}"
    laid = {f"{device}/target_port_protocols": protocols, f"{device}/device": f"-> {at}",
            f"/sys/class/sas_device/end_device-7:{number}": f"-> {device}"}  # fmt: skip
    return laid | ({f"{at}/target7:0:{number}/7:0:{number}:0/type": "0"} if has_disk else {})


def test_a_sata_link_that_is_up_leads_to_a_device_or_is_told(tmp_path: Path) -> None:
    host = pc(
        tmp_path / "pc",
        port(1, "6.0 Gbps\n", has_device=True) | port(2, "<unknown>\n", has_device=False)
        | port(3, "3.0 Gbps\n", has_device=False),
    )  # fmt: skip
    (found,) = silent_disks(host)
    assert (found.kind, found.controller) == ("silent-disk", "ata3")
    assert found.evidence == "SATA link ata3 up at 3.0 Gbps, no device behind it"
    assert hidden_storage.probe(host).facts["hidden_storage"] == (found,)


def test_a_port_multiplier_is_no_disk_and_hides_none(tmp_path: Path) -> None:
    empty = port(4, "3.0 Gbps\n", has_device=False) | fan_out(4, 0, "<unknown>\n", device="none")
    shelf = port(5, "3.0 Gbps\n", has_device=False) | fan_out(5, 0, "3.0 Gbps\n", device="ata")
    shelf |= fan_out(5, 1, "3.0 Gbps\n", device="unknown") | fan_out(5, 14, "1.5 Gbps\n", device="semb")
    (found,) = silent_disks(pc(tmp_path / "pc", empty | shelf))
    assert found.controller == "ata5.1"


def test_links_whose_disks_hang_elsewhere_are_no_hint(tmp_path: Path) -> None:
    """SATA behind a SAS controller (libsas), and the links by which an expander hangs on its controller (mpt3sas)."""
    behind_sas = {path: text for path, text in port(6, "6.0 Gbps\n", has_device=False).items() if "/host" not in path}
    at = f"{_SAS}/expander-7:0/phy-7:0:0"
    upward = {f"{at}/sas_phy/phy-7:0:0/negotiated_linkrate": "6.0 Gbit",
              f"{at}/sas_phy/phy-7:0:0/device": f"-> {at}",
              "/sys/class/sas_phy/phy-7:0:0": f"-> {at}/sas_phy/phy-7:0:0"}  # fmt: skip
    assert silent_disks(pc(tmp_path / "pc", behind_sas | upward)) == ()


def test_a_sas_link_that_is_up_leads_to_a_device_or_is_told(tmp_path: Path) -> None:
    host = pc(
        tmp_path / "pc",
        phy(0, "3.0 Gbit", has_port=True) | phy(1, "Unknown", has_port=False) | phy(2, "6.0 Gbit", has_port=False)
        | phy(3, "Phy disabled", has_port=False) | end(0, "ssp", has_disk=True) | end(4, "sata", has_disk=False)
        | end(5, "none", has_disk=False),
    )  # fmt: skip
    assert [one.controller for one in silent_disks(host)] == ["phy-7:2", "end_device-7:4"]


def test_a_capture_tells_the_same(tmp_path: Path) -> None:
    """That a folder is there, with nothing read in it, is what tells a device from a silent one."""
    pc(
        tmp_path / "pc",
        port(1, "6.0 Gbps\n", has_device=True) | port(3, "3.0 Gbps\n", has_device=False)
        | phy(0, "3.0 Gbit", has_port=True) | phy(2, "6.0 Gbit", has_port=False)
        | end(0, "ssp", has_disk=True) | end(4, "sata", has_disk=False),
    )  # fmt: skip
    seen = take(tmp_path / "pc", tmp_path / "pc.zip").hidden_storage
    assert [one.controller for one in seen or ()] == ["ata3", "phy-7:2", "end_device-7:4"]
    assert silent_disks(load(tmp_path / "pc.zip").host) == seen


def test_nothing_is_made_up_where_nothing_is_told(tmp_path: Path) -> None:
    assert silent_disks(pc(tmp_path / "pc", {"/sys/block": "/"})) == ()
