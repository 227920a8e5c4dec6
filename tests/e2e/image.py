"""The boot image under test, and sticks made from it: copied as a person copies it, longer than the image."""

import mmap
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.e2e.glyphs import Font


class Image:
    """What scripts/image/build left in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.iso, self.net = folder / "rebond.iso", folder / "netboot"

    def menu(self) -> list[list[str]]:
        """The kernel's words of each entry of the boot menu, as GRUB would give them from a stick or CD."""
        with tempfile.TemporaryDirectory() as folder:
            # Never to /dev/stdout: run by root, xorriso puts a file in its place, for the whole computer.
            menu = Path(folder) / "grub.cfg"
            words = ["xorriso", "-osirrox", "on", "-indev", self.iso, "-extract", "/boot/grub/grub.cfg", menu]
            subprocess.run(words, check=True, capture_output=True)
            told = menu.read_text()
        lines = [line.strip() for line in told.splitlines()]
        kernels = [line.removeprefix("linux ") for line in lines if line.startswith("linux ")]
        for name, _, value in (line.removeprefix("set ").partition("=") for line in lines if line.startswith("set ")):
            kernels = [line.replace(f"${name}", value.strip('"')) for line in kernels]
        return [line.split()[1:] for line in kernels]

    def straight(self, *words: str, entry: int = 4) -> list[str]:
        """QEMU's words for this kernel without a boot loader, as the menu's entry (4: a shell on the serial port)."""
        line = " ".join([*self.menu()[entry - 1], *words])
        return ["-kernel", str(self.net / "vmlinuz"), "-initrd", str(self.net / "rebond.img"), "-append", line]

    def fonts(self, folder: Path) -> list[Font]:
        """The console fonts of the image itself."""
        system = folder / "system.squashfs"
        with (self.net / "rebond.img").open("rb") as archive, system.open("wb") as out:
            words = ["cpio", "--extract", "--quiet", "--to-stdout", "system.squashfs"]
            subprocess.run(words, stdin=archive, stdout=out, check=True)
        subprocess.run(
            ["unsquashfs", "-no-progress", "-dest", folder / "system", system, "usr/share/consolefonts"],
            check=True, capture_output=True,
        )  # fmt: skip
        system.unlink()
        found = sorted((folder / "system/usr/share/consolefonts").glob("Lat15-TerminusBold*.psf.gz"))
        assert found, "the image has no console fonts"
        return [Font.read(path) for path in found]


class Stick:
    """A stick as `dd` makes it; its data partition is read and written from outside while it is in no PC."""

    def __init__(self, image: Image, path: Path, size_mib: int = 512) -> None:
        self.path, self.is_fat = path, False
        shutil.copyfile(image.iso, path)
        with path.open("r+b") as file:
            file.truncate(max(size_mib << 20, path.stat().st_size))

    def words(self, serial: str = "STICK1", boot: int | None = None) -> list[str]:
        """As a USB stick of an emulated PC; `boot` is its place in the firmware's order."""
        order = "" if boot is None else f",bootindex={boot}"
        return [
            "-device", "qemu-xhci,id=xhci",
            "-drive", f"if=none,id=stick,format=raw,cache=writethrough,file={self.path}",
            "-device", f"usb-storage,bus=xhci.0,drive=stick,serial={serial},removable=on{order}",
        ]  # fmt: skip

    def choose(self, entry: int) -> None:
        """The menu's entry that starts by itself, as if the person in charge had changed grub.cfg on the stick."""
        with self.path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as whole:
            at = whole.find(b"set default=0\n")
            assert at > 0
            whole[at : at + 13] = f"set default={entry - 1}".encode()

    def data_at(self) -> tuple[int, int]:
        """Where the station's partition begins, and how many bytes it has."""
        with self.path.open("rb") as file:
            file.seek(512)
            header = file.read(512)
            assert header[:8] == b"EFI PART"
            first, count, size = struct.unpack_from("<QII", header, 72)
            file.seek(first * 512 + 2 * size)  # the third
            begin, end = struct.unpack_from("<QQ", file.read(size), 32)
        return begin * 512, (end - begin + 1) * 512

    def format_fat(self) -> None:
        """Its data partition made by another computer, as FAT."""
        begin, size = self.data_at()
        words = [
            "mkfs.vfat",
            "-F",
            "16",
            "--offset",
            str(begin // 512),
            "-n",
            "REBOND-DATA",
            self.path,
            str(size // 1024),
        ]
        subprocess.run(words, check=True, capture_output=True)
        self.is_fat = True

    def _debugfs(self, request: str, *, writing: bool = False) -> bytes:
        where = f"{self.path}?offset={self.data_at()[0]}"
        words = ["debugfs", *(["-w"] if writing else []), "-R", request, where]
        return subprocess.run(words, check=True, capture_output=True).stdout

    def write(self, name: str, text: str) -> None:
        """A file at the root of the station's folder, as the person in charge puts it there."""
        own = self.path.with_suffix(".write")
        own.write_text(text)
        if self.is_fat:
            where = f"{self.path}@@{self.data_at()[0]}"
            subprocess.run(["mcopy", "-i", where, own, f"::/{name}"], check=True, capture_output=True)
            return
        self._debugfs(f"write {own} /{name}", writing=True)
        assert self.read(name) == text.encode()

    def read(self, name: str) -> bytes:
        return self._debugfs(f"cat /{name}")

    def names(self, folder: str) -> list[str]:
        """What lies in a folder of the station; empty where there is none."""
        lines = self._debugfs(f"ls -p /{folder}").decode().splitlines()
        told = [line.split("/")[5] for line in lines if line.count("/") >= 6]
        return sorted(name for name in told if name not in (".", ".."))


def why_not_here() -> str | None:
    """What this computer lacks for an emulated PC, in a sentence; None when nothing."""
    told = os.environ.get("REBOND_IMAGE")
    if not told:
        return "no boot image named (REBOND_IMAGE=dist/image, from scripts/image/build)"
    image = Image(Path(told))
    if not image.iso.is_file() or not (image.net / "rebond.img").is_file():
        return f"no boot image in {told}"
    paths = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    for program, package in (("qemu-system-x86_64", "qemu-system-x86"), ("xorriso", "xorriso"), ("cpio", "cpio"),
                             ("unsquashfs", "squashfs-tools"), ("debugfs", "e2fsprogs")):  # fmt: skip
        if shutil.which(program, path=paths) is None:
            return f"{program} is missing (apt install {package})"
    if not Path("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd").is_file():
        return "UEFI firmware is missing (apt install ovmf)"
    return None


def disk(path: Path, size_mib: int, mark: bytes = b"donated data ") -> Path:
    """A disk somebody used: every sector of its first mebibyte says so, and so does its last."""
    sector = (mark * 64)[:512]
    with path.open("wb") as file:
        file.truncate(size_mib << 20)
        file.write(sector * 2048)
        file.seek((size_mib << 20) - 512)
        file.write(sector)
    return path


WHY_NOT = why_not_here()
MARKS = (
    pytest.mark.boot, pytest.mark.programs, pytest.mark.loopback, pytest.mark.timeout(1500),
    pytest.mark.skipif(WHY_NOT is not None, reason=f"no emulated PC: {WHY_NOT}"),
)  # fmt: skip
PATIENCE_S = 400  # to start, under software emulation on a busy computer
