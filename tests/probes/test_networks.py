"""Networks: what is wired, Wi-Fi, Bluetooth or modem, who has a driver, and that no address ever gets out."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Network
from agent.host import Host
from agent.probes import networks
from agent.probes.networks import mac_hash
from agent.text import decode
from tests.conftest import over_corpus
from tests.probes.standin import pc, udev_tree

KEY = b"station key"
MAC = "02:00:5e:10:00:01"
_PCI = "/sys/devices/pci0000:00"


def card(address: str, code: str, ids: str, driver: str | None = None) -> dict[str, str]:
    files = {
        f"{_PCI}/{address}/uevent": f"PCI_CLASS={code}\nPCI_ID={ids}\n" + (f"DRIVER={driver}\n" if driver else ""),
        f"/sys/bus/pci/devices/{address}": f"-> {_PCI}/{address}",
    }
    return files | ({f"{_PCI}/{address}/driver": f"-> /sys/bus/pci/drivers/{driver}"} if driver else {})


def interface(name: str, device: str, **files: str) -> dict[str, str]:
    place = f"{device}/net/{name}"
    told = {"address": f"{MAC}\n", "type": "1\n", "addr_assign_type": "0\n"} | files
    laid = {f"{place}/{attribute}": text for attribute, text in told.items()}
    return laid | {f"{place}/device": f"-> {device}", f"/sys/class/net/{name}": f"-> {place}"}


LAPTOP = (
    card("0000:00:19.0", "20000", "8086:1502", "e1000e")
    | card("0000:03:00.0", "28000", "8086:0085", "iwlwifi")
    | interface("eth0", f"{_PCI}/0000:00:19.0", speed="1000\n", carrier="1\n")
    | interface("wlan0", f"{_PCI}/0000:03:00.0", uevent="DEVTYPE=wlan\n")
    | {"/sys/class/net/lo/type": "772\n", "/sys/class/net/br0/type": "1\n"}
)


def looked_at(host: Host, key: bytes | None = None) -> tuple[Network, ...]:
    found = networks.probe(host, key).facts["networks"]
    assert isinstance(found, tuple)
    return found


def test_wired_and_wifi_with_their_cards(tmp_path: Path) -> None:
    ids = "8086  Intel Corporation\n\t0085  Centrino Advanced-N 6205\n\t1502  82579LM Gigabit Network Connection\n"
    host = pc(tmp_path / "pc", LAPTOP | {"/usr/share/misc/pci.ids": ids})
    assert looked_at(host) == (
        Network(
            kind="wired", name="eth0", vendor="Intel Corporation", model="82579LM Gigabit Network Connection",
            driver="e1000e", has_driver=True, speed_mbps=1000, has_link=True,
        ),
        Network(
            kind="wifi", name="wlan0", vendor="Intel Corporation", model="Centrino Advanced-N 6205", driver="iwlwifi",
            has_driver=True,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(("speed", "kept"), [("-1", None), ("4294967295", None), ("0", None), ("", None), ("100", 100)])
def test_speed_without_a_link_is_unknown(tmp_path: Path, speed: str, kept: int | None) -> None:
    files = card("0000:00:19.0", "20000", "8086:1502", "e1000e")
    host = pc(tmp_path / "pc", files | interface("eth0", f"{_PCI}/0000:00:19.0", speed=speed + "\n"))
    assert looked_at(host)[0].speed_mbps == kept


def test_a_card_no_driver_took_is_told(tmp_path: Path) -> None:
    files = card("0000:03:00.0", "28000", "14e4:4365") | {"/sys/class/net/lo/type": "772\n"}
    assert looked_at(pc(tmp_path / "pc", files)) == (Network(kind="wifi", has_driver=False),)


def test_a_driver_without_its_firmware_is_a_gap(tmp_path: Path) -> None:
    files = card("0000:03:00.0", "28000", "8086:0085", "iwlwifi") | {"/sys/class/net/lo/type": "772\n"}
    findings = networks.probe(pc(tmp_path / "pc", files), None)
    assert findings.facts["networks"] == (Network(kind="wifi", driver="iwlwifi", has_driver=True),)
    assert "networks[0].name" in [gap.path for gap in findings.gaps]


def test_the_factory_address_is_hashed_and_only_that(tmp_path: Path) -> None:
    wired, wifi = looked_at(pc(tmp_path / "plain", LAPTOP), KEY)
    assert wired.mac_hash == wifi.mac_hash == mac_hash(KEY, MAC)
    assert looked_at(pc(tmp_path / "no-key", LAPTOP))[0].mac_hash is None
    # Randomised while scanning: the chip's own address is asked instead, or nothing.
    place = f"{_PCI}/0000:03:00.0/net/wlan0"
    set_by_software = LAPTOP | {f"{place}/addr_assign_type": "3\n", f"{place}/address": "06:11:22:33:44:55\n"}
    findings = networks.probe(pc(tmp_path / "random", set_by_software), KEY)
    assert findings.facts["networks"][1].mac_hash is None
    assert ("networks[1].mac_hash", "placeholder") in [(gap.path, gap.why) for gap in findings.gaps]
    kept = set_by_software | {f"{place}/phy80211/macaddress": f"{MAC}\n"}
    assert looked_at(pc(tmp_path / "chip", kept), KEY)[1].mac_hash == mac_hash(KEY, MAC)


def test_hash_is_keyed_and_stable() -> None:
    assert mac_hash(KEY, "02:00:5E:10:00:01\n") == mac_hash(KEY, "02-00-5e-10-00-01")
    assert mac_hash(KEY, MAC) != mac_hash(b"other", MAC)
    assert re.fullmatch(r"[0-9a-f]{16}", mac_hash(KEY, MAC) or "")
    for nothing in (None, "", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "12:34"):
        assert mac_hash(KEY, nothing) is None


@settings(max_examples=50)
@given(mac=st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":")))
def test_no_part_of_an_address_leaves(mac: str) -> None:
    told = mac_hash(KEY, mac)
    assert told is None or mac.replace(":", "")[:8] not in told


def test_udevs_address_names_are_cut(tmp_path: Path) -> None:
    device = f"{_PCI}/0000:00:14.0/usb1/1-2/1-2:1.0"
    name = "enx02005e100001"
    host = pc(tmp_path / "pc", interface(name, device) | {f"{device}/driver": "-> /sys/bus/usb/drivers/r8152"})
    (network,) = looked_at(host, KEY)
    assert (network.name, network.kind, network.driver) == ("enx", "wired", "r8152")


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"uevent": "DEVTYPE=wwan\n", "type": "65534\n"}, "modem"),
        ({"uevent": "DEVTYPE=wlan\n"}, "wifi"),
        ({"wireless/status": "0\n"}, "wifi"),
        ({"type": "280\n"}, None),  # CAN
        ({"type": "32\n"}, None),  # InfiniBand
    ],
)
def test_kinds(tmp_path: Path, files: dict[str, str], kind: str | None) -> None:
    found = looked_at(pc(tmp_path / "pc", interface("net0", f"{_PCI}/0000:00:19.0", **files)))
    assert [network.kind for network in found] == ([kind] if kind else [])


def test_text_alone(tmp_path: Path) -> None:
    text = (
        "00:19.0 Ethernet controller [0200]: Intel Corporation 82579LM [8086:1502]\n\tKernel driver in use: e1000e\n"
        "03:00.0 Ethernet controller [0200]: Qualcomm Atheros AR5212 802.11abg NIC [168c:0013]\n"
    )
    lsusb = "Bus 001 Device 004: ID 0a5c:217f Broadcom Corp. BCM2045B Bluetooth\nBus 001 Device 001: ID 1d6b:0002 hub\n"
    wired, wifi, bluetooth = looked_at(pc(tmp_path / "pc", lspci=text, lsusb=lsusb))
    assert (wired.kind, wired.has_driver) == ("wired", True)
    assert (wifi.kind, wifi.has_driver) == ("wifi", False)
    assert (bluetooth.kind, bluetooth.has_driver) == ("bluetooth", None)


def test_nothing_tells_is_a_gap(tmp_path: Path) -> None:
    findings = networks.probe(pc(tmp_path / "pc"), KEY)
    assert "networks" not in findings.facts
    assert findings.gaps


@over_corpus("udevadm")
def test_corpus_keeps_every_address_in(path: Path, tmp_path: Path) -> None:
    if path.suffix != ".txt":
        pytest.skip("lsblk's part of the same PC")
    text = decode(path.read_bytes())
    findings = networks.probe(udev_tree(tmp_path / "pc", text), KEY)
    told = msgspec.json.encode(findings.facts.get("networks", ())).decode()
    told += msgspec.json.encode(findings.gaps).decode()
    assert not re.search(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", told)
    for mac in re.findall(r"ID_NET_NAME_MAC=\w{3}([0-9a-f]{12})", text):
        assert mac not in told
    # Every Ethernet or Wi-Fi interface of the dump that has hardware is told.
    blocks = [block for block in text.split("\n\n") if "E: SUBSYSTEM=net" in block and "/virtual/" not in block]
    hardware = [block for block in blocks if "can" not in (re.search(r"E: INTERFACE=(\S+)", block) or ["", ""])[1]]
    named = [network for network in findings.facts.get("networks", ()) if network.name and network.kind != "bluetooth"]
    assert len(named) == len(hardware)
    wifi = [block for block in hardware if "DEVTYPE=wlan" in block]
    assert len([network for network in named if network.kind == "wifi"]) == len(wifi)
