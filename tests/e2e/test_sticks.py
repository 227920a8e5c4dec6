"""Sticks that come, go and meet in one PC; Wi-Fi as the stick says; a lid that is closed."""

from collections.abc import Iterator

import pytest

from tests.e2e.image import MARKS, PATIENCE_S, Image, Stick
from tests.e2e.pc import Pc
from tests.e2e.shell import Shell

pytestmark = [*MARKS]
STICKS = ("a", "b")
WORD = "cat /run/rebond/data"
MOUNTED = "grep /run/rebond/mnt/stick /proc/mounts || true"
# A network of the PC's own: the first of two simulated cards is its access point.
ACCESS_POINT = 'network={\nssid="atelier"\nmode=2\nfrequency=2412\nkey_mgmt=WPA-PSK\npsk="mot de passe"\n}\n'
WIFI = 'network={\nssid="atelier"\npsk="mot de passe"\n}\n'


class Usb:
    """A PC with a USB controller, and sticks to put into it."""

    def __init__(self, pc: Pc, shell: Shell, sticks: dict[str, Stick]) -> None:
        self.pc, self.shell, self.sticks = pc, shell, sticks

    def plug(self, name: str) -> None:
        file = {"driver": "file", "filename": str(self.sticks[name].path)}
        file = {"driver": "file", "filename": str(self.sticks[name].path)}
        self.pc.ask("blockdev-add", **{"driver": "raw", "node-name": f"node-{name}", "file": file})
        self.pc.ask("device_add", driver="usb-storage", bus="xhci.0", drive=f"node-{name}", id=name, removable=True)

    def pull(self, name: str) -> None:
        self.pc.ask("device_del", id=name)
        self.pc.listen(2)
        self.pc.ask("blockdev-del", **{"node-name": f"node-{name}"})

    def wait_word(self, word: str) -> None:
        self.shell.tell(f"for i in $(seq 60); do grep -qx {word} /run/rebond/data && break; sleep 1; done; "
                        f"sleep 1; grep -x {word} /run/rebond/data", 100)  # fmt: skip

    def mounts(self) -> list[str]:
        """The nodes mounted as the station's home, the lowest first."""
        return [line.split()[0] for line in self.shell.tell(MOUNTED).splitlines()]


@pytest.fixture(scope="module")
def usb(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usb]:
    folder = tmp_path_factory.mktemp("sticks")
    sticks = {name: Stick(image, folder / f"{name}.img") for name in STICKS}
    sticks["b"].write("wifi.conf", WIFI)
    with Pc(folder / "pc", cores=1, devices=["-device", "qemu-xhci,id=xhci", *image.straight()]) as pc:
        shell = Shell.open(pc, PATIENCE_S)
        shell.run("systemctl stop rebond-console@tty1")
        yield Usb(pc, shell, sticks)
    for stick in sticks.values():
        stick.path.unlink()


def test_two_sticks_at_once_one_counts(usb: Usb) -> None:
    before = {name: stick.path.read_bytes()[462:510] for name, stick in usb.sticks.items()}
    for name in STICKS:
        usb.plug(name)
    usb.wait_word("second")
    (first,) = usb.mounts()
    names = usb.shell.tell("for n in $(ls /sys/block); do echo $n $(readlink -f /sys/block/$n); done")
    road = next(line for line in names.splitlines() if line.split()[0] == first[5:8])
    lower, upper = STICKS if "/1-1/" in road or "/2-1/" in road else STICKS[::-1]
    usb.pull(upper)
    usb.wait_word("ready")
    assert usb.mounts() == [first]
    usb.pull(lower)
    usb.wait_word("absent")
    assert usb.mounts() == []
    # It was made larger, and BIOSes that want one active entry in the old boot sector still find it.
    assert {name: stick.path.read_bytes()[462:510] for name, stick in usb.sticks.items()} == before
    assert all(entry[0] == 0x80 for entry in before.values())
    assert usb.sticks[lower].data_at()[1] > 100 << 20


def test_the_stick_says_of_which_wifi(usb: Usb) -> None:
    usb.shell.tell("systemctl mask --runtime rebond-wifi@wlan0; modprobe mac80211_hwsim radios=2; udevadm settle")
    usb.shell.tell(f"printf '{ACCESS_POINT.replace(chr(10), chr(92) + 'n')}' >/tmp/point.conf; "
                   "wpa_supplicant -B -i wlan0 -D nl80211 -c /tmp/point.conf")  # fmt: skip
    usb.plug("b")
    usb.wait_word("ready")
    usb.shell.tell("for i in $(seq 60); do [ \"$(cat /sys/class/net/wlan1/carrier)\" = 1 ] && break; sleep 1; done; "
                   "grep 1 /sys/class/net/wlan1/carrier", 100)  # fmt: skip


def test_no_lid_and_no_key_cuts_the_power_of_a_disk(usb: Usb) -> None:
    told = usb.shell.tell("busctl get-property org.freedesktop.login1 /org/freedesktop/login1 "
                          "org.freedesktop.login1.Manager "
                          "HandleLidSwitch HandleLidSwitchExternalPower HandleSuspendKey")  # fmt: skip
    assert told.split() == ["s", '"ignore"'] * 3
    assert usb.shell.run("systemctl is-enabled ctrl-alt-del.target")[1] == "masked"
