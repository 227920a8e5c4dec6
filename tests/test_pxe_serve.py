"""What netbooted PCs are handed, by whom and when: pure parts of `scripts/pxe`, and its web server on loopback."""

import gettext
import io
import ipaddress
import re
import runpy
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.settings import read_settings
from scripts.pxe import bench, loaders, network, web
from scripts.pxe.visitors import Visitors

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = (ROOT / "scripts" / "image" / "grub.cfg").read_text()
HERE = ipaddress.IPv4Interface("192.168.7.1/24")
PIN = "sha256/" + "ab" * 32


@pytest.fixture
def image(tmp_path: Path) -> Path:
    netboot = tmp_path / "image" / "netboot"
    netboot.mkdir(parents=True)
    for name in loaders.NEEDED:
        (netboot / name).write_bytes(name.encode() * 100)
    return tmp_path / "image"


def fails(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str]:
    code = bench.main([str(word) for word in argv])
    told = capsys.readouterr()
    assert not told.out and told.err.startswith("rebond: ") and "Traceback" not in told.err
    return code, told.err


# --- the menu and the configuration -----------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", [1, 4])
def test_the_menu_is_the_images_own(entry: int) -> None:
    made = loaders.menu(TEMPLATE, "192.168.7.1", entry)
    assert "@PATH@" not in made and "@WHERE@" not in made
    assert made.count("(http,192.168.7.1)/vmlinuz") == 4 and made.count("(http,192.168.7.1)/rebond.img") == 1
    assert "rebond.medium=none rebond.settings=http://192.168.7.1/settings.yaml" in made
    assert f"set default={entry - 1}\n" in made and made.count("menuentry") == loaders.ENTRIES
    assert "CE PC EST UN PC 32 BITS" in made and "A RECYCLER" in made
    assert all(ord(letter) < 128 for letter in made)  # a BIOS text screen may have no accents


def test_grub_speaks_french_without_accents() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "image" / "menu-words"))
    french = gettext.GNUTranslations(io.BytesIO(made["packed"](made["WORDS"])))
    assert french.gettext("Booting `%s'") == "Demarrage : %s"
    for english in made["WORDS"]:
        told = french.gettext(english)
        assert told != english and told.isascii() and len(told) < 76
        assert re.findall("%.", told) == re.findall("%.", english)  # what GRUB fills in


def test_beside_another_dhcp_server_no_address_is_given(tmp_path: Path) -> None:
    told = loaders.dnsmasq_config(tmp_path, "eth1", HERE, None).splitlines()
    assert "dhcp-range=192.168.7.0,proxy,255.255.255.0" in told
    assert not any(line.startswith(("dhcp-boot", "dhcp-authoritative")) for line in told)
    assert {"port=0", "interface=eth1", "bind-interfaces", "leasefile-ro"} <= set(told)


def test_on_a_switch_of_its_own_it_gives_addresses_and_no_way_out(tmp_path: Path) -> None:
    given = loaders.Range(first=HERE.ip + 49, last=HERE.ip + 149)
    told = loaders.dnsmasq_config(tmp_path, "eth1", HERE, given).splitlines()
    assert "dhcp-range=192.168.7.50,192.168.7.150,255.255.255.0,2h" in told
    assert {"dhcp-option=option:router", "dhcp-option=option:dns-server"} <= set(told)
    assert "dhcp-boot=tag:http,http://192.168.7.1/bootx64.efi" in told
    assert "dhcp-boot=tag:!efi32,tag:!efi,tag:!http,grubpc.0" in told  # 32-bit UEFI gets no loader it cannot start


@pytest.mark.programs
@pytest.mark.parametrize("proxy", [True, False])
def test_dnsmasq_understands_it(tmp_path: Path, proxy: bool) -> None:
    given = None if proxy else loaders.Range(first=HERE.ip + 49, last=HERE.ip + 149)
    (tmp_path / "conf").write_text(loaders.dnsmasq_config(tmp_path, "lo", HERE, given))
    try:
        done = subprocess.run(
            ["/usr/sbin/dnsmasq", "--test", f"--conf-file={tmp_path / 'conf'}"], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("dnsmasq is not installed (apt install dnsmasq-base)")
    assert "syntax check OK" in done.stderr


def test_everything_handed_out_can_be_read_by_all(tmp_path: Path, image: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir(mode=0o700)
    (image / "netboot" / "grubpc.0").chmod(0o600)
    loaders.furnish(folder, image / "netboot", "menu")
    found = {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*")}
    assert found == {
        "tftp": 0o755, "tftp/grub": 0o755, "tftp/grub/grub.cfg": 0o644, "tftp/grubpc.0": 0o644,
        "tftp/bootx64.efi": 0o644, "tftp/grubx64.efi": 0o644, "tftp/grub/locale": 0o755,
        "tftp/grub/locale/fr.mo": 0o644,
    }  # fmt: skip
    assert folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.programs
def test_without_grub_the_bios_loader_stays_the_images(
    tmp_path: Path, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    loaders.furnish(folder, image / "netboot", "menu")
    monkeypatch.setenv("PATH", "/nowhere")
    assert not loaders.aim_bios_loader(folder, "192.168.7.1")
    assert (folder / "tftp" / "grubpc.0").read_bytes() == (image / "netboot" / "grubpc.0").read_bytes()


# --- what cannot work is said -----------------------------------------------------------------------------------------


def test_bad_orders_get_one_sentence(capsys: pytest.CaptureFixture[str], image: Path, tmp_path: Path) -> None:
    lo = ("--interface", "lo", "--image", image)
    assert fails(capsys) == (2, fails(capsys, "--lang=fr")[1])
    assert "no network card eth77" in fails(capsys, "--interface", "eth77", "--image", image, "--lang", "en")[1]
    code, said = fails(capsys, "--interface", "lo", "--image", tmp_path)
    assert code == 3 and "scripts/image/build" in said
    (image / "netboot" / "rebond.img").write_bytes(b"")
    assert "il manque rebond.img)" in fails(capsys, *lo)[1]
    (image / "netboot" / "rebond.img").write_bytes(b"x")
    for given in (
        "x",
        "127.0.0.5",
        "127.0.0.9-127.0.0.5",
        "10.0.0.1-10.0.0.9",
        "127.0.0.0-127.0.0.9",
        "127.0.0.1-127.0.0.9",
    ):
        code, said = fails(capsys, *lo, "--dhcp", given)
        assert code == 2 and "127.0.0.0/8" in said
    assert "joindre http://127.0.0.1:8642" in fails(capsys, *lo, "--inventory", "http://127.0.0.1:8642")[1]
    assert "adresse" in fails(capsys, *lo, "--inventory", "garbage")[1]
    assert "--inventory" in fails(capsys, *lo, "--pin", PIN)[1]
    assert "https://" in fails(capsys, *lo, "--inventory", "http://x", "--pin", PIN)[1]
    (tmp_path / "s.yaml").write_text("lott: x\npassword: y\n")
    code, said = fails(capsys, *lo, "--settings", tmp_path / "s.yaml")
    assert code == 3 and "settings.yaml:1:1" in said and "aucun secret" in said
    assert fails(capsys, *lo, "--settings", tmp_path)[0] == 3


def test_the_settings_that_pcs_read(tmp_path: Path) -> None:
    from scripts.pxe.checks import settings_told

    (tmp_path / "s.yaml").write_text("lot: college-2026-11\nkeyboard: be")

    def made(*argv: str) -> bytes:
        from agent.commands.say import Say

        return settings_told(bench.parser(Say()).parse_args(["--interface", "x", *argv]))[0]

    raw = made(
        "--settings", str(tmp_path / "s.yaml"), "--inventory", "https://inventaire.lan:8642", "--pin", PIN.upper()
    )
    found = read_settings(raw, "settings.yaml")
    assert found.mistakes == () and found.settings.lot == "college-2026-11" and found.settings.keyboard == "be"
    assert found.settings.inventory is not None and found.settings.inventory.pin == PIN
    assert read_settings(made(), "settings.yaml").mistakes == ()
    with pytest.raises(Exception, match="already on line"):
        (tmp_path / "s.yaml").write_text("inventory: {url: 'http://a'}")
        made("--settings", str(tmp_path / "s.yaml"), "--inventory", "http://b")


# --- who answers DHCP -------------------------------------------------------------------------------------------------

NUMBER = b"\1\2\3\4"


def offer(
    address: bytes = b"\xc0\xa8\x07\x32", file: bytes = b"", options: bytes = b"", number: bytes = NUMBER
) -> bytes:
    bootp = struct.pack(
        "!BBBB4s8x4s4s4s16s64s128s", 2, 1, 6, 0, number, address, bytes(4), bytes(4), bytes(16), b"", file
    )
    payload = bootp + b"\x63\x82\x53\x63" + bytes([53, 1, 2, 54, 4, 192, 168, 7, 254]) + options + b"\xff"
    udp = struct.pack("!HHHH", 67, 68, 8 + len(payload), 0) + payload
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\xc0\xa8\x07\xfe", b"\xff" * 4) + udp


def test_offers_are_told_apart() -> None:
    assert network.read_offer(offer(), NUMBER) == network.Offer(
        server="192.168.7.254", gives_address=True, gives_boot=False
    )
    proxy = network.read_offer(offer(bytes(4), options=bytes([60, 9]) + b"PXEClient"), NUMBER)
    assert proxy is not None and (proxy.gives_address, proxy.gives_boot) == (False, True)
    boots = network.read_offer(offer(file=b"pxelinux.0"), NUMBER)
    assert boots is not None and boots.gives_address and boots.gives_boot


def test_other_packets_are_no_offers() -> None:
    whole = offer()
    assert network.read_offer(offer(number=b"\0\0\0\0"), NUMBER) is None
    for end in range(len(whole)):
        network.read_offer(whole[:end], NUMBER)
    for place in range(0, len(whole), 3):
        network.read_offer(whole[:place] + b"\xff" + whole[place + 1 :], NUMBER)
    assert network.read_offer(b"", NUMBER) is None


def test_the_question_is_a_valid_packet() -> None:
    packet = network.discover(b"\2\0\0\0\0\1", NUMBER)
    assert len(packet) == struct.unpack("!H", packet[2:4])[0] and packet[9] == 17
    assert sum(struct.unpack("!10H", packet[:20])) % 0xFFFF == 0
    assert struct.unpack("!HHH", packet[20:26]) == (68, 67, len(packet) - 20)
    bootp = packet[28:]
    assert bootp[4:8] == NUMBER and bootp[28:34] == b"\2\0\0\0\0\1" and bootp[236:240] == b"\x63\x82\x53\x63"


# --- who asked --------------------------------------------------------------------------------------------------------

# As dnsmasq 2.90 said it of emulated PCs; names and addresses of the test bench.
BIOS_LOG = """\
dnsmasq-dhcp[1]: 2975566956 available DHCP subnet: 192.168.77.0/255.255.255.0
dnsmasq-dhcp[1]: 2975566956 vendor class: PXEClient:Arch:00000:UNDI:002001
dnsmasq-dhcp[1]: 2975566956 PXE(br0) 52:54:00:aa:00:01 proxy
dnsmasq-dhcp[1]: 2975566956 vendor class: PXEClient:Arch:00000:UNDI:002001
dnsmasq-dhcp[1]: 2975566956 PXE(br0) 52:54:00:aa:00:01 proxy
dnsmasq-dhcp[1]: 0 vendor class: PXEClient
dnsmasq-dhcp[1]: 0 PXE(br0) 192.168.77.102 52:54:00:aa:00:01 grubpc.0
dnsmasq-tftp[1]: sent /run/x/tftp/grubpc.0 to 192.168.77.102
dnsmasq-tftp[1]: file /run/x/tftp/grub/i386-pc/command.lst not found for 192.168.77.102
dnsmasq-tftp[1]: sent /run/x/tftp/grub/grub.cfg to 192.168.77.102
"""
UEFI_LOG = """\
dnsmasq-dhcp[1]: 1585450064 vendor class: PXEClient:Arch:00007:UNDI:003000
dnsmasq-dhcp[1]: 1585450064 PXE(br0) 52:54:00:aa:00:02 proxy
dnsmasq-tftp[1]: error 8 User aborted the transfer received from 192.168.77.103
dnsmasq-tftp[1]: sent /run/x/tftp/bootx64.efi to 192.168.77.103
dnsmasq-tftp[1]: sent /run/x/tftp/bootx64.efi to 192.168.77.103
"""
FULL_LOG = """\
dnsmasq-dhcp[1]: 11 vendor class: PXEClient:Arch:00006:UNDI:003000
dnsmasq-dhcp[1]: 11 DHCPDISCOVER(eth1) 52:54:00:aa:00:03
dnsmasq-dhcp[1]: 12 vendor class: HTTPClient:Arch:00016:UNDI:003001
dnsmasq-dhcp[1]: 12 DHCPDISCOVER(eth1) 192.168.7.60 52:54:00:aa:00:04
dnsmasq-dhcp[1]: 12 DHCPACK(eth1) 192.168.7.60 52:54:00:aa:00:04
dnsmasq-dhcp[1]: 13 DHCPDISCOVER(eth1) 52:54:00:aa:00:05
dnsmasq-dhcp[1]: DHCP, sockets bound exclusively to interface eth1
not a line of dnsmasq's
"""


def heard(log: str, *taken: tuple[str, str], arp: str = "") -> list[tuple[str, str, str]]:
    steps: list[tuple[str, str, str]] = []
    path = Path("/proc/none")
    visitors = Visitors(lambda mac, address, firmware, stage: steps.append((mac[-2:], firmware, stage[0])), path)
    for line in log.splitlines(keepends=True):
        visitors.hear(line)
    for address, name in taken:
        visitors.took(address, name)
    return steps


def test_each_step_of_a_pc_is_one_line() -> None:
    web = [
        ("192.168.77.102", name) for name in ("vmlinuz", "rebond.img…", "rebond.img", "settings.yaml", "settings.yaml")
    ]
    assert heard(BIOS_LOG, *web) == [
        ("01", "BIOS", "cherche à démarrer"), ("01", "BIOS", "chargeur"), ("01", "BIOS", "menu"),
        ("01", "BIOS", "noyau"), ("01", "BIOS", "reçoit le système"), ("01", "BIOS", "démarre"),
        ("01", "BIOS", "Rebond tourne, réglages lus"),
    ]  # fmt: skip


def test_a_pc_without_a_known_card_is_its_address() -> None:
    assert heard(UEFI_LOG) == [("02", "UEFI", "cherche à démarrer"), ("03", "", "chargeur")]
    assert heard("", ("192.168.7.9", "id")) == []


def test_a_pc_without_an_address_is_told_what_to_widen() -> None:
    log = "dnsmasq-dhcp[7]: 99 DHCPDISCOVER(eth1) 52:54:00:aa:00:07 no address available\n"
    ((name, firmware, told),) = heard(log)
    assert (name, firmware) == ("07", "") and "élargissez --dhcp" in told


def test_32_bit_uefi_is_told_to_take_a_stick() -> None:
    steps = heard(FULL_LOG)
    assert steps[0][:2] == ("03", "UEFI 32 bits") and "prenez une clé" in steps[0][2]
    assert steps[1:] == [("04", "UEFI HTTP", "cherche à démarrer")]  # 05 is a system that runs already


def test_the_kernels_neighbours_give_the_card(tmp_path: Path) -> None:
    (tmp_path / "arp").write_text(
        "IP address HW type Flags HW address Mask Device\n192.168.7.5 0x1 0x2 52:54:00:aa:00:09 * eth1\n"
        "192.168.7.6 0x1 0x0 00:00:00:00:00:00 * eth1\n"
    )
    steps: list[str] = []
    visitors = Visitors(lambda mac, *_: steps.append(mac), tmp_path / "arp")
    for address in ("192.168.7.5", "192.168.7.6", "192.168.7.7"):
        visitors.took(address, "vmlinuz")
    assert steps == ["52:54:00:aa:00:09", "192.168.7.6", "192.168.7.7"]


# --- the web server ---------------------------------------------------------------------------------------------------


@pytest.fixture
def served(image: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    taken: list[tuple[str, str]] = []
    (image / "netboot" / "rebond.img").write_bytes(bytes(range(256)) * 40_000)  # 10 MB
    files = {"rebond.img": image / "netboot" / "rebond.img", "settings.yaml": b"lot: x\n", "gone": image / "gone"}
    running = web.start("127.0.0.1", 0, files, lambda address, name: taken.append((address, name)))
    yield f"http://127.0.0.1:{running.port}", taken
    running.close()


def get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


@pytest.mark.loopback
def test_named_files_and_nothing_else(served: tuple[str, list[tuple[str, str]]], image: Path) -> None:
    url, taken = served
    whole = (image / "netboot" / "rebond.img").read_bytes()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, [f"{url}/rebond.img"] * 8)) == {(200, whole)}
    assert get(f"{url}/settings.yaml") == (200, b"lot: x\n")
    for name in ("", "netboot", "../image/netboot/id", "%2e%2e/id", "etc/passwd", "gone", "settings.yaml/"):
        assert get(f"{url}/{name}")[0] == 404
    assert taken.count(("127.0.0.1", "rebond.img")) == 8 and taken.count(("127.0.0.1", "rebond.img…")) == 8
    asked = urllib.request.Request(f"{url}/settings.yaml", method="PUT", data=b"x")
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(asked)


@pytest.mark.loopback
def test_a_pc_that_leaves_in_the_middle_is_no_event(
    served: tuple[str, list[tuple[str, str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    import socket

    url, taken = served
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as line:
        line.sendall(b"GET /rebond.img HTTP/1.1\r\nHost: x\r\n\r\n")
        line.recv(1000)
    time.sleep(0.2)
    assert ("127.0.0.1", "rebond.img") not in taken
    assert get(f"{url}/settings.yaml")[0] == 200
    assert threading.active_count() < 50 and capsys.readouterr().err == ""


@pytest.mark.programs
def test_the_help_is_plain() -> None:
    argv = [sys.executable, "-P", "-m", "scripts.pxe.bench", "--help"]
    told = subprocess.run(
        argv, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "COLUMNS": "120"}, check=True
    ).stdout
    assert "--dhcp" in told and "rebond inventory enrol-code" in told and max(map(len, told.splitlines())) <= 120
