"""Machines that no bench here has, as trees of files: what sysfs and procfs would say of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.host import Host, Output

PCI = "/sys/devices/pci0000:00/0000:00:17.0"


class NoPrograms:
    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        return Output(argv=argv, why="tool-missing")

    def outputs(self, program: str) -> tuple[Output, ...]:
        return ()


class Composed:
    """A root folder that grows: `disk`, `part`, `hold`, `mount`… then `host()`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._minors: Iterator[int] = iter(range(16, 4096))
        self._mounts = ["1 1 0:5 / /proc rw - proc proc rw"]
        self._swaps = ["Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority"]
        self.write("/proc/swaps", "\n".join(self._swaps))
        self.write("/proc/cmdline", "quiet")
        self._tell_mounts()

    def host(self) -> Host:
        return Host(self.root, NoPrograms())

    def write(self, path: str, text: str | bytes) -> None:
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())

    def link(self, path: str, target: str) -> None:
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(self.root / target.lstrip("/"))

    def disk(self, name: str, *, road: str = "", size_bytes: int = 10**9, **attributes: Any) -> str:
        """A whole device; `road` is its folder below /sys/devices, else it hangs on a SATA port of its own."""
        at = road or f"{PCI}/ata1/host0/target0:0:0/0:0:0:0/block/{name}"
        number = f"8:{next(self._minors)}"
        defaults = {"size": str(size_bytes // 512), "dev": number, "ro": "0", "removable": "0", "diskseq": "7"}
        for key, text in (defaults | attributes).items():
            self.write(f"{at}/{key.replace('__', '/')}", text + "\n")
        self.write(f"{at}/queue/logical_block_size", "512")
        self.write(f"{at}/queue/rotational", "1")
        self.link(f"/sys/block/{name}", at)
        self.link(f"/sys/class/block/{name}", at)
        return number

    def part(self, disk: str, name: str, ro: str = "0") -> str:
        number = f"8:{next(self._minors)}"
        for key, text in {"partition": "1", "dev": number, "ro": ro, "size": "2048"}.items():
            self.write(f"/sys/block/{disk}/{name}/{key}", text)
        self.link(f"/sys/class/block/{name}", f"/sys/block/{disk}/{name}")
        return number

    def built(self, name: str, *on: str, **attributes: Any) -> str:
        """A map, array or cache over other devices."""
        number = self.disk(name, road=f"/sys/devices/virtual/block/{name}", **attributes)
        for one in on:
            at = next(self.root.glob(f"sys/block/{one}"), None) or next(self.root.glob(f"sys/block/*/{one}"))
            (at / "holders" / name).mkdir(parents=True)
            (self.root / f"sys/block/{name}/slaves/{one}").mkdir(parents=True)
        return number

    def loop(self, name: str, backing: str) -> str:
        number = self.disk(name, road=f"/sys/devices/virtual/block/{name}")
        self.write(f"/sys/block/{name}/loop/backing_file", backing + "\n")
        return number

    def mount(self, number: str, source: str, at: str, kind: str = "ext4", who: str = "self") -> None:
        self._mounts.append(f"30 1 {number} / {at} rw,relatime shared:1 - {kind} {source} rw")
        self._tell_mounts(who)

    def _tell_mounts(self, who: str = "self") -> None:
        self.write(f"/proc/{who}/mountinfo", "\n".join(self._mounts) + "\n")

    def swap(self, path: str) -> None:
        self._swaps.append(f"{path}                              partition\t1000\t0\t-2")
        self.write("/proc/swaps", "\n".join(self._swaps) + "\n")
