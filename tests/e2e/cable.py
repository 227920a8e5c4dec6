"""A switch with a cable to each emulated PC, in a network namespace: what is served there reaches nobody else.

This computer is 192.168.77.1 on it. `box` plugs in the workshop's own router, whose DHCP server knows nothing of us.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "192.168.77.1"
SWITCH = "bench0"


class Cable:
    """Everything started here ends with the block that opened it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self._children = contextlib.ExitStack()

    def ip(self, *words: str, inside: str | None = None) -> None:
        at = ["-n", inside] if inside else []
        subprocess.run(["ip", *at, *words], check=True, capture_output=True, text=True)

    def __enter__(self) -> "Cable":
        self.ip("netns", "add", self.name)
        for words in (
            "link set lo up", f"link add {SWITCH} type bridge", f"link set {SWITCH} up",
            f"addr add {ADDRESS}/24 dev {SWITCH}",
        ):  # fmt: skip
            self.ip(*words.split(), inside=self.name)
        return self

    def __exit__(self, *_: object) -> None:
        self._children.close()
        for name in (self.name, f"{self.name}-box"):
            with contextlib.suppress(subprocess.CalledProcessError):
                self.ip("netns", "del", name)

    def plug(self, name: str) -> list[str]:
        """A cable for one PC: QEMU's words for its other end; the card itself is the caller's."""
        for words in (f"tuntap add {name} mode tap", f"link set {name} master {SWITCH} up"):
            self.ip(*words.split(), inside=self.name)
        return ["-netdev", f"tap,id=n0,ifname={name},script=no,downscript=no"]

    def inside(self, argv: list[str]) -> list[str]:
        """The same program, on this switch. `ip` becomes it: the process id is its own."""
        return ["ip", "netns", "exec", self.name, *argv]

    def box(self) -> None:
        """The workshop's router: gives addresses, says nothing of what to boot."""
        box = f"{self.name}-box"
        self.ip("netns", "add", box)
        self.ip(*f"link add box type veth peer name eth0 netns {box}".split(), inside=self.name)
        self.ip(*f"link set box master {SWITCH} up".split(), inside=self.name)
        for words in ("link set lo up", "addr add 192.168.77.254/24 dev eth0", "link set eth0 up"):
            self.ip(*words.split(), inside=box)
        argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=eth0",
                "--bind-interfaces", "--leasefile-ro", "--log-facility=-",
                "--dhcp-range=192.168.77.100,192.168.77.150,255.255.255.0,1h"]  # fmt: skip
        self.start(["ip", "netns", "exec", box, *argv], "box")

    def start(self, argv: list[str], name: str) -> "subprocess.Popen[bytes]":
        """A program that ends with the cable; what it says is in `name.log`."""
        with (self.folder / f"{name}.log").open("wb") as log:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
            )  # fmt: skip
        self._children.callback(end, child, signal.SIGTERM)
        return child

    def rebond(self, name: str, *argv: str) -> "subprocess.Popen[bytes]":
        return self.start(self.inside([sys.executable, "-P", "-m", *argv]), name)

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def processes(self) -> list[str]:
        """Who still runs on this switch, as command lines."""
        told = subprocess.run(["ip", "netns", "pids", self.name], check=True, capture_output=True, text=True)
        with contextlib.suppress(FileNotFoundError):
            return [Path(f"/proc/{one}/cmdline").read_text().replace("\0", " ") for one in told.stdout.split()]
        return self.processes()  # one ended as we looked


def end(child: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGINT) -> int:
    """Ctrl-C, or as told; its exit status."""
    if child.poll() is None:
        child.send_signal(how)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return child.returncode


def why_not_here() -> str | None:
    """What this computer lacks for an emulated PC on a cable of its own, in a sentence; None when nothing."""
    image = os.environ.get("REBOND_IMAGE")
    if not image:
        return "no boot image named (REBOND_IMAGE=dist/image, from scripts/image/build)"
    if not (Path(image) / "netboot" / "rebond.img").is_file():
        return f"no boot image in {image}"
    if os.geteuid() != 0:
        return "network namespaces need root"
    paths = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    for program, package in (("qemu-system-x86_64", "qemu-system-x86"), ("dnsmasq", "dnsmasq-base"), ("ip", "iproute2"),
                             ("grub-mkimage", "grub-common grub-pc-bin")):  # fmt: skip
        if shutil.which(program, path=paths) is None:
            return f"{program} is missing (apt install {package})"
    if not Path("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd").is_file():
        return "UEFI firmware is missing (apt install ovmf)"
    with trial() as problem:
        return problem


@contextlib.contextmanager
def trial() -> Iterator[str | None]:
    """Whether this kernel gives us a namespace and a tap at all."""
    name = f"rebond-trial-{os.getpid()}"
    try:
        with Cable(name, Path("/tmp")) as cable:
            cable.plug("tap0")
        yield None
    except (OSError, subprocess.CalledProcessError) as error:
        yield f"no network namespaces or taps here ({error})"
